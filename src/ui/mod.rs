//! What is on the screen: the shell that lays out the panels, carries out what concerns
//! the window alone, and hands everything else on as commands. Draws a workspace that it
//! cannot change; never waits; time comes in.

mod abroad;
mod address;
pub mod builder;
pub mod credentials;
mod dialog;
pub mod inspector;
pub mod link;
mod notices;
pub mod palette;
mod phone;
mod production;
mod rail;
pub mod sandbox;
pub mod theme;
pub mod timeline;
mod topbar;
pub mod widgets;

use std::time::Duration;

use egui::{CentralPanel, Frame, Layout, Margin, Panel, Ui, vec2};
use egui_material_icons::icons as i;
use serde::{Deserialize, Serialize};

use self::link::Link;
use self::palette::Act;
use self::theme::Tokens;
use crate::bus::Command;
use crate::export::code::Language;
use crate::model::profile::Environment;
use crate::model::sandbox::SandboxAct;
use crate::model::scenario::Version;
use crate::model::settings::{Settings, Theme};
use crate::model::versions::Order;
use crate::model::{Stamp, Workspace};

/// View state is saved at most this often.
const SAVE_EVERY: Duration = Duration::from_secs(2);
/// Under this width, points, the inspector is a drawer at the bottom.
const ROOM_FOR_INSPECTOR: f32 = 1280.0;
/// Under this width, points, the builder is folded.
const ROOM_FOR_BUILDER: f32 = 1000.0;
/// Under this width, points, the rail gives way to the unfolded builder.
const ROOM_FOR_RAIL: f32 = 560.0;
/// Smallest and largest zoom. Source: product.md, promise 10.
const ZOOM: (f32, f32) = (0.75, 3.0);
/// One step of zoom. Our choice.
const ZOOM_STEP: f32 = 0.25;

/// What is remembered of the window between starts. Sizes in points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct View {
    left: f32,
    right: f32,
    drawer: f32,
    credentials: bool,
    builder: builder::View,
    place: rail::Place,
    sandbox: sandbox::View,
    timeline: timeline::View,
    language: Language,
    bodies: inspector::View,
}

impl Default for View {
    fn default() -> Self {
        Self {
            left: builder::ALONE,
            right: 456.0,
            drawer: 280.0,
            credentials: false,
            builder: builder::View::default(),
            place: rail::Place::default(),
            sandbox: sandbox::View::default(),
            timeline: timeline::View::default(),
            language: Language::default(),
            bodies: inspector::View::default(),
        }
    }
}

/// The window's content.
pub struct Shell {
    credentials: credentials::Panel,
    builder: builder::Panel,
    timeline: timeline::Panel,
    inspector: inspector::Panel,
    sandbox: sandbox::Panel,
    notices: notices::Notices,
    gate: production::Gate,
    abroad: abroad::Gate,
    view: View,
    kept: View,
    saved: Duration,
    look: Option<(Theme, f32)>,
    keys: bool,
    unfolded: bool,
    left: Squeezed,
    right: Squeezed,
    /// A text was under the pen when the last frame ended: Esc only ends that.
    typing: bool,
}

impl Shell {
    /// The window as it was left.
    pub fn new(settings: &Settings) -> Self {
        // A view that cannot be read is one of another version: the default does.
        let view: View = serde_json::from_value(settings.view.clone()).unwrap_or_default();
        let credentials = credentials::Panel::new(view.credentials);
        let mut inspector = inspector::Panel::default();
        inspector.set_language(view.language);
        inspector.view = view.bodies.clone();
        Self {
            credentials,
            builder: builder::Panel::new(view.builder.clone()),
            timeline: timeline::Panel::new(view.timeline),
            inspector,
            sandbox: sandbox::Panel::new(view.sandbox.clone()),
            notices: notices::Notices::default(),
            gate: production::Gate::default(),
            abroad: abroad::Gate::default(),
            kept: view.clone(),
            view,
            saved: Duration::ZERO,
            look: None,
            keys: false,
            unfolded: false,
            left: Squeezed::default(),
            right: Squeezed::default(),
            typing: false,
        }
    }

    /// Draws everything; what the user asked for goes into `commands`.
    pub fn ui(&mut self, ui: &mut Ui, workspace: &Workspace, now: Stamp, commands: &mut Vec<Command>) {
        self.apply_look(ui, &workspace.settings);
        let first = commands.len();
        let mut wanted = workspace.settings.clone();
        let taken = palette::Taken {
            escape: self.keys || self.typing || self.builder.window_open(),
            back: self.inspector.is_open() || self.on_device(workspace),
            undo: !self.builder.has_undo(ui),
        };
        let asking = self.gate.is_open() || self.abroad.is_open();
        let mut acts = if asking { Vec::new() } else { palette::pressed(ui, workspace, taken) };
        self.bars_ui(ui, workspace, now, (&mut wanted, &mut acts), commands);
        let width = ui.available_width();
        self.rail_ui(ui, width, &mut acts);
        self.left_ui(ui, workspace, now, width, commands);
        let open = self.view.place == rail::Place::Sandbox;
        if !open {
            self.inspector_ui(ui, workspace, width, commands);
        }
        let fill = Frame::new().fill(Tokens::of(ui).bg1);
        CentralPanel::default().frame(fill).show(ui, |ui| match self.view.place {
            rail::Place::Sessions => self.timeline.ui(ui, workspace, now, commands),
            rail::Place::Sandbox => self.sandbox.ui(ui, workspace, (&mut self.builder, &mut wanted), commands),
        });
        self.sandbox.look(ui, workspace, now, open, commands);
        if let Some(intent) = self.sandbox.take_intent() {
            acts.push(Act::Sessions);
            if let sandbox::Intent::Show(run) = intent {
                self.timeline.show_run(run, workspace);
            }
        }
        self.inspector.files.look(ui, commands);
        if self.inspector.show_opened(workspace) || self.inspector.files.typing() {
            self.view.place = rail::Place::Sessions; // the sandbox's place has no inspector
        }
        self.follow_links(workspace);
        self.timeline.follow_form(workspace, || self.builder.plan(workspace), commands);
        if let Some(intent) = self.timeline.take_intent() {
            match intent {
                timeline::Intent::Run => acts.push(Act::Run),
                timeline::Intent::PickCard => acts.push(Act::TestCards),
                timeline::Intent::OpenBody => acts.push(Act::OpenBody),
            }
        }
        self.notices.ui(ui, workspace, now, commands);
        for act in acts {
            self.carry_out(act, ui, workspace, &mut wanted, commands);
        }
        self.gate.hold_back(workspace, first, commands);
        self.gate.ui(ui, workspace, commands);
        self.abroad.hold_back(workspace, first, commands);
        self.abroad.ui(ui, commands);
        self.keys_ui(ui);
        self.typing = ui.ctx().text_edit_focused();
        self.remember(ui, workspace, now, wanted, (first, commands));
    }

    /// True while the shopper's device is answered: there Esc stops nothing.
    fn on_device(&self, workspace: &Workspace) -> bool {
        self.view.place == rail::Place::Sessions && self.timeline.holds_escape(workspace)
    }

    /// Theme and zoom as the settings say, when they changed.
    fn apply_look(&mut self, ui: &Ui, settings: &Settings) {
        let look = (settings.theme, settings.zoom.clamp(ZOOM.0, ZOOM.1));
        if self.look != Some(look) {
            self.look = Some(look);
            ui.ctx().set_theme(match look.0 {
                Theme::Dark => egui::Theme::Dark,
                Theme::Light => egui::Theme::Light,
            });
            ui.ctx().set_zoom_factor(look.1);
        }
    }

    /// Follows what was pushed as a link in this frame.
    fn follow_links(&mut self, workspace: &Workspace) {
        for link in self.timeline.take_links().into_iter().chain(self.inspector.take_links()) {
            if let Some((run, row)) = link.row() {
                if self.timeline.shown() != Some(run) {
                    self.timeline.show_run(run, workspace);
                }
                self.timeline.selected = Some((run, row));
            }
            match link {
                Link::Field(body, pointer) => {
                    self.unfolded = true;
                    self.builder.go_to_place(body, &pointer);
                }
                link => self.inspector.open(link),
            }
        }
    }

    /// Asks why of the selected row; without one, of the session that is shown.
    fn ask_why(&mut self, ui: &Ui, workspace: &Workspace) {
        let selected = self.timeline.selected;
        let shown = selected.map(|(run, _)| run).or_else(|| self.timeline.shown());
        if let Some(run) = shown.and_then(|run| workspace.runs.get(&run)) {
            let row = selected.map(|(_, number)| number);
            self.view.place = rail::Place::Sessions;
            let question = self.inspector.question(ui.ctx(), run, row);
            self.inspector.open(Link::Why(run.id, question));
        }
    }

    fn carry_out(
        &mut self,
        act: Act,
        ui: &Ui,
        workspace: &Workspace,
        wanted: &mut Settings,
        commands: &mut Vec<Command>,
    ) {
        match act {
            Act::Run => {
                self.view.place = rail::Place::Sessions; // that is where it is seen
                commands.push(Command::Run(self.builder.plan(workspace)));
            }
            Act::RunVersions => {
                self.view.place = rail::Place::Sessions;
                let order = Order::of("the draft", &Version::SPOKEN, None, &self.builder.plan(workspace));
                commands.push(Command::Sandbox(SandboxAct::TryVersions(Box::new(order))));
            }
            Act::Sessions => self.view.place = rail::Place::Sessions,
            Act::Sandbox => self.view.place = rail::Place::Sandbox,
            Act::Cancel => commands.extend(workspace.newest_run().map(|run| Command::Cancel(run.id))),
            Act::TestCards => self.builder.test_cards(),
            Act::FormOrJson => {
                self.unfolded = true;
                self.builder.form_or_json();
            }
            Act::AllFields => {
                self.unfolded = true;
                self.builder.all_fields();
            }
            Act::Undo => self.builder.undo(),
            Act::Redo => self.builder.redo(),
            Act::OpenBody => {
                self.unfolded = true;
                self.builder.open_body(ui);
            }
            Act::SaveBody => {
                self.unfolded = true;
                self.builder.save_body(ui);
            }
            Act::Moments => self.timeline.toggle_moments(),
            Act::Why => self.ask_why(ui, workspace),
            Act::InspectFile => self.inspector.files.ask(ui),
            Act::Keys => self.keys = !self.keys,
            Act::ZoomIn => wanted.zoom = (wanted.zoom + ZOOM_STEP).min(ZOOM.1),
            Act::ZoomOut => wanted.zoom = (wanted.zoom - ZOOM_STEP).max(ZOOM.0),
            Act::ZoomReset => wanted.zoom = 1.0,
        }
    }

    /// Keeps what changed: settings at once, view state every two seconds. Goes before the
    /// frame's other commands, so that it cannot undo what they change.
    fn remember(
        &mut self,
        ui: &Ui,
        workspace: &Workspace,
        now: Stamp,
        mut wanted: Settings,
        (first, commands): (usize, &mut Vec<Command>),
    ) {
        let due = now.mono.saturating_sub(self.saved) >= SAVE_EVERY;
        let changed = wanted != workspace.settings;
        if due || changed {
            self.view.credentials = self.credentials.open;
            self.view.builder = self.builder.view().kept();
            self.view.sandbox = self.sandbox.view.clone();
            self.view.bodies = self.inspector.view.clone();
            self.view.timeline = self.timeline.view;
            self.view.language = self.inspector.language();
            if self.view != self.kept {
                // A view always has a JSON form; if not, the older one stays.
                wanted.view = serde_json::to_value(&self.view).unwrap_or(wanted.view);
                self.kept = self.view.clone();
                self.saved = now.mono;
            }
        } else if ui.input(|input| !input.events.is_empty()) {
            ui.ctx().request_repaint_after(SAVE_EVERY);
        }
        if wanted != workspace.settings {
            commands.insert(first, Command::SaveSettings(wanted));
        }
    }

    fn bars_ui(
        &mut self,
        ui: &mut Ui,
        workspace: &Workspace,
        now: Stamp,
        (wanted, acts): (&mut Settings, &mut Vec<Act>),
        commands: &mut Vec<Command>,
    ) {
        let tokens = Tokens::of(ui);
        let bar = Frame::new().fill(tokens.bg1);
        let mut asked = topbar::Asked { settings: wanted, acts, credentials: false };
        Panel::top("top bar").frame(bar).exact_size(theme::TOP_BAR).resizable(false).show(ui, |ui| {
            topbar::ui(ui, workspace, now, &mut asked, commands);
        });
        if asked.credentials {
            self.credentials.open = !self.credentials.open;
            self.unfolded = true;
        }
        if production(workspace) {
            let strip = Panel::top("production").frame(Frame::new().fill(tokens.production)).exact_size(3.0);
            strip.resizable(false).show_separator_line(false).show(ui, |_| ());
        }
        let bar = bar.inner_margin(Margin::symmetric(theme::PADDING as i8, 0));
        Panel::bottom("status bar").frame(bar).exact_size(theme::STATUS_BAR).resizable(false).show(ui, |ui| {
            status_ui(ui, workspace);
        });
    }

    fn rail_ui(&mut self, ui: &mut Ui, width: f32, acts: &mut Vec<Act>) {
        let frame = Frame::new().fill(Tokens::of(ui).bg0);
        let folded = width < ROOM_FOR_BUILDER && !self.unfolded;
        if width < ROOM_FOR_RAIL && !folded {
            return; // folding the builder brings it back
        }
        let here = self.view.place;
        let panel = Panel::left("rail").frame(frame).exact_size(rail::WIDTH).resizable(false);
        match panel.show(ui, |ui| rail::ui(ui, here, folded)).inner {
            Some(rail::Pressed::Go(act)) => acts.push(act),
            Some(rail::Pressed::Builder) => self.unfolded = true,
            None => (),
        }
    }

    fn left_ui(&mut self, ui: &mut Ui, workspace: &Workspace, now: Stamp, width: f32, commands: &mut Vec<Command>) {
        let tokens = Tokens::of(ui);
        let frame = Frame::new().fill(tokens.bg1);
        if width < ROOM_FOR_BUILDER && !self.unfolded {
            self.builder.window_ui(ui); // the rail has the button that brings the rest
            return;
        }
        let sessions = self.view.place == rail::Place::Sessions;
        let beside = sessions && self.inspected() && width >= ROOM_FOR_INSPECTOR;
        let most = (ui.available_width() - 440.0 - if beside { 360.0 } else { 0.0 }).clamp(300.0, 1000.0);
        let (mut sizes, keep) = self.left.range(self.view.left, 300.0, most);
        if let Some(wanted) = self.builder.take_wanted_width() {
            let wanted = wanted.min(most);
            sizes = egui::Rangef::new(wanted, wanted);
        }
        let panel = Panel::left("left").frame(frame).default_size(self.view.left).size_range(sizes);
        let shown = panel.resizable(true).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            if width < ROOM_FOR_BUILDER {
                self.fold_ui(ui);
            }
            let height = (ui.available_height() * 0.5).max(160.0);
            self.credentials.ui(ui, workspace, now, height, commands);
            widgets::hline(ui);
            self.builder.ui(ui, workspace, now, commands);
        });
        if keep {
            self.view.left = shown.response.rect.width().round();
        }
    }

    fn fold_ui(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            ui.add_space(8.0);
            if widgets::icon_button(ui, i::ICON_LEFT_PANEL_CLOSE.outlined(), "Hide the builder").clicked() {
                self.unfolded = false;
            }
        });
    }

    /// True if the inspector has something to show.
    fn inspected(&self) -> bool {
        self.timeline.selected.is_some() || self.inspector.is_open()
    }

    fn inspector_ui(&mut self, ui: &mut Ui, workspace: &Workspace, width: f32, commands: &mut Vec<Command>) {
        if !self.inspected() {
            return;
        }
        let selected = self.timeline.selected;
        let frame = Frame::new().fill(Tokens::of(ui).bg1);
        let drawer = width < ROOM_FOR_INSPECTOR;
        let mut keep = true;
        let panel = if drawer {
            let most = (ui.available_height() - 200.0).max(160.0);
            Panel::bottom("inspector drawer").default_size(self.view.drawer).size_range(160.0..=most)
        } else {
            let most = (ui.available_width() - 440.0).max(360.0);
            let sizes;
            (sizes, keep) = self.right.range(self.view.right, 360.0, most);
            Panel::right("inspector").default_size(self.view.right).size_range(sizes)
        };
        let shown = panel.frame(frame).resizable(true).show(ui, |ui| {
            if drawer && close_ui(ui) {
                self.timeline.selected = None;
                self.inspector.close();
            }
            self.inspector.ui(ui, workspace, selected, commands);
        });
        let size = shown.response.rect.size().round();
        if drawer {
            self.view.drawer = size.y;
        } else if keep {
            self.view.right = size.x;
        }
    }

    /// All keys in a window.
    fn keys_ui(&mut self, ui: &Ui) {
        if !self.keys {
            return;
        }
        let mut open = true;
        let window = egui::Window::new("Keys").open(&mut open).collapsible(false).resizable(false);
        window.title_frame(widgets::window_title(ui)).anchor(egui::Align2::CENTER_CENTER, vec2(0.0, 0.0)).show(
            ui.ctx(),
            |ui| {
                let own = palette::TABLE.iter().map(|entry| (entry.cap, entry.label));
                for (cap, label) in own.chain(timeline::KEYS.iter().copied()) {
                    ui.horizontal(|ui| {
                        ui.allocate_ui_with_layout(
                            vec2(90.0, 24.0),
                            Layout::left_to_right(egui::Align::Center),
                            |ui| {
                                ui.set_min_width(90.0);
                                widgets::key_cap(ui, cap);
                            },
                        );
                        widgets::text(ui, label, theme::BODY);
                    });
                }
            },
        );
        let escaped = ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape));
        self.keys = open && !escaped;
    }
}

/// For the middle of a line: only the first letter, since JSON stays JSON.
fn lower_first(label: &str) -> String {
    let mut letters = label.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// The drawer's own line, with the way to close it. True if it was taken.
fn close_ui(ui: &mut Ui) -> bool {
    let line = vec2(ui.available_width(), theme::TARGET);
    ui.allocate_ui_with_layout(line, Layout::right_to_left(egui::Align::Center), |ui| {
        ui.add_space(4.0);
        widgets::icon_button(ui, i::ICON_KEYBOARD_ARROW_DOWN.outlined(), "Close the inspector").clicked()
    })
    .inner
}

fn production(workspace: &Workspace) -> bool {
    workspace.profile().is_some_and(|profile| profile.environment == Environment::Production)
}

fn status_ui(ui: &mut Ui, workspace: &Workspace) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let first = if palette::running(workspace) { Act::Cancel } else { Act::Run };
        let room = match ui.available_width() {
            700.0.. => 4,
            560.0.. => 2,
            _ => 0,
        };
        let hints = [first, Act::TestCards, Act::FormOrJson, Act::Keys];
        for act in hints.into_iter().take(room) {
            let entry = palette::entry(act);
            widgets::key_cap(ui, entry.cap);
            widgets::muted(ui, &lower_first(entry.label));
            ui.add_space(6.0);
        }
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            let kept = if workspace.saving { "saved as it happens" } else { "not saved: kept in memory only" };
            let place = match workspace.profile().map(|profile| profile.environment) {
                Some(Environment::Embedded) | None => "No connection outside this machine",
                Some(Environment::VendorSandbox) => "Sends to the vendor's sandbox",
                Some(Environment::Production) => "Sends to production",
                Some(Environment::Custom) => "Sends to the profile's addresses",
            };
            widgets::muted(ui, &format!("{place} · {kept}"));
        });
    });
}

/// A panel's size survives a window that is too small for it for a while.
#[derive(Debug, Default)]
struct Squeezed(bool);

impl Squeezed {
    /// The sizes the panel may have now, and whether what comes out is the user's choice.
    fn range(&mut self, wanted: f32, least: f32, most: f32) -> (egui::Rangef, bool) {
        let before = std::mem::replace(&mut self.0, wanted > most);
        match (before, self.0) {
            (true, false) => (egui::Rangef::new(wanted, wanted), false), // room again: back to what it was
            (_, squeezed) => (egui::Rangef::new(least, most.max(least)), !squeezed),
        }
    }
}
