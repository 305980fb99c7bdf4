//! Callbacks and webhooks to the merchant: the only place of the sandbox that opens connections.
//!
//! Promises: no redirects, no proxy, no name looked up, only loopback and private addresses
//! (others are recorded), ten seconds of real time for an answer. Knows nothing of states.
//! Source: sessions-api.md 2.5, 6.1, 6.4.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};
use url::{Host, Url};

use super::Shared;
use super::fields::shown;
use super::issuer::fault_row;
use super::render;
use super::scheme::{altered, take_fault};
use super::session::Session;
use super::state::Callbacks;
use crate::bus::Event;
use crate::model::scenario::{Fault, FaultKind, Hop};

/// How long the merchant has to answer. Network time, so never on the virtual clock.
const TIME_OUT: Duration = Duration::from_secs(10);

/// Webhook deliveries at once.
const TURNS: usize = 64;

/// A callback that is due.
pub(super) struct Delivery {
    session: String,
    url: String,
    body: Value,
    request_id: String,
    mode: Callbacks,
    /// The reference asked for a failure.
    fails: bool,
}

impl Delivery {
    /// The callback of a session by the clock's reading; `None` if it has no address for it.
    pub(super) fn of(session: &Session, mode: Callbacks, request_id: &str, passed: Duration) -> Option<Self> {
        Some(Self {
            session: session.id.clone(),
            url: session.callback_url()?.to_owned(),
            body: render::callback(session, passed),
            request_id: request_id.to_owned(),
            mode,
            fails: session.triggers.callback_fails,
        })
    }
}

/// Resolves the names of this machine to loopback, and no others: the system is never asked.
struct Here;

impl Resolve for Here {
    fn resolve(&self, name: Name) -> Resolving {
        let here = is_here(name.as_str());
        Box::pin(async move {
            let addresses = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
            let port = 0; // the address says which
            let addresses: Addrs = Box::new(addresses.into_iter().map(move |ip| SocketAddr::new(ip, port)));
            here.then_some(addresses).ok_or_else(|| "only names of this machine are resolved".into())
        })
    }
}

/// The client that delivers.
pub(super) struct Courier {
    client: Option<reqwest::Client>,
    /// Webhook deliveries at once: a slow merchant must not use up the sockets.
    turns: Semaphore,
}

impl Courier {
    pub(super) fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok(); // fails only if one is installed already
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(Here))
            .timeout(TIME_OUT)
            .http1_title_case_headers() // `Cko-Signature`, as the documents spell it
            .user_agent(concat!("sessions-sandbox/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { client: client.ok(), turns: Semaphore::new(TURNS) }
    }

    /// Posts a JSON body. The status of the answer, or why there is none.
    pub(super) async fn post(
        &self,
        url: &str,
        headers: &[(HeaderName, HeaderValue)],
        body: Bytes,
    ) -> Result<u16, &'static str> {
        let client = self.client.as_ref().ok_or("no HTTP client could be built")?;
        let mut request = client.post(url).header(CONTENT_TYPE, "application/json; charset=utf-8").body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(|fault| reason(&fault))?;
        Ok(answer.status().as_u16())
    }

    /// A turn among the deliveries that nobody waits for; dropped, it is the next one's.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok() // fails only if it were closed, which nobody does
    }
}

fn reason(fault: &reqwest::Error) -> &'static str {
    if fault.is_timeout() {
        "no answer within 10 s"
    } else if fault.is_connect() {
        "could not connect"
    } else {
        "no usable answer"
    }
}

/// True for the names that always mean this machine.
fn is_here(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// True for loopback and private addresses and the names of this machine. Link-local ones are
/// left out: there are services that answer everybody (sessions-api.md 6.1).
fn is_near(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => is_here(name),
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private(),
        Some(Host::Ipv6(ip)) => match IpAddr::from(ip).to_canonical() {
            IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
            IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
        },
        None => false,
    }
}

/// An address as it may be shown: without a name and a password in it.
pub(super) fn public(url: &str) -> Cow<'_, str> {
    let Ok(mut parsed) = Url::parse(url) else { return url.into() };
    if parsed.username().is_empty() && parsed.password().is_none() {
        return url.into();
    }
    // Both fail for addresses without a host only; those cannot have a user.
    let stripped = parsed.set_username("").and_then(|()| parsed.set_password(None));
    stripped.map_or_else(|()| Cow::Borrowed("••••"), |()| String::from(parsed).into())
}

impl Callbacks {
    /// Whether something is sent to this address, rather than recorded.
    pub(super) fn reaches(self, url: &str) -> bool {
        self == Self::Deliver && is_near(url)
    }
}

impl Shared {
    /// Delivers or records a callback. True if the merchant took it.
    pub(super) async fn deliver(&self, delivery: Delivery) -> bool {
        let send = delivery.mode.reaches(&delivery.url);
        let (outcome, accepted) = if delivery.fails {
            (json!({"failed": "SBX:CBFAIL"}), false)
        } else if !send {
            (json!({"recorded": true}), true)
        } else {
            let id = HeaderValue::from_str(&delivery.request_id).ok();
            let headers: Vec<_> = id.map(|id| (HeaderName::from_static("cko-request-id"), id)).into_iter().collect();
            let body = Bytes::from(delivery.body.to_string());
            match self.post_through(&delivery.session, &delivery.url, headers, body).await {
                Ok(status) => (json!({"status": status}), (200..300).contains(&status)),
                Err(reason) => (json!({"failed": reason}), false),
            }
        };
        let record = json!({
            "at": shown(self.clock.now()), "session_id": delivery.session, "url": public(&delivery.url),
            "request_id": delivery.request_id, "body": delivery.body, "outcome": outcome, "accepted": accepted,
        });
        self.lock().remember_callback(record);
        accepted
    }

    /// Posts something about a session to the merchant, with the fault that is planned for it.
    pub(super) async fn post_through(
        &self,
        session: &str,
        url: &str,
        mut headers: Vec<(HeaderName, HeaderValue)>,
        mut body: Bytes,
    ) -> Result<u16, &'static str> {
        let fault = {
            let mut store = self.lock();
            store.sessions.get_mut(session).and_then(|session| take_fault(self, session, Hop::Callback))
        };
        let Some(fault) = fault else { return self.courier.post(url, &headers, body).await };
        let changed = altered(&body, &fault);
        let arrived = (changed != body[..]).then(|| Bytes::from(changed));
        self.tell_fault(session, &fault, arrived.as_ref()).await;
        body = arrived.unwrap_or(body);
        match fault.kind {
            FaultKind::Drop => return Err("it was lost on the way"),
            FaultKind::Close => return Err("no usable answer"),
            FaultKind::Status => return Ok(fault.status.unwrap_or(503)),
            FaultKind::DelayMs | FaultKind::SlowDrip => {
                // The network's time, so real.
                tokio::time::sleep(fault.delay().min(TIME_OUT)).await;
                if fault.delay() >= TIME_OUT {
                    return Err("no answer within 10 s");
                }
            }
            FaultKind::BadSignature => {
                let forged = HeaderValue::from_static("00000000000000000000000000000000");
                headers
                    .iter_mut()
                    .filter(|(name, _)| *name == "cko-signature")
                    .for_each(|(_, value)| *value = forged.clone());
            }
            _ => (),
        }
        let answer = self.courier.post(url, &headers, body.clone()).await;
        if fault.kind == FaultKind::Duplicate {
            self.courier.post(url, &headers, body).await.ok(); // the first answer counts
        }
        answer
    }

    /// Shows what a fault does on the timeline.
    async fn tell_fault(&self, id: &str, fault: &Fault, arrived: Option<&Bytes>) {
        let row = {
            let mut store = self.lock();
            let Some(row) = store.sessions.get(id).map(|session| fault_row(session, fault, arrived)) else { return };
            store.messages.push_sized(row.body.len() + 256, row.clone());
            row
        };
        if let Some(sink) = &self.sink {
            sink.post(Event::SchemeMessageSeen(row)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn only_near_addresses_are_delivered_to() {
        for url in [
            "http://127.0.0.1:9/cb",
            "http://localhost/cb",
            "http://10.0.0.7/",
            "http://[::1]:8/",
            "http://192.168.1.2/",
            "http://shop.localhost:9/",
            "http://[::ffff:10.0.0.1]/",
            "http://[fd00::1]/",
        ] {
            assert!(is_near(url), "{url}");
        }
        for url in [
            "https://shop.example/cb",
            "http://8.8.8.8/",
            "http://localhost.example/",
            "http://[2001:db8::1]/",
            "http://169.254.169.254/",
            "http://[fe80::1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://0.0.0.0/",
            "x",
        ] {
            assert!(!is_near(url), "{url}");
        }
    }
}
