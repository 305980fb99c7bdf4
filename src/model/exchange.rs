//! A recorded request and its answer, as they went over the wire: what was sent, not
//! what was meant. Secrets and foreign card numbers are masked when the record is made
//! (same length, so offsets stay true); see `redact`.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::redact::Redactor;
use super::{Lane, Problem, Stamp, payload};

/// Counts exchanges of this program run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExchangeId(pub u64);

/// What moves a run on. Each is one act that can be sent, edited, repeated or skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// `POST /connect/token`.
    Token,
    /// `POST /sessions`.
    Create,
    /// The 3DS Method: a hidden iframe on the issuer's page.
    Method,
    /// `PUT …/issuer-fingerprint`.
    Fingerprint,
    /// `PUT …/collect-data`.
    Collect,
    /// The issuer's challenge page.
    Challenge,
    /// The issuer's page of 3-D Secure 1.
    Authenticate,
    /// The hosted page.
    Redirect,
    /// `GET /sessions/{id}`.
    Confirm,
    /// `POST …/complete`, which sends the callback.
    Complete,
    /// `POST /payments`.
    Authorise,
}

impl Step {
    /// The name people read, as an act.
    pub fn name(self) -> &'static str {
        match self {
            Self::Token => "Get a token",
            Self::Create => "Create session",
            Self::Method => "3DS Method",
            Self::Fingerprint => "Send fingerprint result",
            Self::Collect => "Send channel data",
            Self::Challenge => "Challenge",
            Self::Authenticate => "3-D Secure 1 page",
            Self::Redirect => "Hosted page",
            Self::Confirm => "Read session",
            Self::Complete => "Complete session",
            Self::Authorise => "Authorise",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Header lines in wire order and spelling.
pub type Headers = Vec<(String, String)>;

/// The first value of a header, its name compared without case.
pub fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// A request as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `POST`.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// All of them, also those that the HTTP library added.
    pub headers: Headers,
    /// Exactly the bytes sent, but for masks.
    pub body: Bytes,
}

/// An answer as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// 200.
    pub status: u16,
    /// `HTTP/1.1`.
    pub version: String,
    /// In the order received.
    pub headers: Headers,
    /// At most 8 MiB of it, but for masks.
    pub body: Bytes,
    /// Bytes of the body that were received and not kept.
    pub dropped_bytes: u64,
    /// Why the body ends too early, if it does.
    pub cut: Option<Problem>,
}

impl Response {
    /// The body as JSON, if it is JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        payload::tree(&self.body)
    }
}

/// Where the time went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timing {
    /// Until the connection stood; `None` if one was there already.
    pub connect: Option<Duration>,
    /// From the start (or the connection) to the answer's head.
    pub wait: Duration,
    /// From the head to the last byte.
    pub download: Duration,
    /// All of it.
    pub total: Duration,
}

/// One request with its answer, or with the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Which one.
    pub id: ExchangeId,
    /// What it was for.
    pub step: Step,
    /// Who sent it.
    pub from: Lane,
    /// Who answered.
    pub to: Lane,
    /// When sending began.
    pub started: Stamp,
    /// What was sent.
    pub request: Request,
    /// What came back. A 4xx or 5xx is an answer; only silence is a problem.
    pub outcome: Result<Response, Problem>,
    /// Where the time went.
    pub timing: Timing,
    /// Values masked when this record was made.
    pub masked: usize,
}

impl Exchange {
    /// The same record with what `redactor` finds masked too.
    pub fn masked_by(&self, redactor: &Redactor) -> Self {
        let mut masked = self.masked;
        let mut headers_of = |headers: &Headers| {
            let (headers, hits) = redactor.mask_headers(headers);
            masked += hits;
            headers
        };
        let request_headers = headers_of(&self.request.headers);
        let answer_headers = self.response().map(|answer| headers_of(&answer.headers)).unwrap_or_default();
        let mut text_of = |bytes: &[u8]| {
            let done = redactor.mask(bytes);
            masked += done.spans.len();
            done.bytes
        };
        let request = Request {
            method: self.request.method.clone(),
            url: String::from_utf8_lossy(&text_of(self.request.url.as_bytes())).into_owned(),
            headers: request_headers,
            body: text_of(&self.request.body).into(),
        };
        let outcome = match &self.outcome {
            Ok(answer) => {
                let body = text_of(&answer.body).into();
                Ok(Response { headers: answer_headers, body, ..answer.clone() })
            }
            Err(problem) => Err(problem.masked_by(redactor)),
        };
        Self { request, outcome, masked, ..*self }
    }

    /// The answer, if one came.
    pub fn response(&self) -> Option<&Response> {
        self.outcome.as_ref().ok()
    }

    /// The answer's status code, if one came.
    pub fn status(&self) -> Option<u16> {
        self.response().map(|response| response.status)
    }

    /// Path and query of the URL, as in the request line.
    pub fn path(&self) -> &str {
        let url = &self.request.url;
        let host = url.find("://").map_or(0, |at| at + 3);
        url[host..].find('/').map_or("/", |at| &url[host + at..])
    }
}
