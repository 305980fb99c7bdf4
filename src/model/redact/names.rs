//! Secrets told by the name beside them, or by their own shape.
//!
//! Hides: how names and values stand in JSON, forms, URLs, header lines and log lines,
//! well-formed or not. Promises: linear in the text's length. Source: trust.md R32, R33.

use std::ops::Range;

use super::{Origin, card};

/// What a name says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A secret.
    Whole,
    /// `Authorization`: the scheme word stays.
    Credential,
    /// A card number, whatever it looks like.
    Number,
    /// A card number, if it looks like one and is no phone number.
    PerhapsNumber,
}

/// The longest name that is known, in bytes, with room to spare.
const LONGEST_NAME: usize = 40;
/// A card number with its separators, in bytes, with room to spare.
const LONGEST_NUMBER: usize = 64;
/// Credentials that name their scheme first.
const SCHEMES: &[&str] = &["bearer", "basic", "digest", "negotiate", "dpop", "token", "hmac"];
/// Prefixes of keys, and how many characters must follow.
const PREFIXES: &[(&[u8], usize)] = &[(b"sk_", 16), (b"ack_", 16), (b"sek_", 8)];

fn kind(name: &[u8], parent: &[u8], origin: Origin) -> Option<Kind> {
    if name.is_empty() || name.len() > LONGEST_NAME {
        return None;
    }
    let name: String = name.iter().map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    let real = origin == Origin::Real;
    match name.replace('-', "_").as_str() {
        "authorization" | "proxy_authorization" => Some(Kind::Credential),
        "cookie" | "set_cookie" | "cko_signature" | "client_secret" | "client_assertion" | "access_token"
        | "refresh_token" | "id_token" | "password" | "otp" | "cvv" | "cvv2" | "cvc" | "cvc2" | "cav2" | "cid"
        | "security_code" => Some(Kind::Whole),
        "session_secret" | "cryptogram" | "cavv" | "authentication_value" | "authenticationvalue" if real => {
            Some(Kind::Whole)
        }
        "acctnumber" | "pan" if real => Some(Kind::Number),
        "number" if real && !parent.to_ascii_lowercase().ends_with(b"phone") => Some(Kind::PerhapsNumber),
        _ => None,
    }
}

/// What to mask of a header's value.
pub(super) fn in_value(name: &str, value: &[u8], origin: Origin) -> Vec<Range<usize>> {
    kind(name.as_bytes(), b"", origin).map(|kind| hidden(kind, value, origin)).unwrap_or_default()
}

/// What to mask of a value whose name says `kind`.
fn hidden(kind: Kind, value: &[u8], origin: Origin) -> Vec<Range<usize>> {
    let from = |start: usize| std::iter::once(start..value.len()).collect();
    match kind {
        Kind::Whole => from(0),
        Kind::Credential => {
            let front = value.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let word = value[front..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
            let scheme = String::from_utf8_lossy(&value[front..front + word]).to_ascii_lowercase();
            let gap = value[front + word..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let rest = front + word + gap;
            if SCHEMES.contains(&scheme.as_str()) && gap > 0 && rest < value.len() {
                from(rest)
            } else if origin == Origin::Embedded && scheme.starts_with("sek_") && rest == value.len() {
                Vec::new()
            } else {
                from(0)
            }
        }
        Kind::Number | Kind::PerhapsNumber => match card::only(value) {
            Some(_) if card::is_published(value) => Vec::new(),
            Some(number) => number.hidden(true).collect(),
            None if kind == Kind::Number && !value.contains(&b'*') => from(0),
            None => Vec::new(),
        },
    }
}

/// Values in `bytes` whose names say that they are secret.
pub(super) fn find(bytes: &[u8], origin: Origin) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut objects: Vec<Range<usize>> = Vec::new(); // names of the objects around
    let mut last = (0..0, 0); // the newest name, and where its value begins
    let mut covered = 0; // names inside a secret value are not looked at
    for (at, byte) in bytes.iter().enumerate() {
        let value = match byte {
            b'"' | b'\'' => member(bytes, at).and_then(|(name, start)| {
                last = (name.clone(), start);
                let parent = objects.last().cloned().unwrap_or_default();
                let kind = kind(&bytes[name], &bytes[parent], origin).filter(|_| at >= covered)?;
                Some((kind, member_value(bytes, start, longest(kind))?))
            }),
            b'{' => {
                objects.push(if last.1 == at { last.0.clone() } else { 0..0 });
                None
            }
            b'}' => {
                objects.pop();
                None
            }
            b'=' | b':' if at >= covered => assigned(bytes, at).and_then(|name| {
                let kind = kind(name, b"", origin)?;
                let ends = if *byte == b'=' { form_value } else { line_value };
                Some((kind, ends(bytes, at + 1, longest(kind))))
            }),
            _ => None,
        };
        if let Some((kind, value)) = value {
            let inside = hidden(kind, &bytes[value.clone()], origin).into_iter();
            found.extend(inside.map(|range| value.start + range.start..value.start + range.end));
            if kind != Kind::PerhapsNumber {
                covered = covered.max(value.end);
            }
        }
    }
    found
}

/// How far to look for a value's end, in bytes: only what may be no number at all ends early.
fn longest(kind: Kind) -> usize {
    if kind == Kind::PerhapsNumber { LONGEST_NUMBER } else { usize::MAX }
}

fn is_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn skip_space(bytes: &[u8], at: usize) -> usize {
    at + bytes.iter().skip(at).take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// A quoted name at `at` with a colon after it: the name, and where its value begins.
fn member(bytes: &[u8], at: usize) -> Option<(Range<usize>, usize)> {
    let quote = bytes[at];
    let length = bytes[at + 1..].iter().take(LONGEST_NAME + 1).take_while(|byte| is_name(byte)).count();
    let end = at + 1 + length;
    if length == 0 || bytes.get(end) != Some(&quote) {
        return None;
    }
    let colon = skip_space(bytes, end + 1);
    (bytes.get(colon) == Some(&b':')).then(|| (at + 1..end, skip_space(bytes, colon + 1)))
}

/// A JSON value that is no object, list, `null`, `true` or `false`.
fn member_value(bytes: &[u8], start: usize, most: usize) -> Option<Range<usize>> {
    match bytes.get(start)? {
        b'{' | b'[' => None,
        quote @ (b'"' | b'\'') => Some(start + 1..end_of_string(bytes, start + 1, *quote, most)),
        _ => {
            let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'}' | b']');
            let length = bytes[start..].iter().take(most).take_while(|byte| !ends(byte)).count();
            let range = start..start + length;
            (!matches!(&bytes[range.clone()], b"null" | b"true" | b"false" | b"")).then_some(range)
        }
    }
}

fn end_of_string(bytes: &[u8], start: usize, quote: u8, most: usize) -> usize {
    let limit = bytes.len().min(start.saturating_add(most));
    let mut at = start;
    while at < limit {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at,
            _ => at += 1,
        }
    }
    limit
}

/// The name before the sign at `at`, as in `name=value` or `name: value`.
fn assigned(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let length = bytes[..at].iter().rev().take(LONGEST_NAME + 1).take_while(|byte| is_name(byte)).count();
    let name = &bytes[at - length..at];
    let before = bytes[..at - length].iter().rev();
    let line_start =
        || before.take_while(|byte| **byte != b'\n').all(|byte| matches!(byte, b' ' | b'\t' | b'<' | b'>' | b'\r'));
    let counts = bytes[at] == b'=' || bytes.get(at + 1) == Some(&b' ') || (length <= LONGEST_NAME && line_start());
    (counts && !name.is_empty()).then_some(name)
}

fn form_value(bytes: &[u8], start: usize, most: usize) -> Range<usize> {
    if let Some(quote @ (b'"' | b'\'')) = bytes.get(start) {
        return start + 1..end_of_string(bytes, start + 1, *quote, most);
    }
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'&' | b'"' | b'\'' | b'<' | b'>');
    start..start + bytes[start..].iter().take(most).take_while(|byte| !ends(byte)).count()
}

fn line_value(bytes: &[u8], start: usize, most: usize) -> Range<usize> {
    let blank = bytes[start..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let start = start + blank;
    start..start + bytes[start..].iter().take(most).take_while(|byte| !matches!(byte, b'\r' | b'\n')).count()
}

/// Secrets told by their shape: JWTs (payload and signature), keys with a known prefix.
pub(super) fn tokens(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !is_name(&bytes[at]) {
            at += 1;
            continue;
        }
        let part = |from: usize| from + bytes.iter().skip(from).take_while(|byte| is_name(byte)).count();
        let mut end = part(at);
        let word = &bytes[at..end];
        let more = |from: usize| (bytes.get(from) == Some(&b'.')).then(|| part(from + 1)).filter(|to| *to > from + 1);
        if word.starts_with(b"eyJ") && word.len() >= 10 {
            let signature = more(end).and_then(|payload| Some((payload, more(payload)?)));
            if let Some((payload, last)) = signature.filter(|(_, last)| more(*last).is_none()) {
                found.push(end + 1..payload);
                found.push(payload + 1..last);
            }
        }
        for (prefix, least) in PREFIXES.iter().filter(|(prefix, _)| word.starts_with(prefix)) {
            let rest = at + prefix.len();
            let key = |byte: &u8| is_name(byte) || matches!(byte, b'/' | b'+' | b'=' | b'.');
            let length = bytes.iter().skip(rest).take_while(|byte| key(byte)).count();
            if length >= *least {
                found.push(rest..rest + length);
                end = end.max(rest + length);
            }
        }
        at = end;
    }
    found
}
