//! What is new each time and therefore no difference: ids, times, tokens, addresses of this
//! machine. Told by what a value looks like, and never for members that carry a decision.
//! Two such values differ only in what is new each time if their shapes are the same.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};
use serde_json::Value;

use crate::model::jsonpath::Kind;

/// Members whose every change counts, whatever they look like, without `_` and in small
/// letters. Source: sessions-api.md 3 and emv-3ds.md, the members that carry a decision.
const DECIDING: &[&str] = &[
    "status",
    "statusreason",
    "transstatus",
    "transstatusreason",
    "approved",
    "challenged",
    "completed",
    "amount",
    "currency",
    "purchaseamount",
    "purchasecurrency",
    "eci",
    "responsecode",
    "responsestatusdetails",
    "liabilityshift",
    "scheme",
    "protocolversion",
    "messageversion",
    "messagetype",
    "authenticationtype",
    "authenticationmethod",
    "challengeindicator",
    "challengecancel",
    "exemption",
    "nextactions",
    "errortype",
    "errorcodes",
    "referencenumber",
    "dsid",
];

/// Values longer than this are not looked into, in bytes. Our choice.
const LONGEST: usize = 64 << 10;

/// What kind of new each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Volatile {
    /// Names one thing: `sid_…`, a UUID, a transaction id.
    Id,
    /// A moment.
    Time,
    /// Random, or a proof over what is: nonce, cryptogram, secret, token, key.
    Random,
    /// Points at this machine, or has an id in it.
    Address,
}

impl Volatile {
    /// The word for a list: «9 ids, 2 times».
    pub fn word(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Time => "time",
            Self::Random => "random value",
            Self::Address => "address",
        }
    }
}

/// A value that is new each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub kind: Volatile,
    /// Two of the same shape differ only in what is new each time.
    pub shape: String,
}

/// What a value is, if it is new each time. `key` is its member's name.
pub(super) fn of(key: &str, kind: Kind, text: &str) -> Option<Seen> {
    let plain = plain(key);
    if text.len() > LONGEST || DECIDING.contains(&plain.as_str()) {
        return None;
    }
    let seen = |kind, shape: String| Some(Seen { kind, shape });
    match kind {
        Kind::Number if is_time_name(&plain) && is_epoch(text) => seen(Volatile::Time, format!("time {}", text.len())),
        Kind::Text => {
            if let Some(shape) = id_shape(text) {
                return seen(Volatile::Id, shape);
            }
            if is_iso_time(text) || (is_time_name(&plain) && is_digit_time(text)) {
                return seen(Volatile::Time, format!("time {}", text.contains('T')));
            }
            if let Some(shape) = address_shape(text) {
                return seen(Volatile::Address, shape);
            }
            if let Some(shape) = inner_shape(text) {
                return seen(Volatile::Random, shape);
            }
            let opaque = is_opaque(text);
            if opaque && is_random_name(&plain) {
                return seen(Volatile::Random, format!("random {}", text.len()));
            }
            (opaque && is_id_name(&plain)).then(|| Seen { kind: Volatile::Id, shape: format!("id {}", text.len()) })
        }
        _ => None,
    }
}

/// `acsTransID` and `acs_trans_id` are the same name.
fn plain(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn is_id_name(plain: &str) -> bool {
    plain.ends_with("id") || plain.ends_with("uuid") || plain.ends_with("reference")
}

fn is_time_name(plain: &str) -> bool {
    ["time", "date", "iat", "exp", "nbf", "timestamp", "on", "at", "expires"].iter().any(|end| plain.ends_with(end))
}

fn is_random_name(plain: &str) -> bool {
    const NAMES: [&str; 16] = [
        "cryptogram",
        "authenticationvalue",
        "cavv",
        "xid",
        "secret",
        "token",
        "nonce",
        "signature",
        "hash",
        "digest",
        "signedcontent",
        "key",
        "public",
        "certificate",
        "jti",
        "data",
    ];
    NAMES.iter().any(|name| plain.ends_with(name)) || matches!(plain, "x" | "y" | "creq" | "cres" | "kid")
}

fn is_epoch(text: &str) -> bool {
    let whole = text.split('.').next().unwrap_or_default();
    matches!(whole.len(), 10 | 13)
        && matches!(whole.as_bytes()[0], b'1'..=b'4')
        && whole.bytes().all(|b| b.is_ascii_digit())
}

/// `20261128154300`, as EMV 3-D Secure writes it. Source: emv-3ds.md, purchaseDate.
fn is_digit_time(text: &str) -> bool {
    matches!(text.len(), 12 | 14) && text.starts_with("20") && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `2026-11-28T15:43…`; a date alone is a fact, not a moment.
fn is_iso_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    (16..=40).contains(&bytes.len())
        && bytes.iter().take(16).enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            10 => matches!(byte, b'T' | b' '),
            13 => *byte == b':',
            _ => byte.is_ascii_digit(),
        })
        && bytes.iter().skip(16).all(|byte| byte.is_ascii_digit() || b":.+-Z".contains(byte))
}

/// `uuid`, `sid_`.
fn id_shape(text: &str) -> Option<String> {
    if is_uuid(text) {
        return Some("uuid".into());
    }
    let (prefix, rest) = text.split_once('_')?;
    let word = (2..=6).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_lowercase());
    let id = (12..=64).contains(&rest.len())
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && rest.bytes().any(|byte| byte.is_ascii_digit());
    (word && id).then(|| format!("{prefix}_"))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// One word of letters and digits that nobody chose: long, of both, no blanks.
fn is_opaque(text: &str) -> bool {
    let bytes = text.as_bytes();
    let masked = text.len() >= 5 && bytes.iter().all(|byte| *byte == b'*');
    let written = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_.~".contains(byte));
    let (digit, letter) = (bytes.iter().any(u8::is_ascii_digit), bytes.iter().any(u8::is_ascii_alphabetic));
    masked || (bytes.len() >= 16 && written && digit && letter)
}

/// An address of this machine, or one with an id in it, with both left out.
fn address_shape(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    if !matches!(scheme, "http" | "https") || rest.is_empty() {
        return None;
    }
    let cut = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, tail) = rest.split_at(cut);
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.parse::<u16>().is_ok() { name } else { host });
    let own = matches!(name, "127.0.0.1" | "localhost" | "[::1]");
    let mut new = own;
    let mut shape = if own { "http://here".to_owned() } else { format!("{scheme}://{host}") };
    for part in tail.split_inclusive(['/', '?', '&', '=', '#']) {
        let word = part.trim_end_matches(['/', '?', '&', '=', '#']);
        let id = id_shape(word).or_else(|| is_opaque(word).then(|| "…".to_owned()));
        // The first part of our listener's paths is made up anew by each start: `/q7m2kfx9/cb`.
        let own_part = own && word.len() == 8 && word.bytes().any(|byte| byte.is_ascii_digit());
        new |= id.is_some() || own_part;
        let shown = id.unwrap_or_else(|| if own_part { "…".into() } else { word.to_owned() });
        let _ = write!(shape, "{shown}{}", &part[word.len()..]);
    }
    new.then_some(shape)
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// JSON that a text carries in base64: creq, cres, threeDSMethodData, a token's parts.
pub(super) fn inner(text: &str) -> Option<Vec<Value>> {
    if text.len() > LONGEST || !text.starts_with("eyJ") {
        return None;
    }
    let read = |part: &str| -> Option<Value> {
        let bytes = LENIENT.decode(part).or_else(|_| general_purpose::STANDARD.decode(part)).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    let parts: Vec<Value> = text.split('.').filter_map(read).collect();
    (!parts.is_empty()).then_some(parts)
}

/// The shape of what a text carries: each value that is not new each time stands in it.
fn inner_shape(text: &str) -> Option<String> {
    let parts = inner(text)?;
    let mut shape = format!("carries {}", text.split('.').count());
    for (path, value) in leaves(&parts) {
        let _ = write!(shape, "\n{path}={value}");
    }
    Some(shape)
}

/// What two texts carry that is not the same: `transStatus "Y" to "N"`. Empty if they carry
/// nothing, or only what is new each time differs.
pub(super) fn inner_changes(left: &str, right: &str) -> Vec<String> {
    let (Some(left), Some(right)) = (inner(left), inner(right)) else { return Vec::new() };
    let (left, right) = (leaves(&left), leaves(&right));
    let find = |list: &[(String, String)], path: &str| {
        list.iter().find(|(other, _)| other == path).map_or_else(|| "nothing".to_owned(), |(_, value)| value.clone())
    };
    let mut changes = Vec::new();
    for (path, value) in &left {
        let other = find(&right, path);
        if *value != other {
            changes.push(format!("{path} {value} to {other}"));
        }
    }
    for (path, value) in right.iter().filter(|(path, _)| !left.iter().any(|(other, _)| other == path)) {
        changes.push(format!("{path} nothing to {value}"));
    }
    changes
}

/// Most values that are looked at inside a text. Our choice.
const INNER: usize = 200;

fn leaves(parts: &[Value]) -> Vec<(String, String)> {
    let mut leaves = Vec::new();
    let mut next: Vec<(String, &str, &Value)> = parts.iter().rev().map(|part| (String::new(), "", part)).collect();
    while let Some((path, key, value)) = next.pop() {
        if leaves.len() >= INNER {
            leaves.push(("…".to_owned(), value.to_string()));
            continue;
        }
        match value {
            Value::Object(map) => next.extend(map.iter().rev().map(|(name, value)| {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                (path, name.as_str(), value)
            })),
            Value::Array(list) => {
                next.extend(list.iter().enumerate().rev().map(|(n, value)| (format!("{path}[{n}]"), key, value)));
            }
            leaf => {
                let (kind, text) = match leaf {
                    Value::String(text) => (Kind::Text, text.clone()),
                    Value::Number(number) => (Kind::Number, number.to_string()),
                    _ => (Kind::Null, String::new()),
                };
                // What is carried in what is carried is not looked into: it counts as it is.
                let seen = if text.starts_with("eyJ") { None } else { of(key, kind, &text) };
                leaves.push((path, seen.map_or_else(|| leaf.to_string(), |seen| format!("‹{}›", seen.shape))));
            }
        }
    }
    leaves.sort(); // members in any order
    leaves
}
