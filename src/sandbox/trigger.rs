//! Words in a `reference` that force what no card covers: `SBX:RISK;SLOW=200`.
//!
//! Pure: text in, wishes out. A word this sandbox does not know changes nothing.
//! Source: sessions-api.md 7.4.

use std::time::Duration;

use super::answer::Fault;
use super::faults::LONGEST_DELAY;

/// What a reference asks for.
#[derive(Debug, Clone, Default)]
pub(super) struct Triggers {
    pub(super) fault: Option<Fault>,
    /// At most as long as a fault's delay.
    pub(super) slow: Option<Duration>,
    pub(super) risk: bool,
    pub(super) expire: bool,
    pub(super) callback_fails: bool,
    pub(super) exempt: bool,
    pub(super) information: bool,
    pub(super) no_vault: bool,
    pub(super) decoupled: bool,
    pub(super) version: Option<&'static str>,
}

impl Triggers {
    pub(super) fn parse(reference: &str) -> Self {
        let mut triggers = Self::default();
        let Some((_, rest)) = reference.split_once("SBX:") else { return triggers };
        let words = rest.split_whitespace().next().unwrap_or_default();
        for word in words.split(';') {
            triggers.take(word.strip_prefix("SBX:").unwrap_or(word));
        }
        triggers
    }

    /// Without the words that decide what becomes of a session.
    pub(super) fn undecided(self) -> Self {
        Self { fault: None, risk: false, expire: false, information: false, decoupled: false, ..self }
    }

    fn take(&mut self, word: &str) {
        let (word, value) = word.split_once('=').unwrap_or((word, ""));
        match word {
            "SLOW" => self.slow = value.parse().ok().map(|wait| Duration::from_millis(wait).min(LONGEST_DELAY)),
            "RISK" => self.risk = true,
            "EXPIRE" => self.expire = true,
            "CBFAIL" => self.callback_fails = true,
            "EXEMPT" => self.exempt = true,
            "INFO" => self.information = true,
            "DECOUPLED" => self.decoupled = true,
            "NOVAULT" => self.no_vault = true,
            "V210" => self.version = Some("2.1.0"),
            "V220" => self.version = Some("2.2.0"),
            "V231" => self.version = Some("2.3.1"),
            "OUTAGE" => self.fault = Some(Fault::forbidden("scheme_outage")),
            "DSERR" => self.fault = Some(by_code("ds_error")),
            "CODE" if !value.is_empty() => self.fault = Some(by_code(value)),
            status => self.fault = by_status(status).or(self.fault.take()),
        }
    }
}

fn by_status(word: &str) -> Option<Fault> {
    let known = ["401", "403", "409", "429", "500", "501", "502", "503"].contains(&word);
    known.then(|| word.parse().ok().map(Fault::of_status)).flatten()
}

/// The error that carries this code. Source: sessions-api.md 2.6.
fn by_code(code: &str) -> Fault {
    match code {
        "session_not_found" | "instrument_not_found" => Fault::new(404, "not_found", code),
        "session_already_in_use" => Fault::busy(),
        "source_not_supported" => Fault::not_implemented("source_not_supported"),
        "session_callback_failed" => Fault::new(502, "callback_failed", code),
        "session_persistence_failed" | "unknown_error" => Fault::new(500, "internal_server_error", code),
        "rate_limit_exceeded" => Fault::new(429, "too_many_requests", code),
        "card_eligibility_unavailable" | "error_getting_instrument" | "ds_error" => {
            Fault::new(503, "service_not_available", code)
        }
        _ if code.starts_with("unable_to_verify_") => Fault::new(503, "service_not_available", code),
        "update_not_allowed_due_to_state"
        | "operation_not_allowed"
        | "operation_not_allowed_for_scope"
        | "hosted_not_supported_for_app"
        | "three_ds_method_not_supported_for_app"
        | "three_ds_method_not_supported_without_url"
        | "card_not_enrolled"
        | "issuer_not_enrolled"
        | "card_not_eligible"
        | "card_protocol_version_not_supported"
        | "protocol_version_not_supported_by_sdk"
        | "scheme_not_supported"
        | "no_processor_configured_for_card_scheme"
        | "processing_channel_disabled"
        | "currency_not_supported"
        | "scheme_outage"
        | "vault_not_configured_for_processing_channel" => Fault::new(403, "operation_not_allowed", code),
        _ => Fault::new(422, "unprocessable_entity", code),
    }
}
