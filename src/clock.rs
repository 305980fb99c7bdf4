//! Time, handed in. The one place that reads the system's clocks.
//!
//! Hides: how wall time and monotonic time are read, and how a virtual clock is
//! frozen and moved. Promises: durations never run backwards. A [`Stamp`] is always
//! real time (it orders the timeline); a [`Clock`] may be virtual (it decides when
//! a sandbox session expires) and never moves the client's time limits.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::model::Stamp;

/// What monotonic stamps count from: the first time anybody asked.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The present moment: wall time as a label, monotonic time for order and durations.
pub fn stamp() -> Stamp {
    // The origin comes first, so that the first stamp is not before it.
    let mono = ORIGIN.elapsed();
    Stamp { wall: Timestamp::now(), mono }
}

/// A clock that can be frozen and moved ahead. Clones share their state.
#[derive(Debug, Clone)]
pub struct Clock {
    state: Arc<Mutex<State>>,
    moved: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    started: Timestamp,
    /// Passes only when somebody lets it.
    virtual_time: bool,
    /// Time passed on this clock when `anchor` was taken.
    passed: Duration,
    /// `None` while frozen.
    anchor: Option<Instant>,
}

impl State {
    fn passed(&self) -> Duration {
        self.passed + self.anchor.map_or(Duration::ZERO, |anchor| anchor.elapsed())
    }

    fn settle(&mut self) {
        self.passed = self.passed();
        self.anchor = self.anchor.map(|_| Instant::now());
    }
}

impl Clock {
    /// A clock that shows the system's time and runs.
    pub fn real() -> Self {
        Self::of(State {
            started: Timestamp::now(),
            virtual_time: false,
            passed: Duration::ZERO,
            anchor: Some(Instant::now()),
        })
    }

    /// A clock that starts with the system's time and stands still: time passes at once where
    /// somebody waits for it, so that ten minutes take no time. Whoever lets it pass carries
    /// out what becomes due meanwhile, in order.
    pub fn virtual_time() -> Self {
        let (started, passed) = (Timestamp::now(), Duration::ZERO);
        Self::of(State { started, virtual_time: true, passed, anchor: None })
    }

    fn of(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)), moved: Arc::default() }
    }

    /// True if time passes only when somebody lets it.
    pub fn is_virtual(&self) -> bool {
        self.with(|state| state.virtual_time)
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        // A panic elsewhere leaves the three fields consistent, so the lock stays good.
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What this clock shows.
    pub fn now(&self) -> Timestamp {
        self.with(|state| {
            let passed = SignedDuration::try_from(state.passed()).unwrap_or(SignedDuration::MAX);
            state.started.saturating_add(passed).unwrap_or(Timestamp::MAX)
        })
    }

    /// Time passed on this clock since it was made. Never runs backwards.
    pub fn passed(&self) -> Duration {
        self.with(|state| state.passed())
    }

    /// True while time passes by itself.
    pub fn running(&self) -> bool {
        self.with(|state| state.anchor.is_some())
    }

    /// Stops time until [`Clock::run`].
    pub fn freeze(&self) {
        self.with(|state| {
            state.settle();
            state.anchor = None;
        });
        self.moved.notify_waiters();
    }

    /// Lets time pass again. A virtual clock becomes an ordinary one.
    pub fn run(&self) {
        self.with(|state| {
            state.settle();
            state.virtual_time = false;
            state.anchor = Some(Instant::now());
        });
        self.moved.notify_waiters();
    }

    /// Jumps ahead; whoever sleeps on this clock wakes if its time has come.
    pub fn advance(&self, by: Duration) {
        self.with(|state| state.passed = state.passed.saturating_add(by));
        self.moved.notify_waiters();
    }

    /// Jumps ahead to this reading, unless it is past.
    pub fn advance_to(&self, passed: Duration) {
        self.with(|state| {
            state.settle();
            state.passed = state.passed.max(passed);
        });
        self.moved.notify_waiters();
    }

    /// Waits until `how_long` has passed on this clock.
    pub async fn sleep(&self, how_long: Duration) {
        let until = self.passed().saturating_add(how_long);
        loop {
            let mut moved = std::pin::pin!(self.moved.notified());
            moved.as_mut().enable(); // before looking, so that a move in between is not missed
            let left = until.saturating_sub(self.passed());
            if left.is_zero() {
                return;
            }
            if self.running() {
                tokio::select! { () = moved => (), () = tokio::time::sleep(left) => () }
            } else {
                moved.await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_frozen_clock_wakes_its_sleepers_only_when_moved() {
        let clock = Clock::real();
        clock.freeze();
        let before = clock.now();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(3600)).await }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(3599));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.expect("the sleeper does not panic");
        assert_eq!(clock.now().duration_since(before), SignedDuration::from_hours(1));
    }
}
