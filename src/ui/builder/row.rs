//! One row of the form: label with its mark, input, what template values stand for, the
//! findings. Reads all it knows of a field from the table; writes into the draft.

use std::collections::HashSet;

use egui::{Align, Color32, Id, Layout, Rect, Response, RichText, Sense, Stroke, Ui, Vec2, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons as i;

use super::help::{self, path};
use super::{input, wish};
use crate::model::draft::{Draft, Finding, Fix, Severity};
use crate::model::fields::{self, Field, Kind, Required};
use crate::model::template::Values;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets;

/// Height of an input in the form, points.
pub const INPUT: f32 = 24.0;
/// Width of the names, points: the longest common name fits when drawn close.
const LABEL: f32 = theme::LABEL_COLUMN + 14.0;
/// The same where there is room, points.
const WIDE_LABEL: f32 = 210.0;
/// From this width of a form on, points, the names have the wide column.
const ROOM_FOR_LABELS: f32 = 440.0;
/// Height of a name that stands above its input, points.
const STACKED: f32 = 18.0;
/// How much closer the letters of a name stand that would not fit otherwise, points.
const CLOSE: f32 = -0.5;
/// How long a row stays marked after a jump, in seconds. Our choice.
const FLASH: f64 = 0.9;

/// What the rows need to know.
pub struct Context<'a> {
    /// All that is to be said about the draft.
    pub findings: &'a [Finding],
    /// What template values stand for.
    pub values: &'a Values,
    /// A fresh draft of the same shape, to which a field is reset.
    pub base: &'a Draft,
}

impl Context<'_> {
    /// What is to be said about a field.
    pub fn of<'f>(&'f self, draft: &Draft, field: &Field) -> impl Iterator<Item = &'f Finding> {
        let (body, pointer) = draft.at(field);
        let pointer = pointer.into_owned();
        self.findings.iter().filter(move |finding| finding.body == body && finding.pointer == pointer)
    }
}

/// What rows remember from frame to frame, and what they ask of the form.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// The row to go to.
    pub jump: Option<&'static Field>,
    /// The row that was gone to, and until when it is marked.
    flash: Option<(&'static Field, f64)>,
    /// Fields with a list of words into which any word may be typed.
    pub free: HashSet<Id>,
    /// The field that has, or had last, the keyboard.
    pub focused: Option<&'static Field>,
    /// The window with all test cards was asked for.
    pub pick_card: bool,
    /// A fix that was asked for.
    pub fix: Option<Fix>,
}

/// What names the input of a field, also for undo and focus.
pub fn id(field: &Field) -> Id {
    Id::unique(("field", field.body, field.pointer, field.applies.sources))
}

/// True if the draft has something there.
pub fn filled(draft: &Draft, field: &Field) -> bool {
    draft.get(field).is_some_and(|value| !value.is_null())
}

/// True if something else stands there than in a fresh draft.
pub fn changed(draft: &Draft, field: &Field, base: &Draft) -> bool {
    draft.get(field) != base.get(field)
}

/// True if the field must be there as the draft stands: it is required, and what it stands
/// in is there or required itself.
pub fn needed(draft: &Draft, field: &Field) -> bool {
    if field.required != Required::Always {
        return false;
    }
    let (body, pointer) = draft.at(field);
    let above = pointer.rsplit_once('/').map_or("", |(above, _)| above);
    above.is_empty()
        || draft.doc(body).get(above).is_some()
        || fields::find(body, above).is_some_and(|object| object.required == Required::Always)
}

/// Draws a row with what stands beneath it.
pub fn ui(ui: &mut Ui, field: &'static Field, draft: &mut Draft, context: &Context<'_>, rows: &mut Rows) {
    let top = ui.cursor().min;
    let mark = ui.painter().add(egui::Shape::Noop);
    let label = label_width(ui);
    let stacked = name_width(ui, field) > label;
    let response = if stacked {
        let width = ui.available_width();
        ui.horizontal(|ui| label_ui(ui, field, draft, context, vec2(width, STACKED)));
        ui.add_space(-2.0);
        let width = ui.available_width();
        ui.horizontal(|ui| input_ui(ui, field, draft, context, rows, width)).inner
    } else {
        ui.horizontal(|ui| {
            ui.set_min_height(INPUT);
            label_ui(ui, field, draft, context, vec2(label, INPUT));
            let width = ui.available_width();
            input_ui(ui, field, draft, context, rows, width)
        })
        .inner
    };
    let bottom = ui.min_rect().bottom();
    let rect = Rect::from_min_max(top, egui::pos2(ui.max_rect().right(), bottom));
    arrive(ui, field, rect, &response, (mark, rows));
    beneath_ui(ui, field, draft, context, rows);
}

/// Month and year in one row.
pub fn expiry_ui(
    ui: &mut Ui,
    (month, year): (&'static Field, &'static Field),
    draft: &mut Draft,
    context: &Context<'_>,
    rows: &mut Rows,
) {
    let top = ui.cursor().min;
    let mark = ui.painter().add(egui::Shape::Noop);
    let (first, second) = ui
        .horizontal(|ui| {
            ui.set_min_height(INPUT);
            let width = label_width(ui);
            label_ui(ui, month, draft, context, vec2(width, INPUT));
            let first = input_ui(ui, month, draft, context, rows, 40.0);
            let text = RichText::new("_year").font(theme::code(theme::SMALL)).color(Tokens::of(ui).text_second);
            ui.label(text).on_hover_ui(|ui| help::hover_ui(ui, year));
            let width = ui.available_width();
            (first, input_ui(ui, year, draft, context, rows, width))
        })
        .inner;
    let rect = Rect::from_min_max(top, egui::pos2(ui.max_rect().right(), ui.min_rect().bottom()));
    let (field, response) =
        if rows.jump.is_some_and(|field| std::ptr::eq(field, year)) { (year, &second) } else { (month, &first) };
    arrive(ui, field, rect, response, (mark, rows));
    beneath_ui(ui, month, draft, context, rows);
    beneath_ui(ui, year, draft, context, rows);
}

/// Scrolls to the row that was jumped to, gives it the keyboard and marks it for a moment.
fn arrive(
    ui: &Ui,
    field: &'static Field,
    rect: Rect,
    response: &Response,
    (mark, rows): (egui::layers::ShapeIdx, &mut Rows),
) {
    let now = ui.input(|input| input.time);
    if rows.jump.is_some_and(|asked| std::ptr::eq(asked, field)) {
        rows.jump = None;
        rows.flash = Some((field, now + FLASH));
        response.request_focus();
        ui.scroll_to_rect(rect, Some(Align::Center));
    }
    if response.has_focus() {
        rows.focused = Some(field);
    }
    let Some((_, until)) = rows.flash.filter(|(asked, until)| std::ptr::eq(*asked, field) && now < *until) else {
        return;
    };
    let left = ((until - now) / FLASH) as f32;
    let fill = Tokens::of(ui).selection.gamma_multiply(left.clamp(0.0, 1.0));
    ui.painter().set(mark, egui::Shape::rect_filled(rect.expand2(vec2(6.0, 2.0)), 4.0, fill));
    ui.ctx().request_repaint();
}

fn label_width(ui: &Ui) -> f32 {
    if ui.max_rect().width() >= ROOM_FOR_LABELS { WIDE_LABEL } else { LABEL }
}

/// The width of a field's name, its letters close together.
fn name_width(ui: &Ui, field: &Field) -> f32 {
    let name = field.name();
    let line = widgets::line_of(ui, name, theme::code(theme::CAPTION), Color32::PLACEHOLDER);
    line.size().x + CLOSE * name.len() as f32 + 2.0
}

/// The mark of what is set and what is needed, the wire's name, help on hover, and the way
/// back to the default where it was changed.
fn label_ui(ui: &mut Ui, field: &'static Field, draft: &mut Draft, context: &Context<'_>, size: Vec2) {
    let tokens = Tokens::of(ui);
    let (set, need) = (filled(draft, field), needed(draft, field));
    let reset = changed(draft, field, context.base);
    let gap = ui.spacing().item_spacing.x;
    let width = size.x - if reset { theme::TARGET + gap } else { 0.0 };
    ui.allocate_ui_with_layout(vec2(width, size.y), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_width(width);
        let dot = egui::pos2(ui.max_rect().left() - 6.0, ui.max_rect().center().y);
        if set {
            ui.painter().circle_filled(dot, 2.0, tokens.accent.ink);
        } else if need {
            ui.painter().circle_stroke(dot, 2.5, Stroke::new(1.0, tokens.warning.ink));
        }
        let colour = if need { tokens.text } else { tokens.text_second };
        let plain = RichText::new(field.name()).font(theme::code(theme::SMALL)).color(colour);
        let line = widgets::line_of(ui, field.name(), theme::code(theme::SMALL), colour);
        let fits = line.size().x <= width;
        let text = if fits { plain } else { plain.font(theme::code(theme::CAPTION)).extra_letter_spacing(CLOSE) };
        let label = egui::Label::new(text).truncate().selectable(false).sense(Sense::hover());
        ui.add(label).on_hover_ui(|ui| help::hover_ui(ui, field));
    });
    if reset {
        let button = widgets::icon_button(ui, i::ICON_UNDO.outlined(), &format!("Reset {}", path(field)));
        if button.clicked() {
            draft.set(field, context.base.get(field).cloned());
        }
    }
}

fn input_ui(
    ui: &mut Ui,
    field: &'static Field,
    draft: &mut Draft,
    context: &Context<'_>,
    rows: &mut Rows,
    width: f32,
) -> Response {
    let before = ui.visuals().widgets.clone();
    if let Some(worst) = context.of(draft, field).map(|finding| finding.severity).min() {
        let stroke = Stroke::new(1.0, Tokens::of(ui).tone(tone(worst)).ink);
        let widgets = &mut ui.visuals_mut().widgets;
        (widgets.inactive.bg_stroke, widgets.hovered.bg_stroke) = (stroke, stroke);
    }
    let response = input::ui(ui, field, draft, context, rows, width);
    ui.visuals_mut().widgets = before;
    if response.has_focus() {
        rows.focused = Some(field);
    }
    response.on_hover_ui(|ui| help::hover_ui(ui, field))
}

/// The colour of how much a finding matters. Source: design.md, «Colours by meaning».
pub fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Danger,
        Severity::Warning => Tone::Warning,
        Severity::Advice => Tone::Accent,
    }
}

/// Its sign, so that it is never colour alone.
pub fn sign(severity: Severity) -> MaterialIcon {
    match severity {
        Severity::Error => i::ICON_ERROR,
        Severity::Warning => i::ICON_WARNING,
        Severity::Advice => i::ICON_INFO,
    }
    .outlined()
}

/// What stands beneath a field: what template values stand for, then its findings.
fn beneath_ui(ui: &mut Ui, field: &'static Field, draft: &Draft, context: &Context<'_>, rows: &mut Rows) {
    let text = draft.form_text(field);
    if text.contains("{{") {
        input::resolved_ui(ui, &text, context.values);
    }
    if field.pointer == "/challenge_indicator" {
        wish::ui(ui, &text);
    }
    for finding in context.of(draft, field) {
        if finding_ui(ui, &path(field), finding) {
            rows.fix.clone_from(&finding.fix);
        }
    }
}

/// A finding beneath its field; true if its fix was asked for.
fn finding_ui(ui: &mut Ui, name: &str, finding: &Finding) -> bool {
    let mut mended = false;
    let tone = tone(finding.severity);
    widgets::note(ui, tone, |ui| {
        let tokens = Tokens::of(ui);
        ui.horizontal_top(|ui| {
            widgets::icon(ui, sign(finding.severity), 16.0, tokens.tone(tone).ink);
            let message = RichText::new(widgets::display_text(&finding.message)).font(theme::words(theme::TAB));
            ui.add(egui::Label::new(message.color(tokens.text)).wrap());
        });
        ui.horizontal(|ui| {
            if let Some(fix) = &finding.fix {
                let link = widgets::link(ui, &fix.label);
                widgets::name(&link, &format!("{} for {name}", fix.label));
                mended = link.clicked();
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let code = finding.rule.map(str::to_owned).or_else(|| finding.code.clone()).unwrap_or_default();
                widgets::muted(ui, &format!("{code} · never blocks"));
            });
        });
    });
    mended
}

/// True for kinds whose text may hold template values.
pub fn takes_templates(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Text(..)
            | Kind::AnyText
            | Kind::Address
            | Kind::Moment
            | Kind::Id(_)
            | Kind::Uuid
            | Kind::Email
            | Kind::Descriptor
            | Kind::Day
    )
}
