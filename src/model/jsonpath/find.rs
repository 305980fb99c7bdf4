//! A query walks a document, depth first, so that the order is the standard's and nothing
//! is kept but where it stands: a stack of places, one for each level.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::atomic::{self, AtomicBool};

use regex::Regex;

use super::parse::compiled;
use super::{Found, Kind, Limits, Op, Operand, Path, Query, Segment, Selector, Stop, Test, Tree};

/// Steps between two looks at the cancel flag.
const GLANCE: u64 = 1024;
/// Patterns that came out of a document and are kept compiled. Our choice.
const PATTERNS: usize = 64;
/// Bytes of a text that count as one step.
const BYTES_A_STEP: usize = 256;
/// Queries that are absolute are answered once; so many values of each are kept.
const KEPT: usize = 10_000;

pub(super) fn all<T: Tree>(path: &Path, tree: &T, limits: Limits, cancel: &AtomicBool) -> Found<T::Node> {
    let mut walk = Walk {
        tree,
        cancel,
        left: limits.steps,
        limit: limits.steps,
        absolute: vec![None; path.absolute],
        patterns: HashMap::new(),
    };
    let mut nodes = Vec::new();
    let Some(root) = tree.root() else { return Found { nodes, stopped: None } };
    let stopped = walk.each(&path.segments, root, &mut |node| {
        if nodes.len() >= limits.results {
            return Err(Stop::Results(limits.results));
        }
        nodes.push(node);
        Ok(())
    });
    Found { nodes, stopped: stopped.err() }
}

struct Walk<'a, T: Tree> {
    tree: &'a T,
    cancel: &'a AtomicBool,
    left: u64,
    limit: u64,
    absolute: Vec<Option<Vec<T::Node>>>,
    patterns: HashMap<(String, bool), Option<Regex>>,
}

/// Where a walk stands, at one level.
enum Place<N> {
    /// This value has been found by the segments before `segment`.
    At { node: N, segment: usize },
    /// All below and including this value are looked at by `segment`.
    Below { node: N, segment: usize },
    /// From this sibling on.
    Siblings { node: N, segment: usize },
    /// The selectors of a segment, from one on; within it from one child on.
    Select { node: N, segment: usize, selector: usize, child: Option<N>, index: usize },
    /// A slice that goes backwards.
    Listed { nodes: Vec<N>, segment: usize },
}

/// A value as it compares.
enum Seen<'a, N> {
    Nothing,
    Null,
    Bool(bool),
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
    Inner(N),
}

impl<'a, T: Tree> Walk<'a, T> {
    fn step(&mut self, cost: u64) -> Result<(), Stop> {
        if self.left < cost {
            return Err(Stop::Steps(self.limit));
        }
        let before = self.left / GLANCE;
        self.left -= cost;
        if before != self.left / GLANCE && self.cancel.load(atomic::Ordering::Relaxed) {
            return Err(Stop::Cancelled);
        }
        Ok(())
    }

    /// Calls `found` for each value that the segments lead to from here.
    fn each(
        &mut self,
        segments: &[Segment],
        from: T::Node,
        found: &mut dyn FnMut(T::Node) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let mut stack = vec![Place::At { node: from, segment: 0 }];
        while let Some(place) = stack.pop() {
            self.step(1)?;
            match place {
                Place::At { node, segment } => match segments.get(segment) {
                    None => found(node)?,
                    Some(next) if next.deep => stack.push(Place::Below { node, segment }),
                    Some(_) => stack.push(selecting(node, segment, 0)),
                },
                Place::Below { node, segment } => {
                    if let Some(child) = self.tree.first(node) {
                        stack.push(Place::Siblings { node: child, segment });
                        stack.push(selecting(node, segment, 0));
                    }
                }
                Place::Siblings { node, segment } => {
                    if let Some(next) = self.tree.next(node) {
                        stack.push(Place::Siblings { node: next, segment });
                    }
                    stack.push(Place::Below { node, segment });
                }
                Place::Select { .. } => self.select(segments, place, &mut stack)?,
                Place::Listed { mut nodes, segment } => {
                    if let Some(node) = nodes.pop() {
                        stack.push(Place::Listed { nodes, segment });
                        stack.push(Place::At { node, segment });
                    }
                }
            }
        }
        Ok(())
    }

    /// One step of a selector: the next child that it takes, or the next selector.
    fn select(
        &mut self,
        segments: &[Segment],
        place: Place<T::Node>,
        stack: &mut Vec<Place<T::Node>>,
    ) -> Result<(), Stop> {
        let Place::Select { node, segment, selector, child, index } = place else { return Ok(()) };
        let Some(chosen) = segments.get(segment).and_then(|segment| segment.selectors.get(selector)) else {
            return Ok(());
        };
        let after = selecting(node, segment, selector + 1);
        let array = match self.tree.kind(node) {
            Kind::Array => true,
            Kind::Object => false,
            _ => return Ok(()),
        };
        let takes_all = match chosen {
            Selector::Index(wanted) => {
                stack.push(after);
                let place = array.then(|| self.place(node, *wanted)).flatten();
                if let Some(node) = place.and_then(|place| self.tree.element(node, place)) {
                    stack.push(Place::At { node, segment: segment + 1 });
                }
                return Ok(());
            }
            Selector::Slice { start, end, step } => {
                stack.push(after);
                if array {
                    let mut nodes = self.slice(node, *start, *end, *step)?;
                    nodes.reverse();
                    stack.push(Place::Listed { nodes, segment: segment + 1 });
                }
                return Ok(());
            }
            Selector::Name(_) if array => {
                stack.push(after);
                return Ok(());
            }
            Selector::Name(_) | Selector::Filter(_) => false,
            Selector::Wild => true,
        };
        // From child to child; the first time, from the first.
        let mut next = if index == 0 { self.tree.first(node) } else { child };
        while let Some(child) = next {
            self.step(1)?;
            next = self.tree.next(child);
            let taken = takes_all
                || match chosen {
                    Selector::Name(name) => self.tree.key(child).is_some_and(|key| key == name.as_str()),
                    Selector::Filter(test) => self.test(test, child)?,
                    _ => false,
                };
            if taken {
                match next {
                    Some(_) => stack.push(Place::Select { node, segment, selector, child: next, index: 1 }),
                    None => stack.push(after),
                }
                stack.push(Place::At { node: child, segment: segment + 1 });
                return Ok(());
            }
        }
        stack.push(after);
        Ok(())
    }

    /// An index as a place from the start.
    fn place(&self, node: T::Node, index: i64) -> Option<usize> {
        match usize::try_from(index) {
            Ok(index) => Some(index),
            Err(_) => self.tree.len(node).checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
        }
    }

    /// Source: RFC 9535, 2.3.4.2.2.
    fn slice(&mut self, node: T::Node, start: Option<i64>, end: Option<i64>, step: i64) -> Result<Vec<T::Node>, Stop> {
        if step == 0 {
            return Ok(Vec::new());
        }
        let len = i64::try_from(self.tree.len(node)).unwrap_or(i64::MAX);
        let normal = |index: i64| if index >= 0 { index } else { len.saturating_add(index) };
        let (mut taken, mut nodes) = (Vec::new(), Vec::new());
        if step > 0 {
            let (lower, upper) = (normal(start.unwrap_or(0)).clamp(0, len), normal(end.unwrap_or(len)).clamp(0, len));
            let mut next = (lower < upper).then(|| usize::try_from(lower).ok()).flatten();
            let mut child = next.and_then(|index| self.tree.element(node, index));
            let mut at = lower;
            while let Some(node) = child.filter(|_| at < upper) {
                self.step(1)?;
                if (at - lower) % step == 0 {
                    nodes.push(node);
                }
                at += 1;
                next = next.map(|index| index + 1);
                child = self.tree.next(node);
            }
            return Ok(nodes);
        }
        let upper = start.map_or(len - 1, normal).clamp(-1, len - 1);
        let lower = end.map_or(-1, normal).clamp(-1, len - 1);
        let mut child = self.tree.first(node);
        while let Some(node) = child.filter(|_| i64::try_from(taken.len()).is_ok_and(|at| at <= upper)) {
            self.step(1)?;
            taken.push(node);
            child = self.tree.next(node);
        }
        let mut at = upper;
        while at > lower {
            if let Some(node) = usize::try_from(at).ok().and_then(|at| taken.get(at)) {
                nodes.push(*node);
            }
            at = at.saturating_add(step);
        }
        Ok(nodes)
    }

    fn test(&mut self, test: &Test, node: T::Node) -> Result<bool, Stop> {
        self.step(1)?;
        Ok(match test {
            Test::Any(tests) => {
                for test in tests {
                    if self.test(test, node)? {
                        return Ok(true);
                    }
                }
                false
            }
            Test::All(tests) => {
                for test in tests {
                    if !self.test(test, node)? {
                        return Ok(false);
                    }
                }
                true
            }
            Test::Not(test) => !self.test(test, node)?,
            Test::Exists(query) => !self.nodes(query, node, 1)?.is_empty(),
            Test::Compare(left, op, right) => {
                let (left, right) = (self.operand(left, node)?, self.operand(right, node)?);
                self.compare(&left, *op, &right)?
            }
            Test::Matches { text, pattern, whole, ready } => {
                let Seen::Text(text) = self.operand(text, node)? else { return Ok(false) };
                self.step((text.len() / BYTES_A_STEP) as u64)?;
                match ready {
                    Some(ready) => ready.is_match(&text),
                    None => {
                        let Seen::Text(pattern) = self.operand(pattern, node)? else { return Ok(false) };
                        self.matches(&text, &pattern, *whole)
                    }
                }
            }
        })
    }

    fn matches(&mut self, text: &str, pattern: &str, whole: bool) -> bool {
        if self.patterns.len() >= PATTERNS {
            self.patterns.clear();
        }
        let ready = self.patterns.entry((pattern.to_owned(), whole));
        ready.or_insert_with(|| compiled(pattern, whole).ok()).as_ref().is_some_and(|ready| ready.is_match(text))
    }

    /// What a query inside a filter finds, `most` at most.
    fn nodes(&mut self, query: &Query, node: T::Node, most: usize) -> Result<Vec<T::Node>, Stop> {
        let kept = query.absolute.and_then(|slot| self.absolute.get(slot)).and_then(Option::as_ref);
        if let Some(kept) = kept {
            return Ok(kept.iter().take(most).copied().collect());
        }
        let from = if query.absolute.is_some() { self.tree.root() } else { Some(node) };
        let mut nodes = Vec::new();
        let full = Stop::Results(most);
        if let Some(from) = from {
            let done = self.each(&query.segments, from, &mut |node| {
                nodes.push(node);
                if nodes.len() >= most { Err(full) } else { Ok(()) }
            });
            match done {
                Err(stop) if stop != full => return Err(stop),
                _ => (),
            }
        }
        if let Some(slot) = query.absolute.and_then(|slot| self.absolute.get_mut(slot)).filter(|_| nodes.len() < KEPT) {
            *slot = Some(nodes.clone());
        }
        Ok(nodes)
    }

    fn operand<'s>(&mut self, operand: &'s Operand, node: T::Node) -> Result<Seen<'s, T::Node>, Stop>
    where
        'a: 's,
    {
        Ok(match operand {
            Operand::Text(text) => Seen::Text(Cow::Borrowed(text)),
            Operand::Number(number) => Seen::Number(Cow::Borrowed(number)),
            Operand::Bool(value) => Seen::Bool(*value),
            Operand::Null => Seen::Null,
            Operand::One(query) => {
                let nodes = self.nodes(query, node, 1)?;
                nodes.first().map_or(Seen::Nothing, |node| self.seen(*node))
            }
            Operand::Value(query) => {
                let nodes = self.nodes(query, node, 2)?;
                if let [node] = nodes.as_slice() { self.seen(*node) } else { Seen::Nothing }
            }
            Operand::Count(query) => {
                let mut count = 0_u64;
                match query.absolute {
                    Some(_) => count = self.nodes(query, node, KEPT - 1)?.len() as u64,
                    None => self.each(&query.segments, node, &mut |_| {
                        count += 1;
                        Ok(())
                    })?,
                }
                Seen::Number(Cow::Owned(count.to_string()))
            }
            Operand::Length(of) => match self.operand(of, node)? {
                Seen::Text(text) => {
                    self.step((text.len() / BYTES_A_STEP) as u64)?;
                    Seen::Number(Cow::Owned(text.chars().count().to_string()))
                }
                Seen::Inner(node) => {
                    let len = self.tree.len(node);
                    self.step(len as u64)?;
                    Seen::Number(Cow::Owned(len.to_string()))
                }
                _ => Seen::Nothing,
            },
        })
    }

    fn seen<'s>(&self, node: T::Node) -> Seen<'s, T::Node>
    where
        'a: 's,
    {
        match self.tree.kind(node) {
            Kind::Object | Kind::Array => Seen::Inner(node),
            Kind::Text => Seen::Text(self.tree.scalar(node)),
            Kind::Number => Seen::Number(self.tree.scalar(node)),
            Kind::Bool => Seen::Bool(self.tree.scalar(node) == "true"),
            Kind::Null => Seen::Null,
        }
    }

    /// Source: RFC 9535, 2.3.5.2.2.
    fn compare(&mut self, left: &Seen<'_, T::Node>, op: Op, right: &Seen<'_, T::Node>) -> Result<bool, Stop> {
        let order = match (left, right) {
            (Seen::Text(left), Seen::Text(right)) => {
                self.step((left.len().min(right.len()) / BYTES_A_STEP) as u64)?;
                Some(left.as_ref().cmp(right.as_ref()))
            }
            (Seen::Number(left), Seen::Number(right)) => number_order(left, right),
            (Seen::Bool(left), Seen::Bool(right)) if left == right => Some(Ordering::Equal),
            (Seen::Null, Seen::Null) | (Seen::Nothing, Seen::Nothing) => Some(Ordering::Equal),
            (Seen::Inner(left), Seen::Inner(right)) => self.same(*left, *right)?.then_some(Ordering::Equal),
            _ => None,
        };
        Ok(match op {
            Op::Equal => order == Some(Ordering::Equal),
            Op::Unequal => order != Some(Ordering::Equal),
            Op::Less => order == Some(Ordering::Less),
            Op::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Op::Greater => order == Some(Ordering::Greater),
            Op::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        })
    }

    /// True if both are the same, whatever the order of members.
    fn same(&mut self, left: T::Node, right: T::Node) -> Result<bool, Stop> {
        let mut pairs = vec![(left, right)];
        while let Some((left, right)) = pairs.pop() {
            self.step(1)?;
            match (self.tree.kind(left), self.tree.kind(right)) {
                (Kind::Object, Kind::Object) => {
                    let (left, right) = (self.members(left)?, self.members(right)?);
                    if left.len() != right.len() {
                        return Ok(false);
                    }
                    for (key, left) in left {
                        let Some(right) = right.get(&key) else { return Ok(false) };
                        pairs.push((left, *right));
                    }
                }
                (Kind::Array, Kind::Array) => {
                    let (mut left, mut right) = (self.tree.first(left), self.tree.first(right));
                    while let (Some(one), Some(other)) = (left, right) {
                        self.step(1)?;
                        pairs.push((one, other));
                        (left, right) = (self.tree.next(one), self.tree.next(other));
                    }
                    if left.is_some() || right.is_some() {
                        return Ok(false);
                    }
                }
                (Kind::Object | Kind::Array, _) | (_, Kind::Object | Kind::Array) => return Ok(false),
                _ => {
                    let (left, right) = (self.seen(left), self.seen(right));
                    if !self.compare(&left, Op::Equal, &right)? {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }

    /// Members by name; of those with the same name, the last.
    fn members(&mut self, node: T::Node) -> Result<HashMap<Cow<'a, str>, T::Node>, Stop> {
        let mut members = HashMap::new();
        let mut next = self.tree.first(node);
        while let Some(child) = next {
            self.step(1)?;
            members.insert(self.tree.key(child).unwrap_or_default(), child);
            next = self.tree.next(child);
        }
        Ok(members)
    }
}

fn selecting<N>(node: N, segment: usize, selector: usize) -> Place<N> {
    Place::Select { node, segment, selector, child: None, index: 0 }
}

/// Whole numbers exactly, all others as the nearest double.
fn number_order(left: &str, right: &str) -> Option<Ordering> {
    if left == right {
        return Some(Ordering::Equal);
    }
    match (left.parse::<i128>(), right.parse::<i128>()) {
        (Ok(left), Ok(right)) => Some(left.cmp(&right)),
        _ => left.parse::<f64>().ok()?.partial_cmp(&right.parse::<f64>().ok()?),
    }
}
