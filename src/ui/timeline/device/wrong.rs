//! The next message: something wrong with it on purpose, or the whole of it as it is typed.

use std::time::Duration;

use egui::{RichText, TextEdit, Ui};
use egui_material_icons::icons as i;

use super::Stage;
use super::parts::{self, Sort};
use crate::bus::Command;
use crate::model::RunId;
use crate::model::device::{self, Act, Device, Mischief, Reply, Said};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{self, muted_lines, primary_button, secondary_button};

/// As many messages of which challenge: what is typed is for the one that comes then.
type Key = (RunId, usize, Duration);

/// View state.
#[derive(Debug, Default)]
pub(super) struct State {
    of: Option<Key>,
    /// As the program would send it.
    offered: String,
    typed: String,
    /// Why what is typed is no JSON; it is looked at only when it changes.
    flaw: Option<String>,
}

impl State {
    /// After each message the next one is offered.
    pub fn follow(&mut self, stage: &Stage<'_>) {
        let Some(device) = stage.device() else { return };
        let sent = || device.messages.iter().filter(|message| message.outward);
        let of = (stage.run.id, sent().count(), sent().next_back().map_or(Duration::ZERO, |message| message.at.mono));
        if self.of != Some(of) {
            let last = sent().next_back().and_then(|message| message.open.as_deref().ok());
            let offered = last.map(device::next_creq).unwrap_or_default();
            *self = Self { of: Some(of), flaw: flaw(&offered), typed: offered.clone(), offered };
        }
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, stage: &Stage<'_>, device: &Device, commands: &mut Vec<Command>) {
        let live = stage.run.is_open();
        if !live {
            muted_lines(ui, "The session is over; nothing is sent any more");
        }
        ui.add_enabled_ui(live, |ui| {
            wrong_ui(ui, stage, device, commands);
            ui.add_space(4.0);
            let late = secondary_button(ui, Some(i::ICON_TIMER_OFF.outlined()), "Let the SDK's time run out", None);
            if late.on_hover_text("challengeCancel 08, as an SDK sends it when its own time is over").clicked() {
                commands.push(Command::Device(stage.run.id, Act::Reply(Reply::of(Said::TimeOut))));
            }
            ui.add_space(4.0);
            widgets::hline(ui);
            self.typed_ui(ui, stage, device, commands);
        });
    }

    fn typed_ui(&mut self, ui: &mut Ui, stage: &Stage<'_>, device: &Device, commands: &mut Vec<Command>) {
        let label = widgets::emphasis(ui, "Edit as JSON");
        if device.messages.is_empty() {
            muted_lines(ui, "Once the challenge is open: the next CReq, counter included, as you write it");
            return;
        }
        muted_lines(ui, "The next CReq, counter included, as you write it; it is sealed as the others are");
        let field = TextEdit::multiline(&mut self.typed).font(theme::code(theme::CODE)).desired_rows(8);
        let field = ui.add(field.desired_width(f32::INFINITY).hint_text("A CReq")).labelled_by(label.id);
        widgets::name(&field, "Next message");
        if field.changed() {
            self.flaw = flaw(&self.typed);
        }
        ui.horizontal_wrapped(|ui| {
            if primary_button(ui, Some(i::ICON_SEND.outlined()), "Send the message", None).clicked() {
                commands.push(Command::Device(stage.run.id, Act::Send(self.typed.clone())));
            }
            if self.typed != self.offered
                && widgets::ghost_button(ui, Some(i::ICON_UNDO.outlined()), "As the program wrote it", None).clicked()
            {
                self.typed = self.offered.clone();
                self.flaw = flaw(&self.typed);
            }
        });
        if let Some(error) = &self.flaw {
            let text = RichText::new(format!("Not valid JSON, sent all the same: {error}"));
            ui.add(egui::Label::new(text.font(theme::words(theme::SMALL)).color(Tokens::of(ui).warning.ink)).wrap());
        }
    }
}

/// Why this is no JSON.
fn flaw(text: &str) -> Option<String> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).err().map(|error| error.to_string())
}

fn wrong_ui(ui: &mut Ui, stage: &Stage<'_>, device: &Device, commands: &mut Vec<Command>) {
    widgets::emphasis(ui, "Make the next message wrong");
    muted_lines(ui, "To see what the bank makes of it; whatever goes out next carries it");
    let all: Vec<(Option<Mischief>, &str, &str)> = std::iter::once((None, "As it should be", ""))
        .chain(Mischief::ALL.map(|one| (Some(one), one.name(), about(one))))
        .collect();
    let mut rows = Vec::new();
    let mut hit = None;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (place, (wrong, name, about)) in all.iter().enumerate() {
            let row = parts::choice(ui, Sort::Radio, device.wrong == *wrong, name, about);
            if row.clicked() {
                hit = Some(place);
            }
            rows.push(row);
        }
    });
    let hit = hit.or_else(|| parts::arrows(ui, &rows)).and_then(|place| all.get(place));
    if let Some((wrong, ..)) = hit.filter(|(wrong, ..)| *wrong != device.wrong) {
        commands.push(Command::Device(stage.run.id, Act::Wrong(*wrong)));
    }
}

fn about(wrong: Mischief) -> &'static str {
    match wrong {
        Mischief::RepeatCounter => "The number of the message before",
        Mischief::SkipCounter => "One number is left out",
        Mischief::ForeignKey => "A key that nobody agreed on",
        Mischief::ForeignKid => "Another transaction's identifier in the header",
        Mischief::Tampered => "After it was sealed",
        Mischief::OtherEnc => "Sealed by the other method than before",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_said_why() {
        assert_eq!(flaw(r#"{"a": 1}"#), None);
        assert!(flaw("{").is_some_and(|why| why.contains("EOF")));
    }
}
