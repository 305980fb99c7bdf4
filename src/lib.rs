//! Sessions Console: testing 3-D Secure through the Sessions API. The code map, in
//! reading order:
//!
//! - [`model`] — what the program knows: data and rules, nothing that acts
//! - [`bus`] — all that can be asked, all that can happen
//! - [`clock`] — time, handed in
//! - [`serve`] — a guarded loopback server
//! - [`listener`] — what the outside world sends back to us
//! - [`store`] — every byte we write to or read from disk
//! - [`runner`] — a deck of scenarios through the engine
//! - [`cli`] — arguments, exit codes, the program without a window

pub mod bus;
pub mod cli;
pub mod client;
pub mod clock;
pub mod engine;
pub mod listener;
pub mod model;
pub mod page;
pub mod runner;
pub mod sandbox;
pub mod serve;
pub mod store;
