//! A comparison as text for others: lines as in a unified diff, and JSON Patch, which makes
//! the left document the right one. Source of the latter: RFC 6902, RFC 6901.

use std::fmt::Write as _;

use super::doc::Doc;
use super::{Diff, Row, Sides, Sign, align, tree};
use crate::model::jsonpath::Kind;

/// Most moves within one list; with more, the list is replaced as a whole. Our choice.
const MOVES: usize = 2_000;

/// The changes of these rows as lines: `~ $.status  "pending" → "approved"`. Equal ones are
/// counted. `names` are the two sides in words.
pub fn text<'a>(diff: &Diff, names: (&str, &str), rows: impl Iterator<Item = &'a Row>) -> String {
    let mut text = format!("--- {}\n+++ {}\n", names.0, names.1);
    let mut equal = 0;
    let fold = |text: &mut String, equal: &mut usize| {
        if *equal > 0 {
            let _ = writeln!(text, "@@ {equal} equal @@");
        }
        *equal = 0;
    };
    for row in rows {
        if row.sign == Sign::Equal {
            equal += row.leaves;
            continue;
        }
        fold(&mut text, &mut equal);
        let (left, right) = diff.places(row);
        let (old, new) = diff.texts(row);
        let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
        let place = left.clone().or_else(|| right.clone()).unwrap_or_default();
        let _ = match row.sign {
            Sign::Added => writeln!(text, "+ {}  {new}", right.unwrap_or_default()),
            Sign::Removed => writeln!(text, "- {place}  {old}"),
            Sign::Moved => writeln!(text, "> {place} → {}", right.unwrap_or_default()),
            _ => {
                let path = right.filter(|right| *right != place).map_or(String::new(), |right| format!(" → {right}"));
                writeln!(text, "- {place}{path}  {old}\n+ {place}{path}  {new}")
            }
        };
        if let Some(remark) = &row.remark {
            let _ = writeln!(text, "  ({remark})");
        }
    }
    fold(&mut text, &mut equal);
    text
}

/// The JSON Patch from left to right; `None` if the two were not compared by their values.
/// Both documents are meant whole, or from the parts on that were compared.
pub fn json(diff: &Diff) -> Option<String> {
    let Sides::Values(docs) = &diff.sides else { return None };
    let (left, right) = diff.roots?;
    let mut patch = Patch { docs: (&docs.0, &docs.1), lines: Vec::new() };
    let mut work = vec![(left, right, String::new())];
    while let Some((left, right, path)) = work.pop() {
        if docs.0.sum(left) == docs.1.sum(right) {
            continue;
        }
        match (docs.0.kind_of(left), docs.1.kind_of(right)) {
            (Kind::Object, Kind::Object) => patch.members(left, right, &path, &mut work),
            (Kind::Array, Kind::Array) => patch.elements(left, right, &path, &mut work),
            _ => patch.value("replace", &path, right),
        }
    }
    Some(if patch.lines.is_empty() { "[]\n".into() } else { format!("[\n  {}\n]\n", patch.lines.join(",\n  ")) })
}

struct Patch<'a> {
    docs: (&'a Doc, &'a Doc),
    lines: Vec<String>,
}

impl Patch<'_> {
    fn value(&mut self, op: &str, path: &str, right: u32) {
        let value = self.docs.1.raw(right);
        self.lines.push(format!("{{\"op\": \"{op}\", \"path\": {}, \"value\": {value}}}", quoted(path)));
    }

    fn remove(&mut self, path: &str) {
        self.lines.push(format!("{{\"op\": \"remove\", \"path\": {}}}", quoted(path)));
    }

    fn members(&mut self, left: u32, right: u32, path: &str, work: &mut Vec<(u32, u32, String)>) {
        let of = |doc: &Doc, node| doc.children(node).collect::<Vec<u32>>();
        let (one, other) = (of(self.docs.0, left), of(self.docs.1, right));
        let twice = |doc: &Doc, list: &[u32]| list.iter().any(|node| doc.is_repeated(*node));
        if twice(self.docs.0, &one) || twice(self.docs.1, &other) {
            // A pointer cannot tell two members of the same name apart.
            return self.value("replace", path, right);
        }
        let pairs = tree::member_pairs(self.docs, &one, &other);
        let (mut kept, mut had) = (vec![false; one.len()], vec![false; other.len()]);
        for (left, right) in &pairs {
            (kept[*left], had[*right]) = (true, true);
        }
        let member = |doc: &Doc, node: u32| {
            let key = doc.key_text(node).unwrap_or_default();
            format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"))
        };
        for (_, node) in kept.iter().zip(&one).filter(|(kept, _)| !**kept) {
            self.remove(&member(self.docs.0, *node));
        }
        for (_, node) in had.iter().zip(&other).filter(|(had, _)| !**had) {
            let path = member(self.docs.1, *node);
            self.value("add", &path, *node);
        }
        let inside =
            pairs.into_iter().map(|(left, right)| (one[left], other[right], member(self.docs.1, other[right])));
        work.extend(inside.rev());
    }

    fn elements(&mut self, left: u32, right: u32, path: &str, work: &mut Vec<(u32, u32, String)>) {
        let of = |doc: &Doc, node| doc.children(node).collect::<Vec<u32>>();
        let (one, other) = (of(self.docs.0, left), of(self.docs.1, right));
        let pairs = align::elements(self.docs, &one, &other).pairs;
        if pairs.iter().filter(|pair| pair.moved).count() > MOVES {
            return self.value("replace", path, right);
        }
        let mut kept = vec![false; one.len()];
        for pair in &pairs {
            kept[pair.left] = true;
        }
        for at in (0..one.len()).rev().filter(|at| !kept[*at]) {
            self.remove(&format!("{path}/{at}"));
        }
        // The list as it is while the patch is applied, by places on the left.
        let mut now: Vec<Option<usize>> = (0..one.len()).filter(|at| kept[*at]).map(Some).collect();
        let mut pairs = pairs.into_iter().peekable();
        let mut inside = Vec::new();
        for (at, node) in other.iter().enumerate() {
            let here = format!("{path}/{at}");
            let Some(pair) = pairs.next_if(|pair| pair.right == at) else {
                self.value("add", &here, *node);
                now.insert(at.min(now.len()), None);
                continue;
            };
            if now.get(at) != Some(&Some(pair.left))
                && let Some(place) = now.iter().skip(at).position(|left| *left == Some(pair.left)).map(|n| n + at)
            {
                let from = quoted(&format!("{path}/{place}"));
                self.lines.push(format!("{{\"op\": \"move\", \"from\": {from}, \"path\": {}}}", quoted(&here)));
                let moved = now.remove(place);
                now.insert(at, moved);
            }
            inside.push((one[pair.left], *node, here));
        }
        work.extend(inside.into_iter().rev());
    }
}

fn quoted(path: &str) -> String {
    serde_json::Value::from(path).to_string()
}
