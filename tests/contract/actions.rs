//! Every cell of the action table, with either credential. Source: sessions-api.md 4.1; Appendix B 4.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::lab::*;
use crate::stages::{ACTIONS, STAGES, act};

/// Why a 403 may come from an action that the state forbids.
const REASONS: [&str; 3] = [
    "update_not_allowed_due_to_state",
    "three_ds_method_not_supported_without_url",
    "three_ds_method_not_supported_for_app",
];

#[test]
fn every_cell() {
    let lab = Lab::new();
    for stage in STAGES {
        for (action, expected) in ACTIONS.into_iter().zip(stage.may) {
            for with_secret in [false, true] {
                let session = (stage.reach)(&lab);
                let before = lab.get(text(&session, "id"));
                let secret = text(&before, "session_secret").to_owned();
                let authorization = if with_secret { secret } else { lab.bearer() };
                let answer = act(&lab, &session, action, &authorization);
                let cell = format!("{}: {action}, with the secret: {with_secret}", stage.name);
                assert_eq!(answer.status, expected, "{cell}: {answer:?}");
                if expected == 403 {
                    let codes = answer.codes();
                    assert!(codes.len() == 1 && REASONS.contains(&codes[0].as_str()), "{cell}: {codes:?}");
                    assert_eq!(text(&answer.json(), "error_type"), "operation_not_allowed", "{cell}");
                    assert_eq!(lab.get(text(&session, "id")), before, "{cell}: refused, and yet it did something");
                }
            }
        }
    }
}

#[test]
fn a_report_is_refused_for_the_right_reason() {
    let lab = Lab::new();
    for stage in STAGES {
        let code = match stage.name {
            "waits for data, no method page" | "hosted, waits, no method page" => {
                "three_ds_method_not_supported_without_url"
            }
            "challenged" | "approved" | "hosted, approved" | "completed" | "3DS1" => "update_not_allowed_due_to_state",
            "app, challenged" | "waits for data of an app" => "three_ds_method_not_supported_for_app",
            _ => continue,
        };
        let session = (stage.reach)(&lab);
        assert_eq!(act(&lab, &session, "issuer-fingerprint", &lab.bearer()).codes(), [code], "{}", stage.name);
    }
}

#[test]
fn while_processing_everything_is_409() {
    for body in [
        non_hosted(CHALLENGE_CARD, json!({"reference": "SBX:SLOW=60000"})),
        hosted(CHALLENGE_CARD, json!({"reference": "SBX:SLOW=60000"})),
    ] {
        let lab = Lab::new();
        let session = lab.create(&body);
        let deadline = Instant::now() + Duration::from_secs(10);
        std::thread::scope(|scope| {
            let slow = scope.spawn(|| act(&lab, &session, "collect-data", &lab.bearer()));
            while text(&lab.get(text(&session, "id")), "status") != "processing" {
                assert!(Instant::now() < deadline, "never processing");
                std::thread::yield_now();
            }
            let seen = lab.get(text(&session, "id"));
            let hosted = seen["_links"]["success_url"].is_object();
            assert!(hosted || seen["next_actions"] == json!([]), "{seen}");
            for action in ACTIONS {
                for authorization in [lab.bearer(), text(&session, "session_secret").to_owned()] {
                    let answer = act(&lab, &session, action, &authorization);
                    assert_eq!(
                        (answer.status, answer.codes()),
                        (409, vec!["session_already_in_use".to_owned()]),
                        "{action}"
                    );
                    assert_eq!(text(&answer.json(), "error_type"), "duplicate_requests_detected");
                }
            }
            while !slow.is_finished() {
                assert!(Instant::now() < deadline, "still slow");
                lab.clock.advance(Duration::from_secs(60));
            }
            assert_eq!(slow.join().expect("no panic").status, 200);
        });
    }
}

#[test]
fn two_completions_at_once_call_back_once() {
    let lab = Lab::new();
    let shop = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/cb", shop.local_addr().expect("an address"));
    let completion = json!({"type": "non_hosted", "callback_url": url});
    let session =
        lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": browser(), "completion": completion})));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| act(&lab, &session, "complete", &lab.bearer()));
        let (mut callback, _) = shop.accept().expect("the callback");
        // The shop has not answered yet.
        let second = act(&lab, &session, "complete", &lab.bearer());
        assert_eq!((second.status, second.codes()), (409, vec!["session_already_in_use".to_owned()]));
        assert_eq!(lab.get(text(&session, "id"))["completed"], false);
        assert!(callback.read(&mut [0; 1024]).expect("the request") > 0);
        callback.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").expect("an answer");
        drop(callback);
        assert_eq!(first.join().expect("no panic").status, 204);
    });
    assert_eq!(lab.get(text(&session, "id"))["completed"], true);
    let list: Value = lab.control("GET", "/callbacks", &Value::Null).json();
    assert_eq!(list["callbacks"].as_array().map(Vec::len), Some(1), "{list}");
}
