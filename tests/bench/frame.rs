//! One frame without a window or a graphics card: layout and tessellation, by the thread's
//! own CPU clock, so that whatever else the machine does is not counted.
#![allow(dead_code)] // each benchmark uses its part

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use egui::epaint::ClippedShape;
use egui::{Context, Event, RawInput, Rect, Shape, Ui, Vec2};
use rustix::time::{ClockId, clock_gettime};
use sessions_console::ui::theme;

/// CPU time of this thread so far.
pub fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// The CPU time that something takes, and what it gives.
pub fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let before = cpu();
    let value = work();
    (cpu() - before, value)
}

/// What a frame cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Layout and tessellation, CPU time of the thread.
    pub cpu: Duration,
    /// Triangles to draw.
    pub triangles: usize,
    /// When egui wants the next frame; `Duration::MAX` is never.
    pub again: Duration,
    /// A hash of the texts and where they stand: the same only if nothing moved.
    pub picture: u64,
}

/// A window of which only the layout exists.
pub struct Headless {
    ctx: Context,
    size: Vec2,
    time: f64,
}

impl Headless {
    /// A window of so many points with the house look.
    pub fn new(width: f32, height: f32) -> Self {
        let ctx = Context::default();
        theme::install(&ctx);
        Self { ctx, size: Vec2::new(width, height), time: 0.0 }
    }

    /// One frame, a sixtieth of a second after the last.
    pub fn frame(&mut self, events: Vec<Event>, mut draw: impl FnMut(&mut Ui)) -> Cost {
        self.time += 1.0 / 60.0;
        let screen_rect = Some(Rect::from_min_size(egui::Pos2::ZERO, self.size));
        let input = RawInput { screen_rect, time: Some(self.time), events, ..RawInput::default() };
        let before = cpu();
        let output = self.ctx.run_ui(input, &mut draw);
        let laid_out = cpu() - before;
        let picture = picture(&output.shapes);
        let before = cpu();
        let meshes = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        let cpu = laid_out + (cpu() - before);
        let triangles = meshes.iter().map(|mesh| match &mesh.primitive {
            egui::epaint::Primitive::Mesh(mesh) => mesh.indices.len() / 3,
            egui::epaint::Primitive::Callback(_) => 0,
        });
        let again = output.viewport_output.values().map(|view| view.repaint_delay).min().unwrap_or(Duration::MAX);
        Cost { cpu, triangles: triangles.sum(), again, picture }
    }
}

fn picture(shapes: &[ClippedShape]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for shape in shapes {
        if let Shape::Text(text) = &shape.shape {
            (text.galley.text(), text.pos.x.to_bits(), text.pos.y.to_bits()).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// The value below which this share (0 to 1) of them lie.
pub fn quantile(times: &[Duration], share: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)] // a few thousand
    let place = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or_default()
}

/// `1.23 ms`.
pub fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
