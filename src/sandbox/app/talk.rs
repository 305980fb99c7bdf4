//! One message of the SDK and what it comes to, while the state is locked: opened, judged,
//! answered, sealed; and what both sides keep for the next one.
//! Source: emv-3ds.md 1.2, 3.7, 5.1-5.3, 5.5.

use bytes::Bytes;
use serde_json::{Value, json};

use super::content::open_screen;
use super::creq::{self, Asks, Creq};
use super::cres::{self, After};
use super::is_open;
use crate::model::Lane;
use crate::model::device::{Seal, UiKind};
use crate::model::scenario::{Fault, FaultKind, Hop, Version};
use crate::model::scheme::{PhoneMessage, SchemeMessage};
use crate::model::seal::{Channel, Opened, Side, key};
use crate::sandbox::Shared;
use crate::sandbox::answer::field;
use crate::sandbox::fields::Object;
use crate::sandbox::given::{Given, Members};
use crate::sandbox::issuer::fault_row;
use crate::sandbox::keys::Keys;
use crate::sandbox::scheme::{self, Flaw, LONGEST, altered, browser_message, conclude, take_fault, version};
use crate::sandbox::session::{Broken, End, Session};
use crate::sandbox::turn::{Given as Answers, Input, Seen, Turn, input, page_kind};
use crate::sandbox::validate::{self, App};

/// Largest message that is looked at, in bytes: an extension may have 81 920 characters.
/// Our choice. Source: emv-3ds.md 1.8.
const LARGEST: usize = 128 << 10;
/// Bytes shown of a message that cannot be read.
const SHOWN: usize = 4096;

/// What issuer and SDK agreed on for one challenge, and how far they are.
#[derive(Debug)]
pub(in crate::sandbox) struct Line {
    /// `None` if the SDK's public key is none.
    channel: Option<Channel>,
    /// How the SDK's first CReq came.
    how: Option<Seal>,
    /// CReqs that were taken: the counter of the next one.
    heard: u16,
    /// CRes that were sent: the counter of the next one.
    sent: u16,
    /// The SDK can open the bank's app.
    opens_apps: bool,
    /// The Erro that ended the exchange, from 2.3.1 on.
    error: Option<Value>,
}

impl Line {
    /// The line of one challenge: the key follows from the transaction and the SDK's key.
    pub(in crate::sandbox) fn agree(keys: &Keys, acs_transaction: &str, device: &App) -> Self {
        let theirs = key::read(&json!({"kty": "EC", "crv": "P-256", "x": device.key.0, "y": device.key.1}));
        let own = keys.ephemeral(acs_transaction);
        let channel = theirs.ok().map(|theirs| Channel::agree(&own, &theirs, &device.reference_number));
        Self { channel, how: None, heard: 0, sent: 0, opens_apps: false, error: None }
    }

    /// True once the SDK has sent a CReq that was taken.
    pub(super) fn began(&self) -> bool {
        self.how.is_some()
    }

    /// The Erro that ended the exchange, from 2.3.1 on.
    pub(in crate::sandbox) fn error(&self) -> Option<&Value> {
        self.error.as_ref()
    }
}

/// What goes back to the SDK.
#[derive(Default)]
pub(super) struct Sent {
    /// `None`: nothing is answered.
    pub(super) body: Option<String>,
    pub(super) sealed: bool,
    /// What happens to it on its way.
    pub(super) fault: Option<Fault>,
}

impl Sent {
    fn open(body: &Value) -> Self {
        Self { body: Some(body.to_string()), ..Self::default() }
    }
}

/// The answer to a message for a session that nobody has.
pub(super) fn to_nobody() -> Sent {
    Sent::open(&json!({
        "messageType": "Erro", "messageVersion": "2.2.0", "errorCode": "301", "errorComponent": "A",
        "errorDescription": scheme::description("301"), "errorDetail": "acsTransID", "errorMessageType": "CReq",
    }))
}

/// A message that is not taken.
struct Refused {
    flaw: Flaw,
    /// In place of what the code means in general.
    sentence: Option<String>,
    /// How the challenge ends; `None`: it goes on, or is over already.
    ends: Option<Broken>,
}

impl Refused {
    /// The challenge goes on.
    fn gently(code: &'static str, detail: &str) -> Self {
        Self { flaw: Flaw::new(code, detail), sentence: None, ends: None }
    }

    fn sealed(code: &'static str, detail: &str, sentence: impl Into<Option<String>>) -> Self {
        Self { flaw: Flaw::new(code, detail), sentence: sentence.into(), ends: Some(Broken::Sealed) }
    }

    fn said(flaw: Flaw) -> Self {
        let ends = if flaw.code == "302" { Broken::Sealed } else { Broken::Said };
        Self { flaw, sentence: None, ends: Some(ends) }
    }
}

/// A message under examination.
pub(super) struct Talk<'a> {
    app: &'a Shared,
    session: &'a mut Session,
    sealed: bool,
    pub(super) said: Vec<SchemeMessage>,
    pub(super) phone: Option<PhoneMessage>,
    /// The challenge ended by this message.
    pub(super) ended: bool,
}

impl<'a> Talk<'a> {
    pub(super) fn new(app: &'a Shared, session: &'a mut Session, sealed: bool) -> Self {
        Self { app, session, sealed, said: Vec::new(), phone: None, ended: false }
    }

    /// Takes a message in. `fault` is what happened to what is inside of it.
    pub(super) fn hear(&mut self, text: &str, fault: Option<&Fault>) -> Sent {
        self.message(text, fault).unwrap_or_else(|refused| self.refuse(refused))
    }

    /// Opens a message, once, and takes it for what is inside.
    fn message(&mut self, text: &str, fault: Option<&Fault>) -> Result<Sent, Refused> {
        if text.len() > LARGEST {
            self.is_due()?;
            self.say("CReq", UP, "too large to be read".to_owned(), shown(text));
            return Err(Refused::gently("101", "CReq is larger than 128 kB"));
        }
        let opened = self.opened(text);
        if let Some(erro) = opened.as_ref().ok().and_then(|opened| erro(&opened.plain)) {
            return Ok(self.erro(erro));
        }
        self.is_due()?;
        match opened.and_then(|opened| self.judged(opened)) {
            Ok(opened) => self.creq(opened, fault),
            Err(refused) => {
                self.say("CReq", UP, "cannot be opened".to_owned(), shown(text));
                Err(refused)
            }
        }
    }

    fn version(&self) -> Version {
        version(self.session)
    }

    fn line(&mut self) -> Option<&mut Line> {
        self.session.challenge.as_mut()?.line.as_deref_mut()
    }

    fn acs_transaction(&self) -> String {
        self.session.acs.as_ref().map(|acs| acs.transaction_id.clone()).unwrap_or_default()
    }

    fn say(&mut self, kind: &'static str, (from, to): (Lane, Lane), gist: String, body: Bytes) {
        let mut message = browser_message(self.session, kind, (from, to), gist, &Value::Null);
        message.body = body;
        self.said.push(message);
    }

    /// An Erro of the SDK, sealed or open, ends the challenge that it names, and is not answered.
    fn erro(&mut self, erro: Object) -> Sent {
        let text = |name: &str| erro.get(name).and_then(Value::as_str);
        let [server, acs, sdk] = self.ids();
        let named = |(name, own): &(&str, String)| text(name).map(|given| given.eq_ignore_ascii_case(own));
        // Anybody can send one in the open: it counts if it knows the transaction.
        let known = named(&server) == Some(true) && named(&acs) == Some(true) && named(&sdk) != Some(false);
        let of = if known { "" } else { ", not of this transaction" };
        let gist = format!("errorCode {}{of}", short(text("errorCode").unwrap_or("unknown")));
        let erro = Value::Object(erro);
        self.say("Erro", (Lane::Browser, Lane::Issuer), gist, erro.to_string().into());
        if known && is_open(self.session) {
            self.keep(erro);
            self.end(End::Broken(Broken::Refused));
        }
        Sent::default()
    }

    /// Keeps the Erro that ends the exchange, for the result that reports it.
    fn keep(&mut self, erro: Value) {
        let reported = self.version() >= Version::V231; // emv-3ds.md 3.6
        if let Some(line) = self.line().filter(|_| reported) {
            line.error = Some(erro);
        }
    }

    fn end(&mut self, end: End) {
        self.said.extend(conclude(self.app, self.session, end));
        self.ended = true;
    }

    /// What is inside of a message.
    fn opened(&mut self, text: &str) -> Result<Opened, Refused> {
        if !self.sealed {
            let (header, plain) = (Object::new(), text.as_bytes().to_vec());
            return Ok(Opened { header, enc: Seal::Plain, kid: None, counter: None, plain });
        }
        let version = self.version();
        let channel = self.line().and_then(|line| line.channel.clone());
        let Some(channel) = channel else {
            let sentence = "The SDK's public key is not on P-256, so no key was agreed on";
            return Err(Refused::sealed("302", "sdkEphemPubKey", sentence.to_owned()));
        };
        channel.open(Side::Sdk, text).map_err(|why| match why.code(version) {
            "101" => Refused { sentence: Some(why.sentence()), ..Refused::gently("101", "CReq") },
            code => Refused::sealed(code, "CReq", why.sentence()),
        })
    }

    /// Whether a CReq was sealed for this transaction, and in its turn.
    fn judged(&mut self, opened: Opened) -> Result<Opened, Refused> {
        if opened.enc == Seal::Plain {
            return Ok(opened);
        }
        let own = self.acs_transaction();
        if !opened.kid.as_deref().is_some_and(|kid| kid.eq_ignore_ascii_case(&own)) {
            return Err(Refused::sealed("311", "kid", None));
        }
        let due = self.line().map_or(0, |line| line.heard);
        if opened.enc == Seal::Gcm && opened.counter.map(u16::from) != Some(due) {
            let detail = match opened.counter {
                Some(came) => format!("the vector counts {came:03}, {due:03} was due"),
                None => "the vector is not eleven times 00 and the counter".to_owned(),
            };
            return Err(Refused::sealed("302", &detail, None));
        }
        Ok(opened)
    }

    /// A CReq that was opened, up to its answer.
    fn creq(&mut self, opened: Opened, fault: Option<&Fault>) -> Result<Sent, Refused> {
        let Opened { plain, enc: seal, .. } = opened;
        let plain = self.spoil(plain, fault);
        self.note(&plain, seal);
        self.same_seal(seal)?;
        let about = self.about();
        let (version, ui) = (about.version, about.offer.ui);
        let text = String::from_utf8_lossy(&plain).into_owned();
        let read: Result<Given, _> = serde_json::from_str(&text);
        let none = Members::default();
        let members = match &read {
            Ok(Given::Object(members)) => members,
            _ => &none,
        };
        let ids = about.ids.each_ref().map(|(name, id)| (*name, id.as_str()));
        let known = creq::About { version, ids, counter: about.counter, offer: about.offer };
        let creq = creq::read(members, &known).map_err(Refused::said)?;
        if let Some(line) = self.line() {
            line.how = Some(seal);
            line.heard += 1;
            line.opens_apps = creq.opens_apps;
        }
        if creq.asks == Asks::Nothing && ui.is_some() {
            return Err(Refused::gently("314", "CReq"));
        }
        Ok(self.answer(&creq))
    }

    /// Whether a CReq can be taken at all now.
    fn is_due(&self) -> Result<(), Refused> {
        let in_app = self.session.challenge.as_ref().is_some_and(|challenge| challenge.line.is_some());
        match (in_app, is_open(self.session)) {
            (_, true) => Ok(()),
            (false, _) => Err(Refused::gently("305", "acsTransID")),
            _ => Err(Refused::gently("315", "CReq")),
        }
    }

    /// A fault that happens within the seal.
    fn spoil(&mut self, plain: Vec<u8>, fault: Option<&Fault>) -> Vec<u8> {
        let within = [FaultKind::InvalidJson, FaultKind::RemoveField, FaultKind::SetField, FaultKind::WrongId];
        let Some(fault) = fault.filter(|fault| within.contains(&fault.kind)) else { return plain };
        let arrived = Bytes::from(altered(&plain, fault));
        self.said.push(fault_row(self.session, fault, Some(&arrived)));
        arrived.to_vec()
    }

    /// The row of a CReq that was opened.
    fn note(&mut self, plain: &[u8], seal: Seal) {
        let members: Value = serde_json::from_slice(plain).unwrap_or_default();
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let counter = short(text("sdkCounterStoA").unwrap_or("none"));
        let what = match cres::offer(self.session).ui {
            _ if text("challengeCancel").is_some() => "cancels".to_owned(),
            Some(ui) => format!("answers acsUiType {}", ui.code()),
            None => "opens the challenge".to_owned(),
        };
        self.say("CReq", UP, format!("{what}, counter {counter}, {}", name(seal)), plain.to_vec().into());
    }

    /// An SDK that began in one way goes on in it.
    fn same_seal(&mut self, seal: Seal) -> Result<(), Refused> {
        let before = self.line().and_then(|line| line.how);
        match before {
            Some(before) if before != seal => {
                let sentence = format!("The challenge began with {}: another seal is not taken", name(before));
                Err(Refused::sealed("310", "enc", sentence))
            }
            _ => Ok(()),
        }
    }

    /// What a message of this challenge names.
    fn ids(&self) -> [(&'static str, String); 3] {
        let sdk = match &self.session.channel {
            Some(validate::Channel::App(device)) => device.transaction_id.clone(),
            _ => String::new(),
        };
        [
            ("threeDSServerTransID", self.session.transaction_id.clone()),
            ("acsTransID", self.acs_transaction()),
            ("sdkTransID", sdk),
        ]
    }

    fn about(&mut self) -> Known {
        let ids = self.ids();
        let offer = cres::offer(self.session);
        Known { version: self.version(), ids, counter: self.line().map_or(0, |line| line.heard), offer }
    }

    /// Folds in what the shopper did, and shows what follows.
    fn answer(&mut self, creq: &Creq) -> Sent {
        let (kind, version) = (page_kind(self.session), self.version());
        let query: Vec<(String, String)> = match creq.asks {
            Asks::Html(query) => {
                url::form_urlencoded::parse(query.trim_start_matches('?').as_bytes()).into_owned().collect()
            }
            _ => Vec::new(),
        };
        let second = self.second_box(creq);
        let answers = match creq.asks {
            Asks::Entry(entry, _) if matches!(open_screen(self.session), Some(UiKind::Text)) => {
                Answers { password: Some(if second { entry } else { "" }), ..Answers::default() }
            }
            Asks::Entry(entry, _) => Answers { choices: cres::chosen(kind, version, entry), ..Answers::default() },
            _ => Answers::default(),
        };
        let did = match creq.asks {
            Asks::Nothing => Some(Input::Open),
            Asks::Cancel => Some(Input::Cancel),
            Asks::Resend => Some(Input::Resend),
            Asks::TimedOut | Asks::AddCode => None,
            Asks::Html(_) => match input(&query) {
                Input::Open => Some(answered(Answers::default(), creq.trust)), // nothing that the page has
                other => Some(other),
            },
            _ => Some(answered(answers, creq.trust)),
        };
        let resent = matches!(did, None | Some(Input::Resend)) || field(&query, "resend").is_some();
        let mut turn = Turn::new(self.app, self.session);
        let end = match &did {
            Some(did) => turn.step(did),
            None if creq.asks == Asks::TimedOut => Some(End::SdkTimedOut),
            None => {
                turn.other_way();
                None
            }
        };
        let Turn { said, phone, seen, .. } = turn;
        self.said.extend(said);
        self.phone = phone;
        self.show(end, seen, resent)
    }

    /// Whether the second box holds the last four digits of the card, if there is one.
    fn second_box(&self, creq: &Creq) -> bool {
        let pan = self.session.pan.expose();
        let due = pan.get(pan.len().saturating_sub(4)..).unwrap_or_default();
        match creq.asks {
            Asks::Entry(_, second) if cres::offer(self.session).second_box => second == Some(due),
            _ => true,
        }
    }

    /// The next screen, or the end.
    fn show(&mut self, end: Option<End>, seen: Seen, resent: bool) -> Sent {
        if let Some(end) = end {
            self.end(end);
        }
        let (counter, opens_apps) = self.line().map_or((0, false), |line| (line.sent, line.opens_apps));
        let Ok(counter) = u8::try_from(counter) else {
            return self.refuse(Refused::sealed("302", "acsCounterAtoS has run over", None));
        };
        let body = match end {
            Some(_) => cres::last(self.session, counter),
            None => cres::screen(self.app, self.session, counter, After { seen, resent, opens_apps }),
        };
        self.send(&body, counter)
    }

    /// Seals a CRes and sends it on its way.
    fn send(&mut self, body: &Value, counter: u8) -> Sent {
        let seal = self.line().and_then(|line| line.how).unwrap_or(Seal::Plain);
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let what = match text("acsUiType") {
            "" => format!("transStatus {}", text("transStatus")),
            ui => format!("acsUiType {ui}"),
        };
        let gist = format!("{what}, counter {}, {}", text("acsCounterAtoS"), name(seal));
        let mut plain = body.to_string().into_bytes();
        self.say("CRes", DOWN, gist, plain.clone().into());
        let fault = take_fault(self.app, self.session, Hop::Cres);
        if let Some(fault) = &fault {
            // What a fault does to the whole is done below, to what travels.
            let arrived = if fault.kind == FaultKind::Truncate { plain.clone() } else { altered(&plain, fault) };
            let changed = (arrived != plain).then(|| Bytes::from(arrived.clone()));
            self.said.push(fault_row(self.session, fault, changed.as_ref()));
            plain = arrived;
        }
        let acs = self.acs_transaction();
        let random = self.app.keys.vector(&acs, counter);
        let channel = self.line().and_then(|line| line.channel.clone());
        let mut travels = match channel.filter(|_| seal != Seal::Plain) {
            Some(channel) => channel.seal(Side::Issuer, seal, &acs, counter, &plain, random),
            None => String::from_utf8_lossy(&plain).into_owned(),
        };
        if let Some(fault) = &fault {
            damage(&mut travels, fault.kind);
        }
        if let Some(line) = self.line() {
            line.sent += 1;
        }
        Sent { body: Some(travels), sealed: seal != Seal::Plain, fault }
    }

    /// Tells the SDK what is wrong, and ends the challenge where that is due.
    fn refuse(&mut self, refused: Refused) -> Sent {
        let Refused { flaw, sentence, ends } = refused;
        let code = scheme::spoken(self.version(), flaw.code);
        let sentence = sentence.unwrap_or_else(|| scheme::description(code).to_owned());
        let mut body = scheme::erro(self.session, code, "A", "CReq", &sentence);
        body["errorDetail"] = flaw.detail.as_str().into();
        if let Some(validate::Channel::App(device)) = &self.session.channel {
            body["sdkTransID"] = device.transaction_id.as_str().into();
        }
        self.say("Erro", DOWN, format!("errorCode {code}"), body.to_string().into());
        if let Some(broken) = ends.filter(|_| is_open(self.session)) {
            self.keep(body.clone());
            self.end(End::Broken(broken));
        }
        Sent::open(&body)
    }
}

fn answered(given: Answers<'_>, trust: Option<bool>) -> Input<'_> {
    Input::Answer { interaction: None, given: Answers { trust, ..given } }
}

/// What is known before a CReq is read.
struct Known {
    version: Version,
    ids: [(&'static str, String); 3],
    counter: u16,
    offer: creq::Offer,
}

const UP: (Lane, Lane) = (Lane::Browser, Lane::Issuer);
const DOWN: (Lane, Lane) = (Lane::Issuer, Lane::Browser);

/// The members of an Erro. Source: emv-3ds.md 3.7.
const ERRO: [&str; 11] = [
    "messageType",
    "messageVersion",
    "errorCode",
    "errorComponent",
    "errorDescription",
    "errorDetail",
    "errorMessageType",
    "threeDSServerTransID",
    "dsTransID",
    "acsTransID",
    "sdkTransID",
];

/// The Erro that this is, with nothing but its members; `None` for another message.
fn erro(plain: &[u8]) -> Option<Object> {
    let given: Given = serde_json::from_slice(plain).ok()?;
    let text = |name: &str| given.as_object()?.get(name)?.as_str();
    let cut = |text: &str| Value::from(text.chars().take(LONGEST).collect::<String>());
    let member = |name: &str| text(name).map(|text| (name.to_owned(), cut(text)));
    (text("messageType") == Some("Erro")).then(|| ERRO.into_iter().filter_map(member).collect())
}

/// Text from outside that belongs into a line.
fn short(text: &str) -> String {
    text.chars().take(8).collect()
}

/// How a message is sealed, for people.
fn name(seal: Seal) -> &'static str {
    if seal == Seal::Plain { "not encrypted" } else { seal.word() }
}

/// As much of a message as is shown that cannot be read.
fn shown(text: &str) -> Bytes {
    text.as_bytes()[..text.len().min(SHOWN)].to_vec().into()
}

/// What a fault does to a message as it travels.
fn damage(travels: &mut String, kind: FaultKind) {
    match kind {
        FaultKind::Truncate => travels.truncate(super::floor(travels, travels.len() / 2)),
        FaultKind::BadBase64 => travels.push('='),
        FaultKind::BadSignature => {
            // The checksum is the last part; its first character always counts.
            let at = travels.rfind('.').map_or(0, |dot| dot + 1);
            let other = if travels.as_bytes().get(at) == Some(&b'A') { "B" } else { "A" };
            if travels.get(at..=at).is_some() {
                travels.replace_range(at..=at, other);
            }
        }
        _ => (),
    }
}
