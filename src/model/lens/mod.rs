//! The lens: reads what only this field encodes. A JWT, the forms of the browser hand-offs,
//! the deflated XML of 3-D Secure 1, signed and sealed objects, cryptograms, and the codes of
//! the protocol's members, each with what it says and what is wrong with it.
//!
//! Promises: any bytes are read without a panic; time and memory grow with the input, up to
//! the caps below; it goes eight levels deep and no further; nothing is called genuine
//! without a key that was given and an algorithm that goes with that key; what cannot be
//! decoded is shown as it came, with the reason. Pure.
//! Source: emv-3ds.md 1–5; RFC 7515–7519, 8725; trust.md R42–R45, 1.7.

mod cipher;
mod device;
mod document;
mod handoff;
mod jose;
mod message;
mod payer;
#[cfg(test)]
mod tests;
mod text;
mod value;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use url::form_urlencoded;

pub use cipher::Key;
pub(super) use payer::{members as payer_members, xml as payer_xml};
pub(super) use text::unpacked;
pub use value::{card_scheme, stamp, twenty_bytes};

use super::body::{Kind, Tree};
use super::exchange::{Headers, header};
use super::finding::Severity;
use super::meaning::{self, Doc, Member};
use super::payload;
use super::profile::TokenView;
use super::run::{self, Entry};
use super::trace::{Part, Spot};

/// How deep it looks into what it decoded. Source: trust.md T14.
pub const MAX_DEPTH: usize = 8;
/// Longest body that is looked into, in bytes. Source: trust.md R42.
pub const MAX_BYTES: usize = payload::MAX_BYTES;
/// Most things that are decoded in one body. Our choice.
const MOST: usize = 100;
/// Characters of a value that are kept for a row; the decoded bytes have all of it.
const LONGEST_VALUE: usize = 400;

/// What something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// A signed token with claims.
    Jwt,
    /// Anything else that is signed: the bank's data for the app.
    Jws,
    /// Something sealed.
    Jwe,
    /// A public key.
    Jwk,
    /// A challenge request, as the browser posts it.
    Creq,
    /// A challenge response, as the browser brings it.
    Cres,
    /// A protocol error, as the browser brings it.
    Erro,
    /// What the hidden frame of the 3DS Method carries.
    MethodData,
    /// What the shop wants back.
    SessionData,
    /// A request of 3-D Secure 1.
    PaReq,
    /// A result of 3-D Secure 1.
    PaRes,
    /// The proof for the authorisation.
    Cryptogram,
    /// The identifier of 3-D Secure 1.
    Xid,
    /// A certificate.
    Certificate,
    /// A message of the protocol, in the open.
    Message,
    /// A session of the API.
    Session,
    /// What the API sends to a session's callback URL.
    Callback,
    /// An event that the API tells the account's webhook.
    Webhook,
    /// An answer of the API that refuses.
    Refusal,
    /// A form with any of these.
    Form,
    /// The codes and identifiers of a document.
    Codes,
    /// What an app knows of its device.
    DeviceInfo,
    /// A page of the bank for an app.
    Page,
    /// Text in base64 or percent-coding.
    Wrapped,
    /// The access token of an answer.
    Token,
}

impl What {
    /// In one word, for a row of a body.
    pub fn word(self) -> &'static str {
        match self {
            Self::Jwt => "JWT",
            Self::Jws => "JWS",
            Self::Jwe => "JWE",
            Self::Jwk => "JWK",
            Self::Creq => "CReq",
            Self::Cres => "CRes",
            Self::Erro => "Erro",
            Self::MethodData => "Method data",
            Self::SessionData => "session data",
            Self::PaReq => "PaReq",
            Self::PaRes => "PaRes",
            Self::Cryptogram => "cryptogram",
            Self::Xid => "xid",
            Self::Certificate => "certificate",
            Self::Message => "message",
            Self::Session => "session",
            Self::Callback => "callback",
            Self::Webhook => "webhook",
            Self::Refusal => "refusal",
            Self::Form => "form",
            Self::Codes => "codes",
            Self::DeviceInfo => "device data",
            Self::Page => "page",
            Self::Wrapped => "base64",
            Self::Token => "token",
        }
    }

    /// True for what is only packed: its rows say nothing of what is in it.
    pub fn is_opaque(self) -> bool {
        matches!(self, Self::SessionData | Self::Wrapped | Self::Jwe)
    }

    /// The name people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jwt => "Access token (JWT)",
            Self::Jws => "Signed object (JWS)",
            Self::Jwe => "Sealed object (JWE)",
            Self::Jwk => "Public key (JWK)",
            Self::Creq => "Challenge request (CReq)",
            Self::Cres => "Challenge response (CRes)",
            Self::Erro => "Protocol error (Erro)",
            Self::MethodData => "3DS Method data",
            Self::SessionData => "Session data of the shop",
            Self::PaReq => "Request of 3-D Secure 1 (PaReq)",
            Self::PaRes => "Result of 3-D Secure 1 (PaRes)",
            Self::Cryptogram => "Cryptogram",
            Self::Xid => "Identifier of 3-D Secure 1 (xid)",
            Self::Certificate => "Certificate",
            Self::Message => "Message of the protocol",
            Self::Session => "Session",
            Self::Callback => "Callback of a session",
            Self::Webhook => "Event of a webhook",
            Self::Refusal => "Refusal of the API",
            Self::Form => "Form",
            Self::Codes => "Codes and identifiers",
            Self::DeviceInfo => "Device data of the app",
            Self::Page => "Page of the bank",
            Self::Wrapped => "Encoded text",
            Self::Token => "Token",
        }
    }
}

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// All of what was looked at.
    Whole,
    /// A member: `$.acs.url`, the name of a form's field, an element's path.
    Member(String),
    /// A header.
    Header(String),
}

/// Something that is so and should not be, or should be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// How much it matters.
    pub severity: Severity,
    /// What is so, and what would be right.
    pub text: String,
}

impl Mark {
    fn wrong(text: impl Into<String>) -> Self {
        Self { severity: Severity::Error, text: text.into() }
    }

    fn odd(text: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, text: text.into() }
    }

    fn known(text: impl Into<String>) -> Self {
        Self { severity: Severity::Advice, text: text.into() }
    }
}

/// One line of what was decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// `challengeWindowSize`.
    pub name: String,
    /// As sent, cut if it is long.
    pub value: String,
    /// What it says; may be empty.
    pub meaning: String,
    /// What is wrong with it.
    pub mark: Option<Mark>,
}

impl Row {
    fn new(name: &str, value: &str, meaning: impl Into<String>) -> Self {
        Self { name: name.into(), value: text::cut(value, LONGEST_VALUE), meaning: meaning.into(), mark: None }
    }

    fn marked(self, mark: Option<Mark>) -> Self {
        Self { mark, ..self }
    }
}

/// Something that was decoded, or why it could not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// What it is.
    pub what: What,
    /// The side of the row where it was found.
    pub part: Part,
    /// Where in it.
    pub place: Place,
    /// Its members, line by line.
    pub rows: Vec<Row>,
    /// What there is to say about all of it, the heaviest first.
    pub marks: Vec<Mark>,
    /// What came out, for the body viewer; `None` where there is nothing more than the rows.
    pub bytes: Option<Bytes>,
    /// What [`Decoded::bytes`] is: `application/json`.
    pub content_type: &'static str,
    /// What was found inside.
    pub inner: Vec<Decoded>,
}

impl Decoded {
    fn new(what: What, found: &Found<'_>) -> Self {
        Self {
            what,
            part: found.context.part,
            place: found.place.clone(),
            rows: Vec::new(),
            marks: Vec::new(),
            bytes: None,
            content_type: "application/json",
            inner: Vec::new(),
        }
    }

    /// What could not be decoded, and why.
    fn refused(what: What, found: &Found<'_>, marks: Vec<Mark>) -> Self {
        Self { marks, ..Self::new(what, found) }
    }

    /// The heaviest of all marks, inner ones included.
    pub fn severity(&self) -> Option<Severity> {
        let rows = self.rows.iter().filter_map(|row| row.mark.as_ref());
        let own = rows.chain(&self.marks).map(|mark| mark.severity);
        own.chain(self.inner.iter().filter_map(Self::severity)).min()
    }

    fn sorted(mut self) -> Self {
        self.marks.sort_by_key(|mark| mark.severity);
        self.marks.dedup();
        self
    }
}

/// What is known beside the bytes.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The side of the row.
    pub part: Part,
    /// What kind of document it is, if that is known.
    pub doc: Option<Doc>,
    /// What its sender called it.
    pub content_type: Option<&'a str>,
    /// The scheme's word; empty if nobody knows.
    pub scheme: &'a str,
    /// When it was recorded: what a token's times are measured by.
    pub recorded: Option<Timestamp>,
    /// True if that is the present moment, because nobody knows the other.
    pub is_now: bool,
    /// The token, where the record has only its mask.
    pub token: Option<&'a TokenView>,
    /// Keys that somebody gave.
    pub keys: &'a [Key],
}

impl Context<'_> {
    /// Nothing is known.
    pub const NOTHING: Context<'static> = Context {
        part: Part::Request,
        doc: None,
        content_type: None,
        scheme: "",
        recorded: None,
        is_now: false,
        token: None,
        keys: &[],
    };
}

/// A value that is to be decoded: where it was found, and how deep.
#[derive(Clone)]
struct Found<'a> {
    context: &'a Context<'a>,
    place: Place,
    depth: usize,
}

impl Found<'_> {
    /// The same, one level down.
    fn inside(&self, place: Place) -> Self {
        Self { context: self.context, place, depth: self.depth + 1 }
    }
}

/// What a value seems to be, for the sign in its row. Looks at the name and at the first
/// bytes only, and takes no memory.
pub fn peek(name: &str, value: &str) -> Option<&'static str> {
    recognised(name, value).map(What::word)
}

/// Bytes of a value at which shape is looked at: longer tokens are not decoded anyhow.
const LOOKED_AT: usize = 32 << 10;

fn recognised(name: &str, value: &str) -> Option<What> {
    if value.is_empty() {
        return None;
    }
    let by_name = match name {
        "creq" | "challenge_request" => What::Creq,
        "cres" => What::Cres,
        "erro" => What::Erro,
        "threeDSMethodData" => What::MethodData,
        "threeDSSessionData" => What::SessionData,
        "PaReq" | "pareq" => What::PaReq,
        "PaRes" | "pares" => What::PaRes,
        "cryptogram" | "authenticationValue" | "cavv" => What::Cryptogram,
        "xid" if value.len() < 36 => What::Xid,
        "acsSignedContent" | "signed_content" => What::Jws,
        "sdkEncData" | "sdk_encrypted_data" => What::Jwe,
        "ds_public" => What::Jwk,
        "ca_public" | "X509Certificate" => What::Certificate,
        "access_token" => What::Token,
        "deviceInfo" => What::DeviceInfo,
        "acsHTML" | "acsHTMLRefresh" => What::Page,
        _ => return shaped(value),
    };
    Some(by_name)
}

/// `eyJ` is how base64 of `{"` begins.
fn shaped(value: &str) -> Option<What> {
    if !value.starts_with("eyJ") || value.len() < 12 {
        return None;
    }
    let bytes = &value.as_bytes()[..value.len().min(LOOKED_AT)];
    match memchr::memchr_iter(b'.', bytes).take(5).count() {
        0 => Some(What::Wrapped),
        2 => Some(What::Jwt),
        4 => Some(What::Jwe),
        _ => None,
    }
}

/// Decodes one value.
fn decoded(what: What, value: &str, found: &Found<'_>) -> Decoded {
    if text::is_masked(value) && !(what == What::Token && found.context.token.is_some()) {
        let mark = Mark::known("Masked when it was recorded: there is nothing to decode");
        return Decoded::refused(what, found, vec![mark]);
    }
    if found.depth >= MAX_DEPTH {
        let mark = Mark::odd(format!("Nested deeper than {MAX_DEPTH} levels: shown as it came"));
        return Decoded {
            bytes: Some(value.to_owned().into()),
            content_type: "text/plain",
            ..Decoded::refused(what, found, vec![mark])
        };
    }
    let decoded = match what {
        What::Jwt | What::Jws => jose::signed(what, value, found),
        What::Jwe => jose::sealed(value, found),
        What::Jwk => jose::public_key(value, found),
        What::Creq | What::Cres | What::Erro | What::MethodData => handoff::decoded(what, value, found),
        What::SessionData | What::Wrapped => handoff::wrapped(what, value, found),
        What::DeviceInfo => device::info(value, found),
        What::Page => handoff::page(value, found),
        What::PaReq | What::PaRes => payer::decoded(what, value, found),
        What::Cryptogram | What::Xid => value::twenty(what, value, found),
        What::Certificate => jose::certificate(value, found),
        What::Token => jose::token(value, found),
        What::Message | What::Session | What::Callback | What::Webhook | What::Refusal | What::Codes | What::Form => {
            document::read(value.as_bytes(), found)
        }
    };
    decoded.sorted()
}

/// All that can be read in a body.
pub fn look(bytes: &[u8], context: &Context<'_>) -> Vec<Decoded> {
    look_into(bytes, &Found { context, place: Place::Whole, depth: 0 })
}

/// All that can be read in header lines: tokens.
pub fn look_at_headers(headers: &Headers, context: &Context<'_>) -> Vec<Decoded> {
    let named = headers.iter().filter_map(|(name, value)| {
        let token = value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer ")).unwrap_or(value);
        let own = name.eq_ignore_ascii_case("authorization") && context.token.is_some() && token != value;
        let what = if own && text::is_masked(token) { Some(What::Token) } else { shaped(token) };
        Some((what?, name, token))
    });
    let found = |name: &str| Found { context, place: Place::Header(name.to_owned()), depth: 0 };
    named.take(MOST).map(|(what, name, token)| decoded(what, token, &found(name))).collect()
}

/// All that can be read in a row: bodies and headers of both sides. `token` is the profile's,
/// of which records keep the mask only; `scheme` the run's, empty if nobody knows.
pub fn look_at_entry(entry: &Entry, scheme: &str, token: Option<&TokenView>, keys: &[Key]) -> Vec<Decoded> {
    let context = |part, content_type| Context {
        part,
        doc: Doc::of(&entry.what, part),
        content_type,
        scheme,
        recorded: Some(entry.at.wall),
        is_now: false,
        token,
        keys,
    };
    match &entry.what {
        run::What::Exchange(exchange) => {
            let sent = context(Part::Request, header(&exchange.request.headers, "content-type"));
            let mut all = look_at_headers(&exchange.request.headers, &sent);
            all.extend(look(&exchange.request.body, &sent));
            if let Some(answer) = exchange.response() {
                let came = context(Part::Response, header(&answer.headers, "content-type"));
                all.extend(look_at_headers(&answer.headers, &came));
                all.extend(look(&answer.body, &came));
            }
            all
        }
        run::What::Delivery(delivery) => {
            let came = context(Part::Request, header(&delivery.headers, "content-type"));
            let mut all = look_at_headers(&delivery.headers, &Context { token: None, ..came });
            all.extend(look(&delivery.body, &came));
            all
        }
        run::What::Scheme(message) => look(&message.body, &context(Part::Request, None)),
        _ => Vec::new(),
    }
}

/// Where a link to something decoded leads.
pub fn spot(entry: usize, decoded: &Decoded) -> Spot {
    let path = match &decoded.place {
        Place::Member(path) => Some(path.clone()),
        Place::Whole | Place::Header(_) => None,
    };
    Spot { entry, part: decoded.part, path }
}

fn look_into(bytes: &[u8], found: &Found<'_>) -> Vec<Decoded> {
    if bytes.is_empty() {
        return Vec::new();
    }
    if bytes.len() > MAX_BYTES {
        let mark = Mark::known(format!("More than {}: not looked into", payload::size(MAX_BYTES as u64)));
        return vec![Decoded::refused(What::Codes, found, vec![mark])];
    }
    let form = found.context.content_type.is_some_and(|kind| kind.contains("x-www-form-urlencoded"));
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') if !form && found.depth > 0 && has_device_data(bytes) => {
            let json = payload::tree(bytes).filter(device::is);
            match json {
                Some(Value::Object(json)) => vec![device::data(&json, found).sorted()],
                _ => members(bytes, found),
            }
        }
        Some(b'{' | b'[') if !form => members(bytes, found),
        // A page for people: no XML, and nothing of the protocol's own is in it as text.
        Some(b'<') if !form && is_page(bytes) => Vec::new(),
        Some(b'<') if !form => vec![payer::document(bytes, found).sorted()],
        _ if form || is_form(bytes) => fields(bytes, found),
        _ => std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| Some(decoded(shaped(text)?, text, found)))
            .into_iter()
            .collect(),
    }
}

/// Looked for before anything is read: most documents are none.
fn has_device_data(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"\"DV\"").is_some()
}

/// An HTML page, by how it begins.
fn is_page(bytes: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 2] = [b"<!doctype html", b"<html"];
    let text = bytes.trim_ascii_start();
    BEGINNINGS.iter().any(|one| text.get(..one.len()).is_some_and(|head| head.eq_ignore_ascii_case(one)))
}

/// A form whatever it is called: one of our fields stands first or after a `&`.
fn is_form(bytes: &[u8]) -> bool {
    const FIELDS: [&[u8]; 6] = [b"creq=", b"cres=", b"threeDSMethodData=", b"PaReq=", b"PaRes=", b"erro="];
    bytes.split(|byte| *byte == b'&').take(MOST).any(|pair| FIELDS.iter().any(|name| pair.starts_with(name)))
}

fn fields(bytes: &[u8], found: &Found<'_>) -> Vec<Decoded> {
    let mut all = Vec::new();
    let mut rows = Vec::new();
    for (name, value) in form_urlencoded::parse(bytes).take(MOST) {
        match recognised(&name, &value) {
            Some(what) => {
                let place = Found { place: Place::Member(name.clone().into_owned()), ..found.clone() };
                let mut one = decoded(what, &value, &place);
                if handoff::bare_plus(bytes, &name) {
                    one.marks.insert(0, Mark::wrong("Posted with a bare +, which a form reads as a blank: write %2B"));
                }
                all.push(one);
            }
            None => rows.extend(row(&name, &name, &value, true, found, &|_| None)),
        }
    }
    let absent = ["PaReq", "PaRes"].iter().any(|name| all.iter().any(|one| one.place == Place::Member((*name).into())));
    if absent && !form_urlencoded::parse(bytes).any(|(name, _)| name == "MD") {
        rows.push(Row::new("MD", "", "").marked(Some(Mark::odd("MD is missing; it must be there even if empty"))));
    }
    if !rows.is_empty() {
        all.push(Decoded { rows, ..Decoded::new(What::Codes, found) });
    }
    all
}

/// What stands in the members of a JSON document.
fn members(bytes: &[u8], found: &Found<'_>) -> Vec<Decoded> {
    let tree = Tree::read(&Bytes::copy_from_slice(bytes));
    let mut all = Vec::new();
    let mut rows = Vec::new();
    let nodes = if tree.index.whole() { tree.index.len() as u32 } else { 0 };
    for node in 0..nodes {
        if tree.index.holds(node) || all.len() >= MOST || rows.len() >= MOST {
            continue;
        }
        let name = tree.key(node).unwrap_or_default();
        let value = tree.value(node);
        let text = tree.index.kind(node) == Kind::Text;
        let what = if text { recognised(&name, &value) } else { None };
        match what {
            Some(what) => {
                let place = Place::Member(tree.path(node));
                let mut one = decoded(what, &value, &Found { place, ..found.clone() });
                if what == What::Cryptogram {
                    value::maker(&mut one, &tree);
                }
                all.push(one);
            }
            None => {
                let path = tree.path(node);
                let neighbour = |name: &str| meaning::neighbour(&tree, node, name);
                let row = row(&plain(&path), &path, &value, text, found, &neighbour);
                // In a document of an unknown kind the same name may be somebody else's.
                let own = |row: &Row| found.context.doc.is_some() || row.mark.is_none();
                rows.extend(row.filter(own));
            }
        }
    }
    if !rows.is_empty() {
        all.push(Decoded { rows, ..Decoded::new(What::Codes, found) });
    }
    all
}

/// `$['3ds'].list[2]` as `3ds.list[2]`.
fn plain(path: &str) -> String {
    let path = path.replace("['", ".").replace("']", "");
    path.trim_start_matches('$').trim_start_matches('.').to_owned()
}

/// The row of a member whose value says something; `None` where it speaks for itself.
fn row(
    name: &str,
    path: &str,
    value: &str,
    text: bool,
    found: &Found<'_>,
    neighbour: &dyn Fn(&str) -> Option<String>,
) -> Option<Row> {
    let doc = found.context.doc.unwrap_or(Doc::Emv);
    let entry = meaning::entry(doc, path).or_else(|| meaning::entry(Doc::Emv, path))?;
    let kind = entry.kind_at(path)?;
    let own = neighbour("scheme").unwrap_or_else(|| found.context.scheme.to_owned());
    let currency = neighbour("currency").or_else(|| neighbour("purchaseCurrency")).unwrap_or_default();
    let words = meaning::value_words(kind, value, &own, &currency).or_else(|| value::words(kind, value));
    let member = Member { doc, path, value, text, scheme: &own, currency: &currency };
    let request = matches!(doc, Doc::Request(_));
    let fault = meaning::fault(kind, &member).filter(|_| !request);
    if words.is_none() && fault.is_none() {
        return None;
    }
    let meaning = words.map(std::borrow::Cow::into_owned).unwrap_or_default();
    Some(Row::new(name, value, meaning).marked(fault.map(Mark::wrong)))
}

/// Reads what somebody pasted or keeps in a file: a token, creq, cres, PaReq, PaRes, method
/// data, a form of a browser, a session or a message as JSON, XML of 3-D Secure 1. `None` if
/// it is none of these.
pub fn read(text: &str, context: &Context<'_>) -> Option<Decoded> {
    read_at(text, &Found { context, place: Place::Whole, depth: 0 })
}

fn read_at(text: &str, found: &Found<'_>) -> Option<Decoded> {
    let text = text.trim();
    let text = text.strip_prefix("Authorization:").map_or(text, str::trim);
    let text = text.strip_prefix("Bearer ").map_or(text, str::trim);
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if bare.is_empty() || bare.len() > MAX_BYTES || found.depth > MAX_DEPTH {
        return None;
    }
    if let Some(what @ (What::Jwt | What::Jwe)) = shaped(bare) {
        return Some(decoded(what, bare, found));
    }
    match bare.as_bytes()[0] {
        b'{' | b'[' => payload::tree(bare.as_bytes()).map(|_| document::read(bare.as_bytes(), found).sorted()),
        b'<' => Some(payer::document(bare.as_bytes(), found).sorted()),
        _ if is_form(bare.as_bytes()) => {
            let inner = fields(bare.as_bytes(), &found.inside(Place::Whole));
            Some(Decoded { inner, ..Decoded::new(What::Form, found) })
        }
        _ => handoff::unwrapped(bare, found),
    }
}
