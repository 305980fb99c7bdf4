//! Amounts and dates as readers of a language expect them. Source of the shapes: CLDR.

use jiff::Timestamp;

use super::Purchase;
use super::words::Bank;
use crate::sandbox::scheme::exponent;

/// Major units without grouping: 6540 USD is `65.40`. What 3DS1 messages carry.
pub(super) fn plain(minor: i64, currency: &str) -> String {
    digits(minor, currency, ".", "")
}

/// With the symbol, for a page: `$1,065.40`, `1.065,40 $`.
pub(super) fn written(purchase: &Purchase, bank: &Bank) -> Option<String> {
    let (minor, currency) = (purchase.amount_minor?, purchase.currency);
    let symbol = symbol(currency, bank.language);
    Some(match bank.language {
        "en" => {
            let gap = if symbol == currency { "\u{a0}" } else { "" };
            format!("{symbol}{gap}{}", digits(minor, currency, ".", ","))
        }
        "de" => format!("{}\u{a0}{symbol}", digits(minor, currency, ",", ".")),
        "fr" => format!("{}\u{a0}{symbol}", digits(minor, currency, ",", "\u{202f}")),
        _ => format!("{}\u{a0}{symbol}", digits(minor, currency, ".", ",")),
    })
}

/// With the currency's code, for a message on a phone: `USD 65.40`, `65,40 USD`.
pub(super) fn coded(purchase: &Purchase, bank: &Bank) -> Option<String> {
    let (minor, currency) = (purchase.amount_minor?, purchase.currency);
    Some(match bank.language {
        "en" | "ar" => format!("{currency} {}", digits(minor, currency, ".", "")),
        _ => format!("{} {currency}", digits(minor, currency, ",", "")),
    })
}

/// The day that a session was made, as it is said.
pub(super) fn day(at: Timestamp, bank: &Bank) -> String {
    let date = at.to_zoned(jiff::tz::TimeZone::UTC);
    let index = usize::try_from(date.month() - 1).unwrap_or(0);
    let month = bank.words.months.get(index).copied().unwrap_or_default();
    let (day, year) = (date.day(), date.year());
    match (bank.language, day) {
        ("de", _) => format!("{day}. {month} {year}"),
        ("fr", 1) => format!("1er {month} {year}"),
        _ => format!("{day} {month} {year}"),
    }
}

fn symbol<'a>(currency: &'a str, language: &str) -> &'a str {
    match (currency, language) {
        ("USD", "fr") => "$US",
        ("USD", "ar") => "US$",
        ("USD", _) => "$",
        ("EUR", _) => "€",
        ("GBP", "fr" | "ar") => "£UK",
        ("GBP", _) => "£",
        (other, _) => other,
    }
}

fn digits(minor: i64, currency: &str, point: &str, group: &str) -> String {
    let places = exponent(currency);
    let unit = 10_i64.pow(places);
    let whole = grouped(minor / unit, group);
    match usize::try_from(places) {
        Ok(places) if places > 0 => format!("{whole}{point}{:0places$}", minor % unit),
        _ => whole,
    }
}

fn grouped(number: i64, separator: &str) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push_str(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, expected) in [(0, "0"), (999, "999"), (1_000, "1 000"), (1_234_567, "1 234 567")] {
            assert_eq!(grouped(number, " "), expected);
        }
    }
}
