//! What was sent and what came back, to the byte; why there is no answer, or what the refusal
//! asks for.

use egui::Ui;
use egui_material_icons::icons as i;

use super::body::Body;
use super::tabs::Tab;
use super::{Panel, Row, note_strip, padded, strip};
use crate::bus::Command;
use crate::model::exchange::{Exchange, Step, header};
use crate::model::{Problem, oauth, payload};
use crate::ui::address;
use crate::ui::credentials::explained_ui;
use crate::ui::theme::Tone;
use crate::ui::timeline;
use crate::ui::widgets;

/// Error codes explained in the response.
const CODES_SHOWN: usize = 40;

impl Panel {
    /// A page of an exchange that shows bytes.
    pub(super) fn exchange_ui(
        &mut self,
        ui: &mut Ui,
        row: &Row<'_>,
        exchange: &Exchange,
        tab: Tab,
        commands: &mut Vec<Command>,
    ) {
        match tab {
            Tab::Request => {
                line_ui(ui, &exchange.request.method, &exchange.request.url);
                let kind = header(&exchange.request.headers, "content-type");
                self.body_ui(ui, row, tab, "request body", || Body::new(&exchange.request.body, kind));
            }
            Tab::Code => self.code.ui(ui, row, exchange),
            _ => self.response_ui(ui, row, exchange, commands),
        }
    }

    fn response_ui(&mut self, ui: &mut Ui, row: &Row<'_>, exchange: &Exchange, commands: &mut Vec<Command>) {
        let profile = row.workspace.settings.profiles.iter().find(|profile| profile.id == row.run.plan.profile);
        // Why the token, or the want of one, was the cause.
        let refusal = oauth::of_exchange(profile, exchange);
        let response = match &exchange.outcome {
            Ok(response) => response,
            Err(problem) => {
                if silence_ui(ui, problem, refusal.as_ref()) {
                    commands.push(Command::Do(row.run.id, exchange.step));
                }
                return;
            }
        };
        if response.status >= 400 && exchange.step != Step::Token {
            padded(ui, |ui| timeline::refusal_ui(ui, exchange, CODES_SHOWN));
        }
        if let Some(refusal) = &refusal {
            padded(ui, |ui| explained_ui(ui, Tone::of_http(response.status), refusal, |_| ()));
        }
        if response.dropped_bytes > 0 {
            note_strip(ui, &format!("{} more were received and not kept", payload::size(response.dropped_bytes)));
        }
        let kind = header(&response.headers, "content-type");
        let coding = header(&response.headers, "content-encoding");
        self.body_ui(ui, row, Tab::Response, "response body", || Body::new(&response.body, kind).coded(coding));
    }
}

/// No answer came. True if it is to be tried again.
fn silence_ui(ui: &mut Ui, problem: &Problem, refusal: Option<&Problem>) -> bool {
    let mut again = false;
    padded(ui, |ui| {
        let button =
            |ui: &mut Ui| widgets::secondary_button(ui, Some(i::ICON_REPLAY.outlined()), "Try again", None).clicked();
        again = match refusal {
            Some(refusal) => explained_ui(ui, Tone::Danger, refusal, button),
            None => widgets::problem_with(ui, problem, button),
        };
    });
    again
}

/// Method and address.
fn line_ui(ui: &mut Ui, method: &str, url: &str) {
    strip(ui, 32.0, |ui| address::ui(ui, "address", method, url));
    widgets::hline(ui);
}
