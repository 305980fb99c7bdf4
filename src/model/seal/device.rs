//! The device's data, sealed by the SDK for the directory server: a compact JWE, `ECDH-ES`
//! in direct key agreement for a key on P-256, `RSA-OAEP-256` for one of RSA.
//! Source: RFC 7518 4.3, 4.6; emv-3ds.md 4.2, 5.3.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::{PublicKey, SecretKey};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::rsa;
use super::{Jwe, Unopened, concat_kdf, jwe, key};
use crate::model::device::Seal;

/// The directory server's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryKey {
    kind: Kind,
    kid: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Curve(PublicKey),
    Rsa(Box<rsa::Public>),
}

impl From<PublicKey> for DirectoryKey {
    fn from(key: PublicKey) -> Self {
        Self { kind: Kind::Curve(key), kid: None }
    }
}

/// Reads `certificates.ds_public`: base64url of a JWK. Padding and the other alphabet are
/// taken too.
///
/// # Errors
/// What is wrong with it.
pub fn directory_key(ds_public: &str) -> Result<DirectoryKey, &'static str> {
    let text = ds_public.trim().trim_end_matches('=');
    let url_safe = text.replace('+', "-").replace('/', "_");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(url_safe).map_err(|_| "its ds_public is not base64")?;
    let jwk: Value = serde_json::from_slice(&bytes).map_err(|_| "its ds_public is no JWK")?;
    let member = |name: &str| jwk.get(name).and_then(Value::as_str);
    let kind = match (member("kty"), member("crv")) {
        (Some("RSA"), _) => {
            let key = rsa::Public::read(&jwk).ok_or("its ds_public is no RSA key of 2048 bits or more")?;
            Kind::Rsa(Box::new(key))
        }
        (Some("EC"), Some("P-256")) => Kind::Curve(key::read(&jwk).map_err(|_| "its ds_public is not on the curve")?),
        _ => return Err("its ds_public is no P-256 key, and none of RSA"),
    };
    Ok(DirectoryKey { kind, kid: member("kid").map(str::to_owned) })
}

/// Seals for a directory server, with a key for this one message.
/// [`Seal::Plain`] has no place here: it is taken for A128GCM.
pub fn seal(plain: &[u8], to: &DirectoryKey, enc: Seal, random: &mut dyn FnMut(&mut [u8])) -> String {
    let enc = if enc == Seal::Cbc { Seal::Cbc } else { Seal::Gcm };
    let mut header = json!({ "alg": "ECDH-ES", "enc": enc.word() });
    if let Some(kid) = &to.kid {
        header["kid"] = kid.as_str().into();
    }
    let (secret, wrapped) = match &to.kind {
        Kind::Curve(theirs) => {
            let ephemeral = key::make(random);
            header["epk"] = key::jwk(&ephemeral.public_key());
            (content_key(&ephemeral, theirs, enc, b"", b""), Vec::new())
        }
        Kind::Rsa(theirs) => {
            header["alg"] = "RSA-OAEP-256".into();
            let mut secret = Zeroizing::new(vec![0; if enc == Seal::Cbc { 32 } else { 16 }]);
            random(&mut secret);
            let wrapped = theirs.wrap(&secret, random).expect("2048 bits hold 32 bytes");
            (secret, wrapped)
        }
    };
    let mut vector = [0; 16];
    let vector = &mut vector[..if enc == Seal::Cbc { 16 } else { 12 }];
    random(vector);
    jwe::write(&header.to_string(), &wrapped, enc, &secret, vector, plain)
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

/// Opens what was sealed for an RSA key.
///
/// # Errors
/// Why it does not open.
pub fn open_rsa(sealed: &Jwe<'_>, own: &rsa::Private) -> Result<Vec<u8>, Unopened> {
    if sealed.alg() != Some("RSA-OAEP-256") {
        return Err(Unopened::Algorithm("alg must be RSA-OAEP-256 for a key of RSA".into()));
    }
    sealed.enc()?;
    let secret = own.unwrap(&sealed.wrapped).ok_or(Unopened::Damaged)?;
    sealed.open(&secret)
}

fn content_key(own: &SecretKey, theirs: &PublicKey, enc: Seal, apu: &[u8], apv: &[u8]) -> Zeroizing<Vec<u8>> {
    let bits = if enc == Seal::Cbc { 256 } else { 128 };
    concat_kdf(own.diffie_hellman(theirs).raw_secret_bytes(), enc.word(), apu, apv, bits)
}
