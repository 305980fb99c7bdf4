//! What the outside world sends back to us: callbacks, notifications, returns; and the
//! shop's pages that a browser opens.
//!
//! Hides: two loopback servers, secret addresses, the journal's part in an answer.
//! Promises: the ingress gives a 2xx only after what it acknowledges is on the disk;
//! nothing that arrives decides a session's fate. What the shop's own pages say (that they
//! were opened, returned to, what browser it is) is told to the visit and stored nowhere
//! here: the requests that follow from it are. Does not know the engine: it posts events, and tells
//! whoever holds a [`Visit`] what its browser did. Source: trust.md R1-R21, R65-R69.

mod ingress;
mod merchant;
mod verdict;
mod visit;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::bus::{EventSink, Journal};
use crate::model::run::Return;
use crate::model::{RunId, SessionId};
use crate::page::Pages;
use crate::serve::{self, BindError, Server};

pub use crate::model::settings::{HandOff, ShopPolicy};
pub use verdict::{Evidence, judge};
pub use visit::Visit;

/// Slots for answers that are held back on purpose, and the longest delay. Source: trust.md R12.
const HELD_ANSWERS: usize = 32;
/// See [`HELD_ANSWERS`].
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// Bodies of the merchant port, in bytes: browser data only. Our choice.
const MERCHANT_BODY_BYTES: usize = 16 * 1024;

/// The pages, checked when the listener starts.
const PAGES: &[(&str, &str)] = &[
    ("style", include_str!("../../assets/merchant/style.html")),
    ("script", include_str!("../../assets/merchant/script.html")),
    ("top", include_str!("../../assets/merchant/top.html")),
    ("checkout", include_str!("../../assets/merchant/checkout.html")),
    ("plain", include_str!("../../assets/merchant/plain.html")),
    ("notified", include_str!("../../assets/merchant/notified.html")),
];

/// What a listener needs.
#[derive(Clone)]
pub struct Config {
    /// Port of the ingress on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Port of the merchant pages, 0 for a free one; `None`: no pages.
    pub merchant_port: Option<u16>,
    /// The way to the disk.
    pub journal: Journal,
    /// Where deliveries are announced.
    pub sink: EventSink,
    /// Secret part of the inbox address (22 characters of base64url); `None` makes a new one.
    pub inbox: Option<String>,
    /// How the inbox answers, if not with 200 at once.
    pub script: Option<Script>,
}

impl Config {
    /// Ingress and merchant pages.
    pub fn new(port: u16, merchant_port: u16, journal: Journal, sink: EventSink) -> Self {
        Self { port, merchant_port: Some(merchant_port), journal, sink, inbox: None, script: None }
    }

    /// The ingress alone, as `listen` needs it.
    pub fn plain(port: u16, journal: Journal, sink: EventSink) -> Self {
        Self { port, merchant_port: None, journal, sink, inbox: None, script: None }
    }
}

/// An answer that a tester wrote, given after the delivery was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Script {
    /// The status to answer with, 200 to 599.
    pub status: u16,
    /// How long to wait first; at most a minute.
    pub delay: Duration,
}

/// What a run's browser did, or what was sent to the run's own addresses.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// The checkout page was opened, or opened again.
    PageOpened,
    /// The issuer's fingerprint page is done.
    MethodNotified {
        /// `threeDSServerTransID`, if it could be read.
        trans_id: Option<String>,
    },
    /// The page waited ten seconds for the fingerprint in vain.
    MethodTimedOut,
    /// What the real browser says of itself: members of `PUT …/collect-data`.
    BrowserData(Value),
    /// The issuer sent the browser back from the challenge.
    ChallengeNotified {
        /// The CRes (or Erro), if it could be read.
        cres: Option<Value>,
    },
    /// The page at `term_url` told the shop's page that 3-D Secure 1 is over. Proves nothing.
    Authenticated,
    /// The session's callback arrived.
    CallbackReceived,
    /// The hosted page sent the browser back. Proves nothing; read the session.
    Returned {
        /// Which address.
        to: Return,
        /// `cko-session-id`.
        session: Option<SessionId>,
    },
}

/// What the checkout page shows or does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageState {
    /// We are busy.
    Waiting {
        /// A few words.
        title: String,
        /// One sentence.
        sentence: String,
    },
    /// Run the 3DS Method in a hidden frame. Source: emv-3ds.md 2.1.
    Method {
        /// The issuer's address.
        url: String,
        /// `threeDSMethodData`, base64url.
        data: String,
    },
    /// Say what browser this is.
    Collect,
    /// Show the issuer's challenge. Source: emv-3ds.md 2.2.
    Challenge {
        /// The issuer's address.
        acs_url: String,
        /// `creq`, base64url.
        creq: String,
        /// `threeDSSessionData`.
        session_data: Option<String>,
        /// The size of the frame.
        window: WindowSize,
        /// Where the bank's page is shown.
        hand_off: HandOff,
        /// What the shop's page may do.
        shop_policy: ShopPolicy,
    },
    /// Hand over to the issuer's page of 3-D Secure 1. Source: emv-3ds.md 2.3.
    Authenticate {
        /// The issuer's address.
        acs_url: String,
        /// `PaReq`.
        pareq: String,
        /// `TermUrl`: whose page says when it is over.
        term_url: String,
        /// `MD`.
        md: String,
        /// Where the bank's page is shown. The page at `TermUrl` knows no way back to the
        /// shop's page, so [`HandOff::Page`] opens a window too.
        hand_off: HandOff,
        /// What the shop's page may do.
        shop_policy: ShopPolicy,
    },
    /// Go to the hosted page.
    Redirect {
        /// Its address.
        url: String,
    },
    /// It is decided.
    Done {
        /// Whether the shop gets its money.
        success: bool,
        /// A few words.
        title: String,
        /// One sentence.
        sentence: String,
    },
}

impl PageState {
    /// How the shop's page shows the bank's, if it does, and what it may do meanwhile.
    fn ways(&self) -> (HandOff, ShopPolicy) {
        match self {
            Self::Challenge { hand_off, shop_policy, .. } | Self::Authenticate { hand_off, shop_policy, .. } => {
                (*hand_off, *shop_policy)
            }
            _ => Default::default(),
        }
    }
}

/// `challengeWindowSize`. Source: emv-3ds.md 2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WindowSize {
    /// `01`: 250 × 400.
    W250,
    /// `02`: 390 × 400.
    W390,
    /// `03`: 500 × 600.
    #[default]
    W500,
    /// `04`: 600 × 400.
    W600,
    /// `05`: all of the window.
    Full,
}

impl WindowSize {
    /// Reads the wire's code.
    pub fn parse(code: &str) -> Option<Self> {
        [Self::W250, Self::W390, Self::W500, Self::W600, Self::Full].into_iter().find(|size| size.code() == code)
    }

    /// The wire's code.
    pub fn code(self) -> &'static str {
        match self {
            Self::W250 => "01",
            Self::W390 => "02",
            Self::W500 => "03",
            Self::W600 => "04",
            Self::Full => "05",
        }
    }

    /// Width and height in CSS pixels; `None` for all of the window.
    pub fn pixels(self) -> Option<(u16, u16)> {
        match self {
            Self::W250 => Some((250, 400)),
            Self::W390 => Some((390, 400)),
            Self::W500 => Some((500, 600)),
            Self::W600 => Some((600, 400)),
            Self::Full => None,
        }
    }
}

/// Where our servers are, for pages that must name one another.
#[derive(Debug, Clone, Copy)]
struct Addresses {
    ingress: SocketAddr,
    merchant: Option<SocketAddr>,
}

/// Origin of a server of ours, as a browser names it.
fn origin(addr: SocketAddr) -> String {
    format!("http://{addr}")
}

/// What both servers share.
struct Shared {
    journal: Journal,
    pages: Pages,
    visitors: visit::Visitors,
    inbox: visit::Key,
    script: Option<Script>,
    held: Arc<tokio::sync::Semaphore>,
    announcer: ingress::Announcer,
    /// Deliveries to the inbox, for telling doubles apart.
    inbox_seen: visit::Seen,
    /// Bytes that unknown paths may still put on the disk.
    stray: std::sync::atomic::AtomicU64,
    addresses: OnceLock<Addresses>,
}

/// Both servers. Dropping it stops them.
pub struct Listener {
    shared: Arc<Shared>,
    addresses: Addresses,
    inbox: String,
    ingress: Server,
    merchant: Option<Server>,
}

impl Listener {
    /// Binds before it returns, so its addresses are good to hand out.
    ///
    /// # Errors
    /// If a port is taken or may not be used.
    pub async fn start(config: Config) -> Result<Self, BindError> {
        let inbox = config.inbox.unwrap_or_else(fresh_token);
        let shared = Arc::new(Shared {
            journal: config.journal,
            pages: Pages::new(PAGES).expect("our own pages are checked by a test"),
            visitors: visit::Visitors::default(),
            inbox: visit::Key::of(&inbox),
            script: config.script,
            held: Arc::new(tokio::sync::Semaphore::new(HELD_ANSWERS)),
            announcer: ingress::Announcer::start(config.sink),
            inbox_seen: visit::Seen::default(),
            stray: std::sync::atomic::AtomicU64::new(ingress::STRAY_BYTES),
            addresses: OnceLock::new(),
        });
        let ingress = serve::Config::new("listener", config.port);
        let ingress = Server::start(ingress, ingress::router(Arc::clone(&shared))).await?;
        let merchant = match config.merchant_port {
            Some(port) => {
                let config = serve::Config::new("merchant page", port).body_bytes(MERCHANT_BODY_BYTES);
                Some(Server::start(config, merchant::router(Arc::clone(&shared))).await?)
            }
            None => None,
        };
        let addresses = Addresses { ingress: ingress.addr, merchant: merchant.as_ref().map(|server| server.addr) };
        let addresses = *shared.addresses.get_or_init(|| addresses);
        Ok(Self { shared, addresses, inbox, ingress, merchant })
    }

    /// Where the ingress listens.
    pub fn addr(&self) -> SocketAddr {
        self.addresses.ingress
    }

    /// Where the merchant pages are.
    pub fn merchant_addr(&self) -> Option<SocketAddr> {
        self.addresses.merchant
    }

    /// The inbox address; any path below it is taken too.
    pub fn inbox(&self) -> String {
        format!("{}/c/{}/in", origin(self.addresses.ingress), self.inbox)
    }

    /// What the ingress has seen.
    pub fn stats(&self) -> serve::Stats {
        self.ingress.stats()
    }

    /// Hands out fresh secret addresses for a run.
    pub fn visit(&self, run: RunId) -> Visit {
        self.shared.visitors.admit(run, self.addresses)
    }

    /// Takes a run's addresses back: from now on they are unknown paths (trust.md R2).
    pub fn forget(&self, run: RunId) {
        self.shared.visitors.forget(run);
    }

    /// Stops both servers, and returns when the last request was answered or given up.
    pub async fn stop(self) {
        self.ingress.stop().await;
        if let Some(merchant) = self.merchant {
            merchant.stop().await;
        }
    }
}

/// 128 random bits in base64url.
fn fresh_token() -> String {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        bytes = *uuid::Uuid::new_v4().as_bytes();
    }
    URL_SAFE_NO_PAD.encode(bytes)
}
