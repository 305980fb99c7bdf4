//! What a recorded run shows: the *obs* rules of emv-3ds.md 8 and named trouble of the
//! protocol ([`rules`] has the table), each on the row that shows it, with what is so, why it
//! matters and what to do. Pure, and judged from the records alone: a fault that the sandbox
//! was told to make is never assumed. Where the sandbox shows what came in a message's place, that
//! is looked at as its receiver sees it ([`arrived`]).
//!
//! Looked at: L01, L02, L06, L09, L10, L12, L28–L41, L43, L44, L48, and `P…`.
//! Not looked at, because no record of ours shows it: L11 (the frame's size is the browser's
//! matter; neither page nor request tells it) and L06 for our own notification address (our
//! listener sets no cookie; only an exchange shows another's). L50 is about the world outside
//! the sandbox. L36 and L39 are seen in a payment and in the session that is read; L31 where
//! this console's user stops a run during the challenge. Of the fingerprint, only what a
//! scripted browser posts is an exchange; a real browser tells its facts to the issuer alone.
//!
//! Linear in the rows; bodies over 64 KiB are not looked into. Compute it when a run changes.

mod arrived;
mod handoff;
mod hidden;
mod http;
mod method;
mod result;
mod rules;

use std::collections::BTreeMap;

use serde_json::Value;
use url::form_urlencoded;

use super::super::Lane;
use super::super::api::Session;
use super::super::exchange::{Exchange, Headers, Step, header};
use super::super::finding::Severity;
use super::super::payload;
use super::super::run::{Entry, Phase, Run, What};

/// Longest body that is looked into, in bytes. Our choice.
const LONGEST: usize = 64 << 10;

/// Something that a row of a run shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The row: `Entry::number`.
    pub entry: usize,
    /// The rule: `L28`, `P203`.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it is, in a few words.
    pub title: String,
    /// What is so, why it matters, what to do.
    pub message: String,
}

/// All that the rows of a run show, in the order of the rows.
pub fn observed(run: &Run) -> Vec<Observation> {
    let mut look = Look::of(run);
    http::check(&mut look);
    handoff::check(&mut look);
    method::check(&mut look);
    hidden::check(&mut look);
    result::check(&mut look);
    let mut found = look.found;
    let places: BTreeMap<usize, usize> = run.entries.iter().enumerate().map(|(at, row)| (row.number, at)).collect();
    found.sort_by_key(|one| places.get(&one.entry).copied()); // stable: rules keep their order within a row
    found.dedup();
    found
}

/// A row and what could be read of it.
struct Row<'a> {
    entry: &'a Entry,
    /// A hidden message that is JSON; an API's answer that is.
    json: Option<Value>,
    /// What a browser posted.
    form: Vec<(String, String)>,
    /// The same as it went over the wire.
    wire: &'a [u8],
}

impl<'a> Row<'a> {
    fn of(entry: &'a Entry) -> Self {
        let mut row = Self { entry, json: None, form: Vec::new(), wire: &[] };
        let tree = |bytes: &[u8]| Some(bytes).filter(|bytes| bytes.len() <= LONGEST).and_then(payload::tree);
        match &entry.what {
            What::Exchange(exchange) if exchange.from == Lane::Browser => {
                row.read_form(&exchange.request.headers, &exchange.request.body, exchange.request.method == "POST")
            }
            What::Exchange(exchange) => row.json = exchange.response().and_then(|answer| tree(&answer.body)),
            What::Delivery(delivery) => {
                row.read_form(&delivery.headers, &delivery.body, delivery.method == "POST");
                row.json = tree(&delivery.body);
            }
            What::Scheme(message) => row.json = tree(&message.body),
            _ => (),
        }
        row
    }

    /// A form, whatever its content type says: that is a rule of its own.
    fn read_form(&mut self, headers: &Headers, body: &'a [u8], posted: bool) {
        let json = header(headers, "content-type").is_some_and(|kind| kind.contains("json"));
        if posted && !json && body.len() <= LONGEST {
            self.wire = body;
            self.form = form_urlencoded::parse(body).into_owned().collect();
        }
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn exchange(&self) -> Option<&'a Exchange> {
        match &self.entry.what {
            What::Exchange(exchange) => Some(exchange),
            _ => None,
        }
    }

    /// A hidden message: its kind, and what it says.
    fn hidden(&self) -> Option<(&'static str, Option<&Value>)> {
        match &self.entry.what {
            What::Scheme(message) => Some((message.kind, self.json.as_ref())),
            _ => None,
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.json.as_ref()?.get(name)?.as_str()
    }
}

/// The identifiers of this transaction, as the session says, else as they were first seen.
#[derive(Default)]
struct Ids {
    server: Option<String>,
    directory: Option<String>,
    issuer: Option<String>,
}

impl Ids {
    /// The one that belongs to a member of a message.
    fn of(&self, member: &str) -> Option<&str> {
        match member {
            "threeDSServerTransID" => self.server.as_deref(),
            "dsTransID" => self.directory.as_deref(),
            "acsTransID" => self.issuer.as_deref(),
            _ => None,
        }
    }
}

const ID_MEMBERS: [&str; 3] = ["threeDSServerTransID", "acsTransID", "dsTransID"];

/// A run under examination.
struct Look<'a> {
    run: &'a Run,
    rows: Vec<Row<'a>>,
    ids: Ids,
    found: Vec<Observation>,
}

impl<'a> Look<'a> {
    fn of(run: &'a Run) -> Self {
        let rows: Vec<Row> = run.entries.iter().map(Row::of).collect();
        let session = |pointer: &str| run.session().and_then(|session| session.text(pointer)).map(str::to_owned);
        let first = |kinds: [&str; 2], member: &str| {
            let mut messages = rows.iter().filter(|row| row.hidden().is_some_and(|(kind, _)| kinds.contains(&kind)));
            messages.find_map(|row| row.text(member)).map(str::to_owned)
        };
        let ids = Ids {
            server: session("/transaction_id").or_else(|| first(["AReq", "ARes"], "threeDSServerTransID")),
            directory: session("/ds/transaction_id").or_else(|| first(["AReq", "ARes"], "dsTransID")),
            issuer: session("/acs/transaction_id").or_else(|| first(["ARes", "RReq"], "acsTransID")),
        };
        Self { run, rows, ids, found: Vec::new() }
    }

    fn say(
        &mut self,
        entry: usize,
        (rule, severity): (&'static str, Severity),
        title: impl Into<String>,
        message: impl Into<String>,
    ) {
        let (title, message) = (title.into(), message.into());
        self.found.push(Observation { entry, rule, severity, title, message });
    }

    fn session(&self) -> Option<&'a Session> {
        self.run.session()
    }

    /// Nothing more is to come of itself.
    fn over(&self) -> bool {
        matches!(self.run.phase, Phase::Ended | Phase::Cancelled)
    }

    /// The API calls of a kind that were answered 2xx, with their places.
    fn calls(&self, step: Step) -> impl Iterator<Item = (usize, &'a Exchange)> {
        self.rows.iter().enumerate().filter_map(move |(at, row)| {
            let exchange =
                row.exchange().filter(|exchange| exchange.step == step && exchange.from == Lane::Merchant)?;
            exchange.status().filter(|status| (200..300).contains(status)).map(|_| (at, exchange))
        })
    }
}

/// True if a record does not hold the value itself. Source: `model::redact`.
fn masked(text: &str) -> bool {
    text.contains("****") || text.contains('•')
}

/// A value between quotes, short enough for a sentence.
fn shown(text: &str) -> String {
    let mut short: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
    if text.chars().count() > 80 {
        short.push('…');
    }
    if short.is_empty() { "nothing".into() } else { format!("«{short}»") }
}

#[cfg(test)]
mod tests;
