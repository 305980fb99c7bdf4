//! The task that carries one run from step to step.
//!
//! ```text
//!   next step? ──▶ a person's turn? ──▶ request, edited or not ──▶ do it ──▶ look again
//!                     ▲    (manual, or the shopper must act, or it went wrong)   │
//!                     └──────────────────────────────────────────────────────────┘
//! ```
//! Knows no window: it posts events, and obeys orders. What a step means is in
//! `model::run`, how it becomes a request in `model::steps`; the `CRes` decides nothing,
//! the session that is read afterwards does.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Notify, mpsc};

use super::control::Control;
use super::courier::Courier;
use super::sdk::{Keyring, Sdk};
use super::shopper::{End, Late, Phone, Shopper};
use super::time::Time;
use super::turn::ending;
pub(super) use super::waiting::Waiting;
use super::waiting::shopper_acts;
use crate::bus::{Event, EventSink};
use crate::clock::{self, Clock};
use crate::listener::{Signal, Visit};
use crate::model::api::{NextAction, Session};
use crate::model::app::{AppValues, SealedFor};
use crate::model::device;
use crate::model::exchange::{Response, Step};
use crate::model::profile::Profile;
use crate::model::run::{self, Act, Answer, AppResult, Auth, Deed, Plan, Progress, StepRequest};
use crate::model::settings::{HandOff, Pace, ShopPolicy};
use crate::model::steps::{self, Context};
use crate::model::template::Values;
use crate::model::{Problem, RunId, Stamp, refusal};

/// Between two looks at a session that is being processed, while a person watches. Our choice.
const POLL: Duration = Duration::from_millis(500);
/// Looks at an unchanged session before we say that nothing happens. Our choice: 20 s, more than
/// the 10 s after which a bank reports a lost result once more (emv-3ds.md 1.9), and some.
const MOST_POLLS: u32 = 40;

/// First pause between two looks at a decoupled session, which grows by half each time up
/// to the longest; and looks after which a person is asked, about an hour. Our choice.
const DECOUPLED_FIRST: Duration = Duration::from_secs(2);
/// See [`DECOUPLED_FIRST`].
const DECOUPLED_LONGEST: Duration = Duration::from_secs(60);
/// See [`DECOUPLED_FIRST`].
const MOST_DECOUPLED_POLLS: u32 = 70;
/// What a person must do where only the app can answer.
pub(super) const IN_APP: &str = "The bank asks in the shopper's app: hand acs.signed_content, acs.reference_number and \
                      acs.transaction_id to its SDK, answer there, then read the session";
/// What a person may do where the simulated device can answer.
pub(super) const ON_DEVICE: &str =
    "The bank asks in the shopper's app: answer on the simulated device, then the session is read";
/// How often a request that was answered 429 is sent again by itself. Our choice.
const MOST_REPEATS: u32 = 5;

/// What a person wants of a run. Skip and answer name the step they were meant for: the
/// browser may have ended it meanwhile.
#[derive(Debug)]
pub(super) enum Order {
    Send(StepRequest),
    Do(Step),
    /// The payment, with the values of the proof.
    AuthoriseByValues,
    /// What is not sent yet is made from this.
    Replan(Box<Plan>),
    Skip(Step),
    /// With the request as the person left it.
    Answer(Step, Answer, Box<StepRequest>),
    /// The simulated device.
    Device(device::Act),
}

/// What to do next.
pub(super) enum Next {
    /// This request; the acts are for the shopper's pages.
    Perform(StepRequest, Vec<Act>),
    /// Look again, at how this went.
    Look(Done),
    /// Nothing, and nobody is there to ask.
    Over,
}

/// How a step went.
pub(super) enum Done {
    Well,
    /// Wrong; the request to try again with, and why.
    Wrong(Option<Box<(StepRequest, Problem)>>),
    /// The user stopped it.
    Stopped,
    /// A person is to decide first.
    Ask(Box<StepRequest>),
}

/// See the module.
pub(super) struct Driver {
    pub run: RunId,
    pub plan: Plan,
    pub profile: Profile,
    pub courier: Arc<Courier>,
    pub sink: EventSink,
    pub visit: Visit,
    /// How our checkout page shows the bank's, and what it may do.
    pub ways: (HandOff, ShopPolicy),
    pub orders: mpsc::UnboundedReceiver<Order>,
    /// Rung when the user stops the run. Keeps one ring for whoever listens next.
    pub stop: Arc<Notify>,
    pub values: Values,
    pub progress: Progress,
    /// The session secret, as the answer to create carried it.
    pub secret: Option<String>,
    pub automatic: Automatic,
    /// When the person's turn with a step began; announcing it again does not give more time.
    pub turns: HashMap<Step, Stamp>,
    /// A real browser has the checkout page open.
    pub page_open: bool,
    /// When such a browser was first sent to the bank.
    pub asked: Option<Stamp>,
    /// A directory server's key that an earlier session of this profile has shown.
    pub known_key: Option<String>,
    /// The key that the app's values were made for, and what that means.
    pub sealed: Option<(Option<String>, SealedFor)>,
    /// How time passes while this run waits.
    pub time: Time,
    /// What nobody here can hurry.
    pub out_of_hands: Waiting,
    /// A 3DS Method notification that is still to come.
    pub late: Option<Box<Late>>,
    /// The clock that the other side goes by: the sandbox's, or the real one.
    pub clock: Clock,
    /// Private keys of the app values made here.
    pub keyring: Arc<Keyring>,
    /// The app's channel data as they were sent.
    pub app_data: Option<Value>,
    /// The shopper's device, once its app was asked.
    pub sdk: Option<Box<Sdk>>,
    /// The sandbox's phone, where there is one.
    pub sandbox: Option<Arc<Control>>,
}

/// What was done without asking, so that a session that does not move on is noticed.
#[derive(Default)]
pub(super) struct Automatic {
    /// How often each step was done since the session last showed something new.
    tries: HashMap<Step, u32>,
    /// Status and actions seen so far: coming back to one of them is nothing new.
    seen: HashSet<String>,
    /// The payment of a shop that tries without authentication first; a person may skip it.
    paid_first: bool,
}

impl Automatic {
    pub(super) fn forget(&mut self) {
        self.tries.clear();
    }

    fn count(&mut self, step: Step) -> u32 {
        let tries = self.tries.entry(step).or_default();
        *tries += 1;
        *tries
    }

    fn look_at(&mut self, session: &Session) {
        let actions: Vec<&str> = session.next_actions.iter().map(NextAction::word).collect();
        let completed = session.completed().unwrap_or_default();
        if self.seen.insert(format!("{} {actions:?} {completed}", session.status)) {
            self.tries.clear();
        }
    }
}

impl Driver {
    /// Runs until there is nothing left to do and nobody to ask.
    pub async fn drive(mut self) {
        let mut done = Done::Well;
        loop {
            let next = match std::mem::replace(&mut done, Done::Well) {
                Done::Well => self.choose().await,
                Done::Wrong(Some(trouble)) if !self.plan.unattended => self.turn(trouble.0, Some(trouble.1)).await,
                Done::Wrong(_) => self.over(Event::RunEnded(self.run)).await,
                Done::Stopped => self.over(Event::RunCancelled(self.run)).await,
                Done::Ask(request) => self.turn(*request, None).await,
            };
            done = match next {
                Next::Perform(request, acts) => self.perform(request, &acts).await,
                Next::Look(done) => done,
                Next::Over => return,
            };
        }
    }

    /// The next step, by itself or by a person's leave.
    async fn choose(&mut self) -> Next {
        let Some(step) = self.progress.next_step() else {
            self.show_end();
            return self.over(Event::RunEnded(self.run)).await;
        };
        let Some(request) = self.request(step) else {
            if step == Step::Challenge && self.in_the_app() {
                return self.elsewhere().await;
            }
            let hint = "Look at the newest answer in the inspector; read the session again or skip the step";
            let problem = Problem::of(format!("{step}: the session's answer has no address for it"), hint);
            let read = self.request(Step::Confirm);
            return Next::Look(self.wrong(read, step, problem).await);
        };
        if step == Step::Create && self.plan.shop.pays_first && !std::mem::replace(&mut self.automatic.paid_first, true)
        {
            let payment = self.context().payment_without_session();
            return if self.waits_for_person(payment.step) {
                self.turn(payment, None).await
            } else {
                Next::Perform(payment, Vec::new())
            };
        }
        if self.waits_for_person(step) {
            return self.turn(request, None).await;
        }
        if self.plan.unattended
            && let Some(next) = self.left_out(step).await
        {
            return next;
        }
        let tries = self.automatic.count(step);
        if step == Step::Confirm && self.decoupled() && tries <= MOST_DECOUPLED_POLLS {
            return self.wait_for_bank(request, tries).await;
        }
        let waiting = tries > 1 && (shopper_acts(step) || step == Step::Confirm);
        if waiting && self.plan.unattended {
            return self.wait_out(step).await;
        }
        if waiting && self.automatic.count(Step::Confirm) <= MOST_POLLS {
            // The result may still be on its way from the bank to the API.
            tokio::select! {
                () = tokio::time::sleep(POLL) => (),
                () = self.stop.notified() => return Next::Look(Done::Stopped),
            }
            let read = self.request(Step::Confirm);
            return read.map_or(Next::Look(Done::Well), |request| Next::Perform(request, Vec::new()));
        }
        if tries > 1 {
            let hint = "The result may not have reached the API: read the session again, answer in a real browser, or let the time run out (Sandbox, Jump ahead)";
            let problem = Problem::of(format!("{step}: done, but the session did not move on"), hint);
            return Next::Look(self.wrong(Some(request), step, problem).await);
        }
        Next::Perform(request, self.acts())
    }

    fn acts(&self) -> Vec<Act> {
        match &self.plan.shopper {
            run::Shopper::Scripted(acts) => acts.clone(),
            run::Shopper::Person => self.plan.script.clone(),
        }
    }

    fn waits_for_person(&self, step: Step) -> bool {
        self.plan.pace == Pace::Manual || (shopper_acts(step) && self.plan.shopper == run::Shopper::Person)
    }

    /// The shopper's app is asked, and only it can answer.
    pub(super) fn in_the_app(&self) -> bool {
        let session = self.progress.session.as_ref();
        session.is_some_and(|session| !session.status.is_final() && session.challenges_app())
    }

    fn decoupled(&self) -> bool {
        self.progress.session.as_ref().is_some_and(Session::waits_decoupled)
    }

    /// The app's challenge outside our own sandbox: the simulated device answers it if its
    /// key is ours; else a person says when it is over.
    async fn elsewhere(&mut self) -> Next {
        if self.device().is_ok() && !self.waits_for_person(Step::Challenge) {
            if self.automatic.count(Step::Challenge) > 1 {
                return self.wait_out(Step::Challenge).await;
            }
            return Next::Look(self.answer_in_app().await);
        }
        let read = self.request(Step::Confirm);
        match read.filter(|_| !self.plan.unattended) {
            Some(read) => self.turn(read, None).await,
            None => {
                let problem = Problem::of(format!("{}: only the shopper's app can answer it", Step::Challenge), IN_APP);
                Next::Look(self.wrong(None, Step::Challenge, problem).await)
            }
        }
    }

    /// The scripted cardholder answers on the device.
    async fn answer_in_app(&mut self) -> Done {
        self.sink.post(Event::StepBegan(self.run, Step::Challenge)).await;
        let (stop, acts) = (self.stop.clone(), self.acts());
        let done = tokio::select! {
            done = self.app_by_script(&acts) => done,
            () = stop.notified() => return Done::Stopped,
        };
        match self.after_shopper(Step::Challenge, done).await {
            Ok(deed) => {
                if let Some(deed) = deed {
                    self.did(deed).await;
                }
                Done::Well
            }
            Err(problem) => {
                let read = self.request(Step::Confirm);
                self.wrong(read, Step::Challenge, problem).await
            }
        }
    }

    /// Nobody here can hurry the bank; orders are heard meanwhile.
    async fn wait_for_bank(&mut self, read: StepRequest, tries: u32) -> Next {
        let grown = DECOUPLED_FIRST.mul_f64(1.5_f64.powi(i32::try_from(tries).unwrap_or(i32::MAX) - 1));
        self.show_page(&read);
        if let Some(next) = self.answer_bank(&read).await {
            return next;
        }
        let time = self.time.clone();
        tokio::select! {
            passed = time.pass(Step::Confirm, grown.min(DECOUPLED_LONGEST)) => match passed {
                Ok(()) => Next::Perform(read, Vec::new()),
                Err(problem) => Next::Look(self.wrong(Some(read), Step::Confirm, problem).await),
            },
            () = self.stop.notified() => Next::Look(Done::Stopped),
            order = self.orders.recv() => match order {
                None => Next::Over,
                Some(Order::Send(request)) => Next::Perform(request, self.plan.script.clone()),
                Some(Order::Do(step)) => self.again(step).await,
                Some(Order::AuthoriseByValues) => self.again_with(self.context().payment_by_values(), Step::Authorise).await,
                Some(Order::Replan(_) | Order::Skip(_) | Order::Answer(..) | Order::Device(_)) => Next::Look(Done::Well), // too late
            },
        }
    }

    /// The step's request as the program writes it, with fresh app values where it asks for them.
    pub(super) fn request(&mut self, step: Step) -> Option<StepRequest> {
        self.make_app_values(step);
        self.context().request(step)
    }

    pub(super) fn context(&self) -> Context<'_> {
        let (profile, plan, progress, values) = (&self.profile, &self.plan, &self.progress, &self.values);
        Context { profile, plan, progress, values }
    }

    /// Once for each key: what a session shows counts more than what an earlier one showed.
    fn make_app_values(&mut self, step: Step) {
        let text = match step {
            Step::Create => &self.plan.body,
            Step::Collect => &self.plan.collect,
            _ => return,
        };
        let session = self.progress.session.as_ref();
        let shown = session.and_then(|session| session.text("/certificates/ds_public"));
        let key = shown.or(self.known_key.as_deref());
        if !text.contains("{{app.") || self.sealed.as_ref().is_some_and(|(made_for, _)| made_for.as_deref() == key) {
            return;
        }
        let values = AppValues::make(key, &mut super::random);
        self.keyring.keep(values.own.clone());
        self.sealed = Some((key.map(str::to_owned), values.sealed_for.clone()));
        self.values.app = Some(Arc::new(Value::Object(values.members())));
    }

    /// What the tester must know of the app's values before they are sent.
    pub(super) fn sealing(&self, request: &StepRequest) -> Option<String> {
        let carries = |values: &Value| {
            let data = values.get("sdk_encrypted_data").and_then(Value::as_str);
            data.is_some_and(|data| request.body.contains(data))
        };
        let made = self.values.app.as_deref().is_some_and(carries);
        self.sealed.as_ref().filter(|_| made).map(|(_, sealed_for)| sealed_for.sentence())
    }

    /// The form has changed: true if the step would be written otherwise now.
    pub(super) fn replan(&mut self, plan: Plan, step: Step, written: &mut StepRequest) -> bool {
        self.plan.revise(plan, self.progress.session.is_some());
        let Some(fresh) = self.request(step).filter(|fresh| fresh != written) else { return false };
        *written = fresh;
        true
    }

    /// Says that the run is over, and stays for a person who wants to go on with it.
    async fn over(&mut self, end: Event) -> Next {
        self.sink.post(end).await;
        if self.plan.unattended { Next::Over } else { self.after_end().await }
    }

    /// After the end a person may still repeat steps or authorise.
    async fn after_end(&mut self) -> Next {
        if self.plan.unattended {
            return Next::Over;
        }
        loop {
            let order = tokio::select! {
                order = self.orders.recv() => order,
                signal = self.visit.next_signal() => {
                    self.hear(signal).await;
                    continue;
                }
                () = self.stop.notified() => continue, // it has stopped
            };
            match order {
                None => return Next::Over,
                Some(Order::Send(request)) => return Next::Perform(request, self.plan.script.clone()),
                Some(Order::Do(step)) => return self.again(step).await,
                Some(Order::AuthoriseByValues) => {
                    return self.again_with(self.context().payment_by_values(), Step::Authorise).await;
                }
                Some(Order::Replan(_) | Order::Skip(_) | Order::Answer(..) | Order::Device(_)) => (), // too late: the step is over
            }
        }
    }

    /// A step at a person's wish, whatever the session offers.
    pub(super) async fn again(&mut self, step: Step) -> Next {
        let request = self.request(step);
        self.again_with(request, step).await
    }

    pub(super) async fn again_with(&mut self, request: Option<StepRequest>, step: Step) -> Next {
        self.automatic.tries.clear();
        if let Some(request) = request {
            if self.plan.pace == Pace::Manual {
                return Next::Look(Done::Ask(Box::new(request)));
            }
            return Next::Perform(request, self.plan.script.clone());
        }
        let hint = "It is offered only in another state; the inspector shows the session's links";
        let problem = Problem::of(format!("{step}: this session has no address for it"), hint);
        self.tell(step, problem).await;
        Next::Look(Done::Well)
    }

    pub(super) async fn did(&mut self, deed: Deed) {
        self.progress.shopper_did(deed);
        self.sink.post(Event::ShopperDid(self.run, deed)).await;
    }

    /// Does a step.
    async fn perform(&mut self, request: StepRequest, acts: &[Act]) -> Done {
        let step = request.step;
        self.sink.post(Event::StepBegan(self.run, step)).await;
        if let Some(words) = self.sealing(&request) {
            self.sink.post(Event::StepNoted(self.run, step, words, clock::stamp())).await;
        }
        let stop = self.stop.clone();
        let deed = match step {
            Step::Method => tokio::select! {
                result = self.run_method(&request) => Ok(Some(Deed::Method(result))),
                () = stop.notified() => return Done::Stopped,
            },
            step if shopper_acts(step) => {
                let done = tokio::select! {
                    done = self.shopper(&request, acts) => done,
                    () = stop.notified() => return Done::Stopped,
                };
                self.after_shopper(step, done).await
            }
            Step::Complete if self.plan.unattended => {
                if self.complete(&request).await {
                    return Done::Stopped;
                }
                Ok(None)
            }
            _ => {
                let (result, stopped) = self.call(&request).await;
                if stopped {
                    return Done::Stopped;
                }
                result.map(|()| None)
            }
        };
        match deed {
            Ok(Some(deed)) => self.did(deed).await,
            Ok(None) if step == Step::Redirect => self.await_return().await,
            Ok(None) => (),
            Err(problem) => return self.wrong(Some(request), step, problem).await,
        }
        if matches!(step, Step::Collect | Step::Fingerprint) {
            self.notify_late().await;
        }
        Done::Well
    }

    /// A step went wrong: it is told, and kept for a person to decide.
    pub(super) async fn wrong(&self, request: Option<StepRequest>, step: Step, problem: Problem) -> Done {
        let problem = self.tell(step, problem).await;
        Done::Wrong(request.map(|request| Box::new((request, problem))))
    }

    /// Says what went wrong with a step; as it was said.
    pub(super) async fn tell(&self, step: Step, problem: Problem) -> Problem {
        let problem = problem.masked_by(&self.courier.redactor(self.profile.environment));
        self.sink.post(Event::StepFailed(self.run, step, problem.clone(), clock::stamp())).await;
        problem
    }

    /// What the shopper's part came to. Where nobody is there to ask and the sandbox's time
    /// can be moved, a shopper who is stuck is one who has left.
    async fn after_shopper(&mut self, step: Step, done: Result<End, Problem>) -> Result<Option<Deed>, Problem> {
        match done {
            Ok(End::Over) => Ok((step != Step::Redirect).then_some(Deed::Answered)),
            Ok(End::Left) => {
                self.out_of_hands.left = true;
                Ok(Some(Deed::Answered))
            }
            Err(problem) if self.plan.unattended && self.time.is_virtual() => {
                self.tell(step, problem).await;
                self.out_of_hands.left = true;
                Ok(Some(Deed::Answered))
            }
            Err(problem) => Err(problem),
        }
    }

    /// Sends an API call, and again after the pause that the API asks for. True if it was
    /// stopped meanwhile. Anything but the profile's token switches repetition off.
    pub(super) async fn call(&mut self, request: &StepRequest) -> (Result<(), Problem>, bool) {
        let mut repeats = 0;
        loop {
            let (answer, stopped) = self.call_once(request).await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(problem) => return (Err(problem), stopped),
            };
            let may = !stopped && request.auth == Auth::ProfileToken && repeats < MOST_REPEATS;
            let Some(pause) = refusal::pause(&answer, repeats).filter(|_| may) else {
                return (refusal::problem(request, &answer).map_or(Ok(()), Err), stopped);
            };
            repeats += 1;
            self.sink.post(Event::StepPaused(self.run, request.step, clock::stamp())).await;
            let time = self.time.clone();
            tokio::select! {
                passed = time.pass(request.step, pause) => if let Err(problem) = passed { return (Err(problem), false) },
                () = self.stop.notified() => return (Ok(()), true),
            }
            self.sink.post(Event::StepBegan(self.run, request.step)).await;
        }
    }

    /// Sends it and takes its answer in, also when the run is stopped meanwhile: a session
    /// that was created stays known. True if it was stopped.
    async fn call_once(&mut self, request: &StepRequest) -> (Result<Response, Problem>, bool) {
        let (courier, profile, secret) = (self.courier.clone(), self.profile.clone(), self.secret.clone());
        let (time, call) = (self.time.clone(), courier.call(self.run, &profile, request, secret.as_deref()));
        let mut answer = std::pin::pin!(time.hurry(request.step, call));
        let (answer, stopped) = tokio::select! {
            answer = &mut answer => (answer, false),
            () = self.stop.notified() => (answer.await, true),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(problem) => return (Err(problem), stopped),
        };
        self.remember_app_data(request);
        // From the answer itself: a mask in the record must not change what the run does.
        self.progress.answered(request.step, &answer);
        if let Some(session) = Session::read(&answer.body).filter(|_| (200..300).contains(&answer.status))
            && self.progress.session.as_ref().is_some_and(|own| own.id == session.id)
        {
            self.visit.name_session(session.id.clone());
            self.secret = session.secret().map(str::to_owned).or(self.secret.take());
            self.automatic.look_at(&session);
        }
        (Ok(answer), stopped)
    }

    /// The app's channel data, as the session got them last.
    fn remember_app_data(&mut self, request: &StepRequest) {
        if !matches!(request.step, Step::Create | Step::Collect) || !request.body.contains("sdk_ephem_pub_key") {
            return;
        }
        let mut body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let data =
            if request.step == Step::Create { body.get_mut("channel_data").map(Value::take) } else { Some(body) };
        self.app_data = data.filter(|data| data.get("sdk_ephem_pub_key").is_some()).or(self.app_data.take());
    }

    /// Without acts the app's challenge is ended by the stand-in, as its request says.
    async fn shopper(&mut self, request: &StepRequest, acts: &[Act]) -> Result<End, Problem> {
        if !steps::is_app_challenge(request) {
            return self.scripted().visit(request, acts).await;
        }
        if acts.is_empty() {
            return self.scripted().app(request).await;
        }
        match self.device().map(drop) {
            Ok(()) => self.app_by_script(acts).await,
            Err(why) => {
                let words = format!("{why}: the sandbox's stand-in answers in its place");
                self.sink.post(Event::StepNoted(self.run, request.step, words, clock::stamp())).await;
                self.scripted().app(&ending(request.clone(), AppResult::of(acts.first()))).await
            }
        }
    }

    pub(super) fn scripted(&self) -> Shopper<'_> {
        let session = self.progress.session.as_ref();
        Shopper {
            courier: &self.courier,
            run: self.run,
            environment: self.profile.environment,
            shop: [self.values.listener.as_str(), self.values.merchant.as_str()],
            browser: &self.plan.browser,
            time: &self.time,
            transaction: session.and_then(|session| session.text("/transaction_id")),
            phone: self.sandbox.clone().zip(session).map(|(sandbox, session)| Phone::of(sandbox, &session.id)),
        }
    }

    /// The listener saw the browser come back before the scripted cardholder had its page.
    async fn await_return(&mut self) {
        let came = tokio::time::timeout(Duration::from_secs(2), async {
            loop {
                if let Signal::Returned { to, .. } = self.visit.next_signal().await {
                    return to;
                }
            }
        });
        // success_url may lead somewhere else: then the session says how it ended.
        let deed = came.await.map_or(Deed::Answered, Deed::Returned);
        self.did(deed).await;
    }
}
