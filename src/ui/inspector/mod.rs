//! The inspector: all that is known of one row of the timeline, to the byte. Draws the
//! selected entry; keeps which tab is open and the body it has read. One file for each page:
//! `explain`, `exchange` and `delivery` (what was sent and what came back), `headers`,
//! `timing`, `decoded`, `findings`, `code`; `tabs` says which of them a row has.

mod body;
mod code;
pub(in crate::ui) mod compare;
mod decoded;
mod delivery;
mod exchange;
mod explain;
mod file;
mod findings;
mod head;
mod headers;
mod known;
mod tabs;
mod timing;
pub mod why;

use egui::{Align, Layout, ScrollArea, Sense, Ui, UiBuilder, vec2};
use egui_material_icons::icons as i;

pub use self::body::{Body, Shown, View};
pub use self::compare::Choice as Compared;
pub use self::tabs::Tab;
use crate::bus::Command;
use crate::export::code::Language;
use crate::model::lint::observed::Observation;
use crate::model::run::{Entry, Run, What};
use crate::model::scheme::SchemeMessage;
use crate::model::trace::{Part, Question, Spot};
use crate::model::{RunId, Workspace};
use crate::ui::link::Link;
use crate::ui::theme::{self, Tone};
use crate::ui::timeline::rows::severity_tone;
use crate::ui::widgets::{self, muted};

/// View state of the inspector.
#[derive(Debug, Default)]
pub struct Panel {
    /// The open tab; kept from row to row.
    tabs: tabs::Chosen,
    explain: explain::State,
    timing: timing::State,
    decoded: decoded::State,
    /// How bodies are shown.
    pub view: View,
    body: Option<((RunId, usize, Tab), Body)>,
    /// Laid over the row: a «Why?», a comparison.
    over: Option<Link>,
    compare: compare::State,
    why: why::State,
    code: code::State,
    links: Vec<Link>,
    /// What a link led to, until its body is drawn.
    wanted: Option<(RunId, Spot)>,
    /// The file that is looked at.
    pub(super) files: file::Files,
}

/// The row that is looked at, and what is known beside it.
struct Row<'a> {
    workspace: &'a Workspace,
    run: &'a Run,
    entry: &'a Entry,
    findings: &'a [Observation],
}

impl Row<'_> {
    /// Names a body of this row.
    fn key(&self, tab: Tab) -> (RunId, usize, Tab) {
        (self.run.id, self.entry.number, tab)
    }
}

impl Panel {
    /// The language of the code that was shown last.
    pub fn language(&self) -> Language {
        self.code.language
    }

    /// Shows code in this language.
    pub fn set_language(&mut self, language: Language) {
        self.code.language = language;
    }

    /// What was followed since the last call.
    pub fn take_links(&mut self) -> Vec<Link> {
        std::mem::take(&mut self.links)
    }

    /// Shows what a link leads to.
    pub fn open(&mut self, link: Link) {
        match link {
            Link::Spot(run, spot) => {
                self.over = None;
                if spot.path.is_some() {
                    let sent = spot.part == Part::Request;
                    self.tabs.show(if sent { Tab::Request } else { Tab::Response });
                }
                self.wanted = Some((run, spot));
            }
            Link::Findings(..) => {
                self.over = None;
                self.tabs.show(Tab::Findings);
            }
            Link::Why(..) | Link::Compare(..) | Link::File => self.over = Some(link),
            Link::Field(..) => (), // the form's
        }
    }

    /// Shows a file when it has been opened. True if one was.
    pub fn show_opened(&mut self, workspace: &Workspace) -> bool {
        let opened = self.files.is_new(workspace);
        if opened {
            self.over = Some(Link::File);
        }
        opened
    }

    /// What a person asks who asks why of a row: of its heaviest finding if that is what there
    /// is to it, else of the status that the session has after it.
    pub fn question(&self, ctx: &egui::Context, run: &Run, row: Option<usize>) -> Question {
        let entry = row.and_then(|number| run.entries.numbered(number));
        let finding = entry.filter(|entry| entry.status.is_none()).and_then(|entry| {
            let findings = findings::of(ctx, run, entry.number);
            findings.first().map(|one| Question::Finding(one.entry, one.rule))
        });
        finding.unwrap_or(Question::Status(row))
    }

    /// True if something is shown that needs no selected row.
    pub fn is_open(&self) -> bool {
        self.over.is_some() || self.files.typing()
    }

    /// Back to the row.
    pub fn close(&mut self) {
        self.over = None;
    }

    /// Draws what lies over the row. True if something does.
    fn over_ui(&mut self, ui: &mut Ui, workspace: &Workspace) -> bool {
        let Some(over) = &self.over else { return false };
        let mut back = false;
        strip(ui, theme::PANEL_HEAD - 1.0, |ui| {
            back = widgets::icon_button(ui, i::ICON_ARROW_BACK.outlined(), "Back to the row").clicked();
            widgets::emphasis(ui, over_title(over, workspace).as_ref());
        });
        widgets::hline(ui);
        match over {
            Link::Why(run, question) => match workspace.runs.get(run) {
                Some(run) => back |= self.why.ui(ui, run, question, &mut self.links),
                None => back = true,
            },
            Link::Compare(one, other) => {
                self.compare.ui(ui, workspace, (one, other), &mut self.view.compare, &mut self.links)
            }
            Link::File => match &workspace.inspected {
                Some(file) => self.files.ui(ui, &mut self.view, file),
                None => back = true,
            },
            Link::Spot(..) | Link::Findings(..) | Link::Field(..) => back = true,
        }
        if back {
            self.over = None;
        }
        true
    }

    /// Draws the selected row of a run.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        workspace: &Workspace,
        selected: Option<(RunId, usize)>,
        commands: &mut Vec<Command>,
    ) {
        ui.spacing_mut().item_spacing.y = 0.0;
        self.files.path_ui(ui, commands);
        if self.over_ui(ui, workspace) {
            return;
        }
        let run = selected.and_then(|(run, _)| workspace.runs.get(&run));
        let found =
            run.zip(selected).and_then(|(run, (_, number))| run.entries.numbered(number).map(|entry| (run, entry)));
        let Some((run, entry)) = found else {
            head::empty_ui(ui);
            return;
        };
        let findings = findings::of(ui.ctx(), run, entry.number);
        let row = Row { workspace, run, entry, findings: &findings };
        let part = if self.tabs.shown(&entry.what) == Tab::Request { Part::Request } else { Part::Response };
        self.links.extend(head::head_ui(ui, workspace, (run, entry), part));
        let gravity = findings.first().map_or(Tone::Neutral, |one| severity_tone(one.severity).0);
        let counts = tabs::Counts { decoded: self.decoded.look(ui, &row), findings: findings.len(), gravity };
        let tab = self.tabs.ui(ui, &entry.what, counts);
        self.page_ui(ui, &row, tab, commands);
    }

    fn page_ui(&mut self, ui: &mut Ui, row: &Row<'_>, tab: Tab, commands: &mut Vec<Command>) {
        let mut go = None;
        match (tab, &row.entry.what) {
            (Tab::Explain, _) => scrolled(ui, |ui| go = self.explain.ui(ui, row, &mut self.links)),
            (Tab::Findings, what) => {
                scrolled(ui, |ui| findings::list_ui(ui, row.run, what, row.findings, &mut self.links));
            }
            (Tab::Headers, _) => scrolled(ui, |ui| go = headers::ui(ui, row.entry)),
            (Tab::Timing, _) => scrolled(ui, |ui| self.timing.ui(ui, row)),
            (Tab::Decoded, _) => scrolled(ui, |ui| self.decoded.ui(ui, row, &mut self.links)),
            (_, What::Exchange(exchange)) => self.exchange_ui(ui, row, exchange, tab, commands),
            (_, What::Delivery(delivery)) => self.delivery_ui(ui, row, delivery, tab),
            (_, What::Scheme(message)) => self.scheme_ui(ui, row, message, tab),
            _ => (),
        }
        if let Some(go) = go {
            self.tabs.choose(go, &row.entry.what);
        }
    }

    /// A hidden message: its bytes.
    fn scheme_ui(&mut self, ui: &mut Ui, row: &Row<'_>, message: &SchemeMessage, tab: Tab) {
        let kind = if message.body.starts_with(b"<") { "application/xml" } else { "application/json" };
        self.body_ui(ui, row, tab, "message", || Body::new(&message.body, Some(kind)));
    }

    /// The body that was read last, if it is this one; else reads it.
    fn body(&mut self, key: (RunId, usize, Tab), read: impl FnOnce() -> Body) -> (&mut Body, &mut View) {
        if self.body.as_ref().is_none_or(|(held, _)| *held != key) {
            self.body = None;
        }
        let (_, body) = self.body.get_or_insert_with(|| (key, read()));
        (body, &mut self.view)
    }
}

/// What lies over the row.
fn over_title<'a>(over: &Link, workspace: &'a Workspace) -> std::borrow::Cow<'a, str> {
    match over {
        Link::Why(..) => "Why?".into(),
        Link::File => workspace.inspected.as_ref().map_or("File".into(), |file| {
            let name = file.path.file_name().unwrap_or(file.path.as_os_str());
            widgets::display_text(&name.to_string_lossy()).into()
        }),
        Link::Compare(..) | Link::Spot(..) | Link::Findings(..) | Link::Field(..) => "Compare".into(),
    }
}

fn note_strip(ui: &mut Ui, text: &str) {
    strip(ui, 24.0, |ui| {
        muted(ui, text);
    });
}

fn padded(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    egui::Frame::new().inner_margin(12.0).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 4.0;
        add(ui);
    });
}

fn scrolled(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| padded(ui, add));
}

fn strip(ui: &mut Ui, height: f32, add: impl FnOnce(&mut Ui)) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let inner = rect.shrink2(vec2(theme::PADDING, 0.0));
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), add);
}
