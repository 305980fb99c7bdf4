//! Every request field that the forms offer, once: where it stands in the JSON, what it
//! means, what the contract allows. Form, validation and help are read from this table.
//! Source of each limit: sessions-api.md 3.

use serde_json::Value;
use url::Url;

use super::draft::Completion;
use super::secret::Pan;

/// Parts of the form, in the order shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// `source`.
    Card,
    /// The cardholder's address and contacts, `source` too.
    Cardholder,
    /// Top level.
    Purchase,
    /// `completion`.
    Completion,
    /// The body of `collect-data`.
    Browser,
}

impl Group {
    /// All groups, in the order shown.
    pub const ALL: [Self; 5] = [Self::Card, Self::Purchase, Self::Completion, Self::Cardholder, Self::Browser];

    /// The name people read, and the wire's.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Card => ("Card", "source"),
            Self::Cardholder => ("Cardholder", "source"),
            Self::Purchase => ("Purchase", ""),
            Self::Completion => ("Completion", "completion"),
            Self::Browser => ("Browser data", "collect-data"),
        }
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, with the smallest and largest number of characters.
    Text(usize, usize),
    /// Digits as text, with the smallest and largest number of them.
    Digits(usize, usize),
    /// A card number.
    CardNumber,
    /// A whole number in JSON.
    Integer(i64, i64),
    /// `true` or `false`.
    Boolean,
    /// One of these words, each with its meaning.
    OneOf(&'static [(&'static str, &'static str)]),
    /// An http or https address of at most 256 characters.
    Address,
    /// Minutes as text, may be negative.
    Offset,
}

/// When a field is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// Always.
    Always,
    /// Never.
    No,
}

/// One request field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Where it stands, as JSON pointer.
    pub pointer: &'static str,
    /// Its part of the form.
    pub group: Group,
    /// What it holds.
    pub kind: Kind,
    /// When it is required.
    pub required: Required,
    /// What it means, in one sentence.
    pub help: &'static str,
    /// It stands in the body of `collect-data`.
    pub browser: bool,
    /// Only this completion has it; both if `None`.
    pub only: Option<Completion>,
}

impl Field {
    /// The wire's name: the last part of the pointer.
    pub fn name(&self) -> &'static str {
        self.pointer.rsplit('/').next().unwrap_or(self.pointer)
    }

    /// Turns form text into what goes into the JSON; `None` for empty text. Text that does
    /// not fit the kind goes in as text: testers send wrong things on purpose.
    pub fn value(&self, text: &str) -> Option<Value> {
        if text.is_empty() {
            return None;
        }
        let number = |text: &str| text.parse::<i64>().ok().map(Value::from);
        Some(match self.kind {
            Kind::Integer(..) => number(text).unwrap_or_else(|| text.into()),
            Kind::Boolean => text.parse::<bool>().map_or_else(|_| text.into(), Value::from),
            Kind::CardNumber => text.chars().filter(|c| *c != ' ').collect::<String>().into(),
            _ => text.into(),
        })
    }

    /// What the contract would say about this value; `None` if nothing.
    pub fn check(&self, value: Option<&Value>, completion: Completion) -> Option<String> {
        if self.only.is_some_and(|only| only != completion) {
            return None;
        }
        let name = self.name();
        let value = match value {
            None | Some(Value::Null) => {
                return (self.required == Required::Always).then(|| format!("{name} is required"));
            }
            Some(value) => value,
        };
        // A template value is judged once it stands for something.
        if value.as_str().is_some_and(|text| text.contains("{{")) {
            return None;
        }
        self.check_kind(name, value)
    }

    fn check_kind(&self, name: &str, value: &Value) -> Option<String> {
        let text = value.as_str();
        match self.kind {
            Kind::Integer(low, high) => match value.as_i64() {
                Some(number) if (low..=high).contains(&number) => None,
                Some(_) => Some(format!("{name} is a whole number from {low} to {high}")),
                None => Some(format!("{name} is a whole number without quotes, from {low} to {high}")),
            },
            Kind::Boolean => (!value.is_boolean()).then(|| format!("{name} is true or false, without quotes")),
            Kind::OneOf(words) => {
                let known = text.is_some_and(|text| words.iter().any(|(word, _)| *word == text));
                (!known).then(|| format!("{name} is one of {}", list(words)))
            }
            Kind::Text(low, high) => match text {
                None => Some(format!("{name} is text, in quotes")),
                Some(text) if !(low..=high).contains(&text.chars().count()) => {
                    Some(format!("{name} has {low} to {high} characters, not {}", text.chars().count()))
                }
                Some(_) => None,
            },
            Kind::Digits(low, high) => {
                let fits = text
                    .is_some_and(|t| (low..=high).contains(&t.len()) && t.bytes().all(|byte| byte.is_ascii_digit()));
                (!fits).then(|| format!("{name} is text of {low} to {high} digits"))
            }
            Kind::CardNumber => check_card(name, text),
            Kind::Address => check_address(name, text),
            Kind::Offset => {
                let fits = text.is_some_and(|t| t.len() <= 5 && t.parse::<i32>().is_ok());
                (!fits).then(|| format!("{name} is minutes from local time to UTC as text, for example \"-60\""))
            }
        }
    }
}

fn list(words: &[(&str, &str)]) -> String {
    words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
}

fn check_card(name: &str, text: Option<&str>) -> Option<String> {
    match text.filter(|text| (13..=19).contains(&text.len())).and_then(Pan::parse) {
        None => Some(format!("{name} is text of 13 to 19 digits")),
        Some(pan) if !pan.luhn() => Some(format!("{name} has a wrong check digit")),
        Some(_) => None,
    }
}

fn check_address(name: &str, text: Option<&str>) -> Option<String> {
    let fits = text.filter(|text| text.len() <= 256).and_then(|text| Url::parse(text).ok());
    match fits.map(|url| matches!(url.scheme(), "http" | "https")) {
        Some(true) => None,
        _ => Some(format!("{name} is an http or https address of at most 256 characters")),
    }
}

/// The fields of a completion's form, in the order of [`FIELDS`].
pub fn shown(completion: Completion) -> impl Iterator<Item = &'static Field> {
    let fits = move |field: &&Field| field.only.is_none_or(|only| only == completion);
    let sent = move |field: &&Field| completion == Completion::NonHosted || !field.browser;
    FIELDS.iter().filter(fits).filter(sent)
}

const fn field(pointer: &'static str, group: Group, kind: Kind, required: Required, help: &'static str) -> Field {
    Field { pointer, group, kind, required, help, browser: false, only: None }
}

const fn browser(pointer: &'static str, kind: Kind, required: Required, help: &'static str) -> Field {
    Field { pointer, group: Group::Browser, kind, required, help, browser: true, only: None }
}

const fn only(completion: Completion, field: Field) -> Field {
    Field { only: Some(completion), ..field }
}

use Required::{Always, No};

/// The table.
pub const FIELDS: &[Field] = &[
    field("/source/number", Group::Card, Kind::CardNumber, Always, "The card number; a test card decides what happens"),
    field(
        "/source/expiry_month",
        Group::Card,
        Kind::Integer(1, 12),
        Always,
        "Month in which the card expires, 1 to 12",
    ),
    field(
        "/source/expiry_year",
        Group::Card,
        Kind::Integer(1000, 9999),
        Always,
        "Year in which the card expires, four digits",
    ),
    field("/source/name", Group::Card, Kind::Text(2, 45), No, "The cardholder's name as on the card"),
    field(
        "/source/scheme",
        Group::Card,
        Kind::OneOf(SCHEMES),
        No,
        "The scheme the cardholder chose on a co-badged card",
    ),
    field("/source/stored", Group::Card, Kind::Boolean, No, "True when stored card details are used"),
    field(
        "/amount",
        Group::Purchase,
        Kind::Integer(0, 9_007_199_254_740_991),
        No,
        "In minor units: 6540 is USD 65.40. Left out, nothing is paid",
    ),
    field("/currency", Group::Purchase, Kind::Text(3, 3), Always, "Three letters of ISO 4217"),
    field(
        "/authentication_type",
        Group::Purchase,
        Kind::OneOf(AUTHENTICATION_TYPES),
        No,
        "What the authentication is for",
    ),
    field("/authentication_category", Group::Purchase, Kind::OneOf(CATEGORIES), No, "Whether money is to move"),
    field(
        "/challenge_indicator",
        Group::Purchase,
        Kind::OneOf(CHALLENGE_INDICATORS),
        No,
        "What the shop would like; the bank decides",
    ),
    field("/transaction_type", Group::Purchase, Kind::OneOf(TRANSACTION_TYPES), No, "What is bought"),
    field("/reference", Group::Purchase, Kind::Text(1, 100), No, "The shop's own order number; no card data in it"),
    field("/billing_descriptor/name", Group::Purchase, Kind::Text(1, 40), No, "The shop's name in the bank's window"),
    field(
        "/processing_channel_id",
        Group::Purchase,
        Kind::Text(29, 29),
        No,
        "pc_ and 26 characters; required only if the token carries none",
    ),
    only(
        Completion::Hosted,
        field(
            "/completion/success_url",
            Group::Completion,
            Kind::Address,
            Always,
            "Where the browser goes after a success",
        ),
    ),
    only(
        Completion::Hosted,
        field(
            "/completion/failure_url",
            Group::Completion,
            Kind::Address,
            Always,
            "Where the browser goes after a failure",
        ),
    ),
    field(
        "/completion/callback_url",
        Group::Completion,
        Kind::Address,
        No,
        "Where the API posts the result when the session is completed",
    ),
    only(
        Completion::NonHosted,
        field(
            "/completion/challenge_notification_url",
            Group::Completion,
            Kind::Address,
            No,
            "Where the bank's page posts the CRes when the challenge is over",
        ),
    ),
    field(
        "/source/email",
        Group::Cardholder,
        Kind::Text(3, 254),
        No,
        "The cardholder's e-mail address; the bank weighs it",
    ),
    field(
        "/source/mobile_phone/country_code",
        Group::Cardholder,
        Kind::Digits(1, 3),
        No,
        "Dialling code, not the ISO country",
    ),
    field(
        "/source/mobile_phone/number",
        Group::Cardholder,
        Kind::Digits(1, 15),
        No,
        "The number without the dialling code",
    ),
    field("/source/billing_address/address_line1", Group::Cardholder, Kind::Text(1, 50), No, "Street and number"),
    field("/source/billing_address/city", Group::Cardholder, Kind::Text(1, 50), No, "City"),
    field(
        "/source/billing_address/state",
        Group::Cardholder,
        Kind::Text(1, 3),
        No,
        "Subdivision of ISO 3166-2, without the country",
    ),
    field("/source/billing_address/zip", Group::Cardholder, Kind::Text(1, 16), No, "Postal code"),
    field("/source/billing_address/country", Group::Cardholder, Kind::Text(2, 2), No, "Two letters of ISO 3166"),
    browser("/accept_header", Kind::Text(1, 2048), Always, "The browser's Accept header of a page load"),
    browser("/user_agent", Kind::Text(1, 2048), Always, "The browser's User-Agent header"),
    browser("/language", Kind::Text(1, 12), Always, "navigator.language, BCP 47"),
    browser("/ip_address", Kind::Text(1, 45), Always, "The shopper's public address"),
    browser("/java_enabled", Kind::Boolean, Always, "navigator.javaEnabled()"),
    browser("/javascript_enabled", Kind::Boolean, No, "Whether scripts run; only 2.2 asks"),
    browser("/color_depth", Kind::Digits(1, 2), Always, "screen.colorDepth in bits"),
    browser("/screen_width", Kind::Digits(1, 6), Always, "screen.width in pixels"),
    browser("/screen_height", Kind::Digits(1, 6), Always, "screen.height in pixels"),
    browser("/timezone", Kind::Offset, Always, "Minutes from local time to UTC: Berlin in winter is -60"),
];

const SCHEMES: &[(&str, &str)] = &[
    ("visa", "Visa"),
    ("mastercard", "Mastercard"),
    ("amex", "American Express"),
    ("cartes_bancaires", "Cartes Bancaires"),
    ("diners", "Diners Club"),
    ("discover", "Discover"),
    ("jcb", "JCB"),
    ("upi", "UnionPay"),
];

const AUTHENTICATION_TYPES: &[(&str, &str)] = &[
    ("regular", "one payment"),
    ("recurring", "first of a series"),
    ("installment", "one purchase, several payments"),
    ("maintain_card", "card details change"),
    ("add_card", "card is stored"),
];

const CATEGORIES: &[(&str, &str)] = &[("payment", "money moves"), ("non_payment", "only the card is checked")];

const CHALLENGE_INDICATORS: &[(&str, &str)] = &[
    ("no_preference", "the bank decides"),
    ("no_challenge_requested", "rather not"),
    ("challenge_requested", "please ask the shopper"),
    ("challenge_requested_mandate", "the shopper must be asked by law or rule"),
    ("low_value", "exemption: a small amount"),
    ("trusted_listing", "exemption: the shopper trusts this shop"),
    ("trusted_listing_prompt", "the same, and ask to list the shop"),
    ("transaction_risk_assessment", "exemption: the acquirer assessed the risk"),
    ("secure_corporate_payment", "exemption: a corporate payment"),
    ("data_share", "share data, never challenge"),
];

const TRANSACTION_TYPES: &[(&str, &str)] = &[
    ("goods_service", "goods or services"),
    ("check_acceptance", "a cheque"),
    ("account_funding", "money into an account"),
    ("quasi_card_transaction", "as good as cash"),
    ("prepaid_activation_and_load", "a prepaid card"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_kind_says_what_it_wants() {
        let by_name = |name: &str| FIELDS.iter().find(|field| field.name() == name).expect("in the table");
        let cases = [
            ("number", json!("4242424242424241"), Some("wrong check digit")),
            ("number", json!(42), Some("13 to 19 digits")),
            ("number", json!("4242424242424242"), None),
            ("expiry_month", json!(13), Some("1 to 12")),
            ("expiry_month", json!("6"), Some("without quotes")),
            ("challenge_indicator", json!("maybe"), Some("one of no_preference")),
            ("callback_url", json!("ftp://x"), Some("http or https")),
            ("callback_url", json!("{{listener}}/cb"), None),
            ("timezone", json!("UTC+1"), Some("minutes")),
            ("java_enabled", json!("true"), Some("true or false")),
        ];
        for (name, value, expected) in cases {
            let said = by_name(name).check(Some(&value), Completion::NonHosted);
            match expected {
                None => assert_eq!(said, None, "{name} {value}"),
                Some(part) => assert!(said.as_deref().is_some_and(|s| s.contains(part)), "{name} {value}: {said:?}"),
            }
        }
        assert!(by_name("currency").check(None, Completion::Hosted).is_some());
        assert!(by_name("success_url").check(None, Completion::NonHosted).is_none());
    }
}
