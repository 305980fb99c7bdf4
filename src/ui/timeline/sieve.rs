//! Which rows are shown: chips, and the filter that is typed. Hides: that only new rows are
//! judged, and that a search through many bodies runs beside the drawing, its rows appearing
//! as they are found.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use egui::Context;

use super::lines::{Lines, Verdict};
use super::rows::Class;
use crate::model::filter::{Facts, Filter, Mistake, Row, bytes_of};
use crate::model::lint::found::Found;
use crate::model::run::{Entry, Run};

/// Bytes and rows that are searched while a frame is drawn. Our choice: a millisecond or two.
const AT_ONCE: (usize, usize) = (1 << 20, 2000);
/// Rows after which a search in the background tells what it has found.
const TOLD: usize = 4096;

/// Classes that are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Chips {
    pub api: bool,
    pub browser: bool,
    pub callback: bool,
    pub hidden: bool,
}

impl Chips {
    fn pass(self, class: Class) -> bool {
        match class {
            Class::Api => !self.api,
            Class::Browser => !self.browser,
            Class::Callback => !self.callback,
            Class::Hidden => !self.hidden,
            Class::Note => true,
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    /// As it is typed.
    pub text: String,
    /// As it was when it was read last.
    read: String,
    /// What is wrong with it; the last good one stays in force.
    pub mistake: Option<Mistake>,
    filter: Option<Filter>,
    chips: Chips,
    /// The rows that are shown, by their places.
    places: Vec<u32>,
    /// How often all of them were chosen anew.
    sifted: u64,
    search: Option<Search>,
    /// Some rows wait to be judged.
    waiting: bool,
    /// Rows with this number or a higher one came when the end was out of sight.
    news_from: usize,
    news: usize,
    scratch: Vec<u8>,
}

/// A search in the background. Dropping it stops it.
#[derive(Debug)]
struct Search {
    told: Arc<Told>,
    total: usize,
    done: usize,
}

#[derive(Debug, Default)]
struct Told {
    stop: AtomicBool,
    /// Numbers of rows, and whether they pass; taken by the window.
    verdicts: Mutex<Vec<(usize, bool)>>,
}

impl Drop for Search {
    fn drop(&mut self) {
        self.told.stop.store(true, Ordering::Relaxed);
    }
}

impl Sieve {
    /// True while something is asked for.
    pub fn is_on(&self) -> bool {
        self.filter.is_some()
    }

    /// True if something else is typed than was read last.
    pub fn is_asked_anew(&self) -> bool {
        self.text != self.read
    }

    /// How far the search is, from 0 to 1; `None` if none is under way.
    #[allow(clippy::cast_precision_loss)] // a share
    pub fn progress(&self) -> Option<f32> {
        self.search.as_ref().map(|search| search.done as f32 / search.total.max(1) as f32)
    }

    /// The places of the rows that are shown, in order.
    pub fn places(&self) -> &[u32] {
        &self.places
    }

    /// Another number when all of them were chosen anew.
    pub fn sifted(&self) -> u64 {
        self.sifted
    }

    /// How many of them came since the end was in sight.
    pub fn news(&self) -> usize {
        self.news
    }

    /// The end is in sight: nothing is new.
    pub fn seen(&mut self, run: &Run) {
        (self.news_from, self.news) = (run.entries.made(), 0);
    }

    /// Takes in what has changed: how many rows at the beginning are as they were, and
    /// whether they show something else now.
    pub fn follow(&mut self, ctx: &Context, run: &Run, lines: &Lines, since: (usize, bool), chips: Chips) {
        let (mut keep, found_anew) = since;
        let asked_anew = self.read_text() || (found_anew && self.filter.as_ref().is_some_and(Filter::reads_findings));
        if asked_anew {
            self.search = None;
            lines.lines().iter().for_each(|line| line.verdict.set(Verdict::Unknown));
        }
        let told = self.take_told(run, lines);
        if asked_anew || told || chips != self.chips || (self.waiting && self.search.is_none()) {
            (keep, self.sifted) = (0, self.sifted + 1);
        }
        self.chips = chips;
        let before = self.places.len();
        self.places.truncate(self.places.partition_point(|place| (*place as usize) < keep));
        let changed = self.places.len() < before || keep == 0;
        let unknown = self.judge(lines, keep);
        self.waiting = (self.waiting && keep > 0) || !unknown.is_empty();
        if !unknown.is_empty() && self.search.is_none() {
            self.start(ctx, lines, unknown);
        }
        if changed {
            self.news = 0;
        }
        let first = if changed { 0 } else { before };
        let is_new =
            |place: &&u32| lines.lines().get(**place as usize).is_some_and(|line| line.facts.number >= self.news_from);
        if self.news_from < run.entries.made() {
            self.news += self.places[first..].iter().filter(is_new).count();
        }
    }

    /// Reads what is typed, if that has changed. True if something else is asked for now.
    fn read_text(&mut self) -> bool {
        if self.text == self.read {
            return false;
        }
        self.read.clone_from(&self.text);
        match Filter::parse(&self.text) {
            Ok(filter) => {
                self.mistake = None;
                let something = self.filter.is_some() || filter.is_some();
                self.filter = filter;
                something
            }
            Err(mistake) => {
                self.mistake = Some(mistake);
                false
            }
        }
    }

    /// Adds the rows from `keep` on that pass. The places of those that could not be judged
    /// at once.
    fn judge(&mut self, lines: &Lines, keep: usize) -> Vec<u32> {
        let (mut bytes, mut count) = AT_ONCE;
        let mut unknown = Vec::new();
        for (place, line) in lines.lines().iter().enumerate().skip(keep) {
            let Ok(place) = u32::try_from(place) else { break };
            let verdict = match &self.filter {
                None => Verdict::Passes,
                Some(_) if line.verdict.get() != Verdict::Unknown => line.verdict.get(),
                Some(filter) if filter.reads_all() => {
                    let dear = if self.search.is_none() { bytes_of(&line.entry) } else { usize::MAX };
                    if dear > bytes || count == 0 {
                        unknown.push(place);
                        count = 0; // all that follow go the same way, so that rows appear in order
                        Verdict::Unknown
                    } else {
                        (bytes, count) = (bytes - dear, count - 1);
                        ask(filter, &line.facts, &line.entry, lines.found(), &mut self.scratch)
                    }
                }
                Some(filter) => ask(filter, &line.facts, &line.entry, lines.found(), &mut self.scratch),
            };
            line.verdict.set(verdict);
            if verdict == Verdict::Passes && self.chips.pass(line.facts.class) {
                self.places.push(place);
            }
        }
        unknown
    }

    fn start(&mut self, ctx: &Context, lines: &Lines, unknown: Vec<u32>) {
        let Some(filter) = self.filter.clone() else { return };
        let rows = unknown.iter().filter_map(|place| lines.lines().get(*place as usize));
        let rows: Vec<(Facts, Arc<Entry>)> = rows.map(|line| (line.facts, Arc::clone(&line.entry))).collect();
        let (told, found, ctx) = (Arc::new(Told::default()), Arc::clone(lines.found()), ctx.clone());
        let search = Search { told: Arc::clone(&told), total: rows.len(), done: 0 };
        let work = move || search_all(&filter, &rows, &found, &told, &ctx);
        // Without a thread nothing is found now; the next look tries again.
        if thread::Builder::new().name("timeline search".into()).spawn(work).is_ok() {
            self.search = Some(search);
        }
    }

    /// Takes what the search has found. True if it has told something.
    fn take_told(&mut self, run: &Run, lines: &Lines) -> bool {
        let Some(search) = &mut self.search else { return false };
        let told = std::mem::take(&mut *search.told.verdicts.lock().unwrap_or_else(PoisonError::into_inner));
        search.done += told.len();
        for (number, passes) in &told {
            let line = run.entries.place(*number).and_then(|place| lines.lines().get(place));
            // A row that has changed meanwhile is asked again.
            if let Some(line) = line.filter(|line| line.verdict.get() == Verdict::Unknown) {
                line.verdict.set(if *passes { Verdict::Passes } else { Verdict::Fails });
            }
        }
        if search.done >= search.total {
            self.search = None;
        }
        !told.is_empty()
    }
}

fn ask(filter: &Filter, facts: &Facts, entry: &Entry, found: &Found, scratch: &mut Vec<u8>) -> Verdict {
    if filter.passes(Row { facts, entry, found }, scratch) { Verdict::Passes } else { Verdict::Fails }
}

fn search_all(filter: &Filter, rows: &[(Facts, Arc<Entry>)], found: &Found, told: &Told, ctx: &Context) {
    let mut scratch = Vec::new();
    for some in rows.chunks(TOLD) {
        let mut verdicts = Vec::with_capacity(some.len());
        for (facts, entry) in some {
            if told.stop.load(Ordering::Relaxed) {
                return;
            }
            verdicts.push((facts.number, filter.passes(Row { facts, entry, found }, &mut scratch)));
        }
        told.verdicts.lock().unwrap_or_else(PoisonError::into_inner).append(&mut verdicts);
        ctx.request_repaint();
    }
}
