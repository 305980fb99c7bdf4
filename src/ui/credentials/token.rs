//! The token: how long it lives, what is in it, why there is none; and the table that says
//! which endpoint asks for which scope.

use std::time::Duration;

use egui::{Align, Layout, Rect, RichText, Role, Sense, Ui, WidgetInfo, vec2};
use egui_material_icons::icons as i;
use serde_json::Value;

use crate::bus::Command;
use crate::model::profile::{TokenStatus, TokenView};
use crate::model::scopes::{self, ENDPOINTS, Endpoint, Held};
use crate::model::{Problem, Stamp, Workspace};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets;

/// Under this, a token's life is shown as a warning. Source: design.md, «Chip».
pub const SHORT_LIFE: Duration = Duration::from_secs(5 * 60);

pub(super) fn token_ui(ui: &mut Ui, workspace: &Workspace, now: Stamp, commands: &mut Vec<Command>) {
    ui.add_space(6.0);
    widgets::hline(ui);
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        widgets::emphasis(ui, "Token");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let token = workspace.token();
            ui.add_enabled_ui(*token != TokenStatus::Absent, |ui| {
                let forget = widgets::button(ui, widgets::Look::Secondary, widgets::Size::Small, None, "Forget", None);
                if forget.on_disabled_hover_text("There is no token to forget").clicked() {
                    commands.push(Command::ForgetToken);
                }
            });
        });
    });
    match workspace.token() {
        TokenStatus::Absent => drop(widgets::muted(ui, "None yet; the first request fetches one")),
        TokenStatus::Fetching => {
            ui.horizontal(|ui| {
                ui.add(egui::Spinner::new().size(14.0));
                widgets::muted(ui, "Fetching a token");
            });
        }
        TokenStatus::Live(view) => {
            let elsewhere = workspace.profile().is_some_and(|profile| profile.environment.is_elsewhere());
            live_ui(ui, view, now, elsewhere);
        }
        TokenStatus::Failed(problem) => {
            explained_ui(ui, Tone::Danger, problem, |ui| {
                if widgets::secondary_button(ui, None, "Try again", None).clicked() {
                    commands.push(Command::RenewToken);
                }
            });
        }
    }
}

/// What it means, every likely cause, what to do now: nothing folded away, since the third
/// cause may be the one.
pub fn explained_ui<R>(ui: &mut Ui, tone: Tone, problem: &Problem, actions: impl FnOnce(&mut Ui) -> R) -> R {
    let tokens = Tokens::of(ui);
    let lines = |ui: &mut Ui, text: &str, colour| {
        let text = RichText::new(widgets::display_text(text)).font(theme::words(theme::TAB)).color(colour);
        ui.add(egui::Label::new(text).wrap());
    };
    widgets::note(ui, tone, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        let summary = RichText::new(widgets::display_text(&problem.summary)).color(tokens.text);
        ui.add(egui::Label::new(summary).wrap());
        if !problem.causes.is_empty() {
            lines(ui, "Likely here:", tokens.muted);
        }
        for cause in &problem.causes {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                lines(ui, "·", tokens.muted);
                lines(ui, cause, tokens.text_second);
            });
        }
        if let Some(hint) = &problem.hint {
            lines(ui, "Do now:", tokens.muted);
            lines(ui, hint, tokens.text);
        }
        actions(ui)
    })
}

/// Which endpoint asks for which scope, and whether it is there.
pub(super) fn scopes_ui(ui: &mut Ui, workspace: &Workspace) {
    ui.add_space(6.0);
    widgets::hline(ui);
    ui.add_space(4.0);
    let held = workspace.scopes();
    let whose = match &held {
        None => "all that the client has; the token will say which",
        Some(Held { granted: true, .. }) => "that the token has",
        Some(_) => "that the profile asks for",
    };
    ui.horizontal(|ui| {
        widgets::emphasis(ui, "Scopes");
        widgets::muted(ui, whose);
    });
    for endpoint in &ENDPOINTS {
        endpoint_ui(ui, endpoint, held.as_ref());
    }
}

fn endpoint_ui(ui: &mut Ui, endpoint: &Endpoint, held: Option<&Held>) {
    let tokens = Tokens::of(ui);
    let needed = scopes::needs(endpoint.step, endpoint.channel).join(" or ");
    let lacking = held.map(|held| scopes::missing(&held.scopes, endpoint.step, endpoint.channel).is_some());
    let (sign, word, colour) = match lacking {
        None => (i::ICON_HELP, "not known yet", tokens.muted),
        Some(false) => (i::ICON_CHECK, "there", tokens.success.ink),
        Some(true) => (i::ICON_WARNING, "missing", tokens.warning.ink),
    };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 34.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{}: {word}: {needed}", endpoint.name)));
    let painter = ui.painter();
    let word = widgets::line_of(ui, word, theme::words(theme::SMALL), colour);
    let sign = sign.outlined();
    let sign = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 14.0), colour);
    let middle = rect.top() + 10.0;
    let at = rect.right() - word.size().x;
    painter.galley(egui::pos2(at - sign.size().x - 4.0, middle - sign.size().y / 2.0), sign, colour);
    painter.galley(egui::pos2(at, middle - word.size().y / 2.0), word, colour);
    let name = widgets::line_of(ui, endpoint.name, theme::code(theme::SMALL), tokens.text);
    painter.galley(egui::pos2(rect.left(), middle - name.size().y / 2.0), name, tokens.text);
    let needed = widgets::line_of(ui, &needed, theme::code(theme::CAPTION), tokens.muted);
    let clipped = painter.with_clip_rect(rect);
    clipped.galley(egui::pos2(rect.left(), rect.top() + 18.0), needed, tokens.muted);
    if lacking == Some(true) {
        response.on_hover_text("Expect 403 operation_not_allowed_for_scope");
    }
}

fn live_ui(ui: &mut Ui, view: &TokenView, now: Stamp, elsewhere: bool) {
    let left = view.left(now);
    let ink = life_tone(left).map_or(Tokens::of(ui).text, |tone| Tokens::of(ui).tone(tone).ink);
    let said = match left.is_zero() {
        true => "Expired; the next request fetches a new one".to_owned(),
        false => format!("{} left, renewed {} before the end", widgets::clock(left), renewed(view)),
    };
    ui.label(RichText::new(said).font(theme::words(theme::TAB)).color(ink));
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 2.0), Sense::hover());
    life_bar(ui, rect, view, now);
    // The embedded sandbox's clock may be moved on purpose.
    if let Some(seconds) = view.clock_off().filter(|_| elsewhere) {
        let apart = widgets::clock(Duration::from_secs(seconds.unsigned_abs()));
        let way = if seconds > 0 { "behind" } else { "ahead of" };
        widgets::note(ui, Tone::Warning, |ui| {
            let text = format!("This machine's clock is {apart} {way} the token server's: set it, or expect 401");
            ui.add(egui::Label::new(RichText::new(text).font(theme::words(theme::TAB))).wrap());
        });
    }
    if !view.scopes.is_empty() {
        ui.add_space(2.0);
        widgets::key_value_ui(ui, "granted", &view.scopes.join(" "));
    }
    for (title, part) in [("Header", &view.header), ("Claims", &view.claims)] {
        let Some(Value::Object(members)) = part else { continue };
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            widgets::text(ui, title, theme::TAB);
            if title == "Claims" {
                widgets::muted(ui, "signature not verified");
            }
        });
        for (key, value) in members {
            widgets::key_value_ui(ui, key, &claim(key, value, now));
        }
    }
}

fn renewed(view: &TokenView) -> String {
    widgets::clock(view.life.saturating_sub(view.renewal()))
}

/// How a token's life is to be shown; `None` while it is long.
pub fn life_tone(left: Duration) -> Option<Tone> {
    match left {
        Duration::ZERO => Some(Tone::Danger),
        left if left < SHORT_LIFE => Some(Tone::Warning),
        _ => None,
    }
}

/// A token's life as a bar, 2 points high.
pub fn life_bar(ui: &Ui, rect: Rect, view: &TokenView, now: Stamp) {
    let tokens = Tokens::of(ui);
    let left = view.left(now);
    let part = left.as_secs_f32() / view.life.as_secs_f32().max(1.0);
    let tone = life_tone(left).unwrap_or(Tone::Success);
    ui.painter().rect_filled(rect, 1.0, tokens.bg3);
    let filled = Rect::from_min_size(rect.min, vec2(rect.width() * part.clamp(0.0, 1.0), rect.height()));
    ui.painter().rect_filled(filled, 1.0, tokens.tone(tone).ink);
}

/// A claim's value; times as moments, and how far away they are.
fn claim(key: &str, value: &Value, now: Stamp) -> String {
    let moment = matches!(key, "exp" | "iat" | "nbf" | "auth_time").then(|| value.as_i64()).flatten();
    let plain = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let Some(seconds) = moment else { return plain() };
    let distance = seconds.saturating_sub(now.wall.as_second());
    let apart = Duration::from_secs(distance.unsigned_abs());
    let at = if distance >= 0 { now.wall.checked_add(apart) } else { now.wall.checked_sub(apart) };
    let Ok(at) = at else { return plain() };
    let at = at.to_string();
    let at = at.split('.').next().unwrap_or(&at).trim_end_matches('Z').replace('T', " ");
    match distance {
        0.. => format!("{at} UTC, in {}", widgets::clock(apart)),
        _ => format!("{at} UTC, {} ago", widgets::clock(apart)),
    }
}
