//! What a shopper does on the issuer's pages, and what it comes to: one answer to one page.
//!
//! Promises: an answer counts once, for the page that was open; a code lives for a while and
//! gives way to the next; after three wrong answers there is no other. Knows pages by what
//! they ask, and nothing of how they look. Source: emv-3ds.md 2.2, 5.5.

use std::time::Duration;

use serde_json::Value;

use super::Shared;
use super::answer::field;
use super::bank::{self, PASSWORD};
use super::fields::Object;
use super::issuer::Refusal;
use super::scheme::{browser_message, script, second_creq, spc_open};
use super::session::{End, Session, Status, TRIES};
use crate::model::Lane;
use crate::model::scenario::{BankId, PageKind, SecondCreq};
use crate::model::scheme::{PhoneMessage, SchemeMessage};

/// What the shopper did.
pub(super) enum Input<'a> {
    /// The CReq itself, or the browser's reload of it.
    Open,
    /// An answer to the page with this number.
    Answer {
        interaction: Option<u8>,
        given: Given<'a>,
    },
    Resend,
    Cancel,
}

/// What the fields of an answer hold.
#[derive(Default)]
pub(super) struct Given<'a> {
    pub(super) password: Option<&'a str>,
    pub(super) choices: Vec<&'a str>,
    pub(super) agreed: bool,
    pub(super) trust: Option<bool>,
}

pub(super) fn input(form: &[(String, String)]) -> Input<'_> {
    let answered = ["password", "choice", "choices", "agree", "continue", "interaction"];
    if field(form, "cancel").is_some() {
        Input::Cancel
    } else if field(form, "resend").is_some() {
        Input::Resend
    } else if answered.into_iter().any(|name| field(form, name).is_some()) {
        let chosen =
            |(name, value): &'_ (String, String)| matches!(name.as_str(), "choice" | "choices") && !value.is_empty();
        Input::Answer {
            interaction: field(form, "interaction").and_then(|text| text.parse().ok()),
            given: Given {
                password: field(form, "password"),
                choices: form.iter().filter(|pair| chosen(pair)).map(|(_, value)| value.as_str()).collect(),
                agreed: field(form, "agree") == Some("1"),
                trust: field(form, "trust").map(|word| word == "Y"),
            },
        }
    } else {
        Input::Open
    }
}

/// What the page says of the last answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Nothing,
    Mistake,
    /// The bank's app was not answered yet.
    Early,
}

/// One answer of a shopper to one page.
pub(super) struct Turn<'a> {
    app: &'a Shared,
    session: &'a mut Session,
    pub(super) said: Vec<SchemeMessage>,
    pub(super) phone: Option<PhoneMessage>,
    pub(super) seen: Seen,
}

/// How often a code is sent again. Source: emv-3ds.md 5.5.
pub(super) const RESENDS: u8 = 3;

impl<'a> Turn<'a> {
    pub(super) fn new(app: &'a Shared, session: &'a mut Session) -> Self {
        Self { app, session, said: Vec::new(), phone: None, seen: Seen::Nothing }
    }

    /// How the challenge ends, if it does.
    pub(super) fn take(&mut self, creq: &Object, input: &Input) -> Result<Option<End>, Refusal> {
        let now = self.app.clock.passed();
        let Some(first) = self.session.challenge.as_ref().map(|challenge| challenge.touched.is_none()) else {
            return Ok(None);
        };
        if matches!(input, Input::Open) && spc_open(self.session) {
            return Ok(None); // the shop's own page: no message of the protocol
        }
        if matches!(input, Input::Open) && !first {
            self.open_again()?;
        }
        if matches!(input, Input::Open) {
            let gist = if first { "opens the challenge" } else { "again: the page was reloaded" };
            let (path, body) = ((Lane::Browser, Lane::Issuer), Value::Object(creq.clone()));
            self.said.push(browser_message(self.session, "CReq", path, gist.to_owned(), &body));
        }
        let Some(challenge) = &mut self.session.challenge else { return Ok(None) };
        match input {
            // Only the page that is open now counts; a reloaded answer does not count twice.
            Input::Answer { interaction, .. } if *interaction != Some(challenge.interactions) => {
                challenge.touched = Some(now);
                Ok(None)
            }
            input => Ok(self.step(input)),
        }
    }

    /// What the shopper did, of which there can be no doubt that it is about the screen that is
    /// open. How the challenge ends, if it does.
    pub(super) fn step(&mut self, input: &Input) -> Option<End> {
        let now = self.app.clock.passed();
        let challenge = self.session.challenge.as_mut()?;
        let first = challenge.touched.replace(now).is_none();
        match input {
            Input::Open => {
                if first {
                    self.phone = self.message();
                }
                None
            }
            Input::Resend => {
                self.resend();
                None
            }
            Input::Cancel => Some(End::Cancelled),
            Input::Answer { given, .. } => {
                challenge.trust = given.trust.or(challenge.trust);
                self.answer(given)
            }
        }
    }

    /// The shopper wants the code by the other way: by e-mail.
    pub(super) fn other_way(&mut self) {
        if let Some(challenge) = &mut self.session.challenge {
            challenge.touched = Some(self.app.clock.passed());
            challenge.sent_to = Some("email");
        }
        self.resend();
    }

    /// A second CReq. Source: emv-3ds.md 2.2.
    fn open_again(&mut self) -> Result<(), Refusal> {
        let rule = script(self.session).map(|script| script.challenge.second_creq).unwrap_or_default();
        let code = second_creq(self.session);
        let Some(challenge) = &mut self.session.challenge else { return Ok(()) };
        match rule {
            SecondCreq::Resume => Ok(()),
            SecondCreq::Restart => {
                challenge.page = 0;
                Ok(())
            }
            SecondCreq::Reject => Err(Refusal::new(code, "CReq", "This issuer takes one challenge request only.")),
        }
    }

    /// What goes to the phone with the page that is open now.
    fn message(&self) -> Option<PhoneMessage> {
        let bank = bank_of(self.session);
        match page_kind(self.session) {
            PageKind::Otp => {
                let code = self.session.challenge.as_ref().and_then(|challenge| challenge.code);
                let code = code.map(|(code, _)| String::from_utf8_lossy(&code).into_owned());
                Some(bank::code_message(self.session, bank, code.as_deref().unwrap_or(PASSWORD)))
            }
            PageKind::OutOfBand | PageKind::HtmlOutOfBand => Some(bank::push_message(self.session, bank)),
            _ => None,
        }
    }

    fn resend(&mut self) {
        let Some(challenge) = &mut self.session.challenge else { return };
        if challenge.resent >= RESENDS {
            return; // the page offers it no more
        }
        challenge.resent += 1;
        if let (Some(_), Some(acs)) = (challenge.code, &self.session.acs) {
            let code = self.app.keys.code(&acs.transaction_id, challenge.resent);
            challenge.code = Some((code, self.app.clock.passed()));
        }
        self.phone = self.message();
    }

    /// Judges an answer, and goes on to the next page or to the end.
    fn answer(&mut self, given: &Given) -> Option<End> {
        let kind = page_kind(self.session);
        let right = match kind {
            PageKind::Otp => is_code(self.app, self.session, given.password.unwrap_or_default()),
            PageKind::SingleSelect => given.choices.first().is_some_and(|choice| ["phone", "email"].contains(choice)),
            PageKind::MultiSelect => {
                let mut chosen = given.choices.clone();
                chosen.sort_unstable();
                chosen == bank::RIGHT_CHOICES
            }
            PageKind::Html => given.agreed,
            PageKind::Information | PageKind::Spc => true,
            PageKind::OutOfBand | PageKind::HtmlOutOfBand => match self.session.challenge.as_ref()?.decided {
                Some(true) => true,
                Some(false) => return Some(End::Denied),
                None => {
                    self.seen = Seen::Early;
                    return None;
                }
            },
        };
        let pages = script(self.session).map_or(1, |script| script.challenge.pages.len());
        let now = self.app.clock.passed();
        let challenge = self.session.challenge.as_mut()?;
        challenge.interactions = challenge.interactions.saturating_add(1);
        if !right {
            challenge.wrong = challenge.wrong.saturating_add(1);
            self.seen = Seen::Mistake;
            return (challenge.wrong >= TRIES).then_some(End::TooManyTries);
        }
        if kind == PageKind::SingleSelect {
            let mail = given.choices.first() == Some(&"email");
            challenge.sent_to = Some(if mail { "email" } else { "phone" });
        }
        challenge.page += 1;
        if kind == PageKind::Spc || usize::from(challenge.page) >= pages {
            return Some(End::Answered(challenge.outcome));
        }
        if let Some((_, sent)) = &mut challenge.code {
            *sent = now; // it goes out with the next page
        }
        self.phone = self.message();
        None
    }
}

/// The page that is open now.
pub(super) fn page_kind(session: &Session) -> PageKind {
    if spc_open(session) {
        return PageKind::Spc;
    }
    let page = session.challenge.as_ref().map_or(0, |challenge| usize::from(challenge.page));
    let pages = script(session).map(|script| &script.challenge.pages);
    pages.and_then(|pages| pages.get(page)).copied().unwrap_or(PageKind::Otp)
}

/// Whether this is what the bank asks for: its code while that lives, or the published password.
fn is_code(app: &Shared, session: &Session, text: &str) -> bool {
    let rules = script(session).map(|script| &script.challenge);
    let strict = rules.is_some_and(|rules| rules.strict);
    let lasts = Duration::from_secs(rules.map_or(0, |rules| rules.code_seconds));
    let code = session.challenge.as_ref().and_then(|challenge| challenge.code);
    let alive = code.filter(|(_, sent)| app.clock.passed() < *sent + lasts);
    alive.is_some_and(|(code, _)| code == text.as_bytes()) || (text == PASSWORD && !(strict && code.is_some()))
}

/// What an answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Try {
    Right,
    Wrong,
    /// Wrong, and no other is taken.
    Last,
}

/// Counts an answer.
pub(super) fn tried(text: &str, interactions: &mut u8, wrong: &mut u8) -> Try {
    *interactions = interactions.saturating_add(1);
    if text == PASSWORD {
        return Try::Right;
    }
    *wrong = wrong.saturating_add(1);
    if *wrong >= TRIES { Try::Last } else { Try::Wrong }
}

/// What a decision in the bank's app came to.
pub(super) enum Decided {
    /// There is nothing to decide.
    Nothing,
    /// The page that waits for it will see it.
    Noted,
    /// No page waits: the bank has its answer.
    Over(End),
}

/// The shopper decides in the bank's app.
pub(super) fn decide(session: &mut Session, approve: bool) -> Decided {
    let by_itself = session.decoupled();
    let open = session.status == Status::Challenged && (by_itself || page_kind(session).is_out_of_band());
    let challenge = session.challenge.as_mut().filter(|challenge| open && challenge.over.is_none());
    let Some(challenge) = challenge else { return Decided::Nothing };
    challenge.decided = Some(approve);
    match (by_itself, approve) {
        (false, _) => Decided::Noted,
        (true, true) => Decided::Over(End::Answered(challenge.outcome)),
        (true, false) => Decided::Over(End::Denied),
    }
}

/// What a bank that asks by itself sends to the phone, once.
pub(super) fn push(session: &mut Session) -> Option<PhoneMessage> {
    let (asks, bank) = (session.decoupled(), bank_of(session));
    let challenge = session.challenge.as_mut().filter(|challenge| asks && !challenge.pushed)?;
    challenge.pushed = true;
    Some(bank::push_message(session, bank))
}

/// Which of the invented banks.
fn bank_of(session: &Session) -> BankId {
    script(session).map(|script| script.challenge.bank).unwrap_or_default()
}
