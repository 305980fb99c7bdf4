//! Where a link inside the window leads. Panels push links; the shell follows them.

use crate::model::RunId;
use crate::model::draft::Body;
use crate::model::trace::{Question, Spot, Subject};

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// A row in the timeline and in the inspector, with the member lit if one is named.
    Spot(RunId, Spot),
    /// What a row shows: the row in the timeline, its findings in the inspector.
    Findings(RunId, usize),
    /// The chain of reasons.
    Why(RunId, Question),
    /// Two things side by side.
    Compare(Subject, Subject),
    /// A field of the form, by the document and the place in it.
    Field(Body, String),
    /// The file that was opened last to be looked at.
    File,
}

impl Link {
    /// The row of the timeline that it leads to.
    pub fn row(&self) -> Option<(RunId, usize)> {
        match self {
            Self::Spot(run, spot) => Some((*run, spot.entry)),
            Self::Findings(run, row) => Some((*run, *row)),
            Self::Why(..) | Self::Compare(..) | Self::Field(..) | Self::File => None,
        }
    }
}
