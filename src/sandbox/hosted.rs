//! The hosted pages: what the shopper sees between the shop and the shop.
//!
//! Promises: the page decides nothing; after the end every visit redirects at once; the
//! shop's query and fragment are kept. Works without JavaScript, by buttons.
//! Source: sessions-api.md 6.2, 6.3.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, ACCEPT_LANGUAGE, LOCATION, USER_AGENT};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use minijinja::context;
use serde_json::{Value, json};
use url::Url;

use super::Shared;
use super::answer::{Call, Fault, field};
use super::api;
use super::bank;
use super::issuer::decoded;
use super::keys::base64url;
use super::legacy;
use super::scheme::{encoded_creq, merchant, other_site};
use super::session::{Session, Status};
use super::validate::{Browser, Channel, Completion};
use crate::page::Policy;

type App = State<Arc<Shared>>;

/// The hosted paths.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sessions-interceptor/{id}", get(show))
        .route("/sessions-interceptor/{id}/device-information", post(device_information))
        .route("/sessions-interceptor/{id}/3ds-method-notification", post(method_notification))
        .route("/sessions-interceptor/{id}/challenge-response", post(challenge_response))
}

/// A page with a heading and a sentence.
pub(super) fn notice(app: &Shared, status: StatusCode, title: &str, sentence: &str) -> Response {
    let mut response = app.pages.respond("notice.html", context! { title, sentence }, &Policy::default());
    *response.status_mut() = status;
    response
}

pub(super) fn unknown(app: &Shared) -> Response {
    notice(app, StatusCode::NOT_FOUND, "This payment is not known", "Go back to the shop and start again.")
}

/// `GET /sessions-interceptor/{sid}`.
async fn show(State(app): App, call: Call) -> Response {
    let id = call.segment(2);
    app.lapse(id).await;
    page(&app, &call, id)
}

/// The page of the state that the session is in, or the redirect to the shop.
fn page(app: &Shared, call: &Call, id: &str) -> Response {
    let store = app.lock();
    let Some(session) = store.sessions.get(id).filter(|session| session.hosted()) else { return unknown(app) };
    match session.status {
        Status::Pending => match &session.legacy {
            Some(legacy) => {
                let term_url = legacy::term_url(session, &call.base);
                let pareq = legacy.pareq.as_deref().unwrap_or_default();
                let hidden = [("PaReq", pareq), ("TermUrl", &term_url), ("MD", &session.id)];
                frame(app, session, &format!("{}/simulator/acs/3ds1", other_site(&call.base)), &hidden)
            }
            None => device(app, call, session),
        },
        Status::Processing => {
            let page = context! { title => "Asking your bank", sentence => "This takes a moment.", refresh => true };
            app.pages.respond("notice.html", page, &policy(session))
        }
        Status::Challenged if session.challenge.as_ref().is_some_and(|challenge| challenge.over.is_some()) => {
            let page = context! { title => "One moment", sentence => "The result of your bank is on its way.", refresh => true };
            app.pages.respond("notice.html", page, &policy(session))
        }
        Status::Challenged => match session.acs.as_ref().and_then(|acs| acs.challenge_url.as_deref()) {
            Some(address) => {
                let creq = encoded_creq(session).unwrap_or_default();
                let data = base64url(session.id.as_bytes());
                frame(app, session, address, &[("creq", &creq), ("threeDSSessionData", &data)])
            }
            None => {
                let sentence = if session.decoupled() {
                    "Your bank will contact you to confirm this payment."
                } else {
                    "Answer your bank's question in the app."
                };
                let page = context! { title => "Your bank asks you", sentence, refresh => true };
                app.pages.respond("notice.html", page, &policy(session))
            }
        },
        _ => redirect(session),
    }
}

/// The page that frames the bank: posts `hidden` to `address`.
fn frame(app: &Shared, session: &Session, address: &str, hidden: &[(&str, &str)]) -> Response {
    let hidden = minijinja::Value::from(minijinja::value::Serde(hidden));
    let page = context! { merchant => merchant(session), address, hidden, id => session.id.as_str() };
    app.pages.respond("frame.html", page, &policy(session))
}

/// Hosted pages frame the bank, and their forms end at the shop (form-action governs the
/// redirect after a POST as well).
fn policy(session: &Session) -> Policy {
    let shop = match &session.draft.completion {
        Completion::Hosted { success_url, failure_url, .. } => vec![success_url.clone(), failure_url.clone()],
        Completion::NonHosted { .. } => Vec::new(),
    };
    Policy { form_action: shop, ..Policy::embedding() }
}

/// 302 to the shop.
fn redirect(session: &Session) -> Response {
    let url = session.way_out().unwrap_or_default();
    // Blanks and letters beyond ASCII are escaped; anything else stays as the shop wrote it.
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic());
    let url = if plain { url } else { Url::parse(&url).map_or(String::new(), String::from) };
    let spelt = HeaderValue::from_str(&url).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::FOUND, [(LOCATION, spelt)]).into_response()
}

/// The page that fingerprints and collects the browser's data.
fn device(app: &Shared, call: &Call, session: &Session) -> Response {
    let own = format!("/sessions-interceptor/{}", session.id);
    let method = session.wants_fingerprint().then(|| {
        let data = json!({
            "threeDSServerTransID": session.transaction_id,
            "threeDSMethodNotificationURL": format!("{}{own}/3ds-method-notification", call.base),
        });
        base64url(data.to_string().as_bytes())
    });
    let done = match (session.method_notified, session.fingerprint) {
        (true, _) => 'Y',
        (false, Some(reported)) => reported,
        (false, None) if session.range.method_url() => 'N',
        (false, None) => 'U',
    };
    let page = context! {
        merchant => merchant(session),
        method,
        method_address => format!("{}/simulator/acs/3ds-method", other_site(&call.base)),
        id => session.id.as_str(),
        transaction => session.transaction_id.as_str(),
        done => done.to_string(),
        user_agent => call.header(&USER_AGENT).unwrap_or_default(),
        language => language(call),
    };
    app.pages.respond("device.html", page, &policy(session))
}

fn language(call: &Call) -> String {
    let first = call.header(&ACCEPT_LANGUAGE).and_then(|value| value.split([',', ';']).next()).map(str::trim);
    first.filter(|tag| !tag.is_empty() && tag.len() <= 8).unwrap_or("en-GB").to_owned()
}

/// `POST /sessions-interceptor/{sid}/device-information`.
async fn device_information(State(app): App, call: Call) -> Response {
    let id = call.segment(2).to_owned();
    app.lapse(&id).await;
    let form = call.form();
    let (known, authenticate) = {
        let mut store = app.lock();
        match store.sessions.get_mut(&id).filter(|session| session.hosted()) {
            None => return unknown(&app),
            Some(session) => {
                let given = field(&form, "threeDSServerTransID").unwrap_or_default();
                let known = given.eq_ignore_ascii_case(&session.transaction_id);
                let authenticate = known && session.wants_data();
                if authenticate {
                    let fingerprint = method_result(session, &form);
                    let data = Channel::Browser(Box::new(browser(&call, &form, fingerprint)));
                    session.take(data).expect("only an app's data are refused");
                    session.status = Status::Processing;
                }
                (known, authenticate)
            }
        }
    };
    if !known {
        let sentence = "threeDSServerTransID does not belong to this payment.";
        return notice(&app, StatusCode::BAD_REQUEST, "This form cannot be read", sentence);
    }
    if authenticate {
        let (app, id, base) = (Arc::clone(&app), id.clone(), call.base.clone());
        let ran = tokio::spawn(async move { api::run(&app, &id, &base).await }).await;
        if !matches!(ran, Ok(Ok(()))) {
            return Fault::new(500, "internal_server_error", "unknown_error").into_response();
        }
    }
    page(&app, &call, &id)
}

/// What is known of the 3DS Method; a notification that came counts more than the form.
fn method_result(session: &Session, form: &[(String, String)]) -> char {
    let reported = field(form, "threeDSCompInd").and_then(|text| text.trim().chars().next());
    match reported.map(|letter| letter.to_ascii_uppercase()) {
        _ if !session.range.method_url() => 'U',
        _ if session.method_notified => 'Y',
        Some(letter @ ('Y' | 'N' | 'U')) => letter,
        _ => session.fingerprint.unwrap_or('N'),
    }
}

/// The browser as the form describes it; without JavaScript the headers must do.
fn browser(call: &Call, form: &[(String, String)], fingerprint: char) -> Browser {
    let given = |name, longest: usize| {
        field(form, name)
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .map(|value| value.chars().take(longest).collect())
    };
    let number = |name, longest, otherwise: &str| given(name, longest).unwrap_or_else(|| otherwise.to_owned());
    let header = |name| call.header(name).unwrap_or("unknown").chars().take(2048).collect::<String>();
    Browser {
        accept_header: header(&ACCEPT),
        java_enabled: field(form, "browserJavaEnabled") == Some("true"),
        javascript_enabled: given("browserScreenWidth", 6).is_some(),
        language: given("browserLanguage", 12).unwrap_or_else(|| language(call)),
        color_depth: number("browserColorDepth", 2, "24"),
        screen_height: number("browserScreenHeight", 6, "0"),
        screen_width: number("browserScreenWidth", 6, "0"),
        timezone: number("browserTZ", 5, "0"),
        user_agent: given("browserUserAgent", 2048).unwrap_or_else(|| header(&USER_AGENT)),
        ip_address: "127.0.0.1".to_owned(), // the sandbox listens nowhere else
        method_completion: Some(fingerprint),
    }
}

/// `POST /sessions-interceptor/{sid}/3ds-method-notification`.
async fn method_notification(State(app): App, call: Call) -> Response {
    let form = call.form();
    let data = field(&form, "threeDSMethodData").and_then(decoded);
    let given = data.as_ref().and_then(|data| data.get("threeDSServerTransID")).and_then(Value::as_str);
    let mut store = app.lock();
    let Some(session) = store.sessions.get_mut(call.segment(2)) else { return unknown(&app) };
    if !given.is_some_and(|given| given.eq_ignore_ascii_case(&session.transaction_id)) {
        let sentence = "threeDSMethodData does not belong to this payment.";
        return notice(&app, StatusCode::BAD_REQUEST, "This notification cannot be read", sentence);
    }
    session.method_notified = true;
    let page = context! { kind => "3ds-method", title => "Your browser is known", sentence => "Please wait." };
    app.pages.respond("arrived.html", page, &bank::policy(None))
}

/// `POST /sessions-interceptor/{sid}/challenge-response`: the CRes of a hosted session, and of
/// every other one without a notification address. Decides nothing.
async fn challenge_response(State(app): App, call: Call) -> Response {
    let form = call.form();
    let cres = field(&form, "cres").or(field(&form, "erro")).and_then(decoded);
    let given = cres.as_ref().and_then(|cres| cres.get("threeDSServerTransID")).and_then(Value::as_str);
    let store = app.lock();
    let Some(session) = store.sessions.get(call.segment(2)) else { return unknown(&app) };
    if !given.is_some_and(|given| given.eq_ignore_ascii_case(&session.transaction_id)) {
        let sentence = "cres does not belong to this payment.";
        return notice(&app, StatusCode::BAD_REQUEST, "This answer cannot be read", sentence);
    }
    let next = session.hosted().then_some(session.id.as_str());
    let sentence = if next.is_some() { "You are going back to the shop." } else { "You may close this window." };
    let page = context! { kind => "challenge", title => "Your bank has finished", sentence, next };
    app.pages.respond("arrived.html", page, &bank::policy(None))
}
