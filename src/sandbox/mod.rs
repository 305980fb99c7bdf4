//! The other side, on loopback: token server, Sessions API, 3DS Server, directory server,
//! issuer, hosted pages, callbacks, webhooks.
//!
//! Hides everything an issuer and a scheme would do; promises the contract of the Sessions
//! API to any client, over plain HTTP and, if asked for, over TLS under the vendor's names.
//! Knows nothing of the console: it writes its answers by hand, so that a mistake in the
//! client's types cannot pass unseen. All protocol time is read from the [`Clock`] it was
//! given; dropping a [`Sandbox`] stops it.
//!
//! Plays hosted and non-hosted sessions in browsers and apps, merchants who act alone, 3DS1,
//! stored cards and network tokens, payments; exemptions and trust lists, by what a scenario says
//! or by the bank's own rules (setting `exemptions`, see `exempt`); Secure Payment Confirmation,
//! with a page in place of the browser and its authenticator. An instrument id that begins with `src_bank` is
//! a bank account; any other unknown one is the card 4242 4242 4242 4242, unless `strict`.
//!
//! Does not play:
//! - Google's experience: always `unavailable`;
//! - 2.3.1 outside of scenarios and of the setting `protocol_version`: a card that speaks
//!   nothing else is refused while the setting is lower.
//!
//! ```text
//!                create
//!                   |
//!         pending --+--------------> processing (authentication request under way)
//!   collect_channel_data  data,         |
//!   issuer_fingerprint    report        |
//!   redirect_cardholder  ---------------+
//!      |                                |
//!      | life over     +-------+--------+--+---------+-----------+
//!      v               v       v           v         v           v
//!   expired        approved attempted  declined  rejected  unavailable   challenged
//!                                                                            |
//!        approved | attempted | declined | rejected | unavailable <-- RReq --+
//!        challenge_abandoned (cancelled) <-----------------------------------+
//!        expired (no CReq, no answer, life over) <---------------------------+
//!
//!     3DS1:  processing (VEReq) -- enrolled --> pending, authenticate --+-- PaRes --> approved
//!                               -- else -----> attempted | unavailable  |  attempted | declined
//!                                                          expired <----+  unavailable
//! ```
//!
//! # Driving the pages without a browser
//! All forms are `application/x-www-form-urlencoded`; hidden fields carry their final values,
//! so posting a form as it stands in the page is right.
//!
//! | Step | Request | Fields | Answer |
//! |---|---|---|---|
//! | Method | `POST /simulator/acs/3ds-method` | `threeDSMethodData` | page, `form#notify` to the notification URL with `threeDSMethodData` |
//! | Challenge | `POST /simulator/acs/challenge` | `creq`, optional `threeDSSessionData` | page, `form#form` |
//! | Answer | the same address | `creq`, `threeDSSessionData` if it came, `interaction`; by the page `password`, `choice`, `choices` or `agree=1`, and `trust` (`Y`, `N`); to go on from a page that only tells `continue=1`, to cancel `cancel=1` (in place of the browser's confirmation: to be asked by the bank), for another message `resend=1` | the page again, or the hand-over page: `form#handover` to the notification URL with `cres`, `threeDSSessionData` |
//! | Asked elsewhere | `GET /simulator/acs/out-of-band/{threeDSServerTransID}` | | JSON `decided`: true once the shopper answered in the bank's app |
//! | Hosted start | `GET /sessions-interceptor/{sid}` | | page, `form#device` (and `form#method` into a hidden frame), or `form#challenge`, or 302 |
//! | Hosted data | `POST /sessions-interceptor/{sid}/device-information` | those of `form#device` | page with `form#challenge` (`creq`, `threeDSSessionData`), or 302 |
//! | App challenge | `POST /simulator/acs/app-challenge/{sid}` | a sealed CReq (`application/jose`), or the same JSON in the open | CRes in the same seal, or an Erro; see [`app`] |
//! | App challenge, by a word | the same address | JSON `result`: `approve`, `fail`, `cancel`, `timeout` | the final CRes, JSON |
//! | 3DS1 | `POST /simulator/acs/3ds1` | `PaReq`, `TermUrl`, `MD` | page, `form#form` |
//! | 3DS1 answer | the same address | these, `interaction`, `password`; or `cancel=1`, `resend=1` | the page again, or `form#handover` to `TermUrl` with `PaRes`, `MD` |
//! | 3DS1 over | `POST /sessions-interceptor/{sid}/pares` | `PaRes`, `MD` | page that posts a message with the session's id |
//! | Hosted challenge over | `POST /sessions-interceptor/{sid}/challenge-response` | `cres` | page; then GET the interceptor again: 302 to the shop |

mod answer;
mod api;
mod app;
mod arm;
mod bank;
mod cards;
mod certificate;
mod control;
mod create;
mod deliver;
mod exempt;
mod faults;
mod fields;
mod given;
mod hosted;
mod issuer;
mod keys;
mod legacy;
mod legacy_xml;
mod log;
mod market;
mod payments;
mod programmable;
mod proof;
mod render;
mod scheme;
mod session;
mod state;
mod token;
mod trigger;
mod turn;
mod validate;
mod watch;
mod webhooks;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::bus::{Event, EventSink};
use crate::clock::Clock;
use crate::model::Secret;
use crate::page::Pages;
use crate::serve::{self, BindError, Server};

pub use certificate::Papers;
use deliver::{Courier, Delivery};
use faults::Trouble;
use keys::{Keys, Random};
use session::{End, Status};
use state::{Pending, State};

/// Most connections at once. Source: trust.md 1.7.
const CONNECTIONS: usize = 512;

/// What the listener under the vendor's names is called in logs and errors.
pub const OVER_TLS: &str = "sandbox over TLS";

/// How a sandbox is made.
pub struct Config {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Decides when tokens, sessions and challenges run out.
    pub clock: Clock,
    /// With a seed, ids, secrets and cryptograms repeat from run to run.
    pub seed: Option<u64>,
    /// Where hidden messages are shown.
    pub sink: Option<EventSink>,
    /// The client, if it is not to be made up.
    pub credentials: Option<Credentials>,
    /// A second listener for clients that insist on the vendor's host names.
    pub tls: Option<Tls>,
}

impl Config {
    /// A sandbox on plain HTTP with a client of its own, without seed and without an audience.
    pub fn new(port: u16, clock: Clock) -> Self {
        Self { port, clock, seed: None, sink: None, credentials: None, tls: None }
    }
}

/// A client given from outside, so that other programs' settings can stay as they are.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Access key id.
    pub client_id: String,
    /// Access key secret.
    pub client_secret: Secret,
    /// Its processing channel; `None` makes one up.
    pub processing_channel_id: Option<String>,
    /// The scopes it may have; empty: any. Changed later by the setting `allowed_scopes`.
    pub scopes: Vec<String>,
}

/// The listener that speaks TLS. Source: sessions-api.md 1.1, 9.2.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Certificates and keys.
    pub papers: Papers,
    /// Where the authority's certificate lies, for clients to trust.
    pub ca_file: Option<PathBuf>,
}

/// A running sandbox. Dropping it stops it.
pub struct Sandbox {
    shared: Arc<Shared>,
    server: Server,
    tls: Option<Server>,
    ca_file: Option<PathBuf>,
    _stop: DropGuard,
}

impl Sandbox {
    /// Starts on the loopback interface; must be called inside a tokio runtime.
    ///
    /// # Errors
    /// If the port is taken or may not be used.
    pub async fn start(config: Config) -> Result<Self, BindError> {
        let stop = CancellationToken::new();
        let random = Random::new(config.seed, "sandbox");
        let mut keys = Keys::new(&random);
        let mut state = State::new();
        if let Some(given) = config.credentials {
            (keys.client_id, keys.client_secret) = (given.client_id, given.client_secret);
            keys.processing_channel_id = given.processing_channel_id.unwrap_or(keys.processing_channel_id);
            state.settings.allowed_scopes = given.scopes;
        }
        let shared = Arc::new(Shared {
            seed: config.seed,
            keys,
            tokens: token::Known::default(),
            random,
            request_ids: Random::new(config.seed, "requests"),
            event_ids: Random::new(config.seed, "events"),
            base: OnceLock::new(),
            trouble: Trouble::default(),
            books: exempt::Books::default(),
            clock: config.clock,
            sink: config.sink,
            courier: Courier::new(),
            pages: issuer::pages(),
            state: Mutex::new(state),
            watch: watch::Watch::default(),
            stop: stop.clone(),
        });
        tokio::spawn(stop.clone().run_until_cancelled_owned(Arc::clone(&shared).keep_watch()));
        let serving = serve::Config::new("sandbox", config.port)
            .body_bytes(answer::INTAKE)
            .connections(CONNECTIONS)
            .any_localhost();
        let router = router(&shared);
        let (tls, ca_file) = match config.tls {
            None => (None, None),
            Some(tls) => (Some(start_tls(tls.port, &tls.papers, router.clone()).await?), tls.ca_file),
        };
        let server = Server::start(serving, router).await?;
        shared.base.set(format!("http://{}", server.addr)).expect("it is set here only");
        Ok(Self { shared, server, tls, ca_file, _stop: stop.drop_guard() })
    }

    /// Where it listens for TLS, if it does.
    pub fn tls_addr(&self) -> Option<SocketAddr> {
        self.tls.as_ref().map(|server| server.addr)
    }

    /// Address of the API over TLS, without a slash at the end.
    pub fn tls_url(&self) -> Option<String> {
        self.tls_addr().map(|addr| format!("https://{addr}"))
    }

    /// The authority's certificate, for TLS clients to trust.
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr
    }

    /// Address of the API, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr())
    }

    /// Address of the token server.
    pub fn token_url(&self) -> String {
        format!("{}/connect/token", self.base_url())
    }

    /// The one client's access key id.
    pub fn client_id(&self) -> &str {
        &self.shared.keys.client_id
    }

    /// The one client's access key secret.
    pub fn client_secret(&self) -> &Secret {
        &self.shared.keys.client_secret
    }

    /// What control requests (`/_sandbox/…`) need. Source: trust.md R17.
    pub fn control_token(&self) -> &Secret {
        &self.shared.keys.control_token
    }

    /// The client's processing channel.
    pub fn processing_channel_id(&self) -> &str {
        &self.shared.keys.processing_channel_id
    }
}

/// What all handlers share.
struct Shared {
    /// What repeats everything that is made up, if there is one.
    seed: Option<u64>,
    random: Random,
    /// A stream of its own, so that reading a session does not change the next one's ids.
    request_ids: Random,
    event_ids: Random,
    /// The plain address, known once there is one.
    base: OnceLock<String>,
    trouble: Trouble,
    /// What the bank remembers of its cards.
    books: exempt::Books,
    keys: Keys,
    tokens: token::Known,
    clock: Clock,
    sink: Option<EventSink>,
    courier: Courier,
    pages: Pages,
    state: Mutex<State>,
    watch: watch::Watch,
    stop: CancellationToken,
}

impl Shared {
    /// The state. Never held while waiting.
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave half a change: each is one assignment or one insert.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Posts facts in order, and tells the merchant of a session that just ended.
    async fn post(self: &Arc<Self>, pending: Pending) {
        if let Some(sink) = &self.sink {
            for message in pending.messages {
                sink.post(Event::SchemeMessageSeen(message)).await;
            }
            for phone in pending.phone {
                sink.post(Event::PhoneMessageSent(phone)).await;
            }
        }
        let Some(id) = pending.ended else { return };
        let delivery = {
            let mut store = self.lock();
            webhooks::announce(self, &mut store, &id);
            let mode = store.settings.callbacks;
            let hosted = store.sessions.get(&id).filter(|session| session.hosted());
            hosted.and_then(|session| Delivery::of(session, mode, &self.request_ids.uuid(), self.clock.passed()))
        };
        if let Some(delivery) = delivery {
            let app = Arc::clone(self);
            let stop = self.stop.clone();
            tokio::spawn(stop.run_until_cancelled_owned(async move { app.deliver(delivery).await }));
        }
    }

    /// Carries out what is due for a session: messages that arrive, timers that ring; ends it
    /// when its time is over.
    async fn lapse(self: &Arc<Self>, id: &str) {
        let pending = {
            let mut store = self.lock();
            let Some(session) = store.sessions.get_mut(id) else { return };
            let now = self.clock.passed();
            if session.deadline().is_none_or(|deadline| now < deadline) {
                return;
            }
            let over = session.status.is_final();
            let mut said = scheme::wake(self, session);
            if session.limit().is_some_and(|limit| now >= limit) {
                let asked = session.challenge.as_ref().is_some_and(|challenge| challenge.over.is_none());
                if session.status == Status::Challenged && asked {
                    said.extend(scheme::conclude(self, session, End::TimedOut));
                } else {
                    session.expire(self.clock.now());
                }
            }
            let mut pending = Pending::after(&mut store, id, said);
            if over {
                pending.ended = None; // that was told when it ended
            }
            pending
        };
        self.post(pending).await;
    }

    /// Waits on the sandbox's clock. On a virtual one time passes at once, and what becomes due
    /// meanwhile is carried out in order.
    async fn pass_until(self: &Arc<Self>, moment: Duration) {
        if !self.clock.is_virtual() {
            return self.clock.sleep(moment.saturating_sub(self.clock.passed())).await;
        }
        self.jump(moment.saturating_sub(self.clock.passed())).await;
    }

    /// Moves the clock ahead, and carries out in order what becomes due meanwhile.
    async fn jump(self: &Arc<Self>, time: Duration) {
        let moment = self.clock.passed().saturating_add(time);
        while let Some(next) = self.watch.next().filter(|next| *next <= moment) {
            self.clock.advance_to(next);
            self.catch_up().await;
        }
        self.clock.advance_to(moment);
    }

    /// The same as [`Shared::pass_until`] for a length of time.
    async fn pass(self: &Arc<Self>, time: Duration) {
        self.pass_until(self.clock.passed().saturating_add(time)).await;
    }
}

/// The listener under the vendor's names.
async fn start_tls(port: u16, papers: &Papers, router: Router) -> Result<Server, BindError> {
    let name = OVER_TLS;
    let unfit = || std::io::Error::new(std::io::ErrorKind::InvalidData, "certificate and key do not belong together");
    let tls = papers.server_config().ok_or_else(|| BindError { name, port, holder: None, source: unfit() })?;
    let serving = serve::Config::new(name, port)
        .body_bytes(answer::INTAKE)
        .connections(CONNECTIONS)
        .any_localhost()
        .tls(Arc::new(tls), certificate::VENDOR_NAMES);
    Server::start(serving, router).await
}

/// Every path that is served.
fn router(shared: &Arc<Shared>) -> Router {
    let api = Router::new()
        .route("/connect/token", post(token::connect))
        .route("/sessions", post(create::create))
        .route("/sessions/{id}", get(api::read))
        .route("/sessions/{id}/collect-data", put(api::collect_data))
        .route("/sessions/{id}/issuer-fingerprint", put(api::issuer_fingerprint))
        .route("/sessions/{id}/complete", post(api::complete))
        .route("/payments", post(payments::pay))
        .route("/payments/{id}", get(payments::read_payment));
    api.merge(issuer::routes())
        .merge(app::routes())
        .merge(legacy::routes())
        .merge(hosted::routes())
        .merge(control::routes())
        .fallback(answer::unknown_path)
        .method_not_allowed_fallback(answer::wrong_method)
        .layer(from_fn_with_state(Arc::clone(shared), answer::frame))
        .with_state(Arc::clone(shared))
}
