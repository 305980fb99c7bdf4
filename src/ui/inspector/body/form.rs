//! A form, pair by pair: name, value, decoded; what stands twice is marked.

use egui::{Context, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons as i;

use super::Hooks;
use super::job::{self, Later};
use super::list::{self, List};
use super::text::unread_ui;
use super::words::{Hits, ROW, Words, cut, ground, gutter, number};
use crate::model::body::{Source, Unread};
use crate::model::payload::{Pair, pairs};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{display_text, line_of};

/// Bytes of a name or value that are laid out.
const SHOWN: usize = 400;

/// A form on the screen.
#[derive(Debug)]
pub(super) struct Form {
    pairs: Later<Result<Vec<Pair>, Unread>>,
    pub chosen: Option<usize>,
    list: List,
    /// A byte to be brought in sight when the pairs are there.
    goal: Option<u64>,
}

impl Form {
    /// Decodes it, elsewhere if it is large.
    pub fn new(ctx: &Context, source: &Source) -> Self {
        let quick = source.memory().is_some() && source.size() <= job::AT_ONCE;
        let source = source.clone();
        let read = move || source.read(0..source.size()).map(|bytes| pairs(&bytes));
        Self { pairs: Later::new(ctx, "form", quick, read), chosen: None, list: List::default(), goal: None }
    }

    /// What it holds, as far as it is decoded.
    pub fn pairs(&self) -> &[Pair] {
        self.pairs.get().and_then(|pairs| pairs.as_ref().ok()).map_or(&[], Vec::as_slice)
    }

    /// True while it is decoded.
    pub fn busy(&self) -> bool {
        self.pairs.get().is_none()
    }

    /// Brings the pair in sight in which a byte is.
    pub fn show(&mut self, at: u64) {
        self.goal = Some(at);
    }

    /// Draws it in this place.
    pub fn ui(&mut self, ui: &mut Ui, rect: Rect, hits: Hits<'_>, hooks: &Hooks<'_>) {
        let pairs = match self.pairs.get() {
            Some(Ok(pairs)) => pairs,
            Some(Err(error)) => return unread_ui(ui, rect, error),
            None => return,
        };
        if let Some(at) = self.goal.take() {
            let place = pairs.partition_point(|pair| pair.raw.start as u64 <= at).saturating_sub(1);
            self.list.show(place as f64 * f64::from(ROW), f64::from(ROW));
        }
        let chosen = &mut self.chosen;
        let wide = gutter(pairs.len() as u64);
        self.list.ui(ui, rect, (0.0, pairs.len() as f64 * f64::from(ROW)), |ui, list| {
            let first = (list.top / f64::from(ROW)) as usize;
            for (at, pair) in pairs.iter().enumerate().skip(first).take((rect.height() / ROW) as usize + 2) {
                let y = rect.top() + (at as f64 * f64::from(ROW) - list.top) as f32;
                let strip = Rect::from_min_size(pos2(rect.left(), y), vec2(rect.width() - list::BAR, ROW));
                let response = ui.interact(strip, ui.scope_id().with(("pair", at)), Sense::CLICK);
                let hit = hits.places.partition_point(|hit| hit.end <= pair.raw.start as u64);
                let lit = hits.places.get(hit).is_some_and(|hit| hit.start < pair.raw.end as u64);
                let tokens = Tokens::of(ui);
                ground(ui, strip, *chosen == Some(at), response.hovered());
                if lit {
                    let edge = Rect::from_min_size(strip.min, vec2(3.0, ROW));
                    ui.painter().rect_filled(edge, 0.0, tokens.warning.ink);
                }
                number(ui, strip, wide, &(at + 1).to_string());
                pair_ui(ui, strip, wide, pair, hooks.lens_of_pair(pair));
                let text = format!("{} = {}", short(&pair.key), short(&pair.value));
                response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, *chosen == Some(at), &text));
                if response.clicked() {
                    *chosen = Some(at);
                }
            }
        });
    }
}

fn short(text: &str) -> String {
    let cut = cut(text.as_bytes(), SHOWN);
    let more = if cut.len() < text.len() { "…" } else { "" };
    display_text(&String::from_utf8_lossy(cut)) + more
}

fn pair_ui(ui: &Ui, strip: Rect, gutter: f32, pair: &Pair, lens: Option<&str>) {
    let tokens = Tokens::of(ui);
    let mut words = Words::new(ui, Hits::default());
    words.own(&short(&pair.key), tokens.json_key);
    words.own(" = ", tokens.text_second);
    words.own(&short(&pair.value), tokens.json_string);
    let mut right = strip.right() - theme::PADDING;
    let mut write = |text: &str, font, colour| {
        let galley = line_of(ui, text, font, colour);
        right -= galley.size().x;
        ui.painter().galley(pos2(right, strip.center().y - galley.size().y / 2.0), galley, colour);
        right -= 8.0;
    };
    if pair.repeated {
        write("key stands twice", theme::words(theme::SMALL), tokens.warning.ink);
    } else if let Some(lens) = lens {
        let icon = i::ICON_FRAME_INSPECT.outlined();
        write(lens, theme::words(theme::SMALL), tokens.accent.ink);
        write(icon.codepoint, theme::icon(icon, 14.0), tokens.accent.ink);
    }
    let left = strip.left() + gutter + 16.0;
    let mut job = words.job;
    job.wrap = egui::text::TextWrapping::truncate_at_width((right - left).max(20.0));
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(pos2(left, strip.center().y - galley.size().y / 2.0), galley, tokens.text);
}
