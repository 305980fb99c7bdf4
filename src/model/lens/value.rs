//! Single values: cryptograms, identifiers, card numbers, moments.
//! Source: emv-3ds.md 3.4; ISO/IEC 7812.

use std::borrow::Cow;

use jiff::civil::DateTime;

use super::text::{Due, base64, hex};
use super::{Decoded, Found, Mark, Row, What};
use crate::model::fields::Kind as Field;
use crate::model::meaning::Kind;
use crate::model::payload::Payload;
use crate::model::secret::luhn;

/// Bytes of a cryptogram, and of the xid of 3-D Secure 1. Source: emv-3ds.md 3.4.
pub(super) const TWENTY: usize = 20;
/// What the sandbox's made-up cryptograms may carry. Source: emv-3ds.md 3.4.
const FAKE: &[u8] = b"SBX-TEST";

/// The bytes of a cryptogram or xid. An error says what is wrong, and what would be right.
pub fn twenty_bytes(text: &str) -> Result<[u8; TWENTY], String> {
    let bytes = base64(text, Due::Standard).0?;
    <[u8; TWENTY]>::try_from(bytes).map_err(|bytes| format!("{} bytes, not {TWENTY}", bytes.len()))
}

/// `YYYYMMDDHHMMSS` as a moment of UTC.
pub fn stamp(text: &str) -> Option<DateTime> {
    DateTime::strptime("%Y%m%d%H%M%S", text).ok().filter(|_| text.len() == 14)
}

/// The scheme of a card number, by its first digits; `None` for a range of none that is known
/// here. Masked digits in the middle do not matter.
pub fn card_scheme(number: &str) -> Option<&'static str> {
    let first: u32 = number.get(..4)?.parse().ok()?;
    Some(match first {
        4000..=4999 => "Visa",
        5100..=5599 | 2221..=2720 => "Mastercard",
        3400..=3499 | 3700..=3799 => "American Express",
        3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => "Diners Club",
        3528..=3589 => "JCB",
        6000..=6099 | 6400..=6599 => "Discover",
        6200..=6299 | 8100..=8299 => "UnionPay",
        _ => return None,
    })
}

/// What a value says by its shape: a UUID's version, a card's scheme, a moment.
pub(super) fn words(kind: Kind, value: &str) -> Option<Cow<'static, str>> {
    match kind {
        Kind::Card => {
            let scheme = card_scheme(value)?;
            let check = match value.bytes().all(|byte| byte.is_ascii_digit()) {
                true if luhn(value.as_bytes()) => ", check digit good",
                true => ", check digit wrong",
                false => ", masked",
            };
            Some(format!("{scheme}{check}").into())
        }
        Kind::Stamp => Some(stamp(value)?.strftime("%Y-%m-%d %H:%M:%S UTC").to_string().into()),
        Kind::Is(Field::Uuid) | Kind::Xid => {
            let id = uuid::Uuid::try_parse(value).ok().filter(|_| value.len() == 36)?;
            Some(match id.get_version_num() {
                _ if id.is_nil() => Cow::Borrowed("nil UUID: names nothing"),
                4 => Cow::Borrowed("UUID, random"),
                1 | 6 | 7 => format!("UUID version {}, with the time in it", id.get_version_num()).into(),
                version => format!("UUID version {version}").into(),
            })
        }
        _ => None,
    }
}

/// A cryptogram or an xid.
pub(super) fn twenty(what: What, text: &str, found: &Found<'_>) -> Decoded {
    let mut one = Decoded::new(what, found);
    let (bytes, marks) = base64(text, Due::Standard);
    one.marks = marks;
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(why) => {
            one.marks.push(Mark::wrong(format!("{why}. Base64 of {TWENTY} bytes is due: 28 characters that end in =")));
            return one;
        }
    };
    let length = format!("{} bytes", bytes.len());
    let fault =
        (bytes.len() != TWENTY).then(|| Mark::wrong(format!("{TWENTY} bytes are due: 28 characters that end in =")));
    one.rows.push(Row::new("length", &length, "").marked(fault));
    one.rows.push(Row::new("bytes", &hex(&bytes), ""));
    if bytes.iter().all(|byte| *byte == 0) {
        one.marks.push(Mark::wrong("All bytes are zero: nobody made this"));
    }
    if what == What::Cryptogram {
        let (words, mark) = first_byte(text, found.context.scheme);
        if let Some(first) = bytes.first() {
            one.rows.push(Row::new("first byte", &format!("{first:02x}"), words).marked(mark));
        }
        if bytes.get(1..).is_some_and(|rest| rest.starts_with(FAKE)) {
            one.rows.push(Row::new("made by", "a sandbox", "Obviously made up: no scheme takes it"));
        }
        one.marks.push(Mark::known("Only who made it can check it: send it on byte for byte"));
    }
    one.bytes = Some(bytes.into());
    one.content_type = "application/octet-stream";
    one
}

/// Source: emv-3ds.md 3.4.
fn first_byte(text: &str, scheme: &str) -> (&'static str, Option<Mark>) {
    match (scheme, text.as_bytes().first()) {
        ("mastercard", Some(b'k')) => ("AAV of Mastercard, 3-D Secure 2", None),
        ("mastercard", Some(b'j')) => ("AAV of Mastercard, 3-D Secure 1: authenticated", None),
        ("mastercard", Some(b'h')) => ("AAV of Mastercard, 3-D Secure 1: attempted", None),
        ("mastercard", _) => {
            ("", Some(Mark::odd("An AAV of Mastercard begins with k in base64 (3-D Secure 1: j or h)")))
        }
        ("visa", _) => ("CAVV of Visa: the scheme's own", None),
        _ => ("The scheme's own", None),
    }
}

/// Who made a cryptogram, by its neighbours in a message or session.
pub(super) fn maker(one: &mut Decoded, payload: &Payload) {
    let find = |name: &str, parent: Option<&str>| {
        let rows = payload.rows();
        let row = rows.iter().find(|row| {
            let within = row.parent.and_then(|at| rows.get(at)).and_then(|row| payload.key(row));
            payload.key(row).as_deref() == Some(name) && within.as_deref() == parent
        });
        row.map(|row| payload.value(row))
    };
    let issuer = find("acsTransID", None).or_else(|| find("transaction_id", Some("acs")));
    let directory = find("dsTransID", None).or_else(|| find("transaction_id", Some("ds")));
    let words = match (issuer, directory) {
        (Some(issuer), Some(directory)) if issuer.eq_ignore_ascii_case(&directory) => {
            ("the directory server", "The bank's and the directory's ids are the same: the scheme stood in")
        }
        (Some(_), _) => ("the bank's server (ACS)", "By its ids beside it"),
        (None, _) => return,
    };
    if one.rows.iter().all(|row| row.name != "made by") {
        one.rows.push(Row::new("made by", words.0, words.1));
    }
}
