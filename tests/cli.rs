//! The command line by its own door: the program is started, its lines are read, its exit
//! code is looked at. Nothing waits for time to pass; every wait has a deadline.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use quick_junit::Report;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sessions_console::model::profile::{Environment, Profile, ProfileId};
use sessions_console::model::settings::Settings;
use sessions_console::store::{self, Store};

/// How long any line or end may take. Generous: two cores may be busy with other tests.
const DEADLINE: Duration = Duration::from_secs(120);

/// The client of a sandbox that other programs are set up for.
const SANDBOX_ID: &str = "SESSIONS_CONSOLE_SANDBOX_CLIENT_ID";
const SANDBOX_SECRET: &str = "SESSIONS_CONSOLE_SANDBOX_CLIENT_SECRET";

/// A data folder and a place for temporary files, both gone afterwards.
struct Place {
    data: tempfile::TempDir,
    temporary: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = || tempfile::tempdir().expect("a temporary folder");
        Self { data: folder(), temporary: folder() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sessions-console"));
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "RUST_LOG"] {
            command.env_remove(name);
        }
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SESSIONS_CONSOLE_"))
        {
            command.env_remove(name);
        }
        command.arg("--data-dir").arg(self.data.path()).args(words).env("TMPDIR", self.temporary.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, words: &[&str]) -> Ended {
        Ended::of(&self.command(words).output().expect("the program starts"))
    }

    fn start(&self, words: &[&str]) -> Running {
        Running::new(self.command(words).spawn().expect("the program starts"))
    }

    fn keep_profile(&self, environment: Environment, base: &str) {
        let profile = Profile {
            name: "Mine".into(),
            base_url: base.into(),
            token_url: format!("{base}/connect/token"),
            client_id: "ack_mine".into(),
            ..Profile::new(ProfileId("mine".into()), environment)
        };
        let settings = Settings { profiles: vec![Profile::embedded(), profile], ..Settings::default() };
        store::settings::save(self.data.path(), &settings).expect("the settings are saved");
    }
}

/// What a program that ended left behind.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ended {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    fn expect(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in: {}", self.err);
        }
        self
    }
}

/// A program that runs until it is told to end. Killed if the test gives up.
struct Running {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Running {
    fn new(mut child: Child) -> Self {
        let out = lines(child.stdout.take().expect("its standard output"));
        let err = lines(child.stderr.take().expect("its standard error"));
        Self { child, out, err }
    }

    fn line(&self) -> Value {
        let line = self.out.recv_timeout(DEADLINE).expect("a line on standard output");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Reads standard error until a line has this word.
    fn said(&self, word: &str) -> String {
        loop {
            let line = self.err.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("nobody said {word:?}"));
            if line.contains(word) {
                return line;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(id, signal).expect("it still runs");
    }

    /// Asks it to end and takes the time.
    fn end(&mut self, signal: Signal) -> (ExitStatus, Duration) {
        let asked = Instant::now();
        self.signal(signal);
        // Its last line is followed by its end: waiting for the pipe is waiting for both.
        while self.err.recv_timeout(DEADLINE).is_ok() {}
        (self.child.wait().expect("it can be waited for"), asked.elapsed())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (tx, rx) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if tx.send(line).is_err() {
                return;
            }
        }
    });
    rx
}

/// Sends a request by hand; returns status and body.
fn post(url: &str, kind: &str, body: &[u8]) -> (u16, String) {
    let rest = url.strip_prefix("http://").expect("plain HTTP");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket option");
    let head = format!(
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("it reads the head");
    stream.write_all(body).expect("it reads the body");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
    (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// A port that somebody has until this is dropped.
fn taken() -> (TcpListener, String) {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = socket.local_addr().expect("an address").port().to_string();
    (socket, port)
}

fn text<'a>(line: &'a Value, name: &str) -> &'a str {
    line[name].as_str().unwrap_or_else(|| panic!("no {name} in {line}"))
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).expect("the folder").next().is_none()
}

fn ids(place: &Place) -> Vec<String> {
    let ended = place.run(&["list", "--json"]).expect(0, &[]);
    let read = |line: &str| -> Value { serde_json::from_str(line).expect("one JSON object a line") };
    ended.out.lines().map(|line| text(&read(line), "id").to_owned()).collect()
}

#[test]
fn the_list_is_one_object_a_line() {
    let place = Place::new();
    let ids = ids(&place);
    assert!(ids.len() >= 14, "{ids:?}");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    let shown = place.run(&["list"]).expect(0, &[]).out;
    assert!(ids.iter().all(|id| shown.contains(id.as_str())), "{shown}");
}

#[test]
fn every_scenario_of_ours_ends_as_its_file_says() {
    let place = Place::new();
    let (junit, json) = (place.file("r.xml"), place.file("r.json"));
    let (to_junit, to_json) = (format!("junit={}", junit.display()), format!("json={}", json.display()));
    let ended = place.run(&["run", "--all", "--report", &to_junit, "--report", &to_json]);
    let ended = ended.expect(0, &["0 failed, 0 broken"]);
    assert_eq!(ended.out, "", "standard output is for machines");
    let count = ids(&place).len();
    let report = Report::deserialize_from_str(&fs::read_to_string(junit).expect("a report")).expect("JUnit XML");
    assert_eq!((report.tests, report.failures, report.errors), (count, 0, 0));
    let cases: Vec<Value> = serde_json::from_slice(&fs::read(json).expect("a report")).expect("a JSON array");
    assert_eq!(cases.len(), count);
    assert!(cases.iter().all(|case| text(case, "verdict") == "passed"));
    assert!(is_empty(place.temporary.path()), "the scenarios' own data folders are gone");
    assert!(is_empty(place.data.path()) || !place.file("lock").exists(), "and ours was not touched");
}

#[test]
fn a_wrong_expectation_is_told_with_both_values() {
    let place = Place::new();
    let (file, report) = (place.file("mine.toml"), place.file("r.xml"));
    let wrong = "id = \"MINE\"\nname = \"wrong on purpose\"\n[body]\n\"/source/number\" = \"4485040371536584\"\n\
                 [expect]\nstatus = \"declined\"\neci = \"05\"\n";
    fs::write(&file, wrong).expect("the file is written");
    let to = format!("junit={}", report.display());
    let ended = place.run(&["run", "--file", &file.display().to_string(), "--report", &to]);
    ended.expect(1, &["failed  MINE", "status: expected declined, actual approved", "1 failed"]);
    let report = Report::deserialize_from_str(&fs::read_to_string(report).expect("a report")).expect("JUnit XML");
    assert_eq!((report.tests, report.failures, report.errors), (1, 1, 0));
}

#[test]
fn wrong_usage_ends_with_two_and_says_what_to_do() {
    let place = Place::new();
    let file = place.file("broken.toml");
    fs::write(&file, "id = \"X\"\nname = \"x\"\nexpects = 1\n").expect("the file is written");
    let file = file.display().to_string();
    let cases: [(&[&str], &[&str]); 9] = [
        (&["listen", "--delay-ms", "60001"], &["--delay-ms", "0..=60000"]),
        (&["run", "S02"], &["\"S02\"", "S021"]),
        (&["run"], &["nothing to run", "--all"]),
        (&["run", "--tag", "nothing"], &["\"nothing\"", "challenge"]),
        (&["run", "--file", &file], &["broken.toml", "expects"]),
        (&["run", "--all", "--report", "html=x.html"], &["html", "junit, json"]),
        (
            &["run", "--all", "--report", "junit=/no/such/folder/r.xml"],
            &["/no/such/folder/r.xml", "folder that exists"],
        ),
        (&["run", "--all", "--environment", "Elsewhere"], &["\"Elsewhere\"", "Embedded sandbox"]),
        (&["run", "--all", "--jobs", "0"], &["--jobs"]),
    ];
    for (words, said) in cases {
        let ended = place.run(words).expect(2, said);
        assert_eq!(ended.out, "");
    }
}

#[test]
fn a_taken_port_ends_with_two_and_names_the_way_out() {
    let place = Place::new();
    let (_socket, port) = taken();
    place.run(&["sandbox", "--port", &port]).expect(2, &[&port, "--port 0"]);
    place.run(&["listen", "--port", &port]).expect(2, &[&port, "--port 0"]);
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_display_the_commands_are_named() {
    let place = Place::new();
    place.run(&[]).expect(2, &["no display", "run", "list", "sandbox", "listen"]);
}

#[test]
fn the_sandbox_says_when_it_is_ready_and_ends_when_told() {
    let place = Place::new();
    let mut sandbox = place.start(&["sandbox", "--port", "0", "--seed", "7", "--clock", "virtual"]);
    let ready = sandbox.line();
    assert_eq!(text(&ready, "event"), "ready");
    assert!(text(&ready, "token_url").starts_with(text(&ready, "base_url")));
    assert!(!text(&ready, "control_token").is_empty());
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        text(&ready, "client_id"),
        text(&ready, "client_secret")
    );
    let (status, answer) = post(text(&ready, "token_url"), "application/x-www-form-urlencoded", body.as_bytes());
    assert_eq!(status, 200, "{answer}");
    let (status, took) = sandbox.end(Signal::TERM);
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(10), "it took {took:?}");
}

#[test]
fn the_certificates_of_the_tls_listener_are_private_and_kept() {
    let place = Place::new();
    let start = |words: &[&str]| {
        let mut sandbox = place.start(&[&["sandbox", "--port", "0", "--json"], words].concat());
        let ready = sandbox.line();
        assert_eq!(sandbox.end(Signal::TERM).0.code(), Some(0));
        ready
    };
    let plain = start(&[]);
    assert!(plain.get("tls_url").is_none() && plain.get("ca_file").is_none() && !place.file("tls").exists(), "{plain}");
    let ready = start(&["--tls-port", "0"]);
    assert!(text(&ready, "tls_url").starts_with("https://127.0.0.1:"), "{ready}");
    assert_eq!(fs::canonicalize(place.file("tls/ca.pem")).expect("it is there"), Path::new(text(&ready, "ca_file")));
    let read = || {
        ["ca.pem", "ca-key.pem", "server.pem", "server-key.pem"]
            .map(|name| fs::read_to_string(place.file(&format!("tls/{name}"))).expect(name))
    };
    let first = read();
    assert!(
        first[0].contains("BEGIN CERTIFICATE") && !first[0].contains("PRIVATE"),
        "only the certificate is given away"
    );
    #[cfg(unix)]
    for name in ["ca-key.pem", "server-key.pem"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(place.file(&format!("tls/{name}"))).expect(name).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    start(&["--tls-port", "0"]);
    assert_eq!(read(), first);
    // Damaged, it is made anew, by the same authority: what was trusted still is.
    fs::write(place.file("tls/server.pem"), "x").expect("it can be damaged");
    start(&["--tls-port", "0"]);
    let mended = read();
    assert_eq!((&mended[0], &mended[1]), (&first[0], &first[1]));
    assert!(mended[2].contains("BEGIN CERTIFICATE") && mended[2] != first[2]);
    let (_socket, port) = taken();
    place.run(&["sandbox", "--port", "0", "--tls-port", &port]).expect(2, &[&port, "--tls-port 0"]);
}

#[test]
fn a_sandbox_can_be_given_the_client_that_other_programs_know() {
    let place = Place::new();
    let mut command = place.command(&["sandbox", "--port", "0", "--json"]);
    command.env(SANDBOX_ID, "ack_known").env(SANDBOX_SECRET, "known-secret");
    let mut sandbox = Running::new(command.spawn().expect("the program starts"));
    let ready = sandbox.line();
    assert_eq!((text(&ready, "client_id"), text(&ready, "client_secret")), ("ack_known", "known-secret"));
    let body = "grant_type=client_credentials&client_id=ack_known&client_secret=known-secret";
    let (status, answer) = post(text(&ready, "token_url"), "application/x-www-form-urlencoded", body.as_bytes());
    assert_eq!(status, 200, "{answer}");
    assert_eq!(sandbox.end(Signal::TERM).0.code(), Some(0));
    let mut command = place.command(&["sandbox", "--port", "0"]);
    command.env(SANDBOX_SECRET, "known-secret");
    let ended = Ended::of(&command.output().expect("the program starts")).expect(2, &[SANDBOX_ID, SANDBOX_SECRET]);
    assert!(!ended.err.contains("known-secret") && ended.out.is_empty(), "{}", ended.err);
}

#[test]
fn the_listener_prints_each_callback_and_keeps_it() {
    let place = Place::new();
    let mut listener = place.start(&["listen", "--port", "0", "--json", "--status", "202"]);
    let ready = listener.line();
    let address = text(&ready, "base_url").to_owned();
    let (status, _) = post(&address, "application/json", br#"{"session_id":"sid_x"}"#);
    assert_eq!(status, 202);
    let first = listener.line();
    assert_eq!((text(&first, "event"), text(&first, "method")), ("callback", "POST"));
    assert_eq!(text(&first, "body"), r#"{"session_id":"sid_x"}"#);
    assert!(address.ends_with(text(&first, "path")), "{first}");
    assert_eq!(first["headers"]["content-type"], "application/json");
    assert!(text(&first, "at").ends_with('Z'), "{first}");
    post(&format!("{address}/deeper"), "application/octet-stream", b"\xff\xfe");
    let second = listener.line();
    assert_eq!(text(&second, "body_base64"), BASE64_STANDARD.encode(b"\xff\xfe"));
    assert!(second["seq"].as_u64() > first["seq"].as_u64(), "{first} {second}");
    let (status, took) = listener.end(Signal::INT);
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(10), "it took {took:?}");
    let kept = Store::open(place.data.path()).expect("the store opens").deliveries(10).expect("it can be read");
    let bodies: Vec<&[u8]> = kept.iter().map(|delivery| delivery.body.as_ref()).collect();
    assert_eq!(bodies, [br#"{"session_id":"sid_x"}"#.as_slice(), b"\xff\xfe"]);
}

/// Sends one callback; true if it was answered 2xx. A listener that is killed meanwhile is no.
fn acknowledged(host: &str, path: &str, body: &str) -> bool {
    let sent = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        let length = body.len();
        write!(
            stream,
            "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    sent().is_ok_and(|answer| answer.starts_with("HTTP/1.1 2"))
}

#[test]
fn ten_thousand_callbacks_of_two_hundred_senders_survive_a_kill() {
    const SENDERS: usize = 200;
    const EACH: usize = 50;
    for killed_after in [2_000, SENDERS * EACH] {
        let place = Place::new();
        let listener = place.start(&["listen", "--port", "0", "--json"]);
        let address = text(&listener.line(), "base_url").to_owned();
        let (host, path) = address.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("an address");
        let (answered, kept_going) = (std::sync::atomic::AtomicUsize::new(0), std::sync::atomic::Ordering::SeqCst);
        let acknowledged: BTreeSet<String> = thread::scope(|scope| {
            let senders: Vec<_> = (0..SENDERS)
                .map(|sender| {
                    let answered = &answered;
                    scope.spawn(move || {
                        let bodies = (0..EACH).map(|n| format!("{{\"sender\":{sender},\"n\":{n},\"pad\":\"\u{e9}\"}}"));
                        let kept = bodies.filter(|body| {
                            let yes = acknowledged(host, path, body);
                            yes && answered.fetch_add(1, kept_going) < usize::MAX
                        });
                        kept.collect::<Vec<_>>()
                    })
                })
                .collect();
            let deadline = Instant::now() + DEADLINE;
            while answered.load(kept_going) < killed_after && Instant::now() < deadline {
                thread::yield_now();
            }
            listener.signal(Signal::KILL);
            senders.into_iter().flat_map(|sender| sender.join().expect("a sender does not panic")).collect()
        });
        assert!(acknowledged.len() >= killed_after, "only {} were answered", acknowledged.len());
        drop(listener);
        let kept =
            Store::open(place.data.path()).expect("the store opens").deliveries(2 * SENDERS * EACH).expect("rows");
        let kept: BTreeSet<String> = kept.iter().map(|d| String::from_utf8_lossy(&d.body).into_owned()).collect();
        let lost: Vec<_> = acknowledged.difference(&kept).collect();
        assert!(lost.is_empty(), "{} of {} are lost, {:?} among them", lost.len(), acknowledged.len(), lost.first());
    }
}

#[test]
fn a_callback_line_shows_no_foreign_card_number() {
    let place = Place::new();
    let listener = place.start(&["listen", "--port", "0", "--json"]);
    let address = text(&listener.line(), "base_url").to_owned();
    post(&address, "application/json", br#"{"source":{"number":"4000056655665556"}}"#);
    let line = listener.line();
    assert!(!line.to_string().contains("4000056655665556"), "{line}");
    assert!(text(&line, "body").contains("source"), "{line}");
}

#[test]
fn the_listener_masks_secrets_of_others_and_card_numbers_in_every_member() {
    let place = Place::new();
    let mut listener = place.start(&["listen", "--port", "0", "--json"]);
    let address = text(&listener.line(), "base_url").to_owned();
    let body = br#"{"session_id":"4000056655665556","cryptogram":"canary-value-1"}"#;
    assert_eq!(post(&format!("{address}/4000056655665556"), "application/json", body).0, 200);
    let line = listener.line().to_string();
    assert!(line.contains("400005******5556") && line.contains("cryptogram"), "{line}");
    assert_eq!(listener.end(Signal::TERM).0.code(), Some(0));
    let files = fs::read_dir(place.data.path()).expect("the folder is listed");
    let kept: Vec<Vec<u8>> = files.map(|file| fs::read(file.expect("a file").path()).expect("its bytes")).collect();
    for canary in ["4000056655665556", "canary-value-1"] {
        assert!(!line.contains(canary), "{line}");
        let there = |bytes: &Vec<u8>| bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
        assert!(!kept.iter().any(there), "{canary} is on the disk");
    }
}

#[test]
fn the_secret_address_stays_from_start_to_start() {
    let place = Place::new();
    let secret = || {
        let mut listener = place.start(&["listen", "--port", "0", "--json"]);
        let address = text(&listener.line(), "base_url").to_owned();
        listener.end(Signal::TERM);
        address.split_once("/c/").map(|(_, path)| path.to_owned()).expect("a path")
    };
    assert_eq!(secret(), secret());
}

#[test]
fn text_of_a_server_cannot_steer_the_terminal() {
    let place = Place::new();
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = socket.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in socket.incoming().map_while(Result::ok) {
            hostile(stream).ok(); // the program may close first
        }
    });
    place.keep_profile(Environment::Custom, &format!("http://127.0.0.1:{port}"));
    let mut command = place.command(&["run", "S001", "--environment", "Mine"]);
    command.env("SESSIONS_CONSOLE_CLIENT_SECRET", "planted-secret-value");
    let ended =
        Ended::of(&command.output().expect("the program starts")).expect(1, &["canary", r"\u{1B}[2J", r"\u{202E}"]);
    assert!(!ended.err.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{:?}", ended.err);
    assert!(!ended.err.lines().any(|line| line.starts_with("forged")), "{}", ended.err);
}

/// Gives a token, and refuses all else with words for a terminal.
fn hostile(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(DEADLINE))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    let (status, body) = if first.contains("/connect/token") {
        ("200 OK", json!({ "access_token": "planted-token-value", "token_type": "Bearer", "expires_in": 3600 }))
    } else {
        let code = "canary\u{1b}[2J\u{202e}\u{9b}1m\nforged";
        ("422 Unprocessable", json!({ "request_id": "r", "error_type": code, "error_codes": [code] }))
    };
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_held_data_folder_does_not_stop_the_listener() {
    let place = Place::new();
    let _held = Store::open(place.data.path()).expect("the store opens");
    let mut listener = place.start(&["listen", "--port", "0"]);
    let address = text(&listener.line(), "base_url").to_owned();
    listener.said("temporary folder");
    assert_eq!(post(&address, "text/plain", b"hello").0, 200);
    assert_eq!(text(&listener.line(), "body"), "hello");
    assert_eq!(listener.end(Signal::TERM).0.code(), Some(0));
    assert!(is_empty(place.temporary.path()), "the temporary folder is gone");
}

#[test]
fn production_needs_a_deliberate_step_and_a_secret() {
    let place = Place::new();
    place.keep_profile(Environment::Production, "https://api.example.test");
    let words = ["run", "S001", "--environment", "mine"];
    place.run(&words).expect(2, &["production", "--i-mean-production"]);
    let meant = [&words[..], &["--i-mean-production"]].concat();
    place.run(&meant).expect(2, &["SESSIONS_CONSOLE_CLIENT_SECRET"]);
    let (socket, port) = taken();
    drop(socket);
    place.keep_profile(Environment::Production, &format!("https://127.0.0.1:{port}"));
    let mut command = place.command(&meant);
    command.env("SESSIONS_CONSOLE_CLIENT_SECRET", "planted-secret-value");
    Ended::of(&command.output().expect("the program starts")).expect(3, &["broken  S001"]);
}

#[test]
fn only_published_numbers_go_to_production() {
    let place = Place::new();
    let (socket, port) = taken();
    place.keep_profile(Environment::Production, &format!("https://127.0.0.1:{port}"));
    let file = place.file("mine.toml");
    let foreign = "id = \"MINE\"\nname = \"x\"\n[body]\n\"/source/number\" = \"4000056655665556\"\n\
                   [expect]\nstatus = \"approved\"\n";
    fs::write(&file, foreign).expect("the file is written");
    let file = file.display().to_string();
    let mut command = place.command(&["run", "--file", &file, "--environment", "mine", "--i-mean-production"]);
    command.env("SESSIONS_CONSOLE_CLIENT_SECRET", "planted-secret-value");
    let ended = Ended::of(&command.output().expect("the program starts")).expect(2, &["MINE", "published test number"]);
    assert!(!ended.err.contains("4000056655665556"), "{}", ended.err);
    socket.set_nonblocking(true).expect("a socket option");
    assert!(socket.accept().is_err(), "nobody was called");
}

#[test]
fn an_environment_where_nobody_answers_ends_with_three() {
    let place = Place::new();
    let (socket, port) = taken();
    drop(socket);
    place.keep_profile(Environment::Custom, &format!("http://127.0.0.1:{port}"));
    let mut command = place.command(&["run", "--all", "--environment", "Mine", "--jobs", "1"]);
    command.env("SESSIONS_CONSOLE_CLIENT_SECRET", "planted-secret-value");
    let ended = Ended::of(&command.output().expect("the program starts")).expect(3, &["broken  S001", "not run"]);
    assert!(!ended.err.contains("planted-secret-value"), "{}", ended.err);
}

#[test]
fn a_saved_profile_is_run_against_its_own_host() {
    let place = Place::new();
    let mut sandbox = place.start(&["sandbox", "--port", "0"]);
    let ready = sandbox.line();
    let profile = Profile {
        name: "Colleague".into(),
        base_url: text(&ready, "base_url").into(),
        token_url: text(&ready, "token_url").into(),
        client_id: text(&ready, "client_id").into(),
        ..Profile::new(ProfileId("colleague".into()), Environment::Custom)
    };
    let settings = Settings { profiles: vec![profile], ..Settings::default() };
    store::settings::save(place.data.path(), &settings).expect("the settings are saved");
    let run = |words: &[&str]| {
        let mut command = place.command(words);
        command.env("SESSIONS_CONSOLE_CLIENT_SECRET", text(&ready, "client_secret"));
        Ended::of(&command.output().expect("the program starts"))
    };
    let ended = run(&["run", "--tag", "card_decides", "--environment", "colleague"]);
    let ended = ended.expect(0, &["passed  S001", "passed  S021", "0 failed, 0 broken", "Colleague"]);
    assert!(!ended.err.contains(text(&ready, "client_secret")));
    let told = run(&["run", "S024", "--environment", "colleague"]);
    told.expect(1, &["broken  S024", "S024 is not for the environment \"Colleague\"", "without --environment"]);
    assert_eq!(sandbox.end(Signal::TERM).0.code(), Some(0));
}

#[test]
fn a_profile_of_environment_variables_runs_without_being_saved() {
    let place = Place::new();
    let mut sandbox = place.start(&["sandbox", "--port", "0"]);
    let ready = sandbox.line();
    let run = |words: &[&str], variables: &[(&str, &str)]| {
        let mut command = place.command(words);
        command.envs(variables.iter().map(|(name, value)| (format!("SESSIONS_CONSOLE_{name}"), *value)));
        Ended::of(&command.output().expect("the program starts"))
    };
    let secret = text(&ready, "client_secret");
    let all = [
        ("CLIENT_ID", text(&ready, "client_id")),
        ("CLIENT_SECRET", secret),
        ("BASE_URL", text(&ready, "base_url")),
        ("SCOPES", "sessions gateway"),
    ];
    let words = ["run", "S001", "--environment", "env"];
    let ended = run(&words, &all).expect(0, &["1 passed", "From the environment"]);
    assert!(!ended.err.contains(secret), "{}", ended.err);
    assert!(is_empty(place.data.path()), "nothing is saved");
    run(&words, &[]).expect(2, &["no profile in the environment variables", "SESSIONS_CONSOLE_CLIENT_ID"]);
    run(&words, &all[..1]).expect(2, &["SESSIONS_CONSOLE_CLIENT_SECRET"]);
    run(&words, &[all[0], all[1], ("ENVIRONMENT", "live")]).expect(2, &["SESSIONS_CONSOLE_ENVIRONMENT", "production"]);
    run(&words, &[all[0], all[1], ("ENVIRONMENT", "production")]).expect(2, &["--i-mean-production"]);
    let poor = [all[0], all[1], all[2], ("SCOPES", "gateway")];
    run(&words, &poor).expect(1, &["needs the scope sessions:browser or sessions:app or sessions"]);
    run(&["run", "S001"], &all).expect(0, &["1 passed", "--environment env"]);
    let help = run(&["--help"], &[]).out;
    for name in
        ["CLIENT_ID", "CLIENT_SECRET", "ENVIRONMENT", "BASE_URL", "TOKEN_URL", "PROCESSING_CHANNEL_ID", "SCOPES"]
    {
        assert!(help.contains(&format!("SESSIONS_CONSOLE_{name} ")), "{name} is not in: {help}");
    }
    assert_eq!(sandbox.end(Signal::TERM).0.code(), Some(0));
}

/// A report without what the wall clock says.
fn timeless(path: &Path) -> Value {
    let mut cases: Value = serde_json::from_slice(&fs::read(path).expect("a report")).expect("JSON");
    for case in cases.as_array_mut().expect("an array") {
        case["took_ms"] = json!(0);
        for row in case["timeline"].as_array_mut().expect("rows") {
            row["at_ms"] = json!(0);
            row["took_ms"] = json!(0);
        }
    }
    cases
}

#[test]
fn the_same_seed_gives_the_same_report() {
    let place = Place::new();
    let report = |name: &str, seed: &str, jobs: &str| {
        let path = place.file(name);
        let to = format!("json={}", path.display());
        let words = ["run", "S001", "S021", "S141", "--repeat", "2", "--seed", seed, "--report", &to, "--jobs", jobs];
        place.run(&words).expect(0, &["6 passed"]);
        timeless(&path)
    };
    let (first, other) = (report("a", "7", "1"), report("c", "9", "3"));
    assert_ne!(first[0]["session"]["id"], other[0]["session"]["id"]);
    assert_ne!(first[0]["session"]["id"], first[3]["session"]["id"], "the second round is another session");
    let shown = first.to_string();
    assert!(shown.contains("http://sandbox/sessions"), "{shown}");
    assert!(!shown.contains("127.0.0.1"), "loopback ports appear as names: {shown}");
}

#[test]
fn the_whole_deck_reads_the_same_with_one_job_and_with_eight() {
    let place = Place::new();
    let report = |name: &str, jobs: &str| {
        let path = place.file(name);
        let to = format!("json={}", path.display());
        place.run(&["run", "--all", "--seed", "7", "--jobs", jobs, "--report", &to]).expect(0, &["0 failed, 0 broken"]);
        timeless(&path)
    };
    let (alone, many) = (report("a", "1"), report("b", "8"));
    for (one, other) in alone.as_array().expect("cases").iter().zip(many.as_array().expect("cases")) {
        let lines = |case: &Value| -> Vec<String> {
            case["timeline"].as_array().expect("rows").iter().map(|row| text(row, "what").to_owned()).collect()
        };
        assert_eq!(lines(one), lines(other), "{}", text(one, "id"));
    }
    assert_eq!(alone, many);
}

#[test]
fn own_scenarios_run_beside_ours_and_a_damaged_one_is_named() {
    let place = Place::new();
    let folder = place.data.path().join("scenarios");
    fs::create_dir(&folder).expect("a folder");
    let own = "id = \"OWN\"\nname = \"of mine\"\ntags = [\"own\"]\n[body]\n\"/source/number\" = \"4485040371536584\"\n\
               [expect]\nstatus = \"approved\"\n";
    fs::write(folder.join("own.toml"), own).expect("the file is written");
    place.run(&["run", "own"]).expect(0, &["passed  OWN"]);
    let listed = place.run(&["list"]).expect(0, &[]).out;
    assert!(listed.lines().any(|line| line.starts_with("OWN") && line.ends_with("(own)")), "{listed}");
    fs::write(folder.join("bad.toml"), "id = \"BAD\"\nname = \"x\"\n[expect]\nstatsu = \"approved\"\n")
        .expect("written");
    fs::write(folder.join("twin.toml"), own.replace("OWN", "S001")).expect("the file is written");
    let words = [
        "bad.toml is not a scenario: line 4, column 1, expect.statsu",
        "twin.toml",
        "taken by a scenario of the program",
    ];
    place.run(&["run", "--tag", "own"]).expect(0, &["1 passed"]);
    place.run(&["list"]).expect(0, &words);
    let ended = place.run(&["run", "--all"]).expect(1, &["passed  OWN", "passed  S001", "0 failed, 0 broken"]);
    assert!(words.iter().all(|word| ended.err.contains(word)), "{}", ended.err);
}

#[test]
fn a_run_that_is_stopped_reports_what_was_done() {
    let place = Place::new();
    let path = place.file("r.xml");
    let to = format!("junit={}", path.display());
    let mut run = place.start(&["run", "--all", "--repeat", "1000", "--jobs", "1", "--report", &to]);
    run.said("passed  S001");
    let asked = Instant::now();
    run.signal(Signal::TERM);
    run.said("not run");
    assert_eq!(run.child.wait().expect("it can be waited for").code(), Some(1));
    assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?}", asked.elapsed());
    let report = Report::deserialize_from_str(&fs::read_to_string(path).expect("a report")).expect("JUnit XML");
    assert!(report.tests >= 1 && report.tests < 1000, "{}", report.tests);
    assert!(is_empty(place.temporary.path()), "nothing temporary stays");
}

#[path = "cli/inspect.rs"]
mod inspect;
#[path = "cli/inspect_app.rs"]
mod inspect_app;
#[path = "cli/matrix.rs"]
mod matrix;
