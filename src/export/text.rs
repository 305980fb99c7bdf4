//! A run's timeline as text: one line for each row, in aligned columns, with what the rules
//! say below it. The facts come in as [`Line`]s, so that machines get the same.

use std::time::Duration;

use serde::Serialize;

use crate::model::Lane;
use crate::model::delivery::Delivery;
use crate::model::exchange::Exchange;
use crate::model::finding::Severity;
use crate::model::lint::observed::observed;
use crate::model::run::{Entry, Run, What};

/// One row of the timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The row: `Entry::number`.
    pub row: usize,
    /// Milliseconds since the run began.
    pub at_ms: f64,
    /// Milliseconds it took; absent while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<f64>,
    /// Who acted.
    pub from: Lane,
    /// On whom.
    pub to: Lane,
    /// What it was, in words.
    pub what: String,
    /// The HTTP status, if an answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<u16>,
    /// The session's status, if this row changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What the rules say about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Said>,
}

/// A finding of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// `L28`.
    pub rule: &'static str,
    /// `error`, `warning`, `advice`.
    pub severity: &'static str,
    /// What it is, in a few words.
    pub title: String,
    /// What is so, why it matters, what to do.
    pub message: String,
}

/// The machines' word for a weight.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "advice",
    }
}

/// All rows of a run, with their findings.
pub fn lines(run: &Run) -> Vec<Line> {
    let findings = observed(run);
    let line = |entry: &Entry| {
        let (what, http) = words(&entry.what);
        let own = findings.iter().filter(|one| one.entry == entry.number);
        let said = own.map(|one| Said {
            rule: one.rule,
            severity: severity(one.severity),
            title: one.title.clone(),
            message: one.message.clone(),
        });
        Line {
            row: entry.number,
            at_ms: millis(entry.at.since(run.started)),
            took_ms: entry.took.map(millis),
            from: entry.from,
            to: entry.to,
            what,
            http,
            status: entry.status.as_ref().map(|status| status.word().to_owned()),
            findings: said.collect(),
        }
    };
    run.entries.iter().map(line).collect()
}

/// Milliseconds with a tenth, as clocks of browsers have them.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e4).round() / 10.0
}

/// What a row was, and the HTTP status.
fn words(what: &What) -> (String, Option<u16>) {
    match what {
        What::Exchange(exchange) => exchanged(exchange),
        What::Delivery(delivery) => delivered(delivery),
        What::Scheme(message) => (format!("{} {}", message.kind, message.gist), None),
        What::Phone(message) => (format!("Message to the phone from {}", message.sender), None),
        What::Wait(step) => (format!("{step}: waits for a person"), None),
        What::Skipped(step) => (format!("{step}: left out"), None),
        What::Paused(step) => (format!("{step}: pause, as the API asked"), None),
        What::Noted(step, words) => (format!("{step}: {words}"), None),
        What::Failed(step, problem) => (format!("{step} failed: {}", problem.line()), None),
        What::Cancelled => ("Stopped".into(), None),
    }
}

fn exchanged(exchange: &Exchange) -> (String, Option<u16>) {
    let call = format!("{}: {} {}", exchange.step, exchange.request.method, short(exchange.path()));
    match &exchange.outcome {
        Ok(answer) => (call, Some(answer.status)),
        Err(problem) => (format!("{call}, no answer: {}", problem.summary), None),
    }
}

fn delivered(delivery: &Delivery) -> (String, Option<u16>) {
    let what = format!("{}: {} {}", delivery.kind.name(), delivery.method, short(&delivery.target));
    (what, Some(delivery.answered).filter(|status| *status > 0))
}

/// A path without its query, cut in the middle if it is long.
fn short(path: &str) -> String {
    const MOST: usize = 60;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let count = path.chars().count();
    if count <= MOST {
        return path.to_owned();
    }
    let start: String = path.chars().take(MOST / 2).collect();
    let end: String = path.chars().skip(count - MOST / 2).collect();
    format!("{start}…{end}")
}

/// The lines in aligned columns: time, who, what, HTTP status, duration, status; below each
/// its findings. `show` makes text from elsewhere harmless.
pub fn aligned(lines: &[Line], show: impl Fn(&str) -> String) -> String {
    let lanes = |line: &Line| match line.from == line.to {
        true => line.from.name().to_owned(),
        false => format!("{} → {}", line.from.name(), line.to.name()),
    };
    let cells: Vec<[String; 6]> = lines
        .iter()
        .map(|line| {
            [
                format!("{:.3} s", line.at_ms / 1e3),
                lanes(line),
                show(&line.what),
                line.http.map(|status| status.to_string()).unwrap_or_default(),
                line.took_ms.filter(|took| *took > 0.0).map(|took| format!("{took:.0} ms")).unwrap_or_default(),
                line.status.as_ref().map(|status| format!("[{}]", show(status))).unwrap_or_default(),
            ]
        })
        .collect();
    let width = |at: usize| cells.iter().map(|row| row[at].chars().count()).max().unwrap_or_default();
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut text = String::new();
    for (line, row) in lines.iter().zip(&cells) {
        let mut written = String::new();
        for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
            let room = " ".repeat(width - cell.chars().count());
            let right = matches!(at, 0 | 3 | 4);
            written.push_str(&if right { format!("{room}{cell}  ") } else { format!("{cell}{room}  ") });
        }
        text.push_str(written.trim_end());
        text.push('\n');
        for said in &line.findings {
            let indent = " ".repeat(widths[0] + 2);
            text.push_str(&format!("{indent}{} {} {}\n", said.severity, said.rule, show(&said.title)));
            text.push_str(&format!("{indent}  {}\n", show(&said.message)));
        }
    }
    text
}
