//! Where the bytes of a body are: in memory, or in a file that is read piece by piece.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

/// Something that can be read at any place. Implemented by `store` for files.
pub trait Positioned: fmt::Debug + Send + Sync {
    /// How many bytes there were when it was opened.
    fn size(&self) -> u64;

    /// Fills `into` from this offset on.
    ///
    /// # Errors
    /// If fewer bytes are there, or they cannot be read.
    fn fill(&self, at: u64, into: &mut [u8]) -> Result<(), Unread>;
}

/// Why a piece cannot be read, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unread(pub String);

/// The bytes of a body. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Source {
    /// All of them in memory.
    Memory(Bytes),
    /// Read when wanted.
    Apart(Arc<dyn Positioned>),
}

impl Source {
    /// How many there are.
    pub fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Apart(file) => file.size(),
        }
    }

    /// A piece; what lies behind the end is left out.
    ///
    /// # Errors
    /// If it cannot be read any more.
    pub fn read(&self, range: Range<u64>) -> Result<Bytes, Unread> {
        let end = range.end.min(self.size());
        let start = range.start.min(end);
        match self {
            Self::Memory(bytes) => Ok(bytes.slice(start as usize..end as usize)),
            Self::Apart(file) => {
                let mut piece = vec![0; usize::try_from(end - start).map_err(|_| Unread("too large".into()))?];
                file.fill(start, &mut piece)?;
                Ok(piece.into())
            }
        }
    }

    /// The bytes, if they are in memory.
    pub fn memory(&self) -> Option<&Bytes> {
        match self {
            Self::Memory(bytes) => Some(bytes),
            Self::Apart(_) => None,
        }
    }
}

impl From<Bytes> for Source {
    fn from(bytes: Bytes) -> Self {
        Self::Memory(bytes)
    }
}
