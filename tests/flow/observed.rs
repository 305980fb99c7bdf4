//! What recorded sessions show, by real runs: nothing where nothing is wrong, and the right
//! names where something is.

use sessions_console::bus::Command;
use sessions_console::model::draft::{Channel, Completion};
use sessions_console::model::exchange::Step;
use sessions_console::model::lint::observed::observed;
use sessions_console::model::run::{Act, Plan, Run, Shopper};
use sessions_console::model::settings::Pace;

use crate::support::{bench, drawn, lines, plan, plan_with_card, set, status};

/// Rule and message of each finding, and the row that it is about.
fn findings(run: &Run) -> Vec<String> {
    let place = |number| run.entries.iter().position(|entry| entry.number == number).expect("a row of the run");
    let lines = lines(run);
    observed(run).iter().map(|one| format!("{} on {}: {}", one.rule, lines[place(one.entry)], one.message)).collect()
}

fn rules(run: &Run) -> Vec<&'static str> {
    observed(run).iter().map(|one| one.rule).collect()
}

#[test]
fn clean_runs_have_no_findings() {
    let challenged = "4242424242424242";
    let frictionless = "4485040371536584";
    let legacy = |completion| drawn(completion, |draft| set(draft, "/amount", 123_321.into()));
    let app = drawn(Completion::NonHosted, |draft| assert!(draft.set_channel(Channel::App)));
    for (name, plan) in [
        ("default", plan(Completion::NonHosted)),
        ("frictionless", plan_with_card(Completion::NonHosted, frictionless)),
        ("hosted", plan(Completion::Hosted)),
        ("hosted, frictionless", plan_with_card(Completion::Hosted, frictionless)),
        ("challenge", plan_with_card(Completion::NonHosted, challenged)),
        ("3DS1", legacy(Completion::NonHosted)),
        ("hosted 3DS1", legacy(Completion::Hosted)),
        ("app", app),
        (
            "app, frictionless",
            drawn(Completion::NonHosted, |draft| {
                set(draft, "/source/number", frictionless.into());
                assert!(draft.set_channel(Channel::App));
            }),
        ),
        (
            "merchant-initiated",
            drawn(Completion::NonHosted, |draft| assert!(draft.set_channel(Channel::MerchantInitiated))),
        ),
    ] {
        let mut bench = bench();
        let id = bench.start(plan);
        let run = bench.end_of(id);
        assert!(findings(run).is_empty(), "{name}, {}:\n{}", status(run), findings(run).join("\n"));
    }
}

#[test]
fn outcomes_alone_are_no_findings() {
    let wrong = || Act::Enter("wrong".into());
    for (acts, expected) in [(vec![wrong(), wrong(), wrong()], "declined"), (vec![Act::Cancel], "challenge_abandoned")]
    {
        let mut bench = bench();
        let id = bench.start(Plan { shopper: Shopper::Scripted(acts), ..plan(Completion::NonHosted) });
        let run = bench.end_of(id);
        assert_eq!(status(run), expected);
        assert!(findings(run).is_empty(), "{expected}:\n{}", findings(run).join("\n"));
    }
}

#[test]
fn a_method_left_out_is_said_where_the_shop_says_u() {
    let mut bench = bench();
    let id = bench.start(Plan { pace: Pace::Manual, ..plan(Completion::NonHosted) });
    let mut turn = bench.turn_with(id, Step::Create);
    bench.engine.dispatch(Command::Send(id, turn.request));
    turn = bench.turn_with(id, Step::Method);
    assert_eq!(turn.request.step, Step::Method);
    bench.engine.dispatch(Command::Skip(id));
    turn = bench.turn_with(id, Step::Collect);
    bench.engine.dispatch(Command::Send(id, turn.request));
    bench.turn_with(id, Step::Challenge);
    let run = bench.run(id);
    assert_eq!(rules(run), ["L28"], "{}", findings(run).join("\n"));
    assert!(findings(run)[0].starts_with("L28 on Send channel data PUT"), "{}", findings(run)[0]);
}

#[test]
fn an_error_of_the_scheme_is_named_on_its_messages_and_on_the_session() {
    let mut bench = bench();
    let id = bench.start(plan_with_card(Completion::NonHosted, "4539929207120660"));
    let run = bench.end_of(id);
    assert_eq!(status(run), "unavailable");
    assert_eq!(rules(run), ["P404", "P404", "P062"], "{}", findings(run).join("\n"));
}
