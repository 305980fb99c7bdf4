//! Values of an authentication that somebody brings to a payment: whose are they, and could
//! they be anybody's?
//!
//! What is checked of values that no session of ours has, in this order:
//! `eci` is there and is one that the card's scheme gives; `cryptogram` is there unless the
//! ECI says that nothing was authenticated, is the base64 of 20 bytes, and at Mastercard
//! begins with `k` (3DS1: `j` or `h`); `xid` is there for 3DS1, and for 3DS2 at Mastercard
//! and Amex, and is a UUID (3DS1: the base64 of 20 bytes); `version` is one that exists.
//! Without a card number only what holds for every scheme. Pure.
//! Source: sessions-api.md 8, emv-3ds.md 3.3, 3.4.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::cards::Scheme;
use super::fields::{Findings, Object};
use super::render;
use super::session::Session;

const VERSIONS: &[&str] = &["1.0.0", "1.0.2", "2.0.1", "2.1.0", "2.2.0", "2.3.0", "2.3.1"];
/// No cryptogram goes with these: nothing was authenticated, or an exemption was taken.
const BARE: &[&str] = &["00", "04", "07", "N0", "N2"];

fn value<'a>(values: &'a Object, name: &str) -> Option<&'a str> {
    values.get(name)?.as_str()
}

/// True if the values are a session's: its cryptogram, or without one its `xid`.
pub(super) fn is_of(session: &Session, values: &Object) -> bool {
    let Some(verdict) = &session.verdict else { return false };
    let cryptogram = value(values, "cryptogram");
    (cryptogram.is_some() && cryptogram == verdict.cryptogram.as_deref())
        || value(values, "xid").is_some_and(|xid| render::xid(session) == Some(xid))
}

/// What cannot be true about values of another provider: error codes.
pub(super) fn implausible(values: &Object, scheme: Option<Scheme>) -> Vec<String> {
    let mut findings = Findings::default();
    let version = value(values, "version").unwrap_or_default();
    let legacy = version.starts_with("1.");
    let eci = value(values, "eci");
    match eci {
        None => findings.required("eci"),
        Some(eci) if !possible(scheme, legacy, eci) => findings.invalid("eci"),
        Some(_) => (),
    }
    let mastercard = scheme == Some(Scheme::Mastercard);
    match value(values, "cryptogram") {
        None if eci.is_some_and(|eci| BARE.contains(&eci) || (mastercard && eci == "06")) => (),
        None => findings.required("cryptogram"),
        Some(text) => {
            let first = if legacy { ["j", "h"].as_slice() } else { &["k"] };
            let begins = !mastercard || first.iter().any(|letter| text.starts_with(letter));
            if !is_twenty_bytes(text) || !begins {
                findings.invalid("cryptogram");
            }
        }
    }
    match value(values, "xid") {
        None if legacy || matches!(scheme, Some(Scheme::Mastercard | Scheme::Amex)) => findings.required("xid"),
        None => (),
        Some(xid) if legacy && !is_twenty_bytes(xid) => findings.invalid("xid"),
        Some(xid) if !legacy && (xid.len() != 36 || uuid::Uuid::try_parse(xid).is_err()) => findings.invalid("xid"),
        Some(_) => (),
    }
    if !VERSIONS.contains(&version) {
        findings.invalid("version");
    }
    findings.0
}

fn is_twenty_bytes(text: &str) -> bool {
    STANDARD.decode(text).is_ok_and(|bytes| bytes.len() == 20)
}

/// Whether a scheme gives this ECI. Source: emv-3ds.md 3.3.
fn possible(scheme: Option<Scheme>, legacy: bool, eci: &str) -> bool {
    let mastercard = ["00", "01", "02"].contains(&eci) || (!legacy && ["04", "06", "07", "N0", "N2"].contains(&eci));
    let others = ["05", "06", "07"].contains(&eci);
    match scheme {
        Some(Scheme::Mastercard) => mastercard,
        Some(Scheme::CartesBancaires) | None => mastercard || others,
        Some(_) => others,
    }
}
