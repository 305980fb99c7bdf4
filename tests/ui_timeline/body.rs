//! The body viewer, by its labels: any bytes, of any size.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, OutputCommand, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use sessions_console::model::body::Source;
use sessions_console::model::trace::Question;
use sessions_console::store;
use sessions_console::ui::inspector::{Body, Shown, View};
use sessions_console::ui::link::Link;
use sessions_console::ui::theme;

use super::render;

struct Shelf {
    body: Body,
    view: View,
}

type Window<'a> = Harness<'a, Shelf>;

fn sized<'a>(body: Body, view: View, size: [f32; 2], look: egui::Theme) -> Window<'a> {
    let builder = Harness::builder().with_size(size).with_theme(look).with_context_setup(theme::install);
    let mut harness = builder
        .renderer(render::CpuRenderer::default())
        .build_ui_state(|ui, shelf: &mut Shelf| shelf.body.ui(ui, &mut shelf.view, "body"), Shelf { body, view });
    harness.run_steps(4);
    harness
}

fn window<'a>(bytes: impl Into<Bytes>, kind: &str) -> Window<'a> {
    sized(Body::new(&bytes.into(), Some(kind)), View::default(), [456.0, 800.0], egui::Theme::Dark)
}

fn json<'a>(text: &str) -> Window<'a> {
    window(text.to_owned(), "application/json")
}

fn press(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    window.run_steps(3);
}

fn click(window: &mut Window, label: &str) {
    window.get_by_label(label).click();
    window.run_steps(3);
}

fn look_for(window: &mut Window, text: &str) {
    window.get_by_label("Find in body").focus();
    window.run_steps(2);
    window.get_by_label("Find in body").type_text(text);
    window.run_steps(4);
}

/// Steps until something is there; what is read in the background has ten seconds.
fn until(window: &mut Window, there: impl Fn(&Window) -> bool) {
    let start = Instant::now();
    while !there(window) {
        assert!(start.elapsed() < Duration::from_secs(10), "it never came");
        window.step();
        std::thread::yield_now();
    }
}

fn copied(window: &Window) -> Option<String> {
    window.output().platform_output.commands.iter().find_map(|command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    })
}

const TEXT: &str = r#"{"a":{"b":[1,2.50],"c":"x\u0041"},"a":null,"t":"see sid_one and SID_ONE"}"#;

#[test]
fn the_tree_has_members_and_the_pretty_text_has_lines() {
    let mut window = json(TEXT);
    for label in ["{ 3 }", "a: { 2 }", "b: [ 2 ]", "0: 1", "1: 2.50", "c: \"x\\u0041\"", "a: null"] {
        window.get_by_label(label);
    }
    click(&mut window, "Pretty");
    for label in ["\"a\": {", "2.50", "\"c\": \"x\\u0041\"", "],", "},", "\"a\": null,"] {
        window.get_by_label(label);
    }
    assert_eq!(window.state().view.shown, Shown::Pretty);
    click(&mut window, "Raw");
    window.get_by_label_contains("{\"a\":{\"b\"");
    click(&mut window, "Hex");
    window.get_by_label_contains("7b 22 61 22");
}

#[test]
fn arrows_move_fold_and_unfold_and_ctrl_c_copies() {
    let mut window = json(TEXT);
    click(&mut window, "a: { 2 }");
    press(&mut window, Modifiers::NONE, Key::ArrowLeft);
    assert!(window.query_by_label("b: [ 2 ]").is_none());
    press(&mut window, Modifiers::NONE, Key::ArrowRight);
    press(&mut window, Modifiers::NONE, Key::ArrowRight);
    window.get_by_label("$.a.b");
    press(&mut window, Modifiers::NONE, Key::ArrowDown);
    press(&mut window, Modifiers::NONE, Key::ArrowDown);
    window.get_by_label("$.a.b[1]");
    window.event(Event::Copy);
    window.step();
    assert_eq!(copied(&window).as_deref(), Some("2.50"));
    press(&mut window, Modifiers::NONE, Key::End);
    window.get_by_label("$.t");
    press(&mut window, Modifiers::NONE, Key::Home);
    window.get_by_label("$");
    press(&mut window, Modifiers::SHIFT, Key::F10);
    window.get_by_label("Copy as JSON, byte for byte").click();
    until(&mut window, |window| copied(window).is_some());
    assert_eq!(copied(&window).as_deref(), Some(TEXT));
}

#[test]
fn search_counts_steps_and_knows_capitals_and_patterns() {
    let mut window = json(TEXT);
    look_for(&mut window, "sid_one");
    window.get_by_label("1 of 2");
    press(&mut window, Modifiers::NONE, Key::F3);
    window.get_by_label("2 of 2");
    press(&mut window, Modifiers::SHIFT, Key::F3);
    window.get_by_label("1 of 2");
    click(&mut window, "Next hit");
    window.get_by_label("2 of 2");
    click(&mut window, "Capitals matter");
    window.get_by_label("1 of 1");
    click(&mut window, "Find by pattern");
    look_for(&mut window, "(");
    window.get_by_label_contains("unclosed group");
    look_for(&mut window, "?:x)*[sd]");
    assert!(window.query_by_label_contains("unclosed group").is_none());
    assert!(window.state().view.regex && window.state().view.case);
}

#[test]
fn a_path_filters_and_its_history_comes_back() {
    let mut window = json(TEXT);
    look_for(&mut window, "$.a.c");
    window.get_by_label("1 found");
    window.get_by_label("c: \"x\\u0041\"");
    assert!(window.query_by_label("b: [ 2 ]").is_none() && window.query_by_label("a: null").is_none());
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert_eq!(window.state().view.paths, ["$.a.c"]);
    press(&mut window, Modifiers::NONE, Key::ArrowDown);
    window.get_by_label("b: [ 2 ]");
    press(&mut window, Modifiers::NONE, Key::ArrowUp);
    window.get_by_label("1 found");
    look_for(&mut window, "[");
    window.get_by_label_contains("expected");
}

#[test]
fn folding_and_wrapping_are_kept() {
    let mut window = json(TEXT);
    click(&mut window, "Fold all");
    assert!(window.query_by_label("b: [ 2 ]").is_none());
    click(&mut window, "Unfold all");
    window.get_by_label("0: 1");
    click(&mut window, "How it is shown");
    click(&mut window, "Fold to level 2");
    window.get_by_label("b: [ 2 ]");
    assert!(window.query_by_label("0: 1").is_none());
    click(&mut window, "How it is shown");
    click(&mut window, "Wrap lines");
    let view = window.state().view.clone();
    assert_eq!((view.depth, view.wrap), (Some(2), false));
    let kept: View = serde_json::from_value(serde_json::to_value(&view).unwrap()).unwrap();
    assert_eq!(kept, view);
    let again = sized(Body::new(&Bytes::from(TEXT), None), kept, [456.0, 800.0], egui::Theme::Dark);
    assert!(again.query_by_label("0: 1").is_none() && again.query_by_label("b: [ 2 ]").is_some());
}

#[test]
fn what_is_broken_says_where_and_shows_it() {
    let mut window = json("{\n \"a\": 1,\n \"b\": x}");
    window.get_by_label("a: 1");
    window.get_by_label_contains("Not valid JSON from byte 17 on (line 3, column 7): a value is missing");
    click(&mut window, "Show the place in Raw");
    window.get_by_label(" \"b\": x}");
    let latin = window_of_bytes(b"{\"a\":\"\xe9\"}");
    latin.get_by_label("a: \"\\xe9\"");
    latin.get_by_label_contains("Not UTF-8 at byte 6");
    let nothing = json("nothing");
    nothing.get_by_label("nothing");
}

fn window_of_bytes<'a>(bytes: &[u8]) -> Window<'a> {
    window(Bytes::copy_from_slice(bytes), "application/json")
}

#[test]
fn xml_is_set_in_and_forms_are_decoded() {
    let xml = window("<a x='1'><b>c</b></a>", "application/xml");
    xml.get_by_label("  <b>c</b>");
    let broken = window("<a><b></a>", "text/xml");
    broken.get_by_label_contains("Not set in: byte");
    broken.get_by_label("<a><b></a>");
    let mut form = window("creq=a%2Bb&x=1&x=2", "application/x-www-form-urlencoded");
    click(&mut form, "creq = a+b");
    click(&mut form, "Copy value");
    form.get_by_label("Copied");
}

#[test]
fn a_member_can_be_shown_by_its_path() {
    let mut text = String::from("{");
    for n in 0..500 {
        write!(text, "\"k{n}\":{{\"deep\":{n}}},").unwrap();
    }
    text.push_str("\"end\":0}");
    let mut body = Body::new(&Bytes::from(text), None);
    body.reveal("$.k444.deep");
    let window = sized(body, View::default(), [456.0, 400.0], egui::Theme::Dark);
    window.get_by_label("deep: 444");
    window.get_by_label("$.k444.deep");
}

#[test]
fn large_bodies_come_piece_by_piece_and_can_be_cancelled() {
    let text = format!("[{}[7]]", "[1,2,3,4,5,6,7,8,9],".repeat(100_000));
    let mut window = window(text.clone(), "application/json");
    until(&mut window, |window| !window.state().body.busy());
    until(&mut window, |window| window.state().body.rows() == 100_002);
    window.get_by_label("[ 100001 ]");
    click(&mut window, "[ 100001 ]");
    press(&mut window, Modifiers::NONE, Key::End);
    window.get_by_label("100000: [ 1 ]");
    window.get_by_label("$[100000]");
    look_for(&mut window, "7]");
    until(&mut window, |window| window.query_by_label("1 of 1").is_some());
}

#[test]
fn a_file_is_read_where_it_lies_and_says_when_it_shrinks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines.txt");
    let mut text = String::new();
    for n in 0..200_000 {
        writeln!(text, "line {n} of a file").unwrap();
    }
    std::fs::write(&path, &text).unwrap();
    let body = Body::of(store::inspect(&path).unwrap(), None);
    let mut window = sized(body, View::default(), [456.0, 400.0], egui::Theme::Dark);
    window.get_by_label("line 0 of a file");
    until(&mut window, |window| !window.state().body.busy());
    look_for(&mut window, "line 199999");
    until(&mut window, |window| window.query_by_label("line 199999 of a file").is_some());
    std::fs::File::options().write(true).open(&path).unwrap().set_len(10).unwrap();
    window.run_steps(2);
    window.get_by_label_contains("the file has shrunk to 10 bytes");
    assert!(store::inspect(folder.path()).unwrap_err().to_string().contains("no ordinary file"));
    assert!(store::inspect(&folder.path().join("none")).unwrap_err().to_string().contains("cannot be opened"));
}

/// A text of any size without its bytes.
#[derive(Debug)]
struct Zeros(u64);

impl sessions_console::model::body::Positioned for Zeros {
    fn size(&self) -> u64 {
        self.0
    }

    fn fill(&self, at: u64, into: &mut [u8]) -> Result<(), sessions_console::model::body::Unread> {
        into.fill(b'0');
        if at == 0 {
            into[0] = b'[';
        }
        Ok(())
    }
}

#[test]
fn a_huge_body_is_a_tree_only_when_asked() {
    let source = Source::Apart(std::sync::Arc::new(Zeros(300_000_000)));
    let mut window = sized(Body::of(source, None), View::default(), [456.0, 400.0], egui::Theme::Dark);
    window.get_by_role_and_label(Role::Button, "Open 300.0 MB");
    assert!(!window.state().body.busy());
    click(&mut window, "Hex");
    window.get_by_label_contains("5b 30 30");
}

#[test]
fn odd_bodies_of_every_kind_are_drawn() {
    let keys: String = (0..500_000).map(|n| format!("\"k{n}\":{n},")).collect();
    let bodies: [(&str, Vec<u8>); 9] = [
        ("lines", "short\n".repeat(1_000_000).into_bytes()),
        ("deep", format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000)).into_bytes()),
        ("keys", format!("{{{keys}\"end\":0}}").into_bytes()),
        ("escapes", format!("[\"{}\"]", "\\u0000".repeat(1_000_000)).into_bytes()),
        ("marks", format!("[\"e{}\"]", "\u{301}".repeat(100_000)).into_bytes()),
        ("emoji", format!("[\"{}\"]", "👩‍👩‍👧‍👦".repeat(10_000)).into_bytes()),
        ("right to left", format!("{{\"\u{202e}שלום\":\"{}\"}}", "مرحبا ".repeat(10_000)).into_bytes()),
        ("not text", vec![0x80; 1_000_000]),
        ("cut", b"{\"a\":\"\xf0\x9f".to_vec()),
    ];
    for (name, bytes) in bodies {
        let mut window = window_with_tofu(bytes);
        for shown in [Shown::Tree, Shown::Pretty, Shown::Raw, Shown::Hex] {
            for wrap in [true, false] {
                let view = &mut window.state_mut().view;
                (view.shown, view.wrap) = (shown, wrap);
                window.run_steps(2);
                until(&mut window, |window| !window.state().body.busy());
                window.event(Event::PointerMoved(pos2(200.0, 300.0)));
                for delta in [-90_000.0, 400.0, -1e9, 1e9] {
                    window.event(Event::MouseWheel {
                        unit: egui::MouseWheelUnit::Point,
                        delta: egui::vec2(delta / 2.0, delta),
                        phase: egui::TouchPhase::Move,
                        source: egui::MouseWheelSource::Unknown,
                        modifiers: Modifiers::NONE,
                    });
                    window.run_steps(3);
                }
                let drawn = window.root().children_recursive().count();
                assert!((8..400).contains(&drawn), "{name} {shown:?}: {drawn} things on the screen");
            }
        }
    }
}

/// What no font has is a box, as in the window; the harness would stop at it.
fn window_with_tofu<'a>(bytes: Vec<u8>) -> Window<'a> {
    let builder = Harness::builder().with_size([456.0, 800.0]).with_context_setup(theme::install);
    let shelf = Shelf { body: Body::new(&bytes.into(), Some("application/json")), view: View::default() };
    let mut harness = builder
        .allow_missing_glyphs()
        .build_ui_state(|ui, shelf: &mut Shelf| shelf.body.ui(ui, &mut shelf.view, "body"), shelf);
    harness.run_steps(4);
    harness
}

/// The inspector with the answer of the last row, and one of its members chosen.
fn chosen<'a>(member: &str, size: [f32; 2], look: egui::Theme) -> super::lens::One<'a> {
    let run = super::session::finished(super::ONE);
    let number = run.entries.last().unwrap().number;
    let mut window = super::lens::alone(super::session::workspace([run]), number, size, look);
    window.get_by_label(member).click();
    window.run_steps(4);
    window
}

#[test]
fn the_card_says_what_a_member_means_what_is_allowed_and_where_to_go_on() {
    let mut window = chosen("eci: \"05\"", [456.0, 800.0], egui::Theme::Dark);
    for words in ["05 at Visa: fully authenticated", "Mastercard says 02", "Allowed:", "07  ", "from "] {
        window.get_by_label_contains(words);
    }
    window.get_by_label_contains("The bank checked the shopper and takes the fraud risk");
    window.get_by_label("Why?").click();
    window.run_steps(2);
    let asked = Link::Why(super::ONE, Question::Eci);
    assert_eq!(window.state().links, [asked]);
    window.get_by_label_contains("Show ").click();
    window.run_steps(2);
    assert!(matches!(&window.state().links[1], Link::Spot(_, spot) if spot.path.is_some()));
    // Chosen at the lower edge, its card comes in sight.
    let low = chosen("eci: \"05\"", [360.0, 600.0], egui::Theme::Dark);
    let card = low.get_by_label("Why?").rect();
    assert!(card.bottom() < 572.0 && low.get_by_label("eci: \"05\"").rect().top() > 130.0, "{card:?}");
    let plain = chosen("amount: 6540", [456.0, 800.0], egui::Theme::Dark);
    assert!(plain.query_by_label("Why?").is_none() && plain.query_by_label("Allowed:").is_none());
}

#[test]
fn large_forms_and_large_xml_are_read_in_the_background() {
    let pairs: String = (0..40_000).map(|n| format!("key{n}=a%2Bb&")).collect();
    let mut form = window(pairs, "application/x-www-form-urlencoded");
    until(&mut form, |window| window.query_by_label("key0 = a+b").is_some());
    look_for(&mut form, "key39999");
    until(&mut form, |window| window.query_by_label("key39999 = a+b").is_some());
    let items: String = (0..40_000).map(|n| format!("<b>{n}</b>")).collect();
    let mut xml = window(format!("<a>{items}</a>"), "application/xml");
    until(&mut xml, |window| window.query_by_label("  <b>0</b>").is_some());
}

#[test]
fn the_size_says_whether_the_bytes_are_compressed() {
    let body = |coding| Body::new(&Bytes::from(TEXT), None).coded(coding);
    let shown = |body| sized(body, View::default(), [456.0, 400.0], egui::Theme::Dark);
    shown(body(Some("identity"))).get_by_label("73 B");
    shown(body(Some("gzip"))).get_by_label("73 B, gzip");
}
