//! The words beside the diagram: where the session stands, what broke the contract, what the
//! chosen state means, what may be called and what would be refused, the path as a list.

use egui::{Align, Layout, RichText, Ui, vec2};
use egui_material_icons::icons as i;

use super::{Known, Out, diagram, seconds};
use crate::bus::Command;
use crate::model::api::Status;
use crate::model::states::{Call, Change, Deadline, Ruling, about};
use crate::model::trace::Question;
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::timeline::Scene;
use crate::ui::widgets::{self, display_text, muted, muted_lines};

/// Changes that are listed; a session that goes to and fro has more.
const LISTED: usize = 50;

/// Where it stands, in one sentence, with the way to its reasons.
pub fn now_ui(ui: &mut Ui, scene: &Scene, known: &Known, out: &mut Out) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        widgets::emphasis(ui, if scene.then.is_some() { "Then" } else { "Now" });
        if let Some(status) = &known.status {
            widgets::status_pill(ui, status);
        }
        if known.status.is_some() && widgets::link(ui, "Why?").clicked() {
            let row = scene.then.and_then(|then| then.view);
            out.links.push(Link::Why(scene.run.id, Question::Status(row)));
        }
        muted(ui, &known.shape.name()).on_hover_text("The kind of session; it decides which states there are");
    });
    let sentence = RichText::new(display_text(&known.sentence(scene))).color(tokens.text);
    ui.add(egui::Label::new(sentence).wrap());
    if !known.next.is_empty() {
        let words: Vec<&str> = known.next.iter().map(Status::word).collect();
        muted_lines(ui, &format!("Can come next: {}", words.join(", ")));
    }
}

/// `9:47 left, then expired`.
pub fn time_left(until: &Deadline, scene: &Scene) -> String {
    if scene.held && scene.then.is_none() {
        return format!("the clock is held, so {} does not run out", until.what);
    }
    let at = scene.then.map_or_else(|| scene.now.since(scene.run.started), |then| then.at);
    match until.at.checked_sub(at) {
        Some(left) if !left.is_zero() => format!("{} left, then {}", super::super::rows::clock(left), until.then),
        _ => format!("{} is over; read the session, it should be {}", until.what, until.then),
    }
}

/// What the contract does not have, each with its sentence and its reasons.
pub fn breaches_ui(ui: &mut Ui, scene: &Scene, known: &Known, out: &mut Out) {
    for change in known.path.iter().filter(|change| change.breach.is_some()).take(LISTED) {
        let Some(breach) = &change.breach else { continue };
        widgets::note(ui, Tone::Warning, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(6.0, 2.0);
                widgets::icon(ui, i::ICON_WARNING.outlined(), 16.0, Tokens::of(ui).warning.ink);
                let rule = known.rules.get(&change.entry).map_or(String::new(), |rule| format!("{rule} · "));
                let text = format!("{rule}{} · {} · {breach}", change.number, seconds(change.at));
                ui.add(egui::Label::new(display_text(&text)).wrap());
                if widgets::link(ui, "Show the row").clicked() {
                    out.picked = Some(change.entry);
                }
                if widgets::link(ui, "Why?").clicked() {
                    out.links.push(Link::Why(scene.run.id, why(known, change)));
                }
            });
            muted_lines(
                ui,
                "The contract's machine has no such change (Sessions API, actions by state). Trust the newest answer to GET",
            );
        });
    }
}

fn why(known: &Known, change: &Change) -> Question {
    known
        .rules
        .get(&change.entry)
        .map_or(Question::Status(Some(change.entry)), |rule| Question::Finding(change.entry, rule))
}

/// The chosen state in words.
pub fn chosen_ui(ui: &mut Ui, known: &Known, status: &Status) -> bool {
    let about = about(status, known.shape);
    let mut close = false;
    widgets::card(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.horizontal(|ui| {
            widgets::status_pill(ui, status);
            ui.add(egui::Label::new(about.never.unwrap_or(about.means)).wrap());
        });
        let left = if status.is_final() { "Left to do" } else { "Waits for" };
        for (key, value) in [(left, about.waits_for), ("Moved on by", about.moved_by), ("Contract", about.paragraph)] {
            line_ui(ui, key, value);
        }
        close = widgets::link(ui, "Close").clicked();
    });
    close
}

fn line_ui(ui: &mut Ui, key: &str, value: &str) {
    ui.horizontal_top(|ui| {
        ui.allocate_ui_with_layout(vec2(78.0, 18.0), Layout::left_to_right(Align::TOP), |ui| {
            ui.set_min_width(78.0);
            muted(ui, key);
        });
        ui.add(egui::Label::new(value).wrap());
    });
}

/// What may be called, then what would be refused.
pub fn calls_ui(ui: &mut Ui, scene: &Scene, known: &Known, out: &mut Out) {
    let (allowed, refused): (Vec<&Call>, Vec<&Call>) =
        known.calls.iter().partition(|call| matches!(call.ruling, Ruling::Allowed(_)));
    for (title, calls) in [("Allowed now", allowed), ("Would be refused", refused)] {
        if calls.is_empty() {
            continue;
        }
        widgets::emphasis(ui, title);
        for call in calls {
            call_ui(ui, scene, call, out);
        }
        ui.add_space(4.0);
    }
}

fn call_ui(ui: &mut Ui, scene: &Scene, call: &Call, out: &mut Out) {
    let tokens = Tokens::of(ui);
    let good = matches!(call.ruling, Ruling::Allowed(_));
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let label = if good { "Send" } else { "Send anyway" };
        let past = scene.then.is_some();
        let response = ui
            .add_enabled_ui(!past, |ui| {
                let look = if good { widgets::Look::Secondary } else { widgets::Look::Ghost };
                ui.set_min_width(88.0);
                widgets::button(ui, look, widgets::Size::Small, None, label, None)
            })
            .inner;
        let name = format!("{label} {}", call.wire);
        widgets::name(&response, &name);
        let response = response.on_hover_text(format!("{}, as the program would write it", call.step.name()));
        if response.on_disabled_hover_text("Nothing is sent while you look at the past").clicked() {
            out.commands.push(Command::Do(scene.run.id, call.step));
        }
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = 8.0;
                let (answer, ink) = match call.ruling {
                    Ruling::Allowed(http) => (format!("→ {http}"), tokens.success.ink),
                    Ruling::Refused(http, code) => (format!("→ {http} {code}"), tokens.warning.ink),
                };
                for (text, ink) in [(call.wire, tokens.text), (answer.as_str(), ink)] {
                    let text = RichText::new(text).font(theme::code(theme::CODE)).color(ink);
                    ui.add(egui::Label::new(text).extend());
                }
                if let Some(action) = call.action.filter(|_| call.offered) {
                    widgets::pill_with(ui, Tone::Accent, None, &format!("offered: {action}"), 17.0);
                }
            });
            muted_lines(ui, &format!("{} · {}", call.why, call.paragraph));
        });
    });
}

/// The path as a list.
pub fn path_ui(ui: &mut Ui, scene: &Scene, known: &Known, out: &mut Out) {
    if known.path.is_empty() {
        return;
    }
    let tokens = Tokens::of(ui);
    widgets::emphasis(ui, "The way it went");
    for change in known.path.iter().take(LISTED) {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
            widgets::mono(ui, &format!("{:>2} {:>9}", change.number, seconds(change.at)), tokens.muted);
            let from = change.from.as_ref().map_or("created", Status::word);
            let words = display_text(&format!("{from} to {}", change.to));
            let response = widgets::link(ui, &words);
            widgets::name(&response, &format!("Row of {}", diagram::name(change)));
            if response.clicked() {
                out.picked = Some(change.entry);
            }
            muted(ui, &display_text(&format!("{}: {}", change.cause, change.mover)));
            let why = widgets::link(ui, "Why?");
            widgets::name(&why, &format!("Why {}?", diagram::name(change)));
            if why.clicked() {
                out.links.push(Link::Why(scene.run.id, Question::Status(Some(change.entry))));
            }
        });
    }
    if known.path.len() > LISTED {
        muted(ui, &format!("and {} more changes, in the list", known.path.len() - LISTED));
    }
}
