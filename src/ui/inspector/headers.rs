//! The header lines of a row, each with what it says.

use egui::{Align, Layout, RichText, Ui, vec2};

use super::tabs::Tab;
use crate::model::delivery::Delivery;
use crate::model::exchange::Headers;
use crate::model::payload::lossless;
use crate::model::run::{Entry, What};
use crate::model::{lens, meaning};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, display_text, muted};

/// Draws the page. Returns the tab to go to, if somebody asked for one.
pub(super) fn ui(ui: &mut Ui, entry: &Entry) -> Option<Tab> {
    let mut go = None;
    match &entry.what {
        What::Exchange(exchange) => {
            let answer = exchange.response();
            let count = exchange.request.headers.len() + answer.map_or(0, |answer| answer.headers.len());
            muted(ui, &format!("{count} {}", if count == 1 { "line" } else { "lines" }));
            headers_ui(ui, "Request", &exchange.request.headers, exchange.masked > 0, &mut go);
            if let Some(answer) = answer {
                headers_ui(ui, "Response", &answer.headers, exchange.masked > 0, &mut go);
            }
        }
        What::Delivery(delivery) => {
            headers_ui(ui, "Request", &delivery.headers, true, &mut go);
            ui.add_space(8.0);
            widgets::emphasis(ui, "How it came");
            ui.add_space(4.0);
            delivery_details_ui(ui, delivery);
            ui.add_space(8.0);
            widgets::emphasis(ui, "Head as received");
            ui.add_space(4.0);
            widgets::code_ui(ui, "head", &lossless(&delivery.head));
        }
        _ => (),
    }
    go
}

fn headers_ui(ui: &mut Ui, title: &str, headers: &Headers, masks: bool, go: &mut Option<Tab>) {
    ui.add_space(8.0);
    widgets::emphasis(ui, title);
    ui.add_space(4.0);
    if headers.is_empty() {
        muted(ui, "No header lines");
    }
    for (name, value) in headers {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            header_ui(ui, (name, value), masks, go);
        });
        widgets::hline(ui);
    }
}

fn header_ui(ui: &mut Ui, (name, value): (&str, &str), masks: bool, go: &mut Option<Tab>) {
    let tokens = Tokens::of(ui);
    let cell = |ui: &mut Ui, width: f32, text: RichText, hover: Option<&str>| {
        ui.allocate_ui_with_layout(vec2(width, theme::TARGET), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(width);
            ui.set_max_width(width);
            let label = ui.add(egui::Label::new(text).wrap());
            if let Some(hover) = hover {
                label.on_hover_text(hover);
            }
        });
    };
    let name_width = theme::LABEL_COLUMN.min(ui.available_width() * 0.4);
    let shown = RichText::new(display_text(name)).font(theme::code(theme::SMALL)).color(tokens.text_second);
    cell(ui, name_width, shown, meaning::header(name));
    let masked = masks && is_masked(value);
    let token = value.strip_prefix("Bearer ").unwrap_or(value);
    let reads = name.eq_ignore_ascii_case("authorization") && (token != value || lens::peek(name, token).is_some());
    let ways = if masked { 76.0 } else { 0.0 } + if reads { 66.0 } else { 0.0 };
    let room = ui.available_width() - theme::TARGET - 6.0 - ways;
    let text = RichText::new(display_text(&short_mask(value))).font(theme::code(theme::CODE)).color(tokens.text);
    cell(ui, room.max(40.0), text, None);
    if masked {
        let pill = widgets::pill_with(ui, Tone::Neutral, None, "masked", 17.0);
        pill.on_hover_text("Masked when recorded: the value was never kept, only its length");
    }
    if reads && widgets::link(ui, "Decoded").clicked() {
        *go = Some(Tab::Decoded);
    }
    widgets::copy_button(ui, name, value);
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
}
