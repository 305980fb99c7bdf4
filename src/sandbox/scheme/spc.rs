//! Secure Payment Confirmation: the shopper confirms with the browser, and the shop brings the
//! proof to the issuer in a second authentication request.
//!
//! Promises: only with 2.3.1, in a browser, for a shop that says it can; no CReq, no CRes and no
//! RReq. What the browser and its authenticator would do is a page of the issuer's, so that a
//! person or a script can confirm: it is marked as simulated, and so is the proof. The issuer
//! believes the second request, not the page: a proof that is missing or of something else counts
//! for nothing. A shopper who gives up, or whose proof does not fit, is asked by the issuer itself,
//! in an ordinary challenge.
//! Source: emv-3ds.md 1.2 rule 2, 1.8, 3.1, 5.4.

use serde_json::{Value, json};

use super::acs::script;
use super::codes::{exponent, numeric};
use super::messages::{Message, merchant};
use super::server::version;
use super::wire::Desk;
use super::{Answer, server};
use crate::model::scenario::{Letter, Version};
use crate::sandbox::cards::Outcome;
use crate::sandbox::given::{Given, Members};
use crate::sandbox::keys::{base64url, decode_base64url};
use crate::sandbox::session::{End, Place, Session};
use crate::sandbox::validate::Channel;

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Spc {
    /// The issuer has answered `S`.
    Offered,
    /// The shopper confirmed.
    Confirmed,
    /// `spcIncompInd`: why there is no proof.
    GivenUp(&'static str),
}

/// True if the request says that the shop can run it.
pub(in crate::sandbox) fn supported(session: &Session) -> bool {
    let able = script(session).is_some_and(|script| script.server.spc);
    able && version(session) >= Version::V231 && matches!(session.channel, Some(Channel::Browser(_)))
}

fn state(session: &Session) -> Option<Spc> {
    session.bargain.as_ref()?.spc
}

fn set(session: &mut Session, spc: Spc) {
    session.bargain.get_or_insert_default().spc = Some(spc);
}

/// True while the shopper is to confirm.
pub(in crate::sandbox) fn is_open(session: &Session) -> bool {
    state(session) == Some(Spc::Offered)
}

/// True if the shopper confirmed.
pub(in crate::sandbox) fn is_confirmed(session: &Session) -> bool {
    state(session) == Some(Spc::Confirmed)
}

/// True if an authentication request is the second one.
pub(super) fn is_second(session: &Session) -> bool {
    matches!(state(session), Some(Spc::Confirmed | Spc::GivenUp(_)))
}

/// What the issuer answers, if it wants this. A second request has been judged before.
pub(super) fn answer(session: &Session, scripted: Option<&crate::model::scenario::Answer>) -> Option<Answer> {
    if scripted?.trans_status != Letter::S {
        return None;
    }
    let passed = script(session).and_then(|script| script.rreq.as_ref());
    let outcome = passed.map_or(Outcome::Approved, |result| super::acs::outcome_of(result.trans_status));
    Some(match state(session) {
        None if supported(session) => Answer::Spc(outcome),
        Some(Spc::Confirmed) => Answer::Frictionless(outcome),
        // It cannot be had: an ordinary challenge.
        _ => Answer::Challenge(outcome, Place::Browser),
    })
}

/// The issuer asks for it.
pub(super) fn offer(desk: &mut Desk) {
    set(desk.session, Spc::Offered);
}

/// Members of a request: that the shop can, or what came of it.
pub(super) fn write_request(session: &Session, body: &mut Message) {
    match state(session) {
        Some(Spc::GivenUp(why)) => body.put("spcIncompInd", why),
        _ if supported(session) => body.put("threeDSRequestorSpcSupport", "Y"),
        _ => (),
    }
}

/// The proof, in the second request: what an authenticator would sign, without a signature.
pub(super) fn proof(session: &Session) -> Option<Value> {
    let data = base64url(assertion(session).to_string().as_bytes());
    is_confirmed(session).then(|| json!({"threeDSReqAuthMethod": METHOD, "threeDSReqAuthData": data}))
}

/// True if a request brings the proof of what this issuer offered.
pub(super) fn is_proven(session: &Session, members: &Members) -> bool {
    let due = assertion(session);
    let fits = |how: &Given| {
        let text = |name: &str| how.as_object()?.get(name)?.as_str();
        let data = text("threeDSReqAuthData").and_then(decode_base64url);
        let signed: Option<Value> = data.and_then(|data| serde_json::from_slice(&data).ok());
        text("threeDSReqAuthMethod") == Some(METHOD) && signed.as_ref() == Some(&due)
    };
    let given = members.get("threeDSRequestorAuthenticationInfo").and_then(Given::as_array);
    given.unwrap_or_default().iter().any(fits)
}

/// The issuer looks at the second request: without the proof nobody has confirmed anything.
pub(super) fn judge(desk: &mut Desk, proven: bool) {
    match state(desk.session) {
        Some(Spc::Confirmed) if proven => desk.app.books.authenticated(&desk.session.card.fingerprint),
        Some(Spc::Confirmed) => set(desk.session, Spc::GivenUp("02")),
        _ => (),
    }
}

/// `threeDSReqAuthMethod`. Source: emv-3ds.md 3.6.
const METHOD: &str = "09";

/// What the shopper confirms.
fn assertion(session: &Session) -> Value {
    json!({
        "type": "webauthn.get", "simulated": true, "credential": credential(session),
        "payeeName": merchant(session), "challenge": challenge(session),
    })
}

/// What the issuer wants to have signed: its own transaction.
fn challenge(session: &Session) -> String {
    base64url(session.acs.as_ref().map_or("", |acs| &acs.transaction_id).as_bytes())
}

/// What the issuer has registered for this card.
fn credential(session: &Session) -> String {
    base64url(&session.card.fingerprint.as_bytes()[..24])
}

/// Members of the answer `S`: what the browser is to show, and with which keys it may be confirmed.
pub(super) fn write_offer(session: &Session, body: &mut Message) {
    let draft = &session.draft;
    let pan = session.pan.expose();
    body.put("webAuthnCredList", [json!({"webAuthnCred": credential(session)})]);
    body.put(
        "spcTransData",
        json!({
            "challenge": challenge(session),
            "payeeName": merchant(session),
            "displayName": format!("Card ending in {}", &pan[pan.len().saturating_sub(4)..]),
            "amount": draft.amount.unwrap_or(0).to_string(),
            "currency": numeric(&draft.currency).unwrap_or(&draft.currency),
            "exponent": exponent(&draft.currency).to_string(),
        }),
    );
}

/// The shopper's part is over: the second request goes out.
pub(super) fn conclude(desk: &mut Desk, end: End) {
    let why = match end {
        End::Answered(_) => None,
        End::Cancelled | End::Denied | End::TooManyTries | End::Broken(_) => Some("02"),
        End::TimedOut | End::SdkTimedOut => Some("03"),
    };
    set(desk.session, why.map_or(Spc::Confirmed, Spc::GivenUp));
    if why.is_none()
        && let Some(challenge) = &mut desk.session.challenge
    {
        challenge.over = Some(('Y', bytes::Bytes::new())); // the browser goes home
    }
    server::authenticate(desk);
}
