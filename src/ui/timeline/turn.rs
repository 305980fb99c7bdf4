//! «Your turn»: the card with which a person answers a run that waits. For a shopper's
//! step the ways to answer, the page, the phone and the deadline; for every step the next
//! request, editable, since sending it wrong on purpose is what testing is.

use std::time::Duration;

use egui::{CornerRadius, Key, Modifiers, Rect, RichText, Role, ScrollArea, Sense, Stroke, TextEdit, Ui};
use egui::{WidgetInfo, pos2, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons as i;

use super::device;
use crate::bus::Command;
use crate::model::deadline::Deadline;
use crate::model::device::Act;
use crate::model::exchange::{Headers, Step};
use crate::model::run::{Answer, AppResult, Auth, PhoneAct, Run, StepRequest, Turn};
use crate::model::sandbox::{Known, SandboxAct};
use crate::model::scheme::{PhoneKind, PhoneMessage};
use crate::model::settings::Pace;
use crate::model::{RunId, Stamp};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{self, display_text, emphasis, ghost_button, muted, primary_button, secondary_button};
use crate::ui::{address, phone};

/// The request being edited, and the turn it belongs to.
#[derive(Debug, Clone)]
pub struct Edit {
    run: RunId,
    since: Duration,
    /// As the program wrote it; when that changes (a real browser has said what it is), what
    /// is shown begins anew.
    offered: StepRequest,
    /// As it will be sent, but for the headers.
    request: StepRequest,
    /// `Name: value`, one to a line.
    headers: String,
    /// Put the keyboard into the body once.
    focus: bool,
    /// Shown, where the shopper's ways to answer come first.
    open: bool,
}

impl Edit {
    fn of(run: &Run, turn: &Turn) -> Self {
        let headers: Vec<String> =
            turn.request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let request = turn.request.clone();
        let open = run.plan.pace == Pace::Manual;
        Self {
            run: run.id,
            since: turn.since.mono,
            offered: request.clone(),
            request,
            headers: headers.join("\n"),
            focus: false,
            open,
        }
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

/// What the card is about.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The run that waits.
    pub run: &'a Run,
    /// What it waits with.
    pub turn: &'a Turn,
    /// The present moment.
    pub now: Stamp,
    /// The other side's clock stands still: no deadline comes nearer.
    pub held: bool,
    /// What the sandbox has shown, for what was decided on the phone.
    pub sandbox: &'a Known,
}

/// Draws the card. `edit` is kept between frames and starts afresh with each turn. True if the
/// user goes to the device.
pub fn ui(ui: &mut Ui, edit: &mut Option<Edit>, asked: Asked<'_>, commands: &mut Vec<Command>) -> bool {
    let Asked { run, turn, .. } = asked;
    let own = |edit: &Edit| edit.run == run.id && edit.since == turn.since.mono && edit.offered == turn.request;
    let same = edit.take().filter(own);
    let edit = edit.insert(same.unwrap_or_else(|| Edit::of(run, turn)));
    widgets::card(ui, |ui| {
        ui.set_min_width(ui.available_width());
        title_ui(ui, turn);
        notice_ui(ui, turn);
        if turn.answers.is_empty() {
            request_ui(ui, edit, run, turn, commands);
            false
        } else {
            shopper_ui(ui, edit, asked, commands)
        }
    })
}

/// What must be known or done elsewhere first.
fn notice_ui(ui: &mut Ui, turn: &Turn) {
    let Some(notice) = &turn.notice else { return };
    let tokens = Tokens::of(ui);
    widgets::note(ui, theme::Tone::Accent, |ui| {
        ui.horizontal_top(|ui| {
            widgets::icon(ui, i::ICON_SMARTPHONE.outlined(), 16.0, tokens.accent.ink);
            ui.add(egui::Label::new(RichText::new(display_text(notice)).color(tokens.text)).wrap());
        });
    });
    ui.add_space(8.0);
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

fn shopper_ui(ui: &mut Ui, edit: &mut Edit, asked: Asked<'_>, commands: &mut Vec<Command>) -> bool {
    let Asked { run, turn, .. } = asked;
    let mut to_device = false;
    let colour = Tokens::of(ui).text;
    ui.label(RichText::new(sentence(turn)).font(theme::words(theme::SENTENCE)).color(colour));
    ui.add_space(8.0);
    if ui.available_width() >= 500.0 {
        ui.columns(2, |columns| {
            let plain = egui::Layout::top_down(egui::Align::LEFT); // columns would stretch every line
            columns[0].with_layout(plain, |ui| to_device = ways_ui(ui, edit, run, turn, commands));
            columns[1].with_layout(plain, |ui| aside_ui(ui, asked, commands));
        });
    } else {
        to_device = ways_ui(ui, edit, run, turn, commands);
        ui.add_space(8.0);
        aside_ui(ui, asked, commands);
    }
    if let Some(page) = &turn.page {
        ui.add_space(4.0);
        page_ui(ui, page);
    }
    edited_ui(ui, edit, run, turn, commands);
    ui.add_space(8.0);
    ui.horizontal_wrapped(|ui| {
        let read = ghost_button(ui, Some(i::ICON_REFRESH.outlined()), "Read the session now", None);
        if read.on_hover_text("GET the session; the turn stays yours").clicked() {
            commands.push(Command::Do(run.id, Step::Confirm));
        }
        leave_ui(ui, run.id, commands);
    });
    to_device
}

fn sentence(turn: &Turn) -> &'static str {
    match turn.request.step {
        Step::Challenge if turn.answers.contains(&Answer::Device) => {
            "The bank asks in the shopper's app. Answer on the simulated device, as a shopper would."
        }
        Step::Challenge if turn.answers.iter().any(|answer| matches!(answer, Answer::App(_))) => {
            "The bank asks in the shopper's app. Say how it ends; the sandbox stands in for the app."
        }
        Step::Authenticate => "3-D Secure 1: the bank's page waits for the shopper. Answer as a shopper would.",
        Step::Redirect => "The hosted page waits for the shopper. Answer as a shopper would.",
        Step::Method => "The bank's 3DS Method wants a look at the shopper's browser.",
        Step::Collect => "The API wants to know the shopper's browser.",
        _ => "The bank wants to know that it is the shopper. Answer as a shopper would.",
    }
}

/// The page's address, for whom no browser opens by itself.
fn page_ui(ui: &mut Ui, page: &str) {
    ui.horizontal(|ui| {
        muted(ui, "Page").on_hover_text("Any browser on this computer can open it");
        address::ui(ui, "page address", "", page);
    });
}

/// The next request below the ways; folded away until asked for. What went wrong stands
/// above it, and then it is always there.
fn edited_ui(ui: &mut Ui, edit: &mut Edit, run: &Run, turn: &Turn, commands: &mut Vec<Command>) {
    ui.add_space(8.0);
    if turn.problem.is_some() {
        problem_ui(ui, edit, turn);
    } else {
        widgets::hline(ui);
        fold_ui(ui, &mut edit.open);
        if !edit.open {
            return;
        }
    }
    fields_ui(ui, edit);
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        let button = secondary_button(ui, Some(i::ICON_SEND.outlined()), send_label(turn), None);
        if button.on_hover_text("Do this step as written here").clicked() {
            commands.push(Command::Send(run.id, edit.request()));
        }
        reset_ui(ui, edit, run, turn);
    });
    ui.add_space(4.0);
    widgets::hline(ui);
}

/// The line that shows and hides the request.
fn fold_ui(ui: &mut Ui, open: &mut bool) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::FORM_ROW), Sense::click());
    let name = "Edit the request";
    response.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, ui.is_enabled(), *open, name));
    if response.clicked() {
        *open = !*open;
    }
    let sign = if *open { i::ICON_EXPAND_MORE } else { i::ICON_CHEVRON_RIGHT }.outlined();
    let sign = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 16.0), tokens.text_second);
    let colour = if response.hovered() { tokens.text } else { tokens.text_second };
    let words = widgets::line_of(ui, name, theme::words(theme::BODY), colour);
    let middle = |height: f32| rect.center().y - height / 2.0;
    ui.painter().galley(pos2(rect.left(), middle(sign.size().y)), sign, tokens.text_second);
    ui.painter().galley(pos2(rect.left() + 20.0, middle(words.size().y)), words, colour);
    widgets::focus_ring(ui, rect.shrink(2.0), &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand);
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

/// `opened`: the challenge is open on the device; `None` if no device can answer.
fn way(answer: Answer, step: Step, opened: Option<bool>) -> Way {
    let (icon, title, sentence, cap, key) = match answer {
        Answer::Browser => (
            i::ICON_OPEN_IN_NEW.outlined(),
            "Open in my browser",
            match step {
                Step::Redirect => "The real hosted page",
                Step::Authenticate => "The bank's page, in a frame or a window",
                Step::Collect => "The shop's page reads the real one",
                _ => "A real page in a real iframe",
            },
            "↵",
            (Modifiers::NONE, Key::Enter),
        ),
        Answer::Here => (
            i::ICON_KEYBOARD.outlined(),
            "Answer here",
            match step {
                Step::Method => "Loaded by this program",
                Step::Collect => "With the draft's browser data",
                _ => "The scripted cardholder answers",
            },
            "A",
            (Modifiers::NONE, Key::A),
        ),
        Answer::Abandon => {
            let ends = match step {
                Step::Authenticate => "Presses Cancel on the bank's page",
                _ => "Ends as challenge_abandoned",
            };
            (i::ICON_LOGOUT.outlined(), "Abandon", ends, "⇧ A", (Modifiers::SHIFT, Key::A))
        }
        Answer::Device => {
            let (title, sentence) = match opened {
                Some(true) => ("Back to the device", "The challenge is open there"),
                _ => ("Answer on the device", "A simulated app, really sealed"),
            };
            (i::ICON_SMARTPHONE.outlined(), title, sentence, "↵", (Modifiers::NONE, Key::Enter))
        }
        // The device has Enter where there is one.
        Answer::App(AppResult::Approve) if opened.is_some() => {
            let (icon, title, sentence, ..) = app_way(AppResult::Approve);
            (icon, title, sentence, "A", (Modifiers::NONE, Key::A))
        }
        Answer::App(result) => app_way(result),
    };
    Way { answer, icon, title, sentence, cap, key }
}

type Words = (MaterialIcon, &'static str, &'static str, &'static str, (Modifiers, Key));

fn app_way(result: AppResult) -> Words {
    let plain = |key| (Modifiers::NONE, key);
    match result {
        AppResult::Approve => {
            (i::ICON_CHECK.outlined(), "Approve in the app", "The shopper is known", "↵", plain(Key::Enter))
        }
        AppResult::Fail => (i::ICON_BLOCK.outlined(), "Fail in the app", "Ends as declined", "F", plain(Key::F)),
        AppResult::Cancel => (
            i::ICON_LOGOUT.outlined(),
            "Cancel in the app",
            "Ends as challenge_abandoned",
            "⇧ A",
            (Modifiers::SHIFT, Key::A),
        ),
        AppResult::Timeout => {
            (i::ICON_HOURGLASS_EMPTY.outlined(), "Let the time run out", "Ends as expired", "X", plain(Key::X))
        }
    }
}

/// The ways to answer. True if the user goes to the device.
fn ways_ui(ui: &mut Ui, edit: &Edit, run: &Run, turn: &Turn, commands: &mut Vec<Command>) -> bool {
    ui.spacing_mut().item_spacing.y = 6.0;
    let mut to_device = false;
    let free = !ui.ctx().egui_wants_keyboard_input();
    let unopened = device::is_unopened(run.device.as_deref());
    let opened = turn.answers.contains(&Answer::Device).then_some(!unopened);
    for (place, answer) in turn.answers.iter().enumerate() {
        if opened.is_some() && place == 1 {
            muted(ui, "Without the app: the sandbox stands in for it");
        }
        let way = way(*answer, turn.request.step, opened);
        let clicked = way_ui(ui, &way, place == 0).clicked();
        let (modifiers, key) = way.key;
        // Exactly these modifiers: Shift+A must not count as A.
        let typed =
            free && ui.input_mut(|input| input.modifiers.matches_exact(modifiers) && input.consume_key(modifiers, key));
        if !(clicked || typed) {
            continue;
        }
        if way.answer == Answer::Device {
            to_device = true;
            if unopened {
                commands.push(Command::Device(run.id, Act::Open));
            }
        } else {
            commands.push(Command::Answer(run.id, way.answer, Box::new(edit.request())));
        }
    }
    to_device
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
fn aside_ui(ui: &mut Ui, Asked { run, turn, now, held, sandbox }: Asked<'_>, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    if let Some(message) = run.phone() {
        ui.horizontal(|ui| {
            widgets::icon(ui, i::ICON_SMARTPHONE.outlined(), 16.0, tokens.text_second);
            emphasis(ui, "Phone");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                muted(ui, &widgets::ago(now.since(message.at)));
            });
        });
        if let Some(act) = message_ui(ui, message, sandbox, None, |_| ()) {
            commands.push(Command::Sandbox(SandboxAct::Decide(message.session.clone(), act)));
        }
        ui.add_space(6.0);
    } else if turn.answers.contains(&Answer::Here) && matches!(turn.request.step, Step::Challenge | Step::Authenticate)
    {
        ui.horizontal(|ui| {
            muted(ui, "Where the bank asks for a password, it takes");
            widgets::emphasis_with(ui, PASSWORD, theme::code(theme::BODY), tokens.text);
            widgets::copy_button(ui, "password", PASSWORD);
        });
        ui.add_space(6.0);
    }
    if let Some(deadline) = Deadline::of_turn(run, turn) {
        deadline_ui(ui, &deadline, (!held).then(|| deadline.left(now)));
    }
}

/// While the bank asks by a way of its own: its question, to be answered as its customer would,
/// and how long it may take.
pub fn bank_ui(ui: &mut Ui, (run, sandbox): (&Run, &Known), (now, held): (Stamp, bool), commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    widgets::card(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.horizontal(|ui| {
            widgets::icon(ui, i::ICON_SMARTPHONE.outlined(), 18.0, tokens.accent.ink);
            widgets::emphasis_with(ui, "The bank asks by a way of its own", theme::words(16.0), tokens.text);
        });
        ui.add_space(4.0);
        let sentence =
            "The bank reaches its customer without the shop. Answer as the customer would, or let the time pass.";
        ui.label(RichText::new(sentence).color(tokens.text_second));
        ui.add_space(6.0);
        if let Some(message) = run.phone()
            && let Some(act) = message_ui(ui, message, sandbox, None, |_| ())
        {
            commands.push(Command::Sandbox(SandboxAct::Decide(message.session.clone(), act)));
        }
        if let Some(deadline) = Deadline::of_session(run) {
            ui.add_space(6.0);
            deadline_ui(ui, &deadline, (!held).then(|| deadline.left(now)));
        }
        ui.add_space(4.0);
        let read = ghost_button(ui, Some(i::ICON_REFRESH.outlined()), "Read the session now", None);
        if read.on_hover_text("GET the session").clicked() {
            commands.push(Command::Do(run.id, Step::Confirm));
        }
    });
}

/// The newest message on the phone, with more beside its code; what was pressed. What was
/// decided on it only the sandbox knows. `over`: why nobody can decide any more.
pub(super) fn message_ui(
    ui: &mut Ui,
    message: &PhoneMessage,
    sandbox: &Known,
    over: Option<&str>,
    more: impl FnOnce(&mut Ui),
) -> Option<PhoneAct> {
    let seen = sandbox.session(&message.session).and_then(|session| session.phone.last());
    let shown = phone::Message {
        sender: &message.sender,
        text: &message.text,
        code: &message.code,
        push: message.kind == PhoneKind::Push,
        decided: seen.filter(|seen| seen.text == message.text).and_then(|seen| seen.decided.as_deref()),
        over,
    };
    phone::ui_with(ui, &shown, more)
}

/// How much of the time is left; `left` is `None` while the clock stands still.
pub(super) fn deadline_ui(ui: &mut Ui, deadline: &Deadline, left: Option<Duration>) {
    let tokens = Tokens::of(ui);
    let share = left.map_or(0.0, |left| deadline.share(left));
    let (words, tone) = match left {
        None => ("clock held".into(), tokens.muted),
        Some(left) => (deadline.words(left), deadline_tone(tokens, left, share)),
    };
    if let Some(left) = left {
        ui.ctx().request_repaint_after(until_next_second(left));
    }
    let wide = |text: &str, font| widgets::line_of(ui, text, font, tone).size().x;
    let both = wide(deadline.name, theme::words(theme::BODY)) + wide(&words, theme::code(theme::CODE));
    if ui.available_width() < both + ui.spacing().item_spacing.x {
        widgets::text(ui, deadline.name, theme::BODY);
        widgets::mono(ui, &words, tokens.text);
    } else {
        ui.horizontal(|ui| {
            widgets::text(ui, deadline.name, theme::BODY);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                widgets::mono(ui, &words, tokens.text);
            });
        });
    }
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 4.0), Sense::hover());
    ui.painter().rect_filled(rect, 2.0, tokens.bg3);
    let filled = Rect::from_min_size(rect.min, vec2(rect.width() * share, 4.0));
    ui.painter().rect_filled(filled, 2.0, tone);
    muted(ui, if left.is_some() { deadline.end } else { HELD });
}

/// The colour of what is left: good for long, nearly over, over.
pub fn deadline_tone(tokens: &Tokens, left: Duration, share: f32) -> egui::Color32 {
    match share {
        _ if left.is_zero() => tokens.danger.ink,
        ..0.1 => tokens.warning.ink,
        _ => tokens.accent.ink,
    }
}

/// What is said where a deadline would be.
pub const HELD: &str = "It waits as long as you like; no deadline comes nearer";

/// When a countdown that shows whole seconds changes next; a second at most.
pub fn until_next_second(left: Duration) -> Duration {
    Duration::from_millis(1000 - u64::from(left.subsec_millis()) % 1000).min(Duration::from_secs(1))
}

// --- The next request

fn request_ui(ui: &mut Ui, edit: &mut Edit, run: &Run, turn: &Turn, commands: &mut Vec<Command>) {
    problem_ui(ui, edit, turn);
    // Above the fields, so that it is in reach however long they are.
    ui.horizontal_wrapped(|ui| {
        let (key, free) = ((Modifiers::NONE, Key::Enter), !ui.ctx().egui_wants_keyboard_input());
        let clicked = primary_button(ui, Some(i::ICON_SEND.outlined()), send_label(turn), Some("⏎")).clicked();
        if clicked || (free && ui.input_mut(|input| input.consume_key(key.0, key.1))) {
            commands.push(Command::Send(run.id, edit.request()));
        }
        leave_ui(ui, run.id, commands);
        reset_ui(ui, edit, run, turn);
    });
    ui.add_space(8.0);
    fields_ui(ui, edit);
}

fn send_label(turn: &Turn) -> &'static str {
    if turn.problem.is_some() { "Retry" } else { "Send" }
}

/// What went wrong, and the way into the body.
fn problem_ui(ui: &mut Ui, edit: &mut Edit, turn: &Turn) {
    let Some(problem) = &turn.problem else { return };
    let fix = |ui: &mut Ui| secondary_button(ui, Some(i::ICON_EDIT.outlined()), "Edit", None).clicked();
    edit.focus |= widgets::problem_with(ui, problem, fix);
    ui.add_space(8.0);
}

fn reset_ui(ui: &mut Ui, edit: &mut Edit, run: &Run, turn: &Turn) {
    if edit.request() != turn.request {
        let reset = ghost_button(ui, Some(i::ICON_UNDO.outlined()), "As the program wrote it", None);
        if reset.clicked() {
            *edit = Edit { open: edit.open, ..Edit::of(run, turn) };
        }
    }
}

fn fields_ui(ui: &mut Ui, edit: &mut Edit) {
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
