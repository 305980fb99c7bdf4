//! The nearest change that would have ended otherwise, chosen by what decided. Where the bank
//! or somebody else decides, it is only likely and says so. Test cards are the API's published
//! ones and mean something in its sandboxes only. Source: sessions-api.md 7; emv-3ds.md 1.9, 3.

use super::Change;
use super::case::{Case, Decision};
use crate::model::api::{NextAction, Status};
use crate::model::cards::{CARDS, Ending};
use crate::model::draft::{Channel, Completion};
use crate::model::exchange::Step;
use crate::model::explain::Risk;
use crate::model::lint::observed::error_advice;

fn sure(sentence: impl Into<String>) -> Change {
    Change { sentence: sentence.into(), or: None, likely: false }
}

fn likely(sentence: impl Into<String>) -> Change {
    Change { sentence: sentence.into(), or: None, likely: true }
}

impl Change {
    fn or(self, sentence: impl Into<String>) -> Self {
        Self { or: Some(sentence.into()), ..self }
    }
}

/// What would have led to another status.
pub(super) fn of_status(case: &Case<'_, '_>) -> Change {
    match case.decision {
        Decision::Pending => pending(case),
        Decision::Processing => sure("Read the session again in a moment: it changes by itself."),
        Decision::Challenged => challenged(case),
        Decision::Decoupled => likely(
            "The bank's customer answers in the bank's own app, and the session becomes approved or declined by \
             itself. Without that it ends unavailable when the time in the request is over.",
        ),
        Decision::LegacyOpen => sure(
            "Send the shopper to the bank's page with PaReq: the right password gives approved. With a card that is in \
             3-D Secure 2 none of this is needed.",
        ),
        Decision::Unknown => sure("Look at the answer itself: nothing here knows this word."),
        Decision::Risk => likely(
            "Had the API's risk check let it pass, the bank would have been asked: another card, amount or shopper, or \
             other rules in the account.",
        ),
        Decision::Error => error(case),
        Decision::LegacyEnrolment => sure(format!(
            "A card that takes part in 3-D Secure would have been checked{}.",
            card(case, false, Ending::Approved)
        )),
        Decision::LegacyAnswer => match case.session.status {
            Status::Approved => sure("A wrong password would have ended it declined."),
            Status::Declined => sure("The right password would have ended it approved."),
            _ => likely("Had the bank been able to check, the right password would have ended it approved."),
        },
        Decision::Cancelled => sure(
            "Had the shopper given the right answer instead of pressing Cancel, the bank's result would have been Y and \
             the session approved.",
        ),
        Decision::NeverOpened if case.channel() == Channel::App => sure(
            "Let the app's SDK open the challenge as soon as the session is challenged: banks wait 30 s for the first \
             CReq. An SDK that does not trust acs.signed_content opens none.",
        ),
        Decision::NeverOpened => sure(
            "Open the bank's page as soon as the session is challenged: banks wait 30 s for the first CReq, and then 10 \
             minutes for each answer.",
        ),
        Decision::TimedOut => timed_out(case),
        Decision::Lifetime => lifetime(case),
        Decision::MerchantInitiated => merchant_initiated(case),
        Decision::Informational => likely(
            "With challenge_indicator no_preference or challenge_requested in place of the wish not to be asked, the \
             bank would have checked.",
        ),
        Decision::AppUnreadable => sure(
            "Encrypt the device data for the key in certificates.ds_public of this very session, as sdk_encrypted_data; \
             then the bank is asked.",
        ),
        Decision::StandIn => likely(format!(
            "With a card whose bank takes part and answers, the bank itself would have said Y, N or C{}.",
            card(case, false, Ending::Approved)
        )),
        Decision::AtOnce => at_once(case),
        Decision::AfterChallenge => after_challenge(case),
    }
}

fn pending(case: &Case<'_, '_>) -> Change {
    let offered = |action| case.session.offers(&action);
    if offered(NextAction::CollectChannelData) {
        let change = sure("Send PUT …/collect-data: then the bank is asked, and the session leaves pending.");
        return match case.session.link("three_ds_method_url") {
            Some(_) => change.or("Run the 3DS Method first: told Y, the bank likely asks the shopper less often."),
            None => change,
        };
    }
    if offered(NextAction::IssuerFingerprint) {
        return sure("Send PUT …/issuer-fingerprint with how the 3DS Method went: then the bank is asked.");
    }
    if offered(NextAction::RedirectCardholder) {
        return sure("Send the shopper to redirect_url: the hosted page does the rest.");
    }
    sure("Do what next_actions says, or read the session again.")
}

fn challenged(case: &Case<'_, '_>) -> Change {
    let frictionless = card(case, false, Ending::Approved);
    let ask_less = format!("Another card might not have been asked{frictionless}.");
    match case.method.as_ref().map(|(_, _, letter)| letter.as_str()) {
        Some("N") => likely(
            "Had the 3DS Method notified within 10 s, the bank would have known the browser and asked less readily.",
        )
        .or(ask_less),
        Some("U") if case.channel() == Channel::Browser => {
            likely("Had the 3DS Method been run, the bank would have known the browser and asked less readily.")
                .or(ask_less)
        }
        _ => asked_for(case, &ask_less),
    }
}

/// What the shop could have wished otherwise where the bank asks.
fn asked_for(case: &Case<'_, '_>, ask_less: &str) -> Change {
    let created = case.facts.sent(Step::Create);
    let wish = created.as_ref().and_then(|told| told.text("/challenge_indicator"));
    match wish {
        Some(wish @ ("challenge_requested" | "challenge_requested_mandate")) => likely(format!(
            "Without challenge_indicator {wish}, which asks for this challenge, the bank might not have asked. {ask_less}"
        )),
        Some(wish) if wish != "no_preference" => {
            likely(format!("The bank asked although the request had challenge_indicator {wish}. {ask_less}"))
        }
        _ => likely(format!(
            "With challenge_indicator no_challenge_requested, or an exemption such as low_value, the bank might not have \
             asked. {ask_less}"
        )),
    }
}

fn at_once(case: &Case<'_, '_>) -> Change {
    let method = case.method.as_ref().map(|(_, _, letter)| letter.as_str());
    match (&case.session.status, case.reason().as_deref()) {
        (Status::Approved, _) => likely(format!(
            "With challenge_indicator challenge_requested_mandate the bank would have asked the shopper{}.",
            card(case, true, Ending::Approved)
        )),
        (Status::Attempted, _) => likely(format!(
            "Had the bank been able to check, its answer would have been Y or N{}.",
            card(case, false, Ending::Approved)
        )),
        (Status::Rejected, _) => sure(format!(
            "Only another card: after R the same one must not be tried again{}.",
            card(case, false, Ending::Approved)
        )),
        (Status::Declined, Some("04")) => {
            likely("Waiting: the bank counts how often the card was authenticated lately.")
        }
        (Status::Declined, Some("05")) => {
            sure("A card that has not expired, with its right expiry_month and expiry_year.")
        }
        (Status::Declined, Some("06" | "08")) => sure("A card number that this bank has issued."),
        (Status::Declined, Some("07")) => sure("Right amount, currency and merchant data in the request."),
        (Status::Declined, Some("20")) => sure("authentication_category payment: this bank checks payments only."),
        (Status::Declined | Status::Unavailable, Some("23")) => {
            sure("A request that allows the bank a way of its own (decoupled) and gives it time.")
        }
        (Status::Declined, _) if method == Some("N") => likely(format!(
            "Had the 3DS Method notified within 10 s, the bank would have known the browser and might have said Y or \
             asked the shopper. Another card decides anew{}.",
            card(case, false, Ending::Approved)
        )),
        (Status::Declined, _) => likely(format!(
            "With challenge_indicator challenge_requested the bank might have asked the shopper in place of saying no. \
             Another card decides anew{}.",
            card(case, true, Ending::Approved)
        )),
        (Status::Unavailable, Some("03")) => sure("Another channel or device: this bank does not support this one."),
        (Status::Unavailable, _) => likely(format!(
            "Later, when the bank's system works again, or another card{}.",
            card(case, false, Ending::Approved)
        )),
        _ => likely("Another card: the bank decides."),
    }
}

fn after_challenge(case: &Case<'_, '_>) -> Change {
    let app = case.channel() == Channel::App;
    let shopper_confirms = case.rreq.is_none() && case.browser_asked().is_some();
    match (&case.session.status, case.reason().as_deref()) {
        (Status::Approved, _) if case.session.text("/acs/authentication_type") == Some("04") => {
            sure("A refusal to the bank's own question would have ended it declined; no answer in time, unavailable.")
        }
        (Status::Approved, _) if shopper_confirms => {
            sure("Had the shopper not confirmed in the browser, the bank would have asked by itself, in a challenge.")
        }
        (Status::Approved, _) if app => sure(
            "Wrong answers until the bank gives up would have ended it declined; Cancel in the app, \
             challenge_abandoned.",
        )
        .or(format!("A bank that does not ask approves at once{}.", card(case, false, Ending::Approved))),
        (Status::Approved, _) => sure(
            "Wrong answers until the bank gives up would have ended it declined; Cancel on the bank's page, \
             challenge_abandoned.",
        )
        .or(format!("A bank that does not ask approves at once{}.", card(case, false, Ending::Approved))),
        (Status::Declined, Some("19")) => sure(
            "The right answer before the last try would have ended it approved: the bank counts wrong ones (interactionCounter).",
        ),
        (Status::Declined, _) if matches!(case.session.text("/acs/authentication_type"), Some("03" | "04")) => {
            sure("Approve in place of Deny in the bank's app would have ended it approved.")
        }
        (Status::Declined, _) => likely(format!(
            "The right answer {} would have ended it approved, if this card's bank accepts it{}.",
            if app { "in the app" } else { "on the bank's page" },
            card(case, true, Ending::Approved)
        )),
        (Status::Rejected, _) => sure(format!(
            "Only another card: after R the same one must not be tried again{}.",
            card(case, true, Ending::Approved)
        )),
        (Status::Unavailable, Some("24")) => sure("An answer to the bank's own question in the time that it had."),
        (Status::Unavailable, _) if app => likely(
            "Had app and bank understood each other, the right answer would have ended it approved: see the Erro.",
        ),
        (Status::Unavailable, _) => likely(format!(
            "Had the bank's page not failed, the right answer would have ended it approved. Later, or another card{}.",
            card(case, true, Ending::Approved)
        )),
        _ => likely(format!(
            "Had the bank been able to check, its result would have been Y or N{}.",
            card(case, true, Ending::Approved)
        )),
    }
}

fn timed_out(case: &Case<'_, '_>) -> Change {
    if case.cancel().as_deref() == Some("08") {
        return sure("An answer in the app before sdk_max_timeout is over (at least 5 minutes).");
    }
    if case.channel() == Channel::App {
        return sure("An answer in the app within 10 minutes, and before sdk_max_timeout is over.");
    }
    sure("An answer within 10 minutes after each page of the bank: the right one would have ended it approved.")
}

fn lifetime(case: &Case<'_, '_>) -> Change {
    if case.brought_back().is_some() || case.rreq.is_some() {
        return sure(
            "Had the bank's result (RReq) arrived within 15 minutes after the session was created, it would have decided. \
             A shop can only create a new session.",
        );
    }
    match case.last_view() {
        _ if case.is_legacy() => sure(
            "Had the shopper come back from the bank's page with PaRes within 15 minutes, that would have decided.",
        ),
        Some(Status::Challenged) => sure("An answer of the shopper within 15 minutes after the session was created."),
        _ if case.facts.run.plan.completion == Completion::Hosted => {
            sure("Had the shopper finished the hosted page within 15 minutes, the card would have decided.")
        }
        _ => sure("Send PUT …/collect-data within 15 minutes after the session was created; the card then decides."),
    }
}

fn merchant_initiated(case: &Case<'_, '_>) -> Change {
    if matches!(case.session.status, Status::Approved | Status::Attempted) {
        return likely(
            "Without initial_transaction, the earlier authentication, the bank would have said no or could not.",
        );
    }
    likely(
        "Name the earlier authentication in initial_transaction; a bank that checks payments of the shop then says Y.",
    )
    .or("With the shopper there (channel browser or app) the bank can ask.")
}

fn error(case: &Case<'_, '_>) -> Change {
    let code = case.error_code();
    match code.as_deref() {
        Some("402") => {
            sure("Had the answer come within 10 s, it would have decided. Create a new session to try again.")
        }
        Some(code) => likely(format!("{}.", error_advice(code).trim_end_matches('.'))),
        None if case.is_legacy() => sure(
            "A PARes that is signed and about this very payment (xid, amount, currency) would have been taken over.",
        ),
        None => likely("Had every message between the servers arrived whole and in time, the bank would have decided."),
    }
}

/// What would have led to another ECI.
pub(super) fn of_eci(case: &Case<'_, '_>) -> Change {
    let mastercard = case.session.text("/scheme") == Some("mastercard");
    let (yes, tried, no) = if mastercard { ("02", "01", "00") } else { ("05", "06", "07") };
    match case.session.status {
        Status::Approved if case.decision == Decision::Informational => {
            likely(format!("Y in place of I gives {yes}: let the bank check, with challenge_indicator no_preference."))
        }
        Status::Approved => sure(format!("An attempt gives {tried}, a refusal {no} at this scheme.")),
        Status::Attempted => {
            likely(format!("Y gives {yes}: a card whose bank takes part{}.", card(case, false, Ending::Approved)))
        }
        _ if !case.session.status.is_final() => of_status(case),
        _ => {
            let change = of_status(case);
            Change { sentence: format!("Y gives {yes}, an attempt {tried}. {}", change.sentence), ..change }
        }
    }
}

/// What would have moved the risk.
pub(super) fn of_liability(case: &Case<'_, '_>) -> Change {
    match case.meaning.risk {
        Risk::Issuer => sure(
            "An exemption or data_share that the shop asks for leaves the risk with the shop; so does a payment without \
             this cryptogram and ECI, or with another amount.",
        ),
        Risk::None => sure("With authentication_category payment there is money at stake, and a risk to shift."),
        Risk::Open => of_status(case),
        Risk::Merchant => {
            let change = of_status(case);
            Change { sentence: format!("Y or A shifts the risk to the bank. {}", change.sentence), ..change }
        }
    }
}

/// ` (in the sandbox: card 4485…)`, for the same scheme; empty if there is none or it is this one.
fn card(case: &Case<'_, '_>, challenge: bool, ending: Ending) -> String {
    let scheme = case.session.text("/scheme").unwrap_or("visa");
    let found = CARDS.iter().find(|card| {
        card.scheme == scheme && card.challenge == challenge && card.ending == ending && !card.without_method
    });
    found.map_or_else(String::new, |card| format!(" (in the sandbox: card {})", card.number))
}
