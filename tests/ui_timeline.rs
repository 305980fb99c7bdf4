//! The timeline and the inspector, by their labels.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "support/paint.rs"]
mod paint;
#[path = "support/session.rs"]
mod session;

use egui_kittest::Harness;
use sessions_console::bus::Command;
use sessions_console::model::{RunId, Stamp, Workspace};
use sessions_console::ui::{theme, timeline};

struct App {
    timeline: timeline::Panel,
    workspace: Workspace,
    now: Stamp,
    commands: Vec<Command>,
}

fn harness<'a>(workspace: Workspace, now: Stamp, size: [f32; 2], look: egui::Theme) -> Harness<'a, App> {
    let state = App { timeline: timeline::Panel::default(), workspace, now, commands: Vec::new() };
    let mut harness = Harness::builder().with_size(size).with_theme(look).renderer(paint::CpuRenderer::default()).build_ui_state(
        |ui, app: &mut App| {
            if !theme::ready(ui.ctx()) {
                theme::install(ui.ctx());
                ui.ctx().set_zoom_factor(1.0);
                return;
            }
            app.timeline.ui(ui, &app.workspace, app.now, &mut app.commands);
        },
        state,
    );
    harness.run_steps(4);
    harness
}

#[test]
fn look_at_it() {
    let Ok(folder) = std::env::var("LOOK") else { return };
    let shots: [(&str, Vec<_>, u64); 6] = [
        ("finished", vec![session::finished(RunId(1))], 11_000),
        ("waiting", vec![session::waiting(RunId(1))], 13_500),
        ("hand", vec![session::by_hand(RunId(1), None)], 3_000),
        ("failed", vec![session::failed(RunId(1))], 3_000),
        ("refused", vec![session::refused(RunId(1))], 3_000),
        ("empty", vec![], 0),
    ];
    for (look, theme) in [("dark", egui::Theme::Dark), ("light", egui::Theme::Light)] {
        for (name, runs, now) in &shots {
            for size in [[592.0, 828.0], [888.0, 728.0], [440.0, 728.0]] {
                let mut harness = harness(session::workspace(runs.clone()), session::at(*now), size, theme);
                if *name == "finished" {
                    harness.state_mut().timeline.selected = Some((RunId(1), 13));
                    harness.run_steps(2);
                }
                let image = harness.render().expect("a picture");
                image.save(format!("{folder}/{name}-{look}-{}.png", size[0])).expect("saved");
            }
        }
    }
}
