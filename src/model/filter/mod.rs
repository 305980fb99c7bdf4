//! The timeline's filter language: `status>=400 lane:issuer -took<5ms "transStatus"`.
//! [`Filter::parse`] reads it or says which part is wrong and what would be right;
//! [`Filter::passes`] judges a row. Hides: the grammar, and that cheap questions are asked
//! before dear ones. Pure; who runs it over many rows keeps the [`Facts`] of each.
//!
//! ```text
//! any   := all ("or" all)*            all := one+ ("and" may stand between)
//! one   := ("-" | "not") one | "(" any ")" | term
//! term  := key operator value | word  a word is searched in everything captured
//! ```

mod parse;
mod text;
mod words;

use std::time::Duration;

use regex::bytes::Regex;

use super::exchange::Step;
use super::lint::found::Found;
use super::run::{Class, Entry, Run};
use super::{Lane, Stamp};

pub use parse::Mistake;
pub use text::bytes_of;
pub use words::{Hint, hints};

/// What is asked of rows most often, in a form that is quick to look at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    /// The entry's number.
    pub number: usize,
    /// Since the run's start.
    pub at: Duration,
    /// How long; `None` while it goes on.
    pub took: Option<Duration>,
    /// Who acted.
    pub from: Lane,
    /// On whom.
    pub to: Lane,
    /// Which sort of row.
    pub class: Class,
    /// What it was for.
    pub step: Option<Step>,
    /// HTTP status.
    pub http: Option<u16>,
    /// It went wrong: no answer, an error status, a step that failed.
    pub failed: bool,
    /// It has a star.
    pub marked: bool,
    /// It has words of the user's own.
    pub noted: bool,
    /// Nothing but waiting.
    pub wait: bool,
}

impl Facts {
    /// Those of a row of a run that began then.
    pub fn of(entry: &Entry, started: Stamp) -> Self {
        let http = entry.http();
        let silent = entry.exchange().is_some_and(|exchange| exchange.outcome.is_err());
        Self {
            number: entry.number,
            at: entry.at.since(started),
            took: entry.took,
            from: entry.from,
            to: entry.to,
            class: entry.class(),
            step: entry.step(),
            http,
            failed: silent
                || http.is_some_and(|status| status >= 400)
                || matches!(entry.what, super::run::What::Failed(..)),
            marked: entry.remark.marked,
            noted: !entry.remark.note.is_empty(),
            wait: entry.is_wait(),
        }
    }
}

/// A question that was read.
#[derive(Debug, Clone)]
pub struct Filter(Node);

#[derive(Debug, Clone)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Term(Term),
}

/// How two sizes are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Less,
    AtMost,
    Equal,
    Differs,
    AtLeast,
    More,
}

impl Compare {
    fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Equal => left == right,
            Self::Differs => left != right,
            Self::AtLeast => left >= right,
            Self::More => left > right,
        }
    }
}

#[derive(Debug, Clone)]
enum Term {
    Http(Compare, u16),
    /// `4xx`.
    HttpClass(u16),
    /// The session's status changed to this.
    Status(String),
    /// Either end, who acted, on whom.
    Lane(End, Lane),
    Step(Step),
    Took(Compare, Duration),
    At(Compare, Duration),
    Is(Is),
    Has(Has),
    Rule(String),
    Method(String),
    Kind(String),
    Text(Place, Regex),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Either,
    From,
    To,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Class(Class),
    Failed,
    Marked,
    Waiting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Has {
    Finding,
    Note,
    Body,
    Status,
}

/// Where a text is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Everything,
    Path,
    Header,
    Body,
    Note,
}

/// A row as it is judged.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// What is quick to look at.
    pub facts: &'a Facts,
    /// All of it.
    pub entry: &'a Entry,
    /// What the run's rows show.
    pub found: &'a Found,
}

impl Filter {
    /// Reads a filter; `None` if nothing is asked.
    ///
    /// # Errors
    /// With the part that is wrong, why, and what would be right.
    pub fn parse(text: &str) -> Result<Option<Self>, Mistake> {
        Ok(parse::parse(text)?.map(Self))
    }

    /// True if it searches bodies, so that many rows take long.
    pub fn reads_all(&self) -> bool {
        self.0.cost() >= SEARCH
    }

    /// True if what it says depends on what the rows show.
    pub fn reads_findings(&self) -> bool {
        self.0.any(&|term| matches!(term, Term::Has(Has::Finding) | Term::Rule(_)))
    }

    /// True if the row is asked for. `scratch` is room for text, kept from row to row.
    pub fn passes(&self, row: Row<'_>, scratch: &mut Vec<u8>) -> bool {
        self.0.passes(row, scratch)
    }

    /// The numbers of all rows of a run that are asked for, in order.
    pub fn of_run(&self, run: &Run) -> Vec<usize> {
        let (found, mut scratch) = (Found::of(run), Vec::new());
        let passes = |entry: &&Entry| {
            let facts = Facts::of(entry, run.started);
            self.passes(Row { facts: &facts, entry, found: &found }, &mut scratch)
        };
        run.entries.iter().filter(passes).map(|entry| entry.number).collect()
    }
}

/// What a search costs beside a look at the facts.
const SEARCH: u32 = 100;

impl Node {
    fn cost(&self) -> u32 {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().map(Self::cost).max().unwrap_or(0),
            Self::Not(node) => node.cost(),
            Self::Term(Term::Text(Place::Everything | Place::Body | Place::Header, _)) => SEARCH,
            Self::Term(Term::Text(..) | Term::Method(_) | Term::Kind(_) | Term::Status(_) | Term::Has(_)) => 10,
            Self::Term(Term::Rule(_)) => 5,
            Self::Term(_) => 1,
        }
    }

    fn any(&self, asks: &impl Fn(&Term) -> bool) -> bool {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().any(|node| node.any(asks)),
            Self::Not(node) => node.any(asks),
            Self::Term(term) => asks(term),
        }
    }

    fn passes(&self, row: Row<'_>, scratch: &mut Vec<u8>) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.passes(row, scratch)),
            Self::Any(nodes) => nodes.iter().any(|node| node.passes(row, scratch)),
            Self::Not(node) => !node.passes(row, scratch),
            Self::Term(term) => term.passes(row, scratch),
        }
    }
}

impl Term {
    fn passes(&self, row: Row<'_>, scratch: &mut Vec<u8>) -> bool {
        let (facts, entry) = (row.facts, row.entry);
        match self {
            Self::Http(compare, status) => facts.http.is_some_and(|own| compare.holds(own, *status)),
            Self::HttpClass(hundreds) => facts.http.is_some_and(|own| own / 100 == *hundreds),
            Self::Status(word) => {
                entry.status.as_ref().is_some_and(|status| words::plain(status.word()) == words::plain(word))
            }
            Self::Lane(End::Either, lane) => facts.from == *lane || facts.to == *lane,
            Self::Lane(End::From, lane) => facts.from == *lane,
            Self::Lane(End::To, lane) => facts.to == *lane,
            Self::Step(step) => facts.step == Some(*step),
            Self::Took(compare, time) => facts.took.is_some_and(|own| compare.holds(own, *time)),
            Self::At(compare, time) => compare.holds(facts.at, *time),
            Self::Is(Is::Class(class)) => facts.class == *class,
            Self::Is(Is::Failed) => facts.failed,
            Self::Is(Is::Marked) => facts.marked,
            Self::Is(Is::Waiting) => facts.wait,
            Self::Has(Has::Finding) => !row.found.of_row(facts.number).is_empty(),
            Self::Has(Has::Note) => facts.noted,
            Self::Has(Has::Body) => text::bodies(entry).into_iter().flatten().any(|body| !body.is_empty()),
            Self::Has(Has::Status) => entry.status.is_some(),
            Self::Rule(rule) => row.found.of_row(facts.number).iter().any(|one| one.rule.eq_ignore_ascii_case(rule)),
            Self::Method(method) => text::method(entry).is_some_and(|own| own.eq_ignore_ascii_case(method)),
            Self::Kind(kind) => words::kind(entry).eq_ignore_ascii_case(kind),
            Self::Text(place, needle) => text::holds(entry, *place, needle, scratch),
        }
    }
}

#[cfg(test)]
mod tests;
