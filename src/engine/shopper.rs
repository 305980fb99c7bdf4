//! The scripted cardholder: does over HTTP what a browser and a person would do, with the
//! pages as they are served. Every request it makes is an exchange on the timeline.
//!
//! Reads pages with a real HTML parser, fills in the one field that asks for a password,
//! presses the button a person would press, and passes the issuer's result on. Knows no
//! issuer in particular: what it cannot find on a page it says.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::courier::Courier;
use crate::client::Outgoing;
use crate::model::exchange::{Headers, Response, Step, header};
use crate::model::profile::Environment;
use crate::model::run::{Act, StepRequest};
use crate::model::steps::{form, page_headers};
use crate::model::{Lane, Problem, RunId};

/// The published password of every test challenge. Source: sessions-api.md 7.
const PASSWORD: &str = "Checkout1!";
/// Pages a challenge or a hosted session may have before we give up.
const MOST_PAGES: usize = 24;

/// One visit of the scripted cardholder.
pub(super) struct Shopper<'a> {
    pub courier: &'a Arc<Courier>,
    pub run: RunId,
    pub environment: Environment,
    /// Where the shop's own addresses begin: requests there go to the merchant.
    pub shop: [&'a str; 2],
}

/// A page and where it came from.
struct Page {
    url: Url,
    answer: Response,
}

impl Shopper<'_> {
    /// Runs the 3DS Method: posts the form, then the form that the issuer's page answers with.
    ///
    /// # Errors
    /// If a server did not answer, or the issuer's page has no notification form.
    pub async fn method(&self, request: &StepRequest) -> Result<(), Problem> {
        let page = self.go(Step::Method, request).await?;
        let forms = page.forms();
        let notice = forms.iter().find(|form| form.has("threeDSMethodData")).ok_or_else(|| {
            Problem::of(
                "3DS Method: the issuer's page has no notification form",
                "Go on with three_ds_method_completion N, or open the page in your browser",
            )
        })?;
        self.submit(Step::Method, &page, notice, None).await.map(drop)
    }

    /// Answers a challenge, act by act, and passes the result on to the notification address.
    ///
    /// # Errors
    /// If a server did not answer, or a page has nothing that the next act can use.
    pub async fn challenge(&self, request: &StepRequest, acts: &[Act]) -> Result<(), Problem> {
        let page = self.go(Step::Challenge, request).await?;
        self.walk(Step::Challenge, page, acts).await
    }

    /// Answers the page of 3-D Secure 1 and takes its `PaRes` to `TermUrl`.
    ///
    /// # Errors
    /// As [`Shopper::challenge`].
    pub async fn authenticate(&self, request: &StepRequest, acts: &[Act]) -> Result<(), Problem> {
        let page = self.go(Step::Authenticate, request).await?;
        self.walk(Step::Authenticate, page, acts).await
    }

    /// Ends the app's challenge through the stand-in.
    ///
    /// # Errors
    /// If the server did not answer, or refused.
    pub async fn app(&self, request: &StepRequest) -> Result<(), Problem> {
        self.go(request.step, request).await.map(drop)
    }

    /// Goes through a hosted page to the shop's success or failure page.
    ///
    /// # Errors
    /// As [`Shopper::challenge`].
    pub async fn hosted(&self, request: &StepRequest, acts: &[Act]) -> Result<(), Problem> {
        let page = self.go(Step::Redirect, request).await?;
        self.walk(Step::Redirect, page, acts).await
    }

    async fn walk(&self, step: Step, mut page: Page, acts: &[Act]) -> Result<(), Problem> {
        let mut acts: VecDeque<&Act> = acts.iter().collect();
        let mut method_done = false;
        let start = (step == Step::Redirect).then(|| page.url.clone());
        for _ in 0..MOST_PAGES {
            if self.is_shop(&page.url) {
                return Ok(());
            }
            if let Some(target) = page.redirect() {
                page = self.fetch(step, "GET", target, page_headers(false), Bytes::new()).await?;
                continue;
            }
            let forms = page.forms();
            let asks = forms.iter().find(|form| form.password().is_some());
            let by_field = |name: &str| forms.iter().find(|form| form.has(name));
            page = if let Some(result) = by_field("cres").or_else(|| by_field("PaRes")) {
                let told = self.submit(step, &page, result, None).await?;
                if step == Step::Authenticate {
                    return Ok(()); // TermUrl has it: the API reads it, and we read the API
                }
                if told.redirect().is_some() {
                    page = told;
                    continue;
                }
                match start.clone().filter(|_| !self.is_shop(&told.url)) {
                    // The hosted page lies around the frame in which this happened: it looks again.
                    Some(start) => self.fetch(step, "GET", start, page_headers(false), Bytes::new()).await?,
                    None => told,
                }
            } else if let Some(asks) = asks {
                let act = acts.pop_front().unwrap_or(&Act::EnterOffered);
                self.act(step, &page, &forms, asks, act).await?
            } else if let Some(frame) = by_field("threeDSMethodData").filter(|_| !method_done) {
                // The hidden frame: the method runs beside the page, which stays.
                method_done = true;
                self.frame(step, &page, frame).await?;
                page
            } else if let Some(next) = ["creq", "PaReq", "browserUserAgent"].into_iter().find_map(by_field) {
                self.submit(step, &page, next, None).await?
            } else {
                return Err(nothing_to_do(step, &page));
            };
        }
        Err(Problem::of(
            format!("{step}: no end after {MOST_PAGES} pages"),
            "Open the page in your browser to see where it goes round in circles",
        ))
    }

    async fn act(&self, step: Step, page: &Page, forms: &[Form], asks: &Form, act: &Act) -> Result<Page, Problem> {
        let typed = match act {
            Act::Enter(text) => text.as_str(),
            Act::EnterOffered => PASSWORD,
            Act::TimeOut => {
                return Err(Problem::of(
                    format!("{step}: a page has no time to let run out from here"),
                    "time_out is for the app's challenge; on pages, move the sandbox's clock instead",
                ));
            }
            Act::EnterEarlier
            | Act::Resend
            | Act::Choose(_)
            | Act::Tick
            | Act::Continue
            | Act::Phone(_)
            | Act::Trust(_)
            | Act::Wait(_)
            | Act::Reload
            | Act::Replay
            | Act::Leave => return Err(nothing_to_do(step, page)),
            Act::Cancel => {
                let place = forms.iter().find_map(|form| form.cancel().map(|button| (form, button)));
                let (form, button) = place.ok_or_else(|| nothing_to_do(step, page))?;
                return self.submit_with(step, page, form, button.fields(), button.action.as_ref()).await;
            }
        };
        let field = asks.password().unwrap_or_default();
        self.submit(step, page, asks, Some((field, typed))).await
    }

    /// Runs the 3DS Method of a hosted page, whose answer stays in its frame.
    async fn frame(&self, step: Step, page: &Page, form: &Form) -> Result<(), Problem> {
        let inside = self.submit(step, page, form, None).await?;
        let forms = inside.forms();
        if let Some(notice) = forms.iter().find(|form| form.has("threeDSMethodData")) {
            self.submit(step, &inside, notice, None).await?;
        }
        Ok(())
    }

    async fn submit(&self, step: Step, page: &Page, form: &Form, typed: Option<(&str, &str)>) -> Result<Page, Problem> {
        let typed = typed.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let mut fields: Vec<(String, String)> = typed.into_iter().collect();
        let mut going_on = form.buttons.iter().filter(|button| !button.cancels());
        let named = going_on.clone().find(|button| button.id == "txtButton");
        if let Some(button) = named.or_else(|| going_on.next()) {
            fields.extend(button.fields());
        }
        self.submit_with(step, page, form, fields, None).await
    }

    async fn submit_with(
        &self,
        step: Step,
        page: &Page,
        what: &Form,
        with: Vec<(String, String)>,
        action: Option<&String>,
    ) -> Result<Page, Problem> {
        let mut fields: Vec<(&str, &str)> = Vec::new();
        for (name, value) in &what.fields {
            if !with.iter().any(|(own, _)| own == name) {
                fields.push((name, value));
            }
        }
        fields.extend(with.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let target = page.url.join(action.unwrap_or(&what.action)).map_err(|error| {
            Problem::of(
                format!("{step}: the page's form leads to no address: {error}"),
                "Look at the page in the inspector",
            )
        })?;
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
        let to = if self.is_shop(&url) {
            Lane::Merchant
        } else if url.path().contains("/sessions-interceptor/") {
            Lane::Sessions
        } else {
            Lane::Issuer
        };
        let out =
            Outgoing { step, from: Lane::Browser, to, method: method.into(), url: url.to_string(), headers, body };
        let answer = self.courier.browse(self.run, self.environment, out).await?;
        if answer.status >= 400 {
            return Err(Problem::of(
                format!("{step}: {} answered {}", url.host_str().unwrap_or_default(), answer.status),
                "Look at the answer in the inspector, then try again",
            ));
        }
        Ok(Page { url, answer })
    }

    fn is_shop(&self, url: &Url) -> bool {
        self.shop.iter().any(|base| url.as_str().starts_with(base))
    }
}

fn nothing_to_do(step: Step, page: &Page) -> Problem {
    Problem::of(
        format!("{step}: the scripted cardholder finds nothing to do on {}", page.url.path()),
        "Open the page in your browser and answer it there",
    )
}

impl Page {
    fn redirect(&self) -> Option<Url> {
        let location = header(&self.answer.headers, "Location")?;
        (300..400).contains(&self.answer.status).then(|| self.url.join(location).ok()).flatten()
    }

    fn forms(&self) -> Vec<Form> {
        let html = Html::parse_document(&String::from_utf8_lossy(&self.answer.body));
        select("form").map(|forms| html.select(&forms).map(Form::read).collect()).unwrap_or_default()
    }
}

fn select(what: &str) -> Option<Selector> {
    Selector::parse(what).ok()
}

/// A form as it stands on a page.
struct Form {
    action: String,
    fields: Vec<(String, String)>,
    password: Option<String>,
    buttons: Vec<Button>,
}

/// A button of a form.
struct Button {
    id: String,
    label: String,
    name: Option<String>,
    value: String,
    action: Option<String>,
}

impl Form {
    fn read(form: ElementRef<'_>) -> Self {
        let mut read = Self {
            action: form.attr("action").unwrap_or_default().to_owned(),
            fields: Vec::new(),
            password: None,
            buttons: Vec::new(),
        };
        let Some(parts) = select("input, button, textarea") else { return read };
        for part in form.select(&parts) {
            let name = part.attr("name").map(str::to_owned);
            let value = part.attr("value").unwrap_or_default().to_owned();
            let kind = part.attr("type").unwrap_or(if part.value().name() == "button" { "submit" } else { "text" });
            match (kind, name) {
                ("submit" | "button", name) => read.buttons.push(Button {
                    id: part.attr("id").unwrap_or_default().to_owned(),
                    label: part.text().collect::<String>().trim().to_owned(),
                    name,
                    value,
                    action: part.attr("formaction").map(str::to_owned),
                }),
                ("checkbox" | "radio", _) if part.attr("checked").is_none() => (),
                ("password", Some(name)) => read.password = Some(name),
                (_, Some(name)) if part.attr("id") == Some("password") => read.password = Some(name),
                (_, Some(name)) => read.fields.push((name, value)),
                (_, None) => (),
            }
        }
        read
    }

    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(own, _)| own == name)
    }

    fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    fn cancel(&self) -> Option<&Button> {
        self.buttons.iter().find(|button| button.cancels())
    }
}

impl Button {
    fn cancels(&self) -> bool {
        self.id == "cancelButton" || self.label.eq_ignore_ascii_case("cancel")
    }

    fn fields(&self) -> Vec<(String, String)> {
        self.name.iter().map(|name| (name.clone(), self.value.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bank_page_is_read_as_a_person_would() {
        let html = r#"<form id="form" action="/go"><input type="hidden" name="t" value="a&amp;b">
            <input id="password" name="password" type="password"><input type="checkbox" name="remember" value="1">
            <button id="txtButton">Continue</button>
            <button id="cancelButton" name="act" value="cancel" formaction="/stop">Cancel</button></form>"#;
        let answer = Response {
            status: 200,
            version: "HTTP/1.1".into(),
            headers: Vec::new(),
            body: Bytes::from_static(html.as_bytes()),
            dropped_bytes: 0,
            cut: None,
        };
        let page = Page { url: Url::parse("http://127.0.0.1:1/x").expect("an address"), answer };
        let forms = page.forms();
        let form = forms.first().expect("one form");
        assert_eq!(form.password(), Some("password"));
        assert_eq!(form.fields, [("t".to_owned(), "a&b".to_owned())]);
        let cancel = form.cancel().expect("a cancel button");
        assert_eq!((cancel.action.as_deref(), cancel.fields()), (Some("/stop"), vec![("act".into(), "cancel".into())]));
    }
}
