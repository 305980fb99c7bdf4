//! The search: what is looked for, what was found so far, which hit one looks at. Searches
//! elsewhere what is large; a pattern that is none is an error in its place.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver};

use egui::Context;

use super::job;
use super::words::Hits;
use crate::model::body::Source;
use crate::model::body::find::{Wanted, search};

/// What a search has found since it was asked last.
type Found = Result<(Vec<Range<u64>>, u64), String>;

/// A search of one body.
#[derive(Debug, Default)]
pub(super) struct Find {
    /// What is looked for, and in which form of the body.
    wanted: Option<(Wanted, bool)>,
    found: Option<Receiver<Found>>,
    cancel: Arc<AtomicBool>,
    places: Vec<Range<u64>>,
    count: u64,
    at: usize,
    error: Option<String>,
}

impl Find {
    /// Looks for something, if it is not what was looked for last. `derived`: the source is
    /// a form of the body, not the body.
    pub fn look_for(&mut self, ctx: &Context, wanted: Wanted, derived: bool, source: &Source) {
        if self.wanted.as_ref().is_some_and(|(old, form)| *old == wanted && *form == derived) {
            return;
        }
        self.cancel.store(true, Relaxed);
        *self = Self::default();
        let pattern = if wanted.text.is_empty() { None } else { Some(wanted.pattern()) };
        self.wanted = Some((wanted, derived));
        let pattern = match pattern {
            None => return,
            Some(Err(error)) => return self.error = Some(error),
            Some(Ok(pattern)) => pattern,
        };
        let (to, found) = mpsc::channel();
        let (source, cancel) = (source.clone(), Arc::clone(&self.cancel));
        self.found = Some(found);
        let small = source.memory().is_some() && source.size() <= job::AT_ONCE;
        let work = move |tell: &dyn Fn()| {
            let mut hand = |hits, count| {
                let heard = to.send(Ok((hits, count))).is_ok();
                tell();
                heard
            };
            if let Err(error) = search(&source, &pattern, &cancel, &mut hand) {
                to.send(Err(error.to_string())).ok(); // nobody may be there to hear it
            }
        };
        if small { work(&|| ()) } else { job::start(ctx, "find", work) }
    }

    /// Takes in what was found. The place of the first hit, when it comes.
    pub fn take(&mut self) -> Option<u64> {
        let found = self.found.as_ref()?;
        let before = self.places.is_empty();
        loop {
            match found.try_recv() {
                Ok(Ok((hits, count))) => {
                    self.places.extend(hits);
                    self.count = count;
                }
                Ok(Err(error)) => self.error = Some(error),
                Err(mpsc::TryRecvError::Empty) => break,
                Err(mpsc::TryRecvError::Disconnected) => {
                    self.found = None;
                    break;
                }
            }
        }
        self.places.first().filter(|_| before).map(|hit| hit.start)
    }

    /// Goes to the next hit, or to the one before. Where it is.
    pub fn step(&mut self, back: bool) -> Option<u64> {
        let count = self.places.len();
        if count == 0 {
            return None;
        }
        self.at = if back { (self.at + count - 1) % count } else { (self.at + 1) % count };
        self.places.get(self.at).map(|hit| hit.start)
    }

    /// The hits, to be lit.
    pub fn hits(&self) -> Hits<'_> {
        Hits { places: &self.places, current: self.places.get(self.at) }
    }

    /// True if something is looked for.
    pub fn active(&self) -> bool {
        self.wanted.as_ref().is_some_and(|(wanted, _)| !wanted.text.is_empty())
    }

    /// Why nothing can be found.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// `2 of 14`, `none`, and `…` while it goes on.
    pub fn words(&self) -> String {
        let more = if self.found.is_some() { "…" } else { "" };
        match self.count {
            0 if self.found.is_some() => more.into(),
            0 => "none".into(),
            count => format!("{} of {count}{more}", self.at + 1),
        }
    }

    /// What to know of the count.
    pub fn hint(&self) -> Option<String> {
        let kept = self.places.len() as u64;
        (kept < self.count).then(|| format!("All are counted; the first {kept} can be gone through"))
    }
}

impl Drop for Find {
    fn drop(&mut self) {
        self.cancel.store(true, Relaxed);
    }
}
