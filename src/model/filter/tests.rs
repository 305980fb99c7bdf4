use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::*;
use crate::model::draft::{Completion, Draft};
use crate::model::exchange::{Exchange, ExchangeId, Request, Response, Timing};
use crate::model::profile::ProfileId;
use crate::model::run::Plan;
use crate::model::scheme::SchemeMessage;
use crate::model::{Problem, RunId, SessionId};

fn at(ms: u64) -> Stamp {
    Stamp { wall: Timestamp::UNIX_EPOCH, mono: Duration::from_millis(ms) }
}

fn call(step: Step, lanes: (Lane, Lane), line: &str, ms: (u64, u64), status: Option<u16>, body: &str) -> Arc<Exchange> {
    let (method, path) = line.split_once(' ').expect("method and path");
    let outcome = status.map(|status| Response {
        status,
        version: "HTTP/1.1".into(),
        headers: vec![("Cko-Request-Id".into(), "2642148a".into())],
        body: Bytes::copy_from_slice(body.as_bytes()),
        dropped_bytes: 0,
        cut: None,
    });
    Arc::new(Exchange {
        id: ExchangeId(ms.0),
        step,
        from: lanes.0,
        to: lanes.1,
        started: at(ms.0),
        request: Request {
            method: method.into(),
            url: format!("http://127.0.0.1:8787{path}"),
            headers: vec![],
            body: Bytes::from_static(b"{\"amount\": 6540}"),
        },
        outcome: outcome.ok_or_else(|| Problem::of("Nobody answered", "")),
        timing: Timing { total: Duration::from_millis(ms.1), ..Timing::default() },
        masked: 0,
    })
}

/// Rows 0 to 5: create, method, collect, AReq, complete (no answer), a step left out.
fn run() -> Run {
    let draft = Draft::new(Completion::NonHosted);
    let mut run = Run::new(RunId(1), Plan::of(&draft, ProfileId("embedded".into())), at(0));
    let (m, s, b, i) = (Lane::Merchant, Lane::Sessions, Lane::Browser, Lane::Issuer);
    let created = r#"{"id":"sid_1","status":"pending","next_actions":[]}"#;
    run.exchanged(call(Step::Create, (m, s), "POST /sessions", (10, 41), Some(202), created));
    run.exchanged(call(Step::Method, (b, i), "POST /acs/method", (60, 204), Some(404), "Not Found"));
    let challenged = r#"{"id":"sid_1","status":"challenged","next_actions":[]}"#;
    run.exchanged(call(Step::Collect, (m, s), "PUT /sessions/sid_1/collect-data", (300, 168), Some(200), challenged));
    run.scheme_message_seen(SchemeMessage {
        session: SessionId("sid_1".into()),
        kind: "AReq",
        from: s,
        to: Lane::Directory,
        at: at(310),
        took: Duration::from_millis(22),
        gist: "→ directory".into(),
        body: Bytes::from_static(b"{\"deviceChannel\":\"02\"}"),
    });
    run.exchanged(call(Step::Complete, (m, s), "POST /sessions/sid_1/complete", (1600, 2), None, ""));
    run.step_skipped(Step::Authorise, at(2000));
    run.mark(0, true);
    run.annotate(3, "  ask Jordan ");
    run
}

fn rows(text: &str) -> Vec<usize> {
    Filter::parse(text).expect(text).expect("not empty").of_run(&run())
}

#[test]
fn each_key_asks_what_it_says() {
    let all: [(&str, &[usize]); 39] = [
        ("status>=400", &[1]),
        ("status:404", &[1]),
        ("status=4xx", &[1]),
        ("status!=202", &[1, 2]),
        ("status:challenged", &[2]),
        ("STATUS:Challenged", &[2]),
        ("lane:issuer", &[1]),
        ("lane:acs", &[1]),
        ("from:browser to:issuer", &[1]),
        ("to:api", &[0, 2, 4]),
        ("step:collect", &[2]),
        ("step:authorise", &[5]),
        ("method:put", &[2]),
        ("method!=put", &[0, 1, 3, 4, 5]),
        ("path~COMPLETE", &[4]),
        ("path!~sessions", &[1, 3, 5]),
        ("took>200ms", &[1]),
        ("took>=0.168s", &[1, 2]),
        ("at>1.5s", &[4, 5]),
        ("at<0.1s", &[0, 1]),
        ("kind:areq", &[3]),
        ("kind:request", &[0, 1, 2, 4]),
        ("kind:skipped", &[5]),
        ("is:hidden", &[3]),
        ("is:failed", &[1, 4]),
        ("is:marked", &[0]),
        ("is:api", &[0, 2, 4]),
        ("has:note", &[3]),
        ("has:status", &[0, 2]),
        ("has:body -is:hidden", &[0, 1, 2, 4]),
        ("note~jordan", &[3]),
        ("body~devicechannel", &[3]),
        ("header~cko-request-id", &[0, 1, 2]),
        ("header~\"cko-request-id: 2642\"", &[0, 1, 2]),
        ("jordan", &[3]),
        ("\"Not Found\"", &[1]),
        ("6540", &[0, 1, 2, 4]),
        ("\"nobody answered\"", &[4]),
        ("http://127.0.0.1:8787/acs", &[1]),
    ];
    for (text, expected) in all {
        assert_eq!(rows(text), expected, "{text}");
    }
}

#[test]
fn questions_are_joined_turned_round_and_nested() {
    assert_eq!(rows("step:create or kind:areq"), [0, 3]);
    assert_eq!(rows("to:api and -step:create"), [2, 4]);
    assert_eq!(rows("not to:api"), [1, 3, 5]);
    assert_eq!(rows("-(to:api or is:hidden)"), [1, 5]);
    assert_eq!(rows("(step:create or step:collect) status:2xx -status:200"), [0]);
    assert_eq!(rows("to:api \"pending\" or is:hidden"), [0, 3], "«or» binds less than what stands side by side");
    assert!(Filter::parse("  ").expect("nothing is asked").is_none());
}

#[test]
fn findings_are_asked_for_by_rule() {
    let found = Found::of(&run());
    let with: Vec<usize> = run().entries.iter().map(|e| e.number).filter(|n| !found.of_row(*n).is_empty()).collect();
    assert_eq!(rows("has:finding"), with);
    let rule = found.all().first().expect("a session without its rules is not whole").rule;
    assert!(!rows(&format!("rule:{}", rule.to_lowercase())).is_empty());
    assert!(rows("rule:L99").is_empty());
}

#[test]
fn a_mistake_says_where_and_what_would_be_right() {
    let all = [
        ("stauts>=400", 0..6, "status"),
        ("lane:issuer foo:bar", 12..15, "Keys are"),
        ("lane:isuer", 5..10, "issuer"),
        ("step:xyz", 5..8, "collect"),
        ("took>200", 5..8, "200ms"),
        ("status>", 0..7, "404"),
        ("status>challenged", 6..7, "status:challenged"),
        ("status:4y", 7..9, "4xx"),
        ("lane>api", 4..5, "lane:"),
        ("kind:arq", 5..8, "areq"),
        ("(a or b", 0..1, "not closed"),
        ("a) b", 1..2, "closes nothing"),
        ("\"a b", 0..4, "not closed"),
        ("a or", 4..4, "missing"),
        ("or a", 0..0, "missing"),
        ("not", 0..3, "after it"),
        ("a and", 2..5, "after it"),
        ("()", 1..1, "missing"),
    ];
    for (text, range, right) in all {
        let mistake = Filter::parse(text).expect_err(text);
        assert_eq!(mistake.range, range, "{text}: {}", mistake.message);
        assert!(mistake.message.contains(right), "{text}: {}", mistake.message);
    }
    let deep = "(".repeat(3000);
    assert!(Filter::parse(&deep).is_err() && Filter::parse(&"-".repeat(1900)).is_err(), "and nothing overflows");
}

#[test]
fn what_is_typed_is_completed() {
    let texts = |text: &str| hints(text, text.len()).into_iter().map(|hint| hint.text).collect::<Vec<_>>();
    assert_eq!(texts("st"), ["status:", "step:"]);
    assert_eq!(texts("lane:i"), ["lane:issuer"]);
    assert_eq!(texts("a (-from:d"), ["from:directory"]);
    assert_eq!(texts("took>2"), ["took>200ms"]);
    assert!(texts("lane:issuer").is_empty() && texts("zz").is_empty() && texts("a ").is_empty());
    assert_eq!(texts("").len(), words::KEYS.len());
    let hint = &hints("is:failed st", 12)[0];
    assert_eq!(hint.range, 10..12);
    assert!(hints("ä", 1).is_empty(), "a cursor inside a letter is none");
}

proptest::proptest! {
    #[test]
    fn no_text_upsets_the_reader(text in "[ ()\"a-z:<>=~!\\-0-9ä\\\\]{0,60}") {
        if let Err(mistake) = Filter::parse(&text) {
            assert!(text.get(mistake.range.clone()).is_some(), "{text:?} {mistake:?}");
        }
        hints(&text, text.len() / 2);
    }
}
