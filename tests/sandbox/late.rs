//! Messages that come late or twice: what they find is over, and stays as it is.
//! Source: emv-3ds.md 1.2, 1.9.

use serde_json::{Value, json};
use sessions_console::clock::Clock;
use sessions_console::sandbox::Config;

use crate::lab::*;

/// A sandbox whose time passes only where somebody waits, with this fault.
fn lab_with(fault: Value) -> Lab {
    let lab = Lab::with(|config| Config { clock: Clock::virtual_time(), ..config });
    let planned = lab.control("PUT", "/faults", &json!({"faults": [fault]}));
    assert_eq!(planned.status, 200, "{planned:?}");
    lab
}

fn pass(lab: &Lab, seconds: u64) {
    let moved = lab.control("POST", "/clock", &json!({"advance_seconds": seconds}));
    assert_eq!(moved.status, 200, "{moved:?}");
}

#[test]
fn a_request_that_reaches_the_issuer_after_the_end_changes_nothing() {
    let lab = lab_with(json!({"hop": "areq_acs", "kind": "delay_ms", "delay_ms": 9000}));
    let session = lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
    assert_eq!((text(&session, "status"), text(&session, "status_reason")), ("unavailable", "ares_error"));
    pass(&lab, 60);
    let later = lab.get(text(&session, "id"));
    assert_eq!(later["acs"], Value::Null, "{later}");
    assert_eq!(later["3ds"], session["3ds"], "{later}");
    assert_eq!(text(&later, "status"), "unavailable");
}

#[test]
fn a_challenge_ends_once_though_its_result_is_late() {
    let lab = lab_with(json!({"hop": "rreq", "kind": "delay_ms", "delay_ms": 5000}));
    let session = lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
    let id = text(&session, "id");
    assert_eq!(lab.answer_challenge(&session, "Checkout1!").status, 200);
    assert_eq!(text(&lab.get(id), "status"), "challenged");
    let again = lab.control("POST", &format!("/sessions/{id}/challenge"), &json!({"result": "fail"}));
    assert_eq!((again.status, again.codes()), (403, vec!["update_not_allowed_due_to_state".to_owned()]));
    pass(&lab, 6);
    assert_eq!(text(&lab.get(id), "status"), "approved");
    let said = lab.control("GET", &format!("/sessions/{id}/messages"), &Value::Null).json();
    let said = said["messages"].as_array().expect("a list");
    assert_eq!(said.iter().filter(|message| message["kind"] == "CRes").count(), 1, "{said:?}");
}

#[test]
fn nobody_answers_an_error() {
    let lab = lab_with(json!({"hop": "areq", "kind": "set_field", "field": "messageType", "value": "Erro"}));
    let session = lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
    assert_eq!(session["3ds"]["error_details"]["error_code"], "402", "{session}");
}

#[test]
fn a_slow_authentication_takes_no_time_of_its_own_where_time_is_virtual() {
    let lab = Lab::with(|config| Config { clock: Clock::virtual_time(), ..config });
    let more = json!({"channel_data": browser(), "reference": "SBX:SLOW=60000"});
    assert_eq!(text(&lab.create(&non_hosted(CHALLENGE_CARD, more)), "status"), "challenged");
}

#[test]
fn faults_that_scenarios_bring_along_do_not_pile_up() {
    let lab = lab_with(json!({"hop": "pares", "kind": "drop"}));
    for _ in 0..120 {
        lab.call("POST", "/sessions", &non_hosted(CHALLENGE_CARD, json!({"reference": "scn:S149"})));
    }
    let faults = lab.control("GET", "/faults", &Value::Null).json();
    assert!(faults["faults"].as_array().expect("a list").len() <= 100);
}
