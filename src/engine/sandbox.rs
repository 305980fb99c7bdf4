//! The sandbox panel's commands: each is one call of a control route, after which the
//! sandbox is looked at again, so that the window shows what is and not what was asked for.

use std::sync::Arc;

use super::{Engine, noticed};
use crate::bus::Event;
use crate::clock;
use crate::model::exchange::Step;
use crate::model::run::{Phase, Run};
use crate::model::sandbox::{Overview, SandboxAct};
use crate::model::{Problem, RunId, Weight};

impl Engine {
    /// Asks the sandbox for something; what it then shows comes as [`Event::SandboxSeen`].
    pub(super) fn ask_sandbox(&mut self, act: SandboxAct) {
        match act {
            SandboxAct::FreezeClock => self.stays_frozen = true,
            SandboxAct::RunClock => self.stays_frozen = false,
            SandboxAct::TryVersions(order) => return self.begin_series(*order),
            _ => (),
        }
        self.workspace.sandbox.asked += 1;
        let number = self.workspace.sandbox.asked;
        let (control, sink) = (Arc::clone(&self.control), self.sink.clone());
        let waiting = self.waits_for_sandbox();
        self.spawn(async move {
            let began = clock::stamp();
            let done = match act.request() {
                Some((method, route, body)) => control.change(method, &route, &body).await.map(drop),
                None => Ok(()),
            };
            match (done, act) {
                (Err(problem), act) => {
                    sink.post(noticed(problem, Weight::Error)).await;
                    if let SandboxAct::Try(_, plan) = act {
                        sink.post(Event::ScenarioNotArmed(plan)).await;
                    }
                }
                (Ok(()), SandboxAct::Try(_, plan)) => sink.post(Event::ScenarioArmed(plan)).await,
                (Ok(()), SandboxAct::Jump(by)) => {
                    for (run, step) in waiting {
                        sink.post(Event::TimePassed(run, step, began, by)).await;
                    }
                }
                (Ok(()), _) => (),
            }
            let seen: Result<_, Problem> = control.read("/overview").await;
            let seen = seen.map(|raw| Box::new(Overview::read(&raw)));
            sink.post(Event::SandboxSeen(number, seen)).await;
        });
    }

    /// Our open runs in this sandbox with the step that each is at: their timelines tell of a jump.
    fn waits_for_sandbox(&self) -> Vec<(RunId, Step)> {
        let embedded = |run: &Run| run.plan.is_embedded(&self.workspace.settings.profiles);
        let step = |run: &Run| match &run.phase {
            Phase::Waiting(turn) => Some(turn.request.step),
            Phase::Working(step) => Some(step.unwrap_or(Step::Confirm)),
            Phase::Ended | Phase::Cancelled => None,
        };
        let runs = self.workspace.runs.values().filter(|run| embedded(run));
        runs.filter_map(|run| Some((run.id, step(run)?))).collect()
    }
}
