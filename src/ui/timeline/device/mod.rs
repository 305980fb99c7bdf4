//! The shopper's device beside the workbench: a phone with the challenge as an SDK draws it, to
//! be answered with the mouse or the keyboard, and what an SDK otherwise keeps to itself: checks,
//! keys, counters, each message sealed and open. Draws from `Run::device` alone.

mod bench;
mod html;
mod messages;
mod parts;
mod phone;
mod screen;
mod wrong;

use std::collections::BTreeSet;
use std::time::Duration;

use egui::{Rect, RichText, ScrollArea, Ui, UiBuilder, pos2, vec2};
use egui_material_icons::icons as i;

use self::html::Filled;
use self::parts::Keyboard;
use crate::bus::Command;
use crate::model::device::{Act, Device, Reply, Said, Screen, Seal};
use crate::model::run::{Answer, Phase, Run, Turn};
use crate::model::sandbox::Known;
use crate::model::{RunId, Stamp};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets;

/// From this width on, points, the workbench stands beside the phone.
const BESIDE: f32 = 560.0;
/// Widths of the phone, points: as it should be, and the narrowest.
const PHONE: (f32, f32) = (316.0, 276.0);
/// Heights of the phone, points: the highest, and the lowest where it scrolls with the page.
const TALL: (f32, f32) = (640.0, 440.0);
/// A second press within this time is the same press, as long as the device shows nothing new.
/// Our choice.
const SAME_PRESS: f64 = 1.0;

/// What the view draws from.
pub(super) struct Stage<'a> {
    /// The run whose device it is.
    pub run: &'a Run,
    /// What the sandbox has shown, for what was decided on the phone.
    pub sandbox: &'a Known,
    /// The present moment.
    pub now: Stamp,
    /// The other side's clock stands still.
    pub held: bool,
    /// The past is looked at elsewhere.
    pub past: bool,
}

impl<'a> Stage<'a> {
    fn device(&self) -> Option<&'a Device> {
        self.run.device.as_deref()
    }

    /// What the run waits with, if the device can answer it.
    fn turn(&self) -> Option<&'a Turn> {
        match &self.run.phase {
            Phase::Waiting(turn) if turn.answers.contains(&Answer::Device) => Some(turn),
            _ => None,
        }
    }

    /// Nothing was sent yet.
    fn unopened(&self) -> bool {
        is_unopened(self.device())
    }
}

/// True if nothing was sent by the device yet.
pub(super) fn is_unopened(device: Option<&Device>) -> bool {
    device.is_none_or(|device| device.messages.is_empty() && device.screen == Screen::Waiting)
}

/// Which screen of which device: new when the issuer asks anew.
type Key = (RunId, usize, Duration);

fn key(run: &Run) -> Option<Key> {
    let device = run.device.as_deref()?;
    Some((run.id, device.messages.len(), device.messages.last().map_or(Duration::ZERO, |message| message.at.mono)))
}

/// What is filled in on the screen that is shown.
#[derive(Debug, Default)]
struct Answers {
    of: Option<Key>,
    typed: Vec<String>,
    /// Of what is typed hidden: shown all the same.
    shown: Vec<bool>,
    chosen: BTreeSet<usize>,
    trust: bool,
    binding: bool,
    why: bool,
    more: bool,
    html: Option<Filled>,
    /// What the issuer shows when the shopper comes back.
    refresh: Option<Filled>,
    /// The bank's app is in front.
    away: bool,
    /// The shopper has been in the bank's app.
    back: bool,
    keyboard: Keyboard,
}

impl Answers {
    /// Empty ones for the screen of this device; the issuer's HTML is read once.
    fn of(key: Key, device: &Device) -> Self {
        let mut own = Self { of: Some(key), ..Self::default() };
        own.keyboard.first = true;
        if let Screen::Asks(asks) = &device.screen {
            own.html = asks.html.as_deref().map(Filled::of);
            own.refresh = asks.html_refresh.as_deref().map(Filled::of);
        }
        own
    }

    /// The page in front, where the screen is a page.
    fn page(&mut self) -> Option<&mut Filled> {
        match (self.back, &mut self.refresh) {
            (true, Some(refresh)) => Some(refresh),
            _ => self.html.as_mut(),
        }
    }
}

/// What the user wants that only the panel can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Go {
    /// Show the list, where the other ways to answer are.
    List,
}

/// View state.
#[derive(Debug, Default)]
pub(super) struct State {
    seal: Option<(RunId, Seal)>,
    answers: Answers,
    bench: bench::State,
    /// The workbench is folded out, where it stands below.
    unfolded: bool,
    /// What was pressed last: on which screen of which run's device, and when.
    pressed: Option<(RunId, Option<Key>, f64)>,
    opening: Keyboard,
}

impl State {
    /// Draws the view in what is left of `ui`.
    pub fn ui(&mut self, ui: &mut Ui, stage: &Stage<'_>, commands: &mut Vec<Command>) -> Option<Go> {
        self.follow(stage);
        let room = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(room);
        let tokens = Tokens::of(ui);
        if room.width() >= BESIDE {
            let width = PHONE.0.min((room.width() * 0.48).max(PHONE.1)) + 2.0 * theme::PADDING;
            let cut = (room.left() + width).round();
            let left = Rect::from_min_max(room.min, pos2(cut, room.bottom()));
            let right = Rect::from_min_max(pos2(cut + 1.0, room.top()), room.max);
            ui.painter().rect_filled(left, 0.0, tokens.bg0);
            ui.painter().vline(cut, room.y_range(), theme::line(tokens));
            let go = self.device_ui(ui, left, stage, commands);
            ui.scope_builder(UiBuilder::new().max_rect(right), |ui| {
                ui.set_clip_rect(right.intersect(ui.clip_rect()));
                self.bench.ui(ui, stage, commands);
            });
            return go;
        }
        self.narrow_ui(ui, room, stage, commands)
    }

    /// One below the other; the workbench folds out.
    fn narrow_ui(&mut self, ui: &mut Ui, room: Rect, stage: &Stage<'_>, commands: &mut Vec<Command>) -> Option<Go> {
        let mut go = None;
        ui.scope_builder(UiBuilder::new().max_rect(room), |ui| {
            ui.set_clip_rect(room.intersect(ui.clip_rect()));
            ScrollArea::vertical().id_salt("device").auto_shrink(false).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                let height = (room.height() - theme::FORM_ROW).max(TALL.1);
                let (place, _) = ui.allocate_exact_size(vec2(room.width(), height), egui::Sense::hover());
                ui.painter().rect_filled(place, 0.0, Tokens::of(ui).bg0);
                go = self.device_ui(ui, place, stage, commands);
                widgets::hline(ui);
                bench::fold_ui(ui, &mut self.unfolded);
                if self.unfolded {
                    let (place, _) = ui.allocate_exact_size(vec2(room.width(), 520.0), egui::Sense::hover());
                    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
                        ui.set_clip_rect(place.intersect(ui.clip_rect()));
                        self.bench.ui(ui, stage, commands);
                    });
                }
            });
        });
        go
    }

    /// What was filled in belongs to one screen of the issuer.
    fn follow(&mut self, stage: &Stage<'_>) {
        let now = key(stage.run);
        if let (Some(key), Some(device)) = (now, stage.device())
            && self.answers.of != now
        {
            self.answers = Answers::of(key, device);
        }
        if self.opening.before.is_empty() && stage.unopened() {
            self.opening.first = true;
        }
    }

    /// The phone in its well, with what should be known of it below.
    fn device_ui(&mut self, ui: &mut Ui, well: Rect, stage: &Stage<'_>, commands: &mut Vec<Command>) -> Option<Go> {
        let inner = well.shrink(theme::PADDING);
        let width = inner.width().min(PHONE.0);
        let left = inner.center().x - width / 2.0;
        let notes = self.notes(stage);
        let below = notes_height(ui, &notes, width);
        let height = (inner.height() - below).min(TALL.0);
        let phone = Rect::from_min_size(pos2(left, inner.top()), vec2(width, height));
        let mut go = None;
        let mut acts = Vec::new();
        let clip = well.intersect(ui.clip_rect());
        ui.scope_builder(UiBuilder::new().max_rect(phone), |ui| {
            ui.set_clip_rect(clip);
            go = self.phone_ui(ui, phone, stage, &mut acts, commands);
        });
        let under = Rect::from_min_max(pos2(left, phone.bottom() + 8.0), pos2(left + width, inner.bottom()));
        ui.scope_builder(UiBuilder::new().max_rect(under), |ui| {
            ui.set_clip_rect(clip);
            notes_ui(ui, &notes);
        });
        for act in acts {
            self.push(ui, stage, act, commands);
        }
        go
    }

    /// Sends an act, unless it is the second half of a double click.
    fn push(&mut self, ui: &Ui, stage: &Stage<'_>, act: Act, commands: &mut Vec<Command>) {
        let (run, key) = (stage.run.id, key(stage.run));
        let now = ui.input(|input| input.time);
        if matches!(act, Act::Open | Act::Reply(_)) {
            if self.pressed.is_some_and(|(on, screen, at)| (on, screen) == (run, key) && now - at < SAME_PRESS) {
                return;
            }
            self.pressed = Some((run, key, now));
        }
        commands.push(Command::Device(stage.run.id, act));
    }

    /// An answer, with what goes with it where the screen offers it.
    fn reply(&self, stage: &Stage<'_>, said: Said) -> Act {
        let answers = said.answers();
        let mut reply = Reply::of(said);
        if let Some(Screen::Asks(asks)) = stage.device().map(|device| &device.screen)
            && answers
        {
            reply.trust = asks.trust.as_ref().map(|_| self.answers.trust);
            reply.binding = asks.binding.as_ref().map(|_| self.answers.binding);
        }
        Act::Reply(reply)
    }

    /// What a tester should know that the app does not show.
    fn notes(&mut self, stage: &Stage<'_>) -> Vec<(Tone, String)> {
        let mut notes = Vec::new();
        if stage.past {
            notes.push((Tone::Accent, "The device shows the present, not the moment that is looked at".into()));
        }
        if !stage.run.is_open() && matches!(stage.device().map(|device| &device.screen), Some(Screen::Asks(_))) {
            notes.push((Tone::Neutral, "The session is over: this is what was shown last".into()));
        }
        if let Some(Screen::Asks(asks)) = stage.device().map(|device| &device.screen) {
            notes
                .push((Tone::Neutral, format!("{} {}, protocol {}", asks.kind.code(), asks.kind.name(), asks.version)));
            if asks.kind.is_html() {
                let found = self.answers.page().map_or(&[][..], |filled| &filled.page.findings);
                notes.extend(found.iter().take(NOTES).map(|finding| (Tone::Warning, finding.clone())));
            }
        }
        notes
    }
}

/// Most lines below the phone.
const NOTES: usize = 5;

fn notes_height(ui: &Ui, notes: &[(Tone, String)], width: f32) -> f32 {
    let colour = Tokens::of(ui).muted;
    let lay = |text: &str| {
        ui.painter().layout(widgets::display_text(text), theme::words(theme::SMALL), colour, width - 24.0).size().y
            + 4.0
    };
    let lines: f32 = notes.iter().take(NOTES).map(|(_, text)| lay(text)).sum();
    if notes.is_empty() { 0.0 } else { lines + 8.0 }
}

fn notes_ui(ui: &mut Ui, notes: &[(Tone, String)]) {
    let tokens = Tokens::of(ui);
    ui.spacing_mut().item_spacing.y = 4.0;
    for (tone, text) in notes.iter().take(NOTES) {
        ui.horizontal_top(|ui| {
            let icon = match tone {
                Tone::Warning => i::ICON_WARNING,
                Tone::Accent => i::ICON_HISTORY,
                _ => i::ICON_SMARTPHONE,
            };
            widgets::icon(ui, icon.outlined(), 14.0, tokens.tone(*tone).ink);
            let text = RichText::new(widgets::display_text(text)).font(theme::words(theme::SMALL));
            ui.add(egui::Label::new(text.color(tokens.text_second)).wrap());
        });
    }
}
