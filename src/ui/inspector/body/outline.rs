//! JSON as rows that fold: members (Tree) or lines (Pretty). Reads and indexes elsewhere what
//! is large; draws what is known meanwhile, and of that what is in sight.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use egui::{Context, EventFilter, Id, Key, Modifiers, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons as i;

use super::job::{self, Later};
use super::list::{self, List};
use super::row::{self, Look};
use super::words::{Hits, ROW, gutter};
use super::{Explained, Hooks, View};
use crate::model::body::{Index, Place, Rows, Source, Tree, Unread, line_of, scan};
use crate::model::jsonpath::{Limits, Path};
use crate::ui::link::Link;
use crate::ui::theme::Tokens;
use crate::ui::widgets;

/// Values taken in by one frame.
const STEPS: usize = 8192;
/// Values from which on inner things start folded. Our choice.
const FOLD_FROM: usize = 30;
/// Values up to which a filter is answered and a path is followed at once.
const AT_ONCE: usize = 20_000;
/// Bytes of a file that are read together.
const PIECE: u64 = 4 << 20;

/// What a filter left.
#[derive(Debug)]
struct Left {
    rows: Rows,
    count: usize,
    stopped: Option<String>,
}

/// A filter that is asked.
#[derive(Debug)]
pub(super) struct Filter {
    /// As it was typed.
    pub text: String,
    path: Result<Path, String>,
    left: Option<Later<Left>>,
    taken: bool,
    cancel: Arc<AtomicBool>,
}

/// What is known of a value.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub explained: Option<Explained>,
    pub link: Option<Link>,
    path: String,
}

/// A member that is to be shown when it is found.
#[derive(Debug)]
struct Sought {
    path: String,
    found: Option<Later<Option<u32>>>,
}

/// A JSON text on the screen.
#[derive(Debug)]
pub(super) struct Outline {
    tree: Option<Tree>,
    index: Arc<Index>,
    bytes: Arc<OnceLock<Result<Bytes, Unread>>>,
    /// Bytes of a file that are in memory.
    loaded: Arc<AtomicU64>,
    size: u64,
    rows: Rows,
    /// The rows of before a filter.
    unfiltered: Option<Rows>,
    filter: Option<Filter>,
    /// What the view's depth was when the rows were made.
    depth: Option<Option<u32>>,
    pub chosen: Option<u32>,
    list: List,
    /// What is known of the chosen value, and where it leads: found once.
    told: Option<(u32, Told)>,
    /// Height of the card beneath the chosen row, points.
    card: f32,
    goal: Option<u32>,
    sought: Option<Sought>,
    id: Option<Id>,
}

impl Outline {
    /// Reads it, elsewhere if it is large.
    pub fn new(ctx: &Context, source: &Source) -> Self {
        let index = Arc::new(Index::new(source.size()));
        let (bytes, loaded) = (Arc::new(OnceLock::new()), Arc::new(AtomicU64::new(0)));
        if let Source::Memory(all) = source {
            bytes.set(Ok(all.clone())).ok(); // nobody else has it yet
        }
        let (to, place, read, from) = (Arc::clone(&index), Arc::clone(&bytes), Arc::clone(&loaded), source.clone());
        let work = move |tell: &dyn Fn()| {
            let all = place.get_or_init(|| load(&from, &to, &read, tell));
            if let Ok(all) = all {
                scan(all, &to, tell);
            }
        };
        if source.memory().is_some() && source.size() <= job::AT_ONCE {
            work(&|| ());
        } else {
            job::start(ctx, "index", work);
        }
        Self {
            tree: None,
            index,
            bytes,
            loaded,
            size: source.size(),
            rows: Rows::all(),
            unfiltered: None,
            filter: None,
            depth: None,
            chosen: None,
            list: List::default(),
            told: None,
            card: 0.0,
            goal: None,
            sought: None,
            id: None,
        }
    }

    /// The text and its index, as far as they are there.
    pub fn tree(&mut self) -> Option<&Tree> {
        if self.tree.is_none()
            && let Some(Ok(bytes)) = self.bytes.get()
        {
            self.tree = Some(Tree { bytes: bytes.clone(), index: Arc::clone(&self.index) });
        }
        self.tree.as_ref()
    }

    /// How much is read, while it is: a verb and a share.
    pub fn progress(&self) -> Option<(&'static str, f32)> {
        match self.bytes.get() {
            None => Some(("Reading", self.loaded.load(Relaxed) as f32 / self.size.max(1) as f32)),
            Some(Ok(_)) if !self.index.ended() => Some(("Indexing", self.index.progress())),
            _ => None,
        }
    }

    /// Why the file cannot be read, if it cannot.
    pub fn unread(&self) -> Option<&Unread> {
        self.bytes.get().and_then(|bytes| bytes.as_ref().err())
    }

    /// Stops reading; what is found stays.
    pub fn cancel(&self) {
        self.index.cancel();
    }

    /// What is found of the text.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Rows that are seen.
    pub fn count(&self) -> u64 {
        self.rows.count(&self.index, false)
    }

    /// True if something is folded.
    pub fn any_folded(&self) -> bool {
        self.rows.any_folded()
    }

    /// Folds everything this deep; 0 unfolds all.
    pub fn fold(&mut self, depth: u32) {
        self.rows = if depth == 0 { Rows::all() } else { Rows::folded_at(depth) };
        self.unfiltered = None;
        if let Some(filter) = &mut self.filter {
            filter.taken = false;
        }
        self.depth = Some(Some(depth));
    }

    /// Brings a value in sight and chooses it.
    pub fn show(&mut self, node: u32) {
        self.chosen = Some(node);
        self.goal = Some(node);
    }

    /// Brings the member at a path in sight and chooses it, when all is read and it is found.
    pub fn seek(&mut self, path: String) {
        self.sought = Some(Sought { path, found: None });
    }

    /// Looks for the member that is to be shown.
    fn follow(&mut self, ctx: &Context) {
        let (Some(tree), Some(sought)) = (&self.tree, &mut self.sought) else { return };
        if sought.found.is_none() && self.index.ended() {
            let (tree, path, few) = (tree.clone(), sought.path.clone(), self.index.len() <= AT_ONCE);
            sought.found = Some(Later::new(ctx, "path", few, move || tree.find(&path)));
        }
        let Some(found) = sought.found.as_ref().and_then(Later::get).copied() else { return };
        self.sought = None;
        if let Some(node) = found {
            self.show(node);
        }
    }

    /// Brings what stands at a byte in sight, without choosing it.
    pub fn show_byte(&mut self, at: u64) {
        self.goal = Some(self.index.at(at));
    }

    /// Asks for the parts that a path names; an empty text asks for all.
    pub fn filter(&mut self, text: &str) {
        if self.filter.as_ref().map_or("", |filter| filter.text.as_str()) == text {
            return;
        }
        if let Some(old) = self.filter.take() {
            old.cancel.store(true, Relaxed);
        }
        if let Some(rows) = self.unfiltered.take() {
            self.rows = rows;
        }
        if text.is_empty() {
            self.goal = self.chosen;
            return;
        }
        let path = Path::typed(text).map_err(|fault| fault.to_string());
        let cancel = Arc::new(AtomicBool::new(false));
        self.filter = Some(Filter { text: text.into(), path, left: None, taken: false, cancel });
    }

    /// What is to be said of the filter, and whether it is an error.
    pub fn filter_words(&self) -> Option<(String, bool)> {
        let filter = self.filter.as_ref()?;
        Some(match (&filter.path, &filter.left, filter.left.as_ref().and_then(Later::get)) {
            (Err(fault), ..) => (fault.clone(), true),
            (_, None, _) => ("when all is read".into(), false),
            (_, Some(_), None) => ("searching…".into(), false),
            (.., Some(left)) => {
                let count = match left.count {
                    0 => "none".to_owned(),
                    count => format!("{count} found"),
                };
                let stopped = left.stopped.as_ref().map(|why| format!(", {why}")).unwrap_or_default();
                (count + &stopped, false)
            }
        })
    }

    /// Answers the filter when all is read, and takes what it left.
    fn ask(&mut self, ctx: &Context) {
        let Some(tree) = self.tree.clone() else { return };
        let Some(filter) = &mut self.filter else { return };
        let Ok(path) = &filter.path else { return };
        if filter.left.is_none() && self.index.ended() {
            let (path, cancel) = (path.clone(), Arc::clone(&filter.cancel));
            let few = self.index.len() <= AT_ONCE;
            let find = move || {
                let mut found = path.find(&tree, Limits::default(), &cancel);
                found.nodes.sort_unstable();
                found.nodes.dedup();
                let rows = Rows::only(&tree.index, &found.nodes);
                Left { rows, count: found.nodes.len(), stopped: found.stopped.map(|stop| stop.to_string()) }
            };
            filter.left = Some(Later::new(ctx, "filter", few, find));
        }
        if let (Some(left), false) = (filter.left.as_ref().and_then(Later::get), filter.taken) {
            filter.taken = true;
            let before = std::mem::replace(&mut self.rows, left.rows.clone());
            self.unfiltered.get_or_insert(before);
            self.list = List::default();
        }
    }

    /// Draws it in this place. `lines`: with the lines that close things.
    pub fn ui(&mut self, ui: &mut Ui, rect: Rect, lines: bool, view: &View, hits: Hits<'_>, hooks: &mut Hooks<'_>) {
        self.tree();
        self.follow(ui.ctx());
        self.ask(ui.ctx());
        let Some(tree) = self.tree.clone() else { return };
        let index = &*tree.index;
        if self.depth.is_none_or(|depth| depth.is_some() && depth != view.depth) && view.depth.is_some() {
            self.fold(view.depth.unwrap_or_default());
        } else if self.depth.is_none() {
            // Not known yet to be small: folded, if it goes on.
            self.rows = if index.ended() && index.len() <= FOLD_FROM { Rows::all() } else { Rows::folded_at(1) };
            self.depth = Some(None);
        }
        if self.rows.catch_up(index, STEPS) {
            ui.ctx().request_repaint();
        }
        let id = ui.scope_id().with("rows");
        self.id = Some(id);
        let focus = ui.interact(rect, id, Sense::focusable_noninteractive());
        focus.widget_info(|| WidgetInfo::labeled(Role::Tree, true, "Members of the body"));
        if focus.has_focus() {
            let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
            self.keys(ui, &tree, lines, rect);
        }
        if let Some(node) = self.chosen.filter(|node| self.told.as_ref().is_none_or(|(told, _)| told != node)) {
            let (explained, link) = (hooks.explained(&tree, node), hooks.spot(&tree, node));
            let told = Told { explained, link, path: tree.path(node) };
            self.told = Some((node, told));
        }
        self.aim(index, lines);
        self.rows_ui(ui, rect, &tree, lines, hits, hooks);
        widgets::focus_ring(ui, rect.shrink(3.0), &focus);
    }

    /// Brings in sight what was asked for.
    fn aim(&mut self, index: &Index, lines: bool) {
        let Some(goal) = self.goal else { return };
        if self.rows.reveal(index, goal) || self.filter.is_some() {
            let row = self.rows.row_of(index, goal, lines) as f64;
            self.list.show(self.offset_of(row, index, lines), f64::from(ROW + self.card));
        }
        self.goal = None;
    }

    /// Where a row begins, in points.
    fn offset_of(&self, row: f64, index: &Index, lines: bool) -> f64 {
        let card = match self.card_row(index, lines) {
            Some(place) if row > place as f64 => self.card,
            _ => 0.0,
        };
        row * f64::from(ROW) + f64::from(card)
    }

    fn card_row(&self, index: &Index, lines: bool) -> Option<u64> {
        self.chosen.filter(|_| self.card > 0.0).map(|node| self.rows.row_of(index, node, lines))
    }

    fn rows_ui(&mut self, ui: &mut Ui, rect: Rect, tree: &Tree, lines: bool, hits: Hits<'_>, hooks: &mut Hooks<'_>) {
        let index = &*tree.index;
        let count = self.rows.count(index, lines);
        let last = (index.len() as u32).saturating_sub(1);
        let wide = gutter(line_of(index, last) + 2);
        let height = count as f64 * f64::from(ROW) + f64::from(self.card);
        let card_row = self.card_row(index, lines);
        let mut list = self.list;
        let told = self.told.take();
        let known = told.as_ref().map(|(_, told)| told);
        let (mut clicked, mut card) = (None, 0.0);
        list.ui(ui, rect, (0.0, height), |ui, list| {
            let rows = f64::from(ROW);
            let first = match card_row {
                Some(row) if list.top >= (row + 1) as f64 * rows => {
                    (((list.top - f64::from(self.card)) / rows) as u64).max(row)
                }
                _ => (list.top / rows) as u64,
            };
            let mut y = rect.top() + (self.offset_of(first as f64, index, lines) - list.top) as f32;
            let mut next = self.rows.at(index, first, lines);
            while let Some(place) = next.filter(|_| y < rect.bottom()) {
                let strip = Rect::from_min_size(pos2(rect.left(), y), vec2(rect.width() - list::BAR, ROW));
                let look = Look {
                    lines,
                    gutter: wide,
                    folded: self.rows.folded(place.node),
                    chosen: self.chosen == Some(place.node),
                    hits,
                };
                if let Some(asked) = row::ui(ui, strip, tree, place, &look, (known, &mut *hooks)) {
                    clicked = Some((place, asked));
                }
                y += ROW;
                if look.chosen && !place.close {
                    let at = pos2(strip.left() + wide + 16.0, y);
                    card = known.map_or(0.0, |known| row::card_ui(ui, at, strip.right(), known, hooks));
                    y += card;
                }
                next = self.rows.after(index, place, lines);
            }
        });
        (self.list, self.told) = (list, told);
        // Out of sight it keeps its height.
        if (card - self.card).abs() > 0.5 && (card > 0.0 || card_row.is_none_or(|row| self.in_sight(row, rect))) {
            if let Some(node) = self.chosen.filter(|_| self.card <= 0.0) {
                let row = self.rows.row_of(index, node, lines);
                self.list.show_whole(row as f64 * f64::from(ROW), f64::from(ROW + card));
            }
            self.card = card;
            ui.ctx().request_repaint();
        }
        if let Some((place, asked)) = clicked {
            self.act(ui, index, place, asked);
        }
    }

    fn in_sight(&self, row: u64, rect: Rect) -> bool {
        let y = row as f64 * f64::from(ROW);
        y + f64::from(ROW) > self.list.top && y < self.list.top + f64::from(rect.height())
    }

    fn act(&mut self, ui: &Ui, index: &Index, place: Place, asked: row::Asked) {
        let again = self.chosen == Some(place.node);
        if asked == row::Asked::Fold || (asked == row::Asked::Choose && again) {
            self.rows.toggle(index, place.node);
        }
        if !again {
            (self.chosen, self.card) = (Some(place.node), 0.0);
        }
        if let Some(id) = self.id {
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        ui.ctx().request_repaint();
    }

    /// Arrows move, left and right fold and unfold.
    fn keys(&mut self, ui: &Ui, tree: &Tree, lines: bool, rect: Rect) {
        let index = &*tree.index;
        let page = f64::from(rect.height() / ROW) as i64 - 1;
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let count = self.rows.count(index, lines) as i64;
        let row = self.chosen.map_or(-1, |node| self.rows.row_of(index, node, lines) as i64);
        let moves = [
            (Key::ArrowUp, row - 1),
            (Key::ArrowDown, row + 1),
            (Key::PageUp, row - page),
            (Key::PageDown, row + page),
            (Key::Home, 0),
            (Key::End, count - 1),
        ];
        for (key, to) in moves {
            if pressed(key) && count > 0 {
                let place = self.rows.at(index, to.clamp(0, count - 1) as u64, lines);
                // The line that closes something belongs to it: on the way down it is passed.
                let back = to <= row;
                let seen = std::iter::successors(place, |place| self.rows.after(index, *place, lines));
                let stop = seen.take(10_000).find(|place| back || !place.close);
                self.chosen_now(stop.or(place).map(|place| place.node));
            }
        }
        let Some(node) = self.chosen else { return };
        let open = index.filled(node) && !self.rows.folded(node);
        if pressed(Key::ArrowLeft) {
            if open { self.rows.toggle(index, node) } else { self.chosen_now(index.parent(node)) }
        }
        if pressed(Key::ArrowRight) && index.filled(node) {
            if open { self.chosen_now(Some(node + 1)) } else { self.rows.toggle(index, node) }
        }
        if pressed(Key::Enter) || pressed(Key::Space) {
            self.rows.toggle(index, node);
        }
    }

    fn chosen_now(&mut self, node: Option<u32>) {
        if node.is_some() && node != self.chosen {
            (self.chosen, self.goal, self.card) = (node, node, 0.0);
        }
    }

    /// Where the chosen value leads.
    pub fn link(&self) -> Option<&Link> {
        self.told.as_ref().and_then(|(_, told)| told.link.as_ref())
    }

    /// Where the chosen value stands.
    pub fn path(&self) -> Option<&str> {
        self.told.as_ref().map(|(_, told)| told.path.as_str())
    }

    /// True if its rows have the keyboard.
    pub fn has_focus(&self, ui: &Ui) -> bool {
        self.id.is_some_and(|id| ui.memory(|memory| memory.has_focus(id)))
    }
}

impl Drop for Outline {
    fn drop(&mut self) {
        self.index.cancel();
        if let Some(filter) = &self.filter {
            filter.cancel.store(true, Relaxed);
        }
    }
}

/// Reads a file into memory, piece by piece.
fn load(source: &Source, index: &Index, read: &AtomicU64, tell: &dyn Fn()) -> Result<Bytes, Unread> {
    let size = source.size();
    let mut all = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    let mut at = 0;
    while at < size && !index.is_cancelled() {
        all.extend_from_slice(&source.read(at..at + PIECE)?);
        at = all.len() as u64;
        read.store(at, Relaxed);
        tell();
    }
    Ok(all.into())
}

/// The arrow before what can be folded.
pub(super) fn arrow(open: bool) -> egui_material_icons::MaterialIcon {
    if open { i::ICON_EXPAND_MORE.outlined() } else { i::ICON_CHEVRON_RIGHT.outlined() }
}

/// The colour of an arrow.
pub(super) fn arrow_colour(ui: &Ui) -> egui::Color32 {
    Tokens::of(ui).text_second
}
