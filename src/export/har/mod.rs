//! Traffic that a browser or a proxy recorded (HAR 1.2) as runs: the exchanges of each
//! authentication, told by method, path and what the forms carry, in the lanes of the
//! timeline, with the file's times. Promises: nothing is sent or opened; secrets and card
//! numbers are masked before anything else looks at them (trust.md R33); any text is read
//! without a panic, within the caps of trust.md R61. Does not know: where the bytes are from.

mod file;
mod role;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use url::form_urlencoded;

pub use file::{LONGEST_TEXT, MOST_ENTRIES};
pub use role::is_create;

use self::file::{Entry, File, Pair, PostData, Text};
use self::role::{Known, Role};
use crate::model::api::Session;
use crate::model::delivery::{Delivery, DeliveryKind, Seq, Verdict};
use crate::model::draft::{Completion, Draft};
use crate::model::exchange::{Exchange, ExchangeId, Headers, Request, Response, Step, Timing};
use crate::model::profile::ProfileId;
use crate::model::redact::{Origin, Redactor};
use crate::model::run::{Phase, Plan, Run};
use crate::model::{Lane, Problem, RunId, Stamp};

/// What a file holds.
#[derive(Debug)]
pub struct Recording {
    /// One for each authentication, in the order they began.
    pub runs: Vec<Run>,
    /// Entries that have nothing to do with one.
    pub others: usize,
    /// Values masked while reading.
    pub masked: usize,
    /// Bodies that were too long to keep.
    pub dropped: usize,
    /// Who wrote it, if it says so.
    pub creator: String,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum HarError {
    /// It is not what it should be.
    #[error("This is no HAR file")]
    Malformed {
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// A time that is none.
    #[error("Entry {number} of the HAR file has no time: {text:?}")]
    Time {
        /// Its place, from 1.
        number: usize,
        /// What stands there.
        text: String,
        /// Why it is none.
        #[source]
        source: jiff::Error,
    },
}

impl HarError {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "Export it again with a browser's network panel or a proxy, as HAR 1.2",
            Self::Time { .. } => "startedDateTime is a time in ISO 8601: 2026-11-28T15:33:37.123Z",
        }
    }
}

/// Reads a file.
///
/// # Errors
/// If it is no JSON of this form, has too many entries, or an entry has no time.
pub fn read(bytes: &[u8]) -> Result<Recording, HarError> {
    let file: File = serde_json::from_slice(bytes).map_err(|source| HarError::Malformed { source })?;
    let creator = file.log.creator.and_then(|creator| creator.name).unwrap_or_default();
    let mut timed = Vec::new();
    for (place, entry) in file.log.entries.0.into_iter().enumerate() {
        let text = entry.started_date_time.as_str();
        let at: Timestamp = text.parse().map_err(|source| {
            let text = text.chars().take(40).collect();
            HarError::Time { number: place + 1, text, source }
        })?;
        timed.push((at, entry));
    }
    timed.sort_by_key(|(at, _)| *at); // stable: equal times keep the file's order
    let mut reader = Reader::new(timed.first().map_or(Timestamp::UNIX_EPOCH, |(at, _)| *at));
    for (at, entry) in timed {
        reader.take(at, entry);
    }
    Ok(reader.done(creator.as_str().to_owned()))
}

/// Builds the runs, entry by entry.
struct Reader {
    start: Timestamp,
    redactor: Redactor,
    runs: Vec<(Run, Known)>,
    /// Token requests that came before their session.
    tokens: Vec<Arc<Exchange>>,
    count: u64,
    others: usize,
    masked: usize,
    dropped: usize,
    end: Duration,
}

impl Reader {
    fn new(start: Timestamp) -> Self {
        let redactor = Redactor::new([], Origin::Real);
        Self {
            start,
            redactor,
            runs: Vec::new(),
            tokens: Vec::new(),
            count: 0,
            others: 0,
            masked: 0,
            dropped: 0,
            end: Duration::ZERO,
        }
    }

    fn stamp(&self, wall: Timestamp) -> Stamp {
        Stamp { wall, mono: Duration::try_from(wall.duration_since(self.start)).unwrap_or_default() }
    }

    fn take(&mut self, at: Timestamp, entry: Entry) {
        let at = self.stamp(at);
        let open = self.exchange(at, entry);
        let known = self.runs.iter().rev().map(|(_, known)| known);
        let Some(role) = Role::of(&open, known) else {
            self.others += 1;
            return;
        };
        let exchange = Exchange { step: role.step(), ..open };
        let (from, to) = role.lanes();
        let exchange = Exchange { from, to, ..exchange };
        // Whose it is is told before masks hide what tells it.
        let place = self.place(&role, &exchange);
        let masked = exchange.masked_by(&self.redactor);
        self.masked += masked.masked;
        self.end = self.end.max(at.mono + masked.timing.total);
        match (place, role) {
            (None, _) => self.tokens.push(Arc::new(masked)),
            (Some(place), Role::Notice(kind)) => {
                let run = &mut self.runs[place].0;
                let delivery = delivery(run.id, kind, &masked, &exchange, Seq(self.count));
                if from == Lane::Browser {
                    run.exchanged(Arc::new(masked)); // its twin below takes the time over
                }
                run.delivered(Arc::new(delivery));
            }
            (Some(place), _) => {
                let (run, known) = &mut self.runs[place];
                known.learn(&exchange);
                run.exchanged(Arc::new(masked));
            }
        }
    }

    /// The run that an exchange belongs to: the one it names, else the one whose pages are at
    /// the same place, else the newest; made if it is not there; `None` for a token that
    /// no session has followed yet.
    fn place(&mut self, role: &Role, exchange: &Exchange) -> Option<usize> {
        if *role == Role::Call(Step::Token) {
            return None;
        }
        let own = self.runs.iter().rposition(|(_, known)| known.owns(exchange));
        let newest = self.runs.len().checked_sub(1);
        let place = match role {
            Role::Call(Step::Create) => None,
            Role::Call(Step::Authorise) => own.or(newest),
            Role::Call(_) => own,
            Role::Page(..) | Role::Notice(_) => {
                let runs = || self.runs.iter().enumerate();
                let seen = || runs().filter_map(|(at, (_, known))| Some((known.seen_at(exchange)?, at))).max();
                let linked = || self.runs.iter().rposition(|(_, known)| known.links_to(exchange));
                own.or_else(|| seen().map(|(_, at)| at)).or_else(linked).or(newest)
            }
        };
        if place.is_some() {
            return place;
        }
        let id = RunId(self.runs.len() as u64 + 1);
        let mut draft = Draft::new(Completion::NonHosted);
        if let (Role::Call(Step::Create), Ok(body)) = (role, String::from_utf8(exchange.request.body.to_vec())) {
            draft.open(body);
        }
        let started = self.tokens.first().map_or(exchange.started, |token| token.started);
        let mut run = Run::new(id, Plan::of(&draft, ProfileId("har".into())), started);
        // The session's document is masked like everything else.
        run.plan.body = self.redactor.mask_text(&run.plan.body);
        std::mem::take(&mut self.tokens).into_iter().for_each(|token| run.exchanged(token));
        self.runs.push((run, Known::default()));
        Some(self.runs.len() - 1)
    }

    /// An entry as it stands, not masked yet; step and lanes come later.
    fn exchange(&mut self, started: Stamp, entry: Entry) -> Exchange {
        self.count += 1;
        let request = Request {
            method: entry.request.method.as_str().to_owned(),
            url: entry.request.url.as_str().to_owned(),
            headers: headers(entry.request.headers),
            body: entry.request.post_data.map(|data| self.sent(&data)).unwrap_or_default(),
        };
        let outcome = match entry.response.filter(|answer| answer.status > 0) {
            Some(answer) => Ok(self.answer(answer)),
            None => {
                let reason = entry.error.as_ref().map_or("", Text::as_str);
                let summary = if reason.is_empty() { "No answer was recorded".to_owned() } else { reason.to_owned() };
                Err(Problem::of(summary, "The file says no more about it"))
            }
        };
        let (from, to) = Role::Call(Step::Create).lanes();
        Exchange {
            id: ExchangeId(self.count),
            step: Step::Create,
            from,
            to,
            started,
            request,
            outcome,
            timing: timing(entry.time, entry.timings.as_ref()),
            masked: 0,
        }
    }

    fn sent(&mut self, data: &PostData) -> Bytes {
        let fields = || {
            let mut form = form_urlencoded::Serializer::new(String::new());
            data.params.iter().for_each(|field| {
                form.append_pair(field.name.as_str(), field.value.as_str());
            });
            Bytes::from(form.finish())
        };
        match &data.text {
            Some(Text::Long(_)) => {
                self.dropped += 1;
                Bytes::new()
            }
            Some(Text::Kept(text)) if !text.is_empty() => plain(text, data.encoding.as_ref()),
            Some(Text::Kept(_)) | None => fields(),
        }
    }

    fn answer(&mut self, answer: file::Response) -> Response {
        let (body, dropped_bytes) = match &answer.content {
            Some(content) => match &content.text {
                Some(Text::Kept(text)) => (plain(text, content.encoding.as_ref()), 0),
                Some(Text::Long(length)) => {
                    self.dropped += 1;
                    (Bytes::new(), *length as u64)
                }
                // Chrome leaves the text out where it no longer had it.
                None => (Bytes::new(), whole(content.size)),
            },
            None => (Bytes::new(), 0),
        };
        let mut headers = headers(answer.headers);
        let mime = answer.content.and_then(|content| content.mime_type).unwrap_or_default();
        if !mime.as_str().is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            headers.push(("Content-Type".into(), mime.as_str().into()));
        }
        Response {
            status: u16::try_from(answer.status).unwrap_or(u16::MAX),
            version: answer.http_version.unwrap_or_default().as_str().to_owned(),
            headers,
            body,
            dropped_bytes,
            cut: None,
        }
    }

    fn done(mut self, creator: String) -> Recording {
        let last = self.runs.len().checked_sub(1);
        if let Some(last) = last {
            // Tokens that no session followed belong to what was there already.
            let tokens = std::mem::take(&mut self.tokens);
            tokens.into_iter().for_each(|token| self.runs[last].0.exchanged(token));
        }
        self.others += self.tokens.len();
        let wall = self.start.checked_add(jiff::SignedDuration::try_from(self.end).unwrap_or_default());
        let end = Stamp { wall: wall.unwrap_or(self.start), mono: self.end };
        let ended = |(mut run, _): (Run, Known)| {
            run.ended(Phase::Ended, end);
            run
        };
        let runs = self.runs.into_iter().map(ended).collect();
        Recording { runs, others: self.others, masked: self.masked, dropped: self.dropped, creator }
    }
}

/// Header lines; HTTP/2's own fields are none.
fn headers(pairs: Vec<Pair>) -> Headers {
    let named = pairs.into_iter().filter(|pair| !pair.name.as_str().starts_with(':'));
    named.map(|pair| (pair.name.as_str().to_owned(), pair.value.as_str().to_owned())).collect()
}

/// The bytes of a text; one that is not the base64 it says it is stays as it came.
fn plain(text: &str, encoding: Option<&Text>) -> Bytes {
    let base64 = encoding.is_some_and(|encoding| encoding.as_str() == "base64");
    let decoded = base64.then(|| BASE64_STANDARD.decode(text).ok()).flatten();
    decoded.map_or_else(|| Bytes::copy_from_slice(text.as_bytes()), Bytes::from)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked above; a size in bytes
fn whole(size: Option<f64>) -> u64 {
    size.filter(|size| (0.0..1e15).contains(size)).map_or(0, |size| size as u64)
}

fn timing(total: Option<f64>, timings: Option<&file::Timings>) -> Timing {
    let known = |value: Option<f64>| {
        let millis = value.filter(|value| (0.0..1e12).contains(value))?;
        Duration::try_from_secs_f64(millis / 1e3).ok().map(|time| Duration::from_micros(time.as_micros() as u64))
    };
    let part = |pick: fn(&file::Timings) -> Option<f64>| timings.and_then(|timings| known(pick(timings)));
    let sum = |parts: &[Option<Duration>]| parts.iter().flatten().sum::<Duration>();
    // HAR 1.2: connect has ssl in it; blocked and dns come before.
    let connect = part(|timings| timings.connect);
    let before = sum(&[part(|timings| timings.blocked), part(|timings| timings.dns)]);
    let wait = sum(&[part(|timings| timings.send), part(|timings| timings.wait)]);
    let download = part(|timings| timings.receive).unwrap_or_default();
    let added = before + connect.unwrap_or_default() + wait + download;
    let total = known(total).unwrap_or(added);
    Timing { connect: connect.map(|connect| connect + before), wait, download, total }
}

/// What a browser or the API brought to the shop: the masked bytes; whose it is was read
/// before.
fn delivery(run: RunId, kind: DeliveryKind, masked: &Exchange, open: &Exchange, seq: Seq) -> Delivery {
    let session = Session::read(&open.request.body).map(|session| session.id);
    let lines = masked.request.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let head = format!("{} {} HTTP/1.1\r\n{}\r\n", masked.request.method, masked.path(), lines.collect::<String>());
    Delivery {
        seq,
        at: masked.started,
        kind,
        run: Some(run),
        verdict: if session.is_some() { Verdict::Matched } else { Verdict::Addressed },
        session,
        // The file does not say who sent it.
        peer: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        method: masked.request.method.clone(),
        target: masked.path().to_owned(),
        headers: masked.request.headers.clone(),
        head: Bytes::from(head),
        body: masked.request.body.clone(),
        answered: masked.status().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
