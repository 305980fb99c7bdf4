//! What the program knows: data and rules, nothing that acts.
//!
//! Same input, same output: no network, no files, no clock, no window. Time enters
//! as a [`Stamp`] made elsewhere. The engine changes a `Workspace`; the window draws it.

pub mod exchange;
pub mod problem;
pub mod scheme;
pub mod secret;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use problem::Problem;
pub use secret::{Pan, Secret};

/// A moment: wall time as a label, monotonic time (since the program's first stamp)
/// for order and durations. Made by `clock::stamp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Wall time, UTC. May jump.
    pub wall: Timestamp,
    /// Monotonic time since the program's first stamp. Never jumps.
    pub mono: Duration,
}

impl Stamp {
    /// Time from `earlier` to this moment; zero if it was not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        self.mono.saturating_sub(earlier.mono)
    }
}

/// Our attempt at one authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run {}", self.0)
    }
}

/// The API's own identifier of a session (`sid_…`), as it came.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub String);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who takes part in an authentication; the lanes of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// The shopper's browser.
    Browser,
    /// The merchant: this console.
    Merchant,
    /// The Sessions API with the 3DS Server behind it.
    Sessions,
    /// The scheme's directory server.
    Directory,
    /// The issuer's access control server.
    Issuer,
    /// The callback listener.
    Callback,
}

impl Lane {
    /// All lanes, left to right.
    pub const ALL: [Self; 6] =
        [Self::Browser, Self::Merchant, Self::Sessions, Self::Directory, Self::Issuer, Self::Callback];

    /// One letter, for badges.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Browser => "B",
            Self::Merchant => "M",
            Self::Sessions => "S",
            Self::Directory => "D",
            Self::Issuer => "I",
            Self::Callback => "C",
        }
    }

    /// The name people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Browser => "Shopper's browser",
            Self::Merchant => "Merchant",
            Self::Sessions => "Sessions API",
            Self::Directory => "Directory server",
            Self::Issuer => "Issuer ACS",
            Self::Callback => "Callback",
        }
    }
}
