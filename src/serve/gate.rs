//! The socket as hyper sees it, and what is known of one connection.
//!
//! Hides: which bytes hyper gets. hyper 1.12 reads bare line feeds, two equal lengths and
//! a length beside chunks without complaint, so it is never shown any: the gate collects
//! a head, has it judged, and hands it over whole or puts a harmless one in its place,
//! which the service then answers with the refusal. So answers keep their order, and
//! keep-alive and pipelining work. While a request is being answered nothing of the next
//! is handed over, nor the end of the stream: a sender that hangs up early does not
//! cancel a handler. Knows nothing of routes.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Limits;
use super::head::{self, Collector, Fit, Framing, Refusal};
use super::hosts::Hosts;
use crate::model::Stamp;

/// Stands in for a head that was refused; the service answers in its place.
const PLACEHOLDER: &[u8] = b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n";
/// Thrown away at once while the other side still sends.
const DRAIN_BYTES: usize = 8 * 1024;

/// A head that came in, and what was thought of it.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) head: Bytes,
    pub(super) stamp: Stamp,
    pub(super) at: Instant,
    pub(super) verdict: Result<Fit, Refusal>,
}

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Open, and nothing of a first request yet, or only a part of a head.
    Head,
    /// A head is complete; its answer is not.
    Request,
    /// At least one request was answered, and no byte of the next is here.
    Idle,
    /// Everything is said; the other side may still have to read it.
    Closing,
}

/// What an eviction comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Stays,
    Spared,
    Goes,
}

/// What is known of one connection; shared by its task, its gate and the accept loop.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    /// Wakes the connection's task when a deadline may have moved or it was evicted.
    pub(super) changed: Notify,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    phase: Phase,
    since: Instant,
    arrived: Option<Arrived>,
    /// hyper, waiting for the answer in flight to be done.
    waiting: Option<Waker>,
    /// Since when the other side does not take our bytes.
    blocked: Option<Instant>,
    served: u64,
    evicted: bool,
}

impl Connection {
    pub(super) fn new(peer: SocketAddr) -> Self {
        let progress = Progress {
            phase: Phase::Head,
            since: Instant::now(),
            arrived: None,
            waiting: None,
            blocked: None,
            served: 0,
            evicted: false,
        };
        Self { peer, changed: Notify::new(), progress: Mutex::new(progress) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Progress) -> T) -> T {
        // No act panics, and each leaves the fields consistent.
        act(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Enters a phase. Wakes the connection's task where a deadline may be nearer than the
    /// moment when it looks next by itself, which is never later than an idle connection's.
    fn enter(&self, phase: Phase) {
        self.with(|progress| (progress.phase, progress.since) = (phase, Instant::now()));
        if matches!(phase, Phase::Head | Phase::Closing) {
            self.changed.notify_one();
        }
    }

    /// Phase, and since when.
    pub(super) fn standing(&self) -> (Phase, Instant) {
        self.with(|progress| (progress.phase, progress.since))
    }

    /// When this connection is to be closed if nothing happens. A request in flight has
    /// deadlines of its own, for its body and its handler.
    pub(super) fn deadline(&self, limits: &Limits, pressed: bool) -> Option<Instant> {
        let (phase, since, blocked) = self.with(|progress| (progress.phase, progress.since, progress.blocked));
        let patience = match phase {
            Phase::Head if pressed => Some(limits.head_time_pressed),
            Phase::Head => Some(limits.head_time),
            Phase::Idle if pressed => Some(limits.idle_time_pressed),
            Phase::Idle => Some(limits.idle_time),
            Phase::Closing => Some(limits.linger_time),
            Phase::Request => None,
        };
        let stuck = blocked.map(|since| since + limits.write_stall);
        patience.map(|patience| since + patience).into_iter().chain(stuck).min()
    }

    /// The head that hyper was just given.
    pub(super) fn take_arrived(&self) -> Option<Arrived> {
        self.with(|progress| progress.arrived.take())
    }

    /// Requests so far, this one included.
    pub(super) fn count_request(&self) -> u64 {
        self.with(|progress| {
            progress.served += 1;
            progress.served
        })
    }

    /// The answer is out of our hands: the next head may come.
    pub(super) fn answered(&self) {
        let waiting = self.with(|progress| {
            if progress.phase == Phase::Request {
                (progress.phase, progress.since) = (Phase::Idle, Instant::now());
            }
            progress.waiting.take()
        });
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    /// Asks the connection's task to close it.
    pub(super) fn evict(&self) {
        self.with(|progress| progress.evicted = true);
        self.changed.notify_one();
    }

    /// Whether it is to be evicted, or was to be and is spared because a head was completed
    /// in the meantime.
    pub(super) fn fate(&self) -> Fate {
        self.with(|progress| match (progress.evicted, progress.phase) {
            (false, _) => Fate::Stays,
            (true, Phase::Request) => {
                progress.evicted = false;
                Fate::Spared
            }
            (true, _) => Fate::Goes,
        })
    }

    /// True from [`Connection::evict`] until it is gone or spared.
    pub(super) fn leaving(&self) -> bool {
        self.with(|progress| progress.evicted)
    }

    /// True if the other side does not take our bytes.
    pub(super) fn stuck(&self) -> bool {
        self.with(|progress| progress.blocked.is_some())
    }

    /// Where it stands, if it may be evicted at all.
    pub(super) fn evictable(&self) -> Option<(Phase, Instant)> {
        Some(self.standing()).filter(|(phase, _)| *phase != Phase::Request)
    }

    fn blocked(&self, blocked: bool) {
        let moved = self.with(|progress| match (blocked, progress.blocked) {
            (true, None) => {
                progress.blocked = Some(Instant::now());
                true
            }
            (false, Some(_)) => {
                progress.blocked = None;
                false // a deadline that falls away needs no waking
            }
            _ => false,
        });
        if moved {
            self.changed.notify_one();
        }
    }

    fn arrive(&self, arrived: Arrived) {
        self.with(|progress| {
            (progress.phase, progress.since) = (Phase::Request, arrived.at);
            progress.arrived = Some(arrived);
        });
    }

    /// True while a request is in flight; its end wakes the caller.
    fn wait_for_answer(&self, cx: &Context<'_>) -> bool {
        self.with(|progress| {
            let busy = progress.phase == Phase::Request;
            progress.waiting = busy.then(|| cx.waker().clone());
            busy
        })
    }
}

/// What the gate lets through next.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// Nothing, until a head is complete.
    Head,
    /// So many bytes of a body.
    Body(u64),
    /// Everything: chunks, after which the connection ends.
    Chunks,
    /// Nothing any more.
    Shut,
}

/// Between socket and hyper; see the module's docs.
pub(super) struct Gate<S> {
    io: S,
    connection: Arc<Connection>,
    hosts: Hosts,
    limits: Limits,
    body_bytes: usize,
    stage: Stage,
    collector: Collector,
    /// So many bytes that were collected may be handed over.
    open: usize,
    /// What is handed over in place of a head that was refused.
    stand_in: &'static [u8],
}

impl<S: AsyncRead + AsyncWrite + Unpin> Gate<S> {
    pub(super) fn new(io: S, connection: Arc<Connection>, hosts: Hosts, limits: Limits, body_bytes: usize) -> Self {
        let (stage, collector) = (Stage::Head, Collector::default());
        Self { io, connection, hosts, limits, body_bytes, stage, collector, open: 0, stand_in: &[] }
    }

    /// Collects what the socket has; true at its end.
    fn poll_socket(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let reading = pin!(self.io.read_buf(self.collector.space()));
        reading.poll(cx).map_ok(|count| count == 0)
    }

    fn judge(&mut self, head: Bytes) {
        let verdict = head::judge(&head, &self.hosts, &self.limits, self.body_bytes);
        self.stage = match verdict {
            Ok(Fit { framing: Framing::Length(0), .. }) => Stage::Head,
            Ok(Fit { framing: Framing::Length(length), .. }) => Stage::Body(length),
            Ok(Fit { framing: Framing::Chunked, .. }) => Stage::Chunks,
            Err(_) => Stage::Shut,
        };
        if verdict.is_ok() {
            self.open = head.len();
        } else {
            self.stand_in = PLACEHOLDER;
        }
        let (stamp, at) = (crate::clock::stamp(), Instant::now());
        self.connection.arrive(Arrived { head, stamp, at, verdict });
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.stage = Stage::Shut;
        self.stand_in = PLACEHOLDER;
        let (stamp, at) = (crate::clock::stamp(), Instant::now());
        self.connection.arrive(Arrived { head: Bytes::new(), stamp, at, verdict: Err(refusal) });
    }

    /// Waits until something may be handed over; true at the end of the stream.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        while self.open == 0 && self.stand_in.is_empty() {
            match self.stage {
                Stage::Shut => return Poll::Pending, // hyper answers and closes; nothing more to read
                Stage::Head => {
                    if self.connection.wait_for_answer(cx) {
                        return Poll::Pending;
                    }
                    match self.collector.next(&self.limits) {
                        Ok(Some(head)) => self.judge(head),
                        Err(refusal) => self.refuse(refusal),
                        Ok(None) => {
                            let begun = !self.collector.waiting().is_empty();
                            if begun && self.connection.standing().0 == Phase::Idle {
                                self.connection.enter(Phase::Head);
                            }
                            if ready!(self.poll_socket(cx))? {
                                return Poll::Ready(Ok(true));
                            }
                        }
                    }
                }
                Stage::Body(_) | Stage::Chunks => {
                    if self.collector.waiting().is_empty() && ready!(self.poll_socket(cx))? {
                        return Poll::Ready(Ok(true));
                    }
                    self.open_body();
                }
            }
        }
        Poll::Ready(Ok(false))
    }

    /// What was collected of a body may be handed over.
    fn open_body(&mut self) {
        self.open = self.collector.waiting().len();
        if let Stage::Body(left) = self.stage {
            self.open = self.open.min(usize::try_from(left).unwrap_or(usize::MAX));
            let left = left - self.open as u64;
            self.stage = if left == 0 { Stage::Head } else { Stage::Body(left) };
        }
    }

    fn watch<T>(&self, written: &Poll<T>) {
        self.connection.blocked(written.is_pending());
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> hyper::rt::Read for Gate<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut space: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if ready!(self.poll_ready(cx))? {
            return Poll::Ready(Ok(()));
        }
        let gate = &mut *self;
        if gate.stand_in.is_empty() {
            let count = gate.open.min(space.remaining());
            space.put_slice(&gate.collector.waiting()[..count]);
            gate.collector.release(count);
            gate.open -= count;
        } else {
            let (now, later) = gate.stand_in.split_at(gate.stand_in.len().min(space.remaining()));
            space.put_slice(now);
            gate.stand_in = later;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> hyper::rt::Write for Gate<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.watch(&written);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Says that we are done, then reads what still comes and throws it away: closing on
    /// unread bytes would reset the connection, and the answer might never be seen.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.connection.standing().0 != Phase::Closing {
            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
            self.connection.enter(Phase::Closing);
        }
        let mut space = [0; DRAIN_BYTES];
        loop {
            let mut buffer = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bytes);
        self.watch(&written);
        written
    }
}
