//! What the session's secret hides, in every state. Source: sessions-api.md 1.4; Appendix B 5.

use serde_json::{Map, Value, json};

use crate::client::*;
use crate::lab::*;
use crate::stages::{STAGES, Stage};

const HIDDEN: [&str; 4] = ["session_secret", "certificates", "cryptogram", "eci"];

fn members(answer: &Answer) -> Map<String, Value> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let Value::Object(members) = answer.json() else { panic!("no object: {answer:?}") };
    members
}

/// With the token there may be four members more; all others are equal.
fn differ_by_four(with_token: &Map<String, Value>, with_secret: &Map<String, Value>, stage: &str) {
    let mut rest = with_token.clone();
    HIDDEN.iter().for_each(|name| {
        assert!(!with_secret.contains_key(*name), "{stage}: {name}");
        rest.remove(*name);
    });
    assert_eq!(&rest, with_secret, "{stage}");
}

#[test]
fn reading_with_the_secret_hides_four_members() {
    let lab = Lab::new();
    let mut seen = Vec::new();
    for Stage { name, reach, .. } in STAGES {
        let session = reach(&lab);
        let path = own(&session);
        let with_token = members(&lab.send("GET", &path, &lab.bearer(), ""));
        let secret = with_token["session_secret"].as_str().expect("with a token it is shown").to_owned();
        for authorization in [secret.clone(), format!("Bearer {secret}")] {
            differ_by_four(&with_token, &members(&lab.send("GET", &path, &authorization, "")), name);
        }
        // What is hidden is there for the token, where the tables say so.
        let status = with_token["status"].as_str().expect("a status");
        let good = matches!(status, "approved" | "attempted") && *name != "for information";
        assert_eq!(with_token.contains_key("cryptogram"), good, "{name}: {with_token:?}");
        assert_eq!(with_token.contains_key("xid"), with_token.contains_key("eci"), "{name}: {with_token:?}");
        seen.extend(with_token.into_iter().map(|(name, _)| name));
    }
    for name in HIDDEN {
        assert!(seen.iter().any(|seen| seen == name), "{name} was never there, so nothing was hidden");
    }
}

#[test]
fn actions_with_the_secret_hide_the_same() {
    let lab = Lab::new();
    for (card, data) in [
        (FRICTIONLESS_CARD, browser()),
        (CHALLENGE_CARD, browser()),
        (CHALLENGE_CARD, app()),
        (CHALLENGE_CARD, unreadable_app()),
    ] {
        let session = lab.create(&non_hosted(card, Value::Null));
        let secret = text(&session, "session_secret");
        let report = json!({"three_ds_method_completion": "N"}).to_string();
        for (path, body) in [("issuer-fingerprint", report), ("collect-data", data.to_string())] {
            let answer = lab.send("PUT", &format!("{}/{path}", own(&session)), secret, &body);
            let with_token = members(&lab.send("GET", &own(&session), &lab.bearer(), ""));
            differ_by_four(&with_token, &members(&answer), path);
        }
    }
}

#[test]
fn a_secret_opens_its_own_session_and_no_create() {
    let lab = Lab::new();
    let session = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    let other = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    let secret = text(&session, "session_secret");
    for action in ["", "/collect-data", "/issuer-fingerprint", "/complete"] {
        let method = if action.is_empty() {
            "GET"
        } else if action == "/complete" {
            "POST"
        } else {
            "PUT"
        };
        for authorization in [secret, &format!("Bearer {secret}"), "sek_x", "Bearer sek_x"] {
            let answer = lab.send(method, &format!("{}{action}", own(&other)), authorization, "");
            assert_eq!((answer.status, answer.body.as_str()), (401, ""), "{method} {action} {authorization}");
        }
    }
    let answer = lab.send("POST", "/sessions", secret, &non_hosted(CHALLENGE_CARD, Value::Null).to_string());
    assert_eq!((answer.status, answer.body.as_str()), (401, ""));
}
