//! What is new each time and therefore no difference: ids, times, tokens, addresses of this
//! machine. Told by what a value looks like, and never for members that carry a decision.
//! Two such values differ only in what is new each time if their shapes are the same.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::model::jsonpath::Kind;
use crate::model::lens;

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
            if let Some(shape) = inner_shape(&plain, text) {
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

/// What is new each time, if nothing else differs between two values of a member.
pub(super) fn same(key: &str, kind: Kind, one: &str, other: &str) -> Option<Volatile> {
    if let (Some(one), Some(other)) = (of(key, kind, one), of(key, kind, other))
        && one == other
    {
        return Some(one.kind);
    }
    let deciding = DECIDING.contains(&plain(key).as_str());
    (kind == Kind::Text && !deciding && is_elsewhere(one, other)).then_some(Volatile::Address)
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
    const NAMES: [&str; 19] = [
        "cryptogram",
        "authenticationvalue",
        "cavv",
        "xid",
        "secret",
        "token",
        "nonce",
        "signature",
        "signaturevalue",
        "digestvalue",
        "modulus",
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

/// `20261128154300`, as EMV 3-D Secure writes it, or `20261128 15:43:00`, as its first version
/// does. Source: emv-3ds.md, purchaseDate, 2.3.
fn is_digit_time(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let old = || {
        matches!(text.split_once(' '), Some((day, time)) if day.len() == 8 && digits(day) && time.len() == 8
        && digits(&time.replace(':', "")))
    };
    text.starts_with("20") && (matches!(text.len(), 12 | 14) && digits(text) || text.len() == 17 && old())
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

/// An address, with what is new each time left out.
struct Address {
    /// `https://api.example`.
    origin: String,
    /// It is on this machine.
    own: bool,
    /// What follows, ids left out.
    tail: String,
    /// Something was left out of what follows.
    new: bool,
}

impl Address {
    fn read(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        if !matches!(scheme, "http" | "https") || rest.is_empty() {
            return None;
        }
        let cut = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, tail) = rest.split_at(cut);
        let port = |port: &str| port.parse::<u16>().is_ok();
        let name = host.rsplit_once(':').map_or(host, |(name, end)| if port(end) { name } else { host });
        let own = matches!(name, "127.0.0.1" | "localhost" | "[::1]");
        let mut read = Self { origin: format!("{scheme}://{host}"), own, tail: String::new(), new: false };
        for part in tail.split_inclusive(['/', '?', '&', '=', '#']) {
            let word = part.trim_end_matches(['/', '?', '&', '=', '#']);
            let id = id_shape(word).or_else(|| is_opaque(word).then(|| "…".to_owned()));
            // The first part of our listener's paths is made up anew by each start: `/q7m2kfx9/cb`.
            let own_part = own && word.len() == 8 && word.bytes().any(|byte| byte.is_ascii_digit());
            read.new |= id.is_some() || own_part;
            let shown = id.unwrap_or_else(|| if own_part { "…".into() } else { word.to_owned() });
            let _ = write!(read.tail, "{shown}{}", &part[word.len()..]);
        }
        Some(read)
    }
}

/// An address of this machine, or one with an id in it, with both left out.
fn address_shape(text: &str) -> Option<String> {
    let read = Address::read(text).filter(|read| read.own || read.new)?;
    Some(format!("{}{}", if read.own { "http://here" } else { &read.origin }, read.tail))
}

/// True if one is on this machine, the other elsewhere, and both go on alike: what the
/// sandbox says, and what the vendor does. Two places of others are a difference.
fn is_elsewhere(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (Address::read(one), Address::read(other)) else { return false };
    one.own != other.own && one.tail == other.tail && one.tail.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// What a text carries: JSON in base64 (creq, cres, threeDSMethodData, a token's parts), or
/// the elements of a PaReq or PaRes, each a value of its own. `plain` is its member's name.
fn inner(plain: &str, text: &str) -> Option<Vec<Value>> {
    if text.len() > LONGEST {
        return None;
    }
    if matches!(plain, "pareq" | "pares") {
        let members = lens::payer_members(&lens::payer_xml(text)?).into_iter();
        let short = |path: &str| path.strip_prefix("ThreeDSecure/Message/").unwrap_or(path).to_owned();
        return Some(members.map(|(path, text)| json!({ short(&path): text })).collect());
    }
    if !text.starts_with("eyJ") {
        return None;
    }
    let read = |part: &str| serde_json::from_slice(&lens::unpacked(part)?).ok();
    let parts: Vec<Value> = text.split('.').filter_map(read).collect();
    (!parts.is_empty()).then_some(parts)
}

/// The shape of what a text carries: each value that is not new each time stands in it.
fn inner_shape(plain: &str, text: &str) -> Option<String> {
    let parts = inner(plain, text)?;
    let mut shape = format!("carries {}", text.split('.').count());
    for (path, value) in leaves(&parts) {
        let _ = write!(shape, "\n{path}={value}");
    }
    Some(shape)
}

/// What two texts carry that is not the same: `transStatus "Y" to "N"`. Empty if they carry
/// nothing, or only what is new each time differs.
pub(super) fn inner_changes(key: &str, left: &str, right: &str) -> Vec<String> {
    let key = plain(key);
    let (Some(left), Some(right)) = (inner(&key, left), inner(&key, right)) else { return Vec::new() };
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
                // An element is named by where it stands: `PARes/TX/status`.
                (path, name.rsplit('/').next().unwrap_or(name), value)
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
