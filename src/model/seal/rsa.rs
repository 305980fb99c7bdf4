//! RSA keys of a directory server, and content keys sealed with them: `RSA-OAEP-256`.
//! Source: RFC 7518 4.3, 6.3; emv-3ds.md 5.3.

use std::convert::Infallible;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::traits::PublicKeyParts as _;
use rsa::{BoxedUint, Oaep, PrivateKey, PublicKey};
use serde_json::{Value, json};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bits of a new key. Source: RFC 7518 4.3: 2048 at least.
const BITS: usize = 2048;

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Public(PublicKey);

/// A private key.
#[derive(Clone)]
pub struct Private(PrivateKey);

impl std::fmt::Debug for Private {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Private(••••)")
    }
}

fn number(jwk: &Value, name: &str) -> Option<BoxedUint> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok()?;
    (!bytes.is_empty() && bytes.len() <= 1024).then(|| BoxedUint::from_be_slice_vartime(&bytes))
}

impl Public {
    /// Reads a JWK of 2048 bits or more; `None` if it is none.
    pub fn read(jwk: &Value) -> Option<Self> {
        let key = PublicKey::new(number(jwk, "n")?, number(jwk, "e")?).ok()?;
        (key.n().bit_width_vartime() as usize >= BITS).then_some(Self(key))
    }

    /// Seals a content key; `None` if the key is too short for it.
    pub(super) fn wrap(&self, key: &[u8], random: &mut dyn FnMut(&mut [u8])) -> Option<Vec<u8>> {
        self.0.encrypt(&mut Draw(random), Oaep::<Sha256>::new(), key).ok()
    }
}

impl Private {
    /// A new key; takes a second or so.
    pub fn make(random: &mut dyn FnMut(&mut [u8])) -> Self {
        Self(PrivateKey::new(&mut Draw(random), BITS).expect("2048 bits are enough, and the source never fails"))
    }

    /// Reads a JWK with its two primes; `None` if it is none.
    pub fn read(jwk: &Value) -> Option<Self> {
        let part = |name: &str| number(jwk, name);
        let primes = vec![part("p")?, part("q")?];
        PrivateKey::from_components(part("n")?, part("e")?, part("d")?, primes).ok().map(Self)
    }

    /// Its public half, as JWK.
    pub fn jwk(&self) -> Value {
        let text = |bytes: Box<[u8]>| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let (n, e) = (self.0.n().to_be_bytes_trimmed_vartime(), self.0.e().to_be_bytes_trimmed_vartime());
        json!({"kty": "RSA", "n": text(n), "e": text(e)})
    }

    /// The content key that was sealed.
    pub(super) fn unwrap(&self, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.0.decrypt(Oaep::<Sha256>::new(), wrapped).ok().map(Zeroizing::new)
    }
}

/// Randomness that is handed in, as the crate wants it.
struct Draw<'a>(&'a mut dyn FnMut(&mut [u8]));

impl TryRng for Draw<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        (self.0)(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        (self.0)(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        (self.0)(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Draw<'_> {}
