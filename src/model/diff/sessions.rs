//! Two sessions: which call of the one stands beside which of the other, what only one has,
//! and how much each pair differs. Knows what a link into a run means as bytes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Counts, Side, compare};
use crate::model::api::Session;
use crate::model::beside::{self, Kind};
use crate::model::exchange::{Exchange, header};
use crate::model::payload;
use crate::model::run::{Entry, Run, What};
use crate::model::trace::{Part, Spot};

/// Two runs beside one another.
#[derive(Debug)]
pub struct Sessions {
    /// The session object and the requests as they were drafted.
    pub documents: Vec<Document>,
    /// What happened, in order.
    pub calls: Vec<Call>,
}

/// Something that each run has once.
#[derive(Debug)]
pub struct Document {
    /// In plain words.
    pub name: &'static str,
    /// Of the left run, if it has it.
    pub left: Option<Side>,
    /// Of the right run, if it has it.
    pub right: Option<Side>,
    /// How much they differ, if both have it.
    pub counts: Option<Counts>,
}

/// One step of either run or of both.
#[derive(Debug)]
pub struct Call {
    /// The rows' numbers.
    pub entries: (Option<usize>, Option<usize>),
    /// What each shows at a glance.
    pub facts: (Option<Facts>, Option<Facts>),
    /// How much what was sent differs, if both sent something.
    pub request: Option<Counts>,
    /// How much what came back differs, if something came back to both.
    pub response: Option<Counts>,
}

/// What a row shows at a glance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// 200.
    pub http: Option<u16>,
    /// The session's status in the answer.
    pub status: Option<String>,
    /// What the answer allows next.
    pub next_actions: Option<Vec<String>>,
    /// How long it took.
    pub took: Option<Duration>,
}

impl Facts {
    fn of(entry: &Entry) -> Self {
        let took = entry.took;
        match &entry.what {
            What::Exchange(exchange) => {
                let session = exchange.response().and_then(|answer| Session::read(&answer.body));
                Self {
                    http: exchange.status(),
                    status: session.as_ref().map(|session| session.status.word().to_owned()),
                    next_actions: session
                        .map(|session| session.next_actions.iter().map(|action| action.word().to_owned()).collect()),
                    took,
                }
            }
            What::Delivery(delivery) => Self { http: Some(delivery.answered), took, ..Self::default() },
            _ => Self { took, ..Self::default() },
        }
    }

    /// What differs between two, in words: `HTTP 200 to 422`. Times are no difference.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut words = Vec::new();
        if self.http != other.http {
            let shown = |http: Option<u16>| http.map_or_else(|| "no answer".to_owned(), |http| http.to_string());
            words.push(format!("HTTP {} to {}", shown(self.http), shown(other.http)));
        }
        if self.status != other.status {
            let shown = |status: &Option<String>| status.clone().unwrap_or_else(|| "none".into());
            words.push(format!("status {} to {}", shown(&self.status), shown(&other.status)));
        }
        if self.next_actions != other.next_actions {
            let shown = |actions: &Option<Vec<String>>| match actions.as_deref() {
                None | Some([]) => "none".to_owned(),
                Some(actions) => actions.join(", "),
            };
            words.push(format!("next actions {} to {}", shown(&self.next_actions), shown(&other.next_actions)));
        }
        words
    }
}

impl Call {
    /// True if both runs have it and nothing but ids and times differs.
    pub fn is_equal(&self) -> bool {
        let (Some(left), Some(right)) = (&self.facts.0, &self.facts.1) else { return false };
        let same = |counts: Option<Counts>| counts.is_none_or(|counts| counts.changes == counts.volatile);
        left.differences(right).is_empty() && same(self.request) && same(self.response)
    }
}

/// Compares two runs. `None` if it was told to stop.
pub fn sessions(a: &Run, b: &Run, cancel: &AtomicBool) -> Option<Sessions> {
    let (left, right) = (steps(a), steps(b));
    let kinds = |steps: &[&Entry]| steps.iter().map(|entry| Kind::of(entry)).collect::<Vec<_>>();
    let counts = |one: Option<&Side>, other: Option<&Side>| match (one, other) {
        (Some(one), Some(other)) => compare(one, other, cancel).map(|diff| Some(diff.counts())),
        _ => Some(None),
    };
    let mut calls = Vec::new();
    for (one, other) in beside::align(&kinds(&left), &kinds(&right)) {
        if cancel.load(Ordering::Relaxed) {
            return None;
        }
        let (one, other) = (one.map(|at| left[at]), other.map(|at| right[at]));
        let part = |entry: Option<&Entry>, part| entry.and_then(|entry| body(entry, part));
        let both = |of| counts(part(one, of).as_ref(), part(other, of).as_ref());
        calls.push(Call {
            entries: (one.map(|entry| entry.number), other.map(|entry| entry.number)),
            facts: (one.map(Facts::of), other.map(Facts::of)),
            request: both(Part::Request)?,
            response: both(Part::Response)?,
        });
    }
    let mut documents = Vec::new();
    for ((name, left), (_, right)) in documents_of(a).into_iter().zip(documents_of(b)) {
        if left.is_some() || right.is_some() {
            let counts = counts(left.as_ref(), right.as_ref())?;
            documents.push(Document { name, left, right, counts });
        }
    }
    Some(Sessions { documents, calls })
}

/// The rows that are steps of a session: calls, messages, and what was left out or failed.
fn steps(run: &Run) -> Vec<&Entry> {
    let step = |what: &What| {
        matches!(
            what,
            What::Exchange(_)
                | What::Delivery(_)
                | What::Scheme(_)
                | What::Phone(_)
                | What::Skipped(_)
                | What::Failed(..)
                | What::Cancelled
        )
    };
    run.entries.iter().filter(|entry| step(&entry.what)).collect()
}

fn documents_of(run: &Run) -> [(&'static str, Option<Side>); 5] {
    let json = |bytes| Side { bytes, content_type: Some("application/json".into()), path: None };
    let draft = |text: &str| (!text.is_empty()).then(|| json(text.to_owned().into()));
    let exchanges = run.entries.iter().rev().filter_map(|entry| match &entry.what {
        What::Exchange(exchange) => exchange.response(),
        _ => None,
    });
    let own = |body: &bytes::Bytes| Session::read(body).is_some_and(|session| Some(&session.id) == run.session_id());
    let session = exchanges.map(|answer| &answer.body).find(|body| own(body)).cloned();
    [
        ("Session as it was read last", session.map(json)),
        ("Draft: POST /sessions", draft(&run.plan.body)),
        ("Draft: collect-data", draft(&run.plan.collect)),
        ("Draft: issuer-fingerprint", draft(&run.plan.fingerprint)),
        ("Draft: payment", draft(&run.plan.payment)),
    ]
}

/// The bytes that a link means; `None` if there are none.
pub fn at(run: &Run, spot: &Spot) -> Option<Side> {
    let entry = run.entries.iter().find(|entry| entry.number == spot.entry)?;
    let side = body(entry, spot.part)?;
    Some(Side { path: spot.path.clone(), ..side })
}

/// A row's bytes; what was received or seen has them as its request.
fn body(entry: &Entry, part: Part) -> Option<Side> {
    let side = |bytes: &bytes::Bytes, kind: Option<&str>| {
        (!bytes.is_empty()).then(|| Side { bytes: bytes.clone(), content_type: kind.map(str::to_owned), path: None })
    };
    match (&entry.what, part) {
        (What::Exchange(exchange), Part::Request) => {
            side(&exchange.request.body, header(&exchange.request.headers, "content-type"))
        }
        (What::Exchange(exchange), Part::Response) => answer(exchange),
        (What::Delivery(delivery), Part::Request) => side(&delivery.body, header(&delivery.headers, "content-type")),
        (What::Scheme(message), Part::Request) => side(&message.body, None),
        (What::Phone(message), Part::Request) => side(&message.text.clone().into(), Some("text/plain")),
        _ => None,
    }
}

fn answer(exchange: &Exchange) -> Option<Side> {
    let answer = exchange.response().filter(|answer| !answer.body.is_empty())?;
    let content_type = header(&answer.headers, "content-type").map(str::to_owned);
    Some(Side { bytes: answer.body.clone(), content_type, path: None })
}

/// True if a row has bytes of this part.
pub fn has(entry: &Entry, part: Part) -> bool {
    body(entry, part).is_some()
}

/// `2.1 kB`.
pub fn size(side: &Side) -> String {
    payload::size(side.bytes.len() as u64)
}
