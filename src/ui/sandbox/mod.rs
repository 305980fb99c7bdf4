//! The sandbox panel: the other side as it is, and the levers that move it. Draws what the
//! sandbox showed of itself over its control routes and asks for more while it is on the
//! screen; closed, it asks nothing, unless a run may have used up a fault or what is armed.

pub mod clock;
mod faults;
mod scenarios;
mod sessions;

use std::time::Duration;

use egui::{
    Align, Frame, Layout, Margin, Painter, Rect, Response, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2,
    vec2,
};
use egui_material_icons::icons as i;
use serde::{Deserialize, Serialize};

use super::builder;
use super::phone;
use super::theme::{self, Tokens, Tone};
use super::widgets::{self, Look, Size, display_text};
use crate::bus::Command;
use crate::model::sandbox::{Overview, SandboxAct};
use crate::model::settings::Settings;
use crate::model::{RunId, Server, ServerStatus, SessionId, Stamp, Workspace};

/// The sandbox is looked at this often at most.
const EVERY: Duration = Duration::from_secs(1);
/// From this width on, points, there are two columns.
const ROOM_FOR_TWO: f32 = 800.0;

/// What a tab shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tab {
    #[default]
    Scenarios,
    Cards,
    Faults,
    Sessions,
    Phone,
}

impl Tab {
    /// On the right where there are two columns.
    fn right(self) -> bool {
        matches!(self, Self::Sessions | Self::Phone)
    }
}

/// What is remembered of the panel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// In a narrow window, the only one shown.
    tab: Tab,
    left: Tab,
    phone: bool,
}

/// What the user wants that only the shell can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Show the timeline, where a run begins.
    Watch,
    /// Show this run on the timeline.
    Show(RunId),
}

/// View state of the panel.
#[derive(Default)]
pub struct Panel {
    /// To be remembered.
    pub view: View,
    deck: scenarios::Deck,
    editor: faults::Editor,
    jump: String,
    open: Option<String>,
    resetting: bool,
    intent: Option<Intent>,
    looked: Option<Duration>,
    /// What had happened in our runs when we last looked.
    mark: u64,
}

impl Panel {
    /// The panel as it was left.
    pub fn new(view: View) -> Self {
        Self { view, ..Self::default() }
    }

    /// What the user asked the shell for since the last call.
    pub fn take_intent(&mut self) -> Option<Intent> {
        self.intent.take()
    }

    /// Asks for a look where one is due. `open`: the panel is on the screen.
    pub fn look(&mut self, ui: &Ui, workspace: &Workspace, now: Stamp, open: bool, commands: &mut Vec<Command>) {
        let known = &workspace.sandbox;
        let up = matches!(workspace.servers.get(&Server::Sandbox), Some(ServerStatus::Up { .. }));
        if !up || known.looking() {
            return;
        }
        let mark = mark(workspace);
        let live = known.overview.as_ref().is_some_and(|seen| seen.armed.is_some() || seen.faults_on() > 0);
        if !(open || live && mark != self.mark) {
            return;
        }
        let waited = self.looked.map_or(EVERY, |looked| now.mono.saturating_sub(looked));
        if waited < EVERY {
            ui.ctx().request_repaint_after(EVERY - waited);
            return;
        }
        (self.looked, self.mark) = (Some(now.mono), mark);
        commands.push(Command::Sandbox(SandboxAct::Look));
    }

    /// Draws the panel. The builder has the cards, and takes the one that is picked; `settings`
    /// are those that are to be.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        workspace: &Workspace,
        (builder, settings): (&mut builder::Panel, &mut Settings),
        commands: &mut Vec<Command>,
    ) {
        ui.spacing_mut().item_spacing.y = 0.0;
        let none = Overview::default();
        let overview = workspace.sandbox.overview.as_deref().unwrap_or(&none);
        self.head_ui(ui, workspace, overview);
        self.reset_ui(ui, overview, commands);
        clock::ui(ui, workspace, &mut self.jump, settings, commands);
        if let Some(problem) = &workspace.sandbox.problem {
            inset(ui, |ui| {
                ui.add_space(8.0);
                widgets::problem_ui(ui, problem);
            });
        }
        let whole = ui.available_rect_before_wrap();
        if whole.width() < ROOM_FOR_TWO {
            let tabs = tabs(overview);
            inset(ui, |ui| ScrollArea::horizontal().show(ui, |ui| widgets::tabs(ui, &mut self.view.tab, &tabs)));
            widgets::hline(ui);
            return inset(ui, |ui| self.tab_ui(ui, self.view.tab, workspace, overview, builder, commands));
        }
        let middle = (whole.left() + whole.width() * 0.5).round();
        let left = Rect::from_min_max(whole.min, pos2(middle, whole.bottom()));
        let right = Rect::from_min_max(pos2(middle + 1.0, whole.top()), whole.max);
        for (rect, on_right) in [(left, false), (right, true)] {
            ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt(on_right), |ui| {
                ui.set_clip_rect(rect.intersect(ui.clip_rect()));
                ui.spacing_mut().item_spacing.y = 0.0;
                self.column_ui(ui, on_right, workspace, overview, builder, commands);
            });
        }
        ui.painter().vline(middle, whole.y_range(), theme::line(Tokens::of(ui)));
    }

    fn column_ui(
        &mut self,
        ui: &mut Ui,
        on_right: bool,
        workspace: &Workspace,
        overview: &Overview,
        builder: &mut builder::Panel,
        commands: &mut Vec<Command>,
    ) {
        let tabs: Vec<_> = tabs(overview).into_iter().filter(|(tab, ..)| tab.right() == on_right).collect();
        let mut shown = match (on_right, self.view.phone) {
            (true, true) => Tab::Phone,
            (true, false) => Tab::Sessions,
            (false, _) if self.view.left.right() => Tab::Scenarios,
            (false, _) => self.view.left,
        };
        if inset(ui, |ui| widgets::tabs(ui, &mut shown, &tabs)) {
            self.view.tab = shown;
            if on_right {
                self.view.phone = shown == Tab::Phone;
            } else {
                self.view.left = shown;
            }
        }
        widgets::hline(ui);
        inset(ui, |ui| self.tab_ui(ui, shown, workspace, overview, builder, commands));
    }

    fn tab_ui(
        &mut self,
        ui: &mut Ui,
        tab: Tab,
        workspace: &Workspace,
        overview: &Overview,
        builder: &mut builder::Panel,
        commands: &mut Vec<Command>,
    ) {
        match tab {
            Tab::Scenarios => {
                if self.deck.ui(ui, workspace, overview, commands) {
                    self.intent = Some(Intent::Watch);
                }
            }
            Tab::Cards => {
                ui.add_space(8.0);
                widgets::muted_lines(
                    ui,
                    "A click puts the card into the draft on the left; what it leads to stands beside it.",
                );
                ui.add_space(4.0);
                builder.gallery_ui(ui);
            }
            Tab::Faults => self.editor.ui(ui, overview, commands),
            Tab::Sessions => {
                let shown = sessions::ui(ui, workspace, overview, &mut self.open, commands);
                self.intent = shown.map(Intent::Show).or(self.intent);
            }
            Tab::Phone => self.phone_ui(ui, overview, commands),
        }
    }

    fn head_ui(&mut self, ui: &mut Ui, workspace: &Workspace, overview: &Overview) {
        let tokens = Tokens::of(ui);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::PANEL_HEAD), Sense::hover());
        let inner = rect.shrink2(vec2(theme::PADDING, 0.0));
        let layout = Layout::left_to_right(Align::Center);
        ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), |ui| {
            widgets::emphasis(ui, "Sandbox");
            match workspace.servers.get(&Server::Sandbox) {
                Some(ServerStatus::Up { address, .. }) => {
                    let url = format!("http://{address}");
                    if ui.available_width() > 420.0 {
                        widgets::mono(ui, &display_text(&url), tokens.text_second);
                    }
                    widgets::copy_button(ui, "sandbox address", &url);
                }
                _ => {
                    widgets::muted(ui, "not started");
                }
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let icon = i::ICON_RESTART_ALT.outlined();
                let reset = widgets::button(ui, Look::Secondary, Size::Small, Some(icon), "Reset", None);
                if reset.on_hover_text("Forget sessions, logs, what is armed and faults").clicked() {
                    self.resetting = !self.resetting;
                }
                ui.add_space(4.0);
                match overview.seed {
                    Some(seed) => {
                        let seed = seed.to_string();
                        widgets::copy_button(ui, "seed", &seed);
                        widgets::mono(ui, &seed, tokens.text);
                        widgets::muted(ui, "Seed");
                    }
                    None => {
                        let hint = "Ids and codes are new at each start; start with --seed 7 to have them repeat";
                        widgets::muted(ui, "No seed").on_hover_text(hint);
                    }
                }
            });
        });
        widgets::hline(ui);
    }

    /// The question before everything is forgotten, in place.
    fn reset_ui(&mut self, ui: &mut Ui, overview: &Overview, commands: &mut Vec<Command>) {
        if !self.resetting {
            return;
        }
        inset(ui, |ui| {
            ui.add_space(8.0);
            widgets::note(ui, Tone::Warning, |ui| {
                let sessions = match overview.count {
                    0 => "what is armed, faults and logs".to_owned(),
                    1 => "its session, what is armed, faults and logs".to_owned(),
                    n => format!("its {n} sessions, what is armed, faults and logs"),
                };
                let words = format!("The sandbox forgets {sessions}. Keys, settings and our timelines stay.");
                ui.add(egui::Label::new(words).wrap());
                ui.add_space(4.0);
                ui.horizontal(|ui| {
                    if widgets::outlined_button(ui, None, "Reset now", None).clicked() {
                        commands.push(Command::Sandbox(SandboxAct::Reset));
                        (self.resetting, self.open) = (false, None);
                    }
                    if widgets::secondary_button(ui, None, "Keep everything", None).clicked() {
                        self.resetting = false;
                    }
                });
            });
            ui.add_space(8.0);
        });
    }

    /// Every phone, newest session first.
    fn phone_ui(&mut self, ui: &mut Ui, overview: &Overview, commands: &mut Vec<Command>) {
        let mut any = false;
        ScrollArea::vertical().id_salt("phone").auto_shrink([false, false]).show(ui, |ui| {
            ui.add_space(8.0);
            for session in &overview.sessions {
                for message in session.phone.iter().rev() {
                    any = true;
                    let over = (!session.asks(message)).then_some("The bank no longer waits for this phone");
                    let shown = phone::Message {
                        sender: &message.sender,
                        text: &message.text,
                        code: &message.code,
                        push: message.kind == "push",
                        decided: message.decided.as_deref(),
                        over,
                    };
                    if let Some(act) = ui.push_id(&session.id, |ui| phone::ui(ui, &shown)).inner {
                        let id = SessionId(session.id.clone());
                        commands.push(Command::Sandbox(SandboxAct::Decide(id, act)));
                    }
                    ui.horizontal(|ui| {
                        widgets::muted(ui, "for");
                        if widgets::link(ui, &super::timeline::rows::middle_cut(&display_text(&session.id), 8, 6)).clicked() {
                            self.open = Some(session.id.clone());
                            (self.view.tab, self.view.phone) = (Tab::Sessions, false);
                        }
                        widgets::muted(ui, &display_text(&session.status));
                    });
                    ui.add_space(8.0);
                }
            }
            if !any {
                let words = "No message yet. A bank that asks for a code sends it here as a text message; one that asks \
                             in its app shows Approve and Deny here while its page waits.";
                widgets::muted_lines(ui, words);
            }
        });
    }
}

/// The tabs with their counts, all of them in order.
fn tabs(overview: &Overview) -> Vec<(Tab, &'static str, Option<usize>)> {
    let some = |count: usize| (count > 0).then_some(count);
    vec![
        (Tab::Scenarios, "Scenarios", None),
        (Tab::Cards, "Test cards", None),
        (Tab::Faults, "Faults", some(overview.faults_on())),
        (Tab::Sessions, "Live sessions", some(overview.sessions.len())),
        (Tab::Phone, "Phone", some(overview.undecided())),
    ]
}

/// A number that changes when something happens in one of our runs.
fn mark(workspace: &Workspace) -> u64 {
    let entries: usize = workspace.runs.values().map(|run| run.entries.len() + 1).sum();
    u64::try_from(entries + workspace.deliveries.len()).unwrap_or(u64::MAX)
}

/// Padding on both sides.
fn inset<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    Frame::new().inner_margin(Margin::symmetric(theme::PADDING as i8, 0)).show(ui, add).inner
}

/// A row of a list that unfolds, with its place and a painter that keeps inside it; `None` where
/// it is out of sight and nothing has to be drawn. `name` is what a screen reader says.
fn fold_row(ui: &mut Ui, height: f32, name: &str, open: bool) -> (Response, Option<(Rect, Painter)>) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, ui.is_enabled(), open, name));
    if !ui.is_rect_visible(rect) {
        return (response, None);
    }
    if open || response.hovered() {
        ui.painter().rect_filled(rect, 4.0, if open { tokens.selection } else { tokens.bg3 });
    }
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    (response, Some((rect, painter)))
}
