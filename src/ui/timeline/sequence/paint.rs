//! How the diagram looks: lanes, arrows with their words, broken rules, waits, deadlines, the
//! line of the present and what is expected below it. Source of every number: design.md,
//! «Sequence». Paints where `layout` says; knows no scrolling and no keys.

use std::sync::Arc;
use std::time::Duration;

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Color32, FontId, Galley, Id, Pos2, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo};
use egui::{pos2, vec2};
use egui_material_icons::icons as i;

use super::super::Scene;
use super::super::rows::{Class, Mark, RowView, severity_tone, short_time};
use super::super::turn::{HELD, deadline_tone};
use super::layout::{self, DEADLINE, Lanes, Plan};
use crate::model::Lane;
use crate::model::deadline::Deadline;
use crate::model::finding::Severity;
use crate::model::lint::observed::Observation;
use crate::model::sandbox::SandboxAct;
use crate::model::sequence::{Ghost, Kind, seconds};
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets::{self, display_text, line_of};

/// Height of the lane heads with the free ground around them, points.
pub const HEADS: f32 = 44.0;
/// Size of a lane head, points.
const HEAD: egui::Vec2 = vec2(144.0, 32.0);
/// Where the arrow stands below a row's top, at 100 %.
const ARROW: f32 = 26.0;
/// Said where no row passes the filter, as the list does.
const NOTHING: &str = "No row is asked for";
/// What a hidden message keeps of its lane's colour.
const HIDDEN: f32 = 0.62;

/// What all painters need.
#[derive(Clone, Copy)]
pub struct Canvas<'a> {
    /// What is drawn on.
    pub ui: &'a Ui,
    /// Where the lanes stand.
    pub lanes: Lanes,
    /// 1 is 100 %.
    pub zoom: f32,
}

impl Canvas<'_> {
    fn tokens(&self) -> &'static Tokens {
        Tokens::of(self.ui)
    }

    fn words(&self, points: f32) -> FontId {
        theme::words(points * self.zoom)
    }

    fn code(&self, points: f32) -> FontId {
        theme::code(points * self.zoom)
    }

    fn z(&self, points: f32) -> f32 {
        points * self.zoom
    }

    fn ink(&self, row: &RowView) -> Color32 {
        let tokens = self.tokens();
        match row.findings.first() {
            Some((severity, _)) if *severity != Severity::Advice => tokens.tone(severity_tone(*severity).0).ink,
            _ if row.failed => tokens.danger.ink,
            _ => tokens.lane(row.from).ink,
        }
    }
}

// --- Lanes

/// The name that fits where the whole one does not.
fn short_name(lane: Lane) -> &'static str {
    match lane {
        Lane::Browser => "Browser",
        Lane::Sessions => "Sessions",
        Lane::Directory => "Directory",
        Lane::Issuer => "Issuer",
        Lane::Merchant | Lane::Callback => lane.name(),
    }
}

/// The lane heads: badge and name, a shorter name, or the badge alone, as there is room; all
/// six alike.
pub fn heads_ui(ui: &mut Ui, rect: Rect, lanes: Lanes, used: [bool; 6]) {
    let tokens = Tokens::of(ui);
    let width = HEAD.x.min(lanes.pitch - 6.0);
    let names = |name: fn(Lane) -> &'static str, points: f32| {
        Lane::ALL.map(|lane| line_of(ui, name(lane), theme::words(points), Color32::PLACEHOLDER))
    };
    let room = width - 17.0 - 5.0 - 10.0;
    let fits = |galleys: &[Arc<Galley>; 6]| galleys.iter().all(|galley| galley.size().x <= room);
    let ways = [names(Lane::name, theme::BODY), names(short_name, theme::TAB), names(short_name, theme::CAPTION)];
    let galleys = ways.into_iter().find(fits);
    for (place, lane) in Lane::ALL.into_iter().enumerate() {
        let used = used.get(place).copied().unwrap_or(true);
        let head = Rect::from_center_size(pos2(lanes.x(lane), rect.center().y), vec2(width.max(25.0), HEAD.y));
        let response = ui.interact(head, Id::unique(("lane", lane.letter())), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, lane.name()));
        let painter = ui.painter();
        let ink = if used { tokens.lane(lane).ink } else { tokens.lane(lane).ink.gamma_multiply(0.4) };
        painter.rect(head, 5.0, tokens.bg2, Stroke::new(1.0, tokens.line_strong), StrokeKind::Inside);
        painter.hline(head.shrink(2.0).x_range(), head.bottom() - 1.0, Stroke::new(2.0, ink));
        let name = galleys.as_ref().and_then(|galleys| galleys.get(place));
        let content = 17.0 + name.map_or(0.0, |name| name.size().x + 5.0);
        let left = head.center().x - content / 2.0;
        let badge = Rect::from_min_size(pos2(left, head.center().y - 8.0), vec2(17.0, 16.0));
        widgets::paint_lane_badge(ui, badge, lane);
        if let Some(name) = name {
            let colour = if used { tokens.text } else { tokens.muted };
            let at = pos2(badge.right() + 5.0, head.center().y - name.size().y / 2.0);
            ui.painter().galley_with_override_text_color(at, Arc::clone(name), colour);
        }
        let told = if used { lane.name().to_owned() } else { format!("{}: no message here", lane.name()) };
        response.on_hover_text(told);
    }
}

impl Canvas<'_> {
    /// The lanes' lines over a height.
    pub fn lanes(&self, heights: egui::Rangef, used: [bool; 6]) {
        for (lane, used) in Lane::ALL.into_iter().zip(used) {
            let ink = self.tokens().lane(lane).ink.gamma_multiply(if used { 0.4 } else { 0.16 });
            self.ui.painter().vline(self.lanes.x(lane), heights, Stroke::new(1.0, ink));
        }
    }

    /// A bar on both lanes that wait.
    pub fn life(&self, (from, to): (Lane, Lane), heights: egui::Rangef) {
        for lane in [from, to] {
            let x = self.lanes.x(lane);
            let bar = Rect::from_x_y_ranges(x - 5.0..=x + 5.0, heights);
            self.ui.painter().rect_filled(bar, 3.0, self.tokens().lane(lane).ink);
        }
    }

    /// What lies under a row that is selected or pointed at. Returns the ground of its words.
    pub fn ground(&self, space: Rect, selected: bool, hovered: bool) -> Color32 {
        let tokens = self.tokens();
        let ground = match (selected, hovered) {
            (true, _) => tokens.selection,
            (_, true) => tokens.bg2,
            _ => return tokens.bg1,
        };
        self.ui.painter().rect_filled(space, 0.0, ground);
        if selected {
            let edge = Rect::from_min_size(space.min, vec2(2.0, space.height()));
            self.ui.painter().rect_filled(edge, 0.0, tokens.accent.ink);
        }
        ground
    }

    // --- A row

    /// A row: time, words, arrow or note or wait, and what it changed or broke. The rule whose
    /// reasons were asked for, if any.
    pub fn row(&self, plan: &Plan, row: &RowView, space: Rect, ground: Color32) -> Option<&'static str> {
        let tokens = self.tokens();
        let y = space.top() + self.z(ARROW);
        let quiet = row.class == Class::Hidden;
        let colour = if quiet { tokens.muted } else { tokens.text_second };
        let time = line_of(self.ui, &seconds(row.at), self.code(theme::CODE), colour);
        let at = pos2(self.lanes.time - time.size().x, y - time.size().y / 2.0);
        self.ui.painter().galley(at, time, colour);
        let (from, to) = (self.lanes.x(row.from), self.lanes.x(row.to));
        let middle = f32::midpoint(from, to);
        match layout::kind(row) {
            Kind::Note => self.note(row, y),
            Kind::Wait => {
                if row.took.is_some() {
                    let heights = egui::Rangef::new(space.top() + 4.0, space.top() + self.z(37.0) - 2.0);
                    self.life((row.from, row.to), heights);
                }
                self.label(row, middle, space.top() + self.z(18.0), ground);
            }
            Kind::Message | Kind::Hidden => {
                self.label(row, middle, space.top() + self.z(13.0), ground);
                let ink = self.ink(row);
                let (ink, width) = if quiet { (ink.gamma_multiply(HIDDEN), 1.2) } else { (ink, 1.6) };
                self.arrow(pos2(from, y), to, Stroke::new(width, ink));
            }
        }
        let mut below = space.top() + self.z(37.0);
        let findings = plan.findings(row.number);
        let mut asked = None;
        if let Some(first) = findings.first() {
            self.diamond(pos2(to, y), first.severity);
            if layout::has_card(findings) {
                asked = self.card(row, findings, to, below).then_some(first.rule);
                below += self.z(48.0);
            }
        }
        if let Some(Mark::Status(status)) = &row.mark {
            self.status(status, below + self.z(7.0));
        }
        asked
    }

    fn arrow(&self, from: Pos2, to: f32, stroke: Stroke) {
        let painter = self.ui.painter();
        let back = if to < from.x { 1.0 } else { -1.0 };
        painter.hline(egui::Rangef::new(from.x.min(to + 7.0 * back), from.x.max(to + 7.0 * back)), from.y, stroke);
        painter.circle_filled(from, 3.0, stroke.color);
        let tip = pos2(to + back, from.y);
        let head = vec![tip, tip + vec2(8.0 * back, -4.0), tip + vec2(8.0 * back, 4.0)];
        painter.add(Shape::convex_polygon(head, stroke.color, Stroke::NONE));
    }

    /// The words of a row in one line, shortened only where the whole width does not do.
    fn job(&self, row: &RowView, room: f32) -> LayoutJob {
        let tokens = self.tokens();
        let quiet = row.class == Class::Hidden;
        let first = if quiet { tokens.muted } else { tokens.text };
        let second = if quiet { tokens.muted } else { tokens.text_second };
        let mut job = LayoutJob { wrap: TextWrapping::truncate_at_width(room), ..LayoutJob::default() };
        let mut add = |text: &str, font: FontId, colour: Color32| {
            let space = if job.text.is_empty() { 0.0 } else { self.z(7.0) };
            let format = TextFormat { font_id: font, color: colour, valign: egui::Align::Center, ..Default::default() };
            job.append(text, space, format);
        };
        if !row.title.is_empty() {
            add(&row.title, self.words(theme::BODY), first);
        }
        let wire = row.wire.replacen("  ", " ", 1); // the list pads short methods
        let plain = row.wait || row.class == Class::Note || (quiet && !row.title.is_empty());
        let points = if quiet { theme::SMALL } else { theme::CODE };
        match plain {
            true => add(&wire, self.words(theme::TAB), second),
            false => add(&wire, self.code(points), if row.title.is_empty() { first } else { second }),
        }
        if let Some(took) = row.took.filter(|_| row.wait) {
            add(&short_time(took), self.code(theme::SMALL), second);
        }
        if let Some(status) = row.http {
            let colour = if quiet { tokens.muted } else { tokens.tone(Tone::of_http(status)).ink };
            add(&status.to_string(), self.code(theme::CODE), colour);
        }
        if let Some(Mark::Word(tone, _, word)) = &row.mark {
            let colour = if *tone == Tone::Neutral { tokens.muted } else { tokens.tone(*tone).ink };
            add(&display_text(word), self.words(theme::SMALL), colour);
        }
        if row.marked {
            let star = i::ICON_STAR.filled();
            add(star.codepoint, theme::icon(star, self.z(13.0)), tokens.warning.ink);
        }
        if !row.note.is_empty() {
            add(&format!("“{}”", row.note), self.words(theme::SMALL), tokens.accent.ink);
        }
        job
    }

    /// The words about a middle, on a patch of the row's ground.
    fn label(&self, row: &RowView, middle: f32, y: f32, ground: Color32) {
        let galley = self.ui.painter().layout_job(self.job(row, self.lanes.room().span() - 8.0));
        self.patch(galley, middle, y, ground);
    }

    fn patch(&self, galley: Arc<Galley>, middle: f32, y: f32, ground: Color32) {
        let size = galley.size() + vec2(8.0, 0.0);
        let rect = self.lanes.within(middle, y - size.y / 2.0, size);
        self.ui.painter().rect_filled(rect, 2.0, ground);
        self.ui.painter().galley(rect.min + vec2(4.0, 0.0), galley, self.tokens().text);
    }

    /// What the run itself has to say, on its lane.
    fn note(&self, row: &RowView, y: f32) {
        let tokens = self.tokens();
        let galley = self.ui.painter().layout_job(self.job(row, self.lanes.room().span() - 20.0));
        let size = galley.size() + vec2(16.0, self.z(6.0));
        let rect = self.lanes.within(self.lanes.x(row.to), y - self.z(7.0) - size.y / 2.0, size);
        let line = if row.failed { tokens.danger.ink } else { tokens.line_strong };
        self.ui.painter().rect(rect, 4.0, tokens.bg2, Stroke::new(1.0, line), StrokeKind::Inside);
        self.ui.painter().galley(rect.center() - galley.size() / 2.0, galley, tokens.text);
    }

    /// The session's new status, on its lane.
    fn status(&self, status: &crate::model::api::Status, y: f32) {
        let ink = self.tokens().tone(Tone::of_status(status));
        let word = line_of(self.ui, &display_text(status.word()), self.words(theme::SMALL), ink.ink);
        let sign = widgets::status_sign(status)
            .map(|sign| line_of(self.ui, sign.codepoint, theme::icon(sign, self.z(12.0)), ink.ink));
        let before = sign.as_ref().map_or(0.0, |sign| sign.size().x + 4.0);
        let size = vec2(word.size().x + before + 20.0, self.z(18.0));
        let rect = self.lanes.within(self.lanes.x(Lane::Sessions), y - size.y / 2.0, size);
        let painter = self.ui.painter();
        painter.rect(rect, size.y / 2.0, ink.tint, Stroke::new(1.0, ink.ink.gamma_multiply(0.5)), StrokeKind::Inside);
        let x = rect.left() + 10.0;
        if let Some(sign) = sign {
            painter.galley(pos2(x, rect.center().y - sign.size().y / 2.0), sign, ink.ink);
        }
        painter.galley(pos2(x + before, rect.center().y - word.size().y / 2.0), word, ink.ink);
    }

    // --- Broken rules

    /// The sign of a finding, on the lane where it shows.
    fn diamond(&self, at: Pos2, severity: Severity) {
        let ink = self.tokens().tone(severity_tone(severity).0);
        let side = self.z(8.5);
        let corners = [vec2(0.0, -side), vec2(side, 0.0), vec2(0.0, side), vec2(-side, 0.0)];
        let corners = corners.map(|corner| at + corner).to_vec();
        self.ui.painter().add(Shape::convex_polygon(corners, ink.tint, Stroke::new(1.2, ink.ink)));
        let sign = if severity == Severity::Advice { "i" } else { "!" };
        let sign = line_of(self.ui, sign, self.code(theme::CAPTION), ink.ink);
        widgets::paint_emphasis(self.ui.painter(), at - sign.size() / 2.0, sign, ink.ink);
    }

    /// What was broken: the sentence, the rule, where it is written. True if the reasons were
    /// asked for.
    fn card(&self, row: &RowView, findings: &[Observation], lane: f32, top: f32) -> bool {
        let Some(first) = findings.first() else { return false };
        let tokens = self.tokens();
        let ink = tokens.tone(severity_tone(first.severity).0);
        let room = self.lanes.room().span() - 20.0;
        let more = if findings.len() > 1 { format!(" and {} more", findings.len() - 1) } else { String::new() };
        let whole = display_text(&format!("{}{more}", first.title));
        let sentence = cut(self.ui, &whole, self.words(theme::TAB), tokens.text, room);
        let rule = line_of(self.ui, first.rule, self.code(theme::CAPTION), ink.ink);
        let why = line_of(self.ui, "Why?", self.words(theme::SMALL), tokens.accent.ink);
        let gap = self.z(10.0);
        let beside = rule.size().x + why.size().x + 2.0 * gap;
        let source = cut(self.ui, first.source, self.words(theme::SMALL), tokens.text_second, room - beside);
        let width = sentence.size().x.max(source.size().x + beside) + 20.0;
        let rect = self.lanes.within(lane + width / 2.0 - 20.0, top, vec2(width, self.z(42.0)));
        let told = format!("{} {whole}. {}", first.rule, first.source);
        let place = self.ui.interact(rect, Id::unique(("card", row.number)), Sense::hover());
        place.widget_info(|| WidgetInfo::labeled(Role::Label, true, &told));
        let painter = self.ui.painter();
        painter.rect(rect, 6.0, ink.tint, Stroke::new(1.0, ink.ink.gamma_multiply(0.7)), StrokeKind::Inside);
        painter.galley(rect.min + vec2(10.0, self.z(5.0)), sentence, tokens.text);
        let on_line = |galley: &Galley, x: f32| pos2(x, rect.bottom() - self.z(6.0) - galley.size().y);
        let at = on_line(&why, rect.right() - 10.0 - why.size().x);
        let id = Id::unique(("why", row.number, first.rule));
        let asked = self.link(id, &format!("Why {}?", first.rule), why, at);
        let x = rect.left() + 10.0;
        let source_at = on_line(&source, x + rule.size().x + gap);
        painter.galley(on_line(&rule, x), rule, ink.ink);
        painter.galley(source_at, source, tokens.text_second);
        asked
    }

    /// Words that are followed with a click. True if they were.
    fn link(&self, id: Id, name: &str, words: Arc<Galley>, at: Pos2) -> bool {
        let colour = self.tokens().accent.ink;
        let place = Rect::from_min_size(at, words.size());
        let response = self.ui.interact(place.expand2(vec2(6.0, 4.0)), id, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Link, true, name));
        self.ui.painter().galley(at, words, colour);
        if response.hovered() || response.has_focus() {
            self.ui.painter().hline(place.x_range(), place.bottom(), Stroke::new(1.0, colour));
        }
        response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
    }

    /// What stands there when no row passes the filter.
    pub fn nothing(&self, top: f32) {
        let words = line_of(self.ui, NOTHING, theme::words(theme::BODY), self.tokens().muted);
        let at = pos2(self.lanes.all.center() - words.size().x / 2.0, top);
        let place = Rect::from_min_size(at, words.size());
        let response = self.ui.interact(place, Id::unique("no row in the diagram"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, NOTHING));
        self.ui.painter().galley(at, words, self.tokens().muted);
    }
}

/// One line that ends in `…` where it does not fit.
fn cut(ui: &Ui, text: &str, font: FontId, colour: Color32, room: f32) -> Arc<Galley> {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = TextWrapping::truncate_at_width(room.max(12.0));
    ui.painter().layout_job(job)
}

// --- The present, and what is expected

impl Canvas<'_> {
    /// What counts down, between the lanes that wait: what, out of what, what happens at its
    /// end, and what its clock can be made to do. True if that was asked for.
    pub fn deadline(
        &self,
        scene: &Scene,
        deadline: &Deadline,
        ((from, to), switch): ((Lane, Lane), Option<&SandboxAct>),
        top: f32,
    ) -> bool {
        let tokens = self.tokens();
        let left = (!scene.held).then(|| deadline.left(scene.now));
        let (a, b) = (self.lanes.x(from).min(self.lanes.x(to)), self.lanes.x(from).max(self.lanes.x(to)));
        let size = vec2((b - a - 30.0).max(300.0), self.z(56.0));
        let rect = self.lanes.within(f32::midpoint(a, b), top, size);
        let words = left.map_or("clock held".into(), |left| deadline.words(left));
        let end = if left.is_some() { deadline.end } else { HELD };
        let told = format!("{} {words}. {end}", deadline.name);
        let response = self.ui.interact(rect, Id::unique(("deadline", deadline.name)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &told));
        let painter = self.ui.painter();
        painter.rect(rect, 6.0, tokens.bg2, Stroke::new(1.0, tokens.line_strong), StrokeKind::Inside);
        let inner = rect.shrink2(vec2(12.0, self.z(6.0)));
        let number = line_of(self.ui, &words, self.code(theme::CODE), tokens.text);
        let room = inner.width() - number.size().x - 10.0;
        let name = cut(self.ui, deadline.name, self.words(theme::BODY), tokens.text, room);
        painter.galley(pos2(inner.right() - number.size().x, inner.top()), number, tokens.text);
        painter.galley(inner.min, name, tokens.text);
        let bar = Rect::from_min_size(pos2(inner.left(), inner.top() + self.z(20.0)), vec2(inner.width(), 5.0));
        self.bar(bar, left.map(|left| (left, deadline.share(left))));
        let mut room = inner.width();
        let switched = switch.is_some_and(|act| {
            let words = if *act == SandboxAct::RunClock { "Run the clock" } else { "Hold the clock" };
            let link = line_of(self.ui, words, self.words(theme::SMALL), tokens.accent.ink);
            room -= link.size().x + 10.0;
            let at = pos2(inner.right() - link.size().x, inner.bottom() - link.size().y);
            self.link(Id::unique("clock switch"), words, link, at)
        });
        let end = cut(self.ui, end, self.words(theme::SMALL), tokens.muted, room);
        painter.galley(pos2(inner.left(), inner.bottom() - end.size().y), end, tokens.muted);
        switched
    }

    /// How much is left, as a bar; empty where nothing counts.
    fn bar(&self, bar: Rect, left: Option<(Duration, f32)>) {
        let tokens = self.tokens();
        self.ui.painter().rect_filled(bar, 2.5, tokens.bg3);
        if let Some((left, share)) = left {
            let filled = Rect::from_min_size(bar.min, vec2(bar.width() * share, bar.height()));
            self.ui.painter().rect_filled(filled, 2.5, deadline_tone(tokens, left, share));
        }
    }

    /// The line of the present.
    pub fn now(&self, y: f32, since: Duration) {
        let tokens = self.tokens();
        let stroke = Stroke::new(1.0, tokens.accent.ink);
        let font = self.words(theme::SMALL);
        let now = line_of(self.ui, "now", font, tokens.accent.ink);
        let painter = self.ui.painter();
        painter.hline(self.lanes.all.min + 4.0..=self.lanes.all.max - 8.0, y, stroke);
        painter.galley(pos2(self.lanes.all.max - 8.0 - now.size().x, y - now.size().y - 1.0), now, tokens.accent.ink);
        let words = if since.as_secs() < 100 {
            format!("{:.1} s", since.as_secs_f32())
        } else {
            format!("{} s", since.as_secs())
        };
        let time = line_of(self.ui, &words, self.code(theme::SMALL), tokens.on_fill);
        let size = time.size() + vec2(10.0, 4.0);
        let rect = Rect::from_min_size(pos2(self.lanes.time + 4.0 - size.x, y - size.y / 2.0), size);
        painter.rect_filled(rect, 4.0, tokens.accent_fill);
        painter.galley(rect.center() - time.size() / 2.0, time, tokens.on_fill);
    }

    /// What is expected: dashed, with an open head.
    pub fn ghost(&self, ghost: &Ghost, place: usize, top: f32) {
        let tokens = self.tokens();
        let y = top + self.z(ARROW);
        let space = Rect::from_x_y_ranges(self.lanes.all, top..=top + self.z(37.0));
        let told = format!("Expected {} to {} {}", ghost.from.name(), ghost.to.name(), ghost.label());
        let response = self.ui.interact(space, Id::unique(("ghost", place)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &told));
        if place == 0 {
            let word = line_of(self.ui, "expected", self.words(theme::SMALL), tokens.muted);
            let at = pos2(self.lanes.time - word.size().x, y - word.size().y / 2.0);
            self.ui.painter().galley(at, word, tokens.muted);
        }
        let (from, to) = (self.lanes.x(ghost.from), self.lanes.x(ghost.to));
        let mut job =
            LayoutJob { wrap: TextWrapping::truncate_at_width(self.lanes.room().span()), ..Default::default() };
        let format = |font: FontId| TextFormat { font_id: font, color: tokens.muted, ..Default::default() };
        job.append(ghost.wire, 0.0, format(self.code(theme::SMALL)));
        if !ghost.gist.is_empty() {
            job.append(ghost.gist, self.z(7.0), format(self.words(theme::TAB)));
        }
        let galley = self.ui.painter().layout_job(job);
        self.patch(galley, f32::midpoint(from, to), top + self.z(13.0), tokens.bg1);
        let stroke = Stroke::new(1.2, tokens.muted);
        let back = if to < from { 1.0 } else { -1.0 };
        let painter = self.ui.painter();
        painter.extend(Shape::dashed_line(&[pos2(from - 3.0 * back, y), pos2(to + back, y)], stroke, 5.0, 4.0));
        painter.circle_stroke(pos2(from, y), 3.0, stroke);
        let tip = pos2(to + back, y);
        painter.line_segment([tip + vec2(7.0 * back, -4.0), tip], stroke);
        painter.line_segment([tip + vec2(7.0 * back, 4.0), tip], stroke);
    }
}

/// Where the next deadline begins, points at 100 %.
pub fn deadline_top(plan: &Plan, place: usize) -> u32 {
    plan.end() + u32::try_from(place).unwrap_or(0) * DEADLINE + 2
}
