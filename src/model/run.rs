//! One authentication: what has been seen of it, where it stands, what would move it on.
//!
//! ```text
//!  Create ─▶ [Method ─▶] Collect ─▶ [Challenge ─▶ Confirm ─▶] Complete ─▶ Confirm ─▶ end
//!    │  └─▶ Confirm (app: with the keys) ─▶ Collect ─▶ as above
//!    ├────▶ Authenticate (3-D Secure 1) ─▶ Confirm ─▶ Complete ─▶ as above
//!    ├────▶ Complete (merchant-initiated: decided at once) ─▶ as above
//!    └────▶ Redirect (hosted) ─▶ Confirm ─▶ end
//! ```
//! [`Progress`] is all that the next step depends on. The engine's task that drives a run
//! and the timeline that shows it both feed one from the same facts, so they agree.
//! Pure: facts in, next step out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::api::{NextAction, Session, Status};
use super::delivery::{Delivery, DeliveryKind, Verdict};
use super::draft::{Body, Channel, Completion, Draft};
use super::exchange::{Exchange, Headers, Response, Step};
use super::profile::ProfileId;
use super::scenario::{Browser, Shop};
use super::scheme::{PhoneMessage, SchemeMessage};
use super::settings::Pace;
use super::steps;
use super::{Lane, Problem, RunId, SessionId, Stamp};

/// One thing that a scripted cardholder does on the bank's page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Type this and press Continue.
    Enter(String),
    /// Type the published test password, which the phone shows too, and press Continue.
    EnterOffered,
    /// Type the code of the message before the newest, and press Continue.
    EnterEarlier,
    /// Ask for another message.
    Resend,
    /// Choose these, by their keys, and press Continue.
    Choose(Vec<String>),
    /// Tick the box, and press Continue.
    Tick,
    /// Press Continue.
    Continue,
    /// Decide in the bank's app on the phone; the page is left as it is.
    Phone(PhoneAct),
    /// Say whether the shop is to be remembered; goes with the next answer.
    Trust(bool),
    /// So many seconds pass on the sandbox's clock.
    Wait(u64),
    /// Load the page again: the CReq a second time.
    Reload,
    /// When all is over: the CReq once more.
    Replay,
    /// Close the page and never come back; the session's time runs out.
    Leave,
    /// Press Cancel.
    Cancel,
    /// Let the time of the app's challenge run out. Pages have no such thing.
    TimeOut,
}

/// What the shopper decides in the bank's app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneAct {
    /// It is me.
    Approve,
    /// It is not.
    Deny,
}

impl PhoneAct {
    /// The control API's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

/// How the shopper's app ends its challenge. Source: sessions-api.md 6.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppResult {
    /// The shopper is known.
    Approve,
    /// The shopper failed.
    Fail,
    /// The shopper cancelled.
    Cancel,
    /// Nobody answered in time.
    Timeout,
}

impl AppResult {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Approve, Self::Fail, Self::Cancel, Self::Timeout];

    /// The wire's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Fail => "fail",
            Self::Cancel => "cancel",
            Self::Timeout => "timeout",
        }
    }

    /// What a scripted cardholder's first act comes to in an app.
    pub fn of(act: Option<&Act>) -> Self {
        match act {
            Some(Act::Cancel) => Self::Cancel,
            Some(Act::TimeOut) => Self::Timeout,
            Some(Act::Enter(_)) => Self::Fail,
            Some(_) | None => Self::Approve,
        }
    }
}

/// Who plays the shopper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shopper {
    /// A person: the run stops where the shopper must act.
    Person,
    /// These acts, one for each page the bank shows.
    Scripted(Vec<Act>),
}

/// What a run is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The profile to use.
    pub profile: ProfileId,
    /// Hosted or non-hosted, as the body says; picks the pages we hand out.
    pub completion: Completion,
    /// The body of `POST /sessions`, template values not yet resolved.
    pub body: String,
    /// Where the shopper is, as the channel data say.
    pub channel: Channel,
    /// The body of `PUT …/collect-data`; `three_ds_method_completion` is filled in if it is
    /// absent. Empty for merchant-initiated sessions without any.
    pub collect: String,
    /// The body of `PUT …/issuer-fingerprint`; what is absent is filled in.
    pub fingerprint: String,
    /// The body of `POST /payments`; what is absent is filled in from the session.
    pub payment: String,
    /// From step to step.
    pub pace: Pace,
    /// Who answers the bank.
    pub shopper: Shopper,
    /// What the scripted cardholder does when a person hands the answer over.
    pub script: Vec<Act>,
    /// Nobody is there: a step that fails ends the run instead of waiting for advice.
    pub unattended: bool,
    /// What the shop does otherwise than usual.
    pub shop: Shop,
    /// What the scripted shopper's browser is.
    pub browser: Browser,
    /// `challengeWindowSize`: `01` to `05`.
    pub window: String,
}

impl Plan {
    /// A draft as it is typed: auto, the shopper types the offered password, somebody is there.
    pub fn of(draft: &Draft, profile: ProfileId) -> Self {
        Self {
            profile,
            completion: draft.completion,
            channel: draft.channel,
            body: draft.doc(Body::Session).text().to_owned(),
            collect: draft.collect_text(),
            fingerprint: draft.doc(Body::Fingerprint).text().to_owned(),
            payment: draft.doc(Body::Payment).text().to_owned(),
            pace: Pace::Auto,
            shopper: Shopper::Scripted(vec![Act::EnterOffered]),
            script: vec![Act::EnterOffered],
            unattended: false,
            shop: Shop::default(),
            browser: Browser::default(),
            window: steps::WINDOW_SIZE.to_owned(),
        }
    }
}

impl Plan {
    /// Takes over what a newer plan writes, but for what was sent already. True if that
    /// changed anything.
    pub fn revise(&mut self, newer: Self, created: bool) -> bool {
        let before = self.clone();
        if !created {
            (self.completion, self.channel, self.body) = (newer.completion, newer.channel, newer.body);
        }
        if self.channel == newer.channel {
            (self.collect, self.fingerprint) = (newer.collect, newer.fingerprint);
        }
        self.payment = newer.payment;
        *self != before
    }

    /// True if both write the same requests.
    pub fn writes_like(&self, other: &Self) -> bool {
        let documents = |plan: &Self| {
            let Self { completion, channel, body, collect, fingerprint, payment, .. } = plan.clone();
            (completion, channel, body, collect, fingerprint, payment)
        };
        documents(self) == documents(other)
    }
}

/// What a request carries as `Authorization`. Anything but the profile's token switches
/// renewal and repetition off. Source: product.md, Decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// `Bearer` and the profile's token.
    ProfileToken,
    /// The session's own secret, raw.
    SessionSecret,
    /// No such header.
    Nothing,
    /// `Bearer` and a token that has expired.
    ExpiredToken,
    /// This text, as it is.
    Text(String),
}

/// One step as a request that can be edited before it is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRequest {
    /// What it is for.
    pub step: Step,
    /// `POST`.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// What it carries as `Authorization`.
    pub auth: Auth,
    /// Further headers.
    pub headers: Headers,
    /// The body as text: JSON, or a form.
    pub body: String,
}

/// How the shopper answers, where the shopper must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The scripted cardholder does it, over HTTP.
    Here,
    /// A person does it, in a real browser.
    Browser,
    /// Nobody does: the scripted cardholder cancels.
    Abandon,
    /// The shopper's app says how its challenge ended.
    App(AppResult),
}

/// A run waits for a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The step that would come now.
    pub request: StepRequest,
    /// The ways to answer, where the shopper must act; else empty.
    pub answers: Vec<Answer>,
    /// The page that a browser can open for this.
    pub page: Option<String>,
    /// Since when.
    pub since: Stamp,
    /// How long the other side waits, if it says so.
    pub limit: Option<Duration>,
    /// When the bank was first asked by a real browser, as far as we know: its time runs
    /// from there, and before that there is only the limit for the first request.
    pub asked: Option<Stamp>,
    /// What the person must know or do elsewhere before this request makes sense.
    pub notice: Option<String>,
    /// Why it waits though the pace is auto: the step went wrong.
    pub problem: Option<Problem>,
}

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

/// What a row of the timeline shows.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A request and its answer.
    Exchange(Arc<Exchange>),
    /// A hidden message of the scheme.
    Scheme(SchemeMessage),
    /// What the bank sent to the phone.
    Phone(PhoneMessage),
    /// What reached our listener.
    Delivery(Arc<Delivery>),
    /// Waiting for a person; `took` is set when it is over.
    Wait(Step),
    /// A step was left out.
    Skipped(Step),
    /// The API asked for a pause before this step is sent again.
    Paused(Step),
    /// Something about this step that a tester should know.
    Noted(Step, String),
    /// A step did not come to its end.
    Failed(Step, Problem),
    /// The user stopped the run.
    Cancelled,
}

/// One row of the timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Stable within its run.
    pub number: usize,
    /// When it began.
    pub at: Stamp,
    /// How long it took; `None` while it goes on.
    pub took: Option<Duration>,
    /// Who acted.
    pub from: Lane,
    /// On whom.
    pub to: Lane,
    /// What it was.
    pub what: What,
    /// The session's status, if this row changed it.
    pub status: Option<Status>,
}

/// What a run is doing.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// Busy with a step, or between two.
    Working(Option<Step>),
    /// Waiting for a person.
    Waiting(Box<Turn>),
    /// Nothing left to do.
    Ended,
    /// Stopped by the user.
    Cancelled,
}

/// Our attempt at one authentication.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Which one.
    pub id: RunId,
    /// What it was to do.
    pub plan: Plan,
    /// When it began.
    pub started: Stamp,
    /// What happened, ordered by when each row began.
    pub entries: Vec<Entry>,
    /// What the next step depends on.
    pub progress: Progress,
    /// What it is doing.
    pub phase: Phase,
    /// Rows made so far; the next one's number.
    numbered: usize,
}

impl Run {
    /// A run that has only been asked for.
    pub fn new(id: RunId, plan: Plan, started: Stamp) -> Self {
        let progress = Progress::new(plan.channel);
        Self { id, plan, started, entries: Vec::new(), progress, phase: Phase::Working(None), numbered: 0 }
    }

    /// The API's session, once there is one.
    pub fn session(&self) -> Option<&Session> {
        self.progress.session.as_ref()
    }

    /// The API's identifier, once there is one.
    pub fn session_id(&self) -> Option<&SessionId> {
        self.session().map(|session| &session.id)
    }

    /// True while it works or waits.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Working(_) | Phase::Waiting(_))
    }

    /// From the first row to the end of the last.
    pub fn length(&self) -> Duration {
        let ends = self.entries.iter().map(|e| e.at.since(self.started) + e.took.unwrap_or_default());
        ends.max().unwrap_or_default()
    }

    /// What the bank sent to the phone, newest first.
    pub fn phone(&self) -> impl Iterator<Item = &PhoneMessage> {
        self.entries.iter().rev().filter_map(|entry| match &entry.what {
            What::Phone(message) => Some(message),
            _ => None,
        })
    }

    /// The exchange of a row.
    pub fn exchange(&self, number: usize) -> Option<&Arc<Exchange>> {
        self.entries.iter().find(|entry| entry.number == number).and_then(|entry| match &entry.what {
            What::Exchange(exchange) => Some(exchange),
            _ => None,
        })
    }

    /// Takes in an exchange. Late ones after the end are kept as rows.
    pub fn exchanged(&mut self, exchange: Arc<Exchange>) {
        let before = self.session().map(|session| session.status.clone());
        if let Some(answer) = exchange.response() {
            self.progress.answered(exchange.step, answer);
        }
        let after = self.session().map(|session| session.status.clone());
        let status = after.filter(|after| before.as_ref() != Some(after));
        if let Some(row) = self.delivery_of(&exchange) {
            row.took = Some(exchange.timing.total);
            return;
        }
        let (from, to) = (exchange.from, exchange.to);
        self.insert(exchange.started, Some(exchange.timing.total), (from, to), What::Exchange(exchange), status);
    }

    /// What the scripted cardholder posted to our own listener is a row already, made by the
    /// listener with the exact bytes: one fact, one row.
    fn delivery_of(&mut self, exchange: &Exchange) -> Option<&mut Entry> {
        if (exchange.from, exchange.to) != (Lane::Browser, Lane::Merchant) {
            return None;
        }
        let path = exchange.path();
        self.entries.iter_mut().rev().find(|entry| {
            matches!(&entry.what, What::Delivery(delivery) if delivery.target == path && delivery.at.mono >= exchange.started.mono)
        })
    }

    /// Takes in something that reached the listener.
    pub fn delivered(&mut self, delivery: Arc<Delivery>) {
        self.progress.delivered(&delivery);
        let lanes = match delivery.kind {
            DeliveryKind::Callback | DeliveryKind::Inbox | DeliveryKind::Unknown => (Lane::Sessions, Lane::Callback),
            DeliveryKind::MethodNotification | DeliveryKind::ChallengeNotification => (Lane::Browser, Lane::Merchant),
        };
        // The scripted cardholder's own row for it may have come first: one fact, one row.
        let twin = self.entries.iter().position(|entry| match &entry.what {
            What::Exchange(exchange) => {
                (exchange.from, exchange.to) == (Lane::Browser, Lane::Merchant)
                    && exchange.path() == delivery.target
                    && exchange.started.mono <= delivery.at.mono
            }
            _ => false,
        });
        let took = twin.and_then(|place| self.entries.remove(place).took).unwrap_or_default();
        self.insert(delivery.at, Some(took), lanes, What::Delivery(delivery), None);
    }

    /// Takes in a hidden message.
    pub fn scheme_message_seen(&mut self, message: SchemeMessage) {
        let (at, took, lanes) = (message.at, message.took, (message.from, message.to));
        self.insert(at, Some(took), lanes, What::Scheme(message), None);
    }

    /// Takes in what the bank sent to the phone.
    pub fn phone_message_sent(&mut self, message: PhoneMessage) {
        self.insert(message.at, Some(Duration::ZERO), (Lane::Issuer, Lane::Browser), What::Phone(message), None);
    }

    /// Takes in what the shopper's browser did.
    pub fn shopper_did(&mut self, deed: Deed, now: Stamp) {
        self.end_waits(now);
        self.progress.shopper_did(deed);
    }

    /// The run waits for a person.
    pub fn turn_came(&mut self, turn: Turn) {
        let again = matches!(&self.phase, Phase::Waiting(before) if before.request.step == turn.request.step);
        if !again {
            self.end_waits(turn.since);
        }
        if !turn.answers.is_empty() && !again {
            let lanes = (Lane::Browser, Lane::Issuer);
            self.insert(turn.since, None, lanes, What::Wait(turn.request.step), None);
        }
        self.phase = Phase::Waiting(Box::new(turn));
    }

    /// The run goes on.
    pub fn step_began(&mut self, step: Step, now: Stamp) {
        self.end_waits(now);
        self.phase = Phase::Working(Some(step));
    }

    /// A step was left out.
    pub fn step_skipped(&mut self, step: Step, now: Stamp) {
        self.end_waits(now);
        self.progress.skip(step);
        self.insert(now, Some(Duration::ZERO), (Lane::Merchant, Lane::Merchant), What::Skipped(step), None);
    }

    /// The API asked for a pause.
    pub fn step_paused(&mut self, step: Step, now: Stamp) {
        self.insert(now, None, (Lane::Merchant, Lane::Sessions), What::Paused(step), None);
    }

    /// Something about a step that a tester should know.
    pub fn step_noted(&mut self, step: Step, words: String, now: Stamp) {
        self.insert(now, Some(Duration::ZERO), (Lane::Merchant, Lane::Merchant), What::Noted(step, words), None);
    }

    /// Time was let pass on the sandbox's virtual clock.
    pub fn time_passed(&mut self, step: Step, at: Stamp, time: Duration) {
        self.step_noted(step, format!("{} s{PASSED}", seconds(time)), at);
    }

    /// How much time was let pass at once since then.
    pub fn jumped_since(&self, since: Stamp) -> Duration {
        let jump = |entry: &Entry| match &entry.what {
            What::Noted(_, words) => words.strip_suffix(PASSED)?.strip_suffix(" s")?.parse::<f64>().ok(),
            _ => None,
        };
        let later = self.entries.iter().filter(|entry| entry.at.mono >= since.mono);
        later.filter_map(jump).filter_map(|seconds| Duration::try_from_secs_f64(seconds).ok()).sum()
    }

    /// A step did not come to its end.
    pub fn step_failed(&mut self, step: Step, problem: Problem, now: Stamp) {
        let lanes = (Lane::Merchant, Lane::Merchant);
        self.insert(now, Some(Duration::ZERO), lanes, What::Failed(step, problem), None);
    }

    /// Nothing left to do, or stopped.
    pub fn ended(&mut self, phase: Phase, now: Stamp) {
        self.end_waits(now);
        if phase == Phase::Cancelled {
            self.insert(now, Some(Duration::ZERO), (Lane::Merchant, Lane::Merchant), What::Cancelled, None);
        }
        self.phase = phase;
    }

    fn end_waits(&mut self, now: Stamp) {
        for entry in self.entries.iter_mut().filter(|entry| entry.took.is_none()) {
            entry.took = Some(now.since(entry.at));
        }
    }

    /// Rows are ordered by when they began; an answer that took long comes before what
    /// happened meanwhile.
    fn insert(&mut self, at: Stamp, took: Option<Duration>, lanes: (Lane, Lane), what: What, status: Option<Status>) {
        let number = self.numbered;
        self.numbered += 1;
        let entry = Entry { number, at, took, from: lanes.0, to: lanes.1, what, status };
        let place = self.entries.partition_point(|other| other.at.mono <= at.mono);
        self.entries.insert(place, entry);
    }
}

/// `12`, `1.5`.
/// How a note on passed time ends, after how much it was.
pub const PASSED: &str = " pass on the sandbox's clock";

fn seconds(time: Duration) -> String {
    let text = format!("{:.3}", time.as_secs_f64());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
