//! What a finding rests on: the row that shows it, what it is held against, and what would have
//! kept it away.

use super::{Change, Reason, Why, reason};
use crate::model::explain::Tone;
use crate::model::finding::Severity;
use crate::model::lint::observed::{Observation, mend, observed};
use crate::model::run::Run;

/// The chain of a finding. One that is not there any more says so.
pub(super) fn chain(run: &Run, entry: usize, rule: &str) -> Why {
    let found = observed(run).into_iter().find(|one| one.entry == entry && one.rule == rule);
    match found {
        Some(found) => of_finding(run, &found),
        None => Why {
            about: rule.to_owned(),
            answer: "This finding is not there any more: what came later explains it.".into(),
            more: String::new(),
            tone: Tone::Neutral,
            reasons: Vec::new(),
            unseen: None,
            change: Change { sentence: "Nothing to change.".into(), or: None, likely: false },
        },
    }
}

/// What a finding rests on that is known already.
pub fn of_finding(run: &Run, found: &Observation) -> Why {
    let link = |spot: &crate::model::trace::Spot, words: &str, fact: &str, decides: bool| {
        let row = run.entries.numbered(spot.entry)?;
        let link = reason(run, row, (spot.part, spot.path.clone()), (words.to_owned(), fact.to_owned()));
        Some(Reason { source: found.source, decides, ..link })
    };
    let mut reasons: Vec<Reason> =
        found.evidence.iter().filter_map(|one| link(&one.spot, one.words, &one.fact, false)).collect();
    reasons.sort_by_key(|link| link.at);
    reasons.extend(link(&found.spot, &found.title, &found.fact, true));
    Why {
        about: found.rule.to_owned(),
        answer: format!("{}.", found.title),
        more: found.message.clone(),
        tone: match found.severity {
            Severity::Error => Tone::Bad,
            Severity::Warning => Tone::Mixed,
            Severity::Advice => Tone::Neutral,
        },
        reasons,
        unseen: None,
        change: Change { sentence: format!("{}.", mend(found.rule).trim_end_matches('.')), or: None, likely: false },
    }
}
