//! Credentials: profiles, the client secret, the token and what is in it. Says what the
//! user wants kept; the secret leaves this panel once, as a `Secret`, and is then gone
//! from it, undo history included (trust.md R40).

use std::time::Duration;

use egui::text_edit::TextEditState;
use egui::{
    Align, Id, Key, Layout, Margin, Pos2, Rect, Response, RichText, Role, ScrollArea, Sense, TextEdit, Ui, WidgetInfo,
    vec2,
};
use egui_material_icons::icons as i;
use serde_json::Value;

use super::theme::{self, Tokens, Tone};
use super::widgets;
use crate::bus::Command;
use crate::model::profile::{Environment, Profile, ProfileId, TokenStatus, TokenView};
use crate::model::{Secret, SecretState, Stamp, Workspace, explain};

/// Longest client secret that can be typed, in characters. Our choice.
const LONGEST_SECRET: usize = 1024;
/// Under this, a token's life is shown as a warning. Source: design.md, «Chip».
pub const SHORT_LIFE: Duration = Duration::from_secs(5 * 60);

/// The panel. Holds what is typed and not yet kept.
#[derive(Default)]
pub struct Panel {
    /// Unfolded.
    pub open: bool,
    edit: Option<Edit>,
    secret: String,
    /// The field in which `secret` is typed.
    field: Option<Id>,
}

/// A profile under the pen, and as it was when it was taken up.
struct Edit {
    now: Profile,
    was: Profile,
}

impl Panel {
    /// A panel that is unfolded or not.
    pub fn new(open: bool) -> Self {
        Self { open, ..Self::default() }
    }

    /// Draws the head, and the rest if it is unfolded. `height` is the most it may take.
    pub fn ui(&mut self, ui: &mut Ui, workspace: &Workspace, now: Stamp, height: f32, commands: &mut Vec<Command>) {
        self.follow(ui, workspace);
        self.head_ui(ui, workspace, commands);
        if !self.open {
            self.wipe(ui);
            return;
        }
        ScrollArea::vertical().id_salt("credentials").max_height(height).auto_shrink([false, true]).show(ui, |ui| {
            let margin = Margin { left: 12, right: 12, top: 0, bottom: 10 };
            egui::Frame::new().inner_margin(margin).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 4.0;
                self.picker_ui(ui, workspace, commands);
                self.fields_ui(ui, commands);
                self.secret_ui(ui, workspace, commands);
                token_ui(ui, workspace, now, commands);
            });
        });
    }

    /// Forgets what was typed as secret. egui keeps it for undo, in clear: that too.
    fn wipe(&mut self, ui: &Ui) {
        drop(Secret::new(std::mem::take(&mut self.secret))); // a `Secret` wipes its buffer
        let Some(field) = self.field.take() else { return };
        if let Some(mut state) = TextEditState::load(ui.ctx(), field) {
            state.clear_undoer();
            state.store(ui.ctx(), field);
        }
    }

    /// Takes up the profile in use, anew when somebody else changed it.
    fn follow(&mut self, ui: &Ui, workspace: &Workspace) {
        let Some(profile) = workspace.profile() else {
            self.edit = None;
            return;
        };
        if self.edit.as_ref().is_none_or(|edit| edit.was != *profile) {
            if self.edit.as_ref().is_none_or(|edit| edit.was.id != profile.id) {
                self.wipe(ui);
            }
            self.edit = Some(Edit { now: profile.clone(), was: profile.clone() });
        }
    }

    fn head_ui(&mut self, ui: &mut Ui, workspace: &Workspace, commands: &mut Vec<Command>) {
        let tokens = Tokens::of(ui);
        let top = ui.cursor().min;
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 56.0), Sense::click());
        response.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, true, self.open, "Credentials"));
        if response.hovered() {
            ui.painter().rect_filled(rect, 0.0, tokens.bg2);
        }
        widgets::focus_ring(ui, rect.shrink(3.0), &response);
        if response.clicked() {
            self.open = !self.open;
        }
        let (label, command) = renewal(workspace);
        let place = Rect::from_min_max(
            Pos2::new(rect.right() - 130.0, top.y + 6.0),
            Pos2::new(rect.right() - 6.0, top.y + 34.0),
        );
        let mut right =
            ui.new_child(egui::UiBuilder::new().max_rect(place).layout(Layout::right_to_left(Align::Center)));
        if widgets::button(&mut right, widgets::Look::Ghost, widgets::Size::Small, None, label, None).clicked() {
            commands.push(command);
        }
        let room = Rect::from_min_max(rect.min, Pos2::new(right.min_rect().left() - 4.0, rect.bottom()));
        paint_head(ui, room, rect, self.open, workspace);
    }

    fn picker_ui(&mut self, ui: &mut Ui, workspace: &Workspace, commands: &mut Vec<Command>) {
        let active = &workspace.settings.active_profile;
        let name = workspace.profile().map_or("none", |profile| profile.name.as_str());
        row_ui(ui, "profile", "Whom this program talks to", |ui| {
            let combo = egui::ComboBox::from_id_salt("profile")
                .width(ui.available_width())
                .truncate()
                .icon(widgets::combo_arrow);
            let shown = combo.selected_text(widgets::display_text(name)).show_ui(ui, |ui| {
                for profile in &workspace.settings.profiles {
                    let label = widgets::display_text(&profile.name);
                    if ui.selectable_label(profile.id == *active, label).clicked() {
                        commands.push(Command::UseProfile(profile.id.clone()));
                    }
                }
                ui.separator();
                for environment in Environment::ALL.into_iter().filter(|one| *one != Environment::Embedded) {
                    if ui.button(format!("New profile, {}", environment.name().to_lowercase())).clicked() {
                        let profile = Profile::new(free_id(workspace), environment);
                        commands.push(Command::SaveProfile(profile.clone()));
                        commands.push(Command::UseProfile(profile.id));
                    }
                }
            });
            shown.response
        });
        let Some(profile) = workspace.profile() else {
            widgets::muted(ui, "Choose a profile, or make a new one");
            return;
        };
        if profile.environment == Environment::Production {
            production_chip(ui);
            widgets::muted_lines(ui, "Real cards and real money: this profile sends to production");
        }
    }

    fn fields_ui(&mut self, ui: &mut Ui, commands: &mut Vec<Command>) {
        let Some(edit) = &mut self.edit else { return };
        let findings = edit.now.check();
        let fixed = edit.now.environment == Environment::Embedded;
        let profile = &mut edit.now;
        let rows: [(&str, &str, &mut String, bool); 6] = [
            ("name", "What this profile is called here", &mut profile.name, false),
            ("base_url", "Where the Sessions API is", &mut profile.base_url, fixed),
            ("token_url", "Where tokens come from", &mut profile.token_url, fixed),
            ("client_id", "The access key's id, ack_…", &mut profile.client_id, fixed),
            ("scopes", "Asked for, with spaces between; empty asks for all", &mut profile.scopes, false),
            (
                "processing_channel_id",
                "pc_…; needed only if the token carries none",
                &mut profile.processing_channel_id,
                false,
            ),
        ];
        let mut left = false;
        for (name, help, text, fixed) in rows {
            if fixed {
                fixed_ui(ui, name, text);
                continue;
            }
            let response = row_ui(ui, name, help, |ui| input_ui(ui, text));
            left |= response.lost_focus();
            for (_, message) in findings.iter().filter(|(field, _)| *field == name) {
                widgets::note(ui, Tone::Warning, |ui| {
                    ui.add(egui::Label::new(RichText::new(message).font(theme::words(theme::TAB))).wrap());
                });
            }
        }
        if left && edit.now != edit.was {
            commands.push(Command::SaveProfile(edit.now.clone()));
        }
    }

    fn secret_ui(&mut self, ui: &mut Ui, workspace: &Workspace, commands: &mut Vec<Command>) {
        let Some(id) = self.edit.as_ref().map(|edit| edit.was.id.clone()) else { return };
        let state = workspace.secrets.get(&id);
        let field = Id::unique(("client secret", &id.0));
        let hint = if state.is_some() { "held; type to replace" } else { "type and press Enter" };
        let secret = &mut self.secret;
        let response = row_ui(ui, "client_secret", "Sent to the token address only", |ui| {
            let edit = TextEdit::singleline(secret)
                .id(field)
                .password(true)
                .char_limit(LONGEST_SECRET)
                .font(theme::code(theme::CODE))
                .margin(Margin::symmetric(8, 4))
                .desired_width(ui.available_width())
                .hint_text(hint);
            ui.add(edit)
        });
        if !self.secret.is_empty() {
            self.field = Some(field);
        }
        if response.lost_focus() {
            if !self.secret.is_empty() && !ui.input(|input| input.key_pressed(Key::Escape)) {
                commands.push(Command::SetSecret(id, Secret::new(std::mem::take(&mut self.secret))));
            }
            self.wipe(ui);
        }
        secret_state_ui(ui, state);
    }
}

fn secret_state_ui(ui: &mut Ui, state: Option<&SecretState>) {
    match state {
        None => drop(widgets::muted(ui, "No secret is held; the token server will refuse")),
        Some(SecretState::Held) => {
            let tokens = Tokens::of(ui);
            ui.horizontal(|ui| {
                widgets::icon(ui, i::ICON_LOCK.outlined(), 14.0, tokens.success.ink);
                widgets::muted(ui, "Held in memory for this program run");
            });
        }
        Some(SecretState::Locked { entered_for }) => widgets::note(ui, Tone::Warning, |ui| {
            let hosts = widgets::display_text(&entered_for.join(", "));
            widgets::text(ui, "The secret is locked: the addresses changed", theme::TAB);
            let text = format!("It was entered for {hosts}. Enter it again to send it to the addresses above");
            let colour = Tokens::of(ui).text_second;
            ui.add(egui::Label::new(RichText::new(text).font(theme::words(theme::SMALL)).color(colour)).wrap());
        }),
    }
}

/// What the button in the head does now.
fn renewal(workspace: &Workspace) -> (&'static str, Command) {
    match workspace.token() {
        TokenStatus::Live(_) => ("Renew token", Command::RenewToken),
        TokenStatus::Absent | TokenStatus::Fetching | TokenStatus::Failed(_) => ("Get token", Command::RenewToken),
    }
}

fn paint_head(ui: &Ui, room: Rect, rect: Rect, open: bool, workspace: &Workspace) {
    let tokens = Tokens::of(ui);
    let painter = ui.painter().with_clip_rect(room.intersect(ui.clip_rect()));
    let sign = if open { i::ICON_EXPAND_MORE } else { i::ICON_CHEVRON_RIGHT }.outlined();
    let first = rect.top() + 20.0;
    let put = |x: f32, middle: f32, text: &str, font, colour| {
        let galley = widgets::line_of(ui, text, font, colour);
        let end = x + galley.size().x;
        painter.galley(Pos2::new(x, middle - galley.size().y / 2.0), galley, colour);
        end
    };
    put(rect.left() + 12.0, first, sign.codepoint, theme::icon(sign, 16.0), tokens.text_second);
    let title = widgets::line_of(ui, "Credentials", theme::words(theme::BODY), tokens.text);
    let (x, width) = (rect.left() + 32.0, title.size().x);
    widgets::paint_emphasis(&painter, Pos2::new(x, first - title.size().y / 2.0), title, tokens.text);
    let Some(profile) = workspace.profile() else { return };
    let name = widgets::display_text(&profile.name);
    put(x + width + 8.0, first, &name, theme::words(theme::BODY), tokens.text_second);
    let second = rect.top() + 40.0;
    let id: String = profile.client_id.chars().take(16).collect();
    let id = if id.is_empty() { "no client id".into() } else { format!("{id}…") };
    let painter = ui.painter();
    let scopes = profile.scopes.split_whitespace().count();
    let held = match workspace.secrets.get(&profile.id) {
        None => "no secret",
        Some(SecretState::Held) => "in memory",
        Some(SecretState::Locked { .. }) => "secret locked",
    };
    let id = widgets::line_of(ui, &widgets::display_text(&id), theme::code(theme::SMALL), tokens.muted);
    let after = x + id.size().x + 10.0;
    painter.galley(Pos2::new(x, second - id.size().y / 2.0), id, tokens.muted);
    let meta = format!("{scopes} scopes · {held}");
    let meta = widgets::line_of(ui, &meta, theme::words(theme::SMALL), tokens.muted);
    painter.galley(Pos2::new(after, second - meta.size().y / 2.0), meta, tokens.muted);
}

/// The filled chip that only production has.
pub fn production_chip(ui: &mut Ui) -> Response {
    let tokens = Tokens::of(ui);
    let words = widgets::line_of(ui, "Production", theme::words(theme::TAB), tokens.on_fill);
    let (rect, response) = ui.allocate_exact_size(vec2(words.size().x + 16.0, 20.0), Sense::hover());
    ui.painter().rect_filled(rect, 10.0, tokens.production);
    let at = rect.center() - words.size() / 2.0;
    widgets::paint_emphasis(ui.painter(), at, words, tokens.on_fill);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, "Production"));
    response
}

fn free_id(workspace: &Workspace) -> ProfileId {
    let taken = |id: &ProfileId| workspace.settings.profiles.iter().any(|profile| profile.id == *id);
    let mut number = workspace.settings.profiles.len();
    loop {
        let id = ProfileId(format!("profile-{number}"));
        if !taken(&id) {
            return id;
        }
        number += 1;
    }
}

fn row_ui(ui: &mut Ui, name: &str, help: &str, add: impl FnOnce(&mut Ui) -> Response) -> Response {
    let shown = ui.horizontal(|ui| {
        ui.set_min_height(theme::TARGET);
        label_ui(ui, name).on_hover_text(help);
        add(ui)
    });
    widgets::name(&shown.inner, name);
    shown.inner
}

fn label_ui(ui: &mut Ui, name: &str) -> Response {
    let width = theme::LABEL_COLUMN - 18.0;
    let layout = Layout::left_to_right(Align::Center);
    let shown = ui.allocate_ui_with_layout(vec2(width, theme::TARGET), layout, |ui| {
        ui.set_min_width(width);
        let text = RichText::new(name).font(theme::code(theme::SMALL)).color(Tokens::of(ui).text_second);
        ui.add(egui::Label::new(text).truncate().selectable(false))
    });
    shown.inner
}

fn input_ui(ui: &mut Ui, text: &mut String) -> Response {
    let edit = TextEdit::singleline(text)
        .font(theme::code(theme::CODE))
        .margin(Margin::symmetric(8, 4))
        .desired_width(ui.available_width());
    ui.add(edit)
}

/// What the program fills in at each start.
fn fixed_ui(ui: &mut Ui, name: &str, text: &str) {
    ui.horizontal(|ui| {
        label_ui(ui, name).on_hover_text("Filled in by the program at each start");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            widgets::copy_button(ui, name, text);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let shown = if text.is_empty() { "filled in at start" } else { text };
                let shown = RichText::new(widgets::display_text(shown)).font(theme::code(theme::CODE));
                ui.add(egui::Label::new(shown).truncate()).on_hover_text(text);
            });
        });
    });
}

fn token_ui(ui: &mut Ui, workspace: &Workspace, now: Stamp, commands: &mut Vec<Command>) {
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
        TokenStatus::Live(view) => live_ui(ui, view, now),
        TokenStatus::Failed(problem) => widgets::problem_with(ui, problem, |ui| {
            let line = problem.line();
            let code = OAUTH_CODES.iter().find(|code| line.contains(**code));
            if let Some(code) = code {
                let colour = Tokens::of(ui).text_second;
                let text = format!("{code}: {}", explain::error_code(code));
                ui.add(egui::Label::new(RichText::new(text).font(theme::words(theme::TAB)).color(colour)).wrap());
            }
            if widgets::secondary_button(ui, None, "Try again", None).clicked() {
                commands.push(Command::RenewToken);
            }
        }),
    }
}

/// The token server's own error words. Source: sessions-api.md 1.5.
const OAUTH_CODES: [&str; 4] = ["invalid_client", "invalid_request", "invalid_scope", "unsupported_grant_type"];

fn live_ui(ui: &mut Ui, view: &TokenView, now: Stamp) {
    let left = view.left(now);
    let ink = life_tone(left).map_or(Tokens::of(ui).text, |tone| Tokens::of(ui).tone(tone).ink);
    let said = match left.is_zero() {
        true => "Expired; the next request fetches a new one".to_owned(),
        false => format!("{} left, renewed {} before the end", widgets::clock(left), renewed(view)),
    };
    ui.label(RichText::new(said).font(theme::words(theme::TAB)).color(ink));
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 2.0), Sense::hover());
    life_bar(ui, rect, view, now);
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
