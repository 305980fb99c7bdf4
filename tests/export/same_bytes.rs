//! What was recorded is what arrives.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use sessions_console::export::code::{Language, Secrets, code};
use sessions_console::model::exchange::{Exchange, ExchangeId, Request, Step, Timing};
use sessions_console::model::{Lane, Problem, Stamp};

use super::tools::{Tool, VARIABLES};

/// How long a program may take to send; a first compilation is slow on two busy cores.
const DEADLINE: Duration = Duration::from_secs(300);

/// What arrived.
#[derive(Debug)]
struct Arrived {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A server that answers one request and tells what came.
struct Bare(TcpListener);

impl Bare {
    fn new() -> Self {
        Self(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"))
    }

    fn origin(&self) -> String {
        format!("http://{}", self.0.local_addr().expect("it is bound"))
    }

    /// What one program sends; the program runs meanwhile.
    fn take(&self, run: impl FnOnce() -> std::process::Output + Send, code: &str) -> Arrived {
        std::thread::scope(|scope| {
            let program = scope.spawn(run);
            self.0.set_nonblocking(true).expect("a socket can be asked");
            let started = std::time::Instant::now();
            let stream = loop {
                match self.0.accept() {
                    Ok((stream, _)) => break Some(stream),
                    Err(_) if program.is_finished() || started.elapsed() > DEADLINE => break None,
                    Err(_) => std::thread::yield_now(),
                }
            };
            let arrived = stream.map(arrived);
            let output = program.join().expect("the program was run");
            let said = String::from_utf8_lossy(&output.stderr);
            let arrived = arrived.unwrap_or_else(|| panic!("nothing was sent: {said}\n{code}"));
            assert!(output.status.success(), "{said}\n{code}");
            assert!(String::from_utf8_lossy(&output.stdout).contains("the answer"), "{output:?}\n{code}");
            arrived
        })
    }
}

fn arrived(mut stream: TcpStream) -> Arrived {
    stream.set_nonblocking(false).expect("a socket can wait");
    stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    let mut bytes = Vec::new();
    let mut more = |bytes: &mut Vec<u8>| {
        let mut piece = [0; 16_384];
        let count = stream.read(&mut piece).expect("more of the request");
        assert!(count > 0, "the request ends early: {}", String::from_utf8_lossy(bytes));
        bytes.extend(&piece[..count]);
    };
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end;
        }
        more(&mut bytes);
    };
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head that is UTF-8");
    let mut lines = head.split("\r\n");
    let line = lines.next().expect("a request line").to_owned();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(':').expect("a header line"))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let value = |name: &str| headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    assert!(value("expect").is_none() && value("transfer-encoding").is_none(), "{head}");
    let length: usize = value("content-length").map_or(0, |length| length.parse().expect("a number"));
    while bytes.len() < end + 4 + length {
        more(&mut bytes);
    }
    let answer =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\nConnection: close\r\n\r\nthe answer";
    stream.write_all(answer.as_bytes()).expect("somebody reads the answer");
    Arrived { line, headers, body: bytes.split_off(end + 4) }
}

fn exchange(step: Step, origin: &str, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Exchange {
    let (method, path) = line.split_once(' ').expect("method and path");
    let host = ("Host".to_owned(), origin.trim_start_matches("http://").to_owned());
    let mut sent = vec![host];
    sent.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    if !body.is_empty() {
        sent.push(("Content-Length".to_owned(), body.len().to_string()));
    }
    Exchange {
        id: ExchangeId(1),
        step,
        from: Lane::Merchant,
        to: Lane::Sessions,
        started: Stamp { wall: Timestamp::UNIX_EPOCH, mono: Duration::ZERO },
        request: Request {
            method: method.into(),
            url: format!("{origin}{path}"),
            headers: sent,
            body: Bytes::copy_from_slice(body),
        },
        outcome: Err(Problem::of("no answer", "try again")),
        timing: Timing::default(),
        masked: 0,
    }
}

const USUAL: [(&str, &str); 3] =
    [("User-Agent", "sessions-console/0.1.0"), ("Accept", "*/*"), ("Accept-Encoding", "identity")];
const BEARER: (&str, &str) = ("Authorization", "Bearer **********");
const JSON: (&str, &str) = ("Content-Type", "application/json");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
/// Everything that some language could take for a sign of its own.
pub const NASTY: &str = "{\n  \"quotes\": \"' \\\" ` '''\\\"\\\"\\\" \\\\\",\n\t\"signs\": \"$HOME ${x} {$x} #{y} %s {{z}} \
    \\u0041 \\x41 r#\\\"#\\\"## ?> </script> */ // -- \",\n  \"text\": \"äß 漢字 😀 \u{202E} \u{2028} \u{FEFF} \u{3164}\"\r\n}\n\n  ";

/// Requests as this program sends them, and some that only a tester would.
fn requests(origin: &str) -> Vec<Exchange> {
    let with = |more: &[(&'static str, &'static str)]| [&USUAL[..], more].concat();
    let controls: String = (0..128u8).map(char::from).collect();
    let nasty = [BEARER, ("X-Note", r#"=a;b=c: "d" 'e' $HOME `f` %41 #{g} \h"#), ("X-Ümlaut", "lost"), JSON];
    let many = (0..900).map(|n| format!("line {n} \"'\n")).collect::<String>();
    let long = "ä\"$".repeat(40_000);
    vec![
        exchange(Step::Create, origin, "POST /sessions", &with(&nasty), NASTY.as_bytes()),
        exchange(
            Step::Confirm,
            origin,
            "GET /sessions/sid_a?x=%41&y=[1]&z={2}",
            &with(&[BEARER, ("channel", "app")]),
            b"",
        ),
        exchange(
            Step::Collect,
            origin,
            "PUT /sessions/sid_a/collect-data",
            &with(&[("Authorization", "sek_*****"), JSON]),
            b"{}",
        ),
        exchange(
            Step::Token,
            origin,
            "POST /connect/token",
            &with(&[("Authorization", "Basic YWNrX2E6c2VjcmV0"), FORM]),
            b"grant_type=client_credentials&client_secret=******&scope=sessions%3Aapp",
        ),
        exchange(Step::Complete, origin, "POST /sessions/sid_a/complete", &with(&[BEARER]), b""),
        exchange(
            Step::Create,
            origin,
            "POST /bytes",
            &with(&[("Content-Type", "application/octet-stream")]),
            &(0..=255).collect::<Vec<u8>>(),
        ),
        exchange(Step::Create, origin, "POST /controls", &with(&[("Content-Type", "text/plain")]), controls.as_bytes()),
        exchange(Step::Create, origin, "POST /bare", &[], b"@no headers at all"),
        exchange(
            Step::Create,
            origin,
            "POST /lines",
            &with(&[JSON, ("X-Api-Key", "s3cret"), ("Cookie", "a=b")]),
            many.as_bytes(),
        ),
        exchange(Step::Create, origin, "POST /long", &with(&[JSON]), long.as_bytes()),
    ]
}

/// What a language's library cannot help.
struct Habit {
    /// Header lines come in the record's order.
    order: bool,
    /// Header names come in the record's spelling.
    spelling: bool,
    /// Header lines it adds and cannot be told not to.
    adds: &'static [&'static str],
}

fn habit(language: Language) -> Habit {
    let (order, spelling, adds): (_, _, &[&str]) = match language {
        Language::Curl | Language::Php => (true, true, &[]),
        Language::Httpie => (false, true, &["connection", "accept-encoding", "user-agent"]),
        Language::Python => (true, true, &[]),
        Language::JavaScript => (
            true,
            true,
            &["connection", "accept", "accept-language", "accept-encoding", "sec-fetch-mode", "user-agent"],
        ),
        Language::Java => (false, true, &["user-agent"]),
        Language::Go => (false, true, &[]),
        Language::CSharp => (true, true, &[]),
        Language::Rust => (true, false, &["accept"]),
    };
    Habit { order, spelling, adds }
}

/// The header lines that must arrive: the record's, with the variables' values.
fn expected(exchange: &Exchange) -> Vec<(String, String)> {
    let value = |name: &str| VARIABLES.iter().find(|(known, _)| *known == name).expect("a value").1;
    let headers = exchange
        .request
        .headers
        .iter()
        .filter(|(name, _)| !["Host", "Content-Length", "X-Ümlaut"].contains(&name.as_str()));
    let put_in = |(name, text): &(String, String)| {
        let text = match (name.as_str(), text.split(' ').next()) {
            ("Authorization", Some("Bearer")) => format!("Bearer {}", value("ACCESS_TOKEN")),
            ("Authorization", Some("Basic")) => format!("Basic {}", value("CREDENTIALS")),
            ("Authorization", _) => value("SESSION_SECRET").to_owned(),
            ("Cookie", _) => value("COOKIE").to_owned(),
            ("X-Api-Key", _) => value("X_API_KEY").to_owned(),
            _ => text.clone(),
        };
        (name.clone(), text)
    };
    headers.map(put_in).collect()
}

fn check(language: Language, exchange: &Exchange, arrived: &Arrived, code: &str) {
    let habit = habit(language);
    let path = exchange.path();
    let line = format!("{} {path} HTTP/1.1", exchange.request.method);
    let coded = |text: &str| {
        let coded = [("{", "%7B"), ("}", "%7D"), ("[", "%5B"), ("]", "%5D")];
        let text = coded.iter().fold(text.to_owned(), |text, (sign, code)| text.replace(sign, code));
        if language == Language::Httpie { text.replace("%41", "A") } else { text }
    };
    assert_eq!(coded(&arrived.line), coded(&line), "{code}");
    let spelt = |name: &str| if habit.spelling { name.to_owned() } else { name.to_ascii_lowercase() };
    let wanted: Vec<(String, String)> =
        expected(exchange).into_iter().map(|(name, value)| (spelt(&name), value)).collect();
    let known = |name: &str| wanted.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    let made = |name: &str| ["host", "content-length"].contains(&name.to_ascii_lowercase().as_str());
    let (mut came, added): (Vec<_>, Vec<_>) = arrived
        .headers
        .iter()
        .map(|(name, value)| (spelt(name), value.clone()))
        .filter(|(name, _)| !made(name) || known(name))
        .partition(|(name, _)| known(name));
    let strange: Vec<_> =
        added.iter().filter(|(name, _)| !habit.adds.contains(&name.to_ascii_lowercase().as_str())).collect();
    assert!(strange.is_empty(), "{strange:?} were added by {language:?}\n{code}");
    let mut wanted = wanted;
    if !habit.order {
        came.sort();
        wanted.sort();
    }
    assert_eq!(came, wanted, "{code}");
    let secret = VARIABLES.iter().find(|(name, _)| *name == "CLIENT_SECRET").expect("a value").1;
    let body = match exchange.step {
        Step::Token => String::from_utf8_lossy(&exchange.request.body).replace("******", secret).into_bytes(),
        _ => exchange.request.body.to_vec(),
    };
    assert!(arrived.body == body, "{:?}\n{code}", String::from_utf8_lossy(&arrived.body));
}

fn same_bytes(language: Language) {
    let Some(tool) = Tool::of(language) else { return };
    let server = Bare::new();
    for exchange in requests(&server.origin()) {
        let code = code(language, &exchange, Secrets::Variables);
        let arrived = server.take(|| tool.run(&code), &code);
        check(language, &exchange, &arrived, &code);
    }
}

#[test]
fn curl_sends_what_was_recorded() {
    same_bytes(Language::Curl);
}

#[test]
fn httpie_sends_what_was_recorded() {
    same_bytes(Language::Httpie);
}

#[test]
fn python_sends_what_was_recorded() {
    same_bytes(Language::Python);
}

#[test]
fn javascript_sends_what_was_recorded() {
    same_bytes(Language::JavaScript);
}

#[test]
fn java_sends_what_was_recorded() {
    same_bytes(Language::Java);
}

#[test]
fn go_sends_what_was_recorded() {
    same_bytes(Language::Go);
}

#[test]
fn csharp_sends_what_was_recorded() {
    same_bytes(Language::CSharp);
}

#[test]
fn php_sends_what_was_recorded() {
    same_bytes(Language::Php);
}

// --- Rust: the code is files of these tests, compiled with them and compared with what is
// written today. UPDATE_SNAPSHOTS=1 writes them anew.

type Done = Result<(), Box<dyn std::error::Error>>;

mod text {
    include!("sent/text.rs");
    pub fn run() -> super::Done {
        main()
    }
}

mod form {
    include!("sent/form.rs");
    pub fn run() -> super::Done {
        main()
    }
}

mod octets {
    include!("sent/octets.rs");
    pub fn run() -> super::Done {
        main()
    }
}

/// Nobody's address: what is sent to it goes to the proxy, and that is our server.
const ELSEWHERE: &str = "http://api.sandbox.example";

/// A file's name, its program, and what that sends.
type Sent = (&'static str, fn() -> Done, Exchange);

fn rust_files() -> [Sent; 3] {
    let nasty = [&USUAL[..], &[BEARER, ("X-Note", r#"a "b" \c {d}"#), JSON]].concat();
    let form = [&USUAL[..], &[("Authorization", "Basic ****"), ("X-Api-Key", "****"), FORM]].concat();
    let body = b"grant_type=client_credentials&client_secret=******&scope=a";
    let octets: Vec<u8> = (0..=255).collect();
    [
        ("text", text::run, exchange(Step::Create, ELSEWHERE, "POST /sessions?x=%41", &nasty, NASTY.as_bytes())),
        ("form", form::run, exchange(Step::Token, ELSEWHERE, "POST /connect/token", &form, body)),
        ("octets", octets::run, exchange(Step::Create, ELSEWHERE, "PURGE /octets", &[], &octets)),
    ]
}

#[test]
fn rust_sends_what_was_recorded() {
    for (name, _, exchange) in rust_files() {
        let code = code(Language::Rust, &exchange, Secrets::Variables);
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/export/sent/{name}.rs"));
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(&file, &code).expect("the file can be written");
            continue;
        }
        assert_eq!(std::fs::read_to_string(&file).expect("the file of the tests"), code);
        let server = Bare::new();
        let run = || {
            let mut program = Command::new(std::env::current_exe().expect("this program"));
            program.args(["--exact", "--nocapture", "same_bytes::the_rust_file_runs"]).envs(VARIABLES);
            program.env("RUN_THE_RUST_FILE", name).env("http_proxy", server.origin());
            program.env_remove("NO_PROXY").env_remove("no_proxy").output().expect("this program starts")
        };
        let mut arrived = server.take(run, &code);
        arrived.line = arrived.line.replacen(ELSEWHERE, "", 1);
        check(Language::Rust, &exchange, &arrived, &code);
    }
}

/// Run by the test above as a program of its own, because it reads variables.
#[test]
fn the_rust_file_runs() {
    let Ok(wanted) = std::env::var("RUN_THE_RUST_FILE") else { return };
    rustls::crypto::ring::default_provider().install_default().ok(); // only this program has to choose
    for (_, run, _) in rust_files().into_iter().filter(|(name, ..)| *name == wanted) {
        run().expect("it is sent");
    }
}
