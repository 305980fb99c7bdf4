//! The pages of the invented bank that 3DS2 and 3DS1 share, and its text message.
//!
//! Promises: the element ids that existing UI automation knows; every page works without
//! JavaScript and inside a frame. Decides nothing. Source: sessions-api.md 6.3.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::Shared;
use super::scheme::{exponent, merchant};
use super::session::{Session, Status, TRIES};
use crate::clock::stamp;
use crate::model::SessionId;
use crate::model::scenario::{BankId, Frames, PageKind};
use crate::model::scheme::{PhoneKind, PhoneMessage};
use crate::page::{Ancestors, Policy};

/// The invented bank.
pub(super) const BANK: &str = "Larkfield Bank";
/// What published cards ask for. Source: sessions-api.md 7.
pub(super) const PASSWORD: &str = "Checkout1!";

/// What a page of the bank may do: hand over to `url`, and stand in frames of loopback and of `url`.
pub(super) fn policy(url: Option<&str>) -> Policy {
    let urls: Vec<String> = url.map(str::to_owned).into_iter().collect();
    Policy { form_action: urls.clone(), ..Policy::embedded(Ancestors::Loopback(urls)) }
}

/// A page that says why nothing can be done.
pub(super) fn refuse(app: &Shared, title: &str, sentence: &str) -> Response {
    let mut response = app.pages.respond("refused.html", context! { title, sentence }, &policy(None));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

/// What a page asks, and how, besides the payment that it is about.
#[derive(Debug, Clone)]
pub(super) struct Screen {
    pub(super) kind: PageKind,
    pub(super) bank: BankId,
    /// It also offers to remember the shop.
    pub(super) trust: bool,
    /// The shopper pressed Continue before the bank's app was answered.
    pub(super) early: bool,
    /// Where the code went, by the key that was chosen on the page before; else the phone.
    pub(super) sent_to: Option<&'static str>,
    /// The shopper may ask for another message.
    pub(super) may_resend: bool,
    /// Where the page can ask whether the bank's app was answered.
    pub(super) poll: Option<String>,
    pub(super) frames: Frames,
}

impl Default for Screen {
    fn default() -> Self {
        Self {
            kind: PageKind::Otp,
            bank: BankId::Larkfield,
            trust: false,
            early: false,
            sent_to: None,
            may_resend: true,
            poll: None,
            frames: Frames::Allowed,
        }
    }
}

/// The page that asks the shopper.
pub(super) struct Question<'a> {
    pub(super) screen: Screen,
    /// Last part of the address that the answer goes to.
    pub(super) step: &'static str,
    /// Hidden fields that come back with the answer.
    pub(super) hidden: Vec<(&'static str, &'a str)>,
    pub(super) interactions: u8,
    pub(super) wrong: u8,
    /// The last answer was wrong.
    pub(super) mistake: bool,
    /// The message was sent again.
    pub(super) resent: bool,
    /// Where the browser goes afterwards.
    pub(super) address: &'a str,
}

/// Asks the shopper.
pub(super) fn ask(app: &Shared, session: &Session, question: &Question) -> Response {
    let left = session.deadline().unwrap_or(Duration::ZERO).saturating_sub(app.clock.passed()).as_secs();
    let pan = session.pan.expose();
    let payment = session.draft.category == "payment";
    let page = context! {
        bank => BANK,
        programme => session.scheme.programme(),
        merchant => merchant(session),
        amount => payment.then(|| priced(session)),
        card => &pan[pan.len().saturating_sub(4)..],
        date => session.created.strftime("%-d %B %Y").to_string(),
        step => question.step,
        hidden => Value::from(Serde(&question.hidden)),
        interaction => question.interactions,
        tries => TRIES.saturating_sub(question.wrong),
        mistake => question.mistake,
        resent => question.resent,
        left, running => app.clock.running(),
        clock => format!("{}:{:02}", left / 60, left % 60),
    };
    app.pages.respond("challenge.html", page, &policy(Some(question.address)))
}

/// Takes the browser back to whoever waits for the answer.
pub(super) fn hand_over(app: &Shared, status: Status, address: &str, hidden: &[(&str, &str)]) -> Response {
    let page = context! { address, hidden => Value::from(Serde(hidden)), words => farewell(status) };
    app.pages.respond("handover.html", page, &policy(Some(address)))
}

/// What the bank sends to the shopper's phone.
pub(super) fn text_message(session: &Session) -> PhoneMessage {
    let what = match session.draft.category {
        "payment" => format!("{} {} at ", session.draft.currency, amount(session)),
        _ => "your card at ".to_owned(),
    };
    PhoneMessage {
        kind: PhoneKind::Text,
        session: SessionId(session.id.clone()),
        at: stamp(),
        sender: BANK.to_owned(),
        text: format!("Password for {what}{}: {PASSWORD}", merchant(session)),
        code: PASSWORD.to_owned(),
    }
}

/// Major units: 6540 USD is `65.40`.
fn amount(session: &Session) -> String {
    let minor = session.draft.amount.unwrap_or(0);
    let places = exponent(&session.draft.currency);
    let unit = 10_i64.pow(places);
    match usize::try_from(places) {
        Ok(places) if places > 0 => format!("{}.{:0places$}", minor / unit, minor % unit),
        _ => minor.to_string(),
    }
}

/// The amount as shoppers read it: `$65.40`.
pub(super) fn priced(session: &Session) -> String {
    let amount = amount(session);
    match session.draft.currency.as_str() {
        "USD" => format!("${amount}"),
        "EUR" => format!("€{amount}"),
        "GBP" => format!("£{amount}"),
        other => format!("{other} {amount}"),
    }
}

fn farewell(status: Status) -> &'static str {
    match status {
        Status::Approved => "Thank you. Your payment is confirmed.",
        Status::ChallengeAbandoned => "You cancelled. Nothing was confirmed.",
        Status::Expired => "The time is over. Nothing was confirmed.",
        _ => "Your bank has finished. The shop has the result.",
    }
}
