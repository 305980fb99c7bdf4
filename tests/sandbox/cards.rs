//! Every published test card ends as its table says. Source: sessions-api.md 7.1, 7.2, 4.5, 4.6.

use serde_json::{Value, json};

use crate::lab::*;

/// Status, status reason, response code, reason, whether there is a cryptogram.
type Row = (&'static str, &'static str, Option<&'static str>, Option<&'static str>, bool);

const APPROVED: Row = ("approved", "ares_status", Some("Y"), None, true);
const DECLINED: Row = ("declined", "ares_status", Some("N"), Some("01"), false);
const UNAVAILABLE: Row = ("unavailable", "ares_status", Some("U"), Some("22"), false);
const ATTEMPTED: Row = ("attempted", "ares_status", Some("A"), Some("26"), true);
const REJECTED: Row = ("rejected", "ares_status", Some("R"), Some("11"), false);
const BROKEN: Row = ("unavailable", "ares_error", None, None, false);

/// Outcome, card numbers with their schemes.
const FRICTIONLESS: &[(Row, &[(&str, &str)])] = &[
    (
        APPROVED,
        &[
            ("4485040371536584", "visa"),
            ("5588686116426417", "mastercard"),
            ("345678901234564", "amex"),
            ("4543474002249996", "visa"),
            ("5436031030606378", "mastercard"),
            ("5199992312641465", "mastercard"),
            ("4556085951507152", "visa"),
            ("5121073611487018", "mastercard"),
            ("340282533032846", "amex"),
            ("36747880216043", "diners"),
            ("3528982710432481", "jcb"),
            ("4319863787850170", "cartes_bancaires"),
            ("5177328035476275", "cartes_bancaires"),
        ],
    ),
    (DECLINED, &[("4539628347117863", "visa"), ("5309961755464047", "mastercard"), ("371064645462927", "amex")]),
    (UNAVAILABLE, &[("4024007186645015", "visa"), ("5234106378657904", "mastercard")]),
    (ATTEMPTED, &[("4556574722325580", "visa"), ("5558468902774508", "mastercard")]),
    (REJECTED, &[("4275765574319271", "visa"), ("5596061690670931", "mastercard"), ("343397288296672", "amex")]),
    (BROKEN, &[("4452927588210665", "visa"), ("5291144083573579", "mastercard")]),
];

const CHALLENGED: &[(Row, &[(&str, &str)])] = &[
    (
        APPROVED,
        &[
            ("4242424242424242", "visa"),
            ("4010061700000021", "visa"),
            ("5385308360135181", "mastercard"),
            ("372688581899681", "amex"),
            ("4485597929486000", "visa"),
            ("5259410220714099", "mastercard"),
            ("372310461284948", "amex"),
            ("36138956596288", "diners"),
            ("3528682570029332", "jcb"),
            ("4309485283564188", "cartes_bancaires"),
            ("5566944761698186", "cartes_bancaires"),
            ("4000056655665556", "visa"), // not listed: challenge, success
        ],
    ),
    (ATTEMPTED, &[("4152868552773614", "visa"), ("5518832400606463", "mastercard"), ("346126139326850", "amex")]),
    (
        REJECTED,
        &[
            ("4870527017700692", "visa"),
            ("4150561000000019", "visa"),
            ("5484482393204262", "mastercard"),
            ("375982239796002", "amex"),
        ],
    ),
    (DECLINED, &[("4243754271700719", "visa"), ("5258901507741160", "mastercard")]),
    (UNAVAILABLE, &[("4447336775378848", "visa"), ("5569757734785691", "mastercard")]),
    (BROKEN, &[("4539929207120660", "visa"), ("5572408422189334", "mastercard")]),
];

const WITHOUT_METHOD: &[&str] = &[
    "4556085951507152",
    "5121073611487018",
    "340282533032846",
    "36747880216043",
    "3528982710432481",
    "4319863787850170",
    "5177328035476275",
    "4485597929486000",
    "5259410220714099",
    "372310461284948",
    "36138956596288",
    "3528682570029332",
    "4309485283564188",
    "5566944761698186",
];

fn check(lab: &Lab, pan: &str, scheme: &str, row: Row, challenged: bool) {
    let answer = lab.call("POST", "/sessions", &non_hosted(pan, json!({"channel_data": browser()})));
    assert_eq!(answer.status, 201, "{pan} {answer:?}");
    let created = answer.json();
    let session = if challenged {
        assert_eq!((text(&created, "status"), text(&created, "response_code")), ("challenged", "C"), "{pan}");
        let page = lab.answer_challenge(&created, "Checkout1!");
        let cres = action(&page.body, "handover");
        assert!(cres.is_some_and(|url| url.ends_with("/challenge-response")), "{pan}");
        lab.get(text(&created, "id"))
    } else {
        created
    };
    let (status, reason, code, detail, cryptogram) = row;
    let reason = if challenged { reason.replace("ares", "rreq") } else { reason.to_owned() };
    assert_eq!(text(&session, "scheme"), scheme, "{pan}");
    assert_eq!(text(&session, "status"), status, "{pan}");
    assert_eq!(text(&session, "status_reason"), reason, "{pan}");
    assert_eq!(session["response_code"].as_str(), code, "{pan}");
    assert_eq!(session["response_status_reason"].as_str(), detail, "{pan}");
    assert_eq!(session["approved"].as_bool(), Some(cryptogram), "{pan}");
    assert_eq!(session["challenged"].as_bool(), Some(challenged), "{pan}");
    assert_eq!(session["next_actions"], json!(["complete"]), "{pan}");
    let mastercard = scheme == "mastercard" || (scheme == "cartes_bancaires" && pan.starts_with('5'));
    let eci = match (status, mastercard) {
        ("approved", true) => "02",
        ("approved", false) => "05",
        ("attempted", true) => "01",
        ("attempted", false) => "06",
        (_, true) => "00",
        (_, false) => "07",
    };
    assert_eq!(text(&session, "eci"), eci, "{pan}");
    let shown = session["cryptogram"].as_str();
    assert_eq!(shown.map(str::len), cryptogram.then_some(28), "{pan}");
    let start = if mastercard { "kFNCWC1URVNU" } else { "B1NCWC1URVNU" };
    assert!(shown.is_none_or(|value| value.starts_with(start)), "{pan} {shown:?}");
    let directory = session["ds"]["transaction_id"].as_str();
    let xid = if scheme == "mastercard" { directory } else { None };
    assert_eq!(text(&session, "xid"), xid.unwrap_or(text(&session, "transaction_id")), "{pan}");
    assert_eq!(session["3ds"]["error_details"].is_object(), code.is_none(), "{pan}");
    assert_eq!(session["cardholder_info"].is_string(), matches!(status, "declined" | "rejected"), "{pan}");
}

#[test]
fn frictionless_cards_end_as_listed() {
    let lab = Lab::new();
    for (row, cards) in FRICTIONLESS {
        cards.iter().for_each(|(pan, scheme)| check(&lab, pan, scheme, *row, false));
    }
}

#[test]
fn challenged_cards_end_as_listed() {
    let lab = Lab::new();
    for (row, cards) in CHALLENGED {
        cards.iter().for_each(|(pan, scheme)| check(&lab, pan, scheme, *row, true));
    }
}

#[test]
fn cards_without_a_method_page_ask_for_no_fingerprint() {
    let lab = Lab::new();
    for pan in WITHOUT_METHOD {
        let session = lab.create(&non_hosted(pan, Value::Null));
        assert_eq!(session["next_actions"], json!(["collect_channel_data"]), "{pan}");
        assert!(session["_links"]["three_ds_method_url"].is_null(), "{pan}");
        let path = format!("/sessions/{}/issuer-fingerprint", text(&session, "id"));
        let refused = lab.call("PUT", &path, &json!({"three_ds_method_completion": "Y"}));
        assert_eq!(refused.status, 403);
        assert_eq!(refused.codes(), ["three_ds_method_not_supported_without_url"]);
    }
}

#[test]
fn cards_outside_of_three_ds_are_refused() {
    let lab = Lab::new();
    const CARDS: [(&str, &str); 7] = [
        ("3530111333300000", "card_not_enrolled"),
        ("4532432452900131", "card_not_enrolled"),
        ("4484070000035519", "card_not_enrolled"),
        ("5352151570003404", "card_not_enrolled"),
        ("378282246310005", "card_not_enrolled"),
        ("4820285375797526", "issuer_not_enrolled"),
        ("5424583292508738", "issuer_not_enrolled"),
    ];
    let refused = |pan: &str, more: Value| {
        let answer = lab.call("POST", "/sessions", &non_hosted(pan, more));
        (answer.status, if answer.status == 403 { answer.codes() } else { Vec::new() })
    };
    for (place, (pan, code)) in CARDS.into_iter().enumerate() {
        let expected = (403, vec![code.to_owned()]);
        for amount in [json!(0), Value::Null] {
            assert_eq!(refused(pan, json!({"amount": amount})), expected, "{pan}");
        }
        // 3DS1 knows browsers only.
        let merchant = json!({"channel": "merchant_initiated", "request_type": "top_up"});
        assert_eq!(refused(pan, json!({"channel_data": merchant})), expected, "{pan}");
        // With a purchase the fallback to 3DS1 takes all but those that are in no version.
        let fallen_back = if place < 2 { expected } else { (201, Vec::new()) };
        assert_eq!(refused(pan, Value::Null), fallen_back, "{pan}");
    }
    assert_eq!(lab.control("PUT", "/settings", &json!({"three_ds1": "off"})).status, 200);
    for (pan, code) in CARDS {
        assert_eq!(refused(pan, Value::Null), (403, vec![code.to_owned()]), "{pan}");
    }
}

#[test]
fn a_hosted_session_ends_like_any_other() {
    let lab = Lab::new();
    let session = lab.create(&hosted(FRICTIONLESS_CARD, Value::Null));
    let path = format!("/sessions/{}/collect-data", text(&session, "id"));
    let approved = lab.call("PUT", &path, &browser()).json();
    assert_eq!((text(&approved, "status"), text(&approved, "eci")), ("approved", "05"));
    assert_eq!(approved["next_actions"], json!([]));
    assert_eq!(approved["completed"], true);
    let links: Vec<&String> = approved["_links"].as_object().expect("links").keys().collect();
    assert_eq!(links, ["success_url", "failure_url", "self"]);
    let session = lab.create(&hosted(CHALLENGE_CARD, Value::Null));
    let path = format!("/sessions/{}/collect-data", text(&session, "id"));
    let challenged = lab.call("PUT", &path, &browser()).json();
    assert_eq!(text(&challenged, "status"), "challenged");
    assert_eq!(challenged["next_actions"], json!(["redirect_cardholder"]));
    assert!(challenged["_links"]["redirect_url"].is_object());
}
