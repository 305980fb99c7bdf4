//! The request of `POST /sessions`: every field, its limits, and what is kept of it.
//!
//! Promises: all findings at once, in the order of the field tables, with the names of
//! the leaves; the fields of a source's variant come before the fields that all sources
//! share, as in the example of sessions-api.md 5.7. Source: sessions-api.md 3, 9.3.

mod channel;
mod person;
mod source;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::fields::{Findings, Need, Object, Reader, Words};
use super::given::{Given, Members};
use super::scheme::is_currency;

pub(super) use channel::{App, Browser, Channel, channel_data, fingerprint};
pub(super) use source::{SCHEMES, Source, is_card_number};

use Need::{May, Must};
use channel::Read;

/// A session request that was found good.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) source: Source,
    /// The cardholder's choice of scheme.
    pub(super) wish: Option<&'static str>,
    pub(super) cardholder: Option<String>,
    pub(super) expiry: Option<(i64, i64)>,
    /// Minor units; `None` if it was left out.
    pub(super) amount: Option<i64>,
    pub(super) currency: String,
    pub(super) authentication_type: &'static str,
    pub(super) category: &'static str,
    pub(super) challenge_indicator: &'static str,
    pub(super) billing_descriptor: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) transaction_type: &'static str,
    pub(super) completion: Completion,
    pub(super) channel: Option<Channel>,
    /// The shopper uses an app that has not said anything yet.
    pub(super) app_to_come: bool,
    /// What is echoed, ready to be written: `account_info`, `merchant_risk_info`, `recurring`,
    /// `installment`, `initial_transaction`, `optimization`.
    pub(super) echoes: Vec<(&'static str, Box<RawValue>)>,
    /// An earlier authentication is named: a merchant may act alone.
    pub(super) linked: bool,
    pub(super) experiences: Option<Vec<&'static str>>,
}

/// Who talks to the shopper.
#[derive(Debug)]
pub(super) enum Completion {
    Hosted { success_url: String, failure_url: String, callback_url: Option<String> },
    NonHosted { callback_url: Option<String>, challenge_notification_url: Option<String> },
}

/// What validation must know from outside.
pub(super) struct Around<'a> {
    pub(super) now: Timestamp,
    /// Ask for members that are required by the letter only.
    pub(super) strict: bool,
    /// Fills `initial_transaction` from an earlier session; `None` if there is no such session.
    pub(super) earlier: &'a dyn Fn(&str) -> Option<Object>,
}

const AUTHENTICATION_TYPES: &Words = &[
    ("regular", &[]),
    ("recurring", &[]),
    ("installment", &["instalment"]),
    ("maintain_card", &[]),
    ("add_card", &[]),
];
const CATEGORIES: &Words = &[("payment", &[]), ("non_payment", &["nonPayment"])];
const CHALLENGE_INDICATORS: &Words = &[
    ("no_preference", &[]),
    ("no_challenge_requested", &[]),
    ("challenge_requested", &[]),
    ("challenge_requested_mandate", &[]),
    ("low_value", &[]),
    ("trusted_listing", &[]),
    ("trusted_listing_prompt", &[]),
    ("transaction_risk_assessment", &[]),
    ("secure_corporate_payment", &[]),
    ("data_share", &[]),
];
const TRANSACTION_TYPES: &Words = &[
    ("goods_service", &[]),
    ("check_acceptance", &[]),
    ("account_funding", &[]),
    ("quasi_card_transaction", &["quashi_card_transaction"]),
    ("prepaid_activation_and_load", &[]),
];
const EXPERIENCES: &Words = &[("3ds", &[]), ("google_spa", &[])];

/// Reads the body of `POST /sessions`.
///
/// # Errors
/// All findings, in table order.
pub(super) fn session(body: &Members, around: &Around) -> Result<Draft, Vec<String>> {
    let mut findings = Findings::default();
    let draft = top_level(&mut Reader::new(body, &mut findings), around);
    match draft {
        Some(draft) if findings.0.is_empty() => Ok(draft),
        _ => Err(findings.0),
    }
}

fn top_level(reader: &mut Reader, around: &Around) -> Option<Draft> {
    let card = reader.object("source", Must).map(|object| source::source(object, reader.findings, around));
    let amount = amount(reader);
    let currency = reader.matching("currency", Must, is_currency);
    let need = if around.strict { Must } else { May };
    reader.matching("processing_channel_id", need, |text| identifier(text, "pc_"));
    reader.check("marketplace", |reader| {
        reader.matching("sub_entity_id", May, |text| identifier(text, "ent_"));
    });
    let authentication_type = reader.word("authentication_type", May, AUTHENTICATION_TYPES).unwrap_or("regular");
    let category = reader.word("authentication_category", May, CATEGORIES);
    let mut echoes = Vec::new();
    keep(&mut echoes, "account_info", reader.nested("account_info", person::account_info));
    let challenge_indicator = reader.word("challenge_indicator", May, CHALLENGE_INDICATORS).unwrap_or("no_preference");
    let billing_descriptor = descriptor(reader);
    let reference = reader.text("reference", May, 0..=100);
    keep(&mut echoes, "merchant_risk_info", reader.nested("merchant_risk_info", person::merchant_risk_info));
    let prior = reader.text("prior_transaction_reference", May, 0..=36);
    let transaction_type = reader.word("transaction_type", May, TRANSACTION_TYPES).unwrap_or("goods_service");
    reader.check("shipping_address", person::address);
    reader.flag("shipping_address_matches_billing");
    let completion = reader.object("completion", Must).and_then(|object| completion(object, reader.findings, around));
    let data = reader.object("channel_data", May);
    let channel = data.map(|object| channel::channel(object, reader.findings, around.strict));
    if let Some((name, plan)) = plan(reader, authentication_type) {
        keep(&mut echoes, name, Some(plan));
    }
    let initial = initial_transaction(reader, prior, around);
    // Naming a session that has no past yet is naming none.
    let linked = initial.as_ref().is_some_and(|object| object.keys().any(|name| name != "initial_session_id"));
    keep(&mut echoes, "initial_transaction", initial);
    keep(&mut echoes, "optimization", reader.nested("optimization", optimization));
    let experiences = rest(reader);
    let (source, shared) = card?;
    let (channel, app_to_come) = match channel {
        None => (None, false),
        Some(None) => return None,
        Some(Some(Read::AppToCome)) => (None, true),
        Some(Some(Read::Data(channel))) => (Some(channel), false),
    };
    Some(Draft {
        source: source?,
        wish: shared.wish,
        cardholder: shared.cardholder,
        expiry: shared.expiry,
        amount,
        currency: currency?,
        authentication_type,
        // Without an amount nothing can be paid (sessions-api.md 3.1).
        category: if amount.is_none() { "non_payment" } else { category.unwrap_or("payment") },
        challenge_indicator,
        billing_descriptor,
        reference,
        transaction_type,
        completion: completion?,
        channel,
        app_to_come,
        echoes,
        linked,
        experiences,
    })
}

/// The name that replaces the merchant's in the challenge; a blank one replaces nothing.
fn descriptor(reader: &mut Reader) -> Option<String> {
    let object = reader.object("billing_descriptor", May)?;
    let fits = |text: &str| text.chars().count() <= 40 && text.chars().all(fits_descriptor);
    let name = Reader::new(object, reader.findings).matching("name", May, fits);
    name.filter(|name| !name.trim().is_empty())
}

/// Minor units; payments on a schedule need one above zero.
fn amount(reader: &mut Reader) -> Option<i64> {
    let kind = reader.raw("authentication_type").and_then(Given::as_str).map(str::trim);
    let scheduled = matches!(kind, Some("recurring" | "installment" | "instalment"));
    let (need, least) = if scheduled { (Must, 1) } else { (May, 0) };
    reader.integer("amount", need, least..=9_007_199_254_740_991)
}

/// The last rows of the top-level table.
fn rest(reader: &mut Reader) -> Option<Vec<&'static str>> {
    reader.check("device_information", |reader| {
        reader.any_text("device_id");
        reader.any_text("device_session_id");
    });
    reader.check("google_spa", |reader| {
        reader.web_address("continue_url", May);
    });
    reader.words("preferred_experiences", May, EXPERIENCES)
}

fn keep(echoes: &mut Vec<(&'static str, Box<RawValue>)>, name: &'static str, object: Option<Object>) {
    if let Some(object) = object {
        echoes.push((name, to_raw_value(&object).expect("an object of JSON can be written")));
    }
}

fn is_digits(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `yyyyMMdd`, a day that exists.
fn is_date(text: &str) -> bool {
    is_digits(text, 8..=8) && Date::strptime("%Y%m%d", text).is_ok()
}

/// `prefix` and 26 word characters. Source: sessions-api.md appendix A, read leniently.
fn identifier(text: &str, prefix: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.strip_prefix(prefix).is_some_and(|rest| rest.len() == 26 && rest.bytes().all(word))
}

fn fits_descriptor(letter: char) -> bool {
    letter.is_alphanumeric() || " .!*-=_@".contains(letter)
}

fn completion(object: &Members, findings: &mut Findings, around: &Around) -> Option<Completion> {
    let mut reader = Reader::new(object, findings);
    let kind = reader.word("type", Must, &[("hosted", &[]), ("non_hosted", &["non-hosted"])]);
    let (page, callback) = match kind {
        Some("hosted") => (Must, May),
        Some(_) if around.strict => (May, Must),
        _ => (May, May),
    };
    // A member of the other kind is left aside (Java's no-argument object mixes them).
    let hosted = kind != Some("non_hosted");
    let success_url = if hosted { reader.web_address("success_url", page) } else { None };
    let failure_url = if hosted { reader.web_address("failure_url", page) } else { None };
    let callback_url = reader.web_address("callback_url", callback);
    let notification = if hosted { None } else { reader.web_address("challenge_notification_url", May) };
    match kind? {
        "hosted" => Some(Completion::Hosted { success_url: success_url?, failure_url: failure_url?, callback_url }),
        _ => Some(Completion::NonHosted { callback_url, challenge_notification_url: notification }),
    }
}

/// `recurring` or `installment`, with defaults filled in; each is read for its own type only.
fn plan(reader: &mut Reader, authentication_type: &str) -> Option<(&'static str, Object)> {
    let (name, object) = match authentication_type {
        "recurring" => ("recurring", reader.object("recurring", May)),
        "installment" if reader.raw("installment").is_some() => ("installment", reader.object("installment", May)),
        "installment" => ("installment", reader.object("instalment", May)),
        _ => return None,
    };
    let empty = Members::default();
    let mut reader = Reader::echoing(object.unwrap_or(&empty), reader.findings);
    if name == "installment" {
        reader.integer("number_of_payments", Must, 2..=999);
    }
    reader.integer("days_between_payments", May, 1..=i64::from(i32::MAX));
    reader.matching("expiry", May, is_date);
    let mut plan = reader.clean;
    plan.entry("days_between_payments").or_insert(json!(1));
    plan.entry("expiry").or_insert(json!("99991231"));
    Some((name, plan))
}

/// Source: sessions-api.md 3.9. An earlier session of ours fills what is missing.
fn initial_transaction(reader: &mut Reader, prior: Option<String>, around: &Around) -> Option<Object> {
    let mut earlier = None;
    let given = reader.nested("initial_transaction", |reader| {
        reader.text("acs_transaction_id", May, 0..=36);
        reader.any_text("authentication_method");
        reader.any_text("authentication_timestamp");
        reader.text("authentication_data", May, 0..=2048);
        if let Some(id) = reader.text("initial_session_id", May, 0..=30) {
            earlier = (around.earlier)(&id);
            if earlier.is_none() {
                reader.findings.invalid("initial_session_id");
            }
        }
    });
    let mut transaction = earlier.unwrap_or_default();
    transaction.extend(given.unwrap_or_default());
    if let Some(prior) = prior {
        transaction.entry("acs_transaction_id").or_insert(prior.into());
    }
    (!transaction.is_empty()).then_some(transaction)
}

fn optimization(reader: &mut Reader) {
    reader.any_text("framework");
    reader.flag("optimized");
    if reader.raw("optimized_properties").is_some_and(|value| value.as_array().is_none()) {
        reader.findings.invalid("optimized_properties");
    }
    // The sandbox optimises nothing (sessions-api.md 4.3).
    reader.clean.insert("optimized".to_owned(), false.into());
    reader.clean.insert("optimized_properties".to_owned(), json!([]));
}
