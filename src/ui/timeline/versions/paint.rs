//! One line of the comparison: the head of a message, or a member with a value for each run.

use std::sync::Arc;

use egui::text::LayoutJob;
use egui::{Galley, Id, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::lines::{self, Columns, Kind, Line, PAD};
use crate::model::RunId;
use crate::model::versions::{Comparison, Group, Row, Sign, full_name};
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{self, display_text};

/// Width of the sign before a member that differs, points.
const MARK: f32 = 3.0;

/// Draws a line; a value that is clicked leads to its place in its run's record.
pub(super) fn line_ui(
    ui: &mut Ui,
    place: Rect,
    shown: &Comparison,
    line: &Line,
    selected: Option<(RunId, usize)>,
    links: &mut Vec<Link>,
) {
    let columns = Columns::of(place.x_range(), shown.columns.len());
    match line.kind {
        Kind::Group(at) => {
            if let Some(group) = shown.groups.get(at) {
                group_ui(ui, place, group, &columns);
            }
        }
        Kind::Note(at) => {
            if let Some(note) = shown.groups.get(at).and_then(|group| group.note) {
                let galley = laid(ui, lines::reason(ui, note, columns.whole().span()));
                ui.painter().galley(pos2(columns.name.min, place.top() + PAD), galley, Tokens::of(ui).text_second);
                told(ui, place, note);
            }
        }
        Kind::Row(at, row) => {
            if let Some(group) = shown.groups.get(at)
                && let Some(row) = group.rows.get(row)
            {
                let why = place.top() + (line.why - line.top);
                row_ui(ui, (place, why), shown, (group, row), selected, links);
            }
        }
    }
}

fn group_ui(ui: &mut Ui, place: Rect, group: &Group, columns: &Columns) {
    let tokens = Tokens::of(ui);
    ui.painter().rect_filled(place, 0.0, tokens.bg2);
    let middle = place.center().y;
    let title = widgets::line_of(ui, &display_text(&group.title), theme::words(theme::BODY), tokens.text);
    let size = title.size();
    widgets::paint_emphasis(ui.painter(), pos2(columns.name.min, middle - size.y / 2.0), title, tokens.text);
    let differ = group.rows.iter().filter(|row| row.sign == Sign::Differs && !row.repeats).count();
    let count = match (group.note.is_some(), differ) {
        (true, _) => "not in all".to_owned(),
        (_, 0) => "nothing new".to_owned(),
        (_, 1) => "1 differs".to_owned(),
        (_, many) => format!("{many} differ"),
    };
    let count = widgets::line_of(ui, &count, theme::words(theme::SMALL), tokens.text_second);
    let end = columns.whole().max - count.size().x;
    ui.painter().galley(pos2(end, middle - count.size().y / 2.0), count, tokens.text_second);
    let left = columns.name.min + size.x + 12.0;
    let mut job = LayoutJob::simple_singleline(display_text(&group.way), theme::words(theme::SMALL), tokens.muted);
    job.wrap = egui::text::TextWrapping::truncate_at_width((end - 10.0 - left).max(10.0));
    let way = laid(ui, job);
    ui.painter().galley(pos2(left, middle - way.size().y / 2.0), way, tokens.muted);
    told(ui, place, &format!("{}, {}", group.title, group.way));
}

/// What a screen reader says of words that were painted.
fn told(ui: &Ui, place: Rect, words: &str) {
    let response = ui.interact(place, Id::unique(("versions", words, place.top().to_bits())), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
}

fn row_ui(
    ui: &mut Ui,
    (place, why): (Rect, f32),
    shown: &Comparison,
    (group, row): (&Group, &Row),
    selected: Option<(RunId, usize)>,
    links: &mut Vec<Link>,
) {
    let tokens = Tokens::of(ui);
    let columns = Columns::of(place.x_range(), shown.columns.len());
    let differs = row.sign == Sign::Differs;
    if differs {
        let mark = Rect::from_min_size(place.left_top(), vec2(MARK, place.height() - 1.0));
        ui.painter().rect_filled(mark, 0.0, tokens.warning.ink);
    }
    let name = laid(ui, lines::name(ui, row, columns.name.span()));
    ui.painter().galley(pos2(columns.name.min, place.top() + PAD), name, tokens.text);
    let mut before: Option<&Option<String>> = None;
    for (at, (cell, range)) in row.cells.iter().zip(&columns.values).enumerate() {
        let lacks = group.places.get(at).is_none_or(Option::is_none);
        let changed = differs && !lacks && before.is_some_and(|before| before != cell);
        if !lacks {
            before = Some(cell);
        }
        let rect = Rect::from_x_y_ranges(*range, place.top() + 1.0..=why - 1.0);
        let Some(column) = shown.columns.get(at) else { continue };
        let chosen =
            group.places.get(at).copied().flatten().is_some_and(|(entry, _)| selected == Some((column.run, entry)));
        let words = match cell {
            _ if lacks => "no such message",
            Some(text) => text,
            None => "not there",
        };
        let end = if changed { ", changed" } else { "" };
        let label = format!("{} {} on {}: {words}{end}", group.title, full_name(row), column.word);
        let id = Id::unique(("versions", column.run.0, group.title.as_str(), group.way.as_str(), row.name.as_str()));
        let look = Cell { text: cell.as_deref(), changed, chosen, lacks };
        if cell_ui(ui, rect, id, &look, &label).clicked()
            && let Some(spot) = group.spot(row, at)
        {
            links.push(Link::Spot(column.run, spot));
        }
    }
    if let Some(words) = lines::why(row) {
        let galley = laid(ui, lines::reason(ui, &words, columns.whole().span()));
        ui.painter().galley(pos2(columns.name.min, why), galley, tokens.text_second);
        told(ui, Rect::from_x_y_ranges(place.x_range(), why..=place.bottom()), &words);
    }
    ui.painter().hline(place.x_range(), place.bottom() - 0.5, theme::line(tokens));
}

/// How a value is drawn.
struct Cell<'a> {
    text: Option<&'a str>,
    /// It is another one than in the run before.
    changed: bool,
    /// Its message is the selected row.
    chosen: bool,
    /// The run has no such message.
    lacks: bool,
}

fn cell_ui(ui: &mut Ui, rect: Rect, id: Id, cell: &Cell<'_>, label: &str) -> Response {
    let tokens = Tokens::of(ui);
    let sense = if cell.lacks { Sense::hover() } else { Sense::click() };
    let response = ui.interact(rect, id, sense);
    response.widget_info(|| WidgetInfo::selected(Role::Button, !cell.lacks, cell.chosen, label));
    if response.gained_focus() {
        ui.scroll_to_rect(rect, None);
    }
    let fill = match (cell.changed, cell.chosen, response.hovered() && !cell.lacks) {
        (_, true, _) => Some(tokens.selection),
        (true, ..) => Some(tokens.warning.tint),
        (_, _, true) => Some(tokens.bg3),
        _ => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, 3.0, fill);
    }
    let colour = if cell.text.is_some() { tokens.text } else { tokens.muted };
    let text = cell.text.unwrap_or(if cell.lacks { "" } else { "–" });
    let galley = laid(ui, lines::value(text, rect.width() - 2.0 * PAD, colour));
    ui.painter().galley(pos2(rect.left() + PAD, rect.top() + PAD - 1.0), galley, colour);
    widgets::focus_ring(ui, rect, &response);
    if cell.lacks {
        return response;
    }
    response.on_hover_text(display_text(label)).on_hover_cursor(egui::CursorIcon::PointingHand)
}

fn laid(ui: &Ui, job: LayoutJob) -> Arc<Galley> {
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}
