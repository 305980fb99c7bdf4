//! The token server and the credentials of every endpoint. Source: sessions-api.md 1.4, 1.5.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::lab::*;

fn ask(lab: &Lab, basic: Option<(&str, &str)>, fields: &[(&str, &str)]) -> Answer {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    let credentials = basic.map(|(id, secret)| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))));
    let mut headers = vec![("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")];
    headers.extend(credentials.as_deref().map(|value| ("Authorization", value)));
    request(lab.addr, "POST", "/connect/token", &headers, &body.finish())
}

#[test]
fn every_way_of_asking_for_a_token() {
    let lab = Lab::new();
    let id = lab.sandbox.client_id().to_owned();
    let secret = lab.sandbox.client_secret().expose().to_owned();
    let (id, secret) = (id.as_str(), secret.as_str());
    let grant = ("grant_type", "client_credentials");
    let good = Ok(());
    type Case<'a> = (Option<(&'a str, &'a str)>, &'a [(&'a str, &'a str)], Result<(), &'a str>);
    let table: &[Case] = &[
        (None, &[grant, ("client_id", id), ("client_secret", secret)], good),
        (None, &[grant, ("client_id", id), ("client_secret", secret), ("scope", "")], good),
        (Some((id, secret)), &[grant], good),
        (Some((id, secret)), &[grant, ("client_id", id), ("client_secret", secret)], good),
        (Some((id, secret)), &[grant, ("client_id", "ack_other")], Err("invalid_client")),
        (Some((id, secret)), &[grant, ("client_id", id), ("client_secret", "x")], Err("invalid_client")),
        (Some((id, "x")), &[grant], Err("invalid_client")),
        (None, &[grant, ("client_id", id), ("client_secret", "x")], Err("invalid_client")),
        (None, &[grant, ("client_id", "ack_x"), ("client_secret", secret)], Err("invalid_client")),
        (None, &[grant, ("client_id", id)], Err("invalid_request")),
        (None, &[grant, ("client_secret", secret)], Err("invalid_request")),
        (None, &[("client_id", id), ("client_secret", secret)], Err("invalid_request")),
        (None, &[grant, grant, ("client_id", id), ("client_secret", secret)], Err("invalid_request")),
        (
            None,
            &[("grant_type", "password"), ("client_id", id), ("client_secret", secret)],
            Err("unsupported_grant_type"),
        ),
        (None, &[grant, ("client_id", id), ("client_secret", secret), ("scope", "9x")], Err("invalid_scope")),
        (None, &[grant, ("client_id", id), ("client_secret", secret), ("scope", "a<b")], Err("invalid_scope")),
    ];
    for (basic, fields, expected) in table {
        let answer = ask(&lab, *basic, fields);
        match expected {
            Ok(()) => {
                let body = answer.json();
                assert_eq!(answer.status, 200, "{fields:?}");
                assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
            }
            Err(code) => {
                assert_eq!((answer.status, answer.json()), (400, json!({"error": code})), "{fields:?}");
                assert!(answer.header("Cko-Request-Id").is_some());
            }
        }
    }
    let json = request(lab.addr, "POST", "/connect/token", &[("Content-Type", "application/json")], "{}");
    assert_eq!((json.status, json.json()), (400, json!({"error": "invalid_request"})));
    let malformed = [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", "Basic !!")];
    let malformed = request(lab.addr, "POST", "/connect/token", &malformed, "grant_type=client_credentials");
    assert_eq!(malformed.json(), json!({"error": "invalid_client"}));
}

#[test]
fn the_token_is_a_signed_jwt_with_the_documented_claims() {
    let lab = Lab::new();
    let answer = lab.ask_token("sessions:app sessions:browser sessions:app").json();
    assert_eq!(answer["scope"], "sessions:app sessions:browser");
    let parts: Vec<&str> = text(&answer, "access_token").split('.').collect();
    let read = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
    };
    assert_eq!(read(parts[0]), json!({"alg": "HS256", "typ": "JWT"}));
    let claims = read(parts[1]);
    assert_eq!(claims["sub"], lab.sandbox.client_id());
    assert_eq!(claims["scope"], answer["scope"]);
    assert_eq!(claims["cko_processing_channel_id"], lab.sandbox.processing_channel_id());
    assert_eq!(claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat), Some(3600));
    assert!(["iss", "aud", "jti"].iter().all(|name| claims[*name].is_string()));

    // The seed is 42, and the token key is the fourth value drawn from it after the client's
    // id and secret, the control token and the channel: checked by HMACs made here.
    let mac = |key: &[u8], text: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key");
        mac.update(text);
        mac.finalize().into_bytes().to_vec()
    };
    let mut drawn = b"sandbox".to_vec();
    drawn.extend(4_u64.to_be_bytes());
    let key = mac(&42_u64.to_be_bytes(), &drawn);
    let signed = format!("{}.{}", parts[0], parts[1]);
    assert_eq!(mac(&key, signed.as_bytes()), URL_SAFE_NO_PAD.decode(parts[2]).expect("base64url"));
}

#[test]
fn forged_expired_and_missing_credentials_get_an_empty_401() {
    let lab = Lab::new();
    let session = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    let path = format!("/sessions/{}", text(&session, "id"));
    let token = lab.token_for("");
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let claims = signed.split('.').nth(1).expect("claims");
    let other = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    for bad in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer x".to_owned(),
        token.clone(),
        format!("Basic {token}"),
        format!("Bearer {signed}."),
        format!("Bearer {signed}x.{signature}"),
        format!("Bearer {none}.{claims}."),
        format!("Bearer {none}.{claims}.{signature}"),
        text(&other, "session_secret").to_owned(),
        "sek_x".to_owned(),
        "Bearer sk_sbox_abc".to_owned(),
    ] {
        let answer = lab.send("GET", &path, &bad, "");
        assert_eq!((answer.status, answer.body.as_str()), (401, ""), "{bad}");
        assert_eq!(answer.header("Content-Length"), Some("0"));
        assert!(answer.header("Cko-Request-Id").is_some() && answer.header("Content-Type").is_none(), "{answer:?}");
    }
    for good in [
        format!("Bearer {token}"),
        text(&session, "session_secret").to_owned(),
        format!("Bearer {}", text(&session, "session_secret")),
    ] {
        assert_eq!(lab.send("GET", &path, &good, "").status, 200);
    }
    // A token that was found good once does not vouch for another signature.
    let forged: String = signature.chars().rev().collect();
    for bad in
        [format!("Bearer {signed}.{forged}"), format!("Bearer {signed}.{signature}A"), format!("Bearer {signed}.")]
    {
        assert_eq!(lab.send("GET", &path, &bad, "").status, 401, "{bad}");
    }
    // The secret creates nothing.
    let body = non_hosted(CHALLENGE_CARD, Value::Null).to_string();
    assert_eq!(lab.send("POST", "/sessions", text(&session, "session_secret"), &body).status, 401);
    lab.clock.advance(std::time::Duration::from_secs(3599));
    assert_eq!(lab.send("GET", &path, text(&session, "session_secret"), "").status, 200);
    assert_eq!(lab.send("GET", &path, &format!("Bearer {token}"), "").status, 200);
    lab.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(lab.send("GET", &path, text(&session, "session_secret"), "").status, 401);
    assert_eq!(lab.send("GET", &path, &format!("Bearer {token}"), "").status, 401);
}

#[test]
fn scopes_are_asked_for_by_endpoint() {
    let lab = Lab::new();
    let with = |scope: &str| format!("Bearer {}", lab.token_for(scope));
    let (all, app, browser_only, pay) =
        (with("sessions"), with("sessions:app"), with("sessions:browser"), with("gateway"));
    let plain = non_hosted(CHALLENGE_CARD, Value::Null).to_string();
    let inline = non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})).to_string();
    // `null` equals an absent member, and a browser is what absent means.
    let mut unsaid = browser();
    unsaid["channel"] = Value::Null;
    let unsaid = non_hosted(CHALLENGE_CARD, json!({"channel_data": unsaid})).to_string();
    for (token, body, status) in [
        (&all, &plain, 202),
        (&app, &plain, 202),
        (&browser_only, &plain, 202),
        (&pay, &plain, 403),
        (&all, &inline, 201),
        (&browser_only, &inline, 201),
        (&app, &inline, 403),
        (&browser_only, &unsaid, 201),
        (&app, &unsaid, 403),
    ] {
        let answer = lab.send("POST", "/sessions", token, body);
        assert_eq!(answer.status, status, "{answer:?}");
        if status == 403 {
            assert_eq!(answer.codes(), ["operation_not_allowed_for_scope"]);
        }
    }
    let pending = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    let path = format!("/sessions/{}", text(&pending, "id"));
    let fingerprint = format!("{path}/issuer-fingerprint");
    assert_eq!(lab.send("GET", &path, &app, "").status, 200);
    assert_eq!(lab.send("GET", &path, &pay, "").status, 403);
    assert_eq!(lab.send("PUT", &fingerprint, &app, r#"{"three_ds_method_completion":"Y"}"#).status, 403);
    assert_eq!(lab.send("PUT", &fingerprint, &browser_only, r#"{"three_ds_method_completion":"Y"}"#).status, 200);
    assert_eq!(lab.send("PUT", &format!("{path}/collect-data"), &browser_only, &browser().to_string()).status, 200);
    // The channel is fixed now.
    assert_eq!(lab.send("GET", &path, &app, "").status, 403);
    assert_eq!(lab.send("GET", &path, &browser_only, "").status, 200);
    // Scope is checked before the body and before the session's existence.
    assert_eq!(lab.send("POST", "/sessions", &pay, "{").status, 403);
    assert_eq!(lab.send("GET", "/sessions/sid_aaaaaaaaaaaaaaaaaaaaaaaaaa", &pay, "").status, 403);
}
