//! What banks weigh beside the card: account history, merchant risk, shipping address.
//! Source: sessions-api.md 3.3, 3.5, 3.6.

use super::kind::Kind::{self, Boolean, Country, Digits, Integer, Moment, Object, OneOf, Text};
use super::{Field, Group, row, words};
use crate::model::draft::Body;

const fn account(pointer: &'static str, kind: Kind, help: &'static str) -> Field {
    row(Body::Session, Group::Account, "3.3", pointer, kind, help)
}

const fn risk(pointer: &'static str, kind: Kind, help: &'static str) -> Field {
    row(Body::Session, Group::Risk, "3.5", pointer, kind, help)
}

const fn shipping(pointer: &'static str, kind: Kind, help: &'static str) -> Field {
    row(Body::Session, Group::Shipping, "3.6", pointer, kind, help)
}

pub(super) const ACCOUNT: &[Field] = &[
    account("/account_info", Object, "The shopper's history with this shop"),
    account("/account_info/purchase_count", Integer(0, 9999), "Purchases in the last six months")
        .emv("nbPurchaseAccount"),
    account("/account_info/account_age", OneOf(words::ACCOUNT_AGES), "How old the shopper's account is")
        .emv("chAccAgeInd"),
    account("/account_info/add_card_attempts", Integer(0, 999), "Cards added in the last 24 hours")
        .emv("provisionAttemptsDay"),
    account("/account_info/shipping_address_age", OneOf(words::AGES), "When this shipping address was first used")
        .emv("shipAddressUsageInd"),
    account("/account_info/account_name_matches_shipping_name", Boolean, "The account's name is the parcel's name")
        .emv("shipNameIndicator"),
    account("/account_info/suspicious_account_activity", Boolean, "The shop has seen suspicious activity")
        .emv("suspiciousAccActivity"),
    account("/account_info/transactions_today", Integer(0, 999), "Purchases in the last 24 hours")
        .emv("txnActivityDay"),
    account("/account_info/authentication_method", OneOf(words::LOGINS), "How the shopper logged in")
        .emv("threeDSReqAuthMethod"),
    account(
        "/account_info/cardholder_account_age_indicator",
        OneOf(words::CARDHOLDER_AGES),
        "How old the shopper's account is, in the newer words",
    )
    .emv("chAccAgeInd")
    .late(),
    account("/account_info/account_change", Moment, "When the account was last changed").emv("chAccChange").late(),
    account("/account_info/account_change_indicator", OneOf(words::AGES), "How long ago the account was changed")
        .emv("chAccChangeInd")
        .late(),
    account("/account_info/account_date", Moment, "When the account was opened").emv("chAccDate").late(),
    account("/account_info/account_password_change", Moment, "When the password was last changed")
        .emv("chAccPwChange")
        .late(),
    account(
        "/account_info/account_password_change_indicator",
        OneOf(words::PASSWORD_AGES),
        "How long ago the password was changed",
    )
    .emv("chAccPwChangeInd")
    .late(),
    account("/account_info/transactions_per_year", Integer(0, 999), "Purchases last year; 999 means 999 or more")
        .emv("txnActivityYear")
        .late(),
    account("/account_info/payment_account_age", Moment, "When this card was added to the account")
        .emv("paymentAccAge")
        .late(),
    account("/account_info/shipping_address_usage", Moment, "When this shipping address was first used")
        .emv("shipAddressUsage")
        .late(),
    account("/account_info/account_type", OneOf(words::ACCOUNT_TYPES), "Which account of a multi-account card")
        .emv("acctType")
        .late(),
    account("/account_info/account_id", Text(0, 64), "The shop's own name for the account").emv("acctID").late(),
    account("/account_info/three_ds_requestor_authentication_info", Object, "How the shop checked the shopper").late(),
    account(
        "/account_info/three_ds_requestor_authentication_info/three_ds_req_auth_method",
        OneOf(words::REQUESTOR_LOGINS),
        "How the shopper logged in",
    )
    .emv("threeDSReqAuthMethod")
    .late(),
    account(
        "/account_info/three_ds_requestor_authentication_info/three_ds_req_auth_timestamp",
        Moment,
        "When the shopper logged in",
    )
    .emv("threeDSReqAuthTimestamp")
    .late(),
    account(
        "/account_info/three_ds_requestor_authentication_info/three_ds_req_auth_data",
        Text(0, 20_000),
        "Proof of the login, for example signed FIDO data",
    )
    .emv("threeDSReqAuthData")
    .late(),
];

pub(super) const RISK: &[Field] = &[
    risk("/merchant_risk_info", Object, "What the shop knows of the risk in this order"),
    risk("/merchant_risk_info/delivery_email", Text(0, 254), "Where electronic goods are sent")
        .emv("deliveryEmailAddress"),
    risk("/merchant_risk_info/delivery_timeframe", OneOf(words::DELIVERY), "How fast it is delivered")
        .emv("deliveryTimeframe"),
    risk("/merchant_risk_info/is_preorder", Boolean, "Ordered before it is in stock").emv("preOrderPurchaseInd"),
    risk("/merchant_risk_info/is_reorder", Boolean, "Bought before").emv("reorderItemsInd"),
    risk("/merchant_risk_info/shipping_indicator", OneOf(words::SHIPPING), "Where it is shipped to")
        .emv("shipIndicator"),
    risk("/merchant_risk_info/reorder_items_indicator", OneOf(words::REORDER), "Whether it was bought before")
        .emv("reorderItemsInd")
        .late(),
    risk("/merchant_risk_info/pre_order_purchase_indicator", OneOf(words::PREORDER), "Whether it is in stock")
        .emv("preOrderPurchaseInd")
        .late(),
    risk("/merchant_risk_info/pre_order_date", Moment, "When it will be in stock").emv("preOrderDate").late(),
    risk("/merchant_risk_info/gift_card_amount", Text(0, 15), "Gift cards in this order, in major units")
        .emv("giftCardAmount")
        .late(),
    risk("/merchant_risk_info/gift_card_currency", Text(3, 3), "Their currency, three letters")
        .emv("giftCardCurr")
        .late(),
    risk("/merchant_risk_info/gift_card_count", Digits(0, 2), "How many gift cards, two digits")
        .emv("giftCardCount")
        .late(),
];

pub(super) const SHIPPING: &[Field] = &[
    shipping("/shipping_address", Object, "Where the goods go"),
    shipping("/shipping_address/address_line1", Text(0, 50), "Street and number").emv("shipAddrLine1"),
    shipping("/shipping_address/address_line2", Text(0, 50), "Further line of the address").emv("shipAddrLine2"),
    shipping("/shipping_address/address_line3", Text(0, 50), "Further line of the address").emv("shipAddrLine3"),
    shipping("/shipping_address/city", Text(0, 50), "City").emv("shipAddrCity"),
    shipping("/shipping_address/state", Text(0, 3), "Subdivision of ISO 3166-2, without the country")
        .emv("shipAddrState"),
    shipping("/shipping_address/zip", Text(0, 16), "Postal code").emv("shipAddrPostCode"),
    shipping("/shipping_address/country", Country, "Two letters of ISO 3166").emv("shipAddrCountry"),
    row(
        Body::Session,
        Group::Shipping,
        "3.1",
        "/shipping_address_matches_billing",
        Boolean,
        "The goods go where the bank's letters go",
    )
    .emv("addrMatch"),
];
