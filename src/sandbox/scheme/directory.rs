//! The directory servers, one for each scheme: they check what passes through them, add their
//! ids, and stand in for an issuer that cannot be reached where a scenario lets them.
//!
//! Source: emv-3ds.md 1.2 rule 6, 1.3, 3.7.

use serde_json::{Value, json};

use super::check::{AREQ, ARES, Flaw, PREQ, RREQ, RRES, check, is_erro, read};
use super::codes::description;
use super::messages::{self, erro_of, relayed};
use super::server::{about, is_id, version};
use super::wire::{Desk, Letter, Lost};
use super::{Answer, acs, verdict};
use crate::model::Lane;
use crate::model::scenario::{Hop, Version};
use crate::model::scheme::DEVICE_DATA;
use crate::sandbox::given::{Given, Members};
use crate::sandbox::keys::base64url;
use crate::sandbox::session::{Directory, Status};
use crate::sandbox::validate::Channel;

/// Checks an authentication request and passes it on, or answers it.
pub(super) fn areq(desk: &mut Desk, letter: &Letter) {
    if !desk.session.awaiting.server {
        return; // so late that nobody waits for an answer
    }
    let found = read(&letter.body, |members| {
        if is_erro(members) {
            return Ok(false);
        }
        check(AREQ, members, about(desk.session, false)).map(|()| true)
    });
    match found {
        Ok(true) => (),
        Ok(false) => return,
        Err(flaw) => return erro(desk, Hop::Ares, &flaw, "D", "AReq"),
    }
    let second = super::spc::is_second(desk.session);
    if desk.session.awaiting.directory || (desk.session.directory.is_some() && !second) {
        return erro(desk, Hop::Ares, &Flaw::new("305", "threeDSServerTransID"), "D", "AReq"); // the same request twice
    }
    let decision = acs::decision(desk.session);
    if let Answer::Broken(code) = decision {
        return erro(desk, Hop::Ares, &Flaw::new(code, description(code)), "D", "AReq");
    }
    if !second {
        desk.session.directory = Some(Directory { transaction_id: Some(desk.app.random.uuid()) });
    }
    match decision {
        Answer::Refused(reason) => stand_in(desk, Status::Unavailable, 'U', Some(reason)),
        _ if acs::script(desk.session).is_some_and(|script| script.absent) => unreached(desk, "405"),
        _ => {
            let device_info = match device_info(desk, &letter.body) {
                Ok(found) => found,
                Err(flaw) => return erro(desk, Hop::Ares, &flaw, "D", "AReq"),
            };
            desk.session.awaiting.directory = true;
            let body = relayed(desk.session, &letter.body, device_info.as_deref());
            desk.send(Hop::AreqAcs, "AReq", "with dsTransID", body);
        }
    }
}

/// Most bytes of device data that are kept with a session.
const KEPT: usize = 2048;

/// Opens the device data of an app, for the issuer: base64url. What cannot be opened is said, and
/// is an error only where a scenario is strict: callers send made-up data.
/// Source: emv-3ds.md 4.2, 5.3.
fn device_info(desk: &mut Desk, areq: &bytes::Bytes) -> Result<Option<String>, Flaw> {
    if !matches!(desk.session.channel, Some(Channel::App(_))) {
        return Ok(None);
    }
    let text = |members: &Members| Ok(members.get("sdkEncData").and_then(Given::as_str).map(str::to_owned));
    let sealed = read(areq, text)?.unwrap_or_default();
    let strict = acs::script(desk.session).is_some_and(|script| script.app.strict_device_data);
    let version = version(desk.session);
    if strict && version >= Version::V231 && !desk.app.keys.names_directory_key(&sealed) {
        return Err(Flaw::new("311", "sdkEncData")); // kid is due from 2.3.1 on
    }
    match desk.app.keys.open_device_data(&sealed) {
        Ok(plain) => {
            let json = serde_json::from_slice::<Value>(&plain).ok().map(|json| json.to_string());
            desk.session.device_info = json.filter(|json| json.len() <= KEPT).map(String::into_boxed_str);
            Ok(Some(base64url(&plain)))
        }
        Err(_) if strict => Err(Flaw::new("302", "sdkEncData")),
        Err(why) => {
            let body = json!({"sdkEncData": sealed, "why": why.sentence()});
            let way = (Lane::Sessions, Lane::Directory);
            desk.note(DEVICE_DATA, way, "cannot be opened, so the issuer gets none", body.to_string());
            Ok(None)
        }
    }
}

fn erro(desk: &mut Desk, hop: Hop, flaw: &Flaw, component: &'static str, about: &'static str) {
    let body = erro_of(desk.session, flaw, component, about);
    desk.send(hop, "Erro", &format!("errorCode {}", flaw.code), body);
}

/// Answers in the issuer's place. Source: emv-3ds.md 1.2, rule 6.
fn stand_in(desk: &mut Desk, status: Status, letter: char, reason: Option<&'static str>) {
    desk.session.acs = None;
    desk.session.challenge = None;
    let values = verdict(desk.app, desk.session, status, Some(letter), "ares_status", false)
        .because(version(desk.session), reason);
    let body = messages::ares(desk.session, letter, Some(&values), None);
    desk.send(Hop::Ares, "ARes", &format!("transStatus {letter}"), body);
}

/// The issuer cannot be reached: its stand-in, or the error.
fn unreached(desk: &mut Desk, code: &'static str) {
    let script = acs::script(desk.session);
    let answer = script.and_then(|script| script.stand_in.clone().or(script.ares.clone().filter(|_| script.absent)));
    match answer {
        Some(answer) => {
            let status = acs::status_of_letter(answer.trans_status);
            let reason = answer.trans_status_reason.as_deref().and_then(super::codes::interned);
            stand_in(desk, status, answer.trans_status.letter(), reason);
        }
        None => erro(desk, Hop::Ares, &Flaw::new(code, description(code)), "D", "AReq"),
    }
}

/// Nobody answered for the issuer.
pub(super) fn unanswered(desk: &mut Desk, why: Lost) {
    if std::mem::take(&mut desk.session.awaiting.directory) {
        unreached(desk, why.code());
    }
}

/// Checks the issuer's answer and passes it on. One that is late changes nothing.
pub(super) fn ares(desk: &mut Desk, letter: &Letter) {
    if !std::mem::take(&mut desk.session.awaiting.directory) {
        return;
    }
    let found = read(&letter.body, |members| {
        if is_erro(members) {
            return Ok(None);
        }
        check(ARES, members, about(desk.session, false))?;
        let directory = desk.session.directory.as_ref().and_then(|ds| ds.transaction_id.as_deref());
        if !is_id(members, "dsTransID", directory.unwrap_or_default()) {
            return Err(Flaw::new("301", "dsTransID"));
        }
        Ok(members.get("transStatus").and_then(Given::as_str).map(str::to_owned))
    });
    match found {
        Ok(Some(status)) => desk.send(Hop::Ares, "ARes", &format!("transStatus {status}"), letter.body.clone()),
        Ok(None) => desk.send(Hop::Ares, "Erro", &gist_of_erro(letter), letter.body.clone()),
        Err(flaw) => {
            let body = erro_of(desk.session, &flaw, "D", "ARes");
            desk.note("Erro", (Lane::Directory, Lane::Issuer), &format!("errorCode {}", flaw.code), body);
            erro(desk, Hop::Ares, &flaw, "D", "ARes");
        }
    }
}

fn gist_of_erro(letter: &Letter) -> String {
    let code = read(&letter.body, |members| Ok(members.get("errorCode").and_then(Given::as_str).map(str::to_owned)));
    format!("errorCode {}", code.ok().flatten().as_deref().unwrap_or("unknown"))
}

/// Checks a result and passes it on.
pub(super) fn rreq(desk: &mut Desk, letter: &Letter) {
    pass_on(desk, letter, RREQ, (Hop::Rreq, Hop::Rres), "RReq");
}

/// Checks the receipt of a result and passes it on.
pub(super) fn rres(desk: &mut Desk, letter: &Letter) {
    let found = read(&letter.body, |members| {
        if is_erro(members) {
            Ok(None)
        } else {
            check(RRES, members, about(desk.session, false))?;
            acs::receipt_fits(desk.session, members).map(|()| status(members))
        }
    });
    match found {
        Ok(Some(status)) => desk.send(Hop::Rres, "RRes", &format!("resultsStatus {status}"), letter.body.clone()),
        Ok(None) => desk.send(Hop::Rres, "Erro", &gist_of_erro(letter), letter.body.clone()),
        Err(flaw) => {
            let body = erro_of(desk.session, &flaw, "D", "RRes");
            desk.note("Erro", (Lane::Directory, Lane::Sessions), &format!("errorCode {}", flaw.code), body);
        }
    }
}

fn status(members: &Members) -> Option<String> {
    members.get("resultsStatus").and_then(Given::as_str).map(str::to_owned)
}

/// `ways`: on to the 3DS Server, and back with an error.
fn pass_on(desk: &mut Desk, letter: &Letter, kind: super::check::Kind, ways: (Hop, Hop), name: &'static str) {
    let found = read(&letter.body, |members| {
        if is_erro(members) {
            return Ok(None);
        }
        check(kind, members, about(desk.session, false))?;
        let acs = desk.session.acs.as_ref().map_or("", |acs| acs.transaction_id.as_str());
        if !is_id(members, "acsTransID", acs) {
            return Err(Flaw::new("301", "acsTransID"));
        }
        Ok(members.get("transStatus").and_then(Given::as_str).map(str::to_owned))
    });
    match found {
        Ok(Some(status)) => desk.send(ways.0, name, &format!("transStatus {status}"), letter.body.clone()),
        Ok(None) => desk.send(ways.0, "Erro", &gist_of_erro(letter), letter.body.clone()),
        Err(flaw) => erro(desk, ways.1, &flaw, "D", name),
    }
}

/// Answers with its card ranges.
pub(super) fn ranges_asked(desk: &mut Desk, letter: &Letter) {
    let found = read(&letter.body, |members| {
        if is_erro(members) {
            return Ok(None);
        }
        check(PREQ, members, about(desk.session, false))?;
        Ok(members.get("threeDSServerTransID").and_then(Given::as_str).map(str::to_owned))
    });
    match found {
        Ok(None) => (),
        Ok(Some(id)) => {
            let body = messages::pres(desk.session, &desk.base, &id);
            desk.send(Hop::Pres, "PRes", &format!("one range of {}", desk.session.scheme.word()), body);
        }
        Err(flaw) => erro(desk, Hop::Pres, &flaw, "D", "PReq"),
    }
}
