//! The user's own scenarios: the files of one folder inside the data folder.

use std::fs;
use std::io;
use std::path::Path;

/// Largest file that is read, in bytes; a scenario has some hundred. Our choice.
const MOST_BYTES: u64 = 1 << 20;

/// The files `scenarios/*.toml` of a data folder by name, each with its text or why it cannot
/// be read. No folder is no file.
pub fn own_scenarios(dir: &Path) -> Vec<(String, Result<String, String>)> {
    let Ok(entries) = fs::read_dir(dir.join("scenarios")) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
    paths.sort();
    let named = paths.iter().map(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name, text(path).map_err(|error| error.to_string()))
    });
    named.collect()
}

fn text(path: &Path) -> io::Result<String> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    if metadata.len() > MOST_BYTES {
        return Err(io::Error::other("it is larger than a megabyte"));
    }
    fs::read_to_string(path)
}
