//! Text of any size, line by line: wrapped at the window's width, or scrolled across with
//! only the columns in sight laid out. And bytes as hex. Line numbers come when they are
//! counted; nothing waits for them.

use std::sync::{Arc, OnceLock};

use egui::{Color32, Context, Rect, Role, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use super::job;
use super::list::{self, List};
use super::words::{Hits, ROW, Words, ground, gutter, number};
use crate::model::body::{Lines, Row, Source, Unread};
use crate::model::payload::hex_row;
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{self, line_of, muted};

/// Widest line that is scrolled across, in columns.
const WIDEST: u64 = 1 << 40;

/// A text on the screen.
#[derive(Debug)]
pub(super) struct Text {
    pub source: Source,
    lines: Arc<Lines>,
    failed: Arc<OnceLock<Unread>>,
    list: List,
    /// Where the first wrapped row begins.
    top: u64,
    /// What of it lies above the window, points.
    above: f32,
    /// Widest line seen, in columns.
    widest: u64,
    chosen: Option<u64>,
    goal: Option<u64>,
}

impl Text {
    /// Counts its lines, elsewhere if they are many.
    pub fn new(ctx: &Context, source: Source) -> Self {
        let (lines, failed) = (Arc::new(Lines::new(source.size())), Arc::new(OnceLock::new()));
        let (count, fault, bytes) = (Arc::clone(&lines), Arc::clone(&failed), source.clone());
        let work = move |tell: &dyn Fn()| {
            if let Err(error) = count.count(&bytes, tell) {
                fault.set(error).ok(); // once
            }
        };
        if source.memory().is_some() && source.size() <= job::AT_ONCE {
            work(&|| ());
        } else {
            job::start(ctx, "lines", work);
        }
        let list = List::default();
        Self { source, lines, failed, list, top: 0, above: 0.0, widest: 0, chosen: None, goal: None }
    }

    /// Brings a byte in sight.
    pub fn show(&mut self, at: u64) {
        self.goal = Some(at);
    }

    /// How much is counted, while it is.
    pub fn progress(&self) -> Option<f32> {
        (!self.lines.whole() && self.failed.get().is_none()).then(|| self.lines.progress())
    }

    /// Stops counting; what is counted stays.
    pub fn cancel(&self) {
        self.lines.cancel();
    }

    /// Draws it in this place.
    pub fn ui(&mut self, ui: &mut Ui, rect: Rect, wrap: bool, hits: Hits<'_>) {
        let failed = self.failed.get().cloned();
        let done = if failed.is_some() {
            failed.map_or(Ok(()), Err)
        } else if wrap {
            self.wrapped_ui(ui, rect, hits)
        } else {
            self.lines_ui(ui, rect, hits)
        };
        if let Err(error) = done {
            unread_ui(ui, rect, &error);
        }
    }

    fn wrapped_ui(&mut self, ui: &mut Ui, rect: Rect, hits: Hits<'_>) -> Result<(), Unread> {
        let gutter = gutter(self.lines.len());
        let columns = columns(ui, rect.width() - gutter - 14.0 - list::BAR).max(8);
        let page = (rect.height() / ROW) as u64;
        self.top = self.lines.wrapped_start(self.top, columns, &self.source)?;
        if let Some(goal) = self.goal.take() {
            self.top = self.lines.wrapped_start(goal, columns, &self.source)?;
            for _ in 0..page / 3 {
                self.top = self.lines.wrapped_before(self.top, columns, &self.source)?;
            }
            self.above = 0.0;
        }
        self.wheel(ui, rect, columns)?;
        let (mut at, mut rows) = (self.top, Vec::new());
        while rows.len() as u64 <= page + 1 && (at < self.source.size() || rows.is_empty()) {
            let row = self.lines.wrapped(at, columns, &self.source)?;
            at = row.next;
            rows.push(row);
        }
        let view = rect.translate(vec2(0.0, -self.above));
        self.rows_ui(ui, (rect, view), (gutter, columns), &rows, hits)?;
        let shown = (at - self.top).max(1);
        let track = Rect::from_min_max(pos2(rect.right() - list::BAR, rect.top()), rect.max);
        let place = (self.top as f64, shown as f64, self.source.size() as f64);
        if at < self.source.size() || self.top > 0 {
            // At the end the handle stands at the end, however little is in sight.
            let place = if at >= self.source.size() { (place.2 - place.1, place.1, place.2) } else { place };
            let now = list::bar(ui, ui.scope_id().with("bytes"), track, true, place);
            if (now - place.0).abs() > 0.5 {
                self.top = self.lines.wrapped_start(now as u64, columns, &self.source)?;
                self.above = 0.0;
                ui.ctx().request_repaint();
            }
        }
        Ok(())
    }

    fn wheel(&mut self, ui: &Ui, rect: Rect, columns: u64) -> Result<(), Unread> {
        if !ui.rect_contains_pointer(rect) {
            return Ok(());
        }
        let delta = ui.input_mut(|input| std::mem::take(&mut input.smooth_scroll_delta));
        self.above -= delta.y;
        /// Rows that one frame goes at most.
        const FAR: usize = 500;
        for _ in 0..FAR {
            if self.above < 0.0 && self.top > 0 {
                self.top = self.lines.wrapped_before(self.top, columns, &self.source)?;
                self.above += ROW;
            } else if self.above >= ROW {
                let row = self.lines.wrapped(self.top, columns, &self.source)?;
                if row.next >= self.source.size() {
                    break;
                }
                self.top = row.next;
                self.above -= ROW;
            } else {
                break;
            }
        }
        self.above = self.above.clamp(0.0, ROW - 1.0);
        Ok(())
    }

    fn lines_ui(&mut self, ui: &mut Ui, rect: Rect, hits: Hits<'_>) -> Result<(), Unread> {
        let gutter = gutter(self.lines.len());
        let advance = f64::from(advance(ui));
        let count = self.lines.len();
        if let Some(goal) = self.goal.take() {
            let line = self.lines.of(goal, &self.source)?;
            self.list.show(line as f64 * f64::from(ROW), f64::from(ROW));
            let column = self.lines.column(goal, &self.source)? as f64;
            let wide = f64::from(rect.width() - gutter) / advance;
            if column < self.list.left / advance || column > self.list.left / advance + wide - 8.0 {
                self.list.left = ((column - wide / 3.0) * advance).max(0.0);
                self.widest = self.widest.max((column + wide) as u64);
            }
        }
        let shown = columns(ui, rect.width() - gutter - 14.0);
        let size = ((self.widest.min(WIDEST) as f64) * advance + 40.0, count as f64 * f64::from(ROW) + 12.0);
        let mut list = self.list;
        let mut outcome = Ok(());
        list.ui(ui, rect, size, |ui, list| {
            let first = (list.top / f64::from(ROW)) as u64;
            let left = (list.left / advance) as u64;
            let rows = (rect.height() / ROW) as usize + 2;
            outcome = self.lines.rows(first, rows, left..left + shown + 1, &self.source).and_then(|rows| {
                self.measure(&rows, first, left)?;
                let view = rect.translate(vec2(0.0, (first as f64 * f64::from(ROW) - list.top) as f32));
                self.rows_ui(ui, (rect, view), (gutter, shown + 1), &rows, hits)
            });
        });
        self.list = list;
        outcome
    }

    /// How far across there is something, of the lines in sight.
    fn measure(&mut self, rows: &[Row], first: u64, left: u64) -> Result<(), Unread> {
        let mut start = self.lines.start(first, &self.source)?;
        for row in rows {
            // Bytes are as many as columns or more; what is longer is counted while there is.
            let long = row.next.saturating_sub(start);
            if long > self.widest {
                let end = row.next.saturating_sub(1).max(start);
                self.widest = self.widest.max(self.lines.column(end, &self.source)?.max(left));
            }
            start = row.next;
        }
        Ok(())
    }

    /// Draws rows from the upper edge of `view`, within `rect`.
    fn rows_ui(
        &mut self,
        ui: &mut Ui,
        (rect, view): (Rect, Rect),
        (gutter, columns): (f32, u64),
        rows: &[Row],
        hits: Hits<'_>,
    ) -> Result<(), Unread> {
        let (id, tokens) = (ui.scope_id().with("line"), Tokens::of(ui));
        let ui = &mut ui.new_child(UiBuilder::new().max_rect(rect));
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        for (n, row) in rows.iter().enumerate() {
            let top = view.top() + n as f32 * ROW;
            let place = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width() - list::BAR, ROW));
            let bytes = self.source.read(row.bytes.clone())?;
            let mut words = Words::new(ui, hits);
            let shown = head(&bytes, columns as usize);
            words.bytes(shown, row.bytes.start, shown.len(), tokens.text);
            let response = ui.interact(place, id.with(n), Sense::CLICK);
            let chosen = self.chosen == Some(row.bytes.start);
            if response.clicked() {
                self.chosen = (!chosen).then_some(row.bytes.start);
            }
            let text = words.job.text.clone();
            response.widget_info(|| WidgetInfo::selected(Role::Label, true, chosen, &text));
            ground(ui, place, chosen, false);
            if let Some(line) = row.number {
                number(ui, place, gutter, &(line + 1).to_string());
            }
            paint(ui, place, gutter + 10.0, words);
        }
        Ok(())
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        self.lines.cancel();
    }
}

/// Bytes on the screen.
#[derive(Debug, Default)]
pub(super) struct Hex {
    list: List,
    goal: Option<u64>,
}

impl Hex {
    /// Brings a byte in sight.
    pub fn show(&mut self, at: u64) {
        self.goal = Some(at);
    }

    /// Draws them in this place.
    pub fn ui(&mut self, ui: &mut Ui, rect: Rect, source: &Source, hits: Hits<'_>) {
        let per_row: u64 = if rect.width() > 640.0 { 16 } else { 8 };
        let count = source.size().div_ceil(per_row);
        if let Some(goal) = self.goal.take() {
            self.list.show((goal / per_row) as f64 * f64::from(ROW), f64::from(ROW));
        }
        let digits = format!("{:x}", source.size()).len().max(4);
        let gutter = (digits as f32 * 7.0 + 8.0).max(30.0);
        let mut outcome = Ok(());
        self.list.ui(ui, rect, (0.0, count as f64 * f64::from(ROW)), |ui, list| {
            let first = (list.top / f64::from(ROW)) as u64;
            let last = count.min(first + (rect.height() / ROW) as u64 + 2);
            outcome = source.read(first * per_row..last * per_row).map(|bytes| {
                for (n, row) in bytes.chunks(per_row as usize).enumerate() {
                    let at = (first + n as u64) * per_row;
                    let top = rect.top() + (at as f64 / per_row as f64 * f64::from(ROW) - list.top) as f32;
                    let place = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width() - list::BAR, ROW));
                    number(ui, place, gutter, &format!("{at:0digits$x}"));
                    hex_ui(ui, place, gutter, (row, at), per_row as usize, hits);
                }
            });
        });
        if let Err(error) = outcome {
            unread_ui(ui, rect, &error);
        }
    }
}

fn hex_ui(ui: &Ui, place: Rect, gutter: f32, (bytes, at): (&[u8], u64), per_row: usize, hits: Hits<'_>) {
    let tokens = Tokens::of(ui);
    let (hex, ascii) = hex_row(bytes, per_row);
    let text = format!("{hex:<width$} {ascii}", width = per_row * 3);
    let response = ui.interact(place, ui.scope_id().with(("hex", at)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
    let first = hits.places.partition_point(|hit| hit.end <= at);
    let advance = advance(ui);
    for hit in hits.places.iter().skip(first).take_while(|hit| hit.start < at + bytes.len() as u64) {
        let from = hit.start.saturating_sub(at) as f32;
        let to = (hit.end - at).min(bytes.len() as u64) as f32;
        let colour = if hits.current == Some(hit) { tokens.selection } else { tokens.warning.tint };
        for (start, wide) in [(from * 3.0, 3.0 * (to - from) - 1.0), (per_row as f32 * 3.0 + 1.0 + from, to - from)] {
            let left = place.left() + gutter + 10.0 + start * advance;
            let lit = Rect::from_min_size(pos2(left, place.top() + 2.0), vec2(wide * advance, ROW - 4.0));
            ui.painter().rect_filled(lit, 2.0, colour);
        }
    }
    let mut words = Words::new(ui, Hits::default());
    words.own(&text, tokens.text);
    paint(ui, place, gutter + 10.0, words);
}

/// The first characters.
fn head(bytes: &[u8], columns: usize) -> &[u8] {
    let mut begins = bytes.iter().enumerate().filter(|(_, byte)| **byte & 0xc0 != 0x80);
    begins.nth(columns).map_or(bytes, |(end, _)| bytes.get(..end).unwrap_or_default())
}

fn paint(ui: &Ui, place: Rect, left: f32, words: Words<'_>) {
    let galley = ui.painter().layout_job(words.job);
    let at = pos2(place.left() + left, place.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, Tokens::of(ui).text);
}

/// Width of a column, points.
pub(super) fn advance(ui: &Ui) -> f32 {
    line_of(ui, "0", theme::code(theme::CODE), Color32::TRANSPARENT).size().x.max(1.0)
}

fn columns(ui: &Ui, width: f32) -> u64 {
    (width / advance(ui)).max(1.0) as u64
}

/// The body cannot be read any more.
pub(super) fn unread_ui(ui: &mut Ui, rect: Rect, error: &Unread) {
    ui.scope_builder(UiBuilder::new().max_rect(rect.shrink(12.0)), |ui| {
        widgets::note(ui, theme::Tone::Danger, |ui| muted(ui, &format!("It cannot be read any more: {error}")));
    });
}
