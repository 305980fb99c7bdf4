//! The scripted cardholder: does over HTTP what a browser and a person would do, with the
//! pages as they are served. Every request it makes is an exchange on the timeline.
//!
//! Reads pages with a real HTML parser, does on each what its script says, presses the
//! button a person would press, and passes the issuer's result on. Knows no issuer in
//! particular: what it cannot find on a page it says.

mod acts;
mod app;
mod page;
mod phone;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use url::Url;

use super::courier::Courier;
use super::method::METHOD_LIMIT;
use super::time::Time;
use crate::client::Outgoing;
use crate::model::exchange::{Headers, Step};
use crate::model::profile::Environment;
use crate::model::run::{Act, StepRequest};
use crate::model::scenario::Browser;
use crate::model::steps::{form, page_headers};
use crate::model::{Lane, Problem, RunId};
use acts::Turn;
use page::{Form, Page};
pub(super) use phone::Phone;

/// Pages and acts that a challenge or a hosted session may have before we give up.
const MOST_TURNS: usize = 40;

/// One visit of the scripted cardholder.
pub(super) struct Shopper<'a> {
    pub courier: &'a Arc<Courier>,
    pub run: RunId,
    pub environment: Environment,
    /// Where the shop's own addresses begin: requests there go to the merchant.
    pub shop: [&'a str; 2],
    pub browser: &'a Browser,
    pub time: &'a Time,
    /// `threeDSServerTransID`, once there is one.
    pub transaction: Option<&'a str>,
    /// Where the environment lets us look at it.
    pub phone: Option<Phone>,
}

/// What the hidden frame of the 3DS Method came to.
pub(super) enum Frame {
    /// The issuer's page notified the shop.
    Notified,
    /// It says nothing.
    Silent,
    /// It will notify when the shop no longer waits.
    Late(Box<Late>),
}

/// A notification that comes too late.
pub(super) struct Late {
    /// Since the frame was loaded.
    pub after: Duration,
    page: Page,
    form: Form,
}

/// How a visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The browser is back at the shop, or the issuer has its answer.
    Over,
    /// The shopper closed the page.
    Left,
}

/// Where a visit stands.
struct Walk<'a> {
    step: Step,
    acts: VecDeque<&'a Act>,
    /// The hosted page, which lies around the frame in which the challenge happens.
    start: Option<Url>,
    /// What opened the issuer's page, to post it again.
    opening: Option<Opening>,
    /// What is to be said of remembering the shop, with the next answer that can say it.
    trust: Option<bool>,
    method_done: bool,
}

#[derive(Clone)]
struct Opening {
    url: Url,
    headers: Headers,
    body: Bytes,
}

impl Shopper<'_> {
    /// Runs the 3DS Method as the hidden frame would: posts the form; where scripts run, what
    /// the issuer's page sees, then the form that it answers with.
    ///
    /// # Errors
    /// If a server did not answer, or refused.
    pub async fn method(&self, request: &StepRequest, declared: &Map<String, Value>) -> Result<Frame, Problem> {
        let page = self.go(Step::Method, request).await?;
        if !self.browser.javascript {
            return Ok(Frame::Silent); // nobody presses a button in a hidden frame
        }
        if self.environment == Environment::Embedded {
            self.show_facts(&page, declared).await?;
        }
        let forms = page.forms();
        let Some(form) = forms.into_iter().find(|form| form.has("threeDSMethodData")) else {
            return Ok(Frame::Silent);
        };
        if form.wait > METHOD_LIMIT {
            return Ok(Frame::Late(Box::new(Late { after: form.wait, page, form })));
        }
        if !form.wait.is_zero() {
            self.time.pass(Step::Method, form.wait).await?;
        }
        self.submit(Step::Method, &page, &form, Vec::new()).await.map(|_| Frame::Notified)
    }

    /// Posts a notification that is late.
    ///
    /// # Errors
    /// If nobody takes it.
    pub async fn notify(&self, late: &Late) -> Result<(), Problem> {
        self.submit(Step::Method, &late.page, &late.form, Vec::new()).await.map(drop)
    }

    /// What the script of our own issuer's Method page sees of the browser.
    async fn show_facts(&self, page: &Page, declared: &Map<String, Value>) -> Result<(), Problem> {
        let seen = |name: &str| self.browser.really.get(name).or_else(|| declared.get(name));
        let text = |name: &str| match seen(name) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let facts = json!({
            "userAgent": text("user_agent"), "languages": text("language"),
            "screen": format!("{}x{}", text("screen_width"), text("screen_height")),
            "colorDepth": text("color_depth"), "timezone": text("timezone"), "cookies": true,
            "java": seen("java_enabled").and_then(Value::as_bool).unwrap_or(false), "javascript": true,
            "touch": false, "webgl": "none", "framed": true,
        });
        let Ok(url) = page.url.join("/simulator/acs/3ds-method/facts") else { return Ok(()) };
        let body = json!({ "threeDSServerTransID": self.transaction, "facts": facts });
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        // The page goes on whatever becomes of it.
        self.load(Step::Method, "POST", url, headers, body.to_string().into()).await.map(drop)
    }

    /// Goes from page to page, act by act, until the browser is back at the shop.
    ///
    /// # Errors
    /// If a server did not answer, or a page has nothing that the next act can use.
    pub async fn visit(&self, request: &StepRequest, acts: &[Act]) -> Result<End, Problem> {
        let step = request.step;
        let page = self.go(step, request).await?;
        let hosted = step == Step::Redirect;
        let opening =
            Opening { url: page.url.clone(), headers: request.headers.clone(), body: request.body.clone().into() };
        let walk = Walk {
            step,
            acts: acts.iter().collect(),
            start: hosted.then(|| page.url.clone()),
            opening: (!hosted).then_some(opening),
            trust: None,
            method_done: false,
        };
        self.walk(walk, page).await
    }

    /// Ends the app's challenge through the stand-in.
    ///
    /// # Errors
    /// If the server did not answer, or refused.
    pub async fn app(&self, request: &StepRequest) -> Result<End, Problem> {
        self.go(request.step, request).await.map(|_| End::Over)
    }

    async fn walk(&self, mut walk: Walk<'_>, mut page: Page) -> Result<End, Problem> {
        let step = walk.step;
        for _ in 0..MOST_TURNS {
            if self.is_shop(&page.url) {
                return Ok(End::Over);
            }
            if let Some(target) = page.redirect() {
                page = self.fetch(step, "GET", target, page_headers(false), Bytes::new()).await?;
                continue;
            }
            let forms = page.forms();
            let by_field = |name: &str| forms.iter().find(|form| form.has(name));
            page = if let Some(result) = ["cres", "erro", "PaRes"].into_iter().find_map(by_field) {
                match self.hand_over(&mut walk, &page, result).await? {
                    Some(next) => next,
                    None => return Ok(End::Over),
                }
            } else if let Some(asks) = forms.iter().find(|form| form.asks()) {
                match self.act(&mut walk, &page, &forms, asks).await? {
                    Turn::Next(next) => *next,
                    Turn::Stay => page,
                    Turn::Leave => return Ok(End::Left),
                }
            } else if let Some(frame) = by_field("threeDSMethodData").filter(|_| !walk.method_done) {
                // The hidden frame: the method runs beside the page, which stays.
                walk.method_done = true;
                self.frame(step, &page, frame).await;
                page
            } else if let Some(opens) = ["creq", "PaReq"].into_iter().find_map(by_field) {
                let url = target(step, &page, opens, None)?;
                let body = form(&pairs(&opens.fields)).into();
                let opening = Opening { url, headers: page_headers(true), body };
                walk.opening = Some(opening.clone());
                self.fetch(step, "POST", opening.url, opening.headers, opening.body).await?
            } else if let Some(next) = by_field("browserUserAgent") {
                self.submit(step, &page, next, Vec::new()).await?
            } else {
                return Err(nothing_to_do(step, &page));
            };
        }
        Err(Problem::of(
            format!("{step}: no end after {MOST_TURNS} pages"),
            "Open the page in your browser to see where it goes round in circles",
        ))
    }

    /// Passes the issuer's result on to the shop. The page that the browser comes to; `None`
    /// if that is the end.
    async fn hand_over(&self, walk: &mut Walk<'_>, page: &Page, result: &Form) -> Result<Option<Page>, Problem> {
        let step = walk.step;
        let told = self.submit(step, page, result, Vec::new()).await?;
        if walk.acts.contains(&&Act::Replay) {
            walk.acts.clear();
            self.again(walk).await?;
        }
        if step == Step::Authenticate {
            return Ok(None); // TermUrl has it: the API reads it, and we read the API
        }
        if told.redirect().is_some() {
            return Ok(Some(told));
        }
        match walk.start.clone().filter(|_| !self.is_shop(&told.url)) {
            // The hosted page lies around the frame in which this happened: it looks again.
            Some(start) => self.fetch(step, "GET", start, page_headers(false), Bytes::new()).await.map(Some),
            None => Ok(Some(told)),
        }
    }

    /// Opens the issuer's page once more. The page, if it still asks; what it hands over
    /// instead goes to the shop, as its script would have it.
    async fn again(&self, walk: &Walk<'_>) -> Result<Option<Page>, Problem> {
        let Some(Opening { url, headers, body }) = walk.opening.clone() else { return Ok(None) };
        let page = self.load(walk.step, "POST", url, headers, body).await?;
        let forms = page.forms();
        if let Some(result) = ["cres", "erro"].into_iter().find_map(|name| forms.iter().find(|form| form.has(name))) {
            self.submit(walk.step, &page, result, Vec::new()).await?;
            return Ok(None);
        }
        Ok(forms.iter().any(Form::asks).then_some(page))
    }

    /// Runs the 3DS Method of a hosted page, whose answer stays in its frame. What goes wrong
    /// there can be seen in its rows, and changes nothing for the page around it.
    async fn frame(&self, step: Step, page: &Page, form: &Form) {
        let Ok(inside) = self.submit(step, page, form, Vec::new()).await else { return };
        let forms = inside.forms();
        let notice = forms.iter().find(|form| form.has("threeDSMethodData") && form.wait <= METHOD_LIMIT);
        if let Some(notice) = notice.filter(|_| self.browser.javascript) {
            self.submit(step, &inside, notice, Vec::new()).await.ok();
        }
    }

    /// Sends a form with these fields in place of its own, by the button a person would press.
    async fn submit(
        &self,
        step: Step,
        page: &Page,
        form: &Form,
        mut with: Vec<(String, String)>,
    ) -> Result<Page, Problem> {
        with.extend(form.going_on().map(page::Button::fields).unwrap_or_default());
        self.submit_with(step, page, form, &with, None).await
    }

    async fn submit_with(
        &self,
        step: Step,
        page: &Page,
        what: &Form,
        with: &[(String, String)],
        action: Option<&String>,
    ) -> Result<Page, Problem> {
        let own = what.fields.iter().filter(|(name, _)| !with.iter().any(|(other, _)| other == name));
        let fields: Vec<(&str, &str)> = own.chain(with).map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let target = target(step, page, what, action)?;
        self.fetch(step, "POST", target, page_headers(true), form(&fields).into()).await
    }

    async fn go(&self, step: Step, request: &StepRequest) -> Result<Page, Problem> {
        let url = Url::parse(&request.url).map_err(|error| {
            Problem::of(format!("{step}: {:?} is no address: {error}", request.url), "Mend the address and send again")
        })?;
        let body = Bytes::from(request.body.clone());
        self.fetch(step, &request.method, url, request.headers.clone(), body).await
    }

    async fn fetch(&self, step: Step, method: &str, url: Url, headers: Headers, body: Bytes) -> Result<Page, Problem> {
        let page = self.load(step, method, url, headers, body).await?;
        if page.answer.status >= 400 {
            return Err(Problem::of(
                format!("{step}: {} answered {}", page.url.host_str().unwrap_or_default(), page.answer.status),
                "Look at the answer in the inspector, then try again",
            ));
        }
        Ok(page)
    }

    /// Whatever is answered.
    async fn load(&self, step: Step, method: &str, url: Url, headers: Headers, body: Bytes) -> Result<Page, Problem> {
        let to = if self.is_shop(&url) {
            Lane::Merchant
        } else if url.path().contains("/sessions-interceptor/") {
            Lane::Sessions
        } else {
            Lane::Issuer
        };
        let out =
            Outgoing { step, from: Lane::Browser, to, method: method.into(), url: url.to_string(), headers, body };
        let answer = self.time.hurry(step, self.courier.browse(self.run, self.environment, out)).await?;
        Ok(Page { url, answer })
    }

    fn is_shop(&self, url: &Url) -> bool {
        self.shop.iter().any(|base| url.as_str().starts_with(base))
    }
}

fn pairs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn target(step: Step, page: &Page, form: &Form, action: Option<&String>) -> Result<Url, Problem> {
    page.url.join(action.unwrap_or(&form.action)).map_err(|error| {
        Problem::of(
            format!("{step}: the page's form leads to no address: {error}"),
            "Look at the page in the inspector",
        )
    })
}

fn nothing_to_do(step: Step, page: &Page) -> Problem {
    Problem::of(
        format!("{step}: the scripted cardholder finds nothing to do on {}", page.url.path()),
        "Open the page in your browser and answer it there",
    )
}
