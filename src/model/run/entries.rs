//! The rows of a run, ordered by when they began. Hides how a row is found, counted and kept
//! in order without walking over the others: appending costs the same whatever came before,
//! a row is found by its number in logarithmic time, and what changed since a reader last
//! looked is known. Rows are shared, so that a copy for background work is cheap.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Index;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use super::PASSED;
use crate::model::api::Status;
use crate::model::delivery::{Delivery, DeliveryKind};
use crate::model::exchange::{Exchange, Step};
use crate::model::scheme::{PhoneMessage, SchemeMessage};
use crate::model::{Lane, Problem, Stamp};

/// What a row of the timeline shows.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A request and its answer.
    Exchange(Arc<Exchange>),
    /// A hidden message of the scheme.
    Scheme(SchemeMessage),
    /// What the bank sent to the phone.
    Phone(PhoneMessage),
    /// What reached our listener.
    Delivery(Arc<Delivery>),
    /// Waiting for a person; `took` is set when it is over.
    Wait(Step),
    /// A step was left out.
    Skipped(Step),
    /// The API asked for a pause before this step is sent again.
    Paused(Step),
    /// Something about this step that a tester should know.
    Noted(Step, String),
    /// A step did not come to its end.
    Failed(Step, Problem),
    /// The user stopped the run.
    Cancelled,
}

/// One row of the timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Stable within its run.
    pub number: usize,
    /// When it began.
    pub at: Stamp,
    /// How long it took; `None` while it goes on.
    pub took: Option<Duration>,
    /// Who acted.
    pub from: Lane,
    /// On whom.
    pub to: Lane,
    /// What it was.
    pub what: What,
    /// The session's status, if this row changed it.
    pub status: Option<Status>,
    /// What the user wrote beside it.
    pub remark: Remark,
}

/// What the user wrote beside a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remark {
    /// It has a star.
    pub marked: bool,
    /// Words of the user's own; empty if there are none.
    pub note: String,
}

impl Entry {
    /// The exchange, if it is one.
    pub fn exchange(&self) -> Option<&Arc<Exchange>> {
        match &self.what {
            What::Exchange(exchange) => Some(exchange),
            _ => None,
        }
    }

    /// True for the time in which nothing but waiting happened.
    pub fn is_wait(&self) -> bool {
        matches!(self.what, What::Wait(_) | What::Paused(_))
    }

    fn key(&self) -> Key {
        (self.at.mono, self.number)
    }

    fn end(&self) -> Duration {
        self.at.mono + self.took.unwrap_or_default()
    }

    /// How much time was let pass at once, if that is what it tells.
    fn jump(&self) -> Option<Duration> {
        let What::Noted(_, words) = &self.what else { return None };
        let seconds = words.strip_suffix(PASSED)?.strip_suffix(" s")?.parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// Of which kinds this may be the newest.
    fn kinds(&self) -> impl Iterator<Item = Kind> {
        let (first, second) = match &self.what {
            What::Exchange(exchange) => (Some(Kind::Exchange), Some(Kind::Step(exchange.step))),
            What::Phone(_) => (Some(Kind::Phone), None),
            What::Scheme(message) if message.kind == "CReq" => (Some(Kind::ChallengeRequest), None),
            What::Delivery(delivery) if delivery.kind == DeliveryKind::ChallengeNotification => {
                (Some(Kind::ChallengeResult), None)
            }
            _ => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// The path, if the scripted cardholder posted it to the shop.
    fn posted(&self) -> Option<&str> {
        let exchange = self.exchange()?;
        ((exchange.from, exchange.to) == (Lane::Browser, Lane::Merchant)).then(|| exchange.path())
    }
}

/// Where a row stands in the order: when it began, and its number.
type Key = (Duration, usize);

/// Of these the newest row is asked for often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Any request and its answer.
    Exchange,
    /// One of this step.
    Step(Step),
    /// What the bank sent to the phone.
    Phone,
    /// The browser's question to the bank for its page (`CReq`).
    ChallengeRequest,
    /// What the browser brought back from the bank.
    ChallengeResult,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Entries {
    rows: Vec<Arc<Entry>>,
    /// When the row of each number began, also of those that are gone.
    began: Vec<Duration>,
    revision: u64,
    /// Revisions and the lowest place that changed then or later; both grow.
    touched: Vec<(u64, usize)>,
    /// When the last row ends.
    end: Duration,
    /// Rows that go on.
    open: BTreeSet<usize>,
    newest: BTreeMap<Kind, Key>,
    /// When time was let pass, and how much.
    jumps: Vec<(Duration, Duration)>,
    /// Rows in which the scripted cardholder posted to the shop, by path.
    posted: HashMap<String, BTreeSet<Key>>,
    /// The newest row of each path that reached the listener.
    received: HashMap<String, Key>,
}

/// The rows in order.
pub type Iter<'a> = std::iter::Map<slice::Iter<'a, Arc<Entry>>, fn(&'a Arc<Entry>) -> &'a Entry>;

impl Entries {
    /// All of them, in order.
    pub fn iter(&self) -> Iter<'_> {
        self.rows.iter().map(AsRef::as_ref)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True before anything has happened.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The one at a place.
    pub fn get(&self, place: usize) -> Option<&Entry> {
        self.rows.get(place).map(AsRef::as_ref)
    }

    /// The one that began first.
    pub fn first(&self) -> Option<&Entry> {
        self.get(0)
    }

    /// The one that began last.
    pub fn last(&self) -> Option<&Entry> {
        self.rows.last().map(AsRef::as_ref)
    }

    /// The rows as they are shared.
    pub fn shared(&self) -> &[Arc<Entry>] {
        &self.rows
    }

    /// Where the row with this number stands.
    pub fn place(&self, number: usize) -> Option<usize> {
        let key = (*self.began.get(number)?, number);
        self.rows.binary_search_by_key(&key, |row| row.key()).ok()
    }

    /// The row with this number.
    pub fn numbered(&self, number: usize) -> Option<&Entry> {
        self.get(self.place(number)?)
    }

    /// Rows made so far; the next one's number.
    pub fn made(&self) -> usize {
        self.began.len()
    }

    /// The newest row of a kind.
    pub fn newest(&self, kind: Kind) -> Option<&Entry> {
        self.numbered(self.newest.get(&kind)?.1)
    }

    /// When the last one ends, in monotonic time.
    pub(super) fn end(&self) -> Duration {
        self.end
    }

    /// How much time was let pass at once since a moment.
    pub(super) fn jumped_since(&self, mono: Duration) -> Duration {
        self.jumps.iter().filter(|(at, _)| *at >= mono).map(|(_, time)| *time).sum()
    }

    /// Grows with each change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// How many rows at the beginning are as they were at a revision.
    pub fn unchanged_since(&self, revision: u64) -> usize {
        let later = self.touched.partition_point(|(at, _)| *at <= revision);
        self.touched.get(later).map_or(self.rows.len(), |(_, place)| (*place).min(self.rows.len()))
    }

    /// The newest row in which this path reached the listener, if that was after `mono`.
    pub(super) fn received(&self, path: &str, mono: Duration) -> Option<usize> {
        self.received.get(path).filter(|(at, _)| *at >= mono).map(|(_, number)| *number)
    }

    /// The first row in which the scripted cardholder posted to this path, until `mono`.
    pub(super) fn posted(&self, path: &str, mono: Duration) -> Option<usize> {
        self.posted.get(path)?.first().filter(|(at, _)| *at <= mono).map(|(_, number)| *number)
    }

    /// Puts a row in its place and gives it a number: an answer that took long comes before
    /// what happened meanwhile.
    pub(super) fn insert(&mut self, row: Entry) {
        let row = Entry { number: self.began.len(), ..row };
        self.began.push(row.at.mono);
        let place = self.rows.partition_point(|other| other.at.mono <= row.at.mono);
        self.know(&row);
        self.rows.insert(place, Arc::new(row));
        self.touch(place);
    }

    /// Changes a row; neither its number nor its beginning.
    pub(super) fn change(&mut self, number: usize, change: impl FnOnce(&mut Entry)) {
        let Some(place) = self.place(number) else { return };
        let Some(row) = self.rows.get_mut(place) else { return };
        let row = Arc::make_mut(row);
        change(row);
        self.end = self.end.max(row.end());
        if row.took.is_some() {
            self.open.remove(&number);
        }
        self.touch(place);
    }

    /// Ends what goes on.
    pub(super) fn end_open(&mut self, now: Stamp) {
        for number in std::mem::take(&mut self.open) {
            self.change(number, |row| row.took = Some(now.since(row.at)));
        }
    }

    /// Takes a row away.
    pub(super) fn remove(&mut self, number: usize) -> Option<Arc<Entry>> {
        let place = self.place(number)?;
        let row = self.rows.remove(place);
        self.open.remove(&number);
        if let Some(rows) = row.posted().and_then(|path| self.posted.get_mut(path)) {
            rows.remove(&row.key());
        }
        for kind in row.kinds().filter(|kind| self.newest.get(kind) == Some(&row.key())).collect::<Vec<_>>() {
            match self.rows.iter().rev().find(|other| other.kinds().any(|own| own == kind)) {
                Some(other) => self.newest.insert(kind, other.key()),
                None => self.newest.remove(&kind),
            };
        }
        self.touch(place);
        Some(row)
    }

    /// Keeps only some rows.
    pub fn retain(&mut self, keep: impl Fn(&Entry) -> bool) {
        self.rows.retain(|row| keep(row));
        let rows = std::mem::take(&mut self.rows);
        *self = Self { began: std::mem::take(&mut self.began), revision: self.revision, ..Self::default() };
        rows.iter().for_each(|row| self.know(row));
        self.rows = rows;
        self.touch(0);
    }

    /// Takes a row into all that is kept beside the rows.
    fn know(&mut self, row: &Entry) {
        let key = row.key();
        self.end = self.end.max(row.end());
        if row.took.is_none() {
            self.open.insert(row.number);
        }
        for kind in row.kinds() {
            let newest = self.newest.entry(kind).or_insert(key);
            *newest = key.max(*newest);
        }
        self.jumps.extend(row.jump().map(|time| (row.at.mono, time)));
        if let Some(path) = row.posted() {
            self.posted.entry(path.to_owned()).or_default().insert(key);
        }
        if let What::Delivery(delivery) = &row.what {
            match self.received.get_mut(&delivery.target) {
                Some(newest) => *newest = key.max(*newest),
                None => drop(self.received.insert(delivery.target.clone(), key)),
            }
        }
    }

    fn touch(&mut self, place: usize) {
        self.revision += 1;
        while self.touched.last().is_some_and(|(_, lowest)| *lowest >= place) {
            self.touched.pop();
        }
        self.touched.push((self.revision, place));
    }
}

impl PartialEq for Entries {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows
    }
}

impl Index<usize> for Entries {
    type Output = Entry;

    fn index(&self, place: usize) -> &Entry {
        &self.rows[place]
    }
}

impl<'a> IntoIterator for &'a Entries {
    type Item = &'a Entry;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
