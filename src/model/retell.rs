//! What a row of a run is, in plain words: what it does and why, what it changed in the
//! session, what it caused and what caused it, what comes next. Pure: facts in, text out.
//! Source of the steps' reasons: emv-3ds.md 1.3–1.7, 2; sessions-api.md 2.

use std::sync::atomic::AtomicBool;

use serde_json::Value;

use super::api::Session;
use super::delivery::{Delivery, DeliveryKind, Verdict};
use super::diff::{self, Side, Sides, Sign};
use super::exchange::{Exchange, Step, header};
use super::run::{Entry, Run, What};
use super::sandbox::{fault_line, fault_told};
use super::scheme::{METHOD_DATA, SchemeMessage};
use super::trace::{Part, Spot};
use super::{Lane, explain, payload, steps};

/// Rows that are named as caused by one. Our choice.
const CAUSED: usize = 12;
/// Members that are named as changed. Our choice.
const CHANGED: usize = 40;

/// A member of the session that is no longer what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `$.status`.
    pub path: String,
    /// As it was; `None` if it is new.
    pub before: Option<String>,
    /// As it is; `None` if it is gone.
    pub after: Option<String>,
}

/// Another row that has to do with one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// Where it is.
    pub spot: Spot,
    /// `AReq`, `Send channel data`.
    pub words: String,
}

/// All that is told of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it is, in one sentence.
    pub sentence: String,
    /// Why it happens; may be empty.
    pub why: &'static str,
    /// What it changed, against the view of the session before it; `None` if it shows no view.
    pub changes: Option<Vec<Change>>,
    /// The view of the session before this row, and after it.
    pub views: (Option<Related>, Option<Related>),
    /// The rows that happened because of it, while it ran.
    pub caused: Vec<Related>,
    /// The row during which this one happened.
    pub cause: Option<Related>,
    /// What comes next; may be empty.
    pub next: String,
}

/// Tells a row. Looks at every row of the run once: compute it when row or run change.
pub fn told(run: &Run, entry: &Entry) -> Told {
    let own = view(&entry.what);
    let others = || run.entries.iter().filter(|other| other.number != entry.number);
    let before = || others().take_while(|other| (other.at.mono, other.number) < (entry.at.mono, entry.number));
    let earlier = before().filter(|other| has_view(&other.what)).last();
    let later = others()
        .skip_while(|other| (other.at.mono, other.number) < (entry.at.mono, entry.number))
        .find(|other| has_view(&other.what));
    let changes = own.as_ref().map(|_| {
        let before = earlier.filter(|earlier| view(&earlier.what).is_some());
        let both = before.and_then(|earlier| shown(&earlier.what)).zip(shown(&entry.what));
        both.map_or_else(Vec::new, |(before, after)| changed(&before, &after))
    });
    let part = |entry: &Entry| match &entry.what {
        What::Exchange(_) => Part::Response,
        _ => Part::Request,
    };
    let related = |other: &Entry| Related {
        spot: Spot { entry: other.number, part: part(other), path: None },
        words: name(&other.what),
    };
    let end = entry.at.mono + entry.took.unwrap_or_default();
    let within = |outer: &Entry, inner: &Entry| {
        let end = outer.at.mono + outer.took.unwrap_or_default();
        outer.number != inner.number && inner.at.mono >= outer.at.mono && inner.at.mono <= end && inner.at.mono < end
    };
    let speaks = |what: &What| matches!(what, What::Exchange(_) | What::Scheme(_) | What::Delivery(_) | What::Phone(_));
    let acts = matches!(&entry.what, What::Exchange(exchange) if exchange.from != Lane::Callback);
    let inside = others().take_while(|other| other.at.mono <= end).filter(|other| within(entry, other));
    let caused = inside.filter(|other| acts && speaks(&other.what)).take(CAUSED).map(related).collect();
    let cause = before().filter(|other| matches!(other.what, What::Exchange(_)) && within(other, entry)).last();
    Told {
        sentence: sentence(&entry.what),
        why: why(&entry.what),
        changes,
        views: (earlier.map(related), later.map(related)),
        caused,
        cause: cause.filter(|_| speaks(&entry.what)).map(related),
        next: next(run, entry, own.as_ref()),
    }
}

/// True if an answer is a session, by its step; the body may still be none.
fn has_view(what: &What) -> bool {
    let What::Exchange(exchange) = what else { return false };
    matches!(exchange.step, Step::Create | Step::Collect | Step::Fingerprint | Step::Confirm)
        && exchange.status().is_some_and(|status| (200..300).contains(&status))
}

/// The session as an answer shows it.
fn view(what: &What) -> Option<Value> {
    payload::tree(&shown(what)?.bytes).filter(|session| session.get("status").is_some())
}

/// The bytes of an answer that is a session.
fn shown(what: &What) -> Option<Side> {
    let What::Exchange(exchange) = what else { return None };
    let answer = exchange.response().filter(|_| has_view(what))?;
    Some(Side { bytes: answer.body.clone(), ..Side::default() })
}

/// Members that differ between two views of a session, links and mere order left out.
fn changed(before: &Side, after: &Side) -> Vec<Change> {
    let diff = diff::compare(before, after, &AtomicBool::new(false));
    let Some((diff, docs)) = diff.as_ref().and_then(|diff| match &diff.sides {
        Sides::Values(docs) => Some((diff, docs)),
        Sides::Lines(_) => None,
    }) else {
        return Vec::new();
    };
    let changes = diff.rows.iter().filter(|row| !matches!(row.sign, Sign::Equal | Sign::Moved));
    let told = changes.filter_map(|row| {
        let (left, right) = diff.places(row);
        let path = right.or(left).filter(|path| !path.split(['.', '[']).any(|name| name == "_links"))?;
        let said = |doc: &diff::Doc, node: u32| doc.text(node).into_owned();
        let before = row.left.map(|node| said(&docs.0, node));
        Some(Change { path, before, after: row.right.map(|node| said(&docs.1, node)) })
    });
    told.take(CHANGED).collect()
}

/// A row in a word or two.
fn name(what: &What) -> String {
    match what {
        What::Exchange(exchange) => exchange.step.name().into(),
        What::Scheme(message) => message.kind.into(),
        What::Delivery(delivery) => delivery.kind.name().into(),
        What::Phone(_) => "Message to the phone".into(),
        What::Wait(step) | What::Skipped(step) | What::Paused(step) | What::Noted(step, _) | What::Failed(step, _) => {
            step.name().into()
        }
        What::Cancelled => "Stopped".into(),
    }
}

/// What comes next, by what the row says; for the newest, by what the run would do.
fn next(run: &Run, entry: &Entry, view: Option<&Value>) -> String {
    if let Some(session) = view.and_then(|view| Session::read(view.to_string().as_bytes())) {
        let actions: Vec<&str> = session.next_actions.iter().map(explain::next_action).collect();
        return match (actions.is_empty(), session.status.is_final()) {
            (false, _) => format!("{}.", actions.join(". ")),
            (true, true) => "Nothing is left to do with this session but to use its result.".into(),
            (true, false) => "The API works; read the session again in a moment.".into(),
        };
    }
    match &entry.what {
        What::Exchange(exchange) if exchange.step == Step::Token => "The token goes into the next calls.".into(),
        What::Exchange(exchange) if exchange.step == Step::Challenge => {
            "The bank reports its result to the API by itself; the shop reads the session.".into()
        }
        What::Exchange(exchange) if exchange.step == Step::Method => {
            "The shop says how it went: PUT issuer-fingerprint, or three_ds_method_completion.".into()
        }
        What::Exchange(exchange) if exchange.step == Step::Complete => match exchange.status() {
            Some(200..300) => "The callback came before this answer; what is left is a last reading.".into(),
            _ => {
                "The session is not completed; once what the answer says is mended, the call may be sent again.".into()
            }
        },
        What::Delivery(delivery) => match delivery.kind {
            DeliveryKind::Callback | DeliveryKind::ChallengeNotification => {
                "The shop reads the session: only that answer counts.".into()
            }
            DeliveryKind::MethodNotification => "The shop says that the Method notified in time: Y.".into(),
            DeliveryKind::Inbox | DeliveryKind::Unknown => String::new(),
        },
        What::Scheme(message) if is_apps(message) => after_apps(message.kind).into(),
        What::Scheme(message) => after(message.kind).into(),
        What::Wait(_) | What::Paused(_) | What::Skipped(_) | What::Failed(..) => {
            run.progress.next_step().filter(|_| run.is_open()).map_or_else(String::new, |step| format!("Next: {step}."))
        }
        _ => String::new(),
    }
}

/// What follows a hidden message. Source: emv-3ds.md 1.2, 1.3.
fn after(kind: &str) -> &'static str {
    match kind {
        "AReq" => "The bank answers with an ARes: a result at once, or the wish for a challenge.",
        "ARes" => {
            "With C the browser or app sends a CReq, with D the bank asks its customer by a way of its own, with S \
             the browser asks and a second AReq follows; any other status is the end, and no RReq follows."
        }
        "CReq" => "The bank shows its page; when it is over, it sends an RReq before the CRes.",
        "RReq" => "The 3DS Server answers with an RRes. In a challenge the CRes goes out only after it.",
        "RRes" => "In a challenge the CRes goes to the browser or app now; after a decoupled question there is none.",
        "CRes" => "The shop reads the session, whatever the CRes says.",
        "PReq" => "The directory answers with its card ranges.",
        "VEReq" => "The directory says whether the card is in 3-D Secure 1.",
        "VERes" => "If it is, the browser takes a PAReq to the bank's page.",
        "PAReq" => "The bank shows its page and sends the browser back with a PARes.",
        "PARes" => "The API checks the signature and decides.",
        "Erro" => "Nobody answers an error: the authentication ends here.",
        _ => "",
    }
}

/// What follows a message between an app and the bank. Source: emv-3ds.md 5.
fn after_apps(kind: &str) -> &'static str {
    match kind {
        "CReq" => "The bank answers with the next screen; when it is over, it sends an RReq before the last CRes.",
        "CRes" => "The app shows the screen and answers with a CReq; after a result the shop reads the session.",
        _ => after(kind),
    }
}

/// True if a challenge message is between an app and the bank: only these name an SDK.
fn is_apps(message: &SchemeMessage) -> bool {
    let talks = matches!(message.kind, "CReq" | "CRes");
    talks && payload::tree(&message.body).is_some_and(|body| body.get("sdkTransID").is_some())
}

/// True if an app, and no browser, talks to the bank.
fn by_app(exchange: &Exchange) -> bool {
    exchange.step == Step::Challenge && (is_sealed(exchange) || steps::is_app_address(&exchange.request.url))
}

fn is_sealed(exchange: &Exchange) -> bool {
    let kind = header(&exchange.request.headers, "content-type");
    kind.is_some_and(|kind| kind.starts_with("application/jose"))
}

/// Why a row happens.
fn why(what: &What) -> &'static str {
    match what {
        What::Exchange(exchange) => step_why(exchange.step),
        What::Delivery(delivery) => match delivery.kind {
            DeliveryKind::Callback => "So that a shop need not ask; it carries no signature, so it is a hint to read.",
            DeliveryKind::MethodNotification => "So that the shop knows that the bank has seen the browser.",
            DeliveryKind::ChallengeNotification => "So that the browser gets back to the shop.",
            DeliveryKind::Inbox | DeliveryKind::Unknown => "",
        },
        What::Scheme(message) if is_apps(message) => match message.kind {
            "CReq" => "It carries what the shopper entered, and a counter by which nothing can be sent twice.",
            _ => "It says what the app is to draw; the last one says how it ended. It is no proof.",
        },
        What::Scheme(message) => match message.kind {
            "AReq" => "The bank decides by what is in it: the richer, the less often it asks the shopper.",
            "ARes" => "It carries transStatus, and for Y and A the cryptogram.",
            "CReq" => "It ties the browser's visit to the authentication by its two ids.",
            "RReq" => "It is the true result, server to server; what the browser brings back is not.",
            "RRes" => "So that the bank knows that its result was stored.",
            "CRes" => "It sends the browser back; what it says proves nothing.",
            "Erro" => "A receiver refuses what breaks the protocol's rules.",
            _ => "",
        },
        What::Wait(_) => "A person decides here; the bank's time runs meanwhile.",
        What::Paused(_) => "Asking faster than the API allows is refused; waiting costs nothing.",
        What::Skipped(_) => "What is left out shows how the API takes it.",
        _ => "",
    }
}

fn step_why(step: Step) -> &'static str {
    match step {
        Step::Token => "Every call carries the token; it lives an hour or so and is renewed by itself.",
        Step::Create => "The card's first digits decide which scheme and bank are asked, and in which version.",
        Step::Method => "A bank that recognises the browser asks the shopper less often.",
        Step::Fingerprint => "With Y the bank looks up what its hidden frame saw.",
        Step::Collect => "The bank weighs the device; this is what makes the API send the AReq.",
        Step::Challenge => "The bank wants proof: a password, a code, or the bank's own app.",
        Step::Authenticate => "The card is not in 3-D Secure 2.",
        Step::Redirect => "In a hosted session the API's page does Method and challenge.",
        Step::Confirm => {
            "What a browser or a callback says can be forged. The cryptogram is shown to the token only, for 24 hours."
        }
        Step::Complete => "It closes the session; the callback is sent before this call is answered.",
        Step::Authorise => "The acquirer passes ECI and cryptogram on; they move the fraud risk to the bank.",
    }
}

/// One sentence: what this row is.
pub fn sentence(what: &What) -> String {
    match what {
        What::Exchange(exchange) => exchange_sentence(exchange).into(),
        What::Delivery(delivery) => delivery_sentence(delivery),
        What::Scheme(message) if message.kind == "Fault" => match fault_told(message) {
            Some(fault) => format!("Done on purpose: {}. Below, what was armed and what arrived.", fault_line(&fault)),
            None => "Something was done on purpose to a message on its way.".into(),
        },
        What::Scheme(message) => {
            let what = if is_apps(message) { apps_message(message.kind) } else { scheme_message(message.kind) };
            format!("{what} A merchant never sees this message; the sandbox shows it.")
        }
        What::Phone(_) => "What the bank sent to the shopper's phone. Only the sandbox can show it.".into(),
        What::Wait(Step::Challenge) => {
            "The bank waits for the shopper; nothing moves until the shopper answers.".into()
        }
        What::Wait(step) => format!("The run waited for a person: {}.", step.name()),
        What::Skipped(step) => format!("You left this step out: {}. Nothing was sent.", step.name()),
        What::Paused(step) => {
            format!("The API asked to come back later (429), so the run waited before {} was sent again.", step.name())
        }
        What::Noted(_, words) => words.clone(),
        What::Failed(step, _) => format!("{} did not come to its end; no answer was recorded.", step.name()),
        What::Cancelled => "You stopped the run here. What was seen stays.".into(),
    }
}

fn exchange_sentence(exchange: &Exchange) -> &'static str {
    match exchange.step {
        Step::Token => "The console proves who it is and gets an access token.",
        Step::Create => "The shop asks the API to authenticate a card; a session comes back.",
        Step::Method => "The browser visits the issuer in a hidden frame, so that the bank can recognise it.",
        Step::Fingerprint => "The shop says whether the hidden frame answered in time.",
        Step::Collect => "The shop tells the API about the shopper's browser or app; the API asks the bank.",
        Step::Challenge if is_sealed(exchange) => {
            "The app's SDK sends a sealed message to the bank and gets the next screen or the result."
        }
        Step::Challenge if by_app(exchange) => "The app talks to the bank in the open: no page is shown.",
        Step::Challenge => "The browser shows the bank's page, where the shopper answers.",
        Step::Authenticate => "3-D Secure 1: the browser shows the bank's page and takes its answer to the API.",
        Step::Redirect => "The browser goes to the hosted page, which does everything else.",
        Step::Confirm => "The shop reads the session. This answer decides, not what a browser brings back.",
        Step::Complete => "The shop says that it is done; the API then sends the callback.",
        Step::Authorise => "The shop asks for the money, naming the authenticated session.",
    }
}

fn delivery_sentence(delivery: &Delivery) -> String {
    let what = match delivery.kind {
        DeliveryKind::Callback => "The API told the shop the result.",
        DeliveryKind::MethodNotification => "The issuer's page told the shop that the hidden frame is done.",
        DeliveryKind::ChallengeNotification => {
            "The browser brought the challenge's result back. It proves nothing: anybody can post it."
        }
        DeliveryKind::Inbox => "Somebody sent this to the inbox address.",
        DeliveryKind::Unknown => "Somebody sent this to a path that nobody handed out.",
    };
    format!("{what} {}", verdict(&delivery.verdict))
}

/// One sentence: what we think of a delivery.
pub fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Matched => "It came to this run's address and names its session.".into(),
        Verdict::Addressed => "It came to this run's address and names no session.".into(),
        Verdict::Swapped { named } => format!("It came to this run's address but names another session, {named}."),
        Verdict::Duplicate { of } => format!("It repeats delivery {} byte for byte.", of.0),
        Verdict::Contradicts { earlier } => format!("It says something else than delivery {}.", earlier.0),
        Verdict::Unexpected => "Nobody expected it.".into(),
    }
}

fn apps_message(kind: &str) -> &'static str {
    match kind {
        "CReq" => "Challenge request of an app: it opens the challenge, or brings what the shopper entered.",
        _ => "Challenge response to an app: the next screen, or the result.",
    }
}

fn scheme_message(kind: &str) -> &'static str {
    match kind {
        "AReq" => "Authentication request: is this the cardholder?",
        "ARes" => "Authentication response: the bank's first answer.",
        "CReq" => "Challenge request: the browser asks for the bank's page.",
        "CRes" => "Challenge response: the page's result, through the browser.",
        "RReq" => "Results request: the bank reports how the challenge ended.",
        "RRes" => "Results response: the report has arrived.",
        "PReq" => "Preparation request: which card ranges are in 3-D Secure, and where are their 3DS Method pages?",
        "PRes" => "Preparation response: the directory server's card ranges.",
        "VEReq" => "Enrolment request of 3-D Secure 1: is this card in it?",
        "VERes" => "Enrolment response of 3-D Secure 1: whether, and where the bank's page is.",
        "PAReq" => "Payer authentication request of 3-D Secure 1: the browser asks for the bank's page.",
        "PARes" => "Payer authentication response of 3-D Secure 1: the bank's signed result, through the browser.",
        METHOD_DATA => "What the bank's 3DS Method page saw of the browser, to compare with what the shop declares.",
        "Erro" => "Error message: the receiver refused what it got, and says why.",
        _ => "A message between the scheme's servers.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_named_and_links_never() {
        let before = json!({"status": "pending", "ds": {"ds_id": "A"}, "gone": 1, "_links": {"a": {}}, "x y": 1});
        let after =
            json!({"status": "challenged", "ds": {"ds_id": "A", "transaction_id": "b"}, "_links": {}, "x y": 2});
        let side = |json: &serde_json::Value| Side { bytes: json.to_string().into(), ..Side::default() };
        let found = changed(&side(&before), &side(&after));
        let told: Vec<(&str, Option<&str>, Option<&str>)> =
            found.iter().map(|one| (one.path.as_str(), one.before.as_deref(), one.after.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("$.status", Some("pending"), Some("challenged")),
                ("$.ds.transaction_id", None, Some("b")),
                ("$.gone", Some("1"), None),
                ("$['x y']", Some("1"), Some("2")),
            ]
        );
        assert_eq!(changed(&side(&after), &side(&after)), []);
    }
}
