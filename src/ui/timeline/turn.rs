//! «Your turn»: the card with which a person answers a run that waits. For a shopper's
//! step the three ways, the phone and the deadline; for any other step the next request,
//! editable, since sending it wrong on purpose is what testing is.

use std::time::Duration;

use egui::{CornerRadius, Key, Margin, Modifiers, Rect, RichText, Role, ScrollArea, Sense, Stroke, TextEdit, Ui};
use egui::{WidgetInfo, pos2, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons as i;

use super::rows::clock;
use crate::bus::Command;
use crate::model::exchange::{Headers, Step};
use crate::model::run::{Answer, Auth, Run, StepRequest, Turn};
use crate::model::{RunId, Stamp};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{self, display_text, emphasis, ghost_button, muted, primary_button, secondary_button};

/// The request being edited, and the turn it belongs to.
#[derive(Debug, Clone)]
pub struct Edit {
    run: RunId,
    since: Duration,
    /// As it will be sent, but for the headers.
    request: StepRequest,
    /// `Name: value`, one to a line.
    headers: String,
    /// Put the keyboard into the body once.
    focus: bool,
}

impl Edit {
    fn of(run: RunId, turn: &Turn) -> Self {
        let headers: Vec<String> =
            turn.request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let request = turn.request.clone();
        Self { run, since: turn.since.mono, request, headers: headers.join("\n"), focus: false }
    }

    /// What is sent.
    fn request(&self) -> StepRequest {
        StepRequest { headers: headers_of(&self.headers), ..self.request.clone() }
    }
}

/// Header lines as typed; a line without a colon is a name without a value.
fn headers_of(text: &str) -> Headers {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            (name.trim().to_owned(), value.trim().to_owned())
        })
        .collect()
}

/// Draws the card. `edit` is kept between frames and starts afresh with each turn.
pub fn ui(ui: &mut Ui, edit: &mut Option<Edit>, run: &Run, turn: &Turn, now: Stamp, commands: &mut Vec<Command>) {
    let fresh = edit.as_ref().is_none_or(|edit| edit.run != run.id || edit.since != turn.since.mono);
    if fresh {
        *edit = Some(Edit::of(run.id, turn));
    }
    widgets::card(ui, |ui| {
        ui.set_min_width(ui.available_width());
        title_ui(ui, turn);
        if turn.answers.is_empty() {
            if let Some(edit) = edit {
                request_ui(ui, edit, run, turn, commands);
            }
        } else {
            shopper_ui(ui, run, turn, now, commands);
        }
    });
}

fn title_ui(ui: &mut Ui, turn: &Turn) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        widgets::icon(ui, i::ICON_FLAG.filled(), 18.0, tokens.accent.ink);
        widgets::emphasis_with(ui, "Your turn", theme::words(16.0), tokens.text);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(RichText::new(turn.request.step.name()).color(tokens.text_second));
        });
    });
    ui.add_space(4.0);
}

// --- The shopper's step

fn shopper_ui(ui: &mut Ui, run: &Run, turn: &Turn, now: Stamp, commands: &mut Vec<Command>) {
    let sentence = match turn.request.step {
        Step::Redirect => "The hosted page waits for the shopper. Answer as a shopper would.",
        _ => "The bank wants to know that it is the shopper. Answer as a shopper would.",
    };
    let colour = Tokens::of(ui).text;
    ui.label(RichText::new(sentence).font(theme::words(theme::SENTENCE)).color(colour));
    ui.add_space(8.0);
    if ui.available_width() >= 500.0 {
        ui.columns(2, |columns| {
            let plain = egui::Layout::top_down(egui::Align::LEFT); // columns would stretch every line
            columns[0].with_layout(plain, |ui| ways_ui(ui, run.id, turn, commands));
            columns[1].with_layout(plain, |ui| aside_ui(ui, run, turn, now));
        });
    } else {
        ways_ui(ui, run.id, turn, commands);
        ui.add_space(8.0);
        aside_ui(ui, run, turn, now);
    }
    if let Some(problem) = &turn.problem {
        ui.add_space(8.0);
        widgets::problem_ui(ui, problem);
    }
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        let read = ghost_button(ui, Some(i::ICON_REFRESH.outlined()), "Read the session now", None);
        if read.on_hover_text("GET the session; the turn stays yours").clicked() {
            commands.push(Command::Do(run.id, Step::Confirm));
        }
        leave_ui(ui, run.id, commands);
    });
}

fn leave_ui(ui: &mut Ui, run: RunId, commands: &mut Vec<Command>) {
    let skip = ghost_button(ui, Some(i::ICON_SKIP_NEXT.outlined()), "Skip", None);
    if skip.on_hover_text("Leave this step out and go on with the next").clicked() {
        commands.push(Command::Skip(run));
    }
    let cancel = ghost_button(ui, Some(i::ICON_CLOSE.outlined()), "Cancel run", None);
    if cancel.on_hover_text("Stop here; what was seen stays").clicked() {
        commands.push(Command::Cancel(run));
    }
}

/// A way to answer: icon, words, what happens, key.
struct Way {
    answer: Answer,
    icon: MaterialIcon,
    title: &'static str,
    sentence: &'static str,
    cap: &'static str,
    key: (Modifiers, Key),
}

fn way(answer: Answer) -> Way {
    let (icon, title, sentence, cap, key) = match answer {
        Answer::Browser => (
            i::ICON_OPEN_IN_NEW.outlined(),
            "Open in my browser",
            "A real page in a real iframe",
            "↵",
            (Modifiers::NONE, Key::Enter),
        ),
        Answer::Here => (
            i::ICON_KEYBOARD.outlined(),
            "Answer here",
            "The scripted cardholder types it",
            "A",
            (Modifiers::NONE, Key::A),
        ),
        Answer::Abandon => {
            (i::ICON_LOGOUT.outlined(), "Abandon", "Ends as challenge_abandoned", "⇧ A", (Modifiers::SHIFT, Key::A))
        }
    };
    Way { answer, icon, title, sentence, cap, key }
}

fn ways_ui(ui: &mut Ui, run: RunId, turn: &Turn, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = 6.0;
    let free = !ui.ctx().egui_wants_keyboard_input();
    for (place, answer) in turn.answers.iter().enumerate() {
        let way = way(*answer);
        let clicked = way_ui(ui, &way, place == 0).clicked();
        let (modifiers, key) = way.key;
        // Exactly these modifiers: Shift+A must not count as A.
        let typed =
            free && ui.input_mut(|input| input.modifiers.matches_exact(modifiers) && input.consume_key(modifiers, key));
        if clicked || typed {
            commands.push(Command::Answer(run, way.answer));
        }
    }
}

/// A button of two lines; the first way is filled.
fn way_ui(ui: &mut Ui, way: &Way, filled: bool) -> egui::Response {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 48.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), way.title));
    let (fill, line, text, second) = match (filled, response.hovered()) {
        (true, _) => (tokens.accent_fill, tokens.accent_fill, tokens.on_fill, tokens.on_fill),
        (false, true) => (tokens.bg3, tokens.edge, tokens.text, tokens.text_second),
        (false, false) => (tokens.bg1, tokens.line_strong, tokens.text, tokens.text_second),
    };
    let painter = ui.painter();
    painter.rect(rect, CornerRadius::same(7), fill, Stroke::new(1.0, line), egui::StrokeKind::Inside);
    let sign = widgets::line_of(ui, way.icon.codepoint, theme::icon(way.icon, 18.0), text);
    painter.galley(pos2(rect.left() + 12.0, rect.center().y - sign.size().y / 2.0), sign, text);
    let title = widgets::line_of(ui, way.title, theme::words(theme::BODY), text);
    widgets::paint_emphasis(painter, pos2(rect.left() + 42.0, rect.top() + 7.0), title, text);
    let below = widgets::line_of(ui, way.sentence, theme::words(theme::SMALL), second);
    painter.galley(pos2(rect.left() + 42.0, rect.top() + 25.0), below, second);
    let cap = widgets::line_of(ui, way.cap, theme::code(theme::CAPTION), second);
    let size = vec2(cap.size().x + 10.0, 17.0);
    let place = Rect::from_min_size(pos2(rect.right() - 12.0 - size.x, rect.center().y - 8.5), size);
    painter.rect_stroke(
        place,
        4.0,
        Stroke::new(1.0, if filled { second } else { tokens.line_strong }),
        egui::StrokeKind::Inside,
    );
    painter.galley(place.center() - cap.size() / 2.0, cap, second);
    widgets::focus_ring(ui, rect, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// Every published test challenge takes it. Source: sessions-api.md 7.
const PASSWORD: &str = "Checkout1!";

/// The phone and the deadline.
fn aside_ui(ui: &mut Ui, run: &Run, turn: &Turn, now: Stamp) {
    let tokens = Tokens::of(ui);
    if let Some(message) = run.phone().next() {
        ui.horizontal(|ui| {
            widgets::icon(ui, i::ICON_SMARTPHONE.outlined(), 16.0, tokens.text_second);
            emphasis(ui, "Phone");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                muted(ui, &widgets::ago(now.since(message.at)));
            });
        });
        let frame = egui::Frame::new()
            .fill(tokens.bg1)
            .stroke(theme::line(tokens))
            .corner_radius(6)
            .inner_margin(Margin::symmetric(10, 7));
        frame.show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            muted(ui, &display_text(&message.sender));
            let text = RichText::new(display_text(&message.text)).color(tokens.text);
            ui.add(egui::Label::new(text).wrap());
            ui.horizontal(|ui| {
                let code = display_text(&message.code);
                widgets::emphasis_with(ui, &code, theme::code(14.0), tokens.text);
                widgets::copy_button(ui, "code", &message.code);
            });
        });
        ui.add_space(6.0);
    } else if turn.request.step == Step::Challenge {
        ui.horizontal(|ui| {
            muted(ui, "The published test password is");
            widgets::emphasis_with(ui, PASSWORD, theme::code(theme::BODY), tokens.text);
            widgets::copy_button(ui, "password", PASSWORD);
        });
        ui.add_space(6.0);
    }
    if let Some(limit) = turn.limit {
        deadline_ui(ui, turn.request.step, now.since(turn.since), limit);
    }
}

fn deadline_ui(ui: &mut Ui, step: Step, passed: Duration, limit: Duration) {
    let tokens = Tokens::of(ui);
    let left = limit.saturating_sub(passed);
    ui.ctx().request_repaint_after(Duration::from_millis(1000 - u64::from(left.subsec_millis()) % 1000));
    let share = if limit.is_zero() { 0.0 } else { left.as_secs_f32() / limit.as_secs_f32() };
    let tone = match share {
        share if share <= 0.0 => tokens.danger.ink,
        share if share < 0.1 => tokens.warning.ink,
        _ => tokens.accent.ink,
    };
    ui.horizontal(|ui| {
        widgets::text(ui, if step == Step::Redirect { "Session finishes" } else { "Shopper answers" }, theme::BODY);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let words =
                if left.is_zero() { "over".into() } else { format!("{} of {} left", clock(left), clock(limit)) };
            widgets::mono(ui, &words, tokens.text);
        });
    });
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 4.0), Sense::hover());
    ui.painter().rect_filled(rect, 2.0, tokens.bg3);
    let filled = Rect::from_min_size(rect.min, vec2(rect.width() * share.clamp(0.0, 1.0), 4.0));
    ui.painter().rect_filled(filled, 2.0, tone);
    muted(ui, "Then the session ends as expired, transaction_timed_out");
}

// --- Any other step: the next request

fn request_ui(ui: &mut Ui, edit: &mut Edit, run: &Run, turn: &Turn, commands: &mut Vec<Command>) {
    if let Some(problem) = &turn.problem {
        let fix = |ui: &mut Ui| secondary_button(ui, Some(i::ICON_EDIT.outlined()), "Edit", None).clicked();
        edit.focus |= widgets::problem_with(ui, problem, fix);
        ui.add_space(8.0);
    }
    line_ui(ui, &mut edit.request);
    ui.add_space(4.0);
    auth_ui(ui, &mut edit.request.auth);
    ui.add_space(4.0);
    labelled(ui, "Headers", |ui, label| {
        let field = TextEdit::multiline(&mut edit.headers).font(theme::code(theme::CODE)).desired_rows(1);
        ui.add(field.desired_width(f32::INFINITY).hint_text("Name: value, one to a line")).labelled_by(label);
    });
    ui.add_space(4.0);
    labelled(ui, "Body", |ui, label| {
        ScrollArea::vertical().id_salt("body").max_height(150.0).show(ui, |ui| {
            let field = TextEdit::multiline(&mut edit.request.body).font(theme::code(theme::CODE)).desired_rows(4);
            let response = ui.add(field.desired_width(f32::INFINITY).hint_text("No body")).labelled_by(label);
            if std::mem::take(&mut edit.focus) {
                response.request_focus();
            }
        });
    });
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        let label = if turn.problem.is_some() { "Retry" } else { "Send" };
        let (key, free) = ((Modifiers::NONE, Key::Enter), !ui.ctx().egui_wants_keyboard_input());
        let clicked = primary_button(ui, Some(i::ICON_SEND.outlined()), label, Some("⏎")).clicked();
        if clicked || (free && ui.input_mut(|input| input.consume_key(key.0, key.1))) {
            commands.push(Command::Send(run.id, edit.request()));
        }
        leave_ui(ui, run.id, commands);
        if edit.request() != turn.request {
            let reset = ghost_button(ui, Some(i::ICON_UNDO.outlined()), "As the program wrote it", None);
            if reset.clicked() {
                *edit = Edit::of(run.id, turn);
            }
        }
    });
}

fn labelled(ui: &mut Ui, name: &str, field: impl FnOnce(&mut Ui, egui::Id)) {
    let label = muted(ui, name).id;
    field(ui, label);
}

fn line_ui(ui: &mut Ui, request: &mut StepRequest) {
    ui.horizontal(|ui| {
        let method = TextEdit::singleline(&mut request.method).font(theme::code(theme::CODE)).desired_width(56.0);
        let method = ui.add(method);
        widgets::name(&method, "Method");
        let url = TextEdit::singleline(&mut request.url).font(theme::code(theme::CODE));
        let url = ui.add(url.desired_width(f32::INFINITY));
        widgets::name(&url, "Address");
    });
}

/// What a request can carry as `Authorization`.
const KINDS: [Auth; 5] =
    [Auth::ProfileToken, Auth::SessionSecret, Auth::Nothing, Auth::ExpiredToken, Auth::Text(String::new())];

fn kind_name(auth: &Auth) -> &'static str {
    match auth {
        Auth::ProfileToken => "Profile token",
        Auth::SessionSecret => "Session secret",
        Auth::Nothing => "None",
        Auth::ExpiredToken => "Expired token",
        Auth::Text(_) => "Free text",
    }
}

fn auth_ui(ui: &mut Ui, auth: &mut Auth) {
    ui.horizontal(|ui| {
        let label = muted(ui, "Authorization").id;
        let now = kind_name(auth);
        let mut chosen = None;
        let combo = egui::ComboBox::from_id_salt("authorization").selected_text(now).show_ui(ui, |ui| {
            for kind in KINDS {
                let name = kind_name(&kind);
                if ui.selectable_label(name == now, name).clicked() {
                    chosen = Some(kind);
                }
            }
        });
        combo.response.labelled_by(label);
        if let Some(kind) = chosen.filter(|kind| kind_name(kind) != now) {
            *auth = kind;
        }
        if let Auth::Text(text) = auth {
            let field = TextEdit::singleline(text).font(theme::code(theme::CODE)).desired_width(f32::INFINITY);
            let field = ui.add(field.hint_text("The header's value, as it is"));
            widgets::name(&field, "Authorization value");
        } else if *auth != Auth::ProfileToken {
            muted(ui, "Not renewed, not repeated");
        }
    });
}
