//! The 3DS SDK of the shopper's app, simulated: checks what the issuer signed, agrees on a key
//! with it, seals each CReq, opens each CRes, counts both ways, and gives up where a real one
//! would.
//!
//! [`Sdk`] sends nothing: it says what is to be sent, and takes what came. `ride` carries it
//! for a run. Promises: the private key and what follows from it live here and in
//! [`Device`], in memory only; no record, log or export sees them. Source: emv-3ds.md 5.

mod ride;
mod script;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::model::api::Session;
use crate::model::app::OwnKey;
use crate::model::device::{
    self, Content, Cres, Device, Erro, Flaw, GAVE_UP, Key, Message, Mischief, Reply, Says, Screen, Seal, Transaction,
};
use crate::model::exchange::Response;
use crate::model::scenario::Version;
use crate::model::seal::{Channel, Jwe, Side, Unopened};
use crate::model::{Problem, Stamp};

/// The private keys of app values that this program has made, newest last.
#[derive(Default)]
pub(super) struct Keyring(Mutex<Vec<OwnKey>>);

/// Keys that are kept: more than the sessions that may be open at once. Our choice.
const MOST_KEYS: usize = 256;

impl Keyring {
    /// Keeps a key; the oldest go.
    pub fn keep(&self, key: OwnKey) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner); // each change leaves a list of keys
        if keys.len() >= MOST_KEYS {
            keys.remove(0);
        }
        keys.push(key);
    }

    /// The private half of a public key.
    pub fn find(&self, public: &Value) -> Option<OwnKey> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().rev().find(|key| key.belongs_to(public)).cloned()
    }
}

/// What an HTTP request of the SDK carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sending {
    pub url: String,
    pub content_type: &'static str,
    pub body: String,
}

/// `Content-Type` of sealed messages. Source: emv-3ds.md 5.3.
const SEALED: &str = "application/jose; charset=UTF-8";
/// `Content-Type` of messages in the open.
const OPEN: &str = "application/json; charset=UTF-8";

/// One challenge.
pub(super) struct Sdk {
    of: Transaction,
    own: OwnKey,
    /// `sdkReferenceNumber`: goes into the key.
    reference: String,
    /// The scheme's roots, DER.
    roots: Vec<Vec<u8>>,
    signed: String,
    /// How long the shopper has in all. Source: emv-3ds.md 1.9, SDK total.
    pub limit: Duration,
    /// Reading of the clock that the time goes by, when the first CReq was sent.
    pub opened: Option<Duration>,
    content: Option<Content>,
    channel: Option<Channel>,
    /// Counter of the next CReq, and the one that the next CRes must have.
    next: u16,
    due: u16,
    /// What the newest CReq was sealed with: the CRes must be too.
    with: Seal,
    last: Option<Sending>,
    pub device: Device,
}

impl Sdk {
    /// A device that waits to be opened. `data` is the channel data that were sent, `find` has
    /// the private halves of keys.
    ///
    /// # Errors
    /// Why this console cannot play the SDK here, in a sentence.
    pub fn prepare(session: &Session, data: &Value, keys: &Keyring, seal: Seal) -> Result<Self, &'static str> {
        let text = |name: &str| data.get(name).and_then(Value::as_str).map(str::to_owned);
        let signed = session.text("/acs/signed_content").ok_or("The session shows no acs.signed_content")?;
        let public = data.get("sdk_ephem_pub_key").ok_or("No sdk_ephem_pub_key was sent by this run")?;
        let own = keys.find(public).ok_or(
            "The sdk_ephem_pub_key that was sent is not of this console's making: only your app has its private key",
        )?;
        let id = |pointer: &str| session.text(pointer).unwrap_or_default().to_owned();
        let of = Transaction {
            version: session.text("/protocol_version").unwrap_or("2.2.0").to_owned(),
            server: id("/transaction_id"),
            acs: id("/acs/transaction_id"),
            sdk: text("sdk_transaction_id").unwrap_or_default(),
            app_url: None,
        };
        let minutes = data.get("sdk_max_timeout").and_then(Value::as_u64).unwrap_or(LEAST_MINUTES).max(LEAST_MINUTES);
        let public = Key {
            name: "SDK ephemeral public key",
            value: own.public().to_string(),
            about: "Sent as sdk_ephem_pub_key; its private half never leaves the SDK",
        };
        let (checks, messages) = Default::default();
        Ok(Self {
            of,
            own,
            reference: text("sdk_reference_number").unwrap_or_default(),
            roots: device::roots(&session.raw),
            signed: signed.to_owned(),
            limit: Duration::from_secs(minutes.saturating_mul(60)),
            opened: None,
            content: None,
            channel: None,
            next: 0,
            due: 0,
            with: seal,
            last: None,
            device: Device { seal, wrong: None, checks, keys: vec![public], messages, screen: Screen::Waiting },
        })
    }

    /// Where the bank's app is to bring the shopper back to.
    pub fn returns_to(&mut self, url: Option<String>) {
        self.of.app_url = url;
    }

    /// `acsTransID`: tells one challenge from another.
    pub fn transaction(&self) -> &str {
        &self.of.acs
    }

    /// True once a CReq went out.
    pub fn has_sent(&self) -> bool {
        self.last.is_some()
    }

    /// True if there is nothing left to answer.
    pub fn is_over(&self) -> bool {
        matches!(self.device.screen, Screen::Over(_) | Screen::Aborted(_))
    }

    /// Takes another seal; too late once something was sent.
    pub fn choose(&mut self, seal: Seal) {
        if !self.has_sent() {
            (self.device.seal, self.with) = (seal, seal);
        }
    }

    /// Looks at what the issuer signed. The first CReq; `None` if the SDK gives up, or has been
    /// opened before.
    pub fn open(&mut self, at: Stamp) -> Option<Sending> {
        if self.has_sent() {
            return None;
        }
        let (checks, content) = device::examine(&self.signed, &self.roots, &self.own, at.wall);
        self.device.checks = checks;
        let Some(content) = content else {
            let failed = self.device.checks.iter().find_map(|check| Some((&check.what, check.found.as_ref().err()?)));
            let (what, why) = failed.map_or(("Signed content", "it cannot be read"), |(what, why)| (what, why));
            let hint =
                "No CReq was sent. The issuer waits for it in vain, then reports N with reason 14, cancel code 05";
            let problem = Problem {
                causes: vec![why.to_owned()],
                ..Problem::of(format!("{GAVE_UP}: a check failed, «{what}»"), hint)
            };
            self.device.screen = Screen::Aborted(problem);
            return None;
        };
        self.agree(&content);
        self.content = Some(content);
        self.creq(None, at)
    }

    /// Derives the key. Source: emv-3ds.md 5.3.
    fn agree(&mut self, content: &Content) {
        let channel = Channel::agree(self.own.expose(), &content.issuer, &self.reference);
        if self.device.seal != Seal::Plain {
            let shared = self.own.expose().diffie_hellman(&content.issuer);
            let key = |name, bytes: &[u8], about| Key { name, value: BASE64_URL_SAFE_NO_PAD.encode(bytes), about };
            let all = channel.key();
            let about = "acsEphemPubKey, signed by the issuer";
            self.device.keys.truncate(1);
            self.device.keys.extend([
                Key { name: "Issuer's ephemeral public key", value: content.issuer_jwk.to_string(), about },
                key(
                    "Shared secret Z",
                    shared.raw_secret_bytes(),
                    "ECDH of the SDK's private key and the issuer's public key",
                ),
                key("Derived key", all, "Concat KDF of Z with SHA-256 and the sdkReferenceNumber: 256 bits"),
            ]);
            if self.device.seal == Seal::Gcm {
                self.device.keys.extend([
                    key("SDK to issuer", &all[..16], "The left half: seals each CReq"),
                    key("Issuer to SDK", &all[16..], "The right half: opens each CRes"),
                ]);
            } else {
                self.device.keys.extend([
                    key("HMAC half", &all[..16], "The left half: the checksum, in both directions"),
                    key("AES half", &all[16..], "The right half: the encryption, in both directions"),
                ]);
            }
        }
        self.channel = Some(channel);
    }

    /// The CReq of an answer; `None` if nothing is asked.
    pub fn answer(&mut self, reply: &Reply, at: Stamp) -> Option<Sending> {
        if !self.has_sent() || self.is_over() {
            return None;
        }
        self.creq(Some(reply), at)
    }

    fn creq(&mut self, reply: Option<&Reply>, at: Stamp) -> Option<Sending> {
        let counter = match self.device.wrong {
            Some(Mischief::RepeatCounter) => self.next.saturating_sub(1),
            Some(Mischief::SkipCounter) => self.next.saturating_add(1),
            _ => self.next,
        };
        let Ok(counter) = u8::try_from(counter) else {
            self.give_up(
                format!("{GAVE_UP}: its counter has come to its end"),
                "It may not begin anew (emv-3ds.md 5.3)",
            );
            return None;
        };
        let text = serde_json::to_string(&device::write(&self.of, counter, reply)).unwrap_or_default();
        self.send(text, Some(counter), at)
    }

    /// This text as a CReq.
    pub fn send_text(&mut self, text: String, at: Stamp) -> Option<Sending> {
        let json: Option<Value> = serde_json::from_str(&text).ok();
        let named = json.as_ref().and_then(|json| json.get("sdkCounterStoA")).and_then(Value::as_str);
        let counter = named.and_then(|digits| digits.parse().ok());
        self.content.is_some().then(|| self.send(text, counter, at)).flatten()
    }

    fn send(&mut self, text: String, counter: Option<u8>, at: Stamp) -> Option<Sending> {
        let (url, channel) = (self.content.as_ref()?.url.clone(), self.channel.clone()?);
        let number = counter.unwrap_or(u8::try_from(self.next).unwrap_or(u8::MAX));
        let wrong = self.device.wrong.take().filter(|_| self.device.seal != Seal::Plain);
        self.with = match (wrong, self.device.seal) {
            (Some(Mischief::OtherEnc), Seal::Cbc) => Seal::Gcm,
            (Some(Mischief::OtherEnc), Seal::Gcm) => Seal::Cbc,
            (_, seal) => seal,
        };
        let kid = if wrong == Some(Mischief::ForeignKid) { other_uuid() } else { self.of.acs.clone() };
        let channel = if wrong == Some(Mischief::ForeignKey) { Channel::with_key(bytes()) } else { channel };
        let sealed = channel.seal(Side::Sdk, self.with, &kid, number, text.as_bytes(), bytes());
        let sealed = if wrong == Some(Mischief::Tampered) { tampered(&sealed) } else { sealed };
        let content_type = if self.with == Seal::Plain { OPEN } else { SEALED };
        let open = Ok(text);
        self.note(Message {
            kind: "CReq",
            outward: true,
            at,
            counter,
            header: head(&sealed),
            sealed: sealed.clone(),
            open,
            findings: Vec::new(),
        });
        self.device.screen = Screen::Waiting;
        self.next = u16::from(number) + 1;
        let sending = Sending { url, content_type, body: sealed };
        self.last = Some(sending.clone());
        Some(sending)
    }

    /// The newest CReq once more, byte for byte.
    pub fn again(&mut self, at: Stamp) -> Option<Sending> {
        let last = self.last.clone()?;
        let before = self.device.messages.iter().rev().find(|message| message.kind == "CReq")?.clone();
        self.note(Message { at, ..before });
        Some(last)
    }

    /// Takes in what came. What is to be sent back: an Erro, or nothing.
    pub fn take(&mut self, answer: &Response, at: Stamp) -> Option<Sending> {
        let body = String::from_utf8_lossy(&answer.body).trim().to_owned();
        if let Some(erro) = device::erro(body.as_bytes()) {
            self.note(Message::of("Erro", &body, at, Ok(body.clone())));
            self.refused(&erro);
            return None;
        }
        if answer.status >= 400 {
            self.give_up(
                format!("The issuer answered {}", answer.status),
                "Its answer is on the timeline; read the session to see where it stands",
            );
            return None;
        }
        match self.opened(&body) {
            Ok(plain) => self.take_plain(&body, &plain, at),
            Err((flaw, why)) => {
                self.note(Message::of("CRes", &body, at, Err(why.clone())));
                self.refuse(&flaw, why, at)
            }
        }
    }

    /// What is inside a CRes: sealed as it must be, or in the open where that was agreed.
    fn opened(&self, body: &str) -> Result<Vec<u8>, (Flaw, String)> {
        if self.with == Seal::Plain {
            return Ok(body.as_bytes().to_vec());
        }
        let fault = |why: Unopened| (Flaw::new(why.code(self.version()), "CRes"), why.sentence());
        let channel = self.channel.as_ref().ok_or_else(|| fault(Unopened::Damaged))?;
        let opened = channel.open(Side::Issuer, body).map_err(fault)?;
        let later = |new: &'static str| if self.version() >= Version::V231 { new } else { "302" };
        if opened.enc != self.with {
            let why = format!("The issuer answers with {}, the CReq had {}", opened.enc.word(), self.with.word());
            return Err((Flaw::new(later("310"), "enc"), why));
        }
        if opened.kid.as_deref() != Some(self.of.acs.as_str()) {
            let why = format!("kid is {}, not the acsTransID", opened.kid.as_deref().unwrap_or("missing"));
            return Err((Flaw::new(later("311"), "kid"), why));
        }
        if self.with == Seal::Gcm && opened.counter.map(u16::from) != Some(self.due) {
            let why = format!("Its vector is not eleven FF and the counter {:03} that is due", self.due);
            return Err((Flaw::new("302", "acsCounterAtoS"), why));
        }
        Ok(opened.plain)
    }

    fn version(&self) -> Version {
        match self.of.version.as_str() {
            "2.1.0" => Version::V210,
            version if version.starts_with("2.3") => Version::V231,
            _ => Version::V220,
        }
    }

    fn take_plain(&mut self, sealed: &str, plain: &[u8], at: Stamp) -> Option<Sending> {
        let open = Ok(String::from_utf8_lossy(plain).into_owned());
        if let Some(erro) = device::erro(plain) {
            self.note(Message::of("Erro", sealed, at, open));
            self.refused(&erro);
            return None;
        }
        let read = device::read(plain, &self.of, self.due);
        let mut message = Message::of("CRes", sealed, at, open);
        let json: Option<Value> = serde_json::from_slice(plain).ok();
        let counter = json.as_ref().and_then(|json| json.get("acsCounterAtoS")).and_then(Value::as_str);
        message.counter = counter.and_then(|digits| digits.parse().ok());
        match read {
            Ok(Cres { says, findings }) => {
                message.findings = findings;
                self.note(message);
                self.due += 1; // never above 256: no CRes is taken after 255
                self.device.screen = match says {
                    Says::Asks(ui) => Screen::Asks(ui),
                    Says::Over(status) => Screen::Over(status),
                };
                None
            }
            Err(flaw) => {
                self.note(message);
                let why = format!("{}: {}", flaw.description(), flaw.detail);
                self.refuse(&flaw, why, at)
            }
        }
    }

    /// The SDK does not take it: an Erro, and the end.
    fn refuse(&mut self, flaw: &Flaw, why: String, at: Stamp) -> Option<Sending> {
        let text = device::sdk_erro(&self.of, flaw).to_string();
        let mut message = Message::of("Erro", &text, at, Ok(text.clone()));
        message.outward = true;
        self.note(message);
        let hint = format!("It sent Erro {} to the issuer; read the session to see how that ended", flaw.code);
        let problem = Problem {
            causes: vec![why],
            ..Problem::of(format!("{GAVE_UP}: it cannot take the issuer's answer"), hint)
        };
        self.device.screen = Screen::Aborted(problem);
        let url = self.content.as_ref()?.url.clone();
        Some(Sending { url, content_type: OPEN, body: text })
    }

    fn refused(&mut self, erro: &Erro) {
        let detail = if erro.detail.is_empty() { String::new() } else { format!(": {}", erro.detail) };
        self.give_up(
            format!("The issuer refused: Erro {}, {}{detail}", erro.code, erro.description),
            "An Erro is never answered (emv-3ds.md 1.2); read the session to see how that ended",
        );
    }

    /// The end, without a word to the issuer.
    pub fn give_up(&mut self, why: String, hint: &str) {
        self.device.screen = Screen::Aborted(Problem::of(why, hint));
    }

    /// After its own time was over and it has said so (08): what the issuer still asks is not
    /// shown, and the SDK gives up. True if that was so.
    pub fn end_if_late(&mut self) -> bool {
        let asks = !self.is_over();
        if asks {
            self.give_up("The SDK's time is over".into(), "The issuer still asks; an SDK shows nothing after 08");
        }
        asks
    }

    fn note(&mut self, message: Message) {
        self.device.messages.push(message);
    }
}

/// The least that the protocol allows, in minutes. Source: emv-3ds.md 1.9.
const LEAST_MINUTES: u64 = 5;

impl Message {
    /// What came.
    fn of(kind: &'static str, sealed: &str, at: Stamp, open: Result<String, String>) -> Self {
        let (header, sealed) = (head(sealed), sealed.to_owned());
        Self { kind, outward: false, at, counter: None, sealed, header, open, findings: Vec::new() }
    }
}

/// The header of a compact JWE as text; empty for anything else.
fn head(sealed: &str) -> String {
    Jwe::read(sealed).ok().and_then(|jwe| serde_json::to_string(&jwe.header).ok()).unwrap_or_default()
}

/// One character of the sealed text is another one.
fn tampered(sealed: &str) -> String {
    let mut parts: Vec<String> = sealed.split('.').map(str::to_owned).collect();
    if let Some(text) = parts.get_mut(3) {
        let other = if text.starts_with('A') { "B" } else { "A" };
        text.replace_range(..text.len().min(1), other);
    }
    parts.join(".")
}

fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    super::random(&mut bytes);
    bytes
}

fn other_uuid() -> String {
    uuid::Builder::from_random_bytes(bytes()).into_uuid().to_string()
}
