//! Whether a window can be opened at all: a display, and on Linux the system's libraries.
//! Asked before the window is, because without them the window's library stops with a
//! panic instead of a sentence. Looks for files; loads nothing.

use std::path::Path;

use crate::model::Problem;

/// A library that the window loads under X11, and the Debian packages that bring it.
#[cfg(any(target_os = "linux", test))]
const LIBRARIES: &[(&str, &str)] = &[
    ("libGL.so.1", "libgl1 libgl1-mesa-dri"),
    ("libX11.so.6", "libx11-6"),
    ("libX11-xcb.so.1", "libx11-xcb1"),
    ("libXcursor.so.1", "libxcursor1"),
    ("libXi.so.6", "libxi6"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
];

/// Says what is missing for a window.
///
/// # Errors
/// If there is no display, or a library is missing.
#[cfg(target_os = "linux")]
pub(super) fn check() -> Result<(), Problem> {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match (set("WAYLAND_DISPLAY"), set("DISPLAY")) {
        (false, false) => Err(no_display()),
        (true, _) => Ok(()), // the window takes Wayland first
        (false, true) => missing(&|name| is_there(name)).map_or(Ok(()), Err),
    }
}

/// Elsewhere a window needs nothing that is not there.
///
/// # Errors
/// Never.
#[cfg(not(target_os = "linux"))]
pub(super) fn check() -> Result<(), Problem> {
    Ok(())
}

#[cfg(any(target_os = "linux", test))]
fn no_display() -> Problem {
    Problem::of(
        "There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open",
        "These commands need none: run, list, sandbox, listen, inspect; sessions-console --help explains them",
    )
}

#[cfg(any(target_os = "linux", test))]
fn missing(there: &dyn Fn(&str) -> bool) -> Option<Problem> {
    let gone: Vec<&(&str, &str)> = LIBRARIES.iter().filter(|(library, _)| !there(library)).collect();
    if gone.is_empty() {
        return None;
    }
    let libraries: Vec<&str> = gone.iter().map(|(library, _)| *library).collect();
    let packages: Vec<&str> = gone.iter().map(|(_, packages)| *packages).collect();
    Some(Problem::of(
        format!("The window needs libraries that this system does not have: {}", libraries.join(", ")),
        format!(
            "Install them (Debian, Ubuntu): sudo apt-get install {}. \
             The commands run, list, sandbox, listen and inspect need none of them",
            packages.join(" ")
        ),
    ))
}

/// True if the loader would find a file of this name.
#[cfg(target_os = "linux")]
fn is_there(name: &str) -> bool {
    const USUAL: [&str; 5] = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"];
    let arch = std::env::consts::ARCH;
    let own = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let own = std::env::split_paths(&own).filter(|folder| !folder.as_os_str().is_empty());
    let usual = USUAL
        .into_iter()
        .flat_map(|folder| [Path::new(folder).to_owned(), Path::new(folder).join(format!("{arch}-linux-gnu"))]);
    own.chain(usual).any(|folder| folder.join(name).exists())
        || std::fs::read("/etc/ld.so.cache").is_ok_and(|cache| listed(&cache, name))
}

/// True if the loader's cache names a file of this name that is still there. Its strings
/// are paths, each closed by a zero byte.
#[cfg(target_os = "linux")]
fn listed(cache: &[u8], name: &str) -> bool {
    let paths = cache.split(|byte| *byte == 0).filter_map(|text| std::str::from_utf8(text).ok());
    let mut paths = paths.map(Path::new).filter(|path| path.is_absolute());
    paths.any(|path| path.file_name().is_some_and(|own| own == name) && path.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_names_every_package_that_is_missing() {
        assert_eq!(missing(&|_| true), None);
        let some = missing(&|name| !name.contains("GL") && name != "libXi.so.6").expect("two are missing");
        let line = some.line();
        assert!(line.contains("apt-get install libgl1 libgl1-mesa-dri libxi6."), "{line}");
        assert!(line.contains("libGL.so.1, libXi.so.6"), "{line}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_library_is_found_by_folder_and_by_cache() {
        assert!(is_there("libc.so.6"), "every Linux that runs this test has it");
        assert!(!is_there("libNoSuchThing.so.9"));
        let here = std::env::current_exe().expect("this test's own file");
        let name = here.file_name().and_then(|name| name.to_str()).expect("a plain name");
        let cache = format!("glibc-ld.so.cache1.1\0{}\0", here.display());
        assert!(listed(cache.as_bytes(), name));
        assert!(!listed(format!("x\0/nowhere/{name}\0").as_bytes(), name), "a stale entry does not count");
    }

    #[test]
    fn without_a_display_the_commands_are_named() {
        let line = no_display().line();
        assert!(["run", "list", "sandbox", "listen", "inspect"].iter().all(|command| line.contains(command)), "{line}");
    }
}
