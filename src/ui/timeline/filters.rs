//! The strip of filters: a chip for each class of rows, the filter that is typed, «Do again».

use egui::{Align, Layout, Rect, RichText, Sense, Stroke, Ui, pos2, vec2};
use egui_material_icons::icons as i;

use super::Panel;
use super::head::strip;
use super::rows::Class;
use crate::bus::Command;
use crate::model::Workspace;
use crate::model::exchange::Step;
use crate::model::run::Run;
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets::{self, Look, Size};

/// Steps that «Do again» offers.
const STEPS: [Step; 11] = [
    Step::Token,
    Step::Create,
    Step::Method,
    Step::Fingerprint,
    Step::Collect,
    Step::Challenge,
    Step::Authenticate,
    Step::Redirect,
    Step::Confirm,
    Step::Complete,
    Step::Authorise,
];

impl Panel {
    /// The chips, and the filter where there is room beside them; else a strip of its own
    /// below, while it is in use.
    pub(super) fn filters_ui(&mut self, ui: &mut Ui, workspace: &Workspace, run: &Run, commands: &mut Vec<Command>) {
        let hidden = workspace.settings.hidden_messages;
        let mut beside = false;
        strip(ui, STRIP, |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            beside = ui.available_width() > ROOM_FOR_FIELD;
            self.chips_ui(ui, workspace, hidden, commands);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if run.session().is_some() && !self.scrub.is_past(run.id) {
                    do_again_ui(ui, run, commands);
                }
                let unfolded = !self.table.unfolded.is_empty();
                let moments = (beside || !unfolded).then(|| widgets::link(ui, "Moments"));
                if moments.is_some_and(|link| link.on_hover_text("The session at any moment: T").clicked()) {
                    self.scrub.toggle();
                }
                if unfolded && widgets::link(ui, "Fold waits").clicked() {
                    self.table.unfolded.clear();
                }
                if beside {
                    let width = ui.available_width();
                    self.field.ui(ui, &mut self.sieve, self.lines.rows().len(), width);
                } else if !self.field.in_use(&self.sieve) {
                    let button = widgets::button(ui, Look::Ghost, Size::Small, None, "Filter", None);
                    if button.on_hover_text("Search and filter the rows: / or Ctrl F").clicked() {
                        self.field.take_keyboard();
                    }
                }
            });
        });
        if !beside && self.field.in_use(&self.sieve) {
            strip(ui, STRIP, |ui| {
                let width = ui.available_width();
                self.field.ui(ui, &mut self.sieve, self.lines.rows().len(), width);
            });
        }
    }

    fn chips_ui(&mut self, ui: &mut Ui, workspace: &Workspace, hidden: bool, commands: &mut Vec<Command>) {
        let chips = [
            ("API", crate::model::Lane::Sessions, Class::Api, &mut self.chips.api),
            ("Browser", crate::model::Lane::Browser, Class::Browser, &mut self.chips.browser),
            ("Callback", crate::model::Lane::Callback, Class::Callback, &mut self.chips.callback),
        ];
        for (name, lane, class, left_out) in chips {
            if chip_ui(ui, (name, name), Some(lane), self.lines.count(class), !*left_out).clicked() {
                *left_out = !*left_out;
            }
        }
        let wide = ui.max_rect().width() > ROOM_FOR_LONG_NAME;
        let name = "Hidden scheme messages";
        let chip =
            chip_ui(ui, (name, if wide { name } else { "Hidden" }), None, self.lines.count(Class::Hidden), hidden);
        if chip.on_hover_text("What 3DS Server, directory and issuer say to one another").clicked() {
            let settings = crate::model::settings::Settings { hidden_messages: !hidden, ..workspace.settings.clone() };
            commands.push(Command::SaveSettings(settings));
        }
    }
}

/// Height of the strip, points.
const STRIP: f32 = 34.0;
/// Over this width, points, the filter stands beside the chips.
const ROOM_FOR_FIELD: f32 = 740.0;
/// Over this width, points, the last chip says what is hidden.
const ROOM_FOR_LONG_NAME: f32 = 940.0;

/// Under this width, points, the filter chips show no names.
const ROOM_FOR_NAMES: f32 = 460.0;

/// A filter chip: badge or eye, name, count; lit while its rows are shown.
fn chip_ui(
    ui: &mut Ui,
    (name, short): (&str, &str),
    lane: Option<crate::model::Lane>,
    count: usize,
    shown: bool,
) -> egui::Response {
    let tokens = Tokens::of(ui);
    let colour = if shown { tokens.text } else { tokens.muted };
    // Where the strip is narrow, badge and number must do; the name stays for screen readers.
    let written = if ui.max_rect().width() < ROOM_FOR_NAMES { "" } else { short };
    let words = widgets::line_of(ui, written, theme::words(theme::TAB), colour);
    let number = widgets::line_of(ui, &count.to_string(), theme::words(theme::TAB), tokens.muted);
    let width = 8.0 + 17.0 + 6.0 + words.size().x + 6.0 + number.size().x + 9.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, theme::TARGET), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::CheckBox, true, shown, name));
    let body = rect.shrink2(vec2(0.0, 1.0));
    let fill = if response.hovered() { tokens.bg3 } else { tokens.bg2 };
    let painter = ui.painter();
    if shown || response.hovered() {
        painter.rect_filled(body, 6.0, fill);
    }
    let stroke = Stroke::new(1.0, if shown { tokens.line_strong } else { tokens.line });
    painter.rect_stroke(body, 6.0, stroke, egui::StrokeKind::Inside);
    let sign = Rect::from_center_size(pos2(rect.left() + 8.0 + 8.5, rect.center().y), vec2(17.0, 16.0));
    let icon = if shown { i::ICON_VISIBILITY.outlined() } else { i::ICON_VISIBILITY_OFF.outlined() };
    match lane.filter(|_| shown) {
        Some(lane) => widgets::paint_lane_badge(ui, sign, lane),
        None => {
            let tint = if shown { tokens.accent.ink } else { tokens.muted };
            let eye = widgets::line_of(ui, icon.codepoint, theme::icon(icon, 15.0), tint);
            ui.painter().galley(sign.center() - eye.size() / 2.0, eye, tint);
        }
    }
    let x = sign.right() + 6.0;
    let top = |galley: &egui::Galley| rect.center().y - galley.size().y / 2.0;
    let after = x + words.size().x + 6.0;
    ui.painter().galley(pos2(x, top(&words)), words, colour);
    ui.painter().galley(pos2(after, top(&number)), number, tokens.muted);
    widgets::focus_ring(ui, body, &response);
    response
}

fn do_again_ui(ui: &mut Ui, run: &Run, commands: &mut Vec<Command>) {
    let style = RichText::new("Do again…").font(theme::words(theme::TAB));
    let button = egui::Button::new(style).frame(false);
    let (response, menu) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_min_width(190.0);
        for step in STEPS {
            if ui.button(step.name()).clicked() {
                commands.push(Command::Do(run.id, step));
                ui.close();
            }
        }
    });
    let _ = menu;
    response.on_hover_text("Any step once more, as the program would write it");
}
