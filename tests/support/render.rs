//! A renderer for `egui_kittest` that needs no graphics card, and a harness that has the
//! house look from its first frame. Pictures come out the same on every machine.

use std::collections::HashMap;

use egui::epaint::{ClippedPrimitive, Primitive, Vertex};
use egui::{ColorImage, ImageData, Pos2, Rect, TextureId, TexturesDelta};
use egui_kittest::{Harness, TestRenderer};
use sessions_console::ui::theme;

#[allow(dead_code)] // the timeline's tests build their own
/// A harness of this size in points that draws `draw` with the house look.
pub fn harness<S: 'static>(
    size: [f32; 2],
    mut draw: impl FnMut(&mut egui::Ui, &mut S) + 'static,
    state: S,
) -> Harness<'static, S> {
    Harness::builder()
        .with_size(size)
        .with_max_steps(30)
        .with_context_setup(theme::install)
        .renderer(CpuRenderer::default())
        .build_ui_state(
            move |ui, state| {
                // The whole window, without the harness's own margin.
                let whole = ui.ctx().content_rect();
                let mut window = ui.new_child(egui::UiBuilder::new().max_rect(whole));
                window.set_clip_rect(whole);
                draw(&mut window, state);
            },
            state,
        )
}

/// Draws egui's triangles into memory. Textures are sampled bilinearly, as egui asks.
#[derive(Default)]
pub struct CpuRenderer {
    textures: HashMap<TextureId, ColorImage>,
}

struct Canvas {
    pixels: Vec<[f32; 4]>,
    width: usize,
    height: usize,
}

/// Whole pixels that may be touched: left, top, right, bottom.
type Clip = [usize; 4];

impl Canvas {
    fn clip(&self, rect: Rect, scale: f32) -> Clip {
        let pixel = |value: f32, most: usize| (value * scale).round().clamp(0.0, most as f32) as usize;
        [
            pixel(rect.min.x, self.width),
            pixel(rect.min.y, self.height),
            pixel(rect.max.x, self.width),
            pixel(rect.max.y, self.height),
        ]
    }

    fn triangle(&mut self, clip: Clip, mut corners: [&Vertex; 3], scale: f32, texture: Option<&ColorImage>) {
        let place = |vertex: &Vertex| vertex.pos * scale;
        let area = cross(place(corners[0]), place(corners[1]), place(corners[2]));
        if area == 0.0 || !area.is_finite() {
            return;
        }
        if area < 0.0 {
            corners.swap(1, 2);
        }
        let area = area.abs();
        let points = corners.map(place);
        let bounds = Rect::from_points(&points);
        let [left, top] = [bounds.min.x, bounds.min.y].map(|v| v.floor().max(0.0) as usize);
        let [right, bottom] = [bounds.max.x, bounds.max.y].map(|v| v.ceil().max(0.0) as usize);
        for y in top.max(clip[1])..bottom.min(clip[3]) {
            for x in left.max(clip[0])..right.min(clip[2]) {
                let at = Pos2::new(x as f32 + 0.5, y as f32 + 0.5);
                if let Some(weights) = weights(points, at, area) {
                    self.blend(x, y, colour(corners, weights, texture));
                }
            }
        }
    }

    /// Premultiplied source over destination.
    fn blend(&mut self, x: usize, y: usize, source: [f32; 4]) {
        let Some(pixel) = self.pixels.get_mut(y * self.width + x) else { return };
        let rest = 1.0 - source[3] / 255.0;
        for (below, above) in pixel.iter_mut().zip(source) {
            *below = (above + *below * rest).round().clamp(0.0, 255.0);
        }
    }
}

fn cross(a: Pos2, b: Pos2, c: Pos2) -> f32 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

/// How much each corner weighs at a point; `None` outside. An edge belongs to one of the two
/// triangles that share it, so that nothing is blended twice.
fn weights([a, b, c]: [Pos2; 3], at: Pos2, area: f32) -> Option<[f32; 3]> {
    let mut weights = [0.0; 3];
    for (weight, (from, to)) in weights.iter_mut().zip([(b, c), (c, a), (a, b)]) {
        let side = cross(from, to, at);
        let ours = (from.y == to.y && to.x > from.x) || to.y < from.y;
        if side < 0.0 || (side == 0.0 && !ours) {
            return None;
        }
        *weight = side / area;
    }
    Some(weights)
}

fn colour(corners: [&Vertex; 3], weights: [f32; 3], texture: Option<&ColorImage>) -> [f32; 4] {
    let (mut colour, mut u, mut v) = ([0.0; 4], 0.0, 0.0);
    for (corner, weight) in corners.into_iter().zip(weights) {
        for (sum, part) in colour.iter_mut().zip(corner.color.to_array()) {
            *sum += f32::from(part) * weight;
        }
        u += corner.uv.x * weight;
        v += corner.uv.y * weight;
    }
    if let Some(texture) = texture {
        for (sum, part) in colour.iter_mut().zip(sample(texture, u, v)) {
            *sum *= part / 255.0;
        }
    }
    colour
}

fn sample(image: &ColorImage, u: f32, v: f32) -> [f32; 4] {
    let [width, height] = image.size;
    let (x, y) = (u * width as f32 - 0.5, v * height as f32 - 0.5);
    let texel = |dx: f32, dy: f32| {
        let column = (x.floor() + dx).clamp(0.0, (width - 1) as f32) as usize;
        let row = (y.floor() + dy).clamp(0.0, (height - 1) as f32) as usize;
        image.pixels[row * width + column].to_array().map(f32::from)
    };
    let (fx, fy) = (x - x.floor(), y - y.floor());
    if fx == 0.0 && fy == 0.0 {
        return texel(0.0, 0.0);
    }
    let corners = [texel(0.0, 0.0), texel(1.0, 0.0), texel(0.0, 1.0), texel(1.0, 1.0)];
    let shares = [(1.0 - fx) * (1.0 - fy), fx * (1.0 - fy), (1.0 - fx) * fy, fx * fy];
    std::array::from_fn(|part| corners.iter().zip(shares).map(|(corner, share)| corner[part] * share).sum())
}

impl TestRenderer for CpuRenderer {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        for (id, deltas) in delta.set.drain() {
            for delta in deltas {
                let ImageData::Color(image) = &delta.image;
                let Some([left, top]) = delta.pos else {
                    self.textures.insert(id, ColorImage::clone(image));
                    continue;
                };
                let texture = self.textures.get_mut(&id).expect("egui patches only textures it has set");
                let (wide, width) = (texture.size[0], image.size[0]);
                for (row, pixels) in image.pixels.chunks_exact(width).enumerate() {
                    texture.pixels[(top + row) * wide + left..][..width].copy_from_slice(pixels);
                }
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    fn render(&mut self, ctx: &egui::Context, output: &egui::FullOutput) -> Result<image::RgbaImage, String> {
        let scale = output.pixels_per_point;
        let size = ctx.content_rect().size() * scale;
        let (width, height) = (size.x.round() as usize, size.y.round() as usize);
        let mut canvas = Canvas { pixels: vec![[0.0, 0.0, 0.0, 255.0]; width * height], width, height };
        for ClippedPrimitive { clip_rect, primitive } in ctx.tessellate(output.shapes.clone(), scale) {
            let Primitive::Mesh(mesh) = primitive else { continue };
            let clip = canvas.clip(clip_rect, scale);
            let texture = self.textures.get(&mesh.texture_id);
            for corners in mesh.indices.chunks_exact(3) {
                let corner = |place: usize| &mesh.vertices[corners[place] as usize];
                canvas.triangle(clip, [corner(0), corner(1), corner(2)], scale, texture);
            }
        }
        let bytes =
            canvas.pixels.iter().flat_map(|pixel| [pixel[0] as u8, pixel[1] as u8, pixel[2] as u8, 255]).collect();
        image::RgbaImage::from_raw(width as u32, height as u32, bytes).ok_or_else(|| "the size does not fit".into())
    }
}
