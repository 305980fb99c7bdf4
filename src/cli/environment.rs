//! The profile that environment variables describe, for automation: read once, never saved.
//! A secret comes this way and never as an argument.

use std::env;

use crate::model::profile::{Environment, FROM_ENVIRONMENT, Profile, ProfileId};
use crate::model::{Problem, Secret};

/// Where the client secret comes from.
pub(super) const CLIENT_SECRET: &str = "SESSIONS_CONSOLE_CLIENT_SECRET";
/// With it there is a profile of the environment.
pub(super) const CLIENT_ID: &str = "SESSIONS_CONSOLE_CLIENT_ID";
/// Which environment.
const ENVIRONMENT: &str = "SESSIONS_CONSOLE_ENVIRONMENT";

/// The client secret, if one is given.
pub(super) fn client_secret() -> Option<Secret> {
    env::var(CLIENT_SECRET).ok().map(Secret::new).filter(|secret| !secret.is_empty())
}

/// The profile that the variables describe; `None` without a client id.
///
/// # Errors
/// If the environment is none that exists, or an address is missing or unusable.
pub(super) fn profile() -> Result<Option<Profile>, Problem> {
    profile_of(|name| env::var(format!("SESSIONS_CONSOLE_{name}")).ok())
}

/// The same from any source: `read` gets a variable's name without what all begin with.
fn profile_of(read: impl Fn(&str) -> Option<String>) -> Result<Option<Profile>, Problem> {
    let read = |name: &str| read(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let Some(client_id) = read("CLIENT_ID") else { return Ok(None) };
    let (base_url, token_url) = (read("BASE_URL"), read("TOKEN_URL"));
    let environment = match read("ENVIRONMENT").as_deref() {
        None if base_url.is_some() => Environment::Custom,
        None | Some("sandbox") => Environment::VendorSandbox,
        Some("production") => Environment::Production,
        Some("custom") => Environment::Custom,
        Some(other) => {
            return Err(Problem::of(
                format!("{ENVIRONMENT} is {other:?}, which is no environment"),
                "Set it to sandbox, production or custom",
            ));
        }
    };
    let mut profile = Profile::new(ProfileId(FROM_ENVIRONMENT.into()), environment);
    profile.name = "From the environment".into();
    profile.client_id = client_id;
    profile.processing_channel_id = read("PROCESSING_CHANNEL_ID").unwrap_or_default();
    if let Some(scopes) = read("SCOPES") {
        profile.scopes = scopes;
    }
    let beside = base_url.as_ref().filter(|_| environment == Environment::Custom);
    let beside = beside.map(|base| format!("{}/connect/token", base.trim_end_matches('/')));
    if let Some(token_url) = token_url.or(beside) {
        profile.token_url = token_url;
    }
    if let Some(base_url) = base_url {
        profile.base_url = base_url.trim_end_matches('/').to_owned();
    }
    match profile.check().into_iter().next() {
        None => Ok(Some(profile)),
        Some((field, finding)) => {
            let name = format!("SESSIONS_CONSOLE_{}", field.to_uppercase());
            Err(Problem::of(format!("{name} cannot be used"), finding))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Profile>, Problem> {
        profile_of(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_variables_make_a_profile_and_mistakes_are_named() {
        assert_eq!(read(&[("BASE_URL", "https://x.test")]).expect("nothing wrong"), None);
        let sandbox = read(&[("CLIENT_ID", "ack_x"), ("SCOPES", "sessions")]).expect("good").expect("one");
        assert_eq!(sandbox.environment, Environment::VendorSandbox);
        assert_eq!(
            (sandbox.base_url.as_str(), sandbox.scopes.as_str()),
            ("https://api.sandbox.checkout.com", "sessions")
        );
        let own = read(&[("CLIENT_ID", "ack_x"), ("BASE_URL", "http://127.0.0.1:1/")]).expect("good").expect("one");
        assert_eq!(own.environment, Environment::Custom);
        assert_eq!(
            (own.base_url.as_str(), own.token_url.as_str()),
            ("http://127.0.0.1:1", "http://127.0.0.1:1/connect/token")
        );
        let live = read(&[("CLIENT_ID", "ack_x"), ("ENVIRONMENT", "production")]).expect("good").expect("one");
        assert_eq!(live.token_url, "https://access.checkout.com/connect/token");
        for (variables, word) in [
            (&[("CLIENT_ID", "ack_x"), ("ENVIRONMENT", "live")][..], "ENVIRONMENT"),
            (&[("CLIENT_ID", "ack_x"), ("ENVIRONMENT", "custom")], "SESSIONS_CONSOLE_BASE_URL"),
            (&[("CLIENT_ID", "ack_x"), ("BASE_URL", "http://api.example.test")], "SESSIONS_CONSOLE_BASE_URL"),
        ] {
            let problem = read(variables).expect_err("a mistake").line();
            assert!(problem.contains(word), "{problem}");
        }
    }
}
