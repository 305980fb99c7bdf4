//! Choosing a profile, making, copying, deleting one, and the fields of the one in use.

use egui::{Label, RichText, Ui};

use super::{Edit, Panel, environment_colour, fixed_ui, input_ui, production_chip, profile_choice_ui, row_ui};
use crate::bus::Command;
use crate::model::profile::{Environment, Profile, ProfileId};
use crate::model::{Workspace, oauth};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets;

/// Characters of a field that are surely seen at once.
const FITS: usize = 20;

impl Panel {
    pub(super) fn picker_ui(&mut self, ui: &mut Ui, workspace: &Workspace, commands: &mut Vec<Command>) {
        let active = &workspace.settings.active_profile;
        let name = workspace.profile().map_or("none", |profile| profile.name.as_str());
        row_ui(ui, "profile", "Whom this program talks to", |ui| {
            let combo = egui::ComboBox::from_id_salt("profile")
                .width(ui.available_width())
                .truncate()
                .icon(widgets::combo_arrow);
            let shown = combo.selected_text(widgets::display_text(name)).show_ui(ui, |ui| {
                for profile in &workspace.settings.profiles {
                    if profile_choice_ui(ui, profile, profile.id == *active).clicked() {
                        commands.push(Command::UseProfile(profile.id.clone()));
                        ui.close();
                    }
                }
                ui.separator();
                for environment in elsewhere() {
                    if ui.button(format!("New profile, {}", environment.name().to_lowercase())).clicked() {
                        commands.push(Command::AddProfile(fresh(workspace, environment)));
                    }
                }
            });
            shown.response
        });
        let Some(profile) = workspace.profile() else {
            widgets::muted(ui, "Choose a profile, or make a new one");
            return;
        };
        self.acts_ui(ui, workspace, profile, commands);
        if profile.environment == Environment::Production {
            production_chip(ui);
            widgets::muted_lines(ui, "Real cards and real money: this profile sends to production");
        }
        if profile.is_from_environment() {
            let text = "From the environment variables of this start; nothing of it is saved";
            widgets::muted_lines(ui, text);
        }
    }

    fn acts_ui(&mut self, ui: &mut Ui, workspace: &Workspace, profile: &Profile, commands: &mut Vec<Command>) {
        if self.deleting.as_ref() == Some(&profile.id) {
            return self.deletion_ui(ui, profile, commands);
        }
        if profile.environment == Environment::Embedded {
            return;
        }
        ui.horizontal(|ui| {
            if small_button(ui, "Duplicate")
                .on_hover_text("A second one with the same fields, without secrets")
                .clicked()
            {
                let name = free_name(workspace, &format!("{} copy", profile.name));
                commands.push(Command::AddProfile(Profile { name, remember: false, ..profile.clone() }));
            }
            if profile.is_own() && small_button(ui, "Delete").clicked() {
                self.deleting = Some(profile.id.clone());
            }
        });
    }

    /// In place rather than in a window: it concerns this panel alone.
    fn deletion_ui(&mut self, ui: &mut Ui, profile: &Profile, commands: &mut Vec<Command>) {
        widgets::note(ui, Tone::Warning, |ui| {
            let name = widgets::display_text(&profile.name);
            let text = format!("Delete «{name}»? Its token and secrets go too, those in the keychain as well.");
            ui.add(Label::new(RichText::new(text).font(theme::words(theme::TAB))).wrap());
            ui.horizontal(|ui| {
                if small_button(ui, "Delete profile").clicked() {
                    commands.push(Command::RemoveProfile(profile.id.clone()));
                    self.deleting = None;
                }
                if small_button(ui, "Leave it").clicked() {
                    self.deleting = None;
                }
            });
        });
    }

    pub(super) fn fields_ui(&mut self, ui: &mut Ui, commands: &mut Vec<Command>) {
        let Some(edit) = &mut self.edit else { return };
        let findings = edit.now.check();
        let now = &mut edit.now;
        let fixed = now.environment == Environment::Embedded;
        let mut done = false;
        if now.is_own() {
            done |= field_ui(ui, "name", "What this profile is called here", &mut now.name);
            done |= environment_ui(ui, now);
            done |= prefix_ui(ui, now);
        }
        for name in ["base_url", "token_url", "client_id", "scopes", "processing_channel_id"] {
            let (help, text) = field(now, name);
            if fixed && matches!(name, "base_url" | "token_url" | "client_id") {
                fixed_ui(ui, name, text);
            } else {
                done |= field_ui(ui, name, help, text);
            }
            for (_, message) in findings.iter().filter(|(field, _)| *field == name) {
                warning_ui(ui, message);
            }
            match name {
                "token_url" if !now.has_vendor_hosts() => done |= vendor_hosts_ui(ui, now),
                "scopes" => spelling_ui(ui, &now.scopes),
                _ => (),
            }
        }
        if done {
            keep(edit, commands);
        }
    }
}

fn keep(edit: &mut Edit, commands: &mut Vec<Command>) {
    if edit.now.name.trim().is_empty() {
        edit.now.name.clone_from(&edit.was.name); // a profile without a name could not be chosen
    }
    if edit.now != edit.was {
        commands.push(Command::SaveProfile(edit.now.clone()));
    }
}

fn field<'a>(profile: &'a mut Profile, name: &str) -> (&'static str, &'a mut String) {
    match name {
        "base_url" => ("Where the Sessions API is", &mut profile.base_url),
        "token_url" => ("Where tokens come from", &mut profile.token_url),
        "client_id" => ("The access key's id, ack_… or cli_…", &mut profile.client_id),
        "scopes" => ("Asked for, with spaces between; empty asks for all", &mut profile.scopes),
        _ => ("pc_…; needed only if the token carries none", &mut profile.processing_channel_id),
    }
}

/// True when the field was left.
fn field_ui(ui: &mut Ui, name: &str, help: &str, text: &mut String) -> bool {
    let response = row_ui(ui, name, help, |ui| input_ui(ui, text));
    let left = response.lost_focus();
    if text.chars().count() > FITS {
        response.on_hover_text(widgets::display_text(text));
    }
    left
}

fn environment_ui(ui: &mut Ui, profile: &mut Profile) -> bool {
    let before = profile.environment;
    let mut chosen = before;
    row_ui(ui, "environment", "Fills in the hosts; the secret must be allowed for them anew", |ui| {
        let combo = egui::ComboBox::from_id_salt("environment").width(ui.available_width()).icon(widgets::combo_arrow);
        let colour = environment_colour(Tokens::of(ui), before);
        let shown = combo.selected_text(before.name()).show_ui(ui, |ui| {
            for environment in elsewhere() {
                ui.selectable_value(&mut chosen, environment, environment.name());
            }
        });
        let rect = shown.response.rect;
        ui.painter().circle_filled(egui::pos2(rect.right() - 30.0, rect.center().y), 4.0, colour);
        shown.response
    });
    if chosen != before {
        profile.set_environment(chosen);
    }
    chosen != before
}

/// The account's part of the vendor's host names, and what the client id suggests.
fn prefix_ui(ui: &mut Ui, profile: &mut Profile) -> bool {
    if profile.environment.hosts("").is_none() {
        return false;
    }
    let mut text = profile.prefix.clone();
    let help = "The account's part of the host names: PREFIX.api.sandbox.checkout.com. Empty for the common hosts";
    let response = row_ui(ui, "prefix", help, |ui| input_ui(ui, &mut text));
    if response.changed() {
        profile.set_prefix(&text);
    }
    let mut done = response.lost_focus();
    if let Some(message) = profile.prefix_finding() {
        warning_ui(ui, message);
    }
    if let Some(likely) = profile.likely_prefix().filter(|likely| *likely != profile.prefix) {
        ui.horizontal(|ui| {
            ui.add_space(super::LABELS + ui.spacing().item_spacing.x);
            if widgets::link(ui, &format!("Use {likely} of client_id")).clicked() {
                profile.set_prefix(&likely);
                done = true;
            }
        });
    }
    done
}

fn vendor_hosts_ui(ui: &mut Ui, profile: &mut Profile) -> bool {
    let clicked = ui
        .horizontal(|ui| {
            ui.add_space(super::LABELS + ui.spacing().item_spacing.x);
            widgets::link(ui, "Use the vendor's hosts").clicked()
        })
        .inner;
    if clicked {
        profile.use_vendor_hosts();
    }
    clicked
}

/// A scope that is almost one of ours.
fn spelling_ui(ui: &mut Ui, scopes: &str) {
    for word in scopes.split_whitespace() {
        let plain = word.trim_matches([',', ';']);
        if plain != word {
            warning_ui(ui, "Separate scopes by spaces, not by commas");
        }
        if let Some(meant) = oauth::likely_scope(plain) {
            warning_ui(ui, &format!("{plain} is no scope of the contract; {meant} is one"));
        }
    }
}

fn warning_ui(ui: &mut Ui, message: &str) {
    widgets::note(ui, Tone::Warning, |ui| {
        let text = RichText::new(widgets::display_text(message)).font(theme::words(theme::TAB));
        ui.add(Label::new(text).wrap());
    });
}

pub(super) fn small_button(ui: &mut Ui, label: &str) -> egui::Response {
    widgets::button(ui, widgets::Look::Secondary, widgets::Size::Small, None, label, None)
}

/// The environments of which profiles can be made.
fn elsewhere() -> impl Iterator<Item = Environment> {
    Environment::ALL.into_iter().filter(|environment| environment.is_elsewhere())
}

/// A new profile under a name that is free; the engine gives it its id.
fn fresh(workspace: &Workspace, environment: Environment) -> Profile {
    let profile = Profile::new(ProfileId(String::new()), environment);
    Profile { name: free_name(workspace, &profile.name), ..profile }
}

fn free_name(workspace: &Workspace, wanted: &str) -> String {
    let taken = |name: &str| workspace.settings.profiles.iter().any(|profile| profile.name == name);
    let numbered = (2..).map(|number| format!("{wanted} {number}"));
    std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}
