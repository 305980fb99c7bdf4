//! The certificates of the sandbox's TLS listener, as files.
//!
//! Hides names, modes and the lock. Promises: keys are readable by their owner only, a file is
//! replaced at once or not at all, and of two programs that start together one makes the files
//! and the other finds them. Knows nothing of certificates. Source: trust.md R55.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::{StoreError, files};

/// One of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pem {
    /// What clients are made to trust.
    Authority,
    /// What signs.
    AuthorityKey,
    /// What the listener shows.
    Server,
    /// The listener's key.
    ServerKey,
}

impl Pem {
    fn file(self) -> &'static str {
        match self {
            Self::Authority => "ca.pem",
            Self::AuthorityKey => "ca-key.pem",
            Self::Server => "server.pem",
            Self::ServerKey => "server-key.pem",
        }
    }
}

/// The folder of these files, held for us until it is dropped.
pub struct Pems {
    dir: PathBuf,
    _lock: File,
}

impl Pems {
    /// Opens `tls` in the data folder, makes both if need be, and waits for whoever has it.
    ///
    /// # Errors
    /// If the folder cannot be made or belongs to somebody else.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        let dir = files::ensure_dir(&files::ensure_dir(data_dir)?.join("tls"))?;
        let fault = |source| StoreError::Dir { dir: dir.clone(), source };
        let lock = files::private().write(true).create(true).truncate(false).open(dir.join("lock")).map_err(fault)?;
        lock.lock().map_err(fault)?;
        Ok(Self { dir, _lock: lock })
    }

    /// Where a file is, or will be.
    pub fn path(&self, pem: Pem) -> PathBuf {
        self.dir.join(pem.file())
    }

    /// A file's text; `None` if it is not there or cannot be read, which comes to the same:
    /// it is made anew.
    pub fn read(&self, pem: Pem) -> Option<String> {
        fs::read_to_string(self.path(pem)).ok()
    }

    /// Writes a file, mode 0600.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, pem: Pem, text: &str) -> Result<(), StoreError> {
        let path = self.path(pem);
        files::replace(&path, text.as_bytes()).map_err(|source| StoreError::Dir { dir: self.dir.clone(), source })
    }
}
