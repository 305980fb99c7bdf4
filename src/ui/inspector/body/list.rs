//! A place that scrolls over any height: positions are double-precision points, since a
//! list of a hundred million rows has no other place for them. Draws the bars; what is in
//! sight is the caller's.

use egui::{Id, Rect, Role, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use crate::ui::theme::Tokens;

/// Width of a bar, points.
pub(super) const BAR: f32 = 10.0;
/// Shortest handle, points. Source: `theme::TARGET`.
const HANDLE: f64 = 24.0;

/// Where a list stands, in points.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct List {
    /// What of it lies above the window.
    pub top: f64,
    /// What lies to the left.
    pub left: f64,
    /// What should be in sight: its upper edge and its height.
    goal: Option<(f64, f64)>,
    /// The same for what is in sight in part: no further than needed.
    whole: Option<(f64, f64)>,
}

impl List {
    /// Asks that this be in sight at the next drawing.
    pub fn show(&mut self, y: f64, height: f64) {
        self.goal = Some((y, height));
    }

    /// Asks that all of something be in sight of which a part is.
    pub fn show_whole(&mut self, y: f64, height: f64) {
        self.whole = Some((y, height));
    }

    /// Draws the bars of a list of this size and what `inner` draws within them. Give the
    /// size as zero if it fits.
    pub fn ui(&mut self, ui: &mut Ui, rect: Rect, size: (f64, f64), inner: impl FnOnce(&mut Ui, &Self)) {
        let page = f64::from(rect.height());
        if let Some((y, height)) = self.goal.take()
            && (y < self.top || y + height > self.top + page)
        {
            self.top = y - page / 3.0;
        }
        if let Some((y, height)) = self.whole.take() {
            self.top = self.top.max(y + height - page).min(y);
        }
        if ui.rect_contains_pointer(rect) {
            ui.input_mut(|input| {
                let delta = input.smooth_scroll_delta;
                self.top -= f64::from(delta.y);
                self.left -= f64::from(delta.x);
                input.smooth_scroll_delta = egui::Vec2::ZERO;
            });
        }
        let wide = f64::from(rect.width() - BAR);
        self.top = self.top.clamp(0.0, (size.1 - page).max(0.0));
        self.left = self.left.clamp(0.0, (size.0 - wide).max(0.0));
        let view = Rect::from_min_max(rect.min, pos2(rect.right() - BAR, rect.bottom()));
        ui.scope_builder(UiBuilder::new().max_rect(view), |ui| {
            ui.set_clip_rect(rect.intersect(ui.clip_rect()));
            inner(ui, self);
        });
        let id = ui.scope_id();
        let right = Rect::from_min_max(pos2(rect.right() - BAR, rect.top()), rect.max);
        self.top = bar(ui, id.with("down"), right, true, (self.top, page, size.1));
        let below = Rect::from_min_max(pos2(rect.left(), rect.bottom() - BAR), pos2(rect.right() - BAR, rect.bottom()));
        self.left = bar(ui, id.with("across"), below, false, (self.left, wide, size.0));
    }
}

/// One bar: where it stands, how much is in sight, how much there is. Where it stands then.
pub(super) fn bar(ui: &Ui, id: Id, track: Rect, down: bool, (at, page, size): (f64, f64, f64)) -> f64 {
    if size <= page {
        return at;
    }
    let long = f64::from(if down { track.height() } else { track.width() });
    let handle = (long * page / size).clamp(HANDLE.min(long), long);
    let (room, most) = ((long - handle).max(1.0), size - page);
    let response = ui.interact(track, id, Sense::DRAG | Sense::CLICK);
    let name = if down { "Scroll down the body" } else { "Scroll across the body" };
    response.widget_info(|| WidgetInfo::labeled(Role::ScrollBar, true, name));
    let start = if down { track.top() } else { track.left() };
    let mut now = at;
    if let Some(pointer) = response.interact_pointer_pos() {
        let along = f64::from(if down { pointer.y } else { pointer.x } - start);
        now = ((along - handle / 2.0) / room * most).clamp(0.0, most);
    }
    let tokens = Tokens::of(ui);
    let lit = response.hovered() || response.dragged();
    let from = start + (now / most * room) as f32;
    let thick = if lit { 8.0 } else { 5.0 };
    let rect = if down {
        Rect::from_min_size(pos2(track.right() - thick - 1.0, from), vec2(thick, handle as f32))
    } else {
        Rect::from_min_size(pos2(from, track.bottom() - thick - 1.0), vec2(handle as f32, thick))
    };
    ui.painter().rect_filled(rect, thick / 2.0, if lit { tokens.edge } else { tokens.line_strong });
    now
}
