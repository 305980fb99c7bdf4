//! The work of comparing: at once if it is little, else on a thread of its own, which wakes
//! the window and stops when nobody wants its answer any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use egui::Context;
use poll_promise::Promise;

use crate::model::diff::sessions::{Sessions, sessions};
use crate::model::diff::{Diff, Side, compare};
use crate::model::run::{Run, What};
use crate::model::versions::Comparison;

/// Bytes on both sides together that are compared while drawing: a millisecond or two. Our choice.
const AT_ONCE: usize = 32 << 10;

/// Two payloads.
#[derive(Debug, Clone)]
pub(super) struct Payloads {
    pub one: Side,
    pub other: Side,
}

impl Payloads {
    /// True if both are the same bytes in memory: what was recorded does not change.
    pub fn is(&self, other: &Self) -> bool {
        let same = |one: &Side, other: &Side| {
            one.bytes.as_ptr() == other.bytes.as_ptr()
                && one.bytes.len() == other.bytes.len()
                && one.path == other.path
                && one.content_type == other.content_type
        };
        same(&self.one, &other.one) && same(&self.other, &other.other)
    }
}

/// An answer, or the work that leads to it.
pub(in crate::ui) struct Job<T: Send + 'static> {
    done: Option<T>,
    asked: Option<Promise<Option<T>>>,
    cancel: Arc<AtomicBool>,
}

impl<T: Send + std::fmt::Debug> std::fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("done", &self.done).finish_non_exhaustive()
    }
}

impl Job<Diff> {
    pub(super) fn payloads(ctx: &Context, pair: &Payloads) -> Self {
        let size = pair.one.bytes.len() + pair.other.bytes.len();
        let pair = pair.clone();
        Self::new(ctx, size, move |cancel| compare(&pair.one, &pair.other, cancel))
    }
}

impl Job<Sessions> {
    pub(super) fn sessions(ctx: &Context, left: &Run, right: &Run) -> Self {
        let size = bytes(left) + bytes(right);
        let (left, right) = (left.clone(), right.clone()); // the rows are shared
        Self::new(ctx, size, move |cancel| sessions(&left, &right, cancel))
    }
}

impl Job<Comparison> {
    pub fn versions(ctx: &Context, runs: &[&Run]) -> Self {
        let size = runs.iter().map(|run| bytes(run)).sum();
        let runs: Vec<Run> = runs.iter().map(|run| (*run).clone()).collect(); // the rows are shared
        Self::new(ctx, size, move |_| Some(Comparison::of(&runs.iter().collect::<Vec<_>>())))
    }
}

impl<T: Send> Job<T> {
    fn new(ctx: &Context, size: usize, work: impl FnOnce(&AtomicBool) -> Option<T> + Send + 'static) -> Self {
        let cancel = Arc::new(AtomicBool::new(false));
        if size <= AT_ONCE {
            return Self { done: work(&cancel), asked: None, cancel };
        }
        let (ctx, flag) = (ctx.clone(), cancel.clone());
        let asked = Promise::spawn_thread("compare", move || {
            let done = work(&flag);
            ctx.request_repaint(); // a promise does not wake the window by itself
            done
        });
        Self { done: None, asked: Some(asked), cancel }
    }

    /// True once the answer was seen.
    pub fn is_done(&self) -> bool {
        self.done.is_some()
    }

    /// The answer, once it is there.
    pub fn get(&mut self) -> Option<&T> {
        if let Some(asked) = self.asked.take() {
            match asked.try_take() {
                Ok(done) => self.done = done,
                Err(pending) => self.asked = Some(pending),
            }
        }
        self.done.as_ref()
    }
}

impl<T: Send + 'static> Drop for Job<T> {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::Relaxed);
    }
}

fn bytes(run: &Run) -> usize {
    let size = |what: &What| match what {
        What::Exchange(exchange) => {
            exchange.request.body.len() + exchange.response().map_or(0, |answer| answer.body.len())
        }
        What::Delivery(delivery) => delivery.body.len(),
        What::Scheme(message) => message.body.len(),
        _ => 64,
    };
    run.entries.iter().map(|entry| size(&entry.what)).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn another_in_its_place_stops_one_that_still_works() {
        let ctx = Context::default();
        let (tell, told) = mpsc::channel();
        let mut job = Some(Job::<()>::new(&ctx, AT_ONCE + 1, move |cancel| {
            while !cancel.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            tell.send(()).ok()
        }));
        assert!(job.as_mut().is_some_and(|job| job.get().is_none()), "it works");
        job = Some(Job::new(&ctx, 0, |_| Some(())));
        // The end of waiting is only for a build in which this is broken.
        assert_eq!(told.recv_timeout(Duration::from_secs(20)), Ok(()));
        assert!(job.is_some_and(|job| job.is_done()));
    }
}
