//! The guarded server as a sender sees it: raw bytes in, raw bytes out.
//!
//! Every rule is met from both sides. A refusal is its exact status, an empty body, and a
//! connection that ends; what is accepted gets its answer on a connection that goes on.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use sessions_console::serve::{Arrival, Config, Ipv6, Limits, RawHead, Server, Stats};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

/// Longer than anything here takes, shorter than a person waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the router did.
#[derive(Default)]
struct Seen {
    requests: AtomicUsize,
    finished: AtomicUsize,
}

/// A server, its runtime, and a gate that `/wait` stands at.
struct Lab {
    runtime: Runtime,
    server: Option<Server>,
    addr: SocketAddr,
    seen: Arc<Seen>,
    gate: Arc<Semaphore>,
}

#[derive(Clone)]
struct Shared {
    seen: Arc<Seen>,
    gate: Arc<Semaphore>,
}

async fn wait(State(shared): State<Shared>) -> &'static str {
    shared.gate.acquire().await.expect("the gate is never closed").forget();
    shared.seen.finished.fetch_add(1, Ordering::SeqCst);
    "waited"
}

async fn head(Extension(arrival): Extension<Arrival>, Extension(RawHead(head)): Extension<RawHead>) -> Response {
    let peer = format!("{} {}", arrival.peer, arrival.public);
    Response::builder().header("peer", peer).body(Body::from(head)).expect("a plain answer")
}

async fn hello() -> Response {
    let answer = Response::builder().header("cko-request-id", "req_1").header("cache-control", "no-store");
    answer.body(Body::from("hello")).expect("a plain answer")
}

impl Lab {
    fn new(configure: impl FnOnce(Config) -> Config) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (seen, gate) = (Arc::new(Seen::default()), Arc::new(Semaphore::new(0)));
        let shared = Shared { seen: Arc::clone(&seen), gate: Arc::clone(&gate) };
        let count = Arc::clone(&seen);
        let router = Router::new()
            .route("/hello", get(hello))
            .route("/echo", post(|body: Bytes| async move { body }))
            .route("/head", get(head))
            .route("/big", get(|| async { vec![b'x'; 64 * 1024 * 1024] }))
            .route("/wait", get(wait).post(wait))
            .layer(axum::middleware::from_fn(move |request, next: axum::middleware::Next| {
                count.requests.fetch_add(1, Ordering::SeqCst);
                next.run(request)
            }))
            .with_state(shared);
        let config = configure(Config::new("test", 0).body_bytes(1000));
        let server = runtime.block_on(Server::start(config, router)).expect("a free port");
        let addr = server.addr;
        Self { runtime, server: Some(server), addr, seen, gate }
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("the server was not stopped yet")
    }

    fn stats(&self) -> Stats {
        self.server().stats()
    }

    fn connect(&self) -> Wire {
        Wire::connect(self.addr)
    }

    /// `PORT` in the text becomes the server's port.
    fn fill(&self, text: &str) -> Vec<u8> {
        text.replace("PORT", &self.addr.port().to_string()).into_bytes()
    }

    /// Sends bytes on a new connection.
    fn send(&self, text: &str) -> Wire {
        let mut wire = self.connect();
        wire.send(&self.fill(text));
        wire
    }

    fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !condition(self) {
            assert!(Instant::now() < end, "{what}: {:?}", self.stats());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The exact status, nothing in the body, and the end of the connection.
    fn assert_refused(&self, text: &str, status: u16) {
        let before = self.seen.requests.load(Ordering::SeqCst);
        let mut wire = self.send(text);
        let answer = wire.answer();
        assert_eq!((answer.status, answer.body.as_slice()), (status, b"".as_slice()), "{text:?}");
        assert_eq!(answer.header("Connection"), Some("close"), "{text:?}");
        assert!(wire.at_end(), "{text:?}: the connection goes on");
        assert_eq!(self.seen.requests.load(Ordering::SeqCst), before, "{text:?}: the router saw it");
    }

    /// The exact status, and a second request answered on the same connection.
    fn assert_served(&self, text: &str, status: u16) {
        let mut wire = self.send(text);
        assert_eq!(wire.answer().status, status, "{text:?}");
        wire.send(&self.fill("GET /hello HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n"));
        assert_eq!(wire.answer().body, b"hello", "{text:?}: then the next");
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// A sender that reads and writes bytes.
struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Wire {
    fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).expect("the server accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket option");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket option");
        Self { stream, unread: Vec::new() }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// False at the end of the stream. A reset is an end, but not a clean one.
    fn read_more(&mut self) -> bool {
        let mut space = [0; 4096];
        let read = self.stream.read(&mut space).expect("an answer in time, and no reset");
        self.unread.extend_from_slice(&space[..read]);
        read > 0
    }

    fn answer(&mut self) -> Answer {
        self.answer_to("GET")
    }

    fn answer_to(&mut self, method: &str) -> Answer {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|part| part == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.read_more(), "the stream ended in a head: {:?}", String::from_utf8_lossy(&self.unread));
        };
        let head = String::from_utf8(self.unread.drain(..end).collect()).expect("a head of ASCII");
        let status = head[9..12].parse().expect("a status");
        let mut answer = Answer { status, head, body: Vec::new() };
        let length = answer.header("Content-Length").map_or(0, |length| length.parse().expect("a number"));
        if method != "HEAD" {
            while self.unread.len() < length {
                assert!(self.read_more(), "the stream ended in a body");
            }
            answer.body = self.unread.drain(..length).collect();
        }
        answer
    }

    /// True if the stream ends here, cleanly.
    fn at_end(&mut self) -> bool {
        self.unread.is_empty() && !self.read_more()
    }

    /// True if the stream ends here, cleanly or by a reset.
    fn is_dropped(&mut self) -> bool {
        match self.stream.read(&mut [0; 64]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

fn same(config: Config) -> Config {
    config
}

#[test]
fn hosts_of_ours_are_served_and_all_others_misdirected() {
    let lab = Lab::new(same);
    for host in ["127.0.0.1:PORT", "localhost:PORT", "[::1]:PORT", "LOCALHOST:PORT"] {
        lab.assert_served(&format!("GET /hello HTTP/1.1\r\nHost: {host}\r\n\r\n"), 200);
        lab.assert_served(&format!("GET http://{host}/hello HTTP/1.1\r\nHost: {host}\r\n\r\n"), 200);
    }
    let wrong = [
        "",
        "127.0.0.1",
        "localhost:1",
        "localhost.:PORT",
        "127.1:PORT",
        "0.0.0.0:PORT",
        "2130706433:PORT",
        "[::ffff:127.0.0.1]:PORT",
        "evil.test",
        "evil.test:PORT",
        "a.localhost:PORT",
        "localhost:PORT, evil.test",
        "user@localhost:PORT",
    ];
    for host in wrong {
        lab.assert_refused(&format!("GET /hello HTTP/1.1\r\nHost: {host}\r\n\r\n"), 421);
    }
    for head in [
        "GET /hello HTTP/1.1\r\n\r\n",
        "GET /hello HTTP/1.0\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\nHost: localhost:PORT\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\nhost: evil.test\r\n\r\n",
        "GET http://evil.test/hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        "GET http://127.0.0.1:PORT/hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        "GET http://u@localhost:PORT/hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
    ] {
        lab.assert_refused(head, 421);
    }
    assert_eq!(lab.stats().refused_host, wrong.len() as u64 + 7);
}

#[test]
fn every_method_on_every_route_is_guarded_also_where_there_is_none() {
    let lab = Lab::new(same);
    for path in ["/hello", "/echo", "/head", "/wait", "/", "/no/such/path", "/_sandbox/log", "/../hello", "/%00"] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
            lab.assert_refused(&format!("{method} {path} HTTP/1.1\r\nHost: evil.test\r\n\r\n"), 421);
        }
    }
    lab.assert_served("GET /no/such/path HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 404);
    lab.assert_served("DELETE /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 405);
}

#[test]
fn a_public_host_and_allowed_names_come_and_go_while_it_runs() {
    let lab = Lab::new(|config| config.any_localhost());
    let ask = |host: &str| lab.send(&format!("GET /head HTTP/1.1\r\nHost: {host}\r\n\r\n")).answer();
    assert_eq!(ask("shop.sandbox.localhost:PORT").status, 200);
    assert_eq!(ask("abc.example.net").status, 421);
    lab.server().hosts().set_public(Some("ABC.example.net")).expect("a host");
    let answer = ask("abc.example.net");
    assert!(answer.header("Peer").expect("set by the handler").ends_with(" true"), "marked as public");
    assert!(ask("localhost:PORT").header("Peer").expect("set").ends_with(" false"));
    assert_eq!(ask("abc.example.net:PORT").status, 421, "exact");
    lab.server().hosts().set_public(None).expect("none");
    assert_eq!(ask("abc.example.net").status, 421);

    assert_eq!(lab.server().hosts().refused(), ["abc.example.net".to_owned(), lab_host(&lab, "abc.example.net")]);
    lab.server().hosts().allow("api.shop.test").expect("a host");
    assert_eq!((ask("api.shop.test").status, ask("api.shop.test:PORT").status), (200, 200));
}

fn lab_host(lab: &Lab, name: &str) -> String {
    format!("{name}:{}", lab.addr.port())
}

#[test]
fn bytes_that_two_parsers_may_read_in_two_ways_are_refused() {
    let lab = Lab::new(same);
    let post = "POST /echo HTTP/1.1\r\nHost: localhost:PORT\r\n";
    let mut cases: Vec<String> = [
        "GET /hello HTTP/1.1\nHost: localhost:PORT\n\n",
        "GET /hello HTTP/1.1\r\nHost: localhost:PORT\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\n",
        "GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\nA: b\r\n c\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\nA: b\r\n\tc\r\n\r\n",
        "GET /hello HTTP/1.1\r\n Host: localhost:PORT\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\nA: b\0c\r\n\r\n",
        "GET /hel\0lo HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\nA: b\rc\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\nA: b\x01c\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\nA : b\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\nA\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n: b\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\nÄ: b\r\n\r\n",
        "GET  /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        "GET /hello  HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        "GET /hello HTTP/1.1 \r\nHost: localhost:PORT\r\n\r\n",
        "GET /hel lo HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        "GET /hellö HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        "GET hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        "GET /hello\r\nHost: localhost:PORT\r\n\r\n",
        "GET /hello http/1.1\r\nHost: localhost:PORT\r\n\r\n",
        "G(T /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        "\r\n\r\nGET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        "\x16\x03\x01\x02\0\x01", // a TLS client that mistook the port
        "POST /echo HTTP/1.0\r\nHost: localhost:PORT\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ]
    .map(str::to_owned)
    .to_vec();
    for framing in [
        "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\nab",
        "Content-Length: 2, 2\r\n\r\nab",
        "Content-Length: +2\r\n\r\nab",
        "Content-Length: -2\r\n\r\nab",
        "Content-Length: 0x2\r\n\r\nab",
        "Content-Length: \r\n\r\nab",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nnot a size\r\nab\r\n0\r\n\r\n",
    ] {
        cases.push(format!("{post}{framing}"));
    }
    for case in &cases {
        lab.assert_refused(case, 400);
    }
    assert_eq!(lab.stats().refused_framing, cases.len() as u64);
}

#[test]
fn unusual_but_sound_bytes_are_served() {
    let lab = Lab::new(same);
    for text in [
        "\r\nGET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        "GET /hello HTTP/1.1\r\nhOST:localhost:PORT\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: \t localhost:PORT \t\r\n\r\n",
        "GET /hello?q=%00&r=~ HTTP/1.1\r\nHost: localhost:PORT\r\nEmpty:\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\nName: Müller\r\n\r\n",
        "HEAD /nothing HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 0\r\n\r\n",
        "GET /hello HTTP/1.0\r\nHost: localhost:PORT\r\nConnection: keep-alive\r\n\r\n",
    ] {
        let status = if text.contains("nothing") { 404 } else { 200 };
        lab.assert_served(text, status);
    }
    lab.assert_served("OPTIONS * HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 404);
}

#[test]
fn other_protocols_methods_codings_and_expectations_are_refused() {
    let lab = Lab::new(same);
    lab.assert_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
    lab.assert_refused("GET /hello HTTP/3.0\r\nHost: localhost:PORT\r\n\r\n", 505);
    lab.assert_refused("TRACE /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 501);
    lab.assert_refused("CONNECT localhost:PORT HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 501);
    let post = "POST /echo HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 2\r\n";
    for coding in ["gzip", "identity, gzip", "br", ""] {
        lab.assert_refused(&format!("{post}Content-Encoding: {coding}\r\n\r\nab"), 415);
    }
    lab.assert_served(&format!("{post}Content-Encoding: Identity\r\n\r\nab"), 200);
    lab.assert_refused(&format!("{post}Expect: 200-ok\r\n\r\nab"), 417);

    // An offer to upgrade is an ordinary request.
    for offer in [
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    ] {
        lab.assert_served(&format!("GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n{offer}\r\n"), 200);
    }
}

#[test]
fn an_announced_body_is_asked_for_only_if_it_fits() {
    let lab = Lab::new(same);
    let post = "POST /echo HTTP/1.1\r\nHost: localhost:PORT\r\nExpect: 100-continue\r\n";
    lab.assert_refused(&format!("{post}Content-Length: 1001\r\n\r\n"), 413);
    let mut wire = lab.send(&format!("{post}Content-Length: 2\r\n\r\n"));
    assert_eq!(wire.answer().status, 100);
    wire.send(b"ab");
    assert_eq!(wire.answer().body, b"ab");
}

#[test]
fn a_refused_body_is_swallowed_so_that_the_refusal_is_not_reset_away() {
    let patient = Limits { linger_time: PATIENCE, ..Limits::default() };
    let lab = Lab::new(|config| config.limits(patient));
    let mut wire = lab.send("POST /echo HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 1048576\r\n\r\n");
    assert_eq!(wire.answer().status, 413);
    assert!(wire.at_end());
    for _ in 0..16 {
        wire.send(&[b'x'; 64 * 1024]);
    }
    assert_eq!(lab.stats().open, 1, "until the sender hangs up");
    drop(wire);
    lab.until("the connection ends", |lab| lab.stats().open == 0);
}

#[test]
fn sizes_are_kept_from_both_sides() {
    let lab = Lab::new(same);
    let target = |length: usize| format!("/{}", "a".repeat(length - 1));
    let with_target = |length| format!("GET {} HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", target(length));
    lab.assert_served(&with_target(2048), 404);
    lab.assert_refused(&with_target(2049), 414);
    lab.assert_refused(&with_target(12_000), 414);

    let with_headers =
        |count: usize| format!("GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n{}\r\n", "A: b\r\n".repeat(count - 1));
    lab.assert_served(&with_headers(64), 200);
    lab.assert_refused(&with_headers(65), 431);

    let with_bytes = |bytes: usize| {
        let start = String::from_utf8(lab.fill("GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\nA: ")).expect("ASCII");
        format!("{start}{}\r\n\r\n", "b".repeat(bytes - start.len() - 4))
    };
    lab.assert_served(&with_bytes(16 * 1024), 200);
    lab.assert_refused(&with_bytes(16 * 1024 + 1), 431);
    lab.assert_refused(&with_bytes(200 * 1024), 431);

    let with_body = |bytes: usize| {
        let head = format!("POST /echo HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: {bytes}\r\n\r\n");
        head + &"c".repeat(bytes)
    };
    lab.assert_served(&with_body(1000), 200);
    lab.assert_refused(&with_body(1001), 413);
    lab.assert_refused(
        "POST /echo HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        413,
    );
    let chunk = |bytes: usize| {
        let head = "POST /echo HTTP/1.1\r\nHost: localhost:PORT\r\nTransfer-Encoding: chunked\r\n\r\n";
        format!("{head}{bytes:x}\r\n{}\r\n0\r\n\r\n", "d".repeat(bytes))
    };
    lab.assert_refused(&chunk(1001), 413);
    assert_eq!(lab.send(&chunk(1000)).answer().body.len(), 1000);
    assert_eq!(lab.stats().refused_size, 8);
}

#[test]
fn chunks_are_read_and_end_the_connection_whatever_follows() {
    let lab = Lab::new(same);
    let chunked = "POST /echo HTTP/1.1\r\nHost: localhost:PORT\r\nTransfer-Encoding: Chunked\r\n\r\n\
                   2\r\nab\r\n1\r\nc\r\n0\r\nTrailer: x\r\n\r\n";
    let smuggled = "GET /hello HTTP/1.1\r\nHost: evil.test\r\n\r\n";
    let mut wire = lab.send(&format!("{chunked}{smuggled}"));
    let answer = wire.answer();
    assert_eq!(
        (answer.status, answer.body.as_slice(), answer.header("Connection")),
        (200, b"abc".as_slice(), Some("close"))
    );
    assert!(wire.at_end());
    assert_eq!(lab.stats().requests, 1);
}

#[test]
fn pipelined_requests_are_answered_in_order_and_guarded_one_by_one() {
    let lab = Lab::new(same);
    let ok = "GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n";
    let echo = "POST /echo HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 5\r\n\r\nGET /";
    let evil = "GET /hello HTTP/1.1\r\nHost: evil.test\r\n\r\n";
    let mut wire = lab.send(&format!("{ok}{echo}{ok}{evil}{ok}"));
    let bodies: Vec<_> = (0..3).map(|_| wire.answer().body).collect();
    assert_eq!(bodies, [b"hello", b"GET /", b"hello"]);
    assert_eq!(wire.answer().status, 421);
    assert!(wire.at_end(), "nothing after a refusal is served");

    // The same, byte by byte.
    let mut wire = lab.connect();
    for byte in lab.fill(&format!("{ok}{echo}{evil}")) {
        wire.send(&[byte]);
    }
    assert_eq!([wire.answer().status, wire.answer().status, wire.answer().status], [200, 200, 421]);
}

#[test]
fn headers_have_the_case_that_clients_look_up_and_come_once() {
    let lab = Lab::new(same);
    let answer = lab.send("GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n").answer();
    assert!(answer.head.contains("\r\nCko-Request-Id: req_1\r\n"), "{}", answer.head);
    for name in ["Content-Length", "Cache-Control", "Date", "Cko-Request-Id"] {
        assert_eq!(answer.head.matches(&format!("\r\n{name}: ")).count(), 1, "{}", answer.head);
    }
    assert!(!answer.head.to_ascii_lowercase().contains("\r\nserver:"), "no version is told");
    let mut wire = lab.send("HEAD /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n");
    let answer = wire.answer_to("HEAD");
    assert_eq!((answer.status, answer.header("Content-Length")), (200, Some("5")));
}

#[test]
fn a_handler_gets_the_exact_head_and_the_peer() {
    let lab = Lab::new(same);
    let text = "GET /head?x HTTP/1.1\r\nhOsT:  localhost:PORT \r\nX-Odd:\t1\r\nX-Odd: ü\r\n\r\n";
    let mut wire = lab.send(text);
    let answer = wire.answer();
    assert_eq!(answer.body, lab.fill(text));
    let own = wire.stream.local_addr().expect("connected");
    assert_eq!(answer.header("Peer"), Some(format!("{own} false").as_str()));
}

/// Times short enough to wait for.
fn hasty(config: Config) -> Config {
    config.limits(Limits {
        head_time: Duration::from_millis(400),
        head_time_pressed: Duration::from_millis(100),
        body_time: Duration::from_millis(600),
        body_stall: Duration::from_millis(300),
        idle_time: Duration::from_millis(500),
        idle_time_pressed: Duration::from_millis(100),
        write_stall: Duration::from_millis(300),
        linger_time: Duration::from_millis(200),
        ..Limits::default()
    })
}

#[test]
fn who_is_silent_or_slow_is_given_up_while_others_are_served() {
    let lab = Lab::new(hasty);
    let start = Instant::now();
    let mut silent = lab.connect();
    let mut half_head = lab.send("GET /hello HTTP/1.1\r\nHost: loc");
    let mut half_body = lab.send("POST /echo HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 9\r\n\r\nhalf");
    lab.assert_served("GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 200);
    assert_eq!(half_body.answer().status, 408);
    assert!(half_body.at_end());
    assert!(silent.at_end() && half_head.at_end(), "closed without an answer");
    assert!(start.elapsed() >= Duration::from_millis(400), "not before their time");
    assert_eq!(lab.stats().timed_out, 3);
}

#[test]
fn a_trickle_does_not_extend_a_deadline() {
    let lab = Lab::new(hasty);
    let trickle = |start: &str| {
        let mut wire = lab.send(start);
        let mut clock = wire.stream.try_clone().expect("a second handle");
        // One byte each 50 ms, until the server has had enough.
        let feeding = std::thread::spawn(move || {
            let end = Instant::now() + PATIENCE;
            while Instant::now() < end && clock.write_all(b"a").is_ok() {
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let mut all = Vec::new();
        let mut space = [0; 512];
        while let Ok(read @ 1..) = wire.stream.read(&mut space) {
            all.extend_from_slice(&space[..read]);
        }
        drop(wire);
        feeding.join().expect("the feeder does not panic");
        all
    };
    let start = Instant::now();
    assert_eq!(trickle("GET /a"), b"");
    let body = trickle("POST /echo HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 900\r\n\r\n");
    assert!(body.starts_with(b"HTTP/1.1 408 "), "{:?}", String::from_utf8_lossy(&body));
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn an_idle_connection_is_closed_after_its_time_and_not_counted_as_slow() {
    let lab = Lab::new(hasty);
    let mut wire = lab.send("GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n");
    assert_eq!(wire.answer().status, 200);
    let start = Instant::now();
    assert!(wire.at_end());
    assert!(start.elapsed() >= Duration::from_millis(400), "it had time for another request");
    assert_eq!(lab.stats().timed_out, 0);
}

#[test]
fn who_does_not_read_the_answer_is_given_up() {
    let lab = Lab::new(hasty);
    let _wire = lab.send("GET /big HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n");
    lab.until("the request arrives", |lab| lab.stats().requests == 1);
    lab.until("the connection is given up", |lab| lab.stats().open == 0);
    assert_eq!(lab.stats().timed_out, 1);
}

#[test]
fn a_sender_that_hangs_up_early_does_not_cancel_the_handler() {
    let lab = Lab::new(same);
    let wire = lab.send("GET /wait HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n");
    lab.until("the handler runs", |lab| lab.stats().requests == 1);
    drop(wire);
    let mut half = lab.send("GET /wait HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n");
    half.stream.shutdown(Shutdown::Write).expect("a half-closed connection");
    lab.until("the second handler runs", |lab| lab.stats().requests == 2);
    lab.gate.add_permits(2);
    lab.until("both handlers finish", |lab| lab.seen.finished.load(Ordering::SeqCst) == 2);
    assert_eq!(half.answer().body, b"waited", "and a half-closed sender gets its answer");
}

#[test]
fn the_oldest_without_a_head_makes_room_and_a_complete_head_never_does() {
    let lab = Lab::new(|config| config.connections(4));
    let mut in_flight: Vec<Wire> =
        (0..2).map(|_| lab.send("GET /wait HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n")).collect();
    lab.until("both are in flight", |lab| lab.stats().requests == 2);
    let mut idle = lab.send("GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n");
    assert_eq!(idle.answer().status, 200);
    let mut half = lab.send("GET /hel");
    lab.until("all slots are taken", |lab| lab.stats().open == 4);

    lab.assert_served("GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 200);
    assert!(half.is_dropped(), "the half head goes first");
    idle.send(&lab.fill("GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n"));
    assert_eq!(idle.answer().status, 200, "the idle one was kept");
    lab.until("a slot is free again", |lab| lab.stats().open == 3);

    let _slot = lab.connect();
    lab.until("all slots are taken", |lab| lab.stats().open == 4);
    lab.assert_served("GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 200);
    assert_eq!(lab.stats().evicted, 2);

    lab.gate.add_permits(2);
    for wire in &mut in_flight {
        assert_eq!(wire.answer().body, b"waited");
    }
}

#[test]
fn patience_is_short_while_three_quarters_of_the_slots_are_used() {
    let lab = Lab::new(|config| {
        let limits = Limits { head_time_pressed: Duration::from_millis(100), ..Limits::default() };
        config.connections(8).limits(limits)
    });
    let mut five: Vec<Wire> = (0..5).map(|_| lab.connect()).collect();
    five[0].stream.set_read_timeout(Some(Duration::from_millis(400))).expect("a socket option");
    assert!(!five[0].is_dropped(), "without pressure there are five seconds");
    assert_eq!((lab.stats().open, lab.stats().timed_out), (5, 0));
    let start = Instant::now();
    let _sixth = lab.connect();
    lab.until("somebody is closed", |lab| lab.stats().timed_out >= 1);
    assert!(start.elapsed() < Duration::from_secs(4), "long before the five seconds are over");
}

#[test]
fn two_thousand_half_open_connections_do_not_stop_a_good_request() {
    let lab = Lab::new(same);
    let mut crowd = Vec::new();
    let mut slowest = Duration::ZERO;
    for n in 0..2000 {
        crowd.push(lab.send(if n % 2 == 0 { "GET /hello HTTP/1.1\r\nHo" } else { "" }));
        if n % 20 == 0 {
            let start = Instant::now();
            lab.assert_served("GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 200);
            slowest = slowest.max(start.elapsed());
        }
        assert!(lab.stats().open <= 1024);
    }
    assert!(slowest < Duration::from_secs(2), "the slowest good request took {slowest:?}");
    let stats = lab.stats();
    assert!(stats.evicted + stats.timed_out >= 900, "{stats:?}");
    assert_eq!(stats.requests, 200);
    drop(crowd);
    lab.until("normal again", |lab| lab.stats().open == 0);
}

#[test]
fn bodies_share_a_bounded_memory() {
    let lab = Lab::new(|config| config.limits(Limits { bodies_bytes: 1500, ..Limits::default() }));
    let whole =
        format!("POST /wait HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 1000\r\n\r\n{}", "x".repeat(1000));
    let mut first = lab.send(&whole);
    lab.until("the first is in flight", |lab| lab.stats().requests == 1);
    let answer = lab.send(&whole).answer();
    assert_eq!((answer.status, answer.header("Retry-After")), (503, Some("1")));
    lab.gate.add_permits(2);
    assert_eq!(first.answer().status, 200);
    assert_eq!(lab.send(&whole).answer().status, 200, "the memory came back");
    assert_eq!(lab.stats().refused_busy, 1);
}

#[test]
fn a_public_connection_ends_after_its_share_of_requests() {
    let lab = Lab::new(|config| config.limits(Limits { public_requests: 3, ..Limits::default() }));
    let request = lab.fill("GET /hello HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n");
    let closes = |wire: &mut Wire| {
        wire.send(&request);
        wire.answer().header("Connection") == Some("close")
    };
    let mut wire = lab.connect();
    assert!((0..5).all(|_| !closes(&mut wire)), "unlimited on loopback");
    lab.server().hosts().set_public(Some("abc.example.net")).expect("a host");
    let mut wire = lab.connect();
    assert_eq!([closes(&mut wire), closes(&mut wire), closes(&mut wire)], [false, false, true]);
    assert!(wire.at_end());
}

#[test]
fn stopping_lets_requests_end_and_takes_no_more() {
    let mut lab = Lab::new(same);
    let mut in_flight = lab.send("GET /wait HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n");
    let mut half = lab.send("GET /wait HTTP/1.1\r\nHo");
    lab.until("it is in flight", |lab| lab.stats().requests == 1 && lab.stats().open == 2);
    let server = lab.server.take().expect("started above");
    let stopping = lab.runtime.spawn(server.stop());
    assert!(half.is_dropped(), "no complete head, no answer");
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(lab.addr).is_ok() {
        assert!(Instant::now() < end, "it still accepts");
    }
    lab.gate.add_permits(1);
    let answer = in_flight.answer();
    assert_eq!((answer.body.as_slice(), answer.header("Connection")), (b"waited".as_slice(), Some("close")));
    drop(in_flight);
    lab.runtime.block_on(stopping).expect("it stops");
}

#[test]
fn stopping_waits_only_so_long() {
    let mut lab =
        Lab::new(|config| config.limits(Limits { stop_time: Duration::from_millis(200), ..Limits::default() }));
    let mut in_flight = lab.send("GET /wait HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n");
    lab.until("it is in flight", |lab| lab.stats().requests == 1);
    let start = Instant::now();
    lab.runtime.block_on(lab.server.take().expect("started above").stop());
    assert!(start.elapsed() >= Duration::from_millis(200) && start.elapsed() < PATIENCE);
    assert!(in_flight.is_dropped());
}

#[test]
fn dropping_a_server_frees_its_port() {
    let mut lab = Lab::new(same);
    drop(lab.server.take());
    let end = Instant::now() + PATIENCE;
    while TcpListener::bind(lab.addr).is_err() {
        assert!(Instant::now() < end, "the port is still taken");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn ipv6_loopback_is_served_on_the_same_port_where_it_exists() {
    let lab = Lab::new(same);
    let addr = SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, lab.addr.port()));
    match lab.server().ipv6 {
        Ipv6::Bound => {
            let mut wire = Wire::connect(addr);
            wire.send(&lab.fill("GET /hello HTTP/1.1\r\nHost: [::1]:PORT\r\n\r\n"));
            assert_eq!(wire.answer().body, b"hello");
        }
        Ipv6::Absent => assert!(TcpListener::bind((std::net::Ipv6Addr::LOCALHOST, 0)).is_err()),
        Ipv6::Taken => panic!("a free port is free on both"),
    }
}

#[test]
fn a_taken_port_is_an_error_that_says_who_and_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port();
    let runtime = Runtime::new().expect("a runtime");
    let started = runtime.block_on(Server::start(Config::new("listener", port), Router::new()));
    let Err(error) = started else { panic!("two servers on one port") };
    let text = error.to_string();
    assert!(text.contains("listener") && text.contains(&port.to_string()), "{text}");
    assert!(error.hint().contains("port 0"));
    if cfg!(target_os = "linux") {
        assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
    }
}
