//! The sandbox panel's commands: each is one call of a control route, after which the
//! sandbox is looked at again, so that the window shows what is and not what was asked for.

use std::sync::Arc;

use super::{Engine, noticed};
use crate::bus::Event;
use crate::model::sandbox::{Overview, SandboxAct};
use crate::model::{Problem, Weight};

impl Engine {
    /// Asks the sandbox for something; what it then shows comes as [`Event::SandboxSeen`].
    pub(super) fn ask_sandbox(&mut self, act: SandboxAct) {
        match act {
            SandboxAct::FreezeClock => self.stays_frozen = true,
            SandboxAct::RunClock => self.stays_frozen = false,
            _ => (),
        }
        self.workspace.sandbox.asked += 1;
        let number = self.workspace.sandbox.asked;
        let (control, sink) = (Arc::clone(&self.control), self.sink.clone());
        self.spawn(async move {
            let done = match act.request() {
                Some((method, route, body)) => control.change(method, &route, &body).await.map(drop),
                None => Ok(()),
            };
            match (done, act) {
                (Err(problem), _) => sink.post(noticed(problem, Weight::Error)).await,
                (Ok(()), SandboxAct::Try(_, plan)) => sink.post(Event::ScenarioArmed(plan)).await,
                (Ok(()), _) => (),
            }
            let seen: Result<_, Problem> = control.read("/overview").await;
            let seen = seen.map(|raw| Box::new(Overview::read(&raw)));
            sink.post(Event::SandboxSeen(number, seen)).await;
        });
    }
}
