//! Every kind of fault at every hop that it can reach, in real sessions of engine and sandbox:
//! each ends in an allowed state, and something on the timeline says by name what went wrong.
//!
//! Each cell is a scenario of its own with an engine of its own; time is virtual, and only
//! where the network's own time is troubled (API, callback) does any pass. The list of cells
//! and of the ends that each may have is in `faults/cells.rs`.

#[path = "faults/cells.rs"]
mod cells;
#[path = "support/lab.rs"]
mod lab;
mod support;
#[path = "faults/traps.rs"]
mod traps;

use std::collections::BTreeSet;
use std::panic;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sessions_console::bus::Command;
use sessions_console::engine::{ClockMode, Engine, Options};
use sessions_console::model::api::Status;
use sessions_console::model::deck;
use sessions_console::model::exchange::Step;
use sessions_console::model::lint::observed::observed;
use sessions_console::model::run::{Phase, Plan, Run, What};
use sessions_console::model::scenario::Hop;
use sessions_console::model::settings::Pace;

use cells::Cell;
use support::{lines, status};

/// How long a run may take, on the wall: the runner's own limit.
const LIMIT: Duration = Duration::from_secs(60);
/// Cells at once. Most of their time nobody computes: somebody waits for the network.
const JOBS: usize = 6;

/// What came of a cell.
struct Outcome {
    name: String,
    status: String,
    /// Rules of lint, each once.
    rules: Vec<&'static str>,
    /// Steps that failed.
    failed: usize,
    /// Rows that the sandbox posted about the fault.
    told: usize,
    /// What is wrong with it; empty if nothing is.
    flaws: Vec<String>,
    took: Duration,
    lines: Vec<String>,
}

impl Outcome {
    fn row(&self) -> String {
        let (rules, flaws) = (self.rules.join(" "), self.flaws.join("; "));
        let Self { name, status, failed, told, took, .. } = self;
        format!("{name:<44} {status:<20} {rules:<36} failed {failed} told {told} {:>5} ms  {flaws}", took.as_millis())
    }
}

#[test]
fn every_fault_at_every_hop_ends_in_a_named_finding_and_an_allowed_state() {
    static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICS.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(info.to_string());
        usual(info);
    }));
    let only = std::env::var("FAULTS").unwrap_or_default(); // part of a cell's name, to look at few
    let cells: Vec<Cell> = cells::all().into_iter().filter(|cell| cell.name.contains(&only)).collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = carry_out(cell);
                    done.lock().expect("no panic while it is held").push((cell.hop, outcome));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no panic while it was held");
    done.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
    let table = |outcomes: &[(Hop, Outcome)]| outcomes.iter().map(|(_, one)| one.row()).collect::<Vec<_>>().join("\n");
    println!("{}", table(&done));
    let panics = PANICS.lock().expect("no panic while it is held").clone();
    assert!(panics.is_empty(), "{}\n{}", panics.join("\n"), table(&done));
    let wrong: Vec<&Outcome> = done.iter().map(|(_, one)| one).filter(|one| !one.flaws.is_empty()).collect();
    let described = |one: &&Outcome| format!("{}\n    {}", one.row(), one.lines.join("\n    "));
    let wrong: Vec<String> = wrong.iter().map(described).collect();
    assert!(wrong.is_empty(), "{}\n\n{}", table(&done), wrong.join("\n"));
}

/// What the findings are held against: without a fault there is none.
#[test]
fn without_a_fault_nothing_is_found() {
    for cell in cells::clean() {
        let outcome = carry_out(&cell);
        let found = (outcome.status.as_str(), outcome.rules.as_slice(), outcome.failed, outcome.told);
        assert_eq!(found, ("approved", [].as_slice(), 0, 0), "{}\n{}", outcome.row(), outcome.lines.join("\n"));
    }
}

/// One cell of each pair that a file may name, so that nothing is left out.
#[test]
fn every_pair_has_a_cell() {
    let there: BTreeSet<_> = cells::all().iter().map(|cell| (cell.hop, cell.kind)).collect();
    for hop in Hop::ALL {
        for kind in hop.kinds() {
            assert!(there.contains(&(hop, *kind)), "{} {}", hop.word(), kind.word());
        }
    }
}

fn carry_out(cell: &Cell) -> Outcome {
    let began = Instant::now();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let options = Options { clock: ClockMode::Virtual, take_free_ports: true, ..support::options(&dir) };
    let mut engine = Engine::start(options, || ()).expect("an engine on free ports");
    let file = deck::write(&cell.scenario).unwrap_or_else(|problem| panic!("{}: {}", cell.name, problem.line()));
    engine.arm(&file).unwrap_or_else(|problem| panic!("{}: {}", cell.name, problem.line()));
    if let Some(fault) = &cell.door {
        control(&engine, "PUT", "/faults", &json!({ "faults": [fault] }));
    }
    let profile = engine.workspace().settings.active_profile.clone();
    let pace = if cell.webhooks { Pace::Manual } else { Pace::Auto };
    engine.dispatch(Command::Run(Plan { pace, unattended: !cell.webhooks, ..cell.scenario.plan(profile) }));
    let id = engine.workspace().newest_run().expect("a run at once").id;
    while engine.workspace().runs[&id].is_open() && began.elapsed() < LIMIT {
        engine.wait(Duration::from_millis(100));
        let Phase::Waiting(turn) = &engine.workspace().runs[&id].phase else { continue };
        let request = turn.request.clone();
        if request.step == Step::Create {
            let body: Value = serde_json::from_str(&request.body).expect("our own draft");
            let workflow = json!({"url": body["completion"]["callback_url"], "signature_key": "key-of-the-workflow"});
            control(&engine, "PUT", "/settings", &json!({ "webhooks": workflow }));
        }
        engine.dispatch(Command::Send(id, request));
    }
    // What is still due after the end has its time too, and may change nothing.
    control(&engine, "POST", "/clock", &json!({"advance_seconds": 40}));
    while engine.wait(Duration::from_millis(40)) {}
    let run = &engine.workspace().runs[&id];
    let told = |what: &What| matches!(what, What::Scheme(message) if message.kind == "Fault");
    let mut outcome = Outcome {
        name: cell.name.clone(),
        status: status(run).to_owned(),
        rules: observed(run).iter().map(|one| one.rule).collect::<BTreeSet<_>>().into_iter().collect(),
        failed: run.entries.iter().filter(|entry| matches!(entry.what, What::Failed(..))).count(),
        told: run.entries.iter().filter(|entry| told(&entry.what)).count(),
        flaws: Vec::new(),
        took: began.elapsed(),
        lines: observed(run).iter().map(|one| format!("{} on {}: {}", one.rule, one.entry, one.message)).collect(),
    };
    outcome.lines.extend(lines(run));
    outcome.flaws = flaws(cell, run, &outcome);
    if let Some(id) = run.session_id() {
        let now = control(&engine, "GET", "/sessions", &Value::Null);
        let now = now["sessions"].as_array().and_then(|list| list.iter().find(|one| one["id"] == id.0.as_str()));
        let now = now.and_then(|session| session["status"].as_str()).unwrap_or_default().to_owned();
        let ended = run.session().is_some_and(|session| session.status.is_final());
        if ended && now != outcome.status {
            outcome.flaws.push(format!("the sandbox has it {now} afterwards"));
        }
    }
    outcome
}

/// A control route of the cell's own sandbox.
fn control(engine: &Engine, method: &str, route: &str, body: &Value) -> Value {
    let sandbox = engine.sandbox().expect("an embedded sandbox");
    let token = format!("Bearer {}", sandbox.control_token().expose());
    let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = lab::request(sandbox.addr(), method, &format!("/_sandbox{route}"), &headers, &body);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// What is wrong with the end of a cell.
fn flaws(cell: &Cell, run: &Run, outcome: &Outcome) -> Vec<String> {
    let mut flaws = Vec::new();
    let mut require = |holds: bool, words: String| {
        if !holds {
            flaws.push(words);
        }
    };
    require(run.phase == Phase::Ended, format!("no end: {:?}", run.phase));
    require(cell.ends.contains(&outcome.status.as_str()), format!("ends {}, not in {:?}", outcome.status, cell.ends));
    let clear = run.session().is_some_and(|session| session.status.is_final());
    require(clear || outcome.failed > 0, "neither a final state nor a step that failed".into());
    let seen: Vec<&Status> = run.entries.iter().filter_map(|entry| entry.status.as_ref()).collect();
    let odd = seen.iter().find(|status| matches!(status, Status::Other(_)));
    require(odd.is_none(), format!("a word that no contract has: {odd:?}"));
    let left = seen.windows(2).find(|two| two[0].is_final() && two[0] != two[1]);
    require(left.is_none(), format!("a final state was left: {left:?}"));
    require(cell.door.is_some() || outcome.told > 0, "it never happened".into());
    require(outcome.failed > 0 || !outcome.rules.is_empty() || cell.silent, "no finding names it".into());
    flaws
}
