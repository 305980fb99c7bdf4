//! The requests after `POST /sessions`: the 3DS Method's result, and the payment.
//! Source: sessions-api.md 2.4, 8.

use super::kind::Kind::{self, Boolean, CardNumber, Currency, Integer, Object, OneOf, Text};
use super::{Condition, Field, Group, row, words};
use crate::model::draft::Body;

const fn pay(pointer: &'static str, kind: Kind, help: &'static str) -> Field {
    row(Body::Payment, Group::Payment, "8", pointer, kind, help)
}

/// The largest whole number that every JSON reader keeps exact.
const MOST: i64 = 9_007_199_254_740_991;

pub(super) const ROWS: &[Field] = &[
    row(
        Body::Fingerprint,
        Group::Fingerprint,
        "2.4",
        "/three_ds_method_completion",
        OneOf(words::METHOD_RESULTS),
        "How the 3DS Method went; U if the page did not answer within 10 seconds",
    )
    .when(Condition::Console)
    .default("how it really went")
    .emv("threeDSCompInd"),
    pay("/source", Object, "What is paid with").when(Condition::Console).default("the session's card"),
    pay("/source/type", OneOf(words::SOURCE_TYPES), "Where the card's details come from").default("card"),
    pay("/source/number", CardNumber, "The card number").default("the session's"),
    pay("/source/expiry_month", Integer(1, 12), "Month in which the card expires").default("the session's"),
    pay("/source/expiry_year", Integer(1000, 9999), "Year in which the card expires").default("the session's"),
    pay("/source/id", Text(1, 100), "A stored card").default("the session's"),
    pay("/source/token", Text(1, 100), "A single-use token").default("the session's"),
    pay("/amount", Integer(0, MOST), "In minor units; another amount than the session's makes its proof worthless")
        .when(Condition::Console)
        .default("the session's"),
    pay("/currency", Currency, "Three letters of ISO 4217").when(Condition::Console).default("the session's"),
    pay("/reference", Text(0, 100), "The shop's own order number").default("the session's"),
    pay("/3ds", Object, "What 3-D Secure said").when(Condition::Console).default("the session's id"),
    pay("/3ds/enabled", Boolean, "True: use what 3-D Secure said").default("true"),
    pay("/3ds/authentication_id", Text(1, 30), "The session, if the same gateway authenticated")
        .default("the session's id"),
    pay("/3ds/eci", Text(1, 2), "The electronic commerce indicator, for a result of another gateway").emv("eci"),
    pay("/3ds/cryptogram", Text(1, 50), "The proof of authentication, byte by byte").emv("authenticationValue"),
    pay("/3ds/xid", Text(1, 100), "3DS 1 xid; for Mastercard the directory server's transaction id").emv("dsTransID"),
    pay("/3ds/version", Text(1, 10), "The session's protocol_version").default("1.0.0").emv("messageVersion"),
    pay("/3ds/exemption", Text(1, 50), "The exemption that was applied").late(),
    pay("/3ds/challenge_indicator", OneOf(words::PAYMENT_INDICATORS), "What the shop would like").late(),
    pay("/3ds/allow_upgrade", Boolean, "Go on with 3-D Secure if the bank asks for it").late(),
    pay("/3ds/status", Text(1, 1), "The transStatus: Y, A, I, …").emv("transStatus").late(),
    pay("/3ds/authentication_date", Kind::Moment, "When the shopper was authenticated").late(),
    pay("/3ds/authentication_amount", Integer(0, MOST), "The amount that was authenticated, in minor units").late(),
    pay("/3ds/flow_type", Text(1, 50), "challenged, frictionless or frictionless_delegated").late(),
    pay("/3ds/status_reason_code", Text(1, 2), "The transStatusReason").emv("transStatusReason").late(),
    pay("/3ds/challenge_cancel_reason", Text(1, 50), "Why a challenge was cancelled").emv("challengeCancel").late(),
    pay("/3ds/score", Text(1, 10), "Cartes Bancaires' risk score").late(),
    pay("/3ds/cryptogram_algorithm", Text(1, 2), "How the cryptogram was made").late(),
    pay("/3ds/initial_authentication", Object, "The authentication that this one follows").late(),
];
