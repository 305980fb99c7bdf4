//! What each row of the timeline says. Hides: how entries, verdicts and paths become the
//! words of a row. Made when a run has changed, not on each frame; drawing is `table`'s.

use std::time::Duration;

use egui_material_icons::MaterialIcon;
use egui_material_icons::icons as i;

use crate::model::api::{ApiError, Session, Status};
use crate::model::delivery::{Delivery, DeliveryKind, Verdict};
use crate::model::draft::Severity;
use crate::model::exchange::{Exchange, Step};
use crate::model::lint::observed::Observation;
pub use crate::model::run::Class;
use crate::model::run::{Entry, PASSED, What};
use crate::model::sandbox::{fault_line, fault_told};
use crate::model::scheme::SchemeMessage;
use crate::model::{Lane, Stamp};
use crate::ui::phone;
use crate::ui::theme::Tone;
use crate::ui::widgets::display_text;

/// What stands at the right end of the event.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// The session's status changed to this.
    Status(Status),
    /// A word with a sign.
    Word(Tone, Option<Sign>, String),
}

/// An icon that can be compared.
#[derive(Debug, Clone, Copy)]
pub struct Sign(pub MaterialIcon);

impl PartialEq for Sign {
    fn eq(&self, other: &Self) -> bool {
        self.0.codepoint == other.0.codepoint
    }
}

/// One row in words.
#[derive(Debug, Clone, PartialEq)]
pub struct RowView {
    /// The entry's number.
    pub number: usize,
    /// Since the run's start.
    pub at: Duration,
    /// How long; `None` while it goes on.
    pub took: Option<Duration>,
    /// Who acted.
    pub from: Lane,
    /// On whom.
    pub to: Lane,
    /// For the filters.
    pub class: Class,
    /// Plain words, first.
    pub title: String,
    /// Wire words, after the title.
    pub wire: String,
    /// At the right end of the event.
    pub mark: Option<Mark>,
    /// HTTP status.
    pub http: Option<u16>,
    /// A wait: dashed instead of filled.
    pub wait: bool,
    /// It went wrong.
    pub failed: bool,
    /// What it shows: rule and weight, the heaviest first.
    pub findings: Vec<(Severity, &'static str)>,
    /// It has a star.
    pub marked: bool,
    /// The user's own words.
    pub note: String,
}

impl RowView {
    /// The row's accessible name, also what tests click.
    pub fn label(&self) -> String {
        let mut words = vec![format!("{} to {}", self.from.name(), self.to.name())];
        words.extend([&self.title, &self.wire].into_iter().filter(|text| !text.is_empty()).cloned());
        words.extend(self.http.map(|status| status.to_string()));
        match &self.mark {
            Some(Mark::Status(status)) => words.push(status.word().to_owned()),
            Some(Mark::Word(_, _, word)) => words.push(word.clone()),
            None => (),
        }
        let findings: Vec<&str> = self.findings.iter().map(|(_, rule)| *rule).collect();
        match findings.len() {
            0 => (),
            1 => words.push(format!("1 finding {}", findings[0])),
            count => words.push(format!("{count} findings {}", findings.join(" "))),
        }
        if !self.note.is_empty() {
            words.push(format!("note {}", self.note));
        }
        if self.marked {
            words.push("marked".into());
        }
        display_text(&words.join(" "))
    }

    /// The sign and the number of findings, if it has any.
    pub fn findings_mark(&self) -> Option<Mark> {
        let (severity, _) = self.findings.first()?;
        let (tone, sign) = severity_tone(*severity);
        Some(Mark::Word(tone, Some(sign), self.findings.len().to_string()))
    }
}

/// The colour and sign of a finding's weight.
pub fn severity_tone(severity: Severity) -> (Tone, Sign) {
    let (tone, sign) = match severity {
        Severity::Error => (Tone::Danger, i::ICON_ERROR),
        Severity::Warning => (Tone::Warning, i::ICON_WARNING),
        Severity::Advice => (Tone::Accent, i::ICON_INFO),
    };
    (tone, Sign(sign.outlined()))
}

/// A row in words. `started` is the run's start, `session` its identifier, `found` what it shows.
pub(super) fn row(started: Stamp, entry: &Entry, session: Option<&str>, found: &[Observation]) -> RowView {
    let mut row = RowView {
        number: entry.number,
        at: entry.at.since(started),
        took: entry.took,
        from: entry.from,
        to: entry.to,
        class: entry.class(),
        title: String::new(),
        wire: String::new(),
        mark: entry.status.clone().map(Mark::Status),
        http: entry.http(),
        wait: entry.is_wait(),
        failed: false,
        findings: found.iter().map(|one| (one.severity, one.rule)).collect(),
        marked: entry.remark.marked,
        note: display_text(&entry.remark.note.replace(['\n', '\t'], " ")),
    };
    match &entry.what {
        What::Exchange(exchange) => exchange_row(&mut row, exchange, session),
        What::Delivery(delivery) => delivery_row(&mut row, delivery),
        What::Scheme(message) => {
            (row.title, row.wire) = scheme_words(message);
        }
        What::Phone(message) => {
            row.title = "Phone".into();
            row.wire = format!("message from {}", phone::sender(&message.sender));
        }
        What::Wait(step) => {
            (row.title, row.wire) = ("Shopper".into(), wait_words(*step).into());
        }
        What::Skipped(step) => (row.title, row.wire) = ("Left out".into(), step.name().into()),
        What::Paused(step) => {
            (row.title, row.wire) = ("Pause".into(), format!("then {} again", step.name()));
        }
        What::Noted(step, words) => {
            (row.title, row.wire) = match words.strip_suffix(PASSED) {
                Some(time) => ("Clock".into(), format!("{time} pass at once for everybody who waits")),
                None => (step.name().into(), words.clone()),
            };
        }
        What::Failed(step, problem) => {
            row.failed = true;
            let why = problem.summary.strip_prefix(step.name()).unwrap_or(&problem.summary);
            (row.title, row.wire) = (step.name().into(), why.trim_start_matches(": ").into());
            row.mark = Some(Mark::Word(Tone::Danger, Some(Sign(i::ICON_ERROR.outlined())), "failed".into()));
        }
        What::Cancelled => (row.title, row.wire) = ("Stopped".into(), "by you".into()),
    }
    row.title = display_text(&row.title);
    row.wire = display_text(&row.wire.replace(['\n', '\t'], " "));
    row
}

/// Title and words of a hidden row. A fault is no message: it says what was done to one.
pub fn scheme_words(message: &SchemeMessage) -> (String, String) {
    match fault_told(message) {
        Some(fault) => ("Fault".into(), fault_line(&fault)),
        None => (String::new(), format!("{} {}", message.kind, message.gist)),
    }
}

fn wait_words(step: Step) -> &'static str {
    match step {
        Step::Challenge | Step::Authenticate => "answers the bank",
        Step::Redirect => "is on the hosted page",
        _ => "acts",
    }
}

fn exchange_row(row: &mut RowView, exchange: &Exchange, session: Option<&str>) {
    let browser = row.class == Class::Browser;
    row.wire = format!("{:<4} {}", exchange.request.method, short_path(exchange.path(), session));
    if browser && row.to != Lane::Merchant {
        row.title = exchange.step.name().into();
    }
    row.failed = exchange.outcome.is_err();
    if row.mark.is_none() {
        row.mark = exchange_mark(exchange);
    }
}

fn exchange_mark(exchange: &Exchange) -> Option<Mark> {
    let word = |tone, text: String| Some(Mark::Word(tone, None, text));
    let response = match &exchange.outcome {
        Ok(response) => response,
        Err(_) => return word(Tone::Danger, "no answer".into()),
    };
    if response.status >= 400 {
        let error = ApiError::read(&response.body)?;
        let more = error.codes.len().saturating_sub(1);
        let first = error.codes.into_iter().next().unwrap_or(error.error_type);
        let more = if more > 0 { format!(" +{more}") } else { String::new() };
        return word(Tone::of_http(response.status), format!("{}{more}", display_text(&first)));
    }
    let completed = exchange.step == Step::Confirm && Session::read(&response.body)?.completed() == Some(true);
    if completed { word(Tone::Neutral, "completed".into()) } else { None }
}

fn delivery_row(row: &mut RowView, delivery: &Delivery) {
    let last = delivery.target.split('?').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    row.wire = format!("{:<4} …/{last}", delivery.method);
    match delivery.kind {
        DeliveryKind::ChallengeNotification => {
            row.mark = Some(Mark::Word(Tone::Neutral, None, "not proof".into()));
        }
        DeliveryKind::MethodNotification => (),
        kind => {
            row.title = kind.name().into();
            row.mark = Some(verdict_mark(&delivery.verdict));
        }
    }
}

fn verdict_mark(verdict: &Verdict) -> Mark {
    let (tone, sign) = match verdict {
        Verdict::Matched => (Tone::Success, i::ICON_CHECK),
        Verdict::Addressed => (Tone::Neutral, i::ICON_CHECK),
        Verdict::Swapped { .. } => (Tone::Danger, i::ICON_ERROR),
        Verdict::Duplicate { .. } => (Tone::Warning, i::ICON_CONTENT_COPY),
        Verdict::Contradicts { .. } => (Tone::Danger, i::ICON_ERROR),
        Verdict::Unexpected => (Tone::Warning, i::ICON_QUESTION_MARK),
    };
    Mark::Word(tone, Some(Sign(sign.outlined())), verdict.word().into())
}

/// A path that fits a row: the session's own is `/sessions/{id}` or `…/collect-data`, any
/// other long part loses its middle.
pub fn short_path(path: &str, session: Option<&str>) -> String {
    let (path, query) = path.split_once('?').map_or((path, ""), |(path, _)| (path, "?…"));
    if let Some((id, (_, rest))) = session.and_then(|id| Some((id, path.split_once(id)?))) {
        let before = path.split_once(id).map_or("", |(before, _)| before);
        return if rest.is_empty() { format!("{before}{{id}}") } else { format!("…{rest}{query}") };
    }
    let parts: Vec<String> = path.split('/').map(|part| middle_cut(part, 8, 6)).collect();
    format!("{}{query}", parts.join("/"))
}

/// Keeps the first and last characters of a long word: `sid_skp65s2i…ffif7l`.
pub fn middle_cut(text: &str, head: usize, tail: usize) -> String {
    let count = text.chars().count();
    if count <= head + tail + 3 {
        return text.into();
    }
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start}…{end}")
}

/// `0.4 ms`, `14 ms`, `8.4 s`, `3:05 min`.
pub fn short_time(time: Duration) -> String {
    match time.as_millis() {
        0..10 => format!("{:.1} ms", time.as_secs_f64() * 1e3),
        10..1000 => format!("{} ms", time.as_millis()),
        1000..60_000 => format!("{:.1} s", time.as_secs_f32()),
        _ => format!("{} min", clock(time)),
    }
}

/// `9:47`.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_times_fit_a_row() {
        let sid = Some("sid_skp65s2imhnguhok7722ffif7l");
        assert_eq!(short_path("/sessions/sid_skp65s2imhnguhok7722ffif7l", sid), "/sessions/{id}");
        assert_eq!(short_path("/sessions/sid_skp65s2imhnguhok7722ffif7l/complete", sid), "…/complete");
        assert_eq!(
            short_path("/simulator/acs/2f6a1f7e-0000-4a0b-9c00-aabbccddeeff?x=1", sid),
            "/simulator/acs/2f6a1f7e…ddeeff?…"
        );
        assert_eq!(short_time(Duration::from_micros(430)), "0.4 ms");
        assert_eq!(short_time(Duration::from_millis(8440)), "8.4 s");
        assert_eq!(short_time(Duration::from_secs(185)), "3:05 min");
    }
}
