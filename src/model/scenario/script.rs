//! What the other side does in a scenario: which messages 3DS Server, directory server and
//! issuer send, and what the issuer's page asks. Data only:
//! the sandbox carries it out, and reads it from a file or from its control API alike.
//! Names are the protocol's own. Source: emv-3ds.md 1, 2, 5.5, 6.2.

use serde::{Deserialize, Serialize};

use super::server::Server;

/// The other side of a session.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Issuer {
    /// The highest protocol version that the card range lists; left out: what the settings say.
    pub version: Option<Version>,
    /// Versions that the issuer really speaks, if they are others than the range lists.
    pub speaks: Vec<Version>,
    /// The 3DS Method page.
    pub method: MethodPage,
    /// A session of the same card within ten minutes before has shown its browser: with 2.3.1
    /// its 3DS Method counts for this one too. Source: emv-3ds.md 1.8.
    pub method_reuse: bool,
    /// The answer to the authentication request.
    pub ares: Option<Answer>,
    /// The answer where the browser is not what the shop declared it to be.
    pub mismatch: Option<Answer>,
    /// What the directory server answers when it cannot reach the issuer; without it, an error.
    pub stand_in: Option<Answer>,
    /// The issuer takes no part in this range, so the directory server answers for it.
    pub absent: bool,
    /// What the issuer's page asks.
    pub challenge: Challenge,
    /// What is peculiar to the issuer's side of an app.
    pub app: AppSide,
    /// The result after a challenge that the shopper passed; left out: `Y`. With a frictionless
    /// answer: a result that nobody asked for.
    pub rreq: Option<Answer>,
    /// The result of a bank that goes on by itself after `rreq` has said `D`; left out: `Y`.
    pub fallback: Option<Answer>,
    /// `transStatus` of the final CRes, if it does not follow from the result.
    pub cres: Option<Letter>,
    /// `resultsStatus` with which the 3DS Server takes the result: `01`, or `02` where the shop
    /// opted out of a challenge that was not mandated.
    pub results_status: Option<String>,
    /// 3-D Secure 1 in place of 3DS2.
    pub legacy: Option<Legacy>,
    /// How the issuer decides on an exemption where `ares` is left out; left out itself: it
    /// grants none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exemptions: Option<Exemptions>,
    /// The card is a company's, used in its own procurement.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub commercial: bool,
    /// What the 3DS Server writes into the AReq where the API has no word for it.
    pub server: Server,
}

/// How an issuer decides on exemptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exemptions {
    /// By the rules of thumb of the European Economic Area. Source: emv-3ds.md 3.5.
    Rules,
}

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs)] // named by the wire
pub enum Version {
    #[serde(rename = "1.0.2")]
    V102,
    #[serde(rename = "2.1.0")]
    V210,
    #[serde(rename = "2.2.0")]
    V220,
    #[serde(rename = "2.3.1")]
    V231,
}

impl Version {
    /// Those of 3DS2, oldest first.
    pub const SPOKEN: [Self; 3] = [Self::V210, Self::V220, Self::V231];

    /// The version of 3DS2 with this word; a fourth number is a later edition of the same.
    pub fn spoken(word: &str) -> Option<Self> {
        let same = |version: &Self| {
            word == version.word() || word.strip_prefix(version.word()).is_some_and(|end| end.starts_with('.'))
        };
        Self::SPOKEN.into_iter().find(same)
    }

    /// As on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::V102 => "1.0.2",
            Self::V210 => "2.1.0",
            Self::V220 => "2.2.0",
            Self::V231 => "2.3.1",
        }
    }
}

/// The issuer's 3DS Method page. Source: emv-3ds.md 6.1 (`m`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodPage {
    /// Looks at the browser and notifies.
    #[default]
    Present,
    /// The range has none.
    Absent,
    /// Never notifies.
    Silent,
    /// Answers HTTP 500.
    Broken,
    /// Notifies after 12 s.
    Late,
}

/// `transStatus`. Source: emv-3ds.md 3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // named by the wire
pub enum Letter {
    Y,
    A,
    N,
    U,
    R,
    C,
    D,
    I,
    S,
}

impl Letter {
    /// As on the wire.
    pub fn letter(self) -> char {
        match self {
            Self::Y => 'Y',
            Self::A => 'A',
            Self::N => 'N',
            Self::U => 'U',
            Self::R => 'R',
            Self::C => 'C',
            Self::D => 'D',
            Self::I => 'I',
            Self::S => 'S',
        }
    }
}

/// An ARes or an RReq, as far as a scenario says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Answer {
    /// `Y`.
    pub trans_status: Letter,
    /// Two digits; left out: the usual one of the status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trans_status_reason: Option<String>,
    /// `Y` or `N`, with `C` and `D`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acs_challenge_mandated: Option<String>,
    /// `01` to `04`; in 2.3.1 `authenticationMethod`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication_type: Option<String>,
    /// Text for the shopper, at most 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cardholder_info: Option<String>,
    /// Two digits, in an RReq: `01` cancelled … `10`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge_cancel: Option<String>,
    /// What the issuer applied: `05`, `08`, `10`, `11`, or `79` for none; 2.3.1, before by a
    /// scheme's extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trans_challenge_exemption: Option<String>,
    /// `Y`, `N`, `E`, `P`, `R`, `U`; before 2.3.1 `whiteListStatus`. Source: emv-3ds.md 1.8, 3.6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_list_status: Option<String>,
    /// `01` 3DS Server, `02` directory server, `03` issuer; before 2.3.1 `whiteListStatusSource`.
    #[serde(rename = "trustListStatusSource", alias = "trustListSource")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_list_source: Option<String>,
    /// `acsDecConInd`, with `D`; left out: `Y`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acs_dec_con_ind: Option<String>,
}

impl Answer {
    /// Nothing but the status.
    pub fn of(trans_status: Letter) -> Self {
        Self {
            trans_status,
            trans_status_reason: None,
            acs_challenge_mandated: None,
            authentication_type: None,
            cardholder_info: None,
            challenge_cancel: None,
            trans_challenge_exemption: None,
            trust_list_status: None,
            trust_list_source: None,
            acs_dec_con_ind: None,
        }
    }
}

/// What the issuer's pages ask, one after the other, and how patient they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Challenge {
    /// The pages, in order.
    pub pages: Vec<PageKind>,
    /// Which of the invented banks.
    pub bank: BankId,
    /// The published password does not pass here.
    pub strict: bool,
    /// The last page also offers to remember the shop.
    pub trust_prompt: bool,
    /// What a second CReq meets.
    pub second_creq: SecondCreq,
    /// Whether the page may stand in a frame.
    pub frames: Frames,
    /// From the ARes to the first CReq, in seconds; left out: the setting.
    pub first_creq_seconds: Option<u64>,
    /// Between two interactions, in seconds; left out: the setting.
    pub idle_seconds: Option<u64>,
    /// Life of a code, in seconds. Source: emv-3ds.md 5.5.
    pub code_seconds: u64,
}

impl Default for Challenge {
    fn default() -> Self {
        Self {
            pages: vec![PageKind::Otp],
            bank: BankId::default(),
            strict: false,
            trust_prompt: false,
            second_creq: SecondCreq::default(),
            frames: Frames::default(),
            first_creq_seconds: None,
            idle_seconds: None,
            code_seconds: 300,
        }
    }
}

/// What is peculiar to directory server and issuer where the shopper uses an app.
/// Source: emv-3ds.md 4.2, 5.2, 5.3.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AppSide {
    /// Who signs what the app is handed.
    pub signature: SignedBy,
    /// Whose key the signed content names as the SDK's.
    pub signed_key: SignedKey,
    /// Device data that the directory server cannot open end with its error 302 (a missing
    /// `kid` in 2.3.1: 311); else it says so and goes on, since callers send made-up ones.
    pub strict_device_data: bool,
    /// 2.3.1: a text screen has a second box, for the last four digits of the card.
    pub second_box: bool,
    /// 2.3.1: a text screen has a further button, which sends the code by e-mail.
    pub add_code: bool,
    /// 2.3.1: the last screen also offers to remember the device.
    pub device_binding: bool,
}

/// Who signs what the app is handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedBy {
    /// The issuer, whose certificate the scheme's root issued.
    #[default]
    Good,
    /// The same, but the signature is of something else.
    Bad,
    /// An issuer of another scheme's root.
    ForeignRoot,
}

/// Whose key the signed content names as the SDK's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedKey {
    /// The one that the SDK sent.
    #[default]
    Own,
    /// Another SDK's.
    Other,
}

/// One page of the issuer. Source: emv-3ds.md 5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageKind {
    /// A code from the phone.
    Otp,
    /// One of several: where the code is to go.
    SingleSelect,
    /// Two of several: questions that the bank knows the answers of.
    MultiSelect,
    /// A bank app on the phone decides.
    OutOfBand,
    /// A page of the issuer's own, with a box to tick.
    Html,
    /// A page of the issuer's own while its app on the phone decides. In an app from 2.3.1 on;
    /// elsewhere as [`Self::OutOfBand`].
    HtmlOutOfBand,
    /// Only something to read.
    Information,
    /// Secure Payment Confirmation, in place of the browser and its authenticator: it follows
    /// from an ARes `S`, and no file lists it.
    #[serde(skip)]
    Spc,
}

impl PageKind {
    /// True if the bank's app on the phone decides.
    pub fn is_out_of_band(self) -> bool {
        matches!(self, Self::OutOfBand | Self::HtmlOutOfBand)
    }
}

/// The invented banks. Each has a language of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BankId {
    /// Larkfield Bank, English.
    #[default]
    Larkfield,
    /// Sparkasse Auental, German.
    Auental,
    /// Banque des Deux Rives, French.
    DeuxRives,
    /// Bank of the Palm Gate, Arabic: right to left.
    PalmGate,
}

/// What a second CReq with the same ids meets. Source: emv-3ds.md 2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondCreq {
    /// The page where the shopper was.
    #[default]
    Resume,
    /// The first page again.
    Restart,
    /// Error 314 (2.1.0 and 2.2.0: 305).
    Reject,
}

/// Whether the issuer lets its page be framed. Source: emv-3ds.md 2.2, L09.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frames {
    /// As the protocol wants it.
    #[default]
    Allowed,
    /// The page forbids it, which no issuer should.
    Refused,
}

/// 3-D Secure 1. Source: emv-3ds.md 1.7, 6.3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Legacy {
    /// `enrolled` of the VERes.
    #[serde(default = "enrolled")]
    pub veres: Letter3,
    /// `status` of the PARes after the right password.
    #[serde(default = "enrolled_letter")]
    pub pares: Letter,
}

fn enrolled() -> Letter3 {
    Letter3::Y
}

fn enrolled_letter() -> Letter {
    Letter::Y
}

/// `enrolled` of a VERes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // named by the wire
pub enum Letter3 {
    Y,
    N,
    U,
}
