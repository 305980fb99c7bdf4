//! STAND-IN until merged.
#![allow(missing_docs, dead_code, unused_variables)]
use crate::model::{RunId, SessionId, run::Return};
#[derive(Debug)]
pub enum Signal {
    PageOpened,
    MethodNotified { trans_id: Option<String> },
    MethodTimedOut,
    BrowserData(serde_json::Value),
    ChallengeNotified { cres: Option<serde_json::Value> },
    CallbackReceived,
    Returned { to: Return, session: Option<SessionId> },
}
#[derive(Debug, Clone, PartialEq)]
pub enum PageState {
    Waiting { title: String, sentence: String },
    Method { url: String, data: String },
    Collect,
    Challenge { acs_url: String, creq: String, session_data: Option<String>, window: WindowSize },
    Redirect { url: String },
    Done { success: bool, title: String, sentence: String },
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowSize {
    S01,
    S02,
    S03,
    S04,
    S05,
}
impl WindowSize {
    pub fn parse(t: &str) -> Option<Self> {
        None
    }
}
pub struct Visit;
impl Visit {
    pub fn listener_base(&self) -> String {
        String::new()
    }
    pub fn merchant_base(&self) -> String {
        String::new()
    }
    pub fn name_session(&self, id: SessionId) {}
    pub fn show(&self, state: PageState) {}
    pub async fn next_signal(&mut self) -> Signal {
        std::future::pending().await
    }
}
pub struct Config;
impl Config {
    pub fn new(port: u16, merchant_port: u16, journal: crate::bus::Journal, sink: crate::bus::EventSink) -> Self {
        Self
    }
}
pub struct Listener;
impl Listener {
    pub async fn start(config: Config) -> Result<Self, crate::serve::BindError> {
        Ok(Self)
    }
    pub fn addr(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], 1).into()
    }
    pub fn merchant_addr(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], 1).into()
    }
    pub fn visit(&self, run: RunId) -> Visit {
        Visit
    }
}
