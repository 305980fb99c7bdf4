//! Where a session stands at a moment: what it waits for, until when, and what comes then.
//! Source: sessions-api.md 4.1 (lifetimes); emv-3ds.md 1.9; product.md, Decided.

use std::time::Duration;

use super::{Change, Shape, about};
use crate::model::Stamp;
use crate::model::api::{NextAction, Session, Status};
use crate::model::deadline;
use crate::model::draft::Channel;
use crate::model::exchange::Step;
use crate::model::run::{Entry, Kind, Run, What};

/// From creation to a final state. Source: sessions-api.md 4.1.
const SESSION: Duration = Duration::from_secs(900);
/// How long the bank waits for the first request, and between two. Source: product.md,
/// Decided; emv-3ds.md 1.9.
const CHALLENGE: Duration = Duration::from_secs(600);

/// When waiting ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// Since the run's start.
    pub at: Duration,
    /// How long it was when it began.
    pub whole: Duration,
    /// What runs out.
    pub what: &'static str,
    /// The state then.
    pub then: &'static str,
}

/// Where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// One sentence: who waits for whom.
    pub waits: String,
    /// The nearest end of the waiting, if it has one.
    pub until: Option<Deadline>,
}

/// Where a run stood at a moment since its start (`Duration::MAX`: now), if `view` was the
/// newest view then and `path` the way so far. Deadlines come nearer by what was let pass
/// on a virtual clock.
pub fn standing(run: &Run, view: Option<&Session>, path: &[Change], at: Duration) -> Standing {
    let Some(view) = view else {
        return Standing { waits: "There is no session yet".into(), until: None };
    };
    let shape = Shape::seen(run, Some(view));
    Standing { waits: waits(view, shape), until: nearest(run, view, path, at) }
}

fn waits(view: &Session, shape: Shape) -> String {
    let offers = |action| view.offers(&action);
    match &view.status {
        Status::Challenged if view.waits_decoupled() => {
            "the bank asks its customer by a way of its own; nobody here can do anything but read again".into()
        }
        Status::Challenged if shape.channel == Channel::App => "the bank waits for the shopper in the app".into(),
        Status::Challenged => "the bank waits for the shopper".into(),
        Status::Pending if offers(NextAction::Authenticate) => "the bank's page waits for the shopper".into(),
        Status::Pending if offers(NextAction::RedirectCardholder) => "the hosted page waits for the shopper".into(),
        Status::Pending if offers(NextAction::IssuerFingerprint) && offers(NextAction::CollectChannelData) => {
            "the API waits for fingerprint and channel data".into()
        }
        Status::Pending if offers(NextAction::IssuerFingerprint) => "the API waits for the fingerprint's result".into(),
        Status::Pending if offers(NextAction::CollectChannelData) => "the API waits for channel data".into(),
        Status::Pending => "the API offers nothing; read it again".into(),
        Status::Processing => "the API waits for the bank; read it again in a moment".into(),
        Status::Other(_) => "the contract does not know this word".into(),
        _ if offers(NextAction::Complete) => "decided; the API waits for complete".into(),
        _ if view.completed() == Some(true) => "decided and completed; nothing is left to do".into(),
        _ => about(&view.status, shape).waits_for.to_lowercase(),
    }
}

/// The nearest deadline at that moment.
fn nearest(run: &Run, view: &Session, path: &[Change], at: Duration) -> Option<Deadline> {
    let until = |begun: Duration, whole: Duration, what, then| {
        let (jumped, stood) = moved(run, begun, at);
        Deadline { at: (begun + whole + stood).saturating_sub(jumped), whole, what, then }
    };
    let created = path.first().filter(|change| change.from.is_none());
    let life = created.map(|change| until(change.at, SESSION, "the session's 15 minutes", "expired"));
    match view.status {
        Status::Pending => life,
        // The bank's own matter, up to days: known only where the request can be seen.
        Status::Challenged if view.waits_decoupled() => deadline::decoupled(run).map(|(since, whole)| {
            until(since.since(run.started), whole, "the bank's time to reach the shopper", "unavailable")
        }),
        Status::Challenged => {
            let challenged = path.iter().rev().find(|change| change.to == Status::Challenged).map(|change| change.at);
            let begun = requested(run, at).filter(|asked| challenged.is_none_or(|challenged| *asked >= challenged));
            let bank = match (begun, challenged) {
                (Some(asked), _) => Some(until(asked, CHALLENGE, "the bank's time for an answer", "expired")),
                (None, Some(at)) => Some(until(at, CHALLENGE, "the bank's time for the first request", "expired")),
                (None, None) => None,
            };
            bank.into_iter().chain(life).min_by_key(|deadline| deadline.at)
        }
        _ => None,
    }
}

/// When the bank was last asked for its page, until a moment: its time begins anew then.
fn requested(run: &Run, until: Duration) -> Option<Duration> {
    let over = |entry: &Entry| Some(super::ended(run, entry)).filter(|at| *at <= until);
    let newest = [Kind::ChallengeRequest, Kind::Step(Step::Challenge)].map(|kind| run.entries.newest(kind));
    let newest: Vec<&Entry> = newest.into_iter().flatten().collect();
    if newest.is_empty() {
        return None;
    }
    let found = newest.into_iter().filter_map(over).max();
    found.or_else(|| run.entries.iter().filter(|entry| is_request(entry)).filter_map(over).max())
}

/// A challenge request that reached the bank.
fn is_request(entry: &Entry) -> bool {
    match &entry.what {
        What::Scheme(message) => message.kind == "CReq",
        _ => entry.exchange().is_some_and(|exchange| exchange.step == Step::Challenge),
    }
}

/// Between two moments since the run's start: what was let pass at once, and how long the
/// clock stood still.
fn moved(run: &Run, from: Duration, to: Duration) -> (Duration, Duration) {
    let since = |moment: Duration| Stamp { mono: run.started.mono.saturating_add(moment), ..run.started };
    let (from, to) = (since(from), since(to));
    let jumped = run.jumped_since(from).saturating_sub(run.jumped_since(to));
    (jumped, run.stood_since(from).saturating_sub(run.stood_since(to)))
}
