//! The request of `POST /sessions`: every field, its limits, and what is kept of it.
//!
//! Promises: all findings at once, in the order of the field tables, with the names of
//! the leaves; the fields of a source's variant come before the fields that all sources
//! share, as in the example of sessions-api.md 5.7. Source: sessions-api.md 3, 9.3.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::{Findings, Need, Object, Reader, Words};
use crate::model::Pan;
use crate::model::secret::luhn;

use Need::{May, Must};

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
    /// What is echoed as it came: `account_info`, `merchant_risk_info`, `recurring`,
    /// `installment`, `initial_transaction`, `optimization`.
    pub(super) echoes: Object,
    pub(super) experiences: Option<Vec<&'static str>>,
}

/// Where the card comes from.
#[derive(Debug)]
pub(super) enum Source {
    Card(Pan),
    Instrument(String),
    Token,
    NetworkToken,
}

/// Who talks to the shopper.
#[derive(Debug, Clone)]
pub(super) enum Completion {
    Hosted { success_url: String, failure_url: String, callback_url: Option<String> },
    NonHosted { callback_url: Option<String>, challenge_notification_url: Option<String> },
}

/// What `channel_data` says.
#[derive(Debug, Clone)]
pub(super) enum Channel {
    Browser(Box<Browser>),
    App,
    MerchantInitiated,
}

/// The shopper's browser. Source: sessions-api.md 3.7.
#[derive(Debug, Clone, Default)]
pub(super) struct Browser {
    pub(super) accept_header: String,
    pub(super) java_enabled: bool,
    pub(super) javascript_enabled: bool,
    pub(super) language: String,
    pub(super) color_depth: String,
    pub(super) screen_height: String,
    pub(super) screen_width: String,
    pub(super) timezone: String,
    pub(super) user_agent: String,
    pub(super) ip_address: String,
    /// `Y`, `N`, `U`; `None` is not `U` (sessions-api.md 3.7).
    pub(super) method_completion: Option<char>,
}

/// What validation must know from outside.
pub(super) struct Around<'a> {
    pub(super) now: Timestamp,
    /// Ask for members that are required by the letter only.
    pub(super) strict: bool,
    /// Fills `initial_transaction` from an earlier session; `None` if there is no such session.
    pub(super) earlier: &'a dyn Fn(&str) -> Option<Object>,
}

const SCHEMES: &Words = &[
    ("amex", &[]),
    ("cartes_bancaires", &[]),
    ("diners", &[]),
    ("discover", &[]),
    ("jcb", &[]),
    ("mastercard", &[]),
    ("upi", &[]),
    ("visa", &[]),
];
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

/// ISO 4217, active codes.
const CURRENCIES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN \
    BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP \
    GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD \
    KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR \
    NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC \
    SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XOF XPF \
    YER ZAR ZMW ZWL";

/// True for a currency code in use.
pub(super) fn is_currency(code: &str) -> bool {
    code.len() == 3 && CURRENCIES.split_whitespace().any(|known| known == code)
}

/// Reads the body of `POST /sessions`.
///
/// # Errors
/// All findings, in table order.
pub(super) fn session(body: &Object, around: &Around) -> Result<Draft, Vec<String>> {
    let mut findings = Findings::default();
    let draft = top_level(&mut Reader::new(body, &mut findings), around);
    match draft {
        Some(draft) if findings.0.is_empty() => Ok(draft),
        _ => Err(findings.0),
    }
}

/// Reads the body of `collect-data`.
///
/// # Errors
/// All findings, in table order.
pub(super) fn channel_data(body: &Object) -> Result<Channel, Vec<String>> {
    let mut findings = Findings::default();
    let channel = channel(body, &mut findings);
    channel.filter(|_| findings.0.is_empty()).ok_or(findings.0)
}

/// Reads the body of `issuer-fingerprint`: `Y`, `N` or `U`, in any case.
///
/// # Errors
/// All findings.
pub(super) fn fingerprint(body: &Object) -> Result<char, Vec<String>> {
    let mut findings = Findings::default();
    let value = method_completion(&mut Reader::new(body, &mut findings), Must);
    value.ok_or(findings.0)
}

fn top_level(reader: &mut Reader, around: &Around) -> Option<Draft> {
    let card = reader.object("source", Must).map(|object| source(object, reader.findings, around));
    let amount = amount(reader);
    let currency = reader.matching("currency", Must, is_currency);
    let need = if around.strict { Must } else { May };
    reader.matching("processing_channel_id", need, |text| identifier(text, "pc_"));
    reader.nested("marketplace", |reader| {
        reader.matching("sub_entity_id", May, |text| identifier(text, "ent_"));
    });
    let authentication_type = reader.word("authentication_type", May, AUTHENTICATION_TYPES).unwrap_or("regular");
    let category = reader.word("authentication_category", May, CATEGORIES);
    let mut echoes = Object::new();
    keep(&mut echoes, "account_info", reader.nested("account_info", account_info));
    let challenge_indicator = reader.word("challenge_indicator", May, CHALLENGE_INDICATORS).unwrap_or("no_preference");
    let billing_descriptor = reader.nested("billing_descriptor", |reader| {
        reader.matching("name", May, |text| text.chars().count() <= 40 && text.chars().all(fits_descriptor));
    });
    let reference = reader.text("reference", May, 0..=100);
    keep(&mut echoes, "merchant_risk_info", reader.nested("merchant_risk_info", merchant_risk_info));
    let prior = reader.text("prior_transaction_reference", May, 0..=36);
    let transaction_type = reader.word("transaction_type", May, TRANSACTION_TYPES).unwrap_or("goods_service");
    reader.nested("shipping_address", address);
    reader.flag("shipping_address_matches_billing");
    let completion = reader.object("completion", Must).and_then(|object| completion(object, reader.findings, around));
    let channel = reader.object("channel_data", May).map(|object| channel(object, reader.findings));
    if let Some((name, plan)) = plan(reader, authentication_type) {
        echoes.insert(name.to_owned(), plan.into());
    }
    keep(&mut echoes, "initial_transaction", initial_transaction(reader, prior, around));
    keep(&mut echoes, "optimization", reader.nested("optimization", optimization));
    let experiences = rest(reader);
    let (source, shared) = card?;
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
        billing_descriptor: billing_descriptor.and_then(|mut object| match object.remove("name") {
            Some(Value::String(name)) if !name.trim().is_empty() => Some(name),
            _ => None,
        }),
        reference,
        transaction_type,
        completion: completion?,
        channel: match channel {
            None => None,
            Some(read) => Some(read?),
        },
        echoes,
        experiences,
    })
}

/// Minor units; payments on a schedule need one above zero.
fn amount(reader: &mut Reader) -> Option<i64> {
    let kind = reader.raw("authentication_type").and_then(Value::as_str).map(str::trim);
    let scheduled = matches!(kind, Some("recurring" | "installment" | "instalment"));
    let (need, least) = if scheduled { (Must, 1) } else { (May, 0) };
    reader.integer("amount", need, least..=9_007_199_254_740_991)
}

/// The last rows of the top-level table.
fn rest(reader: &mut Reader) -> Option<Vec<&'static str>> {
    reader.nested("device_information", |reader| {
        reader.text("device_id", May, 0..=256);
        reader.text("device_session_id", May, 0..=256);
    });
    reader.nested("google_spa", |reader| {
        reader.web_address("continue_url", May);
    });
    reader.words("preferred_experiences", EXPERIENCES)
}

fn keep(echoes: &mut Object, name: &str, object: Option<Object>) {
    if let Some(object) = object {
        echoes.insert(name.to_owned(), object.into());
    }
}

/// What all sources share.
#[derive(Default)]
struct Shared {
    wish: Option<&'static str>,
    cardholder: Option<String>,
    expiry: Option<(i64, i64)>,
}

fn source(object: &Object, findings: &mut Findings, around: &Around) -> (Option<Source>, Shared) {
    let mut reader = Reader::new(object, findings);
    let mut shared = Shared::default();
    let source = match reader.raw("type").map_or(Some("card"), Value::as_str) {
        Some("card") => {
            let number = reader.matching("number", Must, is_card_number);
            expiry(&mut reader, around, &mut shared);
            number.and_then(|number| Pan::parse(&number)).map(Source::Card)
        }
        Some("id") => reader.matching("id", Must, |text| identifier(text, "src_")).map(Source::Instrument),
        Some("token") => {
            let token = reader.matching("token", Must, |text| identifier(text, "tok_"));
            reader.flag("store_for_future_use");
            token.map(|_| Source::Token)
        }
        Some("network_token") => {
            let token = reader.matching("token", Must, |text| is_digits(text, 9..=19));
            expiry(&mut reader, around, &mut shared);
            token.map(|_| Source::NetworkToken)
        }
        _ => {
            reader.findings.add("source_type_invalid".to_owned());
            None
        }
    };
    shared.wish = reader.word("scheme", May, SCHEMES);
    reader.nested("billing_address", address);
    for phone in ["home_phone", "mobile_phone", "work_phone"] {
        reader.nested(phone, |reader| {
            reader.matching("country_code", Must, |text| is_digits(text, 1..=3));
            reader.matching("number", Must, |text| is_digits(text, 1..=15));
        });
    }
    reader.matching("email", May, is_email);
    (source, shared)
}

fn expiry(reader: &mut Reader, around: &Around, shared: &mut Shared) {
    let month = reader.integer("expiry_month", Must, 1..=12);
    let year = reader.integer("expiry_year", Must, 1000..=9999);
    if let (Some(month), Some(year)) = (month, year) {
        let now = around.now.to_zoned(jiff::tz::TimeZone::UTC);
        if (year, month) < (i64::from(now.year()), i64::from(now.month())) {
            reader.findings.invalid("expiry_year");
        }
        shared.expiry = Some((month, year));
    }
    shared.cardholder = reader.text("name", May, 2..=45);
    reader.flag("stored");
    reader.flag("store_for_future_use");
}

/// 13 to 19 digits with the right check digit.
fn is_card_number(text: &str) -> bool {
    is_digits(text, 13..=19) && luhn(text.as_bytes())
}

fn is_digits(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `prefix` and 26 word characters. Source: sessions-api.md appendix A, read leniently.
fn identifier(text: &str, prefix: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.strip_prefix(prefix).is_some_and(|rest| rest.len() == 26 && rest.bytes().all(word))
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    text.chars().count() <= 254
        && !text.contains(char::is_whitespace)
        && parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
}

fn fits_descriptor(letter: char) -> bool {
    letter.is_alphanumeric() || " .!*-=_@".contains(letter)
}

/// Source: sessions-api.md 3.6.
fn address(reader: &mut Reader) {
    for name in ["address_line1", "address_line2", "address_line3", "city"] {
        reader.text(name, May, 0..=50);
    }
    reader.text("state", May, 0..=3);
    reader.text("zip", May, 0..=16);
    reader.matching("country", May, |text| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()));
}

fn completion(object: &Object, findings: &mut Findings, around: &Around) -> Option<Completion> {
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

fn channel(object: &Object, findings: &mut Findings) -> Option<Channel> {
    let mut reader = Reader::new(object, findings);
    let known = &[("browser", [].as_slice()), ("app", &[]), ("merchant_initiated", &[])];
    let given = reader.raw("channel").is_some();
    match reader.word("channel", May, known) {
        Some("app") => Some(Channel::App),
        Some("merchant_initiated") => Some(Channel::MerchantInitiated),
        Some(_) => browser(&mut reader),
        None if given => None,
        None => browser(&mut reader),
    }
}

fn browser(reader: &mut Reader) -> Option<Channel> {
    let accept_header = reader.text("accept_header", Must, 1..=2048);
    let java_enabled = reader.flag("java_enabled").unwrap_or(false);
    let javascript_enabled = reader.flag("javascript_enabled").unwrap_or(true);
    let language = reader.text("language", Must, 1..=12);
    let color_depth = reader.text_or_number("color_depth", Must, 1..=2);
    let screen_height = reader.text_or_number("screen_height", Must, 1..=6);
    let screen_width = reader.text_or_number("screen_width", Must, 1..=6);
    let timezone = reader.text_or_number("timezone", Must, 1..=5);
    let user_agent = reader.text("user_agent", Must, 1..=2048);
    let ip_address = reader.text("ip_address", Must, 1..=45);
    let method_completion = method_completion(reader, May);
    reader.flag("iframe_payment_allowed");
    reader.text("user_agent_client_hint", May, 0..=2048);
    Some(Channel::Browser(Box::new(Browser {
        accept_header: accept_header?,
        java_enabled,
        javascript_enabled,
        language: language?,
        color_depth: color_depth?,
        screen_height: screen_height?,
        screen_width: screen_width?,
        timezone: timezone?,
        user_agent: user_agent?,
        ip_address: ip_address?,
        method_completion,
    })))
}

fn method_completion(reader: &mut Reader, need: Need) -> Option<char> {
    let values = &[("Y", ["y"].as_slice()), ("N", &["n"]), ("U", &["u"])];
    reader.word("three_ds_method_completion", need, values).and_then(|word| word.chars().next())
}

/// `recurring` or `installment`, with defaults filled in; each is read for its own type only.
fn plan(reader: &mut Reader, authentication_type: &str) -> Option<(&'static str, Object)> {
    let (name, object) = match authentication_type {
        "recurring" => ("recurring", reader.object("recurring", May)),
        "installment" if reader.raw("installment").is_some() => ("installment", reader.object("installment", May)),
        "installment" => ("installment", reader.object("instalment", May)),
        _ => return None,
    };
    let empty = Object::new();
    let mut reader = Reader::new(object.unwrap_or(&empty), reader.findings);
    if name == "installment" {
        reader.integer("number_of_payments", Must, 2..=999);
    }
    reader.integer("days_between_payments", May, 1..=i64::from(i32::MAX));
    reader.matching("expiry", May, |text| is_digits(text, 8..=8));
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
        reader.text("authentication_method", May, 0..=64);
        reader.text("authentication_timestamp", May, 0..=64);
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
    reader.text("framework", May, 0..=50);
    reader.flag("optimized");
    if reader.raw("optimized_properties").is_some_and(|value| !value.is_array()) {
        reader.findings.invalid("optimized_properties");
    }
    // The sandbox optimises nothing (sessions-api.md 4.3).
    reader.clean.insert("optimized".to_owned(), false.into());
    reader.clean.insert("optimized_properties".to_owned(), json!([]));
}

/// Source: sessions-api.md 3.3.
fn account_info(reader: &mut Reader) {
    const AGES: &Words = &[
        ("this_transaction", &[]),
        ("less_than_thirty_days", &[]),
        ("thirty_to_sixty_days", &[]),
        ("more_than_sixty_days", &[]),
    ];
    reader.integer("purchase_count", May, 0..=9999);
    reader.word("account_age", May, &with("no_account", "created_during_transaction", &AGES[1..]));
    reader.integer("add_card_attempts", May, 0..=999);
    reader.word("shipping_address_age", May, AGES);
    reader.flag("account_name_matches_shipping_name");
    reader.flag("suspicious_account_activity");
    reader.integer("transactions_today", May, 0..=999);
    reader.word("authentication_method", May, AUTHENTICATION_METHODS);
    reader.word("cardholder_account_age_indicator", May, &with("no_account", "this_transaction", &AGES[1..]));
    reader.moment("account_change");
    reader.word("account_change_indicator", May, AGES);
    reader.moment("account_date");
    reader.moment("account_password_change");
    reader.word("account_password_change_indicator", May, &with("no_change", "this_transaction", &AGES[1..]));
    reader.integer("transactions_per_year", May, 0..=999);
    reader.moment("payment_account_age");
    reader.moment("shipping_address_usage");
    reader.word("account_type", May, &[("not_applicable", &[]), ("credit", &[]), ("debit", &[])]);
    reader.text("account_id", May, 0..=64);
    reader.nested("three_ds_requestor_authentication_info", |reader| {
        reader.word("three_ds_req_auth_method", May, REQUESTOR_METHODS);
        reader.moment("three_ds_req_auth_timestamp");
        reader.text("three_ds_req_auth_data", May, 0..=20_000);
    });
}

/// Two words in front of a list of others.
fn with(first: &'static str, second: &'static str, others: &Words) -> Vec<(&'static str, &'static [&'static str])> {
    [(first, [].as_slice()), (second, &[])].into_iter().chain(others.iter().copied()).collect()
}

const AUTHENTICATION_METHODS: &Words = &[
    ("no_authentication", &[]),
    ("own_credentials", &[]),
    ("federated_id", &[]),
    ("issuer_credentials", &[]),
    ("third_party_authentication", &[]),
    ("fido", &[]),
];
const REQUESTOR_METHODS: &Words = &[
    ("no_threeds_requestor_authentication_occurred", &[]),
    ("three3ds_requestor_own_credentials", &[]), // so spelt by the API
    ("federated_id", &[]),
    ("issuer_credentials", &[]),
    ("third_party_authentication", &[]),
    ("fido_authenticator", &[]),
    ("fido_authenticator_fido_assurance_data_signed", &[]),
    ("src_assurance_data", &[]),
];
const SHIPPING: &Words = &[
    ("billing_address", &[]),
    ("another_address_on_file", &[]),
    ("not_on_file", &[]),
    ("store_pick_up", &[]),
    ("digital_goods", &[]),
    ("travel_and_event_no_shipping", &[]),
    ("other", &[]),
    ("visa", &[]), // the only constant of two SDKs
];

/// Source: sessions-api.md 3.5.
fn merchant_risk_info(reader: &mut Reader) {
    reader.text("delivery_email", May, 0..=254);
    let times =
        &[("electronic_delivery", [].as_slice()), ("same_day", &[]), ("overnight", &[]), ("two_day_or_more", &[])];
    reader.word("delivery_timeframe", May, times);
    reader.flag("is_preorder");
    reader.flag("is_reorder");
    reader.word("shipping_indicator", May, SHIPPING);
    reader.word("reorder_items_indicator", May, &[("first_time_ordered", &[]), ("reordered", &[])]);
    let availability = &[("merchandise_available", [].as_slice()), ("future_availability", &[])];
    reader.word("pre_order_purchase_indicator", May, availability);
    reader.moment("pre_order_date");
    reader.text("gift_card_amount", May, 0..=15);
    reader.text("gift_card_currency", May, 3..=3);
    reader.text("gift_card_count", May, 0..=2);
}
