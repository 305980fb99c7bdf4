//! Bodies of any size: bytes that are read where they lie, and what is known of them.
//!
//! Hides: where the bytes are ([`Source`]), how JSON is found in them ([`Index`]: offsets,
//! no tree), how lines and columns are found ([`Lines`]: checkpoints), which rows a fold or a
//! filter leaves ([`Rows`]), and how one searches ([`find`]). Promises: every builder reports
//! progress, can be cancelled, and shows what it has before it is done; readers never wait
//! for it; any bytes can be read. Knows no files, threads or windows.

pub mod find;
mod index;
mod lines;
mod rows;
mod scan;
mod shape;
mod source;
mod tree;

#[cfg(test)]
mod tests;

pub use index::{Broken, Index, Kind, MAX_NODES};
pub use lines::{Lines, Row};
pub use rows::{Place, Rows, line_of};
pub use scan::{MAX_JSON, scan};
pub use shape::{MAX_XML, Shape, indented_xml, shape};
pub use source::{Positioned, Source, Unread};
pub use tree::{Tree, unquoted};
