//! Two or three runs message by message: each member with its value in each, the changed ones
//! marked, and under it the row of the version table that explains the difference. Opens by
//! itself when one thing has been run on all versions. Keeps which runs and what is shown of
//! them; the comparison is made when one of the runs changes, the places of its lines when the
//! width or what is shown does.

mod lines;
mod paint;

use egui::{Align, Layout, ScrollArea, Sense, Ui, UiBuilder, vec2};
use egui_material_icons::icons as i;

use self::lines::Lines;
use super::beside;
use crate::model::run::{Revision, Run};
use crate::model::versions::{Comparison, Sieve};
use crate::model::{RunId, Workspace};
use crate::ui::inspector::compare::job::Job;
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, Look, Size, display_text};

/// Most runs side by side: so many versions are in use.
const MOST: usize = 3;
/// Height of the tools, points.
const TOOLS: f32 = 34.0;
/// Height of the runs' heads, points.
const HEAD: f32 = 34.0;
/// Drawn above and below what is seen, points, so that the keyboard finds the next line.
const BEYOND: f32 = 60.0;
/// Under this width, points, the tools' words are short.
const ROOM_FOR_WORDS: f32 = 720.0;

/// Which runs, and what was made of them.
#[derive(Debug, Default)]
pub struct State {
    open: Vec<RunId>,
    /// The newest series that has opened by itself.
    told: u64,
    sieve: Sieve,
    job: Option<(Vec<Revision>, Job<Comparison>)>,
    /// What is shown until the newer one is made.
    before: Option<Job<Comparison>>,
    /// Comparisons that were asked for.
    made: u64,
    lines: Lines,
}

/// The runs of the newest series, as an item of a menu, if there is something to compare.
pub fn offer(workspace: &Workspace) -> Option<(String, Vec<RunId>)> {
    let series = workspace.series.as_ref()?;
    let runs: Vec<RunId> = series.runs().filter(|run| workspace.runs.contains_key(run)).collect();
    (runs.len() > 1).then(|| (display_text(&format!("Versions of {}", series.name)), runs))
}

impl State {
    /// Shows these runs side by side.
    pub fn show(&mut self, runs: Vec<RunId>) {
        self.open = runs;
        self.open.truncate(MOST);
    }

    /// Opens by itself when the runs of a series are over.
    pub fn follow(&mut self, workspace: &Workspace) {
        let Some(series) = workspace.series.as_ref().filter(|series| series.number > self.told) else { return };
        if series.is_over(workspace) {
            self.told = series.number;
            let runs: Vec<RunId> = series.runs().collect();
            if runs.len() > 1 {
                self.show(runs);
            }
        }
    }

    /// The runs that are shown, as long as the timeline shows one of them.
    pub fn open<'a>(&self, shown: RunId, workspace: &'a Workspace) -> Option<Vec<&'a Run>> {
        let runs: Vec<&Run> = self.open.iter().filter_map(|id| workspace.runs.get(id)).collect();
        (runs.len() > 1 && self.open.contains(&shown)).then_some(runs)
    }

    /// Draws them.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        (workspace, runs): (&Workspace, &[&Run]),
        selected: Option<(RunId, usize)>,
        links: &mut Vec<Link>,
    ) {
        let of: Vec<Revision> = runs.iter().map(|run| run.revision()).collect();
        if self.job.as_ref().is_none_or(|(made_of, _)| *made_of != of) {
            let older = self.job.replace((of, Job::versions(ui.ctx(), runs)));
            self.before = older.map(|(_, job)| job).filter(Job::is_done);
            self.made += 1;
        }
        let (mut job, mut before) = (self.job.take(), self.before.take());
        let newest = job.as_mut().and_then(|(_, job)| job.get());
        let is_newest = newest.is_some();
        let shown = match newest {
            Some(newest) => Some(newest),
            None => before.as_mut().and_then(Job::get),
        };
        ui.spacing_mut().item_spacing.y = 0.0;
        match shown.filter(|shown| shown.columns.len() == runs.len()) {
            None => {
                ui.horizontal(|ui| {
                    ui.add_space(theme::PADDING);
                    ui.spinner();
                    widgets::muted(ui, "Comparing…");
                });
            }
            Some(shown) => self.comparison_ui(ui, workspace, (shown, is_newest), selected, links),
        }
        self.job = job;
        self.before = if is_newest { None } else { before };
    }

    fn comparison_ui(
        &mut self,
        ui: &mut Ui,
        workspace: &Workspace,
        (shown, is_newest): (&Comparison, bool),
        selected: Option<(RunId, usize)>,
        links: &mut Vec<Link>,
    ) {
        self.tools_ui(ui, workspace, shown);
        self.sieve_ui(ui, shown);
        heads_ui(ui, workspace, shown);
        let made = if is_newest { self.made } else { self.made.saturating_sub(1) };
        self.lines.lay(ui, shown, (made, self.sieve));
        if self.lines.is_empty() {
            let words = "Nothing differs but ids, times and keys";
            widgets::empty_ui(ui, words, "Untick the filters to see every member", |_| ());
            return;
        }
        let runs: Vec<u64> = shown.columns.iter().map(|column| column.run.0).collect();
        let height = self.lines.height();
        ScrollArea::vertical().id_salt(("versions", runs)).auto_shrink(false).show_viewport(ui, |ui, seen| {
            ui.set_height(height);
            let top = ui.max_rect().top();
            for line in self.lines.within(seen.top() - BEYOND, seen.bottom() + BEYOND) {
                let place = egui::Rect::from_x_y_ranges(ui.max_rect().x_range(), top + line.top..=top + line.bottom);
                paint::line_ui(ui, place, shown, line, selected, links);
            }
        });
    }

    fn tools_ui(&mut self, ui: &mut Ui, workspace: &Workspace, shown: &Comparison) {
        strip(ui, |ui| {
            let short = ui.available_width() < ROOM_FOR_WORDS;
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let close = i::ICON_CLOSE.outlined();
                let close = widgets::button(ui, Look::Ghost, Size::Small, Some(close), "Close", None);
                if close.on_hover_text("Back to one session").clicked() {
                    self.open.clear();
                }
                self.copy_ui(ui, workspace, shown);
                self.add_ui(ui, workspace);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.set_clip_rect(ui.max_rect().intersect(ui.clip_rect()));
                    let name = name_of(workspace, shown);
                    let title = if short { name.clone() } else { format!("Versions: {name}") };
                    widgets::emphasis(ui, &cut(ui, &title)).on_hover_text(name);
                });
            });
        });
        widgets::hline(ui);
    }

    fn copy_ui(&self, ui: &mut Ui, workspace: &Workspace, shown: &Comparison) {
        let button = widgets::icon_button(ui, i::ICON_CONTENT_COPY.outlined(), "Copy the comparison");
        egui::Popup::menu(&button).show(|ui| {
            let name = name_of(workspace, shown);
            if ui.button("Copy as Markdown").on_hover_text("A table for each message, as shown here").clicked() {
                widgets::copy(ui, "comparison", &shown.markdown(&name, self.sieve));
            }
            if ui.button("Copy as text").on_hover_text("Plain lines, as shown here").clicked() {
                widgets::copy(ui, "comparison", &shown.plain(&name, self.sieve));
            }
        });
    }

    /// One more run, where there is room for one.
    fn add_ui(&mut self, ui: &mut Ui, workspace: &Workspace) {
        let others = || workspace.runs.values().enumerate().rev().filter(|(_, run)| !self.open.contains(&run.id));
        if self.open.len() >= MOST || others().next().is_none() {
            return;
        }
        let mut more = None;
        let button = widgets::icon_button(ui, i::ICON_ADD.outlined(), "One more session");
        egui::Popup::menu(&button).show(|ui| {
            ui.set_min_width(260.0);
            for (number, run) in others() {
                if ui.button(beside::name(number, run)).clicked() {
                    more = Some(run.id);
                }
            }
        });
        self.open.extend(more);
    }

    fn sieve_ui(&mut self, ui: &mut Ui, shown: &Comparison) {
        strip(ui, |ui| {
            ui.checkbox(&mut self.sieve.differs, "Only what differs");
            let tip = "What is new with every session says nothing of the versions";
            ui.checkbox(&mut self.sieve.lasting, "Without ids, times and keys").on_hover_text(tip);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| widgets::muted(ui, &counted(shown)));
        });
        widgets::hline(ui);
    }
}

/// `12 members differ`, `12 members differ, 1 message lacking`.
fn counted(shown: &Comparison) -> String {
    let (members, lacking) = shown.counts();
    let members = match members {
        0 => "no member differs".to_owned(),
        1 => "1 member differs".to_owned(),
        many => format!("{many} members differ"),
    };
    match lacking {
        0 => members,
        1 => format!("{members}, 1 message lacking"),
        many => format!("{members}, {many} messages lacking"),
    }
}

/// What was run: the series, or the sessions by their places.
fn name_of(workspace: &Workspace, shown: &Comparison) -> String {
    let runs: Vec<RunId> = shown.columns.iter().map(|column| column.run).collect();
    let series = workspace.series.as_ref().filter(|series| series.runs().eq(runs.iter().copied()));
    match series {
        Some(series) => display_text(&series.name),
        None => {
            let numbers: Vec<String> = runs.iter().map(|run| number(workspace, *run).to_string()).collect();
            format!("sessions {}", numbers.join(", "))
        }
    }
}

/// A run's place among all, counted from 1.
fn number(workspace: &Workspace, run: RunId) -> usize {
    workspace.runs.keys().position(|id| *id == run).map_or(0, |place| place + 1)
}

fn heads_ui(ui: &mut Ui, workspace: &Workspace, shown: &Comparison) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEAD), Sense::hover());
    let columns = lines::Columns::of(rect.x_range(), shown.columns.len());
    let field = egui::Rect::from_x_y_ranges(columns.name, rect.y_range());
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(field).layout(layout), |ui| widgets::muted(ui, "Field"));
    for (column, range) in shown.columns.iter().zip(&columns.values) {
        let place = egui::Rect::from_x_y_ranges(*range, rect.y_range());
        ui.scope_builder(UiBuilder::new().max_rect(place).layout(layout), |ui| {
            ui.set_clip_rect(place.intersect(ui.clip_rect()));
            ui.spacing_mut().item_spacing.x = 6.0;
            let session = format!("Session {}", number(workspace, column.run));
            widgets::emphasis(ui, &display_text(&column.word)).on_hover_text(&session);
            let status = crate::model::api::Status::parse(&column.status);
            let tone = Tone::of_status(&status);
            let pill = widgets::line_of(ui, &column.status, theme::words(theme::SMALL), Tokens::of(ui).text);
            if !column.status.is_empty() && pill.size().x + 14.0 <= ui.available_width() {
                widgets::pill_with(ui, tone, None, &display_text(&column.status), 17.0).on_hover_text(session);
            }
        });
    }
    widgets::hline(ui);
}

/// A horizontal strip with the panel's padding.
fn strip(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), TOOLS), Sense::hover());
    let inner = rect.shrink2(vec2(theme::PADDING, 0.0));
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)), add);
}

/// As much of a title as there is room for.
fn cut(ui: &Ui, title: &str) -> String {
    let colour = Tokens::of(ui).text;
    let letter = widgets::line_of(ui, "n", theme::words(theme::BODY), colour).size().x.max(1.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a width in letters
    let room = (ui.available_width() / letter).max(8.0) as usize;
    if title.chars().count() <= room {
        return title.to_owned();
    }
    title.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Stamp;
    use crate::model::draft::{Completion, Draft};
    use crate::model::profile::ProfileId;
    use crate::model::run::Plan;

    fn workspace() -> Workspace {
        let plan = Plan::of(&Draft::new(Completion::NonHosted), ProfileId("embedded".into()));
        let started = Stamp { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::ZERO };
        let runs = [RunId(1), RunId(2), RunId(3)].map(|id| (id, Run::new(id, plan.clone(), started)));
        Workspace { runs: runs.into_iter().collect(), ..Workspace::default() }
    }

    fn draw(ctx: &egui::Context, state: &mut State, workspace: &Workspace) {
        let mut drawn = ctx.run_ui(egui::RawInput::default(), |ui| {
            let runs = state.open(RunId(3), workspace).expect("they are open");
            state.ui(ui, (workspace, &runs), None, &mut Vec::new());
        });
        drawn.textures_delta.clear();
    }

    #[test]
    fn nothing_is_made_again_while_nothing_changes() {
        let ctx = egui::Context::default();
        theme::install(&ctx);
        let (mut state, mut workspace) = (State::default(), workspace());
        state.show(vec![RunId(1), RunId(2), RunId(3)]);
        for _ in 0..10 {
            draw(&ctx, &mut state, &workspace);
        }
        assert_eq!((state.made, state.lines.laid()), (1, 1), "ten frames");
        if let Some(run) = workspace.runs.get_mut(&RunId(2)) {
            let now = Stamp { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::from_millis(5) };
            run.step_noted(crate::model::exchange::Step::Create, "something".into(), now);
        }
        draw(&ctx, &mut state, &workspace);
        draw(&ctx, &mut state, &workspace);
        assert_eq!((state.made, state.lines.laid()), (2, 2), "once for what happened");
        state.sieve.differs = false;
        draw(&ctx, &mut state, &workspace);
        assert_eq!((state.made, state.lines.laid()), (2, 3), "the lines alone");
    }
}
