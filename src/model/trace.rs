//! Where a fact stands in the record of a run, and what can be asked about one. What links,
//! «Why?» and comparisons point with: which row first carried a value, and which object an
//! identifier names. Plain data; who shows it decides how.

use bytes::Bytes;
use url::form_urlencoded;

use super::delivery::DeliveryKind;
use super::exchange::Step;
use super::fields;
use super::payload::{Kind, Payload};
use super::run::{Entry, Run, What};
use super::{RunId, Workspace};

/// Which bytes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// What was sent; for what was received or seen, the body.
    Request,
    /// What came back.
    Response,
}

/// A place in the record of a run: a row, and perhaps a member of its body.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spot {
    /// The row: `Entry::number`.
    pub entry: usize,
    /// Whose bytes.
    pub part: Part,
    /// `$.acs.url`; `None` is all of it.
    pub path: Option<String>,
}

/// What a person asks the reason of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Question {
    /// The status that the session has after this row; `None`: that it has now.
    Status(Option<usize>),
    /// The electronic commerce indicator.
    Eci,
    /// Who carries the risk.
    Liability,
    /// A finding: its row and its rule.
    Finding(usize, &'static str),
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A body, or a part of it.
    Payload(RunId, Spot),
    /// A whole session: its calls and its result.
    Session(RunId),
}

/// Shortest value that is told from others by itself, in characters; a shorter one is looked
/// for under its own name and the names that other documents have for it. Our choice.
const TELLING: usize = 8;
/// Largest body that is looked into, in bytes. Our choice.
const LARGEST: usize = 256 << 10;

/// Names for the same thing. Source: sessions-api.md 4.3, 6; emv-3ds.md 3.8.
const SAME: &[&[&str]] = &[
    &["cryptogram", "authenticationValue", "cavv"],
    &["response_code", "transStatus"],
    &["response_status_reason", "response_reason", "transStatusReason"],
    &["protocol_version", "messageVersion"],
    &["authentication_type", "authenticationType"],
    &["challenge_cancel_reason_code", "challengeCancel"],
    &["interaction_counter", "interactionCounter"],
    &["three_ds_method_completion", "threeDSCompInd"],
    &["error_code", "errorCode"],
    &["error_component", "errorComponent"],
];

fn same(one: &str, other: &str) -> bool {
    one == other || SAME.iter().any(|names| names.contains(&one) && names.contains(&other))
}

/// The two sides of a row that have bytes.
fn sides(entry: &Entry) -> impl Iterator<Item = (Part, &Bytes)> {
    let (sent, came) = match &entry.what {
        What::Exchange(exchange) => (Some(&exchange.request.body), exchange.response().map(|answer| &answer.body)),
        What::Delivery(delivery) => (Some(&delivery.body), None),
        What::Scheme(message) => (Some(&message.body), None),
        _ => (None, None),
    };
    let bytes = [(Part::Request, sent), (Part::Response, came)];
    bytes.into_iter().filter_map(|(part, bytes)| bytes.map(|bytes| (part, bytes)))
}

/// Where a value stands in a body; `name` must fit if the value is short.
fn place(bytes: &Bytes, name: &str, value: &str) -> Option<String> {
    if bytes.len() > LARGEST || memchr::memmem::find(bytes, value.as_bytes()).is_none() {
        return None;
    }
    let fits = |own: &str| value.len() >= TELLING || same(own, name);
    if bytes.first() == Some(&b'{') {
        let payload = Payload::read(bytes, Some("application/json"));
        let found = payload.rows().iter().position(|row| {
            matches!(row.kind, Kind::Text | Kind::Number)
                && payload.value(row) == value
                && payload.key(row).is_some_and(|own| fits(&own))
        });
        return found.map(|at| payload.path(at));
    }
    let mut pairs = form_urlencoded::parse(bytes);
    pairs.find(|(own, found)| found == value && fits(own)).map(|(own, _)| own.into_owned())
}

/// The place in a run that first carried a value, other than the row `row` itself and not later
/// than it; `None` if that row was the first. Looks at each row once, so compute it when a
/// member is chosen.
pub fn origin(run: &Run, name: &str, value: &str, row: usize) -> Option<Spot> {
    if value.is_empty() {
        return None;
    }
    // What came back was there when it had come, not when it was asked for.
    let when = |entry: &Entry, part| match part {
        Part::Request => entry.at.mono,
        Part::Response => entry.at.mono + entry.took.unwrap_or_default(),
    };
    let own = run.entries.numbered(row);
    let mut best = own.map(|own| (when(own, Part::Response), None));
    for entry in run.entries.iter().filter(|entry| entry.number != row) {
        if best.as_ref().is_some_and(|(at, _)| entry.at.mono > *at) {
            break; // rows stand in the order in which they began
        }
        for (part, bytes) in sides(entry) {
            let at = when(entry, part);
            if best.as_ref().is_some_and(|(best, _)| at > *best) {
                continue;
            }
            if let Some(path) = place(bytes, name, value) {
                best = Some((at, Some(Spot { entry: entry.number, part, path: Some(path) })));
            }
        }
    }
    best.and_then(|(_, spot)| spot)
}

/// True if a value looks like the name of an object that a record may have. Cheap.
pub fn is_name(value: &str) -> bool {
    const PREFIXES: [&str; 8] = ["sid_", "pay_", "src_", "evt_", "act_", "tok_", "pc_", "dev_"];
    (12..=64).contains(&value.len())
        && (PREFIXES.iter().any(|prefix| value.starts_with(prefix)) || fields::is_uuid(value))
}

/// The object that an identifier names, in any run: a session's creation, a payment's answer,
/// the call with this request id, else the first row that carried it. `None` if no record has
/// it, and for what is no identifier.
pub fn find(workspace: &Workspace, value: &str) -> Option<(RunId, Spot)> {
    if !is_name(value) {
        return None;
    }
    let runs = || workspace.runs.iter().map(|(id, run)| (*id, run));
    let own = |(id, run): (RunId, &Run)| Some((id, own(run, value)?));
    let first = |(id, run): (RunId, &Run)| Some((id, origin(run, "", value, usize::MAX)?));
    runs().find_map(own).or_else(|| runs().find_map(first))
}

/// The row of a run whose own object is named so.
fn own(run: &Run, value: &str) -> Option<Spot> {
    let spot =
        |entry: &Entry, part, path: Option<&str>| Spot { entry: entry.number, part, path: path.map(str::to_owned) };
    run.entries.iter().find_map(|entry| match &entry.what {
        What::Exchange(exchange) => {
            let answer = exchange.response()?;
            if answer.headers.iter().any(|(name, own)| name.eq_ignore_ascii_case("cko-request-id") && own == value) {
                return Some(spot(entry, Part::Response, None));
            }
            let makes = matches!(exchange.step, Step::Create | Step::Authorise);
            let path = makes.then(|| place(&answer.body, "id", value)).flatten().filter(|path| path == "$.id");
            path.map(|path| spot(entry, Part::Response, Some(&path)))
        }
        What::Delivery(delivery) if delivery.kind == DeliveryKind::Callback => {
            let path = place(&delivery.body, "id", value).filter(|path| path == "$.id");
            path.map(|path| spot(entry, Part::Request, Some(&path)))
        }
        _ => None,
    })
}

/// A place in words: `RReq at 8.938 s`.
pub fn told(run: &Run, spot: &Spot) -> String {
    let Some(entry) = run.entries.numbered(spot.entry) else { return "a row that is gone".into() };
    let what = match &entry.what {
        What::Exchange(exchange) => match spot.part {
            Part::Request => format!("the request of {}", exchange.step.name()),
            Part::Response => format!("the answer to {}", exchange.step.name()),
        },
        What::Delivery(delivery) => delivery.kind.name().to_lowercase(),
        What::Scheme(message) => message.kind.to_owned(),
        _ => "a row".into(),
    };
    format!("{what} at {:.3} s", entry.at.since(run.started).as_secs_f64())
}
