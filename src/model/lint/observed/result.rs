//! The result and what the shop makes of it: who decided, whether the proof is whole, and
//! whether the authorisation carries it unharmed. Source: emv-3ds.md 3.3, 3.4, 8.

use std::time::Duration;

use serde_json::Value;

use super::{Look, masked, shown};
use crate::model::api::{Session, Status};
use crate::model::delivery::DeliveryKind;
use crate::model::exchange::{Exchange, Step};
use crate::model::finding::Severity::{Advice, Error, Warning};
use crate::model::lens;
use crate::model::run::What;
use crate::model::trace::Part;

/// How long a shopper may take at the bank. Source: emv-3ds.md 1.9.
const CHALLENGE: Duration = Duration::from_mins(10);

pub(super) fn check(look: &mut Look<'_>) {
    sessions(look);
    payments(look);
    retried(look);
    abandoned(look);
}

/// What each read of the session shows: error details, the proof, the ECI.
fn sessions(look: &mut Look<'_>) {
    let (mut error, mut lacking, mut odd) = (false, false, false);
    for at in 0..look.rows.len() {
        let Some(exchange) = look.rows[at].exchange() else { continue };
        let reads = matches!(exchange.step, Step::Create | Step::Collect | Step::Fingerprint | Step::Confirm);
        let step = exchange.step;
        if !reads {
            continue;
        }
        // Lent to the checks: they look at nothing else of the row.
        let Some(session) = look.rows[at].session.take() else { continue };
        let entry = look.rows[at].entry.number;
        if !error {
            error = refused(look, entry, &session);
            if error {
                look.shown_by(at, Part::Response, "/3ds/error_details/error_code");
            }
        }
        if !odd {
            odd = eci(look, entry, &session);
            if odd {
                look.shown_by(at, Part::Response, "/eci");
                look.against(at, Part::Response, "/scheme", "The scheme, whose list counts");
            }
        }
        if !lacking && step == Step::Confirm {
            lacking = proof(look, entry, &session);
            if lacking {
                look.shown_by(at, Part::Response, "/status");
            }
        }
        look.rows[at].session = Some(session);
    }
}

/// P060–P062: `error_details` of the session, once.
fn refused(look: &mut Look<'_>, entry: usize, session: &Session) -> bool {
    let details = ["/3ds/error_details", "/error_details"].into_iter().find_map(|place| session.raw.pointer(place));
    let text = |name: &str| details.and_then(|details| details.get(name)).map(plain).unwrap_or_default();
    let legacy = session.text("/status_reason") == Some("pares_error");
    let (code, words) = (text("error_code"), text("error_description"));
    if code.is_empty() && !legacy {
        return false;
    }
    let small = words.to_ascii_lowercase();
    let (rule, title) = if legacy && small.contains("signature") {
        ("P060", "The bank's answer is not signed well")
    } else if legacy && (small.contains("xid") || small.contains("transaction") || small.contains("purchase")) {
        ("P061", "The bank's answer is about another transaction")
    } else {
        ("P062", "The scheme's answer was refused")
    };
    let said = if words.is_empty() { String::new() } else { format!(" It says: {}.", shown(&words)) };
    let code = if code.is_empty() { "without a code".to_owned() } else { format!("with error {code}") };
    let reason = session.text("/status_reason").unwrap_or("no reason");
    let message = format!(
        "The session ended {} ({reason}) {code}.{said} Nobody was authenticated, so there is no liability shift; go \
         on without 3-D Secure at your own risk, or try again later",
        session.status
    );
    look.say(entry, (rule, Error), title, message);
    true
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// L36: an authentication that another provider cannot use. Only the merchant's own view is
/// complete; 3-D Secure 1 has no directory transaction.
fn proof(look: &mut Look<'_>, entry: usize, session: &Session) -> bool {
    let whole_view = session.secret().is_some();
    let good = matches!(session.text("/response_code"), Some("Y" | "A"))
        && matches!(session.status, Status::Approved | Status::Attempted);
    let version = session.text("/protocol_version").unwrap_or_default();
    // Where no money moves there is nothing to prove; schemes give a cryptogram or do not.
    let payment = session.text("/authentication_category").is_none_or(|category| category == "payment");
    if !whole_view || !good || !payment || !version.starts_with('2') {
        return false;
    }
    let missing: Vec<&str> =
        [("cryptogram", "/cryptogram"), ("ds.transaction_id", "/ds/transaction_id"), ("eci", "/eci")]
            .into_iter()
            .filter(|(_, place)| session.text(place).is_none_or(str::is_empty))
            .map(|(name, _)| name)
            .collect();
    if missing.is_empty() {
        return false;
    }
    let message = format!(
        "The session is {} and has no {}. Without it another provider cannot prove the authentication, and the \
         liability stays with the shop; ask the API's support before you authorise",
        session.status,
        missing.join(" and no ")
    );
    look.say(entry, ("L36", Warning), "The proof is not whole", message);
    true
}

/// L34: an ECI that this scheme does not use for this outcome.
fn eci(look: &mut Look<'_>, entry: usize, session: &Session) -> bool {
    let (scheme, said) = (session.text("/scheme").unwrap_or_default(), session.text("/eci").unwrap_or_default());
    let allowed: &[&str] = match (scheme, session.text("/response_code"), &session.status) {
        (_, Some("I"), _) => return false,
        ("mastercard", _, Status::Approved) => &["02", "07", "06", "04", "N2"],
        ("mastercard", _, Status::Attempted) => &["01"],
        ("visa" | "amex" | "american_express" | "discover" | "diners" | "jcb", _, Status::Approved) => &["05", "07"],
        ("visa" | "amex" | "american_express" | "discover" | "diners" | "jcb", _, Status::Attempted) => &["06"],
        _ => return false,
    };
    if said.is_empty() || allowed.contains(&said) {
        return false;
    }
    let message = format!(
        "ECI {said} is not what {scheme} uses for {}: {}. The numbers mean different things from scheme to scheme \
         (06 and 07 are opposites at Visa and Mastercard); read them by the scheme, never as one list",
        session.status,
        allowed.join(", ")
    );
    look.say(entry, ("L34", Warning), format!("ECI {said} does not fit {scheme}"), message);
    true
}

/// What was asked for when a session was created.
fn created(look: &Look<'_>, before: usize) -> Option<(usize, Value)> {
    let calls = look.calls(Step::Create).filter(|(at, _)| *at < before);
    calls.last().and_then(|(at, exchange)| Some((at, serde_json::from_slice(&exchange.request.body).ok()?)))
}

fn payments(look: &mut Look<'_>) {
    for at in 0..look.rows.len() {
        let Some(exchange) = look.rows[at].exchange().filter(|exchange| exchange.step == Step::Authorise) else {
            continue;
        };
        let entry = look.rows[at].entry.number;
        let Ok(body) = serde_json::from_slice::<Value>(&exchange.request.body) else { continue };
        // The newest view before it is what the shop knew.
        let known = look.rows[..at].iter().rev().find_map(|row| {
            let exchange: &Exchange = row.exchange()?;
            let reads = matches!(exchange.step, Step::Create | Step::Collect | Step::Fingerprint | Step::Confirm);
            row.session.as_ref().filter(|_| reads)
        });
        let known = known.cloned();
        decided(look, at, entry);
        if let Some((place, created)) = created(look, at) {
            amount(look, (at, place), &created, &body);
        }
        if let Some(session) = known {
            if session.status == Status::Rejected {
                let message = "The bank said R: do not even try. Authorising or trying again is forbidden by the \
                               scheme's intent and costs fees; ask for another card";
                look.say(entry, ("L37", Error), "Authorised after a rejection", message);
            }
            by_values(look, entry, &session, &body);
        }
    }
}

/// L32: the browser came back, and the shop authorised without asking the server.
fn decided(look: &mut Look<'_>, at: usize, entry: usize) {
    let back = |row: &super::Row<'_>| match &row.entry.what {
        What::Delivery(delivery) => delivery.kind == DeliveryKind::ChallengeNotification,
        What::Exchange(exchange) => row.field("cres").is_some() || (exchange.step == Step::Redirect && shop(exchange)),
        _ => false,
    };
    let Some(last) = look.rows[..at].iter().rposition(back) else { return };
    let asked = look.rows[last..at].iter().any(|row| {
        row.exchange().is_some_and(|exchange| {
            exchange.step == Step::Confirm && exchange.status().is_some_and(|status| (200..300).contains(&status))
        })
    });
    if !asked {
        let message = "The browser came back and the payment was authorised without reading the session. What a \
                       browser brings (CRes, success_url) can be replayed or made up by anybody; read the session \
                       with your own credentials first and go by its status";
        look.say(entry, ("L32", Error), "Decided on what the browser brought", message);
        look.against(last, Part::Request, "", "The browser comes back, and no read of the session follows");
    }
}

/// A visit of the shop's own page.
fn shop(exchange: &Exchange) -> bool {
    exchange.to == crate::model::Lane::Merchant
}

/// L39.
fn amount(look: &mut Look<'_>, (at, place): (usize, usize), created: &Value, body: &Value) {
    let entry = look.rows[at].entry.number;
    for name in ["amount", "currency"] {
        let Some((asked, paid)) = created.get(name).zip(body.get(name)).filter(|(asked, paid)| asked != paid) else {
            continue;
        };
        let message = format!(
            "The session was about {name} {}, the payment is about {}. The cryptogram proves the first only: banks \
             refuse the payment or the liability stays with the shop. Authenticate what you authorise",
            shown(&plain(asked)),
            shown(&plain(paid))
        );
        look.say(entry, ("L39", Error), format!("Another {name} than authenticated"), message);
        look.shown_by(at, Part::Request, &format!("/{name}"));
        look.against(place, Part::Request, &format!("/{name}"), "What the session was created for");
    }
}

/// L35, L36, L34 on a payment that carries the proof itself.
fn by_values(look: &mut Look<'_>, entry: usize, session: &Session, body: &Value) {
    let Some(proof) = body.get("3ds").filter(|proof| proof.get("authentication_id").is_none()) else { return };
    let text = |name: &str| proof.get(name).and_then(Value::as_str).unwrap_or_default();
    let own = session.text("/cryptogram").unwrap_or_default();
    let said = text("cryptogram");
    let good = matches!(session.status, Status::Approved | Status::Attempted);
    if good && proof.get("enabled") == Some(&Value::Bool(true)) && (said.is_empty() || text("xid").is_empty()) {
        let missing = if said.is_empty() { "the cryptogram" } else { "the directory's transaction id (xid)" };
        let message = format!(
            "The payment names no session and does not carry {missing}. The authentication cannot be proved with it, \
             so the liability stays with the shop; hand over every value as the session gives it"
        );
        look.say(entry, ("L36", Warning), "The proof is not whole", message);
    }
    if !said.is_empty() && !own.is_empty() && said != own && !masked(said) && !masked(own) {
        let hex = |text: &str| {
            text.len()
                .is_multiple_of(2)
                .then(|| {
                    (0..text.len())
                        .step_by(2)
                        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
                        .collect::<Option<Vec<u8>>>()
                })
                .flatten()
        };
        let bytes = lens::unpacked(own);
        let same = bytes.is_some() && (lens::unpacked(said) == bytes || hex(said) == bytes);
        let what = if same { "was written another way (base64url, trimmed or hex)" } else { "is another one" };
        let message = format!(
            "The cryptogram of the payment {what} than the session's. It is compared to the byte: hand it over \
             exactly as the API gave it"
        );
        look.say(entry, ("L35", Error), "The cryptogram was changed", message);
    }
    let (said, own) = (text("eci"), session.text("/eci").unwrap_or_default());
    if !said.is_empty() && !own.is_empty() && said != own {
        let message = format!(
            "The payment says ECI {said}, the session {own}. Numbers of one scheme mean something else in another; \
             hand over the one that the session gives"
        );
        look.say(entry, ("L34", Warning), "Another ECI than authenticated", message);
    }
}

/// L37, L38: another session after a refusal in the same run.
fn retried(look: &mut Look<'_>) {
    let mut refused: Option<(usize, Status)> = None;
    let mut first: Option<Value> = None;
    for at in 0..look.rows.len() {
        let Some(exchange) = look.rows[at].exchange() else { continue };
        let body = serde_json::from_slice::<Value>(&exchange.request.body).ok();
        let entry = look.rows[at].entry.number;
        if exchange.step == Step::Create {
            let source = body.as_ref().and_then(|body| body.get("source")).cloned();
            let again = first.is_some() && source == first;
            match refused.take().filter(|_| again) {
                Some((before, Status::Rejected)) => {
                    let message = "The same card is tried again after R, with which the bank asks not to try. Ask for \
                                   another card";
                    look.say(entry, ("L37", Error), "Tried again after a rejection", message);
                    look.against(before, Part::Response, "/status", "The rejection");
                }
                Some((before, Status::Declined)) => {
                    let message = "The same card is tried again right after N. Banks count: with more of it they answer \
                                   reason 04, too many authentications. Wait, or ask for another card";
                    look.say(entry, ("L38", Advice), "Tried again at once", message);
                    look.against(before, Part::Response, "/status", "The refusal before");
                }
                _ => (),
            }
            first = source;
        }
        if let Some(session) = look.rows[at].session.as_ref() {
            refused =
                matches!(session.status, Status::Rejected | Status::Declined).then(|| (at, session.status.clone()));
        }
    }
}

/// L31.
fn abandoned(look: &mut Look<'_>) {
    let challenged = look.session().is_some_and(|session| session.status == Status::Challenged);
    let stopped = look.rows.iter().find(|row| matches!(row.entry.what, What::Cancelled));
    let asked = look.rows.iter().find(|row| row.entry.status == Some(Status::Challenged));
    let Some((stopped, asked)) = stopped.zip(asked).filter(|_| challenged) else { return };
    let (entry, waited) = (stopped.entry.number, stopped.entry.at.since(asked.entry.at));
    let asked = look.place(asked.entry.number);
    if waited < CHALLENGE {
        let message = format!(
            "The bank's page was given up after {} s, and the bank waits 10 min. Nobody learns a result that way, and \
             the shopper may still answer: keep the page open, or read the session until it is final",
            waited.as_secs()
        );
        look.say(entry, ("L31", Warning), "The challenge was left early", message);
        if let Some(asked) = asked {
            look.against(asked, Part::Response, "/status", "The bank began to ask");
        }
    }
}
