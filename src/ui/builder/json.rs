//! The draft as text: an editor with line numbers, coloured JSON and the findings in its
//! gutter. Takes any text; what is no JSON is coloured as far as it goes, its place marked,
//! and said beneath by the draft itself.

use bytes::Bytes;
use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, Id, Margin, Pos2, Rect, Role, ScrollArea, Sense, TextEdit, Ui, Vec2, WidgetInfo, vec2};
use egui_material_icons::icons as i;
use serde::de::IgnoredAny;

use crate::model::body::Tree;
use crate::model::draft::Doc;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets;

/// Longest text that is coloured, in bytes; longer text is drawn plain to stay fluent.
const LONGEST_COLOURED: usize = 200_000;
/// Width of the line numbers and of the marks beside them, points.
const GUTTER: f32 = 44.0;
/// Height of the note beneath broken text, points.
const NOTE: f32 = 64.0;

/// Something to say about a member, to be marked at its line.
pub struct Mark<'a> {
    /// The member's JSON pointer.
    pub pointer: &'a str,
    /// How much it matters.
    pub tone: Tone,
    /// One sentence.
    pub message: &'a str,
}

/// Draws the editor of one document, of this height in points. `name` is its accessible
/// name. Returns the place in `marks` of the one that was clicked.
pub fn editor_ui(ui: &mut Ui, name: &str, doc: &mut Doc, marks: &[Mark<'_>], height: f32) -> Option<usize> {
    let broken = doc.broken().map(str::to_owned);
    let below = if broken.is_some() { NOTE } else { 0.0 };
    let height = (height - below).max(120.0);
    let area = ScrollArea::vertical().id_salt(name).max_height(height).auto_shrink([false, false]);
    let clicked = area.show(ui, |ui| text_ui(ui, name, doc, marks, height)).inner;
    if let Some(why) = broken {
        widgets::note(ui, Tone::Warning, |ui| {
            widgets::text(ui, &widgets::display_text(&why), theme::TAB);
            widgets::muted(ui, "The form shows the last good version; this text is what is sent");
        });
    }
    clicked
}

/// The editor's id, by which it can be given the keyboard.
pub fn id(name: &str) -> Id {
    Id::unique(("json", name))
}

fn text_ui(ui: &mut Ui, name: &str, doc: &mut Doc, marks: &[Mark<'_>], height: f32) -> Option<usize> {
    let tokens = Tokens::of(ui);
    let mut text = doc.text().to_owned();
    let mut layouter = |ui: &Ui, buffer: &dyn egui::TextBuffer, wrap: f32| {
        let mut job = coloured(buffer.as_str(), tokens);
        job.wrap.max_width = wrap;
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let margin = Margin { left: GUTTER as i8 + 8, right: 8, top: 6, bottom: 6 };
    let output = TextEdit::multiline(&mut text)
        .id(id(name))
        .font(theme::code(theme::CODE))
        .margin(margin)
        .desired_width(f32::INFINITY)
        .min_size(Vec2::new(0.0, height))
        .background_color(tokens.code)
        .layouter(&mut layouter)
        .show(ui);
    let response = output.response.response.clone();
    response.widget_info(|| {
        let mut info = WidgetInfo::text_edit(true, doc.text(), &text, "");
        info.label = Some(name.to_owned());
        info
    });
    let marked = marked_lines(doc, marks);
    let clicked = numbers_ui(ui, &output.galley, output.galley_pos, response.rect, &marked);
    if response.changed() {
        doc.set_text(text);
    }
    clicked
}

/// A line with something to say: its number from 1, tone, words, and the marks it stands for.
struct Marked {
    line: usize,
    tone: Tone,
    words: String,
    first: Option<usize>,
}

/// Where the marks stand in the text, by line; where the text breaks, if it does.
fn marked_lines(doc: &Doc, marks: &[Mark<'_>]) -> Vec<Marked> {
    if doc.broken().is_some() {
        let error = serde_json::from_str::<IgnoredAny>(doc.text()).err();
        let line = error.map_or(1, |error| error.line().max(1));
        return vec![Marked { line, tone: Tone::Danger, words: "The JSON breaks here".into(), first: None }];
    }
    if marks.is_empty() {
        return Vec::new();
    }
    let bytes = Bytes::copy_from_slice(doc.text().as_bytes());
    let tree = Tree::read(&bytes);
    let mut lines: Vec<Marked> = Vec::new();
    for (place, mark) in marks.iter().enumerate() {
        let at = offset(&tree, mark.pointer);
        let line = 1 + doc.text().get(..at).map_or(0, |before| before.matches('\n').count());
        match lines.iter_mut().find(|marked| marked.line == line) {
            Some(marked) => {
                marked.words = format!("{}\n{}", marked.words, mark.message);
                if marked.tone != Tone::Danger {
                    marked.tone = mark.tone;
                }
            }
            None => {
                lines.push(Marked { line, tone: mark.tone, words: mark.message.to_owned(), first: Some(place) });
            }
        }
    }
    lines
}

/// Where a member begins, in bytes; where the nearest thing around it begins, if it is not there.
fn offset(tree: &Tree, pointer: &str) -> usize {
    let mut here = 0;
    for name in pointer.split('/').skip(1) {
        let Some(child) = tree.child(here, name) else { break };
        here = child;
    }
    if here == 0 { 0 } else { tree.index.start(here) as usize }
}

/// Line numbers beside the rows that begin a line, and a sign beside those with a finding.
fn numbers_ui(ui: &Ui, galley: &egui::Galley, at: Pos2, frame: Rect, marked: &[Marked]) -> Option<usize> {
    let tokens = Tokens::of(ui);
    let (mut number, mut begins, mut clicked) = (1, true, None);
    for row in &galley.rows {
        let y = at.y + row.pos.y;
        if begins && ui.clip_rect().expand(20.0).y_range().contains(y) {
            let text = widgets::line_of(ui, &number.to_string(), theme::code(theme::CAPTION), tokens.muted);
            let x = frame.left() + GUTTER - text.size().x;
            ui.painter().galley(Pos2::new(x, y), text, tokens.muted);
            if let Some(line) = marked.iter().find(|line| line.line == number) {
                let rect = Rect::from_min_size(Pos2::new(frame.left() + 1.0, y - 3.0), vec2(20.0, 20.0));
                clicked = if sign_ui(ui, rect, line) { line.first } else { clicked };
            }
        }
        begins = row.ends_with_newline;
        number += usize::from(begins);
    }
    clicked
}

fn sign_ui(ui: &Ui, rect: Rect, line: &Marked) -> bool {
    let ink = Tokens::of(ui).tone(line.tone).ink;
    let sign = if line.tone == Tone::Accent { i::ICON_INFO } else { i::ICON_WARNING }.outlined();
    let galley = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 14.0), ink);
    let response = ui.interact(rect, ui.scope_id().with(("mark", line.line)), Sense::click());
    let name = format!("Line {}: {}", line.line, line.words);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, ink);
    widgets::focus_ring(ui, rect.shrink(2.0), &response);
    let clicked = response.clicked();
    response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text(&line.words);
    clicked
}

/// JSON with its parts in the theme's colours.
pub fn coloured(text: &str, tokens: &Tokens) -> LayoutJob {
    let mut job = LayoutJob::default();
    let mut add = |part: &str, colour: Color32| {
        let format = TextFormat { font_id: theme::code(theme::CODE), color: colour, ..TextFormat::default() };
        job.append(part, 0.0, format);
    };
    if text.len() > LONGEST_COLOURED {
        add(text, tokens.text);
        return job;
    }
    let mut rest = text;
    while !rest.is_empty() {
        let (end, part) = token(rest);
        let (before, after) = rest.split_at(end);
        let colour = match part {
            Part::Key => tokens.json_key,
            Part::Text => tokens.json_string,
            Part::Number => tokens.json_number,
            Part::Literal => tokens.json_literal,
            Part::Other => tokens.text_second,
        };
        add(before, colour);
        rest = after;
    }
    job
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Key,
    Text,
    Number,
    Literal,
    Other,
}

/// The first token of a text that is not empty: its length in bytes, and what it is.
fn token(text: &str) -> (usize, Part) {
    let run = |fits: fn(char) -> bool| text.find(|c: char| !fits(c)).unwrap_or(text.len());
    match text.chars().next() {
        Some('"') => {
            let end = string_end(text);
            let key = text.get(end..).is_some_and(|after| after.trim_start().starts_with(':'));
            (end, if key { Part::Key } else { Part::Text })
        }
        Some(c) if c.is_ascii_digit() || c == '-' => {
            (run(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E')), Part::Number)
        }
        Some(c) if c.is_ascii_alphabetic() => (run(|c| c.is_ascii_alphanumeric()), Part::Literal),
        _ => {
            let other = |c: char| c != '"' && c != '-' && !c.is_ascii_alphanumeric();
            (text.find(|c: char| !other(c)).unwrap_or(text.len()), Part::Other)
        }
    }
}

/// Where a string that begins here ends: after its closing quote, or at the line's end.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return at,
            '"' if !escaped => return at + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(String, Part)> {
        let (mut rest, mut parts) = (text, Vec::new());
        while !rest.is_empty() {
            let (end, part) = token(rest);
            assert!(end > 0, "{rest}");
            parts.push((rest[..end].trim().to_owned(), part));
            rest = &rest[end..];
        }
        parts.retain(|(text, part)| *part != Part::Other && !text.is_empty());
        parts
    }

    #[test]
    fn json_is_told_apart_and_broken_json_never_stops_it() {
        let found = parts("{\"a\\\"b\" : \"c:\", \"n\": -1.5e3, \"t\": true,\n\"open: 3");
        let found: Vec<(&str, &Part)> = found.iter().map(|(text, part)| (text.as_str(), part)).collect();
        assert_eq!(
            found,
            [
                ("\"a\\\"b\"", &Part::Key),
                ("\"c:\"", &Part::Text),
                ("\"n\"", &Part::Key),
                ("-1.5e3", &Part::Number),
                ("\"t\"", &Part::Key),
                ("true", &Part::Literal),
                ("\"open: 3", &Part::Text),
            ]
        );
        for text in ["é\"é", "\"\\", "–-", "\u{1F600}{"] {
            assert_eq!(coloured(text, &theme::DARK).text, text);
        }
    }
}
