//! The device's data, sealed by the SDK for the directory server: a compact JWE, `ECDH-ES`
//! in direct key agreement. Source: RFC 7518 4.6; emv-3ds.md 4.2, 5.3.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::{PublicKey, SecretKey};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Jwe, Unopened, concat_kdf, jwe, key};
use crate::model::device::Seal;

/// Reads `certificates.ds_public`: base64url of a JWK. Padding and the other alphabet are
/// taken too.
///
/// # Errors
/// What is wrong with it.
pub fn directory_key(ds_public: &str) -> Result<PublicKey, &'static str> {
    let text = ds_public.trim().trim_end_matches('=');
    let url_safe = text.replace('+', "-").replace('/', "_");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(url_safe).map_err(|_| "its ds_public is not base64")?;
    let jwk: Value = serde_json::from_slice(&bytes).map_err(|_| "its ds_public is no JWK")?;
    let member = |name: &str| jwk.get(name).and_then(Value::as_str);
    if (member("kty"), member("crv")) != (Some("EC"), Some("P-256")) {
        return Err("its ds_public is no P-256 key");
    }
    key::read(&jwk).map_err(|_| "its ds_public is not on the curve")
}

/// Seals for a P-256 key, with a key of its own for this one message.
/// [`Seal::Plain`] has no place here: it is taken for A128GCM.
pub fn seal(plain: &[u8], to: &PublicKey, enc: Seal, random: &mut dyn FnMut(&mut [u8])) -> String {
    let enc = if enc == Seal::Cbc { Seal::Cbc } else { Seal::Gcm };
    let ephemeral = key::make(random);
    let header = json!({ "alg": "ECDH-ES", "enc": enc.word(), "epk": key::jwk(&ephemeral.public_key()) }).to_string();
    let secret = content_key(&ephemeral, to, enc, b"", b"");
    let mut vector = [0; 16];
    let vector = &mut vector[..if enc == Seal::Cbc { 16 } else { 12 }];
    random(vector);
    jwe::write(&header, b"", enc, &secret, vector, plain)
}

/// Opens with the receiver's key.
///
/// # Errors
/// Why it does not open.
pub fn open(compact: &str, own: &SecretKey) -> Result<Vec<u8>, Unopened> {
    open_jwe(&Jwe::read(compact)?, own)
}

/// The same for one that has been taken apart.
///
/// # Errors
/// Why it does not open.
pub fn open_jwe(sealed: &Jwe<'_>, own: &SecretKey) -> Result<Vec<u8>, Unopened> {
    if sealed.alg() != Some("ECDH-ES") {
        return Err(Unopened::Algorithm("alg must be ECDH-ES for a key on P-256".into()));
    }
    let enc = sealed.enc()?;
    if !sealed.wrapped.is_empty() {
        return Err(Unopened::NotSealed("with ECDH-ES the key part, its second, is empty".into()));
    }
    let theirs = sealed.header.get("epk").ok_or_else(|| Unopened::NotSealed("epk is missing".into()))?;
    let theirs = key::read(theirs).map_err(|why| Unopened::NotSealed(format!("its epk: {why}")))?;
    let party = |name: &str| {
        let text = sealed.header.get(name).and_then(Value::as_str);
        text.and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok()).unwrap_or_default()
    };
    sealed.open(&content_key(own, &theirs, enc, &party("apu"), &party("apv")))
}

fn content_key(own: &SecretKey, theirs: &PublicKey, enc: Seal, apu: &[u8], apv: &[u8]) -> Zeroizing<Vec<u8>> {
    let bits = if enc == Seal::Cbc { 256 } else { 128 };
    concat_kdf(own.diffie_hellman(theirs).raw_secret_bytes(), enc.word(), apu, apv, bits)
}
