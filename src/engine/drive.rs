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

use serde_json::{Map, Value};
use tokio::sync::{Notify, mpsc};

use super::courier::Courier;
use super::shopper::Shopper;
use crate::bus::{Event, EventSink};
use crate::clock;
use crate::listener::{PageState, Signal, Visit, WindowSize};
use crate::model::api::{NextAction, Session};
use crate::model::app::{AppValues, SealedFor};
use crate::model::draft::Channel;
use crate::model::exchange::{Response, Step};
use crate::model::profile::Profile;
use crate::model::run::{self, Act, Answer, AppResult, Auth, Deed, MethodResult, Plan, Progress, StepRequest, Turn};
use crate::model::settings::{HandOff, Pace, ShopPolicy};
use crate::model::steps::{self, Context, form_field};
use crate::model::template::Values;
use crate::model::{Problem, RunId, Stamp, explain, refusal};

/// How long the browser's hidden frame may take. Source: emv-3ds.md 1.9.
const METHOD_LIMIT: Duration = Duration::from_secs(10);
/// How long the bank waits for the shopper. Source: emv-3ds.md 1.9.
const CHALLENGE_LIMIT: Duration = Duration::from_secs(600);
/// How long a session lives. Source: sessions-api.md 4.1.
const SESSION_LIMIT: Duration = Duration::from_secs(900);
/// Between two looks at a session that is being processed. Our choice.
const POLL: Duration = Duration::from_millis(500);
/// Looks at an unchanged session before we say that nothing happens. Our choice: 10 s.
const MOST_POLLS: u32 = 20;

/// First pause between two looks at a decoupled session, which grows by half each time up
/// to the longest; and looks after which a person is asked, about an hour. Our choice.
const DECOUPLED_FIRST: Duration = Duration::from_secs(2);
/// See [`DECOUPLED_FIRST`].
const DECOUPLED_LONGEST: Duration = Duration::from_secs(60);
/// See [`DECOUPLED_FIRST`].
const MOST_DECOUPLED_POLLS: u32 = 70;
/// What a person must do where only the app can answer.
const IN_APP: &str = "The bank asks in the shopper's app: hand acs.signed_content, acs.reference_number and \
                      acs.transaction_id to its SDK, answer there, then read the session";
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
}

/// What to do next.
enum Next {
    /// This request; the acts are for the shopper's pages.
    Perform(StepRequest, Vec<Act>),
    /// Look again, at how this went.
    Look(Done),
    /// Nothing, and nobody is there to ask.
    Over,
}

/// How a step went.
enum Done {
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
}

/// What was done without asking, so that a session that does not move on is noticed.
#[derive(Default)]
pub(super) struct Automatic {
    /// How often each step was done since the session last showed something new.
    tries: HashMap<Step, u32>,
    /// Status and actions seen so far: coming back to one of them is nothing new.
    seen: HashSet<String>,
}

impl Automatic {
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
        if self.waits_for_person(step) {
            return self.turn(request, None).await;
        }
        let tries = self.automatic.count(step);
        if step == Step::Confirm && self.decoupled() && tries <= MOST_DECOUPLED_POLLS {
            return self.wait_for_bank(request, tries).await;
        }
        let waiting =
            tries > 1 && matches!(step, Step::Challenge | Step::Authenticate | Step::Redirect | Step::Confirm);
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
            let hint = "The result may not have reached the API; read the session again, or answer in a real browser";
            let problem = Problem::of(format!("{step}: done, but the session did not move on"), hint);
            return Next::Look(self.wrong(Some(request), step, problem).await);
        }
        Next::Perform(request, self.acts())
    }

    fn acts(&self) -> Vec<Act> {
        match &self.plan.shopper {
            run::Shopper::Scripted(acts) => acts.clone(),
            run::Shopper::Person => vec![Act::EnterOffered],
        }
    }

    fn waits_for_person(&self, step: Step) -> bool {
        let shopper_acts = matches!(step, Step::Challenge | Step::Authenticate | Step::Redirect);
        self.plan.pace == Pace::Manual || (shopper_acts && self.plan.shopper == run::Shopper::Person)
    }

    /// The shopper's app is asked, and only it can answer.
    fn in_the_app(&self) -> bool {
        let session = self.progress.session.as_ref();
        session.is_some_and(|session| !session.status.is_final() && session.challenges_app())
    }

    fn decoupled(&self) -> bool {
        self.progress.session.as_ref().is_some_and(Session::waits_decoupled)
    }

    /// The app's challenge outside our own sandbox: a person says when it is over.
    async fn elsewhere(&mut self) -> Next {
        let read = self.request(Step::Confirm);
        match read.filter(|_| !self.plan.unattended) {
            Some(read) => self.turn(read, None).await,
            None => {
                let problem = Problem::of(format!("{}: only the shopper's app can answer it", Step::Challenge), IN_APP);
                Next::Look(self.wrong(None, Step::Challenge, problem).await)
            }
        }
    }

    /// Nobody here can hurry the bank; orders are heard meanwhile.
    async fn wait_for_bank(&mut self, read: StepRequest, tries: u32) -> Next {
        let grown = DECOUPLED_FIRST.mul_f64(1.5_f64.powi(i32::try_from(tries).unwrap_or(i32::MAX) - 1));
        self.show_page(&read);
        tokio::select! {
            () = tokio::time::sleep(grown.min(DECOUPLED_LONGEST)) => Next::Perform(read, Vec::new()),
            () = self.stop.notified() => Next::Look(Done::Stopped),
            order = self.orders.recv() => match order {
                None => Next::Over,
                Some(Order::Send(request)) => Next::Perform(request, vec![Act::EnterOffered]),
                Some(Order::Do(step)) => self.again(step).await,
                Some(Order::AuthoriseByValues) => self.again_with(self.context().payment_by_values(), Step::Authorise).await,
                Some(Order::Replan(_) | Order::Skip(_) | Order::Answer(..)) => Next::Look(Done::Well), // too late
            },
        }
    }

    /// The step's request as the program writes it, with fresh app values where it asks for them.
    fn request(&mut self, step: Step) -> Option<StepRequest> {
        self.make_app_values(step);
        self.context().request(step)
    }

    fn context(&self) -> Context<'_> {
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
        self.sealed = Some((key.map(str::to_owned), values.sealed_for.clone()));
        self.values.app = Some(Arc::new(Value::Object(values.members())));
    }

    /// What the tester must know of the app's values before they are sent.
    fn sealing(&self, request: &StepRequest) -> Option<String> {
        let carries = |values: &Value| {
            let data = values.get("sdk_encrypted_data").and_then(Value::as_str);
            data.is_some_and(|data| request.body.contains(data))
        };
        let made = self.values.app.as_deref().is_some_and(carries);
        self.sealed.as_ref().filter(|_| made).map(|(_, sealed_for)| sealed_for.sentence())
    }

    /// The form has changed: true if the step would be written otherwise now.
    fn replan(&mut self, plan: Plan, step: Step, written: &mut StepRequest) -> bool {
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
                Some(Order::Send(request)) => return Next::Perform(request, vec![Act::EnterOffered]),
                Some(Order::Do(step)) => return self.again(step).await,
                Some(Order::AuthoriseByValues) => {
                    return self.again_with(self.context().payment_by_values(), Step::Authorise).await;
                }
                Some(Order::Replan(_) | Order::Skip(_) | Order::Answer(..)) => (), // too late: the step is over
            }
        }
    }

    /// A step at a person's wish, whatever the session offers.
    async fn again(&mut self, step: Step) -> Next {
        let request = self.request(step);
        self.again_with(request, step).await
    }

    async fn again_with(&mut self, request: Option<StepRequest>, step: Step) -> Next {
        self.automatic.tries.clear();
        if let Some(request) = request {
            if self.plan.pace == Pace::Manual {
                return Next::Look(Done::Ask(Box::new(request)));
            }
            return Next::Perform(request, vec![Act::EnterOffered]);
        }
        let hint = "It is offered only in another state; the inspector shows the session's links";
        let problem = Problem::of(format!("{step}: this session has no address for it"), hint);
        self.sink.post(Event::StepFailed(self.run, step, problem)).await;
        Next::Look(Done::Well)
    }

    /// Waits for a person, or for what a person does in a browser.
    async fn turn(&mut self, mut request: StepRequest, problem: Option<Problem>) -> Next {
        let step = request.step;
        let mut written = self.request(step).unwrap_or_else(|| request.clone());
        self.automatic.tries.clear(); // a person decides now
        self.announce(&request, &problem).await;
        loop {
            let order = tokio::select! {
                order = self.orders.recv() => order,
                () = self.stop.notified() => return Next::Look(Done::Stopped),
                signal = self.visit.next_signal() => {
                    if let Signal::BrowserData(data) = &signal && step == Step::Collect {
                        request.body = with_browser_data(&request.body, data);
                        self.announce(&request, &problem).await;
                    } else if signal == Signal::PageOpened && step == Step::Challenge {
                        self.page_open = true;
                        self.announce(&request, &problem).await;
                    }
                    if self.hear(signal).await {
                        return Next::Look(Done::Well);
                    }
                    continue;
                }
            };
            match order {
                None => return Next::Over,
                Some(Order::Send(edited)) => return Next::Perform(edited, vec![Act::EnterOffered]),
                Some(Order::Do(other)) => return self.again(other).await,
                Some(Order::AuthoriseByValues) => {
                    return self.again_with(self.context().payment_by_values(), Step::Authorise).await;
                }
                Some(Order::Replan(plan)) => {
                    if self.replan(*plan, step, &mut written) {
                        request = written.clone();
                        self.announce(&request, &problem).await;
                    }
                }
                Some(Order::Skip(meant)) if meant == step => {
                    self.progress.skip(step);
                    self.sink.post(Event::StepSkipped(self.run, step)).await;
                    return Next::Look(Done::Well);
                }
                Some(Order::Answer(meant, answer, edited)) if meant == step => match answer {
                    Answer::Here => return Next::Perform(*edited, vec![Act::EnterOffered]),
                    Answer::Abandon => return Next::Perform(*edited, vec![Act::Cancel]),
                    Answer::App(result) => return Next::Perform(ending(*edited, result), Vec::new()),
                    // The engine opens the browser; the page shows what was edited.
                    Answer::Browser => {
                        request = *edited;
                        self.announce(&request, &problem).await;
                    }
                },
                // It was meant for a step that is over.
                Some(Order::Skip(_) | Order::Answer(..)) => self.announce(&request, &problem).await,
            }
        }
    }

    async fn announce(&mut self, request: &StepRequest, problem: &Option<Problem>) {
        self.show_page(request);
        let since = *self.turns.entry(request.step).or_insert_with(clock::stamp);
        if request.step == Step::Challenge && self.page_open {
            self.asked.get_or_insert_with(clock::stamp); // the page has posted the CReq by itself
        }
        let turn = Turn { since, ..self.describe(request, problem.clone()) };
        self.sink.post(Event::TurnCame(self.run, Box::new(turn))).await;
    }

    fn describe(&self, request: &StepRequest, problem: Option<Problem>) -> Turn {
        let (answers, limit) = match request.step {
            Step::Challenge if steps::is_app_challenge(request) => {
                (AppResult::ALL.map(Answer::App).to_vec(), Some(CHALLENGE_LIMIT))
            }
            Step::Challenge => (vec![Answer::Browser, Answer::Here, Answer::Abandon], Some(CHALLENGE_LIMIT)),
            Step::Authenticate | Step::Redirect => {
                (vec![Answer::Browser, Answer::Here, Answer::Abandon], Some(SESSION_LIMIT))
            }
            Step::Collect if self.plan.channel != Channel::Browser => (Vec::new(), None), // no page knows an app
            Step::Method | Step::Collect => (vec![Answer::Browser, Answer::Here], None),
            _ => (Vec::new(), None),
        };
        let page = match request.step {
            Step::Redirect => Some(request.url.clone()),
            _ if !answers.contains(&Answer::Browser) => None,
            _ => Some(format!("{}/", self.visit.merchant_base())),
        };
        let asked = self.asked.filter(|_| request.step == Step::Challenge);
        let notice = match request.step {
            Step::Confirm if self.in_the_app() => Some(IN_APP.to_owned()),
            _ => self.sealing(request),
        };
        Turn { request: request.clone(), answers, page, since: clock::stamp(), limit, asked, notice, problem }
    }

    /// Takes in what the listener saw. True if it ends the step that is waited with.
    async fn hear(&mut self, signal: Signal) -> bool {
        let deed = match signal {
            Signal::MethodNotified { .. } if self.progress.method.is_none() => Deed::Method(MethodResult::Y),
            Signal::MethodTimedOut if self.progress.method.is_none() => Deed::Method(MethodResult::N),
            Signal::ChallengeNotified { .. } | Signal::Authenticated if self.progress.awaits_result() => Deed::Answered,
            Signal::Returned { to, .. } => Deed::Returned(to),
            Signal::PageOpened => {
                self.page_open = true;
                return false;
            }
            Signal::CallbackReceived => {
                self.progress.callbacks += 1;
                return false;
            }
            // A notification after the time-out, or of a result that was read already, is kept as a row; it changes nothing (emv-3ds.md 2.1).
            Signal::MethodNotified { .. }
            | Signal::MethodTimedOut
            | Signal::ChallengeNotified { .. }
            | Signal::Authenticated
            | Signal::BrowserData(_) => return false,
        };
        self.did(deed).await;
        true
    }

    async fn did(&mut self, deed: Deed) {
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
            Step::Challenge | Step::Authenticate | Step::Redirect => tokio::select! {
                done = self.shopper(&request, acts) => done.map(|()| (step != Step::Redirect).then_some(Deed::Answered)),
                () = stop.notified() => return Done::Stopped,
            },
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
        Done::Well
    }

    /// A step went wrong: it is told, and kept for a person to decide.
    async fn wrong(&self, request: Option<StepRequest>, step: Step, problem: Problem) -> Done {
        let problem = problem.masked_by(&self.courier.redactor(self.profile.environment));
        self.sink.post(Event::StepFailed(self.run, step, problem.clone())).await;
        Done::Wrong(request.map(|request| Box::new((request, problem))))
    }

    /// Sends an API call, and again after the pause that the API asks for. True if it was
    /// stopped meanwhile. Anything but the profile's token switches repetition off.
    async fn call(&mut self, request: &StepRequest) -> (Result<(), Problem>, bool) {
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
            self.sink.post(Event::StepPaused(self.run, request.step)).await;
            tokio::select! {
                () = tokio::time::sleep(pause) => (),
                () = self.stop.notified() => return (Ok(()), true),
            }
            self.sink.post(Event::StepBegan(self.run, request.step)).await;
        }
    }

    /// Sends it and takes its answer in, also when the run is stopped meanwhile: a session
    /// that was created stays known. True if it was stopped.
    async fn call_once(&mut self, request: &StepRequest) -> (Result<Response, Problem>, bool) {
        let (courier, profile, secret) = (self.courier.clone(), self.profile.clone(), self.secret.clone());
        let mut answer = std::pin::pin!(courier.call(self.run, &profile, request, secret.as_deref()));
        let (answer, stopped) = tokio::select! {
            answer = &mut answer => (answer, false),
            () = self.stop.notified() => (answer.await, true),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(problem) => return (Err(problem), stopped),
        };
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

    async fn run_method(&self, request: &StepRequest) -> MethodResult {
        let shopper = self.scripted();
        match tokio::time::timeout(METHOD_LIMIT, shopper.method(request)).await {
            Ok(Ok(())) => MethodResult::Y,
            Ok(Err(problem)) => {
                self.sink.post(Event::StepFailed(self.run, Step::Method, problem)).await;
                MethodResult::N
            }
            Err(_) => {
                let problem = Problem::of(
                    "3DS Method: no notification within 10 s",
                    "The run goes on with three_ds_method_completion N, as the protocol wants",
                );
                self.sink.post(Event::StepFailed(self.run, Step::Method, problem)).await;
                MethodResult::N
            }
        }
    }

    async fn shopper(&self, request: &StepRequest, acts: &[Act]) -> Result<(), Problem> {
        let shopper = self.scripted();
        match request.step {
            Step::Redirect => shopper.hosted(request, acts).await,
            Step::Authenticate => shopper.authenticate(request, acts).await,
            _ if steps::is_app_challenge(request) => match acts {
                [] => shopper.app(request).await,
                acts => shopper.app(&ending(request.clone(), AppResult::of(acts.first()))).await,
            },
            _ => shopper.challenge(request, acts).await,
        }
    }

    fn scripted(&self) -> Shopper<'_> {
        let shop = [self.values.listener.as_str(), self.values.merchant.as_str()];
        Shopper { courier: &self.courier, run: self.run, environment: self.profile.environment, shop }
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

    /// What a browser at our checkout page sees now.
    fn show_page(&self, request: &StepRequest) {
        self.visit.show(match request.step {
            Step::Method => {
                let data = form_field(&request.body, "threeDSMethodData").unwrap_or_default();
                PageState::Method { url: request.url.clone(), data }
            }
            Step::Collect => PageState::Collect,
            Step::Challenge if !steps::is_app_challenge(request) => challenge_page(request, self.ways),
            Step::Authenticate => authenticate_page(request, self.ways),
            Step::Redirect => PageState::Redirect { url: request.url.clone() },
            _ => PageState::Waiting {
                title: "One moment".into(),
                sentence: "The shop is talking to the payment provider. Go on in the console.".into(),
            },
        });
    }

    fn show_end(&self) {
        let Some(meaning) = explain::meaning(&self.progress) else { return };
        self.visit.show(PageState::Done { success: meaning.go_on, title: meaning.title, sentence: meaning.sentence });
    }
}

/// The stand-in's request with this ending; a body that is edited beyond that stays.
fn ending(request: StepRequest, result: AppResult) -> StepRequest {
    let body = match serde_json::from_str::<Map<String, Value>>(&request.body) {
        Ok(mut body) => {
            body.insert("result".into(), result.word().into());
            serde_json::to_string_pretty(&body).unwrap_or_else(|_| steps::app_result(result))
        }
        Err(_) => request.body.clone(),
    };
    StepRequest { body, ..request }
}

fn authenticate_page(request: &StepRequest, (hand_off, shop_policy): (HandOff, ShopPolicy)) -> PageState {
    let field = |name| form_field(&request.body, name).unwrap_or_default();
    PageState::Authenticate {
        acs_url: request.url.clone(),
        pareq: field("PaReq"),
        term_url: field("TermUrl"),
        md: field("MD"),
        hand_off,
        shop_policy,
    }
}

fn challenge_page(request: &StepRequest, (hand_off, shop_policy): (HandOff, ShopPolicy)) -> PageState {
    let creq = form_field(&request.body, "creq").unwrap_or_default();
    let size = steps::challenge_window_size(&creq).unwrap_or_else(|| steps::WINDOW_SIZE.to_owned());
    PageState::Challenge {
        acs_url: request.url.clone(),
        session_data: form_field(&request.body, "threeDSSessionData"),
        window: WindowSize::parse(&size).unwrap_or_default(),
        hand_off,
        shop_policy,
        creq,
    }
}

/// The request body with what a real browser said of itself in place of the draft's values.
fn with_browser_data(body: &str, data: &Value) -> String {
    let mut merged: Map<String, Value> = serde_json::from_str(body).unwrap_or_default();
    for (name, value) in data.as_object().into_iter().flatten() {
        merged.insert(name.clone(), value.clone());
    }
    serde_json::to_string_pretty(&merged).unwrap_or_else(|_| body.to_owned())
}
