//! The names under which a server may be asked.
//!
//! Hides: how a Host is compared. Promises: only loopback names with the server's own
//! port, and names that the user entered, are known; this is what stops DNS rebinding.
//! Source: trust.md R1, R17.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// How many refused names are remembered, and how long each may be.
const REMEMBERED: usize = 8;
const REMEMBERED_BYTES: usize = 253;

/// A name that cannot be a host.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is not a host name")]
pub struct HostError(String);

impl HostError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "Enter the host alone, without scheme and path, such as abc.example.net or abc.example.net:8443"
    }
}

/// The hosts that one server answers to; clones share their list, also while it serves.
#[derive(Debug, Clone)]
pub struct Hosts {
    port: u16,
    /// The port as it stands behind a name, with its colon.
    suffix: Arc<str>,
    any_localhost: bool,
    names: &'static [&'static str],
    lists: Arc<Mutex<Lists>>,
}

#[derive(Debug, Default)]
struct Lists {
    public: Option<String>,
    allowed: Vec<String>,
    refused: VecDeque<String>,
}

impl Hosts {
    pub(super) fn new(port: u16, any_localhost: bool) -> Self {
        Self { port, suffix: format!(":{port}").into(), any_localhost, names: &[], lists: Arc::default() }
    }

    /// Also answers to these names, with the server's port or none; `*.` stands for one label.
    pub(super) fn named(self, names: &'static [&'static str]) -> Self {
        Self { names, ..self }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Lists) -> T) -> T {
        act(&mut self.lists.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets or clears the public host, exactly as a tunnel will name it in `Host`.
    /// There is one; requests that use it are marked as public.
    ///
    /// # Errors
    /// If it is not a host, with or without a port.
    pub fn set_public(&self, host: Option<&str>) -> Result<(), HostError> {
        let host = host.map(checked).transpose()?;
        self.with(|lists| lists.public = host);
        Ok(())
    }

    /// The public host, if one is set.
    pub fn public(&self) -> Option<String> {
        self.with(|lists| lists.public.clone())
    }

    /// Allows one more name for this run: as given, and with the server's port.
    ///
    /// # Errors
    /// If it is not a host, with or without a port.
    pub fn allow(&self, host: &str) -> Result<(), HostError> {
        let host = checked(host)?;
        self.with(|lists| {
            lists.refused.retain(|refused| *refused != host);
            if !lists.allowed.contains(&host) {
                lists.allowed.push(host);
            }
        });
        Ok(())
    }

    /// Names that were refused last, newest first, at most eight, in memory only.
    pub fn refused(&self) -> Vec<String> {
        self.with(|lists| lists.refused.iter().cloned().collect())
    }

    pub(super) fn note_refused(&self, host: &str) {
        let Ok(host) = checked(host) else { return };
        self.with(|lists| {
            lists.refused.retain(|refused| *refused != host);
            lists.refused.push_front(host);
            lists.refused.truncate(REMEMBERED);
        });
    }

    /// `None` if `host` is not ours; else whether it is the public one.
    pub(super) fn knows(&self, host: &str) -> Option<bool> {
        let name = self.without_port(host);
        let local = name.is_some_and(|name| {
            ["127.0.0.1", "[::1]", "localhost"].iter().any(|own| name.eq_ignore_ascii_case(own))
                || (self.any_localhost && is_under_localhost(name))
        });
        let named = || self.names.iter().any(|pattern| is_named(name.unwrap_or(host), pattern));
        self.with(|lists| {
            let same = |one: &String| one.eq_ignore_ascii_case(host);
            if lists.public.as_ref().is_some_and(same) {
                return Some(true);
            }
            let allowed = |one: &String| same(one) || name.is_some_and(|name| one.eq_ignore_ascii_case(name));
            (local || named() || lists.allowed.iter().any(allowed)).then_some(false)
        })
    }

    /// The name in front of our own port. Port 80 is the one that senders leave out.
    fn without_port<'a>(&self, host: &'a str) -> Option<&'a str> {
        host.strip_suffix(&*self.suffix).or_else(|| (self.port == 80).then_some(host))
    }
}

/// Whether a host is the one a pattern names, or one label in front of it if it begins with `*.`.
fn is_named(host: &str, pattern: &str) -> bool {
    let Some(parent) = pattern.strip_prefix("*.") else { return host.eq_ignore_ascii_case(pattern) };
    host.split_once('.').is_some_and(|(label, rest)| is_label(label) && rest.eq_ignore_ascii_case(parent))
}

/// `shop.localhost`, `a.b.localhost`; not `localhost`, not `.localhost`.
fn is_under_localhost(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.strip_suffix(".localhost").is_some_and(|labels| labels.split('.').all(is_label))
}

fn is_label(label: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !label.is_empty() && label.len() <= 63 && label.bytes().all(fits)
}

/// Lower case, if it is a name or address with or without a port.
fn checked(host: &str) -> Result<String, HostError> {
    let fault = || HostError(host.chars().take(REMEMBERED_BYTES).collect());
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let name_fits = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.len() <= REMEMBERED_BYTES && name.split('.').all(is_label),
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    if name_fits && port_fits { Ok(host.to_ascii_lowercase()) } else { Err(fault()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_with_the_own_port_are_known() {
        let hosts = Hosts::new(8080, false);
        for host in ["127.0.0.1:8080", "[::1]:8080", "localhost:8080", "LocalHost:8080"] {
            assert_eq!(hosts.knows(host), Some(false), "{host}");
        }
        for host in [
            "",
            "localhost",
            "localhost:80",
            "localhost.:8080",
            "a.localhost:8080",
            "127.1:8080",
            "0.0.0.0:8080",
            "2130706433:8080",
            "[::ffff:127.0.0.1]:8080",
            "evil.test:8080",
            "localhost:8080:8080",
            "evil.test",
            "localhost:08080",
            "user@localhost:8080",
            " localhost:8080",
        ] {
            assert_eq!(hosts.knows(host), None, "{host}");
        }
    }

    #[test]
    fn names_under_localhost_are_an_option() {
        let hosts = Hosts::new(8080, true);
        assert_eq!(hosts.knows("abc.sandbox.localhost:8080"), Some(false));
        for host in [".localhost:8080", "a..localhost:8080", "a.localhost.evil:8080", "evillocalhost:8080"] {
            assert_eq!(hosts.knows(host), None, "{host}");
        }
    }

    #[test]
    fn named_hosts_come_with_the_own_port_or_none() {
        let hosts = Hosts::new(8743, false).named(&["api.vendor.test", "*.api.vendor.test"]);
        for host in ["api.vendor.test", "API.vendor.test:8743", "pl-ab12.api.vendor.test", "x.api.vendor.test:8743"] {
            assert_eq!(hosts.knows(host), Some(false), "{host}");
        }
        for host in [
            "vendor.test",
            "api.vendor.test:443",
            "a.b.api.vendor.test",
            ".api.vendor.test",
            "*.api.vendor.test",
            "evilapi.vendor.test",
            "api.vendor.test.evil",
        ] {
            assert_eq!(hosts.knows(host), None, "{host}");
        }
    }

    #[test]
    fn entered_names_are_exact_and_can_be_taken_back() {
        let hosts = Hosts::new(8080, false);
        hosts.set_public(Some("Abc.example.net")).expect("a host");
        assert_eq!(hosts.knows("abc.example.net"), Some(true));
        assert_eq!(hosts.knows("abc.example.net:8080"), None);
        assert_eq!(hosts.knows("x.abc.example.net"), None);
        hosts.set_public(None).expect("nothing is fine");
        assert_eq!(hosts.knows("abc.example.net"), None);
        for wrong in ["https://abc.example.net", "a b", "", "a:b", "a:0", "*.example.net"] {
            assert!(hosts.set_public(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_refused_name_can_be_allowed() {
        let hosts = Hosts::new(8080, false);
        hosts.note_refused("Shop.test:8080");
        hosts.note_refused("<script>");
        assert_eq!(hosts.refused(), ["shop.test:8080"]);
        hosts.allow("shop.test:8080").expect("a host");
        assert_eq!((hosts.knows("shop.test:8080"), hosts.refused()), (Some(false), Vec::new()));
    }
}
