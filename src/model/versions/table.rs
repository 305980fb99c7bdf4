//! What differs between the versions, as data: each row of the table with the members that it
//! is about, what a difference of its kind looks like, and a sentence that explains it.
//! Source: emv-3ds.md 1.2 (rules), 1.6, 1.8, 3.1, 3.2, 3.6, 3.7, 4, 5.

use serde_json::Value;

use self::Shape::{Any, Gone, List, Longer, New, Object, Words};
use crate::model::scenario::Version;
use crate::model::scenario::Version::{V220, V231};

/// Members that have another name from 2.3.1 on. Source: emv-3ds.md 1.8, 5.1, 5.2.
pub const RENAMED: &[(&str, &str)] = &[
    ("authenticationType", "authenticationMethod"),
    ("whiteListStatus", "trustListStatus"),
    ("whiteListStatusSource", "trustListStatusSource"),
    ("whitelistingInfoText", "trustListInfoText"),
    ("whitelistingDataEntry", "trustListDataEntry"),
];

/// One way in which the versions differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The row of the version table, in a few words.
    pub topic: &'static str,
    /// Members that it is about, by their last name; the older name of a renamed one.
    pub(super) members: &'static [&'static str],
    /// Messages that it is about; empty: all.
    messages: &'static [&'static str],
    shape: Shape,
    /// The reason, in one sentence.
    pub says: &'static str,
}

/// What a difference of a kind looks like.
#[derive(Debug, PartialEq, Eq)]
enum Shape {
    /// As it may.
    Any,
    /// Older versions lack it.
    New(Version),
    /// Newer versions lack it.
    Gone(Version),
    /// A list from this version on, a single value before.
    List(Version),
    /// An object from this version on, a text before.
    Object(Version),
    /// A value that only this version and newer ones know, on either side of a list.
    Words(Version, &'static [&'static str]),
    /// A value of 2.3.1 that is longer than what was allowed before, in characters.
    Longer(usize),
}

/// A value in one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a> {
    pub(super) version: Option<Version>,
    pub(super) value: Option<&'a Value>,
}

const fn rule(
    topic: &'static str,
    members: &'static [&'static str],
    messages: &'static [&'static str],
    shape: Shape,
    says: &'static str,
) -> Rule {
    Rule { topic, members, messages, shape, says }
}

/// The table.
pub const TABLE: &[Rule] = &[
    rule(
        "version",
        &["messageVersion", "protocol_version"],
        &[],
        Any,
        "The version itself: the 3DS Server fixes it in the AReq, and it stays to the end.",
    ),
    rule(
        "transStatus",
        &["transStatus", "response_code"],
        &[],
        Words(V220, &["D", "I"]),
        "D and I came with 2.2.0: before, a bank has no word for decoupled or for information only.",
    ),
    rule(
        "transStatus",
        &["transStatus", "response_code"],
        &["ARes", ""],
        Words(V231, &["S"]),
        "S, the confirmation in the browser, came with 2.3.1.",
    ),
    rule(
        "final CRes",
        &["transStatus"],
        &["CRes"],
        Words(V231, &["D"]),
        "The last CRes says only Y or N; from 2.3.1 on it may say D, where decoupled follows.",
    ),
    rule(
        "transStatusReason",
        &["transStatusReason", "response_status_reason"],
        &[],
        Words(V220, &["22", "23", "24", "25", "26"]),
        "2.1.0 knows the reasons 01 to 21: it says the nearest of them, or none.",
    ),
    rule(
        "transStatusReason",
        &["transStatusReason", "response_status_reason"],
        &[],
        Words(V231, &["27", "28", "29", "30"]),
        "The reasons 27 to 30 came with 2.3.1.",
    ),
    rule(
        "challengeInd",
        &["threeDSRequestorChallengeInd"],
        &[],
        List(V231),
        "From 2.3.1 on an array of one or two wishes; before, one wish as a text.",
    ),
    rule(
        "challengeInd",
        &["threeDSRequestorChallengeInd"],
        &[],
        Words(V220, &["05", "06", "07", "08", "09"]),
        "2.1.0 knows the wishes 01 to 04: an exemption can only be asked for as 02, no challenge, and the offer of the \
         trust list (09) as 03, a challenge.",
    ),
    rule(
        "challengeInd",
        &["threeDSRequestorChallengeInd"],
        &[],
        Words(V231, &["10", "11", "12", "13", "14"]),
        "The wishes 10 to 14 came with 2.3.1: before, the nearest that can be said is 02 (for 10, 11), \
         03 (12) or 04 (13, 14).",
    ),
    rule(
        "threeRIInd",
        &["threeRIInd"],
        &[],
        Words(V220, &["06", "07", "08", "09", "10", "11"]),
        "2.1.0 knows the kinds 01 to 05 of a payment without the shopper, 2.2.0 those up to 11.",
    ),
    rule(
        "threeRIInd",
        &["threeRIInd"],
        &[],
        Words(V231, &["12", "13", "14", "15", "16", "17", "18", "19"]),
        "The kinds 12 to 19 of a payment without the shopper came with 2.3.1.",
    ),
    rule(
        "threeDSRequestorAuthenticationInd",
        &["threeDSRequestorAuthenticationInd"],
        &[],
        Words(V220, &["07"]),
        "Billing agreement (07) came with 2.2.0.",
    ),
    rule(
        "threeDSRequestorAuthenticationInd",
        &["threeDSRequestorAuthenticationInd"],
        &[],
        Words(V231, &["08", "09", "10"]),
        "Split and delayed shipments and payments (08 to 10) came with 2.3.1.",
    ),
    rule(
        "authentication method",
        &["authenticationType"],
        &[],
        List(V231),
        "Called authenticationMethod from 2.3.1 on: an array, of 16 ways instead of 4.",
    ),
    rule(
        "authentication method",
        &["authenticationType"],
        &[],
        Words(V220, &["04"]),
        "The type decoupled (04) came with 2.2.0.",
    ),
    rule(
        "authentication method",
        &["authenticationMethod"],
        &[],
        New(V231),
        "authenticationMethod came with 2.3.1, in place of authenticationType.",
    ),
    rule(
        "whitelist",
        &["whiteListStatus", "whiteListStatusSource", "whitelistingInfoText", "whitelistingDataEntry"],
        &[],
        New(V220),
        "There is no trust list in 2.1.0; it came with 2.2.0, and has the names of trustList from 2.3.1 on.",
    ),
    rule(
        "whitelist",
        &["whiteListStatus", "whiteListStatusSource", "whitelistingInfoText", "whitelistingDataEntry"],
        &[],
        Any,
        "Renamed with 2.3.1: the white list is called trust list there.",
    ),
    rule(
        "whitelist",
        &["trustListStatus", "trustListStatusSource", "trustListInfoText", "trustListDataEntry"],
        &[],
        New(V231),
        "A name of 2.3.1: 2.2.0 says whiteList, 2.1.0 knows no such list.",
    ),
    rule(
        "prior-auth and auth-info objects",
        &["threeDSRequestorPriorAuthenticationInfo", "threeDSRequestorAuthenticationInfo"],
        &[],
        List(V231),
        "From 2.3.1 on an array of one to three objects; before, one object.",
    ),
    rule(
        "cardholderInfo",
        &["cardholderInfo", "cardholder_info"],
        &[],
        Object(V231),
        "From 2.3.1 on an object with the text and perhaps pictures; before, a text of at most 128 characters.",
    ),
    rule(
        "acsRenderingType",
        &["deviceUserInterfaceMode"],
        &[],
        New(V231),
        "2.3.1 adds how the device shows it: upright, across, by voice.",
    ),
    rule(
        "UI types",
        &["acsUiType", "acsUiTemplate", "sdkUiType"],
        &[],
        Words(V231, &["06", "07"]),
        "Out of band as HTML (06) and information (07) came with 2.3.1.",
    ),
    rule(
        "JavaScript flag",
        &["browserJavascriptEnabled"],
        &[],
        New(V220),
        "2.1.0 has no such member; from 2.2.0 on it is required, and the screen's members depend on it.",
    ),
    rule(
        "JavaScript flag",
        &["browserColorDepth", "browserScreenHeight", "browserScreenWidth", "browserTZ", "browserJavaEnabled"],
        &[],
        Gone(V220),
        "From 2.2.0 on these may be missing where browserJavascriptEnabled is false.",
    ),
    rule(
        "accepted languages",
        &["acceptLanguage"],
        &[],
        New(V231),
        "2.3.1 requires the languages that the browser accepts, as an array.",
    ),
    rule(
        "colour depth",
        &["browserColorDepth"],
        &[],
        Any,
        "Before 2.3.1 one of 1, 4, 8, 15, 16, 24, 32, 48; from then on any from 1 to 99.",
    ),
    rule(
        "browser language",
        &["browserLanguage"],
        &[],
        Longer(8),
        "Up to 8 characters before 2.3.1, 35 from then on: a longer tag is cut to its language.",
    ),
    rule(
        "cardholder name",
        &["cardholderName"],
        &[],
        Any,
        "ASCII of 2 to 45 characters before 2.3.1; from then on any letters, also a single one.",
    ),
    rule(
        "3DS Method reuse",
        &["threeDSMethodId"],
        &[],
        New(V231),
        "2.3.1 lets a 3DS Method of the last ten minutes count again, and names it here.",
    ),
    rule(
        "select keys",
        &["challengeSelectInfo"],
        &[],
        Any,
        "From 2.3.1 on at most 8 choices with keys of at most 4 characters; before, keys of 45 characters in all.",
    ),
    rule(
        "errors",
        &["errorCode", "error_code", "errorDescription", "error_description"],
        &[],
        Words(V231, &["205", "206", "207", "308", "309", "310", "311", "312", "313", "314", "315"]),
        "The codes 205 to 207 and 308 to 315 came with 2.3.1: before, a result twice or without a challenge is 301.",
    ),
    rule(
        "errors",
        &["errorDescription", "error_description", "errorDetail"],
        &["Erro"],
        Any,
        "It goes with the errorCode, which has another word on this version.",
    ),
    rule(
        "SPC / WebAuthn",
        &["threeDSRequestorSpcSupport", "spcTransData", "spcIncomp", "spcTransID"],
        &[],
        New(V231),
        "The confirmation in the browser (SPC) came with 2.3.1.",
    ),
    rule(
        "exemption echo",
        &["transChallengeExemption"],
        &[],
        New(V231),
        "2.3.1 says which exemption was applied; before, only a scheme's message extension can.",
    ),
    rule(
        "exemption echo",
        &["messageExtension"],
        &[],
        Any,
        "What 2.3.1 says with members of its own, older versions say in an extension of the scheme.",
    ),
    rule(
        "decoupled",
        &["threeDSRequestorDecReqInd", "threeDSRequestorDecMaxTime", "acsDecConInd"],
        &[],
        New(V220),
        "Decoupled authentication came with 2.2.0.",
    ),
    rule(
        "decoupled",
        &["threeDSRequestorDecReqInd"],
        &[],
        Words(V231, &["F", "B"]),
        "F and B, decoupled as a fallback after a challenge, came with 2.3.1.",
    ),
    rule(
        "app switch",
        &["threeDSRequestorAppURL"],
        &[],
        New(V220),
        "The way back from the bank's app into the shop's came with 2.2.0.",
    ),
    rule(
        "app switch",
        &["oobAppURLInd", "oobAppLabel", "oobAppURL", "oobAppStatus"],
        &[],
        New(V231),
        "The button that opens the bank's app came with 2.3.1.",
    ),
    rule(
        "app switch",
        &["oobContinue"],
        &[],
        Any,
        "true before 2.3.1; from then on 01 for a press of the button, 02 where the app came back by itself.",
    ),
    rule(
        "app screens",
        &[
            "challengeEntryBox",
            "challengeEntryBoxTwo",
            "challengeDataEntryTwo",
            "challengeAddCode",
            "challengeAddLabel",
            "infoContinueLabel",
            "infoContinueIndicator",
            "deviceBindingInfoText",
            "deviceBindingDataEntry",
            "toggleDataEntryTwo",
        ],
        &[],
        New(V231),
        "A member of the app's screens that came with 2.3.1.",
    ),
    rule(
        "app screens",
        &["challengeInfoLabel"],
        &[],
        Gone(V231),
        "The label stands in challengeEntryBox from 2.3.1 on.",
    ),
    rule(
        "pictures",
        &["issuerImage", "psImage", "medium", "high", "extraHigh", "default", "dark", "monochrome"],
        &[],
        Any,
        "Before 2.3.1 one picture for each resolution; from then on one for each look: default, dark, monochrome.",
    ),
    rule(
        "app data",
        &["appIp", "sdkType", "defaultSdkType", "splitSdkType", "sdkServerSignedContent", "sdkSignatureTimestamp"],
        &[],
        New(V231),
        "What 2.3.1 adds about the app and its SDK.",
    ),
    rule(
        "browser data",
        &["deviceId", "userId"],
        &[],
        New(V231),
        "2.3.1 lets the shop name device and shopper by an id of its own.",
    ),
    rule(
        "recurring data",
        &[
            "recurringInd",
            "recurringAmount",
            "recurringCurrency",
            "recurringExponent",
            "recurringDate",
            "payTokenInfo",
            "cardSecurityCode",
            "cardSecurityCodeStatus",
        ],
        &[],
        New(V231),
        "2.3.1 says more of the payments to come: which sort, how much, from when.",
    ),
    rule(
        "recurring data",
        &["recurringExpiry", "recurringFrequency"],
        &[],
        Any,
        "Required with recurring payments before 2.3.1; from then on recurringInd says which of them apply.",
    ),
    rule(
        "network token",
        &["payTokenSource"],
        &[],
        New(V220),
        "Who turned the token back into the card is said from 2.2.0 on.",
    ),
    rule(
        "card ranges",
        &[
            "cardRangeData",
            "acsStartProtocolVersion",
            "acsEndProtocolVersion",
            "acsProtocolVersions",
            "dsStartProtocolVersion",
            "dsEndProtocolVersion",
            "dsProtocolVersions",
            "acsInfoInd",
            "threeDSMethodURL",
            "ranges",
            "dsURLList",
        ],
        &["PRes"],
        Any,
        "From 2.3.1 on a range lists each version with what it can do; before, the first and the last version.",
    ),
];

/// The rows of the table that explain a difference.
pub(super) fn why(message: &str, member: &str, cells: &[Cell<'_>]) -> Vec<&'static Rule> {
    let fits = |rule: &&Rule| {
        rule.members.contains(&member)
            && (rule.messages.is_empty() || rule.messages.contains(&message))
            && rule.shape.fits(cells)
    };
    let found: Vec<&Rule> = TABLE.iter().filter(fits).collect();
    // What only says that it may differ is no reason where something says why it does.
    let general = |rule: &&Rule| rule.shape == Any;
    if found.iter().all(general) { found } else { found.into_iter().filter(|rule| !general(rule)).collect() }
}

/// Why a member, or its shape, is not of a version that a message speaks; `None` if it may be.
/// Looks at names of other versions and at lists and objects, not at words.
pub fn misplaced(message: &str, member: &str, value: &Value, version: Version) -> Option<&'static str> {
    let wrong = |rule: &&Rule| {
        let about = rule.members.contains(&member) && (rule.messages.is_empty() || rule.messages.contains(&message));
        about
            && match rule.shape {
                New(from) => version < from,
                List(from) => value.is_array() != (version >= from),
                Object(from) => value.is_object() != (version >= from),
                _ => false,
            }
    };
    if let Some((_, now)) = RENAMED.iter().find(|(before, _)| *before == member)
        && version >= V231
    {
        return TABLE.iter().find(|rule| rule.members.contains(now)).map(|rule| rule.says);
    }
    // A renamed member's list is judged under its own name.
    let renamed = RENAMED.iter().any(|(before, _)| *before == member);
    TABLE.iter().filter(|rule| !(renamed && matches!(rule.shape, List(_)))).find(wrong).map(|rule| rule.says)
}

/// Why a run lacks a message that another one has.
pub(super) fn lacking(message: &str, cells: &[Cell<'_>]) -> &'static str {
    match message {
        "CRes" if Gone(V231).fits(cells) => {
            "After a timeout 2.1.0 and 2.2.0 send a CRes N; 2.3.1 need not: rely on the RReq."
        }
        "PReq" | "PRes" => "Card ranges are asked for once a day: the first run of the day has these messages.",
        "" => "The runs went different ways here: only some of them made this call.",
        _ => "The runs went different ways: look at transStatus in the message before.",
    }
}

impl Shape {
    fn fits(&self, cells: &[Cell<'_>]) -> bool {
        let since = |from: Version| move |cell: &&Cell<'_>| cell.version.is_some_and(|version| version >= from);
        let before = |from: Version| move |cell: &&Cell<'_>| cell.version.is_some_and(|version| version < from);
        // The version splits the runs, on one side all have it like this, on the other none.
        let split = |from: Version, new: fn(&Value) -> bool| {
            let values = |cell: &Cell<'_>| cell.value.is_some_and(new);
            cells.iter().filter(since(from)).any(values) && !cells.iter().filter(before(from)).any(values)
        };
        let old = |from: Version| cells.iter().filter(before(from)).any(|cell| cell.value.is_some());
        match self {
            Any => true,
            New(from) => cells.iter().any(|cell| before(*from)(&cell)) && split(*from, |_| true),
            Gone(from) => {
                let lacks = |cell: &Cell<'_>| cell.value.is_none();
                old(*from)
                    && cells.iter().filter(since(*from)).any(lacks)
                    && !cells.iter().filter(before(*from)).any(lacks)
            }
            List(from) => old(*from) && split(*from, Value::is_array),
            Object(from) => old(*from) && split(*from, Value::is_object),
            Words(from, words) => {
                let has = |cell: &Cell<'_>| cell.value.is_some_and(|value| says(value, words));
                cells.iter().filter(since(*from)).any(has)
                    && cells.iter().any(|cell| before(*from)(&cell) && !has(cell))
            }
            Longer(most) => {
                let long = |value: &Value| value.as_str().is_some_and(|text| text.chars().count() > *most);
                cells.iter().any(|cell| cell.value.is_some_and(long))
            }
        }
    }
}

/// True if a value, or an element of it, is one of these words.
fn says(value: &Value, words: &[&str]) -> bool {
    match value {
        Value::String(text) => words.contains(&text.as_str()),
        Value::Array(list) => list.iter().any(|one| one.as_str().is_some_and(|text| words.contains(&text))),
        _ => false,
    }
}
