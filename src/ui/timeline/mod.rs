//! The live session timeline: head, next action, filters, the table with its waterfall,
//! and below it what asks for attention: your turn, a refusal, the result. Where the shopper is
//! in an app, the simulated device beside its workbench is one more view.
//! Draws the workspace and pushes commands; keeps only what is selected and filtered.

mod beside;
mod device;
mod empty;
mod field;
mod filters;
mod granted;
mod head;
mod lines;
mod next;
mod result;
pub mod rows;
mod scrub;
mod sequence;
mod sieve;
mod states;
mod table;
mod turn;
mod versions;
mod view;
mod watch;
mod waterfall;

use std::sync::Arc;
use std::time::Duration;

use egui::{Frame, Key, Margin, Modifiers, Rect, ScrollArea, Ui, UiBuilder, pos2};
use egui_material_icons::icons as i;

use self::lines::{Lines, Rows};
use crate::bus::Command;
use crate::model::exchange::{Exchange, Step};
use crate::model::moment::Then;
use crate::model::run::{Answer, Phase, Plan, Run, What};
use crate::model::sandbox::SandboxAct;
use crate::model::{RunId, Stamp, Workspace};
use crate::ui::link::Link;
use crate::ui::theme;
use crate::ui::widgets::{self, secondary_button};

pub use self::result::refusal_ui;
pub use self::view::View;
pub use self::watch::found;

/// The panel's own keys, for the list of all keys: cap and what it does.
pub const KEYS: &[(&str, &str)] = &[
    ("V", "List, sequence, states, device"),
    ("/", "Filter the rows"),
    ("M", "Mark the row"),
    ("N", "Note on the row"),
    ("End", "Follow the newest row"),
    ("Home", "First row"),
];

/// What the user wants that only the shell can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Run the draft.
    Run,
    /// Show the test cards.
    PickCard,
    /// Read a body from a file.
    OpenBody,
}

/// What every view draws from.
pub struct Scene<'a> {
    /// The run.
    pub run: &'a Run,
    /// Its rows in words: all of them, in the order they began.
    pub rows: Rows<'a>,
    /// Those that pass the chips and the filter, by their places, in order.
    pub places: &'a [u32],
    /// Another one when other rows pass for another reason than that rows came or changed:
    /// the filter or a chip, or a search has found more.
    pub sifted: u64,
    /// The present moment.
    pub now: Stamp,
    /// Hidden messages are wanted; else they are dimmed or left out.
    pub hidden: bool,
    /// The step that is expected next, if none of its rows is there.
    pub expected: Option<Step>,
    /// The selected row.
    pub selected: Option<usize>,
    /// True if the clock that deadlines go by stands still.
    pub held: bool,
    /// What the user can make that clock do.
    pub switch: Option<SandboxAct>,
    /// The past that is looked at: rows, `now` and all else are as they were then.
    pub then: Option<&'a Then>,
}

impl Scene<'_> {
    /// True if the row at a place passes the chips and the filter.
    pub fn shows(&self, place: usize) -> bool {
        u32::try_from(place).is_ok_and(|place| self.places.binary_search(&place).is_ok())
    }
}

/// View state of the timeline.
#[derive(Debug, Default)]
pub struct Panel {
    /// The row that the inspector shows.
    pub selected: Option<(RunId, usize)>,
    /// Which of the views; a run that lacks it shows the list.
    pub view: View,
    links: Vec<Link>,
    sequence: sequence::State,
    beside: beside::State,
    states: states::State,
    versions: versions::State,
    device: device::State,
    scrub: scrub::State,
    shown: Option<RunId>,
    newest: Option<RunId>,
    lines: Lines,
    chips: sieve::Chips,
    sieve: sieve::Sieve,
    field: field::State,
    table: table::State,
    edit: Option<turn::Edit>,
    intent: Option<Intent>,
    /// The form as it stood when the turn of the newest run began, or as it was sent since.
    form: Option<(RunId, Duration, Plan)>,
    /// Height of what is below the table, as it came out last.
    below: f32,
}

/// What a drawn view keeps of the room where something below it asks for attention: the
/// states are whole then at 1280×800.
const DRAWN: f32 = 0.62;
/// Under this height, points, below the head the bar of the next action gives way: at 200 % in
/// a window of 1280×800 with the inspector open.
const LOW: f32 = 160.0;

impl Panel {
    /// The panel as it was left.
    pub fn new(view: View) -> Self {
        Self { view, ..Self::default() }
    }

    /// What the user asked the shell for since the last call.
    pub fn take_intent(&mut self) -> Option<Intent> {
        self.intent.take()
    }

    /// What was followed since the last call.
    pub fn take_links(&mut self) -> Vec<Link> {
        std::mem::take(&mut self.links)
    }

    /// The run that is shown: the newest, until another one is picked.
    pub fn shown(&self) -> Option<RunId> {
        self.shown
    }

    /// How many rows are shown of how many, as of the last frame.
    pub fn counts(&self) -> (usize, usize) {
        (self.sieve.places().len(), self.lines.rows().len())
    }

    /// Shows this run, until a newer one begins.
    pub fn show_run(&mut self, run: RunId, workspace: &Workspace) {
        self.newest = workspace.newest_run().map(|run| run.id);
        self.show(Some(run));
    }

    /// Draws the panel. `now` is the present moment.
    pub fn ui(&mut self, ui: &mut Ui, workspace: &Workspace, now: Stamp, commands: &mut Vec<Command>) {
        self.follow(workspace);
        ui.spacing_mut().item_spacing.y = 0.0;
        let Some(run) = self.shown.and_then(|shown| workspace.runs.get(&shown)) else {
            head::empty_head_ui(ui);
            if let Some(intent) = empty::ui(ui) {
                self.intent = Some(intent);
            }
            return;
        };
        let then = self.scrub.take(run);
        self.head_ui(ui, workspace, run, now, then.as_ref());
        match &then {
            None if ui.available_height() < LOW => (), // rows come first
            None => next::next_action_ui(ui, run, now, commands),
            Some(then) if scrub::past_ui(ui, then) => self.scrub.release(),
            Some(_) => (),
        }
        self.keys(ui, run);
        let found = watch::found(ui.ctx(), run);
        let found_anew = !Arc::ptr_eq(&found, self.lines.found());
        let keep = self.lines.follow(run, found);
        if self.lines.is_partial() {
            ui.ctx().request_repaint();
        }
        let hidden = !workspace.settings.hidden_messages;
        let chips = sieve::Chips { hidden, ..self.chips };
        self.sieve.follow(ui.ctx(), run, &self.lines, (keep, found_anew), chips);
        if !self.on_device(run, workspace) {
            self.filters_ui(ui, workspace, run, commands);
        }
        if self.sieve.is_asked_anew() || self.chips != (sieve::Chips { hidden: self.chips.hidden, ..chips }) {
            let (kept, chips) = (self.lines.rows().len(), sieve::Chips { hidden, ..self.chips });
            self.sieve.follow(ui.ctx(), run, &self.lines, (kept, false), chips);
            ui.ctx().request_repaint(); // the count above is that of before
        }
        self.scrub.ui(ui, run, self.lines.rows(), then.as_ref(), &mut self.links);
        let were = then.as_ref().map(|then| scrub::back(&mut self.lines, then));
        self.body_ui(ui, workspace, run, (now, then.as_ref()), commands);
        scrub::forward(&mut self.lines, were.unwrap_or_default());
        self.scrub.keep(run, then);
        wake(ui, workspace, run, now);
    }

    /// Shows or hides the strip of moments.
    pub fn toggle_moments(&mut self) {
        self.scrub.toggle();
    }

    /// The newest run, while it waits with a request that is made from the form, is told when
    /// the form changes: what is mended there is what goes out next.
    pub fn follow_form(&mut self, workspace: &Workspace, form: impl FnOnce() -> Plan, commands: &mut Vec<Command>) {
        let made_from_form = |step| matches!(step, Step::Create | Step::Collect | Step::Fingerprint | Step::Authorise);
        let waiting = workspace.newest_run().and_then(|run| match &run.phase {
            Phase::Waiting(turn) if made_from_form(turn.request.step) => Some((run, turn.since.mono)),
            _ => None,
        });
        let Some((run, since)) = waiting else {
            self.form = None;
            return;
        };
        let form = form();
        if (form.completion, &form.profile) != (run.plan.completion, &run.plan.profile) {
            return; // the form is for something else now
        }
        match &mut self.form {
            Some((id, at, before)) if (*id, *at) == (run.id, since) => {
                if !before.writes_like(&form) {
                    *before = form.clone();
                    commands.push(Command::Replan(run.id, Box::new(form)));
                }
            }
            known => *known = Some((run.id, since, form)),
        }
    }

    /// A new run takes the place of the one shown; a removed one gives it back.
    fn follow(&mut self, workspace: &Workspace) {
        self.versions.follow(workspace);
        let newest = workspace.newest_run().map(|run| run.id);
        let gone = self.shown.is_none_or(|shown| !workspace.runs.contains_key(&shown));
        if newest != self.newest || gone {
            self.show(newest);
        }
        self.newest = newest;
    }

    fn show(&mut self, run: Option<RunId>) {
        if self.shown != run {
            (self.shown, self.table) = (run, table::State::default());
            self.selected = self.selected.filter(|(of, _)| Some(*of) == run);
        }
    }

    /// True if Esc means nothing: on the device it must not stop the run by accident.
    pub fn holds_escape(&self, workspace: &Workspace) -> bool {
        let run = self.shown.and_then(|shown| workspace.runs.get(&shown)).filter(|run| run.is_open());
        run.is_some_and(|run| self.on_device(run, workspace) && !device::is_unopened(run.device.as_deref()))
    }

    /// True if the shopper's device is what is drawn, and no comparison lies over it.
    fn on_device(&self, run: &Run, workspace: &Workspace) -> bool {
        let compared = self.beside.open(run.id, workspace).is_some() || self.versions.open(run.id, workspace).is_some();
        self.view.of(run) == View::Device && !compared
    }

    /// Keys of the panel as a whole; dead while somebody types.
    fn keys(&mut self, ui: &Ui, run: &Run) {
        if ui.ctx().text_edit_focused() || egui::Popup::is_any_open(ui.ctx()) {
            return;
        }
        let rows = self.view.of(run) != View::Device;
        let (next, search) = ui.input_mut(|input| {
            let search = rows
                && (input.consume_key(Modifiers::COMMAND, Key::F) || input.consume_key(Modifiers::NONE, Key::Slash));
            (input.consume_key(Modifiers::NONE, Key::V), search)
        });
        if next {
            self.view = self.view.next(run);
        }
        if search {
            self.field.take_keyboard();
        }
    }

    #[allow(clippy::cast_precision_loss)] // rows of one session
    fn body_ui(
        &mut self,
        ui: &mut Ui,
        workspace: &Workspace,
        run: &Run,
        (now, then): (Stamp, Option<&Then>),
        commands: &mut Vec<Command>,
    ) {
        let ghost = expected(run).filter(|_| then.is_none());
        let room = ui.available_rect_before_wrap();
        if let Some(runs) = self.beside.take_messages() {
            self.versions.show(runs);
        }
        if then.is_none() && self.versions_ui(ui, workspace, run, now, commands) {
            return;
        }
        let two = self.beside.open(run.id, workspace);
        let count = self.sieve.places().len() + usize::from(ghost.is_some());
        let view = self.view.of(run);
        // While a bank asks by itself rows keep coming: its card stays where it is.
        let pinned = then.is_none() && asks_by_itself(run);
        let wanted = match view {
            View::List if two.is_none() && !pinned => table::HEAD + count as f32 * theme::TIMELINE_ROW + 4.0,
            _ => room.height(),
        };
        let (upper, lower) = self.split(room, wanted, view);
        ui.scope_builder(UiBuilder::new().max_rect(lower), |ui| match then {
            None => self.below_ui(ui, workspace, run, now, commands),
            Some(_) => self.below = 0.0, // nothing can be done in the past
        });
        let picked = ui.scope_builder(UiBuilder::new().max_rect(upper), |ui| {
            ui.set_clip_rect(upper.intersect(ui.clip_rect()));
            if let Some(two) = two {
                self.beside.ui(ui, (workspace, two), self.selected, &mut self.links);
                return None;
            }
            if view == View::Device {
                self.device_ui(ui, workspace, run, (now, then), commands);
                return None;
            }
            self.view_ui(ui, workspace, run, (now, then, ghost), commands)
        });
        if self.table.following && then.is_none() {
            self.sieve.seen(run);
        }
        if let Some(number) = picked.inner {
            let chosen = Some((run.id, number));
            self.selected = chosen.filter(|_| self.selected != chosen);
        }
        ui.advance_cursor_after_rect(room);
    }

    /// The runs of a series side by side; false if they are not what is looked at.
    fn versions_ui(
        &mut self,
        ui: &mut Ui,
        workspace: &Workspace,
        run: &Run,
        now: Stamp,
        commands: &mut Vec<Command>,
    ) -> bool {
        let Some(runs) = self.versions.open(run.id, workspace) else { return false };
        let room = ui.available_rect_before_wrap();
        let waits = matches!(run.phase, Phase::Waiting(_));
        let upper = if waits { self.split(room, room.height(), View::Sequence).0 } else { room };
        let lower = Rect::from_min_max(pos2(room.left(), upper.bottom()), room.max);
        if waits {
            let below = UiBuilder::new().max_rect(lower);
            ui.scope_builder(below, |ui| self.below_ui(ui, workspace, run, now, commands));
        }
        ui.scope_builder(UiBuilder::new().max_rect(upper), |ui| {
            ui.set_clip_rect(upper.intersect(ui.clip_rect()));
            self.versions.ui(ui, (workspace, &runs), self.selected, &mut self.links);
        });
        ui.advance_cursor_after_rect(room);
        true
    }

    fn device_ui(
        &mut self,
        ui: &mut Ui,
        workspace: &Workspace,
        run: &Run,
        (now, then): (Stamp, Option<&Then>),
        commands: &mut Vec<Command>,
    ) {
        let (held, sandbox) = (clock_held(workspace, run), &workspace.sandbox);
        let stage = device::Stage { run, sandbox, now: present(workspace, run, now), held, past: then.is_some() };
        if self.device.ui(ui, &stage, commands) == Some(device::Go::List) {
            self.view = View::List;
        }
    }

    /// Draws the view that is wanted; the row that was clicked, if any.
    fn view_ui(
        &mut self,
        ui: &mut Ui,
        workspace: &Workspace,
        run: &Run,
        (now, then, ghost): (Stamp, Option<&Then>, Option<Step>),
        commands: &mut Vec<Command>,
    ) -> Option<usize> {
        let now = match then {
            Some(then) => Stamp { mono: run.started.mono + then.at, ..now },
            None => present(workspace, run, now),
        };
        let clock = now.since(run.started);
        let (mut rows, mut places) = (self.lines.rows(), self.sieve.places());
        if let Some(then) = then {
            rows = rows.upto(then.begun);
            let begun = places.partition_point(|place| (*place as usize) < then.begun);
            places = places.get(..begun).unwrap_or_default();
        }
        let selected = self.selected.filter(|(id, _)| *id == run.id).map(|(_, number)| number);
        let view = self.view.of(run);
        if view == View::List {
            let end = if run.is_open() && then.is_none() { clock } else { run.length() };
            let (news, now) = (self.sieve.news(), (then.is_some() || run.is_open()).then_some(clock));
            let shown = table::Shown { run, rows, places, news, now, clock, end, ghost, selected };
            return self.table.ui(ui, &shown, &mut self.links, commands);
        }
        let scene = Scene {
            run,
            rows,
            places,
            sifted: self.sieve.sifted(),
            now,
            hidden: workspace.settings.hidden_messages,
            expected: ghost,
            selected,
            held: clock_held(workspace, run),
            switch: clock_switch(workspace, run),
            then,
        };
        match view {
            View::States => self.states.ui(ui, &scene, &mut self.links, commands),
            _ => self.sequence.ui(ui, &scene, &mut self.links, commands),
        }
    }

    /// The table gets what its rows need, what is below it its own height; when both do
    /// not fit, the table keeps six rows, three in a low window.
    fn split(&self, room: Rect, wanted: f32, view: View) -> (Rect, Rect) {
        let kept = if room.height() < 460.0 { 3.0 } else { 6.0 };
        let least = match view {
            View::List => wanted.min(table::HEAD + kept * theme::TIMELINE_ROW),
            View::Sequence | View::States | View::Device => room.height() * DRAWN,
        };
        let height = if self.below <= 0.0 {
            room.height()
        } else {
            wanted.min((room.height() - self.below).max(least)).min(room.height())
        };
        let cut = room.top() + height;
        (Rect::from_min_max(room.min, pos2(room.right(), cut)), Rect::from_min_max(pos2(room.left(), cut), room.max))
    }

    /// Everything below the table, scrolled if it is too high.
    fn below_ui(&mut self, ui: &mut Ui, workspace: &Workspace, run: &Run, now: Stamp, commands: &mut Vec<Command>) {
        let output = ScrollArea::vertical().id_salt(("below", run.id.0)).auto_shrink([false, true]).show(ui, |ui| {
            ui.set_width(ui.available_width());
            let drawn = self.attention_ui(ui, workspace, run, now, commands);
            if drawn { ui.min_rect().height() } else { 0.0 }
        });
        if (output.inner - self.below).abs() > 0.5 {
            self.below = output.inner;
            ui.ctx().request_discard("the height below the table changed");
        }
    }

    /// True if there was anything.
    fn attention_ui(
        &mut self,
        ui: &mut Ui,
        workspace: &Workspace,
        run: &Run,
        now: Stamp,
        commands: &mut Vec<Command>,
    ) -> bool {
        let refusal = self.refusal(run);
        let failed = failed_step(run);
        let device = self.on_device(run, workspace);
        let waiting = match &run.phase {
            // What is answered on the device is not asked again below it.
            Phase::Waiting(turn) if !device || !turn.answers.contains(&Answer::Device) => Some(turn),
            _ => None,
        };
        let result = run.session().is_some_and(|session| session.status.is_final());
        let bank = waiting.is_none() && asks_by_itself(run);
        if refusal.is_none() && failed.is_none() && waiting.is_none() && !result && !bank {
            return false;
        }
        let margin = Margin { left: 12, right: 12, top: 8, bottom: 12 };
        Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            if let Some(exchange) = refusal {
                result::short_refusal_ui(ui, exchange);
            }
            if let Some(turn) = waiting {
                let (held, sandbox) = (clock_held(workspace, run), &workspace.sandbox);
                if turn::ui(ui, &mut self.edit, turn::Asked { run, turn, now, held, sandbox }, commands) {
                    self.view = View::Device;
                }
            } else if let Some((step, problem)) = failed {
                let again =
                    |ui: &mut Ui| secondary_button(ui, Some(i::ICON_REPLAY.outlined()), "Try again", None).clicked();
                if widgets::problem_with(ui, problem, again) {
                    commands.push(Command::Do(run.id, step));
                }
            }
            if bank {
                let (held, sandbox) = (clock_held(workspace, run), &workspace.sandbox);
                turn::bank_ui(ui, (run, sandbox), (now, held), commands);
            }
            ui.spacing_mut().item_spacing.y = 4.0;
            result::ui(ui, run, commands, &mut self.links);
        });
        true
    }

    /// The refusal to explain: the selected row's; else the newest exchange's.
    fn refusal<'a>(&self, run: &'a Run) -> Option<&'a Exchange> {
        let selected = self.selected.filter(|(id, _)| *id == run.id).map(|(_, number)| number);
        let exchange = match selected {
            Some(number) => run.exchange(number),
            None => run.newest_exchange(None),
        };
        exchange.map(AsRef::as_ref).filter(|exchange| exchange.status().is_some_and(|status| status >= 400))
    }
}

/// True if the clock that this run's deadlines go by stands still: only the embedded
/// sandbox's can.
/// True while the bank reaches its customer without the shop.
fn asks_by_itself(run: &Run) -> bool {
    run.is_open() && run.session().is_some_and(|session| session.waits_decoupled())
}

fn clock_held(workspace: &Workspace, run: &Run) -> bool {
    let stands = workspace.clock_held || workspace.clock_stands.is_some();
    stands && run.plan.is_embedded(&workspace.settings.profiles)
}

/// What the user can make the clock of this run's deadlines do. A clock that stands still for
/// a turn runs with the answer.
fn clock_switch(workspace: &Workspace, run: &Run) -> Option<SandboxAct> {
    let own = run.plan.is_embedded(&workspace.settings.profiles) && !workspace.clock_held;
    let act = if workspace.clock_stands.is_some() { SandboxAct::RunClock } else { SandboxAct::FreezeClock };
    own.then_some(act)
}

/// The step that would come next, unless a row for it is there already.
fn expected(run: &Run) -> Option<Step> {
    match &run.phase {
        Phase::Working(step) => (*step).or_else(|| run.progress.next_step()),
        Phase::Waiting(turn) if turn.answers.is_empty() => Some(turn.request.step),
        Phase::Waiting(_) => Some(Step::Confirm),
        Phase::Ended | Phase::Cancelled => None,
    }
}

/// The step whose failure ended the run, or has not been mended since.
fn failed_step(run: &Run) -> Option<(Step, &crate::model::Problem)> {
    match &run.entries.last()?.what {
        What::Failed(step, problem) => Some((*step, problem)),
        _ => None,
    }
}

/// The moment up to which a run is drawn: it stands still while the run waits and the clock
/// of its deadlines does.
fn present(workspace: &Workspace, run: &Run, now: Stamp) -> Stamp {
    match &run.phase {
        Phase::Waiting(turn) if clock_held(workspace, run) => {
            let stands = workspace.clock_stands.unwrap_or(turn.since).mono;
            Stamp { mono: stands.max(run.started.mono + run.length()).min(now.mono), ..now }
        }
        _ => now,
    }
}

/// Draws again when a shown time changes: as often as its words do, and not at all when an
/// hour has passed. While the present stands still, only the age of a message on the phone is one.
fn wake(ui: &Ui, workspace: &Workspace, run: &Run, now: Stamp) {
    let (counts, since) = match run.phone() {
        _ if present(workspace, run, now) == now => {
            (run.is_open(), now.since(run.started).saturating_sub(run.length()))
        }
        Some(message) => (false, now.since(message.at)),
        None => return,
    };
    let step = match (counts, since.as_secs()) {
        (true, _) | (false, 0..60) => 1,
        (false, 60..3600) => 60,
        _ => return,
    };
    let reached = Duration::from_secs(since.as_secs() % step) + Duration::from_nanos(since.subsec_nanos().into());
    ui.ctx().request_repaint_after(Duration::from_secs(step).saturating_sub(reached));
}
