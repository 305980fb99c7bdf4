//! What the user should know and belongs to no run: good news passes by itself, errors
//! stay until dismissed. Remembers only since when a passing notice is shown.

use std::collections::BTreeMap;
use std::time::Duration;

use egui::{Align2, Area, Frame, Margin, Order, Stroke, Ui, vec2};
use egui_material_icons::icons as i;

use super::theme::{self, Tokens, Tone};
use super::widgets;
use crate::bus::Command;
use crate::model::{Notice, Stamp, Weight, Workspace};

/// How long good news stays. Source: design.md, «Toast».
const PASSING: Duration = Duration::from_secs(4);
/// Width of a notice, points.
const WIDTH: f32 = 320.0;
/// Errors shown at once; the others wait behind them.
const AT_ONCE: usize = 3;

/// Since when each passing notice is on the screen.
#[derive(Debug, Default)]
pub struct Notices {
    since: BTreeMap<u64, Stamp>,
}

impl Notices {
    /// Draws the notices at the bottom right, above the status bar.
    pub fn ui(&mut self, ui: &Ui, workspace: &Workspace, now: Stamp, commands: &mut Vec<Command>) {
        let notices = &workspace.notices;
        self.since.retain(|number, _| notices.iter().any(|notice| notice.number == *number));
        if notices.is_empty() {
            return;
        }
        let offset = vec2(-theme::PADDING, -theme::STATUS_BAR - theme::PADDING);
        let area = Area::new(egui::Id::unique("notices")).anchor(Align2::RIGHT_BOTTOM, offset).order(Order::Foreground);
        area.show(ui.ctx(), |ui| {
            ui.set_width(WIDTH);
            let (passing, errors): (Vec<&Notice>, Vec<&Notice>) =
                notices.iter().partition(|notice| notice.weight == Weight::Passing);
            for notice in errors.iter().take(AT_ONCE) {
                error_ui(ui, notice, commands);
            }
            if errors.len() > AT_ONCE {
                widgets::muted(ui, &format!("{} more", errors.len() - AT_ONCE));
            }
            for notice in passing {
                self.passing_ui(ui, notice, now, commands);
            }
        });
    }

    fn passing_ui(&mut self, ui: &mut Ui, notice: &Notice, now: Stamp, commands: &mut Vec<Command>) {
        let since = *self.since.entry(notice.number).or_insert(now);
        let shown = now.since(since);
        if shown >= PASSING {
            commands.push(Command::Dismiss(notice.number));
        } else {
            ui.ctx().request_repaint_after(PASSING - shown);
        }
        let tokens = Tokens::of(ui);
        frame(tokens).show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            ui.horizontal(|ui| {
                widgets::icon(ui, i::ICON_CHECK.outlined(), 16.0, tokens.success.ink);
                ui.add(egui::Label::new(widgets::display_text(&notice.problem.summary)).wrap());
            });
        });
    }
}

fn frame(tokens: &Tokens) -> Frame {
    Frame::new()
        .fill(tokens.bg2)
        .stroke(Stroke::new(1.0, tokens.line_strong))
        .corner_radius(7)
        .inner_margin(Margin::same(8))
}

fn error_ui(ui: &mut Ui, notice: &Notice, commands: &mut Vec<Command>) {
    frame(Tokens::of(ui)).inner_margin(Margin::same(1)).show(ui, |ui| {
        let tone = if notice.weight == Weight::Warning { Tone::Warning } else { Tone::Danger };
        widgets::told_with(ui, tone, &notice.problem, |ui| {
            let label = "Dismiss";
            if widgets::button(ui, widgets::Look::Secondary, widgets::Size::Small, None, label, None).clicked() {
                commands.push(Command::Dismiss(notice.number));
            }
        });
    });
}
