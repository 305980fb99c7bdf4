//! Profiles, their tokens and their secrets, as the window asks for them. What must wait
//! for the network or the keychain is a task; the rest is done at once.

use std::sync::Arc;

use super::vault::Which;
use super::{Engine, courier::Courier};
use crate::model::exchange::Step;
use crate::model::profile::{Environment, FROM_ENVIRONMENT, Profile, ProfileId, TokenStatus};
use crate::model::run::{Auth, Plan};
use crate::model::scopes::{Channel, Held};
use crate::model::settings::Settings;
use crate::model::{Keeping, Notice, Problem, RunId, Secret, SecretState, Weight};

impl Engine {
    fn profile(&self, id: &ProfileId) -> Option<Profile> {
        self.workspace.settings.profiles.iter().find(|profile| &profile.id == id).cloned()
    }

    /// Does something with the courier in a task.
    fn by_courier<F: Future<Output = ()> + Send + 'static>(&self, act: impl FnOnce(Arc<Courier>) -> F) {
        self.spawn(act(self.courier.clone()));
    }

    pub(super) fn renew_token(&mut self) {
        let Some(profile) = self.workspace.profile().cloned() else { return };
        self.by_courier(|courier| async move { courier.renew(&profile).await });
    }

    pub(super) fn forget_token(&mut self) {
        let profile = self.workspace.settings.active_profile.clone();
        self.by_courier(|courier| async move { courier.forget(&profile).await });
    }

    pub(super) fn save_profile(&mut self, profile: Profile) {
        let old = self.profile(&profile.id);
        let profiles = &mut self.workspace.settings.profiles;
        match profiles.iter_mut().find(|other| other.id == profile.id) {
            Some(other) => *other = profile.clone(),
            None => profiles.push(profile.clone()),
        }
        sort(&mut self.workspace.settings);
        self.judge_secret(&profile);
        if let Some(old) = old {
            self.follow_change(&old, profile);
        }
        self.keep_settings();
    }

    /// What another address, scope or tick asks of token and keychain.
    fn follow_change(&mut self, old: &Profile, new: Profile) {
        let asks = |profile: &Profile| (profile.origins(), profile.client_id.clone(), profile.scopes.clone());
        if asks(old) != asks(&new) && matches!(self.workspace.tokens.get(&new.id), Some(TokenStatus::Live(_))) {
            let id = new.id.clone();
            self.by_courier(|courier| async move { courier.forget(&id).await });
        }
        match (old.remember, new.remember) {
            (false, true) => self.ask_keychain(&new.id),
            (true, false) => self.by_courier(|courier| async move { courier.vault.unkeep(&new).await }),
            _ => (),
        }
    }

    pub(super) fn add_profile(&mut self, profile: Profile) {
        let id = ProfileId(uuid::Uuid::new_v4().simple().to_string());
        self.workspace.settings.profiles.push(Profile { id: id.clone(), ..profile });
        sort(&mut self.workspace.settings);
        self.use_profile(id);
    }

    pub(super) fn remove_profile(&mut self, id: &ProfileId) {
        let Some(profile) = self.profile(id).filter(Profile::is_own) else { return };
        self.forget_secrets(id);
        let own = &mut self.workspace;
        own.settings.profiles.retain(|other| other.id != profile.id);
        own.tokens.remove(id);
        own.keychain.remove(id);
        own.production_confirmed.remove(id);
        let embedded = own.settings.profiles.iter().find(|other| other.environment == Environment::Embedded);
        let embedded = embedded.map(|profile| profile.id.clone());
        if own.settings.active_profile == *id {
            embedded.into_iter().for_each(|id| self.use_profile(id));
        } else {
            self.keep_settings();
        }
    }

    pub(super) fn use_profile(&mut self, id: ProfileId) {
        if id.0 != FROM_ENVIRONMENT {
            self.active_saved = id.clone();
        }
        self.workspace.settings.active_profile = id;
        self.recall();
        self.refresh_redactor();
        self.keep_settings();
    }

    /// Fetches the secrets of the profile in use from the keychain, if it keeps them there.
    pub(super) fn recall(&self) {
        if let Some(profile) = self.workspace.profile().filter(|profile| profile.remember).cloned() {
            self.by_courier(|courier| async move { courier.vault.recall(&profile).await });
        }
    }

    /// Says whether the profile's secret may go to the hosts it has now.
    pub(super) fn judge_secret(&mut self, profile: &Profile) {
        let state = self.courier.vault.entered_for(&profile.id).map(|entered_for| {
            let fits = profile.origins().iter().all(|origin| entered_for.contains(origin));
            if fits { SecretState::Held } else { SecretState::Locked { entered_for } }
        });
        match state {
            Some(state) => self.workspace.secrets.insert(profile.id.clone(), state),
            None => self.workspace.secrets.remove(&profile.id),
        };
        match self.courier.vault.webhook(&profile.id) {
            Some(_) => self.workspace.webhook_keys.insert(profile.id.clone()),
            None => self.workspace.webhook_keys.remove(&profile.id),
        };
    }

    pub(super) fn set_secret(&mut self, id: &ProfileId, which: Which, secret: Secret) {
        let Some(profile) = self.profile(id) else { return };
        self.courier.vault.hold(&profile, which, secret);
        self.secrets_changed(profile);
    }

    pub(super) fn allow_hosts(&mut self, id: &ProfileId) {
        let Some(profile) = self.profile(id) else { return };
        self.courier.vault.allow_hosts(&profile);
        self.secrets_changed(profile);
    }

    fn secrets_changed(&mut self, profile: Profile) {
        self.refresh_redactor();
        self.judge_secret(&profile);
        if profile.remember {
            self.by_courier(|courier| async move { courier.vault.keep(&profile).await });
        }
    }

    pub(super) fn forget_secrets(&mut self, id: &ProfileId) {
        let Some(profile) = self.profile(id) else { return };
        self.courier.vault.drop_held(id);
        self.judge_secret(&profile);
        self.by_courier(|courier| async move {
            courier.forget(&profile.id).await;
            if profile.remember {
                courier.vault.unkeep(&profile).await;
            }
        });
    }

    /// Keeps what is held, or fetches what is kept.
    pub(super) fn ask_keychain(&mut self, id: &ProfileId) {
        let Some(profile) = self.profile(id).filter(|profile| profile.remember && profile.is_own()) else { return };
        let held = self.workspace.secrets.contains_key(id) || self.workspace.webhook_keys.contains(id);
        self.by_courier(|courier| async move {
            match held {
                true => courier.vault.keep(&profile).await,
                false => courier.vault.recall(&profile).await,
            }
        });
    }

    /// The keychain spoke; what it gave is held already.
    pub(super) fn keychain_told(&mut self, id: ProfileId, keeping: Keeping) {
        match self.profile(&id) {
            Some(profile) => {
                self.workspace.keychain.insert(id, keeping);
                self.judge_secret(&profile);
                self.refresh_redactor();
            }
            None => {
                // Deleted: only a removal that failed is worth a word.
                if let Keeping::Failed(problem) = keeping {
                    self.notice(problem);
                }
            }
        }
    }

    /// The key with which a profile's webhooks are signed, if it is held.
    pub fn webhook_key(&self, profile: &ProfileId) -> Option<Secret> {
        self.courier.vault.webhook(profile)
    }

    /// Names a scope that the run will miss before anything is sent. Never blocks.
    pub(super) fn say_missing_scopes(&mut self, plan: &Plan) {
        let finding = self.scopes_of(plan).and_then(|held| held.finding_of(plan));
        self.warn(finding);
    }

    /// The same for one step of a run.
    pub(super) fn say_missing_scope(&mut self, run: RunId, step: Step, auth: &Auth) {
        let Some(plan) = self.workspace.runs.get(&run).map(|run| &run.plan) else { return };
        let channel = Channel::of_body(&plan.body);
        let finding = self.scopes_of(plan).and_then(|held| held.finding_of_request(step, auth, channel));
        self.warn(finding);
    }

    fn scopes_of(&self, plan: &Plan) -> Option<Held> {
        let profile = self.profile(&plan.profile).filter(|_| !plan.unattended)?;
        Held::of(&profile, self.workspace.tokens.get(&profile.id).unwrap_or(&TokenStatus::Absent))
    }

    fn warn(&mut self, problem: Option<Problem>) {
        problem.into_iter().for_each(|problem| self.add_notice(Notice { number: 0, weight: Weight::Warning, problem }));
    }

    /// What the listener stores is masked with every live secret, and, unless the embedded
    /// sandbox is in use, by name too (trust.md R33).
    pub(super) fn refresh_redactor(&self) {
        let environment = self.workspace.profile().map_or(Environment::Embedded, |profile| profile.environment);
        self.store.set_redactor(self.courier.redactor(environment));
    }

    /// The settings go to the disk: without what is new at each start, without the profile of
    /// the environment variables.
    pub(super) fn keep_settings(&self) {
        let mut settings = self.workspace.settings.clone();
        settings.profiles.retain(|profile| !profile.is_from_environment());
        for profile in settings.profiles.iter_mut().filter(|p| p.environment == Environment::Embedded) {
            *profile = Profile { scopes: profile.scopes.clone(), ..Profile::embedded() };
        }
        settings.active_profile = self.active_saved.clone();
        if let Some(writer) = &self.settings_writer {
            writer.keep(settings);
        }
    }
}

/// The program's own first, then by name.
pub(super) fn sort(settings: &mut Settings) {
    settings.profiles.sort_by_key(|profile| (profile.is_own(), profile.name.to_lowercase()));
}
