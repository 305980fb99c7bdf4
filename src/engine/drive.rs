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

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{Notify, mpsc};

use super::courier::Courier;
use super::shopper::Shopper;
use crate::bus::{Event, EventSink};
use crate::clock;
use crate::listener::{PageState, Signal, Visit, WindowSize};
use crate::model::api::{ApiError, Session, Status};
use crate::model::exchange::{Response, Step};
use crate::model::profile::Profile;
use crate::model::run::{self, Act, Answer, Deed, MethodResult, Plan, Progress, StepRequest, Turn};
use crate::model::settings::Pace;
use crate::model::steps::{self, Context, form_field};
use crate::model::template::Values;
use crate::model::{Problem, RunId, explain};

/// How long the browser's hidden frame may take. Source: emv-3ds.md 1.9.
const METHOD_LIMIT: Duration = Duration::from_secs(10);
/// How long the bank waits for the shopper. Source: emv-3ds.md 1.9.
const CHALLENGE_LIMIT: Duration = Duration::from_secs(600);
/// How long a session lives. Source: sessions-api.md 4.1.
const SESSION_LIMIT: Duration = Duration::from_secs(900);
/// Between two looks at a session that is being processed. Our choice.
const POLL: Duration = Duration::from_millis(500);
/// Looks at an unchanged session before we say that nothing happens. Our choice: 30 s.
const MOST_POLLS: u32 = 60;

/// What a person wants of a run.
#[derive(Debug)]
pub(super) enum Order {
    Send(StepRequest),
    Do(Step),
    Skip,
    Answer(Answer),
}

/// See the module.
pub(super) struct Driver {
    pub run: RunId,
    pub plan: Plan,
    pub profile: Profile,
    pub courier: Arc<Courier>,
    pub sink: EventSink,
    pub visit: Visit,
    pub orders: mpsc::UnboundedReceiver<Order>,
    /// Rung when the user stops the run.
    pub stop: Arc<Notify>,
    pub values: Values,
    pub progress: Progress,
    /// The session secret, as the answer to create carried it.
    pub secret: Option<String>,
    /// The step done last and how often in a row, without the session changing.
    pub repeats: (Option<Step>, u32),
}

impl Driver {
    /// Runs until there is nothing left to do and nobody to ask.
    pub async fn drive(mut self) {
        let stop = self.stop.clone();
        loop {
            let Some(step) = self.progress.next_step() else {
                self.show_end();
                if !self.over(Event::RunEnded(self.run)).await {
                    return;
                }
                continue;
            };
            // What is under way when the user stops the run goes on in a task of its own
            // and is recorded; only the run no longer waits for it.
            let done = tokio::select! {
                done = self.advance(step) => Some(done),
                () = stop.notified() => None,
            };
            let end = match done {
                Some(true) => continue,
                Some(false) if !self.plan.unattended => continue,
                Some(false) => Event::RunEnded(self.run),
                None => Event::RunCancelled(self.run),
            };
            self.repeats = (None, 0);
            if !self.over(end).await {
                return;
            }
        }
    }

    /// Says that the run is over, and stays for a person who wants to go on with it.
    /// False when nobody can.
    async fn over(&mut self, end: Event) -> bool {
        self.sink.post(end).await;
        !self.plan.unattended && self.obey_after_end().await
    }

    /// Does a step, or lets a person decide. False if it failed.
    async fn advance(&mut self, step: Step) -> bool {
        let Some(request) = self.request(step) else {
            let problem = Problem::of(
                format!("{step}: the session's answer has no address for it"),
                "Look at the newest answer in the inspector; read the session again or skip the step",
            );
            return self.failed(self.read_again(), problem).await;
        };
        self.repeats = if self.repeats.0 == Some(step) { (Some(step), self.repeats.1 + 1) } else { (Some(step), 1) };
        if self.waits_for_person(step) {
            self.turn(request, None).await;
            return true;
        }
        if self.goes_in_circles(step) {
            let problem = Problem::of(
                format!("{step}: done, but the session did not move on"),
                "The result may not have reached the API; read the session again, or answer in a real browser",
            );
            return self.failed(Some(request), problem).await;
        }
        if step == Step::Confirm && self.repeats.1 > 1 {
            tokio::time::sleep(POLL).await;
        }
        let acts = match &self.plan.shopper {
            run::Shopper::Scripted(acts) => acts.clone(),
            run::Shopper::Person => vec![Act::EnterOffered],
        };
        self.perform(request, &acts).await
    }

    fn goes_in_circles(&self, step: Step) -> bool {
        self.repeats.1 > if step == Step::Confirm { MOST_POLLS } else { 1 }
    }

    fn waits_for_person(&self, step: Step) -> bool {
        let shopper_acts = matches!(step, Step::Challenge | Step::Redirect);
        self.plan.pace == Pace::Manual || (shopper_acts && self.plan.shopper == run::Shopper::Person)
    }

    fn request(&self, step: Step) -> Option<StepRequest> {
        let (profile, plan, progress, values) = (&self.profile, &self.plan, &self.progress, &self.values);
        Context { profile, plan, progress, values }.request(step)
    }

    fn read_again(&self) -> Option<StepRequest> {
        self.request(Step::Confirm)
    }

    /// After the end a person may still repeat steps or authorise. False when nobody can.
    async fn obey_after_end(&mut self) -> bool {
        loop {
            let order = tokio::select! {
                order = self.orders.recv() => order,
                signal = self.visit.next_signal() => {
                    self.hear(signal).await;
                    continue;
                }
            };
            match order {
                None => return false,
                Some(Order::Send(request)) => {
                    self.perform(request, &[Act::EnterOffered]).await;
                }
                Some(Order::Do(step)) => self.do_again(step).await,
                Some(Order::Skip | Order::Answer(_)) => continue, // too late: the step is over
            }
            return true;
        }
    }

    async fn do_again(&mut self, step: Step) {
        match self.request(step) {
            Some(request) => {
                self.perform(request, &[Act::EnterOffered]).await;
            }
            None => {
                let problem = Problem::of(
                    format!("{step}: this session has no address for it"),
                    "It is offered only in another state; the inspector shows the session's links",
                );
                self.sink.post(Event::StepFailed(self.run, step, problem)).await;
            }
        }
    }

    /// Waits for a person, or for what a person does in a browser.
    async fn turn(&mut self, mut request: StepRequest, problem: Option<Problem>) {
        let step = request.step;
        self.announce(&request, &problem).await;
        loop {
            let order = tokio::select! {
                order = self.orders.recv() => order,
                signal = self.visit.next_signal() => {
                    if let Signal::BrowserData(data) = &signal && step == Step::Collect {
                        request.body = with_browser_data(&request.body, data);
                        self.announce(&request, &problem).await;
                    }
                    if self.hear(signal).await {
                        return;
                    }
                    continue;
                }
            };
            match order {
                None => return std::future::pending().await, // the engine is going; so is this task
                Some(Order::Send(edited)) => {
                    {
                        Box::pin(self.perform(edited, &[Act::EnterOffered])).await;
                        break;
                    };
                }
                Some(Order::Do(other)) => break self.do_again(other).await,
                Some(Order::Skip) => {
                    self.progress.skip(step);
                    break self.sink.post(Event::StepSkipped(self.run, step)).await;
                }
                Some(Order::Answer(Answer::Here)) => {
                    Box::pin(self.perform(request, &[Act::EnterOffered])).await;
                    break;
                }
                Some(Order::Answer(Answer::Abandon)) => {
                    Box::pin(self.perform(request, &[Act::Cancel])).await;
                    break;
                }
                Some(Order::Answer(Answer::Browser)) => continue, // the engine has opened it
            }
        }
    }

    async fn announce(&self, request: &StepRequest, problem: &Option<Problem>) {
        self.show_page(request);
        self.sink.post(Event::TurnCame(self.run, self.describe(request, problem.clone()))).await;
    }

    fn describe(&self, request: &StepRequest, problem: Option<Problem>) -> Turn {
        let (answers, limit) = match request.step {
            Step::Challenge => (vec![Answer::Browser, Answer::Here, Answer::Abandon], Some(CHALLENGE_LIMIT)),
            Step::Redirect => (vec![Answer::Browser, Answer::Here, Answer::Abandon], Some(SESSION_LIMIT)),
            Step::Method | Step::Collect => (vec![Answer::Browser, Answer::Here], None),
            _ => (Vec::new(), None),
        };
        let page = match request.step {
            Step::Redirect => Some(request.url.clone()),
            _ if answers.is_empty() => None,
            _ => Some(format!("{}/", self.visit.merchant_base())),
        };
        Turn { request: request.clone(), answers, page, since: clock::stamp(), limit, problem }
    }

    /// Takes in what the listener saw. True if it ends the step that is waited with.
    async fn hear(&mut self, signal: Signal) -> bool {
        let deed = match signal {
            Signal::MethodNotified { .. } if self.progress.method.is_none() => Deed::Method(MethodResult::Y),
            Signal::MethodTimedOut if self.progress.method.is_none() => Deed::Method(MethodResult::N),
            Signal::ChallengeNotified { .. } if self.progress.awaits_result() => Deed::Answered,
            Signal::Returned { to, .. } => Deed::Returned(to),
            Signal::CallbackReceived => {
                self.progress.callbacks += 1;
                return false;
            }
            // A notification after the time-out, or of a result that was read already, is kept as a row; it changes nothing (emv-3ds.md 2.1).
            Signal::MethodNotified { .. }
            | Signal::MethodTimedOut
            | Signal::ChallengeNotified { .. }
            | Signal::BrowserData(_)
            | Signal::PageOpened => return false,
        };
        self.did(deed).await;
        true
    }

    async fn did(&mut self, deed: Deed) {
        self.progress.shopper_did(deed);
        self.sink.post(Event::ShopperDid(self.run, deed)).await;
    }

    /// Does a step. False if it failed; the run goes on, with a person's advice if there is one.
    async fn perform(&mut self, request: StepRequest, acts: &[Act]) -> bool {
        let step = request.step;
        self.sink.post(Event::StepBegan(self.run, step)).await;
        let result = match step {
            Step::Method => {
                let result = self.run_method(&request).await;
                self.did(Deed::Method(result)).await;
                Ok(())
            }
            Step::Challenge => match self.shopper(&request, acts).await {
                Ok(()) => {
                    self.did(Deed::Answered).await;
                    Ok(())
                }
                Err(problem) => Err(problem),
            },
            Step::Redirect => match self.shopper(&request, acts).await {
                Ok(()) => {
                    self.await_return().await;
                    Ok(())
                }
                Err(problem) => Err(problem),
            },
            _ => self.call(&request).await,
        };
        match result {
            Ok(()) => true,
            Err(problem) => self.failed(Some(request), problem).await,
        }
    }

    /// A step went wrong. With nobody there the run ends; else a person decides. Always false.
    async fn failed(&mut self, request: Option<StepRequest>, problem: Problem) -> bool {
        let step = request.as_ref().map_or(Step::Confirm, |request| request.step);
        self.sink.post(Event::StepFailed(self.run, step, problem.clone())).await;
        if !self.plan.unattended
            && let Some(request) = request
        {
            Box::pin(self.turn(request, Some(problem))).await;
        }
        false
    }

    async fn call(&mut self, request: &StepRequest) -> Result<(), Problem> {
        let answer = self.courier.call(self.run, &self.profile, request, self.secret.as_deref()).await?;
        let before = self.progress.session.as_ref().map(|session| session.status.clone());
        // From the answer itself: a mask in the record must not change what the run does.
        self.progress.answered(request.step, &answer);
        if let Some(session) = Session::read(&answer.body) {
            self.visit.name_session(session.id.clone());
            self.secret = session.secret().map(str::to_owned).or(self.secret.take());
            if before.as_ref() != Some(&session.status) && session.status != Status::Processing {
                self.repeats = (None, 0);
            }
        }
        refusal(request, &answer).map_or(Ok(()), Err)
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
        if request.step == Step::Redirect {
            shopper.hosted(request, acts).await
        } else {
            shopper.challenge(request, acts).await
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
            Step::Challenge => challenge_page(request),
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

fn challenge_page(request: &StepRequest) -> PageState {
    let creq = form_field(&request.body, "creq").unwrap_or_default();
    let size = steps::challenge_window_size(&creq).unwrap_or_else(|| steps::WINDOW_SIZE.to_owned());
    PageState::Challenge {
        acs_url: request.url.clone(),
        session_data: form_field(&request.body, "threeDSSessionData"),
        window: WindowSize::parse(&size).unwrap_or_default(),
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

/// What an error answer says, with its codes explained; `None` for a 2xx.
fn refusal(request: &StepRequest, answer: &Response) -> Option<Problem> {
    if (200..300).contains(&answer.status) {
        return None;
    }
    let act = format!("{}: {} was answered {}", request.step, request.method, answer.status);
    Some(match ApiError::read(&answer.body) {
        Some(error) => {
            let codes = if error.codes.is_empty() { error.error_type.clone() } else { error.codes.join(", ") };
            let meanings: Vec<String> = error.codes.iter().map(|code| explain::error_code(code)).collect();
            Problem { summary: format!("{act} {codes}"), causes: meanings, hint: Some(ADVICE.into()) }
        }
        None if answer.status == 401 => {
            Problem::of(act, "The Authorization was not accepted; choose another, or renew the token")
        }
        None => Problem::of(act, ADVICE),
    })
}

const ADVICE: &str = "Edit the request and send it again, or skip the step";
