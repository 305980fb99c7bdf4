//! Finding a field among all of them: by name, meaning, EMV name or allowed word. What
//! does not apply to the draft is found too, with the reason. Says where to go; the panel
//! goes there.

use egui::{Key, Margin, Modifiers, Response, Role, Sense, TextEdit, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons as i;

use super::help::{self, path};
use super::row;
use crate::model::draft::Draft;
use crate::model::fields::{self, FIELDS, Field, Kind};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets;

/// Most fields listed. Our choice: what is further down is found by one more letter.
const MOST: usize = 40;
/// Height of a found field, points.
const HEIGHT: f32 = 44.0;

/// A field that was found.
struct Found {
    field: &'static Field,
    /// Why it was found, or what it means.
    line: String,
    /// Why it is not in the form; `None` if it is.
    aside: Option<String>,
    /// Smaller is nearer.
    rank: u8,
}

/// What is searched for.
#[derive(Debug, Clone, Default)]
pub struct Find {
    text: String,
    chosen: usize,
}

impl Find {
    /// True while something is searched for.
    pub fn active(&self) -> bool {
        !self.text.trim().is_empty()
    }

    /// Ends the search.
    pub fn clear(&mut self) {
        self.text.clear();
        self.chosen = 0;
    }

    /// The box, beside it how much is filled.
    pub fn box_ui(&mut self, ui: &mut Ui, count: &str) -> Response {
        ui.horizontal(|ui| {
            let tokens = Tokens::of(ui);
            let count = widgets::line_of(ui, count, theme::words(theme::SMALL), tokens.muted);
            let width = ui.available_width() - count.size().x - 10.0;
            let search = TextEdit::singleline(&mut self.text)
                .id(id())
                .prefix(i::ICON_SEARCH.outlined())
                .hint_text("Find a field")
                .margin(Margin::symmetric(8, 3))
                .desired_width(width);
            let search = ui.add(search);
            widgets::name(&search, "Find a field");
            if search.changed() {
                self.chosen = 0;
            }
            let (rect, _) = ui.allocate_exact_size(count.size(), Sense::hover());
            ui.painter().galley(rect.min, count, tokens.muted);
            search
        })
        .inner
    }

    /// The list of what was found; returns the field to go to. Arrows and Enter work from
    /// the box.
    pub fn list_ui(&mut self, ui: &mut Ui, draft: &Draft) -> Option<&'static Field> {
        let found = found(draft, &self.text);
        let typing = ui.memory(|memory| memory.has_focus(id()));
        // egui ends a single line's focus on Enter, one frame before the key is seen here.
        let left = ui.ctx().read_response(id()).is_some_and(|response| response.lost_focus());
        let key = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let mut gone = None;
        if typing && key(Key::ArrowDown) {
            self.chosen += 1;
        }
        if typing && key(Key::ArrowUp) {
            self.chosen = self.chosen.saturating_sub(1);
        }
        self.chosen = self.chosen.min(found.len().saturating_sub(1));
        if (typing || left) && ui.input(|input| input.key_pressed(Key::Enter)) {
            gone = found.get(self.chosen).filter(|found| found.aside.is_none()).map(|found| found.field);
        }
        let words = match found.len() {
            0 => "No field fits these words".to_owned(),
            1 => "1 field; Enter goes there".to_owned(),
            n => format!("{n}{} fields; Enter goes to the marked one", if n == MOST { "+" } else { "" }),
        };
        widgets::muted(ui, &words);
        for (place, one) in found.iter().enumerate() {
            let response = found_ui(ui, one, place == self.chosen);
            if response.clicked() && one.aside.is_none() {
                gone = Some(one.field);
            }
        }
        gone
    }
}

/// The box's id, by which it is told apart from the inputs of fields.
pub fn id() -> egui::Id {
    egui::Id::unique("find a field")
}

/// What fits the words, nearest first; what is not in the form last.
fn found(draft: &Draft, text: &str) -> Vec<Found> {
    let words: Vec<String> = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let shown: Vec<&'static Field> = fields::shown(draft).collect();
    let fits = |field: &&'static Field| field.kind != Kind::Object;
    let mut found: Vec<Found> = FIELDS
        .iter()
        .filter(fits)
        .filter_map(|field| {
            let (rank, line) = rank(field, &words)?;
            let here = shown.iter().any(|one| std::ptr::eq(*one, field));
            let aside = (!here).then(|| aside(field));
            Some(Found { field, line, rank: rank + if here { 0 } else { 10 }, aside })
        })
        .collect();
    found.sort_by_key(|found| found.rank);
    found.truncate(MOST);
    found
}

fn aside(field: &Field) -> String {
    let only = help::applies(field).unwrap_or_else(|| "Not part of this draft".into());
    format!("{only}: not sent now")
}

/// How near a field is to the words, and the line that says why; `None` if it does not fit.
fn rank(field: &'static Field, words: &[String]) -> Option<(u8, String)> {
    let name = path(field).to_lowercase();
    let values: String = help::words(field).iter().map(|word| format!("{} {} ", word.word, word.meaning)).collect();
    let emv = field.emv.unwrap_or_default();
    let group = field.group.names().0;
    let text = format!("{name} {} {emv} {values} {group}", field.help).to_lowercase();
    if !words.iter().all(|word| text.contains(word.as_str())) {
        return None;
    }
    let all = |text: &str| words.iter().all(|word| text.contains(word.as_str()));
    let leaf = field.name().to_lowercase();
    let value = help::words(field).iter().find(|one| all(&format!("{} {}", one.word, one.meaning).to_lowercase()));
    let near = match (leaf == words.join("_"), words.iter().all(|word| leaf.starts_with(word.as_str())), all(&name)) {
        (true, ..) => 0,
        (_, true, _) => 1,
        (_, _, true) => 2,
        _ if all(&emv.to_lowercase()) => 3,
        _ if value.is_some() => 4,
        _ if all(&field.help.to_lowercase()) => 5,
        _ => 6,
    };
    let line = match (near, value) {
        (3, _) => format!("EMV {emv}: {}", field.help),
        (4, Some(word)) => format!("{}: {}", word.word, word.meaning),
        _ => field.help.to_owned(),
    };
    Some((near, line))
}

/// One found field: name and group over the line that says why.
fn found_ui(ui: &mut Ui, found: &Found, chosen: bool) -> Response {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click());
    let name = path(found.field);
    let label = match &found.aside {
        None => format!("Go to {name}"),
        Some(why) => format!("{name}: {why}"),
    };
    response.widget_info(|| WidgetInfo::selected(Role::Button, found.aside.is_none(), chosen, &label));
    if chosen || response.hovered() {
        let fill = if chosen { tokens.selection } else { tokens.bg2 };
        ui.painter().rect_filled(rect, 4.0, fill);
    }
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let colour = if found.aside.is_none() { tokens.text } else { tokens.muted };
    let group = widgets::line_of(ui, found.field.group.names().0, theme::words(theme::SMALL), tokens.muted);
    let right = rect.right() - 8.0 - group.size().x;
    painter.galley(pos2(right, rect.top() + 5.0), group, tokens.muted);
    let title = title_of(ui, &name, right - 14.0 - rect.left(), colour);
    let upper = painter.with_clip_rect(egui::Rect::from_min_max(rect.min, pos2(right - 6.0, rect.bottom())));
    upper.galley(pos2(rect.left() + 8.0, rect.top() + 4.0), title, colour);
    let below = found.aside.as_deref().unwrap_or(&found.line);
    let colour = if found.aside.is_some() { tokens.warning.ink } else { tokens.text_second };
    let mut job = egui::text::LayoutJob::single_section(
        below.to_owned(),
        egui::TextFormat { font_id: theme::words(theme::SMALL), color: colour, ..Default::default() },
    );
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width() - 16.0);
    let below = ui.fonts_mut(|fonts| fonts.layout_job(job));
    painter.galley(pos2(rect.left() + 8.0, rect.top() + 23.0), below, colour);
    widgets::focus_ring(ui, rect.shrink(2.0), &response);
    response.on_hover_ui(|ui| help::hover_ui(ui, found.field))
}

/// The name in so much room: what stands above goes first, the field's own name last.
fn title_of(ui: &Ui, name: &str, room: f32, colour: egui::Color32) -> std::sync::Arc<egui::Galley> {
    let line = |text: &str| widgets::line_of(ui, text, theme::code(theme::CODE), colour);
    let mut title = line(name);
    let mut rest = name;
    while title.size().x > room
        && let Some((_, below)) = rest.split_once('.')
    {
        rest = below;
        title = line(&format!("…{rest}"));
    }
    title
}

/// How much of what the form shows is filled: `31 of 70 set`.
pub fn count(draft: &Draft, shown: &[&'static Field]) -> String {
    let filled = shown.iter().filter(|field| row::filled(draft, field)).count();
    format!("{filled} of {} set", shown.len())
}
