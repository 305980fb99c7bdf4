//! Ends sessions in time even if nobody reads them.
//!
//! Hides one queue of moments and the one task that waits for the first of them. Promises:
//! a session whose time is over lapses soon after, on the sandbox's clock, also when that
//! jumps; what waits here stays bounded by the sessions that are remembered. A moment is
//! only a reason to look: sessions may get more time, or need none, without saying so here.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::Shared;
use super::session::Session;

/// Moments that may wait before those of sessions that need none are thrown away.
const ROOM: usize = 1 << 17;

/// Moments on the clock, each with the session to look at then.
#[derive(Default)]
pub(super) struct Watch {
    queue: Mutex<Queue>,
    /// There is a moment before all others, or the clock is another.
    sooner: Notify,
}

#[derive(Default)]
struct Queue {
    moments: BinaryHeap<Reverse<(Duration, Arc<str>)>>,
    /// From so many moments on, the queue is cleared of those that are needed no more.
    limit: usize,
}

impl Watch {
    fn with<T>(&self, act: impl FnOnce(&mut Queue) -> T) -> T {
        act(&mut self.queue.lock().unwrap_or_else(PoisonError::into_inner)) // each act is one change of the heap
    }

    fn add(&self, moment: Duration, id: Arc<str>) {
        let first = self.with(|queue| {
            let first = queue.moments.peek().is_none_or(|Reverse((next, _))| moment < *next);
            queue.moments.push(Reverse((moment, id)));
            first
        });
        if first {
            self.sooner.notify_one();
        }
    }

    pub(super) fn next(&self) -> Option<Duration> {
        self.with(|queue| queue.moments.peek().map(|Reverse((moment, _))| *moment))
    }

    /// The clock passes otherwise from now on.
    pub(super) fn look_again(&self) {
        self.sooner.notify_one();
    }

    /// A session whose moment has come.
    fn due(&self, now: Duration) -> Option<Arc<str>> {
        self.with(|queue| {
            queue.moments.peek().filter(|Reverse((moment, _))| *moment <= now)?;
            queue.moments.pop().map(|Reverse((_, id))| id)
        })
    }
}

impl Shared {
    /// Ends a session in time even if nobody reads it. To be called again when it gets a
    /// deadline that may be nearer.
    pub(super) fn watch(&self, id: &str) {
        let store = self.lock();
        let Some((id, deadline)) = store.sessions.entry(id).and_then(|(id, one)| Some((id, one.deadline()?))) else {
            return;
        };
        let crowded = self.watch.with(|queue| queue.moments.len() >= queue.limit.max(ROOM));
        if crowded {
            let waits = |id: &str| store.sessions.get(id).and_then(Session::deadline).is_some();
            self.watch.with(|queue| {
                queue.moments.retain(|Reverse((_, id))| waits(id));
                queue.limit = queue.moments.len() * 2;
            });
        }
        drop(store);
        self.watch.add(deadline, id);
    }

    /// Looks at each session whose moment has come.
    pub(super) async fn catch_up(self: &Arc<Self>) {
        while let Some(id) = self.watch.due(self.clock.passed()) {
            self.lapse(&id).await;
            self.watch(&id);
        }
    }

    /// Looks at each session when its moment has come; runs as long as the sandbox. Where time
    /// is virtual, whoever lets it pass looks.
    pub(super) async fn keep_watch(self: Arc<Self>) {
        loop {
            if !self.clock.is_virtual() {
                self.catch_up().await;
            }
            let next = self.watch.next();
            let wait = async {
                match next {
                    Some(moment) => self.clock.sleep(moment.saturating_sub(self.clock.passed())).await,
                    None => std::future::pending().await,
                }
            };
            if self.clock.is_virtual() {
                self.watch.sooner.notified().await;
                continue;
            }
            tokio::select! { () = wait => (), () = self.watch.sooner.notified() => () }
        }
    }
}
