//! The timeline's list at scale: what a frame costs, what filtering costs, whether anything
//! is lost at speed, and that nothing is drawn without cause. The baseline is measured in
//! the same run. Exit code 1 only if something is wrong, never because it is slow.
#![allow(missing_docs, clippy::unwrap_used)]

mod frame;
#[path = "sequence.rs"]
mod sequence;
#[allow(dead_code)] // the window's fixtures use more
#[path = "../support/session.rs"]
mod session;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use egui::{Event, Key, Modifiers, MouseWheelUnit, ScrollArea, TouchPhase, Ui, pos2, vec2};
use frame::{Cost, Headless, ms, quantile, timed};
use sessions_console::bus::{self, EventSink};
use sessions_console::model::delivery::{DeliveryKind, Verdict};
use sessions_console::model::exchange::{Exchange, ExchangeId, Request, Response, Step, Timing};
use sessions_console::model::lint::found::Found;
use sessions_console::model::run::{Phase, Run};
use sessions_console::model::scheme::SchemeMessage;
use sessions_console::model::{Lane, RunId, SessionId, Stamp, Workspace};
use sessions_console::ui::Shell;
use sessions_console::ui::timeline::Panel;

const ONE: RunId = RunId(1);
const SIZE: (f32, f32) = (592.0, 716.0);
const FRAMES: usize = 400;
const MANY: usize = 100_000;
const FEW: usize = 1_000;

/// A moment after the run's start, in microseconds.
fn at(us: u64) -> Stamp {
    let start = session::at(0);
    Stamp { mono: start.mono + Duration::from_micros(us), ..start }
}

/// When row `n` begins: every half a millisecond, with a pause of two seconds now and then.
fn moment(n: usize) -> u64 {
    (n * 500 + n / 500 * 2_000_000) as u64
}

fn body(n: usize) -> Bytes {
    let filler = "0123456789abcdef".repeat(30);
    Bytes::from(format!("{{\"id\":\"sid_x\",\"n\":{n},\"needle\":\"needle-{n}-\",\"filler\":\"{filler}\"}}"))
}

fn call(n: usize, step: Step, lanes: (Lane, Lane), line: (&str, &str), status: u16) -> Arc<Exchange> {
    Arc::new(Exchange {
        id: ExchangeId(n as u64),
        step,
        from: lanes.0,
        to: lanes.1,
        started: at(moment(n)),
        request: Request {
            method: line.0.into(),
            url: format!("http://127.0.0.1:8787{}", line.1),
            headers: vec![("Accept".into(), "*/*".into()), ("User-Agent".into(), "sessions-console/0.1".into())],
            body: Bytes::from_static(b"{\"three_ds_method_completion\":\"Y\"}"),
        },
        outcome: Ok(Response {
            status,
            version: "HTTP/1.1".into(),
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: body(n),
            dropped_bytes: 0,
            cut: None,
        }),
        timing: Timing { total: Duration::from_micros(100 + (n % 37) as u64 * 90), ..Timing::default() },
        masked: 0,
    })
}

/// One more thing: a mix of all that a session has.
fn event(n: usize) -> bus::Event {
    let (m, s, b, i) = (Lane::Merchant, Lane::Sessions, Lane::Browser, Lane::Issuer);
    let path = "/sessions/sid_skp65s2imhnguhok7722ffif7l";
    let called = |step, lanes, line, status| bus::Event::Exchanged(Some(ONE), call(n, step, lanes, line, status));
    match n % 10 {
        0 => called(Step::Authorise, (m, s), ("POST", "/payments"), 201),
        1 => called(Step::Token, (m, s), ("POST", "/connect/token"), 200),
        2 => called(Step::Complete, (m, s), ("POST", &format!("{path}/complete")), 409),
        3 => called(Step::Challenge, (b, i), ("POST", "/simulator/acs/challenge/2f6a1f7e"), 200),
        4 => called(Step::Method, (b, i), ("POST", "/simulator/acs/method"), 200),
        5 => {
            let delivery = session::delivery(DeliveryKind::Callback, 0, "/q7m2kfx9/cb", "{}", Verdict::Matched, 200);
            let mut delivery = Arc::unwrap_or_clone(delivery);
            (delivery.at, delivery.body) = (at(moment(n)), body(n));
            bus::Event::Delivered(Arc::new(delivery))
        }
        6 => bus::Event::StepNoted(ONE, Step::Confirm, format!("remark {n}"), at(moment(n))),
        _ => bus::Event::SchemeMessageSeen(SchemeMessage {
            session: SessionId(session::SID.into()),
            kind: ["AReq", "ARes", "RReq"][n % 3],
            from: s,
            to: Lane::Directory,
            at: at(moment(n)),
            took: Duration::from_micros(220),
            gist: "→ directory → issuer".into(),
            body: body(n),
        }),
    }
}

/// Folds an event into a run as the engine does.
fn fold(run: &mut Run, event: bus::Event) {
    match event {
        bus::Event::Exchanged(_, exchange) => run.exchanged(exchange),
        bus::Event::Delivered(delivery) => run.delivered(delivery),
        bus::Event::StepNoted(_, step, words, at) => run.step_noted(step, words, at),
        bus::Event::SchemeMessageSeen(message) => run.scheme_message_seen(message),
        other => panic!("not made here: {other:?}"),
    }
}

fn run_of(count: usize) -> Run {
    let mut run = Run::new(ONE, session::plan(), at(0));
    (0..count).for_each(|n| fold(&mut run, event(n)));
    run.ended(Phase::Ended, at(moment(count)));
    run
}

/// A timeline in a window of which only the layout exists.
struct Bench {
    window: Headless,
    panel: Panel,
    workspace: Workspace,
    now: Stamp,
}

impl Bench {
    fn new(run: Run) -> Self {
        let now = Stamp { mono: run.started.mono + run.length() + Duration::from_secs(7200), ..run.started };
        let window = Headless::new(SIZE.0, SIZE.1);
        Self { window, panel: Panel::default(), workspace: session::workspace([run]), now }
    }

    fn frame(&mut self, events: Vec<Event>) -> Cost {
        let Self { window, panel, workspace, now } = self;
        let mut commands = Vec::new();
        window.frame(events, |ui| panel.ui(ui, workspace, *now, &mut commands))
    }

    /// Frames until the work in the background is done; the dearest of them.
    fn settle(&mut self) -> Duration {
        let (start, mut calm, mut dearest) = (Instant::now(), 0, Duration::ZERO);
        while calm < 30 && start.elapsed() < Duration::from_secs(60) {
            let cost = self.frame(vec![]);
            dearest = dearest.max(cost.cpu);
            calm = if cost.again > Duration::from_secs(1) { calm + 1 } else { 0 };
            std::thread::sleep(Duration::from_millis(10));
        }
        dearest
    }
}

fn wheel(points: f32) -> Vec<Event> {
    let wheel = Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta: vec2(0.0, points),
        phase: TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    };
    vec![Event::PointerMoved(pos2(300.0, 300.0)), wheel]
}

/// Frames while somebody scrolls up and down.
fn scrolled(mut frame: impl FnMut(Vec<Event>) -> Cost) -> Vec<Duration> {
    let way = |n: usize| if (n / 100).is_multiple_of(2) { 131.0 } else { -77.0 };
    (0..FRAMES).map(|n| frame(wheel(way(n))).cpu).collect()
}

/// As many labels to a row as the timeline draws, and nothing else.
fn bare(ui: &mut Ui, rows: usize) {
    ScrollArea::vertical().auto_shrink(false).stick_to_bottom(true).show_rows(ui, 20.0, rows, |ui, range| {
        for at in range {
            ui.horizontal(|ui| {
                ui.set_height(20.0);
                for text in ["M", "S", "POST …/complete", "approved", "200", "38 ms"] {
                    ui.add(egui::Label::new(text).selectable(false));
                }
                ui.add(egui::Label::new(at.to_string()).selectable(false));
            });
        }
    });
}

struct Report {
    wrong: bool,
}

impl Report {
    fn line(&self, what: &str, asked: &str, measured: &str) {
        println!("{what:<58} {asked:>18} {measured:>26}");
    }

    fn must(&mut self, what: &str, holds: bool) {
        if !holds {
            self.wrong = true;
            println!("WRONG: {what}");
        }
    }
}

fn scrolling(report: &mut Report) {
    let mut window = Headless::new(SIZE.0, SIZE.1);
    let bare = scrolled(|events| window.frame(events, |ui| bare(ui, MANY)));
    report.line("bare virtualised table, 100,000 rows, median", "(baseline)", &ms(quantile(&bare, 0.5)));
    let (mut few, mut many) = (Bench::new(run_of(FEW)), Bench::new(run_of(MANY)));
    let found = Found::of(&many.workspace.runs[&ONE]);
    let mut rows: Vec<usize> = found.all().iter().map(|one| one.entry).collect();
    rows.dedup();
    few.settle();
    // Until all rows are there; what they show is still being looked for then.
    let mut opening = Duration::ZERO;
    while many.panel.counts().0 < MANY {
        opening = opening.max(many.frame(vec![]).cpu);
    }
    report.line("100,000 events: dearest frame while they are taken in", "", &ms(opening));
    report.must("a row is missing", many.panel.counts() == (MANY, MANY));
    let with_findings = findings(report, &mut many, &rows);
    // In turns, so that whatever else the machine does meets both.
    let (mut of_few, mut of_many) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        of_few.extend(scrolled(|events| few.frame(events)));
        of_many.extend(scrolled(|events| many.frame(events)));
    }
    let (low, high) = (quantile(&of_few, 0.5), quantile(&of_many, 0.5));
    report.line("1,000 events, scrolling: frame, median", "", &ms(low));
    report.line("100,000 events, scrolling: frame, median", "<= 2 ms", &ms(high));
    report.line("100,000 events, scrolling: frame, 99 of 100", "<= 8 ms", &ms(quantile(&of_many, 0.99)));
    report.line("100,000 events to 1,000", "<= 1.2", &format!("{:.2}", high.as_secs_f64() / low.as_secs_f64()));
    filtering(report, &mut many, with_findings);
}

/// Waits until the look at all rows, in the background, is done: the dearest frame meanwhile.
/// How many rows show something.
fn findings(report: &mut Report, bench: &mut Bench, rows: &[usize]) -> usize {
    let mut dearest = typed(bench, "has:finding").into_iter().max().unwrap_or_default();
    let start = Instant::now();
    while bench.panel.counts().0 < rows.len() && start.elapsed() < Duration::from_secs(60) {
        dearest = dearest.max(bench.frame(vec![]).cpu);
        std::thread::sleep(Duration::from_millis(4));
    }
    report.line("100,000 events: dearest frame until findings are known", "<= 50 ms", &ms(dearest));
    report.must("no row shows a finding", !rows.is_empty());
    report.must("the findings of some rows are not known", bench.panel.counts().0 == rows.len());
    cleared(bench);
    bench.settle();
    rows.len()
}

fn typed(bench: &mut Bench, text: &str) -> Vec<Duration> {
    let key = |key| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE };
    let letters = text.chars().map(|letter| vec![Event::Text(letter.into())]);
    let events = [vec![key(Key::Slash)], vec![]].into_iter().chain(letters);
    events.map(|events| bench.frame(events).cpu).collect()
}

fn cleared(bench: &mut Bench) {
    for key in [Key::Escape, Key::Escape] {
        let event = Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE };
        bench.frame(vec![event]);
        bench.frame(vec![]);
    }
}

fn filtering(report: &mut Report, bench: &mut Bench, with_findings: usize) {
    let all = [
        ("status>=400", MANY / 10),
        ("took>3ms lane:issuer", usize::MAX),
        ("path~complete or kind:areq -is:marked", usize::MAX),
        ("has:finding", with_findings),
    ];
    for (text, expected) in all {
        let times = typed(bench, text);
        let (shown, of) = bench.panel.counts();
        let words = format!("{} / {}", ms(quantile(&times, 0.5)), ms(quantile(&times, 1.0)));
        report.line(&format!("filter {text}: frame, median / dearest"), "<= 50 ms", &words);
        println!("    {shown} of {of}");
        report.must("the filter shows other rows than it says", expected == usize::MAX || shown == expected);
        cleared(bench);
    }
    report.must("the filter is not gone", bench.panel.counts().0 == MANY);
    let start = Instant::now();
    let mut times = typed(bench, "needle-77777-");
    let mut first = None;
    loop {
        let cost = bench.frame(vec![]);
        times.push(cost.cpu);
        if bench.panel.counts().0 == 1 && first.is_none() {
            first = Some(start.elapsed());
        }
        if first.is_some() || start.elapsed() > Duration::from_secs(60) {
            break;
        }
        std::thread::sleep(Duration::from_millis(4));
    }
    let words = format!("{} / {}", ms(quantile(&times, 0.5)), ms(quantile(&times, 1.0)));
    report.line("search in all bodies (60 MB), typed: frame, med. / dearest", "<= 50 ms", &words);
    report.line("  the row is found, after (wall time)", "", &first.map_or("never".into(), ms));
    report.must("the search finds one row", bench.panel.counts().0 == 1);
    cleared(bench);
}

/// Events a second, and for how long, seconds.
const SPEED: (usize, usize) = (2000, 10);
const TOTAL: usize = SPEED.0 * SPEED.1;
/// As in `app.rs`.
const PUMP_BUDGET: Duration = Duration::from_millis(2);

/// Posts all events at their time, from a thread of its own, as the engine's tasks do.
fn posting(sink: EventSink) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let start = Instant::now();
        for n in 0..TOTAL {
            let due = start + Duration::from_secs(1) * n as u32 / SPEED.0 as u32;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            runtime.block_on(sink.post(event(n)));
        }
    })
}

/// What a frame costs, with what is folded in before it, while events come at full speed and
/// sixty frames a second are drawn. `frame` draws one, its number given.
fn at_speed(workspace: &mut Workspace, mut frame: impl FnMut(&Workspace, Stamp, usize) -> Duration) -> Vec<Duration> {
    let (sink, mut events) = EventSink::channel(|| ());
    let poster = posting(sink);
    let (mut times, mut came, mut done) = (Vec::new(), 0, false);
    while !done {
        let due = Instant::now() + Duration::from_secs(1) / 60;
        let ended = poster.is_finished();
        let (folding, rest) = timed(|| {
            let (start, run) = (Instant::now(), workspace.runs.get_mut(&ONE).unwrap());
            while start.elapsed() < PUMP_BUDGET {
                let Ok(event) = events.try_recv() else { return false };
                fold(run, event);
                came += 1;
            }
            true
        });
        times.push(folding + frame(workspace, at(moment(came)), times.len()));
        done = ended && !rest;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    poster.join().unwrap();
    times
}

fn speed(report: &mut Report) {
    for following in [true, false] {
        let mut bench = Bench::new(Run::new(ONE, session::plan(), at(0)));
        let Bench { window, panel, workspace, .. } = &mut bench;
        let times = at_speed(workspace, |workspace, now, n| {
            let events = if !following && n == 60 { wheel(2000.0) } else { vec![] };
            window.frame(events, |ui| panel.ui(ui, workspace, now, &mut Vec::new())).cpu
        });
        let how = if following { "following" } else { "scrolled up" };
        told(report, &format!("2,000 events a second, {how}"), &times);
        report.must("an event was lost", bench.panel.counts() == (TOTAL, TOTAL));
    }
    let run = Run::new(ONE, session::plan(), at(0));
    let (mut workspace, mut window) = (session::workspace([run]), Headless::new(1440.0, 900.0));
    let mut shell = Shell::new(&workspace.settings);
    // The window stands before the first event comes; letters drawn for the first time cost most.
    let opened = window.frame(vec![], |ui| shell.ui(ui, &workspace, at(0), &mut Vec::new())).cpu;
    report.line("whole window: its very first frame", "", &ms(opened));
    let row = pos2(720.0, 300.0);
    let button = |pressed| Event::PointerButton {
        pos: row,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    let times = at_speed(&mut workspace, |workspace, now, n| {
        let events = match n {
            120 => vec![Event::PointerMoved(row), button(true)],
            121 => vec![button(false)],
            _ => vec![],
        };
        window.frame(events, |ui| shell.ui(ui, workspace, now, &mut Vec::new())).cpu
    });
    told(report, "2,000 events a second, whole window, a row inspected", &times);
    report.must("an event was lost on the way to the window", workspace.runs[&ONE].entries.len() == TOTAL);
}

fn told(report: &Report, what: &str, times: &[Duration]) {
    let words = format!("{} / {}", ms(quantile(times, 0.5)), ms(quantile(times, 1.0)));
    report.line(&format!("{what}: med. / dearest"), "<= 33 ms", &words);
}

fn idle(report: &mut Report) {
    let words = |again: Duration| match again {
        Duration::MAX => "never".to_owned(),
        again => format!("in {:.1} s", again.as_secs_f64()),
    };
    let all = [("ten seconds", 10, "<= 1 s"), ("ten minutes", 605, "<= 60 s"), ("two hours", 7200, "never")];
    for (age, seconds, asked) in all {
        let run = session::finished(ONE);
        let mut bench = Bench::new(run.clone());
        bench.now = Stamp { mono: run.started.mono + run.length() + Duration::from_secs(seconds), ..run.started };
        bench.settle();
        let again = bench.frame(vec![]).again;
        report.line(&format!("idle, ended {age} ago: next frame"), asked, &words(again));
        let least = if seconds < 60 { Duration::from_millis(500) } else { Duration::from_secs(20) };
        report.must("a frame is asked for without cause", again >= least);
    }
}

fn main() -> ExitCode {
    let mut report = Report { wrong: false };
    report.line("what", "asked", "measured (CPU of the thread)");
    scrolling(&mut report);
    sequence::bench(&mut report);
    speed(&mut report);
    idle(&mut report);
    if report.wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
