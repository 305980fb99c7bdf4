//! The head of the builder: hosted or not, the channel, the request being edited, form or
//! JSON. Switching loses nothing that was typed; what cannot be switched now says why.

use egui::{Align, Layout, Response, Role, Sense, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons as i;
use serde::{Deserialize, Serialize};

use super::{ALONE, BOTH, Panel, inset};
use crate::model::draft::{Body, Channel, Completion, Draft};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets;

/// The request being edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// `POST /sessions`.
    #[default]
    Create,
    /// `PUT …/collect-data`.
    Collect,
    /// `PUT …/issuer-fingerprint`.
    Fingerprint,
    /// `POST …/complete`.
    Complete,
    /// `POST /payments`.
    Payment,
}

impl Request {
    /// All, in the order they are sent.
    const ALL: [(Self, &'static str); 5] = [
        (Self::Create, "Create"),
        (Self::Collect, "Collect"),
        (Self::Fingerprint, "Fingerprint"),
        (Self::Complete, "Complete"),
        (Self::Payment, "Payment"),
    ];

    /// The request that carries a document.
    pub fn of(body: Body) -> Self {
        match body {
            Body::Session => Self::Create,
            Body::Browser | Body::App => Self::Collect,
            Body::Fingerprint => Self::Fingerprint,
            Body::Payment => Self::Payment,
        }
    }

    /// Its document in this draft; `None` if it has no body.
    pub fn body(self, draft: &Draft) -> Option<Body> {
        match self {
            Self::Create => Some(Body::Session),
            Self::Collect => draft.collect_body(),
            Self::Fingerprint => Some(Body::Fingerprint),
            Self::Complete => None,
            Self::Payment => Some(Body::Payment),
        }
    }

    /// What it is, for the hover.
    fn tip(self) -> &'static str {
        match self {
            Self::Create => "POST /sessions: starts the authentication",
            Self::Collect => "PUT …/collect-data: what is known of the shopper's browser or app",
            Self::Fingerprint => "PUT …/issuer-fingerprint: how the bank's 3DS Method went",
            Self::Complete => "POST …/complete: ends the session; it has no body",
            Self::Payment => "POST /payments: authorises with what 3-D Secure said",
        }
    }
}

/// From this width on, points, there is room to offer form and JSON side by side.
const ROOM_FOR_ASIDE: f32 = 300.0;
/// Width of the sign between two requests, points.
const BETWEEN: f32 = 6.0;

/// Said when a switch would have to change a text that is no JSON.
const BROKEN: &str = "The JSON of POST /sessions is broken just now. Mend it, then switch: nothing has changed";

impl Panel {
    pub(super) fn head_ui(&mut self, ui: &mut Ui, both: bool) {
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            let room = ui.available_width() >= ROOM_FOR_ASIDE;
            let mut completion = self.view.draft.completion;
            let kinds = [(Completion::Hosted, "Hosted"), (Completion::NonHosted, "Non-hosted")];
            if widgets::segmented(ui, &mut completion, &kinds) {
                self.reshape(|draft| draft.set_completion(completion));
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if both {
                    let name = "Form alone";
                    if widgets::icon_button(ui, i::ICON_VERTICAL_SPLIT.outlined(), name).clicked() {
                        self.wanted = Some(ALONE);
                    }
                    widgets::muted(ui, "Form and JSON");
                    return;
                }
                let name = "Form and JSON side by side";
                if room && widgets::icon_button(ui, i::ICON_VERTICAL_SPLIT.outlined(), name).clicked() {
                    self.wanted = Some(BOTH);
                }
                widgets::segmented(ui, &mut self.view.json, &[(false, "Form"), (true, "{} JSON")]);
            });
        });
        if self.view.draft.completion == Completion::NonHosted {
            let mut channel = self.view.draft.channel;
            let tabs = Channel::ALL.map(|channel| (channel, channel.name(), None));
            if widgets::tabs(ui, &mut channel, &tabs) {
                self.reshape(|draft| draft.set_channel(channel));
            }
        } else {
            ui.add_space(4.0);
        }
        self.requests_ui(ui);
        ui.add_space(4.0);
    }

    fn requests_ui(&mut self, ui: &mut Ui) {
        let tokens = Tokens::of(ui);
        let before = self.view.request;
        let font = || theme::words(theme::SMALL);
        let words = Request::ALL.map(|(_, label)| widgets::line_of(ui, label, font(), tokens.text).size().x);
        let (count, gaps) = (Request::ALL.len() as f32, Request::ALL.len() as f32 - 1.0);
        let free = ui.available_width() - words.iter().sum::<f32>() - gaps * (BETWEEN + 2.0);
        let padding = (free / count / 2.0).clamp(2.0, 9.0);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 1.0;
            for (place, (request, label)) in Request::ALL.into_iter().enumerate() {
                if place > 0 {
                    let sign = i::ICON_CHEVRON_RIGHT.outlined();
                    let galley = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 10.0), tokens.muted);
                    let (rect, _) = ui.allocate_exact_size(vec2(BETWEEN, theme::TARGET), Sense::hover());
                    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, tokens.muted);
                }
                if step_ui(ui, label, request == before, padding).on_hover_text(request.tip()).clicked() {
                    self.view.request = request;
                }
            }
        });
    }

    /// Changes the draft's shape as one step that can be undone.
    pub(super) fn reshape(&mut self, change: impl FnOnce(&mut Draft) -> bool) {
        self.history.cut();
        self.said = (!change(&mut self.view.draft)).then(|| BROKEN.to_owned());
    }

    /// A request without a body of its own: says what it is, and the way on.
    pub(super) fn bodiless_ui(&mut self, ui: &mut Ui) {
        inset(ui, |ui| {
            ui.add_space(12.0);
            if self.view.request == Request::Complete {
                widgets::emphasis(ui, "POST …/complete has no body");
                widgets::muted_lines(
                    ui,
                    "It says that the shop has what it wanted: the session ends, and its result goes to the callback \
                     address. By hand it can be sent again and again, from «Do again…» of the timeline.",
                );
                return;
            }
            widgets::emphasis(ui, "The channel data travel inside POST /sessions");
            let alone = self.view.draft.channel == Channel::MerchantInitiated;
            widgets::muted_lines(
                ui,
                match alone {
                    true => {
                        "There is no shopper, so nothing is collected later. Request type and channel stand under Create."
                    }
                    false => "Nothing is collected later, unless you send it by hand.",
                },
            );
            ui.add_space(4.0);
            if !alone {
                self.place_ui(ui);
            }
            if widgets::link(ui, "Edit under Create").clicked() {
                self.view.request = Request::Create;
            }
        });
    }

    /// A document that no step of this draft sends.
    pub(super) fn unsent_ui(&self, ui: &mut Ui) {
        ui.add_space(8.0);
        widgets::emphasis(ui, "This draft does not send it");
        let why = match (self.view.draft.completion, self.view.draft.channel) {
            (Completion::Hosted, _) => "The API's hosted page does these steps itself",
            (_, Channel::App) => "An app has no 3DS Method: its SDK describes the device",
            _ => "Without a shopper there is no device to describe",
        };
        widgets::muted_lines(ui, why);
        widgets::muted_lines(ui, "Its JSON is kept, and can be sent by hand");
    }

    /// Where the channel data travel.
    pub(super) fn place_ui(&mut self, ui: &mut Ui) {
        let mut inline = self.view.draft.inline;
        widgets::muted(ui, "Send the channel data with");
        if widgets::segmented(ui, &mut inline, &[(true, "POST /sessions"), (false, "collect-data")]) {
            self.reshape(|draft| draft.set_inline(inline));
            if inline && self.view.request == Request::Collect {
                self.view.request = Request::Create;
            }
        }
    }

    /// What was just done, or why it was not.
    pub(super) fn said_ui(&mut self, ui: &mut Ui) {
        let Some(said) = self.said.clone() else { return };
        let broken = said == BROKEN;
        if broken && self.view.draft.doc(Body::Session).broken().is_none() {
            self.said = None;
            return;
        }
        let show = |ui: &mut Ui| {
            ui.horizontal(|ui| {
                ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                    let gone = widgets::icon_button(ui, i::ICON_CLOSE.outlined(), "Dismiss the message").clicked();
                    ui.with_layout(Layout::left_to_right(Align::Min), |ui| widgets::muted_lines(ui, &said));
                    gone
                })
                .inner
            })
            .inner
        };
        let gone = if broken { widgets::note(ui, Tone::Warning, show) } else { show(ui) };
        if gone {
            self.said = None;
        }
    }
}

/// One of the requests, 24 high.
fn step_ui(ui: &mut Ui, label: &str, chosen: bool, padding: f32) -> Response {
    let tokens = Tokens::of(ui);
    let colour = if chosen { tokens.text } else { tokens.text_second };
    let galley = widgets::line_of(ui, label, theme::words(theme::SMALL), colour);
    let size = vec2(galley.size().x + 2.0 * padding, theme::TARGET);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), chosen, label));
    if chosen {
        ui.painter().rect(rect, 5.0, tokens.bg3, egui::Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 5.0, tokens.bg2);
    }
    let at = pos2(rect.center().x - galley.size().x / 2.0, rect.center().y - galley.size().y / 2.0);
    if chosen {
        widgets::paint_emphasis(ui.painter(), at, galley, colour);
    } else {
        ui.painter().galley(at, galley, colour);
    }
    widgets::focus_ring(ui, rect.shrink(1.0), &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}
