//! The states of a session and its moments, by their labels.

use sessions_console::model::api::Status;
use sessions_console::model::draft::{Channel, Completion};
use sessions_console::model::moment::{self, Then};
use sessions_console::model::run::Plan;
use sessions_console::model::states::{self, Shape};
use sessions_console::model::trace::{Part, Question, Spot, Subject};
use sessions_console::ui::link::Link;
use sessions_console::ui::timeline::View;

use super::*;

/// A call of the shop: when, how long, what, request line, status of the answer, the answer.
fn call(run: &mut Run, at: u64, took: u64, step: Step, line: &str, (status, answer): (u16, Value)) {
    let lanes = (sessions_console::model::Lane::Merchant, sessions_console::model::Lane::Sessions);
    run.exchanged(session::exchange(&session::Call { at, took, lanes, step, line, body: b"{}", status, answer }));
}

fn get(run: &mut Run, at: u64, answer: Value) {
    call(run, at, 9, Step::Confirm, &format!("GET /sessions/{}", session::SID), (200, answer));
}

fn approved(actions: &[&str], challenged: bool) -> Value {
    let more = json!({
        "approved": true, "challenged": challenged, "response_code": "Y", "eci": "05",
        "cryptogram": "V+v37FmuAPB9rCVyIpjY4BZ5RfQ=", "status_reason": "ares_status",
    });
    session::session("approved", actions, more)
}

fn begun(plan: Plan, answer: (u16, Value)) -> Run {
    let mut run = Run::new(ONE, plan, session::at(0));
    run.step_began(Step::Create, session::at(0));
    call(&mut run, 18, 41, Step::Create, "POST /sessions", answer);
    run
}

/// Created; the API wants fingerprint and channel data.
fn pending() -> Run {
    let actions = ["issuer_fingerprint", "collect_channel_data"];
    let more = json!({"_links": {"three_ds_method_url": {"href": "http://127.0.0.1:8787/simulator/acs/method"}}});
    begun(session::plan(), (202, session::session("pending", &actions, more)))
}

/// Approved, and then challenged again: the machine has no such change.
fn forbidden() -> Run {
    let mut run = session::finished(ONE);
    get(&mut run, 9300, session::session("challenged", &["challenge_cardholder"], json!({"response_code": "C"})));
    run.ended(Phase::Ended, session::at(9400));
    run
}

/// The hosted page did all, a challenge included; the shop only reads the result.
fn hosted() -> Run {
    let plan = Plan { completion: Completion::Hosted, ..session::plan() };
    let links = json!({"_links": {"redirect_url": {"href": "http://127.0.0.1:8787/sessions-interceptor/x"}}});
    let mut run = begun(plan, (202, session::session("pending", &["redirect_cardholder"], links)));
    get(&mut run, 7410, approved(&[], true));
    run.ended(Phase::Ended, session::at(7500));
    run
}

/// Decided at once, nobody there.
fn initiated() -> Run {
    let plan = Plan { channel: Channel::MerchantInitiated, ..session::plan() };
    begun(plan, (201, approved(&["complete"], false)))
}

/// A card that is only in 3-D Secure 1.
fn legacy() -> Run {
    let old = json!({"protocol_version": "1.0.2", "pareq": "eJxVUstuwjAQvPMVUe7E"});
    let mut run = begun(session::plan(), (201, session::session("pending", &["authenticate"], old)));
    let mut answer = approved(&["complete"], true);
    answer["protocol_version"] = json!("1.0.2");
    get(&mut run, 3200, answer);
    run
}

fn on(run: Run, now: u64, view: View) -> App {
    let mut app = App::new(vec![run], now);
    app.timeline = timeline::Panel::new(view);
    app
}

fn states_of<'a>(run: Run, now: u64) -> Window<'a> {
    sized(on(run, now, View::States), [1064.0, 1400.0], egui::Theme::Dark)
}

fn button(window: &mut Window, label: &str) {
    window.get_by_role_and_label(Role::Button, label).click();
    window.run_steps(3);
}

fn has(window: &Window, words: &str) -> bool {
    window.query_all_by_label_contains(words).next().is_some()
}

// --- The model, on recorded runs

#[test]
fn the_way_of_a_run_names_row_moment_and_cause_of_each_change() {
    let run = session::finished(ONE);
    let path = states::path(&run);
    let told: Vec<(usize, Option<&str>, &str, &str)> = path
        .iter()
        .map(|change| (change.number, change.from.as_ref().map(Status::word), change.to.word(), change.cause.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (1, None, "pending", "POST sessions"),
            (2, Some("pending"), "challenged", "PUT collect-data"),
            (3, Some("challenged"), "approved", "GET session"),
        ]
    );
    assert_eq!(path[1].entry, exchange_of(&run, Step::Collect));
    assert_eq!(path[1].at, Duration::from_millis(284 + 168), "when the answer was there");
    assert_eq!(path[1].through, [Status::Processing], "the contract says so, nobody saw it");
    assert!(path.iter().all(|change| change.breach.is_none()));
}

#[test]
fn a_change_that_the_machine_does_not_have_is_marked_and_only_that() {
    let path = states::path(&forbidden());
    let broken: Vec<usize> = path.iter().filter(|change| change.breach.is_some()).map(|change| change.number).collect();
    assert_eq!(broken, [4]);
    assert_eq!(path[3].breach.as_deref(), Some("approved is final: nothing leads to challenged"));
}

#[test]
fn what_was_passed_unseen_is_told_by_the_answer() {
    let through = |run: &Run| states::path(run).pop().expect("a change").through;
    assert_eq!(through(&hosted()), [Status::Processing, Status::Challenged]);
    assert_eq!(through(&initiated()), [Status::Processing]);
    assert_eq!(through(&legacy()), []);
    assert_eq!(Shape::of(&legacy()).name(), "Non-hosted · browser · 3-D Secure 1");
    assert_eq!(Shape::of(&hosted()).name(), "Hosted · browser");
}

/// Rows that come one by one leave the same trail as all at once.
#[test]
fn a_trail_that_follows_rows_is_that_of_the_whole_run() {
    let mut trail = states::Trail::default();
    let mut run = pending();
    for at in 0..20_u64 {
        let (status, actions): (_, &[&str]) = match at % 4 {
            0 => ("challenged", &["challenge_cardholder"]),
            1 => ("challenged", &[]),
            2 => ("approved", &["complete"]),
            _ => ("declined", &[]),
        };
        // Every fifth began before those that came before it.
        let began = if at % 5 == 4 { 70 + at } else { 200 + 10 * at };
        get(&mut run, began, session::session(status, actions, json!({})));
        trail.follow(&run);
        assert_eq!(trail.path(&run), states::path(&run), "after {at}");
    }
    assert!(states::path(&run).len() > 8);
}

#[test]
fn a_moment_knows_what_had_begun_and_the_session_as_it_was() {
    let run = session::finished(ONE);
    let path = states::path(&run);
    let then = |ms| Then::of(&run, &path, Duration::from_millis(ms));
    let create = exchange_of(&run, Step::Create);
    assert_eq!(then(58).status(), None, "the answer was still on its way");
    assert_eq!(then(58).under_way.len(), 1);
    assert_eq!(then(59).status(), Some(&Status::Pending));
    assert_eq!(then(59).spot(), Some(Spot { entry: create, part: Part::Response, path: None }));
    assert_eq!(then(59).begun, 2, "token and create");
    assert_eq!(then(4870).status(), Some(&Status::Challenged));
    assert_eq!(then(4870).standing.waits, "the bank waits for the shopper");
    let until = then(4870).standing.until.expect("a deadline");
    // Ten minutes from the CReq, which was answered at 0.479 s.
    assert_eq!((until.at, until.then), (Duration::from_millis(600_479), "expired"));
    assert_eq!(then(60_000).status(), Some(&Status::Approved));
    assert_eq!(then(60_000).standing.until, None);
    assert_eq!(moment::newest(&run), then(60_000).spot());
}

#[test]
fn moments_are_walked_from_event_to_event() {
    let run = session::finished(ONE);
    let ms = Duration::from_millis;
    assert_eq!(moment::after(&run, ms(0)), Some(ms(14)), "the token is there");
    assert_eq!(moment::before(&run, ms(59)), Some(ms(18)), "create began");
    assert_eq!(moment::before(&run, ms(0)), None);
    assert_eq!(moment::after(&run, run.length()), None);
    assert_eq!(moment::near(&run, ms(15), ms(3)), Some(ms(14)));
    assert_eq!(moment::near(&run, ms(4000), ms(3)), None);
}

#[test]
fn time_that_is_let_pass_brings_the_deadline_nearer() {
    let mut run = pending();
    let until = |run: &Run| states::standing(run, run.session(), &states::path(run), Duration::MAX).until;
    let before = until(&run).expect("the session's life").at;
    assert_eq!(before, Duration::from_millis(59 + 900_000));
    run.time_passed(Step::Collect, session::at(500), Duration::from_secs(300));
    assert_eq!(until(&run).expect("still").at, before - Duration::from_secs(300));
}

// --- The view

#[test]
fn the_diagram_tells_each_change_and_a_click_selects_its_row() {
    let mut window = states_of(session::finished(ONE), 11_000);
    button(&mut window, "2: pending to challenged, PUT collect-data, 0.452 s");
    let collect = exchange_of(&session::finished(ONE), Step::Collect);
    assert_eq!(window.state().timeline.selected, Some((ONE, collect)));
    for state in ["State pending, seen", "State processing, passed unseen", "State approved, now", "State declined"] {
        window.get_by_role_and_label(Role::Button, state);
    }
}

#[test]
fn a_change_is_reached_and_chosen_by_keyboard() {
    let mut window = states_of(session::finished(ONE), 11_000);
    window.get_by_role_and_label(Role::Button, "3: challenged to approved, GET session, 8.987 s").focus();
    window.run_steps(2);
    press(&mut window, Modifiers::NONE, Key::Enter);
    let (_, number) = window.state().timeline.selected.expect("selected");
    let run = session::finished(ONE);
    assert_eq!(run.entries.numbered(number).expect("there").status, Some(Status::Approved));
}

#[test]
fn a_state_explains_itself() {
    let mut window = states_of(session::waiting(ONE), 10_000);
    button(&mut window, "State challenged, now");
    assert!(has(&window, "The shopper's answer at the bank's page (creq, cres)"));
    assert!(has(&window, "The shopper, then the bank"));
    assert!(has(&window, "EMV 3DS, timers"));
    window.get_by_role_and_label(Role::Button, "State rejected").focus();
    window.run_steps(3);
    assert!(has(&window, "The bank refuses even to be asked: R. Do not authorise"));
}

#[test]
fn the_present_state_says_who_waits_and_how_long() {
    let window = states_of(session::waiting(ONE), 13_000);
    // Ten minutes from 0.479 s, at 13 s.
    assert!(has(&window, "The bank waits for the shopper, 9:47 left, then expired"));
    assert!(has(&window, "Can come next: approved, attempted, declined, rejected, unavailable"));
}

#[test]
fn a_held_clock_runs_out_for_nobody() {
    let mut app = on(session::waiting(ONE), 13_000, View::States);
    app.workspace.clock_held = true;
    app.workspace.settings.profiles = vec![sessions_console::model::profile::Profile::embedded()];
    let window = sized(app, [1064.0, 1400.0], egui::Theme::Dark);
    assert!(has(&window, "the clock is held, so"));
    assert!(!has(&window, "9:47 left"));
}

#[test]
fn what_is_allowed_and_what_would_be_refused_can_both_be_sent() {
    let mut window = states_of(pending(), 1_000);
    assert!(has(&window, "offered: collect_channel_data"));
    button(&mut window, "Send PUT /sessions/{id}/collect-data");
    button(&mut window, "Send anyway POST /sessions/{id}/complete");
    assert!(has(&window, "→ 403 update_not_allowed_due_to_state"));
    assert_eq!(window.state().commands, [Command::Do(ONE, Step::Collect), Command::Do(ONE, Step::Complete)]);
}

#[test]
fn a_forbidden_change_is_marked_with_what_it_breaks() {
    let mut window = states_of(forbidden(), 11_000);
    assert!(has(&window, "approved is final: nothing leads to challenged"));
    button(&mut window, "4: approved to challenged, GET session, 9.309 s, not in the contract");
    let (_, number) = window.state().timeline.selected.expect("selected");
    assert_eq!(forbidden().entries.numbered(number).expect("there").status, Some(Status::Challenged));
}

#[test]
fn why_is_asked_of_the_present_and_of_the_past() {
    let mut window = states_of(session::finished(ONE), 11_000);
    window.get_by_role_and_label(Role::Link, "Why?").click();
    window.run_steps(2);
    click_any(&mut window, "Why 2: pending to challenged, PUT collect-data, 0.452 s?");
    let collect = exchange_of(&session::finished(ONE), Step::Collect);
    assert_eq!(
        window.state_mut().timeline.take_links(),
        [Link::Why(ONE, Question::Status(None)), Link::Why(ONE, Question::Status(Some(collect)))]
    );
}

#[test]
fn a_session_that_goes_to_and_fro_for_ever_is_drawn_all_the_same() {
    let mut run = session::finished(ONE);
    for at in 0..400 {
        let status = if at % 2 == 0 { "challenged" } else { "on_hold\u{202E}" };
        get(&mut run, 10_000 + at * 20, session::session(status, &[], json!({})));
    }
    let window = states_of(run, 30_000);
    assert!(has(&window, "State on_hold\\u{202E}, now"));
    assert!(has(&window, "more changes, in the list"));
}

// --- Moments

fn moments<'a>(run: Run, now: u64, view: View) -> Window<'a> {
    let mut window = sized(on(run, now, view), [1064.0, 900.0], egui::Theme::Dark);
    click_any(&mut window, "Moments");
    window
}

fn to(window: &mut Window, key: Key, times: usize) {
    for _ in 0..times {
        press(window, Modifiers::NONE, key);
    }
}

#[test]
fn the_playhead_takes_the_list_back_and_forth() {
    let mut window = moments(session::finished(ONE), 11_000, View::List);
    let complete = "Merchant to Sessions API POST …/complete 204";
    assert!(window.query_by_label(complete).is_some());
    to(&mut window, Key::Home, 1);
    assert!(has(&window, "As of 0.000 s"));
    assert!(window.query_by_label(complete).is_none(), "not yet");
    assert!(!has(&window, "next_actions"), "the bar says when, and offers nothing");
    to(&mut window, Key::ArrowRight, 3);
    // 0.014 the token came, 0.018 create began, 0.059 it was answered.
    assert!(has(&window, "As of 0.059 s"));
    to(&mut window, Key::ArrowLeft, 1);
    assert!(has(&window, "As of 0.018 s"));
    assert!(window.query_by_label("Merchant to Sessions API POST /sessions").is_some(), "under way: no answer yet");
    to(&mut window, Key::End, 1);
    assert!(window.query_by_label(complete).is_some());
    assert!(!has(&window, "As of"));
}

#[test]
fn nothing_is_sent_in_the_past() {
    let mut window = moments(session::finished(ONE), 11_000, View::States);
    to(&mut window, Key::Home, 1);
    to(&mut window, Key::ArrowRight, 3);
    assert!(has(&window, "State pending, then"));
    assert!(has(&window, "The API waits for fingerprint and channel data"));
    button(&mut window, "Send PUT /sessions/{id}/collect-data");
    assert!(window.state().commands.is_empty());
    assert!(!has(&window, "Do again…"));
    button(&mut window, "Back to now");
    assert!(has(&window, "State approved, now"));
}

#[test]
fn the_session_as_it_was_opens_and_two_moments_are_compared() {
    let mut window = moments(session::finished(ONE), 11_000, View::List);
    let run = session::finished(ONE);
    let spot = |step| Spot { entry: exchange_of(&run, step), part: Part::Response, path: None };
    to(&mut window, Key::Home, 1);
    button(&mut window, "Session then");
    assert!(window.state_mut().timeline.take_links().is_empty(), "there was none yet");
    to_moment(&mut window, "0.059 s");
    button(&mut window, "Session then");
    assert_eq!(window.state_mut().timeline.take_links(), [Link::Spot(ONE, spot(Step::Create))]);
    button(&mut window, "Pin");
    assert!(has(&window, "Pinned here"));
    focus_track(&mut window);
    to(&mut window, Key::ArrowRight, 1);
    assert!(has(&window, "Same session as at the pin"));
    to_moment(&mut window, "0.452 s");
    // status, two next_actions, response_code, and the link to the method that is gone.
    assert!(has(&window, "5 changes"));
    button(&mut window, "Compare with pin");
    let side = |step| Subject::Payload(ONE, spot(step));
    assert_eq!(window.state_mut().timeline.take_links(), [Link::Compare(side(Step::Create), side(Step::Collect))]);
    button(&mut window, "Unpin 0.059 s");
    assert!(!has(&window, "Compare with pin"));
}

fn focus_track(window: &mut Window) {
    window.get_by_label("Moment of the session").focus();
    window.run_steps(2);
}

/// From event to event until the label says so.
fn to_moment(window: &mut Window, label: &str) {
    focus_track(window);
    for _ in 0..60 {
        if has(window, &format!("As of {label}")) {
            return;
        }
        to(window, Key::ArrowRight, 1);
    }
    panic!("no such moment: {label}");
}

#[test]
fn the_playhead_follows_the_pointer() {
    let mut window = moments(session::finished(ONE), 11_000, View::List);
    let track = window.get_by_label("Moment of the session").rect();
    window.drag_at(track.left_center() + egui::vec2(60.0, 0.0));
    window.run_steps(2);
    assert!(has(&window, "As of 0."));
    window.hover_at(track.right_center() - egui::vec2(2.0, 0.0));
    window.run_steps(2);
    assert!(!has(&window, "As of"), "the right end is the present");
    window.drop_at(track.right_center() - egui::vec2(2.0, 0.0));
    window.run_steps(2);
}
