//! The data folder: made private, locked, and written so that a power cut leaves either
//! the old file or the new one. Source: trust.md R51, R54, R55.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use etcetera::AppStrategy as _;

use super::StoreError;

/// Our lock's name.
const LOCK: &str = "lock";

/// Where data goes if nobody says otherwise (XDG on Linux and macOS).
///
/// # Errors
/// If there is no home folder.
pub fn default_dir() -> Result<PathBuf, StoreError> {
    let name = "sessions-console".to_owned();
    let args = etcetera::AppStrategyArgs { top_level_domain: String::new(), author: String::new(), app_name: name };
    etcetera::choose_app_strategy(args).map(|strategy| strategy.data_dir()).map_err(|_| StoreError::NoHome)
}

/// Makes the folder (0700) if it is not there, refuses somebody else's; returns its real path.
pub(super) fn ensure_dir(dir: &Path) -> Result<PathBuf, StoreError> {
    let fault = |source| StoreError::Dir { dir: dir.to_owned(), source };
    if !dir.exists() {
        create_private(dir).map_err(fault)?;
    }
    let real = dir.canonicalize().map_err(fault)?;
    if !fs::metadata(&real).map_err(fault)?.is_dir() {
        return Err(fault(io::Error::from(io::ErrorKind::NotADirectory)));
    }
    own(&real, fault)?;
    Ok(real)
}

#[cfg(unix)]
fn create_private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn create_private(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)
}

/// Ours, and open to nobody else. A folder that holds other things keeps its mode: it may
/// be one that others need.
#[cfg(unix)]
fn own(dir: &Path, fault: impl Fn(io::Error) -> StoreError) -> Result<(), StoreError> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let metadata = fs::metadata(dir).map_err(&fault)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(StoreError::Foreign { dir: dir.to_owned() });
    }
    let empty = fs::read_dir(dir).map_err(&fault)?.next().is_none();
    if metadata.mode() & 0o077 != 0 && (empty || dir.join(LOCK).exists()) {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(&fault)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn own(_: &Path, _: impl Fn(io::Error) -> StoreError) -> Result<(), StoreError> {
    Ok(())
}

/// How our own files are opened: 0600, never through a symbolic link.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options
}

/// Takes the folder's lock and leaves our process id in it; a dead holder's lock is free.
pub(super) fn lock(dir: &Path) -> Result<File, StoreError> {
    let fault = |source| StoreError::Dir { dir: dir.to_owned(), source };
    let path = dir.join(LOCK);
    let mut file = private().read(true).write(true).create(true).truncate(false).open(&path).map_err(fault)?;
    match file.try_lock() {
        Ok(()) => (),
        Err(fs::TryLockError::WouldBlock) => {
            let mut text = String::new();
            let read = file.read_to_string(&mut text);
            let holder = read.ok().and_then(|_| text.trim().parse().ok());
            return Err(StoreError::Held { dir: dir.to_owned(), holder });
        }
        Err(fs::TryLockError::Error(source)) => return Err(fault(source)),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(fault)?;
    Ok(file)
}

/// Replaces a file at once, or not at all: new file, sync, rename, sync of the folder.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension(format!("new-{}", std::process::id()));
    let written = (|| {
        let mut file = private().write(true).create(true).truncate(true).open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        sync_dir(path)
    })();
    if written.is_err() {
        fs::remove_file(&fresh).ok(); // the first error is the one to tell
    }
    written
}

#[cfg(unix)]
fn sync_dir(path: &Path) -> io::Result<()> {
    // The parent of a bare name is empty, and that is no folder.
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(dir)?.sync_all()
}

#[cfg(not(unix))]
fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Gives a damaged file another name beside its old one; never over an existing file.
pub(super) fn move_aside(path: &Path) -> io::Result<PathBuf> {
    let stamp = crate::clock::stamp().wall.strftime("%Y%m%dT%H%M%SZ").to_string();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for count in 0_u32.. {
        let more = if count == 0 { String::new() } else { format!("-{count}") };
        let aside = path.with_file_name(format!("{name}.damaged-{stamp}{more}"));
        if !aside.exists() {
            fs::rename(path, &aside)?;
            return Ok(aside);
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

/// 128 random bits in base64url, read from their file or made.
pub(super) fn inbox_token(dir: &Path) -> io::Result<String> {
    let path = dir.join("inbox");
    let known = fs::read_to_string(&path).unwrap_or_default();
    let known = known.trim();
    if known.len() == 22 && known.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Ok(known.to_owned());
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let fresh = URL_SAFE_NO_PAD.encode(bytes);
    replace(&path, format!("{fresh}\n").as_bytes())?;
    Ok(fresh)
}

/// Tells this program run from others in the history.
pub(super) fn random_number() -> i64 {
    let mut bytes = [0; 8];
    // Without random bytes the time does: it only has to differ from start to start.
    let wall = crate::clock::stamp().wall.as_nanosecond();
    getrandom::fill(&mut bytes).map_or(wall as i64, |()| i64::from_le_bytes(bytes))
}
