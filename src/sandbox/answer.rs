//! What every answer has in common: headers, errors in the API's shape, the log.
//!
//! Promises: `Cko-Request-Id` and `Cko-Version` on every answer, also 401, 404, 405 and 5xx;
//! an error's `request_id` equals the header; no header twice. Source: sessions-api.md 1.3, 2.6.

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use super::given::{Given, Members};
use super::log::Entry;
use super::{Shared, faults};
use crate::serve::Arrival;

/// Largest body that is accepted, in bytes. Source: trust.md 1.7.
const BODY_LIMIT: usize = 1 << 20;
/// Largest body that is taken in, so that it can be refused in the API's own shape; with more
/// the server refuses and hangs up by itself.
pub(super) const INTAKE: usize = 2 * BODY_LIMIT;
/// More values than any honest request has; a parsed tree of them stays small (trust.md 0.1, 8).
const NODE_LIMIT: usize = 50_000;

const REQUEST_ID: HeaderName = HeaderName::from_static("cko-request-id");
const VERSION: HeaderName = HeaderName::from_static("cko-version");
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// An error in the API's shape. Its body is written when the request's id is known.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) status: StatusCode,
    kind: &'static str,
    codes: Vec<String>,
    /// Ids near to one that does not exist; only the control API says so.
    near: Vec<String>,
}

impl Fault {
    pub(super) fn new(status: u16, kind: &'static str, code: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, kind, codes: vec![code.into()], near: Vec::new() }
    }

    /// 401: an empty body.
    pub(super) fn unauthorized() -> Self {
        Self { status: StatusCode::UNAUTHORIZED, kind: "forbidden", codes: Vec::new(), near: Vec::new() }
    }

    pub(super) fn invalid(codes: Vec<String>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, kind: "unprocessable_entity", codes, near: Vec::new() }
    }

    pub(super) fn forbidden(code: &'static str) -> Self {
        Self::new(403, "operation_not_allowed", code)
    }

    pub(super) fn not_found(code: &'static str) -> Self {
        Self::new(404, "not_found", code)
    }

    /// The same, with what may have been meant.
    pub(super) fn near(self, near: Vec<String>) -> Self {
        Self { near, ..self }
    }

    pub(super) fn busy() -> Self {
        Self::new(409, "duplicate_requests_detected", "session_already_in_use")
    }

    /// 501: part of the API that this sandbox does not play.
    pub(super) fn not_implemented(code: &'static str) -> Self {
        Self::new(501, "not_implemented", code)
    }

    /// An error of this status, with the word and a code that fit it. Source: sessions-api.md 2.6.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            401 => Self::unauthorized(),
            403 => Self::forbidden("operation_not_allowed"),
            404 => Self::not_found("session_not_found"),
            409 => Self::busy(),
            429 => Self::new(429, "too_many_requests", "rate_limit_exceeded"),
            501 => Self::not_implemented("source_not_supported"),
            502 => Self::new(502, "callback_failed", "session_callback_failed"),
            503 => Self::new(503, "service_not_available", "ds_error"),
            500.. => Self::new(status, "internal_server_error", "unknown_error"),
            _ => Self::new(status, "unprocessable_entity", "request_invalid"),
        }
    }

    fn body(&self, request_id: Uuid) -> Body {
        if self.codes.is_empty() {
            return Body::empty();
        }
        let mut body =
            json!({"request_id": request_id.to_string(), "error_type": self.kind, "error_codes": self.codes});
        if !self.near.is_empty() {
            body["near"] = json!(self.near);
        }
        Body::from(body.to_string())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// An answer or an error of a handler.
pub(super) type Answer = Result<Response, Fault>;

/// A JSON answer.
pub(super) fn answer_json(status: u16, body: &Value) -> Response {
    answer_bytes(status, serde_json::to_vec(body).expect("a tree of JSON can be written"))
}

/// A JSON answer that was written already.
pub(super) fn answer_bytes(status: u16, body: Vec<u8>) -> Response {
    // Boxed: no spare room stays in the log with it.
    let mut response = Response::new(Body::from(Bytes::from(body.into_boxed_slice())));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// A request as the handlers see it: read in full.
pub(super) struct Call {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Scheme and host of this request, without a slash at the end.
    pub(super) base: String,
    pub(super) request_id: Uuid,
}

/// What [`frame`] found out before routing.
#[derive(Clone)]
struct Origin {
    base: String,
    request_id: Uuid,
    body: Bytes,
}

impl Call {
    /// The part of the path after so many slashes; `/sessions/sid_x` has `sid_x` at 2.
    pub(super) fn segment(&self, index: usize) -> &str {
        self.path.split('/').nth(index).unwrap_or_default()
    }

    /// A header's value, if it is there once and readable.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?;
        if values.next().is_some() { None } else { first.to_str().ok() }
    }

    /// The credentials as they came.
    pub(super) fn authorization(&self) -> Option<&str> {
        self.header(&AUTHORIZATION).map(str::trim)
    }

    /// The body as a JSON object.
    pub(super) fn object(&self) -> Result<Members<'_>, Fault> {
        let fault = || Fault::invalid(vec!["json_invalid".to_owned()]);
        let nodes = || self.body.iter().filter(|byte| matches!(byte, b',' | b'{' | b'[')).count();
        if self.body.len() > NODE_LIMIT && nodes() > NODE_LIMIT {
            return Err(fault());
        }
        // Checked as a whole, which is quicker than text by text.
        let text = std::str::from_utf8(&self.body).map_err(|_| fault())?;
        match serde_json::from_str(text) {
            Ok(Given::Object(object)) => Ok(object),
            _ => Err(fault()),
        }
    }

    /// The body as form fields, in order.
    pub(super) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// True if the content type is that of a form; parameters are allowed.
    pub(super) fn is_form(&self) -> bool {
        let essence = self.header(&CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }
}

/// The first value of a field, if it is there.
pub(super) fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

impl<S: Send + Sync> FromRequest<S> for Call {
    type Rejection = Fault;

    async fn from_request(request: Request, _: &S) -> Result<Self, Fault> {
        let (mut parts, _) = request.into_parts();
        let unframed = || Fault::new(500, "internal_server_error", "unknown_error");
        let Origin { base, request_id, body } = parts.extensions.remove::<Origin>().ok_or_else(unframed)?;
        Ok(Self { path: parts.uri.path().to_owned(), headers: parts.headers, body, base, request_id })
    }
}

fn too_large() -> Fault {
    Fault::new(413, "unprocessable_entity", "body_too_large")
}

/// 404 for a path that nobody serves.
pub(super) async fn unknown_path() -> Fault {
    Fault::not_found("resource_not_found")
}

/// 405; the router adds `Allow`.
pub(super) async fn wrong_method() -> Fault {
    Fault::new(405, "operation_not_allowed", "method_not_allowed")
}

/// Goes around every request: id, common headers, error bodies, log.
pub(super) async fn frame(State(app): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let request_id = app.request_ids.raw_uuid();
    let (mut parts, body) = request.into_parts();
    let mut entry = Entry::new(&parts, app.clock.now(), request_id);
    let head = parts.method == Method::HEAD;
    let incident = app.trouble.next(&parts.method, parts.uri.path(), || app.clock.passed());
    let instead = match &incident {
        Some(incident) => incident.before().await,
        None => None,
    };
    let response = match to_bytes(body, INTAKE).await {
        Ok(body) if body.len() <= BODY_LIMIT => {
            entry.request(&parts.headers, &body);
            match instead {
                Some(answer) => answer,
                None => {
                    let base = base(&parts);
                    parts.extensions.insert(Origin { base, request_id, body });
                    next.run(Request::from_parts(parts, Body::empty())).await
                }
            }
        }
        _ => too_large().into_response(),
    };
    let response = finish(response, request_id, head);
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default(); // made by us, so whole and small
    entry.answer(parts.status, &parts.headers, &bytes, began.elapsed());
    app.lock().log.push(entry);
    let response = faults::as_asked(Response::from_parts(parts, Body::from(bytes)));
    match incident {
        Some(incident) => incident.after(response).await,
        None => response,
    }
}

/// Scheme and host of a request.
fn base(parts: &Parts) -> String {
    let host = parts.headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or("127.0.0.1");
    let secure = parts.extensions.get::<Arrival>().is_some_and(|arrival| arrival.secure);
    [if secure { "https://" } else { "http://" }, host].concat()
}

/// Writes what all answers share.
fn finish(mut response: Response, request_id: Uuid, head: bool) -> Response {
    if let Some(fault) = response.extensions_mut().remove::<Fault>() {
        if !head {
            *response.body_mut() = fault.body(request_id);
        }
        if fault.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(axum::http::header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if fault.codes.is_empty() {
            response.headers_mut().remove(CONTENT_TYPE);
        } else {
            response.headers_mut().insert(CONTENT_TYPE, JSON);
        }
    }
    let headers = response.headers_mut();
    headers.insert(VERSION, HeaderValue::from_static("3.0.0-sandbox"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let mut text = Uuid::encode_buffer();
    if let Ok(id) = HeaderValue::from_str(request_id.hyphenated().encode_lower(&mut text)) {
        headers.insert(REQUEST_ID, id);
    }
    response
}
