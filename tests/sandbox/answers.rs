//! What every answer keeps: headers as bytes, addresses, identifiers. More is held by the client itself (`lab`)
//! and, for every state, in `tests/contract`.

use serde_json::{Value, json};

use crate::lab::*;

#[test]
fn every_kind_of_answer_carries_its_id_spelt_exactly() {
    let lab = Lab::new();
    let session = lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": browser()})));
    let path = format!("/sessions/{}", text(&session, "id"));
    let hosted = lab.create(&hosted(CHALLENGE_CARD, Value::Null));
    let page = format!("/sessions-interceptor/{}", text(&hosted, "id"));
    let good = non_hosted(CHALLENGE_CARD, Value::Null);
    let with = |word: &str| non_hosted(CHALLENGE_CARD, json!({"reference": word}));
    let answers = [
        (200, lab.ask_token("")),
        (400, lab.form("/connect/token", &[])),
        (202, lab.call("POST", "/sessions", &good)),
        (200, lab.call("GET", &path, &Value::Null)),
        (200, lab.send("HEAD", &path, &lab.bearer(), "")),
        (204, lab.call("POST", &format!("{path}/complete"), &Value::Null)),
        (403, lab.call("POST", &format!("{path}/complete"), &Value::Null)),
        (401, lab.send("GET", &path, "", "")),
        (404, lab.call("GET", "/sessions/sid_aaaaaaaaaaaaaaaaaaaaaaaaaa", &Value::Null)),
        (404, lab.call("GET", "/sessions/x", &Value::Null)),
        (404, lab.call("GET", "/nothing/here", &Value::Null)),
        (405, lab.call("DELETE", &path, &Value::Null)),
        (405, lab.call("GET", "/sessions", &Value::Null)),
        (422, lab.call("POST", "/sessions", &json!({}))),
        (500, lab.call("POST", "/sessions", &with("SBX:500"))),
        (502, lab.call("POST", "/sessions", &with("SBX:502"))),
        (501, lab.call("POST", "/sessions", &with("SBX:501"))),
        (200, request(lab.addr, "GET", &page, &[], "")),
        (404, request(lab.addr, "GET", "/sessions-interceptor/sid_x", &[], "")),
        (400, lab.form("/simulator/acs/challenge", &[])),
        (400, lab.form("/simulator/acs/3ds-method", &[])),
        (401, lab.send("GET", "/_sandbox/log", "", "")),
        (200, lab.control("GET", "/log", &Value::Null)),
    ];
    let mut ids = std::collections::HashSet::new();
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{answer:?}");
        let id = answer.header("Cko-Request-Id").unwrap_or_else(|| panic!("{answer:?}")).to_owned();
        assert!(uuid::Uuid::parse_str(&id).is_ok_and(|id| id.get_version_num() == 4), "{id}");
        assert!(ids.insert(id), "an id came twice");
        assert_eq!(answer.header("Cko-Version"), Some("3.0.0-sandbox"), "{answer:?}");
        let mut names: Vec<String> = answer
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split(':').next())
            .map(str::to_ascii_lowercase)
            .collect();
        names.sort();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a header came twice: {names:?}");
        assert!(answer.header("Content-Length").is_some() || status == 204, "{answer:?}");
        assert!(
            !names.contains(&"set-cookie".to_owned()) && !names.iter().any(|name| name.starts_with("access-control"))
        );
        if status >= 400 && !answer.body.is_empty() && answer.body.starts_with('{') && status != 400 {
            assert!(!answer.codes().is_empty());
        }
        match status {
            401 | 204 => assert_eq!(answer.body, ""),
            405 => {
                assert_eq!(answer.codes(), ["method_not_allowed"]);
                assert!(answer.header("Allow").is_some(), "{answer:?}");
            }
            _ => (),
        }
    }
}

#[test]
fn addresses_use_the_host_of_the_request() {
    let lab = Lab::new();
    let port = lab.addr.port();
    let body = non_hosted(CHALLENGE_CARD, Value::Null).to_string();
    for host in [format!("localhost:{port}"), format!("shop.localhost:{port}"), format!("127.0.0.1:{port}")] {
        let bytes = format!(
            "POST /sessions HTTP/1.1\r\nHost: {host}\r\nAuthorization: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            lab.bearer(),
            body.len(),
        );
        let session = raw(lab.addr, bytes.as_bytes()).json();
        let own = session["_links"]["self"]["href"].as_str().expect("a link");
        assert_eq!(own, format!("http://{host}/sessions/{}", text(&session, "id")));
    }
    let foreign = raw(lab.addr, b"GET /sessions HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n");
    assert_eq!(foreign.status, 421);
}

#[test]
fn identifiers_and_certificates_have_their_documented_shape() {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let lab = Lab::new();
    let session = lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
    let fits = |text: &str, prefix: &str| {
        let rest = text.strip_prefix(prefix).unwrap_or_default();
        rest.len() == 26 && rest.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b))
    };
    assert!(fits(text(&session, "id"), "sid_"));
    assert!(fits(text(&session["card"], "instrument_id"), "src_"));
    assert!(fits(lab.sandbox.processing_channel_id(), "pc_"));
    assert!(fits(lab.sandbox.client_id(), "ack_"));
    let secret = text(&session, "session_secret").strip_prefix("sek_").expect("a secret");
    assert_eq!((secret.len(), STANDARD.decode(secret).map(|bytes| bytes.len())), (44, Ok(32)));
    assert_eq!(text(&session["card"], "fingerprint").len(), 64);
    let jwk = URL_SAFE_NO_PAD.decode(text(&session["certificates"], "ds_public")).expect("base64url");
    let jwk: Value = serde_json::from_slice(&jwk).expect("a JWK");
    assert_eq!((text(&jwk, "kty"), text(&jwk, "crv")), ("EC", "P-256"));
    let der = URL_SAFE_NO_PAD.decode(text(&session["certificates"], "ca_public")).expect("base64url");
    assert_eq!(der[0], 0x30, "a DER sequence");
    // The same seed gives the same ids, whoever starts it.
    let again = Lab::new().create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
    assert_eq!(again["card"], session["card"]);
}

#[test]
fn a_card_s_fingerprint_says_nothing_of_its_number_to_others() {
    let of = |lab: &Lab| {
        let session = lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": browser()})));
        text(&session["card"], "fingerprint").to_owned()
    };
    let seeded = |seed| of(&Lab::with(|config| sessions_console::sandbox::Config { seed, ..config }));
    let lab = Lab::new();
    assert_eq!(of(&lab), of(&lab), "one card, one fingerprint");
    assert_eq!(seeded(Some(7)), seeded(Some(7)), "a seed repeats it");
    assert_ne!(seeded(Some(7)), seeded(Some(8)), "no other sandbox has the key");
    assert_ne!(seeded(None), seeded(None), "no other sandbox has the key");
}

/// Source: sessions-api.md 1.3, trust.md 1.7.
#[test]
fn a_body_that_is_too_large_is_refused_like_anything_else() {
    let lab = Lab::new();
    let mut body = non_hosted(CHALLENGE_CARD, Value::Null);
    body["filler"] = json!("x".repeat((1 << 20) - body.to_string().len() - r#","filler":"""#.len()));
    assert_eq!(body.to_string().len(), 1 << 20);
    assert_eq!(lab.call("POST", "/sessions", &body).status, 202);
    for size in [(1 << 20) + 1, (1 << 20) + 100_000] {
        body["filler"] = json!("x".repeat(size));
        let answer = lab.call("POST", "/sessions", &body);
        assert_eq!((answer.status, answer.codes()), (413, vec!["body_too_large".to_owned()]));
        assert_eq!(answer.header("Cko-Version"), Some("3.0.0-sandbox"));
    }
}
