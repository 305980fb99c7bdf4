//! Live sessions as the other side knows them: what the API hides, what the 3DS Method page
//! saw beside what was declared, and the ways to end a challenge from outside.

use egui::{Grid, Pos2, Response, RichText, ScrollArea, Ui};
use egui_material_icons::icons as i;

use super::fold_row;
use crate::bus::Command;
use crate::model::api::Status;
use crate::model::codes;
use crate::model::run::{AppResult, Run};
use crate::model::sandbox::{Overview, SandboxAct, Seen, plain};
use crate::model::{RunId, SessionId, Workspace};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::timeline::rows::middle_cut;
use crate::ui::widgets::{self, Look, Size, display_text};

/// Height of a session's row, points.
const ROW: f32 = 30.0;

/// Draws the list; `open` is the session whose state is unfolded. Gives the run to be shown.
pub fn ui(
    ui: &mut Ui,
    workspace: &Workspace,
    overview: &Overview,
    open: &mut Option<String>,
    commands: &mut Vec<Command>,
) -> Option<RunId> {
    if overview.sessions.is_empty() {
        ui.add_space(10.0);
        let words = "No session yet. Run one under Sessions, run a scenario here, or let a shop of yours create one at \
                     the address above: each shows here with what the API hides.";
        widgets::muted_lines(ui, words);
        return None;
    }
    let mut shown = None;
    ScrollArea::vertical().id_salt("sessions").auto_shrink([false, false]).show(ui, |ui| {
        ui.add_space(6.0);
        ui.spacing_mut().item_spacing.y = 0.0;
        for session in &overview.sessions {
            let unfolded = open.as_ref() == Some(&session.id);
            let row = row_ui(ui, session, unfolded);
            if row.clicked() {
                *open = (!unfolded).then(|| session.id.clone());
                ui.data_mut(|data| data.insert_temp(unfolding(), !unfolded));
            }
            if unfolded {
                shown = detail_ui(ui, workspace, session, commands).or(shown);
                if ui.data_mut(|data| data.remove_temp::<bool>(unfolding())) == Some(true) {
                    ui.scroll_to_rect(row.rect.with_max_y(ui.cursor().top()), None);
                }
            }
        }
        let listed = u64::try_from(overview.sessions.len()).unwrap_or(u64::MAX);
        let more = overview.count.saturating_sub(listed);
        if more + overview.dropped > 0 {
            ui.add_space(6.0);
            widgets::muted_lines(ui, &format!("{more} older are not listed, {} are forgotten", overview.dropped));
        }
    });
    shown
}

/// Set while what was just unfolded has yet to come into sight.
fn unfolding() -> egui::Id {
    egui::Id::unique("session unfolds")
}

fn row_ui(ui: &mut Ui, session: &Seen, open: bool) -> Response {
    let tokens = Tokens::of(ui);
    let tail: String = session.card.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    let money = codes::money(session.amount, &session.currency).unwrap_or_else(|| session.amount.to_string());
    let name = display_text(&format!("{} {} …{tail} {money}", session.id, session.status));
    let (response, drawn) = fold_row(ui, ROW, &name, open);
    let Some((rect, painter)) = drawn else { return response };
    let mut x = rect.left() + 2.0;
    let mut put = |text: &str, font, colour, step: f32| {
        let galley = widgets::line_of(ui, text, font, colour);
        let next = x + step.max(galley.size().x + 10.0);
        painter.galley(Pos2::new(x, rect.center().y - galley.size().y / 2.0), galley, colour);
        x = next;
    };
    let sign = if open { i::ICON_EXPAND_MORE } else { i::ICON_CHEVRON_RIGHT }.outlined();
    put(sign.codepoint, theme::icon(sign, 16.0), tokens.muted, 20.0);
    let status = Status::parse(&session.status);
    let ink = tokens.tone(Tone::of_status(&status)).ink;
    if let Some(sign) = widgets::status_sign(&status) {
        put(sign.codepoint, theme::icon(sign, 14.0), ink, 18.0);
    } else {
        put("", theme::words(theme::SMALL), ink, 18.0);
    }
    put(&display_text(&session.status), theme::words(theme::TAB), ink, 80.0);
    put(&middle_cut(&display_text(&session.id), 7, 5), theme::code(theme::CODE), tokens.text, 0.0);
    put(&format!("…{tail}"), theme::code(theme::CODE), tokens.text_second, 0.0);
    put(&money, theme::words(theme::TAB), tokens.text_second, 0.0);
    if let Some(left) = session.seconds_left {
        let left = widgets::clock(std::time::Duration::from_secs(left));
        let galley = widgets::line_of(ui, &format!("{left} left"), theme::code(theme::SMALL), tokens.muted);
        if rect.right() - galley.size().x - 8.0 > x {
            let at = Pos2::new(rect.right() - galley.size().x - 6.0, rect.center().y - galley.size().y / 2.0);
            painter.galley(at, galley, tokens.muted);
        }
    }
    widgets::focus_ring(ui, rect.shrink(2.0), &response);
    response
}

/// The hidden state; gives the run to be shown.
fn detail_ui(ui: &mut Ui, workspace: &Workspace, session: &Seen, commands: &mut Vec<Command>) -> Option<RunId> {
    let tokens = Tokens::of(ui);
    let frame = egui::Frame::new().fill(tokens.bg2).stroke(theme::line(tokens)).corner_radius(6);
    let margin = egui::Margin { bottom: 6, top: 2, left: 1, right: 2 };
    frame
        .inner_margin(10)
        .outer_margin(margin)
        .show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 4.0;
            facts_ui(ui, session);
            ui.add_space(4.0);
            browser_ui(ui, session);
            ui.add_space(4.0);
            ends_ui(ui, session, commands);
            ours_ui(ui, workspace, session)
        })
        .inner
}

fn facts_ui(ui: &mut Ui, session: &Seen) {
    ui.horizontal(|ui| {
        widgets::mono(ui, &display_text(&session.id), Tokens::of(ui).text);
        widgets::copy_button(ui, "session id", &session.id);
    });
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let left = session.seconds_left.map(|left| widgets::clock(std::time::Duration::from_secs(left)));
    let page = session.page.as_ref().map(plain);
    let actions = (!session.next_actions.is_empty()).then(|| session.next_actions.join(", "));
    let kind = if session.hosted { "hosted" } else { "non-hosted" };
    let rows = [
        ("card", Some(format!("{} {}", session.scheme, session.card))),
        ("kind", Some(format!("{kind}{}", if session.completed { ", completed" } else { "" }))),
        ("protocol_version", session.protocol_version.clone()),
        ("scenario", session.scenario.clone()),
        ("next_actions", actions),
        ("time left", left),
        ("page", page),
        ("prepared_result", session.prepared_result.clone()),
        ("interactions", number(session.interactions)),
        ("wrong codes", number(session.wrong_passwords)),
        ("reference", session.reference.clone()),
        ("transaction_id", session.transaction_id.clone()),
        ("ds", session.ds_transaction_id.clone()),
        ("acs", session.acs_transaction_id.clone()),
        ("created", Some(session.created.clone()).filter(|created| !created.is_empty())),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            widgets::key_value_ui(ui, name, &value);
        }
    }
}

/// What the 3DS Method page saw beside what was declared.
fn browser_ui(ui: &mut Ui, session: &Seen) {
    if session.method_facts.is_empty() {
        widgets::muted_lines(ui, "The 3DS Method page has not seen a browser.");
        return;
    }
    let tokens = Tokens::of(ui);
    let facts = session.browser();
    let differ = facts.iter().filter(|fact| fact.differs).count();
    ui.horizontal(|ui| {
        widgets::emphasis(ui, "The shopper's browser");
        match differ {
            0 => widgets::pill_with(ui, Tone::Success, Some(i::ICON_CHECK.outlined()), "as declared", 17.0),
            n => widgets::pill_with(ui, Tone::Warning, Some(i::ICON_WARNING.outlined()), &format!("{n} differ"), 17.0),
        }
    });
    let cell = |ui: &mut Ui, text: &str, colour| {
        let text = RichText::new(display_text(text)).font(theme::code(theme::SMALL)).color(colour);
        ui.add(egui::Label::new(text).truncate());
    };
    let width = ((ui.available_width() - 150.0) / 2.0).max(60.0);
    Grid::new(("browser", &session.id)).num_columns(3).min_col_width(60.0).max_col_width(width).show(ui, |ui| {
        for head in ["", "declared", "seen by the issuer"] {
            widgets::muted(ui, head);
        }
        ui.end_row();
        for fact in &facts {
            let shown = |value: Option<&serde_json::Value>| value.map_or_else(|| "—".to_owned(), plain);
            let ink = if fact.differs { tokens.warning.ink } else { tokens.text_second };
            let sign = if fact.differs { "≠ " } else { "" };
            cell(ui, &format!("{sign}{}", fact.name), ink);
            cell(ui, &shown(fact.declared), if fact.differs { ink } else { tokens.text });
            cell(ui, &shown(fact.seen), if fact.differs { ink } else { tokens.text });
            ui.end_row();
        }
    });
}

/// The ways to end a challenge without its page.
fn ends_ui(ui: &mut Ui, session: &Seen, commands: &mut Vec<Command>) {
    let why_not = (!session.challenged()).then_some("Only while the bank asks the shopper: status challenged");
    ui.horizontal_wrapped(|ui| {
        widgets::muted(ui, "End the challenge");
        for (result, label) in [
            (AppResult::Approve, "As passed"),
            (AppResult::Fail, "As failed"),
            (AppResult::Cancel, "As cancelled"),
            (AppResult::Timeout, "As timed out"),
        ] {
            let button = |ui: &mut Ui| widgets::button(ui, Look::Secondary, Size::Small, None, label, None);
            let button = ui.add_enabled(why_not.is_none(), button);
            if button.on_disabled_hover_text(why_not.unwrap_or_default()).clicked() {
                let id = SessionId(session.id.clone());
                commands.push(Command::Sandbox(SandboxAct::EndChallenge(id, result)));
            }
        }
    });
}

/// The way to the run that made the session.
fn ours_ui(ui: &mut Ui, workspace: &Workspace, session: &Seen) -> Option<RunId> {
    let own = |run: &&Run| run.session_id().is_some_and(|id| id.0 == session.id);
    let Some(run) = workspace.runs.values().rev().find(own) else {
        widgets::muted_lines(
            ui,
            "Created by another program: its calls are in the sandbox's log, not on our timeline.",
        );
        return None;
    };
    let icon = i::ICON_TIMELINE.outlined();
    widgets::secondary_button(ui, Some(icon), "Show on the timeline", None).clicked().then_some(run.id)
}
