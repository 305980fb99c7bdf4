//! A renderer without a GPU: pictures come out the same on any machine.
#![allow(clippy::all, missing_docs)]

use egui::epaint::{ClippedPrimitive, Primitive, Vertex};
use egui::{Color32, ImageData, TextureFilter, TextureId, TextureOptions, TexturesDelta};
use egui_kittest::TestRenderer;
use std::collections::HashMap;

/// Pure-CPU `TestRenderer`: no GPU, Vulkan, EGL or window system.
#[derive(Default)]
pub struct CpuRenderer { tex: HashMap<TextureId, (egui::ColorImage, TextureOptions)> }

impl CpuRenderer {
    fn sample(img: &egui::ColorImage, o: TextureOptions, u: f32, v: f32) -> [f32; 4] {
        let [w, h] = img.size;
        let get = |x: i32, y: i32| -> [f32; 4] {
            let x = x.clamp(0, w as i32 - 1) as usize; let y = y.clamp(0, h as i32 - 1) as usize;
            img.pixels[y * w + x].to_array().map(|c| c as f32)
        };
        let (x, y) = (u * w as f32, v * h as f32);
        match o.magnification {
            TextureFilter::Nearest => get(x.floor() as i32, y.floor() as i32),
            TextureFilter::Linear => {
                let (x, y) = (x - 0.5, y - 0.5); let (x0, y0) = (x.floor(), y.floor()); let (fx, fy) = (x - x0, y - y0);
                let (x0, y0) = (x0 as i32, y0 as i32);
                let (a, b, c, d) = (get(x0, y0), get(x0 + 1, y0), get(x0, y0 + 1), get(x0 + 1, y0 + 1));
                std::array::from_fn(|i| (a[i] * (1.0 - fx) + b[i] * fx) * (1.0 - fy) + (c[i] * (1.0 - fx) + d[i] * fx) * fy)
            }
        }
    }
    fn tri(buf: &mut [[f32; 4]], w: i32, h: i32, clip: [i32; 4], v: [&Vertex; 3], ppp: f32, tex: Option<&(egui::ColorImage, TextureOptions)>) {
        let p: [(f32, f32); 3] = std::array::from_fn(|i| (v[i].pos.x * ppp, v[i].pos.y * ppp));
        let area = (p[1].0 - p[0].0) * (p[2].1 - p[0].1) - (p[1].1 - p[0].1) * (p[2].0 - p[0].0);
        if area == 0.0 || !area.is_finite() { return; }
        let (o, p, area) = if area < 0.0 { ([0, 2, 1], [p[0], p[2], p[1]], -area) } else { ([0, 1, 2], p, area) };
        let v = [v[o[0]], v[o[1]], v[o[2]]];
        let minx = p.iter().map(|q| q.0).fold(f32::MAX, f32::min).floor().max(clip[0] as f32).max(0.0) as i32;
        let maxx = (p.iter().map(|q| q.0).fold(f32::MIN, f32::max).ceil() as i32).min(clip[2]).min(w);
        let miny = p.iter().map(|q| q.1).fold(f32::MAX, f32::min).floor().max(clip[1] as f32).max(0.0) as i32;
        let maxy = (p.iter().map(|q| q.1).fold(f32::MIN, f32::max).ceil() as i32).min(clip[3]).min(h);
        let edge = |a: (f32, f32), b: (f32, f32), x: f32, y: f32| (b.0 - a.0) * (y - a.1) - (b.1 - a.1) * (x - a.0);
        let topleft = |a: (f32, f32), b: (f32, f32)| (a.1 == b.1 && b.0 > a.0) || b.1 < a.1;
        let tl = [topleft(p[1], p[2]), topleft(p[2], p[0]), topleft(p[0], p[1])];
        let c: [[f32; 4]; 3] = std::array::from_fn(|i| v[i].color.to_array().map(|c| c as f32));
        for y in miny..maxy { for x in minx..maxx {
            let (cx, cy) = (x as f32 + 0.5, y as f32 + 0.5);
            let e = [edge(p[1], p[2], cx, cy), edge(p[2], p[0], cx, cy), edge(p[0], p[1], cx, cy)];
            if (0..3).any(|i| e[i] < 0.0 || (e[i] == 0.0 && !tl[i])) { continue; }
            let b = e.map(|e| e / area);
            let mut src: [f32; 4] = std::array::from_fn(|i| c[0][i] * b[0] + c[1][i] * b[1] + c[2][i] * b[2]);
            if let Some((img, opt)) = tex {
                let u = v[0].uv.x * b[0] + v[1].uv.x * b[1] + v[2].uv.x * b[2];
                let vv = v[0].uv.y * b[0] + v[1].uv.y * b[1] + v[2].uv.y * b[2];
                let t = Self::sample(img, *opt, u, vv);
                for i in 0..4 { src[i] *= t[i] / 255.0; }
            }
            let d = &mut buf[(y * w + x) as usize];
            let ia = 1.0 - src[3] / 255.0;
            for i in 0..4 { d[i] = (src[i] + d[i] * ia).round().clamp(0.0, 255.0); }
        } }
    }
}

impl TestRenderer for CpuRenderer {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        for (id, deltas) in delta.set.drain() {
            for d in deltas {
                let ImageData::Color(img) = &d.image;
                match d.pos {
                    None => { self.tex.insert(id, ((**img).clone(), d.options)); }
                    Some([px, py]) => {
                        let (dst, _) = self.tex.get_mut(&id).expect("patch of unknown texture");
                        let (dw, sw) = (dst.size[0], img.size[0]);
                        for row in 0..img.size[1] { dst.pixels[(py + row) * dw + px..][..sw].copy_from_slice(&img.pixels[row * sw..][..sw]); }
                    }
                }
            }
        }
        for id in delta.free.drain() { self.tex.remove(&id); }
    }
    fn render(&mut self, ctx: &egui::Context, out: &egui::FullOutput) -> Result<image::RgbaImage, String> {
        let ppp = out.pixels_per_point;
        let size = ctx.content_rect().size() * ppp;
        let (w, h) = (size.x.round() as i32, size.y.round() as i32);
        let bg = Color32::from_rgb(12, 12, 12).to_array().map(|c| c as f32);
        let mut buf = vec![bg; (w * h) as usize];
        for ClippedPrimitive { clip_rect, primitive } in ctx.tessellate(out.shapes.clone(), ppp) {
            let Primitive::Mesh(m) = primitive else { continue };
            let clip = [(clip_rect.min.x * ppp).round() as i32, (clip_rect.min.y * ppp).round() as i32, (clip_rect.max.x * ppp).round() as i32, (clip_rect.max.y * ppp).round() as i32];
            let tex = self.tex.get(&m.texture_id);
            for t in m.indices.chunks_exact(3) { Self::tri(&mut buf, w, h, clip, [&m.vertices[t[0] as usize], &m.vertices[t[1] as usize], &m.vertices[t[2] as usize]], ppp, tex); }
        }
        let raw: Vec<u8> = buf.iter().flat_map(|p| [p[0] as u8, p[1] as u8, p[2] as u8, 255]).collect();
        image::RgbaImage::from_raw(w as u32, h as u32, raw).ok_or_else(|| "size".into())
    }
}
