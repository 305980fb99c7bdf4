//! Trouble on purpose: the list of faults that anybody planned for any leg, what they do at
//! the API's own door, and the rate limit.
//!
//! Promises: nothing is looked at while no fault is set and the limit is off; the control
//! routes are never troubled; what came of an earlier request cannot be seen in
//! a later one but by the counts. Source: sessions-api.md 2.7, 7.5.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Frame;
use serde_json::{Map, Value, json};

use super::answer::{Fault as ApiFault, JSON};
use super::fields::{Findings, Need, Object, Reader};
use super::given::{Given, Members};
use crate::model::scenario::{Fault, FaultKind, Hop};

/// Faults in the list at most.
const FAULTS: usize = 100;
/// Longest delay that a reference can ask for.
pub(super) const LONGEST_DELAY: Duration = Duration::from_mins(10);

/// Reads one entry of the list.
fn read(value: &Given, findings: &mut Findings) -> Option<Planned> {
    let Some(object) = value.as_object() else {
        findings.invalid("faults");
        return None;
    };
    const KNOWN: [&str; 10] =
        ["hop", "method", "path", "kind", "times", "happened", "delay_ms", "status", "field", "value"];
    object.keys().filter(|name| !KNOWN.contains(name)).for_each(|name| findings.invalid(name));
    let mut reader = Reader::new(object, findings);
    let hop = reader.raw("hop").and_then(Given::as_str);
    let hop = hop.and_then(|word| Hop::ALL.into_iter().find(|hop| hop.word() == word));
    if hop.is_none() {
        let code = if reader.raw("hop").is_some() { "hop_not_supported" } else { "hop_required" };
        reader.findings.add(code.to_owned());
    }
    let word = reader.matching("kind", Need::Must, |word| FaultKind::ALL.iter().any(|kind| kind.word() == word));
    let kind = word.and_then(|word| FaultKind::ALL.into_iter().find(|kind| kind.word() == word));
    let status = reader.integer("status", Need::May, 400..=599);
    let delay = reader.integer("delay_ms", Need::May, 0..=LONGEST_DELAY_MS).unwrap_or(0);
    let method = reader.matching("method", Need::May, |text| text.bytes().all(|byte| byte.is_ascii_uppercase()));
    let path = reader.matching("path", Need::May, |text| text.starts_with('/') && is_api(text));
    let times = reader.integer("times", Need::May, 0..=1_000_000).unwrap_or(1);
    let field = reader.text("field", Need::May, 1..=64);
    let value = reader.raw("value").map(Given::to_value);
    let bad_status = status.is_none() && reader.raw("status").is_some();
    let fault = Fault {
        times,
        delay_ms: delay.unsigned_abs(),
        status: status.and_then(|status| u16::try_from(status).ok()),
        field,
        value,
        method,
        path,
        ..Fault::new(hop?, kind?)
    };
    for flaw in fault.flaws() {
        if !(flaw == "status_required" && bad_status) {
            findings.add(flaw.to_owned());
        }
    }
    Some(Planned(fault))
}

/// Longest delay of a fault, in milliseconds: a day. Our choice.
const LONGEST_DELAY_MS: i64 = 86_400_000;

/// One entry of the list.
#[derive(Debug, Clone)]
struct Planned(Fault);

impl Planned {
    fn json(&self) -> Value {
        let mut shown = json!(self.0);
        shown["happened"] = self.0.happened.into();
        shown["delay_ms"] = self.0.delay_ms.into();
        shown
    }

    /// It happens once more.
    fn happens(&mut self) {
        self.0.times -= 1;
        self.0.happened += 1;
    }

    fn meets(&self, method: &Method, path: &str) -> bool {
        let same_path = |pattern: &str| {
            let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
            loop {
                match (wanted.next(), given.next()) {
                    (None, None) => return true,
                    (Some(wanted), Some(given)) if wanted == "*" || wanted == given => (),
                    _ => return false,
                }
            }
        };
        self.0.hop == Hop::Api
            && self.0.times > 0
            && self.0.method.as_deref().is_none_or(|wanted| wanted == method.as_str())
            && self.0.path.as_deref().is_none_or(same_path)
    }
}

/// True for the paths that merchants call.
fn is_api(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    matches!(first, "sessions" | "payments") || path == "/connect/token"
}

/// The rate limit as a setting: one account, so one count of reads and one of writes in each
/// second of the sandbox's clock. Source: sessions-api.md 2.7.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    on: bool,
    reads: i64,
    writes: i64,
}

impl Default for Rate {
    fn default() -> Self {
        Self { on: false, reads: 100, writes: 100 }
    }
}

impl Rate {
    /// As members of the settings.
    pub(super) fn members(self) -> Object {
        Map::from_iter([
            ("rate_limit".to_owned(), if self.on { "on" } else { "off" }.into()),
            ("reads_per_second".to_owned(), self.reads.into()),
            ("writes_per_second".to_owned(), self.writes.into()),
        ])
    }

    /// Takes over the members that are given.
    pub(super) fn change(&mut self, reader: &mut Reader) {
        let word = reader.word("rate_limit", Need::May, &[("on", &[]), ("off", &[])]);
        self.on = word.map_or(self.on, |word| word == "on");
        for (name, slot) in [("reads_per_second", &mut self.reads), ("writes_per_second", &mut self.writes)] {
            *slot = reader.integer(name, Need::May, 0..=1_000_000).unwrap_or(*slot);
        }
    }
}

/// All trouble that is planned, with a lock of its own so that quiet times cost nothing.
#[derive(Default)]
pub(super) struct Trouble {
    /// Anything may happen at all.
    brewing: AtomicBool,
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    faults: Vec<Planned>,
    rate: Rate,
    /// The second that is counted, and its reads and writes.
    second: u64,
    counts: [i64; 2],
}

impl Trouble {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        // Each change is one assignment, so a panic elsewhere leaves nothing half done.
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan_anew(&self, change: impl FnOnce(&mut Plan)) {
        let mut plan = self.plan();
        change(&mut plan);
        self.brewing.store(plan.rate.on || !plan.faults.is_empty(), Relaxed);
    }

    /// The limit was changed.
    pub(super) fn set_rate(&self, rate: Rate) {
        self.plan_anew(|plan| (plan.rate, plan.counts) = (rate, [0; 2]));
    }

    /// Plans no fault any more; the limit stays.
    pub(super) fn calm(&self) {
        self.plan_anew(|plan| plan.faults.clear());
    }

    /// The list of faults, for the control API.
    pub(super) fn json(&self) -> Value {
        json!({"faults": self.plan().faults.iter().map(Planned::json).collect::<Vec<_>>()})
    }

    /// Takes a new list in place of the old one.
    ///
    /// # Errors
    /// 422 with a code for each member that is unknown or wrong; the old list stays.
    pub(super) fn set_faults(&self, body: &Members) -> Result<(), ApiFault> {
        let mut findings = Findings::default();
        body.keys().filter(|name| *name != "faults").for_each(|name| findings.invalid(name));
        let list = match body.get("faults").map(Given::as_array) {
            Some(Some(list)) if list.len() <= FAULTS => list,
            Some(_) => {
                findings.invalid("faults");
                &[]
            }
            None => {
                findings.required("faults");
                &[]
            }
        };
        let faults: Vec<_> = list.iter().filter_map(|one| read(one, &mut findings)).collect();
        if !findings.0.is_empty() {
            return Err(ApiFault::invalid(findings.0));
        }
        self.plan_anew(|plan| plan.faults = faults);
        Ok(())
    }

    /// What happens to this request; nearly always nothing. `passed` is the sandbox's clock.
    pub(super) fn next(&self, method: &Method, path: &str, passed: impl FnOnce() -> Duration) -> Option<Incident> {
        if !self.brewing.load(Relaxed) || !is_api(path) {
            return None;
        }
        let mut plan = self.plan();
        if plan.over_rate(method, path, passed().as_secs()) {
            return Some(Incident { delay: Duration::ZERO, kind: FaultKind::Status, status: 429 });
        }
        let fault = plan.faults.iter_mut().find(|fault| fault.meets(method, path))?;
        fault.happens();
        let (delay, status) = (fault.0.delay(), fault.0.status.unwrap_or(503));
        Some(Incident { delay, kind: fault.0.kind, status })
    }

    /// The fault that is planned for a message on one leg of its way; nearly always none. One
    /// that cannot be had there waits for another message.
    pub(super) fn at(&self, hop: Hop, can_be: impl Fn(FaultKind) -> bool) -> Option<Fault> {
        if !self.brewing.load(Relaxed) {
            return None;
        }
        let mut plan = self.plan();
        let meant = |fault: &Fault| fault.hop == hop && fault.times > 0 && can_be(fault.kind);
        let fault = plan.faults.iter_mut().find(|fault| meant(&fault.0))?;
        fault.happens();
        Some(fault.0.clone())
    }

    /// Plans faults beside those that are planned, in the place of those that are used up where
    /// there are many.
    pub(super) fn add(&self, faults: &[Fault]) {
        if faults.is_empty() {
            return;
        }
        self.plan_anew(|plan| {
            if plan.faults.len() + faults.len() > FAULTS {
                plan.faults.retain(|fault| fault.0.times > 0);
            }
            let room = FAULTS.saturating_sub(plan.faults.len());
            plan.faults.extend(faults.iter().take(room).cloned().map(Planned));
        });
    }
}

impl Plan {
    /// Counts a request. The token server is never limited (sessions-api.md 1.5).
    fn over_rate(&mut self, method: &Method, path: &str, second: u64) -> bool {
        if !self.rate.on || path == "/connect/token" {
            return false;
        }
        if self.second != second {
            (self.second, self.counts) = (second, [0; 2]);
        }
        let (count, limit) = match *method {
            Method::GET | Method::HEAD => (&mut self.counts[0], self.rate.reads),
            _ => (&mut self.counts[1], self.rate.writes),
        };
        *count += 1;
        *count > limit
    }
}

/// What happens to one request.
pub(super) struct Incident {
    delay: Duration,
    kind: FaultKind,
    status: u16,
}

impl Incident {
    /// Before the request is carried out: the answer instead, if it is not to be.
    pub(super) async fn before(&self) -> Option<Response> {
        if self.kind != FaultKind::SlowDrip {
            tokio::time::sleep(self.delay).await;
        }
        (self.kind == FaultKind::Status).then(|| ApiFault::of_status(self.status).into_response())
    }

    /// What is sent in place of a finished answer.
    pub(super) async fn after(&self, mut answer: Response) -> Response {
        let length = answer.body().size_hint().exact().unwrap_or(0);
        if length == 0 {
            return self.after_nothing(answer).await;
        }
        match self.kind {
            FaultKind::Close => cut(),
            FaultKind::Truncate => {
                answer.headers_mut().insert(CONTENT_LENGTH, length.into());
                answer.map(|body| Body::new(Cut { rest: Some(body), most: length / 2, begun: false }))
            }
            FaultKind::InvalidJson => {
                answer.headers_mut().insert(CONTENT_LENGTH, SPOILT.len().into());
                answer.map(|_| Body::from(SPOILT))
            }
            FaultKind::SlowDrip => {
                answer.headers_mut().insert(CONTENT_LENGTH, length.into());
                let pause = self.delay / DROPS;
                answer.map(|body| Body::new(Drip { rest: Some(body), data: Bytes::new(), drop: 1, pause, wait: None }))
            }
            _ => answer,
        }
    }

    /// The same for an answer that has no body, of which a half is nothing.
    async fn after_nothing(&self, mut answer: Response) -> Response {
        match self.kind {
            FaultKind::Close | FaultKind::Truncate => cut(),
            FaultKind::InvalidJson => {
                *answer.status_mut() = StatusCode::OK; // a 204 could carry nothing
                answer.headers_mut().insert(CONTENT_TYPE, JSON);
                answer.headers_mut().insert(CONTENT_LENGTH, SPOILT.len().into());
                answer.map(|_| Body::from(SPOILT))
            }
            FaultKind::SlowDrip => {
                tokio::time::sleep(self.delay).await;
                answer
            }
            _ => answer,
        }
    }
}

/// What arrives in place of JSON.
const SPOILT: &[u8] = b"{\"id\": \"sid_";

/// An answer that ends without a byte: the connection closes.
fn cut() -> Response {
    Response::new(Body::new(Cut { rest: None, most: 0, begun: true }))
}

/// Asks for a connection that closes without an answer; a handler's answer is taken in whole
/// before it is sent, so it can only ask.
pub(super) fn cut_off() -> Response {
    let mut answer = Response::default();
    answer.extensions_mut().insert(CutOff);
    answer
}

/// See [`cut_off`].
#[derive(Debug, Clone, Copy)]
struct CutOff;

/// The answer as it is sent, by what its handler asked for.
pub(super) fn as_asked(answer: Response) -> Response {
    if answer.extensions().get::<CutOff>().is_some() { cut() } else { answer }
}

/// Pieces of a body that drips in.
const DROPS: u32 = 16;

/// A body that comes in pieces, with a pause before each.
struct Drip {
    rest: Option<Body>,
    data: Bytes,
    /// Bytes of a piece.
    drop: usize,
    pause: Duration,
    wait: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl hyper::body::Body for Drip {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(body) = &mut self.rest {
            let frame = std::task::ready!(Pin::new(body).poll_frame(cx));
            self.data = frame.and_then(Result::ok).and_then(|frame| frame.into_data().ok()).unwrap_or_default();
            self.drop = self.data.len().div_ceil(DROPS as usize).max(1);
            self.rest = None;
        }
        if self.data.is_empty() {
            return Poll::Ready(None);
        }
        let pause = self.pause;
        let wait = self.wait.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
        std::task::ready!(wait.as_mut().poll(cx));
        self.wait = None;
        let most = self.drop.min(self.data.len());
        let piece = self.data.split_to(most);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

/// A body that breaks off after so many bytes, and the connection with it.
struct Cut {
    rest: Option<Body>,
    most: u64,
    /// What was to be sent is on its way.
    begun: bool,
}

impl hyper::body::Body for Cut {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(body) = &mut self.rest {
            let frame = std::task::ready!(Pin::new(body).poll_frame(cx));
            let data = frame.and_then(Result::ok).and_then(|frame| frame.into_data().ok()).unwrap_or_default();
            let most = usize::try_from(self.most).unwrap_or(usize::MAX).min(data.len());
            self.rest = None;
            return Poll::Ready(Some(Ok(Frame::data(data.slice(..most)))));
        }
        if !self.begun {
            self.begun = true;
            cx.waker().wake_by_ref(); // hyper writes out what it has while it waits
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(axum::Error::new(std::io::Error::from(std::io::ErrorKind::ConnectionAborted)))))
    }
}
