//! The settings file: read with defaults for what is missing, written all or nothing.
//! A file that cannot be read is kept for the user to look at. Source: trust.md R51.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{StoreError, files};
use crate::model::Problem;
use crate::model::settings::Settings;

fn path(dir: &Path) -> PathBuf {
    dir.join("settings.json")
}

/// Reads the settings; defaults, and the reason, if there are some that cannot be read.
pub fn load(dir: &Path) -> (Settings, Option<Problem>) {
    let path = path(dir);
    let cause = match fs::read(&path) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(settings) => return (settings, None),
            Err(error) => error.to_string(),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => return (Settings::default(), None),
        Err(error) => error.to_string(),
    };
    let problem = Problem {
        summary: format!("The settings {} could not be read, so the defaults are used", path.display()),
        causes: vec![cause],
        hint: Some("Mend the file and start again; otherwise it is kept aside when settings are saved".into()),
    };
    (Settings::default(), Some(problem))
}

/// Writes the settings. A damaged file is first renamed, never overwritten.
///
/// # Errors
/// If the folder or the file cannot be written; the old file is then as it was.
pub fn save(dir: &Path, settings: &Settings) -> Result<(), StoreError> {
    let dir = files::ensure_dir(dir)?;
    let path = path(&dir);
    let write = || {
        let bytes = serde_json::to_vec_pretty(settings).map_err(io::Error::other)?;
        if path.exists() && load(&dir).1.is_some() {
            files::move_aside(&path)?;
        }
        files::replace(&path, &bytes)
    };
    write().map_err(|source| StoreError::Settings { path: path.clone(), source })
}
