//! A data folder for as long as somebody holds it: private from the first moment, with a
//! name nobody can guess, removed with all that is in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::model::Problem;

/// See the module.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes a folder in the system's place for temporary files.
    ///
    /// # Errors
    /// If that place cannot be written.
    pub fn new() -> Result<Self, Problem> {
        let place = std::env::temp_dir();
        let path = place.join(format!("sessions-console-{}", uuid::Uuid::new_v4().simple()));
        match make(&path) {
            Ok(()) => Ok(Self(path)),
            Err(error) => Err(Problem {
                summary: format!("No folder for temporary data could be made in {}", place.display()),
                causes: vec![error.to_string()],
                hint: Some("Free some space there, or set TMPDIR to a folder that can be written".into()),
            }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "temporary data stays");
        }
    }
}

/// Fails if something with this name is there, be it a link.
#[cfg(unix)]
fn make(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_with_its_holder() {
        let scratch = Scratch::new().expect("a temporary folder");
        let path = scratch.path().to_owned();
        fs::write(path.join("x"), b"x").expect("it can be written");
        drop(scratch);
        assert!(!path.exists());
    }
}
