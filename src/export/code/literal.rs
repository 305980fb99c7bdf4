//! Text as a string literal, one escaper for each language. Whatever the text is, the
//! literal ends where it is meant to end, nothing in it is replaced when the program runs,
//! and its value is the text. What an editor would not show is written as an escape.

use std::fmt::Write as _;

use super::sent::Part;

/// Lines up to which a text is written line by line; compilers recurse over the joints.
const MOST_LINES: usize = 300;
/// Characters in one literal where a compiler has a limit. Java's is 65,535 bytes of
/// modified UTF-8 (JVM specification 4.4.7), six for a character outside the BMP.
const MOST_CHARACTERS: usize = 8_000;

/// How a language writes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `'…'`, joined with `+`.
    JavaScript,
    /// `'…'`, joined by standing side by side within parentheses.
    Python,
    /// `"…"`, joined with `.`.
    Php,
    /// `"…"`, joined with `+`; ASCII only, because a compiler may read the file in any coding.
    Java,
    /// `"…"`, joined with `+`.
    CSharp,
    /// `"…"` or `` `…` ``.
    Go,
    /// `"…"` or `r"…"`.
    Rust,
}

impl Style {
    /// One literal.
    pub fn text(self, text: &str) -> String {
        let quote = if matches!(self, Self::JavaScript | Self::Python) { '\'' } else { '"' };
        let mut literal = String::with_capacity(text.len() + 2);
        literal.push(quote);
        text.chars().for_each(|c| self.push(&mut literal, quote, c));
        literal.push(quote);
        literal
    }

    fn push(self, literal: &mut String, quote: char, c: char) {
        match c {
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            '$' if self == Self::Php => literal.push_str("\\$"),
            c if c == quote => literal.extend(['\\', c]),
            c if c.is_ascii() && !c.is_ascii_control() => literal.push(c),
            c if shows(c) && self != Self::Java => literal.push(c),
            c => self.push_code(literal, c),
        }
    }

    fn push_code(self, literal: &mut String, c: char) {
        let code = u32::from(c);
        let written = match self {
            Self::Rust | Self::Php => write!(literal, "\\u{{{code:x}}}"),
            Self::Python if code < 0x100 => write!(literal, "\\x{code:02x}"),
            // A code below U+0080 as \u would end the literal before the compiler looks.
            Self::Java if code < 0x80 => write!(literal, "\\{code:03o}"),
            Self::Java | Self::JavaScript => {
                c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(literal, "\\u{unit:04x}"))
            }
            Self::Python | Self::Go | Self::CSharp if code > 0xffff => write!(literal, "\\U{code:08x}"),
            Self::Python | Self::Go | Self::CSharp => write!(literal, "\\u{code:04x}"),
        };
        written.expect("a string takes all that is written to it");
    }

    /// A literal of bytes, where the language has one: Rust behind a `b`, Go.
    pub fn bytes(self, bytes: &[u8]) -> String {
        let mut literal = String::from('"');
        for byte in bytes {
            match byte {
                b'"' | b'\\' => literal.extend(['\\', char::from(*byte)]),
                b' '..=b'~' => literal.push(char::from(*byte)),
                byte => write!(literal, "\\x{byte:02x}").expect("a string takes all that is written to it"),
            }
        }
        literal + "\""
    }

    /// An expression of one line.
    pub fn line(self, parts: &[Part<'_>], variable: impl Fn(&str) -> String) -> String {
        let piece = |part: &Part<'_>| match part {
            Part::Text(text) => self.text(text),
            Part::Variable(name) => variable(name),
        };
        match parts {
            [] => self.text(""),
            _ => parts.iter().map(piece).collect::<Vec<_>>().join(self.joint()),
        }
    }

    fn joint(self) -> &'static str {
        match self {
            Self::Php => " . ",
            _ => " + ",
        }
    }

    /// An expression that may go over lines, which begin with `indent`.
    pub fn lines(self, parts: &[Part<'_>], indent: &str, variable: impl Fn(&str) -> String) -> String {
        let [Part::Text(text)] = parts else { return self.line(parts, variable) };
        match self {
            Self::Rust | Self::Go => self.raw(text).unwrap_or_else(|| self.text(text)),
            Self::Java if text.len() > MOST_CHARACTERS => java_pieces(text),
            _ if !(2..=MOST_LINES).contains(&text.split_inclusive('\n').count()) => self.text(text),
            Self::Python => {
                let lines = text.split_inclusive('\n').map(|line| format!("{indent}    {}", self.text(line)));
                format!("(\n{}\n{indent})", lines.collect::<Vec<_>>().join("\n"))
            }
            _ => {
                let lines = text.split_inclusive('\n').map(|line| self.text(line));
                lines.collect::<Vec<_>>().join(&format!("\n{indent}    {}", self.joint().trim_start()))
            }
        }
    }

    /// As it stands, if it has lines or quotes and the language has a way.
    fn raw(self, text: &str) -> Option<String> {
        let keeps = |c: char| c == '\n' || shows(c) || (c.is_ascii() && !c.is_ascii_control());
        if !text.contains(['\n', '"']) || !text.chars().all(keeps) {
            return None;
        }
        match self {
            Self::Go => (!text.contains('`')).then(|| format!("`{text}`")),
            _ => {
                let longest = text.split('"').skip(1).map(|rest| rest.chars().take_while(|c| *c == '#').count()).max();
                let hashes = "#".repeat(longest.map_or(0, |longest| longest + 1));
                Some(format!("r{hashes}\"{text}\"{hashes}"))
            }
        }
    }
}

/// A text of any length.
fn java_pieces(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let pieces = characters.chunks(MOST_CHARACTERS).map(|piece| Style::Java.text(&String::from_iter(piece)));
    format!("String.join(\"\", {})", pieces.collect::<Vec<_>>().join(", "))
}

/// Letters and digits of any script, but for the letters that are blank.
fn shows(c: char) -> bool {
    c.is_alphanumeric() && !matches!(c, '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}')
}
