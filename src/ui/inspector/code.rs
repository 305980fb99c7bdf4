//! An exchange as code: a language to choose, what to set before it runs, the code to copy.
//! Keeps the language from row to row; writes the code anew only when row or choice changes.

use egui::{Align, ComboBox, Label, Layout, RichText, Ui};
use egui_material_icons::icons as i;

use super::body::{Body, View};
use super::{Row, strip};
use crate::export::code::{self, Language, Secrets, Variable};
use crate::model::RunId;
use crate::model::exchange::Exchange;
use crate::model::profile::Environment;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets;

/// View state of the page.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The language that was chosen last.
    pub language: Language,
    /// Values of the embedded sandbox stand in the code.
    values: bool,
    shown: Option<(Key, Shown)>,
}

type Key = (RunId, usize, Language, Secrets);

/// What is on the screen.
#[derive(Debug)]
struct Shown {
    text: String,
    body: Body,
    view: View,
    variables: Vec<Variable>,
    masks: bool,
}

impl Shown {
    fn of(exchange: &Exchange, language: Language, secrets: Secrets) -> Self {
        let text = code::code(language, exchange, secrets);
        let put_in = |variable: &Variable| secrets == Secrets::Recorded && variable.recorded;
        let variables = code::variables(exchange).into_iter().filter(|variable| !put_in(variable)).collect();
        let body = Body::plain(text.clone());
        Self { text, body, view: View::default(), variables, masks: code::masks(exchange) }
    }
}

impl State {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, row: &Row<'_>, exchange: &Exchange) {
        let profiles = &row.workspace.settings.profiles;
        let profile = profiles.iter().find(|profile| profile.id == row.run.plan.profile);
        // Only what our own sandbox made is recorded in clear, and only that may be put in (trust.md R33, R60).
        let embedded = profile.is_some_and(|profile| profile.environment == Environment::Embedded);
        let secrets = if embedded && self.values { Secrets::Recorded } else { Secrets::Variables };
        let key = (row.run.id, row.entry.number, self.language, secrets);
        if self.shown.as_ref().is_none_or(|(held, _)| *held != key) {
            self.shown = None;
        }
        let (_, shown) = self.shown.get_or_insert_with(|| (key, Shown::of(exchange, self.language, secrets)));
        let offered = embedded && code::variables(exchange).iter().any(|variable| variable.recorded);
        strip(ui, 36.0, |ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            language_ui(ui, &mut self.language);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| copy_ui(ui, key.2, &shown.text));
        });
        if offered {
            strip(ui, 28.0, |ui| {
                ui.checkbox(&mut self.values, "Put in this sandbox session's values").on_hover_text(
                    "The embedded sandbox made them and its record has them in clear; tokens stay masked",
                );
            });
        }
        notes_ui(ui, key.2, shown);
        widgets::hline(ui);
        shown.body.ui(ui, &mut shown.view, "code");
    }
}

fn language_ui(ui: &mut Ui, language: &mut Language) {
    let combo = ComboBox::from_id_salt("language").selected_text(language.name()).width(120.0);
    let combo = combo.icon(widgets::combo_arrow).height(320.0).show_ui(ui, |ui| {
        for one in Language::ALL {
            ui.selectable_value(language, one, one.name());
        }
    });
    widgets::name(&combo.response, &format!("Language: {}", language.name()));
}

fn copy_ui(ui: &mut Ui, language: Language, text: &str) {
    let label = format!("Copy as {}", language.name());
    let (icon, words) = match widgets::just_copied(ui, &label) {
        true => (i::ICON_CHECK.outlined(), "Copied"),
        false => (i::ICON_CONTENT_COPY.outlined(), label.as_str()),
    };
    if widgets::secondary_button(ui, Some(icon), words, None).clicked() {
        widgets::copy(ui, &label, text);
    }
}

/// What the code needs, and what to set before it runs.
fn notes_ui(ui: &mut Ui, language: Language, shown: &Shown) {
    egui::Frame::new().inner_margin(egui::Margin { left: 12, right: 12, top: 2, bottom: 8 }).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 4.0;
        let say = |ui: &mut Ui, words: &str| {
            let text = RichText::new(widgets::display_text(words)).font(theme::words(theme::SMALL));
            ui.add(Label::new(text.color(Tokens::of(ui).muted)).wrap());
        };
        say(ui, &format!("Needs {}", language.needs()));
        for Variable { name, meaning, .. } in &shown.variables {
            say(ui, &format!("Set first: export {name}=…  {meaning}; a live secret is never written here"));
        }
        if shown.masks {
            widgets::note(ui, Tone::Warning, |ui| {
                let words = "The record masks a value of the address or the body: put it in where it says ***";
                ui.add(Label::new(words).wrap());
            });
        }
    });
}
