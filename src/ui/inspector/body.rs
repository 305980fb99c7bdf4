//! The body viewer: pretty rows that fold, raw text, hex; search, copy, path. Rows are
//! laid out only when in sight (trust.md R45); what a body says is read once.

use std::collections::BTreeSet;
use std::ops::Range;

use bytes::Bytes;
use egui::text::{LayoutJob, TextFormat};
use egui::{Align, Color32, Key, Layout, Rect, Response, Role, ScrollArea, Sense, TextEdit, Ui, UiBuilder, WidgetInfo};
use egui::{pos2, vec2};
use egui_material_icons::icons as i;

use super::meaning;
use crate::model::payload::{self, Kind, Pair, Payload, Row, Shape, lossless};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, display_text, line_of, muted};

/// Height of a row, points. Source: design.md, «Numbers».
const ROW: f32 = 20.0;
/// Width of the line numbers, points. Source: design.md, «Numbers».
const GUTTER: f32 = 30.0;
/// How far a level is set in, points. Source: design.md, «Numbers».
const INDENT: f32 = 14.0;
/// Bytes of one value that are laid out; the rest is a click away.
const VALUE_SHOWN: usize = 400;
/// Rows from which on inner objects start folded. Our choice.
const FOLD_FROM: usize = 30;
/// Hits that are counted.
const MAX_HITS: usize = 10_000;

/// How a body is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// Rows, one for each member.
    #[default]
    Pretty,
    /// The exact text.
    Raw,
    /// The exact bytes.
    Hex,
}

/// A body on the screen.
#[derive(Debug)]
pub struct Body {
    payload: Payload,
    /// Without views to choose from: text only.
    plain: bool,
    folded: BTreeSet<usize>,
    /// Rows that no fold hides.
    visible: Vec<usize>,
    /// Raw lines, and for how many columns.
    lines: (usize, Vec<Range<usize>>),
    search: String,
    searched: String,
    hits: Vec<usize>,
    hit: usize,
    chosen: Option<usize>,
    scroll_to: Option<usize>,
}

impl Body {
    /// A body and what its sender called it.
    pub fn new(bytes: &Bytes, content_type: Option<&str>) -> Self {
        Self::of(Payload::read(bytes, content_type), false)
    }

    /// Text of our own making, shown as it is.
    pub fn plain(text: String) -> Self {
        Self::of(Payload::read(&Bytes::from(text), Some("text/plain")), true)
    }

    fn of(payload: Payload, plain: bool) -> Self {
        let rows = payload.rows();
        let inner = |row: &Row| row.depth == 1 && matches!(row.kind, Kind::Open { .. });
        let many = rows.len() > FOLD_FROM;
        let folded = rows.iter().enumerate().filter(|(_, row)| many && inner(row)).map(|(at, _)| at).collect();
        let mut body = Self {
            payload,
            plain,
            folded,
            visible: Vec::new(),
            lines: (0, Vec::new()),
            search: String::new(),
            searched: String::new(),
            hits: Vec::new(),
            hit: 0,
            chosen: None,
            scroll_to: None,
        };
        body.unhide();
        body
    }

    fn unhide(&mut self) {
        let rows = self.payload.rows();
        self.visible.clear();
        let mut at = 0;
        while let Some(row) = rows.get(at) {
            self.visible.push(at);
            at = match row.kind {
                Kind::Open { close, .. } if self.folded.contains(&at) => close + 1,
                _ => at + 1,
            };
        }
    }

    /// Draws it in what is left of `ui`; `what` names it for the copy button.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View, what: &str) {
        ui.spacing_mut().item_spacing.y = 0.0;
        if self.payload.shape == Shape::Empty {
            ui.add_space(24.0);
            ui.vertical_centered(|ui| muted(ui, "No body"));
            return;
        }
        self.bar_ui(ui, view, what);
        if let Some(note) = &self.payload.note {
            widgets::note(ui, Tone::Warning, |ui| muted(ui, note));
        }
        let shown = match (&self.payload.shape, *view) {
            _ if self.plain => View::Raw,
            (Shape::Binary, View::Pretty) => View::Hex,
            (Shape::Text, View::Pretty) => View::Raw,
            (_, view) => view,
        };
        self.find(shown);
        let pretty = shown == View::Pretty;
        let footer = if pretty { 28.0 } else { 0.0 };
        let room = ui.available_rect_before_wrap();
        let upper = Rect::from_min_max(room.min, pos2(room.right(), room.bottom() - footer));
        ui.painter().rect_filled(upper, 0.0, Tokens::of(ui).code);
        ui.scope_builder(UiBuilder::new().max_rect(upper), |ui| {
            ui.set_clip_rect(upper.intersect(ui.clip_rect()));
            match shown {
                View::Pretty => self.pretty_ui(ui),
                View::Raw => self.raw_ui(ui),
                View::Hex => self.hex_ui(ui),
            }
        });
        if pretty {
            let lower = Rect::from_min_max(upper.left_bottom(), room.max);
            ui.scope_builder(UiBuilder::new().max_rect(lower), |ui| self.footer_ui(ui));
        }
        ui.advance_cursor_after_rect(room);
    }

    // --- The bar above

    fn bar_ui(&mut self, ui: &mut Ui, view: &mut View, what: &str) {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 36.0), Sense::hover());
        let inner = rect.shrink2(vec2(theme::PADDING, 0.0));
        let layout = Layout::left_to_right(Align::Center);
        ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            if !self.plain {
                widgets::segmented(ui, view, &[(View::Pretty, "Pretty"), (View::Raw, "Raw"), (View::Hex, "Hex")]);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let name = format!("Copy {what}");
                let (icon, said) = match widgets::just_copied(ui, &name) {
                    true => (i::ICON_CHECK.outlined(), format!("Copied {what}")),
                    false => (i::ICON_CONTENT_COPY.outlined(), name.clone()),
                };
                if widgets::icon_button(ui, icon, &said).clicked() {
                    widgets::copy(ui, &name, &lossless(self.payload.bytes()));
                }
                self.fold_all_ui(ui, *view);
                muted(ui, &payload::size(self.payload.bytes().len() as u64));
                self.search_ui(ui);
            });
        });
        widgets::hline(ui);
    }

    fn fold_all_ui(&mut self, ui: &mut Ui, view: View) {
        let openers = |row: &Row| row.depth > 0 && matches!(row.kind, Kind::Open { .. });
        if view != View::Pretty || !self.payload.rows().iter().any(openers) {
            return;
        }
        let (icon, name) = match self.folded.is_empty() {
            true => (i::ICON_UNFOLD_LESS.outlined(), "Fold all"),
            false => (i::ICON_UNFOLD_MORE.outlined(), "Unfold all"),
        };
        if widgets::icon_button(ui, icon, name).clicked() {
            self.folded = match self.folded.is_empty() {
                true => {
                    self.payload.rows().iter().enumerate().filter(|(_, row)| openers(row)).map(|(at, _)| at).collect()
                }
                false => BTreeSet::new(),
            };
            self.unhide();
        }
    }

    fn search_ui(&mut self, ui: &mut Ui) {
        if !self.search.is_empty() {
            let words = match self.hits.len() {
                0 => "none".to_owned(),
                MAX_HITS => format!("{} of {MAX_HITS}+", self.hit + 1),
                count => format!("{} of {count}", self.hit + 1),
            };
            muted(ui, &words);
        }
        let width = ui.available_width().clamp(40.0, 180.0);
        let field = TextEdit::singleline(&mut self.search).font(theme::code(theme::CODE)).hint_text("Find");
        let response = ui.add(field.desired_width(width));
        widgets::name(&response, "Find in body");
        if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) && !self.hits.is_empty() {
            let back = ui.input(|input| input.modifiers.shift);
            let count = self.hits.len();
            self.hit = if back { (self.hit + count - 1) % count } else { (self.hit + 1) % count };
            self.scroll_to = self.hits.get(self.hit).copied();
            response.request_focus();
        }
    }

    /// Looks for the search text, when it has changed: plain bytes, ASCII case ignored.
    fn find(&mut self, view: View) {
        if self.search != self.searched {
            self.searched.clone_from(&self.search);
            let needle = self.search.to_ascii_lowercase();
            self.hits = offsets(self.payload.bytes(), needle.as_bytes());
            self.hit = 0;
            self.scroll_to = self.hits.first().copied();
        }
        if let Some(offset) = self.scroll_to.filter(|_| view == View::Pretty) {
            self.unfold_around(self.row_of(offset));
        }
    }

    fn unfold_around(&mut self, row: usize) {
        let mut next = self.payload.rows().get(row).and_then(|row| row.parent);
        let mut changed = false;
        while let Some(at) = next {
            changed |= self.folded.remove(&at);
            next = self.payload.rows()[at].parent;
        }
        if changed {
            self.unhide();
        }
    }

    /// The row in which a byte is shown.
    fn row_of(&self, offset: usize) -> usize {
        let start = |row: &Row| row.key.as_ref().map_or(row.value.start, |key| key.start);
        match &self.payload.shape {
            Shape::Form(pairs) => pairs.partition_point(|pair| pair.raw.start <= offset).saturating_sub(1),
            _ => self.payload.rows().partition_point(|row| start(row) <= offset).saturating_sub(1),
        }
    }

    // --- Pretty

    fn pretty_ui(&mut self, ui: &mut Ui) {
        let form = matches!(self.payload.shape, Shape::Form(_));
        let count = match &self.payload.shape {
            Shape::Form(pairs) => pairs.len(),
            _ => self.visible.len(),
        };
        let marked: BTreeSet<usize> = self.hits.iter().take(2000).map(|offset| self.row_of(*offset)).collect();
        let current = self.hits.get(self.hit).map(|offset| self.row_of(*offset));
        let goal = self.scroll_to.take().map(|offset| self.row_of(offset));
        let goal = goal.and_then(|row| if form { Some(row) } else { self.visible.iter().position(|at| *at == row) });
        let mut toggled = None;
        area(ui, "pretty", goal).show_rows(ui, ROW, count, |ui, range| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for place in range {
                let at = if form { place } else { self.visible.get(place).copied().unwrap_or_default() };
                let mark = if Some(at) == current { 2 } else { u8::from(marked.contains(&at)) };
                let response = self.row_ui(ui, at, mark);
                let opener = self.payload.rows().get(at).is_some_and(|row| matches!(row.kind, Kind::Open { .. }));
                if response.clicked() {
                    let arrow =
                        response.interact_pointer_pos().is_some_and(|at| at.x < response.rect.left() + GUTTER + 16.0);
                    let again = self.chosen == Some(at);
                    if opener && (arrow || again || response.double_clicked()) {
                        toggled = Some(at);
                    }
                    self.chosen = Some(at);
                }
            }
        });
        if let Some(at) = toggled {
            if !self.folded.remove(&at) {
                self.folded.insert(at);
            }
            self.unhide();
        }
    }

    fn row_ui(&self, ui: &mut Ui, at: usize, mark: u8) -> Response {
        let tokens = Tokens::of(ui);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
        let response = ui.interact(rect, ui.scope_id().with(("row", at)), Sense::click());
        let chosen = self.chosen == Some(at);
        ground(ui, rect, chosen, response.hovered(), mark);
        let font = theme::code(theme::CODE);
        let mut job = LayoutJob::default();
        let mut add = |text: &str, colour: Color32| job.append(text, 0.0, TextFormat::simple(font.clone(), colour));
        let (depth, hint, warning) = match &self.payload.shape {
            Shape::Form(pairs) => {
                let Some(pair) = pairs.get(at) else { return response };
                form_words(pair, tokens, &mut add);
                (0, None, pair.repeated)
            }
            _ => {
                let Some(row) = self.payload.rows().get(at) else { return response };
                self.json_words(row, self.folded.contains(&at), tokens, &mut add);
                (row.depth, meaning::member(&self.payload, at), row.repeated)
            }
        };
        let text = job.text.clone();
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, text.trim()));
        number_ui(ui, rect, at + 1);
        #[allow(clippy::cast_precision_loss)] // at most 64 levels
        let left = rect.left() + GUTTER + 16.0 + depth as f32 * INDENT;
        self.arrow_ui(ui, at, pos2(left - 14.0, rect.center().y));
        let hint = if warning { Some("key stands twice".to_owned()) } else { hint };
        let whole = ui.painter().layout_job(job.clone()).size().x;
        let end = hint_ui(ui, rect, hint.as_deref(), warning, left + whole);
        job.wrap = egui::text::TextWrapping::truncate_at_width((end - left).max(20.0));
        let galley = ui.painter().layout_job(job);
        ui.painter().galley(pos2(left, rect.center().y - galley.size().y / 2.0), galley, tokens.text);
        response
    }

    fn arrow_ui(&self, ui: &Ui, at: usize, place: egui::Pos2) {
        let Some(Kind::Open { .. }) = self.payload.rows().get(at).map(|row| row.kind) else { return };
        let open = !self.folded.contains(&at);
        let icon = if open { i::ICON_EXPAND_MORE.outlined() } else { i::ICON_CHEVRON_RIGHT.outlined() };
        let colour = Tokens::of(ui).text_second;
        let galley = line_of(ui, icon.codepoint, theme::icon(icon, 14.0), colour);
        ui.painter().galley(pos2(place.x, place.y - galley.size().y / 2.0), galley, colour);
    }

    fn json_words(&self, row: &Row, folded: bool, tokens: &Tokens, add: &mut impl FnMut(&str, Color32)) {
        if let Some(key) = &row.key {
            add(&self.short(key), tokens.json_key);
            add(": ", tokens.text);
        }
        let pair = |array| if array { ('[', ']') } else { ('{', '}') };
        match row.kind {
            Kind::Open { array, members, .. } if folded => {
                let (open, close) = pair(array);
                add(&format!("{open} {members} {close}"), tokens.text_second);
            }
            Kind::Open { array, .. } => add(&pair(array).0.to_string(), tokens.text),
            Kind::Close { array } => add(&pair(array).1.to_string(), tokens.text),
            Kind::Hollow => add(&self.short(&row.value), tokens.text),
            Kind::Text => add(&self.short(&row.value), tokens.json_string),
            Kind::Number => add(&self.short(&row.value), tokens.json_number),
            Kind::Literal => add(&self.short(&row.value), tokens.json_literal),
        }
        // The comma of something open stands behind its end.
        let closes = matches!(row.kind, Kind::Close { .. });
        let opener = row.parent.and_then(|at| self.payload.rows().get(at));
        let comma = if closes { opener.is_some_and(|opener| opener.comma) } else { row.comma };
        if comma && (folded || !matches!(row.kind, Kind::Open { .. })) {
            add(",", tokens.text);
        }
    }

    /// A part of the body as it may be drawn, cut if it is long.
    fn short(&self, range: &Range<usize>) -> String {
        let bytes = self.payload.bytes();
        let mut end = range.end.min(range.start + VALUE_SHOWN);
        while end < range.end && end > range.start && bytes.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
            end -= 1; // not through the middle of a character
        }
        let text = display_text(&self.payload.text(&(range.start..end)));
        if end < range.end { text + "…" } else { text }
    }

    /// Path and value of the chosen row, to copy.
    fn footer_ui(&self, ui: &mut Ui) {
        let tokens = Tokens::of(ui);
        let room = ui.available_rect_before_wrap();
        widgets::hline(ui);
        let inner = room.shrink2(vec2(theme::PADDING, 0.0));
        let layout = Layout::left_to_right(Align::Center);
        ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), |ui| {
            let Some((path, value)) = self.chosen.and_then(|at| self.path_and_value(at)) else {
                muted(ui, "Pick a line to copy its path or value");
                return;
            };
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                for (words, text) in [("Copy value", &value), ("Copy path", &path)] {
                    let shown = if widgets::just_copied(ui, words) { "Copied" } else { words };
                    if widgets::link(ui, shown).clicked() {
                        widgets::copy(ui, words, text);
                    }
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let text =
                        egui::RichText::new(display_text(&path)).font(theme::code(theme::CODE)).color(tokens.text);
                    ui.add(egui::Label::new(text).truncate());
                });
            });
        });
    }

    fn path_and_value(&self, at: usize) -> Option<(String, String)> {
        if let Shape::Form(pairs) = &self.payload.shape {
            let pair = pairs.get(at)?;
            return Some((pair.key.clone(), pair.value.clone()));
        }
        let row = self.payload.rows().get(at)?;
        let at = if matches!(row.kind, Kind::Close { .. }) { row.parent? } else { at };
        Some((self.payload.path(at), self.payload.value(self.payload.rows().get(at)?)))
    }

    // --- Raw and hex

    fn raw_ui(&mut self, ui: &mut Ui) {
        let font = theme::code(theme::CODE);
        let advance = line_of(ui, "0", font.clone(), Color32::TRANSPARENT).size().x.max(1.0);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a screen's width
        let columns = ((ui.available_width() - GUTTER - 24.0) / advance).max(8.0) as usize;
        if self.lines.0 != columns {
            self.lines = (columns, payload::wrap(self.payload.bytes(), columns));
        }
        let line_at =
            |lines: &[Range<usize>], offset| lines.partition_point(|line| line.start <= offset).saturating_sub(1);
        let lines = &self.lines.1;
        let goal = self.scroll_to.take().map(|offset| line_at(lines, offset));
        let (hits, current) = (&self.hits, self.hits.get(self.hit).map(|offset| line_at(lines, *offset)));
        area(ui, "raw", goal).show_rows(ui, ROW, lines.len(), |ui, range| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for at in range {
                let Some(line) = lines.get(at) else { continue };
                let from = hits.partition_point(|offset| *offset < line.start);
                let marked = hits.get(from).is_some_and(|offset| *offset < line.end);
                let mark = if Some(at) == current { 2 } else { u8::from(marked) };
                let text = display_text(&self.payload.text(line));
                text_row_ui(ui, at + 1, &text, mark);
            }
        });
    }

    fn hex_ui(&mut self, ui: &mut Ui) {
        let per_row = if ui.available_width() > 640.0 { 16 } else { 8 };
        let bytes = self.payload.bytes();
        let goal = self.scroll_to.take().map(|offset| offset / per_row);
        let current = self.hits.get(self.hit).map(|offset| offset / per_row);
        let width = per_row * 3;
        area(ui, "hex", goal).show_rows(ui, ROW, bytes.len().div_ceil(per_row), |ui, range| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for at in range {
                let (hex, ascii) = payload::hex_row(bytes, at * per_row, per_row);
                let mark = if Some(at) == current { 2 } else { 0 };
                text_row_ui(ui, at * per_row, &format!("{hex:<width$} {ascii}"), mark);
            }
        });
    }
}

fn form_words(pair: &Pair, tokens: &Tokens, add: &mut impl FnMut(&str, Color32)) {
    let short = |text: &str| {
        let cut: String = text.chars().take(VALUE_SHOWN).collect();
        display_text(&cut)
    };
    add(&short(&pair.key), tokens.json_key);
    add(" = ", tokens.text);
    add(&short(&pair.value), tokens.json_string);
}

#[allow(clippy::cast_precision_loss)] // rows of at most 8 MiB
fn area(ui: &Ui, salt: &str, goal: Option<usize>) -> ScrollArea {
    let area = ScrollArea::vertical().id_salt(salt).auto_shrink([false, false]);
    match goal {
        Some(row) => area.vertical_scroll_offset((row as f32 * ROW - ui.available_height() / 3.0).max(0.0)),
        None => area,
    }
}

/// Where a needle (lower case) begins, ASCII case ignored.
fn offsets(bytes: &[u8], needle: &[u8]) -> Vec<usize> {
    if needle.is_empty() {
        return Vec::new();
    }
    let found = bytes.windows(needle.len()).enumerate().filter(|(_, part)| part.eq_ignore_ascii_case(needle));
    found.map(|(at, _)| at).take(MAX_HITS).collect()
}

fn ground(ui: &Ui, rect: Rect, chosen: bool, hovered: bool, mark: u8) {
    let tokens = Tokens::of(ui);
    let fill = match (mark, chosen, hovered) {
        (_, true, _) => tokens.selection,
        (2, ..) => tokens.warning.tint,
        (1, ..) => tokens.bg3,
        (_, _, true) => tokens.bg2,
        _ => return,
    };
    ui.painter().rect_filled(rect, 0.0, fill);
    if chosen {
        ui.painter().rect_filled(Rect::from_min_size(rect.min, vec2(2.0, rect.height())), 0.0, tokens.accent.ink);
    }
}

fn number_ui(ui: &Ui, rect: Rect, number: usize) {
    let tokens = Tokens::of(ui);
    let galley = line_of(ui, &number.to_string(), theme::code(theme::CAPTION), tokens.muted);
    let at = pos2(rect.left() + GUTTER - galley.size().x, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, tokens.muted);
}

/// The meaning at the right, if the value leaves room for it; a warning always. Returns
/// where the value must end.
fn hint_ui(ui: &Ui, rect: Rect, hint: Option<&str>, warning: bool, used: f32) -> f32 {
    let tokens = Tokens::of(ui);
    let right = rect.right() - theme::PADDING;
    let Some(hint) = hint else { return right };
    let colour = if warning { tokens.warning.ink } else { tokens.muted };
    let galley = line_of(ui, &display_text(hint), theme::words(theme::SMALL), colour);
    let left = right - galley.size().x;
    if !warning && used + 8.0 > left {
        return right;
    }
    ui.painter().galley(pos2(left, rect.center().y - galley.size().y / 2.0), galley, colour);
    left - 10.0
}

fn text_row_ui(ui: &mut Ui, number: usize, text: &str, mark: u8) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    ground(ui, rect, false, false, mark);
    number_ui(ui, rect, number);
    let galley = line_of(ui, text, theme::code(theme::CODE), tokens.text);
    ui.painter().galley(
        pos2(rect.left() + GUTTER + 10.0, rect.center().y - galley.size().y / 2.0),
        galley,
        tokens.text,
    );
}
