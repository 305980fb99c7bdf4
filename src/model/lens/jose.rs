//! Signed and sealed objects: JWT, JWS, JWE, JWK, and the certificates in them. The algorithm
//! is never taken from the token: a key that was given brings its own.
//! Source: RFC 7515–7519, 8725; emv-3ds.md 5.3; trust.md 3.3 target 5.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::text::{self, Due, base64, hex};
use super::{Context, Decoded, Found, Mark, Place, Row, What, look_into, shaped};
use crate::model::payload;
use crate::model::scopes;
use crate::model::scopes::ENDPOINTS;
use crate::model::seal::jws::Signed;
use crate::model::seal::key;

/// Longest token, in bytes. Source: trust.md 1.7.
const LARGEST: usize = 32 << 10;
/// Longest sealed device data, in characters. Source: emv-3ds.md 4.2.
const LARGEST_SEALED: usize = 64_000;
/// Certificates of a chain that are read.
const CHAIN: usize = 8;

/// The parts of a compact object, decoded; with what is not as it is due.
fn parts(text: &str, names: &[&str], marks: &mut Vec<Mark>) -> Option<Vec<Vec<u8>>> {
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() != names.len() {
        marks.push(Mark::wrong(format!("{} parts with dots between; {} are due", parts.len(), names.len())));
        return None;
    }
    let mut out = Vec::new();
    for (part, name) in parts.iter().zip(names) {
        let (bytes, own) = base64(part, Due::Url);
        marks
            .extend(own.into_iter().map(|mark| Mark { text: format!("In its {name}: {}", lower(&mark.text)), ..mark }));
        match bytes {
            Ok(bytes) => out.push(bytes),
            Err(why) => {
                marks.push(Mark::wrong(format!("Its {name} cannot be read: {}", lower(&why))));
                return None;
            }
        }
    }
    Some(out)
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn as_it_came(what: What, text: &str, found: &Found<'_>, marks: Vec<Mark>) -> Decoded {
    let raw = Some(text.to_owned().into());
    Decoded { bytes: raw, content_type: "text/plain", ..Decoded::refused(what, found, marks) }
}

/// A JWT or any other JWS.
pub(super) fn signed(what: What, text: &str, found: &Found<'_>) -> Decoded {
    let mut marks = Vec::new();
    if text.len() > LARGEST {
        marks.push(Mark::wrong(format!("More than {}: not decoded", payload::size(LARGEST as u64))));
        return as_it_came(what, text, found, marks);
    }
    let Some(parts) = parts(text, &["header", "payload", "signature"], &mut marks) else {
        return as_it_came(what, text, found, marks);
    };
    let header = object(&parts[0], "header", &mut marks);
    let claims = payload::tree(&parts[1]);
    let is_content =
        claims.as_ref().is_some_and(|claims| claims.get("acsEphemPubKey").is_some() || claims.get("acsURL").is_some());
    let what = if what == What::Jws || is_content || header.contains_key("x5c") { What::Jws } else { What::Jwt };
    let mut one = Decoded { marks, ..Decoded::new(what, found) };
    header_rows(&header, &mut one);
    signature(text, &header, &parts[2], found, &mut one);
    if header.contains_key("x5c") {
        signer(text, found, &mut one);
    }
    match &claims {
        Some(Value::Object(claims)) if what == What::Jwt => claim_rows(claims, found, &mut one),
        Some(Value::Object(claims)) => content_rows(claims, &mut one),
        _ => one.marks.push(Mark::odd("Its payload is no JSON object")),
    }
    one.content_type = if claims.is_some() { "application/json" } else { "application/octet-stream" };
    one.inner = nested(&parts[1], found);
    one.bytes = Some(Bytes::from(parts.into_iter().nth(1).unwrap_or_default()));
    one
}

/// What is encoded within a payload.
fn nested(payload: &[u8], found: &Found<'_>) -> Vec<Decoded> {
    let inner = look_into(payload, &found.inside(Place::Whole));
    inner.into_iter().filter(|one| one.what != What::Codes).collect()
}

fn object(bytes: &[u8], name: &str, marks: &mut Vec<Mark>) -> Map<String, Value> {
    match payload::tree(bytes) {
        Some(Value::Object(object)) => object,
        _ => {
            marks.push(Mark::wrong(format!("Its {name} is no JSON object")));
            Map::new()
        }
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn header_rows(header: &Map<String, Value>, one: &mut Decoded) {
    for (name, value) in header {
        let (words, mark) = match name.as_str() {
            "alg" => algorithm(value.as_str().unwrap_or_default()),
            "typ" => ("kind of object", None),
            "kid" if header.get("alg").and_then(Value::as_str) == Some("dir") => {
                ("which challenge: the bank's acsTransID", None)
            }
            "kid" => ("which key", None),
            "enc" => encryption(value.as_str().unwrap_or_default()),
            "epk" => ("the sender's key for this one object", None),
            "apu" | "apv" => ("goes into the key", None),
            "jku" | "x5u" | "jwk" => (
                "where its key would be",
                Some(Mark::odd("A key named by the token itself proves nothing: never followed")),
            ),
            "crit" => ("must be understood", None),
            "x5c" => ("its certificates", None),
            _ => ("", None),
        };
        if name == "x5c" {
            chain_rows(value, one);
        } else {
            one.rows.push(Row::new(name, &shown(value), words).marked(mark));
        }
    }
    if !header.contains_key("alg") {
        one.rows.push(Row::new("alg", "", "").marked(Some(Mark::wrong("alg is missing: RFC 7515 requires it"))));
    }
}

fn algorithm(alg: &str) -> (&'static str, Option<Mark>) {
    let words = match alg {
        "HS256" | "HS384" | "HS512" => "a secret that both sides share",
        "RS256" | "RS384" | "RS512" => "RSA signature",
        "PS256" | "PS384" | "PS512" => "RSA signature, PSS",
        "ES256" | "ES384" | "ES512" => "signature on an elliptic curve",
        "EdDSA" => "Edwards-curve signature",
        "RSA-OAEP-256" => "key sealed with RSA",
        "RSA-OAEP" => "key sealed with RSA, SHA-1",
        "ECDH-ES" => "key agreed on an elliptic curve",
        "dir" => "a key that both sides have already",
        _ if alg.eq_ignore_ascii_case("none") => {
            let mark = Mark::wrong("alg is none: not signed at all, anybody can write it. Never accept it");
            return ("no signature", Some(mark));
        }
        _ => return ("", Some(Mark::odd("An algorithm that is not known here"))),
    };
    (words, None)
}

fn encryption(enc: &str) -> (&'static str, Option<Mark>) {
    match enc {
        "A128CBC-HS256" => ("AES-128 and a checksum by HMAC", None),
        "A128GCM" => ("AES-128 with its own checksum", None),
        _ => ("", Some(Mark::odd("3-D Secure has A128CBC-HS256 and A128GCM only"))),
    }
}

fn chain_rows(value: &Value, one: &mut Decoded) {
    let Some(chain) = value.as_array() else {
        one.rows.push(Row::new("x5c", &shown(value), "").marked(Some(Mark::wrong("x5c is a list of certificates"))));
        return;
    };
    for (at, certificate) in chain.iter().take(CHAIN).enumerate() {
        let name = format!("x5c[{at}]");
        let der = certificate.as_str().map(|text| base64(text, Due::Standard));
        let Some((Ok(der), marks)) = der else {
            one.rows.push(Row::new(&name, "", "").marked(Some(Mark::wrong("Not base64 of a certificate"))));
            continue;
        };
        let (subject, words, mark) = match subject(&der) {
            Some((subject, words)) => (subject, words, marks.into_iter().next()),
            None => (hex(&der[..der.len().min(8)]), String::new(), Some(Mark::wrong("Not a certificate (X.509, DER)"))),
        };
        one.rows.push(Row::new(&name, &subject, words).marked(mark));
    }
}

/// Subject of a certificate; who issued it and how long it is good.
fn subject(der: &[u8]) -> Option<(String, String)> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let validity = certificate.validity();
    let until = Timestamp::from_second(validity.not_after.timestamp()).ok()?;
    let (subject, issuer) = (certificate.subject().to_string(), certificate.issuer().to_string());
    let by = if subject == issuer { "issued by itself: a root".to_owned() } else { format!("issued by {issuer}") };
    Some((subject, format!("{by}; good until {}", until.strftime("%Y-%m-%d"))))
}

fn signature(text: &str, header: &Map<String, Value>, signature: &[u8], found: &Found<'_>, one: &mut Decoded) {
    let alg = header.get("alg").and_then(Value::as_str).unwrap_or_default();
    let due = match alg {
        "HS256" => Some(32),
        "ES256" => Some(64),
        _ => None,
    };
    let mark = due
        .filter(|due| *due != signature.len())
        .map(|due| Mark::wrong(format!("{alg} makes {due} bytes: this signature cannot be good")));
    one.rows.push(Row::new("signature", &format!("{} bytes", signature.len()), "").marked(mark));
    let signed = text.rsplit_once('.').map_or("", |(signed, _)| signed);
    let verdicts: Vec<_> = found.context.keys.iter().filter_map(|key| key.verifies(alg, signed, signature)).collect();
    one.marks.push(if verdicts.contains(&true) {
        Mark::known("Signature verified with the key that you gave")
    } else if verdicts.contains(&false) {
        Mark::wrong("The signature is not by the key that you gave")
    } else {
        Mark::known("Signature not verified: that takes the signer's key")
    });
}

/// Who signed, by the certificates that came along: whether these are to be trusted, only the
/// scheme's root says, which an app has. Source: emv-3ds.md 5.3.
fn signer(text: &str, found: &Found<'_>, one: &mut Decoded) {
    let Ok(signed) = Signed::read(text) else { return };
    let alg = signed.header.get("alg").and_then(Value::as_str).unwrap_or_default();
    if alg == "ES256" {
        match signed.is_by_its_leaf() {
            Ok(()) => one.marks.push(Mark::known("Signed by the key of its own first certificate")),
            Err(why) => one.marks.push(Mark::wrong(why)),
        }
    }
    let Some(root) = signed.chain.last() else { return };
    let at = found.context.recorded.filter(|_| signed.chain.len() > 1);
    if let Some(at) = at {
        match signed.leads_to(root, at) {
            Ok(who) => one.marks.push(Mark::known(format!("The chain is whole up to the last certificate: {who}"))),
            Err(why) => one.marks.push(Mark::odd(format!("The chain is broken: {why}"))),
        }
    }
}

fn claim_rows(claims: &Map<String, Value>, found: &Found<'_>, one: &mut Decoded) {
    let at = found.context;
    let second = |name: &str| claims.get(name).and_then(Value::as_i64);
    for (name, value) in claims {
        let (words, mark) = match name.as_str() {
            "iss" => ("who made it".into(), None),
            "sub" => ("for whom".into(), None),
            "aud" => ("who shall take it".into(), None),
            "client_id" | "azp" => ("the access key".into(), None),
            "jti" => ("its number".into(), None),
            "exp" => moment(value, at, "expires", |at, then| at >= then, ["Expired when this was recorded", "Expired"]),
            "nbf" => moment(
                value,
                at,
                "not before",
                |at, then| at < then,
                ["Not yet good when this was recorded: are the clocks apart?", "Not yet good: are the clocks apart?"],
            ),
            "iat" => moment(
                value,
                at,
                "made",
                |at, then| then.as_second() - at.as_second() > 60,
                ["Made after this was recorded: the clocks are apart", "Made in the future: the clocks are apart"],
            ),
            "scope" | "scp" => (scope_words(value), None),
            _ => (String::new(), None),
        };
        one.rows.push(Row::new(name, &list_shown(value), words).marked(mark));
    }
    if let (Some(exp), Some(iat)) = (second("exp"), second("iat")) {
        let life = exp.saturating_sub(iat);
        one.rows.push(Row::new("lives", &format!("{life} s"), span(life)));
    }
    if second("exp").is_none() {
        one.marks.push(Mark::odd("Without exp it never expires"));
    }
}

fn list_shown(value: &Value) -> String {
    match value.as_array() {
        Some(list) => list.iter().map(shown).collect::<Vec<_>>().join(" "),
        None => shown(value),
    }
}

/// A time claim in words, and what is wrong with it at the moment of the record, or now.
fn moment(
    value: &Value,
    context: &Context<'_>,
    word: &str,
    bad: impl Fn(Timestamp, Timestamp) -> bool,
    [then_says, now_says]: [&str; 2],
) -> (String, Option<Mark>) {
    let second = value.as_i64().or_else(|| value.as_f64().map(|second| second as i64));
    let Some(then) = second.and_then(|second| Timestamp::from_second(second).ok()) else {
        return (String::new(), Some(Mark::wrong("A time is a number of seconds since 1970")));
    };
    let words = format!("{word} {}", then.strftime("%Y-%m-%d %H:%M:%S UTC"));
    let Some(at) = context.recorded else { return (words, None) };
    let apart = then.as_second().saturating_sub(at.as_second());
    let far = span(apart.saturating_abs());
    let words = match (context.is_now, apart < 0) {
        (true, true) => format!("{words}, {far} ago"),
        (true, false) => format!("{words}, in {far}"),
        (false, true) => format!("{words}, {far} before this was recorded"),
        (false, false) => format!("{words}, {far} after this was recorded"),
    };
    (words, bad(at, then).then(|| Mark::odd(if context.is_now { now_says } else { then_says })))
}

/// `59 min 48 s`.
fn span(seconds: i64) -> String {
    match seconds {
        86_400.. => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
        3600.. => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        60.. => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{seconds} s"),
    }
}

/// What the scopes are good for. Source: sessions-api.md 1.5.
fn scope_words(value: &Value) -> String {
    let held: Vec<String> = list_shown(value).split_whitespace().map(str::to_owned).collect();
    let (may, not): (Vec<_>, Vec<_>) =
        ENDPOINTS.iter().partition(|endpoint| scopes::missing(&held, endpoint.step, endpoint.channel).is_none());
    let names = |list: &[&scopes::Endpoint]| list.iter().map(|one| one.name).collect::<Vec<_>>().join("; ");
    match (may.is_empty(), not.is_empty()) {
        (true, _) => "good for no call of this console".into(),
        (_, true) => "good for every call of this console".into(),
        _ => format!("good for {}; not for {}", names(&may), names(&not)),
    }
}

/// The bank's data for the app. Source: emv-3ds.md 5.3.
fn content_rows(claims: &Map<String, Value>, one: &mut Decoded) {
    for name in ["acsURL", "acsEphemPubKey", "sdkEphemPubKey"] {
        let row = match claims.get(name) {
            Some(value) if name == "acsURL" => Row::new(name, &shown(value), "where the app sends its CReq"),
            Some(value) => {
                let words = if name == "sdkEphemPubKey" {
                    "must be the app's own"
                } else {
                    "the bank's key for this challenge"
                };
                Row::new(name, &shown(value), words).marked(key::fault(value).map(Mark::wrong))
            }
            None => Row::new(name, "", "").marked(Some(Mark::wrong(format!("{name} is missing")))),
        };
        one.rows.push(row);
    }
    one.marks
        .push(Mark::known("An app checks: the chain up to the scheme's root, the signature, and its own key in it"));
}

/// A JWE. Source: RFC 7516; emv-3ds.md 5.3.
pub(super) fn sealed(text: &str, found: &Found<'_>) -> Decoded {
    let mut marks = Vec::new();
    if text.len() > LARGEST_SEALED {
        marks.push(Mark::wrong(format!("{} characters: at most {LARGEST_SEALED} are allowed", text.len())));
        return as_it_came(What::Jwe, text, found, marks);
    }
    let Some(parts) = parts(text, &["header", "key", "vector", "text", "checksum"], &mut marks) else {
        return as_it_came(What::Jwe, text, found, marks);
    };
    let header = object(&parts[0], "header", &mut marks);
    let mut one = Decoded { marks, ..Decoded::new(What::Jwe, found) };
    header_rows(&header, &mut one);
    let member = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default();
    let (alg, enc) = (member("alg"), member("enc"));
    let vector = if enc == "A128GCM" { 12 } else { 16 };
    let bare = matches!(alg, "dir" | "ECDH-ES");
    for (name, length, due) in [
        ("key", parts[1].len(), bare.then_some(0)),
        ("vector", parts[2].len(), Some(vector)),
        ("text", parts[3].len(), None),
        ("checksum", parts[4].len(), Some(16)),
    ] {
        let mark = due.filter(|due| *due != length).map(|due| Mark::wrong(format!("{due} bytes are due")));
        let words = if name == "vector" && alg == "dir" { counted(&parts[2], enc) } else { String::new() };
        one.rows.push(Row::new(name, &format!("{length} bytes"), words).marked(mark));
    }
    let opened = found.context.keys.iter().find_map(|key| key.opens(text));
    match opened {
        Some(plain) => {
            one.marks.push(Mark::known("Opened with the key that you gave"));
            one.content_type =
                if payload::tree(&plain).is_some() { "application/json" } else { "application/octet-stream" };
            one.inner = nested(&plain, found);
            one.bytes = Some(plain.into());
        }
        None => one.marks.push(Mark::known(needed(alg, member("kid")))),
    }
    one
}

/// Who sealed it, by its vector: with A128GCM eleven times 00 or FF, then the counter.
/// Source: emv-3ds.md 5.3.
fn counted(vector: &[u8], enc: &str) -> String {
    if enc != "A128GCM" {
        return "random: the whole key, both ways".into();
    }
    match vector.split_last() {
        Some((counter, rest)) if rest.len() == 11 && rest.iter().all(|byte| *byte == 0) => {
            format!("from the app, counter {counter:03}: the left half of the key")
        }
        Some((counter, rest)) if rest.len() == 11 && rest.iter().all(|byte| *byte == 0xFF) => {
            format!("from the bank, counter {counter:03}: the right half of the key")
        }
        _ => "neither the app's (eleven times 00) nor the bank's (eleven times FF)".into(),
    }
}

/// Which key would open it.
fn needed(alg: &str, kid: &str) -> String {
    let which = if kid.is_empty() { String::new() } else { format!(" ({})", text::cut(kid, 60)) };
    match alg {
        "dir" => format!(
            "Sealed: it takes the key{which} that app and bank agreed on, made from acsEphemPubKey, sdkEphemPubKey and \
             the app's private key"
        ),
        "ECDH-ES" | "RSA-OAEP-256" | "RSA-OAEP" => format!(
            "Sealed: it takes the directory server's private key{which}; its public half is certificates.ds_public of \
             the session"
        ),
        _ => format!("Sealed: it takes the receiver's private key{which}"),
    }
}

/// A JWK in base64url, as `certificates.ds_public` is.
pub(super) fn public_key(text: &str, found: &Found<'_>) -> Decoded {
    let (bytes, mut marks) = base64(text, Due::Url);
    let key = bytes.as_ref().ok().and_then(|bytes| payload::tree(bytes)).filter(Value::is_object);
    let (Some(Value::Object(key)), Ok(bytes)) = (key, bytes) else {
        marks.push(Mark::wrong("Not base64url of a JWK"));
        return as_it_came(What::Jwk, text, found, marks);
    };
    let mut one = Decoded { marks, ..Decoded::new(What::Jwk, found) };
    for (name, value) in &key {
        let words = match name.as_str() {
            "kty" => "kind of key",
            "crv" => "curve",
            "x" | "y" => "32 bytes",
            "kid" => "which key",
            "d" => "its private half",
            _ => "",
        };
        let mark = (name == "d").then(|| Mark::wrong("A private key: it must never be shown to anybody"));
        one.rows.push(Row::new(name, &shown(value), words).marked(mark));
    }
    one.marks.extend(key::fault(&Value::Object(key)).map(Mark::wrong));
    one.bytes = Some(bytes.into());
    one
}

/// A certificate in base64 or base64url of DER.
pub(super) fn certificate(text: &str, found: &Found<'_>) -> Decoded {
    let (bytes, mut marks) = base64(text, Due::Any);
    let der = bytes.unwrap_or_default();
    let Some((subject, words)) = subject(&der) else {
        marks.push(Mark::wrong("Not base64 of a certificate (X.509, DER)"));
        return as_it_came(What::Certificate, text, found, marks);
    };
    let mut one = Decoded { marks, ..Decoded::new(What::Certificate, found) };
    one.rows.push(Row::new("subject", &subject, words));
    one.rows.push(Row::new("length", &payload::size(der.len() as u64), ""));
    one.content_type = "application/octet-stream";
    one.bytes = Some(der.into());
    one
}

/// The access token of an answer: a JWT, or its mask with what the engine kept of it.
pub(super) fn token(text: &str, found: &Found<'_>) -> Decoded {
    let view = found.context.token.filter(|_| text::is_masked(text));
    let Some(view) = view else {
        return match shaped(text) {
            Some(What::Jwt) => signed(What::Jwt, text, found),
            _ => {
                let mark = Mark::known("Opaque: only the API can read it");
                Decoded::refused(What::Token, found, vec![mark])
            }
        };
    };
    let mut one = Decoded::new(What::Jwt, found);
    one.marks.push(Mark::known("Signature not verified: that takes the signer's key"));
    one.marks.push(Mark::known(
        "Masked in this record; this is the profile's present token, of which only the claims are kept",
    ));
    if let Some(Value::Object(header)) = &view.header {
        header_rows(header, &mut one);
    }
    match &view.claims {
        Some(Value::Object(claims)) => {
            claim_rows(claims, found, &mut one);
            one.bytes = Some(Value::Object(claims.clone()).to_string().into());
        }
        _ => one.marks.push(Mark::known("Opaque: only the API can read it")),
    }
    one
}
