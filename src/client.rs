//! The way out to the network: one request in, one recorded exchange out.
//!
//! Hides reqwest. Promises: the record holds what was really sent (every header is set
//! here, none is added below), secrets masked; no redirect is followed, no content coding
//! offered, nothing sent twice. A 4xx or 5xx is an answer; only silence is a problem.
//! Does not know tokens, runs or the bus.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Url, redirect};
use tower::Service;

use crate::clock;
use crate::model::exchange::{Exchange, ExchangeId, Headers, Request, Response, Step, Timing};
use crate::model::redact::Redactor;
use crate::model::{Lane, Problem};

/// How long we wait. Source: trust.md R26.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the start to the answer's head.
    pub first_byte: Duration,
    /// Between two pieces of the body.
    pub stall: Duration,
    /// From the start to the last byte.
    pub whole: Duration,
}

impl Limits {
    /// For calls of the API and for pages.
    pub const CALL: Self =
        Self { first_byte: Duration::from_secs(30), stall: Duration::from_secs(10), whole: Duration::from_secs(60) };
    /// For the token server.
    pub const TOKEN: Self =
        Self { first_byte: Duration::from_secs(10), stall: Duration::from_secs(10), whole: Duration::from_secs(15) };
}

/// Until a connection stands. Source: trust.md R26.
const CONNECT: Duration = Duration::from_secs(10);
/// The part of a body that is kept, in bytes. Source: trust.md 1.7.
const KEPT_BODY: usize = 8 << 20;

/// A request to send, not yet on the wire.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// What it is for.
    pub step: Step,
    /// Who sends it.
    pub from: Lane,
    /// Who answers.
    pub to: Lane,
    /// `POST`.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// `Host`, `User-Agent`, `Accept`, `Accept-Encoding` and `Content-Length` are added
    /// unless they are here.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The record, secrets masked.
    pub exchange: Exchange,
    /// The answer as it came, secrets and all; `None` if none came.
    pub answer: Option<Response>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// HTTP itself cannot carry this request.
    #[error("{step}: the request cannot be sent: {what}")]
    Unsendable {
        /// What it was for.
        step: Step,
        /// The part that does not fit, and why.
        what: String,
    },
    /// A time limit ended it.
    #[error("{step}: no answer from {host} within {after:?}")]
    TimedOut {
        /// What it was for.
        step: Step,
        /// Who did not answer.
        host: String,
        /// How long we waited.
        after: Duration,
    },
    /// No connection, or it broke.
    #[error("{step}: {host} could not be reached")]
    Unreachable {
        /// What it was for.
        step: Step,
        /// Who could not be reached.
        host: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The TLS or proxy set-up of this machine is unusable.
    #[error("the HTTP client could not be set up")]
    Setup(#[source] reqwest::Error),
}

impl ClientError {
    /// What to do now.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unsendable { .. } => "Mend that part of the request and send it again",
            Self::TimedOut { .. } => "The outcome is unknown: read the session, then send again if nothing happened",
            Self::Unreachable { .. } => "Check the address in the profile and that the server runs, then send again",
            Self::Setup(_) => "Check that the system's CA certificates are installed (Debian: ca-certificates)",
        }
    }

    /// The form in which it is shown.
    pub fn problem(&self) -> Problem {
        Problem::new(self, Some(self.hint()))
    }
}

tokio::task_local! {
    /// Where the connector of the present request writes how long connecting took.
    static CONNECTING: Arc<Mutex<Option<Duration>>>;
}

/// The HTTP client. Cheap to share.
pub struct Client {
    http: reqwest::Client,
    sent: AtomicU64,
}

impl Client {
    /// A client that follows no redirect and asks no proxy.
    ///
    /// # Errors
    /// If the system's TLS roots cannot be read.
    pub fn new() -> Result<Self, ClientError> {
        // Fails only if a provider is installed already, which is as good.
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .http1_only()
            .http1_title_case_headers()
            .referer(false)
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .connector_layer(tower::layer::layer_fn(|inner| TimedConnector { inner }))
            .build()
            .map_err(ClientError::Setup)?;
        Ok(Self { http, sent: AtomicU64::new(0) })
    }

    /// Sends one request and records it.
    pub async fn send(&self, out: Outgoing, limits: Limits, redactor: &Redactor) -> Sent {
        let id = ExchangeId(self.sent.fetch_add(1, Ordering::Relaxed));
        let started = clock::stamp();
        let connecting = Arc::new(Mutex::new(None));
        let mut timing = Timing::default();
        let (headers, outcome) = match build(&out) {
            Ok(request) => {
                let headers = wire_headers(request.headers());
                let exchange = self.exchange(out.step, request, limits, &mut timing);
                (headers, CONNECTING.scope(connecting.clone(), exchange).await)
            }
            Err(error) => (out.headers.clone(), Err(error)),
        };
        timing.connect = *connecting.lock().unwrap_or_else(PoisonError::into_inner);
        timing.total = clock::stamp().since(started);
        timing.wait = timing.wait.saturating_sub(timing.connect.unwrap_or_default());
        let answer = outcome.as_ref().ok().cloned();
        let outcome = outcome.map_err(|error| error.problem());
        let request = Request { method: out.method, url: out.url, headers, body: out.body };
        let (step, from, to) = (out.step, out.from, out.to);
        let exact = Exchange { id, step, from, to, started, request, outcome, timing, masked: 0 };
        Sent { exchange: exact.masked_by(redactor), answer }
    }

    async fn exchange(
        &self,
        step: Step,
        request: reqwest::Request,
        limits: Limits,
        timing: &mut Timing,
    ) -> Result<Response, ClientError> {
        let host = host_of(request.url());
        let start = Instant::now();
        let late = |after| ClientError::TimedOut { step, host: host.clone(), after };
        let broken = |error: reqwest::Error| {
            if error.is_timeout() {
                return late(CONNECT);
            }
            ClientError::Unreachable { step, host: host.clone(), source: error.without_url() }
        };
        let head = tokio::time::timeout(limits.first_byte, self.http.execute(request));
        let mut answer = head.await.map_err(|_| late(limits.first_byte))?.map_err(&broken)?;
        timing.wait = start.elapsed();
        let mut cut = None;
        let (status, version) = (answer.status().as_u16(), format!("{:?}", answer.version()));
        let headers = wire_headers(answer.headers());
        let mut body = BytesMut::new();
        let mut dropped_bytes = 0;
        loop {
            let left = limits.whole.saturating_sub(start.elapsed());
            let piece = tokio::time::timeout(limits.stall.min(left), answer.chunk()).await;
            let piece = match piece.map_err(|_| late(start.elapsed())).and_then(|piece| piece.map_err(&broken)) {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => {
                    // What came is kept: a 201 without its end is still a 201.
                    cut = Some(error.problem());
                    break;
                }
            };
            let room = KEPT_BODY.saturating_sub(body.len()).min(piece.len());
            body.extend_from_slice(&piece[..room]);
            dropped_bytes += (piece.len() - room) as u64;
        }
        timing.download = start.elapsed().saturating_sub(timing.wait);
        Ok(Response { status, version, headers, body: body.freeze(), dropped_bytes, cut })
    }
}

/// Host and port, never a user name.
fn host_of(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}", url.host_str().unwrap_or_default())
}

/// Makes the request with every header that will be on the wire, so that the record is true.
fn build(out: &Outgoing) -> Result<reqwest::Request, ClientError> {
    let unsendable = |what: String| ClientError::Unsendable { step: out.step, what };
    let url = Url::parse(&out.url).map_err(|error| unsendable(format!("the address {:?}: {error}", out.url)))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(unsendable(format!("the address {:?}: only http and https with a host", out.url)));
    }
    let method = Method::from_bytes(out.method.as_bytes())
        .map_err(|_| unsendable(format!("the method {:?} has characters that HTTP forbids", out.method)))?;
    let authority = host_of(&url);
    let mut request = reqwest::Request::new(method, url);
    let headers = request.headers_mut();
    let length = out.body.len().to_string();
    let has_body = !out.body.is_empty() || matches!(out.method.as_str(), "POST" | "PUT" | "PATCH");
    let defaults = [
        ("Host", authority.as_str()),
        ("User-Agent", concat!("sessions-console/", env!("CARGO_PKG_VERSION"))),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Content-Length", if has_body { length.as_str() } else { "" }),
    ];
    let ours = defaults.iter().filter(|(name, value)| {
        !value.is_empty() && !out.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name))
    });
    let given = out.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in ours.copied().chain(given) {
        let bad = |part: &str| unsendable(format!("the header {name:?} has {part} that HTTP forbids"));
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("characters in its name"))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| bad("characters in its value"))?;
        value.set_sensitive(key == reqwest::header::AUTHORIZATION);
        headers.append(key, value);
    }
    *request.body_mut() = Some(out.body.clone().into());
    Ok(request)
}

/// Header lines in the spelling that goes over the wire: `content-type` as `Content-Type`.
fn wire_headers(headers: &reqwest::header::HeaderMap) -> Headers {
    headers
        .iter()
        .map(|(name, value)| (title_case(name.as_str()), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

fn title_case(name: &str) -> String {
    let mut start = true;
    name.chars()
        .map(|c| {
            let upper = std::mem::replace(&mut start, c == '-');
            if upper { c.to_ascii_uppercase() } else { c }
        })
        .collect()
}

/// Wraps reqwest's connector to measure how long a connection takes to stand.
#[derive(Clone)]
struct TimedConnector<S> {
    inner: S,
}

impl<S, T> Service<T> for TimedConnector<S>
where
    S: Service<T>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, target: T) -> Self::Future {
        let start = Instant::now();
        let connecting = CONNECTING.try_with(Arc::clone).ok();
        let connection = self.inner.call(target);
        Box::pin(async move {
            let connection = connection.await?;
            if let Some(slot) = connecting {
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(start.elapsed());
            }
            Ok(connection)
        })
    }
}
