//! What the issuer signed for the SDK, and the SDK's look at it. Source: emv-3ds.md 5.3.

use jiff::Timestamp;
use p256::PublicKey;
use serde_json::Value;
use url::Url;

use super::Check;
use crate::model::app::OwnKey;
use crate::model::lens::unpacked;
use crate::model::profile::is_loopback;
use crate::model::seal::jws::Signed;
use crate::model::seal::key;

/// What the SDK goes on with.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// `acsEphemPubKey`.
    pub issuer: PublicKey,
    /// The same as it came.
    pub issuer_jwk: Value,
    /// `acsURL`.
    pub url: String,
}

/// The scheme's roots that a session shows, DER. Base64 in either alphabet.
pub fn roots(session: &Value) -> Vec<Vec<u8>> {
    let all = session.pointer("/certificates/ca_public_all").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let one = session.pointer("/certificates/ca_public");
    let mut roots: Vec<Vec<u8>> = one.into_iter().chain(all).filter_map(|text| unpacked(text.as_str()?)).collect();
    roots.dedup();
    roots
}

/// Looks at everything, and goes on looking when something is wrong: a tester wants to know
/// all of it. The content only if nothing is.
pub fn examine(signed: &str, roots: &[Vec<u8>], own: &OwnKey, at: Timestamp) -> (Vec<Check>, Option<Content>) {
    let mut checks = Vec::new();
    let mut check = |what: &str, found: Result<String, String>| {
        let good = found.is_ok();
        checks.push(Check { what: what.to_owned(), found });
        good
    };
    let read = match Signed::read(signed) {
        Ok(read) => read,
        Err(why) => {
            check("The signed content can be read", Err(why));
            return (checks, None);
        }
    };
    let alg = read.header.get("alg").and_then(Value::as_str).unwrap_or("no alg");
    let sentence = format!("A compact JWS, {alg}, {} in x5c", count(read.chain.len(), "certificate"));
    let mut good = check("The signed content can be read", Ok(sentence));
    good &= check("Its certificates lead to the scheme's root", leads(&read, roots, at));
    let by = read.is_by_its_leaf().map(|()| "ES256, by the key of x5c[0]".to_owned());
    good &= check("The signature is the issuer's", by);
    let mine = match read.payload.get("sdkEphemPubKey") {
        None => Err("sdkEphemPubKey is missing: the content could be anybody's".to_owned()),
        Some(key) if own.belongs_to(key) => Ok("sdkEphemPubKey is the key that this SDK has sent".to_owned()),
        Some(_) => Err("sdkEphemPubKey is another SDK's key: the content was made for somebody else".to_owned()),
    };
    good &= check("It was made for this app", mine);
    let issuer_jwk = read.payload.get("acsEphemPubKey").cloned().unwrap_or_default();
    let issuer = key::read(&issuer_jwk);
    let found = issuer.as_ref().map(|_| "acsEphemPubKey is a point on P-256".to_owned());
    good &= check("The issuer's key can be used", found.map_err(|why| format!("acsEphemPubKey: {why}")));
    let url = address(&read);
    good &= check("It says where to answer", url.clone());
    let content = issuer.ok().zip(url.ok()).filter(|_| good);
    (checks, content.map(|(issuer, url)| Content { issuer, issuer_jwk, url }))
}

fn leads(read: &Signed, roots: &[Vec<u8>], at: Timestamp) -> Result<String, String> {
    let mut why = "The session shows no root in certificates.ca_public".to_owned();
    for root in roots {
        match read.leads_to(root, at) {
            Ok(found) => return Ok(found),
            Err(breaks) => why = breaks,
        }
    }
    Err(why)
}

fn address(read: &Signed) -> Result<String, String> {
    let text = read.payload.get("acsURL").and_then(Value::as_str).ok_or("acsURL is missing")?;
    let url = Url::parse(text).map_err(|error| format!("acsURL is no address: {error}"))?;
    match url.scheme() {
        "https" => Ok(text.to_owned()),
        // The sandbox, or a tester's own issuer: nothing leaves this computer.
        "http" if is_loopback(&url) => Ok(text.to_owned()),
        _ => Err(format!("acsURL is not https: {text}")),
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
