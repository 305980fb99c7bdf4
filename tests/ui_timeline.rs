//! The timeline and the inspector, by their labels.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "ui_timeline/body.rs"]
mod body;
#[path = "ui_timeline/exemption.rs"]
mod exemption;
#[path = "ui_timeline/file.rs"]
mod file;
#[path = "ui_timeline/lens.rs"]
mod lens;
#[path = "ui_timeline/list.rs"]
mod list;
#[allow(dead_code)] // the harness there is for one panel in the usual look
#[path = "support/render.rs"]
mod render;
#[path = "ui_timeline/sequence.rs"]
mod sequence;
#[path = "support/session.rs"]
mod session;
#[path = "ui_timeline/shell.rs"]
mod shell;
#[path = "ui_timeline/states.rs"]
mod states;
#[path = "ui_timeline/versions.rs"]
mod versions;
#[path = "ui_timeline/why.rs"]
mod why;

#[path = "ui_timeline/compare.rs"]
mod compare;
#[path = "ui_timeline/device.rs"]
mod device;
#[path = "ui_timeline/live.rs"]
mod live;
#[path = "support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::Duration;

use egui::accesskit::Role;
use egui::{Key, Modifiers, Rect, UiBuilder, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use serde_json::{Value, json};
use sessions_console::bus::Command;
use sessions_console::model::exchange::Step;
use sessions_console::model::run::{Answer, Auth, Phase, Run, What};
use sessions_console::model::settings::Pace;
use sessions_console::model::{Problem, RunId, Stamp, Workspace};
use sessions_console::ui::{inspector, theme, timeline};

const ONE: RunId = RunId(1);
const CENTRE: f32 = 592.0;

struct App {
    timeline: timeline::Panel,
    inspector: inspector::Panel,
    workspace: Workspace,
    now: Stamp,
    commands: Vec<Command>,
}

impl App {
    fn new(runs: Vec<Run>, now: u64) -> Self {
        Self {
            timeline: timeline::Panel::default(),
            inspector: inspector::Panel::default(),
            workspace: session::workspace(runs),
            now: session::at(now),
            commands: Vec::new(),
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui) {
        let room = ui.max_rect();
        let cut = room.left() + CENTRE + (room.width() - 1048.0).max(0.0) / 2.0;
        let left = Rect::from_min_max(room.min, pos2(cut, room.bottom()));
        let right = Rect::from_min_max(pos2(cut + 1.0, room.top()), room.max);
        ui.painter().vline(cut, room.y_range(), theme::line(theme::Tokens::of(ui)));
        ui.scope_builder(UiBuilder::new().max_rect(left), |ui| {
            ui.set_clip_rect(left);
            self.timeline.ui(ui, &self.workspace, self.now, &mut self.commands);
        });
        ui.scope_builder(UiBuilder::new().max_rect(right), |ui| {
            ui.set_clip_rect(right);
            self.inspector.ui(ui, &self.workspace, self.timeline.selected, &mut self.commands);
        });
    }
}

type Window<'a> = Harness<'a, App>;

fn window<'a>(runs: Vec<Run>, now: u64) -> Window<'a> {
    sized(App::new(runs, now), [1064.0, 844.0], egui::Theme::Dark)
}

fn sized<'a>(app: App, size: [f32; 2], look: egui::Theme) -> Window<'a> {
    let builder = Harness::builder().with_size(size).with_theme(look).with_context_setup(theme::install);
    let mut harness =
        builder.renderer(render::CpuRenderer::default()).build_ui_state(|ui, app: &mut App| app.ui(ui), app);
    harness.run_steps(4);
    harness
}

/// The turn's request of the fixture that waits, as it stands.
fn as_offered() -> Box<sessions_console::model::run::StepRequest> {
    match session::waiting(ONE).phase {
        sessions_console::model::run::Phase::Waiting(turn) => Box::new(turn.request),
        other => panic!("{other:?}"),
    }
}

fn click(window: &mut Window, label: &str) {
    window.get_by_role_and_label(Role::Button, label).click();
    window.run_steps(3);
}

fn click_any(window: &mut Window, label: &str) {
    window.get_by_label(label).click();
    window.run_steps(3);
}

fn press(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    window.run_steps(3);
}

fn row_number(run: &Run, found: impl Fn(&What) -> bool) -> usize {
    run.entries.iter().find(|entry| found(&entry.what)).expect("such a row").number
}

fn exchange_of(run: &Run, step: Step) -> usize {
    row_number(run, |what| matches!(what, What::Exchange(exchange) if exchange.step == step))
}

// --- The timeline

#[test]
fn a_click_on_the_words_of_a_row_selects_it_and_the_keys_move_on() {
    let mut window = window(vec![session::finished(ONE)], 11_000);
    let label = "Merchant to Sessions API POST …/complete 204";
    click(&mut window, label);
    let complete = exchange_of(&session::finished(ONE), Step::Complete);
    assert_eq!(window.state().timeline.selected, Some((ONE, complete)));
    press(&mut window, Modifiers::NONE, Key::ArrowUp);
    let (_, above) = window.state().timeline.selected.expect("selected");
    let run = session::finished(ONE);
    let place = |number| run.entries.iter().position(|entry| entry.number == number).unwrap();
    assert_eq!(place(above) + 1, place(complete));
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert_eq!(window.state().timeline.selected, None, "Enter lets go");
    click(&mut window, label);
    assert_eq!(window.state().timeline.selected, Some((ONE, complete)));
    click(&mut window, label);
    assert_eq!(window.state().timeline.selected, None, "so does a second click");
}

#[test]
fn only_a_stopped_run_is_continued() {
    let mut stopped = session::waiting(ONE);
    stopped.phase = Phase::Cancelled;
    let mut window = window(vec![stopped.clone()], 13_500);
    click(&mut window, "Continue");
    assert_eq!(window.state().commands, [Command::Do(ONE, Step::Challenge)]);
    stopped.phase = Phase::Ended;
    window.state_mut().workspace.runs.insert(ONE, stopped);
    window.run_steps(3);
    assert!(window.query_by_label("Continue").is_none());
    click(&mut window, "Run again");
    assert_eq!(window.state().commands.last(), Some(&Command::Run(session::plan())));
}

#[test]
fn chips_leave_their_rows_out_and_hidden_messages_are_a_setting() {
    let mut window = window(vec![session::finished(ONE)], 11_000);
    let callback = "Sessions API to Callback Callback POST …/cb 200 matched";
    window.get_by_label(callback);
    click_any(&mut window, "Callback");
    assert!(window.query_by_label(callback).is_none());
    click_any(&mut window, "Hidden scheme messages");
    let Some(Command::SaveSettings(settings)) = window.state().commands.first() else { panic!("a setting") };
    assert!(!settings.hidden_messages);
}

#[test]
fn the_shopper_can_answer_by_button_and_by_key() {
    let mut window = window(vec![session::waiting(ONE)], 13_500);
    window.get_by_label("9:46 of 10:00 left");
    for (label, answer) in
        [("Open in my browser", Answer::Browser), ("Answer here", Answer::Here), ("Abandon", Answer::Abandon)]
    {
        click(&mut window, label);
        assert_eq!(window.state_mut().commands.pop(), Some(Command::Answer(ONE, answer, as_offered())), "{label}");
    }
    for (modifiers, key, answer) in [
        (Modifiers::NONE, Key::Enter, Answer::Browser),
        (Modifiers::NONE, Key::A, Answer::Here),
        (Modifiers::SHIFT, Key::A, Answer::Abandon),
    ] {
        press(&mut window, modifiers, key);
        assert_eq!(std::mem::take(&mut window.state_mut().commands), [Command::Answer(ONE, answer, as_offered())]);
    }
    click(&mut window, "Read the session now");
    assert_eq!(window.state().commands, [Command::Do(ONE, Step::Confirm)]);
}

#[test]
fn a_step_by_hand_is_sent_as_edited() {
    let mut window = window(vec![session::by_hand(ONE, None)], 3_000);
    window.get_by_role_and_label(Role::MultilineTextInput, "Body").focus();
    window.run_steps(2);
    window.get_by_role_and_label(Role::MultilineTextInput, "Body").type_text("x");
    window.run_steps(2);
    window.get_by_role_and_label(Role::ComboBox, "Authorization").click();
    window.run_steps(3);
    window.get_by_label("Session secret").click();
    window.run_steps(3);
    click(&mut window, "Send");
    let Some(Command::Send(ONE, request)) = window.state().commands.first() else { panic!("sent") };
    assert_eq!(request.auth, Auth::SessionSecret);
    assert!(request.body.contains('x') && request.body.contains("\"a\": 1"), "{}", request.body);
    assert_eq!(request.headers, [("X-Test".to_owned(), "one".to_owned())]);
    assert_eq!(request.step, Step::Complete);
}

/// A run that waits for the shopper, at this pace.
fn waiting_at(pace: Pace, problem: Option<Problem>) -> Run {
    let mut run = session::waiting(ONE);
    run.plan.pace = pace;
    if let Phase::Waiting(turn) = &mut run.phase {
        turn.problem = problem;
    }
    run
}

#[test]
fn the_request_of_a_shoppers_step_can_be_edited_too() {
    let body = |window: &Window| window.query_by_role_and_label(Role::MultilineTextInput, "Body").is_some();
    let mut auto = sized(App::new(vec![waiting_at(Pace::Auto, None)], 13_500), [1064.0, 1200.0], egui::Theme::Dark);
    assert!(!body(&auto), "folded");
    click_any(&mut auto, "Edit the request");
    assert!(body(&auto));
    click_any(&mut auto, "Edit the request");
    assert!(!body(&auto));
    let manual = App::new(vec![waiting_at(Pace::Manual, None)], 13_500);
    let mut manual = sized(manual, [1064.0, 1200.0], egui::Theme::Dark);
    manual.get_by_role_and_label(Role::MultilineTextInput, "Body").focus();
    manual.run_steps(2);
    manual.get_by_role_and_label(Role::MultilineTextInput, "Body").type_text("x");
    manual.run_steps(2);
    click(&mut manual, "Send");
    let Some(Command::Send(ONE, request)) = manual.state_mut().commands.pop() else { panic!("sent") };
    assert_eq!(request.step, Step::Challenge);
    assert!(request.body.contains('x'));
    click(&mut manual, "As the program wrote it");
    click(&mut manual, "Send");
    let Some(Command::Send(ONE, request)) = manual.state_mut().commands.pop() else { panic!("sent") };
    assert_eq!(request.body, "{\"a\": 1}");
    click(&mut manual, "Skip");
    assert_eq!(manual.state().commands, [Command::Skip(ONE)]);
}

#[test]
fn a_shoppers_step_that_failed_shows_its_request() {
    let problem = Problem::of("Challenge: the bank's page did not load", "Try again");
    let app = App::new(vec![waiting_at(Pace::Auto, Some(problem))], 13_500);
    let mut window = sized(app, [1064.0, 1200.0], egui::Theme::Dark);
    window.get_by_label_contains("did not load");
    window.get_by_role_and_label(Role::MultilineTextInput, "Body");
    assert!(window.query_by_label("Edit the request").is_none(), "nothing to unfold");
    click(&mut window, "Retry");
    assert!(matches!(window.state().commands.as_slice(), [Command::Send(ONE, _)]));
}

/// The run that waits, its turn changed.
fn turned(change: impl FnOnce(&mut sessions_console::model::run::Turn)) -> Run {
    let mut run = session::waiting(ONE);
    if let Phase::Waiting(turn) = &mut run.phase {
        change(turn);
    }
    run
}

#[test]
fn an_answer_takes_the_request_as_it_is_written_here() {
    let app = App::new(vec![waiting_at(Pace::Manual, None)], 13_500);
    let mut window = sized(app, [1064.0, 1200.0], egui::Theme::Dark);
    window.get_by_role_and_label(Role::MultilineTextInput, "Body").focus();
    window.run_steps(2);
    window.get_by_role_and_label(Role::MultilineTextInput, "Body").type_text("mine");
    window.run_steps(2);
    click(&mut window, "Answer here");
    let Some(Command::Answer(ONE, Answer::Here, request)) = window.state_mut().commands.pop() else { panic!("sent") };
    assert!(request.body.contains("mine"), "{}", request.body);
}

#[test]
fn the_apps_four_results_have_buttons_and_keys() {
    use sessions_console::model::run::AppResult;
    let mut window = window(vec![turned(|turn| turn.answers = AppResult::ALL.map(Answer::App).to_vec())], 13_500);
    window.get_by_label_contains("in the shopper's app");
    for (label, key, result) in [
        ("Approve in the app", (Modifiers::NONE, Key::Enter), AppResult::Approve),
        ("Fail in the app", (Modifiers::NONE, Key::F), AppResult::Fail),
        ("Cancel in the app", (Modifiers::SHIFT, Key::A), AppResult::Cancel),
        ("Let the time run out", (Modifiers::NONE, Key::X), AppResult::Timeout),
    ] {
        let expected = Command::Answer(ONE, Answer::App(result), as_offered());
        click(&mut window, label);
        assert_eq!(std::mem::take(&mut window.state_mut().commands), std::slice::from_ref(&expected), "{label}");
        press(&mut window, key.0, key.1);
        assert_eq!(std::mem::take(&mut window.state_mut().commands), [expected], "{label}, by key");
    }
}

#[test]
fn what_must_be_done_elsewhere_is_said_above_the_request() {
    let mut run = session::by_hand(ONE, None);
    if let Phase::Waiting(turn) = &mut run.phase {
        turn.notice = Some("The bank asks in the shopper's app".into());
    }
    window(vec![run], 13_500).get_by_label("The bank asks in the shopper's app");
}

/// The bank's time with the shopper begins with its page, not with our turn.
#[test]
fn the_deadline_runs_from_the_banks_first_request() {
    let waits = |change: fn(&mut Run)| {
        let mut run = session::waiting(ONE);
        run.entries.retain(|entry| !matches!(&entry.what, What::Scheme(message) if message.kind == "CReq"));
        change(&mut run);
        window(vec![run], 60_486)
    };
    let before = waits(|_| ());
    before.get_by_label("First request to the bank");
    before.get_by_label("9:00 of 10:00 left");
    let asked = waits(|run| {
        if let Phase::Waiting(turn) = &mut run.phase {
            turn.asked = Some(session::at(30_486));
        }
    });
    asked.get_by_label("Shopper answers");
    asked.get_by_label("9:30 of 10:00 left");
}

#[test]
fn a_copy_button_says_that_it_has_copied() {
    let mut window = window(vec![session::finished(ONE)], 11_000);
    click(&mut window, "Copy ECI");
    window.get_by_label("Copied ECI");
    click(&mut window, "Copy hand-over");
    window.get_by_label("Copied");
    click_any(&mut window, "Show");
    window.get_by_label_contains("ds_transaction_id");
}

#[test]
fn a_run_that_waits_follows_the_form() {
    let mut panel = timeline::Panel::default();
    let mut workspace = session::workspace([session::by_hand(ONE, None)]);
    let at_step = |workspace: &mut Workspace, step: Step| {
        let Some(Phase::Waiting(turn)) = workspace.runs.get_mut(&ONE).map(|run| &mut run.phase) else {
            panic!("waits")
        };
        turn.request.step = step;
    };
    let told = |panel: &mut timeline::Panel, workspace: &Workspace, form: &sessions_console::model::run::Plan| {
        let mut commands = Vec::new();
        panel.follow_form(workspace, || form.clone(), &mut commands);
        commands
    };
    let form = session::plan();
    let mended = sessions_console::model::run::Plan { payment: r#"{"amount": 1}"#.into(), ..form.clone() };
    assert_eq!(told(&mut panel, &workspace, &mended), [], "complete has nothing from the form");
    at_step(&mut workspace, Step::Create);
    assert_eq!(told(&mut panel, &workspace, &form), [], "nothing has changed yet");
    assert_eq!(told(&mut panel, &workspace, &mended), [Command::Replan(ONE, Box::new(mended.clone()))]);
    assert_eq!(told(&mut panel, &workspace, &mended), [], "it is told once");
    let other = sessions_console::model::draft::Completion::Hosted;
    let hosted = sessions_console::model::run::Plan { completion: other, ..form };
    assert_eq!(told(&mut panel, &workspace, &hosted), [], "that is another session's form");
}

#[test]
fn the_page_can_be_opened_by_hand() {
    let mut window = window(vec![session::waiting(ONE)], 13_500);
    window.get_by_label("Page");
    window.get_by_label("127.0.0.1:8787");
    window.get_by_label("/challenge");
    window.get_by_label("Copy page address").click();
    window.step();
    let copied = &window.output().platform_output.commands;
    let page = egui::OutputCommand::CopyText(format!("{}/challenge", session::API));
    assert!(copied.contains(&page), "{copied:?}");
}

#[test]
fn a_held_clock_counts_nothing_down() {
    let mut app = App::new(vec![session::waiting(ONE)], 13_500);
    app.workspace.clock_held = true;
    let mut window = sized(app, [1064.0, 844.0], egui::Theme::Dark);
    window.get_by_label("clock held");
    assert!(window.query_by_label_contains("left").is_none());
    window.state_mut().workspace.clock_held = false;
    window.run_steps(2);
    window.get_by_label("9:46 of 10:00 left");
}

#[test]
fn letters_are_dead_while_typing() {
    let mut app = App::new(vec![session::waiting(ONE)], 13_500);
    app.timeline.selected = Some((ONE, exchange_of(&session::waiting(ONE), Step::Collect)));
    let mut window = sized(app, [1064.0, 844.0], egui::Theme::Dark);
    window.get_by_label("Find in body").focus();
    window.run_steps(2);
    press(&mut window, Modifiers::NONE, Key::A);
    assert_eq!(window.state().commands, []);
}

#[test]
fn a_step_that_failed_offers_retry_and_skip() {
    let problem = Problem::of("Complete session: no answer within 30 s", "Try again");
    let mut window = window(vec![session::by_hand(ONE, Some(problem))], 3_000);
    window.get_by_label_contains("no answer within 30 s");
    click(&mut window, "Skip");
    click(&mut window, "Retry");
    assert!(matches!(window.state().commands.as_slice(), [Command::Skip(ONE), Command::Send(ONE, _)]));
}

#[test]
fn refused_codes_are_explained() {
    let window = window(vec![session::refused(ONE)], 3_000);
    window.get_by_label("currency is missing");
    window.get_by_label("number does not fit its constraint");
}

#[test]
fn a_run_that_reached_nobody_can_be_tried_again() {
    let mut window = window(vec![session::failed(ONE)], 3_000);
    window.get_by_label("Create session: could not reach the API");
    click(&mut window, "Try again");
    assert_eq!(window.state().commands, [Command::Do(ONE, Step::Create)]);
}

#[test]
fn the_result_offers_three_ways_on() {
    let mut window = window(vec![session::finished(ONE)], 11_000);
    window.get_by_label("Approved after a challenge");
    window.get_by_label("confirmed");
    window.get_by_label("Scheme and region rules decide");
    click(&mut window, "Authorise");
    press(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::Enter);
    assert_eq!(window.state().commands, [Command::Do(ONE, Step::Authorise), Command::Do(ONE, Step::Authorise)]);
    click(&mut window, "Run again");
    assert_eq!(window.state().commands.last(), Some(&Command::Run(session::plan())));
}

#[test]
fn a_declined_session_cannot_be_authorised_by_the_tile() {
    let mut run = session::finished(ONE);
    let declined = session::session("declined", &[], json!({"response_code": "N", "status_reason": "rreq_status"}));
    run.exchanged(session::exchange(&session::Call {
        at: 9_100,
        took: 5,
        lanes: (sessions_console::model::Lane::Merchant, sessions_console::model::Lane::Sessions),
        step: Step::Confirm,
        line: "GET /sessions/x",
        body: b"",
        status: 200,
        answer: declined,
    }));
    let mut window = window(vec![run], 11_000);
    window.get_by_label("Declined without a challenge");
    click(&mut window, "Authorise");
    click(&mut window, "Copy hand-over");
    assert_eq!(window.state().commands, []);
}

#[test]
fn a_payment_shows_its_id_and_the_hand_over_is_byte_exact() {
    let mut run = session::finished(ONE);
    let paid = json!({"id": "pay_abc", "status": "Authorized"});
    run.exchanged(session::exchange(&session::Call {
        at: 9_100,
        took: 5,
        lanes: (sessions_console::model::Lane::Merchant, sessions_console::model::Lane::Sessions),
        step: Step::Authorise,
        line: "POST /payments",
        body: b"{}",
        status: 201,
        answer: paid,
    }));
    let members = sessions_console::model::steps::proof(run.session().unwrap());
    assert_eq!(
        Value::Object(members).to_string(),
        r#"{"eci":"05","cryptogram":"V+v37FmuAPB9rCVyIpjY4BZ5RfQ=","xid":"0ac91b0b-b7e5-404a-a720-a0e54edbcdf8","version":"2.2.0","ds_transaction_id":"9d849e95-2004-452f-b4c9-aab6307b02e1"}"#
    );
    let window = window(vec![run], 11_000);
    window.get_by_label("pay_abc");
    window.get_by_label("Paid: Authorized");
}

#[test]
fn an_earlier_run_can_be_picked_and_a_new_one_takes_its_place() {
    let mut window = window(vec![session::refused(ONE), session::finished(RunId(2))], 11_000);
    window.get_by_label("Session 2 of 2").click();
    window.run_steps(3);
    window.get_by_label_contains("1  not created").click();
    window.run_steps(3);
    assert_eq!(window.state().timeline.shown(), Some(ONE));
    let newest = session::waiting(RunId(3));
    window.state_mut().workspace.runs.insert(RunId(3), newest);
    window.run_steps(3);
    assert_eq!(window.state().timeline.shown(), Some(RunId(3)));
}

#[test]
fn any_step_can_be_done_again() {
    let mut window = window(vec![session::finished(ONE)], 11_000);
    click(&mut window, "Do again…");
    click(&mut window, "Read session");
    assert_eq!(window.state().commands, [Command::Do(ONE, Step::Confirm)]);
}

#[test]
fn a_folded_wait_unfolds_and_folds_again() {
    let mut window = window(vec![session::finished(ONE)], 11_000);
    click(&mut window, "Unfold 8.4 s");
    assert!(window.query_by_label("Unfold 8.4 s").is_none());
    click_any(&mut window, "Fold waits");
    window.get_by_label("Unfold 8.4 s");
}

#[test]
fn without_a_run_the_panel_says_how_to_get_one() {
    let mut window = window(vec![], 0);
    window.get_by_label("Send your first session");
    for (label, intent) in [
        ("Run", timeline::Intent::Run),
        ("Pick a test card", timeline::Intent::PickCard),
        ("Open a body", timeline::Intent::OpenBody),
    ] {
        click(&mut window, label);
        assert_eq!(window.state_mut().timeline.take_intent(), Some(intent), "{label}");
    }
    assert_eq!(window.state().commands, []);
    window.get_by_label("Pick a row to see its exact bytes");
}

#[test]
fn a_long_run_follows_its_newest_row_until_scrolled() {
    let mut run = session::refused(ONE);
    let more = |run: &mut Run, from: usize| {
        for at in from..from + 60 {
            run.step_skipped(Step::Complete, session::at(100 + at as u64));
        }
    };
    more(&mut run, 0);
    run.phase = Phase::Working(None);
    let mut window = window(vec![run], 3_000);
    assert!(window.query_by_label("60 new").is_none());
    let far = pos2(300.0, 400.0);
    window.event(egui::Event::PointerMoved(far));
    window.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: egui::vec2(0.0, 400.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    });
    window.run_steps(30);
    more(window.state_mut().workspace.runs.get_mut(&ONE).unwrap(), 60);
    window.run_steps(4);
    click(&mut window, "60 new");
    window.run_steps(4);
    assert!(window.query_by_label("60 new").is_none());
}

// --- The inspector

fn inspecting<'a>(run: Run, number: usize) -> Window<'a> {
    let mut app = App::new(vec![run], 11_000);
    app.timeline.selected = Some((ONE, number));
    sized(app, [1064.0, 844.0], egui::Theme::Dark)
}

#[test]
fn a_body_is_read_folded_searched_and_copied() {
    let run = session::finished(ONE);
    let number = run.entries.last().unwrap().number;
    let mut window = inspecting(run, number);
    window.get_by_label("amount: 6540");
    click_any(&mut window, "ds: { 3 }");
    click_any(&mut window, "ds: { 3 }");
    click_any(&mut window, "ds_id: \"A000000003\"");
    window.get_by_label("$.ds.ds_id");
    click_any(&mut window, "Copy path");
    let copied = window.output().platform_output.commands.clone();
    window.get_by_label("Find in body").focus();
    window.run_steps(2);
    window.get_by_label("Find in body").type_text("CREDIT");
    window.run_steps(4);
    window.get_by_label("1 of 1");
    window.get_by_label("card_type: \"CREDIT\""); // its parents were unfolded
    drop(copied);
}

#[test]
fn every_tab_of_an_exchange_has_its_page() {
    let run = session::finished(ONE);
    let number = exchange_of(&run, Step::Create);
    let mut window = inspecting(run, number);
    click_tab(&mut window, "Explain");
    window.get_by_label_contains("a session comes back");
    window.get_by_role_and_label(Role::Tab, "Headers").click();
    window.run_steps(3);
    window.get_by_label("masked");
    window.get_by_label("Cko-Request-Id");
    window.get_by_role_and_label(Role::Tab, "Timing").click();
    window.run_steps(3);
    window.get_by_label("Total 41.0 ms");
    window.get_by_role_and_label(Role::Tab, "Code").click();
    window.run_steps(3);
    window.get_by_label_contains("curl --request POST");
    window.get_by_label_contains("$ACCESS_TOKEN");
    window.get_by_role_and_label(Role::Tab, "Request").click();
    window.run_steps(3);
    click_any(&mut window, "Hex");
    assert!(window.query_all_by_label_contains("7b ").count() > 0);
}

#[test]
fn every_kind_of_row_has_a_page() {
    let run = session::finished(ONE);
    for entry in &run.entries {
        inspecting(run.clone(), entry.number);
    }
    let hidden = row_number(&run, |what| matches!(what, What::Scheme(_)));
    let mut window = inspecting(run.clone(), hidden);
    click_tab(&mut window, "Explain");
    window.get_by_label_contains("A merchant never sees this message");
    let callback = row_number(&run, |what| matches!(what, What::Delivery(d) if d.body.starts_with(b"{")));
    inspecting(run, callback).get_by_label_contains("came to this run's address and names its session");
    let failed = session::failed(ONE);
    let number = failed.entries[0].number;
    inspecting(failed, number).get_by_label_contains("no answer was recorded");
}

#[test]
fn hostile_bodies_are_shown_and_cost_little() {
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let bodies: [Vec<u8>; 5] = [
        deep.into_bytes(),
        b"{\"a\":\"\xff\xfe\"}".to_vec(),
        format!("{{\"a\\u202e\": \"{}\"}}", "x\u{202e}".repeat(2000)).into_bytes(),
        vec![0; 100_000],
        format!("[{}1]", "1,".repeat(40_000)).into_bytes(),
    ];
    for body in bodies {
        let mut run = session::refused(ONE);
        let mut exchange = session::exchange(&session::Call {
            at: 30,
            took: 5,
            lanes: (sessions_console::model::Lane::Merchant, sessions_console::model::Lane::Sessions),
            step: Step::Confirm,
            line: "GET /sessions/x",
            body: b"",
            status: 200,
            answer: Value::Null,
        });
        let inner = Arc::get_mut(&mut exchange).unwrap();
        inner.outcome.as_mut().unwrap().body = body.into();
        run.exchanged(exchange);
        let number = exchange_of(&run, Step::Confirm);
        let mut window = inspecting(run, number);
        let start = std::time::Instant::now();
        window.run_steps(3);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
}

// --- Pictures

#[test]
fn pictures() {
    let mut results = egui_kittest::SnapshotResults::new();
    let finished = session::finished(ONE);
    let last = finished.entries.last().unwrap().number;
    for (name, run, now, selected, look) in [
        ("timeline-finished-dark", finished.clone(), 11_000, Some((ONE, last)), egui::Theme::Dark),
        ("timeline-finished-light", finished, 11_000, Some((ONE, last)), egui::Theme::Light),
        ("timeline-waiting-dark", session::waiting(ONE), 13_500, None, egui::Theme::Dark),
    ] {
        let mut app = App::new(vec![run], now);
        app.timeline.selected = selected;
        let mut window = sized(app, [1064.0, 844.0], look);
        results.add(window.try_snapshot(name));
    }
}

// --- Findings

/// A run whose directory server answered with an error, and a row without findings beside it.
fn with_error() -> (Run, usize) {
    let mut run = session::waiting(ONE);
    let body = json!({
        "messageType": "Erro", "messageVersion": "2.2.0", "errorCode": "203", "errorComponent": "A",
        "errorDescription": "Value not allowed", "errorDetail": "browserColorDepth", "errorMessageType": "AReq",
    });
    run.scheme_message_seen(sessions_console::model::scheme::SchemeMessage {
        session: sessions_console::model::SessionId(session::SID.into()),
        kind: "Erro",
        from: sessions_console::model::Lane::Directory,
        to: sessions_console::model::Lane::Sessions,
        at: session::at(600),
        took: Duration::ZERO,
        gist: "errorCode 203".into(),
        body: body.to_string().into(),
    });
    let number = row_number(&run, |what| matches!(what, What::Scheme(message) if message.kind == "Erro"));
    (run, number)
}

#[test]
fn a_row_says_how_many_findings_it_has_and_which() {
    let (run, number) = with_error();
    let mut window = window(vec![run], 13_500);
    click(&mut window, "Directory server to Sessions API Erro errorCode 203 1 finding P203");
    assert_eq!(window.state().timeline.selected, Some((ONE, number)));
    assert!(window.query_by_label_contains("AReq → directory → issuer 1 finding").is_none());
}

#[test]
fn the_inspector_shows_the_findings_of_a_hidden_message_beside_its_json() {
    let (run, number) = with_error();
    let mut window = inspecting(run, number);
    window.get_by_label_contains("browserColorDepth");
    click_tab(&mut window, "Findings");
    window.get_by_label("P203");
    for words in ["Error 203: format or value of an element invalid", "Fails at real issuers"] {
        window.get_by_label_contains(words);
    }
    click_tab(&mut window, "Request");
    assert!(window.query_by_label("P203").is_none());
}

fn click_tab(window: &mut Window, label: &str) {
    window.get_by_role_and_label(Role::Tab, label).click();
    window.run_steps(3);
}

// --- What was done on purpose

#[test]
fn a_fault_and_a_jump_of_the_clock_are_told_in_words() {
    let mut run = session::waiting(ONE);
    run.scheme_message_seen(sessions_console::model::scheme::SchemeMessage {
        session: sessions_console::model::SessionId(session::SID.into()),
        kind: "Fault",
        from: sessions_console::model::Lane::Directory,
        to: sessions_console::model::Lane::Sessions,
        at: session::at(600),
        took: Duration::ZERO,
        gist: "rreq drop".into(),
        body: json!({"fault": {"hop": "rreq", "kind": "drop"}}).to_string().into(),
    });
    run.time_passed(Step::Challenge, session::at(700), Duration::from_secs(60));
    let since = run.started;
    assert_eq!(run.jumped_since(since), Duration::from_secs(60));
    let number = row_number(&run, |what| matches!(what, What::Scheme(message) if message.kind == "Fault"));
    let mut timeline = window(vec![run.clone()], 13_500);
    click(&mut timeline, "Directory server to Sessions API Fault RReq never arrives · directory to 3DS Server");
    timeline.get_by_label_contains("Clock 60 s pass at once for everybody who waits");
    let mut window = inspecting(run, number);
    click_tab(&mut window, "Explain");
    window.get_by_label_contains("Done on purpose: RReq never arrives");
}

#[path = "ui_timeline/code.rs"]
mod code;
