//! What the scripted cardholder does on the screens of the shop's app.

use super::Shopper;
use super::acts::{CHOICE, CHOICES, TRUST};
use crate::model::Problem;
use crate::model::device::page::{Control, Kind, Page, Press, Target, Value};
use crate::model::device::{Said, Ui, UiKind};
use crate::model::exchange::Step;
use crate::model::run::{Act, PhoneAct};

impl Shopper<'_> {
    /// What an act comes to on a screen; `trust` is ticked where the issuer's own page asks
    /// whether to remember the shop.
    ///
    /// # Errors
    /// If the screen has no place for it.
    pub async fn in_app(&self, ui: &Ui, act: &Act, trust: Option<bool>) -> Result<Said, Problem> {
        let typed = match act {
            Act::Enter(text) => Some(vec![text.clone()]),
            Act::Fill(texts) => Some(texts.clone()),
            Act::EnterOffered => Some(vec![self.code(0).await]),
            Act::EnterEarlier => Some(vec![self.code(1).await]),
            _ => None,
        };
        let there = |there: bool, said| there.then_some(said);
        let said = match (act, typed) {
            (Act::Cancel, _) => Some(Said::Cancel),
            (Act::SwitchApp, _) => {
                there(matches!(ui.kind, UiKind::OutOfBand | UiKind::HtmlOutOfBand), Said::OobContinue(true))
            }
            (_, typed) if ui.kind.is_html() => on_page(ui, act, typed, trust),
            (Act::Resend, _) => there(ui.resend.is_some(), Said::Resend),
            (Act::AddCode, _) => there(ui.add_code.is_some(), Said::AddCode),
            (Act::Choose(keys), _) => {
                let keys: Option<Vec<String>> = keys.iter().map(|key| offered(ui, key)).collect();
                keys.filter(|_| !ui.choices.is_empty()).map(Said::Chosen)
            }
            (Act::Continue, _) => match ui.kind {
                UiKind::OutOfBand => Some(Said::OobContinue(false)),
                UiKind::Information => Some(Said::InfoContinue),
                _ => Some(Said::NoEntry),
            },
            (_, Some(texts)) => there(ui.kind == UiKind::Text, Said::Typed(texts)),
            _ => None,
        };
        said.ok_or_else(|| no_place(ui, act))
    }

    /// What a shopper without a script does: what the screen asks for.
    ///
    /// # Errors
    /// If the phone cannot be used.
    pub async fn willing_in_app(&self, ui: &Ui) -> Result<Act, Problem> {
        let first = |count| ui.choices.iter().take(count).map(|(key, _)| key.clone()).collect();
        match ui.kind {
            UiKind::Text => return Ok(Act::EnterOffered),
            UiKind::SingleSelect => return Ok(Act::Choose(first(1))),
            UiKind::MultiSelect => return Ok(Act::Choose(first(2))),
            UiKind::Html => {
                if let Some(act) = willing_on_page(ui.html.as_deref().unwrap_or_default()) {
                    return Ok(act);
                }
            }
            UiKind::OutOfBand | UiKind::HtmlOutOfBand | UiKind::Information => (),
        }
        if let Some(phone) = &self.phone
            && phone.is_asked().await
        {
            phone.decide(PhoneAct::Approve).await?;
        }
        Ok(Act::Continue)
    }

    /// Decides in the bank's app.
    ///
    /// # Errors
    /// If there is none, or nothing there waits for it.
    pub async fn decide(&self, decision: PhoneAct) -> Result<(), Problem> {
        let phone = self.phone.as_ref().ok_or_else(|| {
            Problem::of(
                format!("{}: there is no phone to decide on in this environment", Step::Challenge),
                "The embedded sandbox has one; elsewhere, answer in the bank's own app",
            )
        })?;
        phone.decide(decision).await
    }
}

/// The key of a choice. From 2.3.1 on keys have four characters: then it is the one that the
/// script's word begins with. Source: emv-3ds.md 1.8.
fn offered(ui: &Ui, word: &str) -> Option<String> {
    let keys = || ui.choices.iter().map(|(key, _)| key);
    let short = || keys().find(|key| key.len() == 4 && word.starts_with(key.as_str()));
    keys().find(|key| *key == word).or_else(short).cloned()
}

/// What a page asks for; `None` if only its button is to be pressed.
fn willing_on_page(html: &str) -> Option<Act> {
    let page = Page::read(html);
    let open = || page.controls.iter().filter(|control| !control.disabled);
    if open().any(|control| is_field(&control.kind)) {
        return Some(Act::EnterOffered);
    }
    let named = |name: &'static str| open().filter(move |c| c.name == name).map(|c| c.value.clone());
    let (ways, shops): (Vec<_>, Vec<_>) = (named(CHOICE).take(1).collect(), named(CHOICES).take(2).collect());
    let choices = if ways.is_empty() { shops } else { ways };
    if !choices.is_empty() {
        return Some(Act::Choose(choices));
    }
    open().any(|control| control.kind == Kind::Check).then_some(Act::Tick)
}

fn is_field(kind: &Kind) -> bool {
    matches!(kind, Kind::Password | Kind::Text(_))
}

/// An act on the issuer's own page: filled in, then a button is pressed.
fn on_page(ui: &Ui, act: &Act, typed: Option<Vec<String>>, trust: Option<bool>) -> Option<Said> {
    let page = Page::read(ui.html.as_deref()?);
    let mut values = page.values();
    let place = |wanted: &dyn Fn(&Control) -> bool| page.controls.iter().position(|c| !c.disabled && wanted(c));
    match act {
        Act::Tick => page.set(&mut values, place(&|c| c.kind == Kind::Check)?, Value::On(true)),
        Act::Choose(keys) => {
            for key in keys {
                let known = |c: &Control| matches!(c.kind, Kind::Radio | Kind::Check) && c.value == *key;
                page.set(&mut values, place(&known)?, Value::On(true));
            }
        }
        Act::Continue | Act::Resend => (),
        _ => {
            let mut fields = page.controls.iter().enumerate().filter(|(_, c)| !c.disabled && is_field(&c.kind));
            for text in typed? {
                page.set(&mut values, fields.next()?.0, Value::Text(text));
            }
        }
    }
    if let Some(yes) = trust
        && let Some(at) = place(&|c| c.name == TRUST && c.kind == Kind::Radio && (c.value == "Y") == yes)
    {
        page.set(&mut values, at, Value::On(true));
    }
    let again = |c: &Control| c.name == "resend" && matches!(c.kind, Kind::Submit(_));
    let leads = |c: &Control| matches!(c.kind, Kind::Link(Target::BankApp, _));
    let button = match act {
        Act::Resend => place(&again)?,
        _ => page.first_button().or_else(|| place(&leads))?,
    };
    match page.press(&values, button) {
        Press::Send(query) => Some(Said::Html(query)),
        Press::BankApp => Some(Said::OobContinue(true)),
        Press::Reset(_) | Press::Missing(_) | Press::Nothing(_) => None,
    }
}

fn no_place(ui: &Ui, act: &Act) -> Problem {
    let keys: Vec<&str> = ui.choices.iter().map(|(key, _)| key.as_str()).collect();
    let offers = if keys.is_empty() { String::new() } else { format!("; it offers {}", keys.join(", ")) };
    let act = toml::Value::try_from(act).map(|act| act.to_string()).unwrap_or_default();
    Problem::of(
        format!("{}: the bank's screen ({}) has no place for {act}", Step::Challenge, ui.kind.name()),
        format!("Change the script{offers}"),
    )
}
