//! What the 3DS Server writes into an authentication request where the API has no word for
//! it. Names are the protocol's own. Source: emv-3ds.md 1.6, 1.8, 3.5.

use serde::{Deserialize, Serialize};

/// Longest time for a bank that asks by itself, in minutes: 7 days. Source: emv-3ds.md 1.6.
const LONGEST_MINUTES: u32 = 10_080;

/// Members of the AReq; left out: as the session's own data and its flow want them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// `threeDSRequestorDecReqInd`: whether the bank may ask by itself. Left out: `Y` where the
    /// bank is about to, else nothing is said.
    #[serde(rename = "threeDSRequestorDecReqInd", skip_serializing_if = "Option::is_none")]
    pub decoupled: Option<Decoupled>,
    /// `threeDSRequestorDecMaxTime`, in minutes; on the wire five digits. Left out: the setting.
    #[serde(rename = "threeDSRequestorDecMaxTime", skip_serializing_if = "Option::is_none")]
    pub decoupled_minutes: Option<u32>,
    /// `threeDSRequestorChallengeInd` in place of the one that `challenge_indicator` means:
    /// `07` delegation, `12` device binding, `13` after a soft decline, `14` for later payments.
    #[serde(rename = "threeDSRequestorChallengeInd", skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// `threeDSRequestorSpcSupport` `Y`: the shop can run Secure Payment Confirmation; 2.3.1 only.
    #[serde(rename = "threeDSRequestorSpcSupport", skip_serializing_if = "std::ops::Not::not")]
    pub spc: bool,
    /// The shop's acquirer applies the outage exemption where 3-D Secure cannot be reached; no
    /// member of a message.
    #[serde(rename = "outageExemption", skip_serializing_if = "std::ops::Not::not")]
    pub outage_exemption: bool,
}

/// `threeDSRequestorDecReqInd`. Source: emv-3ds.md 1.6, 3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decoupled {
    /// In the answer.
    Y,
    /// Not at all.
    N,
    /// As the fallback of a challenge, in the result; from 2.3.1 on.
    F,
    /// Both; from 2.3.1 on.
    B,
}

impl Decoupled {
    /// As on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Y => "Y",
            Self::N => "N",
            Self::F => "F",
            Self::B => "B",
        }
    }

    /// The answer may be `D`.
    pub fn at_once(self) -> bool {
        matches!(self, Self::Y | Self::B)
    }

    /// The result of a challenge may be `D`.
    pub fn as_fallback(self) -> bool {
        matches!(self, Self::F | Self::B)
    }
}

impl Server {
    /// What no scenario may say, though its shape is right.
    pub fn flaw(&self) -> Option<&'static str> {
        let digits = |code: &String| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_digit());
        if self.decoupled_minutes.is_some_and(|minutes| !(1..=LONGEST_MINUTES).contains(&minutes)) {
            return Some("threeDSRequestorDecMaxTime is 1 to 10080 minutes");
        }
        if self.challenge.as_ref().is_some_and(|code| !digits(code)) {
            return Some("threeDSRequestorChallengeInd has two digits");
        }
        None
    }
}
