//! What is remembered of the builder between starts, and what of it may reach the disk.

use serde::{Deserialize, Serialize};

use super::form::Form;
use super::head::Request;
use crate::model::cards;
use crate::model::draft::Draft;
use crate::model::presets::SavedPreset;
use crate::model::secret;

/// What is remembered of the builder between starts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// The draft, all its documents and shapes.
    #[serde(alias = "non_hosted")] // its name in the last version
    pub(super) draft: Draft,
    /// JSON instead of the form, where only one has room.
    pub(super) json: bool,
    /// The request being edited.
    pub(super) request: Request,
    /// Which parts of the form are open.
    pub(super) form: Form,
    /// The user's own presets, in the order saved.
    pub(super) saved: Vec<SavedPreset>,
    /// What is missing for the bank is listed.
    pub(super) weighed: bool,
}

impl View {
    /// What may go to the disk: card numbers that are not published test numbers are
    /// masked. Source: product.md, promise 2; trust.md R33, R35.
    pub fn kept(&self) -> Self {
        // A view always has a JSON form, and masking changes nothing but digits in its
        // texts: what comes back is a view. If not, nothing is better than a number.
        let Ok(text) = serde_json::to_string(self) else { return Self::default() };
        match without_real_cards(&text) {
            Some(masked) => serde_json::from_str(&masked).unwrap_or_default(),
            None => self.clone(),
        }
    }
}

/// The text with real card numbers masked; `None` if there is none in it.
fn without_real_cards(text: &str) -> Option<String> {
    let mut masked = String::with_capacity(text.len());
    let mut hit = false;
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        masked.push_str(before);
        let spaced = |c: char| c.is_ascii_digit() || c == ' ' || c == '-';
        let run = from.find(|c: char| !spaced(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(run);
        let digits: String = run.chars().filter(char::is_ascii_digit).collect();
        let card = (12..=19).contains(&digits.len()) && secret::luhn(digits.as_bytes());
        if card && !cards::is_test_number(&digits) {
            hit = true;
            masked.push_str(&secret::mask_digits(&digits));
        } else {
            masked.push_str(run);
        }
        rest = after;
    }
    masked.push_str(rest);
    hit.then_some(masked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::draft::{Body, Channel, Completion};

    #[test]
    fn a_real_card_number_is_not_remembered_and_a_test_number_is() {
        let mut view = View::default();
        view.draft.doc_mut(Body::Session).set("/source/number", Some("4000056655665556".into()));
        view.draft.doc_mut(Body::Payment).set_text("{ broken 5555 5555 5555 4444".into());
        let mut saved = Draft::new(Completion::NonHosted);
        saved.doc_mut(Body::Session).set("/reference", Some("5200828282828210".into()));
        saved.set_channel(Channel::App);
        view.saved.push(SavedPreset { name: "mine".into(), draft: saved });
        let kept = view.kept();
        let text = serde_json::to_string(&kept).expect("a view has a JSON form");
        for number in ["4000056655665556", "5555 5555", "5200828282828210"] {
            assert!(!text.contains(number), "{text}");
        }
        assert!(text.contains("400005••••••5556"));
        assert_eq!(kept.saved[0].draft.channel, Channel::App);
        let kept = serde_json::to_string(&View::default().kept()).expect("a view has a JSON form");
        assert!(kept.contains("4242424242424242"));
    }

    #[test]
    fn the_draft_of_the_last_version_is_taken_along() {
        let old = r#"{"completion":"non_hosted","json":true,
            "non_hosted":{"completion":"non_hosted","body":"{\"amount\": 7}","browser":"{}"}}"#;
        let view: View = serde_json::from_str(old).expect("readable");
        assert_eq!((view.draft.doc(Body::Session).text(), view.json), ("{\"amount\": 7}", true));
    }
}
