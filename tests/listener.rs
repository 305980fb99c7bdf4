//! The listener by the user's door: raw bytes into its sockets, the store read back.
#![allow(missing_docs)]

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sessions_console::bus::{Event, EventSink, Journal, Posting, Record, Refused};
use sessions_console::listener::{Config, HandOff, Listener, PageState, Script, ShopPolicy, Signal, Visit, WindowSize};
use sessions_console::model::delivery::{Delivery, DeliveryKind, Seq, Verdict};
use sessions_console::model::run::Return;
use sessions_console::model::{RunId, SessionId};
use sessions_console::store::Store;
use tempfile::TempDir;
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;

/// Set in the child that is killed: the data folder.
const CHILD: &str = "LISTENER_TEST_CHILD_DIR";
const DEADLINE: Duration = Duration::from_secs(20);

/// A listener with a store, on ports of its own.
struct Bench {
    runtime: tokio::runtime::Runtime,
    dir: TempDir,
    store: Store,
    listener: Listener,
    events: Receiver<Event>,
}

fn bench_with(configure: impl FnOnce(Journal, EventSink) -> Config) -> Bench {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("opens");
    let (sink, events) = EventSink::channel(|| ());
    let config = configure(store.journal(), sink);
    let listener = runtime.block_on(Listener::start(config)).expect("free ports");
    Bench { runtime, dir, store, listener, events }
}

fn bench() -> Bench {
    bench_with(|journal, sink| Config::new(0, 0, journal, sink))
}

impl Bench {
    fn visit(&self) -> Visit {
        self.listener.visit(RunId(5))
    }

    fn delivered(&mut self) -> Arc<Delivery> {
        let event = self.runtime.block_on(async { tokio::time::timeout(DEADLINE, self.events.recv()).await });
        match event {
            Ok(Some(Event::Delivered(delivery))) => delivery,
            other => panic!("expected a delivery: {other:?}"),
        }
    }

    fn delivered_now(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    fn signal(&self, visit: &mut Visit) -> Signal {
        let signal = self.runtime.block_on(async { tokio::time::timeout(DEADLINE, visit.next_signal()).await });
        signal.expect("a signal in time")
    }

    fn quiet(&self, visit: &mut Visit) -> bool {
        visit.try_signal().is_none()
    }
}

/// Address and path of a URL of ours.
fn split(url: &str) -> (SocketAddr, &str) {
    let rest = url.strip_prefix("http://").expect("http");
    let (host, path) = rest.split_at(rest.find('/').expect("a path"));
    (host.parse().expect("an address"), path)
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// One request on a connection of its own.
fn send(method: &str, url: &str, headers: &str, body: &[u8]) -> Answer {
    let (addr, path) = split(url);
    let mut stream = TcpStream::connect(addr).expect("connects");
    stream.set_read_timeout(Some(DEADLINE)).expect("set");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    stream.write_all(body).expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("answered");
    let text = String::from_utf8(bytes).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

fn post(url: &str, body: &Value) -> Answer {
    send("POST", url, "Content-Type: application/json; charset=utf-8\r\n", body.to_string().as_bytes())
}

fn post_form(url: &str, fields: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let headers = "Content-Type: application/x-www-form-urlencoded\r\nOrigin: https://acs.example.test\r\nSec-Fetch-Site: cross-site\r\n";
    send("POST", url, headers, body.as_bytes())
}

fn get(url: &str) -> Answer {
    send("GET", url, "Accept: text/html,*/*;q=0.8\r\n", b"")
}

fn get_json(url: &str) -> Value {
    let answer = get(url);
    assert_eq!(answer.status, 200);
    serde_json::from_str(&answer.body).expect("JSON")
}

#[test]
fn each_verdict_is_reached_through_the_socket() {
    let mut bench = bench();
    let mut visit = bench.visit();
    let url = format!("{}/cb", visit.listener_base());
    let sid = SessionId("sid_a".into());
    let body = |id: &str, status: &str| json!({ "session_id": id, "status": status });

    assert_eq!(post(&url, &body("sid_a", "early")).status, 200);
    assert_eq!(bench.delivered().verdict, Verdict::Addressed, "no session is known yet");
    assert_eq!(bench.signal(&mut visit), Signal::CallbackReceived);

    let mut visit = bench.visit();
    let url = format!("{}/cb", visit.listener_base());
    visit.name_session(sid.clone());
    let mut seen = Vec::new();
    for body in [
        body("sid_b", "approved"),
        body("sid_a", "approved"),
        body("sid_a", "approved"),
        body("sid_a", "declined"),
        json!({ "status": "approved" }),
        body("sid_b", "approved"),
    ] {
        assert_eq!(post(&url, &body).status, 200, "the same answer for all");
        let delivery = bench.delivered();
        assert_eq!((delivery.kind, delivery.run), (DeliveryKind::Callback, Some(RunId(5))));
        seen.push((delivery.seq, delivery.verdict.clone()));
        assert_eq!(bench.signal(&mut visit), Signal::CallbackReceived);
    }
    let first = seen[0].0;
    let expected = [
        Verdict::Swapped { named: SessionId("sid_b".into()) },
        Verdict::Matched,
        Verdict::Duplicate { of: seen[1].0 },
        Verdict::Contradicts { earlier: seen[1].0 },
        Verdict::Contradicts { earlier: seen[1].0 },
        Verdict::Duplicate { of: first },
    ];
    assert_eq!(seen.iter().map(|(_, verdict)| verdict.clone()).collect::<Vec<_>>(), expected);

    let matched = bench.visit();
    matched.name_session(sid.clone());
    let url = format!("{}/cb", matched.listener_base());
    assert_eq!(post(&url, &body("sid_a", "approved")).status, 200, "other addresses do not matter");
    let delivery = bench.delivered();
    assert_eq!((delivery.verdict.clone(), delivery.session.clone()), (Verdict::Matched, Some(sid)));
    let stored = bench.store.deliveries(1).expect("readable");
    assert_eq!(stored[0], *delivery, "what is announced is what is stored");
}

#[test]
fn equal_callbacks_at_the_same_moment_are_told_apart() {
    let mut bench = bench();
    let visit = bench.visit();
    let url = format!("{}/cb", visit.listener_base());
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| assert_eq!(post(&url, &json!({ "session_id": "sid_a" })).status, 200));
        }
    });
    let all: Vec<_> = (0..20).map(|_| bench.delivered()).collect();
    let (doubles, first): (Vec<_>, Vec<_>) =
        all.iter().partition(|delivery| matches!(delivery.verdict, Verdict::Duplicate { .. }));
    assert_eq!(first.len(), 1);
    assert!(doubles.iter().all(|double| double.verdict == Verdict::Duplicate { of: first[0].seq }));
}

#[test]
fn ten_thousand_callbacks_of_two_hundred_senders_are_kept_to_the_byte() {
    const SENDERS: usize = 200;
    const EACH: usize = 50;
    let mut bench = bench();
    let visit = bench.visit();
    let base = visit.listener_base().to_owned();
    // Somebody reads, as the engine does; if nobody does, senders are refused in the end.
    let (_, unused) = EventSink::channel(|| ());
    let mut events = std::mem::replace(&mut bench.events, unused);
    let reader = std::thread::spawn(move || {
        let mut count = 0;
        while events.blocking_recv().is_some() {
            count += 1;
        }
        count
    });
    let (addr, path) = split(&base);
    let acknowledged = AtomicUsize::new(0);
    let request = |sender: usize, number: usize| {
        let body = format!(
            "{{\"session_id\":\"sid_{sender}\",\"n\":{number},\"text\":\"\\u00e9 {}\"}}",
            "x".repeat(number * 7)
        );
        let head = format!(
            "POST {path}/cb?s={sender} HTTP/1.1\r\nhOsT: {addr}\r\nX-Sender:   {sender} \r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        (head, body)
    };
    std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            let (request, acknowledged) = (&request, &acknowledged);
            scope.spawn(move || {
                let mut stream = TcpStream::connect(addr).expect("connects");
                stream.set_read_timeout(Some(DEADLINE)).expect("set");
                for number in 0..EACH {
                    let (head, body) = request(sender, number);
                    stream.write_all([head, body].concat().as_bytes()).expect("sent");
                    let mut answer = Vec::new();
                    let mut space = [0; 1024];
                    while !answer.ends_with(b"ok\n") {
                        let length = stream.read(&mut space).expect("answered");
                        assert!(length > 0, "{}", String::from_utf8_lossy(&answer));
                        answer.extend_from_slice(&space[..length]);
                    }
                    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(acknowledged.load(Ordering::Relaxed), SENDERS * EACH);
    let Bench { runtime, dir, store, listener, .. } = bench;
    runtime.block_on(listener.stop());
    assert_eq!(reader.join().expect("no panic"), SENDERS * EACH, "each is announced");
    drop(store);
    let store = Store::open(dir.path()).expect("opens again");
    let kept = store.deliveries(usize::MAX).expect("readable");
    assert_eq!(kept.len(), SENDERS * EACH);
    let kept: HashSet<(Vec<u8>, Vec<u8>)> =
        kept.into_iter().map(|delivery| (delivery.head.to_vec(), delivery.body.to_vec())).collect();
    for sender in 0..SENDERS {
        for number in 0..EACH {
            let (head, body) = request(sender, number);
            assert!(kept.contains(&(head.clone().into_bytes(), body.into_bytes())), "{head}");
        }
    }
}

/// Not a test of its own: the process that [`a_killed_listener_loses_nothing_it_answered`] kills.
#[test]
fn child_that_is_killed() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let store = Store::open(Path::new(&dir)).expect("opens");
    let (sink, _events) = EventSink::channel(|| ());
    let listener = runtime.block_on(Listener::start(Config::plain(0, store.journal(), sink))).expect("a free port");
    println!("\ninbox {}", listener.inbox());
    std::thread::sleep(Duration::from_secs(120)); // killed long before
}

#[test]
fn a_killed_listener_loses_nothing_it_answered() {
    for round in 1..=5_usize {
        let dir = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(std::env::current_exe().expect("our own path"))
            .args(["child_that_is_killed", "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let inbox =
            lines.into_iter().find_map(|line| line.strip_prefix("inbox ").map(str::to_owned)).expect("an address");
        let (addr, path) = split(&inbox);
        let (told, answered) = (std::sync::Mutex::new(Vec::new()), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for sender in 0..8 {
                let (told, answered) = (&told, &answered);
                scope.spawn(move || {
                    for number in 0..1000 {
                        let body = format!("{sender}/{number}");
                        let Ok(mut stream) = TcpStream::connect(addr) else { return };
                        let head = format!(
                            "POST {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                            body.len()
                        );
                        let mut answer = String::new();
                        if stream.write_all([head, body.clone()].concat().as_bytes()).is_err() {
                            return;
                        }
                        stream.read_to_string(&mut answer).ok(); // cut off by the kill, or whole
                        if !answer.starts_with("HTTP/1.1 200") {
                            return;
                        }
                        told.lock().expect("no panic").push(body);
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            let start = Instant::now();
            while answered.load(Ordering::SeqCst) < round * 13 {
                assert!(start.elapsed() < DEADLINE, "only {answered:?} answers");
                std::thread::yield_now();
            }
            child.kill().expect("killed"); // SIGKILL, in the middle of the others' requests
        });
        child.wait().expect("gone");
        let store = Store::open(dir.path()).expect("opens");
        let kept = store.deliveries(usize::MAX).expect("readable");
        let kept: HashSet<String> = kept.iter().map(|d| String::from_utf8_lossy(&d.body).into_owned()).collect();
        let told = told.into_inner().expect("no panic");
        assert!(told.len() >= round * 13);
        for body in told {
            assert!(kept.contains(&body), "{body} was answered 200 and is gone");
        }
    }
}

#[test]
fn a_delivery_that_cannot_be_stored_is_refused() {
    // The writer has ended; then one that never answers.
    let (gone, postings) = Journal::channel();
    drop(postings);
    let (silent, held) = Journal::channel();
    for journal in [gone, silent] {
        let mut bench = bench_with(|_, sink| Config::new(0, 0, journal, sink));
        let mut visit = bench.visit();
        for kind in ["cb", "method", "cres"] {
            let answer = post(&format!("{}/{kind}", visit.listener_base()), &json!({}));
            assert_eq!(answer.status, 503, "{kind}");
            assert!(answer.head.contains("\r\nretry-after: 1"), "{}", answer.head);
        }
        assert_eq!(post(&bench.listener.inbox(), &json!({})).status, 503);
        assert!(bench.quiet(&mut visit));
        assert!(bench.events.try_recv().is_err(), "nothing is announced that is not kept");
    }
    drop(held);
}

/// The delivery that the journal wants to have stored, and where to say that it is.
fn wanted(postings: &mut Receiver<Posting>) -> (Delivery, oneshot::Sender<Result<Seq, Refused>>) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match postings.try_recv() {
            Ok((Record::Delivery(delivery), told)) => return (*delivery, told),
            Ok((other, _)) => panic!("a listener stores deliveries only: {other:?}"),
            Err(_) if Instant::now() < deadline => std::thread::yield_now(),
            Err(error) => panic!("nothing to store: {error}"),
        }
    }
}

#[test]
fn a_delivery_that_is_stored_too_late_is_told_as_it_was_answered() {
    let (journal, mut postings) = Journal::channel();
    let mut bench = bench_with(|_, sink| Config::new(0, 0, journal, sink));
    let mut visit = bench.visit();
    visit.name_session(SessionId("sid_a".into()));
    let url = format!("{}/cb", visit.listener_base());
    let sender = move || post(&url, &json!({ "session_id": "sid_a" }));

    let first = std::thread::spawn(sender.clone());
    let (delivery, told) = wanted(&mut postings);
    assert_eq!((&delivery.verdict, delivery.answered), (&Verdict::Matched, 200));
    assert_eq!(first.join().expect("answered").status, 503, "nobody said that it is stored");
    assert!(bench.events.try_recv().is_err(), "nothing is announced that is not kept");
    told.send(Ok(Seq(9))).expect("the listener still wants to know");
    let (corrected, told) = wanted(&mut postings);
    assert_eq!(corrected, Delivery { seq: Seq(9), answered: 503, ..delivery });
    told.send(Ok(Seq(9))).expect("the listener still wants to know");
    assert_eq!(*bench.delivered(), corrected);

    let retry = std::thread::spawn(sender);
    let (delivery, told) = wanted(&mut postings);
    assert_eq!(delivery.verdict, Verdict::Duplicate { of: Seq(9) }, "it matched once");
    told.send(Ok(Seq(10))).expect("the listener waits");
    assert_eq!(retry.join().expect("answered").status, 200);
    assert_eq!(bench.delivered().seq, Seq(10));
    assert_eq!(bench.signal(&mut visit), Signal::CallbackReceived);
    assert!(bench.quiet(&mut visit), "only what was answered 2xx moves a run on");
}

#[test]
fn senders_are_refused_while_nobody_reads_what_is_announced() {
    const SENDERS: usize = 32;
    const ALL: usize = 4096 + 1024 + 64; // the events' queue, the announcer's, a few more
    let (journal, mut postings) = Journal::channel();
    let mut bench = bench_with(|_, sink| Config::plain(0, journal, sink));
    std::thread::spawn(move || {
        for number in 1.. {
            let Some((_, told)) = postings.blocking_recv() else { return };
            told.send(Ok(Seq(number))).ok(); // whoever asked may have gone
        }
    });
    let inbox = bench.listener.inbox();
    let (addr, path) = split(&inbox);
    let (begun, taken, refused) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                let mut stream = TcpStream::connect(addr).expect("connects");
                stream.set_read_timeout(Some(DEADLINE)).expect("set");
                while begun.fetch_add(1, Ordering::SeqCst) < ALL {
                    let head = format!("POST {path} HTTP/1.1\r\nHost: {addr}\r\nContent-Length: 0\r\n\r\n");
                    stream.write_all(head.as_bytes()).expect("sent");
                    let mut answer = Vec::new();
                    let mut space = [0; 1024];
                    while !answer.ends_with(b"ok\n") && !answer.ends_with(b"\r\n\r\n") {
                        let length = stream.read(&mut space).expect("answered");
                        assert!(length > 0, "{}", String::from_utf8_lossy(&answer));
                        answer.extend_from_slice(&space[..length]);
                    }
                    let counter = if answer.ends_with(b"ok\n") { &taken } else { &refused };
                    assert!(answer.ends_with(b"ok\n") || answer.starts_with(b"HTTP/1.1 503"));
                    counter.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    let (taken, refused) = (taken.into_inner(), refused.into_inner());
    assert_eq!(taken + refused, ALL);
    assert!(refused > 0, "{taken} were taken, and nobody read one");
    for _ in 0..taken {
        bench.delivered();
    }
    assert!(bench.delivered_now().is_none(), "what was refused is not announced");
    assert_eq!(post(&inbox, &json!({})).status, 200, "once somebody reads, it goes on");
}

#[test]
fn a_visit_that_nobody_reads_keeps_a_few_signals_and_one_of_each_kind() {
    let mut bench = bench();
    let mut visit = bench.visit();
    let page = format!("{}/", visit.merchant_base());
    for _ in 0..300 {
        assert_eq!(get(&page).status, 200);
    }
    assert_eq!(post(&format!("{}/cb", visit.listener_base()), &json!({})).status, 200);
    bench.delivered();
    let mut opened = 0;
    while bench.signal(&mut visit) == Signal::PageOpened {
        opened += 1;
    }
    assert_eq!(opened, 256);
    assert!(bench.quiet(&mut visit), "the callback was the last");
}

#[test]
fn a_wrong_token_looks_like_any_other_unknown_path() {
    let mut bench = bench();
    let visit = bench.visit();
    let (addr, path) = split(visit.listener_base());
    let token = path.strip_prefix("/c/").expect("a token");
    assert_eq!(token.len(), 22);
    let date = |answer: Answer| {
        let lines = answer.head.lines().filter(|line| !line.starts_with("date:"));
        (answer.status, lines.map(str::to_owned).collect::<Vec<_>>(), answer.body)
    };
    let plain = date(post(&format!("http://{addr}/"), &json!({})));
    assert_eq!(plain.0, 404);
    let almost = format!("{}A", &token[..21]);
    let other = if almost == token { format!("{}B", &token[..21]) } else { almost };
    for path in [
        format!("/c/{other}/cb"),
        format!("/c/{token}/nothing"),
        format!("/c/{token}/in"),
        "/c//cb".into(),
        "/m/x/".into(),
    ] {
        assert_eq!(date(post(&format!("http://{addr}{path}"), &json!({}))), plain, "{path}");
    }
    let merchant = bench.listener.merchant_addr().expect("pages");
    for path in ["/", "/m/x/", "/m/x/state", "/m/x/success"] {
        assert_eq!(date(get(&format!("http://{merchant}{path}"))), plain, "{path}");
    }
    for _ in 0..6 {
        let delivery = bench.delivered();
        assert_eq!(
            (delivery.kind, &delivery.verdict, delivery.answered),
            (DeliveryKind::Unknown, &Verdict::Unexpected, 404)
        );
    }
}

#[test]
fn the_issuer_pages_hand_back_across_sites() {
    let mut bench = bench();
    let mut visit = bench.visit();
    let merchant = format!("http://{}", bench.listener.merchant_addr().expect("pages"));
    let id = "6afa6072-9412-446b-9673-2f98b3ee98a2";
    let data = URL_SAFE_NO_PAD.encode(json!({ "threeDSServerTransID": id }).to_string());
    let answer = post_form(&format!("{}/method", visit.listener_base()), &[("threeDSMethodData", &data)]);
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains(&format!("frame-ancestors 'self' {merchant}")), "{}", answer.head);
    assert!(!answer.head.contains("access-control") && !answer.head.contains("set-cookie"));
    assert!(answer.body.contains(&format!("\"to\":\"{merchant}\"")), "told to one origin: {}", answer.body);
    assert_eq!(bench.delivered().kind, DeliveryKind::MethodNotification);
    assert_eq!(bench.signal(&mut visit), Signal::MethodNotified { trans_id: Some(id.into()) });

    let cres = json!({ "messageType": "CRes", "transStatus": "Y", "odd": "?>~" });
    for (field, value) in [
        ("cres", URL_SAFE_NO_PAD.encode(cres.to_string())),
        ("cres", STANDARD.encode(format!("{cres} "))),
        ("erro", URL_SAFE_NO_PAD.encode(format!("{cres}  "))),
    ] {
        let fields = [("threeDSSessionData", "abc"), (field, value.as_str())];
        assert_eq!(post_form(&format!("{}/cres", visit.listener_base()), &fields).status, 200);
        assert_eq!(bench.delivered().verdict, Verdict::Addressed);
        assert_eq!(bench.signal(&mut visit), Signal::ChallengeNotified { cres: Some(cres.clone()) });
    }
    assert_eq!(post_form(&format!("{}/cres", visit.listener_base()), &[("cres", "%%%")]).status, 200);
    assert_eq!(bench.signal(&mut visit), Signal::ChallengeNotified { cres: None });
    let large = "x".repeat(64 * 1024);
    assert_eq!(post_form(&format!("{}/cres", visit.listener_base()), &[("cres", &large)]).status, 413);
}

#[test]
fn a_wrong_method_is_recorded_and_moves_nothing() {
    let mut bench = bench();
    let mut visit = bench.visit();
    let answer = get(&format!("{}/cb", visit.listener_base()));
    assert_eq!(answer.status, 405);
    let delivery = bench.delivered();
    assert_eq!((delivery.method.as_str(), delivery.answered), ("GET", 405));
    post(&format!("{}/cb", visit.listener_base()), &json!({}));
    bench.delivered();
    assert_eq!(bench.signal(&mut visit), Signal::CallbackReceived);
    assert!(bench.quiet(&mut visit), "only the POST counted");
}

#[test]
fn what_comes_after_the_visit_is_still_recorded_for_its_run() {
    let mut bench = bench();
    let visit = bench.visit();
    let (base, page) = (visit.listener_base().to_owned(), format!("{}/", visit.merchant_base()));
    drop(visit);
    assert_eq!(post(&format!("{base}/cb"), &json!({})).status, 200);
    assert_eq!(bench.delivered().run, Some(RunId(5)));
    assert_eq!(get(&page).status, 200);
    assert_eq!(get_json(&format!("{page}state"))["kind"], "over");
    bench.listener.forget(RunId(5));
    assert_eq!(post(&format!("{base}/cb"), &json!({})).status, 404);
    assert_eq!(bench.delivered().run, None);
    assert_eq!(get(&page).status, 404);
}

#[test]
fn the_checkout_page_follows_its_run() {
    let bench = bench();
    let mut visit = bench.visit();
    let page = format!("{}/", visit.merchant_base());
    let answer = get(&page);
    assert_eq!(answer.status, 200);
    assert_eq!(bench.signal(&mut visit), Signal::PageOpened);
    assert!(answer.body.contains("Fern &amp; Fable") && answer.body.contains("<noscript>"));
    assert!(answer.head.contains("frame-ancestors 'none'") && answer.head.contains("frame-src"), "{}", answer.head);

    let now = get_json(&format!("{page}state"));
    assert_eq!((&now["kind"], &now["version"]), (&json!("waiting"), &json!(1)));
    let long_poll = std::thread::spawn({
        let url = format!("{page}state?after=1");
        move || (get_json(&url), Instant::now())
    });
    let shown = Instant::now();
    let challenge = PageState::Challenge {
        acs_url: "https://acs.example.test/c?a=1&b=</script>".into(),
        creq: "abc".into(),
        session_data: None,
        window: WindowSize::W390,
        hand_off: HandOff::Frame,
        shop_policy: ShopPolicy::Usual,
    };
    visit.show(challenge);
    let (now, answered) = long_poll.join().expect("answered");
    assert!(answered >= shown, "not before there was something new");
    assert_eq!(
        now,
        json!({ "kind": "challenge", "version": 2, "url": "https://acs.example.test/c?a=1&b=</script>", "creq": "abc",
                "session_data": null, "window": "02", "width": 390, "height": 400,
                "hand_off": "frame", "shop_policy": "usual" })
    );
    let again = get(&page).body;
    assert!(
        again.contains("\"kind\":\"challenge\"") && again.contains("b=\\u003c/script\\u003e"),
        "opens where the run is"
    );

    visit.show(PageState::Done { success: true, title: "Paid".into(), sentence: "Thank you".into() });
    drop(visit);
    let now = get_json(&format!("{page}state?after=3"));
    assert_eq!((&now["kind"], &now["title"]), (&json!("done"), &json!("Paid")), "a result outlives its run");
}

#[test]
fn a_browser_without_scripts_has_a_button_there_and_back() {
    let bench = bench();
    let visit = bench.visit();
    let page = format!("{}/?plain", visit.merchant_base());
    let cres = format!("{}/cres", visit.listener_base());
    let form = [("cres", "e30")];
    assert!(!post_form(&cres, &form).body.contains("id=\"back\""), "the shop's address is told to nobody else");
    let waiting = get(&page).body;
    assert!(waiting.contains("http-equiv=\"refresh\"") && !waiting.contains("<script"), "{waiting}");

    visit.show(PageState::Challenge {
        acs_url: "https://acs.example.test/c".into(),
        creq: "abc".into(),
        session_data: Some("def".into()),
        window: WindowSize::W390,
        hand_off: HandOff::Frame,
        shop_policy: ShopPolicy::Usual,
    });
    let asks = get(&page).body;
    for part in ["action=\"https:&#x2f;&#x2f;acs.example.test&#x2f;c\"", "value=\"abc\"", "value=\"def\""] {
        assert!(asks.contains(part), "{part} in {asks}");
    }
    assert!(!asks.contains("refresh"), "a page that asks stays");
    let back = post_form(&cres, &form).body;
    assert!(back.contains("id=\"back\"") && back.contains("?plain=again\""), "{back}");
    let again = get(&page.replace("?plain", "?plain=again")).body;
    assert!(again.contains("refresh") && !again.contains("id=\"bank\""), "the result is still being read");
    visit.show(PageState::Done { success: true, title: "Paid".into(), sentence: "Thank you".into() });
    assert!(get(&page).body.contains("<h1>Paid</h1>"));
}

#[test]
fn only_our_own_page_may_post_to_the_shop() {
    let bench = bench();
    let mut visit = bench.visit();
    let page = format!("{}/", visit.merchant_base());
    get(&page);
    assert_eq!(bench.signal(&mut visit), Signal::PageOpened);
    let own = format!("Origin: http://{}\r\n", bench.listener.merchant_addr().expect("pages"));
    let body = json!({ "language": "en-GB", "ip_address": "1.2.3.4" }).to_string();
    for foreign in ["Origin: https://evil.example.test\r\n", "Origin: null\r\n", "Origin: http://127.0.0.1:1\r\n"] {
        for path in ["browser-data", "method-timeout"] {
            assert_eq!(send("POST", &format!("{page}{path}"), foreign, body.as_bytes()).status, 403, "{foreign}");
        }
    }
    assert!(bench.quiet(&mut visit));
    assert_eq!(send("POST", &format!("{page}browser-data"), &own, body.as_bytes()).status, 204);
    let expected = json!({ "language": "en-GB", "channel": "browser", "accept_header": "text/html,*/*;q=0.8",
                           "ip_address": "127.0.0.1" });
    assert_eq!(bench.signal(&mut visit), Signal::BrowserData(expected));
    assert_eq!(send("POST", &format!("{page}browser-data"), &own, b"[1").status, 400);
    assert_eq!(send("POST", &format!("{page}method-timeout"), "", b"{}").status, 204);
    assert_eq!(bench.signal(&mut visit), Signal::MethodTimedOut);
}

#[test]
fn the_hosted_page_returns_to_either_address() {
    let bench = bench();
    let mut visit = bench.visit();
    let base = visit.merchant_base().to_owned();
    for (path, to, session) in [
        ("success?x=1&cko-session-id=sid_a", Return::Success, Some(SessionId("sid_a".into()))),
        ("failure", Return::Failure, None),
    ] {
        let answer = get(&format!("{base}/{path}"));
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains("read with GET"), "{}", answer.body);
        assert_eq!(bench.signal(&mut visit), Signal::Returned { to, session });
    }
}

#[test]
fn the_plain_mode_takes_everything_below_its_inbox() {
    let token = "AAAAAAAAAAAAAAAAAAAAAA";
    let mut bench = bench_with(|journal, sink| Config { inbox: Some(token.into()), ..Config::plain(0, journal, sink) });
    let inbox = bench.listener.inbox();
    assert!(inbox.ends_with(&format!("/c/{token}/in")), "{inbox}");
    assert_eq!(bench.listener.merchant_addr(), None);
    for (method, path) in [("POST", ""), ("GET", "/a/b?c=d"), ("DELETE", "/"), ("PATCH", "/x"), ("OPTIONS", "/y")] {
        let body = format!("{method}{path}");
        assert_eq!(send(method, &format!("{inbox}{path}"), "", body.as_bytes()).status, 200, "{method} {path}");
        let delivery = bench.delivered();
        assert_eq!((delivery.kind, delivery.method.as_str()), (DeliveryKind::Inbox, method));
        assert!(delivery.target.ends_with(path), "{}", delivery.target);
    }
    assert_eq!(post(&inbox.replace(token, "BBBBBBBBBBBBBBBBBBBBBB"), &json!({})).status, 404);
}

#[test]
fn a_scripted_answer_comes_after_the_delivery_is_stored() {
    let script = Script { status: 500, delay: Duration::from_millis(700) };
    let mut bench = bench_with(|journal, sink| Config { script: Some(script), ..Config::plain(0, journal, sink) });
    let inbox = bench.listener.inbox();
    let start = Instant::now();
    let sender = std::thread::spawn(move || (post(&inbox, &json!({ "session_id": "sid_a" })), Instant::now()));
    let delivery = bench.delivered();
    let announced = Instant::now();
    assert_eq!(delivery.answered, 500);
    assert_eq!(bench.store.deliveries(1).expect("readable")[0].seq, delivery.seq);
    let (answer, answered) = sender.join().expect("answered");
    assert_eq!(answer.status, 500);
    assert!(answered.duration_since(start) >= script.delay);
    assert!(announced < answered, "stored and announced first");
    assert_eq!(delivery.seq, Seq(1));
}
