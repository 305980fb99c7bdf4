//! What the merchant's account may do.
//!
//! Pure: settings in, refusals out. The defaults allow everything.
//! Source: sessions-api.md 2.6, 7.5.

use serde_json::{Map, Value, json};

use super::answer::Fault;
use super::cards::Scheme;
use super::fields::{Need, Object, Reader};
use super::validate::Source;

/// The words of schemes.
const SCHEMES: &[(&str, &[&str])] = &[
    ("visa", &[]),
    ("mastercard", &[]),
    ("amex", &[]),
    ("diners", &[]),
    ("discover", &[]),
    ("jcb", &[]),
    ("upi", &[]),
    ("cartes_bancaires", &[]),
];

/// What the account may do. Source: sessions-api.md 2.6, the codes named below.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// Others: `scheme_not_supported`.
    schemes: Vec<&'static str>,
    /// Others: `no_processor_configured_for_card_scheme`.
    processors: Vec<&'static str>,
    /// Others: `currency_not_supported`. Empty: any.
    amex_currencies: Vec<String>,
    /// Off: `processing_channel_disabled`.
    channel: bool,
    /// Off: `vault_not_configured_for_processing_channel` for `id` and `token` sources.
    vault: bool,
}

impl Default for Account {
    fn default() -> Self {
        let all: Vec<_> = SCHEMES.iter().map(|(word, _)| *word).collect();
        Self { schemes: all.clone(), processors: all, amex_currencies: Vec::new(), channel: true, vault: true }
    }
}

impl Account {
    /// Refuses a session that the account may not have.
    pub(super) fn admits(&self, scheme: Scheme, currency: &str, source: &Source) -> Result<(), Fault> {
        let word = scheme.word();
        let stored = matches!(source, Source::Instrument(_) | Source::Token);
        let refused = if !self.channel {
            "processing_channel_disabled"
        } else if stored && !self.vault {
            "vault_not_configured_for_processing_channel"
        } else if !self.schemes.contains(&word) {
            "scheme_not_supported"
        } else if !self.processors.contains(&word) {
            "no_processor_configured_for_card_scheme"
        } else if word == "amex"
            && !self.amex_currencies.is_empty()
            && !self.amex_currencies.iter().any(|one| one == currency)
        {
            "currency_not_supported"
        } else {
            return Ok(());
        };
        Err(Fault::forbidden(refused))
    }

    /// As members of the settings.
    pub(super) fn members(&self) -> Object {
        let word = |on| if on { "on" } else { "off" };
        Map::from_iter([
            ("schemes".to_owned(), json!(self.schemes)),
            ("processors".to_owned(), json!(self.processors)),
            ("amex_currencies".to_owned(), json!(self.amex_currencies)),
            ("processing_channel".to_owned(), word(self.channel).into()),
            ("vault".to_owned(), word(self.vault).into()),
        ])
    }

    /// Takes over the members that are given.
    pub(super) fn change(&mut self, reader: &mut Reader) {
        for (name, slot) in [("schemes", &mut self.schemes), ("processors", &mut self.processors)] {
            if let Some(words) = reader.words(name, SCHEMES) {
                *slot = words;
            }
        }
        if let Some(list) = reader.raw("amex_currencies") {
            let code = |value: &Value| {
                let text =
                    value.as_str().filter(|text| text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()));
                text.map(str::to_owned)
            };
            match list.as_array().and_then(|list| list.iter().map(code).collect::<Option<Vec<_>>>()) {
                Some(list) => self.amex_currencies = list,
                None => reader.findings.invalid("amex_currencies"),
            }
        }
        for (name, slot) in [("processing_channel", &mut self.channel), ("vault", &mut self.vault)] {
            *slot = reader.word(name, Need::May, &[("on", &[]), ("off", &[])]).map_or(*slot, |word| word == "on");
        }
    }
}
