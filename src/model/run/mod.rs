//! One authentication: what has been seen of it, where it stands, what would move it on.
//!
//! ```text
//!  Create ─▶ [Method ─▶] Collect ─▶ [Challenge ─▶ Confirm ─▶] Complete ─▶ Confirm ─▶ end
//!    │  └─▶ Confirm (app: with the keys) ─▶ Collect ─▶ as above
//!    ├────▶ Authenticate (3-D Secure 1) ─▶ Confirm ─▶ Complete ─▶ as above
//!    ├────▶ Complete (merchant-initiated: decided at once) ─▶ as above
//!    └────▶ Redirect (hosted) ─▶ Confirm ─▶ end
//! ```
//! [`Progress`] is all that the next step depends on. The engine's task that drives a run
//! and the timeline that shows it both feed one from the same facts, so they agree.
//! Pure: facts in, next step out.

mod entries;
mod plan;
mod progress;

use std::sync::Arc;
use std::time::Duration;

use super::api::{Session, Status};
use super::delivery::{Delivery, DeliveryKind};
use super::device::Device;
use super::exchange::{Exchange, Step};
use super::scheme::{PhoneMessage, SchemeMessage};
use super::{Lane, Problem, RunId, SessionId, Stamp};

pub use entries::{Class, Entries, Entry, Kind, Remark, What};
pub use plan::{Act, Answer, AppResult, Auth, PhoneAct, Plan, Shopper, StepRequest, Turn};
pub use progress::{Deed, MethodResult, Progress, Return};

/// How a note on passed time ends, after how much it was.
pub const PASSED: &str = " pass on the sandbox's clock";

/// What a run is doing.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// Busy with a step, or between two.
    Working(Option<Step>),
    /// Waiting for a person.
    Waiting(Box<Turn>),
    /// Nothing left to do.
    Ended,
    /// Stopped by the user.
    Cancelled,
}

/// Our attempt at one authentication.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Which one.
    pub id: RunId,
    /// What it was to do.
    pub plan: Plan,
    /// When it began.
    pub started: Stamp,
    /// What happened, ordered by when each row began.
    pub entries: Entries,
    /// What the next step depends on.
    pub progress: Progress,
    /// What it is doing.
    pub phase: Phase,
    /// The shopper's device, once its app was asked.
    pub device: Option<Arc<Device>>,
    /// From when to when the clock stood still that its deadlines go by, in monotonic time.
    stood: Vec<(Duration, Duration)>,
}

impl Run {
    /// A run that has only been asked for.
    pub fn new(id: RunId, plan: Plan, started: Stamp) -> Self {
        let progress = Progress::new(plan.channel);
        let (entries, phase) = (Entries::default(), Phase::Working(None));
        Self { id, plan, started, entries, progress, phase, device: None, stood: Vec::new() }
    }

    /// The API's session, once there is one.
    pub fn session(&self) -> Option<&Session> {
        self.progress.session.as_ref()
    }

    /// The API's identifier, once there is one.
    pub fn session_id(&self) -> Option<&SessionId> {
        self.session().map(|session| &session.id)
    }

    /// True while it works or waits.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Working(_) | Phase::Waiting(_))
    }

    /// From the first row to the end of the last.
    pub fn length(&self) -> Duration {
        self.entries.end().saturating_sub(self.started.mono)
    }

    /// Tells whether anything has changed since: equal means that all that is made from the
    /// rows is still true.
    pub fn revision(&self) -> Revision {
        let (changes, rows) = (self.entries.revision(), self.entries.len());
        Revision { run: self.id, changes, rows, session: self.session().is_some(), open: self.is_open() }
    }

    /// What the bank sent to the phone last.
    pub fn phone(&self) -> Option<&PhoneMessage> {
        match &self.entries.newest(Kind::Phone)?.what {
            What::Phone(message) => Some(message),
            _ => None,
        }
    }

    /// The exchange of a row.
    pub fn exchange(&self, number: usize) -> Option<&Arc<Exchange>> {
        self.entries.numbered(number)?.exchange()
    }

    /// The newest exchange, of a step if one is named.
    pub fn newest_exchange(&self, step: Option<Step>) -> Option<&Arc<Exchange>> {
        self.entries.newest(step.map_or(Kind::Exchange, Kind::Step))?.exchange()
    }

    /// Takes in an exchange. Late ones after the end are kept as rows.
    pub fn exchanged(&mut self, exchange: Arc<Exchange>) {
        let before = self.session().map(|session| session.status.clone());
        if let Some(answer) = exchange.response() {
            self.progress.answered(exchange.step, answer);
        }
        let after = self.session().map(|session| session.status.clone());
        let status = after.filter(|after| before.as_ref() != Some(after));
        if let Some(number) = self.delivery_of(&exchange) {
            self.entries.change(number, |row| row.took = Some(exchange.timing.total));
            return;
        }
        let (from, to) = (exchange.from, exchange.to);
        self.insert(exchange.started, Some(exchange.timing.total), (from, to), What::Exchange(exchange), status);
    }

    /// What the scripted cardholder posted to our own listener is a row already, made by the
    /// listener with the exact bytes: one fact, one row.
    fn delivery_of(&self, exchange: &Exchange) -> Option<usize> {
        let posted = (exchange.from, exchange.to) == (Lane::Browser, Lane::Merchant);
        posted.then(|| self.entries.received(exchange.path(), exchange.started.mono))?
    }

    /// Takes in something that reached the listener.
    pub fn delivered(&mut self, delivery: Arc<Delivery>) {
        self.progress.delivered(&delivery);
        let lanes = match delivery.kind {
            DeliveryKind::Callback | DeliveryKind::Inbox | DeliveryKind::Unknown => (Lane::Sessions, Lane::Callback),
            DeliveryKind::MethodNotification | DeliveryKind::ChallengeNotification => (Lane::Browser, Lane::Merchant),
        };
        // The scripted cardholder's own row for it may have come first: one fact, one row.
        let twin = self.entries.posted(&delivery.target, delivery.at.mono);
        let twin = twin.and_then(|number| self.entries.remove(number));
        let took = twin.as_ref().and_then(|row| row.took).unwrap_or_default();
        let remark = twin.map(|row| row.remark.clone()).unwrap_or_default();
        let (at, what) = (delivery.at, What::Delivery(delivery));
        let (from, to) = lanes;
        self.entries.insert(Entry { number: 0, at, took: Some(took), from, to, what, status: None, remark });
    }

    /// Takes in a hidden message.
    pub fn scheme_message_seen(&mut self, message: SchemeMessage) {
        let (at, took, lanes) = (message.at, message.took, (message.from, message.to));
        self.insert(at, Some(took), lanes, What::Scheme(message), None);
    }

    /// Takes in what the bank sent to the phone.
    pub fn phone_message_sent(&mut self, message: PhoneMessage) {
        self.insert(message.at, Some(Duration::ZERO), (Lane::Issuer, Lane::Browser), What::Phone(message), None);
    }

    /// Takes in what the shopper's browser did.
    pub fn shopper_did(&mut self, deed: Deed, now: Stamp) {
        self.end_waits(now);
        self.progress.shopper_did(deed);
    }

    /// The run waits for a person.
    pub fn turn_came(&mut self, turn: Turn) {
        let again = matches!(&self.phase, Phase::Waiting(before) if before.request.step == turn.request.step);
        if !again {
            self.end_waits(turn.since);
        }
        if !turn.answers.is_empty() && !again {
            let lanes = (Lane::Browser, Lane::Issuer);
            self.insert(turn.since, None, lanes, What::Wait(turn.request.step), None);
        }
        self.phase = Phase::Waiting(Box::new(turn));
    }

    /// The run goes on.
    pub fn step_began(&mut self, step: Step, now: Stamp) {
        self.end_waits(now);
        self.phase = Phase::Working(Some(step));
    }

    /// A step was left out.
    pub fn step_skipped(&mut self, step: Step, now: Stamp) {
        self.end_waits(now);
        self.progress.skip(step);
        self.insert(now, Some(Duration::ZERO), (Lane::Merchant, Lane::Merchant), What::Skipped(step), None);
    }

    /// The API asked for a pause.
    pub fn step_paused(&mut self, step: Step, now: Stamp) {
        self.insert(now, None, (Lane::Merchant, Lane::Sessions), What::Paused(step), None);
    }

    /// Something about a step that a tester should know.
    pub fn step_noted(&mut self, step: Step, words: String, now: Stamp) {
        self.insert(now, Some(Duration::ZERO), (Lane::Merchant, Lane::Merchant), What::Noted(step, words), None);
    }

    /// Time was let pass on the sandbox's virtual clock.
    pub fn time_passed(&mut self, step: Step, at: Stamp, time: Duration) {
        self.step_noted(step, format!("{} s{PASSED}", seconds(time)), at);
    }

    /// How much time was let pass at once since then.
    pub fn jumped_since(&self, since: Stamp) -> Duration {
        self.entries.jumped_since(since.mono)
    }

    /// The clock that this run's deadlines go by stood still from one moment to another.
    pub fn clock_stood(&mut self, from: Stamp, to: Stamp) {
        self.stood.push((from.mono, to.mono));
    }

    /// How long that clock has stood still since then, as far as it runs again.
    pub fn stood_since(&self, since: Stamp) -> Duration {
        self.stood.iter().map(|(from, to)| to.saturating_sub((*from).max(since.mono))).sum()
    }

    /// Gives a row a star, or takes it away.
    pub fn mark(&mut self, number: usize, marked: bool) {
        self.entries.change(number, |row| row.remark.marked = marked);
    }

    /// Writes the user's own words beside a row; empty ones take them away.
    pub fn annotate(&mut self, number: usize, note: &str) {
        self.entries.change(number, |row| row.remark.note = note.trim().to_owned());
    }

    /// A step did not come to its end.
    pub fn step_failed(&mut self, step: Step, problem: Problem, now: Stamp) {
        let lanes = (Lane::Merchant, Lane::Merchant);
        self.insert(now, Some(Duration::ZERO), lanes, What::Failed(step, problem), None);
    }

    /// Nothing left to do, or stopped.
    pub fn ended(&mut self, phase: Phase, now: Stamp) {
        self.end_waits(now);
        if phase == Phase::Cancelled {
            self.insert(now, Some(Duration::ZERO), (Lane::Merchant, Lane::Merchant), What::Cancelled, None);
        }
        self.phase = phase;
    }

    fn end_waits(&mut self, now: Stamp) {
        self.entries.end_open(now);
    }

    fn insert(&mut self, at: Stamp, took: Option<Duration>, lanes: (Lane, Lane), what: What, status: Option<Status>) {
        let ((from, to), remark) = (lanes, Remark::default());
        self.entries.insert(Entry { number: 0, at, took, from, to, what, status, remark }); // the number is given there
    }
}

/// A state of a run's record: see [`Run::revision`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revision {
    /// Which run.
    pub run: RunId,
    changes: u64,
    rows: usize,
    session: bool,
    open: bool,
}

/// `12`, `1.5`.
fn seconds(time: Duration) -> String {
    let text = format!("{:.3}", time.as_secs_f64());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
