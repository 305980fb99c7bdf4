//! Compact JWS with ES256, and the chain of certificates in its header: what an issuer signs
//! for an app, and what the app's SDK looks at. Source: RFC 7515; RFC 7518 3.4; RFC 5280;
//! emv-3ds.md 5.3.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use serde_json::{Map, Value};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Longest signed content, in characters. Source: emv-3ds.md 5.3.
pub const LARGEST: usize = 16_000;
/// Certificates of a chain that are read.
const CHAIN: usize = 8;
/// ecdsa-with-SHA256. Source: RFC 5758 3.2.
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";

/// Signs a payload; `header` says `ES256`.
pub fn sign(header: &Value, payload: &Value, key: &SigningKey) -> String {
    let encoded = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encoded(header), encoded(payload));
    let signature: Signature = key.sign(signed.as_bytes());
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

/// True if this key made this signature of this text; `signature` is r and s, 32 bytes each.
pub fn is_signed_by(key: &VerifyingKey, text: &[u8], signature: &[u8]) -> bool {
    Signature::from_slice(signature).is_ok_and(|signature| key.verify(text, &signature).is_ok())
}

/// A signed object, taken apart and not yet believed.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Its header.
    pub header: Map<String, Value>,
    /// What was signed.
    pub payload: Map<String, Value>,
    /// The certificates of `x5c`, leaf first, DER.
    pub chain: Vec<Vec<u8>>,
    text: String,
    signature: Vec<u8>,
}

impl Signed {
    /// Takes a compact JWS apart.
    ///
    /// # Errors
    /// What is wrong with its shape.
    pub fn read(compact: &str) -> Result<Self, String> {
        if compact.len() > LARGEST {
            return Err(format!("{} characters: at most {LARGEST} are allowed", compact.len()));
        }
        let parts: Vec<&str> = compact.split('.').collect();
        let [head, body, signature] = parts[..] else {
            return Err(format!("{} parts with dots between; 3 are due", parts.len()));
        };
        let decode = |name: &str, part: &str| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(part);
            bytes.map_err(|_| format!("Its {name} is no base64url without padding"))
        };
        let object = |name: &str, part: &str| -> Result<Map<String, Value>, String> {
            serde_json::from_slice(&decode(name, part)?).map_err(|_| format!("Its {name} is no JSON object"))
        };
        let header = object("header", head)?;
        let payload = object("payload", body)?;
        let certificates = header.get("x5c").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let der = |one: &Value| one.as_str().and_then(|text| BASE64_STANDARD.decode(text).ok());
        let chain: Option<Vec<_>> = certificates.iter().take(CHAIN).map(der).collect();
        let chain = chain.ok_or("x5c holds something that is not standard base64")?;
        let signature = decode("signature", signature)?;
        Ok(Self { text: format!("{head}.{body}"), header, payload, chain, signature })
    }

    /// Whether the chain leads up to this root, and each certificate and the root were good at this
    /// moment.
    ///
    /// # Errors
    /// Where it breaks.
    pub fn leads_to(&self, root: &[u8], at: Timestamp) -> Result<String, String> {
        let (_, root) = X509Certificate::from_der(root).map_err(|_| "The root is no certificate (X.509, DER)")?;
        let mut chain = Vec::new();
        for (place, der) in self.chain.iter().enumerate() {
            let (_, one) = X509Certificate::from_der(der).map_err(|_| format!("x5c[{place}] is no certificate"))?;
            chain.push(one);
        }
        let Some(leaf) = chain.first() else { return Err("x5c is missing: nobody says who signed".into()) };
        if !is_good(&root, at) {
            return Err(format!("The root is not good at this time: {}", root.subject()));
        }
        for (place, one) in chain.iter().enumerate() {
            if one.as_raw() == root.as_raw() {
                break; // the root itself, which is known
            }
            if !is_good(one, at) {
                return Err(format!("x5c[{place}] is not good at this time: {}", one.subject()));
            }
            let issuer = chain.get(place + 1).filter(|next| next.as_raw() != root.as_raw()).unwrap_or(&root);
            issued(one, issuer).map_err(|why| format!("x5c[{place}] ({}): {why}", one.subject()))?;
        }
        Ok(format!("{}, issued by {}", leaf.subject(), leaf.issuer()))
    }

    /// Whether the first certificate's key signed it, with ES256.
    ///
    /// # Errors
    /// What is wrong.
    pub fn is_by_its_leaf(&self) -> Result<(), String> {
        if self.header.get("alg").and_then(Value::as_str) != Some("ES256") {
            return Err("alg is not ES256".into());
        }
        if self.header.contains_key("crit") {
            return Err("crit names what nobody here understands".into()); // RFC 7515 4.1.11
        }
        let leaf = self.chain.first().ok_or("x5c is missing: nobody says who signed")?;
        let (_, leaf) = X509Certificate::from_der(leaf).map_err(|_| "x5c[0] is no certificate (X.509, DER)")?;
        let good = is_signed_by(&key_of(&leaf)?, self.text.as_bytes(), &self.signature);
        if good { Ok(()) } else { Err("The signature is not by the key of its first certificate".into()) }
    }
}

fn is_good(one: &X509Certificate<'_>, at: Timestamp) -> bool {
    let validity = one.validity();
    (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&at.as_second())
}

/// Whether a certificate was issued by another one.
fn issued(one: &X509Certificate<'_>, by: &X509Certificate<'_>) -> Result<(), String> {
    if one.issuer().as_raw() != by.subject().as_raw() {
        return Err(format!("it was issued by {}, not by {}", one.issuer(), by.subject()));
    }
    if !by.is_ca() {
        return Err(format!("{} may not issue certificates", by.subject()));
    }
    if one.signature_algorithm.algorithm.to_id_string() != ECDSA_SHA256 {
        return Err("it is not signed with ECDSA and SHA-256".into());
    }
    let signature = Signature::from_der(&one.signature_value.data).map_err(|_| "its signature cannot be read")?;
    let good = key_of(by)?.verify(one.tbs_certificate.as_ref(), &signature).is_ok();
    if good { Ok(()) } else { Err(format!("its signature is not by {}", by.subject())) }
}

fn key_of(certificate: &X509Certificate<'_>) -> Result<VerifyingKey, String> {
    let point = &certificate.public_key().subject_public_key.data;
    VerifyingKey::from_sec1_bytes(point).map_err(|_| format!("the key of {} is not on P-256", certificate.subject()))
}
