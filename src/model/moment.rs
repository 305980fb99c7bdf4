//! A run as it was at a moment: which rows had begun, which were under way, the session as
//! it had last been shown, and what was awaited. Rows are ordered by when they began, so
//! the past is a prefix of the record, and nothing is copied. Pure.

use std::time::Duration;

use super::api::{Session, Status};
use super::exchange::Step;
use super::run::{Entry, Kind, Run};
use super::states::{self, Change, Standing};
use super::trace::{Part, Spot};

/// A run at a moment. Costs a walk over its rows: make it when the moment or the run changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Then {
    /// Since the run's start.
    pub at: Duration,
    /// How many rows had begun: the first so many of `Run::entries`.
    pub begun: usize,
    /// The places among them of those that were not over.
    pub under_way: Vec<usize>,
    /// How many changes of the status had been seen: the first so many of its path.
    pub walked: usize,
    /// The row whose answer was the newest view of the session.
    pub view: Option<usize>,
    /// The session as that answer shows it.
    pub session: Option<Session>,
    /// What was awaited.
    pub standing: Standing,
}

impl Then {
    /// A run at a moment since its start; `path` is the way it went, all of it.
    pub fn of(run: &Run, path: &[Change], at: Duration) -> Self {
        let rows = run.entries.shared();
        let begun = rows.partition_point(|entry| entry.at.since(run.started) <= at);
        let over = |entry: &Entry| entry.took.is_some() && states::ended(run, entry) <= at;
        let rows = rows.get(..begun).unwrap_or_default();
        let under_way = rows.iter().enumerate().filter(|(_, entry)| !over(entry)).map(|(place, _)| place).collect();
        let shown = rows.iter().map(AsRef::as_ref).filter(|entry| over(entry) && may_show(entry)).collect();
        let (view, session) = newest_of(run, shown).unzip();
        let walked = path.partition_point(|change| change.at <= at);
        let standing = states::standing(run, session.as_ref(), path.get(..walked).unwrap_or_default(), at);
        Self { at, begun, walked, under_way, view, session, standing }
    }

    /// The status then.
    pub fn status(&self) -> Option<&Status> {
        self.session.as_ref().map(|session| &session.status)
    }

    /// Where the session as it was stands in the record.
    pub fn spot(&self) -> Option<Spot> {
        self.view.map(|entry| Spot { entry, part: Part::Response, path: None })
    }
}

/// Where the newest view of the session stands. Looks at the newest call of each kind, and at
/// all rows only if none of them shows it.
pub fn newest(run: &Run) -> Option<Spot> {
    let kinds = [Step::Create, Step::Fingerprint, Step::Collect, Step::Confirm].map(Kind::Step);
    let newest =
        kinds.into_iter().filter_map(|kind| run.entries.newest(kind)).filter(|entry| may_show(entry)).collect();
    let spot = |entry| Spot { entry, part: Part::Response, path: None };
    newest_of(run, newest).map(|(entry, _)| spot(entry)).or_else(|| Then::of(run, &[], Duration::MAX).spot())
}

/// The newest of these rows that is a session, and this run's.
fn newest_of(run: &Run, mut shown: Vec<&Entry>) -> Option<(usize, Session)> {
    let ours = |session: &Session| run.session_id().is_none_or(|id| *id == session.id);
    shown.sort_by_key(|entry| states::ended(run, entry)); // stable
    shown.into_iter().rev().find_map(|entry| Some((entry.number, states::view_of(entry).filter(ours)?)))
}

/// An API call whose answer may be the session; whether it is, reading tells.
fn may_show(entry: &Entry) -> bool {
    entry.exchange().is_some_and(|exchange| states::shows(exchange.step) && exchange.response().is_some())
}

/// All moments at which something began or was over.
fn stops(run: &Run) -> impl Iterator<Item = Duration> {
    run.entries.iter().flat_map(|entry| {
        [Some(entry.at.since(run.started)), entry.took.map(|_| states::ended(run, entry))].into_iter().flatten()
    })
}

/// The last moment before this one at which something began or was over.
pub fn before(run: &Run, at: Duration) -> Option<Duration> {
    stops(run).filter(|stop| *stop < at).max()
}

/// The first such moment after this one.
pub fn after(run: &Run, at: Duration) -> Option<Duration> {
    stops(run).filter(|stop| *stop > at).min()
}

/// The nearest such moment, if it is no farther away than this.
pub fn near(run: &Run, at: Duration, reach: Duration) -> Option<Duration> {
    stops(run).filter(|stop| stop.abs_diff(at) <= reach).min_by_key(|stop| stop.abs_diff(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_begun_in_a_run_without_rows() {
        let run = Run::new(
            super::super::RunId(1),
            super::super::run::Plan::of(
                &super::super::draft::Draft::new(super::super::draft::Completion::Hosted),
                super::super::profile::ProfileId("embedded".into()),
            ),
            super::super::Stamp { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::ZERO },
        );
        let then = Then::of(&run, &[], Duration::from_secs(9));
        assert_eq!((then.begun, then.view, then.status()), (0, None, None));
        assert_eq!(then.standing.waits, "There is no session yet");
        assert_eq!((before(&run, Duration::MAX), after(&run, Duration::ZERO)), (None, None));
    }
}
