//! Malformed posts of a browser: each gets the error that the protocol names, stands on the
//! session's timeline where it can be told whose it is, and leaves the session as it was: the
//! same challenge passes afterwards. Source: emv-3ds.md 2.1, 2.2, 2.3, 3.7.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::lab::*;

fn challenged(lab: &Lab, version: &str) -> Value {
    let armed = format!(
        "id = \"M\"\nname = \"m\"\n[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"C\" }}\n[expect]\n\
         status = \"approved\"\n"
    );
    let answer = lab.control("PUT", "/arm", &json!({"file": armed, "sessions": 1}));
    assert_eq!(answer.status, 200, "{answer:?}");
    let notify = json!({"type": "non_hosted", "challenge_notification_url": "https://shop.example.test/cres"});
    lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser(), "completion": notify})))
}

/// The hidden errors of a session.
fn errors(lab: &Lab, session: &Value) -> Vec<Value> {
    let path = format!("/sessions/{}/messages", text(session, "id"));
    let said = lab.control("GET", &path, &Value::Null).json();
    let said = said["messages"].as_array().expect("a list").iter();
    said.filter(|message| message["kind"] == "Erro").map(|message| message["body"].clone()).collect()
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A malformed challenge request.
struct Bad {
    name: &'static str,
    form: Vec<(&'static str, String)>,
    code: &'static str,
    detail: &'static str,
    /// It can be told whose it is.
    known: bool,
}

fn bad(name: &'static str, creq: String, (code, detail): (&'static str, &'static str), known: bool) -> Bad {
    Bad { name, form: vec![("creq", creq)], code, detail, known }
}

/// Every way to spoil this CReq.
fn bad_creqs(creq: &str) -> Vec<Bad> {
    let good: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(creq).expect("base64url")).expect("JSON");
    let id = "11111111-2222-4333-8444-555555555555";
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        encoded(&body)
    };
    let without = |name: &str| {
        let mut body = good.clone();
        body.as_object_mut().expect("an object").remove(name);
        encoded(&body)
    };
    let mut all = vec![
        Bad { name: "no field", form: vec![("x", "1".into())], code: "201", detail: "creq", known: false },
        bad("empty field", String::new(), ("101", "creq"), false),
        bad("no base64", "%%%".into(), ("101", "creq"), false),
        bad("half", creq[..creq.len() / 2].into(), ("101", "creq"), false),
        bad("no JSON", URL_SAFE_NO_PAD.encode("creq=1"), ("101", "creq"), false),
        bad("a list", encoded(&json!([good])), ("101", "creq"), false),
        bad("encoded twice", URL_SAFE_NO_PAD.encode(creq), ("101", "creq"), false),
        bad("wrong type", with("messageType", json!("CRes")), ("101", "messageType"), true),
        bad("type is a number", with("messageType", json!(7)), ("201", "messageType"), true),
        bad("unknown version", with("messageVersion", json!("9.9.9")), ("203", "messageVersion"), true),
        bad("another version", with("messageVersion", json!("2.1.0")), ("203", "messageVersion"), true),
        bad("unknown transaction", with("threeDSServerTransID", json!(id)), ("301", "threeDSServerTransID"), false),
        bad("unknown issuer's id", with("acsTransID", json!(id)), ("301", "acsTransID"), true),
        bad("window size 06", with("challengeWindowSize", json!("06")), ("203", "challengeWindowSize"), true),
        bad("window size is a number", with("challengeWindowSize", json!(5)), ("201", "challengeWindowSize"), true),
        bad("empty id", with("acsTransID", json!("")), ("201", "acsTransID"), true),
    ];
    for name in ["threeDSServerTransID", "acsTransID", "messageType", "messageVersion", "challengeWindowSize"] {
        all.push(bad("a member is missing", without(name), ("201", name), true));
    }
    let long = vec![("creq", creq.to_owned()), ("threeDSSessionData", "A".repeat(1025))];
    all.push(Bad { name: "long session data", form: long, code: "203", detail: "threeDSSessionData", known: true });
    all
}

#[test]
fn each_bad_creq_gets_its_error_and_the_same_challenge_passes_afterwards() {
    let lab = Lab::new();
    let session = challenged(&lab, "2.2.0");
    let creq = creq(&session);
    let mut expected = 0;
    for Bad { name, form, code, detail, known } in bad_creqs(&creq) {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page = lab.form("/simulator/acs/challenge", &form);
        assert_eq!(page.status, 400, "{name}: {page:?}");
        assert!(page.body.contains(code) && page.body.contains(detail), "{name}: {}", page.body);
        expected += usize::from(known);
        let said = errors(&lab, &session);
        assert_eq!(said.len(), expected, "{name}: {said:?}");
        if known {
            let erro = said.last().expect("it was counted");
            assert_eq!((&erro["errorCode"], &erro["errorDetail"]), (&json!(code), &json!(detail)), "{name}");
            assert_eq!((&erro["errorComponent"], &erro["errorMessageType"]), (&json!("A"), &json!("CReq")), "{name}");
            // The way back: the error goes where the result would have gone.
            let carried = hidden(&page.body, "cres").unwrap_or_else(|| panic!("{name}: {}", page.body));
            let carried: Value =
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(carried).expect("base64url")).expect("JSON");
            assert_eq!(carried["errorCode"], code, "{name}");
        }
        let now = lab.get(text(&session, "id"));
        assert_eq!((text(&now, "status"), &now["next_actions"]), ("challenged", &session["next_actions"]), "{name}");
    }
    let page = lab.answer_challenge(&session, "Checkout1!");
    assert!(hidden(&page.body, "cres").is_some(), "{page:?}");
    assert_eq!(text(&lab.get(text(&session, "id")), "status"), "approved");
}

/// What others write oddly is read all the same: padding, the other alphabet, more members.
#[test]
fn odd_but_readable_creqs_open_the_challenge() {
    let lab = Lab::new();
    for version in ["2.1.0", "2.2.0", "2.3.1"] {
        let session = challenged(&lab, version);
        let bytes = URL_SAFE_NO_PAD.decode(creq(&session)).expect("base64url");
        let mut more: Value = serde_json::from_slice(&bytes).expect("JSON");
        more["somethingElse"] = json!({"a": [1, 2]});
        for odd in [STANDARD.encode(&bytes), encoded(&more)] {
            let page = lab.form("/simulator/acs/challenge", &[("creq", &odd)]);
            assert_eq!(page.status, 200, "{version}: {page:?}");
            assert!(hidden(&page.body, "interaction").is_some(), "{version}: {}", page.body);
        }
        assert!(errors(&lab, &session).is_empty(), "{version}");
    }
}

#[test]
fn a_bad_method_post_is_refused_and_the_right_one_notifies_afterwards() {
    let lab = Lab::new();
    let session = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    let transaction = text(&session, "transaction_id");
    let address = "https://shop.example.test/method";
    let whole = json!({"threeDSServerTransID": transaction, "threeDSMethodNotificationURL": address});
    let bad = [
        ("no field", "x", "1".to_owned()),
        ("empty", "threeDSMethodData", String::new()),
        ("no base64", "threeDSMethodData", "%%%".into()),
        ("half", "threeDSMethodData", encoded(&whole)[..40].into()),
        ("no JSON", "threeDSMethodData", URL_SAFE_NO_PAD.encode("x")),
        ("no id", "threeDSMethodData", encoded(&json!({"threeDSMethodNotificationURL": address}))),
        ("no address", "threeDSMethodData", encoded(&json!({"threeDSServerTransID": transaction}))),
        (
            "an address that is none",
            "threeDSMethodData",
            encoded(
                &json!({"threeDSServerTransID": transaction, "threeDSMethodNotificationURL": "javascript:alert(1)"}),
            ),
        ),
    ];
    for (name, field, value) in bad {
        let page = lab.form("/simulator/acs/3ds-method", &[(field, &value)]);
        assert_eq!(page.status, 400, "{name}: {page:?}");
        assert!(page.body.contains("3DS Method request cannot be read"), "{name}: {}", page.body);
        assert!(hidden(&page.body, "threeDSMethodData").is_none(), "{name}: nothing is notified");
        assert_eq!(lab.get(text(&session, "id"))["next_actions"], session["next_actions"], "{name}");
    }
    let page = lab.form("/simulator/acs/3ds-method", &[("threeDSMethodData", &encoded(&whole))]);
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(hidden(&page.body, "threeDSMethodData"), Some(encoded(&json!({"threeDSServerTransID": transaction}))));
}

#[test]
fn a_bad_cres_for_the_hosted_page_is_refused_and_decides_nothing() {
    let lab = Lab::new();
    let session = lab.create(&hosted(CHALLENGE_CARD, Value::Null));
    lab.call("PUT", &format!("/sessions/{}/collect-data", text(&session, "id")), &browser());
    let path = format!("/sessions-interceptor/{}/challenge-response", text(&session, "id"));
    let other = json!({"threeDSServerTransID": "11111111-2222-4333-8444-555555555555", "transStatus": "Y"});
    for (name, field, value) in [
        ("no field", "x", "1".to_owned()),
        ("no base64", "cres", "%%%".into()),
        ("no JSON", "cres", URL_SAFE_NO_PAD.encode("transStatus=Y")),
        ("no ids", "cres", encoded(&json!({"messageType": "CRes", "transStatus": "Y"}))),
        ("another's ids", "cres", encoded(&other)),
    ] {
        let page = lab.form(&path, &[(field, &value)]);
        assert_eq!(page.status, 400, "{name}: {page:?}");
        assert_eq!(text(&lab.get(text(&session, "id")), "status"), "challenged", "{name}");
    }
    lab.answer_challenge(&lab.get(text(&session, "id")), "Checkout1!");
    assert_eq!(text(&lab.get(text(&session, "id")), "status"), "approved");
}

fn fallen_back(lab: &Lab) -> Value {
    lab.create(&non_hosted(CHALLENGE_CARD, json!({"amount": 123_321, "currency": "GBP"})))
}

fn deflated(text: &str) -> String {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).expect("memory");
    STANDARD.encode(encoder.finish().expect("memory"))
}

fn inflated(field: &str) -> String {
    let bytes = STANDARD.decode(field).expect("base64");
    let mut text = String::new();
    let mut decoder = flate2::read::ZlibDecoder::new(&bytes[..]);
    std::io::Read::read_to_string(&mut decoder, &mut text).expect("zlib");
    text
}

#[test]
fn each_bad_payer_request_is_refused_and_the_same_one_passes_afterwards() {
    let lab = Lab::new();
    let session = fallen_back(&lab);
    let (pareq, term) = (text(&session, "pareq"), text(&session["_links"]["term_url"], "href"));
    let xml = inflated(pareq);
    let lacks = |name: &str| {
        let (start, end) = (format!("<{name}>"), format!("</{name}>"));
        let (from, to) = (xml.find(&start).expect("there"), xml.find(&end).expect("there") + end.len());
        deflated(&format!("{}{}", &xml[..from], &xml[to..]))
    };
    let whole = |pareq: String| vec![("PaReq", pareq), ("TermUrl", term.to_owned()), ("MD", String::new())];
    let bad: Vec<(&str, Vec<(&str, String)>)> = vec![
        ("no PaReq", vec![("TermUrl", term.into()), ("MD", "x".into())]),
        ("no TermUrl", vec![("PaReq", pareq.into()), ("MD", "x".into())]),
        ("no MD", vec![("PaReq", pareq.into()), ("TermUrl", term.into())]),
        (
            "TermUrl is no address",
            vec![("PaReq", pareq.into()), ("TermUrl", "javascript:alert(1)".into()), ("MD", "x".into())],
        ),
        ("no base64", whole("%%%".into())),
        ("half", whole(pareq[..pareq.len() / 2].into())),
        ("not deflated", whole(STANDARD.encode(&xml))),
        ("no XML", whole(deflated("PAReq"))),
        ("half of the XML", whole(deflated(&xml[..xml.len() / 2]))),
        ("another xid", whole(deflated(&xml.replace("<xid>", "<xid>A")))),
        ("another transaction", whole(deflated(&xml.replace("id=\"P", "id=\"Q")))),
        ("no xid", whole(lacks("xid"))),
        ("no amount", whole(lacks("purchAmount"))),
        ("no currency", whole(lacks("currency"))),
    ];
    for (name, form) in bad {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page = lab.form("/simulator/acs/3ds1", &form);
        assert_eq!(page.status, 400, "{name}: {page:?}");
        assert!(page.body.contains("payer request cannot be read"), "{name}: {}", page.body);
        let now = lab.get(text(&session, "id"));
        assert_eq!((text(&now, "status"), text(&now, "pareq")), ("pending", pareq), "{name}");
    }
    let mut form = vec![("PaReq", pareq), ("TermUrl", term), ("MD", "")];
    let page = lab.form("/simulator/acs/3ds1", &form);
    let interaction = hidden(&page.body, "interaction").expect("the page counts");
    form.extend([("interaction", interaction.as_str()), ("password", "Checkout1!")]);
    let page = lab.form("/simulator/acs/3ds1", &form);
    let pares = hidden(&page.body, "PaRes").expect("an answer");
    let path = format!("/sessions-interceptor/{}/pares", text(&session, "id"));
    let refused = lab.form(&path, &[("MD", "")]);
    assert_eq!(refused.status, 400, "without PaRes: {refused:?}");
    assert_eq!(text(&lab.get(text(&session, "id")), "status"), "pending");
    lab.form(&path, &[("PaRes", &pares), ("MD", "")]);
    assert_eq!(text(&lab.get(text(&session, "id")), "status"), "approved");
}

/// A PaRes that came but is no good ends the session, and what comes later changes nothing.
#[test]
fn a_bad_payer_answer_ends_the_session_unavailable_for_good() {
    for (name, pares, code) in [
        ("no base64", "%%%".to_owned(), "101"),
        ("no XML", deflated("PARes"), "101"),
        ("not signed", deflated("<ThreeDSecure><Message id=\"x\"><PARes id=\"x\"/></Message></ThreeDSecure>"), "302"),
    ] {
        let lab = Lab::new();
        let session = fallen_back(&lab);
        let path = format!("/sessions-interceptor/{}/pares", text(&session, "id"));
        lab.form(&path, &[("PaRes", &pares), ("MD", "")]);
        let over = lab.get(text(&session, "id"));
        assert_eq!((text(&over, "status"), text(&over, "status_reason")), ("unavailable", "pares_error"), "{name}");
        assert_eq!(over["3ds"]["error_details"]["error_code"], code, "{name}: {over}");
        lab.form(&path, &[("PaRes", "%%%"), ("MD", "")]);
        assert_eq!(lab.get(text(&session, "id"))["status"], "unavailable", "{name}");
    }
}
