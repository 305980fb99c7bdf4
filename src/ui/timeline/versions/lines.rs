//! Which lines a comparison has and where they stand: heights follow from their words at a
//! width, so they are measured once for each width and each thing that is shown.

use egui::text::{LayoutJob, TextWrapping};
use egui::{Color32, FontId, Rangef, Ui};

use crate::model::versions::{Comparison, Row, Sieve, full_name};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::display_text;

/// Lines of text that a value may take. Our choice: the whole stands in its row.
const VALUE_LINES: usize = 4;
/// Above and below the words of a line, points.
pub(super) const PAD: f32 = 4.0;
/// Height of a message's head, points.
const GROUP: f32 = 30.0;
/// Between two columns, points.
const GAP: f32 = 8.0;

/// Where the columns stand.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub(super) name: Rangef,
    pub(super) values: Vec<Rangef>,
}

impl Columns {
    pub(super) fn of(whole: Rangef, count: usize) -> Self {
        let left = whole.min + theme::PADDING;
        let name = Rangef::new(left, left + (whole.span() * 0.29).clamp(130.0, 260.0));
        let count = u16::try_from(count.max(1)).unwrap_or(1);
        let room = whole.max - theme::PADDING / 2.0 - name.max;
        let each = room / f32::from(count);
        let value = |at: u16| {
            let from = name.max + GAP + each * f32::from(at);
            Rangef::new(from, from + each - GAP)
        };
        Self { name, values: (0..count).map(value).collect() }
    }

    /// From the name to the end of the last value.
    pub(super) fn whole(&self) -> Rangef {
        Rangef::new(self.name.min, self.values.last().map_or(self.name.max, |last| last.max))
    }
}

/// What a line shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The head of a message.
    Group(usize),
    /// Why a run lacks the message.
    Note(usize),
    /// A member: the message, its place in it.
    Row(usize, usize),
}

/// A line and where it stands, in points from the first one's top.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) kind: Kind,
    pub(super) top: f32,
    pub(super) bottom: f32,
    /// Where the reason begins.
    pub(super) why: f32,
}

/// All lines, for one width.
#[derive(Debug, Default)]
pub(super) struct Lines {
    of: Option<(u64, Sieve, f32)>,
    list: Vec<Line>,
    /// How often lines were made.
    #[cfg(test)]
    laid: usize,
}

impl Lines {
    /// Makes the lines if the comparison, what is shown of it, or the width is another one.
    pub(super) fn lay(&mut self, ui: &Ui, shown: &Comparison, (made, sieve): (u64, Sieve)) {
        let width = ui.available_width();
        if self.of == Some((made, sieve, width)) {
            return;
        }
        self.of = Some((made, sieve, width));
        self.list.clear();
        #[cfg(test)]
        {
            self.laid += 1;
        }
        let columns = Columns::of(Rangef::new(0.0, width), shown.columns.len());
        let mut top = 0.0;
        for (at, group) in shown.groups.iter().enumerate() {
            let rows: Vec<usize> = (0..group.rows.len()).filter(|row| sieve.shows(&group.rows[*row])).collect();
            if !sieve.shows_group(group, rows.len()) {
                continue;
            }
            self.push(Kind::Group(at), &mut top, GROUP, 0.0);
            if let Some(note) = group.note {
                let height = lay(ui, reason(ui, note, columns.whole().span()));
                self.push(Kind::Note(at), &mut top, height + 2.0 * PAD, 0.0);
            }
            for row in rows {
                let (values, why) = heights(ui, &group.rows[row], &columns);
                self.push(Kind::Row(at, row), &mut top, values + why + 2.0 * PAD, values);
            }
        }
    }

    fn push(&mut self, kind: Kind, top: &mut f32, height: f32, why: f32) {
        self.list.push(Line { kind, top: *top, bottom: *top + height, why: *top + PAD + why });
        *top += height;
    }

    #[cfg(test)]
    pub(super) fn laid(&self) -> usize {
        self.laid
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn height(&self) -> f32 {
        self.list.last().map_or(0.0, |line| line.bottom)
    }

    /// The lines between two heights.
    pub(super) fn within(&self, top: f32, bottom: f32) -> &[Line] {
        let from = self.list.partition_point(|line| line.bottom < top);
        let to = self.list.partition_point(|line| line.top <= bottom);
        self.list.get(from..to.max(from)).unwrap_or_default()
    }
}

/// Heights of the values and of the reason.
fn heights(ui: &Ui, row: &Row, columns: &Columns) -> (f32, f32) {
    let mut values = lay(ui, name(ui, row, columns.name.span()));
    for (cell, range) in row.cells.iter().zip(&columns.values) {
        if let Some(text) = cell {
            values = values.max(lay(ui, value(text, range.span() - 2.0 * PAD, Tokens::of(ui).text)));
        }
    }
    let why = match why(row) {
        Some(words) => lay(ui, reason(ui, &words, columns.whole().span())) + 2.0,
        None => 0.0,
    };
    (values + 2.0, why)
}

fn lay(ui: &Ui, job: LayoutJob) -> f32 {
    ui.fonts_mut(|fonts| fonts.layout_job(job)).size().y
}

/// The reasons of a row in one text.
pub(super) fn why(row: &Row) -> Option<String> {
    let words: Vec<&str> = row.why.iter().map(|rule| rule.says).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The member's name.
pub(super) fn name(ui: &Ui, row: &Row, width: f32) -> LayoutJob {
    wrapped(&display_text(&full_name(row)), theme::code(theme::SMALL), Tokens::of(ui).text, width, VALUE_LINES)
}

/// A value.
pub(super) fn value(text: &str, width: f32, colour: Color32) -> LayoutJob {
    wrapped(&display_text(text), theme::code(theme::SMALL), colour, width, VALUE_LINES)
}

/// A reason, or a note.
pub(super) fn reason(ui: &Ui, words: &str, width: f32) -> LayoutJob {
    wrapped(words, theme::words(theme::SMALL), Tokens::of(ui).text_second, width, 6)
}

fn wrapped(text: &str, font: FontId, colour: Color32, width: f32, rows: usize) -> LayoutJob {
    let mut job = LayoutJob::simple(text.to_owned(), font, colour, width.max(20.0));
    let spaced = text.contains(' ') && !text.starts_with(['"', '[', '{']);
    job.wrap = TextWrapping {
        max_width: width.max(20.0),
        max_rows: rows,
        break_anywhere: !spaced,
        overflow_character: Some('…'),
    };
    job
}
