//! The messages of 3DS 1.0.2: XML, deflated and in base64 where a browser carries them.
//!
//! Hides the writing, the reading and the signature (XML-DSig, ECDSA with SHA-256, a
//! reference by id; one spelling, no canonicalisation of others). Promises: what it wrote
//! it reads; a received text is inflated up to a limit only. Knows nothing of sessions.
//! Source: emv-3ds.md 2.3, 5.4.

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

/// Longest message, in bytes.
const LONGEST: u64 = 64 << 10;
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

/// True if the message carries our signature of its one element `kind`.
pub(super) fn is_signed(xml: &str, kind: &str, keys: &Keys) -> bool {
    let body = xml.find(&format!("<{kind} id=")).and_then(|start| {
        let end = format!("</{kind}>");
        let length = xml[start..].find(&end)?;
        Some(&xml[start..start + length + end.len()])
    });
    let between = |start: &str, end: &str| xml.split_once(start)?.1.split_once(end).map(|(inside, _)| inside);
    let info = between("<SignedInfo>", "</SignedInfo>").map(|inside| format!("{inside}</SignedInfo>"));
    let value = between("<SignatureValue>", "</SignatureValue>").and_then(decode_base64url);
    let digest = between("<DigestValue>", "</DigestValue>").and_then(decode_base64url);
    match (body, info, value, digest) {
        (Some(body), Some(info), Some(value), Some(digest)) => {
            Sha256::digest(body)[..] == digest[..] && keys.verifies(canonical(&info).as_bytes(), &value)
        }
        _ => false,
    }
}

/// Deflates a message for a form field.
pub(super) fn pack(xml: &str) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(xml.as_bytes()).and_then(|()| encoder.finish());
    STANDARD.encode(packed.expect("writing to memory cannot fail"))
}

/// A form field as XML: zlib, or raw deflate.
pub(super) fn unpack(field: &str) -> Option<String> {
    let bytes = decode_base64url(field)?;
    let read = |source: &mut dyn Read| {
        let mut text = String::new();
        source.take(LONGEST).read_to_string(&mut text).ok().filter(|_| !text.is_empty())?;
        Some(text)
    };
    read(&mut ZlibDecoder::new(&bytes[..])).or_else(|| read(&mut DeflateDecoder::new(&bytes[..])))
}

/// The texts of a message by their path (`PAReq/Purchase/xid`); `Message/@id` is the id.
pub(super) struct Leaves(Vec<(String, String)>);

impl Leaves {
    /// `None` unless it is well-formed and a `ThreeDSecure/Message`.
    pub(super) fn read(xml: &str) -> Option<Self> {
        let mut reader = quick_xml::Reader::from_str(xml);
        let (mut path, mut leaves) = (Vec::<String>::new(), Vec::new());
        loop {
            match reader.read_event().ok()? {
                Event::Start(tag) => {
                    path.push(String::from_utf8(tag.local_name().as_ref().to_vec()).ok()?);
                    if path.len() == 2 {
                        let id = tag.try_get_attribute("id").ok()??;
                        leaves.push(("@id".to_owned(), String::from_utf8(id.value.into_owned()).ok()?));
                    }
                }
                Event::End(_) => drop(path.pop()),
                Event::Text(text) if path.len() > 2 => {
                    leaves.push((path[2..].join("/"), text.decode().ok()?.into_owned()));
                }
                Event::Eof => break,
                _ => (),
            }
        }
        (path.is_empty() && !leaves.is_empty()).then_some(Self(leaves))
    }

    /// The id of the message.
    pub(super) fn id(&self) -> &str {
        self.get("@id")
    }

    /// The text at a path; empty if there is none.
    pub(super) fn get(&self, path: &str) -> &str {
        self.0.iter().find(|(own, _)| own == path).map_or("", |(_, text)| text)
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
        assert!(is_signed(&xml, "PARes", &keys), "{xml}");
        assert_eq!(Leaves::read(&xml).map(|leaves| leaves.get("PARes/TX/status").to_owned()).as_deref(), Some("Y"));
        assert!(!is_signed(&xml.replace("<status>Y", "<status>A"), "PARes", &keys));
        assert!(!is_signed(&message("P1", "PARes", &inside, None), "PARes", &keys));
        assert!(Leaves::read("<ThreeDSecure><Message id=\"x\">").is_none());
    }
}
