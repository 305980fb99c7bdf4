//! The native screens 01 to 04 and 07, drawn as an SDK draws them from the members of a CRes:
//! what to read first, what to fill in next, the buttons, then what folds out.
//! Source: emv-3ds.md 5.2.

use egui::{Rect, RichText, Sense, Ui, vec2};
use egui_material_icons::icons as i;

use super::Answers;
use super::parts::{self, Entry, Sort};
use crate::model::device::page::Span;
use crate::model::device::{self, Said, UiKind};
use crate::ui::phone;
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets;

/// Most characters of an entry. Source: emv-3ds.md 5.1.
const LONGEST: u8 = 45;

/// Who stands at the top of a screen.
pub(super) struct Names<'a> {
    /// The bank.
    pub bank: &'a str,
    /// The scheme.
    pub scheme: &'a str,
}

/// What was pressed.
pub(super) enum Pressed {
    /// Goes into a CReq.
    Said(Said),
    /// The bank's app comes to the front.
    BankApp,
}

/// Draws the screen. `enter`: Enter was pressed where it sends the screen.
pub(super) fn ui(
    ui: &mut Ui,
    asks: &device::Ui,
    names: &Names<'_>,
    answers: &mut Answers,
    enter: bool,
) -> Option<Pressed> {
    ui.spacing_mut().item_spacing.y = 8.0;
    names_ui(ui, asks, names);
    script_ui(ui, asks);
    read_ui(ui, asks);
    let pressed = match asks.kind {
        UiKind::Text => typed_ui(ui, asks, answers, enter),
        UiKind::SingleSelect | UiKind::MultiSelect => chosen_ui(ui, asks, answers, enter),
        UiKind::OutOfBand => out_of_band_ui(ui, asks, answers, enter),
        _ => information_ui(ui, asks, answers, enter),
    };
    let more = below_ui(ui, asks, answers);
    pressed.or(more)
}

/// The pictures' places with whose they are; without pictures the names alone.
fn names_ui(ui: &mut Ui, asks: &device::Ui, names: &Names<'_>) {
    let tokens = Tokens::of(ui);
    let pictured = asks.issuer_image.is_some() || asks.scheme_image.is_some();
    let (whole, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), if pictured { 34.0 } else { 18.0 }), Sense::hover());
    let half = vec2((whole.width() - 8.0) / 2.0, whole.height());
    let places = [Rect::from_min_size(whole.min, half), Rect::from_min_size(whole.max - half, half)];
    let both = [(names.bank, &asks.issuer_image), (names.scheme, &asks.scheme_image)];
    for (place, (name, image)) in both.into_iter().enumerate() {
        match image {
            Some(address) => parts::placeholder(ui, places[place], name, address),
            None => {
                let side = if place == 0 {
                    egui::Layout::left_to_right(egui::Align::Center)
                } else {
                    egui::Layout::right_to_left(egui::Align::Center)
                };
                ui.scope_builder(egui::UiBuilder::new().max_rect(places[place]).layout(side), |ui| {
                    let name = RichText::new(widgets::display_text(name)).font(theme::words(theme::SMALL));
                    ui.add(egui::Label::new(name.color(tokens.text_second)).truncate());
                });
            }
        }
    }
    ui.add_space(2.0);
}

/// Says so where the window's fonts lack the issuer's script.
fn script_ui(ui: &mut Ui, asks: &device::Ui) {
    let texts = [&asks.header, &asks.label, &asks.text, &asks.submit];
    if texts.into_iter().flatten().any(|text| !phone::drawable(text)) {
        widgets::muted_lines(
            ui,
            "Some of it is in a script that this window cannot draw; the message beside it has it whole",
        );
    }
}

/// Header, text with its warning, label.
fn read_ui(ui: &mut Ui, asks: &device::Ui) {
    let tokens = Tokens::of(ui);
    if let Some(header) = &asks.header {
        parts::line(ui, header, true, 17.0, tokens.text);
    }
    if let Some(text) = &asks.text {
        let spans = parts::marked(text, &asks.version);
        ui.horizontal_top(|ui| {
            if asks.warning {
                let sign = widgets::icon(ui, i::ICON_WARNING.outlined(), 18.0, tokens.warning.ink);
                widgets::name(&sign, "Warning");
            }
            let room = ui.available_width();
            parts::words(ui, &spans, theme::BODY, if asks.warning { tokens.text } else { tokens.text_second }, room);
        });
    }
    let label = asks.label.as_deref().filter(|label| !label.trim().is_empty());
    if let Some(label) = label {
        ui.add_space(2.0);
        parts::line(ui, label, true, theme::BODY, tokens.text);
    }
}

fn typed_ui(ui: &mut Ui, asks: &device::Ui, answers: &mut Answers, enter: bool) -> Option<Pressed> {
    let none = [device::EntryBox { longest: LONGEST, ..Default::default() }];
    let boxes = if asks.boxes.is_empty() { none.as_slice() } else { &asks.boxes };
    answers.typed.resize(boxes.len(), String::new());
    answers.shown.resize(boxes.len(), false);
    for (place, (of, text)) in boxes.iter().zip(&mut answers.typed).enumerate() {
        if let Some(label) = &of.label {
            parts::line(ui, label, false, theme::SMALL, Tokens::of(ui).text_second);
        }
        let name = of.label.as_deref().or(asks.label.as_deref()).filter(|label| !label.trim().is_empty());
        let longest = if of.longest == 0 { LONGEST } else { of.longest.min(LONGEST) };
        let entry = Entry {
            name: name.unwrap_or("Entry"),
            hint: "",
            longest: longest.into(),
            digits: of.digits,
            masked: if of.masked { answers.shown.get_mut(place) } else { None },
            lines: 1,
        };
        let response = ui.push_id(("box", place), |ui| parts::entry(ui, entry, text)).inner;
        answers.keyboard.meet(&response, true);
    }
    let mut pressed = None;
    if parts::button(ui, true, None, asks.submit.as_deref().unwrap_or("Submit")).clicked() || enter {
        let empty = answers.typed.iter().all(String::is_empty);
        pressed = Some(if empty { Said::NoEntry } else { Said::Typed(answers.typed.clone()) });
    }
    if let Some(resend) = &asks.resend
        && parts::button(ui, false, None, resend).clicked()
    {
        pressed = Some(Said::Resend);
    }
    pressed.map(Pressed::Said)
}

fn chosen_ui(ui: &mut Ui, asks: &device::Ui, answers: &mut Answers, enter: bool) -> Option<Pressed> {
    let one = asks.kind == UiKind::SingleSelect;
    let sort = if one { Sort::Radio } else { Sort::Check };
    let mut rows = Vec::new();
    let mut hit = None;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (place, (_, label)) in asks.choices.iter().enumerate() {
            let row = parts::choice(ui, sort, answers.chosen.contains(&place), label, "");
            answers.keyboard.meet(&row, true);
            if row.clicked() {
                hit = Some(place);
            }
            rows.push(row);
        }
    });
    if one {
        hit = hit.or_else(|| parts::arrows(ui, &rows));
    }
    if let Some(place) = hit {
        let on = !answers.chosen.contains(&place);
        if one {
            answers.chosen = [place].into();
        } else if on {
            answers.chosen.insert(place);
        } else {
            answers.chosen.remove(&place);
        }
    }
    let sent = parts::button(ui, true, None, asks.submit.as_deref().unwrap_or("Submit")).clicked() || enter;
    let mut pressed = sent.then(|| {
        let keys = answers.chosen.iter().filter_map(|place| asks.choices.get(*place)).map(|(key, _)| key.clone());
        let keys: Vec<String> = keys.collect();
        if keys.is_empty() { Said::NoEntry } else { Said::Chosen(keys) }
    });
    if let Some(resend) = &asks.resend
        && parts::button(ui, false, None, resend).clicked()
    {
        pressed = Some(Said::Resend);
    }
    pressed.map(Pressed::Said)
}

fn out_of_band_ui(ui: &mut Ui, asks: &device::Ui, answers: &mut Answers, enter: bool) -> Option<Pressed> {
    let mut pressed = None;
    if let Some(label) = &asks.oob_app {
        let button = parts::button(ui, !answers.back, Some(i::ICON_OPEN_IN_NEW.outlined()), label);
        if !answers.back {
            answers.keyboard.meet(&button, false); // whoever comes back goes on, and not there again
        }
        let address = asks.oob_app_url.as_deref().unwrap_or_default();
        let button = match address {
            "" => button.on_hover_text("The bank gave no address of its app"),
            address => button.on_hover_text(format!("A phone would open {}", widgets::display_text(address))),
        };
        if button.clicked() || enter && !answers.back {
            pressed = Some(Pressed::BankApp);
        }
    }
    if asks.oob_continue.is_some() || asks.oob_app.is_none() {
        let filled = asks.oob_app.is_none() || answers.back;
        let button = parts::button(ui, filled, None, asks.oob_continue.as_deref().unwrap_or("Continue"));
        answers.keyboard.meet(&button, false);
        if button.clicked() || enter && filled {
            pressed = Some(Pressed::Said(Said::OobContinue(false)));
        }
    }
    pressed
}

fn information_ui(ui: &mut Ui, asks: &device::Ui, answers: &mut Answers, enter: bool) -> Option<Pressed> {
    let button = parts::button(ui, true, None, asks.info_continue.as_deref().unwrap_or("Continue"));
    answers.keyboard.meet(&button, false);
    (button.clicked() || enter).then_some(Pressed::Said(Said::InfoContinue))
}

/// What stands below the buttons on every screen.
fn below_ui(ui: &mut Ui, asks: &device::Ui, answers: &mut Answers) -> Option<Pressed> {
    let mut pressed = None;
    if let Some(label) = &asks.add_code
        && parts::button(ui, false, None, label).clicked()
    {
        pressed = Some(Pressed::Said(Said::AddCode));
    }
    let switches = [(&asks.trust, &mut answers.trust), (&asks.binding, &mut answers.binding)];
    for (label, on) in switches {
        if let Some(label) = label {
            let row = parts::choice(ui, Sort::Switch, *on, label, "");
            answers.keyboard.fields.push(row.id);
            if row.clicked() {
                *on = !*on;
            }
        }
    }
    let folds = [(&asks.why, &mut answers.why), (&asks.expand, &mut answers.more)];
    for (words, open) in folds {
        if let Some((label, text)) = words {
            let text: Vec<Span> = parts::marked(text, &asks.version);
            parts::fold(ui, open, label, &text);
        }
    }
    pressed
}
