//! The form's validation against the sandbox's, row by row. Two programs written from one
//! contract by different hands must give the same verdict: each field of the table is
//! damaged in each way its kind allows, the body goes to the sandbox as raw bytes, and the
//! error codes of the answer, in order, must be those that the form shows.
//! Source: sessions-api.md 2, 2.6, 3.

#[path = "support/lab.rs"]
mod lab;

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use sessions_console::model::draft::{Around, Body, Doc, Draft, Finding};
use sessions_console::model::fields::{FIELDS, Field, Kind, Required};
use sessions_console::model::template::Values;

use lab::{Lab, browser, request};

/// One way to damage a body: where, and what stands there then (`None`: nothing).
#[derive(Debug, Clone)]
struct Edit {
    pointer: String,
    what: &'static str,
    value: Option<Value>,
}

/// A lab, the surroundings of a check, and an earlier session to refer to.
struct Bench {
    lab: Lab,
    values: Values,
    earlier: String,
}

impl Bench {
    fn new() -> Self {
        let lab = Lab::new();
        let now = lab.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let first = lab.create(&lab::non_hosted(lab::FRICTIONLESS_CARD, json!({ "channel_data": browser() })));
        let earlier = lab::text(&first, "id").to_owned();
        Self { lab, values: Values { now, ..Values::default() }, earlier }
    }

    /// The codes of the sandbox's 422; none if it got past validation.
    fn sandbox(&self, method: &str, path: &str, text: &str) -> Vec<String> {
        let bearer = self.lab.bearer();
        let headers = [("Content-Type", "application/json"), ("Authorization", &bearer)];
        let answer = request(self.lab.addr, method, path, &headers, text);
        assert!(![400, 401, 404, 500].contains(&answer.status), "{answer:?}\n{text}");
        let codes = if answer.status == 422 { answer.codes() } else { Vec::new() };
        codes.into_iter().filter(|code| code != "invalid_token").collect()
    }

    fn around(&self) -> Around<'_> {
        Around::new(&self.values, true)
    }

    /// The codes of the form's findings about one document, each once, as a 422 has them.
    fn form(&self, draft: &Draft, body: Body) -> Vec<String> {
        let mut codes: Vec<String> = Vec::new();
        let of_body = |finding: &Finding| finding.body == body;
        for code in draft.check(&self.around()).into_iter().filter(of_body).filter_map(|finding| finding.code) {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        codes
    }

    /// Both verdicts on a body of `POST /sessions`.
    fn verdicts(&self, body: &Value) -> (Vec<String>, Vec<String>) {
        let text = body.to_string();
        let mut draft = Draft::default();
        draft.open(text.clone());
        (self.form(&draft, Body::Session), self.sandbox("POST", "/sessions", &text))
    }

    /// Bodies in which each field of the table stands somewhere.
    fn bases(&self) -> Vec<Value> {
        let full = full(&self.earlier);
        let with = |edits: &[(&str, Option<Value>)]| {
            let mut doc = Doc::of(full.clone());
            edits.iter().for_each(|(pointer, value)| doc.set(pointer, value.clone()));
            doc.tree().clone()
        };
        let source = |source: Value| {
            let mut merged = full["source"].clone();
            for name in ["number", "expiry_month", "expiry_year", "name", "stored", "store_for_future_use"] {
                merged.as_object_mut().expect("an object").remove(name);
            }
            lab::merge(&mut merged, source);
            Some(merged)
        };
        let dated = json!({
            "type": "network_token", "token": "424242424242", "expiry_month": 6, "expiry_year": 2030,
            "name": "Ada Example", "stored": true, "store_for_future_use": false,
        });
        vec![
            full.clone(),
            with(&[(
                "/completion",
                Some(json!({
                    "type": "hosted", "success_url": "https://shop.example/ok", "failure_url": "https://shop.example/no",
                    "callback_url": "https://shop.example/cb",
                })),
            )]),
            with(&[("/source", source(json!({"type": "id", "id": "src_aaaaaaaaaaaaaaaaaaaaaaaaaa"})))]),
            with(&[(
                "/source",
                source(json!({
                    "type": "token", "token": "tok_aaaaaaaaaaaaaaaaaaaaaaaaaa", "store_for_future_use": true,
                })),
            )]),
            with(&[("/source", source(dated))]),
            with(&[("/authentication_type", Some(json!("installment")))]),
            with(&[("/channel_data", Some(app()))]),
            with(&[("/channel_data", Some(json!({"channel": "merchant_initiated", "request_type": "top_up"})))]),
        ]
    }
}

fn address() -> Value {
    json!({
        "address_line1": "1 Sample Row", "address_line2": "Flat 2", "address_line3": "Yard", "city": "Leeds",
        "state": "ENG", "zip": "LS1 1AA", "country": "GB",
    })
}

fn app() -> Value {
    json!({
        "channel": "app", "sdk_app_id": "dbd64fcb-c19a-4728-8849-e3d50bfdde39", "sdk_max_timeout": 5,
        "sdk_ephem_pub_key": {
            "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
        "sdk_encrypted_data": "{}", "sdk_reference_number": "3DS_LOA_SDK_PPFU_020100_00007",
        "sdk_transaction_id": "9c26e6a3-7a0b-4d4a-9b7c-6f4c1f2e3d4a", "sdk_interface_type": "both",
        "sdk_ui_elements": ["text", "oob"],
    })
}

/// A body with every member of sessions-api.md 3 that can stand in one.
fn full(earlier: &str) -> Value {
    json!({
        "source": {
            "type": "card", "number": "4242424242424242", "expiry_month": 6, "expiry_year": 2030,
            "name": "Ada Example", "stored": false, "store_for_future_use": true, "scheme": "visa",
            "billing_address": address(),
            "home_phone": {"country_code": "44", "number": "7700900123"},
            "mobile_phone": {"country_code": "44", "number": "7700900124"},
            "work_phone": {"country_code": "44", "number": "7700900125"},
            "email": "ada@example.test",
        },
        "amount": 6540, "currency": "USD",
        "processing_channel_id": "pc_fqzv5v2tb74ulg64fu74ndp34t",
        "marketplace": {"sub_entity_id": "ent_aaaaaaaaaaaaaaaaaaaaaaaaaa"},
        "authentication_type": "recurring", "authentication_category": "payment",
        "account_info": {
            "purchase_count": 1, "account_age": "no_account", "add_card_attempts": 2,
            "shipping_address_age": "this_transaction", "account_name_matches_shipping_name": true,
            "suspicious_account_activity": false, "transactions_today": 3, "authentication_method": "fido",
            "cardholder_account_age_indicator": "no_account", "account_change": "2022-05-03T09:15:02Z",
            "account_change_indicator": "this_transaction", "account_date": "2022-05-03",
            "account_password_change": "20220503", "account_password_change_indicator": "no_change",
            "transactions_per_year": 9, "payment_account_age": "2022-05-03 09:15:02 +0000",
            "shipping_address_usage": "2022-05-03T09:15:02", "account_type": "debit", "account_id": "a-1",
            "three_ds_requestor_authentication_info": {
                "three_ds_req_auth_method": "federated_id", "three_ds_req_auth_timestamp": "2022-05-03T09:15:02+0100",
                "three_ds_req_auth_data": "proof",
            },
        },
        "challenge_indicator": "no_preference", "billing_descriptor": {"name": "Fern and Fable"},
        "reference": "INV-1001",
        "merchant_risk_info": {
            "delivery_email": "ada@example.test", "delivery_timeframe": "same_day", "is_preorder": false,
            "is_reorder": true, "shipping_indicator": "visa", "reorder_items_indicator": "reordered",
            "pre_order_purchase_indicator": "merchandise_available", "pre_order_date": "2022-05-03",
            "gift_card_amount": "10", "gift_card_currency": "USD", "gift_card_count": "01",
        },
        "prior_transaction_reference": "bae47879-856c-4082-a294-b6dc481f2818", "transaction_type": "goods_service",
        "shipping_address": address(), "shipping_address_matches_billing": true,
        "completion": {
            "type": "non_hosted", "callback_url": "https://shop.example/cb",
            "challenge_notification_url": "https://shop.example/cres",
        },
        "channel_data": {
            "channel": "browser", "accept_header": "text/html", "java_enabled": true, "javascript_enabled": true,
            "language": "fr-FR", "color_depth": "24", "screen_height": "1080", "screen_width": "1920",
            "timezone": "60", "user_agent": "Mozilla/5.0 Example/1.0", "ip_address": "203.0.113.8",
            "three_ds_method_completion": "Y", "iframe_payment_allowed": true, "user_agent_client_hint": "x",
        },
        "recurring": {"days_between_payments": 28, "expiry": "20301231"},
        "installment": {"number_of_payments": 3, "days_between_payments": 28, "expiry": "20301231"},
        "initial_transaction": {
            "acs_transaction_id": "bae47879-856c-4082-a294-b6dc481f2818",
            "authentication_method": "challenge_occurred", "authentication_timestamp": "2022-05-03T09:15:02Z",
            "authentication_data": "data", "initial_session_id": earlier,
        },
        "optimization": {"framework": "acceptance_rates", "optimized": true, "optimized_properties": []},
        "device_information": {"device_id": "d-1", "device_session_id": "dsid_aaaaaaaaaaaaaaaaaaaaaaaaaa"},
        "google_spa": {"continue_url": "https://shop.example/spa"},
        "preferred_experiences": ["3ds"],
    })
}

/// Where a field stands in a body of `POST /sessions`; `None` if it never does.
fn place(field: &Field) -> Option<String> {
    match field.body {
        Body::Session => Some(field.pointer.to_owned()),
        Body::Browser | Body::App => Some(format!("/channel_data{}", field.pointer)),
        Body::Fingerprint | Body::Payment => None,
    }
}

/// All the ways to damage a field, and its boundaries.
fn edits(field: &Field, pointer: &str) -> Vec<Edit> {
    let edit = |what, value| Edit { pointer: pointer.to_owned(), what, value };
    let mut edits = vec![
        edit("missing", None),
        edit("null", Some(Value::Null)),
        edit("empty text", Some(json!(""))),
        edit("a blank", Some(json!(" "))),
        edit("an empty list", Some(json!([]))),
        edit("an empty object", Some(json!({}))),
        edit("a number", Some(json!(7))),
        edit("a fraction", Some(json!(7.5))),
        edit("a huge number", Some(json!(18_446_744_073_709_551_615_u64))),
        edit("a boolean", Some(json!(true))),
        edit("other text", Some(json!("maybe"))),
        edit("a list", Some(json!(["x", 1]))),
        edit("very long text", Some(json!("é".repeat(70_000)))),
    ];
    let texts = |length: usize, one: &str| json!(one.repeat(length));
    match field.kind {
        Kind::Text(low, high) | Kind::NumberText(low, high) => {
            for (what, length) in [("lower bound", low), ("upper bound", high), ("over", high + 1)] {
                edits.push(edit(what, Some(texts(length, "é"))));
            }
            edits.push(edit("under", Some(texts(low.saturating_sub(1), "a"))));
            edits.push(edit("a number as long", Some(json!(10_i64.pow(u32::try_from(high.min(9)).expect("small"))))));
        }
        Kind::AnyText => {
            for length in [1, 65, 257] {
                edits.push(edit("any length", Some(texts(length, "é"))));
            }
        }
        Kind::Ip | Kind::Offset => {
            for length in [1, 5, 6, 45, 46] {
                edits.push(edit("digits", Some(texts(length, "1"))));
            }
            edits.push(edit("a negative number", Some(json!(-60))));
            for text in ["+60", "-60", "--1", "1.5", "+", "UTC+1"] {
                edits.push(edit("spellings", Some(json!(text))));
            }
        }
        Kind::Digits(low, high) => {
            for length in [low, high, high + 1, low.saturating_sub(1)] {
                edits.push(edit("digits", Some(texts(length, "1"))));
            }
            edits.push(edit("digits of another script", Some(json!("١٢"))));
        }
        Kind::Integer(low, high) => {
            for number in [low, high, low - 1] {
                edits.push(edit("bounds", Some(json!(number))));
            }
            edits.push(edit("over", Some(json!(i128::from(high) as u64 + 1))));
            edits.push(edit("digits as text", Some(json!(low.to_string()))));
            edits.push(edit("a whole number with a point", Some(json!(2.0))));
        }
        Kind::CardNumber => {
            for text in
                ["4242424242424241", "4242 4242 4242 4242", "4000000000006", "424242424242", "42424242424242424242"]
            {
                edits.push(edit("card numbers", Some(json!(text))));
            }
        }
        Kind::OneOf(words) => {
            for word in words {
                edits.push(edit("a word", Some(json!(word.word))));
                edits.extend(word.aliases.iter().map(|alias| edit("an alias", Some(json!(alias)))));
            }
            edits.push(edit("with blanks", words.first().map(|word| json!(format!(" {} ", word.word)))));
            edits.push(edit("in capitals", words.first().map(|word| json!(word.word.to_uppercase()))));
        }
        Kind::ListOf(words, _) => {
            edits.push(edit("all words", Some(words.iter().map(|word| word.word).collect::<Vec<_>>().into())));
            edits.push(edit("one word as text", words.first().map(|word| json!(word.word))));
            edits.push(edit("with blanks", words.first().map(|word| json!([format!(" {}", word.word)]))));
        }
        Kind::Address => {
            for text in ["ftp://shop.example/", "shop.example/cb", "https://", "http://127.0.0.1:1/x", "mailto:a@b.c"] {
                edits.push(edit("addresses", Some(json!(text))));
            }
            for length in [256, 257] {
                let text = format!("https://shop.example/{}", "a".repeat(length - 21));
                edits.push(edit("its length", Some(json!(text))));
            }
        }
        Kind::Moment | Kind::Day => {
            for text in [
                "2022-05-03T09:15:02Z",
                "2022-05-03T09:15:02.5Z",
                "2022-05-03T09:15:02+01:00",
                "2022-05-03T09:15:02+0100",
                "2022-05-03 09:15:02 +0000",
                "2022-05-03T09:15:02",
                "2022-05-03",
                "20220503",
                "20221303",
                "2022-02-30",
                "2022-05-03T25:00:00Z",
                "2022-05-03T09:15:02+99:00",
                "2022-05-03T09:15:02+1",
                "03/05/2022",
            ] {
                edits.push(edit("spellings", Some(json!(text))));
            }
        }
        Kind::Id(prefix) => {
            for rest in ["a".repeat(25), "a".repeat(27), "-".repeat(26)] {
                edits.push(edit("a near id", Some(json!(format!("{prefix}{rest}")))));
            }
            edits.push(edit("another prefix", Some(json!("xxx_aaaaaaaaaaaaaaaaaaaaaaaaaa"))));
        }
        Kind::Uuid => {
            for text in [
                "DBD64FCB-C19A-4728-8849-E3D50BFDDE39",
                "dbd64fcbc19a47288849e3d50bfdde39",
                "dbd64fcb-c19a-4728-8849-e3d50bfdde3",
                "gbd64fcb-c19a-4728-8849-e3d50bfdde39",
            ] {
                edits.push(edit("UUIDs", Some(json!(text))));
            }
        }
        Kind::Email => {
            for text in ["a@b", "a@b@c.d", "@b.c", "a@", "a b@c.d"] {
                edits.push(edit("addresses", Some(json!(text))));
            }
            for length in [250, 251] {
                edits.push(edit("its length", Some(json!(format!("{}@b.c", "a".repeat(length))))));
            }
        }
        Kind::Currency | Kind::Country => {
            for text in ["GB", "gb", "G1", "GBR", "usd", "USD", "USDX", "ABC", "840"] {
                edits.push(edit("codes", Some(json!(text))));
            }
        }
        Kind::Descriptor => {
            for text in ["Fern . ! * - = _ @ 9", "a/b", "é", "Fern\tFable"] {
                edits.push(edit("its letters", Some(json!(text))));
            }
            for length in [40, 41] {
                edits.push(edit("its length", Some(texts(length, "a"))));
            }
        }
        Kind::Language => {
            for text in ["en", "en-GB", "zh-Hans-CN", "zh-Hans-CN-x", "en_GB", "-", "en-", "abcdefghi", "é"] {
                edits.push(edit("tags", Some(json!(text))));
            }
        }
        Kind::Base64(most) => {
            for text in ["QUI", "QUI=", "Q+/B", "Q", "Q.", "ü"] {
                edits.push(edit("base64", Some(json!(text))));
            }
            for length in [most, most + 4] {
                edits.push(edit("its length", Some(texts(length, "A"))));
            }
        }
        Kind::Constant(word) => {
            edits.push(edit("to the letter", Some(json!(word))));
            edits.push(edit("with blanks", Some(json!(format!(" {word}")))));
            edits.push(edit("in small letters", Some(json!(word.to_lowercase()))));
        }
        Kind::Object | Kind::List | Kind::Boolean => {
            edits.push(edit("false", Some(json!(false))));
            edits.push(edit("a word in quotes", Some(json!("true"))));
        }
    }
    edits
}

fn edited(base: &Value, edit: &Edit) -> Value {
    let mut doc = Doc::of(base.clone());
    match &edit.value {
        Some(value) => doc.set(&edit.pointer, Some(value.clone())),
        None => {
            // Without taking along the object that it leaves empty.
            let mut tree = base.clone();
            let (above, name) = edit.pointer.rsplit_once('/').expect("a pointer");
            if let Some(Value::Object(object)) = tree.pointer_mut(above) {
                object.shift_remove(name);
            }
            return tree;
        }
    }
    doc.tree().clone()
}

#[test]
fn every_field_damaged_in_every_way_gets_the_same_verdict() {
    let bench = Bench::new();
    let bases = bench.bases();
    for base in &bases {
        let (form, sandbox) = bench.verdicts(base);
        assert_eq!((form, sandbox), (Vec::new(), Vec::new()), "{base:#}");
    }
    let (mut rows, mut differ, mut refused) = (0, Vec::new(), 0);
    let mut covered = BTreeSet::new();
    for field in &FIELDS {
        let Some(pointer) = place(field) else { continue };
        let holds = |base: &&Value| {
            base.pointer(&pointer).is_some_and(|value| field.kind.fault(value).is_none() && applies(field, base))
        };
        let Some(base) = bases.iter().find(holds) else { panic!("no body holds {pointer} {:?}", field.kind) };
        covered.insert(pointer.clone());
        for edit in edits(field, &pointer) {
            let body = edited(base, &edit);
            let (form, sandbox) = bench.verdicts(&body);
            rows += 1;
            refused += usize::from(!sandbox.is_empty());
            if form != sandbox {
                let value = edit.value.map_or_else(|| "-".into(), |value| value.to_string());
                let value: String = value.chars().take(40).collect();
                differ.push(format!("{pointer} | {} | {value} | form {form:?} | sandbox {sandbox:?}", edit.what));
            }
        }
    }
    assert!(differ.is_empty(), "{} of {rows} rows differ:\n{}", differ.len(), differ.join("\n"));
    assert!(covered.len() > 120 && rows > 1500 && refused > 800, "{} fields, {rows} rows, {refused}", covered.len());
}

/// The rows of two variants may share a place: `source.token`, `channel_data.channel`.
fn applies(field: &Field, base: &Value) -> bool {
    let word = |pointer: &str| base.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let applies = &field.applies;
    (applies.sources.is_empty() || applies.sources.contains(&word("/source/type").as_str()))
        && applies.channel.is_none_or(|only| only.word() == word("/channel_data/channel"))
        && applies.completion.is_none_or(|only| only.word() == word("/completion/type"))
        && applies.kind.is_none_or(|only| only == word("/authentication_type"))
}

/// The body of `collect-data` and of `issuer-fingerprint`: the same rows, other documents.
#[test]
fn later_requests_get_the_same_verdict_too() {
    let bench = Bench::new();
    let mut differ = Vec::new();
    for field in FIELDS.iter().filter(|field| matches!(field.body, Body::Browser | Body::Fingerprint)) {
        let fingerprint = field.body == Body::Fingerprint;
        let base = if fingerprint { json!({"three_ds_method_completion": "N"}) } else { browser() };
        for edit in edits(field, field.pointer) {
            let body = edited(&base, &edit);
            let session = bench.lab.create(&lab::non_hosted(lab::CHALLENGE_CARD, Value::Null));
            let tail = if fingerprint { "issuer-fingerprint" } else { "collect-data" };
            let path = format!("/sessions/{}/{tail}", lab::text(&session, "id"));
            let sandbox = bench.sandbox("PUT", &path, &body.to_string());
            let mut draft = Draft::default();
            draft.doc_mut(field.body).set_text(body.to_string());
            let form = bench.form(&draft, field.body);
            // What the console fills in by itself is missing in the form's document on purpose.
            let filled =
                matches!(field.required, Required::When(_)) && sandbox.iter().all(|c| c.ends_with("_required"));
            if form != sandbox && !filled {
                differ.push(format!(
                    "{} | {} | {:?} | form {form:?} | sandbox {sandbox:?}",
                    field.pointer, edit.what, edit.value
                ));
            }
        }
    }
    assert!(differ.is_empty(), "{} rows differ:\n{}", differ.len(), differ.join("\n"));
}

/// Cases that a single edit does not reach: SDK spellings, members of other variants,
/// conditions across fields. Source: sessions-api.md 3.1, 9.3, 10 Q21.
#[test]
fn what_depends_on_several_fields_gets_the_same_verdict() {
    let bench = Bench::new();
    let card = |more: Value| {
        let mut body = lab::non_hosted(lab::CHALLENGE_CARD, Value::Null);
        lab::merge(&mut body, more);
        body
    };
    let year: i64 = bench.lab.clock.now().strftime("%Y").to_string().parse().expect("a year");
    let dated =
        |month: i64, year: i64| json!({"number": "4242424242424242", "expiry_month": month, "expiry_year": year});
    let cases = [
        json!({}),
        json!({"source": [], "completion": null, "currency": ""}),
        card(json!({"source": dated(12, year)})),
        card(json!({"source": dated(12, year - 1)})),
        card(json!({"source": dated(13, year - 1)})),
        card(json!({"source": {"type": "customer", "email": "x"}})),
        card(json!({"source": {"type": 7}})),
        card(
            json!({"source": {"type": "id", "id": "src_aaaaaaaaaaaaaaaaaaaaaaaaaa", "number": "x", "expiry_month": 77}}),
        ),
        card(json!({"source": {"type": "token", "token": "tok_aaaaaaaaaaaaaaaaaaaaaaaaaa", "name": 1}})),
        card(json!({"authentication_type": "recurring", "amount": 0})),
        card(json!({"authentication_type": "recurring", "amount": null})),
        card(json!({"authentication_type": "instalment", "amount": null})),
        card(json!({"authentication_type": "installment", "instalment": {"number_of_payments": 2}})),
        card(json!({"authentication_type": "installment", "instalment": {"number_of_payments": 1}})),
        card(json!({"authentication_type": "installment", "installment": []})),
        card(json!({"authentication_type": "installment", "installment": 7})),
        card(json!({"authentication_type": "regular", "installment": 7, "recurring": "x"})),
        card(json!({"authentication_type": 7, "recurring": {"expiry": 7}})),
        card(json!({"completion": {"type": "other", "success_url": "x", "callback_url": "x"}})),
        card(json!({"completion": {"type": "non_hosted", "success_url": "x"}})),
        card(json!({"completion": {"type": "non-hosted", "challenge_notification_url": "x"}})),
        card(json!({"completion": {"type": "hosted", "challenge_notification_url": "x"}})),
        card(json!({"channel_data": {"channel": "phone", "language": 7}})),
        card(json!({"channel_data": {}})),
        card(json!({"channel_data": {"channel": "app"}})),
        card(
            json!({"channel_data": {"channel": "app", "sdk_max_timeout": 0, "sdk_app_id": "", "sdk_ui_elements": []}}),
        ),
        card(json!({"channel_data": {"channel": "app", "sdk_max_timeout": 5}})),
        card(json!({"channel_data": {"channel": "app", "sdk_ephem_pub_key": {}}})),
        card(json!({"channel_data": {
            "channel": "app", "sdk_max_timeout": 0, "sdk_ephem_pub_key": {"kty": "", "crv": "", "x": "", "y": ""},
        }})),
        card(json!({"channel_data": {"channel": "app", "sdk_ephem_pub_key": {"kty": "EC"}}})),
        card(
            json!({"completion": {"type": "non_hosted", "callback_url": format!("https://a.example/{}", "é".repeat(200))}}),
        ),
        card(json!({"channel_data": {"channel": "merchant_initiated", "language": 7}})),
        card(json!({"account_info": {"AccountInfo": 7}, "mine": [1], "billing_descriptor": {"city": 7}})),
    ];
    let differ: Vec<String> = cases
        .iter()
        .filter_map(|body| {
            let (form, sandbox) = bench.verdicts(body);
            (form != sandbox).then(|| format!("{body} | form {form:?} | sandbox {sandbox:?}"))
        })
        .collect();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    for text in ["", "{", "[]", "null", "{\"a\":1}x"] {
        let mut draft = Draft::default();
        draft.doc_mut(Body::Session).set_text(text.into());
        let verdicts = (bench.form(&draft, Body::Session), bench.sandbox("POST", "/sessions", text));
        assert_eq!(verdicts, (vec!["json_invalid".to_owned()], vec!["json_invalid".to_owned()]), "{text}");
    }
}

#[test]
fn several_damages_at_once_get_the_same_verdict() {
    let bench = Bench::new();
    let bases = bench.bases();
    let all: Vec<Edit> = FIELDS.iter().filter_map(|field| Some(edits(field, &place(field)?))).flatten().collect();
    let short: Vec<&Edit> = all.iter().filter(|edit| edit.what != "very long text").collect();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 400, ..ProptestConfig::default() });
    let damages = (0..bases.len(), prop::collection::vec(0..short.len(), 2..8));
    let outcome = runner.run(&damages, |(base, places)| {
        let mut body = bases[base].clone();
        for place in places {
            body = edited(&body, short[place]);
        }
        let (form, sandbox) = bench.verdicts(&body);
        prop_assert_eq!(form, sandbox, "{}", body);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
