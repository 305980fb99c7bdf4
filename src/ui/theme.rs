//! The look: colours by meaning, lane colours, type sizes and the few recurring sizes,
//! written into egui's own styles once. The only file that makes a colour; knows no panel.
//! Source of every number: design.md, «Numbers» and «Colours by meaning».

use egui::{Color32, Context, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, Theme, Vec2};

use crate::model::api::Status;
use crate::model::{Lane, explain};

/// What a pill, a sign or a finding says at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing decided, or nothing to say.
    Neutral,
    /// Information.
    Accent,
    /// 2xx, approved, attempted, matched.
    Success,
    /// 4xx, challenged, findings.
    Warning,
    /// 5xx, declined, rejected, errors.
    Danger,
}

impl Tone {
    /// The tone of a session's status. Source: design.md, «Status pill».
    pub fn of_status(status: &Status) -> Self {
        match status {
            Status::Approved | Status::Attempted => Self::Success,
            Status::Challenged => Self::Warning,
            Status::Declined | Status::Rejected => Self::Danger,
            _ => Self::Neutral,
        }
    }

    /// The tone of an HTTP status code. 2xx and 3xx are good; it never speaks of the session.
    pub fn of_http(status: u16) -> Self {
        match status {
            200..400 => Self::Success,
            400..500 => Self::Warning,
            _ => Self::Danger,
        }
    }
}

impl From<explain::Tone> for Tone {
    fn from(tone: explain::Tone) -> Self {
        match tone {
            explain::Tone::Good => Self::Success,
            explain::Tone::Mixed => Self::Warning,
            explain::Tone::Bad => Self::Danger,
            explain::Tone::Neutral => Self::Neutral,
        }
    }
}

/// Text colour and the tint it may stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ink {
    /// Text, signs, edges, bars.
    pub ink: Color32,
    /// The opaque background of badges and pills.
    pub tint: Color32,
}

/// The colours with a meaning. Nothing else in the crate makes a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    /// Rail, gutters, wells.
    pub bg0: Color32,
    /// Panels, bars.
    pub bg1: Color32,
    /// Cards, buttons, callback rows, environment chip.
    pub bg2: Color32,
    /// Chosen segment, neutral pill, hover, empty meter.
    pub bg3: Color32,
    /// Inputs.
    pub field: Color32,
    /// Body viewer.
    pub code: Color32,
    /// Separators.
    pub line: Color32,
    /// Inputs, buttons, keys.
    pub line_strong: Color32,
    /// Check boxes, hovered inputs.
    pub edge: Color32,
    /// What is read.
    pub text: Color32,
    /// Labels, explanations.
    pub text_second: Color32,
    /// Meta, hidden messages, hints.
    pub muted: Color32,
    /// Links, active mark, focus, now-line; tint of the next-action bar.
    pub accent: Ink,
    /// The primary button.
    pub accent_fill: Color32,
    /// Text on [`Tokens::accent_fill`] and [`Tokens::production`].
    pub on_fill: Color32,
    /// Selected row, chosen card.
    pub selection: Color32,
    /// Good news.
    pub success: Ink,
    /// Look at it.
    pub warning: Ink,
    /// Bad news; text and tint, never a solid fill.
    pub danger: Ink,
    /// Only production: filled chip and strip.
    pub production: Color32,
    /// JSON member names.
    pub json_key: Color32,
    /// JSON strings.
    pub json_string: Color32,
    /// JSON numbers.
    pub json_number: Color32,
    /// `true`, `false`, `null`.
    pub json_literal: Color32,
    /// In the order of [`Lane::ALL`].
    lanes: [Ink; 6],
}

const fn hex(rgb: u32) -> Color32 {
    let [_, r, g, b] = rgb.to_be_bytes();
    Color32::from_rgb(r, g, b)
}

const fn ink(ink: u32, tint: u32) -> Ink {
    Ink { ink: hex(ink), tint: hex(tint) }
}

/// The dark look.
pub const DARK: Tokens = Tokens {
    bg0: hex(0x0E1116),
    bg1: hex(0x14181F),
    bg2: hex(0x1B2029),
    bg3: hex(0x262D38),
    field: hex(0x0E1116),
    code: hex(0x0E1116),
    line: hex(0x29303B),
    line_strong: hex(0x3B4452),
    edge: hex(0x6A768B),
    text: hex(0xE7EAF0),
    text_second: hex(0xB9C1CE),
    muted: hex(0x949EAF),
    accent: ink(0x7FB0FF, 0x17243B),
    accent_fill: hex(0x2D6BDB),
    on_fill: hex(0xFFFFFF),
    selection: hex(0x1D3154),
    success: ink(0x57CB93, 0x15291F),
    warning: ink(0xEDB64A, 0x2C2412),
    danger: ink(0xFF8E7A, 0x311D1A),
    production: hex(0xD93640),
    json_key: hex(0xA9C4F2),
    json_string: hex(0x9AD9B3),
    json_number: hex(0xE6BE82),
    json_literal: hex(0xCBB0F7),
    lanes: [
        ink(0x45C9C1, 0x1F3F43),
        ink(0xD9B98B, 0x3F3B37),
        ink(0xA99AFF, 0x353550),
        ink(0xE38FE2, 0x42324A),
        ink(0xF7919F, 0x46333B),
        ink(0xC3CF6B, 0x3A4030),
    ],
};

/// The light look.
pub const LIGHT: Tokens = Tokens {
    bg0: hex(0xE9ECF1),
    bg1: hex(0xF6F7F9),
    bg2: hex(0xFFFFFF),
    bg3: hex(0xE3E7ED),
    field: hex(0xFFFFFF),
    code: hex(0xFFFFFF),
    line: hex(0xD6DBE3),
    line_strong: hex(0xB7BFCB),
    edge: hex(0x7C8797),
    text: hex(0x161A21),
    text_second: hex(0x3C4553),
    muted: hex(0x566070),
    accent: ink(0x1D5BC9, 0xE6EEFD),
    accent_fill: hex(0x2563D4),
    on_fill: hex(0xFFFFFF),
    selection: hex(0xDCE8FD),
    success: ink(0x14693D, 0xE2F4E9),
    warning: ink(0x7A4E00, 0xFBF0D5),
    danger: ink(0xA8331C, 0xFCE8E3),
    production: hex(0xC4232E),
    json_key: hex(0x26488C),
    json_string: hex(0x176240),
    json_number: hex(0x7A4E00),
    json_literal: hex(0x5F37B5),
    lanes: [
        ink(0x0A6E69, 0xD7E5E6),
        ink(0x775324, 0xE5E2DD),
        ink(0x5A3FCB, 0xE2DFF3),
        ink(0x93309A, 0xE9DDED),
        ink(0xAB2D50, 0xECDDE3),
        ink(0x56630A, 0xE1E4DA),
    ],
};

impl Tokens {
    /// The tokens of the look that this part of the screen is drawn in.
    pub fn of(ui: &egui::Ui) -> &'static Self {
        if ui.visuals().dark_mode { &DARK } else { &LIGHT }
    }

    /// A lane's colour and badge tint.
    pub fn lane(&self, lane: Lane) -> Ink {
        let place = Lane::ALL.iter().position(|one| *one == lane);
        place.and_then(|place| self.lanes.get(place)).copied().unwrap_or(self.accent)
    }

    /// Text and tint of a tone.
    pub fn tone(&self, tone: Tone) -> Ink {
        match tone {
            Tone::Neutral => Ink { ink: self.text_second, tint: self.bg3 },
            Tone::Accent => self.accent,
            Tone::Success => self.success,
            Tone::Warning => self.warning,
            Tone::Danger => self.danger,
        }
    }
}

/// Size of a result's and a window's title, points.
pub const TITLE: f32 = 19.0;
/// Size of an empty panel's title, points.
pub const EMPTY_TITLE: f32 = 24.0;
/// Size of a plain sentence, points.
pub const SENTENCE: f32 = 14.5;
/// Size of body text, buttons and labels, points.
pub const BODY: f32 = 13.0;
/// Size of tabs and segments, points.
pub const TAB: f32 = 12.5;
/// Size of help and meta text, points.
pub const SMALL: f32 = 11.5;
/// Size of captions in chips and of key caps, points; nothing is smaller.
pub const CAPTION: f32 = 11.0;
/// Size of code, paths, ids and numbers, points.
pub const CODE: f32 = 12.0;

/// Height of the top bar, points.
pub const TOP_BAR: f32 = 48.0;
/// Height of a panel's head, points.
pub const PANEL_HEAD: f32 = 40.0;
/// Height of the status bar, points.
pub const STATUS_BAR: f32 = 24.0;
/// Height of a form's row, points.
pub const FORM_ROW: f32 = 28.0;
/// Width of a form's label column, points.
pub const LABEL_COLUMN: f32 = 130.0;
/// Height of a row of the timeline, points.
pub const TIMELINE_ROW: f32 = 26.0;
/// Space between a panel's edge and what is in it, points.
pub const PADDING: f32 = 12.0;
/// The same in panels that are read, points.
pub const READING_PADDING: f32 = 14.0;
/// Smallest side of a click target, points.
pub const TARGET: f32 = 24.0;

/// Ubuntu at this size in points.
pub fn words(points: f32) -> FontId {
    FontId::proportional(points)
}

/// Hack at this size in points, for wire names and values.
pub fn code(points: f32) -> FontId {
    FontId::monospace(points)
}

/// The icon font of an icon's own style, at this size in points.
pub fn icon(icon: egui_material_icons::MaterialIcon, points: f32) -> FontId {
    FontId::new(points, icon.font_family())
}

/// A line between panels.
pub fn line(tokens: &Tokens) -> Stroke {
    Stroke::new(1.0, tokens.line)
}

/// Writes the tokens into egui's own styles and adds the icon fonts, which can be used
/// from the next frame on. Called once, before the first frame.
pub fn install(ctx: &Context) {
    egui_material_icons::initialize(ctx);
    ctx.options_mut(|options| options.zoom_with_keyboard = false); // ours, since it is remembered
    for (theme, tokens) in [(Theme::Dark, &DARK), (Theme::Light, &LIGHT)] {
        ctx.style_mut_of(theme, |style| {
            text_styles(style);
            spacing(style);
            visuals(&mut style.visuals, tokens);
        });
    }
}

/// True once the icon fonts can be used: from the frame after [`install`].
pub fn ready(ctx: &Context) -> bool {
    let family = FontFamily::Name(egui_material_icons::FONT_FAMILY.into());
    ctx.fonts(|fonts| fonts.definitions().families.contains_key(&family))
}

fn text_styles(style: &mut egui::Style) {
    style.text_styles = [
        (TextStyle::Heading, words(TITLE)),
        (TextStyle::Body, words(BODY)),
        (TextStyle::Button, words(BODY)),
        (TextStyle::Small, words(SMALL)),
        (TextStyle::Monospace, code(CODE)),
    ]
    .into();
}

fn spacing(style: &mut egui::Style) {
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::new(8.0, 4.0);
    spacing.button_padding = Vec2::new(8.0, 3.0);
    spacing.interact_size = Vec2::new(TARGET, TARGET);
    spacing.window_margin = Margin::same(12);
    spacing.menu_margin = Margin::same(6);
    spacing.indent = 14.0;
    spacing.icon_width = 14.0;
    spacing.icon_width_inner = 8.0;
    spacing.icon_spacing = 8.0;
    spacing.combo_height = 320.0;
    // The bar lies in the panel's padding.
    spacing.scroll = egui::style::ScrollStyle { floating_allocated_width: 0.0, ..egui::style::ScrollStyle::thin() };
    style.interaction.tooltip_delay = 0.35;
    style.animation_time = 0.12;
}

fn visuals(visuals: &mut egui::Visuals, tokens: &Tokens) {
    visuals.weak_text_color = Some(tokens.muted);
    visuals.hyperlink_color = tokens.accent.ink;
    visuals.faint_bg_color = tokens.bg2;
    visuals.extreme_bg_color = tokens.field;
    visuals.text_edit_bg_color = Some(tokens.field);
    visuals.code_bg_color = tokens.code;
    visuals.warn_fg_color = tokens.warning.ink;
    visuals.error_fg_color = tokens.danger.ink;
    visuals.window_fill = tokens.bg1;
    visuals.window_stroke = Stroke::new(1.0, tokens.line_strong);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.window_shadow = Shadow::NONE;
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.popup_shadow = Shadow::NONE;
    visuals.panel_fill = tokens.bg1;
    visuals.selection.bg_fill = tokens.selection;
    visuals.selection.stroke = Stroke::new(1.0, tokens.accent.ink);
    visuals.text_cursor.blink = false;
    visuals.text_cursor.stroke = Stroke::new(2.0, tokens.accent.ink);
    widget_visuals(&mut visuals.widgets, tokens);
}

fn widget_visuals(widgets: &mut egui::style::Widgets, tokens: &Tokens) {
    let states = [
        (&mut widgets.noninteractive, tokens.bg1, tokens.line, tokens.text),
        (&mut widgets.inactive, tokens.bg2, tokens.line_strong, tokens.text),
        (&mut widgets.hovered, tokens.bg3, tokens.edge, tokens.text),
        (&mut widgets.active, tokens.bg3, tokens.accent.ink, tokens.text),
        (&mut widgets.open, tokens.bg3, tokens.edge, tokens.text),
    ];
    for (state, fill, stroke, text) in states {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.bg_stroke = Stroke::new(1.0, stroke);
        state.fg_stroke = Stroke::new(1.0, text);
        state.corner_radius = CornerRadius::same(5);
        state.expansion = 0.0;
    }
    widgets.open.weak_bg_fill = tokens.bg1; // also the head of the window in front: flat
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, WCAG 2.
    fn luminance(colour: Color32) -> f32 {
        let linear = |part: u8| {
            let part = f32::from(part) / 255.0;
            if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_text_can_be_read_on_every_ground() {
        for tokens in [&DARK, &LIGHT] {
            let grounds = [tokens.bg0, tokens.bg1, tokens.bg2, tokens.bg3, tokens.selection, tokens.field];
            let mut pairs: Vec<(Color32, Color32)> = Vec::new();
            let tones = [tokens.accent, tokens.success, tokens.warning, tokens.danger];
            let texts = [tokens.text, tokens.text_second, tokens.muted].into_iter();
            let texts = texts.chain(tones.map(|tone| tone.ink)).chain(tokens.lanes.map(|lane| lane.ink));
            for text in texts {
                pairs.extend(grounds.map(|ground| (text, ground)));
            }
            pairs.extend(tones.map(|tone| (tone.ink, tone.tint)));
            pairs.extend(tokens.lanes.map(|lane| (lane.ink, lane.tint)));
            pairs.extend([(tokens.on_fill, tokens.accent_fill), (tokens.on_fill, tokens.production)]);
            for json in [tokens.json_key, tokens.json_string, tokens.json_number, tokens.json_literal] {
                pairs.push((json, tokens.code));
            }
            for (text, ground) in pairs {
                assert!(contrast(text, ground) >= 4.5, "{text:?} on {ground:?}: {}", contrast(text, ground));
            }
        }
    }
}
