//! What the program knows: data and rules, nothing that acts.
//!
//! Same input, same output: no network, no files, no clock, no window. Time enters
//! as a [`Stamp`] made elsewhere. The engine changes a `Workspace`; the window draws it.

pub mod api;
pub mod app;
pub mod beside;
pub mod body;
pub mod cards;
pub mod codes;
mod contract;
pub mod deadline;
pub mod deck;
pub mod delivery;
pub mod device;
pub mod devices;
pub mod diff;
mod doc;
pub mod draft;
pub mod exchange;
pub mod exemption;
pub mod explain;
pub mod fields;
pub mod filter;
pub mod finding;
pub mod jsonpath;
pub mod lens;
pub mod lint;
pub mod meaning;
pub mod moment;
pub mod oauth;
pub mod payload;
pub mod presets;
pub mod problem;
pub mod profile;
pub mod redact;
pub mod refusal;
pub mod retell;
pub mod richness;
pub mod run;
pub mod sandbox;
pub mod scenario;
pub mod scheme;
pub mod scopes;
pub mod seal;
pub mod secret;
pub mod sequence;
pub mod settings;
pub mod states;
pub mod steps;
pub mod template;
pub mod trace;
pub mod versions;
pub mod why;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use problem::Problem;
pub use secret::{Pan, Secret};

/// A moment: wall time as a label, monotonic time (since the program's first stamp)
/// for order and durations. Made by `clock::stamp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Wall time, UTC. May jump.
    pub wall: Timestamp,
    /// Monotonic time since the program's first stamp. Never jumps.
    pub mono: Duration,
}

impl Stamp {
    /// Time from `earlier` to this moment; zero if it was not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        self.mono.saturating_sub(earlier.mono)
    }
}

/// Our attempt at one authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run {}", self.0)
    }
}

/// The API's own identifier of a session (`sid_…`), as it came.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub String);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who takes part in an authentication; the lanes of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// The shopper's browser.
    Browser,
    /// The merchant: this console.
    Merchant,
    /// The Sessions API with the 3DS Server behind it.
    Sessions,
    /// The scheme's directory server.
    Directory,
    /// The issuer's access control server.
    Issuer,
    /// The callback listener.
    Callback,
}

impl Lane {
    /// All lanes, left to right.
    pub const ALL: [Self; 6] =
        [Self::Browser, Self::Merchant, Self::Sessions, Self::Directory, Self::Issuer, Self::Callback];

    /// One letter, for badges.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Browser => "B",
            Self::Merchant => "M",
            Self::Sessions => "S",
            Self::Directory => "D",
            Self::Issuer => "I",
            Self::Callback => "C",
        }
    }

    /// The name people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Browser => "Shopper's browser",
            Self::Merchant => "Merchant",
            Self::Sessions => "Sessions API",
            Self::Directory => "Directory server",
            Self::Issuer => "Issuer ACS",
            Self::Callback => "Callback",
        }
    }
}

/// Our loopback servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Server {
    /// Receives callbacks and notifications.
    Listener,
    /// Serves the shop's pages to a browser.
    MerchantPage,
    /// The embedded sandbox.
    Sandbox,
}

/// How a server of ours is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ServerStatus {
    /// Not started.
    #[default]
    Off,
    /// Listens.
    Up {
        /// Where: `127.0.0.1:8788`.
        address: String,
        /// The port that was asked for and taken, if another one had to be used.
        instead_of: Option<u16>,
    },
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Good news, which goes away by itself.
    Passing,
    /// Done, but not as asked.
    Warning,
    /// Something failed.
    Error,
}

/// Something the user should know, that belongs to no run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Counts up; used to dismiss it.
    pub number: u64,
    /// How much it matters.
    pub weight: Weight,
    /// What to say.
    pub problem: Problem,
}

/// A file that was opened to be looked at.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// Counts up with each.
    pub number: u64,
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes.
    pub source: body::Source,
}

/// All that the window draws. Changed by the engine alone.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    /// Settings and profiles.
    pub settings: settings::Settings,
    /// Where each profile's token stands.
    pub tokens: BTreeMap<profile::ProfileId, profile::TokenStatus>,
    /// Profiles whose client secret is held, and whether it may be sent to their present hosts.
    pub secrets: BTreeMap<profile::ProfileId, SecretState>,
    /// Profiles whose webhook signing key is held.
    pub webhook_keys: BTreeSet<profile::ProfileId>,
    /// What the keychain said of each profile that asked for it.
    pub keychain: BTreeMap<profile::ProfileId, Keeping>,
    /// The runs of this program run, oldest first.
    pub runs: BTreeMap<RunId, run::Run>,
    /// What reached the listener, oldest first.
    pub deliveries: Vec<Arc<delivery::Delivery>>,
    /// Our servers.
    pub servers: HashMap<Server, ServerStatus>,
    /// What the user should know.
    pub notices: Vec<Notice>,
    /// A body read from a file, until the builder has taken it: path, text, a number that
    /// grows with each.
    pub opened_body: Option<(u64, PathBuf, String)>,
    /// The file that was opened last to be looked at.
    pub inspected: Option<Inspected>,
    /// App values made on demand, until the builder has taken them: a number that grows
    /// with each, and the values.
    pub app_values: Option<(u64, app::AppValues)>,
    /// The page that reads the user's browser for the builder, while it waits for one.
    pub browser_page: Option<String>,
    /// What the user's browser said of itself, until the builder has taken it: a number that
    /// grows with each, and the members of `channel_data`.
    pub browser_read: Option<(u64, Map<String, Value>)>,
    /// The scenarios, the user's own beside ours, and the files that are none.
    pub deck: Arc<deck::Deck>,
    /// What template values stand for.
    pub values: template::Values,
    /// True if settings and deliveries reach the disk.
    pub saving: bool,
    /// True while the embedded sandbox's clock stands still for a person.
    pub clock_held: bool,
    /// Since when the embedded sandbox's clock stands still, for a person or because somebody
    /// has frozen it; `None` while it runs, and for a virtual clock.
    pub clock_stands: Option<Stamp>,
    /// What the embedded sandbox has shown of itself.
    pub sandbox: sandbox::Known,
    /// The newest runs of one thing on several versions.
    pub series: Option<versions::Series>,
    /// Production profiles that the user has confirmed in this program run.
    pub production_confirmed: BTreeSet<profile::ProfileId>,
}

/// Whether a profile's secret can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretState {
    /// Held, and for these hosts.
    Held,
    /// Held, but entered for other hosts (trust.md R23).
    Locked {
        /// The hosts it was entered for.
        entered_for: Vec<String>,
    },
}

/// Where a profile's secrets stand with the system's keychain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keeping {
    /// It is being asked.
    Asking,
    /// They are in it.
    Kept,
    /// It holds none.
    Nothing,
    /// It could not do it; the secrets are in memory only.
    Failed(Problem),
}

impl Workspace {
    /// The profile in use.
    pub fn profile(&self) -> Option<&profile::Profile> {
        let active = &self.settings.active_profile;
        self.settings.profiles.iter().find(|profile| &profile.id == active)
    }

    /// Where the token of the profile in use stands.
    pub fn token(&self) -> &profile::TokenStatus {
        self.tokens.get(&self.settings.active_profile).unwrap_or(&profile::TokenStatus::Absent)
    }

    /// The scopes of the profile in use: its token's, else those it asks for.
    pub fn scopes(&self) -> Option<scopes::Held> {
        scopes::Held::of(self.profile()?, self.token())
    }

    /// The newest run.
    pub fn newest_run(&self) -> Option<&run::Run> {
        self.runs.values().next_back()
    }

    /// The run with this session.
    pub fn run_of(&mut self, session: &SessionId) -> Option<&mut run::Run> {
        self.runs.values_mut().rev().find(|run| run.session_id() == Some(session))
    }
}
