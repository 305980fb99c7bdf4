//! Where the body viewer finds what a member means.

pub use crate::model::meaning::of_row as member;
