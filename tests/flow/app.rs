//! The app's challenge, sealed, between the real engine and the real sandbox: by script and by
//! a person at the simulated device.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sessions_console::bus::Command;
use sessions_console::engine::{ClockMode, Engine, Options};
use sessions_console::export::text;
use sessions_console::model::device::{Act as On, Device, Mischief, Reply, Said, Screen, Seal, Ui, UiKind};
use sessions_console::model::draft::{Channel, Completion};
use sessions_console::model::exchange::{Step, header};
use sessions_console::model::run::{Act, Answer, AppResult, Phase, Plan, Run, Shopper, What};
use sessions_console::model::sandbox::SandboxAct;
use sessions_console::model::scenario::Scenario;
use sessions_console::model::{RunId, deck};

use super::documents::body_of;
use super::kinds::{app_with_its_own_key, elsewhere};
use crate::support::{self, Bench, bench, drawn, lines, set, status};

fn virtual_bench() -> Bench {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let options = Options { clock: ClockMode::Virtual, ..support::options(&dir) };
    let engine = Engine::start(options, || ()).expect("an engine on free ports");
    Bench { engine, dir }
}

/// A scenario in an app: what the shopper does, what else the file says of the other side.
fn scenario(shopper: &str, rest: &str) -> Scenario {
    let text = format!(
        "id = \"MINE\"\nname = \"mine\"\nchannel = \"app\"\nshopper = {shopper}\n\
         [body]\n\"/source/number\" = \"4242424242424242\"\n{rest}\n[expect]\nstatus = \"approved\"\n"
    );
    deck::read("mine.toml", &text).unwrap_or_else(|problem| panic!("{problem:?}\n{text}"))
}

/// What the other side does, with these members of its challenge.
fn asks(challenge: &str) -> String {
    format!("[issuer]\nares = {{ transStatus = \"C\" }}\n[issuer.challenge]\n{challenge}")
}

fn armed(bench: &mut Bench, scenario: &Scenario, change: impl FnOnce(&mut Plan)) -> RunId {
    bench.engine.arm(&deck::write(scenario).expect("it fits a file")).expect("the sandbox takes it");
    let mut plan = scenario.plan(bench.engine.workspace().settings.active_profile.clone());
    change(&mut plan);
    bench.start(plan)
}

fn device(run: &Run) -> &Device {
    run.device.as_deref().unwrap_or_else(|| panic!("no device\n{}", lines(run).join("\n")))
}

/// What the device has sent and got, opened.
fn talk(run: &Run) -> Vec<(&'static str, Value)> {
    let open = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    device(run).messages.iter().map(|m| (m.kind, m.open.as_deref().map_or(Value::Null, open))).collect()
}

fn text<'a>(run: &'a Run, pointer: &str) -> Option<&'a str> {
    run.session().and_then(|session| session.text(pointer))
}

fn timeline(run: &Run) -> String {
    let screen = run.device.as_deref().map(|device| (&device.screen, &device.checks));
    format!("{}\n{screen:?}", lines(run).join("\n"))
}

// --- By script

#[test]
fn every_screen_is_answered_by_its_own_acts() {
    let mut bench = virtual_bench();
    for (shopper, challenge, screens) in [
        ("[\"enter_offered\"]", "strict = true", vec!["01"]),
        ("[{ enter = \"000000\" }, \"enter_offered\"]", "strict = true", vec!["01", "01"]),
        ("[\"resend\", \"enter_earlier\", \"enter_offered\"]", "strict = true", vec!["01", "01", "01"]),
        ("[{ choose = [\"phone\"] }, \"enter_offered\"]", "pages = [\"single_select\", \"otp\"]", vec!["02", "01"]),
        ("[{ choose = [\"bakery\", \"garage\"] }]", "pages = [\"multi_select\"]\nbank = \"palm_gate\"", vec!["03"]),
        ("[\"continue\", { phone = \"approve\" }, \"switch_app\"]", "pages = [\"out_of_band\"]", vec!["04", "04"]),
        ("[\"tick\"]", "pages = [\"html\"]\nbank = \"deux_rives\"", vec!["05"]),
        ("[{ trust = true }, \"enter_offered\"]", "trust_prompt = true", vec!["01"]),
    ] {
        for seal in Seal::ALL {
            let id = armed(&mut bench, &scenario(shopper, &asks(challenge)), |plan| plan.app.seal = seal);
            let run = bench.end_of(id);
            assert_eq!(status(run), "approved", "{shopper} {seal:?}\n{}", timeline(run));
            let shown: Vec<_> =
                talk(run).iter().filter_map(|(_, m)| m["acsUiType"].as_str().map(str::to_owned)).collect();
            assert_eq!(shown, screens, "{shopper} {seal:?}");
            assert_eq!((device(run).seal, &device(run).screen), (seal, &Screen::Over('Y')));
        }
    }
}

#[test]
fn a_script_can_end_it_badly() {
    let mut bench = virtual_bench();
    let wrong = "{ enter = \"000000\" }";
    for (shopper, challenge, expected) in [
        ("[\"cancel\"]".to_owned(), "pages = [\"html\"]", "challenge_abandoned"),
        (format!("[{wrong}, {wrong}, {wrong}]"), "strict = true", "declined"),
        ("[{ phone = \"deny\" }, \"continue\"]".to_owned(), "pages = [\"out_of_band\"]", "declined"),
        ("[\"leave\"]".to_owned(), "strict = true", "expired"),
    ] {
        let id = armed(&mut bench, &scenario(&shopper, &asks(challenge)), |_| ());
        let run = bench.end_of(id);
        assert_eq!(status(run), expected, "{shopper}\n{}", timeline(run));
    }
}

#[test]
fn an_act_without_a_place_is_named() {
    let mut bench = bench();
    for (shopper, words) in [
        ("[{ choose = [\"phone\"] }]", "has no place for"),
        ("[\"tick\"]", "has no place for \"tick\""),
        ("[\"replay\"]", "nothing to replay yet"),
        ("[\"cancel\", \"open\"]", "no screen to answer before"),
    ] {
        let id = armed(&mut bench, &scenario(shopper, &asks("strict = true")), |plan| plan.unattended = false);
        let turn = bench.turn_with(id, Step::Challenge);
        let problem = turn.problem.unwrap_or_else(|| panic!("{shopper}: no problem"));
        assert!(problem.line().contains(words), "{shopper}: {}", problem.line());
    }
}

#[test]
fn what_a_seal_is_can_be_seen_on_the_wire() {
    let mut bench = virtual_bench();
    for (seal, kind) in [
        (Seal::Cbc, "application/jose; charset=UTF-8"),
        (Seal::Gcm, "application/jose; charset=UTF-8"),
        (Seal::Plain, "application/json; charset=UTF-8"),
    ] {
        let id =
            armed(&mut bench, &scenario("[\"enter_offered\"]", &asks("strict = true")), |plan| plan.app.seal = seal);
        let run = bench.end_of(id);
        let sent = run.entries.iter().filter_map(|entry| match &entry.what {
            What::Exchange(exchange) if exchange.step == Step::Challenge => Some(exchange.clone()),
            _ => None,
        });
        let sent: Vec<_> = sent.collect();
        let messages: Vec<_> = device(run).messages.iter().filter(|m| m.outward).collect();
        assert_eq!((sent.len(), messages.len()), (2, 2), "{}", timeline(run));
        for (exchange, message) in sent.iter().zip(messages) {
            assert_eq!(header(&exchange.request.headers, "content-type"), Some(kind));
            assert_eq!(exchange.request.body, message.sealed.as_bytes(), "what is shown is what travelled");
            let code = String::from_utf8_lossy(&exchange.request.body).contains("challengeDataEntry");
            assert_eq!(code, seal == Seal::Plain && message.counter == Some(1), "only in the open can it be read");
        }
        let names: Vec<_> = device(run).keys.iter().map(|key| key.name).collect();
        assert_eq!(names.contains(&"Shared secret Z"), seal != Seal::Plain);
        assert_eq!(names.contains(&"SDK to issuer"), seal == Seal::Gcm);
    }
}

#[test]
fn a_shopper_without_a_script_does_what_the_screen_asks() {
    let mut bench = virtual_bench();
    for pages in ["[\"out_of_band\"]", "[\"single_select\", \"otp\"]", "[\"multi_select\"]", "[\"html\"]"] {
        for interface in ["both", "html"] {
            let mut scenario = scenario("[]", &asks(&format!("pages = {pages}")));
            scenario.collect.insert("/sdk_interface_type".into(), interface.into());
            let id = armed(&mut bench, &scenario, |plan| plan.shopper = Shopper::Scripted(Vec::new()));
            let run = bench.end_of(id);
            assert_eq!(status(run), "approved", "{pages} {interface}\n{}", timeline(run));
        }
    }
}

#[test]
fn screens_of_2_3_1_are_answered_too() {
    let mut bench = virtual_bench();
    for (shopper, rest, screens) in [
        (
            "[\"continue\", \"enter_offered\"]",
            "[issuer.challenge]\npages = [\"information\", \"otp\"]",
            vec!["07", "01"],
        ),
        ("[{ phone = \"approve\" }, \"switch_app\"]", "[issuer.challenge]\npages = [\"html_out_of_band\"]", vec!["06"]),
        ("[{ choose = [\"bakery\", \"garage\"] }]", "[issuer.challenge]\npages = [\"multi_select\"]", vec!["03"]),
        (
            "[\"add_code\", { bind = true }, { fill = [\"Checkout1!\", \"4242\"] }]",
            "[issuer.app]\nadd_code = true\nsecond_box = true\ndevice_binding = true",
            vec!["01", "01"],
        ),
    ] {
        let rest = format!("[issuer]\nversion = \"2.3.1\"\nares = {{ transStatus = \"C\" }}\n{rest}");
        let id = armed(&mut bench, &scenario(shopper, &rest), |_| ());
        let run = bench.end_of(id);
        assert_eq!(status(run), "approved", "{shopper}\n{}", timeline(run));
        let shown: Vec<_> = talk(run).iter().filter_map(|(_, m)| m["acsUiType"].as_str().map(str::to_owned)).collect();
        assert_eq!(shown, screens, "{shopper}");
    }
}

#[test]
fn each_mischief_ends_with_its_error() {
    let mut bench = virtual_bench();
    for version in ["2.2.0", "2.3.1"] {
        for seal in [Seal::Cbc, Seal::Gcm] {
            for wrong in Mischief::ALL {
                let rest = format!("[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"C\" }}");
                let name = toml::Value::try_from(wrong).expect("a word");
                let script = format!("[{{ mischief = {name} }}, \"enter_offered\"]");
                let id = armed(&mut bench, &scenario(&script, &rest), |plan| plan.app.seal = seal);
                let run = bench.end_of(id);
                let expected = match (wrong, version) {
                    (Mischief::OtherEnc, "2.3.1") => "310",
                    (Mischief::ForeignKid, "2.3.1") => "311",
                    _ => "302",
                };
                let (kind, last) = talk(run).pop().expect("messages");
                let what = format!("{version} {seal:?} {wrong:?}\n{}", timeline(run));
                assert_eq!((kind, last["errorCode"].as_str()), ("Erro", Some(expected)), "{what}");
                assert!(matches!(device(run).screen, Screen::Aborted(_)), "{what}");
                assert_eq!(status(run), "unavailable", "{what}");
                assert!(lines(run).iter().any(|line| line.contains("The issuer refused: Erro")), "{what}");
            }
        }
    }
}

#[test]
fn a_first_message_can_be_wrong_too() {
    let mut bench = virtual_bench();
    let script = "[{ mischief = \"skip_counter\" }, \"open\", \"enter_offered\"]";
    let id = armed(&mut bench, &scenario(script, &asks("strict = true")), |_| ());
    let run = bench.end_of(id);
    let kinds: Vec<_> = talk(run).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!((kinds, status(run)), (vec!["CReq", "Erro"], "unavailable"), "{}", timeline(run));
    assert_eq!(device(run).messages[0].counter, Some(1));
}

#[test]
fn content_that_is_not_to_be_trusted_is_asked_nothing() {
    let mut bench = virtual_bench();
    for (issuer, check) in [
        ("signature = \"foreign_root\"", "Its certificates lead to the scheme's root"),
        ("signature = \"bad\"", "The signature is the issuer's"),
        ("signed_key = \"other\"", "It was made for this app"),
    ] {
        let rest = format!("[issuer]\nares = {{ transStatus = \"C\" }}\n[issuer.app]\n{issuer}");
        let id = armed(&mut bench, &scenario("[\"enter_offered\"]", &rest), |_| ());
        let run = bench.end_of(id);
        assert_eq!(status(run), "expired", "{issuer}\n{}", timeline(run));
        assert_eq!(text(run, "/acs/challenge_cancel_reason_code"), Some("05"));
        let failed: Vec<_> = device(run).checks.iter().filter(|check| check.found.is_err()).collect();
        assert_eq!(failed.iter().map(|failed| failed.what.as_str()).collect::<Vec<_>>(), [check]);
        assert!(device(run).messages.is_empty());
        assert!(!lines(run).iter().any(|line| line.contains("/app-challenge/")), "{}", timeline(run));
        assert!(lines(run).iter().any(|line| line.contains("The SDK gave up")), "{}", timeline(run));
    }
}

#[test]
fn the_sdks_own_time_ends_whatever_the_shopper_does() {
    let mut bench = virtual_bench();
    for (script, passed) in [("[\"time_out\"]", 300), ("[{ wait = 200 }, { wait = 200 }, \"enter_offered\"]", 300)] {
        let id = armed(&mut bench, &scenario(script, &asks("idle_seconds = 600")), |_| ());
        let run = bench.end_of(id);
        assert_eq!(status(run), "expired", "{script}\n{}", timeline(run));
        assert_eq!(text(run, "/acs/challenge_cancel_reason_code"), Some("08"));
        let said = talk(run);
        assert!(said.iter().any(|(kind, m)| *kind == "CReq" && m["challengeCancel"] == "08"), "{said:?}");
        assert!(run.progress.passed.is_some_and(|time| time.as_secs() == passed), "{:?}", run.progress.passed);
    }
}

#[test]
fn a_message_of_a_finished_challenge_is_refused() {
    let mut bench = virtual_bench();
    let id = armed(&mut bench, &scenario("[\"enter_offered\", \"replay\"]", &asks("strict = true")), |_| ());
    let run = bench.end_of(id);
    assert_eq!(status(run), "approved", "{}", timeline(run));
    assert!(lines(run).iter().any(|line| line.starts_with("Erro errorCode 305")), "{}", timeline(run));
}

// --- A person at the device

fn by_hand(bench: &mut Bench, challenge: &str) -> RunId {
    let id = armed(bench, &scenario("[\"enter_offered\"]", &asks(challenge)), |plan| {
        (plan.shopper, plan.unattended) = (Shopper::Person, false);
    });
    let turn = bench.turn_with(id, Step::Challenge);
    let stand_in = AppResult::ALL.map(Answer::App);
    assert_eq!(turn.answers, [&[Answer::Device][..], &stand_in].concat());
    assert_eq!((turn.notice, turn.problem), (None, None));
    bench.until("a device", |w| w.runs[&id].device.is_some());
    id
}

fn act(bench: &mut Bench, id: RunId, act: On) {
    bench.engine.dispatch(Command::Device(id, act));
}

/// The run goes on waiting while a person is at the device.
fn end(bench: &mut Bench, id: RunId) -> &Run {
    bench.end_meanwhile(id);
    bench.run(id)
}

/// Waits until so many messages have been on the device and it shows a screen.
fn screen(bench: &mut Bench, id: RunId, messages: usize) -> Ui {
    bench.until("a screen", |w| {
        let device = w.runs[&id].device.as_deref();
        device.is_some_and(|d| d.messages.len() >= messages && matches!(d.screen, Screen::Asks(_)))
    });
    assert!(matches!(bench.run(id).phase, Phase::Waiting(_)), "it is still the person's turn");
    match &device(bench.run(id)).screen {
        Screen::Asks(ui) => Ui::clone(ui),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_person_completes_each_screen_on_the_device() {
    let mut bench = bench();
    for (challenge, kind, said) in [
        ("", UiKind::Text, Said::Typed(vec!["Checkout1!".into()])),
        ("pages = [\"multi_select\"]", UiKind::MultiSelect, Said::Chosen(vec!["bakery".into(), "garage".into()])),
        ("pages = [\"html\"]", UiKind::Html, Said::Html("agree=1&continue=1".into())),
    ] {
        let id = by_hand(&mut bench, challenge);
        assert!(device(bench.run(id)).messages.is_empty() && device(bench.run(id)).checks.is_empty());
        act(&mut bench, id, On::Seal(Seal::Gcm));
        bench.until("the other seal", |w| w.runs[&id].device.as_deref().is_some_and(|d| d.seal == Seal::Gcm));
        act(&mut bench, id, On::Open);
        assert_eq!(screen(&mut bench, id, 2).kind, kind);
        act(&mut bench, id, On::Seal(Seal::Cbc)); // too late
        act(&mut bench, id, On::Reply(Reply::of(said)));
        let run = end(&mut bench, id);
        assert_eq!(status(run), "approved", "{kind:?}\n{}", timeline(run));
        assert!(device(run).messages.iter().filter(|m| m.kind != "Erro").all(|m| m.header.contains("A128GCM")));
    }
}

#[test]
fn the_device_is_answered_step_by_step_and_cancelled() {
    let mut bench = bench();
    let id = by_hand(&mut bench, "strict = true");
    bench.answer(id, Answer::Device); // only leads there
    bench.turn_with(id, Step::Challenge);
    assert!(device(bench.run(id)).messages.is_empty());
    act(&mut bench, id, On::Open);
    screen(&mut bench, id, 2);
    bench.until(
        "a turn without the stand-in",
        |w| matches!(&w.runs[&id].phase, Phase::Waiting(turn) if turn.answers == [Answer::Device]),
    );
    act(&mut bench, id, On::Reply(Reply::of(Said::Resend)));
    screen(&mut bench, id, 4);
    act(&mut bench, id, On::Reply(Reply::of(Said::Typed(vec!["000000".into()]))));
    assert!(screen(&mut bench, id, 6).warning, "the bank says that it was wrong");
    act(&mut bench, id, On::Reply(Reply::of(Said::Cancel)));
    let run = end(&mut bench, id);
    assert_eq!(status(run), "challenge_abandoned", "{}", timeline(run));
    assert_eq!(text(run, "/acs/challenge_cancel_reason_code"), Some("01"));
    let counters: Vec<_> = device(run).messages.iter().map(|m| m.counter).collect();
    assert_eq!(counters, [0, 0, 1, 1, 2, 2, 3, 3].map(Some));
}

#[test]
fn a_creq_written_by_hand_is_judged_like_any_other() {
    let mut bench = bench();
    let id = by_hand(&mut bench, "strict = true");
    act(&mut bench, id, On::Open);
    screen(&mut bench, id, 2);
    let mut creq: Value =
        serde_json::from_str(device(bench.run(id)).messages[0].open.as_deref().expect("ours")).expect("JSON");
    (creq["sdkCounterStoA"], creq["resendChallenge"], creq["challengeNoEntry"]) =
        ("001".into(), "Y".into(), "Y".into());
    act(&mut bench, id, On::Send(creq.to_string()));
    let run = end(&mut bench, id);
    let (kind, erro) = talk(run).pop().expect("messages");
    assert_eq!((kind, erro["errorCode"].as_str()), ("Erro", Some("203")), "{}", timeline(run));
    assert_eq!(status(run), "unavailable");
}

#[test]
fn mischief_of_a_person_is_shown_and_can_be_taken_back() {
    let mut bench = bench();
    let id = by_hand(&mut bench, "strict = true");
    act(&mut bench, id, On::Open);
    screen(&mut bench, id, 2);
    act(&mut bench, id, On::Wrong(Some(Mischief::Tampered)));
    bench.until("it is shown", |w| w.runs[&id].device.as_deref().is_some_and(|d| d.wrong == Some(Mischief::Tampered)));
    act(&mut bench, id, On::Wrong(None));
    act(&mut bench, id, On::Reply(Reply::of(Said::Resend)));
    screen(&mut bench, id, 4);
    act(&mut bench, id, On::Wrong(Some(Mischief::Tampered)));
    act(&mut bench, id, On::Reply(Reply::of(Said::Resend)));
    let run = end(&mut bench, id);
    assert_eq!(status(run), "unavailable", "{}", timeline(run));
}

#[test]
fn the_sdks_time_runs_on_the_sandboxes_clock_while_a_person_thinks() {
    let mut bench = bench();
    let id = by_hand(&mut bench, "strict = true");
    act(&mut bench, id, On::Open);
    screen(&mut bench, id, 2);
    bench.engine.dispatch(Command::Sandbox(SandboxAct::Jump(Duration::from_secs(301))));
    let run = end(&mut bench, id);
    assert_eq!(status(run), "expired", "{}", timeline(run));
    assert_eq!(text(run, "/acs/challenge_cancel_reason_code"), Some("08"));
}

#[test]
fn a_person_is_told_why_the_device_gave_up() {
    let mut bench = bench();
    let rest = "[issuer]\nares = { transStatus = \"C\" }\n[issuer.app]\nsignature = \"foreign_root\"\n\
                [issuer.challenge]\nfirst_creq_seconds = 30";
    let id = armed(&mut bench, &scenario("[\"enter_offered\"]", rest), |plan| {
        (plan.shopper, plan.unattended) = (Shopper::Person, false);
    });
    bench.turn_with(id, Step::Challenge);
    act(&mut bench, id, On::Open);
    bench.until("the turn that says so", |w| match &w.runs[&id].phase {
        Phase::Waiting(turn) => turn.notice.as_deref().is_some_and(|notice| notice.contains("The SDK gave up")),
        _ => false,
    });
    bench.engine.dispatch(Command::Sandbox(SandboxAct::Jump(Duration::from_secs(31))));
    bench.until("the jump", |w| lines(&w.runs[&id]).iter().any(|line| line.contains("31 s pass")));
    bench.engine.dispatch(Command::Do(id, Step::Confirm));
    let run = end(&mut bench, id);
    assert_eq!(
        (status(run), text(run, "/acs/challenge_cancel_reason_code")),
        ("expired", Some("05")),
        "{}",
        timeline(run)
    );
}

// --- Whose key it is

fn app() -> Plan {
    drawn(Completion::NonHosted, |draft| {
        set(draft, "/source/number", "4242424242424242".into());
        assert!(draft.set_channel(Channel::App));
    })
}

#[test]
fn values_made_for_the_builder_can_be_played_too() {
    let mut bench = bench();
    let first = bench.start(app());
    bench.end_of(first);
    bench.engine.dispatch(Command::MakeAppValues);
    let (_, values) = bench.engine.workspace().app_values.clone().expect("values for the builder");
    let mut plan = app();
    let mut collect: Value = serde_json::from_str(&plan.collect).expect("JSON");
    for (name, value) in values.members() {
        collect[name] = value;
    }
    plan.collect = collect.to_string();
    let id = bench.start(plan);
    let run = bench.end_of(id);
    assert_eq!(status(run), "approved", "{}", timeline(run));
    assert_eq!(device(run).screen, Screen::Over('Y'));
    assert_eq!(body_of(run, Step::Collect)["sdk_ephem_pub_key"], values.ephem_pub_key);
}

#[test]
fn with_a_testers_own_key_the_stand_in_answers_and_says_why() {
    let mut bench = bench();
    let plan = app_with_its_own_key();
    let id = bench.start(plan.clone());
    let run = bench.end_of(id);
    assert_eq!((status(run), run.device.is_none()), ("approved", true), "{}", timeline(run));
    assert!(lines(run).iter().any(|line| line.contains("only your app has its private key")), "{}", timeline(run));
    let id = bench.start(Plan { shopper: Shopper::Scripted(vec![Act::Cancel]), ..plan.clone() });
    assert_eq!(status(bench.end_of(id)), "challenge_abandoned", "the first act decides");
    let id = bench.start(Plan { shopper: Shopper::Person, ..plan });
    let turn = bench.turn_with(id, Step::Challenge);
    assert_eq!(turn.answers, AppResult::ALL.map(Answer::App));
    assert!(turn.notice.is_some_and(|notice| notice.contains("only your app has its private key")));
}

#[test]
fn elsewhere_the_device_answers_where_the_key_is_ours() {
    let mut bench = bench();
    let profile = elsewhere(&mut bench);
    let id = bench.start(Plan { profile: profile.clone(), shopper: Shopper::Scripted(Vec::new()), ..app() });
    let run = bench.end_of(id);
    assert_eq!((status(run), &device(run).screen), ("approved", &Screen::Over('Y')), "{}", timeline(run));
    let id = bench.start(Plan { profile, shopper: Shopper::Person, ..app() });
    let turn = bench.turn_with(id, Step::Confirm);
    assert_eq!(turn.answers, [Answer::Device]);
    act(&mut bench, id, On::Open);
    screen(&mut bench, id, 2);
    act(&mut bench, id, On::Reply(Reply::of(Said::Cancel)));
    let run = end(&mut bench, id);
    assert_eq!(status(run), "challenge_abandoned", "{}", timeline(run));
}

#[test]
fn the_keys_stay_in_memory() {
    let mut bench = bench();
    let id = bench.start(app());
    let run = bench.end_of(id);
    let secret: Vec<String> =
        device(run).keys[1..].iter().map(|key| key.value.clone()).filter(|v| !v.starts_with('{')).collect();
    assert_eq!(secret.len(), 4, "Z, the key and its halves: {secret:?}");
    let told =
        [format!("{run:?}"), format!("{:?}", text::lines(run).iter().map(|line| &line.what).collect::<Vec<_>>())];
    for value in &secret {
        assert!(told.iter().all(|told| !told.contains(value)), "{value} is told");
    }
    bench.engine.dispatch(Command::SaveSettings(bench.engine.workspace().settings.clone()));
    let Bench { engine, dir } = bench;
    drop(engine); // everything is on the disk now
    let files = files(dir.path());
    assert!(!files.is_empty());
    for file in files {
        let bytes = fs::read(&file).expect("a file of ours");
        for value in &secret {
            let there = bytes.windows(value.len()).any(|part| part == value.as_bytes());
            assert!(!there, "{} holds a key", file.display());
        }
    }
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
