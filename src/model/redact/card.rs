//! The card-number detector: 12 to 19 digits, single spaces or dashes between them, an
//! issuer's range with a length that fits it, the check digit, and no letter or digit on
//! either side. Published test numbers are not found. Source: trust.md R34, R35.

use std::ops::Range;

use crate::model::cards::is_test_number;
use crate::model::secret::luhn;

/// Digits of the shortest number.
pub(super) const SHORTEST: usize = 12;
const LONGEST: usize = 19;

/// First digits (lowest and highest, equally many) and lengths. Source: the schemes'
/// published ranges (ISO/IEC 7812 issuer identification numbers).
const RANGES: &[(u32, u32, &[usize])] = &[
    (4, 4, &[13, 16, 18, 19]),                   // Visa
    (51, 55, &[16]),                             // Mastercard
    (2221, 2720, &[16]),                         // Mastercard
    (34, 34, &[15]),                             // American Express
    (37, 37, &[15]),                             // American Express
    (300, 305, &[14, 15, 16, 17, 18, 19]),       // Diners Club
    (3095, 3095, &[14, 15, 16, 17, 18, 19]),     // Diners Club
    (36, 36, &[14, 15, 16, 17, 18, 19]),         // Diners Club
    (38, 39, &[14, 15, 16, 17, 18, 19]),         // Diners Club
    (3528, 3589, &[16, 17, 18, 19]),             // JCB
    (60, 60, &[16, 17, 18, 19]),                 // Discover, RuPay, Hipercard
    (64, 65, &[16, 17, 18, 19]),                 // Discover, RuPay, Elo
    (62, 62, &[16, 17, 18, 19]),                 // UnionPay
    (81, 82, &[16, 17, 18, 19]),                 // UnionPay, RuPay
    (50, 50, &[12, 13, 14, 15, 16, 17, 18, 19]), // Maestro, Elo, Verve
    (56, 58, &[12, 13, 14, 15, 16, 17, 18, 19]), // Maestro
    (63, 63, &[12, 13, 14, 15, 16, 17, 18, 19]), // Maestro, InterPayment, Elo
    (67, 67, &[12, 13, 14, 15, 16, 17, 18, 19]), // Maestro
    (2200, 2204, &[16, 17, 18, 19]),             // Mir
    (9792, 9792, &[16]),                         // Troy
];

/// A number that was found: where each digit stands.
pub(super) struct Number {
    digits: Vec<usize>,
}

impl Number {
    /// What to mask: the digits between the first six and the last four, or all of it.
    pub(super) fn hidden(&self, single: bool) -> impl Iterator<Item = Range<usize>> {
        let last = self.digits.len().saturating_sub(4);
        let inner = self.digits.get(6.min(last)..last).unwrap_or_default();
        let whole = self.digits.first().zip(self.digits.last()).map(|(first, last)| *first..last + 1);
        let each = inner.iter().filter(move |_| single).map(|at| *at..at + 1);
        each.chain(whole.filter(|_| !single))
    }
}

/// The digits of a value that is a number and nothing else; test numbers are not told apart.
pub(super) fn only(bytes: &[u8]) -> Option<Number> {
    let digits: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()).collect();
    let rest = bytes.iter().filter(|byte| !byte.is_ascii_digit()).all(|byte| matches!(byte, b' ' | b'-' | b'+'));
    (rest && (SHORTEST..=LONGEST).contains(&digits.len())).then_some(Number { digits })
}

/// True if these digits are a published test number.
pub(super) fn is_published(bytes: &[u8]) -> bool {
    is_test_number(&bytes.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| char::from(*byte)).collect::<String>())
}

/// All card numbers that are not published test numbers.
pub(super) fn find(bytes: &[u8]) -> Vec<Number> {
    let uuids = uuids(bytes);
    let in_uuid = |group: &Group| uuids.iter().any(|uuid| uuid.contains(&group.range.start));
    let groups: Vec<Group> = groups(bytes).into_iter().filter(|group| !in_uuid(group)).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < groups.len() {
        at = match longest(bytes, &groups[at..]) {
            Some((used, number)) => {
                found.extend(number);
                at + used
            }
            None => at + 1,
        };
    }
    found
}

/// Where UUIDs stand (8-4-4-4-12 hexadecimal digits): transaction ids, whose digits look
/// like a card number once in some thousand.
fn uuids(bytes: &[u8]) -> Vec<Range<usize>> {
    const LENGTH: usize = 36;
    let dashes = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'-');
    let starts = dashes.filter_map(|(at, _)| at.checked_sub(8));
    let shaped = starts.filter(|start| {
        let Some(text) = bytes.get(*start..start + LENGTH) else { return false };
        let fits = |(at, byte): (usize, &u8)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        text.iter().enumerate().all(fits) && free_front(&bytes[..*start]) && free_back(&bytes[start + LENGTH..])
    });
    shaped.map(|start| start..start + LENGTH).collect()
}

/// A stretch of digits.
struct Group {
    range: Range<usize>,
    /// Joined to the one before by a single space or dash.
    joined: bool,
    /// No letter touches its front, its back.
    free: (bool, bool),
}

fn groups(bytes: &[u8]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let range = at..at + length;
        let joined = at > 0
            && matches!(bytes[at - 1], b' ' | b'-')
            && groups.last().is_some_and(|before| before.range.end + 1 == at);
        let free = (free_front(&bytes[..at]), free_back(&bytes[range.end..]));
        at = range.end;
        groups.push(Group { range, joined, free });
    }
    groups
}

fn wordy(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// A fraction's digits are no card number.
fn free_front(before: &[u8]) -> bool {
    match before {
        [.., digit, b'.'] => !digit.is_ascii_digit(),
        [.., byte] => !wordy(*byte),
        [] => true,
    }
}

fn free_back(after: &[u8]) -> bool {
    match after {
        [b'.', digit, ..] => !digit.is_ascii_digit(),
        [byte, ..] => !wordy(*byte),
        [] => true,
    }
}

/// The longest number that begins with the first group: how many groups it takes, and
/// the number unless it is published.
fn longest(bytes: &[u8], groups: &[Group]) -> Option<(usize, Option<Number>)> {
    let first = groups.first().filter(|group| group.free.0 && group.range.len() <= LONGEST)?;
    let mut digits: Vec<usize> = Vec::new();
    let mut best = None;
    for (count, group) in groups.iter().enumerate() {
        if (count > 0 && !group.joined) || digits.len() + group.range.len() > LONGEST {
            break;
        }
        digits.extend(group.range.clone());
        if digits.len() < SHORTEST || !group.free.1 {
            continue;
        }
        let text: Vec<u8> = digits.iter().map(|at| bytes[*at]).collect();
        if is_published(&text) {
            return Some((count + 1, None));
        }
        if in_range(&text) && luhn(&text) {
            best = Some((count + 1, Some(Number { digits: digits.clone() })));
        }
    }
    best.filter(|_| !first.range.is_empty())
}

fn in_range(digits: &[u8]) -> bool {
    RANGES.iter().any(|(low, high, lengths)| {
        let width = low.to_string().len();
        let start = digits.iter().take(width).fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        lengths.contains(&digits.len()) && (*low..=*high).contains(&start)
    })
}
