//! Where the picture's file is to be: the system's dialog, and a path that can be typed where
//! there is none. Says where; the engine writes.

use std::path::PathBuf;

use egui::{Frame, Margin, TextEdit, Ui};

use crate::ui::dialog::{Answer, Dialog};
use crate::ui::{theme, widgets};

/// What the field is called.
const NAME: &str = "Path of an .svg file";

/// What is asked for at the moment.
#[derive(Default)]
pub struct Save {
    asked: Option<Dialog>,
    typed: Option<String>,
    no_dialog: bool,
    fresh: bool,
}

impl std::fmt::Debug for Save {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Save").field("typed", &self.typed).finish_non_exhaustive()
    }
}

impl Save {
    /// Asks where to.
    pub fn ask(&mut self, ui: &Ui) {
        if self.no_dialog {
            self.type_path();
        } else if self.asked.is_none() {
            let dialog = rfd::AsyncFileDialog::new().add_filter("SVG picture", &["svg"]);
            self.asked = Some(Dialog::new(ui, dialog.set_file_name("sequence.svg").save_file()));
        }
    }

    /// Shows the field for a path.
    pub fn type_path(&mut self) {
        self.fresh = self.typed.is_none();
        self.typed.get_or_insert_default();
    }

    /// Takes the dialog's answer and draws the field for a path. Where to, once that is known.
    pub fn ui(&mut self, ui: &mut Ui) -> Option<PathBuf> {
        match self.asked.take().map(|dialog| dialog.answer(ui)) {
            None | Some(Ok(Answer::Cancelled)) => (),
            Some(Err(open)) => self.asked = Some(open),
            Some(Ok(Answer::Path(path))) => return Some(path),
            Some(Ok(Answer::NoDialog)) => {
                self.no_dialog = true;
                self.type_path();
            }
        }
        self.path_ui(ui)
    }

    fn path_ui(&mut self, ui: &mut Ui) -> Option<PathBuf> {
        let typed = self.typed.as_mut()?;
        let (mut wanted, mut done) = (None, false);
        Frame::new().inner_margin(Margin::symmetric(12, 4)).show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 4.0;
            if self.no_dialog {
                widgets::muted_lines(ui, "This system showed no file dialog; type the path");
            }
            let edit = TextEdit::singleline(typed).font(theme::code(theme::CODE)).hint_text(NAME);
            let field = ui.add(edit.margin(Margin::symmetric(8, 4)).desired_width(f32::INFINITY));
            widgets::name(&field, NAME);
            if std::mem::take(&mut self.fresh) {
                field.request_focus();
            }
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            ui.horizontal(|ui| {
                let ready = !typed.trim().is_empty();
                let save = ui.add_enabled_ui(ready, |ui| {
                    widgets::secondary_button(ui, None, "Save to this path", None)
                        .on_disabled_hover_text("Type a path first")
                });
                if ready && (entered || save.inner.clicked()) {
                    wanted = Some(PathBuf::from(typed.trim()));
                }
                done = wanted.is_some() || widgets::ghost_button(ui, None, "Cancel", None).clicked();
            });
        });
        if done {
            self.typed = None;
        }
        wanted
    }
}
