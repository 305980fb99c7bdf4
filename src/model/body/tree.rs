//! A JSON text in memory with its index: keys, values and paths as people read them.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::index::{Index, Kind};
use super::scan::{quoted_length, scan};
use crate::model::jsonpath;
use crate::model::payload::lossless;

/// A JSON text and where everything is in it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The text.
    pub bytes: Bytes,
    /// Where everything is.
    pub index: Arc<Index>,
}

impl Tree {
    /// Reads a text here and now; for what is small. Texts that are no JSON have the values
    /// up to where they break.
    pub fn read(bytes: &Bytes) -> Self {
        let index = Index::new(bytes.len() as u64);
        scan(bytes, &index, &|| ());
        Self { bytes: bytes.clone(), index: Arc::new(index) }
    }

    /// A value exactly as it came.
    pub fn raw(&self, node: u32) -> &[u8] {
        let (start, end) = (self.index.value_start(node) as usize, self.index.end(node) as usize);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// A key exactly as it came, with its quotes.
    pub fn raw_key(&self, node: u32) -> Option<&[u8]> {
        self.index.keyed(node).then(|| {
            let (start, end) = (self.index.start(node) as usize, self.index.value_start(node) as usize);
            let member = self.bytes.get(start..end).unwrap_or_default();
            member.get(..quoted_length(member)).unwrap_or_default()
        })
    }

    /// A key as a person reads it: unescaped, without quotes.
    pub fn key(&self, node: u32) -> Option<String> {
        self.raw_key(node).map(unquoted)
    }

    /// A value as a person reads it: strings unescaped and without quotes, all else as sent.
    pub fn value(&self, node: u32) -> String {
        match self.index.kind(node) {
            Kind::Text => unquoted(self.raw(node)),
            _ => lossless(self.raw(node)).into_owned(),
        }
    }

    /// The values directly in one.
    pub fn children(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        let (first, end) = (node + 1, self.index.next(node));
        std::iter::successors(Some(first), |at| Some(self.index.next(*at))).take_while(move |at| *at < end)
    }

    /// The text or number of a member of the outermost object.
    pub fn member(&self, name: &str) -> Option<String> {
        self.child(0, name).map(|node| self.value(node))
    }

    /// The first value in `node` with this key or number.
    pub fn child(&self, node: u32, name: &str) -> Option<u32> {
        match self.index.kind(node) {
            Kind::Object => self.children(node).find(|child| self.key(*child).as_deref() == Some(name)),
            Kind::Array => self.children(node).nth(name.parse().ok()?),
            _ => None,
        }
    }

    /// Where a value stands: `$.acs.url`, `$['3ds'].list[2]`.
    pub fn path(&self, node: u32) -> String {
        let mut up: Vec<u32> = std::iter::successors(Some(node), |node| self.index.parent(*node)).collect();
        up.pop(); // the outermost
        let mut path = "$".to_owned();
        up.iter().rev().for_each(|node| self.push_step(&mut path, *node));
        path
    }

    fn push_step(&self, path: &mut String, node: u32) {
        match self.index.number(node) {
            Some(number) => path.push_str(&format!("[{number}]")),
            None => jsonpath::push_name(path, &self.key(node).unwrap_or_default()),
        }
    }

    /// The value at a path as [`Tree::path`] writes them; of keys that stand twice, the first.
    pub fn find(&self, path: &str) -> Option<u32> {
        let mut rest = path.strip_prefix('$')?;
        let mut node = (!self.index.is_empty()).then_some(0)?;
        while !rest.is_empty() {
            let mut parts = self.children(node).filter_map(|child| {
                let mut step = String::new();
                self.push_step(&mut step, child);
                let after = rest.strip_prefix(&step)?;
                (after.is_empty() || after.starts_with(['.', '['])).then_some((child, after))
            });
            let found = parts.next()?;
            drop(parts);
            (node, rest) = found;
        }
        Some(node)
    }
}

impl jsonpath::Tree for Tree {
    type Node = u32;

    fn root(&self) -> Option<u32> {
        (!self.index.is_empty()).then_some(0)
    }

    fn kind(&self, node: u32) -> jsonpath::Kind {
        match self.index.kind(node) {
            Kind::Object => jsonpath::Kind::Object,
            Kind::Array => jsonpath::Kind::Array,
            Kind::Text => jsonpath::Kind::Text,
            Kind::Number => jsonpath::Kind::Number,
            Kind::Literal if self.raw(node) == b"null" => jsonpath::Kind::Null,
            Kind::Literal => jsonpath::Kind::Bool,
        }
    }

    fn first(&self, node: u32) -> Option<u32> {
        self.index.filled(node).then_some(node + 1)
    }

    fn next(&self, node: u32) -> Option<u32> {
        let next = self.index.next(node);
        let known = (next as usize) < self.index.len();
        (known && self.index.parent(next) == self.index.parent(node)).then_some(next)
    }

    fn key(&self, node: u32) -> Option<Cow<'_, str>> {
        self.raw_key(node).map(read)
    }

    fn scalar(&self, node: u32) -> Cow<'_, str> {
        match self.index.kind(node) {
            Kind::Text => read(self.raw(node)),
            _ => lossless(self.raw(node)),
        }
    }

    fn len(&self, node: u32) -> usize {
        self.index.members(node).unwrap_or_default() as usize
    }
}

/// A quoted string unescaped; borrowed if there is nothing to unescape.
fn read(quoted: &[u8]) -> Cow<'_, str> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if inner.contains(&b'\\') { Cow::Owned(unquoted(quoted)) } else { lossless(inner) }
}

/// A quoted string as a person reads it.
pub fn unquoted(quoted: &[u8]) -> String {
    serde_json::from_slice(quoted).unwrap_or_else(|_| {
        let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        lossless(inner).into_owned()
    })
}

/// A quoted key as it compares: unescaped, if it has escapes.
pub(super) fn decoded(quoted: &[u8]) -> Cow<'_, [u8]> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    match serde_json::from_slice::<String>(quoted) {
        Ok(text) => Cow::Owned(text.into_bytes()),
        Err(_) => Cow::Borrowed(inner),
    }
}
