//! The actions on a session: read, bring data, complete. Creating one is next door.
//!
//! Promises the order of checks of sessions-api.md 2.1: credentials, scope, JSON, fields,
//! rules, state. An action marks the session `processing` before it waits, so a parallel
//! one gets 409; it runs in a task of its own, so a caller who hangs up changes nothing.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

use super::answer::{Answer, Call, Fault, answer_bytes};
use super::render::{self, Reader, Schema, View};
use super::scheme;
use super::session::{Action, Session, Status};
use super::state::Pending;
use super::token::{Grant, Reach, grant, session_secret};
use super::validate::{self, Channel};
use super::{Shared, deliver};

type App = State<Arc<Shared>>;

/// Runs an action so that it ends even if the caller hangs up: what cannot be done at once
/// goes on in a task of its own.
pub(super) async fn carried_out<T: Send + 'static>(
    action: impl Future<Output = Result<T, Fault>> + Send + 'static,
) -> Result<T, Fault> {
    let mut action = Box::pin(action);
    if let Poll::Ready(done) = poll_fn(|cx| Poll::Ready(action.as_mut().poll(cx))).await {
        return done;
    }
    let broken = |_| Fault::new(500, "internal_server_error", "unknown_error");
    tokio::spawn(action).await.map_err(broken)?
}

pub(super) fn gone() -> Fault {
    Fault::not_found("session_not_found")
}

/// True if nothing is missing for the authentication request.
pub(super) fn ready(session: &Session) -> bool {
    let reported = session.hosted() || !session.wants_fingerprint(); // hosted data decides at once
    session.status == Status::Pending && session.channel.is_some() && reported
}

/// Authenticates a session that is `processing`. Messages are posted before this returns.
pub(super) async fn run(app: &Arc<Shared>, id: &str, base: &str) -> Result<(), Fault> {
    let slow = app.lock().sessions.get(id).and_then(|session| session.triggers.slow);
    if let Some(delay) = slow {
        app.pass(delay).await;
    }
    let pending = {
        let mut store = app.lock();
        let honour = store.settings.honour_mandate;
        let session = store.sessions.get_mut(id).ok_or_else(gone)?;
        session.status = Status::Pending;
        let said = scheme::authenticate(app, base, honour, session);
        let shows =
            session.fingerprint == Some('Y') && scheme::script(session).is_some_and(|script| script.method_reuse);
        let known = shows.then(|| session.card.fingerprint.clone());
        if session.status != Status::Processing && !scheme::spc_open(session) {
            session.shed(); // whatever came of it: nobody needs the data again
        }
        if let Some(card) = known {
            store.remember_browser(card, app.clock.passed());
        }
        Pending::after(&mut store, id, said)
    };
    app.post(pending).await;
    app.watch(id); // a challenge has other deadlines
    app.answer_awaited(id).await;
    Ok(())
}

impl Shared {
    /// Waits while the answer to the authentication request is on its way.
    async fn answer_awaited(self: &Arc<Self>, id: &str) {
        loop {
            let waits = |session: &&Session| session.status == Status::Processing;
            let moment = self.lock().sessions.get(id).filter(waits).and_then(Session::deadline);
            let Some(moment) = moment else { break };
            self.pass_until(moment).await;
            self.lapse(id).await;
            self.watch(id);
        }
        if let Some(session) = self.lock().sessions.get_mut(id).filter(|session| !scheme::spc_open(session)) {
            session.shed();
        }
    }
}

/// Who asks, if they may; checked in the order 401, 403, 404.
fn access(app: &Shared, call: &Call, reach: Reach) -> Result<Reader, Fault> {
    let id = call.segment(2);
    if let Some(secret) = session_secret(call) {
        let store = app.lock();
        let lasts = store.settings.secret_lasts();
        let known = store.sessions.get(id).filter(|session| session.secret_works(app.clock.passed(), lasts));
        let good = known.is_some_and(|session| session.secret.matches(secret.as_bytes()));
        return if good { Ok(Reader::Secret) } else { Err(Fault::unauthorized()) };
    }
    let grant: Grant = grant(app, call)?;
    grant.may(reach)?;
    let store = app.lock();
    let session = store.sessions.get(id).ok_or_else(gone)?;
    if session.in_app() {
        grant.may(Reach::App)?;
    } else if let Some(Channel::Browser(_)) = session.channel {
        grant.may(Reach::Browser)?;
    }
    Ok(Reader::Token)
}

/// `GET /sessions/{id}`.
pub(super) async fn read(State(app): App, call: Call) -> Answer {
    let reader = access(&app, &call, Reach::Any)?;
    let id = call.segment(2);
    app.lapse(id).await;
    let for_app = call.header(&HeaderName::from_static("channel")) == Some("app");
    let store = app.lock();
    let session = store.sessions.get(id).ok_or_else(gone)?;
    let view = View { for_app, ..view(&app, &call.base, reader, Schema::Full) };
    Ok(answer_bytes(200, render::session(session, &view)))
}

fn view<'a>(app: &'a Shared, base: &'a str, reader: Reader, schema: Schema) -> View<'a> {
    View { app, base, reader, schema, for_app: false }
}

pub(super) fn shown(
    app: &Shared,
    session: &Session,
    base: &str,
    reader: Reader,
    schema: Schema,
    status: u16,
) -> Response {
    answer_bytes(status, render::session(session, &view(app, base, reader, schema)))
}

/// `PUT /sessions/{id}/collect-data`.
pub(super) async fn collect_data(State(app): App, call: Call) -> Answer {
    let reader = access(&app, &call, Reach::Any)?;
    let channel = validate::channel_data(&call.object()?).map_err(Fault::invalid)?;
    update(app, call, reader, Action::CollectData, move |session| session.take(channel)).await
}

/// `PUT /sessions/{id}/issuer-fingerprint`.
pub(super) async fn issuer_fingerprint(State(app): App, call: Call) -> Answer {
    let reader = access(&app, &call, Reach::Browser)?;
    let value = validate::fingerprint(&call.object()?).map_err(Fault::invalid)?;
    update(app, call, reader, Action::IssuerFingerprint, move |session| {
        session.fingerprint = Some(value);
        Ok(())
    })
    .await
}

/// Carries out an action that brings data, and authenticates if that was the last of it.
async fn update(
    app: Arc<Shared>,
    call: Call,
    reader: Reader,
    action: Action,
    change: impl FnOnce(&mut Session) -> Result<(), Fault> + Send + 'static,
) -> Answer {
    let id = call.segment(2).to_owned();
    app.lapse(&id).await;
    let authenticate = {
        let mut store = app.lock();
        let session = store.sessions.get_mut(&id).ok_or_else(gone)?;
        session.allows(action)?;
        change(session)?;
        let authenticate = ready(session);
        if authenticate {
            session.status = Status::Processing;
        }
        authenticate
    };
    let base = call.base;
    carried_out(async move {
        if authenticate {
            run(&app, &id, &base).await?;
        }
        let store = app.lock();
        let session = store.sessions.get(&id).ok_or_else(gone)?;
        Ok(shown(&app, session, &base, reader, Schema::Full, 200))
    })
    .await
}

/// `POST /sessions/{id}/complete`.
pub(super) async fn complete(State(app): App, call: Call) -> Answer {
    access(&app, &call, Reach::Any)?;
    let id = call.segment(2).to_owned();
    app.lapse(&id).await;
    let delivery = {
        let mut store = app.lock();
        let mode = store.settings.callbacks;
        let session = store.sessions.get_mut(&id).ok_or_else(gone)?;
        session.allows(Action::Complete)?;
        session.completing = true;
        deliver::Delivery::of(session, mode, &call.request_id.to_string(), app.clock.passed())
    };
    carried_out(async move {
        let accepted = match delivery {
            None => true,
            Some(delivery) => app.deliver(delivery).await,
        };
        let mut store = app.lock();
        let session = store.sessions.get_mut(&id).ok_or_else(gone)?;
        session.completing = false;
        session.completed = accepted;
        if accepted {
            Ok(StatusCode::NO_CONTENT.into_response())
        } else {
            Err(Fault::new(502, "callback_failed", "session_callback_failed"))
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpStream};

    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::sandbox::{Config, Sandbox};

    /// Posts JSON, with a token if there is one; the answer as it came.
    fn post(addr: SocketAddr, path: &str, authorization: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(addr).expect("the sandbox listens");
        let kind = if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\nContent-Type: {kind}\r\n\
             {authorization}Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).expect("the sandbox reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the sandbox answers");
        answer
    }

    /// What a session keeps cannot be asked for, so its state is looked at.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_way_out_of_an_authentication_leaves_its_data_behind() {
        let sandbox = Sandbox::start(Config::new(0, Clock::real())).await.expect("a free port");
        let addr = sandbox.addr();
        let (id, secret) = (sandbox.client_id(), sandbox.client_secret().expose());
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let answer = tokio::task::block_in_place(|| post(addr, "/connect/token", "", &form));
        let (_, rest) = answer.split_once("\"access_token\":\"").unwrap_or_else(|| panic!("{answer}"));
        let token = format!("Authorization: Bearer {}\r\n", rest.split('"').next().unwrap_or_default());
        let device = json!({
            "channel": "app", "sdk_app_id": "dbd64fcb-c19a-4728-8849-e3d50bfdde39", "sdk_max_timeout": 5,
            "sdk_encrypted_data": "x".repeat(64_000), "sdk_interface_type": "both",
            "sdk_ephem_pub_key": {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
            "sdk_reference_number": "3DS_LOA_SDK_ABCD_020200_00001", "sdk_transaction_id": "b2385523-a66c-4907-ac3c-91848e8c0067",
            "sdk_ui_elements": ["text"],
        });
        // Declined as a risk, broken off by the scheme, answered.
        for (card, reference) in
            [("4485040371536584", "SBX:RISK"), ("4452927588210665", ""), ("4485040371536584", "INV-1")]
        {
            let body = json!({
                "source": {"type": "card", "number": card, "expiry_month": 6, "expiry_year": 2030},
                "amount": 6540, "currency": "USD", "reference": reference, "completion": {"type": "non_hosted"},
                "channel_data": device,
            });
            let answer = tokio::task::block_in_place(|| post(addr, "/sessions", &token, &body.to_string()));
            assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
            let store = sandbox.shared.lock();
            let session = store.sessions.newest_first().next().expect("a session");
            assert!(session.status.is_final(), "{card} {:?}", session.status);
            assert!(matches!(&session.channel, Some(Channel::App(app)) if app.encrypted_data.is_empty()), "{card}");
        }
    }
}
