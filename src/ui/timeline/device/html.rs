//! The screens 05 and 06: the issuer's HTML as [`Page`] read it. What a press sends is the
//! query string of its form.

use egui::{Response, RichText, Ui};
use egui_material_icons::icons as i;

use super::parts::{self, Entry, Keyboard, Sort};
use super::screen::Pressed;
use crate::model::device::Said;
use crate::model::device::page::{Block, Control, Kind, Page, Press, Span, Style, Value};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets;

/// A page and what is filled in.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub page: Page,
    pub values: Vec<Value>,
    /// What is typed in a hidden field is shown.
    shown: bool,
    /// Why the last press did nothing.
    why_not: Option<String>,
}

impl Filled {
    pub fn of(html: &str) -> Self {
        let page = Page::read(html);
        Self { values: page.values(), page, ..Self::default() }
    }

    /// Puts a code where a person would type it; false if there is no such place.
    pub fn fill_in(&mut self, code: &str) -> bool {
        let typed = |kind: &Kind| matches!(kind, Kind::Text(_) | Kind::Password | Kind::Area);
        let place = self.page.controls.iter().position(|control| typed(&control.kind) && !control.disabled);
        let held = place.and_then(|place| self.values.get_mut(place));
        held.map(|held| *held = Value::Text(code.to_owned())).is_some()
    }

    /// Draws it. `enter`: Enter was pressed where it sends the screen.
    pub fn ui(&mut self, ui: &mut Ui, keyboard: &mut Keyboard, enter: bool) -> Option<Pressed> {
        let page = std::mem::take(&mut self.page); // nothing of it is copied for a frame
        let mut press = enter.then(|| self.entered(&page, ui, keyboard));
        ui.spacing_mut().item_spacing.y = 8.0;
        let mut radios: Vec<(usize, Response)> = Vec::new();
        for block in &page.blocks {
            match block {
                Block::Words(style, spans) => words_ui(ui, style, spans),
                Block::Rule => widgets::hline(ui),
                Block::Control(place) => {
                    let drawn = ui.push_id(("control", place), |ui| self.control_ui(&page, ui, *place, keyboard)).inner;
                    if let Some(drawn) = drawn {
                        press = drawn.1.or(press);
                        if page.controls.get(*place).is_some_and(|control| control.kind == Kind::Radio) {
                            radios.push((*place, drawn.0));
                        }
                    }
                }
            }
        }
        self.arrows(&page, ui, &radios);
        self.page = page;
        if let Some(why) = &self.why_not {
            widgets::note(ui, theme::Tone::Warning, |ui| {
                let colour = Tokens::of(ui).text;
                ui.add(egui::Label::new(RichText::new(why).color(colour)).wrap());
            });
        }
        self.carry_out(press?)
    }

    /// What Enter does where the keyboard is.
    fn entered(&self, page: &Page, ui: &Ui, keyboard: &Keyboard) -> Press {
        let focused = ui.memory(|memory| memory.focused());
        let drawn = page.blocks.iter().filter_map(|block| match block {
            Block::Control(place) => Some(*place),
            _ => None,
        });
        // Fields are met in the order in which they are drawn.
        let mut fields = drawn.filter(|place| page.controls.get(*place).is_some_and(|control| is_field(&control.kind)));
        let at = keyboard.before.iter().position(|id| Some(*id) == focused);
        match at.and_then(|at| fields.nth(at)).or_else(|| page.first_button()) {
            Some(place) if page.controls.get(place).is_some_and(|control| is_field(&control.kind)) => {
                page.enter(&self.values, place)
            }
            Some(place) => page.press(&self.values, place),
            None => Press::Nothing("The page has no button that sends it"),
        }
    }

    fn carry_out(&mut self, press: Press) -> Option<Pressed> {
        self.why_not = None;
        match press {
            Press::Send(query) => return Some(Pressed::Said(Said::Html(query))),
            Press::BankApp => return Some(Pressed::BankApp),
            Press::Reset(form) => self.page.reset(&mut self.values, form),
            Press::Missing(place) => {
                let label = self.page.controls.get(place).map_or("A field", |control| control.label.as_str());
                self.why_not = Some(format!("«{}» must be filled in first", widgets::display_text(label)));
            }
            Press::Nothing(why) => self.why_not = Some(why.to_owned()),
        }
        None
    }

    /// Draws a control; what it was pressed for.
    fn control_ui(
        &mut self,
        page: &Page,
        ui: &mut Ui,
        place: usize,
        keyboard: &mut Keyboard,
    ) -> Option<(Response, Option<Press>)> {
        let control = page.controls.get(place)?;
        let enabled = !control.disabled && ui.is_enabled();
        let drawn = ui.add_enabled_ui(enabled, |ui| match &control.kind {
            Kind::Text(_) | Kind::Password | Kind::Area => {
                let Some(Value::Text(text)) = self.values.get_mut(place) else { return None };
                let entry = Entry {
                    name: &control.label,
                    hint: &control.hint,
                    longest: control.longest.unwrap_or(10_000).min(10_000),
                    digits: control.kind == Kind::Text(true),
                    masked: (control.kind == Kind::Password).then_some(&mut self.shown),
                    lines: if control.kind == Kind::Area { 3 } else { 1 },
                };
                Some((parts::entry(ui, entry, text), None))
            }
            Kind::Radio | Kind::Check => {
                let on = self.values.get(place) == Some(&Value::On(true));
                let sort = if control.kind == Kind::Radio { Sort::Radio } else { Sort::Check };
                let row = parts::choice(ui, sort, on, &control.label, "");
                if row.clicked() {
                    let value = Value::On(control.kind == Kind::Radio || !on);
                    page.set(&mut self.values, place, value);
                }
                Some((row, None))
            }
            Kind::Select(..) => Some((self.select_ui(ui, control, place), None)),
            Kind::Submit(_) | Kind::Link(..) | Kind::Reset | Kind::Inert => {
                let filled = page.first_button() == Some(place);
                let sign = matches!(control.kind, Kind::Link(..)).then(|| i::ICON_OPEN_IN_NEW.outlined());
                let button = parts::button(ui, filled, sign, &control.label);
                let press = button.clicked().then(|| page.press(&self.values, place));
                Some((button, press))
            }
            Kind::Hidden => None,
        });
        let drawn = drawn.inner?;
        let field = is_field(&control.kind);
        // In several lines Enter is a line break; in a list it opens the list.
        keyboard.meet(&drawn.0, field);
        Some(drawn)
    }

    fn select_ui(&mut self, ui: &mut Ui, control: &Control, place: usize) -> Response {
        let Kind::Select(choices, multiple) = &control.kind else { return ui.label("") };
        let Some(Value::Picked(picked)) = self.values.get_mut(place) else { return ui.label("") };
        if *multiple {
            let mut last = None;
            for (at, choice) in choices.iter().enumerate() {
                let row = ui.add_enabled_ui(!choice.disabled, |ui| {
                    parts::choice(ui, Sort::Check, picked.contains(&at), &choice.label, "")
                });
                if row.inner.clicked() && !picked.remove(&at) {
                    picked.insert(at);
                }
                last = Some(row.inner);
            }
            return last.unwrap_or_else(|| ui.label(""));
        }
        let chosen = picked.first().and_then(|at| choices.get(*at)).map_or("", |choice| choice.label.as_str());
        let combo = egui::ComboBox::from_id_salt("select").width(ui.available_width()).icon(widgets::combo_arrow);
        let combo = combo.selected_text(widgets::display_text(chosen)).show_ui(ui, |ui| {
            for (at, choice) in choices.iter().enumerate() {
                let row = ui.add_enabled_ui(!choice.disabled, |ui| {
                    ui.selectable_label(picked.contains(&at), widgets::display_text(&choice.label))
                });
                if row.inner.clicked() {
                    *picked = [at].into();
                }
            }
        });
        widgets::name(&combo.response, &widgets::display_text(&control.label));
        combo.response
    }

    /// An arrow goes on within the radio buttons of a name.
    fn arrows(&mut self, page: &Page, ui: &Ui, radios: &[(usize, Response)]) {
        let name = |place: &usize| page.controls.get(*place).map(|control| &control.name);
        let Some(own) = radios.iter().find(|(_, row)| row.has_focus()).and_then(|(place, _)| name(place)) else {
            return;
        };
        let group: Vec<(usize, Response)> =
            radios.iter().filter(|(place, _)| name(place) == Some(own)).cloned().collect();
        let rows: Vec<Response> = group.iter().map(|(_, row)| row.clone()).collect();
        if let Some((place, _)) = parts::arrows(ui, &rows).and_then(|at| group.get(at)) {
            page.set(&mut self.values, *place, Value::On(true));
        }
    }
}

/// True if Enter in it sends its form.
fn is_field(kind: &Kind) -> bool {
    matches!(kind, Kind::Text(_) | Kind::Password | Kind::Radio | Kind::Check)
}

fn words_ui(ui: &mut Ui, style: &Style, spans: &[Span]) {
    let tokens = Tokens::of(ui);
    let room = ui.available_width();
    match style {
        Style::Heading(level) => {
            let points = match level {
                1 => 17.0,
                2 => 15.0,
                _ => theme::BODY,
            };
            let bold: Vec<_> = spans.iter().cloned().map(|span| Span { bold: true, ..span }).collect();
            parts::words(ui, &bold, points, tokens.text, room);
        }
        Style::Plain => {
            parts::words(ui, spans, theme::BODY, tokens.text_second, room);
        }
        Style::Label => {
            parts::words(ui, spans, theme::BODY, tokens.text, room);
        }
        Style::Item(mark, depth) => parts::item(ui, mark, *depth, spans),
    }
}
