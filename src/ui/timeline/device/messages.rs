//! The messages of the challenge as a list, and the chosen one twice: as it travelled, taken
//! apart into the five parts of its seal, and what was inside.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, Frame, Margin, RichText, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use egui_material_icons::icons as i;
use serde_json::Value;

use crate::model::RunId;
use crate::model::device::{Device, Message, Seal};
use crate::model::payload;
use crate::model::run::Run;
use crate::ui::inspector::{self, Body};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::timeline::rows::short_time;
use crate::ui::widgets::{self, display_text, muted, muted_lines};

/// From this width on, points, sealed and open stand side by side.
const SIDE_BY_SIDE: f32 = 520.0;
/// From this width on, points, the body viewer has room for all that it can do.
const ROOM_FOR_VIEWER: f32 = 350.0;
/// Most rows of the list before it scrolls.
const ROWS: usize = 6;
/// Most findings of a message that are told.
const FINDINGS: usize = 4;
/// Characters shown of a long part, at its beginning and at its end.
const ENDS: (usize, usize) = (72, 12);

/// Which message of which challenge.
type Key = (RunId, usize, Duration);

/// View state.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The chosen message; `None` for the newest.
    chosen: Option<Key>,
    /// The chosen message made ready to be drawn.
    shown: Option<Shown>,
    view: inspector::View,
    sealed: bool,
}

#[derive(Debug)]
struct Shown {
    of: Key,
    parts: Option<[Part; 5]>,
    /// What was inside.
    body: Result<Body, String>,
    /// The same for a narrow place: its letters in their colours.
    short: Option<Short>,
}

/// A part of a compact JWE: where it is, and as much of it as is shown.
#[derive(Debug)]
struct Part {
    range: Range<usize>,
    short: String,
}

/// The five parts; `None` if it has not five.
fn parts(sealed: &str) -> Option<[Part; 5]> {
    let mut from = 0;
    let parts = sealed.split('.').map(|part| {
        let range = from..from + part.len();
        from = range.end + 1;
        Part { short: cut(part), range }
    });
    let parts: Vec<Part> = parts.take(6).collect();
    parts.try_into().ok()
}

/// The ends of a long text, without a look at what lies between them.
fn cut(text: &str) -> String {
    let (head, tail) = ENDS;
    if text.len() <= head + tail + 3 {
        return text.to_owned();
    }
    let start: String = text.chars().take(head).collect();
    let end: Vec<char> = text.chars().rev().take(tail).collect();
    format!("{start}…{}", end.into_iter().rev().collect::<String>())
}

impl State {
    /// Draws list and message in what is left of `ui`.
    pub fn ui(&mut self, ui: &mut Ui, run: &Run, device: &Device) {
        if device.messages.is_empty() {
            Frame::new().inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
                muted_lines(ui, "No message yet: the first is the app's CReq");
            });
            return;
        }
        let key = |place: usize| device.messages.get(place).map(|message| (run.id, place, message.at.mono));
        let newest = device.messages.len() - 1;
        let place = self.chosen.filter(|chosen| key(chosen.1) == Some(*chosen)).map_or(newest, |chosen| chosen.1);
        if let Some(hit) = list_ui(ui, run, device, place) {
            self.chosen = key(hit).filter(|_| hit != newest);
        }
        widgets::hline(ui);
        let (Some(message), Some(of)) = (device.messages.get(place), key(place)) else { return };
        if self.shown.as_ref().is_none_or(|shown| shown.of != of) {
            let body = message.open.as_ref().map_err(Clone::clone);
            let body = body.map(|open| Body::new(&Bytes::from(open.clone()), Some("application/json")));
            self.shown = Some(Shown { of, parts: parts(&message.sealed), body, short: None });
        }
        findings_ui(ui, message);
        self.message_ui(ui, message);
    }

    fn message_ui(&mut self, ui: &mut Ui, message: &Message) {
        let Some(shown) = &mut self.shown else { return };
        let room = ui.available_rect_before_wrap();
        let tokens = Tokens::of(ui);
        if room.width() >= SIDE_BY_SIDE {
            let cut = (room.left() + room.width() * 0.42).round();
            ui.painter().vline(cut, room.y_range(), theme::line(tokens));
            let (left, right) = (room.with_max_x(cut), room.with_min_x(cut + 1.0));
            ui.scope_builder(UiBuilder::new().max_rect(left).id_salt("sealed"), |ui| {
                ui.set_clip_rect(left.intersect(ui.clip_rect()));
                title_ui(ui, if shown.parts.is_some() { "Sealed, as it travelled" } else { "As it travelled" });
                sealed_ui(ui, message, shown);
            });
            ui.scope_builder(UiBuilder::new().max_rect(right).id_salt("open"), |ui| {
                ui.set_clip_rect(right.intersect(ui.clip_rect()));
                title_ui(ui, if shown.parts.is_some() { "Opened" } else { "What it says" });
                match right.width() >= ROOM_FOR_VIEWER {
                    true => open_ui(ui, &mut self.view, shown),
                    false => short_ui(ui, message, shown),
                }
            });
        } else {
            Frame::new().inner_margin(Margin::symmetric(12, 4)).show(ui, |ui| {
                widgets::segmented(ui, &mut self.sealed, &[(false, "Opened"), (true, "Sealed")]);
            });
            match self.sealed {
                true => sealed_ui(ui, message, shown),
                false => short_ui(ui, message, shown),
            }
        }
        ui.advance_cursor_after_rect(room);
    }
}

/// What is odd about a message though it was taken.
fn findings_ui(ui: &mut Ui, message: &Message) {
    if message.findings.is_empty() {
        return;
    }
    Frame::new().inner_margin(Margin { left: 12, right: 12, top: 6, bottom: 2 }).show(ui, |ui| {
        widgets::note(ui, Tone::Warning, |ui| {
            for finding in message.findings.iter().take(FINDINGS) {
                let text = RichText::new(display_text(finding)).font(theme::words(theme::SMALL));
                ui.add(egui::Label::new(text.color(Tokens::of(ui).text)).wrap());
            }
        });
    });
}

fn title_ui(ui: &mut Ui, title: &str) {
    Frame::new().inner_margin(Margin { left: 12, right: 12, top: 6, bottom: 2 }).show(ui, |ui| {
        muted(ui, title);
    });
}

/// The list; the place that was clicked.
fn list_ui(ui: &mut Ui, run: &Run, device: &Device, chosen: usize) -> Option<usize> {
    let count = device.messages.len();
    #[allow(clippy::cast_precision_loss)] // rows of one challenge
    let height = theme::TARGET * count.min(ROWS) as f32;
    let mut hit = None;
    let area = ScrollArea::vertical().id_salt("messages").max_height(height).auto_shrink([false, true]);
    area.stick_to_bottom(true).show_rows(ui, theme::TARGET, count, |ui, range| {
        for place in range {
            if let Some(message) = device.messages.get(place)
                && row_ui(ui, run, message, place == chosen)
            {
                hit = Some(place);
            }
        }
    });
    hit
}

/// A message in one line. True if it was clicked.
fn row_ui(ui: &mut Ui, run: &Run, message: &Message, chosen: bool) -> bool {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::TARGET), Sense::click());
    let size = payload::size(message.sealed.len() as u64);
    let counter = message.counter.map(|counter| format!("{counter:03}")).unwrap_or_default();
    let way = if message.outward { "to the bank" } else { "from the bank" };
    let label = [message.kind, &counter, way, &size].into_iter().filter(|part| !part.is_empty());
    let label = label.collect::<Vec<_>>().join(" ");
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &label));
    let painter = ui.painter();
    if chosen {
        painter.rect_filled(rect, 0.0, tokens.selection);
        painter.vline(rect.left() + 1.0, rect.y_range(), egui::Stroke::new(2.0, tokens.accent.ink));
    } else if response.hovered() {
        painter.rect_filled(rect, 0.0, tokens.bg3);
    }
    let (sign, lane) = match message.outward {
        true => (i::ICON_ARROW_FORWARD.outlined(), crate::model::Lane::Browser),
        false => (i::ICON_ARROW_BACK.outlined(), crate::model::Lane::Issuer),
    };
    let ink = tokens.lane(lane).ink;
    let put = |x: f32, text: &str, font, colour: Color32| {
        let galley = widgets::line_of(ui, text, font, colour);
        let width = galley.size().x;
        painter.galley(pos2(x, rect.center().y - galley.size().y / 2.0), galley, colour);
        x + width
    };
    put(rect.left() + 12.0, sign.codepoint, theme::icon(sign, 16.0), ink);
    put(rect.left() + 36.0, message.kind, theme::words(theme::BODY), tokens.text);
    put(rect.left() + 78.0, &counter, theme::code(theme::CODE), tokens.text_second);
    if message.open.is_err() {
        let sign = i::ICON_ERROR.outlined();
        put(rect.left() + 112.0, sign.codepoint, theme::icon(sign, 15.0), tokens.danger.ink);
    }
    let right = |end: f32, text: &str| {
        let galley = widgets::line_of(ui, text, theme::code(theme::SMALL), tokens.muted);
        let at = pos2(end - galley.size().x, rect.center().y - galley.size().y / 2.0);
        painter.galley(at, galley, tokens.muted);
    };
    right(rect.right() - 12.0, &format!("+{}", short_time(message.at.since(run.started))));
    right(rect.right() - 84.0, &size);
    widgets::focus_ring(ui, rect.shrink(2.0), &response);
    response.clicked()
}

// --- As it travelled

fn sealed_ui(ui: &mut Ui, message: &Message, shown: &Shown) {
    ScrollArea::vertical().id_salt("as it travelled").auto_shrink(false).show(ui, |ui| {
        Frame::new().inner_margin(Margin::symmetric(12, 6)).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 8.0;
            ui.horizontal(|ui| {
                muted(ui, &payload::size(message.sealed.len() as u64));
                copy_ui(ui, "the whole message", (shown.of, 9), &message.sealed);
            });
            match &shown.parts {
                Some(parts) => jwe_ui(ui, message, shown.of, parts),
                None => {
                    widgets::note(ui, Tone::Warning, |ui| {
                        muted_lines(ui, "Not sealed: it travelled as it is, and anybody on the way could read it");
                    });
                }
            }
        });
    });
}

/// Copies without a look at the whole value in each frame.
fn copy_ui(ui: &mut Ui, what: &str, of: (Key, usize), value: &str) {
    let key = format!("{of:?}");
    let (icon, name) = match widgets::just_copied(ui, &key) {
        true => (i::ICON_CHECK.outlined(), format!("Copied {what}")),
        false => (i::ICON_CONTENT_COPY.outlined(), format!("Copy {what}")),
    };
    if widgets::icon_button(ui, icon, &name).clicked() {
        widgets::copy(ui, &key, value);
    }
}

/// The five parts in their colours: first as one text, then one by one.
fn jwe_ui(ui: &mut Ui, message: &Message, of: Key, parts: &[Part; 5]) {
    let tokens = Tokens::of(ui);
    let colours = [tokens.json_key, tokens.muted, tokens.json_number, tokens.json_string, tokens.json_literal];
    let mut job = LayoutJob::default();
    job.wrap.max_width = ui.available_width() - 16.0;
    job.wrap.break_anywhere = true;
    for (place, (part, color)) in parts.iter().zip(colours).enumerate() {
        let format = |color| TextFormat { font_id: theme::code(theme::SMALL), color, ..TextFormat::default() };
        if place > 0 {
            job.append(".", 0.0, format(tokens.text));
        }
        job.append(&display_text(&part.short), 0.0, format(color));
    }
    Frame::new().fill(tokens.code).stroke(theme::line(tokens)).corner_radius(4).inner_margin(Margin::same(8)).show(
        ui,
        |ui| {
            ui.add(egui::Label::new(job).wrap());
        },
    );
    let counts = message.header.contains(Seal::Gcm.word());
    let vector = if counts { "Its last byte counts the messages" } else { "New for each message" };
    let about = [
        ("Protected header", "How it is sealed, readable by all"),
        ("Encrypted key", "Empty: the key was agreed on, it does not travel"),
        ("Initialisation vector", vector),
        ("Ciphertext", "The message itself"),
        ("Authentication tag", "Any changed byte is noticed by it"),
    ];
    for (place, ((part, colour), (name, about))) in parts.iter().zip(colours).zip(about).enumerate() {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            // Wrapped: a row that is too long would widen all that comes after it.
            ui.horizontal_wrapped(|ui| {
                let (dot, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
                ui.painter().rect_filled(dot, 3.0, colour);
                widgets::text(ui, &format!("{}  {name}", place + 1), theme::TAB);
                let value = message.sealed.get(part.range.clone()).unwrap_or_default();
                if !value.is_empty() {
                    muted(ui, &format!("{} characters", value.len()));
                    copy_ui(ui, name, (of, place), value);
                }
            });
            let value =
                if place == 0 && !message.header.is_empty() { message.header.as_str() } else { part.short.as_str() };
            if !value.is_empty() {
                let value =
                    RichText::new(display_text(value)).font(theme::code(theme::SMALL)).color(tokens.text_second);
                ui.add(egui::Label::new(value).wrap());
            }
            muted_lines(ui, about);
        });
    }
}

// --- What was inside

fn open_ui(ui: &mut Ui, view: &mut inspector::View, shown: &mut Shown) {
    match &mut shown.body {
        Ok(body) => body.ui(ui, view, "message"),
        Err(why) => {
            Frame::new().inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
                widgets::note(ui, Tone::Danger, |ui| {
                    let text = RichText::new(format!("Could not be opened: {}", display_text(why)));
                    ui.add(egui::Label::new(text.color(Tokens::of(ui).text)).wrap());
                });
            });
        }
    }
}

/// A message set in, as far as it is drawn where there is little room.
#[derive(Debug, Default)]
struct Short {
    /// Pieces of text: what sort, and the letters.
    pieces: Vec<(Sort, String)>,
    letters: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Sign,
    Key,
    Text,
    Number,
    Literal,
}

impl Short {
    /// Most letters, and most of one text: pages are long, and all of them are in the message.
    const MOST: (usize, usize) = (8_000, 240);

    fn of(open: &str) -> Self {
        let mut own = Self::default();
        match serde_json::from_str(open) {
            Ok(value) => own.value(&value, 0),
            Err(_) => own.add(Sort::Sign, &open.chars().take(Self::MOST.0).collect::<String>()),
        }
        own
    }

    fn add(&mut self, sort: Sort, text: &str) {
        if self.letters < Self::MOST.0 {
            self.letters += text.len();
            self.pieces.push((sort, display_text(text)));
        }
    }

    fn line(&mut self, depth: usize) {
        self.add(Sort::Sign, &format!("\n{}", "  ".repeat(depth)));
    }

    fn text(&mut self, sort: Sort, text: &str) {
        let most = Self::MOST.1;
        let cut: String = text.chars().take(most).collect();
        let more = if cut.len() < text.len() { "…" } else { "" };
        let quoted = serde_json::to_string(&cut).unwrap_or_default(); // a text always has a JSON form
        self.add(sort, &format!("{}{more}\"", quoted.strip_suffix('"').unwrap_or(&quoted)));
    }

    /// JSON that was read is at most 128 deep, so this is too.
    fn value(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                self.add(Sort::Sign, "{");
                for (place, (key, value)) in members.iter().enumerate() {
                    self.line(depth + 1);
                    self.text(Sort::Key, key);
                    self.add(Sort::Sign, ": ");
                    self.value(value, depth + 1);
                    self.add(Sort::Sign, if place + 1 < members.len() { "," } else { "" });
                }
                self.line(depth);
                self.add(Sort::Sign, "}");
            }
            Value::Array(items) if !items.is_empty() => {
                self.add(Sort::Sign, "[");
                for (place, value) in items.iter().enumerate() {
                    self.line(depth + 1);
                    self.value(value, depth + 1);
                    self.add(Sort::Sign, if place + 1 < items.len() { "," } else { "" });
                }
                self.line(depth);
                self.add(Sort::Sign, "]");
            }
            Value::String(text) => self.text(Sort::Text, text),
            Value::Number(number) => self.add(Sort::Number, &number.to_string()),
            other => self.add(Sort::Literal, &other.to_string()),
        }
    }
}

/// What was inside, where there is little room.
fn short_ui(ui: &mut Ui, message: &Message, shown: &mut Shown) {
    let Ok(open) = &message.open else { return open_ui(ui, &mut inspector::View::default(), shown) };
    let tokens = Tokens::of(ui);
    let short = shown.short.get_or_insert_with(|| Short::of(open));
    ScrollArea::vertical().id_salt("short").auto_shrink(false).show(ui, |ui| {
        Frame::new().inner_margin(Margin::symmetric(12, 6)).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                muted(ui, &payload::size(open.len() as u64));
                copy_ui(ui, "the opened message", (shown.of, 8), open);
            });
            let mut job = LayoutJob::default();
            for (sort, text) in &short.pieces {
                let color = match sort {
                    Sort::Sign => tokens.text_second,
                    Sort::Key => tokens.json_key,
                    Sort::Text => tokens.json_string,
                    Sort::Number => tokens.json_number,
                    Sort::Literal => tokens.json_literal,
                };
                job.append(
                    text,
                    0.0,
                    TextFormat { font_id: theme::code(theme::SMALL), color, ..TextFormat::default() },
                );
            }
            ui.add(egui::Label::new(job).wrap().selectable(true));
            if short.letters >= Short::MOST.0 {
                muted_lines(ui, "It goes on; a wider window, or the copy, has all of it");
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_set_in_and_long_texts_are_cut() {
        let text = |open: &str| Short::of(open).pieces.into_iter().map(|(_, text)| text).collect::<String>();
        assert_eq!(
            text(r#"{"a":["b\"",1,null],"c":{}}"#),
            "{\n  \"a\": [\n    \"b\\\"\",\n    1,\n    null\n  ],\n  \"c\": {}\n}"
        );
        assert_eq!(text("odd"), "odd");
        let long = format!(r#"{{"page":"{}"}}"#, "x".repeat(100_000));
        assert!(text(&long).len() < 400 && text(&long).ends_with("…\"\n}"));
        let many = format!("[{}1]", "1,".repeat(100_000));
        assert!(Short::of(&many).pieces.len() < 10_000);
    }

    #[test]
    fn a_compact_jwe_has_five_parts_and_a_long_one_only_its_ends() {
        let long = "c".repeat(500);
        let sealed = format!("head..iv.{long}.tag");
        let found = parts(&sealed).expect("five");
        let whole: Vec<&str> = found.iter().filter_map(|part| sealed.get(part.range.clone())).collect();
        assert_eq!(whole, ["head", "", "iv", long.as_str(), "tag"]);
        assert_eq!(found[3].short.chars().count(), ENDS.0 + ENDS.1 + 1);
        for other in ["", "a.b.c.d", "a.b.c.d.e.f", r#"{"a":1.5}"#] {
            assert!(parts(other).is_none(), "{other}");
        }
    }
}
