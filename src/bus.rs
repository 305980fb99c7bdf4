//! All that can be asked ([`Command`]) and all that can happen ([`Event`]), the sender
//! that wakes the window without knowing it, and the journal that makes a fact durable
//! before anybody is told of it. Reads as the program's table of contents.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};

use crate::model::body::Source;
use crate::model::delivery::{Delivery, Seq};
use crate::model::device::{self, Device};
use crate::model::exchange::{Exchange, Step};
use crate::model::profile::{Profile, ProfileId, TokenStatus};
use crate::model::run::{Answer, Deed, Plan, StepRequest, Turn};
use crate::model::sandbox::{Overview, SandboxAct};
use crate::model::scheme::{PhoneMessage, SchemeMessage};
use crate::model::settings::Settings;
use crate::model::{Keeping, Notice, Problem, RunId, Secret, Stamp};

/// Events that may wait to be folded in before posting tasks wait themselves, and
/// records that may wait for the disk. Source: trust.md 1.7.
const EVENT_QUEUE: usize = 4096;
/// See [`EVENT_QUEUE`].
const JOURNAL_QUEUE: usize = 1024;

/// What the user asked for. Made by `ui`, carried out by `engine`.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Start a run.
    Run(Plan),
    /// Do a step of a run now, as written here.
    Send(RunId, StepRequest),
    /// Do a step of a run (again), as the program would write it.
    Do(RunId, Step),
    /// The form has changed while this run waits: what is not sent yet is made from this.
    Replan(RunId, Box<Plan>),
    /// Authorise with ECI, cryptogram and the like instead of the session's identifier.
    AuthoriseByValues(RunId),
    /// Leave out the step that the run waits with.
    Skip(RunId),
    /// How the shopper answers the step that the run waits with, with the request as written here.
    Answer(RunId, Answer, Box<StepRequest>),
    /// Make the shopper's device do something, where the app is asked.
    Device(RunId, device::Act),
    /// Give a row of a run a star, or take it away.
    Mark(RunId, usize, bool),
    /// Write the user's own words beside a row of a run; empty ones take them away.
    Annotate(RunId, usize, String),
    /// Stop a run; what it has seen stays.
    Cancel(RunId),
    /// Forget a run.
    Remove(RunId),
    /// Fetch a token for the active profile, also if there is one.
    RenewToken,
    /// Throw the active profile's token away.
    ForgetToken,
    /// Keep a profile; a new id adds one.
    SaveProfile(Profile),
    /// Keep this as a new profile, under an id of its own, and use it.
    AddProfile(Profile),
    /// Delete a profile with its token and its secrets, those in the keychain too.
    RemoveProfile(ProfileId),
    /// Hold a profile's client secret, for its present hosts.
    SetSecret(ProfileId, Secret),
    /// Hold the key with which a profile's webhooks are signed.
    SetWebhookKey(ProfileId, Secret),
    /// Let a profile's secret go to the hosts that the profile has now.
    AllowHosts(ProfileId),
    /// Forget a profile's secrets, those in the keychain too.
    ForgetSecrets(ProfileId),
    /// Ask the keychain again for a profile's secrets, or to keep them.
    AskKeychain(ProfileId),
    /// Use this profile from now on.
    UseProfile(ProfileId),
    /// Send to this production profile from now on.
    ConfirmProduction(ProfileId),
    /// Keep settings, view state included.
    SaveSettings(Settings),
    /// Read a session body from a file.
    OpenBody(PathBuf),
    /// Open a file of any size to be looked at.
    InspectFile(PathBuf),
    /// Write a session body to a file.
    SaveBody(PathBuf, String),
    /// Write a picture of a run, as the text of an SVG file.
    SavePicture(PathBuf, String),
    /// Make fresh app values for the builder, sealed for the directory server of the newest
    /// session that shows a key; they come as [`Workspace::app_values`](crate::model::Workspace).
    MakeAppValues,
    /// Ask the user's real browser what it says of itself, for the builder; it comes as
    /// [`Workspace::browser_read`](crate::model::Workspace).
    ReadMyBrowser,
    /// Ask the embedded sandbox for something.
    Sandbox(SandboxAct),
    /// Open an address in the user's browser (guarded, trust.md R48).
    OpenInBrowser(String),
    /// Take a notice off the screen.
    Dismiss(u64),
}

/// What has happened. Made by background work, folded into the workspace.
#[derive(Debug)]
pub enum Event {
    /// A request went out and was answered, or not.
    Exchanged(Option<RunId>, Arc<Exchange>),
    /// A run waits for a person.
    TurnCame(RunId, Box<Turn>),
    /// A run goes on: the step that it does now.
    StepBegan(RunId, Step),
    /// The shopper's browser did something.
    ShopperDid(RunId, Deed),
    /// The shopper's device shows, sent or received something.
    DeviceChanged(RunId, Box<Device>),
    /// A step was left out, and when.
    StepSkipped(RunId, Step, Stamp),
    /// The API asked for a pause before this step is sent again, and when.
    StepPaused(RunId, Step, Stamp),
    /// Something about a step that a tester should know, and since when.
    StepNoted(RunId, Step, String, Stamp),
    /// Time was let pass on the sandbox's virtual clock while this step waits: since when, how much.
    TimePassed(RunId, Step, Stamp, Duration),
    /// Something was done in the sandbox that may have ended what this run waits for.
    SandboxMoved(RunId),
    /// A step did not come to its end; the run can go on. And when.
    StepFailed(RunId, Step, Problem, Stamp),
    /// A run has nothing left to do.
    RunEnded(RunId),
    /// A run was stopped by the user.
    RunCancelled(RunId),
    /// The listener stored a delivery and answered it.
    Delivered(Arc<Delivery>),
    /// The sandbox let us see a message between 3DS Server, directory and issuer.
    SchemeMessageSeen(SchemeMessage),
    /// The sandbox's issuer sent something to the shopper's phone.
    PhoneMessageSent(PhoneMessage),
    /// The embedded sandbox was looked at: which look, and what it showed.
    SandboxSeen(u64, Result<Box<Overview>, Problem>),
    /// A scenario is armed in the sandbox, and this run is to meet it.
    ScenarioArmed(Box<Plan>),
    /// A scenario could not be armed for this run; why has been said.
    ScenarioNotArmed(Box<Plan>),
    /// The token of a profile was fetched, renewed, lost or refused.
    TokenChanged(ProfileId, TokenStatus),
    /// The keychain was asked for a profile's secrets, or answered.
    KeychainTold(ProfileId, Keeping),
    /// A session body was read from a file.
    BodyOpened(PathBuf, String),
    /// A file was opened to be looked at.
    FileOpened(PathBuf, Source),
    /// The user's browser said what it is, under the names of `channel_data`.
    BrowserRead(Map<String, Value>),
    /// A record did not reach the disk.
    NotSaved(Problem),
    /// Something the user should know, that belongs to no run.
    Noticed(Notice),
}

/// Posts events to the engine and wakes the window. Cheap to clone.
#[derive(Clone)]
pub struct EventSink {
    tx: mpsc::Sender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl EventSink {
    /// A sink, and the end where its events come out. `wake` is called after each post.
    pub fn channel(wake: impl Fn() + Send + Sync + 'static) -> (Self, mpsc::Receiver<Event>) {
        let (tx, rx) = mpsc::channel(EVENT_QUEUE);
        (Self { tx, wake: Arc::new(wake) }, rx)
    }

    /// Posts if there is room. For words about something that is gone anyway, where waiting
    /// could hold up the program's end.
    pub fn offer(&self, event: Event) {
        self.tx.try_send(event).ok();
        (self.wake)();
    }

    /// Waits for room, so that no fact is dropped.
    pub async fn post(&self, event: Event) {
        self.tx.send(event).await.ok(); // fails only while the program is closing
        (self.wake)();
    }
}

/// A fact on its way to the disk.
#[derive(Debug, Clone)]
pub enum Record {
    /// A request that reached the listener; `seq` is filled in by the store.
    Delivery(Box<Delivery>),
    /// A request is about to be sent: outcome unknown until an exchange follows.
    Intent(RunId, Step, String),
    /// A request and its answer, masked.
    Exchange(Option<RunId>, Arc<Exchange>),
}

/// Why a record was not kept.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the record was not saved: {0}")]
pub struct Refused(pub String);

/// One record and where to say that it is durable.
pub type Posting = (Record, oneshot::Sender<Result<Seq, Refused>>);

/// The way to the disk. `store` empties it, by group commit; cheap to clone.
#[derive(Clone)]
pub struct Journal(mpsc::Sender<Posting>);

impl Journal {
    /// A journal, and the end from which the store's writer takes records.
    pub fn channel() -> (Self, mpsc::Receiver<Posting>) {
        let (tx, rx) = mpsc::channel(JOURNAL_QUEUE);
        (Self(tx), rx)
    }

    /// Returns when the record is durable: committed and synced.
    ///
    /// # Errors
    /// If the queue is full, the disk refuses, or the writer has ended.
    pub async fn append(&self, record: Record) -> Result<Seq, Refused> {
        let (told, durable) = oneshot::channel();
        self.0.try_send((record, told)).map_err(|error| {
            Refused(match error {
                mpsc::error::TrySendError::Full(_) => "too many records wait for the disk".into(),
                mpsc::error::TrySendError::Closed(_) => "the store is closed".into(),
            })
        })?;
        durable.await.unwrap_or_else(|_| Err(Refused("the store's writer ended".into())))
    }
}
