//! The session's state machine, with the path this run took.

use egui::Ui;

use super::Scene;

/// View state.
#[derive(Debug, Clone, Default)]
pub struct State {}

impl State {
    /// Draws it; the row that was clicked, if any.
    pub fn ui(&mut self, _ui: &mut Ui, _scene: &Scene) -> Option<usize> {
        None
    }
}
