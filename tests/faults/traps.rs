//! What a browser carries proves nothing: scenarios in which it and the server's result
//! disagree end as the result says, and malformed notifications to our own listener are
//! answered, named and without consequence. Source: emv-3ds.md 1.2, 2.2, S063–S068.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sessions_console::bus::Command;
use sessions_console::engine::{ClockMode, Engine, Options};
use sessions_console::model::delivery::DeliveryKind;
use sessions_console::model::draft::Completion;
use sessions_console::model::exchange::Step;
use sessions_console::model::lint::observed::{Observation, observed};
use sessions_console::model::run::{Answer, Plan, Run, Shopper, What};
use sessions_console::model::{RunId, deck};

use crate::lab;
use crate::support::{Bench, bench, lines, options, plan, status};

/// Bench of a scenario of the deck, run to its end.
fn run_scenario(id: &str) -> (Bench, RunId, Vec<String>) {
    let deck = deck::all();
    let scenario = deck::find(&deck, id).unwrap_or_else(|| panic!("{id} is in the deck"));
    let dir = tempfile::tempdir().expect("a temporary folder");
    let engine = Engine::start(Options { clock: ClockMode::Virtual, ..options(&dir) }, || ());
    let mut bench = Bench { engine: engine.expect("an engine on free ports"), dir };
    bench.engine.arm(&deck::write(scenario).expect("a scenario")).expect("it is armed");
    let profile = bench.engine.workspace().settings.active_profile.clone();
    let id = bench.start(scenario.plan(profile));
    bench.end_of(id);
    let unmet = scenario.judge(bench.run(id)).into_iter();
    let unmet = unmet.map(|one| format!("{}: {} and not {}", one.what, one.actual, one.expected)).collect();
    (bench, id, unmet)
}

#[test]
fn the_servers_result_wins_over_whatever_the_browser_brings() {
    for (id, ends, named) in [
        ("S063", "expired", "P002"),  // the result never comes
        ("S064", "approved", "P003"), // it comes late
        ("S065", "declined", "P005"), // it says no where the browser says yes
        ("S066", "approved", "P004"), // it comes twice
        ("S067", "approved", "P009"), // it comes although nothing was asked
        ("S068", "approved", "P007"), // the browser names another transaction
    ] {
        let (bench, run, unmet) = run_scenario(id);
        let run = bench.run(run);
        assert!(unmet.is_empty(), "{id}: {unmet:?}");
        assert_eq!(status(run), ends, "{id}");
        let rules: Vec<&str> = observed(run).iter().map(|one| one.rule).collect();
        assert!(rules.contains(&named), "{id}: {named} is not among {rules:?}\n{}", lines(run).join("\n"));
        let approvals =
            run.entries.iter().filter(|entry| entry.status.as_ref().is_some_and(|one| one.word() == "approved"));
        assert!(ends == "approved" || approvals.count() == 0, "{id} was approved on the way");
    }
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The findings on the newest challenge notification.
fn newest(run: &Run) -> Vec<Observation> {
    let is_one = |what: &What| matches!(what, What::Delivery(one) if one.kind == DeliveryKind::ChallengeNotification);
    let row = run.entries.iter().filter(|entry| is_one(&entry.what)).max_by_key(|entry| entry.number);
    let row = row.map(|entry| entry.number).expect("it is on the timeline");
    observed(run).into_iter().filter(|one| one.entry == row).collect()
}

#[test]
fn a_bad_cres_to_our_listener_is_answered_and_named_and_the_challenge_passes_afterwards() {
    let mut bench = bench();
    let id = bench.start(Plan { shopper: Shopper::Person, ..plan(Completion::NonHosted) });
    bench.turn_with(id, Step::Challenge);
    let session = bench.run(id).session().expect("a session").clone();
    let text =
        |pointer: &str| session.text(pointer).unwrap_or_else(|| panic!("{pointer} in {}", session.raw)).to_owned();
    let callback = session.link("callback_url").expect("a callback address").to_owned();
    let url: url::Url = callback.parse().expect("an address");
    let addr = url.socket_addrs(|| None).expect("loopback")[0];
    let path = url.path().strip_suffix("/cb").map(|base| format!("{base}/cres")).expect("our own path");
    let good = json!({
        "threeDSServerTransID": text("/transaction_id"), "acsTransID": text("/acs/transaction_id"),
        "messageType": "CRes", "messageVersion": "2.2.0", "transStatus": "Y",
    });
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        encoded(&body)
    };
    let other = "11111111-2222-4333-8444-555555555555";
    let form = "application/x-www-form-urlencoded";
    let table = [
        ("no field", form, "x=1".to_owned(), "P001"),
        ("empty field", form, "cres=".into(), "P001"),
        ("no base64", form, "cres=%25%25%25".into(), "P001"),
        ("no JSON", form, format!("cres={}", URL_SAFE_NO_PAD.encode("Y")), "P001"),
        ("half", form, format!("cres={}", &encoded(&good)[..60]), "P001"),
        ("another's", form, format!("cres={}", with("acsTransID", json!(other))), "P007"),
        ("no such result", form, format!("cres={}", with("transStatus", json!("Q"))), "P010"),
        ("no form", "text/plain", format!("cres={}", encoded(&good)), "L41"),
        ("an error", form, format!("cres={}", encoded(&json!({"messageType": "Erro", "errorCode": "402"}))), "P402"),
    ];
    for (number, (name, kind, body, rule)) in table.into_iter().enumerate() {
        let answer = lab::request(addr, "POST", &path, &[("Content-Type", kind)], &body);
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        bench.until(name, |w| {
            let is_one =
                |what: &What| matches!(what, What::Delivery(one) if one.kind == DeliveryKind::ChallengeNotification);
            w.runs[&id].entries.iter().filter(|entry| is_one(&entry.what)).count() == number + 1
        });
        let found = newest(bench.run(id));
        assert!(found.iter().any(|one| one.rule == rule), "{name}: {rule} is not in {found:#?}");
        bench.turn_with(id, Step::Challenge);
        assert_eq!(status(bench.run(id)), "challenged", "{name} decides nothing");
    }
    bench.answer(id, Answer::Here);
    let run = bench.end_of(id);
    assert_eq!(status(run), "approved", "{}", lines(run).join("\n"));
    bench.engine.dispatch(Command::Remove(id));
}
