//! `curl` in a POSIX shell. Promises: run as it stands, with the named variables set, it
//! sends the same bytes again; whatever the bytes are, the shell sees only quoted words.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::sent::{Content, Part, Sent};

/// Longest body that goes on the command line, in bytes. Linux takes 128 KiB per word.
const MAX_INLINE: usize = 96 * 1024;
/// What curl adds unless told not to.
const ADDED: [&str; 2] = ["accept", "user-agent"];
/// Bodies longer than this make curl ask first (`Expect: 100-continue`), in bytes.
const ASKS_FIRST: usize = 1024 * 1024;

/// The command, one option to a line.
pub(super) fn write(sent: &Sent<'_>) -> String {
    let (before, body) = body(&sent.content);
    let mut options = vec![format!("--request {} {}", quote(sent.method), quote(sent.url))];
    if sent.url.contains(['[', ']', '{', '}']) {
        options.push("--globoff".into());
    }
    if sent.url.contains("/.") {
        options.push("--path-as-is".into());
    }
    options.extend(sent.headers.iter().map(|(name, value)| header(name, value)));
    let unwanted = sent.unwanted(&ADDED).into_iter().chain(added_with_body(sent));
    options.extend(unwanted.map(|name| format!("--header {}", quote(&format!("{name}:")))));
    options.extend(body.map(|body| match body {
        Some(word) => format!("--data-raw {word}"),
        None => "--data-binary @-".into(),
    }));
    format!("{before}curl {}", options.join(" \\\n  "))
}

/// What libcurl adds to a request with a body.
pub(super) fn added_with_body<'n>(sent: &Sent<'_>) -> Vec<&'n str> {
    match content_length(&sent.content) {
        0 => Vec::new(),
        1..=ASKS_FIRST => sent.unwanted(&["content-type"]),
        _ => sent.unwanted(&["content-type", "expect"]),
    }
}

fn content_length(content: &Content<'_>) -> usize {
    match content {
        Content::Nothing => 0,
        Content::Bytes(bytes) => bytes.len(),
        Content::Text(parts) => parts.iter().map(|part| if let Part::Text(text) = part { text.len() } else { 1 }).sum(),
    }
}

fn header(name: &str, value: &[Part<'_>]) -> String {
    match value {
        [] => format!("--header {}", quote(&format!("{name};"))), // curl's way to send it empty
        _ => format!("--header {}", word(&format!("{name}: "), value)),
    }
}

/// What stands before the command, and the body as a word; `None` in place of the word if
/// the body comes in by standard input.
pub(super) fn body(content: &Content<'_>) -> (String, Option<Option<String>>) {
    let piped = |bytes: &[u8]| {
        let text = BASE64_STANDARD.encode(bytes);
        (format!("printf %s {} | base64 -d | ", quote(&text)), Some(None))
    };
    let inline = |text: &str| text.len() <= MAX_INLINE && !text.contains('\0');
    match content {
        Content::Nothing => (String::new(), None),
        Content::Text(parts) => match parts.as_slice() {
            [Part::Text(text)] if !inline(text) => piped(text.as_bytes()),
            parts => (String::new(), Some(Some(word("", parts)))),
        },
        Content::Bytes(bytes) => piped(bytes),
    }
}

/// One shell word; `before` stands in front of the first part.
pub(super) fn word(before: &str, parts: &[Part<'_>]) -> String {
    let mut word = String::new();
    let mut text = before.to_owned();
    for part in parts {
        match part {
            Part::Text(more) => text.push_str(more),
            Part::Variable(name) => {
                if !text.is_empty() {
                    word.push_str(&quote(&std::mem::take(&mut text)));
                }
                word.push_str(&format!("\"${name}\""));
            }
        }
    }
    if !text.is_empty() || word.is_empty() {
        word.push_str(&quote(&text));
    }
    word
}

/// A word that a POSIX shell takes as it stands.
pub(super) fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
