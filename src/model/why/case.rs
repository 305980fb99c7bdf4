//! What decided a session, told apart as far as the answer to «why» differs.
//! Source: emv-3ds.md 3.1, 3.6, 3.8; sessions-api.md 4.1.

use super::facts::{Facts, Told};
use crate::model::api::{NextAction, Session, Status};
use crate::model::codes;
use crate::model::draft::Channel;
use crate::model::exchange::Step;
use crate::model::explain::{self, Meaning};

/// What decided, or what is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// The API waits for the merchant.
    Pending,
    /// The scheme is at work.
    Processing,
    /// The bank waits for the shopper.
    Challenged,
    /// The bank asks by a way of its own.
    Decoupled,
    /// 3-D Secure 1 waits for the shopper.
    LegacyOpen,
    /// A status that the contract does not know.
    Unknown,
    /// The API's own risk check.
    Risk,
    /// An error between the servers, or silence.
    Error,
    /// 3-D Secure 1: whether the card takes part.
    LegacyEnrolment,
    /// 3-D Secure 1: the bank's answer.
    LegacyAnswer,
    /// The shopper cancelled.
    Cancelled,
    /// The challenge was never opened.
    NeverOpened,
    /// Time ran out during the challenge.
    TimedOut,
    /// The session's own life was over.
    Lifetime,
    /// A payment that the shop starts.
    MerchantInitiated,
    /// Noted, not checked.
    Informational,
    /// The app's data could not be read.
    AppUnreadable,
    /// The scheme answered in the bank's place.
    StandIn,
    /// The bank, at once.
    AtOnce,
    /// The bank, after it had asked.
    AfterChallenge,
}

/// A session and what is known of how it came about.
pub(super) struct Case<'a, 'f> {
    pub facts: &'f Facts<'a>,
    pub session: Session,
    pub meaning: Meaning,
    pub decision: Decision,
    /// The bank's first answer.
    pub ares: Option<Told<'a>>,
    /// Its result after a challenge.
    pub rreq: Option<Told<'a>>,
    /// An error message between the servers.
    pub erro: Option<Told<'a>>,
    /// The request that said how the 3DS Method went, where in it, and the letter.
    pub method: Option<(Told<'a>, &'static str, String)>,
}

impl<'a, 'f> Case<'a, 'f> {
    /// `None` before there is a session.
    pub fn of(facts: &'f Facts<'a>) -> Option<Self> {
        let session = facts.session()?;
        let channel = facts.run.progress.channel();
        let newest = facts.run.session().is_some_and(|own| *own == session);
        let meaning = explain::of_run(facts.run).filter(|_| newest);
        let meaning = meaning.unwrap_or_else(|| explain::of_session(&session, channel));
        let ares = facts.message("ARes", |body| body.get("transStatus").is_some());
        let rreq = facts.message("RReq", |_| true);
        let erro = facts.message("Erro", |body| body.get("errorCode").is_some());
        let method = method(facts);
        let decision = Decision::Unknown;
        let mut case = Self { facts, session, meaning, decision, ares, rreq, erro, method };
        case.decision = case.decide();
        Some(case)
    }

    fn decide(&self) -> Decision {
        let session = &self.session;
        let reason = session.text("/status_reason");
        // Source: emv-3ds.md 1.2, rule 6.
        let same = |issuer: Option<&str>, directory: Option<&str>| issuer.is_some() && issuer == directory;
        let ares = self.ares.as_ref();
        let stand_in = same(session.text("/acs/transaction_id"), session.text("/ds/transaction_id"))
            || ares.is_some_and(|ares| same(ares.text("/acsTransID"), ares.text("/dsTransID")));
        match &session.status {
            Status::Other(_) => Decision::Unknown,
            Status::Processing => Decision::Processing,
            Status::Challenged if session.waits_decoupled() => Decision::Decoupled,
            Status::Challenged => Decision::Challenged,
            Status::Pending if session.offers(&NextAction::Authenticate) => Decision::LegacyOpen,
            Status::Pending => Decision::Pending,
            _ if reason == Some("risk_declined") => Decision::Risk,
            _ if reason == Some("veres_status") => Decision::LegacyEnrolment,
            _ if reason == Some("pares_status") => Decision::LegacyAnswer,
            _ if reason.is_some_and(|reason| reason.ends_with("_error")) => Decision::Error,
            Status::ChallengeAbandoned => Decision::Cancelled,
            Status::Expired => match self.cancel().as_deref() {
                Some("01") => Decision::Cancelled,
                Some("05") => Decision::NeverOpened,
                Some(_) => Decision::TimedOut,
                None if self.reason().as_deref() == Some("14") => Decision::TimedOut,
                None => Decision::Lifetime,
            },
            // A result after a decoupled question: the bank asked, also for a payment that the shop starts.
            _ if reason == Some("rreq_status") && self.channel() == Channel::MerchantInitiated => {
                Decision::AfterChallenge
            }
            _ if self.channel() == Channel::MerchantInitiated => Decision::MerchantInitiated,
            _ if session.text("/response_code") == Some("I") => Decision::Informational,
            Status::Unavailable if self.channel() == Channel::App && session.text("/acs/transaction_id").is_none() => {
                Decision::AppUnreadable
            }
            _ if stand_in => Decision::StandIn,
            _ if self.asked() => Decision::AfterChallenge,
            Status::Unavailable if explain::server_error(session).is_some() => Decision::Error,
            _ => Decision::AtOnce,
        }
    }

    /// The scheme's word, for dictionaries: `visa`.
    pub fn scheme(&self) -> &str {
        self.session.text("/scheme").unwrap_or_default()
    }

    pub fn channel(&self) -> Channel {
        self.facts.run.progress.channel()
    }

    /// True if the bank asked the shopper.
    pub fn asked(&self) -> bool {
        self.session.text("/status_reason") == Some("rreq_status") || self.session.challenged() == Some(true)
    }

    /// The bank's reason, two digits.
    pub fn reason(&self) -> Option<String> {
        let hidden = || {
            let told = self.rreq.as_ref().or(self.ares.as_ref())?;
            told.text("/transStatusReason")
        };
        self.session.text("/response_status_reason").or_else(hidden).map(str::to_owned)
    }

    /// Why a challenge was broken off, two digits.
    pub fn cancel(&self) -> Option<String> {
        let api = || match self.session.text("/acs/challenge_cancel_reason")? {
            "cardholder_cancel" => Some("01"),
            "challenge_timed_out" => Some("05"),
            "sdk_timed_out" => Some("08"),
            "transaction_timed_out" => Some("04"),
            "transaction_error" => Some("06"),
            _ => Some("07"),
        };
        let code = self.session.text("/acs/challenge_cancel_reason_code").or_else(api);
        code.or_else(|| self.rreq.as_ref()?.text("/challengeCancel")).map(str::to_owned)
    }

    /// The bank's letter: `Y`.
    pub fn letter(&self) -> Option<&str> {
        let hidden = || self.rreq.as_ref().or(self.ares.as_ref())?.text("/transStatus");
        self.session.text("/response_code").or_else(hidden)
    }

    /// What decided, to follow «because».
    pub fn because(&self) -> String {
        let letter = self.letter().unwrap_or("no transStatus");
        let scheme = self.scheme();
        let reason = self.reason().and_then(|code| Some((codes::reason(scheme, &code)?, code)));
        let bank = match reason {
            Some((words, code)) => format!("the bank answered {letter}: {words} (reason {code})"),
            None => format!("the bank answered {letter}"),
        };
        match self.decision {
            Decision::Pending => match self.waits_for() {
                Some(action) => format!("the API waits for {action}"),
                None => "the API waits for the next action".into(),
            },
            Decision::Processing => "the directory and the bank have not answered yet".into(),
            Decision::Challenged => "the bank answered C and waits for the shopper".into(),
            Decision::Decoupled => "the bank answered D and asks its customer by a way of its own".into(),
            Decision::LegacyOpen => "the card is not in 3-D Secure 2, so the shopper must go to the bank's page".into(),
            Decision::Unknown => "the API uses a word that the contract does not know".into(),
            Decision::Risk => "the API's own risk check said no before the bank was asked".into(),
            Decision::Error => self.failure(),
            Decision::LegacyEnrolment => "the directory said that the card takes no part in 3-D Secure 1".into(),
            Decision::LegacyAnswer => {
                format!("the bank's PARes ended the session {}", self.session.status.word().replace('_', " "))
            }
            Decision::Cancelled => match self.cancel() {
                Some(code) => format!("{} (code {code})", cancelled(&code)),
                None if self.channel() == Channel::App => "the shopper cancelled in the app".into(),
                None => "the shopper left the bank's page".into(),
            },
            Decision::NeverOpened if self.channel() == Channel::App => {
                "the app never opened the bank's challenge in time".into()
            }
            Decision::NeverOpened => "the shopper was never sent to the bank's page in time".into(),
            Decision::TimedOut => match self.cancel() {
                Some(code) => format!("{} (code {code})", cancelled(&code)),
                None => "time ran out during the challenge".into(),
            },
            Decision::Lifetime => self.ran_out(),
            Decision::MerchantInitiated | Decision::AtOnce | Decision::AfterChallenge => bank,
            Decision::Informational => "the bank answered I: it noted the data and checked nothing".into(),
            Decision::AppUnreadable => "the directory server could not open the app's encrypted data".into(),
            Decision::StandIn => format!("the scheme answered {letter} in the bank's place"),
        }
    }

    fn failure(&self) -> String {
        let code = self.error_code();
        match (code.as_deref(), self.session.text("/status_reason")) {
            (Some("402"), _) => "an answer did not come in time (error 402)".into(),
            (Some("405"), _) => "the other server could not be reached (error 405)".into(),
            (Some(code), _) => format!("a message between the servers was refused with error {code}"),
            (None, Some("pares_error")) => "the bank's PARes did not hold what was asked".into(),
            (None, _) => "the servers failed to talk".into(),
        }
    }

    /// The code of an error between the servers.
    pub fn error_code(&self) -> Option<String> {
        let hidden = || self.erro.as_ref()?.text("/errorCode");
        self.session.text("/3ds/error_details/error_code").or_else(hidden).map(str::to_owned)
    }

    fn ran_out(&self) -> String {
        let words = match (self.last_view(), self.brought_back().is_some()) {
            (_, true) => "only the bank's own message counts, and the session's 15 minutes ended without it",
            (Some(Status::Challenged), _) => "the bank's result never came within the session's life",
            _ if self.session.offers(&NextAction::Authenticate) || self.is_legacy() => {
                "the shopper never came back from the bank's page"
            }
            _ if self.facts.sent(Step::Collect).is_none() && self.channel() != Channel::MerchantInitiated => {
                "the channel data never came within the session's life"
            }
            _ => "nobody finished within the session's life",
        };
        words.into()
    }

    /// The bank's answer by which the browser itself was to prove the shopper (SPC).
    pub fn browser_asked(&self) -> Option<Told<'a>> {
        self.facts.message("ARes", |body| body.get("transStatus").is_some_and(|letter| letter == "S"))
    }

    pub fn is_legacy(&self) -> bool {
        self.session.text("/protocol_version").is_some_and(|version| version.starts_with("1."))
    }

    /// The status before this one.
    pub fn last_view(&self) -> Option<Status> {
        let own = self.facts.told.as_ref()?.entry.number;
        let mut before = self.facts.rows(|entry| entry.status.is_some() && entry.number != own);
        before.next().and_then(|entry| entry.status.clone())
    }

    /// The row with which the browser came back from the bank.
    pub fn brought_back(&self) -> Option<&'a crate::model::run::Entry> {
        use crate::model::delivery::DeliveryKind;
        use crate::model::run::What;
        let back = |entry: &crate::model::run::Entry| match &entry.what {
            What::Delivery(delivery) => delivery.kind == DeliveryKind::ChallengeNotification,
            _ => false,
        };
        self.facts.rows(back).next()
    }

    /// True if messages that only the sandbox shows had a part in this.
    pub fn leans_on_hidden(&self) -> bool {
        match self.decision {
            Decision::Pending | Decision::LegacyOpen | Decision::Unknown | Decision::Risk => false,
            Decision::Lifetime => self.last_view() == Some(Status::Challenged),
            _ => true,
        }
    }

    /// What the API waits for, in its own words.
    pub fn waits_for(&self) -> Option<&str> {
        self.session.next_actions.first().map(NextAction::word)
    }
}

/// How a challenge was broken off, as a clause.
pub(super) fn cancelled(code: &str) -> String {
    let words = codes::said(codes::CANCEL, code).unwrap_or("it was broken off");
    if words.starts_with("timed out") { format!("the challenge {words}") } else { words.into() }
}

fn method<'a>(facts: &Facts<'a>) -> Option<(Told<'a>, &'static str, String)> {
    let places = [
        (Step::Collect, "/three_ds_method_completion"),
        (Step::Fingerprint, "/three_ds_method_completion"),
        (Step::Create, "/channel_data/three_ds_method_completion"),
    ];
    places.into_iter().find_map(|(step, place)| {
        let told = facts.sent(step)?;
        let letter = told.text(place)?.to_ascii_uppercase();
        Some((told, place, letter))
    })
}
