//! What the API refuses: 409, 429 and 5xx are told, with what to do, and the run goes on.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use sessions_console::bus::Command;
use sessions_console::model::draft::Completion;
use sessions_console::model::exchange::Step;
use sessions_console::model::run::{Auth, Phase, Plan, StepRequest, What};
use sessions_console::model::settings::Pace;

use crate::support::{bench, lines, plan, status};
use crate::{TOKEN, bench_with, fake_api};

#[test]
fn each_refusal_says_what_to_do_and_the_run_goes_on() {
    for (word, advice) in [
        ("409", "Another call works on this session"),
        ("500", "the outcome is unknown"),
        ("501", "does not offer it"),
        ("502", "the outcome is unknown"),
        ("503", "wait a moment"),
    ] {
        let mut bench = bench();
        let mut refused = plan(Completion::NonHosted);
        refused.body = refused.body.replace("INV-1001", &format!("SBX:{word}"));
        let id = bench.start(refused);
        let turn = bench.turn_of(id);
        let problem = turn.problem.expect("a problem");
        assert!(problem.summary.contains(word), "{problem:?}");
        assert!(problem.hint.as_deref().is_some_and(|hint| hint.contains(advice)), "{word}: {problem:?}");
        let mended = StepRequest { body: turn.request.body.replace(&format!("SBX:{word}"), "INV-1"), ..turn.request };
        bench.engine.dispatch(Command::Send(id, mended));
        assert_eq!(status(bench.end_of(id)), "approved", "{word}");
    }
}

const BUSY: &str = r#"{"request_id":"r","error_type":"too_many_requests","error_codes":["rate_limit_exceeded"]}"#;
const DONE: &str = r#"{"id":"sid_x","session_secret":"sek_x","status":"approved","next_actions":[],"completed":true}"#;

/// Refuses so many times to create, with these header lines.
fn busy_api(times: usize, lines: &'static str) -> u16 {
    let left = Mutex::new(times);
    let (port, requests) = fake_api(move |line| {
        if line.starts_with("POST /connect/token") {
            return ("200 OK", TOKEN.into());
        }
        let mut left = left.lock().expect("one thread");
        if line.starts_with("POST /sessions ") && *left > 0 {
            *left -= 1;
            return (lines, BUSY.into());
        }
        ("201 Created", DONE.into())
    });
    std::thread::spawn(move || requests.into_iter().for_each(drop)); // nobody looks at them here
    port
}

fn creates(bench: &crate::support::Bench, id: sessions_console::model::RunId) -> usize {
    lines(bench.run(id)).iter().filter(|line| line.starts_with("Create session POST")).count()
}

#[test]
fn too_many_requests_are_sent_again_after_the_pause_that_was_asked_for() {
    let port = busy_api(2, "429 Too Many Requests\r\nRetry-After: 1");
    let (mut bench, profile) = bench_with(port);
    let began = Instant::now();
    let id = bench.start(Plan { profile, ..plan(Completion::NonHosted) });
    let run = bench.end_of(id);
    assert_eq!(status(run), "approved", "{}", lines(run).join("\n"));
    assert!(began.elapsed() >= Duration::from_secs(2), "both pauses were kept");
    let pauses: Vec<_> = run.entries.iter().filter(|entry| matches!(entry.what, What::Paused(Step::Create))).collect();
    assert!(pauses.len() == 2 && pauses.iter().all(|entry| entry.took >= Some(Duration::from_millis(900))));
    assert_eq!(creates(&bench, id), 3, "each try is a row");
}

#[test]
fn a_pause_can_be_cancelled_and_the_run_goes_on_afterwards() {
    let port = busy_api(1, "429 Too Many Requests\r\nRetry-After: 100");
    let (mut bench, profile) = bench_with(port);
    let id = bench.start(Plan { profile, ..plan(Completion::NonHosted) });
    bench.until("the pause", |w| w.runs[&id].entries.iter().any(|entry| matches!(entry.what, What::Paused(_))));
    bench.engine.dispatch(Command::Cancel(id));
    bench.until("the word", |w| w.runs[&id].entries.iter().any(|entry| matches!(entry.what, What::Cancelled)));
    assert_eq!(creates(&bench, id), 1);
    bench.engine.dispatch(Command::Do(id, Step::Create));
    assert_eq!(status(bench.end_of(id)), "approved");
}

#[test]
fn too_long_or_too_many_pauses_are_a_persons_matter() {
    let (mut bench, profile) = bench_with(busy_api(1, "429 Too Many Requests\r\nRetry-After: 3600"));
    let id = bench.start(Plan { profile, ..plan(Completion::NonHosted) });
    let problem = bench.turn_of(id).problem.expect("a problem");
    assert!(problem.summary.contains("429 rate_limit_exceeded"), "{problem:?}");
    let (mut bench, profile) = bench_with(busy_api(100, "429 Too Many Requests\r\nRetry-After: 0"));
    let id = bench.start(Plan { profile, ..plan(Completion::NonHosted) });
    bench.turn_of(id);
    assert_eq!(creates(&bench, id), 6, "one, and five more");
}

#[test]
fn with_another_authorization_nothing_is_repeated() {
    let (mut bench, profile) = bench_with(busy_api(1, "429 Too Many Requests\r\nRetry-After: 0"));
    let id = bench.start(Plan { profile, pace: Pace::Manual, ..plan(Completion::NonHosted) });
    let turn = bench.turn_with(id, Step::Create);
    bench.engine.dispatch(Command::Send(id, StepRequest { auth: Auth::Nothing, ..turn.request }));
    bench.until("the refusal", |w| matches!(&w.runs[&id].phase, Phase::Waiting(turn) if turn.problem.is_some()));
    assert_eq!(creates(&bench, id), 1);
}

#[test]
fn a_decoupled_session_is_read_again_until_the_bank_has_decided() {
    let waits =
        r#"{"id":"sid_x","session_secret":"sek_x","status":"challenged","response_code":"D","next_actions":[]}"#;
    let reads = Mutex::new(0);
    let (port, requests) = fake_api(move |line| {
        if line.starts_with("POST /connect/token") {
            return ("200 OK", TOKEN.into());
        }
        let mut reads = reads.lock().expect("one thread");
        *reads += usize::from(line.starts_with("GET "));
        if *reads < 2 { ("201 Created", waits.into()) } else { ("200 OK", DONE.into()) }
    });
    std::thread::spawn(move || requests.into_iter().for_each(drop));
    let (mut bench, profile) = bench_with(port);
    let id = bench.start(Plan { profile, ..plan(Completion::NonHosted) });
    let run = bench.end_of(id);
    assert_eq!((status(run), run.progress.confirmed), ("approved", true));
    assert!(run.length() >= Duration::from_secs(4), "2 s, then 3 s: {:?}", run.length());
}
