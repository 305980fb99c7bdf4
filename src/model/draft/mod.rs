//! A session before it is sent: the documents of its requests, each edited as a form and
//! as text. What is typed is what is sent. Completion, channel and the place of the channel
//! data can change at any time: what belongs to the others is kept aside and comes back.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::devices;
pub use super::doc::Doc;
use super::fields::Field;
pub use super::finding::{Around, Finding, Fix, Severity, Version};
use super::{contract, lint};

/// Hosted or non-hosted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completion {
    /// The API's page does the shopper's part.
    Hosted,
    /// We do it, step by step.
    #[default]
    NonHosted,
}

impl Completion {
    /// The wire's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hosted => "hosted",
            Self::NonHosted => "non_hosted",
        }
    }
}

/// Where the shopper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// At a browser.
    #[default]
    Browser,
    /// In the shop's app.
    App,
    /// Not there: the shop starts it.
    MerchantInitiated,
}

impl Channel {
    /// All, in the order shown.
    pub const ALL: [Self; 3] = [Self::Browser, Self::App, Self::MerchantInitiated];

    /// The wire's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::App => "app",
            Self::MerchantInitiated => "merchant_initiated",
        }
    }

    /// The name people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Browser => "Browser",
            Self::App => "App",
            Self::MerchantInitiated => "Merchant-initiated",
        }
    }
}

/// Which request a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// `POST /sessions`.
    Session,
    /// `PUT …/collect-data` for a browser.
    Browser,
    /// `PUT …/collect-data` for an app.
    App,
    /// `PUT …/issuer-fingerprint`.
    Fingerprint,
    /// `POST /payments`.
    Payment,
}

/// A filled-in form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// Hosted or non-hosted; changed by [`Draft::set_completion`].
    pub completion: Completion,
    /// Where the shopper is; changed by [`Draft::set_channel`].
    pub channel: Channel,
    /// The channel data travel inside `POST /sessions`; changed by [`Draft::set_inline`].
    /// Merchant-initiated ones always do.
    pub inline: bool,
    #[serde(rename = "body")]
    session: Doc,
    browser: Doc,
    app: Doc,
    /// `channel_data` of the merchant-initiated kind, while another channel is chosen.
    initiated: Doc,
    fingerprint: Doc,
    payment: Doc,
    /// `completion` of the kind that is not chosen.
    other_completion: Option<Value>,
    /// The channel that comes back with the non-hosted completion: a hosted page is always
    /// seen in a browser.
    other_channel: Option<Channel>,
}

impl Default for Draft {
    fn default() -> Self {
        Self::new(Completion::NonHosted)
    }
}

impl Draft {
    /// A valid browser session that ends with a challenge.
    pub fn new(completion: Completion) -> Self {
        let body = json!({
            "source": {
                "type": "card",
                "number": "4242424242424242",
                "expiry_month": 6,
                "expiry_year": 2030,
                "name": "Ada Example",
                "email": "ada@example.test",
                "billing_address": {
                    "address_line1": "1 Sample Row", "city": "Leeds", "zip": "LS1 1AA", "country": "GB"
                },
                "mobile_phone": { "country_code": "44", "number": "7700900123" }
            },
            "amount": 6540,
            "currency": "USD",
            "authentication_type": "regular",
            "authentication_category": "payment",
            "challenge_indicator": "no_preference",
            "transaction_type": "goods_service",
            "reference": "INV-1001",
            "billing_descriptor": { "name": "Fern and Fable" },
            "completion": urls(completion)
        });
        Self {
            completion,
            channel: Channel::Browser,
            inline: false,
            session: Doc::of(body),
            browser: Doc::of(devices::DESKTOP_CHROME.browser_data()),
            app: Doc::of(devices::app_template()),
            initiated: Doc::of(json!({ "channel": "merchant_initiated", "request_type": "recurring_transaction" })),
            fingerprint: Doc::default(),
            payment: Doc::default(),
            other_completion: None,
            other_channel: None,
        }
    }

    /// A request's document. While channel data travel inside `POST /sessions`, their own
    /// document is what was typed before that.
    pub fn doc(&self, body: Body) -> &Doc {
        match body {
            Body::Session => &self.session,
            Body::Browser => &self.browser,
            Body::App => &self.app,
            Body::Fingerprint => &self.fingerprint,
            Body::Payment => &self.payment,
        }
    }

    /// A request's document, to change it.
    pub fn doc_mut(&mut self, body: Body) -> &mut Doc {
        match body {
            Body::Session => &mut self.session,
            Body::Browser => &mut self.browser,
            Body::App => &mut self.app,
            Body::Fingerprint => &mut self.fingerprint,
            Body::Payment => &mut self.payment,
        }
    }

    /// The document and the place in it where a field stands in this draft.
    pub fn at(&self, field: &Field) -> (Body, Cow<'static, str>) {
        match field.body {
            Body::Browser | Body::App if self.inside() => {
                (Body::Session, Cow::Owned(format!("/channel_data{}", field.pointer)))
            }
            body => (body, Cow::Borrowed(field.pointer)),
        }
    }

    /// A field's value, in the newest text that was JSON.
    pub fn get(&self, field: &Field) -> Option<&Value> {
        let (body, pointer) = self.at(field);
        self.doc(body).get(&pointer)
    }

    /// A field's value as form text; empty if absent.
    pub fn form_text(&self, field: &Field) -> String {
        let (body, pointer) = self.at(field);
        self.doc(body).form_text(&pointer)
    }

    /// Writes a field; `None` removes it.
    pub fn set(&mut self, field: &Field, value: Option<Value>) {
        let (body, pointer) = self.at(field);
        self.doc_mut(body).set(&pointer, value);
    }

    /// The request that carries the channel data; `None` if they travel inside `POST /sessions`.
    pub fn collect_body(&self) -> Option<Body> {
        match self.channel {
            _ if self.inside() => None,
            Channel::App => Some(Body::App),
            _ => Some(Body::Browser),
        }
    }

    /// The text of `collect-data`. Data that travel inside `POST /sessions` are given too:
    /// a tester may send them again. Empty if there is none.
    pub fn collect_text(&self) -> String {
        match (self.collect_body(), self.session.get("/channel_data")) {
            (Some(body), _) => self.doc(body).text().to_owned(),
            (None, Some(data)) => super::doc::pretty(data),
            (None, None) => String::new(),
        }
    }

    /// The documents that this draft sends, in the order of their steps.
    pub fn bodies(&self) -> Vec<Body> {
        let mut bodies = vec![Body::Session];
        let own = self.completion == Completion::NonHosted;
        bodies.extend(self.collect_body().filter(|_| own));
        if own && self.channel == Channel::Browser {
            bodies.push(Body::Fingerprint);
        }
        bodies.push(Body::Payment);
        bodies
    }

    /// True if the channel data stand inside `POST /sessions`.
    fn inside(&self) -> bool {
        self.inline || self.channel == Channel::MerchantInitiated
    }

    /// Another completion: its own addresses come back, all else stays. False, and nothing
    /// has changed, if the text that would have to change is not JSON just now.
    pub fn set_completion(&mut self, completion: Completion) -> bool {
        if completion == self.completion {
            return true;
        }
        if self.session.broken().is_some() {
            return false;
        }
        let channel = match completion {
            Completion::Hosted => Channel::Browser,
            Completion::NonHosted => self.other_channel.take().unwrap_or(self.channel),
        };
        self.other_channel = (completion == Completion::Hosted).then_some(self.channel);
        self.set_channel(channel);
        let there = self.session.get("/completion").cloned();
        let other = self.other_completion.take().unwrap_or_else(|| urls(completion));
        self.session.set("/completion", Some(other));
        self.other_completion = there;
        self.completion = completion;
        true
    }

    /// Another channel: its own data come back, those of this one are kept. False, and
    /// nothing has changed, if the text that would have to change is not JSON just now.
    pub fn set_channel(&mut self, channel: Channel) -> bool {
        self.reshape(channel, self.inline)
    }

    /// Whether the channel data travel inside `POST /sessions`. False, and nothing has
    /// changed, if the text that would have to change is not JSON just now.
    pub fn set_inline(&mut self, inline: bool) -> bool {
        self.reshape(self.channel, inline)
    }

    fn reshape(&mut self, channel: Channel, inline: bool) -> bool {
        let before = (self.inside(), self.channel);
        let after = (inline || channel == Channel::MerchantInitiated, channel);
        let moves = (before.0 || after.0) && before != after;
        if moves && self.session.broken().is_some() {
            return false;
        }
        if moves && before.0 {
            let data = self.session.get("/channel_data").cloned();
            let kept = self.data_mut(before.1);
            if let Some(data) = data.filter(|data| data != kept.tree()) {
                *kept = Doc::of(data);
            }
            self.session.set("/channel_data", None);
        }
        if moves && after.0 && self.session.get("/channel_data").is_none() {
            let data = self.data_mut(after.1).tree().clone();
            self.session.set("/channel_data", Some(data));
        }
        (self.channel, self.inline) = (channel, inline);
        true
    }

    /// A channel's own data, while they do not stand inside `POST /sessions`.
    fn data_mut(&mut self, channel: Channel) -> &mut Doc {
        match channel {
            Channel::Browser => &mut self.browser,
            Channel::App => &mut self.app,
            Channel::MerchantInitiated => &mut self.initiated,
        }
    }

    /// Takes the text of a `POST /sessions` from elsewhere (a file, a history) and reads
    /// completion and channel from it; what was typed in other documents stays.
    pub fn open(&mut self, text: String) {
        self.session.set_text(text);
        if self.session.broken().is_some() {
            return;
        }
        match self.session.get("/completion/type").and_then(Value::as_str) {
            Some("hosted") => self.completion = Completion::Hosted,
            Some("non_hosted" | "non-hosted") => self.completion = Completion::NonHosted,
            _ => (),
        }
        let Some(data) = self.session.get("/channel_data").filter(|data| data.is_object()) else {
            self.inline = false;
            if self.channel == Channel::MerchantInitiated {
                self.channel = Channel::Browser;
            }
            return;
        };
        let word = data.get("channel").and_then(Value::as_str).unwrap_or("browser");
        if let Some(channel) = Channel::ALL.into_iter().find(|channel| channel.word() == word) {
            self.channel = channel;
            self.inline = true;
        }
    }

    /// Carries a fix out.
    pub fn apply(&mut self, fix: &Fix) {
        for (body, pointer, value) in &fix.edits {
            self.doc_mut(*body).set(pointer, value.clone());
        }
    }

    /// All that is to be said about what is typed: what the contract would refuse, in its
    /// own order, request by request; then advice. Nothing here blocks.
    pub fn check(&self, around: &Around<'_>) -> Vec<Finding> {
        lint::join(contract::check(self, around), lint::check(self, around))
    }
}

/// The addresses of a completion at our own listener.
fn urls(completion: Completion) -> Value {
    match completion {
        Completion::NonHosted => json!({
            "type": "non_hosted",
            "callback_url": "{{listener}}/cb",
            "challenge_notification_url": "{{listener}}/cres"
        }),
        Completion::Hosted => json!({
            "type": "hosted",
            "success_url": "{{merchant}}/success",
            "failure_url": "{{merchant}}/failure"
        }),
    }
}

#[cfg(test)]
mod tests;
