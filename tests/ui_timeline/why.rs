//! «Why?» in the window: where it can be asked, what it says, and that its links lead on.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use sessions_console::bus::Command;
use sessions_console::model::Workspace;
use sessions_console::model::exchange::Step;
use sessions_console::model::run::{Act, Plan, Run, Shopper, What};
use sessions_console::model::sandbox::SandboxAct;
use sessions_console::model::trace::{Part, Question, Spot};
use sessions_console::model::{deck, retell};
use sessions_console::ui::link::Link;
use sessions_console::ui::{inspector, theme};

use super::{ONE, exchange_of, inspecting, press, render, row_number, session, support, window};

/// The inspector alone, in the size it has beside the timeline or as a drawer.
struct Panel {
    inspector: inspector::Panel,
    workspace: Workspace,
    selected: Option<(sessions_console::model::RunId, usize)>,
    followed: Vec<Link>,
}

impl Panel {
    fn ui(&mut self, ui: &mut egui::Ui) {
        self.inspector.ui(ui, &self.workspace, self.selected, &mut Vec::new());
        for link in self.inspector.take_links() {
            if let Link::Spot(run, spot) = &link {
                self.selected = Some((*run, spot.entry));
            }
            self.followed.push(link.clone());
            self.inspector.open(link);
        }
    }
}

fn asked<'a>(run: Run, question: Question, size: [f32; 2], look: egui::Theme) -> Harness<'a, Panel> {
    let mut inspector = inspector::Panel::default();
    inspector.open(Link::Why(ONE, question));
    let panel = Panel { inspector, workspace: session::workspace([run]), selected: None, followed: Vec::new() };
    let draw = |ui: &mut egui::Ui, panel: &mut Panel| {
        let whole = ui.ctx().content_rect();
        let mut window = ui.new_child(egui::UiBuilder::new().max_rect(whole));
        window.set_clip_rect(whole);
        window.painter().rect_filled(whole, 0.0, theme::Tokens::of(ui).bg1);
        panel.ui(&mut window);
    };
    let builder = Harness::builder().with_size(size).with_theme(look).with_context_setup(theme::install);
    let mut harness = builder.renderer(render::CpuRenderer::default()).build_ui_state(draw, panel);
    harness.run_steps(4);
    harness
}

const BESIDE: [f32; 2] = [456.0, 800.0];
const NARROW: [f32; 2] = [360.0, 600.0];
const DRAWER: [f32; 2] = [592.0, 280.0];

fn scheme_row(run: &Run, kind: &str) -> usize {
    row_number(run, |what| matches!(what, What::Scheme(message) if message.kind == kind))
}

#[test]
fn the_chain_names_each_link_and_leads_to_the_very_member() {
    let run = session::finished(ONE);
    let (ares, rreq) = (scheme_row(&run, "ARes"), scheme_row(&run, "RReq"));
    let mut panel = asked(run, Question::Status(None), BESIDE, egui::Theme::Dark);
    panel.get_by_label_contains("Approved after a challenge, because the bank answered Y");
    panel.get_by_label("status: approved");
    panel.get_by_label("this decided");
    panel.get_by_label("transStatus: C");
    panel.get_by_label("What would have changed it");
    panel.get_by_label_contains("Wrong answers until the bank gives up");
    panel.get_by_label_contains("show $.transStatus in ARes").click();
    panel.run_steps(3);
    let spot = |entry| Spot { entry, part: Part::Request, path: Some("$.transStatus".into()) };
    assert_eq!(panel.state().followed, [Link::Spot(ONE, spot(ares))]);
    assert!(!panel.state().inspector.is_open(), "the row is shown in its place");
    panel.state_mut().inspector.open(Link::Why(ONE, Question::Status(None)));
    panel.run_steps(3);
    panel.get_by_label_contains("show $.transStatus in RReq").click();
    panel.run_steps(3);
    assert_eq!(panel.state().followed.last(), Some(&Link::Spot(ONE, spot(rreq))));
}

#[test]
fn links_are_reached_by_tab_and_followed_with_enter_and_escape_goes_back() {
    let mut panel = asked(session::finished(ONE), Question::Eci, NARROW, egui::Theme::Light);
    panel.get_by_label_contains("ECI 05 says at Visa: fully authenticated");
    for _ in 0..40 {
        if panel.query_by_label_contains("show $.scheme in").is_some_and(|node| node.is_focused()) {
            break;
        }
        panel.key_press(Key::Tab);
        panel.run_steps(2);
    }
    panel.key_press(Key::Enter);
    panel.run_steps(3);
    let followed = panel.state().followed.first().cloned();
    let Some(Link::Spot(_, spot)) = followed else { panic!("{followed:?}") };
    assert_eq!((spot.part, spot.path.as_deref()), (Part::Response, Some("$.scheme")));
    panel.state_mut().inspector.open(Link::Why(ONE, Question::Liability));
    panel.run_steps(3);
    panel.get_by_label_contains("If it was fraud, the bank pays");
    panel.key_press(Key::Escape);
    panel.run_steps(3);
    assert!(!panel.state().inspector.is_open());
}

/// Nothing is cut off at the sides, however narrow; what does not fit below is scrolled to.
#[test]
fn the_chain_reads_in_every_size_of_the_panel() {
    for (size, look) in [(NARROW, egui::Theme::Dark), (DRAWER, egui::Theme::Light), (BESIDE, egui::Theme::Light)] {
        let panel = asked(session::finished(ONE), Question::Liability, size, look);
        for node in panel.get_all_by_role(Role::Label) {
            let rect = node.rect();
            assert!(rect.left() >= 0.0 && rect.right() <= size[0], "{size:?}: {:?} {rect:?}", node);
        }
    }
}

#[test]
fn the_result_card_and_the_head_ask() {
    let mut window = window(vec![session::finished(ONE)], 11_000);
    for (label, question) in [
        ("Why this status?", Question::Status(None)),
        ("Why this result?", Question::Status(None)),
        ("Why this ECI?", Question::Eci),
        ("Why this liability?", Question::Liability),
    ] {
        window.get_by_label(label).click();
        window.run_steps(3);
        assert_eq!(window.state_mut().timeline.take_links(), [Link::Why(ONE, question)], "{label}");
    }
}

/// A run whose callback says something else than the session.
fn contradicted() -> (Run, usize) {
    let mut run = session::finished(ONE);
    let body = r#"{"session_id":"sid_skp65s2imhnguhok7722ffif7l","status":"declined"}"#;
    let verdict = sessions_console::model::delivery::Verdict::Matched;
    let kind = sessions_console::model::delivery::DeliveryKind::Callback;
    run.delivered(session::delivery(kind, 9100, "/q7m2kfx9/cb", body, verdict, 200));
    let row = run.entries.last().expect("a row").number;
    (run, row)
}

#[test]
fn a_finding_says_its_document_and_links_to_both_sides() {
    let (run, row) = contradicted();
    let read = run.entries.iter().rev().find_map(|entry| match &entry.what {
        What::Exchange(exchange) if exchange.step == Step::Confirm => Some(entry.number),
        _ => None,
    });
    let mut window = inspecting(run, row);
    window.get_by_role_and_label(Role::Tab, "Findings").click();
    window.run_steps(3);
    window.get_by_label("The callback contradicts the session");
    window.get_by_label_contains("Sessions API, callback");
    window.get_by_label("Show status in Callback");
    window.get_by_label("Show status in Read session").click();
    window.run_steps(3);
    let spot = Spot { entry: read.expect("a read"), part: Part::Response, path: Some("$.status".into()) };
    assert_eq!(window.state_mut().inspector.take_links(), [Link::Spot(ONE, spot)]);
    window.get_by_label("Why P023?").click();
    window.run_steps(3);
    let asked = Link::Why(ONE, Question::Finding(row, "P023"));
    assert_eq!(window.state_mut().inspector.take_links(), std::slice::from_ref(&asked));
    window.state_mut().inspector.open(asked);
    window.run_steps(3);
    window.get_by_label("The callback contradicts the session.");
    window.get_by_label("The session that was read");
    window.get_by_label("status: declined");
    window.get_by_label_contains("Had callback and session said the same");
}

#[test]
fn a_row_without_findings_says_which_rules_looked() {
    let run = session::finished(ONE);
    let number = exchange_of(&run, Step::Complete);
    let mut window = inspecting(run, number);
    window.get_by_role_and_label(Role::Tab, "Findings").click();
    window.run_steps(3);
    window.get_by_label("Nothing to say about this row");
    window.get_by_label_contains("These rules looked: L28");
}

/// Asking of a row asks of its heaviest finding where that is what there is to it.
#[test]
fn a_row_is_asked_about_what_there_is_to_it() {
    let (run, row) = contradicted();
    let (panel, ctx) = (inspector::Panel::default(), egui::Context::default());
    assert_eq!(panel.question(&ctx, &run, Some(row)), Question::Finding(row, "P023"));
    let changed = run.entries.iter().find(|entry| entry.status.is_some()).expect("a change").number;
    assert_eq!(panel.question(&ctx, &run, Some(changed)), Question::Status(Some(changed)));
    assert_eq!(panel.question(&ctx, &run, None), Question::Status(None));
}

/// The answer is that of the run as it stands: what comes in later is in it.
#[test]
fn the_chain_follows_the_run() {
    let mut panel = asked(session::waiting(ONE), Question::Status(None), BESIDE, egui::Theme::Dark);
    panel.get_by_label_contains("waits for the shopper");
    panel.state_mut().workspace = session::workspace([session::finished(ONE)]);
    panel.run_steps(3);
    panel.get_by_label_contains("Approved after a challenge, because");
    press_nothing(&mut panel);
}

/// Nothing asks to be drawn again while nothing happens.
fn press_nothing(panel: &mut Harness<'_, Panel>) {
    panel.run_steps(8);
    let delay = panel.output().viewport_output.values().map(|output| output.repaint_delay).min();
    assert!(delay.is_none_or(|delay| delay > std::time::Duration::from_secs(1)), "{delay:?}");
}

#[test]
fn a_key_alone_asks_nothing_of_the_panels() {
    // The key belongs to the shell's table; the panels do not take it.
    let mut window = inspecting(session::finished(ONE), 0);
    press(&mut window, Modifiers::NONE, Key::W);
    assert!(!window.state().inspector.is_open());
}

/// A scenario of the deck, run against the real sandbox.
fn ran(id: &str) -> Run {
    let mut bench = support::bench();
    let profile = bench.engine.workspace().settings.active_profile.clone();
    let scenario = deck::all().into_iter().find(|scenario| scenario.id == id).expect("in the deck");
    let mut plan = Plan { unattended: false, ..scenario.plan(profile) };
    plan.script.retain(|act| !matches!(act, Act::Wait(_))); // this clock is the real one
    plan.shopper = Shopper::Scripted(plan.script.clone());
    let act = SandboxAct::Try(Box::new(SandboxAct::Arm(id.into(), 1)), Box::new(plan));
    bench.engine.dispatch(Command::Sandbox(act));
    bench.until("a run", |workspace| !workspace.runs.is_empty());
    bench.end_of(ONE).clone()
}

/// Words that are true of a page in a browser only.
const OF_A_PAGE: [&str; 4] = ["opens the bank's page", "on the bank's page", "posted ", "sent to the bank's page"];

#[test]
fn an_app_and_a_bank_that_asks_its_own_way_are_told_as_what_they_are() {
    let tall = [456.0, 2400.0];
    for (id, said, never) in [
        (
            "S121",
            &["The app's SDK opens the bank's challenge", "2 messages from the app", "sdkCounterStoA: 000"][..],
            &OF_A_PAGE[..],
        ),
        ("S127", &["A message is refused or missed", "errorCode: 302"], &OF_A_PAGE),
        (
            "S081",
            &["a way of its own", "The bank's own result: the shopper is known", "A refusal to the bank's own"],
            &OF_A_PAGE,
        ),
        (
            "S095",
            &["The shop starts this payment and names", "The bank's own result: the shopper is known"],
            &OF_A_PAGE,
        ),
        (
            "S131",
            &["The bank takes what the shopper confirmed", "is asked to confirm in the browser"],
            &["recognises its customer without asking", "with cres", "answers on the bank's page"],
        ),
        ("S021", &["The browser opens the bank's page", "posted "], &["from the app"]),
    ] {
        let panel = asked(ran(id), Question::Status(None), tall, egui::Theme::Dark);
        let seen = |words: &str| panel.query_all_by_label_contains(words).next().is_some();
        said.iter().for_each(|words| assert!(seen(words), "{id} does not say: {words}"));
        never.iter().for_each(|words| assert!(!seen(words), "{id} says: {words}"));
        panel.get_by_label("this decided");
    }
}

/// The sentence of each kind of row, in the inspector's own words.
#[test]
fn the_rows_of_an_app_speak_of_no_page() {
    let run = ran("S121");
    let told = |fits: &dyn Fn(&What) -> bool| {
        let entry = run.entries.iter().find(|entry| fits(&entry.what)).expect("such a row");
        let told = retell::told(&run, entry);
        format!("{} {} {}", told.sentence, told.why, told.next)
    };
    let sent = told(&|what| matches!(what, What::Exchange(call) if call.step == Step::Challenge));
    assert!(sent.contains("SDK sends a sealed message"), "{sent}");
    for kind in ["CReq", "CRes"] {
        let words = told(&|what| matches!(what, What::Scheme(message) if message.kind == kind));
        assert!(words.contains("app") && !words.contains("browser") && !words.contains("page"), "{words}");
    }
}
