//! The payment stub: shows that an authenticated session can be spent once.
//!
//! Two ways. `authentication_id` names an approved session with the same amount and
//! currency. Explicit values are looked up by cryptogram, then by `xid`: values of a
//! session of ours must all be that session's, amount and currency too, and are spent with
//! it; values of nobody are judged by [`super::proof`], as another provider would. Payments
//! proper are out of scope. A payment without 3-D Secure is authorised, unless its bank wants the
//! shopper authenticated first: then it is declined softly. Source: sessions-api.md 8.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use serde_json::{Value, json};

use super::Shared;
use super::answer::{Answer, Call, Fault, answer_json};
use super::cards::Scheme;
use super::fields::{Findings, Need, Object, Reader};
use super::given::{Given, Members};
use super::scheme::is_currency;
use super::session::Session;
use super::state::State as Store;
use super::token::grant;
use super::validate::is_card_number;
use super::{programmable, proof, render};
use crate::model::Pan;

use Need::{May, Must};

/// A payment that was authorised.
pub(super) struct Payment(Value);

/// What of 3-D Secure came with a payment.
enum Proof {
    None,
    Session(String),
    Values(Object),
}

/// `POST /payments`.
pub(super) async fn pay(State(app): State<Arc<Shared>>, call: Call) -> Answer {
    grant(&app, &call)?.may_pay()?;
    let body = call.object()?;
    let Asked { amount, currency, reference, card, proof } = read(&body).map_err(Fault::invalid)?;
    let now = app.clock.passed();
    let mut store = app.lock();
    if matches!(proof, Proof::None) && needs_authentication(&store, card.as_ref(), amount) {
        let refused = refusal(&app, &call, amount, &currency, reference.as_deref());
        return Ok(answer_json(201, &refused));
    }
    let (session, three_ds) = match proof {
        Proof::None => (None, None),
        Proof::Values(values) => {
            let owner = store.sessions.newest_first().find(|session| proof::is_of(session, &values));
            let codes = match owner {
                Some(session) => misfits(&store, session, &values, (amount, &currency), now),
                None => proof::implausible(&values, card.as_ref().and_then(|pan| Scheme::of(pan.expose()))),
            };
            if !codes.is_empty() {
                return Err(Fault::invalid(codes));
            }
            (owner.map(|session| session.id.clone()), Some(Value::Object(values)))
        }
        Proof::Session(id) => {
            let values = spend(&store, &id, amount, &currency, now);
            let values = values.ok_or_else(|| Fault::invalid(vec!["authentication_id_invalid".to_owned()]))?;
            (Some(id), Some(values))
        }
    };
    let id = app.random.id("pay_");
    let mut shown = json!({
        "id": id, "action_id": app.random.id("act_"), "amount": amount, "currency": currency,
        "approved": true, "status": "Authorized", "response_code": "10000", "response_summary": "Approved",
        "processed_on": super::fields::shown(app.clock.now()),
        "_links": {"self": {"href": format!("{}/payments/{id}", call.base)}},
    });
    if let Some(reference) = reference {
        shown["reference"] = reference.into();
    }
    if let Some(three_ds) = three_ds {
        shown["3ds"] = three_ds;
    }
    if let Some(session) = session {
        store.spent.insert(session, id.clone());
    }
    store.payments.insert(id, Payment(shown.clone()));
    Ok(answer_json(201, &shown))
}

/// The programmable number whose bank declines what was not authenticated. Source: emv-3ds.md 6.3, S111.
const SOFT_DECLINE: u16 = 111;
/// `response_code` of a payment that is to be authenticated and sent again.
const AUTHENTICATE: (&str, &str) = ("20154", "Soft decline: cardholder authentication required");

/// True if the bank wants the shopper authenticated first: a card of S111; where the bank's own
/// rules are in force, any.
fn needs_authentication(store: &Store, card: Option<&Pan>, amount: i64) -> bool {
    let Some(card) = card else { return false };
    let own = programmable::scenario(card.expose()) == Some(SOFT_DECLINE);
    amount > 0 && (own || store.settings.exemptions.everywhere)
}

/// An authorisation that the bank declined for want of authentication: it is no payment.
fn refusal(app: &Shared, call: &Call, amount: i64, currency: &str, reference: Option<&str>) -> Value {
    let id = app.random.id("pay_");
    let (code, summary) = AUTHENTICATE;
    let mut shown = json!({
        "id": id, "action_id": app.random.id("act_"), "amount": amount, "currency": currency,
        "approved": false, "status": "Declined", "response_code": code, "response_summary": summary,
        "processed_on": super::fields::shown(app.clock.now()),
        "_links": {"self": {"href": format!("{}/payments/{id}", call.base)}},
    });
    if let Some(reference) = reference {
        shown["reference"] = reference.into();
    }
    shown
}

/// The values of an approved session with the same amount and currency, not spent before.
fn spend(store: &Store, id: &str, amount: i64, currency: &str, now: Duration) -> Option<Value> {
    let session = store.sessions.get(id)?;
    let verdict = session.verdict.as_ref()?;
    let same = session.draft.amount.unwrap_or(0) == amount && session.draft.currency == currency;
    if !session.status.succeeded() || !same || spent(store, session) {
        return None;
    }
    let mut values = json!({"version": session.version, "authentication_id": session.id});
    let known = [("eci", verdict.eci), ("cryptogram", session.cryptogram_at(now)), ("xid", render::xid(session))];
    for (name, value) in known {
        if let Some(value) = value {
            values[name] = value.into();
        }
    }
    Some(values)
}

/// What of explicit values is not the session's, whose they otherwise are.
fn misfits(
    store: &Store,
    session: &Session,
    values: &Object,
    (amount, currency): (i64, &str),
    now: Duration,
) -> Vec<String> {
    let mut findings = Findings::default();
    let verdict = session.verdict.as_ref();
    for (name, own) in [
        ("eci", verdict.and_then(|verdict| verdict.eci)),
        ("cryptogram", session.cryptogram_at(now)),
        ("xid", render::xid(session)),
        ("version", Some(session.version)),
    ] {
        if values.get(name).is_some_and(|given| given.as_str() != own) {
            findings.invalid(name);
        }
    }
    if session.draft.amount.unwrap_or(0) != amount {
        findings.invalid("amount");
    }
    if session.draft.currency != currency {
        findings.invalid("currency");
    }
    if findings.0.is_empty() && spent(store, session) {
        findings.invalid("cryptogram"); // once only
    }
    findings.0
}

/// A payment request that was found good.
struct Asked {
    amount: i64,
    currency: String,
    reference: Option<String>,
    /// The card, where the request names it.
    card: Option<Pan>,
    proof: Proof,
}

/// All findings at once, in the order of the example.
fn read(body: &Members) -> Result<Asked, Vec<String>> {
    let mut findings = Findings::default();
    let mut reader = Reader::new(body, &mut findings);
    let card = reader.object("source", Must).and_then(|source| card(source, reader.findings));
    let amount = reader.integer("amount", Must, 0..=9_007_199_254_740_991);
    let currency = reader.matching("currency", Must, is_currency);
    let reference = reader.text("reference", May, 0..=100);
    let proof = match reader.object("3ds", May) {
        None => Proof::None,
        Some(object) => three_ds(object, reader.findings),
    };
    match (amount, currency) {
        (Some(amount), Some(currency)) if findings.0.is_empty() => {
            Ok(Asked { amount, currency, reference, card, proof })
        }
        _ => Err(findings.0),
    }
}

fn card(source: &Members, findings: &mut Findings) -> Option<Pan> {
    let mut reader = Reader::new(source, findings);
    match reader.raw("type").map_or(Some("card"), Given::as_str) {
        Some("card") => {
            let number = reader.matching("number", Must, is_card_number);
            reader.integer("expiry_month", Must, 1..=12);
            reader.integer("expiry_year", Must, 1000..=9999);
            return number.and_then(|number| Pan::parse(&number));
        }
        Some("id") => drop(reader.text("id", Must, 1..=100)),
        Some("token") => drop(reader.text("token", Must, 1..=100)),
        _ => reader.findings.add("source_type_invalid".to_owned()),
    }
    None
}

/// Either a session or explicit values, checked for their length.
fn three_ds(object: &Members, findings: &mut Findings) -> Proof {
    let mut reader = Reader::echoing(object, findings);
    let enabled = reader.flag("enabled").unwrap_or(false);
    if let Some(id) = reader.text("authentication_id", May, 30..=30) {
        return Proof::Session(id);
    }
    reader.text("eci", May, 1..=2);
    reader.text("cryptogram", May, 1..=50);
    reader.text("xid", May, 1..=100);
    reader.matching("version", May, |text| {
        text.len() <= 10 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    });
    let mut values = reader.clean;
    values.remove("enabled");
    if !enabled || values.is_empty() {
        return Proof::None;
    }
    values.entry("version").or_insert("1.0.0".into()); // the documented default
    Proof::Values(values)
}

/// `GET /payments/{id}`: a payment, or the payment of a session.
pub(super) async fn read_payment(State(app): State<Arc<Shared>>, call: Call) -> Answer {
    grant(&app, &call)?.may_pay()?;
    let id = call.segment(2);
    let store = app.lock();
    let id = store.spent.get(id).map_or(id, String::as_str);
    let payment = store.payments.get(id).ok_or_else(|| Fault::not_found("payment_not_found"))?;
    Ok(answer_json(200, &payment.0))
}

/// True if a session has been spent on a payment.
pub(super) fn spent(store: &Store, session: &Session) -> bool {
    store.spent.get(&session.id).is_some()
}
