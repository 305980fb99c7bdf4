//! The state machine, what came after the end, and the table of the rules.

use super::*;

fn read(ms: u64, status: &str, more: Value) -> Arc<Exchange> {
    Arc::new(api(ms, Step::Confirm, "/sessions/x", "", session(status, more)))
}

fn act(ms: u64, step: Step, status: u16, body: Value) -> Arc<Exchange> {
    let answer = answer(status, "application/json", body.to_string());
    Arc::new(call(ms, step, (Lane::Merchant, Lane::Sessions), "/sessions/x/act", "{}", answer))
}

fn seen(rows: Vec<Arc<Exchange>>) -> Run {
    let mut run = empty();
    rows.into_iter().for_each(|row| run.exchanged(row));
    run
}

#[test]
fn a_transition_that_does_not_exist_is_said_at_once() {
    let steps = |from: &str, to: &str| rules(&seen(vec![read(10, from, json!({})), read(50, to, json!({}))]));
    let none = [] as [&str; 0];
    for (from, to) in [
        ("pending", "challenged"),
        ("pending", "expired"),
        ("processing", "approved"),
        ("challenged", "declined"),
        ("challenged", "challenge_abandoned"),
        ("approved", "approved"),
        ("challenged", "a_new_word"),
    ] {
        assert_eq!(steps(from, to), none, "{from} {to}");
    }
    for (from, to) in [
        ("approved", "declined"),
        ("declined", "approved"),
        ("expired", "challenged"),
        ("challenged", "pending"),
        ("processing", "pending"),
        ("challenged", "processing"),
    ] {
        assert_eq!(steps(from, to), ["P012"], "{from} {to}");
    }
    let found = observed(&seen(vec![read(10, "declined", json!({})), read(50, "approved", json!({}))]));
    assert_eq!(
        (found[0].title.as_str(), found[0].fact.as_str()),
        ("No way from declined to approved", "status: approved")
    );
    assert_eq!(found[0].source, "Sessions API, states and actions");
    assert_eq!(found[0].evidence[0].fact, "status: declined");
    // Answers that were under way at the same time tell no order.
    let mut early = Exchange::clone(&read(10, "approved", json!({})));
    early.timing.total = Duration::from_millis(90);
    assert_eq!(rules(&seen(vec![Arc::new(early), read(50, "challenged", json!({}))])), none);
}

#[test]
fn an_action_that_the_state_forbids_is_said_refused_or_taken() {
    let refusal = |code: &str| json!({"request_id": "1", "error_type": "operation_not_allowed", "error_codes": [code]});
    let challenged = || read(10, "challenged", json!({"next_actions": ["challenge_cardholder"]}));
    let found =
        observed(&seen(vec![challenged(), act(50, Step::Complete, 403, refusal("update_not_allowed_due_to_state"))]));
    assert_eq!(found.iter().map(|one| one.rule).collect::<Vec<_>>(), ["P037"], "{found:?}");
    assert_eq!(found[0].evidence[0].spot.path.as_deref(), Some("$.next_actions"));
    assert!(found[0].message.contains("challenged when it was last read"), "{}", found[0].message);
    let busy = seen(vec![challenged(), act(50, Step::Collect, 409, refusal("session_already_in_use"))]);
    assert_eq!(rules(&busy), ["P037"]);
    let scope = seen(vec![challenged(), act(50, Step::Collect, 403, refusal("operation_not_allowed_for_scope"))]);
    assert_eq!(rules(&scope), ["P036"], "a scope is no state");

    // Taken, though nothing offered it.
    let taken = |view: Value, step| {
        let status = view["status"].as_str().unwrap_or_default().to_owned();
        rules(&seen(vec![read(10, &status, view), act(50, step, 204, Value::Null)]))
    };
    let offers = |status: &str, actions: &[&str]| json!({"status": status, "next_actions": actions});
    let none = [] as [&str; 0];
    assert_eq!(taken(offers("approved", &["complete"]), Step::Complete), none);
    let mut completed = offers("approved", &[]);
    completed["completed"] = true.into();
    assert_eq!(taken(completed, Step::Complete), ["P038"]);
    let collect = |view: Value, then: &str| {
        let status = view["status"].as_str().unwrap_or_default().to_owned();
        rules(&seen(vec![read(10, &status, view), act(50, Step::Collect, 200, session(then, json!({})))]))
    };
    assert_eq!(collect(offers("pending", &["collect_channel_data"]), "challenged"), none);
    assert_eq!(collect(offers("challenged", &["challenge_cardholder"]), "challenged"), ["P038"]);
    // The challenge may have ended since: only a session that is open afterwards proves it wrong.
    let complete = |after: &str| {
        let open = offers("challenged", &["challenge_cardholder"]);
        rules(&seen(vec![
            read(10, "challenged", open),
            act(50, Step::Complete, 204, Value::Null),
            read(90, after, json!({})),
        ]))
    };
    assert_eq!(complete("approved"), none);
    assert_eq!(complete("challenged"), ["P038"]);
}

#[test]
fn what_comes_after_the_end_is_late() {
    let rows = |status: &str| {
        let mut run = seen(vec![read(10, status, json!({}))]);
        run.scheme_message_seen(message(50, "RReq", IN, said("RReq", json!({"transStatus": "Y"}))));
        let cres = encoded(&cres(json!({"transStatus": "N"})));
        run.delivered(notified(60, &[("cres", &cres)]));
        observed(&run)
    };
    let late = |found: &[Observation]| found.iter().filter(|one| one.rule == "P003").count();
    assert_eq!(late(&rows("expired")), 2, "{:?}", rows("expired"));
    assert_eq!(late(&rows("approved")), 1, "the browser comes after the result");
    assert_eq!(late(&rows("challenged")), 0);
    let found = rows("expired");
    let one = found.iter().find(|one| one.rule == "P003").expect("late");
    assert_eq!((one.title.as_str(), one.evidence[0].fact.as_str()), ("RReq after the end", "status: expired"));
}

#[test]
fn a_cres_is_held_against_the_session_where_the_result_is_not_visible() {
    let ends = |cres_says: &str, status: &str| {
        let mut run = empty();
        run.delivered(notified(10, &[("cres", &encoded(&cres(json!({"transStatus": cres_says}))))]));
        run.exchanged(read(50, status, json!({})));
        rules(&run)
    };
    let none = [] as [&str; 0];
    assert_eq!(ends("Y", "approved"), none);
    assert_eq!(ends("Y", "attempted"), none);
    assert_eq!(ends("N", "declined"), none);
    assert_eq!(ends("Y", "challenged"), none, "not decided yet");
    assert_eq!(ends("Y", "declined"), ["P005"]);
    assert_eq!(ends("N", "approved"), ["P005"]);
    assert_eq!(ends("Y", "expired"), ["P005"]);
}

#[test]
fn a_callback_is_held_against_what_get_says_member_by_member() {
    let says = |more: Value| {
        let mut run = empty();
        let mut body = json!({"session_id": SID, "status": "approved", "eci": "05", "response_code": "Y"});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        run.exchanged(Arc::new(api(10, Step::Confirm, "/sessions/x", "", approved())));
        run.delivered(delivery(50, DeliveryKind::Callback, body.to_string(), Verdict::Matched));
        observed(&run)
    };
    assert_eq!(says(json!({})), []);
    for (name, value) in [("eci", "07"), ("response_code", "N"), ("status", "declined"), ("cryptogram", "AAAA")] {
        let found = says(json!({name: value}));
        assert_eq!(found.iter().map(|one| one.rule).collect::<Vec<_>>(), ["P023"], "{name}");
        assert_eq!(found[0].spot.path, Some(format!("$.{name}")));
        assert_eq!(found[0].evidence[0].spot.path, Some(format!("$.{name}")));
    }
}

#[test]
fn a_callback_while_the_session_is_read_open_came_too_early() {
    let mut run = empty();
    let body = json!({"session_id": SID, "status": "approved"}).to_string();
    run.delivered(delivery(10, DeliveryKind::Callback, body, Verdict::Matched));
    run.exchanged(read(50, "challenged", json!({})));
    let found = observed(&run);
    assert_eq!(found.iter().map(|one| one.rule).collect::<Vec<_>>(), ["P020"], "{found:?}");
    assert_eq!(found[0].evidence[0].fact, "status: challenged");
}

/// Each rule of the table has a document and a way out, and every rule is in it.
#[test]
fn every_rule_names_its_document_and_a_way_out() {
    let table = include_str!("../rules.rs");
    let named = table.lines().filter_map(|line| line.strip_prefix("//! | `")?.split('`').next());
    let named: Vec<&str> = named.collect();
    assert!(named.len() > 35, "{named:?}");
    for rule in named {
        assert!(!crate::model::lint::observed::rules::source(rule).is_empty() && !mend(rule).is_empty(), "{rule}");
    }
    assert_eq!(mend("P301"), error_advice("301"));
    assert_eq!(crate::model::lint::observed::rules::source("P491"), "EMV 3DS, browser information");
}
