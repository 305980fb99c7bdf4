//! The phone itself: its frame, the app's bar, and what stands below it: how the challenge is
//! opened, the issuer's screen, the wait, the end. A message of the bank drops in at the top,
//! and the bank's app comes to the front over all.

use egui::{CornerRadius, Margin, Rect, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, pos2, vec2};
use egui_material_icons::icons as i;

use super::parts::{self, Sort};
use super::screen::{self, Names, Pressed};
use super::{Go, Stage, State};
use crate::bus::Command;
use crate::model::device::page::Span;
use crate::model::device::{Act, Said, Screen, Seal, Ui as Asks, UiKind};
use crate::model::run::PhoneAct;
use crate::model::sandbox::SandboxAct;
use crate::model::scheme::{PhoneKind, PhoneMessage};
use crate::model::{Problem, codes};
use crate::ui::phone;
use crate::ui::theme::{self, Tokens};
use crate::ui::timeline::turn;
use crate::ui::widgets::{self, display_text, muted_lines};

/// Height of the app's bar, points.
const BAR: f32 = 44.0;
/// Corner of the phone, points.
const CORNER: u8 = 18;

impl State {
    /// Draws the phone; what it is to do goes into `acts`.
    pub(super) fn phone_ui(
        &mut self,
        ui: &mut Ui,
        frame: Rect,
        stage: &Stage<'_>,
        acts: &mut Vec<Act>,
        commands: &mut Vec<Command>,
    ) -> Option<Go> {
        let tokens = Tokens::of(ui);
        ui.painter().rect(
            frame,
            CornerRadius::same(CORNER),
            tokens.bg2,
            Stroke::new(1.0, tokens.line_strong),
            StrokeKind::Inside,
        );
        let bar = Rect::from_min_size(frame.min, vec2(frame.width(), BAR));
        let asks = matches!(stage.device().map(|device| &device.screen), Some(Screen::Asks(_)));
        let live = stage.run.is_open();
        if self.bar_ui(ui, bar, stage, asks && live) {
            let act = self.reply(stage, Said::Cancel);
            acts.push(act);
        }
        ui.painter().hline(frame.x_range(), bar.bottom(), theme::line(tokens));
        let body =
            Rect::from_min_max(pos2(frame.left(), bar.bottom() + 1.0), frame.max - vec2(0.0, f32::from(CORNER) / 2.0));
        let mut go = None;
        ui.scope_builder(UiBuilder::new().max_rect(body), |ui| {
            ui.set_clip_rect(body.intersect(ui.clip_rect()));
            let salt = ("phone", stage.run.id.0, self.answers.of.map(|of| of.1), self.answers.away);
            ScrollArea::vertical().id_salt(salt).auto_shrink(false).show(ui, |ui| {
                egui::Frame::new().inner_margin(Margin::symmetric(16, 12)).show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    ui.spacing_mut().item_spacing.y = 8.0;
                    go = self.inside_ui(ui, stage, live, acts, commands);
                });
            });
        });
        go
    }

    /// Title, and Cancel while the issuer asks. True if that was pressed.
    fn bar_ui(&self, ui: &mut Ui, bar: Rect, stage: &Stage<'_>, asks: bool) -> bool {
        let tokens = Tokens::of(ui);
        let mut cancelled = false;
        ui.scope_builder(UiBuilder::new().max_rect(bar.shrink2(vec2(16.0, 0.0))), |ui| {
            ui.horizontal_centered(|ui| {
                let away = self.answers.away;
                let title = if away { bank(stage) } else { "Secure checkout".into() };
                let sign = if away { i::ICON_ACCOUNT_BALANCE } else { i::ICON_LOCK };
                widgets::icon(ui, sign.outlined(), 16.0, tokens.text_second);
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if asks && !away {
                        let cancel =
                            widgets::button(ui, widgets::Look::Ghost, widgets::Size::Small, None, "Cancel", None);
                        cancelled = cancel.on_hover_text("The shopper gives up: challengeCancel 01").clicked();
                    }
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                        let title = RichText::new(title).font(theme::words(14.0)).color(tokens.text);
                        ui.add(egui::Label::new(title).truncate());
                    });
                });
            });
        });
        cancelled
    }

    fn inside_ui(
        &mut self,
        ui: &mut Ui,
        stage: &Stage<'_>,
        live: bool,
        acts: &mut Vec<Act>,
        commands: &mut Vec<Command>,
    ) -> Option<Go> {
        if let Some(problem) = stage.turn().and_then(|turn| turn.problem.as_ref()) {
            widgets::problem_ui(ui, problem);
        }
        if self.answers.away {
            self.bank_app_ui(ui, stage, live, acts, commands);
            return None;
        }
        if stage.unopened() {
            return self.unopened_ui(ui, stage, acts);
        }
        let device = stage.device()?;
        match &device.screen {
            Screen::Waiting => waiting_ui(ui, stage),
            Screen::Asks(asks) => self.asks_ui(ui, (stage, asks), live, acts, commands),
            Screen::Over(status) => over_ui(ui, *status),
            Screen::Aborted(problem) => aborted_ui(ui, stage, problem),
        }
        None
    }

    /// The issuer's screen, below what came to the phone.
    fn asks_ui(
        &mut self,
        ui: &mut Ui,
        (stage, asks): (&Stage<'_>, &Asks),
        live: bool,
        acts: &mut Vec<Act>,
        commands: &mut Vec<Command>,
    ) {
        if let Some(message) = stage.run.phone() {
            self.message_ui(ui, stage, message, live, commands);
        }
        let enter = live && self.answers.keyboard.begin(ui);
        let pressed = ui.add_enabled_ui(live, |ui| match asks.kind {
            UiKind::Html | UiKind::HtmlOutOfBand => {
                let mut keyboard = std::mem::take(&mut self.answers.keyboard);
                let pressed = self.answers.page().and_then(|page| page.ui(ui, &mut keyboard, enter));
                self.answers.keyboard = keyboard;
                if self.answers.page().is_none() {
                    muted_lines(ui, "The message has no page to show");
                }
                pressed
            }
            _ => {
                let (bank, scheme) = (bank(stage), scheme(stage));
                let names = Names { bank: &bank, scheme: &scheme };
                screen::ui(ui, asks, &names, &mut self.answers, enter)
            }
        });
        match pressed.inner {
            Some(Pressed::Said(said)) => acts.push(self.reply(stage, said)),
            Some(Pressed::BankApp) => (self.answers.away, self.answers.keyboard.first) = (true, true),
            None => (),
        }
    }

    /// What will happen, how it is sealed, and the button that begins it.
    fn unopened_ui(&mut self, ui: &mut Ui, stage: &Stage<'_>, acts: &mut Vec<Act>) -> Option<Go> {
        let tokens = Tokens::of(ui);
        ui.add_space(8.0);
        widgets::icon(ui, i::ICON_SMARTPHONE.outlined(), 28.0, tokens.accent.ink);
        if stage.turn().is_none() {
            self.opening = parts::Keyboard::default();
            let (title, sentence) = match stage.run.is_open() {
                true => {
                    ("Nothing to answer yet", "The phone wakes when the bank asks for a challenge in the shop's app.")
                }
                false => ("The bank did not ask", "No challenge was opened on this device."),
            };
            parts::line(ui, title, true, 17.0, tokens.text);
            parts::line(ui, sentence, false, theme::BODY, tokens.text_second);
            return None;
        }
        parts::line(ui, "The bank asks in the app", true, 17.0, tokens.text);
        let steps = [
            "Check that the bank signed its key and its address",
            "Agree with the bank on a key for this challenge alone",
            "Send the first CReq, and draw what comes back",
        ];
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 3.0;
            parts::line(ui, "The SDK inside the shop's app will", false, theme::BODY, tokens.text_second);
            for (at, step) in steps.into_iter().enumerate() {
                parts::item(ui, &format!("{}.", at + 1), 1, &[Span { text: step.into(), bold: false }]);
            }
        });
        let enter = self.opening.begin(ui);
        ui.add_space(4.0);
        widgets::muted(ui, "How its messages travel");
        self.seals_ui(ui, stage, acts);
        let open = parts::button(ui, true, Some(i::ICON_KEYBOARD_RETURN.outlined()), "Open the challenge");
        // Not the first that is drawn, but the one that a person wants.
        if std::mem::take(&mut self.opening.first) && !ui.ctx().text_edit_focused() {
            open.request_focus();
        }
        if open.clicked() || enter {
            acts.push(Act::Open);
        }
        let other = widgets::link(ui, "Answer without the app");
        other
            .on_hover_text("The list has the ways in which the sandbox stands in for the app")
            .clicked()
            .then_some(Go::List)
    }

    fn seals_ui(&mut self, ui: &mut Ui, stage: &Stage<'_>, acts: &mut Vec<Act>) {
        let own = self.seal.filter(|(run, _)| *run == stage.run.id).map(|(_, seal)| seal);
        let now = stage.device().map(|device| device.seal).or(own).unwrap_or_default();
        let mut rows = Vec::new();
        let mut hit = None;
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for seal in Seal::ALL {
                let (label, about) = match seal {
                    Seal::Cbc => ("A128CBC-HS256", "AES in CBC mode with an HMAC"),
                    Seal::Gcm => ("A128GCM", "AES in Galois/Counter mode"),
                    Seal::Plain => ("Not encrypted", "Plain JSON, for teaching; no real bank takes it"),
                };
                let row = parts::choice(ui, Sort::Radio, seal == now, label, about);
                self.opening.fields.push(row.id);
                if row.clicked() {
                    hit = Some(seal);
                }
                rows.push(row);
            }
        });
        hit = hit.or_else(|| parts::arrows(ui, &rows).and_then(|at| Seal::ALL.get(at).copied()));
        if let Some(seal) = hit.filter(|seal| *seal != now) {
            self.seal = Some((stage.run.id, seal));
            acts.push(Act::Seal(seal));
        }
    }

    /// The newest message on the phone; a code can go into the screen, a question be decided.
    fn message_ui(
        &mut self,
        ui: &mut Ui,
        stage: &Stage<'_>,
        message: &PhoneMessage,
        live: bool,
        commands: &mut Vec<Command>,
    ) {
        let mut fill = false;
        let over = (!live).then_some("The session is over");
        let decided = turn::message_ui(ui, message, stage.sandbox, over, |ui| {
            if live && !message.code.is_empty() {
                let button = widgets::button(ui, widgets::Look::Secondary, widgets::Size::Small, None, "Fill in", None);
                fill = button.on_hover_text("Type the code into the screen").clicked();
            }
        });
        decide(message, decided, commands);
        if fill {
            self.answers.keyboard.first = true; // where the code is, Enter sends it
            let code = message.code.as_str();
            let page = self.answers.page().is_some_and(|page| page.fill_in(code));
            if !page && let Some(first) = self.answers.typed.first_mut() {
                *first = code.to_owned();
            }
        }
    }

    /// The bank's app over the shop's: the question that waits, and the way back.
    fn bank_app_ui(
        &mut self,
        ui: &mut Ui,
        stage: &Stage<'_>,
        live: bool,
        acts: &mut Vec<Act>,
        commands: &mut Vec<Command>,
    ) {
        let tokens = Tokens::of(ui);
        parts::line(ui, "The bank's own app", true, 17.0, tokens.text);
        match stage.run.phone().filter(|message| message.kind == PhoneKind::Push) {
            Some(message) => {
                let over = (!live).then_some("The session is over");
                let decided = turn::message_ui(ui, message, stage.sandbox, over, |_| ());
                decide(message, decided, commands);
            }
            None => {
                muted_lines(ui, "Nothing waits here: the bank has sent no question to this phone");
            }
        }
        ui.add_space(4.0);
        let back = parts::button(ui, false, Some(i::ICON_ARROW_BACK.outlined()), "Back to the shop");
        self.answers.keyboard.meet(&back, false);
        if back.clicked() {
            (self.answers.away, self.answers.back) = (false, true);
            self.answers.keyboard.first = true;
            let Some(Screen::Asks(asks)) = stage.device().map(|device| &device.screen) else { return };
            // Where the issuer left a way to go on, the shopper takes it; else the SDK does so by itself.
            let by_itself = match asks.kind {
                UiKind::OutOfBand => asks.oob_continue.is_none(),
                UiKind::HtmlOutOfBand => asks.html_refresh.is_none(),
                _ => false,
            };
            if live && by_itself {
                let act = self.reply(stage, Said::OobContinue(true));
                acts.push(act);
            }
        }
    }
}

fn decide(message: &PhoneMessage, act: Option<PhoneAct>, commands: &mut Vec<Command>) {
    if let Some(act) = act {
        commands.push(Command::Sandbox(SandboxAct::Decide(message.session.clone(), act)));
    }
}

/// The bank's name, as far as it is known.
fn bank(stage: &Stage<'_>) -> String {
    stage.run.phone().map_or_else(|| "Your bank".into(), |message| phone::sender(&message.sender))
}

/// The scheme's name.
fn scheme(stage: &Stage<'_>) -> String {
    let word = stage.run.session().and_then(|session| session.text("/scheme")).unwrap_or("Card scheme");
    display_text(codes::scheme_name(word))
}

fn waiting_ui(ui: &mut Ui, stage: &Stage<'_>) {
    let tokens = Tokens::of(ui);
    ui.add_space(40.0);
    ui.vertical_centered(|ui| {
        widgets::icon(ui, i::ICON_HOURGLASS_EMPTY.outlined(), 28.0, tokens.text_second);
        let last = stage.device().and_then(|device| device.messages.last());
        let words = match (last, stage.run.is_open()) {
            (_, false) => "The session is over; no answer came".into(),
            (Some(last), true) => {
                ui.ctx().request_repaint_after(std::time::Duration::from_secs(1));
                format!("Waiting for the bank, {} s", stage.now.since(last.at).as_secs())
            }
            (None, true) => "Checking what the bank signed".into(),
        };
        ui.label(RichText::new(words).font(theme::words(theme::SENTENCE)).color(tokens.text));
    });
}

fn aborted_ui(ui: &mut Ui, stage: &Stage<'_>, problem: &Problem) {
    ui.add_space(8.0);
    parts::line(ui, "The app has ended the challenge", true, 17.0, Tokens::of(ui).text);
    widgets::problem_ui(ui, problem);
    let silent = stage.device().is_some_and(|device| device.messages.is_empty());
    muted_lines(
        ui,
        if silent {
            "Nothing was sent: «Checks» says what the SDK looked at. The shop reads the session to learn how it stands."
        } else {
            "«Messages» shows the one that ended it. The shop reads the session to learn how it stands."
        },
    );
}

/// How it ended, in words.
fn over_ui(ui: &mut Ui, status: char) {
    let tokens = Tokens::of(ui);
    let (ink, sign, title, sentence) = match status {
        'Y' => (
            tokens.success,
            i::ICON_CHECK,
            "Done",
            "The bank knows that it is the shopper. The app goes back to the shop's checkout.",
        ),
        'N' => (
            tokens.danger,
            i::ICON_BLOCK,
            "Not approved",
            "The bank does not take it that this is the shopper. The app goes back to the shop's checkout.",
        ),
        'D' => (
            tokens.accent,
            i::ICON_SCHEDULE,
            "The bank asks later",
            "It goes on without the app: the bank asks its customer in its own time.",
        ),
        _ => (tokens.warning, i::ICON_INFO, "The challenge is over", "The bank ended it without a yes or a no."),
    };
    ui.add_space(32.0);
    ui.vertical_centered(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(52.0, 52.0), Sense::hover());
        ui.painter().circle_filled(rect.center(), 26.0, ink.tint);
        let sign = sign.outlined();
        let galley = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 28.0), ink.ink);
        ui.painter().galley(rect.center() - galley.size() / 2.0, galley, ink.ink);
        ui.label(RichText::new(title).font(theme::words(theme::TITLE)).color(tokens.text));
        ui.add(egui::Label::new(RichText::new(sentence).color(tokens.text_second)).wrap());
        ui.add_space(4.0);
        widgets::mono(ui, &display_text(&format!("transStatus {status}")), tokens.muted);
    });
}
