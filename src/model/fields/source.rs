//! `source`: what is paid with, and whose it is. The members of a variant stand before
//! those that all variants share. Source: sessions-api.md 3.2, 3.6.

use super::kind::Kind::{self, Boolean, CardNumber, Country, Digits, Email, Id, Integer, Object, OneOf, Text};
use super::{Field, Group, row, words};
use crate::model::draft::Body;

const CARD: &[&str] = &["card"];
const TOKENS: &[&str] = &["network_token"];
/// Sources that carry an expiry date.
const DATED: &[&str] = &["card", "network_token"];
/// Sources that may say what becomes of the card.
const STORABLE: &[&str] = &["card", "token", "network_token"];

const fn card(pointer: &'static str, kind: Kind, help: &'static str) -> Field {
    row(Body::Session, Group::Card, "3.2", pointer, kind, help)
}

const fn holder(pointer: &'static str, kind: Kind, help: &'static str) -> Field {
    row(Body::Session, Group::Cardholder, "3.2", pointer, kind, help)
}

const fn billing(pointer: &'static str, kind: Kind, help: &'static str) -> Field {
    row(Body::Session, Group::Cardholder, "3.6", pointer, kind, help)
}

const CODE: &str = "Dialling code, not the ISO country";
const NUMBER: &str = "The number without the dialling code, digits only";

pub(super) const ROWS: &[Field] = &[
    card("/source", Object, "What is paid with").required(),
    card("/source/type", OneOf(words::SOURCE_TYPES), "Where the card's details come from").default("card"),
    card("/source/number", CardNumber, "The card number; a test card decides what happens")
        .required()
        .emv("acctNumber")
        .of_sources(CARD),
    card("/source/id", Id("src_"), "A stored card: the instrument id of an earlier answer")
        .required()
        .of_sources(&["id"]),
    card("/source/token", Id("tok_"), "A single-use token of the card").required().of_sources(&["token"]),
    card("/source/token", Digits(9, 19), "The scheme's token, which stands for the card number")
        .required()
        .emv("acctNumber")
        .of_sources(TOKENS),
    card("/source/expiry_month", Integer(1, 12), "Month in which the card expires, 1 to 12")
        .required()
        .emv("cardExpiryDate")
        .of_sources(DATED),
    card("/source/expiry_year", Integer(1000, 9999), "Year in which the card expires, four digits, not past")
        .required()
        .emv("cardExpiryDate")
        .of_sources(DATED),
    holder("/source/name", Text(2, 45), "The cardholder's name as on the card").emv("cardholderName").of_sources(DATED),
    card("/source/stored", Boolean, "True when stored card details are used").default("false").of_sources(DATED),
    card("/source/store_for_future_use", Boolean, "Whether the details will be used again")
        .default("true")
        .of_sources(STORABLE),
    card("/source/scheme", OneOf(words::SCHEMES), "The scheme the cardholder chose on a co-badged card"),
    holder("/source/billing_address", Object, "Where the bank's letters go"),
    billing("/source/billing_address/address_line1", Text(0, 50), "Street and number").emv("billAddrLine1"),
    billing("/source/billing_address/address_line2", Text(0, 50), "Further line of the address").emv("billAddrLine2"),
    billing("/source/billing_address/address_line3", Text(0, 50), "Further line of the address").emv("billAddrLine3"),
    billing("/source/billing_address/city", Text(0, 50), "City").emv("billAddrCity"),
    billing("/source/billing_address/state", Text(0, 3), "Subdivision of ISO 3166-2, without the country")
        .emv("billAddrState"),
    billing("/source/billing_address/zip", Text(0, 16), "Postal code").emv("billAddrPostCode"),
    billing("/source/billing_address/country", Country, "Two letters of ISO 3166").emv("billAddrCountry"),
    holder("/source/home_phone", Object, "The cardholder's phone at home"),
    holder("/source/home_phone/country_code", Digits(1, 3), CODE).required().emv("homePhone.cc"),
    holder("/source/home_phone/number", Digits(1, 15), NUMBER).required().emv("homePhone.subscriber"),
    holder("/source/mobile_phone", Object, "The cardholder's mobile phone"),
    holder("/source/mobile_phone/country_code", Digits(1, 3), CODE).required().emv("mobilePhone.cc"),
    holder("/source/mobile_phone/number", Digits(1, 15), NUMBER).required().emv("mobilePhone.subscriber"),
    holder("/source/work_phone", Object, "The cardholder's phone at work"),
    holder("/source/work_phone/country_code", Digits(1, 3), CODE).required().emv("workPhone.cc"),
    holder("/source/work_phone/number", Digits(1, 15), NUMBER).required().emv("workPhone.subscriber"),
    holder("/source/email", Email, "The cardholder's e-mail address; the bank weighs it").emv("email"),
];
