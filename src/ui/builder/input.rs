//! The input of a field by its kind: text, words with their meanings, yes or no or left
//! out, lists as chips; and the menu that puts template values in. Testers send wrong
//! things on purpose, so every kind takes any text.

use egui::text::{CCursor, CCursorRange, LayoutJob, TextFormat, TextWrapping};
use egui::text_edit::TextEditState;
use egui::{Align, Layout, Margin, Rect, Response, RichText, Role, Sense, StrokeKind, TextEdit, Ui, WidgetInfo, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons as i;
use serde_json::Value;

use super::cards::grouped;
use super::help::path;
use super::row::{self, Context, INPUT, Rows};
use crate::model::codes;
use crate::model::draft::Draft;
use crate::model::fields::{Field, Kind, Required, Word};
use crate::model::template::{Placeholder, Values};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets;

/// About the width of a letter of a hint, points.
const LETTER: f32 = 7.0;
/// Height of a chip beneath an input, points.
const CHIP: f32 = 17.0;
/// The template values that the menu offers.
const OFFERED: &str = "{{listener}} {{merchant}} {{uuid}} {{now}} {{date+30d}} {{previous.id}}";

/// Draws the input; its accessible name is the field's path.
pub fn ui(
    ui: &mut Ui,
    field: &'static Field,
    draft: &mut Draft,
    context: &Context<'_>,
    rows: &mut Rows,
    width: f32,
) -> Response {
    let listed = draft.get(field).is_none_or(Value::is_array);
    match field.kind {
        Kind::OneOf(words) if !rows.free.contains(&row::id(field)) => choice_ui(ui, field, words, draft, rows, width),
        Kind::OneOf(_) => free_ui(ui, field, draft, context, rows, width),
        Kind::Boolean => tri_state_ui(ui, field, draft),
        Kind::ListOf(words, _) if listed => chips_ui(ui, field, words, draft),
        Kind::CardNumber => card_ui(ui, field, draft, context, rows, width),
        _ => text_ui(ui, field, draft, context, width),
    }
}

fn card_ui(
    ui: &mut Ui,
    field: &'static Field,
    draft: &mut Draft,
    context: &Context<'_>,
    rows: &mut Rows,
    width: f32,
) -> Response {
    let response = text_ui(ui, field, draft, context, width);
    let button = end_button(ui, &response, i::ICON_CREDIT_CARD.outlined(), "Pick a test card");
    rows.pick_card |= button.is_some_and(|button| button.clicked());
    response
}

/// A button at the right end of an input, there while the input or itself has the keyboard
/// or the pointer, so that what is typed has all the room otherwise.
fn end_button(ui: &Ui, input: &Response, sign: MaterialIcon, name: &str) -> Option<Response> {
    let id = input.id.with("end");
    let place = Rect::from_min_max(
        egui::pos2(input.rect.right() - INPUT, input.rect.top()),
        egui::pos2(input.rect.right(), input.rect.top() + INPUT),
    );
    let here = input.has_focus() || ui.memory(|memory| memory.has_focus(id));
    let near = ui.rect_contains_pointer(input.rect) && ui.is_enabled();
    if !(here || near || egui::Popup::is_id_open(ui.ctx(), id.with("popup"))) {
        return None;
    }
    let tokens = Tokens::of(ui);
    let response = ui.interact(place, id, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    let fill = if response.hovered() { tokens.bg3 } else { tokens.bg2 };
    ui.painter().rect_filled(place.shrink(2.0), 3.0, fill);
    let sign = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 14.0), tokens.text_second);
    ui.painter().galley(place.center() - sign.size() / 2.0, sign, tokens.text_second);
    widgets::focus_ring(ui, place.shrink(2.0), &response);
    Some(response.on_hover_text(name))
}

fn text_ui(ui: &mut Ui, field: &'static Field, draft: &mut Draft, context: &Context<'_>, width: f32) -> Response {
    let id = row::id(field);
    let mut text = draft.form_text(field);
    if field.kind == Kind::CardNumber && !ui.memory(|memory| memory.has_focus(id)) {
        text = grouped(&text);
    }
    let mut edit = TextEdit::singleline(&mut text)
        .id(id)
        .font(theme::code(theme::CODE))
        .margin(Margin::symmetric(8, 4))
        .desired_width(width)
        .hint_text(hint(field, draft, width));
    if let Some(money) = money(field, draft) {
        edit = edit.suffix(RichText::new(money).font(theme::words(theme::TAB)).color(Tokens::of(ui).muted));
    }
    let response = ui.add(edit);
    widgets::name(&response, &path(field));
    if response.changed() {
        draft.set(field, field.value(&text));
    }
    if row::takes_templates(field.kind) {
        insert_ui(ui, field, draft, context.values, &response);
    }
    response
}

/// In an empty input: that it is needed, or what is assumed.
fn hint(field: &Field, draft: &Draft, width: f32) -> String {
    match (field.required, field.default) {
        (Required::Always, _) if row::needed(draft, field) => "required".into(),
        (_, Some(default)) if default.len() as f32 * LETTER < width - 16.0 => default.to_owned(),
        _ => String::new(),
    }
}

fn money(field: &Field, draft: &Draft) -> Option<String> {
    let amount = draft.get(field).filter(|_| field.pointer == "/amount")?.as_i64()?;
    codes::money(amount, &draft.doc(field.body).form_text("/currency"))
}

/// A word that is not in the list, and the way back to the list.
fn free_ui(
    ui: &mut Ui,
    field: &'static Field,
    draft: &mut Draft,
    context: &Context<'_>,
    rows: &mut Rows,
    width: f32,
) -> Response {
    let button = theme::TARGET + ui.spacing().item_spacing.x;
    let response = text_ui(ui, field, draft, context, width - button);
    let name = format!("Choose {} from the list", path(field));
    if widgets::icon_button(ui, i::ICON_LIST.outlined(), &name).clicked() {
        rows.free.remove(&row::id(field));
    }
    response
}

fn choice_ui(
    ui: &mut Ui,
    field: &'static Field,
    words: &'static [Word],
    draft: &mut Draft,
    rows: &mut Rows,
    width: f32,
) -> Response {
    let tokens = Tokens::of(ui);
    let before = draft.form_text(field);
    let mut chosen = before.clone();
    let shown = match (before.is_empty(), row::needed(draft, field)) {
        (true, true) => "required",
        (true, false) => "left out",
        (false, _) => before.as_str(),
    };
    let colour = if before.is_empty() { tokens.muted } else { tokens.text };
    let shown = RichText::new(widgets::display_text(shown)).font(theme::code(theme::CODE)).color(colour);
    let combo = egui::ComboBox::from_id_salt((field.body, field.pointer))
        .width(width)
        .truncate()
        .icon(widgets::combo_arrow)
        .selected_text(shown);
    let response = combo.show_ui(ui, |ui| {
        ui.set_min_width(300.0);
        for word in words {
            let mut job = LayoutJob::default();
            let format = |font, color| TextFormat { font_id: font, color, ..Default::default() };
            job.append(word.word, 0.0, format(theme::code(theme::CODE), tokens.text));
            job.append(word.meaning, 10.0, format(theme::words(theme::SMALL), tokens.muted));
            ui.selectable_value(&mut chosen, word.word.to_owned(), job);
        }
        ui.separator();
        ui.selectable_value(&mut chosen, String::new(), "left out");
        if ui.selectable_label(false, "Another word…").clicked() {
            rows.free.insert(row::id(field));
            rows.jump = Some(field);
        }
    });
    widgets::name(&response.response, &path(field));
    if chosen != before {
        draft.set(field, field.value(&chosen));
    }
    response.response
}

/// Left out, true or false; what is neither is shown beside them.
fn tri_state_ui(ui: &mut Ui, field: &'static Field, draft: &mut Draft) -> Response {
    let value = draft.get(field).cloned();
    let choices = [(None, "left out"), (Some(true), "true"), (Some(false), "false")];
    let other = value.as_ref().filter(|value| !value.is_boolean() && !value.is_null());
    let now = match (&value, other) {
        (_, Some(_)) => None,
        (value, None) => Some(value.as_ref().and_then(Value::as_bool)),
    };
    let tokens = Tokens::of(ui);
    let mut first = None;
    let chosen = ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let mut chosen = None;
        for (choice, word) in choices {
            let response = segment_ui(ui, word, now == Some(choice));
            widgets::name(&response, &format!("{}: {word}", path(field)));
            if response.clicked() && now != Some(choice) {
                chosen = Some(choice);
            }
            first = Some(joined(first.take(), response));
        }
        if let Some(other) = other {
            ui.add_space(6.0);
            widgets::mono(ui, &widgets::display_text(&other.to_string()), tokens.text);
        }
        chosen
    });
    if let Some(choice) = chosen.inner {
        draft.set(field, choice.map(Value::Bool));
    }
    first.unwrap_or(chosen.response)
}

/// Several parts of one input as one response; its id is the first one's.
fn joined(before: Option<Response>, next: Response) -> Response {
    match before {
        Some(before) => before | next,
        None => next,
    }
}

/// One of a few words in Hack, joined to its neighbours.
fn segment_ui(ui: &mut Ui, word: &str, chosen: bool) -> Response {
    let tokens = Tokens::of(ui);
    let colour = if chosen { tokens.text } else { tokens.muted };
    let galley = widgets::line_of(ui, word, theme::code(theme::SMALL), colour);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 14.0, INPUT), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), chosen, word));
    let fill = match (chosen, response.hovered()) {
        (true, _) => tokens.bg3,
        (false, true) => tokens.bg2,
        (false, false) => tokens.field,
    };
    let stroke = egui::Stroke::new(1.0, tokens.line_strong);
    ui.painter().rect(rect, 4.0, fill, stroke, StrokeKind::Inside);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, colour);
    widgets::focus_ring(ui, rect.shrink(1.0), &response);
    response
}

/// The words of a list as chips; a click puts one in at the end, or takes it out.
fn chips_ui(ui: &mut Ui, field: &'static Field, words: &'static [Word], draft: &mut Draft) -> Response {
    let list = draft.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let unknown: Vec<String> = list
        .iter()
        .filter(|item| !words.iter().any(|word| item.as_str() == Some(word.word)))
        .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
        .collect();
    let mut next = None;
    let mut first: Option<Response> = None;
    let width = ui.available_width();
    let layout = Layout::left_to_right(Align::Center).with_main_wrap(true);
    let whole = ui.allocate_ui_with_layout(vec2(width, INPUT), layout, |ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        let known = words.iter().map(|word| (word.word, word.meaning));
        for (word, meaning) in known.chain(unknown.iter().map(|word| (word.as_str(), "not a word of the contract"))) {
            let place = list.iter().position(|item| item.as_str() == Some(word));
            let response = chip_ui(ui, word, place.is_some()).on_hover_text(meaning);
            widgets::name(&response, &format!("{}: {word}", path(field)));
            if response.clicked() {
                let mut list = list.clone();
                match place {
                    Some(place) => drop(list.remove(place)),
                    None => list.push(word.into()),
                }
                next = Some(list);
            }
            first = Some(joined(first.take(), response));
        }
    });
    if let Some(list) = next {
        draft.set(field, (!list.is_empty()).then_some(Value::Array(list)));
    }
    first.unwrap_or(whole.response)
}

fn chip_ui(ui: &mut Ui, word: &str, on: bool) -> Response {
    let tokens = Tokens::of(ui);
    let colour = if on { tokens.text } else { tokens.muted };
    let word_line = widgets::line_of(ui, word, theme::code(theme::SMALL), colour);
    let sign = if on { i::ICON_CHECK } else { i::ICON_ADD }.outlined();
    let sign = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 13.0), colour);
    let (rect, response) = ui.allocate_exact_size(vec2(word_line.size().x + 32.0, INPUT), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, ui.is_enabled(), on, word));
    let (fill, line) = match (on, response.hovered()) {
        (true, _) => (tokens.selection, tokens.accent.ink),
        (false, true) => (tokens.bg3, tokens.edge),
        (false, false) => (tokens.field, tokens.line_strong),
    };
    ui.painter().rect(rect, 12.0, fill, egui::Stroke::new(1.0, line), StrokeKind::Inside);
    let middle = rect.center().y;
    ui.painter().galley(egui::pos2(rect.left() + 7.0, middle - sign.size().y / 2.0), sign, colour);
    ui.painter().galley(egui::pos2(rect.left() + 24.0, middle - word_line.size().y / 2.0), word_line, colour);
    widgets::focus_ring(ui, rect, &response);
    response
}

// --- Template values

/// The menu of template values.
fn insert_ui(ui: &mut Ui, field: &'static Field, draft: &mut Draft, values: &Values, input: &Response) {
    let name = format!("Insert a value into {}", path(field));
    let Some(response) = end_button(ui, input, i::ICON_DATA_OBJECT.outlined(), &name) else { return };
    let tokens = Tokens::of(ui);
    let mut picked = None;
    egui::Popup::menu(&response).id(response.id.with("popup")).show(|ui| {
        ui.set_min_width(300.0);
        for placeholder in values.placeholders(OFFERED) {
            if ui.selectable_label(false, placeholder_job(&placeholder, theme::CODE, tokens)).clicked() {
                picked = Some(format!("{{{{{}}}}}", placeholder.name));
            }
        }
    });
    if let Some(word) = picked {
        insert(ui, field, draft, &word);
    }
}

/// Puts a text where the pen is, or at the end.
fn insert(ui: &Ui, field: &'static Field, draft: &mut Draft, word: &str) {
    let id = row::id(field);
    let text = draft.form_text(field);
    let mut state = TextEditState::load(ui.ctx(), id).unwrap_or_default();
    let count = text.chars().count();
    let range = state.cursor.char_range().map_or((count, count), |range| {
        let (a, b) = (range.primary.index.0.min(count), range.secondary.index.0.min(count));
        (a.min(b), a.max(b))
    });
    let head: String = text.chars().take(range.0).collect();
    let tail: String = text.chars().skip(range.1).collect();
    draft.set(field, field.value(&format!("{head}{word}{tail}")));
    let at = CCursor::new(range.0 + word.chars().count());
    state.cursor.set_char_range(Some(CCursorRange::one(at)));
    state.store(ui.ctx(), id);
    ui.memory_mut(|memory| memory.request_focus(id));
}

/// What the template values in a text stand for: one chip each, aligned with the inputs.
pub fn resolved_ui(ui: &mut Ui, text: &str, values: &Values) {
    let tokens = Tokens::of(ui);
    for placeholder in values.placeholders(text) {
        let mut job = placeholder_job(&placeholder, theme::CAPTION, tokens);
        job.wrap = TextWrapping::truncate_at_width(ui.available_width() - 12.0);
        let label = job.text.clone();
        let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
        let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), CHIP), Sense::hover());
        let left = row.right() - galley.size().x - 12.0;
        let chip = Rect::from_min_max(egui::pos2(left, row.top()), row.max);
        let response = ui.interact(chip, ui.scope_id().with(("chip", text, &label)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &label));
        ui.painter().rect_filled(chip, 3.0, tokens.bg2);
        ui.painter().galley(egui::pos2(left + 6.0, chip.center().y - galley.size().y / 2.0), galley, tokens.muted);
        let whole = format!("{}. Sent as {}", placeholder.meaning, values.resolve(text));
        response.on_hover_text(widgets::display_text(&whole));
    }
}

/// A placeholder and what it stands for, or why it stands for nothing.
fn placeholder_job(placeholder: &Placeholder, points: f32, tokens: &Tokens) -> LayoutJob {
    let mut job = LayoutJob::default();
    let format = |font, color| TextFormat { font_id: font, color, ..Default::default() };
    let name = widgets::display_text(&format!("{{{{{}}}}}", placeholder.name));
    job.append(&name, 0.0, format(theme::code(points), tokens.text_second));
    let (text, font) = match &placeholder.value {
        Some(value) => (short(value), theme::code(points)),
        None => (placeholder.meaning.clone().into_owned(), theme::words(theme::SMALL)),
    };
    job.append(&widgets::display_text(&text), 8.0, format(font, tokens.muted));
    job
}

/// Addresses without what all of them begin with.
fn short(value: &str) -> String {
    value.trim_start_matches("http://").to_owned()
}
