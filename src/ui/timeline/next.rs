//! The bar of the next action: what the API offers, what it means, the one button.

use egui::{Align, Layout, Rect, RichText, Sense, Ui, UiBuilder, vec2};
use egui_material_icons::icons as i;

use crate::bus::Command;
use crate::model::Stamp;
use crate::model::api::{NextAction, Session};
use crate::model::explain;
use crate::model::run::{Phase, Run};
use crate::ui::theme::Tokens;
use crate::ui::widgets::{self, display_text, ghost_button, secondary_button};

/// Flag, `next_actions` as received, what they mean, the one button.
pub(super) fn next_action_ui(ui: &mut Ui, run: &Run, now: Stamp, commands: &mut Vec<Command>) {
    let tokens = Tokens::of(ui);
    let (space, _) = ui.allocate_exact_size(vec2(ui.available_width(), 46.0), Sense::hover());
    let bar = Rect::from_min_size(space.min + vec2(12.0, 8.0), vec2(space.width() - 24.0, 38.0));
    ui.painter().rect_filled(bar, 6.0, tokens.accent.tint);
    let inner = bar.shrink2(vec2(10.0, 0.0));
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), |ui| {
        widgets::icon(ui, i::ICON_FLAG.filled(), 16.0, tokens.accent.ink);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            the_button_ui(ui, run, commands);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                if let Some(session) = run.session() {
                    let words: Vec<&str> = session.next_actions.iter().map(NextAction::word).collect();
                    let list = if words.is_empty() { "[ ]".into() } else { format!("[ {} ]", words.join(", ")) };
                    widgets::mono(ui, "next_actions", tokens.text_second);
                    widgets::mono(ui, &display_text(&list), tokens.text);
                }
                let sentence = RichText::new(display_text(&sentence(run, now))).color(tokens.text);
                ui.add(egui::Label::new(sentence).truncate());
            });
        });
    });
}

/// What is going on, or what the API's word means.
fn sentence(run: &Run, now: Stamp) -> String {
    let since = || {
        let last = run.entries.last().map_or(run.started, |entry| entry.at);
        format!("{:.0} s", now.since(last).as_secs_f32())
    };
    match &run.phase {
        Phase::Working(_) if run.session().is_some_and(Session::waits_decoupled) => {
            format!(
                "The bank asks its customer by a way of its own; read again every few seconds, later every minute, {}",
                since()
            )
        }
        Phase::Working(Some(step)) => format!("{} is under way, {}", step.name(), since()),
        Phase::Working(None) => format!("Starting, {}", since()),
        Phase::Waiting(turn) if turn.answers.is_empty() => format!("Next: {}", turn.request.step.name()),
        Phase::Cancelled if run.progress.next_step().is_some() => "Stopped. Go on where it stood.".into(),
        Phase::Cancelled => "Stopped. Send again.".into(),
        Phase::Waiting(_) | Phase::Ended => match run.session() {
            Some(session) if !session.next_actions.is_empty() => {
                let words: Vec<&str> = session.next_actions.iter().map(explain::next_action).collect();
                words.join(". ")
            }
            Some(session) if session.status.is_final() => {
                match explain::of_session(session, run.progress.channel()).go_on {
                    _ if run.progress.payment.is_some() => "Paid. Send again for another session.".into(),
                    true => "Nothing left to do. Authorise, or send again.".into(),
                    false => "Nothing left to do. Send again, or try another card.".into(),
                }
            }
            Some(_) => "Nothing offered. Read the session again in a moment.".into(),
            None => "No session came of it. Send again.".into(),
        },
    }
}

/// The one button of the bar: what a person would most likely do now.
fn the_button_ui(ui: &mut Ui, run: &Run, commands: &mut Vec<Command>) {
    match &run.phase {
        Phase::Waiting(_) => (),
        Phase::Working(_) => {
            if ghost_button(ui, Some(i::ICON_STOP.outlined()), "Stop", None).clicked() {
                commands.push(Command::Cancel(run.id));
            }
        }
        Phase::Ended | Phase::Cancelled => {
            let next = run.progress.next_step().filter(|_| run.phase == Phase::Cancelled);
            if let Some(step) = next {
                let button = secondary_button(ui, None, "Continue", None);
                if button.on_hover_text(step.name()).clicked() {
                    commands.push(Command::Do(run.id, step));
                }
            } else {
                let button = secondary_button(ui, None, "Run again", None);
                if button.on_hover_text("The same body once more, as a new session").clicked() {
                    commands.push(Command::Run(run.plan.clone()));
                }
            }
        }
    }
}
