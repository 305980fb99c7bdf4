//! House widgets: what at least two panels need. Each draws with the tokens of the theme,
//! has an accessible name (also what tests click), and knows no panel and no state of ours.

use std::sync::Arc;

use egui::{
    Align, Color32, CornerRadius, FontId, Frame, Galley, Layout, Margin, Painter, Pos2, Rect, Response, RichText, Role,
    Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, vec2,
};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons as i;

use super::theme::{self, Tokens, Tone};
use crate::model::api::Status;
use crate::model::{Lane, Problem};

/// Longest text drawn in one piece, in characters; what is longer ends in `…`.
const LONGEST_TEXT: usize = 4096;
/// Lines of code shown before they fold.
const FOLD_LINES: usize = 12;
/// How far apart the two copies of emphasised text are, in points.
const EMPHASIS: f32 = 0.4;

/// Text from outside as it may be drawn: control, bidi, zero-width and tag characters as
/// visible escapes, at most 4096 characters. Line breaks and tabs stay.
/// Source: trust.md R44.
pub fn display_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(LONGEST_TEXT));
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST_TEXT {
            shown.push('…');
            break;
        }
        if hides(c) {
            shown.push_str(&format!("\\u{{{:X}}}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}

fn hides(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{061C}' | '\u{00AD}' | '\u{FEFF}' => true,
        '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => true,
        '\u{FE00}'..='\u{FE0F}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}' => true,
        c => c.is_control(),
    }
}

/// One line of text, laid out.
pub fn line_of(ui: &Ui, text: &str, font: FontId, colour: Color32) -> Arc<Galley> {
    ui.painter().layout_no_wrap(text.to_owned(), font, colour)
}

/// Paints laid-out text with emphasis: twice, 0.4 points apart, since there is no bold.
pub fn paint_emphasis(painter: &Painter, at: Pos2, galley: Arc<Galley>, colour: Color32) {
    painter.galley(at, Arc::clone(&galley), colour);
    painter.galley(at + vec2(EMPHASIS, 0.0), galley, colour);
}

/// A label with emphasis, body size.
pub fn emphasis(ui: &mut Ui, text: &str) -> Response {
    emphasis_with(ui, text, theme::words(theme::BODY), Tokens::of(ui).text)
}

/// A label with emphasis in this font and colour.
pub fn emphasis_with(ui: &mut Ui, text: &str, font: FontId, colour: Color32) -> Response {
    let galley = line_of(ui, text, font, colour);
    let (rect, response) = ui.allocate_exact_size(galley.size() + vec2(EMPHASIS, 0.0), Sense::hover());
    paint_emphasis(ui.painter(), rect.min, galley, colour);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    response
}

/// Text in the theme's main colour at this size.
pub fn text(ui: &mut Ui, text: &str, points: f32) -> Response {
    let colour = Tokens::of(ui).text;
    ui.label(RichText::new(text).font(theme::words(points)).color(colour))
}

/// Help and meta text: 11.5, muted.
pub fn muted(ui: &mut Ui, text: &str) -> Response {
    let colour = Tokens::of(ui).muted;
    ui.label(RichText::new(text).font(theme::words(theme::SMALL)).color(colour))
}

/// The same for text that may need more than one line.
pub fn muted_lines(ui: &mut Ui, text: &str) -> Response {
    let text = RichText::new(text).font(theme::words(theme::SMALL)).color(Tokens::of(ui).muted);
    ui.add(egui::Label::new(text).wrap())
}

/// A wire name or value: Hack 12.
pub fn mono(ui: &mut Ui, text: &str, colour: Color32) -> Response {
    ui.label(RichText::new(text).font(theme::code(theme::CODE)).color(colour))
}

/// An icon that says nothing by itself; what it means stands beside it.
pub fn icon(ui: &mut Ui, icon: MaterialIcon, points: f32, colour: Color32) -> Response {
    let galley = line_of(ui, icon.codepoint, theme::icon(icon, points), colour);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(points), Sense::hover());
    ui.painter().galley(centred(rect, &galley), galley, colour);
    response
}

/// Where to paint laid-out text so that it stands in the middle of a rectangle.
fn centred(rect: Rect, galley: &Galley) -> Pos2 {
    rect.center() - galley.size() / 2.0
}

/// A separator over the whole width: one line of 1 point, no gap.
pub fn hline(ui: &mut Ui) {
    let tokens = Tokens::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, theme::line(tokens));
}

// --- Pills and badges

/// Text on a tone's tint, 20 high.
pub fn pill(ui: &mut Ui, tone: Tone, text: &str) -> Response {
    pill_with(ui, tone, None, text, 20.0)
}

/// A pill with a sign, and of another height (17 inside rows).
pub fn pill_with(ui: &mut Ui, tone: Tone, sign: Option<MaterialIcon>, text: &str, height: f32) -> Response {
    let ink = Tokens::of(ui).tone(tone);
    let sign = sign.map(|icon| line_of(ui, icon.codepoint, theme::icon(icon, height - 6.0), ink.ink));
    let words = line_of(ui, text, theme::words(theme::SMALL), ink.ink);
    let before = sign.as_ref().map_or(0.0, |sign| sign.size().x + 4.0);
    let (rect, response) = ui.allocate_exact_size(vec2(before + words.size().x + 16.0, height), Sense::hover());
    let painter = ui.painter();
    painter.rect_filled(rect, height / 2.0, ink.tint);
    let mut x = rect.left() + 8.0;
    if let Some(sign) = sign {
        painter.galley(Pos2::new(x, rect.center().y - sign.size().y / 2.0), sign, ink.ink);
        x += before;
    }
    painter.galley(Pos2::new(x, rect.center().y - words.size().y / 2.0), words, ink.ink);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    response
}

/// A session's status: sign and the wire's word on its tint.
pub fn status_pill(ui: &mut Ui, status: &Status) -> Response {
    pill_with(ui, Tone::of_status(status), status_sign(status), &display_text(status.word()), 20.0)
}

/// The same for rows: 17 high.
pub fn small_status_pill(ui: &mut Ui, status: &Status) -> Response {
    pill_with(ui, Tone::of_status(status), status_sign(status), &display_text(status.word()), 17.0)
}

/// The sign that goes with a status, so that it is never colour alone.
pub fn status_sign(status: &Status) -> Option<MaterialIcon> {
    match status {
        Status::Pending | Status::Processing | Status::Other(_) => None,
        Status::Challenged => Some(i::ICON_LOCK.outlined()),
        Status::Approved | Status::Attempted => Some(i::ICON_CHECK.outlined()),
        Status::Declined | Status::Rejected => Some(i::ICON_BLOCK.outlined()),
        Status::Unavailable => Some(i::ICON_CLOUD_OFF.outlined()),
        Status::ChallengeAbandoned => Some(i::ICON_LOGOUT.outlined()),
        Status::Expired => Some(i::ICON_TIMER_OFF.outlined()),
    }
}

/// A lane's letter on its tint, 17×16.
pub fn lane_badge(ui: &mut Ui, lane: Lane) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(17.0, 16.0), Sense::hover());
    paint_lane_badge(ui, rect, lane);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, lane.name()));
    response.on_hover_text(lane.name())
}

/// Paints a lane's badge where rows lay themselves out.
pub fn paint_lane_badge(ui: &Ui, rect: Rect, lane: Lane) {
    let ink = Tokens::of(ui).lane(lane);
    ui.painter().rect_filled(rect, 3.0, ink.tint);
    let letter = line_of(ui, lane.letter(), theme::code(theme::CAPTION), ink.ink);
    paint_emphasis(ui.painter(), centred(rect, &letter), letter, ink.ink);
}

/// A key as on a keyboard: Hack 11, 1-point stroke.
pub fn key_cap(ui: &mut Ui, key: &str) -> Response {
    let tokens = Tokens::of(ui);
    let galley = cap_line(ui, key, tokens.text_second);
    let (rect, response) = ui.allocate_exact_size(cap_size(&galley), Sense::hover());
    paint_cap(ui.painter(), rect, galley, tokens.text_second, tokens.line_strong);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, key));
    response
}

/// A key's name; Return and Shift are icons, since Hack has no sign for them.
fn cap_line(ui: &Ui, key: &str, colour: Color32) -> Arc<Galley> {
    let mut job = egui::text::LayoutJob::default();
    for part in key.split_inclusive(' ') {
        let (text, font) = match part.trim_end() {
            "⏎" => sign_of_key(i::ICON_KEYBOARD_RETURN),
            "⇧" => sign_of_key(i::ICON_SHIFT),
            _ => (part, theme::code(theme::CAPTION)),
        };
        let format = egui::TextFormat { font_id: font, color: colour, valign: Align::Center, ..Default::default() };
        job.append(text, 0.0, format);
    }
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

fn sign_of_key(icon: MaterialIcon) -> (&'static str, FontId) {
    let icon = icon.outlined();
    (icon.codepoint, theme::icon(icon, 13.0))
}

fn cap_size(galley: &Galley) -> Vec2 {
    vec2(galley.size().x + 10.0, 17.0)
}

fn paint_cap(painter: &Painter, rect: Rect, galley: Arc<Galley>, colour: Color32, stroke: Color32) {
    painter.rect_stroke(rect, 4.0, Stroke::new(1.0, stroke), StrokeKind::Inside);
    painter.galley(centred(rect, &galley), galley, colour);
}

// --- Buttons

/// How a button looks. One primary per region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Filled with the accent.
    Primary,
    /// Outlined with the accent: the next best.
    Outlined,
    /// `bg2` with a strong line.
    Secondary,
    /// Text only.
    Ghost,
}

/// Button heights in points: 22, 26, 32, 44.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // named by the design
pub enum Size {
    Small,
    Normal,
    Run,
    Hero,
}

impl Size {
    /// Height, side padding and text size in points.
    fn numbers(self) -> (f32, f32, f32) {
        match self {
            Self::Small => (22.0, 8.0, theme::TAB),
            Self::Normal => (26.0, 9.0, theme::BODY),
            Self::Run => (32.0, 14.0, 14.0),
            Self::Hero => (44.0, 22.0, 17.0),
        }
    }
}

/// The one filled button of a region.
pub fn primary_button(ui: &mut Ui, icon: Option<MaterialIcon>, label: &str, key: Option<&str>) -> Response {
    button(ui, Look::Primary, Size::Normal, icon, label, key)
}

/// The next best after the primary button.
pub fn outlined_button(ui: &mut Ui, icon: Option<MaterialIcon>, label: &str, key: Option<&str>) -> Response {
    button(ui, Look::Outlined, Size::Normal, icon, label, key)
}

/// An ordinary button.
pub fn secondary_button(ui: &mut Ui, icon: Option<MaterialIcon>, label: &str, key: Option<&str>) -> Response {
    button(ui, Look::Secondary, Size::Normal, icon, label, key)
}

/// A button that is text only.
pub fn ghost_button(ui: &mut Ui, icon: Option<MaterialIcon>, label: &str, key: Option<&str>) -> Response {
    button(ui, Look::Ghost, Size::Normal, icon, label, key)
}

struct Paint {
    fill: Color32,
    stroke: Color32,
    text: Color32,
    cap: Color32,
}

fn button_paint(ui: &Ui, look: Look, hovered: bool) -> Paint {
    let tokens = Tokens::of(ui);
    let none = Color32::TRANSPARENT;
    if !ui.is_enabled() {
        return Paint { fill: none, stroke: tokens.line, text: tokens.muted, cap: tokens.line };
    }
    let lifted = if hovered { tokens.bg3 } else { tokens.bg2 };
    match look {
        Look::Primary => {
            Paint { fill: tokens.accent_fill, stroke: tokens.accent_fill, text: tokens.on_fill, cap: tokens.on_fill }
        }
        Look::Outlined => {
            Paint { fill: lifted, stroke: tokens.accent.ink, text: tokens.accent.ink, cap: tokens.line_strong }
        }
        Look::Secondary => {
            Paint { fill: lifted, stroke: tokens.line_strong, text: tokens.text, cap: tokens.line_strong }
        }
        Look::Ghost => Paint {
            fill: if hovered { tokens.bg3 } else { none },
            stroke: none,
            text: tokens.text,
            cap: tokens.line_strong,
        },
    }
}

/// A button of any look and size, with icon and key hint. Disabled through
/// `ui.add_enabled_ui`; say why with `on_disabled_hover_text`.
pub fn button(
    ui: &mut Ui,
    look: Look,
    size: Size,
    icon: Option<MaterialIcon>,
    label: &str,
    key: Option<&str>,
) -> Response {
    let (height, padding, points) = size.numbers();
    let colour = button_paint(ui, look, false).text;
    let sign = icon.map(|icon| line_of(ui, icon.codepoint, theme::icon(icon, points + 5.0), colour));
    let words = line_of(ui, label, theme::words(points), colour);
    let cap = key.map(|key| cap_line(ui, key, colour));
    let mut width = 2.0 * padding + words.size().x;
    width += sign.as_ref().map_or(0.0, |sign| sign.size().x + 6.0);
    width += cap.as_ref().map_or(0.0, |cap| cap_size(cap).x + 8.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, height.max(TARGET_OF_SMALL)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), label));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let paint = button_paint(ui, look, response.hovered());
    let body = Rect::from_center_size(rect.center(), vec2(width, height));
    let painter = ui.painter();
    painter.rect(body, 5.0, paint.fill, Stroke::new(1.0, paint.stroke), StrokeKind::Inside);
    let mut x = body.left() + padding;
    if let Some(sign) = sign {
        let step = sign.size().x + 6.0;
        painter.galley(Pos2::new(x, body.center().y - sign.size().y / 2.0), sign, paint.text);
        x += step;
    }
    let (step, at) = (words.size().x + 8.0, Pos2::new(x, body.center().y - words.size().y / 2.0));
    match look {
        Look::Primary => paint_emphasis(painter, at, words, paint.text),
        _ => painter.galley(at, words, paint.text),
    }
    if let Some(cap) = cap {
        let place = Rect::from_min_size(Pos2::new(x + step, body.center().y - 8.5), cap_size(&cap));
        paint_cap(painter, place, cap, paint.text, paint.cap);
    }
    focus_ring(ui, body, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// Small buttons are drawn 22 high and can be hit over 24.
const TARGET_OF_SMALL: f32 = theme::TARGET;

/// Marks the widget that has the keyboard: 2 points of accent, 1 point away.
pub fn focus_ring(ui: &Ui, rect: Rect, response: &Response) {
    if response.has_focus() {
        let stroke = Stroke::new(2.0, Tokens::of(ui).accent.ink);
        ui.painter().rect_stroke(rect.expand(1.0), 6.0, stroke, StrokeKind::Outside);
    }
}

/// An icon as a button, 24×24; `name` is its tooltip and accessible name.
pub fn icon_button(ui: &mut Ui, icon: MaterialIcon, name: &str) -> Response {
    let tokens = Tokens::of(ui);
    let colour = if ui.is_enabled() { tokens.text_second } else { tokens.line_strong };
    let galley = line_of(ui, icon.codepoint, theme::icon(icon, 16.0), colour);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(theme::TARGET), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    if response.hovered() {
        ui.painter().rect_filled(rect, 5.0, tokens.bg3);
    }
    ui.painter().galley(centred(rect, &galley), galley, colour);
    focus_ring(ui, rect, &response);
    response.on_hover_text(name)
}

/// How long a copy button says that it has copied. Our choice.
const COPIED: f64 = 1.6;

/// Copies `value`; `what` names it: «Copy session id». Says so with a tick for a moment.
pub fn copy_button(ui: &mut Ui, what: &str, value: &str) -> Response {
    let done = just_copied(ui, value);
    let (icon, name) = match done {
        true => (i::ICON_CHECK.outlined(), format!("Copied {what}")),
        false => (i::ICON_CONTENT_COPY.outlined(), format!("Copy {what}")),
    };
    let response = icon_button(ui, icon, &name);
    if response.clicked() {
        copy(ui, value, value);
    }
    response
}

/// A button with words that copies `value`, and says so for a moment.
pub fn copy_words_button(ui: &mut Ui, words: &str, value: &str) -> Response {
    let done = just_copied(ui, value);
    let icon = done.then(|| i::ICON_CHECK.outlined());
    let response = secondary_button(ui, icon, if done { "Copied" } else { words }, None);
    if response.clicked() {
        copy(ui, value, value);
    }
    response
}

fn copied_id(key: &str) -> egui::Id {
    egui::Id::unique(("copied", key))
}

/// To the clipboard, with the moment kept under `key` for [`just_copied`].
pub fn copy(ui: &Ui, key: &str, value: &str) {
    ui.ctx().copy_text(value.to_owned());
    mark_copied(ui, key);
}

/// Keeps the moment for [`just_copied`], where something else than text was copied.
pub fn mark_copied(ui: &Ui, key: &str) {
    let now = ui.input(|input| input.time);
    ui.data_mut(|data| data.insert_temp(copied_id(key), now));
    ui.ctx().request_repaint();
}

/// True for a moment after something was copied under this key.
pub fn just_copied(ui: &Ui, key: &str) -> bool {
    let Some(at) = ui.data(|data| data.get_temp::<f64>(copied_id(key))) else { return false };
    let left = at + COPIED - ui.input(|input| input.time);
    if left <= 0.0 {
        ui.data_mut(|data| data.remove_temp::<f64>(copied_id(key)));
        return false;
    }
    ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(left));
    true
}

/// Text that does something: accent, underlined under the pointer. Never opens addresses.
pub fn link(ui: &mut Ui, text: &str) -> Response {
    let colour = Tokens::of(ui).accent.ink;
    let galley = line_of(ui, text, theme::words(theme::TAB), colour);
    let size = vec2(galley.size().x, galley.size().y.max(theme::TARGET));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Link, ui.is_enabled(), text));
    let at = Pos2::new(rect.left(), rect.center().y - galley.size().y / 2.0);
    let under = at.y + galley.size().y;
    ui.painter().galley(at, galley, colour);
    if response.hovered() || response.has_focus() {
        ui.painter().hline(rect.x_range(), under, Stroke::new(1.0, colour));
    }
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// Gives an input its accessible name, where no label stands beside it.
pub fn name(response: &Response, name: &str) {
    response.ctx.accesskit_node_builder(response.id, |node| node.set_label(name));
}

// --- Choices

/// One of few, in a `bg0` well. True if the choice changed.
pub fn segmented<T: PartialEq + Copy>(ui: &mut Ui, chosen: &mut T, choices: &[(T, &str)]) -> bool {
    let tokens = Tokens::of(ui);
    let before = *chosen;
    let galley = |(value, label): &(T, &str)| {
        let colour = if *value == before { tokens.text } else { tokens.text_second };
        line_of(ui, label, theme::words(theme::TAB), colour)
    };
    let galleys: Vec<Arc<Galley>> = choices.iter().map(galley).collect();
    let width: f32 = galleys.iter().map(|galley| galley.size().x + 20.0).sum();
    let (well, whole) = ui.allocate_exact_size(vec2(width + 2.0, theme::TARGET + 2.0), Sense::hover());
    ui.painter().rect(well, 6.0, tokens.bg0, theme::line(tokens), StrokeKind::Inside);
    let mut x = well.left() + 1.0;
    for (place, ((value, label), galley)) in choices.iter().zip(galleys).enumerate() {
        let size = vec2(galley.size().x + 20.0, theme::TARGET);
        let rect = Rect::from_min_size(Pos2::new(x, well.top() + 1.0), size);
        x = rect.right();
        let response = ui.interact(rect, whole.id.with(place), Sense::click());
        segment(ui, &response, *value == before, label, galley);
        if response.clicked() {
            *chosen = *value;
        }
    }
    *chosen != before
}

fn segment(ui: &Ui, response: &Response, selected: bool, label: &str, galley: Arc<Galley>) {
    let tokens = Tokens::of(ui);
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), selected, label));
    let (rect, at) = (response.rect, centred(response.rect, &galley));
    if selected {
        ui.painter().rect_filled(rect, 5.0, tokens.bg3);
        paint_emphasis(ui.painter(), at, galley, tokens.text);
    } else {
        let colour = if response.hovered() { tokens.text } else { tokens.text_second };
        ui.painter().galley_with_override_text_color(at, galley, colour);
    }
    focus_ring(ui, rect, response);
}

/// The arrow of a drop-down, for `ComboBox::icon`.
pub fn combo_arrow(ui: &Ui, rect: Rect, _: &egui::style::WidgetVisuals, _open: bool) {
    let (icon, colour) = (i::ICON_EXPAND_MORE.outlined(), Tokens::of(ui).text_second);
    let galley = line_of(ui, icon.codepoint, theme::icon(icon, 16.0), colour);
    ui.painter().galley(centred(rect, &galley), galley, colour);
}

/// Tabs, 32 high, with a count after the word. True if the choice changed.
pub fn tabs<T: PartialEq + Copy>(ui: &mut Ui, chosen: &mut T, choices: &[(T, &str, Option<usize>)]) -> bool {
    let before = *chosen;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 14.0;
        for (value, label, count) in choices {
            let count = count.map(|count| (count, Tone::Warning));
            if tab(ui, *chosen == *value, label, count).clicked() {
                *chosen = *value;
            }
        }
    });
    *chosen != before
}

/// How wide [`tab`] will be, points.
pub fn tab_width(ui: &Ui, label: &str, count: Option<usize>) -> f32 {
    let colour = Tokens::of(ui).text;
    let count = count.map(|count| line_of(ui, &count.to_string(), theme::code(theme::SMALL), colour).size().x + 5.0);
    line_of(ui, label, theme::words(theme::TAB), colour).size().x + count.unwrap_or_default()
}

/// One tab. The tone of the count is what it means: things to mend, or just how many.
pub fn tab(ui: &mut Ui, selected: bool, label: &str, count: Option<(usize, Tone)>) -> Response {
    let tokens = Tokens::of(ui);
    let colour = match (ui.is_enabled(), selected) {
        (false, _) => tokens.muted,
        (_, true) => tokens.text,
        (_, false) => tokens.text_second,
    };
    let words = line_of(ui, label, theme::words(theme::TAB), colour);
    let count = count.map(|(count, tone)| {
        let ink = tokens.tone(tone).ink;
        line_of(ui, &count.to_string(), theme::code(theme::SMALL), ink)
    });
    let width = words.size().x + count.as_ref().map_or(0.0, |count| count.size().x + 5.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 32.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Tab, ui.is_enabled(), selected, label));
    let painter = ui.painter();
    let at = |size: Vec2, x: f32| Pos2::new(x, rect.center().y - size.y / 2.0);
    if let Some(count) = count {
        painter.galley(at(count.size(), rect.left() + words.size().x + 5.0), count, colour);
    }
    if selected {
        painter.hline(rect.x_range(), rect.bottom() - 1.0, Stroke::new(2.0, tokens.accent.ink));
        paint_emphasis(painter, at(words.size(), rect.left()), words, colour);
    } else {
        painter.galley(at(words.size(), rect.left()), words, colour);
    }
    focus_ring(ui, rect, &response);
    response
}

// --- Numbers with a meaning

/// A duration as a clock: `59:48`, `1:02:03`.
pub fn clock(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes:02}:{seconds:02}") }
}

/// How long ago, in a few letters: `2 s ago`, `5 min ago`.
pub fn ago(duration: std::time::Duration) -> String {
    match duration.as_secs() {
        0 => "now".into(),
        seconds @ 1..60 => format!("{seconds} s ago"),
        seconds @ 60..3600 => format!("{} min ago", seconds / 60),
        seconds => format!("{} h ago", seconds / 3600),
    }
}

// --- Text with a frame

/// A card: `bg2`, one line around, radius 7.
pub fn card<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let tokens = Tokens::of(ui);
    let frame =
        Frame::new().fill(tokens.bg2).stroke(theme::line(tokens)).corner_radius(7).inner_margin(Margin::same(12));
    frame.show(ui, add).inner
}

/// The frame of a window's title bar: flat.
pub fn window_title(ui: &Ui) -> Frame {
    Frame::new().fill(Tokens::of(ui).bg1).corner_radius(8).inner_margin(Margin::symmetric(12, 6))
}

/// A note on a tone's tint with an edge of 2 points on the left.
pub fn note<R>(ui: &mut Ui, tone: Tone, add: impl FnOnce(&mut Ui) -> R) -> R {
    let ink = Tokens::of(ui).tone(tone);
    let margin = Margin { left: 10, right: 8, top: 6, bottom: 6 };
    let shown = Frame::new().fill(ink.tint).corner_radius(4).inner_margin(margin).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        add(ui)
    });
    let edge = Rect::from_min_size(shown.response.rect.min, vec2(2.0, shown.response.rect.height()));
    ui.painter().rect_filled(edge, CornerRadius::ZERO, ink.ink);
    shown.inner
}

/// An error as a card: what failed, why, what to do now; the raw chain folds out.
pub fn problem_ui(ui: &mut Ui, problem: &Problem) {
    problem_with(ui, problem, |_| ());
}

/// An error card with buttons below.
pub fn problem_with<R>(ui: &mut Ui, problem: &Problem, actions: impl FnOnce(&mut Ui) -> R) -> R {
    told_with(ui, Tone::Danger, problem, actions)
}

/// A card that says what is the matter, in the colour of how much it matters.
pub fn told_with<R>(ui: &mut Ui, tone: Tone, problem: &Problem, actions: impl FnOnce(&mut Ui) -> R) -> R {
    let tokens = Tokens::of(ui);
    let sign = if tone == Tone::Danger { i::ICON_ERROR } else { i::ICON_WARNING };
    note(ui, tone, |ui| {
        ui.horizontal_top(|ui| {
            icon(ui, sign.outlined(), 16.0, tokens.tone(tone).ink);
            ui.vertical(|ui| {
                let summary = RichText::new(display_text(&problem.summary)).color(tokens.text);
                ui.add(egui::Label::new(summary).wrap());
            });
        });
        if let Some(cause) = problem.causes.first() {
            let cause = RichText::new(display_text(cause)).font(theme::words(theme::TAB)).color(tokens.text_second);
            ui.add(egui::Label::new(cause).wrap());
        }
        if let Some(hint) = &problem.hint {
            ui.add(egui::Label::new(RichText::new(display_text(hint)).color(tokens.text_second)).wrap());
        }
        if !problem.causes.is_empty() {
            chain_ui(ui, problem);
        }
        actions(ui)
    })
}

fn chain_ui(ui: &mut Ui, problem: &Problem) {
    let id = ui.scope_id().with(("chain", &problem.summary));
    let mut open = ui.data(|data| data.get_temp::<bool>(id)).unwrap_or(false);
    ui.horizontal(|ui| {
        if link(ui, if open { "Hide details" } else { "Details" }).clicked() {
            open = !open;
        }
        copy_button(ui, "error", &problem.line());
    });
    ui.data_mut(|data| data.insert_temp(id, open));
    if open {
        for (depth, cause) in problem.causes.iter().enumerate() {
            let colour = Tokens::of(ui).text_second;
            let line = format!("{}. {}", depth + 1, display_text(cause));
            ui.add(egui::Label::new(RichText::new(line).font(theme::code(theme::SMALL)).color(colour)).wrap());
        }
    }
}

/// What to do when there is nothing yet: a title, one sentence, then the ways on.
pub fn empty_ui<R>(ui: &mut Ui, title: &str, sentence: &str, ways: impl FnOnce(&mut Ui) -> R) -> R {
    ui.vertical_centered(|ui| {
        ui.add_space(24.0);
        text(ui, title, theme::EMPTY_TITLE);
        let colour = Tokens::of(ui).text_second;
        ui.label(RichText::new(sentence).font(theme::words(theme::SENTENCE)).color(colour));
        ui.add_space(16.0);
        ways(ui)
    })
    .inner
}

/// One name with its value: name in a column of 130, value selectable and wrapped.
pub fn key_value_ui(ui: &mut Ui, key: &str, value: &str) {
    let tokens = Tokens::of(ui);
    ui.horizontal_top(|ui| {
        let width = theme::LABEL_COLUMN.min(ui.available_width() * 0.4);
        ui.allocate_ui_with_layout(vec2(width, 18.0), Layout::left_to_right(Align::TOP), |ui| {
            ui.set_min_width(width);
            let key = RichText::new(display_text(key)).font(theme::code(theme::SMALL)).color(tokens.muted);
            ui.add(egui::Label::new(key).truncate());
        });
        let value = RichText::new(display_text(value)).font(theme::code(theme::CODE)).color(tokens.text);
        ui.add(egui::Label::new(value).wrap().selectable(true));
    });
}

/// Text in Hack on the body viewer's ground, with a copy button; folded when long.
pub fn code_ui(ui: &mut Ui, what: &str, value: &str) {
    let tokens = Tokens::of(ui);
    let frame =
        Frame::new().fill(tokens.code).stroke(theme::line(tokens)).corner_radius(4).inner_margin(Margin::same(8));
    let id = ui.scope_id().with(("code", what));
    let mut open = ui.data(|data| data.get_temp::<bool>(id)).unwrap_or(false);
    frame.show(ui, |ui| {
        let lines = value.lines().count();
        ui.horizontal_top(|ui| {
            let shown: Vec<&str> = value.lines().take(if open { usize::MAX } else { FOLD_LINES }).collect();
            let shown =
                RichText::new(display_text(&shown.join("\n"))).font(theme::code(theme::CODE)).color(tokens.text);
            let width = (ui.available_width() - theme::TARGET - 8.0).max(0.0);
            ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::top_down(Align::LEFT), |ui| {
                ui.set_min_width(width);
                ui.add(egui::Label::new(shown).wrap().selectable(true));
            });
            copy_button(ui, what, value);
        });
        if lines > FOLD_LINES && link(ui, &fold_label(open, lines)).clicked() {
            open = !open;
        }
    });
    ui.data_mut(|data| data.insert_temp(id, open));
}

fn fold_label(open: bool, lines: usize) -> String {
    if open { "Show less".into() } else { format!("Show all {lines} lines") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_shown_and_what_is_long_is_cut() {
        let spoofed = "pay\u{202E}lap\u{200B}\u{7}\n\u{E0041}é✓";
        assert_eq!(display_text(spoofed), "pay\\u{202E}lap\\u{200B}\\u{7}\n\\u{E0041}é✓");
        let long = display_text(&"é".repeat(5000));
        assert_eq!(long.chars().count(), LONGEST_TEXT + 1);
        assert!(long.ends_with('…'));
    }
}
