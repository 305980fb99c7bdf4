//! The servers that are measured, each a process of its own on the first core.
//!
//! The same program, started again with `--serve`: the sandbox as the window embeds it, its
//! timeline read by somebody, or the floor, a bare hyper server that reads a request and gives
//! one fixed answer. Figures of a process come from `/proc`, so from Linux only.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sessions_console::bus::EventSink;
use sessions_console::clock::Clock;
use sessions_console::sandbox::{Config, Sandbox};
use tokio::net::TcpListener;

/// The core of the servers, and that of the load.
pub const SERVER_CORE: &str = "0";
pub const LOAD_CORE: &str = "1";

/// A server in a process of its own; dropping it ends it.
pub struct Server {
    process: Child,
    pub addr: SocketAddr,
    /// What it said when it was ready.
    pub ready: Value,
}

impl Server {
    /// Starts a sandbox, under a profiler if one is named.
    pub fn sandbox(wrap: &[String]) -> Self {
        Self::start("sandbox", &Value::Null, wrap)
    }

    /// Starts a floor that gives the answer that a sandbox gave.
    pub fn floor(head: &[u8], body: &[u8]) -> Self {
        let (head, body) = (String::from_utf8_lossy(head), String::from_utf8_lossy(body));
        Self::start("floor", &json!({"head": head, "body": body}), &[])
    }

    fn start(kind: &str, feed: &Value, wrap: &[String]) -> Self {
        let own = std::env::current_exe().expect("the path of this program");
        let own = own.to_str().expect("a readable path").to_owned();
        let mut words = pinned(SERVER_CORE);
        words.extend(wrap.iter().cloned().chain([own, "--serve".to_owned(), kind.to_owned()]));
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("this program starts");
        writeln!(process.stdin.as_mut().expect("a pipe"), "{feed}").expect("the server reads");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("the server speaks");
        let ready: Value = serde_json::from_str(&line).expect("a ready line");
        let addr = ready["addr"].as_str().and_then(|addr| addr.parse().ok()).expect("an address");
        Self { process, addr, ready }
    }

    fn proc(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.process.id())).ok()
    }

    /// Processor time so far, over all its threads.
    pub fn cpu(&self) -> Option<Duration> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).ok()?;
        let spent = tasks.flatten().filter_map(|task| {
            let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        });
        Some(Duration::from_nanos(spent.sum()))
    }

    /// Memory in use, in bytes.
    pub fn resident(&self) -> Option<u64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take()); // asks it to end, so that a profiler can write its figures
        self.process.wait().ok(); // nothing is left to be done about it
    }
}

/// How to start a program on one core; nothing where there is no `taskset` or no second core.
pub fn pinned(core: &str) -> Vec<String> {
    let two = std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1) || on_core();
    let works = two && Command::new("taskset").args(["-c", core, "true"]).status().is_ok_and(|status| status.success());
    if works { ["taskset", "-c", core].map(str::to_owned).to_vec() } else { Vec::new() }
}

/// True in a process that was started on one core.
pub fn on_core() -> bool {
    std::env::var_os(PINNED).is_some()
}

/// Set in the environment of a load generator that runs on its own core.
pub const PINNED: &str = "SESSIONS_CONSOLE_BENCH_PINNED";

/// The other end of [`Server`]: serves until its input ends.
pub fn serve(kind: &str) {
    let mut feed = String::new();
    std::io::stdin().read_line(&mut feed).expect("a line");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut sandbox = None;
    let ready = match kind {
        "sandbox" => {
            // As the window has it: every message goes to whoever shows the timeline.
            let (sink, mut events) = EventSink::channel(|| ());
            runtime.spawn(async move { while events.recv().await.is_some() {} });
            let config = Config { sink: Some(sink), ..Config::new(0, Clock::real()) };
            let started = runtime.block_on(Sandbox::start(config)).expect("a free port");
            let ready = json!({
                "addr": started.addr().to_string(), "client_id": started.client_id(),
                "client_secret": started.client_secret().expose(), "control_token": started.control_token().expose(),
            });
            sandbox = Some(started);
            ready
        }
        _ => {
            let feed: Value = serde_json::from_str(&feed).expect("an answer");
            let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
            let ready = json!({"addr": listener.local_addr().expect("an address").to_string()});
            runtime.spawn(floor(listener, Fixed::read(&feed)));
            ready
        }
    };
    println!("{ready}");
    std::io::stdin().read_to_end(&mut Vec::new()).expect("the end of the input");
    drop(sandbox);
    runtime.shutdown_timeout(Duration::from_secs(1));
}

/// The floor's one answer.
#[derive(Clone)]
struct Fixed {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Fixed {
    fn read(feed: &Value) -> Self {
        let head = feed["head"].as_str().expect("a head");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        // hyper writes these two by itself.
        let own = |name: &str| name.eq_ignore_ascii_case("date") || name.eq_ignore_ascii_case("content-length");
        let headers = lines.filter(|(name, _)| !own(name)).map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            (name, HeaderValue::from_str(value).expect("a value"))
        });
        let body = feed["body"].as_str().expect("a body").to_owned();
        Self { status, headers: headers.collect(), body: body.into() }
    }

    fn answer(&self) -> Response<Full<Bytes>> {
        let mut answer = Response::new(Full::new(self.body.clone()));
        *answer.status_mut() = self.status;
        *answer.headers_mut() = self.headers.clone();
        answer
    }
}

/// A bare hyper server: reads the whole request, gives the one answer.
async fn floor(listener: TcpListener, fixed: Fixed) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true).expect("a socket option");
        let fixed = fixed.clone();
        tokio::spawn(async move {
            let service = service_fn(|request: http::Request<hyper::body::Incoming>| {
                let fixed = &fixed;
                async move {
                    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
                    std::hint::black_box(body.is_ok());
                    Ok::<_, Infallible>(fixed.answer())
                }
            });
            let mut protocol = hyper::server::conn::http1::Builder::new();
            let serving = protocol.title_case_headers(true).serve_connection(TokioIo::new(stream), service);
            serving.await.ok(); // the other side went away
        });
    }
}
