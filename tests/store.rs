//! The store by the user's door: the data folder, the journal, a killed process.
#![allow(missing_docs)]

use std::fs;
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sessions_console::bus::{Journal, Record, Refused};
use sessions_console::clock;
use sessions_console::model::delivery::{Delivery, DeliveryKind, Seq, Verdict};
use sessions_console::model::exchange::{Exchange, ExchangeId, Request, Response, Step, Timing};
use sessions_console::model::redact::{Origin, Redactor};
use sessions_console::model::settings::{Settings, Theme};
use sessions_console::model::{Lane, Problem, RunId, Secret, SessionId};
use sessions_console::store::{Store, StoreError, read_body, settings, write_body};
use tempfile::TempDir;

/// Set in the child that is killed: the data folder.
const CHILD: &str = "STORE_TEST_CHILD_DIR";
/// Set in the child that saves to a bare file name.
const BARE: &str = "STORE_TEST_CHILD_BARE";

fn delivery(body: &[u8]) -> Delivery {
    Delivery {
        seq: Seq(0),
        at: clock::stamp(),
        kind: DeliveryKind::Callback,
        run: Some(RunId(7)),
        session: Some(SessionId("sid_a".into())),
        peer: "127.0.0.1:9".parse().expect("an address"),
        method: "POST".into(),
        target: "/c/t/cb?x=1".into(),
        headers: vec![("Content-Type".into(), "application/json".into())],
        head: Bytes::from_static(b"POST /c/t/cb?x=1 HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"),
        body: Bytes::copy_from_slice(body),
        verdict: Verdict::Duplicate { of: Seq(3) },
        answered: 200,
    }
}

fn append(journal: &Journal, body: &[u8]) -> Result<Seq, Refused> {
    pollster::block_on(journal.append(Record::Delivery(Box::new(delivery(body)))))
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

#[test]
fn what_was_given_a_number_is_read_back_byte_for_byte() {
    let dir = folder();
    let odd: Vec<u8> = (0..=255).collect();
    let sent = delivery(&odd);
    {
        let store = Store::open(dir.path()).expect("opens");
        let journal = store.journal();
        let intent = Record::Intent(RunId(7), Step::Create, "POST /sessions".into());
        assert_eq!(pollster::block_on(journal.append(intent)).expect("kept"), Seq(1));
        assert_eq!(pollster::block_on(journal.append(Record::Delivery(Box::new(sent.clone())))).expect("kept"), Seq(2));
        let read = store.deliveries(10).expect("readable");
        assert_eq!(read, [Delivery { seq: Seq(2), ..sent.clone() }]);
        assert!(append(&journal, b"{}").is_ok());
        assert_eq!(store.deliveries(1).expect("readable")[0].seq, Seq(3), "the newest");
    }
    let store = Store::open(dir.path()).expect("opens again");
    assert_eq!(store.take_problem(), None);
    let read = store.deliveries(10).expect("readable");
    assert_eq!(read.len(), 2);
    // Numbers of runs begin anew with each start, so an old delivery must not join a new run.
    let expected = Delivery { seq: Seq(2), run: None, ..sent };
    assert_eq!(Delivery { at: expected.at, ..read[0].clone() }, expected);
    assert_eq!(read[0].at.wall, expected.at.wall);
    assert_eq!(read[0].at.mono, Duration::ZERO);
}

#[test]
fn card_numbers_and_live_secrets_do_not_reach_the_disk() {
    let dir = folder();
    let card = "4000056655665556";
    {
        let store = Store::open(dir.path()).expect("opens");
        append(&store.journal(), format!("{{\"n\":\"{card}\",\"t\":\"4242424242424242\"}}").as_bytes()).expect("kept");
        store.set_redactor(Redactor::new([Secret::new("canary-value-1")], Origin::Real));
        append(&store.journal(), b"{\"a\":\"canary-value-1\",\"cryptogram\":\"canary-value-2\"}").expect("kept");
        let bodies: Vec<_> = store.deliveries(9).expect("readable").into_iter().map(|d| d.body).collect();
        assert_eq!(&bodies[0][..], b"{\"n\":\"400005******5556\",\"t\":\"4242424242424242\"}");
        assert_eq!(&bodies[1][..], b"{\"a\":\"**************\",\"cryptogram\":\"**************\"}");
    }
    for entry in fs::read_dir(dir.path()).expect("listed") {
        let bytes = fs::read(entry.expect("an entry").path()).expect("readable");
        for canary in [card, "canary-value-1", "canary-value-2"] {
            assert!(!bytes.windows(canary.len()).any(|window| window == canary.as_bytes()), "{canary}");
        }
    }
}

/// True if any file of the folder holds these bytes.
fn anywhere(dir: &Path, canary: &str) -> bool {
    let files = fs::read_dir(dir).expect("listed").map(|entry| entry.expect("an entry").path());
    files.into_iter().any(|path| {
        let bytes = fs::read(path).expect("readable");
        bytes.windows(canary.len()).any(|window| window == canary.as_bytes())
    })
}

#[test]
fn a_card_number_in_no_column_reaches_the_disk() {
    let dir = folder();
    let card = "4000056655665556";
    {
        let store = Store::open(dir.path()).expect("opens");
        let mut sent = delivery(format!("{{\"session_id\":\"{card}\"}}").as_bytes());
        sent.session = Some(SessionId(card.into()));
        sent.verdict = Verdict::Swapped { named: SessionId(card.into()) };
        sent.method = card.into();
        sent.target = format!("/c/t/cb?n={card}");
        sent.headers.push((card.into(), card.into()));
        let exchange = |outcome| Exchange {
            id: ExchangeId(1),
            step: Step::Create,
            from: Lane::Merchant,
            to: Lane::Sessions,
            request: Request {
                method: "GET".into(),
                url: format!("https://api.example.test/sessions/{card}"),
                headers: vec![(card.into(), card.into())],
                body: Bytes::new(),
            },
            outcome,
            started: clock::stamp(),
            timing: Timing::default(),
            masked: 0,
        };
        let refused = exchange(Err(Problem::of(format!("{card} is unknown"), "Look")));
        let response = Response {
            status: 404,
            version: "HTTP/1.1".into(),
            headers: vec![("Location".into(), format!("/{card}"))],
            body: Bytes::new(),
            dropped_bytes: 0,
            cut: None,
        };
        let answered = exchange(Ok(response));
        for record in [
            Record::Delivery(Box::new(sent)),
            Record::Exchange(None, Arc::new(refused)),
            Record::Exchange(None, Arc::new(answered)),
            Record::Intent(RunId(1), Step::Create, format!("GET /sessions/{card}")),
        ] {
            pollster::block_on(store.journal().append(record)).expect("kept");
        }
        let read = store.deliveries(9).expect("readable");
        assert_eq!(read[0].session, Some(SessionId("400005******5556".into())));
        assert_eq!(read[0].verdict, Verdict::Swapped { named: SessionId("400005******5556".into()) });
    }
    assert!(!anywhere(dir.path(), card));
    assert!(anywhere(dir.path(), "400005******5556"), "the masked one is there");
}

#[test]
fn a_late_answer_corrects_its_row_and_no_other() {
    let dir = folder();
    let store = Store::open(dir.path()).expect("opens");
    let journal = store.journal();
    let append = |delivery: &Delivery| {
        pollster::block_on(journal.append(Record::Delivery(Box::new(delivery.clone())))).expect("kept")
    };
    let first = delivery(b"first");
    let seq = append(&first);
    append(&delivery(b"second"));
    assert_eq!(append(&Delivery { seq, answered: 503, ..first.clone() }), seq);
    let told = |store: &Store| -> Vec<(Seq, u16)> {
        store.deliveries(9).expect("readable").iter().map(|delivery| (delivery.seq, delivery.answered)).collect()
    };
    assert_eq!(told(&store), [(Seq(1), 503), (Seq(2), 200)]);
    // The number of a row that was moved aside may be another's by now: that one stays as it is.
    assert_eq!(append(&Delivery { seq: Seq(2), answered: 503, ..first }), Seq(3));
    assert_eq!(told(&store), [(Seq(1), 503), (Seq(2), 200), (Seq(3), 503)]);
}

#[test]
fn a_second_program_is_told_who_holds_the_folder() {
    let dir = folder();
    let store = Store::open(dir.path()).expect("opens");
    let refused = Store::open(dir.path()).err().expect("held");
    assert!(matches!(refused, StoreError::Held { holder: Some(pid), .. } if pid == std::process::id()), "{refused}");
    assert!(refused.problem().line().contains("--data-dir"));
    drop(store);
    Store::open(dir.path()).expect("free again");
}

#[test]
fn the_inbox_address_stays_from_start_to_start() {
    let dir = folder();
    let first = Store::open(dir.path()).expect("opens").inbox_token().expect("made");
    assert_eq!(first.len(), 22);
    assert_eq!(Store::open(dir.path()).expect("opens").inbox_token().expect("read"), first);
    let other = folder();
    assert_ne!(Store::open(other.path()).expect("opens").inbox_token().expect("made"), first);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_folder_or_its_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let base = folder();
    let dir = base.path().join("new");
    let store = Store::open(&dir).expect("opens");
    append(&store.journal(), b"{}").expect("kept");
    settings::save(&dir, &Settings::default()).expect("saved");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    let names: Vec<_> = fs::read_dir(&dir).expect("listed").map(|entry| entry.expect("an entry").path()).collect();
    assert!(names.len() >= 4, "{names:?}");
    for path in names {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_damaged_history_is_kept_aside_and_said() {
    for damage in [&b"this is no database at all, but long enough to look like one"[..], &[0xff; 9000]] {
        let dir = folder();
        fs::write(dir.path().join("history.db"), damage).expect("written");
        let store = Store::open(dir.path()).expect("opens with a new one");
        let problem = store.take_problem().expect("said");
        let aside = fs::read_dir(dir.path())
            .expect("listed")
            .map(|entry| entry.expect("an entry").path())
            .find(|path| path.to_string_lossy().contains("history.db.damaged-"))
            .expect("kept aside");
        assert_eq!(fs::read(&aside).expect("readable"), damage);
        assert!(problem.line().contains(&aside.file_name().expect("a name").to_string_lossy().into_owned()));
        append(&store.journal(), b"{}").expect("goes on");
    }
}

#[test]
fn a_damaged_page_is_found_at_the_start() {
    let dir = folder();
    {
        let store = Store::open(dir.path()).expect("opens");
        for _ in 0..50 {
            append(&store.journal(), &[b'x'; 3000]).expect("kept");
        }
    }
    let path = dir.path().join("history.db");
    let mut bytes = fs::read(&path).expect("readable");
    let tail = bytes.len() - 4096 * 8;
    bytes[tail..].fill(0xa5);
    fs::write(&path, &bytes).expect("written");
    let store = Store::open(dir.path()).expect("opens with a new one");
    assert!(store.take_problem().is_some());
    assert!(store.deliveries(10).expect("readable").is_empty());
}

#[test]
fn damage_met_while_writing_is_told_and_the_next_record_is_kept() {
    let dir = folder();
    drop(Store::open(dir.path()).expect("opens"));
    let path = dir.path().join("history.db");
    // Too large to be read through at the start, and the first page of a table is no page.
    let connection = rusqlite::Connection::open(&path).expect("opens");
    connection.execute_batch("CREATE TABLE pad (x); INSERT INTO pad VALUES (zeroblob(68157440))").expect("padded");
    let root = "SELECT rootpage FROM sqlite_master WHERE name = 'records'";
    let root: u32 = connection.query_row(root, [], |row| row.get(0)).expect("a root page");
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("all in one file");
    drop(connection);
    let mut file = fs::OpenOptions::new().write(true).open(&path).expect("opens");
    file.seek(SeekFrom::Start(u64::from(root - 1) * 4096))
        .and_then(|_| file.write_all(&[0xa5; 4096]))
        .expect("damaged");
    drop(file);
    assert!(fs::metadata(&path).expect("there").len() > 64 * 1024 * 1024);

    let store = Store::open(dir.path()).expect("opens");
    let (told, problems) = std::sync::mpsc::channel();
    store.on_problem(move |problem: Problem| told.send(problem).expect("the test listens"));
    assert!(problems.try_recv().is_err(), "nothing was found at the start");
    let refused = append(&store.journal(), b"lost").expect_err("not kept, so not said to be kept");
    assert!(refused.to_string().contains("malformed"), "{refused}");
    append(&store.journal(), b"kept").expect("goes on in a new one");
    let problem = problems.recv_timeout(Duration::from_secs(20)).expect("told");
    assert!(problem.line().contains("history.db.damaged-"), "{}", problem.line());
    assert_eq!(store.take_problem(), None, "told once");
    assert_eq!(store.deliveries(9).expect("readable").len(), 1);
}

#[test]
fn damage_of_the_start_is_told_to_who_asks_later() {
    let dir = folder();
    fs::write(dir.path().join("history.db"), [0xff; 9000]).expect("written");
    let store = Store::open(dir.path()).expect("opens with a new one");
    let (told, problems) = std::sync::mpsc::channel();
    store.on_problem(move |problem: Problem| told.send(problem).expect("the test listens"));
    assert!(problems.try_recv().expect("at once").line().contains("damaged"));
    assert_eq!(store.take_problem(), None);
}

#[test]
fn a_newer_history_is_left_alone() {
    let dir = folder();
    drop(Store::open(dir.path()).expect("opens"));
    let path = dir.path().join("history.db");
    let connection = rusqlite::Connection::open(&path).expect("opens");
    connection.pragma_update(None, "user_version", 99).expect("written");
    drop(connection);
    let refused = Store::open(dir.path()).err().expect("refused");
    assert!(matches!(refused, StoreError::Newer { found: 99, .. }), "{refused}");
    assert!(path.exists());
}

#[test]
fn a_commit_that_fails_is_refused_and_the_next_one_goes_on() {
    let dir = folder();
    let store = Store::open(dir.path()).expect("opens");
    let journal = store.journal();
    append(&journal, b"before").expect("kept");
    // Another program's write lock stands in for a disk that does not take the commit.
    let blocker = rusqlite::Connection::open(dir.path().join("history.db")).expect("opens");
    blocker.execute_batch("BEGIN EXCLUSIVE").expect("locked");
    let refused = append(&journal, b"during").expect_err("not kept, so not said to be kept");
    assert!(refused.to_string().contains("locked"), "{refused}");
    blocker.execute_batch("ROLLBACK").expect("released");
    append(&journal, b"after").expect("goes on by itself");
    let bodies: Vec<_> = store.deliveries(9).expect("readable").into_iter().map(|d| d.body).collect();
    assert_eq!(bodies, ["before", "after"]);
    assert_eq!(store.take_problem(), None);
}

#[test]
fn closing_writes_what_is_queued_and_refuses_what_comes_later() {
    let dir = folder();
    let store = Store::open(dir.path()).expect("opens");
    let journal = store.journal();
    let mut waiting: Vec<_> = Vec::new();
    for _ in 0..100 {
        waiting.push(Box::pin(journal.append(Record::Delivery(Box::new(delivery(b"queued"))))));
    }
    // Each future is polled once, so that its record is in the queue.
    pollster::block_on(async {
        for future in &mut waiting {
            std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx).is_ready())).await;
        }
    });
    drop(store);
    let store = Store::open(dir.path()).expect("opens");
    assert_eq!(store.deliveries(200).expect("readable").len(), 100);
    assert!(append(&journal, b"late").is_err());
}

/// Not a test of its own: the process that [`a_killed_process_loses_nothing_it_told_of`] kills.
#[test]
fn child_that_is_killed() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let store = Store::open(Path::new(&dir)).expect("opens");
    let journal = store.journal();
    let mut out = std::io::stdout();
    for number in 0_u32.. {
        let seq = append(&journal, format!("body {number}").as_bytes()).expect("kept");
        writeln!(out, "kept {} {number}", seq.0).and_then(|()| out.flush()).expect("the parent reads");
    }
}

fn spawn_child(dir: &Path) -> Child {
    Command::new(std::env::current_exe().expect("our own path"))
        .args(["child_that_is_killed", "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts")
}

#[test]
fn a_killed_process_loses_nothing_it_told_of() {
    for round in 1..=6_usize {
        let dir = folder();
        let mut child = spawn_child(dir.path());
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let mut told = Vec::new();
        for line in lines {
            if let Some(place) = line.find("kept ") {
                told.push(line[place..].to_owned());
            }
            if told.len() == round * 7 {
                child.kill().expect("killed"); // SIGKILL; what the pipe still holds is read on
            }
        }
        child.wait().expect("gone");
        assert!(told.len() >= round * 7);
        let store = Store::open(dir.path()).expect("the lock of the dead is free");
        assert_eq!(store.take_problem(), None);
        let kept = store.deliveries(usize::MAX).expect("readable");
        let kept: Vec<String> = kept
            .iter()
            .map(|d| format!("kept {} {}", d.seq.0, String::from_utf8_lossy(&d.body).replace("body ", "")))
            .collect();
        assert_eq!(kept[..told.len()], told[..], "told of, and not there");
        assert!(kept.len() <= told.len() + 1);
    }
}

#[test]
fn settings_survive_and_a_damaged_file_is_kept() {
    let dir = folder();
    assert_eq!(settings::load(dir.path()), (Settings::default(), None));
    let chosen = Settings { theme: Theme::Light, zoom: 1.25, ..Settings::default() };
    settings::save(dir.path(), &chosen).expect("saved");
    assert_eq!(settings::load(dir.path()), (chosen.clone(), None));

    let path = dir.path().join("settings.json");
    fs::write(&path, "{\"theme\": \"li").expect("written");
    let (read, problem) = settings::load(dir.path());
    assert_eq!(read, Settings::default());
    let line = problem.expect("said").line();
    assert!(line.contains("settings.json") && line.contains("EOF"), "{line}");
    assert_eq!(fs::read_to_string(&path).expect("still there"), "{\"theme\": \"li");

    settings::save(dir.path(), &chosen).expect("saved");
    assert_eq!(settings::load(dir.path()), (chosen, None));
    let names: Vec<String> = fs::read_dir(dir.path())
        .expect("listed")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    let aside = names.iter().find(|name| name.starts_with("settings.json.damaged-")).expect("kept aside");
    assert_eq!(fs::read_to_string(dir.path().join(aside)).expect("readable"), "{\"theme\": \"li");
    assert!(!names.iter().any(|name| name.contains(".new-")), "{names:?}");
}

#[test]
fn settings_that_cannot_be_written_say_why() {
    let dir = folder();
    let file = dir.path().join("a-file");
    fs::write(&file, "x").expect("written");
    let refused = settings::save(&file.join("below"), &Settings::default()).expect_err("no folder there");
    assert!(!refused.problem().causes.is_empty(), "{refused:?}");
    // A folder in the file's place can be neither read nor replaced, whoever we are.
    fs::create_dir_all(dir.path().join("settings.json/kept")).expect("made");
    assert!(settings::load(dir.path()).1.is_some());
    fs::create_dir(dir.path().join("settings.new-0")).expect("made");
    assert!(settings::save(dir.path(), &Settings::default()).is_ok(), "the odd thing is moved aside");
    assert!(
        fs::read_dir(dir.path()).expect("listed").any(|entry| entry.expect("an entry").path().join("kept").exists())
    );
}

#[test]
fn a_body_is_written_without_card_numbers_that_are_no_test_numbers() {
    let dir = folder();
    let path = dir.path().join("body.json");
    let text = r#"{"a":"4242424242424242","b":"4000056655665556","c":"4000 0566 5566 5556","d":"4242 4242 4242 4242"}"#;
    assert_eq!(write_body(&path, text).expect("written"), 2);
    let kept = r#"{"a":"4242424242424242","b":"400005******5556","c":"4000 05** **** 5556","d":"4242 4242 4242 4242"}"#;
    assert_eq!(read_body(&path).expect("readable"), kept);
    assert_eq!(write_body(&path, r#"{"a":"4242424242424242"}"#).expect("replaced"), 0);
    assert_eq!(read_body(&path).expect("readable"), r#"{"a":"4242424242424242"}"#);
}

/// Not a test of its own: a process whose working folder is the test's.
#[test]
fn child_that_saves_to_a_bare_name() {
    if std::env::var_os(BARE).is_some() {
        write_body(Path::new("bare.json"), "{}").expect("saved");
    }
}

#[test]
fn a_bare_file_name_is_saved_in_the_working_folder() {
    let dir = folder();
    let output = Command::new(std::env::current_exe().expect("our own path"))
        .args(["child_that_saves_to_a_bare_name", "--exact", "--nocapture"])
        .env(BARE, "1")
        .current_dir(dir.path())
        .output()
        .expect("starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_to_string(dir.path().join("bare.json")).expect("there"), "{}");
}
