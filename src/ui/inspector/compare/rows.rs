//! The changes between two payloads: summary, choices, and the rows, of which only those in
//! sight are laid out.

use std::collections::BTreeSet;

use egui::{Key, Modifiers, Pos2, Rect, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use egui_material_icons::icons as i;

use super::list::{Item, List, is_long};
use super::{Choice, Named};
use crate::model::diff::{Diff, Row, Sign, patch};
use crate::model::trace::Spot;
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, display_text};

/// Width from which summary and choices stand in one line, points.
const WIDE: f32 = 640.0;
/// Space left of what a row says, points.
const INDENT: f32 = 22.0;

/// View state of the rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    list: Option<(Choice, List)>,
    /// Folds that were opened, by their first row.
    opened: BTreeSet<usize>,
    chosen: Option<usize>,
    scroll_to: Option<usize>,
}

impl Rows {
    pub fn ui(&mut self, ui: &mut Ui, diff: &Diff, names: &[Named; 2], choice: &mut Choice, links: &mut Vec<Link>) {
        self.bar_ui(ui, diff, names, choice);
        if let Some(note) = &diff.note {
            super::super::padded(ui, |ui| {
                widgets::muted_lines(ui, &display_text(note));
            });
            widgets::hline(ui);
        }
        if self.list.as_ref().is_none_or(|(of, _)| of != choice) {
            if self.list.is_some() {
                self.chosen = None;
            }
            self.list = Some((*choice, List::of(diff, *choice, &self.opened)));
        }
        self.keys(ui);
        self.list_ui(ui, diff, names, links);
    }

    /// How much differs, what is shown of it, and the ways on.
    fn bar_ui(&mut self, ui: &mut Ui, diff: &Diff, names: &[Named; 2], choice: &mut Choice) {
        let counts = diff.counts();
        let wide = ui.available_width() >= WIDE;
        egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 5)).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing = vec2(8.0, 4.0);
            ui.horizontal(|ui| {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    ui.spacing_mut().item_spacing.x = 4.0;
                    self.copy_ui(ui, diff, names, *choice);
                    self.steps_ui(ui);
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                        ui.spacing_mut().item_spacing.x = 12.0;
                        widgets::emphasis(ui, &counts.words());
                        if wide {
                            choice_ui(ui, choice, counts.volatile);
                        }
                    });
                });
            });
            if !wide {
                ui.horizontal(|ui| choice_ui(ui, choice, counts.volatile));
            }
        });
        widgets::hline(ui);
    }

    /// To the next change and back.
    fn steps_ui(&mut self, ui: &mut Ui) {
        let some = self.list.as_ref().is_some_and(|(_, list)| !list.changes.is_empty());
        let ways = [
            (true, i::ICON_ARROW_DOWNWARD.outlined(), "Next change (N)"),
            (false, i::ICON_ARROW_UPWARD.outlined(), "Previous change (P)"),
        ];
        for (on, icon, name) in ways {
            let button = ui.add_enabled_ui(some, |ui| widgets::icon_button(ui, icon, name)).inner;
            if button.on_disabled_hover_text("No change is shown").clicked() {
                self.step(on);
            }
        }
    }

    fn copy_ui(&self, ui: &mut Ui, diff: &Diff, names: &[Named; 2], choice: Choice) {
        let button = widgets::icon_button(ui, i::ICON_CONTENT_COPY.outlined(), "Copy the changes");
        egui::Popup::menu(&button).show(|ui| {
            if ui.button("Copy as text").on_hover_text("Lines with − and +, as shown here").clicked() {
                let shown = |row: &&Row| row.volatile.is_none() || choice.volatile || choice.all;
                let rows = diff.rows.iter().filter(shown);
                let text = patch::text(diff, (&names[0].words, &names[1].words), rows);
                widgets::copy(ui, "changes", &text);
            }
            let structural = diff.is_structural();
            let item = ui.add_enabled(structural, egui::Button::new("Copy as JSON Patch"));
            let item = item.on_hover_text("RFC 6902: makes the left document the right one, ids and times included");
            if item.on_disabled_hover_text("Only JSON has one").clicked()
                && let Some(text) = patch::json(diff)
            {
                widgets::copy(ui, "changes", &text);
            }
        });
    }

    /// `N`, `P`, F7 and Shift+F7.
    fn keys(&mut self, ui: &Ui) {
        if ui.ctx().text_edit_focused() || egui::Popup::is_any_open(ui.ctx()) {
            return;
        }
        let taken = |modifiers: Modifiers, key: Key| ui.input_mut(|input| input.consume_key(modifiers, key));
        if taken(Modifiers::SHIFT, Key::F7) || taken(Modifiers::NONE, Key::P) {
            self.step(false);
        } else if taken(Modifiers::NONE, Key::F7) || taken(Modifiers::NONE, Key::N) {
            self.step(true);
        }
    }

    /// To the next change or the one before; from the last to the first.
    fn step(&mut self, on: bool) {
        let Some((_, list)) = &self.list else { return };
        let count = list.changes.len();
        if count == 0 {
            return;
        }
        let next = match (self.chosen, on) {
            (None, true) => 0,
            (None, false) => count - 1,
            (Some(at), true) => list.changes.partition_point(|change| *change <= at) % count,
            (Some(at), false) => (list.changes.partition_point(|change| *change < at) + count - 1) % count,
        };
        self.chosen = list.changes.get(next).copied();
        self.scroll_to = self.chosen;
    }

    fn list_ui(&mut self, ui: &mut Ui, diff: &Diff, names: &[Named; 2], links: &mut Vec<Link>) {
        let Some((_, list)) = &self.list else { return };
        let mut area = ScrollArea::vertical().id_salt("changes").auto_shrink(false);
        if let Some(at) = self.scroll_to.take() {
            let (top, height) = list.span(at, self.chosen);
            let room = ui.available_height();
            area = area.vertical_scroll_offset((top - (room - height).max(0.0) / 3.0).max(0.0));
        }
        let (mut open, mut choose) = (None, None);
        area.show_viewport(ui, |ui, sight| {
            ui.set_height(list.height(self.chosen));
            ui.set_width(ui.available_width());
            let origin = ui.min_rect().min;
            for at in list.in_sight(sight.top(), sight.bottom()) {
                let (top, height) = list.span(at, self.chosen);
                let rect = Rect::from_min_size(pos2(origin.x, origin.y + top), vec2(ui.available_width(), height));
                let room = UiBuilder::new().max_rect(rect).id_salt(at);
                let chosen = self.chosen == Some(at);
                let clicked = ui.scope_builder(room, |ui| match &list.items[at] {
                    Item::Told(words) => {
                        one_line(ui, rect, words);
                        false
                    }
                    Item::Folded { equal, volatile, .. } => {
                        let noun = if diff.is_structural() { "member" } else { "line" };
                        fold_ui(ui, rect, noun, (*equal, *volatile))
                    }
                    Item::Row(_, row) => row_ui(ui, rect, diff, row, chosen.then_some((names, &mut *links))),
                });
                if clicked.inner {
                    match &list.items[at] {
                        Item::Folded { rows, .. } => open = Some(rows.start),
                        _ => choose = Some(at),
                    }
                }
            }
        });
        if let Some(at) = choose {
            self.chosen = (self.chosen != Some(at)).then_some(at);
        }
        if let Some(first) = open {
            self.opened.insert(first);
            self.list = None;
            self.chosen = None;
            ui.ctx().request_repaint();
        }
    }
}

/// What is shown.
fn choice_ui(ui: &mut Ui, choice: &mut Choice, volatile: usize) {
    widgets::segmented(ui, &mut choice.all, &[(false, "Changes only"), (true, "All members")]);
    let words = match volatile {
        0 => "Ids and times".to_owned(),
        some => format!("Ids and times {some}"),
    };
    let toggle = ui.checkbox(&mut choice.volatile, words);
    toggle.on_hover_text("Also changes that only show what is new each time: ids, times, tokens, ports");
}

fn tone_of(row: &Row) -> Tone {
    match row.sign {
        _ if row.volatile.is_some() => Tone::Neutral,
        Sign::Equal => Tone::Neutral,
        Sign::Added => Tone::Success,
        Sign::Removed => Tone::Danger,
        Sign::Changed => Tone::Warning,
        Sign::Moved => Tone::Accent,
    }
}

/// Text in one line that ends in `…` where there is no room.
fn write(ui: &Ui, at: Pos2, room: f32, text: &str, font: egui::FontId, colour: egui::Color32) -> f32 {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(8.0));
    let galley = ui.painter().layout_job(job);
    let width = galley.size().x;
    ui.painter().galley(pos2(at.x, at.y - galley.size().y / 2.0), galley, colour);
    width
}

fn one_line(ui: &mut Ui, rect: Rect, words: &str) {
    let response = ui.interact(rect, ui.scope_id().with("told"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, words));
    let at = pos2(rect.left() + theme::PADDING, rect.center().y);
    let room = rect.width() - 2.0 * theme::PADDING;
    write(ui, at, room, &display_text(words), theme::words(theme::SMALL), Tokens::of(ui).text_second);
}

/// Rows that are not shown. True if they are to be.
fn fold_ui(ui: &mut Ui, rect: Rect, noun: &str, (equal, volatile): (usize, usize)) -> bool {
    let tokens = Tokens::of(ui);
    let mut words = match equal {
        0 => String::new(),
        1 => format!("1 equal {noun}"),
        many => format!("{many} equal {noun}s"),
    };
    if volatile > 0 {
        words += if words.is_empty() { "" } else { ", " };
        words += &match volatile {
            1 => "1 that is only an id or a time".to_owned(),
            many => format!("{many} that are only ids and times"),
        };
    }
    let response = ui.interact(rect, ui.scope_id().with("fold"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, format!("Show {words}")));
    ui.painter().rect_filled(rect, 0.0, if response.hovered() { tokens.bg3 } else { tokens.bg2 });
    let sign = i::ICON_UNFOLD_MORE.outlined();
    let galley = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 14.0), tokens.muted);
    let left = rect.left() + theme::PADDING;
    ui.painter().galley(pos2(left, rect.center().y - galley.size().y / 2.0), galley, tokens.muted);
    let at = pos2(left + INDENT, rect.center().y);
    write(ui, at, rect.width() - INDENT - 24.0, &words, theme::words(theme::SMALL), tokens.muted);
    widgets::focus_ring(ui, rect.shrink(2.0), &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}

/// One change, or one equal value. True if it was clicked. `links`: it is the chosen one.
fn row_ui(ui: &mut Ui, rect: Rect, diff: &Diff, row: &Row, links: Option<(&[Named; 2], &mut Vec<Link>)>) -> bool {
    let tokens = Tokens::of(ui);
    let (left, right) = diff.places(row);
    let (old, new) = diff.texts(row);
    let shown = |text: &Option<String>| text.as_deref().map(|text| display_text(&text.replace(['\n', '\t'], " ")));
    let (old, new) = (shown(&old), shown(&new));
    let place = match (&left, &right) {
        (Some(left), Some(right)) if left != right => format!("{left} → {right}"),
        (Some(place), _) | (None, Some(place)) => place.clone(),
        (None, None) => String::new(),
    };
    let place = display_text(&place);
    let word = row.volatile.map_or(row.sign.word(), |kind| kind.word());
    let response = ui.interact(rect, ui.scope_id().with("row"), Sense::click());
    response.widget_info(|| {
        let values = [old.as_deref(), new.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" to ");
        WidgetInfo::labeled(egui::Role::Button, true, format!("{word} {place} {values}"))
    });
    let ink = tokens.tone(tone_of(row)).ink;
    if links.is_some() {
        ui.painter().rect_filled(rect, 0.0, tokens.selection);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.bg2);
    }
    let (x, end) = (rect.left() + theme::PADDING, rect.right() - theme::PADDING);
    let mut y = rect.top() + 12.0;
    write(ui, pos2(x, y), INDENT, &row.sign.letter().to_string(), theme::code(theme::CODE), ink);
    let text = x + INDENT;
    if row.sign == Sign::Equal {
        let used = write(ui, pos2(text, y), (end - text) * 0.6, &place, theme::code(theme::CODE), tokens.text_second);
        let at = pos2(text + used + 10.0, y);
        let value = new.as_deref().unwrap_or_default();
        write(ui, at, end - at.x, value, theme::code(theme::CODE), tokens.muted);
        return finish(ui, rect, diff, row, &response, links);
    }
    let galley = widgets::line_of(ui, word, theme::words(theme::SMALL), ink);
    let word_left = end - galley.size().x;
    ui.painter().galley(pos2(word_left, y - galley.size().y / 2.0), galley, ink);
    write(ui, pos2(text, y), word_left - text - 8.0, &place, theme::code(theme::CODE), tokens.text);
    y += 18.0;
    values_ui(ui, (pos2(text, y), end), row, (old.as_deref(), new.as_deref()), is_long(diff, row));
    if let Some(remark) = &row.remark {
        y += if is_long(diff, row) { 36.0 } else { 18.0 };
        write(ui, pos2(text, y), end - text, &display_text(remark), theme::words(theme::SMALL), tokens.text_second);
    }
    finish(ui, rect, diff, row, &response, links)
}

/// Old and new, in one line or in two.
fn values_ui(ui: &Ui, (at, end): (Pos2, f32), row: &Row, (old, new): (Option<&str>, Option<&str>), long: bool) {
    let tokens = Tokens::of(ui);
    let code = || theme::code(theme::CODE);
    let (gone, come) = match row.volatile {
        Some(_) => (tokens.muted, tokens.text_second),
        None => (tokens.danger.ink, tokens.success.ink),
    };
    match (row.sign, old, new) {
        (Sign::Changed, Some(old), Some(new)) if long => {
            // What both begin with is left out when the difference would be out of sight.
            let skip = same_start(old, new);
            for (y, sign, text, colour) in [(at.y, "−", old, gone), (at.y + 18.0, "+", new, come)] {
                let text = match text.char_indices().nth(skip) {
                    Some((byte, _)) if skip > 0 => format!("{sign} …{}", &text[byte..]),
                    _ => format!("{sign} {text}"),
                };
                write(ui, pos2(at.x, y), end - at.x, &text, code(), colour);
            }
        }
        (Sign::Changed, Some(old), Some(new)) => {
            let mut x = at.x;
            for (text, colour) in [(old, gone), ("→", tokens.muted), (new, come)] {
                x += write(ui, pos2(x, at.y), end - x, text, code(), colour) + 8.0;
            }
        }
        (Sign::Moved, _, _) if row.leaves == 0 => {
            write(ui, at, end - at.x, "and changed, as follows", theme::words(theme::SMALL), tokens.text_second);
        }
        (Sign::Added, _, Some(new)) => drop(write(ui, at, end - at.x, new, code(), come)),
        (Sign::Removed, Some(old), _) => drop(write(ui, at, end - at.x, old, code(), gone)),
        (_, old, new) => {
            let text = new.or(old).unwrap_or_default();
            write(ui, at, end - at.x, text, code(), tokens.text_second);
        }
    }
}

/// Characters at the start that both share and that may be left out.
fn same_start(old: &str, new: &str) -> usize {
    /// Shown before the first difference. Our choice.
    const BEFORE: usize = 12;
    let same = old.chars().zip(new.chars()).take_while(|(old, new)| old == new).count();
    if same > 2 * BEFORE { same - BEFORE } else { 0 }
}

/// Focus, the links of the chosen row, and whether it was clicked.
fn finish(
    ui: &mut Ui,
    rect: Rect,
    diff: &Diff,
    row: &Row,
    response: &egui::Response,
    links: Option<(&[Named; 2], &mut Vec<Link>)>,
) -> bool {
    widgets::focus_ring(ui, rect.shrink(2.0), response);
    if let Some((names, links)) = links {
        let bar = Rect::from_min_max(
            pos2(rect.left() + theme::PADDING + INDENT, rect.bottom() - 26.0),
            pos2(rect.right() - theme::PADDING, rect.bottom()),
        );
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        ui.scope_builder(UiBuilder::new().max_rect(bar).layout(layout).id_salt("links"), |ui| {
            ui.spacing_mut().item_spacing.x = 14.0;
            let (left, right) = diff.places(row);
            let texts = diff.texts(row);
            for ((name, path), words) in names.iter().zip([left, right]).zip(["Show on the left", "Show on the right"])
            {
                if let (Some((run, spot)), Some(path)) = (&name.place, path)
                    && widgets::link(ui, words).clicked()
                {
                    // A line has no path: then it is the row.
                    let path = path.starts_with('$').then_some(path);
                    links.push(Link::Spot(*run, Spot { path, ..spot.clone() }));
                }
            }
            let value = match texts {
                (Some(old), Some(new)) => format!("{old} → {new}"),
                (old, new) => new.or(old).unwrap_or_default(),
            };
            widgets::copy_button(ui, "this change", &value);
        });
    }
    response.clicked()
}
