//! The run as a sequence diagram: what stands on which lane, and what is expected next. Pure:
//! rows in words and the record in, facts of the diagram out. The window draws them, [`text`]
//! writes them for people, [`mermaid`](text::mermaid) for other programs, and
//! `export::diagram` as a picture.

pub mod ahead;
pub mod text;

use std::time::Duration;

use super::deadline::Deadline;
use super::run::Class;
use super::{Lane, Stamp};

pub use ahead::{Ghost, ghosts};

/// How a row stands in the diagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An arrow.
    Message,
    /// An arrow that only the sandbox can show.
    Hidden,
    /// A note on one lane.
    Note,
    /// Two lanes wait.
    Wait,
}

impl Kind {
    /// How a row of this class stands between these lanes.
    pub fn of(class: Class, wait: bool, (from, to): (Lane, Lane)) -> Self {
        match class {
            _ if wait => Self::Wait,
            Class::Note => Self::Note,
            _ if from == to => Self::Note,
            Class::Hidden => Self::Hidden,
            _ => Self::Message,
        }
    }
}

/// One row of the timeline, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrow {
    /// Since the run's start.
    pub at: Duration,
    /// How long; `None` while it goes on.
    pub took: Option<Duration>,
    /// Who acted.
    pub from: Lane,
    /// On whom.
    pub to: Lane,
    /// How it stands in the diagram.
    pub kind: Kind,
    /// Plain words and wire words, in one line.
    pub words: String,
    /// What the user wrote beside it; may be empty.
    pub note: String,
    /// HTTP status.
    pub http: Option<u16>,
    /// A word at the end: an error code, a verdict.
    pub mark: Option<String>,
    /// The session's status, if this changed it.
    pub status: Option<String>,
    /// What it breaks: `P036 The API refused with 403`.
    pub findings: Vec<String>,
}

impl Arrow {
    /// All that is written above the arrow.
    pub fn label(&self) -> String {
        let http = self.http.map(|status| status.to_string());
        let note = (!self.note.is_empty()).then(|| format!("“{}”", self.note));
        let parts = [Some(self.words.clone()), http, self.mark.clone(), note];
        one_line(&parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }
}

/// All that a diagram shows at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagram {
    /// What it is of: the session's identifier, its status.
    pub title: String,
    /// What happened.
    pub arrows: Vec<Arrow>,
    /// What is expected next.
    pub ghosts: Vec<Ghost>,
    /// What counts down.
    pub deadlines: Vec<Deadline>,
    /// The present moment.
    pub now: Stamp,
    /// The same since the run's start, while the run is open.
    pub open: Option<Duration>,
    /// The clock that deadlines go by stands still.
    pub held: bool,
}

/// Since the start, in six digits: a run in which somebody thinks may be long.
pub fn seconds(at: Duration) -> String {
    match at.as_secs() {
        0..100 => format!("{:.3}", at.as_secs_f64()),
        100..10_000 => format!("{:.1}", at.as_secs_f64()),
        whole => whole.to_string(),
    }
}

/// Text from outside on one line, without what a terminal or a diagram would act on.
pub fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}
