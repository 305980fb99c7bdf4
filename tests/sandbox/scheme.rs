//! The parts behind the API, by what they say to one another: messages, errors, timers, pages
//! of scripted issuers. Source: emv-3ds.md 1.2, 1.8, 1.9, 3.7, 5.5; sessions-api.md 7.5.

use serde_json::{Value, json};
use sessions_console::clock::Clock;
use sessions_console::sandbox::Config;

use crate::lab::*;

/// A sandbox whose time passes when somebody waits for it.
pub(crate) fn lab() -> Lab {
    Lab::with(|config| Config { clock: Clock::virtual_time(), ..config })
}

/// Arms a scenario for the next session: what the other side does, and what goes wrong.
pub(crate) fn arm(lab: &Lab, other_side: &str) {
    let file = format!("id = \"T\"\nname = \"test\"\n{other_side}\n[expect]\nstatus = \"approved\"\n");
    let armed = lab.control("PUT", "/arm", &json!({ "file": file }));
    assert_eq!((armed.status, armed.json()), (200, json!({"scenario": "T", "sessions": 1})), "{armed:?}");
}

/// A session of an armed scenario, authenticated at once.
pub(crate) fn session(lab: &Lab, other_side: &str) -> Value {
    arm(lab, other_side);
    lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})))
}

/// Kind, lanes and gist of the hidden messages.
pub(crate) fn said(lab: &Lab, session: &Value) -> Vec<String> {
    bodies(lab, session)
        .iter()
        .map(|message| {
            let lane = |end: &str| text(message, end)[..1].to_uppercase();
            format!("{} {}{} {}", text(message, "kind"), lane("from"), lane("to"), text(message, "gist"))
        })
        .collect()
}

pub(crate) fn bodies(lab: &Lab, session: &Value) -> Vec<Value> {
    let path = format!("/sessions/{}/messages", text(session, "id"));
    let mut said = lab.control("GET", &path, &Value::Null).json()["messages"].as_array().expect("a list").clone();
    said.retain(|message| !["PReq", "PRes"].contains(&text(message, "kind")));
    said
}

pub(crate) fn body(lab: &Lab, session: &Value, kind: &str) -> Value {
    let all = bodies(lab, session);
    all.iter().find(|message| message["kind"] == kind).unwrap_or_else(|| panic!("no {kind}: {all:?}"))["body"].clone()
}

pub(crate) fn pass(lab: &Lab, seconds: u64) {
    assert_eq!(lab.control("POST", "/clock", &json!({"advance_seconds": seconds})).status, 200);
}

pub(crate) fn phone(lab: &Lab, session: &Value) -> Vec<Value> {
    let path = format!("/sessions/{}/phone", text(session, "id"));
    lab.control("GET", &path, &Value::Null).json()["messages"].as_array().expect("a list").clone()
}

pub(crate) fn state(lab: &Lab, session: &Value) -> (String, String) {
    let now = lab.get(text(session, "id"));
    (text(&now, "status").to_owned(), now["status_reason"].as_str().unwrap_or("none").to_owned())
}

/// Posts fields to the challenge page that is open.
pub(crate) fn post(lab: &Lab, session: &Value, page: &Answer, fields: &[(&str, &str)]) -> Answer {
    let (creq, interaction) = (creq(session), hidden(&page.body, "interaction").expect("the page counts"));
    let mut form = vec![("creq", creq.as_str()), ("interaction", &interaction)];
    form.extend(fields);
    lab.form("/simulator/acs/challenge", &form)
}

pub(crate) fn open(lab: &Lab, session: &Value) -> Answer {
    let page = lab.form("/simulator/acs/challenge", &[("creq", &creq(session))]);
    assert_eq!(page.status, 200, "{page:?}");
    page
}

const FRICTIONLESS: &str = "[issuer]\nares = { transStatus = \"Y\" }\n";
const CHALLENGE: &str = "[issuer]\nares = { transStatus = \"C\" }\n";

pub(crate) fn fault(hop: &str, kind: &str, more: &str) -> String {
    format!("[[faults]]\nhop = \"{hop}\"\nkind = \"{kind}\"\n{more}\n")
}

#[test]
fn what_breaks_an_authentication_has_its_code_its_finder_and_its_members() {
    let lab = lab();
    for (hop, kind, more, code, component, detail) in [
        ("ares", "remove_field", "field = \"transStatus\"", "201", "S", "transStatus"),
        ("ares", "set_field", "field = \"transStatus\"\nvalue = \"Q\"", "203", "S", "transStatus"),
        ("ares", "set_field", "field = \"transStatus\"\nvalue = \"\"", "201", "S", "transStatus"),
        ("ares", "set_field", "field = \"eci\"\nvalue = \"\"", "203", "S", "eci"),
        ("ares", "set_field", "field = \"messageVersion\"\nvalue = \"2.1.0\"", "203", "S", "messageVersion"),
        ("ares", "set_field", "field = \"messageType\"\nvalue = \"RReq\"", "101", "S", "messageType"),
        ("ares", "invalid_json", "", "101", "S", "not a JSON object"),
        ("ares", "truncate", "", "101", "S", "not a JSON object"),
        ("ares", "wrong_id", "", "301", "S", "threeDSServerTransID"),
        ("ares", "close", "", "405", "S", "The issuer could not be reached"),
        ("ares", "status", "status = 503", "403", "S", "The other side failed for a moment"),
        ("ares", "drop", "", "402", "S", "The issuer did not answer in time"),
        ("ares", "delay_ms", "delay_ms = 10001", "402", "S", "The issuer did not answer in time"),
        ("ares_ds", "remove_field", "field = \"acsTransID\"", "201", "D", "acsTransID"),
        ("ares_ds", "drop", "", "402", "D", "The issuer did not answer in time"),
        ("areq", "remove_field", "field = \"browserIP\"", "201", "D", "browserIP"),
        ("areq", "set_field", "field = \"purchaseCurrency\"\nvalue = \"999\"", "304", "D", "purchaseCurrency"),
        ("areq", "set_field", "field = \"messageVersion\"\nvalue = \"9.9.9\"", "102", "D", "2.1.0, 2.2.0, 2.3.1"),
        ("areq_acs", "set_field", "field = \"browserTZ\"\nvalue = \"UTC+1\"", "203", "A", "browserTZ"),
        ("areq_acs", "close", "", "405", "D", "The issuer could not be reached"),
    ] {
        let session = session(&lab, &format!("{FRICTIONLESS}{}", fault(hop, kind, more)));
        let told = said(&lab, &session).join("\n");
        let place = format!("{hop} {kind} {more}\n{told}");
        assert_eq!(
            (text(&session, "status"), text(&session, "status_reason")),
            ("unavailable", "ares_error"),
            "{place}"
        );
        assert_eq!((&session["next_actions"], &session["eci"]), (&json!(["complete"]), &json!("07")), "{place}");
        let error = &session["3ds"]["error_details"];
        let found = (text(error, "error_code"), text(error, "error_component"), text(error, "error_detail"));
        assert_eq!(found, (code, component, detail), "{place}");
        assert!(told.contains(&format!("Fault {} {hop} {kind}", lanes_of(hop))), "{place}");
        assert!(told.contains(&format!("errorCode {code}")), "{place}");
        assert!(session["cryptogram"].is_null(), "{place}");
    }
}

fn lanes_of(hop: &str) -> &'static str {
    match hop {
        "areq" => "SD",
        "areq_acs" => "DI",
        "ares_ds" => "ID",
        _ => "DS",
    }
}

#[test]
fn a_late_answer_in_time_counts_and_one_too_late_changes_nothing() {
    let lab = lab();
    let session = session(&lab, &format!("{FRICTIONLESS}{}", fault("ares", "delay_ms", "delay_ms = 9000")));
    assert_eq!(text(&session, "status"), "approved");
    let late = self::session(&lab, &format!("{FRICTIONLESS}{}", fault("ares", "delay_ms", "delay_ms = 12000")));
    assert_eq!(text(&late, "status"), "unavailable");
    let before = said(&lab, &late);
    pass(&lab, 60);
    assert_eq!(state(&lab, &late).0, "unavailable");
    assert_eq!(said(&lab, &late), before, "nobody answers what came too late");
}

#[test]
fn the_directory_stands_in_with_its_own_ids() {
    let lab = lab();
    for other_side in [
        "[issuer]\nabsent = true\nstand_in = { transStatus = \"A\" }\n".to_owned(),
        format!("{FRICTIONLESS}stand_in = {{ transStatus = \"A\" }}\n{}", fault("areq_acs", "drop", "")),
    ] {
        let session = session(&lab, &other_side);
        assert_eq!((text(&session, "status"), text(&session, "eci")), ("attempted", "06"), "{session}");
        let ares = body(&lab, &session, "ARes");
        assert_eq!(ares["acsTransID"], ares["dsTransID"]);
        assert_eq!(ares["acsReferenceNumber"], ares["dsReferenceNumber"]);
        assert!(session["acs"].is_null() && text(&session, "cryptogram").len() == 28, "{session}");
    }
    let refused = session(&lab, "[issuer]\nspeaks = [\"2.1.0\"]\nares = { transStatus = \"Y\" }\n");
    let error = &refused["3ds"]["error_details"];
    assert_eq!((text(error, "error_code"), text(error, "error_detail")), ("102", "2.1.0"));
}

#[test]
fn versions_differ_in_every_message_as_the_table_says() {
    let lab = lab();
    for (version, wish) in [("2.1.0", json!("02")), ("2.2.0", json!("05")), ("2.3.1", json!(["05"]))] {
        arm(&lab, &format!("[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"C\" }}\n"));
        let data = json!({"channel_data": browser(), "challenge_indicator": "transaction_risk_assessment"});
        let session = lab.create(&non_hosted(CHALLENGE_CARD, data));
        assert_eq!((text(&session, "protocol_version"), text(&session, "status")), (version, "challenged"));
        let (areq, ares) = (body(&lab, &session, "AReq"), body(&lab, &session, "ARes"));
        assert_eq!(areq["threeDSRequestorChallengeInd"], wish, "{version}");
        assert_eq!(areq.get("browserJavascriptEnabled").is_some(), version != "2.1.0", "{version}");
        assert_eq!(areq.get("acceptLanguage").is_some(), version == "2.3.1", "{version}");
        assert_eq!(ares.get("authenticationType").is_some(), version != "2.3.1", "{version}");
        assert_eq!(ares.get("authenticationMethod").is_some(), version == "2.3.1", "{version}");
        for (kind, message) in bodies(&lab, &session).iter().map(|message| (text(message, "kind"), &message["body"])) {
            assert_eq!(message["messageVersion"], version, "{kind}");
        }
        let page = open(&lab, &session);
        let over = post(&lab, &session, &page, &[("cancel", "1")]);
        assert!(hidden(&over.body, "cres").is_some(), "{over:?}");
        let rreq = body(&lab, &session, "RReq");
        assert_eq!((text(&rreq, "challengeCancel"), text(&rreq, "transStatus")), ("01", "N"));
        assert_eq!(rreq.get("authenticationMethod").is_some(), version == "2.3.1", "{version}");
    }
}

#[test]
fn codes_are_six_digits_live_for_a_while_and_give_way_to_the_next() {
    let lab = lab();
    let session = session(&lab, CHALLENGE);
    let page = open(&lab, &session);
    let code = |lab: &Lab| text(phone(lab, &session).last().expect("a message"), "code").to_owned();
    let first = code(&lab);
    assert!(first.len() == 6 && first.bytes().all(|byte| byte.is_ascii_digit()), "{first}");
    let page = post(&lab, &session, &page, &[("resend", "1")]);
    let second = code(&lab);
    assert_ne!(first, second);
    let page = post(&lab, &session, &page, &[("password", &first)]);
    assert!(page.body.contains("id=\"mistake\""), "the old code is over: {page:?}");
    pass(&lab, 300);
    let page = post(&lab, &session, &page, &[("password", &second)]);
    assert!(page.body.contains("id=\"mistake\""), "the code has lived for five minutes: {page:?}");
    let page = post(&lab, &session, &page, &[("resend", "1")]);
    let over = post(&lab, &session, &page, &[("password", &code(&lab))]);
    assert!(hidden(&over.body, "cres").is_some(), "{over:?}");
    let end = lab.get(text(&session, "id"));
    assert_eq!((text(&end, "status"), text(&end["3ds"], "interaction_counter")), ("approved", "03"));

    // The published password passes too, unless the issuer is strict; a resend has an end.
    for (strict, status) in [("false", "approved"), ("true", "challenged")] {
        let session = self::session(&lab, &format!("{CHALLENGE}challenge = {{ strict = {strict} }}\n"));
        let page = open(&lab, &session);
        post(&lab, &session, &page, &[("password", "Checkout1!")]);
        assert_eq!(state(&lab, &session).0, status, "strict {strict}");
    }
    let session = self::session(&lab, CHALLENGE);
    let page = open(&lab, &session);
    for _ in 0..5 {
        post(&lab, &session, &page, &[("resend", "1")]);
    }
    assert_eq!(phone(&lab, &session).len(), 4, "the first and three more");
}

#[test]
fn the_same_seed_sends_the_same_codes() {
    let codes = || {
        let lab = lab();
        let session = session(&lab, CHALLENGE);
        open(&lab, &session);
        text(&phone(&lab, &session)[0], "code").to_owned()
    };
    assert_eq!(codes(), codes());
}

#[test]
fn a_bank_app_is_waited_for_and_decides() {
    let lab = lab();
    for (decision, status, reason) in [("approve", "approved", Value::Null), ("deny", "declined", json!("01"))] {
        let session = session(&lab, &format!("{CHALLENGE}challenge = {{ pages = [\"out_of_band\"] }}\n"));
        assert_eq!(text(&session["acs"], "authentication_type"), "03");
        let page = open(&lab, &session);
        let pushed = phone(&lab, &session);
        assert_eq!((pushed.len(), text(&pushed[0], "kind"), text(&pushed[0], "code")), (1, "push", ""));
        let poll = format!("/simulator/acs/out-of-band/{}", text(&session, "transaction_id"));
        assert_eq!(lab.send("GET", &poll, "", "").json(), json!({"decided": false}));
        let early = post(&lab, &session, &page, &[("continue", "1")]);
        assert!(hidden(&early.body, "interaction").is_some(), "the same page again: {early:?}");
        assert_eq!(state(&lab, &session).0, "challenged");
        let path = format!("/sessions/{}/phone", text(&session, "id"));
        let wrong = lab.control("POST", &path, &json!({"decision": "maybe"}));
        assert_eq!((wrong.status, wrong.codes()), (422, vec!["decision_invalid".to_owned()]));
        let decided = lab.control("POST", &path, &json!({"decision": decision})).json();
        assert_eq!(text(&decided["messages"][0], "decided"), decision);
        assert_eq!(lab.send("GET", &poll, "", "").json(), json!({"decided": true}));
        let over = post(&lab, &session, &early, &[("continue", "1")]);
        assert!(hidden(&over.body, "cres").is_some(), "{over:?}");
        let end = lab.get(text(&session, "id"));
        assert_eq!((text(&end, "status"), &end["response_status_reason"]), (status, &reason));
        assert_eq!(lab.control("POST", &path, &json!({"decision": decision})).status, 403, "it is over");
    }
}

#[test]
fn pages_follow_one_another_and_a_wrong_choice_is_a_wrong_answer() {
    let lab = lab();
    let pages = "challenge = { pages = [\"information\", \"single_select\", \"otp\", \"multi_select\", \"html\"] }\n";
    let session = session(&lab, &format!("{CHALLENGE}{pages}"));
    let page = open(&lab, &session);
    assert!(phone(&lab, &session).is_empty(), "no code before it is asked for");
    let page = post(&lab, &session, &page, &[("continue", "1")]);
    let page = post(&lab, &session, &page, &[("choice", "pigeon")]);
    assert!(page.body.contains("id=\"mistake\""), "{page:?}");
    let page = post(&lab, &session, &page, &[("choice", "email")]);
    let code = text(&phone(&lab, &session)[0], "code").to_owned();
    let page = post(&lab, &session, &page, &[("password", &code)]);
    let page = post(&lab, &session, &page, &[("choices", "bakery"), ("choices", "pool")]);
    assert!(page.body.contains("id=\"mistake\""), "{page:?}");
    let page = post(&lab, &session, &page, &[("choices", "garage"), ("choices", "bakery")]);
    let over = post(&lab, &session, &page, &[("agree", "1")]);
    assert!(hidden(&over.body, "cres").is_some(), "{over:?}");
    let end = lab.get(text(&session, "id"));
    assert_eq!((text(&end, "status"), text(&end["3ds"], "interaction_counter")), ("approved", "07"));
}

#[test]
fn a_result_that_is_late_lost_or_broken_is_sent_once_more() {
    let lab = lab();
    let passed = |other_side: &str| {
        let session = session(&lab, &format!("{CHALLENGE}{other_side}"));
        let page = open(&lab, &session);
        let over = post(&lab, &session, &page, &[("password", "Checkout1!")]);
        assert!(hidden(&over.body, "cres").is_some(), "the browser goes on: {over:?}");
        assert_eq!(state(&lab, &session).0, "challenged", "a CRes decides nothing");
        session
    };
    for hop in ["rreq_ds", "rreq"] {
        let session = passed(&fault(hop, "drop", ""));
        pass(&lab, 9);
        assert_eq!(state(&lab, &session).0, "challenged");
        pass(&lab, 1);
        assert_eq!(state(&lab, &session), ("approved".to_owned(), "rreq_status".to_owned()), "{hop}");
    }
    let session = passed(&fault("rreq", "delay_ms", "delay_ms = 5000"));
    pass(&lab, 5);
    assert_eq!(state(&lab, &session).0, "approved");
    let session = passed(&fault("rreq", "remove_field", "field = \"transStatus\"\ntimes = 2"));
    pass(&lab, 10);
    assert_eq!(state(&lab, &session), ("unavailable".to_owned(), "rreq_error".to_owned()));
    let error = lab.get(text(&session, "id"))["3ds"]["error_details"].clone();
    assert_eq!((text(&error, "error_code"), text(&error, "error_detail")), ("201", "transStatus"));
    let session = passed(&fault("rreq", "drop", "times = 9"));
    pass(&lab, 899);
    assert_eq!(state(&lab, &session).0, "challenged");
    pass(&lab, 1);
    assert_eq!(state(&lab, &session).0, "expired", "never approved on a CRes");
    let sent = said(&lab, &session).iter().filter(|line| line.starts_with("RReq ID")).count();
    assert_eq!(sent, 2, "once, and once more");
}

#[test]
fn a_result_twice_or_unasked_is_told_and_changes_nothing() {
    let lab = lab();
    for (version, twice, unasked) in [("2.2.0", "301", "301"), ("2.3.1", "312", "313")] {
        let duplicate = fault("rreq", "duplicate", "");
        let session =
            session(&lab, &format!("[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"C\" }}\n{duplicate}"));
        let page = open(&lab, &session);
        post(&lab, &session, &page, &[("password", "Checkout1!")]);
        assert_eq!(state(&lab, &session).0, "approved");
        assert_eq!(body(&lab, &session, "Erro")["errorCode"], twice, "{version}");
        let session = self::session(
            &lab,
            &format!(
                "[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"Y\" }}\nrreq = {{ transStatus = \"N\", transStatusReason = \"01\" }}\n"
            ),
        );
        assert_eq!(text(&session, "status"), "approved");
        assert_eq!(body(&lab, &session, "Erro")["errorCode"], unasked, "{version}");
        pass(&lab, 60);
        assert_eq!(state(&lab, &session).0, "approved");
    }
}

#[test]
fn a_challenge_request_that_comes_again_meets_what_the_issuer_does() {
    let lab = lab();
    let reject = "challenge = { second_creq = \"reject\" }\n";
    for (version, code) in [("2.2.0", "305"), ("2.3.1", "314")] {
        let session =
            session(&lab, &format!("[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"C\" }}\n{reject}"));
        let page = open(&lab, &session);
        let again = lab.form("/simulator/acs/challenge", &[("creq", &creq(&session))]);
        assert_eq!(again.status, 400, "{again:?}");
        assert_eq!(body(&lab, &session, "Erro")["errorCode"], code);
        let over = post(&lab, &session, &page, &[("password", "Checkout1!")]);
        assert!(hidden(&over.body, "cres").is_some(), "the first page still counts: {over:?}");
        assert_eq!(state(&lab, &session).0, "approved");
        let after = lab.form("/simulator/acs/challenge", &[("creq", &creq(&session))]);
        assert_eq!(after.status, if version == "2.3.1" { 400 } else { 200 }, "315 came with 2.3.1: {after:?}");
    }
    let session =
        session(&lab, &format!("{CHALLENGE}challenge = {{ first_creq_seconds = 30 }}\nresults_status = \"02\"\n"));
    pass(&lab, 30);
    let end = lab.get(text(&session, "id"));
    assert_eq!((text(&end, "status"), text(&end["acs"], "challenge_cancel_reason_code")), ("expired", "05"));
    assert_eq!(body(&lab, &session, "RRes")["resultsStatus"], "02");
}

#[test]
fn card_ranges_are_asked_for_once_a_day_and_after_trouble_hourly() {
    let lab = lab();
    lab.control("PUT", "/settings", &json!({"token_seconds": 31_000_000}));
    let lab = lab.with_new_token();
    let asked = |card: &str| {
        let session = lab.create(&non_hosted(card, Value::Null));
        let path = format!("/sessions/{}/messages", text(&session, "id"));
        let said = lab.control("GET", &path, &Value::Null).json()["messages"].as_array().expect("a list").clone();
        said.iter().map(|message| text(message, "kind").to_owned()).collect::<Vec<_>>()
    };
    lab.control(
        "PUT",
        "/faults",
        &json!({"faults": [{"hop": "pres", "kind": "remove_field", "field": "cardRangeData"}]}),
    );
    assert_eq!(asked(CHALLENGE_CARD), ["PReq", "PRes", "Fault", "Erro"]);
    assert!(asked(CHALLENGE_CARD).is_empty(), "not again within the hour");
    pass(&lab, 3600);
    assert_eq!(asked(CHALLENGE_CARD), ["PReq", "PRes"]);
    pass(&lab, 3600);
    assert!(asked(CHALLENGE_CARD).is_empty());
    assert_eq!(asked("5385308360135181"), ["PReq", "PRes"], "each scheme has a directory server of its own");
    pass(&lab, 86_400);
    assert_eq!(asked(CHALLENGE_CARD), ["PReq", "PRes"]);
}

#[test]
fn a_panel_sees_all_at_once() {
    let lab = lab();
    let session = session(&lab, &format!("{CHALLENGE}challenge = {{ pages = [\"out_of_band\"] }}\n"));
    open(&lab, &session);
    let facts =
        json!({"threeDSServerTransID": session["transaction_id"], "facts": {"timezone": "-60", "screen": "1x1"}});
    assert_eq!(lab.send("POST", "/simulator/acs/3ds-method/facts", "", &facts.to_string()).status, 204);
    lab.control("PUT", "/faults", &json!({"faults": [{"hop": "rreq", "kind": "drop", "times": 2}]}));
    let seen = lab.control("GET", "/overview", &Value::Null).json();
    assert_eq!((text(&seen, "mode"), &seen["seed"], &seen["count"]), ("virtual", &json!(42), &json!(1)));
    assert_eq!(seen["armed"], json!({"sessions": 0}));
    assert_eq!(seen["faults"][0], json!({"hop": "rreq", "kind": "drop", "times": 2, "happened": 0, "delay_ms": 0}));
    let one = &seen["sessions"][0];
    assert_eq!((text(one, "scenario"), text(one, "card")), ("T", "424242••••••4242"));
    assert_eq!((text(&one["phone"][0], "kind"), text(&one["method_facts"], "timezone")), ("push", "-60"));
    assert_eq!((text(&one["declared"], "timezone"), text(&one["declared"], "screen")), ("60", "1920x1080"));
}

#[test]
fn a_scenario_file_that_cannot_be_read_says_where() {
    let lab = lab();
    let wrong = lab.control(
        "PUT",
        "/arm",
        &json!({"file": "id = \"X\"\nname = \"x\"\n[issuer]\nares = { transStatus = \"Q\" }"}),
    );
    assert_eq!((wrong.status, wrong.codes()), (422, vec!["file_invalid".to_owned()]));
    let near = wrong.json()["near"][0].as_str().expect("a place").to_owned();
    assert!(near.contains("line 4") && near.contains("issuer.ares"), "{near}");
    assert_eq!(lab.control("GET", "/arm", &Value::Null).json(), json!({"sessions": 0}), "nothing is armed");
}

#[test]
fn a_programmable_card_brings_its_scenario_with_it() {
    let lab = lab();
    // S063: the result never arrives. S045 on this card has a page: its last digit says so.
    let lost = lab.create(&non_hosted("4000110000063007", json!({"channel_data": browser()})));
    let page = open(&lab, &lost);
    post(&lab, &lost, &page, &[("password", "Checkout1!")]);
    pass(&lab, 900);
    assert_eq!(state(&lab, &lost).0, "expired");
}

/// The vectors of emv-3ds.md 2.1 and 2.2.
#[test]
fn the_documented_vectors_are_read_and_answered() {
    const REQUEST: &str = "eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6IjZhZmE2MDcyLTk0MTItNDQ2Yi05NjczLTJmOThiM2VlOThhMiIsInRocmVlRFNNZXRob2ROb3RpZmljYXRpb25VUkwiOiJodHRwczovL21lcmNoYW50LnRlc3QvM2RzL21ldGhvZCJ9";
    const NOTICE: &str = "eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6IjZhZmE2MDcyLTk0MTItNDQ2Yi05NjczLTJmOThiM2VlOThhMiJ9";
    const CREQ: &str = "eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6IjZhZmE2MDcyLTk0MTItNDQ2Yi05NjczLTJmOThiM2VlOThhMiIsImFjc1RyYW5zSUQiOiIzNzVkOTBhZC0zODczLTQ5OGItOTEzMy0zODBjYmJjOGQ5OWQiLCJtZXNzYWdlVHlwZSI6IkNSZXEiLCJtZXNzYWdlVmVyc2lvbiI6IjIuMi4wIiwiY2hhbGxlbmdlV2luZG93U2l6ZSI6IjAzIn0";
    let lab = lab();
    let page = lab.form("/simulator/acs/3ds-method", &[("threeDSMethodData", REQUEST)]);
    assert_eq!(action(&page.body, "notify").as_deref(), Some("https://merchant.test/3ds/method"));
    assert_eq!(hidden(&page.body, "threeDSMethodData").as_deref(), Some(NOTICE));
    for spelling in [CREQ.to_owned(), format!("{CREQ}=")] {
        let refused = lab.form("/simulator/acs/challenge", &[("creq", &spelling)]);
        assert!(
            refused.body.contains("301") && refused.body.contains("threeDSServerTransID"),
            "read, and unknown: {refused:?}"
        );
    }
}
