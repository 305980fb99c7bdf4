//! What is expected next: the step that would come now and what must follow it, as far as
//! that is certain. Where the bank's answer decides, the list ends. Source: sessions-api.md
//! 4.1, 5; emv-3ds.md 2.

use serde_json::Value;

use crate::model::Lane;
use crate::model::api::{NextAction, Session};
use crate::model::delivery::DeliveryKind;
use crate::model::draft::{Channel, Completion};
use crate::model::exchange::Step;
use crate::model::payload;
use crate::model::run::{Phase, Run, What};
use crate::model::scheme::SchemeMessage;

/// As many are shown at most. Our choice.
const MOST: usize = 5;

/// As many rows from either end are looked at: what is expected follows from what is near.
const NEAR: usize = 512;

/// A message that has not come yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ghost {
    /// Who will act.
    pub from: Lane,
    /// On whom.
    pub to: Lane,
    /// Wire words.
    pub wire: &'static str,
    /// What it brings.
    pub gist: &'static str,
    /// Only the sandbox can show it.
    pub hidden: bool,
}

impl Ghost {
    /// What is written above it.
    pub fn label(&self) -> String {
        if self.gist.is_empty() { self.wire.into() } else { format!("{} {}", self.wire, self.gist) }
    }
}

/// What is expected of a run now, in order, at most five.
pub fn ghosts(run: &Run) -> Vec<Ghost> {
    let step = match &run.phase {
        Phase::Working(step) => step.or_else(|| run.progress.next_step()),
        Phase::Waiting(turn) => Some(turn.request.step),
        Phase::Ended | Phase::Cancelled => None,
    };
    let mut ahead = Ahead { list: Vec::new(), facts: Facts::of(run) };
    step.into_iter().for_each(|step| ahead.step(step));
    ahead.list.truncate(MOST);
    ahead.list
}

/// What decides which messages are still to come.
struct Facts {
    hosted: bool,
    app: bool,
    /// The session ended, as it was last read.
    decided: bool,
    /// The bank asks its customer by a way of its own.
    decoupled: bool,
    collects: bool,
    completed: bool,
    /// A callback was ordered and none has come.
    callback: bool,
    /// Hidden messages are seen in this run, or there was no occasion yet.
    hidden: bool,
    seen: Seen,
}

/// What came since the last request to the API that changes anything.
#[derive(Default)]
struct Seen {
    method: bool,
    notified: bool,
    areq: bool,
    ares: bool,
    /// The newest answer lets the browser ask the shopper, and a second request follows (SPC).
    /// Only the hidden message says so.
    confirms: bool,
    creq: bool,
    rreq: bool,
    cres: bool,
}

impl Seen {
    fn of(run: &Run) -> Self {
        let mut seen = Self::default();
        for entry in run.entries.iter().rev().take(NEAR) {
            match &entry.what {
                What::Exchange(exchange) if exchange.from == Lane::Browser => match exchange.step {
                    Step::Method => seen.method = true,
                    Step::Challenge => seen.creq = true,
                    _ => (),
                },
                What::Exchange(exchange) if !matches!(exchange.step, Step::Confirm | Step::Token) => break,
                What::Scheme(message) => match message.kind {
                    "AReq" => seen.areq = true,
                    "ARes" => {
                        let newest = !std::mem::replace(&mut seen.ares, true);
                        seen.confirms |= newest && status(message).is_some_and(|letter| letter == "S");
                    }
                    "CReq" => seen.creq = true,
                    // With D the bank goes on by a way of its own, and a second result follows.
                    "RReq" => seen.rreq |= status(message).is_none_or(|letter| letter != "D"),
                    // An app gets one for each screen; the last has the result.
                    "CRes" => seen.cres |= status(message).is_some(),
                    _ => (),
                },
                What::Delivery(delivery) => match delivery.kind {
                    DeliveryKind::MethodNotification => seen.notified = true,
                    DeliveryKind::ChallengeNotification => seen.cres = true,
                    _ => (),
                },
                _ => (),
            }
        }
        seen
    }
}

/// `transStatus` of a hidden message.
fn status(message: &SchemeMessage) -> Option<String> {
    payload::tree(&message.body)?.get("transStatus")?.as_str().map(str::to_owned)
}

impl Facts {
    fn of(run: &Run) -> Self {
        let progress = &run.progress;
        let session = run.session();
        let is = |told: fn(&Session) -> bool| session.is_some_and(told);
        let rows = || run.entries.iter();
        let mut near = rows().take(NEAR).chain(rows().rev().take(NEAR));
        let hidden = near.any(|entry| matches!(entry.what, What::Scheme(_)));
        let ordered = || {
            let body: Option<Value> = serde_json::from_str(&run.plan.body).ok();
            let address = body.as_ref().and_then(|body| body.pointer("/completion/callback_url")?.as_str());
            address.is_some_and(|address| !address.is_empty())
        };
        let mut seen = Seen::of(run);
        if let Phase::Waiting(turn) = &run.phase {
            seen.creq |= turn.asked.is_some();
        }
        Self {
            hosted: run.plan.completion == Completion::Hosted,
            app: run.plan.channel == Channel::App,
            decided: is(|session| session.status.is_final()),
            decoupled: is(Session::waits_decoupled),
            collects: is(|session| session.offers(&NextAction::CollectChannelData)),
            completed: progress.completed,
            callback: progress.callbacks == 0 && ordered(),
            hidden: hidden || !is(|session| session.offers(&NextAction::ChallengeCardholder)),
            seen,
        }
    }
}

struct Ahead {
    list: Vec<Ghost>,
    facts: Facts,
}

impl Ahead {
    fn add(&mut self, lanes: (Lane, Lane), wire: &'static str, gist: &'static str) {
        self.list.push(Ghost { from: lanes.0, to: lanes.1, wire, gist, hidden: false });
    }

    fn hidden(&mut self, lanes: (Lane, Lane), wire: &'static str, gist: &'static str) {
        if self.facts.hidden {
            self.list.push(Ghost { from: lanes.0, to: lanes.1, wire, gist, hidden: true });
        }
    }

    fn step(&mut self, step: Step) {
        let api = (Lane::Merchant, Lane::Sessions);
        match step {
            Step::Token => {
                self.add(api, "POST /connect/token", "");
                self.step(Step::Create);
            }
            Step::Create => {
                self.add(api, "POST /sessions", "");
                if self.facts.hosted {
                    self.step(Step::Redirect);
                }
            }
            Step::Method => self.method(),
            Step::Fingerprint => self.authentication("PUT …/issuer-fingerprint"),
            Step::Collect => self.authentication("PUT …/collect-data"),
            Step::Challenge => self.challenge(),
            Step::Authenticate => {
                self.add((Lane::Browser, Lane::Issuer), "PaReq", "opens the bank's page");
                self.add((Lane::Browser, Lane::Sessions), "PaRes", "posted to the term_url");
                self.step(Step::Confirm);
            }
            Step::Redirect => {
                self.add((Lane::Browser, Lane::Sessions), "GET", "the hosted page");
                self.add((Lane::Browser, Lane::Merchant), "GET", "back to success_url or failure_url");
                self.add(api, "GET /sessions/{id}", "");
            }
            Step::Confirm => self.confirm(),
            Step::Complete => {
                self.add(api, "POST …/complete", "");
                self.callback();
                self.add(api, "GET /sessions/{id}", "completed");
            }
            Step::Authorise => self.add(api, "POST /payments", "with this session"),
        }
    }

    fn method(&mut self) {
        if !self.facts.seen.method {
            self.add((Lane::Browser, Lane::Issuer), "3DS Method", "threeDSMethodData, hidden iframe");
        }
        if !self.facts.seen.notified {
            self.add((Lane::Browser, Lane::Merchant), "POST …/method", "the bank's page is done");
        }
        self.step(if self.facts.collects { Step::Collect } else { Step::Fingerprint });
    }

    fn authentication(&mut self, wire: &'static str) {
        self.add((Lane::Merchant, Lane::Sessions), wire, "");
        if !self.facts.seen.areq {
            self.hidden((Lane::Sessions, Lane::Directory), "AReq", "on to the issuer");
        }
        if !self.facts.seen.ares {
            self.hidden((Lane::Issuer, Lane::Sessions), "ARes", "the bank's decision, or a challenge");
        }
    }

    fn challenge(&mut self) {
        if self.facts.seen.confirms {
            return self.confirmation();
        }
        let app = self.facts.app;
        if !self.facts.seen.creq {
            let gist = if app { "the app's SDK opens the challenge" } else { "opens the bank's page" };
            self.add((Lane::Browser, Lane::Issuer), "CReq", gist);
        }
        if !self.facts.seen.rreq {
            self.hidden((Lane::Issuer, Lane::Sessions), "RReq", "final transStatus, ECI, cryptogram");
        }
        if !self.facts.seen.cres && app {
            self.add((Lane::Issuer, Lane::Browser), "CRes", "the result for the app, after its screens");
        }
        if !self.facts.seen.cres && !app {
            let gist = "posted to challenge_notification_url, proves nothing";
            self.add((Lane::Browser, Lane::Merchant), "CRes", gist);
        }
        self.confirm();
    }

    /// The browser asks, and the shop brings the proof in a second request. Source: emv-3ds.md
    /// 1.2 rule 2.
    fn confirmation(&mut self) {
        if !self.facts.seen.creq {
            self.add((Lane::Browser, Lane::Issuer), "SPC", "the shopper confirms with the browser");
        }
        self.hidden((Lane::Sessions, Lane::Directory), "AReq", "the second, with the proof");
        self.hidden((Lane::Issuer, Lane::Sessions), "ARes", "the bank's decision, or a challenge");
        self.add((Lane::Merchant, Lane::Sessions), "GET /sessions/{id}", "");
    }

    /// Reading, and what must follow once the session is decided.
    fn confirm(&mut self) {
        let decoupled = self.facts.decoupled;
        if decoupled && !self.facts.seen.rreq {
            self.hidden((Lane::Issuer, Lane::Sessions), "RReq", "what the bank's own way came to");
        }
        self.add((Lane::Merchant, Lane::Sessions), "GET /sessions/{id}", "");
        if self.facts.hosted || (decoupled && self.list.len() == 1 && !self.facts.seen.rreq) {
            return;
        }
        if self.facts.completed {
            return self.callback();
        }
        let decided = self.facts.decided || self.list.len() > 1 || self.facts.seen.cres || self.facts.seen.rreq;
        if decided {
            self.add((Lane::Merchant, Lane::Sessions), "POST …/complete", "");
            self.callback();
        }
    }

    fn callback(&mut self) {
        if self.facts.callback {
            self.add((Lane::Sessions, Lane::Callback), "POST …/cb", "callback, after complete");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::model::draft::Draft;
    use crate::model::exchange::Response;
    use crate::model::profile::ProfileId;
    use crate::model::run::{Answer, Auth, Plan, StepRequest, Turn};
    use crate::model::{RunId, SessionId, Stamp};

    fn at(ms: u64) -> Stamp {
        Stamp { wall: Timestamp::UNIX_EPOCH, mono: Duration::from_millis(ms) }
    }

    fn run(completion: Completion) -> Run {
        Run::new(RunId(1), Plan::of(&Draft::new(completion), ProfileId("one".into())), at(0))
    }

    fn answered(run: &mut Run, step: Step, status: &str, actions: &[&str]) {
        let body = json!({"id": "sid_a", "status": status, "next_actions": actions}).to_string();
        let body = Bytes::from(body);
        let answer =
            Response { status: 200, version: "HTTP/1.1".into(), headers: vec![], body, dropped_bytes: 0, cut: None };
        run.progress.answered(step, &answer);
    }

    fn seen(run: &mut Run, kind: &'static str) {
        says(run, kind, json!({}));
    }

    fn says(run: &mut Run, kind: &'static str, body: Value) {
        run.scheme_message_seen(SchemeMessage {
            session: SessionId("sid_a".into()),
            kind,
            from: Lane::Issuer,
            to: Lane::Sessions,
            at: at(500),
            took: Duration::ZERO,
            gist: String::new(),
            body: Bytes::from(body.to_string()),
        });
    }

    fn waits(run: &mut Run, step: Step) {
        let (url, method, body) = (String::new(), "POST".into(), String::new());
        let request = StepRequest { step, method, url, auth: Auth::Nothing, headers: vec![], body };
        let (answers, since) = (vec![Answer::Here], at(600));
        let turn = Turn { request, answers, page: None, since, limit: None, asked: None, notice: None, problem: None };
        run.turn_came(turn);
    }

    fn words(run: &Run) -> Vec<&'static str> {
        ghosts(run).iter().map(|ghost| ghost.wire).collect()
    }

    #[test]
    fn a_challenge_is_followed_to_the_callback_and_what_came_is_expected_no_more() {
        let mut run = run(Completion::NonHosted);
        answered(&mut run, Step::Collect, "challenged", &["challenge_cardholder"]);
        seen(&mut run, "ARes");
        waits(&mut run, Step::Challenge);
        assert_eq!(words(&run), ["CReq", "RReq", "CRes", "GET /sessions/{id}", "POST …/complete"], "five at most");
        seen(&mut run, "CReq");
        assert_eq!(words(&run), ["RReq", "CRes", "GET /sessions/{id}", "POST …/complete", "POST …/cb"]);
        seen(&mut run, "RReq");
        assert_eq!(words(&run), ["CRes", "GET /sessions/{id}", "POST …/complete", "POST …/cb"]);
    }

    #[test]
    fn an_app_sends_its_own_request_and_its_last_answer_is_the_one_with_a_result() {
        let mut draft = Draft::new(Completion::NonHosted);
        draft.channel = Channel::App;
        let mut run = Run::new(RunId(1), Plan::of(&draft, ProfileId("one".into())), at(0));
        answered(&mut run, Step::Collect, "challenged", &["challenge_cardholder"]);
        seen(&mut run, "ARes");
        waits(&mut run, Step::Challenge);
        assert_eq!(words(&run), ["CReq", "RReq", "CRes", "GET /sessions/{id}", "POST …/complete"]);
        assert_eq!(ghosts(&run)[0].gist, "the app's SDK opens the challenge");
        seen(&mut run, "CReq");
        says(&mut run, "CRes", json!({"acsUiType": "01"}));
        assert_eq!(words(&run)[..2], ["RReq", "CRes"]);
        assert_eq!((ghosts(&run)[1].from, ghosts(&run)[1].to), (Lane::Issuer, Lane::Browser));
        says(&mut run, "RReq", json!({"transStatus": "Y"}));
        says(&mut run, "CRes", json!({"transStatus": "Y"}));
        assert_eq!(words(&run), ["GET /sessions/{id}", "POST …/complete", "POST …/cb"]);
    }

    fn answered_with(run: &mut Run, step: Step, code: &str) {
        let body = json!({"id": "sid_a", "status": "challenged", "response_code": code, "next_actions": []});
        let body = Bytes::from(body.to_string());
        let answer =
            Response { status: 200, version: "HTTP/1.1".into(), headers: vec![], body, dropped_bytes: 0, cut: None };
        run.progress.answered(step, &answer);
    }

    #[test]
    fn a_bank_that_goes_its_own_way_sends_a_second_result() {
        let mut run = run(Completion::NonHosted);
        answered_with(&mut run, Step::Confirm, "D");
        says(&mut run, "RReq", json!({"transStatus": "D"}));
        waits(&mut run, Step::Confirm);
        assert_eq!(words(&run), ["RReq", "GET /sessions/{id}", "POST …/complete", "POST …/cb"]);
        says(&mut run, "RReq", json!({"transStatus": "Y"}));
        assert_eq!(words(&run), ["GET /sessions/{id}", "POST …/complete", "POST …/cb"]);
    }

    #[test]
    fn a_browser_that_confirms_is_followed_by_a_second_request() {
        let mut run = run(Completion::NonHosted);
        answered_with(&mut run, Step::Collect, "C");
        says(&mut run, "ARes", json!({"transStatus": "S"}));
        waits(&mut run, Step::Challenge);
        assert_eq!(words(&run), ["SPC", "AReq", "ARes", "GET /sessions/{id}"]);
        says(&mut run, "ARes", json!({"transStatus": "C"}));
        assert_eq!(words(&run)[..2], ["CReq", "RReq"], "the shopper gave up, and the bank asks by itself");
    }

    #[test]
    fn where_hidden_messages_are_never_shown_none_is_expected() {
        let mut run = run(Completion::NonHosted);
        answered(&mut run, Step::Collect, "challenged", &["challenge_cardholder"]);
        waits(&mut run, Step::Challenge);
        assert!(!words(&run).contains(&"RReq"));
    }

    #[test]
    fn where_the_bank_decides_the_list_ends() {
        let mut run = run(Completion::NonHosted);
        assert_eq!(words(&run), ["POST /sessions"]);
        answered(&mut run, Step::Create, "pending", &["collect_channel_data"]);
        assert_eq!(words(&run), ["PUT …/collect-data", "AReq", "ARes"]);
        answered(&mut run, Step::Collect, "approved", &["complete"]);
        assert_eq!(words(&run), ["POST …/complete", "POST …/cb", "GET /sessions/{id}"]);
        run.ended(Phase::Ended, at(900));
        assert_eq!(words(&run), Vec::<&str>::new());
    }

    #[test]
    fn a_hosted_session_comes_back_to_the_shop_and_is_not_completed() {
        let mut run = run(Completion::Hosted);
        answered(&mut run, Step::Create, "pending", &["redirect_cardholder"]);
        waits(&mut run, Step::Redirect);
        assert_eq!(words(&run), ["GET", "GET", "GET /sessions/{id}"]);
    }
}
