//! The scrubber: a strip with the whole session's time, and a playhead that takes all views
//! back to a moment. Keeps the moment, the pinned one, and what was made of them; the run
//! itself is never copied, since the past is the beginning of its rows.

use std::collections::BTreeSet;
use std::time::Duration;

use egui::{Align, Key, Layout, Modifiers, Rect, Response, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons as i;

use super::head::strip;
use super::lines::{Lines, Rows};
use super::rows::RowView;
use super::waterfall::Axis;
use crate::model::api::Status;
use crate::model::moment::{self, Then};
use crate::model::run::{Revision, Run};
use crate::model::states::{Change, Trail};
use crate::model::trace::{Spot, Subject};
use crate::model::{Lane, RunId};
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, Look, Size, display_text};

/// Height of the strip, points.
const STRIP: f32 = 34.0;
/// How near the pointer must be to a moment at which something happened to take it, points.
const REACH: f32 = 3.0;
/// Rows up to which ticks are made anew with each change; of more, twice a second.
const FEW: usize = 5_000;

/// View state.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The strip is there.
    on: bool,
    /// Give it the keyboard.
    focus: bool,
    /// Where the playhead stands, in this run; `None` is the present.
    at: Option<(RunId, Duration)>,
    /// The moment to compare with, and the session as it was.
    pin: Option<Pin>,
    then: Option<(Revision, Then)>,
    /// Where the newest view of the session stands.
    newest: Option<(Revision, Option<Spot>)>,
    trail: Trail,
    track: Option<Track>,
}

#[derive(Debug, Clone, PartialEq)]
struct Pin {
    run: RunId,
    at: Duration,
    spot: Option<Spot>,
}

/// What the strip shows of a run at a width.
#[derive(Debug, Clone)]
struct Track {
    of: (Revision, f32),
    /// In seconds of the window's time: when it was made.
    made: f64,
    axis: Axis,
    /// One for each lane and point of width at which a row began.
    ticks: Vec<(f32, Lane)>,
    path: Vec<Change>,
    end: Duration,
}

impl State {
    /// True while the past is looked at.
    pub fn is_past(&self, run: RunId) -> bool {
        self.on && self.at.is_some_and(|(id, _)| id == run)
    }

    /// Shows or hides the strip; hiding goes back to the present.
    pub fn toggle(&mut self) {
        self.on = !self.on;
        self.focus = self.on;
        if !self.on {
            (self.at, self.then, self.track) = (None, None, None);
        }
    }

    /// The run as it was where the playhead stands; `None` in the present. Give it back with
    /// [`State::keep`] when all is drawn.
    pub fn take(&mut self, run: &Run) -> Option<Then> {
        let (_, at) = self.at.filter(|(id, _)| self.on && *id == run.id)?;
        match self.then.take() {
            Some((of, then)) if of == run.revision() && then.at == at => Some(then),
            _ => {
                self.trail.follow(run);
                Some(Then::of(run, &self.trail.path(run), at))
            }
        }
    }

    /// See [`State::take`].
    pub fn keep(&mut self, run: &Run, then: Option<Then>) {
        self.then = then.map(|then| (run.revision(), then)).or_else(|| self.then.take());
    }

    /// Back to the present.
    pub fn release(&mut self) {
        self.at = None;
    }

    /// Draws the strip. `rows` are all of the run's, whatever is shown of them.
    pub fn ui(&mut self, ui: &mut Ui, run: &Run, rows: Rows<'_>, then: Option<&Then>, links: &mut Vec<Link>) {
        if !self.on {
            return;
        }
        strip(ui, STRIP, |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let label = then.map_or_else(|| "now".to_owned(), |then| seconds(then.at));
            let tokens = Tokens::of(ui);
            let ink = if then.is_some() { tokens.accent.ink } else { tokens.text_second };
            ui.allocate_ui_with_layout(vec2(62.0, STRIP), Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(62.0);
                widgets::mono(ui, &label, ink);
            });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                self.buttons_ui(ui, run, then, links);
                let room = vec2(ui.available_width().max(60.0), theme::TARGET);
                let (rect, _) = ui.allocate_exact_size(room, Sense::hover());
                self.track_ui(ui, rect, run, rows, then);
            });
        });
        widgets::hline(ui);
    }

    /// From right to left: the session then, the pin, the comparison.
    fn buttons_ui(&mut self, ui: &mut Ui, run: &Run, then: Option<&Then>, links: &mut Vec<Link>) {
        let at = then.map(|then| then.at);
        // The newest view is the one at the end of all time.
        let spot = match then {
            Some(then) => then.spot(),
            None => self.newest(run),
        };
        let small = |ui: &mut Ui, label: &str| widgets::button(ui, Look::Secondary, Size::Small, None, label, None);
        let (label, hint) = match at {
            Some(_) => ("Session then", "The session object as the newest answer until this moment showed it"),
            None => ("Session now", "The session object as the newest answer shows it"),
        };
        let shown = ui.add_enabled_ui(spot.is_some(), |ui| small(ui, label)).inner;
        if shown.on_hover_text(hint).on_disabled_hover_text("No answer had shown a session yet").clicked()
            && let Some(spot) = spot.clone()
        {
            links.push(Link::Spot(run.id, spot));
        }
        let here = Pin { run: run.id, at: at.unwrap_or_else(|| run.length()), spot };
        match self.pin.clone().filter(|pin| pin.run == run.id) {
            None => {
                let pin = small(ui, "Pin");
                if pin.on_hover_text("Keep this moment, to compare another one with it").clicked() {
                    self.pin = Some(here);
                }
            }
            Some(pin) => self.compare_ui(ui, &pin, here, links),
        }
    }

    fn compare_ui(&mut self, ui: &mut Ui, pin: &Pin, here: Pin, links: &mut Vec<Link>) {
        let name = format!("Unpin {}", seconds(pin.at));
        if widgets::icon_button(ui, i::ICON_CLOSE.outlined(), &name).clicked() {
            self.pin = None;
        }
        let small = |ui: &mut Ui, label: &str| widgets::button(ui, Look::Outlined, Size::Small, None, label, None);
        match (&pin.spot, here.spot) {
            (Some(a), Some(b)) if *a == b => {
                let words = if pin.at == here.at { "Pinned here" } else { "Same session as at the pin" };
                widgets::muted(ui, words).on_hover_text(format!("No answer came between {} and here", seconds(pin.at)));
            }
            (Some(a), Some(b)) => {
                let (a, b) = if pin.at <= here.at { (a.clone(), b) } else { (b, a.clone()) };
                let hint = format!("The session at {} beside the session here", seconds(pin.at));
                if small(ui, "Compare with pin").on_hover_text(hint).clicked() {
                    links.push(Link::Compare(Subject::Payload(here.run, a), Subject::Payload(here.run, b)));
                }
            }
            _ => drop(widgets::muted(ui, "No session at one of them")),
        }
    }

    /// Where the newest view of the session stands.
    fn newest(&mut self, run: &Run) -> Option<Spot> {
        let of = run.revision();
        if self.newest.as_ref().is_none_or(|(known, _)| *known != of) {
            self.newest = Some((of, moment::newest(run)));
        }
        self.newest.as_ref().and_then(|(_, spot)| spot.clone())
    }

    fn track_ui(&mut self, ui: &mut Ui, rect: Rect, run: &Run, rows: Rows<'_>, then: Option<&Then>) {
        let id = ui.scope_id().with(("moments", run.id.0));
        let response = ui.interact(rect, id, Sense::click_and_drag());
        let track = self.track(ui, run, rows, rect.width());
        let at = then.map_or(track.end, |then| then.at);
        let words = then.map_or_else(|| "now".to_owned(), |then| seconds(then.at));
        response.widget_info(|| WidgetInfo {
            current_text_value: Some(words.clone()),
            ..WidgetInfo::slider(true, at.as_secs_f64(), "Moment of the session")
        });
        if std::mem::take(&mut self.focus) {
            response.request_focus();
        }
        paint(ui, rect, &track, then.map(|then| then.at), self.pin.as_ref().filter(|pin| pin.run == run.id));
        widgets::focus_ring(ui, rect, &response);
        let moved =
            keys(ui, &response, run, then.map(|then| then.at)).or_else(|| dragged(&response, rect, run, &track));
        match moved {
            Some(To::Now) => self.at = None,
            Some(To::Moment(at)) => self.at = Some((run.id, at)),
            None => (),
        }
        if moved.is_some() {
            ui.ctx().request_repaint();
        }
        let hint = "Drag, or Left and Right from event to event; Home, End";
        response.on_hover_text(hint);
        self.track = Some(track);
    }

    fn track(&mut self, ui: &Ui, run: &Run, rows: Rows<'_>, width: f32) -> Track {
        let (of, time) = ((run.revision(), width), ui.input(|input| input.time));
        if let Some(track) = self.track.take() {
            let fresh = rows.len() > FEW && track.of.0.run == run.id && track.of.1 == width && time - track.made < 0.5;
            if fresh && track.of != of {
                ui.ctx().request_repaint_after(Duration::from_millis(500));
            }
            if fresh || track.of == of {
                return track;
            }
        }
        self.trail.follow(run);
        let end = run.length().max(Duration::from_millis(1));
        let axis = rows.axis(end, width - 8.0, &BTreeSet::new());
        let mut ticks: Vec<(f32, Lane)> = Vec::new();
        for facts in (0..rows.len()).filter_map(|place| rows.facts(place)) {
            let tick = (axis.x(facts.at).round(), facts.from);
            if !ticks.iter().rev().take(6).any(|known| *known == tick) {
                ticks.push(tick);
            }
        }
        Track { of, made: time, axis, ticks, path: self.trail.path(run), end }
    }
}

/// Where the playhead goes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum To {
    Now,
    Moment(Duration),
}

/// Left and Right go from event to event, Home to the start, End to the present.
fn keys(ui: &Ui, response: &Response, run: &Run, at: Option<Duration>) -> Option<To> {
    if !response.has_focus() {
        return None;
    }
    ui.memory_mut(|memory| {
        let filter = egui::EventFilter { horizontal_arrows: true, ..Default::default() };
        memory.set_focus_lock_filter(response.id, filter);
    });
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let asked = |action| ui.input(|input| input.has_accesskit_action_request(response.id, action));
    let here = at.unwrap_or_else(|| run.length());
    if pressed(Key::ArrowLeft) || asked(egui::accesskit::Action::Decrement) {
        return moment::before(run, here).map(To::Moment);
    }
    if pressed(Key::ArrowRight) || asked(egui::accesskit::Action::Increment) {
        return at.map(|at| match moment::after(run, at) {
            Some(next) if next < run.length() => To::Moment(next),
            _ => To::Now,
        });
    }
    if pressed(Key::Home) {
        return Some(To::Moment(Duration::ZERO));
    }
    pressed(Key::End).then_some(To::Now)
}

/// Where the pointer drags it; the right end is the present.
fn dragged(response: &Response, rect: Rect, run: &Run, track: &Track) -> Option<To> {
    if !(response.is_pointer_button_down_on() || response.clicked()) {
        return None;
    }
    let x = response.interact_pointer_pos()?.x - rect.left() - 4.0;
    if x >= track.axis.x(track.end) - 1.0 {
        return Some(To::Now);
    }
    let (at, far) = (moment_at(track, x), moment_at(track, x + REACH));
    Some(To::Moment(moment::near(run, at, far.saturating_sub(at)).unwrap_or(at)))
}

/// The moment at a place: the axis turned round.
fn moment_at(track: &Track, x: f32) -> Duration {
    let (mut low, mut high) = (Duration::ZERO, track.end);
    for _ in 0..40 {
        let middle = low + (high - low) / 2;
        if track.axis.x(middle) <= x { low = middle } else { high = middle }
    }
    low
}

fn paint(ui: &Ui, rect: Rect, track: &Track, at: Option<Duration>, pin: Option<&Pin>) {
    let tokens = Tokens::of(ui);
    let painter = ui.painter();
    let inner = rect.shrink2(vec2(4.0, 2.0));
    let x = |at: Duration| inner.left() + track.axis.x(at);
    painter.rect_filled(rect.shrink2(vec2(0.0, 2.0)), 4.0, tokens.bg2);
    for fold in &track.axis.folds {
        let band = Rect::from_x_y_ranges(inner.left() + fold.left..=inner.left() + fold.right, inner.y_range());
        painter.rect_filled(band, 0.0, tokens.bg0);
        let galley = widgets::line_of(ui, "//", theme::code(theme::CAPTION), tokens.muted);
        ui.painter().galley(band.center() - galley.size() / 2.0, galley, tokens.muted);
    }
    for (tick, lane) in &track.ticks {
        let x = inner.left() + tick;
        painter.vline(x, inner.bottom() - 9.0..=inner.bottom() - 2.0, Stroke::new(1.5, tokens.lane(*lane).ink));
    }
    for change in track.path.iter().take(200) {
        flag(ui, pos2(x(change.at), inner.top() + 1.0), &change.to, change.breach.is_some());
    }
    if let Some(pin) = pin {
        let at = pos2(x(pin.at.min(track.end)), inner.bottom());
        painter.vline(at.x, inner.y_range(), Stroke::new(1.0, tokens.text_second));
        painter.circle_filled(at - vec2(0.0, 2.0), 3.0, tokens.text_second);
    }
    let head = x(at.unwrap_or(track.end));
    if at.is_some() {
        // What is still to come.
        let rest = Rect::from_x_y_ranges(head..=inner.right(), inner.y_range());
        painter.rect_filled(rest, 0.0, tokens.bg1.gamma_multiply(0.6));
    }
    painter.vline(head, rect.y_range(), Stroke::new(2.0, tokens.accent.ink));
    painter.circle_filled(pos2(head, rect.top() + 3.0), 4.0, tokens.accent.ink);
}

/// A change of the status, in its tone.
fn flag(ui: &Ui, at: egui::Pos2, status: &Status, broken: bool) {
    let tokens = Tokens::of(ui);
    let tone = if broken { Tone::Warning } else { Tone::of_status(status) };
    let ink = tokens.tone(tone).ink;
    ui.painter().vline(at.x, at.y..=at.y + 18.0, Stroke::new(1.0, ink));
    let points = vec![at, at + vec2(6.0, 3.0), at + vec2(0.0, 6.0)];
    ui.painter().add(Shape::convex_polygon(points, ink, Stroke::NONE));
}

/// What stands in the place of the next action while the past is looked at. True if the
/// present is wanted.
pub fn past_ui(ui: &mut Ui, then: &Then) -> bool {
    let tokens = Tokens::of(ui);
    let (space, _) = ui.allocate_exact_size(vec2(ui.available_width(), 46.0), Sense::hover());
    let bar = Rect::from_min_size(space.min + vec2(12.0, 8.0), vec2(space.width() - 24.0, 38.0));
    ui.painter().rect_filled(bar, 6.0, tokens.bg2);
    ui.painter().rect_stroke(bar, 6.0, Stroke::new(1.0, tokens.accent.ink), egui::StrokeKind::Inside);
    let layout = Layout::left_to_right(Align::Center);
    let inner = bar.shrink2(vec2(10.0, 0.0));
    let mut back = false;
    ui.scope_builder(egui::UiBuilder::new().max_rect(inner).layout(layout), |ui| {
        widgets::icon(ui, i::ICON_HISTORY.outlined(), 16.0, tokens.accent.ink);
        widgets::emphasis(ui, &format!("As of {}", seconds(then.at)));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            back = widgets::secondary_button(ui, None, "Back to now", None).clicked();
            ui.with_layout(layout, |ui| {
                let words = egui::RichText::new(display_text(&then.standing.waits)).color(tokens.text_second);
                ui.add(egui::Label::new(words).truncate());
            });
        });
    });
    back
}

/// Makes the rows that were under way at a moment look so; what they were, to be put back
/// with [`forward`].
pub fn back(lines: &mut Lines, then: &Then) -> Vec<(usize, RowView)> {
    let mut were = Vec::new();
    for place in &then.under_way {
        let Some(row) = lines.get_mut(*place) else { continue };
        let running =
            RowView { took: None, mark: None, http: None, failed: false, findings: Vec::new(), ..row.clone() };
        were.push((*place, std::mem::replace(row, running)));
    }
    were
}

/// See [`back`].
pub fn forward(lines: &mut Lines, were: Vec<(usize, RowView)>) {
    for (place, was) in were {
        if let Some(row) = lines.get_mut(place) {
            *row = was;
        }
    }
}

/// `4.870 s`.
fn seconds(at: Duration) -> String {
    format!("{:.3} s", at.as_secs_f64())
}
