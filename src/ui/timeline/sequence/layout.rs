//! Where everything in the diagram stands: lanes across, rows down. Hides that rows differ in
//! height: their places are sums made once when the rows change, so that a frame finds the
//! visible ones by halving, however many there are. Knows nothing of painting.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use egui::{Rect, pos2, vec2};

use super::super::Scene;
use super::super::rows::RowView;
use crate::model::Lane;
use crate::model::deadline::Deadline;
use crate::model::finding::Severity;
use crate::model::lint::found::Found;
use crate::model::lint::observed::Observation;
use crate::model::run::{Entry, Phase, Revision};
use crate::model::sequence::{Ghost, Kind, ghosts};

/// Height of a step, points at 100 %. Source: design.md, «Numbers».
pub const STEP: u32 = 37;
/// What a change of the session's status adds.
const STATUS: u32 = 22;
/// What the card of a broken rule adds.
pub const CARD: u32 = 48;
/// What one deadline takes.
pub const DEADLINE: u32 = 62;
/// What the line of the present takes.
pub const NOW: u32 = 26;
/// Free ground at both ends.
const MARGIN: u32 = 8;
/// What the plan was made from.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    revision: Revision,
    rows: usize,
    sifted: u64,
    turn: Option<(Duration, Option<Duration>)>,
}

impl Key {
    fn of(scene: &Scene) -> Self {
        let turn = match &scene.run.phase {
            Phase::Waiting(turn) => Some((turn.since.mono, turn.asked.map(|asked| asked.mono))),
            _ => None,
        };
        Self { revision: scene.run.revision(), rows: scene.rows.len(), sifted: scene.sifted, turn }
    }
}

/// What is shown, and where.
#[derive(Debug, Default)]
pub struct Plan {
    key: Option<Key>,
    /// The first row and the state of the rows when the plan was made.
    first: Option<Arc<Entry>>,
    changes: u64,
    found: Arc<Found>,
    /// Places in the scene's rows.
    visible: Vec<u32>,
    /// Where each visible row begins, and the end of the last.
    tops: Vec<u32>,
    /// Lanes that have a message, in the order of [`Lane::ALL`].
    pub used: [bool; 6],
    /// Visible rows that two lanes wait in to this day.
    pub waiting: Vec<usize>,
    /// What is expected next.
    pub ghosts: Vec<Ghost>,
    /// What counts down.
    pub deadlines: Vec<Deadline>,
}

impl Plan {
    /// Brings the plan up to date; only rows that changed and those after them are placed anew.
    pub fn follow(&mut self, scene: &Scene, found: Arc<Found>) {
        self.deadlines = Deadline::all(scene.run); // two at most, and a clock that was held moves them
        let key = Key::of(scene);
        let told = Arc::ptr_eq(&self.found, &found);
        if told && self.key.as_ref() == Some(&key) {
            return;
        }
        let first = scene.run.entries.shared().first();
        let same = match (&self.first, first) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (before, now) => before.is_none() && now.is_none(),
        };
        let keep = match &self.key {
            Some(before) if same && before.sifted == key.sifted => {
                let keep = scene.run.entries.unchanged_since(self.changes).min(before.rows).min(key.rows);
                if told { keep } else { keep.min(self.first_other_card(scene, &found).unwrap_or(keep)) }
            }
            _ => 0,
        };
        self.first = first.cloned();
        self.changes = scene.run.entries.revision();
        self.found = found;
        self.ghosts = ghosts(scene.run).into_iter().filter(|ghost| scene.hidden || !ghost.hidden).collect();
        self.place(scene, keep);
        self.key = Some(key);
    }

    /// The first row that has a card now and had none, or the other way round: from there on
    /// all stand elsewhere.
    fn first_other_card(&self, scene: &Scene, found: &Found) -> Option<usize> {
        let other = |row: &usize| has_card(found.of_row(*row)) != has_card(self.found.of_row(*row));
        let places = found.differing(&self.found).filter(other).filter_map(|row| scene.run.entries.place(row));
        places.min()
    }

    fn place(&mut self, scene: &Scene, keep: usize) {
        let kept = self.visible.partition_point(|place| (*place as usize) < keep);
        let mut top = if kept == 0 { MARGIN } else { self.top(kept) };
        self.visible.truncate(kept);
        self.tops.truncate(kept);
        self.waiting.retain(|place| *place < kept);
        if kept == 0 {
            self.used = [false; 6];
        }
        let entries = scene.run.entries.shared();
        let before = scene.places.partition_point(|place| (*place as usize) < keep);
        for place in scene.places.iter().skip(before) {
            let Some(entry) = entries.get(*place as usize) else { break };
            for lane in [entry.from, entry.to] {
                if let Some(used) = self.used.get_mut(at(lane)) {
                    *used = true;
                }
            }
            if entry.is_wait() && entry.took.is_none() {
                self.waiting.push(self.visible.len());
            }
            self.visible.push(*place);
            self.tops.push(top);
            let status = if entry.status.is_some() { STATUS } else { 0 };
            let card = has_card(self.found.of_row(entry.number));
            top = top.saturating_add(STEP + status + if card { CARD } else { 0 });
        }
        self.tops.push(top);
    }

    /// How many rows are visible in all.
    pub fn len(&self) -> usize {
        self.visible.len()
    }

    /// A visible row.
    pub fn row<'a>(&self, scene: &Scene<'a>, place: usize) -> Option<&'a RowView> {
        scene.rows.get(usize::try_from(*self.visible.get(place)?).ok()?)
    }

    /// Where a visible row begins, points at 100 %.
    pub fn top(&self, place: usize) -> u32 {
        self.tops.get(place).or(self.tops.last()).copied().unwrap_or(MARGIN)
    }

    /// Where the rows end.
    pub fn end(&self) -> u32 {
        self.top(self.len())
    }

    /// Where the line of the present stands.
    pub fn now(&self) -> u32 {
        let deadlines = u32::try_from(self.deadlines.len()).unwrap_or(0) * DEADLINE;
        self.end() + deadlines + NOW / 2
    }

    /// Where a ghost begins.
    pub fn ghost(&self, place: usize) -> u32 {
        self.now() + NOW / 2 + u32::try_from(place).unwrap_or(0) * STEP
    }

    /// The height of all of it.
    pub fn height(&self, open: bool) -> u32 {
        if open { self.ghost(self.ghosts.len()) + MARGIN } else { self.end() + MARGIN }
    }

    /// The visible rows between two heights.
    pub fn between(&self, from: f32, to: f32) -> Range<usize> {
        #[allow(clippy::cast_precision_loss)] // half a point at 100,000 rows
        let below = |height: f32| self.tops.partition_point(|top| (*top as f32) < height);
        below(from).saturating_sub(1).min(self.len())..below(to).min(self.len())
    }

    /// Which visible row has this number.
    pub fn find(&self, scene: &Scene, number: usize) -> Option<usize> {
        let place = u32::try_from(scene.run.entries.place(number)?).ok()?; // rows stand as entries do
        self.visible.binary_search(&place).ok()
    }

    /// What a row shows, the heaviest first.
    pub fn findings(&self, number: usize) -> &[Observation] {
        self.found.of_row(number)
    }
}

/// A lane's place, left to right.
pub fn at(lane: Lane) -> usize {
    Lane::ALL.iter().position(|one| *one == lane).unwrap_or(0)
}

/// How a row stands in the diagram.
pub fn kind(row: &RowView) -> Kind {
    Kind::of(row.class, row.wait, (row.from, row.to))
}

/// True if a broken rule is told on a card, not by a sign alone.
pub fn has_card(findings: &[Observation]) -> bool {
    findings.first().is_some_and(|one| one.severity != Severity::Advice)
}

/// Where the lanes stand across.
#[derive(Debug, Clone, Copy)]
pub struct Lanes {
    /// All of the diagram.
    pub all: egui::Rangef,
    /// Where the time ends, right aligned.
    pub time: f32,
    first: f32,
    /// From lane to lane.
    pub pitch: f32,
}

impl Lanes {
    /// Six lanes over a width, evenly.
    pub fn over(rect: Rect) -> Self {
        let time = rect.left() + 56.0;
        let pitch = (rect.right() - 8.0 - time - 8.0).max(60.0) / 6.0;
        Self { all: rect.x_range(), time, first: time + 8.0 + pitch / 2.0, pitch }
    }

    /// A lane's line.
    #[allow(clippy::cast_precision_loss)] // six lanes
    pub fn x(self, lane: Lane) -> f32 {
        (self.first + at(lane) as f32 * self.pitch).round()
    }

    /// Where labels may stand.
    pub fn room(self) -> egui::Rangef {
        egui::Rangef::new(self.time + 8.0, self.all.max - 8.0)
    }

    /// A rectangle of this width about a middle, kept within the room.
    pub fn within(self, middle: f32, y: f32, size: egui::Vec2) -> Rect {
        let room = self.room();
        let left = (middle - size.x / 2.0).min(room.max - size.x).max(room.min);
        Rect::from_min_size(pos2(left, y), vec2(size.x.min(room.span()), size.y))
    }
}
