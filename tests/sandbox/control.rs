//! The control routes. Source: sessions-api.md 7.5, trust.md R17.

use serde_json::{Value, json};

use crate::lab::*;

const ROUTES: [(&str, &str); 9] = [
    ("GET", "/_sandbox/sessions"),
    ("GET", "/_sandbox/log"),
    ("GET", "/_sandbox/clock"),
    ("POST", "/_sandbox/clock"),
    ("POST", "/_sandbox/reset"),
    ("GET", "/_sandbox/settings"),
    ("PUT", "/_sandbox/settings"),
    ("GET", "/_sandbox/callbacks"),
    ("POST", "/_sandbox/sessions/sid_x/challenge"),
];

#[test]
fn nobody_controls_without_the_token_and_no_browser_ever() {
    let lab = Lab::new();
    let token = format!("Bearer {}", lab.sandbox.control_token().expose());
    let access = lab.bearer();
    for (method, path) in ROUTES {
        for headers in [
            vec![],
            vec![("Authorization", "Bearer x")],
            vec![("Authorization", access.as_str())],
            vec![("Authorization", token.as_str()), ("Origin", "http://evil.test")],
            vec![("Authorization", token.as_str()), ("Origin", "null")],
            vec![("Authorization", token.as_str()), ("Sec-Fetch-Site", "same-origin")],
            vec![("Authorization", token.as_str()), ("Sec-Fetch-Site", "cross-site")],
        ] {
            let answer = request(lab.addr, method, path, &headers, "{}");
            assert_eq!((answer.status, answer.body.as_str()), (401, ""), "{method} {path} {headers:?}");
        }
    }
    let typed = [("Authorization", token.as_str()), ("Sec-Fetch-Site", "none")];
    assert_eq!(request(lab.addr, "GET", "/_sandbox/settings", &typed, "").status, 200);
}

#[test]
fn messages_and_logs_show_everything_but_secrets() {
    let lab = Lab::new();
    let session = lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
    lab.answer_challenge(&session, "Checkout1!");
    lab.form("/connect/token", &[("grant_type", "client_credentials"), ("client_secret", "my-own-secret")]);
    let list = lab.control("GET", "/sessions", &Value::Null).json();
    assert_eq!(list["count"], 1);
    assert_eq!(
        (text(&list["sessions"][0], "status"), text(&list["sessions"][0], "card")),
        ("approved", "424242••••••4242")
    );
    let messages = lab.control("GET", &format!("/sessions/{}/messages", text(&session, "id")), &Value::Null).json();
    let kinds: Vec<String> = messages["messages"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|message| format!("{} {} {}", text(message, "kind"), text(message, "from"), text(message, "to")))
        .collect();
    assert_eq!(
        kinds,
        [
            "AReq sessions directory",
            "AReq directory issuer",
            "ARes issuer directory",
            "ARes directory sessions",
            "CReq browser issuer",
            "RReq issuer directory",
            "RReq directory sessions",
            "RRes sessions directory",
            "RRes directory issuer",
            "CRes issuer browser",
        ]
    );
    for message in messages["messages"].as_array().expect("a list") {
        assert_eq!(message["body"]["messageVersion"], "2.2.0");
        assert_eq!(message["body"]["threeDSServerTransID"], session["transaction_id"]);
    }
    assert_eq!(messages["messages"][0]["body"]["acctNumber"], "424242••••••4242");
    let log = lab.control("GET", "/log", &Value::Null);
    for secret in [
        CHALLENGE_CARD,
        lab.sandbox.client_secret().expose(),
        lab.sandbox.control_token().expose(),
        text(&session, "session_secret"),
        lab.bearer().trim_start_matches("Bearer "),
        "my-own-secret",
        "Checkout1!",
    ] {
        assert!(
            !log.body.contains(secret) && !list.to_string().contains(secret) && !messages.to_string().contains(secret)
        );
    }
    let log = log.json();
    let created =
        log["log"].as_array().expect("a list").iter().find(|entry| entry["path"] == "/sessions").expect("logged");
    assert_eq!(
        (&created["status"], &created["credentials"], &created["method"]),
        (&json!(201), &json!("token"), &json!("POST"))
    );
    assert!(text(created, "request").contains("424242••••••4242"));
    assert_eq!(log["dropped"], 0);
}

#[test]
fn challenges_end_from_outside() {
    let lab = Lab::new();
    for (result, status, reason) in [
        ("approve", "approved", None),
        ("fail", "declined", Some("19")),
        ("cancel", "challenge_abandoned", Some("01")),
        ("timeout", "expired", Some("14")),
    ] {
        let session = lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
        let path = format!("/sessions/{}/challenge", text(&session, "id"));
        let ended = lab.control("POST", &path, &json!({"result": result}));
        assert_eq!((ended.status, text(&ended.json(), "status")), (200, status));
        assert_eq!(lab.get(text(&session, "id"))["response_status_reason"].as_str(), reason);
        assert_eq!(lab.control("POST", &path, &json!({"result": result})).status, 403);
        assert_eq!(lab.control("POST", &path, &json!({"result": "win"})).codes(), ["result_invalid"]);
    }
    assert_eq!(lab.control("POST", "/sessions/sid_x/challenge", &json!({"result": "fail"})).status, 404);
}

#[test]
fn the_clock_stops_runs_and_jumps() {
    let lab = Lab::new();
    let session = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    assert_eq!(lab.control("GET", "/clock", &Value::Null).json()["mode"], "freeze");
    let before = text(&lab.control("GET", "/clock", &Value::Null).json(), "now").to_owned();
    let moved = lab.control("POST", "/clock", &json!({"advance_seconds": 900})).json();
    assert_ne!(text(&moved, "now"), before);
    assert_eq!(text(&lab.get(text(&session, "id")), "status"), "expired");
    assert_eq!(lab.control("POST", "/clock", &json!({"mode": "run"})).json()["mode"], "run");
    assert_eq!(
        lab.control("POST", "/clock", &json!({"mode": "warp", "advance_seconds": -1})).codes(),
        ["mode_invalid", "advance_seconds_invalid"]
    );
}

#[test]
fn settings_change_all_or_nothing_and_survive_a_reset() {
    let lab = Lab::new();
    let defaults = lab.control("GET", "/settings", &Value::Null).json();
    assert_eq!(
        (&defaults["token_seconds"], &defaults["session_seconds"], &defaults["callbacks"]),
        (&json!(3600), &json!(900), &json!("deliver"))
    );
    let wrong = lab.control("PUT", "/settings", &json!({"token_seconds": 60, "session_seconds": 0, "colour": "red"}));
    assert_eq!(
        (wrong.status, wrong.codes()),
        (422, vec!["colour_invalid".to_owned(), "session_seconds_invalid".to_owned()])
    );
    assert_eq!(lab.control("GET", "/settings", &Value::Null).json(), defaults);
    let changed = json!({"token_seconds": 60, "allowed_scopes": ["sessions"], "honour_mandate": true, "protocol_version": "2.1.0"});
    assert_eq!(lab.control("PUT", "/settings", &changed).status, 200);
    assert_eq!(lab.ask_token("").json()["expires_in"], 60);
    assert_eq!(lab.ask_token("").json()["scope"], "sessions");
    assert_eq!(lab.ask_token("gateway").json(), json!({"error": "invalid_scope"}));
    let body = non_hosted(
        FRICTIONLESS_CARD,
        json!({"channel_data": browser(), "challenge_indicator": "challenge_requested_mandate"}),
    );
    let session = lab.create(&body);
    assert_eq!((text(&session, "status"), text(&session, "protocol_version")), ("challenged", "2.1.0"));
    assert_eq!(lab.control("POST", "/reset", &Value::Null).status, 204);
    assert_eq!(lab.control("GET", "/sessions", &Value::Null).json()["count"], 0);
    assert_eq!(lab.call("GET", &format!("/sessions/{}", text(&session, "id")), &Value::Null).status, 404);
    assert_eq!(lab.control("GET", "/settings", &Value::Null).json()["token_seconds"], 60);
}
