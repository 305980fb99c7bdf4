//! The draft as text: an editor with line numbers and coloured JSON. Takes any text; what
//! is not JSON is coloured as far as it goes and said beneath by the draft itself.

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, Id, Margin, Pos2, Rect, ScrollArea, TextEdit, Ui, Vec2};

use crate::model::draft::Doc;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets;

/// Longest text that is coloured, in bytes; longer text is drawn plain to stay fluent.
const LONGEST_COLOURED: usize = 200_000;
/// Width of the line numbers, points.
const GUTTER: f32 = 30.0;

/// Draws the editor of one document. `name` is its accessible name.
pub fn editor_ui(ui: &mut Ui, name: &str, doc: &mut Doc) {
    let broken = doc.broken().map(str::to_owned);
    let below = if broken.is_some() { 64.0 } else { 0.0 };
    let height = (ui.available_height() - below).max(120.0);
    ScrollArea::vertical().id_salt(name).max_height(height).auto_shrink([false, false]).show(ui, |ui| {
        text_ui(ui, name, doc, height);
    });
    if let Some(why) = broken {
        widgets::note(ui, Tone::Warning, |ui| {
            widgets::text(ui, &widgets::display_text(&why), theme::TAB);
            widgets::muted(ui, "It is sent as it stands; this never blocks");
        });
    }
}

fn text_ui(ui: &mut Ui, name: &str, doc: &mut Doc, height: f32) {
    let tokens = Tokens::of(ui);
    let mut text = doc.text().to_owned();
    let mut layouter = |ui: &Ui, buffer: &dyn egui::TextBuffer, wrap: f32| {
        let mut job = coloured(buffer.as_str(), tokens);
        job.wrap.max_width = wrap;
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let margin = Margin { left: GUTTER as i8 + 8, right: 8, top: 6, bottom: 6 };
    let output = TextEdit::multiline(&mut text)
        .id(Id::unique(("json", name)))
        .font(theme::code(theme::CODE))
        .margin(margin)
        .desired_width(f32::INFINITY)
        .min_size(Vec2::new(0.0, height))
        .background_color(tokens.code)
        .layouter(&mut layouter)
        .show(ui);
    let response = output.response.response.clone();
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, doc.text(), &text, "");
        info.label = Some(name.to_owned());
        info
    });
    numbers_ui(ui, &output.galley, output.galley_pos, response.rect);
    if response.changed() {
        doc.set_text(text);
    }
}

/// Line numbers beside the rows that begin a line.
fn numbers_ui(ui: &Ui, galley: &egui::Galley, at: Pos2, frame: Rect) {
    let tokens = Tokens::of(ui);
    let mut number = 1;
    let mut begins = true;
    for row in &galley.rows {
        let y = at.y + row.pos.y;
        if begins && ui.clip_rect().y_range().contains(y) {
            let text = widgets::line_of(ui, &number.to_string(), theme::code(theme::CAPTION), tokens.muted);
            let x = frame.left() + GUTTER - text.size().x;
            ui.painter().galley(Pos2::new(x, y), text, tokens.muted);
        }
        begins = row.ends_with_newline;
        number += usize::from(begins);
    }
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
