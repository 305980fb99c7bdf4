//! The time axis beside the rows. Hides: how waits of over a second are folded into a
//! narrow band, so that milliseconds stay visible beside minutes. Pure numbers: moments
//! in, points out; painting is the rows' business.

use std::collections::BTreeSet;
use std::time::Duration;

/// Idle time that is folded, if longer. Source: design.md, «Waterfall bar».
const FOLD_OVER: Duration = Duration::from_secs(1);
/// Width of folded time, points. Source: design.md, «Waterfall bar».
const FOLD_WIDTH: f32 = 12.0;
/// Smallest width of a bar, points. Source: design.md, «Waterfall bar».
pub const MIN_BAR: f32 = 2.5;
/// Smallest width of a stretch of shown time, points. Our choice.
const MIN_STRETCH: f32 = 36.0;
/// Room on the axis for each fold, with what is shown beside it, points. Our choice.
const ROOM_PER_FOLD: f32 = 24.0;
/// Most folds, however wide the axis is.
const MOST_FOLDS: usize = 12;
/// Shown of an idle time on both sides of its fold.
const FOLD_PAD: Duration = Duration::from_millis(40);

/// From moments since the run's start to points from the left.
#[derive(Debug, Clone, Default)]
pub struct Axis {
    /// Time that is shown to scale, in order.
    stretches: Vec<Stretch>,
    /// Time that is folded, in order.
    pub folds: Vec<Stretch>,
}

/// A piece of time and where it stands, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Its start.
    pub from: Duration,
    /// Its end.
    pub to: Duration,
    /// Where it starts.
    pub left: f32,
    /// Where it ends.
    pub right: f32,
}

impl Stretch {
    fn x(&self, at: Duration) -> f32 {
        let length = (self.to - self.from).as_secs_f32();
        let part = if length > 0.0 { at.saturating_sub(self.from).as_secs_f32() / length } else { 0.0 };
        self.left + part.min(1.0) * (self.right - self.left)
    }
}

/// Idle time that may be folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Since the run's start.
    pub from: Duration,
    /// Since the run's start.
    pub to: Duration,
}

impl Gap {
    /// What of the time between two pieces of work may be folded; nothing of a short one.
    pub fn between(reached: Duration, next: Duration) -> Option<Self> {
        (next.saturating_sub(reached) > FOLD_OVER).then(|| Self { from: reached + FOLD_PAD, to: next - FOLD_PAD })
    }
}

/// A text on the axis: where it starts and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Points from the left.
    pub x: f32,
    /// `0.3`.
    pub text: String,
}

impl Axis {
    /// An axis of `width` points from zero to `end`. `gaps` are idle times in order, of work
    /// that `reached` so far; `unfolded` the starts of those that are shown in full. Where
    /// many would be folded, the longest are: each needs room beside it.
    pub fn new(gaps: &[Gap], reached: Duration, end: Duration, width: f32, unfolded: &BTreeSet<Duration>) -> Self {
        let last = Gap::between(reached, end);
        let mut idle: Vec<Gap> = gaps.iter().copied().chain(last).filter(|gap| !unfolded.contains(&gap.from)).collect();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a few
        let most = ((width / ROOM_PER_FOLD) as usize).clamp(1, MOST_FOLDS);
        if idle.len() > most {
            idle.sort_unstable_by_key(|gap| std::cmp::Reverse(gap.to - gap.from));
            idle.truncate(most);
            idle.sort_unstable_by_key(|gap| gap.from);
        }
        Self::laid_out(&idle, reached.max(end).max(Duration::from_millis(1)), width)
    }

    fn laid_out(idle: &[Gap], end: Duration, width: f32) -> Self {
        let starts = std::iter::once(Duration::ZERO).chain(idle.iter().map(|fold| fold.to));
        let ends = idle.iter().map(|fold| fold.from).chain(std::iter::once(end));
        let spans: Vec<(Duration, Duration)> = starts.zip(ends).collect();
        let mut axis = Self::default();
        let mut x = 0.0;
        #[allow(clippy::cast_precision_loss)] // a handful of folds
        let room = (width - FOLD_WIDTH * idle.len() as f32).max(1.0);
        for (at, (span, share)) in spans.iter().zip(shares(&spans, room)).enumerate() {
            axis.stretches.push(Stretch { from: span.0, to: span.1, left: x, right: x + share });
            x += share;
            if let Some(fold) = idle.get(at) {
                axis.folds.push(Stretch { from: fold.from, to: fold.to, left: x, right: x + FOLD_WIDTH });
                x += FOLD_WIDTH;
            }
        }
        axis
    }

    /// Where a moment stands, in points from the left.
    pub fn x(&self, at: Duration) -> f32 {
        let all = self.stretches.iter().chain(&self.folds);
        let holds = all.filter(|stretch| stretch.from <= at && at <= stretch.to);
        // A moment where time shown and time folded meet belongs to the time shown.
        holds.map(|stretch| stretch.x(at)).next().unwrap_or_else(|| self.stretches.last().map_or(0.0, |s| s.right))
    }

    /// What to write on the axis: starts of stretches first, then round times between
    /// them. What would touch another label is left out. `char_width` in points.
    pub fn labels(&self, char_width: f32) -> Vec<Label> {
        let right = self.stretches.last().map_or(0.0, |stretch| stretch.right);
        let mut placed: Vec<Label> = Vec::new();
        for fold in &self.folds {
            placed.push(Label { x: fold.left + (FOLD_WIDTH - 2.0 * char_width) / 2.0, text: "//".into() });
        }
        let mut wanted = Vec::new();
        for stretch in &self.stretches {
            wanted.push((stretch.left, seconds(stretch.from, step(stretch))));
        }
        for stretch in &self.stretches {
            let step = step(stretch);
            let mut at = step.saturating_mul(u32::try_from(stretch.from.as_nanos() / step.as_nanos()).unwrap_or(0) + 1);
            while at < stretch.to && wanted.len() < 64 {
                wanted.push((stretch.x(at), seconds(at, step)));
                at += step;
            }
        }
        for (x, text) in wanted {
            let width = width_of(&text, char_width);
            let x = x.min(right - width).max(0.0);
            let gap = char_width;
            let clear =
                |other: &Label| x > other.x + width_of(&other.text, char_width) + gap || x + width + gap < other.x;
            if placed.iter().all(clear) {
                placed.push(Label { x, text });
            }
        }
        placed
    }
}

#[allow(clippy::cast_precision_loss)] // labels are short
fn width_of(text: &str, char_width: f32) -> f32 {
    text.chars().count() as f32 * char_width
}

/// How wide each span is: by its length, but not too narrow to see.
#[allow(clippy::cast_precision_loss)] // a handful of spans
fn shares(spans: &[(Duration, Duration)], room: f32) -> Vec<f32> {
    let least = MIN_STRETCH.min(room / spans.len().max(1) as f32);
    let lengths: Vec<f32> = spans.iter().map(|span| span.1.saturating_sub(span.0).as_secs_f32().max(1e-6)).collect();
    let total: f32 = lengths.iter().sum();
    let narrow = |length: &f32| length / total * room < least;
    let held = lengths.iter().filter(|length| narrow(length)).count() as f32 * least;
    let rest: f32 = lengths.iter().filter(|length| !narrow(length)).sum();
    let free = (room - held).max(0.0);
    lengths.iter().map(|length| if narrow(length) { least } else { length / rest.max(1e-6) * free }).collect()
}

/// A round distance between labels, about 60 points or more apart.
fn step(stretch: &Stretch) -> Duration {
    let per_point = (stretch.to - stretch.from).as_secs_f32() / (stretch.right - stretch.left).max(1.0);
    let least = per_point * 60.0;
    let rounds = (-3..5).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f32.powi(power)));
    let step = rounds.into_iter().find(|step| *step >= least).unwrap_or(100_000.0);
    Duration::from_micros((step * 1e6) as u64)
}

fn seconds(at: Duration, step: Duration) -> String {
    if at.is_zero() {
        return "0".into();
    }
    match step.as_secs_f32() {
        step if step >= 1.0 => format!("{:.0}", at.as_secs_f32()),
        step if step >= 0.1 => format!("{:.1}", at.as_secs_f32()),
        step if step >= 0.01 => format!("{:.2}", at.as_secs_f32()),
        step if step >= 0.001 => format!("{:.0} ms", at.as_secs_f32() * 1e3),
        _ => format!("{:.1} ms", at.as_secs_f32() * 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// An axis over spans of work, in order.
    fn axis_of(busy: &[(Duration, Duration)], end: Duration, width: f32, unfolded: &BTreeSet<Duration>) -> Axis {
        let (mut gaps, mut reached) = (Vec::new(), Duration::ZERO);
        for (from, to) in busy {
            gaps.extend(Gap::between(reached, *from));
            reached = reached.max(*to);
        }
        Axis::new(&gaps, reached, end, width, unfolded)
    }

    #[test]
    fn of_very_many_waits_the_longest_are_folded() {
        let busy: Vec<_> = (0..5000).map(|n| (ms(n * 3000 + n % 7 * 100), ms(n * 3000 + n % 7 * 100 + 5))).collect();
        let axis = axis_of(&busy, ms(15_000_000), 135.0, &BTreeSet::new());
        assert!((1..=5).contains(&axis.folds.len()), "{}", axis.folds.len());
        assert!(axis.folds.windows(2).all(|pair| pair[0].right < pair[1].left));
        assert!((axis.x(ms(15_000_000)) - 135.0).abs() < 0.1);
    }

    #[test]
    fn a_long_wait_folds_and_unfolds() {
        let busy = vec![(ms(0), ms(486)), (ms(8938), ms(9050))];
        let axis = axis_of(&busy, ms(9050), 130.0, &BTreeSet::new());
        assert_eq!(axis.folds.len(), 1);
        let fold = axis.folds[0];
        assert_eq!(fold.right - fold.left, FOLD_WIDTH);
        assert!(axis.x(ms(486)) < fold.left && axis.x(ms(8938)) > fold.right);
        assert!((axis.x(ms(9050)) - 130.0).abs() < 0.01);
        let open = axis_of(&busy, ms(9050), 130.0, &BTreeSet::from([fold.from]));
        assert!(open.folds.is_empty());
    }

    #[test]
    fn work_that_takes_long_is_not_folded() {
        let axis = axis_of(&[(ms(0), ms(10_000))], ms(10_000), 130.0, &BTreeSet::new());
        assert!(axis.folds.is_empty());
    }

    #[test]
    fn labels_never_touch() {
        for (pause, width) in [(2_000, 90.0), (60_000, 130.0), (500, 400.0), (1_200, 30.0)] {
            let busy = vec![(ms(0), ms(300)), (ms(300 + pause), ms(400 + pause)), (ms(2 * pause), ms(2 * pause + 5))];
            let axis = axis_of(&busy, ms(2 * pause + 5), width, &BTreeSet::new());
            let labels = axis.labels(6.6);
            for (at, label) in labels.iter().enumerate() {
                for other in labels.iter().skip(at + 1).filter(|_| label.text != "//") {
                    let (left, right) = if label.x < other.x { (label, other) } else { (other, label) };
                    assert!(left.x + width_of(&left.text, 6.6) <= right.x, "{labels:?}");
                }
            }
        }
    }

    #[test]
    fn a_moment_never_stands_left_of_an_earlier_one() {
        let busy = vec![(ms(0), ms(14)), (ms(1500), ms(1700)), (ms(9000), ms(9001))];
        let axis = axis_of(&busy, ms(12_000), 200.0, &BTreeSet::new());
        let xs: Vec<f32> = (0..1300).map(|at| axis.x(ms(at * 10))).collect();
        assert!(xs.windows(2).all(|pair| pair[0] <= pair[1] + 0.001));
    }
}
