//! The merchant port: one checkout page that follows its run, and the pages that the
//! hosted page returns to.
//!
//! Hides: the long poll, what the page may do. Promises: a page that is opened at any
//! moment shows what is true then; nothing foreign can post here. Source: emv-3ds.md 2,
//! sessions-api.md 6.2, trust.md R17-R20.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::ingress::{answer, harden, not_found};
use super::visit::{Place, Shown};
use super::{PageState, Shared, ShopPolicy, Signal, origin};
use crate::model::SessionId;
use crate::model::run::Return;
use crate::page::Policy;
use crate::serve::Arrival;

/// Longest wait of a long poll. Our choice: under the usual 30 s of anything between.
const POLL_TIME: Duration = Duration::from_secs(25);
/// For the issuer's fingerprint page, in seconds. Source: emv-3ds.md 2.1.
const METHOD_SECONDS: u64 = 10;

/// Query of the page for browsers without scripts.
const PLAIN: &str = "plain";
/// The same, on the way back from the bank.
pub(super) const PLAIN_AGAIN: &str = "plain=again";

type App = State<Arc<Shared>>;

pub(super) fn router(shared: Arc<Shared>) -> axum::Router {
    axum::Router::new()
        .route("/m/{token}/", get(checkout))
        .route("/m/{token}/state", get(state))
        .route("/m/{token}/method-timeout", post(method_timeout))
        .route("/m/{token}/browser-data", post(browser_data))
        .route("/m/{token}/authenticated", post(authenticated))
        .route("/m/{token}/success", get(success))
        .route("/m/{token}/failure", get(failure))
        .fallback(|| async { not_found() })
        .method_not_allowed_fallback(|| async { not_found() })
        .with_state(shared)
}

async fn checkout(
    State(shared): App,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(place) = shared.visitors.merchant(&token) else { return not_found() };
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    place.remember_accept(accept.map(ToOwned::to_owned));
    place.signal(Signal::PageOpened);
    match query.as_deref() {
        Some(PLAIN) => plain(&shared, &place, false),
        Some(PLAIN_AGAIN) => plain(&shared, &place, true),
        _ => page(&shared, &place, ""),
    }
}

async fn success(State(shared): App, Path(token): Path<String>, RawQuery(query): RawQuery) -> Response {
    returned(&shared, &token, query.as_deref(), Return::Success)
}

async fn failure(State(shared): App, Path(token): Path<String>, RawQuery(query): RawQuery) -> Response {
    returned(&shared, &token, query.as_deref(), Return::Failure)
}

/// One value of a query.
fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query?.as_bytes());
    pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

fn returned(shared: &Shared, token: &str, query: Option<&str>, to: Return) -> Response {
    let Some(place) = shared.visitors.merchant(token) else { return not_found() };
    let session = parameter(query, "cko-session-id").map(SessionId);
    place.signal(Signal::Returned { to, session });
    page(shared, &place, if to == Return::Success { "success" } else { "failure" })
}

/// `landing` is empty, or which return address this is.
fn page(shared: &Shared, place: &Place, landing: &str) -> Response {
    let listener = shared.addresses.get().map(|addresses| origin(addresses.ingress)).unwrap_or_default();
    let shown = place.shown.borrow().clone();
    let (_, shop_policy) = shown.page.ways();
    let data = json!({
        "now": view(&shown),
        "shop_policy": shop_policy,
        "landing": landing,
        "listener": listener,
        "method_seconds": METHOD_SECONDS,
    });
    shared.pages.respond("checkout", json!({ "data": data, "landing": landing }), &policy(shop_policy))
}

/// The page for a browser that runs no scripts: a button wherever the other page goes on by
/// itself. Its tab makes way for the bank's, whatever the settings say. Whoever comes `back`
/// from there is not asked again before the result can have been read.
fn plain(shared: &Shared, place: &Place, back: bool) -> Response {
    place.goes_plain();
    let shown = place.shown.borrow().clone();
    let (_, shop_policy) = shown.page.ways();
    shared.pages.respond("plain", json!({ "now": view(&shown), "back": back }), &policy(shop_policy))
}

/// What the shop's page may do.
fn policy(shop: ShopPolicy) -> Policy {
    match shop {
        ShopPolicy::Usual => Policy::embedding(),
        ShopPolicy::Strict => Policy::closed(),
    }
}

async fn state(State(shared): App, Path(token): Path<String>, RawQuery(query): RawQuery) -> Response {
    let Some(place) = shared.visitors.merchant(&token) else { return not_found() };
    let after: Option<u64> = parameter(query.as_deref(), "after").and_then(|after| after.parse().ok());
    let mut shown = place.shown.subscribe();
    let change = shown.wait_for(|shown| Some(shown.version) != after);
    let view = match tokio::time::timeout(POLL_TIME, change).await {
        Ok(Ok(shown)) => view(&shown),
        // Nothing new, or the listener is going: what stands is still true.
        Ok(Err(_)) | Err(_) => view(&place.shown.borrow()),
    };
    let mut answer = Json(view).into_response();
    harden(answer.headers_mut(), "application/json; charset=utf-8");
    answer
}

/// What the page's script reads.
fn view(shown: &Shown) -> Value {
    let done = matches!(shown.page, PageState::Done { .. });
    let mut view = if shown.over && !done {
        json!({ "kind": "over" })
    } else {
        match &shown.page {
            PageState::Waiting { title, sentence } => {
                json!({ "kind": "waiting", "title": title, "sentence": sentence })
            }
            PageState::Method { url, data } => json!({ "kind": "method", "url": url, "data": data }),
            PageState::Collect => json!({ "kind": "collect" }),
            PageState::Challenge { acs_url, creq, session_data, window, hand_off, shop_policy } => json!({
                "kind": "challenge", "url": acs_url, "creq": creq, "session_data": session_data,
                "window": window.code(),
                "width": window.pixels().map(|size| size.0),
                "height": window.pixels().map(|size| size.1),
                "hand_off": hand_off, "shop_policy": shop_policy,
            }),
            PageState::Authenticate { acs_url, pareq, term_url, md, hand_off, shop_policy } => json!({
                "kind": "authenticate", "url": acs_url, "pareq": pareq, "term_url": term_url, "md": md,
                "hand_off": hand_off, "shop_policy": shop_policy,
            }),
            PageState::Redirect { url } => json!({ "kind": "redirect", "url": url }),
            PageState::Done { success, title, sentence } => {
                json!({ "kind": "done", "success": success, "title": title, "sentence": sentence })
            }
        }
    };
    view["version"] = json!(shown.version);
    view
}

/// A browser says where a POST comes from; only our own pages may. Source: trust.md R17.
fn foreign(headers: &HeaderMap) -> bool {
    let Some(from) = headers.get(header::ORIGIN) else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.is_none_or(|host| from.as_bytes() != format!("http://{host}").as_bytes())
}

async fn method_timeout(State(shared): App, Path(token): Path<String>, headers: HeaderMap) -> Response {
    told(&shared, &token, &headers, Signal::MethodTimedOut)
}

async fn authenticated(State(shared): App, Path(token): Path<String>, headers: HeaderMap) -> Response {
    told(&shared, &token, &headers, Signal::Authenticated)
}

/// Our own page's script says something without details.
fn told(shared: &Shared, token: &str, headers: &HeaderMap, signal: Signal) -> Response {
    let Some(place) = shared.visitors.merchant(token) else { return not_found() };
    if foreign(headers) {
        return answer(StatusCode::FORBIDDEN);
    }
    place.signal(signal);
    answer(StatusCode::NO_CONTENT)
}

async fn browser_data(
    State(shared): App,
    Path(token): Path<String>,
    axum::Extension(arrival): axum::Extension<Arrival>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(place) = shared.visitors.merchant(&token) else { return not_found() };
    if foreign(&headers) {
        return answer(StatusCode::FORBIDDEN);
    }
    let Ok(Value::Object(mut data)) = serde_json::from_slice::<Value>(&body) else {
        return answer(StatusCode::BAD_REQUEST);
    };
    let accept = place.accept().unwrap_or_else(|| "*/*".into());
    data.insert("channel".into(), json!("browser"));
    data.insert("accept_header".into(), json!(accept));
    data.insert("ip_address".into(), json!(arrival.peer.ip().to_string()));
    place.signal(Signal::BrowserData(Value::Object(data)));
    answer(StatusCode::NO_CONTENT)
}
