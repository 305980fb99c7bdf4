//! One sandbox with a frozen clock, and a client that speaks bytes.
//!
//! The client holds every answer of every test against what no answer may ever do: see `held`.
#![allow(dead_code)] // each test binary uses its part

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use serde_json::{Value, json};
use sessions_console::bus::{Event, EventSink};
use sessions_console::clock::Clock;
use sessions_console::sandbox::{Config, Sandbox};

pub const CHALLENGE_CARD: &str = "4242424242424242";
pub const FRICTIONLESS_CARD: &str = "4485040371536584";

/// A running sandbox.
pub struct Lab {
    pub sandbox: Sandbox,
    pub clock: Clock,
    pub addr: SocketAddr,
    events: Mutex<tokio::sync::mpsc::Receiver<Event>>,
    token: String,
    _runtime: tokio::runtime::Runtime,
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// Status line and headers, as sent.
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        assert!(self.header("Content-Type").is_some_and(|kind| kind.starts_with("application/json")), "{self:?}");
        serde_json::from_str(&self.body).unwrap_or_else(|fault| panic!("{fault}: {self:?}"))
    }

    /// By the exact spelling on the wire.
    pub fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&prefix))
    }

    /// An error of the API: its codes.
    pub fn codes(&self) -> Vec<String> {
        let body = self.json();
        assert_eq!(body["request_id"].as_str(), self.header("Cko-Request-Id"), "{self:?}");
        assert!(body["error_type"].is_string(), "{self:?}");
        let codes = body["error_codes"].as_array().expect("a list of codes");
        codes.iter().map(|code| code.as_str().expect("text").to_owned()).collect()
    }
}

/// Sends bytes and reads the answer to its end.
pub fn raw(addr: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(addr).expect("the sandbox listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket option");
    stream.write_all(bytes).expect("the sandbox reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the sandbox answers and closes");
    read(answer)
}

/// An answer from its bytes, held against what no answer may do.
pub fn read(bytes: Vec<u8>) -> Answer {
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {text:?}"));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
    held(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

/// Secrets of the sandboxes of this process.
static SECRETS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// What holds for every answer: no card number, no client secret, no `null`, no header twice,
/// a content type and a length with every body. Source: sessions-api.md 1.3, Appendix B 7.
fn held(answer: Answer) -> Answer {
    assert_eq!(card_number(&answer.body), None, "a card number in {answer:?}");
    assert_eq!(card_number(&answer.head), None, "a card number in {answer:?}");
    for secret in SECRETS.lock().expect("no panic while it is held").iter() {
        assert!(!answer.body.contains(secret) && !answer.head.contains(secret), "a secret in {answer:?}");
    }
    let mut headers = BTreeMap::new();
    for line in answer.head.lines().skip(1) {
        let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?} in {answer:?}"));
        assert!(headers.insert(name.to_ascii_lowercase(), value).is_none(), "{name} twice in {answer:?}");
    }
    let length = headers.get("content-length").map(|length| length.parse::<usize>().expect("a number"));
    let chunked = headers.contains_key("transfer-encoding");
    assert!(chunked || answer.body.is_empty() || length == Some(answer.body.len()), "{answer:?}");
    assert!(answer.body.is_empty() || headers.contains_key("content-type"), "{answer:?}");
    // A body that is spoilt on purpose cannot be read; that the others can is each test's own matter.
    let json = headers.get("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    let null = serde_json::from_str(&answer.body).is_ok_and(|body| has_null(&body));
    assert!(!json || !null, "a null in {answer:?}");
    answer
}

/// The first number in a text that could be one of a card: 13 to 19 digits, standing alone, that Luhn accepts.
pub fn card_number(text: &str) -> Option<&str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.into_iter().find(|word| {
        (13..=19).contains(&word.len())
            && word.bytes().all(|digit| digit.is_ascii_digit())
            // With a 2 only Mastercard's sixteen begin; fourteen are a time of emv-3ds.
            && ((b'3'..=b'6').contains(&word.as_bytes()[0]) || (word.starts_with('2') && word.len() == 16))
            && luhn(word)
    })
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(digit - b'0')) {
            (0, digit) => digit,
            (_, digit) => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

pub fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(object) => object.values().any(has_null),
        Value::Array(list) => list.iter().any(has_null),
        _ => false,
    }
}

pub fn request(addr: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || matches!(method, "POST" | "PUT") {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    raw(addr, format!("{text}\r\n{body}").as_bytes())
}

impl Lab {
    pub fn new() -> Self {
        Self::with(|config| config)
    }

    /// A sandbox that is set up otherwise.
    pub fn with(set_up: impl FnOnce(Config) -> Config) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let clock = Clock::real();
        clock.freeze();
        let (sink, events) = EventSink::channel(|| ());
        let config = Config { seed: Some(42), sink: Some(sink), ..Config::new(0, clock.clone()) };
        let sandbox = runtime.block_on(Sandbox::start(set_up(config))).expect("a free port");
        let addr = sandbox.addr();
        let secrets = [sandbox.client_secret(), sandbox.control_token()].map(|secret| secret.expose().to_owned());
        SECRETS.lock().expect("no panic while it is held").extend(secrets);
        let mut lab = Self { sandbox, clock, addr, events: events.into(), token: String::new(), _runtime: runtime };
        lab.token = lab.token_for("");
        lab
    }

    /// The same with a token made by the present settings.
    pub fn with_new_token(mut self) -> Self {
        self.token = self.token_for("");
        self
    }

    pub fn send(&self, method: &str, path: &str, authorization: &str, body: &str) -> Answer {
        let mut headers = vec![("Content-Type", "application/json")];
        if !authorization.is_empty() {
            headers.push(("Authorization", authorization));
        }
        request(self.addr, method, path, &headers, body)
    }

    /// With the access token.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, &self.bearer(), &body)
    }

    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    pub fn get(&self, id: &str) -> Value {
        let answer = self.call("GET", &format!("/sessions/{id}"), &Value::Null);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        request(self.addr, "POST", path, &headers, &body.finish())
    }

    /// The token server, with credentials in the form.
    pub fn ask_token(&self, scope: &str) -> Answer {
        self.form(
            "/connect/token",
            &[
                ("grant_type", "client_credentials"),
                ("client_id", self.sandbox.client_id()),
                ("client_secret", self.sandbox.client_secret().expose()),
                ("scope", scope),
            ],
        )
    }

    pub fn token_for(&self, scope: &str) -> String {
        let answer = self.ask_token(scope);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }

    pub fn control(&self, method: &str, path: &str, body: &Value) -> Answer {
        let token = format!("Bearer {}", self.sandbox.control_token().expose());
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, &format!("/_sandbox{path}"), &token, &body)
    }

    /// Creates a session that must be good.
    pub fn create(&self, body: &Value) -> Value {
        let answer = self.call("POST", "/sessions", body);
        assert!(matches!(answer.status, 201 | 202), "{answer:?}");
        answer.json()
    }

    /// Everything that was posted so far.
    pub fn events(&self) -> Vec<Event> {
        let mut events = self.events.lock().expect("no panic while it is held");
        std::iter::from_fn(|| events.try_recv().ok()).collect()
    }

    /// Answers the challenge of a session with a password.
    pub fn answer_challenge(&self, session: &Value, password: &str) -> Answer {
        let creq = creq(session);
        let page = self.form("/simulator/acs/challenge", &[("creq", &creq)]);
        assert_eq!(page.status, 200, "{page:?}");
        let interaction = hidden(&page.body, "interaction").expect("the page counts");
        self.form("/simulator/acs/challenge", &[("creq", &creq), ("interaction", &interaction), ("password", password)])
    }
}

/// The ready CReq of a session.
pub fn creq(session: &Value) -> String {
    session["3ds"]["challenge_request"].as_str().unwrap_or_else(|| panic!("no challenge: {session}")).to_owned()
}

/// A non-hosted session of `card`, with channel data if `inline`.
pub fn non_hosted(card: &str, more: Value) -> Value {
    let mut body = json!({
        "source": {"type": "card", "number": card, "expiry_month": 6, "expiry_year": 2030},
        "amount": 6540, "currency": "USD",
        "completion": {"type": "non_hosted"},
    });
    merge(&mut body, more);
    body
}

pub fn hosted(card: &str, more: Value) -> Value {
    let mut body = non_hosted(
        card,
        json!({
            "completion": {
                "type": "hosted", "success_url": "https://shop.example.test/ok", "failure_url": "https://shop.example.test/no",
            },
        }),
    );
    merge(&mut body, more);
    body
}

pub fn browser() -> Value {
    json!({
        "channel": "browser", "accept_header": "*/*", "java_enabled": true, "javascript_enabled": true,
        "language": "fr-FR", "color_depth": "16", "screen_height": "1080", "screen_width": "1920",
        "timezone": "60", "user_agent": "Mozilla/5.0 Example/1.0", "ip_address": "203.0.113.8",
        "three_ds_method_completion": "Y",
    })
}

pub fn merge(body: &mut Value, more: Value) {
    if let (Value::Object(body), Value::Object(more)) = (body, more) {
        body.extend(more);
    }
}

/// The authentication request among the hidden messages of a session.
pub fn areq(lab: &Lab, id: &str) -> Value {
    let said = lab.control("GET", &format!("/sessions/{id}/messages"), &Value::Null).json();
    let said = said["messages"].as_array().expect("a list");
    said.iter().find(|message| message["kind"] == "AReq").expect("a request")["body"].clone()
}

/// The server under its other loopback name: to browsers another site.
pub fn other_site(addr: SocketAddr) -> String {
    format!("http://localhost:{}", addr.port())
}

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is no text in {value}"))
}

/// The value of a hidden field of a page.
pub fn hidden(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(unescaped(rest.split('"').next()?))
}

/// Where a form of a page goes.
pub fn action(page: &str, id: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("<form id=\"{id}\" method=\"post\" action=\""))?;
    Some(unescaped(rest.split('"').next()?))
}

pub fn unescaped(text: &str) -> String {
    text.replace("&#x2f;", "/")
        .replace("&#x27;", "'")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&amp;", "&")
}

/// A merchant that takes one callback at a time and answers as told.
pub struct Merchant {
    pub url: String,
    received: mpsc::Receiver<String>,
}

impl Merchant {
    pub fn answering(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/cb", listener.local_addr().expect("an address"));
        let (sender, received) = mpsc::channel();
        std::thread::spawn(move || {
            for status in statuses {
                let (mut stream, _) = listener.accept().expect("a connection");
                let mut bytes = Vec::new();
                let mut buffer = [0; 4096];
                loop {
                    let count = stream.read(&mut buffer).expect("bytes");
                    bytes.extend_from_slice(&buffer[..count]);
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head.lines().find_map(|line| {
                        line.to_ascii_lowercase().strip_prefix("content-length: ").and_then(|n| n.parse::<usize>().ok())
                    });
                    if count == 0 || length.is_none_or(|length| body.len() >= length) {
                        break;
                    }
                }
                sender.send(String::from_utf8(bytes).expect("UTF-8")).ok();
                write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok();
            }
        });
        Self { url, received }
    }

    /// The next request: its head, and its body read as JSON.
    pub fn next(&self) -> (String, Value) {
        let (head, body) = self.next_text();
        let value: Value = serde_json::from_str(&body).expect("JSON");
        assert!(card_number(&body).is_none() && !has_null(&value), "{body}");
        (head, value)
    }

    /// The next request, as it came.
    pub fn next_text(&self) -> (String, String) {
        let text = self.received.recv_timeout(Duration::from_secs(10)).expect("a callback");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        (head.to_owned(), body.to_owned())
    }
}
