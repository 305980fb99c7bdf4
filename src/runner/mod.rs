//! A deck of scenarios through the engine, without a window: jobs, rounds, verdicts.
//!
//! Promises: every scenario has its own engine with its own sandbox, listener, clock and
//! data folder, so none sees another; the cases come back in deck order, whatever finished
//! first; with a seed they are the same from run to run, but for times. Knows no terminal:
//! [`report`] makes text of the result, `cli` shows it.

pub mod report;
mod scratch;
mod timeline;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use crate::bus::Command;
use crate::engine::{self, ClockMode, Engine, Ports};
use crate::model::deck;
use crate::model::delivery::DeliveryKind;
use crate::model::exchange::Exchange;
use crate::model::profile::{Environment, Profile};
use crate::model::run::{self, Act, Run, What};
use crate::model::scenario::{CARD_DECIDES, Mismatch, Scenario, Version};
use crate::model::settings::Settings;
use crate::model::{Lane, Problem, RunId, Secret};
use crate::store;

pub use scratch::Scratch;
pub use timeline::Row;

/// How long one scenario may take, on the wall. Our choice.
const LIMIT: Duration = Duration::from_secs(60);
/// The same, where a session's life must be waited out. Our choice.
const LONG_LIMIT: Duration = Duration::from_secs(1200);
/// How long a callback may come after the end of its run: it is answered first and told
/// afterwards. Our choice.
const GRACE: Duration = Duration::from_secs(2);
/// How often a waiting job looks whether it is to stop. Our choice.
const LOOK: Duration = Duration::from_millis(100);

/// Whom the scenarios talk to.
#[derive(Debug, Clone)]
pub enum Target {
    /// A sandbox of each scenario's own, in this process.
    Embedded,
    /// A saved profile.
    Saved {
        /// Hosts and access key id.
        profile: Box<Profile>,
        /// Its secret.
        secret: Secret,
    },
}

impl Target {
    /// The name people read.
    pub fn name(&self) -> &str {
        match self {
            Self::Embedded => Environment::Embedded.name(),
            Self::Saved { profile, .. } => &profile.name,
        }
    }
}

/// How a deck is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whom to talk to.
    pub target: Target,
    /// Scenarios at the same time, at least 1.
    pub jobs: usize,
    /// Same seed, same identifiers.
    pub seed: Option<u64>,
    /// How often each scenario is run.
    pub rounds: u32,
    /// Each scenario on every version of the protocol that it can be about; the embedded sandbox
    /// alone can be told which.
    pub versions: bool,
}

/// How a scenario ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As its file says.
    Passed,
    /// Otherwise.
    Failed(Vec<Mismatch>),
    /// It could not be carried out, so nothing can be said about its end.
    Broken(Problem),
    /// It was carried out on a version of which its file says nothing.
    NotJudged,
}

impl Verdict {
    /// `passed`, `failed`, `broken` or `not judged`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Broken(_) => "broken",
            Self::NotJudged => "not judged",
        }
    }

    /// Why, one line for each reason; empty if passed.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Passed | Self::NotJudged => Vec::new(),
            Self::Failed(mismatches) => mismatches.iter().map(line).collect(),
            Self::Broken(problem) => vec![problem.line()],
        }
    }
}

fn line(mismatch: &Mismatch) -> String {
    format!("{}: expected {}, actual {}", mismatch.what, mismatch.expected, mismatch.actual)
}

/// One scenario, run once.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// `S021`.
    pub id: String,
    /// As in its file.
    pub name: String,
    /// The version of the protocol that it was run on, where each is run on several.
    pub version: Option<Version>,
    /// Counts from 1.
    pub round: u32,
    /// How it ended.
    pub verdict: Verdict,
    /// Steps that did not come to their end, in order; they may be what the scenario is about.
    pub problems: Vec<Problem>,
    /// Nobody answered where the environment should be.
    pub unreachable: bool,
    /// On the wall, from start to verdict.
    pub took: Duration,
    /// What the session's last answer said of its end: names of the contract and their values.
    pub session: serde_json::Map<String, serde_json::Value>,
    /// What happened.
    pub timeline: Vec<Row>,
}

impl Case {
    /// `S021`, or `S021 · 2.1.0`.
    pub fn label(&self) -> String {
        self.version.map_or_else(|| self.id.clone(), |version| format!("{} · {}", self.id, version.word()))
    }
}

/// All cases of one call.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// Name of the environment.
    pub environment: String,
    /// As it was given.
    pub seed: Option<u64>,
    /// How often each scenario was to be run.
    pub rounds: u32,
    /// Those that were begun, round by round in deck order.
    pub cases: Vec<Case>,
    /// Those that were not begun, because the user or an unreachable environment stopped it.
    pub not_run: usize,
    /// On the wall.
    pub took: Duration,
}

impl Results {
    /// How many passed, failed, are broken, were not judged.
    pub fn counts(&self) -> (usize, usize, usize, usize) {
        let count = |word| self.cases.iter().filter(|case| case.verdict.word() == word).count();
        (count("passed"), count("failed"), count("broken"), count("not judged"))
    }
}

/// Runs every scenario of the deck in every round and returns when all are done, or when
/// `stop` was set and the ones under way have ended. `told` hears of each as it ends, on
/// the thread that ran it.
pub fn run(deck: &[Scenario], options: &Options, stop: &AtomicBool, told: &(dyn Fn(&Case) + Sync)) -> Results {
    let began = Instant::now();
    let legs: Vec<(&Scenario, Option<Version>)> = deck.iter().flat_map(|scenario| legs(scenario, options)).collect();
    let todo: Vec<(u32, &Scenario, Option<Version>)> = (1..=options.rounds)
        .flat_map(|round| legs.iter().map(move |(scenario, leg)| (round, *scenario, *leg)))
        .collect();
    let (next, given_up) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done = Mutex::new(Vec::with_capacity(todo.len()));
    thread::scope(|scope| {
        for _ in 0..options.jobs.clamp(1, todo.len().max(1)) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) && !given_up.load(Ordering::Relaxed) {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some((round, scenario, version)) = todo.get(place) else { return };
                    let case = run_one(scenario, (*round, *version), options, stop);
                    if case.unreachable {
                        given_up.store(true, Ordering::Relaxed); // the others would only wait in vain
                    }
                    told(&case);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((place, case));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    Results {
        environment: options.target.name().to_owned(),
        seed: options.seed,
        rounds: options.rounds,
        not_run: todo.len() - done.len(),
        cases: done.into_iter().map(|(_, case)| case).collect(),
        took: began.elapsed(),
    }
}

/// The versions that a scenario is run on; one that fixes its version is run on that one only.
fn legs<'a>(scenario: &'a Scenario, options: &Options) -> Vec<(&'a Scenario, Option<Version>)> {
    match scenario.fixed_version() {
        _ if !options.versions => vec![(scenario, None)],
        Some(version) => vec![(scenario, Some(version))],
        None => Version::SPOKEN.map(|version| (scenario, Some(version))).to_vec(),
    }
}

/// How many cases one round of a deck is.
pub fn count(deck: &[Scenario], options: &Options) -> usize {
    deck.iter().map(|scenario| legs(scenario, options).len()).sum()
}

fn run_one(
    scenario: &Scenario,
    (round, version): (u32, Option<Version>),
    options: &Options,
    stop: &AtomicBool,
) -> Case {
    let began = Instant::now();
    let mut case = Case {
        id: scenario.id.clone(),
        name: scenario.name.clone(),
        version,
        round,
        verdict: Verdict::Passed,
        problems: Vec::new(),
        unreachable: false,
        took: Duration::ZERO,
        session: serde_json::Map::new(),
        timeline: Vec::new(),
    };
    case.verdict = carry_out(scenario, options, stop, &mut case).unwrap_or_else(Verdict::Broken);
    case.took = began.elapsed();
    case
}

/// Runs the scenario in an engine of its own and judges it; fills in what was seen.
fn carry_out(scenario: &Scenario, options: &Options, stop: &AtomicBool, case: &mut Case) -> Result<Verdict, Problem> {
    let saved = matches!(options.target, Target::Saved { .. });
    if saved && !scenario.card_decides() {
        return Err(not_for(&options.target, scenario));
    }
    let file = (!saved && scenario.directs()).then(|| deck::write(scenario)).transpose()?;
    let scratch = Scratch::new()?; // outlives the engine, which writes into it
    let mut engine = start(&scratch, scenario, case.round, options)?;
    let profile = engine.workspace().settings.active_profile.clone();
    let mut mismatches = Vec::new();
    let version = case.version.filter(|version| Version::SPOKEN.contains(version));
    let holds = case.version.is_none_or(|version| scenario.holds_on(version));
    for (plan, judged) in scenario.plans(&profile) {
        if file.is_some() || version.is_some() {
            engine.arm_on(file.as_deref(), version)?;
        }
        engine.dispatch(Command::Run(plan));
        let id = engine.workspace().newest_run().map(|run| run.id).ok_or_else(|| not_started(&engine))?;
        let end = watch(&mut engine, id, scenario, limit(scenario, saved), stop);
        let workspace = engine.workspace();
        let run = workspace.runs.get(&id).ok_or_else(|| not_started(&engine))?;
        let names = timeline::Names::of(workspace);
        case.timeline.extend(timeline::rows(run, &names));
        case.session = facts(run);
        case.problems.extend(failures(run).map(|problem| names.in_problem(problem)));
        case.unreachable = saved && silent(run);
        end?;
        if let Some(judged) = judged.filter(|_| holds) {
            mismatches.extend(if saved { judged.judge_elsewhere(run) } else { judged.judge(run) });
        }
        if let Some(problem) = case.problems.last().filter(|_| run.session().is_none() || case.unreachable)
            && !mismatches.is_empty()
        {
            return Err(problem.clone()); // a run without a session says nothing about the scenario
        }
    }
    Ok(match mismatches.is_empty() {
        _ if !holds => Verdict::NotJudged,
        true => Verdict::Passed,
        false => Verdict::Failed(mismatches),
    })
}

/// Only the embedded sandbox can be told what its other side is to do.
fn not_for(target: &Target, scenario: &Scenario) -> Problem {
    Problem::of(
        format!("{} is not for the environment {:?}: there, only the card decides", scenario.id, target.name()),
        format!("Run it without --environment; scenarios with the tag {CARD_DECIDES} run everywhere"),
    )
}

/// How long a run may take, on the wall: a session that is left must be waited out where no
/// clock of ours passes.
fn limit(scenario: &Scenario, saved: bool) -> Duration {
    let waits = |act: &Act| matches!(act, Act::Wait(_) | Act::Leave);
    let long = saved && (!scenario.shop.skip.is_empty() || scenario.shopper.iter().any(waits));
    if long { LONG_LIMIT } else { LIMIT }
}

fn start(scratch: &Scratch, scenario: &Scenario, round: u32, options: &Options) -> Result<Engine, Problem> {
    let client_secret = match &options.target {
        Target::Embedded => None,
        Target::Saved { profile, secret } => {
            let settings = Settings {
                profiles: vec![Profile::embedded(), (**profile).clone()],
                active_profile: profile.id.clone(),
                ..Settings::default()
            };
            store::settings::save(scratch.path(), &settings)
                .map_err(|error| Problem::new(&error, Some(error.hint())))?;
            Some(secret.clone())
        }
    };
    let own = engine::Options {
        data_dir: scratch.path().to_owned(),
        ports: Ports::FREE,
        take_free_ports: true,
        seed: options.seed.map(|seed| derive(seed, &scenario.id, round)),
        environment_profile: None,
        client_secret,
        keychain: store::keychain::Keychain::off(),
        clock: match options.target {
            Target::Embedded => ClockMode::Virtual,
            Target::Saved { .. } => ClockMode::Real,
        },
    };
    Engine::start(own, || ()).map_err(|error| Problem::new(&error, Some(&error.hint())))
}

/// A seed of a scenario's own, so that one more scenario in the deck changes no other.
fn derive(seed: u64, id: &str, round: u32) -> u64 {
    let digest =
        Sha256::new().chain_update(seed.to_le_bytes()).chain_update(round.to_le_bytes()).chain_update(id).finalize();
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

fn not_started(engine: &Engine) -> Problem {
    let said = engine.workspace().notices.last().map(|notice| notice.problem.clone());
    said.unwrap_or_else(|| Problem::of("The run was not started", "Run it again with RUST_LOG=debug"))
}

/// Waits for the end of the run and for what comes just after it.
fn watch(
    engine: &mut Engine,
    id: RunId,
    scenario: &Scenario,
    limit: Duration,
    stop: &AtomicBool,
) -> Result<(), Problem> {
    let deadline = Instant::now() + limit;
    let open = |engine: &Engine| engine.workspace().runs.get(&id).is_some_and(Run::is_open);
    while open(engine) {
        if stop.load(Ordering::Relaxed) {
            engine.dispatch(Command::Cancel(id));
            return Err(Problem::of("Stopped before its end", "Run it again"));
        }
        if Instant::now() >= deadline {
            let hint = "The timeline shows the step that did not come to an end";
            return Err(Problem::of(format!("Not over within {} s", limit.as_secs()), hint));
        }
        engine.wait(LOOK);
    }
    let late = Instant::now() + GRACE;
    let missing = |engine: &Engine| engine.workspace().runs.get(&id).is_some_and(|run| is_behind(run, scenario));
    while missing(engine) && Instant::now() < late && !stop.load(Ordering::Relaxed) {
        engine.wait(LOOK);
    }
    engine.pump(LOOK);
    Ok(())
}

/// True while something is on its way that happened before the end: the listener tells of a
/// delivery after it has answered it.
fn is_behind(run: &Run, scenario: &Scenario) -> bool {
    let deliveries = run.entries.iter().filter_map(|entry| match &entry.what {
        What::Delivery(delivery) if delivery.kind == DeliveryKind::Callback => Some(()),
        _ => None,
    });
    let untold = |entry: &run::Entry| matches!(&entry.what, What::Exchange(exchange) if is_to_listener(exchange));
    let few = run.progress.completed && run.progress.callbacks < scenario.expect.callbacks.unwrap_or(0);
    few || deliveries.count() < scenario.expect.deliveries.unwrap_or(0) || run.entries.iter().any(untold)
}

/// What the scripted browser posted to our listener; a delivery takes this row's place.
fn is_to_listener(exchange: &Exchange) -> bool {
    (exchange.from, exchange.to) == (Lane::Browser, Lane::Merchant) && exchange.path().starts_with("/c/")
}

fn failures(run: &Run) -> impl Iterator<Item = &Problem> {
    run.entries.iter().filter_map(|entry| match &entry.what {
        What::Failed(_, problem) => Some(problem),
        _ => None,
    })
}

/// True if the last request was not answered at all.
fn silent(run: &Run) -> bool {
    let exchanges = run.entries.iter().rev().filter_map(|entry| match &entry.what {
        What::Exchange(exchange) => Some(exchange),
        _ => None,
    });
    exchanges.map(|exchange| exchange.outcome.is_err()).next().unwrap_or(false)
}

/// The members of the session that say how it ended. The cryptogram is left out: that
/// there is one is enough for a report.
fn facts(run: &Run) -> serde_json::Map<String, serde_json::Value> {
    const NAMES: [&str; 10] = [
        "id",
        "transaction_id",
        "scheme",
        "protocol_version",
        "status",
        "status_reason",
        "approved",
        "response_code",
        "response_status_reason",
        "eci",
    ];
    let raw = run.session().map(|session| &session.raw);
    let member = |name: &str| Some((name.to_owned(), raw?.get(name)?.clone()));
    NAMES.into_iter().filter_map(member).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scenario_and_round_has_a_seed_of_its_own() {
        let seeds = [derive(7, "S001", 1), derive(7, "S001", 2), derive(7, "S021", 1), derive(8, "S001", 1)];
        let mut unique = seeds.to_vec();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), seeds.len());
        assert_eq!(derive(7, "S001", 1), seeds[0], "and always the same");
    }

    #[test]
    fn a_mismatch_says_what_was_expected_and_what_came() {
        let mismatch = Mismatch { what: "eci".into(), expected: "05".into(), actual: "07".into() };
        assert_eq!(Verdict::Failed(vec![mismatch]).lines(), ["eci: expected 05, actual 07"]);
    }
}
