//! Time that a run lets pass while it waits.
//!
//! Hides whether a wait is slept through or passes at once on the embedded sandbox's virtual
//! clock: the control route that moves it answers when all that became due is done. Every
//! wait of the protocol goes through here; limits of the network never do.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::control::Control;
use super::start::ClockMode;
use crate::bus::{Event, EventSink};
use crate::clock;
use crate::model::exchange::Step;
use crate::model::{Problem, RunId};

/// Real time after which a request counts as held back: more than a busy machine needs. Our choice.
const HELD_BACK: Duration = Duration::from_secs(4);
/// Real time between two nudges. Our choice.
const BETWEEN_NUDGES: Duration = Duration::from_millis(500);
/// What passes on the sandbox's clock with each nudge. Our choice.
const NUDGE: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Clone)]
pub(super) struct Time {
    run: RunId,
    sink: EventSink,
    /// The sandbox whose virtual clock is moved; `None`: real time.
    sandbox: Option<Arc<Control>>,
}

impl Time {
    pub fn of(run: RunId, sink: &EventSink, sandbox: Option<Arc<Control>>, mode: ClockMode) -> Self {
        Self { run, sink: sink.clone(), sandbox: sandbox.filter(|_| mode == ClockMode::Virtual) }
    }

    /// True if nothing passes by itself.
    pub fn is_virtual(&self) -> bool {
        self.sandbox.is_some()
    }

    /// Does a piece of work that may hang on a message which the sandbox holds back: where no
    /// time passes by itself, it is let pass.
    pub async fn hurry<T>(&self, step: Step, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let mut patience = HELD_BACK;
        while self.is_virtual() {
            match tokio::time::timeout(patience, &mut work).await {
                Ok(done) => return done,
                Err(_) => self.pass(step, NUDGE).await.ok(), // whoever is held back then fails by itself
            };
            patience = BETWEEN_NUDGES;
        }
        work.await
    }

    /// Lets so much time pass. Dropped in between, nobody knows how much did.
    ///
    /// # Errors
    /// If the sandbox does not move its clock.
    pub async fn pass(&self, step: Step, how_long: Duration) -> Result<(), Problem> {
        let Some(sandbox) = &self.sandbox else {
            tokio::time::sleep(how_long).await;
            return Ok(());
        };
        let since = clock::stamp();
        let millis = u64::try_from(how_long.as_millis()).unwrap_or(u64::MAX);
        sandbox.change("POST", "/clock", &json!({ "advance_ms": millis })).await?;
        self.sink.post(Event::TimePassed(self.run, step, since, how_long)).await;
        Ok(())
    }
}
