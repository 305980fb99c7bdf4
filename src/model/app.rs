//! What a shopper's app sends instead of browser data: identifiers, an ephemeral P-256
//! key, and the device's description sealed for the directory server, made as a real
//! mobile SDK makes them. Randomness is handed in, so the same bytes make the same values.
//! Source: emv-3ds.md 1.4, 4.2, 5.3; sessions-api.md 3.7; RFC 7516, RFC 7518 4.6.

use std::fmt;

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes128Gcm, KeyInit as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::{PublicKey, SecretKey};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// The content encryption of the sealed device data.
const ENC: &str = "A128GCM";

/// Whose key the device data is sealed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealedFor {
    /// The directory server's, as `certificates.ds_public` shows it.
    DirectoryServer,
    /// One that was thrown away: nobody can open it.
    Throwaway {
        /// Why it was not the directory server's.
        why: &'static str,
    },
}

impl SealedFor {
    /// What it means, for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::DirectoryServer => "Sealed for the directory server's key of this session".into(),
            Self::Throwaway { why } => {
                format!(
                    "Sealed for a throwaway key ({why}): a directory server that looks inside ends it as unavailable"
                )
            }
        }
    }
}

/// The values of an app's channel data that are new for each transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct AppValues {
    /// `sdk_app_id`: a UUID.
    pub app_id: String,
    /// `sdk_transaction_id`: a UUID, the one inside the sealed data.
    pub transaction_id: String,
    /// `sdk_ephem_pub_key`: a JWK with `kty`, `crv`, `x` and `y`.
    pub ephem_pub_key: Value,
    /// `sdk_encrypted_data`: a compact JWE.
    pub encrypted_data: String,
    /// For whom.
    pub sealed_for: SealedFor,
    /// The private half of `ephem_pub_key`.
    pub own: OwnKey,
}

/// The private half of an app's ephemeral key: in memory only, for one transaction. What
/// prints it prints dots; two are equal if they are halves of the same key.
#[derive(Clone)]
pub struct OwnKey(SecretKey);

impl OwnKey {
    /// A fresh one.
    pub fn make(random: &mut dyn FnMut(&mut [u8])) -> Self {
        Self(key(random))
    }

    /// The public half: a JWK with `kty`, `crv`, `x` and `y`.
    pub fn public(&self) -> Value {
        jwk(&self.0.public_key())
    }

    /// True if `jwk` is the public half.
    pub fn belongs_to(&self, jwk: &Value) -> bool {
        let own = self.public();
        ["kty", "crv", "x", "y"].iter().all(|name| jwk.get(name) == own.get(name))
    }

    /// What the two sides agree on. The only way out.
    pub fn expose(&self) -> &SecretKey {
        &self.0
    }
}

impl fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnKey(••••)")
    }
}

impl PartialEq for OwnKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.public_key() == other.0.public_key()
    }
}

impl AppValues {
    /// Fresh values. `ds_public` is `certificates.ds_public` of the session, if it shows
    /// one; `random` fills a buffer with random bytes.
    pub fn make(ds_public: Option<&str>, random: &mut dyn FnMut(&mut [u8])) -> Self {
        let (app_id, transaction_id) = (uuid(random), uuid(random));
        let own = OwnKey::make(random);
        let (recipient, sealed_for) = match ds_public.map(directory_key) {
            Some(Ok(key)) => (key, SealedFor::DirectoryServer),
            Some(Err(why)) => (key(random).public_key(), SealedFor::Throwaway { why }),
            None => (key(random).public_key(), SealedFor::Throwaway { why: "no session has shown one yet" }),
        };
        let data = device_data(&app_id, &transaction_id).to_string();
        let encrypted_data = seal(data.as_bytes(), &recipient, random);
        Self { app_id, transaction_id, ephem_pub_key: own.public(), encrypted_data, sealed_for, own }
    }

    /// The values under the names of `channel_data`.
    pub fn members(&self) -> Map<String, Value> {
        let members = [
            ("sdk_app_id", json!(self.app_id)),
            ("sdk_transaction_id", json!(self.transaction_id)),
            ("sdk_ephem_pub_key", self.ephem_pub_key.clone()),
            ("sdk_encrypted_data", json!(self.encrypted_data)),
        ];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// A phone as its SDK would describe it; the values are our choice, the shape is
/// emv-3ds.md 4.2: data version, data, what is not available and why, warnings.
fn device_data(app_id: &str, transaction_id: &str) -> Value {
    json!({
        "DV": "1.6",
        "DD": {
            "C001": "Android", "C002": "Sessions Console||App simulator", "C003": "Android 16", "C004": "16",
            "C005": "en-GB", "C006": "0", "C008": "1080x2400", "C009": "Shopper's phone",
            "C014": app_id, "C018": transaction_id
        },
        "DPNA": { "C010": "RE01", "C011": "RE01", "C012": "RE01" },
        "SW": ["SW03"]
    })
}

fn uuid(random: &mut dyn FnMut(&mut [u8])) -> String {
    let mut bytes = [0; 16];
    random(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// A private key; of 2^32 draws about one is drawn again.
fn key(random: &mut dyn FnMut(&mut [u8])) -> SecretKey {
    loop {
        let mut bytes = [0; 32];
        random(&mut bytes);
        if let Ok(key) = SecretKey::from_slice(&bytes) {
            return key;
        }
    }
}

fn jwk(key: &PublicKey) -> Value {
    let point = key.to_sec1_point(false);
    // 04, then x and y with 32 bytes each: what "not compressed" means.
    let half = |at: usize| BASE64_URL_SAFE_NO_PAD.encode(point.as_bytes().get(at..at + 32).unwrap_or_default());
    json!({ "kty": "EC", "crv": "P-256", "x": half(1), "y": half(33) })
}

/// Reads `certificates.ds_public`: base64url of a JWK. Padding and the other alphabet are
/// taken too.
fn directory_key(ds_public: &str) -> Result<PublicKey, &'static str> {
    let text = ds_public.trim().trim_end_matches('=');
    let url_safe = text.replace('+', "-").replace('/', "_");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(url_safe).map_err(|_| "its ds_public is not base64")?;
    let jwk: Value = serde_json::from_slice(&bytes).map_err(|_| "its ds_public is no JWK")?;
    let member = |name: &str| jwk.get(name).and_then(Value::as_str);
    if (member("kty"), member("crv")) != (Some("EC"), Some("P-256")) {
        return Err("its ds_public is no P-256 key");
    }
    let coordinate = |name| member(name).and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok());
    let (Some(x), Some(y)) = (coordinate("x"), coordinate("y")) else { return Err("its ds_public has no x and y") };
    let point: Vec<u8> = [&[4], x.as_slice(), y.as_slice()].concat();
    PublicKey::from_sec1_bytes(&point).map_err(|_| "its ds_public is not on the curve")
}

/// A compact JWE: `ECDH-ES` in direct key agreement, `A128GCM`, no `apu` and no `apv`.
fn seal(plain: &[u8], to: &PublicKey, random: &mut dyn FnMut(&mut [u8])) -> String {
    let ephemeral = key(random);
    let header = json!({ "alg": "ECDH-ES", "enc": ENC, "epk": jwk(&ephemeral.public_key()) });
    let header = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
    let shared = ephemeral.diffie_hellman(to);
    let secret = concat_kdf(shared.raw_secret_bytes(), ENC, b"", b"", 128);
    let cipher = Aes128Gcm::new_from_slice(&secret).expect("the derived key has 16 bytes");
    let mut iv = [0; 12];
    random(&mut iv);
    let sealed = cipher
        .encrypt(&iv.into(), Payload { msg: plain, aad: header.as_bytes() })
        .expect("a message of a few hundred bytes is within the cipher's limit");
    let (text, tag) = sealed.split_at(sealed.len().saturating_sub(16));
    let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    format!("{header}..{}.{}.{}", part(&iv), part(text), part(tag))
}

/// The key that both sides derive: one round of SHA-256, which gives up to 256 bits.
/// Source: RFC 7518 4.6.2, NIST SP 800-56A 5.8.1.
pub(super) fn concat_kdf(shared: &[u8], algorithm: &str, party_u: &[u8], party_v: &[u8], bits: u32) -> Vec<u8> {
    let mut hash = Sha256::new_with_prefix(1_u32.to_be_bytes());
    hash.update(shared);
    for part in [algorithm.as_bytes(), party_u, party_v] {
        hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.update(bits.to_be_bytes());
    let length = usize::try_from(bits / 8).unwrap_or(usize::MAX);
    hash.finalize().iter().copied().take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Vec<u8> {
        BASE64_URL_SAFE_NO_PAD.decode(text).expect("base64url")
    }

    fn secret(d: &str) -> SecretKey {
        SecretKey::from_slice(&decode(d)).expect("a key")
    }

    /// Bytes that look random and are the same each time.
    fn counting() -> impl FnMut(&mut [u8]) {
        let mut n = 0_u8;
        move |buffer| {
            for byte in buffer {
                n = n.wrapping_mul(31).wrapping_add(7);
                *byte = n;
            }
        }
    }

    /// RFC 7518, appendix C.
    #[test]
    fn the_derived_key_is_the_one_of_the_rfc() {
        let alice = secret("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo");
        let bob = secret("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw");
        assert_eq!(jwk(&alice.public_key())["x"], "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0");
        assert_eq!(jwk(&alice.public_key())["y"], "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps");
        let shared = alice.diffie_hellman(&bob.public_key());
        let key = concat_kdf(shared.raw_secret_bytes(), "A128GCM", b"Alice", b"Bob", 128);
        assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(key), "VqqN6vgjbSBcIijNcacQGg");
    }

    /// The self-test of emv-3ds.md 5.3: the same function with other inputs.
    #[test]
    fn the_derived_key_is_the_one_of_the_sdk_vector() {
        let shared: Vec<u8> = (0..32).collect();
        let key = concat_kdf(&shared, "", b"", b"SANDBOX_SDK_REF_0001", 256);
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "678f03fcb4498b17c93238d868a6a24d6bf215f94a5b4b291784a1a5a6f21220");
    }

    /// Opens the JWE as the directory server does, with nothing but its private key.
    fn open(compact: &str, own: &SecretKey) -> Value {
        let parts: Vec<&str> = compact.split('.').collect();
        let [header, "", iv, text, tag] = parts[..] else { panic!("five parts, the second empty: {compact}") };
        let read: Value = serde_json::from_slice(&decode(header)).expect("a header");
        assert_eq!((read["alg"].as_str(), read["enc"].as_str()), (Some("ECDH-ES"), Some("A128GCM")));
        let theirs = directory_key(&BASE64_URL_SAFE_NO_PAD.encode(read["epk"].to_string())).expect("a point");
        let key = concat_kdf(own.diffie_hellman(&theirs).raw_secret_bytes(), "A128GCM", b"", b"", 128);
        let sealed = [decode(text), decode(tag)].concat();
        let iv: [u8; 12] = decode(iv).try_into().expect("twelve bytes");
        let payload = Payload { msg: &sealed, aad: header.as_bytes() };
        let plain = Aes128Gcm::new_from_slice(&key).expect("16 bytes").decrypt(&iv.into(), payload).expect("opens");
        serde_json::from_slice(&plain).expect("JSON")
    }

    #[test]
    fn the_directory_server_can_open_the_device_data() {
        let ds = secret("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw");
        let shown = BASE64_URL_SAFE_NO_PAD.encode(jwk(&ds.public_key()).to_string());
        let values = AppValues::make(Some(&shown), &mut counting());
        assert_eq!(values.sealed_for, SealedFor::DirectoryServer);
        let data = open(&values.encrypted_data, &ds);
        assert_eq!(data["DD"]["C018"], values.transaction_id.as_str());
        assert_eq!(data["SW"], json!(["SW03"]));
        assert_eq!(values.ephem_pub_key["x"].as_str().map(str::len), Some(43));
        assert_eq!(uuid::Uuid::parse_str(&values.app_id).map(|id| id.get_version_num()), Ok(4));
    }

    #[test]
    fn without_a_usable_key_it_says_why() {
        for (shown, word) in [(None, "no session"), (Some("eyJrdHkiOiJFQyJ9"), "P-256"), (Some("###"), "base64")] {
            let values = AppValues::make(shown, &mut counting());
            assert!(values.sealed_for.sentence().contains(word), "{:?}", values.sealed_for);
            assert_eq!(values.encrypted_data.split('.').count(), 5);
        }
    }

    #[test]
    fn same_randomness_same_values_and_other_randomness_others() {
        let first = AppValues::make(None, &mut counting());
        assert_eq!(first, AppValues::make(None, &mut counting()));
        let mut all = counting();
        all(&mut [0]);
        assert_ne!(first, AppValues::make(None, &mut all));
    }
}
