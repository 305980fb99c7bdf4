//! The profiles' secrets: held in memory, fetched once from the keychain when a profile is
//! first used, kept there if the profile says so. Knows which hosts they were entered for.
//! Promises: no waiting for the keychain but in a task; what it cannot do is said.
//! Source: trust.md R23, R37.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};

use tokio::sync::Mutex;

use crate::bus::{Event, EventSink};
use crate::model::profile::{Profile, ProfileId};
use crate::model::{Keeping, Problem, Secret};
use crate::store::keychain::{Keychain, Secrets};

/// Which of a profile's secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Client,
    Webhook,
}

/// See the module.
pub(super) struct Vault {
    keychain: Keychain,
    sink: EventSink,
    held: StdMutex<HashMap<ProfileId, Secrets>>,
    /// Profiles whose entry was looked for. Held while the keychain is asked: whoever needs
    /// the secret waits for the answer, and entries are written in the order asked for.
    asked: Mutex<HashSet<ProfileId>>,
}

impl Vault {
    pub fn new(keychain: Keychain, sink: EventSink) -> Self {
        Self { keychain, sink, held: StdMutex::default(), asked: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<ProfileId, Secrets>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds a secret for the hosts that the profile has now. An empty one is none.
    pub fn hold(&self, profile: &Profile, which: Which, secret: Secret) {
        let mut held = self.held();
        let secrets = held.entry(profile.id.clone()).or_default();
        let secret = Some(secret).filter(|secret| !secret.is_empty());
        match which {
            Which::Client => {
                secrets.client = secret;
                secrets.origins = profile.origins();
            }
            Which::Webhook => secrets.webhook = secret, // it is sent nowhere
        }
    }

    /// Lets the secret go to the hosts that the profile has now.
    pub fn allow_hosts(&self, profile: &Profile) {
        if let Some(secrets) = self.held().get_mut(&profile.id) {
            secrets.origins = profile.origins();
        }
    }

    /// The hosts a profile's client secret was entered for; `None` if none is held.
    pub fn entered_for(&self, profile: &ProfileId) -> Option<Vec<String>> {
        self.held().get(profile).filter(|held| held.client.is_some()).map(|held| held.origins.clone())
    }

    /// A profile's client secret.
    pub fn client(&self, profile: &ProfileId) -> Option<Secret> {
        self.held().get(profile)?.client.clone()
    }

    /// The key with which a profile's webhooks are signed.
    pub fn webhook(&self, profile: &ProfileId) -> Option<Secret> {
        self.held().get(profile)?.webhook.clone()
    }

    /// Every secret held, for the redactor.
    pub fn all(&self) -> Vec<Secret> {
        self.held().values().flat_map(|held| [held.client.clone(), held.webhook.clone()]).flatten().collect()
    }

    /// Fetches what the keychain has of a profile that asks for it, once; what was entered
    /// meanwhile wins.
    pub async fn recall(&self, profile: &Profile) {
        if !profile.remember || !self.keychain.is_on() {
            return;
        }
        let mut asked = self.asked.lock().await;
        if self.client(&profile.id).is_some() || asked.contains(&profile.id) {
            return;
        }
        self.tell(profile, Keeping::Asking).await;
        let keeping = match self.keychain.load(&profile.id).await {
            Ok(found) => {
                asked.insert(profile.id.clone()); // a failure may be asked again
                let keeping = if found.is_some() { Keeping::Kept } else { Keeping::Nothing };
                let mut held = self.held();
                let own = held.entry(profile.id.clone()).or_default();
                let found = found.unwrap_or_default();
                if own.client.is_none() {
                    (own.client, own.origins) = (found.client, found.origins);
                }
                own.webhook = own.webhook.take().or(found.webhook);
                keeping
            }
            Err(error) => Keeping::Failed(error.problem()),
        };
        self.tell(profile, keeping).await;
    }

    /// Keeps what is held of a profile in the keychain.
    pub async fn keep(&self, profile: &Profile) {
        if !self.keychain.is_on() {
            return;
        }
        let mut asked = self.asked.lock().await;
        let Some(secrets) = self.held().get(&profile.id).cloned() else { return };
        self.tell(profile, Keeping::Asking).await;
        let keeping = match self.keychain.keep(&profile.id, &secrets).await {
            Ok(()) => {
                asked.insert(profile.id.clone());
                Keeping::Kept
            }
            Err(error) => Keeping::Failed(error.problem()),
        };
        self.tell(profile, keeping).await;
    }

    /// Removes a profile's entry from the keychain.
    pub async fn unkeep(&self, profile: &Profile) {
        if !self.keychain.is_on() {
            return;
        }
        let mut asked = self.asked.lock().await;
        asked.remove(&profile.id);
        let keeping = match self.keychain.forget(&profile.id).await {
            Ok(()) => Keeping::Nothing,
            Err(error) => Keeping::Failed(Problem {
                summary: format!("The keychain may still hold the secrets of {:?}: {error}", profile.name),
                ..Problem::new(&error, Some("Remove the entry «sessions-console» in the system's keychain program"))
            }),
        };
        self.tell(profile, keeping).await;
    }

    /// Forgets what is held of a profile in memory.
    pub fn drop_held(&self, profile: &ProfileId) {
        self.held().remove(profile);
    }

    async fn tell(&self, profile: &Profile, keeping: Keeping) {
        self.sink.post(Event::KeychainTold(profile.id.clone(), keeping)).await;
    }
}
