//! The sequence view and two sessions beside one another, by their labels.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme, UiBuilder};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use serde_json::{Value, json};
use sessions_console::bus::Command;
use sessions_console::model::delivery::{DeliveryKind, Verdict};
use sessions_console::model::exchange::Step;
use sessions_console::model::run::{Phase, Run};
use sessions_console::model::sandbox::SandboxAct;
use sessions_console::model::scheme::SchemeMessage;
use sessions_console::model::trace::{Question, Subject};
use sessions_console::model::{Lane, RunId, SessionId};
use sessions_console::ui::link::Link;
use sessions_console::ui::{theme, timeline};

use super::session::{self, Call, SID, delivery, exchange};
use super::{App, ONE, render};

const TWO: RunId = RunId(2);

type Diagram = Harness<'static, App>;

/// The timeline alone, in its sequence view.
fn diagram(runs: Vec<Run>, now: u64, size: [f32; 2], look: Theme) -> Diagram {
    let mut app = App::new(runs, now);
    app.timeline = timeline::Panel::new(timeline::View::Sequence);
    shown(app, size, look)
}

fn shown(app: App, size: [f32; 2], look: Theme) -> Diagram {
    let builder = Harness::builder().with_size(size).with_theme(look).with_context_setup(theme::install);
    let mut harness = builder.renderer(render::CpuRenderer::default()).build_ui_state(
        |ui, app: &mut App| {
            let whole = ui.ctx().content_rect();
            ui.scope_builder(UiBuilder::new().max_rect(whole), |ui| {
                ui.set_clip_rect(whole);
                app.timeline.ui(ui, &app.workspace, app.now, &mut app.commands);
            });
        },
        app,
    );
    harness.run_steps(6);
    harness
}

fn wide(runs: Vec<Run>, now: u64) -> Diagram {
    diagram(runs, now, [1000.0, 1600.0], Theme::Dark)
}

fn scheme(run: &mut Run, kind: &'static str, lanes: (Lane, Lane), ms: u64, gist: &str) {
    run.scheme_message_seen(SchemeMessage {
        session: SessionId(SID.into()),
        kind,
        from: lanes.0,
        to: lanes.1,
        at: session::at(ms),
        took: Duration::from_millis(9),
        gist: gist.into(),
        body: message(kind).to_string().into(),
    });
}

/// A whole message about the session of the fixtures.
fn message(kind: &str) -> Value {
    json!({
        "messageType": kind, "messageVersion": "2.2.0", "transStatus": "C", "deviceChannel": "02",
        "messageCategory": "01", "acctNumber": "424242******4242", "acsCounterAtoS": "000",
        "threeDSServerTransID": "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8",
        "acsTransID": "310184a2-e7d0-4a06-823c-c78fc7c6b561", "dsTransID": "9d849e95-2004-452f-b4c9-aab6307b02e1",
    })
}

/// `complete` before its time, which the API refuses.
fn refused_complete(at: u64) -> Arc<sessions_console::model::exchange::Exchange> {
    let answer = json!({"error_type": "invalid_request", "error_codes": ["update_not_allowed_due_to_state"]});
    let line = format!("POST /sessions/{SID}/complete");
    let lanes = (Lane::Merchant, Lane::Sessions);
    exchange(&Call { at, took: 12, lanes, step: Step::Complete, line: &line, body: b"", status: 403, answer })
}

/// A session with a bit of everything: thirty rows.
fn thirty(mut run: Run) -> Run {
    use Lane::{Browser, Directory, Issuer, Sessions};
    scheme(&mut run, "PReq", (Sessions, Directory), 100, "card ranges");
    scheme(&mut run, "PRes", (Directory, Sessions), 120, "3 ranges");
    scheme(&mut run, "AReq", (Directory, Issuer), 309, "2.2.0");
    scheme(&mut run, "ARes", (Issuer, Directory), 400, "transStatus C");
    run.exchanged(refused_complete(476));
    for (at, gist) in [(2000, "wrong password"), (4000, "another message"), (6000, "right password")] {
        scheme(&mut run, "CReq", (Browser, Issuer), at, gist);
        scheme(&mut run, "CRes", (Issuer, Browser), at + 20, "transStatus absent, the page again");
    }
    run.step_noted(Step::Challenge, "The browser's language differs from what was declared".into(), session::at(5000));
    let same = delivery(DeliveryKind::Callback, 9020, "/q7m2kfx9/cb", "{}", Verdict::Unexpected, 200);
    run.delivered(same);
    run
}

fn count(diagram: &Diagram, part: &str) -> usize {
    diagram.query_all_by_label_contains(part).count()
}

fn click(diagram: &mut Diagram, label: &str) {
    diagram.get_by_role_and_label(Role::Button, label).click();
    diagram.run_steps(3);
}

fn press(diagram: &mut Diagram, key: Key) {
    diagram.key_press_modifiers(Modifiers::NONE, key);
    diagram.run_steps(3);
}

fn copied(diagram: &Diagram) -> Option<String> {
    diagram.output().platform_output.commands.iter().find_map(|command| match command {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    })
}

/// One frame after another until something was copied.
fn click_and_copy(diagram: &mut Diagram, label: &str) -> String {
    diagram.get_by_role_and_label(Role::Button, label).click();
    let mut texts = (0..4).filter_map(|_| {
        diagram.step();
        copied(diagram)
    });
    texts.next().expect("a text on the clipboard")
}

/// Looked at with one's own eyes: `SEQUENCE_LOOK=/tmp/look` writes pictures there.
#[test]
fn look() {
    let Some(folder) = std::env::var_os("SEQUENCE_LOOK").map(PathBuf::from) else { return };
    for (name, look) in [("dark", Theme::Dark), ("light", Theme::Light)] {
        for (width, height) in [(440.0, 844.0), (592.0, 844.0), (1000.0, 800.0)] {
            let mut open = diagram(vec![thirty(session::waiting(ONE))], 13_500, [width, height], look);
            let picture = |diagram: &mut Diagram, what: &str| {
                diagram.render().unwrap().save(folder.join(format!("{what}-{name}-{width}.png"))).unwrap();
            };
            picture(&mut open, "open");
            let mut done = diagram(vec![thirty(session::finished(ONE))], 13_500, [width, height], look);
            done.get_by_label("Fit").click();
            done.run_steps(4);
            picture(&mut done, "fit");
        }
        for width in [592.0, 888.0] {
            let mut two = beside([width, 800.0], look);
            two.render().unwrap().save(folder.join(format!("beside-{name}-{width}.png"))).unwrap();
        }
        let mut tall = diagram(vec![thirty(session::waiting(ONE))], 13_500, [592.0, 2000.0], look);
        tall.render().unwrap().save(folder.join(format!("tall-{name}.png"))).unwrap();
        let mut tall = diagram(vec![thirty(session::finished(ONE))], 13_500, [1000.0, 2200.0], look);
        tall.render().unwrap().save(folder.join(format!("tall-wide-{name}.png"))).unwrap();
    }
}

#[test]
fn a_click_selects_a_step_and_the_keys_move_on() {
    let mut diagram = wide(vec![session::finished(ONE)], 11_000);
    let label = "Merchant to Sessions API POST …/complete 204";
    click(&mut diagram, label);
    let run = session::finished(ONE);
    let place = |diagram: &Diagram| {
        let (_, number) = diagram.state().timeline.selected.expect("selected");
        run.entries.iter().position(|entry| entry.number == number).unwrap()
    };
    let complete = place(&diagram);
    assert_eq!(run.entries[complete].exchange().map(|exchange| exchange.step), Some(Step::Complete));
    press(&mut diagram, Key::ArrowUp);
    assert_eq!(place(&diagram) + 1, complete);
    press(&mut diagram, Key::Enter);
    assert_eq!(diagram.state().timeline.selected, None, "Enter lets go");
    press(&mut diagram, Key::ArrowDown);
    assert_eq!(place(&diagram) + 1, run.entries.len(), "without a choice the keys begin with the newest");
    let mut low = self::diagram(vec![session::finished(ONE)], 11_000, [592.0, 700.0], Theme::Dark);
    assert_eq!(count(&low, "POST /connect/token"), 0);
    (0..run.entries.len()).for_each(|_| press(&mut low, Key::ArrowUp));
    assert_eq!(place(&low), 0);
    assert_eq!(count(&low, "POST /connect/token"), 1, "what is chosen comes into sight");
}

#[test]
fn what_is_expected_stands_below_the_present_until_it_comes() {
    let mut diagram = wide(vec![session::waiting(ONE)], 13_500);
    for label in [
        "Expected Issuer ACS to Sessions API RReq final transStatus, ECI, cryptogram",
        "Expected Browser",
        "Expected Merchant to Sessions API GET /sessions/{id}",
        "Expected Merchant to Sessions API POST …/complete",
    ] {
        let found = count(&diagram, label.trim_end_matches(" Browser"));
        assert!(found > 0, "{label}");
    }
    assert_eq!(count(&diagram, "Expected "), 5);
    diagram.state_mut().workspace = session::workspace([session::finished(ONE)]);
    diagram.run_steps(3);
    assert_eq!(count(&diagram, "Expected "), 0, "nothing is expected of a run that has ended");
}

#[test]
fn a_deadline_counts_down_each_second_and_stands_still_with_the_clock() {
    let mut diagram = wide(vec![session::waiting(ONE)], 13_470);
    diagram.get_by_label("Shopper answers 9:47 of 10:00 left. Then the session ends as expired, transaction_timed_out");
    diagram.get_by_label_contains("Session finishes 14:4");
    diagram.state_mut().now = session::at(14_470);
    diagram.run_steps(1);
    diagram.get_by_label_contains("Shopper answers 9:46 of 10:00 left");
    let embedded = diagram.state().workspace.runs[&ONE].plan.profile.clone();
    let workspace = &mut diagram.state_mut().workspace;
    workspace.clock_held = true;
    assert!(workspace.settings.profiles.iter().any(|profile| profile.id == embedded), "the fixture's profile");
    diagram.run_steps(2);
    diagram.get_by_label_contains("Shopper answers clock held. It waits as long as you like");
}

#[test]
fn the_clock_is_held_and_let_go_from_the_deadline() {
    let mut diagram = wide(vec![session::waiting(ONE)], 13_470);
    let link = |diagram: &Diagram, name: &str| diagram.query_all_by_role_and_label(Role::Link, name).count();
    assert_eq!(link(&diagram, "Run the clock"), 0);
    diagram.get_by_role_and_label(Role::Link, "Hold the clock").click();
    diagram.run_steps(2);
    assert_eq!(diagram.state().commands, [Command::Sandbox(SandboxAct::FreezeClock)]);
    diagram.state_mut().workspace.clock_stands = Some(session::at(13_470));
    diagram.run_steps(2);
    diagram.get_by_label_contains("Shopper answers clock held");
    diagram.get_by_role_and_label(Role::Link, "Run the clock").click();
    diagram.run_steps(2);
    assert_eq!(diagram.state().commands[1..], [Command::Sandbox(SandboxAct::RunClock)]);
    // It stood for a minute: all deadlines come a minute later.
    let app = diagram.state_mut();
    app.workspace.clock_stands = None;
    app.workspace.runs.get_mut(&ONE).unwrap().clock_stood(session::at(13_470), session::at(73_470));
    app.now = session::at(73_470);
    diagram.run_steps(2);
    diagram.get_by_label_contains("Shopper answers 9:47 of 10:00 left");
    diagram.get_by_label_contains("Session finishes 14:4");
    // While the clock stands still for a turn, or is another's, there is nothing to switch.
    diagram.state_mut().workspace.clock_held = true;
    diagram.run_steps(2);
    assert_eq!((link(&diagram, "Hold the clock"), link(&diagram, "Run the clock")), (0, 0));
    diagram.state_mut().workspace.clock_held = false;
    diagram.state_mut().workspace.runs.get_mut(&ONE).unwrap().plan.profile =
        sessions_console::model::profile::ProfileId("another".into());
    diagram.run_steps(2);
    assert_eq!((link(&diagram, "Hold the clock"), link(&diagram, "Run the clock")), (0, 0));
}

#[test]
fn nothing_is_drawn_again_while_the_clock_is_held() {
    let mut diagram = wide(vec![session::waiting(ONE)], 7_200_000);
    let again = |diagram: &mut Diagram| {
        diagram.run_steps(20);
        diagram.output().viewport_output.values().map(|view| view.repaint_delay).min().unwrap()
    };
    assert!(again(&mut diagram) <= Duration::from_secs(1), "the time that runs is shown");
    diagram.state_mut().workspace.clock_stands = Some(session::at(13_470));
    assert_eq!(again(&mut diagram), Duration::MAX);
}

#[test]
fn the_filter_and_the_chips_hold_for_the_diagram_too() {
    let mut run = session::waiting(ONE);
    run.exchanged(refused_complete(476));
    let mut diagram = wide(vec![run], 13_500);
    let (method, refused, token) = ("Issuer ACS 3DS Method", "Sessions API POST …/complete 403", "POST /connect/token");
    let counts = |diagram: &Diagram| [method, refused, token].map(|label| count(diagram, label).min(1));
    assert_eq!(counts(&diagram), [1, 1, 1]);
    diagram.get_by_role_and_label(Role::CheckBox, "Browser").click();
    diagram.run_steps(3);
    assert_eq!(counts(&diagram), [0, 1, 1]);
    press(&mut diagram, Key::Slash);
    diagram.event(egui::Event::Text("status>=400".into()));
    diagram.run_steps(3);
    assert_eq!(counts(&diagram), [0, 1, 0]);
    diagram.event(egui::Event::Text(" path~nowhere".into()));
    diagram.run_steps(3);
    assert_eq!(counts(&diagram), [0, 0, 0]);
    diagram.get_by_label("No row is asked for");
}

#[test]
fn a_broken_rule_says_what_it_broke() {
    let mut run = session::waiting(ONE);
    run.exchanged(refused_complete(476));
    let number = run.entries.iter().find(|entry| entry.http() == Some(403)).unwrap().number;
    let mut diagram = wide(vec![run], 13_500);
    assert_eq!(count(&diagram, "P037 Not allowed in this state"), 1);
    assert_eq!(count(&diagram, "Sessions API, states and actions"), 1, "where the rule is written");
    diagram.get_by_role_and_label(Role::Link, "Why P037?").click();
    diagram.run_steps(2);
    let why = Link::Why(ONE, Question::Finding(number, "P037"));
    assert_eq!(diagram.state_mut().timeline.take_links(), [why]);
    assert_eq!(diagram.state().timeline.selected, None, "the link is not the row");
    let label = "Merchant to Sessions API POST …/complete 403 update_not_allowed_due_to_state 1 finding P037";
    click(&mut diagram, label);
    assert!(diagram.state().timeline.selected.is_some());
    let text = click_and_copy(&mut diagram, "Copy as text");
    assert!(text.contains("! P037 Not allowed in this state"), "{text}");
}

#[test]
fn hidden_messages_are_left_out_when_they_are_not_wanted() {
    let mut diagram = wide(vec![session::waiting(ONE)], 13_500);
    assert!(count(&diagram, "AReq") > 0 && count(&diagram, "Expected Issuer") > 0);
    diagram.state_mut().workspace.settings.hidden_messages = false;
    diagram.run_steps(3);
    assert_eq!(count(&diagram, "AReq"), 0);
    assert_eq!(count(&diagram, "Expected Issuer"), 0, "nor are they expected");
    assert!(count(&diagram, "Merchant to Sessions API") > 0);
}

#[test]
fn the_diagram_is_copied_as_text_as_mermaid_and_as_a_picture() {
    let mut run = session::finished(ONE);
    run.annotate(run.entries[1].number, "the first\nof two");
    let mut diagram = wide(vec![run], 11_000);
    let text = click_and_copy(&mut diagram, "Copy as text");
    assert!(text.contains("POST /sessions 202 “the first of two”"), "{text}");
    assert!(text.contains("Shopper's browser") && text.contains("POST …/complete 204"), "{text}");
    assert!(text.contains("[challenged]") && text.contains("┄►") && text.contains("──►"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 120));
    click(&mut diagram, "More…");
    let mermaid = click_and_copy(&mut diagram, "Copy as Mermaid");
    assert!(mermaid.contains("sequenceDiagram") && mermaid.contains("M->>S: 8.994 POST …/complete 204"), "{mermaid}");
    diagram.run_steps(2);
    click(&mut diagram, "More…");
    let svg = click_and_copy(&mut diagram, "Copy as SVG");
    assert!(svg.starts_with("<svg") && svg.contains(">POST …/complete 204</text>"), "{svg}");
    diagram.run_steps(2);
    click(&mut diagram, "More…");
    click(&mut diagram, "Save to a path…");
    diagram.get_by_label("Path of an .svg file").type_text(" /tmp/run.svg ");
    diagram.run_steps(2);
    click(&mut diagram, "Save to this path");
    assert_eq!(diagram.state().commands, [Command::SavePicture(PathBuf::from("/tmp/run.svg"), svg)]);
    assert_eq!(count(&diagram, "Path of an .svg file"), 0, "asked and answered");
    diagram.get_by_role_and_label(Role::Button, "Copy as picture").click();
    let picture = (0..20_000).find_map(|_| {
        diagram.step();
        let commands = &diagram.output().platform_output.commands;
        commands.iter().find_map(|command| match command {
            egui::OutputCommand::CopyImage(image) => Some(image.clone()),
            _ => None,
        })
    });
    let picture = picture.expect("a picture on the clipboard");
    assert_eq!(picture.size[0], 2000);
    assert!(picture.size[1] > 2 * 16 * 37, "the whole diagram: {:?}", picture.size);
    let ground = picture.pixels[0];
    let letters = picture.pixels.iter().filter(|dot| **dot != ground).count();
    assert!(letters > 20_000, "words and arrows are drawn: {letters}");
    if let Some(folder) = std::env::var_os("SEQUENCE_LOOK").map(PathBuf::from) {
        let bytes = picture.pixels.iter().flat_map(egui::Color32::to_array).collect();
        let [width, height] = picture.size.map(|side| u32::try_from(side).unwrap());
        image::RgbaImage::from_raw(width, height, bytes).unwrap().save(folder.join("copied.png")).unwrap();
    }
}

#[test]
fn zoom_changes_by_button_and_by_key_where_the_diagram_has_the_keyboard() {
    let mut diagram = wide(vec![session::finished(ONE)], 11_000);
    click(&mut diagram, "Zoom in");
    diagram.get_by_label("120 %");
    press(&mut diagram, Key::Plus);
    diagram.get_by_label("120 %");
    diagram.get_by_label("Sequence diagram").focus();
    diagram.run_steps(2);
    press(&mut diagram, Key::Plus);
    diagram.get_by_label("140 %");
    press(&mut diagram, Key::Minus);
    diagram.get_by_label("120 %");
    click(&mut diagram, "120 %");
    diagram.get_by_label("100 %");
}

#[test]
fn the_pointer_zooms_and_drags_the_diagram() {
    let mut diagram = diagram(vec![session::finished(ONE)], 11_000, [1000.0, 800.0], Theme::Dark);
    let at = |y: f32| egui::pos2(760.0, y);
    diagram.event(egui::Event::PointerMoved(at(230.0)));
    diagram.run_steps(2);
    diagram.event(egui::Event::Zoom(1.25));
    diagram.run_steps(3);
    diagram.get_by_label("125 %");
    assert_eq!(count(&diagram, "POST /connect/token"), 0);
    for _ in 0..6 {
        for (y, pressed) in [(230.0, Some(true)), (300.0, None), (440.0, None), (440.0, Some(false))] {
            diagram.event(egui::Event::PointerMoved(at(y)));
            diagram.run_steps(1);
            if let Some(pressed) = pressed {
                let (pos, button, modifiers) = (at(y), egui::PointerButton::Middle, Modifiers::NONE);
                diagram.event(egui::Event::PointerButton { pos, button, pressed, modifiers });
                diagram.run_steps(1);
            }
        }
    }
    assert_eq!(count(&diagram, "POST /connect/token"), 1, "dragged down to the first");
    assert_eq!(diagram.state().timeline.selected, None, "a drag chooses nothing");
}

#[test]
fn nothing_is_drawn_again_without_cause() {
    let mut diagram = diagram(vec![session::finished(ONE)], 9_048 + 7_200_000, [1000.0, 800.0], Theme::Dark);
    diagram.run_steps(20);
    let again = diagram.output().viewport_output.values().map(|view| view.repaint_delay).min();
    assert_eq!(again, Some(Duration::MAX), "hours after the end");
}

#[test]
fn fit_shows_the_whole_run() {
    let mut diagram = diagram(vec![session::finished(ONE)], 11_000, [1000.0, 1000.0], Theme::Dark);
    assert_eq!(count(&diagram, "POST /connect/token"), 0, "the newest is followed");
    assert!(count(&diagram, "200 completed") > 0);
    click(&mut diagram, "Fit");
    assert_eq!((count(&diagram, "POST /connect/token"), count(&diagram, "200 completed")), (1, 1));
    let mut low = self::diagram(vec![thirty(session::finished(ONE))], 11_000, [592.0, 700.0], Theme::Dark);
    click(&mut low, "Fit");
    assert_eq!(count(&low, "POST /connect/token"), 1, "too small to be read it does not become: from the start then");
    low.get_by_label("60 %");
}

#[test]
fn new_rows_are_followed_until_one_scrolls_away() {
    let mut diagram = diagram(vec![session::waiting(ONE)], 13_500, [1000.0, 700.0], Theme::Dark);
    diagram.get_by_label("Fit").hover();
    diagram.run_steps(2);
    let middle = egui::pos2(500.0, 240.0);
    diagram.event(egui::Event::PointerMoved(middle));
    diagram.run_steps(2);
    for _ in 0..6 {
        let (unit, delta, phase) = (egui::MouseWheelUnit::Point, egui::vec2(0.0, 200.0), egui::TouchPhase::Move);
        diagram.event(egui::Event::MouseWheel {
            unit,
            delta,
            phase,
            modifiers: Modifiers::NONE,
            source: egui::MouseWheelSource::Wheel,
        });
        diagram.run_steps(4);
    }
    assert!(count(&diagram, "POST /connect/token") > 0, "scrolled to the first");
    diagram.state_mut().workspace = session::workspace([session::finished(ONE)]);
    diagram.run_steps(3);
    let new = session::finished(ONE).entries.len() - session::waiting(ONE).entries.len();
    click(&mut diagram, &format!("{new} new"));
    assert!(count(&diagram, "200 completed") > 0, "at the newest again");
}

// --- Two sessions side by side

/// A hosted session: created, paid for on its page, read.
fn hosted() -> Run {
    let mut run = Run::new(TWO, session::plan(), session::at(0));
    run.plan.completion = sessions_console::model::draft::Completion::Hosted;
    let mut call = |at, took, lanes, step, line: &str, status, answer| {
        run.exchanged(exchange(&Call { at, took, lanes, step, line, body: b"", status, answer }));
    };
    let api = (Lane::Merchant, Lane::Sessions);
    let pending = session::session("pending", &["redirect_cardholder"], json!({}));
    call(20, 60, api, Step::Create, "POST /sessions", 201, pending);
    call(90, 700, (Lane::Browser, Lane::Sessions), Step::Redirect, "GET /hosted", 200, Value::Null);
    let declined = session::session("declined", &[], json!({"approved": false}));
    call(12_000, 30, api, Step::Confirm, &format!("GET /sessions/{SID}"), 200, declined);
    run.ended(Phase::Ended, session::at(12_030));
    run
}

fn beside(size: [f32; 2], look: Theme) -> Diagram {
    let mut app = App::new(vec![session::finished(ONE), hosted()], 13_000);
    app.timeline.show_run(ONE, &app.workspace);
    let mut harness = shown(app, size, look);
    harness.get_by_label("Beside…").click();
    harness.run_steps(3);
    harness.get_by_label_contains("declined  ").click();
    harness.run_steps(4);
    harness
}

#[test]
fn two_sessions_share_one_axis_and_the_same_step_stands_at_the_same_height() {
    let mut window = beside([1000.0, 1200.0], Theme::Dark);
    window.get_by_label("9.05 s and 12.03 s, the right one 2.98 s longer");
    let at = |label: &str| window.get_by_label(label).rect().top();
    let left = "Session 1: Merchant to Sessions API POST /sessions 202 pending, differs";
    let right = "Session 2: Merchant to Sessions API POST /sessions 201 pending, differs";
    assert_eq!(at(left), at(right), "both were created");
    let read = |session: &str, status: &str| {
        at(&format!("Session {session}: Merchant to Sessions API GET  /sessions/{{id}} 200 {status}, differs"))
    };
    assert_eq!(read("1", "approved"), read("2", "declined"));
    assert_eq!(window.query_all_by_label_contains("Session 2: ").count(), 3, "gaps where it lacks a step");
    window.get_by_role_and_label(Role::Button, right).click();
    window.run_steps(2);
    let Link::Spot(run, spot) = window.state_mut().timeline.take_links().remove(0) else { panic!("a row") };
    assert_eq!((run, spot.entry), (TWO, hosted().entries[0].number));
    click(&mut window, "Compare");
    let both = Link::Compare(Subject::Session(ONE), Subject::Session(TWO));
    assert_eq!(window.state_mut().timeline.take_links(), [both]);
    click(&mut window, "Close");
    assert_eq!(window.query_all_by_label_contains("Session 2: ").count(), 0);
}

#[test]
fn of_a_hundred_thousand_rows_those_in_sight_are_drawn() {
    let mut run = session::waiting(ONE);
    let get = format!("GET /sessions/{SID}");
    for at in 0..100_000 {
        let (lanes, answer) = ((Lane::Merchant, Lane::Sessions), Value::Null);
        let at = 20_000 + at;
        run.exchanged(exchange(&Call {
            at,
            took: 1,
            lanes,
            step: Step::Confirm,
            line: &get,
            body: b"",
            status: 200,
            answer,
        }));
    }
    run.ended(Phase::Ended, session::at(130_000));
    let diagram = diagram(vec![run], 131_000, [1000.0, 800.0], Theme::Dark);
    let rows = count(&diagram, "Merchant to Sessions API");
    assert!((5..40).contains(&rows), "{rows}");
}
