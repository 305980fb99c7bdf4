//! The rules of the source: who may import what, who may make colours, read the clock or
//! look into a secret, and how large a file may grow. See the code map in `src/lib.rs`.

use std::fs;
use std::path::{Path, PathBuf};

/// A module, and what its code must not name.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("model", &["egui", "reqwest", "axum", "tokio", "std::fs", "::now()", "crate::bus", "crate::clock"]),
    ("bus.rs", &["egui", "reqwest", "axum", "crate::engine", "crate::ui"]),
    ("client.rs", &["egui", "axum", "crate::bus", "crate::engine"]),
    ("serve", &["egui", "reqwest", "crate::bus", "crate::engine"]),
    ("page", &["egui", "reqwest", "crate::bus", "crate::engine", "crate::model"]),
    ("listener", &["egui", "reqwest", "crate::client", "crate::engine", "crate::store"]),
    (
        "sandbox",
        &["egui", "model::api", "crate::client", "crate::engine", "crate::listener", "model::draft", "model::fields"],
    ),
    ("store", &["egui", "tokio::spawn", "reqwest", "crate::engine"]),
    ("export", &["egui", "tokio", "reqwest", "std::fs"]),
    ("engine", &["egui", "eframe", "rfd", "crate::ui"]),
    ("runner", &["egui", "eframe", "crate::ui"]),
    ("cli", &["egui", "eframe", "crate::ui"]),
    ("ui", &["reqwest", "axum", "tokio", "std::fs", "::now()", "crate::engine", "crate::client", "crate::store"]),
];

/// Where a secret or a card number may be read.
const EXPOSE: &[&str] = &[
    "src/model/secret.rs",
    "src/model/redact",
    "src/engine/courier.rs",
    "src/engine/control.rs",
    "src/store/keychain.rs",
    "src/sandbox",
    "src/cli",
];

/// Lines a file may have, tests included. Source: style.md, Size and shape.
const LONGEST: usize = 800;

fn rust_files(place: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut places = vec![place.to_owned(), place.with_extension("rs")];
    while let Some(place) = places.pop() {
        if place.ends_with("tests.rs") {
            continue; // a test module of its own
        }
        if place.is_file() && place.extension().is_some_and(|ending| ending == "rs") {
            files.push(place);
        } else if let Ok(inside) = fs::read_dir(&place) {
            places.extend(inside.map(|entry| entry.expect("a readable folder").path()));
        }
    }
    files.sort();
    files
}

/// The lines of code of a file with their numbers, comments left out, up to its tests.
fn code(file: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(file).expect("a readable file");
    let before_tests = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
    let numbered = before_tests.enumerate().map(|(n, line)| (n + 1, line.to_owned()));
    numbered.filter(|(_, line)| !line.trim_start().starts_with("//")).collect()
}

fn violations(place: &str, bad: impl Fn(&Path, &str) -> Option<String>) -> Vec<String> {
    let files = rust_files(Path::new(place));
    assert!(!files.is_empty(), "{place}: no such module; mend the table in tests/architecture.rs");
    let lines = files.iter().flat_map(|file| code(file).into_iter().map(move |line| (file, line)));
    lines.filter_map(|(file, (n, line))| Some(format!("{}:{n}: {}", file.display(), bad(file, &line)?))).collect()
}

#[test]
fn modules_keep_to_their_side() {
    for (module, words) in FORBIDDEN {
        let found = violations(&format!("src/{module}"), |_, line| {
            // What stands in a text is written for others: `export` writes Rust.
            let line: String = line.replace("\\\"", "").split('"').step_by(2).collect::<Vec<_>>().join(" ");
            let word = words.iter().find(|word| line.contains(**word))?;
            Some(format!("must not use {word}"))
        });
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn the_sandbox_goes_out_in_one_place() {
    let found = violations("src/sandbox", |file, line| {
        (line.contains("reqwest") && !file.ends_with("deliver.rs")).then(|| "reqwest is for deliver.rs".into())
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn colours_are_made_in_the_theme() {
    let found = violations("src/ui", |file, line| {
        let makes = line.contains("Color32::from_") || line.contains("Color32::RED") || line.contains("Color32::WHITE");
        (makes && !file.ends_with("theme.rs")).then(|| "colours are made in ui/theme.rs".into())
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn secrets_are_read_where_they_must_be() {
    let found = violations("src", |file, line| {
        let known = EXPOSE.iter().any(|place| file.starts_with(place) || file.starts_with(format!("{place}.rs")));
        (line.contains(".expose()") && !known).then(|| "expose() has a fixed list of callers".into())
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_clock_is_read_in_one_place() {
    let found = violations("src", |file, line| {
        let reads = line.contains("Timestamp::now()") || line.contains("SystemTime::now()");
        (reads && !file.ends_with("clock.rs")).then(|| "wall time is read in clock.rs".into())
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn files_stay_readable() {
    for file in rust_files(Path::new("src")) {
        let lines = fs::read_to_string(&file).expect("a readable file").lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines: look for the second concept inside", file.display());
        let text = fs::read_to_string(&file).expect("a readable file");
        assert!(text.starts_with("//!"), "{} does not say what it is", file.display());
    }
}

#[test]
fn nothing_unfinished_stays() {
    let found = violations("src", |_, line| {
        let words = ["todo!(", "unimplemented!(", "dbg!(", ".unwrap()"];
        words.into_iter().find(|word| line.contains(word)).map(|word| format!("{word} in src"))
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_top_level_is_what_it_should_be() {
    let known =
        ["Cargo.toml", "Cargo.lock", "src", "assets", "README.md", "tests", "LICENSE-MIT", "LICENSE-APACHE", "target"];
    for entry in fs::read_dir(".").expect("the package's folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("a plain name");
        assert!(name.starts_with('.') || known.contains(&name.as_str()), "{name} does not belong at the top");
    }
}
