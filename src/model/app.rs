//! What a shopper's app sends instead of browser data: identifiers, an ephemeral P-256
//! key, and the device's description sealed for the directory server, made as a real
//! mobile SDK makes them. Randomness is handed in, so the same bytes make the same values.
//! Source: emv-3ds.md 1.4, 4.2, 5.3; sessions-api.md 3.7; RFC 7516, RFC 7518 4.6.

use std::fmt;

use p256::SecretKey;
use serde_json::{Map, Value, json};

use super::device::Seal;
use super::seal::{device, key};

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

/// The private half of an app's ephemeral key: made for one transaction, kept in memory, at
/// the longest until the program closes, never saved. What prints it prints dots; two are
/// equal if they are halves of the same key.
#[derive(Clone)]
pub struct OwnKey(SecretKey);

impl OwnKey {
    /// A fresh one.
    pub fn make(random: &mut dyn FnMut(&mut [u8])) -> Self {
        Self(key::make(random))
    }

    /// The public half: a JWK with `kty`, `crv`, `x` and `y`.
    pub fn public(&self) -> Value {
        key::jwk(&self.0.public_key())
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
        let (recipient, sealed_for) = match ds_public.map(device::directory_key) {
            Some(Ok(key)) => (key, SealedFor::DirectoryServer),
            Some(Err(why)) => (key::make(random).public_key().into(), SealedFor::Throwaway { why }),
            None => {
                (key::make(random).public_key().into(), SealedFor::Throwaway { why: "no session has shown one yet" })
            }
        };
        let data = device_data(&app_id, &transaction_id).to_string();
        let encrypted_data = device::seal(data.as_bytes(), &recipient, Seal::Gcm, random);
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

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use p256::SecretKey;

    use super::*;

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

    #[test]
    fn the_directory_server_can_open_the_device_data() {
        let ds = SecretKey::from_slice(&[7; 32]).expect("a key");
        let shown = BASE64_URL_SAFE_NO_PAD.encode(key::jwk(&ds.public_key()).to_string());
        let values = AppValues::make(Some(&shown), &mut counting());
        assert_eq!(values.sealed_for, SealedFor::DirectoryServer);
        let plain = device::open(&values.encrypted_data, &ds).expect("opens");
        let data: Value = serde_json::from_slice(&plain).expect("JSON");
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
