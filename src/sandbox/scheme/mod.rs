//! The hidden half: 3DS Server, directory server and issuer, and the messages between them.
//!
//! Each is a part of its own ([`server`], [`directory`], [`acs`]) and knows of the others only
//! what their messages say: bytes, written and read again, checked by their receiver
//! ([`check`]), on legs where faults and time have their way ([`wire`]). Promises the protocol's
//! rules (emv-3ds.md 1.2): no RReq after a frictionless ARes unless a scenario wants one, one
//! version per transaction, a final CRes of `Y` or `N`, or `D` where the bank goes on by
//! itself, no challenge when the merchant acts alone, ids constant. Everything here happens
//! while the state is locked, so an outcome and its messages cannot come apart; the messages
//! are handed back and posted by the caller.

mod acs;
mod check;
mod codes;
mod decoupled;
mod directory;
mod form;
mod messages;
mod plan;
mod server;
mod spc;
mod terms;
mod wire;

use super::Shared;
use super::cards::{Eci, Outcome};
use super::legacy;
use super::session::{End, Place, Session, Status, Verdict};
use super::validate::Channel;
use crate::model::scenario::Version;
use crate::model::scheme::SchemeMessage;

pub(super) use acs::{other_site, script, second_creq};
pub(super) use check::{Flaw, LONGEST};
pub(super) use codes::{description, exponent, is_currency, numeric, spoken};
pub(super) use form::Form;
pub(super) use messages::{Talk, browser_message, cres, encoded_creq, erro, information, merchant};
pub(super) use server::version;
pub(super) use spc::{is_confirmed as spc_confirmed, is_open as spc_open};
pub(super) use terms::{
    Bargain, applied, decision, is_commercial, is_scripted, offers_trust, requested, trust, wants_rules,
};
pub(super) use wire::{Awaiting, Wire, altered, take_fault, tell};

use wire::Desk;

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
    /// The browser is to let the shopper confirm (`S`).
    Spc(Outcome),
}

/// Runs the authentication: the session leaves `pending` for good. It stays `processing` if the
/// answer is on its way.
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
    session.honours_mandate = honour_mandate;
    let mut desk = Desk::new(app, session, Some(base));
    server::authenticate(&mut desk);
    desk.work()
}

/// Ends a challenge by RReq and RRes. The result is stored when this returns, unless it is
/// late or lost on its way.
pub(super) fn conclude(app: &Shared, session: &mut Session, end: End) -> Vec<SchemeMessage> {
    let mut desk = Desk::new(app, session, None);
    acs::conclude(&mut desk, end);
    let said = desk.work();
    if spc::is_second(session) && session.status != Status::Processing {
        session.shed(); // nobody needs the browser's data again
    }
    said
}

/// Carries out what has become due between the parts.
pub(super) fn wake(app: &Shared, session: &mut Session) -> Vec<SchemeMessage> {
    Desk::new(app, session, None).wake()
}

/// Asks the session's directory server for its card ranges. What was said, and whether they came.
pub(super) fn ask_ranges(app: &Shared, session: &mut Session, base: &str) -> (Vec<SchemeMessage>, bool) {
    let mut desk = Desk::new(app, session, Some(base));
    server::ask_ranges(&mut desk);
    desk.work_for_ranges()
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
/// Source: emv-3ds.md 3.2.
fn reason_of(version: Version, code: char) -> Option<&'static str> {
    match code {
        'N' => Some("01"),
        'R' => Some("11"),
        'U' if version < Version::V220 => Some("14"),
        'U' => Some("22"),
        'A' if version >= Version::V220 => Some("26"),
        _ => None,
    }
}

/// True for a `transStatusReason` that a version has; schemes have 80 to 99 for themselves.
/// Source: emv-3ds.md 1.8, 3.2.
fn is_reason(version: Version, code: &str) -> bool {
    let last = match version {
        Version::V102 | Version::V210 => 21,
        Version::V220 => 26,
        Version::V231 => 30,
    };
    code.len() == 2 && code.parse().is_ok_and(|number: u8| (1..=last).contains(&number) || (80..=99).contains(&number))
}

impl Verdict {
    /// With the reason that somebody named, unless the version has none such.
    fn because(mut self, version: Version, named: Option<&'static str>) -> Self {
        self.reason = named.filter(|code| is_reason(version, code)).or(self.reason);
        self
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
        exemption: terms::asks(session),
        non_payment: messages::category(session) == "02",
        recurring: matches!(session.channel, Some(Channel::Merchant("recurring_transaction"))),
    };
    // Before its end, and where only a list is looked up, there is no proof of anything.
    let proves = status.is_final() && !plan::looks_up_trust_list(session);
    let cryptogram = (status.succeeded() && !information && proves).then(|| cryptogram(app, session, status));
    Verdict {
        status_reason: Some(status_reason),
        response_code,
        reason: response_code.and_then(|code| reason_of(version(session), code)),
        challenged: Some(challenged),
        at: app.clock.now(),
        eci: proves.then(|| session.scheme.eci(session.pan.expose(), about)),
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
