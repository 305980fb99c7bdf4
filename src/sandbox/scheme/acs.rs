//! The issuer's access control server, as far as messages go: it decides on a request, sends
//! the result of a challenge, and sends it once more if nobody takes it. Its pages are in
//! `issuer`.
//!
//! What decides, first hit wins: the session's scenario, words of the reference, the bank's own
//! rules about exemptions where they are in force (`exempt`), the card.
//! Source: emv-3ds.md 1.2, 5.5; product.md "Decided".

use serde_json::Value;

use super::check::{AREQ, Flaw, RRES, check, is_erro, read};
use super::codes::interned;
use super::messages::{self, erro_of, merchant};
use super::server::{about, is_id, version};
use super::wire::{Desk, Letter};
use super::{Answer, code_of, decoupled, spc, status_of, terms, verdict};
use crate::model::Lane;
use crate::model::scenario::{self, Hop, Issuer, Letter as TransStatus, PageKind};
use crate::sandbox::app;
use crate::sandbox::cards::{Flow, Outcome, Scheme};
use crate::sandbox::given::{Given, Members};
use crate::sandbox::session::{Acs, Broken, Challenge, End, Place, Session, Status, Verdict};
use crate::sandbox::validate::Channel;

/// How often a result is sent. Source: emv-3ds.md 1.9.
const RESULTS: u8 = 2;

/// What the session's scenario says of the issuer's side.
pub(in crate::sandbox) fn script(session: &Session) -> Option<&Issuer> {
    session.script.as_ref().and_then(|script| script.issuer.as_ref())
}

/// The scripted answer: the one for a browser that is not what the shop declared, where it is not.
fn scripted(session: &Session) -> Option<&scenario::Answer> {
    let script = script(session)?;
    let differs = || session.method_facts.as_deref().is_some_and(|facts| differs(session, facts));
    script.mismatch.as_ref().filter(|_| differs()).or(script.ares.as_ref())
}

/// Whether the issuer's page saw another browser than the shop declares. Source: emv-3ds.md 2.1.
fn differs(session: &Session, facts: &str) -> bool {
    let (Some(Channel::Browser(browser)), Ok(facts)) = (&session.channel, serde_json::from_str::<Value>(facts)) else {
        return false;
    };
    let seen = |name: &str| facts.get(name).and_then(Value::as_str);
    let languages = seen("languages").unwrap_or(&browser.language);
    seen("timezone").is_some_and(|seen| seen != browser.timezone)
        || seen("userAgent").is_some_and(|seen| seen != browser.user_agent)
        || seen("colorDepth").is_some_and(|seen| seen != browser.color_depth)
        || seen("screen").is_some_and(|seen| seen != format!("{}x{}", browser.screen_width, browser.screen_height))
        || !languages.split(',').any(|language| language.eq_ignore_ascii_case(&browser.language))
}

pub(super) fn outcome_of(letter: TransStatus) -> Outcome {
    match letter {
        TransStatus::Y => Outcome::Approved,
        TransStatus::A => Outcome::Attempted,
        TransStatus::R => Outcome::Rejected,
        TransStatus::U => Outcome::Unavailable,
        _ => Outcome::Declined,
    }
}

pub(super) fn status_of_letter(letter: TransStatus) -> Status {
    match letter {
        TransStatus::I => Status::Approved,
        other => status_of(outcome_of(other)),
    }
}

/// Decides by scenario, reference, channel and card, in that order.
pub(super) fn decision(session: &Session) -> Answer {
    let (range, draft) = (&session.range, &session.draft);
    let place = match &session.channel {
        Some(Channel::App(app)) if !app.readable() => return Answer::Refused("07"),
        Some(Channel::App(_)) => Place::App,
        Some(Channel::Merchant(_)) if !draft.linked => return Answer::Refused("21"),
        _ => Place::Browser,
    };
    // Words of a reference come before its scenario; what is armed has cleared them.
    let word = session.triggers.information || session.triggers.decoupled;
    let old = version(session) < scenario::Version::V220; // neither D nor I (emv-3ds.md 1.8)
    let written = scripted(session).filter(|_| !word);
    if let Some(answer) = spc::answer(session, written) {
        return answer;
    }
    if let Some(answer) = written {
        return as_written(session, answer.trans_status, place);
    }
    let mandate = session.honours_mandate && draft.challenge_indicator == "challenge_requested_mandate";
    let alone = alone(session);
    let flow = match range.flow {
        Flow::Challenge(outcome) | Flow::Frictionless(outcome) | Flow::Decoupled(outcome)
            if session.triggers.decoupled =>
        {
            Flow::Decoupled(outcome)
        }
        _ if session.triggers.information => Flow::Informed,
        _ if terms::ruled(session) == Some("08") => Flow::Frictionless(Outcome::Approved),
        _ if terms::ruled(session).is_some() => Flow::Informed,
        // Where data are only shared nothing may be asked (emv-3ds.md 3.1).
        Flow::Challenge(_) if shares_data(session) => Flow::Informed,
        Flow::Challenge(outcome) if alone => Flow::Frictionless(outcome),
        Flow::Frictionless(Outcome::Approved) if mandate && !alone => Flow::Challenge(Outcome::Approved),
        // Shared data is taken note of (sessions-api.md 4.1, Q30).
        Flow::Frictionless(Outcome::Approved) if shares_data(session) => Flow::Informed,
        flow => flow,
    };
    let flow = match flow {
        flow if !old => flow,
        Flow::Decoupled(outcome) if alone => Flow::Frictionless(outcome),
        Flow::Decoupled(outcome) => Flow::Challenge(outcome),
        Flow::Informed => Flow::Frictionless(Outcome::Approved),
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

/// True if nobody is there but the merchant.
fn alone(session: &Session) -> bool {
    matches!(session.channel, Some(Channel::Merchant(_)))
}

/// What a scenario's letter comes to. Source: emv-3ds.md 1.8.
fn as_written(session: &Session, letter: TransStatus, place: Place) -> Answer {
    let outcome = decoupled::outcome_after(session);
    let old = version(session) < scenario::Version::V220;
    match letter {
        TransStatus::D if old && alone(session) => Answer::Frictionless(outcome),
        TransStatus::D if old => Answer::Challenge(outcome, place),
        TransStatus::I if old => Answer::Frictionless(Outcome::Approved),
        TransStatus::C => Answer::Challenge(outcome, place),
        TransStatus::D => Answer::Challenge(outcome, Place::Decoupled),
        TransStatus::I => Answer::Informed,
        letter => Answer::Frictionless(outcome_of(letter)),
    }
}

/// True if the request lets the issuer only take note. Source: emv-3ds.md 3.1.
pub(super) fn may_be_informed(session: &Session) -> bool {
    let rule_of_scheme = session.triggers.information || session.range.flow == Flow::Informed;
    // Who asks for the offer of the trust list asks for a challenge (emv-3ds.md 3.5).
    let exempt = terms::asks(session) && terms::wish(session) != "09";
    exempt || shares_data(session) || rule_of_scheme
}

/// True if the request says so that data are only shared; 2.1.0 has no word for it.
/// Source: emv-3ds.md 3.5.
pub(super) fn shares_data(session: &Session) -> bool {
    session.draft.challenge_indicator == "data_share" && version(session) >= scenario::Version::V220
}

/// Answers an authentication request. For one that comes after the directory server gave up
/// nobody listens any more, so that it leads to nothing.
pub(super) fn areq(desk: &mut Desk, letter: &Letter) {
    if !desk.session.awaiting.directory {
        return;
    }
    let Some(Asked { id, wish, no_way, proven }) = asked(desk, letter) else { return };
    let second = spc::is_second(desk.session);
    spc::judge(desk, proven);
    let answer = scripted(desk.session).cloned();
    terms::decide(desk, wish.as_deref(), answer.as_ref());
    let mut decision = decision(desk.session);
    let blind = matches!(decision, Answer::Challenge(_, Place::App)) && !app::can_ask(desk.session);
    if blind {
        decision = Answer::Frictionless(Outcome::Unavailable); // S129
    }
    if !second {
        desk.session.acs = Some(Acs { transaction_id: desk.app.random.uuid(), challenge_url: None, rendering: None });
    }
    let refused = no_way.filter(|_| matches!(decision, Answer::Challenge(_, Place::Decoupled)));
    let (letter, values) = match decision {
        Answer::Challenge(..) if refused.is_some() => {
            ('N', Some(values(desk, Status::Declined, 'N').because(version(desk.session), refused)))
        }
        Answer::Challenge(outcome, place) => {
            start_challenge(desk, outcome, place);
            (if place == Place::Decoupled { 'D' } else { 'C' }, None)
        }
        Answer::Spc(outcome) => {
            start_challenge(desk, outcome, Place::Browser);
            spc::offer(desk);
            ('S', None)
        }
        Answer::Informed => ('I', Some(values(desk, Status::Approved, 'I'))),
        Answer::Frictionless(outcome) => {
            let status = status_of(outcome);
            let letter = code_of(status);
            let mut values = values(desk, status, letter);
            if blind {
                values.reason = Some("03");
            }
            (letter, Some(values))
        }
        // The directory server has answered these by itself.
        Answer::Broken(_) | Answer::Refused(_) => ('U', Some(values(desk, Status::Unavailable, 'U'))),
    };
    let body = messages::ares(desk.session, letter, values.as_ref(), scripted(desk.session));
    let body = answering(desk.session, body.into(), &id);
    desk.send(Hop::AresDs, "ARes", &format!("transStatus {letter}"), body);
    let unasked = script(desk.session).and_then(|script| script.rreq.clone());
    let unasked = unasked.filter(|_| values.is_some() && refused.is_none() && !second && !blind);
    if let Some(result) = unasked {
        let status = status_of_letter(result.trans_status);
        let verdict = verdict(desk.app, desk.session, status, Some(result.trans_status.letter()), "rreq_status", true);
        send_result(desk, &verdict);
    }
}

/// A request that can be answered.
struct Asked {
    /// The transaction that it is about.
    id: String,
    /// The wish about a challenge.
    wish: Option<String>,
    /// Why the bank may not ask by itself.
    no_way: Option<&'static str>,
    /// It brings what the browser's confirmation is proven with.
    proven: bool,
}

/// Reads a request; what cannot be answered is refused.
fn asked(desk: &mut Desk, letter: &Letter) -> Option<Asked> {
    let found = read(&letter.body, |members| {
        if is_erro(members) {
            return Ok(None);
        }
        speaks(desk.session, members)?;
        check(AREQ, members, about(desk.session, true))?;
        let id = members.get("threeDSServerTransID").and_then(Given::as_str).map(str::to_owned);
        let (no_way, proven) = (decoupled::refusal(members), spc::is_proven(desk.session, members));
        Ok(id.map(|id| Asked { id, wish: terms::wished(members), no_way, proven }))
    });
    match found {
        Ok(Some(_)) if desk.session.acs.is_some() && !spc::is_second(desk.session) => {
            let flaw = Flaw::new("305", "threeDSServerTransID"); // the same request twice
            let body = erro_of(desk.session, &flaw, "A", "AReq");
            desk.note("Erro", (Lane::Issuer, Lane::Directory), "errorCode 305", body);
            None
        }
        Ok(asked) => asked,
        Err(flaw) => {
            let body = erro_of(desk.session, &flaw, "A", "AReq");
            desk.send(Hop::AresDs, "Erro", &format!("errorCode {}", flaw.code), body);
            None
        }
    }
}

/// An answer names the transaction that it was asked about, be it another than the session's.
fn answering(session: &Session, body: bytes::Bytes, asked: &str) -> bytes::Bytes {
    if asked.eq_ignore_ascii_case(&session.transaction_id) {
        return body;
    }
    String::from_utf8_lossy(&body).replace(&session.transaction_id, asked).into()
}

/// Refuses a version that the issuer does not speak. Source: emv-3ds.md 3.7 (102).
fn speaks(session: &Session, members: &Members) -> Result<(), Flaw> {
    let Some(own) = script(session).map(|script| &script.speaks).filter(|own| !own.is_empty()) else { return Ok(()) };
    let given = members.get("messageVersion").and_then(Given::as_str).unwrap_or_default();
    if own.iter().any(|version| version.word() == given) {
        return Ok(());
    }
    Err(Flaw::new("102", own.iter().map(|version| version.word()).collect::<Vec<_>>().join(", ")))
}

/// The values of a frictionless answer: what the scenario or the card's range says, else the usual.
fn values(desk: &Desk, status: Status, letter: char) -> Verdict {
    let session = &*desk.session;
    let usual = verdict(desk.app, session, status, Some(letter), "ares_status", false);
    let named = match scripted(session) {
        Some(answer) => answer.trans_status_reason.as_deref().and_then(interned),
        None => session.range.reason.filter(|_| letter != 'I'),
    };
    let mut values = usual.because(version(session), named);
    if session.scheme == Scheme::Mastercard && letter == 'I' && values.reason.is_none() {
        // Exemption accepted, data only (emv-3ds.md 3.2).
        values.reason = terms::is_granted(session).then_some("81").or(shares_data(session).then_some("80"));
    }
    if values.reason == Some("80") && session.scheme == Scheme::Mastercard {
        values.eci = Some("04"); // data only (emv-3ds.md 3.2, 3.3)
    }
    values
}

fn start_challenge(desk: &mut Desk, outcome: Outcome, place: Place) {
    let mut challenge = Challenge::new(outcome, place, desk.app.clock.passed());
    let session = &mut *desk.session;
    let codes = script(session).is_some_and(|script| script.challenge.pages.contains(&PageKind::Otp));
    if let (Place::Browser | Place::App, true, Some(acs)) = (place, codes, &session.acs) {
        challenge.code = Some((desk.app.keys.code(&acs.transaction_id, 0), desk.app.clock.passed()));
    }
    session.challenge = Some(challenge);
    let rendering = match (place, &session.channel) {
        (Place::App, Some(Channel::App(device))) => app::rendering(&desk.app.keys, &desk.base, session, device),
        _ => None,
    };
    let line = match (place, &session.channel, &session.acs) {
        (Place::App, Some(Channel::App(device)), Some(acs)) => {
            Some(Box::new(app::Line::agree(&desk.app.keys, &acs.transaction_id, device)))
        }
        _ => None,
    };
    if let Some(challenge) = &mut session.challenge {
        challenge.line = line;
    }
    if let Some(acs) = &mut session.acs {
        acs.challenge_url =
            (place == Place::Browser).then(|| format!("{}/simulator/acs/challenge", other_site(&desk.base)));
        acs.rendering = rendering;
    }
}

/// The same server under its other loopback name, so that a browser that was at one of them
/// sees another site. Source: emv-3ds.md 8, the note on form posts.
pub(in crate::sandbox) fn other_site(base: &str) -> String {
    match base.strip_prefix("http://127.0.0.1") {
        Some(port) => format!("http://localhost{port}"),
        None => base.to_owned(),
    }
}

/// Ends a challenge: the result goes on its way. Source: emv-3ds.md 1.2 rules 3 and 4, 5.5.
pub(super) fn conclude(desk: &mut Desk, end: End) {
    let session = &*desk.session;
    let Some(challenge) = session.challenge.as_ref().filter(|challenge| challenge.over.is_none()) else { return };
    if spc::is_open(session) {
        return spc::conclude(desk, end);
    }
    let seen = challenge.touched.is_some();
    let decoupled = challenge.place == Place::Decoupled;
    if let Some(values) = decoupled::instead(desk, end) {
        return send_result(desk, &values);
    }
    let session = &*desk.session;
    let passed = decoupled::scripted_result(session);
    let usual = match (passed, script(session)) {
        (Some(result), _) => result.trans_status_reason.as_deref().and_then(interned),
        (None, Some(_)) => None,
        (None, None) => session.range.reason,
    };
    let (status, reason, cancel) = match end {
        End::Answered(outcome) => {
            let cancel = passed.and_then(|result| result.challenge_cancel.as_deref()).and_then(interned);
            (status_of(outcome), usual, cancel)
        }
        End::TooManyTries if decoupled => (Status::Declined, Some("01"), None),
        End::TooManyTries => (Status::Declined, Some("19"), None),
        End::Denied => (Status::Declined, Some("01"), None),
        End::Cancelled => (Status::ChallengeAbandoned, Some("01"), Some("01")),
        End::TimedOut if decoupled => (Status::Unavailable, Some("24"), Some("03")),
        End::TimedOut => (Status::Expired, Some("14"), Some(if seen { "04" } else { "05" })),
        End::SdkTimedOut => (Status::Expired, Some("14"), Some("08")),
        End::Broken(broken) => {
            let (reason, cancel) = of_error(version(session), broken);
            (Status::Unavailable, Some(reason), Some(cancel))
        }
    };
    if end == End::Answered(Outcome::SchemeError) {
        let flaw = Flaw::new("404", "The issuer failed while it sent the result");
        let body = erro_of(session, &flaw, "A", "RReq");
        over(desk, 'N', &body);
        return desk.send(Hop::RreqDs, "Erro", "errorCode 404", body);
    }
    if status.succeeded() {
        desk.app.books.authenticated(&session.card.fingerprint);
    }
    if let (Status::Approved, Some(("Y", _))) = (status, terms::listed(session)) {
        desk.app.books.trust(&session.card.fingerprint, merchant(session));
    }
    let letter = if matches!(end, End::Broken(_)) { 'N' } else { code_of(status) };
    let mut values =
        verdict(desk.app, session, status, Some(letter), "rreq_status", true).because(version(session), reason);
    values.cancel = cancel.map(|code| ("", code));
    send_result(desk, &values);
}

/// Reason and `challengeCancel` after an error between app and issuer: the codes that say whose
/// error it was came with 2.3.1. Source: emv-3ds.md 3.2, 3.6.
fn of_error(version: scenario::Version, broken: Broken) -> (&'static str, &'static str) {
    let reason = if broken == Broken::Sealed { "09" } else { "07" };
    match broken {
        _ if version < scenario::Version::V231 => (reason, "06"),
        Broken::Refused => (reason, "09"),
        Broken::Sealed | Broken::Said => (reason, "10"),
    }
}

/// Sends a result, and keeps it until it is taken.
fn send_result(desk: &mut Desk, values: &Verdict) {
    let letter = values.response_code.unwrap_or('U');
    let body: bytes::Bytes = messages::rreq(desk.session, values).into();
    let scripted = script(desk.session).and_then(|script| script.cres).map(TransStatus::letter);
    over(desk, scripted.unwrap_or(if matches!(letter, 'Y' | 'D') { letter } else { 'N' }), &body);
    desk.session.awaiting.issuer = true;
    desk.session.awaiting.results = 1;
    desk.send(Hop::RreqDs, "RReq", &format!("transStatus {letter}"), body);
}

fn over(desk: &mut Desk, letter: char, body: &bytes::Bytes) {
    if let Some(challenge) = &mut desk.session.challenge {
        challenge.over = Some((letter, body.clone()));
    }
}

/// Nobody has taken the result in time: it is sent once more, then the issuer gives up.
pub(super) fn again(desk: &mut Desk) {
    if !desk.session.awaiting.issuer {
        return;
    }
    let kept = desk.session.challenge.as_ref().and_then(|challenge| challenge.over.clone());
    match kept.filter(|_| desk.session.awaiting.results < RESULTS) {
        Some((_, body)) => {
            desk.session.awaiting.results += 1;
            desk.send(Hop::RreqDs, "RReq", "once more: no answer came", body);
        }
        None => desk.session.awaiting.issuer = false,
    }
}

/// Takes the receipt of a result in. After an error the timer goes on.
pub(super) fn rres(desk: &mut Desk, letter: &Letter) {
    let found = read(&letter.body, |members| {
        if is_erro(members) {
            // A result that nobody asked for, or that was taken before, is not sent again.
            let code = members.get("errorCode").and_then(Given::as_str);
            return Ok(matches!(code, Some("301" | "312" | "313")) && desk.session.status.is_final());
        }
        check(RRES, members, about(desk.session, false))?;
        receipt_fits(desk.session, members).map(|()| true)
    });
    match found {
        Ok(taken) => desk.session.awaiting.issuer &= !taken,
        Err(flaw) => {
            desk.session.awaiting.issuer = false;
            let body = erro_of(desk.session, &flaw, "A", "RRes");
            desk.note("Erro", (Lane::Issuer, Lane::Directory), &format!("errorCode {}", flaw.code), body);
        }
    }
}

/// A receipt is about this transaction.
pub(super) fn receipt_fits(session: &Session, members: &Members) -> Result<(), Flaw> {
    let own = session.acs.as_ref().map(|acs| acs.transaction_id.as_str());
    let fits = own.is_none_or(|own| is_id(members, "acsTransID", own));
    if fits { Ok(()) } else { Err(Flaw::new("301", "acsTransID")) }
}

/// The code of a second CReq in this version. Source: emv-3ds.md 2.2, 3.7.
pub(in crate::sandbox) fn second_creq(session: &Session) -> &'static str {
    if version(session) >= scenario::Version::V231 { "314" } else { "305" }
}
