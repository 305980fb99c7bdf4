use std::sync::Arc;

use jiff::civil::date;
use serde_json::json;

use super::purchase::ascii;
use super::*;
use crate::model::draft::{Channel, Completion};
use crate::model::exchange::Step;
use crate::model::finding::Version;
use crate::model::run::{Auth, StepRequest};
use crate::model::steps::{form, form_field, page_headers};
use crate::model::template::Values;

fn values() -> Values {
    Values {
        listener: "http://127.0.0.1:8788/c/t".into(),
        merchant: "http://127.0.0.1:8789/m/t".into(),
        uuid: "c52dd994-63ba-450a-bc48-e7a4957dabc6".into(),
        now: "2026-05-03T09:15:02Z".into(),
        previous: None,
        ..Values::default()
    }
}

fn around(values: &Values) -> Around<'_> {
    Around { today: date(2026, 5, 3), ..Around::new(values, true) }
}

/// One edit to a draft that has no finding, the rule it breaks, and what the fix writes
/// there (`null`: nothing is left; `"?"`: there is no fix).
type Case = (&'static str, Body, &'static str, Value, Value);

fn cases() -> Vec<Case> {
    use Body::{App, Browser, Session};
    vec![
        (
            "L01",
            App,
            "/sdk_ephem_pub_key/x",
            json!("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU="),
            json!("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
        ),
        ("L01", App, "/sdk_encrypted_data", json!("a.b+.c/.d=.e"), json!("a.b-.c_.d.e")),
        ("L07", Session, "/completion/challenge_notification_url", json!("http://h.test/?session=1"), json!("?")),
        ("L13", Browser, "/color_depth", json!("30"), json!("24")),
        ("L14", Browser, "/timezone", json!("UTC+1"), json!("-60")),
        ("L14", Browser, "/timezone", json!("60"), json!("-60")),
        ("L14", Browser, "/timezone", json!("9999"), json!("?")),
        ("L15", Browser, "/java_enabled", json!("true"), json!(true)),
        ("L16", Browser, "/language", json!("zh-Hans-CN"), json!("zh")),
        ("L16", Browser, "/language", json!("zh-Hans-CN-x-long"), json!("zh")),
        ("L17", Browser, "/ip_address", json!("10.0.0.1, 203.0.113.9"), json!("203.0.113.9")),
        ("L17", Browser, "/ip_address", json!("203.0.113.9:443"), json!("203.0.113.9")),
        ("L17", Browser, "/ip_address", json!("[2001:db8::1]:443"), json!("2001:db8::1")),
        ("L17", Browser, "/ip_address", json!("192.168.0.9"), json!("?")),
        ("L17", Browser, "/ip_address", json!("::1"), json!("?")),
        (
            "L18",
            Browser,
            "/accept_header",
            json!("*/*"),
            json!("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"),
        ),
        ("L19", Session, "/source/name", json!("李小龙"), json!("?")),
        ("L19", Session, "/source/name", json!("José Müller"), json!("Jose Mueller")),
        ("L19", Session, "/source/name", json!("123 456"), json!("?")),
        ("L20", Session, "/source/billing_address/state", json!("US-CA"), json!("CA")),
        ("L20", Session, "/source/billing_address/state", json!("California"), json!("?")),
        ("L21", Session, "/source/billing_address/country", json!("gb"), json!("GB")),
        ("L21", Session, "/source/billing_address/country", json!("UK"), json!("GB")),
        ("L21", Session, "/source/billing_address/country", json!("ZZ"), json!("?")),
        ("L21", Session, "/currency", json!("usd"), json!("USD")),
        ("L21", Session, "/currency", json!("XAU"), json!("?")),
        ("L22", Session, "/amount", json!("65.40"), json!(6540)),
        ("L22", Session, "/amount", json!(65.4), json!(6540)),
        ("L22", Session, "/amount", json!("a lot"), json!("?")),
        ("L24", Session, "/authentication_type", json!("recurring"), json!("recurring")),
        ("L26", Session, "/trustListStatus", json!("Y"), Value::Null),
        ("L26", Session, "/challenge_indicator", json!(["no_preference"]), json!("no_preference")),
        (
            "L27",
            Session,
            "/challenge_indicator",
            json!(["no_challenge_requested", "challenge_requested"]),
            json!("no_challenge_requested"),
        ),
        (
            "L42",
            App,
            "/sdk_ephem_pub_key/y",
            json!("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5b0"),
            json!("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
        ),
        ("L42", App, "/sdk_ephem_pub_key/x", json!("AAAA"), json!("?")),
        ("L47", Session, "/source/number", json!("4000056655665556"), json!("4242424242424242")),
        ("L47", Session, "/reference", json!("card 4242 4242-4242 4242"), Value::Null),
        ("L47", Session, "/source/cvv", json!("100"), Value::Null),
    ]
}

#[test]
fn each_rule_finds_its_case_and_its_fix_mends_it() {
    let values = values();
    let mut around = around(&values);
    around.offset_minutes = Some(-60);
    for (rule, body, pointer, value, mended) in cases() {
        let mut draft = Draft::default();
        if body == Body::App {
            draft.set_channel(Channel::App);
            for (member, value) in [
                ("x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                ("y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
            ] {
                draft.doc_mut(body).set(&format!("/sdk_ephem_pub_key/{member}"), Some(value.into()));
            }
        }
        let quiet = draft.check(&around);
        assert_eq!(quiet, [], "{rule} before");
        draft.doc_mut(body).set(pointer, Some(value.clone()));
        let findings = draft.check(&around);
        let of_rule: Vec<_> = findings.iter().filter(|finding| finding.rule == Some(rule)).collect();
        let [finding] = of_rule.as_slice() else { panic!("{rule} {value}: {findings:#?}") };
        if body != Body::App {
            assert_eq!((finding.body, finding.pointer.as_str()), (body, pointer), "{rule}");
        }
        let Some(fix) = finding.fix.as_ref().filter(|_| mended != json!("?")) else {
            assert_eq!(mended, json!("?"), "{rule} {value} has no fix");
            continue;
        };
        draft.apply(fix);
        assert_eq!(draft.doc(body).get(pointer).unwrap_or(&Value::Null), &mended, "{rule}");
        let left = draft.check(&around);
        assert!(left.iter().all(|finding| finding.rule != Some(rule)), "{rule} {value}: {left:#?}");
        assert!(left.is_empty() || rule == "L26", "{rule} {value}: {left:#?}");
    }
}

#[test]
fn only_the_expected_version_is_strict() {
    let values = values();
    let newer = Around { version: Version::V231, ..around(&values) };
    let mut draft = Draft::default();
    draft.doc_mut(Body::Browser).set("/color_depth", Some(json!("30")));
    draft.doc_mut(Body::Browser).set("/language", Some(json!("zh-Hans-CN")));
    draft.doc_mut(Body::Session).set("/source/name", Some(json!("José")));
    assert_eq!(draft.check(&newer), []);
    assert_eq!(draft.check(&around(&values)).len(), 3);
}

#[test]
fn addresses_matter_outside_the_sandbox_only() {
    let values = values();
    let outside = Around { embedded: false, ..around(&values) };
    let rules = |around: &Around<'_>| -> Vec<_> {
        Draft::default().check(around).into_iter().filter_map(|finding| finding.rule).collect()
    };
    assert_eq!(rules(&around(&values)), Vec::<&str>::new());
    assert_eq!(rules(&outside), ["L07", "L08", "L08"]);
}

#[test]
fn a_session_without_a_shopper_asks_for_nothing_of_one() {
    let values = values();
    let mut draft = Draft::new(Completion::NonHosted);
    draft.set_channel(Channel::MerchantInitiated);
    draft.doc_mut(Body::Session).set("/initial_transaction/acs_transaction_id", Some(json!("x")));
    assert_eq!(draft.check(&around(&values)), []);
    draft.doc_mut(Body::Session).set("/channel_data/user_agent", Some(json!("x")));
    draft.doc_mut(Body::Session).set("/challenge_indicator", Some(json!("challenge_requested")));
    let findings = draft.check(&around(&values));
    assert_eq!(findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), [Some("L45"), Some("L45")]);
    for finding in &findings {
        draft.apply(finding.fix.as_ref().expect("a fix"));
    }
    assert_eq!(draft.check(&around(&values)), []);
}

#[test]
fn poor_data_is_said_once_with_what_would_help_most() {
    let values = values();
    let mut draft = Draft::default();
    for pointer in ["/source/email", "/source/mobile_phone", "/source/billing_address"] {
        draft.doc_mut(Body::Session).set(pointer, None);
    }
    let findings = draft.check(&around(&values));
    let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
    assert_eq!((finding.rule, finding.pointer.as_str()), (Some("L46"), "/source/email"));
    assert!(finding.message.contains("E-mail, Mobile phone"), "{}", finding.message);
}

#[test]
fn amounts_hint_at_the_currency_s_decimals() {
    let values = values();
    for (currency, amount, expected) in [
        ("JPY", 654_000, Some(json!(6540))),
        ("JPY", 6541, None),
        ("KWD", 6540, None),
        ("KWD", 6541, Some(json!(6541))),
    ] {
        let mut draft = Draft::default();
        draft.doc_mut(Body::Session).set("/currency", Some(json!(currency)));
        draft.doc_mut(Body::Session).set("/amount", Some(json!(amount)));
        let findings = draft.check(&around(&values));
        assert_eq!(findings.len(), usize::from(expected.is_some()), "{currency} {amount}: {findings:?}");
        if let Some(fix) = findings.first().and_then(|finding| finding.fix.as_ref()) {
            draft.apply(fix);
        }
        assert_eq!(draft.doc(Body::Session).get("/amount"), Some(&expected.unwrap_or(json!(amount))));
    }
}

#[test]
fn preferences_that_contradict_the_rest_are_said() {
    let values = values();
    let with = |edits: &[(&str, Value)]| {
        let mut draft = Draft::default();
        for (pointer, value) in edits {
            let value = (!value.is_null()).then(|| value.clone());
            draft.doc_mut(Body::Session).set(pointer, value);
        }
        draft.check(&around(&values)).into_iter().filter_map(|finding| finding.rule).collect::<Vec<_>>()
    };
    assert_eq!(with(&[("/amount", Value::Null), ("/challenge_indicator", json!("low_value"))]), ["L27"]);
    let add = ("/authentication_type", json!("add_card"));
    assert_eq!(with(&[add.clone(), ("/challenge_indicator", json!("no_challenge_requested"))]), ["L27"]);
    assert_eq!(with(&[add, ("/challenge_indicator", json!("challenge_requested_mandate"))]), Vec::<&str>::new());
    // L49: limits are in euros, so no other currency is held against them.
    for (wish, amount, currency, expected) in [
        ("low_value", 3000, "EUR", &[][..]),
        ("low_value", 3001, "EUR", &["L49"]),
        ("low_value", 3001, "USD", &[]),
        ("transaction_risk_assessment", 50_000, "EUR", &[]),
        ("transaction_risk_assessment", 50_001, "EUR", &["L49"]),
        ("secure_corporate_payment", 90_000, "EUR", &[]),
    ] {
        let edits = [("/challenge_indicator", json!(wish)), ("/amount", json!(amount)), ("/currency", json!(currency))];
        assert_eq!(with(&edits), expected, "{wish} {amount} {currency}");
    }
}

#[test]
fn a_name_that_nobody_knows_is_said() {
    let mut values = values();
    let mut draft = Draft::default();
    draft.doc_mut(Body::Session).set("/reference", Some(json!("{{nobody}} {{previous.id}} {{uuid}}")));
    let findings = draft.check(&around(&values));
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings[0].message.contains("{{nobody}} is sent as typed"), "{}", findings[0].message);
    values.previous = Some(Arc::new(json!({"id": "sid_1"})));
    assert_eq!(draft.check(&around(&values)).len(), 1);
}

#[test]
fn hand_offs_are_forms_with_the_right_names_in_strict_base64url() {
    let request = |body: String| StepRequest {
        step: Step::Challenge,
        method: "POST".into(),
        url: "https://acs.test/".into(),
        auth: Auth::Nothing,
        headers: page_headers(true),
        body,
    };
    let rules = |request: &StepRequest| request::check(request).iter().map(|one| one.rule).collect::<Vec<_>>();
    let good = request(form(&[("creq", "eyJ9"), ("threeDSSessionData", "abc_-")]));
    assert_eq!(rules(&good), Vec::<&str>::new());
    let bad = request(form(&[("CReq", "ey+J9=="), ("threeDSSessionData", "{}")]));
    assert_eq!(rules(&bad), ["L04", "L01", "L05"]);
    let named = request::check(&bad).remove(0).mended.expect("a mended request");
    assert_eq!(form_field(&named.body, "creq").as_deref(), Some("ey+J9=="));
    let strict = request::check(&named).remove(0);
    assert_eq!(strict.rule, "L01");
    let strict = strict.mended.expect("a mended request");
    assert_eq!(form_field(&strict.body, "creq").as_deref(), Some("ey-J9"));
    assert_eq!(rules(&request(form(&[("threeDSSessionData", &"a".repeat(1025))]))), ["L05"]);
    let mut json = request("{\"creq\": 1}".into());
    json.headers = vec![("Content-Type".into(), "application/json".into())];
    assert_eq!(rules(&json), ["L03"]);
    let mut untyped = good.clone();
    untyped.headers.clear();
    let mended = request::check(&untyped).remove(0).mended.expect("a mended request");
    assert_eq!(rules(&mended), Vec::<&str>::new());
}

#[test]
fn names_are_spelt_without_marks() {
    for (text, expected) in [
        ("Zoë Müller-Øst", Some("Zoe Mueller-Oest")),
        ("Ægir Ångström", Some("Aegir Aangstroem")),
        ("O’Neill", Some("O'Neill")),
        ("李", None),
    ] {
        assert_eq!(ascii(text).as_deref(), expected);
    }
}
