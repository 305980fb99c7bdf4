//! The workbench beside the phone: what an SDK keeps to itself. Seal and counters at the top;
//! below them the messages, the keys, the checks, or what the next message is to be.

use egui::{Margin, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons as i;

use super::{Stage, messages, wrong};
use crate::bus::Command;
use crate::model::deadline::Deadline;
use crate::model::device::{Check, Device, Key, Seal};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::timeline::{rows, turn};
use crate::ui::widgets::{self, display_text, muted, muted_lines};

/// What is shown of the workbench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Tab {
    #[default]
    Messages,
    Keys,
    Checks,
    Next,
}

/// From these sizes on, points, the keys stand below the messages too.
const ROOM_FOR_KEYS: (f32, f32) = (520.0, 560.0);

/// View state.
#[derive(Debug, Default)]
pub(super) struct State {
    tab: Tab,
    messages: messages::State,
    wrong: wrong::State,
}

/// The line that shows and hides the workbench, where it stands below the phone.
pub(super) fn fold_ui(ui: &mut Ui, open: &mut bool) {
    let tokens = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::FORM_ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, true, *open, "Workbench"));
    if response.clicked() {
        *open = !*open;
    }
    let sign = if *open { i::ICON_EXPAND_MORE } else { i::ICON_CHEVRON_RIGHT }.outlined();
    let sign = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 16.0), tokens.text_second);
    let words = widgets::line_of(ui, "Workbench", theme::words(theme::BODY), tokens.text);
    let middle = |height: f32| rect.center().y - height / 2.0;
    ui.painter().galley(pos2(rect.left() + 12.0, middle(sign.size().y)), sign, tokens.text_second);
    ui.painter().galley(pos2(rect.left() + 32.0, middle(words.size().y)), words, tokens.text);
    widgets::focus_ring(ui, rect.shrink(2.0), &response);
}

impl State {
    /// Draws it in what is left of `ui`.
    pub fn ui(&mut self, ui: &mut Ui, stage: &Stage<'_>, commands: &mut Vec<Command>) {
        ui.spacing_mut().item_spacing.y = 0.0;
        self.wrong.follow(stage);
        let Some(device) = stage.device() else {
            padded(ui, |ui| {
                ui.add_space(4.0);
                widgets::emphasis(ui, "Workbench");
                muted_lines(
                    ui,
                    "Once the challenge is opened: what the SDK checked, its keys, its counters, and each message sealed and open",
                );
            });
            deadline_ui(ui, stage);
            return;
        };
        padded(ui, |ui| head_ui(ui, device));
        deadline_ui(ui, stage);
        let failed = device.checks.iter().filter(|check| check.found.is_err()).count();
        let counted = |count: usize| (count > 0).then_some((count, Tone::Neutral));
        let checks = if failed > 0 { Some((failed, Tone::Danger)) } else { counted(device.checks.len()) };
        let wrong = device.wrong.is_some();
        let tabs = [
            (Tab::Messages, "Messages", counted(device.messages.len())),
            (Tab::Keys, "Keys", counted(device.keys.len())),
            (Tab::Checks, "Checks", checks),
            (Tab::Next, "Next", wrong.then_some((1, Tone::Warning))),
        ];
        egui::Frame::new().inner_margin(Margin::symmetric(12, 0)).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 14.0;
                for (tab, label, count) in tabs {
                    if widgets::tab(ui, self.tab == tab, label, count).clicked() {
                        self.tab = tab;
                    }
                }
            });
        });
        widgets::hline(ui);
        match self.tab {
            Tab::Messages => self.messages_ui(ui, stage, device),
            Tab::Keys => scrolled(ui, "keys", |ui| keys_ui(ui, &device.keys)),
            Tab::Checks => scrolled(ui, "checks", |ui| checks_ui(ui, &device.checks)),
            Tab::Next => scrolled(ui, "next", |ui| self.wrong.ui(ui, stage, device, commands)),
        }
    }

    /// The messages; the keys below them where there is room for all.
    fn messages_ui(&mut self, ui: &mut Ui, stage: &Stage<'_>, device: &Device) {
        let room = ui.available_rect_before_wrap();
        let beside = room.width() >= ROOM_FOR_KEYS.0 && room.height() >= ROOM_FOR_KEYS.1 && !device.keys.is_empty();
        #[allow(clippy::cast_precision_loss)] // a handful of keys
        let below = if beside { 34.0 + theme::TARGET * device.keys.len().min(6) as f32 } else { 0.0 };
        let upper = room.with_max_y(room.bottom() - below);
        ui.scope_builder(egui::UiBuilder::new().max_rect(upper), |ui| {
            ui.set_clip_rect(upper.intersect(ui.clip_rect()));
            self.messages.ui(ui, stage.run, device);
        });
        if beside {
            let lower = room.with_min_y(upper.bottom());
            ui.scope_builder(egui::UiBuilder::new().max_rect(lower), |ui| {
                widgets::hline(ui);
                padded(ui, |ui| {
                    for key in device.keys.iter().take(6) {
                        key_line_ui(ui, key);
                    }
                });
            });
        }
        ui.advance_cursor_after_rect(room);
    }
}

fn padded(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    egui::Frame::new().inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        add(ui);
    });
}

fn scrolled(ui: &mut Ui, salt: &str, add: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical().id_salt(salt).auto_shrink(false).show(ui, |ui| {
        padded(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            add(ui);
        });
    });
}

/// The seal, and both counters.
fn head_ui(ui: &mut Ui, device: &Device) {
    let wide = ui.available_width() >= ROOM_FOR_KEYS.0;
    ui.horizontal(|ui| {
        match device.seal {
            Seal::Plain => {
                let sign = Some(i::ICON_LOCK_OPEN.outlined());
                widgets::pill_with(ui, Tone::Warning, sign, "NOT ENCRYPTED", 20.0)
                    .on_hover_text("Plain JSON, for teaching; no real bank takes it");
            }
            seal if device.messages.is_empty() => {
                let words = format!("Nothing sealed yet · {}", seal.word());
                widgets::pill_with(ui, Tone::Neutral, Some(i::ICON_LOCK.outlined()), &words, 20.0);
            }
            seal => {
                let words = format!("Sealed · {}", seal.word());
                widgets::pill_with(ui, Tone::Success, Some(i::ICON_LOCK.outlined()), &words, 20.0);
            }
        }
        if wide {
            ui.add_space(8.0);
            counters_ui(ui, device);
        }
    });
    if !wide {
        ui.add_space(6.0);
        ui.horizontal(|ui| counters_ui(ui, device));
    }
}

/// The newest counter of each side.
fn counters_ui(ui: &mut Ui, device: &Device) {
    let tokens = Tokens::of(ui);
    let newest = |outward| device.messages.iter().rev().filter(move |m| m.outward == outward).find_map(|m| m.counter);
    for (outward, name, wire) in [(true, "SDK to ACS", "sdkCounterStoA"), (false, "ACS to SDK", "acsCounterAtoS")] {
        let counter = newest(outward).map_or_else(|| "none".into(), |counter| format!("{counter:03}"));
        muted(ui, name);
        let number = widgets::mono(ui, &counter, tokens.text);
        number.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{wire} {counter}")));
        number.on_hover_text(wire);
        ui.add_space(4.0);
    }
}

fn deadline_ui(ui: &mut Ui, stage: &Stage<'_>) {
    let Some(turn) = stage.turn() else { return };
    if let Some(deadline) = Deadline::of_turn(stage.run, turn) {
        egui::Frame::new().inner_margin(Margin { left: 12, right: 12, top: 0, bottom: 6 }).show(ui, |ui| {
            turn::deadline_ui(ui, &deadline, (!stage.held).then(|| deadline.left(stage.now)));
        });
    }
}

// --- Keys

/// True if nobody else may know it. The protocol's public halves are named so.
fn is_secret(key: &Key) -> bool {
    !key.name.to_ascii_lowercase().contains("public")
}

fn keys_ui(ui: &mut Ui, keys: &[Key]) {
    if keys.is_empty() {
        muted_lines(ui, "No keys: nothing is sealed");
        return;
    }
    muted_lines(ui, "Made for this challenge alone; kept in memory until the program closes, never saved");
    for key in keys {
        widgets::card(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 4.0;
            ui.horizontal_wrapped(|ui| {
                widgets::emphasis(ui, key.name);
                if is_secret(key) {
                    widgets::pill_with(ui, Tone::Neutral, Some(i::ICON_KEY.outlined()), "Throw-away secret", 17.0);
                }
            });
            value_ui(ui, key);
            muted_lines(ui, key.about);
        });
    }
}

/// The value as far as there is room, and a copy of all of it.
fn value_ui(ui: &mut Ui, key: &Key) {
    let tokens = Tokens::of(ui);
    let letter = widgets::line_of(ui, "0", theme::code(theme::CODE), tokens.text).size().x.max(1.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // letters of one line
    let room = ((ui.available_width() - theme::TARGET - 16.0) / letter).max(9.0) as usize;
    ui.horizontal(|ui| {
        let short = rows::middle_cut(&key.value, room.saturating_sub(10), 6);
        widgets::mono(ui, &display_text(&short), tokens.text_second);
        widgets::copy_button(ui, key.name, &key.value);
    });
}

/// A key in one line.
fn key_line_ui(ui: &mut Ui, key: &Key) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.set_height(theme::TARGET);
        let sign = if is_secret(key) { i::ICON_KEY.filled() } else { i::ICON_KEY.outlined() };
        widgets::icon(ui, sign, 14.0, tokens.text_second);
        let name = RichText::new(key.name).font(theme::words(theme::SMALL)).color(tokens.text_second);
        let left = egui::Layout::left_to_right(egui::Align::Center);
        ui.allocate_ui_with_layout(vec2(170.0, 18.0), left, |ui| {
            ui.set_min_width(170.0);
            ui.add(egui::Label::new(name).truncate()).on_hover_text(key.about);
        });
        value_ui(ui, key);
    });
}

// --- Checks

fn checks_ui(ui: &mut Ui, checks: &[Check]) {
    let tokens = Tokens::of(ui);
    if checks.is_empty() {
        muted_lines(ui, "Nothing was checked: the issuer signed nothing for this challenge");
    }
    for check in checks {
        let (icon, ink, word, text) = match &check.found {
            Ok(text) => (i::ICON_CHECK, tokens.success.ink, "Good", text),
            Err(text) => (i::ICON_CLOSE, tokens.danger.ink, "Wrong", text),
        };
        ui.horizontal_top(|ui| {
            let sign = widgets::icon(ui, icon.outlined(), 16.0, ink);
            widgets::name(&sign, word);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.add(egui::Label::new(RichText::new(display_text(&check.what)).color(tokens.text)).wrap());
                let text = RichText::new(display_text(text)).font(theme::words(theme::SMALL));
                let colour = if check.found.is_ok() { tokens.text_second } else { ink };
                ui.add(egui::Label::new(text.color(colour)).wrap());
            });
        });
    }
}
