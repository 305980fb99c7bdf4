//! Two payloads or two sessions, and what differs. Draws what `model::diff` says.

use egui::Ui;

use crate::model::Workspace;
use crate::model::trace::Subject;
use crate::ui::link::Link;

/// View state of a comparison.
#[derive(Debug, Default)]
pub(super) struct State {}

impl State {
    /// Draws the comparison; links that were followed go into `links`.
    pub fn ui(&mut self, _ui: &mut Ui, _workspace: &Workspace, _pair: (&Subject, &Subject), _links: &mut Vec<Link>) {}
}
