//! The secrets of a profile: typed once, then shown only as held or not, in memory or in the
//! system's keychain, and for which hosts.

use egui::text_edit::TextEditState;
use egui::{Id, Key, Label, Margin, RichText, TextEdit, Ui};
use egui_material_icons::icons as i;

use super::profile::small_button;
use super::{Panel, row_ui};
use crate::bus::Command;
use crate::model::profile::{Environment, Profile, ProfileId};
use crate::model::{Keeping, Secret, SecretState, Workspace};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets;

/// Longest secret that can be typed, in characters. Our choice.
const LONGEST_SECRET: usize = 1024;

/// A secret under the pen.
#[derive(Default)]
pub(super) struct Typed {
    text: String,
    /// The field in which it is typed.
    field: Option<Id>,
}

impl Typed {
    /// Forgets what was typed. egui keeps it for undo, in clear: that too.
    pub(super) fn wipe(&mut self, ui: &Ui) {
        drop(Secret::new(std::mem::take(&mut self.text))); // a `Secret` wipes its buffer
        let Some(field) = self.field.take() else { return };
        if let Some(mut state) = TextEditState::load(ui.ctx(), field) {
            state.clear_undoer();
            state.store(ui.ctx(), field);
        }
    }

    /// Draws the field; what was typed comes out once, when the field is left.
    fn ui(&mut self, ui: &mut Ui, (name, help): (&str, &str), id: &ProfileId, held: bool) -> Option<Secret> {
        let field = Id::unique((name, &id.0));
        let hint = if held { "held; type to replace" } else { "type and press Enter" };
        let text = &mut self.text;
        let response = row_ui(ui, name, help, |ui| {
            let edit = TextEdit::singleline(text)
                .id(field)
                .password(true)
                .char_limit(LONGEST_SECRET)
                .font(theme::code(theme::CODE))
                .margin(Margin::symmetric(8, 4))
                .desired_width(ui.available_width())
                .hint_text(hint);
            ui.add(edit)
        });
        if !self.text.is_empty() {
            self.field = Some(field);
            if self.text.trim() != self.text {
                note_ui(ui, "It begins or ends with a space, which would be sent too");
            }
        }
        if !response.lost_focus() {
            return None;
        }
        let entered = !self.text.is_empty() && !ui.input(|input| input.key_pressed(Key::Escape));
        let secret = entered.then(|| Secret::new(std::mem::take(&mut self.text)));
        self.wipe(ui);
        secret
    }
}

impl Panel {
    pub(super) fn secrets_ui(&mut self, ui: &mut Ui, workspace: &Workspace, commands: &mut Vec<Command>) {
        let Some(profile) = self.edit.as_ref().map(|edit| edit.was.clone()) else { return };
        let (id, state) = (&profile.id, workspace.secrets.get(&profile.id));
        let help = ("client_secret", "The access key's secret; sent to the token address only");
        if let Some(secret) = self.client.ui(ui, help, id, state.is_some()) {
            commands.push(Command::SetSecret(id.clone(), secret));
        }
        let signed = workspace.webhook_keys.contains(id);
        if profile.environment != Environment::Embedded {
            let help = ("webhook_key", "The key with which webhooks are signed; sent nowhere");
            if let Some(key) = self.webhook.ui(ui, help, id, signed) {
                commands.push(Command::SetWebhookKey(id.clone(), key));
            }
        }
        state_ui(ui, workspace, &profile, commands);
        if profile.is_own() {
            self.keychain_ui(ui, workspace, &profile, state.is_some() || signed, commands);
        }
    }

    /// The tick, the way to forget, and what the keychain says.
    fn keychain_ui(
        &mut self,
        ui: &mut Ui,
        workspace: &Workspace,
        profile: &Profile,
        held: bool,
        commands: &mut Vec<Command>,
    ) {
        let mut remember = profile.remember;
        ui.horizontal(|ui| {
            let tick = ui.checkbox(&mut remember, "Remember in the keychain");
            tick.on_hover_text("The system keeps them, as it keeps passwords; never in a file of this program");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.add_enabled_ui(held || profile.remember, |ui| {
                    let forget = small_button(ui, "Forget secrets").on_disabled_hover_text("None is held");
                    if forget.on_hover_text("Out of memory and out of the keychain").clicked() {
                        commands.push(Command::ForgetSecrets(profile.id.clone()));
                    }
                });
            });
        });
        if remember != profile.remember {
            // With what else is under the pen, so that neither is lost.
            let edited = self.edit.as_ref().map_or_else(|| profile.clone(), |edit| edit.now.clone());
            commands.push(Command::SaveProfile(Profile { remember, ..edited }));
        }
        if let Some(Keeping::Failed(problem)) = workspace.keychain.get(&profile.id) {
            widgets::told_with(ui, Tone::Warning, problem, |ui| {
                if profile.remember && small_button(ui, "Ask the keychain again").clicked() {
                    commands.push(Command::AskKeychain(profile.id.clone()));
                }
            });
        }
    }
}

/// One line: where the client secret is.
fn state_ui(ui: &mut Ui, workspace: &Workspace, profile: &Profile, commands: &mut Vec<Command>) {
    let keeping = workspace.keychain.get(&profile.id);
    match workspace.secrets.get(&profile.id) {
        _ if keeping == Some(&Keeping::Asking) => {
            ui.horizontal(|ui| {
                ui.add(egui::Spinner::new().size(14.0));
                widgets::muted(ui, "Asking the keychain, 3 s at most");
            });
        }
        None => drop(widgets::muted(ui, "No secret is held; the token server will refuse")),
        Some(SecretState::Held) => {
            let tokens = Tokens::of(ui);
            let kept = keeping == Some(&Keeping::Kept) && profile.remember;
            ui.horizontal(|ui| {
                widgets::icon(ui, i::ICON_LOCK.outlined(), 14.0, tokens.success.ink);
                widgets::muted(
                    ui,
                    if kept { "Held, and kept in the keychain" } else { "Held in memory for this program run" },
                );
            });
        }
        Some(SecretState::Locked { entered_for }) => locked_ui(ui, profile, entered_for, commands),
    }
}

fn locked_ui(ui: &mut Ui, profile: &Profile, entered_for: &[String], commands: &mut Vec<Command>) {
    widgets::note(ui, Tone::Warning, |ui| {
        widgets::text(ui, "The secret is locked: the addresses changed", theme::TAB);
        let mut hosts = profile.origins();
        hosts.dedup();
        let (old, new) = (entered_for.join(", "), hosts.join(", "));
        let text = widgets::display_text(&format!("It was entered for {old}. Now it would go to {new}"));
        let colour = Tokens::of(ui).text_second;
        ui.add(Label::new(RichText::new(text).font(theme::words(theme::SMALL)).color(colour)).wrap());
        if small_button(ui, "Allow these hosts").on_hover_text("Or enter the secret again").clicked() {
            commands.push(Command::AllowHosts(profile.id.clone()));
        }
    });
}

fn note_ui(ui: &mut Ui, text: &str) {
    widgets::note(ui, Tone::Warning, |ui| {
        ui.add(Label::new(RichText::new(text).font(theme::words(theme::TAB))).wrap());
    });
}
