//! «Why?»: the chain of rows and members that led to a status, an ECI, a liability or a
//! finding, each a link. Draws what `model::why` says.

use egui::Ui;

use crate::model::run::Run;
use crate::model::trace::Question;
use crate::ui::link::Link;

/// Draws the chain; links that were followed go into `links`.
pub(super) fn ui(_ui: &mut Ui, _run: &Run, _question: &Question, _links: &mut Vec<Link>) {}
