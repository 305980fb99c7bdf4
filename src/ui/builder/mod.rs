//! The session builder: a draft as form or as JSON, test cards, files. Findings are shown
//! and never in the way; what is typed is what is sent. Knows no engine and sends nothing.

mod cards;
mod files;
mod form;
mod json;

use egui::{Align, Layout, Margin, ScrollArea, Ui};
use egui_material_icons::icons as i;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::theme::{self, Tone};
use super::{palette, widgets};
use crate::bus::Command;
use crate::model::draft::{Around, Body, Completion, Doc, Draft, Finding};
use crate::model::profile::Environment;
use crate::model::run::{Act, Plan, Shopper};
use crate::model::{Workspace, cards as published, secret};

/// Which document the editor shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Document {
    #[default]
    Body,
    Browser,
}

/// What is remembered of the builder between starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    completion: Completion,
    hosted: Draft,
    non_hosted: Draft,
    json: bool,
    document: Document,
    form: form::Form,
}

impl Default for View {
    fn default() -> Self {
        Self {
            completion: Completion::NonHosted,
            hosted: Draft::new(Completion::Hosted),
            non_hosted: Draft::new(Completion::NonHosted),
            json: false,
            document: Document::Body,
            form: form::Form::default(),
        }
    }
}

impl View {
    /// What may go to the disk: card numbers that are not published test numbers are
    /// masked. Source: product.md, promise 2; trust.md R33, R35.
    pub fn kept(&self) -> Self {
        let mut view = self.clone();
        for draft in [&mut view.hosted, &mut view.non_hosted] {
            for body in [Body::Session, Body::Browser, Body::App, Body::Fingerprint, Body::Payment] {
                let doc = draft.doc_mut(body);
                if let Some(masked) = without_real_cards(doc.text()) {
                    doc.set_text(masked);
                }
            }
        }
        view
    }
}

/// The text with real card numbers masked; `None` if there is none in it.
fn without_real_cards(text: &str) -> Option<String> {
    let mut masked = String::with_capacity(text.len());
    let mut hit = false;
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        masked.push_str(before);
        let spaced = |c: char| c.is_ascii_digit() || c == ' ' || c == '-';
        let run = from.find(|c: char| !spaced(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(run);
        let digits: String = run.chars().filter(char::is_ascii_digit).collect();
        let card = (12..=19).contains(&digits.len()) && secret::luhn(digits.as_bytes());
        if card && !published::is_test_number(&digits) {
            hit = true;
            masked.push_str(&secret::mask_digits(&digits));
        } else {
            masked.push_str(run);
        }
        rest = after;
    }
    masked.push_str(rest);
    hit.then_some(masked)
}

/// The builder.
#[derive(Default)]
pub struct Panel {
    view: View,
    picker: cards::Picker,
    files: files::Files,
    checked: Option<(Draft, Vec<Finding>)>,
    taken: u64,
    opened: Option<String>,
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
        match self.view.completion {
            Completion::Hosted => &self.view.hosted,
            Completion::NonHosted => &self.view.non_hosted,
        }
    }

    fn draft_mut(&mut self) -> &mut Draft {
        match self.view.completion {
            Completion::Hosted => &mut self.view.hosted,
            Completion::NonHosted => &mut self.view.non_hosted,
        }
    }

    /// What a run of this draft is to do, right or wrong as typed.
    pub fn plan(&self, workspace: &Workspace) -> Plan {
        let settings = &workspace.settings;
        let draft = self.draft();
        let shopper = match settings.answer_myself {
            true => Shopper::Person,
            false => Shopper::Scripted(vec![Act::EnterOffered]),
        };
        Plan { pace: settings.pace, shopper, ..Plan::of(draft, settings.active_profile.clone()) }
    }

    /// Form to JSON and back.
    pub fn form_or_json(&mut self) {
        self.view.json = !self.view.json;
    }

    /// Opens or closes the window with all test cards.
    pub fn test_cards(&mut self) {
        self.picker.toggle();
    }

    /// True while that window is open.
    pub fn window_open(&self) -> bool {
        self.picker.is_open()
    }

    /// Asks which file to read the body from.
    pub fn open_body(&mut self, ui: &Ui) {
        self.files.open(ui);
    }

    /// Asks which file to write the body to.
    pub fn save_body(&mut self, ui: &Ui) {
        self.files.save(ui);
    }

    /// Draws the builder.
    pub fn ui(&mut self, ui: &mut Ui, workspace: &Workspace, commands: &mut Vec<Command>) {
        self.take_opened(workspace);
        self.window_ui(ui);
        ui.spacing_mut().item_spacing.y = 4.0;
        self.foot_ui(ui, workspace, commands);
        inset(ui, |ui| self.kinds_ui(ui));
        widgets::hline(ui);
        if self.view.json {
            inset(ui, |ui| self.json_ui(ui));
        } else {
            self.form_ui(ui, workspace);
        }
    }

    /// The window over everything; drawn by itself when the builder is folded.
    pub fn window_ui(&mut self, ui: &Ui) {
        let chosen = self.draft().doc(Body::Session).form_text("/source/number");
        if let Some(number) = self.picker.ui(ui, &chosen) {
            self.pick(number);
        }
    }

    fn pick(&mut self, number: &str) {
        self.draft_mut().doc_mut(Body::Session).set("/source/number", Some(number.into()));
    }

    fn take_opened(&mut self, workspace: &Workspace) {
        let Some((number, path, text)) = &workspace.opened_body else { return };
        if *number <= self.taken {
            return;
        }
        self.taken = *number;
        let doc = Doc::from(text.clone());
        match doc.get("/completion/type").and_then(Value::as_str) {
            Some("hosted") => self.view.completion = Completion::Hosted,
            Some("non_hosted") => self.view.completion = Completion::NonHosted,
            _ => (),
        }
        *self.draft_mut().doc_mut(Body::Session) = doc;
        self.view.document = Document::Body;
        let name = path.file_name().unwrap_or(path.as_os_str());
        self.opened = Some(name.to_string_lossy().into_owned());
    }

    fn kinds_ui(&mut self, ui: &mut Ui) {
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            let mut completion = self.view.completion;
            let kinds = [(Completion::Hosted, "Hosted"), (Completion::NonHosted, "Non-hosted")];
            if widgets::segmented(ui, &mut completion, &kinds) {
                self.change_kind(completion);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                widgets::segmented(ui, &mut self.view.json, &[(false, "Form"), (true, "{} JSON")]);
            });
        });
        ui.add_space(4.0);
    }

    /// Takes all but `completion` along, so that the same purchase can go both ways.
    fn change_kind(&mut self, completion: Completion) {
        let from = self.draft().clone();
        self.view.completion = completion;
        self.view.document = Document::Body;
        let (Some(Value::Object(body)), None) = (from.doc(Body::Session).get(""), from.doc(Body::Session).broken())
        else {
            return;
        };
        let to = self.draft_mut();
        let mut body = body.clone();
        match to.doc(Body::Session).get("/completion").cloned() {
            Some(urls) => drop(body.insert("completion".into(), urls)),
            None => drop(body.shift_remove("completion")),
        }
        *to.doc_mut(Body::Session) = Doc::of(Value::Object(body));
    }

    fn form_ui(&mut self, ui: &mut Ui, workspace: &Workspace) {
        let findings = self.findings(workspace);
        let broken = self.draft().bodies().iter().any(|body| self.draft().doc(*body).broken().is_some());
        ScrollArea::vertical().id_salt("form").auto_shrink([false, false]).show(ui, |ui| {
            if broken {
                inset(ui, |ui| self.broken_ui(ui));
            }
            ui.add_enabled_ui(!broken, |ui| {
                inset(ui, |ui| self.cards_ui(ui));
                let mut form = std::mem::take(&mut self.view.form);
                form.ui(ui, self.draft_mut(), &findings, &workspace.values);
                self.view.form = form;
            });
        });
    }

    fn cards_ui(&mut self, ui: &mut Ui) {
        if cards::head_ui(ui) {
            self.picker.toggle();
        }
        let chosen = self.draft().doc(Body::Session).form_text("/source/number");
        if let Some(number) = cards::strip_ui(ui, &chosen) {
            self.pick(number);
        }
        ui.add_space(4.0);
    }

    /// All findings, computed when the draft changed.
    fn findings(&mut self, workspace: &Workspace) -> Vec<Finding> {
        if self.checked.as_ref().is_none_or(|(draft, _)| draft != self.draft()) {
            let draft = self.draft().clone();
            let findings = draft.check(&Around::new(&workspace.values, embedded(workspace)));
            self.checked = Some((draft, findings));
        }
        self.checked.as_ref().map(|(_, findings)| findings.clone()).unwrap_or_default()
    }

    fn broken_ui(&mut self, ui: &mut Ui) {
        ui.add_space(4.0);
        widgets::note(ui, Tone::Warning, |ui| {
            widgets::text(ui, "The text is not JSON just now", theme::TAB);
            widgets::muted_lines(ui, "The form shows the newest version that was. Run sends the text as typed.");
            ui.horizontal(|ui| {
                if widgets::link(ui, "Mend the JSON").clicked() {
                    self.view.json = true;
                    let body = self.draft().doc(Body::Session).broken().is_some();
                    self.view.document = if body { Document::Body } else { Document::Browser };
                }
                if widgets::link(ui, "Go back to the form's version").clicked() {
                    let draft = self.draft_mut();
                    for body in draft.bodies() {
                        let doc = draft.doc_mut(body);
                        if let (Some(tree), true) = (doc.get("").cloned(), doc.broken().is_some()) {
                            *doc = Doc::of(tree);
                        }
                    }
                }
            });
        });
    }

    fn json_ui(&mut self, ui: &mut Ui) {
        ui.add_space(4.0);
        let both = self.view.completion == Completion::NonHosted;
        if !both {
            self.view.document = Document::Body;
        }
        let all = [(Document::Body, "POST /sessions"), (Document::Browser, "PUT collect-data")];
        let shown = if both { &all[..] } else { &all[..1] };
        widgets::segmented(ui, &mut self.view.document, shown);
        ui.add_space(2.0);
        match self.view.document {
            Document::Body => json::editor_ui(ui, "Body of POST /sessions", self.draft_mut().doc_mut(Body::Session)),
            Document::Browser => {
                json::editor_ui(ui, "Body of PUT collect-data", self.draft_mut().doc_mut(Body::Browser))
            }
        }
    }

    fn foot_ui(&mut self, ui: &mut Ui, workspace: &Workspace, commands: &mut Vec<Command>) {
        let count = self.findings(workspace).len();
        let frame = egui::Frame::new().inner_margin(Margin::symmetric(theme::PADDING as i8, 6));
        egui::Panel::bottom("builder foot").frame(frame).resizable(false).show(ui, |ui| {
            ui.horizontal(|ui| self.foot_row_ui(ui, count));
            if let Some(name) = &self.opened {
                widgets::muted(ui, &format!("Opened {}", widgets::display_text(name)));
            }
            let text = match self.view.document {
                Document::Body => self.draft().doc(Body::Session).text(),
                Document::Browser => self.draft().doc(Body::Browser).text(),
            };
            let text = text.to_owned();
            self.files.ui(ui, &text, commands);
        });
    }

    fn foot_row_ui(&mut self, ui: &mut Ui, findings: usize) {
        let free = !self.files.asking();
        ui.add_enabled_ui(free, |ui| {
            let (open, save) = (palette::entry(palette::Act::OpenBody), palette::entry(palette::Act::SaveBody));
            let icon = Some(i::ICON_FOLDER_OPEN.outlined());
            let button = widgets::button(ui, widgets::Look::Secondary, widgets::Size::Small, icon, open.label, None);
            if button.on_hover_text(open.cap).on_disabled_hover_text("A file dialog is open").clicked() {
                self.files.open(ui);
            }
            let icon = Some(i::ICON_SAVE.outlined());
            let button = widgets::button(ui, widgets::Look::Secondary, widgets::Size::Small, icon, save.label, None);
            if button.on_hover_text(save.cap).on_disabled_hover_text("A file dialog is open").clicked() {
                self.files.save(ui);
            }
        });
        if widgets::icon_button(ui, i::ICON_KEYBOARD.outlined(), "Type a path").clicked() {
            self.files.type_path();
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| match findings {
            0 => drop(widgets::muted(ui, "No findings")),
            1 => drop(widgets::pill_with(ui, Tone::Warning, Some(i::ICON_WARNING.outlined()), "1 finding", 20.0)),
            n => drop(widgets::pill_with(
                ui,
                Tone::Warning,
                Some(i::ICON_WARNING.outlined()),
                &format!("{n} findings"),
                20.0,
            )),
        });
    }
}

/// True if the active profile talks to the sandbox of this program.
fn embedded(workspace: &Workspace) -> bool {
    let settings = &workspace.settings;
    let active = settings.profiles.iter().find(|profile| profile.id == settings.active_profile);
    active.is_some_and(|profile| profile.environment == Environment::Embedded)
}

/// Padding on both sides.
fn inset<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let margin = Margin::symmetric(theme::PADDING as i8, 0);
    egui::Frame::new().inner_margin(margin).show(ui, add).inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_card_number_is_not_remembered_and_a_test_number_is() {
        let mut view = View::default();
        view.non_hosted.doc_mut(Body::Session).set("/source/number", Some("4000056655665556".into()));
        view.hosted.doc_mut(Body::Session).set_text("{ broken 5555 5555 5555 4444".into());
        let kept = serde_json::to_string(&view.kept()).expect("a view has a JSON form");
        assert!(!kept.contains("4000056655665556") && !kept.contains("5555 5555"), "{kept}");
        assert!(kept.contains("400005••••••5556"));
        let kept = serde_json::to_string(&View::default().kept()).expect("a view has a JSON form");
        assert!(kept.contains("4242424242424242"));
    }
}
