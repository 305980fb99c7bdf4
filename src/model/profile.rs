//! Who we are and whom we talk to: profiles, environments, the token's life.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{Problem, Stamp};

/// Which profile.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProfileId(pub String);

/// What kind of place a profile's hosts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// The sandbox in this program.
    Embedded,
    /// The vendor's sandbox.
    VendorSandbox,
    /// The vendor's production.
    Production,
    /// Anything else: a colleague's sandbox, a proxy.
    Custom,
}

impl Environment {
    /// All of them, in the order offered.
    pub const ALL: [Self; 4] = [Self::Embedded, Self::VendorSandbox, Self::Production, Self::Custom];

    /// The name people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "Embedded sandbox",
            Self::VendorSandbox => "Vendor sandbox",
            Self::Production => "Production",
            Self::Custom => "Custom",
        }
    }

    /// API base and token address of the vendor's environments, with the account's prefix
    /// before the host unless it is empty. Source: sessions-api.md 1.1.
    pub fn hosts(self, prefix: &str) -> Option<(String, String)> {
        let domain = match self {
            Self::VendorSandbox => "sandbox.checkout.com",
            Self::Production => "checkout.com",
            Self::Embedded | Self::Custom => return None,
        };
        let dot = if prefix.is_empty() { "" } else { "." };
        let host = |role: &str| format!("https://{prefix}{dot}{role}.{domain}");
        Some((host("api"), format!("{}/connect/token", host("access"))))
    }

    /// True if a secret of the profile would leave this program.
    pub fn is_elsewhere(self) -> bool {
        self != Self::Embedded
    }
}

/// The profile that the environment variables describe: never saved. Our choice.
pub const FROM_ENVIRONMENT: &str = "env";

/// Credentials and environment. The client secret is not in it: the engine keeps that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Which one.
    pub id: ProfileId,
    /// The name people read.
    pub name: String,
    /// What kind of place.
    pub environment: Environment,
    /// API base, without a slash at the end. For [`Environment::Embedded`] set at each start.
    pub base_url: String,
    /// Token address. For [`Environment::Embedded`] set at each start.
    pub token_url: String,
    /// Access key id (`ack_…`).
    pub client_id: String,
    /// Scopes asked for, space-separated; empty asks for all that the client has.
    pub scopes: String,
    /// `pc_…`, if the token carries none.
    #[serde(default)]
    pub processing_channel_id: String,
    /// The account's part of the vendor's host names; empty for the common ones.
    #[serde(default)]
    pub prefix: String,
    /// Its secrets are kept in the system's keychain.
    #[serde(default)]
    pub remember: bool,
}

impl Profile {
    /// The profile of the sandbox in this program; its addresses are filled in at start.
    pub fn embedded() -> Self {
        Self {
            id: ProfileId("embedded".into()),
            name: "Embedded sandbox".into(),
            environment: Environment::Embedded,
            base_url: String::new(),
            token_url: String::new(),
            client_id: String::new(),
            scopes: "sessions:app sessions:browser gateway".into(),
            processing_channel_id: String::new(),
            prefix: String::new(),
            remember: false,
        }
    }

    /// A new profile for an environment, with its hosts filled in.
    pub fn new(id: ProfileId, environment: Environment) -> Self {
        let (base_url, token_url) = environment.hosts("").unwrap_or_default();
        Self { id, name: environment.name().into(), environment, base_url, token_url, ..Self::embedded() }
    }

    /// True for the profile made of environment variables, which is not saved.
    pub fn is_from_environment(&self) -> bool {
        self.id.0 == FROM_ENVIRONMENT
    }

    /// True if the user may rename, move and delete it.
    pub fn is_own(&self) -> bool {
        self.environment != Environment::Embedded && !self.is_from_environment()
    }

    /// True if the addresses are the ones that environment and prefix give.
    pub fn has_vendor_hosts(&self) -> bool {
        let hosts = self.environment.hosts(&self.prefix);
        hosts.is_none_or(|(base, token)| base == self.base_url && token == self.token_url)
    }

    /// Fills in the vendor's addresses for environment and prefix, where there are some.
    pub fn use_vendor_hosts(&mut self) {
        if let Some(hosts) = self.environment.hosts(&self.prefix) {
            (self.base_url, self.token_url) = hosts;
        }
    }

    /// Takes another prefix; the addresses follow as long as they were the vendor's and the
    /// prefix can be part of a host name.
    pub fn set_prefix(&mut self, prefix: &str) {
        let follows = self.has_vendor_hosts() || !is_prefix(&self.prefix);
        self.prefix = prefix.trim().to_owned();
        if follows && is_prefix(&self.prefix) {
            self.use_vendor_hosts();
        }
    }

    /// Takes another environment, the vendor's addresses for it, and its name if the
    /// profile has none of its own.
    pub fn set_environment(&mut self, environment: Environment) {
        if self.name == self.environment.name() {
            self.name = environment.name().into();
        }
        self.environment = environment;
        self.use_vendor_hosts();
    }

    /// What is wrong with the prefix; the addresses stay as they are meanwhile, so it blocks
    /// nothing.
    pub fn prefix_finding(&self) -> Option<&'static str> {
        let why = "Use small letters and digits, after an optional pl-; the addresses stay as they are until then";
        if is_prefix(&self.prefix) { None } else { Some(why) }
    }

    /// The prefix that the client id suggests: its first eight characters without `cli_`.
    /// Source: sessions-api.md 1.1.
    pub fn likely_prefix(&self) -> Option<String> {
        let id = self.client_id.trim().strip_prefix("cli_")?;
        let prefix: String = id.chars().take(8).collect();
        (prefix.len() == 8 && is_prefix(&prefix)).then_some(prefix)
    }

    /// What is wrong with it, by field; empty if it can be used.
    /// Source of the scheme rule: trust.md R24.
    pub fn check(&self) -> Vec<(&'static str, String)> {
        let mut findings = Vec::new();
        for (field, text) in [("base_url", &self.base_url), ("token_url", &self.token_url)] {
            if let Err(why) = usable(text, self.environment) {
                findings.push((field, why));
            }
        }
        if self.client_id.trim().is_empty() {
            findings.push(("client_id", "Give the access key id (ack_…); the token server asks for it".into()));
        }
        if self.client_id.chars().any(char::is_control) {
            findings.push(("client_id", "Remove line breaks and control characters".into()));
        }
        findings
    }

    /// The hosts (scheme, host, port) that this profile's secret may be sent to.
    pub fn origins(&self) -> Vec<String> {
        [&self.base_url, &self.token_url]
            .into_iter()
            .filter_map(|text| Url::parse(text).ok())
            .map(|url| url.origin().ascii_serialization())
            .collect()
    }
}

impl Profile {
    /// True if a page at `url` is this machine's, the vendor's, or at the profile's own API
    /// host: nobody needs to be asked before a browser opens it (trust.md R49).
    pub fn knows_host(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let own = match self.environment {
            Environment::VendorSandbox | Environment::Production => Some("checkout.com".to_owned()),
            Environment::Embedded => None,
            Environment::Custom => Url::parse(&self.base_url).ok().and_then(|url| url.host_str().map(str::to_owned)),
        };
        let below = |own: String| host == own || host.ends_with(&format!(".{own}"));
        is_loopback(url) || own.is_some_and(below)
    }
}

/// True if it is empty or fits `^(?:pl-)?[a-z0-9]+$`. Source: sessions-api.md 1.1.
fn is_prefix(text: &str) -> bool {
    let core = text.strip_prefix("pl-").unwrap_or(text);
    let fits = core.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.is_empty() || (fits && !core.is_empty())
}

/// True if the host of `url` is this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn usable(text: &str, environment: Environment) -> Result<(), String> {
    if text.is_empty() {
        return Err("Give an address, for example https://api.sandbox.checkout.com".into());
    }
    let url = Url::parse(text).map_err(|error| format!("Not an address: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("Remove the user name and password; credentials have their own fields".into());
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(&url) && environment != Environment::Production => Ok(()),
        "http" => Err("Use https; http is for addresses of this machine only".into()),
        other => Err(format!("Use https, not {other}")),
    }
}

/// A fetched token as people may see it. The token itself is with the engine.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenView {
    /// When it was fetched.
    pub obtained: Stamp,
    /// `expires_in` as answered.
    pub life: Duration,
    /// Granted scopes, as answered.
    pub scopes: Vec<String>,
    /// The JWT's header, if it is a JWT.
    pub header: Option<Value>,
    /// The JWT's claims, if it is a JWT. Not verified.
    pub claims: Option<Value>,
}

impl TokenView {
    /// Life left at `now`; zero when it is over. Earlier of monotonic and wall time, since
    /// the monotonic clock stops while the machine sleeps. Source: trust.md R62.
    pub fn left(&self, now: Stamp) -> Duration {
        let wall = now.wall.duration_since(self.obtained.wall);
        let wall = Duration::try_from(wall).unwrap_or_default();
        self.life.saturating_sub(now.since(self.obtained).max(wall))
    }

    /// How far this machine's clock is from the token server's, in seconds, if that is more
    /// than a minute: positive where ours is behind. Read from the claim `iat`.
    pub fn clock_off(&self) -> Option<i64> {
        let issued = self.claims.as_ref()?.get("iat")?.as_i64()?;
        let apart = issued.checked_sub(self.obtained.wall.as_second())?;
        (apart.unsigned_abs() > 60).then_some(apart)
    }

    /// When it is to be renewed: at 80 % of its life or 60 s before the end, whichever is
    /// earlier. Source: trust.md R28.
    pub fn renewal(&self) -> Duration {
        self.life.mul_f64(0.8).min(self.life.saturating_sub(Duration::from_secs(60)))
    }
}

/// Where a profile's token stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum TokenStatus {
    /// None yet; fetched with the first request.
    #[default]
    Absent,
    /// On its way.
    Fetching,
    /// There.
    Live(Box<TokenView>),
    /// Refused, or nobody answered.
    Failed(Problem),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: sessions-api.md 1.1, table of hosts.
    #[test]
    fn environment_and_prefix_give_the_vendors_hosts() {
        let mut profile = Profile::new(ProfileId("x".into()), Environment::VendorSandbox);
        profile.client_id = "cli_abcd1234efgh".into();
        assert_eq!(profile.base_url, "https://api.sandbox.checkout.com");
        assert_eq!(profile.likely_prefix().as_deref(), Some("abcd1234"));
        profile.set_prefix("abcd1234");
        assert_eq!(profile.base_url, "https://abcd1234.api.sandbox.checkout.com");
        assert_eq!(profile.token_url, "https://abcd1234.access.sandbox.checkout.com/connect/token");
        profile.set_environment(Environment::Production);
        assert_eq!(profile.base_url, "https://abcd1234.api.checkout.com");
        assert_eq!(profile.token_url, "https://abcd1234.access.checkout.com/connect/token");
        profile.set_prefix("pl-A");
        assert_eq!(profile.base_url, "https://abcd1234.api.checkout.com", "a wrong prefix moves nothing");
        assert!(profile.prefix_finding().is_some() && profile.check().is_empty(), "said, and in nobody's way");
        profile.set_prefix("pl-a");
        assert_eq!(profile.base_url, "https://pl-a.api.checkout.com");
        profile.base_url = "https://proxy.example.test".into();
        profile.set_prefix("");
        assert_eq!(profile.base_url, "https://proxy.example.test", "an address of the user's own stays");
        profile.use_vendor_hosts();
        assert_eq!(profile.base_url, "https://api.checkout.com");
        profile.client_id = "ack_abcd1234".into();
        assert_eq!(profile.likely_prefix(), None);
    }

    #[test]
    fn the_vendors_pages_are_known_and_others_are_not() {
        let vendor = Profile::new(ProfileId("x".into()), Environment::VendorSandbox);
        let own =
            Profile { base_url: "https://api.example.test".into(), environment: Environment::Custom, ..vendor.clone() };
        for (profile, url, known) in [
            (&vendor, "https://authentication-devices.sandbox.checkout.com/x", true),
            (&vendor, "http://127.0.0.1:8789/m/x", true),
            (&vendor, "https://checkout.com.example.test/x", false),
            (&vendor, "https://evilcheckout.com/x", false),
            (&own, "https://pages.api.example.test/x", true),
            (&own, "https://example.test/x", false),
            (&own, "https://api.sandbox.checkout.com/x", false),
        ] {
            assert_eq!(profile.knows_host(&Url::parse(url).expect("an address")), known, "{url}");
        }
    }

    #[test]
    fn http_is_for_this_machine_only() {
        let mut profile = Profile::new(ProfileId("x".into()), Environment::Custom);
        profile.client_id = "ack_x".into();
        for (address, good) in [
            ("http://127.0.0.1:8787", true),
            ("http://sandbox.localhost:1", true),
            ("https://api.example.test", true),
            ("http://api.example.test", false),
            ("https://user:pass@api.example.test", false),
            ("ftp://127.0.0.1", false),
            ("api.example.test", false),
        ] {
            profile.base_url = address.into();
            profile.token_url = address.into();
            assert_eq!(profile.check().is_empty(), good, "{address}: {:?}", profile.check());
        }
    }
}
