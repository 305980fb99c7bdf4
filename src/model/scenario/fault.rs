//! What goes wrong on the way of a message, and where: in a scenario file, in the control API,
//! in the window. Source: emv-3ds.md 6.2.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where something can go wrong: a message on one leg of its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    /// A request of the merchant and its answer.
    Api,
    /// PReq, 3DS Server to directory server.
    Preq,
    /// PRes, directory server to 3DS Server.
    Pres,
    /// The issuer's 3DS Method page, and what it makes the browser notify.
    Method,
    /// AReq, 3DS Server to directory server.
    Areq,
    /// AReq, directory server to issuer.
    AreqAcs,
    /// ARes, issuer to directory server.
    AresDs,
    /// ARes, directory server to 3DS Server.
    Ares,
    /// CReq, browser or app to issuer.
    Creq,
    /// CRes, issuer to browser and on to the merchant, or to the app.
    Cres,
    /// RReq, issuer to directory server.
    RreqDs,
    /// RReq, directory server to 3DS Server.
    Rreq,
    /// RRes, 3DS Server to directory server.
    RresDs,
    /// RRes, directory server to issuer.
    Rres,
    /// VEReq of 3-D Secure 1, MPI to directory and issuer.
    Vereq,
    /// VERes of 3-D Secure 1, back.
    Veres,
    /// PAReq of 3-D Secure 1, browser to issuer.
    Pareq,
    /// PARes of 3-D Secure 1, issuer to browser and on to the MPI.
    Pares,
    /// The callback or webhook, Sessions API to merchant.
    Callback,
}

impl Hop {
    /// All of them, in the order of a session.
    pub const ALL: [Self; 19] = [
        Self::Api,
        Self::Preq,
        Self::Pres,
        Self::Method,
        Self::Areq,
        Self::AreqAcs,
        Self::AresDs,
        Self::Ares,
        Self::Creq,
        Self::Cres,
        Self::RreqDs,
        Self::Rreq,
        Self::RresDs,
        Self::Rres,
        Self::Vereq,
        Self::Veres,
        Self::Pareq,
        Self::Pares,
        Self::Callback,
    ];

    /// As in a file and in the control API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Preq => "preq",
            Self::Pres => "pres",
            Self::Method => "method",
            Self::Areq => "areq",
            Self::AreqAcs => "areq_acs",
            Self::AresDs => "ares_ds",
            Self::Ares => "ares",
            Self::Creq => "creq",
            Self::Cres => "cres",
            Self::RreqDs => "rreq_ds",
            Self::Rreq => "rreq",
            Self::RresDs => "rres_ds",
            Self::Rres => "rres",
            Self::Vereq => "vereq",
            Self::Veres => "veres",
            Self::Pareq => "pareq",
            Self::Pares => "pares",
            Self::Callback => "callback",
        }
    }

    /// Where it is, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "API call",
            Self::Preq => "PReq · 3DS Server to directory",
            Self::Pres => "PRes · directory to 3DS Server",
            Self::Method => "3DS Method page",
            Self::Areq => "AReq · 3DS Server to directory",
            Self::AreqAcs => "AReq · directory to issuer",
            Self::AresDs => "ARes · issuer to directory",
            Self::Ares => "ARes · directory to 3DS Server",
            Self::Creq => "CReq · browser or app to issuer",
            Self::Cres => "CRes · issuer to shop or app",
            Self::RreqDs => "RReq · issuer to directory",
            Self::Rreq => "RReq · directory to 3DS Server",
            Self::RresDs => "RRes · 3DS Server to directory",
            Self::Rres => "RRes · directory to issuer",
            Self::Vereq => "VEReq · MPI to issuer (3DS1)",
            Self::Veres => "VERes · issuer to MPI (3DS1)",
            Self::Pareq => "PAReq · browser to issuer (3DS1)",
            Self::Pares => "PARes · issuer to MPI by the browser (3DS1)",
            Self::Callback => "Callback · API to shop",
        }
    }

    /// The faults that this hop can have.
    pub fn kinds(self) -> &'static [FaultKind] {
        use FaultKind::{
            BadBase64, BadSignature, Close, DelayMs, Drop, Duplicate, InvalidJson, RemoveField, Reorder, SetField,
            SlowDrip, Status, Truncate, WrongId,
        };
        match self {
            Self::Api => &[DelayMs, Status, Close, Truncate, InvalidJson, SlowDrip],
            Self::Preq | Self::Pres => {
                &[DelayMs, Drop, Status, Close, Truncate, InvalidJson, RemoveField, SetField, WrongId, SlowDrip]
            }
            Self::Areq
            | Self::AreqAcs
            | Self::AresDs
            | Self::Ares
            | Self::RreqDs
            | Self::Rreq
            | Self::RresDs
            | Self::Rres => &[
                DelayMs,
                Drop,
                Status,
                Close,
                Truncate,
                InvalidJson,
                RemoveField,
                SetField,
                Duplicate,
                Reorder,
                WrongId,
                SlowDrip,
            ],
            Self::Creq => &[
                DelayMs,
                Drop,
                Status,
                Close,
                Truncate,
                InvalidJson,
                RemoveField,
                SetField,
                Duplicate,
                WrongId,
                BadBase64,
                SlowDrip,
            ],
            // Signed is only what an app gets: the checksum of its seal.
            Self::Cres => &[
                DelayMs,
                Drop,
                Status,
                Close,
                Truncate,
                InvalidJson,
                RemoveField,
                SetField,
                WrongId,
                BadSignature,
                BadBase64,
                SlowDrip,
            ],
            Self::Method => &[
                DelayMs,
                Drop,
                Status,
                Close,
                Truncate,
                InvalidJson,
                RemoveField,
                SetField,
                WrongId,
                BadBase64,
                SlowDrip,
            ],
            Self::Vereq | Self::Veres => &[DelayMs, Drop, Status, Close, Truncate, RemoveField, SetField, SlowDrip],
            Self::Pareq => {
                &[DelayMs, Drop, Status, Close, Truncate, RemoveField, SetField, WrongId, BadBase64, SlowDrip]
            }
            Self::Pares => &[
                DelayMs,
                Drop,
                Status,
                Close,
                Truncate,
                RemoveField,
                SetField,
                WrongId,
                BadSignature,
                BadBase64,
                SlowDrip,
            ],
            Self::Callback => &[
                DelayMs,
                Drop,
                Status,
                Close,
                Truncate,
                InvalidJson,
                RemoveField,
                SetField,
                Duplicate,
                WrongId,
                BadSignature,
                SlowDrip,
            ],
        }
    }
}

/// What goes wrong. Source: emv-3ds.md 6.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// It arrives later, on the sandbox's clock (at the API and the callback in real time).
    DelayMs,
    /// It never arrives.
    Drop,
    /// The receiver answers with this HTTP status and looks at nothing.
    Status,
    /// The connection ends without an answer.
    Close,
    /// Half of it arrives.
    Truncate,
    /// What arrives is no JSON.
    InvalidJson,
    /// A member is missing.
    RemoveField,
    /// A member has another value.
    SetField,
    /// It arrives twice.
    Duplicate,
    /// It arrives after the message that should follow it.
    Reorder,
    /// It carries another transaction's id.
    WrongId,
    /// Its signature is wrong.
    BadSignature,
    /// Standard base64 with padding in place of base64url.
    BadBase64,
    /// Byte by byte, over so many milliseconds.
    SlowDrip,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::DelayMs,
        Self::Drop,
        Self::Status,
        Self::Close,
        Self::Truncate,
        Self::InvalidJson,
        Self::RemoveField,
        Self::SetField,
        Self::Duplicate,
        Self::Reorder,
        Self::WrongId,
        Self::BadSignature,
        Self::BadBase64,
        Self::SlowDrip,
    ];

    /// As in a file and in the control API.
    pub fn word(self) -> &'static str {
        match self {
            Self::DelayMs => "delay_ms",
            Self::Drop => "drop",
            Self::Status => "status",
            Self::Close => "close",
            Self::Truncate => "truncate",
            Self::InvalidJson => "invalid_json",
            Self::RemoveField => "remove_field",
            Self::SetField => "set_field",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::WrongId => "wrong_id",
            Self::BadSignature => "bad_signature",
            Self::BadBase64 => "bad_base64",
            Self::SlowDrip => "slow_drip",
        }
    }

    /// What it does, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::DelayMs => "Arrives late",
            Self::Drop => "Never arrives",
            Self::Status => "Is refused with a status",
            Self::Close => "Connection closes",
            Self::Truncate => "Half arrives",
            Self::InvalidJson => "Is no JSON",
            Self::RemoveField => "Lacks a member",
            Self::SetField => "Has a wrong member",
            Self::Duplicate => "Arrives twice",
            Self::Reorder => "Arrives out of order",
            Self::WrongId => "Carries another id",
            Self::BadSignature => "Is wrongly signed",
            Self::BadBase64 => "Is in another base64",
            Self::SlowDrip => "Drips in slowly",
        }
    }
}

/// One fault that is to happen: in a file, in the control API, in the window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Where.
    pub hop: Hop,
    /// What.
    pub kind: FaultKind,
    /// How often it happens.
    #[serde(default = "once")]
    pub times: i64,
    /// How often it has happened.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub happened: u64,
    /// For `delay_ms` and `slow_drip`, and at the API with any kind.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub delay_ms: u64,
    /// For `status`: 400 to 599.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// For `remove_field` and `set_field`: the member; in XML the last element of that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// For `set_field`: its new value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// At the API: only requests with this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// At the API: only requests with this path; `*` stands for any one segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

fn once() -> i64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Fault {
    /// Once, without details.
    pub fn new(hop: Hop, kind: FaultKind) -> Self {
        let (times, happened, delay_ms) = (once(), 0, 0);
        Self { hop, kind, times, happened, delay_ms, status: None, field: None, value: None, method: None, path: None }
    }

    /// How long it holds the message back.
    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    /// What is missing or does not fit, as error codes of the control API; empty if it is good.
    /// Source: sessions-api.md 7.5.
    pub fn flaws(&self) -> Vec<&'static str> {
        let mut flaws = Vec::new();
        let mut require = |there: bool, code| {
            if !there {
                flaws.push(code);
            }
        };
        require(self.hop.kinds().contains(&self.kind), "kind_not_supported");
        let timed = matches!(self.kind, FaultKind::DelayMs | FaultKind::SlowDrip);
        require(!timed || self.delay_ms > 0, "delay_ms_required");
        require(self.kind != FaultKind::Status || self.status.is_some(), "status_required");
        require(self.status.is_none_or(|status| (400..=599).contains(&status)), "status_invalid");
        let member = matches!(self.kind, FaultKind::RemoveField | FaultKind::SetField);
        require(!member || self.field.is_some(), "field_required");
        require(self.kind != FaultKind::SetField || self.value.is_some(), "value_required");
        require((0..=1_000_000).contains(&self.times), "times_invalid");
        require(self.delay_ms <= LONGEST_DELAY_MS, "delay_ms_invalid");
        flaws
    }
}

/// A day: a message may be later than any timer. Our choice.
const LONGEST_DELAY_MS: u64 = 86_400_000;
