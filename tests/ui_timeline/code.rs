//! The page «Code» of the inspector.

use egui::accesskit::Role;
use egui::{Key, Modifiers, OutputCommand};
use egui_kittest::kittest::Queryable as _;
use sessions_console::export::code::Language;
use sessions_console::model::exchange::{Exchange, Step};
use sessions_console::model::run::Run;
use std::sync::Arc;

use super::{ONE, Window, click, exchange_of, inspecting, press, session};

fn page<'a>(run: Run, number: usize) -> Window<'a> {
    let mut window = inspecting(run, number);
    window.get_by_role_and_label(Role::Tab, "Code").click();
    window.run_steps(3);
    window
}

fn choose(window: &mut Window, from: &str, to: &str) {
    window.get_by_label(&format!("Language: {from}")).click();
    window.run_steps(3);
    window.get_by_role_and_label(Role::Button, to).click();
    window.run_steps(3);
}

fn shows(window: &Window, text: &str) -> bool {
    window.query_all_by_label_contains(text).next().is_some()
}

/// A run of one call, the create call of the fixture with another `Authorization`.
fn authorised_by(value: &str) -> (Run, usize) {
    let finished = session::finished(ONE);
    let create = finished.exchange(exchange_of(&finished, Step::Create)).expect("the row");
    let mut changed = Exchange::clone(create);
    changed.request.headers.retain(|(name, _)| name != "Authorization");
    changed.request.headers.push(("Authorization".into(), value.into()));
    let mut run = Run::new(ONE, session::plan(), session::at(0));
    run.exchanged(Arc::new(changed));
    let number = exchange_of(&run, Step::Create);
    (run, number)
}

#[test]
fn a_language_is_chosen_kept_and_copied() {
    let run = session::finished(ONE);
    let mut window = page(run.clone(), exchange_of(&run, Step::Create));
    assert!(shows(&window, "curl --request POST") && shows(&window, "Needs curl"));
    choose(&mut window, "curl", "Python");
    assert!(shows(&window, "session = requests.Session()") && shows(&window, "Needs Python 3 with requests"));
    assert!(shows(&window, "export ACCESS_TOKEN=…"));
    window.get_by_label("Copy as Python").click();
    window.step();
    let commands = window.output().platform_output.commands.clone();
    let copied = commands.iter().find_map(|command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    let copied = copied.expect("something was copied");
    assert!(copied.starts_with("import os") && copied.contains("os.environ['ACCESS_TOKEN']"), "{copied}");
    window.run_steps(2);
    window.get_by_label("Copied");
    window.state_mut().timeline.selected = Some((ONE, exchange_of(&run, Step::Collect)));
    window.run_steps(3);
    assert!(shows(&window, "session = requests.Session()") && shows(&window, "collect-data"));
}

#[test]
fn every_language_fits_a_narrow_inspector() {
    let run = session::finished(ONE);
    let mut window = page(run.clone(), exchange_of(&run, Step::Create));
    let mut before = Language::Curl;
    for language in Language::ALL.into_iter().skip(1) {
        choose(&mut window, before.name(), language.name());
        before = language;
        let copy = window.get_by_label(&format!("Copy as {}", language.name())).rect();
        let combo = window.get_by_label(&format!("Language: {}", language.name())).rect();
        assert!(combo.right() < copy.left() && copy.right() - combo.left() < 360.0, "{language:?}: {combo} {copy}");
        assert!(shows(&window, &format!("Needs {}", language.needs())));
    }
}

#[test]
fn the_language_is_chosen_with_the_keys() {
    let run = session::finished(ONE);
    let mut window = page(run.clone(), exchange_of(&run, Step::Create));
    window.get_by_label("Language: curl").focus();
    window.run_steps(2);
    press(&mut window, Modifiers::NONE, Key::Enter);
    window.get_by_role_and_label(Role::Button, "Go").focus();
    window.run_steps(2);
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert!(shows(&window, "package main"));
}

#[test]
fn a_value_of_the_sandbox_is_put_in_only_when_asked_for() {
    let (run, number) = authorised_by("sek_made_by_our_sandbox");
    let mut window = page(run, number);
    assert!(shows(&window, "\"$SESSION_SECRET\"") && !shows(&window, "sek_made_by_our_sandbox"));
    window.get_by_label("Put in this sandbox session's values").click();
    window.run_steps(3);
    assert!(shows(&window, "sek_made_by_our_sandbox") && !shows(&window, "SESSION_SECRET"));
}

#[test]
fn what_is_masked_or_of_another_environment_cannot_be_put_in() {
    let offers = |window: &Window| window.query_by_label("Put in this sandbox session's values").is_some();
    let (run, number) = authorised_by("Bearer ************");
    assert!(!offers(&page(run, number)));
    let (mut run, number) = authorised_by("sek_of_the_vendor");
    run.plan.profile = sessions_console::model::profile::ProfileId("vendor".into());
    let mut window = page(run, number);
    assert!(!offers(&window) && !shows(&window, "sek_of_the_vendor"));
    click(&mut window, "Copy code");
    assert!(!shows(&window, "sek_of_the_vendor"));
}

#[test]
fn picture_code() {
    let (run, number) = authorised_by("sek_made_by_our_sandbox");
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        let mut app = super::App::new(vec![run.clone()], 11_000);
        app.timeline.selected = Some((ONE, number));
        let mut window = super::sized(app, [1064.0, 844.0], look);
        window.get_by_role_and_label(Role::Tab, "Code").click();
        window.run_steps(3);
        choose(&mut window, "curl", "Python");
        window.render().unwrap().save(format!("/tmp/code-{name}.png")).unwrap();
        window.get_by_label("Language: Python").click();
        window.run_steps(3);
        window.render().unwrap().save(format!("/tmp/code-{name}-open.png")).unwrap();
    }
}
