//! The ingress: takes what is sent to our addresses, stores it, then answers.
//!
//! Hides: how a request becomes a delivery, byte for byte. Promises: stored before 2xx;
//! 503 if it cannot be stored, or not in time, or if too many wait to be announced; what is
//! stored too late is announced, and its row corrected, as answered 503; answers are fixed,
//! tiny and reflect nothing; a wrong token is answered like any other unknown path.
//! Source: trust.md R2, R8-R12, R14.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
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
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::visit::{Entry, Key, Place, Seen};
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
/// Deliveries that may wait to be announced, each with its body. Our choice.
const ANNOUNCEMENTS: usize = 1024;

type Announcement = (Arc<Delivery>, Option<Arc<Place>>);

/// Posts deliveries in the order stored, without holding answers back when nobody reads:
/// room is taken before a delivery is stored, and without room it is refused.
pub(super) struct Announcer(mpsc::Sender<Announcement>);

/// Room for one delivery.
type Room = mpsc::OwnedPermit<Announcement>;

impl Announcer {
    pub(super) fn start(sink: EventSink) -> Self {
        let (tx, mut rx) = mpsc::channel::<Announcement>(ANNOUNCEMENTS);
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

    /// Waits for room.
    async fn room(&self) -> Result<Room, Refused> {
        // Fails only while the runtime ends.
        self.0.clone().reserve_owned().await.map_err(|_| Refused("the listener ends".into()))
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

async fn to_run(shared: &Arc<Shared>, mut delivery: Delivery, place: Arc<Place>) -> Response {
    let taken = matches!(delivery.method.as_str(), "POST" | "PUT");
    let scripted = || place.next_answer().filter(|status| *status >= 200);
    let status = match delivery.kind {
        _ if !taken => StatusCode::METHOD_NOT_ALLOWED,
        DeliveryKind::Callback => scripted().and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or_default(),
        _ => StatusCode::OK,
    };
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
        DeliveryKind::MethodNotification => notified(shared, &place, "method"),
        DeliveryKind::ChallengeNotification => notified(shared, &place, "challenge"),
        DeliveryKind::Callback | DeliveryKind::Inbox | DeliveryKind::Unknown => answer(status),
    }
}

async fn to_inbox(shared: &Arc<Shared>, mut delivery: Delivery) -> Response {
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

async fn to_nobody(shared: &Arc<Shared>, delivery: Delivery, public: bool) -> Response {
    let size = (delivery.head.len() + delivery.body.len()) as u64;
    let room = shared.stray.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(size)).is_ok();
    // A scanner behind the tunnel must not fill the disk.
    if room
        && !public
        && let Ok(room) = shared.announcer.0.clone().try_reserve_owned()
    {
        let filing = Filing { delivery, entry: None, room, place: None, late: StatusCode::NOT_FOUND };
        file(shared, filing, Instant::now() + DISK_TIME).await.ok(); // 404 in any case; it is logged
    }
    not_found()
}

/// Judges, stores, announces. All of it takes two seconds at most, for the sender.
async fn keep(
    shared: &Arc<Shared>,
    seen: &Seen,
    mut delivery: Delivery,
    ours: Option<&SessionId>,
    place: Option<&Arc<Place>>,
) -> Result<(), Refused> {
    let until = Instant::now() + DISK_TIME;
    let waited = async { Ok((shared.announcer.room().await?, seen.enter(&delivery, ours).await)) };
    let late = |_| Err(Refused("too many deliveries wait to be stored or announced".into()));
    let (room, entry) = tokio::time::timeout_at(until, waited).await.unwrap_or_else(late).inspect_err(|refused| {
        tracing::warn!(%refused, kind = delivery.kind.name(), "a delivery was not taken");
    })?;
    let named = delivery.session.as_ref();
    let evidence = Evidence { kind: delivery.kind, ours, named, same: entry.same, other: entry.other };
    delivery.verdict = judge(evidence);
    let entry = Some((seen.clone(), entry));
    let late = StatusCode::SERVICE_UNAVAILABLE;
    file(shared, Filing { delivery, entry, room, place: place.cloned(), late }, until).await
}

/// A delivery on its way to the disk and to those who want to know of it.
struct Filing {
    delivery: Delivery,
    entry: Option<(Seen, Entry)>,
    room: Room,
    place: Option<Arc<Place>>,
    /// How it is answered if the disk takes too long.
    late: StatusCode,
}

/// Returns when the delivery is stored, or when the time is up. The way to the disk is gone
/// to its end in any case: what is queued there will be stored, so it must be told of.
async fn file(shared: &Arc<Shared>, filing: Filing, until: Instant) -> Result<(), Refused> {
    let (told, mut durable) = oneshot::channel();
    let given_up = Arc::new(AtomicBool::new(false));
    tokio::spawn(bring(Arc::clone(shared), filing, told, Arc::clone(&given_up)));
    if let Ok(kept) = tokio::time::timeout_at(until, &mut durable).await {
        return kept.unwrap_or_else(|_| Err(Refused("the listener ends".into())));
    }
    given_up.store(true, SeqCst);
    durable.close(); // from here on the other side knows that nobody waits
    durable.try_recv().unwrap_or_else(|_| Err(Refused("the disk took longer than two seconds".into())))
}

/// Stores and announces. A sender that has gone by itself counts as answered; to one that
/// was sent away, the row is corrected: it said what was decided when it was queued.
async fn bring(
    shared: Arc<Shared>,
    filing: Filing,
    told: oneshot::Sender<Result<(), Refused>>,
    given_up: Arc<AtomicBool>,
) {
    let Filing { mut delivery, entry, room, place, late } = filing;
    let kept = shared.journal.append(Record::Delivery(Box::new(delivery.clone()))).await;
    if let Some((seen, entry)) = entry {
        // What was refused comes again, and is then no double.
        let taken = (200..300).contains(&delivery.answered);
        seen.land(&entry, kept.as_ref().ok().copied().filter(|_| taken));
    }
    match kept {
        Ok(seq) => {
            delivery.seq = seq;
            let in_time = told.send(Ok(())).is_ok() || !given_up.load(SeqCst);
            if !in_time && delivery.answered != late.as_u16() {
                delivery.answered = late.as_u16();
                correct(&shared, &delivery).await;
            }
            room.send((Arc::new(delivery), place));
        }
        Err(refused) => {
            tracing::warn!(%refused, kind = delivery.kind.name(), "a delivery was not stored");
            told.send(Err(refused)).ok(); // the same answer as to one that waits no longer
        }
    }
}

/// A delivery with a place of its own: the store writes what it was answered into its row.
async fn correct(shared: &Shared, delivery: &Delivery) {
    let (seq, answered) = (delivery.seq.0, delivery.answered);
    tracing::warn!(seq, answered, "a delivery was stored too late");
    if let Err(refused) = shared.journal.append(Record::Delivery(Box::new(delivery.clone()))).await {
        tracing::warn!(seq, %refused, "its row still says what was decided before");
    }
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

/// Tells the page around it, or the one that opened it; in the shop's place it leads back.
fn notified(shared: &Shared, place: &Place, what: &str) -> Response {
    let merchant = shared.addresses.get().and_then(|addresses| addresses.merchant).map(origin);
    let policy = Policy { ancestors: Ancestors::Only(merchant.iter().cloned().collect()), ..Policy::default() };
    let data = serde_json::json!({ "what": what, "to": merchant });
    // The shop's address is a secret of this run: told only where the browser must find back.
    let back = place.way_back().filter(|_| what == "challenge");
    let mut page = shared.pages.respond("notified", serde_json::json!({ "data": data, "back": back }), &policy);
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
