//! The published test cards, card schemes, and the values that follow from a scheme.
//!
//! A card number decides flow and outcome; a number that is not listed is challenged
//! and then succeeds. Pure tables: no state, no clock.
//! Source: sessions-api.md 7.1-7.3, emv-3ds.md 3.3 and 3.4.

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

/// What happens to a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Frictionless(Outcome),
    Challenge(Outcome),
    CardNotEnrolled,
    IssuerNotEnrolled,
}

/// What is known about the range of a card number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) flow: Flow,
    /// Whether the issuer has a 3DS Method page.
    pub(super) method_url: bool,
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
const CARD_NOT_ENROLLED: &[&str] =
    &["4484070000035519", "5352151570003404", "378282246310005", "3530111333300000", "4532432452900131"];
const ISSUER_NOT_ENROLLED: &[&str] = &["4820285375797526", "5424583292508738"];

/// Source: sessions-api.md 7.1, 7.2: the four numbers in the column "Other".
const CARTES_BANCAIRES: &[&str] = &["4319863787850170", "5177328035476275", "4309485283564188", "5566944761698186"];

/// Looks a card number up.
pub(super) fn range(pan: &str) -> Range {
    let among = |numbers: &[&str]| numbers.contains(&pan);
    let listed = |table: &[(Outcome, &[&str])]| table.iter().find(|(_, numbers)| among(numbers)).map(|row| row.0);
    let with = |flow| Range { flow, method_url: true };
    if among(CARD_NOT_ENROLLED) {
        with(Flow::CardNotEnrolled)
    } else if among(ISSUER_NOT_ENROLLED) {
        with(Flow::IssuerNotEnrolled)
    } else if among(FRICTIONLESS_WITHOUT_METHOD) {
        Range { flow: Flow::Frictionless(Outcome::Approved), method_url: false }
    } else if among(CHALLENGED_WITHOUT_METHOD) {
        Range { flow: Flow::Challenge(Outcome::Approved), method_url: false }
    } else if let Some(outcome) = listed(FRICTIONLESS) {
        with(Flow::Frictionless(outcome))
    } else {
        with(Flow::Challenge(listed(CHALLENGED).unwrap_or(Outcome::Approved)))
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
        if CARTES_BANCAIRES.contains(&pan) {
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

    /// First byte of a cryptogram. Source: emv-3ds.md 3.4.
    pub(super) fn cryptogram_byte(self, pan: &str) -> u8 {
        if self.counts_like_mastercard(pan) { 0x90 } else { 0x07 }
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
        let Eci { status, information, exemption, non_payment } = about;
        let mastercard = self.counts_like_mastercard(pan);
        match (status, information) {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::luhn;

    #[test]
    fn every_published_number_is_a_card_number_with_a_scheme() {
        let tables = FRICTIONLESS.iter().chain(CHALLENGED).flat_map(|(_, numbers)| numbers.iter());
        let lists = [FRICTIONLESS_WITHOUT_METHOD, CHALLENGED_WITHOUT_METHOD, CARD_NOT_ENROLLED, ISSUER_NOT_ENROLLED];
        for pan in tables.chain(lists.into_iter().flatten()) {
            assert!(luhn(pan.as_bytes()), "{pan}");
            assert!(Scheme::of(pan).is_some(), "{pan}");
        }
    }
}
