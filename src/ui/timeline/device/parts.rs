//! What the app's screens are made of: words, fields, rows to choose, buttons over the whole
//! width. Each has the issuer's own words as its accessible name.

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat};
use egui::{
    Color32, CornerRadius, Galley, Id, Key, Margin, Rect, Response, Role, Sense, Stroke, StrokeKind, TextEdit, Ui,
};
use egui::{WidgetInfo, pos2, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons as i;

use crate::model::device::page::Span;
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{self, display_text};

/// Height of a button of the app and of a row to choose, points.
const ROW: f32 = 40.0;
/// Size of what is typed, points.
const TYPED: f32 = 15.0;

/// How the keyboard moves over a screen of the app.
#[derive(Debug, Default)]
pub(super) struct Keyboard {
    /// The first control that is drawn gets it.
    pub first: bool,
    /// Controls in which Enter sends the screen.
    pub fields: Vec<Id>,
    /// Those of the frame before, by which Enter is told from a press.
    pub before: Vec<Id>,
}

impl Keyboard {
    /// Begins a frame. True if Enter sends the screen: nothing has the keyboard, or a field of
    /// the screen has it.
    pub fn begin(&mut self, ui: &Ui) -> bool {
        self.before = std::mem::take(&mut self.fields);
        let focused = ui.memory(|memory| memory.focused());
        let own = focused.is_none_or(|id| self.before.contains(&id)) && !egui::Popup::is_any_open(ui.ctx());
        let key = |input: &mut egui::InputState| input.consume_key(egui::Modifiers::NONE, Key::Enter);
        own && ui.is_enabled() && ui.input_mut(key)
    }

    /// The next control gets the keyboard if it is the first; true if it is a field.
    pub fn meet(&mut self, response: &Response, field: bool) {
        if field {
            self.fields.push(response.id);
        }
        // Somebody who writes elsewhere goes on writing.
        if response.enabled() && std::mem::take(&mut self.first) && !response.ctx.text_edit_focused() {
            response.request_focus();
        }
    }
}

/// Words as they came, line breaks kept; what is bold is painted twice, since there is no bold.
pub(super) fn words(ui: &mut Ui, spans: &[Span], points: f32, colour: Color32, room: f32) -> Response {
    let lay = |ui: &Ui, bold: Color32, plain: Color32| {
        let mut job = LayoutJob::default();
        job.wrap.max_width = room;
        for span in spans {
            let color = if span.bold { bold } else { plain };
            let format = TextFormat { font_id: theme::words(points), color, ..TextFormat::default() };
            job.append(&display_text(&span.text), 0.0, format);
        }
        ui.painter().layout_job(job)
    };
    let none = Color32::TRANSPARENT;
    let all = lay(ui, colour, colour);
    let (rect, response) = ui.allocate_exact_size(all.size(), Sense::hover());
    ui.painter().galley(rect.min, Arc::clone(&all), colour);
    if spans.iter().any(|span| span.bold) {
        ui.painter().galley(rect.min + vec2(0.4, 0.0), lay(ui, colour, none), none);
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, all.text()));
    response
}

/// An item of a list: its mark, and words that stay to the right of it.
pub(super) fn item(ui: &mut Ui, mark: &str, depth: u8, spans: &[Span]) {
    let colour = Tokens::of(ui).text_second;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let (indent, room) = (20.0 * f32::from(depth), ui.available_width());
        let mark = widgets::line_of(ui, mark, theme::words(theme::BODY), colour);
        let (rect, _) = ui.allocate_exact_size(vec2(indent, mark.size().y), Sense::hover());
        ui.painter().galley(pos2(rect.right() - 6.0 - mark.size().x, rect.top()), mark, colour);
        words(ui, spans, theme::BODY, colour, room - indent);
    });
}

/// Words of one look.
pub(super) fn line(ui: &mut Ui, text: &str, bold: bool, points: f32, colour: Color32) -> Response {
    let room = ui.available_width();
    words(ui, &[Span { text: text.to_owned(), bold }], points, colour, room)
}

/// Text of the protocol: from 2.3.1 on `**bold**`. A mark without its pair stays, and so do
/// stars that stand for hidden digits: `***321`.
pub(super) fn marked(text: &str, version: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut rest = text;
    while version.starts_with("2.3") {
        let opening = |at: &usize| is_mark(rest, *at) && rest[at + 2..].starts_with(|c: char| !c.is_whitespace());
        let Some(open) = rest.match_indices("**").map(|(at, _)| at).find(opening) else { break };
        let inside = &rest[open + 2..];
        let closing = |at: &usize| *at > 0 && is_mark(inside, *at) && !inside[..*at].ends_with(char::is_whitespace);
        let Some(close) = inside.match_indices("**").map(|(at, _)| at).find(closing) else { break };
        let span = |text: &str, bold| Span { text: text.to_owned(), bold };
        spans.extend((open > 0).then(|| span(&rest[..open], false)));
        spans.push(span(&inside[..close], true));
        rest = &inside[close + 2..];
    }
    if !rest.is_empty() || spans.is_empty() {
        spans.push(Span { text: rest.to_owned(), bold: false });
    }
    spans
}

/// True if just two stars stand here.
fn is_mark(text: &str, at: usize) -> bool {
    !text[..at].ends_with('*') && !text[at + 2..].starts_with('*')
}

/// A button of the app over the whole width.
pub(super) fn button(ui: &mut Ui, filled: bool, sign: Option<MaterialIcon>, label: &str) -> Response {
    let tokens = Tokens::of(ui);
    let label = display_text(label.trim());
    let beside = if sign.is_some() { 26.0 } else { 0.0 };
    let (fill, stroke, colour) = match (ui.is_enabled(), filled) {
        (false, _) => (tokens.bg1, tokens.line, tokens.muted),
        (true, true) => (tokens.accent_fill, tokens.accent_fill, tokens.on_fill),
        (true, false) => (tokens.bg1, tokens.line_strong, tokens.text),
    };
    let galley = ui.painter().layout(label.clone(), theme::words(14.0), colour, ui.available_width() - 24.0 - beside);
    let size = vec2(ui.available_width(), (galley.size().y + 18.0).max(ROW));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), &label));
    let fill = if response.hovered() && !filled { tokens.bg3 } else { fill };
    let painter = ui.painter();
    painter.rect(rect, CornerRadius::same(8), fill, Stroke::new(1.0, stroke), StrokeKind::Inside);
    let left = rect.center().x - (galley.size().x + beside) / 2.0;
    if let Some(sign) = sign {
        let icon = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 18.0), colour);
        painter.galley(pos2(left, rect.center().y - icon.size().y / 2.0), icon, colour);
    }
    let at = pos2(left + beside, rect.center().y - galley.size().y / 2.0);
    match filled {
        true => widgets::paint_emphasis(painter, at, galley, colour),
        false => painter.galley(at, galley, colour),
    }
    widgets::focus_ring(ui, rect, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// What sort of row: one of several, some of several, on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Radio,
    Check,
    Switch,
}

impl Sort {
    fn role(self) -> Role {
        match self {
            Self::Radio => Role::RadioButton,
            Self::Check => Role::CheckBox,
            Self::Switch => Role::Switch,
        }
    }

    fn sign(self, on: bool) -> MaterialIcon {
        match (self, on) {
            (Self::Radio, true) => i::ICON_RADIO_BUTTON_CHECKED.outlined(),
            (Self::Radio, false) => i::ICON_RADIO_BUTTON_UNCHECKED.outlined(),
            (Self::Check, true) => i::ICON_CHECK_BOX.filled(),
            (Self::Check, false) => i::ICON_CHECK_BOX_OUTLINE_BLANK.outlined(),
            (Self::Switch, true) => i::ICON_TOGGLE_ON.filled(),
            (Self::Switch, false) => i::ICON_TOGGLE_OFF.outlined(),
        }
    }
}

/// A row to choose: sign, words, and below them what it is.
pub(super) fn choice(ui: &mut Ui, sort: Sort, on: bool, label: &str, about: &str) -> Response {
    let tokens = Tokens::of(ui);
    let label = display_text(label.trim());
    let sign = sort.sign(on);
    let icon_size = if sort == Sort::Switch { 28.0 } else { 20.0 };
    let left = icon_size + 18.0;
    let colour = if ui.is_enabled() { tokens.text } else { tokens.muted };
    let room = ui.available_width() - left - 8.0;
    let lay = |text: &str, points, colour| ui.painter().layout(text.to_owned(), theme::words(points), colour, room);
    let title = lay(&label, theme::BODY, colour);
    let second = (!about.is_empty()).then(|| lay(about, theme::SMALL, tokens.muted));
    let below = second.as_ref().map_or(0.0, |galley| galley.size().y + 1.0);
    let height = (title.size().y + below + 12.0).max(36.0);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    response.widget_info(|| WidgetInfo::selected(sort.role(), ui.is_enabled(), on, &label));
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect, 6.0, tokens.bg3);
    }
    let sign_colour = if on && ui.is_enabled() { tokens.accent.ink } else { tokens.edge };
    let icon = widgets::line_of(ui, sign.codepoint, theme::icon(sign, icon_size), sign_colour);
    painter.galley(pos2(rect.left() + 6.0, rect.center().y - icon.size().y / 2.0), icon, sign_colour);
    let top = rect.center().y - (title.size().y + below) / 2.0;
    let under = top + title.size().y + 1.0;
    painter.galley(pos2(rect.left() + left, top), title, colour);
    if let Some(second) = second {
        painter.galley(pos2(rect.left() + left, under), second, tokens.muted);
    }
    widgets::focus_ring(ui, rect.shrink(1.0), &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// Radio buttons drawn one after the other: an arrow goes to the next and chooses it.
/// Gives the place that the arrow chose.
pub(super) fn arrows(ui: &Ui, rows: &[Response]) -> Option<usize> {
    let at = rows.iter().position(Response::has_focus)?;
    let filter = egui::EventFilter { vertical_arrows: true, horizontal_arrows: true, ..Default::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(rows[at].id, filter));
    let pressed = |key| ui.input(|input| input.key_pressed(key));
    let to = if pressed(Key::ArrowDown) || pressed(Key::ArrowRight) {
        (at + 1) % rows.len()
    } else if pressed(Key::ArrowUp) || pressed(Key::ArrowLeft) {
        at.checked_sub(1).unwrap_or(rows.len() - 1)
    } else {
        return None;
    };
    rows[to].request_focus();
    Some(to)
}

/// Words that fold out beneath their line.
pub(super) fn fold(ui: &mut Ui, open: &mut bool, label: &str, text: &[Span]) -> Response {
    let tokens = Tokens::of(ui);
    let label = display_text(label.trim());
    let galley =
        ui.painter().layout(label.clone(), theme::words(theme::BODY), tokens.accent.ink, ui.available_width() - 26.0);
    let size = vec2(ui.available_width(), (galley.size().y + 12.0).max(32.0));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    if response.clicked() {
        *open = !*open;
    }
    response.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, ui.is_enabled(), *open, &label));
    let sign = if *open { i::ICON_EXPAND_LESS } else { i::ICON_EXPAND_MORE }.outlined();
    let icon = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 18.0), tokens.accent.ink);
    let middle = |galley: &Galley| rect.center().y - galley.size().y / 2.0;
    ui.painter().galley(pos2(rect.right() - 20.0, middle(&icon)), icon, tokens.accent.ink);
    ui.painter().galley(pos2(rect.left(), middle(&galley)), galley, tokens.accent.ink);
    widgets::focus_ring(ui, rect, &response);
    if *open {
        let room = ui.available_width();
        words(ui, text, theme::BODY, tokens.text_second, room);
        ui.add_space(4.0);
    }
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// A field to type in.
pub(super) struct Entry<'a> {
    /// Its accessible name.
    pub name: &'a str,
    pub hint: &'a str,
    pub longest: usize,
    pub digits: bool,
    /// `Some` where it is hidden; true once it is shown.
    pub masked: Option<&'a mut bool>,
    pub lines: usize,
}

/// Draws it.
pub(super) fn entry(ui: &mut Ui, of: Entry<'_>, text: &mut String) -> Response {
    let eye = of.masked.is_some();
    let hidden = of.masked.as_ref().is_some_and(|shown| !**shown);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let width = ui.available_width() - if eye { theme::TARGET + 4.0 } else { 0.0 };
        let field = match of.lines {
            1 => TextEdit::singleline(text),
            lines => TextEdit::multiline(text).desired_rows(lines),
        };
        let font = if of.digits || eye { theme::code(TYPED) } else { theme::words(TYPED) };
        let field = field.font(font).margin(Margin::symmetric(10, 9)).desired_width(width);
        let response = ui.add(field.password(hidden).char_limit(of.longest).hint_text(display_text(of.hint)));
        widgets::name(&response, &display_text(of.name));
        if let Some(shown) = of.masked {
            let (icon, name) = match *shown {
                true => (i::ICON_VISIBILITY_OFF.outlined(), "Hide what is typed"),
                false => (i::ICON_VISIBILITY.outlined(), "Show what is typed"),
            };
            if widgets::icon_button(ui, icon, name).clicked() {
                *shown = !*shown;
            }
        }
        if of.digits && response.changed() {
            text.retain(|c| c.is_ascii_digit()); // a phone shows digits only
        }
        response
    })
    .inner
}

/// A picture that is not fetched: its frame, and whose it is.
pub(super) fn placeholder(ui: &mut Ui, rect: Rect, whose: &str, address: &str) {
    let tokens = Tokens::of(ui);
    ui.painter().rect(rect, 6.0, tokens.bg1, theme::line(tokens), StrokeKind::Inside);
    let icon = i::ICON_IMAGE.outlined();
    let sign = widgets::line_of(ui, icon.codepoint, theme::icon(icon, 14.0), tokens.muted);
    let whose = display_text(whose);
    let mut job = LayoutJob::simple_singleline(whose.clone(), theme::words(theme::SMALL), tokens.text_second);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width() - 32.0);
    let words = ui.painter().layout_job(job);
    let left = rect.center().x - (words.size().x + 20.0) / 2.0;
    let painter = ui.painter();
    painter.galley(pos2(left, rect.center().y - sign.size().y / 2.0), sign, tokens.muted);
    painter.galley(pos2(left + 20.0, rect.center().y - words.size().y / 2.0), words, tokens.text_second);
    let response = ui.interact(rect, ui.scope_id().with(("picture", address)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("{whose}, picture not loaded")));
    response.on_hover_text(format!("Nothing is loaded from {}", display_text(address)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bold_is_marked_in_pairs_and_only_where_the_protocol_has_it() {
        let spans = |text, version| {
            let spans = marked(text, version).into_iter();
            spans.map(|span| (span.text, span.bold)).collect::<Vec<_>>()
        };
        let plain = |text: &str| vec![(text.to_owned(), false)];
        let bold = vec![("Pay ".to_owned(), false), ("12 €".to_owned(), true), ("\nnow".to_owned(), false)];
        assert_eq!(spans("Pay **12 €**\nnow", "2.3.1"), bold);
        assert_eq!(spans("Pay **12 €**", "2.2.0"), plain("Pay **12 €**"));
        for text in ["2 ** 3", "to ***321 and ***322", "** a **", "**", "****", "", "a ** b **c"] {
            assert_eq!(spans(text, "2.3.1"), plain(text), "{text}");
        }
        let both = vec![
            ("to ***321: ".to_owned(), false),
            ("12".to_owned(), true),
            (" ".to_owned(), false),
            ("é".to_owned(), true),
        ];
        assert_eq!(spans("to ***321: **12** **é**", "2.3.1"), both);
    }
}
