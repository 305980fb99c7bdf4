//! What part an entry has in an authentication, told by method and path, by the fields of
//! a form, and by what earlier entries said. Source: sessions-api.md 2; emv-3ds.md 2, 6.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::model::api::Session;
use crate::model::delivery::DeliveryKind;
use crate::model::exchange::{Exchange, Step, header};
use crate::model::{Lane, payload};

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The shop calls the API.
    Call(Step),
    /// The browser loads or posts to a page of this lane.
    Page(Step, Lane),
    /// Something came to the shop's addresses.
    Notice(DeliveryKind),
}

/// Longest form that is looked into, in bytes. Our choice; the protocol's are far shorter.
const LONGEST_FORM: usize = 256 * 1024;

const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl Role {
    /// `None` if it has nothing to do with an authentication.
    pub fn of<'k>(exchange: &Exchange, known: impl Iterator<Item = &'k Known>) -> Option<Self> {
        let url = Url::parse(&exchange.request.url).ok()?;
        if let Some(step) = call(exchange, &url) {
            return Some(Self::Call(step));
        }
        let fields = form(exchange);
        if let Some(role) = handed_over(&fields) {
            return Some(role);
        }
        if exchange.request.method == "POST" && is_session(&exchange.request.body) {
            return Some(Self::Notice(DeliveryKind::Callback));
        }
        let html = exchange
            .response()
            .is_some_and(|answer| header(&answer.headers, "content-type").is_some_and(|kind| kind.contains("html")));
        let page = exchange.request.method == "POST" || html;
        let place = origin(&url);
        let step = known.filter_map(|known| known.step_at(&exchange.request.url, &place)).next()?;
        page.then_some(Self::Page(step, if step == Step::Redirect { Lane::Sessions } else { Lane::Issuer }))
    }

    pub fn step(self) -> Step {
        match self {
            Self::Call(step) | Self::Page(step, _) => step,
            Self::Notice(DeliveryKind::MethodNotification) => Step::Method,
            Self::Notice(DeliveryKind::Callback) => Step::Complete,
            Self::Notice(_) => Step::Challenge,
        }
    }

    pub fn lanes(self) -> (Lane, Lane) {
        match self {
            Self::Call(_) => (Lane::Merchant, Lane::Sessions),
            Self::Page(_, lane) => (Lane::Browser, lane),
            Self::Notice(DeliveryKind::Callback) => (Lane::Sessions, Lane::Callback),
            Self::Notice(_) => (Lane::Browser, Lane::Merchant),
        }
    }
}

/// A call of the API. The paths are common words, so the identifiers or the bodies must
/// be of the API's kind too.
fn call(exchange: &Exchange, url: &Url) -> Option<Step> {
    let path: Vec<&str> = url.path_segments()?.filter(|part| !part.is_empty()).collect();
    let answer = || exchange.response().is_some_and(|answer| is_session(&answer.body));
    let asks = || payload::tree(&exchange.request.body).is_some_and(|body| is_create(&body));
    match (exchange.request.method.as_str(), path.as_slice()) {
        ("POST", [.., "connect", "token"]) => Some(Step::Token),
        ("POST", [.., "sessions"]) => (answer() || asks()).then_some(Step::Create),
        ("GET", [.., "sessions", id]) if id.starts_with("sid_") => Some(Step::Confirm),
        ("PUT", [.., "sessions", id, "collect-data"]) if id.starts_with("sid_") => Some(Step::Collect),
        ("PUT", [.., "sessions", id, "issuer-fingerprint"]) if id.starts_with("sid_") => Some(Step::Fingerprint),
        ("POST", [.., "sessions", id, "complete"]) if id.starts_with("sid_") => Some(Step::Complete),
        ("POST", [.., "payments"]) => {
            let body = payload::tree(&exchange.request.body)?;
            body.pointer("/3ds").is_some_and(Value::is_object).then_some(Step::Authorise)
        }
        _ => None,
    }
}

/// True if a body is one of `POST /sessions`. Source: sessions-api.md 3.
pub fn is_create(body: &Value) -> bool {
    let has = |name| body.get(name).is_some();
    has("source")
        && (has("completion") || has("authentication_type") || has("challenge_indicator") || has("channel_data"))
}

fn is_session(body: &[u8]) -> bool {
    Session::read(body).is_some_and(|session| session.id.0.starts_with("sid_"))
}

fn form(exchange: &Exchange) -> Vec<(String, String)> {
    let body = &exchange.request.body;
    if exchange.request.method != "POST" || body.len() > LONGEST_FORM || body.starts_with(b"{") {
        return Vec::new();
    }
    form_urlencoded::parse(body).into_owned().collect()
}

/// What the field of a hand-off says. Source: emv-3ds.md 2.1, 2.2, 6.2.
fn handed_over(fields: &[(String, String)]) -> Option<Role> {
    fields.iter().find_map(|(name, value)| match name.as_str() {
        "creq" => Some(Role::Page(Step::Challenge, Lane::Issuer)),
        "cres" | "erro" => Some(Role::Notice(DeliveryKind::ChallengeNotification)),
        "PaReq" => Some(Role::Page(Step::Authenticate, Lane::Issuer)),
        "PaRes" => Some(Role::Notice(DeliveryKind::ChallengeNotification)),
        // The request names the address that the notification then comes to.
        "threeDSMethodData" => match object(value)?.get("threeDSMethodNotificationURL") {
            Some(_) => Some(Role::Page(Step::Method, Lane::Issuer)),
            None => Some(Role::Notice(DeliveryKind::MethodNotification)),
        },
        _ => None,
    })
}

fn object(value: &str) -> Option<Value> {
    let same = value.trim().trim_end_matches('=').replace('+', "-").replace('/', "_");
    TOLERANT.decode(same).ok().and_then(|bytes| payload::tree(&bytes)).filter(Value::is_object)
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// What earlier entries of a run said: identifiers and addresses.
#[derive(Debug, Default)]
pub(super) struct Known {
    ids: BTreeSet<String>,
    /// Addresses that the session named, with what they are for.
    links: Vec<(Step, String)>,
    /// Where pages of the bank are: the exchange's number, the step they belong to; the newest last.
    places: Vec<(u64, Step, String)>,
}

impl Known {
    /// Takes in an exchange of this run.
    pub fn learn(&mut self, exchange: &Exchange) {
        let bodies = [Some(&exchange.request.body), exchange.response().map(|answer| &answer.body)];
        for session in bodies.into_iter().flatten().filter_map(|body| Session::read(body)) {
            let texts = ["/transaction_id", "/acs/transaction_id", "/ds/transaction_id"];
            self.ids.extend(texts.into_iter().filter_map(|pointer| session.text(pointer)).map(str::to_owned));
            for (step, address) in [
                (Step::Method, session.link("three_ds_method_url")),
                (Step::Redirect, session.link("redirect_url")),
                (Step::Challenge, session.text("/acs/url")),
            ] {
                let address = address.map(|address| (step, address.to_owned()));
                self.links.extend(address.filter(|link| !self.links.contains(link)));
            }
            self.ids.insert(session.id.0);
        }
        self.ids.extend(named(exchange));
        let handed = matches!(exchange.step, Step::Method | Step::Challenge | Step::Authenticate | Step::Redirect);
        if let Some(url) = Url::parse(&exchange.request.url).ok().filter(|_| handed) {
            self.places.push((exchange.id.0, exchange.step, origin(&url)));
        }
    }

    /// True if an exchange names what this run is known by.
    pub fn owns(&self, exchange: &Exchange) -> bool {
        let path = exchange.path().split(['/', '?', '&', '=']).map(str::to_owned);
        path.chain(named(exchange)).any(|id| self.ids.contains(&id))
    }

    /// True if the session named this address.
    pub fn links_to(&self, exchange: &Exchange) -> bool {
        self.links.iter().any(|(_, link)| *link == exchange.request.url)
    }

    /// When a page of this place was last seen, by the exchange's number.
    pub fn seen_at(&self, exchange: &Exchange) -> Option<u64> {
        let place = origin(&Url::parse(&exchange.request.url).ok()?);
        self.places.iter().rev().find(|(.., known)| *known == place).map(|(number, ..)| *number)
    }

    /// The step of a page: a link of the session, or the place of a page before.
    fn step_at(&self, url: &str, place: &str) -> Option<Step> {
        let link = self.links.iter().rev().find(|(_, link)| link == url).map(|(step, _)| *step);
        let before = || self.places.iter().rev().find(|(.., known)| known == place).map(|(_, step, _)| *step);
        link.or_else(before)
    }
}

/// The identifiers that an exchange carries in its body or its form.
fn named(exchange: &Exchange) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for (name, value) in form(exchange) {
        if matches!(name.as_str(), "creq" | "cres" | "erro" | "threeDSMethodData")
            && let Some(message) = object(&value)
        {
            let members = ["threeDSServerTransID", "acsTransID"].into_iter();
            ids.extend(members.filter_map(|member| message.get(member)?.as_str().map(str::to_owned)));
        }
    }
    if let Some(body) =
        Some(&exchange.request.body).filter(|body| body.starts_with(b"{")).and_then(|body| payload::tree(body))
    {
        let pointers = ["/3ds/authentication_id", "/id"].into_iter();
        ids.extend(pointers.filter_map(|pointer| body.pointer(pointer)?.as_str().map(str::to_owned)));
    }
    ids
}
