//! Keys that somebody gave, and what they can do. Each key brings its own algorithm: what a
//! token says of itself picks nothing, and `none` verifies never.
//! Source: RFC 7515, 7516, 7518 4.6, 5.2, 5.3; RFC 8725 3.1.

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes128Gcm, KeyInit as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::{PublicKey, SecretKey};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::model::app::concat_kdf;
use crate::model::payload;

/// A key that somebody gave.
#[derive(Clone)]
pub enum Key {
    /// Shared: verifies HS256, opens `dir`.
    Shared(Vec<u8>),
    /// Public, P-256: verifies ES256.
    Public(PublicKey),
    /// Private, P-256: opens ECDH-ES.
    Private(SecretKey),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(••••)")
    }
}

impl Key {
    /// A JWK, or the text of a shared secret. An error says what is wrong with a JWK.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if !text.starts_with('{') {
            return match text {
                "" => Err("There is no key".into()),
                text => Ok(Self::Shared(text.as_bytes().to_vec())),
            };
        }
        let jwk = payload::tree(text.as_bytes()).ok_or("Not JSON: a JWK is one object")?;
        let bytes = |name: &str| {
            let text = jwk.get(name).and_then(Value::as_str)?;
            BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
        };
        match jwk.get("kty").and_then(Value::as_str) {
            Some("oct") => bytes("k").map(Self::Shared).ok_or_else(|| "k is missing, or no base64url".into()),
            Some("EC") if jwk.get("d").is_some() => {
                let private = bytes("d").and_then(|d| SecretKey::from_slice(&d).ok());
                private.map(Self::Private).ok_or_else(|| "d is no private key of P-256".into())
            }
            Some("EC") => public(&jwk).map(Self::Public),
            _ => Err("Only kty EC (P-256) and oct can be used here".into()),
        }
    }

    /// Whether a signature is by this key; `None` if the key is of another kind than the token
    /// says it was signed with.
    pub(super) fn verifies(&self, alg: &str, signed: &str, signature: &[u8]) -> Option<bool> {
        match (self, alg) {
            (Self::Shared(secret), "HS256") => {
                let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
                mac.update(signed.as_bytes());
                Some(mac.verify_slice(signature).is_ok())
            }
            (Self::Public(key), "ES256") => {
                let signature = Signature::from_slice(signature);
                Some(
                    signature
                        .is_ok_and(|signature| VerifyingKey::from(key).verify(signed.as_bytes(), &signature).is_ok()),
                )
            }
            _ => None,
        }
    }

    /// What is sealed in a compact JWE, if this key opens it.
    pub(super) fn opens(&self, header: &Map<String, Value>, compact: &str) -> Option<Vec<u8>> {
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        let (alg, enc) = (text("alg")?, text("enc")?);
        let bits = match enc {
            "A128GCM" => 128,
            "A128CBC-HS256" => 256,
            _ => return None,
        };
        let key = match (self, alg) {
            (Self::Shared(key), "dir") => key.clone(),
            (Self::Private(own), "ECDH-ES") => {
                let theirs = public(header.get("epk")?).ok()?;
                let party =
                    |name| text(name).and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok()).unwrap_or_default();
                let shared = own.diffie_hellman(&theirs);
                concat_kdf(shared.raw_secret_bytes(), enc, &party("apu"), &party("apv"), bits)
            }
            _ => return None,
        };
        let parts: Vec<&str> = compact.split('.').collect();
        let [head, _, iv, text, tag] = parts[..] else { return None };
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
        let (iv, text, tag) = (decode(iv)?, decode(text)?, decode(tag)?);
        match enc {
            "A128GCM" => gcm(&key, head, &iv, &[text, tag].concat()),
            _ => cbc(&key, head, &iv, &text, &tag),
        }
    }
}

/// The app's key is 16 bytes of 32: the left half from the app, the right half to it.
/// Source: emv-3ds.md 5.3.
fn gcm(key: &[u8], head: &str, iv: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let iv: [u8; 12] = iv.try_into().ok()?;
    let halves = if key.len() == 32 { vec![&key[..16], &key[16..]] } else { vec![key] };
    halves.into_iter().find_map(|key| {
        let cipher = Aes128Gcm::new_from_slice(key).ok()?;
        cipher.decrypt(&iv.into(), Payload { msg: sealed, aad: head.as_bytes() }).ok()
    })
}

/// Source: RFC 7518 5.2.2.2.
fn cbc(key: &[u8], head: &str, iv: &[u8], text: &[u8], tag: &[u8]) -> Option<Vec<u8>> {
    use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _, block_padding::Pkcs7};
    let (check, cipher) = key.split_at_checked(16).filter(|(_, cipher)| cipher.len() == 16)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(check).ok()?;
    mac.update(head.as_bytes());
    mac.update(iv);
    mac.update(text);
    mac.update(&(head.len() as u64 * 8).to_be_bytes());
    mac.verify_truncated_left(tag).ok().filter(|()| tag.len() == 16)?;
    let decryptor = cbc::Decryptor::<aes::Aes128>::new_from_slices(cipher, iv).ok()?;
    decryptor.decrypt_padded_vec::<Pkcs7>(text).ok()
}

/// The point of a public JWK on P-256.
fn public(jwk: &Value) -> Result<PublicKey, String> {
    if let Some(fault) = jwk_fault(jwk) {
        return Err(fault);
    }
    let point = |name| jwk.get(name).and_then(Value::as_str).and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok());
    let (x, y) = point("x").zip(point("y")).ok_or("x and y are missing")?;
    PublicKey::from_sec1_bytes(&[&[4], x.as_slice(), y.as_slice()].concat()).map_err(|_| "Not a point of P-256".into())
}

/// What is wrong with a public key of the protocol; `None` if it is good, or of a kind that
/// the protocol leaves to RSA. Source: emv-3ds.md 4.2.
pub(super) fn jwk_fault(jwk: &Value) -> Option<String> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    match text("kty") {
        Some("RSA") => return None,
        Some("EC") => (),
        _ => return Some("Not a key of kind EC (RSA only for the directory server)".into()),
    }
    if text("crv") != Some("P-256") {
        return Some("The curve is P-256".into());
    }
    let coordinate =
        |name| text(name).and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok()).filter(|x| x.len() == 32);
    let (Some(x), Some(y)) = (coordinate("x"), coordinate("y")) else {
        return Some("x and y are 32 bytes each: 43 characters of base64url without padding".into());
    };
    let point = PublicKey::from_sec1_bytes(&[&[4], x.as_slice(), y.as_slice()].concat());
    point.is_err().then(|| "The point is not on the curve".into())
}
