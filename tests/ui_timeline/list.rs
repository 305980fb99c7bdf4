//! The list: filter, marks and notes, following, many rows.

use std::sync::Arc;

use egui_kittest::kittest::NodeT as _;

use super::*;
use sessions_console::model::Lane;
use sessions_console::model::exchange::Exchange;

fn named(n: u64) -> Arc<Exchange> {
    session::exchange(&session::Call {
        at: n * 10,
        took: 4,
        lanes: (Lane::Merchant, Lane::Sessions),
        step: Step::Token,
        line: &format!("GET /rows/{n}"),
        body: b"",
        status: 200,
        answer: Value::Null,
    })
}

/// A run of so many rows `GET /rows/0`, `GET /rows/1` …
fn long(count: u64) -> Run {
    let mut run = Run::new(ONE, session::plan(), session::at(0));
    (0..count).for_each(|n| run.exchanged(named(n)));
    run.ended(Phase::Ended, session::at(count * 10));
    run
}

fn add(window: &mut Window, rows: std::ops::Range<u64>) {
    let run = window.state_mut().workspace.runs.get_mut(&ONE).unwrap();
    rows.for_each(|n| run.exchanged(named(n)));
    window.run_steps(2);
}

fn row(n: u64) -> String {
    format!("Merchant to Sessions API GET  /rows/{n} 200")
}

fn sees(window: &Window, n: u64) -> bool {
    window.query_by_label(&row(n)).is_some()
}

/// The labels of the rows in sight.
fn shown(window: &Window) -> Vec<String> {
    let rows = window.query_all_by_label_contains("/rows/");
    rows.filter_map(|row| row.accesskit_node().label()).collect()
}

fn type_filter(window: &mut Window, text: &str) {
    press(window, Modifiers::NONE, Key::Slash);
    let field = window.get_by_role_and_label(Role::TextInput, "Filter the rows");
    field.type_text(text);
    window.run_steps(3);
}

fn wheel(window: &mut Window, points: f32) {
    window.hover_at(pos2(300.0, 300.0));
    window.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: egui::vec2(0.0, points),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    });
    window.run_steps(30);
}

#[test]
fn a_filter_leaves_the_rows_that_are_asked_for_and_counts_them() {
    let mut window = window(vec![session::finished(ONE)], 11_000);
    let complete = "Merchant to Sessions API POST …/complete 204";
    let create = "Merchant to Sessions API POST /sessions 202 pending";
    window.get_by_label(create);
    type_filter(&mut window, "path~complete");
    window.get_by_label(complete);
    assert!(window.query_by_label(create).is_none());
    window.get_by_label("1 of 16");
    click(&mut window, "Clear the filter");
    window.get_by_label(create);
    type_filter(&mut window, "is:hidden");
    window.get_by_label("4 of 16");
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(window.query_by_label("4 of 16").is_none(), "Esc takes it away");
    window.get_by_label(create);
    press(&mut window, Modifiers::COMMAND, Key::F);
    type_filter(&mut window, "\"password for usd\"");
    window.get_by_label("1 of 16");
    window.get_by_label("Issuer ACS to Shopper's browser Phone message from Larkfield Bank");
}

#[test]
fn a_mistake_is_said_and_the_last_good_filter_stays() {
    let mut window = window(vec![session::finished(ONE)], 11_000);
    type_filter(&mut window, "is:hidden");
    window.get_by_label("4 of 16");
    window.get_by_role_and_label(Role::TextInput, "Filter the rows").type_text(" stauts>=400");
    window.run_steps(3);
    window.get_by_label_contains("Did you mean status?");
    window.get_by_label("4 of 16");
}

#[test]
fn what_is_typed_is_completed_by_the_keyboard_and_the_mouse() {
    let mut window = window(vec![session::finished(ONE)], 11_000);
    type_filter(&mut window, "ste");
    press(&mut window, Modifiers::NONE, Key::ArrowDown);
    press(&mut window, Modifiers::NONE, Key::Enter);
    window.get_by_role_and_label(Role::TextInput, "Filter the rows").type_text("com");
    window.run_steps(3);
    click(&mut window, "step:complete");
    window.get_by_label("1 of 16");
    window.get_by_label("Merchant to Sessions API POST …/complete 204");
}

#[test]
fn a_row_is_marked_and_noted_by_keys() {
    let mut window = window(vec![session::finished(ONE)], 11_000);
    click(&mut window, "Merchant to Sessions API POST …/complete 204");
    let number = exchange_of(&session::finished(ONE), Step::Complete);
    press(&mut window, Modifiers::NONE, Key::M);
    assert_eq!(window.state_mut().commands.pop(), Some(Command::Mark(ONE, number, true)));
    press(&mut window, Modifiers::NONE, Key::N);
    window.get_by_role_and_label(Role::TextInput, "Note").type_text("ask Jordan, 3 Feb");
    window.run_steps(3);
    assert!(window.state().commands.is_empty(), "M and N are letters here");
    press(&mut window, Modifiers::NONE, Key::Enter);
    let note = Command::Annotate(ONE, number, "ask Jordan, 3 Feb".into());
    assert_eq!(window.state_mut().commands.pop(), Some(note));
    let run = window.state_mut().workspace.runs.get_mut(&ONE).unwrap();
    run.mark(number, true);
    run.annotate(number, "ask Jordan, 3 Feb");
    window.run_steps(3);
    let label = "Merchant to Sessions API POST …/complete 204 note ask Jordan, 3 Feb marked";
    window.get_by_label(label);
    press(&mut window, Modifiers::NONE, Key::M);
    assert_eq!(window.state_mut().commands.pop(), Some(Command::Mark(ONE, number, false)));
    type_filter(&mut window, "has:note jordan");
    window.get_by_label("1 of 16");
    window.get_by_label(label);
}

#[test]
fn a_note_that_is_given_up_stays_as_it_was() {
    let mut window = window(vec![session::finished(ONE)], 11_000);
    click(&mut window, "Merchant to Sessions API POST …/complete 204");
    press(&mut window, Modifiers::NONE, Key::N);
    window.get_by_role_and_label(Role::TextInput, "Note").type_text("no");
    window.run_steps(2);
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(window.state().commands.is_empty());
    assert!(window.query_by_role_and_label(Role::TextInput, "Note").is_none());
}

#[test]
fn the_menu_of_a_row_marks_it() {
    let mut window = window(vec![session::finished(ONE)], 11_000);
    window.get_by_label("Merchant to Sessions API POST …/complete 204").click_secondary();
    window.run_steps(3);
    window.get_by_label_contains("Mark the row").click();
    window.run_steps(3);
    let number = exchange_of(&session::finished(ONE), Step::Complete);
    assert_eq!(window.state().commands, [Command::Mark(ONE, number, true)]);
}

#[test]
fn new_rows_are_followed_until_somebody_scrolls_up_and_then_counted() {
    let mut window = window(vec![long(60)], 600);
    assert!(sees(&window, 59) && !sees(&window, 0));
    add(&mut window, 60..63);
    assert!(sees(&window, 62), "the end is followed");
    press(&mut window, Modifiers::NONE, Key::ArrowUp);
    press(&mut window, Modifiers::NONE, Key::ArrowUp);
    add(&mut window, 63..65);
    assert!(sees(&window, 64), "choosing a row that is in sight does not end that: {:?}", shown(&window));
    wheel(&mut window, 200.0);
    add(&mut window, 65..72);
    assert!(!sees(&window, 71));
    window.get_by_label("7 new");
    type_filter(&mut window, "path~rows/7");
    press(&mut window, Modifiers::NONE, Key::Escape);
    wheel(&mut window, 200.0);
    add(&mut window, 72..75);
    window.get_by_label("3 new");
    click(&mut window, "3 new");
    assert!(sees(&window, 74) && window.query_by_label_contains(" new").is_none());
    add(&mut window, 75..80);
    assert!(sees(&window, 79), "and is followed again");
}

#[test]
fn only_rows_that_pass_are_counted_as_new() {
    let mut window = window(vec![long(60)], 600);
    type_filter(&mut window, "-path~rows/62");
    press(&mut window, Modifiers::NONE, Key::Enter);
    wheel(&mut window, 200.0);
    add(&mut window, 60..65);
    window.get_by_label("4 new");
}

#[test]
fn home_end_and_the_page_keys_scroll() {
    let mut window = window(vec![long(200)], 2000);
    press(&mut window, Modifiers::NONE, Key::Home);
    assert!(sees(&window, 0) && !sees(&window, 199));
    press(&mut window, Modifiers::NONE, Key::PageDown);
    assert!(!sees(&window, 0) && !sees(&window, 199));
    press(&mut window, Modifiers::NONE, Key::PageUp);
    assert!(sees(&window, 0));
    add(&mut window, 200..203);
    window.get_by_label("3 new");
    press(&mut window, Modifiers::NONE, Key::End);
    assert!(sees(&window, 202));
    add(&mut window, 203..205);
    assert!(sees(&window, 204), "End follows again");
}

#[test]
fn a_row_between_others_is_put_in_its_place_with_its_findings() {
    let mut window = window(vec![session::waiting(ONE)], 13_500);
    let before = window.state().timeline.counts().1;
    let run = window.state_mut().workspace.runs.get_mut(&ONE).unwrap();
    let late = run.entries[2].at;
    run.step_noted(Step::Confirm, "came late".into(), late);
    window.run_steps(3);
    assert_eq!(window.state().timeline.counts().1, before + 1);
    window.get_by_label("Merchant to Merchant Read session came late");
    let run = &window.state().workspace.runs[&ONE];
    assert_eq!(run.entries.iter().position(|entry| matches!(&entry.what, What::Noted(..))), Some(3));
}

#[test]
fn a_long_run_shows_its_findings_when_they_are_known_and_its_search_as_it_finds() {
    let mut run = long(9000);
    let refused = session::refused(RunId(2)).entries[0].exchange().unwrap().clone();
    run.exchanged(refused);
    let number = run.entries.made() - 1;
    let mut window = window(vec![run], 100_000);
    type_filter(&mut window, "currency_required");
    let found = |window: &Window| window.query_by_label("1 of 9001").is_some();
    let rounds = (0..2000).find(|_| {
        window.run_steps(1);
        std::thread::yield_now();
        found(&window)
    });
    assert!(rounds.is_some(), "{:?}", window.state().timeline.counts());
    window.get_by_label_contains("POST /sessions 422 number_invalid +1");
    assert_eq!(window.state().workspace.runs[&ONE].entries.numbered(number).unwrap().http(), Some(422));
}

#[test]
fn v_goes_through_the_views() {
    let mut window = window(vec![session::finished(ONE)], 11_000);
    for view in [timeline::View::Sequence, timeline::View::States, timeline::View::List] {
        press(&mut window, Modifiers::NONE, Key::V);
        assert_eq!(window.state().timeline.view, view);
    }
}

#[test]
fn the_narrowest_centre_holds_all_of_the_head_and_the_strip() {
    for width in [440.0, 592.0] {
        let mut app = App::new(vec![session::refused(ONE), session::finished(RunId(2))], 11_000);
        app.workspace.runs.get_mut(&RunId(2)).unwrap().plan.window = "05".into();
        let builder = Harness::builder().with_size([width, 600.0]).with_context_setup(theme::install);
        let mut window: Window = builder.renderer(render::CpuRenderer::default()).build_ui_state(
            |ui, app: &mut App| {
                let whole = ui.ctx().content_rect();
                let mut panel = ui.new_child(UiBuilder::new().max_rect(whole));
                app.timeline.ui(&mut panel, &app.workspace, app.now, &mut app.commands);
            },
            app,
        );
        window.run_steps(4);
        let held = |labels: &[&str]| {
            let mut right = f32::NEG_INFINITY;
            for label in labels {
                let rect = window.get_by_label(label).rect();
                assert!(rect.left() >= right - 0.5 && rect.right() <= width, "{width}: {label} {rect:?} after {right}");
                right = rect.right();
            }
        };
        held(&["Copy session id", "approved", "Session 2 of 2", "List", "Sequence", "States"]);
        held(&["API", "Browser", "Callback", "Hidden scheme messages", "Filter", "Do again…"]);
        type_filter(&mut window, "is:hidden or stauts:2xx");
        for label in ["Filter the rows", "Clear the filter"] {
            assert!(window.get_by_label(label).rect().right() <= width, "{label}");
        }
    }
}
