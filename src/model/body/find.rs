//! Searching a body of any size: plain text or a pattern, over the bytes.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::source::{Source, Unread};

/// Hits whose places are kept; more are counted. Our choice.
pub const MAX_HITS: usize = 200_000;
/// Bytes of a file that are looked at together.
const PIECE: u64 = 4 << 20;
/// Bytes that two pieces share, so that no hit is lost between them; a longer one may be.
const SHARED: u64 = 1 << 16;
/// Hits that are handed on together.
const BATCH: usize = 4096;
/// Largest compiled pattern, in bytes. Our choice.
const PATTERN: usize = 4 << 20;

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// The text or the pattern.
    pub text: String,
    /// Capitals matter.
    pub case: bool,
    /// It is a pattern.
    pub regex: bool,
}

impl Wanted {
    /// As a pattern.
    ///
    /// # Errors
    /// If it is none, with the reason in one line.
    pub fn pattern(&self) -> Result<Regex, String> {
        let text = if self.regex { self.text.clone() } else { regex::escape(&self.text) };
        let mut builder = RegexBuilder::new(&text);
        builder.case_insensitive(!self.case).multi_line(true).size_limit(PATTERN);
        builder.build().map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "The pattern is too large".into(),
            // The last line of the crate's drawing is the reason.
            other => {
                let text = other.to_string();
                let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                format!("No pattern: {reason}")
            }
        })
    }
}

/// Looks through a body. `found` gets the places of hits, in order, and how many there are
/// so far; it says whether to go on. Empty hits are none.
///
/// # Errors
/// If the body cannot be read any more.
pub fn search(
    source: &Source,
    pattern: &Regex,
    cancelled: &AtomicBool,
    found: &mut dyn FnMut(Vec<Range<u64>>, u64) -> bool,
) -> Result<(), Unread> {
    let (mut count, mut kept, mut after) = (0_u64, 0, 0_u64);
    let mut start = 0;
    let size = source.size();
    loop {
        let all = source.memory().is_some();
        let end = if all { size } else { (start + PIECE).min(size) };
        let piece = source.read(start..end)?;
        // A hit that begins in what the next piece has too is the next one's.
        let limit = if end == size { end } else { end - SHARED };
        let mut batch = Vec::new();
        for hit in pattern.find_iter(&piece) {
            let place = start + hit.start() as u64..start + hit.end() as u64;
            if hit.is_empty() || place.start < after {
                continue;
            }
            if place.start >= limit {
                break;
            }
            after = place.end;
            count += 1;
            if kept < MAX_HITS {
                kept += 1;
                batch.push(place);
            }
            if batch.len() == BATCH && !found(std::mem::take(&mut batch), count) {
                return Ok(());
            }
            if count % 4096 == 0 && cancelled.load(Relaxed) {
                return Ok(());
            }
        }
        if !found(batch, count) || cancelled.load(Relaxed) || end == size {
            return Ok(());
        }
        start = limit;
    }
}
