//! Callbacks to the merchant: the only place of the sandbox that opens connections.
//!
//! Promises: no redirects, no proxy, only loopback and private addresses (others are
//! recorded), ten seconds of real time for an answer. Knows nothing of states.
//! Source: sessions-api.md 2.5, 6.1.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Value, json};
use url::{Host, Url};

use super::Shared;
use super::fields::shown;
use super::render;
use super::session::Session;
use super::state::Callbacks;

/// How long the merchant has to answer. Network time, so never on the virtual clock.
const TIME_OUT: Duration = Duration::from_secs(10);

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
    /// The callback of a session; `None` if it has no address for it.
    pub(super) fn of(session: &Session, mode: Callbacks, request_id: &str) -> Option<Self> {
        Some(Self {
            session: session.id.clone(),
            url: session.callback_url()?.to_owned(),
            body: render::callback(session),
            request_id: request_id.to_owned(),
            mode,
            fails: session.triggers.callback_fails,
        })
    }
}

/// The client that delivers.
pub(super) struct Courier(Option<reqwest::Client>);

impl Courier {
    pub(super) fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok(); // fails only if one is installed already
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(TIME_OUT)
            .user_agent(concat!("sessions-sandbox/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(client.ok())
    }

    async fn send(&self, delivery: &Delivery) -> Result<u16, String> {
        let client = self.0.as_ref().ok_or("no HTTP client could be built")?;
        let request = client
            .post(&delivery.url)
            .header("Content-Type", "application/json; charset=utf-8")
            .header("Cko-Request-Id", &delivery.request_id)
            .body(delivery.body.to_string());
        let answer = request.send().await.map_err(|fault| reason(&fault).to_owned())?;
        Ok(answer.status().as_u16())
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

/// True for addresses that cannot be anybody else's: loopback, private, link-local, `localhost`.
/// A name is never looked up, so it cannot turn out to be something else.
fn is_near(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Some(Host::Ipv6(ip)) => match IpAddr::from(ip).to_canonical() {
            IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        },
        None => false,
    }
}

impl Shared {
    /// Delivers or records a callback. True if the merchant took it.
    pub(super) async fn deliver(&self, delivery: Delivery) -> bool {
        let send = delivery.mode == Callbacks::Deliver && is_near(&delivery.url);
        let (outcome, accepted) = if delivery.fails {
            (json!({"failed": "SBX:CBFAIL"}), false)
        } else if !send {
            (json!({"recorded": true}), true)
        } else {
            match self.courier.send(&delivery).await {
                Ok(status) => (json!({"status": status}), (200..300).contains(&status)),
                Err(reason) => (json!({"failed": reason}), false),
            }
        };
        let record = json!({
            "at": shown(self.clock.now()), "session_id": delivery.session, "url": delivery.url,
            "request_id": delivery.request_id, "body": delivery.body, "outcome": outcome, "accepted": accepted,
        });
        self.lock().remember_callback(record);
        accepted
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
        ] {
            assert!(is_near(url), "{url}");
        }
        for url in
            ["https://shop.example/cb", "http://8.8.8.8/", "http://localhost.example/", "http://[2001:db8::1]/", "x"]
        {
            assert!(!is_near(url), "{url}");
        }
    }
}
