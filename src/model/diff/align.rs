//! Which element of a list stands for which of another. Bounded: never worse than the
//! lists' lengths times the logarithm of it, but for short lists, which are done exactly.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::doc::Doc;
use crate::model::jsonpath::{Kind, Tree as _};

/// Products of lengths up to which the longest common subsequence is found exactly, which
/// takes that many steps. Our choice.
const EXACT: usize = 250_000;
/// Members whose value tells which element of a list one is, best first. Our choice.
const NAMES: &[&str] =
    &["id", "name", "key", "code", "rel", "uuid", "session_id", "number", "messageType", "type", "reference"];

/// How the elements of two lists belong together. Both sides' places, each at most once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs {
    /// Ordered by the right place; both rise but for those that moved.
    pub pairs: Vec<Pair>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub left: usize,
    pub right: usize,
    /// It stands elsewhere among its neighbours.
    pub moved: bool,
}

/// Keys that are equal, in order where that can be; the rest of equal ones as moved.
pub(super) fn sequence<T: Hash + Eq + Ord + Clone>(left: &[T], right: &[T]) -> Vec<Pair> {
    let start = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    let (left_rest, right_rest) = (&left[start..], &right[start..]);
    let end = left_rest.iter().rev().zip(right_rest.iter().rev()).take_while(|(left, right)| left == right).count();
    let (left_rest, right_rest) = (&left_rest[..left_rest.len() - end], &right_rest[..right_rest.len() - end]);
    let kept = |at: usize, other: usize| Pair { left: at, right: other, moved: false };
    let mut pairs: Vec<Pair> = (0..start).map(|at| kept(at, at)).collect();
    let inner = if left_rest.len().saturating_mul(right_rest.len()) <= EXACT {
        exact(left_rest, right_rest)
    } else {
        by_occurrence(left_rest, right_rest, &HashSet::new(), &HashSet::new())
    };
    pairs.extend(inner.into_iter().map(|pair| Pair { left: pair.left + start, right: pair.right + start, ..pair }));
    pairs.extend((0..end).map(|at| kept(left.len() - end + at, right.len() - end + at)));
    pairs.sort_by_key(|pair| pair.right);
    pairs
}

fn exact<T: Hash + Eq + Ord + Clone>(left: &[T], right: &[T]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let (mut used_left, mut used_right) = (HashSet::new(), HashSet::new());
    for op in capture_diff_slices(Algorithm::Myers, left, right) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            pairs.extend((0..len).map(|n| Pair { left: old_index + n, right: new_index + n, moved: false }));
            used_left.extend(old_index..old_index + len);
            used_right.extend(new_index..new_index + len);
        }
    }
    let rest = by_occurrence(left, right, &used_left, &used_right);
    pairs.extend(rest.into_iter().map(|pair| Pair { moved: true, ..pair }));
    pairs
}

/// The first of a key with the first of the same, the second with the second; those that are
/// not in the longest rising run have moved.
fn by_occurrence<T: Hash + Eq>(
    left: &[T],
    right: &[T],
    used_left: &HashSet<usize>,
    used_right: &HashSet<usize>,
) -> Vec<Pair> {
    let mut places: HashMap<&T, Vec<usize>> = HashMap::new();
    for (at, key) in left.iter().enumerate().rev().filter(|(at, _)| !used_left.contains(at)) {
        places.entry(key).or_default().push(at);
    }
    let mut pairs = Vec::new();
    for (at, key) in right.iter().enumerate().filter(|(at, _)| !used_right.contains(at)) {
        if let Some(left) = places.get_mut(key).and_then(Vec::pop) {
            pairs.push(Pair { left, right: at, moved: true });
        }
    }
    let stay = longest_rising(&pairs.iter().map(|pair| pair.left).collect::<Vec<_>>());
    for at in stay {
        pairs[at].moved = false;
    }
    pairs
}

/// Places of a longest rising subsequence.
fn longest_rising(list: &[usize]) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::new(); // of runs of each length, the place of the smallest end
    let mut before: Vec<Option<usize>> = Vec::with_capacity(list.len());
    for (at, value) in list.iter().enumerate() {
        let place = ends.partition_point(|end| list[*end] < *value);
        before.push(place.checked_sub(1).map(|place| ends[place]));
        match ends.get_mut(place) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut chain = Vec::new();
    let mut next = ends.last().copied();
    while let Some(at) = next {
        chain.push(at);
        next = before[at];
    }
    chain.reverse();
    chain
}

/// The elements of two arrays: by identity where they have one, else by content; those in
/// the same gap that are left by shape, then by place.
pub(super) fn elements(docs: (&Doc, &Doc), left: &[u32], right: &[u32]) -> Pairs {
    let (a, b) = docs;
    let sums = |doc: &Doc, list: &[u32]| list.iter().map(|node| doc.sum(*node)).collect::<Vec<_>>();
    let names = identities(docs, left, right);
    let mut pairs = match &names {
        Some((left, right)) => sequence(left, right),
        None => sequence(&sums(a, left), &sums(b, right)),
    };
    // Two with names of their own are not one that changed, unless the names are new each time.
    fill(docs, (left, right), names.is_none(), &mut pairs);
    Pairs { pairs }
}

/// What the elements are called, if all have a name of their own and some are on both sides.
fn identities(docs: (&Doc, &Doc), left: &[u32], right: &[u32]) -> Option<(Vec<String>, Vec<String>)> {
    let objects = |doc: &Doc, list: &[u32]| list.iter().all(|node| doc.kind_of(*node) == Kind::Object);
    if left.is_empty() || right.is_empty() || !objects(docs.0, left) || !objects(docs.1, right) {
        return None;
    }
    NAMES.iter().find_map(|name| {
        let (left, right) = (named(docs.0, left, name)?, named(docs.1, right, name)?);
        let there: HashSet<&String> = left.iter().collect();
        let both = right.iter().filter(|value| there.contains(value)).count();
        (both * 2 >= left.len().min(right.len())).then_some((left, right))
    })
}

fn named(doc: &Doc, list: &[u32], name: &str) -> Option<Vec<String>> {
    let value = |node: u32| {
        let mut members = doc.children(node);
        let member = members.find(|member| doc.key_text(*member).is_some_and(|key| key == name))?;
        (doc.first(member).is_none() && doc.kind_of(member) != Kind::Null).then(|| doc.text(member).into_owned())
    };
    let values: Vec<String> = list.iter().map(|node| value(*node)).collect::<Option<_>>()?;
    let own: HashSet<&String> = values.iter().collect();
    (own.len() == values.len()).then_some(values)
}

/// Between two that stay where they were, what is left on both sides belongs together: those
/// of the same shape first, then one after the other if they are of the same kind.
fn fill(docs: (&Doc, &Doc), (left, right): (&[u32], &[u32]), by_place: bool, pairs: &mut Vec<Pair>) {
    let taken_left: HashSet<usize> = pairs.iter().map(|pair| pair.left).collect();
    let taken_right: HashSet<usize> = pairs.iter().map(|pair| pair.right).collect();
    if taken_left.len() == left.len() || taken_right.len() == right.len() {
        return;
    }
    let ends = Pair { left: left.len(), right: right.len(), moved: false };
    let stays: Vec<Pair> = pairs.iter().copied().filter(|pair| !pair.moved).chain([ends]).collect();
    let (mut from_left, mut from_right) = (0, 0);
    for stay in stays {
        let free_left: Vec<usize> = (from_left..stay.left).filter(|at| !taken_left.contains(at)).collect();
        let free_right: Vec<usize> = (from_right..stay.right).filter(|at| !taken_right.contains(at)).collect();
        (from_left, from_right) = (stay.left + 1, stay.right + 1);
        if !free_left.is_empty() && !free_right.is_empty() {
            pairs.extend(gap(docs, (left, &free_left), (right, &free_right), by_place));
        }
    }
    pairs.sort_by_key(|pair| pair.right);
}

fn gap(docs: (&Doc, &Doc), left: (&[u32], &[usize]), right: (&[u32], &[usize]), by_place: bool) -> Vec<Pair> {
    let shapes =
        |doc: &Doc, side: (&[u32], &[usize])| side.1.iter().map(|at| doc.shape(side.0[*at])).collect::<Vec<_>>();
    let (one, other) = (shapes(docs.0, left), shapes(docs.1, right));
    let mut found: Vec<Pair> = sequence(&one, &other).into_iter().filter(|pair| !pair.moved).collect();
    let mut between = Vec::new();
    let (mut from_left, mut from_right) = (0, 0);
    for (to_left, to_right) in found.iter().map(|pair| (pair.left, pair.right)).chain([(left.1.len(), right.1.len())]) {
        let same = |(at, other): &(usize, usize)| {
            docs.0.kind_of(left.0[left.1[*at]]) == docs.1.kind_of(right.0[right.1[*other]])
                || docs.0.first(left.0[left.1[*at]]).is_none() && docs.1.first(right.0[right.1[*other]]).is_none()
        };
        let pairs = (from_left..to_left).zip(from_right..to_right).filter(|_| by_place).filter(same);
        between.extend(pairs.map(|(left, right)| Pair { left, right, moved: false }));
        (from_left, from_right) = (to_left + 1, to_right + 1);
    }
    found.extend(between);
    found.into_iter().map(|pair| Pair { left: left.1[pair.left], right: right.1[pair.right], ..pair }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_moved_is_told_from_what_stays() {
        let pairs = sequence(&["a", "b", "c", "d"], &["a", "d", "b", "c"]);
        let moved: Vec<usize> = pairs.iter().filter(|pair| pair.moved).map(|pair| pair.left).collect();
        assert_eq!(moved, [3]);
        assert_eq!(pairs.len(), 4);
    }

    proptest! {
        #[test]
        fn each_place_belongs_to_one(left in proptest::collection::vec(0_u8..6, 0..40), right in proptest::collection::vec(0_u8..6, 0..40)) {
            let both = [sequence(&left, &right), by_occurrence(&left, &right, &HashSet::new(), &HashSet::new())];
            for pairs in both {
                let lefts: HashSet<usize> = pairs.iter().map(|pair| pair.left).collect();
                let rights: HashSet<usize> = pairs.iter().map(|pair| pair.right).collect();
                prop_assert_eq!((lefts.len(), rights.len()), (pairs.len(), pairs.len()));
                prop_assert!(pairs.iter().all(|pair| left[pair.left] == right[pair.right]));
                let mut stay: Vec<Pair> = pairs.into_iter().filter(|pair| !pair.moved).collect();
                stay.sort_by_key(|pair| pair.right);
                prop_assert!(stay.windows(2).all(|two| two[0].left < two[1].left));
            }
        }
    }
}
