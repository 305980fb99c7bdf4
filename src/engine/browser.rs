//! Opening the user's browser: which addresses may be opened, and opening them.
//! Source: trust.md R48.

use url::Url;

use crate::model::Problem;
use crate::model::profile::is_loopback;

/// Longest address that is opened, in bytes.
const LONGEST: usize = 8 << 10;

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
