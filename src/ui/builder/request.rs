//! What stands above and below the form of each request: test cards and the meter of
//! `POST /sessions`, devices of `collect-data`, the ways to pay. Asks for what only the
//! engine can do with commands; the panel takes the answers in.

use egui::text::{LayoutJob, TextFormat};
use egui::{RichText, Ui};
use egui_material_icons::icons as i;
use serde_json::{Map, Value};

use super::{Panel, cards, inset, meter};
use crate::bus::Command;
use crate::model::draft::{Body, Channel};
use crate::model::run::Run;
use crate::model::steps;
use crate::model::{Workspace, devices};
use crate::ui::theme::{self, Tokens};
use crate::ui::{address, widgets};

/// The accessible name of a document's editor.
pub fn document(body: Body) -> &'static str {
    match body {
        Body::Session => "Body of POST /sessions",
        Body::Browser | Body::App => "Body of PUT collect-data",
        Body::Fingerprint => "Body of PUT issuer-fingerprint",
        Body::Payment => "Body of POST /payments",
    }
}

impl Panel {
    /// What stands above the form of a request.
    pub(super) fn above_ui(&mut self, ui: &mut Ui, body: Body, workspace: &Workspace, commands: &mut Vec<Command>) {
        inset(ui, |ui| match body {
            Body::Session => self.cards_and_meter_ui(ui),
            Body::Browser => self.browsers_ui(ui, workspace, commands),
            Body::App => self.app_ui(ui, commands),
            Body::Fingerprint => {
                let text = "Empty, the console says how the 3DS Method really went. Set, it says what you choose.";
                drop(widgets::muted_lines(ui, text));
            }
            Body::Payment => self.payment_ui(ui, workspace),
        });
        ui.add_space(4.0);
    }

    /// What stands below it: where the channel data of a session travel.
    pub(super) fn below_ui(&mut self, ui: &mut Ui, body: Body) {
        let draft = &self.view.draft;
        if body == Body::Session && draft.channel != Channel::MerchantInitiated {
            widgets::hline(ui);
            inset(ui, |ui| {
                ui.add_space(4.0);
                self.place_ui(ui);
                ui.add_space(8.0);
            });
        }
    }

    fn cards_and_meter_ui(&mut self, ui: &mut Ui) {
        if cards::head_ui(ui) {
            self.picker.toggle();
        }
        let chosen = self.view.draft.doc(Body::Session).form_text("/source/number");
        if let Some(number) = cards::strip_ui(ui, &chosen) {
            self.pick(number);
        }
        ui.add_space(2.0);
        if let Some((body, pointer)) = meter::ui(ui, &self.view.draft, &mut self.view.weighed) {
            self.go_to_place(body, &pointer);
        }
    }

    fn browsers_ui(&mut self, ui: &mut Ui, workspace: &Workspace, commands: &mut Vec<Command>) {
        ui.horizontal_wrapped(|ui| {
            let button = widgets::secondary_button(ui, Some(i::ICON_DEVICES.outlined()), "Devices", None);
            egui::Popup::menu(&button).show(|ui| {
                ui.set_min_width(220.0);
                for device in &devices::ALL {
                    if ui.selectable_label(false, device.name).clicked() {
                        self.history.cut();
                        if let Value::Object(members) = device.browser_data() {
                            self.fill_channel(&members);
                        }
                    }
                }
            });
            let own = widgets::secondary_button(ui, None, "Use my real browser…", None);
            let tip = "Opens a page on this computer that reads what your browser says of itself";
            if own.on_hover_text(tip).clicked() {
                commands.push(Command::ReadMyBrowser);
            }
        });
        if let Some(page) = &workspace.browser_page {
            ui.horizontal(|ui| {
                widgets::muted(ui, "Waiting for it at");
                address::ui(ui, "page address", "", page);
            });
        }
        self.place_ui(ui);
    }

    fn app_ui(&mut self, ui: &mut Ui, commands: &mut Vec<Command>) {
        let made = widgets::secondary_button(ui, Some(i::ICON_KEY.outlined()), "Make app values", None);
        let tip = "A fresh key, fresh ids, and device data sealed for the directory server of the newest session";
        if made.on_hover_text(tip).clicked() {
            commands.push(Command::MakeAppValues);
        }
        self.place_ui(ui);
    }

    /// The three ways to pay with an authenticated session. Source: sessions-api.md 8.
    fn payment_ui(&mut self, ui: &mut Ui, workspace: &Workspace) {
        let tokens = Tokens::of(ui);
        let session = workspace.runs.values().rev().find_map(Run::session);
        let proof = session.map(steps::proof).filter(|members| members.contains_key("cryptogram"));
        let way = |title: &str, text: &str| {
            let mut job = LayoutJob::default();
            let format = |font, color| TextFormat { font_id: font, color, ..Default::default() };
            job.append(title, 0.0, format(theme::words(theme::BODY), tokens.text));
            job.append(text, 8.0, format(theme::words(theme::SMALL), tokens.muted));
            job
        };
        ui.horizontal_wrapped(|ui| {
            if widgets::secondary_button(ui, None, "Pay by session id", None)
                .on_hover_text("The gateway looks the session up; left-out members come from it when it is sent")
                .clicked()
            {
                self.pay_with(None);
            }
            if widgets::secondary_button(ui, None, "Pay by values", None)
                .on_hover_text("ECI, cryptogram, xid and version of the session, as for a result of another gateway")
                .clicked()
            {
                self.pay_with(Some(steps::proof_placeholders()));
            }
        });
        ui.add_space(2.0);
        ui.label(way("Another PSP", "needs these, byte for byte as they came"));
        match &proof {
            None => drop(widgets::muted_lines(ui, "eci, cryptogram, xid, version: of the first session that has them")),
            Some(members) => handed_over_ui(ui, members),
        }
    }

    /// Writes `3ds` of the payment; all else of it stays.
    fn pay_with(&mut self, members: Option<Value>) {
        self.history.cut();
        self.view.draft.doc_mut(Body::Payment).set("/3ds", members);
    }
}

fn handed_over_ui(ui: &mut Ui, members: &Map<String, Value>) {
    let tokens = Tokens::of(ui);
    for (name, value) in members {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        ui.horizontal(|ui| {
            let name_text = RichText::new(name).font(theme::code(theme::SMALL)).color(tokens.muted);
            ui.label(name_text);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                widgets::copy_button(ui, &format!("{name} for another PSP"), &value);
                let text = RichText::new(widgets::display_text(&value)).font(theme::code(theme::SMALL));
                ui.add(egui::Label::new(text.color(tokens.text)).truncate());
            });
        });
    }
}
