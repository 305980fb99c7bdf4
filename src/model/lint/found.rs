//! What a run's rows show, found by row.

use std::collections::HashMap;
use std::ops::Range;

use super::observed::{Observation, observed};
use crate::model::run::Run;

/// All observations of a run, the heaviest of a row first.
#[derive(Debug, Default)]
pub struct Found {
    all: Vec<Observation>,
    rows: HashMap<usize, Range<usize>>,
}

impl Found {
    /// Looks at a whole run. Linear in its rows; reads their bodies.
    pub fn of(run: &Run) -> Self {
        let mut all = observed(run);
        let mut rows = HashMap::new();
        let mut start = 0;
        while let Some(row) = all.get(start).map(|one| one.entry) {
            let end = all[start..].iter().position(|one| one.entry != row).map_or(all.len(), |place| start + place);
            all[start..end].sort_by_key(|one| one.severity); // stable: rules keep their order
            rows.insert(row, start..end);
            start = end;
        }
        Self { all, rows }
    }

    /// All of them, in the order of the rows.
    pub fn all(&self) -> &[Observation] {
        &self.all
    }

    /// Those of a row, by its number.
    pub fn of_row(&self, number: usize) -> &[Observation] {
        self.rows.get(&number).and_then(|range| self.all.get(range.clone())).unwrap_or_default()
    }

    /// The rows about which `other` says something else.
    pub fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        let rows = self.rows.keys().chain(other.rows.keys().filter(|row| !self.rows.contains_key(*row)));
        rows.copied().filter(|row| self.of_row(*row) != other.of_row(*row))
    }
}
