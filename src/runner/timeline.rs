//! A run's timeline as lines of text that are the same from run to run, but for times:
//! loopback addresses appear as names, secret path segments as an ellipsis.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::model::delivery::Delivery;
use crate::model::exchange::Exchange;
use crate::model::lint::observed::observed;
use crate::model::run::{Entry, Run, What};
use crate::model::{Lane, Problem, Server, ServerStatus, Workspace};

/// What our servers' addresses are called.
pub(super) struct Names(Vec<(String, &'static str)>);

impl Names {
    pub fn of(workspace: &Workspace) -> Self {
        let named = [(Server::Sandbox, "sandbox"), (Server::Listener, "listener"), (Server::MerchantPage, "merchant")];
        let address = |server| match workspace.servers.get(&server) {
            Some(ServerStatus::Up { address, .. }) => Some(address.clone()),
            _ => None,
        };
        let mut names: Vec<(String, &str)> =
            named.into_iter().filter_map(|(server, name)| Some((address(server)?, name))).collect();
        // The longer first: 127.0.0.1:80 begins 127.0.0.1:8080.
        names.sort_by_key(|(address, _)| std::cmp::Reverse(address.len()));
        Self(names)
    }

    /// The text with names in place of addresses.
    pub fn put_in(&self, text: &str) -> String {
        let mut done = text.to_owned();
        for (address, name) in &self.0 {
            let port = address.rsplit(':').next().unwrap_or_default();
            for spelling in [address.clone(), format!("localhost:{port}"), format!("[::1]:{port}")] {
                done = done.replace(&spelling, name);
            }
        }
        hide_after("listener/c/", &hide_after("merchant/m/", &done))
    }

    pub fn in_problem(&self, problem: &Problem) -> Problem {
        Problem {
            summary: self.put_in(&problem.summary),
            causes: problem.causes.iter().map(|cause| self.put_in(cause)).collect(),
            hint: problem.hint.as_deref().map(|hint| self.put_in(hint)),
        }
    }
}

/// The path segment after each `marker` gives way to an ellipsis.
fn hide_after(marker: &str, text: &str) -> String {
    let mut pieces = text.split(marker);
    let mut done = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(piece.len());
        done.push_str(marker);
        done.push('…');
        done.push_str(&piece[end..]);
    }
    done
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Milliseconds since the run began.
    pub at_ms: u64,
    /// Milliseconds it took.
    pub took_ms: u64,
    /// Who acted.
    pub from: Lane,
    /// On whom.
    pub to: Lane,
    /// What it was.
    pub what: String,
    /// The session's status, if this changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What it shows that should not be so, or should be known: rule and title. Without what
    /// only tells how fast this machine is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
}

/// Rules whose findings depend on the machine's speed alone.
const SPEED: [&str; 2] = ["P034", "L48"];

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lanes = format!("{} → {}", self.from.name(), self.to.name());
        write!(f, "{:>6} ms  {:>5} ms  {lanes:<38}  {}", self.at_ms, self.took_ms, self.what)?;
        self.status.iter().try_for_each(|status| write!(f, "  [{status}]"))
    }
}

/// All rows of a run.
pub(super) fn rows(run: &Run, names: &Names) -> Vec<Row> {
    let mut findings: HashMap<usize, Vec<String>> = HashMap::new();
    for found in observed(run).into_iter().filter(|found| !SPEED.contains(&found.rule)) {
        findings.entry(found.entry).or_default().push(format!("{} {}", found.rule, names.put_in(&found.title)));
    }
    let row = |entry: &Entry| Row {
        at_ms: millis(entry.at.since(run.started)),
        took_ms: millis(entry.took.unwrap_or_default()),
        from: entry.from,
        to: entry.to,
        what: names.put_in(&text(&entry.what)),
        status: entry.status.as_ref().map(|status| status.word().to_owned()),
        findings: findings.remove(&entry.number).unwrap_or_default(),
    };
    run.entries.iter().map(row).collect()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn text(what: &What) -> String {
    match what {
        What::Exchange(exchange) => exchanged(exchange),
        What::Scheme(message) => format!("{}: {}", message.kind, message.gist),
        What::Phone(message) => format!("Message to the phone from {}", message.sender),
        What::Delivery(delivery) => delivered(delivery),
        What::Wait(step) => format!("{step}: waits for a person"),
        What::Skipped(step) => format!("{step}: left out"),
        What::Paused(step) => format!("{step}: waits before it is sent again, as the API asked"),
        What::Noted(step, words) => format!("{step}: {words}"),
        What::Failed(step, problem) => format!("{step} did not come to its end: {}", problem.line()),
        What::Cancelled => "Stopped".into(),
    }
}

fn exchanged(exchange: &Exchange) -> String {
    let outcome = match &exchange.outcome {
        Ok(response) => response.status.to_string(),
        Err(problem) => format!("no answer: {}", problem.line()),
    };
    format!("{}: {} {} → {outcome}", exchange.step, exchange.request.method, exchange.request.url)
}

fn delivered(delivery: &Delivery) -> String {
    let (kind, method, answered) = (delivery.kind.name(), &delivery.method, delivery.answered);
    format!("{kind}: {method} http://listener{} → {answered}", delivery.target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_names_and_tokens_vanish() {
        let names = Names(vec![("127.0.0.1:40001".into(), "listener"), ("127.0.0.1:4000".into(), "sandbox")]);
        for (text, expected) in [
            ("POST http://127.0.0.1:40001/c/Ab-9_x/cb?x=1", "POST http://listener/c/…/cb?x=1"),
            ("GET http://127.0.0.1:4000/sessions/sid_a", "GET http://sandbox/sessions/sid_a"),
            ("http://localhost:4000/ http://localhost:40001/c/tok", "http://sandbox/ http://listener/c/…"),
            ("https://api.example.test/c/kept", "https://api.example.test/c/kept"),
        ] {
            assert_eq!(names.put_in(text), expected);
        }
    }
}
