//! The system's keychain: a profile's secrets, kept where the system keeps passwords.
//!
//! Hides the keyring crate and that its calls block: each runs on a thread of its own, one
//! at a time, and is given up after [`LIMIT`]. Promises: nothing is ever written to a plain
//! file instead; no error text holds what was to be kept. Does not know why something is
//! kept. Source: trust.md R37.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, oneshot};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use crate::model::profile::ProfileId;
use crate::model::{Problem, Secret};

/// How long the keychain may take. Source: trust.md R37.
pub const LIMIT: Duration = Duration::from_secs(3);
/// The name under which all entries are.
const SERVICE: &str = "sessions-console";

/// A profile's secrets, and the hosts they were entered for (trust.md R23).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The access key's secret.
    pub client: Option<Secret>,
    /// The key with which webhooks are signed.
    pub webhook: Option<Secret>,
    /// Scheme, host and port of each.
    pub origins: Vec<String>,
}

/// What one entry holds, as JSON.
#[derive(Serialize, Deserialize)]
struct Entry<T> {
    client_secret: Option<T>,
    webhook_key: Option<T>,
    origins: Vec<String>,
}

/// Why the keychain did not do it.
#[derive(Debug, thiserror::Error)]
pub enum KeychainError {
    /// It did not answer in time; a prompt of the system may be waiting for the user.
    #[error("no answer from the keychain within {} s", LIMIT.as_secs())]
    Silent,
    /// There is none, or it cannot be reached.
    #[error("no keychain can be reached on this machine")]
    Absent(#[source] keyring::Error),
    /// It is locked and was not unlocked.
    #[error("the keychain is locked")]
    Locked(#[source] keyring::Error),
    /// It refused.
    #[error("the keychain refused: {0}")]
    Refused(&'static str),
    /// What it holds under our name is not ours.
    #[error("the keychain's entry cannot be read")]
    Unreadable,
    /// No thread could be started to ask it.
    #[error("the keychain could not be asked")]
    Thread(#[source] std::io::Error),
}

impl KeychainError {
    /// What to do now.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Silent => "Look whether the system asks for the keychain's password, then try again",
            Self::Absent(_) if cfg!(target_os = "linux") => {
                "Install a Secret Service and log in anew (Debian: gnome-keyring, or keepassxc), then start again"
            }
            Self::Absent(_) => "Make the system's keychain available, then start again",
            Self::Locked(_) => "Unlock the keychain, then try again",
            Self::Refused(_) => "Look at the system's keychain program, then try again",
            Self::Unreadable => "Enter the secret again; it replaces the entry",
            Self::Thread(_) => "Check the limit on threads (ulimit -u), then try again",
        }
    }

    /// As people see it: the secret is in memory, and why.
    pub fn problem(&self) -> Problem {
        let told = Problem::new(self, Some(self.hint()));
        Problem { summary: format!("In memory only for this program run: {}", told.summary), ..told }
    }

    fn of(error: keyring::Error) -> Self {
        use keyring::Error as E;
        match error {
            E::NoDefaultStore | E::PlatformFailure(_) => Self::Absent(error),
            E::NoStorageAccess(_) => Self::Locked(error),
            E::BadEncoding(_) | E::BadDataFormat(..) => Self::Unreadable, // they carry the data
            E::TooLong(..) => Self::Refused("the secrets are too long for it"),
            E::Ambiguous(_) => Self::Refused("it holds more than one such entry"),
            E::Invalid(..) => Self::Refused("it does not take the entry's name"),
            _ => Self::Refused("it cannot do this"),
        }
    }
}

/// Finds the entry of a user name.
type Open = dyn Fn(&str) -> keyring::Result<keyring::Entry> + Send + Sync;

/// See the module. Cheap to clone; touches nothing until it is first asked.
#[derive(Clone)]
pub struct Keychain {
    open: Option<Arc<Open>>,
    /// Held by the thread that asks, also when nobody waits for it any more.
    turn: Arc<Mutex<()>>,
}

impl fmt::Debug for Keychain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.open.is_some() { "Keychain" } else { "Keychain(off)" })
    }
}

impl Keychain {
    /// The system's.
    pub fn of_system() -> Self {
        Self::of(|user| {
            // `new` says only that there is no store; the reason is in the store's status.
            if let Err(error) = keyring::Entry::store_status() {
                let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                return Err(keyring::Error::PlatformFailure(why.into()));
            }
            keyring::Entry::new(SERVICE, user)
        })
    }

    /// One whose entries `open` finds. For tests, and for other kinds of store.
    pub fn of(open: impl Fn(&str) -> keyring::Result<keyring::Entry> + Send + Sync + 'static) -> Self {
        Self { open: Some(Arc::new(open)), turn: Arc::default() }
    }

    /// None at all: nothing is asked, nothing is kept. For runs without a window.
    pub fn off() -> Self {
        Self { open: None, turn: Arc::default() }
    }

    /// False for [`Keychain::off`].
    pub fn is_on(&self) -> bool {
        self.open.is_some()
    }

    /// What is kept of a profile; `None` if nothing is.
    ///
    /// # Errors
    /// If there is no keychain, it does not answer, or the entry is not ours.
    pub async fn load(&self, profile: &ProfileId) -> Result<Option<Secrets>, KeychainError> {
        let read = self.ask(profile, |entry| entry.get_secret().map(Zeroizing::new)).await;
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(Failure::NoEntry) => return Ok(None),
            Err(Failure::Other(error)) => return Err(error),
        };
        // The error of serde_json may quote what it read.
        let entry: Entry<String> = serde_json::from_slice(&bytes).map_err(|_| KeychainError::Unreadable)?;
        Ok(Some(Secrets {
            client: entry.client_secret.map(Secret::new),
            webhook: entry.webhook_key.map(Secret::new),
            origins: entry.origins,
        }))
    }

    /// Keeps a profile's secrets in place of what was kept.
    ///
    /// # Errors
    /// If there is no keychain, it does not answer, or it refuses.
    pub async fn keep(&self, profile: &ProfileId, secrets: &Secrets) -> Result<(), KeychainError> {
        let entry = Entry {
            client_secret: secrets.client.as_ref().map(Secret::expose),
            webhook_key: secrets.webhook.as_ref().map(Secret::expose),
            origins: secrets.origins.clone(),
        };
        let bytes = Zeroizing::new(serde_json::to_vec(&entry).map_err(|_| KeychainError::Unreadable)?);
        match self.ask(profile, move |entry| entry.set_secret(&bytes)).await {
            Ok(()) => Ok(()),
            Err(Failure::NoEntry) => Err(KeychainError::Refused("it lost the entry")),
            Err(Failure::Other(error)) => Err(error),
        }
    }

    /// Removes what is kept of a profile; nothing kept is as good.
    ///
    /// # Errors
    /// If there is no keychain, it does not answer, or it refuses.
    pub async fn forget(&self, profile: &ProfileId) -> Result<(), KeychainError> {
        match self.ask(profile, keyring::Entry::delete_credential).await {
            Ok(()) | Err(Failure::NoEntry) => Ok(()),
            Err(Failure::Other(error)) => Err(error),
        }
    }

    /// One call on a thread of its own. A call that was given up keeps its turn until it
    /// comes back, so that at most one thread hangs.
    async fn ask<T: Send + 'static>(
        &self,
        profile: &ProfileId,
        act: impl FnOnce(&keyring::Entry) -> keyring::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let silent = |_| Failure::Other(KeychainError::Silent);
        let Some(open) = self.open.clone() else {
            return Err(Failure::Other(KeychainError::Refused("it is not used here")));
        };
        let end = Instant::now() + LIMIT;
        let turn = timeout_at(end, self.turn.clone().lock_owned()).await.map_err(silent)?;
        let (tell, told) = oneshot::channel();
        let user = profile.0.clone();
        let work = move || {
            let _turn = turn;
            tell.send(open(&user).and_then(|entry| act(&entry))).ok(); // given up: what was read is wiped
        };
        let named = thread::Builder::new().name("keychain".into());
        named.spawn(work).map_err(|error| Failure::Other(KeychainError::Thread(error)))?;
        let answer = timeout_at(end, told).await.map_err(silent)?;
        let answer = answer.map_err(|_| Failure::Other(KeychainError::Refused("it failed while it was asked")))?;
        answer.map_err(|error| match error {
            keyring::Error::NoEntry => Failure::NoEntry,
            other => Failure::Other(KeychainError::of(other)),
        })
    }
}

/// There is no such entry, or worse.
enum Failure {
    NoEntry,
    Other(KeychainError),
}
