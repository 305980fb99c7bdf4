//! Trouble of the connection, and what reached the listener: answers that failed, broke off
//! or took long; callbacks twice, early, of another session, or not at all.

use std::time::Duration;

use serde_json::Value;

use super::{LONGEST, Look, masked, shown, state};
use crate::model::Lane;
use crate::model::api::{ApiError, Status};
use crate::model::delivery::{Delivery, DeliveryKind, Verdict};
use crate::model::exchange::{Exchange, Step, header};
use crate::model::finding::Severity::{Advice, Error, Warning};
use crate::model::run::{Phase, What};
use crate::model::trace::Part;

/// The code of an action that the session's state does not allow. Source: sessions-api.md 2.6.
const NOT_NOW: &str = "update_not_allowed_due_to_state";
/// From here on an answer is slow. Our choice.
const SLOW: Duration = Duration::from_secs(3);
/// Digits of a webhook's signature. Source: sessions-api.md 6.4.
const SIGNATURE_DIGITS: usize = 64;
/// How fast a notification must be answered. Source: emv-3ds.md 8, L48.
const NOTIFIED: Duration = Duration::from_secs(2);

pub(super) fn check(look: &mut Look<'_>) {
    for at in 0..look.rows.len() {
        let entry = look.rows[at].entry;
        match &entry.what {
            What::Exchange(exchange) => answered(look, at, exchange),
            What::Delivery(delivery) => delivered(look, at, entry.took.unwrap_or_default(), delivery),
            _ => (),
        }
    }
    no_callback(look);
}

fn answered(look: &mut Look<'_>, at: usize, exchange: &Exchange) {
    let entry = look.rows[at].entry.number;
    let browser = exchange.from == Lane::Browser;
    let response = match &exchange.outcome {
        Ok(response) => response,
        Err(problem) => {
            let message = format!(
                "{}. What was sent may have been carried out all the same, so do not take silence for a no: read the \
                 session before you send it again",
                problem.summary.trim_end_matches('.')
            );
            return look.say(entry, ("P031", Error), "No answer came", message);
        }
    };
    if exchange.timing.total >= SLOW {
        let message = format!(
            "It took {} ms. A shopper sees nothing meanwhile, and calls of a shop give up; wait for at least ten \
             seconds where a bank takes part, and read the session afterwards",
            exchange.timing.total.as_millis()
        );
        look.say(entry, ("P034", Warning), "The answer took long", message);
    }
    let status = response.status;
    if response.cut.is_some() || shortened(exchange) {
        let message = "The connection ended before the whole answer was there. Take nothing from the part that came; \
                       read the session to learn what was carried out";
        look.say(entry, ("P033", Error), "The answer ends too early", message);
    } else if exchange.from == Lane::Merchant && exchange.step != Step::Token && no_json(exchange) {
        let message = "The API answers in JSON, and this cannot be read as such. A client must take it as a failure \
                       of the call, not of the payment: read the session, then decide";
        look.say(entry, ("P035", Error), "The API's answer cannot be read", message);
    } else if (200..300).contains(&status) && exchange.from == Lane::Merchant {
        session_of(look, at, exchange);
    }
    let words = ApiError::read(&response.body).filter(|_| status >= 400);
    let plain = words.map(|error| error.codes.into_iter().next().unwrap_or(error.error_type)).unwrap_or_default();
    let code = if plain.is_empty() { String::new() } else { format!(": {}", shown(&plain)) };
    match status {
        403 | 409 if !browser && (plain == NOT_NOW || status == 409) => state::refused(look, at, status, &plain),
        400.. if browser => {
            let message = format!(
                "The browser got {status} from {}. The shopper sees an error page and the step does not go on; the \
                 session waits until its time is over. Offer a way back to the shop",
                exchange.to.name()
            );
            look.say(entry, ("P030", Error), format!("The page answered {status}"), message);
        }
        500.. => {
            let message = "The API failed; whether the call was carried out is not known. Send it again after a \
                           pause, and read the session first where the call is not safe to repeat";
            look.say(entry, ("P032", Error), format!("The API failed with {status}"), message);
        }
        400.. => {
            let message = format!(
                "The API did not take this request{code}. Nothing was changed by it; mend what the codes name and \
                 send it again"
            );
            look.say(entry, ("P036", Warning), format!("The API refused with {status}"), message);
            look.shown_by(at, Part::Response, "/error_codes");
        }
        _ => (),
    }
}

/// An answer that should be this run's session, and is not.
fn session_of(look: &mut Look<'_>, at: usize, exchange: &Exchange) {
    let entry = look.rows[at].entry.number;
    let due = matches!(exchange.step, Step::Create | Step::Collect | Step::Fingerprint | Step::Confirm);
    let body = exchange.response().map(|response| &response.body).filter(|body| due && body.len() <= LONGEST);
    if body.is_none() {
        return;
    }
    let Some(session) = &look.rows[at].session else {
        let message = "The answer has no id or no status, so it is no session. A client must take the call as failed \
                       and read the session again";
        return look.say(entry, ("P010", Error), "The API's answer is no session", message);
    };
    let again = exchange.step == Step::Create; // a person may create another one
    let Some(own) = look.session().filter(|own| !again && own.id != session.id) else { return };
    let session = session.clone();
    let message = format!(
        "The answer is about {}, this run's session is {}. Take nothing from it: a client compares the identifier \
         before it acts",
        shown(&session.id.0),
        shown(&own.id.0)
    );
    look.say(entry, ("P007", Error), "The API's answer names another session", message);
    look.shown_by(at, Part::Response, "/id");
}

/// The head promises more bytes than came.
fn shortened(exchange: &Exchange) -> bool {
    let Some(response) = exchange.response().filter(|response| response.dropped_bytes == 0) else { return false };
    let promised = header(&response.headers, "content-length").and_then(|length| length.trim().parse::<usize>().ok());
    let coded = header(&response.headers, "content-encoding").is_some();
    !coded && exchange.request.method != "HEAD" && promised.is_some_and(|length| length > response.body.len())
}

fn no_json(exchange: &Exchange) -> bool {
    let Some(response) = exchange.response() else { return false };
    let says = header(&response.headers, "content-type").is_some_and(|kind| kind.contains("json"));
    says && !response.body.is_empty()
        && response.body.len() <= LONGEST
        && serde_json::from_slice::<serde::de::IgnoredAny>(&response.body).is_err()
}

fn delivered(look: &mut Look<'_>, at: usize, took: Duration, delivery: &Delivery) {
    let entry = look.rows[at].entry.number;
    let callback = delivery.kind == DeliveryKind::Callback;
    signature(look, entry, delivery);
    let taken = if callback { 200..300 } else { 200..400 }; // a browser may be sent on
    if !taken.contains(&delivery.answered) {
        let message = format!(
            "It was answered {}. Whoever sent a callback tries again, and a shopper stares at a blank frame; answer \
             200 first and work afterwards",
            delivery.answered
        );
        look.say(entry, ("L48", Advice), "Notification not taken", message);
    } else if took > NOTIFIED {
        let message = format!(
            "It was answered after {} ms. The shopper's frame stays blank that long; answer at once and let the page \
             ask for the result",
            took.as_millis()
        );
        look.say(entry, ("L48", Advice), "Notification answered slowly", message);
    }
    match &delivery.verdict {
        Verdict::Matched | Verdict::Addressed => (),
        Verdict::Swapped { named } => {
            let message = format!(
                "It came to this session's address and names {}. Anybody can post to an address that is known: take \
                 nothing from it, and read your own session",
                shown(&named.0)
            );
            look.say(entry, ("P022", Error), "It names another session", message);
            look.shown_by(at, Part::Request, "/session_id");
        }
        Verdict::Duplicate { of } if callback => {
            twice(look, entry);
            earlier(look, *of, "The same callback before");
        }
        Verdict::Duplicate { of } => {
            let message = format!(
                "The same bytes came before, as delivery {}. A shop that acts on each of them acts twice; go by the \
                 session's identifier and do it once",
                of.0
            );
            look.say(entry, ("P004", Warning), "The same notification again", message);
            earlier(look, *of, "The same bytes before");
        }
        Verdict::Contradicts { earlier: other } => {
            let message = format!(
                "Delivery {} said something else about the same session. Neither decides: read the session and go by \
                 that",
                other.0
            );
            look.say(entry, ("P023", Error), "It contradicts an earlier one", message);
            look.shown_by(at, Part::Request, "/status");
            earlier(look, *other, "The earlier one");
        }
        Verdict::Unexpected => {
            let message = "No run of this console gave this address out, or nothing was due there. It changes \
                           nothing; make sure that a shop ignores it too";
            look.say(entry, ("P024", Warning), "Nobody expected this", message);
        }
    }
    if callback && matches!(delivery.verdict, Verdict::Matched | Verdict::Addressed | Verdict::Duplicate { .. }) {
        callback_said(look, at, delivery);
    }
}

/// The row of an earlier delivery, as what a finding is held against.
fn earlier(look: &mut Look<'_>, seq: crate::model::delivery::Seq, words: &'static str) {
    if let Some(at) = look.deliveries.get(&seq).copied() {
        look.against(at, Part::Request, "", words);
    }
}

/// A signature that no key could have made. Whether one is right, only its key tells.
fn signature(look: &mut Look<'_>, entry: usize, delivery: &Delivery) {
    let Some(said) = header(&delivery.headers, "cko-signature").filter(|said| !masked(said)) else { return };
    let hex = said.len() == SIGNATURE_DIGITS && said.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !hex {
        let message = format!(
            "Cko-Signature is {}; an HMAC-SHA256 has 64 hexadecimal digits. Nobody who holds the key has written \
             this: take nothing from it, and read the session",
            shown(said)
        );
        look.say(entry, ("P027", Error), "The signature cannot be right", message);
    }
}

fn twice(look: &mut Look<'_>, entry: usize) {
    let message = "The same callback came before. Callbacks are repeated whenever the sender is not sure; a handler \
                   that captures at each of them captures twice. Remember the session's identifier and act once";
    look.say(entry, ("L33", Warning), "The same callback twice", message);
}

fn callback_said(look: &mut Look<'_>, at: usize, delivery: &Delivery) {
    let entry = look.rows[at].entry.number;
    if delivery.body.len() > LONGEST {
        return;
    }
    let Some(body) = look.rows[at].json.clone() else {
        let message = "The callback's body is no whole JSON. Answer 2xx all the same if the address is yours, and \
                       read the session: that is what decides";
        return look.say(entry, ("P026", Error), "The callback cannot be read", message);
    };
    lacking(look, entry, &body);
    let status = body.get("status").and_then(Value::as_str).map(Status::parse);
    let early = status.as_ref().is_some_and(|status| !status.is_final() && !matches!(status, Status::Other(_)));
    let result = look.result.filter(|result| *result >= at);
    let open = state::open_after(look, at);
    if early || result.is_some() || open.is_some() {
        let message = "The callback came before the result. A shop that decides on it decides too soon; wait until the \
                       session is final when you read it";
        look.say(entry, ("P020", Error), "Callback before the result", message);
        look.shown_by(at, Part::Request, "/status");
        if let Some(result) = result {
            look.against(result, Part::Request, "/transStatus", "The bank's result, which came later");
        }
        if let Some(open) = open {
            look.against(open, Part::Response, "/status", "The session, read later and still open");
        }
        return;
    }
    disagrees(look, at, &body);
}

/// Members that a callback and the session call the same. Source: sessions-api.md 6.1.
const SHARED: [&str; 12] = [
    "status",
    "amount",
    "currency",
    "reference",
    "approved",
    "response_code",
    "eci",
    "cryptogram",
    "xid",
    "challenged",
    "protocol_version",
    "authentication_category",
];

/// P023: the callback says something else than the session that was read.
fn disagrees(look: &mut Look<'_>, at: usize, body: &Value) {
    let entry = look.rows[at].entry.number;
    let Some(place) = look.views.last().copied() else { return };
    let Some(session) = look.rows[place].view().filter(|session| session.status.is_final()) else { return };
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let differs = |name: &&str| {
        let (said, own) = (plain(body.get(*name)?), plain(session.raw.get(*name)?));
        (said != own && !masked(&said) && !masked(&own)).then_some((said, own))
    };
    let wrong: Vec<(&str, String, String)> =
        SHARED.iter().filter_map(|name| differs(name).map(|(said, own)| (*name, said, own))).collect();
    for (name, said, own) in wrong {
        let message = format!(
            "The callback says {} for {name}, the session that was read says {}. Go by the session",
            shown(&said),
            shown(&own)
        );
        look.say(entry, ("P023", Error), "The callback contradicts the session", message);
        look.shown_by(at, Part::Request, &format!("/{name}"));
        look.against(place, Part::Response, &format!("/{name}"), "The session that was read");
    }
}

/// What a shop needs of a callback. A webhook that was sent to this address has its own form.
fn lacking(look: &mut Look<'_>, entry: usize, body: &Value) {
    let there = |name: &str| body.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    if body.get("type").is_some() && body.get("data").is_some() {
        return;
    }
    for (name, other) in [("session_id", "id"), ("status", "status")] {
        if !there(name) && !there(other) {
            let message = format!(
                "The callback has no {name}. Answer 2xx all the same if the address is yours, find the session by the \
                 address, and read it: that is what decides"
            );
            look.say(entry, ("P010", Error), format!("{name} is missing in the callback"), message);
        }
    }
}

/// A callback was ordered, the session completed, and none came.
fn no_callback(look: &mut Look<'_>) {
    let came = |row: &super::Row| matches!(&row.entry.what, What::Delivery(delivery) if delivery.kind == DeliveryKind::Callback);
    if look.run.phase != Phase::Ended || look.rows.iter().any(came) {
        return;
    }
    let Some((_, created)) = look.calls(Step::Create).next() else { return };
    let ordered: Option<Value> = serde_json::from_slice(&created.request.body).ok();
    let address = ordered.as_ref().and_then(|body| body.pointer("/completion/callback_url")?.as_str());
    if address.is_none_or(masked) {
        return;
    }
    let Some((at, _)) = look.calls(Step::Complete).last() else { return };
    let message = "The session was completed and asked for a callback, and none came. It may be lost or still on its \
                   way: a shop must be able to do without, by reading the session";
    let entry = look.rows[at].entry.number;
    look.say(entry, ("P025", Warning), "No callback came", message);
}
