//! The user's browser: which addresses may be opened, opening them, and asking it what it
//! says of itself for the builder, on a page of no run.
//! Source: trust.md R48.

use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::Engine;
use crate::bus::Event;
use crate::listener::{PageState, Signal};
use crate::model::profile::is_loopback;
use crate::model::{Problem, RunId};

/// Longest address that is opened, in bytes.
const LONGEST: usize = 8 << 10;
/// Whose page reads the browser: none of the runs, which begin at 1.
const BUILDER: RunId = RunId(0);
/// How long that page waits for a browser. Our choice.
const READING: Duration = Duration::from_mins(10);

impl Engine {
    /// Opens a page that reads the user's browser as the shop's page would; an earlier one
    /// ends. Anything that can open the address on this machine may do it.
    pub(super) fn read_browser(&mut self) {
        self.listener.forget(BUILDER);
        let mut visit = self.listener.visit(BUILDER);
        visit.show(PageState::Collect);
        let page = format!("{}/", visit.merchant_base());
        self.open_in_browser(&page);
        self.workspace.browser_page = Some(page);
        let sink = self.sink.clone();
        self.spawn(async move {
            let read = tokio::time::timeout(READING, async {
                loop {
                    if let Signal::BrowserData(Value::Object(members)) = visit.next_signal().await {
                        return members;
                    }
                }
            });
            let Ok(members) = read.await else { return };
            visit.show(PageState::Done {
                success: true,
                title: "Thank you".into(),
                sentence: "The draft now has this browser's data. You can close this page.".into(),
            });
            sink.post(Event::BrowserRead(members)).await;
        });
    }

    pub(super) fn browser_read(&mut self, members: Map<String, Value>) {
        let number = self.workspace.browser_read.as_ref().map_or(1, |(number, _)| number + 1);
        self.workspace.browser_read = Some((number, members));
        self.workspace.browser_page = None;
    }
}

/// The address, if it may be opened: https, or http to one of our own ports on this machine.
///
/// # Errors
/// Says which rule it breaks; the text stays with the user to copy.
pub(super) fn openable(address: &str, own_ports: &[u16]) -> Result<Url, Problem> {
    let refuse = |why: &str| {
        Err(Problem::of(format!("Not opened: {why}"), "Copy the address and open it yourself if you trust it"))
    };
    if address.len() > LONGEST || address.chars().any(char::is_control) {
        return refuse("the address is too long or has control characters");
    }
    let Ok(url) = Url::parse(address) else { return refuse("this is no address") };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("the address holds a user name");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return refuse("the address has no host");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) && url.port_or_known_default().is_some_and(|port| own_ports.contains(&port)) => {
            Ok(url)
        }
        "http" => refuse("plain http is opened only for this program's own ports"),
        scheme => refuse(&format!("only https is opened, not {scheme}")),
    }
}

/// Hands an address that [`openable`] has let through to the system.
///
/// # Errors
/// If the system knows no browser.
pub(super) fn open(url: &Url) -> Result<(), Problem> {
    webbrowser::open(url.as_str()).map_err(|error| Problem {
        summary: "The system's browser could not be started".into(),
        causes: vec![error.to_string()],
        hint: Some(format!("Open this address yourself: {url}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_our_own_ports_are_opened() {
        for (address, good) in [
            ("https://bank.example.test/acs", true),
            ("http://127.0.0.1:8789/m/x/", true),
            ("http://localhost:8789/", true),
            ("http://127.0.0.1:22/", false),
            ("http://bank.example.test:8789/", false),
            ("https://user@bank.example.test/", false),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("ms-settings:", false),
            ("https://bank.example.test/\n", false),
            ("//bank.example.test", false),
        ] {
            assert_eq!(openable(address, &[8788, 8789]).is_ok(), good, "{address}");
        }
        assert!(openable(&format!("https://h/{}", "a".repeat(LONGEST)), &[]).is_err());
    }
}
