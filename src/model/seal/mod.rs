//! The seals of an app's challenge, once for everybody: the SDK of the simulated device, the
//! sandbox's directory server and issuer, and the lens that shows what was sealed.
//!
//! ```text
//! key     P-256 keys as JWK, and what is wrong with one
//! jwe     compact JWE with both encodings, under a key that somebody has
//! jws     compact JWS with ES256, and the chain of certificates in it
//! device  the device's data, sealed for the directory server
//! rsa     RSA keys, the other kind that a directory server may have
//! here    the channel between SDK and issuer: one agreed key, two directions
//! ```
//!
//! Promises: what a message says of itself picks no key and no algorithm but the ones that the
//! protocol has; what does not open says why, and never how far it came. Randomness is handed
//! in, so the same bytes make the same values. The primitives are RustCrypto's.
//! Source: emv-3ds.md 5.3; RFC 7515, 7516, 7518 4.6, 5.2, 5.3.

pub mod device;
mod jwe;
pub mod jws;
pub mod key;
pub mod rsa;

use p256::{PublicKey, SecretKey};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::device::Seal;
use super::scenario::Version;

pub use jwe::Jwe;

/// Why a sealed message was not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unopened {
    /// No compact JWE: what is wrong with it.
    NotSealed(String),
    /// An `alg` or `enc` that the protocol does not have here.
    Algorithm(String),
    /// A JWE as it should be, but not under this key: foreign key, changed bytes, wrong tag.
    Damaged,
}

impl Unopened {
    /// The protocol's error code. Source: emv-3ds.md 3.7 (310 from 2.3.1 on).
    pub fn code(&self, version: Version) -> &'static str {
        match self {
            Self::NotSealed(_) => "101",
            Self::Algorithm(_) if version >= Version::V231 => "310",
            Self::Algorithm(_) | Self::Damaged => "302",
        }
    }

    /// For people.
    pub fn sentence(&self) -> String {
        match self {
            Self::NotSealed(why) => format!("Not a sealed message: {why}"),
            Self::Algorithm(why) => why.clone(),
            Self::Damaged => "The checksum does not fit: sealed under another key, or changed on its way".to_owned(),
        }
    }
}

/// Who seals a message of the challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The SDK: CReq.
    Sdk,
    /// The issuer: CRes.
    Issuer,
}

impl Side {
    /// Eleven of these and the counter are the vector of A128GCM. Source: emv-3ds.md 5.3.
    fn filler(self) -> u8 {
        match self {
            Self::Sdk => 0x00,
            Self::Issuer => 0xFF,
        }
    }
}

/// A message that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The JWE's header.
    pub header: Map<String, Value>,
    /// Its `enc`.
    pub enc: Seal,
    /// Its `kid`, if it is text.
    pub kid: Option<String>,
    /// A128GCM: the counter in the vector, if the vector is the protocol's for this direction.
    pub counter: Option<u8>,
    /// What was inside.
    pub plain: Vec<u8>,
}

/// The channel between SDK and issuer: both derive the same key from their own secret and the
/// other's public key.
#[derive(Clone)]
pub struct Channel {
    key: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Channel(••••)")
    }
}

impl Channel {
    /// The channel of one challenge; `reference` is the sdkReferenceNumber.
    pub fn agree(own: &SecretKey, theirs: &PublicKey, reference: &str) -> Self {
        let shared = own.diffie_hellman(theirs);
        let derived = concat_kdf(shared.raw_secret_bytes(), "", b"", reference.as_bytes(), 256);
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(&derived);
        Self { key }
    }

    /// A channel under a key that nobody agreed on, or that was shown somewhere.
    pub fn with_key(key: [u8; 32]) -> Self {
        Self { key: Zeroizing::new(key) }
    }

    /// All 256 bits, for people to see: it is worth one challenge of a test.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The part of the key that seals in this direction. Source: emv-3ds.md 5.3.
    fn part(&self, from: Side, enc: Seal) -> &[u8] {
        match (enc, from) {
            (Seal::Gcm, Side::Sdk) => &self.key[..16],
            (Seal::Gcm, Side::Issuer) => &self.key[16..],
            _ => &self.key[..],
        }
    }

    /// Seals a message as a compact JWE. `random` is the vector of A128CBC-HS256; A128GCM takes
    /// the counter instead. [`Seal::Plain`] seals nothing: the text comes back as it is.
    pub fn seal(&self, from: Side, enc: Seal, kid: &str, counter: u8, plain: &[u8], random: [u8; 16]) -> String {
        let header = json!({"alg": "dir", "kid": kid, "enc": enc.word()}).to_string();
        self.seal_under(from, enc, &header, counter, plain, random)
    }

    /// The same under a header that is given as text: for what must not be as it should.
    pub fn seal_under(
        &self,
        from: Side,
        enc: Seal,
        header: &str,
        counter: u8,
        plain: &[u8],
        random: [u8; 16],
    ) -> String {
        let key = self.part(from, enc);
        match enc {
            Seal::Plain => String::from_utf8_lossy(plain).into_owned(),
            Seal::Cbc => jwe::write(header, b"", enc, key, &random, plain),
            Seal::Gcm => jwe::write(header, b"", enc, key, &vector(from, counter), plain),
        }
    }

    /// Opens what the other side sealed. Neither `kid` nor the counter is judged here.
    ///
    /// # Errors
    /// Why it does not open.
    pub fn open(&self, from: Side, compact: &str) -> Result<Opened, Unopened> {
        let sealed = Jwe::read(compact)?;
        if sealed.alg() != Some("dir") {
            return Err(Unopened::Algorithm("alg must be dir: the key has been agreed on before".into()));
        }
        let enc = sealed.enc()?;
        if !sealed.wrapped.is_empty() {
            return Err(Unopened::NotSealed("with dir the key part, its second, is empty".into()));
        }
        let plain = sealed.open(self.part(from, enc))?;
        let counter = match *sealed.vector {
            [ref filler @ .., counter] if enc == Seal::Gcm && filler.iter().all(|byte| *byte == from.filler()) => {
                Some(counter)
            }
            _ => None,
        };
        let kid = sealed.header.get("kid").and_then(Value::as_str).map(str::to_owned);
        Ok(Opened { enc, kid, counter, plain, header: sealed.header })
    }
}

/// Eleven fillers and the counter. Source: emv-3ds.md 5.3.
fn vector(from: Side, counter: u8) -> [u8; 12] {
    let mut vector = [from.filler(); 12];
    vector[11] = counter;
    vector
}

/// The key that both sides derive: one round of SHA-256, which gives up to 256 bits.
/// Source: RFC 7518 4.6.2, NIST SP 800-56A 5.8.1.
pub fn concat_kdf(shared: &[u8], algorithm: &str, party_u: &[u8], party_v: &[u8], bits: u32) -> Zeroizing<Vec<u8>> {
    let mut hash = Sha256::new_with_prefix(1_u32.to_be_bytes());
    hash.update(shared);
    for part in [algorithm.as_bytes(), party_u, party_v] {
        hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.update(bits.to_be_bytes());
    let length = usize::try_from(bits / 8).unwrap_or(usize::MAX);
    Zeroizing::new(hash.finalize().iter().copied().take(length).collect())
}

#[cfg(test)]
mod tests;
