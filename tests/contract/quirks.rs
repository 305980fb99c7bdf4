//! Every row of the quirk list, with the raw bytes of that quirk. Source: sessions-api.md 9.3; Appendix B 2.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::*;
use crate::lab::*;
use crate::stages::STAGES;

/// A browser's data as Go writes it: no member that is `false`, the method's result in lower case.
const GO_BROWSER: &str = r#"{"channel":"browser","three_ds_method_completion":"y","accept_header":"Accept:  *.*, q=0.1","javascript_enabled":true,"language":"FR-fr","color_depth":"16","screen_height":"1080","screen_width":"1920","timezone":"60","user_agent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64)","ip_address":"1.12.123.255"}"#;

const SOURCE: &str = r#"{"type":"card","number":"4242424242424242","expiry_month":6,"expiry_year":2030}"#;

/// One library's way to send a JSON request.
fn sent(lab: &Lab, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let bearer = lab.bearer();
    let head = format!(
        "{method} {path} HTTP/1.1\nHost: {{host}}\nAuthorization: {bearer}\nContent-Type: application/json\n{headers}\nContent-Length: {{length}}"
    );
    wire(lab, &head, body)
}

fn created(lab: &Lab, body: &str) -> Value {
    let answer = sent(lab, "POST", "/sessions", "", body);
    assert!(matches!(answer.status, 201 | 202), "{answer:?}");
    answer.json()
}

/// A session around these members.
fn with(members: &str) -> String {
    format!(
        r#"{{"source":{SOURCE},"amount":6540,"currency":"USD","completion":{{"type":"non_hosted","callback_url":"https://merchant.com/callback"}},{members}}}"#
    )
}

#[test]
fn row_1_method_completion_in_lower_case() {
    let lab = Lab::new();
    let session = created(&lab, &with(&format!(r#""channel_data":{GO_BROWSER}"#)));
    assert_eq!(text(&session, "status"), "challenged");
    for value in ["y", "n", "u"] {
        let session = created(&lab, &with(r#""reference":"INV-1""#));
        let body = format!(r#"{{"three_ds_method_completion":"{value}"}}"#);
        let answer = sent(&lab, "PUT", &format!("{}/issuer-fingerprint", own(&session)), "", &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["next_actions"], json!(["collect_channel_data"]));
    }
}

#[test]
fn row_2_category_in_camel_case() {
    let lab = Lab::new();
    let session = created(&lab, &with(r#""authentication_category":"nonPayment""#));
    assert_eq!(text(&session, "authentication_category"), "non_payment");
}

#[test]
fn row_3_quashi() {
    let lab = Lab::new();
    let session = created(&lab, &with(r#""transaction_type":"quashi_card_transaction""#));
    assert_eq!(text(&session, "transaction_type"), "quasi_card_transaction");
}

#[test]
fn row_4_false_and_zero_left_out() {
    let lab = Lab::new();
    let body = format!(
        r#"{{"source":{SOURCE},"currency":"USD","completion":{{"type":"non_hosted"}},"channel_data":{GO_BROWSER}}}"#
    );
    let session = created(&lab, &body);
    assert_eq!((&session["amount"], text(&session, "status")), (&json!(0), "challenged"));
    assert_eq!(text(&session, "authentication_category"), "non_payment");
    // A month that is missing is missing all the same.
    let answer = sent(&lab, "POST", "/sessions", "", &body.replace(r#","expiry_month":6"#, ""));
    assert_eq!((answer.status, answer.codes()), (422, vec!["expiry_month_required".to_owned()]));
}

#[test]
fn row_5_a_stray_member_named_like_its_type() {
    let lab = Lab::new();
    let session = created(
        &lab,
        &with(
            r#""account_info":{"purchase_count":10,"account_age":"no_account","AccountInfo":{"purchase_count":"x"}}"#,
        ),
    );
    assert!(session["account_info"]["AccountInfo"].is_null(), "{session}");
    assert_eq!(session["account_info"]["purchase_count"], 10);
}

#[test]
fn row_6_nulls_and_an_empty_object_on_complete() {
    let lab = Lab::new();
    let session = created(
        &lab,
        r#"{"source":{"type":"card","number":"4485040371536584","expiry_month":1,"expiry_year":2030,"name":null,"stored":null,
            "billing_address":{"address_line1":null,"country":"GB"},"mobile_phone":null,"email":null,"scheme":null},
            "amount":100,"currency":"USD","marketplace":null,"account_info":null,"challenge_indicator":null,"reference":null,
            "authentication_type":null,"merchant_risk_info":null,"prior_transaction_reference":null,"transaction_type":null,
            "shipping_address":null,"recurring":null,"installment":null,"billing_descriptor":null,
            "completion":{"type":"non_hosted","callback_url":null,"challenge_notification_url":null},
            "channel_data":{"channel":"browser","three_ds_method_completion":"y","accept_header":"*/*","java_enabled":true,
            "javascript_enabled":null,"language":"FR-fr","color_depth":"16","screen_height":"1080","screen_width":"1920",
            "timezone":"60","user_agent":"Mozilla","ip_address":"1.12.123.255"}}"#,
    );
    assert_eq!((text(&session, "status"), text(&session, "challenge_indicator")), ("approved", "no_preference"));
    assert!(session["reference"].is_null() && session["account_info"].is_null(), "{session}");
    assert_eq!(sent(&lab, "POST", &format!("{}/complete", own(&session)), "", "{}").status, 204);
}

#[test]
fn row_7_lists_for_empty_objects() {
    let lab = Lab::new();
    let session = created(
        &lab,
        &with(concat!(
            r#""marketplace":[],"billing_descriptor":[],"merchant_risk_info":[],"account_info":[],"shipping_address":[],"recurring":[],"#,
            r#""installment":[],"initial_transaction":[],"optimization":[],"#,
            r#""channel_data":{"channel":"browser","three_ds_method_completion":"Y","accept_header":"Accept:  *.*, q=0.1","java_enabled":true,"language":"FR-fr","color_depth":"16","screen_height":"1080","screen_width":"1920","timezone":"60","user_agent":"Mozilla","ip_address":"1.12.123.255"}"#
        )),
    );
    assert_eq!(text(&session, "status"), "challenged");
}

#[test]
fn row_8_the_exact_key_and_no_http_2() {
    let lab = Lab::new();
    for answer in [
        sent(&lab, "POST", "/sessions", "Accept-Encoding: gzip,deflate", &with(r#""reference":"1""#)),
        sent(&lab, "GET", "/sessions/sid_aaaaaaaaaaaaaaaaaaaaaaaaaa", "Upgrade: h2c", ""),
        lab.send("GET", "/sessions/sid_aaaaaaaaaaaaaaaaaaaaaaaaaa", "", ""),
        lab.ask_token(""),
    ] {
        assert!(answer.head.starts_with("HTTP/1.1 "), "{answer:?}");
        let lines = answer.head.lines().filter(|line| line.to_ascii_lowercase().starts_with("cko-request-id:"));
        assert_eq!(lines.filter(|line| line.starts_with("Cko-Request-Id: ")).count(), 1, "{answer:?}");
    }
    // A client that knows HTTP/2 beforehand gets none.
    let mut stream = TcpStream::connect(lab.addr).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket option");
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").expect("the preface");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 "), "{answer:?}");
}

#[test]
fn row_9_no_header_twice_and_a_meaning_in_the_status_of_404() {
    let lab = Lab::new();
    let unknown = "/sessions/sid_aaaaaaaaaaaaaaaaaaaaaaaaaa";
    let report = r#"{"three_ds_method_completion":"Y"}"#;
    for answer in [
        sent(&lab, "GET", unknown, "", ""),
        sent(&lab, "PUT", &format!("{unknown}/collect-data"), "", GO_BROWSER),
        sent(&lab, "PUT", &format!("{unknown}/issuer-fingerprint"), "", report),
        sent(&lab, "POST", &format!("{unknown}/complete"), "", ""),
        sent(&lab, "GET", "/sessions/not-a-session", "", ""),
    ] {
        // That no name comes twice is held for every answer by the client.
        assert_eq!((answer.status, answer.codes()), (404, vec!["session_not_found".to_owned()]));
    }
}

#[test]
fn row_10_create_answers_201_or_202_and_nothing_else() {
    let lab = Lab::new();
    let data = |data: Value| json!({"channel_data": data});
    let merchant = json!({"channel": "merchant_initiated", "request_type": "top_up"});
    for (expected, body) in [
        (202, non_hosted(CHALLENGE_CARD, Value::Null)),
        (202, non_hosted(CHALLENGE_CARD, data(browser_before_method()))),
        (202, hosted(CHALLENGE_CARD, Value::Null)),
        (202, hosted(FRICTIONLESS_CARD, data(browser()))),
        (201, non_hosted(CHALLENGE_CARD, data(browser()))),
        (201, non_hosted(FRICTIONLESS_CARD, data(browser()))),
        (201, non_hosted("4452927588210665", data(browser()))),
        (201, non_hosted("4556085951507152", data(browser_before_method()))),
        (201, non_hosted(CHALLENGE_CARD, data(app()))),
        (201, non_hosted(CHALLENGE_CARD, data(unreadable_app()))),
        (201, non_hosted(CHALLENGE_CARD, data(merchant))),
        (201, non_hosted(CHALLENGE_CARD, json!({"amount": 123_321}))),
        // An app object without any field: as if it were not there (10, Q21).
        (202, non_hosted(CHALLENGE_CARD, data(json!({"channel": "app", "sdk_max_timeout": 0})))),
    ] {
        let answer = lab.call("POST", "/sessions", &body);
        assert_eq!(answer.status, expected, "{answer:?} to {body}");
    }
}

#[test]
fn row_11_channel_undefined_everywhere() {
    let lab = Lab::new();
    let headers = "channel: undefined\nCache-Control: no-cache\npragma: no-cache";
    let answer = sent(&lab, "POST", "/sessions", headers, &with(r#""reference":"1""#));
    assert_eq!(answer.status, 202, "{answer:?}");
    let session = answer.json();
    for channel in ["undefined", "null", "", "Browser", "browser"] {
        let answer = sent(&lab, "GET", &own(&session), &format!("channel: {channel}"), "");
        assert_eq!(answer.json()["next_actions"], json!(["collect_channel_data", "issuer_fingerprint"]), "{channel}");
    }
    let report = r#"{"three_ds_method_completion":"Y"}"#;
    assert_eq!(sent(&lab, "PUT", &format!("{}/issuer-fingerprint", own(&session)), headers, report).status, 200);
    // A good value on another endpoint is no filter and no data.
    let answer = sent(&lab, "PUT", &format!("{}/collect-data", own(&session)), "channel: app", GO_BROWSER);
    assert_eq!(text(&answer.json(), "status"), "challenged");
    assert_eq!(sent(&lab, "POST", &format!("{}/complete", own(&session)), headers, "").status, 403);
}

#[test]
fn row_12_tokens_as_often_as_one_likes() {
    let lab = Lab::new();
    let session = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    let mut tokens = BTreeSet::new();
    for _ in 0..200 {
        let answer = lab.ask_token("gateway vault sessions:app sessions:browser");
        assert_eq!((answer.status, &answer.json()["token_type"]), (200, &json!("Bearer")), "{answer:?}");
        assert!(answer.json()["expires_in"].as_i64().is_some_and(|seconds| seconds > 0));
        tokens.insert(text(&answer.json(), "access_token").to_owned());
    }
    for token in tokens {
        assert_eq!(lab.send("GET", &own(&session), &format!("Bearer {token}"), "").status, 200, "each stays good");
    }
}

#[test]
fn row_13_a_content_type_with_every_body() {
    let lab = Lab::new();
    for (status, answer) in [
        (200, lab.ask_token("")),
        (400, lab.form("/connect/token", &[("grant_type", "x")])),
        (202, sent(&lab, "POST", "/sessions", "", &with(r#""reference":"1""#))),
        (403, sent(&lab, "POST", "/sessions", "", &with(r#""reference":"SBX:OUTAGE""#))),
        (404, sent(&lab, "GET", "/sessions/x", "", "")),
        (409, sent(&lab, "POST", "/sessions", "", &with(r#""reference":"SBX:409""#))),
        (422, sent(&lab, "POST", "/sessions", "", "{")),
        (429, sent(&lab, "POST", "/sessions", "", &with(r#""reference":"SBX:429""#))),
        (500, sent(&lab, "POST", "/sessions", "", &with(r#""reference":"SBX:500""#))),
        (501, sent(&lab, "POST", "/sessions", "", &with(r#""reference":"SBX:501""#))),
        (502, sent(&lab, "POST", "/sessions", "", &with(r#""reference":"SBX:502""#))),
        (503, sent(&lab, "POST", "/sessions", "", &with(r#""reference":"SBX:503""#))),
    ] {
        assert_eq!(answer.status, status, "{answer:?}");
        let kind = answer.header("Content-Type").unwrap_or_else(|| panic!("no type: {answer:?}"));
        assert!(kind.starts_with("application/json") && answer.json().is_object(), "{answer:?}");
    }
}

#[test]
fn row_14_times_with_a_zone_and_codes_as_text() {
    let lab = Lab::new();
    for stage in STAGES {
        let session = (stage.reach)(&lab);
        let date = text(&session, "authentication_date");
        let form = date.bytes().zip(*b"0000-00-00T00:00:00Z");
        assert!(
            date.len() == 20 && form.clone().all(|(b, f)| if f == b'0' { b.is_ascii_digit() } else { b == f }),
            "{date}"
        );
        assert!(date.parse::<jiff::Timestamp>().is_ok(), "{date}");
    }
    let answer = sent(&lab, "POST", "/sessions", "", "{}");
    assert!(
        answer.body.contains(r#""error_codes":["source_required","currency_required","completion_required"]"#),
        "{answer:?}"
    );
}

#[test]
fn row_15_no_word_that_the_documents_do_not_know() {
    let known: &[(&str, &[&str])] = &[
        (
            "/status",
            &[
                "pending",
                "processing",
                "challenged",
                "challenge_abandoned",
                "expired",
                "approved",
                "attempted",
                "unavailable",
                "declined",
                "rejected",
            ],
        ),
        (
            "/status_reason",
            &[
                "ares_status",
                "ares_error",
                "rreq_status",
                "rreq_error",
                "risk_declined",
                "veres_status",
                "veres_error",
                "pares_status",
                "pares_error",
            ],
        ),
        ("/scheme", &["visa", "mastercard", "jcb", "amex", "diners", "cartes_bancaires", "discover", "upi"]),
        ("/authentication_type", &["regular", "recurring", "installment", "maintain_card", "add_card"]),
        ("/authentication_category", &["payment", "non_payment"]),
        (
            "/transaction_type",
            &[
                "goods_service",
                "check_acceptance",
                "account_funding",
                "quasi_card_transaction",
                "prepaid_activation_and_load",
            ],
        ),
        ("/response_code", &["Y", "N", "U", "A", "C", "D", "R", "I"]),
        ("/flow_type", &["challenged", "frictionless", "frictionless_delegated"]),
        ("/protocol_version", &["2.3.1", "2.2.0", "2.1.0", "1.0.2"]),
        (
            "/next_actions",
            &[
                "redirect_cardholder",
                "collect_channel_data",
                "issuer_fingerprint",
                "challenge_cardholder",
                "complete",
                "authenticate",
            ],
        ),
        ("/experience", &["3ds", "google_spa"]),
        (
            "/acs/challenge_cancel_reason",
            &[
                "cardholder_cancel",
                "transaction_timed_out",
                "challenge_timed_out",
                "transaction_error",
                "unknown",
                "sdk_timed_out",
            ],
        ),
        ("/acs/interface", &["native_ui", "html"]),
        ("/acs/ui_template", &["text", "single_select", "multi_select", "oob", "html_other"]),
    ];
    let lab = Lab::new();
    for stage in STAGES {
        let session = (stage.reach)(&lab);
        for (place, words) in known {
            let found = match session.pointer(place) {
                Some(Value::Array(list)) => list.clone(),
                found => found.cloned().into_iter().collect(),
            };
            for word in found {
                let word = word.as_str().unwrap_or_else(|| panic!("{place} is no text: {session}"));
                assert!(words.contains(&word), "{place} {word} when {}", stage.name);
            }
        }
    }
}

#[test]
fn row_16_hosted_members_under_non_hosted() {
    let lab = Lab::new();
    let body = with(r#""reference":"1""#).replace(
        r#"{"type":"non_hosted","callback_url":"https://merchant.com/callback"}"#,
        r#"{"type":"non_hosted","callback_url":"https://merchant.com/callback","success_url":"http://example.com/success","failure_url":"http://example.com/fail"}"#,
    );
    let session = created(&lab, &body);
    assert_eq!(session["next_actions"], json!(["collect_channel_data", "issuer_fingerprint"]));
    assert!(session["_links"]["redirect_url"].is_null() && session["_links"]["success_url"].is_null(), "{session}");
    assert_eq!(session["_links"]["callback_url"]["href"], "https://merchant.com/callback");
}

#[test]
fn row_17_shipping_indicator_visa() {
    let lab = Lab::new();
    let session =
        created(&lab, &with(r#""merchant_risk_info":{"delivery_email":"a@b.test","shipping_indicator":"visa"}"#));
    assert_eq!(session["merchant_risk_info"]["delivery_email"], "a@b.test");
}

#[test]
fn row_18_telemetry() {
    let lab = Lab::new();
    let headers = r#"cko-sdk-telemetry: {"prev-request-id":"8e4ad2a1-c71f-4f5a-9a0e-1b7f6a5c3d2e","prev-request-duration":"431","request-id":"5"}"#;
    let session = sent(&lab, "POST", "/sessions", headers, &with(r#""reference":"1""#)).json();
    assert_eq!(sent(&lab, "GET", &own(&session), headers, "").status, 200);
}
