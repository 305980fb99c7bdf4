//! The rail at the left: where one can be. Only places that exist stand in it. Says where
//! the user wants to go; the shell goes there.

use egui::{Pos2, Rect, Role, Sense, Stroke, Ui, WidgetInfo, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons as i;
use serde::{Deserialize, Serialize};

use super::palette::{self, Act};
use super::theme::{self, Tokens};
use super::widgets;

/// Width in points. Source: design.md, Numbers.
pub const WIDTH: f32 = 60.0;
/// Height of an item, points. Source: design.md, Numbers.
const ITEM: f32 = 54.0;

/// Where one can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The builder, the timeline, the inspector.
    #[default]
    Sessions,
    /// The other side.
    Sandbox,
}

/// What was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressed {
    /// Go there, by its act.
    Go(Act),
    /// Unfold the builder.
    Builder,
}

/// Draws the rail. `folded`: the builder has no room, and a button here brings it.
pub fn ui(ui: &mut Ui, here: Place, folded: bool) -> Option<Pressed> {
    let mut pressed = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.add_space(4.0);
    let places = [(Place::Sessions, Act::Sessions, i::ICON_TIMELINE), (Place::Sandbox, Act::Sandbox, i::ICON_SCIENCE)];
    for (place, act, icon) in places {
        let icon = if place == here { icon.filled() } else { icon.outlined() };
        let entry = palette::entry(act);
        let response = item_ui(ui, icon, entry.label, entry.label, place == here);
        if response.on_hover_text(format!("{} ({})", entry.label, entry.cap)).clicked() {
            pressed = Some(Pressed::Go(act));
        }
    }
    if folded {
        ui.add_space(4.0);
        widgets::hline(ui);
        ui.add_space(4.0);
        let response = item_ui(ui, i::ICON_LEFT_PANEL_OPEN.outlined(), "Builder", "Show the builder", false);
        if response.on_hover_text("Show the builder").clicked() {
            pressed = Some(Pressed::Builder);
        }
    }
    pressed
}

/// An icon over its word; `name` is the accessible name.
fn item_ui(ui: &mut Ui, icon: MaterialIcon, word: &str, name: &str, here: bool) -> egui::Response {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ITEM), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Tab, ui.is_enabled(), here, name));
    if here || response.hovered() {
        ui.painter().rect_filled(rect, 0.0, if here { tokens.bg2 } else { tokens.bg1 });
    }
    let colour = match (here, response.hovered()) {
        (true, _) => tokens.accent.ink,
        (false, true) => tokens.text,
        (false, false) => tokens.text_second,
    };
    if here {
        let mark = Rect::from_min_size(rect.min, vec2(2.0, rect.height()));
        ui.painter().rect_filled(mark, 0.0, tokens.accent.ink);
    }
    let sign = widgets::line_of(ui, icon.codepoint, theme::icon(icon, 20.0), colour);
    let text = if here { tokens.text } else { colour };
    let words = widgets::line_of(ui, word, theme::words(theme::CAPTION), text);
    let middle = |width: f32| rect.center().x - width / 2.0;
    ui.painter().galley(Pos2::new(middle(sign.size().x), rect.top() + 9.0), sign, colour);
    ui.painter().galley(Pos2::new(middle(words.size().x), rect.top() + 34.0), words, text);
    if response.has_focus() {
        let stroke = Stroke::new(2.0, tokens.accent.ink);
        ui.painter().rect_stroke(rect.shrink(3.0), 4.0, stroke, egui::StrokeKind::Inside);
    }
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}
