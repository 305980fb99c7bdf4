//! The credentials panel by its labels: what is typed and clicked goes in, commands come out.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/render.rs"]
mod render;
#[allow(dead_code)] // shared with the timeline's tests
#[path = "support/session.rs"]
mod session;

use std::path::PathBuf;
use std::time::Duration;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use serde_json::json;
use sessions_console::bus::Command;
use sessions_console::model::profile::{Environment, FROM_ENVIRONMENT, Profile, ProfileId, TokenStatus, TokenView};
use sessions_console::model::run::{Answer, Phase};
use sessions_console::model::settings::{Settings, Theme};
use sessions_console::model::{Keeping, Problem, RunId, SecretState, Stamp, Workspace};
use sessions_console::ui::Shell;

struct Window {
    shell: Shell,
    workspace: Workspace,
    commands: Vec<Command>,
}

fn stamp(seconds: u64) -> Stamp {
    let wall = "2026-11-22T10:00:00Z".parse::<jiff::Timestamp>().unwrap() + Duration::from_secs(seconds);
    Stamp { wall, mono: Duration::from_secs(seconds) }
}

fn mine() -> ProfileId {
    ProfileId("mine".into())
}

/// A workspace whose profile in use is changed by `change`.
fn workspace(environment: Environment, change: impl FnOnce(&mut Profile)) -> Workspace {
    let mut profile = Profile::new(mine(), environment);
    profile.client_id = "ack_zztzqayybq674gfovt2lrfzt7w".into();
    change(&mut profile);
    let settings = Settings {
        active_profile: profile.id.clone(),
        profiles: vec![Profile::embedded(), profile],
        ..Settings::default()
    };
    Workspace { settings, saving: true, ..Workspace::default() }
}

/// The window with its credentials unfolded.
fn window_of(size: [f32; 2], workspace: Workspace) -> Harness<'static, Window> {
    let shell = Shell::new(&workspace.settings);
    let state = Window { shell, workspace, commands: Vec::new() };
    let mut harness = render::harness(
        size,
        |ui, window: &mut Window| window.shell.ui(ui, &window.workspace, stamp(100), &mut window.commands),
        state,
    );
    harness.run();
    if harness.query_by_label("Credentials").is_none() {
        harness.get_by_label("Show the builder").click();
        harness.run();
    }
    harness.get_by_label("Credentials").click();
    harness.run();
    harness
}

fn window(workspace: Workspace) -> Harness<'static, Window> {
    window_of([1280.0, 2400.0], workspace)
}

fn input<'h>(harness: &'h Harness<'static, Window>, label: &'h str) -> egui_kittest::Node<'h> {
    let mut nodes = harness.query_all_by_label(label);
    nodes.find(|node| egui::accessibility::is_input(node.accesskit_node().role())).expect(label)
}

fn type_into(harness: &mut Harness<'static, Window>, label: &str, text: &str) {
    input(harness, label).focus();
    harness.run();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run();
    input(harness, label).type_text(text);
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
}

fn click(harness: &mut Harness<'static, Window>, label: &str) {
    harness.get_by_label(label).click();
    harness.run();
}

fn saved(harness: &Harness<'static, Window>) -> Profile {
    let found = harness.state().commands.iter().rev().find_map(|command| match command {
        Command::SaveProfile(profile) => Some(profile.clone()),
        _ => None,
    });
    found.expect("a saved profile")
}

fn asked(harness: &Harness<'static, Window>, command: &Command) -> bool {
    harness.state().commands.contains(command)
}

#[test]
fn a_prefix_gives_the_hosts_and_the_client_id_suggests_one() {
    let mut harness = window(workspace(Environment::VendorSandbox, |profile| {
        profile.client_id = "cli_abcd1234wxyz".into();
    }));
    type_into(&mut harness, "prefix", "UPPER");
    harness.get_by_label_contains("small letters and digits");
    assert_eq!(saved(&harness).base_url, "https://api.sandbox.checkout.com", "a wrong prefix moves nothing");
    click(&mut harness, "Use abcd1234 of client_id");
    assert_eq!(saved(&harness).base_url, "https://abcd1234.api.sandbox.checkout.com");
    assert_eq!(saved(&harness).token_url, "https://abcd1234.access.sandbox.checkout.com/connect/token");
    type_into(&mut harness, "base_url", "https://proxy.example.test");
    click(&mut harness, "Use the vendor's hosts");
    assert_eq!(saved(&harness).base_url, "https://abcd1234.api.sandbox.checkout.com");
}

#[test]
fn a_profile_is_copied_and_deleted_after_a_question_in_place() {
    let mut harness = window(workspace(Environment::VendorSandbox, |profile| profile.remember = true));
    click(&mut harness, "Duplicate");
    let added = harness.state().commands.iter().find_map(|command| match command {
        Command::AddProfile(profile) => Some(profile.clone()),
        _ => None,
    });
    let added = added.expect("a copy");
    assert_eq!((added.name.as_str(), added.remember), ("Vendor sandbox copy", false));
    click(&mut harness, "Delete");
    harness.get_by_label_contains("those in the keychain as well");
    click(&mut harness, "Leave it");
    assert!(!asked(&harness, &Command::RemoveProfile(mine())));
    click(&mut harness, "Delete");
    click(&mut harness, "Delete profile");
    assert!(asked(&harness, &Command::RemoveProfile(mine())));
}

#[test]
fn the_programs_own_profiles_cannot_be_deleted() {
    let mut embedded = workspace(Environment::Custom, |_| ());
    embedded.settings.active_profile = Profile::embedded().id;
    let harness = window(embedded);
    assert!(harness.query_by_label("Delete").is_none() && harness.query_by_label("Duplicate").is_none());
    let mut variables = workspace(Environment::VendorSandbox, |_| ());
    variables.settings.profiles[1].id = ProfileId(FROM_ENVIRONMENT.into());
    variables.settings.active_profile = ProfileId(FROM_ENVIRONMENT.into());
    let harness = window(variables);
    harness.get_by_label_contains("nothing of it is saved");
    assert!(harness.query_by_label("Delete").is_none() && harness.query_by_label("Remember in the keychain").is_none());
}

#[test]
fn remembering_is_a_tick_and_the_keychain_has_its_say() {
    let mut harness = window(workspace(Environment::VendorSandbox, |_| ()));
    harness.state_mut().workspace.secrets.insert(mine(), SecretState::Held);
    harness.run();
    harness.get_by_label("Held in memory for this program run");
    click(&mut harness, "Remember in the keychain");
    assert!(saved(&harness).remember);
    let window = harness.state_mut();
    window.workspace.settings.profiles[1].remember = true;
    window.workspace.keychain.insert(mine(), Keeping::Kept);
    harness.run();
    harness.get_by_label("Held, and kept in the keychain");
    let problem = Problem::of(
        "In memory only for this program run: no keychain can be reached on this machine",
        "Install a Secret Service (Debian: gnome-keyring)",
    );
    harness.state_mut().workspace.keychain.insert(mine(), Keeping::Failed(problem));
    harness.run();
    harness.get_by_label_contains("In memory only for this program run");
    harness.get_by_label_contains("gnome-keyring");
    click(&mut harness, "Ask the keychain again");
    assert!(asked(&harness, &Command::AskKeychain(mine())));
    click(&mut harness, "Forget secrets");
    assert!(asked(&harness, &Command::ForgetSecrets(mine())));
}

#[test]
fn the_webhook_key_leaves_the_panel_as_a_secret() {
    let mut harness = window(workspace(Environment::VendorSandbox, |_| ()));
    type_into(&mut harness, "webhook_key", "wh-canary");
    let keys: Vec<&str> = harness
        .state()
        .commands
        .iter()
        .filter_map(|command| match command {
            Command::SetWebhookKey(id, key) if *id == mine() => Some(key.expose()),
            _ => None,
        })
        .collect();
    assert_eq!(keys, ["wh-canary"]);
    assert!(!format!("{:?}", harness.state().commands).contains("canary"));
    let shown: String = harness
        .root()
        .children_recursive()
        .map(|node| format!("{:?}{:?}", node.accesskit_node().label(), node.accesskit_node().value()))
        .collect();
    assert!(!shown.contains("canary"));
}

#[test]
fn a_locked_secret_is_allowed_for_new_hosts_by_one_click() {
    let mut workspace = workspace(Environment::VendorSandbox, |_| ());
    let locked = SecretState::Locked { entered_for: vec!["https://old.example.test".into()] };
    workspace.secrets.insert(mine(), locked);
    let mut harness = window(workspace);
    harness.get_by_label_contains("https://api.sandbox.checkout.com");
    click(&mut harness, "Allow these hosts");
    assert!(asked(&harness, &Command::AllowHosts(mine())));
}

#[test]
fn every_endpoint_says_whether_its_scope_is_there() {
    let with = |scopes: &str| {
        let scopes = scopes.to_owned();
        window(workspace(Environment::VendorSandbox, move |profile| profile.scopes = scopes))
    };
    let harness = with("sessions:app");
    harness.get_by_label("POST /sessions, app: there: sessions:app or sessions");
    harness.get_by_label("POST /sessions, browser: missing: sessions:browser or sessions");
    harness.get_by_label("POST /payments: missing: gateway or gateway:payment");
    let harness = with("");
    harness.get_by_label("POST /payments: not known yet: gateway or gateway:payment");
    let harness = with("session:browser");
    harness.get_by_label_contains("sessions:browser is one");
    // What the token has counts, not what was asked for.
    let mut workspace = workspace(Environment::VendorSandbox, |profile| profile.scopes = "sessions:app".into());
    workspace.tokens.insert(mine(), live_token());
    window(workspace).get_by_label("POST /payments: there: gateway or gateway:payment");
}

#[test]
fn a_failed_token_shows_every_likely_cause() {
    let problem = Problem {
        summary: "Get a token: the token server answered 400 invalid_client".into(),
        causes: vec!["First cause".into(), "Second cause".into()],
        hint: Some("Copy both together".into()),
    };
    let mut workspace = workspace(Environment::VendorSandbox, |_| ());
    workspace.tokens.insert(mine(), TokenStatus::Failed(problem));
    let mut harness = window(workspace);
    for text in ["400 invalid_client", "First cause", "Second cause", "Copy both together"] {
        harness.get_by_label_contains(text);
    }
    click(&mut harness, "Try again");
    assert!(asked(&harness, &Command::RenewToken));
}

#[test]
fn a_clock_that_is_off_is_said() {
    let mut workspace = workspace(Environment::VendorSandbox, |_| ());
    let TokenStatus::Live(mut view) = live_token() else { panic!("a live token") };
    let issued = stamp(88).wall.as_second() + 600;
    view.claims = Some(json!({ "iat": issued }));
    workspace.tokens.insert(mine(), TokenStatus::Live(view));
    window(workspace).get_by_label_contains("behind the token server's");
}

#[test]
fn a_foreign_host_is_shown_and_asked_about_once_for_each_run() {
    let mut workspace = workspace(Environment::VendorSandbox, |_| ());
    let mut run = session::waiting(RunId(1));
    run.plan.profile = mine();
    let Phase::Waiting(turn) = &mut run.phase else { panic!("it waits") };
    turn.page = Some("https://acs.bank.example.test/challenge?id=1".into());
    let open = Command::Answer(RunId(1), Answer::Browser, Box::new(turn.request.clone()));
    workspace.runs.insert(RunId(1), run);
    let mut harness = window_of([1440.0, 900.0], workspace);
    click(&mut harness, "Open in my browser");
    assert!(!asked(&harness, &open), "held back");
    harness.get_by_label("Open a page of another host?");
    harness.key_press(Key::Escape);
    harness.run();
    assert!(!asked(&harness, &open) && harness.query_by_label("Open this host").is_none());
    click(&mut harness, "Open in my browser");
    click(&mut harness, "Open this host");
    assert!(asked(&harness, &open));
    harness.state_mut().commands.clear();
    click(&mut harness, "Open in my browser");
    assert!(asked(&harness, &open), "asked once");
    // A page of the vendor's or of this machine is nobody's question.
    harness.state_mut().commands.clear();
    if let Some(Phase::Waiting(turn)) = harness.state_mut().workspace.runs.get_mut(&RunId(1)).map(|run| &mut run.phase)
    {
        turn.page = Some("https://authentication-devices.sandbox.checkout.com/x".into());
    }
    harness.run();
    click(&mut harness, "Open in my browser");
    assert!(asked(&harness, &open));
}

fn live_token() -> TokenStatus {
    TokenStatus::Live(Box::new(TokenView {
        obtained: stamp(88),
        life: Duration::from_secs(3600),
        scopes: ["sessions:app", "sessions:browser", "gateway"].map(str::to_owned).to_vec(),
        header: Some(json!({"alg": "HS256", "typ": "JWT"})),
        claims: Some(json!({"sub": "ack_zztzqayybq674gfovt2lrfzt7w", "iat": stamp(88).wall.as_second()})),
    }))
}

/// Nothing that can be clicked or typed into lies beside the window. Also draws pictures to
/// look at into the folder `LOOK_AT`, if that is set.
#[test]
fn the_panel_fits_every_size_and_zoom() {
    let problem = Problem {
        summary: "Get a token: the token server answered 400 invalid_client: it does not know this id with this secret"
            .into(),
        causes: vec![
            "The secret is of another access key, or was renewed since".into(),
            "The key is of production; access.sandbox.checkout.com knows sandbox keys only".into(),
        ],
        hint: Some("Copy id and secret together from the same access key, enter them again, and get a token".into()),
    };
    let absent = Problem::of(
        "In memory only for this program run: no keychain can be reached on this machine",
        "Install a Secret Service and log in anew (Debian: gnome-keyring, or keepassxc), then start again",
    );
    for (name, size, zoom, theme, environment) in [
        ("sandbox-1280", [1280.0, 800.0], 1.0, Theme::Dark, Environment::VendorSandbox),
        ("sandbox-1440", [1440.0, 900.0], 1.0, Theme::Light, Environment::VendorSandbox),
        ("long-dark", [1440.0, 2000.0], 1.0, Theme::Dark, Environment::Production),
        ("long-light", [1280.0, 2000.0], 1.0, Theme::Light, Environment::VendorSandbox),
        ("zoom", [1000.0, 1200.0], 2.0, Theme::Dark, Environment::VendorSandbox),
    ] {
        let mut workspace = workspace(environment, |profile| {
            profile.client_id = "cli_abcd1234wxyz5678".into();
            profile.scopes = "sessions:app".into();
            profile.remember = true;
        });
        (workspace.settings.theme, workspace.settings.zoom) = (theme, zoom);
        workspace.secrets.insert(mine(), SecretState::Held);
        workspace.keychain.insert(mine(), Keeping::Failed(absent.clone()));
        let token = if name == "long-light" { live_token() } else { TokenStatus::Failed(problem.clone()) };
        workspace.tokens.insert(mine(), token);
        let mut harness = window_of(size, workspace);
        let window = harness.ctx.content_rect().expand(1.0);
        for node in harness.root().children_recursive() {
            if egui::accessibility::is_input(node.accesskit_node().role()) {
                let (rect, label) = (node.rect(), node.accesskit_node().label());
                assert!(rect.left() >= window.left() && rect.right() <= window.right(), "{name}: {label:?} at {rect}");
            }
        }
        if let Ok(folder) = std::env::var("LOOK_AT") {
            harness.render().unwrap().save(PathBuf::from(folder).join(format!("cred-{name}.png"))).unwrap();
        }
    }
}
