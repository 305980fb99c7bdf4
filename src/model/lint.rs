//! Advice before sending: the *pre* rules of emv-3ds.md 8, each with its reason and, where
//! one exists, the edit that mends it. They never block.

use super::draft::Draft;
use super::finding::{Around, Finding};

/// All that the rules say about a draft, in the order of their numbers.
pub fn check(_draft: &Draft, _around: &Around<'_>) -> Vec<Finding> {
    Vec::new()
}
