//! How the inspector bears large bodies: `cargo bench --bench inspector -- [--only WORD]`.
//!
//! Documents are made here, from a seed. Each figure stands beside what is asked of it and
//! beside a baseline measured in the same run. Frames are CPU time of the drawing thread,
//! layout and tessellation; memory is this process's own, from `/proc/self/statm`. Ends with 1
//! only if something shown was wrong or a measured view stood still.

mod frame;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bytes::Bytes;
use egui::{Event, Modifiers, MouseWheelUnit, TouchPhase, Ui, pos2, vec2};
use frame::{Headless, ms, quantile};
use sessions_console::model::body::find::{Wanted, search};
use sessions_console::model::body::{Index, Source, scan};
use sessions_console::store;
use sessions_console::ui::inspector::{Body, Shown, View};

const MEGA: usize = 1_000_000;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let only = words.iter().position(|word| word == "--only").and_then(|place| words.get(place + 1));
    let wants = |word: &str| only.is_none_or(|only| word.contains(only.as_str()));
    let mut wrong = 0;
    if wants("json") {
        wrong += json();
    }
    if wants("line") {
        wrong += line();
    }
    if wants("raw") {
        wrong += raw();
    }
    if wrong > 0 {
        println!("{wrong} things shown were wrong");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn say(what: &str, measured: &str, asked: &str) {
    println!("{what:<46} {measured:>12}   {asked}");
}

/// Resident memory of this process, bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or_default() * 4096
}

/// Numbers that look like chance and are the same each time.
struct Seed(u64);

impl Seed {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// A list of sessions as the API tells them.
fn sessions(bytes: usize) -> Vec<u8> {
    let mut seed = Seed(0x5e55_1045);
    let mut text = Vec::with_capacity(bytes + 2000);
    text.push(b'[');
    while text.len() < bytes {
        if text.len() > 1 {
            text.push(b',');
        }
        let (a, b, c) = (seed.next(), seed.next(), seed.next());
        let status = ["approved", "declined", "challenged", "unavailable"][(a % 4) as usize];
        write!(
            text,
            r#"{{"id":"sid_{a:016x}{b:08x}","transaction_id":"{b:08x}-b7e5-404a-a720-{c:012x}","scheme":"visa","amount":{},"currency":"USD","completed":{},"authentication_type":"regular","authentication_category":"payment","status":"{status}","protocol_version":"2.2.0","next_actions":["complete"],"approved":true,"challenged":true,"response_code":"Y","eci":"05","cryptogram":"V+v37FmuAPB9rCVyIpjY4BZ5RfQ=","xid":"{c:016x}","ds":{{"ds_id":"A000000003","reference_number":"SANDBOX-DS-VISA-0001","transaction_id":"{a:016x}"}},"acs":{{"reference_number":"SANDBOX-ACS-0001","transaction_id":"{b:016x}","challenge_mandated":true,"authentication_type":"02"}},"card":{{"instrument_id":"src_{c:016x}","metadata":{{"card_type":"CREDIT","card_category":"consumer"}}}},"_links":{{"self":{{"href":"http://127.0.0.1:8787/sessions/sid_{a:016x}"}}}}}}"#,
            a % 100_000,
            b % 2 == 0,
        )
        .expect("to memory");
    }
    text.push(b']');
    text
}

/// The inspector's width in the design, points, and the window's usual height.
fn window() -> Headless {
    let mut window = Headless::new(456.0, 800.0);
    window.frame(Vec::new(), |_| ()); // fonts
    window.frame(Vec::new(), |ui| {
        ui.label("x");
    });
    window
}

fn wheel(delta: egui::Vec2) -> Vec<Event> {
    let turned = Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta,
        phase: TouchPhase::Move,
        modifiers: Modifiers::NONE,
        source: egui::MouseWheelSource::Unknown,
    };
    vec![Event::PointerMoved(pos2(200.0, 400.0)), turned]
}

/// What frames cost while scrolling.
struct Scrolled {
    median: Duration,
    slowest: Duration,
    moved: usize,
    frames: usize,
}

/// Scrolls out and back, a little and by pages. `across`: sideways.
fn scroll(window: &mut Headless, body: &mut Body, view: &mut View, across: bool) -> Scrolled {
    let (mut times, mut moved, mut last) = (Vec::new(), 0, 0);
    for step in 0..320 {
        let far = if step % 3 == 0 { 4000.0 } else { 60.0 };
        // Out and not all the way back, so that it never stands at an end.
        let far = if step % 40 < 24 { far } else { -far };
        let turned = if across { wheel(vec2(-far, 0.0)) } else { wheel(vec2(0.0, -far)) };
        let cost = window.frame(turned, |ui: &mut Ui| body.ui(ui, view, "body"));
        if step >= 20 {
            times.push(cost.cpu);
            moved += usize::from(cost.picture != last);
        }
        last = cost.picture;
    }
    Scrolled { median: quantile(&times, 0.5), slowest: quantile(&times, 0.99), moved, frames: times.len() }
}

fn until_read(window: &mut Headless, body: &mut Body, view: &mut View) {
    while body.busy() {
        window.frame(Vec::new(), |ui: &mut Ui| body.ui(ui, view, "body"));
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Scrolls and says what it cost. 1 if what was measured stood still.
fn said(window: &mut Headless, view: &mut View, name: &str, body: &mut Body) -> usize {
    let done = scroll(window, body, view, name.contains("across"));
    say(&format!("{name}: a frame while scrolling, median"), &ms(done.median), "2 ms asked");
    let moved = format!("{} of {} frames moved", done.moved, done.frames);
    say(&format!("{name}: the slowest in a hundred"), &ms(done.slowest), &moved);
    usize::from(done.moved * 10 < done.frames * 9)
}

/// A body that was read to its end, with its first rows on the screen.
fn opened(window: &mut Headless, text: &Bytes, view: &mut View) -> Body {
    let mut body = Body::new(text, Some("application/json"));
    window.frame(Vec::new(), |ui: &mut Ui| body.ui(ui, view, "body"));
    until_read(window, &mut body, view);
    window.frame(Vec::new(), |ui: &mut Ui| body.ui(ui, view, "body"));
    body
}

fn json() -> usize {
    let text = Bytes::from(sessions(50 * MEGA));
    println!("JSON of {:.1} MB, sessions as the API tells them", text.len() as f64 / 1e6);
    // First of all, while nothing freed can be used again and so not be counted.
    let opening = opening(&text);
    let plain = baselines(&text);
    let share = |time: Duration| format!("{:.2}×", time.as_secs_f64() / plain.time.as_secs_f64());
    say("first screen", &ms(opening.first), "150 ms asked");
    say("index alone, of the Value's time", &share(index_alone(&text)), "");
    say("fully indexed, of the Value's time", &share(opening.indexed), "1.5× asked");
    say("memory with the text, of the file", &times(opening.memory, text.len()), "3× asked");
    let wrong = json_views(&text, &plain) + searches(&text);
    println!();
    wrong
}

/// What serde_json takes, and what there is in the text.
struct Plain {
    time: Duration,
    items: u64,
    values: u64,
}

fn baselines(text: &Bytes) -> Plain {
    let start = Instant::now();
    let objects = memchr::memchr_iter(b'{', text).count();
    say(&format!("baseline: one look at each byte, {objects} objects"), &ms(start.elapsed()), "");
    let (mut times_taken, before) = (Vec::new(), resident());
    let mut plain = Plain { time: Duration::ZERO, items: 0, values: 0 };
    let mut memory = 0;
    for _ in 0..3 {
        let start = Instant::now();
        let value: serde_json::Value = serde_json::from_slice(text).expect("JSON");
        times_taken.push(start.elapsed());
        memory = memory.max(resident().saturating_sub(before));
        plain.items = value.as_array().map_or(0, |items| items.len() as u64);
        plain.values = values_in(&value);
    }
    plain.time = quantile(&times_taken, 0.5);
    say("baseline: serde_json builds a Value", &ms(plain.time), "");
    say("baseline: memory of that Value, of the file", &times(memory, text.len()), "");
    plain
}

fn index_alone(text: &Bytes) -> Duration {
    let taken = (0..3).map(|_| {
        let index = Index::new(text.len() as u64);
        let start = Instant::now();
        scan(text, &index, &|| ());
        start.elapsed()
    });
    quantile(&taken.collect::<Vec<_>>(), 0.5)
}

/// What opening a body takes.
struct Opening {
    first: Duration,
    indexed: Duration,
    memory: usize,
}

fn opening(text: &Bytes) -> Opening {
    let before = resident();
    let (mut window, mut view) = (window(), View::default());
    let start = Instant::now();
    let mut body = Body::new(text, Some("application/json"));
    let mut first = Duration::ZERO;
    while body.rows() < 40 {
        window.frame(Vec::new(), |ui: &mut Ui| body.ui(ui, &mut view, "body"));
        first = start.elapsed();
    }
    while body.busy() {
        std::thread::sleep(Duration::from_millis(1));
        window.frame(Vec::new(), |ui: &mut Ui| body.ui(ui, &mut view, "body"));
    }
    Opening { first, indexed: start.elapsed(), memory: resident().saturating_sub(before) + text.len() }
}

fn json_views(text: &Bytes, plain: &Plain) -> usize {
    let (mut window, mut view) = (window(), View::default());
    let mut body = opened(&mut window, text, &mut view);
    let mut frames = 0;
    while body.rows() != plain.items + 1 && frames < 1000 {
        window.frame(Vec::new(), |ui: &mut Ui| body.ui(ui, &mut view, "body"));
        frames += 1;
    }
    let mut wrong = usize::from(body.rows() != plain.items + 1);
    say(&format!("rows, folded: {} of {}", body.rows(), plain.items + 1), &format!("{frames} frames"), "");
    wrong += said(&mut window, &mut view, "tree, folded", &mut body);
    for (shown, name) in [(Shown::Tree, "tree, unfolded"), (Shown::Pretty, "pretty, unfolded")] {
        view = View { shown, depth: Some(0), ..View::default() };
        body = opened(&mut window, text, &mut view);
        say(&format!("rows, unfolded: {} of {}", body.rows(), plain.values), "", "");
        wrong += usize::from(body.rows() != plain.values);
        wrong += said(&mut window, &mut view, name, &mut body);
    }
    view.shown = Shown::Raw;
    window.frame(Vec::new(), |ui: &mut Ui| body.ui(ui, &mut view, "body"));
    until_read(&mut window, &mut body, &mut view);
    wrong += said(&mut window, &mut view, "raw, one line, wrapped", &mut body);
    view.shown = Shown::Hex;
    wrong + said(&mut window, &mut view, "hex", &mut body)
}

fn searches(text: &Bytes) -> usize {
    let mut wrong = 0;
    for (name, wanted) in [
        ("search, plain", Wanted { text: "declined".into(), ..Wanted::default() }),
        ("search, pattern", Wanted { text: r#""amount":\d{5}"#.into(), regex: true, case: true }),
    ] {
        let pattern = wanted.pattern().expect("a pattern");
        let start = Instant::now();
        let mut hits = 0;
        let stop = std::sync::atomic::AtomicBool::new(false);
        search(&Source::from(text.clone()), &pattern, &stop, &mut |_, count| {
            hits = count;
            true
        })
        .expect("readable");
        say(&format!("{name}: {hits} hits counted"), &ms(start.elapsed()), "1 s asked");
        wrong += usize::from(hits == 0);
    }
    wrong
}

/// It and all that is in it.
fn values_in(value: &serde_json::Value) -> u64 {
    match value {
        serde_json::Value::Array(items) => 1 + items.iter().map(values_in).sum::<u64>(),
        serde_json::Value::Object(members) => 1 + members.values().map(values_in).sum::<u64>(),
        _ => 1,
    }
}

fn times(part: usize, whole: usize) -> String {
    format!("{:.2}×", part as f64 / whole as f64)
}

fn line() -> usize {
    // Numbered, so that no two places look alike and a frame that moved is seen to have.
    let words: String = (0..20 * MEGA / 26).map(|n| format!("3DS ünd so weiter {n} ")).collect();
    let text = Bytes::from(format!("\"{words}\""));
    println!("one line of {:.1} MB", text.len() as f64 / 1e6);
    let (mut window, mut view) = (window(), View { shown: Shown::Raw, ..View::default() });
    let mut body = Body::new(&text, Some("text/plain"));
    let start = Instant::now();
    window.frame(Vec::new(), |ui: &mut Ui| body.ui(ui, &mut view, "body"));
    say("first screen", &ms(start.elapsed()), "150 ms asked");
    until_read(&mut window, &mut body, &mut view);
    let mut wrong = said(&mut window, &mut view, "wrapped", &mut body);
    view.wrap = false;
    wrong += said(&mut window, &mut view, "not wrapped, across", &mut body);
    println!();
    wrong
}

fn raw() -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large.json");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).expect("a file"));
    let piece = sessions(10 * MEGA);
    let lines: Vec<u8> =
        piece.iter().flat_map(|byte| if *byte == b'{' { vec![b'\n', b'{'] } else { vec![*byte] }).collect();
    let mut size = 0;
    while size < 1000 * MEGA {
        file.write_all(&lines).expect("room on the disk");
        size += lines.len();
    }
    file.flush().expect("written");
    drop((file, piece, lines));
    println!("a file of {:.2} GB, in lines", size as f64 / 1e9);
    let start = Instant::now();
    let mut buffer = vec![0; 1 << 20];
    let mut plain = std::fs::File::open(&path).expect("there");
    let mut ends = 0;
    while let Ok(read @ 1..) = std::io::Read::read(&mut plain, &mut buffer) {
        ends += memchr::memchr_iter(b'\n', &buffer[..read]).count();
    }
    say(&format!("baseline: read and {ends} lines counted"), &ms(start.elapsed()), "");
    let before = resident();
    let (mut window, mut view) = (window(), View { shown: Shown::Raw, ..View::default() });
    let start = Instant::now();
    let mut body = Body::of(store::inspect(&path).expect("opened"), None);
    window.frame(Vec::new(), |ui: &mut Ui| body.ui(ui, &mut view, "file"));
    say("first screen, file opened", &ms(start.elapsed()), "");
    until_read(&mut window, &mut body, &mut view);
    say("all lines counted", &ms(start.elapsed()), "");
    let mut wrong = said(&mut window, &mut view, "wrapped", &mut body);
    view.wrap = false;
    wrong += said(&mut window, &mut view, "not wrapped", &mut body);
    view.shown = Shown::Hex;
    wrong += said(&mut window, &mut view, "hex", &mut body);
    say("memory", &format!("{:.1} MB", resident().saturating_sub(before) as f64 / 1e6), "flat");
    wrong
}
