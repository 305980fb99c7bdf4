//! What the outside world sent to our listener: exact bytes, what kind it is, whose it
//! is, and what we think of it. A delivery never decides a session's fate; the `GET`
//! that follows does (trust.md R68).

use std::net::SocketAddr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::exchange::Headers;
use super::{RunId, SessionId, Stamp};

/// Position in the store: grows by one for each record, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

/// What a delivery is, by the address it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryKind {
    /// The session's callback (`…/cb`), sent by `complete`.
    Callback,
    /// The 3DS Method notification (`…/method`), posted by the issuer's page in the browser.
    MethodNotification,
    /// The challenge result (`…/cres`), posted by the issuer's page in the browser.
    ChallengeNotification,
    /// Something to the inbox address of this data folder.
    Inbox,
    /// Something to a path that nobody handed out.
    Unknown,
}

impl DeliveryKind {
    /// The name people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Callback => "Callback",
            Self::MethodNotification => "Method notification",
            Self::ChallengeNotification => "Challenge notification",
            Self::Inbox => "Inbox",
            Self::Unknown => "Unknown path",
        }
    }
}

/// What we make of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// Came to a run's own address and names the same session.
    Matched,
    /// Came to a run's own address; the body names no session.
    Addressed,
    /// Came to a run's own address, but its body names another session (R69).
    Swapped {
        /// The session it names.
        named: SessionId,
    },
    /// Same address and same bytes as an earlier one (R65).
    Duplicate {
        /// The earlier one.
        of: Seq,
    },
    /// Same session, other content than an earlier callback (R66).
    Contradicts {
        /// The earlier one.
        earlier: Seq,
    },
    /// Nobody expected it.
    Unexpected,
}

impl Verdict {
    /// The words people read.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Addressed => "names no session",
            Self::Swapped { .. } => "other session",
            Self::Duplicate { .. } => "duplicate",
            Self::Contradicts { .. } => "contradicts",
            Self::Unexpected => "unexpected",
        }
    }
}

/// One request that reached the listener, stored before it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its place in the store.
    pub seq: Seq,
    /// When it arrived.
    pub at: Stamp,
    /// What it is.
    pub kind: DeliveryKind,
    /// Whose address it came to.
    pub run: Option<RunId>,
    /// The session that its body names.
    pub session: Option<SessionId>,
    /// Who sent it.
    pub peer: SocketAddr,
    /// `POST`.
    pub method: String,
    /// Path and query as received.
    pub target: String,
    /// Header lines as received.
    pub headers: Headers,
    /// The head's exact bytes.
    pub head: Bytes,
    /// The body's exact bytes.
    pub body: Bytes,
    /// What we think of it.
    pub verdict: Verdict,
    /// The status we answered.
    pub answered: u16,
}
