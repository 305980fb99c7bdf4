//! The head of the inspector: who spoke to whom, in the wire's words, how it ended and how
//! long it took.

use egui::{Align, Layout, RichText, Ui};
use egui_material_icons::icons as i;

use super::{compare, strip};
use crate::model::Workspace;
use crate::model::delivery::Verdict;
use crate::model::run::{Entry, Run, What};
use crate::model::trace::Part;
use crate::ui::link::Link;
use crate::ui::phone;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::timeline::rows::{short_path, short_time};
use crate::ui::widgets::{self, display_text};

/// Nothing is selected.
pub(super) fn empty_ui(ui: &mut Ui) {
    let tokens = Tokens::of(ui);
    strip(ui, theme::PANEL_HEAD - 1.0, |ui| {
        widgets::emphasis(ui, "Inspector");
    });
    widgets::hline(ui);
    ui.add_space((ui.available_height() * 0.3).min(180.0));
    ui.vertical_centered(|ui| {
        widgets::icon(ui, i::ICON_FRAME_INSPECT.outlined(), 32.0, tokens.muted);
        ui.add_space(8.0);
        let text = RichText::new("Pick a row to see its exact bytes").font(theme::words(theme::SENTENCE));
        ui.label(text.color(tokens.text_second));
    });
}

/// Lanes, line, status, time; what the row is to be compared with, if that was chosen.
pub(super) fn head_ui(ui: &mut Ui, workspace: &Workspace, (run, entry): (&Run, &Entry), part: Part) -> Option<Link> {
    let mut compared = None;
    let tokens = Tokens::of(ui);
    let session = run.session_id().map(|id| id.0.as_str());
    let (title, code, status) = match &entry.what {
        What::Exchange(exchange) => {
            let line = format!("{} {}", exchange.request.method, short_path(exchange.path(), None));
            let status =
                exchange.response().map(|response| (response.status, tokens.tone(Tone::of_http(response.status)).ink));
            (String::new(), line, status)
        }
        What::Delivery(delivery) => {
            let line = format!("{} {}", delivery.method, short_path(&delivery.target, session));
            (String::new(), line, Some((delivery.answered, tokens.tone(Tone::of_http(delivery.answered)).ink)))
        }
        What::Scheme(message) if message.kind == "Fault" => ("Fault".into(), message.gist.clone(), None),
        What::Scheme(message) => (String::new(), format!("{} {}", message.kind, message.gist), None),
        What::Phone(message) => ("Phone".into(), phone::sender(&message.sender), None),
        What::Wait(step) => ("Waiting".into(), step.name().into(), None),
        What::Skipped(step) => ("Left out".into(), step.name().into(), None),
        What::Paused(step) => ("Pause".into(), step.name().into(), None),
        What::Noted(step, _) => ("Note".into(), step.name().into(), None),
        What::Failed(step, _) => ("Failed".into(), step.name().into(), None),
        What::Cancelled => ("Stopped".into(), String::new(), None),
    };
    strip(ui, theme::PANEL_HEAD - 1.0, |ui| {
        ui.spacing_mut().item_spacing.x = 3.0;
        widgets::lane_badge(ui, entry.from);
        if entry.to != entry.from {
            widgets::lane_badge(ui, entry.to);
        }
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.add_space(5.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            compared = compare::menu_ui(ui, workspace, (run, entry), part);
            if let Some(took) = entry.took.filter(|took| !took.is_zero()) {
                widgets::mono(ui, &short_time(took), tokens.text_second);
            }
            if let Some((status, colour)) = status {
                widgets::mono(ui, &format!("{status} {}", reason(status)), colour);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                if !title.is_empty() {
                    widgets::emphasis(ui, &title);
                }
                let code = RichText::new(display_text(&code)).font(theme::code(theme::CODE)).color(tokens.text);
                ui.add(egui::Label::new(code).truncate());
            });
        });
    });
    widgets::hline(ui);
    compared
}

/// What we think of a delivery, in a word.
pub(super) fn verdict_pill(verdict: &Verdict) -> (Tone, &'static str) {
    match verdict {
        Verdict::Matched => (Tone::Success, "matched"),
        Verdict::Addressed => (Tone::Neutral, "addressed"),
        Verdict::Swapped { .. } => (Tone::Danger, "other session"),
        Verdict::Duplicate { .. } => (Tone::Warning, "duplicate"),
        Verdict::Contradicts { .. } => (Tone::Danger, "contradicts"),
        Verdict::Unexpected => (Tone::Warning, "unexpected"),
    }
}

/// The usual words of a status code. Source: RFC 9110.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 | 302 => "Found",
        303 => "See Other",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        413 => "Too Large",
        422 => "Unprocessable",
        429 => "Too Many",
        500 => "Server Error",
        502 => "Bad Gateway",
        503 => "Unavailable",
        504 => "Time-out",
        _ => "",
    }
}
