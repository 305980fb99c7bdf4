//! Where everything is in a JSON text: sixteen bytes for each value, in the order of the
//! text. One thread writes, any number read meanwhile, nobody waits.
//!
//! A slot holds where the member begins (its key, or the value), where the value begins
//! (within an array: its number), where it ends, and what it is in. The first child of a
//! value is in the slot before it, so that its slot has room for its parent's count.

use std::sync::OnceLock;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

/// Most values of one text. Source: the 27 bits of [`Slot::link`]; our choice.
pub const MAX_NODES: usize = LOW as usize - 1;

const LOW: u32 = (1 << 27) - 1;
const FIRST: u32 = 1 << 27;
const REPEATED: u32 = 1 << 28;
const KIND: u32 = 29;
/// The end of what is still open.
const OPEN: u32 = u32::MAX;
/// Slots of the chunks from the seventh on; the six before it double from [`LEAST`].
const CHUNK: usize = 1 << 16;
const LEAST: usize = 1 << 10;
/// Slots for which one count of first children is kept.
const BLOCK: usize = 1 << 10;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`.
    Object,
    /// `[…]`.
    Array,
    /// A string.
    Text,
    /// A number.
    Number,
    /// `true`, `false`, `null`.
    Literal,
}

/// Where and why a text stops being JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The byte, from 0.
    pub at: u64,
    /// The line, from 1.
    pub line: u64,
    /// The byte in that line, from 1.
    pub column: u64,
    /// `a comma or ] is missing`.
    pub why: &'static str,
}

#[derive(Debug, Default)]
struct Slot {
    at: AtomicU32,
    place: AtomicU32,
    end: AtomicU32,
    link: AtomicU32,
}

#[derive(Debug)]
struct Chunk {
    slots: Box<[Slot]>,
    /// First children before each block, over the whole text.
    firsts: Box<[AtomicU32]>,
}

/// The index of one JSON text.
#[derive(Debug)]
pub struct Index {
    chunks: Box<[OnceLock<Chunk>]>,
    count: AtomicU32,
    read: AtomicU64,
    size: u64,
    ended: OnceLock<Ended>,
    cancelled: AtomicBool,
}

/// How reading ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ended {
    pub broken: Option<Broken>,
    pub not_text: Option<u64>,
    pub cancelled: bool,
}

impl Index {
    /// An empty one, for a text of so many bytes.
    pub fn new(size: u64) -> Self {
        let most = usize::try_from(size).unwrap_or(usize::MAX).min(MAX_NODES) + 2;
        let chunks = (0..=chunk_of(most).0).map(|_| OnceLock::new()).collect();
        Self {
            chunks,
            count: AtomicU32::new(0),
            read: AtomicU64::new(0),
            size,
            ended: OnceLock::new(),
            cancelled: AtomicBool::new(false),
        }
    }

    /// Values found so far.
    pub fn len(&self) -> usize {
        self.count.load(Acquire) as usize
    }

    /// True while nothing is found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much is read, from 0 to 1.
    pub fn progress(&self) -> f32 {
        self.read.load(Relaxed) as f32 / self.size.max(1) as f32
    }

    /// True when nothing more will come.
    pub fn ended(&self) -> bool {
        self.ended.get().is_some()
    }

    /// True if all of it is JSON and read to its end.
    pub fn whole(&self) -> bool {
        self.ended.get().is_some_and(|ended| ended.broken.is_none() && !ended.cancelled)
    }

    /// Where it stopped being JSON, if it did.
    pub fn broken(&self) -> Option<&Broken> {
        self.ended.get().and_then(|ended| ended.broken.as_ref())
    }

    /// The first byte that is no UTF-8, if there is one and reading came to the end.
    pub fn not_text(&self) -> Option<u64> {
        self.ended.get().and_then(|ended| ended.not_text)
    }

    /// Stops reading soon; what is found stays.
    pub fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
    }

    /// True if reading was, or will be, stopped.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }

    fn slot(&self, node: u32) -> Option<&Slot> {
        let (chunk, place) = chunk_of(node as usize);
        self.chunks.get(chunk)?.get()?.slots.get(place)
    }

    fn link(&self, node: u32) -> u32 {
        self.slot(node).map_or(0, |slot| slot.link.load(Relaxed))
    }

    /// What a value is.
    pub fn kind(&self, node: u32) -> Kind {
        match self.link(node) >> KIND {
            0 => Kind::Object,
            1 => Kind::Array,
            2 => Kind::Text,
            3 => Kind::Number,
            _ => Kind::Literal,
        }
    }

    /// True for `{…}` and `[…]`.
    pub fn holds(&self, node: u32) -> bool {
        matches!(self.kind(node), Kind::Object | Kind::Array)
    }

    /// True if there is something in it.
    pub fn filled(&self, node: u32) -> bool {
        (node as usize) + 1 < self.len() && self.link(node + 1) & FIRST != 0
    }

    /// Its key stands more than once in its object.
    pub fn repeated(&self, node: u32) -> bool {
        self.link(node) & REPEATED != 0
    }

    /// What it is in.
    pub fn parent(&self, node: u32) -> Option<u32> {
        match self.link(node) {
            link if link & FIRST != 0 => node.checked_sub(1),
            link if link & LOW == LOW => None,
            link => Some(link & LOW),
        }
    }

    /// Values directly in it; `None` while it is open.
    pub fn members(&self, node: u32) -> Option<u32> {
        if self.is_open(node) {
            return None;
        }
        Some(if self.filled(node) { self.link(node + 1) & LOW } else { 0 })
    }

    /// Where the member begins: its key, or the value.
    pub fn start(&self, node: u32) -> u64 {
        self.slot(node).map_or(0, |slot| u64::from(slot.at.load(Relaxed)))
    }

    /// True if it has a key.
    pub fn keyed(&self, node: u32) -> bool {
        self.parent(node).is_some_and(|parent| self.kind(parent) == Kind::Object)
    }

    /// Where the value begins.
    pub fn value_start(&self, node: u32) -> u64 {
        if !self.keyed(node) {
            return self.start(node);
        }
        self.slot(node).map_or(0, |slot| u64::from(slot.place.load(Relaxed)))
    }

    /// Its number in its array, from 0.
    pub fn number(&self, node: u32) -> Option<u32> {
        let parent = self.parent(node)?;
        (self.kind(parent) == Kind::Array).then(|| self.slot(node).map_or(0, |slot| slot.place.load(Relaxed)))
    }

    /// Where the value ends; as far as is read, while it is open.
    pub fn end(&self, node: u32) -> u64 {
        match self.slot(node).map_or(0, |slot| slot.end.load(Relaxed)) {
            OPEN => self.read.load(Relaxed).max(self.value_start(node)),
            end => u64::from(end),
        }
    }

    /// True while its end is not found.
    pub fn is_open(&self, node: u32) -> bool {
        self.slot(node).is_some_and(|slot| slot.end.load(Acquire) == OPEN)
    }

    /// The value after all that is in this one; the number of values if there is none.
    pub fn next(&self, node: u32) -> u32 {
        let len = self.len() as u32;
        if !self.filled(node) {
            return (node + 1).min(len);
        }
        if self.is_open(node) {
            return len;
        }
        self.first_from(self.end(node), node + 1)
    }

    /// The first value that begins at this byte or later, looked for from `low` on: near it
    /// first, since most things are small.
    fn first_from(&self, at: u64, low: u32) -> u32 {
        let len = self.len() as u32;
        let (mut low, mut step) = (low, 1_u32);
        while low.saturating_add(step) < len && self.start(low + step) < at {
            low += step;
            step = step.saturating_mul(2);
        }
        let mut high = low.saturating_add(step).min(len);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.start(middle) < at { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The value at a byte: the last that begins there or before.
    pub fn at(&self, byte: u64) -> u32 {
        self.first_from(byte.saturating_add(1), 0).saturating_sub(1)
    }

    /// Levels above a value.
    pub fn depth(&self, node: u32) -> u32 {
        std::iter::successors(self.parent(node), |node| self.parent(*node)).count() as u32
    }

    /// First children among the values before `node`: as many things with something in them
    /// begin before the one that `node` follows.
    pub(super) fn firsts(&self, node: u32) -> u32 {
        let Some(last) = node.checked_sub(1) else { return 0 };
        let (chunk, place) = chunk_of(last as usize);
        let Some(chunk) = self.chunks.get(chunk).and_then(OnceLock::get) else { return 0 };
        let block = place / BLOCK;
        let before = chunk.firsts.get(block).map_or(0, |count| count.load(Relaxed));
        let slots = chunk.slots.get(block * BLOCK..=place).unwrap_or_default();
        before + slots.iter().filter(|slot| slot.link.load(Relaxed) & FIRST != 0).count() as u32
    }
}

/// The chunk of a value, and its place there.
fn chunk_of(node: usize) -> (usize, usize) {
    match node {
        CHUNK.. => (6 + node / CHUNK, node % CHUNK),
        LEAST..CHUNK => (node.ilog2() as usize - 9, node - (1 << node.ilog2())),
        _ => (0, node),
    }
}

/// What the one that builds the index may do.
pub(super) struct Writer<'a> {
    index: &'a Index,
    chunk: Option<(usize, &'a Chunk)>,
    next: u32,
    firsts: u32,
}

impl<'a> Writer<'a> {
    pub fn new(index: &'a Index) -> Self {
        Self { index, chunk: None, next: 0, firsts: 0 }
    }

    /// Adds a value that is not closed; `None` if there is no room. `parent`: what it is in,
    /// and whether it is the first there.
    pub fn push(&mut self, at: usize, place: usize, kind: Kind, parent: Option<(u32, bool)>) -> Option<u32> {
        let node = self.next;
        if node as usize >= MAX_NODES {
            return None;
        }
        let (number, place_in) = chunk_of(node as usize);
        let chunk = match self.chunk {
            Some((held, chunk)) if held == number => chunk,
            _ => {
                let made = self.index.chunks.get(number)?.get_or_init(|| Chunk::new(number));
                self.chunk = Some((number, made));
                made
            }
        };
        if place_in % BLOCK == 0 {
            chunk.firsts.get(place_in / BLOCK)?.store(self.firsts, Relaxed);
        }
        let slot = chunk.slots.get(place_in)?;
        let up = match parent {
            None => LOW,
            Some((_, true)) => FIRST,
            Some((parent, false)) => parent,
        };
        self.firsts += u32::from(up & FIRST != 0);
        slot.at.store(at as u32, Relaxed);
        slot.place.store(place as u32, Relaxed);
        slot.end.store(OPEN, Relaxed);
        slot.link.store((kind as u32) << KIND | up, Relaxed);
        self.next += 1;
        Some(node)
    }

    /// Ends the newest value, a scalar.
    pub fn ends(&self, node: u32, end: usize) {
        if let Some(slot) = self.index.slot(node) {
            slot.end.store(end as u32, Relaxed);
        }
    }

    /// Ends a value with so many members in it.
    pub fn close(&self, node: u32, end: usize, members: u32) {
        if let Some(first) = self.index.slot(node + 1).filter(|_| members > 0) {
            let link = first.link.load(Relaxed);
            first.link.store(link & !LOW | members.min(LOW), Relaxed);
        }
        if let Some(slot) = self.index.slot(node) {
            slot.end.store(end as u32, Release);
        }
    }

    pub fn repeats(&self, node: u32) {
        if let Some(slot) = self.index.slot(node) {
            slot.link.store(slot.link.load(Relaxed) | REPEATED, Relaxed);
        }
    }

    /// Where a value begins.
    pub fn start(&self, node: u32) -> usize {
        self.index.start(node) as usize
    }

    /// Shows what is there to readers. False if it should stop.
    pub fn publish(&self, read: usize) -> bool {
        self.index.read.store(read as u64, Relaxed);
        self.index.count.store(self.next, Release);
        !self.index.is_cancelled()
    }

    pub fn end(&self, ended: Ended) {
        self.index.ended.set(ended).ok(); // it ends once
    }
}

impl Chunk {
    fn new(number: usize) -> Self {
        let slots = match number {
            0 => LEAST,
            1..=6 => LEAST << (number - 1),
            _ => CHUNK,
        };
        let slots: Box<[Slot]> = (0..slots).map(|_| Slot::default()).collect();
        let firsts = (0..slots.len().div_ceil(BLOCK)).map(|_| AtomicU32::new(0)).collect();
        Self { slots, firsts }
    }
}
