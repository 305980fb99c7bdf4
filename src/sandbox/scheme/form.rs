//! The forms that members of a message have, and where the versions differ in them.
//!
//! Promises: nothing that the protocol does not list is demanded. Pure. Source: emv-3ds.md
//! 1.6, 1.8, 3.2, 3.5-3.7, 4, 8 (L24, L25).

use std::net::IpAddr;

use super::codes::{is_excluded_country, is_excluded_currency, last_merchant_indicator};
use crate::model::scenario::Version;
use crate::sandbox::given::{Given, Members};

/// The form of a member.
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox) enum Form {
    /// 36 characters, any version, in any case.
    Uuid,
    /// Text of at most so many characters.
    Text(usize),
    /// So many digits.
    Digits(usize, usize),
    /// One of these words.
    One(&'static [&'static str]),
    /// `^[+-]?\d{1,4}$`.
    Minutes,
    /// A web address of at most so many characters.
    Address(usize),
    /// One address of the internet, of either kind.
    Ip,
    Bool,
    /// `true` and nothing else.
    Yes,
    /// 20 bytes in standard base64.
    Cryptogram,
    /// `transStatus` of an answer.
    Letter(&'static [&'static str]),
    /// `transStatus` of a result: `D` from 2.3.1 on.
    Result,
    /// Two digits from 01 to the last of 2.1.0, 2.2.0, 2.3.1; schemes have 80 to 99.
    UpTo(u8, u8, u8),
    /// `threeRIInd`.
    Alone,
    /// The same as [`Self::UpTo`] before 2.3.1, an array of at most so many from then on.
    UpToOrList(u8, u8, u8, usize),
    /// Colour depths of 2.1.0 and 2.2.0; any 1 to 99 later.
    Depth,
    /// An array of 1 to 99 texts of at most 100 characters.
    Languages,
    /// Text before 2.3.1, an object with such a `text` from then on.
    TextOrObject(usize),
    /// An object before 2.3.1, an array of 1 to 3 from then on.
    ObjectOrList,
    /// The earlier authentication, in the same shapes.
    Prior,
    /// An object.
    Object,
    /// What a device can show: interface and kinds of screens.
    RenderOptions,
    /// The kind of screen that an app will show; from 2.3.1 on also how the device is held.
    Rendering,
    /// A tag of at most 8 characters, 35 from 2.3.1 on.
    Language,
    /// ASCII before 2.3.1.
    Name,
    /// `transStatusReason` of the version.
    Reason,
    /// `challengeCancel`: whose error it was is said from 2.3.1 on.
    Cancel,
    /// `resultsStatus`: that another result will follow is said from 2.3.1 on.
    Results,
    /// `Y`, `N`; from 2.3.1 on `F`, `B`.
    DecoupledWish,
    /// Minutes in five digits, `00001` to `10080`.
    DecoupledTime,
    /// More than one payment, in at most three digits.
    Instalments,
    /// A day, `YYYYMMDD`.
    Day,
    /// A moment in UTC, `YYYYMMDDHHMMSS`.
    Moment,
    /// ISO 4217, not one of those that are no money.
    Currency,
    /// ISO 3166-1 numeric, not one that is nobody's.
    Country,
    /// Card ranges of a directory server.
    Ranges,
    Extensions,
    /// Anything.
    Any,
}

/// What is wrong with a value: the code, and which member inside it, where one is to blame.
pub(in crate::sandbox) type Wrong = (&'static str, Option<&'static str>);

const INVALID: Wrong = ("203", None);

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A moment of so many digits that exists.
fn is_moment(text: &str) -> bool {
    digits(text)
        && jiff::civil::DateTime::strptime(if text.len() == 14 { "%Y%m%d%H%M%S" } else { "%Y%m%d%H%M" }, text).is_ok()
}

impl Form {
    /// What is wrong with a value that is there; `None` if it is good.
    pub(in crate::sandbox) fn flaw(self, value: &Given, version: Version) -> Option<Wrong> {
        match self {
            Self::Currency => iso(value, is_excluded_currency),
            Self::Country => iso(value, is_excluded_country),
            Self::Extensions => extensions(value, version).map(|code| (code, None)),
            Self::Prior => prior(value, version),
            Self::Ranges => ranges(value, version),
            Self::RenderOptions => render_options(value, version),
            Self::Rendering => rendering(value, version),
            form => (!form.fits(value, version)).then_some(INVALID),
        }
    }

    fn fits(self, value: &Given, version: Version) -> bool {
        let modern = version >= Version::V231;
        match self {
            Self::Any => true,
            Self::Object => value.as_object().is_some(),
            Self::Bool => value.as_bool().is_some(),
            Self::Yes => value.as_bool() == Some(true),
            Self::Languages => value.as_array().is_some_and(|list| {
                (1..=99).contains(&list.len())
                    && list.iter().all(|one| one.as_str().is_some_and(|text| (1..=100).contains(&text.len())))
            }),
            Self::UpToOrList(old, later, new, most) => match value.as_array() {
                Some(list) => {
                    let one =
                        |value: &Given| value.as_str().is_some_and(|text| up_to([old, later, new], version, text));
                    modern && (1..=most).contains(&list.len()) && list.iter().all(one)
                }
                None => !modern && Self::UpTo(old, later, new).fits(value, version),
            },
            Self::TextOrObject(longest) => {
                let text = match value.as_object() {
                    Some(object) if modern => object.get("text").and_then(Given::as_str),
                    Some(_) => None,
                    None => value.as_str().filter(|_| !modern),
                };
                text.is_some_and(|text| text.chars().count() <= longest)
            }
            Self::ObjectOrList => objects(value, modern).is_some(),
            form => value.as_str().is_some_and(|text| form.fits_text(text, version)),
        }
    }

    fn fits_text(self, text: &str, version: Version) -> bool {
        let modern = version >= Version::V231;
        match self {
            Self::Uuid => text.len() == 36 && uuid::Uuid::try_parse(text).is_ok(),
            Self::Text(longest) => text.chars().count() <= longest,
            Self::Digits(least, most) => (least..=most).contains(&text.len()) && digits(text),
            Self::One(words) => words.contains(&text),
            Self::Minutes => {
                let number = text.strip_prefix(['+', '-']).unwrap_or(text);
                (1..=4).contains(&number.len()) && digits(number)
            }
            Self::Address(longest) => {
                text.len() <= longest && (text.starts_with("https://") || text.starts_with("http://"))
            }
            Self::Ip => text.len() <= 45 && text.parse::<IpAddr>().is_ok(),
            Self::Cryptogram => {
                text.len() == 28
                    && text.ends_with('=')
                    && text.bytes().take(27).all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
            }
            Self::Reason => super::is_reason(version, text),
            Self::Letter(letters) => {
                letters.contains(&text)
                    && match text {
                        "D" | "I" => version >= Version::V220,
                        "S" => modern,
                        _ => true,
                    }
            }
            Self::Result => matches!(text, "Y" | "A" | "N" | "U" | "R") || (modern && text == "D"),
            Self::UpTo(old, later, new) => up_to([old, later, new], version, text),
            Self::Alone => up_to_code(last_merchant_indicator(version), text),
            Self::Depth if modern => text.parse().is_ok_and(|depth| (1..=99).contains(&depth)),
            Self::Depth => ["1", "4", "8", "15", "16", "24", "32", "48"].contains(&text),
            Self::Language => text.len() <= if modern { 35 } else { 8 },
            Self::Name if modern => (1..=45).contains(&text.chars().count()),
            Self::Name => (2..=45).contains(&text.len()) && text.is_ascii(),
            Self::Cancel => {
                matches!(text, "01" | "03" | "04" | "05" | "06" | "07" | "08")
                    || (modern && matches!(text, "09" | "10"))
            }
            Self::Results => matches!(text, "01" | "02" | "03") || (modern && text == "04"),
            Self::DecoupledWish => matches!(text, "Y" | "N") || (modern && matches!(text, "F" | "B")),
            Self::DecoupledTime => {
                text.len() == 5
                    && digits(text)
                    && text.parse().is_ok_and(|minutes: u32| (1..=10_080).contains(&minutes))
            }
            Self::Instalments => {
                (1..=3).contains(&text.len()) && digits(text) && text.parse().is_ok_and(|count: u16| count > 1)
            }
            Self::Day => text.len() == 8 && digits(text) && jiff::civil::Date::strptime("%Y%m%d", text).is_ok(),
            Self::Moment => text.len() == 14 && is_moment(text),
            _ => false, // the others are no text
        }
    }
}

/// Two digits from 01 to the version's last; schemes have 80 to 99 for themselves.
fn up_to(last: [u8; 3], version: Version, text: &str) -> bool {
    let [old, later, new] = last;
    let last = match version {
        Version::V102 | Version::V210 => old,
        Version::V220 => later,
        Version::V231 => new,
    };
    let number = text.parse().unwrap_or(0_u8);
    text.len() == 2 && digits(text) && ((1..=last).contains(&number) || number >= 80)
}

fn up_to_code(last: &str, text: &str) -> bool {
    text.len() == 2 && digits(text) && (("01"..=last).contains(&text) || text >= "80")
}

fn iso(value: &Given, is_excluded: fn(&str) -> bool) -> Option<Wrong> {
    match value.as_str().filter(|text| text.len() == 3 && digits(text)) {
        Some(text) if is_excluded(text) => Some(("304", None)),
        Some(_) => None,
        None => Some(INVALID),
    }
}

/// The objects of a member that is an object before 2.3.1 and an array of 1 to 3 from then on.
fn objects<'a, 'b>(value: &'b Given<'a>, modern: bool) -> Option<Vec<&'b Members<'a>>> {
    match value.as_array() {
        Some(list) if modern && (1..=3).contains(&list.len()) => list.iter().map(Given::as_object).collect(),
        Some(_) => None,
        None => value.as_object().filter(|_| !modern).map(|one| vec![one]),
    }
}

/// Source: emv-3ds.md 1.5, 3.6.
fn prior(value: &Given, version: Version) -> Option<Wrong> {
    let Some(list) = objects(value, version >= Version::V231) else { return Some(INVALID) };
    let wrong = |one: &Members| {
        let bad = |name: &'static str, fits: &dyn Fn(&str) -> bool| {
            let value = one.get(name)?;
            (!value.as_str().is_some_and(fits)).then_some(("203", Some(name)))
        };
        bad("threeDSReqPriorAuthMethod", &|code| up_to([4, 4, 5], version, code))
            .or_else(|| bad("threeDSReqPriorAuthTimestamp", &|text| text.len() == 12 && is_moment(text)))
            .or_else(|| bad("threeDSReqPriorRef", &|text| (1..=36).contains(&text.len())))
            .or_else(|| bad("threeDSReqPriorAuthData", &|text| text.chars().count() <= 2048))
    };
    list.into_iter().find_map(wrong)
}

/// Source: emv-3ds.md 1.8, 4.2.
fn render_options(value: &Given, version: Version) -> Option<Wrong> {
    let Some(options) = value.as_object() else { return Some(INVALID) };
    let interface = options.get("sdkInterface").and_then(Given::as_str);
    let kinds = options.get("sdkUiType").and_then(Given::as_array).unwrap_or_default();
    let known = |kind: &Given| kind.as_str().is_some_and(|kind| up_to([5, 5, 7], version, kind) && kind < "80");
    if !interface.is_some_and(|code| ["01", "02", "03"].contains(&code)) {
        return Some(("203", Some("sdkInterface")));
    }
    (kinds.is_empty() || !kinds.iter().all(known)).then_some(("203", Some("sdkUiType")))
}

/// Source: emv-3ds.md 1.8, 5.2.
fn rendering(value: &Given, version: Version) -> Option<Wrong> {
    let Some(kind) = value.as_object() else { return Some(INVALID) };
    let text = |name: &str| kind.get(name).and_then(Given::as_str).unwrap_or_default();
    if !["01", "02"].contains(&text("acsInterface")) {
        return Some(("203", Some("acsInterface")));
    }
    if !up_to([5, 5, 7], version, text("acsUiTemplate")) || text("acsUiTemplate") >= "80" {
        return Some(("203", Some("acsUiTemplate")));
    }
    let mode = kind.get("deviceUserInterfaceMode").is_some();
    (mode != (version >= Version::V231)).then_some(("203", Some("deviceUserInterfaceMode")))
}

/// The last `acsInfoInd` of 2.1.0, 2.2.0, 2.3.1. Source: emv-3ds.md 3.6.
pub(super) const LAST_FEATURE: [u8; 3] = [2, 4, 11];

/// Card ranges: whole, not overlapping, with features that the version has; before 2.3.1 there
/// is one code for all of it. Source: emv-3ds.md 3.6, 3.7.
fn ranges(value: &Given, version: Version) -> Option<Wrong> {
    let code = |modern| if version >= Version::V231 { modern } else { "203" };
    let Some(list) = value.as_array() else { return Some(INVALID) };
    let mut before: Vec<(&str, &str)> = Vec::new();
    for range in list {
        let Some(range) = range.as_object() else { return Some(INVALID) };
        let text = |name: &str| range.get(name).and_then(Given::as_str).unwrap_or_default();
        let (start, end) = (text("startRange"), text("endRange"));
        let whole = |number: &str| (13..=19).contains(&number.len()) && digits(number);
        if !whole(start) || !whole(end) || start.len() != end.len() || start > end {
            return Some(("203", Some("startRange")));
        }
        if !["A", "D", "M"].contains(&text("actionInd")) {
            return Some((code("206"), Some("actionInd")));
        }
        let features = range.get("acsInfoInd").map(|list| list.as_array().unwrap_or_default()).unwrap_or_default();
        let known = |one: &Given| one.as_str().is_some_and(|one| up_to(LAST_FEATURE, version, one));
        if !features.iter().all(known) {
            return Some((code("207"), Some("acsInfoInd")));
        }
        let touches = |(first, last): &(&str, &str)| first.len() == start.len() && start <= *last && *first <= end;
        if before.iter().any(touches) {
            return Some((code("205"), Some("startRange")));
        }
        before.push((start, end));
    }
    None
}

/// Most characters of all extensions, and of the data of one, from 2.3.1 on. Source: emv-3ds.md 1.8.
const EXTENSIONS: usize = 81_920;
/// See [`EXTENSIONS`].
const EXTENSION_DATA: usize = 8_059;

/// Extensions that nobody here understands are left aside, unless they are critical.
fn extensions(value: &Given, version: Version) -> Option<&'static str> {
    let modern = version >= Version::V231;
    let most = if modern { 15 } else { 10 };
    let Some(list) = value.as_array().filter(|list| list.len() <= most) else { return Some("203") };
    let member = |one: &Given, name: &str| one.as_object().and_then(|one| one.get(name).map(Given::to_value));
    let long = |one: &Given| member(one, "data").is_some_and(|data| data.to_string().chars().count() > EXTENSION_DATA);
    if modern && (list.iter().any(long) || value.to_value().to_string().chars().count() > EXTENSIONS) {
        return Some("203");
    }
    let critical = |one: &Given| member(one, "criticalityIndicator").is_some_and(|flag| flag == true);
    list.iter().any(critical).then_some("202")
}
