//! What a run is to do, and how a person decides where it waits.

use std::num::NonZeroU64;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::device::Mischief;
use crate::model::draft::{Body, Channel, Completion, Draft};
use crate::model::exchange::{Headers, Step};
use crate::model::profile::{Environment, Profile, ProfileId};
use crate::model::scenario::{App, Browser, Shop, Version};
use crate::model::settings::Pace;
use crate::model::{Problem, Stamp, steps};

/// One thing that a scripted cardholder does on the bank's page, or in the shop's app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Type this and press Continue.
    Enter(String),
    /// Type the published test password, which the phone shows too, and press Continue.
    EnterOffered,
    /// Type the code of the message before the newest, and press Continue.
    EnterEarlier,
    /// Ask for another message.
    Resend,
    /// Choose these, by their keys, and press Continue.
    Choose(Vec<String>),
    /// Tick the box, and press Continue.
    Tick,
    /// Press Continue.
    Continue,
    /// Decide in the bank's app on the phone; the page is left as it is.
    Phone(PhoneAct),
    /// Say whether the shop is to be remembered; goes with the next answer.
    Trust(bool),
    /// So many seconds pass on the sandbox's clock.
    Wait(u64),
    /// Load the page again: the CReq a second time.
    Reload,
    /// When all is over: the CReq once more.
    Replay,
    /// Close the page and never come back; the session's time runs out.
    Leave,
    /// Press Cancel.
    Cancel,
    /// Let the time of the app's SDK run out. Pages have no such thing.
    TimeOut,
    /// In an app: go to the bank's app and come back, whereupon the SDK goes on by itself.
    SwitchApp,
    /// In an app: open the challenge. Left out, that comes first; what stands before it is done
    /// before the first CReq.
    Open,
    /// In an app: type these, box by box, and press Continue.
    Fill(Vec<String>),
    /// In an app: press the further button of a text screen.
    AddCode,
    /// In an app: say whether the device is to be remembered; goes with the next answer.
    Bind(bool),
    /// In an app: the SDK does this wrong with its next message.
    Mischief(Mischief),
}

/// What the shopper decides in the bank's app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneAct {
    /// It is me.
    Approve,
    /// It is not.
    Deny,
}

impl PhoneAct {
    /// The control API's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

/// How the shopper's app ends its challenge. Source: sessions-api.md 6.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppResult {
    /// The shopper is known.
    Approve,
    /// The shopper failed.
    Fail,
    /// The shopper cancelled.
    Cancel,
    /// Nobody answered in time.
    Timeout,
}

impl AppResult {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Approve, Self::Fail, Self::Cancel, Self::Timeout];

    /// The wire's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Fail => "fail",
            Self::Cancel => "cancel",
            Self::Timeout => "timeout",
        }
    }

    /// What a scripted cardholder's first act comes to where the stand-in answers for the app.
    pub fn of(act: Option<&Act>) -> Self {
        match act {
            Some(Act::Cancel) => Self::Cancel,
            Some(Act::TimeOut) => Self::Timeout,
            Some(Act::Enter(_)) => Self::Fail,
            Some(_) | None => Self::Approve,
        }
    }
}

/// Who plays the shopper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shopper {
    /// A person: the run stops where the shopper must act.
    Person,
    /// These acts, one for each page the bank shows.
    Scripted(Vec<Act>),
}

/// What a run is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The profile to use.
    pub profile: ProfileId,
    /// Hosted or non-hosted, as the body says; picks the pages we hand out.
    pub completion: Completion,
    /// The body of `POST /sessions`, template values not yet resolved.
    pub body: String,
    /// Where the shopper is, as the channel data say.
    pub channel: Channel,
    /// The body of `PUT …/collect-data`; `three_ds_method_completion` is filled in if it is
    /// absent. Empty for merchant-initiated sessions without any.
    pub collect: String,
    /// The body of `PUT …/issuer-fingerprint`; what is absent is filled in.
    pub fingerprint: String,
    /// The body of `POST /payments`; what is absent is filled in from the session.
    pub payment: String,
    /// From step to step.
    pub pace: Pace,
    /// Who answers the bank.
    pub shopper: Shopper,
    /// What the scripted cardholder does when a person hands the answer over.
    pub script: Vec<Act>,
    /// Nobody is there: a step that fails ends the run instead of waiting for advice.
    pub unattended: bool,
    /// What the shop does otherwise than usual.
    pub shop: Shop,
    /// What the scripted shopper's browser is.
    pub browser: Browser,
    /// What the shopper's app is.
    pub app: App,
    /// `challengeWindowSize`: `01` to `05`.
    pub window: String,
    /// The version that was armed for it, in a series of runs on several.
    pub version: Option<Version>,
    /// Number of that series.
    pub series: Option<NonZeroU64>,
}

impl Plan {
    /// A draft as it is typed: auto, the shopper types the offered password, somebody is there.
    pub fn of(draft: &Draft, profile: ProfileId) -> Self {
        Self {
            profile,
            completion: draft.completion,
            channel: draft.channel,
            body: draft.doc(Body::Session).text().to_owned(),
            collect: draft.collect_text(),
            fingerprint: draft.doc(Body::Fingerprint).text().to_owned(),
            payment: draft.doc(Body::Payment).text().to_owned(),
            pace: Pace::Auto,
            shopper: Shopper::Scripted(vec![Act::EnterOffered]),
            script: vec![Act::EnterOffered],
            unattended: false,
            shop: Shop::default(),
            browser: Browser::default(),
            app: App::default(),
            window: steps::WINDOW_SIZE.to_owned(),
            version: None,
            series: None,
        }
    }
}

impl Plan {
    /// Takes over what a newer plan writes, but for what was sent already. True if that
    /// changed anything.
    pub fn revise(&mut self, newer: Self, created: bool) -> bool {
        let before = self.clone();
        if !created {
            (self.completion, self.channel, self.body) = (newer.completion, newer.channel, newer.body);
        }
        if self.channel == newer.channel {
            (self.collect, self.fingerprint) = (newer.collect, newer.fingerprint);
        }
        self.payment = newer.payment;
        *self != before
    }

    /// True if it goes to the embedded sandbox.
    pub fn is_embedded(&self, profiles: &[Profile]) -> bool {
        let own = profiles.iter().find(|profile| profile.id == self.profile);
        own.is_some_and(|profile| profile.environment == Environment::Embedded)
    }

    /// True if both write the same requests.
    pub fn writes_like(&self, other: &Self) -> bool {
        let documents = |plan: &Self| {
            let Self { completion, channel, body, collect, fingerprint, payment, .. } = plan.clone();
            (completion, channel, body, collect, fingerprint, payment)
        };
        documents(self) == documents(other)
    }
}

/// What a request carries as `Authorization`. Anything but the profile's token switches
/// renewal and repetition off. Source: product.md, Decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// `Bearer` and the profile's token.
    ProfileToken,
    /// The session's own secret, raw.
    SessionSecret,
    /// No such header.
    Nothing,
    /// `Bearer` and a token that has expired.
    ExpiredToken,
    /// This text, as it is.
    Text(String),
}

/// One step as a request that can be edited before it is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRequest {
    /// What it is for.
    pub step: Step,
    /// `POST`.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// What it carries as `Authorization`.
    pub auth: Auth,
    /// Further headers.
    pub headers: Headers,
    /// The body as text: JSON, or a form.
    pub body: String,
}

/// How the shopper answers, where the shopper must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The scripted cardholder does it, over HTTP.
    Here,
    /// A person does it, in a real browser.
    Browser,
    /// Nobody does: the scripted cardholder cancels.
    Abandon,
    /// A person does it, on the simulated device.
    Device,
    /// The stand-in says how the app's challenge ended.
    App(AppResult),
}

/// A run waits for a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The step that would come now.
    pub request: StepRequest,
    /// The ways to answer, where the shopper must act; else empty.
    pub answers: Vec<Answer>,
    /// The page that a browser can open for this.
    pub page: Option<String>,
    /// Since when.
    pub since: Stamp,
    /// How long the other side waits, if it says so.
    pub limit: Option<Duration>,
    /// When the bank was first asked by a real browser, as far as we know: its time runs
    /// from there, and before that there is only the limit for the first request.
    pub asked: Option<Stamp>,
    /// What the person must know or do elsewhere before this request makes sense.
    pub notice: Option<String>,
    /// Why it waits though the pace is auto: the step went wrong.
    pub problem: Option<Problem>,
}
