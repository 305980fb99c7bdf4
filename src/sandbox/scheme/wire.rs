//! What lies between the parts of the scheme: messages as bytes on the legs of their way,
//! timers, and the faults that somebody planned.
//!
//! Promises: a message that nothing was planned for arrives at once and in order, without
//! waiting and without being kept; everything late has its moment on the sandbox's clock;
//! what a fault did to a message stands in the timeline beside it. Knows the parts only by
//! the function that takes a message in. Source: emv-3ds.md 1.9, 6.2.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::messages::Talk;
use super::{acs, directory, server};
use crate::model::Lane;
use crate::model::scenario::{Fault, FaultKind, Hop};
use crate::model::scheme::SchemeMessage;
use crate::sandbox::Shared;
use crate::sandbox::keys::other_uuid;
use crate::sandbox::session::Session;

/// How long the 3DS Server waits for an ARes. Source: emv-3ds.md 1.9.
const ARES_TIME: Duration = Duration::from_secs(10);
/// How long the directory server waits for the issuer's: less, so that it can still stand in.
/// Our choice.
const RELAY_TIME: Duration = Duration::from_secs(8);
/// How long the issuer waits for an RRes before it sends the result once more.
/// Source: emv-3ds.md 1.9.
const RRES_TIME: Duration = Duration::from_secs(10);
/// How far a message falls behind that is overtaken. Our choice.
const OVERTAKEN: Duration = Duration::from_secs(5);

/// What the parts wait for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::sandbox) struct Awaiting {
    /// The 3DS Server: the ARes.
    pub(in crate::sandbox) server: bool,
    /// The directory server: the issuer's ARes. While it waits, the issuer's connection is open.
    pub(super) directory: bool,
    /// The issuer: the RRes.
    pub(super) issuer: bool,
    /// How often the issuer has sent its result.
    pub(super) results: u8,
    /// How often the 3DS Server could not take it.
    pub(super) flaws: u8,
}

/// What is late or to be tampered with.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Wire {
    /// The session's own faults, from its scenario.
    faults: Vec<Fault>,
    /// By their moments.
    mail: Vec<Due>,
    /// Address of the API, for messages that are written later.
    base: String,
}

impl Wire {
    /// With the faults of a scenario.
    pub(in crate::sandbox) fn with(faults: &[Fault]) -> Self {
        Self { faults: faults.to_vec(), ..Self::default() }
    }

    /// The next moment at which something arrives or somebody gives up.
    pub(in crate::sandbox) fn next(&self) -> Option<Duration> {
        self.mail.first().map(|due| due.at)
    }

    fn post(&mut self, due: Due) {
        let place = self.mail.partition_point(|other| other.at <= due.at);
        self.mail.insert(place, due);
    }
}

#[derive(Debug)]
struct Due {
    at: Duration,
    what: Mail,
}

#[derive(Debug)]
enum Mail {
    Letter(Letter),
    Timer(Timer),
}

/// Who gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timer {
    Server,
    Directory,
    Issuer,
}

/// A message on one leg of its way.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) hop: Hop,
    pub(super) body: Bytes,
}

/// Why a message came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// No connection, or it ended without an answer.
    Closed,
    /// An HTTP error in place of an answer.
    Status(u16),
    TimedOut,
}

impl Lost {
    /// The error code that says so. Source: emv-3ds.md 3.7.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Closed => "405",
            Self::Status(500..) => "403",
            Self::Status(_) => "404",
            Self::TimedOut => "402",
        }
    }
}

/// From whom to whom a leg leads.
fn lanes(hop: Hop) -> (Lane, Lane) {
    match hop {
        Hop::Preq | Hop::Areq | Hop::RresDs => (Lane::Sessions, Lane::Directory),
        Hop::Pres | Hop::Ares | Hop::Rreq => (Lane::Directory, Lane::Sessions),
        Hop::AreqAcs | Hop::Rres => (Lane::Directory, Lane::Issuer),
        Hop::AresDs | Hop::RreqDs => (Lane::Issuer, Lane::Directory),
        Hop::Method | Hop::Cres | Hop::Pares => (Lane::Issuer, Lane::Browser),
        Hop::Creq | Hop::Pareq => (Lane::Browser, Lane::Issuer),
        Hop::Vereq => (Lane::Sessions, Lane::Issuer),
        Hop::Veres => (Lane::Issuer, Lane::Sessions),
        Hop::Api => (Lane::Merchant, Lane::Sessions),
        Hop::Callback => (Lane::Sessions, Lane::Callback),
    }
}

/// One turn of work on one session.
pub(super) struct Desk<'a> {
    pub(super) app: &'a Shared,
    pub(super) session: &'a mut Session,
    pub(super) base: String,
    pub(super) talk: Talk,
    /// The card ranges came.
    pub(super) ranges_loaded: bool,
    inbox: VecDeque<Letter>,
}

impl<'a> Desk<'a> {
    /// To begin something; `base` is the API's address.
    pub(super) fn new(app: &'a Shared, session: &'a mut Session, base: Option<&str>) -> Self {
        let kept = session.wire.as_ref().map(|wire| wire.base.as_str()).filter(|base| !base.is_empty());
        let base = base.or(kept).or(app.base.get().map(String::as_str)).unwrap_or_default().to_owned();
        let talk = Talk::of(session);
        Self { app, session, base, talk, ranges_loaded: false, inbox: VecDeque::new() }
    }

    /// Sends a message on a leg. What becomes of it is seen when [`Desk::work`] is called.
    pub(super) fn send(&mut self, hop: Hop, kind: &'static str, gist: &str, body: impl Into<Bytes>) {
        let body = body.into();
        self.talk.say(kind, &[lanes(hop)], gist, body.clone());
        let letter = Letter { hop, body };
        match take_fault(self.app, self.session, hop) {
            None => self.inbox.push_back(letter),
            Some(fault) => {
                if fault.kind == FaultKind::Duplicate {
                    self.talk.say(kind, &[lanes(hop)], gist, letter.body.clone());
                }
                self.spoil(letter, &fault);
            }
        }
    }

    /// Something that is said to nobody who would answer.
    pub(super) fn note(&mut self, kind: &'static str, path: (Lane, Lane), gist: &str, body: impl Into<Bytes>) {
        self.talk.say(kind, &[path], gist, body);
    }

    /// Carries out what a fault asks for.
    fn spoil(&mut self, mut letter: Letter, fault: &Fault) {
        let arrived = altered(&letter.body, fault);
        if arrived == letter.body[..] {
            tell(&mut self.talk, fault, None);
        } else {
            letter.body = arrived.into();
            tell(&mut self.talk, fault, Some(&letter.body));
        }
        // Nobody's timer rings for card ranges: they are asked for at once or not at all.
        let ranges = matches!(letter.hop, Hop::Preq | Hop::Pres);
        match fault.kind {
            FaultKind::Drop if ranges => self.lost(letter.hop, Lost::TimedOut),
            FaultKind::DelayMs | FaultKind::SlowDrip if ranges && fault.delay() >= ARES_TIME => {
                self.lost(letter.hop, Lost::TimedOut);
            }
            FaultKind::DelayMs | FaultKind::SlowDrip if ranges => self.inbox.push_back(letter),
            FaultKind::DelayMs | FaultKind::SlowDrip | FaultKind::Reorder => {
                self.post(held_back(fault), Mail::Letter(letter));
            }
            FaultKind::Drop => (),
            FaultKind::Close => self.lost(letter.hop, Lost::Closed),
            FaultKind::Status => self.lost(letter.hop, Lost::Status(fault.status.unwrap_or(503))),
            FaultKind::Duplicate => self.inbox.extend([letter.clone(), letter]),
            _ => self.inbox.push_back(letter),
        }
    }

    fn post(&mut self, after: Duration, what: Mail) {
        let at = self.app.clock.passed() + after;
        let base = &self.base;
        let wire = self.session.wire.get_or_insert_default();
        wire.base.clone_from(base);
        wire.post(Due { at, what });
    }

    /// Takes in all that has arrived, and what follows from it; then sets the timers of those
    /// who still wait. What was said.
    pub(super) fn work(mut self) -> Vec<SchemeMessage> {
        self.read_all();
        self.set_timers();
        self.talk.said
    }

    /// The same for card ranges: also whether they came.
    pub(super) fn work_for_ranges(mut self) -> (Vec<SchemeMessage>, bool) {
        self.read_all();
        (self.talk.said, self.ranges_loaded)
    }

    /// Takes in what has become due by now. What was said.
    pub(super) fn wake(mut self) -> Vec<SchemeMessage> {
        let now = self.app.clock.passed();
        while let Some(due) = self.due(now) {
            match due {
                Mail::Letter(letter) => self.inbox.push_back(letter),
                Mail::Timer(timer) => self.ring(timer),
            }
            self.read_all();
        }
        self.set_timers();
        self.talk.said
    }

    fn due(&mut self, now: Duration) -> Option<Mail> {
        let mail = &mut self.session.wire.as_mut()?.mail;
        let first = mail.first().is_some_and(|due| due.at <= now);
        first.then(|| mail.remove(0).what)
    }

    fn read_all(&mut self) {
        while let Some(letter) = self.inbox.pop_front() {
            match letter.hop {
                Hop::Preq => directory::ranges_asked(self, &letter),
                Hop::Pres => server::ranges_came(self, &letter),
                Hop::Areq => directory::areq(self, &letter),
                Hop::AreqAcs => acs::areq(self, &letter),
                Hop::AresDs => directory::ares(self, &letter),
                Hop::Ares => server::ares(self, &letter),
                Hop::RreqDs => directory::rreq(self, &letter),
                Hop::Rreq => server::rreq(self, &letter),
                Hop::RresDs => directory::rres(self, &letter),
                Hop::Rres => acs::rres(self, &letter),
                // Browsers and the API carry these: no part of the scheme does.
                Hop::Api
                | Hop::Method
                | Hop::Creq
                | Hop::Cres
                | Hop::Vereq
                | Hop::Veres
                | Hop::Pareq
                | Hop::Pares
                | Hop::Callback => (),
            }
        }
    }

    /// Tells whoever sent a message, or waits for it as an answer, that it came to nothing.
    pub(super) fn lost(&mut self, hop: Hop, why: Lost) {
        match hop {
            Hop::Preq | Hop::Pres => server::ranges_lost(self, why),
            Hop::Areq | Hop::Ares => server::unanswered(self, why),
            Hop::AreqAcs | Hop::AresDs => directory::unanswered(self, why),
            _ => (), // the issuer sends its result once more when its timer rings
        }
    }

    fn ring(&mut self, timer: Timer) {
        match timer {
            Timer::Server => server::unanswered(self, Lost::TimedOut),
            Timer::Directory => directory::unanswered(self, Lost::TimedOut),
            Timer::Issuer => acs::again(self),
        }
    }

    fn set_timers(&mut self) {
        let Awaiting { server, directory, issuer, .. } = self.session.awaiting;
        for (waits, timer, time) in [
            (server, Timer::Server, ARES_TIME),
            (directory, Timer::Directory, RELAY_TIME),
            (issuer, Timer::Issuer, RRES_TIME),
        ] {
            let set = |due: &Due| matches!(due.what, Mail::Timer(other) if other == timer);
            let there = self.session.wire.as_ref().is_some_and(|wire| wire.mail.iter().any(set));
            match (waits, there) {
                (true, false) => self.post(time, Mail::Timer(timer)),
                (false, true) => {
                    if let Some(wire) = &mut self.session.wire {
                        wire.mail.retain(|due| !set(due));
                    }
                }
                _ => (),
            }
        }
    }
}

/// The fault that is planned for a leg: the session's own first, then anybody's. What a browser
/// takes home is not signed, so nothing can be wrong with its signature.
pub(in crate::sandbox) fn take_fault(app: &Shared, session: &mut Session, hop: Hop) -> Option<Fault> {
    let unsigned = hop == Hop::Cres && !session.in_app();
    let can_be = |kind| !(unsigned && kind == FaultKind::BadSignature);
    let own = session.wire.as_mut().and_then(|wire| {
        let meant = |fault: &Fault| fault.hop == hop && fault.times > 0 && can_be(fault.kind);
        let fault = wire.faults.iter_mut().find(|fault| meant(fault))?;
        fault.times -= 1;
        fault.happened += 1;
        Some(fault.clone())
    });
    own.or_else(|| app.trouble.at(hop, can_be))
}

/// How much later than usual a message arrives.
fn held_back(fault: &Fault) -> Duration {
    match fault.kind {
        FaultKind::DelayMs | FaultKind::SlowDrip => fault.delay(),
        FaultKind::Reorder => OVERTAKEN,
        _ => Duration::ZERO,
    }
}

/// The row that tells of a fault: beside the message as it was sent, how late it came and what
/// came in its place.
pub(in crate::sandbox) fn tell(talk: &mut Talk, fault: &Fault, arrived: Option<&Bytes>) {
    let (gist, body) = told(fault, arrived);
    talk.say("Fault", &[lanes(fault.hop)], &gist, body);
    if let Some(row) = talk.said.last_mut() {
        row.took = held_back(fault);
    }
}

/// What a fault did, in words and as a body: the fault, and what arrived in the message's place.
fn told(fault: &Fault, arrived: Option<&Bytes>) -> (String, Bytes) {
    let mut about = json!(fault);
    for name in ["times", "happened"] {
        if let Some(about) = about.as_object_mut() {
            about.shift_remove(name);
        }
    }
    let detail = match fault.kind {
        FaultKind::DelayMs | FaultKind::SlowDrip => format!(" ({} ms)", fault.delay_ms),
        FaultKind::Status => format!(" {}", fault.status.unwrap_or(503)),
        FaultKind::RemoveField | FaultKind::SetField => format!(" {}", fault.field.as_deref().unwrap_or_default()),
        _ => String::new(),
    };
    let gist = format!("{} {}{detail}", fault.hop.word(), fault.kind.word());
    let mut body = json!({ "fault": about });
    if let Some(arrived) = arrived {
        body["arrived"] = String::from_utf8_lossy(arrived).into();
    }
    (gist, body.to_string().into())
}

/// A JSON message after a fault; the same bytes for faults that leave the content alone.
pub(in crate::sandbox) fn altered(body: &[u8], fault: &Fault) -> Vec<u8> {
    let member = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(mut members)) => {
            change(&mut members);
            Value::Object(members).to_string().into_bytes()
        }
        _ => body.to_vec(),
    };
    let field = fault.field.as_deref().unwrap_or_default();
    match fault.kind {
        FaultKind::Truncate => body[..body.len() / 2].to_vec(),
        FaultKind::InvalidJson => [b"{\"", body].concat(),
        FaultKind::RemoveField => member(&|members| drop(members.shift_remove(field))),
        FaultKind::SetField => member(&|members| {
            members.insert(field.to_owned(), fault.value.clone().unwrap_or_default());
        }),
        FaultKind::WrongId => {
            let other = other_uuid(body);
            member(&|members| {
                if members.contains_key("session_id") {
                    members.insert("session_id".to_owned(), format!("sid_{}", &other.replace('-', "")[..26]).into());
                    return;
                }
                let result =
                    matches!(members.get("messageType").and_then(Value::as_str), Some("RReq" | "RRes" | "CRes"));
                let name = if result { "acsTransID" } else { "threeDSServerTransID" };
                members.insert(name.to_owned(), other.as_str().into());
            })
        }
        _ => body.to_vec(),
    }
}
