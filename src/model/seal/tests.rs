//! Against the vectors of the RFCs, and each way in which a message can be wrong.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::SecretKey;
use serde_json::json;

use super::{Channel, Jwe, Side, Unopened, concat_kdf, device, key, rsa};
use crate::model::device::Seal;
use crate::model::scenario::Version;

fn decode(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

fn secret(d: &str) -> SecretKey {
    SecretKey::from_slice(&decode(d)).expect("a key")
}

fn alice() -> SecretKey {
    secret("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo")
}

fn bob() -> SecretKey {
    secret("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw")
}

/// RFC 7518, appendix C.
#[test]
fn the_derived_key_is_the_one_of_the_rfc() {
    let jwk = key::jwk(&alice().public_key());
    assert_eq!(jwk["x"], "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0");
    assert_eq!(jwk["y"], "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps");
    let shared = alice().diffie_hellman(&bob().public_key());
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

/// RFC 7518, appendix B: AES-128-CBC with HMAC-SHA-256, its header the 42 bytes of the text.
#[test]
fn cbc_is_the_one_of_the_rfc() {
    let key: Vec<u8> = (0..32).collect();
    let hex = |text: &str| -> Vec<u8> {
        text.as_bytes()
            .chunks(2)
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).expect("ASCII"), 16).expect("hex"))
            .collect()
    };
    let plain = b"A cipher system must not be required to be secret, and it must be able to fall into the hands of \
                  the enemy without inconvenience";
    let mut vector = [0; 16];
    vector.copy_from_slice(&hex("1af38c2dc2b96ffdd86694092341bc04"));
    let text = super::jwe::write("{}", b"", Seal::Cbc, &key, &vector, plain);
    let read = text.split('.').map(decode).collect::<Vec<_>>();
    assert_eq!(&read[3][..16], hex("c80edfa32ddf39d5ef00c0b468834279").as_slice()); // the text does not hang on the header
    assert_eq!(
        Jwe::read(&text.replacen("e30", &BASE64_URL_SAFE_NO_PAD.encode(r#"{"enc":"A128CBC-HS256"}"#), 1))
            .and_then(|sealed| sealed.open(&key)),
        Err(Unopened::Damaged),
        "the checksum covers the header"
    );
}

fn pair() -> (Channel, Channel) {
    let sdk = Channel::agree(&alice(), &bob().public_key(), "SANDBOX_SDK_REF_0001");
    let issuer = Channel::agree(&bob(), &alice().public_key(), "SANDBOX_SDK_REF_0001");
    assert_eq!(sdk.key(), issuer.key());
    (sdk, issuer)
}

#[test]
fn what_one_side_seals_the_other_opens_in_its_direction_only() {
    let (sdk, issuer) = pair();
    for enc in [Seal::Cbc, Seal::Gcm] {
        let creq = sdk.seal(Side::Sdk, enc, "acs-id", 7, b"{\"messageType\":\"CReq\"}", [9; 16]);
        let opened = issuer.open(Side::Sdk, &creq).expect("opens");
        assert_eq!((opened.enc, opened.kid.as_deref()), (enc, Some("acs-id")));
        assert_eq!(opened.plain, b"{\"messageType\":\"CReq\"}");
        assert_eq!(opened.counter, (enc == Seal::Gcm).then_some(7));
        let header: Vec<&String> = opened.header.keys().collect();
        assert_eq!(header, ["alg", "kid", "enc"]);
        // A128CBC-HS256 has one key for both directions, A128GCM a half for each.
        assert_eq!(issuer.open(Side::Issuer, &creq).is_ok(), enc == Seal::Cbc);
        let cres = issuer.seal(Side::Issuer, enc, "acs-id", 255, b"{}", [9; 16]);
        assert_eq!(sdk.open(Side::Issuer, &cres).expect("opens").counter, (enc == Seal::Gcm).then_some(255));
        let vector = decode(cres.split('.').nth(2).expect("five parts"));
        match enc {
            Seal::Gcm => assert_eq!(vector, [255; 12]),
            _ => assert_eq!(vector, [9; 16]),
        }
    }
    assert_eq!(sdk.seal(Side::Sdk, Seal::Plain, "acs-id", 0, b"{}", [0; 16]), "{}");
}

#[test]
fn what_does_not_open_says_why() {
    let (sdk, issuer) = pair();
    let other = Channel::agree(&alice(), &bob().public_key(), "ANOTHER_SDK_REF");
    for enc in [Seal::Cbc, Seal::Gcm] {
        let good = sdk.seal(Side::Sdk, enc, "k", 0, b"{}", [1; 16]);
        let head = |text: &str| {
            let (_, rest) = good.split_once('.').expect("five parts");
            format!("{}.{rest}", BASE64_URL_SAFE_NO_PAD.encode(text))
        };
        let codes = |compact: &str| {
            let why = issuer.open(Side::Sdk, compact).expect_err(compact);
            (why.code(Version::V220), why.code(Version::V231))
        };
        assert_eq!(other.open(Side::Sdk, &good), Err(Unopened::Damaged), "another reference, another key");
        let last = good.len() - 2; // the very last character has bits that mean nothing
        let swapped = if good.as_bytes()[last] == b'A' { "B" } else { "A" };
        let tampered = format!("{}{swapped}{}", &good[..last], &good[last + 1..]);
        assert_eq!(codes(&tampered), ("302", "302"));
        assert_eq!(codes("{}"), ("101", "101"));
        assert_eq!(codes(""), ("101", "101"));
        assert_eq!(codes(&good.replacen('.', ".#", 1)), ("101", "101"));
        assert_eq!(codes(&good[..good.rfind('.').expect("dots")]), ("101", "101"));
        assert_eq!(codes(&head("[]")), ("101", "101"));
        assert_eq!(codes(&good.replacen("..", ".AAAA.", 1)), ("101", "101"));
        assert_eq!(codes(&head(r#"{"alg":"ECDH-ES","enc":"A128GCM"}"#)), ("302", "310"));
        assert_eq!(codes(&head(r#"{"alg":"dir","enc":"A256GCM"}"#)), ("302", "310"));
        assert_eq!(codes(&head(r#"{"alg":"dir"}"#)), ("302", "310"));
        assert_eq!(codes(&head(&format!(r#"{{"alg":"dir","enc":"{}"}}"#, enc.word()))), ("302", "302"));
        for member in [r#""crit":["exp"],"exp":1"#, r#""zip":"DEF""#] {
            let header = format!(r#"{{"alg":"dir","enc":"{}",{member}}}"#, enc.word());
            let sealed = sdk.seal_under(Side::Sdk, enc, &header, 0, b"{}", [1; 16]);
            assert_eq!(codes(&sealed), ("302", "310"), "{member}: nobody understands it");
        }
        let truncated = good.rsplit_once('.').map(|(rest, tag)| format!("{rest}.{}", &tag[..8])).expect("a tag");
        assert_eq!(codes(&truncated), ("302", "302"), "a shorter checksum is no checksum");
    }
}

#[test]
fn device_data_are_for_the_receiver_alone() {
    for enc in [Seal::Cbc, Seal::Gcm] {
        let sealed = device::seal(b"{\"DV\":\"1.6\"}", &bob().public_key().into(), enc, &mut |bytes| bytes.fill(5));
        assert_eq!(device::open(&sealed, &bob()).as_deref(), Ok(&b"{\"DV\":\"1.6\"}"[..]));
        assert_eq!(device::open(&sealed, &alice()), Err(Unopened::Damaged));
        let head = json!({"alg": "dir", "enc": enc.word()}).to_string();
        let (_, rest) = sealed.split_once('.').expect("five parts");
        let other = format!("{}.{rest}", BASE64_URL_SAFE_NO_PAD.encode(head));
        assert!(matches!(device::open(&other, &bob()), Err(Unopened::Algorithm(_))));
    }
}

/// The other kind of key that a directory server may have.
#[test]
fn device_data_are_sealed_for_a_key_of_rsa_too() {
    let mut n = 0_u64;
    let mut draw = |bytes: &mut [u8]| {
        for byte in bytes {
            n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (n >> 56) as u8;
        }
    };
    let own = rsa::Private::make(&mut draw);
    let mut jwk = own.jwk();
    jwk["kid"] = "ds".into();
    let shown = device::directory_key(&BASE64_URL_SAFE_NO_PAD.encode(jwk.to_string())).expect("a key");
    for enc in [Seal::Cbc, Seal::Gcm] {
        let sealed = device::seal(b"{}", &shown, enc, &mut draw);
        let read = Jwe::read(&sealed).expect("a JWE");
        assert_eq!((read.alg(), read.header["kid"].as_str()), (Some("RSA-OAEP-256"), Some("ds")));
        assert_eq!(device::open_rsa(&read, &own).as_deref(), Ok(&b"{}"[..]));
        assert!(matches!(device::open_jwe(&read, &bob()), Err(Unopened::Algorithm(_))));
        let mut other = read.clone();
        other.wrapped[0] ^= 1;
        assert_eq!(device::open_rsa(&other, &own), Err(Unopened::Damaged));
    }
    for (name, value) in [("n", json!("AQAB")), ("n", json!("")), ("e", json!(7)), ("kty", json!("OKP"))] {
        let mut bad = jwk.clone();
        bad[name] = value;
        assert!(device::directory_key(&BASE64_URL_SAFE_NO_PAD.encode(bad.to_string())).is_err(), "{name}");
    }
}

#[test]
fn a_key_says_what_is_wrong_with_it() {
    let good = key::jwk(&alice().public_key());
    assert_eq!(key::read(&good).as_ref(), Ok(&alice().public_key()));
    for (name, value, word) in [
        ("kty", "RSA", "kind EC"),
        ("crv", "P-384", "P-256"),
        ("x", "AAAA", "32 bytes"),
        ("y", "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0", "not on the curve"),
    ] {
        let mut bad = good.clone();
        bad[name] = value.into();
        assert!(key::read(&bad).expect_err(name).contains(word), "{name}");
        assert_eq!(key::fault(&bad).is_none(), name == "kty", "RSA is left to the directory server");
    }
}
