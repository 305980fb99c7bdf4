use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::model::exchange::{ExchangeId, Request, Step, Timing};
use crate::model::{Lane, Problem, Stamp};

fn exchange(step: Step, headers: &[(&str, &str)], body: &[u8]) -> Exchange {
    Exchange {
        id: ExchangeId(1),
        step,
        from: Lane::Merchant,
        to: Lane::Sessions,
        started: Stamp { wall: Timestamp::UNIX_EPOCH, mono: Duration::ZERO },
        request: Request {
            method: "POST".into(),
            url: "http://127.0.0.1:8787/sessions".into(),
            headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            body: Bytes::copy_from_slice(body),
        },
        outcome: Err(Problem::of("no answer", "try again")),
        timing: Timing::default(),
        masked: 0,
    }
}

fn curl(exchange: &Exchange) -> String {
    code(Language::Curl, exchange, Secrets::Variables)
}

/// The words that a shell makes of a command, by a function in curl's place.
fn words(command: &str) -> Vec<String> {
    let script = format!("curl() {{ for word; do printf '%s\\0' \"$word\"; done; cat >/dev/null; }}\n{command}");
    let output = Command::new("sh")
        .args(["-c", &script])
        .env("ACCESS_TOKEN", "tok")
        .env("SESSION_SECRET", "sek")
        .env("CLIENT_SECRET", "c1ient")
        .stdin(std::process::Stdio::null())
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{command}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn secrets_become_variables_and_come_back_through_the_shell() {
    let bearer = exchange(Step::Create, &[("Authorization", "Bearer live-token"), ("Content-Type", "a/b")], b"{'}");
    let command = curl(&bearer);
    assert!(!command.contains("live-token"), "{command}");
    let words = words(&command);
    assert!(words.contains(&"Authorization: Bearer tok".to_owned()), "{words:?}");
    assert!(words.contains(&"{'}".to_owned()), "{words:?}");

    let raw = curl(&exchange(Step::Collect, &[("authorization", "sek_live")], b""));
    assert!(raw.contains("\"$SESSION_SECRET\"") && !raw.contains("sek_live"), "{raw}");
}

#[test]
fn the_token_requests_secret_is_a_variable_and_nothing_else_changes() {
    let body = b"grant_type=client_credentials&client_secret=liv%65&scope=a+b";
    let command = curl(&exchange(Step::Token, &[], body));
    assert!(!command.contains("liv%65"), "{command}");
    let sent = "grant_type=client_credentials&client_secret=c1ient&scope=a+b".to_owned();
    assert!(words(&command).contains(&sent), "{command}");
}

#[test]
fn a_body_that_is_no_text_travels_as_base64() {
    let command = curl(&exchange(Step::Create, &[], b"\x00\xff"));
    assert!(command.starts_with("printf %s AP8= | base64 -d | curl"), "{command}");
    assert!(words(&command).contains(&"@-".to_owned()));
}

#[test]
fn no_language_writes_a_secret_but_for_those_the_sandbox_made() {
    let headers = [("Authorization", "sek_live"), ("X-Api-Key", "k3y"), ("Cookie", "a=b1scuit"), ("X-Plain", "seen")];
    let body = b"client_id=ack&client_secret=s3same&scope=x";
    let exchange = exchange(Step::Token, &headers, body);
    let names: Vec<String> = variables(&exchange).into_iter().map(|variable| variable.name).collect();
    assert_eq!(names, ["SESSION_SECRET", "X_API_KEY", "COOKIE", "CLIENT_SECRET"]);
    for language in Language::ALL {
        let written = code(language, &exchange, Secrets::Variables);
        for secret in ["sek_live", "k3y", "b1scuit", "s3same"] {
            assert!(!written.contains(secret), "{written}");
        }
        assert!(written.contains("seen") && names.iter().all(|name| written.contains(name)), "{written}");
        let asked = code(language, &exchange, Secrets::Recorded);
        assert!(asked.contains("sek_live") && !asked.contains("SESSION_SECRET"), "{asked}");
    }
}

#[test]
fn what_the_record_masks_stays_a_variable_also_when_values_are_asked_for() {
    let masked = exchange(Step::Create, &[("Authorization", "Bearer ********"), ("X-Token", "****")], b"");
    for language in Language::ALL {
        let written = code(language, &masked, Secrets::Recorded);
        assert!(written.contains("ACCESS_TOKEN") && written.contains("X_TOKEN"), "{written}");
    }
    assert!(variables(&masked).iter().all(|variable| !variable.recorded));
}

#[test]
fn a_mask_in_the_body_is_told_but_not_one_that_a_variable_replaces() {
    let body = |step, text: &str| Exchange { masked: 1, ..exchange(step, &[], text.as_bytes()) };
    assert!(masks(&body(Step::Create, r#"{"cvv":"***"}"#)));
    assert!(!masks(&body(Step::Create, r#"{"number":"4242424242424242"}"#)));
    assert!(!masks(&body(Step::Token, "client_secret=******&scope=a")));
    assert!(masks(&body(Step::Token, "client_secret=******&cvv=***")));
}

#[test]
fn a_header_that_http_cannot_carry_is_not_written() {
    let hostile = [("A\r\nB", "x"), ("A", "x\r\nInjected: y"), ("", "x"), ("Good", "kept")];
    for language in Language::ALL {
        let written = code(language, &exchange(Step::Create, &hostile, b""), Secrets::Variables);
        assert!(!written.contains("Injected") && written.contains("kept"), "{written}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_quoted_word_survives_the_shell(text in "[^\\x00]{0,40}") {
        let script = format!("printf %s {}", super::curl::quote(&text));
        let output = Command::new("sh").args(["-c", &script]).output().expect("a shell");
        prop_assert_eq!(String::from_utf8(output.stdout).expect("UTF-8"), text);
    }

    #[test]
    fn any_bytes_make_code(bytes in proptest::collection::vec(any::<u8>(), 0..100), name in ".{0,9}", value in ".{0,9}") {
        for language in Language::ALL {
            code(language, &exchange(Step::Token, &[(&name, &value)], &bytes), Secrets::Recorded);
        }
    }
}
