//! What a recorded run shows: the *obs* rules of emv-3ds.md 8 and named trouble of the
//! protocol ([`rules`] has the table), each on the row that shows it, with what is so, why it
//! matters and what to do. Pure, and judged from the records alone: a fault that the sandbox
//! was told to make is never assumed. Where the sandbox shows what came in a message's place, that
//! is looked at as its receiver sees it ([`arrived`]).
//!
//! Each finding names the member that shows it and the rows that it is held against, so that
//! «Why?» can show them.
//!
//! Looked at: L01, L02, L06, L09, L10, L12, L24–L26, L28–L45, L48, and `P…`.
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
mod members;
mod method;
mod result;
mod rules;
mod state;

use std::collections::BTreeMap;

use serde_json::Value;
use url::form_urlencoded;

use super::super::Lane;
use super::super::api::Session;
use super::super::delivery::Seq;
use super::super::exchange::{Exchange, Headers, Step, header};
use super::super::finding::Severity;
use super::super::payload;
use super::super::run::{Entry, Phase, Run, What};
use super::super::trace::{Part, Spot, path};

pub(crate) use rules::{advice as error_advice, meaning as error_meaning};
pub use rules::{looked, mend};

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
    /// The document that the rule follows from, as it is known outside; or that it is ours.
    pub source: &'static str,
    /// The row, and the member of it that shows it.
    pub spot: Spot,
    /// That member as it went over the wire; empty where it is the row itself.
    pub fact: String,
    /// What it is held against.
    pub evidence: Vec<Evidence>,
}

/// A row that a finding is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Where.
    pub spot: Spot,
    /// What it is to the finding: `The ARes that asked`.
    pub words: &'static str,
    /// The member as it went over the wire.
    pub fact: String,
}

/// All that the rows of a run show, in the order of the rows.
pub fn observed(run: &Run) -> Vec<Observation> {
    let mut look = Look::of(run);
    http::check(&mut look);
    handoff::check(&mut look);
    method::check(&mut look);
    hidden::check(&mut look);
    result::check(&mut look);
    state::check(&mut look);
    let mut found = look.found;
    let places = look.places;
    found.sort_by_key(|one| places.get(&one.entry).copied()); // stable: rules keep their order within a row
    found.dedup();
    found
}

/// A row and what could be read of it.
struct Row<'a> {
    entry: &'a Entry,
    /// A hidden message that is JSON; an API's answer that is.
    json: Option<Value>,
    /// What an answer of the API to the merchant says of a session.
    session: Option<Session>,
    /// What a browser posted.
    form: Vec<(String, String)>,
    /// The same as it went over the wire.
    wire: &'a [u8],
}

impl<'a> Row<'a> {
    fn of(entry: &'a Entry) -> Self {
        let mut row = Self { entry, json: None, session: None, form: Vec::new(), wire: &[] };
        let tree = |bytes: &[u8]| Some(bytes).filter(|bytes| bytes.len() <= LONGEST).and_then(payload::tree);
        match &entry.what {
            What::Exchange(exchange) if exchange.from == Lane::Browser => {
                row.read_form(&exchange.request.headers, &exchange.request.body, exchange.request.method == "POST")
            }
            What::Exchange(exchange) => {
                row.json = exchange.response().and_then(|answer| tree(&answer.body));
                row.session = row.json.clone().and_then(Session::of); // read once, asked often
            }
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

    /// The session, where a call of the merchant that reads it was answered 2xx.
    fn view(&self) -> Option<&Session> {
        let call = self.exchange().filter(|call| call.from == Lane::Merchant)?;
        let reads = matches!(call.step, Step::Create | Step::Collect | Step::Fingerprint | Step::Confirm);
        self.session.as_ref().filter(|_| reads && call.status().is_some_and(|status| (200..300).contains(&status)))
    }

    /// The place of a member, and the member as text; the whole row where it has none such.
    fn spot(&self, part: Part, pointer: &str) -> (Spot, String) {
        let sent = || match &self.entry.what {
            What::Exchange(exchange) => serde_json::from_slice::<Value>(&exchange.request.body).ok(),
            _ => None,
        };
        let of_api = self.exchange().is_some();
        let value = if of_api && part == Part::Request { sent() } else { self.json.clone() };
        let value = value.and_then(|body| body.pointer(pointer).cloned()).filter(|_| !pointer.is_empty());
        let name = pointer.trim_start_matches('/').replace('/', ".");
        let fact = value.as_ref().map(|value| match value {
            Value::String(text) => format!("{name}: {}", shown(text).trim_matches(['«', '»'])),
            Value::Array(_) | Value::Object(_) => name.clone(),
            other => format!("{name}: {other}"),
        });
        let entry = self.entry.number;
        (Spot { entry, part, path: value.is_some().then(|| path(pointer)) }, fact.unwrap_or_default())
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
    /// Of each row's number, its place.
    places: BTreeMap<usize, usize>,
    /// Of each delivery, its row's place.
    deliveries: BTreeMap<Seq, usize>,
    /// The places of the rows that show the session.
    views: Vec<usize>,
    /// The place of the first RReq.
    result: Option<usize>,
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
        let each = || rows.iter().enumerate();
        let delivery = |row: &Row<'_>| match &row.entry.what {
            What::Delivery(delivery) => Some(delivery.seq),
            _ => None,
        };
        let places = each().map(|(at, row)| (row.entry.number, at)).collect();
        let deliveries = each().filter_map(|(at, row)| Some((delivery(row)?, at))).collect();
        let views = each().filter(|(_, row)| row.view().is_some()).map(|(at, _)| at).collect();
        let result = rows.iter().position(|row| row.hidden().is_some_and(|(kind, _)| kind == "RReq"));
        Self { run, rows, ids, places, deliveries, views, result, found: Vec::new() }
    }

    fn say(
        &mut self,
        entry: usize,
        (rule, severity): (&'static str, Severity),
        title: impl Into<String>,
        message: impl Into<String>,
    ) {
        let (title, message) = (title.into(), message.into());
        let spot = Spot { entry, part: Part::Request, path: None };
        let (source, fact, evidence) = (rules::source(rule), String::new(), Vec::new());
        self.found.push(Observation { entry, rule, severity, title, message, source, spot, fact, evidence });
    }

    /// Names the member that shows the newest finding, if it is there.
    fn shown_by(&mut self, at: usize, part: Part, pointer: &str) {
        let (spot, fact) = self.rows[at].spot(part, pointer);
        if let Some(last) = self.found.last_mut().filter(|last| last.entry == spot.entry) {
            (last.spot, last.fact) = (spot, fact);
        }
    }

    /// Adds what the newest finding is held against: a row, and a member of it.
    fn against(&mut self, at: usize, part: Part, pointer: &str, words: &'static str) {
        let (spot, fact) = self.rows[at].spot(part, pointer);
        if let Some(last) = self.found.last_mut() {
            last.evidence.push(Evidence { spot, words, fact });
        }
    }

    /// The place of a row by its number.
    fn place(&self, entry: usize) -> Option<usize> {
        self.places.get(&entry).copied()
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
