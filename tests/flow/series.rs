//! One thing run on several versions, where something comes between.

use sessions_console::bus::Command;
use sessions_console::model::sandbox::SandboxAct;
use sessions_console::model::scenario::Version;
use sessions_console::model::versions::Order;

use crate::support::{self, Bench, bench};

fn begin(bench: &mut Bench, name: &str, arm: Option<&SandboxAct>) {
    let order = Order::of(name, &Version::SPOKEN, arm, &support::plan(Default::default()));
    bench.engine.dispatch(Command::Sandbox(SandboxAct::TryVersions(Box::new(order))));
}

fn to_its_end(bench: &mut Bench) {
    bench.until("the end of the series", |workspace| {
        workspace.series.as_ref().is_some_and(|series| series.is_over(workspace))
    });
}

#[test]
fn a_series_that_could_not_be_armed_does_not_stand_in_the_way_of_the_next() {
    let mut bench = bench();
    begin(&mut bench, "nothing", Some(&SandboxAct::Arm("no such scenario".into(), 1)));
    bench.until("a word on it", |workspace| {
        workspace.notices.iter().any(|notice| notice.problem.summary.contains("PUT /arm"))
    });
    assert!(bench.engine.workspace().runs.is_empty());
    begin(&mut bench, "the draft", None);
    to_its_end(&mut bench);
    assert_eq!(bench.engine.workspace().runs.len(), 3);
}

#[test]
fn a_newer_series_has_no_run_of_the_older_one() {
    let mut bench = bench();
    begin(&mut bench, "the older", None);
    begin(&mut bench, "the newer", None);
    to_its_end(&mut bench);
    let workspace = bench.engine.workspace();
    let series = workspace.series.as_ref().expect("a series");
    assert_eq!((series.name.as_str(), series.number, workspace.runs.len()), ("the newer", 2, 3));
    let versions: Vec<_> =
        workspace.runs.values().map(|run| (run.plan.series.map(u64::from), run.plan.version)).collect();
    assert_eq!(versions, Version::SPOKEN.map(|version| (Some(2), Some(version))));
}
