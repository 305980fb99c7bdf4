//! The pages of the invented banks that 3DS2 and 3DS1 share, and their messages to the phone.
//!
//! Hides: languages, amounts, marks and colours. Promises: the element ids that existing UI
//! automation knows; every page works without JavaScript, by keyboard and inside a frame of
//! 250 × 400. Decides nothing. Source: sessions-api.md 6.3; emv-3ds.md 2.2, 5.2, 5.5.

mod app;
mod money;
mod words;

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::Shared;
use super::scheme::merchant;
use super::session::{Session, Status, TRIES};
use crate::clock::stamp;
use crate::model::SessionId;
use crate::model::scenario::{BankId, Frames, PageKind};
use crate::model::scheme::{PhoneKind, PhoneMessage};
use crate::page::{Ancestors, Pages, Policy};
pub(super) use app::{Labels, html, ids, labels, mark};
use words::{Bank, Words};

/// The bank that asks where nothing else is said, and that issued the cards of the sandbox.
pub(super) const BANK: &str = "Larkfield Bank";
/// What published cards ask for. Source: sessions-api.md 7.
pub(super) const PASSWORD: &str = "Checkout1!";
/// What `choices` can hold on the page that asks for two shops.
pub(super) const CHOICES: [&str; 5] = ["bakery", "bookshop", "garage", "pool", "hotel"];
/// The two that the bank's records say.
pub(super) const RIGHT_CHOICES: [&str; 2] = ["bakery", "garage"];
/// What `choice` can hold on the page that asks where the code is to go.
pub(super) const WAYS: [&str; 2] = ["phone", "email"];

/// What a page of the bank may do: hand over to `url`, and stand in frames of loopback and of `url`.
pub(super) fn policy(url: Option<&str>) -> Policy {
    let urls: Vec<String> = url.map(str::to_owned).into_iter().collect();
    Policy { form_action: urls.clone(), ..Policy::embedded(Ancestors::Loopback(urls)) }
}

/// A page that says why nothing can be done.
pub(super) fn refuse(app: &Shared, title: &str, sentence: &str) -> Response {
    let page = context! { title, sentence, code => "", detail => "" }; // no message of the protocol
    let mut response = app.pages.respond("refused.html", page, &policy(None));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

/// A page with a heading and a sentence, that may stand in a frame like all of the bank's.
pub(super) fn notice(app: &Shared, status: StatusCode, title: &str, sentence: &str) -> Response {
    let mut response = app.pages.respond("notice.html", context! { title, sentence }, &policy(None));
    *response.status_mut() = status;
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
    /// The help text does not say how to pass.
    pub(super) strict: bool,
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
            strict: false,
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

/// What a page needs to know of a session.
struct Purchase<'a> {
    /// None: a card is to be kept, and nothing is paid.
    amount_minor: Option<i64>,
    currency: &'a str,
    merchant: &'a str,
    /// The last four digits.
    card: &'a str,
    programme: &'static str,
    created: Timestamp,
}

impl<'a> Purchase<'a> {
    fn of(session: &'a Session) -> Self {
        let pan = session.pan.expose();
        let draft = &session.draft;
        Self {
            amount_minor: (draft.category == "payment").then(|| draft.amount.unwrap_or(0)),
            currency: &draft.currency,
            merchant: merchant(session),
            card: &pan[pan.len().saturating_sub(4)..],
            programme: session.scheme.programme(),
            created: session.created,
        }
    }
}

/// Asks the shopper.
pub(super) fn ask(app: &Shared, session: &Session, question: &Question) -> Response {
    let left = session.deadline().unwrap_or(Duration::ZERO).saturating_sub(app.clock.passed());
    show(&app.pages, &Purchase::of(session), question, (left, app.clock.running()))
}

/// `left`: how long the page is good for, and whether that is running down.
fn show(pages: &Pages, purchase: &Purchase, question: &Question, left: (Duration, bool)) -> Response {
    let screen = &question.screen;
    let (seconds, running) = (left.0.as_secs(), left.1);
    let page = context! {
        step => question.step,
        hidden => Value::from(Serde(&question.hidden)),
        interaction => question.interactions,
        kind => word(screen.kind),
        trust => screen.trust,
        early => screen.early,
        may_resend => screen.may_resend,
        poll => screen.poll.as_deref(),
        mistake => question.mistake,
        ways => WAYS,
        choices => CHOICES,
        left => seconds,
        running,
        clock => format!("{}:{:02}", seconds / 60, seconds % 60),
        ..sentences(purchase, question, &Bank::of(screen.bank))
    };
    let mut policy = policy(Some(question.address));
    if screen.frames == Frames::Refused {
        policy.ancestors = Ancestors::None;
    }
    pages.respond("challenge.html", page, &policy)
}

/// What a page says about this payment.
fn sentences(purchase: &Purchase, question: &Question, bank: &Bank) -> Value {
    let words = bank.words;
    let screen = &question.screen;
    let amount = money::written(purchase, bank);
    let payment = amount.is_some();
    let (merchant, card) = (purchase.merchant, purchase.card);
    let values = [("amount", amount.as_deref().unwrap_or_default()), ("merchant", merchant), ("card", card)];
    let tries = TRIES.saturating_sub(question.wrong);
    context! {
        lead => lead(bank, question, payment, &values),
        heading => match screen.kind {
            PageKind::Html => words.own_heading,
            PageKind::Information => words.info_heading,
            PageKind::Spc => words.spc_heading,
            _ if payment => words.confirm_payment,
            _ => words.confirm_card,
        },
        own => bank.fill(if payment { words.own_payment } else { words.own_card }, &values),
        trust_legend => bank.fill(words.trust_legend, &values),
        error => match screen.kind {
            PageKind::Otp => words.password_wrong,
            PageKind::SingleSelect => words.select_wrong,
            PageKind::MultiSelect => words.shops_wrong,
            _ => words.agree_wrong,
        },
        tries => match tries {
            1 => words.one_try.to_owned(),
            more => bank.fill(words.tries, &[("tries", &more.to_string())]),
        },
        help => help(bank, screen),
        programme => purchase.programme,
        date => money::day(purchase.created, bank),
        merchant,
        amount,
        card,
        ..look(bank)
    }
}

/// Name, language, mark and words of a bank.
fn look(bank: &Bank) -> Value {
    context! {
        bank => bank.name, bank_id => bank.id, language => bank.language, direction => bank.direction,
        words => Value::from(Serde(bank.words)),
    }
}

fn lead(bank: &Bank, question: &Question, payment: bool, values: &[(&str, &str)]) -> String {
    let words = bank.words;
    match question.screen.kind {
        PageKind::Otp => {
            let to = match question.screen.sent_to {
                Some("email") => words.to_email,
                _ => words.to_phone,
            };
            if question.resent {
                return bank.fill(words.code_resent, &[("to", to)]);
            }
            let enter = if payment { words.enter_to_pay } else { words.enter_for_card };
            format!("{} {enter}", bank.fill(words.code_sent, &[("to", to)]))
        }
        PageKind::SingleSelect => words.select_lead.to_owned(),
        PageKind::MultiSelect => words.shops_lead.to_owned(),
        PageKind::OutOfBand | PageKind::HtmlOutOfBand => words.app_lead.to_owned(),
        PageKind::Html => words.own_lead.to_owned(),
        PageKind::Information => bank.fill(words.info_lead, values),
        PageKind::Spc => words.spc_lead.to_owned(),
    }
}

/// How a tester passes the page; a strict challenge does not tell.
fn help(bank: &Bank, screen: &Screen) -> String {
    let words = bank.words;
    let label = |key: &str| {
        let index = CHOICES.iter().position(|choice| *choice == key);
        index.and_then(|index| words.shops.get(index)).copied().unwrap_or_default()
    };
    let [first, second] = RIGHT_CHOICES.map(label);
    match screen.kind {
        PageKind::Otp if screen.strict => words.help_code_strict.to_owned(),
        PageKind::MultiSelect if screen.strict => words.help_strict.to_owned(),
        PageKind::Otp => words.help_code.to_owned(),
        PageKind::SingleSelect => words.help_select.to_owned(),
        PageKind::MultiSelect => bank.fill(words.help_shops, &[("first", first), ("second", second)]),
        PageKind::OutOfBand | PageKind::HtmlOutOfBand => words.help_app.to_owned(),
        PageKind::Html => words.help_own.to_owned(),
        PageKind::Information => words.help_info.to_owned(),
        PageKind::Spc => words.help_spc.to_owned(),
    }
}

/// As scenario files name it.
fn word(kind: PageKind) -> &'static str {
    match kind {
        PageKind::Otp => "otp",
        PageKind::SingleSelect => "single_select",
        PageKind::MultiSelect => "multi_select",
        PageKind::OutOfBand | PageKind::HtmlOutOfBand => "out_of_band",
        PageKind::Html => "html",
        PageKind::Information => "information",
        PageKind::Spc => "spc",
    }
}

/// Takes the browser back to whoever waits for the answer, in the language of the bank that asked.
pub(super) fn hand_over(
    app: &Shared,
    bank: BankId,
    status: Status,
    address: &str,
    hidden: &[(&str, &str)],
) -> Response {
    let bank = Bank::of(bank);
    let page = context! {
        address, hidden => Value::from(Serde(hidden)), farewell => farewell(status, bank.words), ..look(&bank)
    };
    app.pages.respond("handover.html", page, &policy(Some(address)))
}

/// What the bank sends to the shopper's phone where the published password is asked for.
pub(super) fn text_message(session: &Session) -> PhoneMessage {
    code_message(session, BankId::default(), PASSWORD)
}

/// What a bank sends to the shopper's phone: its code.
pub(super) fn code_message(session: &Session, bank: BankId, code: &str) -> PhoneMessage {
    message(PhoneKind::Text, session, &Bank::of(bank), code)
}

/// What a bank's app asks on the shopper's phone; there is nothing to type.
pub(super) fn push_message(session: &Session, bank: BankId) -> PhoneMessage {
    message(PhoneKind::Push, session, &Bank::of(bank), "")
}

fn message(kind: PhoneKind, session: &Session, bank: &Bank, code: &str) -> PhoneMessage {
    let purchase = Purchase::of(session);
    PhoneMessage {
        kind,
        session: SessionId(session.id.clone()),
        at: stamp(),
        sender: bank.name.to_owned(),
        text: message_text(kind, &purchase, bank, code),
        code: code.to_owned(),
    }
}

fn message_text(kind: PhoneKind, purchase: &Purchase, bank: &Bank, code: &str) -> String {
    let amount = money::coded(purchase, bank);
    let words = bank.words;
    let sentence = match (kind, amount.is_some()) {
        (PhoneKind::Text, true) => words.sms_payment,
        (PhoneKind::Text, false) => words.sms_card,
        (PhoneKind::Push, true) => words.push_payment,
        (PhoneKind::Push, false) => words.push_card,
    };
    let amount = amount.as_deref().unwrap_or_default();
    bank.fill(sentence, &[("amount", amount), ("merchant", purchase.merchant), ("code", code)])
}

/// The amount as 3DS1 messages show it: `$65.40`.
pub(super) fn priced(session: &Session) -> String {
    let amount = money::plain(session.draft.amount.unwrap_or(0), &session.draft.currency);
    match session.draft.currency.as_str() {
        "USD" => format!("${amount}"),
        "EUR" => format!("€{amount}"),
        "GBP" => format!("£{amount}"),
        other => format!("{other} {amount}"),
    }
}

fn farewell(status: Status, words: &Words) -> &'static str {
    match status {
        Status::Approved => words.bye_paid,
        Status::ChallengeAbandoned => words.bye_cancelled,
        Status::Expired => words.bye_late,
        _ => words.bye_done,
    }
}

#[cfg(test)]
mod tests;
