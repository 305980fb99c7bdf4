//! A file of the user's choosing, looked at like any body. Which one is asked for here, or by
//! dropping it on the window; the engine opens it.

use std::path::PathBuf;

use egui::{Margin, TextEdit, Ui};

use super::body::{Body, View};
use crate::bus::Command;
use crate::model::{Inspected, Workspace};
use crate::ui::dialog::{Answer, Dialog};
use crate::ui::theme;
use crate::ui::widgets;

/// The file that is looked at, and the one that is asked for.
#[derive(Default)]
pub struct Files {
    /// Its number among those opened, and its bytes.
    shown: Option<(u64, Body)>,
    asked: Option<Dialog>,
    /// A path that is typed where there is no dialog.
    typed: Option<String>,
    /// The newest file that was shown.
    seen: Option<u64>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("shown", &self.shown).finish_non_exhaustive()
    }
}

impl Files {
    /// Asks which file to look at.
    pub fn ask(&mut self, ui: &Ui) {
        if self.asked.is_none() {
            self.asked = Some(Dialog::new(ui, rfd::AsyncFileDialog::new().pick_file()));
        }
    }

    /// True once for each file that was opened.
    pub(super) fn is_new(&mut self, workspace: &Workspace) -> bool {
        let newest = workspace.inspected.as_ref().map(|file| file.number);
        std::mem::replace(&mut self.seen, newest) != newest
    }

    /// True while a path is typed.
    pub fn typing(&self) -> bool {
        self.typed.is_some()
    }

    /// Takes the dialog's answer and what was dropped on the window.
    pub fn look(&mut self, ui: &Ui, commands: &mut Vec<Command>) {
        let dropped = ui.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_owned()));
        commands.extend(dropped.map(Command::InspectFile));
        match self.asked.take().map(|dialog| dialog.answer(ui)) {
            Some(Err(open)) => self.asked = Some(open),
            Some(Ok(Answer::Path(path))) => commands.push(Command::InspectFile(path)),
            Some(Ok(Answer::NoDialog)) => self.typed = Some(String::new()),
            Some(Ok(Answer::Cancelled)) | None => (),
        }
    }

    /// Draws the field for a path where the system has no dialog.
    pub fn path_ui(&mut self, ui: &mut Ui, commands: &mut Vec<Command>) {
        let Some(typed) = &mut self.typed else { return };
        let mut done = false;
        super::padded(ui, |ui| {
            widgets::muted_lines(
                ui,
                "This system showed no file dialog; type the path, or drop the file on the window",
            );
            let edit = TextEdit::singleline(typed).font(theme::code(theme::CODE)).hint_text("Path of a file");
            let field = ui.add(edit.margin(Margin::symmetric(8, 4)).desired_width(f32::INFINITY));
            widgets::name(&field, "Path of a file");
            ui.horizontal(|ui| {
                let ready = !typed.trim().is_empty();
                let inspect = ui.add_enabled_ui(ready, |ui| {
                    widgets::primary_button(ui, None, "Inspect", None).on_disabled_hover_text("Type a path first")
                });
                if inspect.inner.clicked() {
                    commands.push(Command::InspectFile(PathBuf::from(typed.trim())));
                    done = true;
                }
                done |= widgets::ghost_button(ui, None, "Cancel", None).clicked();
            });
        });
        if done {
            self.typed = None;
        }
    }

    /// Draws the file that was opened last.
    pub(super) fn ui(&mut self, ui: &mut Ui, view: &mut View, file: &Inspected) {
        if self.shown.as_ref().is_none_or(|(number, _)| *number != file.number) {
            self.shown = None;
        }
        let (_, body) = self.shown.get_or_insert_with(|| (file.number, Body::of(file.source.clone(), None)));
        body.ui(ui, view, "file");
    }
}
