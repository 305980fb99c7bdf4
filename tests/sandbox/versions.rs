//! What differs between 2.1.0, 2.2.0 and 2.3.1, row by row: members that the sandbox writes,
//! values that it takes, and the codes of its errors. Source: emv-3ds.md 1.8, 3.5-3.7, 4.

use serde_json::{Value, json};

use crate::lab::*;
use crate::scheme::{arm, bodies, fault, lab, open, pass, post};

const VERSIONS: [&str; 3] = ["2.1.0", "2.2.0", "2.3.1"];

/// A flow: what the other side does, and what the shop sends.
struct Flow {
    name: &'static str,
    other_side: &'static str,
    more: fn() -> Value,
    /// What is posted to the challenge page, if one opens.
    answer: Option<(&'static str, &'static str)>,
}

fn shopper() -> Value {
    let mut data = browser();
    merge(&mut data, json!({"language": "zh-Hans-CN"}));
    json!({
        "channel_data": data, "challenge_indicator": "transaction_risk_assessment",
        "source": {"type": "card", "number": CHALLENGE_CARD, "expiry_month": 6, "expiry_year": 2030, "name": "Zoë Müller"},
        "authentication_type": "recurring", "recurring": {"days_between_payments": 28, "expiry": "20351231"},
        "initial_transaction": {"acs_transaction_id": "375d90ad-3873-498b-9133-380cbbc8d99d"},
        "account_info": {"three_ds_requestor_authentication_info": {"three_ds_req_auth_method": "federated_id"}},
    })
}

fn plain() -> Value {
    json!({"channel_data": browser()})
}

fn app() -> Value {
    let sealed = ["eyJ4IjoxfQ"; 5].join(".");
    let key = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    json!({"channel_data": {
        "channel": "app", "sdk_app_id": "dbd64fcb-c19a-4728-8849-e3d50bfdde39", "sdk_max_timeout": 5,
        "sdk_ephem_pub_key": {"kty": "EC", "crv": "P-256", "x": key, "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
        "sdk_encrypted_data": sealed, "sdk_reference_number": "3DS_LOA_SDK_SANDBOX_020301_00001",
        "sdk_transaction_id": "b2385523-a66c-4907-ac3c-91848e8c0067", "sdk_interface_type": "both",
        "sdk_ui_elements": ["text", "oob"],
    }})
}

fn token() -> Value {
    let source = json!({"type": "network_token", "token": "4000110000115005", "expiry_month": 6, "expiry_year": 2030});
    json!({"channel_data": browser(), "source": source})
}

fn alone() -> Value {
    json!({
        "channel_data": {"channel": "merchant_initiated", "request_type": "add_card"},
        "initial_transaction": {"acs_transaction_id": "375d90ad-3873-498b-9133-380cbbc8d99d"},
    })
}

/// What a row finds at its place: nothing, this value, or something of this kind.
#[derive(Clone, Copy)]
enum Is {
    Absent,
    Text(&'static str),
    Yes,
    AnyText,
    Object,
    /// An array, as JSON.
    List(&'static str),
    AnyList,
}

impl Is {
    fn fits(self, value: Option<&Value>) -> bool {
        match (self, value) {
            (Self::Absent, value) => value.is_none(),
            (Self::Text(text), Some(value)) => value == text,
            (Self::Yes, Some(value)) => value == true,
            (Self::AnyText, Some(value)) => value.is_string(),
            (Self::Object, Some(value)) => value.is_object(),
            (Self::List(list), Some(value)) => serde_json::from_str::<Value>(list).is_ok_and(|list| *value == list),
            (Self::AnyList, Some(value)) => value.is_array(),
            (_, None) => false,
        }
    }
}

use Is::{Absent, AnyList, AnyText, List, Object, Text, Yes};

/// Message, place in it, what is there in 2.1.0, 2.2.0 and 2.3.1.
type Row = (&'static str, &'static str, [Is; 3]);

const TABLE: &[(Flow, &[Row])] = &[
    (
        Flow { name: "frictionless", other_side: "ares = { transStatus = \"Y\" }", more: shopper, answer: None },
        &[
            ("PReq", "/messageVersion", [Text("2.1.0"), Text("2.2.0"), Text("2.3.1")]),
            ("PRes", "/cardRangeData/0/acsInfoInd/1", [Text("02"), Text("02"), Text("02")]),
            ("PRes", "/cardRangeData/0/acsInfoInd/3", [Absent, Text("04"), Text("04")]),
            ("PRes", "/cardRangeData/0/acsInfoInd/4", [Absent, Absent, AnyText]),
            ("AReq", "/messageVersion", [Text("2.1.0"), Text("2.2.0"), Text("2.3.1")]),
            ("AReq", "/threeDSRequestorChallengeInd", [Text("02"), Text("05"), List("[\"05\"]")]),
            ("AReq", "/browserJavascriptEnabled", [Absent, Yes, Yes]),
            ("AReq", "/acceptLanguage", [Absent, Absent, List("[\"zh-Hans-CN\"]")]),
            ("AReq", "/browserLanguage", [Text("zh"), Text("zh"), Text("zh-Hans-CN")]),
            ("AReq", "/cardholderName", [Absent, Absent, Text("Zoë Müller")]),
            ("AReq", "/threeDSRequestorPriorAuthenticationInfo", [Object, Object, AnyList]),
            ("AReq", "/threeDSRequestorAuthenticationInfo", [Object, Object, AnyList]),
            ("AReq", "/recurringExpiry", [AnyText, AnyText, AnyText]),
            ("AReq", "/recurringInd", [Absent, Absent, Object]),
            ("AReq", "/recurringAmount", [Absent, Absent, AnyText]),
            ("AReq", "/payTokenInd", [Absent, Absent, Absent]),
            ("ARes", "/messageVersion", [Text("2.1.0"), Text("2.2.0"), Text("2.3.1")]),
            ("ARes", "/transChallengeExemption", [Absent, Absent, Text("79")]),
            ("ARes", "/messageExtension", [AnyList, AnyList, Absent]),
        ],
    ),
    (
        Flow {
            name: "challenge, cancelled",
            other_side: "ares = { transStatus = \"C\" }",
            more: plain,
            answer: Some(("cancel", "1")),
        },
        &[
            ("ARes", "/authenticationType", [Text("02"), Text("02"), Absent]),
            ("ARes", "/authenticationMethod", [Absent, Absent, List("[\"02\"]")]),
            ("CReq", "/messageVersion", [Text("2.1.0"), Text("2.2.0"), Text("2.3.1")]),
            ("RReq", "/authenticationType", [Text("02"), Text("02"), Absent]),
            ("RReq", "/authenticationMethod", [Absent, Absent, List("[\"02\"]")]),
            ("RReq", "/challengeCancel", [Text("01"), Text("01"), Text("01")]),
            ("RRes", "/resultsStatus", [Text("01"), Text("01"), Text("01")]),
            ("CRes", "/transStatus", [Text("N"), Text("N"), Text("N")]),
            ("CRes", "/messageVersion", [Text("2.1.0"), Text("2.2.0"), Text("2.3.1")]),
        ],
    ),
    (
        Flow {
            name: "challenge, passed and listed",
            other_side: "ares = { transStatus = \"C\" }\nrreq = { transStatus = \"Y\", trustListStatus = \"Y\" }",
            more: plain,
            answer: Some(("password", "Checkout1!")),
        },
        &[
            ("RReq", "/whiteListStatus", [Absent, Text("Y"), Absent]),
            ("RReq", "/whiteListStatusSource", [Absent, Text("03"), Absent]),
            ("RReq", "/trustListStatus", [Absent, Absent, Text("Y")]),
            ("RReq", "/trustListStatusSource", [Absent, Absent, Text("03")]),
            ("CRes", "/transStatus", [Text("Y"), Text("Y"), Text("Y")]),
        ],
    ),
    (
        Flow {
            name: "challenge that falls back",
            other_side: "ares = { transStatus = \"C\" }\nrreq = { transStatus = \"D\" }\n\
                         server = { threeDSRequestorDecReqInd = \"F\" }",
            more: plain,
            answer: Some(("password", "Checkout1!")),
        },
        &[
            ("AReq", "/threeDSRequestorDecReqInd", [Absent, Text("N"), Text("F")]),
            ("AReq", "/threeDSRequestorDecMaxTime", [Absent, Absent, Text("00060")]),
            ("RReq", "/transStatus", [Text("N"), Text("N"), Text("D")]),
            ("RReq", "/transStatusReason", [Text("01"), Text("01"), Text("29")]),
            ("RRes", "/resultsStatus", [Text("01"), Text("01"), Text("04")]),
            ("CRes", "/transStatus", [Text("N"), Text("N"), Text("D")]),
        ],
    ),
    (
        Flow {
            name: "declined",
            other_side: "ares = { transStatus = \"N\", transStatusReason = \"25\" }",
            more: plain,
            answer: None,
        },
        &[
            ("ARes", "/transStatusReason", [Text("01"), Text("25"), Text("25")]),
            ("ARes", "/cardholderInfo", [AnyText, AnyText, Object]),
            ("ARes", "/cardholderInfo/text", [Absent, Absent, AnyText]),
        ],
    ),
    (
        Flow {
            name: "could not be done",
            other_side: "ares = { transStatus = \"U\", transStatusReason = \"27\" }",
            more: plain,
            answer: None,
        },
        &[("ARes", "/transStatusReason", [Text("14"), Text("22"), Text("27")])],
    ),
    (
        Flow { name: "decoupled", other_side: "ares = { transStatus = \"D\" }", more: plain, answer: None },
        &[
            ("AReq", "/threeDSRequestorDecReqInd", [Absent, Text("Y"), Text("Y")]),
            ("AReq", "/threeDSRequestorDecMaxTime", [Absent, Text("00060"), Text("00060")]),
            ("ARes", "/transStatus", [Text("C"), Text("D"), Text("D")]),
            ("ARes", "/acsDecConInd", [Absent, Text("Y"), Text("Y")]),
            ("ARes", "/authenticationType", [Text("02"), Text("04"), Absent]),
            ("ARes", "/authenticationMethod", [Absent, Absent, List("[\"12\"]")]),
        ],
    ),
    (
        Flow { name: "information", other_side: "ares = { transStatus = \"I\" }", more: shopper, answer: None },
        &[("ARes", "/transStatus", [Text("Y"), Text("I"), Text("I")])],
    ),
    (
        Flow { name: "in an app", other_side: "ares = { transStatus = \"C\" }", more: app, answer: None },
        &[
            ("AReq", "/sdkType", [Absent, Absent, Text("01")]),
            ("AReq", "/browserJavascriptEnabled", [Absent, Absent, Absent]),
            ("ARes", "/acsRenderingType/acsUiTemplate", [Text("01"), Text("01"), Text("01")]),
            ("ARes", "/acsRenderingType/deviceUserInterfaceMode", [Absent, Absent, AnyText]),
        ],
    ),
    (
        Flow { name: "network token", other_side: "ares = { transStatus = \"Y\" }", more: token, answer: None },
        &[("AReq", "/payTokenInd", [Yes, Yes, Yes]), ("AReq", "/payTokenSource", [Absent, Text("01"), Text("01")])],
    ),
    (
        Flow { name: "merchant-initiated", other_side: "ares = { transStatus = \"Y\" }", more: alone, answer: None },
        &[
            ("AReq", "/threeRIInd", [Text("03"), Text("03"), Text("03")]),
            ("AReq", "/threeDSRequestorPriorAuthenticationInfo", [Object, Object, AnyList]),
            ("AReq", "/browserIP", [Absent, Absent, Absent]),
        ],
    ),
];

/// Every hidden message of a flow on a version; of each kind the first is looked at.
fn played(flow: &Flow, version: &str) -> Vec<Value> {
    let lab = lab(); // of its own, so that the card ranges are asked for
    lab.control("PUT", "/settings", &json!({"protocol_version": version}));
    arm(&lab, &format!("[issuer]\n{}\n", flow.other_side));
    let session = lab.create(&non_hosted(CHALLENGE_CARD, (flow.more)()));
    assert_eq!(text(&session, "protocol_version"), version, "{}", flow.name);
    if let Some(answer) = flow.answer {
        let page = open(&lab, &session);
        let over = post(&lab, &session, &page, &[answer]);
        assert!(hidden(&over.body, "cres").is_some(), "{}: {over:?}", flow.name);
    }
    let path = format!("/sessions/{}/messages", text(&session, "id"));
    let said = lab.control("GET", &path, &Value::Null).json()["messages"].as_array().expect("a list").clone();
    assert!(said.iter().all(|message| message["kind"] != "Erro"), "{} {version}: {said:#?}", flow.name);
    said
}

#[test]
fn each_message_has_the_members_of_its_version() {
    for (flow, rows) in TABLE {
        for (column, version) in VERSIONS.into_iter().enumerate() {
            let said = played(flow, version);
            for message in &said {
                let body = &message["body"];
                assert!(body["messageVersion"].is_null() || body["messageVersion"] == version, "{message}");
            }
            for (kind, place, columns) in *rows {
                let message = said.iter().find(|message| message["kind"] == *kind);
                let message = message.unwrap_or_else(|| panic!("{}: no {kind} in {said:#?}", flow.name));
                let found = message["body"].pointer(place);
                assert!(columns[column].fits(found), "{} {version} {kind} {place}: {found:?}", flow.name);
            }
        }
    }
}

/// Headers of 2.3.1: who asks names its transaction, and who answers names its own.
#[test]
fn headers_carry_the_transactions_from_2_3_1_on() {
    for version in VERSIONS {
        let said = played(&TABLE[1].0, version);
        let header = |kind: &str, from: &str, name: &str| {
            let one = said.iter().find(|message| message["kind"] == kind && message["from"] == from);
            one.unwrap_or_else(|| panic!("no {kind} from {from}")).pointer(&format!("/headers/{name}")).cloned()
        };
        let areq = said.iter().find(|message| message["kind"] == "ARes").expect("an answer")["body"].clone();
        for (kind, from, name, id) in [
            ("AReq", "sessions", "X-Request-ID", "threeDSServerTransID"),
            ("AReq", "directory", "X-Request-ID", "dsTransID"),
            ("ARes", "issuer", "X-Response-ID", "acsTransID"),
            ("ARes", "directory", "X-Response-ID", "dsTransID"),
            ("RReq", "issuer", "X-Request-ID", "acsTransID"),
            ("RRes", "sessions", "X-Response-ID", "threeDSServerTransID"),
        ] {
            let expected = (version == "2.3.1").then(|| areq[id].clone());
            assert_eq!(header(kind, from, name), expected, "{version} {kind} {from}");
        }
        assert_eq!(header("CReq", "browser", "X-Request-ID"), None, "a browser sends none");
    }
}

/// Leg, member, value as TOML, whether 2.1.0, 2.2.0 and 2.3.1 take it.
const VALUES: &[(&str, &str, &str, [bool; 3])] = &[
    ("areq", "browserColorDepth", "\"24\"", [true, true, true]),
    ("areq", "browserColorDepth", "\"30\"", [false, false, true]),
    ("areq", "browserColorDepth", "\"100\"", [false, false, false]),
    ("areq", "browserLanguage", "\"zh-Hant-T\"", [false, false, true]),
    ("areq", "browserIP", "\"2001:db8::1\"", [true, true, true]),
    ("areq", "browserIP", "\"203.0.113.9, 10.0.0.1\"", [false, false, false]),
    ("areq", "cardholderName", "\"Zoë\"", [false, false, true]),
    ("areq", "cardholderName", "\"Z\"", [false, false, true]),
    ("areq", "acceptLanguage", "[\"de\"]", [false, false, true]),
    ("areq", "acceptLanguage", "[]", [false, false, false]),
    ("areq", "browserJavascriptEnabled", "true", [false, true, true]),
    ("areq", "browserJavascriptEnabled", "\"true\"", [false, false, false]),
    ("areq", "threeDSRequestorAuthenticationInd", "\"06\"", [true, true, true]),
    ("areq", "threeDSRequestorAuthenticationInd", "\"07\"", [false, true, true]),
    ("areq", "threeDSRequestorAuthenticationInd", "\"10\"", [false, false, true]),
    ("areq", "threeDSRequestorAuthenticationInd", "\"11\"", [false, false, false]),
    ("areq", "threeDSRequestorChallengeInd", "\"04\"", [true, true, false]),
    ("areq", "threeDSRequestorChallengeInd", "\"09\"", [false, true, false]),
    ("areq", "threeDSRequestorChallengeInd", "\"10\"", [false, false, false]),
    ("areq", "threeDSRequestorChallengeInd", "[\"14\"]", [false, false, true]),
    ("areq", "threeDSRequestorChallengeInd", "[\"02\", \"90\"]", [false, false, true]),
    ("areq", "threeDSRequestorChallengeInd", "[\"01\", \"02\", \"03\"]", [false, false, false]),
    ("areq", "threeDSRequestorDecReqInd", "\"N\"", [false, true, true]),
    ("areq", "threeDSRequestorDecReqInd", "\"Q\"", [false, false, false]),
    ("areq", "threeDSRequestorDecMaxTime", "\"00010\"", [false, false, false]),
    ("areq", "threeRIInd", "\"01\"", [false, false, false]),
    ("areq", "payTokenInd", "false", [false, false, false]),
    ("areq", "payTokenSource", "\"01\"", [false, false, false]),
    ("areq", "threeDSRequestorPriorAuthenticationInfo", "{ threeDSReqPriorAuthMethod = \"04\" }", [true, true, false]),
    (
        "areq",
        "threeDSRequestorPriorAuthenticationInfo",
        "[{ threeDSReqPriorAuthMethod = \"05\" }]",
        [false, false, true],
    ),
    ("areq", "threeDSRequestorPriorAuthenticationInfo", "[{}, {}, {}, {}]", [false, false, false]),
    ("areq", "threeDSRequestorAuthenticationInfo", "{ threeDSReqAuthMethod = \"02\" }", [true, true, false]),
    ("areq", "threeDSRequestorAuthenticationInfo", "[{ threeDSReqAuthMethod = \"02\" }]", [false, false, true]),
    ("areq", "threeDSRequestorSpcSupport", "\"Y\"", [false, false, true]),
    ("areq", "threeDSMethodId", "\"6afa6072-9412-446b-9673-2f98b3ee98a2\"", [false, false, true]),
    ("areq", "recurringAmount", "\"100\"", [false, false, true]),
    ("areq", "merchantCountryCode", "\"901\"", [false, false, false]),
    ("areq", "transType", "\"02\"", [false, false, false]),
    ("areq", "purchaseDate", "\"20261340000000\"", [false, false, false]),
    ("ares", "transStatusReason", "\"21\"", [true, true, true]),
    ("ares", "transStatusReason", "\"26\"", [false, true, true]),
    ("ares", "transStatusReason", "\"30\"", [false, false, true]),
    ("ares", "transStatusReason", "\"31\"", [false, false, false]),
    ("ares", "transStatusReason", "\"80\"", [true, true, true]),
    ("ares", "authenticationType", "\"03\"", [true, true, false]),
    ("ares", "authenticationType", "\"04\"", [false, true, false]),
    ("ares", "authenticationMethod", "[\"16\"]", [false, false, true]),
    ("ares", "authenticationMethod", "[\"17\"]", [false, false, false]),
    ("ares", "authenticationMethod", "\"02\"", [false, false, false]),
    ("ares", "cardholderInfo", "\"Call us\"", [true, true, false]),
    ("ares", "cardholderInfo", "{ text = \"Call us\" }", [false, false, true]),
    ("ares", "cardholderInfo", "{ issuerImage = \"x\" }", [false, false, false]),
    ("ares", "whiteListStatus", "\"Y\"", [false, true, false]),
    ("ares", "trustListStatus", "\"Y\"", [false, false, true]),
    ("ares", "trustListStatus", "\"Q\"", [false, false, false]),
    ("ares", "transChallengeExemption", "\"10\"", [false, false, true]),
    ("ares", "acsDecConInd", "\"N\"", [false, true, true]),
];

#[test]
fn each_version_takes_its_own_values_and_no_others() {
    let lab = lab();
    for (hop, field, value, takes) in VALUES {
        for (version, takes) in VERSIONS.into_iter().zip(takes) {
            let spoils = fault(hop, "set_field", &format!("field = \"{field}\"\nvalue = {value}"));
            let ares = "ares = { transStatus = \"N\", transStatusReason = \"01\" }";
            arm(&lab, &format!("[issuer]\nversion = \"{version}\"\n{ares}\n{spoils}"));
            let session = lab.create(&non_hosted(CHALLENGE_CARD, plain()));
            let error = &session["3ds"]["error_details"];
            let place = format!("{hop} {field} {value} {version}: {error}");
            assert_eq!(text(&session, "status"), if *takes { "declined" } else { "unavailable" }, "{place}");
            if !*takes {
                let code = if *field == "merchantCountryCode" { "304" } else { "203" };
                assert_eq!(text(error, "error_code"), code, "{place}");
                assert!(text(error, "error_detail").split([',', '.']).any(|name| name.trim() == *field), "{place}");
            }
        }
    }
}

#[test]
fn letters_and_codes_of_a_result_belong_to_a_version() {
    let lab = lab();
    for (field, value, takes) in [
        ("challengeCancel", "\"06\"", [true, true, true]),
        ("challengeCancel", "\"09\"", [false, false, true]),
        ("challengeCancel", "\"02\"", [false, false, false]),
        ("transStatus", "\"D\"", [false, false, false]),
        ("transStatus", "\"C\"", [false, false, false]),
        ("trustListStatus", "\"Y\"", [false, false, true]),
        ("authenticationType", "\"02\"", [true, true, false]),
    ] {
        for (version, takes) in VERSIONS.into_iter().zip(takes) {
            let spoils = fault("rreq", "set_field", &format!("field = \"{field}\"\nvalue = {value}\ntimes = 2"));
            arm(&lab, &format!("[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"C\" }}\n{spoils}"));
            let session = lab.create(&non_hosted(CHALLENGE_CARD, plain()));
            let page = open(&lab, &session);
            post(&lab, &session, &page, &[("password", "Checkout1!")]);
            pass(&lab, 15);
            let over = lab.get(text(&session, "id"));
            let refused = over["status_reason"] == "rreq_error";
            assert_eq!(refused, !takes, "{field} {value} {version}: {over}");
        }
    }
    for (value, takes) in [("\"03\"", [true, true, true]), ("\"04\"", [false, false, true])] {
        for (version, takes) in VERSIONS.into_iter().zip(takes) {
            let spoils = fault("rres_ds", "set_field", &format!("field = \"resultsStatus\"\nvalue = {value}"));
            arm(&lab, &format!("[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"C\" }}\n{spoils}"));
            let session = lab.create(&non_hosted(CHALLENGE_CARD, plain()));
            let page = open(&lab, &session);
            post(&lab, &session, &page, &[("password", "Checkout1!")]);
            let refused = bodies(&lab, &session)
                .iter()
                .any(|message| message["kind"] == "Erro" && message["body"]["errorDetail"] == "resultsStatus");
            assert_eq!(refused, !takes, "{value} {version}");
        }
    }
}

#[test]
fn errors_have_the_codes_of_their_version() {
    for (version, twice, unasked, second) in
        [("2.1.0", "301", "301", "305"), ("2.2.0", "301", "301", "305"), ("2.3.1", "312", "313", "314")]
    {
        let lab = lab();
        let codes = |session: &Value| {
            let erros = bodies(&lab, session).into_iter().filter(|message| message["kind"] == "Erro");
            erros.map(|message| text(&message["body"], "errorCode").to_owned()).collect::<Vec<_>>()
        };
        let start = |other_side: String| {
            arm(&lab, &format!("[issuer]\nversion = \"{version}\"\n{other_side}"));
            lab.create(&non_hosted(CHALLENGE_CARD, plain()))
        };
        let session = start(format!("ares = {{ transStatus = \"C\" }}\n{}", fault("rreq", "duplicate", "")));
        let page = open(&lab, &session);
        post(&lab, &session, &page, &[("password", "Checkout1!")]);
        assert_eq!(codes(&session).first().map(String::as_str), Some(twice), "{version}");
        let session = start("ares = { transStatus = \"Y\" }\nrreq = { transStatus = \"Y\" }\n".to_owned());
        assert_eq!(codes(&session).first().map(String::as_str), Some(unasked), "{version}");
        let session = start("ares = { transStatus = \"C\" }\nchallenge = { second_creq = \"reject\" }\n".to_owned());
        open(&lab, &session);
        let again = lab.form("/simulator/acs/challenge", &[("creq", &creq(&session))]);
        assert!(again.body.contains(second), "{version}: {again:?}");
        assert_eq!(codes(&session), [second], "{version}");
    }
}

#[test]
fn extensions_and_addresses_have_their_limits() {
    let lab = lab();
    let list = |count: usize, data: usize| {
        let one = format!(
            "{{ name = \"x\", id = \"y\", criticalityIndicator = false, data = {{ v = \"{}\" }} }}",
            "z".repeat(data)
        );
        format!("[{}]", vec![one; count].join(", "))
    };
    for (count, data, takes) in [
        (10, 1, [true, true, true]),
        (11, 1, [false, false, true]),
        (16, 1, [false, false, false]),
        (1, 9000, [true, true, false]),
    ] {
        for (version, takes) in VERSIONS.into_iter().zip(takes) {
            let more = format!("field = \"messageExtension\"\nvalue = {}", list(count, data));
            let spoils = fault("areq", "set_field", &more);
            arm(&lab, &format!("[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"Y\" }}\n{spoils}"));
            let session = lab.create(&non_hosted(CHALLENGE_CARD, plain()));
            assert_eq!(text(&session, "status") == "approved", takes, "{count} of {data} in {version}");
        }
    }
    for (length, takes) in [(256, [true, true, true]), (257, [false, false, true]), (2049, [false, false, false])] {
        for (version, takes) in VERSIONS.into_iter().zip(takes) {
            arm(&lab, &format!("[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"Y\" }}\n"));
            let session = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
            let address = format!("{:x<length$}", "http://127.0.0.1:9/");
            let data = json!({
                "threeDSServerTransID": session["transaction_id"], "threeDSMethodNotificationURL": address,
            });
            use base64::Engine as _;
            let data = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(data.to_string());
            let page = lab.form("/simulator/acs/3ds-method", &[("threeDSMethodData", &data)]);
            assert_eq!(page.status == 200, takes, "{length} in {version}: {}", page.status);
        }
    }
    for (length, takes) in [(256, true), (257, false)] {
        for version in VERSIONS {
            let address = format!("{:x<length$}", "https://shop.example.test/");
            let more = format!("field = \"notificationURL\"\nvalue = \"{address}\"");
            let spoils = fault("areq", "set_field", &more);
            arm(&lab, &format!("[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"Y\" }}\n{spoils}"));
            let session = lab.create(&non_hosted(CHALLENGE_CARD, plain()));
            assert_eq!(text(&session, "status") == "approved", takes, "{length} in {version}");
        }
    }
}

#[test]
fn card_ranges_that_a_version_does_not_know_are_refused() {
    let good = json!({"startRange": "4000000000000000", "endRange": "4000000000000999", "actionInd": "A"});
    let with = |name: &str, value: Value| {
        let mut range = good.clone();
        range[name] = value;
        json!([range])
    };
    for (ranges, codes) in [
        (with("acsInfoInd", json!(["01", "02"])), ["", "", ""]),
        (with("acsInfoInd", json!(["04"])), ["203", "", ""]),
        (with("acsInfoInd", json!(["11"])), ["203", "203", ""]),
        (with("acsInfoInd", json!(["12"])), ["203", "203", "207"]),
        (with("actionInd", json!("X")), ["203", "203", "206"]),
        (json!([good, good]), ["203", "203", "205"]),
    ] {
        for (version, code) in VERSIONS.into_iter().zip(codes) {
            let lab = lab();
            let value = toml_of(&ranges);
            let spoils = fault("pres", "set_field", &format!("field = \"cardRangeData\"\nvalue = {value}"));
            arm(&lab, &format!("[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"Y\" }}\n{spoils}"));
            let session = lab.create(&non_hosted(CHALLENGE_CARD, plain()));
            let path = format!("/sessions/{}/messages", text(&session, "id"));
            let said = lab.control("GET", &path, &Value::Null).json()["messages"].clone();
            let erro = said.as_array().expect("a list").iter().find(|message| message["kind"] == "Erro");
            let found = erro.map_or("", |erro| text(&erro["body"], "errorCode"));
            assert_eq!(found, code, "{version} {ranges}");
            assert_eq!(text(&session, "status"), "approved", "what was known before still holds");
        }
    }
}

/// Lists of flat objects as TOML, inline.
fn toml_of(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("[{}]", list.iter().map(toml_of).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("{name} = {}", toml_of(value))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        other => other.to_string(),
    }
}
