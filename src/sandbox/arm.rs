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

/// What the next sessions get, whatever their card: a scenario, a version of the protocol, or
/// both. Source: sessions-api.md 7.5.
#[derive(Debug, Clone)]
pub(super) struct Armed {
    script: Option<Arc<Script>>,
    version: Option<&'static str>,
    /// Sessions that still get it.
    left: i64,
}

impl Armed {
    /// Arms this; no session disarms.
    pub(super) fn with(script: Option<Arc<Script>>, version: Option<&'static str>, sessions: i64) -> Option<Self> {
        (sessions > 0).then_some(Self { script, version, left: sessions })
    }

    /// A scenario of the deck.
    ///
    /// # Errors
    /// The ids that are nearest to one that does not exist.
    pub(super) fn of_deck(id: &str) -> Result<Arc<Script>, Vec<String>> {
        let unknown = || {
            let ids: Vec<&str> = DECK.iter().map(|script| script.id.as_str()).collect();
            deck::near_ids(&ids, id).into_iter().map(str::to_owned).collect::<Vec<String>>()
        };
        find(id).cloned().ok_or_else(unknown)
    }

    /// A scenario that is no part of the deck.
    ///
    /// # Errors
    /// What is wrong with the file, and where.
    pub(super) fn of_file(text: &str) -> Result<Arc<Script>, String> {
        let scenario = deck::read("file", text).map_err(|error| error.to_string())?;
        Ok(Arc::new(Script::of(scenario)))
    }

    /// The scenario that decides for the next session, if one does.
    pub(super) fn script(&self) -> Option<&Arc<Script>> {
        self.script.as_ref()
    }

    /// The version that the next session speaks, if it is said.
    pub(super) fn version(&self) -> Option<&'static str> {
        self.version
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
        let mut shown = json!({"sessions": armed.map_or(0, |armed| armed.left)});
        if let Some(script) = armed.and_then(Self::script) {
            shown["scenario"] = script.id.as_str().into();
        }
        if let Some(version) = armed.and_then(Self::version) {
            shown["version"] = version.into();
        }
        shown
    }
}
