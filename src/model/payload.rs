//! Small readings of bytes: a JSON tree of what is small, the pairs of a form, text that
//! loses nothing, sizes. Bodies of any size are [`body`](super::body)'s.
//!
//! Promises: any bytes can be read; bytes that are no UTF-8 are shown as `\xNN`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value;

/// Largest body of which an owned tree is made, in bytes. Source: trust.md R42.
pub const MAX_BYTES: usize = 1 << 20;
/// Deepest nesting of an owned tree. Source: trust.md R42.
pub const MAX_DEPTH: usize = 64;
/// Most values of an owned tree; most pairs of a form. Source: trust.md R42.
pub const MAX_NODES: usize = 50_000;

/// One pair of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The name, decoded.
    pub key: String,
    /// The value, decoded.
    pub value: String,
    /// The pair exactly as sent.
    pub raw: Range<usize>,
    /// The name stands more than once.
    pub repeated: bool,
}

/// The whole as a JSON tree; `None` if it is no JSON, or so large that a tree of it would
/// take a hundred times its memory. Source: trust.md R42.
pub fn tree(bytes: &[u8]) -> Option<Value> {
    over_cap(bytes).is_none().then(|| serde_json::from_slice(bytes).ok()).flatten()
}

/// Why no tree is made of a body: `more than 50000 values`; `None` if it is over no cap. One
/// look at each byte, no allocation. Source: trust.md R42.
pub fn over_cap(bytes: &[u8]) -> Option<String> {
    if bytes.len() > MAX_BYTES {
        return Some(format!("more than {}", size(MAX_BYTES as u64)));
    }
    let (mut depth, mut nodes, mut quoted, mut escaped) = (0_usize, 1_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => (),
            b'{' | b'[' => {
                depth += 1;
                nodes += 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => nodes += 1,
            _ => (),
        }
        if depth > MAX_DEPTH {
            return Some(format!("more than {MAX_DEPTH} levels"));
        }
        if nodes > MAX_NODES {
            return Some(format!("more than {MAX_NODES} values"));
        }
    }
    None
}

/// The pairs of a form, 50,000 at most.
pub fn pairs(bytes: &[u8]) -> Vec<Pair> {
    let mut found: Vec<Pair> = Vec::new();
    let mut first: HashMap<String, usize> = HashMap::new();
    let mut at = 0;
    for part in bytes.split(|byte| *byte == b'&').take(MAX_NODES) {
        let raw = at..at + part.len();
        at = raw.end + 1;
        if part.is_empty() {
            continue;
        }
        let cut = part.iter().position(|byte| *byte == b'=');
        let (key, value) = cut.map_or((part, &[][..]), |cut| (&part[..cut], &part[cut + 1..]));
        let key = percent_decoded(key);
        let twin = first.get(&key).copied();
        if let Some(twin) = twin {
            found[twin].repeated = true;
        }
        first.entry(key.clone()).or_insert(found.len());
        found.push(Pair { key, value: percent_decoded(value), raw, repeated: twin.is_some() });
    }
    found
}

fn percent_decoded(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = hex.filter(|_| *first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(byte.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    lossless(&bytes).into_owned()
}

/// Text of any bytes: what is no UTF-8 becomes `\xNN`.
pub fn lossless(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    Cow::Owned(text)
}

/// One line of a hex view: bytes as hex and as ASCII.
pub fn hex_row(bytes: &[u8], per_row: usize) -> (String, String) {
    let part = bytes.get(..per_row.min(bytes.len())).unwrap_or_default();
    let hex: Vec<String> = part.iter().map(|byte| format!("{byte:02x}")).collect();
    let shown = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '·' };
    (hex.join(" "), part.iter().map(shown).collect())
}

/// A size as people read it: `1.9 kB`, steps of 1000.
pub fn size(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss)] // one decimal is shown
    let scaled = |unit: u64| bytes as f64 / unit as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", scaled(1_000)),
        _ => format!("{:.1} MB", scaled(1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tree_is_made_over_a_cap() {
        let deep = format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1));
        let many = format!("[{}1]", "1,".repeat(MAX_NODES));
        let long = format!("[\"{}\"]", "x".repeat(MAX_BYTES));
        for text in [deep, many, long] {
            assert!(serde_json::from_str::<Value>(&text).is_ok() && tree(text.as_bytes()).is_none());
        }
    }

    #[test]
    fn a_form_is_decoded_pair_by_pair() {
        let body = b"creq=a%2Bb+c&bad=%zz%ff&creq=2";
        let pairs = pairs(body);
        let shown: Vec<_> = pairs.iter().map(|p| (p.key.as_str(), p.value.as_str(), p.repeated)).collect();
        assert_eq!(shown, [("creq", "a+b c", true), ("bad", "%zz\\xff", false), ("creq", "2", true)]);
        assert_eq!(&body[pairs[1].raw.clone()], b"bad=%zz%ff");
    }

    #[test]
    fn hex_stands_beside_what_can_be_read() {
        assert_eq!(hex_row(b"A\n\xff", 8), ("41 0a ff".into(), "A··".into()));
    }
}
