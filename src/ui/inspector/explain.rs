//! What a row is, in plain words.

use egui::{RichText, Ui};

use super::head::verdict_pill;
use super::{Row, meaning};
use crate::model::run::What;
use crate::model::scheme::PhoneKind;
use crate::ui::phone;
use crate::ui::theme::Tokens;
use crate::ui::widgets::{self, display_text};

/// Draws the page.
pub(super) fn ui(ui: &mut Ui, row: &Row<'_>) {
    let tokens = Tokens::of(ui);
    if let What::Delivery(delivery) = &row.entry.what {
        let (tone, word) = verdict_pill(&delivery.verdict);
        widgets::pill_with(ui, tone, None, word, 17.0);
    }
    let text = RichText::new(display_text(&meaning::sentence(&row.entry.what))).color(tokens.text);
    ui.add(egui::Label::new(text).wrap());
    match &row.entry.what {
        What::Phone(message) => {
            let shown = phone::Message {
                sender: &message.sender,
                text: &message.text,
                code: &message.code,
                push: message.kind == PhoneKind::Push,
                decided: None,
                over: Some("Decide in the phone panel: Sandbox, Phone"),
            };
            phone::ui(ui, &shown);
        }
        What::Failed(_, problem) => widgets::problem_ui(ui, problem),
        _ => (),
    }
}
