//! What a scenario makes of a session: armed from outside for the next sessions, named by a
//! session's reference, or chosen by a programmable card. A scenario of the deck, or one that
//! is handed in as text.
//!
//! Knows of a scenario only what concerns the other side: its card, whose range decides, what
//! the issuer's side does, and the faults on the way. Source: sessions-api.md 7.5; product.md
//! "Decided".

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::model::deck;
use crate::model::scenario::{Fault, Hop, Issuer, Scenario};

/// A scenario as the sandbox carries it out.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) id: String,
    /// Its card: its range decides instead of a session's own where `issuer` says nothing.
    pub(super) card: Option<String>,
    pub(super) issuer: Option<Issuer>,
    /// Faults between the parts of the scheme, and in the browser.
    pub(super) faults: Vec<Fault>,
    /// Faults of the API's own door.
    pub(super) door: Vec<Fault>,
}

impl Script {
    fn of(scenario: Scenario) -> Self {
        let card = scenario.body.get("/source/number").and_then(Value::as_str).map(str::to_owned);
        let (door, faults) = scenario.faults.into_iter().partition(|fault| fault.hop == Hop::Api);
        Self { id: scenario.id, card, issuer: scenario.issuer.map(|issuer| *issuer), faults, door }
    }
}

/// Read when somebody first asks for a scenario.
static DECK: LazyLock<Vec<Arc<Script>>> =
    LazyLock::new(|| deck::all().into_iter().map(|scenario| Arc::new(Script::of(scenario))).collect());

fn find(id: &str) -> Option<&'static Arc<Script>> {
    DECK.iter().find(|script| script.id.eq_ignore_ascii_case(id))
}

/// The scenario that a reference names: `scn:S004`, up to a blank or a `;`. A scenario that
/// nobody knows changes nothing. Source: product.md "Decided".
pub(super) fn named(reference: &str) -> Option<Arc<Script>> {
    let (_, rest) = reference.split_once("scn:")?;
    find(rest.split([' ', ';']).next()?).cloned()
}

/// The scenario of a programmable card, if the deck has it. Source: emv-3ds.md 6.1.
pub(super) fn numbered(number: u16) -> Option<Arc<Script>> {
    find(&format!("S{number:03}")).filter(|script| script.issuer.is_some()).cloned()
}

/// A scenario that the next sessions get, whatever their card. Source: sessions-api.md 7.5.
#[derive(Debug, Clone)]
pub(super) struct Armed {
    script: Arc<Script>,
    /// Sessions that still get it.
    left: i64,
}

impl Armed {
    /// Arms a scenario of the deck; no session disarms.
    ///
    /// # Errors
    /// The ids that are nearest to one that does not exist.
    pub(super) fn with(id: &str, sessions: i64) -> Result<Option<Self>, Vec<String>> {
        let unknown = || {
            let ids: Vec<&str> = DECK.iter().map(|script| script.id.as_str()).collect();
            deck::near_ids(&ids, id).into_iter().map(str::to_owned).collect::<Vec<String>>()
        };
        let script = Arc::clone(find(id).ok_or_else(unknown)?);
        Ok((sessions > 0).then_some(Self { script, left: sessions }))
    }

    /// Arms a scenario that is no part of the deck.
    ///
    /// # Errors
    /// What is wrong with the file, and where.
    pub(super) fn with_file(text: &str, sessions: i64) -> Result<Option<Self>, String> {
        let scenario = deck::read("file", text).map_err(|error| error.to_string())?;
        let script = Arc::new(Script::of(scenario));
        Ok((sessions > 0).then_some(Self { script, left: sessions }))
    }

    /// What decides for the next session.
    pub(super) fn script(&self) -> &Arc<Script> {
        &self.script
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
        armed.map_or_else(
            || json!({"sessions": 0}),
            |armed| json!({"scenario": armed.script.id, "sessions": armed.left}),
        )
    }
}
