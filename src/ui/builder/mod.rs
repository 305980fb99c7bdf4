//! The session builder: a draft as form and as JSON, request by request; presets, test
//! cards, findings, files. Findings are shown and never in the way; what is typed is what
//! is sent. Knows no engine and sends nothing.

mod cards;
mod files;
mod find;
mod findings;
mod form;
mod head;
mod help;
mod history;
mod input;
mod json;
pub(in crate::ui) mod meter;
mod presets;
mod reference;
mod request;
mod row;
mod view;
mod wish;

use std::rc::Rc;
use std::sync::Arc;

use egui::{Margin, Rect, ScrollArea, Ui, UiBuilder, pos2};

use self::head::Request;
use self::history::History;
use self::row::Context;
pub use self::view::View;
use super::theme::{self, Tone};
use super::widgets;
use crate::bus::Command;
use crate::model::draft::{Around, Body, Draft, Finding};
use crate::model::fields::{self, Field};
use crate::model::profile::Environment;
use crate::model::run::{Act, Plan, Run, Shopper};
use crate::model::template::Values;
use crate::model::{Stamp, Workspace};

/// From this width on, points, form and JSON stand side by side.
const ROOM_FOR_BOTH: f32 = 720.0;
/// The width that is asked for when they are to stand so, points.
const BOTH: f32 = 780.0;
/// The panel's width at first, and when the form is to stand alone again, points.
pub const ALONE: f32 = 332.0;
/// From this height on, points, there is a strip of help beneath the form.
const ROOM_FOR_HELP: f32 = 420.0;

/// The builder.
#[derive(Default)]
pub struct Panel {
    view: View,
    find: find::Find,
    picker: cards::Picker,
    gallery: cards::List,
    reference: reference::Reference,
    presets: presets::Menu,
    files: files::Files,
    history: History,
    checked: Option<Checked>,
    /// Numbers of what was taken from the workspace: body, app values, browser.
    taken: [u64; 3],
    /// The last thing done that does not show by itself.
    said: Option<String>,
    /// The width to be given, points.
    wanted: Option<f32>,
}

/// Findings, and what they were found in.
struct Checked {
    draft: Draft,
    values: Values,
    embedded: bool,
    findings: Rc<[Finding]>,
}

impl Panel {
    /// A builder that goes on where it was left.
    pub fn new(view: View) -> Self {
        Self { view, ..Self::default() }
    }

    /// What is to be remembered.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The draft on the screen.
    pub fn draft(&self) -> &Draft {
        &self.view.draft
    }

    /// What a run of this draft is to do, right or wrong as typed.
    pub fn plan(&self, workspace: &Workspace) -> Plan {
        let settings = &workspace.settings;
        let shopper = match settings.answer_myself {
            true => Shopper::Person,
            false => Shopper::Scripted(vec![Act::EnterOffered]),
        };
        Plan { pace: settings.pace, shopper, ..Plan::of(&self.view.draft, settings.active_profile.clone()) }
    }

    /// Form to JSON and back.
    pub fn form_or_json(&mut self) {
        self.view.json = !self.view.json;
    }

    /// The list of all test cards; the one that is clicked goes into the draft.
    pub fn gallery_ui(&mut self, ui: &mut Ui) {
        let chosen = self.view.draft.doc(Body::Session).form_text("/source/number");
        if let Some(number) = self.gallery.ui(ui, &chosen) {
            self.pick(number);
        }
    }

    /// Opens or closes the window with all test cards.
    pub fn test_cards(&mut self) {
        self.picker.toggle();
    }

    /// Opens or closes the window with all fields.
    pub fn all_fields(&mut self) {
        self.reference.toggle(self.view.form.rows.focused);
    }

    /// True while one of those windows is open.
    pub fn window_open(&self) -> bool {
        self.picker.is_open() || self.reference.is_open()
    }

    /// Asks which file to read the body from.
    pub fn open_body(&mut self, ui: &Ui) {
        self.files.open(ui);
    }

    /// Asks which file to write the body to.
    pub fn save_body(&mut self, ui: &Ui) {
        self.files.save(ui);
    }

    /// True if undoing is the builder's: no text has the pen, or one of the draft's has.
    pub fn has_undo(&self, ui: &Ui) -> bool {
        let Some(focused) = ui.memory(|memory| memory.focused()) else { return true };
        let field = self.view.form.rows.focused.is_some_and(|field| row::id(field) == focused);
        let json = self.body().is_some_and(|body| json::id(request::document(body)) == focused);
        field || json || !ui.ctx().text_edit_focused()
    }

    /// Takes the draft's newest change back.
    pub fn undo(&mut self) {
        self.history.undo(&mut self.view.draft);
    }

    /// Does the change again that was taken back last.
    pub fn redo(&mut self) {
        self.history.redo(&mut self.view.draft);
    }

    /// The width in points that the panel asks to be given, once.
    pub fn take_wanted_width(&mut self) -> Option<f32> {
        self.wanted.take()
    }

    /// Draws the builder.
    pub fn ui(&mut self, ui: &mut Ui, workspace: &Workspace, now: Stamp, commands: &mut Vec<Command>) {
        self.take_in(workspace);
        self.window_ui(ui);
        ui.spacing_mut().item_spacing.y = 4.0;
        let values = self.values(workspace, now);
        let findings = self.findings(workspace, &values, now);
        let both = ui.available_width() >= ROOM_FOR_BOTH;
        self.foot_ui(ui, &findings, commands);
        inset(ui, |ui| self.head_ui(ui, both));
        widgets::hline(ui);
        match (self.body(), both) {
            (None, _) => self.bodiless_ui(ui),
            (Some(body), true) => self.both_ui(ui, body, workspace, (&values, &findings), commands),
            (Some(body), false) if self.view.json => {
                ui.add_space(4.0);
                inset(ui, |ui| self.json_ui(ui, body, &findings));
            }
            (Some(body), false) => self.form_ui(ui, body, workspace, (&values, &findings), commands),
        }
        let (place, time) = (ui.memory(|memory| memory.focused()), ui.input(|input| input.time));
        self.history.note(&self.view.draft, place, time);
    }

    /// The windows over everything; drawn by themselves when the builder is folded.
    pub fn window_ui(&mut self, ui: &Ui) {
        let chosen = self.view.draft.doc(Body::Session).form_text("/source/number");
        if let Some(number) = self.picker.ui(ui, &chosen) {
            self.pick(number);
        }
        if let Some(field) = self.reference.ui(ui, &self.view.draft) {
            self.go_to(field);
        }
    }

    fn pick(&mut self, number: &str) {
        self.history.cut();
        self.view.draft.doc_mut(Body::Session).set("/source/number", Some(number.into()));
    }

    /// Shows a field's row: its request, its group, the row itself with the keyboard in it.
    fn go_to(&mut self, field: &'static Field) {
        let (body, _) = self.view.draft.at(field);
        self.view.request = Request::of(body);
        self.view.json = false;
        self.find.clear();
        self.view.form.go_to(field);
    }

    /// Goes to the field at a place of a document, or to the document's text.
    pub fn go_to_place(&mut self, body: Body, pointer: &str) {
        if let Some(field) = self.nearest(body, pointer) {
            return self.go_to(field);
        }
        // The document itself, or a member that no form knows: its text shows it.
        self.view.request = Request::of(body);
        self.view.json = true;
    }

    /// The field at a place; else the first one in it, else the nearest one around it.
    fn nearest(&self, body: Body, pointer: &str) -> Option<&'static Field> {
        let draft = &self.view.draft;
        let at = |fits: &dyn Fn(&str) -> bool| {
            fields::shown(draft).find(|field| {
                let (own, pointer) = draft.at(field);
                own == body && fits(&pointer)
            })
        };
        let mut place = pointer;
        while !place.is_empty() {
            let below = format!("{place}/");
            let found = at(&|pointer| pointer == place).or_else(|| at(&|pointer| pointer.starts_with(&below)));
            if found.is_some() {
                return found;
            }
            place = place.rsplit_once('/').map_or("", |(above, _)| above);
        }
        None
    }

    /// The document being edited; `None` if the request has none.
    fn body(&self) -> Option<Body> {
        self.view.request.body(&self.view.draft)
    }

    fn take_in(&mut self, workspace: &Workspace) {
        let newer = |taken: u64, number: u64| (number > taken).then_some(number);
        if let Some((number, path, text)) = &workspace.opened_body
            && let Some(number) = newer(self.taken[0], *number)
        {
            self.taken[0] = number;
            self.history.cut();
            self.view.draft.open(text.clone());
            self.view.request = Request::Create;
            let name = path.file_name().unwrap_or(path.as_os_str());
            self.said = Some(format!("Opened {}", widgets::display_text(&name.to_string_lossy())));
        }
        if let Some((number, values)) = &workspace.app_values
            && let Some(number) = newer(self.taken[1], *number)
        {
            self.taken[1] = number;
            self.fill_channel(&values.members());
            self.said = Some(values.sealed_for.sentence());
        }
        if let Some((number, members)) = &workspace.browser_read
            && let Some(number) = newer(self.taken[2], *number)
        {
            self.taken[2] = number;
            self.fill_channel(members);
            self.said = Some("This is what your browser said of itself".into());
        }
    }

    /// Members of the channel data, wherever those stand now.
    fn fill_channel(&mut self, members: &serde_json::Map<String, serde_json::Value>) {
        self.history.cut();
        for (name, value) in members {
            let pointer = format!("/{name}");
            let body = match self.view.draft.channel {
                crate::model::draft::Channel::App => Body::App,
                _ => Body::Browser,
            };
            if let Some(field) = fields::find(body, &pointer) {
                self.view.draft.set(field, Some(value.clone()));
            }
        }
    }

    /// What template values would stand for now.
    fn values(&self, workspace: &Workspace, now: Stamp) -> Values {
        let mut values = workspace.values.clone();
        if values.now.is_empty() {
            values.now = jiff::Timestamp::from_second(now.wall.as_second()).unwrap_or(now.wall).to_string();
        }
        let draft = &self.view.draft;
        if values.previous.is_none() && draft.bodies().iter().any(|body| draft.doc(*body).text().contains("{{previous"))
        {
            let newest = workspace.runs.values().rev().find_map(Run::session);
            values.previous = newest.map(|session| Arc::new(session.raw.clone()));
        }
        values
    }

    /// All findings, computed when something changed.
    fn findings(&mut self, workspace: &Workspace, values: &Values, now: Stamp) -> Rc<[Finding]> {
        let embedded = workspace.profile().is_some_and(|profile| profile.environment == Environment::Embedded);
        let values = Values { now: now.wall.strftime("%Y-%m-%dT00:00:00Z").to_string(), ..values.clone() };
        let draft = &self.view.draft;
        let known = self
            .checked
            .as_ref()
            .filter(|checked| (&checked.draft, &checked.values, checked.embedded) == (draft, &values, embedded));
        if let Some(known) = known {
            return Rc::clone(&known.findings);
        }
        let findings: Rc<[Finding]> = draft.check(&Around::new(&values, embedded)).into();
        self.checked = Some(Checked { draft: draft.clone(), values, embedded, findings: Rc::clone(&findings) });
        findings
    }

    // --- Form and JSON

    fn both_ui(
        &mut self,
        ui: &mut Ui,
        body: Body,
        workspace: &Workspace,
        (values, findings): (&Values, &[Finding]),
        commands: &mut Vec<Command>,
    ) {
        let whole = ui.available_rect_before_wrap();
        let middle = (whole.left() + whole.width() * 0.52).round();
        let left = Rect::from_min_max(whole.min, pos2(middle, whole.bottom()));
        let right = Rect::from_min_max(pos2(middle, whole.top()), whole.max);
        ui.scope_builder(UiBuilder::new().max_rect(left), |ui| {
            ui.set_clip_rect(left.intersect(ui.clip_rect()));
            self.form_ui(ui, body, workspace, (values, findings), commands);
        });
        ui.painter().vline(middle, whole.y_range(), theme::line(theme::Tokens::of(ui)));
        ui.scope_builder(UiBuilder::new().max_rect(right), |ui| {
            ui.add_space(4.0);
            inset(ui, |ui| self.json_ui(ui, body, findings));
        });
        ui.advance_cursor_after_rect(whole);
    }

    fn form_ui(
        &mut self,
        ui: &mut Ui,
        body: Body,
        workspace: &Workspace,
        (values, findings): (&Values, &[Finding]),
        commands: &mut Vec<Command>,
    ) {
        let fields: Vec<&'static Field> =
            fields::shown(&self.view.draft).filter(|field| self.view.draft.at(field).0 == body).collect();
        ui.add_space(2.0);
        inset(ui, |ui| {
            let count = find::count(&self.view.draft, &fields);
            self.find.box_ui(ui, &count);
        });
        ui.add_space(2.0);
        let broken = self.view.draft.doc(body).broken().map(str::to_owned);
        let area = ScrollArea::vertical().id_salt(("form", body)).auto_shrink([false, false]);
        // Where there is no room, the form gives way to the foot and does not lie under it.
        area.min_scrolled_height(0.0).show(ui, |ui| {
            if self.find.active() {
                if let Some(field) = inset(ui, |ui| self.find.list_ui(ui, &self.view.draft)) {
                    self.go_to(field);
                }
                return;
            }
            if let Some(why) = &broken {
                inset(ui, |ui| self.broken_ui(ui, body, why));
            }
            ui.add_enabled_ui(broken.is_none(), |ui| {
                if fields.is_empty() {
                    inset(ui, |ui| self.unsent_ui(ui));
                    return;
                }
                self.above_ui(ui, body, workspace, commands);
                let base = base(&self.view.draft);
                let context = Context { findings, values, base: &base };
                self.view.form.ui(ui, &fields, &mut self.view.draft, &context);
                if std::mem::take(&mut self.view.form.rows.pick_card) {
                    self.picker.toggle();
                }
                self.below_ui(ui, body);
            });
        });
    }

    fn broken_ui(&mut self, ui: &mut Ui, body: Body, why: &str) {
        ui.add_space(4.0);
        widgets::note(ui, Tone::Warning, |ui| {
            widgets::text(ui, "The text is not JSON just now", theme::TAB);
            widgets::muted_lines(ui, &widgets::display_text(why));
            widgets::muted_lines(ui, "The form shows the newest version that was. Run sends the text as typed.");
            ui.horizontal(|ui| {
                if widgets::link(ui, "Mend the JSON").clicked() {
                    self.view.json = true;
                    ui.memory_mut(|memory| memory.request_focus(json::id(request::document(body))));
                }
                if widgets::link(ui, "Go back to the form's version").clicked() {
                    let tree = self.view.draft.doc(body).tree().clone();
                    *self.view.draft.doc_mut(body) = crate::model::draft::Doc::of(tree);
                }
            });
        });
    }

    fn json_ui(&mut self, ui: &mut Ui, body: Body, findings: &[Finding]) {
        let own: Vec<&Finding> = findings.iter().filter(|one| one.body == body).collect();
        let marks: Vec<json::Mark<'_>> = own
            .iter()
            .map(|one| json::Mark { pointer: &one.pointer, tone: row::tone(one.severity), message: &one.message })
            .collect();
        let height = ui.available_height() - 4.0;
        let doc = self.view.draft.doc_mut(body);
        let clicked = json::editor_ui(ui, request::document(body), doc, &marks, height);
        if let Some(finding) = clicked.and_then(|place| own.get(place)) {
            self.go_to_place(finding.body, &finding.pointer);
        }
    }
}

/// A fresh draft of the same shape, to which fields are reset.
fn base(draft: &Draft) -> Draft {
    let mut base = Draft::new(draft.completion);
    base.set_channel(draft.channel);
    base.set_inline(draft.inline);
    base
}

/// Padding on both sides.
fn inset<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let margin = Margin::symmetric(theme::PADDING as i8, 0);
    egui::Frame::new().inner_margin(margin).show(ui, add).inner
}
