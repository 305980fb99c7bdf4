use std::io::Write as _;

use ::base64::Engine as _;
use ::base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const METHOD: &str = "eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6IjZhZmE2MDcyLTk0MTItNDQ2Yi05NjczLTJmOThiM2VlOThhMiIsInRocmVlRFNNZXRob2ROb3RpZmljYXRpb25VUkwiOiJodHRwczovL21lcmNoYW50LnRlc3QvM2RzL21ldGhvZCJ9";
const CREQ: &str = "eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6IjZhZmE2MDcyLTk0MTItNDQ2Yi05NjczLTJmOThiM2VlOThhMiIsImFjc1RyYW5zSUQiOiIzNzVkOTBhZC0zODczLTQ5OGItOTEzMy0zODBjYmJjOGQ5OWQiLCJtZXNzYWdlVHlwZSI6IkNSZXEiLCJtZXNzYWdlVmVyc2lvbiI6IjIuMi4wIiwiY2hhbGxlbmdlV2luZG93U2l6ZSI6IjAzIn0";
const PAREQ: &str =
    "eJyzsa/IzVEoSy0qzszPs1Uy1DNQsrezCckoSk11CU5NLi1KtbPxTS0uTkxPVchMsVUKMFSyswlwDEot1Lez0YfKAFkoOgCmtxvn";

fn url(text: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

fn reading(text: &str) -> Decoded {
    read(text, &Context::NOTHING).unwrap_or_else(|| panic!("nothing read in {text}"))
}

fn row<'a>(one: &'a Decoded, name: &str) -> &'a Row {
    one.rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("{name} in {one:#?}"))
}

fn marks(one: &Decoded) -> String {
    let rows = one.rows.iter().filter_map(|row| row.mark.as_ref()).map(|mark| &mark.text);
    one.marks.iter().map(|mark| &mark.text).chain(rows).map(String::as_str).collect::<Vec<_>>().join(" | ")
}

fn worst(one: &Decoded) -> Option<Severity> {
    one.severity().filter(|severity| *severity < Severity::Advice)
}

/// The vectors of emv-3ds.md 2.1 and 2.2.
#[test]
fn the_hand_offs_of_the_specification_are_read_without_a_mark() {
    let method = reading(METHOD);
    assert_eq!((method.what, worst(&method)), (What::MethodData, None), "{}", marks(&method));
    assert_eq!(row(&method, "threeDSMethodNotificationURL").value, "https://merchant.test/3ds/method");
    let creq = reading(CREQ);
    assert_eq!((creq.what, worst(&creq)), (What::Creq, None), "{}", marks(&creq));
    assert_eq!(row(&creq, "challengeWindowSize").meaning, "500 × 600 pixels");
    assert_eq!(row(&creq, "acsTransID").meaning, "UUID, random");
    assert_eq!(creq.bytes.as_ref().map(Bytes::len), Some(188));
    let form = reading(&format!("creq={CREQ}&threeDSSessionData=c2hvcA"));
    assert_eq!((form.what, form.inner.len()), (What::Form, 2));
    assert_eq!(form.inner[1].bytes.as_deref(), Some(&b"shop"[..]));
}

#[test]
fn each_departure_from_base64url_is_named() {
    let wrapped: String =
        CREQ.as_bytes().chunks(64).map(|line| format!("{}\n", String::from_utf8_lossy(line))).collect();
    for (text, words) in [
        (format!("{CREQ}="), "Padding in base64url"),
        (wrapped, "Line breaks"),
        (CREQ.replace('0', "%30"), "percent-encoded"),
        (format!("{}#{}", &CREQ[..20], &CREQ[21..]), "character 21 is '#'"),
        (CREQ[..CREQ.len() - 2].to_owned(), "Not base64"),
        (CREQ[..CREQ.len() - 3].to_owned(), "Not a JSON object"),
    ] {
        let form = look(
            format!("creq={}", form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()).as_bytes(),
            &Context::NOTHING,
        );
        let said = marks(&form[0]).to_lowercase();
        assert!(said.contains(&words.to_lowercase()), "{words}: {said}");
    }
    let standard = BASE64_STANDARD.encode("{\"threeDSServerTransID\":\"ÿÿÿ???>>>\"}");
    let found = look(format!("threeDSMethodData={standard}").as_bytes(), &Context::NOTHING);
    assert!(marks(&found[0]).contains("bare +"), "{}", marks(&found[0]));
    let escaped = standard.replace('+', "%2B").replace('/', "%2F");
    let found = look(format!("threeDSMethodData={escaped}").as_bytes(), &Context::NOTHING);
    assert!(marks(&found[0]).contains("Standard base64 where base64url is due"), "{}", marks(&found[0]));
}

#[test]
fn a_message_is_checked_member_by_member() {
    let good = json!({
        "messageType": "CReq", "messageVersion": "2.2.0", "threeDSServerTransID": "6afa6072-9412-446b-9673-2f98b3ee98a2",
        "acsTransID": "375d90ad-3873-498b-9133-380cbbc8d99d", "challengeWindowSize": "03",
    });
    for (name, value, words) in [
        ("messageVersion", Some(json!("2.9.0")), "is one of 2.1.0"),
        ("messageVersion", Some(json!(2.2)), "text in quotes"),
        ("challengeWindowSize", None, "challengeWindowSize is missing"),
        ("challengeWindowSize", Some(json!("3")), "challengeWindowSize is one of"),
        ("acsTransID", Some(json!("375d90ad")), "UUID"),
        ("messageType", Some(json!("CRes")), "where CReq is due"),
        ("purchaseAmount", Some(json!("1")), "Does not belong here"),
    ] {
        let mut body = good.clone();
        match value {
            Some(value) => body[name] = value,
            None => drop(body.as_object_mut().expect("an object").remove(name)),
        }
        let found = look(format!("creq={}", url(body.to_string())).as_bytes(), &Context::NOTHING);
        assert!(marks(&found[0]).contains(words), "{words}: {}", marks(&found[0]));
    }
    let twice = url(good.to_string().replacen('{', "{\"messageType\":\"CReq\",", 1));
    assert!(marks(&look(format!("creq={twice}").as_bytes(), &Context::NOTHING)[0]).contains("Stands twice"));
    let cres = json!({
        "messageType": "CRes", "messageVersion": "2.2.0", "threeDSServerTransID": "6afa6072-9412-446b-9673-2f98b3ee98a2",
        "acsTransID": "375d90ad-3873-498b-9133-380cbbc8d99d", "transStatus": "A",
    });
    assert!(marks(&reading(&url(cres.to_string()))).contains("A final CRes says Y or N"));
    let erro = json!({
        "messageType": "Erro", "messageVersion": "2.2.0", "errorCode": "203", "errorComponent": "A",
        "errorDescription": "x", "errorDetail": "browserColorDepth",
    });
    let erro = look(format!("cres={}", url(erro.to_string())).as_bytes(), &Context::NOTHING);
    assert_eq!(erro[0].what, What::Erro);
    assert_eq!(row(&erro[0], "errorCode").meaning, "format or value of an element invalid");
}

fn zlib(xml: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(xml.as_bytes()).and_then(|()| encoder.finish()).expect("memory")
}

/// The vector of emv-3ds.md 2.3.
#[test]
fn three_d_secure_1_is_inflated_and_read() {
    let vector = reading(PAREQ);
    assert_eq!(vector.what, What::PaReq);
    let xml = "<?xml version=\"1.0\"?><ThreeDSecure><Message id=\"P1\"><PAReq/></Message></ThreeDSecure>";
    assert_eq!(vector.bytes.as_deref(), Some(xml.as_bytes()));
    let xml = "<ThreeDSecure><Message id=\"1\"><PARes id=\"x\"><version>1.0.2</version><Purchase><xid>AAECAwQFBgcICQoLDA0ODxAREhM=</xid>\
               <purchAmount>6540</purchAmount><currency>840</currency></Purchase><TX><status>Y</status><eci>05</eci></TX>\
               </PARes></Message></ThreeDSecure>";
    let pares = look(
        &format!("PaRes={}&MD=", BASE64_STANDARD.encode(zlib(xml)).replace('+', "%2B")).into_bytes(),
        &Context::NOTHING,
    );
    assert_eq!(row(&pares[0], "PARes/TX/status").meaning, "authenticated");
    assert_eq!(row(&pares[0], "PARes/Purchase/currency").meaning, "USD");
    assert!(marks(&pares[0]).contains("No Signature"), "{}", marks(&pares[0]));
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
    let raw = raw.write_all(xml.as_bytes()).and_then(|()| raw.finish()).expect("memory");
    assert!(marks(&reading(&BASE64_STANDARD.encode(raw))).contains("RFC 1951"));
    let unpadded = BASE64_STANDARD.encode(zlib(xml)).trim_end_matches('=').to_owned();
    let found = look(format!("PaReq={}", unpadded.replace('+', "%2B")).as_bytes(), &Context::NOTHING);
    let said: Vec<String> = found.iter().map(marks).collect();
    assert!(said.concat().contains("MD is missing"), "{said:?}");
}

#[test]
fn a_page_for_people_is_no_damaged_xml() {
    for page in ["<!DOCTYPE html><title>Bank</title><meta charset=\"utf-8\">", "\n<html><body>Bank</body></html>"] {
        assert_eq!(look(page.as_bytes(), &Context::NOTHING), []);
    }
}

#[test]
fn bombs_and_document_types_are_refused() {
    let bomb = format!("<a>{}</a>", " ".repeat(300 << 10));
    let found = look(format!("PaReq={}&MD=", url(zlib(&bomb))).as_bytes(), &Context::NOTHING);
    assert!(marks(&found[0]).contains("Inflates to more than"), "{}", marks(&found[0]));
    let entity = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><PARes><TX><status>&b;</status></TX></PARes>";
    let found = look(format!("PaRes={}&MD=", url(zlib(entity))).as_bytes(), &Context::NOTHING);
    assert!(marks(&found[0]).contains("document type: refused"), "{}", marks(&found[0]));
    let deep = format!("{}x", "<a>".repeat(1000));
    assert!(marks(&reading(&deep)).contains("nested deeper"));
    assert!(marks(&reading("<ThreeDSecure><Message><PARes>")).contains("was cut"));
}

fn jwt(header: &Value, claims: &Value, signature: &[u8]) -> String {
    format!("{}.{}.{}", url(header.to_string()), url(claims.to_string()), url(signature))
}

fn sign(secret: &[u8], text: &str) -> Vec<u8> {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret).expect("any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[test]
fn a_token_is_read_and_never_called_genuine_without_a_key() {
    let claims = json!({"iss": "sandbox", "scope": "sessions:app", "iat": 1_790_000_000, "exp": 1_790_003_600});
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let bare = jwt(&header, &claims, &[]);
    let signed = bare.trim_end_matches('.');
    let token = format!("{signed}.{}", url(sign(b"secret", signed)));
    let at = |second| Context { recorded: Timestamp::from_second(second).ok(), ..Context::NOTHING };
    let one = read(&token, &at(1_790_000_010)).expect("a token");
    assert_eq!((one.what, worst(&one)), (What::Jwt, None), "{}", marks(&one));
    assert!(marks(&one).contains("Signature not verified"));
    assert!(row(&one, "scope").meaning.contains("not for POST /sessions, browser"), "{}", row(&one, "scope").meaning);
    assert!(row(&one, "exp").meaning.contains("59 min 50 s after"), "{}", row(&one, "exp").meaning);
    assert_eq!(row(&one, "lives").meaning, "1 h 0 min");
    let now = |second| read(&token, &Context { is_now: true, ..at(second) }).expect("a token");
    assert!(row(&now(1_790_000_010), "exp").meaning.ends_with(", in 59 min 50 s"));
    assert!(row(&now(1_790_003_610), "exp").meaning.ends_with(", 10 s ago"));
    assert_eq!(row(&now(1_790_003_610), "exp").mark, Some(Mark::odd("Expired")));
    assert!(marks(&read(&token, &at(1_790_003_600)).expect("a token")).contains("Expired"));
    for (key, words) in [("secret", "Signature verified"), ("other", "not by the key")] {
        let keys = [Key::read(key).expect("a key")];
        let context = Context { keys: &keys, ..Context::NOTHING };
        assert!(marks(&read(&token, &context).expect("a token")).contains(words), "{words}");
    }
    let none = jwt(&json!({"alg": "none"}), &claims, &[]);
    let keys = [Key::read("secret").expect("a key")];
    let said = marks(&read(&none, &Context { keys: &keys, ..Context::NOTHING }).expect("a token"));
    assert!(said.contains("alg is none") && said.contains("not verified"), "{said}");
    let short = format!("{signed}.{}", url([1, 2, 3]));
    assert!(marks(&reading(&short)).contains("makes 32 bytes"));
    assert!(
        marks(&reading(&format!("{token}="))).contains("signature: padding"),
        "{}",
        marks(&reading(&format!("{token}=")))
    );
}

/// RFC 7515, appendix A.3: a JWS that others made.
#[test]
fn a_signature_of_the_rfc_is_verified_by_its_key_only() {
    let jws = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let jwk = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    let keys = [Key::read(jwk).expect("a key")];
    let context = Context { keys: &keys, ..Context::NOTHING };
    assert!(marks(&read(jws, &context).expect("signed")).contains("Signature verified"));
    // A public key as shared secret: the old trick. The key brings its own algorithm.
    let forged = jws.replacen("eyJhbGciOiJFUzI1NiJ9", &url(r#"{"alg":"HS256"}"#), 1);
    assert!(marks(&read(&forged, &context).expect("signed")).contains("Signature not verified"));
}

#[test]
fn a_sealed_object_says_which_key_it_takes_and_opens_with_it() {
    let own = p256::SecretKey::from_slice(&[7; 32]).expect("a key");
    let values = {
        use p256::elliptic_curve::sec1::ToSec1Point as _;
        let point = own.public_key().to_sec1_point(false);
        let jwk =
            json!({"kty": "EC", "crv": "P-256", "x": url(&point.as_bytes()[1..33]), "y": url(&point.as_bytes()[33..])});
        let mut counter = 0_u8;
        crate::model::app::AppValues::make(Some(&url(jwk.to_string())), &mut |buffer| {
            for byte in buffer {
                counter = counter.wrapping_mul(31).wrapping_add(7);
                *byte = counter;
            }
        })
    };
    let body = json!({"channel": "app", "sdk_encrypted_data": values.encrypted_data});
    let context = Context { doc: Some(Doc::Api), ..Context::NOTHING };
    let closed = look(body.to_string().as_bytes(), &context);
    assert!(marks(&closed[0]).contains("certificates.ds_public"), "{}", marks(&closed[0]));
    assert_eq!(worst(&closed[0]), None, "{}", marks(&closed[0]));
    let jwk = json!({"kty": "EC", "crv": "P-256", "d": url([7; 32])}).to_string();
    let keys = [Key::read(&jwk).expect("a key")];
    let open = look(body.to_string().as_bytes(), &Context { keys: &keys, ..context });
    let plain = payload::tree(open[0].bytes.as_deref().expect("opened")).expect("JSON");
    assert_eq!(plain["DD"]["C018"], values.transaction_id.as_str());
    assert!(marks(&look(br#"{"sdk_encrypted_data":"{}"}"#, &context)[0]).contains("5 are due"));
}

/// RFC 7518, appendix B: AES-128-CBC with HMAC-SHA-256.
#[test]
fn the_other_seal_is_opened_too() {
    let key: Vec<u8> = (0..32).collect();
    let compact = {
        use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _, block_padding::Pkcs7};
        let head = url(r#"{"alg":"dir","enc":"A128CBC-HS256","kid":"x"}"#);
        let iv = [9_u8; 16];
        let encryptor = cbc::Encryptor::<aes::Aes128>::new_from_slices(&key[16..], &iv).expect("lengths");
        let text = encryptor.encrypt_padded_vec::<Pkcs7>(b"{\"messageType\":\"CReq\"}");
        let mut signed = [head.as_bytes(), &iv, &text].concat();
        signed.extend((head.len() as u64 * 8).to_be_bytes());
        let tag = {
            use hmac::{Hmac, KeyInit as _, Mac as _};
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key[..16]).expect("any length");
            mac.update(&signed);
            mac.finalize().into_bytes()[..16].to_vec()
        };
        format!("{head}..{}.{}.{}", url(iv), url(text), url(tag))
    };
    let keys = [Key::Shared(key)];
    let open = read(&compact, &Context { keys: &keys, ..Context::NOTHING }).expect("sealed");
    assert_eq!(open.bytes.as_deref(), Some(&b"{\"messageType\":\"CReq\"}"[..]));
    assert!(marks(&reading(&compact)).contains("app and bank agreed on"));
}

#[test]
fn cryptograms_tell_their_length_and_maker() {
    let of = |value: &str, scheme| {
        let body =
            json!({"cryptogram": value, "acs": {"transaction_id": "a"}, "ds": {"transaction_id": "b"}}).to_string();
        look(body.as_bytes(), &Context { scheme, doc: Some(Doc::Api), ..Context::NOTHING }).remove(0)
    };
    let good = of("V+v37FmuAPB9rCVyIpjY4BZ5RfQ=", "visa");
    assert_eq!(worst(&good), None, "{}", marks(&good));
    assert_eq!(row(&good, "length").value, "20 bytes");
    assert_eq!(row(&good, "made by").value, "the bank's server (ACS)");
    assert!(marks(&of("V+v37FmuAPB9rCVyIpjY4BZ5RfQ=", "mastercard")).contains("begins with k"));
    assert!(marks(&of("V-v37FmuAPB9rCVyIpjY4BZ5RfQ=", "visa")).contains("Base64url where standard"));
    assert!(marks(&of("V+v37FmuAPB9rCVyIpjY4BZ5RfQ", "visa")).contains("Padding is missing"));
    assert!(marks(&of("V+v37FmuAPB9rCVyIg==", "visa")).contains("20 bytes are due"));
    let fake = BASE64_STANDARD.encode([&[7][..], b"SBX-TEST", &[1; 11]].concat());
    assert_eq!(row(&of(&fake, "visa"), "made by").value, "a sandbox");
    assert_eq!(card_scheme("424242******4242"), Some("Visa"));
    assert_eq!(card_scheme("2221000000000009"), Some("Mastercard"));
}

/// T14 of trust.md: base64 of base64 of … twenty times.
#[test]
fn the_lens_stops_at_eight_levels() {
    let mut text = CREQ.to_owned();
    for _ in 0..20 {
        text = BASE64_STANDARD.encode(text);
    }
    let one = read(&text, &Context::NOTHING).expect("encoded text");
    let mut depth = 0;
    let mut next = Some(&one);
    while let Some(inner) = next {
        depth += 1;
        next = inner.inner.first();
    }
    assert!((MAX_DEPTH..=MAX_DEPTH + 1).contains(&depth), "{depth}");
    let shallow = BASE64_STANDARD.encode(BASE64_STANDARD.encode(CREQ));
    assert_eq!(reading(&shallow).inner[0].inner[0].what, What::Creq);
}

#[test]
fn a_session_is_read_as_a_whole() {
    let session = json!({
        "id": "sid_skp65s2imhnguhok7722ffif7l", "scheme": "visa", "eci": "05", "response_code": "Y", "status": "approved",
        "amount": 6540, "currency": "USD", "transaction_id": "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8",
        "cryptogram": "V+v37FmuAPB9rCVyIpjY4BZ5RfQ=", "3ds": {"challenge_request": CREQ},
    });
    let one = reading(&session.to_string());
    assert_eq!(one.what, What::Session);
    assert_eq!(row(&one, "eci").meaning, "Fully authenticated");
    assert_eq!(row(&one, "amount").meaning, "USD 65.40");
    let inner: Vec<What> = one.inner.iter().map(|one| one.what).collect();
    assert_eq!(inner, [What::Cryptogram, What::Creq]);
    assert_eq!(one.inner[1].place, Place::Member("$['3ds'].challenge_request".into()));
    assert_eq!(read("hello", &Context::NOTHING), None);
    assert_eq!(read("", &Context::NOTHING), None);
}

#[test]
fn what_stands_in_a_list_or_deeper_is_named_by_its_path() {
    let id = "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8";
    let session = json!({
        "id": "sid_a", "status": "challenged", "transaction_id": id, "acs": {"transaction_id": id},
        "3ds": {"transaction_id": "short"}, "next_actions": ["challenge_cardholder", "jump"],
    });
    let one = reading(&session.to_string());
    assert!(one.rows.iter().all(|row| !row.name.is_empty()), "{:#?}", one.rows);
    assert_eq!(row(&one, "transaction_id").value, id);
    assert_eq!(row(&one, "acs.transaction_id").value, id);
    assert!(row(&one, "3ds.transaction_id").mark.is_some());
    let action = row(&one, "next_actions[0]");
    assert_eq!((action.meaning.as_str(), &action.mark), ("show the bank's page", &None));
    let strange = row(&one, "next_actions[1]").mark.as_ref().expect("no action");
    assert!(strange.text.starts_with("next_actions ") && strange.text.contains("complete"), "{}", strange.text);
    assert!(!strange.text.contains("list"), "{}", strange.text);
}

/// A session's identifier as the API writes it.
const SESSION: &str = "sid_skp65s2imhnguhok7722ffif7l";

#[test]
fn what_the_api_sends_by_itself_is_named_and_decides_nothing() {
    let data = json!({"session_id": SESSION, "amount": "2599", "currency": "GBP", "response_code": "Y"});
    let callback = json!({"session_id": SESSION, "status": "approved", "amount": 2599, "currency": "GBP"});
    let event = json!({"id": "evt_a", "type": "authentication_approved", "version": "1.0.1", "data": data});
    // What a lost wrapper leaves behind; its own members stay.
    let bare = json!({"id": "evt_a", "type": "authentication_failed", "session_id": SESSION, "status": "declined"});
    for (body, what, at) in [
        (callback, What::Callback, "session_id"),
        (event, What::Webhook, "data.session_id"),
        (bare, What::Webhook, "session_id"),
    ] {
        let one = reading(&body.to_string());
        assert_eq!((one.what, worst(&one)), (what, None), "{one:#?}");
        assert_eq!(row(&one, at).value, SESSION);
        assert!(one.rows.iter().all(|row| !row.name.ends_with("amount") || row.meaning == "GBP 25.99"), "{one:#?}");
        assert!(
            marks(&one).contains("Only GET /sessions/sid_skp65s2imhnguhok7722ffif7l tells the outcome"),
            "{}",
            marks(&one)
        );
    }
    let other = json!({"id": "evt_a", "type": "payment_approved", "data": {"id": "pay_a"}});
    assert_eq!(reading(&other.to_string()).what, What::Codes);
}

#[test]
fn a_refusal_says_what_each_reason_asks_for() {
    let body = json!({"request_id": "r", "error_type": "request_invalid", "error_codes": ["currency_invalid", "x"]});
    let one = reading(&body.to_string());
    assert_eq!(one.what, What::Refusal);
    assert_eq!(row(&one, "error_codes[0]").meaning, "currency does not fit its constraint");
    assert_eq!(row(&one, "error_codes[1]").meaning, "The contract does not list this code");
    let token = reading(r#"{"error":"invalid_client"}"#);
    assert!(row(&token, "error").meaning.contains("does not know this id and secret"));
}

#[test]
fn masks_are_said_and_what_is_large_is_left() {
    let masked = look(br#"{"access_token":"********************"}"#, &Context::NOTHING);
    assert!(marks(&masked[0]).contains("Masked when it was recorded"));
    let large = vec![b'x'; MAX_BYTES + 1];
    assert!(marks(&look(&large, &Context::NOTHING)[0]).contains("not looked into"));
    let long = format!("creq={}", "A".repeat(100_000));
    assert!(marks(&look(long.as_bytes(), &Context::NOTHING)[0]).contains("not decoded"));
}

#[test]
fn a_row_shows_what_can_be_read_in_it() {
    for (name, value, word) in [
        ("creq", "x", Some("CReq")),
        ("anything", CREQ, Some("base64")),
        ("authorization", "eyJhbGciOiJub25lIn0.e30.", Some("JWT")),
        ("xid", "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8", None),
        ("status", "approved", None),
        ("creq", "", None),
    ] {
        assert_eq!(peek(name, value), word, "{name} {value}");
    }
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for due in [text::Due::Url, text::Due::Any] {
            let (found, marks) = text::base64(&url(&bytes), due);
            prop_assert_eq!(found, Ok(bytes.clone()));
            prop_assert_eq!(marks, vec![]);
        }
        let (found, marks) = text::base64(&BASE64_STANDARD.encode(&bytes), text::Due::Standard);
        prop_assert_eq!(found, Ok(bytes));
        prop_assert_eq!(marks, vec![]);
    }

    #[test]
    fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..400), name in "[a-zA-Z_]{0,12}") {
        let _ = look(&bytes, &Context::NOTHING);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let _ = read(&text, &Context::NOTHING);
        for name in [name.as_str(), "creq", "PaRes", "threeDSSessionData", "sdkEncData", "acsSignedContent", "cryptogram", "ca_public"] {
            let _ = peek(name, &text);
            let _ = look(json!({ name: &text }).to_string().as_bytes(), &Context::NOTHING);
            let _ = look(json!({ name: url(&bytes) }).to_string().as_bytes(), &Context::NOTHING);
        }
        let _ = read(&format!("{}.{}.{}", url(&bytes), url(&bytes), url(&bytes)), &Context::NOTHING);
        let _ = read(&url(zlib(&text)), &Context::NOTHING);
    }

    #[test]
    fn nothing_is_genuine_without_a_key(alg in "[a-zA-Z0-9]{0,8}", claims in "[a-z]{0,20}", signature in proptest::collection::vec(any::<u8>(), 0..70)) {
        let token = jwt(&json!({"alg": alg}), &json!({"sub": claims}), &signature);
        let one = reading(&token);
        prop_assert!(!marks(&one).contains("Signature verified"));
        prop_assert!(!alg.eq_ignore_ascii_case("none") || marks(&one).contains("alg is none"));
    }
}

// --- The app channel

fn encoded(text: &str) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(text)
}

fn of_member_named(name: &str, value: &str) -> Decoded {
    let body = serde_json::json!({ name: value }).to_string();
    look(body.as_bytes(), &Context::NOTHING).into_iter().next().expect("something is decoded")
}

fn says<'a>(one: &'a Decoded, name: &str) -> (&'a str, &'a str, Option<&'a str>) {
    let row = one.rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no {name}: {one:?}"));
    (row.value.as_str(), row.meaning.as_str(), row.mark.as_ref().map(|mark| mark.text.as_str()))
}

#[test]
fn device_data_are_a_table_with_reasons_and_warnings_named() {
    let data = r#"{"DV":"1.6","DD":{"C001":"Android","C008":"1080x2400","A001":"x"},"DPNA":{"C010":"RE03","C011":"RE09"},"SW":["SW01","SW09"]}"#;
    let one = of_member_named("deviceInfo", &encoded(data));
    assert_eq!(one.what, What::DeviceInfo);
    assert_eq!(says(&one, "DV").0, "1.6");
    assert_eq!(says(&one, "C001"), ("Android", "platform", None));
    assert_eq!(says(&one, "A001"), ("x", "", None));
    assert_eq!(says(&one, "C010"), ("RE03", "address: missing, the shopper gave no permission", None));
    assert!(says(&one, "C011").2.expect("unknown").contains("RE01 to RE04"));
    assert_eq!(says(&one, "SW[0]").1, "the device is rooted");
    assert!(says(&one, "SW[1]").2.expect("unknown").contains("SW01 to SW05"));
    assert!(one.bytes.is_some_and(|bytes| bytes.starts_with(b"{\"DV\"")));
    for (value, why) in [("e30", "DD is missing"), ("bm8", "Not base64url of a JSON object"), ("!", "")] {
        let one = of_member_named("deviceInfo", value);
        assert!(one.marks.iter().any(|mark| mark.text.contains(why)), "{value}: {one:?}");
    }
}

#[test]
fn a_message_between_app_and_bank_says_who_sealed_it_and_with_which_half() {
    let header = encoded(r#"{"alg":"dir","enc":"A128GCM","kid":"310184a2-e7d0-4a06-823c-c78fc7c6b561"}"#);
    let sealed = |vector: [u8; 12]| {
        use base64::Engine as _;
        let vector = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(vector);
        format!("{header}..{vector}.YWJj.MTIzNDU2Nzg5MDEyMzQ1Ng")
    };
    let mut app = [0; 12];
    app[11] = 2;
    let mut bank = [0xFF; 12];
    bank[11] = 0;
    for (vector, words) in [
        (app, "from the app, counter 002: the left half of the key"),
        (bank, "from the bank, counter 000: the right half of the key"),
        ([7; 12], "neither the app's (eleven times 00) nor the bank's (eleven times FF)"),
    ] {
        let one = read(&sealed(vector), &Context::NOTHING).expect("a JWE");
        assert_eq!(says(&one, "vector").1, words);
        assert_eq!(says(&one, "kid").1, "which challenge: the bank's acsTransID");
    }
}

#[test]
fn a_page_for_an_app_is_looked_through_for_what_no_sdk_allows() {
    let marks = |html: &str| -> Vec<String> {
        of_member_named("acsHTML", &encoded(html)).marks.into_iter().map(|mark| mark.text).collect()
    };
    let good = "<html><form action=\"HTTPS://EMV3DS/challenge\" method=\"get\"><input name=\"a\"></form></html>";
    assert_eq!(marks(good), Vec::<String>::new());
    let bad = "<html><script>x</script><img src=\"https://bank.example/a.png\"><form action=\"/x\"></form></html>";
    let found = marks(bad).join("; ");
    assert!(found.contains("A script") && found.contains("from elsewhere") && found.contains("EMV3DS"), "{found}");
    let standard = of_member_named("acsHTML", "PGh0bWw+");
    assert!(standard.marks.iter().any(|mark| mark.text.contains("Standard base64")), "{standard:?}");
}
