//! Every request field of the API once: where it stands, what it means, what the contract
//! allows, its EMV 3-D Secure counterpart. Form, validation and help are read from this
//! table, whose order is the contract's. It judges nothing by itself: `model::contract`
//! does. Source: sessions-api.md 2.4, 3, 8.

mod after;
mod channel;
mod extras;
mod kind;
mod source;
mod top;
pub mod words;

use serde_json::Value;

pub use kind::Kind;
pub(super) use kind::uuid as is_uuid;
pub use words::Word;

use super::draft::{Body, Channel, Completion, Draft};

/// Parts of the form, in the order shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// What is paid with: `source`.
    Card,
    /// What is bought: the top level.
    Purchase,
    /// `completion`.
    Completion,
    /// Name, contacts and billing address: `source` too.
    Cardholder,
    /// `shipping_address`.
    Shipping,
    /// `account_info`.
    Account,
    /// `merchant_risk_info`.
    Risk,
    /// `recurring` and `installment`.
    Recurring,
    /// `initial_transaction`.
    Earlier,
    /// `optimization`, `device_information`, `google_spa`, `preferred_experiences`.
    Device,
    /// Browser channel data.
    Browser,
    /// App channel data.
    App,
    /// Merchant-initiated channel data.
    Initiated,
    /// The body of `issuer-fingerprint`.
    Fingerprint,
    /// The body of `POST /payments`.
    Payment,
}

impl Group {
    /// All groups, in the order shown.
    pub const ALL: [Self; 15] = [
        Self::Card,
        Self::Purchase,
        Self::Completion,
        Self::Cardholder,
        Self::Shipping,
        Self::Account,
        Self::Risk,
        Self::Recurring,
        Self::Earlier,
        Self::Device,
        Self::Browser,
        Self::App,
        Self::Initiated,
        Self::Fingerprint,
        Self::Payment,
    ];

    /// The name people read, and the wire's.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Card => ("Card", "source"),
            Self::Purchase => ("Purchase", ""),
            Self::Completion => ("Completion", "completion"),
            Self::Cardholder => ("Cardholder", "source"),
            Self::Shipping => ("Shipping", "shipping_address"),
            Self::Account => ("Account info", "account_info"),
            Self::Risk => ("Merchant risk", "merchant_risk_info"),
            Self::Recurring => ("Recurring & instalments", ""),
            Self::Earlier => ("Earlier authentication", "initial_transaction"),
            Self::Device => ("Device & experiences", ""),
            Self::Browser => ("Browser data", "channel_data"),
            Self::App => ("App data", "channel_data"),
            Self::Initiated => ("Merchant-initiated", "channel_data"),
            Self::Fingerprint => ("3DS Method result", "issuer-fingerprint"),
            Self::Payment => ("Payment", "payments"),
        }
    }
}

/// What makes a field required that is not always so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// `authentication_type` is `recurring` or `installment`.
    Scheduled,
    /// `authentication_type` is `installment`.
    Instalments,
    /// Some SDK field is there: app data without any counts as none at all.
    /// Source: sessions-api.md 10, Q21.
    AppFilled,
    /// The API requires it; the console fills it in when it sends.
    Console,
}

impl Condition {
    /// The condition in words, after "Required".
    pub fn words(self) -> &'static str {
        match self {
            Self::Scheduled => "when authentication_type is recurring or installment",
            Self::Instalments => "when authentication_type is installment",
            Self::AppFilled => "once any field of the app data is given",
            Self::Console => "by the API; left out here, the console fills it in when it sends",
        }
    }
}

/// When a field is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// Always, where the object it stands in is there.
    Always,
    /// Never.
    No,
    /// Under a condition, whether or not the object it stands in is there.
    When(Condition),
}

/// Which edition of the API knows a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// April 2022.
    Y2022,
    /// Added in 2023 or later.
    Y2023,
}

impl Since {
    /// For a badge: `2022`, `2023+`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Y2022 => "2022",
            Self::Y2023 => "2023+",
        }
    }
}

/// When a field means something; elsewhere the API leaves it aside. Each empty or `None`
/// member says "whatever it is".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applies {
    /// Hosted or non-hosted.
    pub completion: Option<Completion>,
    /// The channel of the channel data.
    pub channel: Option<Channel>,
    /// Words of `source.type`.
    pub sources: &'static [&'static str],
    /// The word of `authentication_type`.
    pub kind: Option<&'static str>,
}

impl Applies {
    /// Always.
    pub const ALWAYS: Self = Self { completion: None, channel: None, sources: &[], kind: None };
}

/// One request field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Where it stands in its document, as JSON pointer.
    pub pointer: &'static str,
    /// The request it belongs to. Channel data may travel inside `POST /sessions`:
    /// [`Draft::at`] says where it stands in a draft.
    pub body: Body,
    /// Its part of the form.
    pub group: Group,
    /// What it holds.
    pub kind: Kind,
    /// When it is required.
    pub required: Required,
    /// What the API assumes if it is left out, in words or as on the wire.
    pub default: Option<&'static str>,
    /// What it means, in one sentence.
    pub help: &'static str,
    /// What EMV 3-D Secure calls it: `acctNumber`.
    pub emv: Option<&'static str>,
    /// The section of sessions-api.md that states it.
    pub section: &'static str,
    /// Which edition knows it.
    pub since: Since,
    /// When it means something.
    pub applies: Applies,
}

impl Field {
    /// The wire's name: the last part of the pointer.
    pub fn name(&self) -> &'static str {
        self.pointer.rsplit('/').next().unwrap_or(self.pointer)
    }

    /// The name that error codes are made of: the leaf, save for `source.type`.
    /// Source: sessions-api.md 2.6, 3.2.
    pub fn code_name(&self) -> &'static str {
        if self.pointer == "/source/type" { "source_type" } else { self.name() }
    }

    /// Turns form text into what goes into the JSON; `None` for empty text. Text that does
    /// not fit the kind goes in as text: testers send wrong things on purpose.
    pub fn value(&self, text: &str) -> Option<Value> {
        if text.is_empty() { None } else { Some(self.kind.value(text)) }
    }

    /// True if it can mean something in a draft of this shape, whatever is typed.
    pub fn fits(&self, completion: Completion, channel: Channel) -> bool {
        self.applies.completion.is_none_or(|only| only == completion)
            && self.applies.channel.is_none_or(|only| only == channel)
    }

    /// One more sentence about what is needed: `Required`, `May be left out`, …
    pub fn need(&self) -> String {
        match (self.required, self.default) {
            (Required::Always, _) => "Required".into(),
            (Required::When(condition), _) => format!("Required {}", condition.words()),
            (Required::No, Some(default)) => format!("May be left out: {default}"),
            (Required::No, None) => "May be left out".into(),
        }
    }
}

/// The fields that a form shows for a draft, in the order of [`FIELDS`]: those of the
/// requests it sends that mean something for its completion, channel, source type and
/// authentication type. Objects are left out: the form shows their members.
pub fn shown(draft: &Draft) -> impl Iterator<Item = &'static Field> {
    let (completion, channel) = (draft.completion, draft.channel);
    let source = draft.doc(Body::Session).form_text("/source/type");
    let source = if source.is_empty() { "card".to_owned() } else { source };
    let kind = draft.doc(Body::Session).form_text("/authentication_type");
    let sent = draft.bodies();
    FIELDS.iter().filter(move |field| {
        let sent = sent.contains(&draft.at(field).0);
        let known = source == "card" || source == "id" || source == "token" || source == "network_token";
        let of_source = field.applies.sources.is_empty() || !known || field.applies.sources.contains(&source.as_str());
        let of_kind =
            field.applies.kind.is_none_or(|only| words::canonical(words::AUTHENTICATION_TYPES, &kind) == only);
        sent && field.kind != Kind::Object && field.fits(completion, channel) && of_source && of_kind
    })
}

/// The field at a place of a request's own document; channel data also by its place inside
/// `POST /sessions`.
pub fn find(body: Body, pointer: &str) -> Option<&'static Field> {
    let inside = pointer.strip_prefix("/channel_data").filter(|_| body == Body::Session);
    FIELDS.iter().find(|field| field.body == body && field.pointer == pointer).or_else(|| {
        FIELDS.iter().find(|field| {
            matches!(field.body, Body::Browser | Body::App) && inside.is_some_and(|inside| inside == field.pointer)
        })
    })
}

/// The start of every row: optional, of 2022, applies always.
const fn row(
    body: Body,
    group: Group,
    section: &'static str,
    pointer: &'static str,
    kind: Kind,
    help: &'static str,
) -> Field {
    Field {
        pointer,
        body,
        group,
        kind,
        required: Required::No,
        default: None,
        help,
        emv: None,
        section,
        since: Since::Y2022,
        applies: Applies::ALWAYS,
    }
}

impl Field {
    const fn required(self) -> Self {
        Self { required: Required::Always, ..self }
    }

    const fn when(self, condition: Condition) -> Self {
        Self { required: Required::When(condition), ..self }
    }

    const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    const fn emv(self, emv: &'static str) -> Self {
        Self { emv: Some(emv), ..self }
    }

    const fn late(self) -> Self {
        Self { since: Since::Y2023, ..self }
    }

    const fn of_completion(self, completion: Completion) -> Self {
        Self { applies: Applies { completion: Some(completion), ..self.applies }, ..self }
    }

    const fn of_channel(self, channel: Channel) -> Self {
        Self { applies: Applies { channel: Some(channel), ..self.applies }, ..self }
    }

    const fn of_sources(self, sources: &'static [&'static str]) -> Self {
        Self { applies: Applies { sources, ..self.applies }, ..self }
    }

    const fn of_kind(self, kind: &'static str) -> Self {
        Self { applies: Applies { kind: Some(kind), ..self.applies }, ..self }
    }
}

/// The parts in contract order: `source` stands first, then the rest of the top level,
/// with objects at their own row.
const PARTS: [&[Field]; 11] = [
    source::ROWS,
    top::BEFORE_ACCOUNT,
    extras::ACCOUNT,
    top::BEFORE_RISK,
    extras::RISK,
    top::BEFORE_SHIPPING,
    extras::SHIPPING,
    top::COMPLETION,
    channel::ROWS,
    top::LAST,
    after::ROWS,
];

const fn count() -> usize {
    let (mut part, mut total) = (0, 0);
    while part < PARTS.len() {
        total += PARTS[part].len();
        part += 1;
    }
    total
}

const fn joined() -> [Field; count()] {
    let mut all = [PARTS[0][0]; count()];
    let (mut part, mut place) = (0, 0);
    while part < PARTS.len() {
        let mut one = 0;
        while one < PARTS[part].len() {
            all[place] = PARTS[part][one];
            place += 1;
            one += 1;
        }
        part += 1;
    }
    all
}

/// The table, in contract order.
pub static FIELDS: [Field; count()] = joined();

#[cfg(test)]
mod tests;
