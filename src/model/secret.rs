//! Values that cannot be printed. [`Secret`] and [`Pan`] have no `Display` and no
//! `Serialize`; `Debug` shows a mask; reading needs `expose()`, whose callers
//! `tests/architecture.rs` keeps to a fixed list (trust.md R31). The buffer is wiped
//! when dropped; copies inside TLS, HTTP and font code are beyond our reach (R40).

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A client secret, access token, session secret or key.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself. The only way out.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True if there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares in constant time, so that an answer's delay tells nothing.
    pub fn matches(&self, other: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(other).into()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.0.as_bytes())
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("••••")
    }
}

/// A card number: digits only. `Debug` shows the first six and last four.
#[derive(Clone, PartialEq, Eq)]
pub struct Pan(Zeroizing<String>);

impl Pan {
    /// Keeps the digits of `text`; `None` unless there are 12 to 19 of them.
    /// Spaces and dashes between digits are dropped. Luhn is not asked for: testers
    /// send wrong numbers on purpose.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let fits = (12..=19).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| Self(Zeroizing::new(digits)))
    }

    /// All digits. The only way out.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The first six and last four digits, a bullet for each one between.
    pub fn masked(&self) -> String {
        mask_digits(&self.0)
    }

    /// True if the check digit is right (ISO/IEC 7812-1, annex B).
    pub fn luhn(&self) -> bool {
        luhn(self.0.as_bytes())
    }
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// First six and last four of `digits`, bullets between.
pub fn mask_digits(digits: &str) -> String {
    let hidden = digits.len().saturating_sub(4);
    digits.chars().enumerate().map(|(i, c)| if (6..hidden).contains(&i) { '•' } else { c }).collect()
}

/// True if the last of these ASCII digits is the right check digit.
pub fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            if i % 2 == 0 {
                digit
            } else if digit > 4 {
                digit * 2 - 9
            } else {
                digit * 2
            }
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_what_it_holds() {
        let secret = Secret::new("s3cr3t-value");
        let pan = Pan::parse("4000 0566-5566 5556").expect("sixteen digits");
        let shown = format!("{secret:?} {pan:?} {}", pan.masked());
        assert!(!shown.contains("s3cr3t"));
        assert!(!shown.contains("056655665556"), "{shown}");
        assert_eq!(pan.masked(), "400005••••••5556");
    }

    #[test]
    fn luhn_tells_a_slip_of_one_digit() {
        assert!(Pan::parse("4242424242424242").expect("digits").luhn());
        assert!(!Pan::parse("4242424242424241").expect("digits").luhn());
        assert!(Pan::parse("42424242").is_none());
    }
}
