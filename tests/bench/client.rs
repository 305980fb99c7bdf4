//! A load generator that speaks bytes: one blocking thread per connection, keep-alive.
//!
//! Knows only enough of HTTP/1.1 to find the end of an answer. Each answer is handed to
//! the caller's check; answers that fail it are counted, never skipped.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A keep-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// One answer, as it came.
pub struct Answer<'a> {
    pub status: u16,
    /// Status line and headers, up to the empty line.
    pub head: &'a [u8],
    pub body: &'a [u8],
}

impl Connection {
    pub fn open(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket option");
        Self { stream, buffer: vec![0; 64 * 1024] }
    }

    /// Sends a whole request and reads its whole answer.
    pub fn ask(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request)?;
        let (mut filled, mut ends) = (0, None);
        loop {
            let count = self.stream.read(&mut self.buffer[filled..])?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += count;
            if ends.is_none() {
                let head = self.buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n");
                ends = head.map(|head| (head, head + 4 + content_length(&self.buffer[..head])));
            }
            let Some((head, end)) = ends.filter(|(_, end)| *end <= filled) else { continue };
            let status = std::str::from_utf8(&self.buffer[9..12]).ok().and_then(|code| code.parse().ok());
            let status = status.ok_or(io::ErrorKind::InvalidData)?;
            return Ok(Answer { status, head: &self.buffer[..head], body: &self.buffer[head + 4..end] });
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    let name = b"content-length: ";
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let value = lines.find_map(|line| {
        let (start, value) = line.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then_some(value)
    });
    let text = value.and_then(|value| std::str::from_utf8(value).ok());
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// What every connection does, and what a right answer is.
pub struct Load<'a> {
    pub addr: SocketAddr,
    /// One per connection.
    pub requests: &'a [Vec<u8>],
    pub right: &'a (dyn Fn(usize, &Answer) -> bool + Sync),
}

/// What came of a load.
#[derive(Default)]
pub struct Outcome {
    pub answered: u64,
    pub wrong: u64,
    pub took: Duration,
}

impl Load<'_> {
    fn once(&self, connection: &mut Connection, index: usize) -> bool {
        connection.ask(&self.requests[index]).is_ok_and(|answer| (self.right)(index, &answer))
    }

    /// Closed loop for a time: each connection asks again as soon as it is answered.
    pub fn for_a_time(&self, how_long: Duration) -> Outcome {
        let over = AtomicBool::new(false);
        self.run(
            || !over.load(Relaxed),
            || {
                thread::sleep(how_long);
                over.store(true, Relaxed);
            },
        )
    }

    /// Closed loop for a number of requests, over all connections.
    pub fn count(&self, requests: u64) -> Outcome {
        let left = AtomicU64::new(requests);
        self.run(|| left.try_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok(), || ())
    }

    fn run(&self, more: impl Fn() -> bool + Sync, meanwhile: impl FnOnce()) -> Outcome {
        let (answered, wrong) = (AtomicU64::new(0), AtomicU64::new(0));
        let start = Barrier::new(self.requests.len() + 1);
        let began = thread::scope(|scope| {
            for index in 0..self.requests.len() {
                let (more, answered, wrong, start) = (&more, &answered, &wrong, &start);
                scope.spawn(move || {
                    let mut connection = Connection::open(self.addr);
                    start.wait();
                    while more() {
                        if self.once(&mut connection, index) {
                            answered.fetch_add(1, Relaxed);
                        } else {
                            wrong.fetch_add(1, Relaxed);
                            connection = Connection::open(self.addr);
                        }
                    }
                });
            }
            start.wait();
            let began = Instant::now();
            meanwhile();
            began
        });
        Outcome { answered: answered.into_inner(), wrong: wrong.into_inner(), took: began.elapsed() }
    }

    /// Open loop: so many requests a second, whether answers come or not. Latencies are
    /// counted from the moment a request was due, and come back sorted.
    pub fn open_loop(&self, per_second: u32, how_long: Duration) -> (Vec<Duration>, u64) {
        let wrong = AtomicU64::new(0);
        let connections = self.requests.len() as u32;
        let turns = (how_long.as_secs_f64() * f64::from(per_second)) as u32 / connections;
        let begin = Instant::now() + Duration::from_millis(50);
        let mut latencies: Vec<Duration> = thread::scope(|scope| {
            let threads: Vec<_> = (0..self.requests.len())
                .map(|index| {
                    let wrong = &wrong;
                    scope.spawn(move || {
                        let mut connection = Connection::open(self.addr);
                        let due = |turn: u32| {
                            begin + Duration::from_secs(1) * (turn * connections + index as u32) / per_second
                        };
                        let turn = |turn| {
                            thread::sleep(due(turn).saturating_duration_since(Instant::now()));
                            if !self.once(&mut connection, index) {
                                wrong.fetch_add(1, Relaxed);
                            }
                            due(turn).elapsed()
                        };
                        (0..turns).map(turn).collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("a connection does not panic")).collect()
        });
        latencies.sort_unstable();
        (latencies, wrong.into_inner())
    }
}
