//! What a body is, by what its sender calls it and by how it begins; XML set in.

use quick_xml::events::Event;
use quick_xml::{Reader, Writer};

use super::source::Source;

/// Bytes that are looked at to tell text from anything else.
const LOOK: u64 = 4096;
/// Largest XML that is set in, in bytes. Our choice.
pub const MAX_XML: usize = 8 << 20;

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Nothing in it.
    Empty,
    /// JSON, or what says that it is.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// XML or HTML.
    Xml,
    /// Text of any other kind.
    Text,
    /// Mostly not text.
    Binary,
}

/// What a body is, without reading more than its beginning.
pub fn shape(source: &Source, content_type: Option<&str>) -> Shape {
    let kind = content_type.unwrap_or_default().to_ascii_lowercase();
    // What cannot be read says so when it is drawn.
    let start = source.read(0..LOOK).unwrap_or_default();
    let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
    if source.size() == 0 {
        Shape::Empty
    } else if kind.contains("x-www-form-urlencoded") {
        Shape::Form
    } else if kind.contains("json") || !kind.contains("text/") && matches!(first, Some(b'{' | b'[')) {
        Shape::Json
    } else if is_binary(&start) {
        Shape::Binary
    } else if kind.contains("xml") || kind.contains("html") || first == Some(&b'<') {
        Shape::Xml
    } else {
        Shape::Text
    }
}

fn is_binary(start: &[u8]) -> bool {
    let odd = |byte: &&u8| (**byte < 0x20 && !matches!(**byte, b'\t' | b'\n' | b'\r')) || **byte == 0x7f;
    let valid: usize = start.utf8_chunks().map(|chunk| chunk.valid().len()).sum();
    let odd = start.iter().filter(odd).count() + (start.len() - valid);
    odd * 8 > start.len()
}

/// XML with each element on a line of its own.
///
/// # Errors
/// If it is no XML or too large, with the reason.
pub fn indented_xml(bytes: &[u8]) -> Result<Vec<u8>, String> {
    if bytes.len() > MAX_XML {
        return Err("it is larger than 8 MB".into());
    }
    let mut reader = Reader::from_reader(bytes);
    reader.config_mut().trim_text(true);
    let mut writer = Writer::new_with_indent(Vec::with_capacity(bytes.len() * 2), b' ', 2);
    let mut depth = 0_i32;
    loop {
        let event = reader.read_event().map_err(|error| format!("byte {}: {error}", reader.error_position()))?;
        match &event {
            Event::Eof if depth > 0 => return Err("it ends before all its elements do".into()),
            Event::Eof => return Ok(writer.into_inner()),
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => (),
        }
        writer.write_event(event).map_err(|error| error.to_string())?;
    }
}
