//! A loopback server: bind, guard, cap, serve, stop when dropped.
//! (Interface agreed on; the guarded accept loop is being written.)

use std::net::SocketAddr;

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
}

/// A port that could not be had.
#[derive(Debug, thiserror::Error)]
#[error("{name}: port {port} on 127.0.0.1 cannot be used")]
pub struct BindError {
    /// Which server.
    pub name: &'static str,
    /// Which port.
    pub port: u16,
    /// Why.
    pub source: std::io::Error,
}

/// A server on the loopback interface. Dropping it stops it.
pub struct Server {
    /// Where it listens.
    pub addr: SocketAddr,
    _stop: tokio_util::sync::DropGuard,
}

impl Server {
    /// Binds before it returns, so `addr` is good to hand out.
    ///
    /// # Errors
    /// If the port is taken or may not be used.
    pub async fn start(config: Config, router: axum::Router) -> Result<Self, BindError> {
        let fault = |source| BindError { name: config.name, port: config.port, source };
        let socket = tokio::net::TcpListener::bind(("127.0.0.1", config.port)).await.map_err(fault)?;
        let addr = socket.local_addr().map_err(fault)?;
        let stop = tokio_util::sync::CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move {
            tokio::select! { _ = axum::serve(socket, router) => (), () = stopped.cancelled() => () }
        });
        Ok(Self { addr, _stop: stop.drop_guard() })
    }
}
