//! Where a link inside the window leads. Panels push links; the shell follows them.

use crate::model::RunId;
use crate::model::trace::{Question, Spot, Subject};

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// A row in the timeline and in the inspector, with the member lit if one is named.
    Spot(RunId, Spot),
    /// The chain of reasons.
    Why(RunId, Question),
    /// Two things side by side.
    Compare(Subject, Subject),
    /// The file that was opened last to be looked at.
    File,
}
