//! The one redactor, used wherever something is kept, shown to others or logged.
//!
//! Hides: how a secret or a card number is found: by value, by name, by pattern, and in
//! all three ways again inside percent-coding, JSON escapes and base64. Promises: what
//! comes out is as long as what went in, masking it again changes nothing, and no input
//! makes it panic. Does not know what the text is for. Source: trust.md R32-R34.

mod card;
mod names;
mod view;

use std::ops::Range;

use super::Secret;
use super::exchange::Headers;
use view::View;

/// Whose values are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The embedded sandbox made them: client secrets, tokens, passwords and real card
    /// numbers are masked, session secrets and cryptograms are not (trust.md R33).
    Embedded,
    /// Anybody else: all that R32 names.
    Real,
}

/// Live values shorter than this, in bytes, are not looked for: they would mask half of
/// every text. Our choice.
const SHORTEST_VALUE: usize = 4;
/// Codings inside codings that are looked into.
const DEPTH: usize = 3;
/// Passes until nothing changes; each masks at least one byte more, so few are needed.
const PASSES: usize = 16;

/// Masks secrets and card numbers, byte for byte, so that lengths and offsets stay.
#[derive(Debug, Clone)]
pub struct Redactor {
    values: Vec<Secret>,
    origin: Origin,
}

/// Masked bytes, and where the masks are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// As long as what came in.
    pub bytes: Vec<u8>,
    /// Where it was masked, in order.
    pub spans: Vec<Range<usize>>,
}

impl Redactor {
    /// A redactor that knows these live secrets. Values under four bytes are not looked for.
    pub fn new(values: impl IntoIterator<Item = Secret>, origin: Origin) -> Self {
        let values = values.into_iter().filter(|value| value.expose().len() >= SHORTEST_VALUE).collect();
        Self { values, origin }
    }

    /// Masks a body, a head or any other text.
    pub fn mask(&self, bytes: &[u8]) -> Masked {
        self.settle(bytes, Vec::new())
    }

    /// Masks a text.
    pub fn mask_text(&self, text: &str) -> String {
        into_text(self.mask(text.as_bytes()).bytes)
    }

    /// Masks header values; returns how many were hit.
    pub fn mask_headers(&self, headers: &Headers) -> (Headers, usize) {
        let mut hits = 0;
        let masked = headers.iter().map(|(name, value)| {
            let masked = self.settle(value.as_bytes(), names::in_value(name, value.as_bytes(), self.origin));
            hits += usize::from(!masked.spans.is_empty());
            (name.clone(), into_text(masked.bytes))
        });
        (masked.collect(), hits)
    }

    /// Looks again until nothing new is found: a mask can bring two halves together.
    fn settle(&self, bytes: &[u8], known: Vec<Range<usize>>) -> Masked {
        let mut masked = bytes.to_vec();
        let mut spans = known;
        paint(&mut masked, &spans);
        for _ in 0..PASSES {
            let mut found = Vec::new();
            self.scan(&View::of(&masked), DEPTH, &mut found);
            let changed = paint(&mut masked, &found);
            spans.append(&mut found);
            if !changed {
                break;
            }
        }
        Masked { bytes: masked, spans: merge(spans) }
    }

    fn scan(&self, view: &View<'_>, depth: usize, found: &mut Vec<Range<usize>>) {
        let bytes = view.bytes();
        for value in &self.values {
            found.extend(occurrences(bytes, value.expose().as_bytes()).map(|range| view.source(range)));
        }
        for number in card::find(bytes) {
            number.hidden(view.exact()).for_each(|range| found.push(view.source(range)));
        }
        let named = names::find(bytes, self.origin).into_iter();
        found.extend(named.chain(self.patterns(bytes)).map(|range| view.source(range)));
        if depth == 0 {
            return;
        }
        let shortest = self.values.iter().map(|value| value.expose().len()).min();
        view.derived(shortest.unwrap_or(card::SHORTEST).min(card::SHORTEST), |inner| {
            // Garbage, as a wrong alignment of base64 gives, is searched but not unfolded.
            let deeper = if inner.readable() { depth - 1 } else { 0 };
            self.scan(inner, deeper, found);
        });
    }

    fn patterns(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        match self.origin {
            Origin::Embedded => Vec::new(),
            Origin::Real => names::tokens(bytes),
        }
    }
}

/// Overwrites spans; true if that changed a byte.
fn paint(bytes: &mut [u8], spans: &[Range<usize>]) -> bool {
    let mut changed = false;
    for span in spans {
        let Some(part) = bytes.get_mut(span.clone()) else { continue };
        changed |= part.iter().any(|byte| *byte != b'*');
        part.fill(b'*');
    }
    changed
}

/// In order, without overlaps and empty ones.
fn merge(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.retain(|span| !span.is_empty());
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

fn occurrences<'a>(bytes: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
    let first = needle.first().copied();
    let starts = bytes.iter().enumerate().filter(move |(_, byte)| Some(**byte) == first).map(|(at, _)| at);
    starts.filter(|at| bytes[*at..].starts_with(needle)).map(|at| at..at + needle.len())
}

fn into_text(bytes: Vec<u8>) -> String {
    // Masks replace whole characters, so this stays text; if not, the loss is the safe side.
    String::from_utf8(bytes).unwrap_or_else(|error| "*".repeat(error.as_bytes().len()))
}

#[cfg(test)]
mod tests;
