//! `channel_data`: the shopper's browser, the shopper's app, or nobody.
//! Source: sessions-api.md 3.7, 9.3, open question 21.

use super::{Given, Members, Need, Object, Reader, Words, is_digits};
use crate::sandbox::fields::Findings;
use crate::sandbox::keys::decode_base64url;

use Need::{May, Must};

/// What `channel_data` says.
#[derive(Debug)]
pub(in crate::sandbox) enum Channel {
    Browser(Box<Browser>),
    App(Box<App>),
    /// The shop acts alone; the word is its `request_type`.
    Merchant(&'static str),
}

/// The shopper's browser.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Browser {
    pub(in crate::sandbox) accept_header: String,
    pub(in crate::sandbox) java_enabled: bool,
    pub(in crate::sandbox) javascript_enabled: bool,
    pub(in crate::sandbox) language: String,
    pub(in crate::sandbox) color_depth: String,
    pub(in crate::sandbox) screen_height: String,
    pub(in crate::sandbox) screen_width: String,
    pub(in crate::sandbox) timezone: String,
    pub(in crate::sandbox) user_agent: String,
    pub(in crate::sandbox) ip_address: String,
    /// `Y`, `N`, `U`; `None` is not `U` (sessions-api.md 3.7).
    pub(in crate::sandbox) method_completion: Option<char>,
}

/// The shopper's app with its 3DS SDK.
#[derive(Debug)]
pub(in crate::sandbox) struct App {
    pub(in crate::sandbox) app_id: String,
    /// Minutes.
    pub(in crate::sandbox) max_timeout: i64,
    /// `x` and `y` of the SDK's public key.
    pub(in crate::sandbox) key: (String, String),
    /// As it came: the directory server may not be able to read it.
    pub(in crate::sandbox) encrypted_data: String,
    pub(in crate::sandbox) reference_number: String,
    pub(in crate::sandbox) transaction_id: String,
    pub(in crate::sandbox) interface: &'static str,
    pub(in crate::sandbox) elements: Vec<&'static str>,
}

impl App {
    /// The highest version that the SDK speaks, if its reference number tells: the six digits
    /// in `3DS_LOA_SDK_SANDBOX_020200_00001`.
    pub(in crate::sandbox) fn version(&self) -> Option<String> {
        let digits = self.reference_number.split('_').find(|part| is_digits(part, 6..=6))?;
        let part = |from: usize| digits[from..from + 2].trim_start_matches('0').parse().unwrap_or(0_u8);
        Some(format!("{}.{}.{}", part(0), part(2), part(4)))
    }

    /// True for a compact JWE: five parts, the first one a JSON object.
    pub(in crate::sandbox) fn readable(&self) -> bool {
        let mut parts = self.encrypted_data.split('.');
        let header = parts.next().and_then(decode_base64url);
        let object = header.is_some_and(|bytes| serde_json::from_slice::<Object>(&bytes).is_ok());
        object && parts.map(decode_base64url).collect::<Option<Vec<_>>>().is_some_and(|rest| rest.len() == 4)
    }
}

impl Channel {
    /// Lets go of what only the authentication request carries: a session lives on for long.
    pub(in crate::sandbox) fn shed(&mut self) {
        match self {
            Self::Browser(browser) => {
                let ip_address = std::mem::take(&mut browser.ip_address);
                **browser = Browser { ip_address, ..Browser::default() };
            }
            Self::App(app) => {
                app.encrypted_data = String::new();
                app.key = Default::default();
            }
            Self::Merchant(_) => (),
        }
    }
}

/// What a channel object came to.
pub(in crate::sandbox) enum Read {
    Data(Channel),
    /// An app that has not said anything yet (open question 21).
    AppToCome,
}

/// Reads the body of `collect-data`: everything that is required must be there.
///
/// # Errors
/// All findings, in table order.
pub(in crate::sandbox) fn channel_data(body: &Members) -> Result<Channel, Vec<String>> {
    let mut findings = Findings::default();
    match channel(body, &mut findings, true) {
        Some(Read::Data(channel)) if findings.0.is_empty() => Ok(channel),
        _ => Err(findings.0),
    }
}

/// Reads the body of `issuer-fingerprint`: `Y`, `N` or `U`, in any case.
///
/// # Errors
/// All findings.
pub(in crate::sandbox) fn fingerprint(body: &Members) -> Result<char, Vec<String>> {
    let mut findings = Findings::default();
    let value = method_completion(&mut Reader::new(body, &mut findings), Must);
    value.ok_or(findings.0)
}

pub(super) fn channel(object: &Members, findings: &mut Findings, strict: bool) -> Option<Read> {
    let mut reader = Reader::new(object, findings);
    let known = &[("browser", [].as_slice()), ("app", &[]), ("merchant_initiated", &[])];
    let given = reader.raw("channel").is_some();
    match reader.word("channel", May, known) {
        Some("app") if !strict && says_nothing(object) => Some(Read::AppToCome),
        Some("app") => app(&mut reader).map(Read::Data),
        Some("merchant_initiated") => {
            let kind = reader.word("request_type", Must, REQUEST_TYPES)?;
            Some(Read::Data(Channel::Merchant(kind)))
        }
        None if given => None,
        Some(_) | None => browser(&mut reader).map(Read::Data),
    }
}

/// True if no SDK field is set: absent, null, empty or zero, as plain structs write it.
fn says_nothing(object: &Members) -> bool {
    object.iter().filter(|(name, _)| name.starts_with("sdk_")).all(|(_, value)| zero(value))
}

fn zero(value: &Given) -> bool {
    match value {
        Given::Null => true,
        Given::Bool(flag) => !flag,
        Given::String(text) => text.is_empty(),
        Given::Number(number) => number.as_f64() == Some(0.0),
        Given::Array(list) => list.is_empty(),
        Given::Object(members) => members.iter().all(|(_, value)| zero(value)),
    }
}

fn browser(reader: &mut Reader) -> Option<Channel> {
    let accept_header = reader.text("accept_header", Must, 1..=2048);
    let java_enabled = reader.flag("java_enabled").unwrap_or(false);
    let javascript_enabled = reader.flag("javascript_enabled").unwrap_or(true);
    let language = reader.matching("language", Must, is_language);
    let color_depth = reader.text_or_number("color_depth", Must, 1..=2);
    let screen_height = reader.text_or_number("screen_height", Must, 1..=6);
    let screen_width = reader.text_or_number("screen_width", Must, 1..=6);
    let timezone = reader.text_or_number("timezone", Must, 1..=5);
    if timezone.as_deref().is_some_and(|minutes| minutes.parse::<i32>().is_err()) {
        reader.findings.invalid("timezone");
    }
    let user_agent = reader.text("user_agent", Must, 1..=2048);
    let ip_address = reader.text("ip_address", Must, 1..=45);
    let method_completion = method_completion(reader, May);
    reader.flag("iframe_payment_allowed");
    reader.any_text("user_agent_client_hint");
    Some(Channel::Browser(Box::new(Browser {
        accept_header: accept_header?,
        java_enabled,
        javascript_enabled,
        language: language?,
        color_depth: color_depth?,
        screen_height: screen_height?,
        screen_width: screen_width?,
        timezone: timezone?,
        user_agent: user_agent?,
        ip_address: ip_address?,
        method_completion,
    })))
}

/// The shape of a BCP 47 tag, 1 to 12 characters.
fn is_language(text: &str) -> bool {
    let part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.len() <= 12 && text.split('-').all(part)
}

fn method_completion(reader: &mut Reader, need: Need) -> Option<char> {
    let values = &[("Y", ["y"].as_slice()), ("N", &["n"]), ("U", &["u"])];
    reader.word("three_ds_method_completion", need, values).and_then(|word| word.chars().next())
}

const ELEMENTS: &Words =
    &[("text", &[]), ("single_select", &[]), ("multi_select", &[]), ("oob", &[]), ("html_other", &[])];

fn app(reader: &mut Reader) -> Option<Channel> {
    let uuid = |text: &str| text.len() == 36 && uuid::Uuid::try_parse(text).is_ok();
    let app_id = reader.matching("sdk_app_id", Must, uuid);
    let max_timeout = reader.integer("sdk_max_timeout", Must, 5..=i64::from(i32::MAX));
    let mut key = None;
    if let Some(object) = reader.object("sdk_ephem_pub_key", Must) {
        let mut reader = Reader::new(object, reader.findings);
        reader.matching("kty", Must, |text| text == "EC");
        reader.text("crv", Must, 1..=40);
        let base64 = |text: &str| text.len() <= 100 && decode_base64url(text).is_some_and(|bytes| !bytes.is_empty());
        let x = reader.matching("x", Must, base64);
        let y = reader.matching("y", Must, base64);
        key = x.zip(y);
    }
    let encrypted_data = reader.text("sdk_encrypted_data", Must, 1..=64_000);
    let reference_number = reader.text("sdk_reference_number", Must, 1..=32);
    let transaction_id = reader.matching("sdk_transaction_id", Must, uuid);
    let interfaces = &[("native", [].as_slice()), ("html", &[]), ("both", &[])];
    let interface = reader.word("sdk_interface_type", Must, interfaces);
    let elements = reader.words("sdk_ui_elements", Must, ELEMENTS);
    if elements.as_ref().is_some_and(Vec::is_empty) {
        reader.findings.invalid("sdk_ui_elements");
    }
    Some(Channel::App(Box::new(App {
        app_id: app_id?,
        max_timeout: max_timeout?,
        key: key?,
        encrypted_data: encrypted_data?,
        reference_number: reference_number?,
        transaction_id: transaction_id?,
        interface: interface?,
        elements: elements?,
    })))
}

const REQUEST_TYPES: &Words = &[
    ("recurring_transaction", &[]),
    ("installment_transaction", &[]),
    ("add_card", &[]),
    ("maintain_card_information", &[]),
    ("account_verification", &[]),
    ("split_or_delayed_shipment", &[]),
    ("top_up", &[]),
    ("mail_order", &[]),
    ("telephone_order", &[]),
    ("whitelist_status_check", &[]),
    ("other_payment", &[]),
];
