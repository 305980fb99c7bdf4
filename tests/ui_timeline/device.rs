//! The shopper's device in the window: every screen answered with the mouse and with the
//! keyboard alone, the workbench beside it, and how the turn card leads there.

use std::sync::Arc;

use egui::accesskit::{Role, Toggled};
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use serde_json::json;
use sessions_console::bus::Command;
use sessions_console::model::device::{
    Act, Check, Device, EntryBox, Message, Mischief, Reply, Said, Screen, Seal, Ui, UiKind,
};
use sessions_console::model::draft::Channel;
use sessions_console::model::exchange::Step;
use sessions_console::model::run::{Answer, AppResult, Phase, PhoneAct, Plan, Run, StepRequest, Turn};
use sessions_console::model::sandbox::SandboxAct;
use sessions_console::model::scheme::{PhoneKind, PhoneMessage};
use sessions_console::model::{Lane, Problem, Stamp, Workspace};
use sessions_console::ui::timeline::{Panel, View};
use sessions_console::ui::{Shell, theme};

use super::session::{self, Call, SID, at};
use super::{ONE, render};

struct Window {
    panel: Panel,
    workspace: Workspace,
    commands: Vec<Command>,
}

type Shown<'a> = Harness<'a, Window>;

const NOW: u64 = 13_500;

fn shown<'a>(run: Run, view: View, size: [f32; 2], look: egui::Theme) -> Shown<'a> {
    let state = Window { panel: Panel::new(view), workspace: session::workspace([run]), commands: Vec::new() };
    let builder = Harness::builder().with_size(size).with_theme(look).with_context_setup(theme::install);
    let mut harness = builder.renderer(render::CpuRenderer::default()).build_ui_state(
        |ui, window: &mut Window| {
            let whole = ui.ctx().content_rect();
            let mut all = ui.new_child(egui::UiBuilder::new().max_rect(whole));
            all.set_clip_rect(whole);
            all.painter().rect_filled(whole, 0.0, theme::Tokens::of(&all).bg1);
            window.panel.ui(&mut all, &window.workspace, at(NOW), &mut window.commands);
        },
        state,
    );
    harness.run_steps(5);
    harness
}

/// On the device, as wide as the centre is by default.
fn on_device<'a>(run: Run) -> Shown<'a> {
    shown(run, View::Device, [592.0, 800.0], egui::Theme::Dark)
}

fn click(window: &mut Shown, role: Role, label: &str) {
    window.get_by_role_and_label(role, label).click();
    window.run_steps(3);
}

fn press(window: &mut Shown, key: Key) {
    window.key_press(key);
    window.run_steps(3);
}

fn type_text(window: &mut Shown, text: &str) {
    window.event(egui::Event::Text(text.into()));
    window.run_steps(3);
}

fn sees(window: &Shown, label: &str) -> bool {
    window.query_by_label(label).is_some()
}

fn focused(window: &Shown, role: Role, label: &str) -> bool {
    window.query_by_role_and_label(role, label).is_some_and(|node| node.is_focused())
}

fn on(window: &Shown, role: Role, label: &str) -> bool {
    window.get_by_role_and_label(role, label).accesskit_node().toggled() == Some(Toggled::True)
}

/// What was sent since the last call.
fn acts(window: &mut Shown) -> Vec<Act> {
    let commands = std::mem::take(&mut window.state_mut().commands);
    let act = |command| match command {
        Command::Device(ONE, act) => act,
        other => panic!("{other:?}"),
    };
    commands.into_iter().map(act).collect()
}

fn said(said: Said) -> Vec<Act> {
    vec![Act::Reply(Reply::of(said))]
}

fn session_of<'a>(window: &'a mut Shown<'_>) -> &'a mut Run {
    window.state_mut().workspace.runs.get_mut(&ONE).expect("the run")
}

/// The device shows something else now.
fn change(window: &mut Shown, to: impl FnOnce(&mut Device)) {
    let run = session_of(window);
    let mut device = run.device.as_deref().cloned().expect("a device");
    to(&mut device);
    run.device = Some(Arc::new(device));
    window.run_steps(4);
}

// --- Fixtures

/// A run that waits for its shopper in the shop's app.
fn app_run(device: Option<Device>) -> Run {
    let plan = Plan { channel: Channel::App, ..session::plan() };
    let mut run = Run::new(ONE, plan, at(0));
    let line = format!("PUT /sessions/{SID}/collect-data");
    run.exchanged(session::exchange(&Call {
        at: 18,
        took: 41,
        lanes: (Lane::Merchant, Lane::Sessions),
        step: Step::Collect,
        line: &line,
        body: b"{}",
        status: 200,
        answer: session::session("challenged", &["challenge_cardholder"], json!({})),
    }));
    let answers = [Answer::Device].into_iter().chain(AppResult::ALL.map(Answer::App)).collect();
    run.turn_came(Turn {
        request: StepRequest {
            step: Step::Challenge,
            method: "POST".into(),
            url: format!("{}/challenge", session::API),
            auth: sessions_console::model::run::Auth::Nothing,
            headers: Vec::new(),
            body: String::new(),
        },
        answers,
        page: None,
        since: at(486),
        limit: Some(std::time::Duration::from_secs(600)),
        asked: None,
        notice: None,
        problem: None,
    });
    run.device = device.map(Arc::new);
    run
}

fn message(outward: bool, number: u8, ms: u64, open: serde_json::Value) -> Message {
    let header = r#"{"alg":"dir","kid":"310184a2-e7d0-4a06-823c-c78fc7c6b561","enc":"A128GCM"}"#;
    Message {
        kind: if outward { "CReq" } else { "CRes" },
        outward,
        at: at(ms),
        counter: Some(number),
        sealed: format!(
            "eyJhbGciOiJkaXIi{}..AAAAAAAAAAAAAAAA.{}.Jd5zvmx3cwVa2T-0qPVgbA",
            "a".repeat(90),
            "Xq".repeat(300)
        ),
        header: header.into(),
        open: Ok(serde_json::to_string_pretty(&open).expect("JSON")),
        findings: Vec::new(),
    }
}

fn creq(number: u8, ms: u64) -> Message {
    let body = json!({"messageType": "CReq", "messageVersion": "2.3.1", "sdkCounterStoA": format!("{number:03}"),
        "challengeDataEntry": "1234", "acsTransID": "310184a2-e7d0-4a06-823c-c78fc7c6b561"});
    message(true, number, ms, body)
}

fn cres(number: u8, ms: u64, kind: UiKind) -> Message {
    let body = json!({"messageType": "CRes", "messageVersion": "2.3.1", "acsCounterAtoS": format!("{number:03}"),
        "challengeCompletionInd": "N", "acsUiType": kind.code(), "challengeInfoHeader": "Confirm it is you"});
    message(false, number, ms, body)
}

fn device(screen: Screen) -> Device {
    let kind = if let Screen::Asks(ui) = &screen { ui.kind } else { UiKind::Text };
    Device {
        seal: Seal::Gcm,
        wrong: None,
        checks: vec![
            Check {
                what: "The certificates lead to the scheme's root".into(),
                found: Ok("leaf, then SANDBOX-ROOT".into()),
            },
            Check { what: "The signature is the issuer's".into(), found: Ok("ES256".into()) },
            Check { what: "The signed SDK key is this SDK's".into(), found: Err("it is another one".into()) },
        ],
        keys: vec![
            key(
                "SDK ephemeral public key",
                r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}"#,
            ),
            key("Shared secret Z", "S1iKc2-kTs7Gp5fZb8nTKd5QAsPS0wTq0dZ6hDo3pQE"),
            key("Content key", "Z4-Py0s7GF8kXknCOWiiGtbyFf-VtLW0EkU6Gl6fIiA"),
        ],
        messages: vec![creq(0, 900), cres(0, 950, kind)],
        screen,
    }
}

fn key(name: &'static str, value: &str) -> sessions_console::model::device::Key {
    sessions_console::model::device::Key { name, value: value.into(), about: "Made for this challenge alone" }
}

fn asks(ui: Ui) -> Run {
    app_run(Some(device(Screen::Asks(Box::new(ui)))))
}

fn some(text: &str) -> Option<String> {
    Some(text.into())
}

fn native(kind: UiKind) -> Ui {
    Ui {
        kind,
        version: "2.3.1".into(),
        header: some("Confirm it is you"),
        label: some("Your code"),
        text: some("We sent a code to ***321.\nIt confirms **12.34 EUR** at Fern & Fable."),
        why: Some(("Why am I asked?".into(), "Because **your bank** protects this card.".into())),
        expand: Some(("Need help?".into(), "Call the number on your card".into())),
        issuer_image: some("https://bank.test/logo.png"),
        scheme_image: some("https://scheme.test/logo.png"),
        ..Ui::default()
    }
}

fn text() -> Ui {
    let own = EntryBox { label: None, digits: true, longest: 6, masked: false };
    Ui { boxes: vec![own], resend: some("Send it again"), submit: some("Continue"), ..native(UiKind::Text) }
}

fn select(kind: UiKind) -> Ui {
    let choices = [("01", "Text to ***321"), ("02", "Mail to a***@example.test"), ("03", "A call")];
    let choices = choices.map(|(key, label)| (key.into(), label.into())).to_vec();
    Ui { choices, submit: some("Next"), label: some("How shall we ask?"), ..native(kind) }
}

fn out_of_band() -> Ui {
    Ui {
        oob_continue: some("I have approved"),
        oob_app: some("Open Larkfield Bank"),
        oob_app_url: some("https://bank.test/app"),
        ..native(UiKind::OutOfBand)
    }
}

const PAGE: &str = r#"<h1>Larkfield Bank</h1><p>Confirm <b>12.34 EUR</b> at Fern &amp; Fable.</p><ul><li>Keep the code to yourself</li></ul>
<form action="HTTPS://EMV3DS/challenge" method="get"><input type="hidden" name="t" value="1"><label for="c">Code</label>
<input id="c" name="code" type="password" maxlength="8"><label><input type="radio" name="to" value="a" checked> This card</label>
<label><input type="radio" name="to" value="b"> All my cards</label><label><input type="checkbox" name="trust" value="Y"> Trust this shop</label>
<select name="l" aria-label="Language"><option value="en">English<option value="de">Deutsch</select>
<button name="go" value="ok">Confirm</button></form><script>alert(1)</script><img src="https://bank.test/x.png" alt="Logo">"#;

fn html() -> Ui {
    Ui { kind: UiKind::Html, version: "2.3.1".into(), html: some(PAGE), ..Ui::default() }
}

fn html_out_of_band() -> Ui {
    let page = r#"<h2>Approve in your app</h2><p>Then come back.</p><form action="HTTPS://EMV3DS/openoobApp"><button>Open the app</button></form>"#;
    let after = r#"<h2>Welcome back</h2><form action="HTTPS://EMV3DS/challenge"><input type="hidden" name="done" value="1"><button>Go on</button></form>"#;
    Ui {
        kind: UiKind::HtmlOutOfBand,
        version: "2.3.1".into(),
        html: some(page),
        html_refresh: some(after),
        ..Ui::default()
    }
}

fn information() -> Ui {
    Ui { info_continue: some("Understood"), warning: true, label: None, ..native(UiKind::Information) }
}

fn all() -> [Ui; 7] {
    [
        text(),
        select(UiKind::SingleSelect),
        select(UiKind::MultiSelect),
        out_of_band(),
        html(),
        html_out_of_band(),
        information(),
    ]
}

fn phone(kind: PhoneKind, code: &str) -> PhoneMessage {
    PhoneMessage {
        kind,
        session: sessions_console::model::SessionId(SID.into()),
        at: at(1000),
        sender: "Larkfield Bank".into(),
        text: format!("USD 65.40 at Fern & Fable {code}"),
        code: code.into(),
    }
}

/// The shopper has passed, and the API says so.
fn finished() -> Run {
    let mut run = app_run(Some(device(Screen::Over('Y'))));
    let more = json!({"approved": true, "challenged": true, "response_code": "Y", "eci": "05", "cryptogram": "V+v37FmuAPB9rCVyIpjY4BZ5RfQ="});
    let line = format!("GET /sessions/{SID}");
    run.step_began(Step::Confirm, at(2000));
    run.exchanged(session::exchange(&Call {
        at: 2000,
        took: 9,
        lanes: (Lane::Merchant, Lane::Sessions),
        step: Step::Confirm,
        line: &line,
        body: b"",
        status: 200,
        answer: session::session("approved", &[], more),
    }));
    run.ended(Phase::Ended, at(2100));
    run
}

// --- The ways in

#[test]
fn the_device_is_a_view_of_runs_in_an_app_alone() {
    let views = |window: &Shown| {
        ["List", "Sequence", "States", "Device"]
            .map(|label| window.query_by_role_and_label(Role::RadioButton, label).is_some())
    };
    let mut browser = shown(session::waiting(ONE), View::Device, [592.0, 800.0], egui::Theme::Dark);
    assert_eq!(views(&browser), [true, true, true, false]);
    assert!(on(&browser, Role::RadioButton, "List"), "a view that the run lacks is the list");
    for view in ["Sequence", "States", "List"] {
        press(&mut browser, Key::V);
        assert!(on(&browser, Role::RadioButton, view));
    }
    let mut app = shown(app_run(None), View::List, [592.0, 800.0], egui::Theme::Dark);
    for view in ["Sequence", "States", "Device", "List", "Sequence"] {
        press(&mut app, Key::V);
        assert!(on(&app, Role::RadioButton, view));
    }
    click(&mut app, Role::RadioButton, "Device");
    assert!(sees(&app, "Open the challenge"));
}

#[test]
fn the_turn_card_leads_to_the_device_and_opens_it_once() {
    let listed = |run| shown(run, View::List, [592.0, 1000.0], egui::Theme::Dark);
    let mut window = listed(app_run(None));
    click(&mut window, Role::Button, "Answer on the device");
    assert_eq!(acts(&mut window), [Act::Open]);
    assert!(on(&window, Role::RadioButton, "Device"));
    let mut window = listed(app_run(None));
    press(&mut window, Key::Enter);
    assert_eq!(acts(&mut window), [Act::Open], "Enter is the first way");
    let mut window = listed(app_run(None));
    for (label, key, shift, result) in [
        ("Approve in the app", Key::A, false, AppResult::Approve),
        ("Cancel in the app", Key::A, true, AppResult::Cancel),
        ("Fail in the app", Key::F, false, AppResult::Fail),
    ] {
        window.key_press_modifiers(if shift { Modifiers::SHIFT } else { Modifiers::NONE }, key);
        window.run_steps(3);
        click(&mut window, Role::Button, label);
        let commands = std::mem::take(&mut window.state_mut().commands);
        assert!(
            commands.len() == 2
                && commands.iter().all(|c| matches!(c, Command::Answer(ONE, Answer::App(r), _) if *r == result)),
            "{commands:?}"
        );
    }
    let mut window = listed(asks(text()));
    click(&mut window, Role::Button, "Back to the device");
    assert_eq!(acts(&mut window), [], "it is open");
    assert!(on(&window, Role::RadioButton, "Device"));
}

#[test]
fn the_challenge_is_opened_with_a_seal_of_ones_choice() {
    let mut window = on_device(app_run(None));
    assert!(focused(&window, Role::Button, "Open the challenge"));
    click(&mut window, Role::RadioButton, "A128GCM");
    assert_eq!(acts(&mut window), [Act::Seal(Seal::Gcm)]);
    assert!(on(&window, Role::RadioButton, "A128GCM"));
    press(&mut window, Key::ArrowDown);
    assert_eq!(acts(&mut window), [], "a click does not take the keyboard");
    window.get_by_role_and_label(Role::RadioButton, "A128GCM").focus();
    window.run_steps(3);
    press(&mut window, Key::ArrowDown);
    assert_eq!(acts(&mut window), [Act::Seal(Seal::Plain)]);
    press(&mut window, Key::Enter);
    assert_eq!(acts(&mut window), [Act::Open]);
    let mut window = on_device(app_run(None));
    window.key_press(Key::Enter);
    window.key_press(Key::Enter);
    window.run_steps(1);
    assert_eq!(acts(&mut window), [Act::Open], "twice is once until the device shows something");
    click(&mut window, Role::Link, "Answer without the app");
    assert!(on(&window, Role::RadioButton, "List"));
}

// --- The seven screens

#[test]
fn a_text_is_typed_and_sent_by_keyboard_and_by_mouse() {
    let mut window = on_device(asks(text()));
    assert!(focused(&window, Role::TextInput, "Your code"), "the box has the keyboard at once");
    type_text(&mut window, "12a34");
    press(&mut window, Key::Enter);
    assert_eq!(acts(&mut window), said(Said::Typed(vec!["1234".into()])), "digits alone");
    change(&mut window, |device| device.messages.extend([creq(1, 1100), cres(1, 1200, UiKind::Text)]));
    assert!(focused(&window, Role::TextInput, "Your code"), "so has that of the next screen");
    assert_eq!(window.get_by_role_and_label(Role::TextInput, "Your code").value().as_deref(), Some(""));
    click(&mut window, Role::Button, "Continue");
    assert_eq!(acts(&mut window), said(Said::NoEntry));
    change(&mut window, |device| device.messages.push(creq(2, 1300)));
    click(&mut window, Role::Button, "Send it again");
    assert_eq!(acts(&mut window), said(Said::Resend));
    change(&mut window, |device| device.messages.push(creq(3, 1400)));
    click(&mut window, Role::Button, "Cancel");
    assert_eq!(acts(&mut window), said(Said::Cancel));
    window.get_by_label("We sent a code to ***321.\nIt confirms 12.34 EUR at Fern & Fable.");
    window.get_by_role_and_label(Role::Image, "Visa, picture not loaded");
    assert!(!sees(&window, "Because your bank protects this card."));
    click(&mut window, Role::DisclosureTriangle, "Why am I asked?");
    assert!(sees(&window, "Because your bank protects this card."));
}

#[test]
fn two_boxes_one_of_them_hidden_and_what_goes_with_the_answer() {
    let boxes = vec![
        EntryBox { label: some("User"), digits: false, longest: 45, masked: false },
        EntryBox { label: some("Password"), digits: false, longest: 4, masked: true },
    ];
    let more = Ui {
        boxes,
        trust: some("Trust Fern & Fable"),
        binding: some("Remember this phone"),
        add_code: some("Use a card code"),
        ..text()
    };
    let mut window = on_device(asks(more));
    type_text(&mut window, "ada");
    press(&mut window, Key::Tab);
    assert!(window.query_by_role_and_label(Role::PasswordInput, "Password").is_some_and(|node| node.is_focused()));
    type_text(&mut window, "12345");
    click(&mut window, Role::Button, "Show what is typed");
    assert_eq!(
        window.get_by_role_and_label(Role::TextInput, "Password").value().as_deref(),
        Some("1234"),
        "at most four"
    );
    click(&mut window, Role::Switch, "Trust Fern & Fable");
    window.get_by_role_and_label(Role::Switch, "Remember this phone").focus();
    window.run_steps(2);
    press(&mut window, Key::Space);
    press(&mut window, Key::Space);
    press(&mut window, Key::Enter);
    let typed = Said::Typed(vec!["ada".into(), "1234".into()]);
    assert_eq!(acts(&mut window), [Act::Reply(Reply { said: typed, trust: Some(true), binding: Some(false) })]);
    change(&mut window, |device| device.messages.push(creq(1, 1100)));
    click(&mut window, Role::Button, "Use a card code");
    assert_eq!(acts(&mut window), said(Said::AddCode), "that is no answer yet");
}

#[test]
fn one_of_several_is_chosen() {
    let mut window = on_device(asks(select(UiKind::SingleSelect)));
    assert!(focused(&window, Role::RadioButton, "Text to ***321"));
    press(&mut window, Key::Space);
    assert!(on(&window, Role::RadioButton, "Text to ***321"));
    press(&mut window, Key::ArrowDown);
    assert!(
        on(&window, Role::RadioButton, "Mail to a***@example.test")
            && !on(&window, Role::RadioButton, "Text to ***321")
    );
    press(&mut window, Key::Enter);
    assert_eq!(acts(&mut window), said(Said::Chosen(vec!["02".into()])));
    change(&mut window, |device| device.messages.push(creq(1, 1100)));
    click(&mut window, Role::RadioButton, "A call");
    click(&mut window, Role::Button, "Next");
    assert_eq!(acts(&mut window), said(Said::Chosen(vec!["03".into()])));
    change(&mut window, |device| device.messages.push(creq(2, 1200)));
    press(&mut window, Key::Enter);
    assert_eq!(acts(&mut window), said(Said::NoEntry));
}

#[test]
fn some_of_several_are_chosen() {
    let mut window = on_device(asks(select(UiKind::MultiSelect)));
    press(&mut window, Key::Space);
    press(&mut window, Key::Tab);
    press(&mut window, Key::Tab);
    press(&mut window, Key::Space);
    press(&mut window, Key::Enter);
    assert_eq!(acts(&mut window), said(Said::Chosen(vec!["01".into(), "03".into()])));
    change(&mut window, |device| device.messages.push(creq(1, 1100)));
    click(&mut window, Role::CheckBox, "A call");
    click(&mut window, Role::CheckBox, "Text to ***321");
    click(&mut window, Role::CheckBox, "A call");
    click(&mut window, Role::Button, "Next");
    assert_eq!(acts(&mut window), said(Said::Chosen(vec!["01".into()])));
}

#[test]
fn the_banks_app_decides_on_the_same_phone() {
    let mut run = asks(out_of_band());
    run.phone_message_sent(phone(PhoneKind::Push, ""));
    let mut window = on_device(run.clone());
    click(&mut window, Role::Button, "Approve");
    let decided =
        Command::Sandbox(SandboxAct::Decide(sessions_console::model::SessionId(SID.into()), PhoneAct::Approve));
    assert_eq!(std::mem::take(&mut window.state_mut().commands), [decided]);
    click(&mut window, Role::Button, "I have approved");
    assert_eq!(acts(&mut window), said(Said::OobContinue(false)));
    // By the keyboard, through the bank's app.
    let mut window = on_device(run.clone());
    assert!(focused(&window, Role::Button, "Open Larkfield Bank"));
    press(&mut window, Key::Enter);
    assert!(sees(&window, "The bank's own app") && !sees(&window, "I have approved"));
    window.get_by_role_and_label(Role::Button, "Deny").focus();
    window.run_steps(2);
    press(&mut window, Key::Enter);
    assert!(matches!(window.state_mut().commands.pop(), Some(Command::Sandbox(SandboxAct::Decide(_, PhoneAct::Deny)))));
    window.get_by_role_and_label(Role::Button, "Back to the shop").focus();
    window.run_steps(2);
    press(&mut window, Key::Enter);
    assert_eq!(acts(&mut window), [], "the shopper goes on where the bank has a button for it");
    press(&mut window, Key::Tab);
    window.get_by_role_and_label(Role::Button, "I have approved").focus();
    window.run_steps(2);
    press(&mut window, Key::Enter);
    assert_eq!(acts(&mut window), said(Said::OobContinue(false)));
    // Without such a button the SDK goes on by itself.
    let alone = Ui { oob_continue: None, ..out_of_band() };
    let mut window = on_device(asks(alone));
    click(&mut window, Role::Button, "Open Larkfield Bank");
    click(&mut window, Role::Button, "Back to the shop");
    assert_eq!(acts(&mut window), said(Said::OobContinue(true)));
}

#[test]
fn the_issuers_page_is_filled_in_and_sent_as_a_browser_sends_it() {
    let mut window = on_device(asks(html()));
    type_text(&mut window, "se cret");
    window.get_by_role_and_label(Role::RadioButton, "This card").focus();
    window.run_steps(2);
    press(&mut window, Key::ArrowDown);
    assert!(on(&window, Role::RadioButton, "All my cards") && !on(&window, Role::RadioButton, "This card"));
    press(&mut window, Key::Tab);
    press(&mut window, Key::Space);
    press(&mut window, Key::Enter);
    assert_eq!(acts(&mut window), said(Said::Html("t=1&code=se+cret&to=b&trust=Y&l=en&go=ok".into())));
    change(&mut window, |device| device.messages.push(creq(1, 1100)));
    click(&mut window, Role::ComboBox, "Language");
    window.get_by_label("Deutsch").click();
    window.run_steps(3);
    click(&mut window, Role::Button, "Confirm");
    assert_eq!(acts(&mut window), said(Said::Html("t=1&code=&to=a&l=de&go=ok".into())));
    window.get_by_label("Left out: 1 image, 1 script");
    window.get_by_label("[Logo]");
}

#[test]
fn a_page_that_goes_to_the_banks_app_goes_on_when_the_shopper_is_back() {
    let mut window = on_device(asks(html_out_of_band()));
    press(&mut window, Key::Enter);
    assert!(sees(&window, "Nothing waits here: the bank has sent no question to this phone"));
    click(&mut window, Role::Button, "Back to the shop");
    assert!(sees(&window, "Welcome back") && !sees(&window, "Approve in your app"));
    press(&mut window, Key::Enter);
    assert_eq!(acts(&mut window), said(Said::Html("done=1".into())));
    let mut window = on_device(asks(html_out_of_band()));
    click(&mut window, Role::Button, "Open the app");
    click(&mut window, Role::Button, "Back to the shop");
    click(&mut window, Role::Button, "Go on");
    assert_eq!(acts(&mut window), said(Said::Html("done=1".into())));
}

#[test]
fn an_information_is_read_and_left() {
    let mut window = on_device(asks(information()));
    window.get_by_label("Warning");
    press(&mut window, Key::Enter);
    assert_eq!(acts(&mut window), said(Said::InfoContinue));
    change(&mut window, |device| device.messages.push(creq(1, 1100)));
    click(&mut window, Role::Button, "Understood");
    assert_eq!(acts(&mut window), said(Said::InfoContinue));
}

#[test]
fn a_page_that_an_sdk_would_not_send_says_so() {
    let page = r#"<form action="https://elsewhere.test/x"><input name="a" aria-label="A"><button>Send</button></form>"#;
    let mut window = on_device(asks(Ui { html: some(page), ..html() }));
    window.get_by_label("A form goes to «https://elsewhere.test/x», not to HTTPS://EMV3DS/challenge");
    click(&mut window, Role::Button, "Send");
    assert_eq!(acts(&mut window), []);
    window.get_by_label("Its form does not go to HTTPS://EMV3DS/challenge; an SDK stays");
    for page in ["", "<p", "\u{0}\u{202E}<input type=password required><button>"] {
        let mut window = on_device(asks(Ui { html: some(page), ..html() }));
        press(&mut window, Key::Enter);
    }
    on_device(asks(Ui { html: None, ..html() })).get_by_label("The message has no page to show");
}

// --- The rest of the phone

#[test]
fn a_code_on_the_phone_is_filled_in() {
    let mut run = asks(text());
    run.phone_message_sent(phone(PhoneKind::Text, "424242"));
    let mut window = on_device(run);
    click(&mut window, Role::Button, "Fill in");
    assert!(focused(&window, Role::TextInput, "Your code"));
    press(&mut window, Key::Enter);
    assert_eq!(acts(&mut window), said(Said::Typed(vec!["424242".into()])));
    let mut run = asks(html());
    run.phone_message_sent(phone(PhoneKind::Text, "77"));
    let mut window = on_device(run);
    click(&mut window, Role::Button, "Fill in");
    click(&mut window, Role::Button, "Confirm");
    assert_eq!(acts(&mut window), said(Said::Html("t=1&code=77&to=a&l=en&go=ok".into())));
}

#[test]
fn the_end_is_told_in_words() {
    for (status, title) in
        [('Y', "Done"), ('N', "Not approved"), ('D', "The bank asks later"), ('U', "The challenge is over")]
    {
        let window = on_device(app_run(Some(device(Screen::Over(status)))));
        window.get_by_label(title);
        window.get_by_label(&format!("transStatus {status}"));
    }
    let problem = Problem::of("The counter of the CRes was not the next", "Look at the newest message");
    let window = on_device(app_run(Some(device(Screen::Aborted(problem)))));
    window.get_by_label("The app has ended the challenge");
    window.get_by_label("The counter of the CRes was not the next");
    let window = on_device(app_run(Some(device(Screen::Waiting))));
    window.get_by_label("Waiting for the bank, 12 s");
}

#[test]
fn nothing_is_sent_when_the_session_is_over() {
    let mut run = asks(text());
    run.ended(Phase::Ended, at(2000));
    let mut window = on_device(run);
    press(&mut window, Key::Enter);
    window.get_by_label("Continue").click();
    window.run_steps(3);
    assert_eq!(acts(&mut window), []);
    window.get_by_label("The session is over: this is what was shown last");
    let mut run = app_run(None);
    run.ended(Phase::Ended, at(2000));
    on_device(run).get_by_label("The bank did not ask");
}

#[test]
fn esc_stops_no_run_while_the_device_is_answered() {
    let workspace = session::workspace([asks(text())]);
    let shell = Shell::new(&workspace.settings);
    let state = (shell, workspace, Vec::<Command>::new());
    let builder = Harness::builder().with_size([1440.0, 900.0]).with_context_setup(theme::install);
    let mut window = builder.renderer(render::CpuRenderer::default()).build_ui_state(
        |ui, (shell, workspace, commands): &mut (Shell, Workspace, Vec<Command>)| {
            let whole = ui.ctx().content_rect();
            let mut all = ui.new_child(egui::UiBuilder::new().max_rect(whole));
            let now: Stamp = at(NOW);
            shell.ui(&mut all, workspace, now, commands);
        },
        state,
    );
    window.run_steps(6);
    let cancelled = |window: &Harness<(Shell, Workspace, Vec<Command>)>| {
        window.state().2.iter().any(|command| matches!(command, Command::Cancel(_)))
    };
    window.get_by_role_and_label(Role::RadioButton, "Device").click();
    window.run_steps(4);
    for _ in 0..3 {
        window.key_press(Key::Escape);
        window.run_steps(3);
    }
    assert!(!cancelled(&window));
    window.get_by_role_and_label(Role::RadioButton, "List").click();
    window.run_steps(4);
    window.key_press(Key::Escape);
    window.run_steps(3);
    assert!(cancelled(&window), "elsewhere it does");
}

// --- The workbench

#[test]
fn the_workbench_shows_seal_counters_keys_and_checks() {
    let mut window = on_device(asks(text()));
    window.get_by_label("Sealed · A128GCM");
    window.get_by_label("sdkCounterStoA 000");
    window.get_by_label("acsCounterAtoS 000");
    click(&mut window, Role::Tab, "Keys");
    window.get_by_label("Shared secret Z");
    click(&mut window, Role::Button, "Copy Shared secret Z");
    assert!(sees(&window, "Copied Shared secret Z"));
    assert_eq!(window.query_all_by_label("Throw-away secret").count(), 2, "a public key is none");
    click(&mut window, Role::Tab, "Checks");
    window.get_by_label("it is another one");
    assert_eq!((window.query_all_by_label("Good").count(), window.query_all_by_label("Wrong").count()), (2, 1));
    change(&mut window, |device| device.seal = Seal::Plain);
    window.get_by_label("NOT ENCRYPTED");
}

#[test]
fn a_message_is_shown_sealed_and_open() {
    let mut window = on_device(asks(text()));
    let newest = window.query_all_by_label_contains("CRes 000 from the bank").next().expect("a row");
    assert_eq!(newest.accesskit_node().toggled(), Some(Toggled::True), "the newest is shown");
    assert!(window.query_all_by_label_contains("acsCounterAtoS").next().is_some());
    click(&mut window, Role::RadioButton, "Sealed");
    for part in [
        "1  Protected header",
        "2  Encrypted key",
        "3  Initialisation vector",
        "4  Ciphertext",
        "5  Authentication tag",
    ] {
        window.get_by_label(part);
    }
    window.get_by_label_contains(r#""alg":"dir""#);
    click(&mut window, Role::Button, "Copy Ciphertext");
    assert!(sees(&window, "Copied Ciphertext"));
    change(&mut window, |device| {
        let mut bad = cres(1, 1200, UiKind::Text);
        bad.open = Err("the tag does not fit".into());
        device.messages.push(bad);
    });
    click(&mut window, Role::RadioButton, "Opened");
    window.get_by_label("Could not be opened: the tag does not fit");
    window.query_all_by_label_contains("CReq 000 to the bank").next().expect("a row").click();
    window.run_steps(3);
    assert!(window.query_all_by_label_contains("challengeDataEntry").next().is_some());
    change(&mut window, |device| device.messages.push(creq(2, 1300)));
    let row = window.query_all_by_label_contains("CReq 000 to the bank").next().expect("a row");
    assert_eq!(row.accesskit_node().toggled(), Some(Toggled::True), "what was chosen stays");
}

#[test]
fn the_next_message_is_made_wrong_or_typed() {
    let mut window = shown(asks(text()), View::Device, [592.0, 1300.0], egui::Theme::Dark);
    click(&mut window, Role::Tab, "Next");
    click(&mut window, Role::RadioButton, "Skip a counter");
    assert_eq!(acts(&mut window), [Act::Wrong(Some(Mischief::SkipCounter))]);
    change(&mut window, |device| device.wrong = Some(Mischief::SkipCounter));
    assert!(on(&window, Role::RadioButton, "Skip a counter"));
    click(&mut window, Role::RadioButton, "As it should be");
    assert_eq!(acts(&mut window), [Act::Wrong(None)]);
    change(&mut window, |device| {
        device.wrong = None;
        device.messages.extend([creq(1, 1100), cres(1, 1200, UiKind::Text)]);
        device.messages[3].findings.push("L44: a member that no version knows".into());
    });
    window.get_by_role_and_label(Role::Button, "Let the SDK's time run out").click();
    window.run_steps(3);
    assert_eq!(acts(&mut window), said(Said::TimeOut));
    click(&mut window, Role::Tab, "Messages");
    window.get_by_label("L44: a member that no version knows");
    click(&mut window, Role::Tab, "Next");
    let offered = window.get_by_role_and_label(Role::MultilineTextInput, "Next message").value().expect("a text");
    assert!(offered.contains(r#""sdkCounterStoA": "002""#) && !offered.contains("challengeDataEntry"), "{offered}");
    window.get_by_role_and_label(Role::MultilineTextInput, "Next message").focus();
    window.run_steps(2);
    type_text(&mut window, "x");
    window.get_by_role_and_label(Role::Button, "Send the message").click();
    window.run_steps(3);
    let sent = acts(&mut window);
    assert!(matches!(sent.as_slice(), [Act::Send(text)] if text.contains('x')), "{sent:?}");
    window.get_by_label_contains("Not valid JSON, sent all the same");
}

#[test]
fn the_workbench_folds_out_where_it_has_no_room_beside() {
    let mut window = shown(asks(text()), View::Device, [440.0, 700.0], egui::Theme::Dark);
    assert!(!sees(&window, "Sealed · A128GCM"));
    click(&mut window, Role::DisclosureTriangle, "Workbench");
    assert!(sees(&window, "Sealed · A128GCM"));
}

#[test]
fn the_device_shows_the_present_while_the_past_is_looked_at() {
    let mut window = shown(asks(text()), View::Device, [592.0, 800.0], egui::Theme::Dark);
    window.state_mut().panel.toggle_moments();
    window.run_steps(3);
    let note = "The device shows the present, not the moment that is looked at";
    assert!(!sees(&window, note));
    window.get_by_label("Moment of the session").focus();
    window.run_steps(2);
    press(&mut window, Key::Home);
    assert!(sees(&window, note));
    press(&mut window, Key::End);
    assert!(!sees(&window, note));
}

// --- Pictures

/// Pictures of every screen for the eye, into the folder that this names.
const FOR_THE_EYE: &str = "DEVICE_PICTURES";

#[test]
fn every_screen_can_be_drawn_in_both_looks() {
    let folder = std::env::var(FOR_THE_EYE).ok();
    let screens = all().map(|ui| (ui.kind.code().to_owned(), asks(ui)));
    let problem = Problem::of("The counter of the CRes was not the next", "Look at the newest message");
    let others = [
        ("unopened", app_run(None)),
        ("over-y", app_run(Some(device(Screen::Over('Y'))))),
        ("finished", finished()),
        ("over-n", app_run(Some(device(Screen::Over('N'))))),
        ("waiting", app_run(Some(device(Screen::Waiting)))),
        ("aborted", app_run(Some(device(Screen::Aborted(problem))))),
    ];
    let others = others.map(|(name, run)| (name.to_owned(), run));
    for (name, mut run) in screens.into_iter().chain(others) {
        match name.as_str() {
            "01" | "05" => run.phone_message_sent(phone(PhoneKind::Text, "424242")),
            "04" => run.phone_message_sent(phone(PhoneKind::Push, "")),
            _ => (),
        }
        // The narrow one for every screen; the wide one where it differs, and for the eye.
        let wide = folder.is_some() || ["01", "unopened"].contains(&name.as_str());
        for (width, look) in
            [(592.0, egui::Theme::Dark), (1000.0, egui::Theme::Light)].into_iter().take(1 + usize::from(wide))
        {
            let mut window = shown(run.clone(), View::Device, [width, 700.0], look);
            for role in [Role::Button, Role::RadioButton, Role::Label, Role::Tab, Role::TextInput] {
                for node in window.query_all_by_role(role) {
                    assert!(node.rect().right() <= width + 1.0, "{name} at {width}: {node:?}");
                }
            }
            let Some(folder) = &folder else { continue };
            let save = |window: &mut Shown, name: &str| {
                let image = window.render().expect("a picture");
                image.save(format!("{folder}/{name}-{width}-{look:?}.png")).expect("saved");
            };
            save(&mut window, &name);
            if name == "01" {
                for tab in ["Keys", "Checks", "Next"] {
                    click(&mut window, Role::Tab, tab);
                    save(&mut window, tab);
                }
            }
            if ["01", "unopened"].contains(&name.as_str()) {
                let mut window = shown(run.clone(), View::List, [width, 700.0], look);
                save(&mut window, &format!("list-{name}"));
            }
        }
    }
}
