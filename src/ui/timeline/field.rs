//! The field of the filter language: what is typed, what is wrong with it, what could
//! follow, how many rows are left.

use std::ops::Range;
use std::sync::Arc;

use egui::text::{CCursor, CCursorRange, LayoutJob, TextFormat};
use egui::text_edit::TextEditState;
use egui::{
    Area, Frame, Galley, Id, Key, Margin, Modifiers, Order, Rect, RichText, Sense, Stroke, TextEdit, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};
use egui_material_icons::icons as i;

use super::sieve::Sieve;
use crate::model::filter::{Hint, hints};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{self, line_of};

/// Hints shown at once.
const MOST_HINTS: usize = 8;
/// Height of a hint, points.
const HINT: f32 = 24.0;
/// Most letters of a filter. Our choice.
const LONGEST: usize = 1000;

/// View state.
#[derive(Debug, Default)]
pub(super) struct State {
    wanted: bool,
    focused: bool,
    /// Where the cursor stood, in bytes.
    cursor: usize,
    /// The hint that the arrow keys have come to.
    chosen: Option<usize>,
    /// Where the hints are.
    below: Option<Rect>,
}

impl State {
    /// The keyboard is to go into the field.
    pub fn take_keyboard(&mut self) {
        self.wanted = true;
    }

    /// True while it must be there: it has text, or the keyboard.
    pub fn in_use(&self, sieve: &Sieve) -> bool {
        self.wanted || self.focused || self.below.is_some() || !sieve.text.is_empty()
    }

    /// Draws it. `all` is how many rows there are.
    pub fn ui(&mut self, ui: &mut Ui, sieve: &mut Sieve, all: usize, width: f32) {
        let tokens = Tokens::of(ui);
        let (rect, _) = ui.allocate_exact_size(vec2(width, theme::TARGET), Sense::hover());
        let id = Id::unique("timeline filter");
        let offered = if self.focused { hints(&sieve.text, self.cursor) } else { Vec::new() };
        let taken = self.keys(ui, &offered).and_then(|place| offered.get(place));
        if let Some(hint) = taken {
            self.accept(ui, id, sieve, hint);
        }
        let aside = self.aside_ui(ui, sieve, all, rect);
        let place = Rect::from_min_max(rect.min, pos2(aside, rect.bottom()));
        let wrong = sieve.mistake.as_ref().map(|mistake| mistake.range.clone());
        let mut layouter = |ui: &Ui, text: &dyn egui::TextBuffer, _: f32| laid_out(ui, text.as_str(), wrong.as_ref());
        let edit = TextEdit::singleline(&mut sieve.text)
            .id(id)
            .font(theme::code(theme::CODE))
            .margin(Margin { left: 24, right: 6, top: 4, bottom: 3 })
            .desired_width(place.width())
            .char_limit(LONGEST)
            .hint_text(RichText::new("Filter or search").font(theme::words(theme::TAB)))
            .layouter(&mut layouter);
        let builder = UiBuilder::new().max_rect(place);
        let output = ui.scope_builder(builder, |ui| edit.show(ui)).inner;
        let response = output.response.response.clone();
        response.widget_info(|| {
            let mut info = WidgetInfo::text_edit(true, &sieve.text, &sieve.text, "");
            info.label = Some("Filter the rows".into());
            info
        });
        let sign = line_of(ui, i::ICON_SEARCH.codepoint, theme::icon(i::ICON_SEARCH.outlined(), 15.0), tokens.muted);
        ui.painter().galley(pos2(rect.left() + 5.0, rect.center().y - sign.size().y / 2.0), sign, tokens.muted);
        if std::mem::take(&mut self.wanted) {
            response.request_focus();
        }
        if response.changed() {
            self.chosen = None;
        }
        self.escape(ui, &response, sieve);
        self.focused = response.has_focus();
        let cursor = output.cursor_range.map_or(sieve.text.chars().count(), |range| range.primary.index.into());
        self.cursor = sieve.text.char_indices().nth(cursor).map_or(sieve.text.len(), |(place, _)| place);
        self.below_ui(ui, id, rect, sieve);
    }

    /// Esc takes the text away; where there is none, the field lets go.
    fn escape(&mut self, ui: &Ui, response: &egui::Response, sieve: &mut Sieve) {
        let pressed = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape));
        let free = !ui.ctx().text_edit_focused() && !sieve.text.is_empty();
        if pressed || (free && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape))) {
            sieve.text.clear();
        }
    }

    /// Up and down go through the hints, Enter takes the one they came to.
    fn keys(&mut self, ui: &Ui, offered: &[Hint]) -> Option<usize> {
        let most = offered.len().min(MOST_HINTS);
        if most == 0 {
            self.chosen = None;
            return None;
        }
        let (down, up) = ui.input_mut(|input| {
            (input.consume_key(Modifiers::NONE, Key::ArrowDown), input.consume_key(Modifiers::NONE, Key::ArrowUp))
        });
        self.chosen = match self.chosen.filter(|place| *place < most) {
            None if down => Some(0),
            Some(place) if down => Some((place + 1) % most),
            Some(0) if up => None,
            Some(place) if up => Some(place - 1),
            same => same,
        };
        let chosen = self.chosen?;
        ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter)).then_some(chosen)
    }

    fn accept(&mut self, ui: &Ui, id: Id, sieve: &mut Sieve, hint: &Hint) {
        let Range { start, end } = hint.range;
        if sieve.text.get(start..end).is_none() {
            return; // the text has changed since
        }
        // A whole value is followed by a space, a key by its value.
        let after = if hint.text.ends_with([':', '~', '>']) { "" } else { " " };
        sieve.text.replace_range(start..end, &format!("{}{after}", hint.text));
        let cursor = start + hint.text.len() + after.len();
        let letters = sieve.text[..cursor].chars().count();
        let mut state = TextEditState::load(ui.ctx(), id).unwrap_or_default();
        state.cursor.set_char_range(Some(CCursorRange::one(CCursor::new(letters))));
        state.store(ui.ctx(), id);
        (self.cursor, self.chosen) = (cursor, None);
        ui.memory_mut(|memory| memory.request_focus(id));
        ui.ctx().request_repaint();
    }

    /// «12 of 340» and the way to take the filter away, at the right. Where they begin.
    fn aside_ui(&self, ui: &mut Ui, sieve: &mut Sieve, all: usize, rect: Rect) -> f32 {
        if sieve.text.is_empty() {
            return rect.right();
        }
        let tokens = Tokens::of(ui);
        let clear = Rect::from_min_max(pos2(rect.right() - theme::TARGET, rect.top()), rect.max);
        let pressed = ui.scope_builder(UiBuilder::new().max_rect(clear), |ui| {
            widgets::icon_button(ui, i::ICON_CLOSE.outlined(), "Clear the filter").clicked()
        });
        if pressed.inner {
            sieve.text.clear();
        }
        if !sieve.is_on() {
            return clear.left() - 2.0;
        }
        let count = format!("{} of {all}", sieve.places().len());
        let words = match sieve.progress() {
            Some(share) => format!("{count} · searching {:.0} %", share * 100.0),
            None => count,
        };
        let galley = line_of(ui, &words, theme::words(theme::TAB), tokens.text_second);
        let place = Rect::from_min_max(pos2(clear.left() - galley.size().x - 4.0, rect.top()), clear.left_bottom());
        let label = ui.interact(place, ui.scope_id().with("filter count"), Sense::hover());
        label.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &words));
        let at = pos2(place.left(), place.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, tokens.text_second);
        place.left() - 6.0
    }

    /// What is wrong, and what could follow, over the rows.
    fn below_ui(&mut self, ui: &mut Ui, id: Id, rect: Rect, sieve: &mut Sieve) {
        // A press on a hint takes the keyboard away before it is a click.
        let pressed = ui.input(|input| {
            let pointer = &input.pointer;
            let place = pointer.interact_pos().filter(|_| pointer.any_down() || pointer.any_released());
            place.is_some_and(|place| self.below.is_some_and(|below| below.contains(place)))
        });
        let offered = if self.focused || pressed { hints(&sieve.text, self.cursor) } else { Vec::new() };
        self.below = None;
        if offered.is_empty() && sieve.mistake.is_none() {
            return;
        }
        let tokens = Tokens::of(ui);
        let frame = Frame::new()
            .fill(tokens.bg2)
            .stroke(Stroke::new(1.0, tokens.line_strong))
            .corner_radius(6)
            .inner_margin(Margin::symmetric(8, 4));
        let mut taken = None;
        let area = Area::new(id.with("below")).order(Order::Foreground).fixed_pos(rect.left_bottom() + vec2(0.0, 2.0));
        let shown = area.show(ui.ctx(), |ui| {
            frame.show(ui, |ui| {
                ui.set_width((rect.width() - 18.0).clamp(200.0, 460.0));
                ui.spacing_mut().item_spacing.y = 0.0;
                if let Some(mistake) = &sieve.mistake {
                    ui.horizontal_wrapped(|ui| {
                        ui.spacing_mut().item_spacing.x = 6.0;
                        widgets::icon(ui, i::ICON_ERROR.outlined(), 15.0, tokens.danger.ink);
                        let words = RichText::new(widgets::display_text(&mistake.message)).color(tokens.text);
                        ui.label(words.font(theme::words(theme::TAB)));
                    });
                }
                for (place, hint) in offered.iter().take(MOST_HINTS).enumerate() {
                    if hint_ui(ui, hint, self.chosen == Some(place)) {
                        taken = Some(hint);
                    }
                }
            });
        });
        self.below = Some(shown.response.rect);
        if let Some(hint) = taken {
            self.accept(ui, id, sieve, hint);
        }
    }
}

/// One hint: what would stand there, and what it asks. True if it was taken.
fn hint_ui(ui: &mut Ui, hint: &Hint, chosen: bool) -> bool {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HINT), Sense::click());
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, chosen, &hint.text));
    if chosen || response.hovered() {
        ui.painter().rect_filled(rect.expand2(vec2(4.0, 0.0)), 4.0, tokens.selection);
    }
    let words = line_of(ui, &hint.text, theme::code(theme::CODE), tokens.text);
    let about = line_of(ui, hint.about, theme::words(theme::SMALL), tokens.muted);
    let top = |galley: &Galley| rect.center().y - galley.size().y / 2.0;
    let after = rect.left() + words.size().x.max(72.0) + 12.0;
    ui.painter().galley(pos2(rect.left(), top(&words)), words, tokens.text);
    ui.painter().galley(pos2(after, top(&about)), about, tokens.muted);
    response.clicked()
}

/// The text in one line; what is wrong in it is underlined.
fn laid_out(ui: &Ui, text: &str, wrong: Option<&Range<usize>>) -> Arc<Galley> {
    let tokens = Tokens::of(ui);
    let usual = TextFormat { font_id: theme::code(theme::CODE), color: tokens.text, ..TextFormat::default() };
    let mut job = LayoutJob { break_on_newline: false, ..LayoutJob::default() };
    // What is missing at the end has no letters: the last one is marked for it.
    let wrong = wrong.map(|range| {
        let last = text.char_indices().next_back().map_or(0, |(place, _)| place);
        if range.is_empty() { range.start.min(last)..range.start.max(last) } else { range.clone() }
    });
    match wrong.filter(|range| text.get(range.clone()).is_some()) {
        None => job.append(text, 0.0, usual),
        Some(range) => {
            let marked = TextFormat { underline: Stroke::new(1.5, tokens.danger.ink), ..usual.clone() };
            job.append(&text[..range.start], 0.0, usual.clone());
            job.append(&text[range.clone()], 0.0, marked);
            job.append(&text[range.end..], 0.0, usual);
        }
    }
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}
