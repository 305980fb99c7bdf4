//! An error as people see it: what failed, why, what to do.

use std::error::Error;
use std::iter;

use super::redact::Redactor;

/// What failed (one sentence), why (the chain of causes), what to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What failed, with its object. No full stop.
    pub summary: String,
    /// Why, outermost cause first.
    pub causes: Vec<String>,
    /// What to do now.
    pub hint: Option<String>,
}

impl Problem {
    /// Takes an error with its chain of causes.
    pub fn new(error: &(dyn Error + 'static), hint: Option<&str>) -> Self {
        let causes = iter::successors(error.source(), |&error| error.source());
        let mut causes: Vec<String> = causes.map(ToString::to_string).collect();
        causes.dedup();
        Self { summary: error.to_string(), causes, hint: hint.map(Into::into) }
    }

    /// A problem found by our own rules, without a cause below it.
    pub fn of(summary: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { summary: summary.into(), causes: Vec::new(), hint: Some(hint.into()) }
    }

    /// The same with what `redactor` finds masked: causes may quote what was typed or sent.
    pub fn masked_by(&self, redactor: &Redactor) -> Self {
        let mask = |text: &String| redactor.mask_text(text);
        Self {
            summary: mask(&self.summary),
            causes: self.causes.iter().map(mask).collect(),
            hint: self.hint.as_ref().map(mask),
        }
    }

    /// All of it in one line, for terminals and the clipboard.
    pub fn line(&self) -> String {
        let mut line = self.summary.clone();
        for cause in &self.causes {
            line.push_str(": ");
            line.push_str(cause);
        }
        if let Some(hint) = &self.hint {
            line.push_str(". ");
            line.push_str(hint);
        }
        line
    }
}
