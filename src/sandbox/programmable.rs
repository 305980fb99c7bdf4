//! Programmable card numbers: six digits of a bank, zeros, then `SSS v m` and the check digit.
//!
//! `SSS` is a scenario, `v` the versions that the range speaks, `m` the issuer's 3DS Method
//! page. A number whose scenario is in the deck brings that file's whole script (`arm`); what
//! stands here answers for the other numbers, and for what the script leaves open. Pure.
//! Source: emv-3ds.md 6.1, 6.3.

use super::cards::{Flow, Legacy, Method, Outcome, Range, Versions};
use crate::model::secret::luhn;

/// First digits and length.
const BANKS: &[(&str, usize)] = &[
    ("400011", 16),
    ("520011", 16),
    ("340011", 15),
    ("352811", 16),
    ("601111", 16),
    ("360011", 14),
    (CARTES_BANCAIRES, 16),
];
const CARTES_BANCAIRES: &str = "497011";

/// `SSS`, `v`, `m`; `None` for any other number.
fn parse(pan: &str) -> Option<(u16, u8, u8)> {
    let (bank, length) = BANKS.iter().find(|(bank, _)| pan.starts_with(bank))?;
    let program = pan.len().checked_sub(6)?;
    let zeros = pan.get(bank.len()..program)?;
    if pan.len() != *length || zeros.bytes().any(|byte| byte != b'0') || !luhn(pan.as_bytes()) {
        return None;
    }
    let digits = pan.get(program..program + 5)?;
    Some((digits[..3].parse().ok()?, digits[3..4].parse().ok()?, digits[4..].parse().ok()?))
}

/// True for a programmable number of Cartes Bancaires.
pub(super) fn is_cartes_bancaires(pan: &str) -> bool {
    pan.starts_with(CARTES_BANCAIRES) && parse(pan).is_some()
}

/// The scenario that a programmable number names.
pub(super) fn scenario(pan: &str) -> Option<u16> {
    parse(pan).map(|(scenario, ..)| scenario)
}

/// What a programmable number asks for; `None` for any other number.
pub(super) fn range(pan: &str) -> Option<Range> {
    let (scenario, versions, method) = parse(pan)?;
    let (flow, reason) = flow(scenario);
    Some(Range {
        flow,
        reason,
        method: match method {
            1 => Method::Absent,
            2 => Method::Silent,
            3 => Method::Broken,
            4 => Method::Late,
            _ => Method::Present,
        },
        versions: match versions {
            1 => Versions::Only("2.1.0"),
            2 => Versions::Only("2.2.0"),
            3 => Versions::Only("2.3.1"),
            9 => Versions::None,
            _ => Versions::All,
        },
        legacy: legacy(scenario),
    })
}

/// The answer of a scenario, and its reason or error code where it names one.
fn flow(scenario: u16) -> (Flow, Option<&'static str>) {
    use Outcome::{Approved, Attempted, Declined, Rejected, SchemeError, Unavailable};
    let front = Flow::Frictionless;
    let back = Flow::Challenge;
    let (flow, reason) = match scenario {
        1 | 16 | 17 | 44..=48 | 50 | 67 | 91 | 92 | 96 | 97 | 105 | 108 | 115 | 117 | 130 | 141 | 145..=148 | 150 => {
            (front(Approved), "")
        }
        2 | 54 => (front(Attempted), ""),
        3 => (front(Attempted), "13"),
        4 | 142 => (front(Declined), "01"),
        5 => (front(Declined), "04"),
        6 => (front(Declined), "05"),
        7 => (front(Declined), "08"),
        13 => (front(Declined), "15"),
        18 => (front(Declined), "20"),
        84 => (front(Declined), "23"),
        85 => (front(Declined), "25"),
        8 => (front(Rejected), "11"),
        9 => (front(Rejected), "10"),
        10 => (front(Rejected), "12"),
        11 | 55 => (front(Unavailable), "22"),
        12 | 129 => (front(Unavailable), "03"),
        15 => (front(Unavailable), "80"),
        93 => (front(Unavailable), "21"),
        14 | 101 | 103 | 109 | 110 => (Flow::Informed, ""),
        31 | 65 => (back(Declined), "01"),
        34 => (back(Rejected), "11"),
        35 | 127 => (back(Unavailable), "22"),
        36 => (back(Attempted), ""),
        52 | 112 => (front(SchemeError), "405"),
        53 => (front(SchemeError), "402"),
        56 => (front(SchemeError), "101"),
        57 | 62 | 114 => (front(SchemeError), "201"),
        58 => (front(SchemeError), "301"),
        59 | 116 => (front(SchemeError), "102"),
        60 => (front(SchemeError), "202"),
        61 | 94 => (front(SchemeError), "203"),
        81 | 83 | 95 => (Flow::Decoupled(Approved), ""),
        82 => (Flow::Decoupled(Declined), "01"),
        _ => (back(Approved), ""),
    };
    (flow, (!reason.is_empty()).then_some(reason))
}

fn legacy(scenario: u16) -> Legacy {
    match scenario {
        72 => Legacy::Answer(Outcome::Declined),
        73 => Legacy::Answer(Outcome::Attempted),
        74 => Legacy::Answer(Outcome::Unavailable),
        75 => Legacy::NotEnrolled,
        76 => Legacy::Unknown,
        77 => Legacy::BadSignature,
        78 => Legacy::OtherXid,
        _ => Legacy::Answer(Outcome::Approved),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::cards::Scheme;

    #[test]
    fn the_numbers_of_the_catalogue_are_read() {
        for (pan, scheme, expected) in [
            ("4000110000001007", "visa", (1, 0, 0)),
            ("4000110000021203", "visa", (21, 2, 0)),
            ("5200110000021026", "mastercard", (21, 0, 2)),
            ("340011000071916", "amex", (71, 9, 1)),
            ("3528110000002000", "jcb", (2, 0, 0)),
            ("6011110000071911", "discover", (71, 9, 1)),
            ("36001100021027", "diners", (21, 0, 2)),
            ("4970110000071915", "cartes_bancaires", (71, 9, 1)),
        ] {
            assert_eq!(parse(pan), Some(expected), "{pan}");
            assert_eq!(Scheme::of(pan).map(Scheme::word), Some(scheme), "{pan}");
        }
        for pan in ["4000110000001008", "4000110100001005", "400011000001007", "4242424242424242"] {
            assert_eq!(parse(pan), None, "{pan}");
        }
    }
}
