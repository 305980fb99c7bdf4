//! What a request says of a plan and of an earlier authentication: a merchant who acts alone,
//! payments that come back, instalments, and a network token in a card's place.
//!
//! Promises: no code that the version does not have; what it has no word for is left out, and
//! the receiver says so. Source: emv-3ds.md 1.5, 1.8, 3.6, 4.3, 8 (L24).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::codes::{exponent, merchant_indicator, numeric, prior_method};
use super::messages::Message;
use super::server::version;
use crate::model::scenario::Version;
use crate::sandbox::fields::Object;
use crate::sandbox::session::Session;
use crate::sandbox::validate::Channel;

/// `threeDSRequestorAuthenticationInd` of payments on a plan.
const ON_A_PLAN: [&str; 2] = ["recurring", "installment"];

/// What the API echoes under a name.
fn echo(session: &Session, name: &str) -> Option<Object> {
    let (_, echo) = session.draft.echoes.iter().find(|(known, _)| *known == name)?;
    serde_json::from_str(echo.get()).ok()
}

/// The reason of a merchant who acts alone.
pub(super) fn request_type(session: &Session) -> Option<&'static str> {
    match &session.channel {
        Some(Channel::Merchant(kind)) => Some(kind),
        _ => None,
    }
}

/// Only the trust list is looked up: nothing is paid, and nobody authenticated.
pub(in crate::sandbox) fn looks_up_trust_list(session: &Session) -> bool {
    request_type(session) == Some("whitelist_status_check")
}

/// The members of a merchant who acts alone.
pub(super) fn merchant_members(session: &Session, request_type: &str, body: &mut Message) {
    body.maybe("threeRIInd", merchant_indicator(request_type, version(session)));
}

/// The earlier authentication that the shop names: an array from 2.3.1 on.
pub(super) fn prior_members(session: &Session, body: &mut Message) {
    let Some(mut initial) = echo(session, "initial_transaction") else { return };
    let mut prior = Object::new();
    for (ours, theirs) in [
        ("acs_transaction_id", "threeDSReqPriorRef"),
        ("authentication_method", "threeDSReqPriorAuthMethod"),
        ("authentication_timestamp", "threeDSReqPriorAuthTimestamp"),
        ("authentication_data", "threeDSReqPriorAuthData"),
    ] {
        if let Some(value) = initial.remove(ours) {
            prior.insert(theirs.to_owned(), coded(theirs, value));
        }
    }
    if prior.is_empty() {
        return; // a session that has no past yet
    }
    if version(session) >= Version::V231 {
        body.put("threeDSRequestorPriorAuthenticationInfo", [prior]);
    } else {
        body.put("threeDSRequestorPriorAuthenticationInfo", prior);
    }
}

/// The API's word as the protocol's code; what is no word of the API goes on as it is.
fn coded(name: &str, value: Value) -> Value {
    let Some(text) = value.as_str() else { return value };
    match name {
        "threeDSReqPriorAuthMethod" => prior_method(text).map_or(value.clone(), Value::from),
        "threeDSReqPriorAuthTimestamp" => match text.parse::<Timestamp>() {
            Ok(moment) => moment.strftime("%Y%m%d%H%M").to_string().into(),
            Err(_) => value,
        },
        _ => value,
    }
}

/// The plan of payments that come back: of the session's own type, or of what a merchant who
/// acts alone says it is, with the API's defaults.
pub(super) fn plan_members(session: &Session, body: &mut Message) {
    let (own, alone) = (session.draft.authentication_type, request_type(session));
    let instalments = own == "installment" || alone == Some("installment_transaction");
    if !instalments && !ON_A_PLAN.contains(&own) && alone != Some("recurring_transaction") {
        return;
    }
    let plan = echo(session, "installment").or_else(|| echo(session, "recurring")).unwrap_or_default();
    let days = plan.get("days_between_payments").and_then(Value::as_i64).unwrap_or(1);
    body.put("recurringExpiry", plan.get("expiry").and_then(Value::as_str).unwrap_or("99991231"));
    body.put("recurringFrequency", days.min(MOST_DAYS).to_string());
    if let Some(payments) = plan.get("number_of_payments").and_then(Value::as_i64).filter(|_| instalments) {
        body.put("purchaseInstalData", payments.to_string());
    }
    if version(session) >= Version::V231 {
        let currency = &session.draft.currency;
        body.put("recurringAmount", session.draft.amount.unwrap_or(0).to_string());
        body.put("recurringCurrency", numeric(currency).unwrap_or(currency));
        body.put("recurringExponent", exponent(currency).to_string());
        body.put("recurringInd", json!({"amountInd": "01", "frequencyInd": "01"})); // both are fixed
    }
}

/// Days between two payments have at most four digits.
const MOST_DAYS: i64 = 9999;

/// A network token in a card's place: from 2.2.0 on also who made a card of it, the 3DS Server.
pub(super) fn token_members(session: &Session, body: &mut Message) {
    if session.network_token {
        body.put("payTokenInd", true);
        if version(session) >= Version::V220 {
            body.put("payTokenSource", "01");
        }
    }
}
