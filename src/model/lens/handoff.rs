//! What the shopper's browser carries: creq, cres, 3DS Method data, session data; and text that
//! is wrapped in base64, once or more often. Source: emv-3ds.md 2.

use bytes::Bytes;
use serde_json::Value;

use super::text::{self, Due, base64};
use super::{Decoded, Found, Mark, Place, Row, What, look_into, message, payer, read_at, shaped, value};
use crate::model::payload;

/// Largest message of a hand-off, decoded, in bytes. Source: trust.md 1.7.
const LARGEST: usize = 48 << 10;
/// Longest `threeDSSessionData`, encoded, in characters. Source: emv-3ds.md 2.2.
const SESSION_DATA: usize = 1024;

pub(super) fn decoded(what: What, text: &str, found: &Found<'_>) -> Decoded {
    if text.len() > LARGEST / 3 * 4 {
        let mark = Mark::wrong(format!("More than {}: not decoded", payload::size(LARGEST as u64)));
        return Decoded::refused(what, found, vec![mark]);
    }
    let (bytes, marks) = base64(text, Due::Url);
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(why) => return refused(what, text, found, marks, why),
    };
    let (what, bytes) = (told(what, &bytes), Bytes::from(bytes));
    let mut one = message::checked(what, &bytes, found);
    one.marks.extend(marks);
    if bytes.starts_with(b"\xef\xbb\xbf") {
        one.marks.push(Mark::odd("The JSON begins with a byte order mark: leave it out"));
    }
    one.content_type = if payload::tree(&bytes).is_some() { "application/json" } else { "text/plain" };
    one.bytes = Some(bytes);
    one
}

/// What a message says of itself counts more than the field it came in.
fn told(what: What, bytes: &[u8]) -> What {
    let kind = payload::tree(bytes).and_then(|json| Some(json.get("messageType")?.as_str()?.to_owned()));
    match (what, kind.as_deref()) {
        (What::Cres, Some("Erro")) => What::Erro,
        _ => what,
    }
}

/// What could not be decoded, as it came.
fn refused(what: What, text: &str, found: &Found<'_>, mut marks: Vec<Mark>, why: String) -> Decoded {
    marks.push(Mark::wrong(why));
    Decoded { bytes: Some(text.to_owned().into()), content_type: "text/plain", ..Decoded::refused(what, found, marks) }
}

/// True if a field of a form was posted with a bare `+`.
pub(super) fn bare_plus(form: &[u8], name: &str) -> bool {
    let mut pairs = form.split(|byte| *byte == b'&');
    let value = pairs.find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    value.is_some_and(|value| value.contains(&b'+'))
}

/// Text that somebody wrapped: what is in it, level by level.
pub(super) fn wrapped(what: What, text: &str, found: &Found<'_>) -> Decoded {
    let due = if what == What::SessionData { Due::Url } else { Due::Any };
    let (bytes, mut marks) = base64(text, due);
    if what == What::SessionData && text.len() > SESSION_DATA {
        let says = format!("{} characters: at most {SESSION_DATA} are allowed, encoded", text.len());
        marks.push(Mark::wrong(says));
    }
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(why) => return refused(what, text, found, marks, why),
    };
    let mut one = Decoded { marks, ..Decoded::new(what, found) };
    one.rows.push(Row::new("decoded", &payload::size(bytes.len() as u64), kind_of(&bytes)));
    one.content_type = content_type(&bytes);
    if what == What::SessionData {
        one.marks.push(Mark::known("The shop's own: the bank returns it unchanged, and cannot read it"));
    }
    let inside = found.inside(Place::Whole);
    match std::str::from_utf8(&bytes).ok().map(str::trim) {
        Some(text) if shaped(text).is_some() || looks_wrapped(text) => one.inner.extend(read_at(text, &inside)),
        _ => one.inner = look_into(&bytes, &inside),
    }
    one.bytes = Some(bytes.into());
    one
}

/// The bank's page for an app: base64url of HTML that needs nothing from elsewhere.
/// Source: emv-3ds.md 5.2, 8 (L44).
pub(super) fn page(text: &str, found: &Found<'_>) -> Decoded {
    let (bytes, mut marks) = base64(text, Due::Url);
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(why) => return refused(What::Page, text, found, marks, why),
    };
    let html = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    if html.contains("<script") || html.contains("javascript:") {
        marks.push(Mark::odd("A script in it: an SDK does not run any"));
    }
    let outside = |address: &str| !address.starts_with("//emv3ds/") && !address.starts_with("//emv3ds\"");
    let asks = ["src=\"http:", "src=\"https:", "href=\"http:", "href=\"https:", "url(http:", "url(https:"];
    if asks.iter().any(|ask| html.match_indices(ask).any(|(at, _)| outside(&html[at + ask.len()..]))) {
        marks.push(Mark::odd("Something from elsewhere in it: an SDK does not load any"));
    }
    if html.contains("<form") && !html.contains("https://emv3ds/") {
        marks.push(Mark::odd("Its form does not go to HTTPS://EMV3DS/challenge: the SDK cannot catch the answer"));
    }
    let mut one = Decoded { marks, ..Decoded::new(What::Page, found) };
    one.rows.push(Row::new("decoded", &payload::size(bytes.len() as u64), kind_of(&bytes)));
    one.content_type = "text/html";
    one.bytes = Some(bytes.into());
    one
}

fn looks_wrapped(text: &str) -> bool {
    const SHORTEST: usize = 16;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_' | '=' | '%');
    text.len() >= SHORTEST && text.chars().all(fits)
}

fn kind_of(bytes: &[u8]) -> &'static str {
    match bytes.first() {
        Some(b'{' | b'[') if payload::tree(bytes).is_some() => "JSON",
        Some(b'<') => "markup",
        _ if text::is_readable(bytes) => "text",
        _ => "bytes that are no text",
    }
}

fn content_type(bytes: &[u8]) -> &'static str {
    match kind_of(bytes) {
        "JSON" => "application/json",
        "markup" => "application/xml",
        "text" => "text/plain",
        _ => "application/octet-stream",
    }
}

/// What pasted text is that is neither JSON nor XML nor a token: base64 of something known.
pub(super) fn unwrapped(text: &str, found: &Found<'_>) -> Option<Decoded> {
    if let Some(plain) = text::percent(text) {
        let mut one = read_at(&plain, &found.inside(Place::Whole))?;
        one.marks.insert(0, Mark::known("Was percent-encoded"));
        return Some(one);
    }
    if !looks_wrapped(&text.split_whitespace().collect::<String>()) {
        return None;
    }
    let (bytes, _) = base64(text, Due::Any);
    let Ok(bytes) = bytes else { return damaged(text, found) };
    let json: Option<Value> = payload::tree(&bytes).filter(Value::is_object);
    let has = |name: &str| json.as_ref().is_some_and(|json| json.get(name).is_some());
    let kind = json.as_ref().and_then(|json| json.get("messageType")).and_then(Value::as_str);
    let what = match kind {
        Some("CReq") => What::Creq,
        Some("CRes") => What::Cres,
        Some("Erro") => What::Erro,
        _ if has("challengeWindowSize") => What::Creq,
        _ if has("kty") => What::Jwk,
        _ if has("threeDSServerTransID") => What::MethodData,
        _ if payer::is_deflated(&bytes) => What::PaRes,
        _ if bytes.len() == value::TWENTY && !text::is_readable(&bytes) => What::Cryptogram,
        _ if bytes.starts_with(&[0x30, 0x82]) => What::Certificate,
        _ if json.is_some() || text::is_readable(&bytes) => What::Wrapped,
        _ => return None,
    };
    Some(super::decoded(what, text, found))
}

/// What begins like a message of a hand-off and is damaged.
fn damaged(text: &str, found: &Found<'_>) -> Option<Decoded> {
    text.starts_with("eyJ").then(|| {
        let (_, marks) = base64(text, Due::Url);
        let (Err(why) | Ok(why)) = base64(text, Due::Url).0.map(|_| String::new());
        refused(What::Wrapped, text, found, marks, why)
    })
}
