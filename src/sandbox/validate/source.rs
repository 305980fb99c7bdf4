//! `source`: where the card comes from, and what all sources share.
//! Source: sessions-api.md 3.2.

use super::person::address;
use super::{Around, Given, Members, Need, Reader, Words, identifier, is_digits};
use crate::model::Pan;
use crate::model::secret::luhn;
use crate::sandbox::fields::Findings;

use Need::{May, Must};

/// Where the card comes from.
#[derive(Debug)]
pub(in crate::sandbox) enum Source {
    Card(Pan),
    /// An instrument id: `src_…`.
    Instrument(String),
    /// `tok_…`.
    Token,
    /// The digits that stand for a card number.
    NetworkToken(String),
}

/// What all sources share.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) wish: Option<&'static str>,
    pub(super) cardholder: Option<String>,
    pub(super) expiry: Option<(i64, i64)>,
}

pub(in crate::sandbox) const SCHEMES: &Words = &[
    ("amex", &[]),
    ("cartes_bancaires", &[]),
    ("diners", &[]),
    ("discover", &[]),
    ("jcb", &[]),
    ("mastercard", &[]),
    ("upi", &[]),
    ("visa", &[]),
];

pub(super) fn source(object: &Members, findings: &mut Findings, around: &Around) -> (Option<Source>, Shared) {
    let mut reader = Reader::new(object, findings);
    let mut shared = Shared::default();
    let source = match reader.raw("type").map_or(Some("card"), Given::as_str).map(str::trim) {
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
            token.map(Source::NetworkToken)
        }
        _ => {
            reader.findings.add("source_type_invalid".to_owned());
            None
        }
    };
    shared.wish = reader.word("scheme", May, SCHEMES);
    reader.check("billing_address", address);
    for phone in ["home_phone", "mobile_phone", "work_phone"] {
        reader.check(phone, |reader| {
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
pub(in crate::sandbox) fn is_card_number(text: &str) -> bool {
    is_digits(text, 13..=19) && luhn(text.as_bytes())
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    text.chars().count() <= 254
        && !text.contains(char::is_whitespace)
        && parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
}
