//! What the window knows of the embedded sandbox: its clock, what is armed, its faults, its
//! sessions with what the API hides, and the acts that change them. Read from the control
//! API's overview, member by member: what is missing or strange there is left out, never an
//! error. Pure. Source: sessions-api.md 7.5.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::run::{AppResult, PhoneAct, Plan};
use super::scenario::{Fault, FaultKind, Version};
use super::scheme::SchemeMessage;
use super::versions::Order;
use super::{Problem, SessionId};

/// How the sandbox's clock goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// With real time.
    #[default]
    Run,
    /// It stands still.
    Freeze,
    /// It jumps over what everybody waits for.
    Virtual,
}

impl Mode {
    fn of(word: &str) -> Self {
        match word {
            "freeze" => Self::Freeze,
            "virtual" => Self::Virtual,
            _ => Self::Run,
        }
    }
}

/// What is asked of the sandbox.
#[derive(Debug, Clone, PartialEq)]
pub enum SandboxAct {
    /// Only look.
    Look,
    /// Let the clock run.
    RunClock,
    /// Let the clock stand still.
    FreezeClock,
    /// So much time passes at once.
    Jump(Duration),
    /// The next sessions get this scenario, by its id, whatever their card; none disarms.
    Arm(String, u32),
    /// The same with a scenario that only we know, as the text of its file.
    ArmFile(String, u32),
    /// The next session speaks this version; with a scenario to arm, both.
    ArmVersion(Version, Option<Box<SandboxAct>>),
    /// Nothing is armed any more.
    Disarm,
    /// Arm, and when that is done start this run.
    Try(Box<SandboxAct>, Box<Plan>),
    /// Run this on several versions, one after the other.
    TryVersions(Box<Order>),
    /// These faults, in place of those that are armed.
    SetFaults(Vec<Fault>),
    /// The bank decides on exemptions by its own rules: `rules`, or not: `off`.
    Exemptions(&'static str),
    /// Forget sessions, logs, what is armed and faults.
    Reset,
    /// End a challenge from outside.
    EndChallenge(SessionId, AppResult),
    /// Decide in the bank's app on the phone.
    Decide(SessionId, PhoneAct),
}

impl SandboxAct {
    /// The control route that does it; `None` if there is nothing to do but look.
    pub fn request(&self) -> Option<(&'static str, String, Value)> {
        let session = |id: &SessionId, what| format!("/sessions/{}/{what}", id.0);
        Some(match self {
            Self::Look => return None,
            Self::RunClock => ("POST", "/clock".into(), json!({"mode": "run"})),
            Self::FreezeClock => ("POST", "/clock".into(), json!({"mode": "freeze"})),
            Self::Jump(by) => ("POST", "/clock".into(), json!({"advance_seconds": by.as_secs()})),
            Self::Arm(id, sessions) => ("PUT", "/arm".into(), json!({"scenario": id, "sessions": sessions})),
            Self::ArmFile(text, sessions) => ("PUT", "/arm".into(), json!({"file": text, "sessions": sessions})),
            Self::ArmVersion(version, arm) => {
                let scenario = arm.as_ref().and_then(|arm| arm.request());
                let mut body = scenario.map_or_else(|| json!({"sessions": 1}), |(_, _, body)| body);
                body["version"] = version.word().into();
                ("PUT", "/arm".into(), body)
            }
            Self::Disarm => ("PUT", "/arm".into(), json!({"sessions": 0})),
            Self::Try(arm, _) => return arm.request(),
            Self::TryVersions(_) => return None, // each of its runs is armed when its turn comes
            Self::SetFaults(faults) => ("PUT", "/faults".into(), json!({"faults": faults})),
            Self::Exemptions(word) => ("PUT", "/settings".into(), json!({"exemptions": word})),
            Self::Reset => ("POST", "/reset".into(), json!({})),
            Self::EndChallenge(id, result) => ("POST", session(id, "challenge"), json!({"result": result.word()})),
            Self::Decide(id, act) => ("POST", session(id, "phone"), json!({"decision": act.word()})),
        })
    }
}

/// What the window knows of the sandbox, and since when.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The newest that it showed; `None` before the first look.
    pub overview: Option<Arc<Overview>>,
    /// Why the newest look failed, if it did.
    pub problem: Option<Problem>,
    /// Looks that were begun.
    pub asked: u64,
    /// The newest look that is over.
    pub answered: u64,
}

impl Known {
    /// True while an answer is on its way.
    pub fn looking(&self) -> bool {
        self.asked > self.answered
    }

    /// Takes in what a look brought; an older one than is known changes nothing.
    pub fn seen(&mut self, number: u64, what: Result<Box<Overview>, Problem>) {
        if number <= self.answered {
            return;
        }
        self.answered = number;
        match what {
            Ok(overview) => (self.overview, self.problem) = (Some(Arc::from(overview)), None),
            Err(problem) => self.problem = Some(problem),
        }
    }

    /// A session as the sandbox shows it.
    pub fn session(&self, id: &SessionId) -> Option<&Seen> {
        self.overview.as_ref()?.sessions.iter().find(|session| session.id == id.0)
    }
}

/// The sandbox at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Overview {
    /// What its clock shows.
    pub now: Option<Timestamp>,
    /// How its clock goes.
    pub mode: Mode,
    /// What its random choices derive from, if they can be repeated.
    pub seed: Option<u64>,
    /// What is armed, in words (`S021`, `S021 on 2.1.0`, `Version 2.1.0`), and for how many
    /// sessions still.
    pub armed: Option<(String, u64)>,
    /// Faults in their order, those that are used up too.
    pub faults: Vec<Fault>,
    /// Its sessions, also those that are not listed.
    pub count: u64,
    /// Sessions that it has forgotten to stay small.
    pub dropped: u64,
    /// The newest sessions, newest first.
    pub sessions: Vec<Seen>,
    /// Its settings, as far as it shows them.
    pub settings: Map<String, Value>,
}

impl Overview {
    /// Reads what the control API answered.
    pub fn read(raw: &Value) -> Self {
        let number = |name| raw.get(name).and_then(Value::as_u64);
        let text = |name| raw.get(name).and_then(Value::as_str);
        let armed = raw.get("armed").and_then(|armed| {
            let word = |name| armed.get(name).and_then(Value::as_str);
            let what = match (word("scenario"), word("version")) {
                (Some(id), Some(version)) => format!("{id} on {version}"),
                (Some(id), None) => id.to_owned(),
                (None, version) => format!("Version {}", version?),
            };
            Some((what, armed.get("sessions").and_then(Value::as_u64).unwrap_or(1)))
        });
        // The list stands bare or as GET /faults answers it.
        let faults = raw.get("faults").map(|faults| faults.get("faults").unwrap_or(faults));
        Self {
            now: text("now").and_then(|now| now.parse().ok()),
            mode: text("mode").map_or_else(Mode::default, Mode::of),
            seed: number("seed"),
            armed: armed.filter(|(_, left)| *left > 0),
            faults: faults.map(each).unwrap_or_default(),
            count: number("count").unwrap_or(0),
            dropped: number("dropped").unwrap_or(0),
            sessions: raw.get("sessions").map(each).unwrap_or_default(),
            settings: raw.get("settings").and_then(Value::as_object).cloned().unwrap_or_default(),
        }
    }

    /// Faults that can still happen.
    pub fn faults_on(&self) -> usize {
        self.faults.iter().filter(|fault| fault.times > 0).count()
    }

    /// Pushes on the phone that nobody has decided, while their page waits.
    pub fn undecided(&self) -> usize {
        self.sessions.iter().map(|session| session.phone.iter().filter(|one| session.asks(one)).count()).sum()
    }
}

/// The members of a list that can be read.
fn each<T: DeserializeOwned>(list: &Value) -> Vec<T> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| T::deserialize(item).ok()).collect()
}

/// One session as the sandbox knows it.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// `sid_…`.
    pub id: String,
    /// The wire's word.
    pub status: String,
    /// `visa`.
    pub scheme: String,
    /// Masked.
    pub card: String,
    /// On the hosted page.
    pub hosted: bool,
    /// `complete` was called, or the hosted page came to its end.
    pub completed: bool,
    /// The 3DS Server's.
    pub transaction_id: Option<String>,
    /// In minor units.
    pub amount: i64,
    /// `USD`.
    pub currency: String,
    /// When it was made, on the sandbox's clock.
    pub created: String,
    /// What the API waits for.
    pub next_actions: Vec<String>,
    /// Until its next deadline, on the sandbox's clock.
    pub seconds_left: Option<u64>,
    /// `2.2.0`.
    pub protocol_version: Option<String>,
    /// The scenario that decides it.
    pub scenario: Option<String>,
    /// Wrong codes so far.
    pub wrong_passwords: Option<u64>,
    /// Pages that the shopper has answered.
    pub interactions: Option<u64>,
    /// How the challenge ends if the shopper passes it.
    pub prepared_result: Option<String>,
    /// The directory server's.
    pub ds_transaction_id: Option<String>,
    /// The issuer's.
    pub acs_transaction_id: Option<String>,
    /// The merchant's.
    pub reference: Option<String>,
    /// The issuer's page where the shopper is.
    pub page: Option<Value>,
    /// What the 3DS Method page saw of the browser.
    pub method_facts: Map<String, Value>,
    /// What the shop declared of it.
    pub declared: Map<String, Value>,
    /// What the issuer sent to the phone, oldest first.
    pub phone: Vec<Message>,
}

impl Seen {
    /// True while the issuer waits for the shopper.
    pub fn challenged(&self) -> bool {
        self.status == "challenged"
    }

    /// True if this message waits for a person to approve or deny.
    pub fn asks(&self, message: &Message) -> bool {
        message.kind == "push" && message.decided.is_none() && !self.is_over()
    }

    fn is_over(&self) -> bool {
        self.completed || !matches!(self.status.as_str(), "pending" | "processing" | "challenged")
    }

    /// What was declared beside what was seen, name by name; those that differ first.
    pub fn browser(&self) -> Vec<Fact<'_>> {
        let names: BTreeSet<&String> = self.declared.keys().chain(self.method_facts.keys()).collect();
        let fact = |name: &'_ &String| {
            let (declared, seen) = (self.declared.get(*name), self.method_facts.get(*name));
            let differs = declared.zip(seen).is_some_and(|(declared, seen)| !agree(&plain(declared), &plain(seen)));
            (name.to_string(), declared, seen, differs)
        };
        let mut facts: Vec<Fact<'_>> = names
            .iter()
            .map(fact)
            .map(|(name, declared, seen, differs)| Fact { name, declared, seen, differs })
            .collect();
        facts.sort_by_key(|fact| (!fact.differs, fact.seen.is_none()));
        facts
    }
}

/// A browser lists the languages it likes; the shop declares one of them.
fn agree(declared: &str, seen: &str) -> bool {
    declared.eq_ignore_ascii_case(seen) || seen.split(',').any(|one| one.trim().eq_ignore_ascii_case(declared))
}

/// One thing about the shopper's browser.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact<'a> {
    /// The member of `channel_data`.
    pub name: String,
    /// What the shop says.
    pub declared: Option<&'a Value>,
    /// What the issuer saw.
    pub seen: Option<&'a Value>,
    /// Both are known and not the same.
    pub differs: bool,
}

/// A value as it is compared and shown: numbers and texts of the same letters are the same.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A message on the shopper's phone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Message {
    /// The bank.
    pub sender: String,
    /// What it says.
    pub text: String,
    /// What the shopper is to type.
    pub code: String,
    /// `sms` or `push`.
    pub kind: String,
    /// `approve` or `deny`, once somebody has.
    pub decided: Option<String>,
}

/// What a fault does, without where: `Lacks a member: transStatus`.
pub fn fault_words(fault: &Fault) -> String {
    let field = fault.field.as_deref().unwrap_or_default();
    let detail = match fault.kind {
        FaultKind::DelayMs | FaultKind::SlowDrip => format!(": {} ms", fault.delay_ms),
        FaultKind::Status => format!(": {}", fault.status.unwrap_or_default()),
        FaultKind::RemoveField => format!(": {field}"),
        FaultKind::SetField => format!(": {field} = {}", fault.value.as_ref().map(plain).unwrap_or_default()),
        _ => String::new(),
    };
    format!("{}{detail}", fault.kind.name())
}

/// The fault that a hidden row tells of; `None` if it is a message of the scheme.
pub fn fault_told(message: &SchemeMessage) -> Option<Fault> {
    let told: Value = (message.kind == "Fault").then(|| serde_json::from_slice(&message.body).ok())??;
    Fault::deserialize(told.get("fault")?).ok()
}

/// What and where, as one line: `RReq never arrives · directory to 3DS Server`. What comes
/// first, so that it is still read where the line is cut.
pub fn fault_line(fault: &Fault) -> String {
    let (message, way) = fault.hop.name().split_once(" · ").unwrap_or((fault.hop.name(), ""));
    let between = if fault.kind == FaultKind::Close { ", " } else { " " };
    let words = fault_words(fault);
    let mut letters = words.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_lowercase).collect();
    let way = if way.is_empty() { String::new() } else { format!(" · {way}") };
    format!("{message}{between}{first}{}{way}", letters.as_str())
}

/// The faults as a piece of a scenario file that brings them about again.
pub fn faults_file(faults: &[Fault], seed: Option<u64>) -> String {
    #[derive(serde::Serialize)]
    struct File {
        faults: Vec<Fault>,
    }
    let fresh = |fault: &Fault| {
        let happened = i64::try_from(fault.happened).unwrap_or(i64::MAX);
        Fault { times: fault.times.saturating_add(happened).max(1), happened: 0, ..fault.clone() }
    };
    let file = File { faults: faults.iter().map(fresh).collect() };
    // A fault has a TOML form unless its value is null, which no file can say.
    let text = toml::to_string(&file).unwrap_or_else(|error| format!("# not written: {error}\n"));
    match seed {
        Some(seed) => format!("# Seed {seed}: start with --seed {seed} to have the same again.\n{text}"),
        None => format!("# Without a seed: ids and codes are new each time.\n{text}"),
    }
}

/// A span of time as typed: `90`, `90 s`, `10 min`, `2 h`, `1 day`.
pub fn span(text: &str) -> Option<Duration> {
    let text = text.trim().to_lowercase();
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let unit = match unit.trim() {
        "" | "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 86_400,
        _ => return None,
    };
    let seconds = number.checked_mul(unit)?;
    (1..=LONGEST_JUMP).contains(&seconds).then(|| Duration::from_secs(seconds))
}

/// The longest jump that the control API takes, in seconds: ten years. Source: sessions-api.md 7.5.
const LONGEST_JUMP: u64 = 10 * 366 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::deck;
    use crate::model::scenario::Hop;

    #[test]
    fn a_fault_reads_as_where_and_what() {
        let lost = Fault::new(Hop::Rreq, FaultKind::Drop);
        assert_eq!(fault_line(&lost), "RReq never arrives · directory to 3DS Server");
        let bare = Fault { field: Some("transStatus".into()), ..Fault::new(Hop::Ares, FaultKind::RemoveField) };
        assert_eq!(fault_line(&bare), "ARes lacks a member: transStatus · directory to 3DS Server");
        let closed = Fault::new(Hop::Areq, FaultKind::Close);
        assert_eq!(fault_line(&closed), "AReq, connection closes · 3DS Server to directory");
    }

    #[test]
    fn what_is_missing_or_strange_is_left_out_and_the_rest_is_read() {
        assert_eq!(Overview::read(&Value::Null), Overview::default());
        let read = Overview::read(&json!({
            "now": "2026-11-28T12:00:00Z", "mode": "freeze", "seed": 7, "armed": {"scenario": "S021", "sessions": 2},
            "faults": [{"hop": "api", "kind": "close", "times": 0, "happened": 1, "delay_ms": 0}, {"hop": "moon"}],
            "sessions": [{"id": "sid_a", "status": "challenged", "phone": [{"kind": "push"}], "new": 1}, 7],
        }));
        assert_eq!((read.mode, read.seed, read.armed.clone()), (Mode::Freeze, Some(7), Some(("S021".into(), 2))));
        assert!(read.now.is_some());
        assert_eq!((read.faults.len(), read.faults_on(), read.sessions.len(), read.undecided()), (1, 0, 1, 1));
    }

    #[test]
    fn an_older_look_changes_nothing() {
        let mut known = Known { asked: 2, ..Known::default() };
        known.seen(2, Ok(Box::new(Overview { seed: Some(2), ..Overview::default() })));
        known.seen(1, Ok(Box::new(Overview { seed: Some(1), ..Overview::default() })));
        assert_eq!(known.overview.as_ref().and_then(|overview| overview.seed), Some(2));
        assert!(!known.looking());
    }

    #[test]
    fn what_the_browser_is_not_as_declared_comes_first() {
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        let seen = Seen {
            declared: object(json!({"java": false, "languages": "en-GB", "screen": "1920x1080", "timezone": "-60"})),
            method_facts: object(json!({"languages": "de,en-gb", "screen": "1920x1080", "timezone": 0})),
            ..Seen::default()
        };
        let facts = seen.browser();
        let names: Vec<(&str, bool)> = facts.iter().map(|fact| (fact.name.as_str(), fact.differs)).collect();
        assert_eq!(names, [("timezone", true), ("languages", false), ("screen", false), ("java", false)]);
    }

    /// What is copied can be put into a scenario file, and says what was armed, used up or not.
    #[test]
    fn copied_faults_are_those_of_a_scenario_file() {
        let set =
            Fault { field: Some("eci".into()), value: Some("99".into()), ..Fault::new(Hop::Ares, FaultKind::SetField) };
        let used = Fault { times: 1, happened: 2, status: Some(503), ..Fault::new(Hop::Api, FaultKind::Status) };
        let text = faults_file(&[set.clone(), used.clone()], Some(7));
        assert!(text.starts_with("# Seed 7"), "{text}");
        let file = format!("id = \"X\"\nname = \"x\"\n{text}\n[expect]\nstatus = \"approved\"\n");
        let scenario = deck::read("x.toml", &file).expect("a scenario file");
        assert_eq!(scenario.faults, [set, Fault { times: 3, happened: 0, ..used }]);
    }

    #[test]
    fn spans_are_read_as_people_type_them() {
        let cases = [("90", 90), ("90 s", 90), ("10min", 600), (" 2 H ", 7200), ("1 day", 86_400)];
        for (text, seconds) in cases {
            assert_eq!(span(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "0", "ten", "5 weeks", "-3", "99999999999999999999", "4000 days"] {
            assert_eq!(span(text), None, "{text}");
        }
    }
}
