//! 3DS1: amount 123321 and cards outside of 3DS2. Source: sessions-api.md 5.5, 7.3.

use std::io::Read;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::lab::*;

const AMOUNT: i64 = 123_321;

fn fallen_back(lab: &Lab, pan: &str, more: Value) -> Value {
    let mut body = non_hosted(pan, json!({"amount": AMOUNT, "currency": "GBP"}));
    merge(&mut body, more);
    let answer = lab.call("POST", "/sessions", &body);
    assert_eq!(answer.status, 201, "{pan} {answer:?}");
    answer.json()
}

fn inflated(field: &str) -> String {
    let bytes = STANDARD.decode(field).expect("base64");
    let mut text = String::new();
    flate2::read::ZlibDecoder::new(&bytes[..]).read_to_string(&mut text).expect("zlib");
    text
}

fn deflated(text: &str) -> String {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).expect("memory");
    STANDARD.encode(encoder.finish().expect("memory"))
}

/// The form of the issuer's page, answered with a password; the page that follows.
fn answered(lab: &Lab, session: &Value, more: &[(&str, &str)]) -> Answer {
    let term_url = text(&session["_links"]["term_url"], "href");
    let mut form = vec![("PaReq", text(session, "pareq")), ("TermUrl", term_url), ("MD", "shop & data")];
    let page = lab.form("/simulator/acs/3ds1", &form);
    assert_eq!(page.status, 200, "{page:?}");
    let interaction = hidden(&page.body, "interaction").expect("the page counts");
    form.push(("interaction", &interaction));
    form.extend(more);
    lab.form("/simulator/acs/3ds1", &form)
}

/// Walks a session to its end with the right password.
fn walked(lab: &Lab, session: &Value) -> Value {
    let page = answered(lab, session, &[("password", "Checkout1!")]);
    let term_url = action(&page.body, "handover").unwrap_or_else(|| panic!("{page:?}"));
    assert_eq!(term_url, text(&session["_links"]["term_url"], "href"));
    assert_eq!(hidden(&page.body, "MD").as_deref(), Some("shop & data"));
    let pares = hidden(&page.body, "PaRes").expect("an answer");
    assert_eq!(text(&lab.get(text(session, "id")), "status"), "pending", "the page decides nothing");
    back(lab, session, &pares)
}

fn back(lab: &Lab, session: &Value, pares: &str) -> Value {
    let path = format!("/sessions-interceptor/{}/pares", text(session, "id"));
    let page = lab.form(&path, &[("PaRes", pares), ("MD", "shop & data")]);
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains("postMessage") && page.body.contains(text(session, "id")), "{page:?}");
    lab.get(text(session, "id"))
}

#[test]
fn the_amount_forces_the_fallback() {
    let lab = Lab::new();
    let session = fallen_back(&lab, CHALLENGE_CARD, json!({"channel_data": browser()}));
    assert_eq!((text(&session, "status"), text(&session, "protocol_version")), ("pending", "1.0.2"));
    assert_eq!(session["next_actions"], json!(["authenticate"]));
    let links: Vec<&String> = session["_links"].as_object().expect("links").keys().collect();
    assert_eq!(links, ["acs_url", "term_url", "self"]);
    for absent in ["ds", "acs", "certificates", "response_code", "xid", "eci", "flow_type"] {
        assert!(session[absent].is_null(), "{absent}");
    }
    let pareq = inflated(text(&session, "pareq"));
    for part in [
        "<version>1.0.2</version>",
        "<purchAmount>123321</purchAmount>",
        "<currency>826</currency>",
        "<exponent>2</exponent>",
        "<amount>£1233.21</amount>",
        "<expiry>3006</expiry>",
    ] {
        assert!(pareq.contains(part), "{part} in {pareq}");
    }
    assert!(!pareq.contains(CHALLENGE_CARD), "{pareq}");
    for (method, action, body) in [
        ("PUT", "collect-data", browser()),
        ("PUT", "issuer-fingerprint", json!({"three_ds_method_completion": "Y"})),
        ("POST", "complete", Value::Null),
    ] {
        let refused = lab.call(method, &format!("/sessions/{}/{action}", text(&session, "id")), &body);
        assert_eq!((refused.status, refused.codes()), (403, vec!["update_not_allowed_due_to_state".to_owned()]));
    }
    let over = walked(&lab, &session);
    assert_eq!((text(&over, "status"), text(&over, "status_reason")), ("approved", "pares_status"));
    assert_eq!((&over["approved"], &over["challenged"]), (&json!(true), &json!(true)));
    assert_eq!((text(&over, "eci"), &over["next_actions"]), ("05", &json!(["complete"])));
    assert_eq!(STANDARD.decode(text(&over, "xid")).expect("base64").len(), 20);
    assert!(pareq.contains(text(&over, "xid")) && text(&over, "cryptogram").len() == 28, "{over}");
    assert!(over["pareq"].is_null() && over["response_code"].is_null(), "{over}");
    let path = format!("/sessions/{}/messages", text(&session, "id"));
    let said = lab.control("GET", &path, &Value::Null).json();
    let said = said["messages"].as_array().expect("a list");
    let kinds: Vec<&str> = said.iter().map(|message| text(message, "kind")).collect();
    assert_eq!(kinds, ["VEReq", "VEReq", "VERes", "VERes", "PAReq", "PARes", "PARes"]);
    assert!(said.iter().all(|message| !message.to_string().contains(CHALLENGE_CARD)));
    let reply = lab.call("POST", &format!("/sessions/{}/complete", text(&session, "id")), &Value::Null);
    assert_eq!(reply.status, 204);
}

#[test]
fn every_card_of_the_table_ends_as_listed() {
    let lab = Lab::new();
    for (pan, status, eci, start) in [
        ("4929640381570541", "declined", "07", None),
        ("5507979147594255", "declined", "00", None),
        ("4024007177756441", "attempted", "06", Some("A")),
        ("5407929162375891", "attempted", "01", Some("h")),
        ("4916734820332269", "unavailable", "07", None),
        ("5227027824683493", "unavailable", "00", None),
        ("5385308360135181", "approved", "02", Some("j")),
        ("4484070000035519", "approved", "05", Some("A")),
        ("5352151570003404", "approved", "02", Some("j")),
        ("378282246310005", "approved", "05", Some("A")),
        ("4820285375797526", "approved", "05", Some("A")),
    ] {
        let over = walked(&lab, &fallen_back(&lab, pan, Value::Null));
        assert_eq!((text(&over, "status"), text(&over, "status_reason")), (status, "pares_status"), "{pan}");
        assert_eq!(text(&over, "eci"), eci, "{pan}");
        let cryptogram = over["cryptogram"].as_str();
        assert_eq!(cryptogram.map(|value| &value[..1]), start, "{pan}");
    }
    for pan in ["4539628347117863", "5324440216201760"] {
        let refused = lab.call("POST", "/sessions", &non_hosted(pan, json!({"amount": AMOUNT})));
        assert_eq!((refused.status, refused.codes()), (403, vec!["card_not_eligible".to_owned()]), "{pan}");
    }
    // After October 2022 it is an amount like any other.
    lab.control("PUT", "/settings", &json!({"three_ds1": "off"}));
    let body = non_hosted(CHALLENGE_CARD, json!({"amount": AMOUNT, "channel_data": browser()}));
    assert_eq!(text(&lab.create(&body), "protocol_version"), "2.2.0");
}

#[test]
fn enrolment_alone_may_decide() {
    let lab = Lab::new();
    for (pan, status, eci) in [("4000110000075910", "attempted", "06"), ("4000110000076918", "unavailable", "07")] {
        let session = fallen_back(&lab, pan, Value::Null);
        assert_eq!((text(&session, "status"), text(&session, "status_reason")), (status, "veres_status"), "{pan}");
        assert_eq!((text(&session, "eci"), session["cryptogram"].is_null()), (eci, true), "{pan}");
        assert_eq!((&session["next_actions"], &session["challenged"]), (&json!(["complete"]), &json!(false)));
    }
}

#[test]
fn wrong_passwords_and_a_cancel_are_declined() {
    let lab = Lab::new();
    let session = fallen_back(&lab, CHALLENGE_CARD, Value::Null);
    for turn in 0..2 {
        let page = answered(&lab, &session, &[("password", "wrong")]);
        assert!(page.body.contains("id=\"mistake\""), "{turn} {page:?}");
    }
    let page = answered(&lab, &session, &[("password", "wrong")]);
    let over = back(&lab, &session, &hidden(&page.body, "PaRes").expect("an answer"));
    assert_eq!((text(&over, "status"), text(&over, "status_reason")), ("declined", "pares_status"));
    let session = fallen_back(&lab, CHALLENGE_CARD, Value::Null);
    let page = answered(&lab, &session, &[("cancel", "1")]);
    let over = back(&lab, &session, &hidden(&page.body, "PaRes").expect("an answer"));
    assert_eq!(text(&over, "status"), "declined");
}

#[test]
fn an_answer_that_is_not_ours_ends_unavailable() {
    let lab = Lab::new();
    let good = |session: &Value| {
        let page = answered(&lab, session, &[("password", "Checkout1!")]);
        hidden(&page.body, "PaRes").expect("an answer")
    };
    let other = good(&fallen_back(&lab, CHALLENGE_CARD, Value::Null));
    let spoil = |kind: &str, pares: String| match kind {
        "no base64" => "!!".to_owned(),
        "no xml" => deflated("hello"),
        "status" => deflated(&inflated(&pares).replace("<status>A", "<status>Y")),
        "amount" => deflated(&inflated(&pares).replace("<purchAmount>1", "<purchAmount>2")),
        "unsigned" => {
            let xml = inflated(&pares);
            let (start, rest) = xml.split_once("<Signature ").expect("a signature");
            let (_, end) = rest.split_once("</Signature>").expect("its end");
            deflated(&format!("{start}{end}"))
        }
        _ => other.clone(),
    };
    for kind in ["no base64", "no xml", "status", "amount", "unsigned", "another's"] {
        let session = fallen_back(&lab, "4024007177756441", Value::Null);
        let right = good(&session);
        let over = back(&lab, &session, &spoil(kind, right.clone()));
        assert_eq!((text(&over, "status"), text(&over, "status_reason")), ("unavailable", "pares_error"), "{kind}");
        assert!(over["cryptogram"].is_null() && over["eci"].is_null(), "{kind} {over}");
        // Too late for the right one.
        assert_eq!(text(&back(&lab, &session, &right), "status"), "unavailable", "{kind}");
    }
    for pan in ["4000110000077916", "4000110000078914"] {
        let over = walked(&lab, &fallen_back(&lab, pan, Value::Null));
        assert_eq!(text(&over, "status_reason"), "pares_error", "{pan}");
    }
    for form in [vec![], vec![("PaReq", "x"), ("TermUrl", "http://127.0.0.1/"), ("MD", "")], vec![("PaReq", "x")]] {
        assert_eq!(lab.form("/simulator/acs/3ds1", &form).status, 400, "{form:?}");
    }
}

#[test]
fn what_is_not_signed_is_never_read() {
    let lab = Lab::new();
    // Each puts a good answer beside the issuer's signed "no".
    type Forge = fn(&str, &str) -> String;
    let forgeries: [(&str, Forge); 5] = [
        ("in front", |xml, good| xml.replacen("<PARes id=", &format!("{good}<PARes id="), 1)),
        ("in front, with an id", |xml, good| {
            xml.replacen("<PARes id=", &format!("{}<PARes id=", good.replace("<PARes>", "<PARes id=\"x\">")), 1)
        }),
        ("behind", |xml, good| xml.replacen("</PARes>", &format!("</PARes>{good}"), 1)),
        ("another message in front", |xml, good| {
            let (_, id) = xml.split_once("<Message id=").expect("a message");
            let id = id.split('>').next().expect("an id");
            xml.replacen("<Message ", &format!("<Message id={id}>{good}</Message><Message "), 1)
        }),
        ("with a digest of its own", |xml, good| {
            let start = xml.find("<PARes id=").expect("an answer");
            let end = xml.find("</PARes>").expect("its end") + "</PARes>".len();
            let good = good.replace("<PARes>", "<PARes id=\"x\">");
            let digest = STANDARD.encode(Sha256::digest(&good));
            format!("{}{good}<DigestValue>{digest}</DigestValue>{}", &xml[..start], &xml[end..])
        }),
    ];
    for (kind, forge) in forgeries {
        let session = fallen_back(&lab, CHALLENGE_CARD, Value::Null);
        let page = answered(&lab, &session, &[("cancel", "1")]);
        let xml = inflated(&hidden(&page.body, "PaRes").expect("an answer"));
        let (_, signed) = xml.split_once("<PARes id=").expect("an answer");
        let (_, inside) = signed.split_once('>').expect("its start");
        let (inside, _) = inside.split_once("</PARes>").expect("its end");
        let good = format!("<PARes>{}</PARes>", inside.replace("<status>N", "<status>Y"));
        assert!(good.contains("<status>Y"), "{good}");
        let over = back(&lab, &session, &deflated(&forge(&xml, &good)));
        assert_eq!((text(&over, "status"), text(&over, "status_reason")), ("unavailable", "pares_error"), "{kind}");
        assert!(over["cryptogram"].is_null() && over["approved"] == false, "{kind} {over}");
    }
}

/// Messages that are small as they come and heavy once they are opened.
fn bombs() -> Vec<(&'static str, String)> {
    let head = "<ThreeDSecure><Message id=\"P1\">";
    let long = format!("<{0}>{1}</{0}>", "n".repeat(30_000), "x<b></b>".repeat(4_000));
    let attributes = (0..6_000).map(|number| format!(" a{number}=\"\"")).collect::<String>();
    vec![
        ("deep", "<a>x".repeat(16_000)),
        ("long names", format!("{head}{long}</Message></ThreeDSecure>")),
        ("many attributes", format!("<ThreeDSecure><Message{attributes}></Message></ThreeDSecure>")),
        ("too long", format!("{head}{}</Message></ThreeDSecure>", " ".repeat(70_000))),
        ("a document type", format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{head}</Message></ThreeDSecure>")),
        ("an instruction", format!("<?php x?>{head}</Message></ThreeDSecure>")),
        ("an entity", format!("{head}<PAReq>&b;</PAReq></Message></ThreeDSecure>")),
    ]
}

#[test]
fn a_heavy_message_is_refused_and_nobody_waits_for_it() {
    let lab = Lab::new();
    for (kind, xml) in bombs() {
        let packed = deflated(&xml);
        let form = [("PaReq", packed.as_str()), ("TermUrl", "http://127.0.0.1/"), ("MD", "")];
        assert_eq!(lab.form("/simulator/acs/3ds1", &form).status, 400, "{kind}");
        let session = fallen_back(&lab, CHALLENGE_CARD, Value::Null);
        let over = back(&lab, &session, &packed);
        assert_eq!((text(&over, "status"), text(&over, "status_reason")), ("unavailable", "pares_error"), "{kind}");
    }
}

#[test]
fn a_genuine_answer_with_harm_beside_it_is_refused() {
    let lab = Lab::new();
    for (kind, spoil) in [
        ("<ThreeDSecure>", "<!DOCTYPE a [<!ENTITY b \"c\">]><ThreeDSecure>".to_owned()),
        ("<ThreeDSecure>", "<?php x?><ThreeDSecure>".to_owned()),
        ("</Message>", "&b;</Message>".to_owned()),
        ("</Message>", format!("{}{}</Message>", "<a>".repeat(33), "</a>".repeat(33))),
        ("</Message>", format!("{}</Message>", " ".repeat(70_000))),
    ] {
        let session = fallen_back(&lab, CHALLENGE_CARD, Value::Null);
        let page = answered(&lab, &session, &[("password", "Checkout1!")]);
        let xml = inflated(&hidden(&page.body, "PaRes").expect("an answer"));
        let over = back(&lab, &session, &deflated(&xml.replacen(kind, &spoil, 1)));
        assert_eq!(
            (text(&over, "status"), text(&over, "status_reason")),
            ("unavailable", "pares_error"),
            "{spoil:.40}"
        );
    }
}

#[test]
fn a_hosted_page_walks_through_3ds1() {
    let lab = Lab::new();
    let answer = lab.call("POST", "/sessions", &hosted(CHALLENGE_CARD, json!({"amount": AMOUNT})));
    let session = answer.json();
    assert_eq!((answer.status, &session["next_actions"]), (202, &json!(["redirect_cardholder"])));
    assert!(session["pareq"].is_null() && session["_links"]["acs_url"].is_null(), "{session}");
    let start = format!("/sessions-interceptor/{}", text(&session, "id"));
    let page = request(lab.addr, "GET", &start, &[], "").body;
    let of = |name: &str| hidden(&page, name).unwrap_or_else(|| panic!("{name} in {page}"));
    assert!(action(&page, "challenge").expect("a form").ends_with("/simulator/acs/3ds1"));
    let (pareq, term_url, md) = (of("PaReq"), of("TermUrl"), of("MD"));
    let form = [("PaReq", pareq.as_str()), ("TermUrl", &term_url), ("MD", &md)];
    let page = lab.form("/simulator/acs/3ds1", &form).body;
    let interaction = hidden(&page, "interaction").expect("the page counts");
    let answer = [("interaction", interaction.as_str()), ("password", "Checkout1!")];
    let page = lab.form("/simulator/acs/3ds1", &[&form[..], &answer].concat()).body;
    let path = format!("{start}/pares");
    let pares = hidden(&page, "PaRes").expect("an answer");
    let page = lab.form(&path, &[("PaRes", &pares), ("MD", &md)]);
    assert!(page.body.contains("id=\"next\""), "{page:?}");
    let done = request(lab.addr, "GET", &start, &[], "");
    let place = format!("https://shop.example.test/ok?cko-session-id={}", text(&session, "id"));
    assert_eq!((done.status, done.header("Location")), (302, Some(place.as_str())));
    let over = lab.get(text(&session, "id"));
    assert_eq!((text(&over, "status"), &over["next_actions"]), ("approved", &json!([])));
}

#[test]
fn nobody_waits_for_an_answer_for_ever() {
    let lab = Lab::new();
    let session = fallen_back(&lab, CHALLENGE_CARD, Value::Null);
    lab.clock.advance(Duration::from_secs(900));
    let over = lab.get(text(&session, "id"));
    assert_eq!((text(&over, "status"), over["status_reason"].is_null()), ("expired", true));
    assert!(over["pareq"].is_null() && over["_links"]["acs_url"].is_null(), "{over}");
}
