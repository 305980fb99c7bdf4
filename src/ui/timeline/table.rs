//! The rows as a table with the waterfall beside them. Hides: column widths, scrolling and
//! following, keys, notes, and that only visible rows are drawn.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use egui::{Color32, FontId, Galley, Id, Key, Margin, Modifiers, Pos2, Rect, Response, Role, ScrollArea, Sense, Shape};
use egui::{Stroke, StrokeKind, TextEdit, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use egui_material_icons::icons as i;

use super::lines::Rows;
use super::rows::{Class, Mark, RowView, middle_cut, short_time};
use super::waterfall::{Axis, MIN_BAR, Stretch};
use crate::bus::Command;
use crate::model::exchange::Step;
use crate::model::run::Run;
use crate::model::trace::Question;
use crate::model::{Lane, RunId};
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, line_of};

/// Height of the table's head, points.
pub const HEAD: f32 = 24.0;
/// How long a new row is marked.
const FADE: Duration = Duration::from_millis(600);

/// Scrolling, following, and what is unfolded.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Starts of idle times that are shown in full.
    pub unfolded: BTreeSet<Duration>,
    /// The last row was in sight and nobody has scrolled up since: the next one is followed.
    pub following: bool,
    /// Rows that were shown last.
    count: usize,
    offset: f32,
    height: f32,
    scroll_to: Option<f32>,
    note: Option<Note>,
    /// The row whose menu is open.
    menu: Option<usize>,
}

/// A note that is being written.
#[derive(Debug, Clone)]
struct Note {
    number: usize,
    text: String,
    /// It has not had the keyboard yet.
    new: bool,
    drawn: bool,
}

/// What is shown this time.
pub struct Shown<'a> {
    /// Whose rows.
    pub run: &'a Run,
    /// All of them.
    pub rows: Rows<'a>,
    /// Those that passed the filters, by their places.
    pub places: &'a [u32],
    /// How many of these came since the end was in sight.
    pub news: usize,
    /// Since the run's start; `None` once it has ended.
    pub now: Option<Duration>,
    /// How long ago the present moment was after the run's start, also if it has ended.
    pub clock: Duration,
    /// The axis' end.
    pub end: Duration,
    /// What is expected next.
    pub ghost: Option<Step>,
    /// The selected row.
    pub selected: Option<usize>,
}

impl<'a> Shown<'a> {
    /// How many rows are shown, what is expected next among them.
    fn count(&self) -> usize {
        self.places.len() + usize::from(self.ghost.is_some())
    }

    /// A row that is shown, by its place among them.
    fn get(&self, at: usize) -> Option<&'a RowView> {
        self.rows.get(*self.places.get(at)? as usize)
    }

    /// Where the selected row stands among those shown; of one that is filtered away, where
    /// it would.
    fn selected_at(&self) -> Option<Result<usize, usize>> {
        let place = self.run.entries.place(self.selected?)?;
        Some(self.places.binary_search(&u32::try_from(place).ok()?))
    }
}

/// Columns, in points from the left.
#[derive(Clone, Copy)]
struct Columns {
    time: f32,
    badges: f32,
    event: f32,
    event_end: f32,
    status: f32,
    took: f32,
    fall: f32,
    fall_end: f32,
}

impl Columns {
    /// Spare width goes to the waterfall first. Source: design.md, «Numbers».
    fn of(width: f32) -> Self {
        let spare = (width - 592.0).max(0.0);
        let short = (592.0 - width).max(0.0);
        let fall_width = (135.0 + spare * 0.7 - short * 0.35).max(70.0);
        let fall_end = width - 10.0;
        let fall = fall_end - fall_width;
        let took = fall - 8.0;
        let status = took - 55.0;
        let event_end = status - 35.0;
        Self { time: 49.0, badges: 60.0, event: 105.0, event_end, status, took, fall, fall_end }
    }
}

impl State {
    /// Draws the table in what is left of `ui`. Returns the row that was chosen; choosing
    /// the selected one (by a click or Enter) means that it is to be selected no longer.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        shown: &Shown,
        links: &mut Vec<Link>,
        commands: &mut Vec<Command>,
    ) -> Option<usize> {
        let columns = Columns::of(ui.available_width());
        let axis = shown.rows.axis(shown.end, columns.fall_end - columns.fall, &self.unfolded);
        self.head_ui(ui, columns, &axis);
        let mut chosen = self.keys(ui, shown, commands);
        let top = ui.cursor().top();
        let (salt, count) = (shown.run.id.0, shown.count());
        if self.following && count != self.count {
            self.scroll_to = self.scroll_to.or(Some(self.end(count)));
        }
        self.count = count;
        let base = self.scroll_to.unwrap_or(self.offset);
        // Past the end of before is where new rows are: nothing may spring back from there.
        ui.spacing_mut().scroll.kinetic.rubber_band = false;
        let area = ScrollArea::vertical().id_salt(("rows", salt)).auto_shrink([false, false]);
        // An area that sticks to its end would not let go of it.
        let area = match self.scroll_to.take() {
            Some(offset) => area.vertical_scroll_offset(offset),
            None => area.stick_to_bottom(true),
        };
        ui.spacing_mut().item_spacing.y = 0.0;
        let body = Rect::from_min_max(pos2(ui.min_rect().left(), top), ui.max_rect().max);
        self.bands_ui(ui, body, columns, &axis, salt);
        let output = area.show_rows(ui, theme::TIMELINE_ROW, count, |ui, range| {
            for at in range {
                match (shown.get(at), shown.ghost) {
                    (Some(row), _) => {
                        let response = row_ui(ui, row, (columns, &axis), shown, self.note.as_mut(), links);
                        if response.clicked() {
                            chosen = Some(row.number);
                        }
                        self.menu_ui(&response, row, shown, commands);
                    }
                    (None, Some(step)) => ghost_ui(ui, columns, step),
                    (None, None) => (),
                }
            }
        });
        self.write_note(ui, shown, commands);
        if let Some(now) = shown.now {
            let x = body.left() + columns.fall + axis.x(now);
            ui.painter().vline(x, body.y_range(), Stroke::new(1.0, Tokens::of(ui).accent.ink));
        }
        let higher = std::mem::replace(&mut self.height, output.inner_rect.height());
        self.offset = output.state.clamped_offset().y;
        self.follow(ui, base, output.content_size.y);
        if self.height < higher
            && let Some(Ok(at)) = shown.selected_at()
        {
            self.bring_to_sight(at, shown); // the inspector has opened below
            ui.ctx().request_repaint();
        }
        self.follow_ui(ui, output.inner_rect, shown.news);
        if count == 0 {
            let words = line_of(ui, "No row is asked for", theme::words(theme::BODY), Tokens::of(ui).muted);
            let at = pos2(body.center().x - words.size().x / 2.0, body.top() + 12.0);
            ui.painter().galley(at, words, Tokens::of(ui).muted);
        }
        chosen
    }

    /// Follows from the end on, until somebody scrolls up. `base` is where the rows would
    /// stand if nobody had.
    fn follow(&mut self, ui: &Ui, base: f32, content: f32) {
        if content - self.offset - self.height < 1.0 {
            self.following = true;
        } else if self.offset < base - 0.5 {
            self.following = false;
        } else if self.following {
            // The table has become lower since.
            self.scroll_to = Some(self.end(self.count));
            ui.ctx().request_repaint();
        }
    }

    /// «3 new», while the end is out of sight.
    fn follow_ui(&mut self, ui: &mut Ui, body: Rect, news: usize) {
        if self.following || news == 0 {
            return;
        }
        let place = Rect::from_center_size(pos2(body.center().x, body.bottom() - 20.0), vec2(110.0, 26.0));
        ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
            let arrow = i::ICON_ARROW_DOWNWARD.outlined();
            let button = widgets::outlined_button(ui, Some(arrow), &format!("{news} new"), None);
            if button.on_hover_text("Follow the newest row: End").clicked() {
                self.scroll_to = Some(self.end(self.count));
            }
        });
    }

    /// Up and down choose, Enter lets go, M marks, N writes a note; Home, End and the page
    /// keys scroll. Not while something else has the keyboard.
    fn keys(&mut self, ui: &Ui, shown: &Shown, commands: &mut Vec<Command>) -> Option<usize> {
        if ui.ctx().egui_wants_keyboard_input() || shown.places.is_empty() {
            return None;
        }
        self.scroll_keys(ui, shown);
        self.remark_keys(ui, shown, commands);
        let (up, down, enter) = ui.input_mut(|input| {
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            (pressed(Key::ArrowUp), pressed(Key::ArrowDown), shown.selected.is_some() && pressed(Key::Enter))
        });
        if !(up || down) {
            return shown.selected.filter(|_| enter);
        }
        let last = shown.places.len() - 1;
        let place = shown.selected_at();
        let next = match place {
            Some(Ok(place)) if down => (place + 1).min(last),
            Some(Ok(place) | Err(place)) if up => place.saturating_sub(1),
            Some(Ok(place) | Err(place)) => place.min(last),
            None => last,
        };
        self.bring_to_sight(next, shown);
        shown.get(next).filter(|_| place != Some(Ok(next))).map(|row| row.number)
    }

    /// Where the end of so many rows is.
    #[allow(clippy::cast_precision_loss)] // rows of one session
    fn end(&self, count: usize) -> f32 {
        (count as f32 * theme::TIMELINE_ROW - self.height).max(0.0)
    }

    fn scroll_keys(&mut self, ui: &Ui, shown: &Shown) {
        let end = self.end(shown.count());
        let page = (self.height - theme::TIMELINE_ROW).max(theme::TIMELINE_ROW);
        let wanted = ui.input_mut(|input| {
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            match () {
                () if pressed(Key::Home) => Some(0.0),
                () if pressed(Key::End) => Some(end),
                () if pressed(Key::PageUp) => Some((self.offset - page).max(0.0)),
                () if pressed(Key::PageDown) => Some((self.offset + page).min(end)),
                () => None,
            }
        });
        if let Some(wanted) = wanted {
            self.go_to(wanted, end);
        }
    }

    /// Scrolls; the end is followed no longer unless that is where it leads.
    fn go_to(&mut self, offset: f32, end: f32) {
        (self.scroll_to, self.following) = (Some(offset), offset > end - 1.0);
    }

    fn remark_keys(&mut self, ui: &Ui, shown: &Shown, commands: &mut Vec<Command>) {
        let Some(row) = shown.selected_at().and_then(Result::ok).and_then(|at| shown.get(at)) else { return };
        let (mark, note) = ui.input_mut(|input| {
            (input.consume_key(Modifiers::NONE, Key::M), input.consume_key(Modifiers::NONE, Key::N))
        });
        if mark {
            commands.push(Command::Mark(shown.run.id, row.number, !row.marked));
        }
        if note {
            self.note_on(row, shown);
        }
    }

    /// Opens the editor of a row's note.
    fn note_on(&mut self, row: &RowView, shown: &Shown) {
        let text = shown.run.entries.numbered(row.number).map(|entry| entry.remark.note.clone());
        let text = text.unwrap_or_default();
        self.note = Some(Note { number: row.number, text, new: true, drawn: true });
    }

    /// What can be done with a row, under the other button of the mouse.
    fn menu_ui(&mut self, response: &Response, row: &RowView, shown: &Shown, commands: &mut Vec<Command>) {
        if response.secondary_clicked() {
            self.menu = Some(row.number);
        }
        if self.menu != Some(row.number) {
            return;
        }
        response.context_menu(|ui| {
            ui.set_min_width(150.0);
            let mark = if row.marked { "Take the mark away" } else { "Mark the row" };
            if ui.add(egui::Button::new(mark).shortcut_text("M")).clicked() {
                commands.push(Command::Mark(shown.run.id, row.number, !row.marked));
            }
            let note = if row.note.is_empty() { "Write a note" } else { "Change the note" };
            if ui.add(egui::Button::new(note).shortcut_text("N")).clicked() {
                self.note_on(row, shown);
            }
        });
    }

    /// Keeps the note when its editor is left; Esc leaves the note as it was.
    fn write_note(&mut self, ui: &Ui, shown: &Shown, commands: &mut Vec<Command>) {
        let Some(note) = &mut self.note else { return };
        let here = std::mem::take(&mut note.drawn) && (note.new || ui.memory(|memory| memory.has_focus(note_id())));
        note.new = false;
        if here {
            return;
        }
        let escaped = ui.input(|input| input.key_pressed(Key::Escape));
        let before = shown.run.entries.numbered(note.number).map(|entry| entry.remark.note.as_str());
        if !escaped && before.is_some_and(|before| before != note.text.trim()) {
            commands.push(Command::Annotate(shown.run.id, note.number, note.text.clone()));
        }
        self.note = None;
    }

    #[allow(clippy::cast_precision_loss)] // rows of one session
    fn bring_to_sight(&mut self, place: usize, shown: &Shown) {
        let top = place as f32 * theme::TIMELINE_ROW;
        let bottom = top + theme::TIMELINE_ROW;
        let end = self.end(shown.count());
        if top < self.offset {
            self.go_to(top, end);
        } else if bottom > self.offset + self.height {
            self.go_to(bottom - self.height, end);
        }
    }

    fn head_ui(&mut self, ui: &mut Ui, columns: Columns, axis: &Axis) {
        let tokens = Tokens::of(ui);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEAD), Sense::hover());
        let font = theme::words(theme::SMALL);
        let write = |text: &str, x: f32, right: bool| {
            let galley = line_of(ui, text, font.clone(), tokens.muted);
            let x = if right { x - galley.size().x } else { x };
            ui.painter().galley(pos2(rect.left() + x, middle(rect, &galley)), galley, tokens.muted);
        };
        write("Time s", columns.time, true);
        write("Path", columns.badges, false);
        write("Event", columns.event, false);
        write("Status", columns.status, true);
        write("Took", columns.took, true);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, theme::line(tokens));
        ui.painter().hline(rect.x_range(), rect.top() + 0.5, theme::line(tokens));
        for fold in &axis.folds {
            ui.painter().rect_filled(band(rect, columns, fold), 0.0, tokens.bg0);
        }
        for label in axis.labels(6.7) {
            let galley = line_of(ui, &label.text, theme::code(theme::CAPTION), tokens.muted);
            let at = pos2(rect.left() + columns.fall + label.x, middle(rect, &galley));
            ui.painter().galley(at, galley, tokens.muted);
        }
    }

    /// The folded times behind the rows; a click shows them in full.
    fn bands_ui(&mut self, ui: &mut Ui, body: Rect, columns: Columns, axis: &Axis, salt: u64) {
        let tokens = Tokens::of(ui);
        for fold in &axis.folds {
            let place = band(body, columns, fold);
            let head =
                Rect::from_min_max(pos2(place.left() - 6.0, body.top() - HEAD), pos2(place.right() + 6.0, body.top()));
            ui.painter().rect_filled(place, 0.0, tokens.bg0);
            let id = Id::unique(("fold", salt, fold.from));
            let name = format!("Unfold {}", short_time(fold.to - fold.from));
            let response = ui.interact(head, id, Sense::click());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
            widgets::focus_ring(ui, head, &response);
            if response.on_hover_text(name).on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
                self.unfolded.insert(fold.from);
            }
        }
    }
}

fn band(rect: Rect, columns: Columns, fold: &Stretch) -> Rect {
    let left = rect.left() + columns.fall;
    Rect::from_min_max(pos2(left + fold.left, rect.top()), pos2(left + fold.right, rect.bottom()))
}

fn middle(rect: Rect, galley: &Galley) -> f32 {
    rect.center().y - galley.size().y / 2.0
}

/// The editor of a note.
fn note_id() -> Id {
    Id::unique("note on a row")
}

/// Most letters of a note. Our choice.
const LONGEST_NOTE: usize = 500;

/// One line in place of what the row says.
fn note_ui(ui: &mut Ui, place: Rect, note: &mut Note) {
    note.drawn = true;
    let edit = TextEdit::singleline(&mut note.text).id(note_id()).char_limit(LONGEST_NOTE);
    let edit = edit.hint_text("Your note; Enter keeps it").desired_width(place.width()).margin(Margin::symmetric(4, 3));
    let response = ui.put(place, edit);
    widgets::name(&response, "Note");
    if note.new {
        response.request_focus();
    }
}

fn row_ui(
    ui: &mut Ui,
    row: &RowView,
    (columns, axis): (Columns, &Axis),
    shown: &Shown,
    note: Option<&mut Note>,
    links: &mut Vec<Link>,
) -> Response {
    let tokens = Tokens::of(ui);
    let (space, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::TIMELINE_ROW), Sense::hover());
    let response = ui.interact(space, Id::unique(("row", shown.run.id.0, row.number)), Sense::click());
    let selected = shown.selected == Some(row.number);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, row.label()));
    if !ui.is_rect_visible(space) {
        return response;
    }
    ground(ui, space, row, columns, selected, response.contains_pointer(), shown);
    let painter = ui.painter();
    let right = |text: &str, x: f32, colour: Color32| {
        let galley = line_of(ui, text, theme::code(theme::CODE), colour);
        painter.galley(pos2(space.left() + x - galley.size().x, middle(space, &galley)), galley, colour);
    };
    let quiet = row.class == Class::Hidden;
    right(&seconds(row.at), columns.time, if quiet { tokens.muted } else { tokens.text_second });
    for (place, lane) in [(0.0, row.from), (19.0, row.to)] {
        let at = pos2(space.left() + columns.badges + place, space.center().y - 8.0);
        if place == 0.0 || row.to != row.from {
            widgets::paint_lane_badge(ui, Rect::from_min_size(at, vec2(17.0, 16.0)), lane);
        }
    }
    star(ui, space, row, columns);
    match note.filter(|note| note.number == row.number) {
        Some(note) => {
            let left = space.left() + columns.event - 4.0;
            let place = Rect::from_x_y_ranges(left..=space.left() + columns.event_end, space.y_range().shrink(1.0));
            note_ui(ui, place, note);
        }
        None => event(ui, space, row, columns, (shown.run.id, links)),
    }
    let took = row.took.unwrap_or_else(|| shown.clock.saturating_sub(row.at));
    numbers(ui, space, row, took, columns);
    bar(ui, space, row, took, columns, axis);
    widgets::focus_ring(ui, space.shrink(2.0), &response);
    match (row.note.is_empty(), selected) {
        (false, _) => response.on_hover_text(&row.note),
        (true, true) => response.on_hover_text("Click again to close the inspector"),
        (true, false) => response,
    }
}

/// HTTP status and how long.
fn numbers(ui: &Ui, space: Rect, row: &RowView, took: Duration, columns: Columns) {
    let (tokens, painter, quiet) = (Tokens::of(ui), ui.painter(), row.class == Class::Hidden);
    let right = |text: &str, x: f32, colour: Color32| {
        let galley = line_of(ui, text, theme::code(theme::CODE), colour);
        painter.galley(pos2(space.left() + x - galley.size().x, middle(space, &galley)), galley, colour);
    };
    match row.http {
        Some(status) => right(&status.to_string(), columns.status, http_colour(tokens, status)),
        None if row.failed => right("—", columns.status, tokens.danger.ink),
        None => (),
    }
    if !took.is_zero() || row.http.is_some_and(|_| row.class == Class::Api) {
        right(&short_time(took), columns.took, if quiet { tokens.muted } else { tokens.text_second });
    }
}

/// The star of a marked row, before the path.
fn star(ui: &Ui, space: Rect, row: &RowView, columns: Columns) {
    if row.marked {
        let ink = Tokens::of(ui).warning.ink;
        let star = i::ICON_STAR.filled();
        let star = line_of(ui, star.codepoint, theme::icon(star, 11.0), ink);
        let at = pos2(space.left() + columns.badges - 9.5 - star.size().x / 2.0 + 4.0, middle(space, &star));
        ui.painter().galley(at, star, ink);
    }
}

/// Since the start, in the column's six digits: a run in which somebody thinks may be long.
fn seconds(at: Duration) -> String {
    match at.as_secs() {
        0..100 => format!("{:.3}", at.as_secs_f64()),
        100..10_000 => format!("{:.1}", at.as_secs_f64()),
        whole => whole.to_string(),
    }
}

fn http_colour(tokens: &Tokens, status: u16) -> Color32 {
    match status {
        300..400 => tokens.text_second,
        status => tokens.tone(Tone::of_http(status)).ink,
    }
}

/// What lies under a row: selection, hover, callbacks on `bg2`, a fading mark when new.
fn ground(ui: &Ui, space: Rect, row: &RowView, columns: Columns, selected: bool, hovered: bool, shown: &Shown) {
    let tokens = Tokens::of(ui);
    let painter = ui.painter();
    let age = shown.clock.saturating_sub(row.at + row.took.unwrap_or_default());
    let fill = match row.class {
        _ if selected => Some(tokens.selection),
        _ if hovered => Some(tokens.bg3),
        Class::Callback => Some(tokens.bg2),
        _ => None,
    };
    if let Some(fill) = fill {
        painter.rect_filled(space, 0.0, fill);
    } else if age < FADE && ui.style().animation_time > 0.0 {
        let left = 1.0 - age.as_secs_f32() / FADE.as_secs_f32();
        painter.rect_filled(space, 0.0, tokens.selection.gamma_multiply(left));
        ui.ctx().request_repaint_after(Duration::from_millis(33));
    }
    if selected {
        painter.rect_filled(Rect::from_min_size(space.min, vec2(2.0, space.height())), 0.0, tokens.accent.ink);
    }
    if row.class == Class::Hidden {
        let x = space.left() + columns.event + 6.0;
        painter.vline(x, space.y_range(), Stroke::new(1.0, tokens.line_strong));
    }
}

fn event(ui: &mut Ui, space: Rect, row: &RowView, columns: Columns, (run, links): (RunId, &mut Vec<Link>)) {
    let tokens = Tokens::of(ui);
    let mut end = space.left() + columns.event_end;
    if let Some(mark) = &row.mark {
        let width = mark_ui(ui, pos2(end, space.center().y), mark);
        if let Mark::Status(status) = mark {
            let place = Rect::from_x_y_ranges(end - width..=end, space.y_range());
            let name = format!("Why {} at {} s?", status.word(), seconds(row.at));
            if mark_button(ui, place, ("why", run.0, row.number), &widgets::display_text(&name)) {
                links.push(Link::Why(run, Question::Status(Some(row.number))));
            }
        }
        end -= width + 8.0;
    }
    if let Some(mark) = row.findings_mark() {
        let width = mark_ui(ui, pos2(end, space.center().y), &mark);
        let place = Rect::from_x_y_ranges(end - width - 3.0..=end + 3.0, space.y_range());
        let count = row.findings.len();
        let name = format!("Show {count} finding{} at {} s", if count == 1 { "" } else { "s" }, seconds(row.at));
        if mark_button(ui, place, ("findings", run.0, row.number), &name) {
            links.push(Link::Findings(run, row.number));
        }
        end -= width + 8.0;
    }
    let hidden = row.class == Class::Hidden;
    let mut x = space.left() + columns.event + if hidden { 14.0 } else { 0.0 };
    if !row.title.is_empty() {
        let colour = if row.class == Class::Note { tokens.text_second } else { tokens.text };
        x += write(ui, pos2(x, space.center().y), &row.title, theme::words(theme::BODY), colour, end - x) + 8.0;
    }
    let (font, colour) = match row.class {
        Class::Hidden if !row.title.is_empty() => (theme::words(theme::TAB), tokens.text_second),
        Class::Hidden => (theme::code(theme::SMALL), tokens.muted),
        _ if row.wait || row.class == Class::Note => (theme::words(theme::BODY), tokens.text_second),
        _ if row.title.is_empty() => (theme::code(theme::CODE), tokens.text),
        _ => (theme::code(theme::CODE), tokens.text_second),
    };
    let room = if row.note.is_empty() { end - x } else { (end - x) * 0.55 };
    let path = matches!(font.family, egui::FontFamily::Monospace) && !hidden;
    let wire = if path { fitting(ui, &row.wire, &font, room) } else { Cow::Borrowed(row.wire.as_str()) };
    x += write(ui, pos2(x, space.center().y), &wire, font, colour, room) + 10.0;
    if !row.note.is_empty() && end - x > 30.0 {
        let sign = i::ICON_EDIT_NOTE.outlined();
        let sign = line_of(ui, sign.codepoint, theme::icon(sign, 15.0), tokens.accent.ink);
        let after = x + sign.size().x + 3.0;
        ui.painter().galley(pos2(x, middle(space, &sign)), sign, tokens.accent.ink);
        let at = pos2(after, space.center().y);
        write(ui, at, &row.note, theme::words(theme::TAB), tokens.accent.ink, end - after);
    }
}

/// A path that keeps its end where it is too long for the room.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // points of a window
fn fitting<'a>(ui: &Ui, text: &'a str, font: &FontId, room: f32) -> Cow<'a, str> {
    let letter = ui.fonts_mut(|fonts| fonts.glyph_width(font, '0')).max(1.0);
    let most = (room / letter) as usize;
    if text.chars().count() <= most || most < 12 {
        return Cow::Borrowed(text);
    }
    let tail = (most - 3) / 2;
    Cow::Owned(middle_cut(text, most - 3 - tail, tail))
}

/// One line that ends in `…` where it does not fit. Returns its width.
fn write(ui: &Ui, at: Pos2, text: &str, font: FontId, colour: Color32, room: f32) -> f32 {
    if room < 12.0 {
        return 0.0;
    }
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room);
    let galley: Arc<Galley> = ui.painter().layout_job(job);
    let width = galley.size().x;
    ui.painter().galley(pos2(at.x, at.y - galley.size().y / 2.0), galley, colour);
    width
}

/// Paints a mark so that it ends at `at`. Returns its width.
fn mark_ui(ui: &Ui, at: Pos2, mark: &Mark) -> f32 {
    let tokens = Tokens::of(ui);
    let (tone, sign, text, filled) = match mark {
        Mark::Status(status) => {
            (Tone::of_status(status), widgets::status_sign(status), widgets::display_text(status.word()), true)
        }
        Mark::Word(tone, sign, word) => (*tone, sign.map(|sign| sign.0), word.clone(), false),
    };
    let ink = tokens.tone(tone);
    let colour = if !filled && tone == Tone::Neutral { tokens.muted } else { ink.ink };
    let words = line_of(ui, &widgets::display_text(&text), theme::words(theme::SMALL), colour);
    let sign = sign.map(|sign| line_of(ui, sign.codepoint, theme::icon(sign, 12.0), colour));
    let before = sign.as_ref().map_or(0.0, |sign| sign.size().x + 3.0);
    let padding = if filled { 8.0 } else { 0.0 };
    let width = before + words.size().x + 2.0 * padding;
    let rect = Rect::from_min_size(pos2(at.x - width, at.y - 8.5), vec2(width, 17.0));
    if filled {
        ui.painter().rect_filled(rect, 8.5, ink.tint);
    }
    if let Some(sign) = sign {
        ui.painter().galley(pos2(rect.left() + padding, middle(rect, &sign)), sign, colour);
    }
    ui.painter().galley(pos2(rect.left() + padding + before, middle(rect, &words)), words, colour);
    width
}

/// What makes a mark that is painted already a button. True if it was pressed.
fn mark_button(ui: &mut Ui, place: Rect, id: (&str, u64, usize), name: &str) -> bool {
    let response = ui.interact(place, Id::unique(id), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    let body = place.shrink2(vec2(0.0, 1.5));
    if response.hovered() {
        let stroke = Stroke::new(1.0, Tokens::of(ui).line_strong);
        ui.painter().rect_stroke(body, body.height() / 2.0, stroke, StrokeKind::Inside);
    }
    widgets::focus_ring(ui, body, &response);
    response.on_hover_text(name).on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}

fn bar(ui: &Ui, space: Rect, row: &RowView, took: Duration, columns: Columns, axis: &Axis) {
    let tokens = Tokens::of(ui);
    let left = space.left() + columns.fall;
    let hidden = row.class == Class::Hidden;
    let end = space.left() + columns.fall_end;
    let from = (left + axis.x(row.at)).min(end - MIN_BAR);
    let to = (left + axis.x(row.at + took)).max(from + if row.wait { 12.0 } else { MIN_BAR });
    let height = if hidden { 5.0 } else { 8.0 };
    let rect =
        Rect::from_min_max(pos2(from, space.center().y - height / 2.0), pos2(to, space.center().y + height / 2.0));
    let mut colour = tokens.lane(row.from).ink;
    if row.failed {
        colour = tokens.danger.ink;
    } else if hidden {
        colour = colour.gamma_multiply(0.62);
    }
    if row.wait {
        dashed(ui, rect.shrink(0.5), colour);
    } else {
        ui.painter().rect_filled(rect, 1.0, colour);
    }
}

fn dashed(ui: &Ui, rect: Rect, colour: Color32) {
    let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    ui.painter().extend(Shape::dashed_line(&corners, Stroke::new(1.0, colour), 2.0, 2.0));
}

/// The step that would come next, dashed.
fn ghost_ui(ui: &mut Ui, columns: Columns, step: Step) {
    let tokens = Tokens::of(ui);
    let (space, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::TIMELINE_ROW), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Expected next {}", step.name())));
    let y = space.center().y;
    let next = line_of(ui, "next", theme::words(theme::SMALL), tokens.muted);
    ui.painter().galley(pos2(space.left() + columns.time - next.size().x, middle(space, &next)), next, tokens.muted);
    let (from, to) = lanes_of(step);
    for (place, lane) in [(0.0, from), (19.0, to)] {
        let at = pos2(space.left() + columns.badges + place, y - 8.0);
        let rect = Rect::from_min_size(at, vec2(17.0, 16.0));
        ui.painter().rect_stroke(rect, 3.0, Stroke::new(1.0, tokens.line_strong), StrokeKind::Inside);
        let letter = line_of(ui, lane.letter(), theme::code(theme::CAPTION), tokens.muted);
        ui.painter().galley(rect.center() - letter.size() / 2.0, letter, tokens.muted);
    }
    let width =
        write(ui, pos2(space.left() + columns.event, y), step.name(), theme::words(theme::BODY), tokens.muted, 200.0);
    let line = [pos2(space.left() + columns.event + width + 10.0, y), pos2(space.left() + columns.took, y)];
    ui.painter().extend(Shape::dashed_line(&line, Stroke::new(1.0, tokens.line_strong), 5.0, 4.0));
}

fn lanes_of(step: Step) -> (Lane, Lane) {
    match step {
        Step::Method | Step::Challenge => (Lane::Browser, Lane::Issuer),
        Step::Redirect => (Lane::Browser, Lane::Sessions),
        _ => (Lane::Merchant, Lane::Sessions),
    }
}
