//! What the outside world sent to our listener, and what we answered.

use egui::{RichText, Ui};

use super::body::Body;
use super::head::{reason, verdict_pill};
use super::tabs::Tab;
use super::{Panel, Row, padded, strip};
use crate::model::delivery::Delivery;
use crate::model::exchange::header;
use crate::model::retell;
use crate::ui::theme::{Tokens, Tone};
use crate::ui::widgets::{self, display_text};

impl Panel {
    /// A page of a delivery that shows bytes.
    pub(super) fn delivery_ui(&mut self, ui: &mut Ui, row: &Row<'_>, delivery: &Delivery, tab: Tab) {
        if tab == Tab::Response {
            return padded(ui, |ui| answer_ui(ui, delivery));
        }
        strip(ui, 32.0, |ui| {
            let (tone, word) = verdict_pill(&delivery.verdict);
            widgets::pill_with(ui, tone, None, word, 17.0);
            let verdict = RichText::new(display_text(&retell::verdict(&delivery.verdict)));
            ui.add(egui::Label::new(verdict.color(Tokens::of(ui).text_second)).truncate());
        });
        widgets::hline(ui);
        let kind = header(&delivery.headers, "content-type");
        let coding = header(&delivery.headers, "content-encoding");
        self.body_ui(ui, row, Tab::Request, "body", || Body::new(&delivery.body, kind).coded(coding));
    }
}

/// What the listener answered; it says nothing but a status.
fn answer_ui(ui: &mut Ui, delivery: &Delivery) {
    let tokens = Tokens::of(ui);
    let line = format!("{} {}", delivery.answered, reason(delivery.answered));
    widgets::mono(ui, line.trim(), tokens.tone(Tone::of_http(delivery.answered)).ink);
    let words = match delivery.answered {
        200..=299 => {
            "The listener took it: stored first, then answered. The sender has no cause to send it again. The answer \
             says nothing else to the sender."
        }
        300..=399 => "The listener took it and sends the browser on to a page of the shop.",
        _ => "The listener did not take it. A sender of callbacks may send it again.",
    };
    ui.add(egui::Label::new(RichText::new(words).color(tokens.text_second)).wrap());
}
