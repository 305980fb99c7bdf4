//! One session and its states: what is allowed when, and when its time is over.
//!
//! Pure: time comes in, nothing goes out. The drawing is in the module above.
//! Source: sessions-api.md 4.1, 4.2, 4.5, 4.6.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::answer::Fault;
use super::app::Line;
use super::arm::Script;
use super::cards::{Outcome, Range, Scheme, Versions};
use super::fields::Words;
use super::keys::CardIds;
use super::scheme::{Awaiting, Bargain, Wire};
use super::trigger::Triggers;
use super::validate::{App, Channel, Completion, Draft};
use crate::model::device::UiKind;
use crate::model::{Pan, Secret};

/// Where a session stands. Source: sessions-api.md 4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Pending,
    Processing,
    Challenged,
    ChallengeAbandoned,
    Expired,
    Approved,
    Attempted,
    Unavailable,
    Declined,
    Rejected,
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Challenged => "challenged",
            Self::ChallengeAbandoned => "challenge_abandoned",
            Self::Expired => "expired",
            Self::Approved => "approved",
            Self::Attempted => "attempted",
            Self::Unavailable => "unavailable",
            Self::Declined => "declined",
            Self::Rejected => "rejected",
        }
    }

    pub(super) fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Processing | Self::Challenged)
    }

    /// Approved or attempted: the shopper goes to `success_url`.
    pub(super) fn succeeded(self) -> bool {
        matches!(self, Self::Approved | Self::Attempted)
    }
}

/// How long things last, on the sandbox's clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Creation to a final state.
    pub(super) session: Duration,
    /// ARes to the first CReq.
    pub(super) first_creq: Duration,
    /// Between two interactions of a challenge.
    pub(super) idle: Duration,
    /// Until the bank must have asked by itself, without the grace.
    pub(super) decoupled: Duration,
    /// How long the cryptogram is shown, from creation.
    pub(super) cryptogram: Duration,
}

/// A session of the sandbox.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) secret: Secret,
    /// The 3DS Server's transaction id, constant for the session.
    pub(super) transaction_id: String,
    pub(super) created: Timestamp,
    /// The clock's reading at creation.
    pub(super) born: Duration,
    pub(super) limits: Limits,
    pub(super) pan: Pan,
    pub(super) card: Arc<CardIds>,
    /// The digits are a network token's.
    pub(super) network_token: bool,
    pub(super) scheme: Scheme,
    pub(super) range: Range,
    pub(super) draft: Draft,
    pub(super) triggers: Triggers,
    /// What a scenario says of the other side; before the card, which says it otherwise.
    pub(super) script: Option<Arc<Script>>,
    pub(super) version: &'static str,
    pub(super) status: Status,
    /// What the caller reported of the 3DS Method: `Y`, `N`, `U`.
    pub(super) fingerprint: Option<char>,
    /// A mandate of the merchant turns a frictionless card into a challenge.
    pub(super) honours_mandate: bool,
    /// What `channel_data` said; `None` until it came.
    pub(super) channel: Option<Channel>,
    /// Set when the session has fallen back to 3DS1.
    pub(super) legacy: Option<Box<LegacyState>>,
    /// The 3DS Method of an earlier session counts for this one. Source: emv-3ds.md 1.8.
    pub(super) method_reused: bool,
    /// When the method notification of a hosted page came.
    pub(super) method_notified: bool,
    /// What the issuer's method page saw of the browser, JSON.
    pub(super) method_facts: Option<String>,
    /// What the directory server found in an app's sealed device data, JSON.
    pub(super) device_info: Option<Box<str>>,
    pub(super) completed: bool,
    /// `complete` is being carried out.
    pub(super) completing: bool,
    /// Set when the authentication request has been sent.
    pub(super) directory: Option<Directory>,
    pub(super) acs: Option<Acs>,
    pub(super) challenge: Option<Challenge>,
    pub(super) verdict: Option<Verdict>,
    /// What the parts of the scheme wait for.
    pub(super) awaiting: Awaiting,
    /// What is late or tampered with between them; nothing while all goes well.
    pub(super) wire: Option<Box<Wire>>,
    /// What is about exemptions, trust lists and confirmation by the browser.
    pub(super) bargain: Option<Box<Bargain>>,
}

/// The directory server's part.
#[derive(Debug)]
pub(super) struct Directory {
    /// `None` if it did not answer.
    pub(super) transaction_id: Option<String>,
}

/// The issuer's part.
#[derive(Debug)]
pub(super) struct Acs {
    pub(super) transaction_id: String,
    /// Where the challenge is shown, in a browser.
    pub(super) challenge_url: Option<String>,
    /// What an app needs for the challenge.
    pub(super) rendering: Option<Rendering>,
}

/// How a challenge is shown in an app.
#[derive(Debug)]
pub(super) struct Rendering {
    /// Compact JWS.
    pub(super) signed_content: String,
    /// The first screen.
    pub(super) ui: UiKind,
}

impl Rendering {
    /// `acs.interface` of the API. Source: sessions-api.md 4.4.
    pub(super) fn interface(&self) -> &'static str {
        if self.is_html() { "html" } else { "native_ui" }
    }

    /// `acs.ui_template` of the API, which has no word for what came with 2.3.1: only something
    /// to read is text, and HTML is HTML. Source: sessions-api.md 4.4.
    pub(super) fn template(&self) -> &'static str {
        match self.ui {
            UiKind::Text | UiKind::Information => "text",
            UiKind::SingleSelect => "single_select",
            UiKind::MultiSelect => "multi_select",
            UiKind::OutOfBand => "oob",
            UiKind::Html | UiKind::HtmlOutOfBand => "html_other",
        }
    }

    pub(super) fn is_html(&self) -> bool {
        matches!(self.ui, UiKind::Html | UiKind::HtmlOutOfBand)
    }
}

/// Where the shopper answers a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Browser,
    App,
    /// Somewhere else, in the bank's own time.
    Decoupled,
}

/// A session that has fallen back to 3DS1.
#[derive(Debug, Default)]
pub(super) struct LegacyState {
    /// Base64 of 20 bytes.
    pub(super) xid: String,
    /// Ready to be posted; `None` unless the issuer waits for it.
    pub(super) pareq: Option<String>,
    pub(super) interactions: u8,
    pub(super) wrong: u8,
    /// What the issuer has answered: `Y`, `A`, `N`, `U`.
    pub(super) answer: Option<char>,
}

/// A challenge under way or over.
#[derive(Debug)]
pub(super) struct Challenge {
    pub(super) outcome: Outcome,
    pub(super) place: Place,
    /// The clock's reading when the issuer asked for it.
    pub(super) asked: Duration,
    /// The clock's reading of the last interaction; `None` before the first CReq.
    pub(super) touched: Option<Duration>,
    pub(super) wrong: u8,
    /// Pages answered: `3ds.interaction_counter`.
    pub(super) interactions: u8,
    /// Which of the script's pages is open.
    pub(super) page: u8,
    /// Messages that were sent again.
    pub(super) resent: u8,
    /// The newest code and when it was sent; `None` where the published password is asked for.
    pub(super) code: Option<(Code, Duration)>,
    /// Where the shopper wants the code.
    pub(super) sent_to: Option<&'static str>,
    /// What the shopper said in the bank's app.
    pub(super) decided: Option<bool>,
    /// Whether the shop is to be remembered.
    pub(super) trust: Option<bool>,
    /// The issuer is done: the letter of its CRes, and its result.
    pub(super) over: Option<(char, bytes::Bytes)>,
    /// The shopper's page is over, and the bank goes on by itself.
    pub(super) fell_back: bool,
    /// The bank that asks by itself has asked on the phone.
    pub(super) pushed: bool,
    /// In an app: what issuer and SDK agreed on.
    pub(super) line: Option<Box<Line>>,
}

/// Six digits.
pub(super) type Code = [u8; 6];

impl Challenge {
    /// One that nobody has seen yet.
    pub(super) fn new(outcome: Outcome, place: Place, asked: Duration) -> Self {
        Self {
            outcome,
            place,
            asked,
            touched: None,
            wrong: 0,
            interactions: 0,
            page: 0,
            resent: 0,
            code: None,
            sent_to: None,
            decided: None,
            trust: None,
            over: None,
            fell_back: false,
            pushed: false,
            line: None,
        }
    }

    /// True once the shopper's page has nothing more to ask.
    pub(super) fn page_is_over(&self) -> bool {
        self.over.is_some() || self.fell_back
    }
}

/// The result, once there is one.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) status_reason: Option<&'static str>,
    pub(super) response_code: Option<char>,
    /// Two digits. Source: sessions-api.md 4.6.
    pub(super) reason: Option<&'static str>,
    /// `None` where the scheme was never asked.
    pub(super) challenged: Option<bool>,
    pub(super) at: Timestamp,
    pub(super) eci: Option<&'static str>,
    pub(super) cryptogram: Option<String>,
    /// `challenge_cancel_reason` and its code.
    pub(super) cancel: Option<(&'static str, &'static str)>,
    /// An error of the scheme.
    pub(super) error: Option<ErrorDetails>,
}

/// `3ds.error_details`. Source: emv-3ds.md 3.7.
#[derive(Debug)]
pub(super) struct ErrorDetails {
    pub(super) code: &'static str,
    /// Who found it: `C`, `S`, `D` or `A`.
    pub(super) component: &'static str,
    pub(super) description: &'static str,
    /// The members at fault, or the description once more.
    pub(super) detail: String,
}

impl ErrorDetails {
    /// An error without members of its own.
    pub(super) fn plain(code: &'static str, component: &'static str, description: &'static str) -> Self {
        Self { code, component, description, detail: description.to_owned() }
    }
}

/// What a caller wants to do to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    CollectData,
    IssuerFingerprint,
    Complete,
}

/// How a challenge ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Answered(Outcome),
    TooManyTries,
    Cancelled,
    /// The shopper said no in the bank's app.
    Denied,
    /// No first CReq, or no answer after it.
    TimedOut,
    /// The app's own time is over.
    SdkTimedOut,
    /// An error of the protocol between app and issuer.
    Broken(Broken),
}

/// An error that ended the exchange between app and issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// The issuer could not open a CReq, or its counter was not due.
    Sealed,
    /// The issuer could open a CReq and could not take it.
    Said,
    /// The app could not take a CRes.
    Refused,
}

impl End {
    /// The words by which a challenge is ended without a page. Source: sessions-api.md 6.3, 7.5.
    pub(super) const WORDS: &Words = &[("approve", &[]), ("fail", &[]), ("cancel", &[]), ("timeout", &[])];

    /// What one of the words means for a challenge with this outcome.
    pub(super) fn of(word: &str, outcome: Outcome) -> Self {
        match word {
            "approve" => Self::Answered(outcome),
            "fail" => Self::TooManyTries,
            "cancel" => Self::Cancelled,
            _ => Self::TimedOut,
        }
    }
}

/// How long the result of a bank that asks by itself may be late. Source: emv-3ds.md 1.9.
const GRACE: Duration = Duration::from_secs(3630);
/// Wrong passwords that end a challenge. Source: sessions-api.md 7.2.
pub(super) const TRIES: u8 = 3;

impl Session {
    pub(super) fn hosted(&self) -> bool {
        matches!(self.draft.completion, Completion::Hosted { .. })
    }

    pub(super) fn callback_url(&self) -> Option<&str> {
        match &self.draft.completion {
            Completion::Hosted { callback_url, .. } | Completion::NonHosted { callback_url, .. } => {
                callback_url.as_deref()
            }
        }
    }

    /// True if the shopper uses an app, as far as that is known.
    pub(super) fn in_app(&self) -> bool {
        match &self.channel {
            Some(channel) => matches!(channel, Channel::App(_)),
            None => self.draft.app_to_come,
        }
    }

    /// Takes channel data in.
    ///
    /// # Errors
    /// 403 if they are of an app whose SDK speaks no version that the card speaks.
    pub(super) fn take(&mut self, channel: Channel) -> Result<(), Fault> {
        match &channel {
            Channel::Browser(browser) => self.fingerprint = browser.method_completion.or(self.fingerprint),
            Channel::App(app) => self.version = self.spoken_by(app)?,
            Channel::Merchant(_) => (),
        }
        self.channel = Some(channel);
        Ok(())
    }

    /// The session's version, or the lowest one where the SDK speaks no higher and nothing
    /// fixes the version. Source: emv-3ds.md 1.3, sessions-api.md 2.6.
    fn spoken_by(&self, app: &App) -> Result<&'static str, Fault> {
        const LOWEST: &str = "2.1.0";
        let speaks = |version: &str| app.version().is_none_or(|highest| *version <= *highest);
        let free = self.range.versions == Versions::All && self.triggers.version.is_none();
        if speaks(self.version) {
            Ok(self.version)
        } else if free && speaks(LOWEST) {
            Ok(LOWEST)
        } else {
            Err(Fault::forbidden("protocol_version_not_supported_by_sdk"))
        }
    }

    /// Lets go of the data that only the authentication request carries.
    pub(super) fn shed(&mut self) {
        if let Some(channel) = &mut self.channel {
            channel.shed();
        }
    }

    /// When it came to its result; before that, when it was created.
    pub(super) fn concluded(&self) -> Timestamp {
        self.verdict.as_ref().map_or(self.created, |verdict| verdict.at)
    }

    /// The cryptogram, while it may be shown. Source: sessions-api.md 4.1.
    pub(super) fn cryptogram_at(&self, passed: Duration) -> Option<&str> {
        let shown = passed < self.born + self.limits.cryptogram;
        self.verdict.as_ref()?.cryptogram.as_deref().filter(|_| shown)
    }

    /// True while a report about the 3DS Method is waited for.
    pub(super) fn wants_fingerprint(&self) -> bool {
        let page = self.range.method_url() && self.fingerprint.is_none() && self.legacy.is_none();
        let merchant = matches!(self.channel, Some(Channel::Merchant(_)));
        self.status == Status::Pending && page && !merchant && !self.in_app()
    }

    /// True while channel data is waited for.
    pub(super) fn wants_data(&self) -> bool {
        self.status == Status::Pending && self.channel.is_none() && self.legacy.is_none()
    }

    /// True while the bank asks by itself.
    pub(super) fn decoupled(&self) -> bool {
        let decoupled = |challenge: &Challenge| challenge.place == Place::Decoupled;
        self.status == Status::Challenged && self.challenge.as_ref().is_some_and(decoupled)
    }

    /// Refuses what the action table forbids. Source: sessions-api.md 4.1.
    pub(super) fn allows(&self, action: Action) -> Result<(), Fault> {
        if self.status == Status::Processing || self.completing {
            return Err(Fault::busy());
        }
        let allowed = match action {
            Action::CollectData => self.wants_data(),
            Action::IssuerFingerprint if self.in_app() => {
                return Err(Fault::forbidden("three_ds_method_not_supported_for_app"));
            }
            Action::IssuerFingerprint
                if self.status == Status::Pending && self.legacy.is_none() && !self.range.method_url() =>
            {
                return Err(Fault::forbidden("three_ds_method_not_supported_without_url"));
            }
            Action::IssuerFingerprint => self.wants_fingerprint(),
            Action::Complete => self.status.is_final() && !self.hosted() && !self.completed,
        };
        if allowed { Ok(()) } else { Err(Fault::forbidden("update_not_allowed_due_to_state")) }
    }

    /// What the caller should do next, in the documented order. Source: sessions-api.md 4.2.
    pub(super) fn next_actions(&self) -> &'static [&'static str] {
        if self.hosted() {
            return if self.status.is_final() || self.decoupled() { &[] } else { &["redirect_cardholder"] };
        }
        match self.status {
            Status::Processing => &[],
            Status::Challenged if self.decoupled() => &[],
            Status::Challenged => &["challenge_cardholder"],
            Status::Pending if self.legacy.is_some() => &["authenticate"],
            Status::Pending => match (self.wants_data(), self.wants_fingerprint()) {
                (true, true) => &["collect_channel_data", "issuer_fingerprint"],
                (true, false) => &["collect_channel_data"],
                (false, true) => &["issuer_fingerprint"],
                (false, false) => &[],
            },
            _ if self.completed || self.completing => &[],
            _ => &["complete"],
        }
    }

    /// When something is to be done, by the clock's reading: a message arrives, or time is over.
    /// `None` once nothing can be.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let mail = self.wire.as_ref().and_then(|wire| wire.next());
        [mail, self.limit()].into_iter().flatten().min()
    }

    /// When time is over, by the clock's reading; `None` once it cannot be.
    pub(super) fn limit(&self) -> Option<Duration> {
        let life = self.born + self.limits.session;
        match (self.status, &self.challenge) {
            // The issuer is done; its result is on its way, or lost.
            (Status::Challenged, Some(challenge)) if challenge.over.is_some() && !self.decoupled() => Some(life),
            (Status::Pending, _) => Some(life),
            // The session's own life stands still meanwhile (product.md "Decided").
            (Status::Challenged, Some(challenge)) if challenge.place == Place::Decoupled => {
                Some(challenge.asked + self.limits.decoupled + GRACE)
            }
            (Status::Challenged, Some(challenge)) => {
                let step = match challenge.touched {
                    None => challenge.asked + self.limits.first_creq,
                    Some(touched) => touched + self.limits.idle,
                };
                Some(step.min(life))
            }
            _ => None,
        }
    }

    /// True if the session's secret still works.
    pub(super) fn secret_works(&self, passed: Duration, lasts: Duration) -> bool {
        passed < self.born + lasts
    }

    /// Ends a session that nobody took up: no scheme was asked, so no code and no reason.
    pub(super) fn expire(&mut self, at: Timestamp) {
        self.settle(
            Status::Expired,
            Verdict {
                status_reason: None,
                response_code: None,
                reason: None,
                challenged: None,
                at,
                eci: None,
                cryptogram: None,
                cancel: None,
                error: None,
            },
        );
    }

    /// A challenge gives way to a bank that asks by itself, from now on and in its own time.
    /// Source: emv-3ds.md 1.6, 3.2 (29).
    pub(super) fn fall_back(&mut self, now: Duration) {
        if let Some(challenge) = &mut self.challenge {
            (challenge.place, challenge.fell_back, challenge.asked) = (Place::Decoupled, true, now);
            (challenge.over, challenge.decided) = (None, None);
        }
        if let Some(acs) = &mut self.acs {
            acs.challenge_url = None;
        }
    }

    /// Enters a final state.
    pub(super) fn settle(&mut self, status: Status, verdict: Verdict) {
        self.status = status;
        self.verdict = Some(verdict);
        self.completed = self.hosted();
    }

    /// Where the shopper is sent when a hosted session is over, with the session's id
    /// appended; the query is kept, a fragment stays last. Source: sessions-api.md 6.2.
    pub(super) fn way_out(&self) -> Option<String> {
        let Completion::Hosted { success_url, failure_url, .. } = &self.draft.completion else { return None };
        let url = if self.status.succeeded() { success_url } else { failure_url };
        let (address, fragment) = url.split_once('#').map_or((url.as_str(), None), |(a, f)| (a, Some(f)));
        let joint = match address.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        let fragment = fragment.map_or(String::new(), |fragment| format!("#{fragment}"));
        Some(format!("{address}{joint}cko-session-id={}{fragment}", self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::Session;

    #[test]
    fn a_session_leaves_room_in_its_four_kilobytes() {
        // The rest is text of the request: a typical one has about 1 kB.
        assert!(size_of::<Session>() <= 1536, "{} bytes", size_of::<Session>());
    }
}
