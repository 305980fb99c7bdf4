//! The Sessions API's answers as a client sees them. Reading never fails: unknown
//! members are kept in the raw value, unknown words as they came.
//! Source: sessions-api.md 4.

use std::fmt;

use serde_json::Value;

use super::{SessionId, payload};

/// Where the API says a session stands. Source: sessions-api.md 4.1.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the wire's own words
pub enum Status {
    Pending,
    Processing,
    Challenged,
    ChallengeAbandoned,
    Expired,
    Approved,
    Attempted,
    Unavailable,
    Declined,
    Rejected,
    /// A word that the contract does not know.
    Other(String),
}

impl Status {
    /// Reads the wire's word.
    pub fn parse(word: &str) -> Self {
        match word {
            "pending" => Self::Pending,
            "processing" => Self::Processing,
            "challenged" => Self::Challenged,
            "challenge_abandoned" => Self::ChallengeAbandoned,
            "expired" => Self::Expired,
            "approved" => Self::Approved,
            "attempted" => Self::Attempted,
            "unavailable" => Self::Unavailable,
            "declined" => Self::Declined,
            "rejected" => Self::Rejected,
            other => Self::Other(other.into()),
        }
    }

    /// The wire's word.
    pub fn word(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Challenged => "challenged",
            Self::ChallengeAbandoned => "challenge_abandoned",
            Self::Expired => "expired",
            Self::Approved => "approved",
            Self::Attempted => "attempted",
            Self::Unavailable => "unavailable",
            Self::Declined => "declined",
            Self::Rejected => "rejected",
            Self::Other(word) => word,
        }
    }

    /// True if nothing can change it any more.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Pending | Self::Processing | Self::Challenged | Self::Other(_))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What the API says may be done next. Source: sessions-api.md 4.2.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the wire's own words
pub enum NextAction {
    CollectChannelData,
    IssuerFingerprint,
    ChallengeCardholder,
    RedirectCardholder,
    Authenticate,
    Complete,
    /// A word that the contract does not know.
    Other(String),
}

impl NextAction {
    /// Reads the wire's word.
    pub fn parse(word: &str) -> Self {
        match word {
            "collect_channel_data" => Self::CollectChannelData,
            "issuer_fingerprint" => Self::IssuerFingerprint,
            "challenge_cardholder" => Self::ChallengeCardholder,
            "redirect_cardholder" => Self::RedirectCardholder,
            "authenticate" => Self::Authenticate,
            "complete" => Self::Complete,
            other => Self::Other(other.into()),
        }
    }

    /// The wire's word.
    pub fn word(&self) -> &str {
        match self {
            Self::CollectChannelData => "collect_channel_data",
            Self::IssuerFingerprint => "issuer_fingerprint",
            Self::ChallengeCardholder => "challenge_cardholder",
            Self::RedirectCardholder => "redirect_cardholder",
            Self::Authenticate => "authenticate",
            Self::Complete => "complete",
            Self::Other(word) => word,
        }
    }
}

/// What one answer says of a session. All members beyond these are in `raw`.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// `sid_…`.
    pub id: SessionId,
    /// Where it stands.
    pub status: Status,
    /// What may be done.
    pub next_actions: Vec<NextAction>,
    /// The whole answer.
    pub raw: Value,
}

impl Session {
    /// Reads an answer; `None` if it is not a session.
    pub fn read(body: &[u8]) -> Option<Self> {
        Self::of(payload::tree(body)?)
    }

    /// The same of an answer that was read before.
    pub fn of(raw: Value) -> Option<Self> {
        let id = SessionId(raw.get("id")?.as_str()?.to_owned());
        let status = Status::parse(raw.get("status")?.as_str()?);
        let words = raw.get("next_actions").and_then(Value::as_array);
        let next_actions = words.into_iter().flatten().filter_map(Value::as_str).map(NextAction::parse).collect();
        Some(Self { id, status, next_actions, raw })
    }

    /// A text member, by JSON pointer: `/acs/url`.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.raw.pointer(pointer)?.as_str()
    }

    /// The `href` of a link.
    pub fn link(&self, name: &str) -> Option<&str> {
        self.raw.get("_links")?.get(name)?.get("href")?.as_str()
    }

    /// True if the API offers this action.
    pub fn offers(&self, action: &NextAction) -> bool {
        self.next_actions.contains(action)
    }

    /// The session secret, where the answer carries it.
    pub fn secret(&self) -> Option<&str> {
        self.text("/session_secret")
    }

    /// `approved`, where the answer carries it.
    pub fn approved(&self) -> Option<bool> {
        self.raw.get("approved")?.as_bool()
    }

    /// `challenged`, where the answer carries it.
    pub fn challenged(&self) -> Option<bool> {
        self.raw.get("challenged")?.as_bool()
    }

    /// True while the bank asks its customer by a way of its own and nobody here can do
    /// anything but read again: `challenged` with code `D`. Source: product.md, Decided.
    pub fn waits_decoupled(&self) -> bool {
        self.status == Status::Challenged && self.text("/response_code") == Some("D")
    }

    /// The challenge is for the shopper's app: content for its SDK, no page. Source:
    /// sessions-api.md 5.3.
    pub fn challenges_app(&self) -> bool {
        self.text("/acs/url").is_none() && self.text("/acs/signed_content").is_some()
    }

    /// `completed`, where the answer carries it.
    pub fn completed(&self) -> Option<bool> {
        self.raw.get("completed")?.as_bool()
    }
}

/// An error answer of the API. Source: sessions-api.md 2.6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// `unprocessable_entity`.
    pub error_type: String,
    /// `currency_required`.
    pub codes: Vec<String>,
}

impl ApiError {
    /// Reads an error answer, the token server's form included; `None` if it is none.
    pub fn read(body: &[u8]) -> Option<Self> {
        Self::of(&payload::tree(body)?)
    }

    /// The same of an answer that was read before.
    pub fn of(raw: &Value) -> Option<Self> {
        if let Some(code) = raw.get("error").and_then(Value::as_str) {
            return Some(Self { error_type: code.into(), codes: Vec::new() });
        }
        let codes = raw.get("error_codes").and_then(Value::as_array);
        Some(Self {
            error_type: raw.get("error_type")?.as_str()?.to_owned(),
            codes: codes.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }
}
