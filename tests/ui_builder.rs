//! The shell, the builder and the credentials, by their labels: what is typed and clicked
//! goes in, commands come out. And a few pictures.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/render.rs"]
mod render;
#[allow(dead_code)] // shared with the timeline's tests
#[path = "support/session.rs"]
mod session;
#[path = "ui_builder/wish.rs"]
mod wish;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use serde_json::{Value, json};
use sessions_console::bus::Command;
use sessions_console::model::app::AppValues;
use sessions_console::model::exchange::Step;
use sessions_console::model::profile::{Environment, Profile, ProfileId, TokenStatus, TokenView};
use sessions_console::model::run::{Plan, Run, Shopper};
use sessions_console::model::settings::{Pace, Settings, Theme};
use sessions_console::model::{Notice, Problem, RunId, SecretState, Server, ServerStatus, Stamp, Weight, Workspace};
use sessions_console::ui::Shell;

/// What the window is drawn from, and what came out of it.
struct Window {
    shell: Shell,
    workspace: Workspace,
    now: Stamp,
    commands: Vec<Command>,
}

fn stamp(seconds: u64) -> Stamp {
    let wall = "2026-11-22T10:00:00Z".parse::<jiff::Timestamp>().unwrap() + Duration::from_secs(seconds);
    Stamp { wall, mono: Duration::from_secs(seconds) }
}

fn workspace() -> Workspace {
    let mut settings = Settings::default();
    settings.profiles[0].base_url = "http://127.0.0.1:8787".into();
    settings.profiles[0].token_url = "http://127.0.0.1:8787/connect/token".into();
    settings.profiles[0].client_id = "ack_zztzqayybq674example".into();
    let mut workspace = Workspace { settings, saving: true, ..Workspace::default() };
    let up = |address: &str| ServerStatus::Up { address: address.into(), instead_of: None };
    workspace.servers.insert(Server::Listener, up("127.0.0.1:8788"));
    workspace.servers.insert(Server::Sandbox, up("127.0.0.1:8787"));
    workspace.secrets.insert(ProfileId("embedded".into()), SecretState::Held);
    workspace.values.listener = "http://127.0.0.1:8788/c/q7m2".into();
    workspace.values.merchant = "http://127.0.0.1:8789/m/q7m2".into();
    workspace
}

fn window_with(size: [f32; 2], workspace: Workspace) -> Harness<'static, Window> {
    let shell = Shell::new(&workspace.settings);
    let state = Window { shell, workspace, now: stamp(100), commands: Vec::new() };
    let mut harness = render::harness(
        size,
        |ui, window: &mut Window| {
            let Window { shell, workspace, now, commands } = window;
            shell.ui(ui, workspace, *now, commands);
        },
        state,
    );
    harness.run();
    harness
}

fn window() -> Harness<'static, Window> {
    window_with([1280.0, 800.0], workspace())
}

/// Carries settings out as the engine does.
fn settle(harness: &mut Harness<'static, Window>) {
    harness.run();
    let window = harness.state_mut();
    for command in std::mem::take(&mut window.commands) {
        match command {
            Command::SaveSettings(settings) => window.workspace.settings = settings,
            other => window.commands.push(other),
        }
    }
    harness.run();
}

/// The input with this name; the label beside it has the same words.
fn input<'h>(harness: &'h Harness<'static, Window>, label: &'h str) -> egui_kittest::Node<'h> {
    harness
        .query_all_by_label(label)
        .find(|node| egui::accessibility::is_input(node.accesskit_node().role()))
        .expect(label)
}

fn type_into(harness: &mut Harness<'static, Window>, label: &str, text: &str) {
    input(harness, label).focus();
    harness.run();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run();
    input(harness, label).type_text(text);
    harness.run();
}

/// The plan that Ctrl+Enter asks for.
fn plan(harness: &mut Harness<'static, Window>) -> Plan {
    harness.state_mut().commands.clear();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    harness.run();
    let runs: Vec<&Plan> = harness
        .state()
        .commands
        .iter()
        .filter_map(|command| match command {
            Command::Run(plan) => Some(plan),
            _ => None,
        })
        .collect();
    assert_eq!(runs.len(), 1, "one press, one run");
    runs[0].clone()
}

fn body(harness: &mut Harness<'static, Window>) -> Value {
    serde_json::from_str(&plan(harness).body).unwrap()
}

#[test]
fn the_first_run_is_one_key_away_and_is_what_the_form_shows() {
    let mut harness = window();
    let plan = plan(&mut harness);
    let body: Value = serde_json::from_str(&plan.body).unwrap();
    assert_eq!(body["source"]["number"], "4242424242424242");
    assert_eq!(body["completion"]["type"], "non_hosted");
    assert_eq!((plan.profile.0.as_str(), plan.pace, plan.unattended), ("embedded", Pace::Auto, false));
    assert!(matches!(plan.shopper, Shopper::Scripted(_)));
    harness.get_by_label_contains("No findings");
}

#[test]
fn a_typed_amount_goes_into_the_json_and_is_read_as_money() {
    let mut harness = window();
    type_into(&mut harness, "amount", "1200");
    assert_eq!(body(&mut harness)["amount"], json!(1200));
    type_into(&mut harness, "amount", "12.00");
    harness.get_by_label_contains("amount is a whole number");
    assert_eq!(body(&mut harness)["amount"], json!("12.00"), "wrong things are sent as typed");
    harness.get_by_label("Reset amount").click();
    harness.run();
    assert_eq!(body(&mut harness)["amount"], json!(6540));
    assert!(harness.query_by_label_contains("amount is a whole number").is_none());
}

#[test]
fn a_wrong_card_number_shows_its_finding_and_still_runs() {
    let mut harness = window();
    type_into(&mut harness, "number", "4242424242424241");
    harness.get_by_label_contains("wrong check digit");
    assert_eq!(body(&mut harness)["source"]["number"], "4242424242424241");
}

#[test]
fn a_card_is_chosen_from_the_strip_and_from_the_window() {
    let mut harness = window();
    harness.get_by_label("Declined …7863").click();
    harness.run();
    assert_eq!(body(&mut harness)["source"]["number"], "4539628347117863");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::T);
    harness.run();
    harness.run();
    harness.event(egui::Event::Text("amex declined".into()));
    harness.run();
    harness.get_by_label("3710 646454 62927").click();
    harness.run();
    assert_eq!(body(&mut harness)["source"]["number"], "371064645462927");
    assert!(harness.query_by_label("3710 646454 62927").is_none(), "the window closes");
}

#[test]
fn broken_json_is_said_kept_sent_and_mended() {
    let mut harness = window();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::J);
    harness.run();
    type_into(&mut harness, "Body of POST /sessions", "{\"amount\": 7,");
    harness.get_by_label_contains("line 1 column");
    assert_eq!(plan(&mut harness).body, "{\"amount\": 7,", "sent as typed");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::J);
    harness.run();
    harness.get_by_label_contains("not JSON just now");
    harness.get_by_label("Mend the JSON").click();
    harness.run();
    type_into(&mut harness, "Body of POST /sessions", "{\"amount\": 7}");
    assert!(harness.query_by_label_contains("line 1 column").is_none());
    assert_eq!(body(&mut harness), json!({"amount": 7}));
}

#[test]
fn hosted_takes_the_purchase_along() {
    let mut harness = window();
    type_into(&mut harness, "amount", "99");
    harness.get_by_label("Hosted").click();
    harness.run();
    let plan = plan(&mut harness);
    let body: Value = serde_json::from_str(&plan.body).unwrap();
    assert_eq!(body["amount"], json!(99));
    assert_eq!(body["completion"]["type"], "hosted");
    harness.get_by_label("Non-hosted").click();
    harness.run();
    assert_eq!(self::body(&mut harness)["completion"]["callback_url"], "{{listener}}/cb", "and back");
}

#[test]
fn what_template_values_stand_for_is_said_beneath_and_a_menu_puts_them_in() {
    let mut harness = window();
    let shown = harness.query_all_by_label_contains("{{listener}}127.0.0.1:8788/c/q7m2").count();
    assert_eq!(shown, 2, "beneath callback_url and challenge_notification_url");
    find(&mut harness, "reference");
    type_into(&mut harness, "reference", "A-");
    harness.get_by_label("Insert a value into reference").click();
    harness.run();
    harness.get_by_label_contains("{{uuid}}").click();
    harness.run();
    assert_eq!(body(&mut harness)["reference"], "A-{{uuid}}");
    harness.get_by_label_contains("made when the run starts");
    type_into(&mut harness, "reference", "{{nobody}}");
    harness.query_all_by_label_contains("nobody knows this name").next().expect("said beneath");
}

#[test]
fn settings_are_saved_before_anything_else_and_the_view_at_most_every_two_seconds() {
    let mut harness = window();
    harness.get_by_label("I answer myself").click();
    settle(&mut harness);
    assert!(harness.state().workspace.settings.answer_myself);
    assert!(matches!(plan(&mut harness).shopper, Shopper::Person));
    type_into(&mut harness, "reference", "ORD-7");
    let saves = |harness: &Harness<'static, Window>| {
        harness.state().commands.iter().filter(|command| matches!(command, Command::SaveSettings(_))).count()
    };
    harness.state_mut().commands.clear();
    harness.state_mut().now = stamp(101);
    type_into(&mut harness, "reference", "ORD-8");
    assert_eq!(saves(&harness), 0, "too soon");
    harness.state_mut().now = stamp(104);
    settle(&mut harness);
    let view = harness.state().workspace.settings.view.to_string();
    assert!(view.contains("ORD-8"), "{view}");
    let again = window_with([1280.0, 800.0], harness.state().workspace.clone());
    let mut again = again;
    assert_eq!(body(&mut again)["reference"], "ORD-8", "the draft comes back");
}

#[test]
fn a_running_session_can_be_cancelled_by_key_but_not_while_typing() {
    let mut workspace = workspace();
    let shell = Shell::new(&workspace.settings);
    let plan = Window { shell, workspace: workspace.clone(), now: stamp(0), commands: Vec::new() };
    let plan = sessions_console::ui::builder::Panel::default().plan(&plan.workspace);
    workspace.runs.insert(RunId(1), Run::new(RunId(1), plan, stamp(99)));
    let mut harness = window_with([1280.0, 800.0], workspace);
    harness.get_by_label("Cancel");
    input(&harness, "reference").focus();
    harness.run();
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(harness.state().commands, []);
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(harness.state().commands, [Command::Cancel(RunId(1))]);
}

fn with_custom_profile() -> Workspace {
    let mut workspace = workspace();
    let mut profile = Profile::new(ProfileId("mine".into()), Environment::VendorSandbox);
    profile.client_id = "ack_mine".into();
    workspace.settings.active_profile = profile.id.clone();
    workspace.settings.profiles.push(profile);
    workspace
}

#[test]
fn a_secret_leaves_the_panel_once_and_is_nowhere_to_be_read() {
    let mut harness = window_with([1280.0, 1400.0], with_custom_profile());
    harness.get_by_label("Credentials").click();
    harness.run();
    input(&harness, "client_secret").focus();
    harness.run();
    input(&harness, "client_secret").type_text("s3cr3t-canary");
    harness.run();
    assert_eq!(seen(&harness).matches("s3cr3t-canary").count(), 0, "masked while typed");
    harness.key_press(Key::Enter);
    harness.run();
    harness.state_mut().now = stamp(200);
    harness.run();
    let window = harness.state();
    let secrets: Vec<_> = window
        .commands
        .iter()
        .filter_map(|command| match command {
            Command::SetSecret(id, secret) => Some((id.0.as_str(), secret.expose())),
            _ => None,
        })
        .collect();
    assert_eq!(secrets, [("mine", "s3cr3t-canary")]);
    assert!(!format!("{:?}", window.commands).contains("s3cr3t"), "not in the commands' text");
    assert!(!seen(&harness).contains("s3cr3t"), "not in the accessibility tree");
    // Undo brings nothing back.
    harness.state_mut().commands.clear();
    input(&harness, "client_secret").focus();
    harness.run();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert!(!harness.state().commands.iter().any(|command| matches!(command, Command::SetSecret(..))));
}

/// Every word in the accessibility tree.
fn seen(harness: &Harness<'static, Window>) -> String {
    harness
        .root()
        .children_recursive()
        .map(|node| {
            let node = node.accesskit_node();
            format!("{} {}\n", node.label().unwrap_or_default(), node.value().unwrap_or_default())
        })
        .collect()
}

#[test]
fn a_profile_is_edited_checked_and_kept_on_leaving_the_field() {
    let mut harness = window_with([1280.0, 1400.0], with_custom_profile());
    harness.get_by_label("Credentials").click();
    harness.run();
    type_into(&mut harness, "base_url", "http://api.example.test");
    harness.get_by_label_contains("Use https");
    assert!(!harness.state().commands.iter().any(|command| matches!(command, Command::SaveProfile(_))));
    harness.key_press(Key::Enter);
    harness.run();
    let saved = harness.state().commands.iter().find_map(|command| match command {
        Command::SaveProfile(profile) => Some(profile.base_url.clone()),
        _ => None,
    });
    assert_eq!(saved.as_deref(), Some("http://api.example.test"));
}

#[test]
fn a_locked_secret_says_for_whom_it_was_entered() {
    let mut workspace = with_custom_profile();
    let locked = SecretState::Locked { entered_for: vec!["https://old.example.test".into()] };
    workspace.secrets.insert(ProfileId("mine".into()), locked);
    let mut harness = window_with([1280.0, 1400.0], workspace);
    harness.get_by_label("Credentials").click();
    harness.run();
    harness.get_by_label_contains("https://old.example.test");
}

#[test]
fn a_refused_token_is_explained_and_can_be_tried_again() {
    let mut workspace = workspace();
    let problem = Problem {
        summary: "The token server refused".into(),
        causes: vec!["400 invalid_client".into()],
        hint: Some("Check id and secret".into()),
    };
    workspace.tokens.insert(ProfileId("embedded".into()), TokenStatus::Failed(problem));
    let mut harness = window_with([1280.0, 1400.0], workspace);
    harness.get_by_label("Credentials").click();
    harness.run();
    harness.get_by_label_contains("400 invalid_client");
    harness.get_by_label_contains("Check id and secret");
    harness.get_by_label("Try again").click();
    harness.run();
    assert_eq!(harness.state().commands.last(), Some(&Command::RenewToken));
}

#[test]
fn a_typed_path_opens_and_an_opened_body_is_taken_once() {
    let mut harness = window();
    harness.get_by_label("File").click();
    harness.run();
    harness.get_by_label("Type a path").click();
    harness.run();
    harness.get_by_label("Path of a .json file").type_text("/tmp/body.json");
    harness.run();
    harness.get_by_label("Open this path").click();
    harness.run();
    assert!(harness.state().commands.contains(&Command::OpenBody(PathBuf::from("/tmp/body.json"))));
    let text = json!({"amount": 5, "completion": {"type": "hosted"}}).to_string();
    harness.state_mut().workspace.opened_body = Some((1, PathBuf::from("/tmp/body.json"), text.clone()));
    harness.run();
    assert_eq!(plan(&mut harness).body, text);
    type_into(&mut harness, "amount", "6");
    assert_eq!(body(&mut harness)["amount"], json!(6), "and not taken again");
}

#[test]
fn errors_stay_until_dismissed_and_good_news_passes() {
    let mut workspace = workspace();
    let notice = |number, weight, text: &str| Notice { number, weight, problem: Problem::of(text, "Do this now") };
    workspace.notices = vec![notice(1, Weight::Error, "The port is taken"), notice(2, Weight::Passing, "Saved")];
    let mut harness = window_with([1280.0, 800.0], workspace);
    harness.get_by_label_contains("The port is taken");
    assert_eq!(harness.state().commands, []);
    harness.state_mut().now = stamp(105);
    harness.step();
    assert!(harness.state().commands.contains(&Command::Dismiss(2)));
    assert!(!harness.state().commands.contains(&Command::Dismiss(1)));
    harness.get_by_label("Dismiss").click();
    harness.run();
    assert!(harness.state().commands.contains(&Command::Dismiss(1)));
}

#[test]
fn hostile_names_are_shown_as_what_they_are() {
    let mut workspace = with_custom_profile();
    workspace.settings.profiles[1].name = "live\u{202E}xobdnas".into();
    let harness = window_with([1280.0, 800.0], workspace);
    let seen = seen(&harness);
    assert!(seen.contains("\\u{202E}") && !seen.contains('\u{202E}'), "{seen}");
}

/// Makes a production profile the one in use.
fn use_production(workspace: &mut Workspace) {
    let mut profile = Profile::new(ProfileId("live".into()), Environment::Production);
    profile.client_id = "ack_live".into();
    workspace.settings.active_profile = profile.id.clone();
    workspace.settings.profiles.push(profile);
}

#[test]
fn production_asks_before_the_first_send() {
    let mut workspace = workspace();
    use_production(&mut workspace);
    let host = workspace.profile().unwrap().origins().remove(0);
    let mut run = session::finished(RunId(1));
    run.plan.profile = ProfileId("live".into());
    workspace.runs.insert(RunId(1), run);
    let mut harness = window_with([1280.0, 800.0], workspace);
    let sends = |harness: &Harness<'static, Window>| {
        let sent = |command: &&Command| !matches!(command, Command::SaveSettings(_));
        harness.state().commands.iter().filter(sent).cloned().collect::<Vec<_>>()
    };
    harness.get_by_label("Run again").click();
    harness.run();
    harness.get_by_label("Cancel").click();
    harness.run();
    assert!(harness.query_by_label("Send to production").is_none(), "closed");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    harness.run();
    harness.get_by_label(&host);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    harness.run();
    harness.get_by_label("Send to production").click();
    harness.run();
    assert_eq!(sends(&harness), [], "not before the word is typed");
    type_into(&mut harness, "Type the word", "production");
    harness.run();
    harness.get_by_label("Send to production").click();
    harness.run();
    let sent = sends(&harness);
    assert!(
        matches!(&sent[..], [Command::ConfirmProduction(id), Command::Run(plan)] if id.0 == "live" && plan.profile == *id),
        "{sent:?}"
    );
    // The engine keeps the answer; from then on nothing is asked.
    harness.state_mut().workspace.production_confirmed.insert(ProfileId("live".into()));
    harness.run();
    assert!(harness.query_by_label("Send to production").is_none());
    assert_eq!(plan(&mut harness).profile.0, "live");
    harness.get_by_label("Do again…").click();
    harness.run();
    harness.get_by_label("Read session").click();
    harness.run();
    assert_eq!(harness.state().commands.last(), Some(&Command::Do(RunId(1), Step::Confirm)));
}

#[test]
fn a_step_of_an_unconfirmed_production_run_asks_too_and_enter_answers() {
    let mut workspace = workspace();
    use_production(&mut workspace);
    let mut run = session::finished(RunId(1));
    run.plan.profile = ProfileId("live".into());
    workspace.runs.insert(RunId(1), run);
    let mut harness = window_with([1280.0, 800.0], workspace);
    harness.get_by_label("Do again…").click();
    harness.run();
    harness.get_by_label("Read session").click();
    harness.run();
    assert_eq!(harness.state().commands, []);
    harness.key_press(Key::Escape);
    harness.run();
    assert!(harness.query_by_label("Send to production").is_none(), "Esc sends nothing");
    harness.get_by_label("Run again").click();
    harness.run();
    harness.run();
    harness.event(egui::Event::Text("production".into()));
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert!(matches!(&harness.state().commands[..], [Command::ConfirmProduction(_), Command::Run(_)]));
}

#[test]
fn production_is_said_and_the_narrow_window_folds_the_builder() {
    let mut workspace = workspace();
    use_production(&mut workspace);
    workspace.production_confirmed.insert(ProfileId("live".into()));
    let mut harness = window_with([990.0, 700.0], workspace);
    harness.get_by_label_contains("Sends to production");
    harness.get_by_label("Production: Production");
    assert!(harness.query_by_label("Find a field").is_none());
    harness.get_by_label("Show the builder").click();
    harness.run();
    harness.get_by_label("Find a field");
    harness.get_by_label("Hide the builder").click();
    harness.run();
    assert!(harness.query_by_label("Find a field").is_none());
    assert_eq!(body(&mut harness)["amount"], json!(6540), "Run works from there too");
}

#[test]
fn zoom_look_and_pace_are_settings_and_keys_are_listed() {
    let mut harness = window();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Plus);
    settle(&mut harness);
    harness.get_by_label("Manual").click();
    settle(&mut harness);
    harness.get_by_label("Light look").click();
    settle(&mut harness);
    let settings = &harness.state().workspace.settings;
    assert_eq!((settings.zoom, settings.pace, settings.theme), (1.25, Pace::Manual, Theme::Light));
    assert!((harness.ctx.zoom_factor() - 1.25).abs() < 0.01);
    harness.key_press(Key::F1);
    harness.run();
    harness.get_by_label("Form or JSON");
    harness.key_press(Key::Escape);
    harness.run();
    assert!(harness.query_by_label("Form or JSON").is_none());
}

/// Types into the search and presses Enter.
fn find(harness: &mut Harness<'static, Window>, words: &str) {
    type_into(harness, "Find a field", words);
    harness.key_press(Key::Enter);
    harness.run();
}

fn has_pen(harness: &Harness<'static, Window>, label: &str) -> bool {
    input(harness, label).accesskit_node().is_focused()
}

#[test]
fn a_search_goes_to_the_field_wherever_it_stands() {
    let mut harness = window();
    find(&mut harness, "browserTZ");
    assert!(has_pen(&harness, "timezone"), "by EMV name, in another request");
    find(&mut harness, "federated");
    assert!(has_pen(&harness, "account_info.authentication_method"), "by an allowed word, in a folded group");
    find(&mut harness, "stored");
    harness.get_by_label("stored: true").click();
    harness.run();
    assert_eq!(body(&mut harness)["source"]["stored"], json!(true));
    harness.get_by_label("stored: left out").click();
    harness.run();
    assert_eq!(body(&mut harness)["source"].get("stored"), None);
    type_into(&mut harness, "Find a field", "success_url");
    harness.get_by_label("success_url: Only for hosted: not sent now").click();
    harness.run();
    harness.get_by_label_contains("1 field");
    harness.key_press(Key::Escape);
    harness.run();
}

#[test]
fn a_field_and_a_group_are_reset_by_one_click_each() {
    let mut harness = window();
    type_into(&mut harness, "amount", "5");
    type_into(&mut harness, "currency", "EUR");
    type_into(&mut harness, "number", "4000000000000002");
    harness.get_by_label("Reset Purchase").click();
    harness.run();
    let sent = body(&mut harness);
    assert_eq!((&sent["amount"], &sent["currency"]), (&json!(6540), &json!("USD")));
    assert_eq!(sent["source"]["number"], "4000000000000002", "another group");
    assert!(harness.query_by_label("Reset amount").is_none());
    harness.get_by_label("Reset number").click();
    harness.run();
    assert_eq!(body(&mut harness)["source"]["number"], "4242424242424242");
}

#[test]
fn a_channel_switch_loses_nothing_and_the_data_travel_either_way() {
    let mut harness = window();
    harness.get_by_label("Collect").click();
    harness.run();
    type_into(&mut harness, "language", "cy");
    harness.get_by_label("App").click();
    harness.run();
    type_into(&mut harness, "sdk_max_timeout", "9");
    harness.get_by_label("Merchant-initiated").click();
    harness.run();
    harness.get_by_label_contains("travel inside POST /sessions");
    assert_eq!(body(&mut harness)["channel_data"]["channel"], "merchant_initiated");
    harness.get_by_label("Browser").click();
    harness.run();
    let sent = plan(&mut harness);
    assert!(sent.collect.contains("\"cy\"") && !sent.body.contains("channel_data"), "{sent:?}");
    harness.get_by_label("POST /sessions").click();
    harness.run();
    assert_eq!(body(&mut harness)["channel_data"]["language"], "cy");
    harness.get_by_label("App").click();
    harness.run();
    assert_eq!(body(&mut harness)["channel_data"]["sdk_max_timeout"], json!(9));
}

#[test]
fn one_history_takes_back_form_json_presets_and_switches() {
    let mut harness = window();
    let back = |harness: &mut Harness<'static, Window>| {
        harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        harness.run();
    };
    type_into(&mut harness, "amount", "99");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::J);
    harness.run();
    type_into(&mut harness, "Body of POST /sessions", "{\"amount\": 7}");
    assert_eq!(body(&mut harness), json!({"amount": 7}));
    back(&mut harness);
    assert_eq!(body(&mut harness)["amount"], json!(99), "the pen is still in the JSON");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::J);
    harness.run();
    harness.get_by_label("Presets").click();
    harness.run();
    harness.get_by_label("Low value").click();
    harness.run();
    assert_eq!(body(&mut harness)["challenge_indicator"], "low_value");
    harness.get_by_label("App").click();
    harness.run();
    back(&mut harness);
    back(&mut harness);
    let sent = body(&mut harness);
    assert_eq!((&sent["amount"], &sent["challenge_indicator"]), (&json!(99), &json!("no_preference")));
    back(&mut harness);
    assert_eq!(body(&mut harness)["amount"], json!(6540));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Y);
    harness.run();
    assert_eq!(body(&mut harness)["amount"], json!(99));
    harness.get_by_label("Undo").click();
    harness.run();
    assert_eq!(body(&mut harness)["amount"], json!(6540));
    // A text that is none of the draft's keeps its own undo.
    type_into(&mut harness, "Find a field", "amount");
    back(&mut harness);
    assert_eq!(body(&mut harness)["amount"], json!(6540));
}

#[test]
fn a_preset_of_ones_own_is_saved_renamed_used_and_deleted() {
    let mut harness = window();
    type_into(&mut harness, "reference", "MINE-1");
    harness.get_by_label("Presets").click();
    harness.run();
    harness.get_by_label("Save as preset…").click();
    harness.run();
    harness.get_by_label("Name of the preset").type_text("Monday");
    harness.run();
    harness.get_by_label("Save").click();
    harness.run();
    harness.get_by_label("Rename Monday").click();
    harness.run();
    type_into(&mut harness, "New name", "Tuesday");
    harness.get_by_label("Rename").click();
    harness.run();
    harness.key_press(Key::Escape);
    harness.run();
    type_into(&mut harness, "reference", "OTHER");
    harness.state_mut().now = stamp(110);
    settle(&mut harness);
    let mut again = window_with([1280.0, 800.0], harness.state().workspace.clone());
    again.get_by_label("Presets").click();
    again.run();
    again.get_by_label("Tuesday").click();
    again.run();
    assert_eq!(body(&mut again)["reference"], "MINE-1", "kept between starts");
    again.get_by_label("Presets").click();
    again.run();
    again.get_by_label("Delete Tuesday").click();
    again.run();
    assert!(again.query_by_label("Tuesday").is_none());
}

#[test]
fn what_the_bank_lacks_is_one_click_away() {
    let mut harness = window();
    harness.get_by_label("Data richness").click();
    harness.run();
    harness.get_by_label_contains("Contact: ");
    harness.get_by_label("Add Shipping address").click();
    harness.run();
    assert!(has_pen(&harness, "shipping_address.address_line1"));
}

#[test]
fn findings_are_listed_lead_to_their_field_and_are_fixed() {
    let mut harness = window();
    type_into(&mut harness, "amount", "12.5");
    find(&mut harness, "billing_address.country");
    type_into(&mut harness, "billing_address.country", "GBR");
    harness.get_by_label("Show 2 findings").click();
    harness.run();
    harness.get_by_label("Show billing_address.country").click();
    harness.run();
    assert!(has_pen(&harness, "billing_address.country"));
    assert_eq!(plan(&mut harness).body.matches("GBR").count(), 1, "findings never block");
    harness.get_by_label("Show 2 findings").click();
    harness.run();
    harness.get_by_label("Fix billing_address.country").click();
    harness.run();
    assert_eq!(body(&mut harness)["source"]["billing_address"].get("country"), None);
}

#[test]
fn form_and_json_stand_side_by_side_and_keep_in_step() {
    let mut workspace = workspace();
    workspace.settings.view = json!({ "left": 800.0 });
    let mut harness = window_with([1440.0, 900.0], workspace);
    let text = |harness: &Harness<'static, Window>| input(harness, "Body of POST /sessions").value().unwrap();
    type_into(&mut harness, "amount", "77");
    assert!(text(&harness).contains("\"amount\": 77"));
    let more = text(&harness).replacen('{', "{\n  \"mine\": [1],", 1).replace("\"amount\": 77", "\"amount\": \"x\"");
    type_into(&mut harness, "Body of POST /sessions", &more);
    assert_eq!(input(&harness, "amount").value().as_deref(), Some("x"));
    harness.query_by_label_contains("Line 21: amount is a whole number").expect("in the gutter");
    harness.get_by_label_contains("Line 21: amount is a whole number").click();
    harness.run();
    assert!(has_pen(&harness, "amount"), "the mark in the gutter leads to the field");
    type_into(&mut harness, "amount", "78");
    let sent = body(&mut harness);
    assert_eq!((&sent["amount"], &sent["mine"]), (&json!(78), &json!([1])), "unknown members survive");
    type_into(&mut harness, "Body of POST /sessions", "{\n \"amount\":");
    harness.get_by_label("Line 2: The JSON breaks here");
    assert_eq!(input(&harness, "amount").value().as_deref(), Some("78"), "the last good version");
}

#[test]
fn side_by_side_is_one_click_away() {
    let mut harness = window_with([1440.0, 900.0], workspace());
    assert!(harness.query_by_label("Body of POST /sessions").is_none());
    harness.get_by_label("Form and JSON side by side").click();
    harness.run();
    harness.run();
    harness.get_by_label("Body of POST /sessions");
    harness.get_by_label("Find a field");
    harness.get_by_label("Form alone").click();
    harness.run();
    harness.run();
    assert!(harness.query_by_label("Body of POST /sessions").is_none(), "and one click back");
    harness.get_by_label("Form and JSON side by side");
}

#[test]
fn all_fields_can_be_read_and_lead_to_the_form() {
    let mut harness = window();
    harness.key_press(Key::F2);
    harness.run();
    harness.run();
    harness.event(egui::Event::Text("shipping_address_age".into()));
    harness.run();
    harness.get_by_label("account_info.shipping_address_age in the reference");
    harness.get_by_label("sessions-api.md 3.3");
    harness.key_press(Key::Enter);
    harness.run();
    assert!(harness.query_by_label("Find in all fields").is_none(), "the window closes");
    assert!(has_pen(&harness, "account_info.shipping_address_age"));
}

#[test]
fn each_request_has_its_own_form() {
    let mut workspace = workspace();
    workspace.runs = session::workspace([session::finished(RunId(1))]).runs;
    let mut harness = window_with([1280.0, 800.0], workspace);
    let to = |harness: &mut Harness<'static, Window>, label: &str| {
        harness.get_by_label(label).click();
        harness.run();
    };
    to(&mut harness, "Complete");
    harness.get_by_label("POST …/complete has no body");
    to(&mut harness, "Fingerprint");
    harness.query_all_by_label("three_ds_method_completion").next().expect("its only field");
    to(&mut harness, "Collect");
    to(&mut harness, "Devices");
    to(&mut harness, "Safari on iPhone");
    assert!(plan(&mut harness).collect.contains("iPhone"));
    to(&mut harness, "Use my real browser…");
    assert_eq!(harness.state().commands.last(), Some(&Command::ReadMyBrowser));
    let members = json!({"language": "gd", "screen_width": "1111"}).as_object().unwrap().clone();
    harness.state_mut().workspace.browser_read = Some((1, members));
    harness.run();
    let collect: Value = serde_json::from_str(&plan(&mut harness).collect).unwrap();
    assert_eq!((&collect["language"], &collect["screen_width"]), (&json!("gd"), &json!("1111")));
    to(&mut harness, "App");
    to(&mut harness, "Make app values");
    assert_eq!(harness.state().commands.last(), Some(&Command::MakeAppValues));
    let values = AppValues::make(None, &mut |bytes| bytes.fill(7));
    harness.state_mut().workspace.app_values = Some((1, values.clone()));
    harness.run();
    harness.get_by_label_contains("throwaway key");
    let collect: Value = serde_json::from_str(&plan(&mut harness).collect).unwrap();
    assert_eq!(collect["sdk_app_id"], json!(values.app_id));
    assert_eq!(collect["sdk_ephem_pub_key"], values.ephem_pub_key);
    to(&mut harness, "Payment");
    to(&mut harness, "Pay by values");
    let payment: Value = serde_json::from_str(&plan(&mut harness).payment).unwrap();
    assert_eq!(payment["3ds"]["eci"], "{{session.eci}}");
    harness.get_by_label("Copy cryptogram for another PSP");
    to(&mut harness, "Pay by session id");
    assert_eq!(plan(&mut harness).payment, "{}");
}

const ROW: &str = "Merchant to Sessions API POST …/complete 204";

fn with_a_run(size: [f32; 2], mut workspace: Workspace) -> Harness<'static, Window> {
    workspace.runs = session::workspace([session::finished(RunId(1))]).runs;
    let mut harness = window_with(size, workspace);
    harness.state_mut().now = session::at(11_000);
    harness.run_steps(3);
    harness.get_by_label(ROW).click();
    harness.run_steps(4);
    harness
}

#[test]
fn a_row_opens_in_the_inspector_beside_it_or_in_a_drawer_that_closes() {
    let wide = with_a_run([1440.0, 900.0], workspace());
    assert!(wide.query_by_label("Close the inspector").is_none());
    let beside = wide.get_by_label("Headers").rect();
    assert!(beside.left() > 900.0 && beside.top() < 200.0, "{beside}");
    let mut narrow = with_a_run([1100.0, 800.0], workspace());
    let below = narrow.get_by_label("Headers").rect();
    assert!(below.top() > 400.0, "{below}");
    narrow.get_by_label("Close the inspector").click();
    narrow.run_steps(4);
    assert!(narrow.query_by_label("Headers").is_none());
}

fn live_token() -> TokenStatus {
    let claims = json!({"iss": "sandbox", "sub": "ack_zztzqayybq674example", "exp": 1_795_348_800, "scope": "gateway"});
    TokenStatus::Live(Box::new(TokenView {
        obtained: stamp(88),
        life: Duration::from_secs(3600),
        scopes: ["sessions:app", "sessions:browser", "gateway"].map(str::to_owned).to_vec(),
        header: Some(json!({"alg": "HS256", "typ": "JWT"})),
        claims: Some(claims),
    }))
}

fn picture(
    name: &str,
    size: [f32; 2],
    theme: Theme,
    change: impl FnOnce(&mut Workspace),
    act: impl FnOnce(&mut Harness<'static, Window>),
) -> egui_kittest::SnapshotResults {
    let mut workspace = workspace();
    workspace.settings.theme = theme;
    workspace.tokens = BTreeMap::from([(ProfileId("embedded".into()), live_token())]);
    change(&mut workspace);
    let mut harness = window_with(size, workspace);
    act(&mut harness);
    harness.run();
    harness.snapshot(name);
    harness.take_snapshot_results()
}

#[test]
fn the_builder_looks_right_in_both_themes() {
    let mut results = picture("builder_dark", [1280.0, 800.0], Theme::Dark, |_| (), |_| ());
    results.extend(picture(
        "builder_light",
        [1280.0, 800.0],
        Theme::Light,
        |_| (),
        |harness| type_into(harness, "number", "4242424242424241"),
    ));
}

/// Nothing that can be clicked or typed into lies beside the window.
fn nothing_sticks_out(name: &str, harness: &Harness<'static, Window>) {
    let window = harness.ctx.content_rect().expand(1.0);
    for node in harness.root().children_recursive() {
        let role = node.accesskit_node().role();
        if egui::accessibility::is_input(role) {
            let (rect, label) = (node.rect(), node.accesskit_node().label());
            let inside = rect.left() >= window.left() && rect.right() <= window.right();
            assert!(inside, "{name}: {role:?} {label:?} at {rect} in {window}");
        }
    }
}

/// A finished run, one that waits for the shopper, one by hand, one that failed.
fn kinds_of_run() -> [(&'static str, Run); 4] {
    let mut by_hand = session::waiting(RunId(1));
    by_hand.plan.pace = Pace::Manual;
    let runs = [session::finished(RunId(1)), session::waiting(RunId(1)), by_hand, session::failed(RunId(1))];
    let mut runs = runs.into_iter();
    ["finished", "waiting", "manual", "failed"].map(|kind| (kind, runs.next().unwrap()))
}

/// Also draws pictures to look at into the folder `LOOK_AT`, if that is set.
#[test]
fn everything_is_in_reach_in_every_size_and_zoom() {
    let folder = std::env::var("LOOK_AT").ok();
    let show = |name: &str, harness: &mut Harness<'static, Window>| {
        nothing_sticks_out(name, harness);
        if let Some(folder) = &folder {
            harness.render().unwrap().save(PathBuf::from(folder).join(name)).unwrap();
        }
    };
    let look = |name: &str, size, theme, change: fn(&mut Workspace), act: fn(&mut Harness<'static, Window>)| {
        let mut workspace = workspace();
        workspace.settings.theme = theme;
        workspace.tokens = BTreeMap::from([(ProfileId("embedded".into()), live_token())]);
        change(&mut workspace);
        let mut harness = window_with(size, workspace);
        act(&mut harness);
        harness.run();
        show(name, &mut harness);
    };
    let json = |harness: &mut Harness<'static, Window>| {
        harness.key_press_modifiers(Modifiers::COMMAND, Key::J);
        harness.run();
    };
    let cards = |harness: &mut Harness<'static, Window>| {
        harness.key_press_modifiers(Modifiers::COMMAND, Key::T);
        harness.run();
    };
    let credentials = |harness: &mut Harness<'static, Window>| {
        harness.get_by_label("Credentials").click();
        harness.run();
    };
    look("json.png", [1280.0, 800.0], Theme::Dark, |_| (), json);
    look("cards.png", [1280.0, 800.0], Theme::Light, |_| (), cards);
    look("credentials.png", [1440.0, 1100.0], Theme::Light, |_| (), credentials);
    look("narrow.png", [1000.0, 700.0], Theme::Dark, |_| (), |_| ());
    look("zoom.png", [1280.0, 800.0], Theme::Light, |workspace| workspace.settings.zoom = 2.0, |_| ());
    look("tight.png", [1280.0, 800.0], Theme::Dark, |workspace| workspace.settings.zoom = 1.5, |_| ());
    look("huge.png", [1280.0, 800.0], Theme::Dark, |workspace| workspace.settings.zoom = 3.0, |_| ());
    look("folded.png", [900.0, 600.0], Theme::Dark, |_| (), |_| ());
    let production = |workspace: &mut Workspace| {
        use_production(workspace);
        let problem = Problem {
            summary: "The port 8788 is taken".into(),
            causes: vec!["Address in use (os error 98)".into()],
            hint: Some("Stop the other program, or go on with port 40213".into()),
        };
        workspace.notices.push(Notice { number: 1, weight: Weight::Error, problem });
        workspace.notices.push(Notice { number: 2, weight: Weight::Passing, problem: Problem::of("Body saved", "") });
    };
    for (name, size, theme) in
        [("whole.png", [1440.0, 900.0], Theme::Dark), ("drawer.png", [1100.0, 800.0], Theme::Light)]
    {
        let mut workspace = workspace();
        workspace.settings.theme = theme;
        let mut harness = with_a_run(size, workspace);
        show(name, &mut harness);
    }
    look("production.png", [1440.0, 900.0], Theme::Dark, production, credentials);
    let ask = |harness: &mut Harness<'static, Window>| {
        harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
        harness.run();
    };
    look("production-asks.png", [1280.0, 800.0], Theme::Light, production, ask);
    for (size, zoom, theme) in [
        ([1280.0, 800.0], 1.0, Theme::Dark),
        ([1280.0, 800.0], 1.0, Theme::Light),
        ([1000.0, 700.0], 1.0, Theme::Dark),
        ([1920.0, 1080.0], 1.0, Theme::Light),
        ([853.0, 533.0], 1.5, Theme::Dark),
        ([640.0, 400.0], 2.0, Theme::Light),
    ] {
        for (kind, run) in kinds_of_run() {
            let mut workspace = workspace();
            (workspace.settings.theme, workspace.settings.zoom) = (theme, zoom);
            workspace.tokens = BTreeMap::from([(ProfileId("embedded".into()), live_token())]);
            workspace.runs.insert(RunId(1), run);
            let mut harness = window_with(size, workspace);
            harness.state_mut().now = session::at(13_500);
            harness.run_steps(4);
            let [width, height] = size;
            show(&format!("run-{kind}-{width}x{height}-{zoom}-{theme:?}.png"), &mut harness);
        }
    }
}

/// The builder's own states, in every look; pictures as above.
#[test]
fn every_part_of_the_builder_is_in_reach() {
    let folder = std::env::var("LOOK_AT").ok();
    let wanted = std::env::var("LOOK_FOR").unwrap_or_default();
    let look = |name: &str, size, zoom: f32, theme, left: f32, act: fn(&mut Harness<'static, Window>)| {
        if !name.contains(&wanted) {
            return;
        }
        let mut workspace = workspace();
        (workspace.settings.theme, workspace.settings.zoom) = (theme, zoom);
        workspace.settings.view = json!({ "left": left });
        let mut harness = window_with(size, workspace);
        act(&mut harness);
        harness.run();
        nothing_sticks_out(name, &harness);
        if let Some(folder) = &folder {
            harness.render().unwrap().save(PathBuf::from(folder).join(format!("b-{name}.png"))).unwrap();
        }
    };
    let click = |harness: &mut Harness<'static, Window>, label: &str| {
        harness.get_by_label(label).click();
        harness.run();
    };
    let (small, usual, large) = ([1280.0, 800.0], [1440.0, 900.0], [1920.0, 1080.0]);
    look("first", small, 1.0, Theme::Dark, 332.0, |_| ());
    look("light", usual, 1.0, Theme::Light, 332.0, |_| ());
    look("zoom", small, 2.0, Theme::Light, 332.0, |harness| {
        harness.get_by_label("Show the builder").click();
        harness.run();
    });
    look("both", usual, 1.0, Theme::Dark, 800.0, |harness| {
        type_into(harness, "amount", "12.5");
    });
    look("both-large", large, 1.0, Theme::Light, 900.0, |_| ());
    look("search", small, 1.0, Theme::Dark, 332.0, |harness| type_into(harness, "Find a field", "time"));
    look("findings", usual, 1.0, Theme::Light, 332.0, |harness| {
        type_into(harness, "amount", "12.5");
        type_into(harness, "number", "4242424242424241");
        find(harness, "billing_address.country");
        type_into(harness, "billing_address.country", "GBR");
        harness.get_by_label("Show 3 findings").click();
    });
    look("presets", usual, 1.0, Theme::Dark, 332.0, |harness| {
        harness.get_by_label("Presets").click();
        harness.run();
        harness.get_by_label("Save as preset…").click();
    });
    look("meter", usual, 1.0, Theme::Dark, 332.0, |harness| harness.get_by_label("Data richness").click());
    look("reference", usual, 1.0, Theme::Light, 332.0, |harness| {
        find(harness, "challenge_indicator");
        harness.key_press(Key::F2);
        harness.run();
    });
    look("reference-zoom", small, 2.0, Theme::Dark, 332.0, |harness| {
        harness.key_press(Key::F2);
        harness.run();
    });
    look("json", small, 1.0, Theme::Light, 332.0, |harness| {
        type_into(harness, "amount", "12.5");
        harness.key_press_modifiers(Modifiers::COMMAND, Key::J);
    });
    for (name, label) in [("collect", "Collect"), ("complete", "Complete"), ("payment", "Payment")] {
        if name.contains(&wanted) {
            let mut workspace = workspace();
            if name == "payment" {
                workspace.runs = session::workspace([session::finished(RunId(1))]).runs;
            }
            let mut harness = window_with(usual, workspace);
            harness.state_mut().now = session::at(11_000);
            click(&mut harness, label);
            harness.run_steps(4);
            nothing_sticks_out(name, &harness);
            if let Some(folder) = &folder {
                harness.render().unwrap().save(PathBuf::from(folder).join(format!("b-{name}.png"))).unwrap();
            }
        }
    }
    look("app", usual, 1.0, Theme::Light, 332.0, |harness| {
        harness.get_by_label("App").click();
        harness.run();
        harness.get_by_label("Collect").click();
        harness.run();
    });
    look("whole", usual, 1.0, Theme::Dark, 332.0, |harness| {
        find(harness, "account_password_change_indicator");
        harness.run_steps(8);
    });
    look("lists", usual, 1.0, Theme::Dark, 332.0, |harness| {
        find(harness, "preferred_experiences");
        harness.run_steps(8);
    });
}
