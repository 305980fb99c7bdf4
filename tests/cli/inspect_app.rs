//! `inspect` on what an app and the bank exchange: signed content, sealed and opened device
//! data, and the messages inside.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as URL};
use p256::ecdsa::Signature;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SigningKey as _};
use serde_json::{Value, json};

use super::Place;

const SDK: &str = "b2385523-a66c-4907-ac3c-91848e8c0067";

/// Certificates by name: who may sign others.
fn named(name: &str, signs: bool) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    if signs {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params
}

/// What a bank signs for an app, with its chain, by this key.
struct Bank {
    leaf: KeyPair,
    chain: Vec<String>,
}

impl Bank {
    fn new() -> Self {
        let (root, leaf) = (key(), key());
        let own = named("Test scheme root", true).self_signed(&root).expect("a root");
        let issuer = Issuer::new(named("Test scheme root", true), root);
        let signed = named("Test bank", false).signed_by(&leaf, &issuer).expect("a leaf");
        Self { leaf, chain: vec![BASE64_STANDARD.encode(signed.der()), BASE64_STANDARD.encode(own.der())] }
    }

    fn content(&self, by: &KeyPair, payload: &Value) -> String {
        let header = json!({"alg": "ES256", "x5c": self.chain});
        let text = format!("{}.{}", URL.encode(header.to_string()), URL.encode(payload.to_string()));
        let signature = by.sign(text.as_bytes()).expect("a signature");
        let signature = Signature::from_der(&signature).expect("of P-256").to_bytes();
        format!("{text}.{}", URL.encode(signature))
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

/// A point of the curve: the one that RFC 7518, appendix C names Alice's.
fn point() -> Value {
    json!({
        "kty": "EC", "crv": "P-256",
        "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0", "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
    })
}

fn content() -> Value {
    json!({"acsURL": "https://acs.bank.example/app", "acsEphemPubKey": point(), "sdkEphemPubKey": point()})
}

#[test]
fn signed_content_says_who_signed_what_and_where_the_chain_leads() {
    let place = Place::new();
    let bank = Bank::new();
    let text = place.shows(
        bank.content(&bank.leaf, &content()),
        &[
            "ES256",
            "x5c[0]",
            "CN=Test bank",
            "issued by CN=Test scheme root",
            "x5c[1]",
            "issued by itself: a root",
            "https://acs.bank.example/app",
            "where the app sends its CReq",
            "must be the app's own",
            "Signed by the key of its own first certificate",
            "The chain is whole up to the last certificate",
        ],
    );
    assert!(!text.contains("error"), "{text}");
    // By another key than the leaf's, or with a chain that does not hang together, it says so.
    let forged = place.shows(bank.content(&key(), &content()), &["error"]);
    assert!(!forged.contains("Signed by the key of its own"), "{forged}");
    let foreign = Bank { chain: vec![bank.chain[0].clone(), Bank::new().chain[1].clone()], leaf: key() };
    place.shows(foreign.content(&bank.leaf, &content()), &["Signed by the key of its own", "The chain is broken"]);
    let mut less = content();
    less.as_object_mut().expect("an object").remove("sdkEphemPubKey");
    place.shows(bank.content(&bank.leaf, &less), &["sdkEphemPubKey is missing"]);
}

/// Within the answer that brings it, as a shop sees it.
#[test]
fn signed_content_is_found_inside_a_session() {
    let place = Place::new();
    let bank = Bank::new();
    let session = json!({
        "id": "sid_y3oqhf46pyzuxjbcn2giaqnb44", "status": "challenged", "scheme": "visa", "protocol_version": "2.2.0",
        "acs": {"signed_content": bank.content(&bank.leaf, &content())}, "next_actions": ["challenge_cardholder"],
    });
    place.shows(session.to_string(), &["CN=Test bank", "$.acs.signed_content", "The chain is whole"]);
}

fn device() -> Value {
    json!({
        "DV": "1.6", "DD": {"C001": "Android", "C002": "Pixel 8"}, "DPNA": {"C010": "RE01"}, "SW": ["SW04"],
    })
}

#[test]
fn device_data_are_read_open_and_packed_and_a_sealed_one_says_what_it_takes() {
    let place = Place::new();
    let words = ["Device data of the app", "Pixel 8", "device model", "not allowed in this market", "a debugger"];
    place.shows(device().to_string(), &words);
    place.shows(URL.encode(device().to_string()), &words);
    let parts = [&[1; 256][..], &[2; 12], &[3; 90], &[4; 16]];
    let mut sealed = URL.encode(r#"{"alg":"RSA-OAEP-256","enc":"A128GCM","kid":"key-of-the-ds"}"#);
    parts.iter().for_each(|part| write!(sealed, ".{}", URL.encode(part)).expect("text takes all"));
    let takes = ["Sealed object (JWE)", "the directory server's private key (key-of-the-ds)", "certificates.ds_public"];
    place.shows(&sealed, &takes);
    let areq = json!({
        "messageType": "AReq", "messageVersion": "2.2.0", "deviceInfo": URL.encode(device().to_string()),
        "sdkEncData": sealed,
    });
    let text = place.shows(areq.to_string(), &["$.deviceInfo", "$.sdkEncData", "Pixel 8"]);
    takes.iter().for_each(|word| assert!(text.contains(word), "{word}: {text}"));
}

fn message(kind: &str, more: Value) -> Value {
    let mut body = json!({
        "messageType": kind, "messageVersion": "2.2.0", "threeDSServerTransID": super::inspect::SERVER,
        "acsTransID": super::inspect::ISSUER, "sdkTransID": SDK,
    });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

#[test]
fn what_an_app_and_the_bank_say_inside_is_read_member_by_member() {
    let place = Place::new();
    let creq = message("CReq", json!({"sdkCounterStoA": "001", "challengeDataEntry": "123456"}));
    let text = place.shows(creq.to_string(), &["challenge request", "sdkCounterStoA", "app's counter", "001"]);
    assert!(!text.contains("error"), "{text}");
    let mut uncounted = creq;
    uncounted.as_object_mut().expect("an object").remove("sdkCounterStoA");
    place.shows(uncounted.to_string(), &["sdkCounterStoA is missing"]);
    let cres = message(
        "CRes",
        json!({"acsCounterAtoS": "000", "acsUiType": "04", "challengeCompletionInd": "N", "challengeInfoText": "Look"}),
    );
    let text = place.shows(cres.to_string(), &["challenge response", "bank's counter", "acsUiType", "04"]);
    assert!(!text.contains("error"), "{text}");
}
