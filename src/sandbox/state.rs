//! All that the sandbox remembers, behind one lock, and its settings.
//!
//! Promises: the lock is never held while waiting; the oldest sessions go when there are
//! too many. Source of the numbers: sessions-api.md 4.1, 1.5, 7.5; product.md "Decided".

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Fault;
use super::arm::Armed;
use super::exempt::Rules;
use super::faults::Rate;
use super::fields::{Findings, Need, Reader};
use super::given::Members;
use super::legacy;
use super::log::{Entry, Ring};
use super::market::Market;
use super::payments::Payment;
use super::session::{Limits, Session};
use super::token;
use super::turn;
use super::webhooks::{self, Workflow};
use crate::model::Pan;
use crate::model::scheme::{PhoneMessage, SchemeMessage};

/// Sessions, payments and stored cards that are remembered, each.
const SHELF: usize = 100_000;
/// Callbacks, webhook events and known browsers that are remembered, each.
const CALLBACKS: usize = 1_000;
/// Bytes of hidden messages. Source: product.md "Decided", Size.
const MESSAGE_BYTES: usize = 64 << 20;
/// Bytes of messages to phones.
const PHONE_BYTES: usize = 1 << 20;
/// How long card ranges are good. Source: emv-3ds.md 1.9.
const RANGES_LAST: Duration = Duration::from_secs(86_400);
/// How soon a directory server may be asked again. Source: emv-3ds.md 1.9.
const RANGES_AGAIN: Duration = Duration::from_secs(3600);
/// How long a 3DS Method counts for other sessions. Source: emv-3ds.md 1.8.
const METHOD_COUNTS: Duration = Duration::from_secs(600);
/// Bytes of requests and answers.
const LOG_BYTES: usize = 16 << 20;

/// Things by their id; the oldest go when there are too many.
pub(super) struct Shelf<T> {
    /// Boxed, so that the table's free places cost little.
    things: HashMap<Arc<str>, Box<T>>,
    order: VecDeque<Arc<str>>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { things: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T> Shelf<T> {
    /// What had to go for it.
    pub(super) fn insert(&mut self, id: impl Into<Arc<str>>, thing: T) -> Option<T> {
        let id = id.into();
        if self.things.insert(Arc::clone(&id), Box::new(thing)).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() <= SHELF {
            return None;
        }
        self.order.pop_front().and_then(|oldest| self.things.remove(&oldest)).map(|oldest| *oldest)
    }

    pub(super) fn get(&self, id: &str) -> Option<&T> {
        self.things.get(id).map(|thing| &**thing)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.things.get_mut(id).map(|thing| &mut **thing)
    }

    /// With the id as it is shared.
    pub(super) fn entry(&self, id: &str) -> Option<(Arc<str>, &T)> {
        self.things.get_key_value(id).map(|(id, thing)| (Arc::clone(id), &**thing))
    }

    pub(super) fn len(&self) -> usize {
        self.things.len()
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &T> {
        self.order.iter().rev().filter_map(|id| self.get(id))
    }
}

/// What is known.
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) sessions: Shelf<Session>,
    /// 3DS Server transaction id to session id.
    transactions: HashMap<Uuid, Arc<str>>,
    /// Instrument id to card number.
    pub(super) vault: Shelf<Pan>,
    pub(super) payments: Shelf<Payment>,
    /// Session id to the payment it was spent on.
    pub(super) spent: Shelf<String>,
    pub(super) callbacks: VecDeque<Value>,
    /// Webhook events, newest first. Their retries end when they leave this list.
    pub(super) events: VecDeque<Arc<webhooks::Event>>,
    pub(super) armed: Option<Armed>,
    pub(super) messages: Ring<SchemeMessage>,
    pub(super) phone: Ring<PhoneMessage>,
    /// When each scheme's directory server was last asked for its card ranges.
    ranges: HashMap<&'static str, Duration>,
    /// Cards whose browser a 3DS Method has seen, and when.
    known_browsers: HashMap<String, Duration>,
    pub(super) log: Ring<Entry>,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            settings: Settings::default(),
            sessions: Shelf::default(),
            transactions: HashMap::new(),
            vault: Shelf::default(),
            payments: Shelf::default(),
            spent: Shelf::default(),
            callbacks: VecDeque::new(),
            events: VecDeque::new(),
            armed: None,
            messages: Ring::new(MESSAGE_BYTES),
            phone: Ring::new(PHONE_BYTES),
            ranges: HashMap::new(),
            known_browsers: HashMap::new(),
            log: Ring::new(LOG_BYTES),
        }
    }

    pub(super) fn insert(&mut self, session: Session) {
        let id = Arc::<str>::from(session.id.as_str());
        if let Some(transaction) = transaction(&session.transaction_id) {
            self.transactions.insert(transaction, Arc::clone(&id));
        }
        if let Some(gone) = self.sessions.insert(id, session).and_then(|oldest| transaction(&oldest.transaction_id)) {
            self.transactions.remove(&gone);
        }
    }

    /// The session that a 3DS Server transaction id belongs to; ids compare in any case.
    pub(super) fn by_transaction(&mut self, id: &str) -> Option<&mut Session> {
        let session = self.transactions.get(&transaction(id)?)?;
        self.sessions.get_mut(session)
    }

    /// True if a scheme's card ranges must be asked for now; counts as asked.
    pub(super) fn ranges_due(&mut self, scheme: &'static str, now: Duration) -> bool {
        let due = self.ranges.get(scheme).is_none_or(|until| now >= *until);
        if due {
            self.ranges.insert(scheme, now + RANGES_AGAIN);
        }
        due
    }

    /// They came, and are good for a day.
    pub(super) fn ranges_came(&mut self, scheme: &'static str, now: Duration) {
        self.ranges.insert(scheme, now + RANGES_LAST);
    }

    /// A 3DS Method has seen the browser of this card.
    pub(super) fn remember_browser(&mut self, card: String, now: Duration) {
        self.known_browsers.retain(|_, seen| now < *seen + METHOD_COUNTS);
        self.known_browsers.insert(card, now);
    }

    /// True while a 3DS Method that has seen the browser of this card counts for other sessions.
    pub(super) fn knows_browser(&self, card: &str, now: Duration) -> bool {
        self.known_browsers.get(card).is_some_and(|seen| now < *seen + METHOD_COUNTS)
    }

    pub(super) fn remember_event(&mut self, event: Arc<webhooks::Event>) {
        self.events.push_front(event);
        self.events.truncate(CALLBACKS);
    }

    pub(super) fn remember_callback(&mut self, record: Value) {
        self.callbacks.push_front(record);
        self.callbacks.truncate(CALLBACKS);
    }
}

/// A transaction id in its one form, 36 characters; what is none belongs to nobody.
fn transaction(id: &str) -> Option<Uuid> {
    Uuid::try_parse(id).ok().filter(|_| id.len() == 36)
}

/// Facts that wait to be posted, in order, and a session that is over.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) messages: Vec<SchemeMessage>,
    pub(super) phone: Vec<PhoneMessage>,
    /// A session that just ended and about which somebody is to be told: a hosted one with a
    /// callback address, or any if there is a workflow.
    pub(super) ended: Option<String>,
}

impl Pending {
    /// After something was said about a session: keeps a copy of it for the control API.
    pub(super) fn after(store: &mut State, id: &str, messages: Vec<SchemeMessage>) -> Self {
        for message in &messages {
            store.messages.push_sized(message.body.len() + 256, message.clone());
        }
        let workflow = store.settings.webhooks.is_some();
        let told = |session: &Session| workflow || (session.hosted() && session.callback_url().is_some());
        let over = |session: &&Session| session.status.is_final() && told(session);
        let ended = store.sessions.get(id).filter(over).map(|session| session.id.clone());
        let push = store.sessions.get_mut(id).and_then(turn::push);
        Self { messages, phone: Vec::new(), ended }.with_phone(store, push)
    }

    /// With a message to the shopper's phone: a copy stays for the control API.
    pub(super) fn with_phone(mut self, store: &mut State, message: Option<PhoneMessage>) -> Self {
        if let Some(message) = message {
            store.phone.push_sized(message.text.len() + 256, message.clone());
            self.phone.push(message);
        }
        self
    }
}

/// Where callbacks go. Source: sessions-api.md 6.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callbacks {
    /// To loopback and private addresses; others are recorded.
    Deliver,
    Record,
}

/// What can be changed while the sandbox runs.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) token_seconds: i64,
    session_seconds: i64,
    secret_seconds: i64,
    cryptogram_seconds: i64,
    first_creq_seconds: i64,
    challenge_idle_seconds: i64,
    decoupled_seconds: i64,
    version: &'static str,
    pub(super) market: Market,
    pub(super) strict: bool,
    pub(super) honour_mandate: bool,
    pub(super) callbacks: Callbacks,
    /// Empty: any scope, or when strict those of [`token::DEFAULT_SCOPES`].
    pub(super) allowed_scopes: Vec<String>,
    /// Take `Bearer sk_sbox_…` for an access token.
    pub(super) lenient_keys: bool,
    /// The kind of key that the directory server shows: `ec` or `rsa`.
    pub(super) ds_key: &'static str,
    pub(super) rate: Rate,
    pub(super) webhooks: Option<Arc<Workflow>>,
    /// How the bank decides on exemptions by itself.
    pub(super) exemptions: Arc<Rules>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token_seconds: 3600,
            session_seconds: 900,
            secret_seconds: 3600,
            cryptogram_seconds: 86_400,
            first_creq_seconds: 600,
            challenge_idle_seconds: 600,
            decoupled_seconds: 3600,
            version: "2.2.0",
            market: Market::default(),
            strict: false,
            honour_mandate: false,
            callbacks: Callbacks::Deliver,
            allowed_scopes: Vec::new(),
            lenient_keys: false,
            ds_key: "ec",
            rate: Rate::default(),
            webhooks: None,
            exemptions: Arc::default(),
        }
    }
}

/// Settings are at most a year, so they fit.
fn seconds(number: i64) -> Duration {
    Duration::from_secs(number.unsigned_abs())
}

impl Settings {
    pub(super) fn limits(&self) -> Limits {
        Limits {
            session: seconds(self.session_seconds),
            first_creq: seconds(self.first_creq_seconds),
            idle: seconds(self.challenge_idle_seconds),
            decoupled: seconds(self.decoupled_seconds),
            cryptogram: seconds(self.cryptogram_seconds),
        }
    }

    pub(super) fn secret_lasts(&self) -> Duration {
        seconds(self.secret_seconds)
    }

    pub(super) fn version(&self) -> &'static str {
        self.version
    }

    /// The scopes that the client may have; empty: any. Source: sessions-api.md 1.5.
    pub(super) fn scopes(&self) -> Vec<String> {
        if self.strict && self.allowed_scopes.is_empty() {
            return token::DEFAULT_SCOPES.split(' ').map(str::to_owned).collect();
        }
        self.allowed_scopes.clone()
    }

    pub(super) fn json(&self) -> Value {
        let mut settings = json!({
            "token_seconds": self.token_seconds, "session_seconds": self.session_seconds,
            "secret_seconds": self.secret_seconds, "cryptogram_seconds": self.cryptogram_seconds,
            "first_creq_seconds": self.first_creq_seconds,
            "challenge_idle_seconds": self.challenge_idle_seconds, "decoupled_seconds": self.decoupled_seconds,
            "protocol_version": self.version, "strict": self.strict, "honour_mandate": self.honour_mandate,
            "callbacks": match self.callbacks { Callbacks::Deliver => "deliver", Callbacks::Record => "record" },
            "allowed_scopes": self.allowed_scopes, "lenient_keys": self.lenient_keys, "ds_key": self.ds_key,
            "webhooks": self.webhooks.as_ref().map_or_else(|| json!({}), |workflow| workflow.json()),
        });
        self.market.show(&mut settings);
        self.exemptions.show(&mut settings);
        if let Value::Object(settings) = &mut settings {
            settings.extend(self.rate.members());
        }
        settings
    }

    /// Takes over the members that are given; all or nothing.
    ///
    /// # Errors
    /// 422 with a code for each member that is unknown or wrong.
    pub(super) fn change(&mut self, body: &Members) -> Result<(), Fault> {
        let mut new = self.clone();
        let mut findings = Findings::default();
        let known = self.json();
        let unknown = body.keys().filter(|name| known.get(name).is_none());
        unknown.for_each(|name| findings.invalid(name));
        let mut reader = Reader::new(body, &mut findings);
        const YEAR: i64 = 366 * 86_400;
        for (name, slot) in [
            ("token_seconds", &mut new.token_seconds),
            ("session_seconds", &mut new.session_seconds),
            ("secret_seconds", &mut new.secret_seconds),
            ("cryptogram_seconds", &mut new.cryptogram_seconds),
            ("first_creq_seconds", &mut new.first_creq_seconds),
            ("challenge_idle_seconds", &mut new.challenge_idle_seconds),
            ("decoupled_seconds", &mut new.decoupled_seconds),
        ] {
            *slot = reader.integer(name, Need::May, 1..=YEAR).unwrap_or(*slot);
        }
        let versions = &[("2.2.0", [].as_slice()), ("2.1.0", &[]), ("2.3.1", &[]), (legacy::VERSION, &[])]; // sessions-api.md 4.3
        new.version = reader.word("protocol_version", Need::May, versions).unwrap_or(new.version);
        new.market.change(&mut reader);
        Arc::make_mut(&mut new.exemptions).change(&mut reader);
        new.strict = reader.flag("strict").unwrap_or(new.strict);
        new.honour_mandate = reader.flag("honour_mandate").unwrap_or(new.honour_mandate);
        match reader.word("callbacks", Need::May, &[("deliver", &[]), ("record", &[])]) {
            Some("record") => new.callbacks = Callbacks::Record,
            Some(_) => new.callbacks = Callbacks::Deliver,
            None => (),
        }
        if let Some(scopes) = reader.raw("allowed_scopes") {
            let texts = scopes.as_array().and_then(|list| list.iter().map(|scope| scope.as_str()).collect());
            match texts {
                Some(list) => new.allowed_scopes = Vec::into_iter(list).map(str::to_owned).collect(),
                None => reader.findings.invalid("allowed_scopes"),
            }
        }
        new.lenient_keys = reader.flag("lenient_keys").unwrap_or(new.lenient_keys);
        new.ds_key = reader.word("ds_key", Need::May, &[("ec", &[]), ("rsa", &[])]).unwrap_or(new.ds_key);
        new.rate.change(&mut reader);
        if let Some(workflow) = reader.object("webhooks", Need::May) {
            new.webhooks = Workflow::read(workflow, reader.findings, self.webhooks.as_deref()).map(Arc::new);
        }
        if findings.0.is_empty() {
            *self = new;
            Ok(())
        } else {
            Err(Fault::invalid(findings.0))
        }
    }
}
