//! Reads the members of a JSON object, notes what is wrong with them, and keeps a clean copy.
//!
//! Promises: every finding is kept, in the order of reading, once, as `<leaf>_required`
//! or `<leaf>_invalid`; `null` equals an absent member, `[]` an absent object; unknown
//! members are left aside. Knows nothing of sessions. Source: sessions-api.md 2, 2.6, 9.5.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use serde_json::{Map, Value};

use super::given::{Given, Members};

/// A JSON object of our own.
pub(super) type Object = Map<String, Value>;

/// Whether a member must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Must,
    May,
}

/// Error codes in the order they were found.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<String>);

impl Findings {
    pub(super) fn add(&mut self, code: String) {
        if !self.0.contains(&code) {
            self.0.push(code);
        }
    }

    pub(super) fn invalid(&mut self, name: &str) {
        self.add(format!("{name}_invalid"));
    }

    pub(super) fn required(&mut self, name: &str) {
        self.add(format!("{name}_required"));
    }
}

/// A word of a closed list, and other spellings of it that callers send.
pub(super) type Words = [(&'static str, &'static [&'static str])];

/// Reads one object.
pub(super) struct Reader<'a, 'f> {
    object: &'a Members<'a>,
    pub(super) findings: &'f mut Findings,
    /// Members that were good, as they are echoed; nothing unless it echoes.
    pub(super) clean: Object,
    echoes: bool,
}

impl<'a, 'f> Reader<'a, 'f> {
    /// Reads what is only looked at.
    pub(super) fn new(object: &'a Members<'a>, findings: &'f mut Findings) -> Self {
        Self { object, findings, clean: Object::new(), echoes: false }
    }

    /// Keeps a clean copy of what is good.
    pub(super) fn echoing(object: &'a Members<'a>, findings: &'f mut Findings) -> Self {
        Self { echoes: true, ..Self::new(object, findings) }
    }

    /// The member, unless it is absent or null.
    pub(super) fn raw(&self, name: &str) -> Option<&'a Given<'a>> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// Reads a member by `parse`; `echo` is what is echoed of it. Empty text in a member that
    /// must be there counts as missing, whatever was to be there.
    fn read<T>(
        &mut self,
        name: &str,
        need: Need,
        parse: impl FnOnce(&Given) -> Option<T>,
        echo: impl FnOnce(&T) -> Value,
    ) -> Option<T> {
        let Some(value) = self.raw(name).filter(|value| need == Need::May || !value.is_empty_text()) else {
            self.missing(name, need);
            return None;
        };
        let Some(good) = parse(value) else {
            self.findings.invalid(name);
            return None;
        };
        if self.echoes {
            self.clean.insert(name.to_owned(), echo(&good));
        }
        Some(good)
    }

    /// Text that passes `fits`.
    pub(super) fn matching(&mut self, name: &str, need: Need, fits: impl FnOnce(&str) -> bool) -> Option<String> {
        let parse = |value: &Given| value.as_str().filter(|text| fits(text)).map(str::to_owned);
        self.read(name, need, parse, |text| text.as_str().into())
    }

    /// Text of so many characters.
    pub(super) fn text(&mut self, name: &str, need: Need, length: RangeInclusive<usize>) -> Option<String> {
        self.matching(name, need, |text| length.contains(&text.chars().count()))
    }

    /// Text that the contract sets no limit to.
    pub(super) fn any_text(&mut self, name: &str) -> Option<String> {
        self.matching(name, Need::May, |_| true)
    }

    /// Text, or a number that is turned into text. Source: sessions-api.md 3.7.
    pub(super) fn text_or_number(&mut self, name: &str, need: Need, length: RangeInclusive<usize>) -> Option<String> {
        let parse = |value: &Given| {
            let text = match value {
                Given::String(text) => text.clone().into_owned(),
                Given::Number(number) => number.to_string(),
                _ => return None,
            };
            Some(text).filter(|text| length.contains(&text.chars().count()))
        };
        self.read(name, need, parse, |text| text.as_str().into())
    }

    /// An absolute address of http or https, at most 256 characters.
    pub(super) fn web_address(&mut self, name: &str, need: Need) -> Option<String> {
        self.matching(name, need, |text| {
            let url = url::Url::parse(text);
            text.chars().count() <= 256
                && url.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        })
    }

    /// One of a closed list of words; blanks around it are dropped.
    pub(super) fn word(&mut self, name: &str, need: Need, words: &Words) -> Option<&'static str> {
        let parse = |value: &Given| {
            let text = value.as_str()?.trim();
            let known = words.iter().find(|(word, aliases)| *word == text || aliases.contains(&text));
            known.map(|(word, _)| *word)
        };
        self.read(name, need, parse, |word| (*word).into())
    }

    /// A whole number within bounds.
    pub(super) fn integer(&mut self, name: &str, need: Need, bounds: RangeInclusive<i64>) -> Option<i64> {
        let parse = |value: &Given| value.as_i64().filter(|number| bounds.contains(number));
        self.read(name, need, parse, |number| (*number).into())
    }

    /// True or false.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        self.read(name, Need::May, |value| value.as_bool(), |flag| (*flag).into())
    }

    /// A moment in any spelling of sessions-api.md 9.5; echoed in the one spelling of output.
    pub(super) fn moment(&mut self, name: &str) -> Option<Timestamp> {
        self.read(name, Need::May, |value| moment(value.as_str()?), |moment| shown(*moment).into())
    }

    /// An object below this one. `[]` counts as absent (PHP writes empty objects so).
    pub(super) fn object(&mut self, name: &str, need: Need) -> Option<&'a Members<'a>> {
        match self.raw(name) {
            Some(Given::Object(object)) => Some(object),
            Some(Given::Array(list)) if list.is_empty() => {
                self.missing(name, need);
                None
            }
            Some(value) if need == Need::May || !value.is_empty_text() => {
                self.findings.invalid(name);
                None
            }
            _ => {
                self.missing(name, need);
                None
            }
        }
    }

    fn missing(&mut self, name: &str, need: Need) {
        if need == Need::Must {
            self.findings.required(name);
        }
    }

    /// A list of words; blanks around each are dropped.
    pub(super) fn words(&mut self, name: &str, need: Need, words: &Words) -> Option<Vec<&'static str>> {
        let known = |item: &Given| {
            let text = item.as_str()?.trim();
            words.iter().map(|(word, _)| *word).find(|word| *word == text)
        };
        let parse = |value: &Given| value.as_array()?.iter().map(known).collect::<Option<Vec<_>>>();
        self.read(name, need, parse, |list| list.clone().into())
    }

    /// Looks at an object below this one.
    pub(super) fn check(&mut self, name: &str, read: impl FnOnce(&mut Reader)) {
        if let Some(object) = self.object(name, Need::May) {
            read(&mut Reader::new(object, self.findings));
        }
    }

    /// Reads an object below this one; what was good in it.
    pub(super) fn nested(&mut self, name: &str, read: impl FnOnce(&mut Reader)) -> Option<Object> {
        let object = self.object(name, Need::May)?;
        let mut reader = Reader::echoing(object, self.findings);
        read(&mut reader);
        Some(reader.clean)
    }

    /// Reads an object below this one and echoes what was good in it.
    pub(super) fn inner(&mut self, name: &str, read: impl FnOnce(&mut Reader)) {
        if let Some(clean) = self.nested(name, read) {
            self.clean.insert(name.to_owned(), Value::Object(clean));
        }
    }
}

/// Output of every moment: UTC, whole seconds, `Z`. Source: sessions-api.md 9.5.
pub(super) fn shown(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads a moment in any of the spellings that callers use; no zone means UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return midnight(&format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]));
    }
    let (date, rest) = text.split_at_checked(10)?;
    if rest.is_empty() {
        return midnight(date);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (time, zone) = rest.split_at(rest.find(['Z', 'z', '+', '-', ' ']).unwrap_or(rest.len()));
    let date: Date = date.parse().ok()?;
    let time: Time = time.parse().ok()?;
    offset(zone.trim())?.to_timestamp(date.to_datetime(time)).ok()
}

fn midnight(date: &str) -> Option<Timestamp> {
    let date: Date = date.parse().ok()?;
    Offset::UTC.to_timestamp(date.to_datetime(Time::midnight())).ok()
}

/// `Z`, nothing, `+01:00` or `+0100`.
fn offset(zone: &str) -> Option<Offset> {
    if matches!(zone, "" | "Z" | "z") {
        return Some(Offset::UTC);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone.strip_prefix(['+', '-'])?.chars().filter(|c| *c != ':').collect();
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_spelling_of_a_moment_is_read() {
        for (text, expected) in [
            ("2022-05-03T09:15:02Z", "2022-05-03T09:15:02Z"),
            ("2022-05-03T09:15:02.123456Z", "2022-05-03T09:15:02Z"),
            ("2022-05-03T10:15:02+01:00", "2022-05-03T09:15:02Z"),
            ("2022-05-03T10:15:02+0100", "2022-05-03T09:15:02Z"),
            ("2022-05-03T09:15:02", "2022-05-03T09:15:02Z"),
            ("2022-05-03 09:15:02 +0000", "2022-05-03T09:15:02Z"),
            ("2022-05-03", "2022-05-03T00:00:00Z"),
            ("20220503", "2022-05-03T00:00:00Z"),
        ] {
            assert_eq!(moment(text).map(shown).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "yesterday", "2022-13-03", "20221303", "2022-05-03T09:15:02+1", "2022-05-03Tnoon"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
