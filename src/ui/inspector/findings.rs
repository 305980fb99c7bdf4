//! What there is to say about the selected row: sign, rule, title, reason, weight in words, the
//! document it follows from, and links to what shows it.

use std::rc::Rc;

use egui::{RichText, Ui};

use super::why;
use crate::model::lint::observed::{Observation, looked};
use crate::model::run::{Run, What};
use crate::model::trace::{Question, Spot};
use crate::model::why::row_name;
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens};
use crate::ui::timeline::found;
use crate::ui::timeline::rows::severity_tone;
use crate::ui::widgets::{self, display_text};

/// Those of a row, as the timeline knows them.
pub(super) fn of(ctx: &egui::Context, run: &Run, number: usize) -> Rc<[Observation]> {
    found(ctx, run).of_row(number).into()
}

/// All of a row's findings as cards; without any, which rules looked. `links` takes what was
/// followed.
pub(super) fn list_ui(ui: &mut Ui, run: &Run, what: &What, findings: &[Observation], links: &mut Vec<Link>) {
    ui.spacing_mut().item_spacing.y = 8.0;
    if findings.is_empty() {
        return nothing_ui(ui, what);
    }
    for one in findings {
        card_ui(ui, run, one, links);
    }
}

fn card_ui(ui: &mut Ui, run: &Run, one: &Observation, links: &mut Vec<Link>) {
    let tokens = Tokens::of(ui);
    let (tone, sign) = severity_tone(one.severity);
    widgets::note(ui, tone, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            widgets::icon(ui, sign.0, 16.0, tokens.tone(tone).ink);
            let rule = RichText::new(one.rule).font(theme::code(theme::CODE)).color(tokens.tone(tone).ink);
            ui.label(rule);
            ui.label(RichText::new(display_text(&one.title)).color(tokens.text));
        });
        let message = RichText::new(display_text(&one.message)).color(tokens.text_second);
        ui.add(egui::Label::new(message).wrap());
        widgets::muted_lines(ui, &format!("{} · {}", one.severity.name(), one.source));
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 14.0;
            why::ask_ui(ui, run, Question::Finding(one.entry, one.rule), one.rule, links);
            if one.spot.path.is_some() {
                show_ui(ui, run, &one.spot, links);
            }
            for held in &one.evidence {
                show_ui(ui, run, &held.spot, links).on_hover_text(held.words);
            }
        });
    });
}

/// «Show …»: the member if it is one, else the row.
fn show_ui(ui: &mut Ui, run: &Run, spot: &Spot, links: &mut Vec<Link>) -> egui::Response {
    let row = run.entries.numbered(spot.entry).map_or_else(|| "row".into(), |entry| row_name(&entry.what));
    let member = spot.path.as_deref().and_then(|path| path.rsplit('.').next()).filter(|member| member.len() <= 30);
    let words = member.map_or_else(|| format!("Show {row}"), |member| format!("Show {member} in {row}"));
    let link = widgets::link(ui, &display_text(&words));
    if link.clicked() {
        links.push(Link::Spot(run.id, spot.clone()));
    }
    link
}

fn nothing_ui(ui: &mut Ui, what: &What) {
    let tokens = Tokens::of(ui);
    ui.label(RichText::new("Nothing to say about this row").color(tokens.text));
    let rules = looked(what);
    let words = match rules.len() {
        0 => "No rule looks at rows of this kind.".to_owned(),
        _ => format!("These rules looked: {}.", rules.join(" ")),
    };
    widgets::muted_lines(ui, &words);
}
