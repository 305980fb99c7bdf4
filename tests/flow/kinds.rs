//! Every kind of session to its end: 3-D Secure 1, the app, merchant-initiated.

use serde_json::{Value, json};
use sessions_console::bus::Command;
use sessions_console::model::draft::{Body, Channel, Completion, Draft};
use sessions_console::model::exchange::{Step, header};
use sessions_console::model::profile::{Environment, Profile, ProfileId};
use sessions_console::model::run::{Answer, AppResult, Phase, Plan, Return, Run, Shopper, What};
use sessions_console::model::settings::Pace;

use super::documents::{body_of, sent};
use crate::support::{Bench, bench, drawn, lines, plan, set, status};

fn path(run: &Run) -> Vec<&str> {
    run.progress.path.iter().map(|action| action.word()).collect()
}

fn text<'a>(run: &'a Run, pointer: &str) -> Option<&'a str> {
    run.session().and_then(|session| session.text(pointer))
}

// --- 3-D Secure 1

/// The amount that forces the fallback. Source: sessions-api.md 7.3.
const FALLBACK: i64 = 123_321;

fn legacy(completion: Completion, card: &str) -> Plan {
    drawn(completion, |draft| {
        set(draft, "/source/number", card.into());
        set(draft, "/amount", FALLBACK.into());
    })
}

#[test]
fn three_ds_1_is_answered_on_the_banks_page_and_read_from_the_api() {
    for (card, expected, eci) in [
        ("4242424242424242", "approved", "05"),
        ("4929640381570541", "declined", "07"),
        ("4024007177756441", "attempted", "06"),
        ("4916734820332269", "unavailable", "07"),
    ] {
        let mut bench = bench();
        let id = bench.start(legacy(Completion::NonHosted, card));
        let run = bench.end_of(id);
        assert_eq!(status(run), expected, "{card}\n{}", lines(run).join("\n"));
        assert_eq!((text(run, "/protocol_version"), text(run, "/eci")), (Some("1.0.2"), Some(eci)));
        assert_eq!(text(run, "/status_reason"), Some("pares_status"));
        assert_eq!(path(run), ["authenticate", "complete"]);
        assert!(run.progress.confirmed && run.progress.callbacks == 1);
    }
}

#[test]
fn three_ds_1_waits_for_a_person_who_answers_himself() {
    for (answer, good) in [(Answer::Here, true), (Answer::Abandon, false)] {
        let mut bench = bench();
        let id = bench.start(Plan { shopper: Shopper::Person, ..legacy(Completion::NonHosted, "4242424242424242") });
        let turn = bench.turn_with(id, Step::Authenticate);
        assert_eq!(turn.answers, [Answer::Browser, Answer::Here, Answer::Abandon]);
        assert!(turn.page.is_some());
        for field in ["PaReq=", "TermUrl=", "MD=sid_"] {
            assert!(turn.request.body.contains(field), "{field} is not in {}", turn.request.body);
        }
        bench.answer(id, answer);
        let run = bench.end_of(id);
        assert_eq!(status(run) == "approved", good, "{}", lines(run).join("\n"));
    }
}

#[test]
fn hosted_three_ds_1_stays_a_redirect() {
    for (card, expected, to) in
        [("4242424242424242", "approved", Return::Success), ("4929640381570541", "declined", Return::Failure)]
    {
        let mut bench = bench();
        let id = bench.start(legacy(Completion::Hosted, card));
        let run = bench.end_of(id);
        assert_eq!((status(run), run.progress.returned_to), (expected, Some(to)), "{}", lines(run).join("\n"));
        assert_eq!(path(run), ["redirect_cardholder"]);
        assert_eq!(text(run, "/protocol_version"), Some("1.0.2"));
    }
}

// --- The app

fn app(card: &str) -> Plan {
    drawn(Completion::NonHosted, |draft| {
        set(draft, "/source/number", card.into());
        assert!(draft.set_channel(Channel::App));
    })
}

#[test]
fn an_app_session_reads_its_keys_seals_its_data_and_approves() {
    let mut bench = bench();
    let id = bench.start(app("4242424242424242"));
    let run = bench.end_of(id);
    assert_eq!((status(run), text(run, "/eci")), ("approved", Some("05")), "{}", lines(run).join("\n"));
    let read = run.entries.iter().find_map(|entry| match &entry.what {
        What::Exchange(exchange) if exchange.step == Step::Confirm => Some(exchange.clone()),
        _ => None,
    });
    let read = read.expect("the session is read before its data are sent");
    assert_eq!(header(&read.request.headers, "channel"), Some("app"));
    let data = body_of(run, Step::Collect);
    assert_eq!(data["channel"], "app");
    assert_eq!(data["sdk_encrypted_data"].as_str().map(|jwe| jwe.split('.').count()), Some(5));
    assert_eq!(data["sdk_ephem_pub_key"]["crv"], "P-256");
    assert_eq!(data["sdk_transaction_id"].as_str().map(str::len), Some(36));
    assert!(!data.to_string().contains("{{"), "{data}");
    assert!(data.get("three_ds_method_completion").is_none(), "an app has no 3DS Method");
    assert!(lines(run).iter().any(|line| line.contains("Sealed for the directory server's key")));
    assert!(!lines(run).iter().any(|line| line.starts_with("3DS Method")));
    assert_eq!(run.progress.callbacks, 1);
}

#[test]
fn the_four_results_of_the_app() {
    for (result, expected) in [
        (AppResult::Approve, "approved"),
        (AppResult::Fail, "declined"),
        (AppResult::Cancel, "challenge_abandoned"),
        (AppResult::Timeout, "expired"),
    ] {
        let mut bench = bench();
        let id = bench.start(Plan { shopper: Shopper::Person, ..app("4242424242424242") });
        let turn = bench.turn_with(id, Step::Challenge);
        assert_eq!(turn.answers, [&[Answer::Device][..], &AppResult::ALL.map(Answer::App)].concat());
        assert_eq!(turn.page, None, "there is no page of an app's challenge");
        bench.answer(id, Answer::App(result));
        let run = bench.end_of(id);
        assert_eq!(status(run), expected, "{}", lines(run).join("\n"));
        assert_eq!(sent(run, Step::Challenge).request.method, "POST");
    }
}

#[test]
fn app_data_that_nobody_can_read_end_unavailable() {
    let unreadable = |draft: &mut Draft| draft.doc_mut(Body::App).set("/sdk_encrypted_data", Some("{}".into()));
    let mut bench = bench();
    let id = bench.start(drawn(Completion::NonHosted, |draft| {
        assert!(draft.set_channel(Channel::App));
        unreadable(draft);
    }));
    let run = bench.end_of(id);
    assert_eq!((status(run), text(run, "/response_code")), ("unavailable", Some("U")), "{}", lines(run).join("\n"));
    // The same with the data in `POST /sessions`: decided at once.
    let id = bench.start(drawn(Completion::NonHosted, |draft| {
        assert!(draft.set_channel(Channel::App));
        unreadable(draft);
        assert!(draft.set_inline(true));
    }));
    let run = bench.end_of(id);
    assert_eq!((status(run), path(run)), ("unavailable", vec!["complete"]), "{}", lines(run).join("\n"));
}

#[test]
fn app_data_in_the_first_request_are_sealed_for_the_key_seen_before() {
    let inline = || {
        drawn(Completion::NonHosted, |draft| {
            assert!(draft.set_channel(Channel::App) && draft.set_inline(true));
        })
    };
    let mut bench = bench();
    let first = bench.start(inline());
    let run = bench.end_of(first);
    assert!(lines(run).iter().any(|line| line.contains("throwaway key")), "{}", lines(run).join("\n"));
    let second = bench.start(inline());
    let run = bench.end_of(second);
    assert_eq!(status(run), "approved", "{}", lines(run).join("\n"));
    assert_eq!(path(run), ["challenge_cardholder", "complete"]);
    bench.engine.dispatch(Command::MakeAppValues);
    let (number, values) = bench.engine.workspace().app_values.clone().expect("values for the builder");
    assert_eq!((number, values.sealed_for), (1, sessions_console::model::app::SealedFor::DirectoryServer));
}

/// A profile for the sandbox that does not say it is ours.
pub fn elsewhere(bench: &mut Bench) -> ProfileId {
    let embedded = bench.engine.workspace().profile().expect("the embedded profile").clone();
    let mut profile = Profile::new(ProfileId("elsewhere".into()), Environment::Custom);
    (profile.base_url, profile.token_url, profile.client_id) =
        (embedded.base_url, embedded.token_url, embedded.client_id);
    let id = profile.id.clone();
    bench.engine.dispatch(Command::SaveProfile(profile));
    bench.engine.dispatch(Command::UseProfile(id.clone()));
    let secret = bench.engine.sandbox().expect("a sandbox").client_secret().clone();
    bench.engine.dispatch(Command::SetSecret(id.clone(), secret));
    id
}

/// An app whose private key is not here.
pub fn app_with_its_own_key() -> Plan {
    let key = json!({"kty": "EC", "crv": "P-256", "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
        "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"});
    drawn(Completion::NonHosted, |draft| {
        set(draft, "/source/number", "4242424242424242".into());
        assert!(draft.set_channel(Channel::App));
        draft.doc_mut(Body::App).set("/sdk_ephem_pub_key", Some(key));
    })
}

#[test]
fn outside_our_sandbox_the_app_itself_must_answer() {
    let mut bench = bench();
    let profile = elsewhere(&mut bench);
    let id = bench.start(Plan { profile, ..app_with_its_own_key() });
    let turn = bench.turn_with(id, Step::Confirm);
    assert!(turn.problem.is_none() && turn.answers.is_empty());
    assert!(turn.notice.is_some_and(|notice| notice.contains("acs.signed_content")));
    // Reading it changes nothing: it is still the app's turn.
    bench.engine.dispatch(Command::Send(id, turn.request.clone()));
    let turn = bench.turn_with(id, Step::Confirm);
    // The app answers, by its own way; then reading it ends the wait.
    let session = bench.run(id).session_id().expect("a session").clone();
    let base = bench.engine.workspace().profile().expect("a profile").base_url.clone();
    let other = bench.start(plan(Completion::NonHosted));
    bench.end_of(other);
    let mut stand_in = turn.request.clone();
    (stand_in.method, stand_in.url) = ("POST".into(), format!("{base}/simulator/acs/app-challenge/{session}"));
    stand_in.body = json!({"result": "approve"}).to_string();
    stand_in.headers.push(("Content-Type".into(), "application/json".into()));
    bench.engine.dispatch(Command::Send(id, stand_in));
    bench.until("the app's turn again, or the end", |w| !matches!(w.runs[&id].phase, Phase::Working(_)));
    if matches!(bench.run(id).phase, Phase::Waiting(_)) {
        bench.engine.dispatch(Command::Send(id, turn.request));
    }
    assert_eq!(status(bench.end_of(id)), "approved");
}

// --- Merchant-initiated

fn recurring(initial: Option<&str>) -> Plan {
    drawn(Completion::NonHosted, |draft| {
        set(draft, "/source/number", "4485040371536584".into());
        set(draft, "/authentication_type", "recurring".into());
        if let Some(initial) = initial {
            set(draft, "/initial_transaction", json!({ "initial_session_id": initial }));
        }
        assert!(draft.set_channel(Channel::MerchantInitiated));
    })
}

#[test]
fn a_merchant_initiated_session_is_decided_at_once_and_then_completed() {
    let mut bench = bench();
    let id = bench.start(recurring(None));
    let run = bench.end_of(id);
    assert_eq!((status(run), text(run, "/response_status_reason")), ("unavailable", Some("21")));
    assert_eq!((path(run), run.progress.callbacks), (vec!["complete"], 1), "{}", lines(run).join("\n"));
    let first = bench.start(plan(Completion::NonHosted));
    bench.end_of(first);
    let id = bench.start(recurring(Some("{{previous.id}}")));
    let run = bench.end_of(id);
    assert_eq!((status(run), path(run)), ("approved", vec!["complete"]), "{}", lines(run).join("\n"));
    assert!(run.progress.confirmed && run.session().is_some_and(|session| session.completed() == Some(true)));
}

#[test]
fn a_merchant_initiated_session_without_a_callback_is_completed_quietly() {
    let mut bench = bench();
    let mut quiet = recurring(None);
    let mut body: Value = serde_json::from_str(&quiet.body).expect("JSON");
    body["completion"] = json!({"type": "non_hosted"});
    quiet.body = body.to_string();
    let id = bench.start(Plan { pace: Pace::Auto, ..quiet });
    let run = bench.end_of(id);
    assert_eq!((run.progress.completed, run.progress.callbacks), (true, 0), "{}", lines(run).join("\n"));
}
