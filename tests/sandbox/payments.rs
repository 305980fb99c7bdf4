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
fn explicit_values_are_checked_for_their_shape() {
    let lab = Lab::new();
    let values = json!({"enabled": true, "eci": "05", "cryptogram": "B1NCWC1URVNUAAAAAAAAAAAAAAA=", "xid": "x", "version": "2.2.0"});
    let paid = lab.call("POST", "/payments", &payment(json!({"3ds": values}))).json();
    assert_eq!(
        paid["3ds"],
        json!({"eci": "05", "cryptogram": "B1NCWC1URVNUAAAAAAAAAAAAAAA=", "xid": "x", "version": "2.2.0"})
    );
    let wrong =
        json!({"enabled": true, "eci": "5", "cryptogram": "!".repeat(28), "xid": "x".repeat(101), "version": "two"});
    let refused = lab.call("POST", "/payments", &payment(json!({"3ds": wrong})));
    assert_eq!(refused.codes(), ["eci_invalid", "cryptogram_invalid", "xid_invalid", "version_invalid"]);
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
