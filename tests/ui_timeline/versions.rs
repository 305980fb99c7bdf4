//! One thing on all versions, side by side: against the real engine and its sandbox, then by
//! the labels of the window.

use egui::accesskit::Role;
use egui::{OutputCommand, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use sessions_console::bus::Command;
use sessions_console::model::run::{Plan, Shopper};
use sessions_console::model::sandbox::SandboxAct;
use sessions_console::model::scenario::Version;
use sessions_console::model::versions::Order;
use sessions_console::model::{RunId, Workspace, deck};
use sessions_console::ui::link::Link;
use sessions_console::ui::{theme, timeline};

use super::{render, support};

struct Panel {
    timeline: timeline::Panel,
    workspace: Workspace,
    links: Vec<Link>,
}

type Window = Harness<'static, Panel>;

fn window(workspace: Workspace, width: f32) -> Window {
    let panel = Panel { timeline: timeline::Panel::default(), workspace, links: Vec::new() };
    let draw = |ui: &mut egui::Ui, panel: &mut Panel| {
        ui.painter().rect_filled(ui.max_rect(), 0.0, theme::Tokens::of(ui).bg1);
        let now = sessions_console::clock::stamp();
        panel.timeline.ui(ui, &panel.workspace, now, &mut Vec::new());
        panel.links.extend(panel.timeline.take_links());
    };
    let mut window = render::harness([width, 800.0], draw, panel);
    window.run_steps(4);
    window
}

/// A scenario on all versions, as the panel asks for it.
fn ran(id: &str, versions: &[Version]) -> support::Bench {
    let mut bench = support::bench();
    let profile = bench.engine.workspace().settings.active_profile.clone();
    let scenario = deck::all().into_iter().find(|scenario| scenario.id == id).expect("in the deck");
    let plan = Plan { unattended: false, ..scenario.plan(profile) };
    let order = Order::of(&format!("{id} {}", scenario.name), versions, Some(&SandboxAct::Arm(id.into(), 1)), &plan);
    bench.engine.dispatch(Command::Sandbox(SandboxAct::TryVersions(Box::new(order))));
    bench.until("the end of the series", |workspace| {
        workspace.series.as_ref().is_some_and(|series| series.is_over(workspace))
    });
    bench
}

fn spoken(workspace: &Workspace) -> Vec<String> {
    let word = |run: &sessions_console::model::run::Run| {
        run.session().map(|session| session.raw["protocol_version"].as_str().unwrap_or_default().to_owned())
    };
    workspace.runs.values().filter_map(word).collect()
}

/// The comparison is made on a thread of its own; the end of waiting is only for a build in which
/// it never comes.
fn until(window: &mut Window, label: &str) {
    let begun = std::time::Instant::now();
    while window.query_by_label(label).is_none() {
        assert!(begun.elapsed() < support::DEADLINE, "never seen: {label}");
        window.step();
        std::thread::yield_now();
    }
}

/// A drag of the wheel until something with this label is drawn.
fn scroll_to(window: &mut Window, label: &str) {
    let begun = std::time::Instant::now();
    while window.query_by_label_contains("Comparing").is_some() {
        assert!(begun.elapsed() < support::DEADLINE, "never compared");
        window.step();
    }
    for _ in 0..60 {
        if window.query_all_by_label_contains(label).next().is_some() {
            return;
        }
        window.hover_at(egui::pos2(200.0, 500.0));
        window.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -160.0),
            modifiers: egui::Modifiers::NONE,
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
        });
        window.run_steps(8);
    }
    panic!("never seen: {label}");
}

#[test]
fn a_scenario_runs_on_all_versions_and_stands_side_by_side_when_it_is_over() {
    let bench = ran("S021", &Version::SPOKEN);
    let workspace = bench.engine.workspace();
    assert_eq!(spoken(workspace), ["2.1.0", "2.2.0", "2.3.1"]);
    assert!(workspace.runs.values().all(|run| support::status(run) == "approved"));
    let mut window = window(workspace.clone(), 1000.0);
    until(&mut window, "Versions: S021 one-time password passed");
    scroll_to(&mut window, "browserJavascriptEnabled on 2.1.0: not there");
    window.get_all_by_label("AReq browserJavascriptEnabled on 2.2.0: true, changed").next().expect("marked");
    window.get_all_by_label_contains("2.1.0 has no such member").next().expect("why");
    scroll_to(&mut window, "authenticationType / authenticationMethod on 2.3.1: [\"02\"], changed");
    // What is the same, or new each time, is not there at first.
    assert!(window.query_all_by_label_contains("threeDSServerTransID on").next().is_none());
}

#[test]
fn a_draft_runs_on_all_versions_too() {
    let mut bench = support::bench();
    let order = Order::of("the draft", &Version::SPOKEN, None, &support::plan(Default::default()));
    bench.engine.dispatch(Command::Sandbox(SandboxAct::TryVersions(Box::new(order))));
    bench.until("the end of the series", |workspace| {
        workspace.series.as_ref().is_some_and(|series| series.is_over(workspace))
    });
    assert_eq!(spoken(bench.engine.workspace()), ["2.1.0", "2.2.0", "2.3.1"]);
}

#[test]
fn a_series_goes_on_while_a_person_thinks_and_ends_when_one_run_is_stopped() {
    let mut bench = support::bench();
    let plan = Plan { shopper: Shopper::Person, ..support::plan_with_card(Default::default(), "4485040371536584") };
    let order = Order::of("the draft", &Version::SPOKEN, None, &plan);
    bench.engine.dispatch(Command::Sandbox(SandboxAct::TryVersions(Box::new(order))));
    bench.until("three runs", |workspace| workspace.runs.len() == 3);
    assert!(bench.engine.workspace().series.as_ref().is_some_and(|series| !series.is_over(bench.engine.workspace())));

    let order = Order::of("the draft", &Version::SPOKEN, Some(&SandboxAct::Arm("S021".into(), 1)), &plan);
    bench.engine.dispatch(Command::Sandbox(SandboxAct::TryVersions(Box::new(order))));
    bench.until("a fourth run", |workspace| workspace.runs.len() == 4);
    bench.engine.dispatch(Command::Cancel(RunId(4)));
    bench.until("its end", |workspace| !workspace.runs[&RunId(4)].is_open());
    assert_eq!(bench.engine.workspace().runs.len(), 4);
}

#[test]
fn a_value_leads_to_its_place_in_its_run() {
    let bench = ran("S001", &Version::SPOKEN);
    let mut window = window(bench.engine.workspace().clone(), 1000.0);
    scroll_to(&mut window, "AReq messageVersion on 2.2.0");
    let label = "AReq messageVersion on 2.2.0: \"2.2.0\", changed";
    window.get_all_by_label(label).next().expect("the value").click();
    window.run_steps(3);
    let [Link::Spot(RunId(2), spot)] = window.state().links.as_slice() else { panic!("{:?}", window.state().links) };
    assert_eq!(spot.path.as_deref(), Some("$.messageVersion"));
    let run = &bench.engine.workspace().runs[&RunId(2)];
    let row = run.entries.numbered(spot.entry).expect("the row");
    assert!(matches!(&row.what, super::What::Scheme(message) if message.kind == "AReq"));
}

#[test]
fn filters_show_what_they_hid_and_what_is_shown_is_copied() {
    let bench = ran("S001", &[Version::V210, Version::V231]);
    let mut window = window(bench.engine.workspace().clone(), 592.0);
    assert!(window.query_all_by_label_contains("threeDSServerTransID on").next().is_none());
    window.get_by_role_and_label(Role::CheckBox, "Without ids, times and keys").click();
    window.run_steps(3);
    scroll_to(&mut window, "threeDSServerTransID on 2.1.0");
    assert!(window.query_all_by_label_contains("deviceChannel on").next().is_none(), "it is the same");
    window.get_by_role_and_label(Role::CheckBox, "Only what differs").click();
    window.run_steps(3);
    scroll_to(&mut window, "deviceChannel on 2.3.1: \"02\"");
    for (item, part) in [("Copy as Markdown", "| Field | 2.1.0 | 2.3.1 | Why |"), ("Copy as text", "    2.3.1  [\"en")]
    {
        window.get_by_label("Copy the comparison").click();
        window.run_steps(3);
        window.get_by_role_and_label(Role::Button, item).click();
        let mut text = None;
        for _ in 0..4 {
            window.step();
            let commands = &window.output().platform_output.commands;
            text = text.or_else(|| {
                commands.iter().find_map(|command| match command {
                    OutputCommand::CopyText(text) => Some(text.clone()),
                    _ => None,
                })
            });
        }
        assert!(text.as_ref().is_some_and(|text| text.contains(part)), "{item}: {text:?}");
    }
    window.get_by_role_and_label(Role::Button, "Close").click();
    window.run_steps(4);
    assert!(window.query_by_label("Copy the comparison").is_none());
}

#[test]
fn any_two_sessions_are_compared_from_beside_and_a_third_joins() {
    let mut bench = support::bench();
    for _ in 0..3 {
        let run = bench.start(support::plan(Default::default()));
        bench.end_of(run);
    }
    let mut window = window(bench.engine.workspace().clone(), 1000.0);
    window.get_by_label("Beside…").click();
    window.run_steps(3);
    window
        .get_all_by_role(Role::Button)
        .find(|node| node.accesskit_node().label().is_some_and(|label| label.starts_with("1  sid_")))
        .expect("the first")
        .click();
    window.run_steps(3);
    window.get_by_label("Messages").click();
    window.run_steps(4);
    until(&mut window, "Versions: sessions 3, 1");
    window.get_by_label("no member differs");
    window.get_by_label("One more session").click();
    window.run_steps(3);
    window
        .get_all_by_role(Role::Button)
        .find(|node| node.accesskit_node().label().is_some_and(|label| label.starts_with("2  sid_")))
        .expect("the second")
        .click();
    window.run_steps(4);
    until(&mut window, "Versions: sessions 3, 1, 2");
}

#[test]
fn pictures() {
    let Ok(folder) = std::env::var("VERSIONS_PICTURES") else { return };
    let bench = ran("S021", &Version::SPOKEN);
    for (width, look, name) in [
        (592.0, Theme::Dark, "dark"),
        (592.0, Theme::Light, "light"),
        (1000.0, Theme::Dark, "dark"),
        (1000.0, Theme::Light, "light"),
    ] {
        let mut window = window(bench.engine.workspace().clone(), width);
        window.ctx.set_theme(look);
        window.run_steps(4);
        window.render().expect("a picture").save(format!("{folder}/versions-{name}-{width}.png")).expect("saved");
    }
}
