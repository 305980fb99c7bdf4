//! What a member of any body says: in a few words for the right end of its row, in full for
//! the card under it. Tables ([`emv`], [`api`], and `model::fields` for what is sent) and the
//! words made from them. Pure. Source: emv-3ds.md 1–5; sessions-api.md 1.5–8.

mod api;
mod app;
mod emv;
mod flows;
mod headers;
#[cfg(test)]
mod tests;

pub use headers::header;

use std::borrow::Cow;

use serde_json::Value;

use super::body::{Kind as Json, Tree};
use super::draft::Body;
use super::exchange::{Exchange, Step};
use super::fields::{self, Kind as Field};
use super::payload;
use super::run::What;
use super::trace::Part;
use super::{Lane, codes, lens};

/// What kind of document a body is: the same name says different things in different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doc {
    /// A request to the API.
    Request(Body),
    /// What the API says or calls back: session, token, payment, error, callback.
    Api,
    /// A message of the protocol, or a form that a browser carries.
    Emv,
    /// XML of 3-D Secure 1.
    Legacy,
}

impl Doc {
    /// The document in one side of a row; `None` where there is none.
    pub fn of(what: &What, part: Part) -> Option<Self> {
        match what {
            What::Exchange(exchange) => Some(Self::of_exchange(exchange, part)),
            What::Delivery(delivery) if part == Part::Request => {
                let form = delivery.body.first().is_some_and(|byte| *byte != b'{');
                Some(if form { Self::Emv } else { Self::Api })
            }
            What::Scheme(message) => Some(if message.body.starts_with(b"<") { Self::Legacy } else { Self::Emv }),
            _ => None,
        }
    }

    fn of_exchange(exchange: &Exchange, part: Part) -> Self {
        match (exchange.step, part) {
            _ if exchange.from == Lane::Browser => Self::Emv,
            (Step::Create, Part::Request) => Self::Request(Body::Session),
            (Step::Collect, Part::Request) => {
                let app = memchr::memmem::find(&exchange.request.body, b"\"sdk_").is_some();
                Self::Request(if app { Body::App } else { Body::Browser })
            }
            (Step::Fingerprint, Part::Request) => Self::Request(Body::Fingerprint),
            (Step::Authorise, Part::Request) => Self::Request(Body::Payment),
            _ => Self::Api,
        }
    }
}

/// What a value is, beyond the types of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As in a request.
    Is(Field),
    /// An ECI of the scheme.
    Eci,
    /// A reason of the scheme.
    Reason,
    /// Base64 of 20 bytes.
    Cryptogram,
    /// A UUID, in 3-D Secure 1 base64 of 20 bytes.
    Xid,
    /// A number of ISO 4217.
    Currency,
    /// A number of ISO 3166.
    Country,
    /// `YYYYMMDDHHMMSS`.
    Stamp,
    /// Minor units, as number or digits.
    Amount,
    /// A card number.
    Card,
    /// An address of at most so many characters.
    Url(usize),
    /// Something that the lens reads.
    Encoded,
    /// A compact JWS.
    Signed,
    /// A compact JWE.
    Sealed,
    /// A JWK in base64url.
    Key,
    /// A JWT.
    Token,
    /// Another type in each version.
    Varies,
}

/// One member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its name; with a dot or slash, the object that it stands in too.
    pub name: &'static str,
    /// What it is in a few words; empty if its value says it.
    pub hint: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What it is, in one sentence.
    pub says: &'static str,
    /// What to do with it, or what the bank does with it; may be empty.
    pub act: &'static str,
}

const fn of(name: &'static str, hint: &'static str, kind: Kind, says: &'static str, act: &'static str) -> Entry {
    Entry { name, hint, kind, says, act }
}

/// A member where it stands.
#[derive(Clone, Copy)]
pub struct Member<'a> {
    /// The document.
    pub doc: Doc,
    /// Where: `$.acs.url`, or an element's path with slashes.
    pub path: &'a str,
    /// Its value: strings without quotes, all else as sent.
    pub value: &'a str,
    /// True if it is a string.
    pub text: bool,
    /// The scheme's word, if the record tells.
    pub scheme: &'a str,
    /// The currency, if the record tells.
    pub currency: &'a str,
}

/// What a member says, in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// `05 at Visa: fully authenticated`.
    pub title: String,
    /// What it says, in one sentence.
    pub says: String,
    /// What to do with it, or what the bank does with it; may be empty.
    pub act: String,
    /// The values that are allowed, each with what it means.
    pub allowed: Vec<(&'static str, &'static str)>,
    /// Length, alphabet, range: `is text of 1 to 45 characters`.
    pub limits: String,
    /// Whether it has to be there, for what we send.
    pub need: String,
    /// What other schemes say for the same: `Mastercard says 02`.
    pub elsewhere: Option<String>,
    /// What is wrong with the value, and what would be right.
    pub wrong: Option<String>,
    /// Where that is written.
    pub source: String,
}

/// The row of a table for a place; the longer name wins.
pub fn entry(doc: Doc, path: &str) -> Option<&'static Entry> {
    let tables: &[&[Entry]] = match doc {
        Doc::Request(_) | Doc::Api => &[api::MEMBERS],
        Doc::Emv => &[emv::MEMBERS, app::MEMBERS, flows::MEMBERS, api::MEMBERS],
        Doc::Legacy => &[emv::LEGACY],
    };
    let path = plain(path);
    tables.iter().find_map(|table| {
        let fits = table.iter().filter(|entry| ends_with(&path, entry.name));
        fits.max_by_key(|entry| entry.name.len())
    })
}

impl Entry {
    /// What a value at a path holds: an element of a list is one of the list's words. `None` for
    /// an element of a list of which no more is known.
    pub fn kind_at(&self, path: &str) -> Option<Kind> {
        match self.kind {
            Kind::Is(field) => element(field, path).map(Kind::Is),
            kind => Some(kind),
        }
    }
}

/// The type of a value at a path, where `field` is the type of what has the name.
fn element(field: Field, path: &str) -> Option<Field> {
    match field {
        _ if !path.ends_with(']') || path.ends_with("']") => Some(field),
        Field::ListOf(words, _) => Some(Field::OneOf(words)),
        Field::List => None,
        field => Some(field),
    }
}

/// The entry of a name alone, whatever the document.
pub fn named(name: &str) -> Option<&'static Entry> {
    let protocol = emv::MEMBERS.iter().chain(app::MEMBERS).chain(flows::MEMBERS);
    let mut all = protocol.chain(api::MEMBERS).chain(emv::LEGACY);
    all.find(|entry| entry.name == name)
}

/// `$.a['3ds'][2].b` as `a.3ds.b`.
fn plain(path: &str) -> Cow<'_, str> {
    let path = path.strip_prefix('$').map_or(path, |rest| rest.strip_prefix('.').unwrap_or(rest));
    if !path.contains('[') {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('[') {
        out.push_str(&rest[..at]);
        let (quoted, end) = match rest[at + 1..].strip_prefix('\'') {
            Some(inside) => (true, inside.find("']").map(|end| (at + 2 + end, at + 4 + end))),
            None => (false, rest[at..].find(']').map(|end| (at + 1, at + end + 1))),
        };
        let Some((inner, next)) = end else { break };
        if quoted {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(&rest[at + 2..inner]);
        }
        rest = rest.get(next..).unwrap_or_default();
    }
    out.push_str(rest.strip_prefix('.').filter(|_| out.is_empty()).unwrap_or(rest));
    Cow::Owned(out)
}

fn ends_with(path: &str, name: &str) -> bool {
    path.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with(['.', '/']))
}

/// What a member says, in full; `None` for one that nobody knows.
pub fn of_member(member: &Member<'_>) -> Option<Meaning> {
    if let Doc::Request(body) = member.doc
        && let Some(field) = field_at(body, member.path)
    {
        return Some(of_field(member, field));
    }
    let entry = entry(member.doc, member.path)?;
    let kind = entry.kind_at(member.path);
    let own = kind.and_then(|kind| said(kind, member));
    let allowed = kind.map(|kind| allowed(kind, member.scheme)).unwrap_or_default();
    let section =
        if matches!(member.doc, Doc::Emv | Doc::Legacy) { "EMV 3DS, data elements" } else { "Sessions API, responses" };
    let mut meaning = Meaning {
        title: own.clone().unwrap_or_else(|| sentence_start(entry.says)),
        says: entry.says.into(),
        act: entry.act.into(),
        allowed,
        limits: kind.map(limits).unwrap_or_default(),
        need: String::new(),
        elsewhere: None,
        wrong: kind.and_then(|kind| fault(kind, member)),
        source: section.into(),
    };
    if own.is_none() {
        meaning.title = if entry.hint.is_empty() { name_of(member.path) } else { upper_first(entry.hint) };
    }
    scheme_words(entry.kind, member, &mut meaning);
    Some(meaning)
}

fn of_field(member: &Member<'_>, field: &fields::Field) -> Meaning {
    let allowed = match field.kind {
        Field::OneOf(list) | Field::ListOf(list, _) => list.iter().map(|word| (word.word, word.meaning)).collect(),
        _ => Vec::new(),
    };
    let kind = element(field.kind, member.path);
    let said = kind.and_then(|kind| said(Kind::Is(kind), member));
    let title = said.unwrap_or_else(|| field.help.to_owned());
    let emv = field.emv.map(|name| format!("EMV 3-D Secure calls it {name}. ")).unwrap_or_default();
    let bank = field.emv.and_then(named).map_or("", |entry| entry.act);
    Meaning {
        title,
        says: format!("{}.", field.help.trim_end_matches('.')),
        act: format!("{emv}{bank}").trim().to_owned(),
        allowed,
        limits: kind.map(Field::wanted).unwrap_or_default(),
        need: field.need(),
        elsewhere: None,
        wrong: kind.and_then(|kind| kind.fault(&value_of(member))).map(|fault| format!("{} {fault}", field.name())),
        source: format!("Sessions API {}, {}", field.section, field.since.label()),
    }
}

fn field_at(body: Body, path: &str) -> Option<&'static fields::Field> {
    let pointer = format!("/{}", plain(path).replace('.', "/"));
    fields::find(body, &pointer)
}

fn value_of(member: &Member<'_>) -> Value {
    match member.text {
        true => Value::String(member.value.to_owned()),
        false => payload::tree(member.value.as_bytes()).unwrap_or(Value::Null),
    }
}

/// The value in words: `05 at Visa: fully authenticated`.
fn said(kind: Kind, member: &Member<'_>) -> Option<String> {
    let words = value_words(kind, member.value, member.scheme, member.currency)?;
    let at = match kind {
        Kind::Eci | Kind::Reason if !member.scheme.is_empty() => {
            format!(" at {}", codes::scheme_name(member.scheme))
        }
        _ => String::new(),
    };
    Some(match kind {
        Kind::Amount | Kind::Currency | Kind::Country => words.into_owned(),
        _ => format!("{}{at}: {}", member.value, lower_first(&words)),
    })
}

/// What a value says; `None` where it says nothing beyond itself.
pub fn value_words(kind: Kind, value: &str, scheme: &str, currency: &str) -> Option<Cow<'static, str>> {
    Some(match kind {
        Kind::Is(Field::OneOf(list)) => Cow::Borrowed(fields::words::known(list, value)?.meaning),
        Kind::Eci => Cow::Borrowed(codes::eci(scheme, value).map_or("Not in the scheme's table", |eci| eci.title)),
        Kind::Reason => Cow::Borrowed(codes::reason(scheme, value)?),
        Kind::Currency => Cow::Borrowed(codes::currency_of(value)?),
        Kind::Country => Cow::Borrowed(codes::country_of(value)?),
        Kind::Amount => {
            let code = if currency.starts_with(|c: char| c.is_ascii_digit()) {
                codes::currency_of(currency)?
            } else {
                currency
            };
            Cow::Owned(codes::money(value.parse().ok()?, code)?)
        }
        _ => return None,
    })
}

fn allowed(kind: Kind, scheme: &str) -> Vec<(&'static str, &'static str)> {
    match kind {
        Kind::Is(Field::OneOf(list) | Field::ListOf(list, _)) => {
            list.iter().map(|word| (word.word, word.meaning)).collect()
        }
        Kind::Eci => ["00", "01", "02", "04", "05", "06", "07", "N0", "N2"]
            .into_iter()
            .filter_map(|code| codes::eci(scheme, code))
            .map(|eci| (eci.code, eci.title))
            .collect(),
        Kind::Reason => codes::REASONS.iter().map(|word| (word.word, word.meaning)).collect(),
        _ => Vec::new(),
    }
}

fn limits(kind: Kind) -> String {
    match kind {
        Kind::Is(field) => field.wanted(),
        Kind::Eci => "is two characters of the scheme's table".into(),
        Kind::Reason => "is text of 2 digits".into(),
        Kind::Cryptogram => "is base64 of 20 bytes: 28 characters".into(),
        Kind::Xid => "is a UUID; in 3-D Secure 1 base64 of 20 bytes".into(),
        Kind::Currency => "is a number of ISO 4217 in three digits".into(),
        Kind::Country => "is a number of ISO 3166 in three digits".into(),
        Kind::Stamp => "is UTC as YYYYMMDDHHMMSS".into(),
        Kind::Amount => "is minor units: digits only".into(),
        Kind::Card => "is text of 13 to 19 digits with a good check digit".into(),
        Kind::Url(most) => format!("is an absolute address of at most {most} characters"),
        Kind::Encoded => "is encoded; Decoded shows what is in it".into(),
        Kind::Signed => "is a compact JWS: three parts of base64url".into(),
        Kind::Sealed => "is a compact JWE: five parts of base64url".into(),
        Kind::Key => "is base64url of a JWK".into(),
        Kind::Token => "is opaque to us; often a JWT".into(),
        Kind::Varies => String::new(),
    }
}

/// What is wrong with a value, and what would be right; `None` if it fits.
pub fn fault(kind: Kind, member: &Member<'_>) -> Option<String> {
    let value = member.value;
    let digits = |count: usize| value.len() == count && value.bytes().all(|byte| byte.is_ascii_digit());
    let masked = value.contains('*') || value.contains('•');
    let bad = match kind {
        _ if masked => return None,
        // An open list: what the table does not know may be the scheme's own.
        Kind::Is(Field::OneOf(_)) if digits(2) && value >= "80" => return None,
        // From 2.3.1 on some members are a list of what was one word before.
        Kind::Is(Field::OneOf(list)) if member.doc == Doc::Emv && !member.text && value.starts_with('[') => {
            return Field::ListOf(list, 1)
                .fault(&value_of(member))
                .map(|fault| format!("{} {fault}", name_of(member.path)));
        }
        Kind::Is(field) => {
            return field.fault(&value_of(member)).map(|fault| format!("{} {fault}", name_of(member.path)));
        }
        Kind::Eci => codes::eci(member.scheme, value).is_none(),
        Kind::Reason => !digits(2),
        Kind::Cryptogram => lens::twenty_bytes(value).is_err(),
        Kind::Xid => !fields::is_uuid(value) && lens::twenty_bytes(value).is_err(),
        Kind::Currency => codes::currency_of(value).is_none() || codes::is_excluded_currency(value),
        Kind::Country => codes::country_of(value).is_none(),
        Kind::Stamp => !digits(14) || lens::stamp(value).is_none(),
        Kind::Amount => value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()),
        Kind::Card => Field::CardNumber.fault(&Value::String(value.to_owned())).is_some(),
        Kind::Url(most) => value.len() > most || url::Url::parse(value).is_err(),
        Kind::Signed => !value.is_empty() && value.split('.').count() != 3,
        Kind::Sealed => value.split('.').count() != 5,
        Kind::Encoded | Kind::Key | Kind::Token | Kind::Varies => false,
    };
    bad.then(|| format!("{} {}", name_of(member.path), limits(kind)))
}

/// Sentences that depend on the value: status, ECI, reason.
fn scheme_words(kind: Kind, member: &Member<'_>, meaning: &mut Meaning) {
    match kind {
        Kind::Eci => {
            let Some(eci) = codes::eci(member.scheme, member.value) else { return };
            meaning.says = match (eci.shifts, eci.title) {
                (Some(true), "Attempted") => {
                    "The bank could not check, but there is a receipt; it normally carries the risk."
                }
                (Some(true), _) => "The bank checked the shopper and takes the fraud risk.",
                (Some(false), _) => "Nothing moves the risk: fraud is the shop's cost.",
                (None, _) => "No money moves, so there is no risk to shift.",
            }
            .into();
            meaning.elsewhere = codes::eci_elsewhere(eci).map(|(scheme, code)| format!("{scheme} says {code}"));
            meaning.source = "EMV 3DS, ECI by scheme".into();
        }
        Kind::Reason => {
            if let Some(advice) = codes::advice(member.value) {
                meaning.act = advice.into();
            }
            let other = if member.scheme == "mastercard" { "visa" } else { "mastercard" };
            let (own, theirs) = (codes::reason(member.scheme, member.value), codes::reason(other, member.value));
            meaning.elsewhere = theirs
                .filter(|theirs| Some(*theirs) != own)
                .map(|theirs| format!("{} means: {theirs}", codes::scheme_name(other)));
            meaning.source = "EMV 3DS, transStatusReason".into();
        }
        Kind::Is(Field::OneOf(list)) if list == codes::TRANS_STATUS => {
            let (says, act) = status_words(member.value);
            if !says.is_empty() {
                (meaning.says, meaning.act) = (says.into(), act.into());
            }
            meaning.source = "EMV 3DS, transStatus".into();
        }
        _ => (),
    }
}

/// What a status says to somebody who decides. Source: emv-3ds.md 3.1.
fn status_words(code: &str) -> (&'static str, &'static str) {
    match code {
        "Y" => (
            "The bank recognised its customer; fraud is normally the bank's problem.",
            "Go on, with cryptogram and ECI unchanged.",
        ),
        "A" => (
            "The bank, or the scheme for it, could not really check, but gave a receipt.",
            "Go on; the risk is normally still the bank's.",
        ),
        "N" => ("The bank said no.", "Do not charge; if you do, it is your risk."),
        "U" => ("Something technical failed.", "You may charge without 3-D Secure, at your own risk."),
        "R" => ("The bank asks not to even try.", "Stop here."),
        "C" => ("The bank wants to ask the shopper something.", "Show the bank's page; nothing is decided."),
        "D" => ("The bank will reach the shopper by itself.", "Wait for the result; nothing is decided."),
        "I" => ("The bank noted that the shop wanted no challenge.", "Your risk."),
        "S" => ("The shopper confirms with finger or face in the browser.", "Nothing is decided."),
        _ => ("", ""),
    }
}

/// What a member says at the right end of its row; `None` where the value speaks for itself.
pub fn hint(name: &str, value: &str, is_text: bool, neighbour: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let entry = named(name)?;
    // A number or a word: what it says. All else, and what no table knows: what it is.
    let wants_scheme = matches!(entry.kind, Kind::Eci | Kind::Reason);
    let scheme = if wants_scheme { neighbour("scheme").unwrap_or_default() } else { String::new() };
    let wants_currency = entry.kind == Kind::Amount;
    let currency = || neighbour("currency").or_else(|| neighbour("purchaseCurrency"));
    let currency = if wants_currency { currency()? } else { String::new() };
    if is_text || wants_currency {
        if let Some(words) = value_words(entry.kind, value, &scheme, &currency) {
            return Some(words.into_owned());
        }
        if matches!(entry.kind, Kind::Is(Field::OneOf(_))) {
            return None;
        }
    }
    (!entry.hint.is_empty()).then(|| entry.hint.to_owned())
}

/// [`hint`] for a member of a JSON text of any size.
pub fn of_row(tree: &Tree, node: u32) -> Option<String> {
    /// Bytes of the longest key that a table has, and of the longest value that says something.
    const LONGEST: (usize, usize) = (100, 400);
    let index = &tree.index;
    let key = tree.raw_key(node).filter(|key| key.len() <= LONGEST.0).and_then(|_| tree.key(node))?;
    if index.holds(node) || tree.raw(node).len() > LONGEST.1 {
        return named(&key).map(|entry| entry.hint).filter(|hint| !hint.is_empty()).map(str::to_owned);
    }
    hint(&key, &tree.value(node), index.kind(node) == Json::Text, &|name| neighbour(tree, node, name))
}

/// The value of this name beside a node, else in the outermost object; objects with very many
/// members are not searched.
pub fn neighbour(tree: &Tree, node: u32, name: &str) -> Option<String> {
    const FEW: u32 = 200;
    let few = |object: &u32| tree.index.members(*object).is_some_and(|count| count <= FEW);
    let mut objects = tree.index.parent(node).into_iter().chain([0]).filter(few);
    objects.find_map(|object| tree.child(object, name)).map(|found| tree.value(found))
}

fn name_of(path: &str) -> String {
    plain(path).rsplit(['.', '/']).next().unwrap_or(path).to_owned()
}

fn sentence_start(says: &str) -> String {
    says.split([';', ':', '.']).next().unwrap_or(says).to_owned()
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return String::new() };
    // `HTML, out of band` stays as it is.
    if letters.clone().next().is_some_and(char::is_uppercase) {
        return text.to_owned();
    }
    first.to_lowercase().chain(letters).collect()
}

fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
