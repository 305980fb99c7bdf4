//! Holds answers against the examples of the contract: equal, apart from ids, times and crypto values.
//!
//! Those must have the right form, and be the same wherever the example has the same one: a
//! story remembers what each invented value stands for. Source: sessions-api.md 5, Appendix A.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

/// The invented values of one example, and what they are here.
pub struct Story {
    /// Of the example's `http://127.0.0.1:8787` and the like, longest first.
    hosts: Vec<(String, String)>,
    known: BTreeMap<String, String>,
}

impl Story {
    pub fn new(hosts: &[(&str, &str)]) -> Self {
        let hosts = hosts.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        Self { hosts, known: BTreeMap::new() }
    }

    /// The example's text with the values of this story.
    pub fn told(&self, example: &str) -> String {
        let text = self.hosts.iter().fold(example.to_owned(), |text, (from, to)| text.replace(from, to));
        self.known.iter().fold(text, |text, (from, to)| text.replace(from, to))
    }

    /// The answer has exactly the members of the example, with its values.
    pub fn is(&mut self, answer: &Value, example: &str) {
        let example: Value = serde_json::from_str(example).expect("a good example");
        self.same("", answer, &example, answer);
    }

    /// The answer has the members of the example, among others.
    pub fn has(&mut self, answer: &Value, example: &str) {
        let example: Value = serde_json::from_str(example).expect("a good example");
        for (name, value) in example.as_object().expect("an object") {
            let found = answer.get(name).unwrap_or_else(|| panic!("no {name} in {answer}"));
            self.same(&format!("/{name}"), found, value, answer);
        }
    }

    /// The answer is the one before with the members of the example changed, and those of `gone` taken away.
    /// Nothing else may differ but the time of the result and the links.
    pub fn changed(&mut self, before: &Value, after: &Value, example: &str, gone: &[&str]) {
        self.has(after, example);
        let example: Value = serde_json::from_str(example).expect("a good example");
        let changes = example.as_object().expect("an object");
        let same = |name: &String| !changes.contains_key(name) && name != "authentication_date" && name != "_links";
        let (before, after) = (before.as_object().expect("an object"), after.as_object().expect("an object"));
        for name in after.keys().filter(|name| same(name)) {
            assert_eq!(Some(&after[name]), before.get(name), "{name} changed: {after:?}");
        }
        for name in before.keys().filter(|name| same(name)) {
            assert_eq!(gone.contains(&name.as_str()), !after.contains_key(name), "{name}: {after:?}");
        }
    }

    fn same(&mut self, place: &str, answer: &Value, example: &Value, whole: &Value) {
        match (answer, example) {
            // "may be {}": two examples of one session differ in it; what is in it is in `metadata`.
            (Value::Object(_), Value::Object(_)) if place.ends_with("/metadata") => metadata(answer),
            // A crypto value as a whole; 4.3 gives it one member that the examples of 2022 do not have.
            (Value::Object(found), Value::Object(expected))
                if place.ends_with("/certificates") && found.contains_key("ca_public_all") =>
            {
                let mut found = found.clone();
                let all = found.remove("ca_public_all").expect("just looked");
                assert!(all.as_array().is_some_and(|all| all.contains(&found["ca_public"])), "{whole}");
                self.same(place, &found.into(), &Value::Object(expected.clone()), whole);
            }
            (Value::Object(found), Value::Object(expected)) => {
                let names = |object: &serde_json::Map<String, Value>| {
                    let mut names: Vec<String> = object.keys().cloned().collect();
                    names.sort();
                    names
                };
                assert_eq!(names(found), names(expected), "members of {place}/ in {whole}");
                for (name, value) in expected {
                    self.same(&format!("{place}/{name}"), &found[name], value, whole);
                }
            }
            (Value::String(found), Value::String(expected)) if invented(place) => {
                assert!(shaped(place, found), "{place}: {found}");
                let known = self.known.entry(expected.clone()).or_insert_with(|| found.clone());
                assert_eq!(found, known, "{place} is not what it was");
            }
            (Value::String(found), Value::String(expected)) => {
                let told = self.told(expected);
                // The issuer's pages are those of another site (product.md: cookies as in life).
                let issuers = place.ends_with("/acs/url") || place.contains("three_ds_method_url");
                let told = if issuers { told.replace("//127.0.0.1:", "//localhost:") } else { told };
                assert_eq!(found, &told, "{place}");
            }
            _ => assert_eq!(answer, example, "{place} in {whole}"),
        }
    }
}

/// True for ids, times and crypto values.
fn invented(place: &str) -> bool {
    let name = place.rsplit('/').next().unwrap_or_default();
    matches!(
        name,
        "id" | "session_id"
            | "session_secret"
            | "transaction_id"
            | "3ds_transaction_id"
            | "ds_transaction_id"
            | "acs_transaction_id"
            | "xid"
            | "authentication_date"
            | "created_on"
            | "instrument_id"
            | "fingerprint"
            | "cryptogram"
            | "ds_public"
            | "ca_public"
            | "challenge_request"
            | "signed_content"
            | "pareq"
            | "request_id"
    )
}

/// The documented form of an invented value.
fn shaped(place: &str, value: &str) -> bool {
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    let json = |text: &str| serde_json::from_slice::<Value>(&decoded(text)).unwrap_or_default();
    match place.rsplit('/').next().unwrap_or_default() {
        "id" | "session_id" | "instrument_id" => {
            ["sid_", "src_", "evt_"].into_iter().any(|prefix| value.strip_prefix(prefix).is_some_and(base32))
        }
        "session_secret" => {
            let bytes = value.strip_prefix("sek_").and_then(|text| STANDARD.decode(text).ok());
            value.len() == 48 && bytes.is_some_and(|bytes| bytes.len() == 32)
        }
        "authentication_date" => value.len() == 20 && moment(value),
        "created_on" => value.len() == 24 && moment(value),
        "fingerprint" => value.len() == 64 && value.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)),
        "cryptogram" => twenty_bytes(value),
        "xid" => twenty_bytes(value) || uuid4(value),
        "ds_public" => json(value)["kty"] == "EC" && value.len() <= 1024,
        "ca_public" => decoded(value).first() == Some(&0x30) && value.len() <= 1024,
        "challenge_request" => json(value)["messageType"] == "CReq",
        "signed_content" => {
            let parts: Vec<&str> = value.split('.').collect();
            parts.len() == 3
                && json(parts[0])["alg"].is_string()
                && parts[1..].iter().all(|part| !decoded(part).is_empty())
        }
        "pareq" => inflated(value).is_some_and(|text| text.contains("<PAReq")),
        _ => uuid4(value),
    }
}

fn base32(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b))
}

fn moment(text: &str) -> bool {
    text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
}

fn twenty_bytes(text: &str) -> bool {
    text.len() == 28 && STANDARD.decode(text).is_ok_and(|bytes| bytes.len() == 20)
}

fn uuid4(text: &str) -> bool {
    uuid::Uuid::parse_str(text).is_ok_and(|id| id.get_version_num() == 4 && id.hyphenated().to_string() == text)
}

/// The message in a `PaReq` or `PaRes`: base64 of deflated XML.
pub fn inflated(text: &str) -> Option<String> {
    use std::io::Read;
    let mut message = String::new();
    flate2::read::ZlibDecoder::new(STANDARD.decode(text).ok()?.as_slice()).read_to_string(&mut message).ok()?;
    Some(message)
}

/// Source: sessions-api.md 4.3, `card.metadata`.
fn metadata(found: &Value) {
    for (name, value) in found.as_object().expect("an object") {
        let value = value.as_str().unwrap_or_else(|| panic!("{name} in {found}"));
        let good = match name.as_str() {
            "card_type" => ["CREDIT", "DEBIT", "PREPAID", "CHARGE", "DEFERRED DEBIT"].contains(&value),
            "card_category" => ["CONSUMER", "COMMERCIAL"].contains(&value),
            "issuer_country" => value.len() == 2 && value.bytes().all(|letter| letter.is_ascii_uppercase()),
            "issuer_name" | "product_id" | "product_type" => !value.is_empty(),
            _ => false,
        };
        assert!(good, "{name} in {found}");
    }
}
