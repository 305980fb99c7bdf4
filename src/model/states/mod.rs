//! The session's state machine, and the way a run went through it: each change with the row
//! that showed it, the present state, what it waits for, what may be called now and what
//! would be refused. Written from the contract, as a client knows it; the sandbox has its own.
//! Pure. Source: sessions-api.md 4.1, 4.2, 2.
//!
//! A client sees a session only where an answer shows it, so states can be passed unseen:
//! [`allowed`] asks whether the machine leads from one to the other, not in how many moves.

mod about;
mod calls;
mod standing;

use std::time::Duration;

use super::RunId;
use super::api::{Session, Status};
use super::draft::{Channel, Completion};
use super::exchange::{Exchange, Step};
use super::run::{Entry, Run};

pub use self::about::{About, about};
pub use self::calls::{Call, Ruling, calls};
pub use self::standing::{Deadline, Standing, standing};

/// The contract's section on states.
pub const PARAGRAPH: &str = "Sessions API, actions by state";

/// The states of the contract, in the order of its diagram.
pub const ALL: [Status; 10] = [
    Status::Pending,
    Status::Processing,
    Status::Challenged,
    Status::Approved,
    Status::Attempted,
    Status::Declined,
    Status::Rejected,
    Status::Unavailable,
    Status::ChallengeAbandoned,
    Status::Expired,
];

/// What kind of session it is: which part of the machine it can walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The API's own page leads the shopper.
    pub completion: Completion,
    /// Where the shopper is.
    pub channel: Channel,
    /// Fallen back to 3-D Secure 1.
    pub legacy: bool,
}

impl Shape {
    /// The shape of a run, as far as its newest view tells.
    pub fn of(run: &Run) -> Self {
        Self::seen(run, run.session())
    }

    /// The same by another view of the session.
    pub fn seen(run: &Run, view: Option<&Session>) -> Self {
        let legacy = view.and_then(|view| view.text("/protocol_version")).is_some_and(|v| v.starts_with('1'));
        Self { completion: run.plan.completion, channel: run.progress.channel(), legacy }
    }

    /// `Hosted · browser`.
    pub fn name(self) -> String {
        let completion = if self.hosted() { "Hosted" } else { "Non-hosted" };
        let channel = match self.channel {
            Channel::Browser => "browser",
            Channel::App => "app",
            Channel::MerchantInitiated => "merchant-initiated",
        };
        format!("{completion} · {channel}{}", if self.legacy { " · 3-D Secure 1" } else { "" })
    }

    /// The API's own page leads the shopper.
    pub fn hosted(self) -> bool {
        self.completion == Completion::Hosted
    }

    /// True if a session of this shape can come to be in this state.
    pub fn knows(self, status: &Status) -> bool {
        match status {
            Status::Other(_) => false,
            Status::Pending | Status::Expired => self.channel != Channel::MerchantInitiated,
            Status::Processing | Status::Rejected => !self.legacy,
            // Nobody is there to be asked, unless the bank does it by a way of its own.
            Status::Challenged | Status::ChallengeAbandoned => {
                !self.legacy && self.channel != Channel::MerchantInitiated
            }
            _ => true,
        }
    }
}

/// One arrow of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrow {
    /// Where it starts; `None` is the creation.
    pub from: Option<&'static Status>,
    /// Where it leads.
    pub to: &'static Status,
    /// What makes the session take it.
    pub cause: &'static str,
}

static RESULTS: [Status; 5] =
    [Status::Approved, Status::Attempted, Status::Declined, Status::Rejected, Status::Unavailable];

/// The arrows of the whole machine, in the contract's order; those between states that a
/// shape knows are the ones it can take.
pub fn arrows() -> Vec<Arrow> {
    use Status as S;
    let arrow = |from, to, cause| Arrow { from, to, cause };
    let mut arrows = vec![
        arrow(None, &S::Pending, "created; the API wants something first"),
        arrow(None, &S::Processing, "created with all that is needed"),
        arrow(
            Some(&S::Pending),
            &S::Processing,
            "channel data or fingerprint sent; hosted: the shopper is on the page",
        ),
        arrow(Some(&S::Pending), &S::Expired, "15 minutes are over"),
        arrow(Some(&S::Processing), &S::Challenged, "the bank answers C or D: it wants to ask"),
        arrow(Some(&S::Challenged), &S::ChallengeAbandoned, "the shopper cancels"),
        arrow(Some(&S::Challenged), &S::Expired, "the challenge times out"),
    ];
    for to in &RESULTS {
        arrows.push(arrow(Some(&S::Processing), to, "the bank answers without asking"));
        arrows.push(arrow(Some(&S::Challenged), to, "the bank's result after asking"));
        if *to != S::Rejected {
            arrows.push(arrow(Some(&S::Pending), to, "3-D Secure 1: PaRes at term_url"));
        }
    }
    arrows
}

/// True if the machine leads from one state to the other, in one move or through states that
/// nobody looked at; `from` is `None` at the creation. What comes after a word that the
/// contract does not know cannot be judged, and is allowed; such a word itself is not.
pub fn allowed(from: Option<&Status>, to: &Status) -> bool {
    match (from, to) {
        (_, Status::Other(_)) => false,
        (Some(Status::Other(_)), _) => true,
        (Some(from), to) if from == to => true,
        // No session is created out of time, and nobody has been asked yet.
        (None, Status::Expired | Status::ChallengeAbandoned) => false,
        (None | Some(Status::Pending), _) => true,
        (Some(Status::Processing), to) => *to != Status::Pending,
        (Some(Status::Challenged), to) => to.is_final(),
        (Some(_), _) => false,
    }
}

/// The states that a session of this shape can be seen in next.
pub fn next(from: Option<&Status>, shape: Shape) -> Vec<Status> {
    let leads = |to: &&Status| arrows().iter().any(|arrow| arrow.from == from && arrow.to == *to);
    let fits = |to: &&Status| match from {
        Some(Status::Pending) if **to != Status::Expired => shape.legacy != (**to == Status::Processing),
        _ => true,
    };
    ALL.iter().filter(leads).filter(fits).filter(|to| shape.knows(to)).cloned().collect()
}

/// One change of the session's status, as a client saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its place on the path, from 1.
    pub number: usize,
    /// The row that showed it: `Entry::number`.
    pub entry: usize,
    /// Since the run's start: when the answer was there.
    pub at: Duration,
    /// Before; `None` at the first.
    pub from: Option<Status>,
    /// After.
    pub to: Status,
    /// The states between that the contract says were passed and that nobody saw.
    pub through: Vec<Status>,
    /// The call that showed it: `PUT collect-data`.
    pub cause: String,
    /// What moved the session, in words.
    pub mover: &'static str,
    /// Why the machine has no such change, if it has none.
    pub breach: Option<String>,
}

/// The rows of a run that changed its status, kept while rows come: what did not change is
/// not walked again.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    of: Option<(RunId, u64)>,
    /// How many rows have been looked at.
    upto: usize,
    /// The places of those that changed the status, in order.
    places: Vec<usize>,
}

impl Trail {
    /// Takes in what has changed since the last time.
    pub fn follow(&mut self, run: &Run) {
        let same = match self.of {
            Some((id, revision)) if id == run.id => run.entries.unchanged_since(revision).min(self.upto),
            _ => 0,
        };
        self.places.truncate(self.places.partition_point(|place| *place < same));
        let fresh = run.entries.shared().iter().enumerate().skip(same);
        self.places.extend(fresh.filter(|(_, entry)| entry.status.is_some()).map(|(place, _)| place));
        (self.upto, self.of) = (run.entries.len(), Some((run.id, run.entries.revision())));
    }

    /// The way the run went, in the order in which the answers came.
    pub fn path(&self, run: &Run) -> Vec<Change> {
        let entries = self.places.iter().filter_map(|place| run.entries.get(*place));
        let mut shown: Vec<(Duration, &Entry, &Status)> =
            entries.filter_map(|entry| Some((ended(run, entry), entry, entry.status.as_ref()?))).collect();
        shown.sort_by_key(|(at, ..)| *at); // stable: rows begun earlier stay first
        let mut path: Vec<Change> = Vec::with_capacity(shown.len());
        for (at, entry, status) in shown {
            let from = path.last().map(|change| change.to.clone());
            if from.as_ref() != Some(status) {
                path.push(change(path.len() + 1, at, entry, from, status));
            }
        }
        path
    }
}

/// The way a run went, in the order in which the answers came.
pub fn path(run: &Run) -> Vec<Change> {
    let mut trail = Trail::default();
    trail.follow(run);
    trail.path(run)
}

fn change(number: usize, at: Duration, entry: &Entry, from: Option<Status>, status: &Status) -> Change {
    let created = entry.exchange().is_some_and(|exchange| exchange.step == Step::Create);
    let judged = from.is_some() || created; // what is first seen later may have come from anywhere
    let breach = (judged && !allowed(from.as_ref(), status)).then(|| breach(from.as_ref(), status));
    let through = if breach.is_some() { Vec::new() } else { unseen(from.as_ref(), status, entry) };
    Change {
        number,
        entry: entry.number,
        at,
        mover: mover(from.as_ref(), status, &through),
        from,
        to: status.clone(),
        through,
        cause: cause(entry),
        breach,
    }
}

/// When a row was over, since the run's start; when it began, while it goes on.
pub fn ended(run: &Run, entry: &Entry) -> Duration {
    entry.at.since(run.started) + entry.took.unwrap_or_default()
}

fn breach(from: Option<&Status>, to: &Status) -> String {
    match (from, to) {
        (_, Status::Other(word)) => format!("The contract knows no status «{word}»"),
        (None, to) => format!("No session is created {to}"),
        (Some(from), to) if from.is_final() => format!("{from} is final: nothing leads to {to}"),
        (Some(from), to) => format!("The contract has no way back from {from} to {to}"),
    }
}

/// The states that lie between, by what the answer itself tells: whether the bank asked.
fn unseen(from: Option<&Status>, to: &Status, entry: &Entry) -> Vec<Status> {
    let view = view_of(entry);
    let says = |test: fn(&Session) -> bool| view.as_ref().is_some_and(test);
    let asked = says(|view| view.challenged() == Some(true));
    let legacy = says(|view| view.text("/protocol_version").is_some_and(|version| version.starts_with('1')));
    match (from, to) {
        (None, Status::Pending | Status::Processing) | (Some(Status::Challenged | Status::Other(_)), _) => Vec::new(),
        (Some(Status::Pending), Status::Processing) => Vec::new(),
        (Some(Status::Processing), to) if to.is_final() && asked => vec![Status::Challenged],
        (Some(Status::Processing), _) => Vec::new(),
        (_, Status::Expired) if !asked => Vec::new(),
        (None | Some(Status::Pending), _) if legacy => Vec::new(),
        (None | Some(Status::Pending), to) if to.is_final() && (asked || *to == Status::ChallengeAbandoned) => {
            vec![Status::Processing, Status::Challenged]
        }
        (None | Some(Status::Pending), _) => vec![Status::Processing],
        _ => Vec::new(),
    }
}

fn mover(from: Option<&Status>, to: &Status, through: &[Status]) -> &'static str {
    let before = through.last().or(from);
    if before.is_none() && to.is_final() {
        return "created, and decided at once";
    }
    let arrows = arrows();
    let known = arrows.iter().find(|arrow| arrow.from == before && arrow.to == to);
    known.map_or("nothing that the contract knows", |arrow| arrow.cause)
}

/// `PUT collect-data`, `POST sessions`, `GET session`.
fn cause(entry: &Entry) -> String {
    entry.exchange().map_or_else(|| "seen by the listener".into(), |exchange| call_name(exchange))
}

fn call_name(exchange: &Exchange) -> String {
    let tail = match exchange.step {
        Step::Create => "sessions",
        Step::Confirm => "session",
        Step::Collect => "collect-data",
        Step::Fingerprint => "issuer-fingerprint",
        Step::Complete => "complete",
        step => return step.name().to_owned(),
    };
    format!("{} {tail}", exchange.request.method)
}

/// The session as a row's answer shows it; `None` if it shows none.
pub fn view_of(entry: &Entry) -> Option<Session> {
    let exchange = entry.exchange()?;
    let answer = exchange.response().filter(|answer| shows(exchange.step) && (200..300).contains(&answer.status))?;
    Session::read(&answer.body)
}

/// True for the calls whose answer is the session.
pub(super) fn shows(step: Step) -> bool {
    matches!(step, Step::Create | Step::Fingerprint | Step::Collect | Step::Confirm)
}

#[cfg(test)]
mod tests;
