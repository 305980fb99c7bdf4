//! What it costs to compare two documents of 1 MB, beside reading both with `serde_json` and
//! asking whether they are equal. CPU time of one thread; the median of several.
#![allow(missing_docs, clippy::unwrap_used)]

mod frame;
#[allow(dead_code)] // one run is made of it
#[path = "../support/session.rs"]
mod session;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use frame::{Headless, ms, quantile, timed};
use serde_json::{Value, json};
use sessions_console::model::diff::{Side, compare, patch};
use sessions_console::model::exchange::Step;
use sessions_console::model::run::Run;
use sessions_console::model::trace::{Part, Spot, Subject};
use sessions_console::model::{Lane, RunId};
use sessions_console::ui::inspector;
use sessions_console::ui::link::Link;

/// Sessions in a list of 1 MB.
const SESSIONS: u64 = 930;
/// Asked: two documents of 1 MB. Source: the issue that asked for the comparison.
const ASKED: Duration = Duration::from_millis(150);
const TIMES: usize = 9;

/// A word that looks like what an API makes up.
fn word(seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::try_from(state % 32).unwrap()])
    };
    (0..26).map(next).collect()
}

fn uuid(seed: u64) -> String {
    let a = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", a >> 32, a & 0xffff, seed & 0xfff, a & 0xfff, a >> 16)
}

/// One session; `other` sets all that can differ apart.
fn session(n: u64, other: u64) -> Value {
    let status = ["approved", "declined", "pending", "challenged"][usize::try_from((n + other) % 4).unwrap()];
    json!({
        "id": format!("sid_{}", word(n + other)), "transaction_id": uuid(n + other), "status": status,
        "amount": 1000 + n + other, "currency": "USD", "scheme": if other == 0 { "visa" } else { "amex" },
        "reference": format!("ORDER-{}", n + other), "completed": (n + other).is_multiple_of(2), "eci": format!("0{}", (n + other) % 8),
        "protocol_version": "2.2.0", "authentication_type": "regular", "cryptogram": word(n + other + 7),
        "acs": {"reference_number": format!("ACS-{}", other), "transaction_id": uuid(n + other + 1), "challenge_mandated": n.is_multiple_of(3),
            "url": format!("https://acs.example/{}/challenge", n + other)},
        "ds": {"ds_id": "A000000003", "reference_number": format!("DS-{other}"), "transaction_id": uuid(n + other + 2)},
        "card": {"instrument_id": format!("src_{}", word(n + other + 3)), "bin": 424_242 + other, "metadata": {"card_type": "CREDIT", "issuer": format!("Larkfield {other}"), "country": "GB"}},
        "next_actions": ["collect_channel_data", "complete"], "created": format!("2026-11-28T10:{:02}:{:02}Z", (n + other) % 60, n % 60),
        "customer": {"email": format!("shopper{}@example.com", n + other), "name": format!("Shopper {}", n + other), "phone": {"country_code": "44", "number": format!("7700{:06}", n + other)}},
        "_links": {"self": {"href": format!("https://api.example/sessions/sid_{}", word(n + other))}}
    })
}

fn side(value: &Value) -> Side {
    Side { bytes: Bytes::from(value.to_string()), content_type: Some("application/json".into()), path: None }
}

fn median(mut work: impl FnMut()) -> Duration {
    let times: Vec<Duration> = (0..TIMES).map(|_| timed(&mut work).0).collect();
    quantile(&times, 0.5)
}

fn main() {
    let one = json!((0..SESSIONS).map(|n| session(n, 0)).collect::<Vec<_>>());
    let some = json!(
        (0..SESSIONS)
            .map(|n| {
                let mut session = session(n, 0);
                if n % 2 == 0 {
                    session["status"] = json!("declined");
                    session["amount"] = json!(7);
                    session["customer"]["email"] = json!("other@example.com");
                }
                session
            })
            .collect::<Vec<_>>()
    );
    let all = json!((0..SESSIONS).map(|n| session(n, 100_000)).collect::<Vec<_>>());
    let shuffled = json!((0..SESSIONS).map(|n| session((n * 397) % SESSIONS, 0)).collect::<Vec<_>>());
    let numbers =
        |seed: u64| json!((0..49_000_u64).map(|n| (n * seed) % 49_001 + 10_000_000_000_000).collect::<Vec<_>>());
    let cancel = AtomicBool::new(false);
    println!("Two documents of 1 MB, median of {TIMES}; asked: {} at most", ms(ASKED));
    let mut missed = false;
    for (name, left, right) in [
        ("5 % of the values changed", &one, &some),
        ("every value differs", &one, &all),
        ("the list shuffled", &one, &shuffled),
        ("49,000 numbers shuffled", &numbers(1), &numbers(397)),
    ] {
        let (left, right) = (side(left), side(right));
        let baseline = median(|| {
            let read = |side: &Side| serde_json::from_slice::<Value>(&side.bytes).unwrap();
            std::hint::black_box(read(&left) == read(&right));
        });
        let took = median(|| {
            std::hint::black_box(compare(&left, &right, &cancel));
        });
        let diff = compare(&left, &right, &cancel).unwrap();
        let (copied, _) = timed(|| patch::json(&diff));
        println!(
            "{name:26} {:>9} ({} and {} bytes; values and ==: {}, ×{:.1}); {}; as a patch {}",
            ms(took),
            left.bytes.len(),
            right.bytes.len(),
            ms(baseline),
            took.as_secs_f64() / baseline.as_secs_f64(),
            diff.counts().words(),
            ms(copied),
        );
        missed |= took > ASKED || !diff.is_structural();
    }
    missed |= frames(&one, &all);
    assert!(!missed, "a figure is missed");
}

/// A frame of the panel with every value changed, while scrolling. True if it is too slow.
fn frames(one: &Value, other: &Value) -> bool {
    let run = |id: u64, answer: &Value| {
        let mut run = Run::new(RunId(id), session::plan(), session::at(0));
        let (lanes, step) = ((Lane::Merchant, Lane::Sessions), Step::Confirm);
        let (line, answer) = ("GET /sessions", answer.clone());
        run.exchanged(session::exchange(&session::Call {
            at: 1,
            took: 1,
            lanes,
            step,
            line,
            body: b"",
            status: 200,
            answer,
        }));
        run
    };
    let workspace = session::workspace([run(1, one), run(2, other)]);
    let subject = |id| Subject::Payload(RunId(id), Spot { entry: 0, part: Part::Response, path: None });
    let mut panel = inspector::Panel::default();
    panel.open(Link::Compare(subject(1), subject(2)));
    let mut window = Headless::new(456.0, 800.0);
    let mut times = Vec::new();
    let mut most = 0;
    // Until the rows are there each frame has a few triangles only.
    while times.len() < 300 {
        let wheel = egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -400.0),
            modifiers: egui::Modifiers::NONE,
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
        };
        let over = egui::Event::PointerMoved(egui::pos2(200.0, 500.0));
        let cost = window.frame(vec![over, wheel], |ui| panel.ui(ui, &workspace, None, &mut Vec::new()));
        most = most.max(cost.triangles);
        if most > 1_000 {
            times.push(cost.cpu);
        } else {
            std::thread::yield_now();
        }
    }
    let (middle, high) = (quantile(&times, 0.5), quantile(&times, 0.99));
    println!("a frame of the panel with all of them: {} median, {} p99, up to {most} triangles", ms(middle), ms(high));
    middle > Duration::from_millis(2)
}
