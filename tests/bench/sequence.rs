//! The sequence view at scale: what a frame costs while it scrolls, and what it costs when
//! rows and findings change.

use std::time::Duration;

use sessions_console::model::run::Phase;
use sessions_console::ui::timeline::{Panel, View};

use super::frame::{ms, quantile};
use super::{Bench, FEW, MANY, ONE, Report, at, event, fold, moment, run_of, scrolled};

/// Rows that come one by one, a frame for each.
const NEW: usize = 300;

fn sequence(count: usize) -> Bench {
    let mut bench = Bench::new(run_of(count));
    bench.workspace.settings.hidden_messages = true;
    bench.panel = Panel::new(View::Sequence);
    bench
}

pub fn bench(report: &mut Report) {
    let (mut few, mut many) = (sequence(FEW), sequence(MANY));
    few.settle();
    let opening = many.settle();
    report.line("sequence, 100,000 events: dearest frame while taken in", "", &ms(opening));
    let (mut of_few, mut of_many) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        of_few.extend(scrolled(|events| few.frame(events)));
        of_many.extend(scrolled(|events| many.frame(events)));
    }
    report.line("sequence, 1,000 events, scrolling: frame, median", "", &ms(quantile(&of_few, 0.5)));
    report.line("sequence, 100,000 events, scrolling: frame, median", "<= 2 ms", &ms(quantile(&of_many, 0.5)));
    report.line("sequence, 100,000 events: frame, 99 of 100", "<= 8 ms", &ms(quantile(&of_many, 0.99)));
    growing(report, &mut many);
}

/// New rows, each with a frame, while the background looks at the run again and again.
fn growing(report: &mut Report, many: &mut Bench) {
    many.workspace.runs.get_mut(&ONE).expect("the run").phase = Phase::Working(None);
    let mut times = Vec::new();
    for n in MANY..MANY + NEW {
        let run = many.workspace.runs.get_mut(&ONE).expect("the run");
        fold(run, event(n));
        many.now = at(moment(n));
        times.push(many.frame(vec![]).cpu);
        std::thread::sleep(Duration::from_millis(4)); // so that the background gets its turn
    }
    let words = format!("{} / {}", ms(quantile(&times, 0.5)), ms(quantile(&times, 1.0)));
    report.line("sequence, rows and findings come: frame, median / dearest", "<= 33 ms", &words);
    let shown = many.panel.counts();
    report.must("the diagram lost a row", shown == (MANY + NEW, MANY + NEW));
}
