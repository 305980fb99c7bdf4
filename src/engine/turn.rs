//! A person's part in a run: the turn that waits for an order, what a real browser does
//! meanwhile, and the page that it sees.

use serde_json::{Map, Value};

use super::drive::{Done, Driver, IN_APP, Next, ON_DEVICE, Order};
use crate::bus::Event;
use crate::clock;
use crate::listener::{PageState, Signal, WindowSize};
use crate::model::device;
use crate::model::draft::Channel;
use crate::model::exchange::Step;
use crate::model::run::{Act, Answer, AppResult, Deed, MethodResult, StepRequest, Turn};
use crate::model::settings::{HandOff, ShopPolicy};
use crate::model::steps::{self, form_field};
use crate::model::{Problem, deadline, explain};

impl Driver {
    /// Waits for a person, or for what a person does in a browser.
    pub(super) async fn turn(&mut self, mut request: StepRequest, problem: Option<Problem>) -> Next {
        let step = request.step;
        let mut written = self.request(step).unwrap_or_else(|| request.clone());
        self.automatic.forget(); // a person decides now
        if problem.is_some() && self.heard_before().await {
            return Next::Look(Done::Well);
        }
        self.announce(&request, &problem).await;
        loop {
            let timer = self.sdk_timer();
            let order = tokio::select! {
                order = self.orders.recv() => order,
                () = self.stop.notified() => return Next::Look(Done::Stopped),
                () = timer => Some(Order::Device(device::Act::Reply(device::Reply::of(device::Said::TimeOut)))),
                signal = self.visit.next_signal() => {
                    if let Signal::BrowserData(data) = &signal && step == Step::Collect {
                        request.body = with_browser_data(&request.body, data);
                        self.say(&request, &problem).await;
                    } else if signal == Signal::PageOpened && step == Step::Challenge {
                        self.page_open = true;
                        self.say(&request, &problem).await;
                    }
                    if self.hear(signal).await {
                        return Next::Look(Done::Well);
                    }
                    continue;
                }
            };
            let Some(order) = order else { return Next::Over };
            if let Some(next) = self.ordered(order, &mut request, &mut written, &problem).await {
                return next;
            }
        }
    }

    /// Carries out an order in a person's turn; what comes next, if that ends the turn.
    /// `written` is the request as the program writes it.
    async fn ordered(
        &mut self,
        order: Order,
        request: &mut StepRequest,
        written: &mut StepRequest,
        problem: &Option<Problem>,
    ) -> Option<Next> {
        let step = request.step;
        match order {
            // Whoever writes the stand-in's request means the stand-in.
            Order::Send(edited) if steps::is_app_challenge(&edited) && edited != *written => {
                return Some(Next::Perform(edited, Vec::new()));
            }
            Order::Send(edited) => return Some(Next::Perform(edited, self.plan.script.clone())),
            Order::Do(other) => return Some(self.again(other).await),
            Order::AuthoriseByValues => {
                return Some(self.again_with(self.context().payment_by_values(), Step::Authorise).await);
            }
            Order::Replan(plan) => {
                if self.replan(*plan, step, written) {
                    *request = written.clone();
                    self.announce(request, problem).await;
                }
            }
            Order::Skip(meant) if meant == step => {
                self.progress.skip(step);
                self.sink.post(Event::StepSkipped(self.run, step, clock::stamp())).await;
                return Some(Next::Look(Done::Well));
            }
            Order::Answer(meant, answer, edited) if meant == step => match answer {
                Answer::Here => return Some(Next::Perform(*edited, self.plan.script.clone())),
                Answer::Abandon => return Some(Next::Perform(*edited, vec![Act::Cancel])),
                Answer::App(result) => return Some(Next::Perform(ending(*edited, result), Vec::new())),
                // The engine opens the browser; the page shows what was edited.
                Answer::Browser | Answer::Device => {
                    *request = *edited;
                    self.announce(request, problem).await;
                }
            },
            Order::Device(act) => return self.device_ordered(act, request, problem).await,
            // It was meant for a step that is over.
            Order::Skip(_) | Order::Answer(..) => self.announce(request, problem).await,
        }
        None
    }

    /// An act on the device; the run can be stopped while the issuer is slow with its answer.
    async fn device_ordered(
        &mut self,
        act: device::Act,
        request: &StepRequest,
        problem: &Option<Problem>,
    ) -> Option<Next> {
        let (stop, before) = (self.stop.clone(), self.sdk_has_sent());
        let over = tokio::select! {
            over = self.on_device(act) => over,
            () = stop.notified() => return Some(Next::Look(Done::Stopped)),
        };
        if over {
            return Some(Next::Look(Done::Well));
        }
        if self.sdk_has_sent() != before {
            self.say(request, problem).await; // there are fewer ways to answer now
        }
        None
    }

    /// Takes in what came before the trouble. The bank's answer is among it and was acted on
    /// already: taken for news, the step would begin anew and again without end. True if the
    /// rest moved the run on.
    async fn heard_before(&mut self) -> bool {
        let mut moved = false;
        while let Some(signal) = self.visit.try_signal() {
            if !matches!(signal, Signal::ChallengeNotified { .. } | Signal::Authenticated) {
                moved |= self.hear(signal).await;
            }
        }
        moved
    }

    async fn announce(&mut self, request: &StepRequest, problem: &Option<Problem>) {
        self.show_page(request);
        self.say(request, problem).await;
        if self.asks_app(request.step) && self.device().is_ok() {
            self.show_device().await;
        }
    }

    /// True if the app is asked, and this step waits for that.
    fn asks_app(&self, step: Step) -> bool {
        matches!(step, Step::Challenge | Step::Confirm) && self.in_the_app()
    }

    /// Does what the person at the device wants; true if the challenge is over with it.
    async fn on_device(&mut self, act: device::Act) -> bool {
        let over = self.act_on_device(act).await;
        if over {
            self.did(Deed::Answered).await;
        }
        over
    }

    /// What the page itself has told must not make it begin again: it would tell it again, or
    /// post a second CReq.
    async fn say(&mut self, request: &StepRequest, problem: &Option<Problem>) {
        let since = *self.turns.entry(request.step).or_insert_with(clock::stamp);
        if request.step == Step::Challenge && self.page_open {
            self.asked.get_or_insert_with(clock::stamp); // the page has posted the CReq by itself
        }
        let device = self.device().map(drop);
        let turn = Turn { since, ..self.describe(request, problem.clone(), device) };
        self.sink.post(Event::TurnCame(self.run, Box::new(turn))).await;
    }

    fn describe(&self, request: &StepRequest, problem: Option<Problem>, device: Result<(), &'static str>) -> Turn {
        let (answers, limit) = match request.step {
            Step::Challenge if steps::is_app_challenge(request) => {
                // The sandbox takes the stand-in's word only while no SDK has spoken.
                let begun = device.is_ok() && self.sdk_has_sent();
                let stand_in = AppResult::ALL.into_iter().filter(|_| !begun).map(Answer::App);
                let ways = device.is_ok().then_some(Answer::Device).into_iter().chain(stand_in);
                (ways.collect(), Some(deadline::CHALLENGE))
            }
            Step::Confirm if self.in_the_app() && device.is_ok() => (vec![Answer::Device], None),
            Step::Challenge => (vec![Answer::Browser, Answer::Here, Answer::Abandon], Some(deadline::CHALLENGE)),
            Step::Authenticate | Step::Redirect => {
                (vec![Answer::Browser, Answer::Here, Answer::Abandon], Some(deadline::SESSION))
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
            step if self.asks_app(step) => match (device, self.aborted()) {
                (_, Some(problem)) => Some(problem.line()),
                (Ok(()), None) if step == Step::Confirm => Some(ON_DEVICE.to_owned()),
                (Ok(()), None) => None,
                (Err(why), None) if step == Step::Confirm => Some(format!("{IN_APP}. {why}")),
                (Err(why), None) => Some(why.to_owned()),
            },
            _ => self.sealing(request),
        };
        Turn { request: request.clone(), answers, page, since: clock::stamp(), limit, asked, notice, problem }
    }

    /// Takes in what the listener saw. True if it ends the step that is waited with.
    pub(super) async fn hear(&mut self, signal: Signal) -> bool {
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

    /// What a browser at our checkout page sees now.
    pub(super) fn show_page(&self, request: &StepRequest) {
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

    pub(super) fn show_end(&self) {
        let Some(meaning) = explain::meaning(&self.progress) else { return };
        self.visit.show(PageState::Done { success: meaning.go_on, title: meaning.title, sentence: meaning.sentence });
    }
}

/// The stand-in's request with this ending; a body that is edited beyond that stays.
pub(super) fn ending(request: StepRequest, result: AppResult) -> StepRequest {
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
