//! `inspect` by its own door: real files through the program.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};

use super::{Ended, Place};

impl Place {
    fn inspect(&self, name: &str, content: impl AsRef<[u8]>, words: &[&str]) -> Ended {
        let path = self.file(name);
        fs::write(&path, content).expect("a file in a temporary folder");
        let path = path.to_str().expect("a plain path").to_owned();
        self.run(&[&["inspect", &path], words].concat())
    }

    pub(super) fn shows(&self, content: impl AsRef<[u8]>, words: &[&str]) -> String {
        let ended = self.inspect("input", content, &[]).expect(0, &[]);
        for word in words {
            assert!(ended.out.contains(word), "{word:?} is not in: {}", ended.out);
        }
        assert!(ended.err.is_empty(), "{}", ended.err);
        ended.out
    }

    fn objects(&self, content: impl AsRef<[u8]>) -> Vec<Value> {
        let ended = self.inspect("input", content, &["--json"]).expect(0, &[]);
        ended.out.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
    }

    fn refuses(&self, content: impl AsRef<[u8]>, words: &[&str]) {
        let ended = self.inspect("input", content, &[]).expect(2, words);
        assert!(ended.out.is_empty(), "{}", ended.out);
    }
}

pub(super) const SERVER: &str = "6afa6072-9412-446b-9673-2f98b3ee98a2";
pub(super) const ISSUER: &str = "375d90ad-3873-498b-9133-380cbbc8d99d";

fn creq() -> String {
    let creq = json!({
        "threeDSServerTransID": SERVER, "acsTransID": ISSUER,
        "messageType": "CReq", "messageVersion": "2.2.0", "challengeWindowSize": "03",
    });
    BASE64_URL_SAFE_NO_PAD.encode(creq.to_string())
}

fn cres(status: &str) -> String {
    let cres = json!({
        "threeDSServerTransID": SERVER, "acsTransID": ISSUER,
        "messageType": "CRes", "messageVersion": "2.2.0", "transStatus": status,
    });
    BASE64_URL_SAFE_NO_PAD.encode(cres.to_string())
}

fn session(status: &str) -> Value {
    json!({
        "id": "sid_y3oqhf46pyzuxjbcn2giaqnb44", "session_secret": "sek_Dal2Cqpz0RQSkRWHfSVGqBPxzYYpnC6BZ/dRLQ==",
        "transaction_id": SERVER, "scheme": "visa", "amount": 6540, "currency": "USD", "status": status,
        "protocol_version": "2.2.0", "authentication_type": "regular", "challenged": true,
        "acs": { "transaction_id": ISSUER, "url": "https://acs.bank.example/challenge" },
        "next_actions": ["challenge_cardholder"],
        "_links": { "self": { "href": "https://api.sandbox.checkout.com/sessions/sid_y3oqhf46pyzuxjbcn2giaqnb44" } },
    })
}

// --- What cannot be read

#[test]
fn what_cannot_be_inspected_is_refused_with_what_would_be_taken() {
    let place = Place::new();
    for content in ["", "  \n", "hello", "{}", "[1, 2]", r#"{"name":"value"}"#] {
        place.refuses(content, &["HAR recordings", "creq"]);
    }
    place.refuses(b"\x89PNG\r\n\x1a\n\x00\xff", &["is no text"]);
    place.refuses(r#"{"id": "sid_a", "status": "#, &["begins like JSON", "line 1 column"]);
    place.refuses(r#"{"log": {"entries": [{"startedDateTime": 1}]}}"#, &["no HAR file", "missing field `request`"]);
    let untimed = json!({ "log": { "entries": [har_entry("soon", "GET", "https://a.example/", "", 200, "")] } });
    place.refuses(untimed.to_string(), &["has no time", "ISO 8601"]);
}

#[test]
fn bombs_are_refused() {
    let place = Place::new();
    place.refuses(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)), &["JSON with more than 64 levels"]);
    let many = format!("{{\"id\":\"sid_a\",\"status\":\"approved\",\"x\":[{}1]}}", "1,".repeat(50_000));
    place.refuses(many, &["JSON with more than 50000 values", "cut out the one that is meant"]);
    place.refuses(format!("[\"{}\"]", "a".repeat(2 << 20)), &["JSON with more than 1"]);
    let many =
        vec!["{\"startedDateTime\":\"2026-11-28T15:00:00Z\",\"request\":{\"method\":\"GET\",\"url\":\"u\"}}"; 50_001];
    place.refuses(format!("{{\"log\":{{\"entries\":[{}]}}}}", many.join(",")), &["more than 50000 entries"]);
    place.refuses(vec![b' '; 64 * 1024 * 1024 + 1], &["more than", "MB"]);
}

#[test]
fn a_path_that_is_no_file_is_refused() {
    let place = Place::new();
    let folder = place.data.path().to_str().expect("a plain path").to_owned();
    place.run(&["inspect", &folder]).expect(2, &["cannot be read", "directory"]);
    place.run(&["inspect", "/nowhere/at/all"]).expect(2, &["cannot be read", "No such file"]);
    place.run(&["inspect"]).expect(2, &["FILE"]);
}

// --- Recordings

fn har_entry(at: &str, method: &str, url: &str, body: &str, status: u16, answer: &str) -> Value {
    let kind = if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
    let mut request = json!({
        "method": method, "url": url, "httpVersion": "HTTP/2", "cookies": [], "queryString": [], "headersSize": -1,
        "headers": [{ "name": ":authority", "value": "api" }, { "name": "authorization", "value": "Bearer eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2VjcmV0" }],
        "bodySize": body.len(),
    });
    if !body.is_empty() {
        request["postData"] = json!({ "mimeType": kind, "text": body });
    }
    json!({
        "startedDateTime": at, "time": 41.5, "request": request, "cache": {}, "_resourceType": "fetch",
        "response": {
            "status": status, "statusText": "", "httpVersion": "HTTP/2", "headers": [], "cookies": [], "redirectURL": "",
            "content": { "size": answer.len(), "mimeType": "application/json", "text": answer },
            "headersSize": -1, "bodySize": -1, "_transferSize": 300,
        },
        "timings": { "blocked": 1.5, "dns": -1, "connect": 10.0, "ssl": 8.0, "send": 0.5, "wait": 20.0, "receive": 9.5, "_queued": 1 },
    })
}

/// A session as a proxy beside the shop sees it: the shop's calls, the browser's pages and
/// what is none of it.
fn recorded() -> Value {
    let api = "https://api.sandbox.checkout.com";
    let id = "sid_y3oqhf46pyzuxjbcn2giaqnb44";
    let request = json!({
        "source": { "type": "card", "number": "4242424242424242", "expiry_month": 6, "expiry_year": 2030 },
        "amount": 6540, "currency": "USD", "completion": { "type": "non_hosted", "callback_url": "https://shop.example/cb" },
    });
    let at = |ms: u32| format!("2026-11-28T16:33:37.{ms:03}+01:00");
    let call = |ms, method, tail: &str, body: &str, status, answer: &Value| {
        har_entry(&at(ms), method, &format!("{api}{tail}"), body, status, &answer.to_string())
    };
    let form = |name: &str, value: &str| format!("{name}={value}");
    let approved = json!({ "approved": true, "next_actions": ["complete"], "eci": "05", "status": "approved" });
    let mut done = session("approved");
    done.as_object_mut().expect("an object").extend(approved.as_object().expect("an object").clone());
    let method = BASE64_URL_SAFE_NO_PAD.encode(
        json!({ "threeDSServerTransID": SERVER, "threeDSMethodNotificationURL": "https://shop.example/method" })
            .to_string(),
    );
    let notified = BASE64_URL_SAFE_NO_PAD.encode(json!({ "threeDSServerTransID": SERVER }).to_string());
    json!({ "log": {
        "version": "1.2", "creator": { "name": "Firefox", "version": "145.0" }, "browser": { "name": "Firefox", "version": "145.0" },
        "pages": [],
        "entries": [
            // Not in order, as browsers may write them.
            call(300, "GET", &format!("/sessions/{id}"), "", 200, &done),
            call(0, "POST", "/sessions", &request.to_string(), 201, &session("pending")),
            har_entry(&at(20), "GET", "https://cdn.example/logo.png", "", 200, ""),
            har_entry(&at(50), "POST", "https://acs.bank.example/method", &form("threeDSMethodData", &method), 200, "<html>"),
            har_entry(&at(80), "POST", "https://shop.example/method", &form("threeDSMethodData", &notified), 200, ""),
            call(100, "PUT", &format!("/sessions/{id}/collect-data"), "{}", 200, &session("challenged")),
            har_entry(&at(150), "POST", "https://acs.bank.example/challenge", &form("creq", &creq()), 200, "<html>"),
            har_entry(&at(200), "POST", "https://acs.bank.example/challenge/otp", "otp=1234", 200, "<html>"),
            har_entry(&at(250), "POST", "https://shop.example/cres", &format!("cres={}%3D", cres("N")), 200, ""),
        ],
    } })
}

#[test]
fn a_recording_becomes_a_timeline_with_findings() {
    let place = Place::new();
    let text = place.shows(
        recorded().to_string(),
        &[
            "HAR recording by Firefox: 1 session",
            "1 request of other things left out",
            "Session 1: sid_y3oqhf46pyzuxjbcn2giaqnb44",
            "Merchant → Sessions API",
            "Create session: POST /sessions",
            "Shopper's browser → Issuer ACS",
            "Method notification: POST /method",
            "Challenge: POST /challenge/otp",
            "Challenge notification: POST /cres",
            "[approved]",
            "error L01 cres is not strict base64url",
        ],
    );
    let rows: Vec<&str> = text.lines().filter(|line| line.contains(" → ")).collect();
    assert_eq!(rows.len(), 8, "{text}");
    assert!(rows[0].contains("0.000 s") && rows[7].contains("0.300 s"), "{text}");
    // One column for each fact: the HTTP status ends at the same place in all rows.
    let places: BTreeSet<usize> =
        rows.iter().filter_map(|row| row.rfind("  42 ms").map(|at| row[..at].chars().count())).collect();
    assert_eq!(places.len(), 1, "{text}");
    for secret in ["eyJhIjoxfQ", "sek_Dal2", "otp=1234"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn a_recording_as_json_has_one_object_for_each_row() {
    let place = Place::new();
    let objects = place.objects(recorded().to_string());
    assert_eq!(
        (&objects[0]["what"], &objects[0]["sessions"], &objects[0]["other_requests"]),
        (&json!("har"), &json!(1), &json!(1))
    );
    assert_eq!(objects.len(), 9);
    let create = &objects[1];
    assert_eq!(create["session"], "sid_y3oqhf46pyzuxjbcn2giaqnb44");
    assert_eq!(
        (&create["from"], &create["to"], &create["http"]),
        (&json!("merchant"), &json!("sessions"), &json!(201))
    );
    assert_eq!((&create["at_ms"], &create["took_ms"]), (&json!(0.0), &json!(41.5)));
    let rules: Vec<&Value> = objects
        .iter()
        .flat_map(|row| row["findings"].as_array().into_iter().flatten())
        .map(|one| &one["rule"])
        .collect();
    assert!(rules.contains(&&json!("L01")), "{rules:?}");
}

#[test]
fn a_recording_is_drawn_as_a_sequence() {
    let place = Place::new();
    let ended = place.inspect("input", recorded().to_string(), &["--sequence"]).expect(0, &[]);
    let text = ended.out;
    let drawn: Vec<&str> = text.lines().skip_while(|line| !line.contains("Directory server")).collect();
    for lane in ["Shopper's browser", "Merchant", "Sessions API", "Directory server", "Issuer ACS", "Callback"] {
        assert!(drawn[0].contains(lane), "{text}");
    }
    assert!(drawn.iter().all(|line| line.chars().count() <= 120), "{text}");
    let arrows = drawn.iter().filter(|line| line.contains('►') || line.contains('◄')).count();
    assert_eq!(arrows, 8, "{text}");
    for words in ["0.000 ", "Create session: POST /sessions 201", "[approved]", "! L01 cres is not strict base64url"] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    for secret in ["eyJhIjoxfQ", "sek_Dal2", "otp=1234"] {
        assert!(!text.contains(secret), "{text}");
    }
    let steering = recorded().to_string().replace("/challenge/otp", "/challenge/\\u001b[2J\\nforged");
    let ended = place.inspect("input", steering, &["--sequence"]).expect(0, &[]);
    assert!(!ended.out.contains('\u{1b}') && ended.out.contains("[2J"), "{}", ended.out);
    place.inspect("input", creq(), &["--sequence"]).expect(2, &["is no recording", "leave --sequence out"]);
    place.inspect("input", recorded().to_string(), &["--sequence", "--json"]).expect(2, &["--json"]);
}

#[test]
fn what_browsers_write_differently_is_read() {
    let place = Place::new();
    let mut file = recorded();
    let entries = file["log"]["entries"].as_array_mut().expect("a list");
    // Chrome: base64 answers, a form as fields only, a request that failed.
    let text = entries[0]["response"]["content"]["text"].as_str().expect("a text").to_owned();
    entries[0]["response"]["content"]["text"] = json!(BASE64_STANDARD.encode(text));
    entries[0]["response"]["content"]["encoding"] = json!("base64");
    entries[6]["request"]["postData"] =
        json!({ "mimeType": "application/x-www-form-urlencoded", "params": [{ "name": "creq", "value": creq() }] });
    entries[7]["response"] =
        json!({ "status": 0, "statusText": "", "headers": [], "content": { "size": 0, "mimeType": "x-unknown" } });
    entries[7]["_error"] = json!("net::ERR_CONNECTION_RESET");
    entries[7]["time"] = Value::Null;
    // Firefox: no text for what it did not keep; proxies: no timings.
    entries[5]["response"]["content"] = json!({ "size": 812, "mimeType": "application/json" });
    entries[5].as_object_mut().expect("an object").remove("timings");
    file["log"].as_object_mut().expect("an object").remove("creator");
    let text = place.shows(
        format!("\u{feff}{file}"),
        &["HAR recording: 1 session", "[approved]", "no answer: net::ERR_CONNECTION_RESET"],
    );
    assert_eq!(text.lines().filter(|line| line.contains(" → ")).count(), 8, "{text}");
}

#[test]
fn two_sessions_in_one_recording_are_told_apart() {
    let place = Place::new();
    let first = recorded();
    let other = first
        .to_string()
        .replace("y3oqhf46pyzuxjbcn2giaqnb44", "zzzzzzzzzzzzzzzzzzzzzzzzzz")
        .replace(SERVER, "00000000-9412-446b-9673-2f98b3ee98a2")
        .replace(ISSUER, "00000000-3873-498b-9133-380cbbc8d99d");
    let other: Value = serde_json::from_str(&other).expect("JSON");
    let mut both = first;
    let more = other["log"]["entries"].as_array().expect("a list").clone();
    // The forms in the second carry the first's identifiers inside base64; only API calls are taken.
    let calls =
        more.into_iter().filter(|entry| entry["request"]["url"].as_str().is_some_and(|url| url.contains("/sessions")));
    both["log"]["entries"].as_array_mut().expect("a list").extend(calls);
    let text = place.shows(both.to_string(), &["2 sessions", "Session 1: sid_y3oq", "Session 2: sid_zzz"]);
    let second =
        text.split("Session 2").nth(1).expect("the second").lines().filter(|line| line.contains(" → ")).count();
    assert_eq!(second, 3, "{text}");
    assert_eq!(text.lines().filter(|line| line.contains(" → ")).count(), 11, "{text}");
    assert!(text.split("Session 2").next().is_some_and(|first| first.contains("Challenge notification")), "{text}");
}

#[test]
fn a_recording_without_sessions_says_so() {
    let place = Place::new();
    let entry = har_entry("2026-11-28T15:33:37.000Z", "GET", "https://shop.example/sessions/login", "", 200, "{}");
    place
        .shows(json!({ "log": { "entries": [entry] } }).to_string(), &["0 sessions", "No request of the Sessions API"]);
}

#[test]
fn a_long_body_is_let_go_and_the_rest_is_read() {
    let place = Place::new();
    let mut file = recorded();
    file["log"]["entries"][3]["response"]["content"]["text"] = json!("x".repeat(1024 * 1024 + 1));
    place.shows(file.to_string(), &["1 body longer than 1", "3DS Method: POST /method"]);
}

#[test]
fn text_of_a_recording_cannot_steer_the_terminal() {
    let place = Place::new();
    let file = recorded().to_string().replace("/challenge/otp", "/challenge/\\u001b[2J\\u202e\\nforged");
    let text = place.shows(file, &["\\u{1B}[2J\\u{202E}\\u{A}forged"]);
    assert!(!text.contains('\u{1b}'), "{text}");
}

// --- Requests

#[test]
fn a_request_body_is_checked() {
    let place = Place::new();
    let request = json!({
        "source": { "type": "card", "number": "4242424242424241", "expiry_month": 13, "expiry_year": 2020 },
        "amount": -1, "currency": "USDX",
        "completion": { "type": "non_hosted", "callback_url": "http://shop.example/cb" },
    });
    let text = place
        .shows(request.to_string(), &["Body of POST /sessions: non_hosted", "error", "currency_invalid at /currency"]);
    assert!(text.lines().filter(|line| line.trim_start().starts_with("error")).count() >= 3, "{text}");
    let objects = place.objects(request.to_string());
    assert_eq!(objects[0]["findings"], json!(objects.len() - 1));
    assert!(objects.iter().any(|one| one["pointer"] == "/currency" && one["severity"] == "error"), "{objects:?}");
}

#[test]
fn a_real_card_number_and_a_security_code_never_come_out() {
    let place = Place::new();
    let request = json!({
        "source": { "type": "card", "number": "4000056655665556", "cvv": "123", "expiry_month": 13, "expiry_year": 2030 },
        "amount": 1, "currency": "USD 4000056655665556", "completion": { "type": "hosted" },
    });
    for words in [&[][..], &["--json"]] {
        let ended = place.inspect("input", request.to_string(), words).expect(0, &[]);
        assert!(!ended.out.contains("4000056655665556") && !ended.out.contains("\"123\""), "{}", ended.out);
    }
}

// --- One thing

#[test]
fn standard_input_is_read() {
    let place = Place::new();
    let mut child = place.command(&["inspect", "-"]).stdin(Stdio::piped()).spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(session("approved").to_string().as_bytes()).expect("somebody reads");
    drop(stdin);
    let ended = Ended::of(&child.wait_with_output().expect("it ends")).expect(0, &[]);
    assert!(ended.out.contains("sid_y3oqhf46pyzuxjbcn2giaqnb44"), "{}", ended.out);
}

#[test]
fn a_session_is_explained_and_its_secret_masked() {
    let place = Place::new();
    let text = place.shows(session("challenged").to_string(), &["Session", "Next"]);
    assert!(!text.contains("sek_Dal2"), "{text}");
    let objects = place.objects(session("challenged").to_string());
    assert!(objects.iter().any(|one| one["status"] == "challenged"), "{objects:?}");
    assert!(!objects.iter().any(|one| one.to_string().contains("sek_Dal2")));
}

#[test]
fn a_token_is_decoded_and_its_signature_is_not_shown() {
    let place = Place::new();
    let claims = json!({ "iss": "https://access.checkout.com", "scope": "sessions:app sessions:browser", "exp": 1_700_000_000, "client_id": "ack_x" });
    let token = format!(
        "{}.{}.{}",
        BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
        BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()),
        BASE64_URL_SAFE_NO_PAD.encode([7; 32]),
    );
    let text = place.shows(format!("{token}\n"), &["JWT", "sessions:app", "HS256"]);
    assert!(!text.contains(&BASE64_URL_SAFE_NO_PAD.encode([7; 32])), "{text}");
    place.shows(format!("Authorization: Bearer {token}"), &["sessions:browser"]);
}

#[test]
fn what_the_api_sends_by_itself_is_read_and_decides_nothing() {
    let place = Place::new();
    let callback = json!({
        "session_id": "sid_w3z3uibhwv2xh5lafuax4ifzcx", "amount": 2599, "currency": "GBP", "status": "approved",
        "authentication_type": "regular", "reference": "INV-1001", "approved": true, "protocol_version": "2.2.0",
        "response_code": "Y", "cryptogram": "gOA2XyQ6sOuBNQF03v+yzQOZ2NU=", "eci": "05",
    });
    let words = ["Only GET /sessions/sid_w3z3uibhwv2xh5lafuax4ifzcx tells the outcome", "GBP 25.99", "approved"];
    place.shows(callback.to_string(), &[&["Callback of a session", "no signature"][..], &words].concat());
    let mut data = callback;
    data["type"] = json!("regular");
    let event = json!({
        "id": "evt_ewwyianqufxhedeokfxvruqx5f", "type": "authentication_approved", "version": "1.0.1", "data": data,
    });
    let text =
        place.shows(event.to_string(), &[&["Event of a webhook", "authentication_approved"][..], &words].concat());
    assert!(!text.contains("error"), "{text}");
    let objects = place.objects(event.to_string());
    assert_eq!((&objects[0]["what"], objects.len()), (&json!("webhook"), 1));
}

#[test]
fn a_refusal_of_the_api_says_what_to_do() {
    let place = Place::new();
    let body = json!({ "request_id": "bae47879-856c-4082-a294-b6dc481f2818", "error_type": "callback_failed", "error_codes": ["session_callback_failed"] });
    place.shows(body.to_string(), &["Refusal of the API", "mend it and call complete again", "bae47879"]);
}

#[test]
fn signed_and_sealed_objects_of_an_app_are_read_as_far_as_they_go() {
    let place = Place::new();
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let content =
        json!({ "acsURL": "https://acs.bank.example/app", "acsEphemPubKey": { "kty": "EC", "crv": "P-256" } });
    let signature = BASE64_URL_SAFE_NO_PAD.encode([7; 64]);
    let jws = format!("{}.{}.{signature}", part(&json!({ "alg": "ES256" })), part(&content));
    let text = place.shows(&jws, &["Signed object (JWS)", "ES256", "64 bytes", "acs.bank.example/app", "not verified"]);
    assert!(!text.contains(&signature), "{text}");
    let header = json!({ "alg": "ECDH-ES", "enc": "A128CBC-HS256", "epk": { "kty": "EC", "crv": "P-256" } });
    let sealed = |tag: usize| {
        let coded = |length| BASE64_URL_SAFE_NO_PAD.encode(vec![9; length]);
        format!("{}..{}.{}.{}", part(&header), coded(16), coded(32), coded(tag))
    };
    let text =
        place.shows(sealed(16), &["Sealed object (JWE)", "ECDH-ES", "A128CBC-HS256", "agreed on an elliptic curve"]);
    assert!(!text.contains("error"), "{text}");
    place.shows(sealed(3), &["Sealed object (JWE)", "error"]);
}

#[test]
fn what_a_shop_packed_is_unpacked_and_not_judged() {
    let place = Place::new();
    let own = json!({ "id": 17, "type": "basket", "client_secret": "s3cr3t-of-the-shop" });
    let text = place.shows(BASE64_URL_SAFE_NO_PAD.encode(own.to_string()), &["Encoded text", "\"type\": \"basket\""]);
    assert!(!text.contains("error") && !text.contains("s3cr3t"), "{text}");
    let form = format!("cres={}&threeDSSessionData={}", cres("Y"), BASE64_URL_SAFE_NO_PAD.encode("order 4711"));
    place.shows(&form, &["Session data of the shop", "order 4711"]);
    assert_eq!(place.objects(&form)[0]["inner"][1]["text"], "order 4711");
}

/// RFC 7515, appendix A.3.
#[test]
fn a_key_that_is_given_verifies_and_is_never_shown() {
    let place = Place::new();
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let jwk = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    let key = |text: &str| {
        let path = place.file("key");
        fs::write(&path, text).expect("a file in a temporary folder");
        path.to_str().expect("a plain path").to_owned()
    };
    let ended = place.inspect("input", token, &["--key", &key(jwk)]).expect(0, &[]);
    assert!(ended.out.contains("Signature verified with the key that you gave"), "{}", ended.out);
    assert!(!ended.out.contains("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"), "{}", ended.out);
    let broken = jwk.replace("P-256", "P-521");
    place.inspect("input", token, &["--key", &key(&broken)]).expect(2, &["holds no key", "P-256"]);
    place.inspect("input", token, &["--key", "/nowhere/at/all"]).expect(2, &["cannot be read"]);
}

#[test]
fn the_help_says_what_is_read_and_gives_an_example() {
    let ended = Place::new().run(&["inspect", "--help"]).expect(0, &[]);
    for word in ["JWE", "PaRes", "HAR recording", "webhook", "POST /sessions", "inspect session.json"] {
        assert!(ended.out.contains(word), "{word:?} is not in: {}", ended.out);
    }
    assert!(ended.out.lines().all(|line| line.chars().count() <= 100), "{}", ended.out);
}

#[test]
fn the_forms_of_a_hand_off_are_decoded_bare_and_posted() {
    let place = Place::new();
    place.shows(creq(), &["CReq", "challengeWindowSize", "03", SERVER]);
    place.shows(format!("creq={}&threeDSSessionData=c2lkX2E", creq()), &["CReq", "challengeWindowSize"]);
    place.shows(cres("Y"), &["CRes", "transStatus", "Y"]);
    let method = json!({ "threeDSServerTransID": SERVER, "threeDSMethodNotificationURL": "https://shop.example/m" });
    place.shows(BASE64_URL_SAFE_NO_PAD.encode(method.to_string()), &["threeDSMethodNotificationURL", "shop.example"]);
}

#[test]
fn a_damaged_creq_is_shown_with_what_is_wrong() {
    let place = Place::new();
    let padded = BASE64_STANDARD.encode(json!({ "threeDSServerTransID": "short", "messageType": "CReq", "messageVersion": "9.9", "challengeWindowSize": "07" }).to_string());
    let text = place.shows(format!("creq={}", padded.replace('=', "%3D")), &["CReq", "error"]);
    assert!(text.contains("07"), "{text}");
    let cut = &creq()[..60];
    place.shows(format!("creq={cut}"), &["error"]);
}

#[test]
fn a_payer_request_is_inflated() {
    let place = Place::new();
    let xml = "<ThreeDSecure><Message id=\"1\"><PAReq><version>1.0.2</version><Merchant><acqBIN>412345</acqBIN>\
        <name>Shop</name></Merchant><Purchase><xid>MDAwMDAwMDAwMDAwMDAwMDAwMDE=</xid><amount>65.40</amount>\
        <purchAmount>6540</purchAmount><currency>840</currency><exponent>2</exponent></Purchase></PAReq></Message></ThreeDSecure>";
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(xml.as_bytes()).expect("memory takes it");
    let pareq = BASE64_STANDARD.encode(encoder.finish().expect("memory takes it"));
    place.shows(&pareq, &["PaReq", "6540", "412345"]);
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("PaReq", &pareq).append_pair("MD", "sid_a").append_pair("TermUrl", "https://shop.example/t");
    place.shows(form.finish(), &["PaReq", "6540"]);
}
