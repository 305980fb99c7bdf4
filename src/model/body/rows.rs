//! Which rows of a JSON text are seen: all but what is folded or filtered out. Knows the
//! n-th row and the row of a value in logarithmic time, so that a list of millions is drawn
//! from any place. Grows with the index, a bounded step each time it is asked to.

use super::index::Index;

/// The end of what is not closed yet.
const OPEN: u32 = u32::MAX;

/// A row: a value, or the line that closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The value.
    pub node: u32,
    /// The line with its `}` or `]`; only among lines.
    pub close: bool,
    /// Levels above it.
    pub depth: u32,
}

impl Place {
    /// The line of the value when everything is unfolded, from 0.
    pub fn line(self, index: &Index) -> u64 {
        u64::from(self.node) + u64::from(index.firsts(self.node + 1)) - u64::from(self.depth)
    }
}

/// Values that are not seen, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hidden {
    first: u32,
    end: u32,
    /// Filtered out, not folded.
    gap: bool,
    /// Closing lines among them.
    closers: u32,
    nodes_before: u32,
    closers_before: u32,
    /// What was hidden in it before it was.
    inner: Vec<Hidden>,
}

impl Hidden {
    fn nodes(&self) -> u32 {
        if self.end == OPEN { 0 } else { self.end - self.first }
    }
}

/// The rows that are seen. `closers`, where asked: with the lines that close what is open.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    hidden: Vec<Hidden>,
    /// The level whose values are folded as they come.
    fold_at: Option<u32>,
    /// Values looked at so far.
    upto: u32,
}

impl Rows {
    /// All values.
    pub fn all() -> Self {
        Self::default()
    }

    /// With everything folded that is this deep; 1 folds what the outermost value holds.
    pub fn folded_at(depth: u32) -> Self {
        Self { fold_at: Some(depth), ..Self::default() }
    }

    /// Only these values (ascending), what is in them, and what they are in.
    pub fn only(index: &Index, found: &[u32]) -> Self {
        let len = index.len() as u32;
        let mut rows = Self { upto: len, ..Self::default() };
        let mut seen = 0; // the first value that nothing is decided of
        for node in found.iter().copied() {
            if node < seen {
                continue;
            }
            let up = std::iter::successors(index.parent(node), |node| index.parent(*node));
            let mut kept: Vec<u32> = up.take_while(|node| *node >= seen).collect();
            kept.reverse();
            kept.push(node);
            for node in kept {
                rows.gap(index, seen, node);
                seen = node + 1;
            }
            seen = index.next(node);
        }
        rows.gap(index, seen, len);
        rows.count_from(0);
        rows
    }

    fn gap(&mut self, index: &Index, first: u32, end: u32) {
        if first < end {
            self.hidden.push(hidden(index, first, end, true));
        }
    }

    /// Takes in what the index has found since, `budget` values at most. True if there is
    /// more to take in at once.
    pub fn catch_up(&mut self, index: &Index, budget: usize) -> bool {
        let (len, ended) = (index.len() as u32, index.ended());
        for _ in 0..budget {
            if let Some(last) = self.hidden.last_mut().filter(|last| last.end == OPEN) {
                // Closed is not enough: the last values in it may not be published yet.
                if index.next(last.first - 1) >= len && !ended {
                    return false;
                }
                let (first, end) = (last.first, index.next(last.first - 1));
                *last = Hidden { inner: std::mem::take(&mut last.inner), ..hidden(index, first, end, false) };
                self.upto = end;
                self.count_from(self.hidden.len() - 1);
            }
            if self.upto >= len {
                return false;
            }
            let Some(depth) = self.fold_at else {
                self.upto = len;
                return false;
            };
            let node = self.upto;
            if !index.holds(node) || !is_at(index, node, depth) {
                self.upto += 1;
                continue;
            }
            if node + 1 == len && !ended {
                return false; // whether there is something in it will be seen
            }
            self.upto += 1;
            if index.filled(node) {
                self.hidden.push(Hidden { end: OPEN, ..hidden(index, node + 1, node + 1, false) });
                self.count_from(self.hidden.len() - 1);
            }
        }
        true
    }

    fn count_from(&mut self, place: usize) {
        let (mut nodes, mut closers) = match place.checked_sub(1).and_then(|before| self.hidden.get(before)) {
            Some(before) => (before.nodes_before + before.nodes(), before.closers_before + before.closers),
            None => (0, 0),
        };
        for hidden in self.hidden.iter_mut().skip(place) {
            (hidden.nodes_before, hidden.closers_before) = (nodes, closers);
            nodes += hidden.nodes();
            closers += hidden.closers;
        }
    }

    /// How many rows there are.
    pub fn count(&self, index: &Index, closers: bool) -> u64 {
        let nodes = self.nodes();
        if !closers || nodes == 0 {
            return u64::from(nodes);
        }
        if index.ended() && !index.is_open(0) && self.upto as usize == index.len() {
            let hidden = self.hidden.last().map_or(0, |last| last.closers_before + last.closers);
            return u64::from(nodes + index.firsts(self.upto) - hidden);
        }
        // Something is open; what has ended around the last value has its closing line too.
        let last = self.node(nodes - 1);
        let up = std::iter::successors(index.parent(last), |node| index.parent(*node));
        self.line(index, last) + 1 + up.take_while(|node| !index.is_open(*node)).count() as u64
    }

    fn nodes(&self) -> u32 {
        let hidden = self.hidden.last().map_or(0, |last| last.nodes_before + last.nodes());
        self.upto - hidden
    }

    /// The value in the n-th place of those that are seen.
    fn node(&self, place: u32) -> u32 {
        let before = self.hidden.partition_point(|hidden| hidden.first - hidden.nodes_before <= place);
        let last = before.checked_sub(1).and_then(|last| self.hidden.get(last));
        place + last.map_or(0, |last| last.nodes_before + last.nodes())
    }

    /// The run of hidden values that one is in.
    fn hiding(&self, node: u32) -> Option<&Hidden> {
        let after = self.hidden.partition_point(|hidden| hidden.first <= node);
        let last = after.checked_sub(1).and_then(|last| self.hidden.get(last))?;
        (node < last.end).then_some(last)
    }

    /// The line of a value that is seen, among those that are.
    fn line(&self, index: &Index, node: u32) -> u64 {
        let after = self.hidden.partition_point(|hidden| hidden.first <= node);
        let last = after.checked_sub(1).and_then(|last| self.hidden.get(last));
        let hidden = last.map_or(0, |last| {
            u64::from(last.nodes_before + last.nodes()) + u64::from(last.closers_before + last.closers)
        });
        line_of(index, node) - hidden
    }

    /// The row of a value; of what hides it, if something does.
    pub fn row_of(&self, index: &Index, node: u32, closers: bool) -> u64 {
        let node = self.hiding(node).map_or(node, |hidden| hidden.first.saturating_sub(1));
        if closers {
            return self.line(index, node);
        }
        let after = self.hidden.partition_point(|hidden| hidden.first <= node);
        let last = after.checked_sub(1).and_then(|last| self.hidden.get(last));
        u64::from(node) - last.map_or(0, |last| u64::from(last.nodes_before + last.nodes()))
    }

    /// The n-th row.
    pub fn at(&self, index: &Index, row: u64, closers: bool) -> Option<Place> {
        let count = self.nodes();
        if count == 0 {
            return None;
        }
        if !closers {
            let place = u32::try_from(row).ok().filter(|place| *place < count)?;
            let node = self.node(place);
            return Some(Place { node, close: false, depth: index.depth(node) });
        }
        let (mut low, mut high) = (0, count); // the last value whose line is not behind this one
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.line(index, self.node(middle)) <= row { low = middle } else { high = middle }
        }
        let node = self.node(low);
        let mut place = Place { node, close: false, depth: index.depth(node) };
        for _ in self.line(index, node)..row {
            place = self.after(index, place, true)?;
        }
        Some(place)
    }

    /// The next row.
    pub fn after(&self, index: &Index, place: Place, closers: bool) -> Option<Place> {
        if !closers {
            let next = self.seen_from(place.node + 1)?;
            return Some(Place { node: next, close: false, depth: depth_after(index, place, next) });
        }
        let node = place.node;
        if !place.close && index.filled(node) && !self.folded(node) {
            let next = self.seen_from(node + 1)?;
            return Some(Place { node: next, close: false, depth: place.depth + 1 });
        }
        let parent = index.parent(node)?;
        let next = self.seen_from(index.next(node));
        if !index.is_open(parent) && next.is_none_or(|next| next >= index.next(parent)) {
            return Some(Place { node: parent, close: true, depth: place.depth.saturating_sub(1) });
        }
        Some(Place { node: next?, close: false, depth: place.depth })
    }

    /// The first value from here on that is seen.
    fn seen_from(&self, mut node: u32) -> Option<u32> {
        while let Some(hidden) = self.hiding(node) {
            node = hidden.end;
        }
        (node < self.upto).then_some(node)
    }

    /// True if what is in a value is folded away.
    pub fn folded(&self, node: u32) -> bool {
        self.find(node).is_ok()
    }

    fn find(&self, node: u32) -> Result<usize, usize> {
        let place = self.hidden.partition_point(|hidden| hidden.first <= node);
        match self.hidden.get(place) {
            Some(hidden) if hidden.first == node + 1 && !hidden.gap => Ok(place),
            _ => Err(place),
        }
    }

    /// Folds a value that is seen, or unfolds it to what it was before.
    pub fn toggle(&mut self, index: &Index, node: u32) {
        match self.find(node) {
            Ok(place) => {
                let folded = self.hidden.remove(place);
                if folded.end == OPEN {
                    self.upto = folded.first;
                }
                self.hidden.splice(place..place, folded.inner);
                self.count_from(place);
            }
            Err(place) if index.filled(node) && node < self.upto => {
                let open = index.next(node) >= index.len() as u32 && !index.ended();
                let end = if open { self.upto } else { index.next(node).min(self.upto) };
                let behind = self.hidden.partition_point(|hidden| hidden.first < end);
                let mut folded = hidden(index, node + 1, end, false);
                folded.inner = self.hidden.drain(place..behind).collect();
                if open || end < index.next(node) {
                    (folded.end, folded.closers) = (OPEN, 0);
                    self.upto = folded.first;
                    folded.inner.retain(|inner| inner.end != OPEN);
                }
                self.hidden.insert(place, folded);
                self.count_from(place);
            }
            Err(_) => (),
        }
    }

    /// Unfolds what hides a value. False if a filter hides it.
    pub fn reveal(&mut self, index: &Index, node: u32) -> bool {
        while let Some(hidden) = self.hiding(node) {
            if hidden.gap {
                return false;
            }
            let folded = hidden.first - 1;
            self.toggle(index, folded);
        }
        true
    }

    /// True if something is folded.
    pub fn any_folded(&self) -> bool {
        self.hidden.iter().any(|hidden| !hidden.gap)
    }
}

fn hidden(index: &Index, first: u32, end: u32, gap: bool) -> Hidden {
    // What is in the first place of `first` itself belongs to what stands before.
    let closers = index.firsts(end).saturating_sub(index.firsts(if gap { first + 1 } else { first }));
    Hidden { first, end, gap, closers, nodes_before: 0, closers_before: 0, inner: Vec::new() }
}

/// The line of a value when everything is unfolded, from 0: all values before it, and the
/// closing lines of what has ended before it.
pub fn line_of(index: &Index, node: u32) -> u64 {
    Place { node, close: false, depth: index.depth(node) }.line(index)
}

fn is_at(index: &Index, node: u32, depth: u32) -> bool {
    let up = std::iter::successors(index.parent(node), |node| index.parent(*node));
    up.take(depth as usize + 1).count() == depth as usize
}

/// The level of the value that is seen next.
fn depth_after(index: &Index, place: Place, next: u32) -> u32 {
    let parent = index.parent(next);
    let up = std::iter::successors(Some(place.node), |node| index.parent(*node));
    let climbed = up.take_while(|node| Some(*node) != parent).count() as u32;
    (place.depth + 1).saturating_sub(climbed)
}
