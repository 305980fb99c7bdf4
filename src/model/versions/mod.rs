//! The same thing on 2.1.0, 2.2.0 and 2.3.1: two or three runs, message by message, member by
//! member, with the row of the version table that each difference comes from.
//!
//! Promises: messages belong together by kind, way and order; a member that was renamed stands
//! on one line; what is new each time (ids, times, keys) is told apart from what differs; the
//! cost is bounded: so many messages, so many members, so deep. Pure. Hides: how places are matched ([`pair`]) and how a
//! difference finds its reason ([`table`]). Source: emv-3ds.md 1.8.

mod pair;
mod series;
mod table;
#[cfg(test)]
mod tests;
mod text;

use serde_json::Value;

pub use self::series::{Leg, Order, Series};
use self::table::{Cell, why};
pub use self::table::{RENAMED, Rule, TABLE, misplaced};
pub use self::text::{Sieve, full_name};
use super::RunId;
use super::diff::{Volatile, carried, only_new};
use super::run::Run;
use super::scenario::Version;
use super::trace::{self, Part, Spot};

/// Longest value that is shown, in characters. Our choice.
const SHOWN: usize = 300;
/// Objects within objects that are looked into. Our choice: more than any message has.
const DEPTH: usize = 8;
/// Members of one message that are compared. Our choice: more than any message has.
const MEMBERS: usize = 400;

/// Runs side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The runs.
    pub columns: Vec<Column>,
    /// The messages of the protocol, in order, then the calls and callbacks of the API.
    pub groups: Vec<Group>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Which.
    pub run: RunId,
    /// What it speaks, if that is a version of 3DS2.
    pub version: Option<Version>,
    /// As the session says it; `no session` without one.
    pub word: String,
    /// The session's status; empty without one.
    pub status: String,
}

/// One message in each run.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// `AReq`, `CReq 2`, `POST /sessions, answer`.
    pub title: String,
    /// `Sessions API to Directory server`.
    pub way: String,
    /// The protocol's name of the message; empty for a call of the API.
    pub kind: &'static str,
    /// Where it stands in each run.
    pub places: Vec<Option<(usize, Part)>>,
    /// Its members.
    pub rows: Vec<Row>,
    /// Said where a run lacks it.
    pub note: Option<&'static str>,
}

/// One member.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// `acsRenderingType.acsInterface`; of a renamed one the older name.
    pub name: String,
    /// The newer name, where one of the runs has it under that.
    pub later: Option<&'static str>,
    /// The value in each run as JSON, long ones cut; `None` where it is not there.
    pub cells: Vec<Option<String>>,
    /// Where the value stands in each run, as JSONPath.
    pub paths: Vec<Option<String>>,
    /// How they differ.
    pub sign: Sign,
    /// A message before says the same: on the leg before, or the version itself.
    pub repeats: bool,
    /// The rows of the version table that explain it.
    pub why: Vec<&'static Rule>,
}

/// How the values of a row differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Not at all.
    Same,
    /// Only in what is new each time.
    New(Volatile),
    /// In what they say.
    Differs,
}

impl Group {
    /// True if a run lacks it, or a member differs in what it says.
    pub fn differs(&self) -> bool {
        self.lacking() || self.rows.iter().any(|row| row.sign == Sign::Differs)
    }

    /// True if a run went without it. Card ranges are asked for once a day, whatever is run.
    pub fn lacking(&self) -> bool {
        self.note.is_some() && !matches!(self.kind, "PReq" | "PRes")
    }

    /// The place of a value in the record of a run.
    pub fn spot(&self, row: &Row, column: usize) -> Option<Spot> {
        let (entry, part) = (*self.places.get(column)?)?;
        Some(Spot { entry, part, path: row.paths.get(column).cloned().flatten() })
    }
}

impl Comparison {
    /// Compares two runs or more.
    pub fn of(runs: &[&Run]) -> Self {
        let columns: Vec<Column> = runs.iter().map(|run| column(run)).collect();
        let groups = pair::groups(runs).into_iter().map(|found| group(found, &columns));
        let mut groups = groups.collect::<Vec<_>>();
        mark_repeats(&mut groups);
        // A call that says the same everywhere is not what one looks for here.
        groups.retain(|group| !group.kind.is_empty() || group.differs());
        Self { columns, groups }
    }

    /// How many members differ in what they say, each counted where it first does, and how many
    /// messages a run lacks.
    pub fn counts(&self) -> (usize, usize) {
        let rows = self.groups.iter().flat_map(|group| &group.rows);
        let lacking = self.groups.iter().filter(|group| group.lacking()).count();
        (rows.filter(|row| row.sign == Sign::Differs && !row.repeats).count(), lacking)
    }
}

/// The directory server passes messages on, and each message tells the version: what stands in
/// one before is found there.
fn mark_repeats(groups: &mut [Group]) {
    for at in 1..groups.len() {
        let (before, rest) = groups.split_at_mut(at);
        let Some(group) = rest.first_mut().filter(|group| !group.kind.is_empty()) else { continue };
        let same = |row: &Row, other: &Group| {
            (other.title == group.title || row.name == "messageVersion")
                && other.rows.iter().any(|known| known.name == row.name && known.cells == row.cells)
        };
        let known: Vec<bool> = group
            .rows
            .iter()
            .map(|row| before.iter().any(|other| !other.kind.is_empty() && same(row, other)))
            .collect();
        group.rows.iter_mut().zip(known).for_each(|(row, known)| row.repeats = known);
    }
}

fn column(run: &Run) -> Column {
    let session = run.session();
    let word = session.and_then(|session| session.raw.get("protocol_version")).and_then(Value::as_str);
    Column {
        run: run.id,
        version: word.and_then(Version::spoken),
        word: word.map_or_else(|| "no session".to_owned(), str::to_owned),
        status: session.map(|session| session.status.word().to_owned()).unwrap_or_default(),
    }
}

fn group(found: pair::Found, columns: &[Column]) -> Group {
    let bodies: Vec<Option<&Value>> = found.bodies.iter().map(Option::as_ref).collect();
    let there: Vec<usize> = (0..bodies.len()).filter(|at| bodies[*at].is_some()).collect();
    let mut rows = Rows { columns, kind: found.kind, there: &there, list: Vec::new() };
    if there.len() > 1 {
        let paths = bodies.iter().map(|body| body.map(|_| "$".to_owned())).collect();
        rows.walk(&Place { name: String::new(), key: "", later: None, paths, values: bodies.clone() }, DEPTH);
    }
    let note = (there.len() < columns.len()).then(|| {
        let lacks: Vec<Cell<'_>> = cells(columns, &bodies, &(0..columns.len()).collect::<Vec<_>>());
        table::lacking(found.kind, &lacks)
    });
    Group { title: found.title, way: found.way, kind: found.kind, places: found.places, rows: rows.list, note }
}

fn cells<'a>(columns: &[Column], values: &[Option<&'a Value>], of: &[usize]) -> Vec<Cell<'a>> {
    of.iter().filter_map(|at| Some(Cell { version: columns.get(*at)?.version, value: *values.get(*at)? })).collect()
}

/// A member in all runs.
struct Place<'a> {
    name: String,
    /// The last name of its path.
    key: &'a str,
    later: Option<&'static str>,
    paths: Vec<Option<String>>,
    values: Vec<Option<&'a Value>>,
}

struct Rows<'c> {
    columns: &'c [Column],
    kind: &'static str,
    /// Columns that have the message.
    there: &'c [usize],
    list: Vec<Row>,
}

impl Rows<'_> {
    fn walk(&mut self, place: &Place<'_>, depth: usize) {
        if self.list.len() >= MEMBERS {
            return;
        }
        let all = |is: fn(&Value) -> bool| self.there.iter().all(|at| place.values[*at].is_some_and(is));
        let (objects, lists) = (all(Value::is_object), all(holds_objects));
        if depth > 0 && objects {
            for (key, later) in names(&place.values) {
                self.walk(&member(place, key, later), depth - 1);
            }
        } else if depth > 0 && lists {
            let longest = place.values.iter().flatten().filter_map(|value| value.as_array()).map(Vec::len).max();
            for at in 0..longest.unwrap_or(0) {
                self.walk(&element(place, at), depth - 1);
            }
        } else {
            let row = self.row(place);
            self.list.push(row);
        }
    }

    fn row(&self, place: &Place<'_>) -> Row {
        let cells = cells(self.columns, &place.values, self.there);
        let sign = sign(place.key, &cells);
        let key = place.key;
        let key = if carries_only_version(key, &cells) { "messageVersion" } else { key };
        let why = if sign == Sign::Differs { why(self.kind, key, &cells) } else { Vec::new() };
        Row {
            name: place.name.clone(),
            later: place.later,
            cells: place.values.iter().map(|value| value.map(shown)).collect(),
            paths: place.paths.clone(),
            sign,
            repeats: false,
            why,
        }
    }
}

fn holds_objects(value: &Value) -> bool {
    value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_object))
}

/// The names of the members of some objects, in order, with the newer name of a renamed one.
fn names<'a>(values: &[Option<&'a Value>]) -> Vec<(&'a str, Option<&'static str>)> {
    let objects: Vec<_> = values.iter().flatten().filter_map(|value| value.as_object()).collect();
    let mut names: Vec<&str> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for object in &objects {
        names.extend(object.keys().map(String::as_str).filter(|name| seen.insert(*name)));
    }
    let newer = |old: &str| RENAMED.iter().find(|(before, _)| *before == old).map(|(_, now)| *now);
    let older = |new: &str| RENAMED.iter().find(|(_, now)| *now == new).map(|(before, _)| *before);
    let merged = names.iter().filter(|name| older(name).is_none_or(|old| !seen.contains(old)));
    merged.map(|name| (*name, newer(name).filter(|new| seen.contains(new)))).collect()
}

fn member<'a>(place: &Place<'a>, key: &'a str, later: Option<&'static str>) -> Place<'a> {
    let at = |value: &Option<&'a Value>| {
        let object = value.as_ref()?.as_object()?;
        let own = object.get(key).map(|value| (key, value));
        own.or_else(|| later.and_then(|later| Some((later, object.get(later)?))))
    };
    let found: Vec<Option<(&str, &Value)>> = place.values.iter().map(at).collect();
    let paths = place.paths.iter().zip(&found).map(|(path, found)| {
        let (key, _) = (*found)?;
        Some(format!("{}{}", path.as_ref()?, trace::path(&format!("/{key}")).trim_start_matches('$')))
    });
    let name = if place.name.is_empty() { key.to_owned() } else { format!("{}.{key}", place.name) };
    let paths = paths.collect();
    Place { name, key, later, paths, values: found.into_iter().map(|found| found.map(|(_, value)| value)).collect() }
}

fn element<'a>(place: &Place<'a>, at: usize) -> Place<'a> {
    let values: Vec<Option<&Value>> = place.values.iter().map(|value| value.and_then(|list| list.get(at))).collect();
    let paths = place.paths.iter().zip(&values);
    let paths = paths.map(|(path, value)| value.and(path.as_ref()).map(|path| format!("{path}[{at}]"))).collect();
    Place { name: format!("{}[{at}]", place.name), key: place.key, later: None, paths, values }
}

fn sign(key: &str, cells: &[Cell<'_>]) -> Sign {
    let Some((first, rest)) = cells.split_first() else { return Sign::Same };
    let mut new = None;
    for cell in rest {
        match (first.value, cell.value) {
            (one, other) if one == other => (),
            (Some(one), Some(other)) => match only_new(key, one, other) {
                Some(kind) => new = Some(kind),
                None => return Sign::Differs,
            },
            _ => return Sign::Differs,
        }
    }
    new.map_or(Sign::Same, Sign::New)
}

/// True if all values are sealed or encoded messages that differ in nothing but their version.
fn carries_only_version(key: &str, cells: &[Cell<'_>]) -> bool {
    let Some(values) = cells.iter().map(|cell| cell.value).collect::<Option<Vec<&Value>>>() else { return false };
    let Some((first, rest)) = values.split_first() else { return false };
    let others: Vec<&Value> = rest.iter().copied().filter(|other| other != first).collect();
    let only = |other: &&Value| {
        let changes = carried(key, first, other);
        !changes.is_empty() && changes.iter().all(|change| change.starts_with("messageVersion "))
    };
    !others.is_empty() && others.iter().all(only)
}

/// A value as JSON, cut if it is long.
fn shown(value: &Value) -> String {
    let mut text = value.to_string();
    if let Some((cut, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(cut);
        text.push('…');
    }
    text
}
