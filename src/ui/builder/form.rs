//! The draft as a form: groups that fold, one row for each field of the table, its finding
//! beneath it. Reads names, kinds and help from `model::fields`; writes into the draft.

use std::collections::BTreeSet;

use egui::{
    Align, CornerRadius, Layout, Margin, Pos2, Response, RichText, Role, Sense, Stroke, TextEdit, Ui, WidgetInfo, vec2,
};
use egui_material_icons::icons as i;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cards::grouped;
use crate::model::draft::{Body, Draft, Finding};
use crate::model::fields::{self, Field, Group, Kind, Required, Word};
use crate::model::template::Values;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets;

/// Height of an input in the form, points.
const INPUT: f32 = 24.0;
/// Width of the names, points: the longest fits when drawn close.
const LABEL: f32 = theme::LABEL_COLUMN + 14.0;
/// How much closer the letters of a name stand that would not fit otherwise, points.
const CLOSE: f32 = -0.5;

/// Which parts of the form are open, and what is searched for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// Groups that are folded, by name.
    folded: Vec<String>,
    /// Groups that show their empty fields too, by name.
    whole: Vec<String>,
    /// What is searched for; not kept.
    #[serde(skip)]
    find: String,
    /// Fields shown since the start, by pointer; not kept.
    #[serde(skip)]
    shown: BTreeSet<&'static str>,
}

/// Equal if what is kept is: the settings are saved when that changes.
impl PartialEq for Form {
    fn eq(&self, other: &Self) -> bool {
        (&self.folded, &self.whole) == (&other.folded, &other.whole)
    }
}

impl Default for Form {
    fn default() -> Self {
        let name = |group: Group| group.names().0.to_owned();
        Self {
            folded: vec![name(Group::Cardholder), name(Group::Browser)],
            whole: Vec::new(),
            find: String::new(),
            shown: BTreeSet::new(),
        }
    }
}

/// What the rows need to know.
struct Context<'a> {
    findings: &'a [Finding],
    values: &'a Values,
    fallback: &'a Draft,
}

impl Context<'_> {
    fn finding(&self, draft: &Draft, field: &Field) -> Option<&Finding> {
        {
            let (body, pointer) = draft.at(field);
            self.findings.iter().find(|finding| finding.body == body && finding.pointer == pointer)
        }
    }
}

impl Form {
    /// Draws the search box and all groups.
    pub fn ui(&mut self, ui: &mut Ui, draft: &mut Draft, findings: &[Finding], values: &Values) {
        let fallback = Draft::new(draft.completion);
        let context = Context { findings, values, fallback: &fallback };
        let field = Tokens::of(ui).field;
        let states = &mut ui.visuals_mut().widgets;
        states.inactive.corner_radius = CornerRadius::same(4);
        states.hovered.corner_radius = CornerRadius::same(4);
        states.inactive.weak_bg_fill = field;
        states.hovered.weak_bg_fill = field;
        let shown: Vec<&'static Field> = fields::shown(draft).collect();
        self.find_ui(ui, draft, &shown);
        for group in Group::ALL {
            let of_group: Vec<&'static Field> = shown.iter().copied().filter(|field| field.group == group).collect();
            if !of_group.is_empty() {
                self.group_ui(ui, group, &of_group, draft, &context);
            }
        }
    }

    fn find_ui(&mut self, ui: &mut Ui, draft: &Draft, shown: &[&'static Field]) {
        let filled = shown.iter().filter(|field| filled(draft, field)).count();
        let count = format!("{filled} of {} filled", shown.len());
        inset(ui, |ui| {
            ui.horizontal(|ui| {
                let width = ui.available_width() - 96.0;
                let search = TextEdit::singleline(&mut self.find)
                    .prefix(i::ICON_SEARCH.outlined())
                    .hint_text("Find a field")
                    .margin(Margin::symmetric(8, 3))
                    .desired_width(width);
                let search = ui.add(search);
                widgets::name(&search, "Find a field");
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| widgets::muted(ui, &count));
            });
        });
        ui.add_space(6.0);
    }

    fn group_ui(
        &mut self,
        ui: &mut Ui,
        group: Group,
        of_group: &[&'static Field],
        draft: &mut Draft,
        context: &Context<'_>,
    ) {
        let (name, wire) = group.names();
        let searched = self.find.trim().to_lowercase();
        let fits = |field: &Field| {
            let text = format!("{} {} {name}", path(field), field.help).to_lowercase();
            searched.split_whitespace().all(|word| text.contains(word))
        };
        if !searched.is_empty() && !of_group.iter().any(|field| fits(field)) {
            return;
        }
        let open = !self.folded.iter().any(|folded| folded == name) || !searched.is_empty();
        let count = of_group.iter().filter(|field| filled(draft, field)).count();
        let found = of_group.iter().filter(|field| context.finding(draft, field).is_some()).count();
        widgets::hline(ui);
        if head_ui(ui, open, (name, wire), &format!("{count} of {}", of_group.len()), found).clicked() {
            toggle(&mut self.folded, name);
        }
        if !open {
            return;
        }
        let whole = self.whole.iter().any(|whole| whole == name) || !searched.is_empty();
        let matters = |field: &&&Field| {
            let needed =
                field.required == Required::Always || filled(draft, field) || context.finding(draft, field).is_some();
            let stays = self.shown.contains(field.pointer);
            if searched.is_empty() { whole || needed || stays } else { fits(field) }
        };
        let rows: Vec<&'static Field> = of_group.iter().filter(matters).copied().collect();
        // A row does not vanish while somebody empties it to type something else.
        self.shown.extend(rows.iter().filter(|field| filled(draft, field)).map(|field| field.pointer));
        let hidden = of_group.len() - rows.len();
        inset(ui, |ui| {
            rows_ui(ui, &rows, draft, context);
            if searched.is_empty() && (hidden > 0 || whole) {
                let label = if whole { "Only what is filled".into() } else { format!("{hidden} more") };
                let link = widgets::link(ui, &label);
                widgets::name(&link, &format!("{label} in {name}"));
                if link.clicked() {
                    self.shown.retain(|shown| !of_group.iter().any(|field| field.pointer == *shown));
                    toggle(&mut self.whole, name);
                }
            }
        });
        ui.add_space(6.0);
    }
}

/// Padding on both sides.
fn inset<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let margin = Margin::symmetric(theme::PADDING as i8, 0);
    egui::Frame::new().inner_margin(margin).show(ui, add).inner
}

fn toggle(names: &mut Vec<String>, name: &str) {
    match names.iter().position(|one| one == name) {
        Some(place) => drop(names.remove(place)),
        None => names.push(name.to_owned()),
    }
}

fn filled(draft: &Draft, field: &Field) -> bool {
    draft.get(field).is_some_and(|value| !value.is_null())
}

/// The field's place below its group's object: `billing_address.city`.
fn path(field: &Field) -> String {
    let below = field.pointer.trim_start_matches("/source").trim_start_matches("/completion");
    below.trim_start_matches('/').replace('/', ".")
}

/// A group's head, 28 high; clicking folds it.
fn head_ui(ui: &mut Ui, open: bool, names: (&str, &str), count: &str, found: usize) -> Response {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::FORM_ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, true, open, names.0));
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.bg2);
    }
    let sign = if open { i::ICON_EXPAND_MORE } else { i::ICON_CHEVRON_RIGHT }.outlined();
    let painter = ui.painter();
    let mut x = rect.left() + theme::PADDING - 2.0;
    let sign = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 16.0), tokens.text_second);
    let at = |x: f32, height: f32| Pos2::new(x, rect.center().y - height / 2.0);
    painter.galley(at(x, sign.size().y), sign, tokens.text_second);
    x += 20.0;
    let name = widgets::line_of(ui, names.0, theme::words(theme::BODY), tokens.text);
    let step = name.size().x + 8.0;
    widgets::paint_emphasis(painter, at(x, name.size().y), name, tokens.text);
    let wire = widgets::line_of(ui, names.1, theme::code(theme::SMALL), tokens.muted);
    painter.galley(at(x + step, wire.size().y), wire, tokens.muted);
    let count = widgets::line_of(ui, count, theme::words(theme::SMALL), tokens.muted);
    let mut right = rect.right() - theme::PADDING - count.size().x;
    painter.galley(at(right, count.size().y), count, tokens.muted);
    if found > 0 {
        let text = widgets::line_of(ui, &found.to_string(), theme::words(theme::SMALL), tokens.warning.ink);
        let sign = i::ICON_WARNING.outlined();
        let sign = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 14.0), tokens.warning.ink);
        right -= text.size().x + 10.0;
        painter.galley(at(right, text.size().y), text, tokens.warning.ink);
        painter.galley(at(right - sign.size().x - 3.0, sign.size().y), sign, tokens.warning.ink);
    }
    widgets::focus_ring(ui, rect.shrink(3.0), &response);
    response
}

fn rows_ui(ui: &mut Ui, rows: &[&'static Field], draft: &mut Draft, context: &Context<'_>) {
    let mut parent = String::new();
    let mut rows = rows.iter().copied().peekable();
    while let Some(field) = rows.next() {
        let path = path(field);
        let above = path.rsplit_once('.').map_or("", |(above, _)| above);
        if above != parent {
            parent = above.to_owned();
            if !parent.is_empty() {
                widgets::mono(ui, &parent, Tokens::of(ui).muted);
            }
        }
        let pair = rows.next_if(|next| field.name() == "expiry_month" && next.name() == "expiry_year");
        match pair {
            Some(year) => expiry_ui(ui, field, year, draft, context),
            None => row_ui(ui, field, draft, context),
        }
    }
}

fn row_ui(ui: &mut Ui, field: &'static Field, draft: &mut Draft, context: &Context<'_>) {
    ui.horizontal(|ui| {
        ui.set_min_height(INPUT);
        label_ui(ui, field, draft, context);
        let width = ui.available_width();
        input_ui(ui, field, draft, context, width);
    });
    beneath_ui(ui, field, draft, context);
}

/// Month and year in one row.
fn expiry_ui(ui: &mut Ui, month: &'static Field, year: &'static Field, draft: &mut Draft, context: &Context<'_>) {
    ui.horizontal(|ui| {
        ui.set_min_height(INPUT);
        label_ui(ui, month, draft, context);
        input_ui(ui, month, draft, context, 40.0);
        let short = ui.label(RichText::new("_year").font(theme::code(theme::SMALL)).color(Tokens::of(ui).text_second));
        short.on_hover_text(help(year));
        let width = ui.available_width();
        input_ui(ui, year, draft, context, width);
    });
    beneath_ui(ui, month, draft, context);
    beneath_ui(ui, year, draft, context);
}

fn help(field: &Field) -> String {
    let required = field.need();
    format!("{}\n{required} · {}", field.help, field.pointer)
}

/// The wire's name, help on hover, and the way back to the default where it was changed.
fn label_ui(ui: &mut Ui, field: &'static Field, draft: &mut Draft, context: &Context<'_>) {
    let default = context.fallback.get(field);
    let changed = draft.get(field) != default;
    let gap = ui.spacing().item_spacing.x;
    let width = LABEL - if changed { theme::TARGET + gap } else { 0.0 };
    ui.allocate_ui_with_layout(vec2(width, INPUT), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_width(width);
        let colour = Tokens::of(ui).text_second;
        let plain = RichText::new(field.name()).font(theme::code(theme::SMALL)).color(colour);
        let fits = widgets::line_of(ui, field.name(), theme::code(theme::SMALL), colour).size().x <= width;
        let text = if fits { plain } else { plain.font(theme::code(theme::CAPTION)).extra_letter_spacing(CLOSE) };
        ui.add(egui::Label::new(text).truncate().selectable(false)).on_hover_text(help(field));
    });
    if changed {
        let reset = widgets::icon_button(ui, i::ICON_UNDO.outlined(), &format!("Reset {}", path(field)));
        if reset.clicked() {
            let default = default.cloned();
            draft.set(field, default);
        }
    }
}

fn input_ui(ui: &mut Ui, field: &'static Field, draft: &mut Draft, context: &Context<'_>, width: f32) {
    let name = path(field);
    let before = ui.visuals().widgets.clone();
    if context.finding(draft, field).is_some() {
        let stroke = Stroke::new(1.0, Tokens::of(ui).warning.ink);
        let widgets = &mut ui.visuals_mut().widgets;
        (widgets.inactive.bg_stroke, widgets.hovered.bg_stroke) = (stroke, stroke);
    }
    let response = match field.kind {
        Kind::OneOf(words) => choice_ui(ui, field, words, draft, width),
        Kind::Boolean => check_ui(ui, field, draft),
        _ => text_ui(ui, field, draft, width),
    };
    widgets::name(&response, &name);
    response.on_hover_text(help(field));
    ui.visuals_mut().widgets = before;
}

fn text_ui(ui: &mut Ui, field: &'static Field, draft: &mut Draft, width: f32) -> Response {
    let id = egui::Id::unique(("field", field.body, field.pointer));
    let mut text = draft.form_text(field);
    if field.kind == Kind::CardNumber && !ui.memory(|memory| memory.has_focus(id)) {
        text = grouped(&text);
    }
    let mut edit = TextEdit::singleline(&mut text)
        .id(id)
        .font(theme::code(theme::CODE))
        .margin(Margin::symmetric(8, 4))
        .desired_width(width)
        .hint_text(if field.required == Required::Always { "required" } else { "" });
    if let Some(money) = money(field, draft) {
        edit = edit.suffix(RichText::new(money).font(theme::words(theme::TAB)).color(Tokens::of(ui).muted));
    }
    let response = ui.add(edit);
    if response.changed() {
        draft.set(field, field.value(&text));
    }
    response
}

fn money(field: &Field, draft: &Draft) -> Option<String> {
    let amount = draft.doc(Body::Session).get("/amount").filter(|_| field.pointer == "/amount")?.as_i64()?;
    widgets::money(amount, &draft.doc(Body::Session).form_text("/currency"))
}

fn choice_ui(ui: &mut Ui, field: &'static Field, words: &'static [Word], draft: &mut Draft, width: f32) -> Response {
    let tokens = Tokens::of(ui);
    let before = draft.form_text(field);
    let mut chosen = before.clone();
    let shown = if before.is_empty() { "left out" } else { before.as_str() };
    let colour = if before.is_empty() { tokens.muted } else { tokens.text };
    let shown = RichText::new(widgets::display_text(shown)).font(theme::code(theme::CODE)).color(colour);
    let combo = egui::ComboBox::from_id_salt((field.body, field.pointer))
        .width(width)
        .truncate()
        .icon(widgets::combo_arrow)
        .selected_text(shown);
    let response = combo.show_ui(ui, |ui| {
        ui.set_min_width(300.0);
        for Word { word, meaning, .. } in words {
            let mut job = egui::text::LayoutJob::default();
            let format = |font, color| egui::TextFormat { font_id: font, color, ..Default::default() };
            job.append(word, 0.0, format(theme::code(theme::CODE), tokens.text));
            job.append(meaning, 10.0, format(theme::words(theme::SMALL), tokens.muted));
            ui.selectable_value(&mut chosen, (*word).to_owned(), job);
        }
        if field.required != Required::Always {
            ui.selectable_value(&mut chosen, String::new(), "left out");
        }
    });
    if chosen != before {
        draft.set(field, field.value(&chosen));
    }
    response.response
}

fn check_ui(ui: &mut Ui, field: &'static Field, draft: &mut Draft) -> Response {
    let value = draft.get(field).cloned();
    let mut on = value.as_ref().and_then(Value::as_bool).unwrap_or(false);
    let shown = value.map_or_else(|| "left out".into(), |value| value.to_string());
    let shown = RichText::new(widgets::display_text(&shown)).font(theme::code(theme::CODE));
    let response = ui.checkbox(&mut on, shown);
    if response.changed() {
        draft.set(field, Some(on.into()));
    }
    response
}

/// What stands beneath a field: what template values stand for, then its finding.
fn beneath_ui(ui: &mut Ui, field: &'static Field, draft: &mut Draft, context: &Context<'_>) {
    let text = draft.form_text(field);
    if text.contains("{{") {
        resolved_ui(ui, &text, context.values);
    }
    let Some(finding) = context.finding(draft, field) else { return };
    let mut mended = false;
    widgets::note(ui, Tone::Warning, |ui| {
        let tokens = Tokens::of(ui);
        ui.horizontal_top(|ui| {
            widgets::icon(ui, i::ICON_WARNING.outlined(), 16.0, tokens.warning.ink);
            let message = RichText::new(widgets::display_text(&finding.message)).font(theme::words(theme::TAB));
            ui.add(egui::Label::new(message.color(tokens.text)).wrap());
        });
        ui.horizontal(|ui| {
            let fix = widgets::link(ui, "Use the default");
            widgets::name(&fix, &format!("Use the default for {}", path(field)));
            mended = fix.clicked();
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| widgets::muted(ui, "never blocks"));
        });
    });
    if mended {
        let default = context.fallback.get(field).cloned();
        draft.set(field, default);
    }
}

fn resolved_ui(ui: &mut Ui, text: &str, values: &Values) {
    let resolved = values.resolve(text);
    let shown = if text.contains("{{listener}}") && values.listener.is_empty() {
        "The listener does not run, so this stands for nothing yet".to_owned()
    } else if resolved == text {
        return;
    } else {
        widgets::display_text(resolved.trim_start_matches("http://"))
    };
    ui.horizontal(|ui| {
        ui.add_space(LABEL + ui.spacing().item_spacing.x);
        let shown = RichText::new(shown).font(theme::words(theme::SMALL)).color(Tokens::of(ui).muted);
        ui.add(egui::Label::new(shown).truncate()).on_hover_text(resolved);
    });
}
