//! One line of a body: bytes as they may be drawn, in colours, with the hits of a search lit
//! within it. And what lines have in common: ground, number.

use std::ops::Range;

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, FontId, Rect, Ui, pos2, vec2};

use crate::model::payload::lossless;
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{display_text, line_of};

/// Height of a row, points. Source: design.md, «Numbers».
pub(super) const ROW: f32 = 20.0;
/// Least width of the line numbers, points. Source: design.md, «Numbers».
const GUTTER: f32 = 30.0;

/// The hits of a search, in order, and the one that is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hits<'a> {
    pub places: &'a [Range<u64>],
    pub current: Option<&'a Range<u64>>,
}

/// A line that is being put together.
pub(super) struct Words<'a> {
    pub job: LayoutJob,
    font: FontId,
    hits: Hits<'a>,
    tokens: &'static Tokens,
}

impl<'a> Words<'a> {
    pub fn new(ui: &Ui, hits: Hits<'a>) -> Self {
        Self { job: LayoutJob::default(), font: theme::code(theme::CODE), hits, tokens: Tokens::of(ui) }
    }

    /// Words of ours.
    pub fn own(&mut self, text: &str, colour: Color32) {
        self.job.append(text, 0.0, TextFormat::simple(self.font.clone(), colour));
    }

    /// Bytes that stand at this place of the body; `most` of them, the rest is `…`.
    pub fn bytes(&mut self, bytes: &[u8], at: u64, most: usize, colour: Color32) {
        let shown = cut(bytes, most);
        let mut from = 0;
        let first = self.hits.places.partition_point(|hit| hit.end <= at);
        for hit in self.hits.places.iter().skip(first) {
            let start = hit.start.saturating_sub(at).min(shown.len() as u64) as usize;
            let end = hit.end.saturating_sub(at).min(shown.len() as u64) as usize;
            if start >= shown.len() {
                break;
            }
            self.piece(shown.get(from..start).unwrap_or_default(), colour, None);
            let ground = match self.hits.current == Some(hit) {
                true => (self.tokens.on_fill, self.tokens.accent_fill),
                false => (self.tokens.warning.ink, self.tokens.warning.tint),
            };
            self.piece(shown.get(start.max(from)..end).unwrap_or_default(), ground.0, Some(ground.1));
            from = end.max(from);
        }
        self.piece(shown.get(from..).unwrap_or_default(), colour, None);
        if shown.len() < bytes.len() {
            self.own("…", self.tokens.text_second);
        }
    }

    fn piece(&mut self, bytes: &[u8], colour: Color32, ground: Option<Color32>) {
        if bytes.is_empty() {
            return;
        }
        let format = TextFormat {
            background: ground.unwrap_or(Color32::TRANSPARENT),
            ..TextFormat::simple(self.font.clone(), colour)
        };
        self.job.append(&display_text(&lossless(bytes)), 0.0, format);
    }
}

/// At most so many bytes, not through the middle of a character.
pub(super) fn cut(bytes: &[u8], most: usize) -> &[u8] {
    let mut end = bytes.len().min(most);
    while end < bytes.len() && end > 0 && bytes.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end -= 1;
    }
    bytes.get(..end).unwrap_or_default()
}

/// Width of the line numbers up to this one, points.
pub(super) fn gutter(last: u64) -> f32 {
    let digits = last.max(1).ilog10() + 1;
    (digits as f32 * 7.0 + 8.0).max(GUTTER)
}

/// What a row stands on.
pub(super) fn ground(ui: &Ui, rect: Rect, chosen: bool, hovered: bool) {
    let tokens = Tokens::of(ui);
    if chosen {
        ui.painter().rect_filled(rect, 0.0, tokens.selection);
        ui.painter().rect_filled(Rect::from_min_size(rect.min, vec2(2.0, rect.height())), 0.0, tokens.accent.ink);
    } else if hovered {
        ui.painter().rect_filled(rect, 0.0, tokens.bg2);
    }
}

/// A line number, right-aligned in the gutter.
pub(super) fn number(ui: &Ui, rect: Rect, gutter: f32, text: &str) {
    let tokens = Tokens::of(ui);
    let galley = line_of(ui, text, theme::code(theme::CAPTION), tokens.muted);
    let at = pos2(rect.left() + gutter - galley.size().x, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, tokens.muted);
}
