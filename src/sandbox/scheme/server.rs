//! The 3DS Server: asks for an authentication, and takes its results for the session.
//!
//! Promises: nothing but its answer and its result moves a session out of `processing` and
//! out of a challenge; what breaks the protocol is told to the sender with the code that the
//! protocol names, and ends the session as unavailable; a final state is never left.
//! Source: emv-3ds.md 1.2, 3.1, 3.7, 3.8.

use super::check::{ARES, About, Flaw, PRES, RREQ, check, is_erro, read};
use super::codes::{description, interned};
use super::messages::{areq, category, channel_code, erro_of, preq, rres};
use super::wire::{Desk, Letter, Lost};
use super::{acs, decoupled, spc, terms, verdict};
use crate::model::Lane;
use crate::model::scenario::{Hop, Version};
use crate::sandbox::given::{Given, Members};
use crate::sandbox::session::{Directory, ErrorDetails, Session, Status, Verdict};
use crate::sandbox::validate::Channel;

const TO_DIRECTORY: (Lane, Lane) = (Lane::Sessions, Lane::Directory);

/// The version of a session as the rules know it.
pub(in crate::sandbox) fn version(session: &Session) -> Version {
    match session.version {
        "2.1.0" => Version::V210,
        "2.3.1" => Version::V231,
        _ => Version::V220,
    }
}

/// What a reader knows of a message about this session.
pub(super) fn about(session: &Session, relayed: bool) -> About {
    let payment = category(session) == "01";
    About { version: version(session), relayed, channel: channel_code(session.channel.as_ref()), payment }
}

fn text<'a>(members: &'a Members, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Given::as_str)
}

/// True if a member is this id, in any case.
pub(super) fn is_id(members: &Members, name: &str, id: &str) -> bool {
    text(members, name).is_some_and(|given| given.eq_ignore_ascii_case(id))
}

/// Sends the authentication request.
pub(super) fn authenticate(desk: &mut Desk) {
    let request = areq(desk.session, &desk.base);
    let gist = format!("messageVersion {}", desk.session.version);
    desk.session.status = Status::Processing;
    desk.session.awaiting.server = true;
    desk.send(Hop::Areq, "AReq", &gist, request);
}

/// What came in a message's place.
enum Came<T> {
    Erro(ErrorDetails),
    Good(T),
}

/// Takes the answer in. One that comes after the 3DS Server gave up changes nothing.
pub(super) fn ares(desk: &mut Desk, letter: &Letter) {
    if !desk.session.awaiting.server {
        return;
    }
    let came = read(&letter.body, |members| {
        if is_erro(members) {
            return Ok(Came::Erro(details(members)));
        }
        check(ARES, members, about(desk.session, false))?;
        fits(desk.session, members)?;
        let confirmed = spc::is_confirmed(desk.session);
        Ok(Came::Good((read_verdict(desk, members, "ares_status", confirmed), terms::read(members))))
    });
    let verdict = match came {
        Err(flaw) => return refuse(desk, &flaw),
        Ok(Came::Erro(error)) => return failed(desk, error),
        Ok(Came::Good((verdict, told))) => {
            terms::keep(desk.session, told);
            verdict
        }
    };
    desk.session.awaiting.server = false;
    let status = match verdict.response_code {
        Some('C' | 'D' | 'S') => {
            desk.session.status = Status::Challenged;
            return;
        }
        Some('Y' | 'I') => Status::Approved,
        Some('A') => Status::Attempted,
        Some('N') => Status::Declined,
        Some('R') => Status::Rejected,
        _ => Status::Unavailable,
    };
    if !spc::is_confirmed(desk.session) {
        desk.session.challenge = None;
    }
    desk.session.settle(status, verdict);
}

/// What the protocol asks of an answer beyond its form. Source: emv-3ds.md 1.5, 3.1.
fn fits(session: &Session, members: &Members) -> Result<(), Flaw> {
    if !is_id(members, "threeDSServerTransID", &session.transaction_id) {
        return Err(Flaw::new("301", "threeDSServerTransID"));
    }
    let alone = matches!(session.channel, Some(Channel::Merchant(_)));
    let possible = match text(members, "transStatus") {
        Some("C") => !alone && !acs::shares_data(session) && session.challenge.is_some(),
        Some("D") => return decoupled::answer_fits(session, members),
        Some("I") => acs::may_be_informed(session),
        Some("S") => spc::is_open(session) && spc::supported(session),
        _ => true,
    };
    if possible { Ok(()) } else { Err(Flaw::new("203", "transStatus")) }
}

fn read_verdict(desk: &Desk, members: &Members, reason: &'static str, challenged: bool) -> Verdict {
    let letter = text(members, "transStatus").and_then(|text| text.chars().next());
    let two = |name: &str| text(members, name).and_then(interned);
    Verdict {
        status_reason: Some(reason),
        response_code: letter,
        reason: two("transStatusReason"),
        challenged: Some(challenged),
        at: desk.app.clock.now(),
        eci: two("eci"),
        cryptogram: text(members, "authenticationValue").map(str::to_owned),
        cancel: two("challengeCancel").map(|code| (cancel_word(code), code)),
        error: None,
    }
}

/// `challenge_cancel_reason`. Source: emv-3ds.md 3.6; product.md "Decided" for 04 and 05.
fn cancel_word(code: &str) -> &'static str {
    match code {
        "01" => "cardholder_cancel",
        "03" | "04" | "05" => "transaction_timed_out",
        "06" | "09" | "10" => "transaction_error",
        "08" => "sdk_timed_out",
        _ => "unknown",
    }
}

/// The 3DS Server finds a flaw: it says so to the directory server, and gives up.
fn refuse(desk: &mut Desk, flaw: &Flaw) {
    let erro = erro_of(desk.session, flaw, "S", "ARes");
    desk.note("Erro", TO_DIRECTORY, &format!("errorCode {}", flaw.code), erro);
    failed(desk, found(flaw, "S"));
}

fn found(flaw: &Flaw, component: &'static str) -> ErrorDetails {
    ErrorDetails { code: flaw.code, component, description: description(flaw.code), detail: flaw.detail.clone() }
}

/// What an Erro says, as far as its words are known ones.
fn details(members: &Members) -> ErrorDetails {
    let code = text(members, "errorCode").and_then(interned_code).unwrap_or("403");
    let component = match text(members, "errorComponent") {
        Some("A") => "A",
        Some("C") => "C",
        Some("S") => "S",
        _ => "D",
    };
    let description = description(code);
    let detail = text(members, "errorDetail").filter(|text| !text.is_empty()).unwrap_or(description);
    ErrorDetails { code, component, description, detail: detail.to_owned() }
}

fn interned_code(code: &str) -> Option<&'static str> {
    super::codes::ERRORS.iter().map(|(known, _)| *known).find(|known| *known == code)
}

/// Nobody answered the authentication request.
pub(super) fn unanswered(desk: &mut Desk, why: Lost) {
    if !desk.session.awaiting.server {
        return;
    }
    let flaw = Flaw::new(why.code(), description(why.code()));
    let erro = erro_of(desk.session, &flaw, "S", "AReq");
    desk.note("Erro", TO_DIRECTORY, &format!("errorCode {}", flaw.code), erro);
    failed(desk, found(&flaw, "S"));
}

/// No usable answer.
fn failed(desk: &mut Desk, error: ErrorDetails) {
    let session = &mut *desk.session;
    session.awaiting.server = false;
    session.directory = Some(Directory { transaction_id: None });
    (session.acs, session.challenge) = (None, None);
    let mut verdict = verdict(desk.app, session, Status::Unavailable, None, "ares_error", false);
    verdict.error = Some(error);
    terms::go_on(session);
    session.settle(Status::Unavailable, verdict);
}

/// Takes a result in. Source: emv-3ds.md 1.2 rules 2 and 4, 3.7.
pub(super) fn rreq(desk: &mut Desk, letter: &Letter) {
    let came = read(&letter.body, |members| {
        if is_erro(members) {
            return Ok(Came::Erro(details(members)));
        }
        check(RREQ, members, about(desk.session, false))?;
        result_fits(desk.session, members)?;
        Ok(Came::Good((read_verdict(desk, members, "rreq_status", true), terms::read(members))))
    });
    let verdict = match came {
        Err(flaw) => return refuse_result(desk, &flaw),
        Ok(Came::Erro(_)) if desk.session.status != Status::Challenged => return,
        Ok(Came::Erro(error)) => return result_failed(desk, error),
        Ok(Came::Good((verdict, told))) => {
            terms::keep(desk.session, told);
            verdict
        }
    };
    if verdict.response_code == Some('D') {
        desk.session.fall_back(desk.app.clock.passed());
        let body = rres(desk.session, DECOUPLED_FOLLOWS);
        return desk.send(Hop::RresDs, "RRes", &format!("resultsStatus {DECOUPLED_FOLLOWS}"), body);
    }
    let status = status_of_result(verdict.response_code.unwrap_or('U'), verdict.cancel.map(|(_, code)| code));
    desk.session.settle(status, verdict);
    let taken = acs::script(desk.session).and_then(|script| script.results_status.as_deref()).unwrap_or("01");
    let (body, gist) = (rres(desk.session, taken), format!("resultsStatus {taken}"));
    desk.send(Hop::RresDs, "RRes", &gist, body);
}

/// `resultsStatus`: the bank goes on by itself, another result will follow. Source: emv-3ds.md 3.6.
const DECOUPLED_FOLLOWS: &str = "04";

/// Source: emv-3ds.md 3.8; product.md "Decided".
fn status_of_result(letter: char, cancel: Option<&str>) -> Status {
    match (cancel, letter) {
        (Some("01"), _) => Status::ChallengeAbandoned,
        (Some("04" | "05" | "08"), _) => Status::Expired,
        (Some("06" | "09" | "10"), 'N') => Status::Unavailable,
        (_, 'Y') => Status::Approved,
        (_, 'A') => Status::Attempted,
        (_, 'N') => Status::Declined,
        (_, 'R') => Status::Rejected,
        _ => Status::Unavailable,
    }
}

/// Whether a result is about this transaction, and asked for.
fn result_fits(session: &Session, members: &Members) -> Result<(), Flaw> {
    let directory = session.directory.as_ref().and_then(|ds| ds.transaction_id.as_deref()).unwrap_or_default();
    let issuer = session.acs.as_ref().map_or("", |acs| acs.transaction_id.as_str());
    let ids =
        [("threeDSServerTransID", session.transaction_id.as_str()), ("dsTransID", directory), ("acsTransID", issuer)];
    if let Some((name, _)) = ids.iter().find(|(name, id)| !is_id(members, name, id)) {
        return Err(Flaw::new("301", *name));
    }
    if session.status == Status::Challenged {
        let again = text(members, "transStatus") == Some("D");
        return if again { decoupled::result_fits(session) } else { Ok(()) };
    }
    // Before 2.3.1 there is one code for both.
    let modern = version(session) >= Version::V231;
    match (modern, session.challenge.is_some()) {
        (true, true) => Err(Flaw::new("312", "RReq")),
        (true, false) => Err(Flaw::new("313", "RReq")),
        (false, _) => Err(Flaw::new("301", "threeDSServerTransID")),
    }
}

/// The result cannot be taken. The issuer sends it once more; what is no better then ends
/// the session.
fn refuse_result(desk: &mut Desk, flaw: &Flaw) {
    let erro = erro_of(desk.session, flaw, "S", "RReq");
    desk.send(Hop::RresDs, "Erro", &format!("errorCode {}", flaw.code), erro);
    let broken = !matches!(flaw.code, "301" | "312" | "313");
    if broken && desk.session.status == Status::Challenged {
        desk.session.awaiting.flaws += 1;
        if desk.session.awaiting.flaws > 1 {
            result_failed(desk, found(flaw, "S"));
        }
    }
}

fn result_failed(desk: &mut Desk, error: ErrorDetails) {
    let mut verdict = verdict(desk.app, desk.session, Status::Unavailable, None, "rreq_error", true);
    verdict.error = Some(error);
    desk.session.settle(Status::Unavailable, verdict);
}

/// Asks a directory server for its card ranges.
pub(super) fn ask_ranges(desk: &mut Desk) {
    let request = preq(desk.session);
    desk.send(Hop::Preq, "PReq", &format!("card ranges of {}", desk.session.scheme.word()), request);
}

/// Takes the ranges in.
pub(super) fn ranges_came(desk: &mut Desk, letter: &Letter) {
    let came = read(&letter.body, |members| {
        if is_erro(members) {
            return Ok(false);
        }
        check(PRES, members, about(desk.session, false))?;
        let own = is_id(members, "threeDSServerTransID", &desk.session.transaction_id);
        if own { Ok(true) } else { Err(Flaw::new("301", "threeDSServerTransID")) }
    });
    match came {
        Ok(good) => desk.ranges_loaded = good,
        Err(flaw) => {
            let erro = erro_of(desk.session, &flaw, "S", "PRes");
            desk.note("Erro", TO_DIRECTORY, &format!("errorCode {}", flaw.code), erro);
        }
    }
}

/// No ranges: what was known before still holds.
pub(super) fn ranges_lost(desk: &mut Desk, why: Lost) {
    let flaw = Flaw::new(why.code(), description(why.code()));
    let erro = erro_of(desk.session, &flaw, "S", "PReq");
    desk.note("Erro", TO_DIRECTORY, &format!("errorCode {}", flaw.code), erro);
}
