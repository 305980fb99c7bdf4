//! Stand-in for the inspector while its panel is built on another branch.

use egui::Ui;

use crate::bus::Command;
use crate::model::{RunId, Workspace};

/// View state of the inspector.
#[derive(Debug, Clone, Default)]
pub struct Panel;

impl Panel {
    /// Draws the panel.
    pub fn ui(
        &mut self,
        _ui: &mut Ui,
        _workspace: &Workspace,
        _at: Option<(RunId, usize)>,
        _commands: &mut Vec<Command>,
    ) {
    }
}
