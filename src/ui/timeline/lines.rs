//! The rows of the run that is shown, kept from frame to frame: [`Lines`] follows a run and
//! does over only what has changed; a row is put into words when it is first looked at.
//! [`Rows`] is what the views draw from.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::rows::{Class, RowView, row};
use super::waterfall::{Axis, Gap};
use crate::model::filter::Facts;
use crate::model::lint::found::Found;
use crate::model::run::{Entry, Revision, Run};
use crate::model::{RunId, Stamp};

/// What a filter said of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Verdict {
    /// It was not asked yet.
    #[default]
    Unknown,
    /// Shown.
    Passes,
    /// Left out.
    Fails,
}

/// A row and what is made from it.
#[derive(Debug)]
pub(super) struct Line {
    pub entry: Arc<Entry>,
    pub facts: Facts,
    pub verdict: Cell<Verdict>,
    /// When all rows up to this one have done their work.
    reached: Duration,
    words: OnceCell<Box<RowView>>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Lines {
    of: Option<(RunId, Stamp, Option<String>)>,
    seen: Option<Revision>,
    changes: u64,
    lines: Vec<Line>,
    /// The run has more rows than were taken yet.
    partial: bool,
    counts: [usize; 5],
    gaps: Vec<(usize, Gap)>,
    /// The longest gaps, in the order of time; made anew when the gaps have changed.
    longest: OnceCell<Vec<Gap>>,
    found: Arc<Found>,
}

/// Gaps that may be folded. An axis has room for far fewer.
const MOST_GAPS: usize = 64;
/// New rows that are taken in one frame. Our choice: ten milliseconds.
const AT_ONCE: usize = 16_384;

impl Lines {
    /// Takes in what has changed. How many rows at the beginning are as they were.
    pub fn follow(&mut self, run: &Run, found: Arc<Found>) -> usize {
        let session = run.session_id().map(|id| id.0.as_str());
        let same = self
            .of
            .as_ref()
            .is_some_and(|(id, started, own)| (*id, *started, own.as_deref()) == (run.id, run.started, session));
        if !same {
            *self = Self { of: Some((run.id, run.started, session.map(str::to_owned))), ..Self::default() };
        }
        let keep = match self.seen {
            Some(seen) if seen == run.revision() && !self.partial => self.lines.len(),
            _ => self.take_rows(run),
        };
        self.seen = Some(run.revision());
        self.take_found(found);
        keep
    }

    fn take_rows(&mut self, run: &Run) -> usize {
        let rows = run.entries.shared();
        let mut keep = run.entries.unchanged_since(self.changes).min(self.lines.len());
        // A run that was put in another's place has a history of its own.
        let ours = |place: usize| Arc::ptr_eq(&self.lines[place].entry, &rows[place]);
        if keep > 0 && !(ours(0) && ours(keep - 1)) {
            keep = 0;
        }
        self.changes = run.entries.revision();
        let old = self.lines.split_off(keep);
        old.iter().for_each(|line| self.counts[line.facts.class as usize] -= 1);
        let gaps = self.gaps.len();
        self.gaps.truncate(self.gaps.partition_point(|(place, _)| *place < keep));
        let (mut old, mut new) = (old.into_iter().peekable(), 0);
        for entry in &rows[keep..] {
            let began = (entry.at.mono, entry.number);
            let gone =
                |line: &Line| !Arc::ptr_eq(&line.entry, entry) && (line.entry.at.mono, line.entry.number) <= began;
            while old.next_if(gone).is_some() {}
            match old.next_if(|line| Arc::ptr_eq(&line.entry, entry)) {
                Some(known) => self.push(known),
                None if new == AT_ONCE => break,
                None => {
                    new += 1;
                    self.push(Line::of(entry, run.started));
                }
            }
        }
        self.partial = self.lines.len() < rows.len();
        if self.gaps.len() != gaps || keep < self.lines.len() {
            self.longest = OnceCell::new();
        }
        keep
    }

    fn push(&mut self, mut line: Line) {
        let before = self.lines.last().map_or(Duration::ZERO, |line| line.reached);
        let facts = &line.facts;
        line.reached = before;
        if !facts.wait {
            self.gaps.extend(Gap::between(before, facts.at).map(|gap| (self.lines.len(), gap)));
            line.reached = before.max(facts.at + facts.took.unwrap_or_default());
        }
        self.counts[line.facts.class as usize] += 1;
        self.lines.push(line);
    }

    /// Only words that were made can be wrong now, and few rows are ever looked at.
    fn take_found(&mut self, found: Arc<Found>) {
        if Arc::ptr_eq(&self.found, &found) {
            return;
        }
        for line in &mut self.lines {
            let Some(words) = line.words.get() else { continue };
            let own = found.of_row(line.entry.number).iter().map(|one| (one.severity, one.rule));
            if !own.eq(words.findings.iter().copied()) {
                line.words = OnceCell::new();
            }
        }
        self.found = found;
    }

    /// True while a long run is taken in: the next look takes more of its rows.
    pub fn is_partial(&self) -> bool {
        self.partial
    }

    /// How many rows of a class there are.
    pub fn count(&self, class: Class) -> usize {
        self.counts[class as usize]
    }

    /// What the rows show.
    pub fn found(&self) -> &Arc<Found> {
        &self.found
    }

    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// All rows.
    pub fn rows(&self) -> Rows<'_> {
        Rows { lines: self, count: self.lines.len() }
    }

    /// A row's words, to be changed for a while: a view of the past draws from changed ones.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut RowView> {
        self.words(place)?;
        self.lines.get_mut(place)?.words.get_mut().map(AsMut::as_mut)
    }

    fn words(&self, place: usize) -> Option<&RowView> {
        let line = self.lines.get(place)?;
        let (_, started, session) = self.of.as_ref()?;
        let make = || Box::new(row(*started, &line.entry, session.as_deref(), self.found.of_row(line.entry.number)));
        Some(line.words.get_or_init(make))
    }

    fn longest(&self) -> &[Gap] {
        self.longest.get_or_init(|| {
            let mut gaps: Vec<Gap> = self.gaps.iter().map(|(_, gap)| *gap).collect();
            if gaps.len() > MOST_GAPS {
                gaps.select_nth_unstable_by_key(MOST_GAPS, |gap| std::cmp::Reverse(gap.to - gap.from));
                gaps.truncate(MOST_GAPS);
                gaps.sort_unstable_by_key(|gap| gap.from);
            }
            gaps
        })
    }
}

impl Line {
    fn of(entry: &Arc<Entry>, started: Stamp) -> Self {
        Self {
            entry: Arc::clone(entry),
            facts: Facts::of(entry, started),
            verdict: Cell::default(),
            reached: Duration::ZERO,
            words: OnceCell::new(),
        }
    }
}

/// The rows of a run, or its first ones, in the order they began.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    lines: &'a Lines,
    count: usize,
}

impl<'a> Rows<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The one at a place.
    pub fn get(&self, place: usize) -> Option<&'a RowView> {
        self.lines.words(place).filter(|_| place < self.count)
    }

    /// What is quick to look at of the one at a place.
    pub fn facts(&self, place: usize) -> Option<&'a Facts> {
        self.lines.lines.get(place).filter(|_| place < self.count).map(|line| &line.facts)
    }

    /// All of them. Puts each into words that is looked at.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &'a RowView> + ExactSizeIterator + use<'a> {
        let lines = self.lines;
        (0..self.count).map(move |place| lines.words(place).expect("the count is never over that of the lines"))
    }

    /// Only the first ones.
    pub fn upto(self, count: usize) -> Self {
        Self { count: self.count.min(count), ..self }
    }

    /// The time axis of the whole run, `width` points wide, up to `end`; long waits are
    /// folded, but for those that start at `unfolded`.
    pub fn axis(&self, end: Duration, width: f32, unfolded: &BTreeSet<Duration>) -> Axis {
        let reached = self.lines.lines.last().map_or(Duration::ZERO, |line| line.reached);
        Axis::new(self.lines.longest(), reached, end, width, unfolded)
    }
}
