//! The scheme's hidden messages: readable, whole, about this transaction, in order, once,
//! answered, in time, and in agreement with one another and with the session.
//! Source: emv-3ds.md 1.2, 1.9, 3.1, 3.7.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::{ID_MEMBERS, LONGEST, Look, masked, shown};
use super::{arrived, members as of_version, rules};
use crate::model::Lane;
use crate::model::api::Status;
use crate::model::draft::{Channel, Completion};
use crate::model::finding::Severity::{Advice, Error, Warning};
use crate::model::lens;
use crate::model::run::What;
use crate::model::scheme::{METHOD_DATA, SchemeMessage};
use crate::model::trace::Part;

/// From here on a message is slow. Our choice.
const SLOW: Duration = Duration::from_secs(1);
/// How long a message may be on its way. Source: emv-3ds.md 1.9.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a server waits for its answer. Source: emv-3ds.md 1.9.
const ANSWER: Duration = Duration::from_secs(10);
/// Until the first CReq. Source: emv-3ds.md 1.9, L30.
const FIRST_CREQ: Duration = Duration::from_secs(30);

/// A hidden message with its place among the rows.
#[derive(Clone, Copy)]
pub(super) struct Heard<'a> {
    pub(super) at: usize,
    pub(super) entry: usize,
    pub(super) message: &'a SchemeMessage,
}

impl Heard<'_> {
    fn leg(&self) -> (&'static str, Lane, Lane) {
        (self.message.kind, self.message.from, self.message.to)
    }
}

pub(super) fn check(look: &mut Look<'_>) {
    let mut heard: Vec<Heard> = look
        .rows
        .iter()
        .enumerate()
        .filter_map(|(at, row)| match &row.entry.what {
            // What a bank's page tells its own bank is no message of the protocol: see `method`.
            What::Scheme(message) if message.kind == METHOD_DATA => None,
            What::Scheme(message) => Some(Heard { at, entry: row.entry.number, message }),
            _ => None,
        })
        .collect();
    let mut version = None;
    for one in &heard {
        if one.message.kind == "Fault" {
            arrived::check(look, *one, &mut version);
            continue;
        }
        contents(look, *one, &mut version);
        late(look, one.entry, one.message.kind, one.message.took);
    }
    heard.retain(|one| one.message.kind != "Fault");
    twice(look, &heard);
    unanswered(look, &heard);
    order(look, &heard);
    agreement(look, &heard);
    counters(look, &heard);
}

/// Messages of 3-D Secure 1 are XML.
pub(super) fn is_xml(kind: &str) -> bool {
    matches!(kind, "VEReq" | "VERes" | "PAReq" | "PARes")
}

fn contents(look: &mut Look<'_>, one: Heard<'_>, version: &mut Option<String>) {
    let kind = one.message.kind;
    if one.message.body.len() > LONGEST {
        return;
    }
    if is_xml(kind) {
        if !whole_xml(&one.message.body) {
            unreadable(look, one.entry, kind, "no whole XML message");
        }
        return;
    }
    let body = look.rows[one.at].json.clone();
    if let Some(body) = body.as_ref().filter(|body| body.is_object()) {
        of_version::check(look, one.at, kind, body);
    }
    json(look, one.entry, kind, body, version);
}

/// One message as its receiver reads it.
pub(super) fn json(
    look: &mut Look<'_>,
    entry: usize,
    kind: &'static str,
    body: Option<Value>,
    version: &mut Option<String>,
) {
    let Some(body) = body.filter(Value::is_object) else {
        return unreadable(look, entry, kind, "no whole JSON object");
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if kind == "Erro" {
        return erro(look, entry, &body);
    }
    if text("messageType").is_none_or(|said| said != kind) {
        let message = format!(
            "Its messageType is {}, where {kind} belongs. The receiver answers error 101 and takes nothing from it",
            text("messageType").map_or("missing".to_owned(), shown)
        );
        look.say(entry, ("P010", Error), "messageType is not what it should be", message);
        show(look, entry, "/messageType");
    }
    match (text("messageVersion"), &version) {
        (None, _) => missing(look, entry, kind, "messageVersion"),
        (Some(said), Some(first)) if said != first && !matches!(kind, "PReq" | "PRes") => {
            let message = format!(
                "It speaks {}, the conversation began in {first}. Inside one transaction the version stays; the \
                 receiver answers error 203",
                shown(said)
            );
            look.say(entry, ("P011", Error), "The version changed", message);
            show(look, entry, "/messageVersion");
        }
        (Some(said), None) if !matches!(kind, "PReq" | "PRes") => *version = Some(said.to_owned()),
        _ => (),
    }
    identifiers(look, entry, kind, &body);
    members(look, entry, kind, &body);
}

pub(super) fn unreadable(look: &mut Look<'_>, entry: usize, kind: &str, why: &str) {
    let message = format!(
        "This {kind} is {why}: it was cut or damaged on its way. Its receiver answers error 101 or 203, or waits \
         until its time is over; the session is then decided without it"
    );
    look.say(entry, ("P001", Error), format!("{kind} cannot be read"), message);
}

pub(super) fn whole_xml(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    text.starts_with('<') && text.contains("<ThreeDSecure") && text.ends_with("</ThreeDSecure>")
}

fn missing(look: &mut Look<'_>, entry: usize, kind: &str, member: &str) {
    let message = format!(
        "This {kind} has no {member}, which is required. Its receiver answers error 201 and takes nothing from it"
    );
    look.say(entry, ("P010", Error), format!("{member} is missing"), message);
}

fn erro(look: &mut Look<'_>, entry: usize, body: &Value) {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let (code, about) = (text("errorCode"), text("errorMessageType"));
    let (rule, meaning) = rules::code(code);
    let detail = match text("errorDetail") {
        "" => String::new(),
        detail => format!(", about {}", shown(detail)),
    };
    let description = match text("errorDescription") {
        "" => String::new(),
        words => format!(" It says: {}.", shown(words)),
    };
    let message = format!(
        "Error {code} from {}{detail}.{description} {}. {}",
        rules::component(text("errorComponent")),
        rules::consequence(about),
        rules::advice(code)
    );
    look.say(entry, (rule, Error), format!("Error {code}: {meaning}"), message);
    show(look, entry, "/errorCode");
}

/// Names the member of a hidden message that shows the newest finding.
fn show(look: &mut Look<'_>, entry: usize, pointer: &str) {
    if let Some(at) = look.place(entry) {
        look.shown_by(at, Part::Request, pointer);
    }
}

/// Another transaction's identifiers. An Erro may lack them.
fn identifiers(look: &mut Look<'_>, entry: usize, kind: &str, body: &Value) {
    let ranges = matches!(kind, "PReq" | "PRes"); // these have a dsTransID of their own
    for member in ID_MEMBERS.into_iter().filter(|member| !(ranges && *member == "dsTransID")) {
        let said = body.get(member).and_then(Value::as_str);
        let Some((said, own)) = said.zip(look.ids.of(member)).filter(|(said, own)| !said.eq_ignore_ascii_case(own))
        else {
            continue;
        };
        let message = format!(
            "{member} is {}, this transaction's is {}. The receiver answers error 301; a shop must not take such a \
             message for its own",
            shown(said),
            shown(own)
        );
        look.say(entry, ("P007", Error), format!("{kind} names another transaction"), message);
        show(look, entry, &format!("/{member}"));
    }
}

/// Required members and the values that exist. Source: emv-3ds.md 1.2, 2.2, 3.1.
pub(super) fn members(look: &mut Look<'_>, entry: usize, kind: &str, body: &Value) {
    let interim = kind == "CRes" && body.get("challengeCompletionInd").is_some_and(|done| done == "N");
    let required: &[&str] = match kind {
        "AReq" => &["threeDSServerTransID", "deviceChannel", "messageCategory", "acctNumber"],
        "ARes" => &["threeDSServerTransID", "dsTransID", "acsTransID", "transStatus"],
        "RReq" => &["threeDSServerTransID", "dsTransID", "acsTransID", "transStatus", "messageCategory"],
        "RRes" => &["threeDSServerTransID", "dsTransID", "acsTransID", "resultsStatus"],
        "CReq" => &["threeDSServerTransID", "acsTransID"],
        "CRes" if interim => &["threeDSServerTransID", "acsTransID"],
        "CRes" => &["threeDSServerTransID", "acsTransID", "transStatus"],
        "PReq" | "3DS Method notification" => &["threeDSServerTransID"],
        "PRes" => &["threeDSServerTransID", "cardRangeData"],
        _ => &[],
    };
    let empty = |name: &&&str| match body.get(**name) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    };
    for name in required.iter().filter(empty) {
        missing(look, entry, kind, name);
    }
    let values: &[&str] = match kind {
        "ARes" => &["Y", "A", "N", "U", "R", "C", "D", "I", "S"],
        "RReq" => &["Y", "A", "N", "U", "R", "D"],
        "CRes" => &["Y", "N", "D"],
        _ => return,
    };
    let said = body.get("transStatus").and_then(Value::as_str).filter(|said| !said.is_empty());
    if let Some(said) = said.filter(|said| !values.contains(said) && !interim) {
        let message = format!(
            "transStatus is {}; in this message it is one of {}. The receiver answers error 203",
            shown(said),
            values.join(" ")
        );
        look.say(entry, ("P010", Error), format!("No such transStatus in {kind}"), message);
        show(look, entry, "/transStatus");
    }
}

pub(super) fn late(look: &mut Look<'_>, entry: usize, kind: &str, took: Duration) {
    if took < CONNECT {
        if took >= SLOW {
            let message = format!(
                "It was on its way for {} ms. Nobody gives up yet, but the shopper waits; at 5 to 10 s the other side \
                 does",
                took.as_millis()
            );
            look.say(entry, ("P034", Advice), format!("{kind} took long"), message);
        }
        return;
    }
    let message = format!(
        "It was on its way for {} s. Servers connect within 5 s and wait for an answer for 10 s; after that the \
         other side gives up with error 402 or 405",
        took.as_secs()
    );
    look.say(entry, ("P003", Warning), format!("{kind} came late"), message);
}

/// The browser was to let the shopper confirm: a second request brings the proof. Source: emv-3ds.md 3.1 (S).
fn confirmed(look: &Look<'_>, before: &[Heard<'_>]) -> bool {
    before.iter().filter(|one| one.leg().0 == "ARes").any(|one| {
        let json = look.rows[one.at].json.as_ref();
        json.is_some_and(|body| body.get("transStatus").is_some_and(|letter| letter == "S"))
    })
}

/// The same message on the same leg again. A CReq may come again: the page was loaded anew.
fn twice(look: &mut Look<'_>, heard: &[Heard<'_>]) {
    let mut seen: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new(); // the place of the first
    for (place, one) in heard.iter().enumerate() {
        let (kind, from, to) = one.leg();
        let json = look.rows[one.at].json.as_ref();
        let in_app = json.is_some_and(|body| body.get("challengeCompletionInd").is_some_and(|done| done == "N"));
        if kind == "CReq" && !in_app && again(look, &heard[..place]) {
            let message = "This CReq came before, in one and the same request of the browser. Some banks take one only \
                           and refuse the second (error 314, before 2.3.1 305); a shop posts it once";
            look.say(one.entry, ("P004", Warning), "CReq twice", message);
        }
        if matches!(kind, "CReq" | "Erro" | "PReq" | "PRes") || in_app {
            continue;
        }
        if matches!(kind, "AReq" | "ARes") && confirmed(look, &heard[..place]) {
            continue;
        }
        let leg = (kind, from.letter(), to.letter());
        reopened(look, one, &mut seen);
        let Some(first) = seen.get(&leg).copied() else {
            seen.insert(leg, one.at);
            continue;
        };
        let what = match kind {
            "RReq" => {
                "The first one counts; the second is answered with error 312 (301 before 2.3.1), and must not \
                       change the session"
            }
            _ => "Its receiver must take the first one and ignore this; a shop that acts on each acts twice",
        };
        let message = format!("This {kind} came before on the same way. {what}");
        look.say(one.entry, ("P004", Warning), format!("{kind} twice"), message);
        look.against(first, Part::Request, "/transStatus", "The first one, which counts");
    }
}

/// Where a message before left the transaction open, the next ones are no repetition: after an
/// ARes S the browser confirms, and a second AReq brings the proof; after an RReq D the bank
/// goes on by itself, and a second RReq brings the result. Source: emv-3ds.md 1.2, 1.6, 3.1.
fn reopened(look: &Look<'_>, one: &Heard<'_>, seen: &mut BTreeMap<(&str, &str, &str), usize>) {
    let (kind, from, to) = one.leg();
    let (opener, letter, kinds) = match kind {
        "AReq" => ("ARes", "S", ["AReq", "ARes"]),
        "RReq" => ("RReq", "D", ["RReq", "RRes"]),
        _ => return,
    };
    let again = seen.contains_key(&(kind, from.letter(), to.letter()));
    let says = |at: &usize| look.rows[*at].text("transStatus") == Some(letter);
    let opened = seen.iter().any(|((kind, ..), at)| *kind == opener && says(at));
    if again && opened && !(kind == "RReq" && says(&one.at)) {
        seen.retain(|(kind, ..), _| !kinds.contains(kind));
    }
}

/// True if the newest of these is a CReq as well, and the browser has sent nothing since.
fn again(look: &Look<'_>, before: &[Heard<'_>]) -> bool {
    let Some(last) = before.last().filter(|last| last.message.kind == "CReq") else { return false };
    let posted = |row: &super::Row<'_>| row.exchange().is_some_and(|exchange| exchange.from == Lane::Browser);
    let next = look.rows[last.at + 1..].iter().take_while(|row| row.hidden().is_none_or(|(kind, _)| kind != "CReq"));
    let seen = look.rows[..last.at].iter().any(posted); // a person's browser leaves no rows: a reload may be one
    seen && !next.into_iter().any(posted)
}

/// What may follow a message at its receiver: passed on, answered, refused.
fn answers(kind: &str, to: Lane) -> &'static [&'static str] {
    match (kind, to) {
        ("AReq", Lane::Directory) => &["AReq", "ARes", "Erro"],
        ("AReq", _) => &["ARes", "Erro"],
        ("ARes", Lane::Directory) => &["ARes", "Erro"],
        ("RReq", Lane::Directory) => &["RReq", "RRes", "Erro"],
        ("RReq", _) => &["RRes", "Erro"],
        ("RRes", Lane::Directory) => &["RRes", "Erro"],
        ("VEReq", Lane::Directory) => &["VEReq", "VERes", "Erro"],
        ("VEReq", _) => &["VERes", "Erro"],
        ("VERes", Lane::Directory) => &["VERes", "Erro"],
        ("PReq", _) => &["PRes", "Erro"],
        ("PAReq", Lane::Browser) => &["PAReq"],
        ("PARes", Lane::Browser) => &["PARes"],
        _ => &[],
    }
}

fn unanswered(look: &mut Look<'_>, heard: &[Heard<'_>]) {
    for (place, one) in heard.iter().enumerate() {
        let (kind, from, to) = one.leg();
        let whole_way = matches!((from, to), (Lane::Issuer, Lane::Sessions) | (Lane::Sessions, Lane::Issuer));
        let wanted: &[&str] = if whole_way { &[] } else { answers(kind, to) }; // no leg, but a summary of them
        let follower = heard[place + 1..].iter().find(|later| {
            let on = later.message.from == to && (later.message.kind != kind || later.message.to != from);
            let back = later.message.to == from && later.message.kind != kind;
            (on || back) && wanted.contains(&later.message.kind)
        });
        if let Some(follower) = follower {
            slow(look, *one, *follower);
            continue;
        }
        if wanted.is_empty() || !settled(look, one.at) {
            continue;
        }
        let receiver = to.name();
        let message = format!(
            "Nothing followed this {kind} at its receiver ({receiver}): it or its answer was lost. The sender waits \
             10 s, tries at most once more and then decides without it; expect error 402 or a session that runs out \
             of time, and never an approval"
        );
        look.say(one.entry, ("P002", Error), format!("{kind} was lost or not answered"), message);
    }
    no_result(look, heard);
    no_cres(look, heard);
}

/// The answer came after the sender's timer.
fn slow(look: &mut Look<'_>, asked: Heard<'_>, answer: Heard<'_>) {
    let waited = answer.message.at.since(asked.message.at);
    if waited < ANSWER {
        return;
    }
    let message = format!(
        "It came {} s after the {} that it follows. Servers wait 10 s and then decide without it (error 402); what \
         comes later must not change the session",
        waited.as_secs(),
        asked.message.kind
    );
    look.say(answer.entry, ("P003", Warning), format!("{} came after its timer", answer.message.kind), message);
    look.against(asked.at, Part::Request, "", "The message that it follows");
}

/// What could still follow a row has had its time: the run is over, or went on.
fn settled(look: &Look<'_>, at: usize) -> bool {
    let moved = |row: &super::Row| {
        row.exchange().is_some_and(|exchange| exchange.from == Lane::Merchant)
            && row.entry.at.mono > look.rows[at].entry.at.mono
    };
    look.over() || look.rows[at + 1..].iter().any(moved)
}

/// The issuer asked its customer, and no result ever came.
fn no_result(look: &mut Look<'_>, heard: &[Heard<'_>]) {
    let says = |one: &Heard, kind: &str| one.message.kind == kind;
    if !look.over() || heard.iter().any(|one| says(one, "RReq") || says(one, "Erro")) {
        return;
    }
    let text = |one: &Heard| look.rows[one.at].text("transStatus").map(str::to_owned);
    let asked = heard.iter().rfind(|one| says(one, "ARes") && matches!(text(one).as_deref(), Some("C" | "D")));
    let cres = heard.iter().rfind(|one| says(one, "CRes"));
    let ended = look.session().is_some_and(|session| session.status.is_final());
    let Some(one) = cres.or(asked.filter(|_| ended)) else { return };
    let message = "The issuer's result (RReq) never reached the 3DS Server. What the browser brought back proves \
                   nothing: the payment must not go on as approved. Read the session until it is final or expired";
    look.say(one.entry, ("P002", Error), "The result never came", message);
}

/// The shopper answered the bank, and the browser was never sent back.
fn no_cres(look: &mut Look<'_>, heard: &[Heard<'_>]) {
    let page = look.run.plan.channel == Channel::Browser && look.run.plan.completion == Completion::NonHosted;
    let opened = heard.iter().any(|one| one.message.kind == "CReq");
    if !page || !opened || !look.over() {
        return;
    }
    let posted = look.rows.iter().any(|row| row.field("cres").is_some() || row.field("erro").is_some());
    if posted || ours_refused(look) {
        return;
    }
    let timed_out = |one: &Heard| {
        let row = &look.rows[one.at];
        matches!(row.text("challengeCancel"), Some("03" | "04" | "05")) || row.text("transStatusReason") == Some("14")
    };
    let last = heard.iter().rfind(|one| one.message.kind == "CRes");
    let last = last.or_else(|| heard.iter().rfind(|one| one.message.kind == "RReq" && !timed_out(one)));
    let Some(one) = last else { return };
    let message = "The bank was answered, and the browser never brought the CRes to the notification address. A shop \
                   that waits for it waits for ever: read the session while the bank's page is open";
    look.say(one.entry, ("P002", Warning), "The CRes never came back", message);
}

/// What was posted to our own address, whatever it held, is a finding of its own.
fn ours_refused(look: &Look<'_>) -> bool {
    look.rows.iter().any(|row| match &row.entry.what {
        What::Delivery(delivery) => delivery.kind == crate::model::delivery::DeliveryKind::ChallengeNotification,
        _ => false,
    })
}

fn order(look: &mut Look<'_>, heard: &[Heard<'_>]) {
    let first = |kind: &str| heard.iter().position(|one| one.message.kind == kind);
    let (areq, ares, rreq, cres) = (first("AReq"), first("ARes"), first("RReq"), first("CRes"));
    if let Some(at) = ares.filter(|ares| areq.is_none_or(|areq| areq > *ares)) {
        let message = "An ARes without the AReq that it answers, or before it. Its receiver knows no such \
                       transaction (error 301)";
        look.say(heard[at].entry, ("P009", Error), "ARes before AReq", message);
    }
    let final_cres = cres.filter(|at| look.rows[heard[*at].at].text("challengeCompletionInd") != Some("N"));
    if let Some((cres, rreq)) = final_cres.zip(rreq).filter(|(cres, rreq)| cres < rreq) {
        let message = "The browser had the CRes before the server had the result: the issuer sends RReq first. Who \
                       reads the session at once still finds it open; read again until it is final";
        let (rreq, cres) = (heard[rreq], heard[cres]);
        look.say(rreq.entry, ("P003", Warning), "The result came after the CRes", message);
        look.against(cres.at, Part::Request, "/transStatus", "The CRes, which came first");
        look.say(cres.entry, ("P009", Warning), "CRes before the result", message);
        look.against(rreq.at, Part::Request, "/transStatus", "The result, which came later");
    }
    let asked = heard.iter().any(|one| {
        one.message.kind == "ARes"
            && look.rows[one.at].text("transStatus").is_none_or(|said| matches!(said, "C" | "D" | "S"))
    });
    let decided = ares.is_some() && !asked;
    if let Some(at) = rreq.filter(|_| decided) {
        let message = "The issuer had decided in the ARes and asked nothing; a result has no place after that (error \
                       313, before 2.3.1 301). The session stays as it was";
        look.say(heard[at].entry, ("P009", Error), "Result without a challenge", message);
        if let Some(ares) = ares {
            look.against(heard[ares].at, Part::Request, "/transStatus", "The ARes that had decided");
        }
    }
    first_creq(look, heard);
}

/// L30.
fn first_creq(look: &mut Look<'_>, heard: &[Heard<'_>]) {
    let in_vain =
        heard.iter().find(|one| one.message.kind == "RReq" && look.rows[one.at].text("challengeCancel") == Some("05"));
    if let Some(one) = in_vain {
        let message = "The issuer gave up: the first CReq did not come in time (reason 14, cancel code 05). The \
                       shopper's browser was not sent to the bank, or what it sent was lost on its way; open the page \
                       as soon as the session says so";
        let one = *one;
        look.say(one.entry, ("L30", Warning), "The bank waited in vain", message);
        return look.shown_by(one.at, Part::Request, "/challengeCancel");
    }
    let ares =
        heard.iter().rfind(|one| one.message.kind == "ARes" && look.rows[one.at].text("transStatus") == Some("C"));
    let creq = heard.iter().find(|one| one.message.kind == "CReq");
    let Some((ares, creq)) = ares.zip(creq) else { return };
    let waited = creq.message.at.since(ares.message.at);
    if waited > FIRST_CREQ {
        let message = format!(
            "The challenge was opened {} s after the bank asked for it. Banks wait 30 s for the first CReq, then end \
             the challenge (reason 14, cancel code 05); open the page as soon as the session says so",
            waited.as_secs()
        );
        look.say(creq.entry, ("L30", Warning), "Challenge opened late", message);
        look.against(ares.at, Part::Request, "/transStatus", "The bank began to wait");
    }
}

/// RReq against CRes, and ARes and RReq against the session.
fn agreement(look: &mut Look<'_>, heard: &[Heard<'_>]) {
    for one in heard.iter().filter(|one| one.message.kind == "CRes") {
        let Some((result, letter)) = result_letter(look, one.at) else { continue };
        let said = look.rows[one.at].text("transStatus").map(str::to_owned);
        if contradicts(look, one.entry, said.as_deref(), &letter) {
            look.shown_by(one.at, Part::Request, "/transStatus");
            look.against(result, Part::Request, "/transStatus", "The bank's own result");
        }
    }
    let erro = heard.iter().any(|one| one.message.kind == "Erro");
    let Some(session) = look.session().filter(|session| session.status.is_final()) else { return };
    let view = look.views.last().copied();
    for one in heard.iter().filter(|one| one.message.to == Lane::Sessions) {
        let row = &look.rows[one.at];
        let Some(letter) = row.text("transStatus") else { continue };
        let agrees = match (one.message.kind, letter) {
            // The issuer gave up for a technical reason: nobody was refused. Source: emv-3ds.md 3.6.
            ("RReq", "N") if matches!(row.text("challengeCancel"), Some("06" | "09" | "10")) => {
                session.status == Status::Unavailable || fits(letter, &session.status)
            }
            ("RReq", _) => fits(letter, &session.status),
            ("ARes", "C" | "D" | "S") => continue,
            ("ARes", _) if erro => continue,
            ("ARes", _) => fits(letter, &session.status),
            _ => continue,
        };
        if !agrees {
            let message = format!(
                "The message says transStatus {letter}, the session ended {}. Either this message was not taken over \
                 (late, twice, damaged, refused) or the session is wrong; what counts for the shop is the session",
                session.status
            );
            look.say(one.entry, ("P006", Error), "The session says something else", message);
            look.shown_by(one.at, Part::Request, "/transStatus");
            if let Some(view) = view {
                look.against(view, Part::Response, "/status", "The session that was read");
            }
        } else if let Some((value, own)) = row.text("authenticationValue").zip(session.text("/cryptogram"))
            && !masked(own)
            && !masked(value)
            && value != own
        {
            let message = "The session's cryptogram is not the one of this message. An authorisation with it is \
                           refused, or loses the liability shift";
            look.say(one.entry, ("P006", Error), "Another cryptogram in the session", message);
            look.shown_by(one.at, Part::Request, "/authenticationValue");
            if let Some(view) = view {
                look.against(view, Part::Response, "/cryptogram", "The session's cryptogram");
            }
        }
    }
}

/// P005, for a CRes wherever it was seen. True if it was said.
pub(super) fn contradicts(look: &mut Look<'_>, entry: usize, cres: Option<&str>, result: &str) -> bool {
    let yes = cres == Some("Y");
    let agrees = match result {
        "Y" => yes,
        "D" => !yes,
        "A" => true,
        _ => !yes,
    };
    if agrees || cres.is_none() {
        return false;
    }
    let message = format!(
        "The CRes says {}, the result that the server got says {result}. The server's result wins: a CRes goes \
         through the shopper's browser and can be changed there. Decide by the session alone",
        cres.unwrap_or_default()
    );
    look.say(entry, ("P005", Error), "CRes and result contradict", message);
    true
}

/// The issuer's result as the 3DS Server got it, and its place: the one that a CRes at this place
/// goes with, or the last one. After a D another result follows its CRes.
pub(super) fn result_letter(look: &Look<'_>, cres: usize) -> Option<(usize, String)> {
    let results = || {
        let rows = look.rows.iter().enumerate();
        let results = rows.filter(|(_, row)| row.hidden().is_some_and(|(kind, _)| kind == "RReq"));
        results.filter_map(|(at, row)| Some((at, row.text("transStatus")?.to_owned())))
    };
    let before = results().rfind(|(at, _)| *at < cres).filter(|(_, letter)| letter == "D");
    before.or_else(|| results().next_back())
}

/// Source: emv-3ds.md 3.8.
fn fits(letter: &str, status: &Status) -> bool {
    match letter {
        "Y" | "I" => *status == Status::Approved,
        "A" => *status == Status::Attempted,
        "N" => matches!(status, Status::Declined | Status::ChallengeAbandoned | Status::Expired),
        "U" => matches!(status, Status::Unavailable | Status::ChallengeAbandoned | Status::Expired),
        "R" => *status == Status::Rejected,
        _ => true,
    }
}

/// L43, L44: the app's exchange.
fn counters(look: &mut Look<'_>, heard: &[Heard<'_>]) {
    let mut last: BTreeMap<&str, u32> = BTreeMap::new();
    for one in heard {
        for member in ["sdkCounterStoA", "acsCounterAtoS"] {
            let Some(said) = look.rows[one.at].text(member).map(str::to_owned) else { continue };
            let number = Some(&said).filter(|said| said.len() == 3).and_then(|said| said.parse::<u32>().ok());
            let due = last.get(member).map_or(0, |before| before + 1);
            last.insert(member, number.unwrap_or(due));
            if number != Some(due) {
                let message = format!(
                    "{member} is {}, due is {due:03}. Counters have three digits and grow by one with each message; \
                     the other side ends the challenge with error 302",
                    shown(&said)
                );
                look.say(one.entry, ("L43", Error), "Counter out of step", message);
                look.shown_by(one.at, Part::Request, &format!("/{member}"));
            }
        }
        let Some(html) = look.rows[one.at].text("acsHTML") else { continue };
        let standard = html.contains(['+', '/', '=']);
        let outside = decoded(html).is_some_and(|page| page.contains("<script") || page.contains("src=\"http"));
        if standard || outside {
            let what = if standard { "is standard base64" } else { "brings scripts or things from elsewhere" };
            let message = format!(
                "acsHTML {what}. It is base64url without padding, and self-contained; an SDK should show it all the \
                 same, and some do not"
            );
            look.say(one.entry, ("L44", Warning), "acsHTML is not as agreed", message);
        }
    }
}

fn decoded(text: &str) -> Option<String> {
    lens::unpacked(text).map(|bytes| String::from_utf8_lossy(&bytes).to_ascii_lowercase())
}
