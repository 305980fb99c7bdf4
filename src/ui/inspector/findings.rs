//! What there is to say about the selected row: sign, rule, title, reason, weight in words.

use std::rc::Rc;

use egui::{RichText, Ui};

use crate::model::lint::observed::Observation;
use crate::model::run::Run;
use crate::ui::theme::{self, Tokens};
use crate::ui::timeline::found;
use crate::ui::timeline::rows::severity_tone;
use crate::ui::widgets::{self, display_text};

/// Those of a row, as the timeline knows them.
pub(super) fn of(ctx: &egui::Context, run: &Run, number: usize) -> Rc<[Observation]> {
    found(ctx, run).of_row(number).into()
}

/// All of a row's findings as cards.
pub(super) fn list_ui(ui: &mut Ui, findings: &[Observation]) {
    let tokens = Tokens::of(ui);
    ui.spacing_mut().item_spacing.y = 8.0;
    if findings.is_empty() {
        widgets::muted(ui, "No rule has anything to say about this row");
    }
    for one in findings {
        let (tone, sign) = severity_tone(one.severity);
        widgets::note(ui, tone, |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                widgets::icon(ui, sign.0, 16.0, tokens.tone(tone).ink);
                let rule = RichText::new(one.rule).font(theme::code(theme::CODE)).color(tokens.tone(tone).ink);
                ui.label(rule);
                ui.label(RichText::new(display_text(&one.title)).color(tokens.text));
            });
            let message = RichText::new(display_text(&one.message)).color(tokens.text_second);
            ui.add(egui::Label::new(message).wrap());
            widgets::muted(ui, one.severity.name());
        });
    }
}
