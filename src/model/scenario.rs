//! A scenario file: what to send, how the shopper answers, what must come out. The files
//! under `assets/scenarios/` are the single place that states expectations.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::draft::{Body, Channel, Completion, Draft};
use super::profile::ProfileId;
use super::run::{Act, Plan, Return, Run, Shopper};
use super::settings::Pace;

/// One case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// `S021`.
    pub id: String,
    /// What happens, in a few words.
    pub name: String,
    /// For choosing: `challenge`, `frictionless`, `hosted`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Hosted or non-hosted.
    #[serde(default)]
    pub completion: Completion,
    /// Members of the `POST /sessions` body that differ from the default draft, by JSON pointer.
    #[serde(default)]
    pub body: IndexMap<String, Value>,
    /// Where the shopper is.
    #[serde(default)]
    pub channel: Channel,
    /// The channel data travel inside `POST /sessions`.
    #[serde(default)]
    pub inline: bool,
    /// Changes to the default channel data of a browser or app, by JSON pointer.
    #[serde(default)]
    pub collect: IndexMap<String, Value>,
    /// What the cardholder does, page by page; in an app the first act decides.
    #[serde(default)]
    pub shopper: Vec<Act>,
    /// What must come out.
    pub expect: Expect,
    /// For people.
    #[serde(default)]
    pub explain: Explain,
}

/// What must come out. Members left out are not looked at.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// `approved`.
    pub status: String,
    /// `approved: true`.
    pub approved: Option<bool>,
    /// `rreq_status`.
    pub status_reason: Option<String>,
    /// `Y`.
    pub response_code: Option<String>,
    /// `05`.
    pub eci: Option<String>,
    /// True: there is one. False: there is none.
    pub cryptogram: Option<bool>,
    /// The `next_actions` seen, in order, each change once.
    pub next_actions: Option<Vec<String>>,
    /// How many callbacks arrived.
    pub callbacks: Option<usize>,
    /// Where the hosted page sent the browser.
    pub returned_to: Option<Return>,
}

/// Words for people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// What happens, for somebody who never read a specification.
    #[serde(default)]
    pub plain: String,
    /// What the shop should do.
    #[serde(default)]
    pub advice: String,
}

/// One expectation that was not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// `status`.
    pub what: &'static str,
    /// What the scenario says.
    pub expected: String,
    /// What came out.
    pub actual: String,
}

impl Scenario {
    /// What the engine is to do for this scenario.
    pub fn plan(&self, profile: ProfileId) -> Plan {
        let mut draft = Draft::new(self.completion);
        let mut write = |body, changes: &IndexMap<String, Value>| {
            for (pointer, value) in changes {
                draft.doc_mut(body).set(pointer, (!value.is_null()).then(|| value.clone()));
            }
        };
        let data = if self.channel == Channel::App { Body::App } else { Body::Browser };
        write(data, &self.collect);
        write(Body::Session, &self.body);
        // The draft is of our own making, so its text is JSON and can take either shape.
        draft.set_channel(self.channel);
        draft.set_inline(self.inline);
        let acts = if self.shopper.is_empty() { vec![Act::EnterOffered] } else { self.shopper.clone() };
        Plan { pace: Pace::Auto, shopper: Shopper::Scripted(acts), unattended: true, ..Plan::of(&draft, profile) }
    }

    /// What did not come out as expected; empty if all did.
    pub fn judge(&self, run: &Run) -> Vec<Mismatch> {
        let expect = &self.expect;
        let raw = run.session().map(|session| &session.raw);
        let text = |name: &str| raw.and_then(|raw| raw.get(name)).map_or_else(|| "absent".to_owned(), plain);
        let mut found = Vec::new();
        let mut compare = |what, expected: Option<String>, actual: String| {
            if let Some(expected) = expected.filter(|expected| *expected != actual) {
                found.push(Mismatch { what, expected, actual });
            }
        };
        let presence = |there: bool| if there { "present" } else { "absent" }.to_owned();
        let cryptogram = raw.is_some_and(|raw| raw.get("cryptogram").is_some());
        let path: Vec<&str> = run.progress.path.iter().map(super::api::NextAction::word).collect();
        let returned = |to: Return| match to {
            Return::Success => "success_url".to_owned(),
            Return::Failure => "failure_url".to_owned(),
        };
        compare("status", Some(expect.status.clone()), text("status"));
        compare("approved", expect.approved.map(|is| is.to_string()), text("approved"));
        compare("status_reason", expect.status_reason.clone(), text("status_reason"));
        compare("response_code", expect.response_code.clone(), text("response_code"));
        compare("eci", expect.eci.clone(), text("eci"));
        compare("cryptogram", expect.cryptogram.map(presence), presence(cryptogram));
        compare("next_actions", expect.next_actions.as_ref().map(|words| words.join(", ")), path.join(", "));
        compare("callbacks", expect.callbacks.map(|n| n.to_string()), run.progress.callbacks.to_string());
        let landed = run.progress.returned_to.map_or_else(|| "nowhere".to_owned(), returned);
        compare("returned_to", expect.returned_to.map(returned), landed);
        found
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
