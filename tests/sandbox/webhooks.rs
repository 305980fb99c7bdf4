//! Webhooks. Source: sessions-api.md 6.4.

use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::lab::*;

/// Sets a workflow, which must be good.
fn workflow(lab: &Lab, url: &str, more: Value) {
    let mut workflow = json!({"url": url});
    merge(&mut workflow, more);
    let answer = lab.control("PUT", "/settings", &json!({"webhooks": workflow}));
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn events(lab: &Lab) -> Vec<Value> {
    let list = lab.control("GET", "/webhooks", &Value::Null).json()["webhooks"].take();
    list.as_array().expect("a list").clone()
}

/// The newest event, once `ready` of it.
fn newest(lab: &Lab, ready: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let newest = events(lab).first().cloned().unwrap_or_default();
        if ready(&newest) {
            return newest;
        }
        assert!(Instant::now() < end, "{newest}");
        std::thread::yield_now();
    }
}

fn attempted(times: usize) -> impl Fn(&Value) -> bool {
    move |event| event["attempts"].as_array().is_some_and(|attempts| attempts.len() == times)
}

#[test]
fn an_event_is_signed_and_has_the_documented_members() {
    let lab = Lab::new();
    let merchant = Merchant::answering(&[200]);
    let more = json!({
        "signature_key": "key-of-the-workflow", "authorization": "the header key, verbatim",
        "headers": {"X-Shop": "seven"}, "events": ["authentication_approved"],
    });
    workflow(&lab, &merchant.url, more);
    let body =
        non_hosted(FRICTIONLESS_CARD, json!({"channel_data": browser(), "reference": "INV-1001", "amount": 2599}));
    let session = lab.create(&body);
    let (head, body) = merchant.next_text();
    let header = |name: &str| {
        let prefix = format!("{name}: ");
        head.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_else(|| panic!("no {name} in {head}"))
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(b"key-of-the-workflow").expect("any length");
    mac.update(body.as_bytes());
    let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(header("Cko-Signature"), expected);
    assert_eq!((header("Authorization"), header("X-Shop")), ("the header key, verbatim", "seven"));
    assert_eq!(header("Content-Type"), "application/json; charset=utf-8");
    let event: Value = serde_json::from_str(&body).expect("JSON");
    let id = text(&event, "id");
    assert!(id.len() == 30 && id.starts_with("evt_"), "{id}");
    let now = lab.clock.now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    let base = format!("http://{}", lab.addr);
    assert_eq!(
        event,
        json!({
            "id": id, "type": "authentication_approved", "version": "1.0.1", "created_on": now,
            "data": {
                "session_id": session["id"], "amount": "2599", "currency": "USD", "type": "regular",
                "response_code": "Y", "eci": "05", "xid": session["transaction_id"], "challenged": false,
                "acs_challenged_mandated": false, "exemption_applied": "none",
                "challenge_indicator": "no_preference", "protocol_version": "2.2.0", "scheme": "visa",
                "reference": "INV-1001", "experience": "3ds", "3ds_transaction_id": session["transaction_id"],
                "ds_transaction_id": session["ds"]["transaction_id"],
                "acs_transaction_id": session["acs"]["transaction_id"],
            },
            "_links": {"self": {"href": format!("{base}/workflows/events/{id}")}},
        })
    );
    let listed = newest(&lab, |event| event["state"] == "delivered");
    assert_eq!((&listed["body"], &listed["attempts"][0]["status"]), (&event, &json!(200)));
}

#[test]
fn every_state_is_told_by_its_type() {
    let lab = Lab::new();
    lab.control("PUT", "/settings", &json!({"callbacks": "record"}));
    workflow(&lab, "https://shop.example.test/hooks", json!({}));
    let rows = [
        (FRICTIONLESS_CARD, "authentication_approved", Value::Null),
        ("4556574722325580", "authentication_attempted", Value::Null),
        ("4539628347117863", "authentication_failed", json!("Declined")),
        ("4275765574319271", "authentication_failed", json!("Rejected")),
        ("4024007186645015", "authentication_failed", json!("Unavailable")),
    ];
    for (number, (card, kind, reason)) in rows.into_iter().enumerate() {
        let session = lab.create(&non_hosted(card, json!({"channel_data": browser()})));
        let list = events(&lab);
        assert_eq!(list.len(), 2 * (number + 1), "each state is told once");
        let (ended, started) = (&list[0], &list[1]);
        assert_eq!((text(ended, "type"), &ended["body"]["data"]["reason"]), (kind, &reason), "{card}");
        assert_eq!((text(ended, "state"), text(started, "type")), ("recorded", "authentication_started"));
        let data = &started["body"]["data"];
        assert_eq!((&data["session_id"], data.get("eci"), data.get("challenged")), (&session["id"], None, None));
        assert!(ended.get("signature").is_none() && ended["body"]["data"].get("payment_id").is_none());
    }
    let before = events(&lab).len();
    let challenged = || lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
    let session = challenged();
    assert_eq!(events(&lab).len(), before + 1, "a challenge alone is not told");
    lab.control("POST", &format!("/sessions/{}/challenge", text(&session, "id")), &json!({"result": "cancel"}));
    let data = events(&lab)[0]["body"]["data"].clone();
    assert_eq!(
        (text(&data, "reason"), text(&data, "transaction_status_reason")),
        ("ChallengeAbandoned", "rreq_status")
    );
    let session = challenged();
    lab.clock.advance(Duration::from_secs(600));
    lab.get(text(&session, "id"));
    let expired = newest(&lab, |event| event["type"] == "authentication_expired");
    assert_eq!(text(&expired["body"]["data"], "reason"), "ChallengeExpired");
    assert_eq!(expired["body"]["data"]["challenged"], true);
}

#[test]
fn an_error_of_the_scheme_is_told_with_its_details() {
    let lab = Lab::new();
    workflow(&lab, "https://shop.example.test/hooks", json!({"events": ["authentication_failed"]}));
    let body = || non_hosted("4452927588210665", json!({"channel_data": browser()}));
    lab.create(&body());
    let data = events(&lab)[0]["body"]["data"].clone();
    assert_eq!((text(&data, "reason"), text(&data, "transaction_status_reason")), ("Unavailable", "ares_error"));
    for name in ["error_code", "error_description", "error_detail", "error_component"] {
        assert!(data["error_details"][name].is_string(), "{name} in {data}");
    }
    let more = json!({"events": ["authentication_failed"], "malformed_failed_event": true});
    workflow(&lab, "https://shop.example.test/hooks", more);
    let session = lab.create(&body());
    let event = events(&lab)[0]["body"].clone();
    assert!(event.get("data").is_none(), "{event}");
    assert_eq!((&event["session_id"], text(&event, "type")), (&session["id"], "authentication_failed"));
}

#[test]
fn an_event_is_tried_nine_times_at_the_documented_times_and_then_dropped() {
    let lab = Lab::new();
    let merchant = Merchant::answering(&[500; 9]);
    let more = json!({"retry_scale": 1, "signature_key": "k", "events": ["authentication_approved"]});
    workflow(&lab, &merchant.url, more);
    lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": browser()})));
    let first = merchant.next_text();
    for (number, wait) in [300, 600, 900, 1800, 3600, 14_400, 43_200, 43_200].into_iter().enumerate() {
        let event = newest(&lab, attempted(number + 1));
        assert_eq!((text(&event, "state"), &event["attempts"][number]["status"]), ("waiting", &json!(500)));
        let due = lab.clock.now() + Duration::from_secs(wait);
        assert_eq!(text(&event, "next_attempt"), due.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        lab.clock.advance(Duration::from_secs(wait));
        assert_eq!(merchant.next_text(), first, "the same bytes in attempt {}", number + 2);
    }
    let event = newest(&lab, attempted(9));
    assert_eq!((text(&event, "state"), event.get("next_attempt")), ("dropped", None));
}

#[test]
fn a_retry_that_is_taken_is_the_last_and_the_wait_is_scaled() {
    let lab = Lab::new();
    let merchant = Merchant::answering(&[404, 204]);
    workflow(&lab, &merchant.url, json!({"events": ["authentication_started"]}));
    lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    merchant.next();
    let waiting = newest(&lab, attempted(1));
    let due = lab.clock.now() + Duration::from_secs(5);
    assert_eq!(text(&waiting, "next_attempt"), due.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    lab.clock.advance(Duration::from_secs(5));
    merchant.next();
    let event = newest(&lab, attempted(2));
    assert_eq!((text(&event, "state"), &event["attempts"][1]["status"]), ("delivered", &json!(204)));
}

#[test]
fn nobody_waits_for_a_delivery_and_an_unreachable_merchant_is_said() {
    let lab = Lab::new();
    // It listens and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    workflow(&lab, &format!("http://{}/", silent.local_addr().expect("an address")), json!({}));
    lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": browser()})));
    assert_eq!(text(&events(&lab)[0], "state"), "waiting");
    // Bound, so that nobody else takes it, and not listening.
    let deaf = tokio::net::TcpSocket::new_v4().expect("a socket");
    deaf.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    workflow(&lab, &format!("http://{}/", deaf.local_addr().expect("an address")), json!({}));
    lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    let event = newest(&lab, attempted(1));
    assert_eq!(event["attempts"][0]["failed"], "could not connect");
}

#[test]
fn a_hosted_session_calls_back_and_tells_the_workflow() {
    let lab = Lab::new();
    let (shop, hooks) = (Merchant::answering(&[200]), Merchant::answering(&[200, 200]));
    workflow(&lab, &hooks.url, json!({}));
    let mut body = hosted(CHALLENGE_CARD, Value::Null);
    body["completion"]["callback_url"] = shop.url.clone().into();
    let session = lab.create(&body);
    lab.clock.advance(Duration::from_secs(900));
    assert_eq!(text(&lab.get(text(&session, "id")), "status"), "expired");
    assert_eq!(shop.next().1["status"], "expired");
    let mut kinds = [hooks.next().1, hooks.next().1].map(|event| text(&event, "type").to_owned());
    kinds.sort(); // two events, in no promised order
    assert_eq!(kinds, ["authentication_expired", "authentication_started"]);
    let data = newest(&lab, |event| event["type"] == "authentication_expired")["body"]["data"].clone();
    assert_eq!((text(&data, "reason"), data.get("challenged"), data.get("response_code")), ("Expired", None, None));
}

#[test]
fn settings_show_no_key_and_keep_one_that_is_given_back_masked() {
    let lab = Lab::new();
    assert_eq!(lab.control("GET", "/settings", &Value::Null).json()["webhooks"], json!({}));
    let merchant = Merchant::answering(&[200]);
    let more = json!({
        "signature_key": "sign-secret", "authorization": "auth-secret", "headers": {"X-Key": "header-secret"},
        "events": ["authentication_started"],
    });
    workflow(&lab, &merchant.url, more);
    let shown = lab.control("GET", "/settings", &Value::Null).json()["webhooks"].clone();
    assert_eq!(shown["headers"], json!({"x-key": "••••"}));
    assert_eq!(lab.control("PUT", "/settings", &json!({"webhooks": shown})).status, 200);
    lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    let (head, _) = merchant.next_text();
    for line in ["Authorization: auth-secret", "X-Key: header-secret", "Cko-Signature: "] {
        assert!(head.contains(line), "{line} in {head}");
    }
    for path in ["/settings", "/log", "/webhooks"] {
        let answer = lab.control("GET", path, &Value::Null);
        for secret in ["sign-secret", "auth-secret", "header-secret"] {
            assert!(!answer.body.contains(secret), "{secret} in {path}");
        }
    }
    let wrong = json!({"webhooks": {
        "url": "ftp://x", "events": ["payment_approved"], "retry_scale": -1, "headers": {"Host": "x"},
        "authorization": "a\r\nb", "colour": "red",
    }});
    let mut codes = lab.control("PUT", "/settings", &wrong).codes();
    codes.sort();
    let names = ["authorization", "colour", "events", "headers", "retry_scale", "url"];
    assert_eq!(codes, names.map(|name| format!("{name}_invalid")));
    assert_eq!(lab.control("PUT", "/settings", &json!({"webhooks": {}})).status, 200);
    let before = events(&lab).len();
    lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    assert_eq!(events(&lab).len(), before, "no workflow, no events");
    lab.control("POST", "/reset", &Value::Null);
    assert!(events(&lab).is_empty());
}
