//! HTTPie in a POSIX shell: the body as it is (`--raw`), each header as an item. Promises
//! what `curl` promises; in an item, what HTTPie would read as a sign of its own has a
//! backslash before it (HTTPie documentation, «Escaping rules»). HTTPie joins headers of one
//! name, orders them its own way and writes the percent-code of a letter as the letter.

use super::curl::{body, quote};
use super::sent::{Part, Sent};

/// What HTTPie adds unless told not to.
const ADDED: [&str; 3] = ["Accept", "Accept-Encoding", "User-Agent"];

/// The command, one option to a line.
pub(super) fn write(sent: &Sent<'_>) -> String {
    let (before, body) = body(&sent.content);
    let mut options: Vec<String> = Vec::new();
    match &body {
        Some(None) => (), // comes in by standard input
        Some(Some(word)) => options.push(format!("--ignore-stdin --raw={word}")),
        None => options.push("--ignore-stdin".into()),
    }
    if sent.url.contains("/.") {
        options.push("--path-as-is".into());
    }
    options.push(format!("{} {}", quote(sent.method), quote(sent.url)));
    let (headers, lost): (Vec<_>, Vec<_>) = sent
        .joined()
        .into_iter()
        .partition(|(_, value)| !value.iter().any(|part| matches!(part, Part::Text(text) if loses_a_backslash(text))));
    options.extend(headers.iter().map(|(name, value)| item(name, value)));
    let mut unwanted = sent.unwanted(&ADDED);
    unwanted.extend(body.is_some().then(|| sent.unwanted(&["Content-Type"])).into_iter().flatten());
    options.extend(unwanted.into_iter().map(|name| quote(&format!("{name}:"))));
    let notes: String = lost.iter().map(|(name, _)| format!("# HTTPie cannot send {name} as it was\n")).collect();
    format!("{notes}{before}http {}", options.join(" \\\n  "))
}

fn item(name: &str, value: &[Part<'_>]) -> String {
    if value.is_empty() {
        return quote(&format!("{name};")); // HTTPie's way to send it empty
    }
    let mut word = String::new();
    let mut text = format!("{name}:");
    for part in value {
        match part {
            Part::Text(more) => text.push_str(&escaped(more)),
            Part::Variable(variable) => {
                word.push_str(&quote(&std::mem::take(&mut text)));
                word.push_str(&format!("\"${variable}\""));
            }
        }
    }
    word + &if text.is_empty() { text } else { quote(&text) }
}

/// A value as it stands in an item: a sign that would join the colon to another separator
/// has a backslash before it.
fn escaped(value: &str) -> String {
    if value.starts_with(['=', '@']) { format!("\\{value}") } else { value.to_owned() }
}

/// True if a sign follows an odd number of backslashes: HTTPie takes the last of them away,
/// and has no way to write it.
fn loses_a_backslash(value: &str) -> bool {
    let mut backslashes = 0;
    value.chars().any(|c| {
        let lost = backslashes % 2 == 1 && matches!(c, ':' | ';' | '=' | '@');
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
        lost
    })
}
