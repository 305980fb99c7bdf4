//! Spending an authenticated session. Source: sessions-api.md 8.

use serde_json::{Value, json};

use crate::lab::*;

fn payment(more: Value) -> Value {
    let mut body = json!({
        "source": {"type": "card", "number": FRICTIONLESS_CARD, "expiry_month": 11, "expiry_year": 2031},
        "amount": 6540, "currency": "USD", "reference": "INV-1",
    });
    merge(&mut body, more);
    body
}

#[test]
fn an_approved_session_is_spent_once() {
    let lab = Lab::new();
    let session = lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": browser()})));
    let with = |more: Value| {
        payment({
            let mut all = json!({"3ds": {"enabled": true, "authentication_id": session["id"]}});
            merge(&mut all, more);
            all
        })
    };
    for wrong in [json!({"amount": 6541}), json!({"currency": "EUR"})] {
        let refused = lab.call("POST", "/payments", &with(wrong));
        assert_eq!((refused.status, refused.codes()), (422, vec!["authentication_id_invalid".to_owned()]));
    }
    let paid = lab.call("POST", "/payments", &with(Value::Null));
    assert_eq!(paid.status, 201, "{paid:?}");
    let paid = paid.json();
    assert_eq!((text(&paid, "status"), &paid["approved"]), ("Authorized", &json!(true)));
    assert_eq!(
        paid["3ds"],
        json!({
            "version": "2.2.0", "authentication_id": session["id"], "eci": "05",
            "cryptogram": session["cryptogram"], "xid": session["transaction_id"],
        })
    );
    assert_eq!(lab.call("POST", "/payments", &with(Value::Null)).codes(), ["authentication_id_invalid"]);
    for id in [text(&paid, "id"), text(&session, "id")] {
        assert_eq!(lab.call("GET", &format!("/payments/{id}"), &Value::Null).json(), paid);
    }
    assert_eq!(lab.call("GET", "/payments/pay_x", &Value::Null).codes(), ["payment_not_found"]);
    assert!(!paid.to_string().contains(FRICTIONLESS_CARD));
}

#[test]
fn sessions_that_were_not_approved_cannot_be_spent() {
    let lab = Lab::new();
    for pan in [CHALLENGE_CARD, "4539628347117863", "4024007186645015"] {
        let session = lab.create(&non_hosted(pan, json!({"channel_data": browser()})));
        let body = payment(json!({"3ds": {"enabled": true, "authentication_id": session["id"]}}));
        assert_eq!(lab.call("POST", "/payments", &body).codes(), ["authentication_id_invalid"], "{pan}");
    }
}

#[test]
fn explicit_values_of_a_session_must_all_be_its_own() {
    let lab = Lab::new();
    let session = lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": browser()})));
    let pay = |three_ds: Value, more: Value| {
        let mut values = json!({
            "enabled": true, "eci": session["eci"], "cryptogram": session["cryptogram"], "xid": session["xid"],
            "version": session["protocol_version"],
        });
        merge(&mut values, three_ds);
        let mut body = payment(json!({"3ds": values}));
        merge(&mut body, more);
        lab.call("POST", "/payments", &body)
    };
    let other = "BwAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for (three_ds, more, code) in [
        (json!({"eci": "06"}), Value::Null, "eci_invalid"),
        (json!({"cryptogram": other}), Value::Null, "cryptogram_invalid"),
        (json!({"xid": "c52dd994-63ba-450a-bc48-e7a4957dabc6"}), Value::Null, "xid_invalid"),
        (json!({"version": "2.1.0"}), Value::Null, "version_invalid"),
        (Value::Null, json!({"amount": 1}), "amount_invalid"),
        (Value::Null, json!({"currency": "GBP"}), "currency_invalid"),
    ] {
        let refused = pay(three_ds, more);
        assert_eq!((refused.status, refused.codes()), (422, vec![code.to_owned()]));
    }
    let paid = pay(Value::Null, Value::Null);
    assert_eq!(paid.status, 201, "{paid:?}");
    assert_eq!(lab.call("GET", &format!("/payments/{}", text(&session, "id")), &Value::Null).json(), paid.json());
    assert_eq!(pay(Value::Null, Value::Null).codes(), ["cryptogram_invalid"]);
    let body = payment(json!({"3ds": {"enabled": true, "authentication_id": session["id"]}}));
    assert_eq!(lab.call("POST", "/payments", &body).codes(), ["authentication_id_invalid"]);
}

/// What another provider would say of values it has never seen.
#[test]
fn explicit_values_of_nobody_must_be_plausible() {
    let lab = Lab::new();
    let uuid = "c52dd994-63ba-450a-bc48-e7a4957dabc6";
    let twenty = "B1NCWC1URVNUAAAAAAAAAAAAAAA=";
    let (k, j) = ("kFNCWC1URVNUAAAAAAAAAAAAAAA=", "jFNCWC1URVNUAAAAAAAAAAAAAAA=");
    const MASTERCARD: &str = "5588686116426417";
    const AMEX: &str = "345678901234564";
    let table: [(&str, Value, &[&str]); 15] = [
        (FRICTIONLESS_CARD, json!({"eci": "05", "cryptogram": twenty, "version": "2.2.0"}), &[]),
        (FRICTIONLESS_CARD, json!({"eci": "07", "version": "2.2.0"}), &[]),
        (FRICTIONLESS_CARD, json!({"eci": "02", "cryptogram": twenty, "version": "2.2.0"}), &["eci_invalid"]),
        (FRICTIONLESS_CARD, json!({"eci": "06", "version": "2.2.0"}), &["cryptogram_required"]),
        (FRICTIONLESS_CARD, json!({"cryptogram": twenty, "version": "2.2.0"}), &["eci_required"]),
        (FRICTIONLESS_CARD, json!({"eci": "05", "cryptogram": "AAAA", "version": "2.2.0"}), &["cryptogram_invalid"]),
        (FRICTIONLESS_CARD, json!({"eci": "05", "cryptogram": twenty}), &["xid_required"]),
        (FRICTIONLESS_CARD, json!({"eci": "05", "cryptogram": twenty, "xid": uuid}), &["xid_invalid"]),
        (FRICTIONLESS_CARD, json!({"eci": "05", "cryptogram": twenty, "xid": twenty}), &[]),
        (FRICTIONLESS_CARD, json!({"eci": "05", "cryptogram": twenty, "version": "2.9"}), &["version_invalid"]),
        (MASTERCARD, json!({"eci": "02", "cryptogram": k, "version": "2.2.0"}), &["xid_required"]),
        (MASTERCARD, json!({"eci": "02", "cryptogram": k, "xid": uuid, "version": "2.2.0"}), &[]),
        (MASTERCARD, json!({"eci": "02", "cryptogram": j, "xid": uuid, "version": "2.2.0"}), &["cryptogram_invalid"]),
        (MASTERCARD, json!({"eci": "02", "cryptogram": j, "xid": twenty, "version": "1.0.2"}), &[]),
        (AMEX, json!({"eci": "05", "cryptogram": twenty, "version": "2.1.0"}), &["xid_required"]),
    ];
    for (pan, values, expected) in table {
        let mut three_ds = json!({"enabled": true});
        merge(&mut three_ds, values.clone());
        let source = json!({"type": "card", "number": pan, "expiry_month": 11, "expiry_year": 2031});
        let answer = lab.call("POST", "/payments", &payment(json!({"source": source, "3ds": three_ds})));
        let codes = if answer.status == 201 { Vec::new() } else { answer.codes() };
        assert_eq!(codes, expected, "{pan} {values}");
    }
    let long =
        json!({"enabled": true, "eci": "055", "cryptogram": "A".repeat(51), "xid": "x".repeat(101), "version": "two"});
    let refused = lab.call("POST", "/payments", &payment(json!({"3ds": long})));
    assert_eq!(refused.codes(), ["eci_invalid", "cryptogram_invalid", "xid_invalid", "version_invalid"]);
}

#[test]
fn payments_have_required_fields_and_a_scope() {
    let lab = Lab::new();
    assert_eq!(
        lab.call("POST", "/payments", &json!({})).codes(),
        ["source_required", "amount_required", "currency_required"]
    );
    assert_eq!(lab.call("POST", "/payments", &payment(Value::Null)).status, 201);
    let narrow = format!("Bearer {}", lab.token_for("sessions"));
    assert_eq!(lab.send("POST", "/payments", &narrow, "{}").codes(), ["operation_not_allowed_for_scope"]);
    for scope in ["gateway", "gateway:payment"] {
        let token = format!("Bearer {}", lab.token_for(scope));
        assert_eq!(lab.send("POST", "/payments", &token, &payment(Value::Null).to_string()).status, 201);
    }
    assert_eq!(lab.send("POST", "/payments", "", "{}").status, 401);
}

/// Source: sessions-api.md 4.1, 6.1: the cryptogram is shown for a time, wherever it is shown.
#[test]
fn the_cryptogram_is_gone_everywhere_when_its_time_is_over() {
    let lab = Lab::new();
    lab.control("PUT", "/settings", &json!({"cryptogram_seconds": 60}));
    let merchant = Merchant::answering(&[200, 200]);
    let make = || {
        let completion = json!({"type": "non_hosted", "callback_url": merchant.url});
        lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": browser(), "completion": completion})))
    };
    let called = |session: &Value| {
        let path = format!("/sessions/{}/complete", text(session, "id"));
        assert_eq!(lab.call("POST", &path, &Value::Null).status, 204);
        merchant.next().1["cryptogram"].clone()
    };
    let pay = |three_ds: Value| lab.call("POST", "/payments", &payment(json!({"3ds": three_ds})));
    let values = |session: &Value| {
        json!({
            "enabled": true, "eci": "05", "cryptogram": session["cryptogram"], "xid": session["xid"],
            "version": "2.2.0",
        })
    };
    let first = make();
    lab.clock.advance(std::time::Duration::from_secs(59));
    assert_eq!(called(&first), first["cryptogram"]);
    let paid = pay(json!({"enabled": true, "authentication_id": first["id"]}));
    assert_eq!(paid.json()["3ds"]["cryptogram"], first["cryptogram"]);

    let (second, third) = (make(), make());
    lab.clock.advance(std::time::Duration::from_secs(60));
    assert!(lab.get(text(&second, "id"))["cryptogram"].is_null());
    assert_eq!(called(&second), Value::Null);
    let paid = pay(json!({"enabled": true, "authentication_id": second["id"]}));
    assert_eq!((paid.status, &paid.json()["3ds"]["cryptogram"]), (201, &Value::Null));
    let refused = pay(values(&third));
    assert_eq!((refused.status, refused.codes()), (422, vec!["cryptogram_invalid".to_owned()]));
}
