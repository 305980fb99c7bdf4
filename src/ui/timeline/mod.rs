//! Stand-in for the timeline while its panel is built on another branch.

use egui::Ui;
use egui_material_icons::icons as i;

use super::widgets;
use crate::bus::Command;
use crate::model::{RunId, Stamp, Workspace};

/// What the user wants that only the shell can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Run the draft.
    Run,
    /// Show the test cards.
    PickCard,
    /// Read a body from a file.
    OpenBody,
    /// Show the inspector, where it is folded away.
    Inspect,
}

/// View state of the timeline.
#[derive(Debug, Clone, Default)]
pub struct Panel {
    /// The row that the inspector shows.
    pub selected: Option<(RunId, usize)>,
    intent: Option<Intent>,
}

impl Panel {
    /// What the user asked the shell for since the last call.
    pub fn take_intent(&mut self) -> Option<Intent> {
        self.intent.take()
    }

    /// Draws the panel.
    pub fn ui(&mut self, ui: &mut Ui, _workspace: &Workspace, _now: Stamp, _commands: &mut Vec<Command>) {
        widgets::empty_ui(ui, "Send your first session", "The form on the left is filled in and valid", |ui| {
            let icon = Some(i::ICON_PLAY_ARROW.filled());
            let run = widgets::button(ui, widgets::Look::Primary, widgets::Size::Hero, icon, "Run", Some("Ctrl ⏎"));
            if run.clicked() {
                self.intent = Some(Intent::Run);
            }
        });
    }
}
