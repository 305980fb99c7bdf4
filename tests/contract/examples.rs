//! Every JSON example of the contract, reproduced from its trigger. Source: sessions-api.md 5, 6.1; Appendix B 1.
//!
//! Requests and answers are the contract's own text; what may differ is decided in `story`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::client::*;
use crate::lab::*;
use crate::story::Story;

const CREATE_FRICTIONLESS: &str = r#"{
  "source": {
    "type": "card", "number": "4485040371536584", "expiry_month": 11, "expiry_year": 2031,
    "name": "Ada Example", "email": "ada@example.test", "stored": false,
    "billing_address": {"address_line1": "1 Sample Row", "city": "Leeds", "zip": "LS1 1AA", "country": "GB"},
    "mobile_phone": {"country_code": "44", "number": "7700900123"}
  },
  "amount": 2599, "currency": "GBP",
  "processing_channel_id": "pc_fqzv5v2tb74ulg64fu74ndp34t",
  "authentication_type": "regular", "authentication_category": "payment",
  "challenge_indicator": "no_preference", "reference": "INV-1001", "transaction_type": "goods_service",
  "completion": {"type": "non_hosted", "callback_url": "http://127.0.0.1:9000/cb"}
}"#;

const CREATE_CHALLENGE: &str = r#"{
  "source": {"type": "card", "number": "4242424242424242", "expiry_month": 6, "expiry_year": 2030},
  "amount": 6540, "currency": "USD",
  "completion": {"type": "non_hosted", "callback_url": "http://127.0.0.1:9000/cb", "challenge_notification_url": "http://127.0.0.1:9000/cres"},
  "channel_data": {
    "channel": "browser", "accept_header": "*/*", "java_enabled": true, "javascript_enabled": true, "language": "fr-FR",
    "color_depth": "16", "screen_height": "1080", "screen_width": "1920", "timezone": "60",
    "user_agent": "Mozilla/5.0 Example/1.0", "ip_address": "203.0.113.8"
  }
}"#;

/// A lab, a shop that answers so, and a story in which both have the contract's names.
fn stage(statuses: &'static [u16]) -> (Lab, Merchant, Story) {
    let (lab, shop) = (Lab::new(), Merchant::answering(statuses));
    let own = format!("http://{}", lab.addr);
    let story = Story::new(&[("http://127.0.0.1:8787", &own), ("http://127.0.0.1:9000/cb", &shop.url)]);
    (lab, shop, story)
}

/// A request of the contract, with the story's values.
fn told(lab: &Lab, story: &Story, method: &str, path: &str, authorization: &str, body: &str) -> Answer {
    lab.send(method, &story.told(path), authorization, &story.told(body))
}

fn create(lab: &Lab, story: &Story, status: u16, body: &str) -> Value {
    let answer = told(lab, story, "POST", "/sessions", &lab.bearer(), body);
    assert_eq!(answer.status, status, "{answer:?}");
    answer.json()
}

fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn decoded(text: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).expect("base64url without padding")).expect("JSON")
}

#[test]
fn non_hosted_browser_frictionless() {
    let (lab, shop, mut story) = stage(&[200]);
    let created = create(&lab, &story, 202, CREATE_FRICTIONLESS);
    story.is(
        &created,
        r#"{
  "id": "sid_w3z3uibhwv2xh5lafuax4ifzcx",
  "session_secret": "sek_OiKR7zrh2Om4bEzOeKINL/Yu9ueVVmGEYWzAPOWSXxQ=",
  "transaction_id": "c52dd994-63ba-450a-bc48-e7a4957dabc6",
  "scheme": "visa", "amount": 2599, "currency": "GBP", "completed": false,
  "authentication_type": "regular", "authentication_category": "payment",
  "status": "pending", "protocol_version": "2.2.0", "reference": "INV-1001",
  "transaction_type": "goods_service", "challenge_indicator": "no_preference",
  "authentication_date": "2022-05-03T09:15:02Z",
  "next_actions": ["collect_channel_data", "issuer_fingerprint"],
  "card": {
    "instrument_id": "src_7nsfwlqsn3kjb2r5y6mswrucwf",
    "fingerprint": "2D711642B726B04401627CA9FBAC32F5C8530FB1903CC4DB02258717921A4881",
    "metadata": {"card_type": "CREDIT", "card_category": "CONSUMER", "issuer_country": "US"}
  },
  "_links": {
    "self": {"href": "http://127.0.0.1:8787/sessions/sid_w3z3uibhwv2xh5lafuax4ifzcx"},
    "collect_channel_data": {"href": "http://127.0.0.1:8787/sessions/sid_w3z3uibhwv2xh5lafuax4ifzcx/collect-data"},
    "issuer_fingerprint": {"href": "http://127.0.0.1:8787/sessions/sid_w3z3uibhwv2xh5lafuax4ifzcx/issuer-fingerprint"},
    "three_ds_method_url": {"href": "http://127.0.0.1:8787/simulator/acs/3ds-method"},
    "callback_url": {"href": "http://127.0.0.1:9000/cb"}
  }
}"#,
    );
    method_answers(&lab, &story);

    lab.clock.advance(Duration::from_secs(7));
    let collected = told(
        &lab,
        &story,
        "PUT",
        "/sessions/sid_w3z3uibhwv2xh5lafuax4ifzcx/collect-data",
        text(&created, "session_secret"),
        r#"{
  "channel": "browser", "three_ds_method_completion": "Y",
  "accept_header": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
  "java_enabled": false, "javascript_enabled": true, "language": "en-GB", "color_depth": "24",
  "screen_height": "1080", "screen_width": "1920", "timezone": "-60",
  "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Example/1.0", "ip_address": "203.0.113.7"
}"#,
    );
    assert_eq!(collected.status, 200, "{collected:?}");
    let collected = collected.json();
    story.is(
        &collected,
        r#"{
  "id": "sid_w3z3uibhwv2xh5lafuax4ifzcx",
  "transaction_id": "c52dd994-63ba-450a-bc48-e7a4957dabc6",
  "scheme": "visa", "amount": 2599, "currency": "GBP", "completed": false, "challenged": false,
  "authentication_type": "regular", "authentication_category": "payment",
  "status": "approved", "status_reason": "ares_status", "approved": true,
  "protocol_version": "2.2.0", "reference": "INV-1001", "transaction_type": "goods_service",
  "next_actions": ["complete"], "flow_type": "frictionless", "challenge_indicator": "no_preference",
  "authentication_date": "2022-05-03T09:15:09Z",
  "ds": {"ds_id": "A000000003", "reference_number": "SANDBOX-DS-VISA-0001", "transaction_id": "d3d0be12-de2e-413c-b94f-f0041b780136"},
  "acs": {"reference_number": "SANDBOX-ACS-0001", "transaction_id": "bae47879-856c-4082-a294-b6dc481f2818", "operator_id": "SANDBOX-ACS-OP", "challenge_mandated": false},
  "response_code": "Y", "xid": "c52dd994-63ba-450a-bc48-e7a4957dabc6",
  "card": {"instrument_id": "src_7nsfwlqsn3kjb2r5y6mswrucwf", "fingerprint": "2D711642B726B04401627CA9FBAC32F5C8530FB1903CC4DB02258717921A4881", "metadata": {}},
  "_links": {
    "self": {"href": "http://127.0.0.1:8787/sessions/sid_w3z3uibhwv2xh5lafuax4ifzcx"},
    "complete": {"href": "http://127.0.0.1:8787/sessions/sid_w3z3uibhwv2xh5lafuax4ifzcx/complete"},
    "callback_url": {"href": "http://127.0.0.1:9000/cb"}
  }
}"#,
    );
    assert_ne!(collected["authentication_date"], created["authentication_date"]);

    let with_token = lab.get(text(&created, "id"));
    story.changed(
        &collected,
        &with_token,
        r#"{
  "session_secret": "sek_OiKR7zrh2Om4bEzOeKINL/Yu9ueVVmGEYWzAPOWSXxQ=",
  "cryptogram": "gOA2XyQ6sOuBNQF03v+yzQOZ2NU=", "eci": "05",
  "certificates": {"ds_public": "eyJrdHkiOiJFQyJ9", "ca_public": "MIIBsample"}
}"#,
        &[],
    );
    assert_eq!(with_token["_links"], collected["_links"]);
    completes_once(&lab, &shop, &mut story, &created);
}

/// The method's part of 5.1.
fn method_answers(lab: &Lab, story: &Story) {
    let data = story.told(
        r#"{"threeDSServerTransID": "c52dd994-63ba-450a-bc48-e7a4957dabc6", "threeDSMethodNotificationURL": "http://127.0.0.1:9000/method-done"}"#,
    );
    let page = lab.form("/simulator/acs/3ds-method", &[("threeDSMethodData", &encoded(&data))]);
    assert_eq!(page.status, 200, "{page:?}");
    let form = Form::with(&page, "threeDSMethodData");
    assert_eq!(form.action, "/method-done");
    let told = story.told(r#"{"threeDSServerTransID": "c52dd994-63ba-450a-bc48-e7a4957dabc6"}"#);
    assert_eq!(decoded(form.field("threeDSMethodData")), serde_json::from_str::<Value>(&told).expect("JSON"));
}

/// The end of 5.1, and the callback of 6.1.
fn completes_once(lab: &Lab, shop: &Merchant, story: &mut Story, session: &Value) {
    let complete = format!("{}/complete", own(session));
    let answer = lab.send("POST", &complete, text(session, "session_secret"), "");
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    let (head, callback) = shop.next();
    assert!(head.starts_with("POST /cb HTTP/1.1"), "{head}");
    story.is(
        &callback,
        r#"{
  "session_id": "sid_w3z3uibhwv2xh5lafuax4ifzcx",
  "amount": 2599, "currency": "GBP", "status": "approved",
  "authentication_type": "regular", "authentication_category": "payment", "reference": "INV-1001",
  "approved": true, "protocol_version": "2.2.0", "response_code": "Y",
  "cryptogram": "gOA2XyQ6sOuBNQF03v+yzQOZ2NU=", "eci": "05", "xid": "c52dd994-63ba-450a-bc48-e7a4957dabc6",
  "challenged": false
}"#,
    );
    let again = lab.send("POST", &complete, text(session, "session_secret"), "");
    assert_eq!((again.status, again.codes()), (403, vec!["update_not_allowed_due_to_state".to_owned()]));
    let done = lab.get(text(session, "id"));
    assert_eq!((&done["completed"], &done["next_actions"]), (&json!(true), &json!([])));
}

/// The session of 5.2, challenged.
fn challenged(lab: &Lab, story: &mut Story) -> Value {
    let created = create(lab, story, 202, CREATE_CHALLENGE);
    assert_eq!((text(&created, "status"), &created["next_actions"]), ("pending", &json!(["issuer_fingerprint"])));
    assert!(
        created["_links"]["issuer_fingerprint"].is_object() && created["_links"]["three_ds_method_url"].is_object()
    );
    let path = format!("{}/issuer-fingerprint", own(&created));
    let answer = lab.send("PUT", &path, &lab.bearer(), r#"{"three_ds_method_completion":"Y"}"#);
    assert_eq!(answer.status, 200, "{answer:?}");
    let session = answer.json();
    story.is(
        &session,
        r#"{
  "id": "sid_skp65s2imhnguhok7722ffif7l",
  "session_secret": "sek_tCRgP5OJhgm3vzaJswL8gmXtyXhGSAySYwSKyV+y8zA=",
  "transaction_id": "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8",
  "scheme": "visa", "amount": 6540, "currency": "USD", "completed": false,
  "authentication_type": "regular", "authentication_category": "payment",
  "status": "challenged", "protocol_version": "2.2.0", "transaction_type": "goods_service",
  "challenge_indicator": "no_preference", "flow_type": "challenged", "response_code": "C",
  "authentication_date": "2022-05-03T10:00:00Z",
  "next_actions": ["challenge_cardholder"],
  "certificates": {"ds_public": "eyJrdHkiOiJFQyJ9", "ca_public": "MIIBsample"},
  "ds": {"ds_id": "A000000003", "reference_number": "SANDBOX-DS-VISA-0001", "transaction_id": "9d849e95-2004-452f-b4c9-aab6307b02e1"},
  "acs": {
    "reference_number": "SANDBOX-ACS-0001", "transaction_id": "310184a2-e7d0-4a06-823c-c78fc7c6b561", "operator_id": "SANDBOX-ACS-OP",
    "url": "http://127.0.0.1:8787/simulator/acs/challenge", "challenge_mandated": true, "authentication_type": "02"
  },
  "3ds": {"challenge_request": "eyJtZXNzYWdlVHlwZSI6IkNSZXEifQ"},
  "card": {"instrument_id": "src_ymll2uqgws4sl5755tanet2ruq", "fingerprint": "2D711642B726B04401627CA9FBAC32F5C8530FB1903CC4DB02258717921A4881", "metadata": {}},
  "_links": {
    "self": {"href": "http://127.0.0.1:8787/sessions/sid_skp65s2imhnguhok7722ffif7l"},
    "callback_url": {"href": "http://127.0.0.1:9000/cb"}
  }
}"#,
    );
    session
}

#[test]
fn non_hosted_browser_fingerprint_first_then_challenge() {
    let (lab, _shop, mut story) = stage(&[]);
    let before = challenged(&lab, &mut story);
    let creq = encoded(&story.told(
        r#"{
  "threeDSServerTransID": "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8",
  "acsTransID": "310184a2-e7d0-4a06-823c-c78fc7c6b561",
  "messageType": "CReq", "messageVersion": "2.2.0", "challengeWindowSize": "05"
}"#,
    ));
    let fields = [("creq", creq.as_str()), ("threeDSSessionData", "b3JkZXItMQ")];
    let page = lab.form("/simulator/acs/challenge", &fields);
    assert_eq!(page.status, 200, "{page:?}");
    let handover = Form::with(&page, "password").set("password", "Checkout1!").post(&lab);
    let form = Form::with(&handover, "cres");
    assert_eq!((form.action.as_str(), form.field("threeDSSessionData")), ("/cres", "b3JkZXItMQ"));
    let cres = story.told(
        r#"{
  "threeDSServerTransID": "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8",
  "acsTransID": "310184a2-e7d0-4a06-823c-c78fc7c6b561",
  "messageType": "CRes", "messageVersion": "2.2.0", "transStatus": "Y"
}"#,
    );
    let (found, expected) = (decoded(form.field("cres")), serde_json::from_str::<Value>(&cres).expect("JSON"));
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(&found[name], value, "{name} in {found}");
    }
    // Nobody has posted the CRes yet: the result came from server to server.
    let after = lab.get(text(&before, "id"));
    story.changed(
        &before,
        &after,
        r#"{
  "status": "approved", "status_reason": "rreq_status", "approved": true, "challenged": true, "response_code": "Y",
  "cryptogram": "V+v37FmuAPB9rCVyIpjY4BZ5RfQ=", "eci": "05", "xid": "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8",
  "next_actions": ["complete"], "3ds": {"challenge_request": "eyJtZXNzYWdlVHlwZSI6IkNSZXEifQ", "interaction_counter": "01"}
}"#,
        &[],
    );
    assert!(after["_links"]["complete"].is_object());
}

const APP_DATA: &str = r#"{
  "channel": "app", "sdk_app_id": "2642148a-3959-4b44-bb61-36d25888a66d", "sdk_max_timeout": 5,
  "sdk_encrypted_data": "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTEyOENCQy1IUzI1NiJ9..aXY.Y2lwaGVy.dGFn",
  "sdk_ephem_pub_key": {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
  "sdk_reference_number": "3DS_LOA_SDK_SANDBOX_020200_00001", "sdk_transaction_id": "40956880-b6c8-4ac3-8bf8-294ded3aa656",
  "sdk_interface_type": "both", "sdk_ui_elements": ["text", "single_select", "html_other"]
}"#;

#[test]
fn non_hosted_app() {
    let (lab, _shop, mut story) = stage(&[]);
    let created = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    assert_eq!(created["next_actions"], json!(["collect_channel_data", "issuer_fingerprint"]));
    let bearer = lab.bearer();
    let headers = [("Authorization", bearer.as_str()), ("channel", "app")];
    let seen = request(lab.addr, "GET", &own(&created), &headers, "").json();
    assert_eq!(seen["next_actions"], json!(["collect_channel_data"]));
    assert_eq!(seen["ds"], json!({"ds_id": "A000000003"}));
    assert!(seen["certificates"]["ds_public"].is_string() && seen["certificates"]["ca_public"].is_string());

    let answer = lab.send("PUT", &format!("{}/collect-data", own(&created)), &bearer, APP_DATA);
    assert_eq!(answer.status, 200, "{answer:?}");
    let session = answer.json();
    assert_eq!(session["status"], "challenged");
    story.has(
        &session,
        r#"{
  "next_actions": ["challenge_cardholder"], "response_code": "C",
  "acs": {
    "reference_number": "SANDBOX-ACS-0001", "transaction_id": "2ca37da5-2cd2-4c11-bf83-34b011219443", "operator_id": "SANDBOX-ACS-OP",
    "challenge_mandated": true, "signed_content": "eyJhbGciOiJQUzI1NiJ9.eyJhY3NVUkwiOiIuLi4ifQ.c2ln",
    "interface": "native_ui", "ui_template": "text"
  }
}"#,
    );
}

#[test]
fn non_hosted_app_with_data_nobody_can_read() {
    let lab = Lab::new();
    let answer = lab.call("POST", "/sessions", &non_hosted(CHALLENGE_CARD, json!({"channel_data": unreadable_app()})));
    assert_eq!(answer.status, 201, "{answer:?}");
    let session = answer.json();
    assert_eq!((text(&session, "status"), text(&session, "response_code")), ("unavailable", "U"));
    assert_eq!((text(&session, "response_status_reason"), &session["next_actions"]), ("07", &json!(["complete"])));
    assert!(session["acs"].is_null() && session["certificates"].is_object() && session["ds"].is_object(), "{session}");
    assert_eq!(lab.get(text(&session, "id")), session);
}

#[test]
fn hosted() {
    let (lab, _shop, mut story) = stage(&[]);
    let before = create(
        &lab,
        &story,
        202,
        r#"{
  "source": {"type": "card", "number": "4485040371536584", "expiry_month": 1, "expiry_year": 2030},
  "amount": 100, "currency": "USD", "authentication_type": "regular", "authentication_category": "payment",
  "challenge_indicator": "no_preference", "reference": "INV-2001", "transaction_type": "goods_service",
  "shipping_address": {"address_line1": "1 Sample Row", "city": "Leeds", "state": "ENG", "zip": "LS1 1AA", "country": "GB"},
  "completion": {"type": "hosted", "success_url": "https://shop.example.test/ok", "failure_url": "https://shop.example.test/no"}
}"#,
    );
    story.is(
        &before,
        r#"{
  "id": "sid_4zhhrjkjtvrtqwzwgcmzng3qqz",
  "session_secret": "sek_XvA5qhnr8h3XEHtd/qNH7JH4Ewskxv0f3za+yNdOZAo=",
  "transaction_id": "a7f2c503-bd01-408c-8d70-cfa4b5a39356",
  "scheme": "visa", "amount": 100, "currency": "USD", "completed": false,
  "authentication_type": "regular", "authentication_category": "payment", "status": "pending",
  "protocol_version": "2.2.0", "reference": "INV-2001", "transaction_type": "goods_service",
  "challenge_indicator": "no_preference", "authentication_date": "2022-05-03T11:00:00Z",
  "next_actions": ["redirect_cardholder"],
  "card": {"instrument_id": "src_7nsfwlqsn3kjb2r5y6mswrucwf", "fingerprint": "2D711642B726B04401627CA9FBAC32F5C8530FB1903CC4DB02258717921A4881", "metadata": {}},
  "_links": {
    "self": {"href": "http://127.0.0.1:8787/sessions/sid_4zhhrjkjtvrtqwzwgcmzng3qqz"},
    "redirect_url": {"href": "http://127.0.0.1:8787/sessions-interceptor/sid_4zhhrjkjtvrtqwzwgcmzng3qqz"},
    "success_url": {"href": "https://shop.example.test/ok"},
    "failure_url": {"href": "https://shop.example.test/no"}
  }
}"#,
    );
    let id = text(&before, "id");
    let page = request(lab.addr, "GET", &format!("/sessions-interceptor/{id}"), &[], "");
    let out = Form::with(&page, "browserUserAgent").post(&lab);
    assert_eq!(out.status, 302, "{out:?}");
    let way = format!("https://shop.example.test/ok?cko-session-id={id}");
    assert_eq!(out.header("Location"), Some(way.as_str()));
    let mut after = lab.get(id);
    // The example leaves out what the full schema adds by its own rules (4.3).
    for member in ["ds", "acs", "xid", "certificates"] {
        assert!(after.as_object_mut().expect("an object").remove(member).is_some(), "{member}: {after}");
    }
    story.changed(
        &before,
        &after,
        r#"{
  "status": "approved", "status_reason": "ares_status", "approved": true, "challenged": false, "completed": true,
  "response_code": "Y", "eci": "05", "cryptogram": "Wb+jmkwt9FbVn4oeNCqKUEnYUm8=", "flow_type": "frictionless",
  "next_actions": [],
  "_links": {
    "self": {"href": "http://127.0.0.1:8787/sessions/sid_4zhhrjkjtvrtqwzwgcmzng3qqz"},
    "success_url": {"href": "https://shop.example.test/ok"},
    "failure_url": {"href": "https://shop.example.test/no"}
  }
}"#,
        &[],
    );
}

#[test]
fn three_ds1_fallback() {
    let (lab, _shop, mut story) = stage(&[]);
    let before = create(
        &lab,
        &story,
        201,
        r#"{
  "source": {"type": "card", "number": "4242424242424242", "expiry_month": 6, "expiry_year": 2030},
  "amount": 123321, "currency": "GBP",
  "completion": {"type": "non_hosted", "callback_url": "http://127.0.0.1:9000/cb"}
}"#,
    );
    story.is(
        &before,
        r#"{
  "id": "sid_24loqhi6orllzwn42xxkroke5c",
  "session_secret": "sek_dbUsBLekCanDJNUTlM3UXaY6T1Oiizcd39w9ksobEQg=",
  "transaction_id": "493972a0-2340-413b-bbe7-ff1db1da2936",
  "scheme": "visa", "amount": 123321, "currency": "GBP", "completed": false,
  "authentication_type": "regular", "authentication_category": "payment",
  "status": "pending", "protocol_version": "1.0.2", "transaction_type": "goods_service",
  "challenge_indicator": "no_preference", "authentication_date": "2022-05-03T12:00:00Z",
  "next_actions": ["authenticate"], "pareq": "eJxVUstuwjAQvPMVUe7E",
  "card": {"instrument_id": "src_ymll2uqgws4sl5755tanet2ruq", "fingerprint": "2D711642B726B04401627CA9FBAC32F5C8530FB1903CC4DB02258717921A4881", "metadata": {}},
  "_links": {
    "self": {"href": "http://127.0.0.1:8787/sessions/sid_24loqhi6orllzwn42xxkroke5c"},
    "acs_url": {"href": "http://127.0.0.1:8787/simulator/acs/3ds1"},
    "term_url": {"href": "http://127.0.0.1:8787/sessions-interceptor/sid_24loqhi6orllzwn42xxkroke5c/pares"},
    "callback_url": {"href": "http://127.0.0.1:9000/cb"}
  }
}"#,
    );
    let page = answer_three_ds1(&lab, &before, "Checkout1!");
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains("postMessage") && page.body.contains(text(&before, "id")), "{page:?}");
    let after = lab.get(text(&before, "id"));
    story.changed(
        &before,
        &after,
        r#"{
  "status": "approved", "status_reason": "pares_status", "approved": true, "challenged": true,
  "cryptogram": "AAABBZEEBgAAAAAAAAQGAAAAAAA=", "eci": "05", "xid": "MDAwMDAwMDAwMDAwMDAwMjQwMDE=",
  "protocol_version": "1.0.2", "next_actions": ["complete"]
}"#,
        &["pareq"],
    );
    let xid = text(&after, "xid");
    assert_eq!(xid.len(), 28, "twenty bytes, not a UUID: {xid}");
    let links: Vec<&String> = after["_links"].as_object().expect("links").keys().collect();
    assert!(!links.iter().any(|link| *link == "acs_url" || *link == "term_url"), "{links:?}");
}

#[test]
fn merchant_initiated() {
    let (lab, _shop, mut story) = stage(&[]);
    let earlier = challenged(&lab, &mut story);
    lab.answer_challenge(&earlier, "Checkout1!");
    let mut first = Story::new(&[]);
    let stored = create(&lab, &first, 202, CREATE_FRICTIONLESS);
    first.has(
        &stored,
        r#"{"card": {"instrument_id": "src_7nsfwlqsn3kjb2r5y6mswrucwf", "fingerprint": "2D71", "metadata": {}}}"#,
    );
    let body = first.told(&story.told(
        r#"{
  "source": {"type": "id", "id": "src_7nsfwlqsn3kjb2r5y6mswrucwf"},
  "amount": 999, "currency": "EUR", "authentication_type": "recurring",
  "recurring": {"days_between_payments": 28, "expiry": "20251231"},
  "initial_transaction": {"initial_session_id": "sid_skp65s2imhnguhok7722ffif7l"},
  "completion": {"type": "non_hosted", "callback_url": "http://127.0.0.1:9000/cb"},
  "channel_data": {"channel": "merchant_initiated", "request_type": "recurring_transaction"}
}"#,
    ));
    let answer = lab.send("POST", "/sessions", &lab.bearer(), &body);
    assert_eq!(answer.status, 201, "{answer:?}");
    let session = answer.json();
    assert_eq!(
        (text(&session, "status"), text(&session, "status_reason"), text(&session, "response_code")),
        ("approved", "ares_status", "Y")
    );
    assert_eq!((text(&session, "flow_type"), &session["next_actions"]), ("frictionless", &json!(["complete"])));
    assert_eq!(session["recurring"], json!({"days_between_payments": 28, "expiry": "20251231"}));
    let initial = &session["initial_transaction"];
    assert_eq!(initial["initial_session_id"], earlier["id"]);
    assert_eq!(initial["acs_transaction_id"], earlier["acs"]["transaction_id"]);
    assert_eq!(initial["authentication_method"], "challenge_occurred");

    let mut body: Value = serde_json::from_str(&body).expect("JSON");
    body.as_object_mut().expect("an object").remove("initial_transaction");
    let answer = lab.call("POST", "/sessions", &body);
    assert_eq!(answer.status, 201, "{answer:?}");
    let session = answer.json();
    assert_eq!((text(&session, "status"), text(&session, "response_code")), ("unavailable", "U"));
    assert_eq!((text(&session, "response_status_reason"), &session["next_actions"]), ("21", &json!(["complete"])));
    assert!(session["acs"].is_null() && session["certificates"].is_object(), "{session}");
    // The old spelling of the same.
    body["prior_transaction_reference"] = earlier["acs"]["transaction_id"].clone();
    assert_eq!(text(&lab.create(&body), "status"), "approved");
}

#[test]
fn errors() {
    let (lab, _shop, mut story) = stage(&[]);
    let good = non_hosted(CHALLENGE_CARD, Value::Null).to_string();
    let with = |word: &str| non_hosted(CHALLENGE_CARD, json!({"reference": format!("SBX:{word}")})).to_string();
    let silent = lab.send("POST", "/sessions", "", &good);
    assert_eq!((silent.status, silent.body.as_str(), silent.header("Content-Length")), (401, "", Some("0")));

    let session = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    let failing = lab.create(&non_hosted(
        FRICTIONLESS_CARD,
        json!({"channel_data": browser(), "completion": {"type": "non_hosted", "callback_url": "http://127.0.0.1:9/cb"}}),
    ));
    let complete = |session: &Value| lab.send("POST", &format!("{}/complete", own(session)), &lab.bearer(), "");
    let elsewhere = format!("Bearer {}", lab.token_for("gateway"));
    let wrong = r#"{
        "source": {"number": "4242424242424241", "expiry_month": 6, "expiry_year": 2030, "mobile_phone": {"country_code": "GB", "number": "1"}},
        "amount": 1, "completion": {"type": "hosted", "failure_url": "https://shop.example.test/no"}
    }"#;
    let create = |body: &str| lab.send("POST", "/sessions", &lab.bearer(), body);
    let table = [
        (
            403,
            complete(&session),
            r#"{"request_id": "e14bdc11-a3dd-44c7-8b40-8e6e63512349", "error_type": "operation_not_allowed", "error_codes": ["update_not_allowed_due_to_state"]}"#,
        ),
        (
            403,
            lab.send("POST", "/sessions", &elsewhere, &good),
            r#"{"request_id": "2642148a-3959-4b44-bb61-36d25888a66d", "error_type": "operation_not_allowed", "error_codes": ["operation_not_allowed_for_scope"]}"#,
        ),
        (
            404,
            lab.send("GET", "/sessions/sid_aaaaaaaaaaaaaaaaaaaaaaaaaa", &lab.bearer(), ""),
            r#"{"request_id": "87df940e-2359-4aad-b5f6-968b4b59e83c", "error_type": "not_found", "error_codes": ["session_not_found"]}"#,
        ),
        (
            409,
            create(&with("409")),
            r#"{"request_id": "a3eb3cdc-e57d-400b-bb98-c79015626403", "error_type": "duplicate_requests_detected", "error_codes": ["session_already_in_use"]}"#,
        ),
        (
            422,
            create(wrong),
            r#"{"request_id": "9d849e95-2004-452f-b4c9-aab6307b02e1", "error_type": "unprocessable_entity", "error_codes": ["number_invalid", "country_code_invalid", "currency_required", "success_url_required"]}"#,
        ),
        (
            429,
            create(&with("429")),
            r#"{"request_id": "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8", "error_type": "too_many_requests", "error_codes": ["rate_limit_exceeded"]}"#,
        ),
        (
            502,
            complete(&failing),
            r#"{"request_id": "bae47879-856c-4082-a294-b6dc481f2818", "error_type": "callback_failed", "error_codes": ["session_callback_failed"]}"#,
        ),
        (
            503,
            create(&with("DSERR")),
            r#"{"request_id": "d3d0be12-de2e-413c-b94f-f0041b780136", "error_type": "service_not_available", "error_codes": ["ds_error"]}"#,
        ),
    ];
    for (status, answer, example) in table {
        assert_eq!(answer.status, status, "{answer:?}");
        story.is(&answer.json(), example);
        assert_eq!(answer.json()["request_id"].as_str(), answer.header("Cko-Request-Id"), "{answer:?}");
        assert_eq!(answer.header("Retry-After"), (status == 429).then_some("1"), "{answer:?}");
    }
}
