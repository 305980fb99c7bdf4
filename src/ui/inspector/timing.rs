//! Where the time went: each part as a bar on the exchange's own axis.

use std::time::Duration;

use egui::{Sense, Ui, vec2};

use super::Row;
use crate::model::exchange::{Exchange, Timing};
use crate::model::run::What;
use crate::model::{RunId, Workspace};
use crate::ui::theme::{self, Tokens};
use crate::ui::timeline::rows::short_time;
use crate::ui::widgets;

/// View state of the page: how long the others of this step took.
#[derive(Debug, Default)]
pub(super) struct State {
    others: Option<((RunId, usize), Option<Others>)>,
}

/// The other exchanges of a step, in all runs of this window.
#[derive(Debug, Clone, Copy)]
struct Others {
    count: usize,
    median: Duration,
}

impl State {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, row: &Row<'_>) {
        let What::Exchange(exchange) = &row.entry.what else { return moments_ui(ui, row) };
        timing_ui(ui, exchange);
        // Looked up once for each row that is chosen, not while runs grow.
        let key = (row.run.id, row.entry.number);
        if self.others.is_none_or(|(held, _)| held != key) {
            self.others = Some((key, others(row.workspace, exchange)));
        }
        if let Some((_, Some(others))) = self.others {
            let total = exchange.timing.total;
            let times = total.as_secs_f64() / others.median.as_secs_f64().max(1e-9);
            let words = match times {
                2.0.. => format!("{times:.1} times as long"),
                ..0.5 => format!("{:.1} times as fast", 1.0 / times.max(1e-9)),
                _ => "about the same".to_owned(),
            };
            let count = if others.count == 1 { "1 other".to_owned() } else { format!("{} others", others.count) };
            let line = format!("{}, median of {count} of «{}»: {words}", short_micro(others.median), exchange.step);
            widgets::key_value_ui(ui, "usually", &line);
        }
    }
}

fn others(workspace: &Workspace, own: &Exchange) -> Option<Others> {
    let all = workspace.runs.values().flat_map(|run| run.entries.iter());
    let same = all.filter_map(|entry| match &entry.what {
        What::Exchange(other) if other.step == own.step && other.id != own.id && other.outcome.is_ok() => {
            Some(other.timing.total)
        }
        _ => None,
    });
    let mut times: Vec<Duration> = same.collect();
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied()?;
    Some(Others { count: times.len(), median })
}

fn timing_ui(ui: &mut Ui, exchange: &Exchange) {
    let Timing { connect, wait, download, total } = exchange.timing;
    let tokens = Tokens::of(ui);
    let colour = tokens.lane(exchange.from).ink;
    let mut start = Duration::ZERO;
    let connect_words = if connect.is_some() { "until the connection stood" } else { "a connection was open already" };
    for (name, took, note) in [
        ("Connect", connect, connect_words),
        ("Wait", Some(wait), "until the answer's head"),
        ("Download", Some(download), "until the last byte"),
    ] {
        let took = took.unwrap_or_default();
        bar_ui(ui, name, (start, took), total, colour, note);
        start += took;
    }
    let rest = total.saturating_sub(start);
    if rest > Duration::from_micros(50) {
        bar_ui(ui, "Own work", (start, rest), total, tokens.muted, "before, between and after: building and reading");
    }
    widgets::hline(ui);
    bar_ui(ui, "Total", (Duration::ZERO, total), total, tokens.muted, "all of it");
    ui.add_space(12.0);
    widgets::key_value_ui(ui, "began", &exchange.started.wall.to_string());
    if let Some(response) = exchange.response() {
        widgets::key_value_ui(ui, "version", &response.version);
    }
    let masked = match exchange.masked {
        0 => "nothing".to_owned(),
        1 => "1 value when recorded".to_owned(),
        count => format!("{count} values when recorded"),
    };
    widgets::key_value_ui(ui, "masked", &masked);
}

fn bar_ui(ui: &mut Ui, name: &str, span: (Duration, Duration), total: Duration, colour: egui::Color32, note: &str) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::hover());
    let words = short_micro(span.1);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{name} {words}")));
    let write = |text: &str, font, colour, x: f32, right: bool| {
        let galley = widgets::line_of(ui, text, font, colour);
        let x = if right { x - galley.size().x } else { x };
        ui.painter().galley(egui::pos2(x, rect.center().y - galley.size().y / 2.0), galley, colour);
    };
    write(name, theme::words(theme::BODY), tokens.text, rect.left(), false);
    write(&words, theme::code(theme::CODE), tokens.text, rect.left() + 150.0, true);
    let (left, right) = (rect.left() + 166.0, rect.right());
    let scale = (right - left) / total.as_secs_f32().max(1e-6);
    let from = left + span.0.as_secs_f32() * scale;
    let to = (from + span.1.as_secs_f32() * scale).min(right);
    if span.1.is_zero() {
        write(note, theme::words(theme::SMALL), tokens.muted, left, false);
    } else {
        let bar = egui::Rect::from_min_max(
            egui::pos2(from, rect.center().y - 4.0),
            egui::pos2(to.max(from + 2.5), rect.center().y + 4.0),
        );
        ui.painter().rect_filled(bar, 1.0, colour);
    }
    if !note.is_empty() {
        response.on_hover_text(note);
    }
}

/// `14.2 ms`, `380 µs`.
fn short_micro(time: Duration) -> String {
    match time.as_micros() {
        0..1000 => format!("{} µs", time.as_micros()),
        1000..100_000 => format!("{:.1} ms", time.as_secs_f64() * 1e3),
        _ => short_time(time),
    }
}

fn moments_ui(ui: &mut Ui, row: &Row<'_>) {
    let entry = row.entry;
    widgets::key_value_ui(ui, "began", &entry.at.wall.to_string());
    let since = entry.at.since(row.run.started);
    widgets::key_value_ui(ui, "in the run", &format!("{:.3} s after its start", since.as_secs_f64()));
    let took = entry.took.map_or_else(|| "goes on".to_owned(), short_time);
    widgets::key_value_ui(ui, "took", &took);
}
