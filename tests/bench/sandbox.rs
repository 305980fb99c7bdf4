//! How fast the sandbox is, against a bare hyper server that answers the same bytes.
//!
//! `cargo bench --bench sandbox -- [--rounds N] [--seconds S] [--requests N] [--million]
//! [--only WORD] [--wrap COMMAND]`. Servers run on the first core, the load on the second, 32
//! connections; floor and sandbox take turns in every round, so that whatever else the
//! machine does meets both alike. Reports figures beside what is asked of them; ends
//! with 1 only if an answer was wrong.

mod client;
mod server;

use std::process::{Command, ExitCode};
use std::time::Duration;

use serde_json::{Value, json};

use client::{Answer, Connection, Load};
use server::Server;

/// Connections at once.
const CONNECTIONS: usize = 32;
/// Requests a second in the open loop.
const RATE: u32 = 500;
/// Sessions over which their memory is measured.
const SESSIONS: u64 = 50_000;
const PREFIX: &[u8] = br#"{"id":"sid_"#;

/// What the command line asks for.
struct Options {
    rounds: usize,
    seconds: f64,
    /// Of the run that looks at memory.
    requests: u64,
    only: Option<String>,
    /// A profiler and its arguments; the sandbox runs under it.
    wrap: Vec<String>,
}

impl Options {
    fn read() -> Self {
        let mut options = Self { rounds: 5, seconds: 1.0, requests: 200_000, only: None, wrap: Vec::new() };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap_or_else(|| panic!("{word} needs a value"));
            match word.as_str() {
                "--rounds" => options.rounds = value().parse().expect("a number"),
                "--seconds" => options.seconds = value().parse().expect("seconds"),
                "--requests" => options.requests = value().parse().expect("a number"),
                "--million" => options.requests = 1_000_000,
                "--only" => options.only = Some(value()),
                "--wrap" => options.wrap = value().split_whitespace().map(str::to_owned).collect(),
                "--bench" => (), // cargo says so
                other => panic!("{other} is not known here"),
            }
        }
        options
    }

    fn wants(&self, word: &str) -> bool {
        self.only.as_deref().is_none_or(|only| word.contains(only))
    }
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some("--serve") {
        server::serve(&words.next().expect("what to serve"));
        return ExitCode::SUCCESS;
    }
    let pin = server::pinned(server::LOAD_CORE);
    if !server::on_core() && !pin.is_empty() {
        let own = std::env::current_exe().expect("the path of this program");
        let mut again = Command::new(&pin[0]);
        again.args(&pin[1..]).arg(own).args(std::env::args().skip(1)).env(server::PINNED, "1");
        let status = again.status().expect("this program starts");
        return if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if !server::on_core() {
        println!("no taskset or only one core: server and load share what there is");
    }
    let options = Options::read();
    let mut wrong = 0;
    for case in cases() {
        if options.wants(case.name) {
            wrong += case.measure(&options);
        }
    }
    if options.wants("memory") {
        wrong += memory(&options);
    }
    if wrong > 0 {
        println!("{wrong} answers were wrong");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// One kind of request.
struct Case {
    name: &'static str,
    /// The share of the floor's speed that is asked for.
    share: f64,
    status: u16,
    /// Nothing: reads of finished sessions.
    body: Option<Value>,
}

fn cases() -> [Case; 3] {
    [
        Case { name: "GET /sessions/{id}", share: 0.5, status: 200, body: None },
        Case { name: "POST /sessions (202)", share: 0.25, status: 202, body: Some(session(&Value::Null)) },
        Case { name: "POST /sessions (201, authenticated)", share: 0.25, status: 201, body: Some(finished()) },
    ]
}

/// The example of sessions-api.md 5.1.
fn session(channel_data: &Value) -> Value {
    json!({
        "source": {
            "type": "card", "number": "4485040371536584", "expiry_month": 11, "expiry_year": 2031,
            "name": "Ada Example", "email": "ada@example.test", "stored": false,
            "billing_address": {"address_line1": "1 Sample Row", "city": "Leeds", "zip": "LS1 1AA", "country": "GB"},
            "mobile_phone": {"country_code": "44", "number": "7700900123"},
        },
        "amount": 2599, "currency": "GBP",
        "processing_channel_id": "pc_fqzv5v2tb74ulg64fu74ndp34t",
        "authentication_type": "regular", "authentication_category": "payment",
        "challenge_indicator": "no_preference", "reference": "INV-1001", "transaction_type": "goods_service",
        "completion": {"type": "non_hosted", "callback_url": "http://127.0.0.1:9000/cb"},
        "channel_data": channel_data,
    })
}

/// A session that is over when it is created: frictionless, with channel data.
fn finished() -> Value {
    session(&json!({
        "channel": "browser", "three_ds_method_completion": "Y",
        "accept_header": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
        "java_enabled": false, "javascript_enabled": true, "language": "en-GB", "color_depth": "24",
        "screen_height": "1080", "screen_width": "1920", "timezone": "-60",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Example/1.0", "ip_address": "203.0.113.7",
    }))
}

/// A request with a client's usual headers.
fn request(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = if method == "GET" { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: checkout-sdk-net/4.0\r\nAccept: application/json\r\n\
         {headers}{length}\r\n{body}",
        server.addr
    )
    .into_bytes()
}

/// A sandbox's client with its access token.
struct Shop<'a> {
    sandbox: &'a Server,
    authorization: String,
}

impl<'a> Shop<'a> {
    fn new(sandbox: &'a Server) -> Self {
        let text = |name: &str| sandbox.ready[name].as_str().expect("the ready line has it").to_owned();
        let mut form = url::form_urlencoded::Serializer::new("grant_type=client_credentials".to_owned());
        form.append_pair("client_id", &text("client_id")).append_pair("client_secret", &text("client_secret"));
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        let asking = request(sandbox, "POST", "/connect/token", kind, &form.finish());
        let token: Value = {
            let mut connection = Connection::open(sandbox.addr);
            let answer = connection.ask(&asking).expect("an answer");
            serde_json::from_slice(answer.body).expect("JSON")
        };
        let token = token["access_token"].as_str().expect("a token");
        Self { sandbox, authorization: format!("Authorization: Bearer {token}\r\n") }
    }

    fn create(&self, body: &Value) -> Vec<u8> {
        let headers = format!("{}Content-Type: application/json\r\n", self.authorization);
        request(self.sandbox, "POST", "/sessions", &headers, &body.to_string())
    }

    fn read(&self, id: &str) -> Vec<u8> {
        request(self.sandbox, "GET", &format!("/sessions/{id}"), &self.authorization, "")
    }

    /// The requests of a case, one for each connection, and the first one's answer.
    fn requests(&self, case: &Case) -> (Vec<Vec<u8>>, Vec<u8>, Vec<u8>) {
        let mut connection = Connection::open(self.sandbox.addr);
        let mut id = || {
            let created = connection.ask(&self.create(&finished())).expect("an answer");
            let created: Value = serde_json::from_slice(created.body).expect("JSON");
            created["id"].as_str().expect("an id").to_owned()
        };
        let one = |_| match &case.body {
            Some(body) => self.create(body),
            None => self.read(&id()),
        };
        let requests: Vec<Vec<u8>> = (0..CONNECTIONS).map(one).collect();
        let answer = connection.ask(&requests[0]).expect("an answer");
        assert_eq!(answer.status, case.status, "{}", String::from_utf8_lossy(answer.body));
        let (head, body) = (answer.head.to_vec(), answer.body.to_vec());
        (requests, head, body)
    }
}

/// Of one server in one round.
struct Figures {
    per_second: f64,
    /// Processor time of the server for one request, in microseconds.
    cpu: f64,
}

impl Case {
    /// Compares with the floor; returns how many answers were wrong.
    fn measure(&self, options: &Options) -> u64 {
        let sandbox = Server::sandbox(&options.wrap);
        let shop = Shop::new(&sandbox);
        let (requests, head, body) = shop.requests(self);
        let floor = Server::floor(&head, &body);
        let right = |_: usize, answer: &Answer| {
            answer.status == self.status && answer.body.starts_with(PREFIX) && answer.body.len() == body.len()
        };
        let of = |server: &Server| Load { addr: server.addr, requests: &requests, right: &right };
        if !options.wrap.is_empty() {
            return of(&sandbox).count(options.requests).wrong;
        }
        let mut wrong = 0;
        let mut round = |server: &Server, seconds: f64| {
            let before = server.cpu();
            let outcome = of(server).for_a_time(Duration::from_secs_f64(seconds));
            wrong += outcome.wrong;
            let answered = outcome.answered as f64;
            let spent = server.cpu().zip(before).map_or(f64::NAN, |(after, before)| (after - before).as_secs_f64());
            Figures { per_second: answered / outcome.took.as_secs_f64(), cpu: spent * 1e6 / answered }
        };
        round(&floor, options.seconds / 4.0);
        round(&sandbox, options.seconds / 4.0);
        let rounds: Vec<_> =
            (0..options.rounds).map(|_| (round(&floor, options.seconds), round(&sandbox, options.seconds))).collect();
        println!("\n{}: {} bytes of answer, {} rounds of {} s", self.name, body.len(), rounds.len(), options.seconds);
        show("requests a second", rounds.iter().map(|(floor, own)| (floor.per_second, own.per_second)), "");
        show("CPU µs a request", rounds.iter().map(|(floor, own)| (floor.cpu, own.cpu)), "");
        let asked = format!("asked: {}", self.share);
        ratio("speed, of the floor", rounds.iter().map(|(floor, own)| own.per_second / floor.per_second), &asked);
        ratio("CPU time, floor / sandbox", rounds.iter().map(|(floor, own)| floor.cpu / own.cpu), &asked);
        let long = Duration::from_secs_f64(options.seconds * 4.0);
        let (slow, wrong_floor) = of(&floor).open_loop(RATE, long);
        let (own, wrong_own) = of(&sandbox).open_loop(RATE, long);
        let limit = (2.0 * milliseconds(&slow, 99)).max(2.0);
        println!(
            "  open loop, {RATE}/s: floor p50 {:.2} p99 {:.2} ms, sandbox p50 {:.2} p99 {:.2} ms, asked: p99 {limit:.2} ms",
            milliseconds(&slow, 50),
            milliseconds(&slow, 99),
            milliseconds(&own, 50),
            milliseconds(&own, 99),
        );
        wrong + wrong_floor + wrong_own
    }
}

fn milliseconds(sorted: &[Duration], percent: usize) -> f64 {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .map_or(f64::NAN, |one| one.as_secs_f64() * 1e3)
}

fn median(figures: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut sorted: Vec<f64> = figures.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    (sorted[sorted.len() / 2], sorted[0], sorted[sorted.len() - 1])
}

fn show(what: &str, pairs: impl Iterator<Item = (f64, f64)>, end: &str) {
    let (floor, own): (Vec<f64>, Vec<f64>) = pairs.unzip();
    let ((floor, f_least, f_most), (own, least, most)) = (median(floor.into_iter()), median(own.into_iter()));
    println!("  {what}: floor {floor:.1} ({f_least:.1}–{f_most:.1}), sandbox {own:.1} ({least:.1}–{most:.1}){end}");
}

fn ratio(what: &str, figures: impl Iterator<Item = f64>, asked: &str) {
    let (middle, least, most) = median(figures);
    println!("  {what}: {middle:.2} ({least:.2}–{most:.2}), {asked}");
}

/// State per session once the rings are full, and memory over many requests.
fn memory(options: &Options) -> u64 {
    let sandbox = Server::sandbox(&options.wrap);
    let shop = Shop::new(&sandbox);
    let creations = vec![shop.create(&finished()); CONNECTIONS];
    let right = |_: usize, answer: &Answer| matches!(answer.status, 200..=202) && answer.body.starts_with(PREFIX);
    let load = |requests: &[Vec<u8>], count| Load { addr: sandbox.addr, requests, right: &right }.count(count).wrong;
    println!("\nmemory");
    let mut wrong = load(&creations, SESSIONS); // fills the rings of messages and requests
    let before = sandbox.resident();
    wrong += load(&creations, SESSIONS);
    match before.zip(sandbox.resident()) {
        None => println!("  not known on this system"),
        Some((before, after)) => {
            let each = after.saturating_sub(before) / SESSIONS;
            println!("  state of a finished session: {each} bytes, over {SESSIONS}, asked: 4096");
        }
    }
    let reads = Case { name: "", share: 0.0, status: 200, body: None };
    let mut sizes = vec![sandbox.resident()];
    for _ in 0..10 {
        let (mut mixed, _, _) = shop.requests(&reads); // sessions that are not forgotten before the tenth is over
        mixed[CONNECTIONS / 2..].clone_from_slice(&creations[CONNECTIONS / 2..]);
        wrong += load(&mixed, options.requests / 10);
        sizes.push(sandbox.resident());
    }
    let sizes: Vec<u64> = sizes.into_iter().flatten().map(|bytes| bytes >> 20).collect();
    println!("  resident after each tenth of {} requests, half of them creations, in MiB: {sizes:?}", options.requests);
    wrong
}
