//! The sandbox panel's commands: each is one call of a control route, after which the
//! sandbox is looked at again, so that the window shows what is and not what was asked for.

use std::sync::Arc;

use super::drive::Order;
use super::waiting::shopper_acts;
use super::{Engine, noticed};
use crate::bus::Event;
use crate::clock;
use crate::model::api::Session;
use crate::model::exchange::Step;
use crate::model::run::{Phase, Run};
use crate::model::sandbox::{Overview, SandboxAct};
use crate::model::settings::Pace;
use crate::model::{Problem, RunId, SessionId, Weight};

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
        let (waiting, asked) = (self.waits_for_sandbox(), self.waits_for_bank());
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
                        sink.post(Event::SandboxMoved(run)).await;
                    }
                }
                (Ok(()), SandboxAct::Decide(session, _)) => {
                    for run in asked.into_iter().filter_map(|(run, own)| (own == session).then_some(run)) {
                        sink.post(Event::SandboxMoved(run)).await;
                    }
                }
                (Ok(()), _) => (),
            }
            let seen: Result<_, Problem> = control.read("/overview").await;
            let seen = seen.map(|raw| Box::new(Overview::read(&raw)));
            sink.post(Event::SandboxSeen(number, seen)).await;
        });
    }

    /// Our open runs whose bank asks by itself, with their sessions.
    fn waits_for_bank(&self) -> Vec<(RunId, SessionId)> {
        let runs = self.workspace.runs.values().filter(|run| run.is_open());
        let asked = |run: &Run| run.session().filter(|session| session.waits_decoupled()).map(|own| own.id.clone());
        runs.filter_map(|run| Some((run.id, asked(run)?))).collect()
    }

    /// Reads the session of a run that waits for the shopper or the bank: what was done in the
    /// sandbox may have ended it. A person who goes step by step reads it by hand.
    pub(super) fn look_again(&mut self, run: RunId) {
        let waits = |run: &Run| {
            let bank = run.session().is_some_and(Session::waits_decoupled);
            let shopper = matches!(&run.phase, Phase::Waiting(turn) if shopper_acts(turn.request.step));
            run.plan.pace == Pace::Auto && run.is_open() && (bank || shopper)
        };
        if self.workspace.runs.get(&run).is_some_and(waits) {
            self.order(run, Order::Do(Step::Confirm));
        }
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
