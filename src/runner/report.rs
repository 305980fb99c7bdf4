//! Results as text for other programs: `JUnit` XML and JSON. Pure: results in, text out;
//! who writes it, and where, is not known here. Nothing in it is a secret: rows carry
//! no bodies, and their addresses were masked when they were recorded.

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use super::{Case, Results, Row, Verdict};

/// What a report can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `JUnit` XML.
    Junit,
    /// A JSON array, one object for each case.
    Json,
}

impl Format {
    /// All of them, with the words that name them.
    pub const ALL: [(&'static str, Self); 2] = [("junit", Self::Junit), ("json", Self::Json)];
}

/// The report as text.
pub fn write(format: Format, results: &Results) -> String {
    match format {
        Format::Junit => junit(results),
        Format::Json => json(results),
    }
}

fn junit(results: &Results) -> String {
    let mut suite = TestSuite::new(format!("Scenarios, {}", results.environment));
    suite.set_time(results.took);
    if let Some(seed) = results.seed {
        suite.add_property(Property::new("seed", seed.to_string()));
    }
    suite.add_test_cases(results.cases.iter().map(|case| junit_case(case, results.rounds)));
    let mut report = Report::new("sessions-console");
    report.set_time(results.took);
    report.add_test_suite(suite);
    report.to_string().expect("a report without a timestamp of its own is always text")
}

fn junit_case(case: &Case, rounds: u32) -> TestCase {
    let status = match &case.verdict {
        Verdict::Passed => TestCaseStatus::success(),
        Verdict::Failed(_) => non_success(NonSuccessKind::Failure, "mismatch", case),
        Verdict::Broken(_) => non_success(NonSuccessKind::Error, "broken", case),
        Verdict::NotJudged => {
            let mut status = TestCaseStatus::skipped();
            status.set_message("carried out; its file says nothing of this version");
            status
        }
    };
    let round = if rounds > 1 { format!(" (round {})", case.round) } else { String::new() };
    let mut written = TestCase::new(format!("{} {}{round}", case.label(), case.name), status);
    written.set_classname("scenarios").set_time(case.took).set_system_out(timeline(&case.timeline));
    written
}

fn non_success(kind: NonSuccessKind, class: &str, case: &Case) -> TestCaseStatus {
    let lines = case.verdict.lines();
    let steps = case.problems.iter().map(|problem| format!("step: {}", problem.line()));
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(class).set_message(lines.first().map_or("", String::as_str));
    status.set_description(lines.iter().cloned().chain(steps).collect::<Vec<_>>().join("\n"));
    status
}

fn timeline(rows: &[Row]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

fn json(results: &Results) -> String {
    let cases: Vec<Value> = results.cases.iter().map(|case| json_case(case, results)).collect();
    let mut text = format!("{:#}", Value::Array(cases));
    text.push('\n');
    text
}

fn json_case(case: &Case, results: &Results) -> Value {
    let problem = |problem: &crate::model::Problem| json!({ "summary": problem.summary, "causes": problem.causes, "hint": problem.hint });
    let (mismatches, broken) = match &case.verdict {
        Verdict::Passed | Verdict::NotJudged => (json!([]), Value::Null),
        Verdict::Failed(mismatches) => (json!(mismatches), Value::Null),
        Verdict::Broken(why) => (json!([]), problem(why)),
    };
    json!({
        "id": case.id,
        "name": case.name,
        "version": case.version,
        "round": case.round,
        "verdict": case.verdict.word(),
        "mismatches": mismatches,
        "problem": broken,
        "step_problems": case.problems.iter().map(problem).collect::<Vec<_>>(),
        "environment": results.environment,
        "seed": results.seed,
        "session": case.session,
        "timeline": case.timeline,
        "took_ms": u64::try_from(case.took.as_millis()).unwrap_or(u64::MAX),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::scenario::Mismatch;
    use crate::model::{Lane, Problem};

    fn case(id: &str, verdict: Verdict) -> Case {
        let row = Row {
            at_ms: 1,
            took_ms: 2,
            from: Lane::Merchant,
            to: Lane::Sessions,
            what: "Create session: POST http://sandbox/sessions → 201".into(),
            status: Some("pending".into()),
            findings: vec!["P005 another result".into()],
        };
        Case {
            id: id.into(),
            name: "a <name> & more".into(),
            version: None,
            round: 1,
            verdict,
            problems: Vec::new(),
            unreachable: false,
            took: Duration::from_millis(7),
            session: serde_json::Map::new(),
            timeline: vec![row],
        }
    }

    fn results() -> Results {
        let mismatch = Mismatch { what: "eci".into(), expected: "05".into(), actual: "07".into() };
        let cases = vec![
            case("S001", Verdict::Passed),
            case("S004", Verdict::Failed(vec![mismatch])),
            case("S021", Verdict::Broken(Problem::of("Not over within 60 s", "Look"))),
        ];
        Results {
            environment: "Embedded sandbox".into(),
            seed: Some(7),
            rounds: 1,
            cases,
            not_run: 0,
            took: Duration::from_millis(20),
        }
    }

    #[test]
    fn junit_tells_a_failure_from_an_error_and_survives_its_own_reading() {
        let text = write(Format::Junit, &results());
        let read = Report::deserialize_from_str(&text).expect("JUnit XML");
        assert_eq!((read.tests, read.failures, read.errors), (3, 1, 1), "{text}");
        assert!(text.contains("eci: expected 05, actual 07"), "{text}");
        assert!(text.contains("S001 a &lt;name&gt; &amp; more"), "{text}");
        assert!(text.contains("POST http://sandbox/sessions → 201  [pending]"), "{text}");
    }

    #[test]
    fn json_is_an_array_with_one_object_for_each_case() {
        let text = write(Format::Json, &results());
        let read: Vec<Value> = serde_json::from_str(&text).expect("a JSON array");
        let verdicts: Vec<&str> = read.iter().filter_map(|case| case["verdict"].as_str()).collect();
        assert_eq!(verdicts, ["passed", "failed", "broken"]);
        assert_eq!(read[1]["mismatches"][0]["actual"], "07");
        assert_eq!(read[0]["timeline"][0]["findings"][0], "P005 another result");
        assert_eq!(read[2]["problem"]["summary"], "Not over within 60 s");
    }
}
