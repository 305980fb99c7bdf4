//! What counts down while a run waits: the bank's time with the shopper, and the session's
//! own life. Pure: the record in, what is left out. The timeline's cards and its diagram
//! read the same deadline here, so that they cannot disagree.

use std::time::Duration;

use super::Stamp;
use super::exchange::Step;
use super::run::{Kind, Phase, Run, Turn, What};

/// How long the bank waits for the first request, and then for each answer. Source:
/// emv-3ds.md 1.9.
pub const CHALLENGE: Duration = Duration::from_secs(600);
/// How long a session has from its creation to a final state. Source: sessions-api.md 4.1.
pub const SESSION: Duration = Duration::from_secs(900);

/// Rows from the end that are looked at for the request. Our choice.
const NEAR: usize = 512;

/// Something that ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// What counts down: `Shopper answers`.
    pub name: &'static str,
    /// Since when.
    pub since: Stamp,
    /// Out of how much.
    pub limit: Duration,
    /// What happens at its end.
    pub end: &'static str,
    /// How much was let pass at once since then, on the sandbox's clock.
    pub jumped: Duration,
    /// How long that clock has stood still since then.
    pub stood: Duration,
}

impl Deadline {
    fn new(run: &Run, name: &'static str, since: Stamp, limit: Duration, end: &'static str) -> Self {
        Self { name, since, limit, end, jumped: run.jumped_since(since), stood: run.stood_since(since) }
    }

    /// The deadline of what a run waits with; `None` if nobody's time runs.
    pub fn of_turn(run: &Run, turn: &Turn) -> Option<Self> {
        let limit = turn.limit?;
        let asked = asked(run, turn);
        let name = match turn.request.step {
            Step::Challenge if asked.is_some() => "Shopper answers",
            Step::Challenge => "First request to the bank",
            _ => "Session finishes",
        };
        let end = match turn.request.step {
            Step::Challenge => "Then the session ends as expired, transaction_timed_out",
            _ => "Then the session ends as expired",
        };
        Some(Self::new(run, name, asked.unwrap_or(turn.since), limit, end))
    }

    /// The life of the session, while it is not decided.
    pub fn of_session(run: &Run) -> Option<Self> {
        let session = run.session().filter(|session| !session.status.is_final())?;
        if session.waits_decoupled() {
            return Self::of_decoupled(run);
        }
        let created = run.entries.newest(Kind::Step(Step::Create))?;
        let end = "Then the session ends as expired";
        Some(Self::new(run, "Session finishes", created.at, SESSION, end))
    }

    /// The time that the shop gave the bank to reach the shopper by a way of its own; known only
    /// where the request can be seen. Source: emv-3ds.md 1.6, 1.9.
    fn of_decoupled(run: &Run) -> Option<Self> {
        let (since, limit) = decoupled(run)?;
        let end = "Then the bank gives up: unavailable, reason 24";
        Some(Self::new(run, "Bank reaches the shopper", since, limit, end))
    }

    /// All that count down for a run that waits, the nearest concern first.
    pub fn all(run: &Run) -> Vec<Self> {
        let Phase::Waiting(turn) = &run.phase else { return Vec::new() };
        let own = Self::of_turn(run, turn);
        let life = Self::of_session(run).filter(|life| own.is_none_or(|own| own.name != life.name));
        own.into_iter().chain(life).collect()
    }

    /// What is left of it at this moment.
    pub fn left(&self, now: Stamp) -> Duration {
        let passed = now.since(self.since).saturating_sub(self.stood).saturating_add(self.jumped);
        self.limit.saturating_sub(passed)
    }

    /// `9:47 of 10:00 left`.
    pub fn words(&self, left: Duration) -> String {
        if left.is_zero() { "over".into() } else { format!("{} of {} left", clock(left), clock(self.limit)) }
    }

    /// What is left as a share, 1 to 0.
    pub fn share(&self, left: Duration) -> f32 {
        if self.limit.is_zero() { 0.0 } else { (left.as_secs_f32() / self.limit.as_secs_f32()).clamp(0.0, 1.0) }
    }
}

/// Since when the bank tries to reach the shopper by a way of its own, and how long it may.
/// Source: emv-3ds.md 1.6.
pub fn decoupled(run: &Run) -> Option<(Stamp, Duration)> {
    run.entries.iter().rev().take(NEAR).find_map(|entry| match &entry.what {
        What::Scheme(message) if message.kind == "AReq" => {
            Some((entry.at, Duration::from_mins(minutes(&message.body)?)))
        }
        _ => None,
    })
}

/// `threeDSRequestorDecMaxTime` of an AReq, in minutes; found without reading all of it.
fn minutes(body: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"\"threeDSRequestorDecMaxTime\":\"";
    let begin = memchr::memmem::find(body, NAME)? + NAME.len();
    std::str::from_utf8(body.get(begin..begin + 5)?).ok()?.parse().ok()
}

fn clock(time: Duration) -> String {
    if time.as_secs() >= 3600 {
        return format!("{}:{:02}:{:02}", time.as_secs() / 3600, time.as_secs() / 60 % 60, time.as_secs() % 60);
    }
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

/// When the bank's time with the shopper began anew: each time its page was asked for, as
/// the sandbox shows it or a browser told us. Until then it waits for the first request.
fn asked(run: &Run, turn: &Turn) -> Option<Stamp> {
    let challenge = turn.request.step == Step::Challenge;
    let seen = run.entries.newest(Kind::ChallengeRequest).map(|entry| entry.at);
    seen.into_iter().chain(turn.asked).filter(|_| challenge).max_by_key(|stamp| stamp.mono)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::model::draft::{Completion, Draft};
    use crate::model::exchange::Response;
    use crate::model::profile::ProfileId;
    use crate::model::run::{Auth, Plan, StepRequest};
    use crate::model::scheme::SchemeMessage;
    use crate::model::{Lane, RunId, SessionId};

    fn at(seconds: u64) -> Stamp {
        Stamp { wall: jiff::Timestamp::UNIX_EPOCH, mono: Duration::from_secs(seconds) }
    }

    #[test]
    fn a_decoupled_answer_has_the_time_that_the_request_gave() {
        let mut run = Run::new(RunId(1), Plan::of(&Draft::new(Completion::NonHosted), ProfileId("x".into())), at(0));
        let body = json!({"id": "sid_a", "status": "challenged", "response_code": "D", "next_actions": []}).to_string();
        let body = Bytes::from(body);
        let answer =
            Response { status: 200, version: "HTTP/1.1".into(), headers: vec![], body, dropped_bytes: 0, cut: None };
        run.progress.answered(Step::Collect, &answer);
        assert_eq!(Deadline::of_session(&run), None, "nobody says how long");
        let areq =
            json!({"messageType": "AReq", "threeDSRequestorDecReqInd": "Y", "threeDSRequestorDecMaxTime": "00090"});
        run.scheme_message_seen(SchemeMessage {
            session: SessionId("sid_a".into()),
            kind: "AReq",
            from: Lane::Sessions,
            to: Lane::Directory,
            at: at(10),
            took: Duration::ZERO,
            gist: String::new(),
            body: Bytes::from(areq.to_string()),
        });
        let deadline = Deadline::of_session(&run).expect("the request says it");
        assert_eq!((deadline.name, deadline.limit), ("Bank reaches the shopper", Duration::from_mins(90)));
        assert_eq!(deadline.words(deadline.left(at(70))), "1:29:00 of 1:30:00 left");
        let (method, url, body) = ("GET".into(), String::new(), String::new());
        let request = StepRequest { step: Step::Confirm, method, url, auth: Auth::Nothing, headers: vec![], body };
        let turn = Turn {
            request,
            answers: vec![],
            page: None,
            since: at(20),
            limit: None,
            asked: None,
            notice: None,
            problem: None,
        };
        run.turn_came(turn);
        assert_eq!(Deadline::all(&run).iter().map(|one| one.name).collect::<Vec<_>>(), ["Bank reaches the shopper"]);
    }

    #[test]
    fn a_time_that_is_none_gives_no_deadline() {
        for (body, expected) in [
            (r#"{"threeDSRequestorDecMaxTime":"00001"}"#, Some(1)),
            (r#"{"threeDSRequestorDecMaxTime":"0001"}"#, None),
            (r#"{"threeDSRequestorDecMaxTime":""#, None),
            (r#"{"threeDSRequestorDecMaxTime":"1\u00e9\u00e9"}"#, None),
            ("", None),
        ] {
            assert_eq!(minutes(body.as_bytes()), expected, "{body}");
        }
    }
}
