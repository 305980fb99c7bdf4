//! The five endpoints of the Sessions API.
//!
//! Promises the order of checks of sessions-api.md 2.1: credentials, scope, JSON, fields,
//! rules, state. An action marks the session `processing` before it waits, so a parallel
//! one gets 409; it runs in a task of its own, so a caller who hangs up changes nothing.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::answer::{Answer, Call, Fault, answer_json};
use super::cards::{Flow, Range, Scheme, range};
use super::fields::Object;
use super::render::{self, Reader, Schema, View};
use super::scheme;
use super::session::{Action, Limits, Session, Status};
use super::state::{Pending, State as Store};
use super::token::{Grant, Reach, grant, session_secret};
use super::trigger::Triggers;
use super::validate::{self, Around, Channel, Completion, Draft, Source};
use super::{Shared, deliver};
use crate::model::Pan;

type App = State<Arc<Shared>>;

/// The amount that asks for 3DS1. Source: sessions-api.md 7.3.
const THREE_DS1_AMOUNT: i64 = 123_321;
/// What an unknown stored card stands for. Source: sessions-api.md 3.2.
const VAULT_DEFAULT: &str = "4242424242424242";

/// Runs an action in its own task, so that it ends even if the caller hangs up.
async fn carried_out<T: Send + 'static>(
    action: impl Future<Output = Result<T, Fault>> + Send + 'static,
) -> Result<T, Fault> {
    let broken = |_| Fault::new(500, "internal_server_error", "unknown_error");
    tokio::spawn(action).await.map_err(broken)?
}

/// `POST /sessions`.
pub(super) async fn create(State(app): App, call: Call) -> Answer {
    let grant = grant(&app, &call)?;
    grant.may(Reach::Any)?;
    let body = call.object()?;
    if body.get("channel_data").is_some_and(is_browser) {
        grant.may(Reach::Browser)?;
    }
    let (id, authenticate) = admit(&app, &body)?;
    let base = call.base.clone();
    carried_out(async move {
        if authenticate {
            run(&app, &id, &base).await?;
        }
        let store = app.lock();
        let session = store.sessions.get(&id).ok_or_else(gone)?;
        let (status, schema) = if session.directory.is_some() || session.status.is_final() {
            (201, Schema::Full)
        } else {
            (202, Schema::Short)
        };
        Ok(shown(&app, &store, session, &base, Reader::Token, schema, status))
    })
    .await
}

fn is_browser(channel_data: &Value) -> bool {
    let object = channel_data.as_object();
    object.is_some_and(|data| matches!(data.get("channel").and_then(Value::as_str), None | Some("browser")))
}

fn gone() -> Fault {
    Fault::not_found("session_not_found")
}

/// Validates a request and stores its session. True: authenticate at once.
fn admit(app: &Arc<Shared>, body: &Object) -> Result<(String, bool), Fault> {
    let mut store = app.lock();
    let around = Around {
        now: app.clock.now(),
        strict: store.settings.strict,
        earlier: &|id| store.sessions.get(id).map(earlier),
    };
    let mut draft = validate::session(body, &around).map_err(Fault::invalid)?;
    let triggers = Triggers::parse(draft.reference.as_deref().unwrap_or_default());
    if let Some(fault) = triggers.fault {
        return Err(fault);
    }
    let pan = card(&store, &draft.source)?;
    let channel = draft.channel.take();
    later(&draft, channel.as_ref())?;
    let scheme = Scheme::of(pan.expose()).ok_or_else(|| Fault::forbidden("scheme_not_supported"))?;
    let scheme = scheme.chosen(pan.expose(), draft.wish);
    let range = range(pan.expose());
    match range.flow {
        Flow::CardNotEnrolled => return Err(Fault::forbidden("card_not_enrolled")),
        Flow::IssuerNotEnrolled => return Err(Fault::forbidden("issuer_not_enrolled")),
        Flow::Frictionless(_) | Flow::Challenge(_) => (),
    }
    let hosted = matches!(draft.completion, Completion::Hosted { .. });
    let browser = match channel {
        // A hosted page collects the data itself.
        Some(Channel::Browser(browser)) if !hosted => Some(browser),
        _ => None,
    };
    let mut session = fresh(app, &store, Card { pan, scheme, range }, draft, triggers);
    session.fingerprint = browser.as_ref().and_then(|browser| browser.method_completion);
    session.browser = browser;
    store.vault.insert(session.instrument_id.clone(), session.pan.clone());
    let authenticate = ready(&session);
    if authenticate {
        session.status = Status::Processing;
    }
    let id = session.id.clone();
    store.insert(session);
    drop(store);
    app.watch(&id);
    Ok((id, authenticate))
}

/// A card and what is known of it.
struct Card {
    pan: Pan,
    scheme: Scheme,
    range: Range,
}

/// A session that nothing has happened to.
fn fresh(app: &Shared, store: &Store, card: Card, draft: Draft, triggers: Triggers) -> Session {
    let Card { pan, scheme, range } = card;
    Session {
        id: app.random.id("sid_"),
        secret: app.random.session_secret(),
        transaction_id: app.random.uuid(),
        created: app.clock.now(),
        born: app.clock.passed(),
        limits: limits(store, &triggers),
        instrument_id: app.keys.instrument_id(pan.expose()),
        pan,
        scheme,
        range,
        version: triggers.version.unwrap_or(store.settings.version()),
        draft,
        triggers,
        status: Status::Pending,
        fingerprint: None,
        browser: None,
        method_notified: false,
        method_facts: None,
        completed: false,
        completing: false,
        directory: None,
        acs: None,
        challenge: None,
        verdict: None,
    }
}

/// What this sandbox does not play yet. Honest 501s rather than wrong answers.
fn later(draft: &Draft, channel: Option<&Channel>) -> Result<(), Fault> {
    match (&draft.completion, channel) {
        (Completion::Hosted { .. }, Some(Channel::App)) => {
            return Err(Fault::forbidden("hosted_not_supported_for_app"));
        }
        (_, Some(Channel::App)) => return Err(Fault::not_implemented("app_not_supported")),
        (_, Some(Channel::MerchantInitiated)) => {
            return Err(Fault::not_implemented("merchant_initiated_not_supported"));
        }
        (_, Some(Channel::Browser(_)) | None) => (),
    }
    if draft.amount == Some(THREE_DS1_AMOUNT) {
        return Err(Fault::not_implemented("three_ds1_not_supported"));
    }
    Ok(())
}

/// The card behind a source.
fn card(store: &Store, source: &Source) -> Result<Pan, Fault> {
    let strict = store.settings.strict;
    let stored = match source {
        Source::Card(pan) => return Ok(pan.clone()),
        Source::NetworkToken => return Err(Fault::not_implemented("source_not_supported")),
        Source::Instrument(id) => store.vault.get(id).cloned(),
        Source::Token => None,
    };
    match (stored, source) {
        (Some(pan), _) => Ok(pan),
        (None, Source::Instrument(_)) if strict => Err(Fault::not_found("instrument_not_found")),
        (None, _) if strict => Err(Fault::invalid(vec!["invalid_token".to_owned()])),
        (None, _) => Ok(Pan::parse(VAULT_DEFAULT).expect("the default is sixteen digits")),
    }
}

fn limits(store: &Store, triggers: &Triggers) -> Limits {
    let mut limits = store.settings.limits();
    if triggers.expire {
        limits.session = std::time::Duration::from_secs(2);
    }
    limits
}

/// What a new session takes over from an earlier one.
fn earlier(session: &Session) -> Object {
    let mut object = Object::new();
    let mut put = |name: &str, value: &str| {
        object.insert(name.to_owned(), value.into());
    };
    if let Some(acs) = &session.acs {
        put("acs_transaction_id", &acs.transaction_id);
    }
    let method = if session.challenge.is_some() { "challenge_occurred" } else { "frictionless_authentication" };
    put("authentication_method", method);
    put("authentication_timestamp", &super::fields::shown(session.created));
    object
}

/// True if nothing is missing for the authentication request.
fn ready(session: &Session) -> bool {
    let reported = session.hosted() || !session.wants_fingerprint(); // hosted data decides at once
    session.status == Status::Pending && session.browser.is_some() && reported
}

/// Authenticates a session that is `processing`. Messages are posted before this returns.
pub(super) async fn run(app: &Arc<Shared>, id: &str, base: &str) -> Result<(), Fault> {
    let slow = app.lock().sessions.get(id).and_then(|session| session.triggers.slow);
    if let Some(delay) = slow {
        app.clock.sleep(delay).await;
    }
    let pending = {
        let mut store = app.lock();
        let honour = store.settings.honour_mandate;
        let session = store.sessions.get_mut(id).ok_or_else(gone)?;
        session.status = Status::Pending;
        let said = scheme::authenticate(app, base, honour, session);
        Pending::after(&mut store, id, said)
    };
    app.post(pending).await;
    app.watch(id); // a challenge has other deadlines
    Ok(())
}

/// Who asks, once it is known that they may.
struct Access {
    reader: Reader,
}

/// Checks credentials for one session, in the order 401, 403, 404.
fn access(app: &Shared, call: &Call, reach: Reach) -> Result<Access, Fault> {
    let id = call.segment(2);
    if let Some(secret) = session_secret(call) {
        let store = app.lock();
        let lasts = store.settings.secret_lasts();
        let known = store.sessions.get(id).filter(|session| session.secret_works(app.clock.passed(), lasts));
        let good = known.is_some_and(|session| session.secret.matches(secret.as_bytes()));
        return if good { Ok(Access { reader: Reader::Secret }) } else { Err(Fault::unauthorized()) };
    }
    let grant: Grant = grant(app, call)?;
    grant.may(reach)?;
    let store = app.lock();
    let session = store.sessions.get(id).ok_or_else(gone)?;
    if session.browser.is_some() {
        grant.may(Reach::Browser)?;
    }
    Ok(Access { reader: Reader::Token })
}

/// `GET /sessions/{id}`.
pub(super) async fn read(State(app): App, call: Call) -> Answer {
    let access = access(&app, &call, Reach::Any)?;
    let id = call.segment(2);
    app.lapse(id).await;
    let store = app.lock();
    let session = store.sessions.get(id).ok_or_else(gone)?;
    let mut response = shown(&app, &store, session, &call.base, access.reader, Schema::Full, 200);
    if call.header(&HeaderName::from_static("channel")) == Some("app") && session.wants_fingerprint() {
        response = for_app(&app, &store, session, &call.base, access.reader);
    }
    Ok(response)
}

/// The header `channel: app` hides the fingerprint, which is not for apps. Source: sessions-api.md 2.2.
fn for_app(app: &Shared, store: &Store, session: &Session, base: &str, reader: Reader) -> Response {
    let mut body = render::session(session, &view(app, store, base, reader, Schema::Full));
    if let Some(actions) = body["next_actions"].as_array_mut() {
        actions.retain(|action| action != "issuer_fingerprint");
    }
    if let Some(links) = body["_links"].as_object_mut() {
        links.remove("issuer_fingerprint");
        links.remove("three_ds_method_url");
    }
    answer_json(200, &body)
}

fn view<'a>(app: &'a Shared, store: &Store, base: &'a str, reader: Reader, schema: Schema) -> View<'a> {
    View { app, base, reader, schema, cryptogram_lasts: store.settings.cryptogram_lasts() }
}

fn shown(
    app: &Shared,
    store: &Store,
    session: &Session,
    base: &str,
    reader: Reader,
    schema: Schema,
    status: u16,
) -> Response {
    answer_json(status, &render::session(session, &view(app, store, base, reader, schema)))
}

/// `PUT /sessions/{id}/collect-data`.
pub(super) async fn collect_data(State(app): App, call: Call) -> Answer {
    let access = access(&app, &call, Reach::Any)?;
    let channel = validate::channel_data(&call.object()?).map_err(Fault::invalid)?;
    let Channel::Browser(browser) = channel else {
        return Err(Fault::not_implemented(match channel {
            Channel::App => "app_not_supported",
            _ => "merchant_initiated_not_supported",
        }));
    };
    update(app, call, access, Action::CollectData, move |session| {
        session.fingerprint = browser.method_completion.or(session.fingerprint);
        session.browser = Some(browser);
    })
    .await
}

/// `PUT /sessions/{id}/issuer-fingerprint`.
pub(super) async fn issuer_fingerprint(State(app): App, call: Call) -> Answer {
    let access = access(&app, &call, Reach::Browser)?;
    let value = validate::fingerprint(&call.object()?).map_err(Fault::invalid)?;
    update(app, call, access, Action::IssuerFingerprint, move |session| session.fingerprint = Some(value)).await
}

/// Carries out an action that brings data, and authenticates if that was the last of it.
async fn update(
    app: Arc<Shared>,
    call: Call,
    access: Access,
    action: Action,
    change: impl FnOnce(&mut Session) + Send + 'static,
) -> Answer {
    let id = call.segment(2).to_owned();
    app.lapse(&id).await;
    let authenticate = {
        let mut store = app.lock();
        let session = store.sessions.get_mut(&id).ok_or_else(gone)?;
        session.allows(action)?;
        change(session);
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
        Ok(shown(&app, &store, session, &base, access.reader, Schema::Full, 200))
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
        deliver::Delivery::of(session, mode, &call.request_id.to_string())
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
