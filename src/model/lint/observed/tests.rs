//! Each rule by bytes: a clean conversation, one thing wrong in it, the finding's row and name.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::model::delivery::{Delivery, DeliveryKind, Seq, Verdict};
use crate::model::draft::{Completion, Draft};
use crate::model::exchange::{ExchangeId, Request, Response, Timing};
use crate::model::profile::ProfileId;
use crate::model::run::Plan;
use crate::model::scheme::{METHOD_DATA, SchemeMessage};
use crate::model::steps::form;
use crate::model::{Problem, RunId, SessionId, Stamp};

const SERVER: &str = "6afa6072-9412-446b-9673-2f98b3ee98a2";
const ISSUER: &str = "375d90ad-3873-498b-9133-380cbbc8d99d";
const DIRECTORY: &str = "9d849e95-2004-452f-b4c9-aab6307b02e1";
const SID: &str = "sid_skp65s2imhnguhok7722ffif7l";

fn at(ms: u64) -> Stamp {
    let mono = Duration::from_millis(ms);
    let start = Timestamp::from_second(1_790_000_000).expect("in range");
    Stamp { wall: start + jiff::SignedDuration::try_from(mono).expect("short"), mono }
}

fn empty() -> Run {
    let plan = Plan::of(&Draft::new(Completion::NonHosted), ProfileId("embedded".into()));
    Run::new(RunId(1), plan, at(0))
}

fn headers(kind: &str) -> Headers {
    if kind.is_empty() { Vec::new() } else { vec![("Content-Type".into(), kind.into())] }
}

fn answer(status: u16, kind: &str, body: impl Into<Bytes>) -> Response {
    let (headers, body) = (headers(kind), body.into());
    Response { status, version: "HTTP/1.1".into(), headers, body, dropped_bytes: 0, cut: None }
}

fn call(ms: u64, step: Step, (from, to): (Lane, Lane), path: &str, body: &str, answer: Response) -> Exchange {
    let kind = if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
    let request = Request {
        method: if step == Step::Confirm { "GET" } else { "POST" }.into(),
        url: format!("http://127.0.0.1:8787{path}"),
        headers: headers(kind),
        body: Bytes::copy_from_slice(body.as_bytes()),
    };
    let timing = Timing { total: Duration::from_millis(5), ..Timing::default() };
    Exchange { id: ExchangeId(ms), step, from, to, started: at(ms), request, outcome: Ok(answer), timing, masked: 0 }
}

fn api(ms: u64, step: Step, path: &str, body: &str, answered: Value) -> Exchange {
    let answer = answer(200, "application/json", answered.to_string());
    call(ms, step, (Lane::Merchant, Lane::Sessions), path, body, answer)
}

fn page(ms: u64, step: Step, body: &str) -> Exchange {
    let answer = answer(200, "text/html; charset=utf-8", "<p>A bank</p>");
    call(ms, step, (Lane::Browser, Lane::Issuer), "/simulator/acs", body, answer)
}

fn session(status: &str, more: Value) -> Value {
    let mut body = json!({
        "id": SID, "transaction_id": SERVER, "session_secret": "sek_x", "scheme": "visa", "status": status,
        "protocol_version": "2.2.0", "next_actions": [], "ds": {"transaction_id": DIRECTORY},
        "acs": {"transaction_id": ISSUER},
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

fn approved() -> Value {
    session("approved", json!({"response_code": "Y", "eci": "05", "cryptogram": "V+v37FmuAPB9rCVyIpjY4BZ5RfQ="}))
}

fn message(ms: u64, kind: &'static str, (from, to): (Lane, Lane), body: impl Into<Bytes>) -> SchemeMessage {
    let (session, gist) = (SessionId(SID.into()), String::new());
    SchemeMessage { session, kind, from, to, at: at(ms), took: Duration::ZERO, gist, body: body.into() }
}

fn said(kind: &str, more: Value) -> String {
    let mut body = json!({
        "messageType": kind, "messageVersion": "2.2.0", "threeDSServerTransID": SERVER, "dsTransID": DIRECTORY,
        "acsTransID": ISSUER, "deviceChannel": "02", "messageCategory": "01", "acctNumber": "****************",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body.to_string()
}

const UP: (Lane, Lane) = (Lane::Issuer, Lane::Directory);
const IN: (Lane, Lane) = (Lane::Directory, Lane::Sessions);
const OUT: (Lane, Lane) = (Lane::Sessions, Lane::Directory);
const DOWN: (Lane, Lane) = (Lane::Directory, Lane::Issuer);

fn encoded(body: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(body)
}

fn cres(more: Value) -> String {
    let mut body = json!({
        "threeDSServerTransID": SERVER, "acsTransID": ISSUER, "messageType": "CRes", "messageVersion": "2.2.0",
        "transStatus": "Y",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body.to_string()
}

fn delivery(ms: u64, kind: DeliveryKind, body: impl Into<Bytes>, verdict: Verdict) -> Arc<Delivery> {
    let json = kind == DeliveryKind::Callback;
    Arc::new(Delivery {
        seq: Seq(ms),
        at: at(ms),
        kind,
        run: Some(RunId(1)),
        session: None,
        peer: ([127, 0, 0, 1], 4000).into(),
        method: "POST".into(),
        target: "/c/t/x".into(),
        headers: headers(if json { "application/json" } else { "application/x-www-form-urlencoded" }),
        head: Bytes::new(),
        body: body.into(),
        verdict,
        answered: 200,
    })
}

fn notified(ms: u64, fields: &[(&str, &str)]) -> Arc<Delivery> {
    delivery(ms, DeliveryKind::ChallengeNotification, form(fields), Verdict::Addressed)
}

/// The hidden messages of a challenge that ends well, in order.
fn conversation() -> Vec<SchemeMessage> {
    let ares = said("ARes", json!({"transStatus": "C"}));
    let rreq = said("RReq", json!({"transStatus": "Y"}));
    let rres = said("RRes", json!({"resultsStatus": "01"}));
    vec![
        message(100, "AReq", OUT, said("AReq", json!({}))),
        message(101, "AReq", DOWN, said("AReq", json!({}))),
        message(102, "ARes", UP, ares.clone()),
        message(103, "ARes", IN, ares),
        message(200, "CReq", (Lane::Browser, Lane::Issuer), said("CReq", json!({}))),
        message(300, "RReq", UP, rreq.clone()),
        message(301, "RReq", IN, rreq),
        message(302, "RRes", OUT, rres.clone()),
        message(303, "RRes", DOWN, rres),
        message(304, "CRes", (Lane::Issuer, Lane::Browser), cres(json!({}))),
    ]
}

/// A run of these messages, with a good CRes and the session read as approved at its end.
fn run_of(messages: Vec<SchemeMessage>) -> Run {
    let mut run = empty();
    messages.into_iter().for_each(|message| run.scheme_message_seen(message));
    run.delivered(notified(400, &[("cres", &encoded(&cres(json!({}))))]));
    run.exchanged(Arc::new(api(500, Step::Confirm, "/sessions/x", "", approved())));
    run.ended(Phase::Ended, at(600));
    run
}

fn rules(run: &Run) -> Vec<&'static str> {
    observed(run).iter().map(|one| one.rule).collect()
}

/// The conversation with one message changed; the rules that this breaks.
fn broken(change: impl FnOnce(&mut Vec<SchemeMessage>)) -> Vec<&'static str> {
    let mut messages = conversation();
    change(&mut messages);
    rules(&run_of(messages))
}

fn find(messages: &[SchemeMessage], kind: &str, (from, to): (Lane, Lane)) -> usize {
    let place = messages.iter().position(|one| (one.kind, one.from, one.to) == (kind, from, to));
    place.expect("a message of the conversation")
}

#[test]
fn a_clean_conversation_shows_nothing() {
    assert_eq!(observed(&run_of(conversation())), []);
}

#[test]
fn an_error_message_is_named_by_its_code() {
    let mut run = empty();
    let erro = json!({
        "messageType": "Erro", "messageVersion": "2.2.0", "errorCode": "203", "errorComponent": "A",
        "errorDescription": "Value not allowed", "errorDetail": "browserColorDepth", "errorMessageType": "AReq",
    });
    run.scheme_message_seen(message(100, "Erro", IN, erro.to_string()));
    let found = observed(&run);
    assert_eq!((found.len(), found[0].rule), (1, "P203"), "{found:?}");
    assert_eq!(found[0].title, "Error 203: format or value of an element invalid");
    for words in ["the issuer (ACS)", "«browserColorDepth»", "session unavailable"] {
        assert!(found[0].message.contains(words), "{words}: {}", found[0].message);
    }
    run.scheme_message_seen(message(101, "Erro", IN, r#"{"messageType":"Erro","errorCode":"999"}"#));
    assert_eq!(rules(&run), ["P203", "P400"]);
}

#[test]
fn a_message_that_was_cut_cannot_be_read() {
    for (kind, way) in [("AReq", DOWN), ("ARes", UP), ("RReq", IN), ("RRes", OUT)] {
        let found = broken(|messages| {
            let place = find(messages, kind, way);
            let half = messages[place].body.len() / 2;
            messages[place].body.truncate(half);
        });
        assert!(found.contains(&"P001"), "{kind}: {found:?}");
    }
}

#[test]
fn a_lost_message_is_missed_where_it_should_have_been_answered() {
    let ways = [("AReq", DOWN), ("ARes", UP), ("ARes", IN), ("RReq", UP), ("RReq", IN), ("RRes", OUT), ("RRes", DOWN)];
    for (kind, way) in ways {
        // Lost is what follows it, too: nobody answers what did not arrive.
        let found = broken(|messages| {
            let place = find(messages, kind, way);
            messages.truncate(place);
        });
        assert!(found.contains(&"P002"), "{kind} {way:?}: {found:?}");
    }
    let mut run = empty();
    conversation().into_iter().for_each(|message| run.scheme_message_seen(message));
    run.exchanged(Arc::new(api(500, Step::Confirm, "/sessions/x", "", approved())));
    run.ended(Phase::Ended, at(600));
    assert_eq!(rules(&run), ["P002"], "the browser never brought the CRes");
}

#[test]
fn what_can_still_come_is_not_missed() {
    let mut run = empty();
    for message in conversation().into_iter().take(1) {
        run.scheme_message_seen(message);
    }
    assert_eq!(observed(&run), []);
}

#[test]
fn late_messages_are_late() {
    assert_eq!(broken(|messages| messages[1].took = Duration::from_secs(12)), ["P003"]);
    assert_eq!(broken(|messages| messages[1].took = Duration::from_secs(2)), ["P034"]);
    let found = broken(|messages| messages[2..].iter_mut().for_each(|one| one.at.mono += Duration::from_secs(11)));
    assert!(found.contains(&"P003"), "{found:?}");
    let found = broken(|messages| messages[4..].iter_mut().for_each(|one| one.at.mono += Duration::from_secs(31)));
    assert!(found.contains(&"L30"), "{found:?}");
}

#[test]
fn what_came_in_a_messages_place_is_judged_and_what_was_planned_is_not() {
    let fault = |hop: &str, arrived: Option<&str>, took_ms: u64| {
        let mut told = json!({"fault": {"hop": hop, "kind": "duplicate"}});
        if let Some(arrived) = arrived {
            told["arrived"] = arrived.into();
        }
        let mut row = message(305, "Fault", UP, told.to_string());
        row.took = Duration::from_millis(took_ms);
        broken(|messages| messages.push(row))
    };
    let none = [] as [&str; 0];
    assert_eq!(fault("ares", None, 0), none);
    assert_eq!(fault("ares", None, 12_000), ["P003"]);
    assert_eq!(fault("ares", None, 2_000), ["P034"]);
    assert_eq!(fault("ares", Some("{\"messageType\":"), 0), ["P001"]);
    assert_eq!(fault("ares", Some(&said("ARes", json!({"transStatus": ""}))), 0), ["P010"]);
    assert_eq!(fault("rreq", Some(&said("RReq", json!({"transStatus": "Y", "acsTransID": SERVER}))), 0), ["P007"]);
    assert_eq!(
        fault("rres", Some(&said("RRes", json!({"resultsStatus": "01", "messageVersion": "2.1.0"}))), 0),
        ["P011"]
    );
    assert_eq!(fault("rres", Some(&said("Erro", json!({"errorCode": "301"}))), 0), none);
    assert_eq!(fault("method", Some("{}"), 0), ["P010"]);
    assert_eq!(fault("veres", Some("<ThreeDSecure><enrolled>Y</enrolled></ThreeDSecure>"), 0), ["P010"]);
    assert_eq!(fault("pares", Some("<ThreeDSecure><xid>a</xid>"), 0), ["P001"]);
    assert_eq!(fault("callback", Some("{"), 0), none);
    assert_eq!(fault("moon", Some("{"), 12_000), none);
}

#[test]
fn a_first_creq_that_never_came_is_said() {
    let found = broken(|messages| {
        for way in [UP, IN] {
            let place = find(messages, "RReq", way);
            messages[place].body = said("RReq", json!({"transStatus": "N", "challengeCancel": "05"})).into();
        }
    });
    assert!(found.contains(&"L30"), "{found:?}");
}

/// One request of the browser, two messages; a page that is loaded again is another matter.
#[test]
fn a_creq_twice_is_said() {
    let creqs = |second: u64, reload: bool| {
        let mut run = empty();
        let posted = |ms: u64| Arc::new(page(ms, Step::Challenge, "x=1"));
        let creq = |ms: u64| message(ms, "CReq", (Lane::Browser, Lane::Issuer), said("CReq", json!({})));
        run.exchanged(posted(10));
        run.scheme_message_seen(creq(11));
        if reload {
            run.exchanged(posted(second - 1));
        }
        run.scheme_message_seen(creq(second));
        rules(&run)
    };
    assert_eq!(creqs(12, false), ["P004"]);
    assert_eq!(creqs(900, true), [] as [&str; 0]);
}

#[test]
fn a_message_twice_counts_once() {
    let found = broken(|messages| {
        let again = SchemeMessage { at: at(310), ..messages[find(messages, "RReq", IN)].clone() };
        messages.push(again);
    });
    assert!(found.contains(&"P004"), "{found:?}");
}

/// After `S` the shop asks a second time, with the proof.
#[test]
fn a_second_request_after_a_confirmation_is_no_message_twice() {
    let asked = |letter: &str| {
        let mut run = empty();
        for (ms, kind, way, more) in [
            (11, "AReq", OUT, json!({})),
            (12, "ARes", IN, json!({"transStatus": letter})),
            (20, "AReq", OUT, json!({})),
        ] {
            run.scheme_message_seen(message(ms, kind, way, said(kind, more)));
        }
        rules(&run).contains(&"P004")
    };
    assert!(asked("Y"));
    assert!(!asked("S"));
}

#[test]
fn the_servers_result_wins_over_the_cres() {
    let found = broken(|messages| {
        for way in [UP, IN] {
            let place = find(messages, "RReq", way);
            messages[place].body = said("RReq", json!({"transStatus": "N", "transStatusReason": "01"})).into();
        }
    });
    assert_eq!(found.iter().filter(|rule| **rule == "P005").count(), 2, "hidden and brought: {found:?}");
    assert!(found.contains(&"P006"), "the session says approved: {found:?}");
}

#[test]
fn a_cres_before_the_result_is_out_of_order() {
    let found = broken(|messages| {
        let place = find(messages, "CRes", (Lane::Issuer, Lane::Browser));
        messages[place].at = at(250);
    });
    assert!(found.contains(&"P009") && found.contains(&"P003"), "{found:?}");
    let found = broken(|messages| {
        for way in [UP, IN] {
            let place = find(messages, "ARes", way);
            messages[place].body = said("ARes", json!({"transStatus": "Y"})).into();
        }
    });
    assert!(found.contains(&"P009"), "a result after Y: {found:?}");
}

#[test]
fn wrong_ids_versions_and_members_are_named() {
    let changed = |more: Value| {
        broken(|messages| {
            let place = find(messages, "RReq", UP);
            let mut body: Value = serde_json::from_slice(&messages[place].body).expect("JSON");
            for (name, value) in more.as_object().into_iter().flatten() {
                match value {
                    Value::Null => drop(body.as_object_mut().and_then(|body| body.remove(name))),
                    value => body[name] = value.clone(),
                }
            }
            messages[place].body = body.to_string().into();
        })
    };
    assert_eq!(changed(json!({"acsTransID": SERVER})), ["P007"]);
    assert_eq!(changed(json!({"messageVersion": "2.3.1"})), ["P011"]);
    assert_eq!(changed(json!({"messageVersion": null})), ["P010"]);
    assert_eq!(changed(json!({"transStatus": null})), ["P010"]);
    assert_eq!(changed(json!({"transStatus": "X"})), ["P010"]);
    assert_eq!(changed(json!({"messageType": "AReq"})), ["P010"]);
}

#[test]
fn another_cryptogram_in_the_session_is_seen() {
    let found = broken(|messages| {
        let place = find(messages, "RReq", IN);
        messages[place].body = said("RReq", json!({"transStatus": "Y", "authenticationValue": "AAAA"})).into();
    });
    assert_eq!(found, ["P006"]);
}

/// A run in which the browser brings this.
fn brought(fields: &[(&str, &str)]) -> Vec<&'static str> {
    let mut run = empty();
    run.exchanged(Arc::new(api(10, Step::Create, "/sessions", "{}", session("challenged", json!({})))));
    let creq = encoded(&said("CReq", json!({})));
    run.exchanged(Arc::new(page(100, Step::Challenge, &form(&[("creq", &creq), ("threeDSSessionData", "b3JkZXI")]))));
    run.delivered(notified(400, fields));
    rules(&run)
}

#[test]
fn what_the_browser_brings_is_looked_at() {
    let good = encoded(&cres(json!({})));
    let data = ("threeDSSessionData", "b3JkZXI");
    assert_eq!(brought(&[("cres", &good), data]), [] as [&str; 0]);
    assert_eq!(brought(&[("cres", &good)]), ["P008"]);
    assert_eq!(brought(&[("cres", &good), ("threeDSSessionData", "other")]), ["P008"]);
    let padded = BASE64_STANDARD.encode(cres(json!({"x": "?>?>?"})));
    assert_eq!(brought(&[("cres", &padded), data]), ["L01"]);
    assert_eq!(brought(&[("cres", &encoded(&cres(json!({"acsTransID": SERVER})))), data]), ["P007"]);
    assert_eq!(brought(&[("cres", &encoded("{\"messageType\":\"CR")), data]), ["P001"]);
    assert_eq!(brought(&[("cres", "%%%"), data]), ["P001", "L41"]);
    assert_eq!(brought(&[("cres", &encoded(&cres(json!({"transStatus": "C"})))), data]), ["P010"]);
    assert_eq!(brought(&[("x", "y")]), ["P001"]);
    let erro = encoded(r#"{"messageType":"Erro","errorCode":"402","errorComponent":"A"}"#);
    assert_eq!(brought(&[("cres", &erro), data]), ["P402"]);
    let marked = BASE64_URL_SAFE_NO_PAD.encode([b"\xef\xbb\xbf", cres(json!({})).as_bytes()].concat());
    assert_eq!(brought(&[("cres", &marked), data]), ["L41"]);
}

#[test]
fn a_bare_plus_in_a_form_is_a_blank() {
    let mut run = empty();
    let creq = BASE64_STANDARD.encode(said("CReq", json!({"x": ">>>>>>???"})));
    assert!(creq.contains('+'));
    run.exchanged(Arc::new(page(100, Step::Challenge, &format!("creq={creq}"))));
    let found = rules(&run);
    assert!(found.contains(&"L02") && found.contains(&"L01"), "{found:?}");
}

/// A run that says this of the Method, with these notifications before or after.
fn method(letter: &str, notices: &[(u64, &str)]) -> Vec<&'static str> {
    let mut run = empty();
    let links = json!({"_links": {"three_ds_method_url": {"href": "http://127.0.0.1:8787/m"}}});
    run.exchanged(Arc::new(api(10, Step::Create, "/sessions", "{}", session("pending", links))));
    for (ms, id) in notices {
        let data = encoded(&json!({"threeDSServerTransID": id}).to_string());
        let body = form(&[("threeDSMethodData", &data)]);
        run.delivered(delivery(*ms, DeliveryKind::MethodNotification, body, Verdict::Addressed));
    }
    let body = json!({"channel": "browser", "three_ds_method_completion": letter}).to_string();
    run.exchanged(Arc::new(api(100, Step::Collect, "/sessions/x/collect-data", &body, session("pending", json!({})))));
    rules(&run)
}

#[test]
fn what_is_said_of_the_method_is_checked() {
    assert_eq!(method("Y", &[(50, SERVER)]), [] as [&str; 0]);
    assert_eq!(method("Y", &[]), ["L28"]);
    assert_eq!(method("U", &[]), ["L28"]);
    assert_eq!(method("N", &[]), ["P040"]);
    assert_eq!(method("N", &[(150, SERVER)]), ["P040", "P041"]);
    assert_eq!(method("N", &[(50, SERVER)]), ["L28"]);
    assert_eq!(method("Y", &[(50, ISSUER)]), ["P042"]);
}

#[test]
fn the_areq_is_about_the_methods_transaction() {
    let mut run = empty();
    let data = encoded(&json!({"threeDSServerTransID": SERVER}).to_string());
    run.exchanged(Arc::new(page(50, Step::Method, &form(&[("threeDSMethodData", &data)]))));
    run.scheme_message_seen(message(100, "AReq", OUT, said("AReq", json!({"threeDSServerTransID": ISSUER}))));
    assert_eq!(rules(&run), ["L29"]);
}

#[test]
fn declared_and_seen_browser_data_are_compared() {
    let mut run = empty();
    let facts = json!({"threeDSServerTransID": SERVER, "facts": {
        "userAgent": "A", "languages": "de-DE,en", "screen": "1920x1080", "colorDepth": "24", "timezone": "60",
        "cookies": false, "java": false, "javascript": true,
    }});
    run.scheme_message_seen(message(20, METHOD_DATA, (Lane::Browser, Lane::Issuer), facts.to_string()));
    let body = json!({"channel": "browser", "user_agent": "A", "language": "en", "screen_width": "1280",
        "screen_height": "1080", "color_depth": "24", "timezone": "-60", "java_enabled": false});
    let answered = session("pending", json!({}));
    run.exchanged(Arc::new(api(100, Step::Collect, "/sessions/x/collect-data", &body.to_string(), answered)));
    let found = observed(&run);
    assert_eq!(rules(&run), ["L12", "P492", "P495"]);
    assert!(found[2].message.contains("«-60»") && found[2].message.contains("«60»"), "{found:?}");
}

#[test]
fn trouble_of_the_connection_is_named() {
    let trouble = |change: fn(&mut Exchange)| {
        let mut run = empty();
        let mut exchange = api(10, Step::Confirm, "/sessions/x", "", session("pending", json!({})));
        change(&mut exchange);
        run.exchanged(Arc::new(exchange));
        rules(&run)
    };
    assert_eq!(trouble(|_| ()), [] as [&str; 0]);
    assert_eq!(trouble(|one| one.outcome = Err(Problem::of("Closed", "Again"))), ["P031"]);
    assert_eq!(trouble(|one| one.timing.total = Duration::from_secs(4)), ["P034"]);
    assert_eq!(trouble(|one| one.outcome = Ok(answer(200, "application/json", "{}"))), ["P010"]);
    assert_eq!(trouble(|one| one.outcome = Ok(answer(503, "", ""))), ["P032"]);
    assert_eq!(trouble(|one| one.outcome = Ok(answer(422, "application/json", "{}"))), ["P036"]);
    assert_eq!(trouble(|one| one.outcome = Ok(answer(200, "application/json", "{\"id\""))), ["P035"]);
    assert_eq!(
        trouble(|one| {
            if let Ok(answer) = &mut one.outcome {
                answer.cut = Some(Problem::of("Cut", "Again"));
            }
        }),
        ["P033"]
    );
    let mut run = empty();
    let refused = answer(500, "text/html", "<p>Broken</p>");
    run.exchanged(Arc::new(call(10, Step::Method, (Lane::Browser, Lane::Issuer), "/m", "", refused)));
    assert_eq!(rules(&run), ["P030"]);
}

#[test]
fn callbacks_are_checked() {
    let arrived = |body: &str, verdict: Verdict| {
        let mut run = empty();
        run.exchanged(Arc::new(api(10, Step::Confirm, "/sessions/x", "", approved())));
        run.delivered(delivery(20, DeliveryKind::Callback, body.to_owned(), verdict));
        rules(&run)
    };
    let good = json!({"id": SID, "status": "approved"}).to_string();
    assert_eq!(arrived(&good, Verdict::Matched), [] as [&str; 0]);
    assert_eq!(arrived(&good, Verdict::Duplicate { of: Seq(1) }), ["L33"]);
    assert_eq!(arrived(&good, Verdict::Swapped { named: SessionId("sid_x".into()) }), ["P022"]);
    assert_eq!(arrived(&good, Verdict::Contradicts { earlier: Seq(1) }), ["P023"]);
    assert_eq!(arrived(&good, Verdict::Unexpected), ["P024"]);
    assert_eq!(arrived("{\"id\":", Verdict::Addressed), ["P026"]);
    assert_eq!(arrived(r#"{"id":"x","status":"declined"}"#, Verdict::Matched), ["P023"]);
    assert_eq!(arrived(r#"{"id":"x","status":"challenged"}"#, Verdict::Matched), ["P020"]);
    assert_eq!(arrived("{}", Verdict::Addressed), ["P010", "P010"]);
    assert_eq!(arrived(r#"{"type":"authentication_approved","data":{}}"#, Verdict::Addressed), [] as [&str; 0]);
    for (said, expected) in [("0".repeat(32), true), ("z".repeat(64), true), ("0".repeat(64), false)] {
        let mut run = empty();
        let mut signed = Delivery::clone(&delivery(20, DeliveryKind::Callback, good.clone(), Verdict::Matched));
        signed.headers.push(("Cko-Signature".into(), said));
        run.delivered(Arc::new(signed));
        assert_eq!(rules(&run).contains(&"P027"), expected, "{:?}", run.entries);
    }
}

#[test]
fn a_callback_that_was_ordered_is_missed() {
    let mut run = empty();
    let ordered = r#"{"completion":{"callback_url":"https://shop.test/cb"}}"#;
    run.exchanged(Arc::new(api(10, Step::Create, "/sessions", ordered, approved())));
    run.exchanged(Arc::new(api(20, Step::Complete, "/sessions/x/complete", "", json!({}))));
    assert_eq!(rules(&run), [] as [&str; 0]);
    run.ended(Phase::Ended, at(30));
    assert_eq!(rules(&run), ["P025"]);
}

/// A payment after this session.
fn paid(session: Value, payment: Value) -> Vec<&'static str> {
    let mut run = empty();
    let asked = r#"{"amount":6540,"currency":"USD"}"#;
    run.exchanged(Arc::new(api(10, Step::Create, "/sessions", asked, session)));
    run.exchanged(Arc::new(api(20, Step::Authorise, "/payments", &payment.to_string(), json!({}))));
    rules(&run)
}

#[test]
fn payments_carry_the_proof_unharmed() {
    let by_id = json!({"amount": 6540, "currency": "USD", "3ds": {"enabled": true, "authentication_id": SID}});
    assert_eq!(paid(approved(), by_id.clone()), [] as [&str; 0]);
    assert_eq!(paid(session("rejected", json!({})), by_id), ["L37"]);
    let by_values = |proof: Value| json!({"amount": 6540, "currency": "USD", "3ds": proof});
    let (own, xid) = ("V+v37FmuAPB9rCVyIpjY4BZ5RfQ=", DIRECTORY);
    let good = json!({"enabled": true, "cryptogram": own, "eci": "05", "xid": xid});
    assert_eq!(paid(approved(), by_values(good)), [] as [&str; 0]);
    let url = json!({"enabled": true, "cryptogram": "V-v37FmuAPB9rCVyIpjY4BZ5RfQ", "eci": "05", "xid": xid});
    assert_eq!(paid(approved(), by_values(url)), ["L35"]);
    assert_eq!(paid(approved(), by_values(json!({"enabled": true, "eci": "05", "xid": xid}))), ["L36"]);
    let eci = json!({"enabled": true, "cryptogram": own, "eci": "02", "xid": xid});
    assert_eq!(paid(approved(), by_values(eci)), ["L34"]);
    let other = json!({"amount": 1, "currency": "USD", "3ds": {"enabled": true, "authentication_id": SID}});
    assert_eq!(paid(approved(), other), ["L39"]);
}

#[test]
fn deciding_without_the_server_is_said() {
    let mut run = empty();
    run.exchanged(Arc::new(api(10, Step::Create, "/sessions", "{}", approved())));
    run.delivered(notified(20, &[("cres", &encoded(&cres(json!({}))))]));
    run.exchanged(Arc::new(api(30, Step::Authorise, "/payments", "{}", json!({}))));
    assert_eq!(rules(&run), ["L32"]);
    run.exchanged(Arc::new(api(25, Step::Confirm, "/sessions/x", "", approved())));
    assert_eq!(rules(&run), [] as [&str; 0]);
}

#[test]
fn the_session_itself_is_checked() {
    let read = |body: Value| {
        let mut run = empty();
        run.exchanged(Arc::new(api(10, Step::Confirm, "/sessions/x", "", body)));
        rules(&run)
    };
    assert_eq!(read(session("approved", json!({"response_code": "Y", "eci": "05"}))), ["L36"]);
    assert_eq!(read(session("approved", json!({"response_code": "Y", "cryptogram": "x"}))), ["L36"]);
    let odd = json!({"response_code": "Y", "eci": "02", "cryptogram": "x"});
    assert_eq!(read(session("approved", odd)), ["L34"]);
    let details = |words: &str| {
        json!({"status_reason": "pares_error", "protocol_version": "1.0.2", "error_details":
        {"error_code": "302", "error_component": "A", "error_description": words}})
    };
    assert_eq!(read(session("unavailable", details("The signature of the payer's answer is wrong"))), ["P060"]);
    assert_eq!(read(session("unavailable", details("The payer's answer belongs to another transaction"))), ["P061"]);
    let scheme = json!({"status_reason": "ares_error", "3ds": {"error_details": {"error_code": "402"}}});
    assert_eq!(read(session("unavailable", scheme)), ["P062"]);
}

#[test]
fn retries_after_a_refusal_are_said() {
    for (status, rule) in [("declined", "L38"), ("rejected", "L37")] {
        let mut run = empty();
        let body = r#"{"source":{"number":"****************"}}"#;
        run.exchanged(Arc::new(api(10, Step::Create, "/sessions", body, session(status, json!({})))));
        run.exchanged(Arc::new(api(20, Step::Create, "/sessions", body, session("pending", json!({})))));
        assert_eq!(rules(&run), [rule]);
    }
}

#[test]
fn a_challenge_left_early_is_said() {
    let mut run = empty();
    run.exchanged(Arc::new(api(10, Step::Create, "/sessions", "{}", session("challenged", json!({})))));
    run.ended(Phase::Cancelled, at(5_000));
    assert_eq!(rules(&run), ["L31"]);
}

#[test]
fn counters_and_issuer_pages_of_the_app_are_checked() {
    let spoken = |messages: &[Value]| {
        let mut run = empty();
        for (place, body) in (0_u64..).zip(messages) {
            let more = json!({"challengeCompletionInd": "N"});
            let mut message_body: Value = serde_json::from_str(&said("CRes", more)).expect("JSON");
            for (name, value) in body.as_object().into_iter().flatten() {
                message_body[name] = value.clone();
            }
            run.scheme_message_seen(message(
                100 + place,
                "CRes",
                (Lane::Issuer, Lane::Browser),
                message_body.to_string(),
            ));
        }
        rules(&run)
    };
    let counter = |text: &str| json!({"acsCounterAtoS": text});
    assert_eq!(spoken(&[counter("000"), counter("001")]), [] as [&str; 0]);
    assert_eq!(spoken(&[counter("000"), counter("002")]), ["L43"]);
    assert_eq!(spoken(&[counter("0")]), ["L43"]);
    let page = "<script src=\"https://elsewhere.test/x.js\"></script>";
    assert_eq!(spoken(&[json!({"acsHTML": encoded(page)})]), ["L44"]);
    assert_eq!(spoken(&[json!({"acsHTML": encoded("<p>Bank</p>")})]), [] as [&str; 0]);
}

fn deflated(xml: &str) -> String {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(xml.as_bytes()).expect("memory");
    BASE64_STANDARD.encode(encoder.finish().expect("memory"))
}

#[test]
fn the_hand_off_of_3ds1_is_checked() {
    let posted = |fields: &[(&str, &str)]| {
        let mut run = empty();
        run.exchanged(Arc::new(page(10, Step::Authenticate, &form(fields))));
        rules(&run)
    };
    let pareq = deflated("<ThreeDSecure><PAReq><xid>a</xid></PAReq></ThreeDSecure>");
    let term = ("TermUrl", "http://127.0.0.1:8787/t");
    assert_eq!(posted(&[("PaReq", &pareq), term, ("MD", "")]), [] as [&str; 0]);
    assert_eq!(posted(&[("PaReq", &pareq), term]), ["L40"]);
    let other = pareq.trim_end_matches('=').replace('+', "-").replace('/', "_");
    assert!(other != pareq, "another text makes another one: {pareq}");
    assert_eq!(posted(&[("PaReq", &other), term, ("MD", "")]), ["L40"]);
    assert_eq!(posted(&[("PaReq", "PFRocmVlRFNlY3VyZT4"), term, ("MD", "")]), ["L40"]);
    assert_eq!(posted(&[("PaReq", &pareq), ("TermUrl", "http%3A%2F%2Fx"), ("MD", "")]), ["L40"]);
    let mut run = empty();
    run.exchanged(Arc::new(page(10, Step::Authenticate, &form(&[("PaReq", &pareq), term, ("MD", "")]))));
    let pares = deflated("<ThreeDSecure><PARes><xid>b</xid></PARes></ThreeDSecure>");
    run.exchanged(Arc::new(page(20, Step::Authenticate, &form(&[("PaRes", &pares), ("MD", "")]))));
    assert_eq!(rules(&run), ["P061", "P060"]);
}

#[test]
fn pages_that_shut_banks_out_are_said() {
    let served = |policy: &str, html: &str, lane: Lane| {
        let mut run = empty();
        let mut answer = answer(200, "text/html", html.to_owned());
        answer.headers.push(("Content-Security-Policy".into(), policy.into()));
        run.exchanged(Arc::new(call(10, Step::Redirect, (Lane::Browser, lane), "/p", "cres=e30", answer)));
        rules(&run).into_iter().filter(|rule| rule.starts_with("L0") || rule.starts_with("L1")).collect::<Vec<_>>()
    };
    let asks = "<form><input name=\"creq\"></form>";
    assert_eq!(served("form-action 'self' https:", asks, Lane::Sessions), [] as [&str; 0]);
    assert_eq!(served("form-action 'self'", asks, Lane::Sessions), ["L09"]);
    assert_eq!(served("frame-ancestors 'none'", "<p>Bank</p>", Lane::Issuer), ["L09"]);
    let frame = format!("{asks}<iframe allow=\"payment *\" sandbox=\"allow-forms allow-top-navigation\"></iframe>");
    assert_eq!(served("", &frame, Lane::Sessions), ["L10"]);
    let mut run = empty();
    let mut answer = answer(200, "text/html", "<p>Back</p>");
    answer.headers.push(("Set-Cookie".into(), "shop=1; Path=/; SameSite=Lax".into()));
    let good = encoded(&cres(json!({})));
    let lanes = (Lane::Browser, Lane::Sessions);
    run.exchanged(Arc::new(call(10, Step::Redirect, lanes, "/back", &form(&[("cres", &good)]), answer)));
    assert_eq!(rules(&run), ["L06"]);
}

#[test]
fn a_notification_that_is_not_taken_is_said() {
    let mut run = empty();
    let mut late =
        Delivery::clone(&delivery(20, DeliveryKind::Callback, r#"{"id":"x","status":"approved"}"#, Verdict::Addressed));
    late.answered = 500;
    run.delivered(Arc::new(late));
    assert_eq!(rules(&run), ["L48"]);
}

#[test]
fn large_bodies_are_left_alone() {
    let large = vec![b'x'; LONGEST + 1];
    let mut run = empty();
    run.scheme_message_seen(message(10, "AReq", OUT, large.clone()));
    run.delivered(delivery(20, DeliveryKind::Callback, large, Verdict::Addressed));
    assert_eq!(rules(&run), [] as [&str; 0]);
}

mod flows;
mod state;
