//! One thing run on several versions of the protocol: each run is armed over HTTP when the one
//! before is over, or waits for a person, so that none takes what was armed for another and no
//! scripted wait of one lets the time of another run out.

use std::collections::VecDeque;
use std::num::NonZeroU64;

use super::Engine;
use crate::model::RunId;
use crate::model::run::{Phase, Plan};
use crate::model::sandbox::SandboxAct;
use crate::model::versions::{Leg, Order, Series};

/// What is still to be run of the newest series.
#[derive(Default)]
pub(super) struct ToCome {
    legs: VecDeque<Leg>,
    /// A version is being armed: its run begins when that is done.
    arming: bool,
}

impl Engine {
    /// A newer series takes the place of one that is under way; its runs go on. What is being
    /// armed for the older one is waited for: it would come over what the newer one arms.
    pub(super) fn begin_series(&mut self, order: Order) {
        let number = self.workspace.series.as_ref().map_or(1, |series| series.number + 1);
        let versions = order.legs.iter().map(|leg| leg.version).collect();
        self.workspace.series = Some(Series::new(number, order.name, versions));
        self.to_come = ToCome { legs: order.legs.into(), arming: self.to_come.arming };
        self.go_on_with_series();
    }

    /// Begins the next run of the series, if there is one and nothing is under way.
    pub(super) fn go_on_with_series(&mut self) {
        if self.to_come.arming || self.to_come.legs.is_empty() {
            return;
        }
        let Some(series) = &self.workspace.series else { return };
        let (number, newest) = (series.number, series.newest());
        let busy = |run: RunId| self.workspace.runs.get(&run).is_some_and(|run| matches!(run.phase, Phase::Working(_)));
        if newest.is_some_and(busy) {
            return;
        }
        let Some(Leg { version, arm, mut plan }) = self.to_come.legs.pop_front() else { return };
        self.to_come.arming = true;
        (plan.version, plan.series) = (Some(version), NonZeroU64::new(number));
        let arm = SandboxAct::ArmVersion(version, arm.map(Box::new));
        self.ask_sandbox(SandboxAct::Try(Box::new(arm), Box::new(plan)));
    }

    /// What was armed for this run is ready: it begins.
    pub(super) fn armed(&mut self, plan: Plan) {
        let (version, number) = (plan.version, plan.series);
        if number.is_some() {
            self.to_come.arming = false;
            if !self.is_of_series(number) {
                return; // a newer series has taken its place
            }
        }
        let before = self.runs_started;
        self.start_run(plan);
        let Some(version) = version.filter(|_| number.is_some()) else { return };
        if self.runs_started == before {
            self.to_come.legs.clear(); // why it was not started has been said
        } else if let Some(series) = &mut self.workspace.series {
            series.began(version, RunId(self.runs_started));
        }
    }

    /// It could not be armed: a series has no more runs.
    pub(super) fn not_armed(&mut self, plan: &Plan) {
        if plan.series.is_some() {
            self.to_come.arming = false;
            if self.is_of_series(plan.series) {
                self.to_come.legs.clear(); // why has been said
            }
        }
    }

    fn is_of_series(&self, number: Option<NonZeroU64>) -> bool {
        self.workspace.series.as_ref().and_then(|series| NonZeroU64::new(series.number)) == number
    }

    /// Who stops one run of a series wants no more of them.
    pub(super) fn stop_series(&mut self, run: RunId) {
        if self.workspace.series.as_ref().is_some_and(|series| series.runs().any(|own| own == run)) {
            self.to_come.legs.clear();
        }
    }
}
