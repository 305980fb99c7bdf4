//! Why a session stands where it stands, why it has this ECI, who carries the risk and why, and
//! what a finding rests on: the rows and members that led there, each one a place in the record,
//! the rule it follows from, and the nearest change that would have ended otherwise.
//!
//! Built on what is recorded: the scheme's hidden messages where the sandbox shows them, else
//! only what the API says, and then that is said too. Pure; any rows in any order are taken.
//! The words for outcomes are `explain`'s.

mod case;
mod facts;
mod finding;
mod nearest;
mod reasons;

use std::time::Duration;

use self::case::Case;
use self::facts::Facts;
pub use self::finding::of_finding;
use super::Lane;
use super::explain::Tone;
use super::run::{Entry, Run, What};
use super::trace::{Part, Question, Spot};

/// The answer to a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    /// What is asked about: `status: declined`, `eci: 07`.
    pub about: String,
    /// The answer, one plain sentence.
    pub answer: String,
    /// What that means, or what there is to do.
    pub more: String,
    /// How good the news is.
    pub tone: Tone,
    /// What led there, in order.
    pub reasons: Vec<Reason>,
    /// What cannot be seen here, if anything.
    pub unseen: Option<&'static str>,
    /// What would have ended otherwise.
    pub change: Change,
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// Where it stands.
    pub spot: Spot,
    /// Since the run's start.
    pub at: Duration,
    /// From whom to whom.
    pub lanes: (Lane, Lane),
    /// What happened, in plain words.
    pub sentence: String,
    /// The same as it went over the wire: `transStatus: C`.
    pub fact: String,
    /// What the link shows: `ARes`.
    pub row: String,
    /// The document it follows from, as it is known outside.
    pub source: &'static str,
    /// True for what decided.
    pub decides: bool,
}

/// The nearest change with another outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What, and what would come of it.
    pub sentence: String,
    /// A further one, if there is one that is as near.
    pub or: Option<String>,
    /// Somebody else decides, so that it is only likely.
    pub likely: bool,
}

/// The answer to `question` about this run.
pub fn chain(run: &Run, question: &Question) -> Why {
    if let Question::Finding(entry, rule) = question {
        return finding::chain(run, *entry, rule);
    }
    let number = if let Question::Status(number) = question { *number } else { None };
    let facts = Facts::of(run, number);
    let Some(case) = Case::of(&facts) else { return reasons::without_session(&facts) };
    let (about, answer) = reasons::answer(&case, question);
    let change = match question {
        Question::Eci => nearest::of_eci(&case),
        Question::Liability => nearest::of_liability(&case),
        _ => nearest::of_status(&case),
    };
    let blind = !facts.shows_hidden() && case.leans_on_hidden();
    Why {
        about,
        answer,
        // Who pays is the answer itself there.
        more: if *question == Question::Liability { String::new() } else { case.meaning.sentence.clone() },
        tone: case.meaning.tone,
        reasons: reasons::of(&case, question),
        unseen: blind.then_some(UNSEEN),
        change,
    }
}

/// Said where the scheme's own messages are not recorded.
const UNSEEN: &str = "What the directory and the bank said to one another is not visible with a real scheme; this \
                      chain has what the API tells of it.";

/// The question that a member of a row's body answers, if it is one that can be asked.
/// `path` as the inspector writes it: `$.eci`.
pub fn question_of(entry: usize, path: &str) -> Option<Question> {
    match path.rsplit(['.', '\'']).find(|part| !part.is_empty() && *part != "]")? {
        "eci" => Some(Question::Eci),
        "cryptogram" | "authenticationValue" => Some(Question::Liability),
        "status" | "response_code" | "transStatus" => Some(Question::Status(Some(entry))),
        _ => None,
    }
}

/// What a link to a row shows: `ARes`, `Callback`, `Read session`.
pub fn row_name(what: &What) -> String {
    match what {
        What::Exchange(exchange) => exchange.step.name().into(),
        What::Scheme(message) if message.kind == "Fault" => "fault".into(),
        What::Scheme(message) => message.kind.into(),
        What::Delivery(delivery) => delivery.kind.name().into(),
        What::Phone(_) => "message to the phone".into(),
        What::Wait(_) => "wait".into(),
        What::Skipped(step) | What::Paused(step) | What::Noted(step, _) | What::Failed(step, _) => step.name().into(),
        What::Cancelled => "stop".into(),
    }
}

/// A link of the chain to a row.
fn reason(run: &Run, entry: &Entry, (part, path): (Part, Option<String>), words: (String, String)) -> Reason {
    let answered = part == Part::Response;
    let at = if answered { facts::end(entry) } else { entry.at.mono };
    Reason {
        spot: Spot { entry: entry.number, part, path },
        at: at.saturating_sub(run.started.mono),
        lanes: if answered { (entry.to, entry.from) } else { (entry.from, entry.to) },
        sentence: words.0,
        fact: words.1,
        row: row_name(&entry.what),
        source: "",
        decides: false,
    }
}

#[cfg(test)]
mod tests;
