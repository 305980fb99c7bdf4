//! The shopper's device, simulated: what a 3DS SDK in the shop's app checks, sends and shows
//! during one challenge. [`Device`] is all that the window draws of it, [`Act`] all that a
//! person can make it do; the engine's SDK turns the one into the other.
//! Source: emv-3ds.md 1.4, 5.
//!
//! [`examine`] is what an SDK looks at first, [`read`] what it makes of a CRes, [`write`] how
//! it writes a CReq.

mod content;
mod creq;
mod cres;
#[cfg(test)]
mod tests;

use std::fmt;

pub mod page;

use super::{Problem, Stamp};

pub use content::{Content, examine, roots};
pub use creq::{erro as sdk_erro, next as next_creq, write};
pub use cres::{Cres, Erro, Flaw, Says, erro, read};

/// What all messages of one challenge have in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Transaction {
    /// `messageVersion`.
    pub version: String,
    /// `threeDSServerTransID`.
    pub server: String,
    /// `acsTransID`.
    pub acs: String,
    /// `sdkTransID`.
    pub sdk: String,
    /// `threeDSRequestorAppURL`: where the bank's app brings the shopper back to.
    pub app_url: Option<String>,
}

/// True from 2.3.1 on.
fn is_231(version: &str) -> bool {
    version.starts_with("2.3")
}

/// True from 2.2.0 on: the shopper may be asked to trust the shop.
fn knows_trust(version: &str) -> bool {
    !version.starts_with("2.1")
}

/// How an app's messages travel to the issuer and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Seal {
    /// AES-128 in CBC mode with an HMAC.
    #[default]
    #[serde(rename = "A128CBC-HS256")]
    Cbc,
    /// AES-128 in Galois/Counter mode.
    #[serde(rename = "A128GCM")]
    Gcm,
    /// As plain JSON, for teaching; no real issuer takes it.
    #[serde(rename = "none")]
    Plain,
}

impl Seal {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Cbc, Self::Gcm, Self::Plain];

    /// `enc` of the JWE header; `none` for plain JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cbc => "A128CBC-HS256",
            Self::Gcm => "A128GCM",
            Self::Plain => "none",
        }
    }
}

/// One challenge on the shopper's device.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// How its messages travel.
    pub seal: Seal,
    /// What a tester makes it do wrong with its next message.
    pub wrong: Option<Mischief>,
    /// What the SDK looked at before it sent anything, in order.
    pub checks: Vec<Check>,
    /// The keys at work, in the order they come into being.
    pub keys: Vec<Key>,
    /// What was sent and received, in order.
    pub messages: Vec<Message>,
    /// What the shopper sees.
    pub screen: Screen,
}

/// Something that the SDK looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// `The signature is the issuer's`.
    pub what: String,
    /// What was found, or what is wrong.
    pub found: Result<String, String>,
}

/// A key, for people to see: it stays out of logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// `SDK ephemeral public key`.
    pub name: &'static str,
    /// A JWK, or bytes in base64url.
    pub value: String,
    /// What it is for, in a sentence.
    pub about: &'static str,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}: ••••)", self.name)
    }
}

/// A message of the challenge, sealed and open.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// `CReq`, `CRes`, `Erro`.
    pub kind: &'static str,
    /// From the SDK to the issuer; else the other way.
    pub outward: bool,
    /// When it was sent or came.
    pub at: Stamp,
    /// `sdkCounterStoA` or `acsCounterAtoS`.
    pub counter: Option<u8>,
    /// As it travelled: a compact JWE, or JSON.
    pub sealed: String,
    /// The JWE's header; empty for JSON.
    pub header: String,
    /// What is inside; for what could not be opened, why.
    pub open: Result<String, String>,
    /// What is odd about it though it was taken: `L44: …`.
    pub findings: Vec<String>,
}

/// How a problem begins with which the SDK ends a challenge by itself.
pub const GAVE_UP: &str = "The SDK gave up";

/// What the shopper sees.
#[derive(Debug, Clone, PartialEq)]
pub enum Screen {
    /// The app waits for the issuer.
    Waiting,
    /// The issuer asks.
    Asks(Box<Ui>),
    /// Over: `transStatus` of the final CRes.
    Over(char),
    /// The SDK gave up: why.
    Aborted(Problem),
}

/// Which of the protocol's screens. Source: emv-3ds.md 1.8, 5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UiKind {
    /// `01`: something to type.
    #[default]
    Text,
    /// `02`: one of several.
    SingleSelect,
    /// `03`: some of several.
    MultiSelect,
    /// `04`: the bank's own app decides.
    OutOfBand,
    /// `05`: the issuer's HTML.
    Html,
    /// `06`: the issuer's HTML, and its app decides; from 2.3.1 on.
    HtmlOutOfBand,
    /// `07`: only something to read; from 2.3.1 on.
    Information,
}

impl UiKind {
    /// All seven.
    pub const ALL: [Self; 7] = [
        Self::Text,
        Self::SingleSelect,
        Self::MultiSelect,
        Self::OutOfBand,
        Self::Html,
        Self::HtmlOutOfBand,
        Self::Information,
    ];

    /// `acsUiType`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Text => "01",
            Self::SingleSelect => "02",
            Self::MultiSelect => "03",
            Self::OutOfBand => "04",
            Self::Html => "05",
            Self::HtmlOutOfBand => "06",
            Self::Information => "07",
        }
    }

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::SingleSelect => "Single select",
            Self::MultiSelect => "Multi select",
            Self::OutOfBand => "Out of band",
            Self::Html => "HTML",
            Self::HtmlOutOfBand => "HTML, out of band",
            Self::Information => "Information",
        }
    }

    /// True if the issuer's own HTML is shown.
    pub fn is_html(self) -> bool {
        matches!(self, Self::Html | Self::HtmlOutOfBand)
    }

    /// True if only 2.3.1 knows it.
    pub fn is_new(self) -> bool {
        matches!(self, Self::HtmlOutOfBand | Self::Information)
    }
}

/// One screen of the issuer: the members of a CRes that are there to be shown.
/// Source: emv-3ds.md 5.2.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ui {
    /// Which one.
    pub kind: UiKind,
    /// `messageVersion`.
    pub version: String,
    /// `challengeInfoHeader`.
    pub header: Option<String>,
    /// `challengeInfoLabel`.
    pub label: Option<String>,
    /// `challengeInfoText`, lines and `**bold**` as they came.
    pub text: Option<String>,
    /// `challengeInfoTextIndicator` is `Y`: look at this.
    pub warning: bool,
    /// `challengeSelectInfo`: keys and labels in order.
    pub choices: Vec<(String, String)>,
    /// `challengeEntryBox` and `challengeEntryBoxTwo`; before 2.3.1 one without words of its own.
    pub boxes: Vec<EntryBox>,
    /// `resendInformationLabel`.
    pub resend: Option<String>,
    /// `submitAuthenticationLabel`.
    pub submit: Option<String>,
    /// `challengeAddCodeLabel`, 2.3.1: a further button.
    pub add_code: Option<String>,
    /// `oobContinueLabel`.
    pub oob_continue: Option<String>,
    /// `oobAppLabel`.
    pub oob_app: Option<String>,
    /// `oobAppURL`.
    pub oob_app_url: Option<String>,
    /// `infoContinueLabel`.
    pub info_continue: Option<String>,
    /// `whyInfoLabel` and `whyInfoText`.
    pub why: Option<(String, String)>,
    /// `expandInfoLabel` and `expandInfoText`.
    pub expand: Option<(String, String)>,
    /// An address in `issuerImage`.
    pub issuer_image: Option<String>,
    /// An address in `psImage`.
    pub scheme_image: Option<String>,
    /// `whitelistingInfoText`, from 2.3.1 on `trustListInfoText`.
    pub trust: Option<String>,
    /// `deviceBindingInfoText`, 2.3.1.
    pub binding: Option<String>,
    /// `acsHTML`, decoded.
    pub html: Option<String>,
    /// `acsHTMLRefresh`, decoded: shown when the shopper comes back from the bank's app.
    pub html_refresh: Option<String>,
}

/// A box to type in. Source: emv-3ds.md 5.2.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntryBox {
    /// What stands above it.
    pub label: Option<String>,
    /// Digits only (`challengeEntryBox` keyboard `01`).
    pub digits: bool,
    /// Most characters; 45 unless it says less.
    pub longest: u8,
    /// What is typed is hidden.
    pub masked: bool,
}

/// What the shopper does with a screen. Source: emv-3ds.md 5.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// `challengeDataEntry`, and `challengeDataEntryTwo` where there are two boxes.
    Typed(Vec<String>),
    /// The chosen keys, one or several.
    Chosen(Vec<String>),
    /// `challengeNoEntry`: submit was pressed with nothing entered.
    NoEntry,
    /// `challengeHTMLDataEntry`: the form's query string.
    Html(String),
    /// `oobContinue`; true if the SDK did it by itself.
    OobContinue(bool),
    /// `resendChallenge`.
    Resend,
    /// `challengeAddCode`.
    AddCode,
    /// `infoContinueIndicator`.
    InfoContinue,
    /// `challengeCancel` 01.
    Cancel,
    /// `challengeCancel` 08: the SDK's own time is over.
    TimeOut,
}

impl Said {
    /// True if it answers what the screen asks: only then the shopper's word on trust and
    /// binding may go with it.
    pub fn answers(&self) -> bool {
        !matches!(self, Self::Cancel | Self::TimeOut | Self::Resend | Self::AddCode)
    }
}

/// An answer: what the shopper did, and what goes with it where the screen offered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What the shopper did.
    pub said: Said,
    /// `whitelistingDataEntry`, from 2.3.1 on `trustListDataEntry`.
    pub trust: Option<bool>,
    /// `deviceBindingDataEntry`.
    pub binding: Option<bool>,
}

impl Reply {
    /// With nothing beside it.
    pub fn of(said: Said) -> Self {
        Self { said, trust: None, binding: None }
    }
}

/// Something wrong that a tester makes the SDK do with its next message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mischief {
    /// The counter of the message before.
    RepeatCounter,
    /// A counter that leaves one out.
    SkipCounter,
    /// A key that nobody agreed on.
    ForeignKey,
    /// Another transaction's `kid`.
    ForeignKid,
    /// A byte changed on the way.
    Tampered,
    /// Sealed with the other `enc` than before.
    OtherEnc,
}

impl Mischief {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::RepeatCounter, Self::SkipCounter, Self::ForeignKey, Self::ForeignKid, Self::Tampered, Self::OtherEnc];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::RepeatCounter => "Repeat the counter",
            Self::SkipCounter => "Skip a counter",
            Self::ForeignKey => "Seal with a foreign key",
            Self::ForeignKid => "Name another kid",
            Self::Tampered => "Change a byte",
            Self::OtherEnc => "Change the enc",
        }
    }
}

/// What a person makes the device do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Take this seal from now on; before the first CReq only.
    Seal(Seal),
    /// Check what the issuer signed, and send the first CReq.
    Open,
    /// Answer the screen.
    Reply(Reply),
    /// Send this CReq as it is typed, counter included.
    Send(String),
    /// Do this with the next message; `None` takes it back.
    Wrong(Option<Mischief>),
}
