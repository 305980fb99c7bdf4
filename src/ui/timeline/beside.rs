//! Two sessions side by side on one time axis: the same step at the same height, gaps where
//! one lacks it, both waterfalls between them, what came out differently marked. Keeps which
//! two; the rows' words and their places are made when one of the runs changes.

use std::collections::BTreeSet;
use std::time::Duration;

use egui::containers::menu::MenuButton;
use egui::{Align, Color32, Id, Layout, Rect, Response, Role, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo};
use egui::{pos2, vec2};
use egui_material_icons::icons as i;

use super::found;
use super::lines::Lines;
use super::rows::{Class, Mark, RowView, middle_cut};
use super::waterfall::{Axis, Gap, MIN_BAR};
use crate::model::beside::{Kind, Pair, align};
use crate::model::run::{Entry, Revision, Run};
use crate::model::sequence::seconds;
use crate::model::trace::{Part, Spot, Subject};
use crate::model::{RunId, Stamp, Workspace};
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, Look, Size, display_text, line_of, muted};

/// What the menu is called.
const NAME: &str = "Beside…";
/// Under this width of the head, points, a sign stands for it.
const ROOM_FOR_NAME: f32 = 700.0;
/// Height of the two sessions' heads, points.
const HEAD: f32 = 36.0;
/// Height of the axis, points.
const AXIS: f32 = 24.0;

/// Which two, and what was made of them.
#[derive(Debug, Default)]
pub struct State {
    pair: Option<(RunId, RunId)>,
    /// Asked for: the messages of these two instead.
    messages: Option<(RunId, RunId)>,
    made: Option<Made>,
}

/// Words and places of both.
#[derive(Debug)]
struct Made {
    of: (Revision, Revision, bool),
    sides: [Side; 2],
    pairs: Vec<Pair>,
    gaps: Vec<Gap>,
    /// When all work of both was done.
    reached: Duration,
    end: Duration,
    axis: Option<(f32, Axis)>,
}

/// One session: its rows, and the places of those that are shown.
#[derive(Debug)]
struct Side {
    run: RunId,
    lines: Lines,
    places: Vec<usize>,
}

impl Made {
    /// `before` is what was made last: rows that are known are not read again.
    fn new(before: Option<Self>, of: (Revision, Revision, bool), runs: [&Run; 2]) -> Self {
        let mut known: Vec<Side> = before.into_iter().flat_map(|made| made.sides).collect();
        let shown = |entry: &Entry| of.2 || entry.class() != Class::Hidden;
        let mut kinds = Vec::new();
        let mut busy = Vec::new();
        let sides = runs.map(|run| {
            let own = known.iter().position(|side| side.run == run.id);
            let lines = own.map(|place| known.swap_remove(place).lines).unwrap_or_default();
            let kept = || run.entries.iter().enumerate().filter(|(_, entry)| shown(entry));
            kinds.push(kept().map(|(_, entry)| Kind::of(entry)).collect::<Vec<_>>());
            let worked = kept().filter(|(_, entry)| !entry.is_wait());
            busy.extend(worked.map(|(_, entry)| {
                let at = entry.at.since(run.started);
                (at, at + entry.took.unwrap_or_default())
            }));
            Side { run: run.id, lines, places: kept().map(|(place, _)| place).collect() }
        });
        let pairs = match kinds.as_slice() {
            [left, right] => align(left, right),
            _ => Vec::new(),
        };
        busy.sort_unstable();
        let mut reached = Duration::ZERO;
        let mut gaps = Vec::new();
        for (from, to) in busy {
            gaps.extend(Gap::between(reached, from));
            reached = reached.max(to);
        }
        let end = runs.map(Run::length).into_iter().max().unwrap_or_default();
        Self { of, sides, pairs, gaps, reached, end, axis: None }
    }

    /// The common axis over a width.
    fn axis(&mut self, width: f32) -> Axis {
        match &self.axis {
            Some((of, axis)) if *of == width => axis.clone(),
            _ => {
                let axis = Axis::new(&self.gaps, self.reached, self.end, width, &BTreeSet::new());
                self.axis = Some((width, axis.clone()));
                axis
            }
        }
    }

    fn rows(&self, pair: Pair) -> [Option<&RowView>; 2] {
        let [left, right] = &self.sides;
        [left.row(pair.0), right.row(pair.1)]
    }
}

impl Side {
    fn row(&self, at: Option<usize>) -> Option<&RowView> {
        self.lines.rows().get(*self.places.get(at?)?)
    }
}

/// Where the three columns stand.
#[derive(Clone, Copy)]
struct Columns {
    left: egui::Rangef,
    middle: egui::Rangef,
    right: egui::Rangef,
}

impl Columns {
    fn of(rect: Rect) -> Self {
        let middle = (rect.width() * 0.24 - 60.0).clamp(76.0, 260.0);
        let side = (rect.width() - middle) / 2.0;
        let (a, b) = (rect.left() + side, rect.right() - side);
        let range = egui::Rangef::new;
        Self { left: range(rect.left(), a), middle: range(a, b), right: range(b, rect.right()) }
    }
}

impl State {
    /// The menu that picks another session to stand beside this one.
    /// Returns the runs whose messages are to be compared instead.
    pub fn button_ui(&mut self, ui: &mut Ui, workspace: &Workspace, run: &Run, now: Stamp) -> Option<Vec<RunId>> {
        if workspace.runs.len() < 2 {
            return None;
        }
        let mut messages = None;
        let sign = i::ICON_SPLITSCREEN_RIGHT.outlined();
        let narrow = ui.max_rect().width() < ROOM_FOR_NAME;
        let style = match narrow {
            true => egui::RichText::new(sign.codepoint).font(theme::icon(sign, 18.0)),
            false => egui::RichText::new(NAME).font(theme::words(theme::TAB)),
        };
        let button = egui::Button::new(style).frame(false).min_size(egui::Vec2::splat(theme::TARGET));
        let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
            ui.set_min_width(260.0);
            if let Some((words, runs)) = super::versions::offer(workspace) {
                if ui.button(words).on_hover_text("Message by message, what differs and why").clicked() {
                    messages = Some(runs);
                    self.pair = None;
                    ui.close();
                }
                ui.separator();
            }
            for (number, other) in workspace.runs.values().enumerate().rev().filter(|(_, other)| other.id != run.id) {
                let words = format!("{}  {}", name(number, other), widgets::ago(now.since(other.started)));
                if ui.button(words).clicked() {
                    self.pair = Some((run.id, other.id));
                    ui.close();
                }
            }
        });
        widgets::name(&response, NAME);
        response.on_hover_text("Another session beside this one, on one time axis");
        messages
    }

    /// The pair whose messages are to be compared, if that was asked for since the last call.
    pub fn take_messages(&mut self) -> Option<Vec<RunId>> {
        self.messages.take().map(|pair| vec![pair.0, pair.1])
    }

    /// The two that are shown, as long as the timeline shows one of them.
    pub fn open<'a>(&self, shown: RunId, workspace: &'a Workspace) -> Option<[&'a Run; 2]> {
        let (left, right) = self.pair.filter(|pair| pair.0 == shown || pair.1 == shown)?;
        Some([workspace.runs.get(&left)?, workspace.runs.get(&right)?])
    }

    /// Draws both.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        (workspace, runs): (&Workspace, [&Run; 2]),
        selected: Option<(RunId, usize)>,
        links: &mut Vec<Link>,
    ) {
        let [left, right] = runs;
        let of = (left.revision(), right.revision(), workspace.settings.hidden_messages);
        let mut made = match self.made.take() {
            Some(made) if made.of == of => made,
            before => Made::new(before, of, runs),
        };
        for (side, run) in made.sides.iter_mut().zip(runs) {
            side.lines.follow(run, found(ui.ctx(), run)); // also what was found since
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        self.tools_ui(ui, runs, links);
        let (heads, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEAD), Sense::hover());
        let columns = Columns::of(heads);
        for (column, run) in [(columns.left, left), (columns.right, right)] {
            let number = workspace.runs.keys().position(|id| *id == run.id).unwrap_or(0);
            side_head_ui(ui, Rect::from_x_y_ranges(column, heads.y_range()).shrink2(vec2(10.0, 0.0)), number, run);
        }
        let axis = made.axis(columns.middle.span() - 16.0);
        axis_ui(ui, columns, &axis);
        let scroll = ScrollArea::vertical().id_salt(("beside", left.id.0, right.id.0)).auto_shrink(false);
        scroll.show_rows(ui, theme::TIMELINE_ROW, made.pairs.len(), |ui, range| {
            for at in range {
                let Some(pair) = made.pairs.get(at) else { continue };
                let numbers = runs.map(|run| workspace.runs.keys().position(|id| *id == run.id).unwrap_or(0));
                pair_ui(ui, &Line { made: &made, pair: *pair, columns, axis: &axis, numbers }, selected, links);
            }
        });
        self.made = Some(made);
    }

    fn tools_ui(&mut self, ui: &mut Ui, [left, right]: [&Run; 2], links: &mut Vec<Link>) {
        let (strip, _) = ui.allocate_exact_size(vec2(ui.available_width(), 32.0), Sense::hover());
        let inner = strip.shrink2(vec2(theme::PADDING, 0.0));
        let layout = Layout::left_to_right(Align::Center);
        ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), |ui| {
            let (a, b) = (left.length(), right.length());
            widgets::text(ui, &compared(a, b), theme::BODY);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let close =
                    widgets::button(ui, Look::Ghost, Size::Small, Some(i::ICON_CLOSE.outlined()), "Close", None);
                if close.on_hover_text("Back to one session").clicked() {
                    self.pair = None;
                }
                let compare = i::ICON_COMPARE_ARROWS.outlined();
                let compare = widgets::button(ui, Look::Outlined, Size::Small, Some(compare), "Compare", None);
                if compare.on_hover_text("Calls and results of both, field by field").clicked() {
                    links.push(Link::Compare(Subject::Session(left.id), Subject::Session(right.id)));
                }
                let sign = i::ICON_TABLE_ROWS.outlined();
                let messages = widgets::button(ui, Look::Outlined, Size::Small, Some(sign), "Messages", None);
                let tip = "Message by message, what differs, and which row of the version table explains it";
                if messages.on_hover_text(tip).clicked() {
                    (self.messages, self.pair) = (Some((left.id, right.id)), None);
                }
            });
        });
        widgets::hline(ui);
    }
}

/// `9.05 s and 12.10 s, the right one 3.05 s longer`.
fn compared(left: Duration, right: Duration) -> String {
    let (a, b) = (left.as_secs_f32(), right.as_secs_f32());
    let difference = match left.cmp(&right) {
        std::cmp::Ordering::Equal => "the same".to_owned(),
        std::cmp::Ordering::Less => format!("the right one {:.2} s longer", b - a),
        std::cmp::Ordering::Greater => format!("the left one {:.2} s longer", a - b),
    };
    format!("{a:.2} s and {b:.2} s, {difference}")
}

/// `2  sid_skp65…ffif7l  approved`.
pub(super) fn name(number: usize, run: &Run) -> String {
    let id = run.session_id().map_or_else(|| "not created".into(), |id| middle_cut(&id.0, 10, 6));
    let status = run.session().map_or("", |session| session.status.word());
    display_text(&format!("{}  {id}  {status}", number + 1))
}

fn side_head_ui(ui: &mut Ui, rect: Rect, number: usize, run: &Run) {
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(rect).layout(layout), |ui| {
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        ui.spacing_mut().item_spacing.x = 6.0;
        let kind = match run.plan.completion {
            crate::model::draft::Completion::Hosted => "hosted",
            crate::model::draft::Completion::NonHosted => "non-hosted",
        };
        widgets::emphasis(ui, &format!("Session {}", number + 1));
        if let Some(session) = run.session() {
            widgets::small_status_pill(ui, &session.status);
        }
        let id = run.session_id().map_or_else(|| "not created".into(), |id| display_text(&id.0));
        muted(ui, kind).on_hover_text(id);
    });
}

fn axis_ui(ui: &mut Ui, columns: Columns, axis: &Axis) {
    let tokens = Tokens::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), AXIS), Sense::hover());
    let painter = ui.painter();
    painter.hline(rect.x_range(), rect.bottom() - 0.5, theme::line(tokens));
    let left = columns.middle.min + 8.0;
    for fold in &axis.folds {
        let band = Rect::from_x_y_ranges(left + fold.left..=left + fold.right, rect.top()..=ui.max_rect().bottom());
        painter.rect_filled(band, 0.0, tokens.bg0);
    }
    for label in axis.labels(6.7) {
        let galley = line_of(ui, &label.text, theme::code(theme::CAPTION), tokens.muted);
        painter.galley(pos2(left + label.x, rect.center().y - galley.size().y / 2.0), galley, tokens.muted);
    }
    for (column, align) in [(columns.left, 10.0), (columns.right, 10.0)] {
        let galley = line_of(ui, "Time s   Event", theme::words(theme::SMALL), tokens.muted);
        painter.galley(pos2(column.min + align, rect.center().y - galley.size().y / 2.0), galley, tokens.muted);
    }
}

/// What stands at one height.
struct Line<'a> {
    made: &'a Made,
    pair: Pair,
    columns: Columns,
    axis: &'a Axis,
    /// Places of both sessions among all.
    numbers: [usize; 2],
}

fn pair_ui(ui: &mut Ui, line: &Line<'_>, selected: Option<(RunId, usize)>, links: &mut Vec<Link>) {
    let (space, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::TIMELINE_ROW), Sense::hover());
    let rows = line.made.rows(line.pair);
    let differs = matches!(rows, [Some(left), Some(right)] if differ(left, right));
    let columns = [line.columns.left, line.columns.right];
    for (((column, row), side), number) in columns.into_iter().zip(rows).zip(&line.made.sides).zip(line.numbers) {
        let place = Rect::from_x_y_ranges(column, space.y_range());
        let Some(row) = row else {
            ui.painter().rect_filled(place.shrink2(vec2(4.0, 1.0)), 2.0, Tokens::of(ui).bg0.gamma_multiply(0.6));
            continue;
        };
        let chosen = selected == Some((side.run, row.number));
        if cell_ui(ui, place, row, (side.run, number), (chosen, differs)).clicked() {
            let spot = Spot { entry: row.number, part: Part::Request, path: None };
            links.push(Link::Spot(side.run, spot));
        }
    }
    let middle = Rect::from_x_y_ranges(line.columns.middle, space.y_range());
    for (place, row) in rows.into_iter().enumerate() {
        if let Some(row) = row {
            bar(ui, middle, row, line.axis, if place == 0 { -4.0 } else { 4.0 });
        }
    }
    let edge = theme::line(Tokens::of(ui));
    ui.painter().vline(middle.left(), space.y_range(), edge);
    ui.painter().vline(middle.right(), space.y_range(), edge);
}

/// True if the same step came out otherwise.
fn differ(left: &RowView, right: &RowView) -> bool {
    left.http != right.http || left.mark != right.mark || left.failed != right.failed
}

fn cell_ui(
    ui: &mut Ui,
    place: Rect,
    row: &RowView,
    (run, number): (RunId, usize),
    (chosen, differs): (bool, bool),
) -> Response {
    let tokens = Tokens::of(ui);
    let response = ui.interact(place, Id::unique(("beside", run.0, row.number)), Sense::click());
    let told = format!("Session {}: {}{}", number + 1, row.label(), if differs { ", differs" } else { "" });
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &told));
    let fill = match (chosen, response.hovered()) {
        (true, _) => Some(tokens.selection),
        (_, true) => Some(tokens.bg3),
        _ => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(place, 0.0, fill);
    }
    let y = place.center().y;
    let quiet = row.class == Class::Hidden;
    let time =
        line_of(ui, &seconds(row.at), theme::code(theme::SMALL), if quiet { tokens.muted } else { tokens.text_second });
    let at = pos2(place.left() + 46.0 - time.size().x, y - time.size().y / 2.0);
    ui.painter().galley(at, time, tokens.muted);
    for (left, lane) in [(50.0, row.from), (68.0, row.to)] {
        if left < 60.0 || row.to != row.from {
            let at = pos2(place.left() + left, y - 8.0);
            widgets::paint_lane_badge(ui, Rect::from_min_size(at, vec2(17.0, 16.0)), lane);
        }
    }
    let mut end = place.right() - 6.0;
    if differs {
        end -= write(ui, pos2(end, y), "≠", theme::code(theme::BODY), tokens.warning.ink) + 4.0;
    }
    if let Some((tone, word)) = outcome(row) {
        let colour = if tone == Tone::Neutral { tokens.muted } else { tokens.tone(tone).ink };
        end -= write(ui, pos2(end, y), &word, theme::words(theme::SMALL), colour) + 6.0;
    }
    let words = format!("{} {}", row.title, row.wire).replace("  ", " ");
    let (font, colour) = match row.class {
        Class::Hidden => (theme::code(theme::SMALL), tokens.muted),
        _ if row.title.is_empty() => (theme::code(theme::SMALL), tokens.text),
        _ => (theme::words(theme::TAB), tokens.text),
    };
    let left = place.left() + 90.0;
    let mut job = egui::text::LayoutJob::simple_singleline(words.trim().to_owned(), font, colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width((end - left).max(12.0));
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(pos2(left, y - galley.size().y / 2.0), galley, colour);
    widgets::focus_ring(ui, place.shrink(2.0), &response);
    response.on_hover_text(row.label()).on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// How it came out, in one word: the session's new status, an error code, the HTTP status.
fn outcome(row: &RowView) -> Option<(Tone, String)> {
    match (&row.mark, row.http) {
        (Some(Mark::Status(status)), _) => Some((Tone::of_status(status), display_text(status.word()))),
        (_, Some(status)) if status >= 400 || row.mark.is_none() => Some((Tone::of_http(status), status.to_string())),
        (Some(Mark::Word(tone, _, word)), _) => Some((*tone, display_text(word))),
        (None, _) => None,
    }
}

/// One line that ends here. Returns its width.
fn write(ui: &Ui, end: egui::Pos2, text: &str, font: egui::FontId, colour: Color32) -> f32 {
    let galley = line_of(ui, text, font, colour);
    let size = galley.size();
    ui.painter().galley(pos2(end.x - size.x, end.y - size.y / 2.0), galley, colour);
    size.x
}

fn bar(ui: &Ui, middle: Rect, row: &RowView, axis: &Axis, off: f32) {
    let tokens = Tokens::of(ui);
    let left = middle.left() + 8.0;
    let from = (left + axis.x(row.at)).min(middle.right() - 8.0 - MIN_BAR);
    let to = (left + axis.x(row.at + row.took.unwrap_or_default())).max(from + MIN_BAR);
    let y = middle.center().y + off;
    let rect = Rect::from_x_y_ranges(from..=to, y - 2.5..=y + 2.5);
    let colour = if row.failed { tokens.danger.ink } else { tokens.lane(row.from).ink };
    if row.wait {
        ui.painter().rect_stroke(rect, 1.0, Stroke::new(1.0, colour), egui::StrokeKind::Inside);
    } else {
        ui.painter().rect_filled(rect, 1.0, colour);
    }
}
