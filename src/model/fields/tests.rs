use std::collections::BTreeSet;

use serde_json::json;

use super::*;

#[test]
fn each_kind_takes_what_the_contract_allows_and_says_what_it_wants() {
    let cases = [
        (Kind::CardNumber, json!("4242424242424242"), None),
        (Kind::CardNumber, json!("4242424242424241"), Some("wrong check digit")),
        (Kind::CardNumber, json!(42), Some("13 to 19 digits, in quotes")),
        (Kind::CardNumber, json!("4242 4242 4242 4242"), Some("13 to 19 digits")),
        (Kind::Integer(1, 12), json!(13), Some("1 to 12")),
        (Kind::Integer(1, 12), json!("6"), Some("without quotes")),
        (Kind::Integer(1, 12), json!(6.5), Some("no fraction")),
        (Kind::Boolean, json!("true"), Some("without quotes")),
        (Kind::OneOf(words::CATEGORIES), json!(" nonPayment "), None),
        (Kind::OneOf(words::CATEGORIES), json!("maybe"), Some("payment, non_payment")),
        (Kind::ListOf(words::EXPERIENCES, 0), json!(["3ds", "google_spa"]), None),
        (Kind::ListOf(words::EXPERIENCES, 0), json!("3ds"), Some("a list of 3ds")),
        (Kind::Address, json!("ftp://x"), Some("http or https")),
        (Kind::Address, json!("https://shop.example/x"), None),
        (Kind::Offset, json!("-60"), None),
        (Kind::Offset, json!(-60), None),
        (Kind::Offset, json!("-12345"), Some("minutes")),
        (Kind::NumberText(1, 2), json!(24), None),
        (Kind::NumberText(1, 2), json!(true), Some("in quotes")),
        (Kind::Id("pc_"), json!("pc_fqzv5v2tb74ulg64fu74ndp34t"), None),
        (Kind::Id("pc_"), json!("pc_short"), Some("26 letters")),
        (Kind::Uuid, json!("C52DD994-63ba-450a-bc48-e7a4957dabc6"), None),
        (Kind::Uuid, json!("c52dd99463ba450abc48e7a4957dabc6"), Some("UUID")),
        (Kind::Email, json!("ada@example.test"), None),
        (Kind::Email, json!("ada @example.test"), Some("e-mail")),
        (Kind::Currency, json!("usd"), Some("ISO 4217")),
        (Kind::Country, json!("G1"), Some("ISO 3166")),
        (Kind::Descriptor, json!("Fern ! * - = _ @ ."), None),
        (Kind::Descriptor, json!("a/b"), Some("40 letters")),
        (Kind::Text(2, 45), json!("é".repeat(45)), None),
        (Kind::Text(2, 45), json!("a"), Some("2 to 45 characters, not 1")),
    ];
    for (kind, value, expected) in cases {
        let said = kind.fault(&value);
        match expected {
            None => assert_eq!(said, None, "{kind:?} {value}"),
            Some(part) => assert!(said.as_deref().is_some_and(|s| s.contains(part)), "{kind:?} {value}: {said:?}"),
        }
    }
}

#[test]
fn every_documented_spelling_of_a_moment_is_taken() {
    for text in [
        "2022-05-03T09:15:02Z",
        "2022-05-03T09:15:02.123456Z",
        "2022-05-03T09:15:02+01:00",
        "2022-05-03T09:15:02+0100",
        "2022-05-03T09:15:02",
        "2022-05-03 09:15:02 +0000",
        "2022-05-03",
        "20220503",
    ] {
        assert_eq!(Kind::Moment.fault(&json!(text)), None, "{text}");
    }
    for text in ["", "yesterday", "2022-13-03", "20221303", "2022-05-03T09:15:02+1", "2022-05-03Tnoon", "2022-5-3"] {
        assert!(Kind::Moment.fault(&json!(text)).is_some(), "{text}");
    }
}

#[test]
fn the_table_is_complete_in_itself() {
    let mut places = BTreeSet::new();
    for field in &FIELDS {
        let name = field.pointer;
        assert!(places.insert((field.body, name, field.applies.sources)), "{name} stands twice");
        assert!(!field.help.is_empty() && !field.help.ends_with('.'), "{name}: {}", field.help);
        assert!(Group::ALL.contains(&field.group));
        let above = name.rsplit_once('/').map_or("", |(above, _)| above);
        let parent =
            FIELDS.iter().any(|other| other.body == field.body && other.pointer == above && other.kind == Kind::Object);
        assert!(above.is_empty() || parent, "{name} stands in an object without a row");
    }
    assert!(FIELDS.len() > 150, "{}", FIELDS.len());
}

#[test]
fn form_text_becomes_what_the_kind_is_and_wrong_text_stays() {
    let field = |pointer: &str| FIELDS.iter().find(|field| field.pointer == pointer).expect("in the table");
    for (pointer, text, expected) in [
        ("/amount", "6540", json!(6540)),
        ("/amount", "65.40", json!("65.40")),
        ("/source/stored", "true", json!(true)),
        ("/source/number", "4242 4242 4242 4242", json!("4242424242424242")),
        ("/sdk_ui_elements", "text, oob", json!(["text", "oob"])),
        ("/preferred_experiences", "[\"3ds\"]", json!(["3ds"])),
        ("/optimization/optimized_properties", "[1", json!("[1")),
        ("/color_depth", "24", json!("24")),
    ] {
        assert_eq!(field(pointer).value(text), Some(expected), "{pointer} {text}");
    }
    assert_eq!(field("/amount").value(""), None);
}
