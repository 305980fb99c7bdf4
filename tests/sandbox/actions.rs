//! What actions do, and when time is over; the action table itself is in `tests/contract`.
//! Source: sessions-api.md 4.1, 4.2, 2.3-2.5.

use std::time::Duration;

use serde_json::{Value, json};

use crate::lab::*;

fn path(session: &Value) -> String {
    format!("/sessions/{}", text(session, "id"))
}

/// One cell of the action table.
fn tried(lab: &Lab, session: &Value, action: &str) -> (u16, Vec<String>) {
    let answer = match action {
        "collect-data" => lab.call("PUT", &format!("{}/collect-data", path(session)), &browser()),
        "issuer-fingerprint" => lab.call(
            "PUT",
            &format!("{}/issuer-fingerprint", path(session)),
            &json!({"three_ds_method_completion": "Y"}),
        ),
        _ => lab.call("POST", &format!("{}/complete", path(session)), &Value::Null),
    };
    let codes = if answer.status >= 400 { answer.codes() } else { Vec::new() };
    (answer.status, codes)
}

fn without_completion() -> Value {
    let mut data = browser();
    data.as_object_mut().expect("an object").remove("three_ds_method_completion");
    data
}

#[test]
fn a_caller_who_hangs_up_changes_nothing() {
    use std::io::Write;
    let lab = Lab::new();
    let session = lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"reference": "SBX:SLOW=1000"})));
    let body = browser().to_string();
    let mut stream = std::net::TcpStream::connect(lab.addr).expect("a connection");
    write!(
        stream,
        "PUT {}/collect-data HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n{body}",
        path(&session),
        lab.addr,
        lab.bearer(),
        body.len(),
    )
    .expect("the request");
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    let mut stream = Some(stream);
    loop {
        let status = lab.get(text(&session, "id"));
        match text(&status, "status") {
            "approved" => break,
            "processing" => {
                stream.take();
                lab.clock.advance(Duration::from_secs(1));
            }
            _ => (),
        }
        assert!(std::time::Instant::now() < deadline, "{status}");
    }
}

#[test]
fn fingerprint_and_data_come_in_either_order() {
    let lab = Lab::new();
    let session = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    let answer =
        lab.call("PUT", &format!("{}/issuer-fingerprint", path(&session)), &json!({"three_ds_method_completion": "n"}));
    assert_eq!(text(&answer.json(), "status"), "pending");
    assert_eq!(answer.json()["next_actions"], json!(["collect_channel_data"]));
    assert_eq!(tried(&lab, &session, "issuer-fingerprint").0, 403);
    let answer = lab.call("PUT", &format!("{}/collect-data", path(&session)), &without_completion());
    assert_eq!(text(&answer.json(), "status"), "challenged");

    let session = lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": without_completion()})));
    assert_eq!((text(&session, "status"), &session["next_actions"]), ("pending", &json!(["issuer_fingerprint"])));
    let answer =
        lab.call("PUT", &format!("{}/issuer-fingerprint", path(&session)), &json!({"three_ds_method_completion": "U"}));
    assert_eq!(text(&answer.json(), "status"), "challenged");
}

#[test]
fn the_channel_header_filters_only_reads_and_only_by_known_values() {
    let lab = Lab::new();
    let session = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    let token = lab.bearer();
    for (channel, fingerprint) in [("browser", true), ("app", false), ("undefined", true), ("merchant_initiated", true)]
    {
        let headers = [("Authorization", token.as_str()), ("channel", channel)];
        let answer = request(lab.addr, "GET", &path(&session), &headers, "").json();
        let actions = answer["next_actions"].as_array().expect("a list");
        assert_eq!(actions.contains(&json!("issuer_fingerprint")), fingerprint, "{channel}");
        assert_eq!(answer["_links"]["issuer_fingerprint"].is_object(), fingerprint, "{channel}");
        assert_eq!(answer["_links"]["three_ds_method_url"].is_object(), fingerprint, "{channel}");
    }
    let headers = [("Authorization", token.as_str()), ("channel", "undefined")];
    let answer =
        request(lab.addr, "PUT", &format!("{}/collect-data", path(&session)), &headers, &browser().to_string());
    assert_eq!(answer.status, 200);
}

#[test]
fn time_runs_out_on_the_clock_and_not_before() {
    let lab = Lab::new();
    let expiring = |body: &Value, seconds: u64| {
        let session = lab.create(body);
        lab.clock.advance(Duration::from_secs(seconds - 1));
        assert_ne!(text(&lab.get(text(&session, "id")), "status"), "expired", "one second early");
        lab.clock.advance(Duration::from_secs(1));
        lab.get(text(&session, "id"))
    };
    let token = lab.control("PUT", "/settings", &json!({"token_seconds": 1_000_000}));
    assert_eq!(token.status, 200);
    let pending = expiring(&non_hosted(CHALLENGE_CARD, Value::Null), 900);
    assert_eq!(text(&pending, "status"), "expired");
    assert_eq!(pending["approved"], false);
    for absent in ["response_code", "challenged", "status_reason", "eci"] {
        assert!(pending[absent].is_null(), "{absent}");
    }
    assert_eq!(pending["next_actions"], json!(["complete"]));
    let quick = expiring(&non_hosted(CHALLENGE_CARD, json!({"reference": "SBX:EXPIRE"})), 2);
    assert_eq!(text(&quick, "status"), "expired");
    let challenged = expiring(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})), 600);
    assert_eq!((text(&challenged, "status"), text(&challenged, "response_code")), ("expired", "N"));
    assert_eq!((&challenged["challenged"], text(&challenged, "response_status_reason")), (&json!(true), "14"));
    assert_eq!(text(&challenged["acs"], "challenge_cancel_reason"), "transaction_timed_out");
    assert_eq!(text(&challenged["acs"], "challenge_cancel_reason_code"), "05");
    let hosted = expiring(&hosted(CHALLENGE_CARD, Value::Null), 900);
    assert_eq!((text(&hosted, "status"), &hosted["next_actions"]), ("expired", &json!([])));
}

#[test]
fn an_idle_challenge_ends_ten_minutes_after_the_last_step() {
    let lab = Lab::new();
    let session = lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
    let id = text(&session, "id").to_owned();
    lab.clock.advance(Duration::from_secs(200));
    let creq = creq(&session);
    lab.form("/simulator/acs/challenge", &[("creq", &creq)]);
    lab.clock.advance(Duration::from_secs(599));
    assert_eq!(text(&lab.get(&id), "status"), "challenged");
    lab.events();
    lab.clock.advance(Duration::from_secs(1));
    let session = lab.get(&id);
    assert_eq!(text(&session["acs"], "challenge_cancel_reason_code"), "04");
    // Nobody is asked twice; whoever comes late is handed back with `N`.
    let late = lab.form("/simulator/acs/challenge", &[("creq", &creq)]);
    assert!(action(&late.body, "handover").is_some() && late.body.contains("The time is over"));
    assert_eq!(text(&lab.get(&id), "status"), "expired");
}

#[test]
fn the_cryptogram_is_shown_for_a_day() {
    let lab = Lab::new();
    lab.control("PUT", "/settings", &json!({"token_seconds": 1_000_000}));
    let token = format!("Bearer {}", lab.token_for(""));
    let session = lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": browser()})));
    let get = || lab.send("GET", &path(&session), &token, "").json();
    lab.clock.advance(Duration::from_secs(86_399));
    assert!(get()["cryptogram"].is_string());
    lab.clock.advance(Duration::from_secs(1));
    assert!(get()["cryptogram"].is_null());
    assert_eq!(text(&get(), "eci"), "05");
}

#[test]
fn a_failed_callback_is_502_and_may_be_tried_again() {
    let lab = Lab::new();
    let merchant = Merchant::answering(&[500, 302, 204]);
    let body = json!({
        "channel_data": browser(), "completion": {"type": "non_hosted", "callback_url": merchant.url},
    });
    let session = lab.create(&non_hosted(FRICTIONLESS_CARD, body));
    let bodies: Vec<Value> = (0..3)
        .map(|turn| {
            let answer = lab.call("POST", &format!("{}/complete", path(&session)), &Value::Null);
            let (head, body) = merchant.next();
            assert!(head.contains("application/json; charset=utf-8") && head.contains("sessions-sandbox/"), "{head}");
            if turn < 2 {
                assert_eq!((answer.status, answer.codes()), (502, vec!["session_callback_failed".to_owned()]));
                assert_eq!(answer.json()["error_type"], "callback_failed");
                assert_eq!(lab.get(text(&session, "id"))["completed"], false);
            } else {
                assert_eq!((answer.status, answer.body.as_str()), (204, ""));
            }
            body
        })
        .collect();
    assert!(bodies[0] == bodies[1] && bodies[1] == bodies[2]);
    assert_eq!(lab.get(text(&session, "id"))["completed"], true);
    // Nobody listens there.
    let body = json!({
        "channel_data": browser(), "completion": {"type": "non_hosted", "callback_url": "http://127.0.0.1:9/cb"},
    });
    let session = lab.create(&non_hosted(FRICTIONLESS_CARD, body));
    assert_eq!(tried(&lab, &session, "complete").0, 502);
}

#[test]
fn a_callback_to_somebody_else_is_recorded_and_never_sent() {
    let lab = Lab::new();
    let body = json!({
        "channel_data": browser(), "completion": {"type": "non_hosted", "callback_url": "https://shop.example/cb"},
    });
    let session = lab.create(&non_hosted(FRICTIONLESS_CARD, body));
    assert_eq!(tried(&lab, &session, "complete").0, 204);
    let record = lab.control("GET", "/callbacks", &Value::Null).json()["callbacks"][0].clone();
    assert_eq!(record["outcome"], json!({"recorded": true}));
    assert_eq!(record["body"]["session_id"], session["id"]);
    let failing = json!({
        "channel_data": browser(), "reference": "SBX:CBFAIL",
        "completion": {"type": "non_hosted", "callback_url": "http://127.0.0.1:9/cb"},
    });
    let session = lab.create(&non_hosted(FRICTIONLESS_CARD, failing));
    assert_eq!(tried(&lab, &session, "complete"), (502, vec!["session_callback_failed".to_owned()]));
}

/// Completes a session with this callback address; its record.
fn called_back(lab: &Lab, url: &str) -> Value {
    let body = json!({"channel_data": browser(), "completion": {"type": "non_hosted", "callback_url": url}});
    let session = lab.create(&non_hosted(FRICTIONLESS_CARD, body));
    assert_eq!(tried(lab, &session, "complete").0, 204, "{url}");
    lab.control("GET", "/callbacks", &Value::Null).json()["callbacks"][0].clone()
}

#[test]
fn a_link_local_address_is_nobody_s_own() {
    let lab = Lab::new();
    for host in ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "localhost.example", "0.0.0.0"] {
        let record = called_back(&lab, &format!("http://{host}/cb"));
        assert_eq!(record["outcome"], json!({"recorded": true}), "{host}");
    }
}

#[test]
fn every_name_of_this_machine_is_loopback_without_being_looked_up() {
    let lab = Lab::new();
    let merchant = Merchant::answering(&[200, 200]);
    for name in ["localhost", "shop.surely-unknown.localhost"] {
        let record = called_back(&lab, &merchant.url.replace("127.0.0.1", name));
        assert_eq!(record["outcome"], json!({"status": 200}), "{name}");
        assert!(merchant.next().0.contains(name), "the name is kept in Host");
    }
}

#[test]
fn a_password_in_an_address_is_used_and_not_shown() {
    let lab = Lab::new();
    let merchant = Merchant::answering(&[200]);
    let hooks = "http://someone:workflow-word@shop.example/hooks";
    lab.control("PUT", "/settings", &json!({"webhooks": {"url": hooks}}));
    let record = called_back(&lab, &merchant.url.replace("http://", "http://someone:callback-word@"));
    assert!(merchant.next().0.contains("Authorization: Basic"));
    assert_eq!(text(&record, "url"), merchant.url);
    called_back(&lab, "http://someone:callback-word@shop.example/cb");
    for path in ["/callbacks", "/webhooks"] {
        let answer = lab.control("GET", path, &Value::Null);
        assert!(answer.body.contains("shop.example/"), "{answer:?}");
        for word in ["someone", "callback-word", "workflow-word"] {
            assert!(!answer.body.contains(word), "{word} in {path}");
        }
    }
}

#[test]
fn a_slow_authentication_has_an_end() {
    let lab = Lab::new();
    lab.control("PUT", "/settings", &json!({"token_seconds": 366 * 86_400}));
    let lab = lab.with_new_token();
    let session = lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"reference": format!("SBX:SLOW={}", u64::MAX)})));
    std::thread::scope(|scope| {
        let data = scope.spawn(|| lab.call("PUT", &format!("{}/collect-data", path(&session)), &browser()));
        while !data.is_finished() {
            // Never before its life has stopped; some minutes may pass before it waits.
            if text(&lab.get(text(&session, "id")), "status") == "processing" {
                lab.clock.advance(Duration::from_secs(60));
            }
        }
        assert_eq!(text(&data.join().expect("no panic").json(), "status"), "approved");
    });
}

#[test]
fn complete_takes_every_empty_body() {
    let lab = Lab::new();
    for (headers, body) in [
        (vec![], ""),
        (vec![("Content-Type", "application/json")], ""),
        (vec![("Content-Type", "application/json")], "{}"),
    ] {
        let session = lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": browser()})));
        let token = lab.bearer();
        let mut headers = headers;
        headers.push(("Authorization", &token));
        let answer = request(lab.addr, "POST", &format!("{}/complete", path(&session)), &headers, body);
        assert_eq!(answer.status, 204, "{answer:?}");
    }
}

#[test]
fn words_in_the_reference_force_what_no_card_covers() {
    let lab = Lab::new();
    let with = |card: &str, reference: &str, more: Value| {
        let mut body = non_hosted(card, json!({"channel_data": browser(), "reference": reference}));
        merge(&mut body, more);
        lab.call("POST", "/sessions", &body)
    };
    for (word, status, code) in [
        ("403", 403, "operation_not_allowed"),
        ("409", 409, "session_already_in_use"),
        ("429", 429, "rate_limit_exceeded"),
        ("500", 500, "unknown_error"),
        ("501", 501, "source_not_supported"),
        ("502", 502, "session_callback_failed"),
        ("503", 503, "ds_error"),
        ("OUTAGE", 403, "scheme_outage"),
        ("DSERR", 503, "ds_error"),
        ("CODE=card_not_eligible", 403, "card_not_eligible"),
        ("CODE=unable_to_verify_amount", 503, "unable_to_verify_amount"),
        ("CODE=zip_invalid", 422, "zip_invalid"),
    ] {
        let answer = with(CHALLENGE_CARD, &format!("INV SBX:{word}"), Value::Null);
        assert_eq!((answer.status, answer.codes()), (status, vec![code.to_owned()]), "{word}");
    }
    assert_eq!(
        (
            with(CHALLENGE_CARD, "SBX:401", Value::Null).status,
            with(CHALLENGE_CARD, "SBX:401", Value::Null).body.as_str()
        ),
        (401, "")
    );
    let risk = with(CHALLENGE_CARD, "SBX:RISK", Value::Null).json();
    assert_eq!((text(&risk, "status"), text(&risk, "status_reason")), ("declined", "risk_declined"));
    assert!(risk["response_code"].is_null() && risk["ds"].is_null() && risk["acs"].is_null());
    for (card, indicator, eci) in [
        (CHALLENGE_CARD, "no_preference", "07"),
        ("5385308360135181", "data_share", "04"),
        ("5385308360135181", "transaction_risk_assessment", "06"),
    ] {
        let session = with(card, "SBX:INFO", json!({"challenge_indicator": indicator})).json();
        assert_eq!(
            (text(&session, "status"), text(&session, "response_code"), text(&session, "eci")),
            ("approved", "I", eci)
        );
        assert!(session["cryptogram"].is_null() && session["approved"] == true);
    }
    for (reference, applied, indicator) in
        [("SBX:EXEMPT", "low_value", "low_value"), ("plain", "none", "no_challenge_requested")]
    {
        let session = with(CHALLENGE_CARD, reference, json!({"challenge_indicator": "low_value"})).json();
        assert_eq!(session["exemption"], json!({"requested": "low_value", "applied": applied}));
        assert_eq!(text(&session, "challenge_indicator"), indicator);
        let asked = areq(&lab, text(&session, "id"));
        assert_eq!(asked["threeDSRequestorChallengeInd"], "02", "2.2.0 has no word for it");
    }
    let listed = with(FRICTIONLESS_CARD, "SBX:EXEMPT", json!({"challenge_indicator": "trusted_listing"})).json();
    assert_eq!(
        listed["exemption"],
        json!({"requested": "trusted_listing", "applied": "trusted_listing",
            "trusted_beneficiary": {"status": "Y", "source": "03"}})
    );
    let shared = with(FRICTIONLESS_CARD, "plain", json!({"challenge_indicator": "data_share"})).json();
    assert_eq!((text(&shared, "status"), text(&shared, "response_code")), ("approved", "I"));
    // Where data are shared nobody asks; 2.1.0 has no word for it, and none for taking note.
    let unasked = with(CHALLENGE_CARD, "plain", json!({"challenge_indicator": "data_share"})).json();
    assert_eq!((text(&unasked, "status"), text(&unasked, "response_code")), ("approved", "I"));
    let old = with(FRICTIONLESS_CARD, "SBX:V210", json!({"challenge_indicator": "data_share"})).json();
    assert_eq!((text(&old, "status"), text(&old, "response_code")), ("approved", "Y"));
    let old = with(CHALLENGE_CARD, "SBX:NOVAULT;V210", Value::Null).json();
    assert_eq!(text(&old, "protocol_version"), "2.1.0");
    assert!(old["card"].is_null());
}
