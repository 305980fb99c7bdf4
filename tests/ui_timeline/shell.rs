//! The whole window: keys that several panels could take go to the right one, and are letters
//! where somebody writes; what is clicked in a row leads to the inspector.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use sessions_console::bus::Command;
use sessions_console::model::exchange::Step;
use sessions_console::model::profile::Environment;
use sessions_console::model::run::Run;
use sessions_console::model::sandbox::SandboxAct;
use sessions_console::model::scenario::Version;
use sessions_console::model::{Stamp, Workspace};
use sessions_console::ui::{Shell, theme};

use super::{ONE, exchange_of, render, session};

struct Window {
    shell: Shell,
    workspace: Workspace,
    now: Stamp,
    commands: Vec<Command>,
}

impl Window {
    /// Carries out what concerns the window, as the engine does.
    fn ui(&mut self, ui: &mut egui::Ui) {
        let Self { shell, workspace, now, commands } = self;
        let first = commands.len();
        shell.ui(ui, workspace, *now, commands);
        for command in commands.split_off(first) {
            match command {
                Command::SaveSettings(settings) => workspace.settings = settings,
                other => commands.push(other),
            }
        }
    }
}

/// A window of so many pixels at this zoom.
fn sized<'a>(runs: Vec<Run>, size: [f32; 2], zoom: f32) -> Harness<'a, Window> {
    let workspace = session::workspace(runs);
    let shell = Shell::new(&workspace.settings);
    let state = Window { shell, workspace, now: session::at(11_000), commands: Vec::new() };
    let builder = Harness::builder().with_size([size[0] / zoom, size[1] / zoom]).with_pixels_per_point(zoom);
    let builder = builder.with_context_setup(theme::install).renderer(render::CpuRenderer::default());
    let mut window = builder.build_ui_state(
        |ui, window: &mut Window| {
            let whole = ui.ctx().content_rect();
            let mut all = ui.new_child(egui::UiBuilder::new().max_rect(whole));
            all.set_clip_rect(whole);
            window.ui(&mut all);
        },
        state,
    );
    window.run_steps(6);
    window
}

fn whole<'a>() -> Harness<'a, Window> {
    sized(vec![session::finished(ONE)], [1440.0, 900.0], 1.0)
}

fn press(window: &mut Harness<Window>, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    window.run_steps(4);
}

fn sees(window: &Harness<Window>, label: &str) -> bool {
    window.query_by_label(label).is_some()
}

/// The view whose button is pressed.
fn view(window: &Harness<Window>) -> String {
    let buttons = window.query_all_by_role(Role::RadioButton);
    let mut pressed = buttons.filter(|button| {
        let node = button.accesskit_node();
        let one_of_three = node.label().is_some_and(|label| ["List", "Sequence", "States"].contains(&label.as_str()));
        one_of_three && node.toggled() == Some(egui::accesskit::Toggled::True)
    });
    pressed.next().and_then(|button| button.accesskit_node().label()).unwrap_or_default()
}

fn has_keyboard(window: &Harness<Window>, label: &str) -> bool {
    window.query_by_role_and_label(Role::TextInput, label).is_some_and(|field| field.is_focused())
}

const COMPLETE: &str = "Merchant to Sessions API POST …/complete 204";
const COLLECT: &str = "Merchant to Sessions API PUT  …/collect-data 200 challenged";

#[test]
fn each_key_does_its_thing_in_the_whole_window() {
    let mut window = whole();
    for expected in ["Sequence", "States", "List"] {
        press(&mut window, Modifiers::NONE, Key::V);
        assert_eq!(view(&window), expected);
    }
    press(&mut window, Modifiers::NONE, Key::T);
    assert!(sees(&window, "Session now"), "T shows the strip of moments");
    press(&mut window, Modifiers::NONE, Key::T);
    assert!(!sees(&window, "Session now"));
    press(&mut window, Modifiers::NONE, Key::W);
    assert!(sees(&window, "Back to the row"), "W asks why");
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(!sees(&window, "Back to the row"));
    window.get_by_label(COMPLETE).click();
    window.run_steps(4);
    let number = exchange_of(&session::finished(ONE), Step::Complete);
    press(&mut window, Modifiers::NONE, Key::M);
    assert_eq!(window.state_mut().commands.pop(), Some(Command::Mark(ONE, number, true)));
    press(&mut window, Modifiers::NONE, Key::N);
    assert!(has_keyboard(&window, "Note"));
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(!sees(&window, "Note"));
    press(&mut window, Modifiers::NONE, Key::Slash);
    assert!(has_keyboard(&window, "Filter the rows"));
}

/// Which versions the window asked for last, and what of it the sandbox is to arm.
fn versions_asked(window: &mut Harness<Window>) -> Option<Vec<Version>> {
    window.state_mut().commands.drain(..).rev().find_map(|command| match command {
        Command::Sandbox(SandboxAct::TryVersions(order)) => Some(order.legs.iter().map(|leg| leg.version).collect()),
        _ => None,
    })
}

#[test]
fn the_draft_runs_on_all_versions_by_its_label_and_by_its_key() {
    let mut window = whole();
    window.state_mut().commands.clear();
    press(&mut window, Modifiers::NONE, Key::F8);
    assert_eq!(versions_asked(&mut window).as_deref(), Some(&Version::SPOKEN[..]));
    window.get_by_label("Other ways to run").click();
    window.run_steps(4);
    window.get_by_label_contains("Run on all versions").click();
    window.run_steps(4);
    assert_eq!(versions_asked(&mut window).as_deref(), Some(&Version::SPOKEN[..]));
    // A function key writes nothing: it works while somebody types, too.
    press(&mut window, Modifiers::NONE, Key::Slash);
    press(&mut window, Modifiers::NONE, Key::F8);
    assert!(versions_asked(&mut window).is_some());
    window.state_mut().workspace.settings.profiles[0].environment = Environment::VendorSandbox;
    press(&mut window, Modifiers::NONE, Key::F8);
    assert_eq!(versions_asked(&mut window), None, "a real API chooses by itself");
}

#[test]
fn the_keys_are_letters_where_somebody_writes() {
    let mut window = whole();
    window.get_by_label(COLLECT).click();
    window.run_steps(4);
    for field in ["Filter the rows", "Find in body"] {
        if field == "Filter the rows" {
            press(&mut window, Modifiers::NONE, Key::Slash);
        } else {
            window.get_by_role_and_label(Role::TextInput, field).focus();
            window.run_steps(2);
        }
        for (key, text) in
            [(Key::V, "v"), (Key::T, "t"), (Key::W, "w"), (Key::M, "m"), (Key::N, "n"), (Key::Slash, "/")]
        {
            window.key_press(key);
            window.get_by_role_and_label(Role::TextInput, field).type_text(text);
            window.run_steps(3);
        }
        let written = window.get_by_role_and_label(Role::TextInput, field).value();
        assert_eq!(written.as_deref(), Some("vtwmn/"), "{field}");
        assert_eq!(view(&window), "List");
        assert!(!sees(&window, "Session now") && !sees(&window, "Back to the row") && !sees(&window, "Note"));
        assert!(has_keyboard(&window, field));
        assert!(window.state().commands.is_empty(), "{:?}", window.state().commands);
        press(&mut window, Modifiers::NONE, Key::Escape);
        press(&mut window, Modifiers::NONE, Key::Escape);
    }
}

#[test]
fn ctrl_f_finds_in_what_the_pointer_is_in() {
    let mut window = whole();
    window.get_by_label(COLLECT).click();
    window.run_steps(4);
    press(&mut window, Modifiers::COMMAND, Key::F);
    assert!(has_keyboard(&window, "Filter the rows"), "the pointer is in the rows");
    press(&mut window, Modifiers::NONE, Key::Escape);
    let field = window.get_by_role_and_label(Role::TextInput, "Find in body").rect();
    window.hover_at(field.center() + egui::vec2(0.0, 120.0));
    window.run_steps(2);
    press(&mut window, Modifiers::COMMAND, Key::F);
    assert!(has_keyboard(&window, "Find in body"), "the pointer is in the body");
    window.get_by_label(COMPLETE).hover();
    window.run_steps(2);
    press(&mut window, Modifiers::COMMAND, Key::F);
    assert!(has_keyboard(&window, "Find in body"), "one who is finding goes on with it");
}

#[test]
fn the_status_in_a_row_asks_why_and_its_findings_open() {
    let mut run = session::finished(ONE);
    run.exchanged(session::refused(ONE).entries[0].exchange().unwrap().clone());
    let mut window = sized(vec![run], [1440.0, 900.0], 1.0);
    let why = window.query_all_by_label_contains("Why challenged at ").next().expect("the pill").rect();
    let row = window.get_by_label(COLLECT).rect();
    assert!(row.contains_rect(why), "{row:?} {why:?}");
    window.get_by_label_contains("Why challenged at ").click();
    window.run_steps(4);
    assert!(sees(&window, "Back to the row"));
    press(&mut window, Modifiers::NONE, Key::Home);
    let findings = window.query_all_by_label_contains(" at ").find(|node| {
        let label = node.accesskit_node().label().unwrap_or_default();
        label.starts_with("Show ") && label.contains("finding")
    });
    findings.expect("a row with findings").click();
    window.run_steps(4);
    assert!(!sees(&window, "Back to the row"), "the row itself");
    let tab = window.query_all_by_label_contains("Findings").find(|tab| tab.accesskit_node().role() == Role::Tab);
    assert_eq!(tab.expect("the tab").accesskit_node().toggled(), Some(egui::accesskit::Toggled::True));
    press(&mut window, Modifiers::NONE, Key::End);
    window.get_by_label(COMPLETE).click();
    window.run_steps(4);
    let node = window.get_by_label(COMPLETE);
    assert_eq!(node.accesskit_node().toggled(), Some(egui::accesskit::Toggled::True), "elsewhere a click selects");
}

#[test]
fn at_twice_the_size_the_chosen_row_stays_in_sight_above_the_inspector() {
    let mut window = sized(vec![session::finished(ONE)], [1280.0, 800.0], 2.0);
    window.get_by_label(COMPLETE).click();
    window.run_steps(8);
    let (row, strip) = (window.get_by_label(COMPLETE).rect(), window.get_by_label("Filter").rect());
    let drawer = window.get_by_label("Close the inspector").rect();
    assert!(row.top() >= strip.bottom() + 24.0 && row.bottom() <= drawer.top() + 1.0, "{strip:?} {row:?} {drawer:?}");
}
