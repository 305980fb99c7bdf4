//! Who buys and what is known of them: `account_info`, `merchant_risk_info`, addresses.
//! Source: sessions-api.md 3.3, 3.5, 3.6.

use super::{Need, Reader, Words, is_digits};

use Need::May;

/// Source: sessions-api.md 3.3.
pub(super) fn account_info(reader: &mut Reader) {
    const AGES: &Words = &[
        ("this_transaction", &[]),
        ("less_than_thirty_days", &[]),
        ("thirty_to_sixty_days", &[]),
        ("more_than_sixty_days", &[]),
    ];
    reader.integer("purchase_count", May, 0..=9999);
    reader.word("account_age", May, &with("no_account", "created_during_transaction", &AGES[1..]));
    reader.integer("add_card_attempts", May, 0..=999);
    reader.word("shipping_address_age", May, AGES);
    reader.flag("account_name_matches_shipping_name");
    reader.flag("suspicious_account_activity");
    reader.integer("transactions_today", May, 0..=999);
    reader.word("authentication_method", May, AUTHENTICATION_METHODS);
    reader.word("cardholder_account_age_indicator", May, &with("no_account", "this_transaction", &AGES[1..]));
    reader.moment("account_change");
    reader.word("account_change_indicator", May, AGES);
    reader.moment("account_date");
    reader.moment("account_password_change");
    reader.word("account_password_change_indicator", May, &with("no_change", "this_transaction", &AGES[1..]));
    reader.integer("transactions_per_year", May, 0..=999);
    reader.moment("payment_account_age");
    reader.moment("shipping_address_usage");
    reader.word("account_type", May, &[("not_applicable", &[]), ("credit", &[]), ("debit", &[])]);
    reader.text("account_id", May, 0..=64);
    reader.inner("three_ds_requestor_authentication_info", |reader| {
        reader.word("three_ds_req_auth_method", May, REQUESTOR_METHODS);
        reader.moment("three_ds_req_auth_timestamp");
        reader.text("three_ds_req_auth_data", May, 0..=20_000);
    });
}

/// Two words in front of a list of others.
fn with(first: &'static str, second: &'static str, others: &Words) -> Vec<(&'static str, &'static [&'static str])> {
    [(first, [].as_slice()), (second, &[])].into_iter().chain(others.iter().copied()).collect()
}

const AUTHENTICATION_METHODS: &Words = &[
    ("no_authentication", &[]),
    ("own_credentials", &[]),
    ("federated_id", &[]),
    ("issuer_credentials", &[]),
    ("third_party_authentication", &[]),
    ("fido", &[]),
];
const REQUESTOR_METHODS: &Words = &[
    ("no_threeds_requestor_authentication_occurred", &[]),
    ("three3ds_requestor_own_credentials", &[]), // so spelt by the API
    ("federated_id", &[]),
    ("issuer_credentials", &[]),
    ("third_party_authentication", &[]),
    ("fido_authenticator", &[]),
    ("fido_authenticator_fido_assurance_data_signed", &[]),
    ("src_assurance_data", &[]),
];
const SHIPPING: &Words = &[
    ("billing_address", &[]),
    ("another_address_on_file", &[]),
    ("not_on_file", &[]),
    ("store_pick_up", &[]),
    ("digital_goods", &[]),
    ("travel_and_event_no_shipping", &[]),
    ("other", &[]),
    ("visa", &[]), // the only constant of two SDKs
];

/// Source: sessions-api.md 3.5.
pub(super) fn merchant_risk_info(reader: &mut Reader) {
    reader.text("delivery_email", May, 0..=254);
    let times =
        &[("electronic_delivery", [].as_slice()), ("same_day", &[]), ("overnight", &[]), ("two_day_or_more", &[])];
    reader.word("delivery_timeframe", May, times);
    reader.flag("is_preorder");
    reader.flag("is_reorder");
    reader.word("shipping_indicator", May, SHIPPING);
    reader.word("reorder_items_indicator", May, &[("first_time_ordered", &[]), ("reordered", &[])]);
    let availability = &[("merchandise_available", [].as_slice()), ("future_availability", &[])];
    reader.word("pre_order_purchase_indicator", May, availability);
    reader.moment("pre_order_date");
    reader.text("gift_card_amount", May, 0..=15);
    reader.text("gift_card_currency", May, 3..=3);
    reader.matching("gift_card_count", May, |text| is_digits(text, 0..=2));
}

/// Source: sessions-api.md 3.6.
pub(super) fn address(reader: &mut Reader) {
    for name in ["address_line1", "address_line2", "address_line3", "city"] {
        reader.text(name, May, 0..=50);
    }
    reader.text("state", May, 0..=3);
    reader.text("zip", May, 0..=16);
    reader.matching("country", May, |text| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()));
}
