//! Which of the views is shown, and which of them a run has.

use serde::{Deserialize, Serialize};

use crate::model::draft::Channel;
use crate::model::run::Run;

/// The same facts, three ways; and where the shopper is in an app, the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Rows with a waterfall.
    #[default]
    List,
    /// Lanes with arrows.
    Sequence,
    /// The session's states.
    States,
    /// The shopper's device.
    Device,
}

impl View {
    /// Those that a run has, with their names, in the order shown.
    pub(super) fn all(run: &Run) -> &'static [(Self, &'static str)] {
        const ALL: [(View, &str); 4] =
            [(View::List, "List"), (View::Sequence, "Sequence"), (View::States, "States"), (View::Device, "Device")];
        let app = run.progress.channel() == Channel::App;
        ALL.get(..if app { 4 } else { 3 }).unwrap_or_default()
    }

    /// This one if the run has it; else the list.
    pub(super) fn of(self, run: &Run) -> Self {
        let known = Self::all(run).iter().any(|(view, _)| *view == self);
        if known { self } else { Self::List }
    }

    /// The one after this, and after the last one the first.
    pub(super) fn next(self, run: &Run) -> Self {
        let all = Self::all(run);
        let place = all.iter().position(|(view, _)| *view == self.of(run)).map_or(0, |place| place + 1);
        all.get(place).map_or(Self::List, |(view, _)| *view)
    }
}
