//! Sessions in apps and of merchants who act alone. Source: sessions-api.md 5.3, 5.6, 2.3.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::lab::*;

const JWE: &str = "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTEyOENCQy1IUzI1NiJ9..aXY.Y2lwaGVy.dGFn";

/// The app data of sessions-api.md 5.3.
fn app(encrypted: &str) -> Value {
    json!({
        "channel": "app", "sdk_app_id": "2642148a-3959-4b44-bb61-36d25888a66d", "sdk_max_timeout": 5,
        "sdk_encrypted_data": encrypted,
        "sdk_ephem_pub_key": {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
        "sdk_reference_number": "3DS_LOA_SDK_SANDBOX_020200_00001",
        "sdk_transaction_id": "40956880-b6c8-4ac3-8bf8-294ded3aa656",
        "sdk_interface_type": "both", "sdk_ui_elements": ["text", "single_select", "html_other"],
    })
}

fn path(session: &Value) -> String {
    format!("/sessions/{}", text(session, "id"))
}

/// The hidden messages of a session.
fn messages(lab: &Lab, session: &Value) -> Vec<Value> {
    let path = format!("/sessions/{}/messages", text(session, "id"));
    let mut said = lab.control("GET", &path, &Value::Null).json()["messages"].as_array().expect("a list").clone();
    said.retain(|message| !["PReq", "PRes"].contains(&text(message, "kind"))); // once a day, with any session
    said
}

#[test]
fn the_channel_header_gives_an_app_what_it_needs() {
    let lab = Lab::new();
    let session = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    assert_eq!(session["next_actions"], json!(["collect_channel_data", "issuer_fingerprint"]));
    let read = |authorization: &str| {
        let headers = [("Authorization", authorization), ("channel", "app")];
        request(lab.addr, "GET", &path(&session), &headers, "").json()
    };
    let seen = read(&lab.bearer());
    assert_eq!(seen["next_actions"], json!(["collect_channel_data"]));
    assert_eq!(seen["ds"], json!({"ds_id": "A000000003"}));
    let certificates = &seen["certificates"];
    assert_eq!(certificates["ca_public_all"], json!([certificates["ca_public"]]));
    let key: Value = serde_json::from_slice(&decoded(text(certificates, "ds_public"))).expect("a JWK");
    assert_eq!((text(&key, "kty"), text(&key, "crv")), ("EC", "P-256"));
    let seen = read(text(&session, "session_secret"));
    assert!(seen["certificates"].is_null() && seen["ds"]["ds_id"] == "A000000003", "{seen}");
}

fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap_or_else(|fault| panic!("{fault}: {text}"))
}

#[test]
fn an_app_is_challenged_with_signed_content() {
    let lab = Lab::new();
    let session = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    let session = lab.call("PUT", &format!("{}/collect-data", path(&session)), &app(JWE)).json();
    assert_eq!((text(&session, "status"), text(&session, "response_code")), ("challenged", "C"));
    assert_eq!(session["next_actions"], json!(["challenge_cardholder"]));
    let acs = &session["acs"];
    assert!(acs["url"].is_null() && session["3ds"].is_null(), "{session}");
    assert_eq!((text(acs, "interface"), text(acs, "ui_template")), ("native_ui", "text"));
    let parts: Vec<&str> = text(acs, "signed_content").split('.').collect();
    let header: Value = serde_json::from_slice(&decoded(parts[0])).expect("a header");
    let payload: Value = serde_json::from_slice(&decoded(parts[1])).expect("a payload");
    assert_eq!((parts.len(), text(&header, "alg"), decoded(parts[2]).len()), (3, "ES256", 64));
    assert_eq!(payload["sdkEphemPubKey"], app(JWE)["sdk_ephem_pub_key"]);
    assert!(payload["acsEphemPubKey"]["x"].is_string() && payload["acsURL"].is_string(), "{payload}");
    let areq = &messages(&lab, &session)[0]["body"];
    assert_eq!((text(areq, "deviceChannel"), text(areq, "sdkEncData")), ("01", JWE));
    assert!(areq["threeDSCompInd"].is_null() && areq["browserIP"].is_null(), "{areq}");
    // Fingerprinting is not for apps, and the browser's page is not this challenge's.
    let fingerprint = json!({"three_ds_method_completion": "Y"});
    let refused = lab.call("PUT", &format!("{}/issuer-fingerprint", path(&session)), &fingerprint);
    assert_eq!((refused.status, refused.codes()), (403, vec!["three_ds_method_not_supported_for_app".to_owned()]));
}

#[test]
fn the_app_challenge_ends_as_told() {
    let lab = Lab::new();
    for (result, answer, status, code, cancel) in [
        ("approve", "Y", "approved", "Y", None),
        ("fail", "N", "declined", "N", None),
        ("cancel", "N", "challenge_abandoned", "N", Some("cardholder_cancel")),
        ("timeout", "N", "expired", "N", Some("transaction_timed_out")),
    ] {
        let session = lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": app(JWE)})));
        assert_eq!(text(&session, "status"), "challenged");
        let address = format!("/simulator/acs/app-challenge/{}", text(&session, "id"));
        let wrong = lab.send("POST", &address, "", "{\"result\":\"maybe\"}");
        assert_eq!((wrong.status, wrong.codes()), (422, vec!["result_invalid".to_owned()]));
        let cres = lab.send("POST", &address, "", &json!({"result": result}).to_string());
        assert_eq!((cres.status, text(&cres.json(), "transStatus")), (200, answer), "{result}");
        let session = lab.get(text(&session, "id"));
        assert_eq!((text(&session, "status"), text(&session, "response_code")), (status, code), "{result}");
        assert_eq!(session["acs"]["challenge_cancel_reason"].as_str(), cancel, "{result}");
        assert_eq!((text(&session, "status_reason"), &session["challenged"]), ("rreq_status", &json!(true)));
        let kinds: Vec<Value> = messages(&lab, &session).iter().map(|message| message["kind"].clone()).collect();
        assert_eq!(
            kinds,
            ["AReq", "Device data", "AReq", "ARes", "ARes", "RReq", "RReq", "RRes", "RRes", "CRes"].map(Value::from),
            "{result}"
        );
        let again = lab.send("POST", &address, "", "{\"result\":\"approve\"}");
        assert_eq!((again.status, again.codes()), (403, vec!["update_not_allowed_due_to_state".to_owned()]));
    }
    let unknown = lab.send("POST", "/simulator/acs/app-challenge/sid_x", "", "{\"result\":\"approve\"}");
    assert_eq!((unknown.status, unknown.codes()), (404, vec!["session_not_found".to_owned()]));
}

/// What every SDK test sends: two braces.
#[test]
fn app_data_that_nobody_can_read_end_unavailable() {
    let lab = Lab::new();
    for encrypted in ["{}", "a.b.c.d.e", "eyJhIjoxfQ.a.b.c", JWE] {
        let answer =
            lab.call("POST", "/sessions", &non_hosted(FRICTIONLESS_CARD, json!({"channel_data": app(encrypted)})));
        let session = answer.json();
        assert_eq!((answer.status, &session["next_actions"]), (201, &json!(["complete"])), "{encrypted}");
        assert!(session["ds"]["transaction_id"].is_string() && session["certificates"].is_object(), "{session}");
        if encrypted == JWE {
            assert_eq!((text(&session, "status"), session["acs"].is_object()), ("approved", true));
            continue;
        }
        assert_eq!((text(&session, "status"), text(&session, "response_code")), ("unavailable", "U"), "{encrypted}");
        assert_eq!(text(&session, "response_status_reason"), "07");
        assert!(session["acs"].is_null(), "{session}");
    }
    let session = lab.create(&hosted(CHALLENGE_CARD, Value::Null));
    let answer = lab.call("PUT", &format!("{}/collect-data", path(&session)), &app("{}"));
    let session = answer.json();
    assert_eq!((answer.status, text(&session, "status")), (200, "unavailable"));
    assert_eq!((&session["next_actions"], &session["completed"]), (&json!([]), &json!(true)));
    let session = lab.create(&hosted(CHALLENGE_CARD, Value::Null));
    let session = lab.call("PUT", &format!("{}/collect-data", path(&session)), &app(JWE)).json();
    assert_eq!((text(&session, "status"), &session["next_actions"]), ("challenged", &json!(["redirect_cardholder"])));
    let page = request(lab.addr, "GET", &format!("/sessions-interceptor/{}", text(&session, "id")), &[], "");
    assert!(page.status == 200 && page.body.contains("in the app"), "{page:?}");
}

#[test]
fn scopes_decide_by_channel() {
    let lab = Lab::new();
    let narrow = |scope: &str| format!("Bearer {}", lab.token_for(scope));
    let (app_only, browser_only) = (narrow("sessions:app"), narrow("sessions:browser"));
    let create = |token: &str, data: Value| {
        lab.send("POST", "/sessions", token, &non_hosted(CHALLENGE_CARD, json!({"channel_data": data})).to_string())
    };
    let merchant = json!({"channel": "merchant_initiated", "request_type": "top_up"});
    for (token, data, status) in [
        (&app_only, app(JWE), 201),
        (&app_only, browser(), 403),
        (&app_only, merchant.clone(), 201),
        (&browser_only, app(JWE), 403),
        (&browser_only, browser(), 201),
        (&browser_only, merchant, 201),
    ] {
        assert_eq!(create(token, data.clone()).status, status, "{data}");
    }
    let session = create(&app_only, app(JWE)).json();
    assert_eq!(lab.send("GET", &path(&session), &app_only, "").status, 200);
    assert_eq!(lab.send("GET", &path(&session), &browser_only, "").codes(), ["operation_not_allowed_for_scope"]);
}

#[test]
fn a_merchant_acts_alone_only_after_an_earlier_authentication() {
    let lab = Lab::new();
    let alone = |card: &str, kind: &str, more: Value| {
        let mut body = non_hosted(
            card,
            json!({"channel_data": {"channel": "merchant_initiated", "request_type": kind},
                "authentication_type": "recurring", "recurring": {"days_between_payments": 28, "expiry": "20351231"}}),
        );
        merge(&mut body, more);
        let answer = lab.call("POST", "/sessions", &body);
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    };
    let first = lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
    lab.answer_challenge(&first, "Checkout1!");
    let linked = json!({"initial_transaction": {"initial_session_id": first["id"]}});
    // A challenge cannot be asked for: nobody is there.
    for (card, eci, kind) in [
        (CHALLENGE_CARD, "05", "recurring_transaction"),
        ("5385308360135181", "07", "recurring_transaction"),
        ("5385308360135181", "02", "mail_order"),
    ] {
        let session = alone(card, kind, linked.clone());
        assert_eq!((text(&session, "status"), text(&session, "eci")), ("approved", eci), "{card}");
        assert_eq!((&session["challenged"], &session["next_actions"]), (&json!(false), &json!(["complete"])));
        assert_eq!(session["recurring"], json!({"days_between_payments": 28, "expiry": "20351231"}));
        assert_eq!(session["initial_transaction"]["initial_session_id"], first["id"]);
        assert_eq!(session["initial_transaction"]["acs_transaction_id"], first["acs"]["transaction_id"]);
        assert_eq!(session["initial_transaction"]["authentication_method"], "challenge_occurred");
        let areq = &messages(&lab, &session)[0]["body"];
        let indicator = if kind == "mail_order" { "08" } else { "01" };
        assert_eq!((text(areq, "deviceChannel"), text(areq, "threeRIInd")), ("03", indicator));
        assert_eq!(
            areq["threeDSRequestorPriorAuthenticationInfo"]["threeDSReqPriorRef"],
            first["acs"]["transaction_id"]
        );
    }
    let prior = json!({"prior_transaction_reference": first["acs"]["transaction_id"]});
    assert_eq!(text(&alone(CHALLENGE_CARD, "top_up", prior), "status"), "approved");
    let session = alone(CHALLENGE_CARD, "top_up", Value::Null);
    assert_eq!((text(&session, "status"), text(&session, "response_code")), ("unavailable", "U"));
    assert_eq!((text(&session, "response_status_reason"), session["acs"].is_null()), ("21", true));
    assert!(session["certificates"].is_object() && session["ds"].is_object(), "{session}");
}

#[test]
fn a_decoupled_bank_answers_in_its_own_time() {
    let lab = Lab::new();
    lab.control("PUT", "/settings", &json!({"token_seconds": 1_000_000, "decoupled_seconds": 1_200}));
    let token = format!("Bearer {}", lab.token_for(""));
    let get = |id: &str| lab.send("GET", &format!("/sessions/{id}"), &token, "").json();
    let create = |card: &str| {
        let body = json!({"channel_data": browser(), "reference": "SBX:DECOUPLED"});
        let session = lab.create(&non_hosted(card, body));
        assert_eq!((text(&session, "status"), text(&session, "response_code")), ("challenged", "D"));
        assert_eq!((&session["next_actions"], session["acs"]["url"].is_null()), (&json!([]), true));
        assert!(session["cardholder_info"].is_string() && session["3ds"].is_null(), "{session}");
        session
    };
    let (session, refused, never) = (create(FRICTIONLESS_CARD), create("4243754271700719"), create(CHALLENGE_CARD));
    let id = text(&session, "id");
    for (method, action, body) in [
        ("PUT", "collect-data", browser()),
        ("PUT", "issuer-fingerprint", json!({"three_ds_method_completion": "Y"})),
        ("POST", "complete", Value::Null),
    ] {
        let refused = lab.call(method, &format!("/sessions/{id}/{action}"), &body);
        assert_eq!((refused.status, refused.codes()), (403, vec!["update_not_allowed_due_to_state".to_owned()]));
    }
    lab.clock.advance(Duration::from_secs(1_200)); // beyond the fifteen minutes
    assert_eq!(text(&get(id), "status"), "challenged");
    lab.control("POST", &format!("/sessions/{id}/challenge"), &json!({"result": "approve"}));
    let approved = get(id);
    assert_eq!((text(&approved, "status"), text(&approved, "response_code")), ("approved", "Y"));
    assert_eq!((text(&approved, "eci"), &approved["next_actions"]), ("05", &json!(["complete"])));
    assert!(messages(&lab, &approved).iter().all(|message| message["kind"] != "CRes"));

    let id = text(&refused, "id");
    lab.control("POST", &format!("/sessions/{id}/challenge"), &json!({"result": "fail"}));
    assert_eq!(text(&get(id), "status"), "declined");

    lab.clock.advance(Duration::from_secs(3_629)); // the grace
    assert_eq!(text(&get(text(&never, "id")), "status"), "challenged");
    lab.clock.advance(Duration::from_secs(1));
    let late = get(text(&never, "id"));
    assert_eq!((text(&late, "status"), text(&late, "response_code")), ("unavailable", "U"));
    assert_eq!(text(&late, "response_status_reason"), "24");
    assert_eq!(text(&late["acs"], "challenge_cancel_reason_code"), "03");
}

/// Source: emv-3ds.md 6.1.
#[test]
fn programmable_numbers_say_what_happens() {
    let lab = Lab::new();
    for (pan, status, reason, version) in [
        ("4000110000001007", "approved", None, "2.2.0"),
        ("4000110000002005", "attempted", Some("26"), "2.2.0"),
        ("5200110000002000", "attempted", Some("26"), "2.2.0"),
        ("4000110000021203", "challenged", None, "2.2.0"),
        ("4970110000001003", "approved", None, "2.2.0"),
    ] {
        let session = lab.create(&non_hosted(pan, json!({"channel_data": browser()})));
        assert_eq!(text(&session, "status"), status, "{pan}");
        assert_eq!(session["response_status_reason"].as_str(), reason, "{pan}");
        assert_eq!(text(&session, "protocol_version"), version, "{pan}");
    }
    let session = lab.create(&non_hosted("4000110000071919", Value::Null));
    assert_eq!((text(&session, "protocol_version"), &session["next_actions"]), ("1.0.2", &json!(["authenticate"])));
    // The bank's page of this number never reports.
    let session = lab.create(&non_hosted("4000110000021021", Value::Null));
    let data = json!({"threeDSServerTransID": session["transaction_id"],
        "threeDSMethodNotificationURL": "http://127.0.0.1:9/done"});
    let data = URL_SAFE_NO_PAD.encode(data.to_string());
    let page = lab.form("/simulator/acs/3ds-method", &[("threeDSMethodData", &data)]);
    assert!(page.status == 200 && action(&page.body, "notify").is_none(), "{page:?}");
}

/// Source: sessions-api.md 3.9, 5.6; the values of 4.3 that a secret does not see.
#[test]
fn an_earlier_session_tells_its_past_but_not_its_proof() {
    let lab = Lab::new();
    let after = |earlier: &Value| {
        let data = json!({
            "initial_transaction": {"initial_session_id": earlier["id"]},
            "channel_data": {"channel": "merchant_initiated", "request_type": "top_up"},
        });
        lab.create(&non_hosted(FRICTIONLESS_CARD, data))
    };
    let approved = lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": browser()})));
    let proof = text(&approved, "cryptogram");
    let session = after(&approved);
    assert_eq!(text(&session, "status"), "approved");
    let initial = &session["initial_transaction"];
    assert_eq!(
        (&initial["authentication_method"], &initial["acs_transaction_id"]),
        (&json!("frictionless_authentication"), &approved["acs"]["transaction_id"])
    );
    assert!(initial["authentication_timestamp"].is_string() && initial["authentication_data"].is_null(), "{session}");
    let seen = lab.send("GET", &path(&session), text(&session, "session_secret"), "");
    assert!(seen.status == 200 && !seen.body.contains(proof), "{seen:?}");

    let pending = lab.create(&non_hosted(FRICTIONLESS_CARD, Value::Null));
    let challenged = lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
    for earlier in [&pending, &challenged] {
        let session = after(earlier);
        assert_eq!(session["initial_transaction"], json!({"initial_session_id": earlier["id"]}));
        assert_eq!((text(&session, "status"), text(&session, "response_status_reason")), ("unavailable", "21"));
    }
    assert_eq!(lab.answer_challenge(&challenged, "Checkout1!").status, 200);
    assert_eq!(text(&after(&challenged)["initial_transaction"], "authentication_method"), "challenge_occurred");
}

/// Source: sessions-api.md 2.6, emv-3ds.md 1.3, 6.1.
#[test]
fn a_version_that_somebody_does_not_speak_is_refused_by_name() {
    let lab = Lab::new();
    let refused = |card: &str, more: Value| {
        let answer = lab.call("POST", "/sessions", &non_hosted(card, more));
        assert_eq!(answer.status, 403, "{answer:?}");
        answer.codes().join(" ")
    };
    let (only_231, only_220, only_210) = ("4000110000001304", "4000110000001205", "4000110000001106");
    assert_eq!(refused(only_231, json!({"channel_data": browser()})), "card_protocol_version_not_supported");
    assert_eq!(refused(only_231, Value::Null), "card_protocol_version_not_supported");
    assert_eq!(refused(only_220, json!({"reference": "SBX:V210"})), "card_protocol_version_not_supported");

    let device = |version: &str| {
        let mut data = app(JWE);
        data["sdk_reference_number"] = json!(format!("3DS_LOA_SDK_SANDBOX_{version}_00001"));
        data
    };
    let old = json!({"channel_data": device("020100")});
    assert_eq!(refused(only_220, old.clone()), "protocol_version_not_supported_by_sdk");
    assert_eq!(
        refused(CHALLENGE_CARD, json!({"channel_data": device("020100"), "reference": "SBX:V220"})),
        "protocol_version_not_supported_by_sdk"
    );
    assert_eq!(
        refused(CHALLENGE_CARD, json!({"channel_data": device("020000")})),
        "protocol_version_not_supported_by_sdk"
    );
    for (card, data, version) in [
        (CHALLENGE_CARD, old.clone(), "2.1.0"),
        (only_210, old, "2.1.0"),
        (CHALLENGE_CARD, json!({"channel_data": device("020200")}), "2.2.0"),
        (CHALLENGE_CARD, json!({"channel_data": device("020301")}), "2.2.0"),
    ] {
        assert_eq!(text(&lab.create(&non_hosted(card, data)), "protocol_version"), version);
    }
    // The same when the data come later.
    for (card, status, version) in [(CHALLENGE_CARD, 200, "2.1.0"), (only_220, 403, "2.2.0")] {
        let session = lab.create(&non_hosted(card, Value::Null));
        let answer = lab.call("PUT", &format!("{}/collect-data", path(&session)), &device("020100"));
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(text(&lab.get(text(&session, "id")), "protocol_version"), version);
    }
}

/// Source: product.md "Decided".
#[test]
fn nothing_is_to_be_done_while_the_bank_asks_by_itself() {
    let lab = Lab::new();
    let session = lab.create(&hosted(CHALLENGE_CARD, json!({"reference": "SBX:DECOUPLED"})));
    assert_eq!(session["next_actions"], json!(["redirect_cardholder"]));
    let waits = lab.call("PUT", &format!("{}/collect-data", path(&session)), &browser());
    let waits = waits.json();
    assert_eq!((text(&waits, "status"), text(&waits, "response_code")), ("challenged", "D"));
    assert_eq!((&waits["next_actions"], &waits["_links"]["redirect_url"]), (&json!([]), &Value::Null));
}
