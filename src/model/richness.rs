//! How much a bank would learn from a draft: rich data are what lets a bank decide without
//! asking the shopper. The weights are ours, after what issuers say they look at; the score
//! is a share of what this channel could give. Source: emv-3ds.md 4.4.

use std::borrow::Cow;

use serde_json::Value;

use super::draft::{Body, Channel, Completion, Draft};
use super::exchange::Step;
use super::fields::{self, Field};
use super::run::Run;

/// Below this score the advice L46 is given, percent.
pub const THRESHOLD: u8 = 50;

/// What a bank would learn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Richness {
    /// 0 to 100.
    pub score: u8,
    /// Each group: name, points had, points there are.
    pub groups: Vec<(&'static str, u8, u8)>,
    /// What is not given, heaviest first.
    pub missing: Vec<Missing>,
}

/// Something that is not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The name people read.
    pub name: &'static str,
    /// The document in which it would stand.
    pub body: Body,
    /// The place in that document, as JSON pointer.
    pub pointer: String,
    /// Why it matters, in one sentence.
    pub why: &'static str,
    /// What it would add to the score, percent.
    pub weight: u8,
}

/// One thing that banks weigh: given if any of its places is filled; a missing one is
/// given at the first.
struct Item {
    group: &'static str,
    name: &'static str,
    weight: u8,
    places: &'static [&'static str],
    why: &'static str,
}

const fn item(
    group: &'static str,
    weight: u8,
    name: &'static str,
    places: &'static [&'static str],
    why: &'static str,
) -> Item {
    Item { group, name, weight, places, why }
}

/// What every channel can give.
const ITEMS: &[Item] = &[
    item("Cardholder", 8, "Cardholder name", &["/source/name"], "It is held against the name on the account"),
    item("Contact", 12, "E-mail", &["/source/email"], "An address the bank has seen before is the best sign there is"),
    item("Contact", 10, "Mobile phone", &["/source/mobile_phone/number"], "It is held against the number on file"),
    item("Contact", 2, "Home phone", &["/source/home_phone/number"], "One more number to recognise"),
    item("Contact", 1, "Work phone", &["/source/work_phone/number"], "One more number to recognise"),
    item(
        "Address",
        5,
        "Billing street",
        &["/source/billing_address/address_line1"],
        "Held against the bank's own file",
    ),
    item("Address", 3, "Billing city", &["/source/billing_address/city"], "Held against the bank's own file"),
    item(
        "Address",
        5,
        "Billing postcode",
        &["/source/billing_address/zip"],
        "The part of an address banks compare first",
    ),
    item(
        "Address",
        4,
        "Billing country",
        &["/source/billing_address/country"],
        "A country that fits card and network calms",
    ),
    item(
        "Address",
        5,
        "Shipping address",
        &["/shipping_address/address_line1"],
        "Goods to a known place are rarely fraud",
    ),
    item(
        "Address",
        3,
        "Same addresses",
        &["/shipping_address_matches_billing"],
        "Goods that go where the letters go are rarely fraud",
    ),
    item(
        "Account history",
        7,
        "Account age",
        &["/account_info/account_age", "/account_info/cardholder_account_age_indicator", "/account_info/account_date"],
        "Stolen cards come with fresh accounts",
    ),
    item(
        "Account history",
        5,
        "Purchases",
        &["/account_info/purchase_count", "/account_info/transactions_per_year", "/account_info/transactions_today"],
        "A shopper who has bought before is known",
    ),
    item(
        "Account history",
        5,
        "Login",
        &[
            "/account_info/authentication_method",
            "/account_info/three_ds_requestor_authentication_info/three_ds_req_auth_method",
        ],
        "A shop that checked its shopper has done part of the bank's work",
    ),
    item(
        "Account history",
        3,
        "Account changes",
        &[
            "/account_info/account_change_indicator",
            "/account_info/account_change",
            "/account_info/account_password_change_indicator",
            "/account_info/account_password_change",
        ],
        "A password changed today is how a taken-over account looks",
    ),
    item(
        "Account history",
        3,
        "Card age",
        &["/account_info/payment_account_age", "/account_info/add_card_attempts"],
        "A card that has been on file for long is safe",
    ),
    item(
        "Risk",
        5,
        "Shipping kind",
        &["/merchant_risk_info/shipping_indicator"],
        "Where goods go says how easily they vanish",
    ),
    item(
        "Risk",
        3,
        "Delivery time",
        &["/merchant_risk_info/delivery_timeframe"],
        "Instant goods are what thieves like",
    ),
    item(
        "Risk",
        2,
        "Reorder",
        &["/merchant_risk_info/reorder_items_indicator", "/merchant_risk_info/is_reorder"],
        "Nobody steals a card for the usual coffee",
    ),
];

const BROWSER: &[Item] = &[
    item("Device", 3, "IP address", &["/ip_address"], "It says where the shopper is"),
    item("Device", 2, "User agent", &["/user_agent"], "It helps to recognise the browser"),
    item("Device", 1, "Language", &["/language"], "It should fit the shopper"),
    item("Device", 1, "Time zone", &["/timezone"], "It should fit the IP address"),
    item("Device", 1, "Screen", &["/screen_width", "/screen_height"], "It helps to recognise the device"),
    item("Device", 1, "Colours", &["/color_depth"], "It helps to recognise the device"),
];
const APP: &[Item] = &[
    item("Device", 6, "Device data", &["/sdk_encrypted_data"], "The app knows the device better than any browser"),
    item("Device", 3, "App installation", &["/sdk_app_id"], "An installation the bank has seen before calms"),
];
const INITIATED: &[Item] = &[item(
    "Device",
    9,
    "Earlier authentication",
    &[
        "/initial_transaction/initial_session_id",
        "/initial_transaction/acs_transaction_id",
        "/prior_transaction_reference",
    ],
    "With no shopper there, the earlier check is all the bank can lean on",
)];

/// Weighs a draft.
pub fn of(draft: &Draft) -> Richness {
    weigh(draft.channel, |_, field| filled(draft.get(field)), |field| draft.at(field))
}

/// Weighs what a run really sent, so that it can be told what the bank was given; `None` before
/// there was a request. A hosted page collects the browser's data by itself.
pub fn of_run(run: &Run) -> Option<Richness> {
    let body = |step| run.newest_exchange(Some(step)).and_then(|exchange| super::payload::tree(&exchange.request.body));
    let session = body(Step::Create)?;
    let collect = body(Step::Collect);
    let hosted = run.plan.completion == Completion::Hosted;
    let inline = session.get("channel_data").filter(|data| !data.is_null());
    let data = collect.as_ref().or(inline);
    let given = |body: Body, field: &Field| match body {
        Body::Session => filled(session.pointer(field.pointer)),
        _ => hosted || filled(data.and_then(|data| data.pointer(field.pointer))),
    };
    Some(weigh(run.progress.channel(), given, |field| (field.body, Cow::Borrowed(field.pointer))))
}

/// `given` says whether a field was filled in, `at` where it would stand.
fn weigh<'a>(
    channel: Channel,
    given: impl Fn(Body, &Field) -> bool,
    at: impl Fn(&'static Field) -> (Body, Cow<'a, str>),
) -> Richness {
    let (body, of_channel) = match channel {
        Channel::Browser => (Body::Browser, BROWSER),
        Channel::App => (Body::App, APP),
        Channel::MerchantInitiated => (Body::Session, INITIATED),
    };
    let items = ITEMS.iter().map(|item| (Body::Session, item)).chain(of_channel.iter().map(|item| (body, item)));
    let mut richness = Richness { score: 0, groups: Vec::new(), missing: Vec::new() };
    for (body, item) in items {
        let mut places = item.places.iter().filter_map(|place| fields::find(body, place));
        let given = places.any(|field| given(body, field));
        let had = if given { item.weight } else { 0 };
        richness.score += had;
        match richness.groups.iter_mut().find(|(name, ..)| *name == item.group) {
            Some((_, have, of)) => (*have, *of) = (*have + had, *of + item.weight),
            None => richness.groups.push((item.group, had, item.weight)),
        }
        let first = item.places.first().and_then(|place| fields::find(body, place));
        if let (false, Some(field)) = (given, first) {
            let (body, pointer) = at(field);
            let (name, why, weight) = (item.name, item.why, item.weight);
            richness.missing.push(Missing { name, body, pointer: pointer.into_owned(), why, weight });
        }
    }
    richness.missing.sort_by_key(|missing| std::cmp::Reverse(missing.weight)); // stable: form order among equals
    richness
}

fn filled(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.trim().is_empty() && text != super::devices::UNREADABLE,
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_channel_can_reach_a_hundred_and_every_place_is_a_field() {
        for (body, of_channel) in [(Body::Browser, BROWSER), (Body::App, APP), (Body::Session, INITIATED)] {
            let total: u32 = ITEMS.iter().chain(of_channel).map(|item| u32::from(item.weight)).sum();
            assert_eq!(total, 100);
            for (body, items) in [(Body::Session, ITEMS), (body, of_channel)] {
                for place in items.iter().flat_map(|item| item.places) {
                    assert!(fields::find(body, place).is_some(), "{place}");
                }
            }
        }
    }

    #[test]
    fn what_is_given_counts_and_what_is_not_is_named_heaviest_first() {
        let mut draft = Draft::default();
        let before = of(&draft);
        assert!(before.score >= THRESHOLD, "{before:?}");
        assert_eq!(before.missing.first().map(|missing| missing.name), Some("Account age"));
        draft.doc_mut(Body::Session).set("/source/email", Some(json!(" ")));
        let after = of(&draft);
        assert_eq!(after.score, before.score - 12);
        assert_eq!(after.missing.first().map(|missing| missing.pointer.as_str()), Some("/source/email"));
        draft.set_inline(true);
        draft.doc_mut(Body::Session).set("/channel_data/ip_address", None);
        let inline = of(&draft);
        let missing = inline.missing.iter().find(|missing| missing.name == "IP address").expect("missing");
        assert_eq!((missing.body, missing.pointer.as_str()), (Body::Session, "/channel_data/ip_address"));
        assert_eq!(of(&draft).groups.iter().map(|(_, _, of)| u32::from(*of)).sum::<u32>(), 100);
    }
}
