//! Which OAuth scopes each endpoint asks for, and which of them a token or a profile lacks,
//! so that a refusal is named before the call. Never blocks anything: a 403 may be just what
//! a tester wants. Source: sessions-api.md 1.5, «Scope rules per endpoint».

use serde_json::Value;

use super::Problem;
use super::draft::{self, Draft};
use super::exchange::Step;
use super::profile::{Profile, TokenStatus};
use super::run::{Auth, Plan};

/// What kind of channel data a request or its session carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// None yet, or merchant-initiated: either scope will do.
    Open,
    /// A browser's.
    Browser,
    /// An app's.
    App,
}

impl Channel {
    /// The channel of a body of `POST /sessions`; [`Channel::Open`] if it cannot be read.
    pub fn of_body(body: &str) -> Self {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        match body.pointer("/channel_data/channel").and_then(Value::as_str) {
            Some("browser") => Self::Browser,
            Some("app") => Self::App,
            _ => Self::Open,
        }
    }

    /// The channel that decides about a step of a draft. Until channel data are sent, a
    /// session has none; merchant-initiated ones never get one.
    pub fn of_draft(step: Step, draft: &Draft) -> Self {
        let given = draft.collect_body().is_none();
        let hosted = draft.completion == draft::Completion::Hosted;
        match draft.channel {
            _ if !given && (step == Step::Create || (hosted && step != Step::Collect)) => Self::Open,
            draft::Channel::MerchantInitiated => Self::Open,
            draft::Channel::Browser => Self::Browser,
            draft::Channel::App => Self::App,
        }
    }
}

/// What a step of a draft lacks, as `sessions:app or sessions`; `None` if `held` will do.
pub fn missing_for(held: &[String], step: Step, draft: &Draft) -> Option<String> {
    missing(held, step, Channel::of_draft(step, draft))
}

/// The scopes of which a step needs one; empty if it needs none.
/// Source: sessions-api.md 1.5; payments: 8.
pub fn needs(step: Step, channel: Channel) -> &'static [&'static str] {
    match (step, channel) {
        (Step::Fingerprint, _) => &["sessions:browser", "sessions"],
        (Step::Create | Step::Collect | Step::Confirm | Step::Complete, channel) => match channel {
            Channel::Open => &["sessions:browser", "sessions:app", "sessions"],
            Channel::Browser => &["sessions:browser", "sessions"],
            Channel::App => &["sessions:app", "sessions"],
        },
        (Step::Authorise, _) => &["gateway", "gateway:payment"],
        (Step::Token | Step::Method | Step::Challenge | Step::Authenticate | Step::Redirect, _) => &[],
    }
}

/// What a step lacks, as `sessions:app or sessions`; `None` if `held` will do.
pub fn missing(held: &[String], step: Step, channel: Channel) -> Option<String> {
    let needed = needs(step, channel);
    let enough = needed.is_empty() || needed.iter().any(|scope| held.iter().any(|own| own == scope));
    (!enough).then(|| needed.join(" or "))
}

/// An endpoint as the panel lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// Method and path, shortened.
    pub name: &'static str,
    /// The step that calls it.
    pub step: Step,
    /// For which kind of session.
    pub channel: Channel,
}

/// Every endpoint with a rule of its own.
pub const ENDPOINTS: [Endpoint; 5] = [
    Endpoint { name: "POST /sessions, browser", step: Step::Create, channel: Channel::Browser },
    Endpoint { name: "POST /sessions, app", step: Step::Create, channel: Channel::App },
    Endpoint { name: "GET, collect-data, complete", step: Step::Confirm, channel: Channel::Open },
    Endpoint { name: "PUT issuer-fingerprint", step: Step::Fingerprint, channel: Channel::Browser },
    Endpoint { name: "POST /payments", step: Step::Authorise, channel: Channel::Open },
];

/// The scopes there are, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// One word each.
    pub scopes: Vec<String>,
    /// True: the token has them. False: the profile asks for them.
    pub granted: bool,
}

impl Held {
    /// The scopes of the token, else those that the profile asks for; `None` if nobody knows,
    /// as an empty wish asks for all that the client may have.
    /// A token answer without `scope` granted what was asked (RFC 6749 5.1).
    pub fn of(profile: &Profile, token: &TokenStatus) -> Option<Self> {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        if let TokenStatus::Live(view) = token {
            let claimed = || match view.claims.as_ref()?.get("scope")? {
                Value::String(text) => Some(words(text)),
                Value::Array(list) => Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
                _ => None,
            };
            let scopes = if view.scopes.is_empty() { claimed().unwrap_or_default() } else { view.scopes.clone() };
            if !scopes.is_empty() {
                return Some(Self { scopes, granted: true });
            }
        }
        let scopes = words(&profile.scopes);
        (!scopes.is_empty()).then_some(Self { scopes, granted: false })
    }

    /// What will be refused for want of a scope, and what to do; `None` if nothing will.
    pub fn finding(&self, step: Step, channel: Channel) -> Option<Problem> {
        let lacking = missing(&self.scopes, step, channel)?;
        let whose = if self.granted { "the token has" } else { "the profile asks for" };
        Some(Problem::of(
            format!("{step} needs the scope {lacking}; {whose} {}", self.scopes.join(" ")),
            "Expect 403 operation_not_allowed_for_scope. Add the scope under Credentials and get a new token, \
             or send it so to see the refusal",
        ))
    }

    /// The first step of a run of `plan` that will be refused for want of a scope.
    pub fn finding_of(&self, plan: &Plan) -> Option<Problem> {
        let channel = Channel::of_body(&plan.body);
        [Step::Create, Step::Confirm].into_iter().find_map(|step| self.finding(step, channel))
    }

    /// The same for one request, if it carries the profile's token.
    pub fn finding_of_request(&self, step: Step, auth: &Auth, channel: Channel) -> Option<Problem> {
        if *auth == Auth::ProfileToken { self.finding(step, channel) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::profile::{Environment, ProfileId};

    fn held(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// The table of sessions-api.md 1.5, by hand.
    #[test]
    fn each_endpoint_asks_for_what_the_contract_says() {
        for (scopes, step, channel, enough) in [
            ("sessions", Step::Create, Channel::Browser, true),
            ("sessions:browser", Step::Create, Channel::Browser, true),
            ("sessions:app", Step::Create, Channel::Browser, false),
            ("sessions:app", Step::Create, Channel::App, true),
            ("sessions:browser", Step::Create, Channel::App, false),
            ("sessions:app", Step::Create, Channel::Open, true),
            ("sessions:app", Step::Confirm, Channel::Open, true),
            ("sessions:app", Step::Complete, Channel::Browser, false),
            ("sessions:app", Step::Fingerprint, Channel::Open, false),
            ("sessions:browser", Step::Fingerprint, Channel::Browser, true),
            ("sessions", Step::Authorise, Channel::Browser, false),
            ("gateway", Step::Authorise, Channel::Browser, true),
            ("gateway:payment", Step::Authorise, Channel::Open, true),
            ("gateway:payments", Step::Authorise, Channel::Open, false),
            ("files", Step::Challenge, Channel::Browser, true),
        ] {
            assert_eq!(missing(&held(scopes), step, channel).is_none(), enough, "{scopes} {step} {channel:?}");
        }
    }

    #[test]
    fn a_profile_that_asks_for_all_is_not_suspected() {
        let mut profile = Profile::new(ProfileId("x".into()), Environment::VendorSandbox);
        profile.scopes = "  ".into();
        assert_eq!(Held::of(&profile, &TokenStatus::Absent), None);
        profile.scopes = "sessions:app".into();
        let held = Held::of(&profile, &TokenStatus::Absent).expect("it asks for one");
        let finding = held.finding(Step::Create, Channel::Browser).expect("it lacks one").line();
        assert!(finding.contains("needs the scope sessions:browser or sessions"), "{finding}");
        assert!(finding.contains("the profile asks for sessions:app"), "{finding}");
        assert_eq!(held.finding_of_request(Step::Create, &Auth::Nothing, Channel::Browser), None);
    }

    #[test]
    fn the_channel_of_a_draft_decides_step_by_step() {
        let browser = Draft::default();
        let shaped = |channel, inline| {
            let mut draft = Draft::default();
            assert!(draft.set_channel(channel) && draft.set_inline(inline));
            draft
        };
        let (app, inline_app) = (shaped(draft::Channel::App, false), shaped(draft::Channel::App, true));
        let initiated = shaped(draft::Channel::MerchantInitiated, false);
        let hosted = Draft::new(draft::Completion::Hosted);
        for (scope, step, draft, enough) in [
            ("sessions:app", Step::Create, &browser, true),
            ("sessions:app", Step::Create, &shaped(draft::Channel::Browser, true), false),
            ("sessions:browser", Step::Create, &inline_app, false),
            ("sessions", Step::Create, &inline_app, true),
            ("sessions:browser", Step::Create, &initiated, true),
            ("sessions:app", Step::Collect, &browser, false),
            ("sessions:app", Step::Collect, &app, true),
            ("sessions:app", Step::Collect, &hosted, false),
            ("sessions:browser", Step::Confirm, &app, false),
            ("sessions:app", Step::Confirm, &hosted, true),
            ("sessions:app", Step::Complete, &initiated, true),
        ] {
            assert_eq!(missing_for(&held(scope), step, draft).is_none(), enough, "{scope} {step}");
        }
    }

    #[test]
    fn the_channel_is_read_from_the_body() {
        assert_eq!(Channel::of_body(r#"{"channel_data":{"channel":"app"}}"#), Channel::App);
        assert_eq!(Channel::of_body(r#"{"channel_data":{"channel":"browser"}}"#), Channel::Browser);
        assert_eq!(Channel::of_body(r#"{"channel_data":7}"#), Channel::Open);
        assert_eq!(Channel::of_body("{"), Channel::Open);
    }
}
