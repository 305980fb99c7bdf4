//! What stands above a body: its views, what is looked for, how it folds and wraps; what is
//! still being read.

use egui::text::{CCursor, CCursorRange};
use egui::text_edit::TextEditState;
use egui::{Align, Key, Layout, Modifiers, Popup, Rect, Sense, TextEdit, Ui, UiBuilder, vec2};
use egui_material_icons::icons as i;

use super::{Body, Copied, Hooks, Shown, View};
use crate::model::body::Shape;
use crate::model::payload;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, muted};

/// Deepest level of the menu.
const DEEPEST: u32 = 5;
/// Paths that are kept.
const MAX_PATHS: usize = 30;

impl Body {
    pub(super) fn bar_ui(&mut self, ui: &mut Ui, view: &mut View, what: &str, hooks: &mut Hooks<'_>) {
        strip(ui, 36.0, |ui| {
            if !self.plain {
                self.views_ui(ui, view);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let name = format!("Copy {what}");
                let (icon, said) = match widgets::just_copied(ui, &name) {
                    true => (i::ICON_CHECK.outlined(), format!("Copied {what}")),
                    false => (i::ICON_CONTENT_COPY.outlined(), name),
                };
                if widgets::icon_button(ui, icon, &said).clicked() {
                    hooks.copied = Some(Copied::Whole);
                }
                self.menu_ui(ui, view);
                self.fold_ui(ui, view);
                self.size_ui(ui);
            });
        });
        strip(ui, 30.0, |ui| self.find_ui(ui, view));
        widgets::hline(ui);
        self.told_ui(ui, view);
    }

    fn views_ui(&mut self, ui: &mut Ui, view: &mut View) {
        let all = [(Shown::Tree, "Tree"), (Shown::Pretty, "Pretty"), (Shown::Raw, "Raw"), (Shown::Hex, "Hex")];
        let shown: Vec<_> = match self.shape {
            Shape::Json => all.to_vec(),
            Shape::Form | Shape::Xml => all.into_iter().skip(1).collect(),
            _ => all.into_iter().skip(2).collect(),
        };
        let mut now = self.shown(view);
        if widgets::segmented(ui, &mut now, &shown) {
            view.shown = now;
            self.aim_again(now);
        }
    }

    fn size_ui(&self, ui: &mut Ui) {
        let (plain, bytes) = (payload::size(self.source.size()), self.source.size());
        let (words, hint) = match &self.coding {
            Some(coding) => (
                format!("{plain}, {coding}"),
                format!("{bytes} bytes as they came; the sender says that they are compressed: {coding}"),
            ),
            None => (plain, format!("{bytes} bytes, not compressed")),
        };
        muted(ui, &words).on_hover_text(hint);
    }

    fn fold_ui(&mut self, ui: &mut Ui, view: &mut View) {
        if !self.outlined(view) {
            return;
        }
        let Some(outline) = &mut self.outline else { return };
        let (icon, name, depth) = match outline.any_folded() {
            true => (i::ICON_UNFOLD_MORE.outlined(), "Unfold all", 0),
            false => (i::ICON_UNFOLD_LESS.outlined(), "Fold all", 1),
        };
        if widgets::icon_button(ui, icon, name).clicked() {
            view.depth = Some(depth);
            outline.fold(depth);
        }
    }

    fn menu_ui(&mut self, ui: &mut Ui, view: &mut View) {
        let button = widgets::icon_button(ui, i::ICON_MORE_VERT.outlined(), "How it is shown");
        Popup::menu(&button).show(|ui| {
            ui.set_min_width(170.0);
            // Without an outline a box and a ring would be lost on the menu's ground.
            ui.visuals_mut().widgets.inactive.bg_stroke = egui::Stroke::new(1.0, Tokens::of(ui).edge);
            ui.checkbox(&mut view.wrap, "Wrap lines");
            if self.shape != Shape::Json {
                return;
            }
            ui.separator();
            let levels = (1..=DEEPEST).map(|depth| (depth, format!("Fold to level {depth}")));
            let all = [(0, "Unfold all".to_owned())].into_iter().chain(levels);
            for (depth, label) in all {
                if ui.radio(view.depth == Some(depth), label).clicked() {
                    view.depth = Some(depth);
                    if let Some(outline) = &mut self.outline {
                        outline.fold(depth);
                    }
                    ui.close();
                }
            }
            if ui.radio(view.depth.is_none(), "Fold what is long").clicked() {
                view.depth = None;
                if let Some(outline) = &mut self.outline {
                    outline.fold(1);
                }
                ui.close();
            }
        });
    }

    // --- Search and filter

    fn find_ui(&mut self, ui: &mut Ui, view: &mut View) {
        let filtering = self.filtering(view);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            if !filtering {
                toggle(ui, &mut view.regex, ".*", "Find by pattern");
                toggle(ui, &mut view.case, "Aa", "Capitals matter");
            }
            if !filtering && self.find.active() {
                if widgets::icon_button(ui, i::ICON_KEYBOARD_ARROW_DOWN.outlined(), "Next hit").clicked() {
                    self.step(view, false);
                }
                if widgets::icon_button(ui, i::ICON_KEYBOARD_ARROW_UP.outlined(), "Previous hit").clicked() {
                    self.step(view, true);
                }
                if self.find.error().is_none() {
                    let words = muted(ui, &self.find.words());
                    if let Some(hint) = self.find.hint() {
                        words.on_hover_text(hint);
                    }
                }
            }
            if let Some((words, false)) = self.outline.as_ref().filter(|_| filtering).and_then(|o| o.filter_words()) {
                muted(ui, &words);
            }
            let hint = if self.shape == Shape::Json { "Find or $.path" } else { "Find" };
            let field = TextEdit::singleline(&mut self.typed)
                .id(egui::Id::unique("find in body"))
                .font(theme::code(theme::CODE))
                .hint_text(hint);
            let response = ui.add(field.desired_width(ui.available_width().max(40.0)));
            widgets::name(&response, "Find in body");
            self.find_keys(ui, view, &response, filtering);
        });
    }

    fn find_keys(&mut self, ui: &Ui, view: &mut View, response: &egui::Response, filtering: bool) {
        let rows = self.outline.as_ref().is_some_and(|outline| outline.has_focus(ui));
        let here = rows || ui.rect_contains_pointer(ui.clip_rect());
        if here && ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::F)) {
            response.request_focus();
        }
        let (enter, back) = ui.input(|input| (input.key_pressed(Key::Enter), input.modifiers.shift));
        if response.lost_focus() && enter {
            if filtering {
                keep(&mut view.paths, &self.typed);
            } else {
                self.step(view, back);
            }
            response.request_focus();
        }
        let f3 = |modifiers| ui.input_mut(|input| input.consume_key(modifiers, Key::F3));
        if f3(Modifiers::SHIFT) {
            self.step(view, true);
        } else if f3(Modifiers::NONE) {
            self.step(view, false);
        }
        if !response.has_focus() || !(filtering || self.typed.is_empty()) || view.paths.is_empty() {
            return;
        }
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let place = view.paths.iter().position(|path| *path == self.typed);
        let last = view.paths.len() - 1;
        if pressed(Key::ArrowUp) {
            let before = place.map_or(last, |place| place.saturating_sub(1));
            self.typed.clone_from(&view.paths[before.min(last)]);
        } else if pressed(Key::ArrowDown) {
            self.typed = place.and_then(|place| view.paths.get(place + 1)).cloned().unwrap_or_default();
        } else {
            return;
        }
        // The pen goes on where the path ends.
        let mut state = TextEditState::load(ui.ctx(), response.id).unwrap_or_default();
        let end = CCursor::new(self.typed.chars().count());
        state.cursor.set_char_range(Some(CCursorRange::one(end)));
        state.store(ui.ctx(), response.id);
    }

    /// What there is to say: errors of the field, why it is not shown as what it claims to
    /// be, what is still being read.
    fn told_ui(&mut self, ui: &mut Ui, view: &mut View) {
        let fault = self.outline.as_ref().filter(|_| self.filtering(view)).and_then(|outline| outline.filter_words());
        let fault = fault.filter(|(_, error)| *error).map(|(words, _)| words);
        if let Some(error) = fault.or_else(|| self.find.error().map(str::to_owned)) {
            widgets::note(ui, Tone::Danger, |ui| widgets::muted_lines(ui, &widgets::display_text(&error)));
        }
        if let Some(note) = self.note(view) {
            let shown = self.shown(view);
            let broken = self.outline.as_ref().and_then(|outline| outline.index().broken()).map(|broken| broken.at);
            widgets::note(ui, Tone::Warning, |ui| {
                widgets::muted_lines(ui, &widgets::display_text(&note));
                if let Some(at) = broken.filter(|_| matches!(shown, Shown::Tree | Shown::Pretty))
                    && widgets::link(ui, "Show the place in Raw").clicked()
                {
                    view.shown = Shown::Raw;
                    self.show_byte(Shown::Raw, at);
                }
            });
        }
        let Some((verb, share)) = self.progress(view) else { return };
        strip(ui, 26.0, |ui| {
            let words = format!("{verb} {:.0} %", share * 100.0);
            muted(ui, &words);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if widgets::link(ui, "Cancel").clicked() {
                    self.cancel();
                }
                let (track, _) = ui.allocate_exact_size(vec2(ui.available_width(), 4.0), Sense::hover());
                let tokens = Tokens::of(ui);
                ui.painter().rect_filled(track, 2.0, tokens.bg3);
                let done = Rect::from_min_size(track.min, vec2(track.width() * share.clamp(0.0, 1.0), 4.0));
                ui.painter().rect_filled(done, 2.0, tokens.accent.ink);
            });
        });
    }
}

/// A path at the end of those that were used, once.
fn keep(paths: &mut Vec<String>, path: &str) {
    paths.retain(|kept| kept != path);
    paths.push(path.to_owned());
    if paths.len() > MAX_PATHS {
        paths.remove(0);
    }
}

/// A choice that is on or off, with a sign for its word.
fn toggle(ui: &mut Ui, on: &mut bool, sign: &str, name: &str) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(26.0, theme::TARGET), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::CheckBox, true, *on, name));
    let (fill, ink) = match (*on, response.hovered()) {
        (true, _) => (tokens.selection, tokens.accent.ink),
        (false, true) => (tokens.bg3, tokens.text),
        (false, false) => (egui::Color32::TRANSPARENT, tokens.text_second),
    };
    ui.painter().rect_filled(rect, 5.0, fill);
    let galley = widgets::line_of(ui, sign, theme::code(theme::SMALL), ink);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, ink);
    widgets::focus_ring(ui, rect, &response);
    if response.clicked() {
        *on = !*on;
    }
    response.on_hover_text(name);
}

fn strip(ui: &mut Ui, height: f32, add: impl FnOnce(&mut Ui)) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let inner = rect.shrink2(vec2(theme::PADDING, 0.0));
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        add(ui);
    });
}
