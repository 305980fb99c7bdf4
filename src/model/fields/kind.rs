//! What a field holds, and whether a value does: types, lengths, alphabets, lists, dates.
//! Says in words why a value does not fit. Knows one value at a time; what depends on
//! other fields is `model::contract`'s. Source: sessions-api.md 3, 9.5.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::civil::{Date, Time};
use serde_json::Value;
use url::Url;

use super::words::{self, CURRENCIES, Word};
use crate::model::secret::luhn;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An object; its members have rows of their own.
    Object,
    /// Text, with the smallest and largest number of characters.
    Text(usize, usize),
    /// Any text: the contract knows no limit.
    AnyText,
    /// Digits as text, with the smallest and largest number of them.
    Digits(usize, usize),
    /// Text, or a number that the API turns into text; smallest and largest number of characters.
    NumberText(usize, usize),
    /// A card number.
    CardNumber,
    /// A whole number in JSON.
    Integer(i64, i64),
    /// `true` or `false`.
    Boolean,
    /// This text, to the letter.
    Constant(&'static str),
    /// One of these words; blanks around it are dropped.
    OneOf(&'static [Word]),
    /// A list of at least so many of these words.
    ListOf(&'static [Word], usize),
    /// A list of anything.
    List,
    /// An http or https address of at most 256 characters.
    Address,
    /// Minutes as text, may be negative; at most 5 characters.
    Offset,
    /// A moment, in any spelling of sessions-api.md 9.5.
    Moment,
    /// A day, `yyyyMMdd`.
    Day,
    /// A language tag of BCP 47 of at most 12 characters.
    Language,
    /// Base64url of at most so many characters; other spellings of base64 are read too.
    Base64(usize),
    /// This prefix and 26 word characters.
    Id(&'static str),
    /// A UUID of 36 characters.
    Uuid,
    /// An e-mail address of at most 254 characters.
    Email,
    /// A currency of ISO 4217 in capitals.
    Currency,
    /// Two letters of ISO 3166.
    Country,
    /// The shop's name: at most 40 letters, digits, spaces and `. ! * - = _ @`.
    Descriptor,
    /// An IP address; the contract asks for at most 45 characters only.
    Ip,
}

impl Kind {
    /// Form text as JSON value; text that does not fit stays text.
    pub(super) fn value(self, text: &str) -> Value {
        match self {
            Self::Integer(..) => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
            Self::Boolean => text.parse::<bool>().map_or_else(|_| text.into(), Value::from),
            Self::CardNumber => text.chars().filter(|c| *c != ' ').collect::<String>().into(),
            Self::Object | Self::List => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
            Self::ListOf(..) => match serde_json::from_str::<Value>(text) {
                Ok(list @ Value::Array(_)) => list,
                _ => text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect::<Vec<_>>().into(),
            },
            _ => text.into(),
        }
    }

    /// Why a value does not fit, as the end of a sentence that starts with the field's
    /// name: `is a whole number from 1 to 12`. `None` if it fits.
    pub fn fault(self, value: &Value) -> Option<String> {
        match self {
            Self::Object => (!value.is_object()).then(|| "is an object: { … }".into()),
            Self::Integer(low, high) => match value.as_i64() {
                Some(number) if (low..=high).contains(&number) => None,
                Some(_) => Some(format!("is a whole number from {low} to {high}")),
                None if value.is_number() => Some(format!("is a whole number from {low} to {high}, no fraction")),
                None => Some(format!("is a whole number without quotes, from {low} to {high}")),
            },
            Self::Boolean => (!value.is_boolean()).then(|| "is true or false, without quotes".into()),
            Self::List => (!value.is_array()).then(|| "is a list: [ … ]".into()),
            Self::ListOf(known, least) => {
                let word =
                    |item: &Value| item.as_str().is_some_and(|text| known.iter().any(|word| word.word == text.trim()));
                let fits = value.as_array().is_some_and(|list| list.len() >= least && list.iter().all(word));
                (!fits).then(|| self.wanted())
            }
            Self::NumberText(low, high) => match value {
                Value::Number(number) => outside(&number.to_string(), low, high),
                _ => self.text_fault(value.as_str()),
            },
            Self::Offset => match value {
                Value::Number(number) => self.text_fault(Some(&number.to_string())),
                _ => self.text_fault(value.as_str()),
            },
            _ => self.text_fault(value.as_str()),
        }
    }

    fn text_fault(self, text: Option<&str>) -> Option<String> {
        let Some(text) = text else {
            return Some(format!("{}, in quotes", self.wanted()));
        };
        let fits = match self {
            Self::Text(low, high) | Self::NumberText(low, high) => return outside(text, low, high),
            Self::Ip => return outside(text, 1, 45),
            Self::Offset => {
                let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
                text.len() <= 5 && digits(unsigned, 1, 5)
            }
            Self::Constant(word) => text == word,
            Self::Language => language(text),
            Self::Base64(most) => text.len() <= most && base64(text),
            Self::CardNumber if digits(text, 13, 19) && !luhn(text.as_bytes()) => {
                return Some("has a wrong check digit".into());
            }
            Self::Digits(low, high) => digits(text, low, high),
            Self::CardNumber => digits(text, 13, 19),
            Self::OneOf(known) => words::known(known, text.trim()).is_some(),
            Self::Address => address(text),
            Self::Moment => moment(text.trim()),
            Self::Day => digits(text, 8, 8) && text.parse::<Date>().is_ok(),
            Self::Id(prefix) => identifier(text, prefix),
            Self::Uuid => uuid(text),
            Self::Email => email(text),
            Self::Currency => CURRENCIES.split_whitespace().any(|known| known == text),
            Self::Country => text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()),
            Self::Descriptor => {
                let fits = |letter: char| letter.is_alphanumeric() || " .!*-=_@".contains(letter);
                text.chars().count() <= 40 && text.chars().all(fits)
            }
            Self::AnyText | Self::Object | Self::Integer(..) | Self::Boolean | Self::List | Self::ListOf(..) => true,
        };
        (!fits).then(|| self.wanted())
    }

    /// What the kind asks for, as the end of a sentence that starts with the field's name.
    pub fn wanted(self) -> String {
        match self {
            Self::Object => "is an object".into(),
            Self::AnyText => "is text".into(),
            Self::Text(low, high) | Self::NumberText(low, high) => format!("is text of {low} to {high} characters"),
            Self::Digits(low, high) if low == high => format!("is text of {low} digits"),
            Self::Digits(low, high) => format!("is text of {low} to {high} digits"),
            Self::CardNumber => "is text of 13 to 19 digits".into(),
            Self::Integer(low, high) => format!("is a whole number from {low} to {high}"),
            Self::Boolean => "is true or false".into(),
            Self::OneOf(known) => format!("is one of {}", words::list(known)),
            Self::ListOf(known, 0) => format!("is a list of {}", words::list(known)),
            Self::ListOf(known, least) => format!("is a list of {least} or more of {}", words::list(known)),
            Self::Constant(word) => format!("is {word}"),
            Self::Language => "is a language tag of at most 12 characters, for example \"en-GB\"".into(),
            Self::Base64(most) => format!("is base64url of at most {most} characters"),
            Self::List => "is a list".into(),
            Self::Address => "is an http or https address of at most 256 characters".into(),
            Self::Offset => "is minutes from local time to UTC as text, for example \"-60\"".into(),
            Self::Moment => "is a moment, for example \"2022-05-03T09:15:02Z\"".into(),
            Self::Day => "is a day as text of eight digits, for example \"20301231\"".into(),
            Self::Id(prefix) => format!("is {prefix} and 26 letters or digits"),
            Self::Uuid => "is a UUID of 36 characters".into(),
            Self::Email => "is an e-mail address of at most 254 characters".into(),
            Self::Currency => "is a currency of ISO 4217 in three capitals, for example \"EUR\"".into(),
            Self::Country => "is two letters of ISO 3166, for example \"GB\"".into(),
            Self::Descriptor => "is at most 40 letters, digits, spaces and . ! * - = _ @".into(),
            Self::Ip => "is an IP address of at most 45 characters".into(),
        }
    }
}

fn outside(text: &str, low: usize, high: usize) -> Option<String> {
    let count = text.chars().count();
    (!(low..=high).contains(&count)).then(|| match low {
        0 => format!("has at most {high} characters, not {count}"),
        _ => format!("has {low} to {high} characters, not {count}"),
    })
}

fn digits(text: &str, low: usize, high: usize) -> bool {
    (low..=high).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn address(text: &str) -> bool {
    let url = Url::parse(text).ok().filter(|_| text.chars().count() <= 256);
    url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn identifier(text: &str, prefix: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.strip_prefix(prefix).is_some_and(|rest| rest.len() == 26 && rest.bytes().all(word))
}

/// One to eight letters or digits, more after hyphens. Source: RFC 5646 2.1.
fn language(text: &str) -> bool {
    let part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.len() <= 12 && text.split('-').all(part)
}

/// Unpadded base64url; padding and the letters of plain base64 are read too (lint L01).
fn base64(text: &str) -> bool {
    let plain = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    !plain.is_empty() && BASE64_URL_SAFE_NO_PAD.decode(plain).is_ok()
}

/// 8-4-4-4-12 hexadecimal digits, upper or lower case. Source: emv-3ds.md 3.4.
pub(crate) fn uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn email(text: &str) -> bool {
    let parts = text.split_once('@');
    text.chars().count() <= 254
        && !text.contains(char::is_whitespace)
        && parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
}

/// Every spelling of sessions-api.md 9.5: RFC 3339 with or without fraction and zone,
/// `+0100`, a blank for the `T` and before the zone, a date, `yyyyMMdd`.
fn moment(text: &str) -> bool {
    if digits(text, 8, 8) {
        return text.parse::<Date>().is_ok();
    }
    let Some((date, rest)) = text.split_at_checked(10) else { return false };
    if date.as_bytes().get(4) != Some(&b'-') || date.parse::<Date>().is_err() {
        return false;
    }
    if rest.is_empty() {
        return true;
    }
    let Some(rest) = rest.strip_prefix(['T', 't', ' ']) else { return false };
    let (time, zone) = rest.split_at(rest.find(['Z', 'z', '+', '-', ' ']).unwrap_or(rest.len()));
    time.contains(':') && time.parse::<Time>().is_ok() && self::zone(zone.trim())
}

fn zone(zone: &str) -> bool {
    if matches!(zone, "" | "Z" | "z") {
        return true;
    }
    let Some(rest) = zone.strip_prefix(['+', '-']) else { return false };
    let plain = match rest.split_once(':') {
        Some((hours, minutes)) => [hours, minutes].concat(),
        None => rest.to_owned(),
    };
    digits(&plain, 4, 4) && plain[..2] < *"26" && plain[2..] < *"60"
}
