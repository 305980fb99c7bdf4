//! A scenario file: what to send, what the shopper, the shop and the other side do, what must
//! come out. The files under `assets/scenarios/` are the single place that states expectations.

mod fault;
mod judge;
mod script;
mod server;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::device::Seal;
use super::draft::{Body, Channel, Completion, Draft};
use super::profile::ProfileId;
use super::run::{Act, Plan, Return, Run, Shopper};
use super::settings::Pace;

pub use fault::{Fault, FaultKind, Hop};
pub use script::{
    Answer, AppSide, BankId, Challenge, Exemptions, Frames, Issuer, Legacy, Letter, Letter3, MethodPage, PageKind,
    SecondCreq, SignedBy, SignedKey, Version,
};
pub use server::{Decoupled, Server};

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
    /// Versions of 3DS2 on which what is expected comes out; left out: on all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Version>,
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
    /// Changes to the default channel data of a browser, an app or a shop that acts alone, by JSON
    /// pointer.
    #[serde(default)]
    pub collect: IndexMap<String, Value>,
    /// What the cardholder does, page by page or screen by screen.
    #[serde(default)]
    pub shopper: Vec<Act>,
    /// What the shopper's browser is, where it matters.
    #[serde(default)]
    pub browser: Browser,
    /// What the shopper's app is, where it matters.
    #[serde(default, skip_serializing_if = "App::is_usual")]
    pub app: App,
    /// What the shop does otherwise than usual.
    #[serde(default)]
    pub shop: Shop,
    /// What the other side does; left out: what the card leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Box<Issuer>>,
    /// What goes wrong on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// Requests that differ in something, a run for each; left out: one run of `body` as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// What must come out.
    pub expect: Expect,
    /// For people.
    #[serde(default)]
    pub explain: Explain,
}

/// One of several requests of a scenario, and what comes out otherwise than of the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// `top-up`.
    pub name: String,
    /// Members that differ from the scenario's own body, by JSON pointer.
    pub body: IndexMap<String, Value>,
    /// In place of `expect.eci`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eci: Option<String>,
    /// In place of `expect.liability`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liability: Option<String>,
}

/// The shopper's browser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Browser {
    /// Scripts run.
    pub javascript: bool,
    /// What the issuer's 3DS Method page sees where it is not what the shop declares: members
    /// of `channel_data` (`timezone`, `language`, `user_agent`, …).
    pub really: IndexMap<String, Value>,
}

impl Default for Browser {
    fn default() -> Self {
        Self { javascript: true, really: IndexMap::new() }
    }
}

/// The shopper's app. What it can show is in the channel data: `[collect]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct App {
    /// How its SDK's messages travel: `A128CBC-HS256`, `A128GCM`, or `none`.
    pub seal: Seal,
    /// Where the bank's app brings the shopper back to: `threeDSRequestorAppURL`.
    pub url: Option<String>,
}

impl App {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// What the shop does otherwise than usual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shop {
    /// Steps that it leaves out; then it waits until the session's life is over.
    pub skip: Vec<Omission>,
    /// How often it calls `complete`, one after the other whatever is answered.
    pub complete: u8,
    /// Statuses with which it answers the first callbacks, before it answers 200.
    pub callback_answers: Vec<u16>,
    /// Sizes of the bank's window, one run for each: `01` to `05`.
    pub windows: Vec<String>,
    /// How often the whole session is run, on one card; the last one is judged.
    pub rounds: u8,
    /// It tries the payment without 3-D Secure first.
    pub pays_first: bool,
}

impl Default for Shop {
    fn default() -> Self {
        Self {
            skip: Vec::new(),
            complete: 1,
            callback_answers: Vec::new(),
            windows: Vec::new(),
            rounds: 1,
            pays_first: false,
        }
    }
}

/// A step that a shop may leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Omission {
    /// The channel data never come.
    Collect,
    /// The hidden frame of the 3DS Method is left out.
    Method,
    /// The shopper is never sent to the bank.
    Challenge,
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
    /// `response_status_reason`; `absent` if there must be none.
    pub reason: Option<String>,
    /// `acs.challenge_cancel_reason_code`; `absent` if there must be none.
    pub cancel_code: Option<String>,
    /// `3ds.error_details.error_code`; `absent` if there must be none.
    pub error_code: Option<String>,
    /// `scheme`: where the authentication went.
    pub scheme: Option<String>,
    /// `exemption.applied`; `absent` if nothing must be said of one.
    pub exemption: Option<String>,
    /// Status and source of `exemption.trusted_beneficiary`: `Y/03`; `absent` if there must be none.
    pub trust: Option<String>,
    /// `flow_type`.
    pub flow: Option<String>,
    /// `response_code` of the payment that the shop tried first; `absent` if it tried none.
    pub payment: Option<String>,
    /// `3ds.interaction_counter`.
    pub interactions: Option<String>,
    /// What `three_ds_method_completion` was sent as: `Y`, `N`, `U`.
    pub method: Option<String>,
    /// Who carries the risk of fraud: `issuer`, `merchant`, `none`, `open`.
    pub liability: Option<String>,
    /// Hidden messages that must have been seen, in this order, others between: their kind, or
    /// kind and gist as on the timeline (`Erro`, `Erro errorCode 101`, `RRes resultsStatus 02`).
    pub messages: Option<Vec<String>>,
    /// Rules of lint that the timeline must have findings of. Others may be there: some tell how
    /// fast a machine is.
    pub lint: Option<Vec<String>>,
    /// Deliveries to the callback address, whatever they were answered.
    pub deliveries: Option<usize>,
    /// HTTP statuses that the calls of `complete` were answered with.
    pub complete: Option<Vec<u16>>,
    /// At least and at most so many seconds passed on the sandbox's clock.
    pub seconds: Option<(u64, u64)>,
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
    /// `status`; with the run, where there are several: `status in window 02`.
    pub what: String,
    /// What the scenario says.
    pub expected: String,
    /// What came out.
    pub actual: String,
}

impl Scenario {
    /// What the engine is to do for this scenario.
    pub fn plan(&self, profile: ProfileId) -> Plan {
        self.plan_with(profile, &IndexMap::new())
    }

    /// The same with members of the body that differ.
    fn plan_with(&self, profile: ProfileId, differs: &IndexMap<String, Value>) -> Plan {
        let mut draft = Draft::new(self.completion);
        let mut write = |body, changes: &IndexMap<String, Value>| {
            for (pointer, value) in changes {
                draft.doc_mut(body).set(pointer, (!value.is_null()).then(|| value.clone()));
            }
        };
        match self.channel {
            Channel::Browser => write(Body::Browser, &self.collect),
            Channel::App => write(Body::App, &self.collect),
            Channel::MerchantInitiated => (), // it travels inside, once the draft has that shape
        }
        write(Body::Session, &self.body);
        // The draft is of our own making, so its text is JSON and can take either shape.
        draft.set_channel(self.channel);
        draft.set_inline(self.inline);
        let alone = self.collect.iter().filter(|_| self.channel == Channel::MerchantInitiated);
        let inside = alone.map(|(pointer, value)| (format!("/channel_data{pointer}"), value));
        for (pointer, value) in inside.chain(differs.iter().map(|(pointer, value)| (pointer.clone(), value))) {
            draft.doc_mut(Body::Session).set(&pointer, (!value.is_null()).then(|| value.clone()));
        }
        let acts = if self.shopper.is_empty() { vec![Act::EnterOffered] } else { self.shopper.clone() };
        Plan {
            pace: Pace::Auto,
            shopper: Shopper::Scripted(acts.clone()),
            script: acts,
            unattended: true,
            shop: self.shop.clone(),
            browser: self.browser.clone(),
            app: self.app.clone(),
            ..Plan::of(&draft, profile)
        }
    }

    /// The runs that make up this scenario, in order, and of each how its end is judged, if
    /// it is.
    pub fn plans(&self, profile: &ProfileId) -> Vec<(Plan, Option<Judged>)> {
        let whole = self.plan(profile.clone());
        let judged = |which: String| Judged { which, expect: self.expect.clone() };
        if !self.variants.is_empty() {
            let of = |variant: &Variant| {
                let mut judged = judged(format!(" of {}", variant.name));
                judged.expect.eci = variant.eci.clone().or(judged.expect.eci);
                judged.expect.liability = variant.liability.clone().or(judged.expect.liability);
                (self.plan_with(profile.clone(), &variant.body), Some(judged))
            };
            return self.variants.iter().map(of).collect();
        }
        if !self.shop.windows.is_empty() {
            let of = |size: &String| {
                let plan = Plan { window: size.clone(), ..whole.clone() };
                (plan, Some(judged(format!(" in window {size}"))))
            };
            return self.shop.windows.iter().map(of).collect();
        }
        let rounds = usize::from(self.shop.rounds.max(1));
        let last = |round: usize| (round + 1 == rounds).then(|| judged(String::new()));
        (0..rounds).map(|round| (whole.clone(), last(round))).collect()
    }

    /// True if the card alone leads to the expected end, so that the other side need not be
    /// told what to do: another environment can run it too.
    pub fn card_decides(&self) -> bool {
        !self.directs() || self.tags.iter().any(|tag| tag == CARD_DECIDES)
    }

    /// The version that its file fixes, if it does: it is about that one.
    pub fn fixed_version(&self) -> Option<Version> {
        let issuer = self.issuer.as_deref()?;
        if issuer.legacy.is_some() { Some(Version::V102) } else { issuer.version }
    }

    /// True if what is expected comes out on this version too.
    pub fn holds_on(&self, version: Version) -> bool {
        self.versions.is_empty() || self.versions.contains(&version) || self.fixed_version() == Some(version)
    }

    /// True if the file says what the other side does.
    pub fn directs(&self) -> bool {
        self.issuer.is_some() || !self.faults.is_empty()
    }

    /// What did not come out as expected; empty if all did.
    pub fn judge(&self, run: &Run) -> Vec<Mismatch> {
        self.expect.judge(run)
    }
}

/// How the end of one of a scenario's runs is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What tells it from the others: ` in window 02`; empty where it is the only one.
    pub which: String,
    /// What must come out.
    pub expect: Expect,
}

impl Judged {
    /// What did not come out as expected, said of this run; empty if all did.
    pub fn judge(&self, run: &Run) -> Vec<Mismatch> {
        let said = |found: Mismatch| Mismatch { what: format!("{}{}", found.what, self.which), ..found };
        self.expect.judge(run).into_iter().map(said).collect()
    }

    /// The same where the environment shows none of the messages behind the API.
    pub fn judge_elsewhere(&self, run: &Run) -> Vec<Mismatch> {
        let expect = Expect { messages: None, lint: None, ..self.expect.clone() };
        Self { expect, ..self.clone() }.judge(run)
    }
}

/// The tag of scenarios whose card alone leads to their end.
pub const CARD_DECIDES: &str = "card_decides";
