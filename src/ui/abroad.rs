//! Before the browser opens a page of a host that is neither this machine nor the profile's
//! own: shows the host and asks, once for each host and run. Decides what is foreign by the
//! profile; opens nothing itself. Source: trust.md R49.

use std::collections::HashSet;

use egui::{Align, Frame, Id, Label, Layout, Modal, RichText, Ui};
use url::Url;

use super::theme::{self, Tokens};
use super::widgets;
use crate::bus::Command;
use crate::model::exchange::Step;
use crate::model::run::{Answer, Phase};
use crate::model::{RunId, Workspace};

/// Width of the window, points.
const WIDTH: f32 = 420.0;

/// What is held back, and what was allowed.
#[derive(Debug, Default)]
pub struct Gate {
    held: Option<(Command, Place)>,
    allowed: HashSet<Place>,
}

/// A run, if it is one's page, and a host.
type Place = (Option<RunId>, String);

impl Gate {
    /// True while the question is on the screen.
    pub fn is_open(&self) -> bool {
        self.held.is_some()
    }

    /// Takes out of `commands`, from `first` on, what would open a foreign host.
    pub fn hold_back(&mut self, workspace: &Workspace, first: usize, commands: &mut Vec<Command>) {
        let found = commands.iter().enumerate().skip(first).find_map(|(place, command)| {
            let foreign = foreign(command, workspace).filter(|foreign| !self.allowed.contains(foreign))?;
            Some((place, foreign))
        });
        if let Some((place, foreign)) = found {
            self.held = Some((commands.remove(place), foreign));
        }
    }

    /// Draws the question if there is one; once answered, what was held back goes on.
    pub fn ui(&mut self, ui: &Ui, commands: &mut Vec<Command>) {
        let Some((_, (_, host))) = &self.held else { return };
        let frame = Frame::popup(ui.style()).fill(Tokens::of(ui).bg1).inner_margin(16);
        let shown = Modal::new(Id::unique("abroad")).frame(frame).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 48.0));
            ui.spacing_mut().item_spacing.y = 8.0;
            question_ui(ui, host)
        });
        let answer = shown.inner.or_else(|| shown.should_close().then_some(false));
        let Some(open) = answer else { return };
        let Some((command, place)) = self.held.take() else { return };
        if open {
            self.allowed.insert(place);
            commands.push(command);
        }
    }
}

/// `None` until it is answered.
fn question_ui(ui: &mut Ui, host: &str) -> Option<bool> {
    let tokens = Tokens::of(ui);
    let line = |ui: &mut Ui, text: &str| {
        let text = RichText::new(text).font(theme::words(theme::SENTENCE)).color(tokens.text_second);
        ui.add(Label::new(text).wrap());
    };
    widgets::emphasis_with(ui, "Open a page of another host?", theme::words(theme::TITLE), tokens.text);
    line(ui, "An answer of the API names this host. It is neither this machine nor the profile's own:");
    let name = RichText::new(widgets::display_text(host)).font(theme::code(theme::BODY)).color(tokens.text);
    ui.add(Label::new(name).wrap());
    line(ui, "It is asked once for each host and run.");
    let mut answer = None;
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if widgets::primary_button(ui, None, "Open this host", None).clicked() {
            answer = Some(true);
        }
        if widgets::secondary_button(ui, None, "Cancel", Some("Esc")).clicked() {
            answer = Some(false);
        }
    });
    answer
}

/// The foreign host that a command would open.
fn foreign(command: &Command, workspace: &Workspace) -> Option<Place> {
    let (run, address) = match command {
        Command::OpenInBrowser(address) => (None, address.as_str()),
        Command::Answer(run, Answer::Browser, request) => match &workspace.runs.get(run)?.phase {
            Phase::Waiting(_) if request.step == Step::Redirect => (Some(*run), request.url.as_str()),
            Phase::Waiting(turn) => (Some(*run), turn.page.as_deref()?),
            _ => return None,
        },
        _ => return None,
    };
    let id = run.and_then(|run| workspace.runs.get(&run)).map(|run| &run.plan.profile);
    let id = id.unwrap_or(&workspace.settings.active_profile);
    let profile = workspace.settings.profiles.iter().find(|profile| profile.id == *id);
    let url = Url::parse(address).ok()?; // what is no address is refused by whoever opens it
    let known = profile.is_some_and(|profile| profile.knows_host(&url));
    if known { None } else { Some((run, url.host_str()?.to_owned())) }
}
