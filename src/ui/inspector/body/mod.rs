//! The body viewer: the bytes as they came as tree, pretty text, raw text and hex; search,
//! filter, copy. For bodies of any size: nothing here takes longer for a larger one. What is
//! large is read elsewhere (`job`), and only rows in sight are laid out (`list`, trust.md R45).

mod bar;
mod find;
mod foot;
mod form;
mod job;
mod list;
mod outline;
mod row;
mod text;
mod words;

use bytes::Bytes;
use egui::{Rect, Ui, UiBuilder, pos2};
use serde::{Deserialize, Serialize};

use self::find::Find;
use self::foot::Pending;
use self::form::Form;
use self::job::Later;
use self::outline::Outline;
use self::text::{Hex, Text};
use crate::model::body::find::Wanted;
use crate::model::body::{MAX_XML, Shape, Source, Tree, indented_xml, shape};
use crate::model::payload::{MAX_BYTES, Pair, size};
use crate::ui::link::Link;
use crate::ui::theme::{Tokens, Tone};
use crate::ui::widgets::{self, muted};

/// Bodies over this size are not read as a tree by themselves, in bytes. Our choice.
const BY_ITSELF: u64 = 64 << 20;

/// How a body is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// One row for each member.
    #[default]
    Tree,
    /// The text, set in.
    Pretty,
    /// The exact text.
    Raw,
    /// The exact bytes.
    Hex,
}

/// What is remembered of how bodies are shown, from row to row and between starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// As what.
    pub shown: Shown,
    /// Long lines go on in the next.
    pub wrap: bool,
    /// The level that is folded, 0 for none; `None` folds what is long.
    pub depth: Option<u32>,
    /// Capitals matter when searching.
    pub case: bool,
    /// What is looked for is a pattern.
    pub regex: bool,
    /// Paths that were used as filters, oldest first.
    pub paths: Vec<String>,
    /// What of a comparison is shown.
    pub compare: super::Compared,
}

impl Default for View {
    fn default() -> Self {
        Self {
            shown: Shown::Tree,
            wrap: true,
            depth: None,
            case: false,
            regex: false,
            paths: Vec::new(),
            compare: super::Compared::default(),
        }
    }
}

/// What a member means, to be told beneath its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// In a few words.
    pub title: String,
    /// What to know, what to do.
    pub sentence: String,
    /// What is wrong with the value, and what would be right.
    pub wrong: Option<String>,
    /// The values that are allowed, each with what it means.
    pub allowed: Vec<(&'static str, &'static str)>,
    /// Length, alphabet, range, need.
    pub limits: Option<String>,
    /// What other schemes say for the same.
    pub elsewhere: Option<String>,
    /// Where it comes from.
    pub from: Option<String>,
    /// Ways on: the words of each, and where it leads.
    pub links: Vec<(String, Link)>,
}

/// What to copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copied {
    Value(u32),
    Path(u32),
    Exact(u32),
    /// Of a form: its name or its value.
    Pair(usize, bool),
    Whole,
}

/// Finds what a member means.
pub type Explain<'a> = dyn Fn(&Tree, u32) -> Option<Explained> + 'a;
/// Finds which lens reads a value.
pub type Lens<'a> = dyn Fn(&str, &str) -> Option<&'static str> + 'a;
/// Finds what an identifier names.
pub type Names<'a> = dyn Fn(&str) -> Option<Link> + 'a;

/// What others know of a body's members.
#[derive(Default)]
pub struct Hooks<'a> {
    /// Explains the chosen row.
    pub explain: Option<&'a Explain<'a>>,
    /// Names the lens for a key and its value.
    pub peek: Option<&'a Lens<'a>>,
    /// Where an identifier leads.
    pub names: Option<&'a Names<'a>>,
    /// Links that were followed.
    pub links: Vec<Link>,
    copied: Option<Copied>,
    go: Option<Link>,
}

impl Hooks<'_> {
    fn explained(&self, tree: &Tree, node: u32) -> Option<Explained> {
        self.explain.and_then(|explain| explain(tree, node))
    }

    /// Bytes of the longest value that a lens looks at, since it looks at all in sight in each
    /// frame; the largest field is 4 KiB.
    const LOOKED_AT: usize = 16 << 10;

    fn lens(&self, tree: &Tree, node: u32) -> Option<&'static str> {
        let peek = self.peek?;
        if tree.index.holds(node) || tree.raw(node).len() > Self::LOOKED_AT {
            return None;
        }
        peek(&tree.key(node).unwrap_or_default(), &tree.value(node))
    }

    fn lens_of_pair(&self, pair: &Pair) -> Option<&'static str> {
        let peek = self.peek.filter(|_| pair.value.len() <= Self::LOOKED_AT)?;
        peek(&pair.key, &pair.value)
    }

    fn spot(&self, tree: &Tree, node: u32) -> Option<Link> {
        /// Longest identifier, in bytes.
        const LONGEST: usize = 300;
        let names = self.names?;
        if tree.index.holds(node) || tree.raw(node).len() > LONGEST {
            return None;
        }
        names(&tree.value(node))
    }
}

/// A body on the screen.
#[derive(Debug)]
pub struct Body {
    source: Source,
    shape: Shape,
    /// How its bytes are compressed, as its sender says: `gzip`.
    coding: Option<String>,
    /// Without views to choose from: text only.
    plain: bool,
    /// May be read as a tree.
    opened: bool,
    outline: Option<Outline>,
    form: Option<Form>,
    /// XML set in, or why it cannot be.
    set_in: Option<Later<Result<Bytes, String>>>,
    /// The same as lines.
    pretty: Option<Text>,
    raw: Option<Text>,
    /// A byte to be brought in sight there.
    raw_goal: Option<u64>,
    hex: Hex,
    typed: String,
    find: Find,
    pending: Option<Pending>,
    wanted: Option<String>,
}

impl Body {
    /// A body and what its sender called it.
    pub fn new(bytes: &Bytes, content_type: Option<&str>) -> Self {
        Self::of(bytes.clone().into(), content_type)
    }

    /// The same for bytes that may lie in a file.
    pub fn of(source: Source, content_type: Option<&str>) -> Self {
        let shape = match shape(&source, content_type) {
            Shape::Form if source.size() > MAX_BYTES as u64 => Shape::Text,
            shape => shape,
        };
        Self {
            opened: source.size() <= BY_ITSELF,
            source,
            shape,
            coding: None,
            plain: false,
            outline: None,
            form: None,
            set_in: None,
            pretty: None,
            raw: None,
            raw_goal: None,
            hex: Hex::default(),
            typed: String::new(),
            find: Find::default(),
            pending: None,
            wanted: None,
        }
    }

    /// Text of our own making, shown as it is.
    pub fn plain(text: String) -> Self {
        Self { plain: true, ..Self::of(Bytes::from(text).into(), Some("text/plain")) }
    }

    /// Says how its sender says that it is compressed. We ask for nothing compressed and
    /// unpack nothing: the bytes are those that came.
    pub fn coded(mut self, content_encoding: Option<&str>) -> Self {
        let coding = content_encoding.map(str::trim).filter(|coding| !coding.is_empty());
        self.coding = coding.filter(|coding| !coding.eq_ignore_ascii_case("identity")).map(widgets::display_text);
        self
    }

    /// Brings a member in sight and lights it, when it is found: `$.acs.url`.
    pub fn reveal(&mut self, path: &str) {
        self.wanted = Some(path.to_owned());
    }

    /// True if it is still read in the background.
    pub fn busy(&self) -> bool {
        self.outline.as_ref().is_some_and(|outline| outline.progress().is_some())
            || self.raw.as_ref().is_some_and(|raw| raw.progress().is_some())
            || self.form.as_ref().is_some_and(Form::busy)
            || self.set_in.as_ref().is_some_and(|set_in| set_in.get().is_none())
    }

    /// Rows that no fold hides, of those found so far.
    pub fn rows(&self) -> u64 {
        self.outline.as_ref().map_or(0, Outline::count)
    }

    /// As what it is shown, since not everything can be everything.
    fn shown(&self, view: &View) -> Shown {
        match (self.shape, view.shown) {
            _ if self.plain => Shown::Raw,
            (Shape::Binary, Shown::Tree | Shown::Pretty) => Shown::Hex,
            (Shape::Text | Shape::Empty, Shown::Tree | Shown::Pretty) => Shown::Raw,
            (Shape::Form | Shape::Xml, Shown::Tree) => Shown::Pretty,
            // Not one value could be read.
            (Shape::Json, Shown::Tree | Shown::Pretty) if self.hopeless() => Shown::Raw,
            (_, shown) => shown,
        }
    }

    fn hopeless(&self) -> bool {
        self.outline.as_ref().is_some_and(|outline| outline.index().ended() && outline.index().is_empty())
    }

    /// True if it is shown as rows of JSON.
    fn outlined(&self, view: &View) -> bool {
        self.shape == Shape::Json && matches!(self.shown(view), Shown::Tree | Shown::Pretty)
    }

    /// True if what was typed is a path, not something to find.
    fn filtering(&self, view: &View) -> bool {
        self.outlined(view) && self.typed.trim_start().starts_with('$')
    }

    /// Why it is not shown as what it claims to be, or not all of it.
    fn note(&self, view: &View) -> Option<String> {
        if let (Some(Err(why)), Shown::Pretty) = (self.set_in.as_ref().and_then(Later::get), self.shown(view)) {
            return Some(format!("Not set in: {why}"));
        }
        let outline = self.outline.as_ref()?;
        if let Some(error) = outline.unread() {
            return Some(format!("It cannot be read any more: {error}"));
        }
        let index = outline.index();
        if let Some(broken) = index.broken() {
            let (at, line, column, why) = (broken.at, broken.line, broken.column, broken.why);
            return Some(format!("Not valid JSON from byte {at} on (line {line}, column {column}): {why}"));
        }
        if index.ended() && index.is_cancelled() {
            return Some("Cancelled: these are the rows up to there".into());
        }
        index.not_text().map(|at| format!("Not UTF-8 at byte {at}; such bytes are shown as \\xNN"))
    }

    /// What is still read for this view: a verb and a share.
    fn progress(&self, view: &View) -> Option<(&'static str, f32)> {
        match self.shown(view) {
            Shown::Tree | Shown::Pretty if self.shape == Shape::Json => self.outline.as_ref()?.progress(),
            Shown::Raw => Some(("Counting lines", self.raw.as_ref()?.progress()?)),
            _ => None,
        }
    }

    fn cancel(&self) {
        self.outline.iter().for_each(Outline::cancel);
        self.raw.iter().for_each(Text::cancel);
    }

    /// Draws it in what is left of `ui`; `what` names it for the copy button.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View, what: &str) {
        self.ui_with(ui, view, what, &mut Hooks::default());
    }

    /// The same, with what others know of its members.
    pub fn ui_with(&mut self, ui: &mut Ui, view: &mut View, what: &str, hooks: &mut Hooks<'_>) {
        ui.spacing_mut().item_spacing.y = 0.0;
        if self.shape == Shape::Empty {
            ui.add_space(24.0);
            ui.vertical_centered(|ui| muted(ui, "No body"));
            return;
        }
        self.prepare(ui, view);
        self.bar_ui(ui, view, what, hooks);
        let shown = self.shown(view);
        let picks = self.outlined(view) || self.form.is_some() && shown == Shown::Pretty;
        let footer = if picks { 28.0 } else { 0.0 };
        let room = ui.available_rect_before_wrap();
        let upper = Rect::from_min_max(room.min, pos2(room.right(), (room.bottom() - footer).max(room.top())));
        ui.painter().rect_filled(upper, 0.0, Tokens::of(ui).code);
        ui.scope_builder(UiBuilder::new().max_rect(upper), |ui| {
            ui.set_clip_rect(upper.intersect(ui.clip_rect()));
            self.view_ui(ui, upper, view, hooks);
        });
        if picks {
            let lower = Rect::from_min_max(upper.left_bottom(), room.max);
            ui.scope_builder(UiBuilder::new().max_rect(lower), |ui| self.foot_ui(ui, hooks));
        }
        self.copy(ui, what, hooks);
        hooks.links.extend(hooks.go.take());
        ui.advance_cursor_after_rect(room);
    }

    /// Starts what this view needs.
    fn prepare(&mut self, ui: &Ui, view: &View) {
        let ctx = ui.ctx();
        let structured = matches!(self.shown(view), Shown::Tree | Shown::Pretty);
        if structured && self.opened && self.shape == Shape::Json && self.outline.is_none() {
            self.outline = Some(Outline::new(ctx, &self.source));
        }
        if structured && self.shape == Shape::Form && self.form.is_none() {
            self.form = Some(Form::new(ctx, &self.source));
        }
        if structured && self.shape == Shape::Xml {
            self.set_in(ctx);
        }
        if self.shown(view) == Shown::Raw && self.raw.is_none() {
            self.raw = Some(Text::new(ctx, self.source.clone()));
        }
        if let (Some(outline), Some(_)) = (&mut self.outline, &self.wanted) {
            self.wanted.take().into_iter().for_each(|path| outline.seek(path));
        }
        let filtering = self.filtering(view);
        if let Some(outline) = &mut self.outline {
            outline.filter(if filtering { self.typed.trim() } else { "" });
        }
        let text = if filtering { String::new() } else { self.typed.clone() };
        let wanted = Wanted { text, case: view.case, regex: view.regex };
        let derived = match (&self.pretty, self.shown(view)) {
            (Some(pretty), Shown::Pretty) => Some(pretty.source.clone()),
            _ => None,
        };
        let source = derived.as_ref().unwrap_or(&self.source);
        self.find.look_for(ctx, wanted, derived.is_some(), source);
        if let Some(first) = self.find.take() {
            self.show_byte(self.shown(view), first);
        }
    }

    /// Sets XML in, elsewhere if it is large.
    fn set_in(&mut self, ctx: &egui::Context) {
        let source = &self.source;
        let set_in = self.set_in.get_or_insert_with(|| {
            let quick = source.memory().is_some() && source.size() <= job::AT_ONCE;
            let source = source.clone();
            Later::new(ctx, "xml", quick, move || {
                let bytes = source.read(0..MAX_XML as u64 + 1).map_err(|error| error.to_string())?;
                indented_xml(&bytes).map(Bytes::from)
            })
        });
        if let (Some(Ok(text)), None) = (set_in.get(), &self.pretty) {
            self.pretty = Some(Text::new(ctx, text.clone().into()));
        }
    }

    /// Goes to the next hit, or to the one before.
    fn step(&mut self, view: &View, back: bool) {
        if let Some(at) = self.find.step(back) {
            self.show_byte(self.shown(view), at);
        }
    }

    /// Brings in another view the hit in sight that is looked at.
    fn aim_again(&mut self, shown: Shown) {
        if let Some(at) = self.find.hits().current.map(|hit| hit.start) {
            self.show_byte(shown, at);
        }
    }

    fn show_byte(&mut self, shown: Shown, at: u64) {
        match shown {
            Shown::Hex => self.hex.show(at),
            Shown::Raw => self.raw_goal = Some(at),
            Shown::Tree | Shown::Pretty => match (&mut self.outline, &mut self.form, &mut self.pretty) {
                (Some(outline), ..) => outline.show_byte(at),
                (_, Some(form), _) => form.show(at),
                (.., Some(pretty)) => pretty.show(at),
                _ => (),
            },
        }
    }

    fn view_ui(&mut self, ui: &mut Ui, rect: Rect, view: &View, hooks: &mut Hooks<'_>) {
        let shown = self.shown(view);
        let hits = self.find.hits();
        match shown {
            Shown::Hex => self.hex.ui(ui, rect, &self.source, hits),
            Shown::Raw => {
                let raw = self.raw.get_or_insert_with(|| Text::new(ui.ctx(), self.source.clone()));
                if let Some(goal) = self.raw_goal.take() {
                    raw.show(goal);
                }
                raw.ui(ui, rect, view.wrap, hits);
            }
            Shown::Tree | Shown::Pretty => match (&mut self.outline, &mut self.form, &mut self.pretty) {
                (Some(outline), ..) => outline.ui(ui, rect, shown == Shown::Pretty, view, hits, hooks),
                (_, Some(form), _) => form.ui(ui, rect, hits, hooks),
                (.., Some(pretty)) => pretty.ui(ui, rect, view.wrap, hits),
                _ if self.shape == Shape::Json => self.closed_ui(ui),
                _ => {
                    let raw = self.raw.get_or_insert_with(|| Text::new(ui.ctx(), self.source.clone()));
                    raw.ui(ui, rect, view.wrap, hits);
                }
            },
        }
    }

    /// A large body is read as a tree only when somebody says so.
    fn closed_ui(&mut self, ui: &mut Ui) {
        let large = size(self.source.size());
        ui.add_space((ui.available_height() * 0.25).min(120.0));
        ui.vertical_centered(|ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            widgets::note(ui, Tone::Accent, |ui| {
                let words = "A tree of it takes its size in memory, and most of it again. Raw and Hex take none";
                widgets::muted_lines(ui, words);
            });
            if widgets::primary_button(ui, None, &format!("Open {large}"), None).clicked() {
                self.opened = true;
            }
        });
    }
}
