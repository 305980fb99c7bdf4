//! Every byte we keep: what reached the listener, what was exchanged, the settings.
//!
//! Hides: SQLite, the writer thread, the lock, file modes, damage. Promises: what
//! [`Journal::append`] returned a number for survives `kill -9` and a power cut; nothing
//! damaged is ever deleted; secrets and foreign card numbers are masked before they are
//! written. Does not know who posts records or why. Source: trust.md R50-R57.

mod body;
mod db;
mod deck;
mod files;
pub mod keychain;
mod pems;
mod piece;
pub mod settings;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio_util::sync::CancellationToken;

use crate::bus::Journal;
use crate::model::Problem;
use crate::model::delivery::Delivery;
use crate::model::redact::{Origin, Redactor};

pub use body::{BodyError, read_body, write_body};
pub use deck::own_scenarios;
pub use files::default_dir;
pub use pems::{Pem, Pems};
pub use piece::{InspectError, inspect};

/// What could not be done with the data folder.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another program has the lock.
    #[error("the data folder {} is in use{}", .dir.display(), by(.holder))]
    Held {
        /// The folder.
        dir: PathBuf,
        /// The process that holds it, if it said so.
        holder: Option<u32>,
    },
    /// The folder belongs to another user.
    #[error("the data folder {} belongs to another user", .dir.display())]
    Foreign {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder or its lock cannot be used.
    #[error("the data folder {} cannot be used", .dir.display())]
    Dir {
        /// The folder.
        dir: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No place for data is known.
    #[error("no home folder is known, so there is no place for data")]
    NoHome,
    /// SQLite refuses.
    #[error("the history {} cannot be opened", .path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A newer version of this program wrote it.
    #[error("the history {} is of a newer version (schema {found})", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
    },
    /// A damaged file could not be moved aside.
    #[error("the damaged file {} cannot be moved aside", .path.display())]
    Aside {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The settings could not be written.
    #[error("the settings {} cannot be saved", .path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

fn by(holder: &Option<u32>) -> String {
    holder.map_or_else(|| " by another program".into(), |pid| format!(" by process {pid}"))
}

impl StoreError {
    /// What to do now.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Held { .. } => "Close the other Sessions Console, or choose another folder with --data-dir",
            Self::Foreign { .. } | Self::NoHome => "Choose a folder of your own with --data-dir",
            Self::Dir { .. } => "Check that the folder can be written, or choose another one with --data-dir",
            Self::Database { .. } | Self::Aside { .. } => "Check free space and permissions, then start again",
            Self::Newer { .. } => "Use the newer version, or choose another folder with --data-dir",
            Self::Settings { .. } => {
                "Check free space and permissions; the settings stay in use until the program ends"
            }
        }
    }

    /// As people see it.
    pub fn problem(&self) -> Problem {
        Problem::new(self, Some(self.hint()))
    }
}

/// Who is told of damage.
type Told = Arc<dyn Fn(Problem) + Send + Sync>;

/// What the writer shares with the store's owner.
#[derive(Default)]
struct Shared {
    redactor: Mutex<Option<Redactor>>,
    damage: Mutex<Damage>,
}

#[derive(Default)]
struct Damage {
    /// What was found, until somebody takes it.
    problem: Option<Problem>,
    told: Option<Told>,
}

impl Shared {
    fn redactor(&self) -> Redactor {
        let held = self.redactor.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone().unwrap_or_else(|| Redactor::new([], Origin::Embedded))
    }

    fn damage<T>(&self, act: impl FnOnce(&mut Damage) -> T) -> T {
        act(&mut self.damage.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells whoever wants to know, else keeps it.
    fn report(&self, problem: Problem) {
        let told = self.damage(|damage| match &damage.told {
            Some(told) => Some((Arc::clone(told), problem)),
            None => {
                damage.problem = Some(problem);
                None
            }
        });
        if let Some((told, problem)) = told {
            told(problem); // outside the lock: it may ask us something
        }
    }
}

/// The data folder, locked for us. Dropping it writes what is queued and lets go.
pub struct Store {
    dir: PathBuf,
    journal: Journal,
    shared: Arc<Shared>,
    launch: i64,
    stop: CancellationToken,
    writer: Option<thread::JoinHandle<()>>,
    _lock: std::fs::File,
}

impl Store {
    /// Takes the lock, opens the history and starts its writer. A damaged history is moved
    /// aside and a new one begun; [`Store::take_problem`] says so.
    ///
    /// # Errors
    /// If the folder cannot be used, another program holds it, or SQLite refuses.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let dir = files::ensure_dir(dir)?;
        let lock = files::lock(&dir)?;
        let path = dir.join(db::FILE);
        let (connection, problem) = db::open(&path)?;
        let launch = files::random_number();
        let (journal, postings) = Journal::channel();
        let (shared, stop) = (Arc::new(Shared::default()), CancellationToken::new());
        if let Some(problem) = problem {
            shared.report(problem);
        }
        let writer = writer::Writer::new(path, connection, launch, Arc::clone(&shared));
        let stopped = stop.clone();
        let writer = thread::Builder::new()
            .name("store writer".into())
            .spawn(move || writer.run(postings, &stopped))
            .map_err(|source| StoreError::Dir { dir: dir.clone(), source })?;
        Ok(Self { dir, journal, shared, launch, stop, writer: Some(writer), _lock: lock })
    }

    /// The way to the disk.
    pub fn journal(&self) -> Journal {
        self.journal.clone()
    }

    /// The secret part of this folder's inbox address; the same at each start (trust.md R2).
    ///
    /// # Errors
    /// If it can be neither read nor made.
    pub fn inbox_token(&self) -> Result<String, StoreError> {
        files::inbox_token(&self.dir).map_err(|source| StoreError::Dir { dir: self.dir.clone(), source })
    }

    /// Where everything is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Deliveries are masked with this from now on. Without one, only what R33 forbids
    /// in every case is masked.
    pub fn set_redactor(&self, redactor: Redactor) {
        *self.shared.redactor.lock().unwrap_or_else(PoisonError::into_inner) = Some(redactor);
    }

    /// Damage that was found at the start or since, once; nothing that was told to
    /// [`Store::on_problem`].
    pub fn take_problem(&self) -> Option<Problem> {
        self.shared.damage(|damage| damage.problem.take())
    }

    /// Tells of damage from now on, and at once of what nobody has taken yet. Called on the
    /// writer's thread: `told` must neither block for long nor wait for the journal.
    pub fn on_problem(&self, told: impl Fn(Problem) + Send + Sync + 'static) {
        let told: Told = Arc::new(told);
        let known = self.shared.damage(|damage| {
            damage.told = Some(Arc::clone(&told));
            damage.problem.take()
        });
        if let Some(problem) = known {
            told(problem);
        }
    }

    /// The newest deliveries, at most `limit`, oldest first. Those of earlier program runs
    /// belong to no run of this one, and their monotonic time is zero.
    ///
    /// # Errors
    /// If the history cannot be read.
    pub fn deliveries(&self, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        let path = self.dir.join(db::FILE);
        db::deliveries(&path, limit, self.launch).map_err(|source| StoreError::Database { path, source })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(writer) = self.writer.take() {
            writer.join().ok(); // it has logged its own panic; the lock must go in any case
        }
    }
}
