//! What a recorded row means, in plain words. Pure: facts in, text out.

use crate::model::delivery::{Delivery, DeliveryKind, Verdict};
use crate::model::exchange::{Exchange, Step};
pub use crate::model::meaning::of_row as member;
use crate::model::run::What;
use crate::model::sandbox::{fault_line, fault_told};
use crate::model::scheme::METHOD_DATA;

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
            format!("{} A merchant never sees this message; the sandbox shows it.", scheme_message(message.kind))
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
