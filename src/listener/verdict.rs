//! What we think of a delivery. Pure: what is known in, verdict out.
//! Source: trust.md R65, R66, R69.

use crate::model::SessionId;
use crate::model::delivery::{DeliveryKind, Seq, Verdict};

/// All that a verdict depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence<'a> {
    /// What it is, by its address.
    pub kind: DeliveryKind,
    /// The session whose address it is, once that is known.
    pub ours: Option<&'a SessionId>,
    /// The session that the body names.
    pub named: Option<&'a SessionId>,
    /// An earlier one with the same address and the same bytes.
    pub same: Option<Seq>,
    /// The first callback to this address that did not name another session, if its bytes
    /// were others.
    pub other: Option<Seq>,
}

/// What we make of it.
pub fn judge(evidence: Evidence<'_>) -> Verdict {
    let Evidence { kind, ours, named, same, other } = evidence;
    if kind == DeliveryKind::Unknown {
        return Verdict::Unexpected;
    }
    if let Some(of) = same {
        return Verdict::Duplicate { of };
    }
    if kind == DeliveryKind::Inbox {
        return Verdict::Unexpected;
    }
    match (ours, named) {
        (Some(ours), Some(named)) if ours != named => return Verdict::Swapped { named: named.clone() },
        _ => (),
    }
    match (kind, other) {
        (DeliveryKind::Callback, Some(earlier)) => Verdict::Contradicts { earlier },
        _ if ours.is_some() && ours == named => Verdict::Matched,
        _ => Verdict::Addressed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_has_its_case() {
        let (a, b) = (SessionId("sid_a".into()), SessionId("sid_b".into()));
        let evidence = |kind, ours, named, same: Option<u64>, other: Option<u64>| Evidence {
            kind,
            ours,
            named,
            same: same.map(Seq),
            other: other.map(Seq),
        };
        let swapped = Verdict::Swapped { named: b.clone() };
        use DeliveryKind::{Callback, ChallengeNotification, Inbox, Unknown};
        for (evidence, expected) in [
            (evidence(Callback, Some(&a), Some(&a), None, None), Verdict::Matched),
            (evidence(Callback, Some(&a), None, None, None), Verdict::Addressed),
            (evidence(Callback, None, Some(&a), None, None), Verdict::Addressed),
            (evidence(Callback, Some(&a), Some(&b), None, None), swapped.clone()),
            (evidence(Callback, Some(&a), Some(&b), None, Some(1)), swapped),
            (evidence(Callback, Some(&a), Some(&a), Some(4), Some(1)), Verdict::Duplicate { of: Seq(4) }),
            (evidence(Callback, Some(&a), Some(&a), None, Some(1)), Verdict::Contradicts { earlier: Seq(1) }),
            (evidence(ChallengeNotification, Some(&a), None, None, Some(1)), Verdict::Addressed),
            (evidence(Inbox, None, None, None, None), Verdict::Unexpected),
            (evidence(Inbox, None, None, Some(2), None), Verdict::Duplicate { of: Seq(2) }),
            (evidence(Unknown, None, Some(&a), Some(2), None), Verdict::Unexpected),
        ] {
            assert_eq!(judge(evidence), expected, "{evidence:?}");
        }
    }
}
