//! Two runs beside one another: which row of the one stands at the height of which row of
//! the other. Pure and linear in the rows.

use super::Lane;
use super::delivery::DeliveryKind;
use super::exchange::Step;
use super::run::{Entry, What};

/// How far ahead the same kind is looked for before both rows count as different. Our choice:
/// longer than any detour of one session against another.
const AHEAD: usize = 24;

/// What a row is, whatever it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A request for a step, from this lane.
    Exchange(Step, Lane),
    /// A hidden message of this name.
    Scheme(&'static str),
    /// A message to the phone.
    Phone,
    /// Something that reached the listener.
    Delivery(DeliveryKind),
    /// A wait for a person.
    Wait(Step),
    /// A note on a step: left out, paused, failed or worth knowing.
    Note(Step),
    /// The user stopped it.
    Cancelled,
}

impl Kind {
    /// The kind of a row.
    pub fn of(entry: &Entry) -> Self {
        match &entry.what {
            What::Exchange(exchange) => Self::Exchange(exchange.step, exchange.from),
            What::Scheme(message) => Self::Scheme(message.kind),
            What::Phone(_) => Self::Phone,
            What::Delivery(delivery) => Self::Delivery(delivery.kind),
            What::Wait(step) => Self::Wait(*step),
            What::Skipped(step) | What::Paused(step) | What::Noted(step, _) | What::Failed(step, _) => {
                Self::Note(*step)
            }
            What::Cancelled => Self::Cancelled,
        }
    }
}

/// What stands at one height: places in the left and in the right list.
pub type Pair = (Option<usize>, Option<usize>);

/// Puts the same kinds at the same height, in order, with gaps where one side lacks them.
pub fn align(left: &[Kind], right: &[Kind]) -> Vec<Pair> {
    let mut pairs = Vec::with_capacity(left.len().max(right.len()));
    let (mut a, mut b) = (0, 0);
    while a < left.len() && b < right.len() {
        // Where both have nothing in common for a while, each goes on by one.
        let (gap_a, gap_b, meet) = match meeting(&left[a..], &right[b..]) {
            Some((gap_a, gap_b)) => (gap_a, gap_b, true),
            None => (1, 1, false),
        };
        pairs.extend((a..a + gap_a).map(|at| (Some(at), None)));
        pairs.extend((b..b + gap_b).map(|at| (None, Some(at))));
        (a, b) = (a + gap_a, b + gap_b);
        if meet {
            pairs.push((Some(a), Some(b)));
            (a, b) = (a + 1, b + 1);
        }
    }
    pairs.extend((a..left.len()).map(|at| (Some(at), None)));
    pairs.extend((b..right.len()).map(|at| (None, Some(at))));
    pairs
}

/// The nearest place where both have the same kind: how many of each come before it.
fn meeting(left: &[Kind], right: &[Kind]) -> Option<(usize, usize)> {
    (0..2 * AHEAD).find_map(|sum| {
        let splits = sum.saturating_sub(AHEAD)..=sum.min(AHEAD);
        splits.map(|a| (a, sum - a)).find(|(a, b)| left.get(*a).is_some_and(|kind| right.get(*b) == Some(kind)))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn call(step: Step) -> Kind {
        Kind::Exchange(step, Lane::Merchant)
    }

    #[test]
    fn the_same_step_stands_at_the_same_height() {
        let own = [Step::Token, Step::Create, Step::Method, Step::Collect, Step::Confirm, Step::Complete].map(call);
        let hosted = [Step::Create, Step::Redirect, Step::Confirm].map(call);
        let expected = [
            (Some(0), None),
            (Some(1), Some(0)),
            (Some(2), None),
            (Some(3), None),
            (None, Some(1)),
            (Some(4), Some(2)),
            (Some(5), None),
        ];
        assert_eq!(align(&own, &hosted), expected);
    }

    #[test]
    fn what_has_nothing_in_common_stands_on_lines_of_its_own() {
        let pairs = align(&[Kind::Phone, Kind::Phone], &[Kind::Cancelled]);
        assert_eq!(pairs, [(Some(0), None), (None, Some(0)), (Some(1), None)]);
    }

    proptest! {
        #[test]
        fn every_row_is_there_once_and_in_order(left in rows(), right in rows()) {
            let pairs = align(&left, &right);
            let a: Vec<usize> = pairs.iter().filter_map(|pair| pair.0).collect();
            let b: Vec<usize> = pairs.iter().filter_map(|pair| pair.1).collect();
            prop_assert_eq!(a, (0..left.len()).collect::<Vec<_>>());
            prop_assert_eq!(b, (0..right.len()).collect::<Vec<_>>());
            for pair in &pairs {
                if let (Some(a), Some(b)) = pair {
                    prop_assert_eq!(left[*a], right[*b]);
                }
            }
        }
    }

    fn rows() -> impl Strategy<Value = Vec<Kind>> {
        let steps = [Step::Token, Step::Create, Step::Collect, Step::Confirm];
        proptest::collection::vec((0..4_usize).prop_map(move |at| call(steps[at])), 0..60)
    }
}
