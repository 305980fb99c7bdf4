//! What came out: the result card of a final session with its three ways on, and the
//! notes on answers that refused. Reads the model's explanations; decides nothing itself.

use egui::{Align, CornerRadius, Frame, Layout, Margin, Rect, RichText, Ui, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons as i;
use serde_json::Value;

use super::granted;
use crate::bus::Command;
use crate::model::api::{ApiError, Session};
use crate::model::exchange::{Exchange, Step};
use crate::model::explain::{self, Meaning, Risk};
use crate::model::run::Run;
use crate::model::steps::proof;
use crate::model::trace::Question;
use crate::ui::inspector::why::ask_ui;
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, display_text, emphasis, emphasis_with, muted, outlined_button};

/// Error codes explained at once; the inspector has the rest.
const CODES_SHOWN: usize = 4;

/// The card of a session that is final. Draws nothing before that.
pub fn ui(ui: &mut Ui, run: &Run, commands: &mut Vec<Command>, links: &mut Vec<Link>) {
    let Some(session) = run.session().filter(|session| session.status.is_final()) else { return };
    let Some(meaning) = explain::of_run(run) else { return };
    let tokens = Tokens::of(ui);
    let tone = Tone::from(meaning.tone);
    let margin = Margin { left: 17, right: 14, top: 12, bottom: 12 };
    let frame = Frame::new().fill(tokens.bg2).stroke(theme::line(tokens)).corner_radius(8).inner_margin(margin);
    let shown = frame.show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        headline_ui(ui, run, &meaning, tone, links);
        ui.add_space(4.0);
        facts_ui(ui, (run, session), &meaning, links);
        decided_ui(ui, &meaning, explain::server_error(session));
        granted::ui(ui, run, links);
        ui.add_space(2.0);
        tiles_ui(ui, run, session, &meaning, commands);
    });
    let edge = Rect::from_min_size(shown.response.rect.min, vec2(3.0, shown.response.rect.height()));
    let corner = CornerRadius { nw: 3, sw: 3, ne: 0, se: 0 };
    ui.painter().rect_filled(edge, corner, tokens.tone(tone).ink);
}

fn sign(tone: Tone) -> MaterialIcon {
    match tone {
        Tone::Success => i::ICON_VERIFIED_USER.filled(),
        Tone::Warning => i::ICON_GPP_MAYBE.filled(),
        Tone::Danger => i::ICON_GPP_BAD.filled(),
        Tone::Neutral | Tone::Accent => i::ICON_SHIELD.filled(),
    }
}

fn headline_ui(ui: &mut Ui, run: &Run, meaning: &Meaning, tone: Tone, links: &mut Vec<Link>) {
    let tokens = Tokens::of(ui);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        widgets::icon(ui, sign(tone), 24.0, tokens.tone(tone).ink);
        ui.vertical(|ui| {
            ui.set_width(ui.available_width());
            let title = display_text(&meaning.title);
            let wide = widgets::line_of(ui, &title, theme::words(theme::TITLE), tokens.text).size().x;
            let narrow = wide + BESIDE_TITLE > ui.available_width();
            ui.horizontal_wrapped(|ui| {
                emphasis_with(ui, &title, theme::words(theme::TITLE), tokens.text);
                if narrow {
                    ui.end_row();
                }
                ask_ui(ui, run, Question::Status(None), "this result", links);
                if narrow {
                    confirmed_ui(ui, run);
                } else {
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| confirmed_ui(ui, run));
                }
            });
            let sentence = RichText::new(&meaning.sentence).font(theme::words(theme::SENTENCE)).color(tokens.text);
            ui.add(egui::Label::new(sentence).wrap());
        });
    });
}

fn confirmed_ui(ui: &mut Ui, run: &Run) {
    if run.progress.confirmed {
        let pill = widgets::pill(ui, Tone::Neutral, "confirmed");
        pill.on_hover_text("Read with GET and the profile's token after it was final");
    } else {
        let pill = widgets::pill(ui, Tone::Warning, "reported");
        pill.on_hover_text("Not yet read with GET and the profile's token: only that decides");
    }
}

/// Room for «Why?» and the pill beside the title, points.
const BESIDE_TITLE: f32 = 150.0;
/// Under this width, points, the cryptogram stands below the two others. Our choice.
const ROOM_FOR_THREE: f32 = 400.0;

/// ECI, cryptogram and liability, side by side where there is room.
fn facts_ui(ui: &mut Ui, (run, session): (&Run, &Session), meaning: &Meaning, links: &mut Vec<Link>) {
    let tokens = Tokens::of(ui);
    let note = if session.text("/cryptogram").is_some() { "In GET for 24 h, OAuth only" } else { "None was made" };
    let cryptogram = |ui: &mut Ui, wide| {
        fact_ui(ui, "Cryptogram", wide, note, |ui| value_ui(ui, "cryptogram", session.text("/cryptogram")));
    };
    let narrow = ui.available_width() - 34.0 < ROOM_FOR_THREE;
    ui.horizontal_top(|ui| {
        ui.add_space(34.0);
        ui.spacing_mut().item_spacing.x = 20.0;
        fact_ui(ui, "ECI", if narrow { 150.0 } else { 110.0 }, meaning.eci, |ui| {
            value_ui(ui, "ECI", session.text("/eci"));
            ui.add_space(6.0);
            ask_ui(ui, run, Question::Eci, "this ECI", links);
        });
        if !narrow {
            let risk = widgets::line_of(ui, meaning.risk.name(), theme::words(theme::BODY), tokens.text).size().x;
            let rest = (risk + 39.0 + 40.0).max(132.0); // sign, gaps, «Why?»
            cryptogram(ui, (ui.available_width() - rest).clamp(120.0, 260.0));
        }
        let scheme = display_text(&scheme_and_version(session));
        fact_ui(ui, "Liability shift", ui.available_width(), &scheme, |ui| {
            let colour = match meaning.risk {
                Risk::Issuer => tokens.success.ink,
                Risk::Merchant => tokens.warning.ink,
                Risk::None | Risk::Open => tokens.text_second,
            };
            ui.spacing_mut().item_spacing.x = 5.0;
            widgets::icon(ui, i::ICON_SHIELD.outlined(), 14.0, colour);
            emphasis_with(ui, meaning.risk.name(), theme::words(theme::BODY), colour);
            ask_ui(ui, run, Question::Liability, "this liability", links);
        });
    });
    if narrow {
        ui.horizontal_top(|ui| {
            ui.add_space(34.0);
            cryptogram(ui, ui.available_width());
        });
    }
}

fn scheme_and_version(session: &Session) -> String {
    let scheme = session.text("/scheme").unwrap_or("scheme unknown").replace('_', " ");
    let mut letters = scheme.chars();
    let scheme: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let version = session.text("/protocol_version").map_or(String::new(), |version| format!(" 3DS {version}"));
    format!("{scheme}{version}")
}

fn fact_ui(ui: &mut Ui, caption: &str, width: f32, note: &str, value: impl FnOnce(&mut Ui)) {
    ui.allocate_ui_with_layout(vec2(width, 52.0), Layout::top_down(Align::LEFT), |ui| {
        ui.set_width(width);
        ui.spacing_mut().item_spacing.y = 0.0;
        muted(ui, caption);
        ui.allocate_ui_with_layout(vec2(width, theme::TARGET), Layout::left_to_right(Align::Center), value);
        muted(ui, note);
    });
}

fn value_ui(ui: &mut Ui, what: &str, value: Option<&str>) {
    ui.spacing_mut().item_spacing.x = 2.0;
    let tokens = Tokens::of(ui);
    match value {
        None => {
            widgets::mono(ui, "—", tokens.muted);
        }
        Some(value) => {
            let text = RichText::new(display_text(value)).font(theme::code(theme::CODE)).color(tokens.text);
            ui.scope(|ui| {
                ui.set_max_width((ui.available_width() - theme::TARGET - 2.0).max(0.0));
                ui.add(egui::Label::new(text).truncate());
            });
            widgets::copy_button(ui, what, value);
        }
    }
}

fn decided_ui(ui: &mut Ui, meaning: &Meaning, error: Option<String>) {
    let tokens = Tokens::of(ui);
    // Indented as a block, so that a line that wraps stays under its beginning.
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.add_space(34.0);
        ui.vertical(|ui| {
            ui.horizontal_wrapped(|ui| {
                for (caption, words) in [("Decided by", meaning.decided_by), ("· SCA", meaning.sca)] {
                    muted(ui, caption);
                    ui.label(RichText::new(words).font(theme::words(theme::TAB)).color(tokens.text_second));
                }
            });
            if let Some(error) = error {
                widgets::muted_lines(ui, &display_text(&error));
            }
        });
    });
}

// --- Three ways on

fn tiles_ui(ui: &mut Ui, run: &Run, session: &Session, meaning: &Meaning, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Authorise, three ways").font(theme::words(theme::TAB)).color(tokens.text_second));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| muted(ui, "Scheme and region rules decide"));
    });
    if ui.available_width() < 420.0 {
        gateway_tile(ui, run, meaning, commands);
        values_tile(ui, run, session, commands);
        elsewhere_tile(ui, run, session);
    } else {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            ui.columns(3, |columns| {
                gateway_tile(&mut columns[0], run, meaning, commands);
                values_tile(&mut columns[1], run, session, commands);
                elsewhere_tile(&mut columns[2], run, session);
            });
        });
    }
    if shows_hand_over(ui, run) {
        let members = Value::Object(proof(session));
        widgets::code_ui(ui, "hand-over", &serde_json::to_string_pretty(&members).unwrap_or_default());
    }
}

fn hand_over_id(run: &Run) -> egui::Id {
    egui::Id::unique(("hand-over", run.id))
}

fn shows_hand_over(ui: &Ui, run: &Run) -> bool {
    ui.data(|data| data.get_temp(hand_over_id(run))).unwrap_or(false)
}

fn tile(ui: &mut Ui, icon: MaterialIcon, title: &str, text: &str, action: impl FnOnce(&mut Ui)) {
    let tokens = Tokens::of(ui);
    let frame = Frame::new()
        .fill(tokens.bg1)
        .stroke(theme::line(tokens))
        .corner_radius(6)
        .inner_margin(Margin::symmetric(10, 8));
    frame.show(ui, |ui| {
        ui.set_min_size(vec2(ui.available_width(), 82.0));
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.horizontal(|ui| {
            widgets::icon(ui, icon, 16.0, tokens.accent.ink);
            emphasis(ui, title);
        });
        let text = RichText::new(text).font(theme::words(theme::SMALL)).color(tokens.text_second);
        ui.allocate_ui_with_layout(vec2(ui.available_width(), 31.0), Layout::top_down(Align::LEFT), |ui| {
            ui.set_min_height(31.0);
            ui.add(egui::Label::new(text).wrap());
        });
        ui.horizontal_wrapped(action);
    });
}

/// Why the session may not be authorised with its result; `None` if it may.
fn not_now(meaning: &Meaning) -> Option<String> {
    let why = format!("{}. To send it all the same: Do again, Authorise", meaning.title);
    (!meaning.go_on).then_some(why)
}

/// The answer of the newest payment, if it was asked for this way.
fn paid(run: &Run, by_id: bool) -> Option<&Value> {
    let asked = run.newest_exchange(Some(Step::Authorise))?;
    let named = String::from_utf8_lossy(&asked.request.body).contains("\"authentication_id\"");
    run.progress.payment.as_ref().filter(|_| named == by_id)
}

fn said<'a>(payment: Option<&'a Value>, name: &str) -> Option<&'a str> {
    payment?.get(name)?.as_str()
}

fn paid_words(payment: &Value) -> String {
    display_text(&format!("Paid: {}", said(Some(payment), "status").unwrap_or("the answer says no status")))
}

fn gateway_tile(ui: &mut Ui, run: &Run, meaning: &Meaning, commands: &mut Vec<Command>) {
    let payment = paid(run, true);
    let words = match (payment, not_now(meaning)) {
        (Some(payment), _) => paid_words(payment),
        (None, Some(_)) => "Not with this result".into(),
        (None, None) => "POST /payments with authentication_id".into(),
    };
    tile(ui, i::ICON_TAG.outlined(), "This gateway", &words, |ui| {
        if let Some(id) = said(payment, "id") {
            value_ui(ui, "payment id", Some(id));
            return;
        }
        let why = not_now(meaning);
        ui.add_enabled_ui(why.is_none(), |ui| {
            let wide = ui.available_width() > 185.0;
            let button = outlined_button(ui, None, "Authorise", wide.then_some("Ctrl ⇧ ⏎"));
            let button = button.on_disabled_hover_text(why.unwrap_or_default());
            let shortcut = egui::Modifiers::COMMAND | egui::Modifiers::SHIFT;
            let typed = ui.is_enabled() && ui.input_mut(|input| input.consume_key(shortcut, egui::Key::Enter));
            if button.on_hover_text("Ctrl Shift Enter").clicked() || typed {
                commands.push(Command::Do(run.id, Step::Authorise));
            }
        });
    });
}

/// True if there is what proves the authentication to somebody who did not do it.
fn proven(session: &Session) -> bool {
    let members = proof(session);
    members.contains_key("eci") && members.contains_key("cryptogram")
}

const NO_PROOF: &str = "The session has no ECI and cryptogram to hand over";

/// The same gateway, but with what another one would be told.
fn values_tile(ui: &mut Ui, run: &Run, session: &Session, commands: &mut Vec<Command>) {
    let payment = paid(run, false);
    let text = payment.map_or_else(|| "POST /payments with eci, cryptogram, xid and version".into(), paid_words);
    tile(ui, i::ICON_PAYMENTS.outlined(), "With values", &text, |ui| {
        if let Some(id) = said(payment, "id") {
            value_ui(ui, "payment id", Some(id));
            return;
        }
        ui.add_enabled_ui(proven(session), |ui| {
            let words = "Authorise by values";
            let shown = if ui.available_width() > 140.0 { words } else { "Authorise" };
            let button = outlined_button(ui, None, shown, None);
            widgets::name(&button, words);
            let button = button.on_disabled_hover_text(NO_PROOF);
            let tip = "As for a gateway that did not authenticate: the proof instead of the session's id";
            if button.on_hover_text(tip).clicked() {
                commands.push(Command::AuthoriseByValues(run.id));
            }
        });
    });
}

fn elsewhere_tile(ui: &mut Ui, run: &Run, session: &Session) {
    let members = proof(session);
    let names: Vec<&str> =
        members.keys().map(|name| if name == "ds_transaction_id" { "ds id" } else { name }).collect();
    let text = if names.is_empty() { "Nothing to hand over".into() } else { names.join(", ") };
    tile(ui, i::ICON_SWAP_HORIZ.outlined(), "Another PSP", &text, |ui| {
        ui.add_enabled_ui(proven(session), |ui| {
            let button = widgets::copy_words_button(ui, "Copy hand-over", &Value::Object(members).to_string());
            let button = button.on_disabled_hover_text(NO_PROOF);
            button.on_hover_text("As JSON, byte for byte as they came, to the clipboard only");
        });
        let shown = shows_hand_over(ui, run);
        if widgets::link(ui, if shown { "Hide" } else { "Show" }).clicked() {
            ui.data_mut(|data| data.insert_temp(hand_over_id(run), !shown));
        }
    });
}

// --- Answers that refused

/// What an error answer asks for, code by code. Draws nothing for any other answer.
pub fn refusal_ui(ui: &mut Ui, exchange: &Exchange, limit: usize) {
    let Some(response) = exchange.response().filter(|response| response.status >= 400) else { return };
    let tokens = Tokens::of(ui);
    let tone = Tone::of_http(response.status);
    let error = ApiError::read(&response.body);
    widgets::note(ui, tone, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.horizontal_wrapped(|ui| {
            widgets::icon(ui, i::ICON_WARNING.outlined(), 16.0, tokens.tone(tone).ink);
            emphasis(ui, &format!("{} was refused with {}", exchange.step.name(), response.status));
            if let Some(error) = &error {
                widgets::mono(ui, &display_text(&error.error_type), tokens.text_second);
            }
        });
        let codes = error.map(|error| if error.codes.is_empty() { vec![error.error_type] } else { error.codes });
        let codes = codes.unwrap_or_default();
        for code in codes.iter().take(limit) {
            ui.horizontal_wrapped(|ui| {
                widgets::mono(ui, &display_text(code), tokens.text);
                ui.label(RichText::new(display_text(&explain::error_code(code))).color(tokens.text_second));
            });
        }
        if codes.len() > limit {
            muted(ui, &format!("and {} more, in the inspector", codes.len() - limit));
        }
        if codes.is_empty() {
            muted(ui, no_codes(response.status));
        }
    });
}

fn no_codes(status: u16) -> &'static str {
    match status {
        401 => "The token or secret was not accepted; 401 comes without a body",
        500.. => "The other side failed; look at the answer itself",
        _ => "The answer names no code",
    }
}

/// The same with as many codes as fit below the timeline.
pub fn short_refusal_ui(ui: &mut Ui, exchange: &Exchange) {
    refusal_ui(ui, exchange, CODES_SHOWN);
}
