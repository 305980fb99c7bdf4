//! Bytes → rows that a person can read, without losing anything on the way.
//!
//! Hides: how JSON and forms are cut into rows. Promises: any bytes can be read; numbers
//! stay the text they were; keys keep their order; a key that stands twice is flagged;
//! bytes that are no UTF-8 are shown as `\xNN`. Rows hold byte ranges, so the cost is
//! bounded by the caps below (trust.md R42, R43). Knows nothing of windows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use bytes::Bytes;
use serde_json::Value;

/// Largest body that is cut into rows, in bytes. Source: trust.md R42.
pub const MAX_BYTES: usize = 1 << 20;
/// Deepest nesting that is cut into rows. Source: trust.md R42.
pub const MAX_DEPTH: usize = 64;
/// Most values that are cut into rows. Source: trust.md R42.
pub const MAX_NODES: usize = 50_000;

/// A body, and what it could be read as.
#[derive(Debug, Clone)]
pub struct Payload {
    bytes: Bytes,
    /// What it is.
    pub shape: Shape,
    /// Why it is not shown as what it claims to be; `None` if it is.
    pub note: Option<String>,
}

/// What a body could be read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Nothing in it.
    Empty,
    /// JSON, one row for each line of its pretty form.
    Json(Vec<Row>),
    /// `application/x-www-form-urlencoded`, one row for each pair.
    Form(Vec<Pair>),
    /// Text of any other kind.
    Text,
    /// Mostly not text.
    Binary,
}

/// One line of pretty JSON. Ranges point into the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Levels from the left.
    pub depth: usize,
    /// The row that opens what this one is in.
    pub parent: Option<usize>,
    /// Position within its parent, from 0.
    pub index: usize,
    /// The key with its quotes, exactly as sent.
    pub key: Option<Range<usize>>,
    /// The value exactly as sent; all of it for a row that opens something.
    pub value: Range<usize>,
    /// What the value is.
    pub kind: Kind,
    /// A comma follows.
    pub comma: bool,
    /// Its key stands more than once in the same object.
    pub repeated: bool,
}

/// What a row of JSON holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{` or `[` with something in it.
    Open {
        /// `[`.
        array: bool,
        /// Values directly in it.
        members: usize,
        /// The row that closes it.
        close: usize,
    },
    /// `}` or `]`.
    Close {
        /// `]`.
        array: bool,
    },
    /// `{}` or `[]`.
    Hollow,
    /// A string.
    Text,
    /// A number.
    Number,
    /// `true`, `false`, `null`.
    Literal,
}

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

impl Payload {
    /// Reads a body. Never fails: what cannot be cut into rows is text or bytes, with a note.
    pub fn read(bytes: &Bytes, content_type: Option<&str>) -> Self {
        let (shape, note) = shape(bytes, content_type.unwrap_or_default());
        Self { bytes: bytes.clone(), shape, note }
    }

    /// The body.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// A part of the body as text; bytes that are no UTF-8 become `\xNN`.
    pub fn text(&self, range: &Range<usize>) -> Cow<'_, str> {
        lossless(self.bytes.get(range.clone()).unwrap_or_default())
    }

    /// The rows, if it is JSON.
    pub fn rows(&self) -> &[Row] {
        match &self.shape {
            Shape::Json(rows) => rows,
            _ => &[],
        }
    }

    /// A key as a person reads it: unescaped, without quotes.
    pub fn key(&self, row: &Row) -> Option<String> {
        row.key.as_ref().map(|range| self.unquoted(range))
    }

    /// A value as a person reads it: strings unescaped and without quotes, all else as sent.
    pub fn value(&self, row: &Row) -> String {
        match row.kind {
            Kind::Text => self.unquoted(&row.value),
            _ => self.text(&row.value).into_owned(),
        }
    }

    fn unquoted(&self, range: &Range<usize>) -> String {
        let raw = self.bytes.get(range.clone()).unwrap_or_default();
        serde_json::from_slice(raw)
            .unwrap_or_else(|_| lossless(raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default()).into_owned())
    }

    /// Where a row stands: `$.acs.url`, `$['3ds'].list[2]`.
    pub fn path(&self, at: usize) -> String {
        let rows = self.rows();
        let mut parts = Vec::new();
        let mut next = Some(at);
        while let Some(row) = next.and_then(|at| rows.get(at)) {
            match self.key(row) {
                _ if row.parent.is_none() => (),
                Some(key) if is_name(&key) => parts.push(format!(".{key}")),
                Some(key) => parts.push(format!("['{}']", key.replace('\\', "\\\\").replace('\'', "\\'"))),
                None => parts.push(format!("[{}]", row.index)),
            }
            next = row.parent;
        }
        parts.push("$".into());
        parts.into_iter().rev().collect()
    }

    /// The text or number of a member of the outermost object.
    pub fn member(&self, name: &str) -> Option<String> {
        let found = self.rows().iter().find(|row| row.parent == Some(0) && self.key(row).as_deref() == Some(name));
        found.map(|row| self.value(row))
    }
}

fn is_name(key: &str) -> bool {
    let mut chars = key.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn shape(bytes: &[u8], content_type: &str) -> (Shape, Option<String>) {
    let plain = || if is_binary(bytes) { Shape::Binary } else { Shape::Text };
    if bytes.is_empty() {
        return (Shape::Empty, None);
    }
    let form = content_type.contains("x-www-form-urlencoded");
    if form && bytes.len() <= MAX_BYTES {
        return (Shape::Form(pairs(bytes)), None);
    }
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let claims = content_type.contains("json");
    if form || !(claims || matches!(first, Some(b'{' | b'['))) {
        return (plain(), None);
    }
    if let Some(cap) = over_cap(bytes) {
        return (plain(), Some(format!("Shown as raw text: {cap}")));
    }
    match Reader::new(bytes).document() {
        Ok(rows) => (Shape::Json(rows), None),
        Err(at) if claims => (plain(), Some(format!("Not valid JSON, from byte {at} on"))),
        Err(_) => (plain(), None),
    }
}

/// Which cap a body is over; one look at each byte, no allocation. Source: trust.md R42.
/// The whole as a JSON tree; `None` if it is no JSON, or so large that a tree of it would
/// take a hundred times its memory. Source: trust.md R42.
pub fn tree(bytes: &[u8]) -> Option<Value> {
    over_cap(bytes).is_none().then(|| serde_json::from_slice(bytes).ok()).flatten()
}

fn over_cap(bytes: &[u8]) -> Option<String> {
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
            return Some(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        if nodes > MAX_NODES {
            return Some(format!("more than {MAX_NODES} values"));
        }
    }
    None
}

/// What the reader is inside of.
struct Frame<'a> {
    row: usize,
    array: bool,
    members: usize,
    keys: HashMap<Cow<'a, [u8]>, usize>,
}

/// Cuts JSON into rows. An error is the byte where it stopped being JSON.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    rows: Vec<Row>,
    open: Vec<Frame<'a>>,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, rows: Vec::new(), open: Vec::new() }
    }

    fn document(mut self) -> Result<Vec<Row>, usize> {
        self.value(None)?;
        while !self.open.is_empty() {
            self.member()?;
        }
        self.blank();
        if self.at < self.bytes.len() { Err(self.at) } else { Ok(self.rows) }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Result<(), usize> {
        if self.peek() != Some(byte) {
            return Err(self.at);
        }
        self.at += 1;
        Ok(())
    }

    /// One member of the innermost open value, or its end.
    fn member(&mut self) -> Result<(), usize> {
        let Some(frame) = self.open.last() else { return Ok(()) };
        let (array, members) = (frame.array, frame.members);
        let end = if array { b']' } else { b'}' };
        self.blank();
        if self.peek() == Some(end) {
            self.at += 1;
            self.close();
            return Ok(());
        }
        if members > 0 {
            self.take(b',')?;
            if let Some(last) = self.last_member() {
                self.rows[last].comma = true;
            }
            self.blank();
        }
        let key = if array { None } else { Some(self.name()?) };
        self.value(key)
    }

    /// The row of the newest member of the innermost open value: the one that opens it, if
    /// it spans several.
    fn last_member(&self) -> Option<usize> {
        let last = self.rows.len().checked_sub(1)?;
        match self.rows[last].kind {
            Kind::Close { .. } => self.rows[last].parent,
            _ => Some(last),
        }
    }

    fn name(&mut self) -> Result<Range<usize>, usize> {
        let key = self.string()?;
        self.blank();
        self.take(b':')?;
        self.blank();
        Ok(key)
    }

    fn value(&mut self, key: Option<Range<usize>>) -> Result<(), usize> {
        self.blank();
        let start = self.at;
        let kind = match self.peek().ok_or(start)? {
            b'{' | b'[' => return self.opened(key),
            b'"' => {
                self.string()?;
                Kind::Text
            }
            b'-' | b'0'..=b'9' => {
                self.number()?;
                Kind::Number
            }
            _ => {
                self.literal()?;
                Kind::Literal
            }
        };
        self.push(key, start..self.at, kind);
        Ok(())
    }

    fn opened(&mut self, key: Option<Range<usize>>) -> Result<(), usize> {
        let start = self.at;
        let array = self.peek() == Some(b'[');
        self.at += 1;
        self.blank();
        if self.peek() == Some(if array { b']' } else { b'}' }) {
            self.at += 1;
            self.push(key, start..self.at, Kind::Hollow);
            return Ok(());
        }
        let row = self.push(key, start..self.at, Kind::Open { array, members: 0, close: 0 });
        self.open.push(Frame { row, array, members: 0, keys: HashMap::new() });
        Ok(())
    }

    fn close(&mut self) {
        let Some(frame) = self.open.pop() else { return };
        let close = self.rows.len();
        self.rows[frame.row].kind = Kind::Open { array: frame.array, members: frame.members, close };
        self.rows[frame.row].value.end = self.at;
        self.rows.push(Row {
            depth: self.open.len(),
            parent: Some(frame.row),
            index: frame.members,
            key: None,
            value: self.at - 1..self.at,
            kind: Kind::Close { array: frame.array },
            comma: false,
            repeated: false,
        });
    }

    fn push(&mut self, key: Option<Range<usize>>, value: Range<usize>, kind: Kind) -> usize {
        let row = self.rows.len();
        let (mut index, mut twin) = (0, None);
        if let Some(frame) = self.open.last_mut() {
            index = frame.members;
            frame.members += 1;
            if let Some(key) = &key {
                match frame.keys.entry(decoded(&self.bytes[key.clone()])) {
                    Entry::Occupied(first) => twin = Some(*first.get()),
                    Entry::Vacant(free) => {
                        free.insert(row);
                    }
                }
            }
        }
        if let Some(twin) = twin {
            self.rows[twin].repeated = true;
        }
        let parent = self.open.last().map(|frame| frame.row);
        let depth = self.open.len();
        self.rows.push(Row { depth, parent, index, key, value, kind, comma: false, repeated: twin.is_some() });
        row
    }

    fn string(&mut self) -> Result<Range<usize>, usize> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            match self.peek().ok_or(self.at)? {
                b'"' => break,
                b'\\' => self.escape()?,
                byte if byte < 0x20 => return Err(self.at),
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Ok(start..self.at)
    }

    fn escape(&mut self) -> Result<(), usize> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6).ok_or(self.at)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(self.at);
                }
                self.at += 6;
            }
            _ => return Err(self.at),
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), usize> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(start) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<(), usize> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first = self.at;
        self.digits()?;
        if self.bytes[first] == b'0' && self.at > first + 1 {
            return Err(first);
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

    fn literal(&mut self) -> Result<(), usize> {
        let rest = &self.bytes[self.at..];
        let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word.as_bytes()));
        self.at += word.ok_or(self.at)?.len();
        Ok(())
    }
}

/// A quoted key as it compares: unescaped, if it has escapes.
fn decoded(quoted: &[u8]) -> Cow<'_, [u8]> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    match serde_json::from_slice::<String>(quoted) {
        Ok(text) => Cow::Owned(text.into_bytes()),
        Err(_) => Cow::Borrowed(inner),
    }
}

fn pairs(bytes: &[u8]) -> Vec<Pair> {
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

fn is_binary(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(4096)];
    let odd = |byte: &u8| (*byte < 0x20 && !matches!(*byte, b'\t' | b'\n' | b'\r')) || *byte == 0x7f;
    let valid: usize = start.utf8_chunks().map(|chunk| chunk.valid().len()).sum();
    let odd = start.iter().filter(|byte| odd(byte)).count() + (start.len() - valid);
    odd * 8 > start.len()
}

/// Cuts bytes into screen lines: at line ends, and after `columns` characters.
/// Source of the cut: trust.md R45.
pub fn wrap(bytes: &[u8], columns: usize) -> Vec<Range<usize>> {
    let columns = columns.clamp(8, 4096);
    let mut lines = Vec::new();
    let (mut start, mut at, mut used) = (0, 0, 0);
    while at < bytes.len() {
        if bytes[at] == b'\n' {
            // CR LF is one line break here; the hex view shows both bytes.
            let end = if at > start && bytes[at - 1] == b'\r' { at - 1 } else { at };
            lines.push(start..end);
            (start, used, at) = (at + 1, 0, at + 1);
            continue;
        }
        if used >= columns && !bytes[at..].starts_with(b"\r\n") {
            lines.push(start..at);
            (start, used) = (at, 0);
        }
        at += char_length(&bytes[at..]);
        used += 1;
    }
    lines.push(start..bytes.len());
    lines
}

/// Bytes of the first character; 1 if it is none.
fn char_length(bytes: &[u8]) -> usize {
    let length = match bytes.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => 1,
    };
    let whole = bytes.get(..length).is_some_and(|bytes| std::str::from_utf8(bytes).is_ok());
    if whole { length } else { 1 }
}

/// One line of a hex view: the bytes from `offset` as hex and as ASCII, `per_row` of them.
pub fn hex_row(bytes: &[u8], offset: usize, per_row: usize) -> (String, String) {
    let end = offset.saturating_add(per_row).min(bytes.len());
    let part = bytes.get(offset..end).unwrap_or_default();
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
    use proptest::prelude::*;

    fn read(text: &str) -> Payload {
        Payload::read(&Bytes::copy_from_slice(text.as_bytes()), Some("application/json"))
    }

    #[test]
    fn a_carriage_return_belongs_to_its_line_break() {
        let head = b"GET / HTTP/1.1\r\nHost: h\r\n\r\nlone\rcr";
        let lines: Vec<&[u8]> = wrap(head, 80).into_iter().map(|range| &head[range]).collect();
        assert_eq!(lines, [&b"GET / HTTP/1.1"[..], b"Host: h", b"", b"lone\rcr"]);
    }

    #[test]
    fn numbers_order_and_twice_given_keys_survive() {
        let payload =
            read(r#"{"b": 1.50, "a": 12345678901234567890, "acs": {"url": "x\/y"}, "\u0062": [], "3ds": [1, 2]}"#);
        let rows = payload.rows();
        let shown: Vec<_> = rows.iter().map(|row| (payload.key(row), payload.value(row), row.repeated)).collect();
        assert_eq!(shown[1], (Some("b".into()), "1.50".into(), true));
        assert_eq!(shown[2], (Some("a".into()), "12345678901234567890".into(), false));
        assert_eq!(shown[4], (Some("url".into()), "x/y".into(), false));
        assert_eq!(shown[6], (Some("b".into()), "[]".into(), true));
        assert_eq!(payload.path(4), "$.acs.url");
        assert_eq!(payload.path(9), "$['3ds'][1]");
        assert_eq!(rows[0].kind, Kind::Open { array: false, members: 5, close: rows.len() - 1 });
        assert_eq!(rows[3].kind, Kind::Open { array: false, members: 1, close: 5 });
        assert!(rows[3].comma && !rows[9].comma);
        assert_eq!(payload.member("a").as_deref(), Some("12345678901234567890"));
    }

    #[test]
    fn broken_json_is_text_with_a_note() {
        for text in ["{", "{\"a\":01}", "[1,]", "{\"a\" 1}", "{} x", "[\"twelve chars\u{1}\"]", "nul", "[\"\\q\"]"] {
            let payload = read(text);
            assert_eq!(payload.shape, Shape::Text, "{text}");
            assert!(payload.note.is_some_and(|note| note.contains("byte")), "{text}");
        }
    }

    #[test]
    fn caps_are_named() {
        let deep = "[".repeat(MAX_DEPTH + 1);
        let many = format!("[{}1]", "1,".repeat(MAX_NODES));
        let long = format!("[\"{}\"]", "x".repeat(MAX_BYTES));
        for (text, word) in [(deep, "levels"), (many, "values"), (long, "MB")] {
            let note = read(&text).note.expect("over a cap");
            assert!(note.contains(word), "{note}");
        }
    }

    #[test]
    fn a_form_is_decoded_pair_by_pair() {
        let body = Bytes::from_static(b"creq=a%2Bb+c&bad=%zz%ff&creq=2");
        let payload = Payload::read(&body, Some("application/x-www-form-urlencoded"));
        let Shape::Form(pairs) = &payload.shape else { panic!("a form") };
        let shown: Vec<_> = pairs.iter().map(|p| (p.key.as_str(), p.value.as_str(), p.repeated)).collect();
        assert_eq!(shown, [("creq", "a+b c", true), ("bad", "%zz\\xff", false), ("creq", "2", true)]);
        assert_eq!(payload.text(&pairs[1].raw), "bad=%zz%ff");
    }

    #[test]
    fn lines_are_cut_between_characters() {
        let text = "äöüßäöüßä\nb".as_bytes();
        let lines: Vec<_> = wrap(text, 8).into_iter().map(|r| lossless(&text[r]).into_owned()).collect();
        assert_eq!(lines, ["äöüßäöüß", "ä", "b"]);
        assert_eq!(hex_row(b"A\n\xff", 0, 8), ("41 0a ff".into(), "A··".into()));
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..400), json in any::<bool>()) {
            let body = Bytes::from(bytes);
            let payload = Payload::read(&body, Some(if json { "application/json" } else { "application/x-www-form-urlencoded" }));
            for at in 0..payload.rows().len() {
                payload.path(at);
                payload.value(&payload.rows()[at]);
            }
            let lines = wrap(&body, 20);
            // Nothing but line breaks may be missing between two lines, or after the last.
            let starts = lines.iter().skip(1).map(|line| line.start).chain([body.len()]);
            prop_assert_eq!(lines[0].start, 0);
            for (line, next) in lines.iter().zip(starts) {
                prop_assert!(matches!(&body[line.end..next], b"" | b"\n" | b"\r\n"));
                prop_assert!(!body[line.clone()].contains(&b'\n'));
            }
        }

        #[test]
        fn what_serde_reads_has_rows(value in json_value()) {
            for text in [value.to_string(), serde_json::to_string_pretty(&value).expect("JSON")] {
                let payload = read(&text);
                prop_assert!(matches!(payload.shape, Shape::Json(_)));
                prop_assert_eq!(payload.text(&payload.rows()[0].value), text);
            }
        }
    }

    fn json_value() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::{Value, json};
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(|n| json!(n)),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
