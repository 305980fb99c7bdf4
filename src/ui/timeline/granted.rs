//! Below the result: what became of an exemption, and what the bank was given to decide on.
//! Both are worked out when the run has changed, not for every frame.

use std::sync::Arc;

use egui::{Frame, Id, Margin, RichText, Ui, vec2};
use egui_material_icons::icons as i;

use crate::model::exemption::{self, Story};
use crate::model::richness::{self, Richness};
use crate::model::run::{Revision, Run};
use crate::ui::builder::meter;
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, display_text, emphasis};

/// Width of the captions, points.
const CAPTION: f32 = 66.0;
/// Left of the cards, so that they stand under the headline, points.
const INDENT: f32 = 34.0;

/// What is said of the bank's data after the fact.
const GIVEN: meter::Words = meter::Words {
    name: "What the bank was given",
    tip: "How much of what a bank weighs was sent; the more, the likelier it decides without asking",
    missing: "Not given. Each would have made an answer without a challenge likelier; what weighs most comes first",
};

/// What is drawn, for one state of a run.
#[derive(Clone)]
struct Cards {
    of: Revision,
    story: Option<Arc<Story>>,
    given: Option<Arc<Richness>>,
}

/// Draws the cards of a final session.
pub fn ui(ui: &mut Ui, run: &Run, links: &mut Vec<Link>) {
    let key = Id::unique("result cards");
    let kept = ui.data(|data| data.get_temp::<Cards>(key)).filter(|cards| cards.of == run.revision());
    let cards = kept.unwrap_or_else(|| {
        let story = exemption::story(run).map(Arc::new);
        let cards = Cards { of: run.revision(), story, given: richness::of_run(run).map(Arc::new) };
        ui.data_mut(|data| data.insert_temp(key, cards.clone()));
        cards
    });
    let gap = ui.spacing().item_spacing.x;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.add_space(INDENT);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            if let Some(story) = &cards.story {
                ui.add_space(4.0);
                story_ui(ui, story);
                ui.add_space(2.0);
            }
            if let Some(given) = &cards.given {
                given_ui(ui, run, given, links);
            }
        });
    });
}

fn story_ui(ui: &mut Ui, story: &Story) {
    let tokens = Tokens::of(ui);
    let tone = Tone::from(story.tone);
    let margin = Margin::symmetric(10, 8);
    Frame::new().fill(tokens.bg1).stroke(theme::line(tokens)).corner_radius(6).inner_margin(margin).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            widgets::icon(ui, i::ICON_SHIELD.outlined(), 16.0, tokens.tone(tone).ink);
            emphasis(ui, &display_text(&story.title));
        });
        for (caption, text) in &story.lines {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 8.0;
                let galley = widgets::line_of(ui, caption, theme::words(theme::SMALL), tokens.muted);
                let (rect, response) = ui.allocate_exact_size(vec2(CAPTION, galley.size().y), egui::Sense::hover());
                widgets::name(&response, caption);
                ui.painter().galley(rect.min, galley, tokens.muted);
                let text = RichText::new(display_text(text)).font(theme::words(theme::SMALL)).color(tokens.text_second);
                ui.add(egui::Label::new(text).wrap());
            });
        }
    });
}

fn given_ui(ui: &mut Ui, run: &Run, given: &Richness, links: &mut Vec<Link>) {
    let key = Id::unique(("given open", run.id));
    let mut open = ui.data(|data| data.get_temp::<bool>(key)).unwrap_or(false);
    let before = open;
    if let Some((body, pointer)) = meter::shown_ui(ui, given, &GIVEN, &mut open) {
        links.push(Link::Field(body, pointer));
    }
    if open != before {
        ui.data_mut(|data| data.insert_temp(key, open));
    }
}
