//! Keys that somebody gave, and what they can do. Each key brings its own algorithm: what a
//! token says of itself picks nothing, and `none` verifies never.
//! Source: RFC 7515, 7516, 7518 4.6, 5.2, 5.3; RFC 8725 3.1.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::{PublicKey, SecretKey};
use serde_json::Value;
use sha2::Sha256;

use crate::model::device::Seal;
use crate::model::payload;
use crate::model::seal::{Jwe, device, jws, key, rsa};

/// A key that somebody gave.
#[derive(Clone)]
pub enum Key {
    /// Shared: verifies HS256, opens `dir`.
    Shared(Vec<u8>),
    /// Public, P-256: verifies ES256.
    Public(PublicKey),
    /// Private, P-256: opens ECDH-ES.
    Private(SecretKey),
    /// Private, RSA: opens RSA-OAEP-256.
    Rsa(Box<rsa::Private>),
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
            Some("EC") => key::read(&jwk).map(Self::Public),
            Some("RSA") => {
                let private = rsa::Private::read(&jwk);
                private.map(|key| Self::Rsa(Box::new(key))).ok_or_else(|| "n, e, d, p and q make no RSA key".into())
            }
            _ => Err("Only kty EC (P-256), RSA and oct can be used here".into()),
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
            (Self::Public(key), "ES256") => Some(jws::is_signed_by(&key.into(), signed.as_bytes(), signature)),
            _ => None,
        }
    }

    /// What is sealed in a compact JWE, if this key opens it. The key that app and issuer agreed
    /// on is tried whole and in halves: the app's half is the left one. Source: emv-3ds.md 5.3.
    pub(super) fn opens(&self, compact: &str) -> Option<Vec<u8>> {
        let sealed = Jwe::read(compact).ok()?;
        match (self, sealed.alg()?) {
            (Self::Private(own), "ECDH-ES") => device::open_jwe(&sealed, own).ok(),
            (Self::Rsa(own), "RSA-OAEP-256") => device::open_rsa(&sealed, own).ok(),
            (Self::Shared(key), "dir") => match (sealed.enc().ok()?, key.split_at_checked(16)) {
                (Seal::Gcm, Some((left, right))) if right.len() == 16 => {
                    sealed.open(left).or_else(|_| sealed.open(right)).ok()
                }
                _ => sealed.open(key).ok(),
            },
            _ => None,
        }
    }
}
