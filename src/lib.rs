//! Sessions Console: testing 3-D Secure through the Sessions API. The code map, in
//! reading order:
//!
//! - [`model`] — what the program knows: data and rules, nothing that acts
//! - [`bus`] — all that can be asked, all that can happen
//! - [`clock`] — time, handed in
//! - [`export`] — a recorded run as text for others
//! - [`serve`] — a guarded loopback server
//! - [`ui`] — what is on the screen

pub mod bus;
pub mod clock;
pub mod export;
pub mod model;
pub mod serve;
pub mod ui;
