//! The SDK against an issuer that is written here, message by message.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use jiff::Timestamp;
use p256::SecretKey;
use p256::ecdsa::SigningKey;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer as By, KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::{Value, json};

use super::*;
use crate::model::device::Said;
use crate::model::seal::{jws, key};

const ACS: &str = "22222222-0000-4000-8000-000000000000";
const REFERENCE: &str = "SANDBOX_SDK_REF_0001";

fn now() -> Stamp {
    Stamp { wall: Timestamp::now(), mono: Duration::ZERO }
}

/// A root and a leaf under it: root as DER, `x5c`, the leaf's key.
struct Authority {
    root: Vec<u8>,
    chain: Vec<String>,
    leaf: SigningKey,
}

impl Authority {
    fn new(name: &str) -> Self {
        let pair = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let (root_key, leaf_key) = (pair(), pair());
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.distinguished_name.push(DnType::CommonName, name);
        let root_der = root.self_signed(&root_key).expect("a root").der().to_vec();
        let mut leaf = CertificateParams::default();
        leaf.distinguished_name.push(DnType::CommonName, "Issuer of tests");
        let leaf_der = leaf.signed_by(&leaf_key, &By::new(root, &root_key)).expect("a leaf").der().to_vec();
        let chain = [&leaf_der, &root_der].map(|der| BASE64_STANDARD.encode(der)).to_vec();
        // PKCS #8 of a P-256 key holds its 32 bytes behind the octet string's 0x04 0x20.
        let der = leaf_key.serialize_der();
        let at = der.windows(2).position(|two| two == [0x04, 0x20]).expect("the private key") + 2;
        let leaf = SecretKey::from_slice(&der[at..at + 32]).expect("a key").into();
        Self { root: root_der, chain, leaf }
    }
}

struct Bench {
    sdk: Sdk,
    issuer: Channel,
    due: u8,
}

fn content(own: &OwnKey, issuer: &SecretKey) -> Value {
    json!({
        "acsEphemPubKey": key::jwk(&issuer.public_key()), "sdkEphemPubKey": own.public(),
        "acsURL": "http://127.0.0.1:9/acs",
    })
}

/// An SDK that has been handed this content. `change` may alter it, the header and the roots.
fn prepared(version: &str, seal: Seal, change: impl FnOnce(&mut Value, &mut Value, &mut Vec<u8>)) -> Bench {
    let authority = Authority::new("Root of tests");
    let own = OwnKey::make(&mut |buffer| crate::engine::random(buffer));
    let issuer = SecretKey::from_slice(&[7; 32]).expect("a key");
    let (mut payload, mut header) = (content(&own, &issuer), json!({"alg": "ES256", "x5c": authority.chain}));
    let mut root = authority.root.clone();
    change(&mut payload, &mut header, &mut root);
    let signed = jws::sign(&header, &payload, &authority.leaf);
    let session = json!({
        "id": "sid_y3oqhf46pyzuxjbcn2giaqnb44", "status": "challenged", "protocol_version": version,
        "transaction_id": "11111111-0000-4000-8000-000000000000",
        "acs": {"transaction_id": ACS, "signed_content": signed},
        "certificates": {"ca_public": BASE64_URL_SAFE_NO_PAD.encode(&root)},
    });
    let session = Session::read(session.to_string().as_bytes()).expect("a session");
    let data = json!({
        "sdk_ephem_pub_key": own.public(), "sdk_transaction_id": "33333333-0000-4000-8000-000000000000",
        "sdk_reference_number": REFERENCE, "sdk_max_timeout": 5,
    });
    let keys = Keyring::default();
    let sdk_public = own.expose().public_key();
    keys.keep(own);
    let sdk = Sdk::prepare(&session, &data, &keys, seal).unwrap_or_else(|why| panic!("{why}"));
    Bench { sdk, issuer: Channel::agree(&issuer, &sdk_public, REFERENCE), due: 0 }
}

fn bench(seal: Seal) -> Bench {
    prepared("2.2.0", seal, |_, _, _| ())
}

fn answer(status: u16, body: String) -> Response {
    let (version, headers, dropped_bytes, cut) = ("HTTP/1.1".into(), Vec::new(), 0, None);
    Response { status, version, headers, body: Bytes::from(body), dropped_bytes, cut }
}

impl Bench {
    /// A CRes with these members beside those that all have.
    fn cres(&self, members: &Value) -> Value {
        let mut body = json!({
            "messageType": "CRes", "messageVersion": self.sdk.of.version, "threeDSServerTransID": self.sdk.of.server,
            "acsTransID": ACS, "sdkTransID": self.sdk.of.sdk, "acsCounterAtoS": format!("{:03}", self.due),
            "challengeCompletionInd": "N", "acsUiType": "01", "challengeInfoHeader": "H", "challengeInfoLabel": "L",
            "challengeInfoText": "T", "submitAuthenticationLabel": "S",
        });
        for (name, value) in members.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body
    }

    fn last(&self) -> Value {
        json!({
            "messageType": "CRes", "messageVersion": "2.2.0", "threeDSServerTransID": self.sdk.of.server,
            "acsTransID": ACS, "sdkTransID": self.sdk.of.sdk, "acsCounterAtoS": format!("{:03}", self.due),
            "challengeCompletionInd": "Y", "transStatus": "Y",
        })
    }

    fn sealed(&self, cres: &Value) -> String {
        self.issuer.seal(Side::Issuer, self.sdk.device.seal, ACS, self.due, cres.to_string().as_bytes(), [3; 16])
    }

    /// Hands it to the SDK. The code of the Erro that the SDK sends; empty if it takes it.
    fn give(&mut self, sealed: String) -> String {
        let sending = self.sdk.take(&answer(200, sealed), now());
        self.due += 1;
        let Some(sending) = sending else { return String::new() };
        assert_eq!(sending.content_type, OPEN, "an Erro goes in the open");
        let erro: Value = serde_json::from_str(&sending.body).expect("JSON");
        assert_eq!((erro["messageType"].as_str(), erro["errorComponent"].as_str()), (Some("Erro"), Some("C")));
        assert!(matches!(self.sdk.device.screen, Screen::Aborted(_)));
        erro["errorCode"].as_str().expect("a code").to_owned()
    }

    /// The first CReq is out, and answered with a screen.
    fn asked(mut self) -> Self {
        self.sdk.open(now()).expect("a CReq");
        let cres = self.cres(&json!({}));
        let sealed = self.sealed(&cres);
        assert_eq!(self.give(sealed), "");
        assert!(matches!(self.sdk.device.screen, Screen::Asks(_)), "{:?}", self.sdk.device.screen);
        self
    }
}

fn typed() -> Reply {
    Reply::of(Said::Typed(vec!["1234".into()]))
}

#[test]
fn a_challenge_goes_from_the_first_creq_to_the_last_cres() {
    for seal in Seal::ALL {
        let mut bench = bench(seal);
        assert_eq!(bench.sdk.device.keys.len(), 1, "only its own public key is there before it is opened");
        let first = bench.sdk.open(now()).expect("a CReq");
        assert_eq!((first.url.as_str(), bench.sdk.open(now())), ("http://127.0.0.1:9/acs", None));
        assert!(bench.sdk.device.checks.iter().all(|check| check.found.is_ok()), "{:?}", bench.sdk.device.checks);
        let opened = |sending: &Sending| match seal {
            Seal::Plain => {
                assert_eq!(sending.content_type, "application/json; charset=UTF-8");
                serde_json::from_str::<Value>(&sending.body).expect("JSON")
            }
            _ => {
                assert_eq!(sending.content_type, "application/jose; charset=UTF-8");
                let opened = bench.issuer.open(Side::Sdk, &sending.body).expect("it opens");
                assert_eq!((opened.enc, opened.kid.as_deref()), (seal, Some(ACS)));
                serde_json::from_slice(&opened.plain).expect("JSON")
            }
        };
        assert_eq!(opened(&first)["sdkCounterStoA"], "000");
        let sealed = bench.sealed(&bench.cres(&json!({})));
        assert_eq!(bench.give(sealed), "");
        let second = bench.sdk.answer(&typed(), now()).expect("a CReq");
        let opened = match seal {
            Seal::Plain => serde_json::from_str::<Value>(&second.body).expect("JSON"),
            _ => {
                serde_json::from_slice(&bench.issuer.open(Side::Sdk, &second.body).expect("opens").plain).expect("JSON")
            }
        };
        assert_eq!((&opened["sdkCounterStoA"], &opened["challengeDataEntry"]), (&json!("001"), &json!("1234")));
        assert_eq!(bench.sdk.device.screen, Screen::Waiting);
        let sealed = bench.sealed(&bench.last());
        assert_eq!(bench.give(sealed), "");
        assert_eq!(bench.sdk.device.screen, Screen::Over('Y'));
        assert_eq!(bench.sdk.answer(&typed(), now()), None, "nothing is asked any more");
        let kinds: Vec<_> = bench.sdk.device.messages.iter().map(|m| (m.kind, m.outward, m.counter)).collect();
        let expected =
            [("CReq", true, Some(0)), ("CRes", false, Some(0)), ("CReq", true, Some(1)), ("CRes", false, Some(1))];
        assert_eq!(kinds, expected);
        assert!(
            bench.sdk.device.messages.iter().all(|m| m.open.is_ok() && m.header.is_empty() == (seal == Seal::Plain))
        );
        let keys = [6, 6, 1][Seal::ALL.iter().position(|one| *one == seal).expect("one of them")];
        assert_eq!(bench.sdk.device.keys.len(), keys);
    }
}

#[test]
fn content_that_is_not_for_this_sdk_ends_it_before_anything_is_sent() {
    type Change = fn(&mut Value, &mut Value, &mut Vec<u8>);
    let cases: [(&str, Change); 8] = [
        ("Its certificates lead to the scheme's root", |_, _, root| *root = Authority::new("Root of tests").root),
        ("Its certificates lead to the scheme's root", |_, header, _| header["x5c"] = json!([])),
        ("The signature is the issuer's", |_, header, _| header["alg"] = "PS256".into()),
        ("It was made for this app", |payload, _, _| {
            payload["sdkEphemPubKey"] = key::jwk(&SecretKey::from_slice(&[9; 32]).expect("a key").public_key());
        }),
        ("It was made for this app", |payload, _, _| payload["sdkEphemPubKey"] = Value::Null),
        ("The issuer's key can be used", |payload, _, _| payload["acsEphemPubKey"]["y"] = "A".repeat(43).into()),
        ("It says where to answer", |payload, _, _| payload["acsURL"] = "file:///etc/passwd".into()),
        ("It says where to answer", |payload, _, _| payload["acsURL"] = "http://acs.bank.test/creq".into()),
    ];
    for (what, change) in cases {
        let mut bench = prepared("2.2.0", Seal::Cbc, change);
        assert_eq!(bench.sdk.open(now()), None, "{what}");
        let failed = bench.sdk.device.checks.iter().find(|check| check.found.is_err()).expect("a failed check");
        assert_eq!(failed.what, what);
        let Screen::Aborted(problem) = &bench.sdk.device.screen else { panic!("{what}: it goes on") };
        assert!(problem.summary.contains(what), "{problem:?}");
        assert!(!bench.sdk.has_sent() && bench.sdk.device.messages.is_empty() && bench.sdk.device.keys.len() == 1);
    }
}

#[test]
fn a_signature_of_something_else_is_found() {
    let mut bench = bench(Seal::Cbc);
    let (rest, _) = bench.sdk.signed.rsplit_once('.').expect("three parts");
    bench.sdk.signed = format!("{rest}.{}", BASE64_URL_SAFE_NO_PAD.encode([1; 64]));
    assert_eq!(bench.sdk.open(now()), None);
    bench.sdk.signed = "x.y".into();
    assert_eq!(bench.sdk.open(now()), None);
    let [check] = &bench.sdk.device.checks[..] else { panic!("it looks no further") };
    assert_eq!(check.what, "The signed content can be read");
}

#[test]
fn a_key_of_somebody_elses_app_is_none_to_play_with() {
    let own = OwnKey::make(&mut |buffer| buffer.fill(4));
    let session =
        json!({"id": "sid_y3oqhf46pyzuxjbcn2giaqnb44", "status": "challenged", "acs": {"signed_content": "a.b.c"}});
    let session = Session::read(session.to_string().as_bytes()).expect("a session");
    let data = json!({"sdk_ephem_pub_key": own.public()});
    let Err(why) = Sdk::prepare(&session, &data, &Keyring::default(), Seal::Cbc) else {
        panic!("there is no private key")
    };
    assert!(why.contains("only your app has its private key"), "{why}");
}

#[test]
fn an_answer_that_is_not_due_is_refused_with_its_code() {
    for seal in [Seal::Cbc, Seal::Gcm] {
        type Give = fn(&Bench) -> String;
        let other = if seal == Seal::Cbc { Seal::Gcm } else { Seal::Cbc };
        let cases: [(&str, Give); 7] = [
            ("201", |bench| bench.sealed(&bench.cres(&json!({"challengeInfoHeader": ""})))),
            ("203", |bench| bench.sealed(&bench.cres(&json!({"acsUiType": "09"})))),
            ("302", |bench| bench.sealed(&bench.cres(&json!({"acsCounterAtoS": "007"})))),
            ("302", |bench| {
                let text = bench.cres(&json!({})).to_string();
                Channel::with_key([1; 32]).seal(
                    Side::Issuer,
                    bench.sdk.device.seal,
                    ACS,
                    bench.due,
                    text.as_bytes(),
                    [3; 16],
                )
            }),
            ("302", |bench| {
                let text = bench.cres(&json!({})).to_string();
                bench.issuer.seal(Side::Issuer, bench.sdk.device.seal, "another", bench.due, text.as_bytes(), [3; 16])
            }),
            ("101", |bench| bench.cres(&json!({})).to_string()),
            ("101", |_| "<html>".into()),
        ];
        for (code, give) in cases {
            let mut bench = bench_asked(seal);
            let given = give(&bench);
            assert_eq!(bench.give(given), code, "{seal:?}");
            let kinds: Vec<_> = bench.sdk.device.messages.iter().map(|m| (m.kind, m.outward)).collect();
            assert_eq!(kinds[3..], [("CRes", false), ("Erro", true)]);
        }
        let mut bench = bench_asked(seal);
        let text = bench.cres(&json!({})).to_string();
        let sealed = bench.issuer.seal(Side::Issuer, other, ACS, bench.due, text.as_bytes(), [3; 16]);
        assert_eq!(bench.give(sealed), "302", "the issuer answers with the enc that was chosen");
    }
    // The counter of A128GCM stands in its vector too.
    let mut bench = bench_asked(Seal::Gcm);
    let text = bench.cres(&json!({})).to_string();
    let sealed = bench.issuer.seal(Side::Issuer, Seal::Gcm, ACS, 9, text.as_bytes(), [3; 16]);
    assert_eq!(bench.give(sealed), "302");
}

/// Asked, and answered: the next CRes is waited for.
fn bench_asked(seal: Seal) -> Bench {
    let mut bench = bench(seal).asked();
    bench.sdk.answer(&typed(), now()).expect("a CReq");
    bench
}

#[test]
fn the_codes_of_2_3_1_are_finer() {
    for (kid, seal, code) in [("another", Seal::Cbc, "311"), (ACS, Seal::Gcm, "310")] {
        let mut bench = prepared("2.3.1", Seal::Cbc, |_, _, _| ());
        bench.sdk.open(now()).expect("a CReq");
        let text = bench.cres(&json!({})).to_string();
        let sealed = bench.issuer.seal(Side::Issuer, seal, kid, 0, text.as_bytes(), [3; 16]);
        assert_eq!(bench.give(sealed), code);
    }
}

#[test]
fn an_erro_is_never_answered_and_a_failure_neither() {
    let erro = json!({"messageType": "Erro", "errorCode": "302", "errorDescription": "d", "errorDetail": "x"});
    for (status, body) in [(200, erro.to_string()), (500, "oops".to_owned()), (400, erro.to_string())] {
        let mut bench = bench_asked(Seal::Cbc);
        assert_eq!(bench.sdk.take(&answer(status, body.clone()), now()), None);
        let Screen::Aborted(problem) = &bench.sdk.device.screen else { panic!("{body}: it goes on") };
        assert!(problem.summary.contains(if body == "oops" { "500" } else { "302" }), "{problem:?}");
    }
    let mut bench = bench_asked(Seal::Gcm);
    let sealed = bench.sealed(&erro);
    assert_eq!(bench.give(sealed), "", "a sealed one is one too");
    assert!(matches!(bench.sdk.device.screen, Screen::Aborted(_)));
}

#[test]
fn mischief_is_done_once_and_as_it_says() {
    for seal in [Seal::Cbc, Seal::Gcm] {
        for wrong in Mischief::ALL {
            let mut bench = bench(seal).asked();
            bench.sdk.device.wrong = Some(wrong);
            let sending = bench.sdk.answer(&typed(), now()).expect("a CReq");
            assert_eq!(bench.sdk.device.wrong, None);
            let opened = bench.issuer.open(Side::Sdk, &sending.body);
            let counter =
                |plain: &[u8]| serde_json::from_slice::<Value>(plain).expect("JSON")["sdkCounterStoA"].clone();
            match (wrong, opened) {
                (Mischief::RepeatCounter, Ok(opened)) => assert_eq!(counter(&opened.plain), "000"),
                (Mischief::SkipCounter, Ok(opened)) => assert_eq!(counter(&opened.plain), "002"),
                (Mischief::ForeignKey | Mischief::Tampered, Err(why)) => assert_eq!(why, Unopened::Damaged),
                (Mischief::ForeignKid, Ok(opened)) => assert_ne!(opened.kid.as_deref(), Some(ACS)),
                (Mischief::OtherEnc, Ok(opened)) => assert_ne!(opened.enc, seal),
                (wrong, opened) => panic!("{wrong:?}: {opened:?}"),
            }
        }
    }
}

#[test]
fn what_a_tester_types_goes_as_it_is() {
    let mut bench = bench(Seal::Gcm).asked();
    let sending = bench.sdk.send_text("{\"sdkCounterStoA\":\"004\",\"x\":1}".into(), now()).expect("it goes");
    let opened = bench.issuer.open(Side::Sdk, &sending.body).expect("opens");
    assert_eq!((opened.plain.as_slice(), opened.counter), (&b"{\"sdkCounterStoA\":\"004\",\"x\":1}"[..], Some(4)));
    let mut bench = bench_asked(Seal::Gcm);
    let sending = bench.sdk.send_text("no JSON".into(), now()).expect("it goes too");
    assert_eq!(bench.issuer.open(Side::Sdk, &sending.body).expect("opens").counter, Some(2), "the one that is due");
}

#[test]
fn a_counter_does_not_begin_anew() {
    let mut bench = bench(Seal::Cbc).asked();
    bench.sdk.send_text("{\"sdkCounterStoA\":\"255\"}".into(), now()).expect("it goes");
    assert_eq!(bench.sdk.answer(&typed(), now()), None);
    assert!(matches!(&bench.sdk.device.screen, Screen::Aborted(problem) if problem.summary.contains("counter")));
}

#[test]
fn an_issuer_that_still_asks_after_the_time_out_is_not_shown() {
    let mut bench = bench(Seal::Cbc).asked();
    bench.sdk.answer(&Reply::of(Said::TimeOut), now()).expect("a CReq");
    let again = bench.sealed(&bench.cres(&json!({})));
    assert_eq!(bench.give(again), "");
    assert!(bench.sdk.end_if_late());
    assert!(
        matches!(&bench.sdk.device.screen, Screen::Aborted(problem) if problem.summary == "The SDK's time is over")
    );
    let mut bench = bench_asked(Seal::Cbc);
    let last = bench.sealed(&bench.last());
    bench.give(last);
    assert!(!bench.sdk.end_if_late(), "an end that came in time stays");
    assert_eq!(bench.sdk.device.screen, Screen::Over('Y'));
}

#[test]
fn the_seal_is_chosen_before_the_first_message_only() {
    let mut bench = bench(Seal::Cbc);
    bench.sdk.choose(Seal::Gcm);
    let mut bench = bench.asked();
    bench.sdk.choose(Seal::Plain);
    assert_eq!(bench.sdk.device.seal, Seal::Gcm);
}

#[test]
fn the_keyring_lets_the_oldest_go() {
    let keys = Keyring::default();
    let make = |byte: u8| OwnKey::make(&mut |buffer: &mut [u8]| buffer.fill(byte));
    (0..MOST_KEYS).for_each(|_| keys.keep(make(1)));
    assert!(keys.find(&make(1).public()).is_some());
    (0..MOST_KEYS).for_each(|_| keys.keep(make(2)));
    assert!(keys.find(&make(1).public()).is_none() && keys.find(&make(2).public()).is_some());
}
