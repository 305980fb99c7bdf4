//! Recorded sessions for tests of the window: fixed moments, fixed bytes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use sessions_console::model::delivery::{Delivery, DeliveryKind, Seq, Verdict};
use sessions_console::model::draft::{Completion, Draft};
use sessions_console::model::exchange::{Exchange, ExchangeId, Headers, Request, Response, Step, Timing};
use sessions_console::model::profile::ProfileId;
use sessions_console::model::run::{Answer, Auth, Phase, Plan, Run, Shopper, StepRequest, Turn};
use sessions_console::model::scheme::{PhoneKind, PhoneMessage, SchemeMessage};
use sessions_console::model::{Lane, Problem, RunId, SessionId, Stamp, Workspace};

/// The session of every fixture.
pub const SID: &str = "sid_skp65s2imhnguhok7722ffif7l";
/// Where the API is.
pub const API: &str = "http://127.0.0.1:8787";

/// A moment after the run's start.
pub fn at(ms: u64) -> Stamp {
    let mono = Duration::from_secs(5) + Duration::from_millis(ms);
    let start = Timestamp::from_second(1_790_000_000).expect("in range");
    Stamp { wall: start + jiff::SignedDuration::try_from(mono).expect("short"), mono }
}

pub fn plan() -> Plan {
    let draft = Draft::new(Completion::NonHosted);
    Plan { shopper: Shopper::Person, ..Plan::of(&draft, ProfileId("embedded".into())) }
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// A request and its answer: when, how long, from and to, what, status, body.
pub struct Call<'a> {
    pub at: u64,
    pub took: u64,
    pub lanes: (Lane, Lane),
    pub step: Step,
    pub line: &'a str,
    pub body: &'a [u8],
    pub status: u16,
    pub answer: Value,
}

pub fn exchange(call: &Call) -> Arc<Exchange> {
    let (method, path) = call.line.split_once(' ').expect("method and path");
    let answer = if call.answer.is_null() { Bytes::new() } else { Bytes::from(call.answer.to_string()) };
    let json = call.body.starts_with(b"{");
    let kind = if json { "application/json" } else { "application/x-www-form-urlencoded" };
    let mut sent = headers(&[("Host", "127.0.0.1:8787"), ("Accept", "*/*"), ("User-Agent", "sessions-console/0.1")]);
    if call.lanes.0 == Lane::Merchant {
        sent.push(("Authorization".into(), "Bearer ****************************".into()));
    }
    if !call.body.is_empty() {
        sent.push(("Content-Type".into(), kind.into()));
    }
    let total = Duration::from_millis(call.took);
    let answered = headers(&[
        ("Content-Type", "application/json; charset=utf-8"),
        ("Cko-Request-Id", "2642148a-3959-4b44-bb61-36d25888a66d"),
        ("Content-Length", &answer.len().to_string()),
    ]);
    Arc::new(Exchange {
        id: ExchangeId(call.at),
        step: call.step,
        from: call.lanes.0,
        to: call.lanes.1,
        started: at(call.at),
        request: Request {
            method: method.into(),
            url: format!("{API}{path}"),
            headers: sent,
            body: Bytes::copy_from_slice(call.body),
        },
        outcome: Ok(Response {
            status: call.status,
            version: "HTTP/1.1".into(),
            headers: answered,
            body: answer,
            dropped_bytes: 0,
            cut: None,
        }),
        timing: Timing { connect: Some(total / 8), wait: total / 2, download: total / 4, total },
        masked: 1,
    })
}

/// What the API says of the session at a point of its life.
pub fn session(status: &str, actions: &[&str], more: Value) -> Value {
    let mut body = json!({
        "id": SID,
        "transaction_id": "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8",
        "session_secret": "sek_tCRgP5OJhgm3vzaJswL8gmXtyXhGSAySYwSKyV+y8zA=", "scheme": "visa", "amount": 6540, "currency": "USD", "completed": false,
        "authentication_type": "regular", "authentication_category": "payment",
        "status": status, "protocol_version": "2.2.0", "next_actions": actions,
        "ds": {"ds_id": "A000000003", "reference_number": "SANDBOX-DS-VISA-0001", "transaction_id": "9d849e95-2004-452f-b4c9-aab6307b02e1"},
        "_links": {"self": {"href": format!("{API}/sessions/{SID}")}}
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

fn approved(completed: bool) -> Value {
    let actions: &[&str] = if completed { &[] } else { &["complete"] };
    session(
        "approved",
        actions,
        json!({
            "completed": completed, "status_reason": "rreq_status", "approved": true, "challenged": true,
            "response_code": "Y", "eci": "05", "cryptogram": "V+v37FmuAPB9rCVyIpjY4BZ5RfQ=",
            "xid": "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8",
            "acs": {"reference_number": "SANDBOX-ACS-0001", "transaction_id": "310184a2-e7d0-4a06-823c-c78fc7c6b561", "challenge_mandated": true, "authentication_type": "02"},
            "card": {"instrument_id": "src_ymll2uqgws4sl5755tanet2ruq", "metadata": {"card_type": "CREDIT"}},
            "certificates": {"ds_public": "eyJrdHkiOiJFQyJ9"}
        }),
    )
}

/// A whole message about the session of the fixtures.
fn message(kind: &str) -> Value {
    let status = if kind == "RReq" { "Y" } else { "C" };
    json!({
        "messageType": kind, "messageVersion": "2.2.0", "transStatus": status, "deviceChannel": "02",
        "messageCategory": "01", "acctNumber": "424242******4242",
        "threeDSServerTransID": "0ac91b0b-b7e5-404a-a720-a0e54edbcdf8",
        "acsTransID": "310184a2-e7d0-4a06-823c-c78fc7c6b561", "dsTransID": "9d849e95-2004-452f-b4c9-aab6307b02e1",
    })
}

fn scheme(kind: &'static str, lanes: (Lane, Lane), ms: u64, took: u64, gist: &str) -> SchemeMessage {
    SchemeMessage {
        session: SessionId(SID.into()),
        kind,
        from: lanes.0,
        to: lanes.1,
        at: at(ms),
        took: Duration::from_millis(took),
        gist: gist.into(),
        body: Bytes::from(message(kind).to_string()),
    }
}

pub fn delivery(
    kind: DeliveryKind,
    ms: u64,
    target: &str,
    body: &str,
    verdict: Verdict,
    answered: u16,
) -> Arc<Delivery> {
    let head = format!("POST {target} HTTP/1.1\r\nHost: 127.0.0.1:8788\r\nContent-Length: {}\r\n\r\n", body.len());
    Arc::new(Delivery {
        seq: Seq(ms),
        at: at(ms),
        kind,
        run: Some(RunId(1)),
        session: Some(SessionId(SID.into())),
        peer: ([127, 0, 0, 1], 51000).into(),
        method: "POST".into(),
        target: target.into(),
        headers: headers(&[("Host", "127.0.0.1:8788")]),
        head: Bytes::from(head),
        body: Bytes::copy_from_slice(body.as_bytes()),
        verdict,
        answered,
    })
}

const M: Lane = Lane::Merchant;
const S: Lane = Lane::Sessions;
const B: Lane = Lane::Browser;
const I: Lane = Lane::Issuer;

/// Token, create, Method, collect-data: up to where the bank asks.
fn until_challenge(id: RunId) -> Run {
    let mut run = Run::new(id, plan(), at(0));
    run.step_began(Step::Create, at(0));
    let call = |at, took, lanes, step, line: &str, body: &[u8], status, answer| {
        exchange(&Call { at, took, lanes, step, line, body, status, answer })
    };
    let token = b"grant_type=client_credentials&client_id=ack_zztzqayybq674&client_secret=**********";
    run.exchanged(call(
        0,
        14,
        (M, S),
        Step::Token,
        "POST /connect/token",
        token,
        200,
        json!({"access_token": "*****", "expires_in": 3600}),
    ));
    let body = plan().body;
    let links = json!({"_links": {"three_ds_method_url": {"href": format!("{API}/simulator/acs/method")}, "self": {"href": format!("{API}/sessions/{SID}")}}});
    run.exchanged(call(
        18,
        41,
        (M, S),
        Step::Create,
        "POST /sessions",
        body.as_bytes(),
        202,
        session("pending", &["issuer_fingerprint", "collect_channel_data"], links),
    ));
    run.exchanged(call(
        66,
        204,
        (B, I),
        Step::Method,
        "POST /simulator/acs/method",
        b"threeDSMethodData=eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6IjBhYzkxYjBiLWI3ZTUtNDA0YS1hNzIwLWEwZTU0ZWRiY2RmOCJ9",
        200,
        Value::Null,
    ));
    run.delivered(delivery(
        DeliveryKind::MethodNotification,
        272,
        "/q7m2kfx9/method",
        "threeDSMethodData=eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6IjBhYzkxYjBiLWI3ZTUtNDA0YS1hNzIwLWEwZTU0ZWRiY2RmOCJ9",
        Verdict::Addressed,
        200,
    ));
    let line = format!("PUT /sessions/{SID}/collect-data");
    let challenged = session("challenged", &["challenge_cardholder"], json!({"response_code": "C"}));
    run.exchanged(call(
        284,
        168,
        (M, S),
        Step::Collect,
        &line,
        br#"{"three_ds_method_completion":"Y"}"#,
        200,
        challenged,
    ));
    run.scheme_message_seen(scheme("AReq", (S, Lane::Directory), 301, 22, "→ directory → issuer"));
    run.scheme_message_seen(scheme("ARes", (I, S), 418, 26, "transStatus C"));
    run.scheme_message_seen(scheme("CReq", (B, I), 470, 9, "creq form, window 05"));
    run.phone_message_sent(PhoneMessage {
        kind: PhoneKind::Text,
        session: SessionId(SID.into()),
        at: at(480),
        sender: "Larkfield Bank".into(),
        text: "Password for USD 65.40 at Fern & Fable: Checkout1!".into(),
        code: "Checkout1!".into(),
    });
    run
}

fn request(step: Step) -> StepRequest {
    StepRequest {
        step,
        method: "POST".into(),
        url: format!("{API}/sessions/{SID}/complete"),
        auth: Auth::ProfileToken,
        headers: headers(&[("X-Test", "one")]),
        body: "{\"a\": 1}".into(),
    }
}

/// A run that waits for the shopper at the bank.
pub fn waiting(id: RunId) -> Run {
    let mut run = until_challenge(id);
    run.turn_came(Turn {
        request: request(Step::Challenge),
        answers: vec![Answer::Browser, Answer::Here, Answer::Abandon],
        page: Some(format!("{API}/challenge")),
        since: at(486),
        limit: Some(Duration::from_secs(600)),
        asked: None,
        notice: None,
        problem: None,
    });
    run
}

/// A run by hand that waits before `complete`.
pub fn by_hand(id: RunId, problem: Option<Problem>) -> Run {
    let mut run = until_challenge(id);
    run.turn_came(Turn {
        request: request(Step::Complete),
        answers: vec![],
        page: None,
        since: at(600),
        limit: None,
        asked: None,
        notice: None,
        problem,
    });
    run
}

/// A challenge that was passed, completed and read again: 16 rows.
pub fn finished(id: RunId) -> Run {
    let mut run = waiting(id);
    run.step_began(Step::Challenge, at(8930));
    run.scheme_message_seen(scheme("RReq", (I, S), 8938, 12, "transStatus Y · ECI 05"));
    run.delivered(delivery(
        DeliveryKind::ChallengeNotification,
        8964,
        "/q7m2kfx9/cres",
        "cres=eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6IjBhYzkxYjBiLWI3ZTUtNDA0YS1hNzIwLWEwZTU0ZWRiY2RmOCIsImFjc1RyYW5zSUQiOiIzMTAxODRhMi1lN2QwLTRhMDYtODIzYy1jNzhmYzdjNmI1NjEiLCJtZXNzYWdlVHlwZSI6IkNSZXMiLCJtZXNzYWdlVmVyc2lvbiI6IjIuMi4wIiwidHJhbnNTdGF0dXMiOiJZIn0",
        Verdict::Addressed,
        302,
    ));
    let get = format!("GET /sessions/{SID}");
    let call = |at, took, step, line: &str, status, answer| {
        exchange(&Call { at, took, lanes: (M, S), step, line, body: b"", status, answer })
    };
    run.exchanged(call(8978, 9, Step::Confirm, &get, 200, approved(false)));
    run.exchanged(call(8994, 38, Step::Complete, &format!("POST /sessions/{SID}/complete"), 204, Value::Null));
    let callback = json!({"session_id": SID, "status": "approved", "amount": 6540}).to_string();
    run.delivered(delivery(DeliveryKind::Callback, 9004, "/q7m2kfx9/cb", &callback, Verdict::Matched, 200));
    run.exchanged(call(9040, 8, Step::Confirm, &get, 200, approved(true)));
    run.ended(Phase::Ended, at(9048));
    run
}

/// A run whose first request was refused.
pub fn refused(id: RunId) -> Run {
    let mut run = Run::new(id, plan(), at(0));
    let answer = json!({"request_id": "9d84", "error_type": "unprocessable_entity", "error_codes": ["number_invalid", "currency_required"]});
    let body = plan().body;
    run.exchanged(exchange(&Call {
        at: 18,
        took: 41,
        lanes: (M, S),
        step: Step::Create,
        line: "POST /sessions",
        body: body.as_bytes(),
        status: 422,
        answer,
    }));
    run.ended(Phase::Ended, at(80));
    run
}

/// A run whose first request reached nobody.
pub fn failed(id: RunId) -> Run {
    let mut run = Run::new(id, plan(), at(0));
    run.step_failed(Step::Create, Problem::of("Create session: could not reach the API", "Check the base URL"), at(30));
    run.ended(Phase::Ended, at(31));
    run
}

/// A workspace with these runs, numbered from 1.
pub fn workspace(runs: impl IntoIterator<Item = Run>) -> Workspace {
    Workspace { runs: runs.into_iter().map(|run| (run.id, run)).collect(), saving: true, ..Workspace::default() }
}
