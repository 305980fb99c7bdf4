//! The deck: every scenario by name, what it will do in plain words, and the ways to make the
//! other side play it: for the next sessions, whoever creates them, or in a run of ours.

use egui::{Align, DragValue, Layout, Margin, Pos2, Response, RichText, ScrollArea, TextEdit, Ui, vec2};
use egui_material_icons::icons as i;

use super::fold_row;
use crate::bus::Command;
use crate::model::Workspace;
use crate::model::api::Status;
use crate::model::deck::{self, Damaged};
use crate::model::profile::Environment;
use crate::model::run::{Plan, Shopper};
use crate::model::sandbox::{Overview, SandboxAct};
use crate::model::scenario::{Scenario, Version};
use crate::model::versions::Order;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, display_text};

/// Height of a scenario's row, points.
const ROW: f32 = 28.0;
/// Most sessions that one arming covers. Our choice.
const MOST: u32 = 1_000;

/// View state of the deck.
pub struct Deck {
    find: String,
    open: Option<String>,
    /// What was just unfolded has yet to come into sight.
    unfolding: bool,
    sessions: u32,
}

impl Default for Deck {
    fn default() -> Self {
        Self { find: String::new(), open: None, unfolding: false, sessions: 1 }
    }
}

impl Deck {
    /// Draws the deck; true if a run was started, which is to be watched.
    pub fn ui(&mut self, ui: &mut Ui, workspace: &Workspace, overview: &Overview, commands: &mut Vec<Command>) -> bool {
        ui.add_space(8.0);
        armed_ui(ui, overview, commands);
        let all = &workspace.deck.scenarios;
        let words: Vec<String> = self.find.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let mut found: Vec<&Scenario> = all.iter().filter(|scenario| fits(scenario, &words)).collect();
        found.sort_by_key(|scenario| !workspace.deck.own.contains(&scenario.id)); // stable: the user's own come first
        self.find_ui(ui, found.len(), all.len());
        ui.add_space(4.0);
        let mut ran = false;
        ScrollArea::vertical().id_salt("deck").auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            if found.is_empty() {
                widgets::text(ui, "No scenario fits these words", theme::BODY);
            }
            for damaged in &workspace.deck.damaged {
                damaged_ui(ui, damaged);
            }
            for scenario in found {
                let open = self.open.as_ref() == Some(&scenario.id);
                let row = row_ui(ui, scenario, open);
                if row.clicked() {
                    self.open = (!open).then(|| scenario.id.clone());
                    self.unfolding = !open;
                }
                if open {
                    ran |= self.detail_ui(ui, scenario, workspace, commands);
                    if std::mem::take(&mut self.unfolding) {
                        let below = ui.cursor().top();
                        ui.scroll_to_rect(row.rect.with_max_y(below), None); // what was asked for comes into sight
                    }
                }
            }
        });
        ran
    }

    fn find_ui(&mut self, ui: &mut Ui, found: usize, all: usize) {
        ui.horizontal(|ui| {
            let count = format!("{found} of {all}");
            let width = (ui.available_width() - 70.0).max(80.0);
            let search = TextEdit::singleline(&mut self.find)
                .prefix(i::ICON_SEARCH.outlined())
                .hint_text("Find a scenario by id, words, tag or ending")
                .margin(Margin::symmetric(8, 3))
                .desired_width(width - 40.0);
            let search = ui.add(search);
            widgets::name(&search, "Find a scenario");
            widgets::muted(ui, &count);
        });
    }

    /// What the scenario is, and what can be done with it.
    fn detail_ui(
        &mut self,
        ui: &mut Ui,
        scenario: &Scenario,
        workspace: &Workspace,
        commands: &mut Vec<Command>,
    ) -> bool {
        let tokens = Tokens::of(ui);
        let mut ran = false;
        let frame = egui::Frame::new().fill(tokens.bg2).stroke(theme::line(tokens)).corner_radius(6);
        frame.inner_margin(Margin::same(10)).outer_margin(Margin { bottom: 6, top: 2, left: 1, right: 2 }).show(
            ui,
            |ui| {
                ui.set_min_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = 6.0;
                let plain = if scenario.explain.plain.is_empty() { &scenario.name } else { &scenario.explain.plain };
                let text = RichText::new(display_text(plain)).font(theme::words(theme::SENTENCE)).color(tokens.text);
                ui.add(egui::Label::new(text).wrap());
                if !scenario.explain.advice.is_empty() {
                    let text = RichText::new(display_text(&scenario.explain.advice)).color(tokens.text_second);
                    ui.add(egui::Label::new(text).wrap());
                }
                ui.horizontal_wrapped(|ui| {
                    ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
                    widgets::muted(ui, "ends");
                    widgets::small_status_pill(ui, &Status::parse(&scenario.expect.status));
                    for tag in &scenario.tags {
                        widgets::pill_with(ui, Tone::Neutral, None, &display_text(tag), 17.0);
                    }
                });
                ran = self.ways_ui(ui, scenario, workspace, commands);
            },
        );
        ran
    }

    fn ways_ui(
        &mut self,
        ui: &mut Ui,
        scenario: &Scenario,
        workspace: &Workspace,
        commands: &mut Vec<Command>,
    ) -> bool {
        let mut ran = false;
        ui.horizontal_wrapped(|ui| {
            let label = widgets::muted(ui, "Next sessions").id;
            ui.add(DragValue::new(&mut self.sessions).range(1..=MOST)).labelled_by(label);
            let arm = arm(scenario, workspace, self.sessions);
            let hint = "The next sessions that anybody creates get this, whatever their card";
            if widgets::secondary_button(ui, Some(i::ICON_BOLT.outlined()), "Arm", None).on_hover_text(hint).clicked() {
                commands.push(Command::Sandbox(arm.clone()));
            }
            let plan = plan(scenario, workspace);
            let why_not = "There is no profile of the embedded sandbox";
            let icon = Some(i::ICON_PLAY_ARROW.filled());
            let button = |ui: &mut Ui| widgets::outlined_button(ui, icon, "Run it", None);
            let button = ui.add_enabled(plan.is_some(), button).on_disabled_hover_text(why_not);
            let button = button.on_hover_text("Arms it, then sends what its file says");
            if let Some(plan) = plan.clone().filter(|_| button.clicked()) {
                commands.push(Command::Sandbox(SandboxAct::Try(Box::new(arm.clone()), Box::new(plan))));
                ran = true;
            }
            let fixed = scenario
                .fixed_version()
                .map(|version| format!("{} is about {}: it runs on that version only", scenario.id, version.word()));
            let able = fixed.is_none() && plan.is_some();
            let button = |ui: &mut Ui| widgets::outlined_button(ui, None, "Run on all versions", None);
            let button = ui.add_enabled(able, button).on_disabled_hover_text(fixed.as_deref().unwrap_or(why_not));
            let button = button.on_hover_text("On 2.1.0, 2.2.0 and 2.3.1, one after the other; then side by side");
            if let Some(plan) = plan.filter(|_| button.clicked()) {
                let name = format!("{} {}", scenario.id, scenario.name);
                let order = Order::of(&name, &Version::SPOKEN, Some(&arm_one(&arm)), &plan);
                commands.push(Command::Sandbox(SandboxAct::TryVersions(Box::new(order))));
                ran = true;
            }
        });
        if workspace.settings.answer_myself {
            widgets::muted(ui, "You answer the bank");
        }
        if scenario.shop.rounds > 1 {
            let rounds = scenario.shop.rounds;
            let words = format!("Its end is that of session {rounds} in a row on one card: run it {rounds} times");
            widgets::muted_lines(ui, &words);
        }
        ran
    }
}

/// The same for one session: each version is armed anew.
fn arm_one(arm: &SandboxAct) -> SandboxAct {
    match arm {
        SandboxAct::Arm(id, _) => SandboxAct::Arm(id.clone(), 1),
        SandboxAct::ArmFile(text, _) => SandboxAct::ArmFile(text.clone(), 1),
        other => other.clone(),
    }
}

/// The sandbox knows the program's own deck by id; the user's own files it is told whole.
fn arm(scenario: &Scenario, workspace: &Workspace, sessions: u32) -> SandboxAct {
    let own = workspace.deck.own.contains(&scenario.id);
    // A scenario that was read from TOML can be written as TOML; if not, its id is refused with a reason.
    match own.then(|| deck::write(scenario)) {
        Some(Ok(text)) => SandboxAct::ArmFile(text, sessions),
        _ => SandboxAct::Arm(scenario.id.clone(), sessions),
    }
}

/// A file of the user's own that is no scenario: shown, with what to mend.
fn damaged_ui(ui: &mut Ui, damaged: &Damaged) {
    widgets::note(ui, Tone::Danger, |ui| {
        widgets::text(ui, &display_text(&damaged.problem.summary), theme::BODY);
        for words in damaged.problem.causes.iter().chain(&damaged.problem.hint) {
            widgets::muted_lines(ui, &display_text(words));
        }
    });
    ui.add_space(6.0);
}

/// A run of this scenario with somebody there, against the sandbox in this program.
fn plan(scenario: &Scenario, workspace: &Workspace) -> Option<Plan> {
    let settings = &workspace.settings;
    let embedded = settings.profiles.iter().find(|profile| profile.environment == Environment::Embedded)?;
    let mut plan = scenario.plan(embedded.id.clone());
    (plan.unattended, plan.pace) = (false, settings.pace);
    if settings.answer_myself {
        plan.shopper = Shopper::Person;
    }
    Some(plan)
}

/// What is armed, and the way out.
fn armed_ui(ui: &mut Ui, overview: &Overview, commands: &mut Vec<Command>) {
    let Some((id, left)) = &overview.armed else { return };
    let tokens = Tokens::of(ui);
    widgets::note(ui, Tone::Accent, |ui| {
        ui.horizontal(|ui| {
            widgets::icon(ui, i::ICON_BOLT.filled(), 16.0, tokens.accent.ink);
            let sessions = if *left == 1 { "the next session".into() } else { format!("the next {left} sessions") };
            widgets::text(ui, &display_text(&format!("{id} is armed for {sessions}")), theme::BODY);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let button = widgets::button(ui, widgets::Look::Secondary, widgets::Size::Small, None, "Disarm", None);
                if button.clicked() {
                    commands.push(Command::Sandbox(SandboxAct::Disarm));
                }
            });
        });
    });
    ui.add_space(8.0);
}

fn fits(scenario: &Scenario, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let tags = scenario.tags.join(" ");
    let Scenario { id, name, explain, expect, .. } = scenario;
    let text = format!("{id} {name} {tags} {} {}", explain.plain, expect.status).to_lowercase();
    words.iter().all(|word| text.contains(word.as_str()))
}

fn row_ui(ui: &mut Ui, scenario: &Scenario, open: bool) -> Response {
    let tokens = Tokens::of(ui);
    let name = format!("{} {}", scenario.id, scenario.name);
    let (response, drawn) = fold_row(ui, ROW, &name, open);
    let Some((rect, painter)) = drawn else { return response };
    let put = |x: f32, galley: std::sync::Arc<egui::Galley>, colour| {
        painter.galley(Pos2::new(x, rect.center().y - galley.size().y / 2.0), galley, colour);
    };
    let sign = if open { i::ICON_EXPAND_MORE } else { i::ICON_CHEVRON_RIGHT }.outlined();
    put(rect.left() + 2.0, widgets::line_of(ui, sign.codepoint, theme::icon(sign, 16.0), tokens.muted), tokens.muted);
    let id = widgets::line_of(ui, &scenario.id, theme::code(theme::CODE), tokens.text_second);
    let wide = id.size().x;
    put(rect.left() + 22.0, id, tokens.text_second);
    let ink = tokens.tone(Tone::of_status(&Status::parse(&scenario.expect.status))).ink;
    let ending = widgets::line_of(ui, &scenario.expect.status, theme::words(theme::SMALL), ink);
    let right = rect.right() - 6.0 - ending.size().x;
    put(right, ending, ink);
    let from = rect.left() + 22.0 + wide.max(ID_COLUMN) + 10.0;
    let words = cut_line(ui, &display_text(&scenario.name), right - 10.0 - from);
    put(from, words, tokens.text);
    widgets::focus_ring(ui, rect.shrink(2.0), &response);
    response
}

/// Room for the longest id of the deck, so that names stand below one another.
const ID_COLUMN: f32 = 96.0;

/// One line that ends in `…` where there is no room.
fn cut_line(ui: &Ui, text: &str, width: f32) -> std::sync::Arc<egui::Galley> {
    let colour = Tokens::of(ui).text;
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), theme::words(theme::BODY), colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(10.0));
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}
