//! Starting: what the program needs before the first frame, in order, and what is said
//! when one of these things cannot be had.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::vault::{Vault, Which};
use super::{Engine, Settings};
use crate::bus::{Event, EventSink, Journal};
use crate::client::{Client, ClientError};
use crate::clock::Clock;
use crate::engine::control::Control;
use crate::engine::courier::Courier;
use crate::listener::{self, Listener};
use crate::model::deck::Deck;
use crate::model::profile::{Environment, Profile};
use crate::model::template::Values;
use crate::model::{Notice, Problem, Secret, Server, ServerStatus, Weight, Workspace};
use crate::sandbox::{self, Sandbox};
use crate::serve::BindError;
use crate::store::keychain::Keychain;
use crate::store::{self, Store, StoreError, settings};

/// Which ports to ask for; 0 takes any free one. Source: product.md, Command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// The embedded sandbox.
    pub sandbox: u16,
    /// Callbacks and notifications.
    pub listener: u16,
    /// The shop's pages.
    pub merchant: u16,
}

impl Ports {
    /// 8787, 8788, 8789.
    pub const DEFAULT: Self = Self { sandbox: 8787, listener: 8788, merchant: 8789 };
    /// Any free ones.
    pub const FREE: Self = Self { sandbox: 0, listener: 0, merchant: 0 };
}

/// What makes the embedded sandbox's time pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockMode {
    /// The system's clock; who waits sleeps.
    Real,
    /// Nothing, until a run waits: then that much time passes at once.
    Virtual,
}

/// How to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where settings and history are.
    pub data_dir: PathBuf,
    /// Which ports to ask for.
    pub ports: Ports,
    /// Take a free port where one is taken, and say so; else that is an error.
    pub take_free_ports: bool,
    /// Same seed, same identifiers in the sandbox.
    pub seed: Option<u64>,
    /// A profile that environment variables describe; used from the start, never saved.
    pub environment_profile: Option<Profile>,
    /// The client secret of that profile, else of the active one, from the environment.
    pub client_secret: Option<Secret>,
    /// Where profiles that say so keep their secrets.
    pub keychain: Keychain,
    /// Of the embedded sandbox.
    pub clock: ClockMode,
}

/// Why the program could not start.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // each says itself what failed
pub enum StartError {
    #[error("the background runtime could not be started")]
    Runtime(#[source] std::io::Error),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Bind(#[from] BindError),
}

impl StartError {
    /// What to do now.
    pub fn hint(&self) -> String {
        match self {
            Self::Runtime(_) => "Check the limits on threads and open files (ulimit -a)".into(),
            Self::Client(error) => error.hint().into(),
            Self::Store(error) => error.hint().into(),
            Self::Bind(error) => error.hint().to_string(),
        }
    }
}

impl Engine {
    /// Starts store, listener and sandbox; when it returns, their addresses are good.
    /// `wake` is called whenever there is something to fold in.
    ///
    /// # Errors
    /// If the store is held by somebody else, or a port is taken and no other may be used.
    pub fn start(options: Options, wake: impl Fn() + Send + Sync + 'static) -> Result<Self, StartError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(StartError::Runtime)?;
        let (sink, events) = EventSink::channel(wake);
        let store = Store::open(&options.data_dir)?;
        let journal = store.journal();
        let (settings, settings_problem) = settings::load(&options.data_dir);
        let mut servers = HashMap::new();
        let clock = match options.clock {
            ClockMode::Real => Clock::real(),
            ClockMode::Virtual => Clock::virtual_time(),
        };
        let inbox = store.inbox_token()?;
        let listener = start_listener(&runtime, &options, &journal, &sink, &inbox, &mut servers)?;
        let sandbox = start_sandbox(&runtime, &options, &clock, &sink, &mut servers)?;
        let vault = Vault::new(options.keychain.clone(), sink.clone());
        let client = Arc::new(Client::new()?);
        let control = Arc::new(Control::of(&sandbox, Arc::clone(&client)));
        let courier = Arc::new(Courier::new(client, journal, sink.clone(), vault));
        let merchant = listener.merchant_addr().unwrap_or(listener.addr());
        let own_ports = vec![listener.addr().port(), merchant.port(), sandbox.addr().port()];
        let values = Values {
            listener: format!("http://{}/c/…", listener.addr()),
            merchant: format!("http://{merchant}/m/…"),
            ..Values::default()
        };
        let deliveries = store.deliveries(200).unwrap_or_default().into_iter().map(Arc::new).collect();
        let deck = Arc::new(Deck::with(store::own_scenarios(&options.data_dir)));
        let workspace = Workspace { settings, servers, values, deliveries, deck, saving: true, ..Workspace::default() };
        let mut engine = Self {
            workspace,
            events,
            settings_writer: Some(SettingsWriter::start(options.data_dir.clone(), sink.clone())),
            sink,
            courier,
            control,
            runs: HashMap::new(),
            runs_started: 0,
            notices: 0,
            orphans: Vec::new(),
            alone: Vec::new(),
            keyring: Arc::default(),
            own_ports,
            active_saved: Profile::embedded().id,
            sandbox_clock: clock,
            clock_mode: options.clock,
            stays_frozen: false,
            to_come: super::series::ToCome::default(),
            listener,
            sandbox: Some(sandbox),
            store,
            runtime: Some(runtime),
        };
        engine.fill_in_embedded_profile();
        engine.take_profile_of_environment(options.environment_profile);
        engine.take_secret_of_environment(options.client_secret);
        engine.refresh_redactor();
        engine.recall();
        let told = engine.sink.clone();
        engine.store.on_problem(move |problem| {
            told.offer(Event::Noticed(Notice { number: 0, weight: Weight::Error, problem }))
        });
        if let Some(problem) = settings_problem {
            engine.notice(problem);
        }
        engine.say_moved_ports();
        Ok(engine)
    }

    /// The sandbox's addresses and credentials are new at each start.
    fn fill_in_embedded_profile(&mut self) {
        let Some(sandbox) = &self.sandbox else { return };
        let secret = sandbox.client_secret().clone();
        let filled = |kept: &Profile| Profile {
            base_url: sandbox.base_url(),
            token_url: sandbox.token_url(),
            client_id: sandbox.client_id().to_owned(),
            ..kept.clone()
        };
        let profiles = &mut self.workspace.settings.profiles;
        if !profiles.iter().any(|profile| profile.environment == Environment::Embedded) {
            profiles.insert(0, Profile::embedded());
        }
        let Some(embedded) = profiles.iter_mut().find(|profile| profile.environment == Environment::Embedded) else {
            return;
        };
        *embedded = filled(embedded);
        let id = embedded.id.clone();
        let active = self.workspace.settings.active_profile.clone();
        if !self.workspace.settings.profiles.iter().any(|profile| profile.id == active) {
            self.workspace.settings.active_profile = id.clone();
        }
        self.active_saved = self.workspace.settings.active_profile.clone();
        self.set_secret(&id, Which::Client, secret);
    }

    /// Whoever describes a profile by environment variables wants to use it; the one in use
    /// before is what the next start uses.
    fn take_profile_of_environment(&mut self, profile: Option<Profile>) {
        let settings = &mut self.workspace.settings;
        if let Some(profile) = profile {
            settings.active_profile = profile.id.clone();
            settings.profiles.retain(|other| other.id != profile.id);
            settings.profiles.push(profile);
        }
        super::profiles::sort(settings);
    }

    /// The secret from the environment is for the saved profile in use; the embedded sandbox
    /// has its own, and must not be sent another's.
    fn take_secret_of_environment(&mut self, secret: Option<Secret>) {
        let Some(secret) = secret else { return };
        match self.workspace.profile().map(|profile| (profile.id.clone(), profile.environment)) {
            Some((id, environment)) if environment.is_elsewhere() => self.set_secret(&id, Which::Client, secret),
            _ => {
                let problem = Problem::of(
                    "The client secret from the environment is not used: the embedded sandbox has its own",
                    "Choose the profile it belongs to, then start again",
                );
                self.add_notice(Notice { number: 0, weight: Weight::Warning, problem });
            }
        }
    }

    fn say_moved_ports(&mut self) {
        let moved = |server| match self.workspace.servers.get(&server)? {
            ServerStatus::Up { address, instead_of: Some(port) } => Some(format!("{port} (now {address})")),
            _ => None,
        };
        let moved: Vec<String> =
            [Server::Sandbox, Server::Listener, Server::MerchantPage].into_iter().filter_map(moved).collect();
        if !moved.is_empty() {
            let problem = Problem::of(
                format!("Taken by another program, so a free port is used: {}", moved.join(", ")),
                "Close the other program and start again to have the usual ports back",
            );
            self.add_notice(Notice { number: 0, weight: Weight::Warning, problem });
        }
    }
}

fn start_listener(
    runtime: &Runtime,
    options: &Options,
    journal: &Journal,
    sink: &EventSink,
    inbox: &str,
    servers: &mut HashMap<Server, ServerStatus>,
) -> Result<Listener, StartError> {
    let mut ports = (options.ports.listener, options.ports.merchant);
    let wanted = ports;
    let listener = loop {
        let config = listener::Config {
            inbox: Some(inbox.to_owned()),
            ..listener::Config::new(ports.0, ports.1, journal.clone(), sink.clone())
        };
        match runtime.block_on(Listener::start(config)) {
            Ok(listener) => break listener,
            Err(error) if options.take_free_ports && error.port == ports.0 && ports.0 != 0 => ports.0 = 0,
            Err(error) if options.take_free_ports && error.port == ports.1 && ports.1 != 0 => ports.1 = 0,
            Err(error) => return Err(error.into()),
        }
    };
    let instead = |asked: u16, got: u16| (asked != got).then_some(asked);
    servers.insert(Server::Listener, up(listener.addr(), instead(wanted.0, ports.0)));
    if let Some(address) = listener.merchant_addr() {
        servers.insert(Server::MerchantPage, up(address, instead(wanted.1, ports.1)));
    }
    Ok(listener)
}

fn start_sandbox(
    runtime: &Runtime,
    options: &Options,
    clock: &Clock,
    sink: &EventSink,
    servers: &mut HashMap<Server, ServerStatus>,
) -> Result<Sandbox, StartError> {
    let start = |port| {
        let config = sandbox::Config::new(port, clock.clone());
        let config = sandbox::Config { seed: options.seed, sink: Some(sink.clone()), ..config };
        runtime.block_on(Sandbox::start(config))
    };
    let asked = options.ports.sandbox;
    let (sandbox, instead_of) = match start(asked) {
        Ok(sandbox) => (sandbox, None),
        Err(_) if options.take_free_ports && asked != 0 => (start(0)?, Some(asked)),
        Err(error) => return Err(error.into()),
    };
    servers.insert(Server::Sandbox, up(sandbox.addr(), instead_of));
    Ok(sandbox)
}

fn up(address: std::net::SocketAddr, instead_of: Option<u16>) -> ServerStatus {
    ServerStatus::Up { address: address.to_string(), instead_of }
}

/// Writes settings on a thread of its own: the newest wins, none is written twice. Dropping
/// it waits until the newest is written.
pub(super) struct SettingsWriter {
    newest: Option<std::sync::mpsc::Sender<Settings>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl SettingsWriter {
    fn start(dir: PathBuf, sink: EventSink) -> Self {
        let (tx, rx) = std::sync::mpsc::channel::<Settings>();
        let thread = std::thread::spawn(move || {
            while let Ok(mut newest) = rx.recv() {
                while let Ok(newer) = rx.try_recv() {
                    newest = newer;
                }
                keep(&dir, &newest, &sink);
            }
        });
        Self { newest: Some(tx), thread: Some(thread) }
    }

    pub(super) fn keep(&self, settings: Settings) {
        if let Some(newest) = &self.newest {
            newest.send(settings).ok(); // the thread ends only when this is dropped
        }
    }
}

impl Drop for SettingsWriter {
    fn drop(&mut self) {
        self.newest = None;
        if let Some(thread) = self.thread.take() {
            thread.join().ok(); // it has said its own errors
        }
    }
}

fn keep(dir: &Path, newest: &Settings, sink: &EventSink) {
    if let Err(error) = store::settings::save(dir, newest) {
        let problem = Problem::new(&error, Some(error.hint()));
        sink.offer(super::noticed(problem, Weight::Error));
    }
}
