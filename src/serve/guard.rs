//! The accept loop, its slots, and the life of one connection.
//!
//! Hides: who gets a slot when they run out, when a connection is given up, and how a
//! request passes from hyper to the router. Promises: a router sees only requests that
//! passed the head's rules and whose body is here in full; a request whose head is
//! complete is not evicted. Source: trust.md R1, R4-R7, R16, 1.7.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::gate::{Arrived, Connection, Fate, Gate, Phase};
use super::head::{Fit, Framing, Refusal};
use super::hosts::Hosts;
use super::{Arrival, Config, RawHead, Stats};

/// hyper's buffers: room for the largest head, and for writing in one go.
const BUFFER_BYTES: usize = 64 * 1024;
/// Made ready for a body before any of it is here, at most.
const FIRST_BYTES: usize = 8 * 1024;
/// Pause after the system could not accept, for example because files ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Everything the connections of one server share.
pub(super) struct Guard {
    config: Config,
    router: axum::Router,
    hosts: Hosts,
    connections: Mutex<BTreeMap<u64, Arc<Connection>>>,
    /// A slot became free, or a connection became idle.
    room: Notify,
    pressed: AtomicBool,
    /// Bytes that bodies may take in memory, over all connections.
    bodies: Arc<Semaphore>,
    counters: Counters,
    stop: CancellationToken,
}

#[derive(Default)]
struct Counters {
    accepted: AtomicU64,
    requests: AtomicU64,
    refused_host: AtomicU64,
    refused_framing: AtomicU64,
    refused_size: AtomicU64,
    refused_busy: AtomicU64,
    timed_out: AtomicU64,
    evicted: AtomicU64,
}

/// Why a body was not had in full.
enum BodyFault {
    TooLarge,
    TooSlow,
    Broken,
    NoMemory,
}

impl Guard {
    pub(super) fn new(config: Config, router: axum::Router, hosts: Hosts, stop: CancellationToken) -> Self {
        let bodies = Arc::new(Semaphore::new(config.limits.bodies_bytes.min(Semaphore::MAX_PERMITS)));
        let (connections, room, pressed, counters) = Default::default();
        Self { config, router, hosts, connections, room, pressed, bodies, counters, stop }
    }

    pub(super) fn stats(&self) -> Stats {
        let counters = &self.counters;
        Stats {
            open: self.table(|table| table.len()),
            accepted: counters.accepted.load(Relaxed),
            requests: counters.requests.load(Relaxed),
            refused_host: counters.refused_host.load(Relaxed),
            refused_framing: counters.refused_framing.load(Relaxed),
            refused_size: counters.refused_size.load(Relaxed),
            refused_busy: counters.refused_busy.load(Relaxed),
            timed_out: counters.timed_out.load(Relaxed),
            evicted: counters.evicted.load(Relaxed),
        }
    }

    fn table<T>(&self, act: impl FnOnce(&mut BTreeMap<u64, Arc<Connection>>) -> T) -> T {
        act(&mut self.connections.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Accepts until stopped. Each connection is a task of `tasks`.
    pub(super) async fn accept(self: Arc<Self>, v4: TcpListener, v6: Option<TcpListener>, tasks: TaskTracker) {
        let stop = self.stop.clone();
        let accepting = async {
            for id in 0.. {
                let (stream, peer) = next_stream(&v4, v6.as_ref(), || self.evict_one()).await;
                self.counters.accepted.fetch_add(1, Relaxed);
                let connection = Arc::new(Connection::new(peer));
                self.take_slot(id, &connection).await;
                // Without it small answers wait for an acknowledgement; if it fails they just do.
                let _ = stream.set_nodelay(true);
                tasks.spawn(Arc::clone(&self).serve(id, connection, stream));
            }
        };
        tokio::select! { () = accepting => (), () = stop.cancelled() => () }
    }

    /// Waits for a slot, and makes room for it if there is none (R7).
    async fn take_slot(&self, id: u64, connection: &Arc<Connection>) {
        loop {
            let mut room = pin!(self.room.notified());
            room.as_mut().enable(); // before looking, so that a slot freed in between is not missed
            let taken = self.table(|table| {
                let free = table.len() < self.config.connections.max(1);
                if free {
                    table.insert(id, Arc::clone(connection));
                }
                free
            });
            if taken {
                self.feel_pressure();
                return;
            }
            self.evict_one();
            room.await;
        }
    }

    /// Closes the oldest connection without a complete head; failing that, the one idle
    /// longest. One at a time, so that no more go than must.
    fn evict_one(&self) {
        let oldest = self.table(|table| {
            if table.values().any(|one| one.leaving()) {
                return None;
            }
            let standing = table.values().filter_map(|one| Some((one, one.evictable()?)));
            let oldest = standing.min_by_key(|(_, (phase, since))| (*phase == Phase::Idle, *since));
            oldest.map(|(one, _)| Arc::clone(one))
        });
        if let Some(oldest) = oldest {
            oldest.evict();
        }
    }

    /// From three quarters of the slots on, patience is short (R7).
    fn feel_pressure(&self) {
        let pressed = self.table(|table| table.len() * 4 >= self.config.connections * 3);
        if self.pressed.swap(pressed, Relaxed) != pressed && pressed {
            self.table(|table| table.values().for_each(|one| one.changed.notify_one()));
        }
    }

    /// One connection from its first byte to its last.
    async fn serve(self: Arc<Self>, id: u64, connection: Arc<Connection>, stream: TcpStream) {
        let _slot = Slot { guard: &self, id };
        match &self.config.tls {
            None => self.converse(connection, stream).await,
            Some(tls) => {
                if let Some(stream) = self.shake_hands(tls, &connection, stream).await {
                    self.converse(connection, stream).await;
                }
            }
        }
    }

    /// The TLS handshake, which has its share of the first head's time. `None`: it came to nothing.
    async fn shake_hands(
        &self,
        tls: &Arc<rustls::ServerConfig>,
        connection: &Connection,
        stream: TcpStream,
    ) -> Option<TlsStream<TcpStream>> {
        let limits = &self.config.limits;
        let mut shaking = pin!(TlsAcceptor::from(Arc::clone(tls)).accept(stream));
        loop {
            let patience = || connection.deadline(limits, self.pressed.load(Relaxed)).unwrap_or_else(Instant::now);
            tokio::select! {
                shaken = shaking.as_mut() => {
                    return shaken
                        .inspect_err(|error| tracing::debug!(server = self.config.name, %error, "no TLS handshake"))
                        .ok();
                }
                () = sleep_until(patience()) => {
                    if patience() <= Instant::now() {
                        self.count_time_out(connection);
                        return None;
                    }
                }
                () = connection.changed.notified() => {
                    if connection.fate() == Fate::Goes {
                        self.counters.evicted.fetch_add(1, Relaxed);
                        return None;
                    }
                }
                () = self.stop.cancelled() => return None,
            }
        }
    }

    /// HTTP over whatever carries it.
    async fn converse<S>(self: &Arc<Self>, connection: Arc<Connection>, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (config, hosts) = (&self.config, self.hosts.clone());
        let gate = Gate::new(stream, Arc::clone(&connection), hosts, config.limits.clone(), config.body_bytes);
        let service = service_fn(|request| {
            let (guard, connection) = (Arc::clone(self), Arc::clone(&connection));
            async move { Ok::<_, Infallible>(guard.answer(request, connection).await) }
        });
        let mut serving = pin!(self.protocol().serve_connection(gate, service));
        let mut alarm = pin!(sleep_until(Instant::now()));
        let (mut stopping, mut last) = (false, None);
        loop {
            // A deadline may move away without anybody looking here; one that draws near wakes us.
            let (deadline, latest) = self.patience(&connection);
            alarm.as_mut().reset(deadline.into_iter().chain(last).fold(latest, Instant::min));
            tokio::select! {
                biased;
                // An error here is a sender that went away; nobody is left to be told.
                _ = serving.as_mut() => break,
                () = connection.changed.notified() => match connection.fate() {
                    Fate::Goes => {
                        self.counters.evicted.fetch_add(1, Relaxed);
                        break;
                    }
                    // Whoever waits for a slot looks again.
                    Fate::Spared => self.room.notify_one(),
                    Fate::Stays => (),
                },
                () = alarm.as_mut() => {
                    let (deadline, _) = self.patience(&connection);
                    if deadline.into_iter().chain(last).min().is_some_and(|end| end <= Instant::now()) {
                        self.count_time_out(&connection);
                        break;
                    }
                }
                () = self.stop.cancelled(), if !stopping => {
                    if matches!(connection.standing().0, Phase::Head | Phase::Idle) {
                        break;
                    }
                    (stopping, last) = (true, Some(Instant::now() + config.limits.stop_time));
                    serving.as_mut().graceful_shutdown();
                }
            }
        }
    }

    /// When a connection is to be closed if nothing happens, and when to look at it again
    /// at the latest: as soon as it might be closed if it became idle now.
    fn patience(&self, connection: &Connection) -> (Option<Instant>, Instant) {
        let (limits, pressed) = (&self.config.limits, self.pressed.load(Relaxed));
        let idle = if pressed { limits.idle_time_pressed } else { limits.idle_time };
        (connection.deadline(limits, pressed), Instant::now() + idle)
    }

    fn protocol(&self) -> hyper::server::conn::http1::Builder {
        let limits = &self.config.limits;
        let mut http = hyper::server::conn::http1::Builder::new();
        http.title_case_headers(true) // `Cko-Request-Id`, as case-sensitive clients look it up
            .half_close(true) // the gate decides what the end of the stream means
            .max_headers(limits.headers)
            .max_header_size(limits.head_bytes)
            .max_buf_size(BUFFER_BYTES.max(limits.head_bytes))
            .header_read_timeout(None); // the gate hands over whole heads, and has a time for them
        http
    }

    fn count_time_out(&self, connection: &Connection) {
        if connection.standing().0 == Phase::Head || connection.stuck() {
            self.counters.timed_out.fetch_add(1, Relaxed);
        }
    }

    /// One request: refused, or given to the router.
    async fn answer(self: Arc<Self>, request: Request<Incoming>, connection: Arc<Connection>) -> Response<Watched> {
        let watch = Watch { guard: Arc::clone(&self), connection: Arc::clone(&connection) };
        let answer = match connection.take_arrived() {
            // Every head hyper sees came through the gate.
            None => refusal(StatusCode::BAD_REQUEST),
            Some(Arrived { verdict: Err(reason), .. }) => self.refuse(reason),
            Some(Arrived { verdict: Ok(fit), head, stamp, at }) => {
                let secure = self.config.tls.is_some();
                let arrival = Arrival { peer: connection.peer, stamp, public: fit.public, secure };
                self.pass_on(request, fit, at, (arrival, RawHead(head)), &connection).await
            }
        };
        answer.map(|body| Watched { body, _watch: watch })
    }

    fn refuse(&self, reason: Refusal) -> Response {
        let counter = match reason {
            Refusal::Host => &self.counters.refused_host,
            Refusal::TargetTooLong | Refusal::HeadTooLarge | Refusal::BodyTooLarge => &self.counters.refused_size,
            Refusal::Framing | Refusal::Method | Refusal::Version | Refusal::Coding | Refusal::Expectation => {
                &self.counters.refused_framing
            }
        };
        counter.fetch_add(1, Relaxed);
        tracing::debug!(server = self.config.name, ?reason, "request refused");
        refusal(reason.status())
    }

    async fn pass_on(
        &self,
        request: Request<Incoming>,
        fit: Fit,
        at: Instant,
        extensions: (Arrival, RawHead),
        connection: &Connection,
    ) -> Response {
        let (mut parts, body) = request.into_parts();
        let (body, _kept) = match self.read_body(body, at).await {
            Ok(body) => body,
            Err(fault) => return self.refuse_body(fault),
        };
        parts.extensions.insert(extensions.0);
        parts.extensions.insert(extensions.1);
        self.counters.requests.fetch_add(1, Relaxed);
        let Ok(mut answer) = self.router.clone().oneshot(Request::from_parts(parts, Body::from(body))).await;
        let count = connection.count_request();
        let spent = count >= self.config.limits.public_requests && self.hosts.public().is_some();
        // Said here as well as by hyper: the task that tells hyper may not have run yet.
        if fit.framing == Framing::Chunked || spent || self.stop.is_cancelled() {
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }

    fn refuse_body(&self, fault: BodyFault) -> Response {
        let (counter, status) = match fault {
            BodyFault::TooLarge => (&self.counters.refused_size, StatusCode::PAYLOAD_TOO_LARGE),
            BodyFault::TooSlow => (&self.counters.timed_out, StatusCode::REQUEST_TIMEOUT),
            BodyFault::Broken => (&self.counters.refused_framing, StatusCode::BAD_REQUEST),
            BodyFault::NoMemory => (&self.counters.refused_busy, StatusCode::SERVICE_UNAVAILABLE),
        };
        counter.fetch_add(1, Relaxed);
        let mut answer = refusal(status);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        answer
    }

    /// The whole body, and the share of memory that it holds while it is in use.
    async fn read_body(&self, body: Incoming, at: Instant) -> Result<(Bytes, Option<OwnedSemaphorePermit>), BodyFault> {
        if body.is_end_stream() {
            return Ok((Bytes::new(), None));
        }
        let limits = &self.config.limits;
        // Announced sizes over the cap never come this far.
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or_default().min(FIRST_BYTES);
        let (mut body, mut whole, mut share) = (body, BytesMut::with_capacity(announced), None::<OwnedSemaphorePermit>);
        let end = at + limits.body_time;
        loop {
            let patience = end.min(Instant::now() + limits.body_stall);
            let frame = timeout_at(patience, body.frame()).await.map_err(|_| BodyFault::TooSlow)?;
            let Some(frame) = frame else { return Ok((whole.freeze(), share)) };
            // Trailers are dropped: nothing we serve reads any.
            let Ok(data) = frame.map_err(|_| BodyFault::Broken)?.into_data() else { continue };
            if whole.len() + data.len() > self.config.body_bytes {
                return Err(BodyFault::TooLarge);
            }
            let size = u32::try_from(data.len()).map_err(|_| BodyFault::TooLarge)?;
            let more = Arc::clone(&self.bodies).try_acquire_many_owned(size).map_err(|_| BodyFault::NoMemory)?;
            match &mut share {
                Some(share) => share.merge(more),
                none => *none = Some(more),
            }
            whole.extend_from_slice(&data);
        }
    }
}

/// The next connection on either address. Calls `relieve` when the system has no room.
async fn next_stream(
    v4: &TcpListener,
    v6: Option<&TcpListener>,
    relieve: impl Fn(),
) -> (TcpStream, std::net::SocketAddr) {
    loop {
        let on_v6 = async {
            match v6 {
                Some(v6) => v6.accept().await,
                None => std::future::pending().await,
            }
        };
        let accepted = tokio::select! { accepted = v4.accept() => accepted, accepted = on_v6 => accepted };
        match accepted {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                relieve();
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Says no, with an empty body, and ends the connection.
fn refusal(status: StatusCode) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// Frees its connection's slot, also when a handler panics.
struct Slot<'a> {
    guard: &'a Guard,
    id: u64,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.guard.table(|table| table.remove(&self.id));
        self.guard.feel_pressure();
        self.guard.room.notify_one();
    }
}

/// Tells the connection that an answer is done, however it ends, and whoever waits for a
/// slot that this connection may be idle.
struct Watch {
    guard: Arc<Guard>,
    connection: Arc<Connection>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.connection.answered();
        self.guard.room.notify_one();
    }
}

/// An answer's body that says when it is done.
struct Watched {
    body: Body,
    _watch: Watch,
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
