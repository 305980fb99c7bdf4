//! The header lines of a row, each with what it says.

use egui::{Align, Layout, RichText, Ui, vec2};

use crate::model::delivery::Delivery;
use crate::model::exchange::Headers;
use crate::model::run::{Entry, What};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, display_text, muted};

/// Draws the page.
pub(super) fn ui(ui: &mut Ui, entry: &Entry) {
    match &entry.what {
        What::Exchange(exchange) => {
            let answer = exchange.response();
            let count = exchange.request.headers.len() + answer.map_or(0, |answer| answer.headers.len());
            muted(ui, &format!("{count} lines"));
            headers_ui(ui, "Request", &exchange.request.headers, exchange.masked > 0);
            if let Some(answer) = answer {
                headers_ui(ui, "Response", &answer.headers, exchange.masked > 0);
            }
        }
        What::Delivery(delivery) => delivery_details_ui(ui, delivery),
        _ => (),
    }
}

fn headers_ui(ui: &mut Ui, title: &str, headers: &Headers, masks: bool) {
    let tokens = Tokens::of(ui);
    ui.add_space(8.0);
    widgets::emphasis(ui, title);
    ui.add_space(4.0);
    for (name, value) in headers {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let name_width = theme::LABEL_COLUMN.min(ui.available_width() * 0.4);
            let cell = |ui: &mut Ui, width: f32, text: RichText| {
                ui.allocate_ui_with_layout(vec2(width, theme::TARGET), Layout::left_to_right(Align::Center), |ui| {
                    ui.set_min_width(width);
                    ui.set_max_width(width);
                    ui.add(egui::Label::new(text).wrap());
                });
            };
            let shown = RichText::new(display_text(name)).font(theme::code(theme::SMALL)).color(tokens.text_second);
            cell(ui, name_width, shown);
            let masked = masks && is_masked(value);
            let room = ui.available_width() - theme::TARGET - 6.0 - if masked { 136.0 } else { 0.0 };
            cell(
                ui,
                room.max(40.0),
                RichText::new(display_text(&short_mask(value))).font(theme::code(theme::CODE)).color(tokens.text),
            );
            if masked {
                let pill = widgets::pill_with(ui, Tone::Neutral, None, "masked when recorded", 17.0);
                pill.on_hover_text("The value was never kept; only its length");
            }
            widgets::copy_button(ui, name, value);
        });
        widgets::hline(ui);
    }
}

/// A mask as long as a token says nothing more than a short one.
fn short_mask(value: &str) -> String {
    const LONG: usize = 12;
    let stars = "*".repeat(LONG);
    let mut short = value.to_owned();
    while let Some(place) = short.find(&format!("{stars}*")) {
        let rest = short[place..].find(|c| c != '*').map_or(short.len(), |end| place + end);
        short.replace_range(place..rest, &stars);
    }
    short
}

/// True if a value is, or ends in, what a mask leaves. Source: `model::redact`.
fn is_masked(value: &str) -> bool {
    ["****", "••••"].iter().any(|mask| value.contains(mask))
}

fn delivery_details_ui(ui: &mut Ui, delivery: &Delivery) {
    widgets::key_value_ui(ui, "number", &delivery.seq.0.to_string());
    widgets::key_value_ui(ui, "arrived", &delivery.at.wall.to_string());
    widgets::key_value_ui(ui, "from", &delivery.peer.to_string());
    widgets::key_value_ui(ui, "to", &delivery.target);
    widgets::key_value_ui(ui, "answered", &delivery.answered.to_string());
    if let Some(session) = &delivery.session {
        widgets::key_value_ui(ui, "names session", &session.0);
    }
    headers_ui(ui, "Headers", &delivery.headers, true);
}
