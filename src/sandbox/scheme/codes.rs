//! Words of the API as codes of the protocol. Pure tables. Source: emv-3ds.md 3.5, 3.6.

use crate::model::codes;
pub(in crate::sandbox) use crate::model::codes::currency_number as numeric;
pub(super) use crate::model::codes::{is_excluded_country, is_excluded_currency};
use crate::model::scenario::Version;

/// True for a currency code in use.
pub(in crate::sandbox) fn is_currency(code: &str) -> bool {
    codes::exponent(code).is_some()
}

/// Minor units: digits after the point; 2 if nobody knows.
pub(in crate::sandbox) fn exponent(currency: &str) -> u32 {
    codes::exponent(currency).unwrap_or(2)
}

/// Error codes of the protocol, with what they mean. Source: emv-3ds.md 3.7.
pub(super) const ERRORS: &[(&str, &str)] = &[
    ("101", "The message of the other side was not valid"),
    ("102", "The message version is not supported"),
    ("103", "Too many requests for card ranges"),
    ("201", "A required element is missing"),
    ("202", "A critical extension was not understood"),
    ("203", "The format or value of an element is invalid"),
    ("204", "An element is there twice"),
    ("205", "Card ranges overlap"),
    ("206", "The action of a card range is invalid"),
    ("207", "A reserved value was used"),
    ("301", "The transaction id is not known"),
    ("302", "The data could not be decrypted"),
    ("303", "Access was denied, or the address is invalid"),
    ("304", "An ISO code is invalid or excluded"),
    ("305", "The transaction data are not valid"),
    ("306", "The merchant category code is invalid"),
    ("307", "The serial number is invalid"),
    ("308", "The signature of the SDK server failed"),
    ("309", "The content security policy failed validation"),
    ("310", "The cryptographic algorithm is wrong"),
    ("311", "The key id is wrong or missing"),
    ("312", "The message came twice"),
    ("313", "A result came though no challenge was asked for"),
    ("314", "A second challenge request is not supported"),
    ("315", "A challenge request came after the result"),
    ("402", "The issuer did not answer in time"),
    ("403", "The other side failed for a moment"),
    ("404", "The other side failed for good"),
    ("405", "The issuer could not be reached"),
];

/// The code that says an error in a version: what came with 2.3.1 has an older word before.
/// Source: emv-3ds.md 1.8, 3.7.
pub(in crate::sandbox) fn spoken(version: Version, code: &str) -> &str {
    match code {
        _ if version >= Version::V231 => code,
        "205" | "206" | "207" => "203",
        "308" | "310" | "311" => "302",
        "309" => "404",
        "312" | "313" => "301",
        "314" | "315" => "305",
        older => older,
    }
}

/// What an error code means.
pub(in crate::sandbox) fn description(code: &str) -> &'static str {
    ERRORS.iter().find(|(known, _)| *known == code).map_or("The message of the other side was not valid", |row| row.1)
}

/// All two-digit codes, one after the other.
const TWO_DIGITS: &str = "\
    00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051\
    525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/// A code of two characters as one that lives for ever; `None` for what is no code.
pub(in crate::sandbox) fn interned(code: &str) -> Option<&'static str> {
    match code {
        "N0" => Some("N0"),
        "N2" => Some("N2"),
        _ if code.len() == 2 => {
            let place: usize = code.parse().ok()?;
            TWO_DIGITS.get(place * 2..place * 2 + 2).filter(|known| *known == code)
        }
        _ => None,
    }
}

/// Source: emv-3ds.md 3.5.
pub(in crate::sandbox) fn challenge_indicator(word: &str) -> &'static str {
    match word {
        "no_challenge_requested" => "02",
        "challenge_requested" => "03",
        "challenge_requested_mandate" => "04",
        "transaction_risk_assessment" => "05",
        "data_share" => "06",
        "trusted_listing" => "08",
        "trusted_listing_prompt" => "09",
        "low_value" => "10",
        "secure_corporate_payment" => "11",
        _ => "01",
    }
}

/// Source: emv-3ds.md 3.6.
pub(in crate::sandbox) fn requestor_indicator(authentication_type: &str) -> &'static str {
    match authentication_type {
        "recurring" => "02",
        "installment" => "03",
        "add_card" => "04",
        "maintain_card" => "05",
        _ => "01",
    }
}

/// Source: emv-3ds.md 3.6.
pub(in crate::sandbox) fn transaction_type(word: &str) -> &'static str {
    match word {
        "check_acceptance" => "03",
        "account_funding" => "10",
        "quasi_card_transaction" => "11",
        "prepaid_activation_and_load" => "28",
        _ => "01",
    }
}

/// `threeRIInd`; `None` where the version has no code for it. Source: emv-3ds.md 1.8, 3.6.
pub(super) fn merchant_indicator(request_type: &str, version: Version) -> Option<&'static str> {
    let code = match request_type {
        "recurring_transaction" => "01",
        "installment_transaction" => "02",
        "add_card" => "03",
        "maintain_card_information" => "04",
        "account_verification" => "05",
        "split_or_delayed_shipment" => "06",
        "top_up" => "07",
        "mail_order" => "08",
        "telephone_order" => "09",
        "whitelist_status_check" => "10",
        _ => "11",
    };
    (code <= last_merchant_indicator(version)).then_some(code)
}

/// The highest `threeRIInd` of a version. Source: emv-3ds.md 1.8.
pub(super) fn last_merchant_indicator(version: Version) -> &'static str {
    match version {
        Version::V102 | Version::V210 => "05",
        Version::V220 => "11",
        Version::V231 => "19",
    }
}

/// `threeDSReqPriorAuthMethod`; `None` for a word that the API does not have. Source:
/// emv-3ds.md 3.6, sessions-api.md 3.9.
pub(super) fn prior_method(word: &str) -> Option<&'static str> {
    Some(match word {
        "frictionless_authentication" | "frictionless" => "01",
        "challenge_occurred" => "02",
        "avs_verified" => "03",
        "other_issuer_methods" => "04",
        _ => return None,
    })
}
