//! «Why?» of real runs: the chain names the message that decided, every link leads to a row and
//! a member that is there, and whatever is missing of a run, an answer comes.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use sessions_console::bus::Command;
use sessions_console::engine::{ClockMode, Engine, Options};
use sessions_console::model::Stamp;
use sessions_console::model::deck;
use sessions_console::model::delivery::Delivery;
use sessions_console::model::exchange::{Exchange, Step};
use sessions_console::model::lint::observed::observed;
use sessions_console::model::run::{Entry, Run, What};
use sessions_console::model::scheme::SchemeMessage;
use sessions_console::model::trace::{Part, Question, Spot};
use sessions_console::model::why::{Why, chain};

use crate::support::{self, Bench, lines, status};

fn bench() -> Bench {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let options = Options { clock: ClockMode::Virtual, ..support::options(&dir) };
    Bench { engine: Engine::start(options, || ()).expect("an engine on free ports"), dir }
}

/// The run of a scenario of the deck.
fn run_of(bench: &mut Bench, id: &str) -> Run {
    let all = deck::all();
    let scenario = deck::find(&all, id).expect("a scenario of the deck");
    if scenario.directs() {
        bench.engine.arm(&deck::write(scenario).expect("it fits a file")).expect("the sandbox takes it");
    }
    let profile = bench.engine.workspace().settings.active_profile.clone();
    let (plan, _) = scenario.plans(&profile).remove(0);
    bench.engine.dispatch(Command::Run(plan));
    let id = bench.engine.workspace().newest_run().expect("a run at once").id;
    bench.end_of(id).clone()
}

/// The body that a spot is about, as JSON.
fn body(run: &Run, spot: &Spot) -> Option<Value> {
    let entry = run.entries.numbered(spot.entry).expect("a row of the run");
    let bytes = match (&entry.what, spot.part) {
        (What::Exchange(exchange), Part::Request) => exchange.request.body.clone(),
        (What::Exchange(exchange), Part::Response) => exchange.response()?.body.clone(),
        (What::Delivery(delivery), _) => delivery.body.clone(),
        (What::Scheme(message), _) => message.body.clone(),
        _ => return None,
    };
    serde_json::from_slice(&bytes).ok()
}

fn leads_somewhere(run: &Run, spot: &Spot) {
    let body = body(run, spot);
    let Some(path) = &spot.path else { return };
    let steps = path.strip_prefix('$').expect("a path").replace("['", ".").replace("']", "");
    let mut here = body.unwrap_or_else(|| panic!("{path} of a row without JSON"));
    for step in steps.split('.').filter(|step| !step.is_empty()) {
        here = here.get(step).unwrap_or_else(|| panic!("{path} is not in {here}")).clone();
    }
}

/// Whatever is asked of a run is answered, and every link leads somewhere.
fn answers(run: &Run) -> Vec<Why> {
    let mut questions = vec![Question::Status(None), Question::Eci, Question::Liability];
    questions.extend(run.entries.iter().map(|entry| Question::Status(Some(entry.number))));
    let found = observed(run);
    questions.extend(found.iter().map(|one| Question::Finding(one.entry, one.rule)));
    for one in &found {
        assert!(!one.source.is_empty() && one.spot.entry == one.entry, "{one:?}");
        leads_somewhere(run, &one.spot);
        one.evidence.iter().for_each(|held| leads_somewhere(run, &held.spot));
    }
    let answer = |question: &Question| {
        let why = chain(run, question);
        assert!(why.answer.ends_with('.') && !why.answer.contains("  "), "{question:?}: {}", why.answer);
        assert!(why.change.sentence.ends_with('.'), "{question:?}: {}", why.change.sentence);
        assert!(run.entries.is_empty() || !why.reasons.is_empty(), "{question:?}: no link at all");
        let deciding = why.reasons.iter().filter(|reason| reason.decides).count();
        assert!(run.entries.is_empty() || deciding >= 1, "{question:?}: nothing decided");
        why.reasons.iter().for_each(|reason| leads_somewhere(run, &reason.spot));
        why
    };
    questions.iter().map(answer).collect()
}

/// The chain as text, for messages.
fn told(why: &Why) -> String {
    let link = |one: &sessions_console::model::why::Reason| {
        let mark = if one.decides { "▶" } else { " " };
        let path = one.spot.path.clone().unwrap_or_default();
        format!(
            "{mark} {:>9.3} {} [{}] {path} in {} — {}",
            one.at.as_secs_f64(),
            one.sentence,
            one.fact,
            one.row,
            one.source
        )
    };
    let links: Vec<String> = why.reasons.iter().map(link).collect();
    let or = why.change.or.as_deref().map(|or| format!(" | {or}")).unwrap_or_default();
    let likely = if why.change.likely { " (likely)" } else { "" };
    format!("{} | {}\n{}\n= {}{or}{likely}\n", why.about, why.answer, links.join("\n"), why.change.sentence)
}

/// Scenario, how it ends, the wire fact that decided, a word of the answer, a word of the change.
const DECIDED: &[(&str, &str, &str, &str, &str)] = &[
    ("S001", "approved", "transStatus: Y", "answered Y", "challenge_requested_mandate"),
    ("S002", "attempted", "transStatus: A", "in the bank's place", "takes part"),
    ("S003", "attempted", "transStatus: A", "answered A", "Y or N"),
    ("S004", "declined", "transStatus: N · transStatusReason: 01", "card authentication failed", "challenge_requested"),
    ("S005", "declined", "transStatusReason: 04", "too many authentications", "Waiting"),
    ("S008", "rejected", "transStatus: R", "suspected fraud", "another card"),
    ("S011", "unavailable", "transStatus: U", "technical trouble", "Later"),
    ("S014", "approved", "transStatus: I", "checked nothing", "no_preference"),
    ("S021", "approved", "transStatus: Y", "after a challenge", "Wrong answers"),
    ("S022", "declined", "transStatusReason: 19", "more challenges than the bank allows", "right answer"),
    ("S023", "challenge_abandoned", "challengeCancel: 01", "cancelled", "pressing Cancel"),
    ("S024", "expired", "challengeCancel: 04", "the challenge timed out at the bank", "within 10 minutes"),
    ("S025", "expired", "challengeCancel: 05", "never sent", "30 s"),
    ("S034", "rejected", "transStatus: R", "suspected fraud", "another card"),
    ("S045", "approved", "transStatus: Y", "answered Y", "challenge_requested_mandate"),
    ("S053", "unavailable", "errorCode: 402", "did not come in time", "within 10 s"),
    ("S061", "unavailable", "errorCode: 203", "refused with error 203", "Mend the element"),
    ("S063", "expired", "status: expired", "15 minutes ended without it", "RReq"),
    ("S071", "approved", "status: Y", "3-D Secure 1", "wrong password"),
    ("S072", "declined", "status: N", "PARes", "right password"),
    ("S075", "attempted", "enrolled: N", "no part", "takes part"),
    ("S091", "approved", "transStatus: Y", "answered Y", "initial_transaction"),
    ("S121", "approved", "transStatus: Y", "in the app", "Wrong answers"),
    ("S126", "expired", "challengeCancel: 08", "timed out in the app", "sdk_max_timeout"),
    ("S141", "approved", "transStatus: Y", "answered Y", ""),
    ("S144", "expired", "status: expired", "channel data never came", "collect-data within 15 minutes"),
    ("APP-UNREADABLE", "unavailable", "", "could not open", "certificates.ds_public"),
];

#[test]
fn the_chain_names_what_decided() {
    let mut bench = bench();
    let mut wrong = Vec::new();
    for (id, ending, fact, word, change) in DECIDED {
        let run = run_of(&mut bench, id);
        assert_eq!(status(&run), *ending, "{id}\n{}", lines(&run).join("\n"));
        let why = answers(&run).remove(0);
        let decided = why.reasons.iter().find(|reason| reason.decides).map(|reason| reason.fact.clone());
        let fits = decided.is_some_and(|decided| decided.contains(fact));
        let changed =
            [Some(&why.change.sentence), why.change.or.as_ref()].into_iter().flatten().any(|s| s.contains(change));
        if std::env::var_os("SHOW_WHY").is_some() {
            eprintln!("== {id}\n{}", told(&why));
        }
        if !fits || !why.answer.contains(word) || !changed || why.unseen.is_some() {
            wrong.push(format!("{id}, wanted {fact}, {word}, {change}:\n{}\n{}", told(&why), lines(&run).join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The fact of a row once more, at another moment.
fn again(run: &mut Run, entry: &Entry, place: usize) {
    let mono = run.started.mono + Duration::from_millis(20 * place as u64);
    let at = Stamp { wall: run.started.wall, mono };
    match &entry.what {
        What::Exchange(exchange) => run.exchanged(Arc::new(Exchange { started: at, ..Exchange::clone(exchange) })),
        What::Delivery(delivery) => run.delivered(Arc::new(Delivery { at, ..Delivery::clone(delivery) })),
        What::Scheme(message) => run.scheme_message_seen(SchemeMessage { at, ..message.clone() }),
        What::Noted(step, words) => run.step_noted(*step, words.clone(), at),
        What::Failed(step, problem) => run.step_failed(*step, problem.clone(), at),
        _ => run.step_paused(Step::Confirm, at),
    }
}

/// What is missed, twice, damaged or in disorder: every question is answered all the same.
#[test]
fn any_part_of_a_run_in_any_order_is_answered() {
    let mut bench = bench();
    let runs: Vec<Run> =
        ["S021", "S022", "S025", "S053", "S065", "S072", "S147"].into_iter().map(|id| run_of(&mut bench, id)).collect();
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() });
    let strategy = (0..runs.len()).prop_flat_map(|which| {
        let count = runs[which].entries.len();
        let places: Vec<usize> = (0..count).collect();
        (Just(which), proptest::sample::subsequence(places, 0..=count).prop_shuffle())
    });
    runner
        .run(&strategy, |(which, places)| {
            let source = &runs[which];
            let mut run = Run::new(source.id, source.plan.clone(), source.started);
            places.iter().enumerate().for_each(|(at, place)| again(&mut run, &source.entries[*place], at));
            answers(&run);
            Ok(())
        })
        .expect("an answer to every question");
}

/// Without the hidden messages the chain has what the API tells, and says that this is all.
#[test]
fn a_real_scheme_hides_what_decided_and_the_chain_says_so() {
    let mut bench = bench();
    for (id, fact) in [
        ("S022", "response_status_reason: 19"),
        ("S025", "challenge_cancel_reason_code: 05"),
        ("S004", "response_code: N"),
    ] {
        let mut run = run_of(&mut bench, id);
        run.entries.retain(|entry| !matches!(entry.what, What::Scheme(_) | What::Phone(_)));
        let why = answers(&run).remove(0);
        let decided = why.reasons.iter().find(|reason| reason.decides).expect("something decided");
        assert!(decided.fact.contains(fact), "{id}\n{}", told(&why));
        assert!(why.unseen.is_some_and(|words| words.contains("not visible with a real scheme")));
    }
}

#[test]
fn eci_and_liability_have_chains_of_their_own() {
    let mut bench = bench();
    let run = run_of(&mut bench, "S021");
    let why = chain(&run, &Question::Eci);
    assert_eq!(why.about, "eci: 05");
    let facts: Vec<&str> = why.reasons.iter().map(|reason| reason.fact.as_str()).collect();
    assert!(facts.contains(&"eci: 05") && facts.contains(&"scheme: visa"), "{facts:?}");
    assert!(why.answer.starts_with("ECI 05 says at Visa: fully authenticated, because"), "{}", why.answer);
    let why = chain(&run, &Question::Liability);
    assert!(why.answer.starts_with("If it was fraud, the bank pays, because"), "{}", why.answer);
    assert!(why.change.sentence.contains("exemption"), "{}", why.change.sentence);
    let declined = run_of(&mut bench, "S022");
    let why = chain(&declined, &Question::Liability);
    assert!(why.answer.starts_with("If it was fraud, the shop pays"), "{}", why.answer);
    assert!(why.change.sentence.contains("shifts the risk to the bank"), "{}", why.change.sentence);
}

/// The status after a row is that row's, not the newest.
#[test]
fn a_row_in_the_middle_is_asked_about_its_own_moment() {
    let mut bench = bench();
    let run = run_of(&mut bench, "S022");
    let row = run.entries.iter().find(|entry| entry.status.as_ref().is_some_and(|s| s.word() == "challenged"));
    let why = chain(&run, &Question::Status(Some(row.expect("the bank asks").number)));
    assert_eq!(why.about, "status: challenged");
    let decided = why.reasons.iter().find(|reason| reason.decides).expect("something decided");
    assert!(decided.fact.contains("transStatus: C") && decided.row == "ARes", "{}", told(&why));
    assert!(!told(&why).contains("RReq"), "what came later is not a reason\n{}", told(&why));
    assert!(why.change.sentence.contains("no_challenge_requested"), "{}", why.change.sentence);
}
