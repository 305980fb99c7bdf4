//! The issuer: the 3DS Method page and the challenge page of an invented bank.
//!
//! Promises: the element ids that existing UI automation knows; the result is stored
//! before the page that posts the CRes is sent, unless a fault holds it back; a repeated CReq
//! resumes; every page works without JavaScript and inside a frame. Source: emv-3ds.md 2.1, 2.2; sessions-api.md 6.3.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::context;
use serde_json::{Value, json};
use url::Url;

use super::Shared;
use super::answer::{Answer, Call, Fault, answer_json, field};
use super::bank::{self, policy};
use super::cards::Method;
use super::faults;
use super::fields::Object;
use super::keys::{base64url, decode_base64url};
use super::scheme::{
    Talk, altered, browser_message, conclude, cres, erro, offers_trust, script, spc_open, take_fault, tell,
};
use super::session::{Challenge, End, Place, Session, Status};
use super::state::Pending;
use super::turn::{Input, RESENDS, Seen, Turn, input, page_kind};
use super::validate::Completion;
use crate::model::Lane;
use crate::model::scenario::{BankId, Fault as Planned, FaultKind, Hop, PageKind, Version};
use crate::model::scheme::{METHOD_DATA, SchemeMessage};
use crate::page::Pages;

/// Longest `threeDSSessionData` after encoding. Source: emv-3ds.md 2.2.
const SESSION_DATA: usize = 1024;
/// Longest `threeDSMethodNotificationURL`, before 2.3.1 and from then on. Source: emv-3ds.md 1.8.
const NOTIFICATION_URL: usize = 256;
/// See [`NOTIFICATION_URL`].
const NOTIFICATION_URL_231: usize = 2048;
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
        .route("/simulator/acs/out-of-band/{id}", get(out_of_band))
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
        page!("app.html"),
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
    let (kind, fault) = {
        let mut store = app.lock();
        let session = store.by_transaction(transaction);
        let modern = session.as_ref().is_some_and(|session| session.version == Version::V231.word());
        if address.len() > if modern { NOTIFICATION_URL_231 } else { NOTIFICATION_URL } {
            return refuse("threeDSMethodNotificationURL is longer than the version allows.");
        }
        session
            .map_or((Method::Present, None), |session| (session.range.method, take_fault(&app, session, Hop::Method)))
    };
    let answer = json!({"threeDSServerTransID": transaction}).to_string().into_bytes();
    let handed = match fault {
        None => Handed::plain(&answer),
        Some(fault) => {
            let handed = Handed::with(&answer, &fault);
            say_fault(&app, transaction, &fault, &handed).await;
            handed
        }
    };
    let status = handed.status.or((kind == Method::Broken).then_some(StatusCode::INTERNAL_SERVER_ERROR));
    if let Some(status) = status {
        let sentence = "The issuer's page is broken on purpose.";
        return bank::notice(&app, status, "Something went wrong", sentence);
    }
    if handed.closed {
        return faults::cut_off();
    }
    let late = if kind == Method::Late { LATE } else { 0 };
    let page = context! {
        address,
        transaction,
        silent => handed.lost || kind == Method::Silent,
        wait => late.max(u32::try_from(handed.wait.as_millis()).unwrap_or(u32::MAX)),
        data => handed.text,
    };
    let mut response = app.pages.respond("method.html", page, &policy(Some(address)));
    // Of another site than the shop: whether it comes back tells how the browser treats such cookies.
    response.headers_mut().append(SET_COOKIE, HeaderValue::from_static(SEEN));
    response
}

/// What a browser that lets other sites keep cookies brings back. It must be readable by the
/// page's script, and says nothing.
const SEEN: &str = "sbx-acs=1; Path=/simulator/acs; Max-Age=600; SameSite=None; Secure";

/// A message that a page hands to the browser, after a fault.
struct Handed {
    /// In base64url, or what a fault made of it.
    text: String,
    wait: Duration,
    lost: bool,
    closed: bool,
    status: Option<StatusCode>,
    /// The content, if it is not what was meant.
    altered: Option<Vec<u8>>,
}

impl Handed {
    fn plain(body: &[u8]) -> Self {
        let text = base64url(body);
        Self { text, wait: Duration::ZERO, lost: false, closed: false, status: None, altered: None }
    }

    fn with(body: &[u8], fault: &Planned) -> Self {
        let mut handed = Self::plain(body);
        match fault.kind {
            FaultKind::DelayMs | FaultKind::SlowDrip => handed.wait = fault.delay(),
            FaultKind::Drop => handed.lost = true,
            FaultKind::Close => handed.closed = true,
            FaultKind::Status => handed.status = StatusCode::from_u16(fault.status.unwrap_or(503)).ok(),
            FaultKind::BadBase64 => handed.text = padded_base64(body),
            _ => {
                let altered = altered(body, fault);
                handed.text = base64url(&altered);
                handed.altered = Some(altered);
            }
        }
        handed
    }
}

/// Standard base64 with padding, seen to be other than base64url.
fn padded_base64(body: &[u8]) -> String {
    let text = STANDARD.encode(body);
    if text == base64url(body) { format!("{text}=") } else { text }
}

/// Shows on the timeline what a fault did in the browser.
async fn say_fault(app: &Arc<Shared>, transaction: &str, fault: &Planned, handed: &Handed) {
    let arrived = handed.altered.clone().map(Bytes::from);
    let pending = {
        let mut store = app.lock();
        let Some(session) = store.by_transaction(transaction) else { return };
        let said = fault_row(session, fault, arrived.as_ref());
        let id = session.id.clone();
        Pending { ended: None, ..Pending::after(&mut store, &id, vec![said]) }
    };
    app.post(pending).await;
}

/// The row that tells of a fault.
pub(super) fn fault_row(session: &Session, fault: &Planned, arrived: Option<&Bytes>) -> SchemeMessage {
    let mut talk = Talk::of(session);
    tell(&mut talk, fault, arrived);
    talk.said.pop().expect("it was just said")
}

/// What the method page saw of the browser: kept with the session, shown by the control API
/// and on the timeline.
async fn facts(State(app): App, call: Call) -> Answer {
    let kind = call.header(&CONTENT_TYPE).unwrap_or_default();
    if !kind.starts_with("application/json") || call.body.len() > FACTS {
        return Err(Fault::invalid(vec!["facts_invalid".to_owned()]));
    }
    let body: Object =
        serde_json::from_slice(&call.body).map_err(|_| Fault::invalid(vec!["json_invalid".to_owned()]))?;
    let transaction = body.get("threeDSServerTransID").and_then(Value::as_str).unwrap_or_default();
    let mut pending = Pending::default();
    {
        let mut store = app.lock();
        if let (Some(session), Some(facts)) = (store.by_transaction(transaction), body.get("facts")) {
            session.method_facts = Some(facts.to_string());
            let (id, way) = (session.id.clone(), (Lane::Browser, Lane::Issuer));
            let gist = "what the bank's page saw of the browser".to_owned();
            let said = browser_message(session, METHOD_DATA, way, gist, &Value::Object(body));
            pending = Pending { ended: None, ..Pending::after(&mut store, &id, vec![said]) };
        }
    }
    app.post(pending).await;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A challenge request that the issuer cannot take.
pub(super) struct Refusal {
    code: &'static str,
    detail: &'static str,
    sentence: &'static str,
}

impl Refusal {
    pub(super) fn new(code: &'static str, detail: &'static str, sentence: &'static str) -> Self {
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
    let paged = |challenge: &Challenge| challenge.fell_back || challenge.place == Place::Browser;
    if !session.challenge.as_ref().is_some_and(paged) {
        return Err(Refusal::new("305", "acsTransID", "No challenge was asked for in a browser."));
    }
    Ok(())
}

/// `POST /simulator/acs/challenge`.
async fn challenge(State(app): App, call: Call) -> Response {
    let mut form = call.form();
    let opens = matches!(input(&form), Input::Open);
    let sent = field(&form, "creq").and_then(decoded);
    let transaction = |creq: &Object| creq.get("threeDSServerTransID").and_then(Value::as_str).map(str::to_owned);
    let own = sent.as_ref().and_then(transaction);
    let fault = own.as_deref().filter(|_| opens).and_then(|own| {
        let mut store = app.lock();
        store.by_transaction(own).and_then(|session| take_fault(&app, session, Hop::Creq))
    });
    let mut copies = 1;
    if let (Some(fault), Some(own), Some(sent)) = (fault, own, sent) {
        let body = Value::Object(sent).to_string().into_bytes();
        let handed = Handed::with(&body, &fault);
        say_fault(&app, &own, &fault, &handed).await;
        app.pass(handed.wait).await;
        if handed.lost || handed.closed {
            return faults::cut_off();
        }
        if let Some(status) = handed.status {
            return bank::notice(&app, status, "Something went wrong", "The issuer's page is broken on purpose.");
        }
        copies = if fault.kind == FaultKind::Duplicate { 2 } else { 1 };
        form.iter_mut().filter(|(name, _)| name == "creq").for_each(|(_, value)| value.clone_from(&handed.text));
    }
    let mut answer = challenged(&app, &call, &form).await;
    if copies > 1 {
        answer = challenged(&app, &call, &form).await;
    }
    answer
}

/// Takes a challenge request, or an answer to its pages.
async fn challenged(app: &Arc<Shared>, call: &Call, form: &[(String, String)]) -> Response {
    let creq = match read_creq(form) {
        Ok(creq) => creq,
        Err(refusal) => {
            let id = meant(app, form); // its own timeline shows the error
            return refused(app, call, id.as_deref(), &refusal).await;
        }
    };
    let transaction = creq["threeDSServerTransID"].as_str().unwrap_or_default();
    let id = app.lock().by_transaction(transaction).map(|session| session.id.clone());
    let Some(id) = id else {
        let refusal = Refusal::new("301", "threeDSServerTransID", "The issuer knows no such transaction.");
        return refused(app, call, None, &refusal).await;
    };
    app.lapse(&id).await;
    let taken = take(app, &id, &creq, &input(form));
    match taken {
        Err(refusal) => refused(app, call, Some(&id), &refusal).await,
        Ok((pending, seen)) => {
            app.post(pending).await;
            app.watch(&id); // a result may be late, and a timer set
            page(app, call, form, &id, seen).await
        }
    }
}

/// The session that a CReq is about which cannot be taken: by the one id or the other.
fn meant(app: &Shared, form: &[(String, String)]) -> Option<String> {
    let creq = field(form, "creq").and_then(decoded)?;
    let text = |name: &str| creq.get(name).and_then(Value::as_str).unwrap_or_default();
    let (server, issuer) = (text("threeDSServerTransID"), text("acsTransID"));
    let mut store = app.lock();
    if let Some(session) = store.by_transaction(server) {
        return Some(session.id.clone());
    }
    let is_own =
        |session: &&Session| session.acs.as_ref().is_some_and(|acs| acs.transaction_id.eq_ignore_ascii_case(issuer));
    store.sessions.newest_first().find(is_own).map(|session| session.id.clone())
}

/// Folds the shopper's input in.
fn take(app: &Shared, id: &str, creq: &Object, input: &Input) -> Result<(Pending, Seen), Refusal> {
    let mut store = app.lock();
    let gone = || Refusal::new("301", "threeDSServerTransID", "The issuer knows no such transaction.");
    let session = store.sessions.get_mut(id).ok_or_else(gone)?;
    fits(creq, session)?;
    let over = session.challenge.as_ref().is_none_or(Challenge::page_is_over);
    if session.status != Status::Challenged || over {
        if matches!(input, Input::Open) && session.version == "2.3.1" {
            return Err(Refusal::new("315", "CReq", "The result has been sent already."));
        }
        return Ok((Pending::default(), Seen::Nothing)); // over: the page hands over again
    }
    let mut turn = Turn::new(app, session);
    let end = turn.take(creq, input)?;
    let Turn { mut said, phone, seen, .. } = turn;
    let mut phone = phone;
    if let Some(end) = end {
        let confirming = spc_open(session);
        said.extend(finish(app, session, end));
        let asks = session.challenge.as_ref().is_some_and(|challenge| challenge.over.is_none());
        if confirming && asks && session.status == Status::Challenged {
            // There is no confirmation to be had: the shop opens the ordinary challenge.
            let mut turn = Turn::new(app, session);
            turn.take(creq, &Input::Open)?;
            said.append(&mut turn.said);
            phone = turn.phone;
        }
    }
    let pending = Pending::after(&mut store, id, said).with_phone(&mut store, phone);
    Ok((pending, if end.is_some() { Seen::Nothing } else { seen }))
}

/// Ends a challenge: the result first, then the CRes of a page. Source: emv-3ds.md 1.2, rule 3. A
/// confirmation by the browser has neither: the proof goes out in a second AReq.
pub(super) fn finish(app: &Shared, session: &mut Session, end: End) -> Vec<SchemeMessage> {
    let without = session.decoupled() || spc_open(session);
    let mut said = conclude(app, session, end);
    if let Some(cres) = cres(session).filter(|_| !without) {
        let gist = format!("transStatus {}", cres["transStatus"].as_str().unwrap_or_default());
        said.push(browser_message(session, "CRes", (Lane::Issuer, Lane::Browser), gist, &cres));
    }
    said
}

/// The page the shopper sees now: the question, or the way back.
async fn page(app: &Arc<Shared>, call: &Call, form: &[(String, String)], id: &str, seen: Seen) -> Response {
    let over = {
        let mut store = app.lock();
        let Some(session) = store.sessions.get_mut(id) else {
            let title = "This payment is no longer known";
            return bank::notice(app, StatusCode::NOT_FOUND, title, "Start again in the shop.");
        };
        let done = session.challenge.as_ref().is_some_and(Challenge::page_is_over);
        let over = done || session.status.is_final();
        over.then(|| (way_back(session, form, &call.base), take_fault(app, session, Hop::Cres)))
    };
    match over {
        Some((back, fault)) => hand_over(app, back, fault).await,
        None => question(app, form, id, seen, &call.base),
    }
}

/// Where the browser goes with the result.
struct Back {
    transaction: String,
    bank: BankId,
    status: Status,
    address: String,
    cres: Vec<u8>,
    session_data: Option<String>,
}

fn way_back(session: &Session, form: &[(String, String)], base: &str) -> Back {
    Back {
        transaction: session.transaction_id.clone(),
        bank: script(session).map(|script| script.challenge.bank).unwrap_or_default(),
        status: session.status,
        address: notification_url(session, base),
        cres: cres(session).unwrap_or_default().to_string().into_bytes(),
        session_data: field(form, "threeDSSessionData").map(str::to_owned),
    }
}

/// The page that takes the CRes back to the merchant.
async fn hand_over(app: &Arc<Shared>, mut back: Back, fault: Option<Planned>) -> Response {
    let mut handed = Handed::plain(&back.cres);
    if let Some(fault) = fault {
        if fault.field.as_deref() == Some("threeDSSessionData") {
            let value = fault.value.as_ref().and_then(Value::as_str).map(str::to_owned);
            back.session_data = value.filter(|_| fault.kind == FaultKind::SetField);
        } else {
            handed = Handed::with(&back.cres, &fault);
        }
        say_fault(app, &back.transaction, &fault, &handed).await;
        app.pass(handed.wait).await;
    }
    if handed.closed {
        return faults::cut_off();
    }
    if handed.lost || handed.status.is_some() {
        let status = handed.status.unwrap_or(StatusCode::OK);
        return bank::notice(app, status, "Your bank has finished", "Nothing leads back to the shop from here.");
    }
    let session_data = back.session_data.as_deref().map(|data| ("threeDSSessionData", data));
    let hidden: Vec<_> = [("cres", handed.text.as_str())].into_iter().chain(session_data).collect();
    bank::hand_over(app, back.bank, back.status, &back.address, &hidden)
}

/// The page that asks.
fn question(app: &Shared, form: &[(String, String)], id: &str, seen: Seen, base: &str) -> Response {
    let store = app.lock();
    let asks = store.sessions.get(id).and_then(|session| Some((session, session.challenge.as_ref()?)));
    let Some((session, challenge)) = asks else {
        return bank::notice(app, StatusCode::BAD_REQUEST, "There is nothing to confirm", "Return to the shop.");
    };
    let rules = script(session).map(|script| script.challenge.clone()).unwrap_or_default();
    let last = usize::from(challenge.page) + 1 >= rules.pages.len();
    let kind = page_kind(session);
    let screen = bank::Screen {
        kind,
        bank: rules.bank,
        trust: kind != PageKind::Spc && offers_trust(session) && last,
        early: seen == Seen::Early,
        sent_to: challenge.sent_to,
        may_resend: challenge.resent < RESENDS,
        poll: kind.is_out_of_band().then(|| format!("/simulator/acs/out-of-band/{}", session.transaction_id)),
        frames: rules.frames,
        strict: rules.strict,
    };
    let session_data = field(form, "threeDSSessionData").map(|data| ("threeDSSessionData", data));
    let creq = ("creq", field(form, "creq").unwrap_or_default());
    let address = notification_url(session, base);
    let question = bank::Question {
        screen,
        step: "challenge",
        hidden: [creq].into_iter().chain(session_data).collect(),
        interactions: challenge.interactions,
        wrong: challenge.wrong,
        mistake: seen == Seen::Mistake,
        resent: field(form, "resend").is_some(),
        address: &address,
    };
    bank::ask(app, session, &question)
}

/// `GET /simulator/acs/out-of-band/{threeDSServerTransID}`: whether the bank's app was answered.
/// Says nothing else, and the same of a transaction that nobody knows.
async fn out_of_band(State(app): App, call: Call) -> Response {
    let mut store = app.lock();
    let challenge = store.by_transaction(call.segment(4)).and_then(|session| session.challenge.as_ref());
    let waits = challenge.is_some_and(|challenge| challenge.decided.is_none() && challenge.over.is_none());
    answer_json(200, &json!({"decided": !waits}))
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
