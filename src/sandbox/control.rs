//! The control routes: what a tester may look at and move from outside.
//!
//! Promises: nothing without this run's control token, nothing for a browser (any `Origin`,
//! or `Sec-Fetch-Site` other than `none`), no secret and no full card number in any answer; long
//! lists are written out when the state is free again.
//! Source: sessions-api.md 7.5, trust.md R17.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{HeaderName, ORIGIN};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde_json::{Value, json};

use super::Shared;
use super::answer::{Answer, Call, Fault, answer_json};
use super::arm::Armed;
use super::fields::{Findings, Need, Reader, shown};
use super::given::Given;
use super::issuer::finish;
use super::log::Entry;
use super::scheme::{decision, status_of};
use super::session::{End, Session, Status};
use super::state::{Pending, State as Store};
use super::turn::Decided;
use super::{exempt, legacy, payments, turn};
use crate::model::scenario::Version;
use crate::model::scheme::{PhoneKind, SchemeMessage};

type App = State<Arc<Shared>>;

/// Longest jump of the clock: ten years.
const LONGEST_JUMP: i64 = 10 * 366 * 86_400;
/// Most entries of one answer.
const PAGE: usize = 1_000;

/// The control paths.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_sandbox/overview", get(overview))
        .route("/_sandbox/sessions", get(sessions))
        .route("/_sandbox/sessions/{id}/phone", get(phone).post(decide))
        .route("/_sandbox/sessions/{id}/messages", get(messages))
        .route("/_sandbox/sessions/{id}/challenge", post(end_challenge))
        .route("/_sandbox/log", get(log))
        .route("/_sandbox/clock", get(read_clock).post(move_clock))
        .route("/_sandbox/reset", post(reset))
        .route("/_sandbox/settings", get(read_settings).put(change_settings))
        .route("/_sandbox/callbacks", get(callbacks))
        .route("/_sandbox/webhooks", get(webhooks))
        .route("/_sandbox/arm", put(arm).get(armed))
        .route("/_sandbox/faults", get(faults).put(plan_faults))
}

/// Refuses whoever does not hold the token, and every browser.
fn admit(app: &Shared, call: &Call) -> Result<(), Fault> {
    let fetch = HeaderName::from_static("sec-fetch-site");
    let browser = call.headers.contains_key(ORIGIN)
        || call.headers.get_all(fetch).iter().any(|value| value.as_bytes() != b"none");
    let token = call.authorization().and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let right = app.keys.control_token.matches(token.as_bytes());
    if browser || !right { Err(Fault::unauthorized()) } else { Ok(()) }
}

/// Sessions of an overview.
const GLANCE: usize = 50;

/// All that a panel shows at once.
async fn overview(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    let faults = app.trouble.json();
    let (store, clock) = (app.lock(), clock_value(&app));
    let areqs = asked(&store);
    let areq = |session: &Session| areqs.get(session.id.as_str()).copied();
    let newest = store.sessions.newest_first().take(GLANCE);
    let sessions: Vec<Value> = newest.map(|session| glance(&app, &store, session, areq(session))).collect();
    Ok(answer_json(
        200,
        &json!({
            "now": clock["now"], "mode": clock["mode"], "seed": app.seed.map_or_else(|| json!(""), |seed| json!(seed)),
            "armed": Armed::json(store.armed.as_ref()), "faults": faults["faults"],
            "count": store.sessions.len(), "dropped": store.messages.dropped, "sessions": sessions,
            "settings": {"exemptions": store.settings.exemptions.word()},
        }),
    ))
}

/// The first AReq of each of the newest sessions, found in one walk over the hidden messages.
fn asked(store: &Store) -> HashMap<&str, &SchemeMessage> {
    let newest = store.sessions.newest_first().take(GLANCE).filter(|session| session.method_facts.is_some());
    let wanted: HashSet<&str> = newest.map(|session| session.id.as_str()).collect();
    let mut found = HashMap::with_capacity(wanted.len());
    if !wanted.is_empty() {
        for message in store.messages.iter().filter(|message| message.kind == "AReq") {
            if let Some(id) = wanted.get(message.session.0.as_str()) {
                found.entry(*id).or_insert(message);
            }
        }
    }
    found
}

/// A session with its phone, and what its browser is beside what the shop says it is.
fn glance(app: &Shared, store: &Store, session: &Session, areq: Option<&SchemeMessage>) -> Value {
    let mut glance = summary(app, store, session);
    let phone = phone_of(store, session);
    if !phone.is_empty() {
        glance["phone"] = phone.into();
    }
    if session.method_facts.is_some() {
        let areq = areq.and_then(|message| serde_json::from_slice::<Value>(&message.body).ok()).unwrap_or_default();
        let mut declared = json!({});
        for (ours, theirs) in [
            ("userAgent", "browserUserAgent"),
            ("languages", "browserLanguage"),
            ("colorDepth", "browserColorDepth"),
            ("timezone", "browserTZ"),
            ("java", "browserJavaEnabled"),
            ("javascript", "browserJavascriptEnabled"),
        ] {
            if let Some(value) = areq.get(theirs) {
                declared[ours] = value.clone();
            }
        }
        if let (Some(width), Some(height)) = (areq["browserScreenWidth"].as_str(), areq["browserScreenHeight"].as_str())
        {
            declared["screen"] = format!("{width}x{height}").into();
        }
        glance["declared"] = declared;
    }
    glance
}

/// What the bank sent to a shopper's phone, oldest first.
fn phone_of(store: &Store, session: &Session) -> Vec<Value> {
    let decided = session.challenge.as_ref().and_then(|challenge| challenge.decided);
    let own = store.phone.iter().rev().filter(|message| message.session.0 == session.id);
    own.map(|message| {
        let mut shown = json!({
            "kind": message.kind.word(), "sender": message.sender, "text": message.text, "code": message.code,
            "at": message.at.wall.to_string(),
        });
        if let (PhoneKind::Push, Some(approved)) = (message.kind, decided) {
            shown["decided"] = if approved { "approve" } else { "deny" }.into();
        }
        shown
    })
    .collect()
}

async fn phone(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    let store = app.lock();
    let session = store.sessions.get(call.segment(3)).ok_or_else(|| Fault::not_found("session_not_found"))?;
    Ok(answer_json(200, &json!({"messages": phone_of(&store, session)})))
}

/// `{"decision": "approve" | "deny"}`: the shopper answers the bank's app.
async fn decide(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    let body = call.object()?;
    let mut findings = Findings::default();
    let decision = Reader::new(&body, &mut findings).word("decision", Need::Must, &[("approve", &[]), ("deny", &[])]);
    let decision = decision.ok_or(Fault::invalid(findings.0))?;
    let id = call.segment(3);
    app.lapse(id).await;
    let (pending, shown) = {
        let mut store = app.lock();
        let session = store.sessions.get_mut(id).ok_or_else(|| Fault::not_found("session_not_found"))?;
        let said = match turn::decide(session, decision == "approve") {
            Decided::Nothing => return Err(Fault::forbidden("update_not_allowed_due_to_state")),
            Decided::Noted => Vec::new(),
            Decided::Over(end) => finish(&app, session, end),
        };
        let pending = Pending::after(&mut store, id, said);
        (pending, store.sessions.get(id).map(|session| json!({"messages": phone_of(&store, session)})))
    };
    app.post(pending).await;
    app.watch(id);
    Ok(answer_json(200, &shown.unwrap_or_default()))
}

/// Newest first.
async fn sessions(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    let store = app.lock();
    let list: Vec<Value> =
        store.sessions.newest_first().take(PAGE).map(|session| summary(&app, &store, session)).collect();
    Ok(answer_json(200, &json!({"count": store.sessions.len(), "sessions": list})))
}

fn summary(app: &Shared, store: &Store, session: &Session) -> Value {
    let mut summary = json!({
        "id": session.id, "status": session.status.word(), "scheme": session.scheme.word(),
        "card": session.pan.masked(), "hosted": session.hosted(), "completed": session.completed,
        "transaction_id": session.transaction_id, "amount": session.draft.amount.unwrap_or(0),
        "currency": session.draft.currency, "created": shown(session.created),
        "next_actions": session.next_actions(), "spent": payments::spent(store, session),
    });
    if let Some(deadline) = session.deadline() {
        summary["seconds_left"] = deadline.saturating_sub(app.clock.passed()).as_secs().into();
    }
    if let Some(decision) = exempt::shown(decision(session)) {
        summary["exemption"] = decision;
    }
    summary["protocol_version"] = session.version.into();
    if let Some(script) = &session.script {
        summary["scenario"] = script.id.as_str().into();
    }
    if let Some(challenge) = &session.challenge {
        summary["wrong_passwords"] = challenge.wrong.into();
        summary["interactions"] = challenge.interactions.into();
        summary["prepared_result"] = status_of(challenge.outcome).word().into();
    }
    if let Some(id) = session.directory.as_ref().and_then(|directory| directory.transaction_id.as_deref()) {
        summary["ds_transaction_id"] = id.into();
    }
    if let Some(acs) = &session.acs {
        summary["acs_transaction_id"] = acs.transaction_id.as_str().into();
    }
    if let Some(reference) = &session.draft.reference {
        summary["reference"] = reference.as_str().into();
    }
    if let Some(facts) = session.method_facts.as_deref().and_then(|facts| serde_json::from_str::<Value>(facts).ok()) {
        summary["method_facts"] = facts;
    }
    if let Some(found) = session.device_info.as_deref().and_then(|found| serde_json::from_str::<Value>(found).ok()) {
        summary["device_info"] = found;
    }
    summary
}

/// The hidden messages of a session, oldest first.
async fn messages(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    let id = call.segment(3);
    let (own, dropped) = {
        let store = app.lock();
        if store.sessions.get(id).is_none() {
            return Err(Fault::not_found("session_not_found"));
        }
        let own = store.messages.iter().rev().filter(|message| message.session.0 == id);
        (own.cloned().collect::<Vec<_>>(), store.messages.dropped)
    };
    let list: Vec<Value> = own
        .iter()
        .map(|message| {
            let mut shown = json!({
                "kind": message.kind, "from": message.from, "to": message.to,
                "at": message.at.wall.to_string(), "gist": message.gist,
                // 3DS1 speaks XML: shown as text.
                "body": serde_json::from_slice::<Value>(&message.body)
                    .unwrap_or_else(|_| String::from_utf8_lossy(&message.body).into()),
            });
            let headers = message.headers();
            if !headers.is_empty() {
                shown["headers"] = headers.into_iter().map(|(name, id)| (name.to_owned(), Value::from(id))).collect();
            }
            shown
        })
        .collect();
    Ok(answer_json(200, &json!({"messages": list, "dropped": dropped})))
}

/// Ends a challenge from outside: `{"result": "approve" | "fail" | "cancel" | "timeout"}`.
async fn end_challenge(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    let body = call.object()?;
    let mut findings = Findings::default();
    let result = Reader::new(&body, &mut findings).word("result", Need::Must, End::WORDS);
    let result = result.ok_or(Fault::invalid(findings.0))?;
    let id = call.segment(3);
    app.lapse(id).await;
    let (pending, summary) = {
        let mut store = app.lock();
        let session = store.sessions.get_mut(id).ok_or_else(|| Fault::not_found("session_not_found"))?;
        let said = match (&session.challenge, session.status) {
            (Some(challenge), Status::Challenged) if challenge.over.is_none() => {
                let end = End::of(result, challenge.outcome);
                finish(&app, session, end)
            }
            _ => legacy::answered(&app, session, result)
                .ok_or_else(|| Fault::forbidden("update_not_allowed_due_to_state"))?,
        };
        let pending = Pending::after(&mut store, id, said);
        let summary = store.sessions.get(id).map(|session| summary(&app, &store, session));
        (pending, summary)
    };
    app.post(pending).await;
    Ok(answer_json(200, &summary.unwrap_or_default()))
}

/// Requests with their answers, newest first.
async fn log(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    let (entries, dropped) = {
        let store = app.lock();
        (store.log.iter().take(PAGE).cloned().collect::<Vec<_>>(), store.log.dropped)
    };
    let list: Vec<Value> = entries.iter().map(Entry::json).collect();
    Ok(answer_json(200, &json!({"log": list, "dropped": dropped})))
}

fn clock_value(app: &Shared) -> Value {
    let mode = match (app.clock.is_virtual(), app.clock.running()) {
        (true, _) => "virtual",
        (false, true) => "run",
        (false, false) => "freeze",
    };
    json!({"now": app.clock.now().to_string(), "mode": mode})
}

fn clock_json(app: &Shared) -> Response {
    answer_json(200, &clock_value(app))
}

async fn read_clock(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    Ok(clock_json(&app))
}

/// `{"mode": "run" | "freeze", "advance_seconds": n, "advance_ms": n}`, all optional. What becomes
/// due meanwhile is carried out, in order, before the answer.
async fn move_clock(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    let body = call.object()?;
    let mut findings = Findings::default();
    let mut reader = Reader::new(&body, &mut findings);
    let mode = reader.word("mode", Need::May, &[("run", &[]), ("freeze", &[])]);
    let seconds = reader.integer("advance_seconds", Need::May, 0..=LONGEST_JUMP).unwrap_or(0);
    let millis = reader.integer("advance_ms", Need::May, 0..=LONGEST_JUMP * 1000).unwrap_or(0);
    if !findings.0.is_empty() {
        return Err(Fault::invalid(findings.0));
    }
    match mode {
        Some("run") => {
            app.clock.run();
            app.watch.look_again(); // a virtual clock has become an ordinary one
        }
        Some(_) => app.clock.freeze(),
        None => (),
    }
    let jump = Duration::from_secs(seconds.unsigned_abs()) + Duration::from_millis(millis.unsigned_abs());
    if !jump.is_zero() {
        app.jump(jump).await;
    }
    Ok(clock_json(&app))
}

/// Forgets everything but the keys and the settings: sessions, logs, events, what is armed,
/// faults, and what the bank remembers of its cards.
async fn reset(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    let mut store = app.lock();
    let settings = store.settings.clone();
    *store = Store::new();
    store.settings = settings;
    app.trouble.calm();
    app.books.forget();
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn read_settings(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    Ok(answer_json(200, &app.lock().settings.json()))
}

async fn change_settings(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    let body = call.object()?;
    if body.get("ds_key").and_then(Given::as_str) == Some("rsa") {
        // Made where nobody waits for it.
        let keys = Arc::clone(&app);
        tokio::task::spawn_blocking(move || keys.keys.make_rsa()).await.ok();
    }
    let mut store = app.lock();
    store.settings.change(&body)?;
    app.keys.show_rsa(store.settings.ds_key == "rsa");
    app.trouble.set_rate(store.settings.rate);
    Ok(answer_json(200, &store.settings.json()))
}

/// Callbacks that were delivered or recorded, newest first.
async fn callbacks(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    let store = app.lock();
    Ok(answer_json(200, &json!({"callbacks": store.callbacks})))
}

/// Webhook events with their attempts, newest first.
async fn webhooks(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    let events: Vec<_> = app.lock().events.iter().cloned().collect();
    let list: Vec<Value> = events.iter().map(|event| event.json()).collect();
    Ok(answer_json(200, &json!({"webhooks": list})))
}

/// `{"scenario": "S023", "sessions": 1}`: the next sessions get what it says of the other side.
/// `{"file": "…"}` in place of the id: a scenario as TOML text. With `"version": "2.1.0"`, or that
/// alone, they speak this version. No session disarms, whatever is armed.
async fn arm(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    let body = call.object()?;
    let mut findings = Findings::default();
    let known = ["scenario", "sessions", "file", "version"];
    body.keys().filter(|name| !known.contains(name)).for_each(|name| findings.invalid(name));
    let mut reader = Reader::new(&body, &mut findings);
    let file = reader.any_text("file");
    // What was named, even wrongly, says what was meant: a flaw in it is the only one told.
    let named = ["file", "version"].iter().any(|name| body.get(name).is_some());
    let disarms = body.get("sessions").and_then(Given::as_i64) == Some(0);
    let need = if named || disarms { Need::May } else { Need::Must };
    let scenario = reader.text("scenario", need, 1..=64);
    let version = reader.word("version", Need::May, &Version::SPOKEN.map(|version| (version.word(), [].as_slice())));
    let sessions = reader.integer("sessions", Need::May, 0..=1_000_000).unwrap_or(1);
    if !findings.0.is_empty() {
        return Err(Fault::invalid(findings.0));
    }
    let script = match (file, scenario) {
        (Some(text), _) => {
            Some(Armed::of_file(&text).map_err(|why| Fault::invalid(vec!["file_invalid".to_owned()]).near(vec![why]))?)
        }
        (None, Some(id)) => {
            Some(Armed::of_deck(&id).map_err(|near| Fault::not_found("scenario_not_found").near(near))?)
        }
        (None, None) => None,
    };
    let armed = Armed::with(script, version, sessions);
    let shown = Armed::json(armed.as_ref());
    app.lock().armed = armed;
    Ok(answer_json(200, &shown))
}

async fn armed(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    Ok(answer_json(200, &Armed::json(app.lock().armed.as_ref())))
}

async fn faults(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    Ok(answer_json(200, &app.trouble.json()))
}

/// `{"faults": [{"hop": "api", "kind": "status", "status": 503, "times": 2}]}`, in place of the old list.
async fn plan_faults(State(app): App, call: Call) -> Answer {
    admit(&app, &call)?;
    app.trouble.set_faults(&call.object()?)?;
    Ok(answer_json(200, &app.trouble.json()))
}
