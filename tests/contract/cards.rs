//! The rows of 7.3: 3DS1 by amount and by card, and cards outside of 3DS; Appendix B 3.
//!
//! The rows of 7.1 and 7.2 are in `tests/sandbox/cards.rs`, each to its status, reason, code and ECI.

use serde_json::{Value, json};

use crate::client::*;
use crate::lab::*;
use crate::story::inflated;

/// The amount that forces 3DS1.
const FORCED: u32 = 123_321;

/// Card, scheme, status, ECI; the reason is `pares_status`, and there is never a response code.
const AFTER_PASSWORD: &[(&str, &str, &str, &str)] = &[
    ("4929640381570541", "visa", "declined", "07"),
    ("5507979147594255", "mastercard", "declined", "00"),
    ("4024007177756441", "visa", "attempted", "06"),
    ("5407929162375891", "mastercard", "attempted", "01"),
    ("4916734820332269", "visa", "unavailable", "07"),
    ("5227027824683493", "mastercard", "unavailable", "00"),
    ("4242424242424242", "visa", "approved", "05"),
    ("4485040371536584", "visa", "approved", "05"),
    ("5385308360135181", "mastercard", "approved", "02"),
    ("4000056655665556", "visa", "approved", "05"),
];

/// Listed as not enrolled in 3DS2: 3DS1 cards while there was 3DS1.
const NOT_ENROLLED: &[(&str, &str)] = &[
    ("4484070000035519", "card_not_enrolled"),
    ("5352151570003404", "card_not_enrolled"),
    ("378282246310005", "card_not_enrolled"),
    ("4820285375797526", "issuer_not_enrolled"),
    ("5424583292508738", "issuer_not_enrolled"),
];

fn refused(answer: &Answer, code: &str) {
    assert_eq!((answer.status, answer.codes()), (403, vec![code.to_owned()]), "{answer:?}");
    assert_eq!(text(&answer.json(), "error_type"), "operation_not_allowed");
}

fn falls_back(lab: &Lab, card: &str, amount: u32) -> Value {
    let answer = lab.call("POST", "/sessions", &non_hosted(card, json!({"amount": amount, "channel_data": browser()})));
    assert_eq!(answer.status, 201, "{card}: {answer:?}");
    let session = answer.json();
    assert_eq!((text(&session, "status"), text(&session, "protocol_version")), ("pending", "1.0.2"), "{card}");
    assert_eq!(session["next_actions"], json!(["authenticate"]), "{card}");
    let pareq = inflated(text(&session, "pareq")).expect("base64 of deflated XML");
    assert!(pareq.contains("<PAReq") && pareq.contains("1.0.2") && !pareq.contains(card), "{pareq}");
    session
}

#[test]
fn the_forced_fallback_ends_as_listed() {
    let lab = Lab::new();
    for (card, scheme, status, eci) in AFTER_PASSWORD {
        let session = falls_back(&lab, card, FORCED);
        assert_eq!(text(&session, "scheme"), *scheme, "{card}");
        answer_three_ds1(&lab, &session, "Checkout1!");
        let session = lab.get(text(&session, "id"));
        assert_eq!((text(&session, "status"), text(&session, "status_reason")), (*status, "pares_status"), "{card}");
        assert_eq!((session["response_code"].as_str(), text(&session, "eci")), (None, *eci), "{card}");
        let good = matches!(*status, "approved" | "attempted");
        assert_eq!(session["approved"], good, "{card}");
        assert_eq!(session["cryptogram"].as_str().map(str::len), good.then_some(28), "{card}");
        assert_eq!((&session["next_actions"], text(&session, "xid").len()), (&json!(["complete"]), 28), "{card}");
        assert!(session["pareq"].is_null() && session["acs"].is_null(), "{card}");
    }
}

#[test]
fn cards_that_are_not_eligible_are_refused() {
    let lab = Lab::new();
    for card in ["4539628347117863", "5324440216201760"] {
        refused(&lab.call("POST", "/sessions", &non_hosted(card, json!({"amount": FORCED}))), "card_not_eligible");
    }
}

#[test]
fn cards_that_are_not_enrolled_fall_back_while_they_can() {
    let lab = Lab::new();
    for (card, _) in NOT_ENROLLED {
        let session = falls_back(&lab, card, 6540);
        answer_three_ds1(&lab, &session, "Checkout1!");
        let session = lab.get(text(&session, "id"));
        assert_eq!((text(&session, "status"), text(&session, "status_reason")), ("approved", "pares_status"), "{card}");
    }
}

#[test]
fn cards_that_are_not_enrolled_need_an_amount_and_three_ds1() {
    let lab = Lab::new();
    for (card, code) in NOT_ENROLLED {
        let mut body = non_hosted(card, json!({"amount": 0}));
        refused(&lab.call("POST", "/sessions", &body), code);
        body.as_object_mut().expect("an object").remove("amount");
        refused(&lab.call("POST", "/sessions", &body), code);
    }
    let settings = lab.control("PUT", "/settings", &json!({"three_ds1": "off"}));
    assert_eq!(settings.status, 200, "{settings:?}");
    for (card, code) in NOT_ENROLLED {
        refused(&lab.call("POST", "/sessions", &non_hosted(card, Value::Null)), code);
        refused(&lab.call("POST", "/sessions", &hosted(card, Value::Null)), code);
    }
}

#[test]
fn cards_that_were_never_in_three_ds_are_always_refused() {
    let lab = Lab::new();
    for card in ["3530111333300000", "4532432452900131"] {
        for amount in [6540, FORCED] {
            refused(&lab.call("POST", "/sessions", &non_hosted(card, json!({"amount": amount}))), "card_not_enrolled");
        }
    }
}

#[test]
fn three_wrong_passwords_end_three_ds1() {
    let lab = Lab::new();
    let session = falls_back(&lab, CHALLENGE_CARD, FORCED);
    let links = &session["_links"];
    let term = links["term_url"]["href"].as_str().expect("a link");
    let fields = [("PaReq", text(&session, "pareq")), ("TermUrl", term), ("MD", "x")];
    let mut page = lab.form("/simulator/acs/3ds1", &fields);
    for _ in 0..3 {
        page = Form::with(&page, "password").set("password", "wrong").post(&lab);
        assert_eq!(page.status, 200, "{page:?}");
    }
    let handover = Form::with(&page, "PaRes");
    assert_eq!(handover.field("MD"), "x");
    handover.post(&lab);
    let session = lab.get(text(&session, "id"));
    assert_eq!((text(&session, "status"), text(&session, "status_reason")), ("declined", "pares_status"));
}
