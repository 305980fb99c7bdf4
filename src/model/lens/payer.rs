//! 3-D Secure 1: base64 of deflated XML. Output is capped against bombs, document types are
//! refused, nesting has an end. Source: emv-3ds.md 2.3; trust.md R21, 1.7.

use std::io::Read as _;

use flate2::read::{DeflateDecoder, ZlibDecoder};
use quick_xml::events::Event;

use super::text::{Due, base64};
use super::{Decoded, Found, Mark, Row, What};
use crate::model::meaning::{self, Doc, Member};
use crate::model::payload;

/// Largest message, inflated, in bytes. Source: trust.md 1.7.
const LARGEST: usize = 256 << 10;
/// Elements inside elements.
const DEEPEST: usize = 64;
/// Elements whose text is shown.
const MOST: usize = 200;

/// How the bytes were deflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deflated {
    /// RFC 1950, as the protocol has it.
    Zlib,
    /// RFC 1951, as some write it.
    Raw,
}

/// The bytes that were deflated. An error is the reason why there are none.
fn inflated(bytes: &[u8]) -> Result<(Vec<u8>, Deflated), String> {
    let read = |source: &mut dyn std::io::Read| {
        let mut out = Vec::new();
        source.take(LARGEST as u64 + 1).read_to_end(&mut out).ok().map(|_| out).filter(|out| !out.is_empty())
    };
    let zlib = read(&mut ZlibDecoder::new(bytes)).map(|out| (out, Deflated::Zlib));
    let found = zlib.or_else(|| read(&mut DeflateDecoder::new(bytes)).map(|out| (out, Deflated::Raw)));
    match found {
        None => {
            Err("Not deflated: neither zlib (RFC 1950) nor raw (RFC 1951) could be inflated; it was cut or damaged"
                .into())
        }
        Some((out, _)) if out.len() > LARGEST => {
            Err(format!("Inflates to more than {}: not read on", payload::size(LARGEST as u64)))
        }
        Some(found) => Ok(found),
    }
}

/// The XML of a PaReq or PaRes as a form carries it: base64 in either alphabet, deflated in
/// either way. `None` if it is no such message.
pub(in crate::model) fn xml(text: &str) -> Option<String> {
    if text.len() > super::MAX_BYTES {
        return None;
    }
    let bytes = base64(text, Due::Any).0.ok().filter(|bytes| is_deflated(bytes))?;
    String::from_utf8(inflated(&bytes).ok()?.0).ok()
}

/// The path and the text of each element of such a message that has text. What follows
/// the first thing that is not plain XML is left out.
pub(in crate::model) fn members(xml: &str) -> Vec<(String, String)> {
    let mut elements = Elements::default();
    let _ = elements.read(xml); // what was read until then stays
    elements.leaves
}

/// True for deflated markup.
pub(super) fn is_deflated(bytes: &[u8]) -> bool {
    let mut first = [0; 1];
    let zlib = bytes.first() == Some(&0x78) && ZlibDecoder::new(bytes).read_exact(&mut first).is_ok();
    let mut raw = || DeflateDecoder::new(bytes).read_exact(&mut first).is_ok();
    (zlib || raw()) && first == *b"<"
}

pub(super) fn decoded(what: What, text: &str, found: &Found<'_>) -> Decoded {
    if text.len() > super::MAX_BYTES {
        let mark = Mark::wrong(format!("More than {}: not decoded", payload::size(super::MAX_BYTES as u64)));
        return Decoded::refused(what, found, vec![mark]);
    }
    let (bytes, mut marks) = base64(text, Due::Standard);
    let out = bytes.and_then(|bytes| inflated(&bytes));
    let (xml, deflated) = match out {
        Ok(found) => found,
        Err(why) => {
            marks.push(Mark::wrong(why));
            let raw = Some(text.to_owned().into());
            return Decoded { bytes: raw, content_type: "text/plain", ..Decoded::refused(what, found, marks) };
        }
    };
    if deflated == Deflated::Raw {
        marks.push(Mark::odd("Deflated without zlib's head (RFC 1951): some banks refuse it. RFC 1950 is due"));
    }
    let mut one = document(&xml, found);
    if one.what == What::Codes {
        one.what = what;
    } else if found.place != super::Place::Whole && one.what != what {
        marks.push(Mark::wrong(format!("It is a {}, where a {} is due", one.what.word(), what.word())));
    }
    one.marks.extend(marks);
    one
}

/// XML of 3-D Secure 1 in the open.
pub(super) fn document(xml: &[u8], found: &Found<'_>) -> Decoded {
    let mut one = Decoded::new(What::Codes, found);
    one.bytes = Some(bytes::Bytes::copy_from_slice(xml));
    one.content_type = "application/xml";
    let Ok(text) = std::str::from_utf8(xml) else {
        one.marks.push(Mark::wrong("Not UTF-8: shown as it came"));
        return one;
    };
    let mut elements = Elements::default();
    if let Err(why) = elements.read(text) {
        one.marks.push(Mark::wrong(why));
    }
    for (path, value) in &elements.leaves {
        one.rows.push(row(path, value, found));
    }
    let has = |name: &str| elements.names.iter().any(|own| own == name);
    one.what = if has("PARes") {
        What::PaRes
    } else if has("PAReq") {
        What::PaReq
    } else {
        What::Codes
    };
    if one.what == What::PaRes {
        one.marks.push(match has("Signature") {
            true => Mark::known("Signature not verified: only the 3DS Server holds what that takes"),
            false => Mark::wrong("No Signature: a PARes without one proves nothing, and the API refuses it"),
        });
    }
    one
}

fn row(path: &str, value: &str, found: &Found<'_>) -> Row {
    let short = path.strip_prefix("ThreeDSecure/Message/").unwrap_or(path);
    let Some(entry) = meaning::entry(Doc::Legacy, path) else { return Row::new(short, value, "") };
    let scheme = found.context.scheme;
    let member = Member { doc: Doc::Legacy, path, value, text: true, scheme, currency: "" };
    let words = meaning::value_words(entry.kind, value, scheme, "").or_else(|| super::value::words(entry.kind, value));
    let words = words.map_or_else(|| entry.hint.to_owned(), std::borrow::Cow::into_owned);
    // Without the scheme nobody knows which ECIs there are.
    let fault = meaning::fault(entry.kind, &member).filter(|_| entry.kind != meaning::Kind::Eci || !scheme.is_empty());
    Row::new(short, value, words).marked(fault.map(Mark::wrong))
}

/// The elements of a document: all names, and the paths of those with text.
#[derive(Default)]
struct Elements {
    names: Vec<String>,
    leaves: Vec<(String, String)>,
}

impl Elements {
    /// Stops at the first thing that is not plain XML; what was read until then stays.
    fn read(&mut self, xml: &str) -> Result<(), String> {
        let mut reader = quick_xml::Reader::from_str(xml);
        let (mut path, mut text) = (Vec::<String>::new(), String::new());
        loop {
            let event = reader.read_event().map_err(|error| format!("Not well-formed: {error}"))?;
            match event {
                Event::Start(tag) => {
                    if path.len() >= DEEPEST {
                        return Err(format!("Elements nested deeper than {DEEPEST}: not read on"));
                    }
                    let name = String::from_utf8_lossy(tag.local_name().as_ref()).into_owned();
                    if self.names.len() < MOST {
                        self.names.push(name.clone());
                    }
                    path.push(name);
                    text.clear();
                }
                Event::Text(part) if text.len() < LARGEST => text.push_str(&part.decode().unwrap_or_default()),
                Event::GeneralRef(name) => text.push_str(&entity(&name.decode().unwrap_or_default())?),
                Event::End(_) => {
                    if !text.trim().is_empty() && self.leaves.len() < MOST {
                        self.leaves.push((path.join("/"), text.trim().to_owned()));
                    }
                    text.clear();
                    path.pop();
                }
                Event::Empty(tag) if self.names.len() < MOST => {
                    self.names.push(String::from_utf8_lossy(tag.local_name().as_ref()).into_owned());
                }
                Event::DocType(_) => {
                    return Err("It has a document type: refused, for entities are a way to harm the reader".into());
                }
                Event::Eof if path.is_empty() => return Ok(()),
                Event::Eof => return Err("It ends inside an element: it was cut".into()),
                _ => (),
            }
        }
    }
}

/// The five entities that need no document type.
fn entity(name: &str) -> Result<String, String> {
    let known = match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ if name.starts_with('#') => return Ok(format!("&{name};")),
        _ => return Err(format!("It names the entity {}, which nobody declared: refused", name.escape_debug())),
    };
    Ok(known.into())
}
