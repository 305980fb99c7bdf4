//! The data-richness meter: how much a bank would learn from the draft, what it weighs, and
//! what is missing. Says where a missing thing would stand; the panel goes there.

use egui::{Align, Layout, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons as i;

use crate::model::draft::{Body, Draft};
use crate::model::richness::{self, Richness, THRESHOLD};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets;

/// Pieces of the bar.
const PIECES: usize = 10;
/// Most missing things listed: heavier ones come first.
const MOST: usize = 12;

/// What the meter says around its figures.
pub struct Words {
    /// Beside the bar.
    pub name: &'static str,
    /// On hover.
    pub tip: &'static str,
    /// Above what is missing.
    pub missing: &'static str,
}

/// Of a draft.
const DRAFT: Words = Words {
    name: "Data richness",
    tip: "How much a bank would learn: rich data let it decide without asking the shopper",
    missing: "Missing, what weighs most first",
};

/// Draws the meter of a draft: see [`shown_ui`].
pub fn ui(ui: &mut Ui, draft: &Draft, open: &mut bool) -> Option<(Body, String)> {
    shown_ui(ui, &richness::of(draft), &DRAFT, open)
}

/// Draws the bar, and beneath it, if `open`, what is weighed. Returns the place of the
/// missing thing that was clicked.
pub fn shown_ui(ui: &mut Ui, richness: &Richness, words: &Words, open: &mut bool) -> Option<(Body, String)> {
    if bar_ui(ui, richness.score, words, *open) {
        *open = !*open;
    }
    if *open { weighed_ui(ui, richness, words) } else { None }
}

fn bar_ui(ui: &mut Ui, score: u8, words: &Words, open: bool) -> bool {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::TARGET), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, true, open, words.name));
    if response.hovered() {
        ui.painter().rect_filled(rect.expand2(vec2(4.0, 0.0)), 4.0, tokens.bg2);
    }
    let painter = ui.painter();
    let middle = |height: f32| rect.center().y - height / 2.0;
    let name = widgets::line_of(ui, words.name, theme::words(theme::TAB), tokens.text_second);
    painter.galley(pos2(rect.left(), middle(name.size().y)), name.clone(), tokens.text_second);
    let sign = if open { i::ICON_EXPAND_LESS } else { i::ICON_EXPAND_MORE }.outlined();
    let sign = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 16.0), tokens.text_second);
    let mut right = rect.right() - sign.size().x;
    painter.galley(pos2(right, middle(sign.size().y)), sign, tokens.text_second);
    let text = widgets::line_of(ui, &format!("{score} of 100"), theme::code(theme::SMALL), tokens.text);
    right -= text.size().x + 6.0;
    painter.galley(pos2(right, middle(text.size().y)), text, tokens.text);
    let (left, right) = (rect.left() + name.size().x + 10.0, right - 10.0);
    let step = (right - left) / PIECES as f32;
    let fill = if score < THRESHOLD { tokens.warning.ink } else { tokens.accent.ink };
    for piece in 0..PIECES {
        let at = left + step * piece as f32;
        let place = Rect::from_min_size(pos2(at, rect.center().y - 3.0), vec2(step - 2.0, 6.0));
        painter.rect_filled(place, 2.0, tokens.bg3);
        let share = (f32::from(score) / PIECES as f32 - piece as f32).clamp(0.0, 1.0);
        if share > 0.0 {
            painter.rect_filled(place.with_max_x(place.left() + place.width() * share), 2.0, fill);
        }
    }
    widgets::focus_ring(ui, rect, &response);
    response.on_hover_text(words.tip).clicked()
}

fn weighed_ui(ui: &mut Ui, richness: &Richness, words: &Words) -> Option<(Body, String)> {
    let tokens = Tokens::of(ui);
    let mut gone = None;
    let frame = egui::Frame::new()
        .fill(tokens.bg2)
        .stroke(theme::line(tokens))
        .corner_radius(6)
        .inner_margin(egui::Margin::symmetric(10, 8));
    frame.show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 2.0;
        for (name, had, most) in &richness.groups {
            group_ui(ui, name, *had, *most);
        }
        ui.add_space(4.0);
        if richness.missing.is_empty() {
            widgets::muted(ui, "Nothing is missing that a bank would weigh");
        } else {
            widgets::muted_lines(ui, words.missing);
        }
        for missing in richness.missing.iter().take(MOST) {
            ui.horizontal(|ui| {
                let link = widgets::link(ui, missing.name).on_hover_text(missing.why);
                widgets::name(&link, &format!("Add {}", missing.name));
                if link.clicked() {
                    gone = Some((missing.body, missing.pointer.clone()));
                }
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    widgets::mono(ui, &format!("+{}", missing.weight), tokens.muted);
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        let why = egui::RichText::new(missing.why).font(theme::words(theme::SMALL)).color(tokens.muted);
                        ui.add(egui::Label::new(why).truncate().selectable(false));
                    });
                });
            });
        }
        if let Some(more) = richness.missing.len().checked_sub(MOST).filter(|more| *more > 0) {
            widgets::muted(ui, &format!("and {more} that weigh less"));
        }
    });
    ui.add_space(4.0);
    gone
}

fn group_ui(ui: &mut Ui, name: &str, had: u8, most: u8) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name}: {had} of {most}")));
    let middle = |height: f32| rect.center().y - height / 2.0;
    let name = widgets::line_of(ui, name, theme::words(theme::SMALL), tokens.text_second);
    let count = widgets::line_of(ui, &format!("{had} of {most}"), theme::code(theme::SMALL), tokens.muted);
    let right = rect.right() - count.size().x;
    ui.painter().galley(pos2(rect.left(), middle(name.size().y)), name, tokens.text_second);
    ui.painter().galley(pos2(right, middle(count.size().y)), count, tokens.muted);
    let bar = Rect::from_min_max(
        pos2(rect.left() + 110.0, rect.center().y - 2.0),
        pos2(rect.right() - 64.0, rect.center().y + 2.0),
    );
    ui.painter().rect_filled(bar, 2.0, tokens.bg3);
    let share = f32::from(had) / f32::from(most.max(1));
    ui.painter().rect_filled(bar.with_max_x(bar.left() + bar.width() * share.min(1.0)), 2.0, tokens.accent.ink);
}
