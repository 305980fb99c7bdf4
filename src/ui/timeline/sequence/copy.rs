//! The diagram for others: as a picture, as text, as Mermaid. Hides: that the picture is drawn
//! away from the window's thread, whole, by a renderer of its own. What leaves here shows no
//! more than the screen does: the same rows, in the same words.

use std::sync::{Arc, OnceLock};

use egui::containers::menu::MenuButton;
use egui::{ColorImage, Ui};
use egui_material_icons::icons as i;

use super::super::Scene;
use super::super::rows::{Mark, RowView};
use super::layout::{self, Plan};
use super::save::Save;
use super::tool;
use crate::bus::Command;
use crate::export::diagram::{Inks, svg};
use crate::model::Lane;
use crate::model::lint::observed::Observation;
use crate::model::sequence::{Arrow, Diagram, text};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets;

/// Rows in a picture at most, the newest: taller ones no program shows. Our choice.
const PICTURED: usize = 400;
/// Rows in a text at most, the newest. Our choice.
const WRITTEN: usize = 5_000;
/// Under this width, points, the tools show no words.
const ROOM_FOR_WORDS: f32 = 320.0;
/// Dots of the picture for each point.
const SCALE: f32 = 2.0;

/// What a picture came to.
type Picture = Arc<OnceLock<Result<ColorImage, String>>>;

/// What is being made.
#[derive(Debug, Default)]
pub struct Copies {
    picture: Option<Picture>,
    failed: Option<String>,
    save: Save,
}

impl Copies {
    /// The tools, from right to left.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene, plan: &Plan) {
        self.take_picture(ui);
        let wide = ui.available_width() > ROOM_FOR_WORDS;
        self.more_ui(ui, scene, plan);
        let (icon, words) = match widgets::just_copied(ui, TEXT) {
            true => (i::ICON_CHECK.outlined(), "Copied"),
            false => (i::ICON_NOTES.outlined(), "Copy as text"),
        };
        if tool(ui, (wide, icon), words).clicked() {
            widgets::copy(ui, TEXT, &text::text(&diagram(scene, plan, WRITTEN)));
        }
        let (icon, words) = match (&self.picture, widgets::just_copied(ui, PICTURE)) {
            (Some(_), _) => (i::ICON_HOURGLASS_EMPTY.outlined(), "Drawing…"),
            (None, true) => (i::ICON_CHECK.outlined(), "Copied"),
            (None, false) => (i::ICON_IMAGE.outlined(), "Copy as picture"),
        };
        let busy = self.picture.is_some();
        let button = ui.add_enabled_ui(!busy, |ui| tool(ui, (wide, icon), words)).inner;
        let told = match &self.failed {
            Some(why) => format!("No picture came of it: {why}"),
            None => "The whole diagram, also what is scrolled away, in these colours".into(),
        };
        if button.on_hover_text(told).clicked() {
            let svg = svg(&diagram(scene, plan, PICTURED), &inks(Tokens::of(ui)));
            self.picture = Some(draw(ui, svg));
        }
    }

    /// The same for other programs.
    fn more_ui(&mut self, ui: &mut Ui, scene: &Scene, plan: &Plan) {
        let words = egui::RichText::new("More…").font(theme::words(theme::TAB));
        let button = egui::Button::new(words).frame(false).min_size(egui::Vec2::splat(theme::TARGET));
        MenuButton::from_button(button).ui(ui, |ui| {
            ui.set_min_width(170.0);
            let item = |ui: &mut Ui, words: &str, told: &str| {
                let clicked = ui.button(words).on_hover_text(told).clicked();
                if clicked {
                    ui.close();
                }
                clicked
            };
            if item(ui, "Copy as Mermaid", "For a page that draws diagrams from text") {
                ui.ctx().copy_text(text::mermaid(&diagram(scene, plan, WRITTEN)));
            }
            if item(ui, "Copy as SVG", "The picture as a file's text") {
                ui.ctx().copy_text(drawn(ui, scene, plan));
            }
            if item(ui, "Save as SVG…", "The picture as a file, as large as one likes") {
                self.save.ask(ui);
            }
            if item(ui, "Save to a path…", "The same where the path is typed") {
                self.save.type_path();
            }
        });
    }

    /// The field for a path, while one is asked for.
    pub fn save_ui(&mut self, ui: &mut Ui, scene: &Scene, plan: &Plan, commands: &mut Vec<Command>) {
        if let Some(path) = self.save.ui(ui) {
            commands.push(Command::SavePicture(path, drawn(ui, scene, plan)));
        }
    }

    /// A picture that is ready goes to the clipboard.
    fn take_picture(&mut self, ui: &Ui) {
        let Some(picture) = &self.picture else { return };
        match picture.get() {
            None if Arc::strong_count(picture) > 1 => return, // still being drawn
            None => self.failed = Some("the renderer stopped".into()),
            Some(Ok(image)) => {
                ui.ctx().copy_image(image.clone());
                widgets::mark_copied(ui, PICTURE);
                self.failed = None;
            }
            Some(Err(why)) => self.failed = Some(why.clone()),
        }
        self.picture = None;
    }
}

/// The key under which a copied text is remembered.
const TEXT: &str = "sequence text";
/// The key under which a copied picture is remembered.
const PICTURE: &str = "sequence picture";

/// The diagram as an SVG document in the colours of the window.
fn drawn(ui: &Ui, scene: &Scene, plan: &Plan) -> String {
    svg(&diagram(scene, plan, WRITTEN), &inks(Tokens::of(ui)))
}

/// Draws a picture on a thread of its own and wakes the window.
fn draw(ui: &Ui, svg: String) -> Picture {
    let (picture, ctx) = (Picture::default(), ui.ctx().clone());
    let told = Arc::clone(&picture);
    std::thread::spawn(move || {
        told.set(rendered(&svg)).ok(); // nobody else sets it
        drop(told);
        ctx.request_repaint();
    });
    picture
}

fn rendered(svg: &str) -> Result<ColorImage, String> {
    use resvg::{tiny_skia, usvg};
    let mut options = usvg::Options::default();
    let fonts = options.fontdb_mut();
    for font in egui::FontDefinitions::default().font_data.values() {
        fonts.load_font_source(usvg::fontdb::Source::Binary(Arc::clone(&font.font)));
    }
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| error.to_string())?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or("it is too large")?;
    let mut dots = tiny_skia::Pixmap::new(size.width(), size.height()).ok_or("it is too large")?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(SCALE, SCALE), &mut dots.as_mut());
    let size = [size.width(), size.height()].map(|side| usize::try_from(side).unwrap_or(usize::MAX));
    Ok(ColorImage::from_rgba_premultiplied(size, dots.data()))
}

/// The newest rows that are shown, as a diagram.
pub fn diagram(scene: &Scene, plan: &Plan, most: usize) -> Diagram {
    let first = plan.len().saturating_sub(most);
    let rows = (first..plan.len()).filter_map(|place| plan.row(scene, place));
    let session = scene.run.session();
    let mut title = session.map_or("Session, not created yet".to_owned(), |session| {
        format!("{} {}", widgets::display_text(&session.id.0), widgets::display_text(session.status.word()))
    });
    if first > 0 {
        title.push_str(&format!(", without its first {first} messages"));
    }
    Diagram {
        title,
        arrows: rows.map(|row| arrow(row, plan)).collect(),
        ghosts: plan.ghosts.clone(),
        deadlines: plan.deadlines.clone(),
        now: scene.now,
        open: super::is_open(scene).then(|| scene.now.since(scene.run.started)),
        held: scene.held,
    }
}

fn arrow(row: &RowView, plan: &Plan) -> Arrow {
    let (mark, status) = match &row.mark {
        Some(Mark::Status(status)) => (None, Some(widgets::display_text(status.word()))),
        Some(Mark::Word(_, _, word)) => (Some(widgets::display_text(word)), None),
        None => (None, None),
    };
    let finding = |one: &Observation| format!("{} {} ({})", one.rule, widgets::display_text(&one.title), one.source);
    Arrow {
        at: row.at,
        took: row.took,
        from: row.from,
        to: row.to,
        kind: layout::kind(row),
        words: format!("{} {}", row.title, row.wire).trim().to_owned(),
        note: row.note.clone(),
        http: row.http,
        mark,
        status,
        findings: plan.findings(row.number).iter().map(finding).collect(),
    }
}

/// The theme's colours for the picture.
fn inks(tokens: &Tokens) -> Inks {
    let pair = |ink: crate::ui::theme::Ink| (hex(ink.ink), hex(ink.tint));
    Inks {
        ground: hex(tokens.bg1),
        card: hex(tokens.bg2),
        line: hex(tokens.line_strong),
        text: hex(tokens.text),
        muted: hex(tokens.muted),
        accent: hex(tokens.accent.ink),
        warning: pair(tokens.warning),
        lanes: Lane::ALL.map(|lane| pair(tokens.lane(lane))),
    }
}

/// A colour as SVG writes it.
fn hex(colour: egui::Color32) -> String {
    format!("#{:02x}{:02x}{:02x}", colour.r(), colour.g(), colour.b())
}
