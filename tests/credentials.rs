//! Profiles, secrets and tokens through the engine: with a keychain, a hanging one and none,
//! against token servers that answer as they like.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keyring_core::api::CredentialStoreApi as _;
use sessions_console::bus::Command;
use sessions_console::engine::{Engine, Options};
use sessions_console::model::draft::Completion;
use sessions_console::model::exchange::Step;
use sessions_console::model::profile::{Environment, Profile, ProfileId, TokenStatus};
use sessions_console::model::run::{Phase, Plan, What};
use sessions_console::model::settings::Pace;
use sessions_console::model::{Keeping, Problem, Secret, SecretState, Workspace};
use sessions_console::store::keychain::{Keychain, KeychainError, LIMIT};
use support::{Bench, bench, lines, plan};

const CANARY: &str = "c4nary-of-the-keychain";
const KEY: &str = "c4nary-of-the-webhooks";
const TOKEN: &str = r#"{"access_token":"t0ken","expires_in":3600,"token_type":"Bearer","scope":"sessions gateway"}"#;

/// The crate's own store in memory; lives as long as somebody holds it.
fn store() -> Arc<keyring_core::mock::Store> {
    keyring_core::mock::Store::new().unwrap()
}

fn keychain(store: &Arc<keyring_core::mock::Store>) -> Keychain {
    let store = store.clone();
    Keychain::of(move |user| Ok(keyring::Entry { inner: store.build("sessions-console", user, None)? }))
}

/// What the store holds of a profile.
fn kept(store: &Arc<keyring_core::mock::Store>, id: &ProfileId) -> Option<String> {
    store.build("sessions-console", &id.0, None).unwrap().get_password().ok()
}

fn start(dir: tempfile::TempDir, keychain: Keychain) -> Bench {
    let options = Options { keychain, ..support::options(&dir) };
    Bench { engine: Engine::start(options, || ()).expect("an engine"), dir }
}

/// A token server that answers everything with these bytes; counts the requests.
fn token_server(answer: &str) -> (u16, Arc<AtomicUsize>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, count) = (socket.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let (answer, counted) = (answer.to_owned(), count.clone());
    std::thread::spawn(move || {
        for mut stream in socket.incoming().flatten() {
            let (mut got, mut piece) = (Vec::new(), [0; 4096]);
            while !whole(&got) {
                match stream.read(&mut piece) {
                    Ok(n) if n > 0 => got.extend_from_slice(&piece[..n]),
                    _ => break,
                }
            }
            counted.fetch_add(1, Ordering::SeqCst);
            stream.write_all(answer.as_bytes()).ok();
        }
    });
    (port, count)
}

/// True if the head and as many bytes as it says are there.
fn whole(got: &[u8]) -> bool {
    let text = String::from_utf8_lossy(got);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
    body.len() >= length.unwrap_or(0)
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn profile(port: u16) -> Profile {
    Profile {
        name: "Mine".into(),
        base_url: format!("http://127.0.0.1:{port}"),
        token_url: format!("http://127.0.0.1:{port}/connect/token"),
        client_id: "ack_mine".into(),
        ..Profile::new(ProfileId(String::new()), Environment::Custom)
    }
}

/// Adds a profile as the window does; it is then the one in use.
fn add(bench: &mut Bench, profile: Profile) -> Profile {
    bench.engine.dispatch(Command::AddProfile(profile));
    bench.engine.workspace().profile().expect("it is in use").clone()
}

fn keeping(workspace: &Workspace, id: &ProfileId) -> Option<Keeping> {
    workspace.keychain.get(id).filter(|keeping| **keeping != Keeping::Asking).cloned()
}

fn failure(bench: &mut Bench, id: &ProfileId) -> Problem {
    bench.until("the keychain's failure", |w| matches!(keeping(w, id), Some(Keeping::Failed(_))));
    match keeping(bench.engine.workspace(), id) {
        Some(Keeping::Failed(problem)) => problem,
        other => panic!("{other:?}"),
    }
}

/// Fetches a token by hand; what came of it.
fn token(bench: &mut Bench) -> TokenStatus {
    if *bench.engine.workspace().token() != TokenStatus::Absent {
        bench.engine.dispatch(Command::ForgetToken); // else the old one would answer for the new
        bench.until("no token", |w| *w.token() == TokenStatus::Absent);
    }
    bench.engine.dispatch(Command::RenewToken);
    bench.until("a token or none", |w| matches!(w.token(), TokenStatus::Live(_) | TokenStatus::Failed(_)));
    bench.engine.workspace().token().clone()
}

/// Everything below the data folder, as text.
fn on_disk(bench: &Bench) -> String {
    let files = std::fs::read_dir(bench.dir.path()).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter_map(|path| std::fs::read(path).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

#[test]
fn a_remembered_secret_is_there_at_the_next_start_and_in_no_file() {
    let (port, _) = token_server(&answer("200 OK", TOKEN));
    let store = store();
    let mut bench = start(tempfile::tempdir().unwrap(), keychain(&store));
    let mine = add(&mut bench, profile(port));
    bench.engine.dispatch(Command::SetSecret(mine.id.clone(), Secret::new(CANARY)));
    bench.engine.dispatch(Command::SetWebhookKey(mine.id.clone(), Secret::new(KEY)));
    assert_eq!(kept(&store, &mine.id), None, "not before it is asked for");
    bench.engine.dispatch(Command::SaveProfile(Profile { remember: true, ..mine.clone() }));
    bench.until("kept", |w| keeping(w, &mine.id) == Some(Keeping::Kept));
    let Bench { engine, dir } = bench;
    drop(engine);
    let mut bench = start(dir, keychain(&store));
    assert!(!on_disk(&bench).contains("c4nary"), "in no file");
    assert_eq!(bench.engine.workspace().profile().map(|profile| &profile.id), Some(&mine.id));
    bench.until("the secret", |w| w.secrets.get(&mine.id) == Some(&SecretState::Held));
    assert!(bench.engine.workspace().webhook_keys.contains(&mine.id));
    assert_eq!(bench.engine.webhook_key(&mine.id), Some(Secret::new(KEY)));
    assert!(matches!(token(&mut bench), TokenStatus::Live(_)));
    bench.engine.dispatch(Command::SaveProfile(Profile { remember: false, ..mine.clone() }));
    bench.until("gone from the keychain", |w| keeping(w, &mine.id) == Some(Keeping::Nothing));
    assert_eq!(kept(&store, &mine.id), None);
    assert_eq!(bench.engine.workspace().secrets[&mine.id], SecretState::Held, "in memory still");
}

#[test]
fn what_the_keychain_kept_goes_only_to_the_hosts_it_was_entered_for() {
    let (port, asked) = token_server(&answer("200 OK", TOKEN));
    let store = store();
    let mut bench = start(tempfile::tempdir().unwrap(), keychain(&store));
    let mine = add(&mut bench, Profile { remember: true, ..profile(port) });
    bench.engine.dispatch(Command::SetSecret(mine.id.clone(), Secret::new(CANARY)));
    bench.until("kept", |w| keeping(w, &mine.id) == Some(Keeping::Kept));
    let Bench { engine, dir } = bench;
    drop(engine);
    // Somebody edits the settings file.
    let (stranger, strange) = token_server(&answer("200 OK", TOKEN));
    let path = dir.path().join("settings.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(&format!(":{port}"), &format!(":{stranger}"))).unwrap();
    let mut bench = start(dir, keychain(&store));
    bench.until("locked", |w| matches!(w.secrets.get(&mine.id), Some(SecretState::Locked { .. })));
    assert!(matches!(token(&mut bench), TokenStatus::Failed(_)));
    assert_eq!((asked.load(Ordering::SeqCst), strange.load(Ordering::SeqCst)), (0, 0), "nothing was sent");
    bench.engine.dispatch(Command::AllowHosts(mine.id.clone()));
    assert_eq!(bench.engine.workspace().secrets[&mine.id], SecretState::Held);
    assert!(matches!(token(&mut bench), TokenStatus::Live(_)));
    assert_eq!(strange.load(Ordering::SeqCst), 1);
}

#[test]
fn a_hanging_keychain_is_given_up_after_three_seconds_and_the_secret_stays_in_memory() {
    let (port, _) = token_server(&answer("200 OK", TOKEN));
    let hanging = Keychain::of(|_| {
        loop {
            std::thread::park();
        }
    });
    let mut bench = start(tempfile::tempdir().unwrap(), hanging);
    let began = Instant::now();
    let mine = add(&mut bench, Profile { remember: true, ..profile(port) });
    let problem = failure(&mut bench, &mine.id);
    let took = began.elapsed();
    assert!(took >= LIMIT && took < LIMIT + Duration::from_secs(10), "{took:?}");
    assert!(problem.summary.contains("no answer from the keychain within 3 s"), "{problem:?}");
    assert!(problem.summary.contains("In memory only"), "{problem:?}");
    // The engine answers meanwhile, and the secret serves.
    let began = Instant::now();
    bench.engine.dispatch(Command::SetSecret(mine.id.clone(), Secret::new(CANARY)));
    assert!(began.elapsed() < Duration::from_secs(1));
    assert!(matches!(token(&mut bench), TokenStatus::Live(_)));
    assert!(!failure(&mut bench, &mine.id).line().contains(CANARY));
}

#[test]
fn without_a_keychain_the_reason_and_the_package_are_said() {
    let none = Keychain::of(|_| Err(keyring::Error::PlatformFailure("no session bus".into())));
    let mut bench = start(tempfile::tempdir().unwrap(), none);
    let mine = add(&mut bench, Profile { remember: true, ..profile(1) });
    bench.engine.dispatch(Command::SetSecret(mine.id.clone(), Secret::new(CANARY)));
    let problem = failure(&mut bench, &mine.id);
    let line = problem.line();
    assert!(line.contains("In memory only for this program run: no keychain can be reached"), "{line}");
    assert!(line.contains("no session bus"), "{line}");
    assert!(!line.contains(CANARY), "{line}");
    if cfg!(target_os = "linux") {
        assert!(line.contains("gnome-keyring"), "{line}");
    }
    assert_eq!(bench.engine.workspace().secrets[&mine.id], SecretState::Held);
    assert!(!on_disk(&bench).contains(CANARY), "no plain file instead");
}

/// The system's own, where there is certainly none: no bus is named and none is at its place.
#[cfg(target_os = "linux")]
#[test]
fn a_machine_without_a_secret_service_is_told_from_an_empty_keychain() {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").is_some();
    if runtime || std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some() {
        return; // a real keychain is nobody's business here
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let got = runtime.block_on(Keychain::of_system().load(&ProfileId("nobody".into())));
    match got {
        Err(error @ (KeychainError::Absent(_) | KeychainError::Silent)) => {
            assert!(!error.hint().is_empty() && error.problem().line().contains("keychain"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn errors_of_the_keychain_never_quote_what_it_holds() {
    let store = store();
    let entry = store.build("sessions-console", "x", None).unwrap();
    entry.set_password(&format!("{CANARY} is no entry of ours")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(keychain(&store).load(&ProfileId("x".into()))).expect_err("not ours");
    assert!(matches!(error, KeychainError::Unreadable), "{error:?}");
    assert!(!format!("{error:?} {}", error.problem().line()).contains(CANARY));
    let data = || keyring::Error::BadEncoding(CANARY.as_bytes().to_vec());
    let odd = Keychain::of(move |_| Err(data()));
    let error = runtime.block_on(odd.load(&ProfileId("x".into()))).expect_err("odd");
    assert!(!format!("{error:?}").contains(&format!("{:?}", CANARY.as_bytes())), "{error:?}");
}

#[test]
fn forgetting_and_deleting_reach_the_keychain() {
    let store = store();
    let mut bench = start(tempfile::tempdir().unwrap(), keychain(&store));
    let mine = add(&mut bench, Profile { remember: true, ..profile(1) });
    let keep = |bench: &mut Bench| {
        bench.engine.dispatch(Command::SetSecret(mine.id.clone(), Secret::new(CANARY)));
        bench.until("kept", |w| keeping(w, &mine.id) == Some(Keeping::Kept));
        assert!(kept(&store, &mine.id).unwrap().contains(CANARY));
    };
    keep(&mut bench);
    bench.engine.dispatch(Command::ForgetSecrets(mine.id.clone()));
    assert!(!bench.engine.workspace().secrets.contains_key(&mine.id), "at once");
    bench.until("forgotten", |w| keeping(w, &mine.id) == Some(Keeping::Nothing));
    assert_eq!(kept(&store, &mine.id), None);
    keep(&mut bench);
    bench.engine.dispatch(Command::RemoveProfile(mine.id.clone()));
    let workspace = bench.engine.workspace();
    assert!(workspace.settings.profiles.iter().all(|profile| profile.id != mine.id));
    assert_eq!(workspace.profile().map(|profile| profile.environment), Some(Environment::Embedded));
    let deadline = Instant::now() + support::DEADLINE;
    while kept(&store, &mine.id).is_some() {
        assert!(Instant::now() < deadline, "the entry stays");
        bench.engine.wait(Duration::from_millis(50));
    }
    bench.engine.dispatch(Command::RemoveProfile(Profile::embedded().id));
    assert!(bench.engine.workspace().profile().is_some(), "the program's own cannot be deleted");
}

#[test]
fn profiles_stand_by_name_and_a_copy_is_another_one() {
    let mut bench = bench();
    for name in ["Zulu", "alpha", "Mike"] {
        add(&mut bench, Profile { name: name.into(), ..profile(1) });
    }
    let copied = add(&mut bench, Profile { name: "beta".into(), ..profile(1) });
    let profiles = &bench.engine.workspace().settings.profiles;
    let names: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(names, ["Embedded sandbox", "alpha", "beta", "Mike", "Zulu"]);
    let ids: std::collections::HashSet<_> = profiles.iter().map(|profile| &profile.id).collect();
    assert_eq!(ids.len(), 5);
    bench.engine.dispatch(Command::SaveProfile(Profile { name: "Zebra".into(), ..copied }));
    let last = bench.engine.workspace().settings.profiles.last().unwrap();
    assert_eq!(last.name, "Zulu");
}

#[test]
fn the_profile_of_the_environment_is_used_and_never_saved() {
    let (port, _) = token_server(&answer("200 OK", TOKEN));
    let dir = tempfile::tempdir().unwrap();
    let given = Profile { id: ProfileId("env".into()), name: "From the environment".into(), ..profile(port) };
    let secret = Some(Secret::new(CANARY));
    let options = Options { environment_profile: Some(given.clone()), client_secret: secret, ..support::options(&dir) };
    let mut bench = Bench { engine: Engine::start(options, || ()).expect("an engine"), dir };
    assert_eq!(bench.engine.workspace().profile(), Some(&given));
    assert!(matches!(token(&mut bench), TokenStatus::Live(_)));
    let mine = add(&mut bench, profile(port));
    bench.engine.dispatch(Command::UseProfile(given.id.clone()));
    let Bench { engine, dir } = bench;
    drop(engine);
    let bench = start(dir, Keychain::off());
    assert!(!on_disk(&bench).contains("From the environment") && !on_disk(&bench).contains(CANARY));
    assert_eq!(bench.engine.workspace().profile().map(|profile| &profile.id), Some(&mine.id), "the saved one in use");
}

#[test]
fn each_refusal_of_a_token_server_is_explained() {
    for (answer, words) in [
        (answer("400 Bad Request", r#"{"error":"invalid_client"}"#), ["400 invalid_client", "another access key"]),
        (answer("400 Bad Request", r#"{"error":"invalid_scope"}"#), ["400 invalid_scope", "sessions:app"]),
        (
            answer("400 Bad Request", r#"{"error":"unauthorized_client"}"#),
            ["unauthorized_client", "client credentials"],
        ),
        (answer("401 Unauthorized", ""), ["401 no error code", "another server"]),
        (answer("200 OK", "<html>"), ["200 no access_token", "proxy"]),
        (answer("302 Found", ""), ["302 no error code", "redirect"]),
        (answer("404 Not Found", ""), ["404 no error code", "/connect/token"]),
        (answer("503 Service Unavailable", "busy"), ["503 no error code", "outage"]),
    ] {
        let (port, asked) = token_server(&answer);
        let mut bench = bench();
        let mine = add(&mut bench, profile(port));
        bench.engine.dispatch(Command::SetSecret(mine.id, Secret::new(CANARY)));
        let TokenStatus::Failed(problem) = token(&mut bench) else { panic!("{answer}") };
        let line = problem.line();
        assert!(words.iter().all(|word| line.contains(word)), "{words:?} in {line}");
        assert!(problem.hint.is_some() && !line.contains(CANARY), "{line}");
        assert_eq!(asked.load(Ordering::SeqCst), 1, "asked once");
    }
}

#[test]
fn silence_of_a_token_server_is_explained() {
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut bench = bench();
    let mine = add(&mut bench, profile(dead));
    bench.engine.dispatch(Command::SetSecret(mine.id, Secret::new(CANARY)));
    let TokenStatus::Failed(problem) = token(&mut bench) else { panic!("somebody listens at {dead}") };
    assert!(problem.causes[0].contains("Nothing listens"), "{problem:?}");
}

#[test]
fn a_missing_scope_is_named_before_the_call_and_the_call_is_sent() {
    let mut bench = bench();
    let embedded = bench.engine.workspace().profile().unwrap().clone();
    bench.engine.dispatch(Command::SaveProfile(Profile { scopes: "gateway".into(), ..embedded.clone() }));
    let id = bench.start(Plan { pace: Pace::Manual, ..plan(Completion::NonHosted) });
    let told = |w: &Workspace, word: &str| w.notices.iter().any(|notice| notice.problem.summary.contains(word));
    assert!(told(bench.engine.workspace(), "Create session needs the scope"), "before anything is sent");
    assert_eq!(bench.run(id).entries.len(), 0);
    let turn = bench.turn_with(id, Step::Create);
    bench.engine.dispatch(Command::Send(id, turn.request));
    bench.until("the refusal", |w| lines(&w.runs[&id]).iter().any(|line| line.contains("POST /sessions 403")));
    bench.turn_with(id, Step::Create); // which is named as well
    // With the scope there is nothing to say, and the old token is not used again.
    let notices: Vec<u64> = bench.engine.workspace().notices.iter().map(|notice| notice.number).collect();
    notices.into_iter().for_each(|number| bench.engine.dispatch(Command::Dismiss(number)));
    bench.engine.dispatch(Command::SaveProfile(Profile { scopes: "sessions".into(), ..embedded }));
    bench.until("the old token is gone", |w| *w.token() == TokenStatus::Absent);
    let id = bench.start(plan(Completion::NonHosted));
    bench.end_of(id);
    assert!(!told(bench.engine.workspace(), "needs the scope"));
    // The payment needs another one.
    bench.engine.dispatch(Command::Do(id, Step::Authorise));
    assert!(told(bench.engine.workspace(), "Authorise needs the scope gateway or gateway:payment"));
    let refused = |w: &Workspace| {
        w.runs[&id].entries.iter().any(|entry| match &entry.what {
            What::Exchange(exchange) => exchange.step == Step::Authorise && exchange.status() == Some(403),
            _ => false,
        })
    };
    bench.until("the refusal", refused);
}

#[test]
fn a_number_that_is_no_test_number_is_asked_about_once_for_each_run() {
    let (port, asked) = token_server(&answer("200 OK", TOKEN));
    let mut bench = bench();
    let mine = add(&mut bench, profile(port));
    bench.engine.dispatch(Command::SetSecret(mine.id.clone(), Secret::new(CANARY)));
    let plan = Plan { profile: mine.id, ..support::plan_with_card(Completion::NonHosted, "4000056655665556") };
    for _ in 0..2 {
        let before = asked.load(Ordering::SeqCst);
        let id = bench.start(plan.clone());
        let turn = bench.turn_with(id, Step::Create);
        let problem = turn.problem.expect("a question");
        assert!(problem.summary.contains("no test number"), "{problem:?}");
        assert!(problem.summary.contains("5556") && !problem.line().contains("4000056655665556"), "{problem:?}");
        assert_eq!(asked.load(Ordering::SeqCst), before, "not even a token was asked for");
        bench.engine.dispatch(Command::Send(id, turn.request));
        bench.until("the request", |w| lines(&w.runs[&id]).iter().any(|line| line.contains("POST /sessions 200")));
        // What it sends of itself after that is over before the next one is counted.
        bench.until("its rest", |w| !matches!(w.runs[&id].phase, Phase::Working(_)));
        bench.engine.dispatch(Command::Cancel(id));
    }
    // Nobody is there to be asked: it goes.
    let id = bench.start(Plan { unattended: true, ..plan });
    bench.until("the request", |w| lines(&w.runs[&id]).iter().any(|line| line.contains("POST /sessions 200")));
}
