//! An exchange as a `curl` command for a POSIX shell. Promises: run as it stands, with the
//! named variables set, it sends the same bytes again; nothing in it is a live secret;
//! whatever the bytes are, the shell sees only quoted words.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::model::exchange::{Exchange, Headers, Step, header};

/// Longest body that goes on the command line, in bytes. Linux takes 128 KiB per word.
const MAX_INLINE: usize = 96 * 1024;
/// What curl makes by itself, from address and body.
const MADE_BY_CURL: [&str; 3] = ["host", "content-length", "transfer-encoding"];
/// What curl adds unless told not to.
const ADDED_BY_CURL: [&str; 2] = ["accept", "user-agent"];

/// The command, one option to a line.
pub fn curl(exchange: &Exchange) -> String {
    let request = &exchange.request;
    let body = &request.body;
    let has_body = !body.is_empty();
    let inline = body.len() <= MAX_INLINE && std::str::from_utf8(body).is_ok_and(|text| !text.contains('\0'));
    let mut options = vec![format!("--request {} {}", quote(&request.method), quote(&request.url))];
    if request.url.contains(['[', ']', '{', '}']) {
        options.push("--globoff".into());
    }
    if request.url.contains("/.") {
        options.push("--path-as-is".into());
    }
    options.extend(header_options(&request.headers, has_body));
    let mut before = String::new();
    if has_body && inline {
        let text = std::str::from_utf8(body).unwrap_or_default();
        options.push(format!("--data-raw {}", body_word(exchange.step, text)));
    } else if has_body {
        before = format!("printf %s {} | base64 -d | ", quote(&STANDARD.encode(body)));
        options.push("--data-binary @-".into());
    }
    format!("{before}curl {}", options.join(" \\\n  "))
}

fn header_options(headers: &Headers, has_body: bool) -> Vec<String> {
    let sent = headers.iter().filter(|(name, _)| !MADE_BY_CURL.iter().any(|made| name.eq_ignore_ascii_case(made)));
    let mut options: Vec<String> = sent.map(|(name, value)| header_option(name, value)).collect();
    let mut unwanted: Vec<&str> = ADDED_BY_CURL.into_iter().filter(|name| header(headers, name).is_none()).collect();
    if has_body && header(headers, "content-type").is_none() {
        unwanted.push("content-type");
    }
    options.extend(unwanted.into_iter().map(|name| format!("--header {}", quote(&format!("{name}:")))));
    options
}

fn header_option(name: &str, value: &str) -> String {
    match variable(name, value) {
        Some((prefix, variable)) => format!("--header {}\"${variable}\"", quote(&format!("{name}: {prefix}"))),
        None if value.is_empty() => format!("--header {}", quote(&format!("{name};"))), // curl's way to send it empty
        None => format!("--header {}", quote(&format!("{name}: {value}"))),
    }
}

/// The variable that stands for a secret header value, and the clear text before it.
fn variable(name: &str, value: &str) -> Option<(&'static str, &'static str)> {
    let name = name.to_ascii_lowercase();
    let bearer = value.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer "));
    let basic = value.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("basic "));
    match name.as_str() {
        "authorization" | "proxy-authorization" if value.is_empty() => None,
        "authorization" | "proxy-authorization" if bearer => Some(("Bearer ", "ACCESS_TOKEN")),
        "authorization" | "proxy-authorization" if basic => Some(("Basic ", "CREDENTIALS")),
        "authorization" | "proxy-authorization" => Some(("", "SESSION_SECRET")),
        "cookie" => Some(("", "COOKIE")),
        _ if ["secret", "token", "api-key", "apikey", "password"].iter().any(|word| name.contains(word)) => {
            Some(("", "SECRET_HEADER"))
        }
        _ => None,
    }
}

/// The body as one shell word; the token request's secret is a variable.
fn body_word(step: Step, text: &str) -> String {
    const NAME: &str = "client_secret=";
    let starts = |at: &usize| *at == 0 || text.as_bytes().get(at - 1) == Some(&b'&');
    let found = text.match_indices(NAME).map(|(at, _)| at).find(starts);
    match found.filter(|_| step == Step::Token) {
        Some(at) => {
            let secret = at + NAME.len();
            let end = text[secret..].find('&').map_or(text.len(), |length| secret + length);
            let rest = if end < text.len() { quote(&text[end..]) } else { String::new() };
            format!("{}\"$CLIENT_SECRET\"{rest}", quote(&text[..secret]))
        }
        None => quote(text),
    }
}

/// A word that a POSIX shell takes as it stands.
pub fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use bytes::Bytes;
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::model::exchange::{ExchangeId, Request, Timing};
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_quoted_word_survives_the_shell(text in "[^\\x00]{0,40}") {
            let script = format!("printf %s {}", quote(&text));
            let output = Command::new("sh").args(["-c", &script]).output().expect("a shell");
            prop_assert_eq!(String::from_utf8(output.stdout).expect("UTF-8"), text);
        }

        #[test]
        fn any_bytes_make_a_command(bytes in proptest::collection::vec(any::<u8>(), 0..100), name in ".{0,9}", value in ".{0,9}") {
            curl(&exchange(Step::Token, &[(&name, &value)], &bytes));
        }
    }
}
