//! A session body in a file of the user's own choosing. Promises: a card number that is no
//! published test number, or a secret, does not get there in clear. Source: trust.md R33.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::model::redact::{Masked, Origin, Redactor};

/// Largest file that is read as a body, in bytes. Source: trust.md R42.
const LARGEST: u64 = 1 << 20;

/// What could not be done with the file.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It cannot be read.
    #[error("{} cannot be read", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It cannot be written.
    #[error("{} cannot be written", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is larger than a body may be.
    #[error("{} is larger than 1 MiB", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// It is not text.
    #[error("{} is not UTF-8 text", .path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
}

impl BodyError {
    /// What to do now.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } => "Check the path and that the file may be read",
            Self::Write { .. } => "Check that the folder exists and may be written, or choose another path",
            Self::TooLarge { .. } | Self::NotText { .. } => "Choose a JSON file with the body of POST /sessions",
        }
    }
}

/// Reads a body.
///
/// # Errors
/// If the file cannot be read, is too large, or is not text.
pub fn read_body(path: &Path) -> Result<String, BodyError> {
    let fault = |source| BodyError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(fault)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(fault)?;
    if bytes.len() as u64 > LARGEST {
        return Err(BodyError::TooLarge { path: path.to_owned() });
    }
    String::from_utf8(bytes).map_err(|_| BodyError::NotText { path: path.to_owned() })
}

/// Writes a body; an existing file is replaced as a whole or not at all. Returns how many
/// card numbers (published test numbers are none) and secrets were masked in it.
///
/// # Errors
/// If the file cannot be written.
pub fn write_body(path: &Path, text: &str) -> Result<usize, BodyError> {
    let masked = Redactor::new([], Origin::Embedded).mask(text.as_bytes());
    super::files::replace(path, &masked.bytes).map_err(|source| BodyError::Write { path: path.to_owned(), source })?;
    Ok(count(text.as_bytes(), &masked))
}

/// Masks in a number that is written in groups count as one: one space or dash is between.
fn count(text: &[u8], masked: &Masked) -> usize {
    let ends = std::iter::once(None).chain(masked.spans.iter().map(|span| Some(span.end)));
    let begins = |(end, span): &(Option<usize>, &std::ops::Range<usize>)| {
        let between = end.and_then(|end| text.get(end..span.start));
        !matches!(between, Some(b" " | b"-"))
    };
    ends.zip(&masked.spans).filter(begins).count()
}
