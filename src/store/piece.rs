//! A file of any size to be looked at: opened once, read at any place, never kept in memory.
//! Says so when it has shrunk or gone meanwhile.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::model::body::{Positioned, Source, Unread};

/// Why a file cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// It cannot be opened.
    #[error("{} cannot be opened", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is a folder, a device or the like.
    #[error("{} is no ordinary file", .path.display())]
    NoFile {
        /// What it is called.
        path: PathBuf,
    },
}

impl InspectError {
    /// What to do now.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Open { .. } => "Check the path and that you may read the file",
            Self::NoFile { .. } => "Choose a file; a pipe or device can be copied into one first",
        }
    }
}

#[derive(Debug)]
struct Piecewise {
    file: File,
    size: u64,
}

/// Opens a file to be looked at. Its size is what it is now; what is added later is not seen.
///
/// # Errors
/// If it cannot be opened or is no ordinary file.
pub fn inspect(path: &Path) -> Result<Source, InspectError> {
    let fault = |source| InspectError::Open { path: path.to_owned(), source };
    // Asked before it is opened: a pipe would wait for its other end.
    if !std::fs::metadata(path).map_err(fault)?.is_file() {
        return Err(InspectError::NoFile { path: path.to_owned() });
    }
    let file = File::open(path).map_err(fault)?;
    let size = file.metadata().map_err(fault)?.len();
    Ok(Source::Apart(std::sync::Arc::new(Piecewise { file, size })))
}

impl Positioned for Piecewise {
    fn size(&self) -> u64 {
        self.size
    }

    fn fill(&self, at: u64, into: &mut [u8]) -> Result<(), Unread> {
        let wanted = at + into.len() as u64;
        fill_at(&self.file, at, into).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => {
                let now = self.file.metadata().map_or(0, |about| about.len());
                Unread(format!("the file has shrunk to {now} bytes; byte {wanted} is gone"))
            }
            _ => Unread(error.to_string()),
        })
    }
}

#[cfg(unix)]
fn fill_at(file: &File, at: u64, into: &mut [u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, at)
}

#[cfg(windows)]
fn fill_at(file: &File, mut at: u64, mut into: &mut [u8]) -> std::io::Result<()> {
    while !into.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, into, at)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => {
                at += read as u64;
                into = &mut into[read..];
            }
        }
    }
    Ok(())
}
