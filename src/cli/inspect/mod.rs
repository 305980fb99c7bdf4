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
use std::path::{Path, PathBuf};

use clap::Args;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{Exit, tell_to, unread, words};
use crate::clock;
use crate::model::lens::Key;
use crate::model::redact::{Origin, Redactor};
use crate::model::{Problem, payload};

/// Longest file, in bytes. Source: trust.md R61.
const LONGEST: u64 = 64 * 1024 * 1024;
/// Longest file with a key, in bytes. Our choice; keys have a few hundred.
const LONGEST_KEY: u64 = 16 * 1024;
/// What is taken, for those who gave something else.
const ACCEPTED: &str = "It takes a token (JWT), JWS, JWE, creq, cres, threeDSMethodData, PaReq or PaRes, the form that \
    carried it, a session, callback, webhook, refusal, message of the protocol or body of POST /sessions as JSON, and \
    HAR recordings";
/// What follows the options in the command's help.
pub(super) const HELP: &str = "\
What a file is, is told by its content:
  token (JWT), JWS, JWE             members, times, scopes; verified or opened with --key
  creq, cres, threeDSMethodData     each member, what it says, what is wrong with it;
  PaReq, PaRes                      bare, or as the form that carried them
  session, callback, webhook        what it means for the shop, codes, what is encoded within
  refusal of the API                what each error code asks for
  message of the protocol           AReq, ARes, CReq, CRes, RReq, RRes, Erro as JSON
  body of POST /sessions            what the contract would refuse, what the rules advise
  HAR recording                     each session's timeline, with what the rules say of its rows
Secrets, card numbers and signatures are masked; nothing is sent or opened.

Examples:
  sessions-console inspect session.json
  sessions-console inspect --json shop.har
  echo 'creq=eyJ0aHJlZ…' | sessions-console inspect -
  sessions-console inspect --key jwk.json token.txt";

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
    /// A key to verify and open with: JWK (P-256, oct) or shared secret
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
}

/// Reads, recognises, shows.
///
/// # Errors
/// If it cannot be read, is too large, or is nothing that is known.
pub(super) fn run(wanted: &InspectArguments) -> Result<Exit, Problem> {
    let bytes = read(&wanted.file, LONGEST, "Cut it down: a network panel exports what its filter shows")?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut out = Out {
        json: wanted.json,
        sequence: wanted.sequence,
        keys: wanted.key.iter().map(|path| key(path)).collect::<Result<_, _>>()?,
        redactor: Redactor::new([], Origin::Real),
        text: String::new(),
        lines: Vec::new(),
    };
    recognise(bytes, &name(&wanted.file), &mut out)?;
    out.print().map_err(|error| unread(&error)).map(|()| Exit::Expected)
}

fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "Standard input".into() } else { path.display().to_string() }
}

fn read(path: &Path, longest: u64, hint: &str) -> Result<Vec<u8>, Problem> {
    let name = name(path);
    let unreadable = |error: io::Error| Problem {
        summary: format!("{name} cannot be read"),
        causes: vec![error.to_string()],
        hint: Some("Give the path of a file, or - for standard input".into()),
    };
    let mut bytes = Vec::new();
    let limit = longest + 1; // one more tells that there is more
    if path.as_os_str() == "-" {
        io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        let file = File::open(path).map_err(unreadable)?;
        file.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    if bytes.len() as u64 > longest {
        return Err(Problem::of(format!("{name} has more than {}", payload::size(longest)), hint));
    }
    Ok(bytes)
}

fn key(path: &Path) -> Result<Key, Problem> {
    const HINT: &str = "A key is a JWK (EC P-256, oct) as JSON, or the text of a shared secret";
    let bytes = read(path, LONGEST_KEY, HINT)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| error.to_string());
    text.and_then(Key::read).map_err(|why| Problem {
        summary: format!("{} holds no key", name(path)),
        causes: vec![why],
        hint: Some(HINT.into()),
    })
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
        let why = payload::over_cap(text.as_bytes()).unwrap_or_else(|| "more than can be kept".into());
        let hint = "Sessions, requests and messages are far smaller: cut out the one that is meant. Only HAR \
                    recordings may be this large";
        return Err(Problem::of(format!("{name} is JSON with {why}"), hint));
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
    keys: Vec<Key>,
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
        let masked = |name: &str, value: String| {
            let (mut masked, _) = self.redactor.mask_headers(&vec![(name.to_owned(), value)]);
            masked.pop().map(|(_, value)| value).unwrap_or_default()
        };
        let own = name.rsplit('.').next().unwrap_or(name); // of a path the member
        masked(name, masked(own, value.to_owned()))
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
