//! What the chosen `challenge_indicator` means, beneath its row: what it asks of the bank, what
//! it needs, and who carries the risk. Draws nothing for a value that asks for nothing special.

use egui::{RichText, Ui, vec2};
use egui_material_icons::icons as i;

use crate::model::exemption;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets;

/// Width of the captions, points.
const CAPTION: f32 = 76.0;

/// Draws the card of this value.
pub fn ui(ui: &mut Ui, word: &str) {
    let Some(wish) = exemption::wish(word) else { return };
    widgets::note(ui, Tone::Accent, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.horizontal(|ui| {
            widgets::icon(ui, i::ICON_SHIELD.outlined(), 16.0, Tokens::of(ui).accent.ink);
            widgets::emphasis(ui, wish.title);
        });
        for (caption, text) in [
            ("Asks", wish.asks),
            ("Needs", wish.needs),
            ("The bank may", wish.bank),
            ("Risk", wish.granted),
            ("If it asks", wish.refused),
        ] {
            if !text.is_empty() {
                line_ui(ui, caption, text);
            }
        }
    });
}

fn line_ui(ui: &mut Ui, caption: &str, text: &str) {
    let tokens = Tokens::of(ui);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let galley = widgets::line_of(ui, caption, theme::words(theme::SMALL), tokens.muted);
        let (rect, response) = ui.allocate_exact_size(vec2(CAPTION, galley.size().y), egui::Sense::hover());
        widgets::name(&response, caption);
        ui.painter().galley(rect.min, galley, tokens.muted);
        let text = RichText::new(text).font(theme::words(theme::SMALL)).color(tokens.text_second);
        ui.add(egui::Label::new(text).wrap());
    });
}
