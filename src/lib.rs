//! Sessions Console: testing 3-D Secure through the Sessions API. The code map, in
//! reading order:
//!
//! - [`model`] — what the program knows: data and rules, nothing that acts
//! - [`bus`] — all that can be asked, all that can happen
//! - [`clock`] — time, handed in
//! - [`client`] — the way out to the network, and the record of it
//! - [`serve`] and [`page`] — a guarded loopback server, and HTML that escapes by context
//! - [`listener`] — what the outside world sends back to us, and the shop's pages
//! - [`sandbox`] — the other side: token server, Sessions API, scheme, issuer
//! - [`store`] — every byte we write to or read from disk
//! - [`export`] — a recorded run as text for others
//! - [`engine`] — carries out commands, folds in events, owns every task
//! - [`runner`] and [`cli`] — the same engine without a window
//! - [`ui`] and [`app`] — the window, and its joint with the engine
//!
//! What may import what is in `tests/architecture.rs`.

pub mod app;
pub mod bus;
pub mod cli;
pub mod client;
pub mod clock;
pub mod engine;
pub mod export;
pub mod listener;
pub mod model;
pub mod page;
pub mod runner;
pub mod sandbox;
pub mod serve;
pub mod store;
pub mod ui;
