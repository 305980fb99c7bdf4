//! What the scripted cardholder does on a page that asks something: act by act.

use std::time::Duration;

use super::page::{Button, Form, Page};
use super::{Shopper, Walk, nothing_to_do};
use crate::model::Problem;
use crate::model::exchange::Step;
use crate::model::run::{Act, PhoneAct};

/// The published password of every test challenge. Source: sessions-api.md 7.
const PASSWORD: &str = "Checkout1!";
/// Form fields of the bank's pages. Source: sessions-api.md 6.3.
pub(super) const CHOICE: &str = "choice";
/// See [`CHOICE`]; sent once for each that is ticked.
pub(super) const CHOICES: &str = "choices";
/// See [`CHOICE`].
const AGREE: &str = "agree";
/// See [`CHOICE`].
pub(super) const TRUST: &str = "trust";

/// What an act led to.
pub(super) enum Turn {
    /// Another page.
    Next(Box<Page>),
    /// The page stays.
    Stay,
    /// The shopper closed the page.
    Leave,
}

impl Shopper<'_> {
    /// Does the next act; without one, what a willing shopper would do.
    pub(super) async fn act(
        &self,
        walk: &mut Walk<'_>,
        page: &Page,
        forms: &[Form],
        asks: &Form,
    ) -> Result<Turn, Problem> {
        let step = walk.step;
        let willing;
        let act = match walk.acts.pop_front() {
            Some(act) => act,
            None => {
                willing = self.willing(asks).await?;
                &willing
            }
        };
        let with = match act {
            Act::Resend => {
                let place = forms.iter().find_map(|form| form.resend().map(|button| (form, button)));
                let (form, button) = place.ok_or_else(|| nothing_to_do(step, page))?;
                // The button may stand in one form and belong to another.
                let own = forms.iter().find(|form| !form.asks()).unwrap_or(form);
                return self.press(step, page, own, button).await;
            }
            Act::Cancel => {
                let place = forms.iter().find_map(|form| form.cancel().map(|button| (form, button)));
                let (form, button) = place.ok_or_else(|| nothing_to_do(step, page))?;
                return self.press(step, page, form, button).await;
            }
            Act::Reload => return Ok(self.again(walk).await?.map_or(Turn::Stay, |page| Turn::Next(Box::new(page)))),
            Act::Phone(_)
            | Act::Trust(_)
            | Act::Wait(_)
            | Act::Leave
            | Act::Replay
            | Act::TimeOut
            | Act::SwitchApp
            | Act::AddCode
            | Act::Open
            | Act::Fill(_)
            | Act::Bind(_)
            | Act::Mischief(_) => return self.beside(walk, act).await,
            Act::Choose(keys) => chosen(asks, keys).ok_or_else(|| not_offered(step, keys, asks))?,
            act => self.filled(asks, act).await.ok_or_else(|| nothing_to_do(step, page))?,
        };
        let said = walk.trust.filter(|_| !asks.choices(TRUST).is_empty()).map(|yes| {
            walk.trust = None;
            (TRUST.to_owned(), if yes { "Y" } else { "N" }.to_owned())
        });
        let fields = with.into_iter().chain(said).collect();
        self.submit(step, page, asks, fields).await.map(|page| Turn::Next(Box::new(page)))
    }

    /// What an act writes into the form that asks; `None` if there is no place for it.
    async fn filled(&self, asks: &Form, act: &Act) -> Option<Vec<(String, String)>> {
        let field = match act {
            Act::Enter(text) => typed(asks, text)?,
            Act::EnterOffered => typed(asks, &self.code(0).await)?,
            Act::EnterEarlier => typed(asks, &self.code(1).await)?,
            Act::Tick => (AGREE.to_owned(), (*asks.choices(AGREE).first()?).to_owned()),
            _ => return Some(Vec::new()), // only the button
        };
        Some(vec![field])
    }

    async fn press(&self, step: Step, page: &Page, form: &Form, button: &Button) -> Result<Turn, Problem> {
        let fields = button.fields();
        self.submit_with(step, page, form, &fields, button.action.as_ref()).await.map(|page| Turn::Next(Box::new(page)))
    }

    /// An act that leaves the page as it is.
    async fn beside(&self, walk: &mut Walk<'_>, act: &Act) -> Result<Turn, Problem> {
        let step = walk.step;
        match act {
            Act::Phone(decision) => self.decide(*decision).await?,
            Act::Trust(yes) => walk.trust = Some(*yes),
            Act::Wait(seconds) => self.time.pass(step, Duration::from_secs(*seconds)).await?,
            Act::Leave => return Ok(Turn::Leave),
            Act::Replay => {
                return Err(Problem::of(
                    format!("{step}: the bank has not finished, so there is nothing to replay yet"),
                    "replay comes last in a script, after the answer that ends the challenge",
                ));
            }
            _ => {
                return Err(Problem::of(
                    format!("{step}: that is for the app's challenge, and this is a page"),
                    "On pages, wait lets time pass, and trust says whether the shop is to be remembered",
                ));
            }
        }
        Ok(Turn::Stay)
    }

    /// What a shopper without a script does: what the page asks for.
    async fn willing(&self, asks: &Form) -> Result<Act, Problem> {
        let first = |name, count| asks.choices(name).into_iter().take(count).map(str::to_owned).collect::<Vec<_>>();
        if asks.password().is_some() {
            return Ok(Act::EnterOffered);
        }
        if !asks.choices(CHOICE).is_empty() {
            return Ok(Act::Choose(first(CHOICE, 1)));
        }
        if !asks.choices(CHOICES).is_empty() {
            return Ok(Act::Choose(first(CHOICES, 2)));
        }
        if !asks.choices(AGREE).is_empty() {
            return Ok(Act::Tick);
        }
        if let Some(phone) = &self.phone
            && phone.is_asked().await
        {
            phone.decide(PhoneAct::Approve).await?;
        }
        Ok(Act::Continue)
    }

    /// The code of the newest message, or of one so many before it.
    pub(super) async fn code(&self, back: usize) -> String {
        let codes = match &self.phone {
            Some(phone) => phone.codes().await,
            None => Vec::new(),
        };
        codes.into_iter().rev().nth(back).unwrap_or_else(|| PASSWORD.to_owned())
    }
}

fn typed(asks: &Form, text: &str) -> Option<(String, String)> {
    asks.password().map(|name| (name.to_owned(), text.to_owned()))
}

/// The fields that choose these keys; `None` if one is not there to be chosen.
fn chosen(asks: &Form, keys: &[String]) -> Option<Vec<(String, String)>> {
    let name = if asks.choices(CHOICE).is_empty() { CHOICES } else { CHOICE };
    let there = asks.choices(name);
    let field = |key: &String| there.contains(&key.as_str()).then(|| (name.to_owned(), key.clone()));
    keys.iter().map(field).collect()
}

fn not_offered(step: Step, keys: &[String], asks: &Form) -> Problem {
    let there = [asks.choices(CHOICE), asks.choices(CHOICES)].concat();
    let offered = if there.is_empty() { "nothing to choose".to_owned() } else { there.join(", ") };
    Problem::of(
        format!("{step}: the bank's page does not offer {}", keys.join(", ")),
        format!("It offers {offered}; change the script"),
    )
}
