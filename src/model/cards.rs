//! The vendor's published test cards and what each leads to. The console's own list, for
//! the picker and for telling a test number from a real one; the sandbox keeps another.
//! Source: sessions-api.md 7.1–7.3.

use super::secret::luhn;

/// What a test card leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// `approved`.
    Approved,
    /// `attempted`.
    Attempted,
    /// `declined`.
    Declined,
    /// `rejected`.
    Rejected,
    /// `unavailable`.
    Unavailable,
    /// `unavailable`, after an error between the schemes' servers.
    SchemeError,
    /// 403 `card_not_enrolled`, or 3DS 1 where it is on.
    NotEnrolled,
}

impl Ending {
    /// The wire's word for the status, or the error code.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Attempted => "attempted",
            Self::Declined => "declined",
            Self::Rejected => "rejected",
            Self::Unavailable | Self::SchemeError => "unavailable",
            Self::NotEnrolled => "card_not_enrolled",
        }
    }

    /// What happens, in plain words.
    pub fn plain(self) -> &'static str {
        match self {
            Self::Approved => "The bank says yes",
            Self::Attempted => "The bank could not check, but gives a receipt",
            Self::Declined => "The bank says no",
            Self::Rejected => "The bank asks not to try",
            Self::Unavailable => "The bank cannot check now",
            Self::SchemeError => "An error between the schemes' servers",
            Self::NotEnrolled => "The card is not in 3-D Secure 2",
        }
    }
}

/// One published card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestCard {
    /// All digits.
    pub number: &'static str,
    /// `visa`.
    pub scheme: &'static str,
    /// True if the bank asks the shopper.
    pub challenge: bool,
    /// The issuer has no 3DS Method URL.
    pub without_method: bool,
    /// How it ends (after the right password, if the bank asks).
    pub ending: Ending,
}

const fn card(number: &'static str, scheme: &'static str, challenge: bool, ending: Ending) -> TestCard {
    TestCard { number, scheme, challenge, without_method: false, ending }
}

const fn no_method(number: &'static str, scheme: &'static str, challenge: bool) -> TestCard {
    TestCard { number, scheme, challenge, without_method: true, ending: Ending::Approved }
}

use Ending::{Approved, Attempted, Declined, NotEnrolled, Rejected, SchemeError, Unavailable};

/// All of them: those with a challenge first, by ending.
pub const CARDS: &[TestCard] = &[
    card("4242424242424242", "visa", true, Approved),
    card("4010061700000021", "visa", true, Approved),
    card("5385308360135181", "mastercard", true, Approved),
    card("372688581899681", "amex", true, Approved),
    card("4152868552773614", "visa", true, Attempted),
    card("5518832400606463", "mastercard", true, Attempted),
    card("346126139326850", "amex", true, Attempted),
    card("4243754271700719", "visa", true, Declined),
    card("5258901507741160", "mastercard", true, Declined),
    card("4870527017700692", "visa", true, Rejected),
    card("4150561000000019", "visa", true, Rejected),
    card("5484482393204262", "mastercard", true, Rejected),
    card("375982239796002", "amex", true, Rejected),
    card("4447336775378848", "visa", true, Unavailable),
    card("5569757734785691", "mastercard", true, Unavailable),
    card("4539929207120660", "visa", true, SchemeError),
    card("5572408422189334", "mastercard", true, SchemeError),
    no_method("4485597929486000", "visa", true),
    no_method("5259410220714099", "mastercard", true),
    no_method("372310461284948", "amex", true),
    no_method("36138956596288", "diners", true),
    no_method("3528682570029332", "jcb", true),
    no_method("4309485283564188", "cartes_bancaires", true),
    no_method("5566944761698186", "cartes_bancaires", true),
    card("4485040371536584", "visa", false, Approved),
    card("5588686116426417", "mastercard", false, Approved),
    card("345678901234564", "amex", false, Approved),
    card("4543474002249996", "visa", false, Approved),
    card("5436031030606378", "mastercard", false, Approved),
    card("5199992312641465", "mastercard", false, Approved),
    card("4556574722325580", "visa", false, Attempted),
    card("5558468902774508", "mastercard", false, Attempted),
    card("4539628347117863", "visa", false, Declined),
    card("5309961755464047", "mastercard", false, Declined),
    card("371064645462927", "amex", false, Declined),
    card("4275765574319271", "visa", false, Rejected),
    card("5596061690670931", "mastercard", false, Rejected),
    card("343397288296672", "amex", false, Rejected),
    card("4024007186645015", "visa", false, Unavailable),
    card("5234106378657904", "mastercard", false, Unavailable),
    card("4452927588210665", "visa", false, SchemeError),
    card("5291144083573579", "mastercard", false, SchemeError),
    no_method("4556085951507152", "visa", false),
    no_method("5121073611487018", "mastercard", false),
    no_method("340282533032846", "amex", false),
    no_method("36747880216043", "diners", false),
    no_method("3528982710432481", "jcb", false),
    no_method("4319863787850170", "cartes_bancaires", false),
    no_method("5177328035476275", "cartes_bancaires", false),
    card("3530111333300000", "jcb", false, NotEnrolled),
    card("4532432452900131", "visa", false, NotEnrolled),
];

/// Published numbers of 3DS 1 and of cards and issuers that are not enrolled: test
/// numbers too, offered once 3DS 1 can be driven.
const OTHERS: &[&str] = &[
    "4484070000035519",
    "5352151570003404",
    "378282246310005",
    "4820285375797526",
    "5424583292508738",
    "4929640381570541",
    "5507979147594255",
    "4024007177756441",
    "5407929162375891",
    "4916734820332269",
    "5227027824683493",
    "5324440216201760",
];

/// The published card with this number (digits only).
pub fn find(number: &str) -> Option<&'static TestCard> {
    CARDS.iter().find(|card| card.number == number)
}

/// True if this is a published or a programmable test number (digits only). Source: trust.md R35.
pub fn is_test_number(number: &str) -> bool {
    find(number).is_some() || OTHERS.contains(&number) || is_programmable(number)
}

/// First digits and lengths of programmable numbers. Source: emv-3ds.md 6.1.
const PROGRAMMABLE: [(&str, usize); 7] =
    [("400011", 16), ("520011", 16), ("340011", 15), ("352811", 16), ("601111", 16), ("360011", 14), ("497011", 16)];

/// True if this number names a scenario of our own sandbox: first digits, zeros, `SSS v m` and
/// the check digit. Such numbers are nobody's but ours, so they never go to production.
pub fn is_programmable(number: &str) -> bool {
    let shaped = PROGRAMMABLE.iter().any(|(first, length)| {
        let zeros = number.get(first.len()..length.saturating_sub(6));
        number.len() == *length
            && number.starts_with(first)
            && zeros.is_some_and(|zeros| zeros.bytes().all(|b| b == b'0'))
    });
    shaped && luhn(number.as_bytes())
}

/// True if a text holds a programmable number, standing alone.
pub fn holds_programmable(text: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_digit()).any(is_programmable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_number_has_a_right_check_digit_and_stands_once() {
        let mut all: Vec<&str> = CARDS.iter().map(|card| card.number).chain(OTHERS.iter().copied()).collect();
        for number in &all {
            assert!(luhn(number.as_bytes()), "{number}");
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    /// Source: emv-3ds.md 6.1, the table's corners.
    #[test]
    fn programmable_numbers_are_known_by_their_shape() {
        for number in ["4000110000001007", "340011000071916", "36001100021027", "4970110000071915"] {
            assert!(is_test_number(number) && is_programmable(number), "{number}");
        }
        for number in ["4000110000001008", "4000110100001005", "400011000001007", "4242424242424242", "4000", ""] {
            assert!(!is_programmable(number), "{number}");
        }
        assert!(holds_programmable("{\"number\":\"4000110000001007\"}"));
        assert!(!holds_programmable("{\"number\":\"4242424242424242\"}"));
    }
}
