//! Members of the flows without a page of the bank: decoupled, without the shopper, recurring,
//! with a token, confirmed in the browser; card ranges; what the shop says of earlier proof.
//! Source: emv-3ds.md 1.3, 1.5, 1.6, 1.8, 3.5, 3.6.

use super::{Entry, Kind, of};
use crate::model::codes;
use crate::model::fields::Kind as Field;

use Field::{AnyText, Constant, Digits, List, ListOf, Object, OneOf, Text, Uuid};
use Kind::{Amount, Currency, Is, Url, Varies};

/// As the module says.
pub(super) const MEMBERS: &[Entry] = &[
    of(
        "authenticationMethod",
        "",
        Is(ListOf(codes::METHODS, 1)),
        "How the bank asks the shopper, from 2.3.1 on; before, authenticationType.",
        "",
    ),
    of(
        "acsDecConInd",
        "decoupled?",
        Is(OneOf(codes::YES_NO)),
        "Whether the bank will ask by a way of its own.",
        "With D it is Y: the result comes by RReq, in minutes or days.",
    ),
    of(
        "threeDSRequestorAuthenticationInfo",
        "how the shopper signed in",
        Varies,
        "How the shop knows its shopper; from 2.3.1 on up to three of them.",
        "Strong proof makes a challenge less likely, and carries a delegated authentication.",
    ),
    of("threeDSReqAuthTimestamp", "", Is(Digits(12, 12)), "When the shopper signed in: UTC, YYYYMMDDHHMM.", ""),
    of("threeDSReqAuthData", "", Is(AnyText), "Proof of it, in a form that bank and shop agreed on.", ""),
    of(
        "threeDSRequestorPriorAuthenticationInfo",
        "earlier authentication",
        Varies,
        "The earlier authentication that this one leans on; from 2.3.1 on up to three of them.",
        "Without it the bank has nothing to lean on where no shopper is there.",
    ),
    of(
        "threeDSReqPriorRef",
        "earlier bank's or directory's id",
        Is(Uuid),
        "The acsTransID or dsTransID of the earlier authentication.",
        "It must be the one that the same bank gave.",
    ),
    of("threeDSReqPriorAuthTimestamp", "", Is(Digits(12, 12)), "When that was: UTC, YYYYMMDDHHMM.", ""),
    of("threeDSReqPriorAuthData", "", Is(AnyText), "Proof of it, in a form that bank and shop agreed on.", ""),
    of(
        "threeDSRequestorID",
        "shop's id at the directory",
        Is(Text(1, 35)),
        "The shop, as the directory server knows it.",
        "",
    ),
    of("threeDSRequestorName", "", Is(Text(1, 40)), "The shop's name, as the directory server knows it.", ""),
    of(
        "threeDSMethodId",
        "earlier 3DS Method",
        Is(Uuid),
        "The 3DS Method of the last ten minutes that counts for this one too, from 2.3.1 on.",
        "",
    ),
    of(
        "threeDSRequestorSpcSupport",
        "confirms in the browser?",
        Is(Constant("Y")),
        "The shop's page can confirm with finger or face (SPC), from 2.3.1 on.",
        "Without it the bank cannot answer S.",
    ),
    of("spcTransData", "what the browser confirms", Is(Object), "What the browser shows and signs, from 2.3.1 on.", ""),
    of(
        "spcIncompInd",
        "",
        Is(OneOf(codes::SPC_INCOMPLETE)),
        "Why the confirmation in the browser brought no proof.",
        "The bank then decides without it.",
    ),
    of(
        "purchaseInstalData",
        "instalments",
        Is(Digits(1, 3)),
        "How many instalments the shopper agreed to: more than one.",
        "Required with authentication 03; without it the receiver answers error 201.",
    ),
    of(
        "recurringExpiry",
        "YYYYMMDD",
        Is(Digits(8, 8)),
        "After which day no further payment is taken.",
        "Required with recurring and instalment payments; without it the receiver answers error 201.",
    ),
    of(
        "recurringFrequency",
        "days",
        Is(Digits(1, 4)),
        "The least number of days between two payments.",
        "Required with recurring and instalment payments; 28 stands for a month.",
    ),
    of("recurringInd", "what is fixed", Is(Object), "Whether amount and interval are fixed, from 2.3.1 on.", ""),
    of("amountInd", "", Is(OneOf(codes::FIXED)), "Whether each payment has the same amount.", ""),
    of("frequencyInd", "", Is(OneOf(codes::FIXED)), "Whether payments come at the same interval.", ""),
    of("recurringAmount", "", Amount, "The amount of each payment to come, from 2.3.1 on.", ""),
    of("recurringCurrency", "", Currency, "Its currency, by number.", ""),
    of(
        "recurringExponent",
        "digits after the point",
        Is(Digits(1, 1)),
        "How many digits of it stand after the point.",
        "",
    ),
    of("recurringDate", "YYYYMMDD", Is(Digits(8, 8)), "When the first of them is taken.", ""),
    of(
        "payTokenInd",
        "network token",
        Varies,
        "The shop paid with a network token, which was turned back into the card.",
        "",
    ),
    of("payTokenSource", "", Is(OneOf(codes::TOKEN_SOURCE)), "Who turned the token back into the card.", ""),
    of("acctID", "shop's name for the account", Is(Text(1, 64)), "The shopper's account at the shop.", ""),
    of("cardRangeData", "card ranges", Is(List), "The card ranges, each with what its bank can do.", ""),
    of(
        "acsStartProtocolVersion",
        "",
        Is(OneOf(codes::VERSION)),
        "The lowest version that the bank of the range speaks.",
        "",
    ),
    of(
        "acsEndProtocolVersion",
        "",
        Is(OneOf(codes::VERSION)),
        "The highest version that the bank of the range speaks.",
        "",
    ),
    of("dsStartProtocolVersion", "", Is(OneOf(codes::VERSION)), "The lowest version that the directory speaks.", ""),
    of("dsEndProtocolVersion", "", Is(OneOf(codes::VERSION)), "The highest version that the directory speaks.", ""),
    of(
        "acsInfoInd",
        "",
        Is(ListOf(codes::RANGE_INFO, 1)),
        "What the bank of the range can do.",
        "A word that the version does not know is an error.",
    ),
    of("actionInd", "", Is(OneOf(codes::RANGE_ACTION)), "What to do with the range.", ""),
    of("dsURL", "directory's address", Url(2048), "Where the bank sends results.", ""),
];
