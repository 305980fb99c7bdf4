//! Production asks before the first send: what would reach a production profile that the
//! user has not confirmed is held back until the word is typed. Decides what counts as a
//! send; knows nothing of how one is done. Source: product.md, «Top bar».

use egui::{Align, Frame, Id, Key, Label, Layout, Margin, Modal, Modifiers, RichText, TextEdit, Ui};

use super::theme::{self, Tokens};
use super::{credentials, widgets};
use crate::bus::Command;
use crate::model::Workspace;
use crate::model::profile::{Environment, Profile};

/// What must be typed. Our choice.
const WORD: &str = "production";
/// Width of the window, points.
const WIDTH: f32 = 420.0;

/// What is held back, and what is typed.
#[derive(Debug, Default)]
pub struct Gate {
    held: Option<Command>,
    typed: String,
    fresh: bool,
}

impl Gate {
    /// True while the question is on the screen.
    pub fn is_open(&self) -> bool {
        self.held.is_some()
    }

    /// Takes out of `commands`, from `first` on, what must be asked for first.
    pub fn hold_back(&mut self, workspace: &Workspace, first: usize, commands: &mut Vec<Command>) {
        let found = commands.iter().skip(first).position(|command| unconfirmed(command, workspace).is_some());
        if let Some(place) = found {
            let command = commands.remove(first + place);
            commands.retain(|other| unconfirmed(other, workspace).is_none());
            *self = Self { held: Some(command), typed: String::new(), fresh: true };
        }
    }

    /// Draws the question if there is one; once answered, what was held back goes on.
    pub fn ui(&mut self, ui: &Ui, workspace: &Workspace, commands: &mut Vec<Command>) {
        let Some(profile) = self.held.as_ref().and_then(|held| unconfirmed(held, workspace)) else {
            self.held = None; // its run or its profile is gone
            return;
        };
        let frame = Frame::popup(ui.style()).fill(Tokens::of(ui).bg1).inner_margin(16);
        let shown = Modal::new(Id::unique("production")).frame(frame).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 48.0));
            ui.spacing_mut().item_spacing.y = 8.0;
            words_ui(ui, profile);
            self.answer_ui(ui)
        });
        match shown.inner {
            Some(true) => {
                commands.push(Command::ConfirmProduction(profile.id.clone()));
                commands.extend(self.held.take());
            }
            Some(false) => self.held = None,
            None if shown.should_close() => self.held = None,
            None => (),
        }
    }

    /// `None` until it is answered.
    fn answer_ui(&mut self, ui: &mut Ui) -> Option<bool> {
        widgets::text(ui, &format!("Type {WORD} to send"), theme::BODY);
        let edit = TextEdit::singleline(&mut self.typed)
            .font(theme::code(theme::CODE))
            .margin(Margin::symmetric(8, 4))
            .desired_width(f32::INFINITY);
        let field = ui.add(edit);
        widgets::name(&field, "Type the word");
        if std::mem::take(&mut self.fresh) {
            field.request_focus();
        }
        let ready = self.typed.trim() == WORD;
        let entered = field.lost_focus() && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        let mut answer = (ready && entered).then_some(true);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_enabled_ui(ready, |ui| {
                let send = widgets::primary_button(ui, None, "Send to production", None);
                if send.on_disabled_hover_text(format!("Type the word {WORD} first")).clicked() {
                    answer = Some(true);
                }
            });
            if widgets::secondary_button(ui, None, "Cancel", Some("Esc")).clicked() {
                answer = Some(false);
            }
        });
        answer
    }
}

fn words_ui(ui: &mut Ui, profile: &Profile) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        widgets::emphasis_with(ui, "Send to real systems?", theme::words(theme::TITLE), tokens.text);
        ui.with_layout(Layout::right_to_left(Align::Center), credentials::production_chip);
    });
    let line = |ui: &mut Ui, text: &str| {
        let text = RichText::new(text).font(theme::words(theme::SENTENCE)).color(tokens.text_second);
        ui.add(Label::new(text).wrap());
    };
    let name = widgets::display_text(&profile.name);
    line(ui, &format!("Requests of the profile «{name}» reach the live card networks and banks, at"));
    for host in hosts(profile) {
        let host = RichText::new(widgets::display_text(&host)).font(theme::code(theme::BODY)).color(tokens.text);
        ui.add(Label::new(host).wrap());
    }
    line(ui, "This is asked once for each start of the program.");
}

/// Whom a profile sends to, each once.
fn hosts(profile: &Profile) -> Vec<String> {
    let mut hosts = profile.origins();
    hosts.dedup();
    hosts
}

/// The production profile that a command would send to and that was not confirmed.
fn unconfirmed<'a>(command: &Command, workspace: &'a Workspace) -> Option<&'a Profile> {
    let id = match command {
        Command::Run(plan) => &plan.profile,
        Command::Do(run, _) | Command::Send(run, _) => &workspace.runs.get(run)?.plan.profile,
        Command::RenewToken => &workspace.settings.active_profile,
        _ => return None,
    };
    let profile = workspace.settings.profiles.iter().find(|profile| profile.id == *id)?;
    let asks = profile.environment == Environment::Production && !workspace.production_confirmed.contains(id);
    asks.then_some(profile)
}
