//! The session's state machine with the way this run took, what the session waits for, and
//! what may be called. Draws what `model::states` knows; keeps which state is looked at.

mod below;
mod diagram;
mod plan;

use std::collections::BTreeMap;
use std::time::Duration;

use egui::{ScrollArea, Ui, UiBuilder, vec2};

use self::diagram::Clicked;
use super::Scene;
use crate::bus::Command;
use crate::model::api::{Session, Status};
use crate::model::draft::Severity;
use crate::model::run::Revision;
use crate::model::states::{self, Call, Change, Shape, Standing, Trail};
use crate::ui::link::Link;
use crate::ui::theme;

/// Width from which the words stand beside the diagram.
const BESIDE: f32 = plan::LEAST + 350.0;

/// View state.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The state that explains itself.
    chosen: Option<Status>,
    known: Option<((Revision, Option<Duration>), Known)>,
    trail: Trail,
}

/// What is shown, made anew when run or moment change.
#[derive(Debug, Clone)]
struct Known {
    shape: Shape,
    status: Option<Status>,
    path: Vec<Change>,
    standing: Standing,
    /// `now`, or `then` where the past is looked at.
    when: &'static str,
    calls: Vec<Call>,
    next: Vec<Status>,
    /// By row: the rule that a forbidden change broke.
    rules: BTreeMap<usize, &'static str>,
}

/// What drawing asks for.
#[derive(Debug, Default)]
struct Out {
    picked: Option<usize>,
    links: Vec<Link>,
    commands: Vec<Command>,
}

impl State {
    /// Draws it; the row that was clicked, if any.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        scene: &Scene,
        links: &mut Vec<Link>,
        commands: &mut Vec<Command>,
    ) -> Option<usize> {
        let key = (scene.run.revision(), scene.then.map(|then| then.at));
        let known = match self.known.take() {
            Some((of, known)) if of == key => known,
            _ => {
                self.trail.follow(scene.run);
                Known::of(scene, self.trail.path(scene.run))
            }
        };
        let mut out = Out::default();
        ScrollArea::vertical().id_salt(("states", scene.run.id.0)).auto_shrink([false, false]).show(ui, |ui| {
            ui.set_width(ui.available_width());
            let inner = ui.available_rect_before_wrap().shrink2(vec2(theme::PADDING, 0.0));
            ui.scope_builder(UiBuilder::new().max_rect(inner), |ui| {
                ui.spacing_mut().item_spacing.y = 6.0;
                ui.add_space(4.0);
                self.both_ui(ui, scene, &known, &mut out);
                ui.add_space(12.0);
            });
        });
        self.known = Some((key, known));
        links.append(&mut out.links);
        commands.append(&mut out.commands);
        out.picked
    }

    fn both_ui(&mut self, ui: &mut Ui, scene: &Scene, known: &Known, out: &mut Out) {
        if ui.available_width() < BESIDE {
            self.diagram_ui(ui, scene, known, out);
            self.words_ui(ui, scene, known, out);
            below::path_ui(ui, scene, known, out);
            return;
        }
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 16.0;
            ui.vertical(|ui| {
                ui.set_width(plan::LEAST);
                self.diagram_ui(ui, scene, known, out);
                below::path_ui(ui, scene, known, out);
            });
            ui.vertical(|ui| {
                ui.set_width(ui.available_width());
                self.words_ui(ui, scene, known, out);
            });
        });
    }

    fn diagram_ui(&mut self, ui: &mut Ui, scene: &Scene, known: &Known, out: &mut Out) {
        match diagram::ui(ui, known, self.chosen.as_ref(), scene.selected) {
            Some(Clicked::Change(place)) => out.picked = known.path.get(place).map(|change| change.entry),
            Some(Clicked::Reached(status)) => self.chosen = Some(status),
            Some(Clicked::State(status)) => self.chosen = Some(status).filter(|one| self.chosen.as_ref() != Some(one)),
            None => (),
        }
    }

    fn words_ui(&mut self, ui: &mut Ui, scene: &Scene, known: &Known, out: &mut Out) {
        below::now_ui(ui, scene, known, out);
        below::breaches_ui(ui, scene, known, out);
        if let Some(status) = &self.chosen
            && below::chosen_ui(ui, known, status)
        {
            self.chosen = None;
        }
        below::calls_ui(ui, scene, known, out);
    }
}

impl Known {
    fn of(scene: &Scene, mut path: Vec<Change>) -> Self {
        let run = scene.run;
        let view: Option<&Session> = match scene.then {
            Some(then) => then.session.as_ref(),
            None => run.session(),
        };
        let shape = Shape::seen(run, view);
        let standing = match scene.then {
            Some(then) => {
                path.truncate(then.walked);
                then.standing.clone()
            }
            None => states::standing(run, view, &path, Duration::MAX),
        };
        let broken: Vec<usize> =
            path.iter().filter(|change| change.breach.is_some()).map(|change| change.entry).collect();
        let heaviest = |number: &usize| {
            let row = scene.rows.get(run.entries.place(*number)?)?;
            let fits = |one: &&(Severity, &'static str)| one.0 != Severity::Advice && one.1.starts_with("P0");
            row.findings.iter().find(fits).map(|one| (*number, one.1))
        };
        Self {
            shape,
            status: view.map(|view| view.status.clone()),
            standing,
            when: if scene.then.is_some() { "then" } else { "now" },
            calls: states::calls(view, shape),
            next: states::next(view.map(|view| &view.status), shape),
            rules: broken.iter().filter_map(heaviest).collect(),
            path,
        }
    }

    /// `The bank waits for the shopper, 9:47 left, then expired`.
    fn sentence(&self, scene: &Scene) -> String {
        let until = self.standing.until.as_ref().map(|until| below::time_left(until, scene));
        let time = until.map_or(String::new(), |time| format!(", {time}"));
        let mut words = self.standing.waits.chars();
        let first = words.next().into_iter().flat_map(char::to_uppercase);
        format!("{}{}{time}", first.collect::<String>(), words.as_str())
    }
}

/// `0.284 s`.
fn seconds(at: Duration) -> String {
    format!("{:.3} s", at.as_secs_f64())
}
