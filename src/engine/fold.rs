//! Folding events into the workspace. Late events are normal: what belongs to a run that is
//! over is kept as a row, what belongs to none is dropped with a word in the log.

use std::path::PathBuf;
use std::sync::Arc;

use super::Engine;
use super::start::ClockMode;
use crate::bus::Event;
use crate::clock;
use crate::model::body::Source;
use crate::model::delivery::Delivery;
use crate::model::exchange::Exchange;
use crate::model::profile::{ProfileId, TokenStatus};
use crate::model::run::{Phase, Run, Turn};
use crate::model::scheme::{PhoneMessage, SchemeMessage};
use crate::model::settings::Pace;
use crate::model::{Inspected, Problem, RunId, SessionId, Stamp};

/// Messages kept for sessions that no run has claimed yet. Our choice.
const MOST_ORPHANS: usize = 256;
/// Deliveries on the screen; the store keeps all. Our choice.
const MOST_DELIVERIES: usize = 1000;

/// What the sandbox showed of a session.
pub(super) enum Orphan {
    Scheme(SchemeMessage),
    Phone(PhoneMessage),
}

impl Orphan {
    fn session(&self) -> &SessionId {
        match self {
            Self::Scheme(message) => &message.session,
            Self::Phone(message) => &message.session,
        }
    }

    fn join(self, run: &mut Run) {
        match self {
            Self::Scheme(message) => run.scheme_message_seen(message),
            Self::Phone(message) => run.phone_message_sent(message),
        }
    }
}

impl Engine {
    pub(super) fn apply(&mut self, event: Event) {
        let now = clock::stamp();
        match event {
            Event::Exchanged(Some(run), exchange) => {
                self.with_run(run, |run| run.exchanged(exchange));
                self.remember_previous();
            }
            Event::Exchanged(None, exchange) => self.exchanged_alone(exchange),
            Event::TurnCame(run, turn) => self.turn_came(run, *turn),
            Event::StepBegan(run, step) => self.with_run(run, |run| run.step_began(step, now)),
            Event::ShopperDid(run, deed) => self.with_run(run, |run| run.shopper_did(deed, now)),
            Event::DeviceChanged(run, device) => self.with_run(run, |run| run.device = Some(Arc::from(device))),
            Event::StepSkipped(run, step, at) => self.with_run(run, |run| run.step_skipped(step, at)),
            Event::StepPaused(run, step, at) => self.with_run(run, |run| run.step_paused(step, at)),
            Event::StepNoted(run, step, words, at) => self.with_run(run, |run| run.step_noted(step, words, at)),
            Event::SandboxMoved(run) => self.look_again(run),
            Event::TimePassed(run, step, at, time) => self.with_run(run, |run| run.time_passed(step, at, time)),
            Event::StepFailed(run, step, problem, at) => self.with_run(run, |run| run.step_failed(step, problem, at)),
            Event::RunEnded(run) => self.run_ended(run, now),
            Event::RunCancelled(run) => {
                self.stop_series(run);
                self.with_run(run, |run| run.ended(Phase::Cancelled, now));
            }
            Event::Delivered(delivery) => self.delivered(delivery),
            Event::SchemeMessageSeen(message) => self.seen(Orphan::Scheme(message)),
            Event::PhoneMessageSent(message) => self.seen(Orphan::Phone(message)),
            Event::SandboxSeen(number, what) => self.workspace.sandbox.seen(number, what),
            Event::ScenarioArmed(plan) => self.armed(*plan),
            Event::ScenarioNotArmed(plan) => self.not_armed(&plan),
            Event::TokenChanged(profile, status) => self.token_changed(profile, status),
            Event::KeychainTold(profile, keeping) => self.keychain_told(profile, keeping),
            Event::BodyOpened(path, text) => self.body_opened(path, text),
            Event::FileOpened(path, source) => self.file_opened(path, source),
            Event::BrowserRead(members) => self.browser_read(members),
            Event::NotSaved(problem) => self.not_saved(problem),
            Event::Noticed(notice) => self.add_notice(notice),
        }
        self.go_on_with_series();
        self.hold_clock();
        self.watch_clock(now);
    }

    pub(super) fn with_run(&mut self, id: RunId, change: impl FnOnce(&mut Run)) {
        match self.workspace.runs.get_mut(&id) {
            Some(run) => change(run),
            None => tracing::debug!(run = id.0, "late event of a removed run"),
        }
        self.adopt_orphans(id);
    }

    fn run_ended(&mut self, id: RunId, now: Stamp) {
        let began = self.runs.get(&id).map(|handle| handle.began).unwrap_or_default();
        let passed = self.sandbox_clock.passed().saturating_sub(began);
        let passed = (self.clock_mode == ClockMode::Virtual).then_some(passed);
        self.with_run(id, |run| {
            run.progress.passed = passed;
            run.ended(Phase::Ended, now);
        });
    }

    /// A person decides: what the request lacks is said before it is sent.
    fn turn_came(&mut self, id: RunId, turn: Turn) {
        self.say_missing_scope(id, turn.request.step, &turn.request.auth);
        self.with_run(id, |run| run.turn_came(turn));
    }

    /// A token fetched by hand is a row of the newest run, or of the first one to come.
    fn exchanged_alone(&mut self, exchange: Arc<Exchange>) {
        match self.workspace.runs.values_mut().next_back() {
            Some(run) => run.exchanged(exchange),
            None => self.alone.push(exchange),
        }
    }

    /// A message of a session goes to its run, or waits until the run knows its session.
    fn seen(&mut self, message: Orphan) {
        if let Some(run) = self.workspace.run_of(message.session()) {
            return message.join(run);
        }
        if self.orphans.len() == MOST_ORPHANS {
            self.orphans.remove(0); // another client's session; its own timeline is the sandbox's log
        }
        self.orphans.push(message);
    }

    fn adopt_orphans(&mut self, id: RunId) {
        if self.orphans.is_empty() {
            return;
        }
        let Some(run) = self.workspace.runs.get_mut(&id) else { return };
        let Some(session) = run.session_id().cloned() else { return };
        let (own, others) = std::mem::take(&mut self.orphans).into_iter().partition(|o| *o.session() == session);
        self.orphans = others;
        let own: Vec<Orphan> = own;
        own.into_iter().for_each(|message| message.join(run));
    }

    fn delivered(&mut self, delivery: Arc<Delivery>) {
        if let Some(run) = delivery.run {
            self.with_run(run, |run| run.delivered(delivery.clone()));
        }
        if self.workspace.deliveries.len() == MOST_DELIVERIES {
            self.workspace.deliveries.remove(0);
        }
        self.workspace.deliveries.push(delivery);
    }

    fn token_changed(&mut self, profile: ProfileId, status: TokenStatus) {
        self.workspace.tokens.insert(profile, status);
        self.refresh_redactor(); // it must know the new token
    }

    fn not_saved(&mut self, problem: Problem) {
        self.workspace.saving = false;
        self.notice(problem);
    }

    fn file_opened(&mut self, path: PathBuf, source: Source) {
        let number = self.workspace.inspected.as_ref().map_or(1, |file| file.number + 1);
        self.workspace.inspected = Some(Inspected { number, path, source });
    }

    fn body_opened(&mut self, path: PathBuf, text: String) {
        let number = self.workspace.opened_body.as_ref().map_or(1, |(number, ..)| number + 1);
        self.workspace.opened_body = Some((number, path, text));
    }

    /// While a person thinks in manual mode, the sandbox's time stands still. A virtual clock
    /// stands still anyway. Source: product.md, Decided.
    fn hold_clock(&mut self) {
        if self.clock_mode == ClockMode::Virtual {
            return;
        }
        let thinking = |run: &Run| matches!(run.phase, Phase::Waiting(_)) && run.plan.pace == Pace::Manual;
        let hold = self.workspace.runs.values().any(thinking);
        // Only when that changes: a clock that the user or the control API has frozen stays so.
        if hold != self.workspace.clock_held {
            self.stays_frozen |= hold && !self.sandbox_clock.running();
            if hold {
                self.sandbox_clock.freeze();
            } else if !self.stays_frozen {
                self.sandbox_clock.run();
            }
        }
        self.workspace.clock_held = hold;
    }

    /// Sees whether the sandbox's clock stands still, whoever has frozen it; when it runs
    /// again, its runs are told how long it stood: their deadlines come that much later.
    fn watch_clock(&mut self, now: Stamp) {
        let stands = self.clock_mode != ClockMode::Virtual && !self.sandbox_clock.running();
        match self.workspace.clock_stands {
            None if stands => self.workspace.clock_stands = Some(now),
            Some(since) if !stands => {
                self.workspace.clock_stands = None;
                let profiles = &self.workspace.settings.profiles;
                let runs = self.workspace.runs.values_mut().filter(|run| run.is_open());
                runs.filter(|run| run.plan.is_embedded(profiles)).for_each(|run| run.clock_stood(since, now));
            }
            _ => (),
        }
    }
}
