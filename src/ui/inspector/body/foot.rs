//! What stands beneath a body: the path of what is chosen, and what can be copied of it.
//! Copies of any size are made elsewhere.

use std::sync::mpsc::{self, Receiver};

use egui::{Align, Event, Layout, RichText, Ui, UiBuilder, vec2};

use super::{Body, Copied, Hooks, job};
use crate::model::body::{Source, Tree};
use crate::model::payload::lossless;
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{self, display_text, muted};

/// A copy that is being made, and under which name it is said.
pub(super) type Pending = (String, Receiver<String>);

impl Body {
    pub(super) fn foot_ui(&mut self, ui: &mut Ui, hooks: &mut Hooks<'_>) {
        let tokens = Tokens::of(ui);
        let room = ui.available_rect_before_wrap();
        widgets::hline(ui);
        let inner = room.shrink2(vec2(theme::PADDING, 0.0));
        let layout = Layout::left_to_right(Align::Center);
        ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), |ui| {
            let Some(path) = self.chosen_path() else {
                muted(ui, "Pick a line to copy its path or value");
                return;
            };
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                for (words, what) in [("Copy value", self.copied(false)), ("Copy path", self.copied(true))] {
                    let shown = if widgets::just_copied(ui, words) { "Copied" } else { words };
                    if widgets::link(ui, shown).clicked() {
                        hooks.copied = what;
                    }
                }
                if let Some(link) = self.outline.as_ref().and_then(|outline| outline.link())
                    && widgets::link(ui, "Go to").clicked()
                {
                    hooks.go = Some(link.clone());
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let text = RichText::new(display_text(&path)).font(theme::code(theme::CODE)).color(tokens.text);
                    ui.add(egui::Label::new(text).truncate());
                });
            });
        });
    }

    fn chosen_path(&self) -> Option<String> {
        if let Some(form) = &self.form {
            return Some(form.pairs().get(form.chosen?)?.key.clone());
        }
        self.outline.as_ref()?.path().map(str::to_owned)
    }

    fn copied(&self, path: bool) -> Option<Copied> {
        if let Some(form) = &self.form {
            return form.chosen.map(|pair| Copied::Pair(pair, path));
        }
        let node = self.outline.as_ref()?.chosen?;
        Some(if path { Copied::Path(node) } else { Copied::Value(node) })
    }

    /// Copies what was asked for; Ctrl+C asks for the chosen value while its row has the keyboard.
    pub(super) fn copy(&mut self, ui: &Ui, what: &str, hooks: &mut Hooks<'_>) {
        let rows = self.outline.as_ref().is_some_and(|outline| outline.has_focus(ui));
        if rows && ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Copy))) {
            hooks.copied = self.copied(false);
        }
        if let Some(copied) = hooks.copied.take() {
            self.start_copy(ui, what, copied);
        }
        let Some((name, made)) = &self.pending else { return };
        match made.try_recv() {
            Ok(text) => {
                let name = name.clone();
                self.pending = None;
                widgets::copy(ui, &name, &text);
            }
            Err(mpsc::TryRecvError::Empty) => (),
            Err(mpsc::TryRecvError::Disconnected) => self.pending = None,
        }
    }

    fn start_copy(&mut self, ui: &Ui, what: &str, copied: Copied) {
        let tree = self.outline.as_mut().and_then(|outline| outline.tree().cloned());
        let name = match copied {
            Copied::Whole => format!("Copy {what}"),
            Copied::Value(_) | Copied::Exact(_) | Copied::Pair(_, false) => "Copy value".to_owned(),
            Copied::Path(_) | Copied::Pair(_, true) => "Copy path".to_owned(),
        };
        if let Copied::Pair(pair, path) = copied {
            let pair = self.form.as_ref().and_then(|form| form.pairs().get(pair));
            let text = pair.map(|pair| if path { &pair.key } else { &pair.value });
            return widgets::copy(ui, &name, text.map_or("", String::as_str));
        }
        let size = match (&tree, copied) {
            (Some(tree), Copied::Value(node) | Copied::Exact(node)) => tree.raw(node).len() as u64,
            (_, Copied::Whole) => self.source.size(),
            _ => 0,
        };
        let source = self.source.clone();
        if size <= job::AT_ONCE {
            return widgets::copy(ui, &name, &text_of(copied, tree.as_ref(), &source));
        }
        let (to, made) = mpsc::channel();
        self.pending = Some((name, made));
        job::start(ui.ctx(), "copy", move |_| {
            to.send(text_of(copied, tree.as_ref(), &source)).ok(); // the body may be gone
        });
    }
}

fn text_of(copied: Copied, tree: Option<&Tree>, source: &Source) -> String {
    match (copied, tree) {
        (Copied::Value(node), Some(tree)) => tree.value(node),
        (Copied::Exact(node), Some(tree)) => lossless(tree.raw(node)).into_owned(),
        (Copied::Path(node), Some(tree)) => tree.path(node),
        (Copied::Whole, _) => {
            source.read(0..source.size()).map(|bytes| lossless(&bytes).into_owned()).unwrap_or_default()
        }
        _ => String::new(),
    }
}
