//! What the scripted cardholder does on the screens of the shop's app.

use super::Shopper;
use crate::model::Problem;
use crate::model::device::page::{Kind, Page, Press, Target, Value};
use crate::model::device::{Said, Ui, UiKind};
use crate::model::exchange::Step;
use crate::model::run::{Act, PhoneAct};

impl Shopper<'_> {
    /// What an act comes to on a screen.
    ///
    /// # Errors
    /// If the screen has no place for it.
    pub async fn in_app(&self, ui: &Ui, act: &Act) -> Result<Said, Problem> {
        let typed = match act {
            Act::Enter(text) => Some(text.clone()),
            Act::EnterOffered => Some(self.code(0).await),
            Act::EnterEarlier => Some(self.code(1).await),
            _ => None,
        };
        let there = |there: bool, said| there.then_some(said);
        let said = match (act, typed) {
            (Act::Cancel, _) => Some(Said::Cancel),
            (Act::Resend, _) => there(ui.resend.is_some(), Said::Resend),
            (Act::AddCode, _) => there(ui.add_code.is_some(), Said::AddCode),
            (_, typed) if ui.kind.is_html() => on_page(ui, act, typed),
            (Act::SwitchApp, _) => there(ui.kind == UiKind::OutOfBand, Said::OobContinue(true)),
            (Act::Choose(keys), _) => {
                let offered = |key: &String| ui.choices.iter().any(|(known, _)| known == key);
                there(keys.iter().all(offered) && !ui.choices.is_empty(), Said::Chosen(keys.clone()))
            }
            (Act::Continue, _) => match ui.kind {
                UiKind::OutOfBand => Some(Said::OobContinue(false)),
                UiKind::Information => Some(Said::InfoContinue),
                _ => Some(Said::NoEntry),
            },
            (_, Some(text)) => there(ui.kind == UiKind::Text, Said::Typed(vec![text])),
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
                let page = Page::read(ui.html.as_deref().unwrap_or_default());
                let has = |kind: fn(&Kind) -> bool| page.controls.iter().any(|control| kind(&control.kind));
                if has(|kind| matches!(kind, Kind::Password | Kind::Text(_))) {
                    return Ok(Act::EnterOffered);
                }
                if has(|kind| *kind == Kind::Check) {
                    return Ok(Act::Tick);
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

/// An act on the issuer's own page: filled in, then its first button is pressed.
fn on_page(ui: &Ui, act: &Act, typed: Option<String>) -> Option<Said> {
    if *act == Act::SwitchApp {
        return Some(Said::OobContinue(true));
    }
    let page = Page::read(ui.html.as_deref()?);
    let mut values = page.values();
    let place = |wanted: fn(&Kind) -> bool| page.controls.iter().position(|c| wanted(&c.kind) && !c.disabled);
    match act {
        Act::Tick => page.set(&mut values, place(|kind| *kind == Kind::Check)?, Value::On(true)),
        Act::Choose(keys) => {
            for key in keys {
                let known = |c: &crate::model::device::page::Control| {
                    matches!(c.kind, Kind::Radio | Kind::Check) && c.value == *key && !c.disabled
                };
                page.set(&mut values, page.controls.iter().position(known)?, Value::On(true));
            }
        }
        Act::Continue => (),
        _ => {
            let field = place(|kind| matches!(kind, Kind::Password | Kind::Text(_)))?;
            page.set(&mut values, field, Value::Text(typed?));
        }
    }
    let leads =
        |c: &crate::model::device::page::Control| !c.disabled && matches!(c.kind, Kind::Link(Target::BankApp, _));
    let button = page.first_button().or_else(|| page.controls.iter().position(leads))?;
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
