//! The user's own marks and notes: they go through the engine, stay with their row while the
//! run goes on, and are taken away again.

use sessions_console::bus::Command;
use sessions_console::model::draft::Completion;
use sessions_console::model::exchange::Step;
use sessions_console::model::run::{Answer, Plan, Run, Shopper};
use sessions_console::model::{RunId, Workspace};

use crate::support::{bench, plan};

/// Number, mark and note of the rows that have one of them.
fn remarks(run: &Run) -> Vec<(usize, bool, String)> {
    let rows = run.entries.iter().filter(|entry| entry.remark.marked || !entry.remark.note.is_empty());
    rows.map(|entry| (entry.number, entry.remark.marked, entry.remark.note.clone())).collect()
}

#[test]
fn marks_and_notes_stay_with_their_rows_while_the_run_goes_on() {
    let mut bench = bench();
    let id = bench.start(Plan { shopper: Shopper::Person, ..plan(Completion::NonHosted) });
    bench.turn_of(id);
    let created = |w: &Workspace| {
        let run = &w.runs[&id];
        let is_it = |entry: &&sessions_console::model::run::Entry| {
            entry.exchange().is_some_and(|exchange| exchange.step == Step::Create)
        };
        run.entries.iter().find(is_it).expect("the session was created").number
    };
    let create = created(bench.engine.workspace());
    bench.engine.dispatch(Command::Mark(id, create, true));
    bench.engine.dispatch(Command::Annotate(id, create, "  the one that Jordan asked about\n".into()));
    let noted = (create, true, "the one that Jordan asked about".to_owned());
    assert_eq!(remarks(bench.run(id)), std::slice::from_ref(&noted), "seen at once");
    bench.answer(id, Answer::Here);
    let run = bench.end_of(id);
    assert_eq!(remarks(run), [noted], "rows that came before and after have changed nothing");
    assert_eq!(created(bench.engine.workspace()), create);
    bench.engine.dispatch(Command::Mark(id, create, false));
    bench.engine.dispatch(Command::Annotate(id, create, String::new()));
    assert_eq!(remarks(bench.run(id)), []);
    // What is not there any more can be marked in vain.
    bench.engine.dispatch(Command::Mark(id, usize::MAX, true));
    bench.engine.dispatch(Command::Annotate(RunId(u64::MAX), create, "nobody".into()));
    assert_eq!(remarks(bench.run(id)), []);
}
