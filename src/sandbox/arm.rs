//! The scenario that is armed for the next sessions.
//!
//! Promises: a session that was refused uses none up; unarmed, every card decides for itself.
//! Knows the deck of scenarios and of each only its card. Source: sessions-api.md 7.5,
//! product.md "Decided".

use serde_json::{Value, json};

use crate::model::deck;

/// A scenario that the next sessions get, whatever their card. Source: sessions-api.md 7.5.
#[derive(Debug, Clone)]
pub(super) struct Armed {
    scenario: String,
    /// The scenario's card: its range decides instead of the session's own.
    card: String,
    /// Sessions that still get it.
    left: i64,
}

impl Armed {
    /// Arms a scenario of the deck; no session disarms.
    ///
    /// # Errors
    /// The ids that are nearest to one that does not exist.
    pub(super) fn with(id: &str, sessions: i64) -> Result<Option<Self>, Vec<String>> {
        let deck = deck::all();
        let unknown = || -> Vec<String> { deck::near(&deck, id).into_iter().map(str::to_owned).collect() };
        let scenario = deck::find(&deck, id).ok_or_else(unknown)?;
        let card = scenario.body.get("/source/number").and_then(Value::as_str).ok_or_else(unknown)?;
        let armed = Self { scenario: scenario.id.clone(), card: card.to_owned(), left: sessions };
        Ok((sessions > 0).then_some(armed))
    }

    /// The card whose range decides for the next session.
    pub(super) fn card(&self) -> &str {
        &self.card
    }

    /// A session was made of it; the last one disarms.
    pub(super) fn count_down(armed: &mut Option<Self>) {
        if let Some(one) = armed {
            one.left -= 1;
        }
        armed.take_if(|one| one.left <= 0);
    }

    /// What is armed, for the control API.
    pub(super) fn json(armed: Option<&Self>) -> Value {
        armed
            .map_or_else(|| json!({"sessions": 0}), |armed| json!({"scenario": armed.scenario, "sessions": armed.left}))
    }
}
