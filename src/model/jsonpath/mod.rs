//! JSONPath: which parts of a document a short text names. Source: RFC 9535.
//!
//! Hides: the grammar and how a query walks. Promises: any text gives a query or a
//! [`Fault`] that names the column; a walk needs no stack by the document's depth, no
//! memory by its size, and stops at a cap or when it is told to, and says so. Walks
//! anything that is a [`Tree`], so that a document of 50 MB need not become values.
//!
//! Two readings go beyond the standard: [`Path::typed`] takes `status`, `.acs.url` and
//! `3ds.id` for what one means by them, and a key that stands twice in an object is found
//! twice. A regular expression that is written out and wrong is a fault, not «no match».

mod find;
mod parse;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::hash::Hash;
use std::sync::atomic::AtomicBool;

use regex::Regex;

/// A document that can be walked. The two steps [`first`](Tree::first) and
/// [`next`](Tree::next) should not depend on the document's size.
pub trait Tree {
    /// Names a value in the document: an index, an offset.
    type Node: Copy + Eq + Hash;

    /// The outermost value; `None` if there is none.
    fn root(&self) -> Option<Self::Node>;

    /// What a value is.
    fn kind(&self, node: Self::Node) -> Kind;

    /// The first member or element of an object or array.
    fn first(&self, node: Self::Node) -> Option<Self::Node>;

    /// The member or element after this one, in the same object or array.
    fn next(&self, node: Self::Node) -> Option<Self::Node>;

    /// The name of a member, unescaped and without quotes; `None` for what is no member.
    fn key(&self, node: Self::Node) -> Option<Cow<'_, str>>;

    /// A text unescaped and without quotes; all else as it is written.
    fn scalar(&self, node: Self::Node) -> Cow<'_, str>;

    /// Members or elements directly in it.
    fn len(&self, node: Self::Node) -> usize {
        let mut count = 0;
        let mut next = self.first(node);
        while let Some(child) = next {
            count += 1;
            next = self.next(child);
        }
        count
    }

    /// The element at this place.
    fn element(&self, node: Self::Node, index: usize) -> Option<Self::Node> {
        let mut next = self.first(node);
        for _ in 0..index {
            next = self.next(next?);
        }
        next
    }
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{}`.
    Object,
    /// `[]`.
    Array,
    /// A string.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`.
    Null,
}

/// A query that can be asked of any [`Tree`].
#[derive(Debug, Clone)]
pub struct Path {
    text: String,
    segments: Vec<Segment>,
    /// Queries from `$` inside filters: each is answered once per walk.
    absolute: usize,
}

/// Why a text is no query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Column {column}: {wrong}; expected {expected}")]
pub struct Fault {
    /// In characters, from 1, in the text as it was given.
    pub column: usize,
    /// What stands there.
    pub wrong: String,
    /// What could stand there.
    pub expected: &'static str,
}

/// How far a walk may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Values looked at. A comparison or a pattern over a long text counts as several.
    pub steps: u64,
    /// Values found.
    pub results: usize,
}

impl Default for Limits {
    /// Enough for every value of 50 MB once; a second at most. Our choice.
    fn default() -> Self {
        Self { steps: 50_000_000, results: 100_000 }
    }
}

/// Why a walk ended before the document did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// So many values were looked at.
    Steps(u64),
    /// So many were found.
    Results(usize),
    /// It was told to.
    Cancelled,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps(steps) => write!(f, "stopped after looking at {steps} values"),
            Self::Results(results) => write!(f, "stopped after the first {results}"),
            Self::Cancelled => f.write_str("stopped"),
        }
    }
}

/// What a query found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<N> {
    /// In the standard's order; a value may stand in it more than once.
    pub nodes: Vec<N>,
    /// Why there may be more; `None` if that is all.
    pub stopped: Option<Stop>,
}

impl Path {
    /// Reads a query as the standard has it.
    ///
    /// # Errors
    /// With the first column that is wrong.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        parse::strict(text)
    }

    /// Reads what a person types: blanks around it, no `$`, no dot before the first name,
    /// and names like `3ds` or `content-type` are fine.
    ///
    /// # Errors
    /// With the first column that is wrong.
    pub fn typed(text: &str) -> Result<Self, Fault> {
        parse::tolerant(text)
    }

    /// The query, beginning with `$`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True if it names one place at most: names and indices only.
    pub fn is_singular(&self) -> bool {
        is_singular(&self.segments)
    }

    /// Walks a document. `cancel` is looked at every thousand steps or so.
    pub fn find<T: Tree>(&self, tree: &T, limits: Limits, cancel: &AtomicBool) -> Found<T::Node> {
        find::all(self, tree, limits, cancel)
    }

    /// The first value that it names.
    pub fn first<T: Tree>(&self, tree: &T) -> Option<T::Node> {
        let limits = Limits { results: 1, ..Limits::default() };
        self.find(tree, limits, &AtomicBool::new(false)).nodes.first().copied()
    }
}

/// Adds a member to a path: `.url`, or `['content-type']` where a dot will not do.
pub fn push_name(path: &mut String, name: &str) {
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain {
        path.push('.');
        path.push_str(name);
        return;
    }
    path.push_str("['");
    for c in name.chars() {
        match c {
            '\\' | '\'' => path.extend(['\\', c]),
            '\u{8}' => path.push_str("\\b"),
            '\t' => path.push_str("\\t"),
            '\n' => path.push_str("\\n"),
            '\u{c}' => path.push_str("\\f"),
            '\r' => path.push_str("\\r"),
            c if u32::from(c) < 0x20 => path.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => path.push(c),
        }
    }
    path.push_str("']");
}

fn is_singular(segments: &[Segment]) -> bool {
    segments.iter().all(|segment| {
        !segment.deep && matches!(segment.selectors.as_slice(), [Selector::Name(_) | Selector::Index(_)])
    })
}

/// `.a`, `['a', 0]`, `..a`.
#[derive(Debug, Clone)]
struct Segment {
    /// `..`: of the value and of all below it.
    deep: bool,
    selectors: Vec<Selector>,
}

#[derive(Debug, Clone)]
enum Selector {
    Name(String),
    Wild,
    Index(i64),
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    Filter(Box<Test>),
}

/// What a filter asks of a value.
#[derive(Debug, Clone)]
enum Test {
    Any(Vec<Test>),
    All(Vec<Test>),
    Not(Box<Test>),
    Compare(Operand, Op, Operand),
    Exists(Query),
    Matches { text: Operand, pattern: Operand, whole: bool, ready: Option<Regex> },
}

/// A query inside a filter.
#[derive(Debug, Clone)]
struct Query {
    /// The number under which the answer is kept, if it begins at `$`.
    absolute: Option<usize>,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone)]
enum Operand {
    Text(String),
    Number(String),
    Bool(bool),
    Null,
    One(Query),
    Length(Box<Operand>),
    Count(Query),
    Value(Query),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
