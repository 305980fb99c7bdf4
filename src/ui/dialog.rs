//! The system's dialog for files: opened on the window's thread, as macOS wants it, awaited
//! on one of its own. Tells «cancelled» from «this system has none».

use std::future::Future;
use std::path::PathBuf;

use egui::Ui;
use poll_promise::Promise;

/// A dialog that ends without a file sooner than this was none at all, in seconds.
/// Source: feasibility.md 0, number 6 (measured: 13 ms).
const NO_DIALOG: f64 = 0.3;

/// A dialog that is open.
pub struct Dialog {
    since: f64,
    picked: Promise<Option<PathBuf>>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// This file.
    Path(PathBuf),
    /// Nothing was chosen.
    Cancelled,
    /// There is no dialog here: the path has to be typed.
    NoDialog,
}

impl Dialog {
    /// Awaits a dialog that has just been opened.
    pub fn new(ui: &Ui, opened: impl Future<Output = Option<rfd::FileHandle>> + Send + 'static) -> Self {
        let ctx = ui.ctx().clone();
        let picked = Promise::spawn_thread("file dialog", move || {
            let file = pollster::block_on(opened);
            ctx.request_repaint(); // a promise does not wake the window by itself
            file.map(|file| file.path().to_owned())
        });
        Self { since: ui.input(|input| input.time), picked }
    }

    /// Its answer.
    ///
    /// # Errors
    /// The dialog itself, while it is open.
    pub fn answer(self, ui: &Ui) -> Result<Answer, Self> {
        let since = self.since;
        match self.picked.try_take() {
            Err(picked) => Err(Self { since, picked }),
            Ok(Some(path)) => Ok(Answer::Path(path)),
            Ok(None) if ui.input(|input| input.time) - since < NO_DIALOG => Ok(Answer::NoDialog),
            Ok(None) => Ok(Answer::Cancelled),
        }
    }
}
