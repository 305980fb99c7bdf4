use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

const REAL_CARD: &str = "4000056655665556"; // a right check digit, and not on the published list

fn real() -> Redactor {
    Redactor::new([Secret::new("s3cr3t/+value=é")], Origin::Real)
}

fn embedded() -> Redactor {
    Redactor::new([Secret::new("s3cr3t/+value=é")], Origin::Embedded)
}

fn contains(bytes: &[u8], needle: &str) -> bool {
    occurrences(bytes, needle.as_bytes()).next().is_some()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn escaped(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect()
}

#[test]
fn names_decide_by_origin() {
    for (text, for_real, for_embedded) in [
        (r#"{"cvv":"123"}"#, r#"{"cvv":"***"}"#, r#"{"cvv":"***"}"#),
        (r#"{"cvv": 123, "a":1}"#, r#"{"cvv": ***, "a":1}"#, r#"{"cvv": ***, "a":1}"#),
        (r#"{"password":null}"#, r#"{"password":null}"#, r#"{"password":null}"#),
        (r#"{"session_secret":"abc"}"#, r#"{"session_secret":"***"}"#, r#"{"session_secret":"abc"}"#),
        (r#"{"cryptogram" : "a\"b"}"#, r#"{"cryptogram" : "****"}"#, r#"{"cryptogram" : "a\"b"}"#),
        (r#"{"access_token":"abc"}"#, r#"{"access_token":"***"}"#, r#"{"access_token":"***"}"#),
        (r#"5" {"otp":"12"}"#, r#"5" {"otp":"**"}"#, r#"5" {"otp":"**"}"#),
        ("a=1&client_secret=x%26y&b=2", "a=1&client_secret=*****&b=2", "a=1&client_secret=*****&b=2"),
        ("Authorization: Bearer xyz\r\nA: b", "Authorization: Bearer ***\r\nA: b", "Authorization: Bearer ***\r\nA: b"),
        ("authorization: sek_aa\r\n", "authorization: ******\r\n", "authorization: sek_aa\r\n"),
        ("Cookie: a=b; c=d", "Cookie: ********", "Cookie: ********"),
        (r#"{"mobile_phone":{"number":"447700900123"}}"#, "", ""),
        (r#"{"source":{"number":"400005665566"}}"#, r#"{"source":{"number":"400005**5566"}}"#, ""),
        (r#"{"acctNumber":"4242424242424242"}"#, "", ""),
        ("eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln", "eyJhbGciOiJub25lIn0.**********.****", ""),
        ("key sk_0123456789abcdefX", "key sk_*****************", ""),
    ] {
        let same = |expected: &str| if expected.is_empty() { text.to_owned() } else { expected.to_owned() };
        assert_eq!(real().mask_text(text), same(for_real));
        assert_eq!(embedded().mask_text(text), same(for_embedded));
    }
}

#[test]
fn header_values_keep_their_scheme_word_and_are_counted() {
    let headers: Headers =
        [("Authorization", "Bearer abc"), ("Accept", "*/*"), ("X-Note", "s3cr3t/+value=é"), ("cko-signature", "0a0b")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    let (masked, hits) = real().mask_headers(&headers);
    let values: Vec<&str> = masked.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["Bearer ***", "*/*", "****************", "****"]);
    assert_eq!(hits, 3);
    let raw = vec![("Authorization".to_owned(), "sek_OiKR7zrh2Om4bEz=".to_owned())];
    assert_eq!(embedded().mask_headers(&raw), (raw.clone(), 0));
    assert_eq!(real().mask_headers(&raw).1, 1);
}

#[test]
fn card_numbers_are_found_and_published_ones_left() {
    for (text, expected) in [
        ("4000056655665556", "400005******5556"),
        ("4000 0566-5566 5556.", "4000 05**-**** 5556."),
        (r#"{"n":4000056655665556}"#, r#"{"n":400005******5556}"#),
        ("n=4000+0566+5566+5556", "n=4000+05**+****+5556"),
        ("12 4000056655665556 7", "12 400005******5556 7"),
        ("378734493671000", "378734*****1000"),
        ("%34000056655665556", "%34000******5556"),
        ("4242424242424242 4242 4242 4242 4242", ""),
        ("4000056655665557 is no number", ""),
        ("0.4000056655665556", ""),
        ("id4000056655665556", ""),
        ("1700000000000 2026-11-22 21:19", ""),
        ("c52dd994-63ba-450a-bc48-e7a4957dabc6", ""),
    ] {
        let expected = if expected.is_empty() { text } else { expected };
        assert_eq!(embedded().mask_text(text).len(), text.len());
        if text.starts_with('%') {
            assert!(!embedded().mask_text(text).contains("566556655"), "{text}");
        } else {
            assert_eq!(embedded().mask_text(text), expected);
        }
    }
    let blob = STANDARD.encode(format!("{{\"n\":\"{REAL_CARD}\"}}"));
    let masked = embedded().mask(blob.as_bytes());
    assert!(!masked.spans.is_empty(), "a number inside base64");
}

#[test]
fn basic_credentials_are_found_without_their_header() {
    let pair = STANDARD.encode("ack_id:s3cr3t/+value=é");
    let masked = embedded().mask_text(&format!("got [{pair}] from you"));
    assert!(masked.starts_with("got [YWNrX2lkO") && masked.ends_with("] from you"), "{masked}");
    assert!(masked.contains("****************"), "{masked}");
}

#[test]
fn no_text_takes_more_than_linear_work() {
    for piece in [
        "cvv=",
        "cvv: ",
        "number=",
        "'cvv':x",
        "sk_/",
        "authorization=sek_",
        "eyJaaaaaaaaa.",
        "1 ",
        "\"pan\":\"\\",
        "{\"number\":",
    ] {
        let text = piece.repeat(60_000 / piece.len());
        let start = std::time::Instant::now();
        assert_eq!(real().mask_text(&text).len(), text.len());
        embedded().mask(text.as_bytes());
        // A square of 60,000 steps takes longer here.
        assert!(start.elapsed().as_secs() < 10, "{piece}: {:?}", start.elapsed());
    }
}

fn strategy_for_secret() -> impl Strategy<Value = String> {
    "[A-Za-z0-9+/=_.~é€ -]{6,40}".prop_filter("not masks alone", |text| text.chars().any(|c| c != '*'))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_keep_their_length_and_a_second_mask_changes_nothing(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        secret in strategy_for_secret(),
    ) {
        for origin in [Origin::Real, Origin::Embedded] {
            let redactor = Redactor::new([Secret::new(secret.clone())], origin);
            let once = redactor.mask(&bytes);
            prop_assert_eq!(once.bytes.len(), bytes.len());
            prop_assert_eq!(&redactor.mask(&once.bytes).bytes, &once.bytes);
        }
    }

    #[test]
    fn noise_that_looks_like_our_texts_keeps_the_promises(
        text in "([{}\":=&%\\\\. \r\n-]|cvv|pan|number|Authorization|Bearer|eyJ[a-z]{8}|sk_|[0-9]{4}|[a-zA-Z0-9+/]{4}|\\\\u00e9|é){0,60}",
    ) {
        for redactor in [real(), embedded()] {
            let once = redactor.mask_text(&text);
            prop_assert_eq!(once.len(), text.len());
            prop_assert_eq!(redactor.mask_text(&once), once);
            let spans = redactor.mask(text.as_bytes()).spans;
            prop_assert!(spans.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }

    #[test]
    fn a_secret_is_gone_in_every_coding(
        secret in strategy_for_secret(),
        before in "[a-z ,{}\":]{0,20}",
        after in "[a-z ,{}\":]{0,20}",
        shift in "[a-z]{0,3}",
    ) {
        let redactor = Redactor::new([Secret::new(secret.clone())], Origin::Embedded);
        let inner = format!("{shift}{secret}");
        let forms = [
            secret.clone(),
            percent(&secret),
            percent(&percent(&secret)),
            escaped(&secret),
            STANDARD.encode(&inner),
            URL_SAFE_NO_PAD.encode(&inner),
            percent(&STANDARD.encode(&inner)),
        ];
        for form in forms {
            let text = format!("{before} {form} {after}");
            let masked = redactor.mask(text.as_bytes());
            prop_assert_eq!(masked.bytes.len(), text.len());
            prop_assert!(!masked.spans.is_empty(), "{}", text);
            prop_assert!(!contains(&masked.bytes, &secret));
            prop_assert!(!contains(&masked.bytes, &form));
        }
    }

    #[test]
    fn a_card_number_is_gone_wherever_it_stands(
        body in "4[0-9]{14}",
        separator in "[ -]?",
        before in "([a-z\"{:, ]{0,20}[\"{:, ])?",
        after in "([\"}:, ][a-z\"}:, ]{0,20})?",
    ) {
        let check = (0..10).map(|digit| format!("{body}{digit}")).find(|text| crate::model::secret::luhn(text.as_bytes()));
        let number = check.expect("one of ten digits is right");
        prop_assume!(!crate::model::cards::is_test_number(&number));
        let groups: Vec<&str> = (0..4).map(|at| &number[at * 4..at * 4 + 4]).collect();
        let shown = groups.join(&separator);
        let masked = embedded().mask_text(&format!("{before}{shown}{after}"));
        prop_assert!(!masked.contains(&shown), "{}", masked);
        let blob = URL_SAFE_NO_PAD.encode(format!("{before}{shown}{after}"));
        prop_assert!(!embedded().mask(blob.as_bytes()).spans.is_empty());
    }
}
