//! What came in a message's place, where the sandbox shows that beside the message as it was
//! sent: judged as its receiver sees it, by its content and by how late it came. What the
//! fault was meant to be is not looked at, only what it left.

use serde_json::Value;

use super::hidden::{self, Heard};
use super::{LONGEST, Look};
use crate::model::finding::Severity::Error;
use crate::model::payload;
use crate::model::scenario::Hop;

/// The row of a fault.
pub(super) fn check(look: &mut Look<'_>, one: Heard<'_>, version: &mut Option<String>) {
    let Some(told) = look.rows[one.at].json.clone() else { return };
    let hop = told.pointer("/fault/hop").and_then(Value::as_str);
    let Some(hop) = hop.and_then(|word| Hop::ALL.into_iter().find(|hop| hop.word() == word)) else { return };
    let kind = kind(hop);
    hidden::late(look, one.entry, kind, one.message.took);
    let arrived = told.get("arrived").and_then(Value::as_str).filter(|text| text.len() <= LONGEST);
    let Some(arrived) = arrived.filter(|_| hop != Hop::Callback) else { return }; // a delivery shows itself
    if hidden::is_xml(kind) {
        return xml(look, one.entry, kind, arrived);
    }
    let body = payload::tree(arrived.as_bytes()).filter(Value::is_object);
    match body {
        Some(body) if body.get("messageType").is_some_and(|kind| kind == "Erro") => (), // said where it was sent
        Some(body) if hop == Hop::Method => hidden::members(look, one.entry, kind, &body),
        body => hidden::json(look, one.entry, kind, body, version),
    }
}

/// What travels on a leg.
fn kind(hop: Hop) -> &'static str {
    match hop {
        Hop::Preq => "PReq",
        Hop::Pres => "PRes",
        Hop::Method => "3DS Method notification",
        Hop::Areq | Hop::AreqAcs => "AReq",
        Hop::AresDs | Hop::Ares => "ARes",
        Hop::Creq => "CReq",
        Hop::Cres => "CRes",
        Hop::RreqDs | Hop::Rreq => "RReq",
        Hop::RresDs | Hop::Rres => "RRes",
        Hop::Vereq => "VEReq",
        Hop::Veres => "VERes",
        Hop::Pareq => "PAReq",
        Hop::Pares => "PARes",
        Hop::Callback => "callback",
        Hop::Api => "answer",
    }
}

/// 3-D Secure 1: whole, and with the elements that it cannot do without. Source: emv-3ds.md 1.7.
fn xml(look: &mut Look<'_>, entry: usize, kind: &str, text: &str) {
    if !hidden::whole_xml(text.as_bytes()) {
        return hidden::unreadable(look, entry, kind, "no whole XML message");
    }
    let required: &[&str] = match kind {
        "VEReq" => &["pan"],
        "VERes" => &["enrolled"],
        "PAReq" => &["xid", "purchAmount", "currency"],
        _ => &["xid", "status", "Signature"],
    };
    let there = |name: &str| {
        let begun = text.contains(&format!("<{name}>")) || text.contains(&format!("<{name} "));
        begun && !text.contains(&format!("<{name}></{name}>"))
    };
    for name in required.iter().filter(|name| !there(name)) {
        let message = format!(
            "This {kind} came without {name}, which it needs. Its receiver refuses it, and the session ends without \
             an authentication, or waits until its time is over"
        );
        look.say(entry, ("P010", Error), format!("{name} is missing"), message);
    }
    let enrolled = text.contains("<enrolled>Y<");
    if kind == "VERes" && enrolled && !there("url") {
        let message = "The issuer says that the card is enrolled and gives no address to send the shopper to. The \
                       session ends unavailable (veres_error)";
        look.say(entry, ("P010", Error), "url is missing", message);
    }
}
