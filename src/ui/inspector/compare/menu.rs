//! «Compare with…»: what a row can be compared with, by the words of the other row.

use egui::{Popup, RichText, ScrollArea, Ui};
use egui_material_icons::icons as i;

use crate::model::api::Session;
use crate::model::beside::Kind;
use crate::model::diff::sessions::has;
use crate::model::run::{Entry, Run, What};
use crate::model::trace::{Part, Spot, Subject};
use crate::model::{RunId, Workspace};
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens};
use crate::ui::timeline::rows::{middle_cut, scheme_words, short_path, short_time};
use crate::ui::widgets::{self, display_text};

/// Other runs that are offered, newest first. Our choice.
const RUNS: usize = 8;
/// Other rows of this run that are offered. Our choice.
const ROWS: usize = 200;

/// What a row is, in a few words: `Create session`, `Callback`, `AReq`.
pub(super) fn entry_words(entry: &Entry) -> String {
    match &entry.what {
        What::Exchange(exchange) => exchange.step.name().to_owned(),
        What::Delivery(delivery) => delivery.kind.name().to_owned(),
        What::Scheme(message) => scheme_words(message).0,
        What::Phone(_) => "Message to the phone".into(),
        What::Skipped(step) => format!("Left out: {}", step.name()),
        What::Failed(step, _) => format!("Failed: {}", step.name()),
        What::Wait(step) | What::Paused(step) | What::Noted(step, _) => step.name().to_owned(),
        What::Cancelled => "Stopped".into(),
    }
}

/// The same with what tells it from others: `Create session · POST /sessions · at 18 ms`.
fn row_words(run: &Run, entry: &Entry) -> String {
    let session = run.session_id().map(|id| id.0.as_str());
    let line = match &entry.what {
        What::Exchange(exchange) => {
            Some(format!("{} {}", exchange.request.method, middle_cut(&short_path(exchange.path(), session), 18, 12)))
        }
        _ => None,
    };
    let line = line.map(|line| format!(" · {line}")).unwrap_or_default();
    format!("{}{line} · at {}", entry_words(entry), short_time(entry.at.since(run.started)))
}

fn picked_id() -> egui::Id {
    egui::Id::unique("compare: the row that was picked first")
}

/// The button and its menu. `part` is the body that is looked at; what was chosen as a link.
pub fn menu_ui(ui: &mut Ui, workspace: &Workspace, (run, entry): (&Run, &Entry), part: Part) -> Option<Link> {
    let part = if has(entry, part) { part } else { Part::Request };
    let part = if has(entry, part) { part } else { Part::Response };
    let usable = has(entry, part);
    let button = ui
        .add_enabled_ui(usable, |ui| widgets::icon_button(ui, i::ICON_COMPARE_ARROWS.outlined(), "Compare with…"))
        .inner
        .on_disabled_hover_text("This row has no body to compare");
    if !usable {
        return None;
    }
    let own = Subject::Payload(run.id, Spot { entry: entry.number, part, path: None });
    let mut chosen = None;
    Popup::menu(&button).show(|ui| {
        ui.set_max_width(340.0);
        ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
            chosen = items_ui(ui, workspace, (run, entry), part, &own);
        });
    });
    chosen
}

fn items_ui(
    ui: &mut Ui,
    workspace: &Workspace,
    (run, entry): (&Run, &Entry),
    part: Part,
    own: &Subject,
) -> Option<Link> {
    let mut chosen = None;
    let mut item = |ui: &mut Ui, words: &str, other: Subject, older: bool| {
        if ui.add(egui::Button::new(display_text(words)).truncate()).clicked() {
            // The earlier of the two stands on the left.
            let (left, right) = if older { (other, own.clone()) } else { (own.clone(), other) };
            chosen = Some(Link::Compare(left, right));
        }
    };
    let spot = |entry: &Entry, part| Spot { entry: entry.number, part, path: None };
    let picked = ui.data(|data| data.get_temp::<Subject>(picked_id())).filter(|picked| picked != own);
    if let Some(Subject::Payload(of, place)) = picked
        && let Some(other) = workspace.runs.get(&of)
    {
        let words = super::named(other, &place).words;
        item(ui, &format!("The picked row: {words}"), Subject::Payload(of, place), true);
        ui.separator();
    }
    if let Some(before) = view_before(run, entry).filter(|_| part == Part::Response && is_view(entry)) {
        let words = format!("The view of the session before: {}", row_words(run, before));
        item(ui, &words, Subject::Payload(run.id, spot(before, Part::Response)), true);
    }
    for (id, other) in workspace.runs.iter().rev().filter(|(id, _)| **id != run.id).take(RUNS) {
        if let Some(same) = same_step(run, entry, other).filter(|same| has(same, part)) {
            let words = format!("The same step in run {}: {}", id.0, row_words(other, same));
            item(ui, &words, Subject::Payload(*id, spot(same, part)), *id < run.id);
        }
    }
    heading(ui, "Any other row of this run");
    let others = run.entries.iter().filter(|other| other.number != entry.number || part == Part::Response);
    for other in others.take(ROWS) {
        for other_part in [Part::Request, Part::Response] {
            let itself = other.number == entry.number && other_part == part;
            if itself || !has(other, other_part) {
                continue;
            }
            let which = match (&other.what, other_part) {
                (What::Exchange(_), Part::Request) => ", request",
                (What::Exchange(_), Part::Response) => ", response",
                _ => "",
            };
            let words = format!("{}{which}", row_words(run, other));
            item(ui, &words, Subject::Payload(run.id, spot(other, other_part)), other.at.mono <= entry.at.mono);
        }
    }
    heading(ui, "The whole session");
    let runs: Vec<(RunId, &Run)> = workspace.runs.iter().rev().map(|(id, run)| (*id, run)).collect();
    for (id, other) in runs.into_iter().filter(|(id, _)| *id != run.id).take(RUNS) {
        let words = format!("with {}", super::run_words(other));
        if ui.add(egui::Button::new(display_text(&words)).truncate()).clicked() {
            let (one, two) = if id < run.id { (id, run.id) } else { (run.id, id) };
            chosen = Some(Link::Compare(Subject::Session(one), Subject::Session(two)));
        }
    }
    ui.separator();
    let pick = ui.button("Compare: pick the other row");
    if pick.on_hover_text("Remembers this one; the menu of any other row then offers it first").clicked() {
        ui.data_mut(|data| data.insert_temp(picked_id(), own.clone()));
    }
    chosen
}

fn heading(ui: &mut Ui, words: &str) {
    ui.separator();
    ui.label(RichText::new(words).font(theme::words(theme::SMALL)).color(Tokens::of(ui).muted));
}

fn is_view(entry: &Entry) -> bool {
    matches!(&entry.what, What::Exchange(exchange)
        if exchange.response().is_some_and(|answer| Session::read(&answer.body).is_some()))
}

/// The newest view of the session before a row.
fn view_before<'a>(run: &'a Run, entry: &Entry) -> Option<&'a Entry> {
    let place = run.entries.place(entry.number)?;
    (0..place).rev().filter_map(|at| run.entries.get(at)).find(|entry| is_view(entry))
}

/// The row of another run that is the same step, the so-maniest of its kind.
fn same_step<'a>(run: &Run, entry: &Entry, other: &'a Run) -> Option<&'a Entry> {
    let kind = Kind::of(entry);
    let before = run.entries.iter().take_while(|own| own.number != entry.number);
    let nth = before.filter(|own| Kind::of(own) == kind).count();
    let same = || other.entries.iter().filter(|other| Kind::of(other) == kind);
    same().nth(nth).or_else(|| same().last())
}
