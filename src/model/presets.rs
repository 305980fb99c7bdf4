//! Drafts for usual cases. A preset sets what its case is about and puts back what other
//! presets set; card, cardholder, addresses and unknown members stay. Text that is not
//! JSON just now is left as it is.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::draft::{Body, Channel, Completion, Draft};

/// A usual case.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    /// The name people read.
    pub name: &'static str,
    /// What it shows, in one sentence.
    pub shows: &'static str,
    set: fn(&mut Draft),
}

/// A draft kept by the user under a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedPreset {
    /// The name given.
    pub name: String,
    /// All documents as they were typed.
    pub draft: Draft,
}

impl Preset {
    /// The draft with this case set.
    pub fn on(&self, mut draft: Draft) -> Draft {
        if draft.doc(Body::Session).broken().is_some() {
            return draft;
        }
        plain(&mut draft);
        (self.set)(&mut draft);
        draft
    }
}

const fn preset(name: &'static str, shows: &'static str, set: fn(&mut Draft)) -> Preset {
    Preset { name, shows, set }
}

/// All of them, in the order shown.
pub const ALL: [Preset; 10] = [
    preset("First payment", "An ordinary purchase in a browser: the bank decides whether to ask", |draft| {
        draft.set_channel(Channel::Browser);
    }),
    preset(
        "Subscription set-up",
        "The first of a series: the shopper must be asked once, so that later payments need nobody",
        |draft| {
            put(draft, "/authentication_type", json!("recurring"));
            put(draft, "/recurring", json!({ "days_between_payments": 30, "expiry": "{{date+730d}}" }));
            put(draft, "/challenge_indicator", json!("challenge_requested_mandate"));
        },
    ),
    preset(
        "Merchant-initiated renewal",
        "The next payment of a series, with no shopper there; it leans on the session before, so run a set-up first",
        |draft| {
            draft.set_completion(Completion::NonHosted);
            draft.set_channel(Channel::MerchantInitiated);
            put(draft, "/channel_data/request_type", json!("recurring_transaction"));
            put(draft, "/authentication_type", json!("recurring"));
            put(draft, "/recurring", json!({ "days_between_payments": 30, "expiry": "{{date+730d}}" }));
            put(draft, "/initial_transaction", json!({ "initial_session_id": "{{previous.id}}" }));
        },
    ),
    preset("Add a card", "A card is stored and nothing is paid: only who holds it is checked", |draft| {
        put(draft, "/amount", json!(0));
        put(draft, "/authentication_type", json!("add_card"));
        put(draft, "/authentication_category", json!("non_payment"));
        put(draft, "/challenge_indicator", json!("challenge_requested_mandate"));
    }),
    preset(
        "Low value",
        "Under EUR 30 the shop may ask to skip the check; the fraud risk stays with the shop",
        |draft| {
            put(draft, "/amount", json!(2500));
            put(draft, "/currency", json!("EUR"));
            put(draft, "/challenge_indicator", json!("low_value"));
        },
    ),
    preset(
        "Risk analysis (TRA)",
        "The acquirer found the risk low and asks to skip the check; the fraud risk stays with the shop",
        |draft| {
            put(draft, "/amount", json!(9500));
            put(draft, "/currency", json!("EUR"));
            put(draft, "/challenge_indicator", json!("transaction_risk_assessment"));
        },
    ),
    preset("Trusted shop", "The shopper once told the bank to trust this shop, so no check is needed", |draft| {
        put(draft, "/challenge_indicator", json!("trusted_listing"));
    }),
    preset("Data share", "The bank only takes note: no challenge, no shift of the fraud risk", |draft| {
        put(draft, "/challenge_indicator", json!("data_share"));
    }),
    preset(
        "App",
        "The shopper pays in the shop's app; the app's own device data take the place of a browser",
        |draft| {
            draft.set_completion(Completion::NonHosted);
            draft.set_channel(Channel::App);
        },
    ),
    preset(
        "3-D Secure 1",
        "An amount that the sandbox answers with the old protocol: one redirect, no device data",
        |draft| {
            draft.set_completion(Completion::NonHosted);
            draft.set_channel(Channel::Browser);
            put(draft, "/amount", json!(123_321));
        },
    ),
];

/// What presets set, as an ordinary purchase has it.
fn plain(draft: &mut Draft) {
    if draft.channel == Channel::MerchantInitiated {
        draft.set_channel(Channel::Browser);
    }
    for (pointer, value) in [
        ("/authentication_type", "regular"),
        ("/authentication_category", "payment"),
        ("/challenge_indicator", "no_preference"),
        ("/transaction_type", "goods_service"),
    ] {
        put(draft, pointer, value.into());
    }
    let doc = draft.doc_mut(Body::Session);
    for pointer in ["/recurring", "/installment", "/instalment", "/initial_transaction"] {
        doc.set(pointer, None);
    }
    // Amounts with a meaning of their own: nothing paid, 3-D Secure 1.
    if doc.get("/amount").and_then(Value::as_i64).is_none_or(|amount| matches!(amount, 0 | 123_321)) {
        doc.set("/amount", Some(json!(6540)));
    }
}

fn put(draft: &mut Draft, pointer: &str, value: Value) {
    draft.doc_mut(Body::Session).set(pointer, Some(value));
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::draft::Around;
    use crate::model::template::Values;

    #[test]
    fn every_preset_is_valid_after_every_other_and_keeps_the_card() {
        let now = Timestamp::from_second(1_780_000_000).expect("in range").to_string();
        let previous = json!({"id": "sid_aaaaaaaaaaaaaaaaaaaaaaaaaa"});
        let values = Values {
            now,
            uuid: "c52dd994-63ba-450a-bc48-e7a4957dabc6".into(),
            listener: "http://127.0.0.1:1".into(),
            merchant: "http://127.0.0.1:2".into(),
            previous: Some(std::sync::Arc::new(previous)),
            ..Values::default()
        };
        for completion in [Completion::NonHosted, Completion::Hosted] {
            let mut start = Draft::new(completion);
            start.doc_mut(Body::Session).set("/source/number", Some(json!("5385308360135181")));
            start.doc_mut(Body::Session).set("/mine", Some(json!(1)));
            for first in ALL {
                for second in ALL {
                    let draft = second.on(first.on(start.clone()));
                    let findings = draft.check(&Around::new(&values, true));
                    assert_eq!(findings, [], "{} after {}", second.name, first.name);
                    let body = draft.doc(Body::Session);
                    assert_eq!(body.form_text("/source/number"), "5385308360135181");
                    assert_eq!(body.get("/mine"), Some(&json!(1)));
                    if ![first.name, second.name].contains(&"App") {
                        assert_eq!(second.on(draft.clone()), draft, "{} is the same twice", second.name);
                    }
                }
            }
        }
    }

    #[test]
    fn a_saved_preset_comes_back_as_it_was() {
        let saved = SavedPreset { name: "Mine".into(), draft: ALL[2].on(Draft::default()) };
        let text = serde_json::to_string(&saved).expect("JSON");
        assert_eq!(serde_json::from_str::<SavedPreset>(&text).expect("readable"), saved);
    }

    #[test]
    fn text_under_work_is_left_alone() {
        let mut draft = Draft::default();
        draft.doc_mut(Body::Session).set_text("{\"amount\":".into());
        for preset in ALL {
            assert_eq!(preset.on(draft.clone()), draft, "{}", preset.name);
        }
    }
}
