//! Faults at every hop: the editor that arms one more, and the list of those that are armed,
//! which changes under the sandbox's hands as they happen.

use egui::{ComboBox, DragValue, Margin, Response, ScrollArea, TextEdit, Ui, vec2};
use egui_material_icons::icons as i;
use serde_json::Value;

use crate::bus::Command;
use crate::model::sandbox::{Overview, SandboxAct, fault_words, faults_file};
use crate::model::scenario::{Fault, FaultKind, Hop};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, display_text};

/// The fault that is being made.
pub struct Editor {
    fault: Fault,
    value: String,
}

impl Default for Editor {
    fn default() -> Self {
        let fault = Fault { delay_ms: 5_000, status: Some(503), ..Fault::new(Hop::Ares, FaultKind::Drop) };
        Self { fault, value: String::new() }
    }
}

impl Editor {
    /// The fault with no more than its kind takes.
    fn fault(&self) -> Fault {
        let (hop, kind) = (self.fault.hop, self.fault.kind);
        let timed = matches!(kind, FaultKind::DelayMs | FaultKind::SlowDrip);
        let member = matches!(kind, FaultKind::RemoveField | FaultKind::SetField);
        let text = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        // What reads as JSON is sent as that; all else is a text.
        let value = || serde_json::from_str(&self.value).unwrap_or_else(|_| Value::from(self.value.as_str()));
        Fault {
            delay_ms: if timed { self.fault.delay_ms } else { 0 },
            status: self.fault.status.filter(|_| kind == FaultKind::Status),
            field: text(&self.fault.field).filter(|_| member),
            value: (kind == FaultKind::SetField).then(value),
            method: text(&self.fault.method).filter(|_| hop == Hop::Api),
            path: text(&self.fault.path).filter(|_| hop == Hop::Api),
            ..self.fault.clone()
        }
    }

    /// Draws editor and list.
    pub fn ui(&mut self, ui: &mut Ui, overview: &Overview, commands: &mut Vec<Command>) {
        ScrollArea::vertical().id_salt("faults").auto_shrink([false, false]).show(ui, |ui| {
            ui.add_space(10.0);
            widgets::card(ui, |ui| {
                ui.set_min_width(ui.available_width());
                widgets::emphasis(ui, "One more fault");
                self.fields_ui(ui);
                ui.add_space(4.0);
                self.arm_ui(ui, overview, commands);
            });
            ui.add_space(10.0);
            list_ui(ui, overview, commands);
        });
    }

    fn fields_ui(&mut self, ui: &mut Ui) {
        ui.spacing_mut().item_spacing.y = 4.0;
        let fault = &mut self.fault;
        row_ui(ui, "Where", |ui| {
            let combo = combo("fault hop", fault.hop.name(), ui);
            combo
                .show_ui(ui, |ui| {
                    for hop in Hop::ALL {
                        ui.selectable_value(&mut fault.hop, hop, hop.name());
                    }
                })
                .response
        });
        if !fault.hop.kinds().contains(&fault.kind) {
            fault.kind = fault.hop.kinds().first().copied().unwrap_or(FaultKind::DelayMs);
        }
        row_ui(ui, "What happens", |ui| {
            let combo = combo("fault kind", fault.kind.name(), ui);
            combo
                .show_ui(ui, |ui| {
                    for kind in fault.hop.kinds() {
                        ui.selectable_value(&mut fault.kind, *kind, kind.name()).on_hover_text(kind.word());
                    }
                })
                .response
        });
        self.details_ui(ui);
        row_ui(ui, "How often", |ui| ui.add(DragValue::new(&mut self.fault.times).range(1..=1_000_000).suffix(" ×")));
    }

    /// What the chosen kind needs beside.
    fn details_ui(&mut self, ui: &mut Ui) {
        let fault = &mut self.fault;
        match fault.kind {
            FaultKind::DelayMs | FaultKind::SlowDrip => {
                row_ui(ui, "How long", |ui| {
                    ui.add(DragValue::new(&mut fault.delay_ms).range(1..=86_400_000_u64).speed(100.0).suffix(" ms"))
                });
            }
            FaultKind::Status => {
                let status = fault.status.get_or_insert(503);
                row_ui(ui, "HTTP status", |ui| ui.add(DragValue::new(status).range(400..=599)));
            }
            FaultKind::RemoveField | FaultKind::SetField => {
                row_ui(ui, "Member", |ui| text_ui(ui, fault.field.get_or_insert_default(), "transStatus"));
            }
            _ => (),
        }
        if fault.kind == FaultKind::SetField {
            row_ui(ui, "Its value", |ui| text_ui(ui, &mut self.value, "Y, or JSON"));
        }
        if fault.hop == Hop::Api {
            row_ui(ui, "Only this method", |ui| text_ui(ui, fault.method.get_or_insert_default(), "any"));
            row_ui(ui, "Only this path", |ui| {
                text_ui(ui, fault.path.get_or_insert_default(), "any; /sessions/*/complete")
            });
        }
    }

    fn arm_ui(&mut self, ui: &mut Ui, overview: &Overview, commands: &mut Vec<Command>) {
        let fault = self.fault();
        let why_not = fault.flaws().first().map(|flaw| reason(flaw));
        ui.horizontal(|ui| {
            let icon = Some(i::ICON_ADD.outlined());
            let button = |ui: &mut Ui| widgets::outlined_button(ui, icon, "Arm this fault", None);
            let button = ui.add_enabled(why_not.is_none(), button);
            if button.on_disabled_hover_text(why_not.unwrap_or_default()).clicked() {
                let armed = overview.faults.iter().cloned().chain([fault]);
                commands.push(Command::Sandbox(SandboxAct::SetFaults(armed.collect())));
            }
            if let Some(why_not) = why_not {
                widgets::muted(ui, why_not);
            }
        });
    }
}

/// A flaw's code in words. Source: sessions-api.md 7.5.
fn reason(flaw: &str) -> &'static str {
    match flaw {
        "delay_ms_required" | "delay_ms_invalid" => "Say how long: 1 ms to a day",
        "status_required" | "status_invalid" => "Say which status: 400 to 599",
        "field_required" => "Say which member",
        "value_required" => "Say which value",
        "times_invalid" => "Say how often: 1 to 1,000,000",
        _ => "This hop cannot have it",
    }
}

fn row_ui(ui: &mut Ui, name: &str, field: impl FnOnce(&mut Ui) -> Response) {
    ui.horizontal(|ui| {
        let label = ui
            .allocate_ui_with_layout(
                vec2(110.0, theme::TARGET),
                egui::Layout::left_to_right(egui::Align::Center),
                |ui| {
                    ui.set_min_width(110.0);
                    let text = egui::RichText::new(name).color(Tokens::of(ui).text_second);
                    ui.label(text).id
                },
            )
            .inner;
        field(ui).labelled_by(label);
    });
}

fn combo<'a>(id: &'a str, shown: &'a str, ui: &Ui) -> ComboBox<'a> {
    let width = (ui.available_width() - 8.0).clamp(120.0, 320.0);
    ComboBox::from_id_salt(id).selected_text(shown).width(width).icon(widgets::combo_arrow)
}

fn text_ui(ui: &mut Ui, text: &mut String, hint: &str) -> Response {
    let width = (ui.available_width() - 8.0).clamp(80.0, 320.0);
    let field = TextEdit::singleline(text).hint_text(hint).desired_width(width - 14.0).font(theme::code(theme::CODE));
    ui.add(field.margin(Margin::symmetric(6, 3)))
}

// --- The list

fn list_ui(ui: &mut Ui, overview: &Overview, commands: &mut Vec<Command>) {
    let faults = &overview.faults;
    if faults.is_empty() {
        widgets::muted_lines(
            ui,
            "No fault is armed: everything arrives as it should. Choose above what is to go wrong.",
        );
        return;
    }
    let mut wanted: Option<Vec<Fault>> = None;
    ui.horizontal(|ui| {
        widgets::emphasis(ui, "Armed");
        widgets::muted(ui, &format!("{} of {} can still happen", overview.faults_on(), faults.len()));
    });
    ui.horizontal_wrapped(|ui| {
        widgets::copy_words_button(ui, "Copy as file", &faults_file(faults, overview.seed))
            .on_hover_text("[[faults]] for a scenario file, with the seed as a comment");
        if widgets::secondary_button(ui, Some(i::ICON_DELETE.outlined()), "Clear all", None).clicked() {
            wanted = Some(Vec::new());
        }
    });
    ui.add_space(10.0);
    for (place, fault) in faults.iter().enumerate() {
        if fault_ui(ui, fault) {
            let others = faults.iter().enumerate().filter(|(other, _)| *other != place);
            wanted = Some(others.map(|(_, fault)| fault.clone()).collect());
        }
    }
    commands.extend(wanted.map(|faults| Command::Sandbox(SandboxAct::SetFaults(faults))));
}

/// One fault; true if it is to go.
fn fault_ui(ui: &mut Ui, fault: &Fault) -> bool {
    let tokens = Tokens::of(ui);
    let mut gone = false;
    let words = words(fault);
    ui.horizontal_top(|ui| {
        let room = (ui.available_width() - theme::TARGET - 12.0).max(80.0);
        ui.allocate_ui_with_layout(vec2(room, 0.0), egui::Layout::top_down(egui::Align::LEFT), |ui| {
            ui.set_min_width(room);
            ui.spacing_mut().item_spacing.y = 1.0;
            let colour = if fault.times > 0 { tokens.text } else { tokens.muted };
            ui.add(egui::Label::new(egui::RichText::new(&words).color(colour)).wrap());
            ui.horizontal(|ui| {
                widgets::muted(ui, fault.hop.name());
                widgets::pill_with(ui, tone(fault), None, &count(fault), 17.0);
            });
        });
        gone = widgets::icon_button(ui, i::ICON_CLOSE.outlined(), &format!("Remove: {words}")).clicked();
    });
    ui.add_space(4.0);
    widgets::hline(ui);
    ui.add_space(4.0);
    gone
}

fn tone(fault: &Fault) -> Tone {
    if fault.times > 0 { Tone::Warning } else { Tone::Neutral }
}

fn words(fault: &Fault) -> String {
    let only = [fault.method.as_deref(), fault.path.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let only = if only.is_empty() { only } else { format!(" · only {only}") };
    display_text(&format!("{}{only}", fault_words(fault)))
}

fn count(fault: &Fault) -> String {
    let happened = match fault.happened {
        0 => "has not happened".to_owned(),
        1 => "happened once".to_owned(),
        n => format!("happened {n} times"),
    };
    match fault.times {
        ..=0 => format!("{happened}, used up"),
        1 => format!("{happened}, once more"),
        n => format!("{happened}, {n} times more"),
    }
}
