//! A bank that asks by itself, in its own time: whether the request lets it, when it does not
//! even try, and the challenge that becomes such a one.
//!
//! Promises: the issuer decides on what the request says that reached it; `D` in a result
//! follows a challenge only, once, and only where the request allows it. Source: emv-3ds.md
//! 1.6, 1.8, 3.1, 3.2, 3.6 (`resultsStatus`).

use super::acs::{decision, outcome_of, script};
use super::messages::Message;
use super::server::version;
use super::wire::Desk;
use super::{Answer, Flaw, verdict};
use crate::model::scenario::{self, Decoupled, Letter, Version};
use crate::sandbox::cards::Outcome;
use crate::sandbox::given::{Given, Members};
use crate::sandbox::session::{End, Place, Session, Status, Verdict};

/// Minutes that the bank needs to reach its customer. Our choice.
const LEAST_MINUTES: u32 = 2;
/// Longest `threeDSRequestorDecMaxTime`: 7 days. Source: emv-3ds.md 1.6.
const LONGEST_MINUTES: u64 = 10_080;

/// `threeDSRequestorDecReqInd` of the request: what the scenario says, as far as the version
/// can say it; else `Y` where the bank is about to ask by itself.
pub(super) fn allowed(session: &Session) -> Option<Decoupled> {
    let version = version(session);
    let said = script(session).and_then(|script| script.server.decoupled);
    match said {
        _ if version < Version::V220 => None,
        Some(Decoupled::F) if version < Version::V231 => Some(Decoupled::N),
        Some(Decoupled::B) if version < Version::V231 => Some(Decoupled::Y),
        Some(said) => Some(said),
        None => matches!(decision(session), Answer::Challenge(_, Place::Decoupled)).then_some(Decoupled::Y),
    }
}

/// True if the answer may be `D`.
pub(super) fn may_be_at_once(session: &Session) -> bool {
    allowed(session).is_some_and(Decoupled::at_once)
}

/// The members of the request that say so.
pub(super) fn write(session: &Session, body: &mut Message) {
    let Some(allowed) = allowed(session) else { return };
    body.put("threeDSRequestorDecReqInd", allowed.word());
    if allowed != Decoupled::N {
        let minutes = session.limits.decoupled.as_secs().div_ceil(60).clamp(1, LONGEST_MINUTES);
        body.put("threeDSRequestorDecMaxTime", format_args!("{minutes:05}"));
    }
}

/// Why a bank that would ask by itself does not, by the request that reached it.
pub(super) fn refusal(members: &Members) -> Option<&'static str> {
    let text = |name: &str| members.get(name).and_then(Given::as_str);
    let minutes = text("threeDSRequestorDecMaxTime").and_then(|minutes| minutes.parse::<u32>().ok());
    match text("threeDSRequestorDecReqInd") {
        Some("Y" | "B") if minutes.is_some_and(|minutes| minutes < LEAST_MINUTES) => Some("25"),
        Some("Y" | "B") => None,
        _ => Some("23"),
    }
}

/// What a scenario says of the result that comes next.
pub(super) fn scripted_result(session: &Session) -> Option<&scenario::Answer> {
    let script = script(session)?;
    let fell_back = session.challenge.as_ref().is_some_and(|challenge| challenge.fell_back);
    if fell_back { script.fallback.as_ref() } else { script.rreq.as_ref() }
}

/// What a challenge with this scripted result comes to in the end.
pub(super) fn outcome_after(session: &Session) -> Outcome {
    let script = script(session);
    let result = script.and_then(|script| script.rreq.as_ref());
    let last = match result {
        Some(result) if result.trans_status == Letter::D => script.and_then(|script| script.fallback.as_ref()),
        other => other,
    };
    last.map_or(Outcome::Approved, |result| outcome_of(result.trans_status))
}

/// How a challenge whose scripted result is `D` ends: the bank goes on by itself, or cannot,
/// because the request does not let it. `None` for every other end.
pub(super) fn instead(desk: &Desk, end: End) -> Option<Verdict> {
    let session = &*desk.session;
    let at_page = session.challenge.as_ref().is_some_and(|challenge| challenge.place != Place::Decoupled);
    let wanted = scripted_result(session).is_some_and(|result| result.trans_status == Letter::D);
    if !(at_page && wanted && matches!(end, End::Answered(_))) {
        return None;
    }
    let version = version(session);
    let values = |status, letter| verdict(desk.app, session, status, Some(letter), "rreq_status", true);
    Some(if allowed(session).is_some_and(Decoupled::as_fallback) {
        let reason = scripted_result(session).and_then(|result| result.trans_status_reason.as_deref());
        let named = reason.and_then(super::codes::interned).or(Some("29"));
        values(Status::Challenged, 'D').because(version, named)
    } else {
        values(Status::Declined, 'N').because(version, Some("30"))
    })
}

/// What the 3DS Server asks of an answer `D` beyond its form. Source: emv-3ds.md 1.6.
pub(super) fn answer_fits(session: &Session, members: &Members) -> Result<(), Flaw> {
    let text = |name: &str| members.get(name).and_then(Given::as_str);
    let listed = || members.get("authenticationMethod").and_then(Given::as_array);
    let (name, right) = if version(session) >= Version::V231 {
        let right = listed().is_some_and(|list| list.iter().any(|method| method.as_str() == Some("12")));
        ("authenticationMethod", right)
    } else {
        ("authenticationType", text("authenticationType") == Some("04"))
    };
    if !may_be_at_once(session) || session.challenge.is_none() {
        Err(Flaw::new("203", "transStatus"))
    } else if text("acsDecConInd") != Some("Y") {
        Err(Flaw::new("203", "acsDecConInd"))
    } else if !right {
        Err(Flaw::new("203", name))
    } else {
        Ok(())
    }
}

/// What the 3DS Server asks of a result `D`: a challenge came before it, no other `D`, and the
/// request allows it. Source: emv-3ds.md 1.6, 3.1, 3.7 (312).
pub(super) fn result_fits(session: &Session) -> Result<(), Flaw> {
    match &session.challenge {
        Some(challenge) if challenge.fell_back => Err(Flaw::new("312", "RReq")),
        Some(challenge)
            if challenge.place != Place::Decoupled && allowed(session).is_some_and(Decoupled::as_fallback) =>
        {
            Ok(())
        }
        _ => Err(Flaw::new("203", "transStatus")),
    }
}
