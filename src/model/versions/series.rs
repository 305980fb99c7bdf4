//! One thing run on several versions: what is asked for, and what has become of it.

use crate::model::run::{Plan, Run};
use crate::model::sandbox::SandboxAct;
use crate::model::scenario::Version;
use crate::model::{RunId, Workspace};

/// What is to be run, on which versions.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// `S021 OTP passed`, or `Draft`.
    pub name: String,
    /// In the order in which they are run.
    pub legs: Vec<Leg>,
}

/// One run of an [`Order`].
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    /// The version that the sandbox is told to speak.
    pub version: Version,
    /// What arms the scenario, if there is one.
    pub arm: Option<SandboxAct>,
    /// What is sent.
    pub plan: Plan,
}

impl Order {
    /// The same on these versions.
    pub fn of(name: &str, versions: &[Version], arm: Option<&SandboxAct>, plan: &Plan) -> Self {
        let leg = |version: &Version| Leg { version: *version, arm: arm.cloned(), plan: plan.clone() };
        Self { name: name.to_owned(), legs: versions.iter().map(leg).collect() }
    }
}

/// The runs of an [`Order`], as far as they have begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Counts up with each series of this program run.
    pub number: u64,
    /// What is run.
    pub name: String,
    legs: Vec<(Version, Option<RunId>)>,
}

impl Series {
    /// None of it has begun.
    pub fn new(number: u64, name: String, versions: Vec<Version>) -> Self {
        Self { number, name, legs: versions.into_iter().map(|version| (version, None)).collect() }
    }

    /// The run on this version has begun.
    pub fn began(&mut self, version: Version, run: RunId) {
        if let Some((_, own)) = self.legs.iter_mut().find(|(own, begun)| *own == version && begun.is_none()) {
            *own = Some(run);
        }
    }

    /// Those that have begun, in the order of their versions.
    pub fn runs(&self) -> impl Iterator<Item = RunId> {
        self.legs.iter().filter_map(|(_, run)| *run)
    }

    /// The one that began last.
    pub fn newest(&self) -> Option<RunId> {
        self.runs().max()
    }

    /// True if every run has begun and none of them is open any more.
    pub fn is_over(&self, workspace: &Workspace) -> bool {
        let over = |run: RunId| workspace.runs.get(&run).is_some_and(|run| !Run::is_open(run));
        self.legs.iter().all(|(_, run)| run.is_some_and(over))
    }
}
