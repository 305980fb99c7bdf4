//! The top level of `POST /sessions` and its small objects: purchase, completion,
//! schedules, earlier authentications, optimisation. Source: sessions-api.md 3.1, 3.8, 3.9.

use super::kind::Kind::{
    self, Address, AnyText, Boolean, Currency, Day, Descriptor, Id, Integer, List, ListOf, Object, OneOf, Text,
};
use super::{Condition, Field, Group, row, words};
use crate::model::draft::{Body, Completion};

/// The largest whole number that every JSON reader keeps exact.
const MOST: i64 = 9_007_199_254_740_991;
/// Days between two payments: no limit above is documented, so what a reader of 32 bits takes.
const DAYS: Kind = Integer(1, i32::MAX as i64);

const fn buy(pointer: &'static str, kind: Kind, help: &'static str) -> Field {
    row(Body::Session, Group::Purchase, "3.1", pointer, kind, help)
}

const fn end(pointer: &'static str, kind: Kind, help: &'static str) -> Field {
    row(Body::Session, Group::Completion, "3.8", pointer, kind, help)
}

const fn plan(pointer: &'static str, kind: Kind, help: &'static str) -> Field {
    row(Body::Session, Group::Recurring, "3.1", pointer, kind, help)
}

const fn prior(pointer: &'static str, kind: Kind, help: &'static str) -> Field {
    row(Body::Session, Group::Earlier, "3.9", pointer, kind, help)
}

const fn device(pointer: &'static str, kind: Kind, help: &'static str) -> Field {
    row(Body::Session, Group::Device, "3.1", pointer, kind, help)
}

pub(super) const BEFORE_ACCOUNT: &[Field] = &[
    buy("/amount", Integer(0, MOST), "In minor units: 6540 is USD 65.40. Left out, nothing is paid")
        .when(Condition::Scheduled)
        .default("nothing is paid, and 3-D Secure 1 is impossible")
        .emv("purchaseAmount"),
    buy("/currency", Currency, "Three letters of ISO 4217").required().emv("purchaseCurrency"),
    buy("/processing_channel_id", Id("pc_"), "pc_ and 26 characters; required only if the token carries none")
        .default("the profile's channel, or the token's"),
    buy("/marketplace", Object, "For payment facilitators: the shop in whose name this is done"),
    buy("/marketplace/sub_entity_id", Id("ent_"), "The sub-entity in whose name this is done"),
    buy("/authentication_type", OneOf(words::AUTHENTICATION_TYPES), "What the authentication is for")
        .default("regular")
        .emv("threeDSRequestorAuthenticationInd"),
    buy("/authentication_category", OneOf(words::CATEGORIES), "Whether money is to move")
        .default("payment, or non_payment without an amount")
        .emv("messageCategory"),
];

pub(super) const BEFORE_RISK: &[Field] = &[
    buy("/challenge_indicator", OneOf(words::CHALLENGE_INDICATORS), "What the shop would like; the bank decides")
        .default("no_preference")
        .emv("threeDSRequestorChallengeInd"),
    buy("/billing_descriptor", Object, "How the shop is called in the bank's window"),
    buy("/billing_descriptor/name", Descriptor, "The shop's name in the bank's window").emv("merchantName"),
    buy("/reference", Text(0, 100), "The shop's own order number; no card data in it"),
];

pub(super) const BEFORE_SHIPPING: &[Field] = &[
    prior(
        "/prior_transaction_reference",
        Text(0, 36),
        "The bank's transaction id of an earlier authentication; initial_transaction replaced it",
    )
    .emv("threeDSReqPriorRef"),
    buy("/transaction_type", OneOf(words::TRANSACTION_TYPES), "What is bought")
        .default("goods_service")
        .emv("transType"),
];

pub(super) const LAST: &[Field] = &[
    plan("/recurring", Object, "The series that starts here").of_kind("recurring"),
    plan("/recurring/days_between_payments", DAYS, "Days between two payments")
        .default("1")
        .emv("recurringFrequency")
        .of_kind("recurring"),
    plan("/recurring/expiry", Day, "Day of the last payment, yyyyMMdd")
        .default("99991231")
        .emv("recurringExpiry")
        .of_kind("recurring"),
    plan("/installment", Object, "The parts in which one purchase is paid").of_kind("installment"),
    plan("/installment/number_of_payments", Integer(2, 999), "How many payments")
        .when(Condition::Instalments)
        .emv("purchaseInstalData")
        .of_kind("installment"),
    plan("/installment/days_between_payments", DAYS, "Days between two payments")
        .default("1")
        .emv("recurringFrequency")
        .of_kind("installment"),
    plan("/installment/expiry", Day, "Day of the last payment, yyyyMMdd")
        .default("99991231")
        .emv("recurringExpiry")
        .of_kind("installment"),
    prior("/initial_transaction", Object, "The authentication that this one follows"),
    prior("/initial_transaction/acs_transaction_id", Text(0, 36), "The bank's transaction id of that authentication")
        .emv("threeDSReqPriorRef"),
    prior(
        "/initial_transaction/authentication_method",
        AnyText,
        "How the shopper was checked: frictionless_authentication, challenge_occurred, avs_verified, other_issuer_methods",
    )
    .emv("threeDSReqPriorAuthMethod"),
    prior("/initial_transaction/authentication_timestamp", AnyText, "When, in ISO 8601")
        .emv("threeDSReqPriorAuthTimestamp"),
    prior("/initial_transaction/authentication_data", Text(0, 2048), "What that authentication left behind")
        .emv("threeDSReqPriorAuthData"),
    prior(
        "/initial_transaction/initial_session_id",
        Id("sid_"),
        "The earlier session; the API fills the other members from it",
    ),
    device("/optimization", Object, "Whether the API may change the request for better results"),
    device("/optimization/framework", AnyText, "What to optimise for: acceptance_rates"),
    device("/optimization/optimized", Boolean, "Whether the request was optimised"),
    device("/optimization/optimized_properties", List, "What was changed: field, original_value, optimized_value"),
    device("/device_information", Object, "What the shop's own scripts know of the device").late(),
    device("/device_information/device_id", AnyText, "The shop's own name for the device").late(),
    device("/device_information/device_session_id", AnyText, "dsid_ and 26 characters; free text is taken")
        .late(),
    device("/google_spa", Object, "For Google secure payment, non-hosted only").late(),
    device("/google_spa/continue_url", Address, "Where Google's page goes back to; non-hosted only").late(),
    device("/preferred_experiences", ListOf(words::EXPERIENCES, 0), "Which ways to check the shopper to try, in order")
        .default("[\"3ds\"]")
        .late(),
];

/// `completion` stands between the shipping address and the channel data.
pub(super) const COMPLETION: &[Field] = &[
    end("/completion", Object, "How the session comes to its end").required(),
    end("/completion/type", OneOf(words::COMPLETIONS), "Who does the shopper's part: the API's page, or we").required(),
    end("/completion/success_url", Address, "Where the browser goes after a success")
        .required()
        .of_completion(Completion::Hosted),
    end("/completion/failure_url", Address, "Where the browser goes after a failure")
        .required()
        .of_completion(Completion::Hosted),
    end("/completion/callback_url", Address, "Where the API posts the result when the session is completed")
        .default("nobody is called"),
    end(
        "/completion/challenge_notification_url",
        Address,
        "Where the bank's page posts the CRes when the challenge is over",
    )
    .default("an endpoint of the API")
    .emv("notificationURL")
    .late()
    .of_completion(Completion::NonHosted),
];
