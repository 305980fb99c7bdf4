//! Where the parts of the diagram stand, laid out by hand. Hides: how arrows run so that they
//! meet no card and seldom one another. Pure numbers: states in, points out.
//!
//! ```text
//!  ●─┐ 1                      ┌─▶ expired
//!  │ ▼                        │
//!  │ pending ─────────────────┘  ┌─▶ approved
//!  │ ▼ 2                         ├─▶ attempted
//!  └▶processing ─────────────────┤   …
//!    ▼                           ├─▶ unavailable
//!    challenged ─────────────────┴─▶ challenge_abandoned
//! ```

use egui::{Pos2, Rect, pos2, vec2};

use crate::model::api::Status;

/// Height of a state in which a session waits, points.
const OPEN: f32 = 40.0;
/// Height of a final state, points.
const FINAL: f32 = 28.0;
/// Between states in which a session waits: an arrow with its words.
const STEP: f32 = 38.0;
/// Between final states.
const GAP: f32 = 5.0;
/// Least width in which the diagram has room for the words of its arrows.
pub const LEAST: f32 = WIDE.margin + WIDE.open + 190.0 + WIDE.last + WIDE.bulge;
/// Width from which more room adds nothing.
const MOST: f32 = LEAST + 40.0;
/// Least width in which the diagram is whole, its words shortened.
const NARROW: f32 = CLOSE.margin + CLOSE.open + 84.0 + CLOSE.last + CLOSE.bulge;

/// Widths of the parts, points.
#[derive(Debug, Clone, Copy)]
struct Widths {
    /// Left of the open states: the way of a session that is asked about at once.
    margin: f32,
    /// A state in which a session waits.
    open: f32,
    /// A final state.
    last: f32,
    /// Right of the final states: the way from one to another, which is forbidden.
    bulge: f32,
    /// How far apart the upright ways to the final states stand, as a share.
    ways: f32,
}

const WIDE: Widths = Widths { margin: 18.0, open: 152.0, last: 174.0, bulge: 24.0, ways: 1.0 };
const CLOSE: Widths = Widths { margin: 16.0, open: 132.0, last: 166.0, bulge: 16.0, ways: 0.7 };

/// The final states from top to bottom. The first and the last are those that not every way
/// leads to, so that the ways to the others stay together.
const FINALS: [Status; 7] = [
    Status::Expired,
    Status::Approved,
    Status::Attempted,
    Status::Declined,
    Status::Rejected,
    Status::Unavailable,
    Status::ChallengeAbandoned,
];
const OPENS: [Status; 3] = [Status::Pending, Status::Processing, Status::Challenged];

/// How an arrow runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Route {
    /// Straight from point to point; the words stand at the last.
    Straight(Vec<Pos2>),
    /// A curve of the machine's own making: start, two handles, end.
    Curve([Pos2; 4]),
}

/// Where everything stands.
#[derive(Debug, Clone)]
pub struct Plan {
    cards: Vec<(Status, Rect)>,
    widths: Widths,
    /// There is no room for the words of an arrow in one line.
    pub close: bool,
    /// Where a session begins.
    pub dot: Rect,
    /// All of it.
    pub rect: Rect,
}

impl Plan {
    /// A diagram from this corner on. `unknown` is a word outside the contract that was seen.
    pub fn new(corner: Pos2, width: f32, unknown: Option<&Status>) -> Self {
        let close = width < LEAST;
        let (width, widths) = if close { (width.max(NARROW), CLOSE) } else { (width.min(MOST), WIDE) };
        let left = corner.x + widths.margin;
        let dot = Rect::from_min_size(pos2(left + 20.0, corner.y + 4.0), vec2(16.0, 16.0));
        let mut cards = Vec::new();
        let mut y = dot.bottom() + 24.0;
        for status in OPENS {
            cards.push((status, Rect::from_min_size(pos2(left, y), vec2(widths.open, OPEN))));
            y += OPEN + STEP;
        }
        let mut bottom = y - STEP;
        if let Some(word) = unknown {
            cards.push((word.clone(), Rect::from_min_size(pos2(left, y), vec2(widths.open, OPEN))));
            bottom = y + OPEN;
        }
        let x = corner.x + width - widths.bulge - widths.last;
        let mut y = corner.y + 4.0;
        for status in FINALS {
            cards.push((status, Rect::from_min_size(pos2(x, y), vec2(widths.last, FINAL))));
            y += FINAL + GAP;
        }
        let size = vec2(width, (bottom - corner.y).max(y - GAP - corner.y) + 4.0);
        Self { cards, widths, close, dot, rect: Rect::from_min_size(corner, size) }
    }

    /// The states with their places, in the order in which a session walks them.
    pub fn cards(&self) -> impl Iterator<Item = (&Status, Rect)> {
        self.cards.iter().map(|(status, rect)| (status, *rect))
    }

    /// A state's place; all words outside the contract share one.
    pub fn card(&self, status: &Status) -> Option<Rect> {
        let other = |one: &Status| matches!((one, status), (Status::Other(_), Status::Other(_)));
        self.cards.iter().find(|(one, _)| one == status || other(one)).map(|(_, rect)| *rect)
    }

    /// The way of an arrow of the machine; `None` if it has none.
    pub fn route(&self, from: Option<&Status>, to: &Status) -> Option<Route> {
        let target = self.card(to)?;
        let Some(from) = from else {
            return match to {
                Status::Pending => Some(Route::Straight(vec![self.dot.center_bottom(), self.above(target)])),
                // Beside the first state, along the margin.
                _ => {
                    let (x, y) = (target.left() - self.widths.margin + 6.0, target.center().y);
                    let around = vec![self.dot.left_center(), pos2(x, self.dot.center().y), pos2(x, y)];
                    Some(Route::Straight(around.into_iter().chain([pos2(target.left(), y)]).collect()))
                }
            };
        };
        let source = self.card(from)?;
        if !to.is_final() {
            let start = pos2(self.above(source).x, source.bottom());
            return Some(Route::Straight(vec![start, self.above(target)]));
        }
        // Results share one bus; what not every state leads to has its own.
        let (leave, bus, arrive) = match (from, to) {
            (Status::Pending, Status::Expired) => (-6.0, 44.0, -6.0),
            (Status::Challenged, Status::Expired) => (-10.0, 32.0, 6.0),
            (Status::Challenged, Status::ChallengeAbandoned) => (10.0, 32.0, 0.0),
            (Status::Challenged, _) => (0.0, 18.0, 0.0),
            _ => (0.0, 18.0, 0.0),
        };
        let (x, out, into) =
            (target.left() - bus * self.widths.ways, source.center().y + leave, target.center().y + arrive);
        Some(Route::Straight(vec![pos2(source.right(), out), pos2(x, out), pos2(x, into), pos2(target.left(), into)]))
    }

    fn above(&self, card: Rect) -> Pos2 {
        pos2(self.dot.center().x, card.top())
    }

    /// The way of a change that the machine does not have.
    pub fn astray(&self, from: Option<&Status>, to: &Status) -> Option<Route> {
        let target = self.card(to)?;
        let source = from.map_or(Some(self.dot), |from| self.card(from))?;
        let (right, left) = (|rect: Rect| rect.right_center(), |rect: Rect| rect.left_center());
        let aside = |from: Pos2, to: Pos2, by: f32| [from, from + vec2(by, 0.0), to + vec2(by, 0.0), to];
        let final_column = |rect: Rect| rect.width() == self.widths.last;
        Some(Route::Curve(match (final_column(source), final_column(target)) {
            (true, true) => aside(right(source), right(target), self.widths.bulge),
            (false, false) => aside(left(source), left(target), -self.widths.margin),
            (true, false) => {
                // To the last of them from above, where no words of the way out stand.
                let from = left(source) + vec2(0.0, 8.0);
                if *to == Status::Challenged {
                    let to = target.right_top() - vec2(24.0, 0.0);
                    [from, from - vec2(20.0, 0.0), to + vec2(50.0, -40.0), to]
                } else {
                    [from, from - vec2(70.0, 0.0), right(target) + vec2(70.0, 0.0), right(target)]
                }
            }
            (false, true) => {
                let (from, to) = (right(source), left(target));
                [from, from + vec2(70.0, 0.0), to - vec2(70.0, 0.0), to]
            }
        }))
    }
}

impl Route {
    /// Where the words of an arrow stand: the left end of a line of text, and whether the
    /// arrow runs under it.
    pub fn words(&self) -> (Pos2, bool) {
        match self {
            Self::Straight(points) => match points.as_slice() {
                // Downwards: beside the middle.
                [from, to] => (pos2(from.x + 12.0, (from.y + to.y) / 2.0), false),
                // From the margin: beside the dot.
                [from, corner, ..] if corner.x < from.x => (*from + vec2(28.0, 0.0), false),
                [from, ..] => (*from + vec2(8.0, 0.0), true),
                [] => (Pos2::ZERO, false),
            },
            Self::Curve(_) => (self.middle() + vec2(14.0, 0.0), false),
        }
    }

    /// The middle of a curve.
    pub fn middle(&self) -> Pos2 {
        match self {
            Self::Curve([a, b, c, d]) => {
                pos2((a.x + 3.0 * b.x + 3.0 * c.x + d.x) / 8.0, (a.y + 3.0 * b.y + 3.0 * c.y + d.y) / 8.0)
            }
            Self::Straight(points) => points.get(points.len() / 2).copied().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::states;

    /// No card touches another, and no arrow runs through a card.
    #[test]
    fn cards_are_apart_and_arrows_run_between_them() {
        let unknown = Status::Other("on_hold".into());
        for width in [300.0, 416.0, LEAST, 600.0, 2000.0] {
            let plan = Plan::new(Pos2::ZERO, width, Some(&unknown));
            let cards: Vec<Rect> = plan.cards().map(|(_, rect)| rect).collect();
            assert_eq!(cards.len(), 11);
            for (at, card) in cards.iter().enumerate() {
                assert!(plan.rect.contains_rect(*card));
                assert!(cards.iter().skip(at + 1).all(|other| !card.intersects(*other)), "{width}: {card:?}");
            }
            for arrow in states::arrows() {
                let Some(Route::Straight(points)) = plan.route(arrow.from, arrow.to) else {
                    panic!("{arrow:?} has no way")
                };
                for pair in points.windows(2) {
                    let line = Rect::from_two_pos(pair[0], pair[1]);
                    assert!(pair[0].x == pair[1].x || pair[0].y == pair[1].y, "{arrow:?} is not straight");
                    assert!(cards.iter().all(|card| !card.shrink(0.5).intersects(line)), "{arrow:?} meets a card");
                    assert!(plan.rect.expand(0.5).contains_rect(line), "{arrow:?} leaves the diagram");
                }
            }
        }
    }

    #[test]
    fn a_change_outside_the_machine_has_a_way_too() {
        let unknown = Status::Other("on_hold".into());
        let plan = Plan::new(Pos2::ZERO, 560.0, Some(&unknown));
        for from in states::ALL.iter().chain([&unknown]).map(Some).chain([None]) {
            for to in states::ALL.iter().chain([&unknown]) {
                let Some(route @ Route::Curve(_)) = plan.astray(from, to) else { panic!("{from:?} to {to}") };
                assert!(plan.rect.contains(route.middle()), "{from:?} to {to}");
            }
        }
    }
}
