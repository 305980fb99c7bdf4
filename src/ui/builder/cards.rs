//! Test cards: the strip of three above the form, and the window with all published ones.
//! Says which number was picked; the builder puts it into the draft.

use egui::{
    Align2, Frame, Margin, Pos2, Rect, Response, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2,
};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons as i;

use crate::model::cards::{self, Ending, TestCard};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::{palette, widgets};

/// The three offered without opening the window: number, sign, words.
const STRIP: [(&str, MaterialIcon, &str); 3] = [
    ("4242424242424242", i::ICON_PASSWORD, "Challenge"),
    ("4485040371536584", i::ICON_BOLT, "No challenge"),
    ("4539628347117863", i::ICON_BLOCK, "Declined"),
];
/// Height of a row in the window, points.
const ROW: f32 = 28.0;
/// Under this width, points, a row has two lines.
const ROOM_FOR_ONE_LINE: f32 = 600.0;

/// Digits in the groups printed on a card: 4-6-5 for fifteen digits, else fours.
pub fn grouped(digits: &str) -> String {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits.to_owned();
    }
    let breaks: &[usize] = if digits.len() == 15 { &[4, 10] } else { &[4, 8, 12, 16] };
    let mut text = String::with_capacity(digits.len() + 4);
    for (place, digit) in digits.chars().enumerate() {
        if breaks.contains(&place) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// The strip of three; returns the number that was picked.
pub fn strip_ui(ui: &mut Ui, chosen: &str) -> Option<&'static str> {
    let gap = 6.0;
    let width = (ui.available_width() - 2.0 * gap) / 3.0;
    let mut picked = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = gap;
        for (number, sign, words) in STRIP {
            if tile_ui(ui, width, number, sign.outlined(), words, chosen == number).clicked() {
                picked = Some(number);
            }
        }
    });
    picked
}

fn tile_ui(ui: &mut Ui, width: f32, number: &str, sign: MaterialIcon, words: &str, chosen: bool) -> Response {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 42.0), Sense::click());
    let tail = format!("…{}", &number[number.len() - 4..]);
    let name = format!("{words} {tail}");
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), chosen, &name));
    let (fill, stroke) = match (chosen, response.hovered()) {
        (true, _) => (tokens.selection, tokens.accent.ink),
        (false, true) => (tokens.bg3, tokens.line_strong),
        (false, false) => (tokens.bg2, tokens.line),
    };
    ui.painter().rect(rect, 6.0, fill, Stroke::new(1.0, stroke), StrokeKind::Inside);
    let number_line = widgets::line_of(ui, &tail, theme::code(theme::CODE), tokens.text);
    ui.painter().galley(rect.min + vec2(8.0, 5.0), number_line, tokens.text);
    let colour = match words {
        "Declined" => tokens.danger.ink,
        "Challenge" => tokens.accent.ink,
        _ => tokens.success.ink,
    };
    let sign = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 14.0), colour);
    let words = widgets::line_of(ui, words, theme::words(theme::SMALL), tokens.text_second);
    let middle = rect.bottom() - 13.0;
    ui.painter().galley(Pos2::new(rect.left() + 8.0, middle - sign.size().y / 2.0), sign, colour);
    ui.painter().galley(Pos2::new(rect.left() + 26.0, middle - words.size().y / 2.0), words, tokens.text_second);
    widgets::focus_ring(ui, rect, &response);
    response.on_hover_text(widgets_tip(number))
}

fn widgets_tip(number: &str) -> String {
    let ending = cards::find(number).map_or("", |card| card.ending.plain());
    format!("{}: {ending}", grouped(number))
}

/// The window with every published card.
#[derive(Debug, Default)]
pub struct Picker {
    open: bool,
    list: List,
}

impl Picker {
    /// Opens the window with the search in focus, or closes it.
    pub fn toggle(&mut self) {
        self.open = !self.open;
        self.list = List { fresh: self.open, ..List::default() };
    }

    /// True while the window is open.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Draws the window if it is open; returns the number that was picked.
    pub fn ui(&mut self, ui: &Ui, chosen: &str) -> Option<&'static str> {
        if !self.open {
            return None;
        }
        let mut open = true;
        let mut picked = None;
        let room = ui.ctx().content_rect().size() - vec2(24.0, 96.0);
        egui::Window::new("Test cards")
            .id(egui::Id::unique("test cards"))
            .open(&mut open)
            .collapsible(false)
            .resizable(false)
            .title_frame(widgets::window_title(ui))
            .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
            .fixed_size(vec2(660.0, 460.0).min(room))
            .show(ui.ctx(), |ui| picked = self.list.ui(ui, chosen));
        let escaped = ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape));
        self.open = open && picked.is_none() && !escaped;
        picked
    }
}

/// Every published card, with a box to find one.
#[derive(Debug, Default)]
pub struct List {
    find: String,
    /// The box takes the keyboard once.
    fresh: bool,
}

impl List {
    /// Draws the list; returns the number that was picked.
    pub fn ui(&mut self, ui: &mut Ui, chosen: &str) -> Option<&'static str> {
        let search = egui::TextEdit::singleline(&mut self.find)
            .hint_text("Find a card by number, scheme or ending")
            .desired_width(f32::INFINITY)
            .margin(Margin::symmetric(8, 4));
        let search = ui.add(search);
        widgets::name(&search, "Find a card");
        if std::mem::take(&mut self.fresh) {
            search.request_focus();
        }
        let words: Vec<String> = self.find.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let found: Vec<&'static TestCard> = cards::CARDS.iter().filter(|card| fits(card, &words)).collect();
        widgets::muted(
            ui,
            &format!("{} of {} cards; published test numbers, no real ones", found.len(), cards::CARDS.len()),
        );
        let mut picked = None;
        let area = ScrollArea::vertical().auto_shrink([false, false]);
        let row = if ui.available_width() < ROOM_FOR_ONE_LINE { 2.0 * ROW - 8.0 } else { ROW };
        area.show_rows(ui, row - ui.spacing().item_spacing.y, found.len(), |ui, rows| {
            for card in found.get(rows).unwrap_or_default() {
                if row_ui(ui, card, chosen == card.number).clicked() {
                    picked = Some(card.number);
                }
            }
        });
        if found.is_empty() {
            widgets::text(ui, "No published card fits these words", theme::BODY);
        }
        picked
    }
}

fn fits(card: &TestCard, words: &[String]) -> bool {
    let asks = if card.challenge { "challenge" } else { "no challenge frictionless" };
    let method = if card.without_method { "without 3ds method" } else { "" };
    let (word, plain) = (card.ending.word(), card.ending.plain());
    let text = format!("{} {} {} {asks} {word} {plain} {method}", card.number, grouped(card.number), card.scheme);
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word.as_str()))
}

fn row_ui(ui: &mut Ui, card: &TestCard, chosen: bool) -> Response {
    let tokens = Tokens::of(ui);
    let narrow = ui.available_width() < ROOM_FOR_ONE_LINE;
    let height = if narrow { 2.0 * ROW - 8.0 } else { ROW } - ui.spacing().item_spacing.y;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let number = grouped(card.number);
    response.widget_info(|| WidgetInfo::selected(Role::Button, ui.is_enabled(), chosen, &number));
    if chosen || response.hovered() || response.has_focus() {
        let fill = if chosen { tokens.selection } else { tokens.bg3 };
        ui.painter().rect_filled(rect, 4.0, fill);
    }
    let asks = if card.challenge { "challenge" } else { "no challenge" };
    let plain = match card.without_method {
        true => "The bank says yes; there is no 3DS Method",
        false => card.ending.plain(),
    };
    let cells = [
        (8.0, number.as_str(), theme::code(theme::CODE), tokens.text),
        (168.0, card.scheme, theme::code(theme::SMALL), tokens.text_second),
        (288.0, asks, theme::words(theme::TAB), if card.challenge { tokens.warning.ink } else { tokens.muted }),
        (378.0, plain, theme::words(theme::TAB), tone_colour(card.ending, tokens)),
    ];
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    for (place, (x, text, font, colour)) in cells.into_iter().enumerate() {
        let line = widgets::line_of(ui, text, font, colour);
        let (x, y) = match (narrow, place) {
            (false, _) => (x, rect.center().y),
            (true, 0 | 1) => (x, rect.top() + 13.0),
            (true, place) => ([8.0, 102.0][place - 2], rect.bottom() - 12.0),
        };
        painter.galley(Pos2::new(rect.left() + x, y - line.size().y / 2.0), line, colour);
    }
    widgets::focus_ring(ui, Rect::from_min_max(rect.min, rect.max).shrink(2.0), &response);
    response.on_hover_text(format!("{asks}, then {}", card.ending.word()))
}

fn tone_colour(ending: Ending, tokens: &Tokens) -> egui::Color32 {
    let tone = match ending {
        Ending::Approved | Ending::Attempted => Tone::Success,
        Ending::Declined | Ending::Rejected => Tone::Danger,
        Ending::Unavailable | Ending::SchemeError | Ending::NotEnrolled => Tone::Neutral,
    };
    tokens.tone(tone).ink
}

/// The head of the strip: its title, and the link that opens the window. True if clicked.
pub fn head_ui(ui: &mut Ui) -> bool {
    let entry = palette::entry(palette::Act::TestCards);
    let mut clicked = false;
    Frame::new().show(ui, |ui| {
        ui.horizontal(|ui| {
            widgets::emphasis(ui, "Test card");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                widgets::key_cap(ui, entry.cap);
                clicked = widgets::link(ui, entry.label).clicked();
            });
        });
    });
    clicked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_on_the_card_and_the_strip_is_published() {
        assert_eq!(grouped("4242424242424242"), "4242 4242 4242 4242");
        assert_eq!(grouped("372688581899681"), "3726 885818 99681");
        assert_eq!(grouped("36138956596288"), "3613 8956 5962 88");
        assert_eq!(grouped("{{pan}}"), "{{pan}}");
        for (number, _, words) in STRIP {
            let card = cards::find(number).expect("published");
            assert_eq!(card.challenge, words == "Challenge");
            assert_eq!(card.ending == Ending::Declined, words == "Declined");
        }
    }
}
