//! Comparisons of payloads and of sessions, by their labels.

use std::sync::Arc;

use bytes::Bytes;
use egui::accesskit::Role;
use egui::{Key, Modifiers, OutputCommand};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use serde_json::{Value, json};
use sessions_console::model::exchange::Step;
use sessions_console::model::run::{Phase, Run, What};
use sessions_console::model::trace::{Part, Spot, Subject};
use sessions_console::model::{Lane, RunId, Workspace};
use sessions_console::ui::inspector;
use sessions_console::ui::link::Link;

use super::{exchange_of, render, session};

const ONE: RunId = RunId(1);
const TWO: RunId = RunId(2);

pub(super) struct Panel {
    inspector: inspector::Panel,
    workspace: Workspace,
    selected: Option<(RunId, usize)>,
    links: Vec<Link>,
}

type Window = Harness<'static, Panel>;

/// The inspector alone; links out of a comparison are kept, comparisons are followed.
fn window(runs: Vec<Run>, size: [f32; 2], link: Option<Link>) -> Window {
    let mut panel = Panel {
        inspector: inspector::Panel::default(),
        workspace: session::workspace(runs),
        selected: None,
        links: Vec::new(),
    };
    if let Some(link) = link {
        panel.inspector.open(link);
    }
    let draw = |ui: &mut egui::Ui, panel: &mut Panel| {
        let room = ui.max_rect();
        ui.painter().rect_filled(room, 0.0, sessions_console::ui::theme::Tokens::of(ui).bg1);
        panel.inspector.ui(ui, &panel.workspace, panel.selected, &mut Vec::new());
        for link in panel.inspector.take_links() {
            panel.links.push(link.clone());
            panel.inspector.open(link);
        }
    };
    let mut window = render::harness(size, draw, panel);
    window.run_steps(4);
    window
}

/// The same session again, with other ids, and with these words replaced in all bodies.
fn again(id: RunId, run: &Run, words: &[(&str, &str)]) -> Run {
    let other = |bytes: &Bytes| {
        let mut text = String::from_utf8(bytes.to_vec()).expect("text");
        let ids = [(session::SID, "sid_1kp65s2imhnguhok7722ffif99"), ("0ac91b0b-b7e5", "1bd02c1c-c8f6")];
        for (from, to) in ids.iter().chain(words) {
            text = text.replace(from, to);
        }
        Bytes::from(text)
    };
    let mut copy = Run::new(id, run.plan.clone(), run.started);
    for entry in run.entries.iter() {
        match &entry.what {
            What::Exchange(exchange) => {
                let mut exchange = (**exchange).clone();
                exchange.request.body = other(&exchange.request.body);
                if let Ok(answer) = &mut exchange.outcome {
                    answer.body = other(&answer.body);
                }
                copy.exchanged(Arc::new(exchange));
            }
            What::Delivery(delivery) => {
                let mut delivery = (**delivery).clone();
                delivery.body = other(&delivery.body);
                copy.delivered(Arc::new(delivery));
            }
            What::Scheme(message) => {
                let mut message = message.clone();
                message.body = other(&message.body);
                copy.scheme_message_seen(message);
            }
            _ => (),
        }
    }
    copy.ended(Phase::Ended, session::at(9100));
    copy
}

fn answer(run: RunId, entry: usize) -> Subject {
    Subject::Payload(run, Spot { entry, part: Part::Response, path: None })
}

/// The last answer of a finished session beside that of the same session again.
fn two(words: &[(&str, &str)]) -> (Vec<Run>, Link) {
    let run = session::finished(ONE);
    let last = run.entries.iter().rev().find(|entry| matches!(&entry.what, What::Exchange(_))).expect("a row").number;
    let other = again(TWO, &run, words);
    let same = other.entries.iter().rev().find(|entry| matches!(&entry.what, What::Exchange(_))).expect("a row").number;
    (vec![run, other], Link::Compare(answer(ONE, last), answer(TWO, same)))
}

fn click(window: &mut Window, label: &str) {
    window.get_by_role_and_label(Role::Button, label).click();
    window.run_steps(3);
}

fn press(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    window.run_steps(3);
}

fn copied(window: &Window) -> String {
    let commands = &window.output().platform_output.commands;
    commands
        .iter()
        .find_map(|command| match command {
            OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        })
        .expect("something was copied")
}

#[test]
fn a_change_is_shown_with_its_place_and_ids_only_when_wanted() {
    let (runs, link) = two(&[("\"eci\":\"05\"", "\"eci\":\"07\""), ("6540", "\"6540\"")]);
    let mut window = window(runs, [456.0, 800.0], Some(link));
    window.get_by_label("6 changes, 4 only ids and times");
    window.get_by_role_and_label(Role::Button, "changed $.eci \"05\" to \"07\"");
    window.get_by_role_and_label(Role::Button, "changed $.amount 6540 to \"6540\"");
    assert!(window.query_by_label_contains("id $.id").is_none(), "ids are hidden at first");
    window.get_by_label("Ids and times 4").click();
    window.run_steps(3);
    window.get_by_label_contains("id $.id \"sid_skp");
    window.get_by_label("0ac91b0b-b…cdf8 is 1bd02c1c-c…cdf8 in 2 places, throughout");
}

#[test]
fn equal_members_are_folded_and_open_on_a_click() {
    let (runs, link) = two(&[("\"eci\":\"05\"", "\"eci\":\"07\"")]);
    let mut window = window(runs, [456.0, 800.0], Some(link));
    assert!(window.query_by_label_contains("equal $.scheme").is_none());
    window.get_all_by_label_contains("equal members").next().expect("a fold").click();
    window.run_steps(3);
    window.get_by_role_and_label(Role::Button, "equal $.scheme \"visa\" to \"visa\"");
    window.get_by_label("All members").click();
    window.run_steps(3);
    assert!(window.query_by_label_contains("Show ").is_none());
}

#[test]
fn keys_go_from_change_to_change_and_a_chosen_one_leads_to_both_rows() {
    let (runs, link) = two(&[("\"eci\":\"05\"", "\"eci\":\"07\""), ("\"visa\"", "\"amex\"")]);
    let Link::Compare(_, Subject::Payload(_, right)) = &link else { panic!("payloads") };
    let right = Link::Spot(TWO, Spot { path: Some("$.eci".into()), ..right.clone() });
    let mut window = window(runs, [360.0, 600.0], Some(link));
    press(&mut window, Modifiers::NONE, Key::F7);
    press(&mut window, Modifiers::NONE, Key::N);
    press(&mut window, Modifiers::SHIFT, Key::F7);
    press(&mut window, Modifiers::NONE, Key::P);
    click_link(&mut window, "Show on the right");
    assert_eq!(window.state().links, [right]);
}

fn click_link(window: &mut Window, label: &str) {
    window.get_by_role_and_label(Role::Link, label).click();
    window.run_steps(3);
}

#[test]
fn changes_are_copied_as_text_and_as_a_patch() {
    let (runs, link) = two(&[("\"eci\":\"05\"", "\"eci\":\"07\"")]);
    let mut window = window(runs, [456.0, 800.0], Some(link));
    for (item, part) in [
        ("Copy as text", "- $.eci  \"05\"\n+ $.eci  \"07\""),
        ("Copy as JSON Patch", "{\"op\": \"replace\", \"path\": \"/eci\", \"value\": \"07\"}"),
    ] {
        click(&mut window, "Copy the changes");
        window.get_by_role_and_label(Role::Button, item).click();
        window.step();
        let mut text = String::new();
        for _ in 0..3 {
            let commands = &window.output().platform_output.commands;
            if commands.iter().any(|command| matches!(command, OutputCommand::CopyText(_))) {
                text = copied(&window);
                break;
            }
            window.step();
        }
        assert!(text.contains(part), "{item}: {text}");
        window.run_steps(2);
    }
}

#[test]
fn the_sides_can_be_swapped() {
    let (runs, link) = two(&[("\"eci\":\"05\"", "\"eci\":\"07\"")]);
    let Link::Compare(left, right) = link.clone() else { panic!("a comparison") };
    let mut window = window(runs, [456.0, 800.0], Some(link));
    click(&mut window, "Swap the two sides");
    assert_eq!(window.state().links, [Link::Compare(right, left)]);
    window.get_by_role_and_label(Role::Button, "changed $.eci \"07\" to \"05\"");
}

#[test]
fn two_sessions_are_compared_step_by_step() {
    let run = session::finished(ONE);
    let other = again(TWO, &run, &[("\"eci\":\"05\"", "\"eci\":\"07\"")]);
    let link = Link::Compare(Subject::Session(ONE), Subject::Session(TWO));
    let mut window = window(vec![run, other], [456.0, 800.0], Some(link));
    window.get_by_label_contains("steps in both, ");
    window.get_by_label_contains("1 only on the left, 0 ");
    window.get_by_label_contains("Message to the phone only left");
    window.get_by_label_contains("Session as it was read last differs");
    click_contains(&mut window, "Send channel data ids and times");
    window.get_by_label("3 changes, only ids and times");
    click(&mut window, "Back to the steps");
    click_contains(&mut window, "Session as it was read last differs");
    window.get_by_role_and_label(Role::Button, "changed $.eci \"05\" to \"07\"");
}

fn click_contains(window: &mut Window, label: &str) {
    window.get_all_by_label_contains(label).next().expect(label).click();
    window.run_steps(3);
}

#[test]
fn what_only_one_session_has_is_shown_where_it_stands() {
    let (run, refused) = (session::finished(ONE), session::refused(TWO));
    let link = Link::Compare(Subject::Session(ONE), Subject::Session(TWO));
    let complete = exchange_of(&run, Step::Complete);
    let mut window = window(vec![run, refused], [360.0, 600.0], Some(link));
    window.get_by_label_contains("Create session differs HTTP 202 to 422 · status pending to none");
    window.get_by_label("1 step in both, 0 equal but for ids and times");
    for _ in 0..4 {
        if window.query_by_label_contains("Complete session only left").is_some() {
            break;
        }
        let middle = egui::pos2(180.0, 400.0);
        window.hover_at(middle);
        window.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -200.0),
            modifiers: Modifiers::NONE,
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
        });
        window.run_steps(12);
    }
    click_contains(&mut window, "Complete session only left");
    assert!(matches!(window.state().links.as_slice(), [Link::Spot(ONE, spot)] if spot.entry == complete));
}

#[test]
fn a_row_is_compared_from_its_head() {
    let run = session::finished(ONE);
    let other = again(TWO, &run, &[]);
    let (own, same) = (exchange_of(&run, Step::Collect), exchange_of(&other, Step::Collect));
    let create = exchange_of(&run, Step::Create);
    let mut window = window(vec![run, other], [456.0, 800.0], None);
    window.state_mut().selected = Some((ONE, own));
    window.run_steps(3);
    for (item, link) in [
        ("Session as it was before: Create session, response", Link::Compare(answer(ONE, create), answer(ONE, own))),
        ("Same step in run 2: Send channel data", Link::Compare(answer(ONE, own), answer(TWO, same))),
        ("Run 2 · non-hosted", Link::Compare(Subject::Session(ONE), Subject::Session(TWO))),
    ] {
        click(&mut window, "Compare with…");
        click_contains(&mut window, item);
        assert_eq!(window.state_mut().links.pop(), Some(link), "{item}");
        click(&mut window, "Back to the row");
    }
    click(&mut window, "Compare with…");
    click(&mut window, "Compare: pick the other row");
    window.state_mut().selected = Some((TWO, same));
    window.run_steps(3);
    click(&mut window, "Compare with…");
    click_contains(&mut window, "The picked row: Run 1 · Send channel data");
    assert_eq!(window.state_mut().links.pop(), Some(Link::Compare(answer(ONE, own), answer(TWO, same))));
}

/// A run with one answer.
fn answering(id: RunId, answer: Value) -> Run {
    let mut run = Run::new(id, session::plan(), session::at(0));
    run.exchanged(session::exchange(&session::Call {
        at: 1,
        took: 1,
        lanes: (Lane::Merchant, Lane::Sessions),
        step: Step::Confirm,
        line: "GET /sessions",
        body: b"",
        status: 200,
        answer,
    }));
    run
}

#[test]
fn large_payloads_are_compared_in_the_background_and_only_rows_in_sight_are_drawn() {
    let list =
        |add: usize| json!((0..9_000_usize).map(|n| json!({"name": n.to_string(), "v": n + add})).collect::<Vec<_>>());
    let runs = vec![answering(ONE, list(0)), answering(TWO, list(1))];
    let mut window = window(runs, [456.0, 600.0], Some(Link::Compare(answer(ONE, 0), answer(TWO, 0))));
    while window.query_by_label("9000 changes").is_none() {
        std::thread::yield_now();
        window.step();
    }
    let drawn = window.get_all_by_label_contains("changed $[").count();
    assert!((5..30).contains(&drawn), "{drawn} rows");
    press(&mut window, Modifiers::NONE, Key::P);
    window.get_by_role_and_label(Role::Button, "changed $[8999].v 8999 to 9000");
}

/// The same session as the hosted page would have it: another way of completion, another draft.
fn hosted(id: RunId, run: &Run) -> Run {
    let mut copy = again(id, run, &[("\"non_hosted\"", "\"hosted\"")]);
    copy.plan.completion = sessions_console::model::draft::Completion::Hosted;
    copy.plan.body = json!({"amount": 6540, "completion": {"type": "hosted"}}).to_string();
    copy.plan.collect = String::new();
    copy
}

#[test]
fn hosted_beside_non_hosted_and_a_draft_that_only_one_has() {
    let mut run = session::finished(ONE);
    run.plan.body = json!({"amount": 6540, "completion": {"type": "non_hosted"}}).to_string();
    run.plan.collect = json!({"channel": "browser"}).to_string();
    let link = Link::Compare(Subject::Session(ONE), Subject::Session(TWO));
    let other = hosted(TWO, &run);
    let mut window = window(vec![run, other], [456.0, 800.0], Some(link));
    window.get_by_label_contains("Run 1 · non-hosted");
    window.get_by_label_contains("Run 2 · hosted");
    click_contains(&mut window, "Draft: POST /sessions differs 1 change");
    window.get_by_role_and_label(Role::Button, "changed $.completion.type \"non_hosted\" to \"hosted\"");
    click(&mut window, "Back to the steps");
    click_contains(&mut window, "Draft: collect-data only left the other run has none");
    window.get_by_role_and_label(Role::Button, "removed $.channel \"browser\"");
    window.get_by_label_contains("· has none");
    click(&mut window, "Swap the two sides");
    window.get_by_role_and_label(Role::Button, "added $.channel \"browser\"");
}

#[test]
fn a_row_without_bodies_says_so() {
    let skipped = |id| {
        let mut run = Run::new(id, session::plan(), session::at(0));
        run.step_skipped(Step::Method, session::at(5));
        run
    };
    let link = Link::Compare(Subject::Session(ONE), Subject::Session(TWO));
    let mut window = window(vec![skipped(ONE), skipped(TWO)], [456.0, 600.0], Some(link));
    click_contains(&mut window, "no bodies");
    window.get_by_label("Neither of the two has a body, so there is nothing to compare");
}

#[test]
fn what_is_shown_is_kept_between_starts() {
    let (runs, link) = two(&[]);
    let mut window = window(runs, [456.0, 800.0], Some(link));
    window.get_by_label("Ids and times 4").click();
    window.run_steps(3);
    click_contains(&mut window, "All members");
    let view = serde_json::to_value(&window.state().inspector.view).expect("a view");
    assert_eq!(view["compare"], json!({"volatile": true, "all": true}));
    let again: inspector::View = serde_json::from_value(view).expect("a view");
    assert_eq!(again, window.state().inspector.view);
}
