//! Session bodies from and to files: the system's dialog, and a path that can be typed
//! where there is none. Says which file; the engine reads and writes it.

use std::path::PathBuf;

use egui::{Margin, TextEdit, Ui};

use crate::bus::Command;
use crate::ui::dialog::{Answer, Dialog};
use crate::ui::{theme, widgets};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    Save,
}

/// What is asked for at the moment.
#[derive(Default)]
pub struct Files {
    asked: Option<(Way, Dialog)>,
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
        let dialog = rfd::AsyncFileDialog::new().add_filter("Session body", &["json"]);
        let dialog = match way {
            Way::Open => Dialog::new(ui, dialog.pick_file()),
            Way::Save => Dialog::new(ui, dialog.set_file_name("session.json").save_file()),
        };
        self.asked = Some((way, dialog));
    }

    /// Takes the dialog's answer and draws the field for a path. `text` is what is saved.
    pub fn ui(&mut self, ui: &mut Ui, text: &str, commands: &mut Vec<Command>) {
        if let Some((way, dialog)) = self.asked.take() {
            match dialog.answer(ui) {
                Err(open) => self.asked = Some((way, open)),
                Ok(Answer::Path(path)) => commands.push(command(way, path, text)),
                Ok(Answer::NoDialog) => {
                    self.no_dialog = true;
                    self.typed = Some(String::new());
                    self.fresh = true;
                }
                Ok(Answer::Cancelled) => (),
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
