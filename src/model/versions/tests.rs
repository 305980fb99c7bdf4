use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::model::draft::{Completion, Draft};
use crate::model::profile::ProfileId;
use crate::model::run::{Plan, What};
use crate::model::scheme::SchemeMessage;
use crate::model::{Lane, SessionId, Stamp};

fn stamp(ms: u64) -> Stamp {
    Stamp { wall: Timestamp::from_second(1_790_000_000).expect("in range"), mono: Duration::from_millis(ms) }
}

/// A run that saw these messages between 3DS Server and directory, and speaks this version.
fn run(number: u64, version: &str, messages: &[(&'static str, Value)]) -> Run {
    let plan = Plan::of(&Draft::new(Completion::NonHosted), ProfileId("embedded".into()));
    let mut run = Run::new(RunId(number), plan, stamp(0));
    let session = json!({"id": "sid_skp65s2imhnguhok7722ffif7l", "status": "approved", "protocol_version": version});
    run.progress.session = crate::model::api::Session::read(session.to_string().as_bytes());
    for (at, (kind, body)) in messages.iter().enumerate() {
        run.scheme_message_seen(SchemeMessage {
            session: SessionId("sid_skp65s2imhnguhok7722ffif7l".into()),
            kind,
            from: Lane::Sessions,
            to: Lane::Directory,
            at: stamp(10 + at as u64),
            took: Duration::ZERO,
            gist: String::new(),
            body: Bytes::from(body.to_string()),
        });
    }
    run
}

fn three(bodies: [Value; 3]) -> Comparison {
    let [a, b, c] = bodies;
    let runs = [run(1, "2.1.0", &[("AReq", a)]), run(2, "2.2.0", &[("AReq", b)]), run(3, "2.3.1", &[("AReq", c)])];
    Comparison::of(&runs.iter().collect::<Vec<_>>())
}

fn row<'a>(comparison: &'a Comparison, name: &str) -> &'a Row {
    let rows = comparison.groups.iter().flat_map(|group| &group.rows);
    rows.into_iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no row {name}"))
}

fn topics(row: &Row) -> Vec<&'static str> {
    row.why.iter().map(|rule| rule.topic).collect()
}

#[test]
fn each_member_stands_on_one_line_with_the_row_of_the_table_it_comes_from() {
    let found = three([
        json!({"messageVersion": "2.1.0", "threeDSRequestorChallengeInd": "02", "authenticationType": "02", "same": 1}),
        json!({"messageVersion": "2.2.0", "threeDSRequestorChallengeInd": "05", "authenticationType": "02", "same": 1,
            "browserJavascriptEnabled": true, "whiteListStatus": "Y"}),
        json!({"messageVersion": "2.3.1", "threeDSRequestorChallengeInd": ["05"], "authenticationMethod": ["02"],
            "same": 1, "browserJavascriptEnabled": true, "trustListStatus": "Y", "acceptLanguage": ["de"]}),
    ]);
    let words: Vec<&str> = found.columns.iter().map(|column| column.word.as_str()).collect();
    assert_eq!(words, ["2.1.0", "2.2.0", "2.3.1"]);
    assert_eq!(topics(row(&found, "messageVersion")), ["version"]);
    assert_eq!(topics(row(&found, "threeDSRequestorChallengeInd")), ["challengeInd", "challengeInd"]);
    let method = row(&found, "authenticationType");
    assert_eq!(method.later, Some("authenticationMethod"));
    assert_eq!(method.cells, [Some("\"02\"".into()), Some("\"02\"".into()), Some("[\"02\"]".into())]);
    assert_eq!(method.paths[2].as_deref(), Some("$.authenticationMethod"));
    assert_eq!(topics(method), ["authentication method"]);
    assert_eq!(topics(row(&found, "browserJavascriptEnabled")), ["JavaScript flag"]);
    assert_eq!(topics(row(&found, "whiteListStatus")), ["whitelist"]);
    assert_eq!(topics(row(&found, "acceptLanguage")), ["accepted languages"]);
    assert_eq!(row(&found, "same").sign, Sign::Same);
    assert!(found.groups.iter().all(|group| group.rows.iter().all(|row| row.name != "trustListStatus")));
    assert_eq!(found.counts(), (6, 0));
}

#[test]
fn what_the_table_does_not_know_differs_without_a_reason() {
    let found = three([json!({"mcc": "5999"}), json!({"mcc": "5999"}), json!({"mcc": "5411"})]);
    assert_eq!((row(&found, "mcc").sign, topics(row(&found, "mcc"))), (Sign::Differs, vec![]));
    // A rule must fit what is seen: the flag was there on 2.1.0, which no row explains.
    let found = three([json!({"acceptLanguage": ["de"]}), json!({}), json!({"acceptLanguage": ["de"]})]);
    assert_eq!(topics(row(&found, "acceptLanguage")), Vec::<&str>::new());
}

#[test]
fn what_a_message_before_says_is_not_told_again() {
    let bodies = |version: &str, wish: Value| {
        [
            ("AReq", json!({"messageVersion": version, "wish": wish})),
            ("AReq", json!({"messageVersion": version, "wish": wish, "ds": version})),
        ]
    };
    let leg = |number, version, wish| {
        let mut run = run(number, version, &bodies(version, wish)[..1]);
        let relayed = run.entries.first().expect("a row");
        let What::Scheme(message) = &relayed.what else { panic!("a message") };
        let body = bodies(version, json!(version))[1].1.to_string();
        let relayed =
            SchemeMessage { from: Lane::Directory, to: Lane::Issuer, body: Bytes::from(body), ..message.clone() };
        run.scheme_message_seen(relayed);
        run
    };
    let runs = [leg(1, "2.1.0", json!("2.1.0")), leg(2, "2.3.1", json!("2.3.1"))];
    let found = Comparison::of(&[&runs[0], &runs[1]]);
    let repeats: Vec<(&str, bool)> = found.groups[1].rows.iter().map(|row| (row.name.as_str(), row.repeats)).collect();
    assert_eq!(repeats, [("messageVersion", true), ("wish", true), ("ds", false)]);
    assert_eq!(found.counts(), (3, 0));
}

#[test]
fn ids_times_and_keys_are_no_difference_but_a_result_is() {
    let body = |id: &str, key: &str, status: &str| {
        json!({"acsTransID": id, "purchaseDate": "20261128154300", "transStatus": status,
            "sdkEphemPubKey": {"kty": "EC", "x": key}})
    };
    let found = three([
        body("310184a2-e7d0-4a06-823c-c78fc7c6b561", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "Y"),
        body("410184a2-e7d0-4a06-823c-c78fc7c6b561", "a83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "Y"),
        body("510184a2-e7d0-4a06-823c-c78fc7c6b561", "b83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "I"),
    ]);
    assert_eq!(row(&found, "acsTransID").sign, Sign::New(Volatile::Id));
    assert_eq!(row(&found, "sdkEphemPubKey.x").sign, Sign::New(Volatile::Random));
    assert_eq!(row(&found, "sdkEphemPubKey.kty").sign, Sign::Same);
    assert_eq!(row(&found, "transStatus").sign, Sign::Differs);
    let shown = |sieve: Sieve| found.groups[0].rows.iter().filter(|row| sieve.shows(row)).count();
    assert_eq!(shown(Sieve::default()), 1);
    assert_eq!(shown(Sieve { differs: true, lasting: false }), 3);
    assert_eq!(shown(Sieve { differs: false, lasting: false }), 5);
}

#[test]
fn messages_belong_together_by_kind_and_order_and_a_lacking_one_is_told() {
    let runs = [
        run(
            1,
            "2.2.0",
            &[("AReq", json!({})), ("CReq", json!({"n": 1})), ("CReq", json!({"n": 2})), ("CRes", json!({}))],
        ),
        run(2, "2.3.1", &[("AReq", json!({})), ("CReq", json!({"n": 1})), ("RReq", json!({}))]),
    ];
    let found = Comparison::of(&[&runs[0], &runs[1]]);
    let titles: Vec<&str> = found.groups.iter().map(|group| group.title.as_str()).collect();
    assert_eq!(titles, ["AReq", "CReq 1", "RReq", "CReq 2", "CRes"]);
    assert_eq!(found.groups[1].note, None);
    let lacking = &found.groups[4];
    assert!(lacking.note.expect("2.3.1 lacks it").contains("2.3.1 need not"), "{lacking:?}");
    assert_eq!(lacking.places[1], None);
    assert!(found.groups[3].note.expect("lacks it").contains("transStatus"));
    let spot = found.groups[1].spot(&found.groups[1].rows[0], 1).expect("it is there");
    assert_eq!((spot.path.as_deref(), runs[1].entries.numbered(spot.entry).is_some()), (Some("$.n"), true));
}

#[test]
fn lists_of_objects_are_compared_one_by_one_and_an_object_against_a_list_as_a_whole() {
    let prior = |value: Value| json!({"threeDSRequestorPriorAuthenticationInfo": value, "list": [{"a": 1}, {"a": 2}]});
    let one = json!({"threeDSReqPriorAuthMethod": "02"});
    let mut other = prior(json!([one.clone()]));
    other["list"][1]["a"] = json!(3);
    let found = three([prior(one.clone()), prior(one), other]);
    let whole = row(&found, "threeDSRequestorPriorAuthenticationInfo");
    assert_eq!(whole.cells[2].as_deref(), Some("[{\"threeDSReqPriorAuthMethod\":\"02\"}]"));
    assert_eq!(topics(whole), ["prior-auth and auth-info objects"]);
    let changed = row(&found, "list[1].a");
    assert_eq!((changed.sign, changed.paths[2].as_deref()), (Sign::Differs, Some("$.list[1].a")));
}

#[test]
fn an_encoded_message_of_another_version_is_known_as_that() {
    // {"messageVersion":"2.1.0"}, the same with 2.2.0, and one with another window size.
    let version = |creq: &str| json!({"challenge_request": creq});
    let (one, two) = ("eyJtZXNzYWdlVmVyc2lvbiI6IjIuMS4wIn0", "eyJtZXNzYWdlVmVyc2lvbiI6IjIuMi4wIn0");
    let found = three([version(one), version(two), version(two)]);
    assert_eq!(topics(row(&found, "challenge_request")), ["version"]);
    let found = three([version(one), version("eyJjaGFsbGVuZ2VXaW5kb3dTaXplIjoiMDUifQ"), version(two)]);
    assert_eq!(topics(row(&found, "challenge_request")), Vec::<&str>::new());
}

#[test]
fn markdown_keeps_its_table_whatever_a_value_holds() {
    let found = three([
        json!({"cardholderInfo": "a | `b`\n<i>"}),
        json!({"cardholderInfo": "a"}),
        json!({"cardholderInfo": {"text": "a"}}),
    ]);
    let text = found.markdown("S021 | x", Sieve::default());
    let line = text.lines().find(|line| line.contains("cardholderInfo")).expect("the row");
    assert!(line.contains(r#"`` "a \| `b`\n<i>" ``"#), "{line}");
    assert!(line.ends_with("128 characters. |"), "{line}");
    assert!(text.starts_with("## S021 \\| x on 2.1.0, 2.2.0, 2.3.1\n"), "{text}");
    let plain = found.plain("S021", Sieve::default());
    assert!(plain.contains("    2.3.1  {\"text\":\"a\"}\n    From 2.3.1 on an object"), "{plain}");
}

#[test]
fn every_rule_is_a_sentence_and_every_row_of_the_spec_has_one() {
    for rule in TABLE {
        assert!(rule.says.ends_with('.') && !rule.topic.is_empty() && !rule.members.is_empty(), "{rule:?}");
        assert!(
            rule.says.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
                || rule.says.starts_with("true")
                || rule.says.starts_with("auth"),
            "{rule:?}"
        );
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), "[ -~]{0,12}".prop_map(Value::from)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-zA-Z.'|]{0,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn equal_bodies_never_differ_and_nothing_breaks(a in json_value(), b in json_value()) {
        let (a, b) = (json!({"m": a}), json!({"m": b}));
        let same = three([a.clone(), a.clone(), a.clone()]);
        prop_assert_eq!(same.counts(), (0, 0));
        let found = three([a.clone(), b.clone(), a.clone()]);
        if a != b && found.groups[0].rows.iter().all(|row| !matches!(row.sign, Sign::New(_))) {
            prop_assert!(found.counts().0 > 0);
        }
        let _ = (found.markdown("x", Sieve::default()), found.plain("x", Sieve::default()));
    }
}

#[test]
fn long_values_are_cut_and_deep_ones_end() {
    let mut deep = json!("x");
    for _ in 0..60 {
        deep = json!({ "a": deep });
    }
    let found = three([deep.clone(), deep, json!({"a": "y".repeat(1000)})]);
    assert!(found.groups[0].rows[0].cells[2].as_ref().is_some_and(|text| text.chars().count() == 301));
}
