//! What counts down while a run waits: the bank's time with the shopper, and the session's
//! own life. Pure: the record in, what is left out. The timeline's cards and its diagram
//! read the same deadline here, so that they cannot disagree.

use std::time::Duration;

use super::Stamp;
use super::exchange::Step;
use super::run::{Kind, Phase, Run, Turn};

/// How long the bank waits for the first request, and then for each answer. Source:
/// emv-3ds.md 1.9.
pub const CHALLENGE: Duration = Duration::from_secs(600);
/// How long a session has from its creation to a final state. Source: sessions-api.md 4.1.
pub const SESSION: Duration = Duration::from_secs(900);

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
        run.session().filter(|session| !session.status.is_final())?;
        let created = run.entries.newest(Kind::Step(Step::Create))?;
        let end = "Then the session ends as expired";
        Some(Self::new(run, "Session finishes", created.at, SESSION, end))
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

fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

/// When the bank's time with the shopper began anew: each time its page was asked for, as
/// the sandbox shows it or a browser told us. Until then it waits for the first request.
fn asked(run: &Run, turn: &Turn) -> Option<Stamp> {
    let challenge = turn.request.step == Step::Challenge;
    let seen = run.entries.newest(Kind::ChallengeRequest).map(|entry| entry.at);
    seen.into_iter().chain(turn.asked).filter(|_| challenge).max_by_key(|stamp| stamp.mono)
}
