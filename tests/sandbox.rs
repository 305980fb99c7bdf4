//! The embedded sandbox, asked in raw bytes over a socket, as any client would.
//!
//! No type of ours is used for requests or answers: what is expected is written out from
//! the contract. No network beyond loopback, and no sleep: time is moved, not waited for.

#[path = "sandbox/lab.rs"]
mod lab;

#[path = "sandbox/walks.rs"]
mod walks;
