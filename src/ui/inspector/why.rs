//! «Why?»: the chain of rows and members that led to a status, an ECI, a liability or a
//! finding, each a link, and what would have ended otherwise. Draws what `model::why` says and
//! keeps it until the run changes.

use std::rc::Rc;
use std::time::Duration;

use egui::{Frame, Key, Margin, Modifiers, Rect, Response, RichText, ScrollArea, Stroke, Ui, pos2, vec2};
use egui_material_icons::icons as i;

use crate::model::run::{Revision, Run};
use crate::model::trace::Question;
use crate::model::why::{Change, Reason, Why, chain, of_finding};
use crate::ui::link::Link;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::timeline::found;
use crate::ui::timeline::rows::short_time;
use crate::ui::widgets::{self, display_text, muted};

/// The answer that was drawn last.
#[derive(Debug, Default)]
pub(super) struct State {
    answer: Option<(Revision, Question, Rc<Why>)>,
}

impl State {
    fn of(&mut self, ctx: &egui::Context, run: &Run, question: &Question) -> Rc<Why> {
        let now = run.revision();
        if let Some((of, asked, why)) = &self.answer
            && (*of, asked) == (now, question)
        {
            return why.clone();
        }
        // The findings are known already: the rows show them.
        let known = match question {
            Question::Finding(entry, rule) => {
                found(ctx, run).of_row(*entry).iter().find(|one| one.rule == *rule).cloned()
            }
            _ => None,
        };
        let why = Rc::new(known.map_or_else(|| chain(run, question), |one| of_finding(run, &one)));
        self.answer = Some((now, question.clone(), why.clone()));
        why
    }

    /// Draws the chain; links that were followed go into `links`. True if the user wants back.
    pub fn ui(&mut self, ui: &mut Ui, run: &Run, question: &Question, links: &mut Vec<Link>) -> bool {
        let why = self.of(ui.ctx(), run, question);
        let salt = ("why", run.id.0, question);
        ScrollArea::vertical().id_salt(salt).auto_shrink(false).show(ui, |ui| {
            let margin = Margin { left: 14, right: 14, top: 10, bottom: 14 };
            Frame::new().inner_margin(margin).show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = 6.0;
                answer_ui(ui, &why);
                ui.add_space(4.0);
                chain_ui(ui, run, &why.reasons, links);
                if let Some(unseen) = why.unseen {
                    unseen_ui(ui, unseen);
                }
                change_ui(ui, &why.change);
            });
        });
        ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape))
    }
}

/// A small «Why?» that asks. `about` completes its accessible name: `Why eci`.
pub fn ask_ui(ui: &mut Ui, run: &Run, question: Question, about: &str, links: &mut Vec<Link>) -> Response {
    let response = widgets::link(ui, "Why?");
    widgets::name(&response, &format!("Why {about}?"));
    if response.clicked() {
        links.push(Link::Why(run.id, question));
    }
    response.on_hover_text("What led here, and what would have changed it")
}

fn answer_ui(ui: &mut Ui, why: &Why) {
    let tokens = Tokens::of(ui);
    widgets::mono(ui, &display_text(&why.about), tokens.tone(Tone::from(why.tone)).ink);
    let answer = RichText::new(display_text(&why.answer)).font(theme::words(theme::TITLE)).color(tokens.text);
    ui.add(egui::Label::new(answer).wrap());
    if !why.more.is_empty() {
        let more = RichText::new(display_text(&why.more)).font(theme::words(theme::BODY)).color(tokens.text_second);
        ui.add(egui::Label::new(more).wrap());
    }
}

/// Width of the column with the chain's line, in points.
const RAIL: f32 = 18.0;

fn chain_ui(ui: &mut Ui, run: &Run, reasons: &[Reason], links: &mut Vec<Link>) {
    let tokens = Tokens::of(ui);
    let mut before: Option<egui::Pos2> = None;
    for (place, reason) in reasons.iter().enumerate() {
        let top = ui.cursor().top();
        let shown = ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.add_space(RAIL);
            ui.vertical(|ui| {
                ui.set_width(ui.available_width());
                ui.spacing_mut().item_spacing = vec2(6.0, 1.0);
                reason_ui(ui, run, (place + 1, reason), links);
            });
        });
        let dot = pos2(shown.response.rect.left() + 5.0, top + theme::TARGET / 2.0);
        let (radius, colour) = if reason.decides { (5.0, tokens.accent.ink) } else { (3.0, tokens.text_second) };
        if let Some(before) = before {
            ui.painter().line_segment([before, dot - vec2(0.0, radius + 2.0)], Stroke::new(1.0, tokens.line_strong));
        }
        ui.painter().circle_filled(dot, radius, colour);
        before = Some(dot + vec2(0.0, radius + 2.0));
        ui.add_space(4.0);
    }
    if let Some(last) = before {
        let end = pos2(last.x, ui.cursor().top() - 4.0);
        let rest = Rect::from_two_pos(last, end);
        ui.painter().vline(last.x, rest.y_range(), Stroke::new(1.0, tokens.line));
    }
}

fn reason_ui(ui: &mut Ui, run: &Run, (number, reason): (usize, &Reason), links: &mut Vec<Link>) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 3.0;
        widgets::lane_badge(ui, reason.lanes.0);
        if reason.lanes.1 != reason.lanes.0 {
            widgets::lane_badge(ui, reason.lanes.1);
        }
        ui.add_space(3.0);
        widgets::mono(ui, &offset(reason.at), tokens.muted);
        if reason.decides {
            ui.add_space(3.0);
            widgets::pill_with(ui, Tone::Accent, None, "this decided", 17.0);
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let link = widgets::link(ui, &format!("Show {}", display_text(&reason.row)));
            let member = reason.spot.path.as_deref().map_or(String::new(), |path| format!(" {path} in"));
            widgets::name(&link, &format!("{number}: show{member} {}", reason.row));
            if link.clicked() {
                links.push(Link::Spot(run.id, reason.spot.clone()));
            }
        });
    });
    let sentence = RichText::new(display_text(&reason.sentence)).font(theme::words(theme::BODY)).color(tokens.text);
    ui.add(egui::Label::new(sentence).wrap());
    if !reason.fact.is_empty() {
        let fact = RichText::new(display_text(&reason.fact)).font(theme::code(theme::CODE)).color(tokens.text_second);
        ui.add(egui::Label::new(fact).wrap());
    }
    widgets::muted_lines(ui, reason.source);
}

/// `+0.284 s`, `+14:20 min`.
fn offset(at: Duration) -> String {
    match at.as_secs() {
        0..60 => format!("+{:.3} s", at.as_secs_f64()),
        _ => format!("+{}", short_time(at)),
    }
}

fn unseen_ui(ui: &mut Ui, words: &str) {
    let tokens = Tokens::of(ui);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        widgets::icon(ui, i::ICON_VISIBILITY_OFF.outlined(), 14.0, tokens.muted);
        widgets::muted_lines(ui, words);
    });
}

fn change_ui(ui: &mut Ui, change: &Change) {
    let tokens = Tokens::of(ui);
    widgets::note(ui, Tone::Accent, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            widgets::icon(ui, i::ICON_ALT_ROUTE.outlined(), 16.0, tokens.accent.ink);
            widgets::emphasis(ui, "What would have changed it");
            if change.likely {
                muted(ui, "likely: others decide");
            }
        });
        for sentence in [Some(&change.sentence), change.or.as_ref()].into_iter().flatten() {
            let text = RichText::new(display_text(sentence)).font(theme::words(theme::BODY)).color(tokens.text);
            ui.add(egui::Label::new(text).wrap());
        }
    });
}
