//! The challenge inside a shopper's app: the exchange of CReq and CRes between SDK and issuer,
//! really sealed; its plain JSON for teaching; and the words that stand in for both.
//!
//! ```text
//! content  what the app is handed: which screens its device can show, what the issuer signs
//! creq     what a CReq says, and whether it may
//! cres     the screen that is open, as each version writes it
//! talk     one CReq and what it comes to, while the state is locked
//! here     the address, what travels to it and back, and the faults on the way
//! ```
//!
//! `POST /simulator/acs/app-challenge/{sid}`, the acsURL of the signed content, takes
//! - a compact JWE (`Content-Type: application/jose`): answered with a JWE of the same `enc`;
//! - JSON with a `messageType`: the same messages in the open, answered in the open. No real
//!   issuer does that;
//! - JSON `{"result": "approve" | "fail" | "cancel" | "timeout"}`: ends the challenge, as long as
//!   no SDK has begun it with messages; then 403.
//!
//! Promises: the issuer's ephemeral key follows from the transaction; the result is stored
//! before the last CRes is sent; an SDK that began sealed stays sealed, with the same `enc`;
//! an Erro is never answered. Judging answers is [`super::turn`]'s, words are the bank's.
//!
//! # What a wrong message meets
//! An SDK that gets an Erro is at its end (emv-3ds.md 1.2 rule 7, 3.7), so the issuer ends the
//! challenge too: RReq `N`, challengeCancel 06, from 2.3.1 on 10 with `challengeErrorReporting`
//! (3.6); the session is `unavailable` (product.md "Decided"). What is no compact JWE ends
//! nothing, nor what comes when nothing can be ended any more. What is one and does not open
//! ends the challenge, as emv-3ds.md 5.3 demands, although anybody who knows the address can
//! send it.
//!
//! | What | Erro | The challenge |
//! |---|---|---|
//! | no session behind the address | 301 | - |
//! | no challenge in an app is open | 305 | - |
//! | CReq after the result | 315, before 2.3.1 305 | stays over |
//! | neither a JWE nor JSON, or larger than 128 kB | 101 | goes on: anybody can send that |
//! | a second CReq that answers nothing | 314, before 2.3.1 305 | goes on |
//! | `alg` not `dir`, unknown `enc`, another `enc` than before, or open after sealed | 310, before 2.3.1 302 | ends |
//! | another transaction's `kid`, or none | 311, before 2.3.1 302 | ends |
//! | foreign key, changed bytes, wrong tag; a vector of A128GCM that is not due | 302 | ends |
//! | inside: no JSON object, or not a CReq | 101 | ends |
//! | inside: another version; an unknown one | 203; 102 | ends |
//! | inside: unknown critical extension, missing, twice, surplus or malformed member | 202, 201, 204, 203 | ends |
//! | inside: another transaction's ids | 301 | ends |
//! | inside: a counter that is not due, or ran over | 302 | ends |
//! | inside: two answers, or none to the open screen, or an empty HTML query | 203 | ends |
//! | Erro of the SDK | never answered: HTTP 204 | ends, challengeCancel 06, from 2.3.1 on 09 |
//! | Erro that does not name this transaction | never answered: HTTP 204 | goes on: anybody can send that |
//!
//! A body above 1 MB is refused by the door of the sandbox (413) and seen by nobody.
//! Source: emv-3ds.md 1.4, 3.6, 3.7, 5; sessions-api.md 5.3, 6.3.

mod content;
mod creq;
mod cres;
mod talk;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::answer::{Answer, Call, Fault, JSON, answer_json};
use super::fields::{Findings, Need, Reader};
use super::issuer::{fault_row, finish};
use super::scheme::{cres, take_fault};
use super::session::{Challenge, End, Place, Session, Status};
use super::state::Pending;
use super::validate::SCHEMES;
use super::{Shared, bank, faults};
use crate::model::scenario::{Fault as Planned, FaultKind, Hop};

pub(super) use content::{can_ask, rendering};
pub(super) use talk::Line;
use talk::Sent;

/// The content type of sealed messages. Source: emv-3ds.md 5.3.
const JOSE: HeaderValue = HeaderValue::from_static("application/jose; charset=UTF-8");

/// The issuer's paths for apps.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/simulator/acs/app-challenge/{id}", post(challenge))
        .route("/simulator/acs/marks/{file}", get(mark))
        .route("/simulator/acs/bank-app/{id}", get(bank_app))
}

/// How a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    Sealed,
    Open,
    /// Not a message at all: the words that stand in for an exchange.
    Words,
}

impl Came {
    /// By its content type, or by what it looks like: the base64url of `{"` begins a JWE.
    fn of(call: &Call) -> Self {
        let kind = call.header(&CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or_default();
        if kind.trim().eq_ignore_ascii_case("application/jose") || call.body.starts_with(b"eyJ") {
            return Self::Sealed;
        }
        match call.object() {
            Ok(members) if members.get("messageType").is_some() => Self::Open,
            _ => Self::Words,
        }
    }
}

/// `POST /simulator/acs/app-challenge/{sid}`.
async fn challenge(State(app): State<Arc<Shared>>, call: Call) -> Answer {
    match Came::of(&call) {
        Came::Words => by_word(&app, &call).await,
        came => Ok(exchange(&app, &call, came == Came::Sealed).await),
    }
}

/// A message of the SDK, and the issuer's answer, by way of the faults that are planned.
async fn exchange(app: &Arc<Shared>, call: &Call, sealed: bool) -> Response {
    let id = call.segment(4);
    app.lapse(id).await;
    let mut text = String::from_utf8_lossy(&call.body).trim().to_owned();
    let fault = {
        let mut store = app.lock();
        store.sessions.get_mut(id).filter(|session| is_open(session)).and_then(|one| take_fault(app, one, Hop::Creq))
    };
    let mut within = None;
    let mut copies = 1;
    if let Some(fault) = fault {
        match fault.kind {
            FaultKind::Truncate => text.truncate(floor(&text, text.len() / 2)),
            FaultKind::BadBase64 => text.push('='),
            FaultKind::Duplicate => copies = 2,
            _ => (),
        }
        if !matches!(
            fault.kind,
            FaultKind::InvalidJson | FaultKind::RemoveField | FaultKind::SetField | FaultKind::WrongId
        ) {
            say_fault(app, id, &fault).await;
        }
        app.pass(fault.delay()).await;
        app.lapse(id).await;
        match fault.kind {
            FaultKind::Drop | FaultKind::Close => return faults::cut_off(),
            FaultKind::Status => return broken(fault.status),
            _ => within = Some(fault),
        }
    }
    let mut sent = hear(app, id, &text, sealed, within.as_ref()).await;
    if copies > 1 {
        sent = hear(app, id, &text, sealed, None).await;
    }
    let Sent { body, sealed, fault } = sent;
    if let Some(fault) = fault {
        app.pass(fault.delay()).await;
        match fault.kind {
            FaultKind::Drop | FaultKind::Close => return faults::cut_off(),
            FaultKind::Status => return broken(fault.status),
            _ => (),
        }
    }
    let Some(body) = body else { return StatusCode::NO_CONTENT.into_response() };
    let mut answer = Response::new(Body::from(body));
    answer.headers_mut().insert(CONTENT_TYPE, if sealed { JOSE } else { JSON });
    answer
}

/// The last place at or before this one where a character begins.
fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn broken(status: Option<u16>) -> Response {
    StatusCode::from_u16(status.unwrap_or(503)).unwrap_or(StatusCode::SERVICE_UNAVAILABLE).into_response()
}

/// True while the shopper is asked in an app.
fn is_open(session: &Session) -> bool {
    let open = |challenge: &Challenge| challenge.place == Place::App && challenge.over.is_none();
    session.status == Status::Challenged && session.challenge.as_ref().is_some_and(open)
}

/// Takes a message in; what was said is posted before the answer goes.
async fn hear(app: &Arc<Shared>, id: &str, text: &str, sealed: bool, fault: Option<&Planned>) -> Sent {
    let (pending, sent) = {
        let mut store = app.lock();
        match store.sessions.get_mut(id) {
            None => (Pending::default(), talk::to_nobody()),
            Some(session) => {
                let mut talk = talk::Talk::new(app, session, sealed);
                let sent = talk.hear(text, fault);
                let talk::Talk { said, phone, ended, .. } = talk;
                let mut pending = Pending::after(&mut store, id, said).with_phone(&mut store, phone);
                if !ended {
                    pending.ended = None; // that was told when it ended, or will be
                }
                (pending, sent)
            }
        }
    };
    app.post(pending).await;
    app.watch(id); // a result may be late, and a timer set
    sent
}

/// Shows on the timeline what a fault did to a message as it travelled.
async fn say_fault(app: &Arc<Shared>, id: &str, fault: &Planned) {
    let pending = {
        let mut store = app.lock();
        let Some(session) = store.sessions.get(id) else { return };
        let said = fault_row(session, fault, None);
        Pending { ended: None, ..Pending::after(&mut store, id, vec![said]) }
    };
    app.post(pending).await;
}

/// `{"result": "approve" | "fail" | "cancel" | "timeout"}`: answers with the final CRes.
async fn by_word(app: &Arc<Shared>, call: &Call) -> Answer {
    let body = call.object()?;
    let mut findings = Findings::default();
    let result = Reader::new(&body, &mut findings).word("result", Need::Must, End::WORDS);
    let result = result.ok_or(Fault::invalid(findings.0))?;
    let id = call.segment(4);
    app.lapse(id).await;
    let (pending, answer) = {
        let mut store = app.lock();
        let session = store.sessions.get_mut(id).ok_or_else(|| Fault::not_found("session_not_found"))?;
        let open = is_open(session);
        let Some(challenge) = session.challenge.as_mut().filter(|_| open) else {
            return Err(Fault::forbidden("update_not_allowed_due_to_state"));
        };
        if challenge.line.as_ref().is_some_and(|line| line.began()) {
            return Err(Fault::forbidden("update_not_allowed_due_to_state")); // an SDK is at it
        }
        challenge.touched = Some(app.clock.passed());
        let end = End::of(result, challenge.outcome);
        if matches!(end, End::Answered(_)) {
            challenge.interactions = challenge.interactions.saturating_add(1);
        }
        let said = finish(app, session, end);
        let answer = cres(session);
        (Pending::after(&mut store, id, said), answer)
    };
    app.post(pending).await;
    Ok(answer_json(200, &answer.unwrap_or_default()))
}

/// `GET /simulator/acs/marks/{name}-{look}.svg`: what `issuerImage` and `psImage` lead to.
async fn mark(call: Call) -> Answer {
    let known = |name: &str| SCHEMES.iter().any(|(word, _)| *word == name) || bank::ids().contains(&name);
    let svg = bank::mark(call.segment(4), known).ok_or_else(|| Fault::not_found("resource_not_found"))?;
    let mut answer = Response::new(Body::from(svg));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    Ok(answer)
}

/// `GET /simulator/acs/bank-app/{threeDSServerTransID}`: where `oobAppURL` leads. The bank's app
/// is on the phone in the console.
async fn bank_app(State(app): State<Arc<Shared>>) -> Response {
    let title = "The bank's app is on the phone in the console";
    bank::notice(&app, StatusCode::OK, title, "Approve or deny there, then go back to the shop's app.")
}
