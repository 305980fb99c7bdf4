//! The diagram: states as cards, arrows between them, the way that was taken. Paints what
//! [`Plan`] has laid out; says what was clicked.

use egui::epaint::CubicBezierShape;
use egui::{Color32, Pos2, Rect, Response, Role, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::plan::{Plan, Route};
use super::{Known, seconds};
use crate::model::api::Status;
use crate::model::states::{Change, about, arrows};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, display_text};

/// Stroke of an arrow that was taken, and of one that was not.
const TAKEN: f32 = 2.0;
const UNTAKEN: f32 = 1.0;

/// What was clicked.
pub enum Clicked {
    /// A change on the path: its place.
    Change(usize),
    /// A state.
    State(Status),
    /// The keyboard came to a state.
    Reached(Status),
}

/// One way of the path: all changes that took it.
struct Way<'a> {
    /// The first of them.
    change: &'a Change,
    /// The numbers of all.
    numbers: String,
    legs: Vec<Route>,
}

/// Draws it.
pub fn ui(ui: &mut Ui, known: &Known, chosen: Option<&Status>, selected: Option<usize>) -> Option<Clicked> {
    let unknown = known.path.iter().rev().map(|change| &change.to).find(|to| matches!(to, Status::Other(_)));
    let plan = Plan::new(ui.cursor().min, ui.available_width(), unknown);
    ui.allocate_exact_size(plan.rect.size(), Sense::hover());
    let ways = ways(&plan, &known.path);
    untaken_ui(ui, &plan, known);
    for way in &ways {
        taken_ui(ui, way);
    }
    let tokens = Tokens::of(ui);
    ui.painter().circle_filled(plan.dot.center(), 5.0, if ways.is_empty() { tokens.edge } else { tokens.accent.ink });
    let mut clicked = None;
    for (status, rect) in plan.cards() {
        let response = card_ui(ui, known, status, rect, chosen);
        if response.clicked() {
            clicked = Some(Clicked::State(status.clone()));
        } else if response.gained_focus() {
            clicked = Some(Clicked::Reached(status.clone()));
        }
    }
    // Last, so that words lie over lines.
    for way in &ways {
        let Some(leg) = way.legs.first() else { continue };
        if words_ui(ui, way, (leg, plan.close), selected).clicked() {
            clicked = Some(Clicked::Change(way.change.number - 1));
        }
        for leg in way.legs.iter().skip(1) {
            number_ui(ui, leg.words().0, &way.numbers, tokens.accent_fill);
        }
    }
    clicked
}

fn ways<'a>(plan: &Plan, path: &'a [Change]) -> Vec<Way<'a>> {
    let mut ways: Vec<Way> = Vec::new();
    for change in path {
        if let Some(way) = ways.iter_mut().find(|way| (&way.change.from, &way.change.to) == (&change.from, &change.to))
        {
            // A session that goes to and fro: three numbers, then that there are more.
            match way.numbers.matches(',').count() {
                0 | 1 => way.numbers += &format!(", {}", change.number),
                2 => way.numbers += ", …",
                _ => (),
            }
            continue;
        }
        let stops = change.through.iter().chain([&change.to]);
        let mut legs = Vec::new();
        let mut from = change.from.as_ref();
        for to in stops {
            legs.extend(if change.breach.is_some() { plan.astray(from, to) } else { plan.route(from, to) });
            from = Some(to);
        }
        ways.push(Way { change, numbers: change.number.to_string(), legs });
    }
    ways
}

fn untaken_ui(ui: &Ui, plan: &Plan, known: &Known) {
    let colour = Tokens::of(ui).line_strong;
    let known_here = |status: &Status| known.shape.knows(status);
    for arrow in arrows().iter().filter(|arrow| known_here(arrow.to) && arrow.from.is_none_or(known_here)) {
        let legacy = arrow.from == Some(&Status::Pending) && arrow.to.is_final() && *arrow.to != Status::Expired;
        if legacy != known.shape.legacy && (legacy || arrow.from == Some(&Status::Pending) && !arrow.to.is_final()) {
            continue; // the other protocol's way
        }
        if let Some(Route::Straight(points)) = plan.route(arrow.from, arrow.to) {
            arrow_ui(ui, &points, Stroke::new(UNTAKEN, colour));
        }
    }
}

fn taken_ui(ui: &Ui, way: &Way<'_>) {
    let tokens = Tokens::of(ui);
    for leg in &way.legs {
        match leg {
            Route::Straight(points) => arrow_ui(ui, points, Stroke::new(TAKEN, tokens.accent.ink)),
            Route::Curve(points) => {
                let stroke = Stroke::new(TAKEN, tokens.warning.ink);
                let curve = CubicBezierShape::from_points_stroke(*points, false, Color32::TRANSPARENT, stroke);
                ui.painter().add(curve);
                let [_, _, handle, end] = *points;
                head_ui(ui, end, end - handle, stroke.color);
                diamond_ui(ui, leg.middle());
            }
        }
    }
}

fn arrow_ui(ui: &Ui, points: &[Pos2], stroke: Stroke) {
    ui.painter().line(points.to_vec(), stroke);
    if let [.., before, end] = points {
        head_ui(ui, *end, *end - *before, stroke.color);
    }
}

/// A filled triangle whose tip is at `end`.
fn head_ui(ui: &Ui, end: Pos2, along: egui::Vec2, colour: Color32) {
    let along = along.normalized() * 6.0;
    let across = along.rot90() * 0.6;
    let points = vec![end, end - along + across, end - along - across];
    ui.painter().add(Shape::convex_polygon(points, colour, Stroke::NONE));
}

/// The sign of a broken rule. Source: design.md, «Sequence».
fn diamond_ui(ui: &Ui, at: Pos2) {
    let tokens = Tokens::of(ui);
    let points = vec![at + vec2(0.0, -9.0), at + vec2(9.0, 0.0), at + vec2(0.0, 9.0), at + vec2(-9.0, 0.0)];
    ui.painter().add(Shape::convex_polygon(points, tokens.warning.tint, Stroke::new(1.5, tokens.warning.ink)));
    let mark = widgets::line_of(ui, "!", theme::words(theme::SMALL), tokens.warning.ink);
    widgets::paint_emphasis(ui.painter(), at - mark.size() / 2.0, mark, tokens.warning.ink);
}

/// The number of a change in a round badge; where it ends.
fn number_ui(ui: &Ui, left: Pos2, numbers: &str, fill: Color32) -> f32 {
    let tokens = Tokens::of(ui);
    let galley = widgets::line_of(ui, numbers, theme::code(theme::CAPTION), tokens.on_fill);
    let rect = Rect::from_min_size(left - vec2(0.0, 8.0), vec2((galley.size().x + 8.0).max(16.0), 16.0));
    ui.painter().rect_filled(rect, 8.0, fill);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, tokens.on_fill);
    rect.right()
}

/// Number, time and call of a change, on a patch; a click selects its row.
fn words_ui(ui: &Ui, way: &Way<'_>, (leg, close): (&Route, bool), selected: Option<usize>) -> Response {
    let tokens = Tokens::of(ui);
    let change = way.change;
    let (ink, fill) = match change.breach {
        Some(_) => (tokens.warning.ink, tokens.warning.ink),
        None => (tokens.accent.ink, tokens.accent_fill),
    };
    let (at, under) = leg.words();
    let line = |text: &str| widgets::line_of(ui, text, theme::code(theme::CAPTION), ink);
    let time = seconds(change.at);
    let (first, second) = match (under, &change.breach) {
        // No room beside the sign without hiding other arrows; the note has the rest.
        (_, Some(_)) => (line(""), None),
        // The list below has the words.
        (true, None) if close => (line(""), None),
        (false, None) if close => (line(&time), Some(line(&change.cause))),
        (true, None) => (line(&time), Some(line(&change.cause))),
        (false, None) => (line(&format!("{time} · {}", change.cause)), None),
    };
    let badge = 22.0 + widgets::line_of(ui, &way.numbers, theme::code(theme::CAPTION), ink).size().x - 6.6;
    let width = (badge + first.size().x).max(second.as_ref().map_or(0.0, |line| line.size().x)) + 4.0;
    let height = if second.is_some() { 34.0 } else { theme::TARGET };
    let rect = Rect::from_min_size(at - vec2(3.0, height / 2.0), vec2(width + 3.0, height));
    let rect = if close && under { Rect::from_min_size(rect.min, vec2(theme::TARGET, rect.height())) } else { rect };
    let response = ui.interact(rect, ui.scope_id().with(("change", change.number)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected == Some(change.entry), name(change)));
    let ground = if response.hovered() { tokens.bg3 } else { tokens.bg1 };
    let painter = ui.painter();
    if under && second.is_some() {
        // Above and below the arrow, which stays whole.
        let half = vec2(rect.width(), 16.0);
        painter.rect_filled(Rect::from_min_size(rect.min, half), 3.0, ground);
        painter.rect_filled(Rect::from_min_size(pos2(rect.left(), at.y + 2.0), half), 3.0, ground);
    } else {
        painter.rect_filled(rect, 3.0, ground);
    }
    let middle = if second.is_some() { at.y - 9.0 } else { at.y };
    let number_fill = if change.breach.is_some() { tokens.warning.tint } else { fill };
    let x = if change.breach.is_some() {
        let galley = widgets::line_of(ui, &way.numbers, theme::code(theme::CAPTION), ink);
        let x = at.x + galley.size().x + 8.0;
        ui.painter().galley(pos2(at.x + 2.0, middle - galley.size().y / 2.0), galley, ink);
        x
    } else {
        number_ui(ui, pos2(at.x, middle), &way.numbers, number_fill) + 6.0
    };
    ui.painter().galley(pos2(x, middle - first.size().y / 2.0), first, ink);
    if let Some(second) = second {
        ui.painter().galley(pos2(at.x, at.y + 9.0 - second.size().y / 2.0), second, ink);
    }
    if selected == Some(change.entry) {
        ui.painter().rect_stroke(rect, 4.0, Stroke::new(1.0, ink), StrokeKind::Outside);
    }
    widgets::focus_ring(ui, rect, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text(display_text(&sentence(change)))
}

/// The change as an accessible name.
pub fn name(change: &Change) -> String {
    let from = change.from.as_ref().map_or("created", Status::word);
    let breach = if change.breach.is_some() { ", not in the contract" } else { "" };
    let number = change.number;
    display_text(&format!("{number}: {from} to {}, {}, {}{breach}", change.to, change.cause, seconds(change.at)))
}

fn sentence(change: &Change) -> String {
    let through: Vec<&str> = change.through.iter().map(Status::word).collect();
    let seen = if through.is_empty() { String::new() } else { format!("; passed unseen: {}", through.join(", ")) };
    match &change.breach {
        Some(breach) => breach.clone(),
        None => format!("Shown by {}: {}{seen}", change.cause, change.mover),
    }
}

fn card_ui(ui: &Ui, known: &Known, status: &Status, rect: Rect, chosen: Option<&Status>) -> Response {
    let tokens = Tokens::of(ui);
    let about = about(status, known.shape);
    let now = known.status.as_ref() == Some(status);
    let visited = now || known.path.iter().any(|change| change.to == *status || change.from.as_ref() == Some(status));
    let passed = known.path.iter().any(|change| change.through.contains(status));
    let never = about.never.is_some() && !visited && !passed;
    let response = ui.interact(rect, ui.scope_id().with(("state", status.word())), Sense::click());
    let what = match (now, visited, passed) {
        (true, ..) => format!(", {}", known.when),
        (_, true, _) => ", seen".into(),
        (.., true) => ", passed unseen".into(),
        _ if never => ", not for this session".into(),
        _ => String::new(),
    };
    let label = display_text(&format!("State {status}{what}"));
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen == Some(status), &label));
    let tone = tokens.tone(if matches!(status, Status::Other(_)) { Tone::Warning } else { Tone::of_status(status) });
    let fill = match (now, response.hovered()) {
        (true, _) => tokens.selection,
        (_, true) => tokens.bg3,
        _ if visited => tokens.bg2,
        _ => tokens.bg1,
    };
    let painter = ui.painter();
    painter.rect_filled(rect, 6.0, fill);
    let stroke = match (now, visited) {
        (true, _) => Stroke::new(2.0, tokens.accent.ink),
        (_, true) => Stroke::new(1.0, tokens.accent.ink),
        _ => Stroke::new(1.0, if never { tokens.line } else { tokens.line_strong }),
    };
    if passed && !visited {
        let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
        painter.extend(Shape::dashed_line(&corners, Stroke::new(1.0, tokens.accent.ink), 5.0, 4.0));
    } else {
        painter.rect_stroke(rect, 6.0, stroke, StrokeKind::Inside);
    }
    let ink = if visited { tone.ink } else { tokens.muted };
    let short = match (now, passed && !visited) {
        (true, _) => format!("{} · {}", known.when, about.short),
        (_, true) => "passed, not seen".into(),
        _ => about.short.to_owned(),
    };
    card_words(ui, rect, (status, ink, now), &short);
    if chosen == Some(status) {
        painter.hline(rect.shrink(8.0).x_range(), rect.bottom() - 2.0, Stroke::new(2.0, tokens.accent.ink));
    }
    widgets::focus_ring(ui, rect, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text(about.never.unwrap_or(about.means))
}

/// Sign and wire word; below it, in the high cards, what the state waits for.
fn card_words(ui: &Ui, rect: Rect, (status, ink, now): (&Status, Color32, bool), short: &str) {
    let tokens = Tokens::of(ui);
    let high = rect.height() > 32.0;
    let y = if high { rect.top() + 13.0 } else { rect.center().y };
    let mut x = rect.left() + 8.0;
    if let Some(icon) = widgets::status_sign(status) {
        let sign = widgets::line_of(ui, icon.codepoint, theme::icon(icon, 14.0), ink);
        ui.painter().galley(pos2(x, y - sign.size().y / 2.0), sign, ink);
        x += 18.0;
    }
    let painter = ui.painter().with_clip_rect(rect);
    let word = widgets::line_of(ui, &display_text(status.word()), theme::code(theme::SMALL), ink);
    let at = pos2(x, y - word.size().y / 2.0);
    if now {
        widgets::paint_emphasis(&painter, at, word, ink);
    } else {
        painter.galley(at, word, ink);
    }
    if high {
        let line = widgets::line_of(ui, short, theme::words(theme::CAPTION), tokens.muted);
        painter.galley(pos2(rect.left() + 8.0, rect.bottom() - 12.0 - line.size().y / 2.0), line, tokens.muted);
    }
}
