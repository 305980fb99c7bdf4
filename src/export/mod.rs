//! A recorded run as text for others, and back. Pure: facts in, text out; who asked writes
//! or copies it. What leaves here carries no live secret (trust.md R60): where a request
//! carried one, the text names a variable.

pub mod code;
pub mod har;
pub mod text;
