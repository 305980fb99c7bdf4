//! The shopper's phone: one message of the bank, with the code to copy, or with the buttons
//! that approve and deny while the bank's page waits. Says what was pressed; does none of it.

use egui::{Margin, RichText, Ui};
use egui_material_icons::icons as i;

use super::theme::{self, Tokens, Tone};
use super::widgets::{self, display_text, muted};
use crate::model::run::PhoneAct;

/// A message as it is drawn.
pub struct Message<'a> {
    /// The bank.
    pub sender: &'a str,
    /// What it says.
    pub text: &'a str,
    /// What the shopper is to type; empty in a question of the bank's app.
    pub code: &'a str,
    /// It is a question of the bank's app.
    pub push: bool,
    /// `approve` or `deny`, once somebody has.
    pub decided: Option<&'a str>,
    /// Why nobody can decide now; `None` if somebody can.
    pub over: Option<&'a str>,
}

/// Draws the message; gives what was pressed.
pub fn ui(ui: &mut Ui, message: &Message<'_>) -> Option<PhoneAct> {
    ui_with(ui, message, |_| ())
}

/// The same with more beside the code.
pub fn ui_with(ui: &mut Ui, message: &Message<'_>, more: impl FnOnce(&mut Ui)) -> Option<PhoneAct> {
    let tokens = Tokens::of(ui);
    let frame = egui::Frame::new()
        .fill(tokens.bg1)
        .stroke(theme::line(tokens))
        .corner_radius(6)
        .inner_margin(Margin::symmetric(10, 7));
    frame
        .show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            ui.horizontal(|ui| {
                let sign = if message.push { i::ICON_SMARTPHONE } else { i::ICON_SMS };
                widgets::icon(ui, sign.outlined(), 14.0, tokens.muted);
                muted(ui, &sender(message.sender));
                muted(ui, if message.push { "· bank app" } else { "· text message" });
            });
            text_ui(ui, message);
            if !message.code.is_empty() {
                ui.horizontal(|ui| {
                    let code = display_text(message.code);
                    widgets::emphasis_with(ui, &code, theme::code(14.0), tokens.text);
                    widgets::copy_button(ui, "code", message.code);
                    more(ui);
                });
            }
            if message.push { decide_ui(ui, message) } else { None }
        })
        .inner
}

/// The bank's name, if the window's fonts have it.
pub fn sender(name: &str) -> String {
    if drawable(name) { display_text(name) } else { "Bank (in another script)".into() }
}

/// What the message says; where the window cannot draw its script, what it means and a copy.
fn text_ui(ui: &mut Ui, message: &Message<'_>) {
    let tokens = Tokens::of(ui);
    let line = |ui: &mut Ui, text: String| {
        ui.add(egui::Label::new(RichText::new(text).color(tokens.text)).wrap());
    };
    if drawable(message.text) {
        return line(ui, display_text(message.text));
    }
    let meaning = match (message.push, message.code.is_empty()) {
        (true, _) => "The bank asks whether this payment is to be approved.",
        (false, false) => "The bank sends a code for this payment.",
        (false, true) => "The bank writes about this payment.",
    };
    line(ui, meaning.into());
    ui.horizontal_wrapped(|ui| {
        muted(ui, "Its own words are in a script that this window cannot draw");
        widgets::copy_button(ui, "message", message.text);
    });
}

/// True if the window's fonts can draw it as it is meant: they have no script beyond Greek and
/// Cyrillic, and nothing here runs from right to left.
pub fn drawable(text: &str) -> bool {
    let signs = '\u{1E00}'..='\u{2BFF}'; // more Latin and Greek, punctuation, currencies, arrows
    text.chars().all(|c| c < '\u{0530}' || signs.contains(&c))
}

fn decide_ui(ui: &mut Ui, message: &Message<'_>) -> Option<PhoneAct> {
    match message.decided {
        Some("approve") => {
            widgets::pill_with(ui, Tone::Success, Some(i::ICON_CHECK.outlined()), "Approved on the phone", 20.0);
            return None;
        }
        Some(_) => {
            widgets::pill_with(ui, Tone::Danger, Some(i::ICON_BLOCK.outlined()), "Denied on the phone", 20.0);
            return None;
        }
        None => (),
    }
    let mut pressed = None;
    ui.add_space(2.0);
    ui.horizontal(|ui| {
        ui.add_enabled_ui(message.over.is_none(), |ui| {
            let over = message.over.unwrap_or_default();
            let approve = widgets::primary_button(ui, Some(i::ICON_CHECK.outlined()), "Approve", None);
            if approve.on_disabled_hover_text(over).clicked() {
                pressed = Some(PhoneAct::Approve);
            }
            let deny = widgets::secondary_button(ui, Some(i::ICON_BLOCK.outlined()), "Deny", None);
            if deny.on_disabled_hover_text(over).clicked() {
                pressed = Some(PhoneAct::Deny);
            }
        });
    });
    pressed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_fonts_have_is_drawn_as_it_came() {
        for text in ["Larkfield Bank", "Banque des Deux-Rives · 65,40 €", "Tausend Grüße…", "Банк", ""] {
            assert!(drawable(text), "{text}");
        }
        for text in ["بنك باب النخيل", "USD 65.40 في", "銀行", "בנק"] {
            assert!(!drawable(text), "{text}");
        }
    }
}
