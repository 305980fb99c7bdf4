//! Two bodies, or two sessions, and what differs.
//!
//! JSON is compared by what it means, a form by its names, anything else by its lines; what
//! is new each time (ids, times, tokens) is told apart, so that it can be left out without
//! hiding a decision. Hides: how values are found to belong together. Promises: the same is
//! never a change; each change names its place on both sides; the cost is bounded by the
//! documents' size, nothing recurses by their depth; the [`patch`] makes the one the other.

mod align;
mod doc;
mod lines;
pub mod patch;
pub mod sessions;
#[cfg(test)]
mod tests;
mod tree;
mod volatile;

use std::collections::BTreeMap;
use std::hash::RandomState;
use std::ops::Range;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use serde_json::Value;

pub use doc::Doc;
pub use lines::Lines;
pub use volatile::Volatile;

use super::jsonpath::Kind;
use super::payload;

/// Longest value that is shown of a change, in bytes. Our choice.
const SHOWN: usize = 400;

/// One side of a comparison.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// The whole body.
    pub bytes: Bytes,
    /// What it claims to be.
    pub content_type: Option<String>,
    /// Only this part of it; `$.acs`.
    pub path: Option<String>,
}

/// What differs between two bodies.
#[derive(Debug)]
pub struct Diff {
    /// Both bodies, and how they were read.
    pub sides: Sides,
    /// Why they are not compared by what they mean.
    pub note: Option<String>,
    /// Everything, in order: what is equal and what is not.
    pub rows: Vec<Row>,
    /// Objects whose members only stand in another order.
    pub reordered: usize,
    /// Ids that one by one became others.
    pub renamings: Vec<Renaming>,
    /// The values that were compared.
    roots: Option<(u32, u32)>,
}

/// Both bodies as they were read.
#[derive(Debug)]
pub enum Sides {
    /// Values.
    Values(Box<(Doc, Doc)>),
    /// Lines, or pieces of one long line.
    Lines(Box<(Lines, Lines)>),
}

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sign {
    /// The same on both sides.
    Equal,
    /// Only on the right.
    Added,
    /// Only on the left.
    Removed,
    /// On both, not the same.
    Changed,
    /// The same, at another place of its list.
    Moved,
}

impl Sign {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Moved => "moved",
        }
    }

    /// One character, as in a unified diff.
    pub fn letter(self) -> char {
        match self {
            Self::Equal => ' ',
            Self::Added => '+',
            Self::Removed => '−',
            Self::Changed => '~',
            Self::Moved => '↕',
        }
    }
}

/// One value, or a whole part that is equal, added, removed or moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub sign: Sign,
    /// The value or line on the left.
    pub left: Option<u32>,
    /// The value or line on the right.
    pub right: Option<u32>,
    /// What is new each time, if that is all that differs.
    pub volatile: Option<Volatile>,
    /// What one might not see: `"6540" is a text, 6540 a number`.
    pub remark: Option<String>,
    /// Values that it stands for.
    pub leaves: usize,
}

/// An id that became another wherever it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renaming {
    /// On the left.
    pub from: String,
    /// On the right.
    pub to: String,
    /// Changes that are this.
    pub times: usize,
}

/// How much differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Changes of any sort.
    pub changes: usize,
    /// Of these, such that only show what is new each time.
    pub volatile: usize,
    /// Values that are equal.
    pub equal: usize,
}

impl Counts {
    /// `12 changes, 9 only ids and times`.
    pub fn words(self) -> String {
        let changes = match self.changes {
            0 => return "no difference".to_owned(),
            1 => "1 change".to_owned(),
            many => format!("{many} changes"),
        };
        match self.volatile {
            0 => changes,
            all if all == self.changes => format!("{changes}, only ids and times"),
            some => format!("{changes}, {some} only ids and times"),
        }
    }
}

/// Compares two bodies. `None` if it was told to stop.
pub fn compare(left: &Side, right: &Side, cancel: &AtomicBool) -> Option<Diff> {
    let sums = RandomState::new();
    let read = |side: &Side| Doc::read(&side.bytes, side.content_type.as_deref(), &sums);
    let (note, (left_range, right_range)) = match (read(left), read(right)) {
        (Ok(a), Ok(b)) => match (root(&a, left), root(&b, right)) {
            (Ok(one), Ok(other)) => return tree::compare(a, b, (one, other), cancel),
            (Err(gone), _) | (_, Err(gone)) => (Some(gone), (0..left.bytes.len(), 0..right.bytes.len())),
        },
        (Err(_), _) | (_, Err(_)) if left.bytes.is_empty() && right.bytes.is_empty() => (None, (0..0, 0..0)),
        (Err(why), Ok(_)) => {
            (Some(format!("Compared by lines: the left one cannot be cut into values, {why}")), whole(left, right))
        }
        (Ok(_), Err(why)) => {
            (Some(format!("Compared by lines: the right one cannot be cut into values, {why}")), whole(left, right))
        }
        (Err(why), Err(_)) => (Some(format!("Compared by lines: {why}")), whole(left, right)),
    };
    lines::compare(left.bytes.slice(left_range), right.bytes.slice(right_range), note, cancel)
}

fn whole(left: &Side, right: &Side) -> (Range<usize>, Range<usize>) {
    (0..left.bytes.len(), 0..right.bytes.len())
}

/// What is new each time, if nothing else differs between two single values of the member `key`.
pub fn only_new(key: &str, one: &Value, other: &Value) -> Option<Volatile> {
    match (one, other) {
        (Value::String(one), Value::String(other)) => volatile::same(key, Kind::Text, one, other),
        (Value::Number(one), Value::Number(other)) => {
            volatile::same(key, Kind::Number, &one.to_string(), &other.to_string())
        }
        _ => None,
    }
}

/// What two texts carry that is not the same, where both carry JSON in base64:
/// `messageVersion "2.1.0" to "2.2.0"`. Empty if they carry nothing.
pub fn carried(key: &str, one: &Value, other: &Value) -> Vec<String> {
    match (one, other) {
        (Value::String(one), Value::String(other)) => volatile::inner_changes(key, one, other),
        _ => Vec::new(),
    }
}

/// The value that is to be compared.
fn root(doc: &Doc, side: &Side) -> Result<u32, String> {
    let Some(path) = &side.path else { return Ok(0) };
    let found = super::jsonpath::Path::typed(path).ok().and_then(|path| path.first(doc));
    found.ok_or_else(|| format!("The whole is compared, by lines: {path} is not in it"))
}

impl Diff {
    /// How much differs.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in &self.rows {
            match row.sign {
                Sign::Equal => counts.equal += row.leaves,
                _ => {
                    counts.changes += 1;
                    counts.volatile += usize::from(row.volatile.is_some());
                }
            }
        }
        counts
    }

    /// How many of each sort of what is new each time.
    pub fn volatiles(&self) -> BTreeMap<Volatile, usize> {
        let mut found = BTreeMap::new();
        for row in &self.rows {
            if let Some(kind) = row.volatile {
                *found.entry(kind).or_default() += 1;
            }
        }
        found
    }

    /// Where a row stands on the left and on the right: JSONPath, or `line 12`.
    pub fn places(&self, row: &Row) -> (Option<String>, Option<String>) {
        match &self.sides {
            Sides::Values(docs) => (row.left.map(|node| docs.0.path(node)), row.right.map(|node| docs.1.path(node))),
            Sides::Lines(lines) => (row.left.map(|at| lines.0.place(at)), row.right.map(|at| lines.1.place(at))),
        }
    }

    /// The bytes of a row on the left and on the right.
    pub fn ranges(&self, row: &Row) -> (Option<Range<usize>>, Option<Range<usize>>) {
        match &self.sides {
            Sides::Values(docs) => (row.left.map(|node| docs.0.range(node)), row.right.map(|node| docs.1.range(node))),
            Sides::Lines(lines) => (row.left.map(|at| lines.0.range(at)), row.right.map(|at| lines.1.range(at))),
        }
    }

    /// What a row says on the left and on the right, as it is written; long ones are cut.
    pub fn texts(&self, row: &Row) -> (Option<String>, Option<String>) {
        match &self.sides {
            Sides::Values(docs) => {
                (row.left.map(|node| docs.0.shown(node, SHOWN)), row.right.map(|node| docs.1.shown(node, SHOWN)))
            }
            Sides::Lines(lines) => {
                (row.left.map(|at| lines.0.text(at, SHOWN)), row.right.map(|at| lines.1.text(at, SHOWN)))
            }
        }
    }

    /// True if it was compared by what it means.
    pub fn is_structural(&self) -> bool {
        matches!(self.sides, Sides::Values(_))
    }

    /// Each single value or line of a row of equal ones.
    pub fn leaves(&self, row: &Row) -> Vec<Row> {
        let (Some(left), Some(right)) = (row.left, row.right) else { return Vec::new() };
        match &self.sides {
            Sides::Values(docs) => tree::equal_leaves((&docs.0, &docs.1), left, right),
            Sides::Lines(_) => (0..row.leaves)
                .filter_map(|n| u32::try_from(n).ok())
                .map(|n| Row { left: Some(left + n), right: Some(right + n), leaves: 1, ..row.clone() })
                .collect(),
        }
    }
}

/// The first bytes of a text, at a character's end, with `…` if that is not all.
fn cut(bytes: &[u8], most: usize) -> String {
    let part = bytes.get(..most.min(bytes.len())).unwrap_or_default();
    let mut text = payload::lossless(part).into_owned();
    if part.len() < bytes.len() {
        text.push('…');
    }
    text
}
