//! What there is to say about the selected row: sign, rule, title, reason, weight in words.
//! Keeps the findings of the run until it changes.

use std::rc::Rc;

use egui::{RichText, Ui};

use crate::model::lint::observed::{Observation, observed};
use crate::model::run::Run;
use crate::ui::theme::{self, Tokens};
use crate::ui::timeline::rows::severity_tone;
use crate::ui::timeline::{Key, key};
use crate::ui::widgets::{self, display_text};

/// The findings of the run that was looked at last, and those of the row.
#[derive(Debug, Default)]
pub(super) struct Findings {
    run: Option<(Key, Vec<Observation>)>,
    row: Option<(Key, usize, Rc<[Observation]>)>,
}

impl Findings {
    /// Those of a row; computed when the run has changed.
    pub fn of(&mut self, run: &Run, number: usize) -> Rc<[Observation]> {
        let now = key(run);
        if let Some((of, row, findings)) = &self.row
            && (*of, *row) == (now, number)
        {
            return findings.clone();
        }
        if self.run.as_ref().is_none_or(|(of, _)| *of != now) {
            self.run = Some((now, observed(run)));
        }
        let all = self.run.iter().flat_map(|(_, all)| all).filter(|one| one.entry == number);
        let mut own: Vec<Observation> = all.cloned().collect();
        own.sort_by_key(|one| one.severity); // the heaviest first
        let own: Rc<[Observation]> = own.into();
        self.row = Some((now, number, own.clone()));
        own
    }
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
