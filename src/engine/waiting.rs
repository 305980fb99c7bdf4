//! What a run does where nobody is there to ask: it waits for the bank, leaves steps out as
//! its script says, and calls `complete` as often as the shop does.
//!
//! Promises: what waits comes to an end, because no session outlives its time. A person's
//! run asks the person instead.

use std::time::Duration;

use super::drive::{Done, Driver, Next};
use crate::bus::Event;
use crate::clock;
use crate::model::Problem;
use crate::model::exchange::Step;
use crate::model::run::{Act, PhoneAct, Shopper, StepRequest};
use crate::model::scenario::Omission;

/// First pause between two looks at a session that has not ended, which grows by half each
/// time up to the longest. Our choice.
const FIRST: Duration = Duration::from_millis(500);
/// See [`FIRST`].
const LONGEST: Duration = Duration::from_secs(60);
/// The life of a session (sessions-api.md 4.1) and a minute for what comes late.
const IN_ALL: Duration = Duration::from_secs(960);

/// How long a run has waited for what it cannot hurry.
#[derive(Default)]
pub(super) struct Waiting {
    pauses: u32,
    waited: Duration,
    /// The step that is left out was told.
    told: bool,
    /// The shopper is gone and will not come back.
    pub left: bool,
    /// The scripted shopper has done what a bank that asks by itself leads to.
    answered: bool,
}

impl Waiting {
    /// The next pause; `None` when it has been long enough.
    fn pause(&mut self) -> Option<Duration> {
        if self.waited >= IN_ALL {
            return None;
        }
        let grown = FIRST.mul_f64(1.5_f64.powi(i32::try_from(self.pauses).unwrap_or(i32::MAX).min(32)));
        let pause = Duration::from_millis(u64::try_from(grown.as_millis()).unwrap_or(u64::MAX)).min(LONGEST);
        self.pauses += 1;
        self.waited += pause;
        Some(pause)
    }
}

/// Steps in which the shopper acts.
pub(super) fn shopper_acts(step: Step) -> bool {
    matches!(step, Step::Challenge | Step::Authenticate | Step::Redirect)
}

impl Driver {
    /// Leaves a step out, if the script says so or the shopper has gone; `None` if it is to be done.
    pub(super) async fn left_out(&mut self, step: Step) -> Option<Next> {
        let omission = match step {
            Step::Method => Omission::Method,
            Step::Collect => Omission::Collect,
            step if shopper_acts(step) => Omission::Challenge,
            _ => return None,
        };
        let gone = self.out_of_hands.left && shopper_acts(step);
        if !gone && !self.plan.shop.skip.contains(&omission) {
            return None;
        }
        if !gone && !std::mem::replace(&mut self.out_of_hands.told, omission != Omission::Method) {
            self.sink.post(Event::StepSkipped(self.run, step, clock::stamp())).await;
        }
        if omission == Omission::Method {
            self.progress.skip(step);
            return Some(Next::Look(Done::Well));
        }
        Some(self.wait_out(step).await)
    }

    /// The scripted shopper answers a bank that asks by itself, on the phone; once. `None` where
    /// there is nothing to do but to wait.
    pub(super) async fn answer_bank(&mut self, read: &StepRequest) -> Option<Next> {
        let Shopper::Scripted(acts) = &self.plan.shopper else { return None };
        if std::mem::replace(&mut self.out_of_hands.answered, true) {
            return None;
        }
        let acts = beside_pages(acts);
        let (time, stop) = (self.time.clone(), self.stop.clone());
        for act in &acts {
            let done = match act {
                Act::Wait(seconds) => tokio::select! {
                    passed = time.pass(Step::Confirm, Duration::from_secs(*seconds)) => passed,
                    () = stop.notified() => return Some(Next::Look(Done::Stopped)),
                },
                Act::Phone(decision) => match self.scripted().phone {
                    Some(phone) if phone.is_asked().await => phone.decide(*decision).await,
                    _ => return None, // the bank's own app, wherever that is
                },
                _ => Ok(()),
            };
            if let Err(problem) = done {
                return Some(Next::Look(self.wrong(Some(read.clone()), Step::Confirm, problem).await));
            }
        }
        (!acts.is_empty()).then(|| Next::Perform(read.clone(), Vec::new()))
    }

    /// Lets time pass, then reads the session again.
    pub(super) async fn wait_out(&mut self, step: Step) -> Next {
        let Some(pause) = self.out_of_hands.pause() else {
            let hint = "No session should live that long; the sandbox's settings, or its environment, say otherwise";
            let problem = Problem::of(format!("{step}: no result within {} min", IN_ALL.as_secs() / 60), hint);
            return Next::Look(self.wrong(None, step, problem).await);
        };
        let time = self.time.clone();
        let passed = tokio::select! {
            passed = time.pass(step, pause) => passed,
            () = self.stop.notified() => return Next::Look(Done::Stopped),
        };
        match (passed, self.request(Step::Confirm)) {
            (Err(problem), _) => Next::Look(self.wrong(None, step, problem).await),
            (Ok(()), Some(read)) => Next::Perform(read, Vec::new()),
            (Ok(()), None) => Next::Look(Done::Well),
        }
    }

    /// Calls `complete` as often as the shop does, whatever is answered, then reads the
    /// session. True if it was stopped meanwhile.
    pub(super) async fn complete(&mut self, request: &StepRequest) -> bool {
        for _ in 0..self.plan.shop.complete.max(1) {
            let (result, stopped) = self.call(request).await;
            if stopped {
                return true;
            }
            if let Err(problem) = result {
                self.tell(request.step, problem).await;
            }
        }
        if self.progress.completed {
            return false; // what comes next is the reading
        }
        self.progress.skip(Step::Complete);
        let Some(read) = self.request(Step::Confirm) else { return false };
        let (result, stopped) = self.call(&read).await;
        if let Err(problem) = result {
            self.tell(Step::Confirm, problem).await;
        }
        stopped
    }
}

/// What a script says beside the bank's pages, after the last of them: waiting, and the phone.
/// One that says nothing of them is of a shopper who does what is asked, unless they have left
/// or cancel.
fn beside_pages(acts: &[Act]) -> Vec<Act> {
    let beside = |act: &&Act| matches!(act, Act::Wait(_) | Act::Phone(_));
    let last = acts.iter().rev().take_while(beside).count();
    match (last, acts.last()) {
        (0, Some(Act::Leave | Act::TimeOut)) => Vec::new(),
        (0, Some(Act::Cancel)) => vec![Act::Phone(PhoneAct::Deny)],
        (0, _) => vec![Act::Phone(PhoneAct::Approve)],
        _ => acts[acts.len() - last..].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_tells_what_the_shopper_does_beside_the_pages() {
        let (approve, deny) = (Act::Phone(PhoneAct::Approve), Act::Phone(PhoneAct::Deny));
        for (acts, beside) in [
            (vec![Act::EnterOffered], vec![approve.clone()]),
            (vec![Act::EnterOffered, deny.clone()], vec![deny.clone()]),
            (vec![approve.clone(), Act::Continue, Act::Wait(9), deny.clone()], vec![Act::Wait(9), deny.clone()]),
            (vec![Act::Wait(9)], vec![Act::Wait(9)]),
            (vec![Act::Leave], vec![]),
            (vec![Act::Cancel], vec![deny]),
            (vec![], vec![approve]),
        ] {
            assert_eq!(beside_pages(&acts), beside, "{acts:?}");
        }
    }

    #[test]
    fn pauses_grow_and_outlast_a_session() {
        let mut waiting = Waiting::default();
        let pauses: Vec<Duration> = std::iter::from_fn(|| waiting.pause()).collect();
        assert!(pauses.is_sorted() && pauses.len() < 40, "{pauses:?}");
        assert_eq!(pauses.last(), Some(&LONGEST));
        assert!(waiting.waited >= IN_ALL && waiting.waited < IN_ALL + LONGEST);
    }
}
