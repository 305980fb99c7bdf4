//! The hidden half: 3DS Server, directory server and issuer, and the messages between them.
//!
//! Promises the protocol's rules (emv-3ds.md 1.2): no RReq after a frictionless ARes, one
//! version per transaction, a final CRes of `Y` or `N` only, no challenge when the merchant
//! acts alone, ids constant. Everything here happens while the state is locked, so an
//! outcome and its messages cannot come apart; the messages are handed back and posted by
//! the caller.

mod codes;
mod messages;

use super::Shared;
use super::app;
use super::cards::{Eci, Flow, Outcome};
use super::legacy;
use super::session::{Acs, Challenge, Directory, End, Place, Session, Status, Verdict};
use super::validate::Channel;
use crate::model::Lane;
use crate::model::scheme::SchemeMessage;

pub(super) use codes::{exponent, is_currency, numeric};
pub(super) use messages::{Talk, browser_message, cres, encoded_creq, erro, information, merchant};

use messages::{areq, ares, relayed, results};

/// Issuer's constants. Source: sessions-api.md 5.1.
pub(super) const ACS_REFERENCE: &str = "SANDBOX-ACS-0001";
pub(super) const ACS_OPERATOR: &str = "SANDBOX-ACS-OP";

/// Indicators that ask for an exemption. Source: sessions-api.md 3.4.
pub(super) fn asks_exemption(indicator: &str) -> bool {
    matches!(
        indicator,
        "low_value"
            | "trusted_listing"
            | "trusted_listing_prompt"
            | "transaction_risk_assessment"
            | "secure_corporate_payment"
    )
}

/// How the other side answers an authentication request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// The directory server breaks off with this error code.
    Broken(&'static str),
    /// The directory server answers itself, `U` with this reason: no issuer is reached.
    Refused(&'static str),
    Frictionless(Outcome),
    Informed,
    Challenge(Outcome, Place),
}

/// Decides by reference, channel and card, in that order.
fn answer(session: &Session, honour_mandate: bool) -> Answer {
    let (range, draft) = (&session.range, &session.draft);
    let place = match &session.channel {
        Some(Channel::App(app)) if !app.readable() => return Answer::Refused("07"),
        Some(Channel::App(_)) => Place::App,
        Some(Channel::Merchant(_)) if !draft.linked => return Answer::Refused("21"),
        _ => Place::Browser,
    };
    let mandate = honour_mandate && draft.challenge_indicator == "challenge_requested_mandate";
    let alone = matches!(session.channel, Some(Channel::Merchant(_)));
    let flow = match range.flow {
        Flow::Challenge(outcome) | Flow::Frictionless(outcome) | Flow::Decoupled(outcome)
            if session.triggers.decoupled =>
        {
            Flow::Decoupled(outcome)
        }
        _ if session.triggers.information => Flow::Informed,
        Flow::Challenge(outcome) if alone => Flow::Frictionless(outcome),
        Flow::Frictionless(Outcome::Approved) if mandate && !alone => Flow::Challenge(Outcome::Approved),
        // Shared data is taken note of (sessions-api.md 4.1, Q30).
        Flow::Frictionless(Outcome::Approved) if draft.challenge_indicator == "data_share" => Flow::Informed,
        flow => flow,
    };
    match flow {
        Flow::Frictionless(Outcome::SchemeError) => Answer::Broken(range.reason.unwrap_or("405")),
        Flow::Frictionless(outcome) => Answer::Frictionless(outcome),
        Flow::Informed => Answer::Informed,
        Flow::Challenge(outcome) => Answer::Challenge(outcome, place),
        Flow::Decoupled(outcome) => Answer::Challenge(outcome, Place::Decoupled),
        // Refused, or fallen back to 3DS1, when the session was created.
        Flow::CardNotEnrolled | Flow::IssuerNotEnrolled | Flow::Never => Answer::Refused("13"),
    }
}

/// Runs the authentication: the session leaves `pending` for good.
pub(super) fn authenticate(
    app: &Shared,
    base: &str,
    honour_mandate: bool,
    session: &mut Session,
) -> Vec<SchemeMessage> {
    if session.triggers.risk {
        let verdict = verdict(app, session, Status::Declined, None, "risk_declined", false);
        session.settle(Status::Declined, verdict);
        return Vec::new();
    }
    if session.legacy.is_some() {
        return legacy::enrol(app, base, session);
    }
    let answer = answer(session, honour_mandate);
    let mut talk = Talk::of(session);
    let request = areq(session, base, answer);
    let version = format!("messageVersion {}", session.version);
    talk.say("AReq", &[(Lane::Sessions, Lane::Directory)], &version, request.clone());
    if let Answer::Broken(code) = answer {
        broken(app, &mut talk, session, code);
        return talk.said;
    }
    session.directory = Some(Directory { transaction_id: Some(app.random.uuid()) });
    let path: &[(Lane, Lane)] = if let Answer::Refused(_) = answer {
        &[(Lane::Directory, Lane::Sessions)]
    } else {
        talk.say("AReq", &[(Lane::Directory, Lane::Issuer)], "with dsTransID", relayed(session, request));
        session.acs = Some(Acs { transaction_id: app.random.uuid(), challenge_url: None, rendering: None });
        &[(Lane::Issuer, Lane::Directory), (Lane::Directory, Lane::Sessions)]
    };
    let code = answered(app, base, session, answer);
    talk.say("ARes", path, &format!("transStatus {code}"), ares(session, code));
    talk.said
}

/// No answer, but an error of the scheme.
fn broken(app: &Shared, talk: &mut Talk, session: &mut Session, code: &'static str) {
    let description = match code {
        "402" => "The issuer did not answer in time",
        "405" => "The issuer could not be reached",
        _ => "The message of the other side was not valid",
    };
    session.directory = Some(Directory { transaction_id: None });
    let erro = erro(session, code, "D", "AReq", description);
    talk.say("Erro", &[(Lane::Directory, Lane::Sessions)], &format!("errorCode {code}"), erro.to_string());
    let mut verdict = verdict(app, session, Status::Unavailable, None, "ares_error", false);
    verdict.error = Some((code, "D", description));
    session.settle(Status::Unavailable, verdict);
}

/// Brings the session to where the answer leads. The answer's `transStatus`.
fn answered(app: &Shared, base: &str, session: &mut Session, answer: Answer) -> char {
    let (status, code, reason) = match answer {
        Answer::Challenge(outcome, place) => {
            start_challenge(app, base, session, outcome, place);
            return if place == Place::Decoupled { 'D' } else { 'C' };
        }
        Answer::Informed => (Status::Approved, 'I', None),
        Answer::Refused(reason) => (Status::Unavailable, 'U', Some(reason)),
        Answer::Frictionless(outcome) => {
            let status = status_of(outcome);
            (status, code_of(status), session.range.reason)
        }
        Answer::Broken(_) => (Status::Unavailable, 'U', None),
    };
    let mut verdict = verdict(app, session, status, Some(code), "ares_status", false);
    verdict.reason = reason.or(verdict.reason);
    session.settle(status, verdict);
    code
}

fn start_challenge(app: &Shared, base: &str, session: &mut Session, outcome: Outcome, place: Place) {
    session.status = Status::Challenged;
    session.challenge =
        Some(Challenge { outcome, place, asked: app.clock.passed(), touched: None, wrong: 0, interactions: 0 });
    let rendering = match (place, &session.channel) {
        (Place::App, Some(Channel::App(device))) => Some(app::rendering(&app.keys, base, session, device)),
        _ => None,
    };
    if let Some(acs) = &mut session.acs {
        acs.challenge_url = (place == Place::Browser).then(|| format!("{base}/simulator/acs/challenge"));
        acs.rendering = rendering;
    }
}

/// Ends a challenge by RReq and RRes; afterwards the result is stored.
pub(super) fn conclude(app: &Shared, session: &mut Session, end: End) -> Vec<SchemeMessage> {
    let Some(challenge) = &session.challenge else { return Vec::new() };
    let seen = challenge.touched.is_some();
    let decoupled = challenge.place == Place::Decoupled;
    let usual = session.range.reason;
    let (status, reason, cancel) = match end {
        End::Answered(outcome) => (status_of(outcome), usual, None),
        End::TooManyTries if decoupled => (Status::Declined, Some("01"), None),
        End::TooManyTries => (Status::Declined, Some("19"), None),
        End::Cancelled => (Status::ChallengeAbandoned, Some("01"), Some(("cardholder_cancel", "01"))),
        End::TimedOut if decoupled => (Status::Unavailable, Some("24"), Some(("transaction_timed_out", "03"))),
        End::TimedOut => {
            let code = if seen { "04" } else { "05" };
            (Status::Expired, Some("14"), Some(("transaction_timed_out", code)))
        }
    };
    let mut talk = Talk::of(session);
    let verdict = if end == End::Answered(Outcome::SchemeError) {
        let erro = erro(session, "404", "A", "RReq", "The issuer failed while it sent the result");
        let path = [(Lane::Issuer, Lane::Directory), (Lane::Directory, Lane::Sessions)];
        talk.say("Erro", &path, "errorCode 404", erro.to_string());
        let mut verdict = verdict(app, session, status, None, "rreq_error", true);
        verdict.error = Some(("404", "A", "The issuer failed while it sent the result"));
        verdict
    } else {
        let mut verdict = verdict(app, session, status, Some(code_of(status)), "rreq_status", true);
        verdict.reason = reason.or(verdict.reason);
        verdict.cancel = cancel;
        results(&mut talk, session, &verdict);
        verdict
    };
    session.settle(status, verdict);
    talk.said
}

pub(super) fn status_of(outcome: Outcome) -> Status {
    match outcome {
        Outcome::Approved => Status::Approved,
        Outcome::Attempted => Status::Attempted,
        Outcome::Declined => Status::Declined,
        Outcome::Rejected => Status::Rejected,
        Outcome::Unavailable | Outcome::SchemeError => Status::Unavailable,
    }
}

pub(super) fn code_of(status: Status) -> char {
    match status {
        Status::Approved => 'Y',
        Status::Attempted => 'A',
        Status::Rejected => 'R',
        Status::Unavailable => 'U',
        _ => 'N',
    }
}

/// Source: sessions-api.md 4.6, the sandbox's choice.
fn reason_of(code: char) -> Option<&'static str> {
    match code {
        'N' => Some("01"),
        'R' => Some("11"),
        'U' => Some("22"),
        'A' => Some("26"),
        _ => None,
    }
}

/// A result with the values that follow from it: ECI, cryptogram, the usual reason.
pub(super) fn verdict(
    app: &Shared,
    session: &Session,
    status: Status,
    response_code: Option<char>,
    status_reason: &'static str,
    challenged: bool,
) -> Verdict {
    let information = response_code == Some('I');
    let about = Eci {
        status,
        information,
        exemption: asks_exemption(session.draft.challenge_indicator),
        non_payment: session.draft.category == "non_payment",
        recurring: matches!(session.channel, Some(Channel::Merchant("recurring_transaction"))),
    };
    let cryptogram = (status.succeeded() && !information).then(|| cryptogram(app, session, status));
    Verdict {
        status_reason: Some(status_reason),
        response_code,
        reason: response_code.and_then(reason_of),
        challenged: Some(challenged),
        at: app.clock.now(),
        eci: Some(session.scheme.eci(session.pan.expose(), about)),
        cryptogram,
        cancel: None,
        error: None,
    }
}

fn cryptogram(app: &Shared, session: &Session, status: Status) -> String {
    let pan = session.pan.expose();
    let tail = &pan[pan.len().saturating_sub(4)..];
    let first = match &session.legacy {
        Some(_) => session.scheme.legacy_byte(pan, status == Status::Attempted),
        None => session.scheme.cryptogram_byte(pan),
    };
    let directory = session.directory.as_ref().and_then(|ds| ds.transaction_id.as_deref()).unwrap_or_default();
    let acs = session.acs.as_ref().map_or("", |acs| acs.transaction_id.as_str());
    let xid = session.legacy.as_ref().map_or("", |legacy| legacy.xid.as_str());
    let amount = session.draft.amount.unwrap_or(0).to_be_bytes();
    let about = [directory, acs, xid].map(str::as_bytes);
    let [directory, acs, xid] = about;
    app.keys.cryptogram(first, &[directory, acs, xid, &amount, session.draft.currency.as_bytes(), tail.as_bytes()])
}
