//! Where a fact stands in the record of a run, and what can be asked about one. What links,
//! «Why?» and comparisons point with. Plain data; who shows it decides how.

use super::RunId;

/// Which bytes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// What was sent; for what was received or seen, the body.
    Request,
    /// What came back.
    Response,
}

/// A place in the record of a run: a row, and perhaps a member of its body.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spot {
    /// The row: `Entry::number`.
    pub entry: usize,
    /// Whose bytes.
    pub part: Part,
    /// `$.acs.url`; `None` is all of it.
    pub path: Option<String>,
}

/// A JSON pointer as a path: `/3ds/error_details` is `$['3ds'].error_details`. For members of
/// objects; a list's place stays a name.
pub fn path(pointer: &str) -> String {
    let mut path = String::from("$");
    for part in pointer.split('/').skip(1) {
        let plain = part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        path.push_str(&if plain { format!(".{part}") } else { format!("['{part}']") });
    }
    path
}

/// What a person asks the reason of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Question {
    /// The status that the session has after this row; `None`: that it has now.
    Status(Option<usize>),
    /// The electronic commerce indicator.
    Eci,
    /// Who carries the risk.
    Liability,
    /// A finding: its row and its rule.
    Finding(usize, &'static str),
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A body, or a part of it.
    Payload(RunId, Spot),
    /// A whole session: its calls and its result.
    Session(RunId),
}
