//! The bar at the top: who we talk to, how long the token lives, what our servers do, and
//! the one button that starts and stops. Says what was asked for; does none of it.

use std::time::Duration;

use egui::{Align, Color32, FontId, Layout, Pos2, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};
use egui_material_icons::icons as i;

use super::palette::{self, Act};
use super::theme::{self, Tokens};
use super::{credentials, sandbox, widgets};
use crate::bus::Command;
use crate::model::delivery::DeliveryKind;
use crate::model::exchange::Step;
use crate::model::profile::{Environment, TokenStatus};
use crate::model::scopes::Channel;
use crate::model::settings::{Pace, Settings, Theme};
use crate::model::{Server, ServerStatus, Stamp, Workspace};

/// Widths in points from which a part of the bar is shown; what has no room goes into «More».
const ROOM_FOR_SANDBOX: f32 = 1240.0;
const ROOM_FOR_LISTENER: f32 = 1060.0;
const ROOM_FOR_SWITCHES: f32 = 760.0;
const ROOM_FOR_TOKEN: f32 = 480.0;

/// What was asked for in the bar.
pub struct Asked<'a> {
    /// Settings as they are to be.
    pub settings: &'a mut Settings,
    /// Acts of the palette.
    pub acts: &'a mut Vec<Act>,
    /// Open the credentials.
    pub credentials: bool,
}

/// Draws the bar.
pub fn ui(ui: &mut Ui, workspace: &Workspace, now: Stamp, asked: &mut Asked<'_>, commands: &mut Vec<Command>) {
    let width = ui.available_width();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.set_height(theme::TOP_BAR);
        environment_ui(ui, workspace, commands);
        if width >= ROOM_FOR_TOKEN && token_ui(ui, workspace, now).clicked() {
            asked.credentials = true;
        }
        if width >= ROOM_FOR_LISTENER {
            listener_ui(ui, workspace, now);
        }
        if width >= ROOM_FOR_SANDBOX {
            sandbox_ui(ui, workspace, asked.acts);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            ui.add_space(theme::PADDING);
            if width >= ROOM_FOR_SWITCHES {
                look_ui(ui, asked);
                ui.add_space(4.0);
                run_more_ui(ui, workspace, asked.acts);
                run_ui(ui, workspace, asked.acts);
                ui.add_space(4.0);
                pace_ui(ui, asked.settings);
                answer_ui(ui, asked.settings);
            } else {
                more_ui(ui, asked);
                run_more_ui(ui, workspace, asked.acts);
                run_ui(ui, workspace, asked.acts);
            }
        });
    });
}

// --- Chips

struct Part {
    text: String,
    font: FontId,
    colour: Color32,
}

fn part(text: impl Into<String>, font: FontId, colour: Color32) -> Part {
    Part { text: text.into(), font, colour }
}

/// How a chip looks beyond its words.
#[derive(Default)]
struct Chip {
    dot: Option<Color32>,
    fill: Option<Color32>,
    caption: Option<Color32>,
    arrow: Option<Color32>,
}

/// Caption over value, one dot, a line at the right. `name` is its accessible name.
fn chip_ui(ui: &mut Ui, caption: &str, name: &str, parts: Vec<Part>, chip: &Chip) -> Response {
    let tokens = Tokens::of(ui);
    let muted = chip.caption.unwrap_or(tokens.text_second);
    let caption = widgets::line_of(ui, caption, theme::words(theme::CAPTION), muted);
    let parts: Vec<_> =
        parts.into_iter().map(|part| (widgets::line_of(ui, &part.text, part.font, part.colour), part.colour)).collect();
    let dot = if chip.dot.is_some() { 14.0 } else { 0.0 };
    let arrow = if chip.arrow.is_some() { 26.0 } else { 0.0 };
    let value: f32 = parts.iter().map(|(galley, _)| galley.size().x + 6.0).sum();
    let width = (caption.size().x + arrow).max(value + dot - 6.0 + arrow) + 28.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, theme::TOP_BAR), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    let painter = ui.painter();
    let fill = if response.hovered() { chip.fill.or(Some(tokens.bg2)) } else { chip.fill };
    if let Some(fill) = fill {
        painter.rect_filled(rect, 0.0, fill);
    }
    painter.vline(rect.right() - 0.5, rect.y_range(), theme::line(tokens));
    let (mut x, middle) = (rect.left() + 14.0, rect.top() + 31.0);
    painter.galley(Pos2::new(x, rect.top() + 14.0 - caption.size().y / 2.0), caption, muted);
    if let Some(colour) = chip.dot {
        painter.circle_filled(Pos2::new(x + 4.0, middle), 4.0, colour);
        x += dot;
    }
    for (galley, colour) in parts {
        let step = galley.size().x + 6.0;
        painter.galley(Pos2::new(x, middle - galley.size().y / 2.0), galley, colour);
        x += step;
    }
    if let Some(colour) = chip.arrow {
        let sign = i::ICON_EXPAND_MORE.outlined();
        let sign = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 16.0), colour);
        painter.galley(Pos2::new(rect.right() - 26.0, middle - sign.size().y / 2.0 - 1.0), sign, colour);
    }
    widgets::focus_ring(ui, rect.shrink(3.0), &response);
    response
}

fn environment_ui(ui: &mut Ui, workspace: &Workspace, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let profile = workspace.profile();
    let production = profile.is_some_and(|profile| profile.environment == Environment::Production);
    let colour = if production { tokens.on_fill } else { tokens.text };
    let name = widgets::display_text(profile.map_or("No profile", |profile| profile.name.as_str()));
    let name: String = name.chars().take(24).collect();
    let caption = if production { "Production" } else { "Environment" };
    let chip = Chip {
        dot: profile.map(|profile| match profile.environment {
            Environment::Production => tokens.on_fill, // the chip itself is red
            other => credentials::environment_colour(tokens, other),
        }),
        fill: Some(if production { tokens.production } else { tokens.bg2 }),
        caption: production.then_some(tokens.on_fill),
        arrow: Some(colour),
    };
    let parts = vec![part(name.clone(), theme::words(theme::BODY), colour)];
    let response = chip_ui(ui, caption, &format!("{caption}: {name}"), parts, &chip);
    egui::Popup::menu(&response).show(|ui| {
        for profile in &workspace.settings.profiles {
            let chosen = profile.id == workspace.settings.active_profile;
            if credentials::profile_choice_ui(ui, profile, chosen).clicked() {
                commands.push(Command::UseProfile(profile.id.clone()));
                ui.close();
            }
        }
    });
}

fn token_ui(ui: &mut Ui, workspace: &Workspace, now: Stamp) -> Response {
    let tokens = Tokens::of(ui);
    let token = workspace.token();
    let key = i::ICON_KEY.outlined();
    let mut parts = vec![part(key.codepoint, theme::icon(key, 14.0), tokens.text_second)];
    let small = theme::words(theme::TAB);
    match token {
        TokenStatus::Absent => parts.push(part("on Run", theme::code(theme::CODE), tokens.text)),
        TokenStatus::Fetching => parts.push(part("fetching", small.clone(), tokens.text_second)),
        TokenStatus::Failed(_) => parts.push(part("failed", small.clone(), tokens.danger.ink)),
        TokenStatus::Live(view) => {
            let left = view.left(now);
            let colour = credentials::life_tone(left).map_or(tokens.text, |tone| tokens.tone(tone).ink);
            parts.push(part(widgets::clock(left), theme::code(theme::BODY), colour));
            let word = if left.is_zero() { "expired" } else { "left" };
            parts.push(part(word, small.clone(), tokens.text_second));
        }
    }
    let lacking = workspace.scopes().and_then(|held| held.finding(Step::Create, Channel::Open));
    if lacking.is_some() {
        parts.push(part("scope missing", small, tokens.warning.ink));
    }
    let response = chip_ui(ui, "Token", "Token", parts, &Chip::default());
    if let TokenStatus::Live(view) = token {
        let rect = response.rect;
        let bar = Rect::from_min_max(
            Pos2::new(rect.left() + 14.0, rect.bottom() - 5.0),
            Pos2::new(rect.right() - 14.0, rect.bottom() - 3.0),
        );
        credentials::life_bar(ui, bar, view, now);
        ui.ctx().request_repaint_after(Duration::from_secs(1)); // it counts down
    }
    let tip = match (token, lacking) {
        (TokenStatus::Failed(problem), _) => problem.line(),
        (_, Some(finding)) => finding.line(),
        _ => "Shows the token and what is in it".into(),
    };
    response.on_hover_text(widgets::display_text(&tip))
}

/// Under this width, points, the age of the last callback is left out.
const ROOM_FOR_AGE: f32 = 1400.0;

fn listener_ui(ui: &mut Ui, workspace: &Workspace, now: Stamp) {
    let tokens = Tokens::of(ui);
    let small = theme::words(theme::TAB);
    let callbacks = || workspace.deliveries.iter().filter(|delivery| delivery.kind == DeliveryKind::Callback);
    let count = callbacks().count();
    let words = if count == 1 { "1 callback".to_owned() } else { format!("{count} callbacks") };
    let mut parts = vec![part(words, small.clone(), tokens.text)];
    // Those of earlier starts have no time on this start's clock.
    let room = ui.ctx().content_rect().width() >= ROOM_FOR_AGE;
    if let Some(last) = callbacks().next_back().filter(|last| room && !last.at.mono.is_zero()) {
        parts.push(part(widgets::ago(now.since(last.at)), small, tokens.muted));
        ui.ctx().request_repaint_after(Duration::from_secs(1));
    }
    server_ui(ui, "Listener", workspace.servers.get(&Server::Listener), parts);
}

/// Clock and faults of the other side; a click opens its panel.
fn sandbox_ui(ui: &mut Ui, workspace: &Workspace, acts: &mut Vec<Act>) {
    let tokens = Tokens::of(ui);
    let small = theme::words(theme::TAB);
    let Some(ServerStatus::Up { address, .. }) = workspace.servers.get(&Server::Sandbox) else {
        return server_ui(ui, "Sandbox", None, Vec::new());
    };
    let (word, tone) = sandbox::clock::word(workspace);
    let colour = if tone == theme::Tone::Success { tokens.text } else { tokens.tone(tone).ink };
    let mut parts = vec![part(address.clone(), theme::code(theme::BODY), tokens.text)];
    if ui.ctx().content_rect().width() < ROOM_FOR_AGE {
        parts.clear(); // what moves says more than where it is
    }
    parts.push(part(format!("Clock {word}"), small.clone(), colour));
    let faults = workspace.sandbox.overview.as_ref().map(|overview| overview.faults_on());
    match faults {
        None => (),
        Some(0) => parts.push(part("· no faults", small, tokens.text_second)),
        Some(1) => parts.push(part("· 1 fault", small, tokens.warning.ink)),
        Some(n) => parts.push(part(format!("· {n} faults"), small, tokens.warning.ink)),
    }
    let said: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
    let name = format!("Sandbox: {}", said.join(" "));
    let response = chip_ui(ui, "Sandbox", &name, parts, &Chip { dot: Some(tokens.success.ink), ..Chip::default() });
    let tip = format!("The sandbox listens on {address}, this machine only\nClick to open its panel");
    if response.on_hover_text(tip).clicked() {
        acts.push(Act::Sandbox);
    }
}

fn server_ui(ui: &mut Ui, caption: &str, status: Option<&ServerStatus>, more: Vec<Part>) {
    let tokens = Tokens::of(ui);
    let (dot, words, tip) = match status {
        None | Some(ServerStatus::Off) => {
            (tokens.muted, part("not started", theme::words(theme::TAB), tokens.muted), None)
        }
        Some(ServerStatus::Up { address, instead_of }) => {
            let tip = match instead_of {
                None => format!("{caption} listens on {address}, this machine only"),
                Some(port) => format!("{caption} listens on {address}: port {port} was taken"),
            };
            (tokens.success.ink, part(address.clone(), theme::code(theme::BODY), tokens.text), Some(tip))
        }
    };
    let name = format!("{caption}: {}", words.text);
    let mut parts = vec![words];
    parts.extend(more);
    let response = chip_ui(ui, caption, &name, parts, &Chip { dot: Some(dot), ..Chip::default() });
    if let Some(tip) = tip {
        let copied = response.clicked();
        if let (true, Some(ServerStatus::Up { address, .. })) = (copied, status) {
            widgets::copy(ui, caption, &format!("http://{address}"));
        }
        let done = widgets::just_copied(ui, caption);
        response.on_hover_text(format!("{tip}\n{}", if done { "Copied" } else { "Click to copy the address" }));
    }
}

// --- Switches

fn run_ui(ui: &mut Ui, workspace: &Workspace, acts: &mut Vec<Act>) {
    let running = palette::running(workspace);
    let act = if running { Act::Cancel } else { Act::Run };
    let entry = palette::entry(act);
    let icon = if running { i::ICON_STOP.filled() } else { i::ICON_PLAY_ARROW.filled() };
    // One filled button on an empty screen: the timeline's own.
    let look = if workspace.runs.is_empty() { widgets::Look::Outlined } else { widgets::Look::Primary };
    let why_not = palette::why_not(act, workspace);
    ui.add_enabled_ui(why_not.is_none(), |ui| {
        let button = widgets::button(ui, look, widgets::Size::Run, Some(icon), entry.label, Some(entry.cap));
        if button.on_disabled_hover_text(why_not.unwrap_or_default()).clicked() {
            acts.push(act);
        }
    });
}

/// The other way to run the draft.
fn run_more_ui(ui: &mut Ui, workspace: &Workspace, acts: &mut Vec<Act>) {
    let more = widgets::icon_button(ui, i::ICON_ARROW_DROP_DOWN.outlined(), "Other ways to run");
    egui::Popup::menu(&more).show(|ui| {
        let entry = palette::entry(Act::RunVersions);
        let why_not = palette::why_not(Act::RunVersions, workspace);
        let item = egui::Button::new(entry.label).shortcut_text(entry.cap);
        let item = ui.add_enabled(why_not.is_none(), item).on_disabled_hover_text(why_not.unwrap_or_default());
        if item.on_hover_text("2.1.0, 2.2.0 and 2.3.1, one after the other; then side by side").clicked() {
            acts.push(Act::RunVersions);
        }
    });
}

fn pace_ui(ui: &mut Ui, settings: &mut Settings) {
    let paces = [(Pace::Auto, "Auto"), (Pace::Manual, "Manual")];
    // Its own layout: the bar is laid out from the right.
    ui.allocate_ui_with_layout(vec2(116.0, 28.0), Layout::left_to_right(Align::Center), |ui| {
        widgets::segmented(ui, &mut settings.pace, &paces);
    });
}

fn answer_ui(ui: &mut Ui, settings: &mut Settings) {
    ui.allocate_ui_with_layout(vec2(118.0, 28.0), Layout::left_to_right(Align::Center), |ui| {
        let answer = ui.checkbox(&mut settings.answer_myself, "I answer myself");
        answer.on_hover_text("The run stops where the bank asks the shopper, and offers the ways to answer");
    });
}

fn look_ui(ui: &mut Ui, asked: &mut Asked<'_>) {
    if widgets::icon_button(ui, i::ICON_HELP.outlined(), "Keys (F1)").clicked() {
        asked.acts.push(Act::Keys);
    }
    let (icon, name, theme) = match asked.settings.theme {
        Theme::Dark => (i::ICON_LIGHT_MODE, "Light look", Theme::Light),
        Theme::Light => (i::ICON_DARK_MODE, "Dark look", Theme::Dark),
    };
    if widgets::icon_button(ui, icon.outlined(), name).clicked() {
        asked.settings.theme = theme;
    }
    let percent = format!("{:.0} %", asked.settings.zoom * 100.0);
    let zoom = widgets::button(ui, widgets::Look::Ghost, widgets::Size::Small, None, &percent, None);
    widgets::name(&zoom, "Zoom");
    egui::Popup::menu(&zoom.on_hover_text("Zoom")).show(|ui| {
        for act in [Act::ZoomIn, Act::ZoomOut, Act::ZoomReset] {
            let entry = palette::entry(act);
            if ui.add(egui::Button::new(entry.label).shortcut_text(entry.cap)).clicked() {
                asked.acts.push(act);
            }
        }
    });
}

/// All switches in one menu, where the bar is short.
fn more_ui(ui: &mut Ui, asked: &mut Asked<'_>) {
    let more = widgets::icon_button(ui, i::ICON_MORE_VERT.outlined(), "More");
    let menu = egui::Popup::menu(&more).close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    menu.show(|ui| {
        answer_ui(ui, asked.settings);
        pace_ui(ui, asked.settings);
        ui.horizontal(|ui| look_ui(ui, asked));
    });
}
