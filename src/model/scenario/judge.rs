//! What came out of a run against what a scenario expects.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Expect, Mismatch};
use crate::model::api::NextAction;
use crate::model::delivery::DeliveryKind;
use crate::model::exchange::{Exchange, Step};
use crate::model::explain::{self, Risk};
use crate::model::lint;
use crate::model::run::{Return, Run, What};

/// What a member says of something that is not there.
const ABSENT: &str = "absent";

impl Expect {
    /// What did not come out as expected; empty if all did.
    pub(super) fn judge(&self, run: &Run) -> Vec<Mismatch> {
        let mut found = Found(Vec::new());
        self.judge_session(run, &mut found);
        self.judge_course(run, &mut found);
        found.0
    }

    /// What the session's newest view says.
    fn judge_session(&self, run: &Run, found: &mut Found) {
        let raw = run.session().map(|session| &session.raw);
        let at = |pointer: &str| raw.and_then(|raw| raw.pointer(pointer)).map_or_else(|| ABSENT.to_owned(), plain);
        let cryptogram = raw.is_some_and(|raw| raw.get("cryptogram").is_some());
        let presence = |there: bool| if there { "present" } else { ABSENT };
        let meaning = run.session().map(|session| explain::of_session(session, run.progress.channel()).risk);
        found.compare("status", Some(&self.status), at("/status"));
        found.compare("approved", self.approved, at("/approved"));
        for (what, expected, pointer) in [
            ("status_reason", &self.status_reason, "/status_reason"),
            ("response_code", &self.response_code, "/response_code"),
            ("eci", &self.eci, "/eci"),
            ("reason", &self.reason, "/response_status_reason"),
            ("cancel_code", &self.cancel_code, "/acs/challenge_cancel_reason_code"),
            ("error_code", &self.error_code, "/3ds/error_details/error_code"),
            ("scheme", &self.scheme, "/scheme"),
            ("interactions", &self.interactions, "/3ds/interaction_counter"),
            ("exemption", &self.exemption, "/exemption/applied"),
            ("flow", &self.flow, "/flow_type"),
        ] {
            found.compare(what, expected.as_ref(), at(pointer));
        }
        let trust = ["status", "source"].map(|name| at(&format!("/exemption/trusted_beneficiary/{name}")));
        let trust = if trust[0] == ABSENT { ABSENT.to_owned() } else { trust.join("/") };
        found.compare("trust", self.trust.as_ref(), trust);
        found.compare("cryptogram", self.cryptogram.map(presence), presence(cryptogram).to_owned());
        found.compare("liability", self.liability.as_ref(), meaning.map_or(ABSENT, liability).to_owned());
    }

    /// What happened on the way.
    fn judge_course(&self, run: &Run, found: &mut Found) {
        let path: Vec<&str> = run.progress.path.iter().map(NextAction::word).collect();
        found.compare("next_actions", self.next_actions.as_ref().map(|words| words.join(", ")), path.join(", "));
        found.compare("callbacks", self.callbacks, run.progress.callbacks.to_string());
        let landed = run.progress.returned_to.map_or("nowhere", landing).to_owned();
        found.compare("returned_to", self.returned_to.map(landing), landed);
        found.compare("deliveries", self.deliveries, callbacks(run).to_string());
        found.compare("complete", self.complete.as_ref().map(|codes| words(codes)), words(&completions(run)));
        found.compare("payment", self.payment.as_ref(), first_payment(run));
        found.compare("method", self.method.as_ref(), method_sent(run));
        if let Some(expected) = &self.messages {
            let seen: Vec<String> = messages(run);
            if let Some(missing) = first_missing(expected, &seen) {
                found.add("messages", format!("{missing}, in the order {}", expected.join(", ")), seen.join(", "));
            }
        }
        if let Some(expected) = &self.lint {
            let rules: BTreeSet<&str> = lint::observed::observed(run).into_iter().map(|found| found.rule).collect();
            let there = expected.iter().map(String::as_str).filter(|rule| rules.contains(rule));
            let shown = |rules: &mut dyn Iterator<Item = &str>| rules.collect::<Vec<_>>().join(", ");
            let (meant, there) = (shown(&mut expected.iter().map(String::as_str)), there.collect::<Vec<_>>());
            if there.len() < expected.len() {
                found.compare("lint", Some(meant), shown(&mut rules.into_iter()));
            }
        }
        if let Some((least, most)) = self.seconds {
            let passed = run.progress.passed.unwrap_or_else(|| run.length()).as_secs();
            if !(least..=most).contains(&passed) {
                found.add("seconds", format!("{least} to {most}"), passed.to_string());
            }
        }
    }
}

/// What the payment was answered with that was sent before the session was there.
fn first_payment(run: &Run) -> String {
    let sent = exchanges(run).find(|exchange| matches!(exchange.step, Step::Authorise | Step::Create));
    let answer =
        sent.filter(|exchange| exchange.step == Step::Authorise).and_then(|exchange| exchange.response()?.json());
    answer.and_then(|answer| answer.get("response_code").map(plain)).unwrap_or_else(|| ABSENT.to_owned())
}

struct Found(Vec<Mismatch>);

impl Found {
    fn compare(&mut self, what: &str, expected: Option<impl ToString>, actual: String) {
        if let Some(expected) = expected.map(|expected| expected.to_string()).filter(|expected| *expected != actual) {
            self.add(what, expected, actual);
        }
    }

    fn add(&mut self, what: &str, expected: String, actual: String) {
        self.0.push(Mismatch { what: what.to_owned(), expected, actual });
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn liability(risk: Risk) -> &'static str {
    match risk {
        Risk::Issuer => "issuer",
        Risk::Merchant => "merchant",
        Risk::None => "none",
        Risk::Open => "open",
    }
}

fn landing(to: Return) -> &'static str {
    match to {
        Return::Success => "success_url",
        Return::Failure => "failure_url",
    }
}

fn words(codes: &[u16]) -> String {
    codes.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
}

fn callbacks(run: &Run) -> usize {
    let is_one = |what: &What| matches!(what, What::Delivery(delivery) if delivery.kind == DeliveryKind::Callback);
    run.entries.iter().filter(|entry| is_one(&entry.what)).count()
}

fn exchanges(run: &Run) -> impl DoubleEndedIterator<Item = &Exchange> {
    run.entries.iter().filter_map(|entry| match &entry.what {
        What::Exchange(exchange) => Some(&**exchange),
        _ => None,
    })
}

fn completions(run: &Run) -> Vec<u16> {
    exchanges(run).filter(|exchange| exchange.step == Step::Complete).filter_map(Exchange::status).collect()
}

/// What the newest request that carried it said.
fn method_sent(run: &Run) -> String {
    let said = |exchange: &Exchange| {
        let body: Value = serde_json::from_slice(&exchange.request.body).ok()?;
        let place = match exchange.step {
            Step::Create => "/channel_data/three_ds_method_completion",
            Step::Collect | Step::Fingerprint => "/three_ds_method_completion",
            _ => return None,
        };
        body.pointer(place).map(plain)
    };
    exchanges(run).rev().find_map(said).unwrap_or_else(|| ABSENT.to_owned())
}

/// Kind and gist of the hidden messages, as on the timeline.
fn messages(run: &Run) -> Vec<String> {
    let seen = run.entries.iter().filter_map(|entry| match &entry.what {
        What::Scheme(message) => Some(format!("{} {}", message.kind, message.gist)),
        _ => None,
    });
    seen.collect()
}

/// The first that was not seen after those before it. The kind must be the same, the rest
/// may stand anywhere in the gist.
fn first_missing<'a>(expected: &'a [String], seen: &[String]) -> Option<&'a str> {
    let mut seen = seen.iter();
    let matches = |pattern: &str, message: &str| {
        let (kind, gist) = pattern.split_once(' ').unwrap_or((pattern, ""));
        message.split_once(' ').is_some_and(|(other, rest)| other == kind && rest.contains(gist))
    };
    expected.iter().find(|pattern| !seen.any(|message| matches(pattern, message))).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_in_order_with_others_between() {
        let seen: Vec<String> = ["AReq 2.2.0", "ARes transStatus C", "RReq transStatus Y", "Erro errorCode 312 · D"]
            .map(str::to_owned)
            .to_vec();
        let missing = |expected: &[&str]| {
            let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
            first_missing(&expected, &seen).map(str::to_owned)
        };
        assert_eq!(missing(&["AReq", "RReq transStatus Y", "Erro errorCode 312"]), None);
        assert_eq!(missing(&["RReq", "ARes"]).as_deref(), Some("ARes"), "it came before");
        assert_eq!(missing(&["Erro errorCode 301"]).as_deref(), Some("Erro errorCode 301"));
        assert_eq!(missing(&["RReq", "RReq"]).as_deref(), Some("RReq"), "there was only one");
        assert_eq!(missing(&["AR"]).as_deref(), Some("AR"), "a kind is a whole word");
    }
}
