//! A loopback server: bind, guard, cap, serve, stop when dropped.
//!
//! Hides: the accept loop over hyper, and everything that a hostile or broken sender can
//! do to it. Promises: a router sees only whole, well-formed requests that were addressed
//! to us by name; slow or silent senders cost a slot for seconds, not for good. With TLS the
//! handshake has its share of the first head's time. Does not know what is served.
//! Source: trust.md R1, R3-R7, R13, R16, 1.7.
//!
//! Every refusal has an empty body and ends the connection:
//!
//! | Status | For |
//! |---|---|
//! | 400 | bare LF or CR, NUL, folded lines, doubtful lengths or chunks, malformed lines, a body that breaks off |
//! | 408 | a body that does not come in time |
//! | 413, 414, 431 | body, target, head over the cap |
//! | 415, 417 | a content coding, an expectation other than `100-continue` |
//! | 421 | Host missing, doubled, not ours, or not the one in the request line |
//! | 501, 505 | `TRACE` and `CONNECT`; versions other than HTTP/1.0 and 1.1 |
//! | 503 | all bodies together take too much memory |
//!
//! A head that does not come in time is not answered: the connection is closed.

mod gate;
mod guard;
mod head;
mod hosts;
mod port;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::model::Stamp;

pub use hosts::{HostError, Hosts};
pub use port::Ipv6;

/// What a server lets in.
#[derive(Debug, Clone)]
pub struct Config {
    /// Name for logs and errors: `sandbox`, `listener`, `merchant page`.
    pub name: &'static str,
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Largest body, in bytes.
    pub body_bytes: usize,
    /// Largest number of connections at once.
    pub connections: usize,
    /// Also accept `*.localhost:PORT` as Host (the sandbox).
    pub any_localhost: bool,
    /// More names it answers to, with its port or none; `*.` in front stands for one label.
    pub names: &'static [&'static str],
    /// With it every connection begins with a TLS handshake, within the time of a head.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Times and sizes that rarely differ between servers.
    pub limits: Limits,
}

impl Config {
    /// The ingress's caps: 256 KiB of body, 1,024 connections. Source: trust.md 1.7.
    pub fn new(name: &'static str, port: u16) -> Self {
        let (body_bytes, connections, limits) = (256 * 1024, 1024, Limits::default());
        Self { name, port, body_bytes, connections, any_localhost: false, names: &[], tls: None, limits }
    }

    /// Sets the largest body, in bytes.
    #[must_use]
    pub fn body_bytes(self, body_bytes: usize) -> Self {
        Self { body_bytes, ..self }
    }

    /// Sets the largest number of connections at once.
    #[must_use]
    pub fn connections(self, connections: usize) -> Self {
        Self { connections, ..self }
    }

    /// Also accepts `*.localhost:PORT` as Host.
    #[must_use]
    pub fn any_localhost(self) -> Self {
        Self { any_localhost: true, ..self }
    }

    /// Speaks TLS, and answers to more names: see [`Config::names`].
    #[must_use]
    pub fn tls(self, tls: Arc<rustls::ServerConfig>, names: &'static [&'static str]) -> Self {
        Self { tls: Some(tls), names, ..self }
    }

    /// Sets times and sizes.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }
}

/// Times and sizes of one server. Source: trust.md 1.7, R7, R16.
#[derive(Debug, Clone)]
pub struct Limits {
    /// For a whole head, from accepting or from its first byte.
    pub head_time: Duration,
    /// The same while three quarters of the slots are used.
    pub head_time_pressed: Duration,
    /// For a whole body, from the end of its head.
    pub body_time: Duration,
    /// Between two pieces of a body.
    pub body_stall: Duration,
    /// Between two requests on one connection.
    pub idle_time: Duration,
    /// The same while three quarters of the slots are used.
    pub idle_time_pressed: Duration,
    /// For a receiver that takes nothing of its answer.
    pub write_stall: Duration,
    /// For the other side to hang up after our last byte.
    pub linger_time: Duration,
    /// For requests in flight when the server stops.
    pub stop_time: Duration,
    /// Head, from the request line to the empty line, in bytes.
    pub head_bytes: usize,
    /// Number of header lines.
    pub headers: usize,
    /// Request target, in bytes.
    pub target_bytes: usize,
    /// All bodies in memory at once, in bytes.
    pub bodies_bytes: usize,
    /// Requests per connection while a public host is set; no limit without one.
    pub public_requests: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_time: Duration::from_secs(5),
            head_time_pressed: Duration::from_secs(1),
            body_time: Duration::from_secs(10),
            body_stall: Duration::from_secs(5),
            idle_time: Duration::from_secs(30),
            idle_time_pressed: Duration::from_secs(5),
            write_stall: Duration::from_secs(10),
            linger_time: Duration::from_secs(1),
            stop_time: Duration::from_secs(3),
            head_bytes: 16 * 1024,
            headers: 64,
            target_bytes: 2 * 1024,
            bodies_bytes: 32 * 1024 * 1024,
            public_requests: 100,
        }
    }
}

/// A port that could not be had.
#[derive(Debug, thiserror::Error)]
#[error("{name}: port {port} on 127.0.0.1 cannot be used{}", held_by(.holder.as_deref()))]
pub struct BindError {
    /// Which server.
    pub name: &'static str,
    /// Which port.
    pub port: u16,
    /// The program that has it, where the system tells.
    pub holder: Option<String>,
    /// Why.
    pub source: std::io::Error,
}

fn held_by(holder: Option<&str>) -> String {
    holder.map(|holder| format!(", {holder} has it")).unwrap_or_default()
}

impl BindError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self.source.kind() {
            std::io::ErrorKind::AddrInUse => "Stop the program that has the port, or take a free one (port 0)",
            std::io::ErrorKind::PermissionDenied => "Take a port from 1024 on, or a free one (port 0)",
            _ => "Take a free port (port 0)",
        }
    }
}

/// What a server has seen since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections open now.
    pub open: usize,
    /// Connections accepted.
    pub accepted: u64,
    /// Requests given to the router.
    pub requests: u64,
    /// Refused with 421.
    pub refused_host: u64,
    /// Refused with 400, 415, 417, 501 or 505.
    pub refused_framing: u64,
    /// Refused with 413, 414 or 431.
    pub refused_size: u64,
    /// Refused with 503.
    pub refused_busy: u64,
    /// Heads, bodies and readers that were waited for in vain. Idle connections are not counted.
    pub timed_out: u64,
    /// Connections closed to make room for others.
    pub evicted: u64,
}

/// Request extension: who asked, and when.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// The other end of the socket; a tunnel's agent if `public`.
    pub peer: SocketAddr,
    /// When the head was complete.
    pub stamp: Stamp,
    /// The Host was the public one, so it came through the tunnel (R10).
    pub public: bool,
    /// It came over TLS.
    pub secure: bool,
}

/// Request extension: the head exactly as it came, request line to empty line.
#[derive(Debug, Clone)]
pub struct RawHead(pub Bytes);

/// A server on the loopback interface. Dropping it stops it: no new connection, requests
/// with a complete head have [`Limits::stop_time`] to end.
pub struct Server {
    /// Where it listens, on 127.0.0.1.
    pub addr: SocketAddr,
    /// Whether `::1` is served on the same port.
    pub ipv6: Ipv6,
    hosts: Hosts,
    guard: Arc<guard::Guard>,
    tasks: TaskTracker,
    stop: DropGuard,
}

impl Server {
    /// Binds before it returns, so `addr` is good to hand out. Runs on the tokio runtime
    /// that it is called in.
    ///
    /// # Errors
    /// If the port is taken or may not be used.
    pub async fn start(config: Config, router: axum::Router) -> Result<Self, BindError> {
        let port::Bound { addr, v4, v6, ipv6 } = port::bind(config.port).await.map_err(|source| {
            let taken = source.kind() == std::io::ErrorKind::AddrInUse;
            let holder = if taken { port::holder(config.port) } else { None };
            BindError { name: config.name, port: config.port, holder, source }
        })?;
        if ipv6 == Ipv6::Taken {
            tracing::warn!(server = config.name, port = addr.port(), "another program has this port on ::1");
        }
        let hosts = Hosts::new(addr.port(), config.any_localhost).named(config.names);
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let guard = Arc::new(guard::Guard::new(config, router, hosts.clone(), stop.clone()));
        tasks.spawn(Arc::clone(&guard).accept(v4, v6, tasks.clone()));
        Ok(Self { addr, ipv6, hosts, guard, tasks, stop: stop.drop_guard() })
    }

    /// The names it answers to; they can be changed while it runs.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// What it has seen so far.
    pub fn stats(&self) -> Stats {
        self.guard.stats()
    }

    /// Stops, and returns when the last request in flight has ended or was given up.
    pub async fn stop(self) {
        drop(self.stop);
        self.tasks.close();
        self.tasks.wait().await;
    }
}
