//! The messages of 3DS 1.0.2: XML, deflated and in base64 where a browser carries them.
//!
//! Hides the writing, the reading and the signature (XML-DSig, ECDSA with SHA-256, a
//! reference by id; one spelling, no canonicalisation of others). Promises: what it wrote
//! it reads; reading costs time and memory in step with the text, which has a limit; what a
//! signature covers is handed out as the text it covers. Knows nothing of sessions.
//! Source: emv-3ds.md 2.3, 5.4; trust.md R21.

use std::io::{Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::{DeflateDecoder, ZlibDecoder};
use flate2::write::ZlibEncoder;
use quick_xml::escape::escape;
use quick_xml::events::Event;
use sha2::{Digest, Sha256};

use super::keys::{Keys, decode_base64url};
use crate::model::scenario::{Fault, FaultKind};

/// Longest message, in bytes.
const LONGEST: u64 = 64 << 10;
/// Elements inside elements.
const DEEPEST: usize = 32;
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// An element: its name, and text or other elements.
pub(super) enum Element<'a> {
    Text(&'a str, String),
    Parent(&'a str, Vec<Element<'a>>),
}

impl Element<'_> {
    fn write(&self, out: &mut String) {
        match self {
            Self::Text(name, text) => out.push_str(&format!("<{name}>{}</{name}>", escape(text))),
            Self::Parent(name, inside) => {
                out.push_str(&format!("<{name}>"));
                inside.iter().for_each(|element| element.write(out));
                out.push_str(&format!("</{name}>"));
            }
        }
    }
}

/// A whole message: `ThreeDSecure/Message/{kind}`, signed if keys are given.
pub(super) fn message(id: &str, kind: &str, inside: &[Element], signer: Option<&Keys>) -> String {
    let name = format!("{kind} id=\"{kind}-{id}\"");
    let mut body = format!("<{}>", if signer.is_some() { name.as_str() } else { kind });
    body.push_str("<version>1.0.2</version>");
    inside.iter().for_each(|element| element.write(&mut body));
    body.push_str(&format!("</{kind}>"));
    let signature = signer.map(|keys| signature(&body, &format!("{kind}-{id}"), keys)).unwrap_or_default();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ThreeDSecure><Message id=\"{id}\">{body}{signature}</Message></ThreeDSecure>"
    )
}

fn signature(body: &str, id: &str, keys: &Keys) -> String {
    let digest = STANDARD.encode(Sha256::digest(body));
    let info = format!(
        "<CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"></CanonicalizationMethod>\
         <SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"></SignatureMethod>\
         <Reference URI=\"#{id}\"><DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></DigestMethod>\
         <DigestValue>{digest}</DigestValue></Reference></SignedInfo>"
    );
    let value = STANDARD.encode(keys.sign(canonical(&info).as_bytes()));
    let certificate = decode_base64url(&keys.ca_public).map(|der| STANDARD.encode(der)).unwrap_or_default();
    format!(
        "<Signature xmlns=\"{DSIG}\"><SignedInfo>{info}<SignatureValue>{value}</SignatureValue>\
         <KeyInfo><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></Signature>"
    )
}

/// The signed part as canonical XML sees it: with the namespace it inherits.
fn canonical(info: &str) -> String {
    format!("<SignedInfo xmlns=\"{DSIG}\">{info}")
}

/// The one element `kind` of a message, if our one signature in it covers it: only what is in
/// this text is signed, whatever else stands beside it.
pub(super) fn signed<'a>(xml: &'a str, kind: &str, keys: &Keys) -> Option<&'a str> {
    let body = only(xml, kind)?;
    let signature = only(xml, "Signature")?;
    let info = only(signature, "SignedInfo")?;
    let digest = decode_base64url(inside(only(info, "DigestValue")?))?;
    let value = decode_base64url(inside(only(signature, "SignatureValue")?))?;
    let covers = only(info, "Reference")?.strip_prefix("<Reference URI=\"#")?.split_once('"')?.0;
    let named = body.strip_prefix('<')?.strip_prefix(kind)?.strip_prefix(" id=\"")?.split_once('"')?.0;
    let genuine = covers == named
        && Sha256::digest(body)[..] == digest[..]
        && keys.verifies(canonical(info.strip_prefix("<SignedInfo>")?).as_bytes(), &value);
    genuine.then_some(body)
}

/// The text of the only element of a name, with its tags.
fn only<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let start = format!("<{name}");
    let named = |at: &usize| xml[at + start.len()..].starts_with(['>', '/', ' ', '\t', '\r', '\n']);
    let mut starts = xml.match_indices(&start).map(|(at, _)| at).filter(named);
    let (Some(at), None) = (starts.next(), starts.next()) else { return None };
    let end = format!("</{name}>");
    let length = xml[at..].find(&end)?;
    Some(&xml[at..at + length + end.len()])
}

/// What stands between the tags of an element.
fn inside(element: &str) -> &str {
    let start = element.find('>').map_or(0, |at| at + 1);
    let end = element.rfind('<').unwrap_or(element.len());
    element.get(start..end).unwrap_or_default()
}

/// A message after a fault: text that the fault's kind leaves alone comes back as it is.
pub(super) fn altered(xml: &str, fault: &Fault) -> String {
    let field = fault.field.as_deref().unwrap_or_default();
    match fault.kind {
        FaultKind::Truncate => xml.chars().take(xml.chars().count() / 2).collect(),
        FaultKind::RemoveField => replaced(xml, field, None),
        FaultKind::SetField => {
            let value = fault
                .value
                .as_ref()
                .map_or_else(String::new, |value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            replaced(xml, field, Some(&value))
        }
        FaultKind::WrongId => replaced(xml, "xid", Some("AAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
        _ => xml.to_owned(),
    }
}

/// The text with the last element of a name taken out, or with another text in it.
fn replaced(xml: &str, name: &str, text: Option<&str>) -> String {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let begins = xml.rfind(&start).max(xml.rfind(&format!("<{name} "))); // with attributes
    let found = begins.and_then(|at| Some((at, at + xml[at..].find(&end)? + end.len())));
    let Some((from, to)) = found else { return xml.to_owned() };
    let element = text.map_or_else(String::new, |text| format!("{start}{}{end}", escape(text)));
    format!("{}{element}{}", &xml[..from], &xml[to..])
}

/// Deflates a message for a form field.
pub(super) fn pack(xml: &str) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(xml.as_bytes()).and_then(|()| encoder.finish());
    STANDARD.encode(packed.expect("writing to memory cannot fail"))
}

/// A form field as XML: zlib, or raw deflate. `None` also if it is too long.
pub(super) fn unpack(field: &str) -> Option<String> {
    let bytes = decode_base64url(field)?;
    let read = |source: &mut dyn Read| {
        let mut text = String::new();
        let length = source.take(LONGEST).read_to_string(&mut text).ok()?;
        (length > 0 && length as u64 != LONGEST).then_some(text) // as long as what is taken: there may be more
    };
    read(&mut ZlibDecoder::new(&bytes[..])).or_else(|| read(&mut DeflateDecoder::new(&bytes[..])))
}

/// The texts and ids of a message's elements by their path (`ThreeDSecure/Message/PAReq`).
pub(super) struct Leaves(Vec<Leaf>);

/// An element as it was read.
struct Leaf {
    parent: Option<usize>,
    name: String,
    id: String,
    text: String,
}

impl Leaves {
    /// `None` unless it is well-formed, not too deep, and without document types, instructions
    /// and references: nothing that we write needs one.
    pub(super) fn read(xml: &str) -> Option<Self> {
        let mut reader = quick_xml::Reader::from_str(xml);
        let (mut path, mut leaves) = (Vec::<usize>::new(), Vec::<Leaf>::new());
        loop {
            let event = reader.read_event().ok()?;
            let open = path.last().and_then(|leaf| leaves.get_mut(*leaf)).map(|leaf| &mut leaf.text);
            match event {
                Event::Start(tag) if path.len() < DEEPEST => {
                    let name = String::from_utf8(tag.local_name().as_ref().to_vec()).ok()?;
                    // Unchecked, for looking for doubles takes the square of their number.
                    let mut attributes = tag.attributes();
                    let id = attributes.with_checks(false).flatten().find(|attribute| attribute.key.as_ref() == b"id");
                    let id = String::from_utf8(id.map(|id| id.value.into_owned()).unwrap_or_default()).ok()?;
                    leaves.push(Leaf { parent: path.last().copied(), name, id, text: String::new() });
                    path.push(leaves.len() - 1);
                }
                Event::End(_) => drop(path.pop()),
                Event::Text(text) => {
                    open.into_iter().for_each(|open| open.push_str(&text.decode().unwrap_or_default()))
                }
                Event::Start(_) | Event::DocType(_) | Event::PI(_) | Event::GeneralRef(_) => return None,
                Event::Eof => break,
                Event::Empty(_) | Event::CData(_) | Event::Comment(_) | Event::Decl(_) => (),
            }
        }
        (path.is_empty() && !leaves.is_empty()).then_some(Self(leaves))
    }

    /// The id of the element at a path; empty if there is none.
    pub(super) fn id(&self, path: &str) -> &str {
        self.at(path).map_or("", |leaf| &leaf.id)
    }

    /// The text of the element at a path; empty if there is none.
    pub(super) fn get(&self, path: &str) -> &str {
        self.at(path).map_or("", |leaf| &leaf.text)
    }

    fn at(&self, path: &str) -> Option<&Leaf> {
        self.0.iter().find(|leaf| {
            let mut place = Some(*leaf);
            let same = path.rsplit('/').all(|name| {
                let here = place;
                place = here.and_then(|leaf| self.0.get(leaf.parent?));
                here.is_some_and(|leaf| leaf.name == name)
            });
            same && place.is_none()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::keys::Random;

    #[test]
    fn the_documented_vector_inflates_and_ours_comes_back() {
        let vector =
            "eJyzsa/IzVEoSy0qzszPs1Uy1DNQsrezCckoSk11CU5NLi1KtbPxTS0uTkxPVchMsVUKMFSyswlwDEot1Lez0YfKAFkoOgCmtxvn";
        let xml = "<?xml version=\"1.0\"?><ThreeDSecure><Message id=\"P1\"><PAReq/></Message></ThreeDSecure>";
        assert_eq!(unpack(vector).as_deref(), Some(xml));
        assert_eq!(unpack(&pack(xml)).as_deref(), Some(xml));
        for broken in ["", "!", "AAAA", "eJyz"] {
            assert_eq!(unpack(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_changed_message_is_not_signed() {
        let keys = Keys::new(&Random::new(Some(1), "sandbox"));
        let inside = [Element::Parent("TX", vec![Element::Text("status", "Y".to_owned())])];
        let xml = message("P1", "PARes", &inside, Some(&keys));
        let body = signed(&xml, "PARes", &keys).unwrap_or_else(|| panic!("{xml}"));
        let leaves = Leaves::read(body).expect("well-formed");
        assert_eq!((leaves.id("PARes"), leaves.get("PARes/TX/status")), ("PARes-P1", "Y"));
        assert_eq!((leaves.get("TX/status"), leaves.get("x/PARes/TX/status")), ("", ""));
        assert_eq!(signed(&xml.replace("<status>Y", "<status>A"), "PARes", &keys), None);
        assert_eq!(signed(&xml.replace("#PARes-P1", "#PARes-P2"), "PARes", &keys), None);
        assert_eq!(signed(&message("P1", "PARes", &inside, None), "PARes", &keys), None);
        assert!(Leaves::read("<ThreeDSecure><Message id=\"x\">").is_none());
    }

    #[test]
    fn depth_and_length_end_where_they_say() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(Leaves::read(&nested(DEEPEST)).is_some() && Leaves::read(&nested(DEEPEST + 1)).is_none());
        let long = |length: u64| unpack(&pack(&"x".repeat(usize::try_from(length).expect("it fits"))));
        assert!(long(LONGEST - 1).is_some() && long(LONGEST).is_none());
    }
}
