//! Looking at a file: the real window and the real engine, from the drop or the key to the
//! bytes on the screen.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use sessions_console::clock;
use sessions_console::ui::{Shell, theme};

use super::{render, support};

/// Window and engine, joined as `app` joins them.
struct Desk {
    shell: Shell,
    bench: support::Bench,
}

type Window = Harness<'static, Desk>;

fn desk() -> Window {
    let bench = support::bench();
    let shell = Shell::new(&bench.engine.workspace().settings);
    let draw = |ui: &mut egui::Ui, desk: &mut Desk| {
        let engine = &mut desk.bench.engine;
        engine.pump(Duration::from_millis(5));
        let mut commands = Vec::new();
        desk.shell.ui(ui, engine.workspace(), clock::stamp(), &mut commands);
        commands.into_iter().for_each(|command| engine.dispatch(command));
    };
    // A frame takes a moment, so that a dialog that there is none of ends soon by the window's clock too.
    let builder = Harness::builder().with_size([1280.0, 800.0]).with_max_steps(30).with_step_dt(0.001);
    let builder = builder.with_context_setup(theme::install).renderer(render::CpuRenderer::default());
    let mut window = builder.build_ui_state(draw, Desk { shell, bench });
    window.run_steps(3);
    window
}

/// Steps until a label is there.
fn see(window: &mut Window, label: &str) {
    let start = Instant::now();
    while window.query_all_by_label_contains(label).next().is_none() {
        assert!(start.elapsed() < support::DEADLINE, "{label:?} never came");
        window.step();
        std::thread::yield_now();
    }
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

fn drop_on(window: &mut Window, path: &Path) {
    window.input_mut().dropped_files.push(Arc::new(Dropped(path.to_owned())));
    window.step();
}

#[test]
fn a_dropped_file_is_shown_wherever_one_is_and_one_that_vanished_says_so() {
    let mut window = desk();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answer.json");
    std::fs::write(&path, r#"{"eci":"05","amount":6540}"#).unwrap();
    window.key_press_modifiers(Modifiers::COMMAND, Key::Num2);
    window.run_steps(3);
    drop_on(&mut window, &path);
    see(&mut window, "eci: \"05\"");
    window.get_by_label("answer.json");
    std::fs::write(&path, r#"{"eci":"07"}"#).unwrap();
    drop_on(&mut window, &path);
    see(&mut window, "eci: \"07\"");
    std::fs::remove_file(&path).unwrap();
    drop_on(&mut window, &path);
    see(&mut window, "cannot be opened");
    window.get_by_label_contains("Check the path and that you may read the file");
    window.get_by_label("eci: \"07\""); // what was open stays
    drop_on(&mut window, folder.path());
    see(&mut window, "is no ordinary file");
    window.get_by_label("Back to the row").click();
    window.run_steps(3);
    assert!(window.query_by_label("answer.json").is_none());
}

/// Set in the process that does the test, where no dialog can come up.
const ALONE: &str = "SESSIONS_CONSOLE_NO_DIALOG";

/// The system's dialog must not come up on somebody's screen: the test runs itself again
/// where there is none.
#[test]
#[cfg(target_os = "linux")]
fn where_there_is_no_dialog_a_path_is_typed() {
    if std::env::var_os(ALONE).is_none() {
        let name = "file::where_there_is_no_dialog_a_path_is_typed";
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", name, "--nocapture"]).env(ALONE, "1").env("PATH", "");
        again.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent").env("XDG_RUNTIME_DIR", "/nonexistent");
        let done = again.output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        let wrong = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success() && said.contains("1 passed"), "{said}\n{wrong}");
        return;
    }
    let mut window = desk();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "plain words\n").unwrap();
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::O);
    see(&mut window, "Path of a file");
    assert!(window.query_by_label("plain words").is_none());
    window.get_by_label("Path of a file").focus();
    window.run_steps(2);
    window.get_by_label("Path of a file").type_text(path.to_str().unwrap());
    window.run_steps(2);
    window.get_by_label("Inspect").click();
    see(&mut window, "plain words");
    window.get_by_label("notes.txt");
    assert!(window.query_by_label("Path of a file").is_none());
}
