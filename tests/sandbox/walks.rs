//! Whole stories, from create to the callback.

use serde_json::{Value, json};
use sessions_console::bus::Event;

use crate::lab::*;

#[test]
fn a_challenge_from_create_to_the_callback() {
    let lab = Lab::new();
    let merchant = Merchant::answering(&[200]);
    let created = lab.call(
        "POST",
        "/sessions",
        &non_hosted(
            CHALLENGE_CARD,
            json!({
                "reference": "INV-1", "completion": {
                    "type": "non_hosted", "callback_url": merchant.url,
                    "challenge_notification_url": "http://127.0.0.1:9/cres",
                },
            }),
        ),
    );
    assert_eq!(created.status, 202);
    let created = created.json();
    assert_eq!(created["next_actions"], json!(["collect_channel_data", "issuer_fingerprint"]));
    let path = format!("/sessions/{}", text(&created, "id"));

    let challenged = lab.call("PUT", &format!("{path}/collect-data"), &browser());
    assert_eq!(challenged.status, 200);
    let challenged = challenged.json();
    assert_eq!(challenged["status"], "challenged");
    assert_eq!(challenged["next_actions"], json!(["challenge_cardholder"]));

    let handover = lab.answer_challenge(&challenged, "Checkout1!");
    assert_eq!(action(&handover.body, "handover").as_deref(), Some("http://127.0.0.1:9/cres"));
    let cres = decoded(&hidden(&handover.body, "cres").expect("a CRes"));
    assert_eq!(cres["transStatus"], "Y");
    let session = lab.get(text(&created, "id"));
    assert_eq!(session["status"], "approved");
    assert_eq!((session["eci"].as_str(), session["response_code"].as_str()), (Some("05"), Some("Y")));

    let complete = lab.call("POST", &format!("{path}/complete"), &Value::Null);
    assert_eq!((complete.status, complete.body.as_str()), (204, ""));
    let (head, body) = merchant.next();
    assert!(head.starts_with("POST /cb HTTP/1.1\r\n"), "{head}");
    assert_eq!(
        body,
        json!({
            "session_id": created["id"], "amount": 6540, "currency": "USD", "status": "approved",
            "authentication_type": "regular", "authentication_category": "payment", "reference": "INV-1",
            "approved": true, "protocol_version": "2.2.0", "response_code": "Y",
            "cryptogram": session["cryptogram"], "eci": "05", "xid": created["transaction_id"], "challenged": true,
        })
    );
    assert_eq!(lab.get(text(&created, "id"))["completed"], true);

    let events = lab.events();
    let said = events.iter().map(|event| match event {
        Event::SchemeMessageSeen(message) => {
            format!("{} {}{}", message.kind, message.from.letter(), message.to.letter())
        }
        Event::PhoneMessageSent(phone) => phone.text.clone(),
        #[allow(unreachable_patterns)] // others may post other events one day
        _ => String::new(),
    });
    let said: Vec<String> = said.collect();
    assert_eq!(
        said,
        [
            "PReq SD",
            "PRes DS",
            "AReq SD",
            "AReq DI",
            "ARes ID",
            "ARes DS",
            "CReq BI",
            "Password for USD 65.40 at Sandbox Merchant: Checkout1!",
            "RReq ID",
            "RReq DS",
            "RRes SD",
            "RRes DI",
            "CRes IB",
        ]
    );
}

fn decoded(text: &str) -> Value {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).expect("base64url without padding");
    serde_json::from_slice(&bytes).expect("JSON")
}
