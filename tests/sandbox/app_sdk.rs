//! A small SDK of its own, written from emv-3ds.md 5 and the RFCs: it seals, opens and counts,
//! and does anything wrong that it is told to. Nothing of ours is used but the socket.

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes128Gcm, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _, block_padding::Pkcs7};
use hmac::{Hmac, Mac as _};
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::{PublicKey, SecretKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::lab::*;

pub const CBC: &str = "A128CBC-HS256";
pub const GCM: &str = "A128GCM";
pub const OPEN: &str = "open";

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn unb64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap_or_else(|fault| panic!("{fault}: {text}"))
}

pub fn jwk(key: &SecretKey) -> Value {
    let point = key.public_key().to_sec1_point(false);
    json!({"kty": "EC", "crv": "P-256", "x": b64(&point.as_bytes()[1..33]), "y": b64(&point.as_bytes()[33..])})
}

pub fn point(jwk: &Value) -> PublicKey {
    let bytes = [vec![4], unb64(text(jwk, "x")), unb64(text(jwk, "y"))].concat();
    PublicKey::from_sec1_bytes(&bytes).expect("a point of P-256")
}

fn kdf(own: &SecretKey, theirs: &PublicKey, algorithm: &str, party_v: &str, bits: u32) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(1_u32.to_be_bytes());
    hash.update(own.diffie_hellman(theirs).raw_secret_bytes());
    for part in [algorithm, "", party_v] {
        hash.update(u32::try_from(part.len()).expect("short").to_be_bytes());
        hash.update(part);
    }
    hash.update(bits.to_be_bytes());
    hash.finalize()[..bits as usize / 8].to_vec()
}

fn mac(key: &[u8], head: &str, iv: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("any length");
    mac.update(&[head.as_bytes(), iv, text, &(head.len() as u64 * 8).to_be_bytes()].concat());
    mac.finalize().into_bytes()[..16].to_vec()
}

/// A compact JWE under a key of 32 bytes (CBC) or 16 (GCM).
pub fn seal(header: &Value, enc: &str, key: &[u8], iv: &[u8], plain: &[u8]) -> String {
    let head = b64(header.to_string());
    let (sealed, tag) = if enc == GCM {
        let iv: [u8; 12] = iv.try_into().expect("twelve bytes");
        let payload = Payload { msg: plain, aad: head.as_bytes() };
        let mut sealed = Aes128Gcm::new_from_slice(key).expect("16 bytes").encrypt(&iv.into(), payload).expect("short");
        let tag = sealed.split_off(sealed.len() - 16);
        (sealed, tag)
    } else {
        let cipher = cbc::Encryptor::<aes::Aes128>::new_from_slices(&key[16..], iv).expect("lengths");
        let sealed = cipher.encrypt_padded_vec::<Pkcs7>(plain);
        let tag = mac(&key[..16], &head, iv, &sealed);
        (sealed, tag)
    };
    format!("{head}..{}.{}.{}", b64(iv), b64(sealed), b64(tag))
}

/// An SDK in one challenge.
pub struct Sdk {
    pub session: Value,
    pub version: String,
    pub enc: &'static str,
    pub key: Vec<u8>,
    pub sent: u16,
    pub received: u16,
    pub sdk_transaction: String,
    pub path: String,
}

pub const REFERENCE: &str = "3DS_LOA_SDK_SANDBOX_020301_00001";
pub const SDK_TRANSACTION: &str = "40956880-b6c8-4ac3-8bf8-294ded3aa656";
pub const ALL: [&str; 5] = ["text", "single_select", "multi_select", "oob", "html_other"];

pub fn own_key() -> SecretKey {
    SecretKey::from_slice(&[0x5A; 32]).expect("a key")
}

/// Device data as an SDK seals them for the directory server: `ECDH-ES`.
pub fn sealed_device_data(ds_public: &str, enc: &str, data: &Value) -> String {
    let jwk_of_ds: Value = serde_json::from_slice(&unb64(ds_public)).expect("a JWK");
    let ephemeral = SecretKey::from_slice(&[0x33; 32]).expect("a key");
    let (bits, iv) = if enc == GCM { (128, vec![7; 12]) } else { (256, vec![7; 16]) };
    let key = kdf(&ephemeral, &point(&jwk_of_ds), enc, "", bits);
    let mut header = json!({"alg": "ECDH-ES", "enc": enc, "epk": jwk(&ephemeral)});
    if let Some(kid) = jwk_of_ds.get("kid") {
        header["kid"] = kid.clone();
    }
    seal(&header, enc, &key, &iv, data.to_string().as_bytes())
}

pub fn app_data(encrypted: &str, interface: &str, elements: &[&str]) -> Value {
    json!({
        "channel": "app", "sdk_app_id": "2642148a-3959-4b44-bb61-36d25888a66d", "sdk_max_timeout": 5,
        "sdk_encrypted_data": encrypted, "sdk_ephem_pub_key": jwk(&own_key()),
        "sdk_reference_number": REFERENCE, "sdk_transaction_id": SDK_TRANSACTION,
        "sdk_interface_type": interface, "sdk_ui_elements": elements,
    })
}

/// Any compact JWE: nobody can open it, and only a strict directory server minds.
pub const MADE_UP: &str = "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTEyOENCQy1IUzI1NiJ9..aXY.Y2lwaGVy.dGFn";

pub fn arm(lab: &Lab, other_side: &str) {
    let file = format!("id = \"T\"\nname = \"test\"\n{other_side}\n[expect]\nstatus = \"approved\"\n");
    let armed = lab.control("PUT", "/arm", &json!({ "file": file }));
    assert_eq!(armed.status, 200, "{armed:?}");
}

/// A session in an app, challenged as the scenario says.
pub fn challenged(lab: &Lab, other_side: &str, device: &Value) -> Value {
    arm(lab, other_side);
    lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": device})))
}

/// The scenario of a challenge with these pages in this version; `more` are further lines.
pub fn scenario(version: &str, pages: &str, more: &str) -> String {
    format!(
        "[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"C\" }}\n\
         [issuer.challenge]\npages = [{pages}]\n{more}\n"
    )
}

impl Sdk {
    pub fn of(session: Value, enc: &'static str) -> Self {
        let content = text(&session["acs"], "signed_content").split('.').nth(1).expect("three parts").to_owned();
        let content: Value = serde_json::from_slice(&unb64(&content)).expect("JSON");
        let key = kdf(&own_key(), &point(&content["acsEphemPubKey"]), "", REFERENCE, 256);
        let (_, path) = text(&content, "acsURL").split_once("/simulator/").expect("an address of the sandbox");
        let path = format!("/simulator/{path}");
        let version = text(&session, "protocol_version").to_owned();
        Self { session, version, enc, key, sent: 0, received: 0, sdk_transaction: SDK_TRANSACTION.into(), path }
    }

    pub fn start(lab: &Lab, enc: &'static str, version: &str, pages: &str, more: &str) -> Self {
        let session = challenged(lab, &scenario(version, pages, more), &app_data(MADE_UP, "both", &ALL));
        assert_eq!(text(&session, "status"), "challenged", "{session}");
        Self::of(session, enc)
    }

    pub fn acs(&self) -> &str {
        text(&self.session["acs"], "transaction_id")
    }

    /// The next CReq as it should be, with these members beside.
    pub fn creq(&self, more: Value) -> Value {
        let mut body = json!({
            "messageType": "CReq", "messageVersion": self.version,
            "threeDSServerTransID": self.session["transaction_id"], "acsTransID": self.acs(),
            "sdkTransID": self.sdk_transaction, "sdkCounterStoA": format!("{:03}", self.sent),
        });
        merge(&mut body, more);
        body
    }

    pub fn sealed(&self, plain: &str) -> String {
        self.sealed_with(&json!({"alg": "dir", "kid": self.acs(), "enc": self.enc}), plain, &self.key)
    }

    pub fn sealed_with(&self, header: &Value, plain: &str, key: &[u8]) -> String {
        match self.enc {
            OPEN => plain.to_owned(),
            GCM => {
                let mut iv = [0; 12];
                iv[11] = u8::try_from(self.sent).unwrap_or(255);
                seal(header, GCM, &key[..16], &iv, plain.as_bytes())
            }
            _ => seal(header, CBC, key, &[0x42; 16], plain.as_bytes()),
        }
    }

    /// Posts bytes as a message of this SDK.
    pub fn post(&self, lab: &Lab, body: &str) -> Answer {
        let kind = if self.enc == OPEN { "application/json" } else { "application/jose; charset=UTF-8" };
        request(lab.addr, "POST", &self.path, &[("Content-Type", kind)], body)
    }

    /// Sends the next CReq; the CRes, opened and held against what all have.
    pub fn ask(&mut self, lab: &Lab, more: Value) -> Value {
        let answer = self.post(lab, &self.sealed(&self.creq(more).to_string()));
        assert_eq!(answer.status, 200, "{answer:?}");
        self.sent += 1;
        let cres = self.opened(&answer);
        assert_eq!(text(&cres, "messageType"), "CRes", "{cres}");
        assert_eq!(text(&cres, "acsCounterAtoS"), format!("{:03}", self.received));
        self.received += 1;
        let own = [text(&self.session, "transaction_id"), self.acs(), &self.sdk_transaction, &self.version];
        let named =
            ["threeDSServerTransID", "acsTransID", "sdkTransID", "messageVersion"].map(|name| text(&cres, name));
        assert_eq!(named, own);
        cres
    }

    /// What an answer holds, by the rules of the seal that this SDK chose.
    pub fn opened(&self, answer: &Answer) -> Value {
        if self.enc == OPEN {
            return answer.json();
        }
        assert_eq!(answer.header("Content-Type"), Some("application/jose; charset=UTF-8"), "{answer:?}");
        let plain = self.open(&answer.body).unwrap_or_else(|| panic!("does not open: {answer:?}"));
        serde_json::from_slice(&plain).expect("JSON")
    }

    pub fn open(&self, compact: &str) -> Option<Vec<u8>> {
        let parts: Vec<&str> = compact.split('.').collect();
        let [head, "", iv, sealed, tag] = parts[..] else { panic!("five parts, the second empty: {compact}") };
        let header: Value = serde_json::from_slice(&unb64(head)).expect("a header");
        assert_eq!(header, json!({"alg": "dir", "kid": self.acs(), "enc": self.enc}));
        let (iv, sealed, tag) = (unb64(iv), unb64(sealed), unb64(tag));
        if self.enc == GCM {
            let mut due = [0xFF; 12];
            due[11] = u8::try_from(self.received).unwrap_or(255);
            assert_eq!(iv, due, "eleven times FF and the counter");
            let sealed = [sealed, tag].concat();
            let payload = Payload { msg: &sealed, aad: head.as_bytes() };
            return Aes128Gcm::new_from_slice(&self.key[16..]).expect("16 bytes").decrypt(&due.into(), payload).ok();
        }
        if mac(&self.key[..16], head, &iv, &sealed) != tag {
            return None;
        }
        let cipher = cbc::Decryptor::<aes::Aes128>::new_from_slices(&self.key[16..], &iv).expect("lengths");
        cipher.decrypt_padded_vec::<Pkcs7>(&sealed).ok()
    }

    /// The newest code on the shopper's phone.
    pub fn code(&self, lab: &Lab) -> String {
        let phone = lab.control("GET", &format!("/sessions/{}/phone", text(&self.session, "id")), &Value::Null).json();
        let newest = phone["messages"].as_array().and_then(|list| list.last().cloned()).expect("a message");
        text(&newest, "code").to_owned()
    }

    /// The session as it is now.
    pub fn now(&self, lab: &Lab) -> Value {
        lab.get(text(&self.session, "id"))
    }

    /// Kind and gist of what was said since the ARes.
    pub fn said(&self, lab: &Lab) -> Vec<String> {
        let mut said: Vec<String> = self
            .messages(lab)
            .iter()
            .map(|message| format!("{} {}", text(message, "kind"), text(message, "gist")))
            .collect();
        let begin = said.iter().rposition(|line| line.starts_with("ARes")).map_or(0, |at| at + 1);
        said.drain(..begin);
        said
    }

    pub fn messages(&self, lab: &Lab) -> Vec<Value> {
        let path = format!("/sessions/{}/messages", text(&self.session, "id"));
        lab.control("GET", &path, &Value::Null).json()["messages"].as_array().expect("a list").clone()
    }
}

/// The DER of a certificate in `x5c`.
pub fn der(text: &str) -> Vec<u8> {
    STANDARD.decode(text).expect("standard base64")
}
