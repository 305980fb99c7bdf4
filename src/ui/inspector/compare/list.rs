//! Which rows of a comparison are shown, what is folded between them, and how high each is.
//! Made when the choice changes, not on each frame.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Choice;
use crate::model::diff::{Diff, Row, Sign};

/// Equal values that one fold opens out into; what is beyond stays folded. Our choice.
const OPENED: usize = 20_000;
/// Characters of old and new together that stand in one line. Our choice.
const ONE_LINE: usize = 44;

/// Heights in points.
const FOLD: f32 = 26.0;
const EQUAL: f32 = 24.0;
const TWO_LINES: f32 = 44.0;
const THREE_LINES: f32 = 62.0;
const LINKS: f32 = 26.0;

/// One line of the list.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    /// What is to be known of the whole.
    Told(String),
    /// Rows that are not shown; which, how many values they are, and of these only new each time.
    Folded { rows: Range<usize>, equal: usize, volatile: usize },
    /// A row: its place among the rows, and the row.
    Row(usize, Row),
}

/// The items, and where each begins.
#[derive(Debug, Default)]
pub(super) struct List {
    pub items: Vec<Item>,
    /// One more than items: the last is the end of all.
    tops: Vec<f32>,
    /// Items that are changes.
    pub changes: Vec<usize>,
}

impl List {
    /// `opened`: folds that were opened, by their first row. `chosen`: has its links shown.
    pub fn of(diff: &Diff, choice: Choice, opened: &BTreeSet<usize>) -> Self {
        let mut items: Vec<Item> = told(diff).into_iter().map(Item::Told).collect();
        let quiet = |row: &Row| row.sign == Sign::Equal || (row.volatile.is_some() && !choice.volatile);
        let mut at = 0;
        while let Some(row) = diff.rows.get(at) {
            if !quiet(row) {
                items.push(Item::Row(at, row.clone()));
                at += 1;
                continue;
            }
            let run = diff.rows[at..].iter().take_while(|row| quiet(row)).count();
            let rows = at..at + run;
            if choice.all || opened.contains(&at) {
                open(diff, rows.clone(), &mut items);
            } else {
                items.push(folded(diff, rows.clone()));
            }
            at = rows.end;
        }
        let is_change = |item: &Item| matches!(item, Item::Row(_, row) if row.sign != Sign::Equal);
        let changes = items.iter().enumerate().filter(|(_, item)| is_change(item)).map(|(at, _)| at).collect();
        let mut list = Self { items, tops: Vec::new(), changes };
        list.lay_out(diff);
        list
    }

    fn lay_out(&mut self, diff: &Diff) {
        let mut top = 0.0;
        self.tops = Vec::with_capacity(self.items.len() + 1);
        for item in &self.items {
            self.tops.push(top);
            top += height(diff, item);
        }
        self.tops.push(top);
    }

    /// The height of all, with the links below the chosen one.
    pub fn height(&self, chosen: Option<usize>) -> f32 {
        self.tops.last().copied().unwrap_or_default() + chosen.map_or(0.0, |_| LINKS)
    }

    /// Top and height of an item.
    pub fn span(&self, at: usize, chosen: Option<usize>) -> (f32, f32) {
        let top = self.tops.get(at).copied().unwrap_or_default();
        let below = self.tops.get(at + 1).copied().unwrap_or(top);
        let moved = if chosen.is_some_and(|chosen| chosen < at) { LINKS } else { 0.0 };
        let own = if chosen == Some(at) { LINKS } else { 0.0 };
        (top + moved, below - top + own)
    }

    /// The items that stand between two heights.
    pub fn in_sight(&self, from: f32, to: f32) -> Range<usize> {
        // The chosen one is higher than it is counted here: one row's links more are drawn.
        let first = self.tops.partition_point(|top| *top <= from - LINKS).saturating_sub(1);
        let last = self.tops.partition_point(|top| *top < to).min(self.items.len());
        first..last.max(first)
    }
}

/// What is to be known of the whole, each in a line.
fn told(diff: &Diff) -> Vec<String> {
    let count = |sign| diff.rows.iter().filter(|row| row.sign == sign).count();
    let signs = [Sign::Changed, Sign::Added, Sign::Removed, Sign::Moved];
    let tally: Vec<String> = signs
        .into_iter()
        .filter_map(|sign| Some((count(sign), sign)).filter(|(count, _)| *count > 0))
        .map(|(count, sign)| format!("{count} {}", sign.word()))
        .collect();
    let mut told: Vec<String> = (tally.len() > 1).then(|| tally.join(", ")).into_iter().collect();
    match diff.reordered {
        0 => (),
        1 => told.push("Members stand in another order in 1 object; that is no difference".into()),
        many => told.push(format!("Members stand in another order in {many} objects; that is no difference")),
    }
    for renaming in diff.renamings.iter().filter(|renaming| renaming.times > 1).take(3) {
        let short = |id: &str| crate::ui::timeline::rows::middle_cut(id, 10, 4);
        let (from, to) = (short(&renaming.from), short(&renaming.to));
        told.push(format!("{from} is {to} in {} places, throughout", renaming.times));
    }
    told
}

fn folded(diff: &Diff, rows: Range<usize>) -> Item {
    let (mut equal, mut volatile) = (0, 0);
    for row in &diff.rows[rows.clone()] {
        match row.sign {
            Sign::Equal => equal += row.leaves,
            _ => volatile += 1,
        }
    }
    Item::Folded { rows, equal, volatile }
}

/// Each value of rows that would be folded; those beyond the cap stay folded.
fn open(diff: &Diff, rows: Range<usize>, items: &mut Vec<Item>) {
    let mut room = OPENED;
    for at in rows.clone() {
        let row = &diff.rows[at];
        if row.leaves > room {
            items.push(folded(diff, at..rows.end));
            return;
        }
        room -= row.leaves;
        match row.sign {
            Sign::Equal if row.leaves > 1 => items.extend(diff.leaves(row).into_iter().map(|row| Item::Row(at, row))),
            _ => items.push(Item::Row(at, row.clone())),
        }
    }
}

/// True if old and new stand in lines of their own.
pub(super) fn is_long(diff: &Diff, row: &Row) -> bool {
    let (left, right) = diff.ranges(row);
    row.sign == Sign::Changed && left.map_or(0, |range| range.len()) + right.map_or(0, |range| range.len()) > ONE_LINE
}

fn height(diff: &Diff, item: &Item) -> f32 {
    match item {
        Item::Told(_) | Item::Folded { .. } => FOLD,
        Item::Row(_, row) if row.sign == Sign::Equal => EQUAL,
        Item::Row(_, row) => {
            let body = if is_long(diff, row) { THREE_LINES } else { TWO_LINES };
            body + if row.remark.is_some() { 18.0 } else { 0.0 }
        }
    }
}
