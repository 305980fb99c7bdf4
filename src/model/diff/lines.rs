//! Two texts by their lines; where one line is very long, by the pieces between commas and
//! brackets. Linear in the bytes, whatever they are.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use super::{Diff, Row, Sides, Sign, Volatile, align, volatile};
use crate::model::jsonpath::Kind;

/// Average length of lines in bytes from which pieces are compared instead. Our choice.
const LONG: usize = 4096;
/// Longest piece in bytes. Our choice.
const PIECE: usize = 8192;

/// A text in lines or pieces.
#[derive(Debug)]
pub struct Lines {
    bytes: Bytes,
    ends: Vec<usize>,
    pieces: bool,
}

impl Lines {
    fn of(bytes: Bytes, pieces: bool) -> Self {
        let mut ends = Vec::new();
        let mut start = 0;
        for (at, byte) in bytes.iter().enumerate() {
            let ends_here = match byte {
                b'\n' => true,
                b',' | b'{' | b'}' | b'[' | b']' | b'>' | b'&' => pieces,
                _ => pieces && at - start >= PIECE,
            };
            if ends_here {
                ends.push(at + 1);
                start = at + 1;
            }
        }
        if start < bytes.len() {
            ends.push(bytes.len());
        }
        Self { bytes, ends, pieces }
    }

    /// Where a line stands in the bytes, its end included.
    pub fn range(&self, at: u32) -> Range<usize> {
        let at = at as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        start..self.ends.get(at).copied().unwrap_or(start)
    }

    /// `line 12`, `byte 8192`.
    pub fn place(&self, at: u32) -> String {
        if self.pieces { format!("byte {}", self.range(at).start) } else { format!("line {}", u64::from(at) + 1) }
    }

    /// A line without its end, so many bytes of it at most.
    pub fn text(&self, at: u32, most: usize) -> String {
        let line = self.bytes.get(self.range(at)).unwrap_or_default();
        super::cut(line.trim_ascii_end(), most)
    }

    fn sums(&self, sums: &RandomState) -> Vec<u64> {
        let count = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        (0..count).map(|at| sums.hash_one(self.bytes.get(self.range(at)).unwrap_or_default())).collect()
    }
}

/// Compares two texts. `None` if it was told to stop.
pub(super) fn compare(left: Bytes, right: Bytes, note: Option<String>, cancel: &AtomicBool) -> Option<Diff> {
    let long = |bytes: &Bytes| {
        let lines = memchr::memchr_iter(b'\n', bytes).count() + 1;
        bytes.len() / lines > LONG
    };
    let pieces = long(&left) || long(&right);
    let lines = (Lines::of(left, pieces), Lines::of(right, pieces));
    let sums = RandomState::new();
    let (one, other) = (lines.0.sums(&sums), lines.1.sums(&sums));
    if cancel.load(Ordering::Relaxed) {
        return None;
    }
    let mut pairs = align::sequence(&one, &other).into_iter().peekable();
    let mut rows = Rows::default();
    let mut kept = vec![false; one.len()];
    for pair in pairs.clone() {
        kept[pair.left] = true;
    }
    let mut at = 0;
    let mut gone: Vec<usize> = Vec::new();
    let mut new: Vec<usize> = Vec::new();
    for right in 0..other.len() {
        if right % 4096 == 0 && cancel.load(Ordering::Relaxed) {
            return None;
        }
        let Some(pair) = pairs.next_if(|pair| pair.right == right) else {
            new.push(right);
            continue;
        };
        if pair.moved {
            rows.gap(&mut gone, &mut new, &lines);
            rows.push(Sign::Moved, Some(pair.left), Some(pair.right));
            continue;
        }
        gone.extend((at..pair.left).filter(|at| !kept[*at]));
        at = pair.left + 1;
        rows.gap(&mut gone, &mut new, &lines);
        rows.push(Sign::Equal, Some(pair.left), Some(pair.right));
    }
    gone.extend((at..one.len()).filter(|at| !kept[*at]));
    rows.gap(&mut gone, &mut new, &lines);
    Some(Diff {
        sides: Sides::Lines(Box::new(lines)),
        note,
        rows: rows.0,
        reordered: 0,
        renamings: Vec::new(),
        roots: None,
    })
}

#[derive(Default)]
struct Rows(Vec<Row>);

impl Rows {
    /// Lines of which nothing is left on the other side: one after the other as changed.
    fn gap(&mut self, gone: &mut Vec<usize>, new: &mut Vec<usize>, lines: &(Lines, Lines)) {
        let both = gone.len().min(new.len());
        for (left, right) in gone.iter().zip(new.iter()) {
            self.push(Sign::Changed, Some(*left), Some(*right));
            if let Some(row) = self.0.last_mut() {
                row.volatile = new_each_time(lines, row);
            }
        }
        for left in gone.iter().skip(both) {
            self.push(Sign::Removed, Some(*left), None);
        }
        for right in new.iter().skip(both) {
            self.push(Sign::Added, None, Some(*right));
        }
        gone.clear();
        new.clear();
    }

    /// Equal lines after one another are one row.
    fn push(&mut self, sign: Sign, left: Option<usize>, right: Option<usize>) {
        let (left, right) = (left.and_then(|at| u32::try_from(at).ok()), right.and_then(|at| u32::try_from(at).ok()));
        if sign == Sign::Equal
            && let Some(last) = self.0.last_mut().filter(|last| last.sign == Sign::Equal)
        {
            last.leaves += 1;
            return;
        }
        self.0.push(Row { sign, left, right, volatile: None, remark: None, leaves: 1 });
    }
}

/// What is new each time, if two lines differ in nothing else.
fn new_each_time(lines: &(Lines, Lines), row: &Row) -> Option<Volatile> {
    let left = std::str::from_utf8(lines.0.bytes.get(lines.0.range(row.left?))?).ok()?;
    let right = std::str::from_utf8(lines.1.bytes.get(lines.1.range(row.right?))?).ok()?;
    let words = |line: &'_ str| line.len() <= PIECE * 2;
    if !words(left) || !words(right) {
        return None;
    }
    let cut = |c: char| c.is_whitespace() || "\"'=&<>,;()".contains(c);
    let (mut one, mut other) = (left.split_inclusive(cut), right.split_inclusive(cut));
    let (mut kind, mut key) = (None, "");
    loop {
        match (one.next(), other.next()) {
            (None, None) => return kind,
            (Some(one), Some(other)) => {
                let word = |text: &'_ str| text.trim_end_matches(cut).len();
                let (word_one, end_one) = one.split_at(word(one));
                let (word_other, end_other) = other.split_at(word(other));
                if end_one != end_other {
                    return None;
                }
                if word_one != word_other {
                    let seen = volatile::of(key, Kind::Text, word_one)?;
                    if volatile::of(key, Kind::Text, word_other)? != seen {
                        return None;
                    }
                    kind = Some(seen.kind);
                }
                if !word_one.is_empty() {
                    key = word_one;
                }
            }
            _ => return None,
        }
    }
}
