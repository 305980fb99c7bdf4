//! What an SDK makes of a CRes: the checks that it owes the protocol, by version and screen,
//! and what there is to be shown. Pure; any bytes are read without a panic.
//! Source: emv-3ds.md 1.8, 3.7, 5.2.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::page::Page;
use super::{EntryBox, Transaction, Ui, UiKind, is_231, knows_trust};
use crate::model::codes;
use crate::model::lens::unpacked;

/// What a CRes says, and what is odd about it though it is taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Cres {
    /// What it says.
    pub says: Says,
    /// What a tester should know of it: `L44: …`.
    pub findings: Vec<String>,
}

/// What a CRes says.
#[derive(Debug, Clone, PartialEq)]
pub enum Says {
    /// The issuer asks.
    Asks(Box<Ui>),
    /// The challenge is over: `transStatus`.
    Over(char),
}

/// Why a CRes is refused: what goes into the SDK's Erro. Source: emv-3ds.md 3.7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// `errorCode`.
    pub code: &'static str,
    /// `errorDetail`: the members that are wrong.
    pub detail: String,
}

impl Flaw {
    /// A code of the protocol, and what is wrong.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// What the code means: `errorDescription`.
    pub fn description(&self) -> &'static str {
        codes::said(codes::ERRORS, self.code).unwrap_or("protocol error")
    }
}

/// A protocol error that somebody sent. Source: emv-3ds.md 3.7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erro {
    /// `errorCode`.
    pub code: String,
    /// `errorDescription`.
    pub description: String,
    /// `errorDetail`.
    pub detail: String,
}

/// Reads an Erro; `None` if it is something else.
pub fn erro(message: &[u8]) -> Option<Erro> {
    let json: Value = serde_json::from_slice(message).ok()?;
    let text = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text("messageType") == "Erro").then(|| Erro {
        code: text("errorCode"),
        description: text("errorDescription"),
        detail: text("errorDetail"),
    })
}

/// Reads a CRes. `counter` is the one that is due.
///
/// # Errors
/// If an SDK may not take it.
pub fn read(message: &[u8], of: &Transaction, counter: u16) -> Result<Cres, Flaw> {
    let Members(members, twice) = serde_json::from_slice(message).map_err(|_| Flaw::new("101", "not a JSON object"))?;
    if members.get("messageType").and_then(Value::as_str) != Some("CRes") {
        return Err(Flaw::new("101", "messageType"));
    }
    if let Some(name) = twice {
        return Err(Flaw::new("204", name));
    }
    let mut look = Look::new(&members, &of.version);
    let own = ["messageVersion", "threeDSServerTransID", "acsTransID", "sdkTransID", "acsCounterAtoS"];
    let [version, server, acs, sdk, came] = own.map(|name| look.text(name, 36, Need::Must).unwrap_or_default());
    let complete = look.letter("challengeCompletionInd", Need::Must);
    look.verdict()?;
    if version != of.version {
        return Err(Flaw::new("203", "messageVersion"));
    }
    let ids =
        [("threeDSServerTransID", &server, &of.server), ("acsTransID", &acs, &of.acs), ("sdkTransID", &sdk, &of.sdk)];
    if let Some((name, ..)) = ids.iter().find(|(_, came, own)| !came.eq_ignore_ascii_case(own)) {
        return Err(Flaw::new("301", *name));
    }
    if came.len() != 3 || !came.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Flaw::new("203", "acsCounterAtoS"));
    }
    if counter > u16::from(u8::MAX) {
        return Err(Flaw::new("302", "acsCounterAtoS has run over 255"));
    }
    if came != format!("{counter:03}") {
        return Err(Flaw::new("302", format!("acsCounterAtoS is {came}, {counter:03} was due")));
    }
    let says = if complete == Some(true) { look.over() } else { look.asks(of) };
    look.verdict()?;
    let says = says.ok_or_else(|| Flaw::new("203", "acsUiType"))?; // what is missing has been said by now
    Ok(Cres { says, findings: look.findings })
}

/// The members of an object, and the first name that came twice.
struct Members(Map<String, Value>, Option<String>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let (mut members, mut twice) = (Map::new(), None);
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if members.insert(name.clone(), value).is_some() {
                        twice.get_or_insert(name);
                    }
                }
                Ok(Members(members, twice))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Must,
    May,
}

/// Members that only a screen has.
const SCREEN: [&str; 26] = [
    "acsUiType",
    "acsHTML",
    "acsHTMLRefresh",
    "challengeInfoHeader",
    "challengeInfoLabel",
    "challengeInfoText",
    "challengeInfoTextIndicator",
    "challengeSelectInfo",
    "challengeEntryBox",
    "challengeEntryBoxTwo",
    "challengeAddCodeLabel",
    "deviceBindingInfoText",
    "expandInfoLabel",
    "expandInfoText",
    "infoContinueLabel",
    "issuerImage",
    "oobAppLabel",
    "oobAppURL",
    "oobContinueLabel",
    "psImage",
    "resendInformationLabel",
    "submitAuthenticationLabel",
    "trustListInfoText",
    "whitelistingInfoText",
    "whyInfoLabel",
    "whyInfoText",
];

/// A CRes under examination.
struct Look<'a> {
    members: &'a Map<String, Value>,
    /// 2.3.1.
    latest: bool,
    missing: Vec<&'static str>,
    wrong: Vec<&'static str>,
    twice: Vec<&'static str>,
    findings: Vec<String>,
}

impl<'a> Look<'a> {
    fn new(members: &'a Map<String, Value>, version: &str) -> Self {
        let (missing, wrong, twice, findings) = Default::default();
        Self { members, latest: is_231(version), missing, wrong, twice, findings }
    }

    /// What is worst so far.
    fn verdict(&self) -> Result<(), Flaw> {
        for (code, names) in [("201", &self.missing), ("203", &self.wrong), ("204", &self.twice)] {
            if !names.is_empty() {
                return Err(Flaw::new(code, names.join(",")));
            }
        }
        Ok(())
    }

    /// A member, if it is there and holds something. An empty one counts as missing where it
    /// must be there, and as wrong elsewhere. Source: emv-3ds.md 3.7.
    fn member(&mut self, name: &'static str, need: Need) -> Option<&'a Value> {
        let found: Option<&'a Value> = self.members.get(name);
        let empty = found.is_some_and(|value| value.is_null() || value.as_str() == Some(""));
        match (found, need) {
            (Some(value), _) if !empty => return Some(value),
            (_, Need::Must) => self.missing.push(name),
            (Some(_), Need::May) => self.wrong.push(name),
            (None, Need::May) => (),
        }
        None
    }

    fn text(&mut self, name: &'static str, most: usize, need: Need) -> Option<String> {
        let text = self.member(name, need)?.as_str().map(str::to_owned);
        let good = text.filter(|text| text.chars().count() <= most);
        if good.is_none() {
            self.wrong.push(name);
        }
        good
    }

    /// `Y` or `N`.
    fn letter(&mut self, name: &'static str, need: Need) -> Option<bool> {
        match self.text(name, 1, need)?.as_str() {
            "Y" => Some(true),
            "N" => Some(false),
            _ => {
                self.wrong.push(name);
                None
            }
        }
    }

    /// The last CRes: nothing to be shown. Source: emv-3ds.md 1.2, rule 4.
    fn over(&mut self) -> Option<Says> {
        self.wrong.extend(SCREEN.iter().filter(|name| self.members.contains_key(**name)));
        let status = self.text("transStatus", 1, Need::Must)?;
        match status.as_str() {
            "Y" | "N" => status.chars().next().map(Says::Over),
            "D" if self.latest => Some(Says::Over('D')),
            _ => {
                self.wrong.push("transStatus");
                None
            }
        }
    }

    fn asks(&mut self, of: &Transaction) -> Option<Says> {
        if self.members.contains_key("transStatus") {
            self.wrong.push("transStatus");
        }
        let code = self.text("acsUiType", 2, Need::Must)?;
        let kind = UiKind::ALL.into_iter().find(|kind| kind.code() == code);
        let Some(kind) = kind.filter(|kind| self.latest || !kind.is_new()) else {
            self.wrong.push("acsUiType");
            return None;
        };
        let mut ui = Ui { kind, version: of.version.clone(), ..Ui::default() };
        if kind.is_html() {
            self.html(&mut ui);
        } else {
            self.native(&mut ui);
        }
        Some(Says::Asks(Box::new(ui)))
    }

    /// The table of emv-3ds.md 5.2, but for its HTML columns.
    fn native(&mut self, ui: &mut Ui) {
        let kind = ui.kind;
        let selects = matches!(kind, UiKind::SingleSelect | UiKind::MultiSelect);
        let due = |here: bool| if here { Need::Must } else { Need::May };
        ui.header = self.text("challengeInfoHeader", 45, Need::Must);
        ui.label = self.text("challengeInfoLabel", 45, due(selects || (kind == UiKind::Text && !self.latest)));
        ui.text = self.text("challengeInfoText", 350, Need::Must);
        ui.warning = self.letter("challengeInfoTextIndicator", Need::May) == Some(true);
        if selects {
            ui.choices = self.choices();
        }
        if selects || kind == UiKind::Text {
            ui.submit = self.text("submitAuthenticationLabel", 45, Need::Must);
        }
        match kind {
            UiKind::Text => self.typing(ui),
            UiKind::OutOfBand => self.out_of_band(ui),
            UiKind::Information => ui.info_continue = self.text("infoContinueLabel", 45, Need::Must),
            _ => (),
        }
        ui.why = self.pair("whyInfoLabel", "whyInfoText");
        ui.expand = self.pair("expandInfoLabel", "expandInfoText");
        ui.issuer_image = self.image("issuerImage");
        ui.scheme_image = self.image("psImage");
        let trust = if self.latest { "trustListInfoText" } else { "whitelistingInfoText" };
        if knows_trust(&ui.version) {
            ui.trust = self.text(trust, 64, Need::May);
        }
        if self.latest {
            ui.binding = self.text("deviceBindingInfoText", 64, Need::May);
        }
    }

    fn typing(&mut self, ui: &mut Ui) {
        ui.resend = self.text("resendInformationLabel", 45, Need::May);
        if !self.latest {
            ui.boxes = vec![EntryBox { longest: 45, ..EntryBox::default() }];
            return;
        }
        ui.add_code = self.text("challengeAddCodeLabel", 45, Need::May);
        ui.boxes.extend(self.entry_box("challengeEntryBox", Need::Must));
        ui.boxes.extend(self.entry_box("challengeEntryBoxTwo", Need::May));
    }

    fn out_of_band(&mut self, ui: &mut Ui) {
        ui.oob_app = self.text("oobAppLabel", 45, Need::May);
        ui.oob_app_url = self.address();
        let need = if ui.oob_app.is_none() { Need::Must } else { Need::May };
        ui.oob_continue = self.text("oobContinueLabel", 45, need);
        ui.html_refresh = self.page("acsHTMLRefresh", Need::May);
    }

    fn address(&mut self) -> Option<String> {
        self.text("oobAppURL", 2048, Need::May)
    }

    fn html(&mut self, ui: &mut Ui) {
        ui.html = self.page("acsHTML", Need::Must);
        ui.html_refresh = self.page("acsHTMLRefresh", Need::May);
        if ui.kind == UiKind::HtmlOutOfBand {
            ui.oob_app_url = self.address();
        }
    }

    /// Keys and labels. Source: emv-3ds.md 1.8, 5.2.
    fn choices(&mut self) -> Vec<(String, String)> {
        const NAME: &str = "challengeSelectInfo";
        let Some(value) = self.member(NAME, Need::Must) else { return Vec::new() };
        let one = |item: &Value| {
            let mut members = item.as_object()?.iter();
            let (key, label) = (members.next()?, members.next());
            label.is_none().then_some((key.0.clone(), key.1.as_str()?.to_owned()))
        };
        let read: Option<Vec<(String, String)>> = value.as_array().and_then(|list| list.iter().map(one).collect());
        let choices = read.unwrap_or_default();
        let letters = |key: &str| key.chars().count();
        let fits = if self.latest {
            choices.len() <= 8 && choices.iter().all(|(key, _)| (1..=4).contains(&letters(key)))
        } else {
            choices.iter().all(|(key, _)| !key.is_empty())
                && choices.iter().map(|(key, _)| letters(key)).sum::<usize>() <= 45
        };
        if choices.is_empty() || !fits || choices.iter().any(|(_, label)| label.is_empty() || letters(label) > 45) {
            self.wrong.push(NAME);
        }
        let keys = choices.iter().map(|(key, _)| key);
        if keys.clone().enumerate().any(|(at, key)| keys.clone().take(at).any(|before| before == key)) {
            self.twice.push(NAME);
        }
        choices
    }

    /// An entry box of 2.3.1. Source: emv-3ds.md 5.2.
    fn entry_box(&mut self, name: &'static str, need: Need) -> Option<EntryBox> {
        let value = self.member(name, need)?;
        let text = |member: &str| value.get(member).map(Value::as_str);
        let longest = match text("challengeEntryLengthMax") {
            None => Some(45),
            Some(digits) => digits.and_then(|digits| digits.parse().ok()).filter(|most| (1..=45).contains(most)),
        };
        let keyboard = text("challengeEntryKeyboard").unwrap_or(Some("02"));
        let masking = text("challengeEntryMasking").unwrap_or(Some("N"));
        let label = text("challengeEntryLabel");
        let known = matches!(keyboard, Some("01" | "02")) && matches!(masking, Some("Y" | "N"));
        let labelled =
            label.is_none_or(|label| label.is_some_and(|label| !label.is_empty() && label.chars().count() <= 45));
        let Some(longest) = longest.filter(|_| value.is_object() && known && labelled) else {
            self.wrong.push(name);
            return None;
        };
        let label = label.flatten().map(str::to_owned);
        Some(EntryBox { label, digits: keyboard == Some("01"), longest, masked: masking == Some("Y") })
    }

    fn pair(&mut self, label: &'static str, text: &'static str) -> Option<(String, String)> {
        let (label, text) = (self.text(label, 45, Need::May), self.text(text, 256, Need::May));
        (label.is_some() || text.is_some()).then(|| (label.unwrap_or_default(), text.unwrap_or_default()))
    }

    /// The address that suits a usual screen. Source: emv-3ds.md 5.2.
    fn image(&mut self, name: &'static str) -> Option<String> {
        let sizes: &[&str] =
            if self.latest { &["default", "dark", "monochrome"] } else { &["medium", "high", "extraHigh"] };
        let value = self.member(name, Need::May)?;
        let found = sizes.iter().find_map(|size| value.get(size)).and_then(Value::as_str).map(str::to_owned);
        if found.is_none() {
            self.wrong.push(name);
        }
        found
    }

    /// Decoded HTML. Source: emv-3ds.md 5.2, 8 (L44).
    fn page(&mut self, name: &'static str, need: Need) -> Option<String> {
        let most = if self.latest { 300_000 } else { 100_000 };
        let text = self.text(name, most, need)?;
        let html = unpacked(&text).and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(html) = html.filter(|html| !html.trim().is_empty()) else {
            self.wrong.push(name);
            return None;
        };
        if text.contains(['+', '/', '=', ' ', '\r', '\n']) {
            self.findings.push(format!("L44: {name} is not base64url without padding; it was read all the same"));
        }
        let of_page = Page::read(&html).findings.into_iter();
        self.findings.extend(of_page.map(|finding| format!("L44: {name}: {finding}")));
        Some(html)
    }
}
