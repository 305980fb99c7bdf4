//! The inspector: all that is known of one row of the timeline, to the byte. Draws the
//! selected entry; keeps which tab is open and the body it has read.

mod body;
mod compare;
mod findings;
pub mod meaning;
mod why;

use std::time::Duration;

use egui::{Align, Layout, RichText, ScrollArea, Sense, Ui, UiBuilder, vec2};
use egui_material_icons::icons as i;

use self::body::{Body, View};
use crate::bus::Command;
use crate::export::curl::curl;
use crate::model::delivery::{Delivery, Verdict};
use crate::model::exchange::{Exchange, Headers, Step, Timing, header};
use crate::model::lint::observed::Observation;
use crate::model::run::{Entry, Run, What};
use crate::model::scheme::{PhoneKind, SchemeMessage};
use crate::model::{Problem, RunId, Workspace, oauth};
use crate::ui::address;
use crate::ui::credentials::explained_ui;
use crate::ui::link::Link;
use crate::ui::phone;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::timeline;
use crate::ui::timeline::rows::{short_path, short_time};
use crate::ui::widgets::{self, display_text, muted};

/// Error codes explained in the response.
const CODES_SHOWN: usize = 40;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tab {
    /// What was sent; the body, for what was received.
    Request,
    /// What came back; the head, for what was received.
    #[default]
    Response,
    /// Header lines of both.
    Headers,
    /// Where the time went.
    Timing,
    /// What the row shows that a tester should know.
    Findings,
    /// As a command.
    Code,
}

/// View state of the inspector.
#[derive(Debug, Default)]
pub struct Panel {
    /// The open tab; kept from row to row.
    pub tab: Tab,
    view: View,
    body: Option<((RunId, usize, Tab), Body)>,
    findings: findings::Findings,
    /// Laid over the row: a «Why?», a comparison.
    over: Option<Link>,
    compare: compare::State,
    links: Vec<Link>,
}

impl Panel {
    /// What was followed since the last call.
    pub fn take_links(&mut self) -> Vec<Link> {
        std::mem::take(&mut self.links)
    }

    /// Shows what a link leads to.
    pub fn open(&mut self, link: Link) {
        match link {
            Link::Spot(..) => self.over = None,
            Link::Why(..) | Link::Compare(..) => self.over = Some(link),
        }
    }

    /// True if something is shown that needs no selected row.
    pub fn is_open(&self) -> bool {
        self.over.is_some()
    }

    /// Back to the row.
    pub fn close(&mut self) {
        self.over = None;
    }

    /// Draws what lies over the row. True if something does.
    fn over_ui(&mut self, ui: &mut Ui, workspace: &Workspace) -> bool {
        let Some(over) = &self.over else { return false };
        let mut back = false;
        strip(ui, theme::PANEL_HEAD - 1.0, |ui| {
            back = widgets::icon_button(ui, i::ICON_ARROW_BACK.outlined(), "Back to the row").clicked();
            widgets::emphasis(ui, if matches!(over, Link::Why(..)) { "Why?" } else { "Compare" });
        });
        widgets::hline(ui);
        match over {
            Link::Why(run, question) => match workspace.runs.get(run) {
                Some(run) => why::ui(ui, run, question, &mut self.links),
                None => back = true,
            },
            Link::Compare(one, other) => self.compare.ui(ui, workspace, (one, other), &mut self.links),
            Link::Spot(..) => back = true,
        }
        if back {
            self.over = None;
        }
        true
    }

    /// Draws the selected row of a run.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        workspace: &Workspace,
        selected: Option<(RunId, usize)>,
        commands: &mut Vec<Command>,
    ) {
        ui.spacing_mut().item_spacing.y = 0.0;
        if self.over_ui(ui, workspace) {
            return;
        }
        let run = selected.and_then(|(run, _)| workspace.runs.get(&run));
        let found =
            run.zip(selected).and_then(|(run, (_, number))| run.entries.numbered(number).map(|entry| (run, entry)));
        let Some((run, entry)) = found else {
            empty_ui(ui);
            return;
        };
        head_ui(ui, run, entry);
        sentence_ui(ui, entry);
        let findings = self.findings.of(run, entry.number);
        match &entry.what {
            What::Exchange(exchange) => {
                let profile = workspace.settings.profiles.iter().find(|profile| profile.id == run.plan.profile);
                let refusal = oauth::of_exchange(profile, exchange);
                self.exchange_ui(ui, (run, entry), (exchange, &findings), refusal.as_ref(), commands);
            }
            What::Delivery(delivery) => self.delivery_ui(ui, (run, entry), (delivery, &findings)),
            What::Scheme(message) => self.scheme_ui(ui, (run, entry), (message, &findings)),
            What::Phone(message) => padded(ui, |ui| {
                let shown = phone::Message {
                    sender: &message.sender,
                    text: &message.text,
                    code: &message.code,
                    push: message.kind == PhoneKind::Push,
                    decided: None,
                    over: Some("Decide in the phone panel: Sandbox, Phone"),
                };
                phone::ui(ui, &shown);
            }),
            What::Failed(_, problem) => padded(ui, |ui| widgets::problem_ui(ui, problem)),
            What::Wait(_) | What::Skipped(_) | What::Paused(_) | What::Noted(..) | What::Cancelled => {
                padded(ui, |ui| moments_ui(ui, entry))
            }
        }
        let tabs = matches!(entry.what, What::Exchange(_) | What::Delivery(_) | What::Scheme(_));
        if !tabs && !findings.is_empty() {
            scrolled(ui, |ui| findings::list_ui(ui, &findings));
        }
    }

    /// A hidden message: its bytes, and what there is to say about it.
    fn scheme_ui(
        &mut self,
        ui: &mut Ui,
        (run, entry): (&Run, &Entry),
        (message, findings): (&SchemeMessage, &[Observation]),
    ) {
        let mut tab = if self.tab == Tab::Findings && !findings.is_empty() { Tab::Findings } else { Tab::Request };
        let mut tabs = vec![(Tab::Request, "Message", None)];
        findings::tab(&mut tabs, findings);
        if tabs_ui(ui, &mut tab, &tabs) {
            self.tab = tab;
        }
        if tab == Tab::Findings {
            return scrolled(ui, |ui| findings::list_ui(ui, findings));
        }
        let kind = if message.body.starts_with(b"<") { "application/xml" } else { "application/json" };
        let (body, view) = self.body((run.id, entry.number, tab), || Body::new(&message.body, Some(kind)));
        body.ui(ui, view, "message");
    }

    /// The body that was read last, if it is this one; else reads it.
    fn body(&mut self, key: (RunId, usize, Tab), read: impl FnOnce() -> Body) -> (&mut Body, &mut View) {
        if self.body.as_ref().is_none_or(|(held, _)| *held != key) {
            self.body = None;
        }
        let (_, body) = self.body.get_or_insert_with(|| (key, read()));
        (body, &mut self.view)
    }

    /// `refusal`: why the token, or the want of one, was the cause.
    fn exchange_ui(
        &mut self,
        ui: &mut Ui,
        (run, entry): (&Run, &Entry),
        (exchange, findings): (&Exchange, &[Observation]),
        refusal: Option<&Problem>,
        commands: &mut Vec<Command>,
    ) {
        let headers = exchange.request.headers.len() + exchange.response().map_or(0, |response| response.headers.len());
        let mut tabs = vec![
            (Tab::Request, "Request", None),
            (Tab::Response, "Response", None),
            (Tab::Headers, "Headers", None),
            (Tab::Timing, "Timing", None),
        ];
        findings::tab(&mut tabs, findings);
        tabs.push((Tab::Code, "Code", None));
        let mut tab = if self.tab == Tab::Findings && findings.is_empty() { Tab::Response } else { self.tab };
        if tabs_ui(ui, &mut tab, &tabs) {
            self.tab = tab;
        }
        let key = (run.id, entry.number, tab);
        match tab {
            Tab::Findings => scrolled(ui, |ui| findings::list_ui(ui, findings)),
            Tab::Request => {
                line_ui(ui, &exchange.request.method, &exchange.request.url);
                let kind = header(&exchange.request.headers, "content-type");
                let (body, view) = self.body(key, || Body::new(&exchange.request.body, kind));
                body.ui(ui, view, "request body");
            }
            Tab::Response => self.response_ui(ui, key, exchange, refusal, commands),
            Tab::Headers => scrolled(ui, |ui| {
                muted(ui, &format!("{headers} lines"));
                headers_ui(ui, "Request", &exchange.request.headers, exchange.masked > 0);
                if let Some(response) = exchange.response() {
                    headers_ui(ui, "Response", &response.headers, exchange.masked > 0);
                }
            }),
            Tab::Timing => scrolled(ui, |ui| timing_ui(ui, exchange)),
            Tab::Code => {
                note_strip(ui, "The variables stand for secrets; a live one is never written here");
                let (body, view) = self.body(key, || Body::plain(curl(exchange)));
                body.ui(ui, view, "as curl");
            }
        }
    }

    fn response_ui(
        &mut self,
        ui: &mut Ui,
        key: (RunId, usize, Tab),
        exchange: &Exchange,
        refusal: Option<&Problem>,
        commands: &mut Vec<Command>,
    ) {
        let response = match &exchange.outcome {
            Ok(response) => response,
            Err(problem) => {
                padded(ui, |ui| {
                    let again = |ui: &mut Ui| {
                        widgets::secondary_button(ui, Some(i::ICON_REPLAY.outlined()), "Try again", None).clicked()
                    };
                    let again = match refusal {
                        Some(refusal) => explained_ui(ui, Tone::Danger, refusal, again),
                        None => widgets::problem_with(ui, problem, again),
                    };
                    if again {
                        commands.push(Command::Do(key.0, exchange.step));
                    }
                });
                return;
            }
        };
        if response.status >= 400 && exchange.step != Step::Token {
            padded(ui, |ui| timeline::refusal_ui(ui, exchange, CODES_SHOWN));
        }
        if let Some(refusal) = refusal {
            padded(ui, |ui| explained_ui(ui, Tone::of_http(response.status), refusal, |_| ()));
        }
        if response.dropped_bytes > 0 {
            let dropped = crate::model::payload::size(response.dropped_bytes);
            note_strip(ui, &format!("{dropped} more were received and not kept"));
        }
        let kind = header(&response.headers, "content-type");
        let (body, view) = self.body(key, || Body::new(&response.body, kind));
        body.ui(ui, view, "response body");
    }

    fn delivery_ui(
        &mut self,
        ui: &mut Ui,
        (run, entry): (&Run, &Entry),
        (delivery, findings): (&Delivery, &[Observation]),
    ) {
        let mut tabs =
            vec![(Tab::Request, "Body", None), (Tab::Response, "Head", None), (Tab::Headers, "Details", None)];
        findings::tab(&mut tabs, findings);
        let mut tab = if tabs.iter().any(|(tab, ..)| *tab == self.tab) { self.tab } else { Tab::Request };
        if tabs_ui(ui, &mut tab, &tabs) {
            self.tab = tab;
        }
        let key = (run.id, entry.number, tab);
        match tab {
            Tab::Response => {
                let (body, view) = self.body(key, || Body::new(&delivery.head, Some("text/plain")));
                body.ui(ui, view, "head");
            }
            Tab::Headers => scrolled(ui, |ui| delivery_details_ui(ui, delivery)),
            Tab::Findings => scrolled(ui, |ui| findings::list_ui(ui, findings)),
            _ => {
                let kind = header(&delivery.headers, "content-type");
                let (body, view) = self.body(key, || Body::new(&delivery.body, kind));
                body.ui(ui, view, "body");
            }
        }
    }
}

fn empty_ui(ui: &mut Ui) {
    let tokens = Tokens::of(ui);
    strip(ui, theme::PANEL_HEAD - 1.0, |ui| {
        widgets::emphasis(ui, "Inspector");
    });
    widgets::hline(ui);
    ui.add_space((ui.available_height() * 0.3).min(180.0));
    ui.vertical_centered(|ui| {
        widgets::icon(ui, i::ICON_FRAME_INSPECT.outlined(), 32.0, tokens.muted);
        ui.add_space(8.0);
        let text = RichText::new("Pick a row to see its exact bytes").font(theme::words(theme::SENTENCE));
        ui.label(text.color(tokens.text_second));
    });
}

fn head_ui(ui: &mut Ui, run: &Run, entry: &Entry) {
    let tokens = Tokens::of(ui);
    let session = run.session_id().map(|id| id.0.as_str());
    let (title, code, status) = match &entry.what {
        What::Exchange(exchange) => {
            let line = format!("{} {}", exchange.request.method, short_path(exchange.path(), None));
            let status =
                exchange.response().map(|response| (response.status, tokens.tone(Tone::of_http(response.status)).ink));
            (String::new(), line, status)
        }
        What::Delivery(delivery) => {
            let line = format!("{} {}", delivery.method, short_path(&delivery.target, session));
            (String::new(), line, Some((delivery.answered, tokens.tone(Tone::of_http(delivery.answered)).ink)))
        }
        What::Scheme(message) if message.kind == "Fault" => ("Fault".into(), message.gist.clone(), None),
        What::Scheme(message) => (String::new(), format!("{} {}", message.kind, message.gist), None),
        What::Phone(message) => ("Phone".into(), phone::sender(&message.sender), None),
        What::Wait(step) => ("Waiting".into(), step.name().into(), None),
        What::Skipped(step) => ("Left out".into(), step.name().into(), None),
        What::Paused(step) => ("Pause".into(), step.name().into(), None),
        What::Noted(step, _) => ("Note".into(), step.name().into(), None),
        What::Failed(step, _) => ("Failed".into(), step.name().into(), None),
        What::Cancelled => ("Stopped".into(), String::new(), None),
    };
    strip(ui, theme::PANEL_HEAD - 1.0, |ui| {
        ui.spacing_mut().item_spacing.x = 3.0;
        widgets::lane_badge(ui, entry.from);
        if entry.to != entry.from {
            widgets::lane_badge(ui, entry.to);
        }
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.add_space(5.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(took) = entry.took.filter(|took| !took.is_zero()) {
                widgets::mono(ui, &short_time(took), tokens.text_second);
            }
            if let Some((status, colour)) = status {
                widgets::mono(ui, &format!("{status} {}", reason(status)), colour);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                if !title.is_empty() {
                    widgets::emphasis(ui, &title);
                }
                let code = RichText::new(display_text(&code)).font(theme::code(theme::CODE)).color(tokens.text);
                ui.add(egui::Label::new(code).truncate());
            });
        });
    });
    widgets::hline(ui);
}

/// The usual words of a status code. Source: RFC 9110.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 | 302 => "Found",
        303 => "See Other",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        413 => "Too Large",
        422 => "Unprocessable",
        429 => "Too Many",
        500 => "Server Error",
        502 => "Bad Gateway",
        503 => "Unavailable",
        504 => "Time-out",
        _ => "",
    }
}

fn sentence_ui(ui: &mut Ui, entry: &Entry) {
    let tokens = Tokens::of(ui);
    egui::Frame::new().inner_margin(egui::Margin { left: 12, right: 12, top: 8, bottom: 4 }).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            if let What::Delivery(delivery) = &entry.what {
                let (tone, word) = verdict_pill(&delivery.verdict);
                widgets::pill_with(ui, tone, None, word, 17.0);
            }
            let text = RichText::new(display_text(&meaning::sentence(&entry.what))).color(tokens.text_second);
            ui.add(egui::Label::new(text).wrap());
        });
    });
}

fn verdict_pill(verdict: &Verdict) -> (Tone, &'static str) {
    match verdict {
        Verdict::Matched => (Tone::Success, "matched"),
        Verdict::Addressed => (Tone::Neutral, "addressed"),
        Verdict::Swapped { .. } => (Tone::Danger, "other session"),
        Verdict::Duplicate { .. } => (Tone::Warning, "duplicate"),
        Verdict::Contradicts { .. } => (Tone::Danger, "contradicts"),
        Verdict::Unexpected => (Tone::Warning, "unexpected"),
    }
}

fn tabs_ui(ui: &mut Ui, tab: &mut Tab, tabs: &[(Tab, &str, Option<usize>)]) -> bool {
    let mut changed = false;
    strip(ui, 32.0, |ui| changed = widgets::tabs(ui, tab, tabs));
    widgets::hline(ui);
    changed
}

/// Method and address.
fn line_ui(ui: &mut Ui, method: &str, url: &str) {
    strip(ui, 32.0, |ui| address::ui(ui, "address", method, url));
    widgets::hline(ui);
}

/// A mask as long as a token says nothing more than a short one.
fn short_mask(value: &str) -> String {
    const LONG: usize = 12;
    let stars = "*".repeat(LONG);
    let mut short = value.to_owned();
    while let Some(place) = short.find(&format!("{stars}*")) {
        let rest = short[place..].find(|c| c != '*').map_or(short.len(), |end| place + end);
        short.replace_range(place..rest, &stars);
    }
    short
}

fn headers_ui(ui: &mut Ui, title: &str, headers: &Headers, masks: bool) {
    let tokens = Tokens::of(ui);
    ui.add_space(8.0);
    widgets::emphasis(ui, title);
    ui.add_space(4.0);
    for (name, value) in headers {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let name_width = theme::LABEL_COLUMN.min(ui.available_width() * 0.4);
            let cell = |ui: &mut Ui, width: f32, text: RichText| {
                ui.allocate_ui_with_layout(vec2(width, theme::TARGET), Layout::left_to_right(Align::Center), |ui| {
                    ui.set_min_width(width);
                    ui.set_max_width(width);
                    ui.add(egui::Label::new(text).wrap());
                });
            };
            let shown = RichText::new(display_text(name)).font(theme::code(theme::SMALL)).color(tokens.text_second);
            cell(ui, name_width, shown);
            let masked = masks && is_masked(value);
            let room = ui.available_width() - theme::TARGET - 6.0 - if masked { 136.0 } else { 0.0 };
            cell(
                ui,
                room.max(40.0),
                RichText::new(display_text(&short_mask(value))).font(theme::code(theme::CODE)).color(tokens.text),
            );
            if masked {
                let pill = widgets::pill_with(ui, Tone::Neutral, None, "masked when recorded", 17.0);
                pill.on_hover_text("The value was never kept; only its length");
            }
            widgets::copy_button(ui, name, value);
        });
        widgets::hline(ui);
    }
}

/// True if a value is, or ends in, what a mask leaves. Source: `model::redact`.
fn is_masked(value: &str) -> bool {
    ["****", "••••"].iter().any(|mask| value.contains(mask))
}

fn timing_ui(ui: &mut Ui, exchange: &Exchange) {
    let Timing { connect, wait, download, total } = exchange.timing;
    let tokens = Tokens::of(ui);
    let colour = tokens.lane(exchange.from).ink;
    let mut start = Duration::ZERO;
    let connect_words = if connect.is_some() { "" } else { "a connection was open already" };
    for (name, took, note) in [
        ("Connect", connect, connect_words),
        ("Wait", Some(wait), "until the answer's head"),
        ("Download", Some(download), "until the last byte"),
    ] {
        let took = took.unwrap_or_default();
        bar_ui(ui, name, (start, took), total, colour, note);
        start += took;
    }
    widgets::hline(ui);
    bar_ui(ui, "Total", (Duration::ZERO, total), total, tokens.muted, "");
    ui.add_space(12.0);
    widgets::key_value_ui(ui, "began", &exchange.started.wall.to_string());
    if let Some(response) = exchange.response() {
        widgets::key_value_ui(ui, "version", &response.version);
    }
    widgets::key_value_ui(ui, "masked", &format!("{} values when recorded", exchange.masked));
}

fn bar_ui(ui: &mut Ui, name: &str, span: (Duration, Duration), total: Duration, colour: egui::Color32, note: &str) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::hover());
    let words = short_micro(span.1);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{name} {words}")));
    let write = |text: &str, font, colour, x: f32, right: bool| {
        let galley = widgets::line_of(ui, text, font, colour);
        let x = if right { x - galley.size().x } else { x };
        ui.painter().galley(egui::pos2(x, rect.center().y - galley.size().y / 2.0), galley, colour);
    };
    write(name, theme::words(theme::BODY), tokens.text, rect.left(), false);
    write(&words, theme::code(theme::CODE), tokens.text, rect.left() + 150.0, true);
    let (left, right) = (rect.left() + 166.0, rect.right());
    let scale = (right - left) / total.as_secs_f32().max(1e-6);
    let from = left + span.0.as_secs_f32() * scale;
    let to = (from + span.1.as_secs_f32() * scale).min(right);
    if span.1.is_zero() {
        write(note, theme::words(theme::SMALL), tokens.muted, left, false);
    } else {
        let bar = egui::Rect::from_min_max(
            egui::pos2(from, rect.center().y - 4.0),
            egui::pos2(to.max(from + 2.5), rect.center().y + 4.0),
        );
        ui.painter().rect_filled(bar, 1.0, colour);
    }
    if !note.is_empty() {
        response.on_hover_text(note);
    }
}

/// `14.2 ms`, `380 µs`.
fn short_micro(time: Duration) -> String {
    match time.as_micros() {
        0..1000 => format!("{} µs", time.as_micros()),
        1000..100_000 => format!("{:.1} ms", time.as_secs_f64() * 1e3),
        _ => short_time(time),
    }
}

fn delivery_details_ui(ui: &mut Ui, delivery: &Delivery) {
    widgets::key_value_ui(ui, "number", &delivery.seq.0.to_string());
    widgets::key_value_ui(ui, "arrived", &delivery.at.wall.to_string());
    widgets::key_value_ui(ui, "from", &delivery.peer.to_string());
    widgets::key_value_ui(ui, "to", &delivery.target);
    widgets::key_value_ui(ui, "answered", &delivery.answered.to_string());
    if let Some(session) = &delivery.session {
        widgets::key_value_ui(ui, "names session", &session.0);
    }
    headers_ui(ui, "Headers", &delivery.headers, true);
}

fn moments_ui(ui: &mut Ui, entry: &Entry) {
    widgets::key_value_ui(ui, "began", &entry.at.wall.to_string());
    let took = entry.took.map_or_else(|| "goes on".to_owned(), short_time);
    widgets::key_value_ui(ui, "took", &took);
}

fn note_strip(ui: &mut Ui, text: &str) {
    strip(ui, 24.0, |ui| {
        muted(ui, text);
    });
}

fn padded(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    egui::Frame::new().inner_margin(12.0).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 4.0;
        add(ui);
    });
}

fn scrolled(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| padded(ui, add));
}

fn strip(ui: &mut Ui, height: f32, add: impl FnOnce(&mut Ui)) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let inner = rect.shrink2(vec2(theme::PADDING, 0.0));
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), add);
}
