//! A bank that asks by itself: at once, after a challenge, on the phone, in its own time.
//! Source: emv-3ds.md 1.6, 1.8, 3.1, 3.2 (23-30), 3.6, 6.3 (S081-S086); product.md "Decided".

use serde_json::{Value, json};

use crate::lab::*;
use crate::scheme::{self, arm, bodies, body, fault, open, pass, phone, post, said, session};

const ASKS: &str = "[issuer]\nares = { transStatus = \"D\" }\n";
const FALLS_BACK: &str = "[issuer]\nversion = \"2.3.1\"\nares = { transStatus = \"C\" }\nrreq = { transStatus = \"D\", transStatusReason = \"29\" }\n";

fn server(indicator: &str, minutes: u32) -> String {
    format!("[issuer.server]\nthreeDSRequestorDecReqInd = \"{indicator}\"\nthreeDSRequestorDecMaxTime = {minutes}\n")
}

/// A sandbox whose tokens outlast a bank that takes its time.
fn lab() -> Lab {
    let lab = scheme::lab();
    assert_eq!(lab.control("PUT", "/settings", &json!({"token_seconds": 1_000_000})).status, 200);
    lab.with_new_token()
}

fn decide(lab: &Lab, session: &Value, decision: &str) -> Answer {
    lab.control("POST", &format!("/sessions/{}/phone", text(session, "id")), &json!({ "decision": decision }))
}

fn now(lab: &Lab, session: &Value) -> Value {
    lab.get(text(session, "id"))
}

fn count(lab: &Lab, session: &Value, what: &str) -> usize {
    said(lab, session).iter().filter(|line| line.starts_with(what)).count()
}

#[test]
fn a_decision_on_the_phone_is_the_result_at_once() {
    let lab = lab();
    for (decision, status, code, reason, eci) in
        [("approve", "approved", "Y", Value::Null, "05"), ("deny", "declined", "N", json!("01"), "07")]
    {
        let session = session(&lab, &format!("{ASKS}{}", server("Y", 30)));
        assert_eq!((text(&session, "status"), text(&session, "response_code")), ("challenged", "D"));
        assert_eq!(session["next_actions"], json!([]));
        let push = phone(&lab, &session);
        assert_eq!((push.len(), text(&push[0], "kind"), push[0]["decided"].is_null()), (1, "push", true), "{push:?}");
        let areq = body(&lab, &session, "AReq");
        assert_eq!(text(&areq, "threeDSRequestorDecReqInd"), "Y");
        assert_eq!(text(&areq, "threeDSRequestorDecMaxTime"), "00030");
        let ares = body(&lab, &session, "ARes");
        assert_eq!((text(&ares, "acsDecConInd"), text(&ares, "authenticationType")), ("Y", "04"));
        assert!(ares["cardholderInfo"].is_string() && ares["eci"].is_null() && ares["acsURL"].is_null(), "{ares}");

        pass(&lab, 600);
        let decided = decide(&lab, &session, decision);
        assert_eq!(decided.status, 200, "{decided:?}");
        assert_eq!(decided.json()["messages"][0]["decided"], decision);
        let over = now(&lab, &session);
        assert_eq!((text(&over, "status"), text(&over, "status_reason")), (status, "rreq_status"));
        assert_eq!((text(&over, "response_code"), &over["response_status_reason"]), (code, &reason));
        assert_eq!((text(&over, "eci"), over.get("cryptogram").is_some()), (eci, code == "Y"));
        let rreq = body(&lab, &session, "RReq");
        assert_eq!((text(&rreq, "transStatus"), &rreq["interactionCounter"]), (code, &Value::Null));
        assert_eq!(count(&lab, &session, "CRes"), 0, "there is no page that could carry one");
        let again = decide(&lab, &session, "approve");
        assert_eq!((again.status, again.codes()), (403, vec!["update_not_allowed_due_to_state".to_owned()]));
    }
}

#[test]
fn nobody_answers_until_the_time_and_the_grace_are_over() {
    let lab = lab();
    let session = session(&lab, &format!("{ASKS}{}", server("Y", 5)));
    pass(&lab, 5 * 60 + 3630 - 1);
    assert_eq!(text(&now(&lab, &session), "status"), "challenged", "beyond a session's fifteen minutes");
    pass(&lab, 1);
    let over = now(&lab, &session);
    assert_eq!((text(&over, "status"), text(&over, "response_status_reason")), ("unavailable", "24"));
    assert_eq!(text(&over["acs"], "challenge_cancel_reason_code"), "03");
    assert_eq!(decide(&lab, &session, "approve").status, 403);
}

#[test]
fn the_issuer_decides_on_what_the_request_says() {
    let lab = lab();
    let short = fault("areq_acs", "set_field", "field = \"threeDSRequestorDecMaxTime\"\nvalue = \"00001\"");
    for (other_side, reason) in
        [(server("N", 30), "23"), (server("Y", 1), "25"), (format!("{}{short}", server("Y", 30)), "25")]
    {
        let session = session(&lab, &format!("{ASKS}{other_side}"));
        assert_eq!((text(&session, "status"), text(&session, "response_code")), ("declined", "N"), "{other_side}");
        assert_eq!(text(&session, "response_status_reason"), reason, "{other_side}");
        assert!(phone(&lab, &session).is_empty(), "nobody was asked");
        if reason == "23" {
            assert!(
                body(&lab, &session, "AReq")["threeDSRequestorDecMaxTime"].is_null(),
                "no time for what may not be"
            );
        }
    }
}

#[test]
fn an_answer_that_the_request_does_not_allow_is_refused() {
    let lab = lab();
    for (other_side, detail) in [
        (fault("ares", "set_field", "field = \"acsDecConInd\"\nvalue = \"N\""), "acsDecConInd"),
        (fault("ares", "set_field", "field = \"authenticationType\"\nvalue = \"02\""), "authenticationType"),
        (fault("ares", "remove_field", "field = \"cardholderInfo\""), "cardholderInfo"),
        (
            format!(
                "{}{}",
                server("N", 9),
                fault("areq_acs", "set_field", "field = \"threeDSRequestorDecReqInd\"\nvalue = \"Y\"")
            ),
            "threeDSRequestorDecMaxTime",
        ),
    ] {
        let session = session(&lab, &format!("{ASKS}{other_side}"));
        assert_eq!((text(&session, "status"), text(&session, "status_reason")), ("unavailable", "ares_error"));
        assert_eq!(text(&session["3ds"]["error_details"], "error_detail"), detail, "{other_side}");
        assert!(phone(&lab, &session).is_empty());
    }
}

/// A challenge that the shopper passes, and after which the bank wants more.
fn fallen_back(lab: &Lab, more: &str) -> (Value, Answer) {
    let session = session(lab, &format!("{FALLS_BACK}{more}"));
    assert_eq!((text(&session, "response_code"), &session["next_actions"]), ("C", &json!(["challenge_cardholder"])));
    let page = open(lab, &session);
    let over = post(lab, &session, &page, &[("password", "Checkout1!")]);
    (session, over)
}

fn decoded(page: &Answer) -> Value {
    use base64::Engine as _;
    let cres = hidden(&page.body, "cres").unwrap_or_else(|| panic!("no CRes: {page:?}"));
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(cres).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn a_challenge_falls_back_and_a_second_result_ends_it() {
    let lab = lab();
    for (decision, status, code) in [("approve", "approved", "Y"), ("deny", "declined", "N")] {
        let (session, page) = fallen_back(&lab, &server("F", 30));
        assert_eq!(text(&decoded(&page), "transStatus"), "D");
        let waits = now(&lab, &session);
        assert_eq!((text(&waits, "status"), text(&waits, "response_code")), ("challenged", "D"));
        assert_eq!((&waits["next_actions"], waits["acs"]["url"].is_null()), (&json!([]), true), "{waits}");
        assert!(waits.get("eci").is_none() && waits.get("cryptogram").is_none(), "nothing is decided: {waits}");
        let first = body(&lab, &session, "RReq");
        assert_eq!((text(&first, "transStatus"), text(&first, "transStatusReason")), ("D", "29"));
        assert!(first["cardholderInfo"]["text"].is_string() && first["eci"].is_null(), "{first}");
        let rres = body(&lab, &session, "RRes");
        assert_eq!(text(&rres, "resultsStatus"), "04");
        let reload = lab.form("/simulator/acs/challenge", &[("creq", &creq(&session))]);
        assert!(reload.body.contains("315"), "the page is over: {reload:?}");

        pass(&lab, 1200); // longer than any session without such a bank
        assert_eq!(decide(&lab, &session, decision).status, 200);
        let over = now(&lab, &session);
        assert_eq!((text(&over, "status"), text(&over, "response_code")), (status, code));
        let results: Vec<Value> =
            bodies(&lab, &session).into_iter().filter(|message| message["kind"] == "RReq").collect();
        let letters: Vec<&str> = results.iter().map(|message| text(&message["body"], "transStatus")).collect();
        assert_eq!(letters, ["D", "D", code, code], "two results, each on two legs");
        assert_eq!(results[0]["body"]["authenticationMethod"], json!(["02"]), "the page's");
        assert_eq!(results[2]["body"]["authenticationMethod"], json!(["12"]), "the bank's own");
        assert_eq!(count(&lab, &session, "CRes"), 1);
        assert_eq!(text(&body_of_last(&lab, &session, "RRes"), "resultsStatus"), "01");
    }
}

fn body_of_last(lab: &Lab, session: &Value, kind: &str) -> Value {
    let all = bodies(lab, session);
    all.iter().rev().find(|message| message["kind"] == kind).expect("there is one")["body"].clone()
}

#[test]
fn a_fallback_that_was_not_asked_for_is_none() {
    let lab = lab();
    for indicator in ["N", "Y"] {
        let (session, page) = fallen_back(&lab, &server(indicator, 30));
        assert_eq!(text(&decoded(&page), "transStatus"), "N");
        let over = now(&lab, &session);
        assert_eq!((text(&over, "status"), text(&over, "response_status_reason")), ("declined", "30"), "{indicator}");
    }
    // An issuer that goes on regardless is not believed.
    let lies = fault("rreq", "set_field", "field = \"transStatus\"\nvalue = \"D\"\ntimes = 2");
    let challenge = "[issuer]\nversion = \"2.3.1\"\nares = { transStatus = \"C\" }\n";
    let session = session(&lab, &format!("{challenge}{lies}"));
    let page = open(&lab, &session);
    post(&lab, &session, &page, &[("password", "Checkout1!")]);
    pass(&lab, 15);
    let over = now(&lab, &session);
    assert_eq!((text(&over, "status"), text(&over, "status_reason")), ("unavailable", "rreq_error"));
    let error = &over["3ds"]["error_details"];
    assert_eq!((text(error, "error_code"), text(error, "error_detail")), ("203", "transStatus"));
}

#[test]
fn a_fallback_survives_a_lost_receipt_and_refuses_a_second_one() {
    let lab = lab();
    let (session, _) = fallen_back(&lab, &format!("{}{}", server("B", 30), fault("rres", "drop", "")));
    pass(&lab, 30);
    assert_eq!(text(&now(&lab, &session), "response_code"), "D");
    assert_eq!(decide(&lab, &session, "approve").status, 200);
    assert_eq!(text(&now(&lab, &session), "status"), "approved");

    let (session, _) = fallen_back(&lab, &format!("{}{}", server("F", 30), fault("rreq", "duplicate", "")));
    assert_eq!(count(&lab, &session, "Erro SD errorCode 312"), 1, "{:#?}", said(&lab, &session));
    assert_eq!(text(&now(&lab, &session), "response_code"), "D");
    assert_eq!(decide(&lab, &session, "approve").status, 200);
    assert_eq!(text(&now(&lab, &session), "status"), "approved");

    let (session, _) = fallen_back(&lab, &server("F", 5));
    pass(&lab, 5 * 60 + 3630);
    assert_eq!(text(&now(&lab, &session), "response_status_reason"), "24", "counted from the fallback");
}

#[test]
fn older_versions_say_what_they_can() {
    let lab = lab();
    // 2.1.0 has no such bank: it asks on the page.
    arm(&lab, &format!("{ASKS}version = \"2.1.0\"\n{}", server("Y", 30)));
    let old = lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
    assert_eq!((text(&old, "response_code"), &old["next_actions"]), ("C", &json!(["challenge_cardholder"])));
    let areq = body(&lab, &old, "AReq");
    assert!(areq["threeDSRequestorDecReqInd"].is_null() && areq["threeDSRequestorDecMaxTime"].is_null(), "{areq}");
    // 2.2.0 has no fallback: F is N, B is Y.
    for (indicator, said) in [("F", "N"), ("B", "Y")] {
        let session = session(&lab, &format!("{ASKS}{}", server(indicator, 30)));
        assert_eq!(text(&body(&lab, &session, "AReq"), "threeDSRequestorDecReqInd"), said);
    }
    // With 2.3.1 the method is a list, and the text an object.
    let new = session(&lab, &format!("{ASKS}version = \"2.3.1\"\n{}", server("B", 10_080)));
    let (areq, ares) = (body(&lab, &new, "AReq"), body(&lab, &new, "ARes"));
    assert_eq!(text(&areq, "threeDSRequestorDecMaxTime"), "10080");
    assert_eq!((&ares["authenticationMethod"], ares["cardholderInfo"]["text"].is_string()), (&json!(["12"]), true));
}

/// Source: emv-3ds.md 6.1.
#[test]
fn programmable_numbers_bring_their_scenario() {
    let lab = lab();
    for (card, code, reason) in [
        ("4000110000081009", "D", Value::Null),
        ("4000110000084003", "N", json!("23")),
        ("4000110000085000", "N", json!("25")),
        ("4000110000086008", "C", Value::Null),
    ] {
        let session = lab.create(&non_hosted(card, plain()));
        assert_eq!((text(&session, "response_code"), &session["response_status_reason"]), (code, &reason), "{card}");
    }
}

fn plain() -> Value {
    json!({"channel_data": browser()})
}
