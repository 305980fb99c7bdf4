//! What a part of the scheme demands of a message that arrives: it can be read, it is for
//! this part, its members are there and have the right form for the version that is spoken.
//!
//! Promises: one pass over the members; the first rule that is broken, in the order of the
//! codes' gravity, with the members named; nothing that the protocol does not list is
//! demanded. Pure. Source: emv-3ds.md 1.8, 3.1, 3.2, 3.6, 3.7, 4.

use bytes::Bytes;

use super::form::Form;
use crate::model::scenario::Version;
use crate::sandbox::given::{Given, Members};

/// Most characters of `errorDescription` and `errorDetail`. Source: emv-3ds.md 3.7.
pub(in crate::sandbox) const LONGEST: usize = 2048;

/// What is wrong with a message: the code of the Erro, and its `errorDetail`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Flaw {
    pub(in crate::sandbox) code: &'static str,
    pub(in crate::sandbox) detail: String,
}

impl Flaw {
    pub(in crate::sandbox) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        if let Some((end, _)) = detail.char_indices().nth(LONGEST) {
            detail.truncate(end);
        }
        Self { code, detail }
    }
}

/// When a member must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Always,
    Never,
    /// Payments.
    Payment,
    /// Browsers.
    Browser,
    /// Browsers in which scripts run.
    Script,
    /// Browsers, from 2.2.0 on; before it must not be there.
    Browser22,
    /// Browsers, from 2.3.1 on.
    Browser231,
    /// Apps.
    App,
    /// Apps, on the first leg only.
    First,
    /// On the second leg only, and there too it may be missing.
    Second,
    /// Merchants who act alone.
    Alone,
    /// On the second leg.
    Relayed,
    /// With `N`, `U`, `R` of a payment.
    Refused,
    /// With `Y`, `A` of a payment.
    Proven,
    /// With `C` to a browser.
    Page,
    /// With `C` to an app.
    Screen,
    /// With `C`.
    Challenge,
    /// With `C` and `D`, before 2.3.1.
    Type,
    /// With `C` and `D`, from 2.3.1 on.
    Method,
    /// With `D`.
    Decoupled,
    /// With `S`; nowhere else.
    Confirm,
    /// Allowed from 2.3.1 on, and only from then on.
    From231,
    /// Allowed in 2.2.0, and only there.
    Only220,
    /// Allowed from 2.2.0 on, and only from then on.
    From220,
    /// Allowed before 2.3.1, and only there.
    Before231,
    /// Apps, from 2.3.1 on; before it must not be there.
    App231,
    /// With `D`; before 2.2.0 it must not be there.
    Consent,
    /// Where the bank may ask by itself, and only there.
    Time,
    /// With payments that come back, before 2.3.1.
    Plan,
    /// With payments that come back, from 2.3.1 on; before it must not be there.
    Plan231,
    /// With instalments.
    Instalments,
    /// With a network token, from 2.2.0 on, and only there.
    Token,
    /// Never where it asks for a challenge and nobody is there.
    Wish,
}

struct Rule(&'static str, Form, Need);

/// A message of the protocol, as its receiver knows it. Rules are sorted by name.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    name: &'static str,
    rules: &'static [Rule],
}

use Form::{
    Address, Any, Bool, Cancel, Country, Cryptogram, Currency, Day, DecoupledTime, DecoupledWish, Depth, Digits,
    Extensions, Ip, Language, Languages, Letter, Minutes, Moment, Name, Object, ObjectOrList, One, Prior, Ranges,
    Reason, RenderOptions, Rendering, Results, Text, TextOrObject, UpTo, UpToOrList, Uuid, Yes,
};
use Need::{
    Alone, Always, App, App231, Before231, Browser, Browser22, Browser231, Challenge, Confirm, Consent, Decoupled,
    First, From220, From231, Instalments, Method, Never, Only220, Page, Payment, Plan, Plan231, Proven, Refused,
    Relayed, Screen, Script, Second, Time, Token, Type, Wish,
};

const YES_NO: &[&str] = &["Y", "N"];
/// Status of a trust list. Source: emv-3ds.md 3.6.
const TRUST: &[&str] = &["Y", "N", "E", "P", "R", "U"];

pub(super) const AREQ: Kind = Kind {
    name: "AReq",
    rules: &[
        Rule("acceptLanguage", Languages, Browser231),
        Rule("acctNumber", Text(19), Always),
        Rule("acquirerBIN", Text(11), Always),
        Rule("acquirerMerchantID", Text(35), Always),
        Rule("browserAcceptHeader", Text(2048), Browser),
        Rule("browserColorDepth", Depth, Script),
        Rule("browserIP", Ip, Browser),
        Rule("browserJavaEnabled", Bool, Script),
        Rule("browserJavascriptEnabled", Bool, Browser22),
        Rule("browserLanguage", Language, Browser),
        Rule("browserScreenHeight", Digits(1, 6), Script),
        Rule("browserScreenWidth", Digits(1, 6), Script),
        Rule("browserTZ", Minutes, Script),
        Rule("browserUserAgent", Text(2048), Browser),
        Rule("cardExpiryDate", Digits(4, 4), Never),
        Rule("cardholderName", Name, Never),
        Rule("deviceChannel", One(&["01", "02", "03"]), Always),
        Rule("deviceInfo", Text(64_000), Second),
        Rule("deviceRenderOptions", RenderOptions, App),
        Rule("dsReferenceNumber", Text(32), Relayed),
        Rule("dsTransID", Uuid, Relayed),
        Rule("dsURL", Address(2048), Relayed),
        Rule("mcc", Digits(4, 4), Always),
        Rule("merchantCountryCode", Country, Always),
        Rule("merchantName", Text(40), Always),
        Rule("messageCategory", One(&["01", "02"]), Always),
        Rule("messageExtension", Extensions, Never),
        Rule("messageType", Any, Always),
        Rule("messageVersion", Any, Always),
        Rule("notificationURL", Address(256), Browser),
        Rule("payTokenInd", Yes, Never),
        Rule("payTokenSource", One(&["01", "02"]), Token),
        Rule("purchaseAmount", Digits(1, 48), Payment),
        Rule("purchaseCurrency", Currency, Payment),
        Rule("purchaseDate", Moment, Payment),
        Rule("purchaseExponent", Digits(1, 1), Payment),
        Rule("purchaseInstalData", Form::Instalments, Instalments),
        Rule("recurringAmount", Digits(1, 48), From231),
        Rule("recurringCurrency", Currency, From231),
        Rule("recurringExpiry", Day, Plan),
        Rule("recurringExponent", Digits(1, 1), From231),
        Rule("recurringFrequency", Digits(1, 4), Plan),
        Rule("recurringInd", Object, Plan231),
        Rule("sdkAppID", Uuid, App),
        Rule("sdkEncData", Text(64_000), First),
        Rule("sdkEphemPubKey", Any, App),
        Rule("sdkMaxTimeout", Digits(2, 2), App),
        Rule("sdkReferenceNumber", Text(32), App),
        Rule("sdkTransID", Uuid, App),
        Rule("sdkType", One(&["01", "02", "03", "04", "05"]), App231),
        Rule("spcIncompInd", One(&["01", "02", "03"]), From231),
        Rule("threeDSCompInd", One(&["Y", "N", "U"]), Browser),
        Rule("threeDSMethodId", Uuid, From231),
        Rule("threeDSRequestorAuthenticationInd", UpTo(6, 7, 10), Never),
        Rule("threeDSRequestorAuthenticationInfo", ObjectOrList, Never),
        Rule("threeDSRequestorChallengeInd", UpToOrList(4, 9, 14, 2), Wish),
        Rule("threeDSRequestorDecMaxTime", DecoupledTime, Time),
        Rule("threeDSRequestorDecReqInd", DecoupledWish, From220),
        Rule("threeDSRequestorID", Text(35), Always),
        Rule("threeDSRequestorName", Text(40), Always),
        Rule("threeDSRequestorPriorAuthenticationInfo", Prior, Never),
        Rule("threeDSRequestorSpcSupport", One(&["Y"]), From231),
        Rule("threeDSRequestorURL", Address(2048), Always),
        Rule("threeDSServerRefNumber", Text(32), Always),
        Rule("threeDSServerTransID", Uuid, Always),
        Rule("threeDSServerURL", Address(2048), Always),
        Rule("threeRIInd", Form::Alone, Alone),
        Rule("transType", One(&["01", "03", "10", "11", "28"]), Never),
    ],
};

const ARES_LETTERS: &[&str] = &["Y", "A", "N", "U", "R", "C", "D", "I", "S"];

pub(super) const ARES: Kind = Kind {
    name: "ARes",
    rules: &[
        Rule("acsChallengeMandated", One(YES_NO), Challenge),
        Rule("acsDecConInd", One(YES_NO), Consent),
        Rule("acsOperatorID", Text(32), Never),
        Rule("acsReferenceNumber", Text(32), Always),
        Rule("acsRenderingType", Rendering, Screen),
        Rule("acsSignedContent", Text(16_000), Screen),
        Rule("acsTransID", Uuid, Always),
        Rule("acsURL", Address(2048), Page),
        Rule("authenticationMethod", UpToOrList(0, 0, 16, 16), Method),
        Rule("authenticationType", UpTo(3, 4, 4), Type),
        Rule("authenticationValue", Cryptogram, Proven),
        Rule("cardholderInfo", TextOrObject(128), Decoupled),
        Rule("dsReferenceNumber", Text(32), Always),
        Rule("dsTransID", Uuid, Always),
        Rule("eci", Text(2), Never),
        Rule("messageExtension", Extensions, Never),
        Rule("messageType", Any, Always),
        Rule("messageVersion", Any, Always),
        Rule("spcTransData", Any, Confirm),
        Rule("threeDSServerTransID", Uuid, Always),
        Rule("transChallengeExemption", One(&["05", "08", "10", "11", "79"]), From231),
        Rule("transStatus", Letter(ARES_LETTERS), Always),
        Rule("transStatusReason", Reason, Refused),
        Rule("trustListStatus", One(TRUST), From231),
        Rule("trustListStatusSource", Digits(2, 2), From231),
        Rule("webAuthnCredList", Any, Confirm),
        Rule("whiteListStatus", One(TRUST), Only220),
        Rule("whiteListStatusSource", Digits(2, 2), Only220),
    ],
};

pub(super) const RREQ: Kind = Kind {
    name: "RReq",
    rules: &[
        Rule("acsTransID", Uuid, Always),
        Rule("authenticationMethod", UpToOrList(0, 0, 16, 16), From231),
        Rule("authenticationType", UpTo(3, 4, 4), Before231),
        Rule("authenticationValue", Cryptogram, Proven),
        Rule("cardholderInfo", TextOrObject(128), Never),
        Rule("challengeCancel", Cancel, Never),
        Rule("challengeErrorReporting", Any, From231),
        Rule("dsTransID", Uuid, Always),
        Rule("eci", Text(2), Never),
        Rule("interactionCounter", Digits(2, 2), Never),
        Rule("messageCategory", One(&["01", "02"]), Always),
        Rule("messageExtension", Extensions, Never),
        Rule("messageType", Any, Always),
        Rule("messageVersion", Any, Always),
        Rule("threeDSServerTransID", Uuid, Always),
        Rule("transStatus", Form::Result, Always),
        Rule("transStatusReason", Reason, Refused),
        Rule("trustListStatus", One(TRUST), From231),
        Rule("trustListStatusSource", Digits(2, 2), From231),
        Rule("whiteListStatus", One(TRUST), Only220),
        Rule("whiteListStatusSource", Digits(2, 2), Only220),
    ],
};

pub(super) const RRES: Kind = Kind {
    name: "RRes",
    rules: &[
        Rule("acsTransID", Uuid, Always),
        Rule("dsTransID", Uuid, Always),
        Rule("messageExtension", Extensions, Never),
        Rule("messageType", Any, Always),
        Rule("messageVersion", Any, Always),
        Rule("resultsStatus", Results, Always),
        Rule("threeDSServerTransID", Uuid, Always),
    ],
};

pub(super) const PREQ: Kind = Kind {
    name: "PReq",
    rules: &[
        Rule("messageExtension", Extensions, Never),
        Rule("messageType", Any, Always),
        Rule("messageVersion", Any, Always),
        Rule("serialNum", Text(20), Never),
        Rule("threeDSServerOperatorID", Text(32), Never),
        Rule("threeDSServerRefNumber", Text(32), Always),
        Rule("threeDSServerTransID", Uuid, Always),
    ],
};

pub(super) const PRES: Kind = Kind {
    name: "PRes",
    rules: &[
        Rule("cardRangeData", Ranges, Always),
        Rule("dsEndProtocolVersion", Text(8), Always),
        Rule("dsStartProtocolVersion", Text(8), Always),
        Rule("dsTransID", Uuid, Always),
        Rule("messageExtension", Extensions, Never),
        Rule("messageType", Any, Always),
        Rule("messageVersion", Any, Always),
        Rule("serialNum", Text(20), Never),
        Rule("threeDSServerTransID", Uuid, Always),
    ],
};

/// What a receiver knows before it reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub(super) version: Version,
    /// The message is on its second leg: the directory server has added its ids.
    pub(super) relayed: bool,
    /// `deviceChannel`, where the message does not carry it.
    pub(super) channel: &'static str,
    pub(super) payment: bool,
}

/// Reads a message and looks at its members.
///
/// # Errors
/// 101 if it is not the JSON of an object, or what `look` finds.
pub(super) fn read<T>(body: &Bytes, look: impl FnOnce(&Members) -> Result<T, Flaw>) -> Result<T, Flaw> {
    let unreadable = || Flaw::new("101", "not a JSON object");
    let text = std::str::from_utf8(body).map_err(|_| unreadable())?;
    let given: Given = serde_json::from_str(text).map_err(|_| unreadable())?;
    look(given.as_object().ok_or_else(unreadable)?)
}

/// True for a protocol error in a message's place.
pub(super) fn is_erro(members: &Members) -> bool {
    members.get("messageType").and_then(Given::as_str) == Some("Erro")
}

/// Checks a message against its rules.
///
/// # Errors
/// The gravest flaw: 101, 102, 203 for another version, 202, 201, 204, 203, 304.
pub(super) fn check(kind: Kind, members: &Members, about: About) -> Result<(), Flaw> {
    if members.get("messageType").and_then(Given::as_str) != Some(kind.name) {
        return Err(Flaw::new("101", "messageType"));
    }
    match members.get("messageVersion").and_then(Given::as_str) {
        None | Some("") => return Err(Flaw::new("201", "messageVersion")),
        Some(version) if version != about.version.word() => {
            let known = ["2.1.0", "2.2.0", "2.3.1"].contains(&version);
            return Err(if known {
                Flaw::new("203", "messageVersion")
            } else {
                Flaw::new("102", "2.1.0, 2.2.0, 2.3.1")
            });
        }
        Some(_) => (),
    }
    let mut look = Look { kind, about, seen: 0, twice: Vec::new(), wrong: Vec::new(), empty: 0 };
    for (name, value) in members.iter() {
        look.member(name, value);
    }
    look.verdict(members)
}

/// One pass over a message.
struct Look {
    kind: Kind,
    about: About,
    /// Members that are there, by the place of their rule.
    seen: u128,
    /// Those of them that hold nothing.
    empty: u128,
    twice: Vec<&'static str>,
    /// Code, and the member with the one inside it that is to blame.
    wrong: Vec<(&'static str, String)>,
}

impl Look {
    fn member(&mut self, name: &str, value: &Given) {
        let Ok(place) = self.kind.rules.binary_search_by(|rule| rule.0.cmp(name)) else { return };
        let bit = 1_u128 << place;
        let Rule(name, form, _) = self.kind.rules[place];
        if self.seen & bit != 0 {
            self.twice.push(name);
        }
        self.seen |= bit;
        if value.is_null() || value.is_empty_text() {
            self.empty |= bit;
        } else if let Some((code, inside)) = form.flaw(value, self.about.version) {
            self.wrong.push((code, inside.map_or_else(|| name.to_owned(), |inside| format!("{name}.{inside}"))));
        }
    }

    fn verdict(self, members: &Members) -> Result<(), Flaw> {
        if let Some((code, name)) = self.wrong.iter().find(|(code, _)| *code == "202") {
            return Err(Flaw::new(code, name));
        }
        let circumstances = Circumstances::of(members, self.about);
        let (mut missing, mut surplus) = (Vec::new(), Vec::new());
        for (place, Rule(name, _, need)) in self.kind.rules.iter().enumerate() {
            let (there, empty) = (self.seen & (1_u128 << place) != 0, self.empty & (1_u128 << place) != 0);
            match circumstances.demand(*need) {
                Demand::Must if !there || empty => missing.push(*name),
                Demand::MustNot if there => surplus.push(*name),
                Demand::May | Demand::Must | Demand::MustNot if empty => surplus.push(*name),
                _ => (),
            }
        }
        let list = |names: &[&str]| names.join(", ");
        if !missing.is_empty() {
            return Err(Flaw::new("201", list(&missing)));
        }
        if !self.twice.is_empty() {
            return Err(Flaw::new("204", list(&self.twice)));
        }
        let named = |name: &String| surplus.iter().any(|other| name == other);
        let invalid =
            self.wrong.iter().filter(|(code, name)| *code == "203" && !named(name)).map(|(_, name)| name.as_str());
        let invalid: Vec<&str> = invalid.collect();
        surplus.extend(invalid);
        if !surplus.is_empty() {
            return Err(Flaw::new("203", list(&surplus)));
        }
        match self.wrong.first() {
            Some((code, name)) => Err(Flaw::new(code, name)),
            None => Ok(()),
        }
    }
}

enum Demand {
    Must,
    May,
    MustNot,
}

/// What decides whether a member must be there.
struct Circumstances<'a> {
    version: Version,
    channel: &'a str,
    payment: bool,
    script: bool,
    relayed: bool,
    status: &'a str,
    /// `threeDSRequestorDecReqInd` allows the bank to ask by itself.
    decoupled: bool,
    /// Payments that come back.
    plan: bool,
    instalments: bool,
    token: bool,
    /// The wish is for a challenge.
    wants_challenge: bool,
}

impl<'a> Circumstances<'a> {
    fn of(members: &'a Members, about: About) -> Self {
        let text = |name: &str| members.get(name).and_then(Given::as_str);
        let channel = text("deviceChannel").unwrap_or(about.channel);
        let reason = text("threeRIInd").filter(|_| channel == "03");
        let kind = (text("threeDSRequestorAuthenticationInd"), reason);
        let wishes = members.get("threeDSRequestorChallengeInd");
        let wish = wishes.and_then(|wish| wish.as_str().or_else(|| wish.as_array()?.first()?.as_str()));
        Self {
            version: about.version,
            channel,
            payment: text("messageCategory").map_or(about.payment, |category| category == "01"),
            script: members.get("browserJavascriptEnabled").and_then(Given::as_bool) != Some(false),
            relayed: about.relayed,
            status: text("transStatus").unwrap_or_default(),
            decoupled: matches!(text("threeDSRequestorDecReqInd"), Some("Y" | "F" | "B")),
            plan: matches!(kind, (Some("02" | "03"), _) | (_, Some("01" | "02"))),
            instalments: matches!(kind, (Some("03"), _) | (_, Some("02"))),
            token: members.get("payTokenInd").and_then(Given::as_bool) == Some(true),
            wants_challenge: wish.is_some_and(|code| matches!(code, "03" | "04" | "09" | "12" | "13" | "14")),
        }
    }

    fn demand(&self, need: Need) -> Demand {
        if self.misplaced(need) {
            return Demand::MustNot;
        }
        let (app, browser) = (self.channel == "01", self.channel == "02");
        let asks = matches!(self.status, "C" | "D");
        let must = match need {
            Need::Always | Need::Confirm => true,
            Need::Never | Need::From220 | Need::From231 | Need::Only220 | Need::Before231 | Need::Wish => false,
            Need::Payment => self.payment,
            Need::Browser | Need::Browser22 | Need::Browser231 => browser,
            Need::Script => browser && self.script,
            Need::App | Need::App231 | Need::First => app,
            Need::Second => false,
            Need::Alone => self.channel == "03",
            Need::Relayed => self.relayed,
            Need::Refused => self.payment && matches!(self.status, "N" | "U" | "R"),
            Need::Proven => self.payment && matches!(self.status, "Y" | "A"),
            Need::Page => browser && self.status == "C",
            Need::Challenge | Need::Type | Need::Method => asks,
            Need::Decoupled | Need::Consent => self.status == "D",
            Need::Screen => app && self.status == "C",
            Need::Time => self.decoupled,
            Need::Plan => self.plan && self.version < Version::V231,
            Need::Plan231 => self.plan,
            Need::Instalments => self.instalments,
            Need::Token => self.token,
        };
        if must { Demand::Must } else { Demand::May }
    }

    /// True where a member must not be. Source: emv-3ds.md 1.8, 3.7 (203), 4.3, 8 (L25, L45).
    fn misplaced(&self, need: Need) -> bool {
        let (old, modern) = (self.version < Version::V220, self.version >= Version::V231);
        let alone = self.channel == "03";
        match need {
            Need::Browser | Need::Script | Need::App => alone,
            Need::Browser22 => alone || old,
            Need::Browser231 | Need::App231 => alone || !modern,
            Need::Alone => !alone,
            Need::First => alone || self.relayed,
            Need::Second => !self.relayed,
            Need::Wish => alone && self.wants_challenge,
            Need::Confirm => self.status != "S" || !modern,
            Need::Type | Need::Before231 => modern,
            Need::Method | Need::From231 | Need::Plan231 => !modern,
            Need::Only220 => self.version != Version::V220,
            Need::From220 | Need::Consent => old,
            Need::Time => old || !self.decoupled,
            Need::Token => old || !self.token,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(version: Version) -> About {
        About { version, relayed: false, channel: "02", payment: true }
    }

    fn flaw(kind: Kind, text: &str, version: Version) -> Option<(&'static str, String)> {
        let checked = read(&Bytes::from(text.to_owned()), |members| check(kind, members, about(version)));
        checked.err().map(|flaw| (flaw.code, flaw.detail))
    }

    const ARES_Y: &str = r#"{"messageType":"ARes","messageVersion":"2.2.0","acsReferenceNumber":"R","acsTransID":"375d90ad-3873-498b-9133-380cbbc8d99d","authenticationValue":"B1NCWC1URVNUAAAAAAAAAAAAAAA=","dsReferenceNumber":"D","dsTransID":"375d90ad-3873-498b-9133-380cbbc8d99d","threeDSServerTransID":"6afa6072-9412-446b-9673-2f98b3ee98a2","transStatus":"Y"}"#;

    #[test]
    fn rules_are_sorted_and_fit_the_mask() {
        for kind in [AREQ, ARES, RREQ, RRES, PREQ, PRES] {
            assert!(kind.rules.len() <= 128, "{}", kind.name);
            assert!(kind.rules.is_sorted_by(|a, b| a.0 < b.0), "{}", kind.name);
        }
    }

    #[test]
    fn each_code_has_its_message() {
        let v22 = Version::V220;
        assert_eq!(flaw(ARES, ARES_Y, v22), None);
        for (change, code, detail) in [
            (("{", "["), "101", "not a JSON object"),
            (("\"ARes\"", "\"CRes\""), "101", "messageType"),
            (("2.2.0", "2.1.0"), "203", "messageVersion"),
            (("2.2.0", "9.9.9"), "102", "2.1.0, 2.2.0, 2.3.1"),
            ((",\"transStatus\":\"Y\"", ""), "201", "transStatus"),
            (("\"Y\"", "\"\""), "201", "transStatus"),
            (("\"Y\"", "\"Q\""), "203", "transStatus"),
            (("\"Y\"", "\"S\""), "203", "transStatus"),
            (("\"Y\"", "\"N\""), "201", "transStatusReason"),
            (("\"Y\"", "\"C\""), "201", "acsChallengeMandated, acsURL, authenticationType"),
            (("\"Y\"}", "\"Y\",\"transStatus\":\"Y\"}"), "204", "transStatus"),
            (("\"Y\"}", "\"Y\",\"eci\":\"\"}"), "203", "eci"),
            (("\"Y\"}", "\"Y\",\"messageExtension\":[{\"criticalityIndicator\":true}]}"), "202", "messageExtension"),
            (("AAAAA=", "AAAA"), "203", "authenticationValue"),
        ] {
            let text = ARES_Y.replacen(change.0, change.1, if change.0 == "{" { 1 } else { 9 });
            assert_eq!(flaw(ARES, &text, v22), Some((code, detail.to_owned())), "{change:?}");
        }
        let harmless =
            ARES_Y.replace("\"Y\"}", "\"Y\",\"messageExtension\":[{\"criticalityIndicator\":false}],\"new\":1}");
        assert_eq!(flaw(ARES, &harmless, v22), None);
    }

    #[test]
    fn versions_differ_where_the_table_says() {
        let base = ARES_Y.replace("\"Y\"}", "\"D\",\"acsChallengeMandated\":\"Y\",\"acsDecConInd\":\"Y\",\"cardholderInfo\":\"x\",\"authenticationType\":\"04\"}");
        assert_eq!(flaw(ARES, &base, Version::V220), None);
        let older = base.replace("2.2.0", "2.1.0");
        let wrong = "acsDecConInd, transStatus, authenticationType";
        assert_eq!(flaw(ARES, &older, Version::V210), Some(("203", wrong.to_owned())));
        let newer = base.replace("2.2.0", "2.3.1");
        assert_eq!(flaw(ARES, &newer, Version::V231), Some(("201", "authenticationMethod".to_owned())));
        let newer = newer
            .replace("\"authenticationType\":\"04\"", "\"authenticationMethod\":[\"12\"]")
            .replace("\"cardholderInfo\":\"x\"", "\"cardholderInfo\":{\"text\":\"x\"}");
        assert_eq!(flaw(ARES, &newer, Version::V231), None);
    }
}
