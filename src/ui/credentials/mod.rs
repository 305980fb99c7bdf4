//! Credentials: profiles, their secrets, the token and what is in it. Says what the user
//! wants kept; a secret leaves this panel once, as a `Secret`, and is then gone from it,
//! undo history included (trust.md R40).

mod profile;
mod secrets;
mod token;

use egui::{
    Align, Color32, Layout, Margin, Pos2, Rect, Response, RichText, Role, ScrollArea, Sense, TextEdit, Ui, WidgetInfo,
    vec2,
};
use egui_material_icons::icons as i;

use self::secrets::Typed;
use super::theme::{self, Tokens};
use super::widgets;
use crate::bus::Command;
use crate::model::profile::{Environment, Profile, ProfileId, TokenStatus};
use crate::model::{Keeping, SecretState, Stamp, Workspace};

pub use token::{explained_ui, life_bar, life_tone};

/// Width of the labels' column, points.
const LABELS: f32 = theme::LABEL_COLUMN - 18.0;

/// The panel. Holds what is typed and not yet kept.
#[derive(Default)]
pub struct Panel {
    /// Unfolded.
    pub open: bool,
    edit: Option<Edit>,
    client: Typed,
    webhook: Typed,
    /// The failure of the token that was shown last.
    failure: Option<String>,
    /// The profile whose deletion is asked about.
    deleting: Option<ProfileId>,
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
                self.secrets_ui(ui, workspace, commands);
                let top = ui.cursor().min;
                token::token_ui(ui, workspace, now, commands);
                self.show_failure(ui, workspace, Rect::from_min_max(top, ui.min_rect().max));
                token::scopes_ui(ui, workspace);
            });
        });
    }

    /// Scrolls to a failure that is new; it may stand below what is seen.
    fn show_failure(&mut self, ui: &Ui, workspace: &Workspace, place: Rect) {
        let failure = match workspace.token() {
            TokenStatus::Failed(problem) => Some(problem.summary.clone()),
            _ => None,
        };
        if failure.is_some() && failure != self.failure {
            ui.scroll_to_rect(place, Some(Align::Min));
        }
        self.failure = failure;
    }

    /// Forgets what was typed as secret.
    fn wipe(&mut self, ui: &Ui) {
        self.client.wipe(ui);
        self.webhook.wipe(ui);
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
                self.deleting = None;
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
    let scopes = match profile.scopes.split_whitespace().count() {
        0 => "all scopes".to_owned(),
        1 => "1 scope".to_owned(),
        count => format!("{count} scopes"),
    };
    let kept = workspace.keychain.get(&profile.id) == Some(&Keeping::Kept);
    let held = match workspace.secrets.get(&profile.id) {
        None => "no secret",
        Some(SecretState::Held) if kept => "in the keychain",
        Some(SecretState::Held) => "in memory",
        Some(SecretState::Locked { .. }) => "secret locked",
    };
    let id = widgets::line_of(ui, &widgets::display_text(&id), theme::code(theme::SMALL), tokens.muted);
    let after = x + id.size().x + 10.0;
    painter.galley(Pos2::new(x, second - id.size().y / 2.0), id, tokens.muted);
    let meta = format!("{scopes} · {held}");
    let meta = widgets::line_of(ui, &meta, theme::words(theme::SMALL), tokens.muted);
    painter.galley(Pos2::new(after, second - meta.size().y / 2.0), meta, tokens.muted);
}

/// The colour of an environment's dot; red is production's alone.
pub fn environment_colour(tokens: &Tokens, environment: Environment) -> Color32 {
    match environment {
        Environment::Embedded => tokens.success.ink,
        Environment::VendorSandbox => tokens.accent.ink,
        Environment::Production => tokens.production,
        Environment::Custom => tokens.muted,
    }
}

/// A profile in a menu: its environment's dot, its name, and the word for production.
pub fn profile_choice_ui(ui: &mut Ui, profile: &Profile, chosen: bool) -> Response {
    let tokens = Tokens::of(ui);
    let mut label = widgets::display_text(&profile.name);
    if profile.environment == Environment::Production && !label.to_lowercase().contains("production") {
        label.push_str(" · production");
    }
    let dot = environment_colour(tokens, profile.environment);
    let shown = ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(12.0, theme::TARGET), Sense::hover());
        ui.painter().circle_filled(rect.center(), 4.0, dot);
        ui.selectable_label(chosen, label)
    });
    shown.inner
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

fn row_ui(ui: &mut Ui, name: &str, help: &str, add: impl FnOnce(&mut Ui) -> Response) -> Response {
    let shown = ui.horizontal(|ui| {
        ui.set_min_height(theme::TARGET);
        label_ui(ui, name).on_hover_text(format!("{name}: {help}"));
        add(ui)
    });
    widgets::name(&shown.inner, name);
    shown.inner
}

fn label_ui(ui: &mut Ui, name: &str) -> Response {
    let width = LABELS;
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
