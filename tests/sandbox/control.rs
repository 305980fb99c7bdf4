//! The control routes. Source: sessions-api.md 7.5, trust.md R17.

use serde_json::{Value, json};
use sessions_console::model::Secret;
use sessions_console::sandbox::{Config, Credentials};

use crate::lab::*;

const ROUTES: [(&str, &str); 18] = [
    ("GET", "/_sandbox/sessions"),
    ("GET", "/_sandbox/log"),
    ("GET", "/_sandbox/clock"),
    ("POST", "/_sandbox/clock"),
    ("POST", "/_sandbox/reset"),
    ("GET", "/_sandbox/settings"),
    ("PUT", "/_sandbox/settings"),
    ("GET", "/_sandbox/callbacks"),
    ("GET", "/_sandbox/webhooks"),
    ("GET", "/_sandbox/arm"),
    ("PUT", "/_sandbox/arm"),
    ("GET", "/_sandbox/faults"),
    ("PUT", "/_sandbox/faults"),
    ("GET", "/_sandbox/sessions/sid_x/messages"),
    ("POST", "/_sandbox/sessions/sid_x/challenge"),
    ("GET", "/_sandbox/overview"),
    ("GET", "/_sandbox/sessions/sid_x/phone"),
    ("POST", "/_sandbox/sessions/sid_x/phone"),
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
    let hidden = &list["sessions"][0];
    assert_eq!((text(hidden, "prepared_result"), &hidden["interactions"]), ("approved", &json!(1)));
    assert_eq!(hidden["ds_transaction_id"], session["ds"]["transaction_id"]);
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
            "PReq sessions directory",
            "PRes directory sessions",
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
    assert_eq!(messages["messages"][2]["body"]["acctNumber"], "424242••••••4242");
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
fn the_log_hides_a_card_number_wherever_it_stands() {
    let lab = Lab::new();
    let card: u64 = CHALLENGE_CARD.parse().expect("digits");
    // Refused for its amount, so that nothing of it is echoed but in the log.
    let body = json!({
        "source": {"type": "card", "number": card, "expiry_month": 6, "cvv": "cvv-word", "CVC": 987_654},
        "amount": "x", "reference": "exp 12 30, 4242 4242-4242 4242 it is", "pan": "4000 0000 0000 0000",
        "metadata": {"a": [card, {"b": format!("x{CHALLENGE_CARD}y")}], (CHALLENGE_CARD): 1},
        "initial_transaction": {"authentication_data": "prior-word"},
        "account_info": {"three_ds_req_auth_data": ["method-word"], "authentication-value": "value-word"},
        "completion": {"type": "non_hosted", "callback_url": "http://user-word:password-word@127.0.0.1/cb"},
    });
    assert_eq!(lab.call("POST", "/sessions", &body).status, 422);
    let form = [("otp", "otp-word"), ("pan", CHALLENGE_CARD), ("note", CHALLENGE_CARD), ("plain", "plain-word")];
    lab.form("/connect/token", &form);
    lab.call("GET", &format!("/sessions/{CHALLENGE_CARD}"), &Value::Null);
    let log = lab.control("GET", "/log", &Value::Null);
    for secret in [
        CHALLENGE_CARD,
        "4242 4242-4242 4242",
        "0000 0000 0000",
        "987654",
        "cvv-word",
        "prior-word",
        "method-word",
        "value-word",
        "user-word",
        "password-word",
        "otp-word",
    ] {
        assert!(!log.body.contains(secret), "{secret} in {}", log.body);
    }
    let log = log.json();
    let list = log["log"].as_array().expect("a list");
    let of =
        |path: &str| list.iter().find(|entry| text(entry, "path") == path).unwrap_or_else(|| panic!("{path} in {log}"));
    assert_eq!(text(of("/sessions/424242••••••4242"), "method"), "GET");
    assert!(text(of("/connect/token"), "request").contains("plain=plain-word"));
    let request: Value = serde_json::from_str(text(of("/sessions"), "request")).expect("JSON");
    assert_eq!(request["source"]["number"], "424242••••••4242");
    assert_eq!(request["reference"], "exp 12 30, 4242 42••-•••• 4242 it is");
    assert_eq!(request["metadata"]["a"], json!(["424242••••••4242", {"b": "x424242••••••4242y"}]));
    assert_eq!(request["completion"]["callback_url"], "http://127.0.0.1/cb");
    assert_eq!(request["source"]["expiry_month"], 6, "what is no secret stays");
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
fn apps_decoupled_and_3ds1_challenges_end_from_outside_too() {
    let lab = Lab::new();
    let end = |session: &Value, result: &str| {
        let path = format!("/sessions/{}/challenge", text(session, "id"));
        let ended = lab.control("POST", &path, &json!({"result": result}));
        assert_eq!(ended.status, 200, "{ended:?}");
        let again = lab.control("POST", &path, &json!({"result": result}));
        assert_eq!((again.status, again.codes()), (403, vec!["update_not_allowed_due_to_state".to_owned()]));
        text(&lab.get(text(session, "id")), "status").to_owned()
    };
    for (result, decoupled, legacy) in [
        ("approve", "approved", "approved"),
        ("fail", "declined", "declined"),
        ("cancel", "challenge_abandoned", "declined"),
        ("timeout", "unavailable", "expired"),
    ] {
        let data = json!({"channel_data": browser(), "reference": "SBX:DECOUPLED"});
        let session = lab.create(&non_hosted(CHALLENGE_CARD, data));
        assert_eq!((text(&session, "status"), text(&session, "response_code")), ("challenged", "D"));
        assert_eq!(end(&session, result), decoupled);
        let data = json!({"channel_data": browser(), "amount": 123_321});
        let session = lab.create(&non_hosted(CHALLENGE_CARD, data));
        assert_eq!(session["next_actions"], json!(["authenticate"]));
        assert_eq!(end(&session, result), legacy);
    }
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

#[test]
fn an_armed_scenario_decides_for_the_next_sessions() {
    let lab = Lab::new();
    let create =
        || text(&lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()}))), "status").to_owned();
    let armed = lab.control("PUT", "/arm", &json!({"scenario": "s004", "sessions": 2}));
    assert_eq!((armed.status, armed.json()), (200, json!({"scenario": "S004", "sessions": 2})));
    assert_eq!(create(), "declined");
    assert_eq!(lab.control("GET", "/arm", &Value::Null).json(), json!({"scenario": "S004", "sessions": 1}));
    // A request that is refused uses none up.
    assert_eq!(lab.call("POST", "/sessions", &json!({"amount": 1})).status, 422);
    assert_eq!((create(), create()), ("declined".to_owned(), "challenged".to_owned()));
    assert_eq!(lab.control("GET", "/arm", &Value::Null).json(), json!({"sessions": 0}));

    lab.control("PUT", "/arm", &json!({"scenario": "S004"}));
    assert_eq!(lab.control("PUT", "/arm", &json!({"scenario": "S004", "sessions": 0})).json(), json!({"sessions": 0}));
    lab.control("PUT", "/arm", &json!({"scenario": "S004"}));
    assert_eq!(lab.control("POST", "/reset", &Value::Null).status, 204);
    assert_eq!(create(), "challenged");

    let unknown = lab.control("PUT", "/arm", &json!({"scenario": "S0004"}));
    assert_eq!((unknown.status, unknown.codes()), (404, vec!["scenario_not_found".to_owned()]));
    assert!(unknown.json()["near"].as_array().expect("a list").contains(&json!("S004")), "{unknown:?}");
    assert_eq!(lab.control("PUT", "/arm", &json!({"sessions": -1})).codes(), ["scenario_required", "sessions_invalid"]);
}

#[test]
fn what_the_account_may_not_do_is_refused_by_its_own_code() {
    let lab = Lab::new();
    let cards = [CHALLENGE_CARD, "5385308360135181", "372688581899681"];
    let codes = |settings: Value| {
        assert_eq!(lab.control("PUT", "/settings", &settings).status, 200, "{settings}");
        cards.map(|card| {
            let answer = lab.call("POST", "/sessions", &non_hosted(card, json!({"channel_data": browser()})));
            if answer.status == 201 { String::new() } else { format!("{} {}", answer.status, answer.codes().join(" ")) }
        })
    };
    let (fine, all) = (String::new, json!(["visa", "mastercard", "amex"]));
    assert_eq!(
        codes(json!({"schemes": ["visa", "mastercard"]})),
        [fine(), fine(), "403 scheme_not_supported".to_owned()]
    );
    assert_eq!(
        codes(json!({"schemes": all, "processors": ["amex", "visa"]})),
        [fine(), "403 no_processor_configured_for_card_scheme".to_owned(), fine()]
    );
    assert_eq!(
        codes(json!({"processors": all, "amex_currencies": ["GBP"]})),
        [fine(), fine(), "403 currency_not_supported".to_owned()]
    );
    assert_eq!(codes(json!({"amex_currencies": ["GBP", "USD"]})), [fine(), fine(), fine()]);
    let off = "403 processing_channel_disabled".to_owned();
    assert_eq!(codes(json!({"processing_channel": "off"})), [off.clone(), off.clone(), off]);
    lab.control("PUT", "/settings", &json!({"processing_channel": "on", "vault": "off"}));
    let stored = non_hosted(CHALLENGE_CARD, json!({"source": {"type": "id", "id": "src_aaaaaaaaaaaaaaaaaaaaaaaaaa"}}));
    let refused = lab.call("POST", "/sessions", &stored);
    assert_eq!(
        (refused.status, refused.codes()),
        (403, vec!["vault_not_configured_for_processing_channel".to_owned()])
    );
    assert_eq!(
        lab.control(
            "PUT",
            "/settings",
            &json!({"schemes": ["visa", "maestro"], "amex_currencies": ["usd"], "vault": 1})
        )
        .codes(),
        ["schemes_invalid", "amex_currencies_invalid", "vault_invalid"]
    );
}

#[test]
fn static_keys_are_taken_only_by_the_lenient() {
    let lab = Lab::new();
    let body = non_hosted(CHALLENGE_CARD, Value::Null).to_string();
    let create = |key: &str| lab.send("POST", "/sessions", key, &body).status;
    assert_eq!(create("Bearer sk_sbox_abc123"), 401);
    lab.control("PUT", "/settings", &json!({"lenient_keys": true}));
    assert_eq!(
        (create("Bearer sk_sbox_abc123"), create("Bearer sk_abc123"), create("Bearer sk_test_x")),
        (202, 401, 401)
    );
    lab.control("PUT", "/settings", &json!({"allowed_scopes": ["gateway"]}));
    assert_eq!(create("Bearer sk_sbox_abc123"), 403);
}

#[test]
fn a_strict_token_server_keeps_to_its_clients_list() {
    let lab = Lab::new();
    assert_eq!(lab.ask_token("flow vault").status, 200);
    lab.control("PUT", "/settings", &json!({"strict": true}));
    assert_eq!(lab.ask_token("flow vault").json(), json!({"error": "invalid_scope"}));
    assert_eq!(lab.ask_token("sessions:browser").json()["scope"], "sessions:browser");
    lab.control("PUT", "/settings", &json!({"allowed_scopes": ["flow", "sessions"]}));
    assert_eq!((lab.ask_token("flow").status, lab.ask_token("sessions:browser").status), (200, 400));
    assert_eq!(lab.ask_token("").json()["scope"], "flow sessions");
}

#[test]
fn a_client_from_outside_is_the_only_one() {
    let lab = Lab::with(|config| Config {
        credentials: Some(Credentials {
            client_id: "ack_mine".to_owned(),
            client_secret: Secret::new("my own secret"),
            processing_channel_id: Some("pc_mine".to_owned()),
            scopes: vec!["sessions".to_owned()],
        }),
        ..config
    });
    let ask = |id: &str, secret: &str, scope: &str| {
        let fields =
            [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret), ("scope", scope)];
        lab.form("/connect/token", &fields).json()
    };
    assert_eq!(ask("ack_mine", "my own secret", "sessions")["scope"], "sessions");
    assert_eq!(ask("ack_mine", "my own secret", "gateway")["error"], "invalid_scope");
    assert_eq!(ask("ack_mine", "another", "")["error"], "invalid_client");
    assert_eq!(ask("ack_other", "my own secret", "")["error"], "invalid_client");
    assert_eq!((lab.sandbox.client_id(), lab.sandbox.processing_channel_id()), ("ack_mine", "pc_mine"));
}

#[test]
fn an_armed_version_is_spoken_by_the_next_session_alone_or_with_a_scenario() {
    let lab = Lab::new();
    let spoken = |reference: &str| {
        let body = non_hosted(CHALLENGE_CARD, json!({"channel_data": browser(), "reference": reference}));
        lab.create(&body)["protocol_version"].as_str().unwrap_or_default().to_owned()
    };
    for version in ["2.1.0", "2.2.0", "2.3.1"] {
        let armed = lab.control("PUT", "/arm", &json!({"version": version}));
        assert_eq!((armed.status, armed.json()), (200, json!({"version": version, "sessions": 1})));
        assert_eq!(spoken("SBX:V210"), version, "what is armed comes before the reference");
        assert_eq!(lab.control("GET", "/arm", &Value::Null).json(), json!({"sessions": 0}));
    }
    let both = json!({"scenario": "S021", "version": "2.3.1", "sessions": 2});
    assert_eq!(lab.control("PUT", "/arm", &both).json(), both);
    assert_eq!(spoken("x"), "2.3.1");
    assert_eq!(lab.control("PUT", "/arm", &json!({"sessions": 0})).json(), json!({"sessions": 0}));
    assert_eq!(spoken("x"), "2.2.0");
    let unknown = lab.control("PUT", "/arm", &json!({"version": "2.0.0"}));
    assert_eq!((unknown.status, unknown.codes()), (422, vec!["version_invalid".to_owned()]));
    // A card range that speaks one version alone decides: none that both speak is an error.
    lab.control("PUT", "/arm", &json!({"scenario": "S038", "version": "2.1.0"}));
    let refused = lab.call("POST", "/sessions", &non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
    assert_eq!((refused.status, refused.codes()), (403, vec!["card_protocol_version_not_supported".to_owned()]));
}

#[test]
fn a_refused_session_leaves_what_is_armed() {
    let lab = Lab::new();
    let armed = || lab.control("GET", "/arm", &Value::Null).json();
    let create = |more: Value| {
        let mut body = non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()}));
        merge(&mut body, more);
        lab.call("POST", "/sessions", &body)
    };
    lab.control("PUT", "/arm", &json!({"scenario": "S004"}));
    // The scenario's card is one that 3DS1 is not for, and the amount asks for 3DS1.
    let refused = create(json!({"amount": 123_321}));
    assert_eq!((refused.status, refused.codes()), (403, vec!["card_not_eligible".to_owned()]));
    assert_eq!(armed(), json!({"scenario": "S004", "sessions": 1}));
    assert_eq!(create(json!({"source": {"type": "card", "number": "9999999999999995"}})).status, 422);
    assert_eq!(armed(), json!({"scenario": "S004", "sessions": 1}));
    assert_eq!(text(&create(Value::Null).json(), "status"), "declined");
    assert_eq!(armed(), json!({"sessions": 0}));
}

/// Source: product.md "Decided", what decides a session's fate.
#[test]
fn an_armed_scenario_comes_before_the_reference_and_that_before_the_card() {
    let lab = Lab::new();
    let create = |card: &str, reference: &str| {
        let body = non_hosted(card, json!({"channel_data": browser(), "reference": reference}));
        let session = lab.create(&body);
        assert_eq!(text(&session, "reference"), reference);
        text(&session, "status").to_owned()
    };
    for reference in
        ["SBX:RISK", "SBX:DECOUPLED", "SBX:INFO", "SBX:503", "SBX:CODE=card_not_enrolled", "SBX:EXPIRE", "scn:S004"]
    {
        lab.control("PUT", "/arm", &json!({"scenario": "S008"}));
        assert_eq!(create(FRICTIONLESS_CARD, reference), "rejected", "{reference}");
    }
    // What does not decide stays.
    lab.control("PUT", "/arm", &json!({"scenario": "S008"}));
    let body = non_hosted(CHALLENGE_CARD, json!({"channel_data": browser(), "reference": "SBX:NOVAULT;V210;RISK"}));
    let session = lab.create(&body);
    assert_eq!((text(&session, "status"), text(&session, "protocol_version")), ("rejected", "2.1.0"));
    assert!(session["card"].is_null(), "{session}");

    for (card, reference, status) in [
        (CHALLENGE_CARD, "scn:S004", "declined"),
        (CHALLENGE_CARD, "INV-7 scn:s008 again", "rejected"),
        (FRICTIONLESS_CARD, "scn:S021", "challenged"),
        ("4000110000002005", "scn:S004", "declined"),
        (FRICTIONLESS_CARD, "scn:S004;SBX:INFO", "approved"),
        // What nobody knows changes nothing.
        (FRICTIONLESS_CARD, "scn:S999", "approved"),
        (FRICTIONLESS_CARD, "scn:", "approved"),
    ] {
        assert_eq!(create(card, reference), status, "{card} {reference}");
    }
}

#[test]
fn the_protocol_version_is_any_that_the_api_speaks() {
    let lab = Lab::new();
    let create = |card: &str, amount: i64| {
        let body = non_hosted(card, json!({"channel_data": browser(), "amount": amount}));
        lab.call("POST", "/sessions", &body)
    };
    for version in ["2.1.0", "2.2.0", "2.3.1", "1.0.2"] {
        assert_eq!(lab.control("PUT", "/settings", &json!({"protocol_version": version})).status, 200, "{version}");
        assert_eq!(text(&create(CHALLENGE_CARD, 6540).json(), "protocol_version"), version);
    }
    // 3DS1 knows no card without a purchase.
    let refused = create(CHALLENGE_CARD, 0);
    assert_eq!((refused.status, refused.codes()), (403, vec!["card_protocol_version_not_supported".to_owned()]));
    for version in ["2.3.0", "2.2", ""] {
        let refused = lab.control("PUT", "/settings", &json!({"protocol_version": version}));
        assert_eq!((refused.status, refused.codes()), (422, vec!["protocol_version_invalid".to_owned()]), "{version}");
    }
}
