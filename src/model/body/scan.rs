//! Reads a JSON text once, front to back, and writes down where everything is. Depth costs
//! no recursion; a key that stands twice is found without comparing each with each.

use super::index::{Broken, Ended, Index, Kind, Writer};
use super::tree::decoded;

/// Largest JSON text that is indexed, in bytes. Source: four-byte offsets; our choice.
pub const MAX_JSON: u64 = u32::MAX as u64 - 1;
/// Values between two looks at whether to stop.
const STRIDE: u32 = 4096;
/// Values between two calls of `tell`.
const TELL: u32 = 1 << 16;
/// Objects with so many keys or fewer compare them with each other.
const FEW: usize = 12;

/// Where it stopped, and why.
type Stop = (usize, &'static str);

/// Reads a text into its index. `tell` is called when there is more to see.
pub fn scan(bytes: &[u8], index: &Index, tell: &dyn Fn()) {
    let mut scanner = Scanner { bytes, at: 0, writer: Writer::new(index), open: Vec::new(), keys: Vec::new(), tell };
    let outcome = if bytes.len() as u64 > MAX_JSON { Err((0, "it is larger than 4 GB")) } else { scanner.document() };
    let cancelled = matches!(outcome, Err((_, CANCELLED)));
    scanner.writer.publish(scanner.at);
    let broken = outcome.err().filter(|_| !cancelled).map(|(at, why)| {
        let before = bytes.get(..at).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
        let column = at - memchr::memrchr(b'\n', before).map_or(0, |end| end + 1) + 1;
        Broken { at: at as u64, line, column: column as u64, why }
    });
    let not_text = match std::str::from_utf8(bytes) {
        Err(error) if !cancelled => Some(error.valid_up_to() as u64),
        _ => None,
    };
    scanner.writer.end(Ended { broken, not_text, cancelled });
    tell();
}

const CANCELLED: &str = "cancelled";
const ENDS: &str = "the text ends before it is complete";

/// What the scanner is inside of.
struct Frame {
    node: u32,
    array: bool,
    members: u32,
    /// Where its keys begin among those that are held.
    keys: usize,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    writer: Writer<'a>,
    open: Vec<Frame>,
    /// Hash and value of each key of what is open.
    keys: Vec<(u64, u32)>,
    tell: &'a dyn Fn(),
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<(), Stop> {
        self.blank();
        let start = self.at;
        self.value(start, None)?;
        while let Some(frame) = self.open.last() {
            let (array, members) = (frame.array, frame.members);
            self.member(array, members)?;
        }
        self.blank();
        if self.at < self.bytes.len() { Err((self.at, "something follows the JSON text")) } else { Ok(()) }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// One member of the innermost open value, or its end.
    fn member(&mut self, array: bool, members: u32) -> Result<(), Stop> {
        self.blank();
        if self.peek() == Some(if array { b']' } else { b'}' }) {
            self.at += 1;
            self.close();
            return Ok(());
        }
        if members > 0 {
            match self.peek() {
                Some(b',') => self.at += 1,
                None => return Err((self.at, ENDS)),
                Some(_) if array => return Err((self.at, "a comma or ] is missing")),
                Some(_) => return Err((self.at, "a comma or } is missing")),
            }
            self.blank();
        }
        let start = self.at;
        let key = if array { None } else { Some(self.name()?) };
        self.value(start, key)
    }

    /// A key and its colon; its hash.
    fn name(&mut self) -> Result<u64, Stop> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => (),
            None => return Err((start, ENDS)),
            Some(_) => return Err((start, "a key in quotes is missing")),
        }
        let escaped = self.string()?;
        let quoted = self.bytes.get(start..self.at).unwrap_or_default();
        let hash = if escaped { hash(&decoded(quoted)) } else { hash(inner(quoted)) };
        self.blank();
        match self.peek() {
            Some(b':') => self.at += 1,
            None => return Err((self.at, ENDS)),
            Some(_) => return Err((self.at, "a colon is missing")),
        }
        self.blank();
        Ok(hash)
    }

    /// A value of the innermost open one. `start`: where its key begins, or it does.
    fn value(&mut self, start: usize, key: Option<u64>) -> Result<(), Stop> {
        let begins = self.at;
        let kind = match self.peek() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::Text,
            Some(b'-' | b'0'..=b'9') => Kind::Number,
            Some(b't' | b'f' | b'n') => Kind::Literal,
            None => return Err((begins, ENDS)),
            Some(_) => return Err((begins, "a value is missing")),
        };
        // The value is kept only if it is one; what opens is kept at once.
        match kind {
            Kind::Object | Kind::Array => self.at += 1,
            Kind::Text => _ = self.string()?,
            Kind::Number => self.number()?,
            Kind::Literal => self.literal()?,
        }
        let (parent, place) = match self.open.last_mut() {
            None => (None, begins),
            Some(frame) => {
                let number = frame.members;
                frame.members += 1;
                (Some((frame.node, number == 0)), if frame.array { number as usize } else { begins })
            }
        };
        let pushed = self.writer.push(start, place, kind, parent);
        let node = pushed.ok_or((start, "more than 134 million values; the rest is not read"))?;
        if let Some(hash) = key {
            self.keys.push((hash, node));
        }
        if matches!(kind, Kind::Object | Kind::Array) {
            self.open.push(Frame { node, array: kind == Kind::Array, members: 0, keys: self.keys.len() });
        } else {
            self.writer.ends(node, self.at);
        }
        if node % STRIDE == STRIDE - 1 {
            self.look_up(node)?;
        }
        Ok(())
    }

    fn look_up(&self, node: u32) -> Result<(), Stop> {
        if !self.writer.publish(self.at) {
            return Err((self.at, CANCELLED));
        }
        if node == STRIDE - 1 || node % TELL == TELL - 1 {
            (self.tell)();
        }
        Ok(())
    }

    fn close(&mut self) {
        let Some(frame) = self.open.pop() else { return };
        if !frame.array {
            self.mark_repeated(frame.keys);
            self.keys.truncate(frame.keys);
        }
        self.writer.close(frame.node, self.at, frame.members);
    }

    /// Finds the keys that stand twice among those from `first` on.
    fn mark_repeated(&mut self, first: usize) {
        let keys = self.keys.get_mut(first..).unwrap_or_default();
        if keys.len() <= FEW {
            let twice = |at: usize| keys.iter().enumerate().any(|(n, key)| n != at && key.0 == keys[at].0);
            if !(1..keys.len()).any(|at| keys[..at].iter().any(|key| key.0 == keys[at].0)) {
                return;
            }
            let same: Vec<u32> = (0..keys.len()).filter(|at| twice(*at)).map(|at| keys[at].1).collect();
            return self.mark_among(same);
        }
        keys.sort_unstable();
        let runs = keys.chunk_by(|a, b| a.0 == b.0).filter(|run| run.len() > 1);
        let runs: Vec<Vec<u32>> = runs.map(|run| run.iter().map(|key| key.1).collect()).collect();
        for run in runs {
            self.mark_among(run);
        }
    }

    /// Values whose keys have one hash: those whose keys are the same are marked.
    fn mark_among(&self, nodes: Vec<u32>) {
        let key = |node: &u32| {
            let start = self.writer.start(*node);
            let rest = self.bytes.get(start..).unwrap_or_default();
            decoded(rest.get(..quoted_length(rest)).unwrap_or_default())
        };
        let mut named: Vec<_> = nodes.iter().map(|node| (key(node), *node)).collect();
        named.sort_unstable();
        for run in named.chunk_by(|a, b| a.0 == b.0).filter(|run| run.len() > 1) {
            run.iter().for_each(|(_, node)| self.writer.repeats(*node));
        }
    }

    /// A string from its opening quote on. True if there are escapes in it.
    fn string(&mut self) -> Result<bool, Stop> {
        let (mut at, mut escaped) = (self.at + 1, false);
        loop {
            while let Some(eight) = self.bytes.get(at..).and_then(<[u8]>::first_chunk) {
                let found = special(u64::from_le_bytes(*eight));
                if found != 0 {
                    at += (found.trailing_zeros() / 8) as usize;
                    break;
                }
                at += 8;
            }
            match self.bytes.get(at) {
                None => return Err((at, ENDS)),
                Some(b'"') => break,
                Some(b'\\') => {
                    at += escape(self.bytes, at)?;
                    escaped = true;
                }
                Some(0..0x20) => return Err((at, "a control character stands in a string")),
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        Ok(escaped)
    }

    fn digits(&mut self) -> Result<(), Stop> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        match self.at > start {
            true => Ok(()),
            false if start == self.bytes.len() => Err((start, ENDS)),
            false => Err((start, "a digit is missing")),
        }
    }

    fn number(&mut self) -> Result<(), Stop> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first = self.at;
        self.digits()?;
        if self.bytes.get(first) == Some(&b'0') && self.at > first + 1 {
            return Err((first, "a number begins with 0"));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn literal(&mut self) -> Result<(), Stop> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word.as_bytes()));
        self.at += word.ok_or((self.at, "only true, false and null may stand without quotes"))?.len();
        Ok(())
    }
}

/// Bytes of the escape that begins here.
fn escape(bytes: &[u8], at: usize) -> Result<usize, Stop> {
    const UNKNOWN: &str = "an escape that JSON does not have";
    match bytes.get(at + 1) {
        None => Err((at, ENDS)),
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
        Some(b'u') => {
            let digits = bytes.get(at + 2..at + 6).ok_or((at, ENDS))?;
            if digits.iter().all(u8::is_ascii_hexdigit) { Ok(6) } else { Err((at, UNKNOWN)) }
        }
        Some(_) => Err((at, UNKNOWN)),
    }
}

/// Bytes of the string that begins here, its quotes among them; all if it does not end.
pub(super) fn quoted_length(bytes: &[u8]) -> usize {
    let mut at = 1;
    loop {
        match memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
            None => return bytes.len(),
            Some(found) if bytes.get(at + found) == Some(&b'"') => return at + found + 1,
            Some(found) => at += found + 2,
        }
    }
}

/// A bit for each of eight bytes that is a quote, a backslash or a control character; right
/// up to the first of them.
fn special(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES << 7;
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\'))) | control) & TOPS
}

fn inner(quoted: &[u8]) -> &[u8] {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default()
}

/// Eight bytes at a time. Keys of one hash are compared in full, so a poor one costs only time.
fn hash(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = bytes.len() as u64;
    let mut mix = |word: u64| state = (state ^ word).wrapping_mul(FACTOR).rotate_left(29);
    let (eights, rest) = bytes.as_chunks::<8>();
    eights.iter().for_each(|eight| mix(u64::from_le_bytes(*eight)));
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    mix(u64::from_le_bytes(last));
    state
}
