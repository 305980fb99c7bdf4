//! The reference: every field of the contract in one window, read only. On the left a list
//! by group that can be searched, on the right all that is known of the chosen one. A click
//! goes to the field in the form, if the draft has it.

use egui::text::{LayoutJob, TextWrapping};
use egui::{Align2, Key, Margin, Modifiers, Rect, Response, RichText, Role, ScrollArea, Sense, TextEdit, Ui};
use egui::{WidgetInfo, pos2, vec2};
use egui_material_icons::icons as i;

use super::help::{self, path};
use crate::model::draft::Draft;
use crate::model::fields::{self, FIELDS, Field, Group, Kind};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets;

/// Height of a line of the list, points.
const LINE: f32 = 24.0;
/// Share of the window's width that the list takes.
const SHARE: f32 = 0.5;

/// The window.
#[derive(Debug, Default)]
pub struct Reference {
    open: bool,
    find: String,
    chosen: Option<&'static Field>,
    /// The search takes the keyboard when it is drawn next.
    fresh: bool,
    /// The list scrolls to the chosen field when it is drawn next.
    begins: bool,
}

/// A line of the list.
#[derive(Clone, Copy)]
enum Line {
    Head(Group, usize),
    Field(&'static Field),
}

impl Reference {
    /// Opens the window, at this field if there is one, or closes it.
    pub fn toggle(&mut self, at: Option<&'static Field>) {
        self.open = !self.open;
        self.fresh = self.open;
        self.begins = self.open;
        self.find.clear();
        self.chosen = at.or(self.chosen);
    }

    /// True while the window is open.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Draws the window if it is open; returns the field to go to.
    pub fn ui(&mut self, ui: &Ui, draft: &Draft) -> Option<&'static Field> {
        if !self.open {
            return None;
        }
        let mut open = true;
        let mut gone = None;
        let room = ui.ctx().content_rect().size() - vec2(24.0, 96.0);
        egui::Window::new("All fields")
            .id(egui::Id::unique("all fields"))
            .open(&mut open)
            .collapsible(false)
            .resizable(false)
            .title_frame(widgets::window_title(ui))
            .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
            .fixed_size(vec2(860.0, 560.0).min(room))
            .show(ui.ctx(), |ui| gone = self.content_ui(ui, draft));
        let escaped = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
        self.open = open && !escaped && gone.is_none();
        gone
    }

    fn content_ui(&mut self, ui: &mut Ui, draft: &Draft) -> Option<&'static Field> {
        let search = TextEdit::singleline(&mut self.find)
            .hint_text("Name, meaning, EMV name or allowed word")
            .desired_width(f32::INFINITY)
            .margin(Margin::symmetric(8, 4));
        let search = ui.add(search);
        widgets::name(&search, "Find in all fields");
        if std::mem::take(&mut self.fresh) {
            search.request_focus();
        }
        let lines = lines(&self.find);
        let fields: Vec<&'static Field> = lines
            .iter()
            .filter_map(|line| match line {
                Line::Field(field) => Some(*field),
                Line::Head(..) => None,
            })
            .collect();
        self.keys(ui, &fields);
        let entered = search.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let known = FIELDS.iter().filter(|field| field.kind != Kind::Object).count();
        widgets::muted(ui, &format!("{} of {known} fields of the contract", fields.len()));
        let whole = ui.available_rect_before_wrap();
        let middle = (whole.left() + whole.width() * SHARE).round();
        let left = Rect::from_min_max(whole.min, pos2(middle - 8.0, whole.bottom()));
        let right = Rect::from_min_max(pos2(middle + 8.0, whole.top()), whole.max);
        ui.painter().vline(middle, whole.y_range(), theme::line(Tokens::of(ui)));
        let clicked = ui.scope_builder(egui::UiBuilder::new().max_rect(left), |ui| self.list_ui(ui, &lines)).inner;
        let asked = ui.scope_builder(egui::UiBuilder::new().max_rect(right), |ui| self.facts_ui(ui, draft)).inner;
        ui.advance_cursor_after_rect(whole);
        let shown = |field: &&'static Field| fields::shown(draft).any(|one| std::ptr::eq(one, *field));
        if let Some(field) = clicked {
            self.chosen = Some(field);
        }
        let go = if asked || entered { self.chosen } else { clicked };
        go.filter(shown)
    }

    /// Arrows choose; what is searched for has the first field chosen.
    fn keys(&mut self, ui: &Ui, fields: &[&'static Field]) {
        let key = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let place = self.chosen.and_then(|chosen| fields.iter().position(|one| std::ptr::eq(*one, chosen)));
        let next = match (key(Key::ArrowDown), key(Key::ArrowUp), place) {
            (true, _, Some(place)) => Some(place + 1),
            (_, true, Some(place)) => place.checked_sub(1),
            (true, ..) | (_, true, _) => Some(0),
            (_, _, None) if !self.find.is_empty() => Some(0),
            _ => None,
        };
        if let Some(field) = next.and_then(|next| fields.get(next)) {
            self.chosen = Some(field);
        }
    }

    fn list_ui(&mut self, ui: &mut Ui, lines: &[Line]) -> Option<&'static Field> {
        let mut clicked = None;
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut area = ScrollArea::vertical().id_salt("all fields").auto_shrink([false, false]);
        if std::mem::take(&mut self.begins) {
            let here = |line: &Line| matches!((line, self.chosen), (Line::Field(a), Some(b)) if std::ptr::eq(*a, b));
            let above = lines.iter().position(here).unwrap_or(0).saturating_sub(4) as f32;
            area = area.vertical_scroll_offset(above * LINE);
        }
        area.show_rows(ui, LINE, lines.len(), |ui, rows| {
            for line in lines.get(rows).unwrap_or_default() {
                match line {
                    Line::Head(group, count) => group_ui(ui, *group, *count),
                    Line::Field(field) => {
                        let chosen = self.chosen.is_some_and(|one| std::ptr::eq(one, *field));
                        let response = line_ui(ui, field, chosen);
                        if response.hovered() || response.has_focus() {
                            self.chosen = Some(field);
                        }
                        if response.clicked() {
                            clicked = Some(*field);
                        }
                    }
                }
            }
        });
        if lines.is_empty() {
            widgets::text(ui, "No field fits these words", theme::BODY);
        }
        clicked
    }

    /// All that is known of the chosen field. True if it was asked to go there.
    fn facts_ui(&self, ui: &mut Ui, draft: &Draft) -> bool {
        let Some(field) = self.chosen else {
            widgets::muted_lines(
                ui,
                "Point at a field to read all that is known of it; a click goes to it in the form",
            );
            return false;
        };
        let tokens = Tokens::of(ui);
        let mut asked = false;
        ScrollArea::vertical().id_salt("facts").auto_shrink([false, false]).show(ui, |ui| {
            widgets::emphasis_with(ui, &path(field), theme::code(theme::BODY), tokens.text);
            let help = RichText::new(field.help).font(theme::words(theme::BODY)).color(tokens.text);
            ui.add(egui::Label::new(help).wrap());
            ui.add_space(4.0);
            help::facts_ui(ui, field);
            help::words_ui(ui, field, usize::MAX);
            ui.add_space(8.0);
            let here = fields::shown(draft).any(|one| std::ptr::eq(one, field));
            ui.add_enabled_ui(here, |ui| {
                let icon = Some(i::ICON_ARROW_BACK.outlined());
                let button = widgets::secondary_button(ui, icon, "Go to the field", None);
                let why = help::applies(field).unwrap_or_else(|| "This draft does not have it".into());
                asked = button.on_disabled_hover_text(why).clicked();
            });
            if !here && let Some(why) = help::applies(field) {
                widgets::muted_lines(ui, &format!("{why}: not sent now"));
            }
        });
        asked
    }
}

/// The fields that fit the words, under the heads of their groups.
fn lines(find: &str) -> Vec<Line> {
    let words: Vec<String> = find.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let mut lines = Vec::new();
    for group in Group::ALL {
        let of_group = FIELDS.iter().filter(|field| field.group == group && field.kind != Kind::Object);
        let fits: Vec<&'static Field> = of_group.filter(|field| fits(field, &words)).collect();
        if !fits.is_empty() {
            lines.push(Line::Head(group, fits.len()));
            lines.extend(fits.into_iter().map(Line::Field));
        }
    }
    lines
}

fn fits(field: &Field, words: &[String]) -> bool {
    let values: String = help::words(field).iter().map(|word| format!("{} {} ", word.word, word.meaning)).collect();
    let (group, emv) = (field.group.names().0, field.emv.unwrap_or_default());
    let text = format!("{} {} {emv} {values} {group}", path(field), field.help).to_lowercase();
    words.iter().all(|word| text.contains(word.as_str()))
}

fn group_ui(ui: &mut Ui, group: Group, count: usize) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::hover());
    let (name, wire) = group.names();
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name}, {count} fields")));
    let name = widgets::line_of(ui, name, theme::words(theme::BODY), tokens.text);
    let at = |x: f32, height: f32| pos2(x, rect.bottom() - 3.0 - height);
    let step = name.size().x + 8.0;
    widgets::paint_emphasis(ui.painter(), at(rect.left() + 4.0, name.size().y), name, tokens.text);
    let wire = widgets::line_of(ui, wire, theme::code(theme::SMALL), tokens.muted);
    ui.painter().galley(at(rect.left() + 4.0 + step, wire.size().y), wire, tokens.muted);
}

fn line_ui(ui: &mut Ui, field: &'static Field, chosen: bool) -> Response {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::click());
    let name = path(field);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, format!("{name} in the reference")));
    if chosen {
        ui.painter().rect_filled(rect, 4.0, tokens.selection);
    }
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let title = widgets::line_of(ui, &name, theme::code(theme::SMALL), tokens.text);
    let step = title.size().x + 10.0;
    painter.galley(pos2(rect.left() + 12.0, rect.center().y - title.size().y / 2.0), title, tokens.text);
    let mut help = LayoutJob::simple_singleline(field.help.into(), theme::words(theme::SMALL), tokens.muted);
    help.wrap = TextWrapping::truncate_at_width((rect.width() - step - 16.0).max(0.0));
    let help = ui.fonts_mut(|fonts| fonts.layout_job(help));
    painter.galley(pos2(rect.left() + 12.0 + step, rect.center().y - help.size().y / 2.0), help, tokens.muted);
    widgets::focus_ring(ui, rect.shrink(2.0), &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_listed_once_and_found_by_its_emv_name() {
        let count = |find: &str| lines(find).iter().filter(|line| matches!(line, Line::Field(_))).count();
        assert_eq!(count(""), FIELDS.iter().filter(|field| field.kind != Kind::Object).count());
        assert_eq!(count("browserTZ"), 1);
        assert!(count("federated") >= 1, "by an allowed word");
        assert_eq!(count("no such thing at all"), 0);
    }
}
