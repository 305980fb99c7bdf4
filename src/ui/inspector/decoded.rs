//! What the lens reads in a row, as cards: where it was found, its members with what they say
//! and what is wrong with them, what came out of it as a body. Large bodies are looked into
//! beside the window's thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Align, Layout, RichText, TextEdit, Ui, vec2};
use egui_material_icons::icons as i;
use poll_promise::Promise;

use super::Row;
use super::body::{Body, View};
use crate::model::RunId;
use crate::model::lens::{self, Decoded, Key, Mark, Place, What};
use crate::model::payload::{self, lossless};
use crate::model::profile::{TokenStatus, TokenView};
use crate::model::run::{self, Entry};
use crate::model::trace::Part;
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens};
use crate::ui::timeline::rows::severity_tone;
use crate::ui::widgets::{self, display_text, muted};

/// Bytes of a row from which on it is looked into beside the window's thread. Our choice.
const LARGE: usize = 64 << 10;
/// Height of a decoded body that is unfolded, points.
const BODY: f32 = 260.0;
/// Under this width, points, what a value says stands below it.
const NARROW: f32 = 420.0;

type Of = (RunId, usize, usize, bool);

/// View state of the page: what was read in the row that was looked at last.
#[derive(Default)]
pub(super) struct State {
    of: Option<Of>,
    found: Vec<Decoded>,
    looking: Option<Promise<Vec<Decoded>>>,
    /// Bodies that are unfolded, by the place of their card.
    bodies: BTreeMap<Vec<usize>, Body>,
    view: View,
    /// Keys that the user gave; never kept anywhere else.
    keys: Vec<Key>,
    key: String,
    fault: Option<String>,
    asked: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("of", &self.of).field("found", &self.found.len()).finish_non_exhaustive()
    }
}

impl State {
    /// Looks into the row, if that was not done. Returns how much was found.
    pub fn look(&mut self, ui: &Ui, row: &Row<'_>) -> usize {
        let token = token(row);
        let of = (row.run.id, row.entry.number, self.keys.len(), token.is_some());
        if self.of != Some(of) {
            self.of = Some(of);
            self.bodies.clear();
            self.found.clear();
            let scheme = row.run.session().and_then(|session| session.text("/scheme")).unwrap_or_default().to_owned();
            if size(row.entry) <= LARGE {
                self.looking = None;
                self.found = lens::look_at_entry(row.entry, &scheme, token, &self.keys);
            } else {
                let (entry, token, keys) = (shared(row), token.cloned(), self.keys.clone());
                let ctx = ui.ctx().clone();
                self.looking = Some(Promise::spawn_thread("lens", move || {
                    let found = entry.map(|entry| lens::look_at_entry(&entry, &scheme, token.as_ref(), &keys));
                    ctx.request_repaint(); // a promise does not wake the window by itself
                    found.unwrap_or_default()
                }));
            }
        }
        match self.looking.take().map(Promise::try_take) {
            Some(Err(pending)) => self.looking = Some(pending),
            Some(Ok(found)) => self.found = found,
            None => (),
        }
        self.found.iter().filter(|one| one.what != What::Codes).count()
    }

    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, row: &Row<'_>, links: &mut Vec<Link>) {
        ui.spacing_mut().item_spacing.y = 10.0;
        if self.looking.is_some() {
            ui.horizontal(|ui| {
                ui.add(egui::Spinner::new().size(14.0));
                muted(ui, "Looking into a large body");
            });
            return;
        }
        if self.found.is_empty() {
            muted(ui, "Nothing in this row is encoded, and no member of it has a code");
            return;
        }
        let found = std::mem::take(&mut self.found);
        for (at, one) in found.iter().enumerate() {
            widgets::card(ui, |ui| {
                ui.set_width(ui.available_width());
                self.card_ui(ui, one, row, &mut vec![at], links);
            });
        }
        self.found = found;
        self.key_ui(ui);
    }

    fn card_ui(&mut self, ui: &mut Ui, one: &Decoded, row: &Row<'_>, at: &mut Vec<usize>, links: &mut Vec<Link>) {
        ui.spacing_mut().item_spacing.y = 6.0;
        title_ui(ui, one, row, at.len() > 1, links);
        for mark in &one.marks {
            mark_ui(ui, mark);
        }
        if !one.rows.is_empty() {
            rows_ui(ui, one);
        }
        self.bytes_ui(ui, one, at);
        for (inner, decoded) in one.inner.iter().enumerate() {
            at.push(inner);
            let margin = egui::Margin { left: 10, ..egui::Margin::ZERO };
            let shown = egui::Frame::new().inner_margin(margin).show(ui, |ui| {
                ui.set_width(ui.available_width());
                self.card_ui(ui, decoded, row, at, links);
            });
            let edge = shown.response.rect;
            ui.painter().vline(edge.left(), edge.y_range(), theme::line(Tokens::of(ui)));
            at.pop();
        }
    }

    /// What came out, folded until it is wanted.
    fn bytes_ui(&mut self, ui: &mut Ui, one: &Decoded, at: &[usize]) {
        let Some(bytes) = &one.bytes else { return };
        let open = self.bodies.contains_key(at);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 10.0;
            let what = match one.content_type {
                "application/json" => "JSON",
                "application/xml" => "XML",
                "text/plain" => "text",
                _ => "bytes",
            };
            let words = if open { format!("Hide the {what}") } else { format!("Show the {what}") };
            let link = widgets::link(ui, &words);
            widgets::name(&link, &format!("{words} of {}", one.what.word()));
            if link.clicked() {
                match open {
                    true => drop(self.bodies.remove(at)),
                    false => drop(self.bodies.insert(at.to_vec(), Body::new(bytes, Some(one.content_type)))),
                }
            }
            let name = format!("decoded {}", one.what.word());
            widgets::copy_button(ui, &name, &lossless(bytes));
            muted(ui, &payload::size(bytes.len() as u64));
        });
        if let Some(body) = self.bodies.get_mut(at) {
            let size = vec2(ui.available_width(), BODY);
            ui.push_id(at, |ui| {
                ui.allocate_ui(size, |ui| {
                    ui.set_min_size(size);
                    ui.set_max_size(size);
                    body.ui(ui, &mut self.view, "decoded body");
                });
            });
        }
    }

    /// A key to verify and open with: of the user's own, for as long as the window is there.
    fn key_ui(&mut self, ui: &mut Ui) {
        let takes = |one: &Decoded| matches!(one.what, What::Jwt | What::Jws | What::Jwe);
        if !self.found.iter().any(takes) {
            return;
        }
        if !self.keys.is_empty() {
            ui.horizontal(|ui| {
                muted(ui, &format!("{} of your keys are tried", self.keys.len()));
                if widgets::link(ui, "Forget the keys").clicked() {
                    self.keys.clear();
                }
            });
        }
        if !self.asked {
            self.asked = widgets::link(ui, "Verify or open with a key of yours").clicked();
            return;
        }
        let mut use_it = false;
        ui.horizontal(|ui| {
            let room = (ui.available_width() - 70.0).max(80.0);
            let field = TextEdit::singleline(&mut self.key).password(true).desired_width(room);
            let response = ui.add(field.hint_text("Shared secret, or a JWK (EC P-256, oct)"));
            widgets::name(&response, "Key");
            use_it = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            use_it |= widgets::secondary_button(ui, None, "Use", None).clicked();
        });
        if use_it {
            match Key::read(&self.key) {
                Ok(key) => {
                    self.keys.push(key);
                    (self.fault, self.asked) = (None, false);
                }
                Err(fault) => self.fault = Some(fault),
            }
            self.key = String::new();
        }
        if let Some(fault) = &self.fault {
            mark_ui(ui, &Mark { severity: crate::model::finding::Severity::Error, text: fault.clone() });
        }
        muted(ui, "Kept until you forget it or close the window, and never written anywhere");
    }
}

/// The token that the row's own calls carry, of which a record has the mask only.
fn token<'a>(row: &Row<'a>) -> Option<&'a TokenView> {
    match row.workspace.tokens.get(&row.run.plan.profile) {
        Some(TokenStatus::Live(view)) => Some(view),
        _ => None,
    }
}

fn size(entry: &Entry) -> usize {
    match &entry.what {
        run::What::Exchange(exchange) => {
            exchange.request.body.len() + exchange.response().map_or(0, |answer| answer.body.len())
        }
        run::What::Delivery(delivery) => delivery.body.len(),
        run::What::Scheme(message) => message.body.len(),
        _ => 0,
    }
}

fn shared(row: &Row<'_>) -> Option<Arc<Entry>> {
    let place = row.run.entries.place(row.entry.number)?;
    row.run.entries.shared().get(place).cloned()
}

fn title_ui(ui: &mut Ui, one: &Decoded, row: &Row<'_>, inner: bool, links: &mut Vec<Link>) {
    let tokens = Tokens::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let icon = match one.what {
            What::Codes => i::ICON_TAG,
            What::Jwe => i::ICON_LOCK,
            What::Jwt | What::Jws | What::Token => i::ICON_SIGNATURE,
            _ => i::ICON_FRAME_INSPECT,
        };
        widgets::icon(ui, icon.outlined(), 16.0, tokens.accent.ink);
        widgets::emphasis(ui, one.what.name());
        let side = match (&row.entry.what, one.part) {
            (run::What::Exchange(_), Part::Request) => "request",
            (run::What::Exchange(_), Part::Response) => "response",
            _ => "body",
        };
        let words = match &one.place {
            _ if inner => return,
            Place::Whole => format!("in the {side}"),
            Place::Member(path) => format!("in the {side}, {path}"),
            Place::Header(name) => format!("in the {side}'s header {name}"),
        };
        match one.place {
            Place::Header(_) => drop(muted(ui, &display_text(&words))),
            _ => {
                if widgets::link(ui, &display_text(&words)).clicked() {
                    links.push(Link::Spot(row.run.id, lens::spot(row.entry.number, one)));
                }
            }
        }
    });
}

fn mark_ui(ui: &mut Ui, mark: &Mark) {
    let (tone, sign) = severity_tone(mark.severity);
    let ink = Tokens::of(ui).tone(tone).ink;
    let colour = Tokens::of(ui).text_second;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        widgets::icon(ui, sign.0, 16.0, ink);
        ui.add(egui::Label::new(RichText::new(display_text(&mark.text)).color(colour)).wrap());
    });
}

fn rows_ui(ui: &mut Ui, one: &Decoded) {
    let tokens = Tokens::of(ui);
    let width = ui.available_width();
    let name_width = (width * 0.38).min(190.0);
    let narrow = width < NARROW;
    for row in &one.rows {
        let response = ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            ui.allocate_ui_with_layout(vec2(name_width, 18.0), Layout::left_to_right(Align::Min), |ui| {
                ui.set_min_width(name_width);
                ui.set_max_width(name_width);
                let name = RichText::new(display_text(&row.name)).font(theme::code(theme::SMALL));
                ui.add(egui::Label::new(name.color(tokens.json_key)).wrap());
            });
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                let value = RichText::new(display_text(&row.value)).font(theme::code(theme::SMALL)).color(tokens.text);
                let words = RichText::new(display_text(&row.meaning)).font(theme::words(theme::SMALL));
                let words = words.color(tokens.text_second);
                let short = row.value.chars().count() < 14 && !narrow;
                if short && !row.value.is_empty() && !row.meaning.is_empty() {
                    ui.horizontal_wrapped(|ui| {
                        ui.spacing_mut().item_spacing.x = 8.0;
                        ui.add(egui::Label::new(value).selectable(true));
                        ui.add(egui::Label::new(words).wrap());
                    });
                } else {
                    if !row.value.is_empty() {
                        ui.add(egui::Label::new(value).wrap().selectable(true));
                    }
                    if !row.meaning.is_empty() {
                        ui.add(egui::Label::new(words).wrap());
                    }
                }
                if let Some(mark) = &row.mark {
                    mark_ui(ui, mark);
                }
            });
        });
        let _ = response;
    }
}
