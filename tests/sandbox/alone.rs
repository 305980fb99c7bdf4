//! A merchant who acts alone, plans of payments, network tokens and co-badged cards: what the
//! request says of them in each version. Source: emv-3ds.md 1.5, 1.8, 3.3, 3.6, 4.3, 6.3
//! (S091-S097, S113-S117), 8 (L24, L45); sessions-api.md 3.1, 3.7, 3.9.

use serde_json::{Value, json};

use crate::lab::*;
use crate::scheme::{arm, body, fault, lab};

const MASTERCARD: &str = "5436031030606378";

fn prior() -> Value {
    json!({
        "acs_transaction_id": "375d90ad-3873-498b-9133-380cbbc8d99d", "authentication_method": "challenge_occurred",
        "authentication_timestamp": "2026-01-05T10:07:59+01:00",
    })
}

/// A session of a merchant who acts alone, with what the issuer answers.
fn alone(lab: &Lab, version: &str, kind: &str, other_side: &str, more: Value) -> Value {
    let versioned = if version.is_empty() { String::new() } else { format!("version = \"{version}\"\n") };
    arm(lab, &format!("[issuer]\nares = {{ transStatus = \"Y\" }}\n{versioned}{other_side}"));
    let data = json!({"channel": "merchant_initiated", "request_type": kind});
    let mut body = non_hosted(CHALLENGE_CARD, json!({"channel_data": data, "initial_transaction": prior()}));
    merge(&mut body, more);
    lab.create(&body)
}

fn error(session: &Value) -> (&str, &str, &str) {
    let error = &session["3ds"]["error_details"];
    (text(session, "status"), text(error, "error_code"), text(error, "error_detail"))
}

#[test]
fn each_reason_has_its_code_where_the_version_has_one() {
    let lab = lab();
    for (kind, code) in [
        ("recurring_transaction", "01"),
        ("installment_transaction", "02"),
        ("add_card", "03"),
        ("maintain_card_information", "04"),
        ("account_verification", "05"),
        ("split_or_delayed_shipment", "06"),
        ("top_up", "07"),
        ("mail_order", "08"),
        ("telephone_order", "09"),
        ("whitelist_status_check", "10"),
        ("other_payment", "11"),
    ] {
        for version in ["2.1.0", "2.2.0", "2.3.1"] {
            let plan = json!({"authentication_type": "installment", "installment": {"number_of_payments": 3}});
            let more = if kind == "installment_transaction" { plan } else { json!({}) };
            let session = alone(&lab, version, kind, "", more);
            let areq = body(&lab, &session, "AReq");
            let place = format!("{kind} {version} {areq}");
            assert_eq!(text(&areq, "deviceChannel"), "03", "{place}");
            if version == "2.1.0" && code > "05" {
                assert!(areq["threeRIInd"].is_null(), "no such code there: {place}");
                assert_eq!(error(&session), ("unavailable", "201", "threeRIInd"), "{place}");
            } else {
                assert_eq!((text(&areq, "threeRIInd"), text(&session, "status")), (code, "approved"), "{place}");
            }
            let foreign = ["browserIP", "threeDSCompInd", "notificationURL", "sdkAppID", "acceptLanguage", "sdkType"];
            assert!(foreign.iter().all(|name| areq[name].is_null()), "{place}");
        }
    }
}

#[test]
fn the_earlier_authentication_is_said_in_the_protocols_words() {
    let lab = lab();
    let said = json!({
        "threeDSReqPriorRef": "375d90ad-3873-498b-9133-380cbbc8d99d", "threeDSReqPriorAuthMethod": "02",
        "threeDSReqPriorAuthTimestamp": "202601050907",
    });
    for (version, shape) in [("2.1.0", said.clone()), ("2.2.0", said.clone()), ("2.3.1", json!([said]))] {
        let session = alone(&lab, version, "recurring_transaction", "", json!({}));
        assert_eq!(body(&lab, &session, "AReq")["threeDSRequestorPriorAuthenticationInfo"], shape, "{version}");
    }
    for (member, value, named) in [
        ("authentication_method", "by carrier pigeon", "threeDSReqPriorAuthMethod"),
        ("authentication_timestamp", "last Tuesday", "threeDSReqPriorAuthTimestamp"),
    ] {
        let mut prior = prior();
        prior[member] = value.into();
        let session = alone(&lab, "", "recurring_transaction", "", json!({"initial_transaction": prior}));
        let detail = format!("threeDSRequestorPriorAuthenticationInfo.{named}");
        assert_eq!(error(&session), ("unavailable", "203", detail.as_str()));
    }
    // A shopper who is there can have been authenticated before as well.
    arm(&lab, "[issuer]\nares = { transStatus = \"Y\" }\n");
    let data = json!({"channel_data": browser(), "initial_transaction": prior()});
    let session = lab.create(&non_hosted(CHALLENGE_CARD, data));
    assert_eq!(body(&lab, &session, "AReq")["threeDSRequestorPriorAuthenticationInfo"], said);
}

#[test]
fn what_nobody_is_there_for_is_refused() {
    let lab = lab();
    for field in ["browserIP", "threeDSCompInd", "sdkTransID", "notificationURL", "browserJavascriptEnabled"] {
        let value = if field == "browserJavascriptEnabled" { "true".to_owned() } else { "\"x\"".to_owned() };
        let more = format!("field = \"{field}\"\nvalue = {value}");
        let session = alone(&lab, "", "top_up", &fault("areq", "set_field", &more), json!({}));
        assert_eq!(error(&session), ("unavailable", "203", field));
    }
    let wish = json!({"challenge_indicator": "challenge_requested_mandate"});
    let session = alone(&lab, "", "top_up", "", wish);
    assert_eq!(error(&session), ("unavailable", "203", "threeDSRequestorChallengeInd"));
    let session = alone(&lab, "", "top_up", "", json!({"challenge_indicator": "no_challenge_requested"}));
    assert_eq!(text(&session, "status"), "approved");

    // And the other way round: a browser has no such reason.
    let reason = fault("areq", "set_field", "field = \"threeRIInd\"\nvalue = \"01\"");
    arm(&lab, &format!("[issuer]\nares = {{ transStatus = \"Y\" }}\n{reason}"));
    let session = lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
    assert_eq!(error(&session), ("unavailable", "203", "threeRIInd"));

    arm(&lab, "[issuer]\nares = { transStatus = \"C\" }\n");
    let data = json!({"channel": "merchant_initiated", "request_type": "top_up"});
    let body = non_hosted(CHALLENGE_CARD, json!({"channel_data": data, "initial_transaction": prior()}));
    let session = lab.create(&body);
    assert_eq!(error(&session), ("unavailable", "203", "transStatus"));
    assert_eq!((text(&session, "status_reason"), &session["next_actions"]), ("ares_error", &json!(["complete"])));
}

#[test]
fn a_plan_is_said_as_each_version_wants_it() {
    let lab = lab();
    let recurring = json!({
        "authentication_type": "recurring", "recurring": {"days_between_payments": 28, "expiry": "20351231"},
        "channel_data": browser(),
    });
    let instalments = json!({
        "authentication_type": "installment", "channel_data": browser(),
        "installment": {"number_of_payments": 12, "days_between_payments": 30, "expiry": "20351231"},
    });
    for version in ["2.1.0", "2.2.0", "2.3.1"] {
        for (plan, indicator, days, payments) in
            [(&recurring, "02", "28", Value::Null), (&instalments, "03", "30", json!("12"))]
        {
            arm(&lab, &format!("[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"Y\" }}\n"));
            let session = lab.create(&non_hosted(CHALLENGE_CARD, plan.clone()));
            assert_eq!(text(&session, "status"), "approved", "{session}");
            let areq = body(&lab, &session, "AReq");
            assert_eq!(text(&areq, "threeDSRequestorAuthenticationInd"), indicator);
            assert_eq!((text(&areq, "recurringExpiry"), text(&areq, "recurringFrequency")), ("20351231", days));
            assert_eq!(areq["purchaseInstalData"], payments, "{version}");
            let modern = version == "2.3.1";
            let ind = json!({"amountInd": "01", "frequencyInd": "01"});
            assert_eq!(areq["recurringInd"], if modern { ind } else { Value::Null }, "{version}");
            for (name, value) in [("recurringAmount", "6540"), ("recurringCurrency", "840"), ("recurringExponent", "2")]
            {
                assert_eq!(areq[name], if modern { json!(value) } else { Value::Null }, "{version} {name}");
            }
        }
    }
    for (version, plan, missing, code) in [
        ("2.1.0", &recurring, "recurringFrequency", "201"),
        ("2.2.0", &recurring, "recurringExpiry", "201"),
        ("2.3.1", &recurring, "recurringInd", "201"),
        ("2.2.0", &instalments, "purchaseInstalData", "201"),
    ] {
        let loses = fault("areq", "remove_field", &format!("field = \"{missing}\""));
        arm(&lab, &format!("[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"Y\" }}\n{loses}"));
        let session = lab.create(&non_hosted(CHALLENGE_CARD, plan.clone()));
        assert_eq!(error(&session), ("unavailable", code, missing), "{version}");
    }
    let one = fault("areq", "set_field", "field = \"purchaseInstalData\"\nvalue = \"1\"");
    arm(&lab, &format!("[issuer]\nares = {{ transStatus = \"Y\" }}\n{one}"));
    let session = lab.create(&non_hosted(CHALLENGE_CARD, instalments));
    assert_eq!(error(&session), ("unavailable", "203", "purchaseInstalData"), "one payment is no plan");
}

#[test]
fn a_look_at_the_trust_list_proves_nothing_and_tells_its_status() {
    let lab = lab();
    for (version, name) in [("2.2.0", "whiteListStatus"), ("2.3.1", "trustListStatus")] {
        let listed =
            "[issuer]\nares = { transStatus = \"Y\", trustListStatus = \"Y\", trustListStatusSource = \"03\" }\n";
        arm(&lab, &format!("{listed}version = \"{version}\"\n"));
        let data = json!({"channel": "merchant_initiated", "request_type": "whitelist_status_check"});
        let session =
            lab.create(&non_hosted(MASTERCARD, json!({"channel_data": data, "initial_transaction": prior()})));
        assert_eq!((text(&session, "status"), text(&session, "response_code")), ("approved", "Y"), "{session}");
        assert!(session.get("eci").is_none() && session.get("cryptogram").is_none(), "{session}");
        assert_eq!(session["exemption"]["trusted_beneficiary"], json!({"status": "Y", "source": "03"}));
        let (areq, ares) = (body(&lab, &session, "AReq"), body(&lab, &session, "ARes"));
        assert_eq!((text(&areq, "messageCategory"), &areq["purchaseAmount"]), ("02", &Value::Null));
        assert_eq!((text(&ares, name), text(&ares, &format!("{name}Source"))), ("Y", "03"));
        assert!(ares["authenticationValue"].is_null() && ares["eci"].is_null(), "{ares}");
    }
}

#[test]
fn the_scheme_says_what_a_payment_without_the_shopper_counts_as() {
    let lab = lab();
    let nothing = json!({"authentication_category": "non_payment", "amount": 0});
    for (card, kind, more, eci) in [
        (CHALLENGE_CARD, "recurring_transaction", json!({}), "05"),
        (MASTERCARD, "recurring_transaction", json!({}), "07"),
        (MASTERCARD, "top_up", json!({}), "02"),
        (MASTERCARD, "account_verification", nothing.clone(), "N2"),
        (CHALLENGE_CARD, "account_verification", nothing, "05"),
    ] {
        let mut more = more;
        merge(&mut more, json!({"source": {"type": "card", "number": card, "expiry_month": 6, "expiry_year": 2030}}));
        let session = alone(&lab, "", kind, "", more);
        assert_eq!((text(&session, "status"), text(&session, "eci")), ("approved", eci), "{card} {kind}");
    }
}

#[test]
fn a_token_says_that_it_is_one() {
    let lab = lab();
    for (version, source) in [("2.1.0", Value::Null), ("2.2.0", json!("01")), ("2.3.1", json!("01"))] {
        arm(&lab, &format!("[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"Y\" }}\n"));
        let token =
            json!({"type": "network_token", "token": "4000110000115005", "expiry_month": 6, "expiry_year": 2030});
        let session = lab.create(&non_hosted(CHALLENGE_CARD, json!({"source": token, "channel_data": browser()})));
        let areq = body(&lab, &session, "AReq");
        assert_eq!((&areq["payTokenInd"], &areq["payTokenSource"]), (&json!(true), &source), "{version}");
        assert_eq!(text(&session, "status"), "approved", "{version}");
    }
    arm(&lab, "[issuer]\nares = { transStatus = \"Y\" }\n");
    let session = lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
    assert!(body(&lab, &session, "AReq")["payTokenInd"].is_null(), "a card is none");
}

#[test]
fn a_co_badged_card_goes_where_the_shopper_wants() {
    let lab = lab();
    for (card, wish, scheme, directory) in [
        ("4970110000117007", Value::Null, "cartes_bancaires", "SANDBOX-DS-CB-0001"),
        ("4970110000117007", json!("visa"), "visa", "SANDBOX-DS-VISA-0001"),
        ("4000110000117001", json!("cartes_bancaires"), "cartes_bancaires", "SANDBOX-DS-CB-0001"),
        ("4000110000117001", json!("mastercard"), "visa", "SANDBOX-DS-VISA-0001"),
        (MASTERCARD, json!("cartes_bancaires"), "cartes_bancaires", "SANDBOX-DS-CB-0001"),
    ] {
        arm(&lab, "[issuer]\nares = { transStatus = \"Y\" }\n");
        let mut source = json!({"type": "card", "number": card, "expiry_month": 6, "expiry_year": 2030});
        if !wish.is_null() {
            source["scheme"] = wish.clone();
        }
        let session = lab.create(&non_hosted(card, json!({"source": source, "channel_data": browser()})));
        assert_eq!(
            (text(&session, "scheme"), text(&session["ds"], "reference_number")),
            (scheme, directory),
            "{card} {wish}"
        );
        assert_eq!(text(&body(&lab, &session, "ARes"), "dsReferenceNumber"), directory);
    }
}
