//! The foot of the builder: presets, files, undo, help of the field in use, and the list of
//! all findings with their fixes. Findings never block.

use egui::{Align, Layout, Margin, Popup, PopupCloseBehavior, RectAlign, Response, RichText, ScrollArea, Sense, Ui};
use egui_material_icons::icons as i;

use super::help::{self, path};
use super::{Panel, ROOM_FOR_HELP, row};
use crate::bus::Command;
use crate::model::draft::{Body, Finding, Severity};
use crate::model::fields;
use crate::ui::theme::{self, Tokens};
use crate::ui::{palette, widgets};

/// Width of the list, points.
const LIST: f32 = 420.0;

impl Panel {
    pub(super) fn foot_ui(&mut self, ui: &mut Ui, findings: &[Finding], commands: &mut Vec<Command>) {
        let help = ui.available_height() >= ROOM_FOR_HELP && self.body().is_some();
        let frame = egui::Frame::new().inner_margin(Margin::symmetric(theme::PADDING as i8, 6));
        egui::Panel::bottom("builder foot").frame(frame).resizable(false).show(ui, |ui| {
            self.said_ui(ui);
            if help {
                self.help_ui(ui);
            }
            ui.horizontal(|ui| self.foot_row_ui(ui, findings));
            let body = self.body().unwrap_or(Body::Session);
            let text = self.view.draft.doc(body).text().to_owned();
            self.files.ui(ui, &text, commands);
        });
    }

    /// Two lines about the field in use: always the same height, so that nothing jumps.
    fn help_ui(&mut self, ui: &mut Ui) {
        let tokens = Tokens::of(ui);
        let entry = palette::entry(palette::Act::AllFields);
        ui.spacing_mut().item_spacing.y = 1.0;
        ui.horizontal(|ui| {
            let field = self.view.form.rows.focused;
            let name = field.map_or("Help", |field| field.name());
            let name = RichText::new(name).font(theme::code(theme::SMALL)).color(tokens.text_second);
            ui.add(egui::Label::new(name).selectable(false));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                widgets::key_cap(ui, entry.cap);
                if widgets::link(ui, entry.label).on_hover_text("Every field with its meaning and source").clicked() {
                    self.reference.toggle(field);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let line = field.map(help::line).unwrap_or_default();
                    let line = RichText::new(line).font(theme::words(theme::SMALL)).color(tokens.muted);
                    ui.add(egui::Label::new(line).truncate().selectable(false));
                });
            });
        });
        let text = self.view.form.rows.focused.map_or("Go into a field to read what it means", |field| field.help);
        let text = RichText::new(text).font(theme::words(theme::SMALL)).color(tokens.text_second);
        ui.add(egui::Label::new(text).truncate());
        ui.add_space(4.0);
    }

    fn foot_row_ui(&mut self, ui: &mut Ui, findings: &[Finding]) {
        ui.spacing_mut().item_spacing.x = 4.0;
        let size = widgets::Size::Small;
        let presets = widgets::button(ui, widgets::Look::Secondary, size, None, "Presets", None);
        if let Some(draft) = self.presets.ui(&presets, &self.view.draft, &mut self.view.saved) {
            self.history.cut();
            self.view.draft = draft;
        }
        let file = widgets::button(ui, widgets::Look::Secondary, size, None, "File", None);
        self.file_ui(&file);
        ui.add_enabled_ui(self.history.has_past(), |ui| {
            let undo = widgets::icon_button(ui, i::ICON_UNDO.outlined(), "Undo");
            if undo.on_disabled_hover_text("Nothing to undo").clicked() {
                self.undo();
            }
        });
        ui.add_enabled_ui(self.history.has_future(), |ui| {
            let redo = widgets::icon_button(ui, i::ICON_REDO.outlined(), "Redo");
            if redo.on_disabled_hover_text("Nothing to do again").clicked() {
                self.redo();
            }
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if findings.is_empty() {
                widgets::muted(ui, "No findings");
                return;
            }
            let button = count_ui(ui, findings);
            self.list_ui(&button, findings);
        });
    }

    fn file_ui(&mut self, button: &Response) {
        let free = !self.files.asking();
        Popup::menu(button).show(|ui| {
            ui.set_min_width(160.0);
            for act in [palette::Act::OpenBody, palette::Act::SaveBody] {
                let entry = palette::entry(act);
                ui.add_enabled_ui(free, |ui| {
                    let item = egui::Button::selectable(false, entry.label).shortcut_text(entry.cap);
                    if ui.add(item).on_disabled_hover_text("A file dialog is open").clicked() {
                        match act {
                            palette::Act::OpenBody => self.files.open(ui),
                            _ => self.files.save(ui),
                        }
                    }
                });
            }
            if ui.selectable_label(false, "Type a path").clicked() {
                self.files.type_path();
            }
        });
    }

    fn list_ui(&mut self, button: &Response, findings: &[Finding]) {
        let popup = Popup::from_toggle_button_response(button)
            .align(RectAlign::TOP_END)
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .width(LIST);
        popup.show(|ui| {
            let room = ui.ctx().content_rect().size();
            ui.set_width(LIST.min(room.x - 40.0));
            ui.horizontal(|ui| {
                widgets::emphasis(ui, "Findings");
                widgets::muted(ui, "never block a run");
                let fixable = findings.iter().filter(|finding| finding.fix.is_some()).count();
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if fixable > 0 && widgets::link(ui, &format!("Fix all {fixable} that can be fixed")).clicked() {
                        self.history.cut();
                        for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
                            self.view.draft.apply(fix);
                        }
                        ui.close();
                    }
                });
            });
            widgets::hline(ui);
            ScrollArea::vertical().max_height((room.y * 0.5).min(420.0)).show(ui, |ui| {
                let mut sorted: Vec<&Finding> = findings.iter().collect();
                sorted.sort_by_key(|finding| (finding.rule.is_some(), finding.severity));
                let margin = Margin { right: 10, ..Margin::ZERO };
                egui::Frame::new().inner_margin(margin).show(ui, |ui| {
                    for finding in sorted {
                        self.listed_ui(ui, finding);
                    }
                });
            });
        });
    }

    fn listed_ui(&mut self, ui: &mut Ui, finding: &Finding) {
        let tokens = Tokens::of(ui);
        let ink = tokens.tone(row::tone(finding.severity)).ink;
        let field = fields::find(finding.body, &finding.pointer);
        let name = field.map_or_else(|| finding.pointer.trim_start_matches('/').replace('/', "."), path);
        let name = if name.is_empty() { help::request_line(finding.body).to_owned() } else { name };
        ui.horizontal(|ui| {
            widgets::icon(ui, row::sign(finding.severity), 16.0, ink);
            let link = widgets::link(ui, &name);
            widgets::name(&link, &format!("Show {name}"));
            if link.on_hover_text("Go to the field").clicked() {
                self.go_to_place(finding.body, &finding.pointer);
                ui.close();
            }
            let code = finding.rule.map(str::to_owned).or_else(|| finding.code.clone()).unwrap_or_default();
            widgets::muted(
                ui,
                &format!(
                    "{code} · {}",
                    if finding.code.is_some() { "The API refuses it" } else { finding.severity.name() }
                ),
            );
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let Some(fix) = &finding.fix else { return };
                let look = widgets::Look::Secondary;
                let button = widgets::button(ui, look, widgets::Size::Small, None, "Fix", None);
                widgets::name(&button, &format!("Fix {name}"));
                if button.on_hover_text(fix.label.as_ref()).clicked() {
                    self.history.cut();
                    self.view.draft.apply(fix);
                }
            });
        });
        ui.horizontal_top(|ui| {
            ui.add_space(24.0);
            let text = RichText::new(widgets::display_text(&finding.message)).font(theme::words(theme::TAB));
            ui.add(egui::Label::new(text.color(tokens.text_second)).wrap());
        });
        ui.add_space(4.0);
    }
}

/// The count as a pill that opens the list.
fn count_ui(ui: &mut Ui, findings: &[Finding]) -> Response {
    let worst = findings.iter().map(|finding| finding.severity).min().unwrap_or(Severity::Advice);
    let label = match findings.len() {
        1 => "1 finding".to_owned(),
        n => format!("{n} findings"),
    };
    let pill = widgets::pill_with(ui, row::tone(worst), Some(row::sign(worst)), &label, 20.0);
    let response = ui.interact(pill.rect.expand2(egui::vec2(0.0, 2.0)), pill.id.with("open"), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Show {label}")));
    widgets::focus_ring(ui, pill.rect, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text("List them; they never block a run")
}
