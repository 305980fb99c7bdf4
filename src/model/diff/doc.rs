//! A document as flat values that can be compared: each knows where it stands, its bytes,
//! and two sums over all below it: one of what it says, one of its shape, in which ids and
//! times say only that they are ids and times.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use bytes::Bytes;

use super::volatile;
use crate::model::jsonpath::{self, Kind};
use crate::model::payload::{self, Pair, Payload, Shape};

/// A document that was cut into values.
#[derive(Debug)]
pub struct Doc {
    bytes: Bytes,
    nodes: Vec<Node>,
    /// Names and values of a form, decoded; the node after the root is the first pair.
    pairs: Vec<Pair>,
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    key: Option<Range<usize>>,
    value: Range<usize>,
    parent: Option<u32>,
    first: Option<u32>,
    next: Option<u32>,
    index: u32,
    /// Members or elements directly in it.
    count: u32,
    /// Values in it that have no parts; 1 if it is one.
    leaves: u32,
    repeated: bool,
    sum: u64,
    shape: u64,
}

impl Doc {
    /// Cuts a body into values. `sums` must be the same for two that are compared.
    ///
    /// # Errors
    /// With the reason why it has no values: over a cap of trust.md R42, or neither JSON nor form.
    pub fn read(bytes: &Bytes, content_type: Option<&str>, sums: &RandomState) -> Result<Self, String> {
        let read = Payload::read(bytes, content_type);
        let mut doc = Self { bytes: bytes.clone(), nodes: Vec::new(), pairs: Vec::new() };
        match read.shape {
            Shape::Json(rows) => doc.add_rows(&rows),
            Shape::Form(pairs) => doc.add_pairs(pairs),
            Shape::Empty => return Err("it is empty".into()),
            Shape::Text | Shape::Binary => {
                return Err(read.note.unwrap_or_else(|| "it is neither JSON nor a form".into()));
            }
        }
        doc.add_sums(sums);
        Ok(doc)
    }

    fn add_rows(&mut self, rows: &[payload::Row]) {
        let mut at = vec![0_u32; rows.len()];
        let mut last: Vec<Option<u32>> = Vec::with_capacity(rows.len());
        for (row, place) in rows.iter().zip(0..) {
            let kind = match row.kind {
                payload::Kind::Close { .. } => continue,
                payload::Kind::Open { array: true, .. } => Kind::Array,
                payload::Kind::Open { .. } => Kind::Object,
                payload::Kind::Hollow if self.bytes.get(row.value.start) == Some(&b'[') => Kind::Array,
                payload::Kind::Hollow => Kind::Object,
                payload::Kind::Text => Kind::Text,
                payload::Kind::Number => Kind::Number,
                payload::Kind::Literal if self.bytes.get(row.value.start) == Some(&b'n') => Kind::Null,
                payload::Kind::Literal => Kind::Bool,
            };
            let parent = row.parent.and_then(|parent| at.get(parent)).copied();
            let own = self.push(kind, row.key.clone(), row.value.clone(), parent, &mut last);
            self.nodes[own as usize].repeated = row.repeated;
            if let Some(slot) = at.get_mut::<usize>(place) {
                *slot = own;
            }
        }
    }

    fn add_pairs(&mut self, pairs: Vec<Pair>) {
        let mut last = Vec::new();
        let root = self.push(Kind::Object, None, 0..self.bytes.len(), None, &mut last);
        for pair in &pairs {
            let own = self.push(Kind::Text, Some(pair.raw.clone()), pair.raw.clone(), Some(root), &mut last);
            self.nodes[own as usize].repeated = pair.repeated;
        }
        self.pairs = pairs;
    }

    /// Adds a value after all that come before it; `last` holds each one's newest child.
    fn push(
        &mut self,
        kind: Kind,
        key: Option<Range<usize>>,
        value: Range<usize>,
        parent: Option<u32>,
        last: &mut Vec<Option<u32>>,
    ) -> u32 {
        let own = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX); // at most MAX_NODES
        let mut index = 0;
        if let Some(parent) = parent.map(|parent| parent as usize) {
            index = self.nodes[parent].count;
            self.nodes[parent].count += 1;
            match last[parent].replace(own) {
                Some(before) => self.nodes[before as usize].next = Some(own),
                None => self.nodes[parent].first = Some(own),
            }
        }
        last.push(None);
        let (first, next, count, leaves, repeated, sum, shape) = (None, None, 0, 0, false, 0, 0);
        self.nodes.push(Node { kind, key, value, parent, first, next, index, count, leaves, repeated, sum, shape });
        own
    }

    /// From the last value to the first: parts come before what they are parts of.
    fn add_sums(&mut self, sums: &RandomState) {
        for at in (0..self.nodes.len()).rev() {
            let own = u32::try_from(at).unwrap_or(u32::MAX);
            let (sum, shape) = self.own_sums(own, sums);
            let node = &mut self.nodes[at];
            (node.sum, node.shape, node.leaves) = (sum, shape, node.leaves.max(1));
            let leaves = node.leaves;
            let Some(parent) = node.parent.map(|parent| parent as usize) else { continue };
            let (add_sum, add_shape) = match self.nodes[parent].kind {
                Kind::Array => {
                    let parent = &self.nodes[parent];
                    (sums.hash_one((parent.sum, sum)), sums.hash_one((parent.shape, shape)))
                }
                _ => {
                    // Members in any order give the same sum.
                    let key = sums.hash_one(self.key_text(own).unwrap_or_default());
                    let parent = &self.nodes[parent];
                    let place = if self.nodes[at].repeated { self.nodes[at].index } else { 0 };
                    (
                        parent.sum.wrapping_add(sums.hash_one((key, place, sum))),
                        parent.shape.wrapping_add(sums.hash_one((key, place, shape))),
                    )
                }
            };
            let parent = &mut self.nodes[parent];
            (parent.sum, parent.shape) = (add_sum, add_shape);
            parent.leaves += leaves;
        }
    }

    fn own_sums(&self, node: u32, sums: &RandomState) -> (u64, u64) {
        let own = &self.nodes[node as usize];
        let tagged = |what: &str| sums.hash_one((own.kind as u8, what));
        match own.kind {
            Kind::Object | Kind::Array => {
                let tag = (own.kind as u8, own.count);
                (sums.hash_one((tag, own.sum)), sums.hash_one((tag, own.shape)))
            }
            _ => {
                let text = self.text(node);
                let sum = tagged(&text);
                let key = self.name(node);
                let shape = volatile::of(&key, own.kind, &text).map(|seen| tagged(&seen.shape));
                (sum, shape.unwrap_or(sum))
            }
        }
    }

    /// The bytes that were read.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Every value, from the outermost on.
    pub(super) fn nodes(&self) -> impl Iterator<Item = u32> {
        0..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)
    }

    /// True if it is a form.
    pub fn is_form(&self) -> bool {
        !self.pairs.is_empty()
    }

    /// Where a value stands in the bytes; for a form, its pair.
    pub fn range(&self, node: u32) -> Range<usize> {
        self.get(node).map_or(0..0, |node| node.value.clone())
    }

    /// A value as it is written.
    pub fn raw(&self, node: u32) -> Cow<'_, str> {
        match self.pair(node) {
            Some(pair) => Cow::Owned(serde_json::Value::from(pair.value.as_str()).to_string()),
            None if self.is_form() => Cow::Borrowed("form"),
            None => payload::lossless(self.bytes.get(self.range(node)).unwrap_or_default()),
        }
    }

    /// A value as it is written, so many bytes of it at most.
    pub fn shown(&self, node: u32, most: usize) -> String {
        if self.is_form() {
            return super::cut(self.text(node).as_bytes(), most);
        }
        super::cut(self.bytes.get(self.range(node)).unwrap_or_default(), most)
    }

    /// A text without quotes and escapes, all else as it is written.
    pub fn text(&self, node: u32) -> Cow<'_, str> {
        if let Some(pair) = self.pair(node) {
            return Cow::Borrowed(&pair.value);
        }
        let raw = self.bytes.get(self.range(node)).unwrap_or_default();
        if self.get(node).is_some_and(|node| node.kind == Kind::Text) { unquoted(raw) } else { payload::lossless(raw) }
    }

    /// A member's name.
    pub fn key_text(&self, node: u32) -> Option<Cow<'_, str>> {
        if let Some(pair) = self.pair(node) {
            return Some(Cow::Borrowed(&pair.key));
        }
        let key = self.get(node)?.key.clone()?;
        Some(unquoted(self.bytes.get(key).unwrap_or_default()))
    }

    /// The name of a member; for an element, that of the list it is in.
    pub(super) fn name(&self, node: u32) -> Cow<'_, str> {
        let mut next = Some(node);
        while let Some(at) = next {
            if let Some(key) = self.key_text(at) {
                return key;
            }
            next = self.get(at).and_then(|node| node.parent);
        }
        Cow::Borrowed("")
    }

    /// `$.acs.url`. Two members of the same name have the same path.
    pub fn path(&self, node: u32) -> String {
        let mut chain = Vec::new();
        let mut next = Some(node);
        while let Some(at) = next {
            chain.push(at);
            next = self.get(at).and_then(|node| node.parent);
        }
        let mut path = "$".to_owned();
        for at in chain.into_iter().rev().skip(1) {
            match self.key_text(at) {
                Some(key) => jsonpath::push_name(&mut path, &key),
                None => path.push_str(&format!("[{}]", self.index(at))),
            }
        }
        path
    }

    /// Place within its parent, from 0.
    pub fn index(&self, node: u32) -> u32 {
        self.get(node).map_or(0, |node| node.index)
    }

    /// True if another member of the same object has its name.
    pub fn is_repeated(&self, node: u32) -> bool {
        self.get(node).is_some_and(|node| node.repeated)
    }

    /// Values in it that have no parts; 1 if it is one.
    pub fn leaves(&self, node: u32) -> usize {
        self.get(node).map_or(0, |node| node.leaves as usize)
    }

    /// What is in it, in order.
    pub fn children(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(self.get(node).and_then(|node| node.first), |at| self.get(*at).and_then(|node| node.next))
    }

    /// What it is.
    pub fn kind_of(&self, node: u32) -> Kind {
        self.get(node).map_or(Kind::Null, |node| node.kind)
    }

    pub(super) fn sum(&self, node: u32) -> u64 {
        self.get(node).map_or(0, |node| node.sum)
    }

    pub(super) fn shape(&self, node: u32) -> u64 {
        self.get(node).map_or(0, |node| node.shape)
    }

    fn get(&self, node: u32) -> Option<&Node> {
        self.nodes.get(node as usize)
    }

    fn pair(&self, node: u32) -> Option<&Pair> {
        self.pairs.get((node as usize).checked_sub(1)?)
    }
}

impl jsonpath::Tree for Doc {
    type Node = u32;

    fn root(&self) -> Option<u32> {
        (!self.nodes.is_empty()).then_some(0)
    }

    fn kind(&self, node: u32) -> Kind {
        self.kind_of(node)
    }

    fn first(&self, node: u32) -> Option<u32> {
        self.get(node)?.first
    }

    fn next(&self, node: u32) -> Option<u32> {
        self.get(node)?.next
    }

    fn key(&self, node: u32) -> Option<Cow<'_, str>> {
        self.key_text(node)
    }

    fn scalar(&self, node: u32) -> Cow<'_, str> {
        self.text(node)
    }

    fn len(&self, node: u32) -> usize {
        self.get(node).map_or(0, |node| node.count as usize)
    }
}

/// A quoted text as it is meant.
fn unquoted(raw: &[u8]) -> Cow<'_, str> {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    if memchr::memchr(b'\\', inner).is_none() {
        return payload::lossless(inner);
    }
    match serde_json::from_slice::<String>(raw) {
        Ok(text) => Cow::Owned(text),
        Err(_) => payload::lossless(inner),
    }
}
