//! What the next step depends on, and what that step is. Facts in, step out.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::api::{NextAction, Session, Status};
use crate::model::delivery::{Delivery, DeliveryKind, Verdict};
use crate::model::draft::Channel;
use crate::model::exchange::{Response, Step};

/// All that the next step depends on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// Where the shopper is.
    channel: Channel,
    /// The session was read with the app's header, so that it shows the keys for its data.
    read_as_app: bool,
    /// The newest answer that was a session.
    pub session: Option<Session>,
    /// What `three_ds_method_completion` is to say, once the Method has been run or left out.
    pub method: Option<MethodResult>,
    /// The `next_actions` seen, in order, each change once.
    pub path: Vec<NextAction>,
    /// Something happened that the session view does not show yet.
    stale: bool,
    /// The newest view is final and was read with `GET` and the profile's token.
    pub confirmed: bool,
    /// `complete` was answered 2xx.
    pub completed: bool,
    /// Callbacks that arrived.
    pub callbacks: usize,
    /// Where the hosted page sent the browser.
    pub returned_to: Option<Return>,
    /// What passed on the sandbox's virtual clock until the end; `None` where time passes by itself.
    pub passed: Option<Duration>,
    /// Answer of `POST /payments`.
    pub payment: Option<serde_json::Value>,
    skipped: BTreeSet<Step>,
}

/// What `three_ds_method_completion` says. Source: sessions-api.md 2.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MethodResult {
    /// Notified in time.
    Y,
    /// Tried, not notified in time.
    N,
    /// Not tried: no URL, or left out.
    U,
}

impl MethodResult {
    /// The wire's letter.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Y => "Y",
            Self::N => "N",
            Self::U => "U",
        }
    }
}

/// What the shopper's browser did, scripted or real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// The 3DS Method was run, with this result.
    Method(MethodResult),
    /// The bank's or the hosted page was answered; what it led to must be read.
    Answered,
    /// The hosted page sent the browser back to the shop.
    Returned(Return),
}

/// Which of the shop's pages the hosted page sent the browser to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Return {
    /// `success_url`.
    Success,
    /// `failure_url`.
    Failure,
}

impl Progress {
    /// Nothing seen yet.
    pub fn new(channel: Channel) -> Self {
        Self { channel, ..Self::default() }
    }

    /// Where the shopper is.
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// Takes in an answer. One that it cannot read changes nothing.
    pub fn answered(&mut self, step: Step, answer: &Response) {
        if !(200..300).contains(&answer.status) {
            return;
        }
        match step {
            Step::Complete => {
                self.completed = true;
                self.stale = true;
            }
            Step::Authorise => self.payment = answer.json(),
            Step::Challenge | Step::Redirect | Step::Authenticate | Step::Method | Step::Token => (),
            Step::Create | Step::Fingerprint | Step::Collect | Step::Confirm => {
                let Some(session) = Session::read(&answer.body) else { return };
                if self.session.as_ref().is_some_and(|own| own.id != session.id) {
                    return; // another session's answer, to an edited address
                }
                if self.session.as_ref().is_none_or(|before| before.status != session.status) {
                    self.skipped.clear(); // a new state: what was left out before may make sense now
                }
                self.stale = false;
                self.read_as_app |= step == Step::Confirm;
                // Only an answer to the profile's token carries the secret (sessions-api.md 1.4).
                self.confirmed = step == Step::Confirm && session.status.is_final() && session.secret().is_some();
                if self.session.is_none() {
                    self.payment = None; // one that was tried before is not this session's
                }
                self.note_path(&session);
                self.session = Some(session);
            }
        }
    }

    fn note_path(&mut self, session: &Session) {
        // Before it knows that this is an app, the API offers what an app cannot do.
        let meant =
            |action: &&NextAction| self.channel == Channel::Browser || **action != NextAction::IssuerFingerprint;
        let actions = |session: &Session| session.next_actions.iter().filter(meant).cloned().collect::<Vec<_>>();
        let (before, after) = (self.session.as_ref().map(actions), actions(session));
        if before.as_ref() != Some(&after) {
            self.path.extend(after);
            self.path.dedup();
        }
    }

    /// Takes in something that reached the listener. What was refused, came twice or names
    /// another session is a row, and no fact of this run (trust.md R65–R69).
    pub fn delivered(&mut self, delivery: &Delivery) {
        let counts = (200..300).contains(&delivery.answered)
            && matches!(delivery.verdict, Verdict::Matched | Verdict::Addressed);
        match delivery.kind {
            _ if !counts => (),
            DeliveryKind::Callback => self.callbacks += 1,
            DeliveryKind::ChallengeNotification => self.stale |= self.awaits_result(),
            DeliveryKind::MethodNotification | DeliveryKind::Inbox | DeliveryKind::Unknown => (),
        }
    }

    /// True while the newest view says that the bank has not decided: only then does a
    /// notification tell that there is something new to read.
    pub fn awaits_result(&self) -> bool {
        !self.stale && self.session.as_ref().is_some_and(|session| !session.status.is_final())
    }

    /// Takes in what the shopper's browser did.
    pub fn shopper_did(&mut self, deed: Deed) {
        match deed {
            Deed::Method(result) => self.method = Some(result),
            Deed::Answered => self.stale = true,
            Deed::Returned(to) => {
                self.returned_to = Some(to);
                self.stale = true;
            }
        }
    }

    /// Leaves a step out.
    pub fn skip(&mut self, step: Step) {
        match step {
            Step::Method => self.method = Some(MethodResult::U),
            Step::Confirm => {
                self.stale = false;
                self.skipped.insert(step);
            }
            _ => {
                self.skipped.insert(step);
            }
        }
    }

    /// What would move this run on; `None` if there is nothing left to do.
    pub fn next_step(&self) -> Option<Step> {
        self.wanted().filter(|step| !self.skipped.contains(step))
    }

    fn wanted(&self) -> Option<Step> {
        let Some(session) = &self.session else { return Some(Step::Create) };
        if self.stale {
            return Some(Step::Confirm);
        }
        let offers = |action| session.offers(&action);
        let method_open = self.method.is_none() && session.link("three_ds_method_url").is_some();
        if session.status == Status::Processing {
            return Some(Step::Confirm);
        }
        // Fingerprints are taken of browsers only, also where a session offers more.
        let fingerprint = offers(NextAction::IssuerFingerprint) && self.channel == Channel::Browser;
        if fingerprint && method_open && !self.skipped.contains(&Step::Method) {
            return Some(Step::Method);
        }
        if offers(NextAction::CollectChannelData) && !self.skipped.contains(&Step::Collect) {
            let keys_first = self.channel == Channel::App && !self.read_as_app;
            return Some(if keys_first && !self.skipped.contains(&Step::Confirm) {
                Step::Confirm
            } else {
                Step::Collect
            });
        }
        if fingerprint {
            return Some(Step::Fingerprint);
        }
        if offers(NextAction::ChallengeCardholder) {
            return Some(Step::Challenge);
        }
        if offers(NextAction::Authenticate) {
            return Some(Step::Authenticate);
        }
        if offers(NextAction::RedirectCardholder) {
            return Some(Step::Redirect);
        }
        if offers(NextAction::Complete) && !self.skipped.contains(&Step::Complete) {
            return Some(Step::Complete);
        }
        let unread = session.status.is_final() && !self.confirmed;
        (unread || session.waits_decoupled()).then_some(Step::Confirm)
    }
}
