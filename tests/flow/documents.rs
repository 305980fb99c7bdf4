//! Every request comes from a document that can be edited, and what a person mends while a
//! run waits is what goes out.

use serde_json::{Value, json};
use sessions_console::bus::Command;
use sessions_console::model::draft::{Body, Completion, Draft};
use sessions_console::model::exchange::{Exchange, Step, header};
use sessions_console::model::run::{Answer, Phase, Plan, Run, Shopper, StepRequest, What};
use sessions_console::model::settings::Pace;

use crate::support::{bench, lines, plan, status};

/// The newest exchange of a step.
pub fn sent(run: &Run, step: Step) -> &Exchange {
    let exchanges = run.entries.iter().rev().filter_map(|entry| match &entry.what {
        What::Exchange(exchange) if exchange.step == step => Some(exchange.as_ref()),
        _ => None,
    });
    exchanges.into_iter().next().unwrap_or_else(|| panic!("no {step}\n{}", lines(run).join("\n")))
}

pub fn body_of(run: &Run, step: Step) -> Value {
    serde_json::from_slice(&sent(run, step).request.body).expect("a JSON body")
}

/// Channel data inside `POST /sessions`, without a word on the 3DS Method.
fn inline() -> Plan {
    let base = plan(Completion::NonHosted);
    let mut draft = Draft::new(Completion::NonHosted);
    assert!(draft.set_inline(true));
    Plan { pace: base.pace, shopper: base.shopper, ..Plan::of(&draft, base.profile) }
}

#[test]
fn the_fingerprint_document_is_sent_and_what_is_absent_is_filled_in() {
    for (document, expected) in [
        ("{}", json!({"three_ds_method_completion": "Y"})),
        (r#"{"three_ds_method_completion": "N"}"#, json!({"three_ds_method_completion": "N"})),
        (r#"{"mine": "{{session.scheme}}"}"#, json!({"mine": "visa", "three_ds_method_completion": "Y"})),
    ] {
        let mut bench = bench();
        let id = bench.start(Plan { fingerprint: document.into(), ..inline() });
        let run = bench.end_of(id);
        assert_eq!(body_of(run, Step::Fingerprint), expected, "{}", lines(run).join("\n"));
        assert_eq!(status(run), "approved");
    }
}

#[test]
fn the_payment_document_is_filled_in_from_the_session() {
    let mut bench = bench();
    let by_values = r#"{"amount": 7, "3ds": {"enabled": true, "eci": "{{session.eci}}", "version": "{{session.protocol_version}}"}}"#;
    let id = bench.start(Plan { payment: by_values.into(), ..plan(Completion::NonHosted) });
    bench.end_of(id);
    bench.engine.dispatch(Command::Do(id, Step::Authorise));
    bench.until("an answer", |w| !matches!(w.runs[&id].phase, Phase::Working(_)));
    let body = body_of(bench.run(id), Step::Authorise);
    assert_eq!((&body["amount"], &body["currency"]), (&json!(7), &json!("USD")));
    assert_eq!(body["3ds"], json!({"enabled": true, "eci": "05", "version": "2.2.0"}));
    assert_eq!(body["source"]["number"], "4242424242424242");
}

#[test]
fn a_session_is_authorised_by_its_id_or_by_its_values() {
    let mut bench = bench();
    let id = bench.start(plan(Completion::NonHosted));
    let session = bench.end_of(id).session().expect("a session").clone();
    bench.engine.dispatch(Command::AuthoriseByValues(id));
    bench.until("an answer", |w| !matches!(w.runs[&id].phase, Phase::Working(_)));
    let proof = body_of(bench.run(id), Step::Authorise)["3ds"].clone();
    let text = |pointer: &str| session.text(pointer).expect("a member").to_owned();
    let expected = json!({
        "enabled": true, "eci": "05", "cryptogram": text("/cryptogram"), "xid": text("/xid"), "version": "2.2.0"
    });
    assert_eq!(proof, expected);
    bench.engine.dispatch(Command::Do(id, Step::Authorise));
    bench.until("another", |w| body_of(&w.runs[&id], Step::Authorise)["3ds"] != expected);
    let proof = body_of(bench.run(id), Step::Authorise)["3ds"].clone();
    assert_eq!(proof, json!({"enabled": true, "authentication_id": session.id.0}));
}

#[test]
fn the_next_run_can_name_the_session_before() {
    let mut bench = bench();
    let first = bench.start(plan(Completion::NonHosted));
    let session = bench.end_of(first).session_id().expect("a session").clone();
    let mut next = plan(Completion::NonHosted);
    next.body = next.body.replace("INV-1001", "after {{previous.id}}");
    let second = bench.start(next);
    let run = bench.end_of(second);
    let reference = run.session().and_then(|session| session.text("/reference"));
    assert_eq!(reference, Some(format!("after {session}").as_str()));
    let shown = bench.engine.workspace().values.resolve("{{previous.id}}");
    assert_eq!(
        Some(shown.as_str()),
        bench.run(second).session_id().map(|id| id.0.as_str()),
        "and the builder shows it"
    );
}

#[test]
fn what_is_mended_in_the_form_is_what_a_retry_sends() {
    let mut bench = bench();
    let right = plan(Completion::NonHosted);
    let wrong = Plan { body: right.body.replace("\"USD\"", "\"dollars\""), ..right.clone() };
    let id = bench.start(wrong);
    assert!(bench.turn_of(id).request.body.contains("dollars"));
    bench.engine.dispatch(Command::Replan(id, Box::new(right)));
    bench.until("the mended request", |w| {
        matches!(&w.runs[&id].phase, Phase::Waiting(turn) if turn.request.body.contains("\"USD\"") && turn.problem.is_some())
    });
    let turn = bench.turn_of(id);
    bench.engine.dispatch(Command::Send(id, turn.request));
    let run = bench.end_of(id);
    assert_eq!(status(run), "approved");
    assert!(run.plan.body.contains("\"USD\""), "«Run again» sends the mended body too");
}

#[test]
fn what_was_sent_already_stays_when_the_form_changes() {
    let mut bench = bench();
    let first = plan(Completion::NonHosted);
    let id = bench.start(Plan { pace: Pace::Manual, ..first.clone() });
    let create = bench.turn_with(id, Step::Create);
    bench.engine.dispatch(Command::Send(id, create.request));
    bench.turn_with(id, Step::Method);
    bench.engine.dispatch(Command::Skip(id));
    bench.turn_with(id, Step::Collect);
    let later = Plan {
        body: first.body.replace("INV-1001", "INV-NEXT"),
        collect: first.collect.replace("en-GB", "cy-GB"),
        ..first.clone()
    };
    bench.engine.dispatch(Command::Replan(id, Box::new(later)));
    bench.until(
        "the mended data",
        |w| matches!(&w.runs[&id].phase, Phase::Waiting(turn) if turn.request.body.contains("cy-GB")),
    );
    let turn = bench.turn_of(id);
    assert!(turn.request.body.contains("\"three_ds_method_completion\": \"U\""), "{}", turn.request.body);
    assert_eq!(bench.run(id).plan.body, first.body);
}

#[test]
fn an_answer_takes_the_request_as_it_was_edited() {
    let mut bench = bench();
    let id = bench.start(Plan { shopper: Shopper::Person, ..plan(Completion::NonHosted) });
    let turn = bench.turn_with(id, Step::Challenge);
    let mut edited = turn.request.clone();
    edited.headers.push(("X-Mine".into(), "1".into()));
    // For a browser the page changes, and the turn stays.
    let moved = StepRequest { url: format!("{}?mine", turn.request.url), ..turn.request };
    bench.engine.dispatch(Command::Answer(id, Answer::Browser, Box::new(moved)));
    bench.until(
        "the turn with it",
        |w| matches!(&w.runs[&id].phase, Phase::Waiting(turn) if turn.request.url.ends_with("?mine")),
    );
    bench.engine.dispatch(Command::Answer(id, Answer::Here, Box::new(edited)));
    let run = bench.end_of(id);
    assert_eq!(status(run), "approved");
    let first = run.entries.iter().find_map(|entry| match &entry.what {
        What::Exchange(exchange) if exchange.step == Step::Challenge => Some(exchange),
        _ => None,
    });
    let exchange = first.expect("the bank's page was asked for");
    assert_eq!(header(&exchange.request.headers, "X-Mine"), Some("1"));
    assert!(!exchange.path().ends_with("?mine"));
}

/// The draft's own words of a payment survive.
#[test]
fn a_payment_of_another_source_is_left_alone() {
    let mut draft = Draft::new(Completion::NonHosted);
    draft.doc_mut(Body::Payment).set("/source", Some(json!({"type": "token", "token": "tok_mine"})));
    let base = plan(Completion::NonHosted);
    let mut bench = bench();
    let id = bench.start(Plan { payment: draft.doc(Body::Payment).text().into(), ..base });
    bench.end_of(id);
    bench.engine.dispatch(Command::Do(id, Step::Authorise));
    bench.until("an answer", |w| !matches!(w.runs[&id].phase, Phase::Working(_)));
    assert_eq!(body_of(bench.run(id), Step::Authorise)["source"], json!({"type": "token", "token": "tok_mine"}));
}
