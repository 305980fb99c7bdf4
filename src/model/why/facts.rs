//! What a run's rows say, read row by row and only as far as a question needs it. Nothing here
//! trusts the rows' order or content: they are searched, and what cannot be read is left out.

use std::time::Duration;

use serde_json::Value;

use crate::model::Lane;
use crate::model::api::Session;
use crate::model::exchange::{Exchange, Step};
use crate::model::payload;
use crate::model::run::{Entry, Run, What};
use crate::model::scheme::SchemeMessage;
use crate::model::trace::{Part, Spot, path};

/// Longest body that is looked into, in bytes. Our choice, as in `lint::observed`.
const LONGEST: usize = 64 << 10;

/// The rows that led to where the session stood after one of them.
pub(super) struct Facts<'a> {
    pub run: &'a Run,
    /// The row that told the status that is asked about; `None`: no session yet.
    pub told: Option<Told<'a>>,
    rows: Vec<&'a Entry>,
}

/// A row and what its body says.
#[derive(Clone)]
pub(super) struct Told<'a> {
    pub entry: &'a Entry,
    pub part: Part,
    pub body: Value,
}

impl Told<'_> {
    /// A text member, by JSON pointer.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer)?.as_str()
    }

    /// The place of a member, or of the whole row if it is not there.
    pub fn spot(&self, pointer: &str) -> Spot {
        let there = !pointer.is_empty() && self.body.pointer(pointer).is_some();
        Spot { entry: self.entry.number, part: self.part, path: there.then(|| path(pointer)) }
    }

    /// The first of these members that is there.
    pub fn first<'p>(&self, pointers: &[&'p str]) -> Option<&'p str> {
        pointers.iter().find(|pointer| self.body.pointer(pointer).is_some()).copied()
    }
}

impl<'a> Facts<'a> {
    /// The facts up to where the session stood after row `number`; all of them without one.
    pub fn of(run: &'a Run, number: Option<usize>) -> Self {
        let asked = number.and_then(|number| run.entries.numbered(number));
        let limit = asked.map(end);
        let before = |entry: &&Entry| limit.is_none_or(|limit| end(entry) <= limit);
        // The row that changed the status; where none is marked, the newest that shows a session.
        let marked = run.entries.iter().filter(before).filter(|entry| entry.status.is_some());
        let newest = marked.max_by_key(|entry| end(entry)).and_then(session_told);
        let told = newest.or_else(|| {
            let mut views: Vec<&Entry> = run.entries.iter().filter(before).filter(|entry| is_view(entry)).collect();
            views.sort_by_key(|entry| end(entry));
            views.into_iter().rev().find_map(session_told)
        });
        let until = told.as_ref().map(|told| end(told.entry)).or(limit);
        let rows = run.entries.iter().filter(|entry| until.is_none_or(|until| entry.at.mono <= until)).collect();
        Self { run, told, rows }
    }

    /// The session as the row told it, with what newer reads know beside it.
    pub fn session(&self) -> Option<Session> {
        let told = self.told.as_ref()?;
        let newest = self.run.session().filter(|session| session.text("/status") == told.text("/status"));
        newest.cloned().or_else(|| Session::of(told.body.clone()))
    }

    /// Where a member of the session was told: by the row that told the status, else by the
    /// newest read that has it.
    pub fn member(&self, pointers: &[&str]) -> Option<Told<'a>> {
        let told = self.told.clone().filter(|told| told.first(pointers).is_some());
        told.or_else(|| {
            let views = self.run.entries.iter().rev().filter(|entry| is_view(entry));
            views.take(LOOKED_AT).filter_map(session_told).find(|told| told.first(pointers).is_some())
        })
    }

    /// The newest hidden message of a kind that satisfies `fits`; the 3DS Server's copy first.
    pub fn message(&self, kind: &str, fits: impl Fn(&Value) -> bool) -> Option<Told<'a>> {
        let mut found: Option<(Told, bool)> = None;
        for (entry, message) in self.messages(kind).rev().take(LOOKED_AT) {
            let arrived = message.to == Lane::Sessions;
            if found.as_ref().is_some_and(|(_, better)| *better || !arrived) {
                continue;
            }
            let Some(body) = read(&message.body).filter(&fits) else { continue };
            found = Some((Told { entry, part: Part::Request, body }, arrived));
        }
        found.map(|(told, _)| told)
    }

    /// The hidden messages of a kind.
    pub fn messages(&self, kind: &str) -> impl DoubleEndedIterator<Item = (&'a Entry, &'a SchemeMessage)> {
        self.rows.iter().filter_map(move |entry| match &entry.what {
            What::Scheme(message) if message.kind == kind => Some((*entry, message)),
            _ => None,
        })
    }

    /// True if the other side shows what the API hides.
    pub fn shows_hidden(&self) -> bool {
        self.run.entries.iter().any(|entry| matches!(entry.what, What::Scheme(_)))
    }

    /// The rows that `fits`, newest first.
    pub fn rows(&self, fits: impl Fn(&Entry) -> bool) -> impl Iterator<Item = &'a Entry> {
        self.rows.iter().rev().copied().filter(move |entry| fits(entry))
    }

    /// The newest request of a step that was answered 2xx, as it was sent.
    pub fn sent(&self, step: Step) -> Option<Told<'a>> {
        let calls = self.rows.iter().rev().filter_map(|entry| {
            let exchange = merchant(entry).filter(|exchange| exchange.step == step)?;
            exchange.status().filter(|status| (200..300).contains(status))?;
            Some(Told { entry, part: Part::Request, body: read(&exchange.request.body).unwrap_or(Value::Null) })
        });
        calls.into_iter().next()
    }

    /// What the shopper's browser, scripted or real, was seen to send to the bank.
    pub fn at_bank(&self) -> Option<&'a Entry> {
        self.rows(|entry| match &entry.what {
            What::Exchange(exchange) => {
                exchange.from == Lane::Browser
                    && matches!(exchange.step, Step::Challenge | Step::Authenticate | Step::Redirect)
            }
            What::Wait(Step::Challenge | Step::Authenticate | Step::Redirect) => true,
            _ => false,
        })
        .next()
    }
}

/// How many rows of a kind are opened to find a member. Our choice: a session has a handful.
const LOOKED_AT: usize = 32;

/// When a row was over.
pub(super) fn end(entry: &Entry) -> Duration {
    entry.at.mono + entry.took.unwrap_or_default()
}

/// A call of the merchant to the API.
pub(super) fn merchant(entry: &Entry) -> Option<&Exchange> {
    match &entry.what {
        What::Exchange(exchange) if exchange.from == Lane::Merchant => Some(exchange),
        _ => None,
    }
}

fn is_view(entry: &Entry) -> bool {
    merchant(entry).is_some_and(|exchange| {
        matches!(exchange.step, Step::Create | Step::Fingerprint | Step::Collect | Step::Confirm)
            && exchange.status().is_some_and(|status| (200..300).contains(&status))
    })
}

/// What a row says of the session.
fn session_told(entry: &Entry) -> Option<Told<'_>> {
    let body = read(&merchant(entry)?.response()?.body)?;
    body.get("status")?.as_str()?;
    Some(Told { entry, part: Part::Response, body })
}

/// A body as JSON, if it is an object of a size that is looked into.
pub(super) fn read(bytes: &[u8]) -> Option<Value> {
    Some(bytes).filter(|bytes| bytes.len() <= LONGEST).and_then(payload::tree).filter(Value::is_object)
}

/// An element's text in a message of 3-D Secure 1.
pub(super) fn element(xml: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(xml.get(..xml.len().min(LONGEST))?).ok()?;
    let start = text.find(&format!("<{name}>"))? + name.len() + 2;
    let length = text.get(start..)?.find('<')?;
    Some(text.get(start..start + length)?.trim().to_owned())
}
