//! How a bank decides on an exemption from strong authentication by itself: the rules of thumb
//! of the European Economic Area, and what it must remember of a card for them.
//!
//! Rules are in force where something asks for them: the setting `exemptions`, a scenario
//! (`exemptions = "rules"` of its issuer), or a programmable card that no scenario belongs to.
//! Everywhere else a bank grants what the scenario says, and what `SBX:EXEMPT` asks for.
//! Amounts are compared by their number whatever the currency: the sandbox knows no rates.
//! The rules are pure; the books are a lock of their own, held for a look-up.
//! Source: emv-3ds.md 3.5; sessions-api.md 7.4.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::fields::{Need, Reader};
use super::scheme::exponent;
use super::state::Shelf;

/// Amounts in cents of a euro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rules {
    /// In force for every session that nothing else decides.
    pub(super) everywhere: bool,
    /// Most that is of low value.
    low_value: i64,
    /// Most payments of low value in a row.
    low_value_count: i64,
    /// Most that payments of low value in a row come to.
    low_value_sum: i64,
    /// Hundredths of a percent that the shop's acquirer loses to fraud.
    fraud_bps: i64,
    /// The shop takes part in a programme under which it authenticates in the bank's place.
    pub(super) delegation: bool,
    /// The shop's acquirer goes on without 3-D Secure where its servers cannot be reached.
    pub(super) outage: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            everywhere: false,
            low_value: 3_000,
            low_value_count: 5,
            low_value_sum: 10_000,
            fraud_bps: 13,
            delegation: false,
            outage: false,
        }
    }
}

/// What a request says that the rules look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// `threeDSRequestorChallengeInd`, in whichever way the version says it.
    pub(super) wish: &'a str,
    pub(super) amount_minor: i64,
    pub(super) currency: &'a str,
    /// The card is a company's, used in its own procurement.
    pub(super) commercial: bool,
    /// The shop says how it authenticated the shopper itself, and it was strong.
    pub(super) authenticated: bool,
    /// Whom the shopper would trust.
    pub(super) merchant: &'a str,
}

/// A bank's decision on an exemption: granted, or refused, and why.
pub(super) type Decision = Result<(), &'static str>;

impl Rules {
    /// Decides; pure. `None` where no exemption was asked for.
    pub(super) fn decide(&self, asked: Asked, card: &Card) -> Option<Decision> {
        let amount = cents(asked.amount_minor, asked.currency);
        let rule = |good: bool, why| if good { Ok(()) } else { Err(why) };
        Some(match asked.wish {
            "05" => rule(amount <= self.ceiling(), "the amount is above the ceiling for risk analysis"),
            "07" => rule(self.delegation, "the shop is in no delegation programme")
                .and_then(|()| rule(asked.authenticated, "the shop does not say how it authenticated the shopper")),
            "08" => rule(card.trusts(asked.merchant), "the shopper has not listed the shop"),
            "10" => self.low_value(amount, card),
            "11" => rule(asked.commercial, "the card is not a company's"),
            _ => return None,
        })
    }

    fn low_value(&self, amount: i64, card: &Card) -> Decision {
        if amount > self.low_value {
            Err("the amount is above the limit for low value")
        } else if card.low_values >= self.low_value_count {
            Err("too many payments of low value since the last authentication")
        } else if card.low_sum.saturating_add(amount) > self.low_value_sum {
            Err("payments of low value since the last authentication come to too much")
        } else {
            Ok(())
        }
    }

    /// Up to what amount risk analysis may take the place of the shopper, by the fraud rate.
    fn ceiling(&self) -> i64 {
        match self.fraud_bps {
            ..=1 => 50_000,
            2..=6 => 25_000,
            7..=13 => 10_000,
            _ => 0,
        }
    }

    /// The setting `exemptions`.
    pub(super) fn word(&self) -> &'static str {
        if self.everywhere { "rules" } else { "off" }
    }

    /// Adds the settings' members to `object`.
    pub(super) fn show(&self, object: &mut Value) {
        object["exemptions"] = self.word().into();
        object["low_value_minor"] = self.low_value.into();
        object["low_value_count"] = self.low_value_count.into();
        object["low_value_sum_minor"] = self.low_value_sum.into();
        object["fraud_bps"] = self.fraud_bps.into();
        object["delegation_programme"] = self.delegation.into();
        object["outage_exemption"] = self.outage.into();
    }

    /// Takes over the members that are given; findings stay with the reader.
    pub(super) fn change(&mut self, reader: &mut Reader) {
        if let Some(word) = reader.word("exemptions", Need::May, &[("rules", &[]), ("off", &[])]) {
            self.everywhere = word == "rules";
        }
        for (name, slot, most) in [
            ("low_value_minor", &mut self.low_value, 1_000_000),
            ("low_value_count", &mut self.low_value_count, 1_000),
            ("low_value_sum_minor", &mut self.low_value_sum, 1_000_000),
            ("fraud_bps", &mut self.fraud_bps, 10_000),
        ] {
            *slot = reader.integer(name, Need::May, 0..=most).unwrap_or(*slot);
        }
        self.delegation = reader.flag("delegation_programme").unwrap_or(self.delegation);
        self.outage = reader.flag("outage_exemption").unwrap_or(self.outage);
    }
}

/// Minor units of any currency as hundredths.
fn cents(amount_minor: i64, currency: &str) -> i64 {
    match exponent(currency) {
        0 => amount_minor.saturating_mul(100),
        1 => amount_minor.saturating_mul(10),
        digits => amount_minor / 10_i64.pow(digits.saturating_sub(2)),
    }
}

/// What a bank remembers of one card.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Card {
    /// Payments of low value since the last authentication, and what they come to.
    low_values: i64,
    low_sum: i64,
    /// Shops that the shopper has listed, the last one last.
    trusted: Vec<String>,
}

/// Shops on one shopper's list. Our choice.
const MOST_TRUSTED: usize = 50;

impl Card {
    pub(super) fn trusts(&self, merchant: &str) -> bool {
        self.trusted.iter().any(|name| name == merchant)
    }
}

/// What the bank remembers of its cards, by their fingerprint; of the oldest nothing.
#[derive(Default)]
pub(super) struct Books(Mutex<Shelf<Card>>);

impl Books {
    fn open(&self) -> MutexGuard<'_, Shelf<Card>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // each change is whole
    }

    fn change(&self, card: &str, change: impl FnOnce(&mut Card)) {
        let mut shelf = self.open();
        if shelf.get(card).is_none() {
            shelf.insert(card, Card::default());
        }
        if let Some(card) = shelf.get_mut(card) {
            change(card);
        }
    }

    /// What is known of a card.
    pub(super) fn of(&self, card: &str) -> Card {
        self.open().get(card).cloned().unwrap_or_default()
    }

    /// A payment of low value went through unasked.
    pub(super) fn count(&self, card: &str, amount_minor: i64, currency: &str) {
        let amount = cents(amount_minor, currency);
        self.change(card, |card| {
            card.low_values = card.low_values.saturating_add(1);
            card.low_sum = card.low_sum.saturating_add(amount);
        });
    }

    /// The shopper was authenticated: the counters begin again.
    pub(super) fn authenticated(&self, card: &str) {
        if let Some(card) = self.open().get_mut(card) {
            (card.low_values, card.low_sum) = (0, 0);
        }
    }

    /// The shopper lists a shop.
    pub(super) fn trust(&self, card: &str, merchant: &str) {
        self.change(card, |card| {
            card.trusted.retain(|name| name != merchant);
            card.trusted.push(merchant.to_owned());
            let surplus = card.trusted.len().saturating_sub(MOST_TRUSTED);
            card.trusted.drain(..surplus);
        });
    }

    /// Forgets every card.
    pub(super) fn forget(&self) {
        *self.open() = Shelf::default();
    }
}

/// What the control API shows of a bank's decision.
pub(super) fn shown(decision: Option<Decision>) -> Option<Value> {
    decision.map(|decision| match decision {
        Ok(()) => json!({"granted": true}),
        Err(why) => json!({"granted": false, "why": why}),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(wish: &str, amount_minor: i64) -> Asked<'_> {
        Asked { wish, amount_minor, currency: "EUR", commercial: false, authenticated: false, merchant: "Shop" }
    }

    #[test]
    fn each_rule_has_its_limit() {
        let (rules, new) = (Rules::default(), Card::default());
        let granted = |asked: Asked| rules.decide(asked, &new).map(|decision| decision.is_ok());
        for (wish, amount, expected) in [
            ("10", 3_000, Some(true)),
            ("10", 3_001, Some(false)),
            ("05", 10_000, Some(true)),
            ("05", 10_001, Some(false)),
            ("08", 100, Some(false)),
            ("07", 100, Some(false)),
            ("11", 100, Some(false)),
            ("01", 100, None),
            ("09", 100, None),
        ] {
            assert_eq!(granted(asked(wish, amount)), expected, "{wish} {amount}");
        }
        assert_eq!(granted(Asked { commercial: true, ..asked("11", 900_000) }), Some(true));
        assert_eq!(granted(Asked { currency: "JPY", ..asked("10", 31) }), Some(false), "31 yen count as 31 euros");
        assert_eq!(granted(Asked { currency: "KWD", ..asked("10", 30_000) }), Some(true), "three digits");
        let programme = Rules { delegation: true, fraud_bps: 1, ..Rules::default() };
        let delegated = Asked { authenticated: true, ..asked("07", 100) };
        assert_eq!(programme.decide(delegated, &new), Some(Ok(())));
        assert_eq!(programme.decide(asked("05", 50_000), &new), Some(Ok(())));
    }

    #[test]
    fn payments_of_low_value_count_until_the_shopper_is_authenticated() {
        let (rules, books) = (Rules::default(), Books::default());
        let decide = |amount| rules.decide(asked("10", amount), &books.of("card")).is_some_and(|rule| rule.is_ok());
        for _ in 0..5 {
            assert!(decide(1_200));
            books.count("card", 1_200, "EUR");
        }
        assert!(!decide(1), "five in a row");
        books.authenticated("card");
        assert!(decide(1_200));
        books.count("card", 2_900, "EUR");
        books.count("card", 2_900, "EUR");
        books.count("card", 2_900, "EUR");
        assert!(decide(1_300) && !decide(1_301), "100 euros in all");
        books.trust("card", "Shop");
        assert!(
            books.of("card").trusts("Shop") && !books.of("card").trusts("Other") && !books.of("else").trusts("Shop")
        );
    }
}
