//! Everything the sandbox makes up: ids, secrets, keys, certificates, cryptograms.
//!
//! Hides where randomness comes from. With a seed every value derives from
//! (seed, counter), so two runs answer alike, certificate and signatures included. Without
//! one, the system's generator decides.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use p256::SecretKey;
use p256::ecdsa::signature::{Signer as Signs, Verifier};
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    SignatureAlgorithm,
};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::model::Secret;
use crate::model::scenario::SignedBy;
use crate::model::seal::{Jwe, Unopened, device, jws, key, rsa};

/// Letters of identifiers. Source: sessions-api.md appendix A.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// HMAC-SHA-256 of the parts, one after the other.
pub(super) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// Base64url without padding. Source: emv-3ds.md 2.
pub(super) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Base64url or base64, padded or not: received tolerantly (emv-3ds.md 2).
pub(super) fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    let plain: String = text
        .trim()
        .trim_end_matches('=')
        .chars()
        .filter(|c| !matches!(c, '\r' | '\n'))
        .map(|c| match c {
            '+' | ' ' => '-', // a plus that was not escaped in a form arrives as a space
            '/' => '_',
            other => other,
        })
        .collect();
    URL_SAFE_NO_PAD.decode(plain).ok()
}

/// A transaction id that belongs to nobody; the same for the same text.
pub(super) fn other_uuid(about: &[u8]) -> String {
    let mut half = [0; 16];
    half.copy_from_slice(&hmac(b"another transaction", &[about])[..16]);
    uuid::Builder::from_random_bytes(half).into_uuid().to_string()
}

/// A source of ids and secrets.
pub(super) struct Random {
    seed: Option<u64>,
    /// Which values these are: one kind never moves another kind's counter.
    kind: &'static str,
    counter: AtomicU64,
    /// Random bytes that were fetched ahead, unless there is a seed: asking the system each
    /// time would be most of the cost of an id.
    ahead: Mutex<Vec<[u8; 32]>>,
}

/// Values fetched from the system at once.
const AHEAD: usize = 64;

impl Random {
    pub(super) fn new(seed: Option<u64>, kind: &'static str) -> Self {
        Self { seed, kind, counter: AtomicU64::new(0), ahead: Mutex::default() }
    }

    pub(super) fn bytes(&self) -> [u8; 32] {
        let Some(seed) = self.seed else { return self.fetch() };
        let counter = self.counter.fetch_add(1, Ordering::Relaxed);
        hmac(&seed.to_be_bytes(), &[self.kind.as_bytes(), &counter.to_be_bytes()])
    }

    fn fetch(&self) -> [u8; 32] {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner); // each change is one pop or one fill
        if ahead.is_empty() {
            ahead.resize(AHEAD, [0; 32]);
            getrandom::fill(ahead.as_flattened_mut()).expect("the system has a random source");
        }
        ahead.pop().expect("it was just filled")
    }

    /// `prefix` and 26 letters of `a-z2-7`. Source: sessions-api.md appendix A.
    pub(super) fn id(&self, prefix: &str) -> String {
        let letters = self.bytes().into_iter().take(26).map(|byte| char::from(BASE32[usize::from(byte) % 32]));
        prefix.chars().chain(letters).collect()
    }

    /// A UUID of version 4, lower case.
    pub(super) fn uuid(&self) -> String {
        self.raw_uuid().to_string()
    }

    /// A UUID of version 4 before it is text.
    pub(super) fn raw_uuid(&self) -> Uuid {
        let mut half = [0; 16];
        half.copy_from_slice(&self.bytes()[..16]);
        uuid::Builder::from_random_bytes(half).into_uuid()
    }

    /// `sek_` and the base64 of 32 bytes. Source: sessions-api.md 4.3.
    pub(super) fn session_secret(&self) -> Secret {
        Secret::new(format!("sek_{}", STANDARD.encode(self.bytes())))
    }
}

/// What one sandbox is: its client and its keys, new at each start.
pub(super) struct Keys {
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) control_token: Secret,
    pub(super) processing_channel_id: String,
    pub(super) token_key: [u8; 32],
    vault_key: [u8; 32],
    /// The key behind `ca_public`: signs for the scheme, and for issuers' certificates.
    signing: SigningKey,
    /// The directory server's own key, behind `ds_public`: opens what SDKs seal for it.
    directory: SecretKey,
    /// What the issuer signs for apps with.
    issuer: Signer,
    /// base64url of a self-signed X.509 certificate, DER.
    pub(super) ca_public: String,
    /// See [`Keys::certificates`].
    certificates: Box<RawValue>,
    /// The directory server's key of RSA with what is shown of it, once somebody wanted one: to
    /// make it takes a second.
    rsa: OnceLock<(rsa::Private, Box<RawValue>)>,
    /// The directory server shows that one.
    shows_rsa: AtomicBool,
    cards: Mutex<HashMap<String, Arc<CardIds>>>,
}

/// What stands for a card number in answers.
#[derive(Debug)]
pub(super) struct CardIds {
    /// `src_…`.
    pub(super) instrument: String,
    /// 64 upper-case hex digits.
    pub(super) fingerprint: String,
}

/// `kid` of the directory server's key.
const DIRECTORY_KEY: &str = "SANDBOX-DS-1";
/// The same for its key of RSA.
const DIRECTORY_RSA_KEY: &str = "SANDBOX-DS-RSA-1";
/// Cards whose ids are remembered.
const CARDS: usize = 4096;

impl Keys {
    pub(super) fn new(random: &Random) -> Self {
        let client_id = random.id("ack_");
        let client_secret = Secret::new(base64url(&random.bytes()));
        let control_token = Secret::new(base64url(&random.bytes()[..16]));
        let processing_channel_id = random.id("pc_");
        let (token_key, vault_key) = (random.bytes(), random.bytes());
        let root = Authority::new(&private_key(&vault_key, "scheme"));
        let (issuer, ca) = Signer::under(&root, "SANDBOX directory CA", &vault_key, "SANDBOX issuer");
        let ca_public = base64url(&ca);
        let directory = private_key(&vault_key, "directory");
        let certificates = certificates(key::jwk(&directory.public_key()), DIRECTORY_KEY, &ca_public);
        Self {
            client_id,
            client_secret,
            control_token,
            processing_channel_id,
            token_key,
            vault_key,
            signing: root.key,
            directory,
            issuer,
            ca_public,
            certificates,
            rsa: OnceLock::new(),
            shows_rsa: AtomicBool::new(false),
            cards: Mutex::default(),
        }
    }

    /// The ids of a card number. Most callers use few cards, so they are made up once.
    pub(super) fn card(&self, pan: &str) -> Arc<CardIds> {
        let mut cards = self.cards.lock().unwrap_or_else(PoisonError::into_inner); // each change is one insert or one clearing
        if let Some(known) = cards.get(pan) {
            return Arc::clone(known);
        }
        let ids = CardIds { instrument: self.instrument_id(pan), fingerprint: self.fingerprint(pan) };
        if cards.len() >= CARDS {
            cards.clear();
        }
        let ids = Arc::new(ids);
        cards.insert(pan.to_owned(), Arc::clone(&ids));
        ids
    }

    /// 64 upper-case hex digits, the same for one card number in this sandbox; with the key in
    /// everybody's hands a masked number could be found from it (trust.md R39).
    /// Source: sessions-api.md 4.3 (`card.fingerprint`).
    fn fingerprint(&self, pan: &str) -> String {
        hmac(&self.vault_key, &[b"fingerprint", pan.as_bytes()]).iter().fold(
            String::with_capacity(64),
            |mut hex, byte| {
                write!(hex, "{byte:02X}").expect("writing to a String cannot fail");
                hex
            },
        )
    }

    /// The instrument id of a card number: stable for this sandbox.
    fn instrument_id(&self, pan: &str) -> String {
        let letters = hmac(&self.vault_key, &[b"instrument", pan.as_bytes()]);
        "src_".chars().chain(letters.into_iter().take(26).map(|b| char::from(BASE32[usize::from(b) % 32]))).collect()
    }

    /// 20 bytes in base64: scheme byte, `SBX-TEST`, 11 bytes of keyed hash.
    /// Correct in shape, obviously not real. Source: emv-3ds.md 3.4.
    pub(super) fn cryptogram(&self, scheme_byte: u8, about: &[&[u8]]) -> String {
        let mut value = [0; 20];
        value[0] = scheme_byte;
        value[1..9].copy_from_slice(b"SBX-TEST");
        value[9..].copy_from_slice(&hmac(&self.vault_key, about)[..11]);
        STANDARD.encode(value)
    }

    /// The issuer's code of six digits for one transaction and message.
    pub(super) fn code(&self, acs_transaction: &str, message: u8) -> [u8; 6] {
        let bytes = hmac(&self.vault_key, &[b"code", &[message], acs_transaction.as_bytes()]);
        let mut digits = [0; 6];
        for (digit, byte) in digits.iter_mut().zip(bytes) {
            *digit = b'0' + byte % 10;
        }
        digits
    }

    /// The issuer's private key of one app challenge; it follows from the transaction.
    pub(super) fn ephemeral(&self, acs_transaction: &str) -> SecretKey {
        private_key(&self.vault_key, acs_transaction)
    }

    /// A key that belongs to no SDK; the same for the same transaction.
    pub(super) fn stranger(&self, acs_transaction: &str) -> SecretKey {
        private_key(&self.vault_key, &format!("stranger {acs_transaction}"))
    }

    /// Sixteen bytes that nobody can foretell, the same for the same message of a challenge.
    pub(super) fn vector(&self, acs_transaction: &str, counter: u8) -> [u8; 16] {
        let mut half = [0; 16];
        let bytes = hmac(&self.vault_key, &[b"vector", &[counter], acs_transaction.as_bytes()]);
        half.copy_from_slice(&bytes[..16]);
        half
    }

    /// Compact JWS of the issuer, ES256, with its chain in `x5c`. Source: emv-3ds.md 5.3.
    pub(super) fn signed_content(&self, payload: &Value, by: SignedBy) -> String {
        match by {
            SignedBy::Good => self.issuer.sign(payload),
            SignedBy::Bad => {
                let good = self.issuer.sign(payload);
                let (signed, _) = good.rsplit_once('.').unwrap_or_default();
                let of_other_text: Signature = self.issuer.key.sign(payload.to_string().as_bytes());
                format!("{signed}.{}", base64url(&of_other_text.to_bytes()))
            }
            SignedBy::ForeignRoot => {
                let root = Authority::new(&private_key(&self.vault_key, "foreign scheme"));
                Signer::under(&root, "SANDBOX foreign CA", &self.vault_key, "SANDBOX foreign issuer").0.sign(payload)
            }
        }
    }

    /// `certificates` of a session, written out; `ds_public` in it is base64url of the
    /// directory's public key as JWK. Source: sessions-api.md 4.3.
    pub(super) fn certificates(&self) -> &RawValue {
        let rsa = self.rsa.get().filter(|_| self.shows_rsa.load(Ordering::Relaxed));
        rsa.map_or(&self.certificates, |(_, certificates)| certificates)
    }

    /// Makes the directory server's key of RSA, unless there is one; takes a second or so.
    pub(super) fn make_rsa(&self) {
        self.rsa.get_or_init(|| {
            let mut drawn = 0_u64;
            let key = rsa::Private::make(&mut |bytes| {
                for chunk in bytes.chunks_mut(32) {
                    let random = hmac(&self.vault_key, &[b"RSA", &drawn.to_be_bytes()]);
                    chunk.copy_from_slice(&random[..chunk.len()]);
                    drawn += 1;
                }
            });
            let certificates = certificates(key.jwk(), DIRECTORY_RSA_KEY, &self.ca_public);
            (key, certificates)
        });
    }

    /// Which kind of key the directory server shows from now on.
    pub(super) fn show_rsa(&self, rsa: bool) {
        self.shows_rsa.store(rsa, Ordering::Relaxed);
    }

    /// True if a sealed text names a key of the directory server.
    pub(super) fn names_directory_key(&self, compact: &str) -> bool {
        let Ok(sealed) = Jwe::read(compact) else { return false };
        let due = if sealed.alg() == Some("RSA-OAEP-256") { DIRECTORY_RSA_KEY } else { DIRECTORY_KEY };
        sealed.header.get("kid").and_then(Value::as_str) == Some(due)
    }

    /// Opens what an SDK sealed for the directory server.
    ///
    /// # Errors
    /// Why it does not open.
    pub(super) fn open_device_data(&self, compact: &str) -> Result<Vec<u8>, Unopened> {
        let sealed = Jwe::read(compact)?;
        match self.rsa.get() {
            Some((own, _)) if sealed.alg() == Some("RSA-OAEP-256") => device::open_rsa(&sealed, own),
            _ => device::open_jwe(&sealed, &self.directory),
        }
    }

    /// ECDSA with SHA-256, r and s; the same text has the same signature.
    pub(super) fn sign(&self, text: &[u8]) -> Vec<u8> {
        let signature: Signature = self.signing.sign(text);
        signature.to_bytes().to_vec()
    }

    /// True if [`Self::sign`] made this signature of this text.
    pub(super) fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        let signature = Signature::from_slice(signature);
        signature.is_ok_and(|signature| self.signing.verifying_key().verify(text, &signature).is_ok())
    }

    /// 20 bytes in base64: the transaction id of 3DS1. Source: emv-3ds.md 2.3.
    pub(super) fn xid(&self, transaction: &str) -> String {
        STANDARD.encode(&hmac(&self.vault_key, &[b"xid", transaction.as_bytes()])[..20])
    }
}

/// What a session shows of these keys.
fn certificates(mut ds_key: Value, kid: &str, ca_public: &str) -> Box<RawValue> {
    ds_key["kid"] = kid.into();
    let ds_public = base64url(ds_key.to_string().as_bytes());
    let shown = json!({"ds_public": ds_public, "ca_public": ca_public, "ca_public_all": [ca_public]});
    to_raw_value(&shown).expect("three members of text")
}

/// A private key that follows from a secret and a name.
fn private_key(secret: &[u8], name: &str) -> SecretKey {
    let mut candidates = (0_u8..=u8::MAX).map(|turn| hmac(secret, &[b"P-256", &[turn], name.as_bytes()]));
    let key = candidates.find_map(|bytes| SecretKey::from_slice(&bytes).ok());
    key.expect("nearly every 32 bytes are a private key of P-256")
}

/// A key that signs certificates, without any randomness of its own.
struct Authority {
    key: SigningKey,
    point: Vec<u8>,
}

impl rcgen::PublicKeyData for Authority {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Authority {
    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: Signature = Signs::sign(&self.key, text);
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

impl Authority {
    fn new(key: &SecretKey) -> Self {
        Self { point: key.public_key().to_sec1_point(false).as_bytes().to_vec(), key: key.into() }
    }

    /// A certificate of this key, signed by itself; DER.
    fn certificate(&self, name: &str) -> Vec<u8> {
        let certificate = root_params(name).self_signed(self).expect("the parameters are constant and valid");
        certificate.der().to_vec()
    }
}

/// What a certificate that signs others says of itself.
fn root_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// A key with the certificates that say whose it is.
struct Signer {
    key: SigningKey,
    /// Leaf first, standard base64 of DER: `x5c`.
    chain: [String; 2],
}

impl Signer {
    /// A key whose certificate a root issues; also the root's own certificate, DER.
    fn under(root: &Authority, root_name: &str, secret: &[u8], name: &str) -> (Self, Vec<u8>) {
        let ca = root.certificate(root_name);
        let own = Authority::new(&private_key(secret, name));
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
        let issued_by = root_params(root_name);
        let issuer = Issuer::from_params(&issued_by, root);
        let leaf = params.signed_by(&own, &issuer).expect("the parameters are constant and valid");
        (Self { key: own.key, chain: [STANDARD.encode(leaf.der()), STANDARD.encode(&ca)] }, ca)
    }

    fn sign(&self, payload: &Value) -> String {
        jws::sign(&json!({"alg": "ES256", "x5c": self.chain}), payload, &self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_every_value() {
        let (one, two) = (Random::new(Some(7), "sandbox"), Random::new(Some(7), "sandbox"));
        assert_eq!(one.id("sid_"), two.id("sid_"));
        assert_ne!(one.uuid(), one.uuid());
        assert_ne!(Random::new(Some(8), "sandbox").id("sid_"), Random::new(Some(7), "sandbox").id("sid_"));
        assert_eq!(one.id("sid_").len(), 30);
    }

    /// What an SDK of ours looks at. Source: emv-3ds.md 5.3.
    #[test]
    fn the_signed_content_is_believed_only_if_chain_and_signature_hold() {
        let keys = Keys::new(&Random::new(Some(1), "sandbox"));
        let root = decode_base64url(&keys.ca_public).expect("base64url");
        let at: jiff::Timestamp = "2026-11-01T10:00:00Z".parse().expect("a time");
        let payload = json!({"acsURL": "https://acs.test"});
        for (by, chain, signature) in
            [(SignedBy::Good, true, true), (SignedBy::Bad, true, false), (SignedBy::ForeignRoot, false, true)]
        {
            let signed = jws::Signed::read(&keys.signed_content(&payload, by)).expect("a JWS");
            assert_eq!(Value::Object(signed.payload.clone()), payload);
            let lead = signed.leads_to(&root, at);
            assert_eq!((lead.is_ok(), signed.is_by_its_leaf().is_ok()), (chain, signature), "{by:?}: {lead:?}");
        }
        let mut good = jws::Signed::read(&keys.signed_content(&payload, SignedBy::Good)).expect("a JWS");
        let late: jiff::Timestamp = "4100-01-01T00:00:00Z".parse().expect("a time");
        assert!(good.leads_to(&root, late).expect_err("over").contains("not good at this time"));
        assert!(good.leads_to(b"no certificate", at).expect_err("none").contains("root"));
        // The leaf alone leads up as well; a root that nobody knows, or a leaf that issues, does not.
        let chain = good.chain.clone();
        good.chain = vec![chain[0].clone()];
        assert!(good.leads_to(&root, at).is_ok());
        good.chain = vec![chain[0].clone(), chain[0].clone()];
        assert!(good.leads_to(&root, at).is_err());
        good.chain = Vec::new();
        assert!(good.leads_to(&root, at).is_err() && good.is_by_its_leaf().is_err());
        for wrong in ["", "a.b", "e30.e30.e30.e30", "W10.e30.AA", &format!("{}.e30.AA", "A".repeat(16_001))] {
            assert!(jws::Signed::read(wrong).is_err(), "{wrong:.20}");
        }
    }

    /// A root that is over vouches for nobody, though it is not in the chain.
    #[test]
    fn a_root_that_is_over_leads_nowhere() {
        let root = Authority::new(&private_key(b"secret", "root"));
        let mut params = root_params("Root");
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
        let over = params.self_signed(&root).expect("a certificate").der().to_vec();
        let (signer, _) = Signer::under(&root, "Root", b"secret", "Leaf");
        let signed = |header: Value| jws::Signed::read(&jws::sign(&header, &json!({}), &signer.key)).expect("a JWS");
        let good = signed(json!({"alg": "ES256", "x5c": [signer.chain[0]]}));
        let at = |text: &str| text.parse::<jiff::Timestamp>().expect("a time");
        assert!(good.leads_to(&over, at("2026-11-01T10:00:00Z")).is_ok());
        let why = good.leads_to(&over, at("2028-11-01T10:00:00Z")).expect_err("over");
        assert!(why.starts_with("The root is not good at this time"), "{why}");
        // What must be understood, and is not.
        assert_eq!(good.is_by_its_leaf(), Ok(()));
        let demands = signed(json!({"alg": "ES256", "x5c": [signer.chain[0]], "crit": ["b64"], "b64": false}));
        assert!(demands.is_by_its_leaf().expect_err("crit").contains("crit"));
    }

    #[test]
    fn cryptograms_have_the_documented_shape() {
        let keys = Keys::new(&Random::new(Some(1), "sandbox"));
        assert!(keys.cryptogram(0x07, &[b"a"]).starts_with("B1NCWC1URVNU"));
        assert!(keys.cryptogram(0x90, &[b"a"]).starts_with("kFNCWC1URVNU"));
        assert_eq!(keys.cryptogram(0x90, &[b"a"]).len(), 28);
        let certificates: Value = serde_json::from_str(keys.certificates().get()).expect("JSON");
        assert!(
            ["ds_public", "ca_public"]
                .iter()
                .all(|name| certificates[name].as_str().is_some_and(|text| text.len() <= 1024))
        );
    }
}
