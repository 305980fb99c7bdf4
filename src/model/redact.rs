//! The one redactor. (Being written: see trust.md R32–R34.)

use std::ops::Range;

use super::Secret;
use super::exchange::Headers;

/// Whose values are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The embedded sandbox made them: only client secrets, access tokens and real card
    /// numbers are masked (trust.md R33).
    Embedded,
    /// Anybody else: all that R32 names.
    Real,
}

/// Masks secrets and card numbers, byte for byte, so that lengths and offsets stay.
#[derive(Clone)]
pub struct Redactor {
    values: Vec<Secret>,
    origin: Origin,
}

/// Masked bytes, and where the masks are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// As long as what came in.
    pub bytes: Vec<u8>,
    /// Where it was masked, in order.
    pub spans: Vec<Range<usize>>,
}

impl Redactor {
    /// A redactor that knows these live secrets.
    pub fn new(values: impl IntoIterator<Item = Secret>, origin: Origin) -> Self {
        Self { values: values.into_iter().collect(), origin }
    }

    /// Masks a body or any other text.
    pub fn mask(&self, bytes: &[u8]) -> Masked {
        let _ = (&self.values, self.origin);
        Masked { bytes: bytes.to_vec(), spans: Vec::new() }
    }

    /// Masks header values; returns how many were hit.
    pub fn mask_headers(&self, headers: &Headers) -> (Headers, usize) {
        (headers.clone(), 0)
    }
}
