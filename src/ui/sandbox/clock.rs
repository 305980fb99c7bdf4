//! The sandbox's clock: what it shows, how it goes, and the ways to move it.

use std::time::Duration;

use egui::{Align2, Frame, Margin, TextEdit, Ui};
use egui_material_icons::icons as i;

use crate::bus::Command;
use crate::model::Workspace;
use crate::model::sandbox::{Mode, SandboxAct, span};
use crate::model::settings::{HandOff, Settings, ShopPolicy};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, Look, Size};

/// The jumps that one click does: words and seconds. The protocol's own waits are among
/// them: 10 s for the 3DS Method, 10 min for the shopper, 15 min for a hosted page.
const JUMPS: [(&str, u64); 5] = [("10 s", 10), ("1 min", 60), ("10 min", 600), ("15 min", 900), ("1 day", 86_400)];

/// How the clock goes, in a word, and how that looks.
pub fn word(workspace: &Workspace) -> (&'static str, Tone) {
    let mode = workspace.sandbox.overview.as_ref().map_or(Mode::Run, |overview| overview.mode);
    match (workspace.clock_held, mode) {
        (true, _) => ("held for you", Tone::Accent),
        (false, Mode::Run) => ("real", Tone::Success),
        (false, Mode::Freeze) => ("frozen", Tone::Warning),
        (false, Mode::Virtual) => ("virtual", Tone::Accent),
    }
}

/// From this width on, points, clock and jumps share a line.
const ROOM_FOR_ONE_LINE: f32 = 920.0;

/// The strip under the panel's head. `typed` is the free jump.
pub fn ui(
    ui: &mut Ui,
    workspace: &Workspace,
    typed: &mut String,
    settings: &mut Settings,
    commands: &mut Vec<Command>,
) {
    let margin = Margin::symmetric(theme::PADDING as i8, 8);
    Frame::new().fill(Tokens::of(ui).bg0).inner_margin(margin).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.spacing_mut().item_spacing = egui::vec2(8.0, 6.0);
        let one_line = ui.available_width() >= ROOM_FOR_ONE_LINE && !workspace.clock_held;
        ui.horizontal_wrapped(|ui| {
            now_ui(ui, workspace);
            modes_ui(ui, workspace, commands);
            if one_line {
                ui.add_space(4.0);
                jumps_ui(ui, typed, commands);
            }
        });
        if !one_line {
            ui.horizontal_wrapped(|ui| jumps_ui(ui, typed, commands));
        }
        ui.horizontal_wrapped(|ui| browser_ui(ui, settings));
        ui.horizontal_wrapped(|ui| exemptions_ui(ui, workspace, commands));
    });
    widgets::hline(ui);
}

fn now_ui(ui: &mut Ui, workspace: &Workspace) {
    let tokens = Tokens::of(ui);
    widgets::icon(ui, i::ICON_SCHEDULE.outlined(), 18.0, tokens.text_second);
    let now = workspace.sandbox.overview.as_ref().and_then(|overview| overview.now);
    let shown = now.map_or_else(|| "…".to_owned(), |now| now.strftime("%Y-%m-%d %H:%M:%S").to_string());
    let time = widgets::emphasis_with(ui, &shown, theme::code(15.0), tokens.text);
    time.on_hover_text("What the sandbox's clock shows, UTC");
    let (word, tone) = word(workspace);
    widgets::pill(ui, tone, word);
    if workspace.clock_held {
        widgets::muted(ui, "A step under Sessions waits for you");
    }
}

/// How a real browser gets to the bank, and whether the shop's own policy lets it.
fn browser_ui(ui: &mut Ui, settings: &mut Settings) {
    widgets::icon(ui, i::ICON_LANGUAGE.outlined(), 18.0, Tokens::of(ui).text_second);
    widgets::muted(ui, "Real browsers meet the bank").on_hover_text("The shop's page hands over like this");
    let ways = [(HandOff::Frame, "In a frame"), (HandOff::Window, "In a window"), (HandOff::Page, "As a whole page")];
    widgets::segmented(ui, &mut settings.hand_off, &ways);
    widgets::muted(ui, "under a shop policy").on_hover_text("The shop page's content security policy");
    let policies = [(ShopPolicy::Usual, "As it should be"), (ShopPolicy::Strict, "That keeps the bank out")];
    widgets::segmented(ui, &mut settings.shop_policy, &policies);
}

/// How the bank decides on exemptions, where no scenario does.
fn exemptions_ui(ui: &mut Ui, workspace: &Workspace, commands: &mut Vec<Command>) {
    const RULES: &str = "Low value up to EUR 30, five in a row or EUR 100 in all; risk analysis up to EUR 100; a \
                         company's card for corporate payments; the trust list if the shopper listed the shop. A \
                         payment without 3-D Secure is declined softly. Limits: PUT /_sandbox/settings";
    let overview = workspace.sandbox.overview.as_ref();
    let ruled = overview.is_some_and(|seen| seen.settings.get("exemptions").is_some_and(|word| word == "rules"));
    let mut chosen = if ruled { "rules" } else { "off" };
    widgets::icon(ui, i::ICON_SHIELD.outlined(), 18.0, Tokens::of(ui).text_second);
    widgets::muted(ui, "The bank decides on exemptions").on_hover_text(RULES);
    let ways = [("off", "As card and scenario say"), ("rules", "By its own rules")];
    if ui.add_enabled_ui(overview.is_some(), |ui| widgets::segmented(ui, &mut chosen, &ways)).inner {
        commands.push(Command::Sandbox(SandboxAct::Exemptions(chosen)));
    }
}

fn modes_ui(ui: &mut Ui, workspace: &Workspace, commands: &mut Vec<Command>) {
    let mode = workspace.sandbox.overview.as_ref().map(|overview| overview.mode);
    let held = workspace.clock_held;
    let run = match (held, mode) {
        (true, _) => Some("It stands still while you think: answer or skip the step that waits under Sessions"),
        (_, Some(Mode::Run)) => Some("It runs already"),
        (_, None) => Some("The sandbox has not answered yet"),
        _ => None,
    };
    let freeze = match mode {
        Some(Mode::Freeze) if !held => Some("It stands still already"),
        None => Some("The sandbox has not answered yet"),
        _ => None,
    };
    let buttons = [
        (i::ICON_PLAY_ARROW, "Run the clock", run, SandboxAct::RunClock),
        (i::ICON_PAUSE, "Freeze", freeze, SandboxAct::FreezeClock),
    ];
    for (icon, label, why_not, act) in buttons {
        let icon = Some(icon.outlined());
        let button = |ui: &mut Ui| widgets::button(ui, Look::Secondary, Size::Small, icon, label, None);
        let button = ui.add_enabled(why_not.is_none(), button); // not in a frame of its own, so that the line can break
        if button.on_disabled_hover_text(why_not.unwrap_or_default()).clicked() {
            commands.push(Command::Sandbox(act));
        }
    }
}

fn jumps_ui(ui: &mut Ui, typed: &mut String, commands: &mut Vec<Command>) {
    let mut jump = |by| commands.push(Command::Sandbox(SandboxAct::Jump(by)));
    widgets::muted(ui, "Jump ahead");
    for (words, seconds) in JUMPS {
        let button = widgets::button(ui, Look::Secondary, Size::Small, None, words, None);
        widgets::name(&button, &format!("Jump {words}"));
        if button.on_hover_text(format!("{words} pass at once for everybody who waits")).clicked() {
            jump(Duration::from_secs(seconds));
        }
    }
    let field = TextEdit::singleline(typed).hint_text("90 s").desired_width(56.0).font(theme::code(theme::CODE));
    let field = ui.add(field.margin(Margin::symmetric(6, 2)).align(Align2::LEFT_CENTER));
    widgets::name(&field, "Other span of time");
    let by = span(typed);
    let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    let why_not = match (typed.trim().is_empty(), by) {
        (true, _) => Some("Type how long first: 90, 5 min, 2 h, 3 days"),
        (_, None) => Some("Not a span of time; 90, 5 min, 2 h, 3 days are, up to ten years"),
        _ => None,
    };
    let button = |ui: &mut Ui| widgets::button(ui, Look::Secondary, Size::Small, None, "Jump", None);
    let button = ui.add_enabled(why_not.is_none(), button);
    let clicked = button.on_disabled_hover_text(why_not.unwrap_or_default()).clicked();
    if let Some(by) = by.filter(|_| entered || clicked) {
        jump(by);
        typed.clear();
    }
}
