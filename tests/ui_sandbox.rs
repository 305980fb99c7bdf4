//! The rail and the sandbox panel by their labels: what is typed and clicked goes in,
//! commands come out; then the same against a real engine with its sandbox.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/render.rs"]
mod render;
#[path = "ui_sandbox/rules.rs"]
mod rules;
#[allow(dead_code)] // shared with the timeline's tests
#[path = "support/session.rs"]
mod session;
#[path = "support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::Duration;

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use serde_json::{Value, json};
use sessions_console::bus::Command;
use sessions_console::model::deck::Deck;
use sessions_console::model::run::{AppResult, PhoneAct, Plan, Shopper};
use sessions_console::model::sandbox::{Mode, Overview, SandboxAct};
use sessions_console::model::scenario::{Fault, FaultKind, Hop};
use sessions_console::model::scheme::{PhoneKind, PhoneMessage};
use sessions_console::model::settings::Pace;
use sessions_console::model::{RunId, Server, ServerStatus, SessionId, Stamp, Workspace};
use sessions_console::ui::Shell;

const ONE: RunId = RunId(1);

struct Window {
    shell: Shell,
    workspace: Workspace,
    now: Stamp,
    commands: Vec<Command>,
}

type Screen = Harness<'static, Window>;

/// What the sandbox shows: one challenge of ours, one of another shop's in the bank's app.
fn overview() -> Value {
    json!({
        "now": "2026-11-28T12:00:00Z", "mode": "run", "seed": 7, "armed": {"sessions": 0}, "count": 3, "dropped": 0,
        "faults": [
            {"hop": "ares", "kind": "set_field", "field": "transStatus", "value": "Z", "times": 1, "happened": 0},
            {"hop": "api", "kind": "status", "status": 503, "times": 0, "happened": 2},
        ],
        "sessions": [
            {"id": "sid_bankappbankappbankappbanka", "status": "challenged", "scheme": "mastercard",
             "card": "538530******5181", "amount": 1200, "currency": "EUR", "seconds_left": 540,
             "protocol_version": "2.3.1", "scenario": "S030", "interactions": 1, "wrong_passwords": 0,
             "prepared_result": "Y", "next_actions": ["challenge_cardholder"],
             "phone": [{"sender": "Larkfield Bank", "text": "Approve EUR 12.00 at Fern & Fable?", "code": "",
                        "kind": "push"}]},
            {"id": session::SID, "status": "challenged", "scheme": "visa", "card": "424242******4242",
             "amount": 6540, "currency": "USD", "seconds_left": 598, "protocol_version": "2.2.0",
             "prepared_result": "Y", "interactions": 2, "wrong_passwords": 1, "reference": "INV-1001",
             "transaction_id": "5b8b2f9e-2f66-4b38-9d2e-3a1de0f5b3aa",
             "ds_transaction_id": "b1f5e4a0-4a3f-4ed0-8cd0-0c9a7f6f3f3c",
             "acs_transaction_id": "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8",
             "declared": {"timezone": "-60", "languages": "en-GB", "screen": "1920x1080"},
             "method_facts": {"timezone": "0", "languages": "en-GB,en"},
             "phone": [{"sender": "Larkfield Bank", "text": "Password for USD 65.40 at Fern & Fable: 482913",
                        "code": "482913", "kind": "sms"}]},
            {"id": "sid_approvedapprovedapprovedap", "status": "approved", "scheme": "visa", "completed": true,
             "card": "448504******6584", "amount": 500, "currency": "JPY", "protocol_version": "2.2.0"},
        ],
    })
}

/// A scenario of the user's own.
const OWN: &str = "id = \"MINE-1\"\nname = \"my own\"\n[body]\n\"/amount\" = 5\n[expect]\nstatus = \"approved\"\n";

fn workspace() -> Workspace {
    let broken = ("broken.toml".to_owned(), Ok("id = ".to_owned()));
    let mut workspace = session::workspace([session::waiting(ONE)]);
    let address = "127.0.0.1:8787".to_owned();
    workspace.deck = Arc::new(Deck::with([("mine.toml".to_owned(), Ok(OWN.to_owned())), broken]));
    workspace.servers.insert(Server::Sandbox, ServerStatus::Up { address, instead_of: None });
    workspace
}

fn known(mut workspace: Workspace, raw: &Value) -> Workspace {
    workspace.sandbox.overview = Some(Arc::new(Overview::read(raw)));
    workspace
}

fn window(size: [f32; 2], workspace: Workspace) -> Screen {
    let shell = Shell::new(&workspace.settings);
    let state = Window { shell, workspace, now: session::at(11_000), commands: Vec::new() };
    let draw = |ui: &mut egui::Ui, window: &mut Window| {
        window.shell.ui(ui, &window.workspace, window.now, &mut window.commands);
    };
    let mut screen = render::harness(size, draw, state);
    screen.run_steps(3);
    screen
}

/// The panel, open in a wide window.
fn panel(raw: &Value) -> Screen {
    let mut screen = window([1440.0, 900.0], known(workspace(), raw));
    go(&mut screen, Key::Num2);
    screen
}

fn go(screen: &mut Screen, key: Key) {
    screen.key_press_modifiers(Modifiers::COMMAND, key);
    screen.run_steps(3);
}

fn press(screen: &mut Screen, label: &str) {
    screen.get_by_label(label).click();
    screen.run_steps(3);
}

/// The acts that were asked for, but for looks.
fn acts(screen: &mut Screen) -> Vec<SandboxAct> {
    let commands = std::mem::take(&mut screen.state_mut().commands);
    let act = |command| match command {
        Command::Sandbox(SandboxAct::Look) => None,
        Command::Sandbox(act) => Some(act),
        _ => None,
    };
    commands.into_iter().filter_map(act).collect()
}

// --- The rail

#[test]
fn the_rail_leads_there_and_back_and_where_one_was_is_remembered() {
    let mut screen = window([1440.0, 900.0], known(workspace(), &overview()));
    assert!(screen.query_by_label("Run the clock").is_none());
    screen.get_by_role_and_label(Role::Tab, "Sandbox").click();
    screen.run_steps(3);
    screen.get_by_label("Run the clock");
    assert!(screen.query_by_label("Your turn").is_none());
    screen.state_mut().now = session::at(20_000);
    screen.run_steps(2);
    let saved = screen.state().commands.iter().rev().find_map(|command| match command {
        Command::SaveSettings(settings) => Some(settings.view.clone()),
        _ => None,
    });
    assert_eq!(saved.expect("kept")["place"], "sandbox");
    go(&mut screen, Key::Num1);
    screen.get_by_label("Your turn");
    go(&mut screen, Key::Num2);
    screen.get_by_label("Run the clock");
}

#[test]
fn the_chip_says_clock_and_faults_and_opens_the_panel() {
    let mut screen = window([1440.0, 900.0], known(workspace(), &overview()));
    press(&mut screen, "Sandbox: 127.0.0.1:8787 Clock real · 1 fault");
    screen.get_by_label("Run the clock");
}

// --- Looking

fn looks(screen: &Screen) -> usize {
    screen.state().commands.iter().filter(|command| **command == Command::Sandbox(SandboxAct::Look)).count()
}

#[test]
fn it_looks_once_a_second_while_open_and_not_at_all_when_closed() {
    let quiet = json!({"now": "2026-11-28T12:00:00Z"});
    let mut screen = window([1440.0, 900.0], known(workspace(), &quiet));
    screen.run_steps(5);
    assert_eq!(looks(&screen), 0, "closed");
    go(&mut screen, Key::Num2);
    screen.run_steps(5);
    assert_eq!(looks(&screen), 1);
    screen.state_mut().now = session::at(12_100);
    screen.run_steps(5);
    assert_eq!(looks(&screen), 2);
    screen.state_mut().workspace.sandbox.asked = 1; // on its way
    screen.state_mut().now = session::at(14_000);
    screen.run_steps(5);
    assert_eq!(looks(&screen), 2, "one at a time");
    screen.state_mut().workspace.sandbox.answered = 1;
    go(&mut screen, Key::Num1);
    screen.state_mut().now = session::at(20_000);
    screen.run_steps(5);
    assert!(looks(&screen) <= 3, "closed again");
}

// --- The clock, seed, reset

#[test]
fn the_clock_runs_freezes_and_jumps() {
    let mut screen = panel(&overview());
    screen.get_by_label("2026-11-28 12:00:00");
    press(&mut screen, "Freeze");
    press(&mut screen, "Jump 10 min");
    screen.get_by_label("Other span of time").focus();
    screen.run_steps(2);
    screen.get_by_label("Other span of time").type_text("3 days");
    screen.run_steps(2);
    press(&mut screen, "Jump");
    let jump = |seconds| SandboxAct::Jump(Duration::from_secs(seconds));
    assert_eq!(acts(&mut screen), [SandboxAct::FreezeClock, jump(600), jump(259_200)]);
    let run = screen.get_by_label("Run the clock");
    assert!(run.accesskit_node().is_disabled(), "it runs already");
}

#[test]
fn a_held_clock_is_told_from_a_frozen_one() {
    let mut frozen = overview();
    frozen["mode"] = "freeze".into();
    let mut screen = panel(&frozen);
    screen.get_by_label("frozen");
    press(&mut screen, "Run the clock");
    assert_eq!(acts(&mut screen), [SandboxAct::RunClock]);
    screen.state_mut().workspace.clock_held = true;
    screen.run_steps(2);
    screen.get_by_label("held for you");
    press(&mut screen, "Run the clock");
    assert_eq!(acts(&mut screen), [], "a person thinks");
}

#[test]
fn reset_asks_in_place_and_the_seed_can_be_copied() {
    let mut screen = panel(&overview());
    screen.get_by_label("Copy seed");
    press(&mut screen, "Reset");
    press(&mut screen, "Keep everything");
    press(&mut screen, "Reset");
    press(&mut screen, "Reset now");
    assert_eq!(acts(&mut screen), [SandboxAct::Reset]);
}

// --- Scenarios and cards

#[test]
fn a_scenario_is_found_armed_and_run_with_somebody_there() {
    let mut screen = panel(&overview());
    screen.get_by_label("Find a scenario").focus();
    screen.run_steps(2);
    screen.get_by_label("Find a scenario").type_text("S021");
    screen.run_steps(3);
    press(&mut screen, "S021 one-time password passed");
    press(&mut screen, "Arm");
    assert_eq!(acts(&mut screen), [SandboxAct::Arm("S021".into(), 1)]);
    screen.state_mut().workspace.settings.answer_myself = true;
    screen.run_steps(2);
    press(&mut screen, "Run it");
    let acts = acts(&mut screen);
    let [SandboxAct::Try(arm, plan)] = acts.as_slice() else { panic!("{acts:?}") };
    assert_eq!(**arm, SandboxAct::Arm("S021".into(), 1));
    assert!(!plan.unattended && plan.shopper == Shopper::Person && plan.pace == Pace::Auto);
    screen.get_by_label("Your turn"); // the timeline, where the run will be seen
}

#[test]
fn the_users_own_scenarios_stand_there_too_and_the_damaged_with_their_reason() {
    let mut screen = panel(&overview());
    screen.get_by_label_contains("broken.toml is not a scenario: line 1");
    screen.get_by_label("Find a scenario").focus();
    screen.run_steps(2);
    screen.get_by_label("Find a scenario").type_text("my own");
    screen.run_steps(3);
    press(&mut screen, "MINE-1 my own");
    press(&mut screen, "Arm");
    let acts = acts(&mut screen);
    let [SandboxAct::ArmFile(text, 1)] = acts.as_slice() else { panic!("{acts:?}") };
    let sent = sessions_console::model::deck::read("sent", text).expect("the same scenario");
    assert_eq!(sent, sessions_console::model::deck::read("mine", OWN).unwrap());
}

#[test]
fn what_is_armed_is_said_and_taken_back() {
    let mut armed = overview();
    armed["armed"] = json!({"scenario": "S023", "sessions": 2});
    let mut screen = panel(&armed);
    screen.get_by_label("S023 is armed for the next 2 sessions");
    press(&mut screen, "Disarm");
    assert_eq!(acts(&mut screen), [SandboxAct::Disarm]);
}

#[test]
fn a_card_of_the_gallery_goes_into_the_draft() {
    let mut screen = panel(&overview());
    press(&mut screen, "Test cards");
    press(&mut screen, "5385 3083 6013 5181");
    screen.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    screen.run_steps(3);
    let plan = screen.state().commands.iter().find_map(|command| match command {
        Command::Run(plan) => Some(plan.body.clone()),
        _ => None,
    });
    assert!(plan.expect("a run").contains("5385308360135181"));
}

// --- Faults

fn choose(screen: &mut Screen, combo: &str, choice: &str) {
    screen.get_by_role_and_label(Role::ComboBox, combo).click();
    screen.run_steps(3);
    let choices: Vec<_> = screen.get_all_by_label(choice).collect();
    choices.last().expect("a choice").click();
    drop(choices);
    screen.run_steps(3);
}

#[test]
fn a_fault_takes_what_its_kind_needs_and_joins_those_that_are_armed() {
    let mut screen = panel(&overview());
    screen.get_by_role_and_label(Role::Tab, "Faults").click();
    screen.run_steps(3);
    choose(&mut screen, "Where", Hop::Areq.name());
    choose(&mut screen, "What happens", FaultKind::SetField.name());
    assert!(screen.get_by_label("Arm this fault").accesskit_node().is_disabled());
    screen.get_by_label("Say which member");
    screen.get_by_role_and_label(Role::TextInput, "Member").focus();
    screen.run_steps(2);
    screen.get_by_role_and_label(Role::TextInput, "Member").type_text("amount");
    screen.run_steps(2);
    screen.get_by_role_and_label(Role::TextInput, "Its value").focus();
    screen.run_steps(2);
    screen.get_by_role_and_label(Role::TextInput, "Its value").type_text("1");
    screen.run_steps(2);
    press(&mut screen, "Arm this fault");
    let acts = acts(&mut screen);
    let [SandboxAct::SetFaults(faults)] = acts.as_slice() else { panic!("{acts:?}") };
    let mine =
        Fault { field: Some("amount".into()), value: Some(1.into()), ..Fault::new(Hop::Areq, FaultKind::SetField) };
    assert_eq!((faults.len(), faults.last()), (3, Some(&mine)));
    assert_eq!(faults[0].hop, Hop::Ares);
}

#[test]
fn armed_faults_are_listed_removed_and_copied() {
    let mut screen = panel(&overview());
    screen.get_by_role_and_label(Role::Tab, "Faults").click();
    screen.run_steps(3);
    screen.get_by_label("happened 2 times, used up");
    screen.get_by_label("has not happened, once more");
    press(&mut screen, "Remove: Has a wrong member: transStatus = Z");
    press(&mut screen, "Clear all");
    let acts = acts(&mut screen);
    let [SandboxAct::SetFaults(one), SandboxAct::SetFaults(none)] = acts.as_slice() else { panic!("{acts:?}") };
    assert_eq!((one.len(), one[0].hop, none.len()), (1, Hop::Api, 0));
    screen.get_by_label("Copy as file").click();
    screen.step();
    let copied = screen.output().platform_output.commands.iter().find_map(|command| match command {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    let copied = copied.expect("a copy");
    assert!(copied.starts_with("# Seed 7") && copied.contains("[[faults]]") && copied.contains("hop = \"ares\""));
}

// --- Sessions and phone

#[test]
fn a_session_shows_what_the_api_hides_and_can_be_ended() {
    let mut screen = panel(&overview());
    press(&mut screen, &format!("{} challenged …4242 USD 65.40", session::SID));
    for said in ["wrong codes", "prepared_result", "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8", "≠ timezone", "1 differ"] {
        screen.get_by_label(said);
    }
    press(&mut screen, "As timed out");
    let id = SessionId(session::SID.into());
    assert_eq!(acts(&mut screen), [SandboxAct::EndChallenge(id, AppResult::Timeout)]);
    press(&mut screen, "Show on the timeline");
    screen.get_by_label("Your turn");
}

#[test]
fn a_session_that_is_over_cannot_be_ended() {
    let mut screen = panel(&overview());
    press(&mut screen, "sid_approvedapprovedapprovedap approved …6584 JPY 500");
    assert!(screen.get_by_label("As passed").accesskit_node().is_disabled());
    screen.get_by_label_contains("Created by another program");
}

#[test]
fn the_phone_shows_codes_and_lets_the_app_decide() {
    let mut screen = panel(&overview());
    screen.get_by_role_and_label(Role::Tab, "Phone").click();
    screen.run_steps(3);
    screen.get_by_label("482913");
    screen.get_by_label("Copy code");
    press(&mut screen, "Deny");
    let id = SessionId("sid_bankappbankappbankappbanka".into());
    assert_eq!(acts(&mut screen), [SandboxAct::Decide(id, PhoneAct::Deny)]);
    let mut decided = overview();
    decided["sessions"][0]["phone"][0]["decided"] = "approve".into();
    let taken = std::mem::take(&mut screen.state_mut().workspace);
    screen.state_mut().workspace = known(taken, &decided);
    screen.run_steps(2);
    screen.get_by_label("Approved on the phone");
    assert!(screen.query_by_label("Deny").is_none());
}

#[test]
fn the_turn_card_asks_as_the_bank_app_does() {
    let mut run = session::waiting(ONE);
    run.phone_message_sent(PhoneMessage {
        kind: PhoneKind::Push,
        session: SessionId(session::SID.into()),
        at: session::at(9_000),
        sender: "Larkfield Bank".into(),
        text: "Approve USD 65.40 at Fern & Fable?".into(),
        code: String::new(),
    });
    let mut screen = window([1440.0, 900.0], session::workspace([run]));
    press(&mut screen, "Approve");
    let id = SessionId(session::SID.into());
    assert_eq!(acts(&mut screen), [SandboxAct::Decide(id, PhoneAct::Approve)]);
}

#[test]
fn empty_it_says_what_to_do() {
    let mut screen = panel(&json!({"now": "2026-11-28T12:00:00Z"}));
    screen.get_by_label_contains("No session yet");
    screen.get_by_role_and_label(Role::Tab, "Phone").click();
    screen.run_steps(3);
    screen.get_by_label_contains("No message yet");
    screen.get_by_role_and_label(Role::Tab, "Faults").click();
    screen.run_steps(3);
    screen.get_by_label_contains("No fault is armed");
}

// --- Against the real thing

fn settle(bench: &mut support::Bench, what: &str, act: SandboxAct, holds: impl Fn(&Overview) -> bool) {
    bench.engine.dispatch(Command::Sandbox(act));
    let number = bench.engine.workspace().sandbox.asked;
    bench.until(what, |workspace| {
        let known = &workspace.sandbox;
        known.answered >= number && known.overview.as_deref().is_some_and(&holds)
    });
}

#[test]
fn the_real_sandbox_does_what_the_panel_asks() {
    let mut bench = support::bench();
    settle(&mut bench, "a look", SandboxAct::Look, |seen| seen.now.is_some() && seen.mode == Mode::Run);
    let before = bench.engine.workspace().sandbox.overview.as_ref().unwrap().now.unwrap();
    settle(&mut bench, "a frozen clock", SandboxAct::FreezeClock, |seen| seen.mode == Mode::Freeze);
    settle(&mut bench, "a jump", SandboxAct::Jump(Duration::from_secs(600)), |seen| {
        seen.now.unwrap().duration_since(before).as_secs() >= 600
    });
    let fault = Fault { status: Some(503), ..Fault::new(Hop::Api, FaultKind::Status) };
    settle(&mut bench, "a fault", SandboxAct::SetFaults(vec![fault]), |seen| seen.faults_on() == 1);
    settle(&mut bench, "no fault", SandboxAct::SetFaults(Vec::new()), |seen| seen.faults.is_empty());
    settle(&mut bench, "an armed scenario", SandboxAct::Arm("S023".into(), 2), |seen| seen.armed.is_some());
    settle(&mut bench, "none", SandboxAct::Arm("S023".into(), 0), |seen| seen.armed.is_none());

    // Events of a run leave the user's frozen clock alone.
    let run = bench.start(support::plan(Default::default()));
    bench.end_of(run);
    settle(&mut bench, "still frozen", SandboxAct::Look, |seen| seen.mode == Mode::Freeze && seen.count == 1);
    settle(&mut bench, "a running clock", SandboxAct::RunClock, |seen| seen.mode == Mode::Run);
    settle(&mut bench, "a reset", SandboxAct::Reset, |seen| seen.sessions.is_empty());
}

#[test]
fn a_scenario_is_armed_before_its_run_begins() {
    let mut bench = support::bench();
    let plan = Plan { unattended: false, ..support::plan_with_card(Default::default(), "4485040371536584") };
    let arm = SandboxAct::Arm("S023".into(), 1); // declined after a challenge, whatever the card
    bench.engine.dispatch(Command::Sandbox(SandboxAct::Try(Box::new(arm), Box::new(plan))));
    bench.until("a run", |workspace| workspace.newest_run().is_some_and(|run| !run.is_open()));
    let run = bench.engine.workspace().newest_run().unwrap();
    assert!(run.progress.path.iter().any(|action| action.word() == "challenge_cardholder"), "{:?}", run.progress.path);
}

#[test]
fn a_scenario_that_cannot_be_armed_is_not_run() {
    let mut bench = support::bench();
    let arm = SandboxAct::Arm("NONE-SUCH".into(), 1);
    let act = SandboxAct::Try(Box::new(arm), Box::new(support::plan(Default::default())));
    bench.engine.dispatch(Command::Sandbox(act));
    bench.until("a notice", |workspace| !workspace.notices.is_empty());
    assert!(bench.engine.workspace().runs.is_empty());
}

// --- Speed and pictures

/// The window's fonts have no Arabic: the code is readable, the words are explained and copied.
#[test]
fn a_message_in_a_script_that_cannot_be_drawn_is_explained() {
    let mut raw = overview();
    raw["sessions"][0]["phone"] =
        json!([{"kind": "sms", "sender": "بنك باب النخيل", "text": "كلمة المرور 123456", "code": "123456"}]);
    let mut screen = panel(&raw);
    press(&mut screen, "Phone");
    screen.get_by_label("Bank (in another script)");
    screen.get_by_label("The bank sends a code for this payment.");
    screen.get_by_label("123456");
    screen.get_by_label("Copy message");
}
