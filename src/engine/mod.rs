//! The one writer and the one spawner: carries out commands, folds in events, owns every
//! task, server and secret.
//!
//! Promises: `dispatch` and `pump` never wait; the workspace changes only here; what is
//! dropped is stopped. Knows no window: [`Engine::wait`] drives it from a terminal.

mod browser;
mod control;
mod courier;
mod drive;
mod fold;
mod method;
mod profiles;
mod sandbox;
mod sdk;
mod series;
mod shopper;
mod start;
mod time;
mod turn;
mod vault;
mod waiting;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, mpsc};

use crate::bus::{Command, Event, EventSink};
use crate::clock::{self, Clock};
use crate::listener::Listener;
use crate::model::api::Session;
use crate::model::app::AppValues;
use crate::model::device;
use crate::model::exchange::{Exchange, Step};
use crate::model::profile::{Environment, ProfileId};
use crate::model::run::{Answer, Auth, Phase, Plan, Progress, Run, StepRequest};
use crate::model::scenario::Version;
use crate::model::settings::Settings;
use crate::model::template::Values;
use crate::model::{Notice, Problem, RunId, Weight, Workspace};
use crate::sandbox::Sandbox;
use crate::store::{self, Store};
use control::Control;
use courier::Courier;
use drive::{Driver, Order, Waiting};
use sdk::Keyring;
pub use start::{ClockMode, Options, Ports, StartError};
use time::Time;
use vault::Which;

/// How long closing waits for tasks.
const CLOSING: Duration = Duration::from_secs(3);

/// See the module.
pub struct Engine {
    workspace: Workspace,
    events: mpsc::Receiver<Event>,
    sink: EventSink,
    courier: Arc<Courier>,
    /// The embedded sandbox's control routes.
    control: Arc<Control>,
    runs: HashMap<RunId, Handle>,
    runs_started: u64,
    notices: u64,
    /// What the sandbox showed of sessions whose answer to create is still on its way.
    orphans: Vec<fold::Orphan>,
    /// Tokens fetched by hand before there was a run to show them with.
    alone: Vec<Arc<Exchange>>,
    settings_writer: Option<start::SettingsWriter>,
    /// The profile that the next start uses: the newest in use that is saved.
    active_saved: ProfileId,
    /// Private keys of the app values made here.
    keyring: Arc<Keyring>,
    own_ports: Vec<u16>,
    /// Of the embedded sandbox; stands still while a person thinks in manual mode.
    sandbox_clock: Clock,
    clock_mode: ClockMode,
    /// The user has frozen it, whatever a run waits for.
    stays_frozen: bool,
    /// What is still to be run on other versions.
    to_come: series::ToCome,
    listener: Listener,
    sandbox: Option<Sandbox>,
    store: Store,
    /// Last, so that servers stop while there is a runtime.
    runtime: Option<Runtime>,
}

/// What the engine keeps of a run's task.
struct Handle {
    orders: mpsc::UnboundedSender<Order>,
    stop: Arc<Notify>,
    /// Reading of the sandbox's clock when it began.
    began: Duration,
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.sandbox = None;
        self.settings_writer = None; // waits until the newest settings are on disk
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(CLOSING);
        }
    }
}

impl Engine {
    /// All that there is to see.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Says that what happens from now on goes with the program, and why.
    pub fn keeps_nothing(&mut self, why: Problem) {
        self.workspace.saving = false;
        self.notice(Problem { summary: format!("Nothing is kept after this window closes: {}", why.summary), ..why });
    }

    /// The embedded sandbox, if it runs.
    pub fn sandbox(&self) -> Option<&Sandbox> {
        self.sandbox.as_ref()
    }

    /// Folds in what has arrived, for at most `budget`. True if more may be waiting.
    pub fn pump(&mut self, budget: Duration) -> bool {
        let start = Instant::now();
        while start.elapsed() < budget {
            let Ok(event) = self.events.try_recv() else { return false };
            self.apply(event);
        }
        true
    }

    /// Waits for one event and folds it in, with all that came with it. False if none came.
    /// For terminals and tests; the window calls [`Engine::pump`].
    pub fn wait(&mut self, at_most: Duration) -> bool {
        let Some(runtime) = &self.runtime else { return false };
        let events = &mut self.events;
        let came = runtime.block_on(async { tokio::time::timeout(at_most, events.recv()).await });
        let Ok(Some(event)) = came else { return false };
        self.apply(event);
        while let Ok(event) = self.events.try_recv() {
            self.apply(event);
        }
        true
    }

    /// Tells the embedded sandbox what to do with the next session: a scenario's file. Waits
    /// for its answer; for terminals and tests.
    ///
    /// # Errors
    /// If the sandbox does not take it.
    pub fn arm(&self, file: &str) -> Result<(), Problem> {
        self.arm_on(Some(file), None)
    }

    /// The same with the version that the next session speaks, or with that alone.
    ///
    /// # Errors
    /// If the sandbox does not take it.
    pub fn arm_on(&self, file: Option<&str>, version: Option<Version>) -> Result<(), Problem> {
        let Some(runtime) = &self.runtime else { return Ok(()) };
        let mut body = serde_json::json!({ "sessions": 1 });
        if let Some(file) = file {
            body["file"] = file.into();
        }
        if let Some(version) = version {
            body["version"] = version.word().into();
        }
        runtime.block_on(self.control.change("PUT", "/arm", &body)).map(drop)
    }

    /// Starts what was asked for and returns at once.
    pub fn dispatch(&mut self, command: Command) {
        match command {
            Command::Run(plan) => self.start_run(plan),
            Command::Send(run, request) => self.order(run, Order::Send(request)),
            Command::Do(run, step) => self.do_step(run, step),
            Command::Replan(run, plan) => self.replan(run, plan),
            Command::AuthoriseByValues(run) => self.authorise_by_values(run),
            Command::Skip(run) => self.order_for_turn(run, Order::Skip),
            Command::Answer(run, answer, request) => self.answer(run, answer, request),
            Command::Device(run, act) => self.device(run, act),
            Command::Mark(run, row, marked) => self.with_run(run, |run| run.mark(row, marked)),
            Command::Annotate(run, row, note) => self.with_run(run, |run| run.annotate(row, &note)),
            Command::Cancel(run) => self.cancel(run),
            Command::Remove(run) => self.remove(run),
            Command::RenewToken => self.renew_token(),
            Command::ForgetToken => self.forget_token(),
            Command::SaveProfile(profile) => self.save_profile(profile),
            Command::AddProfile(profile) => self.add_profile(profile),
            Command::RemoveProfile(profile) => self.remove_profile(&profile),
            Command::SetSecret(profile, secret) => self.set_secret(&profile, Which::Client, secret),
            Command::SetWebhookKey(profile, key) => self.set_secret(&profile, Which::Webhook, key),
            Command::AllowHosts(profile) => self.allow_hosts(&profile),
            Command::ForgetSecrets(profile) => self.forget_secrets(&profile),
            Command::AskKeychain(profile) => self.ask_keychain(&profile),
            Command::UseProfile(profile) => self.use_profile(profile),
            Command::ConfirmProduction(profile) => {
                self.workspace.production_confirmed.insert(profile);
            }
            Command::SaveSettings(settings) => self.save_settings(settings),
            Command::OpenBody(path) => self.open_body(path),
            Command::InspectFile(path) => self.inspect_file(path),
            Command::SaveBody(path, text) => self.save_body(path, text),
            Command::SavePicture(path, svg) => self.save_picture(path, svg),
            Command::MakeAppValues => self.make_app_values(),
            Command::ReadMyBrowser => self.read_browser(),
            Command::Sandbox(act) => self.ask_sandbox(act),
            Command::OpenInBrowser(address) => self.open_in_browser(&address),
            Command::Dismiss(number) => self.workspace.notices.retain(|notice| notice.number != number),
        }
    }

    /// Starts a run; its id is the newest of the workspace's.
    fn start_run(&mut self, plan: Plan) {
        let Some(profile) = self.workspace.settings.profiles.iter().find(|p| p.id == plan.profile).cloned() else {
            let hint = "Choose a profile under Credentials";
            return self.notice(Problem::of(format!("There is no profile {:?}", plan.profile.0), hint));
        };
        // Whoever runs without a window has said so on the command line (--i-mean-production).
        let confirmed = plan.unattended || self.workspace.production_confirmed.contains(&profile.id);
        if profile.environment == Environment::Production && !confirmed {
            let hint = "Confirm it for this program run when the window asks, then run again";
            return self.notice(Problem::of(format!("Nothing was sent: {:?} is production", profile.name), hint));
        }
        self.say_missing_scopes(&plan);
        self.runs_started += 1;
        let id = RunId(self.runs_started);
        if plan.unattended {
            self.courier.free_cards(id);
        }
        let now = clock::stamp();
        let visit = self.listener.visit(id);
        visit.answer_callbacks(&plan.shop.callback_answers);
        let sandbox = (profile.environment == Environment::Embedded).then(|| Arc::clone(&self.control));
        let time = Time::of(id, &self.sink, sandbox.clone(), self.clock_mode);
        let previous = self.sessions_of(&profile.id).next().map(|session| Arc::new(session.raw.clone()));
        let values = Values {
            listener: visit.listener_base().to_owned(),
            merchant: visit.merchant_base().to_owned(),
            uuid: uuid::Uuid::new_v4().to_string(),
            now: whole_seconds(now.wall),
            previous,
            ..Values::default()
        };
        let (orders, orders_in) = mpsc::unbounded_channel();
        let stop = Arc::new(Notify::new());
        let driver = Driver {
            run: id,
            plan: plan.clone(),
            profile,
            courier: self.courier.clone(),
            sink: self.sink.clone(),
            visit,
            ways: (self.workspace.settings.hand_off, self.workspace.settings.shop_policy),
            orders: orders_in,
            stop: stop.clone(),
            values,
            progress: Progress::new(plan.channel),
            secret: None,
            automatic: drive::Automatic::default(),
            turns: HashMap::new(),
            page_open: false,
            asked: None,
            known_key: self.shown_key(&plan.profile).map(str::to_owned),
            sealed: None,
            time,
            out_of_hands: Waiting::default(),
            late: None,
            clock: if sandbox.is_some() { self.sandbox_clock.clone() } else { Clock::real() },
            keyring: self.keyring.clone(),
            app_data: None,
            sdk: None,
            sandbox,
        };
        let mut run = Run::new(id, plan, self.alone.first().map_or(now, |earlier| earlier.started));
        self.alone.drain(..).for_each(|exchange| run.exchanged(exchange));
        self.workspace.runs.insert(id, run);
        self.runs.insert(id, Handle { orders, stop, began: self.sandbox_clock.passed() });
        self.spawn(driver.drive());
        tracing::info!(run = id.0, "run started");
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(task);
        }
    }

    fn order(&mut self, run: RunId, order: Order) {
        let taken = self.runs.get(&run).is_some_and(|handle| handle.orders.send(order).is_ok());
        if taken {
            // Said at once, so that the next frame no longer offers what was just decided.
            if let Some(run) = self.workspace.runs.get_mut(&run) {
                run.phase = Phase::Working(None);
            }
        } else {
            self.notice(Problem::of(format!("{run} is over"), "Start a new one"));
        }
    }

    /// The run goes on waiting for its person, so its phase stays.
    fn device(&mut self, run: RunId, act: device::Act) {
        let taken = self.runs.get(&run).is_some_and(|handle| handle.orders.send(Order::Device(act)).is_ok());
        if !taken {
            self.notice(Problem::of(format!("{run} is over"), "Start a new one"));
        }
    }

    fn do_step(&mut self, run: RunId, step: Step) {
        self.say_missing_scope(run, step, &Auth::ProfileToken);
        self.order(run, Order::Do(step));
    }

    fn authorise_by_values(&mut self, run: RunId) {
        self.say_missing_scope(run, Step::Authorise, &Auth::ProfileToken);
        self.order(run, Order::AuthoriseByValues);
    }

    /// An order about the step that the screen shows as waiting.
    fn order_for_turn(&mut self, run: RunId, order: impl FnOnce(Step) -> Order) {
        let step = match self.workspace.runs.get(&run).map(|run| &run.phase) {
            Some(Phase::Waiting(turn)) => turn.request.step,
            _ => return, // the step ended while the button was pressed
        };
        self.order(run, order(step));
    }

    fn answer(&mut self, run: RunId, answer: Answer, request: Box<StepRequest>) {
        let turn = match self.workspace.runs.get(&run).map(|run| &run.phase) {
            Some(Phase::Waiting(turn)) => turn.clone(),
            _ => return, // the step ended while the button was pressed
        };
        let step = turn.request.step;
        if answer == Answer::Device {
            return; // the window leads there; what is done on it are commands of its own
        }
        if answer != Answer::Browser {
            return self.order(run, Order::Answer(step, answer, request));
        }
        let page = if step == Step::Redirect { Some(request.url.clone()) } else { turn.page };
        // The run still waits, so its phase stays.
        if *request != turn.request
            && let Some(handle) = self.runs.get(&run)
        {
            handle.orders.send(Order::Answer(step, answer, request)).ok(); // fails only for a run that is over
        }
        if let Some(page) = page {
            self.open_in_browser(&page);
        }
    }

    /// A run that still waits for a person follows the form; any other stays as it was asked for.
    fn replan(&mut self, id: RunId, plan: Box<Plan>) {
        let Some(run) = self.workspace.runs.get_mut(&id) else { return };
        let created = run.session().is_some();
        let waits = matches!(run.phase, Phase::Waiting(_));
        if waits
            && run.plan.revise((*plan).clone(), created)
            && let Some(handle) = self.runs.get(&id)
        {
            handle.orders.send(Order::Replan(plan)).ok(); // fails only for a run that is over
        }
    }

    fn cancel(&mut self, run: RunId) {
        if let Some(handle) = self.runs.get(&run) {
            handle.stop.notify_one();
        }
        // Shown at once; the task says so too when it has taken in what was under way.
        if let Some(run) = self.workspace.runs.get_mut(&run).filter(|run| run.is_open()) {
            run.phase = Phase::Cancelled;
        }
    }

    fn remove(&mut self, run: RunId) {
        self.cancel(run);
        self.listener.forget(run);
        self.runs.remove(&run);
        self.workspace.runs.remove(&run);
    }

    /// Profiles have commands of their own, so that a frame which saves both loses neither.
    fn save_settings(&mut self, settings: Settings) {
        let own = &mut self.workspace.settings;
        let (profiles, active_profile) = (std::mem::take(&mut own.profiles), own.active_profile.clone());
        *own = Settings { profiles, active_profile, ..settings };
        self.keep_settings();
    }

    fn open_body(&mut self, path: std::path::PathBuf) {
        self.on_disk(move || match store::read_body(&path) {
            Ok(text) => match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text) {
                Ok(_) => Event::BodyOpened(path, text),
                Err(error) => {
                    let problem = Problem {
                        summary: format!("{} is no JSON object, so the draft stays as it is", path.display()),
                        causes: vec![error.to_string()],
                        hint: Some("To send it all the same, paste it into the JSON editor".into()),
                    };
                    noticed(problem, Weight::Error)
                }
            },
            Err(error) => noticed(Problem::new(&error, Some(error.hint())), Weight::Error),
        });
    }

    fn inspect_file(&mut self, path: std::path::PathBuf) {
        self.on_disk(move || match store::inspect(&path) {
            Ok(source) => Event::FileOpened(path, source),
            Err(error) => noticed(Problem::new(&error, Some(error.hint())), Weight::Error),
        });
    }

    fn save_body(&mut self, path: std::path::PathBuf, text: String) {
        self.on_disk(move || match store::write_body(&path, &text) {
            Ok(0) => noticed(Problem::of(format!("Saved {}", path.display()), ""), Weight::Passing),
            Ok(masked) => noticed(
                Problem::of(
                    format!("Saved {}, with {masked} card numbers masked", path.display()),
                    "Only published test numbers are written in clear; put a number of your own in before sending",
                ),
                Weight::Warning,
            ),
            Err(error) => noticed(Problem::new(&error, Some(error.hint())), Weight::Error),
        });
    }

    /// A note in it may hold a card number: it is masked as in a body.
    fn save_picture(&mut self, path: std::path::PathBuf, svg: String) {
        self.on_disk(move || match store::write_body(&path, &svg) {
            Ok(_) => noticed(Problem::of(format!("Saved {}", path.display()), ""), Weight::Passing),
            Err(error) => noticed(Problem::new(&error, Some(error.hint())), Weight::Error),
        });
    }

    /// The sessions of a profile, newest first.
    fn sessions_of(&self, profile: &ProfileId) -> impl Iterator<Item = &Session> {
        let runs = self.workspace.runs.values().rev().filter(move |run| &run.plan.profile == profile);
        runs.filter_map(Run::session)
    }

    /// The directory server's key that the newest session shows; another environment's
    /// directory servers have others.
    fn shown_key(&self, profile: &ProfileId) -> Option<&str> {
        self.sessions_of(profile).find_map(|session| session.text("/certificates/ds_public"))
    }

    /// What `{{previous.…}}` stands for in the next run: the newest session of the active profile.
    fn remember_previous(&mut self) {
        let profile = self.workspace.settings.active_profile.clone();
        let newest = self.sessions_of(&profile).next().map(|session| session.raw.clone());
        if self.workspace.values.previous.as_deref() != newest.as_ref() {
            self.workspace.values.previous = newest.map(Arc::new);
        }
    }

    fn make_app_values(&mut self) {
        let values = AppValues::make(self.shown_key(&self.workspace.settings.active_profile), &mut random);
        self.keyring.keep(values.own.clone());
        let number = self.workspace.app_values.as_ref().map_or(1, |(number, _)| number + 1);
        self.workspace.app_values = Some((number, values));
    }

    fn on_disk(&self, act: impl FnOnce() -> Event + Send + 'static) {
        let sink = self.sink.clone();
        self.spawn(async move {
            if let Ok(event) = tokio::task::spawn_blocking(act).await {
                sink.post(event).await;
            }
        });
    }

    fn open_in_browser(&mut self, address: &str) {
        match browser::openable(address, &self.own_ports) {
            Err(problem) => self.notice(problem),
            Ok(url) => self.on_disk(move || match browser::open(&url) {
                Ok(()) => noticed(
                    Problem::of("Handed to your system's browser; the page's address is in the card", ""),
                    Weight::Passing,
                ),
                Err(problem) => noticed(problem, Weight::Error),
            }),
        }
    }

    fn notice(&mut self, problem: Problem) {
        self.add_notice(Notice { number: 0, weight: Weight::Error, problem });
    }

    fn add_notice(&mut self, notice: Notice) {
        if self.workspace.notices.iter().any(|other| other.problem == notice.problem) {
            return; // said already
        }
        self.notices += 1;
        self.workspace.notices.push(Notice { number: self.notices, ..notice });
    }
}

fn noticed(problem: Problem, weight: Weight) -> Event {
    Event::Noticed(Notice { number: 0, weight, problem })
}

/// Random bytes of the system.
fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system has a random source");
}

fn whole_seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}
