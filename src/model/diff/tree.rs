//! Two documents of values: which belong together, and what became of each.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use super::doc::Doc;
use super::{Diff, Renaming, Row, Sides, Sign, Volatile, align, volatile};
use crate::model::jsonpath::Kind;

/// What is still to be looked at; the next is last.
enum Work {
    Pair { left: u32, right: u32, moved: bool },
    Removed(u32),
    Added(u32),
}

/// Compares two values of two documents. `None` if it was told to stop.
pub(super) fn compare(a: Doc, b: Doc, roots: (u32, u32), cancel: &AtomicBool) -> Option<Diff> {
    let (mut rows, mut reordered) = (Vec::new(), 0);
    let mut work = vec![Work::Pair { left: roots.0, right: roots.1, moved: false }];
    while let Some(next) = work.pop() {
        if cancel.load(Ordering::Relaxed) {
            return None;
        }
        match next {
            Work::Removed(left) => rows.push(row(Sign::Removed, Some(left), None, a.leaves(left))),
            Work::Added(right) => rows.push(row(Sign::Added, None, Some(right), b.leaves(right))),
            Work::Pair { left, right, moved } if a.sum(left) == b.sum(right) => {
                reordered += orders((&a, &b), left, right);
                let sign = if moved { Sign::Moved } else { Sign::Equal };
                rows.push(row(sign, Some(left), Some(right), a.leaves(left)));
            }
            Work::Pair { left, right, moved } => {
                if moved {
                    rows.push(row(Sign::Moved, Some(left), Some(right), 0));
                }
                let inside = match (a.kind_of(left), b.kind_of(right)) {
                    (Kind::Object, Kind::Object) => {
                        let (inside, ordered) = members((&a, &b), left, right);
                        reordered += usize::from(!ordered);
                        inside
                    }
                    (Kind::Array, Kind::Array) => elements((&a, &b), left, right),
                    _ => {
                        rows.push(row(Sign::Changed, Some(left), Some(right), 1));
                        continue;
                    }
                };
                work.extend(inside.into_iter().rev());
            }
        }
    }
    let renamings = judge(&mut rows, (&a, &b));
    Some(Diff { sides: Sides::Values(Box::new((a, b))), note: None, rows, reordered, renamings, roots: Some(roots) })
}

fn row(sign: Sign, left: Option<u32>, right: Option<u32>, leaves: usize) -> Row {
    Row { sign, left, right, volatile: None, remark: None, leaves }
}

/// The members of two objects, and whether they stand in the same order.
fn members(docs: (&Doc, &Doc), left: u32, right: u32) -> (Vec<Work>, bool) {
    let (left, right): (Vec<u32>, Vec<u32>) = (docs.0.children(left).collect(), docs.1.children(right).collect());
    let pairs = member_pairs(docs, &left, &right);
    let ordered = pairs.windows(2).all(|two| two[0].1 < two[1].1);
    let mut taken = vec![false; right.len()];
    for (_, at) in &pairs {
        taken[*at] = true;
    }
    // What is only on the right comes after the member that it follows there.
    let added = |from: usize| {
        let run = taken.iter().enumerate().skip(from).take_while(|(_, taken)| !**taken);
        run.map(|(at, _)| Work::Added(right[at])).collect::<Vec<_>>()
    };
    let mut work = added(0);
    let mut pairs = pairs.into_iter().peekable();
    for (at, node) in left.iter().enumerate() {
        match pairs.next_if(|(left, _)| *left == at) {
            Some((_, other)) => {
                work.push(Work::Pair { left: *node, right: right[other], moved: false });
                work.extend(added(other + 1));
            }
            None => work.push(Work::Removed(*node)),
        }
    }
    (work, ordered)
}

/// Places of members of the same name: the first with the first, the second with the second.
pub(super) fn member_pairs(docs: (&Doc, &Doc), left: &[u32], right: &[u32]) -> Vec<(usize, usize)> {
    let same = |one: &u32, other: &u32| docs.0.key_text(*one) == docs.1.key_text(*other);
    if left.len() == right.len() && left.iter().zip(right).all(|(one, other)| same(one, other)) {
        return (0..left.len()).map(|at| (at, at)).collect();
    }
    let mut places: HashMap<Cow<'_, str>, Vec<usize>> = HashMap::new();
    for (at, node) in right.iter().enumerate().rev() {
        places.entry(docs.1.key_text(*node).unwrap_or_default()).or_default().push(at);
    }
    let find = |(at, node): (usize, &u32)| {
        let key = docs.0.key_text(*node).unwrap_or_default();
        places.get_mut(&key).and_then(Vec::pop).map(|other| (at, other))
    };
    left.iter().enumerate().filter_map(find).collect()
}

fn elements(docs: (&Doc, &Doc), left: u32, right: u32) -> Vec<Work> {
    let (left, right): (Vec<u32>, Vec<u32>) = (docs.0.children(left).collect(), docs.1.children(right).collect());
    let pairs = align::elements(docs, &left, &right).pairs;
    let kept: HashSet<usize> = pairs.iter().map(|pair| pair.left).collect();
    let mut gone = (0..left.len()).filter(|at| !kept.contains(at)).peekable();
    let mut pairs = pairs.into_iter().peekable();
    let mut work = Vec::with_capacity(left.len().max(right.len()));
    for (at, node) in right.iter().enumerate() {
        let Some(pair) = pairs.next_if(|pair| pair.right == at) else {
            work.push(Work::Added(*node));
            continue;
        };
        if !pair.moved {
            // What is gone comes before the first that stood after it.
            while let Some(at) = gone.next_if(|at| *at < pair.left) {
                work.push(Work::Removed(left[at]));
            }
        }
        work.push(Work::Pair { left: left[pair.left], right: *node, moved: pair.moved });
    }
    work.extend(gone.map(|at| Work::Removed(left[at])));
    work
}

/// Objects in two equal values whose members stand in another order.
fn orders(docs: (&Doc, &Doc), left: u32, right: u32) -> usize {
    let raw = |doc: &Doc, node| doc.bytes().slice(doc.range(node));
    if docs.0.leaves(left) < 2 || raw(docs.0, left) == raw(docs.1, right) {
        return 0;
    }
    let (mut count, mut pairs) = (0, vec![(left, right)]);
    while let Some((left, right)) = pairs.pop() {
        let (left_in, right_in) =
            (docs.0.children(left).collect::<Vec<_>>(), docs.1.children(right).collect::<Vec<_>>());
        if docs.0.kind_of(left) == Kind::Object {
            let matched = member_pairs(docs, &left_in, &right_in);
            count += usize::from(!matched.windows(2).all(|two| two[0].1 < two[1].1));
            pairs.extend(matched.into_iter().map(|(one, other)| (left_in[one], right_in[other])));
        } else {
            pairs.extend(left_in.into_iter().zip(right_in));
        }
    }
    count
}

/// Each single value of two equal ones, in the left one's order.
pub(super) fn equal_leaves(docs: (&Doc, &Doc), left: u32, right: u32) -> Vec<Row> {
    let (mut rows, mut pairs) = (Vec::new(), vec![(left, right)]);
    while let Some((left, right)) = pairs.pop() {
        let (left_in, right_in) =
            (docs.0.children(left).collect::<Vec<_>>(), docs.1.children(right).collect::<Vec<_>>());
        if left_in.is_empty() {
            rows.push(row(Sign::Equal, Some(left), Some(right), 1));
        } else if docs.0.kind_of(left) == Kind::Object {
            let matched = member_pairs(docs, &left_in, &right_in);
            pairs.extend(matched.into_iter().rev().map(|(one, other)| (left_in[one], right_in[other])));
        } else {
            pairs.extend(left_in.into_iter().zip(right_in).rev());
        }
    }
    rows
}

/// Says of each change whether it is only what is new each time, and what one might not see.
fn judge(rows: &mut [Row], docs: (&Doc, &Doc)) -> Vec<Renaming> {
    let mut renamed: Vec<(usize, String, String)> = Vec::new();
    for (at, row) in rows.iter_mut().enumerate() {
        let (Sign::Changed, Some(left), Some(right)) = (row.sign, row.left, row.right) else { continue };
        let kinds = (docs.0.kind_of(left), docs.1.kind_of(right));
        let (one, other) = (docs.0.text(left), docs.1.text(right));
        let name = docs.0.name(left);
        if kinds.0 == kinds.1
            && let Some(kind) = volatile::same(&name, kinds.0, &one, &other)
        {
            row.volatile = Some(kind);
            if kind == Volatile::Id {
                renamed.push((at, one.into_owned(), other.into_owned()));
            }
            continue;
        }
        row.remark = remark(&name, kinds, &one, &other);
    }
    renamings(rows, &renamed, docs)
}

/// Ids that became others. One that became two, or that still stands, is a change that counts.
fn renamings(rows: &mut [Row], renamed: &[(usize, String, String)], docs: (&Doc, &Doc)) -> Vec<Renaming> {
    let (mut to, mut from): (HashMap<&str, &str>, HashMap<&str, &str>) = (HashMap::new(), HashMap::new());
    let mut torn: HashMap<&str, &'static str> = HashMap::new();
    for (_, old, new) in renamed {
        if *to.entry(old).or_insert(new) != new {
            torn.insert(old, "the same id on the left is two different ones on the right");
        }
        if *from.entry(new).or_insert(old) != old {
            torn.insert(old, "two different ids on the left are the same on the right");
            torn.insert(from[new.as_str()], "two different ids on the left are the same on the right");
        }
    }
    let present = docs.1.nodes().filter(|node| docs.1.kind_of(*node) == Kind::Text).map(|node| docs.1.text(node));
    let still: HashSet<String> = present.filter(|text| to.contains_key(text.as_ref())).map(Cow::into_owned).collect();
    let mut list: Vec<Renaming> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (at, old, new) in renamed {
        let why = torn.get(old.as_str()).copied();
        let why = why.or_else(|| still.contains(old).then_some("the left id still stands elsewhere on the right"));
        if let (Some(why), Some(row)) = (why, rows.get_mut(*at)) {
            (row.volatile, row.remark) = (None, Some(why.to_owned()));
            continue;
        }
        match places.get(old.as_str()) {
            Some(place) => list[*place].times += 1,
            None => {
                places.insert(old, list.len());
                list.push(Renaming { from: old.clone(), to: new.clone(), times: 1 });
            }
        }
    }
    list
}

/// What one might not see of a change.
fn remark(name: &str, (left, right): (Kind, Kind), one: &str, other: &str) -> Option<String> {
    if left != right {
        if one == other {
            let written = |kind, text: &str| if kind == Kind::Text { format!("{text:?}") } else { text.to_owned() };
            let (one, other) = (written(left, one), written(right, other));
            return Some(format!("{one} is {}, {other} {}", word(left), word(right)));
        }
        return Some(format!("{}, now {}", word(left), word(right)));
    }
    if left == Kind::Number && one.parse::<f64>().ok() == other.parse::<f64>().ok() {
        return Some("the same number, written otherwise".into());
    }
    if left != Kind::Text {
        return None;
    }
    let changes = volatile::inner_changes(name, one, other);
    if let Some(first) = changes.first() {
        let more = changes.len() - 1;
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        return Some(format!("in it: {first}{more}"));
    }
    if one.trim() == other.trim() {
        return Some("only blanks around it differ".into());
    }
    one.eq_ignore_ascii_case(other).then(|| "only capitals differ".to_owned())
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Object => "an object",
        Kind::Array => "a list",
        Kind::Text => "a text",
        Kind::Number => "a number",
        Kind::Bool => "true or false",
        Kind::Null => "null",
    }
}
