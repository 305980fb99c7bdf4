//! The menu of presets: the usual cases, and the user's own under names. Says which draft
//! comes out; the panel takes it as one step that can be undone.

use egui::{Align, Layout, Margin, Popup, PopupCloseBehavior, RectAlign, Response, Role, ScrollArea, Sense};
use egui::{TextEdit, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons as i;

use crate::model::draft::Draft;
use crate::model::presets::{self, SavedPreset};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets;

/// Width of the menu, points.
const MENU: f32 = 380.0;

/// A name that is being typed, and what for.
#[derive(Debug, Clone)]
enum Naming {
    New(String),
    /// Place in the list, new name.
    Again(usize, String),
}

/// The menu.
#[derive(Debug, Default)]
pub struct Menu {
    naming: Option<Naming>,
    fresh: bool,
}

impl Menu {
    /// Draws the menu below its button; returns the draft that was chosen.
    pub fn ui(&mut self, button: &Response, draft: &Draft, saved: &mut Vec<SavedPreset>) -> Option<Draft> {
        let popup = Popup::from_toggle_button_response(button)
            .align(RectAlign::TOP_START)
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .width(MENU);
        let shown = popup.show(|ui| {
            let room = ui.ctx().content_rect().size();
            ui.set_width(MENU.min(room.x - 40.0));
            ui.spacing_mut().item_spacing.y = 2.0;
            let mut chosen = None;
            self.save_ui(ui, draft, saved);
            ScrollArea::vertical().max_height((room.y * 0.7).min(560.0)).show(ui, |ui| {
                chosen = self.saved_ui(ui, saved);
                if !saved.is_empty() {
                    widgets::hline(ui);
                }
                for preset in &presets::ALL {
                    if item_ui(ui, preset.name, preset.shows, ui.available_width()).clicked() {
                        chosen = Some(preset.on(draft.clone()));
                    }
                }
            });
            if chosen.is_some() {
                ui.close();
            }
            chosen
        });
        if shown.is_none() {
            self.naming = None;
        }
        shown.and_then(|shown| shown.inner)
    }

    fn saved_ui(&mut self, ui: &mut Ui, saved: &mut Vec<SavedPreset>) -> Option<Draft> {
        let (mut chosen, mut gone) = (None, None);
        for place in 0..saved.len() {
            let Some(one) = saved.get(place) else { break };
            let name = one.name.clone();
            if matches!(&self.naming, Some(Naming::Again(asked, _)) if *asked == place) {
                if let Some(name) = self.name_ui(ui, "New name", "Rename") {
                    saved[place].name = name;
                }
                continue;
            }
            ui.horizontal(|ui| {
                let width = ui.available_width() - 2.0 * (theme::TARGET + 4.0);
                let shows = format!("{}, {}", one.draft.completion.word(), one.draft.channel.name().to_lowercase());
                if item_ui(ui, &widgets::display_text(&name), &shows, width).clicked() {
                    chosen = Some(one.draft.clone());
                }
                ui.spacing_mut().item_spacing.x = 4.0;
                if widgets::icon_button(ui, i::ICON_EDIT.outlined(), &format!("Rename {name}")).clicked() {
                    self.naming = Some(Naming::Again(place, name.clone()));
                    self.fresh = true;
                }
                if widgets::icon_button(ui, i::ICON_DELETE.outlined(), &format!("Delete {name}")).clicked() {
                    gone = Some(place);
                }
            });
        }
        if let Some(place) = gone {
            saved.remove(place);
        }
        chosen
    }

    fn save_ui(&mut self, ui: &mut Ui, draft: &Draft, saved: &mut Vec<SavedPreset>) {
        let naming = matches!(self.naming, Some(Naming::New(_)));
        ui.horizontal(|ui| {
            widgets::emphasis(ui, "Presets");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if widgets::link(ui, "Save as preset…").clicked() {
                    self.naming = (!naming).then(|| Naming::New(String::new()));
                    self.fresh = !naming;
                }
            });
        });
        if !naming {
            return;
        }
        if let Some(name) = self.name_ui(ui, "Name of the preset", "Save") {
            let preset = SavedPreset { name, draft: draft.clone() };
            match saved.iter_mut().find(|one| one.name == preset.name) {
                Some(one) => *one = preset,
                None => saved.push(preset),
            }
        }
    }

    /// A field for a name with its button; the name once it is given.
    fn name_ui(&mut self, ui: &mut Ui, hint: &str, act: &str) -> Option<String> {
        let naming = self.naming.as_mut()?;
        let (Naming::New(text) | Naming::Again(_, text)) = naming;
        let mut given = None;
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let ready = !text.trim().is_empty();
                let mut clicked = false;
                ui.add_enabled_ui(ready, |ui| {
                    let button = widgets::secondary_button(ui, None, act, None);
                    clicked = button.on_disabled_hover_text("Type a name first").clicked();
                });
                let edit = TextEdit::singleline(text)
                    .hint_text(hint)
                    .margin(Margin::symmetric(8, 4))
                    .desired_width(ui.available_width());
                let edit = ui.add(edit);
                widgets::name(&edit, hint);
                if std::mem::take(&mut self.fresh) {
                    edit.request_focus();
                }
                let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
                if ready && (clicked || entered) {
                    given = Some(text.trim().to_owned());
                }
            });
        });
        if given.is_some() {
            self.naming = None;
        }
        given
    }
}

/// A preset: its name over one sentence.
fn item_ui(ui: &mut Ui, name: &str, shows: &str, width: f32) -> Response {
    let tokens = Tokens::of(ui);
    let title = widgets::line_of(ui, name, theme::words(theme::BODY), tokens.text);
    let wrap = width - 16.0;
    let font = theme::words(theme::SMALL);
    let below = ui.fonts_mut(|fonts| fonts.layout(shows.to_owned(), font, tokens.text_second, wrap));
    let height = title.size().y + below.size().y + 10.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 4.0, tokens.bg3);
    }
    let at = pos2(rect.left() + 8.0, rect.top() + 4.0);
    let step = title.size().y + 1.0;
    widgets::paint_emphasis(ui.painter(), at, title, tokens.text);
    ui.painter().galley(at + vec2(0.0, step), below, tokens.text_second);
    widgets::focus_ring(ui, rect.shrink(2.0), &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}
