//! A run as it was at a moment: which rows had begun, which were under way, the session as
//! it had last been shown, and what was awaited. Rows are ordered by when they began, so
//! the past is a prefix of the record, and nothing is copied. Pure.

use std::time::Duration;

use super::api::{Session, Status};
use super::run::{Entry, Run, What};
use super::states::{self, Standing};
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
    /// The row whose answer was the newest view of the session.
    pub view: Option<usize>,
    /// The session as that answer shows it.
    pub session: Option<Session>,
    /// What was awaited.
    pub standing: Standing,
}

impl Then {
    /// A run at a moment since its start.
    pub fn of(run: &Run, at: Duration) -> Self {
        let begun = run.entries.partition_point(|entry| entry.at.since(run.started) <= at);
        let over = |entry: &Entry| entry.took.is_some() && states::ended(run, entry) <= at;
        let prefix = run.entries.get(..begun).unwrap_or_default();
        let under_way = (0..begun).filter(|place| !prefix.get(*place).is_some_and(over)).collect();
        let mut shown: Vec<&Entry> = prefix.iter().filter(|entry| over(entry) && may_show(entry)).collect();
        shown.sort_by_key(|entry| states::ended(run, entry)); // stable
        // The newest that is a session, and this run's.
        let ours = |session: &Session| run.session_id().is_none_or(|id| *id == session.id);
        let newest =
            shown.into_iter().rev().find_map(|entry| Some((entry.number, states::view_of(entry).filter(ours)?)));
        let (view, session) = newest.unzip();
        let standing = states::standing(run, session.as_ref(), at);
        Self { at, begun, under_way, view, session, standing }
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

/// An API call whose answer may be the session; whether it is, reading tells.
fn may_show(entry: &Entry) -> bool {
    matches!(&entry.what, What::Exchange(exchange) if states::shows(exchange.step) && exchange.response().is_some())
}

/// The moments at which something began or was over, in order, each once.
pub fn stops(run: &Run) -> Vec<Duration> {
    let begins = run.entries.iter().map(|entry| entry.at.since(run.started));
    let ends = run.entries.iter().filter(|entry| entry.took.is_some()).map(|entry| states::ended(run, entry));
    let mut stops: Vec<Duration> = begins.chain(ends).collect();
    stops.sort_unstable();
    stops.dedup();
    stops
}

/// The last of these before a moment; `None`: there is none.
pub fn before(stops: &[Duration], at: Duration) -> Option<Duration> {
    let place = stops.partition_point(|stop| *stop < at);
    place.checked_sub(1).and_then(|place| stops.get(place)).copied()
}

/// The first of these after a moment; `None`: there is none.
pub fn after(stops: &[Duration], at: Duration) -> Option<Duration> {
    stops.get(stops.partition_point(|stop| *stop <= at)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_are_walked_in_both_directions() {
        let stops = [0, 14, 59].map(Duration::from_millis);
        let ms = Duration::from_millis;
        assert_eq!((before(&stops, ms(14)), after(&stops, ms(14))), (Some(ms(0)), Some(ms(59))));
        assert_eq!((before(&stops, ms(20)), after(&stops, ms(20))), (Some(ms(14)), Some(ms(59))));
        assert_eq!((before(&stops, ms(0)), after(&stops, ms(59))), (None, None));
        assert_eq!((before(&[], ms(1)), after(&[], ms(1))), (None, None));
    }

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
        let then = Then::of(&run, Duration::from_secs(9));
        assert_eq!((then.begun, then.view, then.status()), (0, None, None));
        assert_eq!(then.standing.waits, "There is no session yet");
    }
}
