//! The whole window with the real engine and the real sandbox: a person completes each screen
//! of an app's challenge at the simulated device, with the mouse and with the keyboard alone.

use std::time::{Duration, Instant};

use egui::Key;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use sessions_console::bus::Command;
use sessions_console::clock;
use sessions_console::model::device::{Device, Screen, Ui, UiKind};
use sessions_console::model::run::{Phase, Run, Shopper};
use sessions_console::model::{RunId, deck};
use sessions_console::ui::{Shell, theme};

use super::render;
use super::support::{self, Bench, DEADLINE};

struct Desk {
    bench: Bench,
    shell: Shell,
}

type Window<'a> = Harness<'a, Desk>;

fn window<'a>() -> Window<'a> {
    let bench = support::bench();
    let shell = Shell::new(&bench.engine.workspace().settings);
    let builder = Harness::builder().with_size([1440.0, 900.0]).with_context_setup(theme::install);
    let mut window = builder.renderer(render::CpuRenderer::default()).build_ui_state(
        |ui, Desk { bench, shell }: &mut Desk| {
            bench.engine.pump(Duration::from_millis(50));
            let whole = ui.ctx().content_rect();
            let mut all = ui.new_child(egui::UiBuilder::new().max_rect(whole));
            let mut commands = Vec::new();
            shell.ui(&mut all, bench.engine.workspace(), clock::stamp(), &mut commands);
            commands.into_iter().for_each(|command| bench.engine.dispatch(command));
        },
        Desk { bench, shell },
    );
    window.run_steps(6);
    window
}

fn run(window: &Window) -> Run {
    window.state().bench.engine.workspace().newest_run().expect("a run").clone()
}

fn until(window: &mut Window, what: &str, holds: impl Fn(&Window) -> bool) {
    let start = Instant::now();
    while !holds(window) {
        assert!(
            start.elapsed() < DEADLINE,
            "waited in vain for {what}: {:?}",
            run(window).device.map(|d| d.screen.clone())
        );
        window.state_mut().bench.engine.wait(Duration::from_millis(20));
        window.run_steps(2);
    }
    window.run_steps(3);
}

/// A session of which the bank asks these pages in the app.
fn start(window: &mut Window, pages: &str) -> RunId {
    let text = format!(
        "id = \"MINE\"\nname = \"mine\"\nchannel = \"app\"\nshopper = []\n\
         [body]\n\"/source/number\" = \"4242424242424242\"\n[issuer]\nversion = \"2.3.1\"\n\
         ares = {{ transStatus = \"C\" }}\n[issuer.challenge]\npages = {pages}\n[expect]\nstatus = \"approved\"\n"
    );
    let scenario = deck::read("mine.toml", &text).unwrap_or_else(|problem| panic!("{problem:?}"));
    let engine = &mut window.state_mut().bench.engine;
    engine.arm(&deck::write(&scenario).expect("it fits a file")).expect("the sandbox takes it");
    let mut plan = scenario.plan(engine.workspace().settings.active_profile.clone());
    (plan.shopper, plan.unattended) = (Shopper::Person, false);
    engine.dispatch(Command::Run(plan));
    let id = engine.workspace().newest_run().expect("a run").id;
    until(window, "the person's turn", |window| {
        matches!(run(window).phase, Phase::Waiting(_)) && run(window).device.is_some()
    });
    id
}

fn click(window: &mut Window, role: Role, label: &str) {
    window.get_by_role_and_label(role, label).click();
    window.run_steps(3);
}

fn press(window: &mut Window, key: Key) {
    window.key_press(key);
    window.run_steps(3);
}

fn label(text: &Option<String>) -> &str {
    text.as_deref().expect("a label")
}

/// The screen that the device shows.
fn asks(device: &Device) -> Option<&Ui> {
    match &device.screen {
        Screen::Asks(ui) => Some(ui),
        _ => None,
    }
}

fn messages(window: &Window) -> usize {
    run(window).device.map_or(0, |device| device.messages.len())
}

/// Waits for the phone, if the bank writes to it for this screen.
fn code(window: &mut Window) -> String {
    until(window, "the bank's message", |window| run(window).phone().is_some());
    run(window).phone().expect("it came").code.clone()
}

fn decided(window: &mut Window) {
    let known = |window: &Window| {
        let run = run(window);
        let id = run.session_id().expect("a session").clone();
        let sandbox = &window.state().bench.engine.workspace().sandbox;
        sandbox.session(&id).is_some_and(|session| session.phone.iter().any(|message| message.decided.is_some()))
    };
    until(window, "what was decided", known);
}

/// The shops where the card was used: the bakery and the garage.
const SHOPS: [usize; 2] = [0, 2];

fn by_mouse(window: &mut Window, ui: &Ui) {
    match ui.kind {
        UiKind::Text => {
            code(window);
            click(window, Role::Button, "Fill in");
            click(window, Role::Button, label(&ui.submit));
        }
        UiKind::SingleSelect => {
            click(window, Role::RadioButton, ui.choices[0].1.trim());
            click(window, Role::Button, label(&ui.submit));
        }
        UiKind::MultiSelect => {
            for place in SHOPS {
                click(window, Role::CheckBox, ui.choices[place].1.trim());
            }
            click(window, Role::Button, label(&ui.submit));
        }
        UiKind::OutOfBand | UiKind::HtmlOutOfBand => {
            code(window);
            click(window, Role::Button, "Approve");
            decided(window);
            match &ui.oob_continue {
                Some(label) => click(window, Role::Button, label),
                None if ui.kind == UiKind::OutOfBand => {
                    click(window, Role::Button, label(&ui.oob_app));
                    click(window, Role::Button, "Back to the shop");
                }
                None => on_page(window, Role::Button).click_it(window),
            }
        }
        UiKind::Html => {
            on_page(window, Role::CheckBox).click_it(window);
            on_page(window, Role::Button).click_it(window);
        }
        UiKind::Information => click(window, Role::Button, label(&ui.info_continue)),
    }
}

/// Where something on the issuer's page is.
struct Spot(egui::Pos2);

impl Spot {
    fn click_it(self, window: &mut Window) {
        window.hover_at(self.0);
        window.run_steps(1);
        window.drag_at(self.0);
        window.drop_at(self.0);
        window.run_steps(3);
    }
}

/// The first of its sort on the phone that goes over the whole width, as the page's own do.
fn on_page(window: &Window, role: Role) -> Spot {
    let left = window.get_by_label("Secure checkout").rect().left() - 60.0;
    let phone = left..=left + 330.0;
    let all = window.query_all_by_role(role).map(|node| node.rect());
    let mut own =
        all.filter(|rect| rect.width() > 200.0 && phone.contains(&rect.left()) && phone.contains(&rect.right()));
    Spot(own.next().expect("on the page").center())
}

fn by_keyboard(window: &mut Window, ui: &Ui) {
    match ui.kind {
        UiKind::Text => {
            let code = code(window);
            window.event(egui::Event::Text(code));
            window.run_steps(3);
            press(window, Key::Enter);
        }
        UiKind::SingleSelect => {
            press(window, Key::Space);
            press(window, Key::Enter);
        }
        UiKind::MultiSelect => {
            for place in 0..ui.choices.len() {
                if SHOPS.contains(&place) {
                    press(window, Key::Space);
                }
                press(window, Key::Tab);
            }
            press(window, Key::Enter);
        }
        UiKind::OutOfBand | UiKind::HtmlOutOfBand => {
            code(window);
            window.get_by_role_and_label(Role::Button, "Approve").focus();
            window.run_steps(2);
            press(window, Key::Enter);
            decided(window);
            match &ui.oob_continue {
                Some(label) => {
                    window.get_by_role_and_label(Role::Button, label).focus();
                    window.run_steps(2);
                    press(window, Key::Enter);
                }
                None => {
                    press(window, Key::Enter);
                    if window.query_by_role_and_label(Role::Button, "Back to the shop").is_some() {
                        window.get_by_role_and_label(Role::Button, "Back to the shop").focus();
                        window.run_steps(2);
                        press(window, Key::Enter);
                    }
                }
            }
        }
        UiKind::Html => {
            press(window, Key::Space);
            press(window, Key::Enter);
        }
        UiKind::Information => press(window, Key::Enter),
    }
}

fn completes(answer: fn(&mut Window, &Ui)) {
    let mut window = window();
    let mut seen = Vec::new();
    for pages in [
        "[\"otp\"]",
        "[\"single_select\", \"otp\"]",
        "[\"multi_select\"]",
        "[\"out_of_band\"]",
        "[\"html\"]",
        "[\"html_out_of_band\"]",
        "[\"information\", \"otp\"]",
    ] {
        start(&mut window, pages);
        if window.query_by_role_and_label(Role::Button, "Answer on the device").is_some() {
            click(&mut window, Role::Button, "Answer on the device");
        } else {
            press(&mut window, Key::Enter); // the view is that of the run before
        }
        let mut before = 0;
        loop {
            until(&mut window, "the next screen", |window| {
                let run = run(window);
                let over =
                    run.device.as_deref().is_some_and(|d| matches!(d.screen, Screen::Over(_) | Screen::Aborted(_)));
                over || messages(window) > before && run.device.as_deref().is_some_and(|device| asks(device).is_some())
            });
            let device = run(&window).device.expect("a device");
            let Some(ui) = asks(&device).cloned() else { break };
            before = device.messages.len();
            seen.push(ui.kind);
            answer(&mut window, &ui);
            assert!(seen.len() < 30, "{pages}: it does not end: {ui:?}");
        }
        until(&mut window, "the end", |window| run(window).phase == Phase::Ended);
        let run = run(&window);
        assert_eq!(support::status(&run), "approved", "{pages}\n{}", support::lines(&run).join("\n"));
        assert_eq!(run.device.expect("a device").screen, Screen::Over('Y'));
        assert!(window.query_by_label("Done").is_some());
    }
    for kind in UiKind::ALL {
        assert!(seen.contains(&kind), "{kind:?} of {seen:?}");
    }
}

#[test]
fn a_person_completes_every_screen_with_the_mouse() {
    completes(by_mouse);
}

#[test]
fn a_person_completes_every_screen_with_the_keyboard() {
    completes(by_keyboard);
}
