//! One row of JSON: number, arrow, key, value, and at the right what it means; the card
//! beneath the chosen one; what can be copied of it.

use egui::pos2;
use egui::{
    Color32, Key, Modifiers, Popup, Pos2, Rect, Response, RichText, Role, Sense, SetOpenCommand, Ui, UiBuilder,
    WidgetInfo,
};
use egui_material_icons::icons as i;

use super::outline::{Told, arrow, arrow_colour};
use super::text::advance;
use super::words::{Hits, Words, ground, number};
use super::{Copied, Explained, Hooks};
use crate::model::body::{Kind, Place, Tree};
use crate::model::jsonpath::Tree as _;
use crate::model::meaning;
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{self, display_text, muted, muted_lines};

/// How far a level is set in, points. Source: design.md, «Numbers».
const INDENT: f32 = 14.0;
/// Levels that are set in; deeper rows say how deep they are.
const LEVELS: u32 = 20;
/// Bytes of one value that are laid out; the rest is a click away.
const VALUE_SHOWN: usize = 400;

/// How a row is drawn.
pub(super) struct Look<'a> {
    /// As a line of text, with quotes and commas.
    pub lines: bool,
    pub gutter: f32,
    pub folded: bool,
    pub chosen: bool,
    pub hits: Hits<'a>,
}

/// What a click on a row asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Choose it, or fold it if it is chosen.
    Choose,
    /// Fold or unfold it.
    Fold,
    /// Choose it; something else was done.
    Only,
}

/// Draws a row in its place.
pub(super) fn ui(
    ui: &Ui,
    strip: Rect,
    tree: &Tree,
    place: Place,
    look: &Look<'_>,
    (known, hooks): (Option<&Told>, &mut Hooks<'_>),
) -> Option<Asked> {
    let tokens = Tokens::of(ui);
    let (index, node) = (&*tree.index, place.node);
    let response = ui.interact(strip, ui.scope_id().with(("row", node, place.close)), Sense::CLICK);
    ground(ui, strip, look.chosen, response.hovered());
    let words = words(ui, tree, place, look);
    let text = words.job.text.clone();
    response.widget_info(|| WidgetInfo::selected(Role::TreeItem, true, look.chosen, text.trim()));
    let line = if place.close { None } else { Some(place.line(index) + 1) };
    if let Some(line) = line {
        number(ui, strip, look.gutter, &line.to_string());
    }
    let left = strip.left() + look.gutter + 16.0 + place.depth.min(LEVELS) as f32 * INDENT;
    let folds = index.filled(node) && !place.close;
    if folds {
        let icon = arrow(!look.folded);
        let galley = widgets::line_of(ui, icon.codepoint, theme::icon(icon, 14.0), arrow_colour(ui));
        ui.painter().galley(pos2(left - 14.0, strip.center().y - galley.size().y / 2.0), galley, arrow_colour(ui));
    }
    let mut job = words.job;
    // Laying a row out is most of what it costs: of plain text the width is known before.
    let whole = match job.text.is_ascii() {
        true => job.text.len() as f32 * advance(ui),
        false => ui.painter().layout_job(job.clone()).size().x,
    };
    let end = if place.close { strip.right() } else { right_ui(ui, strip, tree, node, left + whole, hooks) };
    if left + whole > end {
        job.wrap = egui::text::TextWrapping::truncate_at_width((end - left).max(20.0));
    }
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(pos2(left, strip.center().y - galley.size().y / 2.0), galley, tokens.text);
    let copied = menu_ui(&response, look, place, (known, hooks));
    if copied {
        return Some(Asked::Only);
    }
    if !response.clicked() {
        return response.secondary_clicked().then_some(Asked::Only);
    }
    let on_arrow = response.interact_pointer_pos().is_some_and(|at| at.x < left && at.x > left - 20.0);
    Some(if folds && (on_arrow || response.double_clicked()) { Asked::Fold } else { Asked::Choose })
}

fn words<'a>(ui: &Ui, tree: &Tree, place: Place, look: &Look<'a>) -> Words<'a> {
    let tokens = Tokens::of(ui);
    let (index, node) = (&*tree.index, place.node);
    let mut words = Words::new(ui, look.hits);
    if place.depth > LEVELS {
        words.own(&format!("{} deep  ", place.depth), tokens.muted);
    }
    let kind = index.kind(node);
    let (open, close) = if kind == Kind::Array { ('[', ']') } else { ('{', '}') };
    let comma = look.lines && tree.next(node).is_some();
    if place.close {
        words.own(&format!("{close}{}", if comma { "," } else { "" }), tokens.text);
        return words;
    }
    match tree.raw_key(node) {
        Some(key) if look.lines => {
            words.bytes(key, index.start(node), VALUE_SHOWN, tokens.json_key);
            words.own(": ", tokens.text);
        }
        Some(key) => {
            let inner = key.get(1..key.len().saturating_sub(1)).unwrap_or_default();
            words.bytes(inner, index.start(node) + 1, VALUE_SHOWN, tokens.json_key);
            words.own(": ", tokens.text_second);
        }
        None => {
            if let Some(number) = index.number(node).filter(|_| !look.lines) {
                words.own(&format!("{number}: "), tokens.muted);
            }
        }
    }
    match kind {
        Kind::Object | Kind::Array if look.lines && index.filled(node) && !look.folded => {
            words.own(&open.to_string(), tokens.text);
            return words;
        }
        Kind::Object | Kind::Array => {
            let members = match index.members(node) {
                Some(0) => String::new(),
                Some(members) => format!(" {members} "),
                None => " … ".into(),
            };
            words.own(&format!("{open}{members}{close}"), tokens.text_second);
        }
        Kind::Text | Kind::Number | Kind::Literal => {
            let colour = match kind {
                Kind::Text => tokens.json_string,
                Kind::Number => tokens.json_number,
                _ => tokens.json_literal,
            };
            words.bytes(tree.raw(node), index.value_start(node), VALUE_SHOWN, colour);
        }
    }
    if comma {
        words.own(",", tokens.text);
    }
    words
}

/// What stands at the right: a warning always, the lens, the meaning if the value leaves room
/// for it. Where the value must end.
fn right_ui(ui: &Ui, strip: Rect, tree: &Tree, node: u32, used: f32, hooks: &mut Hooks<'_>) -> f32 {
    let tokens = Tokens::of(ui);
    let mut right = strip.right() - theme::PADDING;
    let mut write = |text: &str, font, colour: Color32, needed: bool| {
        let galley = widgets::line_of(ui, text, font, colour);
        let left = right - galley.size().x;
        if needed || used + 8.0 <= left {
            ui.painter().galley(pos2(left, strip.center().y - galley.size().y / 2.0), galley, colour);
            right = left - 8.0;
        }
    };
    if tree.index.repeated(node) {
        write("key stands twice", theme::words(theme::SMALL), tokens.warning.ink, true);
    } else if let Some(lens) = hooks.lens(tree, node) {
        write(lens, theme::words(theme::SMALL), tokens.accent.ink, true);
        let icon = i::ICON_FRAME_INSPECT.outlined();
        write(icon.codepoint, theme::icon(icon, 14.0), tokens.accent.ink, true);
    } else if let Some(hint) = meaning::of_row(tree, node) {
        write(&display_text(&hint), theme::words(theme::SMALL), tokens.muted, false);
    }
    right
}

/// The explanation beneath the chosen row, if there is one. Its height in points.
pub(super) fn card_ui(ui: &mut Ui, at: Pos2, right: f32, known: &Told, hooks: &mut Hooks<'_>) -> f32 {
    let Some(told) = &known.explained else { return 0.0 };
    let room = Rect::from_min_max(at, pos2(right - theme::PADDING, at.y + 2000.0));
    let shown = ui.scope_builder(UiBuilder::new().max_rect(room), |ui| {
        widgets::card(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 3.0;
            widgets::emphasis(ui, &display_text(&told.title));
            if let Some(wrong) = &told.wrong {
                wrong_ui(ui, wrong);
            }
            muted_lines(ui, &display_text(&told.sentence));
            allowed_ui(ui, told);
            ui.horizontal_wrapped(|ui| {
                if let Some(elsewhere) = &told.elsewhere {
                    elsewhere_ui(ui, elsewhere);
                }
                if let Some(from) = &told.from {
                    muted(ui, &display_text(from));
                }
                for (words, link) in &told.links {
                    if widgets::link(ui, &display_text(words)).clicked() {
                        hooks.links.push(link.clone());
                    }
                }
            });
        });
    });
    shown.response.rect.height() + 6.0
}

fn wrong_ui(ui: &mut Ui, wrong: &str) {
    let ink = Tokens::of(ui).warning.ink;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        widgets::icon(ui, i::ICON_WARNING.outlined(), 14.0, ink);
        let words = RichText::new(display_text(wrong)).font(theme::words(theme::SMALL)).color(ink);
        ui.add(egui::Label::new(words).wrap());
    });
}

/// What may stand there: the words of a list, or what else is asked.
fn allowed_ui(ui: &mut Ui, told: &Explained) {
    /// Words that have a line each; of a longer list the rest is counted.
    const LINES: usize = 6;
    if let Some(limits) = &told.limits {
        muted_lines(ui, &display_text(limits));
    }
    if told.allowed.is_empty() {
        return;
    }
    muted(ui, "Allowed:");
    let tokens = Tokens::of(ui);
    let wide = told.allowed.iter().map(|(word, _)| word.len()).max().unwrap_or_default();
    let lines = if told.allowed.len() == LINES + 1 { LINES + 1 } else { LINES };
    for (word, means) in told.allowed.iter().take(lines) {
        let mut job = egui::text::LayoutJob::default();
        let code = egui::TextFormat::simple(theme::code(theme::SMALL), tokens.text);
        // Short words stand in a column.
        let word = if wide <= 4 { format!("{word:<wide$}  ") } else { format!("{word}  ") };
        job.append(&word, 0.0, code);
        job.append(means, 0.0, egui::TextFormat::simple(theme::words(theme::SMALL), tokens.text_second));
        ui.add(egui::Label::new(job).wrap());
    }
    if told.allowed.len() > lines {
        muted(ui, &format!("and {} more", told.allowed.len() - lines));
    }
}

/// What others say for the same: a fact beside the point.
fn elsewhere_ui(ui: &mut Ui, words: &str) {
    let tokens = Tokens::of(ui);
    let frame = egui::Frame::new().fill(tokens.bg3).corner_radius(8.0).inner_margin(egui::Margin::symmetric(7, 1));
    frame.show(ui, |ui| muted(ui, &display_text(words)));
}

/// What can be copied, by right click or Shift+F10. True if something was.
fn menu_ui(
    response: &Response,
    look: &Look<'_>,
    place: Place,
    (known, hooks): (Option<&Told>, &mut Hooks<'_>),
) -> bool {
    let by_key =
        look.chosen && !place.close && response.ctx.input_mut(|input| input.consume_key(Modifiers::SHIFT, Key::F10));
    let open = (by_key || response.secondary_clicked()).then_some(SetOpenCommand::Bool(true));
    let mut popup = Popup::menu(response).open_memory(open);
    if !by_key && response.secondary_clicked() {
        popup = popup.at_pointer_fixed();
    }
    let before = hooks.copied.is_some() || hooks.go.is_some();
    popup.show(|ui| {
        for (label, what) in [
            ("Copy value", Copied::Value(place.node)),
            ("Copy path", Copied::Path(place.node)),
            ("Copy as JSON, byte for byte", Copied::Exact(place.node)),
            ("Copy the whole body", Copied::Whole),
        ] {
            if ui.button(label).clicked() {
                hooks.copied = Some(what);
                ui.close();
            }
        }
        if let Some(link) = known.filter(|_| look.chosen).and_then(|known| known.link.as_ref())
            && ui.button("Go to what it names").clicked()
        {
            hooks.go = Some(link.clone());
            ui.close();
        }
    });
    !before && (hooks.copied.is_some() || hooks.go.is_some())
}
