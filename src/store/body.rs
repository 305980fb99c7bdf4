//! A session body in a file of the user's own choosing.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

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

/// Writes a body; an existing file is replaced as a whole or not at all.
///
/// # Errors
/// If the file cannot be written.
pub fn write_body(path: &Path, text: &str) -> Result<(), BodyError> {
    super::files::replace(path, text.as_bytes()).map_err(|source| BodyError::Write { path: path.to_owned(), source })
}
