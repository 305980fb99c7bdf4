//! What may be called in a state, and how what may not is refused. The table of
//! sessions-api.md 4.1 with the codes of 2.6.

use super::Shape;
use crate::model::api::{NextAction, Session, Status};
use crate::model::draft::Channel;
use crate::model::exchange::Step;

/// How the contract answers a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// With this status.
    Allowed(u16),
    /// With this status and this code.
    Refused(u16, &'static str),
}

/// One call that a shop, or the shopper's browser for it, could make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What the program would do for it.
    pub step: Step,
    /// As it goes over the wire: `PUT /sessions/{id}/collect-data`.
    pub wire: &'static str,
    /// The word in `next_actions` that offers it, where one does.
    pub action: Option<&'static str>,
    /// True if the newest view offers it.
    pub offered: bool,
    /// What the contract says to it now.
    pub ruling: Ruling,
    /// Why, in words.
    pub why: &'static str,
    /// Where the contract says so.
    pub paragraph: &'static str,
}

const STATE: &str = "update_not_allowed_due_to_state";
const BUSY: &str = "session_already_in_use";

/// What could be called while the session is as this view says: first what the contract
/// allows, then what it refuses. Before there is a session, only its creation; of a state
/// that the contract does not know it says nothing, but that it may be read.
pub fn calls(view: Option<&Session>, shape: Shape) -> Vec<Call> {
    let Some(view) = view else {
        return vec![Call {
            step: Step::Create,
            wire: "POST /sessions",
            action: None,
            offered: true,
            ruling: Ruling::Allowed(201),
            why: "201 if the bank was asked at once, 202 if more is wanted first",
            paragraph: "Sessions API, create a session",
        }];
    };
    let mut calls = Vec::new();
    if !matches!(view.status, Status::Other(_)) {
        calls.extend([collect(view, shape), fingerprint(view, shape)]);
        calls.extend(shopper(view, shape));
        calls.push(complete(view, shape));
    }
    calls.extend(pay(view));
    calls.push(Call {
        step: Step::Confirm,
        wire: "GET /sessions/{id}",
        action: None,
        offered: true,
        ruling: Ruling::Allowed(200),
        why: "May be read at any time, and changes nothing",
        paragraph: "Sessions API, get a session",
    });
    calls.sort_by_key(|call| matches!(call.ruling, Ruling::Refused(..))); // stable
    calls
}

fn put(view: &Session, step: Step, wire: &'static str, action: NextAction, word: &'static str) -> Call {
    let paragraph = match step {
        Step::Collect => "Sessions API, actions by state; collect-data",
        Step::Fingerprint => "Sessions API, actions by state; issuer-fingerprint",
        _ => "Sessions API, actions by state; complete",
    };
    let offered = view.offers(&action);
    Call { step, wire, action: Some(word), offered, ruling: Ruling::Allowed(200), why: "", paragraph }
}

fn refused(call: Call, http: u16, code: &'static str, why: &'static str) -> Call {
    Call { ruling: Ruling::Refused(http, code), why, ..call }
}

fn collect(view: &Session, shape: Shape) -> Call {
    let wire = "PUT /sessions/{id}/collect-data";
    let call = put(view, Step::Collect, wire, NextAction::CollectChannelData, "collect_channel_data");
    match view.status {
        Status::Processing => refused(call, 409, BUSY, "Another call works on this session"),
        Status::Pending if shape.legacy => refused(call, 403, STATE, "3-D Secure 1 takes no channel data"),
        Status::Pending if shape.hosted() => {
            Call { why: "Also works on a hosted session while nobody opened its page", ..call }
        }
        Status::Pending if call.offered => Call { why: "It waits for them; the bank is asked at once", ..call },
        Status::Pending => refused(call, 403, STATE, "The channel data are there already"),
        Status::Challenged => refused(call, 403, STATE, "The bank has been asked already"),
        _ => refused(call, 403, STATE, "The session is final"),
    }
}

fn fingerprint(view: &Session, shape: Shape) -> Call {
    let wire = "PUT /sessions/{id}/issuer-fingerprint";
    let call = put(view, Step::Fingerprint, wire, NextAction::IssuerFingerprint, "issuer_fingerprint");
    match view.status {
        Status::Processing => refused(call, 409, BUSY, "Another call works on this session"),
        _ if shape.channel == Channel::App => {
            refused(call, 403, "three_ds_method_not_supported_for_app", "Fingerprints are taken of browsers only")
        }
        Status::Pending if shape.legacy => refused(call, 403, STATE, "3-D Secure 1 has no 3DS Method"),
        Status::Pending if call.offered => Call { why: "Y, N or U: what the 3DS Method came to", ..call },
        Status::Pending if shape.hosted() => {
            Call { why: "Taken where the bank has a method URL; hosted views do not tell", ..call }
        }
        Status::Pending => refused(
            call,
            403,
            "three_ds_method_not_supported_without_url",
            "The view names no method URL; if its result is there already, the code is update_not_allowed_due_to_state",
        ),
        Status::Challenged => refused(call, 403, STATE, "The bank has been asked already"),
        _ => refused(call, 403, STATE, "The session is final"),
    }
}

/// What the shopper's browser does for the session, where it is offered.
fn shopper(view: &Session, shape: Shape) -> Option<Call> {
    let call = |step, wire, action, why, paragraph| Call {
        step,
        wire,
        action: Some(action),
        offered: true,
        ruling: Ruling::Allowed(200),
        why,
        paragraph,
    };
    if view.status.is_final() {
        return None;
    }
    if view.offers(&NextAction::RedirectCardholder) {
        let why = "The shopper's browser, to redirect_url; it comes back to success_url or failure_url";
        return Some(call(Step::Redirect, "GET redirect_url", "redirect_cardholder", why, "Sessions API, hosted flow"));
    }
    if view.offers(&NextAction::Authenticate) {
        let why = "The shopper's browser, with PaReq, to acs_url";
        return Some(call(
            Step::Authenticate,
            "POST acs_url (PaReq)",
            "authenticate",
            why,
            "Sessions API, 3-D Secure 1",
        ));
    }
    if !view.offers(&NextAction::ChallengeCardholder) {
        return None;
    }
    let (wire, why) = if shape.channel == Channel::App {
        (
            "CReq to the address in acs.signed_content",
            "The app's SDK, here the simulated device, by sealed messages; the sandbox has a plain stand-in too",
        )
    } else {
        ("POST acs.url (creq)", "The shopper's browser, to the bank's page")
    };
    Some(call(Step::Challenge, wire, "challenge_cardholder", why, "Sessions API, challenge"))
}

fn complete(view: &Session, shape: Shape) -> Call {
    let wire = "POST /sessions/{id}/complete";
    let call = put(view, Step::Complete, wire, NextAction::Complete, "complete");
    match view.status {
        Status::Processing => refused(call, 409, BUSY, "Another call works on this session"),
        _ if !view.status.is_final() => refused(call, 403, STATE, "Nothing is decided yet"),
        _ if shape.hosted() => refused(call, 403, STATE, "A hosted session completes itself"),
        _ if view.completed() == Some(true) => refused(call, 403, STATE, "It is completed already"),
        _ => Call { ruling: Ruling::Allowed(204), why: "Sends the callback, then answers", ..call },
    }
}

/// What comes after: the session is spent on a payment.
fn pay(view: &Session) -> Option<Call> {
    let good = matches!(view.status, Status::Approved | Status::Attempted);
    let (ruling, why) = if good {
        (Ruling::Allowed(201), "Once, with the same amount and currency")
    } else {
        (Ruling::Refused(422, "authentication_id_invalid"), "Only an approved session can be spent")
    };
    view.status.is_final().then_some(Call {
        step: Step::Authorise,
        wire: "POST /payments",
        action: None,
        offered: false,
        ruling,
        why,
        paragraph: "Sessions API, payments",
    })
}
