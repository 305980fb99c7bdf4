//! The session's state machine as it was seen: transitions that do not exist, actions that its
//! state forbids, allowed or refused, and what came after the end.
//! What exists and what is allowed is `model::states`'. Source: emv-3ds.md 1.2.

use super::{Look, shown};
use crate::model::Lane;
use crate::model::api::{Session, Status};
use crate::model::delivery::DeliveryKind;
use crate::model::exchange::{Exchange, Step};
use crate::model::finding::Severity::{Error, Warning};
use crate::model::run::{Entry, What};
use crate::model::states::{Ruling, Shape, allowed, calls};
use crate::model::trace::Part;

pub(super) fn check(look: &mut Look<'_>) {
    transitions(look);
    allowed_wrongly(look);
    after_the_end(look);
}

/// When a row was over.
fn end(entry: &Entry) -> std::time::Duration {
    entry.at.mono + entry.took.unwrap_or_default()
}

/// P012. Reads that ran at the same time tell no order.
fn transitions(look: &mut Look<'_>) {
    let mut before: Option<usize> = None;
    for at in look.views.clone() {
        let Some(now) = look.rows[at].view() else { continue };
        let step = look.rows[at].exchange().map(|call| call.step);
        let Some(place) = before.replace(at) else { continue };
        let Some(then) = look.rows[place].view() else { continue };
        if matches!(now.status, Status::Other(_)) {
            continue; // no transition, but a word that the contract does not know
        }
        let apart = end(look.rows[place].entry) <= look.rows[at].entry.at.mono;
        if step == Some(Step::Create) || then.id != now.id || !apart || allowed(Some(&then.status), &now.status) {
            continue;
        }
        let (from, to, entry) = (then.status.clone(), now.status.clone(), look.rows[at].entry.number);
        let message = format!(
            "The session was {from} and is {to} now. There is no such transition: {}. Take the newer one with care and \
             ask the API's support; do not act twice",
            if from.is_final() { "a final state stays" } else { "a session does not go back" }
        );
        look.say(entry, ("P012", Error), format!("No way from {from} to {to}"), message);
        look.shown_by(at, Part::Response, "/status");
        look.against(place, Part::Response, "/status", "The session before");
    }
}

/// The newest read of the session before a row began.
fn known_before(look: &Look<'_>, at: usize) -> Option<usize> {
    let began = look.rows[at].entry.at.mono;
    let id = look.session().map(|session| &session.id);
    let fits = |place: &&usize| {
        let row = &look.rows[**place];
        row.view().is_some_and(|view| id.is_none_or(|id| view.id == *id)) && end(row.entry) <= began
    };
    let before = look.views.partition_point(|place| *place < at);
    look.views[..before].iter().rev().find(fits).copied()
}

/// The next read of the session after a row began, if it shows the session still open: who
/// told a result before did so too early.
pub(super) fn open_after(look: &Look<'_>, at: usize) -> Option<usize> {
    let began = look.rows[at].entry.at.mono;
    let after = look.views.partition_point(|place| *place <= at);
    let next = look.views[after..].iter().copied().find(|place| look.rows[*place].entry.at.mono >= began)?;
    look.rows[next].view().filter(|view| !view.status.is_final() && !matches!(view.status, Status::Other(_)))?;
    Some(next)
}

/// True if the state that a session was seen in admits an action.
fn admits(look: &Look<'_>, view: &Session, step: Step) -> bool {
    if view.status == Status::Pending && view.next_actions.is_empty() {
        return true; // it does not say what it waits for
    }
    let calls = calls(Some(view), Shape::seen(look.run, Some(view)));
    let call = calls.into_iter().find(|call| call.step == step);
    call.is_none_or(|call| matches!(call.ruling, Ruling::Allowed(_)))
}

fn acts(exchange: &Exchange) -> bool {
    exchange.from == Lane::Merchant && matches!(exchange.step, Step::Collect | Step::Fingerprint | Step::Complete)
}

/// P037: refused for its state.
pub(super) fn refused(look: &mut Look<'_>, at: usize, status: u16, code: &str) {
    let entry = look.rows[at].entry.number;
    let name = look.rows[at].exchange().map_or("This action", |call| call.step.name());
    let known = known_before(look, at);
    let stood = known.and_then(|place| look.rows[place].view()).map(|view| view.status.clone());
    let stood = stood.map_or_else(String::new, |status| format!(", which was {status} when it was last read"));
    let why = if status == 409 { "is at work on another call" } else { "is in a state that does not allow it" };
    let message = format!(
        "{name} was refused with {status}{}: the session {why}{stood}. Nothing was changed. Read the session and do \
         what next_actions says",
        if code.is_empty() { String::new() } else { format!(" ({})", shown(code)) }
    );
    look.say(entry, ("P037", Warning), "Not allowed in this state", message);
    look.shown_by(at, Part::Response, "/error_codes");
    if let Some(place) = known {
        look.against(place, Part::Response, "/next_actions", "What the API said was allowed");
    }
}

/// P038: taken although the state forbids it. A view that is old may have been overtaken: of
/// `complete`, only one that is still wrong afterwards counts.
fn allowed_wrongly(look: &mut Look<'_>) {
    for at in 0..look.rows.len() {
        let Some(call) = look.rows[at].exchange().filter(|call| acts(call)) else { continue };
        if !call.status().is_some_and(|status| (200..300).contains(&status)) {
            continue;
        }
        let (step, entry) = (call.step, look.rows[at].entry.number);
        let Some(place) = known_before(look, at) else { continue };
        let Some(view) = look.rows[place].view().filter(|view| !admits(look, view, step)) else { continue };
        let moved = step == Step::Complete && !view.status.is_final() && open_after(look, at).is_none();
        if moved {
            continue;
        }
        let message = format!(
            "{} was taken, and the session was {} and did not offer it. The contract answers 403 here; do not build on \
             what another environment may refuse",
            step.name(),
            view.status
        );
        look.say(entry, ("P038", Error), "Allowed although the state forbids it", message);
        look.against(place, Part::Response, "/next_actions", "What the API said was allowed");
    }
}

/// P003: messages and browsers that come when all is over.
fn after_the_end(look: &mut Look<'_>) {
    let ended = look.views.iter().copied().find_map(|place| {
        let view = look.rows[place].view().filter(|view| view.status.is_final())?;
        Some((place, end(look.rows[place].entry), view.status == Status::Expired))
    });
    let Some((place, over, expired)) = ended else { return };
    for at in 0..look.rows.len() {
        let row = &look.rows[at];
        if row.entry.at.mono <= over {
            continue;
        }
        let entry = row.entry.number;
        let what = match &row.entry.what {
            What::Scheme(message) if matches!(message.kind, "ARes" | "RReq" | "CReq") => message.kind,
            What::Delivery(delivery) if expired && delivery.kind == DeliveryKind::ChallengeNotification => {
                "challenge notification"
            }
            _ => continue,
        };
        let message = format!(
            "This {what} came when the session was over already. It must not change anything any more: what was decided \
             stays, and a shop ignores it"
        );
        look.say(entry, ("P003", Warning), format!("{what} after the end"), message);
        look.shown_by(at, Part::Request, "/transStatus");
        look.against(place, Part::Response, "/status", "The session, final by then");
    }
}
