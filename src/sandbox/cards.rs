//! The published test cards, card schemes, and the values that follow from a scheme.
//!
//! A card number decides flow and outcome: the published numbers first, then the
//! programmable ones (see [`super::programmable`]); any other is challenged and then
//! succeeds. Pure tables: no state, no clock.
//! Source: sessions-api.md 7.1-7.3, emv-3ds.md 3.3 and 3.4.

use super::programmable;
use super::session::Status;

/// What an authentication comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Approved,
    Attempted,
    Declined,
    Rejected,
    Unavailable,
    /// The scheme's network failed: no usable answer.
    SchemeError,
}

/// What happens to a card in 3DS2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Frictionless(Outcome),
    Challenge(Outcome),
    /// The bank asks by itself, in its own time.
    Decoupled(Outcome),
    /// The issuer only takes note (`I`).
    Informed,
    CardNotEnrolled,
    IssuerNotEnrolled,
    /// In no version of 3-D Secure at all.
    Never,
}

/// What 3DS1 comes to. Source: sessions-api.md 7.3, emv-3ds.md 6.3 (S071-S078).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Legacy {
    /// Enrolled; the issuer's answer after the right password.
    Answer(Outcome),
    NotEligible,
    /// VERes `N`.
    NotEnrolled,
    /// VERes `U`.
    Unknown,
    /// The issuer's answer carries a wrong signature.
    BadSignature,
    /// The issuer's answer belongs to another transaction.
    OtherXid,
}

/// The issuer's 3DS Method page. Source: emv-3ds.md 6.1 (`m`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Present,
    Absent,
    /// Never notifies.
    Silent,
    /// Answers HTTP 500.
    Broken,
    /// Notifies after 12 s.
    Late,
}

/// Versions of 3DS2 that a range speaks. Source: emv-3ds.md 6.1 (`v`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Versions {
    All,
    Only(&'static str),
    None,
}

impl Versions {
    /// The highest version that both sides speak, if there is one. Source: emv-3ds.md 1.3.
    pub(super) fn chosen(self, ours: &'static str) -> Option<&'static str> {
        match self {
            Self::All => Some(ours),
            Self::Only(version) => (version <= ours).then_some(version),
            Self::None => None,
        }
    }
}

/// What is known about the range of a card number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) flow: Flow,
    /// Reason of the result, or code of the error, where it is not the usual one.
    pub(super) reason: Option<&'static str>,
    pub(super) method: Method,
    pub(super) versions: Versions,
    pub(super) legacy: Legacy,
}

impl Range {
    pub(super) fn of(flow: Flow) -> Self {
        let legacy = Legacy::Answer(Outcome::Approved);
        Self { flow, reason: None, method: Method::Present, versions: Versions::All, legacy }
    }

    /// Whether the issuer has a 3DS Method page.
    pub(super) fn method_url(&self) -> bool {
        self.method != Method::Absent
    }
}

/// Source: sessions-api.md 7.1.
const FRICTIONLESS: &[(Outcome, &[&str])] = &[
    (
        Outcome::Approved,
        &[
            "4485040371536584",
            "5588686116426417",
            "345678901234564",
            "4543474002249996",
            "5436031030606378",
            "5199992312641465",
        ],
    ),
    (Outcome::Declined, &["4539628347117863", "5309961755464047", "371064645462927"]),
    (Outcome::Unavailable, &["4024007186645015", "5234106378657904"]),
    (Outcome::Attempted, &["4556574722325580", "5558468902774508"]),
    (Outcome::Rejected, &["4275765574319271", "5596061690670931", "343397288296672"]),
    (Outcome::SchemeError, &["4452927588210665", "5291144083573579"]),
];

/// Source: sessions-api.md 7.2.
const CHALLENGED: &[(Outcome, &[&str])] = &[
    (Outcome::Approved, &["4242424242424242", "4010061700000021", "5385308360135181", "372688581899681"]),
    (Outcome::Attempted, &["4152868552773614", "5518832400606463", "346126139326850"]),
    (Outcome::Rejected, &["4870527017700692", "4150561000000019", "5484482393204262", "375982239796002"]),
    (Outcome::Declined, &["4243754271700719", "5258901507741160"]),
    (Outcome::Unavailable, &["4447336775378848", "5569757734785691"]),
    (Outcome::SchemeError, &["4539929207120660", "5572408422189334"]),
];

/// Approved without a challenge, no 3DS Method page. Source: sessions-api.md 7.1.
const FRICTIONLESS_WITHOUT_METHOD: &[&str] = &[
    "4556085951507152",
    "5121073611487018",
    "340282533032846",
    "36747880216043",
    "3528982710432481",
    "4319863787850170",
    "5177328035476275",
];

/// Approved after a challenge, no 3DS Method page. Source: sessions-api.md 7.2.
const CHALLENGED_WITHOUT_METHOD: &[&str] = &[
    "4485597929486000",
    "5259410220714099",
    "372310461284948",
    "36138956596288",
    "3528682570029332",
    "4309485283564188",
    "5566944761698186",
];

/// Source: sessions-api.md 7.1 and 7.3.
const CARD_NOT_ENROLLED: &[&str] = &["4484070000035519", "5352151570003404", "378282246310005"];
const ISSUER_NOT_ENROLLED: &[&str] = &["4820285375797526", "5424583292508738"];
const NEVER: &[&str] = &["3530111333300000", "4532432452900131"];

/// Source: sessions-api.md 7.3.
const LEGACY: &[(Legacy, &[&str])] = &[
    (Legacy::Answer(Outcome::Declined), &["4929640381570541", "5507979147594255"]),
    (Legacy::Answer(Outcome::Attempted), &["4024007177756441", "5407929162375891"]),
    (Legacy::Answer(Outcome::Unavailable), &["4916734820332269", "5227027824683493"]),
    (Legacy::NotEligible, &["4539628347117863", "5324440216201760"]),
];

/// Source: sessions-api.md 7.1, 7.2: the four numbers in the column "Other".
const CARTES_BANCAIRES: &[&str] = &["4319863787850170", "5177328035476275", "4309485283564188", "5566944761698186"];

/// Looks a card number up.
pub(super) fn range(pan: &str) -> Range {
    let among = |numbers: &[&str]| numbers.contains(&pan);
    let listed = |table: &[(Outcome, &[&str])]| table.iter().find(|(_, numbers)| among(numbers)).map(|row| row.0);
    let without_method = |flow| Range { method: Method::Absent, ..Range::of(flow) };
    let range = if among(CARD_NOT_ENROLLED) {
        Range::of(Flow::CardNotEnrolled)
    } else if among(ISSUER_NOT_ENROLLED) {
        Range::of(Flow::IssuerNotEnrolled)
    } else if among(NEVER) {
        Range::of(Flow::Never)
    } else if among(FRICTIONLESS_WITHOUT_METHOD) {
        without_method(Flow::Frictionless(Outcome::Approved))
    } else if among(CHALLENGED_WITHOUT_METHOD) {
        without_method(Flow::Challenge(Outcome::Approved))
    } else if let Some(outcome) = listed(FRICTIONLESS) {
        Range::of(Flow::Frictionless(outcome))
    } else if let Some(outcome) = listed(CHALLENGED) {
        Range::of(Flow::Challenge(outcome))
    } else if let Some(range) = programmable::range(pan) {
        range
    } else {
        Range::of(Flow::Challenge(Outcome::Approved))
    };
    match LEGACY.iter().find(|(_, numbers)| among(numbers)) {
        Some((legacy, _)) => Range { legacy: *legacy, ..range },
        None => range,
    }
}

/// A card scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Visa,
    Mastercard,
    Amex,
    Diners,
    Discover,
    Jcb,
    Upi,
    CartesBancaires,
}

impl Scheme {
    /// From the first digits; `None` for a range nobody has. Source: sessions-api.md 7.5.
    pub(super) fn of(pan: &str) -> Option<Self> {
        let first = |count: usize| pan.get(..count).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
        if CARTES_BANCAIRES.contains(&pan) || programmable::is_cartes_bancaires(pan) {
            return Some(Self::CartesBancaires);
        }
        Some(match (first(1), first(2), first(3), first(4)) {
            (4, ..) => Self::Visa,
            (_, 51..=55, ..) | (_, _, _, 2221..=2720) => Self::Mastercard,
            (_, 34 | 37, ..) => Self::Amex,
            (_, 36 | 38 | 39, ..) | (_, _, 300..=305, _) => Self::Diners,
            (_, 65, ..) | (_, _, 644..=649, _) | (_, _, _, 6011) => Self::Discover,
            (_, _, _, 3528..=3589) => Self::Jcb,
            (_, 62, ..) => Self::Upi,
            _ => return None,
        })
    }

    /// The cardholder's choice on a co-badged card: Cartes Bancaires with Visa or Mastercard.
    /// A choice that the number cannot bear is left aside.
    pub(super) fn chosen(self, pan: &str, wish: Option<&str>) -> Self {
        match (wish, pan.as_bytes().first()) {
            (Some("cartes_bancaires"), Some(b'2' | b'4' | b'5')) => Self::CartesBancaires,
            (Some("visa"), Some(b'4')) => Self::Visa,
            (Some("mastercard"), Some(b'2' | b'5')) => Self::Mastercard,
            _ => self,
        }
    }

    /// The word on the wire.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Visa => "visa",
            Self::Mastercard => "mastercard",
            Self::Amex => "amex",
            Self::Diners => "diners",
            Self::Discover => "discover",
            Self::Jcb => "jcb",
            Self::Upi => "upi",
            Self::CartesBancaires => "cartes_bancaires",
        }
    }

    /// What the scheme calls 3-D Secure, for the bank's page.
    pub(super) fn programme(self) -> &'static str {
        match self {
            Self::Visa => "Visa Secure",
            Self::Mastercard => "Mastercard Identity Check",
            Self::Amex => "American Express SafeKey",
            Self::Diners | Self::Discover => "ProtectBuy",
            Self::Jcb => "J/Secure",
            Self::Upi => "UnionPay 3-D Secure",
            Self::CartesBancaires => "Fast'R by CB",
        }
    }

    /// First and last number of the range that a directory server lists: none of them is a card's.
    pub(super) fn card_range(self) -> (&'static str, &'static str) {
        match self {
            Self::Visa => ("4000000000000000", "4999999999999999"),
            Self::Mastercard => ("5100000000000000", "5599999999999999"),
            Self::Amex => ("340000000000000", "379999999999999"),
            Self::Diners => ("36000000000000", "39999999999999"),
            Self::Discover => ("6011000000000000", "6599999999999999"),
            Self::Jcb => ("3528000000000000", "3589999999999999"),
            Self::Upi => ("6200000000000000", "6299999999999999"),
            Self::CartesBancaires => ("4970110000000000", "4970119999999999"),
        }
    }

    /// Registered application provider id: `ds.ds_id`.
    pub(super) fn ds_id(self) -> &'static str {
        match self {
            Self::Visa => "A000000003",
            Self::Mastercard => "A000000004",
            Self::Amex => "A000000025",
            Self::Diners | Self::Discover => "A000000152",
            Self::Jcb => "A000000065",
            Self::Upi => "A000000333",
            Self::CartesBancaires => "A000000042",
        }
    }

    /// `ds.reference_number`, at most 32 characters.
    pub(super) fn ds_reference(self) -> &'static str {
        match self {
            Self::Visa => "SANDBOX-DS-VISA-0001",
            Self::Mastercard => "SANDBOX-DS-MASTERCARD-0001",
            Self::Amex => "SANDBOX-DS-AMEX-0001",
            Self::Diners => "SANDBOX-DS-DINERS-0001",
            Self::Discover => "SANDBOX-DS-DISCOVER-0001",
            Self::Jcb => "SANDBOX-DS-JCB-0001",
            Self::Upi => "SANDBOX-DS-UPI-0001",
            Self::CartesBancaires => "SANDBOX-DS-CB-0001",
        }
    }

    /// First byte of a cryptogram of 3DS2. Source: emv-3ds.md 3.4.
    pub(super) fn cryptogram_byte(self, pan: &str) -> u8 {
        if self.counts_like_mastercard(pan) { 0x90 } else { 0x07 }
    }

    /// First byte of a cryptogram of 3DS1: Mastercard's text starts with `j`, for an attempt
    /// with `h`. Source: emv-3ds.md 3.4.
    pub(super) fn legacy_byte(self, pan: &str, attempted: bool) -> u8 {
        match (self.counts_like_mastercard(pan), attempted) {
            (true, true) => 0x86,
            (true, false) => 0x8e,
            (false, _) => 0x00,
        }
    }

    /// Mastercard, and Cartes Bancaires on a Mastercard range.
    fn counts_like_mastercard(self, pan: &str) -> bool {
        match self {
            Self::Mastercard => true,
            Self::CartesBancaires => !pan.starts_with('4'),
            _ => false,
        }
    }

    /// The electronic commerce indicator of a final result. Source: emv-3ds.md 3.3,
    /// which product.md puts before sessions-api.md 4.5.
    pub(super) fn eci(self, pan: &str, about: Eci) -> &'static str {
        let Eci { status, information, exemption, non_payment, recurring } = about;
        let mastercard = self.counts_like_mastercard(pan);
        match (status, information) {
            (Status::Approved, false) if self == Self::Mastercard && recurring => "07",
            (Status::Approved, true) if mastercard && exemption => "06",
            (Status::Approved, true) if mastercard => "04",
            (Status::Approved, true) => "07",
            (Status::Approved, false) if self == Self::Mastercard && non_payment => "N2",
            (Status::Approved, false) if mastercard => "02",
            (Status::Approved, false) => "05",
            (Status::Attempted, _) if mastercard => "01",
            (Status::Attempted, _) => "06",
            _ if self == Self::Mastercard && non_payment => "N0",
            _ if mastercard => "00",
            _ => "07",
        }
    }
}

/// What an ECI depends on, besides the scheme.
#[derive(Debug, Clone, Copy)]
pub(super) struct Eci {
    pub(super) status: Status,
    /// The issuer only took note (`I`).
    pub(super) information: bool,
    /// The merchant asked for an exemption.
    pub(super) exemption: bool,
    pub(super) non_payment: bool,
    /// The merchant acts alone, on a recurring plan.
    pub(super) recurring: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::luhn;

    #[test]
    fn every_published_number_is_a_card_number_with_a_scheme() {
        let tables = FRICTIONLESS.iter().chain(CHALLENGED).flat_map(|(_, numbers)| numbers.iter());
        let lists =
            [FRICTIONLESS_WITHOUT_METHOD, CHALLENGED_WITHOUT_METHOD, CARD_NOT_ENROLLED, ISSUER_NOT_ENROLLED, NEVER];
        let legacy = LEGACY.iter().flat_map(|(_, numbers)| numbers.iter());
        for pan in tables.chain(lists.into_iter().flatten()).chain(legacy) {
            assert!(luhn(pan.as_bytes()), "{pan}");
            assert!(Scheme::of(pan).is_some(), "{pan}");
        }
    }
}
