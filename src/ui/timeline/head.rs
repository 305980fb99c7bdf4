//! The panel's head: whose session, how it stands, how long, which of the views.

use egui::{Align, Layout, Sense, Ui, UiBuilder, vec2};

use super::rows::middle_cut;
use super::{Panel, View};
use crate::model::moment::Then;
use crate::model::run::Run;
use crate::model::trace::Question;
use crate::model::{Stamp, Workspace};
use crate::ui::inspector::why::ask_ui;
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{self, display_text, muted};

impl Panel {
    pub(super) fn head_ui(&mut self, ui: &mut Ui, workspace: &Workspace, run: &Run, now: Stamp, then: Option<&Then>) {
        strip(ui, theme::PANEL_HEAD, |ui| {
            let narrow = ui.available_width() < ROOM_FOR_WORDS;
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let mut view = self.view.of(run);
                if widgets::segmented(ui, &mut view, View::all(run)) {
                    self.view = view;
                }
                self.picker_ui(ui, workspace, run, now, narrow);
                if let Some(runs) = self.beside.button_ui(ui, workspace, run, now) {
                    self.versions.show(runs);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.set_clip_rect(ui.max_rect().expand2(vec2(2.0, 8.0)).intersect(ui.clip_rect()));
                    session_ui(ui, run, super::present(workspace, run, now), then, &mut self.links);
                });
            });
        });
        widgets::hline(ui);
    }

    fn picker_ui(&mut self, ui: &mut Ui, workspace: &Workspace, run: &Run, now: Stamp, narrow: bool) {
        if workspace.runs.len() < 2 {
            return;
        }
        let place = workspace.runs.keys().position(|id| *id == run.id).map_or(0, |place| place + 1);
        let mut picked = None;
        let text = format!("Session {place} of {}", workspace.runs.len());
        let short = format!("{place}/{}", workspace.runs.len());
        let (shown, width) = if narrow { (&short, 56.0) } else { (&text, 130.0) };
        let combo = egui::ComboBox::from_id_salt("sessions").selected_text(shown).width(width).show_ui(ui, |ui| {
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

/// Under this width, points, the picker shows only numbers.
const ROOM_FOR_WORDS: f32 = 640.0;

/// Whose session, how it stands, how long: as much of it as there is room for.
fn session_ui(ui: &mut Ui, run: &Run, now: Stamp, then: Option<&Then>, links: &mut Vec<Link>) {
    let tokens = Tokens::of(ui);
    let Some(session) = then.map_or_else(|| run.session(), |then| then.session.as_ref()) else {
        widgets::emphasis(ui, "Session");
        muted(ui, "not created yet");
        time_ui(ui, run, now, then);
        return;
    };
    let id = display_text(&session.id.0);
    let room = ui.available_width();
    let pill = widgets::line_of(ui, session.status.word(), theme::words(theme::BODY), tokens.text).size().x + 34.0;
    let why = widgets::line_of(ui, "Why?", theme::words(theme::BODY), tokens.text).size().x;
    let letter = widgets::line_of(ui, "0", theme::code(theme::CODE), tokens.text).size().x.max(1.0);
    let spare = room - pill - why - theme::TARGET - 4.0 * ui.spacing().item_spacing.x;
    let shown = match spare / letter {
        23.0.. => Some((12, 6)),
        17.0.. => Some((6, 6)),
        11.0.. => Some((3, 4)),
        6.0.. => Some((0, 5)),
        _ => None, // the button copies it all the same
    };
    if let Some((head, tail)) = shown {
        widgets::mono(ui, &middle_cut(&id, head, tail), tokens.text).on_hover_text(id);
    }
    widgets::copy_button(ui, "session id", &session.id.0);
    widgets::status_pill(ui, &session.status);
    if spare >= 0.0 {
        let row = then.map(|then| then.view).unwrap_or_default();
        ask_ui(ui, run, Question::Status(row), "this status", links);
    }
    time_ui(ui, run, now, then);
}

/// How long it took and how long ago that is, if there is room.
fn time_ui(ui: &mut Ui, run: &Run, now: Stamp, then: Option<&Then>) {
    let length = if run.is_open() { now.since(run.started) } else { run.length() };
    let ended = now.since(run.started).saturating_sub(run.length());
    let words = match then {
        Some(_) => "then".into(),
        None if run.is_open() => "running".into(),
        None => widgets::ago(ended),
    };
    let length = then.map_or(length, |then| then.at);
    let short = format!("{:.2} s", length.as_secs_f32());
    let long = format!("{short} · {words}");
    let colour = Tokens::of(ui).muted;
    let fits =
        |text: &str| widgets::line_of(ui, text, theme::words(theme::TAB), colour).size().x <= ui.available_width();
    let text = [long, short].into_iter().find(|text| fits(text));
    if let Some(text) = text {
        muted(ui, &text).on_hover_text(format!("Began {}", run.started.wall));
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
