//! Session bodies from and to files: the system's dialog, and a path that can be typed
//! where there is none. Says which file; the engine reads and writes it.

use std::path::PathBuf;

use egui::{Margin, TextEdit, Ui};
use poll_promise::Promise;

use crate::bus::Command;
use crate::ui::{theme, widgets};

/// A dialog that ends without a file sooner than this was none at all, in seconds.
/// Source: feasibility.md 0, number 6 (measured: 13 ms).
const NO_DIALOG: f64 = 0.3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    Save,
}

/// What is asked for at the moment.
#[derive(Default)]
pub struct Files {
    asked: Option<(Way, f64, Promise<Option<PathBuf>>)>,
    typed: Option<String>,
    no_dialog: bool,
    fresh: bool,
}

impl Files {
    /// Asks which file to read.
    pub fn open(&mut self, ui: &Ui) {
        self.ask(ui, Way::Open);
    }

    /// Asks which file to write.
    pub fn save(&mut self, ui: &Ui) {
        self.ask(ui, Way::Save);
    }

    /// Shows or hides the field for a path.
    pub fn type_path(&mut self) {
        self.typed = match self.typed {
            None => Some(String::new()),
            Some(_) => None,
        };
        self.fresh = self.typed.is_some();
    }

    /// True while a dialog is open.
    pub fn asking(&self) -> bool {
        self.asked.is_some()
    }

    fn ask(&mut self, ui: &Ui, way: Way) {
        if self.asking() || self.no_dialog {
            if self.no_dialog && self.typed.is_none() {
                self.type_path();
            }
            return;
        }
        // Opened here, on the main thread, as macOS wants it; awaited elsewhere.
        let dialog = rfd::AsyncFileDialog::new().add_filter("Session body", &["json"]);
        let ctx = ui.ctx().clone();
        let promise = match way {
            Way::Open => {
                let picked = dialog.pick_file();
                Promise::spawn_thread("open body", move || {
                    let file = pollster::block_on(picked);
                    ctx.request_repaint(); // a promise does not wake the window by itself
                    file.map(|file| file.path().to_owned())
                })
            }
            Way::Save => {
                let picked = dialog.set_file_name("session.json").save_file();
                Promise::spawn_thread("save body", move || {
                    let file = pollster::block_on(picked);
                    ctx.request_repaint();
                    file.map(|file| file.path().to_owned())
                })
            }
        };
        self.asked = Some((way, ui.input(|input| input.time), promise));
    }

    /// Takes the dialog's answer and draws the field for a path. `text` is what is saved.
    pub fn ui(&mut self, ui: &mut Ui, text: &str, commands: &mut Vec<Command>) {
        if let Some((way, since, promise)) = self.asked.take() {
            match promise.try_take() {
                Err(pending) => self.asked = Some((way, since, pending)),
                Ok(Some(path)) => commands.push(command(way, path, text)),
                Ok(None) if ui.input(|input| input.time) - since < NO_DIALOG => {
                    self.no_dialog = true;
                    self.typed = Some(String::new());
                    self.fresh = true;
                }
                Ok(None) => (), // cancelled
            }
        }
        self.path_ui(ui, text, commands);
    }

    fn path_ui(&mut self, ui: &mut Ui, text: &str, commands: &mut Vec<Command>) {
        let Some(typed) = &mut self.typed else { return };
        if self.no_dialog {
            widgets::muted_lines(ui, "This system showed no file dialog; type the path");
        }
        let edit = TextEdit::singleline(typed)
            .font(theme::code(theme::CODE))
            .hint_text("Path of a .json file")
            .margin(Margin::symmetric(8, 4))
            .desired_width(f32::INFINITY);
        let field = ui.add(edit);
        widgets::name(&field, "Path of a .json file");
        if std::mem::take(&mut self.fresh) {
            field.request_focus();
        }
        let path = PathBuf::from(typed.trim());
        let mut done = false;
        ui.horizontal(|ui| {
            let ready = !typed.trim().is_empty();
            ui.add_enabled_ui(ready, |ui| {
                for (way, label) in [(Way::Open, "Open this path"), (Way::Save, "Save to this path")] {
                    let button = widgets::secondary_button(ui, None, label, None);
                    if button.on_disabled_hover_text("Type a path first").clicked() {
                        commands.push(command(way, path.clone(), text));
                        done = true;
                    }
                }
            });
        });
        if done {
            self.typed = None;
        }
    }
}

fn command(way: Way, path: PathBuf, text: &str) -> Command {
    match way {
        Way::Open => Command::OpenBody(path),
        Way::Save => Command::SaveBody(path, text.to_owned()),
    }
}
