//! The issuer: the 3DS Method page and the challenge page of an invented bank.
//!
//! Promises: the element ids that existing UI automation knows; the result is stored
//! before the page that posts the CRes is sent; a repeated CReq resumes; every page works
//! without JavaScript and inside a frame. Source: emv-3ds.md 2.1, 2.2; sessions-api.md 6.3.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use minijinja::context;
use serde_json::{Value, json};
use url::Url;

use super::answer::{Answer, Call, Fault, field};
use super::bank::{self, PASSWORD, policy, text_message};
use super::cards::Method;
use super::fields::Object;
use super::keys::{base64url, decode_base64url};
use super::scheme::{browser_message, conclude, cres, erro};
use super::session::{End, Place, Session, Status, TRIES};
use super::state::Pending;
use super::validate::Completion;
use super::{Shared, hosted};
use crate::model::Lane;
use crate::page::Pages;

/// Longest `threeDSSessionData` after encoding. Source: emv-3ds.md 2.2.
const SESSION_DATA: usize = 1024;
/// How late a late page notifies, in milliseconds. Source: emv-3ds.md 6.1.
const LATE: u32 = 12_000;
/// Longest list of browser facts that is kept, in bytes.
const FACTS: usize = 2048;

type App = State<Arc<Shared>>;

/// The issuer's paths.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/simulator/acs/3ds-method", post(method))
        .route("/simulator/acs/3ds-method/facts", post(facts))
        .route("/simulator/acs/challenge", post(challenge))
}

/// All pages of the sandbox.
pub(super) fn pages() -> Pages {
    macro_rules! page {
        ($name:literal) => {
            ($name, include_str!(concat!("../../assets/sandbox/", $name)))
        };
    }
    let pages = Pages::new(&[
        page!("bank.css"),
        page!("shop.css"),
        page!("method.html"),
        page!("challenge.html"),
        page!("handover.html"),
        page!("refused.html"),
        page!("device.html"),
        page!("frame.html"),
        page!("returned.html"),
        page!("arrived.html"),
        page!("notice.html"),
    ]);
    pages.expect("the templates are part of the program, and every test loads them")
}

/// Where the browser takes the CRes.
pub(super) fn notification_url(session: &Session, base: &str) -> String {
    match &session.draft.completion {
        Completion::NonHosted { challenge_notification_url: Some(url), .. } => url.clone(),
        _ => format!("{base}/sessions-interceptor/{}/challenge-response", session.id),
    }
}

pub(super) fn is_web_address(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn with_status(mut response: Response, status: StatusCode) -> Response {
    *response.status_mut() = status;
    response
}

/// The JSON object behind a base64url form field.
pub(super) fn decoded(text: &str) -> Option<Object> {
    match serde_json::from_slice(&decode_base64url(text)?) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// `POST /simulator/acs/3ds-method`.
async fn method(State(app): App, call: Call) -> Response {
    let form = call.form();
    let refuse = |sentence: &str| bank::refuse(&app, "This 3DS Method request cannot be read", sentence);
    let Some(text) = field(&form, "threeDSMethodData") else {
        return refuse("The form field threeDSMethodData is missing.");
    };
    let Some(data) = decoded(text) else {
        return refuse("threeDSMethodData is not the base64url of a JSON object.");
    };
    let Some(transaction) = data.get("threeDSServerTransID").and_then(Value::as_str) else {
        return refuse("threeDSServerTransID is missing.");
    };
    let address = data.get("threeDSMethodNotificationURL").and_then(Value::as_str).unwrap_or_default();
    if !is_web_address(address) {
        return refuse("threeDSMethodNotificationURL is missing, or is no http or https address.");
    }
    let kind = app.lock().by_transaction(transaction).map_or(Method::Present, |session| session.range.method);
    if kind == Method::Broken {
        let sentence = "The issuer's page is broken on purpose.";
        return hosted::notice(&app, StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", sentence);
    }
    let answer = json!({"threeDSServerTransID": transaction});
    let page = context! {
        address,
        transaction,
        silent => kind == Method::Silent,
        wait => if kind == Method::Late { LATE } else { 0 },
        data => base64url(answer.to_string().as_bytes()),
    };
    app.pages.respond("method.html", page, &policy(Some(address)))
}

/// What the method page saw of the browser: kept with the session, shown by the control API.
async fn facts(State(app): App, call: Call) -> Answer {
    let kind = call.header(&CONTENT_TYPE).unwrap_or_default();
    if !kind.starts_with("application/json") || call.body.len() > FACTS {
        return Err(Fault::invalid(vec!["facts_invalid".to_owned()]));
    }
    let body: Object =
        serde_json::from_slice(&call.body).map_err(|_| Fault::invalid(vec!["json_invalid".to_owned()]))?;
    let transaction = body.get("threeDSServerTransID").and_then(Value::as_str).unwrap_or_default();
    if let (Some(session), Some(facts)) = (app.lock().by_transaction(transaction), body.get("facts")) {
        session.method_facts = Some(facts.to_string());
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A challenge request that the issuer cannot take.
struct Refusal {
    code: &'static str,
    detail: &'static str,
    sentence: &'static str,
}

impl Refusal {
    fn new(code: &'static str, detail: &'static str, sentence: &'static str) -> Self {
        Self { code, detail, sentence }
    }
}

/// Checks a CReq as far as it can be checked without a session. Source: emv-3ds.md 2.2, 3.7.
fn read_creq(form: &[(String, String)]) -> Result<Object, Refusal> {
    let text = field(form, "creq").ok_or(Refusal::new("201", "creq", "The form field creq is missing."))?;
    let unreadable = Refusal::new("101", "creq", "creq is not the base64url of a JSON object.");
    let creq = decoded(text).ok_or(unreadable)?;
    for name in ["threeDSServerTransID", "acsTransID", "messageType", "messageVersion", "challengeWindowSize"] {
        if creq.get(name).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(Refusal::new("201", name, "A required element of the CReq is missing."));
        }
    }
    if creq["messageType"] != "CReq" {
        return Err(Refusal::new("101", "messageType", "The message is not a CReq."));
    }
    if !matches!(creq["challengeWindowSize"].as_str(), Some("01" | "02" | "03" | "04" | "05")) {
        return Err(Refusal::new("203", "challengeWindowSize", "The window size is none of 01 to 05."));
    }
    if field(form, "threeDSSessionData").is_some_and(|data| data.len() > SESSION_DATA) {
        return Err(Refusal::new("203", "threeDSSessionData", "threeDSSessionData is longer than 1024 characters."));
    }
    Ok(creq)
}

/// Checks a CReq against its session.
fn fits(creq: &Object, session: &Session) -> Result<(), Refusal> {
    let acs = session.acs.as_ref().map(|acs| acs.transaction_id.as_str());
    let given = creq["acsTransID"].as_str();
    if !given.zip(acs).is_some_and(|(given, own)| given.eq_ignore_ascii_case(own)) {
        return Err(Refusal::new("301", "acsTransID", "The issuer knows no such transaction."));
    }
    if creq["messageVersion"] != session.version {
        return Err(Refusal::new("203", "messageVersion", "The message version changed inside the transaction."));
    }
    if session.challenge.as_ref().is_none_or(|challenge| challenge.place != Place::Browser) {
        return Err(Refusal::new("305", "acsTransID", "No challenge was asked for in a browser."));
    }
    Ok(())
}

/// What the shopper did.
pub(super) enum Input<'a> {
    /// The CReq itself, or the browser's reload of it.
    Open,
    Password {
        interaction: Option<u8>,
        text: &'a str,
    },
    Resend,
    Cancel,
}

pub(super) fn input(form: &[(String, String)]) -> Input<'_> {
    if field(form, "cancel").is_some() {
        Input::Cancel
    } else if field(form, "resend").is_some() {
        Input::Resend
    } else if let Some(text) = field(form, "password") {
        Input::Password { interaction: field(form, "interaction").and_then(|text| text.parse().ok()), text }
    } else {
        Input::Open
    }
}

/// `POST /simulator/acs/challenge`.
async fn challenge(State(app): App, call: Call) -> Response {
    let form = call.form();
    let creq = match read_creq(&form) {
        Ok(creq) => creq,
        Err(refusal) => return refused(&app, &call, None, &refusal).await,
    };
    let transaction = creq["threeDSServerTransID"].as_str().unwrap_or_default();
    let id = app.lock().by_transaction(transaction).map(|session| session.id.clone());
    let Some(id) = id else {
        let refusal = Refusal::new("301", "threeDSServerTransID", "The issuer knows no such transaction.");
        return refused(&app, &call, None, &refusal).await;
    };
    app.lapse(&id).await;
    let taken = take(&app, &id, &creq, &input(&form));
    match taken {
        Err(refusal) => refused(&app, &call, Some(&id), &refusal).await,
        Ok((pending, mistake)) => {
            app.post(pending).await;
            page(&app, &call, &form, &id, mistake)
        }
    }
}

/// Folds the shopper's input in. True: the password was wrong.
fn take(app: &Shared, id: &str, creq: &Object, input: &Input) -> Result<(Pending, bool), Refusal> {
    let mut store = app.lock();
    let gone = || Refusal::new("301", "threeDSServerTransID", "The issuer knows no such transaction.");
    let session = store.sessions.get_mut(id).ok_or_else(gone)?;
    fits(creq, session)?;
    if session.status != Status::Challenged {
        return Ok((Pending::default(), false)); // over: the page hands over again
    }
    let now = app.clock.passed();
    let mut said = Vec::new();
    let mut phone = false;
    let mut end = None;
    let mut mistake = false;
    if let Some(challenge) = &mut session.challenge {
        let first = challenge.touched.replace(now).is_none();
        match input {
            Input::Open => {
                phone = first;
                let gist = if first { "opens the challenge" } else { "again: the page was reloaded" };
                let body = Value::Object(creq.clone());
                said.push(browser_message(session, "CReq", (Lane::Browser, Lane::Issuer), gist.to_owned(), &body));
            }
            Input::Resend => phone = true,
            Input::Cancel => end = Some(End::Cancelled),
            // Only the page that is open now counts; a reloaded answer does not count twice.
            Input::Password { interaction: Some(page), text } if *page == challenge.interactions => {
                let tries = tried(text, &mut challenge.interactions, &mut challenge.wrong);
                mistake = tries != Try::Right;
                end = match tries {
                    Try::Right => Some(End::Answered(challenge.outcome)),
                    Try::Last => Some(End::TooManyTries),
                    Try::Wrong => None,
                };
            }
            Input::Password { .. } => (),
        }
    }
    if let Some(end) = end {
        said.extend(finish(app, session, end));
    }
    let message = phone.then(|| text_message(session));
    let mut pending = Pending::after(&mut store, id, said);
    pending.phone = message;
    Ok((pending, mistake && end.is_none()))
}

/// What an answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Try {
    Right,
    Wrong,
    /// Wrong, and no other is taken.
    Last,
}

/// Counts an answer.
pub(super) fn tried(text: &str, interactions: &mut u8, wrong: &mut u8) -> Try {
    *interactions = interactions.saturating_add(1);
    if text == PASSWORD {
        return Try::Right;
    }
    *wrong = wrong.saturating_add(1);
    if *wrong >= TRIES { Try::Last } else { Try::Wrong }
}

/// Ends a challenge: the result first, then the CRes. Source: emv-3ds.md 1.2, rule 3.
pub(super) fn finish(app: &Shared, session: &mut Session, end: End) -> Vec<crate::model::scheme::SchemeMessage> {
    let mut said = conclude(app, session, end);
    if let Some(cres) = cres(session) {
        let gist = format!("transStatus {}", cres["transStatus"].as_str().unwrap_or_default());
        said.push(browser_message(session, "CRes", (Lane::Issuer, Lane::Browser), gist, &cres));
    }
    said
}

/// The page the shopper sees now: the question, or the way back.
fn page(app: &Shared, call: &Call, form: &[(String, String)], id: &str, mistake: bool) -> Response {
    let store = app.lock();
    let Some(session) = store.sessions.get(id) else {
        return hosted::notice(
            app,
            StatusCode::NOT_FOUND,
            "This payment is no longer known",
            "Start again in the shop.",
        );
    };
    let session_data = field(form, "threeDSSessionData").map(|data| ("threeDSSessionData", data));
    let address = notification_url(session, &call.base);
    if session.status.is_final() {
        let cres = base64url(cres(session).unwrap_or_default().to_string().as_bytes());
        let hidden: Vec<_> = [("cres", cres.as_str())].into_iter().chain(session_data).collect();
        return bank::hand_over(app, session.status, &address, &hidden);
    }
    let Some(challenge) = &session.challenge else {
        return hosted::notice(app, StatusCode::BAD_REQUEST, "There is nothing to confirm", "Return to the shop.");
    };
    let creq = ("creq", field(form, "creq").unwrap_or_default());
    let question = bank::Question {
        screen: bank::Screen::default(),
        step: "challenge",
        hidden: [creq].into_iter().chain(session_data).collect(),
        interactions: challenge.interactions,
        wrong: challenge.wrong,
        mistake,
        resent: field(form, "resend").is_some(),
        address: &address,
    };
    bank::ask(app, session, &question)
}

/// The page for a challenge request that cannot be taken: readable, with the protocol's own error.
async fn refused(app: &Arc<Shared>, call: &Call, id: Option<&str>, refusal: &Refusal) -> Response {
    let mut pending = Pending::default();
    let mut body = json!({
        "messageType": "Erro", "messageVersion": "2.2.0", "errorCode": refusal.code, "errorComponent": "A",
        "errorDescription": refusal.sentence, "errorDetail": refusal.detail, "errorMessageType": "CReq",
    });
    let mut address = None;
    if let Some(id) = id {
        let mut store = app.lock();
        if let Some(session) = store.sessions.get(id) {
            body = erro(session, refusal.code, "A", "CReq", refusal.sentence);
            body["errorDetail"] = refusal.detail.into();
            address = Some(notification_url(session, &call.base));
            let gist = format!("errorCode {}", refusal.code);
            let said = vec![browser_message(session, "Erro", (Lane::Issuer, Lane::Browser), gist, &body)];
            pending = Pending { ended: None, ..Pending::after(&mut store, id, said) };
        }
    }
    app.post(pending).await;
    let page = context! {
        title => "This challenge request cannot be read",
        sentence => refusal.sentence,
        code => refusal.code,
        detail => refusal.detail,
        erro => serde_json::to_string_pretty(&body).unwrap_or_default(),
        encoded => base64url(body.to_string().as_bytes()),
        address => address.as_deref(),
        session_data => field(&call.form(), "threeDSSessionData").filter(|data| data.len() <= SESSION_DATA),
    };
    with_status(app.pages.respond("refused.html", page, &policy(address.as_deref())), StatusCode::BAD_REQUEST)
}
