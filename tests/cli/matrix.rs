//! `run … --matrix version`: each scenario on each version, judged where its file holds.

use std::fs;

use serde_json::Value;

use super::{Place, text};

#[test]
fn a_scenario_runs_on_each_version_and_is_named_by_it() {
    let place = Place::new();
    let (json, junit) = (place.file("r.json"), place.file("r.xml"));
    let (to_json, to_junit) = (format!("json={}", json.display()), format!("junit={}", junit.display()));
    let words =
        ["run", "S021", "S061", "--matrix", "version", "--seed", "1", "--report", &to_json, "--report", &to_junit];
    let ended = place.run(&words).expect(0, &["passed  S021 · 2.1.0", "passed  S021 · 2.2.0", "passed  S021 · 2.3.1"]);
    let ended = ended
        .expect(0, &["passed  S061 · 2.2.0", "not judged  S061 · 2.3.1", "5 passed, 0 failed, 0 broken, 1 not judged"]);
    drop(ended);
    let cases: Vec<Value> = serde_json::from_slice(&fs::read(json).expect("a report")).expect("a JSON array");
    let spoken: Vec<(&str, &str, &str)> = cases
        .iter()
        .map(|case| (text(case, "id"), text(case, "version"), text(&case["session"], "protocol_version")))
        .collect();
    let all = ["2.1.0", "2.2.0", "2.3.1"];
    let expected: Vec<_> = ["S021", "S061"].iter().flat_map(|id| all.map(|version| (*id, version, version))).collect();
    assert_eq!(spoken, expected);
    assert_eq!(text(&cases[5], "verdict"), "not judged");
    // The same seed gives each version the same ids: what differs is the version's doing.
    assert_eq!(cases[0]["session"]["transaction_id"], cases[2]["session"]["transaction_id"]);
    assert!(fs::read_to_string(junit).expect("a report").contains("S061 · 2.3.1 colour depth"));
}

#[test]
fn a_scenario_about_one_version_is_run_on_that_one_and_says_so() {
    let place = Place::new();
    let words = ["run", "S038", "S071", "--matrix", "version"];
    place.run(&words).expect(
        0,
        &[
            "note: S038 is about 2.3.1: it is run on that version only",
            "passed  S038 · 2.3.1",
            "passed  S071 · 1.0.2",
            "2 passed, 0 failed, 0 broken in",
        ],
    );
}

#[test]
fn other_dimensions_are_refused_with_what_works() {
    let place = Place::new();
    for word in ["scheme", "version,channel"] {
        place.run(&["run", "S001", "--matrix", word]).expect(2, &["yet; version works today"]);
    }
    place.run(&["run", "S001", "--matrix", "size"]).expect(2, &["write version"]);
}
