//! The 3DS Method of a run whose browser is scripted: what the hidden frame comes to, and the
//! notification that comes too late. Source: emv-3ds.md 2.1.

use std::time::Duration;

use serde_json::{Map, Value};

use super::drive::Driver;
use super::shopper::{Frame, Late};
use crate::model::Problem;
use crate::model::draft::Channel;
use crate::model::exchange::Step;
use crate::model::run::{MethodResult, StepRequest};

/// How long the browser's hidden frame may take. Source: emv-3ds.md 1.9.
pub(super) const METHOD_LIMIT: Duration = Duration::from_secs(10);

impl Driver {
    /// Runs the Method; what went wrong with it is told, and changes no more than its result.
    pub(super) async fn run_method(&mut self, request: &StepRequest) -> MethodResult {
        let declared = self.declared();
        let (shopper, time) = (self.scripted(), self.time.clone());
        let looked = tokio::time::timeout(METHOD_LIMIT, time.hurry(Step::Method, shopper.method(request, &declared)));
        let problem = match looked.await {
            Ok(Ok(Frame::Notified)) => return MethodResult::Y,
            Ok(Ok(Frame::Silent)) => self.method_timed_out(None).await,
            Ok(Ok(Frame::Late(late))) => self.method_timed_out(Some(late)).await,
            Ok(Err(problem)) => problem,
            Err(_) => unnotified(),
        };
        self.tell(Step::Method, problem).await;
        MethodResult::N
    }

    /// The frame says nothing until its time is over.
    async fn method_timed_out(&mut self, late: Option<Box<Late>>) -> Problem {
        let passed = self.time.pass(Step::Method, METHOD_LIMIT).await;
        self.late = late;
        passed.err().unwrap_or_else(unnotified)
    }

    /// Posts the notification that the shop no longer waits for, when its time has come.
    pub(super) async fn notify_late(&mut self) {
        let Some(late) = self.late.take() else { return };
        let left = late.after.saturating_sub(METHOD_LIMIT);
        let posted = match self.time.pass(Step::Method, left).await {
            Ok(()) => self.scripted().notify(&late).await,
            Err(problem) => Err(problem),
        };
        if let Err(problem) = posted {
            self.tell(Step::Method, problem).await;
        }
    }

    /// What the shop says of the browser: members of `channel_data`.
    fn declared(&mut self) -> Map<String, Value> {
        let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
        if self.plan.channel != Channel::Browser {
            return Map::new();
        }
        let collect = self.request(Step::Collect).map(|request| read(&request.body)).unwrap_or_default();
        let create = self.request(Step::Create).map(|request| read(&request.body)).unwrap_or_default();
        match create.get("channel_data").and_then(Value::as_object) {
            Some(inline) => inline.clone(),
            None => collect,
        }
    }
}

fn unnotified() -> Problem {
    Problem::of(
        "3DS Method: no notification within 10 s",
        "The run goes on with three_ds_method_completion N, as the protocol wants",
    )
}
