//! The run as a sequence: a lane for each party, an arrow for each message.

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
