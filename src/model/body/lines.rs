//! Lines and columns of a text of any size: how many line ends and characters stand before
//! each block of 64 KiB, and nothing else. Whatever is asked reads a block or two.
//!
//! A column is one character: a byte that does not continue another. Bytes that are no
//! UTF-8 are shown as they can be; only their column is a guess.

use std::ops::Range;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};

use super::source::{Source, Unread};

const BLOCK: u64 = 1 << 16;

/// Where the lines of a text are.
#[derive(Debug)]
pub struct Lines {
    size: u64,
    /// Line ends before each block.
    ends: Box<[AtomicU64]>,
    /// Characters before each block.
    chars: Box<[AtomicU64]>,
    /// Blocks counted.
    done: AtomicUsize,
    cancelled: AtomicBool,
}

/// A line on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its bytes, without the line end.
    pub bytes: Range<u64>,
    /// Where the next row begins.
    pub next: u64,
    /// The number of its line, from 0, if it is the first of that line.
    pub number: Option<u64>,
}

impl Lines {
    /// Nothing counted yet, of a text of so many bytes.
    pub fn new(size: u64) -> Self {
        let blocks = size.div_ceil(BLOCK) + 1;
        let zeros = || (0..blocks).map(|_| AtomicU64::new(0)).collect();
        let (done, cancelled) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { size, ends: zeros(), chars: zeros(), done, cancelled }
    }

    /// Counts to the end. `tell` is called when there is more to see.
    ///
    /// # Errors
    /// If the text cannot be read any more.
    pub fn count(&self, source: &Source, tell: &dyn Fn()) -> Result<(), Unread> {
        /// Blocks read at once.
        const PIECE: usize = 16;
        let (mut ends, mut chars) = (0, 0);
        let mut block = 0;
        while (block as u64) * BLOCK < self.size {
            let start = block as u64 * BLOCK;
            let piece = source.read(start..start + PIECE as u64 * BLOCK)?;
            for bytes in piece.chunks(BLOCK as usize) {
                ends += memchr::memchr_iter(b'\n', bytes).count() as u64;
                chars += count_chars(bytes);
                block += 1;
                store(&self.ends, block, ends);
                store(&self.chars, block, chars);
            }
            self.done.store(block, Release);
            if self.cancelled.load(Relaxed) {
                break;
            }
            if block == PIECE || block % 1024 == 0 {
                tell();
            }
        }
        tell();
        Ok(())
    }

    /// Stops counting soon.
    pub fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
    }

    /// How much is counted, from 0 to 1.
    pub fn progress(&self) -> f32 {
        self.counted() as f32 / self.size.max(1) as f32
    }

    /// True if all is counted.
    pub fn whole(&self) -> bool {
        self.counted() == self.size
    }

    fn counted(&self) -> u64 {
        (self.done.load(Acquire) as u64 * BLOCK).min(self.size)
    }

    /// Lines known so far; an empty one after the last line end is one.
    pub fn len(&self) -> u64 {
        load(&self.ends, self.done.load(Acquire)) + 1
    }

    /// True if there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// Where a line begins, from 0.
    ///
    /// # Errors
    /// If the text cannot be read any more.
    pub fn start(&self, line: u64, source: &Source) -> Result<u64, Unread> {
        if line == 0 {
            return Ok(0);
        }
        let block = self.block_of(&self.ends, line);
        let bytes = read_block(source, block)?;
        let nth = line - load(&self.ends, block) - 1;
        let found = memchr::memchr_iter(b'\n', &bytes).nth(nth as usize);
        Ok(found.map_or(self.counted(), |at| block as u64 * BLOCK + at as u64 + 1))
    }

    /// The line of a byte, from 0.
    ///
    /// # Errors
    /// If the text cannot be read any more.
    pub fn of(&self, at: u64, source: &Source) -> Result<u64, Unread> {
        let at = at.min(self.counted());
        let bytes = source.read(at / BLOCK * BLOCK..at)?;
        Ok(load(&self.ends, (at / BLOCK) as usize) + memchr::memchr_iter(b'\n', &bytes).count() as u64)
    }

    /// Characters before a byte.
    fn chars_before(&self, at: u64, source: &Source) -> Result<u64, Unread> {
        let at = at.min(self.counted());
        let bytes = source.read(at / BLOCK * BLOCK..at)?;
        Ok(load(&self.chars, (at / BLOCK) as usize) + count_chars(&bytes))
    }

    /// Where a character begins, counted from the text's first.
    fn char_start(&self, number: u64, source: &Source) -> Result<u64, Unread> {
        let block = self.block_of(&self.chars, number + 1);
        let bytes = read_block(source, block)?;
        let nth = number - load(&self.chars, block).min(number);
        let mut starts = bytes.iter().enumerate().filter(|(_, byte)| begins(**byte));
        Ok(block as u64 * BLOCK + starts.nth(nth as usize).map_or(bytes.len(), |(at, _)| at) as u64)
    }

    /// The last block with less than `wanted` before it.
    fn block_of(&self, counts: &[AtomicU64], wanted: u64) -> usize {
        let done = self.done.load(Acquire).max(1);
        let counts = counts.get(..done).unwrap_or_default();
        counts.partition_point(|count| count.load(Relaxed) < wanted).saturating_sub(1)
    }

    /// The end of the line in which a byte is, without its line end, and where the next begins.
    fn end_of(&self, line: u64, start: u64, source: &Source) -> Result<(u64, u64), Unread> {
        let near = source.read(start..start / BLOCK * BLOCK + BLOCK)?;
        let next = match memchr::memchr(b'\n', &near) {
            Some(at) => start + at as u64 + 1,
            None if line + 1 < self.len() => self.start(line + 1, source)?,
            None => return Ok((self.counted(), self.counted())),
        };
        let before = source.read(next.saturating_sub(2).max(start)..next)?;
        let ending = if before.ends_with(b"\r\n") { 2 } else { 1 };
        Ok((next - ending, next))
    }

    /// Whole lines from one on, `count` at most: what the columns from `left` on show of them.
    ///
    /// # Errors
    /// If the text cannot be read any more.
    pub fn rows(&self, first: u64, count: usize, columns: Range<u64>, source: &Source) -> Result<Vec<Row>, Unread> {
        let mut rows = Vec::new();
        let mut start = self.start(first, source)?;
        for line in (first..self.len()).take(count) {
            let (end, next) = self.end_of(line, start, source)?;
            let shown = if end - start <= columns.start {
                end..end
            } else if columns.start == 0 {
                start..end.min(start + columns.end * 4)
            } else {
                let zero = self.chars_before(start, source)?;
                let from = self.char_start(zero + columns.start, source)?.clamp(start, end);
                from..end.min(from + (columns.end - columns.start) * 4)
            };
            rows.push(Row { bytes: shown, next, number: Some(line) });
            start = next;
        }
        Ok(rows)
    }

    /// The column of a byte in its line.
    ///
    /// # Errors
    /// If the text cannot be read any more.
    pub fn column(&self, at: u64, source: &Source) -> Result<u64, Unread> {
        let start = self.start(self.of(at, source)?, source)?;
        Ok(self.chars_before(at, source)? - self.chars_before(start, source)?)
    }

    // --- Wrapped: rows of so many columns, found from where one is

    /// The row of `columns` columns that begins at a byte.
    ///
    /// # Errors
    /// If the text cannot be read any more.
    pub fn wrapped(&self, start: u64, columns: u64, source: &Source) -> Result<Row, Unread> {
        let bytes = source.read(start..start + columns * 4 + 2)?;
        let mut used = 0;
        let mut end = bytes.len();
        for (at, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' || begins(*byte) && used == columns && !bytes[at..].starts_with(b"\r\n") {
                end = at;
                break;
            }
            used += u64::from(begins(*byte));
        }
        let line_end = bytes.get(end) == Some(&b'\n');
        let next = start + end as u64 + u64::from(line_end);
        let shown = if line_end && end > 0 && bytes.get(end - 1) == Some(&b'\r') { end - 1 } else { end };
        let first = start == 0 || source.read(start - 1..start)?.first() == Some(&b'\n');
        let known = first && start <= self.counted();
        let number = if known { Some(self.of(start, source)?) } else { None };
        Ok(Row { bytes: start..start + shown as u64, next, number })
    }

    /// Where the row begins in which a byte is.
    ///
    /// # Errors
    /// If the text cannot be read any more.
    pub fn wrapped_start(&self, at: u64, columns: u64, source: &Source) -> Result<u64, Unread> {
        if at >= self.counted() {
            return Ok(at.min(self.size) / columns * columns); // until it is counted
        }
        let start = self.start(self.of(at, source)?, source)?;
        let zero = self.chars_before(start, source)?;
        let near = source.read(at.saturating_sub(1).max(start)..at + 2)?;
        let (before, here) = near.split_at(usize::from(at > start));
        let ends = here.starts_with(b"\n") || here.starts_with(b"\r\n");
        let return_before = here.starts_with(b"\n") && before == b"\r";
        let column = if ends {
            // A line end belongs to the row that it ends.
            let shown = self.chars_before(at, source)? - zero - u64::from(return_before);
            shown.max(1) - 1
        } else {
            self.chars_before(at + 1, source)?.saturating_sub(zero + 1)
        };
        Ok(self.char_start(zero + column / columns * columns, source)?.clamp(start, at))
    }

    /// Where the row before the one begins that begins at `start`.
    ///
    /// # Errors
    /// If the text cannot be read any more.
    pub fn wrapped_before(&self, start: u64, columns: u64, source: &Source) -> Result<u64, Unread> {
        match start.checked_sub(1) {
            Some(before) => self.wrapped_start(before, columns, source),
            None => Ok(0),
        }
    }
}

fn read_block(source: &Source, block: usize) -> Result<bytes::Bytes, Unread> {
    source.read(block as u64 * BLOCK..(block as u64 + 1) * BLOCK)
}

/// True if a byte does not continue a character.
fn begins(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

fn count_chars(bytes: &[u8]) -> u64 {
    // Sums of bytes, so that the compiler takes many at a time.
    bytes.chunks(255).map(|part| u64::from(part.iter().map(|byte| u8::from(begins(*byte))).sum::<u8>())).sum()
}

fn store(counts: &[AtomicU64], place: usize, value: u64) {
    if let Some(count) = counts.get(place) {
        count.store(value, Relaxed);
    }
}

fn load(counts: &[AtomicU64], place: usize) -> u64 {
    counts.get(place).map_or(0, |count| count.load(Relaxed))
}
