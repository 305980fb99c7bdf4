//! Trouble on purpose at the API's door: faults of the connection, and the rate limit.
//!
//! Promises: nothing is looked at while no fault is set and the limit is off; the control
//! routes and the pages are never troubled; what came of an earlier request cannot be seen in
//! a later one but by the counts. Source: sessions-api.md 2.7, 7.5.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::Method;
use axum::http::header::CONTENT_LENGTH;
use axum::response::{IntoResponse as _, Response};
use hyper::body::Frame;
use serde_json::{Map, Value, json};

use super::answer::Fault;
use super::fields::{Findings, Need, Object, Reader};
use super::given::{Given, Members};

/// Faults in the list at most.
const FAULTS: usize = 100;
/// Longest delay that anybody can ask for.
pub(super) const LONGEST_DELAY: Duration = Duration::from_mins(10);

/// What happens to a request. Source: sessions-api.md 7.5, product.md "Sandbox".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Only later.
    DelayMs,
    /// Answered with an error; not carried out.
    Status(u16),
    /// Carried out; the connection ends without an answer.
    Close,
    /// Carried out; half of the answer's body, then the connection ends.
    Truncate,
    /// Carried out; the answer's body is no JSON.
    InvalidJson,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::DelayMs => "delay_ms",
            Self::Status(_) => "status",
            Self::Close => "close",
            Self::Truncate => "truncate",
            Self::InvalidJson => "invalid_json",
        }
    }
}

/// One entry of the list.
#[derive(Debug, Clone)]
struct Planned {
    method: Option<String>,
    /// Segments; `*` stands for any one.
    path: Option<String>,
    kind: Kind,
    /// Real time: this is the network's, not the protocol's.
    delay: Duration,
    /// How often it still happens.
    times: i64,
    happened: u64,
}

impl Planned {
    fn read(value: &Given, findings: &mut Findings) -> Option<Self> {
        let Some(object) = value.as_object() else {
            findings.invalid("faults");
            return None;
        };
        const KNOWN: [&str; 8] = ["hop", "method", "path", "kind", "times", "happened", "delay_ms", "status"];
        object.keys().filter(|name| !KNOWN.contains(name)).for_each(|name| findings.invalid(name));
        let mut reader = Reader::new(object, findings);
        if reader.raw("hop").and_then(Given::as_str) != Some("api") {
            let code = if reader.raw("hop").is_some() { "hop_not_supported" } else { "hop_required" };
            reader.findings.add(code.to_owned());
        }
        let kinds =
            &[("delay_ms", [].as_slice()), ("status", &[]), ("close", &[]), ("truncate", &[]), ("invalid_json", &[])];
        let word = reader.word("kind", Need::Must, kinds);
        let need = |wanted| if word == Some(wanted) { Need::Must } else { Need::May };
        let status = reader.integer("status", need("status"), 400..=599);
        let longest = i64::try_from(LONGEST_DELAY.as_millis()).unwrap_or(i64::MAX);
        let delay = reader.integer("delay_ms", need("delay_ms"), 0..=longest).unwrap_or(0);
        let method = reader.matching("method", Need::May, |text| text.bytes().all(|byte| byte.is_ascii_uppercase()));
        let path = reader.matching("path", Need::May, |text| text.starts_with('/') && is_api(text));
        let times = reader.integer("times", Need::May, 0..=1_000_000).unwrap_or(1);
        let kind = match word? {
            "delay_ms" => Kind::DelayMs,
            "status" => Kind::Status(status.and_then(|status| u16::try_from(status).ok())?),
            "close" => Kind::Close,
            "truncate" => Kind::Truncate,
            _ => Kind::InvalidJson,
        };
        let delay = Duration::from_millis(delay.unsigned_abs());
        Some(Self { method, path, kind, delay, times, happened: 0 })
    }

    fn json(&self) -> Value {
        let mut shown = json!({
            "hop": "api", "kind": self.kind.word(), "times": self.times, "happened": self.happened,
            "delay_ms": u64::try_from(self.delay.as_millis()).unwrap_or(u64::MAX),
        });
        if let Kind::Status(status) = self.kind {
            shown["status"] = status.into();
        }
        for (name, text) in [("method", &self.method), ("path", &self.path)] {
            if let Some(text) = text {
                shown[name] = text.as_str().into();
            }
        }
        shown
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
        self.times > 0
            && self.method.as_deref().is_none_or(|wanted| wanted == method.as_str())
            && self.path.as_deref().is_none_or(same_path)
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
    pub(super) fn set_faults(&self, body: &Members) -> Result<(), Fault> {
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
        let faults: Vec<_> = list.iter().filter_map(|one| Planned::read(one, &mut findings)).collect();
        if !findings.0.is_empty() {
            return Err(Fault::invalid(findings.0));
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
            return Some(Incident { delay: Duration::ZERO, kind: Kind::Status(429) });
        }
        let fault = plan.faults.iter_mut().find(|fault| fault.meets(method, path))?;
        fault.times -= 1;
        fault.happened += 1;
        Some(Incident { delay: fault.delay, kind: fault.kind })
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
    kind: Kind,
}

impl Incident {
    /// Before the request is carried out: the answer instead, if it is not to be.
    pub(super) async fn before(&self) -> Option<Response> {
        tokio::time::sleep(self.delay).await;
        let Kind::Status(status) = self.kind else { return None };
        Some(Fault::of_status(status).into_response())
    }

    /// What is sent in place of a finished answer.
    pub(super) fn after(&self, mut answer: Response) -> Response {
        let length = answer.body().size_hint().exact().unwrap_or(0);
        match self.kind {
            Kind::DelayMs | Kind::Status(_) => answer,
            Kind::Close => answer.map(|_| Body::new(Cut { rest: None, most: 0, begun: true })),
            Kind::Truncate => {
                answer.headers_mut().insert(CONTENT_LENGTH, length.into());
                answer.map(|body| Body::new(Cut { rest: Some(body), most: length / 2, begun: false }))
            }
            Kind::InvalidJson => {
                const SPOILT: &[u8] = b"{\"id\": \"sid_";
                answer.headers_mut().insert(CONTENT_LENGTH, SPOILT.len().into());
                answer.map(|_| Body::from(SPOILT))
            }
        }
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
