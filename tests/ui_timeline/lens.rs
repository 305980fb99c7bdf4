//! The inspector's pages *Explain*, *Headers*, *Timing* and *Decoded*, and the tabs themselves.

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use egui_kittest::kittest::NodeT as _;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use sessions_console::model::exchange::Exchange;
use sessions_console::model::profile::{TokenStatus, TokenView};
use sessions_console::model::trace::{Part, Question, Spot};
use sessions_console::model::{Lane, meaning, trace};
use sessions_console::ui::link::Link;

use super::*;

pub(super) const WIDE: [f32; 2] = [456.0, 800.0];
pub(super) const NARROW: [f32; 2] = [360.0, 600.0];
const CREQ: &str = "eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6IjZhZmE2MDcyLTk0MTItNDQ2Yi05NjczLTJmOThiM2VlOThhMiIsImFjc1RyYW5zSUQiOiIzNzVkOTBhZC0zODczLTQ5OGItOTEzMy0zODBjYmJjOGQ5OWQiLCJtZXNzYWdlVHlwZSI6IkNSZXEiLCJtZXNzYWdlVmVyc2lvbiI6IjIuMi4wIiwiY2hhbGxlbmdlV2luZG93U2l6ZSI6IjAzIn0";

pub(super) struct Alone {
    pub inspector: inspector::Panel,
    pub workspace: Workspace,
    selected: Option<(RunId, usize)>,
    pub links: Vec<Link>,
}

pub(super) type One<'a> = Harness<'a, Alone>;

/// The inspector alone, with a row of a run.
pub(super) fn alone<'a>(workspace: Workspace, number: usize, size: [f32; 2], look: egui::Theme) -> One<'a> {
    let selected = Some((ONE, number));
    let state = Alone { inspector: inspector::Panel::default(), workspace, selected, links: Vec::new() };
    let builder = Harness::builder().with_size(size).with_theme(look).with_context_setup(theme::install);
    let mut harness = builder.renderer(render::CpuRenderer::default()).build_ui_state(
        |ui, state: &mut Alone| {
            let whole = ui.ctx().content_rect();
            let mut window = ui.new_child(UiBuilder::new().max_rect(whole));
            window.set_clip_rect(whole);
            state.inspector.ui(&mut window, &state.workspace, state.selected, &mut Vec::new());
            state.links.extend(state.inspector.take_links());
        },
        state,
    );
    harness.run_steps(4);
    harness
}

fn dark<'a>(run: Run, number: usize) -> One<'a> {
    alone(session::workspace([run]), number, WIDE, egui::Theme::Dark)
}

pub(super) fn tab(window: &mut One, label: &str) {
    window.get_by_role_and_label(Role::Tab, label).click();
    window.run_steps(3);
}

fn is_open(window: &One, label: &str) -> bool {
    let node = window.get_by_role_and_label(Role::Tab, label);
    node.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
}

/// A browser's post of a form, and its row.
pub(super) fn posted(step: Step, body: &str) -> (Run, usize) {
    let mut run = session::finished(ONE);
    run.exchanged(session::exchange(&session::Call {
        at: 8000,
        took: 9,
        lanes: (Lane::Browser, Lane::Issuer),
        step,
        line: "POST /simulator/acs/challenge",
        body: body.as_bytes(),
        status: 200,
        answer: Value::Null,
    }));
    let found = |what: &What| matches!(what, What::Exchange(exchange) if &exchange.request.body[..] == body.as_bytes());
    let number = row_number(&run, found);
    (run, number)
}

pub(super) fn pares() -> String {
    let xml = "<?xml version=\"1.0\"?><ThreeDSecure><Message id=\"1\"><PARes id=\"PARes-1\"><version>1.0.2</version>\
               <Merchant><acqBIN>400000</acqBIN><merID>SBX000000000001</merID></Merchant><Purchase>\
               <xid>AAECAwQFBgcICQoLDA0ODxAREhM=</xid><date>20260503 09:15:02</date><purchAmount>6540</purchAmount>\
               <currency>840</currency><exponent>2</exponent></Purchase><pan>0000000000004242</pan><TX>\
               <time>20260503 09:15:09</time><status>Y</status><cavv>V+v37FmuAPB9rCVyIpjY4BZ5RfQ=</cavv><eci>05</eci>\
               <cavvAlgorithm>2</cavvAlgorithm></TX></PARes></Message></ThreeDSecure>";
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(xml.as_bytes()).and_then(|()| encoder.finish()).unwrap();
    let value: String = url::form_urlencoded::byte_serialize(BASE64_STANDARD.encode(packed).as_bytes()).collect();
    format!("PaRes={value}&MD=1")
}

/// A workspace whose profile has a live token of which records show the mask only.
pub(super) fn with_token(run: Run) -> Workspace {
    let mut workspace = session::workspace([run]);
    let claims = json!({
        "iss": "http://127.0.0.1:8787", "client_id": "ack_zztzqayybq674", "scope": "sessions:app",
        "iat": 1_790_000_005, "exp": 1_790_003_605,
    });
    let view = TokenView {
        obtained: session::at(14),
        life: Duration::from_secs(3600),
        scopes: vec!["sessions:app".into()],
        header: Some(json!({"alg": "HS256", "typ": "JWT"})),
        claims: Some(claims),
    };
    workspace.tokens.insert(session::plan().profile, TokenStatus::Live(Box::new(view)));
    workspace
}

// --- Tabs

#[test]
fn every_row_has_the_same_eight_tabs_and_says_why_one_is_not_for_it() {
    let run = session::finished(ONE);
    for entry in &run.entries {
        let window = dark(run.clone(), entry.number);
        for label in ["Explain", "Request", "Response", "Headers", "Timing", "Decoded", "Findings", "Code"] {
            let node = window.get_by_role_and_label(Role::Tab, label);
            let rect = node.rect();
            assert!(rect.right() <= WIDE[0], "{label} ends at {} in {}", rect.right(), entry.number);
        }
    }
    let wait = row_number(&run, |what| matches!(what, What::Wait(_)));
    let window = dark(run.clone(), wait);
    assert!(window.get_by_role_and_label(Role::Tab, "Request").accesskit_node().is_disabled());
    assert!(is_open(&window, "Explain"));
    let hidden = row_number(&run, |what| matches!(what, What::Scheme(_)));
    let window = dark(run, hidden);
    assert!(window.get_by_role_and_label(Role::Tab, "Response").accesskit_node().is_disabled());
    assert!(is_open(&window, "Request"));
}

#[test]
fn what_does_not_fit_is_under_more_and_the_open_tab_never_is() {
    let run = session::finished(ONE);
    let create = exchange_of(&run, Step::Create);
    let mut window = alone(session::workspace([run]), create, NARROW, egui::Theme::Dark);
    assert!(window.query_by_role_and_label(Role::Tab, "Code").is_none());
    tab(&mut window, "More");
    window.get_by_role_and_label(Role::Button, "Code").click();
    window.run_steps(3);
    assert!(is_open(&window, "Code"));
    for node in window.query_all_by_role(Role::Tab) {
        assert!(node.rect().right() <= NARROW[0], "{:?}", node.accesskit_node().label());
    }
}

#[test]
fn digits_and_ctrl_tab_walk_the_tabs_while_the_inspector_is_meant() {
    let run = session::finished(ONE);
    let create = exchange_of(&run, Step::Create);
    let mut window = dark(run, create);
    window.hover_at(pos2(200.0, 400.0));
    window.run_steps(2);
    let press = |window: &mut One, modifiers, key| {
        window.key_press_modifiers(modifiers, key);
        window.run_steps(3);
    };
    press(&mut window, Modifiers::NONE, Key::Num4);
    assert!(is_open(&window, "Headers"));
    press(&mut window, Modifiers::CTRL, Key::Tab);
    assert!(is_open(&window, "Timing"));
    press(&mut window, Modifiers::CTRL | Modifiers::SHIFT, Key::Tab);
    assert!(is_open(&window, "Headers"));
    press(&mut window, Modifiers::NONE, Key::Num2);
    window.get_by_label("Find in body").focus();
    window.run_steps(2);
    press(&mut window, Modifiers::NONE, Key::Num4);
    assert!(is_open(&window, "Request"), "a digit that is typed is text");
}

#[test]
fn an_open_tab_stays_open_from_row_to_row() {
    let run = session::finished(ONE);
    let (create, callback) =
        (exchange_of(&run, Step::Create), row_number(&run, |what| matches!(what, What::Delivery(_))));
    let mut window = dark(run, create);
    assert!(is_open(&window, "Response"));
    window.state_mut().selected = Some((ONE, callback));
    window.run_steps(3);
    assert!(is_open(&window, "Request"), "of what came in, what came is wanted first");
    tab(&mut window, "Headers");
    window.state_mut().selected = Some((ONE, create));
    window.run_steps(3);
    assert!(is_open(&window, "Headers"));
}

/// A row of each kind, and what is laid over a row: whatever can be pressed, typed into or picked
/// has a name, for those who hear the window instead of seeing it.
#[test]
fn nothing_that_can_be_used_is_without_a_name() {
    let run = session::finished(ONE);
    let failed = session::failed(ONE);
    let (token, number) = posted(Step::Authenticate, &pares());
    let rows = run.entries.iter().map(|entry| (with_token(run.clone()), entry.number));
    let more = [(session::workspace([failed.clone()]), failed.entries[0].number), (with_token(token), number)];
    for (workspace, number) in rows.chain(more) {
        let mut window = alone(workspace, number, WIDE, egui::Theme::Dark);
        for label in ["Explain", "Request", "Response", "Headers", "Timing", "Decoded", "Findings", "Code"] {
            if !window.get_by_role_and_label(Role::Tab, label).accesskit_node().is_disabled() {
                tab(&mut window, label);
                named(&window, &format!("{label} of row {number}"));
            }
        }
        window.state_mut().inspector.open(Link::Why(ONE, Question::Status(None)));
        window.run_steps(3);
        named(&window, &format!("why, of row {number}"));
    }
}

fn named(window: &One, place: &str) {
    let used = [
        Role::Button,
        Role::Link,
        Role::Tab,
        Role::CheckBox,
        Role::RadioButton,
        Role::ComboBox,
        Role::TextInput,
        Role::MultilineTextInput,
        Role::PasswordInput,
        Role::Slider,
        Role::TreeItem,
    ];
    for role in used {
        for node in window.query_all_by_role(role) {
            let name = node.accesskit_node().label().unwrap_or_default();
            assert!(name.chars().any(char::is_alphanumeric), "{role:?} at {:?} without a name: {place}", node.rect());
        }
    }
}

// --- Explain

#[test]
fn explain_says_why_what_changed_what_belongs_to_it_and_what_comes_next() {
    let run = session::finished(ONE);
    let collect = exchange_of(&run, Step::Collect);
    let mut window = dark(run.clone(), collect);
    tab(&mut window, "Explain");
    window.get_by_label_contains("the API asks the bank");
    window.get_by_label_contains("this is what makes the API send the AReq");
    window.get_by_label_contains("The bank wants to ask the shopper");
    assert_eq!(window.query_all_by_label("challenged").count(), 2, "the new value, and the status that came of it");
    window.get_by_role_and_label(Role::Link, "AReq").click();
    window.run_steps(2);
    let areq = row_number(&run, |what| matches!(what, What::Scheme(message) if message.kind == "AReq"));
    let spot = |entry, part, path: Option<&str>| Link::Spot(ONE, Spot { entry, part, path: path.map(str::to_owned) });
    window.get_by_role_and_label(Role::Link, "response_code").click();
    window.run_steps(2);
    window.get_by_role_and_label(Role::Link, "View before").click();
    window.run_steps(2);
    window.get_by_role_and_label(Role::Link, "Why?").click();
    window.run_steps(2);
    let create = exchange_of(&run, Step::Create);
    assert_eq!(
        window.state().links,
        [
            spot(areq, Part::Request, None),
            spot(collect, Part::Response, Some("$.response_code")),
            spot(create, Part::Response, None),
            Link::Why(ONE, Question::Status(Some(collect))),
        ]
    );
    let callback = row_number(&run, |what| matches!(what, What::Delivery(delivery) if delivery.body.starts_with(b"{")));
    let mut window = dark(run, callback);
    tab(&mut window, "Explain");
    window.get_by_label_contains("only that answer counts");
    window.get_by_role_and_label(Role::Link, "Complete session");
}

// --- Decoded

#[test]
fn a_challenge_request_is_decoded_and_leads_to_its_field() {
    let (run, number) = posted(Step::Challenge, &format!("creq={CREQ}"));
    let mut window = dark(run, number);
    tab(&mut window, "Decoded");
    window.get_by_label("Challenge request (CReq)");
    window.get_by_label("500 × 600 pixels");
    window.get_by_label("in the request, creq").click();
    window.run_steps(2);
    let spot = Spot { entry: number, part: Part::Request, path: Some("creq".into()) };
    assert_eq!(window.state().links, [Link::Spot(ONE, spot)]);
    window.get_by_label("Show the JSON of CReq").click();
    window.run_steps(4);
    window.get_by_label("challengeWindowSize: \"03\"");
    window.get_by_label("Hide the JSON of CReq");
    window.get_by_label("Copy decoded CReq");
}

#[test]
fn what_is_wrong_with_a_damaged_one_is_said_with_what_would_be_right() {
    let body =
        json!({"messageType": "CReq", "messageVersion": "2.2.0", "acsTransID": "375d90ad", "challengeWindowSize": "7"});
    let damaged = format!("creq={}%3D", BASE64_URL_SAFE_NO_PAD.encode(body.to_string()));
    let (run, number) = posted(Step::Challenge, &damaged);
    let mut window = dark(run, number);
    tab(&mut window, "Decoded");
    for words in ["Padding in base64url", "threeDSServerTransID is missing", "is a UUID", "is one of 01, 02"] {
        window.get_by_label_contains(words);
    }
}

#[test]
fn a_result_of_3_d_secure_1_is_inflated() {
    let (run, number) = posted(Step::Authenticate, &pares());
    let mut window = dark(run, number);
    tab(&mut window, "Decoded");
    window.get_by_label("Result of 3-D Secure 1 (PaRes)");
    window.get_by_label_contains("No Signature");
    window.get_by_label("PARes/TX/status");
    window.get_by_label("Show the XML of PaRes").click();
    window.run_steps(4);
    window.get_by_label_contains("<ThreeDSecure>");
}

#[test]
fn a_token_is_decoded_from_headers_and_never_called_genuine() {
    let run = session::finished(ONE);
    let create = exchange_of(&run, Step::Create);
    let mut window = alone(with_token(run), create, WIDE, egui::Theme::Dark);
    tab(&mut window, "Headers");
    window.get_by_role_and_label(Role::Link, "Decoded").click();
    window.run_steps(3);
    assert!(is_open(&window, "Decoded"));
    window.get_by_label_contains("header Authorization");
    window.get_by_label_contains("Signature not verified");
    window.get_by_label_contains("not for POST /sessions, browser");
    assert!(window.query_by_label_contains("Signature verified").is_none());
}

#[test]
fn a_key_of_the_users_own_verifies() {
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let mut run = session::refused(ONE);
    run.exchanged(session::exchange(&session::Call {
        at: 30,
        took: 5,
        lanes: (Lane::Merchant, Lane::Sessions),
        step: Step::Confirm,
        line: "GET /x",
        body: b"",
        status: 200,
        answer: json!({"signed": token}),
    }));
    let number = exchange_of(&run, Step::Confirm);
    let mut window = dark(run, number);
    tab(&mut window, "Decoded");
    window.get_by_label_contains("Signature not verified");
    window.get_by_label("Verify or open with a key of yours").click();
    window.run_steps(3);
    let jwk = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    window.get_by_label("Key").focus();
    window.run_steps(2);
    window.get_by_label("Key").type_text(jwk);
    window.run_steps(3);
    window.get_by_role_and_label(Role::Button, "Use").click();
    window.run_steps(4);
    window.get_by_label_contains("Signature verified with the key that you gave");
    window.get_by_label("Forget the keys").click();
    window.run_steps(4);
    window.get_by_label_contains("Signature not verified");
}

// --- Headers and timing

#[test]
fn a_known_header_is_explained_where_the_pointer_rests() {
    let run = session::finished(ONE);
    let create = exchange_of(&run, Step::Create);
    let mut window = dark(run, create);
    tab(&mut window, "Headers");
    window.get_by_label("Cko-Request-Id").hover();
    window.run_steps(60);
    window.get_by_label_contains("give it to the vendor's support");
}

#[test]
fn time_is_compared_with_the_others_of_the_same_step() {
    let run = session::finished(ONE);
    let create = exchange_of(&run, Step::Create);
    let other = |ms: u64| {
        let mut run = session::finished(RunId(ms));
        let longer = |exchange: &Exchange| {
            let timing =
                sessions_console::model::exchange::Timing { total: Duration::from_millis(ms), ..exchange.timing };
            Arc::new(Exchange { id: sessions_console::model::exchange::ExchangeId(ms), timing, ..exchange.clone() })
        };
        let exchange = longer(run.exchange(create).unwrap());
        run.entries.retain(|entry| entry.number != create);
        run.exchanged(exchange);
        run
    };
    let mut window = alone(session::workspace([run, other(10), other(20), other(30)]), create, WIDE, egui::Theme::Dark);
    tab(&mut window, "Timing");
    window.get_by_label_contains("20.0 ms, median of 3 others");
    window.get_by_label_contains("2.0 times as long");
}

// --- Meaning and origin

#[test]
fn a_value_leads_to_the_row_that_carried_it_first_and_an_id_to_its_object() {
    let run = session::finished(ONE);
    let last = run.entries.last().unwrap().number;
    let told = |name: &str, value: &str| trace::origin(&run, name, value, last).map(|spot| trace::told(&run, &spot));
    assert_eq!(told("response_code", "Y").as_deref(), Some("RReq at 8.938 s"));
    assert_eq!(told("id", session::SID).as_deref(), Some("the answer to Create session at 0.018 s"));
    let transaction = told("transaction_id", "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8");
    assert_eq!(transaction.as_deref(), Some("the answer to Create session at 0.018 s"));
    assert_eq!(told("acs", "nobody has this value"), None);
    let workspace = session::workspace([run.clone()]);
    let create = exchange_of(&run, Step::Create);
    let spot = |path: &str| Spot { entry: create, part: Part::Response, path: Some(path.into()) };
    assert_eq!(trace::find(&workspace, session::SID), Some((ONE, spot("$.id"))));
    assert_eq!(trace::find(&workspace, "approved"), None);
    let request_id = trace::find(&workspace, "2642148a-3959-4b44-bb61-36d25888a66d").expect("a header has it");
    assert_eq!(request_id.1.path, None);
    let doc = meaning::Doc::of(&run.entries.last().unwrap().what, Part::Response);
    assert_eq!(doc, Some(meaning::Doc::Api));
}
