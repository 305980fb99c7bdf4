//! What a file holds, in words: a token, the forms of a browser hand-off, a session, a
//! request, a recording. Its text is the command's product and goes to standard output, as
//! `list`'s does; with `--json` one object a line.
//!
//! Promises: reads one file of at most 64 MiB and opens nothing that it names (trust.md
//! R61); secrets and card numbers are masked before they are shown (R33); what is shown
//! cannot steer the terminal (R47). Does not know: how things are decoded; `model::lens` does.

mod decoded;
mod recording;
mod request;

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;

use clap::Args;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{Exit, tell_to, unread, words};
use crate::clock;
use crate::model::redact::{Origin, Redactor};
use crate::model::{Problem, payload};

/// Longest file, in bytes. Source: trust.md R61.
const LONGEST: u64 = 64 * 1024 * 1024;
/// What is taken, for those who gave something else.
const ACCEPTED: &str = "It takes a token (JWT), JWS, JWE, creq, cres, threeDSMethodData, PaReq or PaRes, the form that \
    carried it, a session, callback, message of the protocol or body of POST /sessions as JSON, and HAR recordings";

#[derive(Debug, Args)]
pub(super) struct InspectArguments {
    /// The file; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// One JSON object per line
    #[arg(long)]
    json: bool,
    /// A recording as a sequence diagram, at most 120 columns wide
    #[arg(long, conflicts_with = "json")]
    sequence: bool,
}

/// Reads, recognises, shows.
///
/// # Errors
/// If it cannot be read, is too large, or is nothing that is known.
pub(super) fn run(wanted: &InspectArguments) -> Result<Exit, Problem> {
    let bytes = read(wanted)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut out = Out {
        json: wanted.json,
        sequence: wanted.sequence,
        redactor: Redactor::new([], Origin::Real),
        text: String::new(),
        lines: Vec::new(),
    };
    recognise(bytes, &name(wanted), &mut out)?;
    out.print().map_err(|error| unread(&error)).map(|()| Exit::Expected)
}

fn name(wanted: &InspectArguments) -> String {
    if wanted.file.as_os_str() == "-" { "Standard input".into() } else { wanted.file.display().to_string() }
}

fn read(wanted: &InspectArguments) -> Result<Vec<u8>, Problem> {
    let name = name(wanted);
    let unreadable = |error: io::Error| Problem {
        summary: format!("{name} cannot be read"),
        causes: vec![error.to_string()],
        hint: Some("Give the path of a file, or - for standard input".into()),
    };
    let mut bytes = Vec::new();
    let limit = LONGEST + 1; // one more tells that there is more
    if wanted.file.as_os_str() == "-" {
        io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        let file = File::open(&wanted.file).map_err(unreadable)?;
        file.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    if bytes.len() as u64 > LONGEST {
        let hint = "Cut it down: a network panel exports what its filter shows";
        return Err(Problem::of(format!("{name} has more than {}", payload::size(LONGEST)), hint));
    }
    Ok(bytes)
}

fn recognise(bytes: &[u8], name: &str, out: &mut Out) -> Result<(), Problem> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(Problem::of(format!("{name} is no text"), ACCEPTED));
    };
    match text.trim_start().as_bytes().first() {
        None => Err(Problem::of(format!("{name} is empty"), ACCEPTED)),
        Some(_) if out.sequence && !is_recording(text) => {
            let hint = "Only a HAR recording has a sequence to draw; leave --sequence out";
            Err(Problem::of(format!("{name} is no recording"), hint))
        }
        Some(b'{' | b'[') => json(text, name, out),
        Some(_) => decoded::show(text, out).ok_or_else(|| unknown(name)),
    }
}

fn unknown(name: &str) -> Problem {
    Problem::of(format!("{name} holds nothing that is known here"), ACCEPTED)
}

fn json(text: &str, name: &str, out: &mut Out) -> Result<(), Problem> {
    if is_recording(text) {
        return recording::show(text.as_bytes(), name, out);
    }
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| Problem {
        summary: format!("{name} begins like JSON and is none"),
        causes: vec![error.to_string()],
        hint: Some(ACCEPTED.into()),
    })?;
    let Some(tree) = payload::tree(text.as_bytes()) else {
        let summary = format!("{name} is JSON that is too deep or too large to take apart");
        let hint = format!("At most {} levels and {} values are looked at", payload::MAX_DEPTH, payload::MAX_NODES);
        return Err(Problem::of(summary, hint));
    };
    if crate::export::har::is_create(&tree) {
        request::show(text, out);
        return Ok(());
    }
    decoded::show(text, out).ok_or_else(|| unknown(name))
}

/// Looks at one name only: a recording may be larger than a tree of it is allowed to be.
fn is_recording(text: &str) -> bool {
    let object = text.trim_start().starts_with('{');
    object && serde_json::from_str::<Names>(text).is_ok_and(|names| names.log.is_some())
}

/// The one member that tells a recording.
#[derive(serde::Deserialize)]
struct Names {
    log: Option<IgnoredAny>,
}

/// What is going to be printed, all of it masked. Kept until everything is known to be
/// readable, so that a failure prints nothing.
struct Out {
    json: bool,
    sequence: bool,
    redactor: Redactor,
    text: String,
    lines: Vec<Value>,
}

impl Out {
    /// A line for people.
    fn line(&mut self, text: &str) {
        if !self.json {
            let masked = self.redactor.mask_text(text);
            self.text.push_str(&words::visible(&masked));
            self.text.push('\n');
        }
    }

    /// Lines for people whose breaks are ours, shown and masked already.
    fn block(&mut self, text: &str) {
        if !self.json {
            self.text.push_str(text);
        }
    }

    /// An object for machines.
    fn object(&mut self, value: Value) {
        if self.json {
            let masked = self.masked("", value);
            self.lines.push(masked);
        }
    }

    /// A named value, masked by its name and by what it looks like.
    fn value(&self, name: &str, value: &str) -> String {
        let (mut masked, _) = self.redactor.mask_headers(&vec![(name.to_owned(), value.to_owned())]);
        masked.pop().map(|(_, value)| value).unwrap_or_default()
    }

    fn masked(&self, name: &str, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.value(name, &text)),
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.masked(name, item)).collect()),
            Value::Object(members) => {
                // A decoded row says its name in one member and its value in another.
                let own = members.get("name").and_then(Value::as_str).map(str::to_owned);
                let named =
                    |key: &str| if key == "value" { own.clone() } else { None }.unwrap_or_else(|| key.to_owned());
                let inside = |(key, value): (String, Value)| {
                    let value = self.masked(&named(&key), value);
                    (key, value)
                };
                Value::Object(members.into_iter().map(inside).collect())
            }
            other => other,
        }
    }

    fn print(self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        self.lines.iter().try_for_each(|line| tell_to(&mut out, line))?;
        out.write_all(self.text.as_bytes())?;
        out.flush()
    }
}

/// The day, for what expires.
fn now() -> jiff::Timestamp {
    clock::stamp().wall
}
