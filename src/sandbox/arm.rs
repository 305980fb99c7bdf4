//! Scenarios by name: the one that is armed for the next sessions, and the one that a
//! reference asks for.
//!
//! Promises: a session that was refused uses none up; unarmed and unasked, every card decides
//! for itself. Knows the deck of scenarios and of each only its card. Source: sessions-api.md
//! 7.5, emv-3ds.md 6.1, product.md "Decided".

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::model::deck;
use crate::model::scenario::Scenario;

/// Read when somebody first asks for a scenario.
static DECK: LazyLock<Vec<Scenario>> = LazyLock::new(deck::all);

/// The card of a scenario: its range decides instead of a session's own.
fn card(scenario: &Scenario) -> Option<&str> {
    scenario.body.get("/source/number").and_then(Value::as_str)
}

/// The card of the scenario that a reference names: `scn:S004`, up to a blank or a `;`. A
/// scenario that nobody knows changes nothing. Source: product.md "Decided".
pub(super) fn named(reference: &str) -> Option<&'static str> {
    let (_, rest) = reference.split_once("scn:")?;
    let id = rest.split([' ', ';']).next()?;
    deck::find(&DECK, id).and_then(card)
}

/// A scenario that the next sessions get, whatever their card. Source: sessions-api.md 7.5.
#[derive(Debug, Clone)]
pub(super) struct Armed {
    scenario: String,
    card: &'static str,
    /// Sessions that still get it.
    left: i64,
}

impl Armed {
    /// Arms a scenario of the deck; no session disarms.
    ///
    /// # Errors
    /// The ids that are nearest to one that does not exist.
    pub(super) fn with(id: &str, sessions: i64) -> Result<Option<Self>, Vec<String>> {
        let unknown = || -> Vec<String> { deck::near(&DECK, id).into_iter().map(str::to_owned).collect() };
        let scenario = deck::find(&DECK, id).ok_or_else(unknown)?;
        let card = card(scenario).ok_or_else(unknown)?;
        let armed = Self { scenario: scenario.id.clone(), card, left: sessions };
        Ok((sessions > 0).then_some(armed))
    }

    /// The card whose range decides for the next session.
    pub(super) fn card(&self) -> &'static str {
        self.card
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
