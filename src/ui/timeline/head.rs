//! The panel's head: whose session, how it stands, how long, which of the views.

use egui::{Align, Layout, Sense, Ui, UiBuilder, vec2};

use super::rows::middle_cut;
use super::{Panel, View};
use crate::model::moment::Then;
use crate::model::run::Run;
use crate::model::{Stamp, Workspace};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{self, display_text, muted};

impl Panel {
    pub(super) fn head_ui(&mut self, ui: &mut Ui, workspace: &Workspace, run: &Run, now: Stamp, then: Option<&Then>) {
        let tokens = Tokens::of(ui);
        strip(ui, theme::PANEL_HEAD, |ui| {
            match then.map_or_else(|| run.session(), |then| then.session.as_ref()) {
                Some(session) => {
                    let id = display_text(&session.id.0);
                    let short = widgets::mono(ui, &middle_cut(&id, 12, 6), tokens.text);
                    short.on_hover_text(id);
                    widgets::copy_button(ui, "session id", &session.id.0);
                    widgets::status_pill(ui, &session.status);
                }
                None => {
                    widgets::emphasis(ui, "Session");
                    muted(ui, "not created yet");
                }
            }
            let length = if run.is_open() { now.since(run.started) } else { run.length() };
            let ended = now.since(run.started).saturating_sub(run.length());
            let words = match then {
                Some(_) => "then".into(),
                None if run.is_open() => "running".into(),
                None => widgets::ago(ended),
            };
            let length = then.map_or(length, |then| then.at);
            let when = muted(ui, &format!("{:.2} s · {words}", length.as_secs_f32()));
            when.on_hover_text(format!("Began {}", run.started.wall));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let views = [(View::List, "List"), (View::Sequence, "Sequence"), (View::States, "States")];
                widgets::segmented(ui, &mut self.view, &views);
                self.picker_ui(ui, workspace, run, now);
            });
        });
        widgets::hline(ui);
    }

    fn picker_ui(&mut self, ui: &mut Ui, workspace: &Workspace, run: &Run, now: Stamp) {
        if workspace.runs.len() < 2 {
            return;
        }
        let place = workspace.runs.keys().position(|id| *id == run.id).map_or(0, |place| place + 1);
        let mut picked = None;
        let text = format!("Session {place} of {}", workspace.runs.len());
        let combo = egui::ComboBox::from_id_salt("sessions").selected_text(&text).width(130.0).show_ui(ui, |ui| {
            ui.set_min_width(260.0);
            for (number, other) in workspace.runs.values().enumerate().rev() {
                let id = other.session_id().map_or_else(|| "not created".into(), |id| middle_cut(&id.0, 10, 6));
                let status = other.session().map_or("", |session| session.status.word());
                let ago = widgets::ago(now.since(other.started));
                let words = display_text(&format!("{}  {id}  {status}  {ago}", number + 1));
                if ui.selectable_label(other.id == run.id, words).clicked() {
                    picked = Some(other.id);
                }
            }
        });
        widgets::name(&combo.response, &text);
        if picked.is_some() {
            self.show(picked);
        }
    }
}

/// A horizontal strip of this height with the panel's padding.
pub(super) fn strip(ui: &mut Ui, height: f32, add: impl FnOnce(&mut Ui)) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let inner = rect.shrink2(vec2(theme::PADDING, 0.0));
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), add);
}

pub(super) fn empty_head_ui(ui: &mut Ui) {
    strip(ui, theme::PANEL_HEAD - 1.0, |ui| {
        widgets::emphasis(ui, "Timeline");
        muted(ui, "no session yet");
    });
    widgets::hline(ui);
}
