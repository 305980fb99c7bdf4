//! What a row is, in plain words: who talks to whom and why, what changed in the session,
//! what belongs to it, what comes next. Draws what `model::retell` tells.

use egui::{Align, Layout, RichText, Ui, vec2};

use super::Row;
use super::head::verdict_pill;
use super::tabs::Tab;
use crate::model::RunId;
use crate::model::retell::{self, Change, Related, Told};
use crate::model::run::{Revision, What};
use crate::model::scheme::PhoneKind;
use crate::model::trace::{Part, Question, Spot};
use crate::ui::link::Link;
use crate::ui::phone;
use crate::ui::theme::{self, Tokens};
use crate::ui::timeline::rows::severity_tone;
use crate::ui::widgets::{self, display_text, muted};

/// Width of the words before a line, points.
const LABEL: f32 = 96.0;
/// Characters of a changed value that are shown.
const VALUE: usize = 80;

/// View state of the page: what is told, until row or run change.
#[derive(Debug, Default)]
pub(super) struct State {
    told: Option<((RunId, Revision, usize), Told)>,
}

impl State {
    /// Draws the page. Returns the tab to go to, if somebody asked for one.
    pub fn ui(&mut self, ui: &mut Ui, row: &Row<'_>, links: &mut Vec<Link>) -> Option<Tab> {
        let key = (row.run.id, row.run.revision(), row.entry.number);
        if self.told.as_ref().is_none_or(|(held, _)| *held != key) {
            self.told = Some((key, retell::told(row.run, row.entry)));
        }
        let (_, told) = self.told.as_ref()?;
        ui.spacing_mut().item_spacing.y = 8.0;
        sentence_ui(ui, row, told);
        own_ui(ui, row);
        lanes_ui(ui, row);
        line_ui(ui, "Why", told.why);
        if let Some(changes) = &told.changes {
            changes_ui(ui, row, changes, told.views.0.is_some(), links);
        }
        line_ui(ui, "Next", &told.next);
        let go = findings_ui(ui, row);
        related_ui(ui, row, told, links);
        moments_ui(ui, row);
        go
    }
}

fn sentence_ui(ui: &mut Ui, row: &Row<'_>, told: &Told) {
    let tokens = Tokens::of(ui);
    if let What::Delivery(delivery) = &row.entry.what {
        let (tone, word) = verdict_pill(&delivery.verdict);
        widgets::pill_with(ui, tone, None, word, 17.0);
    }
    let font = theme::words(theme::SENTENCE);
    let text = RichText::new(display_text(&told.sentence)).font(font).color(tokens.text);
    ui.add(egui::Label::new(text).wrap());
}

/// What only this kind of row has.
fn own_ui(ui: &mut Ui, row: &Row<'_>) {
    match &row.entry.what {
        What::Phone(message) => {
            let shown = phone::Message {
                sender: &message.sender,
                text: &message.text,
                code: &message.code,
                push: message.kind == PhoneKind::Push,
                decided: None,
                over: Some("Decide in the phone panel: Sandbox, Phone"),
            };
            phone::ui(ui, &shown);
        }
        What::Failed(_, problem) => widgets::problem_ui(ui, problem),
        _ => (),
    }
}

/// A name in a column, and what belongs to it beside it.
fn labelled(ui: &mut Ui, label: &str, add: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.allocate_ui_with_layout(vec2(LABEL, 20.0), Layout::left_to_right(Align::Min), |ui| {
            ui.set_min_width(LABEL);
            muted(ui, label);
        });
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            add(ui);
        });
    });
}

fn line_ui(ui: &mut Ui, label: &str, words: &str) {
    if words.is_empty() {
        return;
    }
    let colour = Tokens::of(ui).text_second;
    labelled(ui, label, |ui| {
        ui.add(egui::Label::new(RichText::new(display_text(words)).color(colour)).wrap());
    });
}

fn lanes_ui(ui: &mut Ui, row: &Row<'_>) {
    let (from, to) = (row.entry.from, row.entry.to);
    labelled(ui, "Who", |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            widgets::lane_badge(ui, from);
            ui.label(RichText::new(from.name()).color(Tokens::of(ui).text_second));
            if to != from {
                muted(ui, "to");
                widgets::lane_badge(ui, to);
                ui.label(RichText::new(to.name()).color(Tokens::of(ui).text_second));
            }
        });
    });
}

fn changes_ui(ui: &mut Ui, row: &Row<'_>, changes: &[Change], before: bool, links: &mut Vec<Link>) {
    labelled(ui, "Changed", |ui| {
        let words = match (before, changes.is_empty()) {
            (false, _) => "Everything: the first view of this session",
            (true, true) => "Nothing: the session is as it was in the view before",
            (true, false) => "",
        };
        if !words.is_empty() {
            muted(ui, words);
        }
        for change in changes {
            change_ui(ui, row, change, links);
        }
    });
}

fn change_ui(ui: &mut Ui, row: &Row<'_>, change: &Change, links: &mut Vec<Link>) {
    let tokens = Tokens::of(ui);
    let short = |text: &str| {
        let cut: String = text.chars().take(VALUE).collect();
        let more = if cut.len() < text.len() { "…" } else { "" };
        display_text(&format!("{cut}{more}"))
    };
    let code = |text: String, colour| RichText::new(text).font(theme::code(theme::SMALL)).color(colour);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let name = change.path.strip_prefix("$.").unwrap_or(&change.path);
        if change.after.is_some() {
            if widgets::link(ui, &display_text(name)).clicked() {
                let spot = Spot { entry: row.entry.number, part: Part::Response, path: Some(change.path.clone()) };
                links.push(Link::Spot(row.run.id, spot));
            }
        } else {
            ui.label(code(display_text(name), tokens.text_second));
        }
        match (&change.before, &change.after) {
            (Some(before), Some(after)) => {
                ui.label(code(short(before), tokens.muted));
                muted(ui, "→");
                ui.add(egui::Label::new(code(short(after), tokens.text)).wrap());
            }
            (None, Some(after)) => {
                muted(ui, "new");
                ui.add(egui::Label::new(code(short(after), tokens.text)).wrap());
            }
            (Some(before), None) => {
                muted(ui, "gone, was");
                ui.label(code(short(before), tokens.muted));
            }
            (None, None) => (),
        }
    });
}

/// The findings in one line. Returns their tab if it was asked for.
fn findings_ui(ui: &mut Ui, row: &Row<'_>) -> Option<Tab> {
    let heaviest = row.findings.first()?;
    let mut go = None;
    labelled(ui, "Findings", |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let (tone, sign) = severity_tone(heaviest.severity);
            let ink = Tokens::of(ui).tone(tone).ink;
            widgets::icon(ui, sign.0, 16.0, ink);
            ui.label(RichText::new(heaviest.rule).font(theme::code(theme::CODE)).color(ink));
            let title = RichText::new(display_text(&heaviest.title)).color(Tokens::of(ui).text_second);
            ui.add(egui::Label::new(title).wrap());
            let words = match row.findings.len() {
                1 => "Show it".to_owned(),
                count => format!("Show all {count}"),
            };
            if widgets::link(ui, &words).clicked() {
                go = Some(Tab::Findings);
            }
        });
    });
    go
}

fn related_ui(ui: &mut Ui, row: &Row<'_>, told: &Told, links: &mut Vec<Link>) {
    let mut follow = |ui: &mut Ui, words: &str, related: &Related| {
        if widgets::link(ui, &display_text(words)).clicked() {
            links.push(Link::Spot(row.run.id, related.spot.clone()));
        }
    };
    let wrapped = |ui: &mut Ui, add: &mut dyn FnMut(&mut Ui)| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 10.0;
            add(ui);
        });
    };
    if let Some(cause) = &told.cause {
        labelled(ui, "Because of", |ui| follow(ui, &cause.words, cause));
    }
    if !told.caused.is_empty() {
        labelled(ui, "It caused", |ui| {
            wrapped(ui, &mut |ui| told.caused.iter().for_each(|related| follow(ui, &related.words, related)));
        });
    }
    if told.changes.is_some() && (told.views.0.is_some() || told.views.1.is_some()) {
        labelled(ui, "Session", |ui| {
            wrapped(ui, &mut |ui| {
                for (words, view) in [("View before", &told.views.0), ("View after", &told.views.1)] {
                    if let Some(view) = view {
                        follow(ui, words, view);
                    }
                }
            });
        });
    }
    if let Some(status) = &row.entry.status {
        labelled(ui, "Status", |ui| {
            wrapped(ui, &mut |ui| {
                widgets::small_status_pill(ui, status);
                if widgets::link(ui, "Why?").clicked() {
                    links.push(Link::Why(row.run.id, Question::Status(Some(row.entry.number))));
                }
            });
        });
    }
}

/// When, for rows that have no page about time.
fn moments_ui(ui: &mut Ui, row: &Row<'_>) {
    if matches!(row.entry.what, What::Exchange(_)) {
        return;
    }
    let at = row.entry.at.since(row.run.started).as_secs_f64();
    let took = match row.entry.took {
        None => ", goes on".to_owned(),
        Some(took) if took.is_zero() => String::new(),
        Some(took) => format!(", took {:.3} s", took.as_secs_f64()),
    };
    line_ui(ui, "When", &format!("{at:.3} s after the run began{took}"));
}
