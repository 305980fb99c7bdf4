//! The run as a sequence: a lane for each party, an arrow for each message, what is expected
//! below the line of the present. Scrolls, zooms, follows the newest like the list, and gives
//! the diagram away as picture and as text. Draws the rows in sight and no others.

mod copy;
mod layout;
mod paint;
mod save;

use std::time::Duration;

use egui::{
    Align, Color32, Id, Key, Layout, Modifiers, PointerButton, Rangef, Rect, Response, Role, ScrollArea, Sense, Ui,
};
use egui::{UiBuilder, WidgetInfo, pos2, vec2};
use egui_material_icons::icons as i;

use self::copy::Copies;
use self::layout::{Lanes, Plan};
use self::paint::Canvas;
use super::Scene;
use super::found;
use super::rows::RowView;
use super::turn::until_next_second;
use crate::bus::Command;
use crate::model::Lane;
use crate::model::lint::observed::Observation;
use crate::model::trace::Question;
use crate::ui::link::Link;
use crate::ui::theme;
use crate::ui::widgets::{self, Look, Size};

/// Smallest and largest zoom, and its step. Source: issue 5; our choice.
const ZOOM: (f32, f32, f32) = (0.6, 2.0, 0.05);
/// What a press of + or − changes.
const PRESS: f32 = 0.2;
/// Height of the strip of tools, points.
const TOOLS: f32 = 32.0;

/// View state.
#[derive(Debug)]
pub struct State {
    plan: Plan,
    copies: Copies,
    zoom: f32,
    offset: f32,
    height: f32,
    /// Rows that were there when the end was last in sight.
    seen: usize,
    scroll_to: Option<f32>,
    /// The diagram had the keyboard.
    focused: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            plan: Plan::default(),
            copies: Copies::default(),
            zoom: 1.0,
            offset: 0.0,
            height: 0.0,
            seen: 0,
            scroll_to: None,
            focused: false,
        }
    }
}

impl State {
    /// Draws it; the row that was clicked, if any.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        scene: &Scene,
        links: &mut Vec<Link>,
        commands: &mut Vec<Command>,
    ) -> Option<usize> {
        self.plan.follow(scene, found(ui.ctx(), scene.run));
        let mut chosen = self.keys(ui, scene);
        self.tools_ui(ui, scene);
        self.copies.save_ui(ui, scene, &self.plan, commands);
        ui.spacing_mut().item_spacing.y = 0.0;
        let (heads, _) = ui.allocate_exact_size(vec2(ui.available_width(), paint::HEADS), Sense::hover());
        let lanes = Lanes::over(heads);
        let mut area = ScrollArea::vertical().id_salt(("sequence", scene.run.id.0)).auto_shrink(false);
        let jump = self.scroll_to.take();
        area = area.stick_to_bottom(jump.is_none()); // else the end would be stronger
        if let Some(offset) = jump {
            area = area.vertical_scroll_offset(offset);
        }
        let zoom = self.shown_zoom();
        let output = area.show_viewport(ui, |ui, viewport| {
            chosen = self.diagram_ui(ui, scene, (lanes, viewport), links, commands).or(chosen);
        });
        paint::heads_ui(ui, heads, lanes, self.plan.used);
        (self.offset, self.height) = (output.state.clamped_offset().y, output.inner_rect.height());
        let below = output.content_size.y - self.offset - self.height;
        self.zoom_ui(ui, output.inner_rect, zoom);
        self.follow_ui(ui, output.inner_rect, below);
        wake(ui, scene, &self.plan);
        chosen
    }

    /// The zoom in steps, so that letters are made in few sizes.
    fn shown_zoom(&self) -> f32 {
        (self.zoom / ZOOM.2).round() * ZOOM.2
    }

    fn set_zoom(&mut self, zoom: f32, fixed: f32) {
        let before = self.shown_zoom();
        self.zoom = zoom.clamp(ZOOM.0, ZOOM.1);
        let factor = self.shown_zoom() / before;
        if factor != 1.0 {
            // What is at this height of the view stays there.
            self.scroll_to = Some(((self.offset + fixed) * factor - fixed).max(0.0));
        }
    }

    #[allow(clippy::cast_precision_loss)] // half a point at 100,000 rows
    fn fit(&mut self, scene: &Scene) {
        let whole = self.plan.height(is_open(scene)) as f32;
        let zoom = (self.height / whole.max(1.0) / ZOOM.2).floor() * ZOOM.2;
        self.zoom = zoom.clamp(ZOOM.0, 1.0);
        self.scroll_to = Some(0.0);
    }

    // --- Tools

    fn tools_ui(&mut self, ui: &mut Ui, scene: &Scene) {
        let (strip, _) = ui.allocate_exact_size(vec2(ui.available_width(), TOOLS), Sense::hover());
        let inner = strip.shrink2(vec2(8.0, 0.0));
        let layout = Layout::left_to_right(Align::Center);
        ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            let middle = self.height / 2.0;
            if widgets::icon_button(ui, i::ICON_REMOVE.outlined(), "Zoom out").clicked() {
                self.set_zoom(self.zoom - PRESS, middle);
            }
            let words = format!("{:.0} %", self.shown_zoom() * 100.0);
            let usual = widgets::button(ui, Look::Ghost, Size::Small, None, &words, None);
            if usual.on_hover_text("Back to 100 %").clicked() {
                self.set_zoom(1.0, middle);
            }
            if widgets::icon_button(ui, i::ICON_ADD.outlined(), "Zoom in").clicked() {
                self.set_zoom(self.zoom + PRESS, middle);
            }
            let fit = widgets::button(ui, Look::Ghost, Size::Small, None, "Fit", None);
            if fit.on_hover_text("The whole run in this height, as long as it can be read").clicked() {
                self.fit(scene);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                self.copies.ui(ui, scene, &self.plan);
            });
        });
    }

    /// Up and down choose, Enter lets go; + and − zoom, where the diagram has the keyboard.
    fn keys(&mut self, ui: &Ui, scene: &Scene) -> Option<usize> {
        let elsewhere = ui.ctx().egui_wants_keyboard_input() && !self.focused;
        if elsewhere {
            return None;
        }
        if self.focused {
            let press = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
            let more = press(Key::Plus) || press(Key::Equals);
            if more || press(Key::Minus) {
                let step = if more { PRESS } else { -PRESS };
                self.set_zoom(self.zoom + step, self.height / 2.0);
            }
        }
        if self.plan.len() == 0 {
            return None;
        }
        let (up, down, enter) = ui.input_mut(|input| {
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            let enter = scene.selected.is_some() && !self.focused && pressed(Key::Enter);
            (pressed(Key::ArrowUp), pressed(Key::ArrowDown), enter)
        });
        if !(up || down) {
            return scene.selected.filter(|_| enter);
        }
        let place = scene.selected.and_then(|number| self.plan.find(scene, number));
        let last = self.plan.len() - 1;
        let next = match place {
            Some(place) if down => (place + 1).min(last),
            Some(place) => place.saturating_sub(1),
            None => last,
        };
        self.bring_to_sight(next);
        let number = self.plan.row(scene, next)?.number;
        (place != Some(next)).then_some(number)
    }

    #[allow(clippy::cast_precision_loss)] // half a point at 100,000 rows
    fn bring_to_sight(&mut self, place: usize) {
        let zoom = self.shown_zoom();
        let (top, bottom) = (self.plan.top(place) as f32 * zoom, self.plan.top(place + 1) as f32 * zoom);
        if top < self.offset {
            self.scroll_to = Some(top);
        } else if bottom > self.offset + self.height {
            self.scroll_to = Some(bottom - self.height);
        }
    }

    /// «3 new», while the end is out of sight.
    fn follow_ui(&mut self, ui: &mut Ui, body: Rect, below: f32) {
        let count = self.plan.len();
        if below < theme::TIMELINE_ROW / 2.0 {
            self.seen = count;
            return;
        }
        let new = count.saturating_sub(self.seen);
        if new == 0 {
            return;
        }
        let place = Rect::from_center_size(pos2(body.center().x, body.bottom() - 20.0), vec2(110.0, 26.0));
        ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
            let arrow = i::ICON_ARROW_DOWNWARD.outlined();
            if widgets::outlined_button(ui, Some(arrow), &format!("{new} new"), None).clicked() {
                self.scroll_to = Some(self.offset + below);
            }
        });
    }

    /// Ctrl and the wheel over the diagram, or two fingers.
    fn zoom_ui(&mut self, ui: &Ui, body: Rect, before: f32) {
        let pointer = ui.input(|input| input.pointer.hover_pos()).filter(|at| body.contains(*at));
        let delta = ui.input(|input| input.zoom_delta());
        let Some(pointer) = pointer.filter(|_| delta != 1.0 && ui.rect_contains_pointer(body)) else { return };
        self.set_zoom(self.zoom * delta, pointer.y - body.top());
        if before != self.shown_zoom() {
            ui.ctx().request_repaint();
        }
    }

    // --- The diagram

    #[allow(clippy::cast_precision_loss)] // half a point at 100,000 rows
    fn diagram_ui(
        &mut self,
        ui: &mut Ui,
        scene: &Scene,
        (lanes, viewport): (Lanes, Rect),
        links: &mut Vec<Link>,
        commands: &mut Vec<Command>,
    ) -> Option<usize> {
        let zoom = self.shown_zoom();
        let origin = ui.max_rect().top();
        let open = is_open(scene);
        let plan = &self.plan;
        ui.set_height((plan.height(open) as f32 * zoom).max(viewport.height()));
        let y = |height: u32| origin + height as f32 * zoom;
        let view = Rect::from_x_y_ranges(lanes.all, origin + viewport.top()..=origin + viewport.bottom());
        let ground = ground_ui(ui, scene.run.id.0, view);
        let canvas = Canvas { ui, lanes, zoom };
        let rows: Vec<Step> = plan
            .between(viewport.top() / zoom, viewport.bottom() / zoom)
            .filter_map(|place| Some((plan.row(scene, place)?, [place, place + 1].map(|edge| y(plan.top(edge))))))
            .map(|(row, edges)| step_ui(&canvas, scene, row, edges))
            .collect();
        self.focused = ground.has_focus() || rows.iter().any(|step| step.response.has_focus());
        let chosen = rows.iter().find(|step| step.response.clicked()).map(|step| step.row.number);
        canvas.lanes(view.y_range(), plan.used);
        if open {
            lives(&canvas, scene, plan, view, y);
        }
        for step in &rows {
            let why = canvas.row(plan, step.row, step.space, step.ground);
            links.extend(why.map(|rule| Link::Why(scene.run.id, Question::Finding(step.row.number, rule))));
            widgets::focus_ring(ui, step.space.shrink(3.0), &step.response);
        }
        for step in rows {
            let words = || told(step.row, plan.findings(step.row.number));
            step.response.on_hover_ui(|ui| drop(ui.label(words())));
        }
        if open && present_ui(&canvas, scene, plan, view, y) {
            commands.extend(scene.switch.clone().map(Command::Sandbox));
        }
        if plan.len() == 0 && !scene.rows.is_empty() {
            canvas.nothing(view.top() + 12.0);
        }
        widgets::focus_ring(ui, view.shrink(3.0), &ground);
        chosen
    }
}

/// A row in sight, before it is painted.
struct Step<'a> {
    row: &'a RowView,
    space: Rect,
    /// What its words stand on.
    ground: Color32,
    response: Response,
}

/// Takes clicks for a row and paints what lies under it.
fn step_ui<'a>(canvas: &Canvas, scene: &Scene, row: &'a RowView, [top, bottom]: [f32; 2]) -> Step<'a> {
    let space = Rect::from_x_y_ranges(canvas.lanes.all, top..=bottom);
    let response = canvas.ui.interact(space, Id::unique(("step", scene.run.id.0, row.number)), Sense::click());
    let selected = scene.selected == Some(row.number);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, row.label()));
    let ground = canvas.ground(space, selected, response.hovered());
    Step { row, space, ground, response }
}

/// A row in full, with what it breaks: in the diagram some of it may be cut.
fn told(row: &RowView, findings: &[Observation]) -> String {
    let line = |one: &Observation| format!("\n{} {} · {}", one.rule, widgets::display_text(&one.title), one.source);
    std::iter::once(row.label()).chain(findings.iter().map(line)).collect()
}

/// Bars on the lanes that wait to this day.
fn lives(canvas: &Canvas, scene: &Scene, plan: &Plan, view: Rect, y: impl Fn(u32) -> f32) {
    let now = y(plan.now());
    for (place, row) in plan.waiting.iter().filter_map(|place| Some((*place, plan.row(scene, *place)?))) {
        let heights = Rangef::new((y(plan.top(place)) + 4.0).max(view.top()), now.min(view.bottom()));
        if heights.min < heights.max {
            canvas.life((row.from, row.to), heights);
        }
    }
}

/// The empty ground: takes the keyboard, and moves the diagram when it is dragged.
fn ground_ui(ui: &Ui, run: u64, view: Rect) -> Response {
    let ground = ui.interact(view, Id::unique(("sequence ground", run)), Sense::click_and_drag());
    let name = "Sequence diagram";
    ground.widget_info(|| WidgetInfo::labeled(Role::Label, true, name));
    if ground.clicked() {
        ground.request_focus();
    }
    if ground.dragged_by(PointerButton::Primary) || ground.dragged_by(PointerButton::Middle) {
        ui.ctx().set_cursor_icon(egui::CursorIcon::Grabbing);
        ui.scroll_with_delta(vec2(0.0, ground.drag_delta().y));
    }
    ground
}

/// Deadlines, the line of the present, and what is expected. True if the clock's link was
/// followed.
fn present_ui(canvas: &Canvas, scene: &Scene, plan: &Plan, view: Rect, y: impl Fn(u32) -> f32) -> bool {
    let waiting = plan.waiting.last().and_then(|place| plan.row(scene, *place));
    let lanes = waiting.map_or((Lane::Merchant, Lane::Sessions), |row| (row.from, row.to));
    let mut switched = false;
    for (place, deadline) in plan.deadlines.iter().enumerate() {
        let switch = scene.switch.as_ref().filter(|_| place == 0);
        switched |= canvas.deadline(scene, deadline, (lanes, switch), y(paint::deadline_top(plan, place)));
    }
    canvas.now(y(plan.now()), scene.now.since(scene.run.started));
    for (place, ghost) in plan.ghosts.iter().enumerate() {
        let top = y(plan.ghost(place));
        if top < view.bottom() && top + 60.0 > view.top() {
            canvas.ghost(ghost, place, top);
        }
    }
    switched
}

/// True if the present is below the rows: the run is open, and no past moment is looked at.
fn is_open(scene: &Scene) -> bool {
    scene.run.is_open() && scene.then.is_none()
}

/// Draws again when a countdown changes: each second, while one runs.
fn wake(ui: &Ui, scene: &Scene, plan: &Plan) {
    let counts = plan.deadlines.iter().map(|deadline| deadline.left(scene.now)).filter(|left| !left.is_zero());
    let next: Option<Duration> = counts.map(until_next_second).min();
    if let Some(next) = next.filter(|_| !scene.held && is_open(scene)) {
        ui.ctx().request_repaint_after(next);
    }
}

/// A small tool: an icon with its words beside it, or above it where they have no room.
fn tool(ui: &mut Ui, (wide, icon): (bool, egui_material_icons::MaterialIcon), words: &str) -> Response {
    match wide {
        true => widgets::button(ui, Look::Ghost, Size::Small, Some(icon), words, None),
        false => widgets::icon_button(ui, icon, words),
    }
}
