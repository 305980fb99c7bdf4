//! The only place that starts an engine for a test, and the only place that waits.
#![allow(dead_code)] // each test binary uses its part

use std::time::{Duration, Instant};

use sessions_console::bus::Command;
use sessions_console::engine::{ClockMode, Engine, Options, Ports};
use sessions_console::model::draft::{Body, Completion, Draft};
use sessions_console::model::run::{Answer, Phase, Plan, Run, Turn, What};
use sessions_console::model::{RunId, Workspace};

/// How long a test waits for a condition before it fails.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// An engine with its own data folder, on free ports, with a seeded sandbox.
pub struct Bench {
    pub engine: Engine,
    pub dir: tempfile::TempDir,
}

pub fn options(dir: &tempfile::TempDir) -> Options {
    Options {
        data_dir: dir.path().to_owned(),
        ports: Ports::FREE,
        take_free_ports: false,
        seed: Some(7),
        environment_profile: None,
        client_secret: None,
        keychain: sessions_console::store::keychain::Keychain::off(),
        clock: ClockMode::Real,
    }
}

pub fn bench() -> Bench {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let engine = Engine::start(options(&dir), || ()).expect("an engine on free ports");
    Bench { engine, dir }
}

/// The default draft as a plan: auto, the scripted cardholder answers.
pub fn plan(completion: Completion) -> Plan {
    let draft = Draft::new(completion);
    Plan::of(&draft, sessions_console::model::settings::Settings::default().active_profile)
}

/// The same, with another card.
pub fn plan_with_card(completion: Completion, number: &str) -> Plan {
    let mut draft = Draft::new(completion);
    draft.doc_mut(Body::Session).set("/source/number", Some(number.into()));
    Plan { body: draft.doc(Body::Session).text().to_owned(), ..plan(completion) }
}

/// A plan from the default draft, changed.
pub fn drawn(completion: Completion, change: impl FnOnce(&mut Draft)) -> Plan {
    let base = plan(completion);
    let mut draft = Draft::new(completion);
    change(&mut draft);
    Plan { pace: base.pace, shopper: base.shopper, ..Plan::of(&draft, base.profile) }
}

pub fn set(draft: &mut Draft, pointer: &str, value: serde_json::Value) {
    draft.doc_mut(Body::Session).set(pointer, Some(value));
}

impl Bench {
    pub fn start(&mut self, plan: Plan) -> RunId {
        self.engine.dispatch(Command::Run(plan));
        self.engine.workspace().newest_run().expect("a run at once").id
    }

    pub fn run(&self, id: RunId) -> &Run {
        &self.engine.workspace().runs[&id]
    }

    /// Folds in events until the condition holds.
    pub fn until(&mut self, what: &str, holds: impl Fn(&Workspace) -> bool) {
        let start = Instant::now();
        while !holds(self.engine.workspace()) {
            let left = DEADLINE.saturating_sub(start.elapsed());
            if left.is_zero() {
                panic!("waited in vain for {what}\n{}", describe(self.engine.workspace()));
            }
            self.engine.wait(left.min(Duration::from_millis(200)));
        }
    }

    /// Answers the turn that a run waits with, with its request as it is.
    pub fn answer(&mut self, id: RunId, answer: Answer) {
        let turn = self.turn_of(id);
        self.engine.dispatch(Command::Answer(id, answer, Box::new(turn.request)));
    }

    /// Until a run has nothing left to do; fails if it waits for a person.
    pub fn end_of(&mut self, id: RunId) -> &Run {
        self.until("the end of the run", |w| !matches!(w.runs[&id].phase, Phase::Working(_)));
        assert_eq!(self.run(id).phase, Phase::Ended, "{}", describe(self.engine.workspace()));
        self.run(id)
    }

    /// Until a run has nothing left to do, while a person acts in a browser.
    pub fn end_meanwhile(&mut self, id: RunId) {
        self.until("the end of the run", |w| w.runs[&id].phase == Phase::Ended);
    }

    /// Until a run waits for a person.
    pub fn turn_of(&mut self, id: RunId) -> Turn {
        self.until("a person's turn", |w| matches!(w.runs[&id].phase, Phase::Waiting(_)));
        match &self.run(id).phase {
            Phase::Waiting(turn) => Turn::clone(turn),
            other => panic!("{other:?}"),
        }
    }

    /// Until a run waits for a person with this step.
    pub fn turn_with(&mut self, id: RunId, step: sessions_console::model::exchange::Step) -> Turn {
        self.until(
            &format!("a turn with {step}"),
            |w| matches!(&w.runs[&id].phase, Phase::Waiting(turn) if turn.request.step == step),
        );
        self.turn_of(id)
    }
}

pub fn status(run: &Run) -> &str {
    run.session().map_or("no session", |session| session.status.word())
}

/// The timeline as lines, for messages and comparisons.
pub fn lines(run: &Run) -> Vec<String> {
    let line = |what: &What| match what {
        What::Exchange(e) => {
            let status = e.status().map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            format!("{} {} {} {status}", e.step, e.request.method, e.path())
        }
        What::Scheme(message) => format!("{} {}", message.kind, message.gist),
        What::Phone(message) => format!("phone {}", message.text),
        What::Delivery(delivery) => format!("{} {:?}", delivery.kind.name(), delivery.verdict),
        What::Wait(step) => format!("wait {step}"),
        What::Skipped(step) => format!("skipped {step}"),
        What::Paused(step) => format!("paused {step}"),
        What::Noted(step, words) => format!("noted {step}: {words}"),
        What::Failed(step, problem) => format!("failed {step}: {}", problem.line()),
        What::Cancelled => "cancelled".into(),
    };
    run.entries.iter().map(|entry| line(&entry.what)).collect()
}

pub fn describe(workspace: &Workspace) -> String {
    let runs = workspace.runs.values().map(|run| {
        let phase = match &run.phase {
            Phase::Waiting(turn) => format!("waiting with {} {:?}", turn.request.step, turn.problem),
            other => format!("{other:?}"),
        };
        format!("{} {phase} {}\n  {}", run.id, status(run), lines(run).join("\n  "))
    });
    let notices = workspace.notices.iter().map(|notice| notice.problem.line());
    runs.chain(notices).collect::<Vec<_>>().join("\n")
}
