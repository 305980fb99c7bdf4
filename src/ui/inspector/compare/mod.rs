//! Two payloads or two sessions, and what differs. Draws what `model::diff` says; keeps what
//! was compared until it changes, and which changes are shown.

pub(in crate::ui) mod job;
mod list;
mod menu;
mod rows;
mod sessions;

use egui::{Align, Layout, RichText, Ui, vec2};
use egui_material_icons::icons as i;
use serde::{Deserialize, Serialize};

pub(super) use self::menu::menu_ui;

use self::job::{Job, Payloads};
use self::rows::Rows;
use self::sessions::Inside;
use crate::model::diff::sessions as model;
use crate::model::run::Run;
use crate::model::trace::{Part, Spot, Subject};
use crate::model::{RunId, Workspace};
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{self, display_text};

/// What of a comparison is shown; kept from one to the next and between starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    /// Also changes that are only ids and times.
    pub volatile: bool,
    /// Also what is equal.
    pub all: bool,
}

/// View state of a comparison.
#[derive(Debug, Default)]
pub(super) struct State {
    payloads: Option<Shown>,
    sessions: Option<(sessions::Key, Job<model::Sessions>)>,
    /// What was shown before something happened in one of the two runs, until that is compared.
    before: Option<((RunId, RunId), Job<model::Sessions>)>,
    /// A pair out of two sessions, laid over their list.
    inside: Option<(sessions::Key, Inside)>,
}

/// Two payloads that are compared, and their rows.
#[derive(Debug)]
struct Shown {
    pair: Payloads,
    job: Job<crate::model::diff::Diff>,
    rows: Rows,
}

/// One side in plain words, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub words: String,
    pub place: Option<(RunId, Spot)>,
}

impl State {
    /// Draws the comparison; links that were followed go into `links`.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        workspace: &Workspace,
        pair: (&Subject, &Subject),
        choice: &mut Choice,
        links: &mut Vec<Link>,
    ) {
        let run = |subject: &Subject| match subject {
            Subject::Payload(run, _) | Subject::Session(run) => workspace.runs.get(run),
        };
        let (Some(left), Some(right)) = (run(pair.0), run(pair.1)) else {
            return super::padded(ui, |ui| {
                widgets::muted_lines(ui, "One of the two runs is no longer there");
            });
        };
        match pair {
            (Subject::Payload(_, one), Subject::Payload(_, other)) => {
                self.payloads_ui(ui, [(left, one), (right, other)], choice, links);
            }
            (Subject::Session(_), Subject::Session(_)) => self.sessions_ui(ui, (left, right), choice, links),
            _ => super::padded(ui, |ui| {
                widgets::muted_lines(ui, "A payload and a whole session cannot be compared");
            }),
        }
    }

    fn payloads_ui(
        &mut self,
        ui: &mut Ui,
        [(left, one), (right, other)]: [(&Run, &Spot); 2],
        choice: &mut Choice,
        links: &mut Vec<Link>,
    ) {
        let names = [named(left, one), named(right, other)];
        if sides_ui(ui, &names, links) {
            let subject = |run: &Run, spot: &Spot| Subject::Payload(run.id, spot.clone());
            links.push(Link::Compare(subject(right, other), subject(left, one)));
        }
        let (Some(one), Some(other)) = (model::at(left, one), model::at(right, other)) else {
            return super::padded(ui, |ui| {
                widgets::muted_lines(ui, "One of the two has no body, so there is nothing to compare");
            });
        };
        shown_ui(ui, &mut self.payloads, Payloads { one, other }, &names, choice, links);
    }

    fn sessions_ui(&mut self, ui: &mut Ui, (left, right): (&Run, &Run), choice: &mut Choice, links: &mut Vec<Link>) {
        let key = sessions::key(left, right);
        if let Some((of, inside)) = &mut self.inside
            && of.0 == key.0
        {
            if inside.ui(ui, choice, links) {
                self.inside = None;
            }
            return;
        }
        let names = [left, right].map(|run| Named { words: run_words(run), place: None });
        if sides_ui(ui, &names, links) {
            links.push(Link::Compare(Subject::Session(right.id), Subject::Session(left.id)));
        }
        if self.sessions.as_ref().is_none_or(|(of, _)| *of != key) {
            let new = Some((key, Job::sessions(ui.ctx(), left, right)));
            let old = std::mem::replace(&mut self.sessions, new);
            self.before = old.map(|(of, job)| (of.0, job)).filter(|(of, job)| *of == key.0 && job.is_done());
        }
        let Some((_, job)) = &mut self.sessions else { return };
        let before = self.before.as_mut().filter(|(of, _)| *of == key.0);
        match job.get().or_else(|| before.and_then(|(_, job)| job.get())) {
            Some(found) => {
                if let Some(inside) = sessions::ui(ui, found, (left, right), links) {
                    self.inside = Some((key, inside));
                }
            }
            None => waiting_ui(ui),
        }
    }
}

/// The rows of two payloads, compared anew if they are others than before.
fn shown_ui(
    ui: &mut Ui,
    shown: &mut Option<Shown>,
    pair: Payloads,
    names: &[Named; 2],
    choice: &mut Choice,
    links: &mut Vec<Link>,
) {
    if shown.as_ref().is_none_or(|shown| !shown.pair.is(&pair)) {
        let job = Job::payloads(ui.ctx(), &pair);
        *shown = Some(Shown { pair, job, rows: Rows::default() });
    }
    let Some(Shown { job, rows, .. }) = shown else { return };
    match job.get() {
        Some(diff) => rows.ui(ui, diff, names, choice, links),
        None => waiting_ui(ui),
    }
}

fn waiting_ui(ui: &mut Ui) {
    super::padded(ui, |ui| {
        ui.horizontal(|ui| {
            ui.add(egui::Spinner::new().size(14.0));
            widgets::muted(ui, "Comparing…");
        });
    });
}

/// Width from which both sides stand in one line, points.
const WIDE: f32 = 700.0;

/// Both sides, each a link to where it stands. True if they are to be swapped.
fn sides_ui(ui: &mut Ui, names: &[Named; 2], links: &mut Vec<Link>) -> bool {
    let mut swap = false;
    let swap_ui = |ui: &mut Ui| widgets::icon_button(ui, i::ICON_SWAP_VERT.outlined(), "Swap the two sides").clicked();
    if ui.available_width() >= WIDE {
        super::strip(ui, 26.0, |ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                swap = swap_ui(ui);
                let half = vec2((ui.available_width() - 8.0) / 2.0, theme::TARGET);
                for at in [1, 0] {
                    let line = Layout::left_to_right(Align::Center);
                    ui.allocate_ui_with_layout(half, line, |ui| {
                        ui.set_min_width(half.x);
                        side_ui(ui, at, &names[at], links);
                    });
                }
            });
        });
    } else {
        for (at, name) in names.iter().enumerate() {
            super::strip(ui, 26.0, |ui| {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if at == 0 {
                        swap = swap_ui(ui);
                    } else {
                        ui.allocate_exact_size(vec2(theme::TARGET, theme::TARGET), egui::Sense::hover());
                    }
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| side_ui(ui, at, name, links));
                });
            });
        }
    }
    widgets::hline(ui);
    swap
}

/// One side: its sign and its words.
fn side_ui(ui: &mut Ui, at: usize, name: &Named, links: &mut Vec<Link>) {
    let tokens = Tokens::of(ui);
    let (sign, which, colour) = match at {
        0 => ("−", "Left", tokens.danger.ink),
        _ => ("+", "Right", tokens.success.ink),
    };
    ui.spacing_mut().item_spacing.x = 8.0;
    widgets::mono(ui, sign, colour).on_hover_text(format!("{which} side"));
    let words = display_text(&name.words);
    let text = RichText::new(&words).font(theme::words(theme::BODY));
    let Some((run, spot)) = &name.place else {
        ui.add(egui::Label::new(text.color(tokens.text)).truncate());
        return;
    };
    let response = ui.add(egui::Label::new(text.color(tokens.accent.ink)).truncate().sense(egui::Sense::click()));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Link, true, format!("{which}: {words}")));
    widgets::focus_ring(ui, response.rect, &response);
    let response = response.on_hover_cursor(egui::CursorIcon::PointingHand);
    if response.on_hover_text(format!("{which} side: {words}. Show its row")).clicked() {
        links.push(Link::Spot(*run, spot.clone()));
    }
}

/// `Run 1 · Create session · response · at 41 ms`.
pub(super) fn named(run: &Run, spot: &Spot) -> Named {
    let place = Some((run.id, spot.clone()));
    let Some(entry) = run.entries.numbered(spot.entry) else {
        return Named { words: format!("Run {} · a row that is gone", run.id.0), place: None };
    };
    let part = match (&entry.what, spot.part) {
        (crate::model::run::What::Exchange(_), Part::Request) => " · request",
        (crate::model::run::What::Exchange(_), Part::Response) => " · response",
        _ => "",
    };
    let at = crate::ui::timeline::rows::short_time(entry.at.since(run.started));
    let path = spot.path.as_deref().map(|path| format!(" · {path}")).unwrap_or_default();
    Named { words: format!("Run {} · {}{part}{path} · at {at}", run.id.0, menu::entry_words(entry)), place }
}

/// `Run 1 · hosted · approved · 15:43:22`.
pub(super) fn run_words(run: &Run) -> String {
    let way = match run.plan.completion {
        crate::model::draft::Completion::Hosted => "hosted",
        crate::model::draft::Completion::NonHosted => "non-hosted",
    };
    let status = run.session().map_or("no session", |session| session.status.word());
    format!("Run {} · {way} · {status} · {}", run.id.0, run.started.wall.strftime("%H:%M:%S"))
}
