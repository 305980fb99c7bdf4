//! What the merchant's account is set up for: schemes, processors, currencies, vault, 3DS1.
//!
//! Promises: everything is open until a setting closes it. Holds the rules behind the 403s
//! that come between validation and enrolment. Source: sessions-api.md 2.6, 7.3, 7.5.

use serde_json::{Value, json};

use super::answer::Fault;
use super::cards::Scheme;
use super::fields::{Need, Reader};
use super::given::Given;
use super::scheme::is_currency;
use super::validate::SCHEMES;

/// The set-up.
#[derive(Debug, Clone)]
pub(super) struct Market {
    /// Whether cards outside of 3DS2 fall back to 3DS1: the time before October 2022.
    pub(super) three_ds1: bool,
    /// Schemes that are open in this sandbox.
    schemes: Vec<&'static str>,
    /// Schemes that the processing channel has a processor for.
    processors: Vec<&'static str>,
    /// Currencies of the Amex account; empty: any.
    amex_currencies: Vec<String>,
    processing_channel: bool,
    pub(super) vault: bool,
}

impl Default for Market {
    fn default() -> Self {
        let all: Vec<_> = SCHEMES.iter().map(|(word, _)| *word).collect();
        Self {
            three_ds1: true,
            schemes: all.clone(),
            processors: all,
            amex_currencies: Vec::new(),
            processing_channel: true,
            vault: true,
        }
    }
}

fn switch(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

impl Market {
    /// Adds the settings' members to `object`.
    pub(super) fn show(&self, object: &mut Value) {
        object["three_ds1"] = switch(self.three_ds1).into();
        object["schemes"] = json!(self.schemes);
        object["processors"] = json!(self.processors);
        object["amex_currencies"] = json!(self.amex_currencies);
        object["processing_channel"] = switch(self.processing_channel).into();
        object["vault"] = switch(self.vault).into();
    }

    /// Takes over the members that are given; findings stay with the reader.
    pub(super) fn change(&mut self, reader: &mut Reader) {
        self.schemes = reader.words("schemes", Need::May, SCHEMES).unwrap_or_else(|| std::mem::take(&mut self.schemes));
        let processors = reader.words("processors", Need::May, SCHEMES);
        self.processors = processors.unwrap_or_else(|| std::mem::take(&mut self.processors));
        if let Some(value) = reader.raw("amex_currencies") {
            match currencies(value) {
                Some(list) => self.amex_currencies = list,
                None => reader.findings.invalid("amex_currencies"),
            }
        }
        for (name, slot) in [
            ("three_ds1", &mut self.three_ds1),
            ("processing_channel", &mut self.processing_channel),
            ("vault", &mut self.vault),
        ] {
            if let Some(word) = reader.word(name, Need::May, &[("on", &[]), ("off", &[])]) {
                *slot = word == "on";
            }
        }
    }

    /// Refuses what the account is not set up for.
    pub(super) fn admits(&self, scheme: Scheme, currency: &str) -> Result<(), Fault> {
        if !self.processing_channel {
            return Err(Fault::forbidden("processing_channel_disabled"));
        }
        if !self.schemes.contains(&scheme.word()) {
            return Err(Fault::forbidden("scheme_not_supported"));
        }
        if !self.processors.contains(&scheme.word()) {
            return Err(Fault::forbidden("no_processor_configured_for_card_scheme"));
        }
        let known = self.amex_currencies.is_empty() || self.amex_currencies.iter().any(|own| own == currency);
        if scheme == Scheme::Amex && !known { Err(Fault::forbidden("currency_not_supported")) } else { Ok(()) }
    }
}

fn currencies(value: &Given) -> Option<Vec<String>> {
    let code = |item: &Given| item.as_str().filter(|code| is_currency(code)).map(str::to_owned);
    value.as_array()?.iter().map(code).collect()
}
