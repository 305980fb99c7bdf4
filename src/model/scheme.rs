//! The messages that a merchant never sees: what 3DS Server, directory server and
//! issuer say to one another, and what the issuer sends to the shopper's phone.
//! The embedded sandbox can show them; a real scheme never does.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::{Lane, SessionId, Stamp};

/// Kind of the message in which the 3DS Method page tells its bank of the browser: JSON with
/// `threeDSServerTransID` and `facts`. A shop never sees it. Source: emv-3ds.md 2.1.
pub const METHOD_DATA: &str = "Method data";

/// Kind of the row that tells of an app's device data which the directory server could not
/// open: JSON with `sdkEncData` and `why`. Source: emv-3ds.md 4.2.
pub const DEVICE_DATA: &str = "Device data";

/// One hidden message of the scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemeMessage {
    /// The session it belongs to.
    pub session: SessionId,
    /// The wire's own name: `AReq`, `ARes`, `CReq`, `CRes`, `RReq`, `RRes`, `Erro`, `PReq`,
    /// `PRes`; in 3DS1 `VEReq`, `VERes`, `PAReq`, `PARes`; [`METHOD_DATA`]; [`DEVICE_DATA`]; `Fault` where something was done to a
    /// message on its way.
    pub kind: &'static str,
    /// Who sent it.
    pub from: Lane,
    /// Who got it.
    pub to: Lane,
    /// When it was sent.
    pub at: Stamp,
    /// How long it took to arrive and be answered.
    pub took: Duration,
    /// What matters in it, in a few words: `transStatus C`.
    pub gist: String,
    /// The message itself: JSON, in 3DS1 XML.
    pub body: Bytes,
}

impl SchemeMessage {
    /// Headers of the HTTP request or answer that carried it, between servers, from 2.3.1 on:
    /// who asks and who answers names the transaction by its own id. Source: emv-3ds.md 1.8;
    /// whose id it is, is our reading.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let name = match self.kind {
            "PReq" | "AReq" | "RReq" => "X-Request-ID",
            "PRes" | "ARes" | "RRes" => "X-Response-ID",
            _ => return Vec::new(),
        };
        let id = match self.from {
            Lane::Sessions => "threeDSServerTransID",
            Lane::Directory => "dsTransID",
            Lane::Issuer => "acsTransID",
            _ => return Vec::new(),
        };
        let Ok(body) = serde_json::from_slice::<Value>(&self.body) else { return Vec::new() };
        let modern = body.get("messageVersion").and_then(Value::as_str).is_some_and(|version| version >= "2.3.1");
        let id = body.get(id).and_then(Value::as_str).filter(|_| modern);
        id.map(|id| (name, id.to_owned())).into_iter().collect()
    }
}

/// How a message reaches the shopper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneKind {
    /// A text message with a code.
    Text,
    /// A question of the bank's app: approve or deny.
    Push,
}

impl PhoneKind {
    /// The control API's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "sms",
            Self::Push => "push",
        }
    }
}

/// What the issuer sent to the shopper's phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneMessage {
    /// How it is read.
    pub kind: PhoneKind,
    /// The session it belongs to.
    pub session: SessionId,
    /// When it was sent.
    pub at: Stamp,
    /// Who it is from: the bank's name.
    pub sender: String,
    /// The text: `Password for USD 65.40 at Fern & Fable: Checkout1!`.
    pub text: String,
    /// The part of the text that the shopper types; empty in a push message.
    pub code: String,
}
