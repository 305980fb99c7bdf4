//! Compact JWE with the two encodings of 3-D Secure, under a key that somebody has.
//! Source: RFC 7516 7.1; RFC 7518 5.2, 5.3.

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes128Gcm, KeyInit as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _, block_padding::Pkcs7};
use hmac::{Hmac, Mac as _};
use serde_json::{Map, Value};
use sha2::Sha256;

use super::Unopened;
use crate::model::device::Seal;

/// A compact JWE, taken apart and not opened.
#[derive(Debug, Clone)]
pub struct Jwe<'a> {
    /// Its header.
    pub header: Map<String, Value>,
    /// The key part: empty where both sides have the key.
    pub wrapped: Vec<u8>,
    /// The vector.
    pub vector: Vec<u8>,
    head: &'a str,
    text: Vec<u8>,
    tag: Vec<u8>,
}

impl<'a> Jwe<'a> {
    /// Takes it apart.
    ///
    /// # Errors
    /// [`Unopened::NotSealed`], with what is wrong.
    pub fn read(compact: &'a str) -> Result<Self, Unopened> {
        let fault = |why: String| Unopened::NotSealed(why);
        let parts: Vec<&str> = compact.split('.').collect();
        let [head, wrapped, vector, text, tag] = parts[..] else {
            return Err(fault(format!("{} parts with dots between; 5 are due", parts.len())));
        };
        let decode = |name: &str, part: &str| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(part);
            bytes.map_err(|_| fault(format!("its {name} is no base64url without padding")))
        };
        let header = serde_json::from_slice(&decode("header", head)?)
            .map_err(|_| fault("its header is no JSON object".to_owned()))?;
        Ok(Self {
            header,
            wrapped: decode("key", wrapped)?,
            vector: decode("vector", vector)?,
            head,
            text: decode("text", text)?,
            tag: decode("checksum", tag)?,
        })
    }

    /// `alg` of the header.
    pub fn alg(&self) -> Option<&str> {
        self.header.get("alg").and_then(Value::as_str)
    }

    /// `enc` of the header.
    ///
    /// # Errors
    /// [`Unopened::Algorithm`] if it is none of the protocol's two.
    pub fn enc(&self) -> Result<Seal, Unopened> {
        match self.header.get("enc").and_then(Value::as_str) {
            Some("A128CBC-HS256") => Ok(Seal::Cbc),
            Some("A128GCM") => Ok(Seal::Gcm),
            _ => Err(Unopened::Algorithm("enc must be A128CBC-HS256 or A128GCM".into())),
        }
    }

    /// Opens it with a content key: 32 bytes for A128CBC-HS256, 16 for A128GCM.
    ///
    /// # Errors
    /// [`Unopened::Damaged`] if the key is not the one, or a byte was changed;
    /// [`Unopened::Algorithm`] if the header demands what the protocol does not have.
    pub fn open(&self, key: &[u8]) -> Result<Vec<u8>, Unopened> {
        // Nobody here understands what `crit` names, and nothing is unpacked (RFC 7516 4.1.3, 4.1.13).
        if let Some(name) = ["crit", "zip"].into_iter().find(|name| self.header.contains_key(*name)) {
            return Err(Unopened::Algorithm(format!("{name} must not be in the header")));
        }
        let plain = match self.enc()? {
            Seal::Gcm => self.open_gcm(key),
            _ => self.open_cbc(key),
        };
        plain.ok_or(Unopened::Damaged)
    }

    fn open_gcm(&self, key: &[u8]) -> Option<Vec<u8>> {
        let vector: [u8; 12] = self.vector.as_slice().try_into().ok()?;
        let sealed = [self.text.as_slice(), &self.tag].concat();
        if self.tag.len() != 16 {
            return None;
        }
        let cipher = Aes128Gcm::new_from_slice(key).ok()?;
        cipher.decrypt(&vector.into(), Payload { msg: &sealed, aad: self.head.as_bytes() }).ok()
    }

    /// Source: RFC 7518 5.2.2.2.
    fn open_cbc(&self, key: &[u8]) -> Option<Vec<u8>> {
        let (check, cipher) = key.split_at_checked(16).filter(|(_, cipher)| cipher.len() == 16)?;
        let mac = checksum(check, self.head, &self.vector, &self.text)?;
        mac.verify_truncated_left(&self.tag).ok().filter(|()| self.tag.len() == 16)?;
        let decryptor = cbc::Decryptor::<aes::Aes128>::new_from_slices(cipher, &self.vector).ok()?;
        decryptor.decrypt_padded_vec::<Pkcs7>(&self.text).ok()
    }
}

fn checksum(key: &[u8], head: &str, vector: &[u8], text: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).ok()?;
    mac.update(head.as_bytes());
    mac.update(vector);
    mac.update(text);
    mac.update(&(head.len() as u64 * 8).to_be_bytes());
    Some(mac)
}

/// Writes a compact JWE. `key` and `vector` have the lengths of `enc`: 32 and 16 bytes for
/// A128CBC-HS256, 16 and 12 for A128GCM.
pub(super) fn write(header: &str, wrapped: &[u8], enc: Seal, key: &[u8], vector: &[u8], plain: &[u8]) -> String {
    let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let head = part(header.as_bytes());
    let (text, tag) = match enc {
        Seal::Gcm => {
            let cipher = Aes128Gcm::new_from_slice(key).expect("callers hand in 16 bytes");
            let vector: [u8; 12] = vector.try_into().expect("callers hand in 12 bytes");
            let payload = Payload { msg: plain, aad: head.as_bytes() };
            let mut text = cipher.encrypt(&vector.into(), payload).expect("a message is shorter than 64 GB");
            let tag = text.split_off(text.len().saturating_sub(16));
            (text, tag)
        }
        _ => {
            let (check, cipher) = key.split_at_checked(16).expect("callers hand in 32 bytes");
            let encryptor = cbc::Encryptor::<aes::Aes128>::new_from_slices(cipher, vector)
                .expect("callers hand in a key of 32 bytes and a vector of 16");
            let text = encryptor.encrypt_padded_vec::<Pkcs7>(plain);
            let mac = checksum(check, &head, vector, &text).expect("HMAC takes a key of any length");
            (text, mac.finalize().into_bytes()[..16].to_vec())
        }
    };
    format!("{head}.{}.{}.{}.{}", part(wrapped), part(vector), part(&text), part(&tag))
}
