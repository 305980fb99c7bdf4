//! The timeline before the first run: a skeleton of what will be there, one sentence, one
//! button, two other ways, and the way to an app. And the legend of the lanes.

use egui::{Color32, Frame, Margin, Rect, RichText, Sense, Ui, pos2, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons as i;

use super::Intent;
use crate::model::Lane;
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{self, Look, Size};

/// Height of the legend, points.
const LEGEND: f32 = 40.0;

/// Draws it; returns what the user wants.
pub fn ui(ui: &mut Ui) -> Option<Intent> {
    let mut intent = None;
    let whole = ui.available_rect_before_wrap();
    skeleton(ui, whole);
    let legend = Rect::from_min_max(pos2(whole.left(), whole.bottom() - LEGEND), whole.max);
    let body = Rect::from_min_max(whole.min, legend.left_top() + vec2(whole.width(), 0.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(body), |ui| {
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.add_space(156.0_f32.min((body.height() - 330.0).max(24.0)));
            intent = ways_ui(ui);
        });
    });
    ui.scope_builder(egui::UiBuilder::new().max_rect(legend), legend_ui);
    intent
}

/// Faint bars where rows will be.
fn skeleton(ui: &Ui, whole: Rect) {
    let tokens = Tokens::of(ui);
    let rows: [(f32, f32, f32); 5] =
        [(140.0, 0.0, 10.0), (110.0, 14.0, 22.0), (170.0, 28.0, 54.0), (120.0, 42.0, 6.0), (190.0, 56.0, 40.0)];
    for (at, (width, start, length)) in rows.into_iter().enumerate() {
        #[allow(clippy::cast_precision_loss)] // five rows
        let y = whole.top() + 26.0 + 26.0 * at as f32;
        #[allow(clippy::cast_precision_loss)]
        let fill: Color32 = tokens.bg3.gamma_multiply(0.9 - 0.12 * at as f32);
        let left = whole.left() + 20.0;
        let right = whole.right() - 170.0;
        let parts = [
            (left, 36.0, 7.0),
            (left + 48.0, 32.0, 13.0),
            (left + 92.0, width, 7.0),
            (right, 26.0, 7.0),
            (right + 38.0 + start, length, 7.0),
        ];
        for (x, width, height) in parts {
            let rect = Rect::from_min_size(pos2(x, y - height / 2.0), vec2(width, height));
            ui.painter().rect_filled(rect, 3.0, fill);
        }
    }
}

fn ways_ui(ui: &mut Ui) -> Option<Intent> {
    let mut intent = None;
    let sentence = "The form on the left is filled in and valid. The sandbox on this computer plays\n\
                    the card network and the bank. No account, no internet.";
    ui.spacing_mut().item_spacing.y = 8.0;
    widgets::empty_ui(ui, "Send your first session", sentence, |ui| {
        let run =
            widgets::button(ui, Look::Primary, Size::Hero, Some(i::ICON_PLAY_ARROW.filled()), "Run", Some("Ctrl ⏎"));
        if run.clicked() {
            intent = Some(Intent::Run);
        }
        ui.add_space(20.0);
        let tokens = Tokens::of(ui);
        let width = ui.available_width().min(560.0) - 24.0;
        let frame = Frame::new()
            .fill(tokens.bg2)
            .stroke(theme::line(tokens))
            .corner_radius(8)
            .inner_margin(Margin::symmetric(12, 4));
        frame.show(ui, |ui| {
            ui.set_width(width);
            ui.spacing_mut().item_spacing.y = 0.0;
            if way_ui(
                ui,
                i::ICON_CREDIT_CARD.outlined(),
                "Pick a test card",
                "every published card, each with its ending",
                "Ctrl T",
            ) {
                intent = Some(Intent::PickCard);
            }
            widgets::hline(ui);
            if way_ui(ui, i::ICON_UPLOAD_FILE.outlined(), "Open a body", "a JSON file with a session request", "Ctrl O")
            {
                intent = Some(Intent::OpenBody);
            }
        });
        widgets::muted(ui, "A challenge in the shop's app: choose App in the form, then answer on a simulated phone");
    });
    intent
}

/// One way: icon, words, what it is, key. True if it was taken.
fn way_ui(ui: &mut Ui, icon: MaterialIcon, title: &str, sentence: &str, key: &str) -> bool {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 44.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, title));
    if response.hovered() {
        ui.painter().rect_filled(rect.expand2(vec2(8.0, -3.0)), 6.0, tokens.bg3);
    }
    widgets::focus_ring(ui, rect, &response);
    let response = response.on_hover_cursor(egui::CursorIcon::PointingHand);
    ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
        ui.horizontal_centered(|ui| {
            ui.style_mut().interaction.selectable_labels = false;
            widgets::icon(ui, icon, 20.0, tokens.accent.ink);
            widgets::emphasis(ui, title);
            ui.add(egui::Label::new(RichText::new(sentence).color(tokens.text_second)).truncate());
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| widgets::key_cap(ui, key));
        });
    });
    response.clicked()
}

/// The six lanes with their letters.
fn legend_ui(ui: &mut Ui) {
    let tokens = Tokens::of(ui);
    widgets::hline(ui);
    let font = theme::words(theme::SMALL);
    let names = Lane::ALL.map(|lane| widgets::line_of(ui, lane.name(), font.clone(), tokens.text_second).size().x);
    let width: f32 = names.iter().map(|name| 17.0 + 5.0 + name + 18.0).sum();
    ui.horizontal(|ui| {
        ui.set_height(LEGEND - 6.0);
        ui.spacing_mut().item_spacing.x = 5.0;
        ui.add_space(((ui.available_width() - width) / 2.0).max(8.0));
        for lane in Lane::ALL {
            widgets::lane_badge(ui, lane);
            ui.label(RichText::new(lane.name()).font(font.clone()).color(tokens.text_second));
            ui.add_space(13.0);
        }
    });
}
