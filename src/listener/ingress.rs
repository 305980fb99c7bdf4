//! The ingress: takes what is sent to our addresses, stores it, then answers.
//!
//! Hides: how a request becomes a delivery, byte for byte. Promises: stored before 2xx;
//! 503 if it cannot be stored; answers are fixed, tiny and reflect nothing; a wrong token
//! is answered like any other unknown path. Source: trust.md R2, R8-R12, R14.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::sync::mpsc;

use super::visit::{Key, Place, Seen};
use super::{Evidence, LONGEST_DELAY, Script, Shared, Signal, judge, origin};
use crate::bus::{Event, EventSink, Record, Refused};
use crate::model::SessionId;
use crate::model::delivery::{Delivery, DeliveryKind, Seq, Verdict};
use crate::model::exchange::{Headers, header};
use crate::page::{Ancestors, Policy};
use crate::serve::{Arrival, RawHead};

/// What unknown paths may put on the disk in one start, in bytes. Source: trust.md R8.
pub(super) const STRAY_BYTES: u64 = 64 * 1024 * 1024;
/// Largest form, in bytes. Source: trust.md 1.7.
const FORM_BYTES: usize = 64 * 1024;
/// Longest wait for the disk. Source: trust.md R11.
const DISK_TIME: Duration = Duration::from_secs(2);

/// Posts deliveries in the order stored, without holding answers back when nobody reads.
pub(super) struct Announcer(mpsc::UnboundedSender<(Arc<Delivery>, Option<Arc<Place>>)>);

impl Announcer {
    pub(super) fn start(sink: EventSink) -> Self {
        let (tx, mut rx) = mpsc::unbounded_channel::<(Arc<Delivery>, Option<Arc<Place>>)>();
        tokio::spawn(async move {
            while let Some((delivery, place)) = rx.recv().await {
                sink.post(Event::Delivered(Arc::clone(&delivery))).await;
                let signal = place.zip(signal(&delivery));
                if let Some((place, signal)) = signal {
                    place.signal(signal);
                }
            }
        });
        Self(tx)
    }

    fn announce(&self, delivery: Delivery, place: Option<Arc<Place>>) {
        self.0.send((Arc::new(delivery), place)).ok(); // fails only while the runtime ends
    }
}

pub(super) fn router(shared: Arc<Shared>) -> axum::Router {
    axum::Router::new().fallback(receive).with_state(shared)
}

/// Whose address a path is.
enum Address {
    Run(Arc<Place>, DeliveryKind),
    Inbox,
    Nobody,
}

fn address(shared: &Shared, path: &str) -> Address {
    let mut parts = path.splitn(4, '/').skip(1);
    let (Some("c"), Some(token), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return Address::Nobody;
    };
    let kind = match rest {
        "cb" => DeliveryKind::Callback,
        "method" => DeliveryKind::MethodNotification,
        "cres" => DeliveryKind::ChallengeNotification,
        _ if rest == "in" || rest.starts_with("in/") => {
            return if Key::of(token) == shared.inbox { Address::Inbox } else { Address::Nobody };
        }
        _ => return Address::Nobody,
    };
    shared.visitors.ingress(token).map_or(Address::Nobody, |place| Address::Run(place, kind))
}

async fn receive(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return answer(StatusCode::BAD_REQUEST);
    };
    let (arrival, raw) = (head.extensions.get::<Arrival>().copied(), head.extensions.get::<RawHead>().cloned());
    let (Some(arrival), Some(RawHead(raw))) = (arrival, raw) else {
        tracing::error!("a request came without its head");
        return answer(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let headers = head_lines(&raw);
    let form =
        header(&headers, "content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if form && body.len() > FORM_BYTES {
        return answer(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let mut delivery = Delivery {
        seq: Seq(0),
        at: arrival.stamp,
        kind: DeliveryKind::Unknown,
        run: None,
        session: named_session(&body),
        peer: arrival.peer,
        method: head.method.as_str().to_owned(),
        target: target(&raw),
        headers,
        head: raw,
        body,
        verdict: Verdict::Unexpected,
        answered: 404,
    };
    match address(&shared, head.uri.path()) {
        Address::Run(place, kind) => {
            delivery.kind = kind;
            delivery.run = Some(place.run);
            to_run(&shared, delivery, place).await
        }
        Address::Inbox => {
            delivery.kind = DeliveryKind::Inbox;
            to_inbox(&shared, delivery).await
        }
        Address::Nobody => to_nobody(&shared, delivery, arrival.public).await,
    }
}

async fn to_run(shared: &Shared, mut delivery: Delivery, place: Arc<Place>) -> Response {
    let taken = matches!(delivery.method.as_str(), "POST" | "PUT");
    let status = if taken { StatusCode::OK } else { StatusCode::METHOD_NOT_ALLOWED };
    delivery.answered = status.as_u16();
    let (kind, session) = (delivery.kind, place.session());
    if keep(shared, &place.seen, delivery, session.as_ref(), Some(&place)).await.is_err() {
        return unavailable();
    }
    match kind {
        _ if !taken => {
            let mut answer = answer(status);
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST, PUT"));
            answer
        }
        DeliveryKind::MethodNotification => notified(shared, "method"),
        DeliveryKind::ChallengeNotification => notified(shared, "challenge"),
        DeliveryKind::Callback | DeliveryKind::Inbox | DeliveryKind::Unknown => answer(status),
    }
}

async fn to_inbox(shared: &Shared, mut delivery: Delivery) -> Response {
    let script = shared.script.unwrap_or(Script { status: 200, delay: Duration::ZERO });
    let slot = if script.delay.is_zero() { None } else { Some(shared.held.try_acquire()) };
    if matches!(slot, Some(Err(_))) {
        return unavailable();
    }
    let status = StatusCode::from_u16(script.status).ok().filter(|status| status.as_u16() >= 200);
    let status = status.unwrap_or(StatusCode::OK);
    delivery.answered = status.as_u16();
    if keep(shared, &shared.inbox_seen, delivery, None, None).await.is_err() {
        return unavailable();
    }
    tokio::time::sleep(script.delay.min(LONGEST_DELAY)).await;
    drop(slot);
    answer(status)
}

async fn to_nobody(shared: &Shared, delivery: Delivery, public: bool) -> Response {
    let size = (delivery.head.len() + delivery.body.len()) as u64;
    let room = shared.stray.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(size)).is_ok();
    // A scanner behind the tunnel must not fill the disk.
    if room
        && !public
        && let Ok(seq) = append(shared, &delivery).await
    {
        shared.announcer.announce(Delivery { seq, ..delivery }, None);
    }
    not_found()
}

/// Judges, stores, announces.
async fn keep(
    shared: &Shared,
    seen: &Seen,
    mut delivery: Delivery,
    ours: Option<&SessionId>,
    place: Option<&Arc<Place>>,
) -> Result<(), Refused> {
    let entry = seen.enter(&delivery, ours).await;
    let named = delivery.session.as_ref();
    let evidence = Evidence { kind: delivery.kind, ours, named, same: entry.same, other: entry.other };
    delivery.verdict = judge(evidence);
    let kept = append(shared, &delivery).await;
    seen.land(&entry, kept.as_ref().ok().copied());
    let seq = kept?;
    shared.announcer.announce(Delivery { seq, ..delivery }, place.cloned());
    Ok(())
}

async fn append(shared: &Shared, delivery: &Delivery) -> Result<Seq, Refused> {
    let appended = shared.journal.append(Record::Delivery(Box::new(delivery.clone())));
    let late = |_| Err(Refused("the disk took longer than two seconds".into()));
    let kept = tokio::time::timeout(DISK_TIME, appended).await.unwrap_or_else(late);
    if let Err(refused) = &kept {
        tracing::warn!(%refused, kind = delivery.kind.name(), "a delivery was not stored");
    }
    kept
}

/// What a stored delivery means to its run; nothing, if it was not answered 2xx.
fn signal(delivery: &Delivery) -> Option<Signal> {
    if !(200..300).contains(&delivery.answered) {
        return None;
    }
    let form = |names: &[&str]| {
        let fields = url::form_urlencoded::parse(&delivery.body);
        fields.filter(|(name, _)| names.contains(&name.as_ref())).find_map(|(_, value)| decoded(&value))
    };
    Some(match delivery.kind {
        DeliveryKind::Callback => Signal::CallbackReceived,
        DeliveryKind::MethodNotification => {
            let id = form(&["threeDSMethodData"])
                .and_then(|data| Some(data.get("threeDSServerTransID")?.as_str()?.to_owned()));
            Signal::MethodNotified { trans_id: id }
        }
        // Some issuers post an error in its own field. Source: emv-3ds.md 2.2.
        DeliveryKind::ChallengeNotification => Signal::ChallengeNotified { cres: form(&["cres", "erro"]) },
        DeliveryKind::Inbox | DeliveryKind::Unknown => return None,
    })
}

/// JSON in base64url, read tolerantly: padding and the other alphabet are taken too.
fn decoded(text: &str) -> Option<Value> {
    let strict: String = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace() && *c != '=')
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    serde_json::from_slice(&STANDARD_NO_PAD.decode(strict).ok()?).ok()
}

/// The session that a callback's (`session_id`) or a webhook's (`data.id`) body names.
fn named_session(body: &[u8]) -> Option<SessionId> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let named = body.get("session_id").or_else(|| body.pointer("/data/id"))?;
    named.as_str().map(|id| SessionId(id.to_owned()))
}

/// Header lines in wire order and spelling.
fn head_lines(head: &[u8]) -> Headers {
    let lines = head.split(|byte| *byte == b'\n').skip(1).map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let pairs = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let text = |part: &[u8]| String::from_utf8_lossy(part.trim_ascii()).into_owned();
        Some((text(&line[..colon]), text(&line[colon + 1..])))
    });
    pairs.collect()
}

/// Path and query as in the request line.
fn target(head: &[u8]) -> String {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let target = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    String::from_utf8_lossy(target).into_owned()
}

/// Tells the page around it and says that the window may be closed.
fn notified(shared: &Shared, what: &str) -> Response {
    let merchant = shared.addresses.get().and_then(|addresses| addresses.merchant).map(origin);
    let policy = Policy { ancestors: Ancestors::Only(merchant.iter().cloned().collect()), ..Policy::default() };
    let data = serde_json::json!({ "what": what, "to": merchant });
    let mut page = shared.pages.respond("notified", serde_json::json!({ "data": data }), &policy);
    page.headers_mut().insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    page
}

/// Status and a fixed word. Source: trust.md R9.
pub(super) fn answer(status: StatusCode) -> Response {
    let word = if status.is_success() { "ok\n" } else { "" };
    let mut answer = Response::new(Body::from(Bytes::from_static(word.as_bytes())));
    *answer.status_mut() = status;
    harden(answer.headers_mut(), "text/plain; charset=utf-8");
    answer
}

pub(super) fn harden(headers: &mut HeaderMap, kind: &'static str) {
    for (name, value) in [
        (header::CONTENT_TYPE.as_str(), kind),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// The one 404 of both ports.
pub(super) fn not_found() -> Response {
    answer(StatusCode::NOT_FOUND)
}

fn unavailable() -> Response {
    let mut answer = answer(StatusCode::SERVICE_UNAVAILABLE);
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    answer
}
