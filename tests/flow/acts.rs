//! What a script says, done on the bank's pages: every act, on a clock that passes when the
//! run waits.

use sessions_console::bus::Command;
use sessions_console::engine::{ClockMode, Engine, Options};
use sessions_console::model::deck;
use sessions_console::model::delivery::DeliveryKind;
use sessions_console::model::exchange::Step;
use sessions_console::model::run::{MethodResult, Plan, Run, What};
use sessions_console::model::scenario::Scenario;
use sessions_console::model::settings::Pace;

use crate::support::{self, Bench, lines, status};

fn bench() -> Bench {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let options = Options { clock: ClockMode::Virtual, ..support::options(&dir) };
    let engine = Engine::start(options, || ()).expect("an engine on free ports");
    Bench { engine, dir }
}

/// A scenario of this script, bank and card; the rest is as usual.
fn scenario(rest: &str) -> Scenario {
    let text = format!("id = \"MINE\"\nname = \"mine\"\n{rest}\n[expect]\nstatus = \"approved\"\n");
    deck::read("mine.toml", &text).expect("a scenario")
}

/// Runs it to its end.
fn run<'a>(bench: &'a mut Bench, scenario: &Scenario) -> &'a Run {
    bench.engine.arm(&deck::write(scenario).expect("it fits a file")).expect("the sandbox takes it");
    let profile = bench.engine.workspace().settings.active_profile.clone();
    bench.engine.dispatch(Command::Run(scenario.plan(profile)));
    let id = bench.engine.workspace().newest_run().expect("a run at once").id;
    bench.end_of(id)
}

fn challenge(shopper: &str, pages: &str) -> Scenario {
    scenario(&format!(
        "shopper = {shopper}\n[body]\n\"/source/number\" = \"4000110000021005\"\n\
         [issuer]\nares = {{ transStatus = \"C\" }}\n[issuer.challenge]\n{pages}"
    ))
}

#[test]
fn every_page_is_answered_by_its_own_acts() {
    let mut bench = bench();
    for (shopper, pages, expected) in [
        ("[\"enter_offered\"]", "strict = true\nbank = \"auental\"", "approved"),
        ("[{ enter = \"000000\" }, \"enter_offered\"]", "strict = true", "approved"),
        ("[\"resend\", \"enter_earlier\", \"enter_offered\"]", "strict = true", "approved"),
        ("[{ choose = [\"phone\"] }, \"enter_offered\"]", "pages = [\"single_select\", \"otp\"]", "approved"),
        ("[{ choose = [\"bakery\", \"garage\"] }]", "pages = [\"multi_select\"]\nbank = \"palm_gate\"", "approved"),
        ("[\"continue\", { phone = \"approve\" }, \"continue\"]", "pages = [\"out_of_band\"]", "approved"),
        ("[{ phone = \"deny\" }, \"continue\"]", "pages = [\"out_of_band\"]\nbank = \"deux_rives\"", "declined"),
        ("[\"tick\"]", "pages = [\"html\"]\nbank = \"palm_gate\"", "approved"),
        ("[\"continue\", \"enter_offered\"]", "pages = [\"information\", \"otp\"]", "approved"),
        ("[{ trust = true }, \"enter_offered\"]", "trust_prompt = true", "approved"),
        ("[\"reload\", \"enter_offered\"]", "second_creq = \"restart\"", "approved"),
        ("[\"enter_offered\", \"replay\"]", "strict = true", "approved"),
        ("[\"cancel\"]", "pages = [\"html\"]\nbank = \"auental\"", "challenge_abandoned"),
    ] {
        let run = run(&mut bench, &challenge(shopper, pages));
        assert_eq!(status(run), expected, "{shopper} {pages}\n{}", lines(run).join("\n"));
    }
}

#[test]
fn a_shopper_without_a_script_does_what_the_page_asks() {
    let mut bench = bench();
    for pages in ["[\"out_of_band\"]", "[\"single_select\", \"otp\"]", "[\"html\"]", "[\"information\", \"otp\"]"] {
        let mut scenario = challenge("[]", &format!("pages = {pages}"));
        scenario.shopper = vec![];
        let profile = bench.engine.workspace().settings.active_profile.clone();
        let plan = sessions_console::model::run::Plan {
            shopper: sessions_console::model::run::Shopper::Scripted(Vec::new()),
            ..scenario.plan(profile)
        };
        bench.engine.arm(&deck::write(&scenario).expect("it fits a file")).expect("the sandbox takes it");
        let id = bench.start(plan);
        let run = bench.end_of(id);
        assert_eq!(status(run), "approved", "{pages}\n{}", lines(run).join("\n"));
    }
}

#[test]
fn a_choice_that_is_not_there_is_told_with_those_that_are() {
    let mut bench = bench();
    let run = run(&mut bench, &challenge("[{ choose = [\"pigeon\"] }]", "pages = [\"single_select\"]"));
    let told = lines(run).join("\n");
    assert!(told.contains("does not offer pigeon") && told.contains("phone, email"), "{told}");
    assert_eq!(status(run), "expired", "the shopper is stuck, and the session's time runs out\n{told}");
}

#[test]
fn who_leaves_is_waited_for_and_the_time_is_told() {
    let mut bench = bench();
    let run = run(&mut bench, &challenge("[\"leave\"]", ""));
    let told = lines(run).join("\n");
    assert_eq!(status(run), "expired", "{told}");
    assert!(told.contains("s pass on the sandbox's clock"), "{told}");
    let passed = run.progress.passed.expect("a virtual clock").as_secs();
    assert!((600..=700).contains(&passed), "{passed}");
    assert!(run.length().as_secs() < 20, "it took {:?}", run.length());
}

#[test]
fn the_hidden_frame_is_as_silent_late_or_blind_as_it_is_told() {
    let mut bench = bench();
    for (method, browser, result, notified) in [
        ("present", "", MethodResult::Y, 1),
        ("silent", "", MethodResult::N, 0),
        ("broken", "", MethodResult::N, 0),
        ("late", "", MethodResult::N, 1),
        ("present", "[browser]\njavascript = false\n", MethodResult::N, 0),
    ] {
        let scenario = scenario(&format!(
            "[body]\n\"/source/number\" = \"4000110000001007\"\n{browser}[issuer]\nmethod = \"{method}\"\n\
             ares = {{ transStatus = \"Y\" }}"
        ));
        let run = run(&mut bench, &scenario);
        let told = lines(run).join("\n");
        assert_eq!((status(run), run.progress.method), ("approved", Some(result)), "{method} {browser}\n{told}");
        let is_notice =
            |what: &What| matches!(what, What::Delivery(delivery) if delivery.kind == DeliveryKind::MethodNotification);
        let id = run.id;
        bench.until("the notification", |workspace| {
            workspace.runs[&id].entries.iter().filter(|entry| is_notice(&entry.what)).count() == notified
        });
    }
}

#[test]
fn a_hosted_page_goes_on_though_its_hidden_frame_breaks() {
    let mut bench = bench();
    let run = run(
        &mut bench,
        &scenario(
            "completion = \"hosted\"\nshopper = [\"enter_offered\"]\n[body]\n\"/source/number\" = \"4000110000021005\"\n\
             [issuer]\nmethod = \"broken\"\nares = { transStatus = \"C\" }",
        ),
    );
    assert_eq!(status(run), "approved", "{}", lines(run).join("\n"));
}

#[test]
fn what_the_shop_leaves_out_is_waited_out() {
    let mut bench = bench();
    for (skip, steps) in [("collect", "skipped Send channel data"), ("challenge", "skipped Challenge")] {
        let scenario = scenario(&format!(
            "[body]\n\"/source/number\" = \"4000110000021013\"\n[shop]\nskip = [\"{skip}\"]\n\
             [issuer]\nmethod = \"absent\"\nares = {{ transStatus = \"C\" }}"
        ));
        let run = run(&mut bench, &scenario);
        let told = lines(run).join("\n");
        assert_eq!(status(run), "expired", "{told}");
        assert!(told.contains(steps), "{told}");
        assert_eq!(told.matches("skipped").count(), 1, "{told}");
    }
}

#[test]
fn the_listener_answers_as_the_shop_is_told_and_then_takes_it() {
    let mut bench = bench();
    let scenario = scenario(
        "[body]\n\"/source/number\" = \"4000110000001007\"\n[shop]\ncomplete = 3\ncallback_answers = [500, 503]\n\
         [issuer]\nares = { transStatus = \"Y\" }",
    );
    let id = run(&mut bench, &scenario).id;
    bench.until("the callback that was taken", |workspace| workspace.runs[&id].progress.callbacks == 1);
    let answered: Vec<u16> = bench
        .run(id)
        .entries
        .iter()
        .filter_map(|entry| match &entry.what {
            What::Delivery(delivery) if delivery.kind == DeliveryKind::Callback => Some(delivery.answered),
            _ => None,
        })
        .collect();
    assert_eq!(answered, [500, 503, 200]);
}

/// By hand, the payment before the authentication is a step like the others, and comes once.
#[test]
fn a_shop_that_pays_first_does_so_by_hand_too() {
    let deck = deck::all();
    let scenario = deck::find(&deck, "S111").expect("a scenario of the deck");
    let mut bench = bench();
    bench.engine.arm(&deck::write(scenario).expect("it fits a file")).expect("the sandbox takes it");
    let plan = scenario.plan(bench.engine.workspace().settings.active_profile.clone());
    let id = bench.start(Plan { pace: Pace::Manual, unattended: false, ..plan });
    for step in [Step::Authorise, Step::Create, Step::Method] {
        let request = bench.turn_with(id, step).request;
        bench.engine.dispatch(Command::Send(id, request));
    }
    let answers = bench.run(id).entries.iter().filter_map(|entry| match &entry.what {
        What::Exchange(exchange) if exchange.step == Step::Authorise => exchange.response()?.json(),
        _ => None,
    });
    let codes: Vec<_> = answers.map(|answer| answer["response_code"].clone()).collect();
    assert_eq!(codes, ["20154"], "{}", lines(bench.run(id)).join("\n"));
}
