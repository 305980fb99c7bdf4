//! The same bytes with one coding taken off, and for each byte where it came from.
//!
//! Hides: percent-coding (also twice), JSON escapes, base64 and base64url at every
//! alignment. Promises: [`View::source`] names the outer bytes that carry an inner range.

use std::borrow::Cow;
use std::ops::Range;

/// Bytes that may stand for others.
pub(super) struct View<'a> {
    bytes: Cow<'a, [u8]>,
    /// For each byte the outermost range that carries it; `None` where they are the same.
    carriers: Option<Vec<(u32, u32)>>,
    /// Each byte has a carrier of its own (not so in base64).
    exact: bool,
}

impl<'a> View<'a> {
    /// The outermost bytes.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes: Cow::Borrowed(bytes), carriers: None, exact: true }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// True if single bytes can be masked.
    pub(super) fn exact(&self) -> bool {
        self.exact
    }

    /// True if this reads as text.
    pub(super) fn readable(&self) -> bool {
        let odd = self.bytes.iter().filter(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()).count();
        odd * 20 <= self.bytes.len() && std::str::from_utf8(&self.bytes).is_ok() || self.carriers.is_none()
    }

    /// The outermost bytes that carry `range`.
    pub(super) fn source(&self, range: Range<usize>) -> Range<usize> {
        let Some(carriers) = &self.carriers else { return range };
        match (carriers.get(range.start), range.end.checked_sub(1).and_then(|last| carriers.get(last))) {
            (Some(first), Some(last)) if !range.is_empty() => first.0 as usize..last.1 as usize,
            _ => 0..0,
        }
    }

    /// Shows what each coding in here stands for. base64 that carries fewer than
    /// `shortest` bytes is left out.
    pub(super) fn derived(&self, shortest: usize, mut each: impl FnMut(&View<'_>)) {
        for decode in [percent as fn(&[u8]) -> Option<Decoded>, escapes] {
            if let Some(decoded) = decode(&self.bytes) {
                each(&self.inner(decoded, self.exact));
            }
        }
        for run in runs(&self.bytes) {
            for skip in 0..4 {
                let start = run.start + skip;
                if start < run.end && (run.end - start) * 3 / 4 >= shortest {
                    each(&self.inner(base64(&self.bytes[start..run.end], start), false));
                }
            }
        }
    }

    fn inner(&self, decoded: Decoded, exact: bool) -> View<'static> {
        let carriers = decoded.carriers.into_iter().map(|(start, end)| {
            let outer = self.source(start as usize..end as usize);
            (index(outer.start), index(outer.end))
        });
        View { carriers: Some(carriers.collect()), bytes: Cow::Owned(decoded.bytes), exact }
    }
}

#[derive(Default)]
struct Decoded {
    bytes: Vec<u8>,
    carriers: Vec<(u32, u32)>,
}

impl Decoded {
    fn push(&mut self, byte: u8, start: usize, end: usize) {
        self.bytes.push(byte);
        self.carriers.push((index(start), index(end)));
    }
}

/// Texts are far below 4 GiB: the client keeps 8 MiB of a body (trust.md 1.7).
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn hex(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.iter().map(|byte| char::from(*byte).to_digit(16));
    digits.into_iter().try_fold(0, |sum, digit| Some(sum * 16 + digit?))
}

/// `%41` and `+` taken off; `None` if there is neither.
fn percent(bytes: &[u8]) -> Option<Decoded> {
    let coded = |at: usize| bytes.get(at + 1..at + 3).and_then(hex);
    let plus = |at: usize| bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
    let any = bytes.iter().enumerate().any(|(at, byte)| match byte {
        b'%' => coded(at).is_some(),
        b'+' => plus(at),
        _ => false,
    });
    if !any {
        return None;
    }
    let mut decoded = Decoded::default();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let (byte, length) = match (byte, coded(at)) {
            (b'%', Some(code)) => (code as u8, 3),
            (b'+', _) => (b' ', 1),
            _ => (*byte, 1),
        };
        decoded.push(byte, at, at + length);
        at += length;
    }
    Some(decoded)
}

/// JSON's backslashes taken off; `None` if there is none.
fn escapes(bytes: &[u8]) -> Option<Decoded> {
    if !bytes.contains(&b'\\') {
        return None;
    }
    let unit = |at: usize| {
        let coded = bytes.get(at..at + 2) == Some(b"\\u");
        bytes.get(at + 2..at + 6).filter(|_| coded).and_then(hex)
    };
    let mut decoded = Decoded::default();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let (byte, length) = match (byte, bytes.get(at + 1)) {
            (b'\\', Some(b'u')) => {
                if let Some((character, length)) = unit(at).map(|first| character(first, unit(at + 6))) {
                    let mut space = [0; 4];
                    let text = character.encode_utf8(&mut space).as_bytes();
                    text.iter().for_each(|byte| decoded.push(*byte, at, at + length));
                    at += length;
                    continue;
                }
                (*byte, 1)
            }
            (b'\\', Some(b'n')) => (b'\n', 2),
            (b'\\', Some(b'r')) => (b'\r', 2),
            (b'\\', Some(b't')) => (b'\t', 2),
            (b'\\', Some(b'b')) => (8, 2),
            (b'\\', Some(b'f')) => (12, 2),
            (b'\\', Some(sign @ (b'"' | b'\\' | b'/' | b'\''))) => (*sign, 2),
            _ => (*byte, 1),
        };
        decoded.push(byte, at, at + length);
        at += length;
    }
    Some(decoded)
}

/// A UTF-16 unit with the one after it; and how many bytes of escapes were used.
fn character(first: u32, second: Option<u32>) -> (char, usize) {
    let pair = second.filter(|low| (0xD800..0xDC00).contains(&first) && (0xDC00..0xE000).contains(low));
    match pair {
        Some(low) => {
            let code = 0x10000 + ((first - 0xD800) << 10) + (low - 0xDC00);
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
        }
        None => (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6),
    }
}

fn sextet(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}

/// Longest stretches of base64's letters, of either alphabet.
fn runs(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = None;
    for (at, byte) in bytes.iter().chain(b" ").enumerate() {
        match (sextet(*byte), start) {
            (Some(_), None) => start = Some(at),
            (None, Some(from)) => {
                runs.push(from..at);
                start = None;
            }
            _ => (),
        }
    }
    runs
}

/// Decodes letters that begin at `at` of what is around them.
fn base64(letters: &[u8], at: usize) -> Decoded {
    let mut decoded = Decoded::default();
    for (group, quad) in letters.chunks(4).enumerate() {
        let start = at + group * 4;
        let bits =
            quad.iter().fold(0, |bits, letter| bits << 6 | sextet(*letter).unwrap_or(0)) << (6 * (4 - quad.len()));
        for byte in 0..quad.len().saturating_sub(1) {
            decoded.push((bits >> (16 - 8 * byte)) as u8, start + byte, start + byte + 2);
        }
    }
    decoded
}
