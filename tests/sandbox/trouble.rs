//! Faults at the API's door, and the rate limit. Source: sessions-api.md 2.7, 7.5.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::lab::*;

/// Plans these faults, which must be good.
fn plan(lab: &Lab, faults: Value) -> Value {
    let answer = lab.control("PUT", "/faults", &json!({"faults": faults}));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// All bytes of an answer to a create, also of one that breaks off.
fn create_bytes(lab: &Lab) -> String {
    let body = non_hosted(CHALLENGE_CARD, Value::Null).to_string();
    let mut stream = TcpStream::connect(lab.addr).expect("the sandbox listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket option");
    let head = format!(
        "POST /sessions HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n",
        lab.addr,
        lab.bearer(),
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).expect("the sandbox reads");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an end, not a reset");
    String::from_utf8(bytes).expect("UTF-8")
}

fn sessions(lab: &Lab) -> Value {
    lab.control("GET", "/sessions", &Value::Null).json()["count"].clone()
}

#[test]
fn a_status_is_answered_so_many_times_and_nothing_is_carried_out() {
    let lab = Lab::new();
    let list = plan(
        &lab,
        json!([
            {"hop": "api", "method": "POST", "path": "/sessions", "kind": "status", "status": 503, "times": 2},
            {"hop": "api", "path": "/sessions/*", "kind": "status", "status": 429},
            {"hop": "api", "path": "/connect/token", "kind": "status", "status": 401},
        ]),
    );
    assert_eq!(
        list["faults"][0],
        json!({
            "hop": "api", "kind": "status", "times": 2, "happened": 0, "delay_ms": 0, "status": 503, "method": "POST",
            "path": "/sessions",
        })
    );
    let create = || lab.call("POST", "/sessions", &non_hosted(CHALLENGE_CARD, Value::Null));
    for _ in 0..2 {
        let refused = create();
        assert_eq!((refused.status, refused.codes()), (503, vec!["ds_error".to_owned()]));
    }
    assert_eq!(sessions(&lab), 0);
    let created = create();
    assert_eq!(created.status, 202);
    let path = format!("/sessions/{}", text(&created.json(), "id"));
    let refused = lab.call("GET", &path, &Value::Null);
    assert_eq!((refused.status, refused.header("Retry-After")), (429, Some("1")));
    assert_eq!(lab.call("GET", &path, &Value::Null).status, 200);
    let refused = lab.ask_token("");
    assert_eq!((refused.status, refused.body.as_str()), (401, ""));
    let left = lab.control("GET", "/faults", &Value::Null).json();
    let counts = left["faults"].as_array().expect("a list").iter().map(|one| (&one["times"], &one["happened"]));
    assert!(counts.eq([(&json!(0), &json!(2)), (&json!(0), &json!(1)), (&json!(0), &json!(1))]), "{left}");
}

#[test]
fn an_answer_is_lost_cut_or_spoilt_after_the_session_was_made() {
    let lab = Lab::new();
    plan(&lab, json!([{"hop": "api", "kind": "close"}]));
    assert_eq!(create_bytes(&lab), "");
    assert_eq!(sessions(&lab), 1);
    plan(&lab, json!([{"hop": "api", "kind": "truncate"}]));
    let cut = create_bytes(&lab);
    let (head, body) = cut.split_once("\r\n\r\n").expect("a whole head");
    let announced = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
    let announced: usize = announced.parse().expect("a number");
    assert!(head.starts_with("HTTP/1.1 202") && body.starts_with("{\"id\":\"sid_"), "{cut}");
    assert_eq!(body.len(), announced / 2);
    assert_eq!(sessions(&lab), 2);
    plan(&lab, json!([{"hop": "api", "kind": "invalid_json"}]));
    let spoilt = create_bytes(&lab);
    let (head, body) = spoilt.split_once("\r\n\r\n").expect("a whole head");
    assert!(head.starts_with("HTTP/1.1 202") && head.contains("\r\nContent-Type: application/json"), "{spoilt}");
    assert!(head.contains(&format!("\r\nContent-Length: {}", body.len())), "{spoilt}");
    assert!(serde_json::from_str::<Value>(body).is_err() && !body.is_empty(), "{spoilt}");
    assert_eq!(sessions(&lab), 3);
}

#[test]
fn a_delay_takes_real_time_and_spares_everything_else() {
    let lab = Lab::new();
    plan(&lab, json!([{"hop": "api", "kind": "delay_ms", "delay_ms": 300, "times": 1}]));
    // Neither control routes nor pages are troubled.
    assert_eq!(lab.control("GET", "/clock", &Value::Null).status, 200);
    lab.form("/simulator/acs/challenge", &[("creq", "x")]);
    assert_eq!(lab.control("GET", "/faults", &Value::Null).json()["faults"][0]["times"], 1);
    let began = Instant::now();
    assert_eq!(lab.call("POST", "/sessions", &non_hosted(CHALLENGE_CARD, Value::Null)).status, 202);
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert_eq!(lab.control("GET", "/faults", &Value::Null).json()["faults"][0]["times"], 0);
}

#[test]
fn a_list_is_taken_whole_or_not_at_all_and_a_reset_empties_it() {
    let lab = Lab::new();
    let good = json!({"hop": "api", "kind": "close", "times": 5});
    plan(&lab, json!([good]));
    let wrong = |faults: Value| {
        let answer = lab.control("PUT", "/faults", &json!({"faults": faults}));
        assert_eq!(answer.status, 422, "{answer:?}");
        answer.codes()
    };
    assert_eq!(wrong(json!([good, {"hop": "directory", "kind": "close"}])), ["hop_not_supported"]);
    assert_eq!(wrong(json!([{"kind": "explode"}])), ["hop_required", "kind_invalid"]);
    assert_eq!(wrong(json!([{"hop": "api", "kind": "status"}])), ["status_required"]);
    assert_eq!(wrong(json!([{"hop": "api", "kind": "status", "status": 200}])), ["status_invalid"]);
    assert_eq!(wrong(json!([{"hop": "api", "kind": "delay_ms"}])), ["delay_ms_required"]);
    assert_eq!(wrong(json!([{"hop": "api", "kind": "close", "path": "/_sandbox/reset"}])), ["path_invalid"]);
    assert_eq!(
        wrong(json!([{"hop": "api", "kind": "close", "colour": 1, "times": -1}])),
        ["colour_invalid", "times_invalid"]
    );
    assert_eq!(wrong(json!(7)), ["faults_invalid"]);
    assert_eq!(lab.control("PUT", "/faults", &json!({})).codes(), ["faults_required"]);
    assert_eq!(lab.control("GET", "/faults", &Value::Null).json()["faults"][0]["times"], 5);
    lab.control("POST", "/reset", &Value::Null);
    assert_eq!(lab.control("GET", "/faults", &Value::Null).json(), json!({"faults": []}));
}

#[test]
fn reads_and_writes_are_limited_in_each_second_of_the_sandboxs_clock() {
    let lab = Lab::new();
    let id = text(&lab.create(&non_hosted(CHALLENGE_CARD, Value::Null)), "id").to_owned();
    let (create, read) = (
        || lab.call("POST", "/sessions", &non_hosted(CHALLENGE_CARD, Value::Null)),
        || lab.call("GET", &format!("/sessions/{id}"), &Value::Null),
    );
    for _ in 0..3 {
        assert_eq!((create().status, read().status), (202, 200), "off by default");
    }
    let limit = json!({"rate_limit": "on", "reads_per_second": 2, "writes_per_second": 1});
    assert_eq!(lab.control("PUT", "/settings", &limit).status, 200);
    assert_eq!((create().status, read().status, read().status), (202, 200, 200));
    for refused in [create(), read()] {
        assert_eq!((refused.status, refused.header("Retry-After")), (429, Some("1")));
        assert_eq!(refused.codes(), ["rate_limit_exceeded"]);
        assert_eq!(refused.json()["error_type"], "too_many_requests");
    }
    assert_eq!(lab.ask_token("").status, 200, "the token server is never limited");
    lab.clock.advance(Duration::from_secs(1));
    assert_eq!((create().status, create().status, read().status), (202, 429, 200));
    lab.control("PUT", "/settings", &json!({"rate_limit": "off"}));
    assert_eq!((create().status, create().status), (202, 202));
    let settings = lab.control("GET", "/settings", &Value::Null).json();
    assert_eq!((&settings["rate_limit"], &settings["reads_per_second"]), (&json!("off"), &json!(2)));
}
