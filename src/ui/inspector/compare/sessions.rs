//! Two sessions call by call: what both have and how much it differs, what only one has. A
//! click opens the payloads of a pair.

use bytes::Bytes;
use egui::{Layout, Rect, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use egui_material_icons::icons as i;

use super::job::Payloads;
use super::{Choice, Named, Shown, menu};
use crate::model::RunId;
use crate::model::diff::sessions::{Call, Document, Facts, Sessions, at, has};
use crate::model::diff::{Counts, Side};
use crate::model::run::{Revision, Run};
use crate::model::trace::{Part, Spot};
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::timeline::rows::short_time;
use crate::ui::widgets::{self, display_text};

/// Height of a row, points.
const ROW: f32 = 44.0;

/// Which two runs, and what had happened in each.
pub(super) type Key = ((RunId, RunId), (Revision, Revision));

pub(super) fn key(left: &Run, right: &Run) -> Key {
    ((left.id, right.id), (left.revision(), right.revision()))
}

/// A pair that was opened: up to two parts of it, and the comparison that is shown.
#[derive(Debug)]
pub(super) struct Inside {
    words: String,
    parts: Vec<Two>,
    part: usize,
    shown: Option<Shown>,
}

impl Inside {
    /// Draws it. True if the list is wanted again.
    pub fn ui(&mut self, ui: &mut Ui, choice: &mut Choice, links: &mut Vec<Link>) -> bool {
        let mut back = false;
        super::super::strip(ui, 32.0, |ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            back = widgets::icon_button(ui, i::ICON_ARROW_BACK.outlined(), "Back to the steps").clicked();
            ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                if self.parts.len() > 1 {
                    let names: Vec<(usize, &str)> = self.parts.iter().map(|part| part.words).enumerate().collect();
                    widgets::segmented(ui, &mut self.part, &names);
                }
                ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.add(egui::Label::new(display_text(&self.words)).truncate());
                });
            });
        });
        widgets::hline(ui);
        let Some(part) = self.parts.get(self.part) else { return back };
        // The sides are named by the list; here each says where it stands.
        let swap = super::sides_ui(ui, &part.names, links);
        match part.pair.clone() {
            Some(pair) => super::shown_ui(ui, &mut self.shown, pair, &part.names, choice, links),
            None => super::super::padded(ui, |ui| {
                widgets::muted_lines(ui, "Neither of the two has a body, so there is nothing to compare");
            }),
        }
        if swap {
            self.parts.iter_mut().for_each(Two::swap);
        }
        back
    }
}

/// Two bodies that stand for one another.
#[derive(Debug)]
struct Two {
    /// Which part of the row they are.
    words: &'static str,
    /// `None` if neither is there.
    pair: Option<Payloads>,
    names: [Named; 2],
}

impl Two {
    /// One that only one side has stands beside an empty object: all of it is new, or gone.
    fn of(words: &'static str, sides: [Option<Side>; 2], mut names: [Named; 2]) -> Self {
        let [one, other] = sides;
        let some = one.is_some() || other.is_some();
        for (side, name) in [&one, &other].into_iter().zip(&mut names) {
            if some && side.is_none() {
                name.words += " · has none";
            }
        }
        let none =
            || Side { bytes: Bytes::from_static(b"{}"), content_type: Some("application/json".into()), path: None };
        let pair = some.then(|| Payloads { one: one.unwrap_or_else(none), other: other.unwrap_or_else(none) });
        Self { words, pair, names }
    }

    fn swap(&mut self) {
        self.names.reverse();
        if let Some(pair) = &mut self.pair {
            std::mem::swap(&mut pair.one, &mut pair.other);
        }
    }
}

/// What a row of the list leads to.
enum Target<'a> {
    Document(&'a Document),
    Call(&'a Call),
}

/// What a row of the list says.
struct Line {
    sign: &'static str,
    tone: Tone,
    word: String,
    name: String,
    more: String,
}

/// Draws the list; a pair that was opened.
pub(super) fn ui(
    ui: &mut Ui,
    sessions: &Sessions,
    (left, right): (&Run, &Run),
    links: &mut Vec<Link>,
) -> Option<Inside> {
    summary_ui(ui, sessions);
    let targets: Vec<Target<'_>> =
        sessions.documents.iter().map(Target::Document).chain(sessions.calls.iter().map(Target::Call)).collect();
    let mut opened = None;
    ScrollArea::vertical().id_salt("steps").auto_shrink(false).show_rows(ui, ROW, targets.len(), |ui, range| {
        for target in &targets[range] {
            let line = line_of(target, left, right);
            if line_ui(ui, &line) {
                opened = open(target, (left, right), &line.name, links);
            }
        }
    });
    opened
}

fn summary_ui(ui: &mut Ui, sessions: &Sessions) {
    let calls = &sessions.calls;
    let count = |test: &dyn Fn(&Call) -> bool| calls.iter().filter(|call| test(call)).count();
    let (both, left) =
        (count(&|call| call.facts.0.is_some() && call.facts.1.is_some()), count(&|call| call.facts.1.is_none()));
    let right = count(&|call| call.facts.0.is_none());
    let equal = count(&Call::is_equal);
    egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 6)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        widgets::emphasis(
            ui,
            &format!(
                "{both} {} in both, {equal} equal but for ids and times",
                if both == 1 { "step" } else { "steps" }
            ),
        );
        if left + right > 0 {
            widgets::muted_lines(ui, &format!("{left} only on the left, {right} only on the right"));
        }
    });
    widgets::hline(ui);
}

fn line_of(target: &Target<'_>, left: &Run, right: &Run) -> Line {
    match target {
        Target::Document(document) => {
            let (sign, tone, word) = verdict(document.left.is_some(), document.right.is_some(), document.counts, false);
            let more = match document.counts {
                Some(counts) => counts.words(),
                None => "the other run has none".into(),
            };
            Line { sign, tone, word, name: document.name.to_owned(), more }
        }
        Target::Call(call) => call_line(call, left, right),
    }
}

fn call_line(call: &Call, left: &Run, right: &Run) -> Line {
    let entry = |run: &Run, number: Option<usize>| {
        number.and_then(|number| run.entries.numbered(number)).map(menu::entry_words)
    };
    let name = entry(left, call.entries.0).or_else(|| entry(right, call.entries.1)).unwrap_or_default();
    let mut more = Vec::new();
    let mut other = false;
    if let (Some(one), Some(two)) = (&call.facts.0, &call.facts.1) {
        more = one.differences(two);
        other = !more.is_empty();
    }
    for (part, counts) in [("request", call.request), ("response", call.response)] {
        if let Some(counts) = counts.filter(|counts| counts.changes > 0) {
            more.push(format!("{part}: {}", counts.words()));
        }
    }
    if let (Some(one), Some(two)) = call.entries
        && !has_body(left, one)
        && !has_body(right, two)
    {
        more.push("no bodies".into());
    }
    more.extend(took_words(call));
    if more.is_empty() {
        let of = |run: &Run, number: Option<usize>| {
            let entry = run.entries.numbered(number?)?;
            Some(format!("at {}", short_time(entry.at.since(run.started))))
        };
        match call.entries {
            (Some(_), Some(_)) => more.push("no difference".into()),
            (one, other) => more.extend(of(left, one).or_else(|| of(right, other))),
        }
    }
    let sum = |one: Option<Counts>, other: Option<Counts>| {
        let (one, other) = (one.unwrap_or_default(), other.unwrap_or_default());
        Counts { changes: one.changes + other.changes, volatile: one.volatile + other.volatile, equal: 0 }
    };
    let counts = sum(call.request, call.response);
    let (sign, tone, word) = verdict(call.facts.0.is_some(), call.facts.1.is_some(), Some(counts), other);
    Line { sign, tone, word, name, more: more.join(" · ") }
}

/// True if a row has a body of either part.
fn has_body(run: &Run, number: usize) -> bool {
    run.entries.numbered(number).is_some_and(|entry| has(entry, Part::Request) || has(entry, Part::Response))
}

/// How long a step took: in both if it is not the same, else in the one that has it.
fn took_words(call: &Call) -> Option<String> {
    let took = |facts: &Option<Facts>| {
        facts.as_ref().and_then(|facts| facts.took).filter(|took| !took.is_zero()).map(short_time)
    };
    match (took(&call.facts.0), took(&call.facts.1)) {
        (Some(one), Some(two)) if one != two => Some(format!("{one} to {two}")),
        (one, None) if call.facts.1.is_none() => one,
        (None, two) if call.facts.0.is_none() => two,
        _ => None,
    }
}

/// Sign, tone and word of a row.
fn verdict(left: bool, right: bool, counts: Option<Counts>, other: bool) -> (&'static str, Tone, String) {
    match (left, right, counts.unwrap_or_default()) {
        (true, false, _) => ("−", Tone::Danger, "only left".into()),
        (false, true, _) => ("+", Tone::Success, "only right".into()),
        (_, _, counts) if other || counts.changes > counts.volatile => ("~", Tone::Warning, "differs".into()),
        (_, _, counts) if counts.changes > 0 => ("=", Tone::Neutral, "ids and times".into()),
        _ => ("=", Tone::Neutral, "equal".into()),
    }
}

/// One row of two lines. True if it was clicked.
fn line_ui(ui: &mut Ui, line: &Line) -> bool {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let label = format!("{} {} {}", line.name, line.word, line.more);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, label.trim()));
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.bg2);
    }
    let ink = tokens.tone(line.tone).ink;
    let (x, end) = (rect.left() + theme::PADDING, rect.right() - theme::PADDING);
    let painted = |text: &str, font, colour, at: egui::Pos2, room: f32| {
        let mut job = egui::text::LayoutJob::simple_singleline(display_text(text), font, colour);
        job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(8.0));
        let galley = ui.painter().layout_job(job);
        ui.painter().galley(pos2(at.x, at.y - galley.size().y / 2.0), galley, colour);
    };
    let word = widgets::line_of(ui, &line.word, theme::words(theme::SMALL), ink);
    let word_left = end - word.size().x;
    ui.painter().galley(pos2(word_left, rect.top() + 13.0 - word.size().y / 2.0), word, ink);
    painted(line.sign, theme::code(theme::CODE), ink, pos2(x, rect.top() + 13.0), 20.0);
    let room = word_left - x - 30.0;
    painted(&line.name, theme::words(theme::BODY), tokens.text, pos2(x + 22.0, rect.top() + 13.0), room);
    let below = pos2(x + 22.0, rect.top() + 31.0);
    painted(&line.more, theme::words(theme::SMALL), tokens.text_second, below, end - below.x);
    let edge = Rect::from_min_max(pos2(rect.left(), rect.bottom() - 1.0), rect.max);
    ui.scope_builder(UiBuilder::new().max_rect(edge), widgets::hline);
    widgets::focus_ring(ui, rect.shrink(2.0), &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text(&line.more).clicked()
}

/// The payloads of a row; what only one run has is shown where it stands.
fn open(target: &Target<'_>, (left, right): (&Run, &Run), name: &str, links: &mut Vec<Link>) -> Option<Inside> {
    let mut parts = Vec::new();
    match target {
        Target::Document(document) => {
            let names = [left, right].map(|run| Named { words: super::run_words(run), place: None });
            parts.push(Two::of("", [document.left.clone(), document.right.clone()], names));
        }
        Target::Call(call) => {
            let (Some(one), Some(two)) = call.entries else {
                let left = call.entries.0.map(|number| (left.id, number));
                let (run, entry) = left.or_else(|| Some((right.id, call.entries.1?)))?;
                links.push(Link::Spot(run, Spot { entry, part: Part::Response, path: None }));
                return None;
            };
            for (part, words) in [(Part::Request, "Request"), (Part::Response, "Response")] {
                let spots = [(left, one), (right, two)].map(|(run, entry)| (run, Spot { entry, part, path: None }));
                let sides = spots.each_ref().map(|(run, spot)| at(run, spot));
                let names = spots.each_ref().map(|(run, spot)| super::named(run, spot));
                // Of a row without bodies, the answer is what says so.
                if sides.iter().any(Option::is_some) || part == Part::Response && parts.is_empty() {
                    parts.push(Two::of(words, sides, names));
                }
            }
        }
    }
    // What differs more is what one wants to see.
    let answered = matches!(target, Target::Call(call)
        if call.response.is_some_and(|counts| counts.changes > 0) || call.request.is_none());
    let part = if answered { parts.len().saturating_sub(1) } else { 0 };
    Some(Inside { words: name.to_owned(), parts, part, shown: None })
}
