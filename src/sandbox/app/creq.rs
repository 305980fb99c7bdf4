//! What an SDK's CReq says, and whether it may say so: members, their form in each version, the
//! ids, the counter, and that it answers the screen that is open with one thing only.
//!
//! Promises: the first rule that is broken, in the order of the codes' gravity (101, 102 or 203
//! for the version, 202, 201, 204, 203, 301, 302, then 203 for what does not belong together);
//! what the table does not list is 203. Pure. Source: emv-3ds.md 1.8, 3.7, 5.1.

use crate::model::device::UiKind;
use crate::model::scenario::Version;
use crate::sandbox::given::{Given, Members};
use crate::sandbox::scheme::{self, Flaw};

/// What the shopper did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asks<'a> {
    /// The first CReq; later one that answers nothing.
    Nothing,
    /// Typed text, or chosen keys; what is in the second box.
    Entry(&'a str, Option<&'a str>),
    NoEntry,
    Html(&'a str),
    OobContinue,
    Resend,
    AddCode,
    InfoContinue,
    Cancel,
    TimedOut,
}

/// A CReq that may be taken.
#[derive(Debug)]
pub(super) struct Creq<'a> {
    pub(super) asks: Asks<'a>,
    pub(super) trust: Option<bool>,
    /// The SDK can open the bank's app (`oobAppURLInd` 01).
    pub(super) opens_apps: bool,
}

/// What the screen that is open takes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Offer {
    /// `None`: nothing is open yet.
    pub(super) ui: Option<UiKind>,
    pub(super) resend: bool,
    pub(super) add_code: bool,
    pub(super) second_box: bool,
    pub(super) trust: bool,
    pub(super) binding: bool,
}

/// What a reader knows before it reads.
pub(super) struct About<'a> {
    pub(super) version: Version,
    /// `threeDSServerTransID`, `acsTransID`, `sdkTransID`.
    pub(super) ids: [(&'static str, &'a str); 3],
    /// The counter that is due; more than 255 never comes.
    pub(super) counter: u16,
    pub(super) offer: Offer,
}

/// The form of a member.
#[derive(Clone, Copy)]
enum Form {
    Uuid,
    /// Three digits, 000 to 255.
    Counter,
    /// Text of one to so many characters.
    Text(usize),
    One(&'static [&'static str]),
    True,
    Extensions,
    Any,
}

/// Members that must be there.
const ALWAYS: [&str; 4] = ["threeDSServerTransID", "acsTransID", "sdkTransID", "sdkCounterStoA"];

/// Members of which a CReq has one at most. Source: emv-3ds.md 5.1.
const ANSWERS: [&str; 8] = [
    "challengeDataEntry",
    "challengeNoEntry",
    "challengeHTMLDataEntry",
    "oobContinue",
    "resendChallenge",
    "challengeAddCode",
    "infoContinueIndicator",
    "challengeCancel",
];

/// The members of a CReq: first and last version that has them, and their form there.
const MEMBERS: [(&str, Version, Version, Form); 22] = {
    use Version::{V210, V220, V231};
    [
        ("messageType", V210, V231, Form::Any),    // looked at before
        ("messageVersion", V210, V231, Form::Any), // looked at before
        ("messageExtension", V210, V231, Form::Extensions),
        ("threeDSServerTransID", V210, V231, Form::Uuid),
        ("acsTransID", V210, V231, Form::Uuid),
        ("sdkTransID", V210, V231, Form::Uuid),
        ("sdkCounterStoA", V210, V231, Form::Counter),
        ("threeDSRequestorAppURL", V220, V231, Form::Text(256)),
        ("oobAppURLInd", V231, V231, Form::One(&["01", "02", "03"])),
        ("challengeDataEntry", V210, V231, Form::Text(45)),
        ("challengeDataEntryTwo", V231, V231, Form::Text(45)),
        ("challengeNoEntry", V210, V231, Form::One(&["Y"])),
        ("resendChallenge", V210, V231, Form::One(&["Y"])),
        ("challengeHTMLDataEntry", V210, V231, Form::Text(256)),
        ("oobContinue", V231, V231, Form::One(&["01", "02"])),
        ("oobContinue", V210, V220, Form::True),
        ("challengeAddCode", V231, V231, Form::One(&["Y"])),
        ("infoContinueIndicator", V231, V231, Form::True),
        ("challengeCancel", V210, V231, Form::One(&["01", "08"])), // the others are the issuer's own
        ("whitelistingDataEntry", V220, V220, Form::One(&["Y", "N"])),
        ("trustListDataEntry", V231, V231, Form::One(&["Y", "N"])),
        ("deviceBindingDataEntry", V231, V231, Form::One(&["Y", "N"])),
    ]
};

/// The place of a member's rule; `None` where a version has no such member.
fn place(name: &str, version: Version) -> Option<usize> {
    MEMBERS.iter().position(|(known, first, last, _)| *known == name && (*first..=*last).contains(&version))
}

impl Form {
    fn fits(self, value: &Given, version: Version) -> bool {
        let text = value.as_str();
        match self {
            Self::Any => true,
            Self::Extensions => scheme::Form::Extensions.flaw(value, version).is_none(),
            Self::Uuid => text.is_some_and(|text| text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()),
            Self::Counter => text.is_some_and(|text| counter(text).is_some()),
            Self::Text(most) => text.is_some_and(|text| (1..=most).contains(&text.chars().count())),
            Self::One(words) => text.is_some_and(|text| words.contains(&text)),
            Self::True => value.as_bool() == Some(true),
        }
    }
}

fn counter(text: &str) -> Option<u8> {
    (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Reads a CReq.
///
/// # Errors
/// The gravest flaw.
pub(super) fn read<'a>(members: &'a Members<'a>, about: &About) -> Result<Creq<'a>, Flaw> {
    kind_and_version(members, about.version)?;
    members_fit(members, about.version)?;
    let text = |name: &str| members.get(name).and_then(Given::as_str);
    let own = |(name, id): &&(&'static str, &str)| !text(name).is_some_and(|given| given.eq_ignore_ascii_case(id));
    if let Some((name, _)) = about.ids.iter().find(own) {
        return Err(Flaw::new("301", *name));
    }
    let came = text("sdkCounterStoA").and_then(counter).map(u16::from);
    if about.counter > 255 {
        return Err(Flaw::new("302", "sdkCounterStoA has run over"));
    }
    if came != Some(about.counter) {
        let (came, due) = (text("sdkCounterStoA").unwrap_or_default(), about.counter);
        return Err(Flaw::new("302", format!("sdkCounterStoA is {came}, {due:03} was due")));
    }
    let asks = answer(members, about.offer)?;
    let yes = |name: &str| text(name).map(|letter| letter == "Y");
    Ok(Creq {
        asks,
        trust: yes("trustListDataEntry").or(yes("whitelistingDataEntry")),
        opens_apps: text("oobAppURLInd") == Some("01"),
    })
}

fn kind_and_version(members: &Members, version: Version) -> Result<(), Flaw> {
    let text = |name: &str| members.get(name).and_then(Given::as_str);
    if text("messageType") != Some("CReq") {
        return Err(Flaw::new("101", "messageType"));
    }
    match text("messageVersion") {
        None | Some("") => Err(Flaw::new("201", "messageVersion")),
        Some(given) if given == version.word() => Ok(()),
        Some("2.1.0" | "2.2.0" | "2.3.1") => Err(Flaw::new("203", "messageVersion")),
        Some(_) => Err(Flaw::new("102", "2.1.0, 2.2.0, 2.3.1")),
    }
}

/// Whether each member may be there, once, in this form.
fn members_fit(members: &Members, version: Version) -> Result<(), Flaw> {
    let critical = |value| scheme::Form::Extensions.flaw(value, version).is_some_and(|(code, _)| code == "202");
    if members.get("messageExtension").is_some_and(critical) {
        return Err(Flaw::new("202", "messageExtension"));
    }
    let empty = |value: &Given| value.is_null() || value.is_empty_text();
    let missing: Vec<&str> = ALWAYS.into_iter().filter(|name| members.get(name).is_none_or(empty)).collect();
    let (mut twice, mut wrong): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut seen = 0_u32; // by the place of the rule
    for (name, value) in members.iter() {
        let Some(place) = place(name, version) else {
            wrong.push(name);
            continue;
        };
        if seen & (1 << place) != 0 {
            twice.push(name);
        } else if !MEMBERS[place].3.fits(value, version) {
            wrong.push(name);
        }
        seen |= 1 << place;
    }
    for (code, names) in [("201", missing), ("204", twice), ("203", wrong)] {
        if !names.is_empty() {
            return Err(Flaw::new(code, names.join(", ")));
        }
    }
    Ok(())
}

/// The one thing that a CReq answers, if the open screen asks for it.
fn answer<'a>(members: &'a Members<'a>, offer: Offer) -> Result<Asks<'a>, Flaw> {
    let text = |name: &str| members.get(name).and_then(Given::as_str);
    let there: Vec<&str> = ANSWERS.into_iter().filter(|name| members.get(name).is_some()).collect();
    if there.len() > 1 {
        return Err(Flaw::new("203", there.join(", ")));
    }
    let cancels = there.first() == Some(&"challengeCancel");
    let extra = [
        ("whitelistingDataEntry", offer.trust),
        ("trustListDataEntry", offer.trust),
        ("deviceBindingDataEntry", offer.binding),
        ("challengeDataEntryTwo", offer.second_box && there.first() == Some(&"challengeDataEntry")),
    ];
    let surplus = extra.iter().find(|(name, offered)| !offered && members.get(name).is_some());
    if let Some((name, _)) = surplus {
        return Err(Flaw::new("203", *name));
    }
    let Some(name) = there.first().copied() else { return Ok(Asks::Nothing) };
    let ui = offer.ui;
    let native = matches!(ui, Some(UiKind::Text | UiKind::SingleSelect | UiKind::MultiSelect));
    let html = matches!(ui, Some(UiKind::Html | UiKind::HtmlOutOfBand));
    let asked = match name {
        "challengeDataEntry" | "challengeNoEntry" => native,
        "challengeHTMLDataEntry" => html && text(name).is_some_and(|query| !query.trim().is_empty()),
        "oobContinue" => matches!(ui, Some(UiKind::OutOfBand | UiKind::HtmlOutOfBand)),
        "resendChallenge" => offer.resend,
        "challengeAddCode" => offer.add_code,
        "infoContinueIndicator" => ui == Some(UiKind::Information),
        _ => cancels,
    };
    if !asked {
        return Err(Flaw::new("203", name));
    }
    let entry = text(name).unwrap_or_default();
    Ok(match name {
        "challengeDataEntry" => Asks::Entry(entry, text("challengeDataEntryTwo")),
        "challengeNoEntry" => Asks::NoEntry,
        "challengeHTMLDataEntry" => Asks::Html(entry),
        "oobContinue" => Asks::OobContinue,
        "resendChallenge" => Asks::Resend,
        "challengeAddCode" => Asks::AddCode,
        "infoContinueIndicator" => Asks::InfoContinue,
        _ if entry == "08" => Asks::TimedOut,
        _ => Asks::Cancel,
    })
}
