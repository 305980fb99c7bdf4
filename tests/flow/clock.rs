//! The sandbox's clock as runs and windows see it, and pictures of runs on the disk.

use std::time::Duration;

use sessions_console::bus::Command;
use sessions_console::model::Workspace;
use sessions_console::model::deadline::Deadline;
use sessions_console::model::draft::Completion;
use sessions_console::model::exchange::Step;
use sessions_console::model::run::{Plan, Shopper};
use sessions_console::model::sandbox::SandboxAct;

use super::support::{bench, plan};

#[test]
fn a_held_clock_moves_the_deadlines_of_those_who_wait() {
    let mut bench = bench();
    let id = bench.start(Plan { shopper: Shopper::Person, ..plan(Completion::NonHosted) });
    let turn = bench.turn_with(id, Step::Challenge);
    assert_eq!(bench.engine.workspace().clock_stands, None);
    bench.engine.dispatch(Command::Sandbox(SandboxAct::FreezeClock));
    bench.until("the clock stands still", |w| w.clock_stands.is_some());
    assert!(!bench.engine.workspace().clock_held, "that is for turns before each step");
    assert_eq!(bench.run(id).stood_since(turn.since), Duration::ZERO, "until it runs again");
    bench.engine.dispatch(Command::Sandbox(SandboxAct::RunClock));
    bench.until("the clock runs", |w| w.clock_stands.is_none());
    let run = bench.run(id);
    let stood = run.stood_since(turn.since);
    assert!(stood > Duration::ZERO);
    let deadlines = Deadline::all(run);
    assert_eq!(deadlines.iter().map(|deadline| deadline.stood).collect::<Vec<_>>(), [stood, stood]);
}

#[test]
fn a_picture_is_written_or_the_reason_said() {
    let mut bench = bench();
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("run.svg");
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M232.7 4111.0L386.0 4111.0\"/></svg>\n";
    bench.engine.dispatch(Command::SavePicture(path.clone(), svg.into()));
    let told = |w: &Workspace, words: &str| w.notices.iter().any(|notice| notice.problem.summary.contains(words));
    bench.until("the picture", |w| told(w, "Saved ") && told(w, "run.svg"));
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), svg);
    let nowhere = dir.path().join("gone").join("run.svg");
    bench.engine.dispatch(Command::SavePicture(nowhere.clone(), svg.into()));
    bench.until("the reason", |w| told(w, "cannot be written"));
    assert!(!nowhere.exists());
}
