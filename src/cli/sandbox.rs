//! Only the sandbox, until somebody ends it.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::stop::{self, Stop};
use super::{CLOSING, Exit, SandboxArguments, Time, folder, say, taken, tell, unread};
use crate::clock::{self, Clock};
use crate::model::{Problem, Secret};
use crate::sandbox::{Config, Credentials, Papers, Sandbox, Tls};
use crate::store::{Pem, Pems, StoreError};

/// The client of a sandbox that other programs are set up for. Never arguments: trust.md R73.
const CLIENT_ID: &str = "SESSIONS_CONSOLE_SANDBOX_CLIENT_ID";
const CLIENT_SECRET: &str = "SESSIONS_CONSOLE_SANDBOX_CLIENT_SECRET";
const PROCESSING_CHANNEL: &str = "SESSIONS_CONSOLE_SANDBOX_PROCESSING_CHANNEL_ID";
const SCOPES: &str = "SESSIONS_CONSOLE_SANDBOX_SCOPES";

/// Starts the sandbox, prints the ready line, and stays until Ctrl+C or SIGTERM.
///
/// # Errors
/// If a port is taken, the certificates cannot be kept, half a client is given, or nobody
/// reads the ready line.
pub(super) fn run(wanted: &SandboxArguments, data_dir: Option<PathBuf>) -> Result<Exit, Problem> {
    let stop = Stop::watch()?;
    let runtime = stop::runtime()?;
    let clock = Clock::real();
    if wanted.clock == Time::Virtual {
        clock.freeze();
    }
    let tls = wanted.tls_port.map(|port| tls(port, data_dir)).transpose()?;
    let config = Config { seed: wanted.seed, credentials: credentials()?, tls, ..Config::new(wanted.port, clock) };
    let sandbox = runtime.block_on(Sandbox::start(config)).map_err(|error| taken(&error))?;
    tell(&ready(&sandbox)).map_err(|error| unread(&error))?;
    if !wanted.json {
        say(format_args!("The sandbox is ready at {}; Ctrl+C ends it", sandbox.base_url()));
        if let (Some(url), Some(file)) = (sandbox.tls_url(), sandbox.ca_file()) {
            say(format_args!("Over TLS it is at {url}; clients have to trust {}", file.display()));
        }
        if wanted.clock == Time::Virtual {
            say(format_args!("Its time stands still until POST /_sandbox/clock moves it"));
        }
    }
    runtime.block_on(stop.asked());
    drop(sandbox);
    runtime.shutdown_timeout(CLOSING);
    Ok(Exit::Expected)
}

/// The secrets of a sandbox that lives as long as this process: handing them out is its job.
fn ready(sandbox: &Sandbox) -> serde_json::Value {
    let mut ready = json!({
        "event": "ready",
        "base_url": sandbox.base_url(),
        "token_url": sandbox.token_url(),
        "client_id": sandbox.client_id(),
        "client_secret": sandbox.client_secret().expose(),
        "control_token": sandbox.control_token().expose(),
    });
    if let Some(url) = sandbox.tls_url() {
        ready["tls_url"] = url.into();
    }
    if let Some(file) = sandbox.ca_file() {
        ready["ca_file"] = file.display().to_string().into();
    }
    ready
}

/// The TLS listener, with certificates kept from earlier starts as far as they are good.
fn tls(port: u16, data_dir: Option<PathBuf>) -> Result<Tls, Problem> {
    let (papers, ca_file) = papers(&folder(data_dir)?).map_err(|error| Problem::new(&error, Some(error.hint())))?;
    Ok(Tls { port, papers, ca_file: Some(ca_file) })
}

fn papers(data_dir: &Path) -> Result<(Papers, PathBuf), StoreError> {
    let files = Pems::open(data_dir)?;
    let read = |pem| files.read(pem);
    let kept = || {
        Some(Papers {
            authority: read(Pem::Authority)?,
            authority_key: Secret::new(read(Pem::AuthorityKey)?),
            server: read(Pem::Server).unwrap_or_default(),
            server_key: Secret::new(read(Pem::ServerKey).unwrap_or_default()),
        })
    };
    let papers = Papers::renewed(kept(), clock::stamp().wall);
    for (pem, text) in [
        (Pem::AuthorityKey, papers.authority_key.expose()),
        (Pem::Authority, papers.authority.as_str()),
        (Pem::ServerKey, papers.server_key.expose()),
        (Pem::Server, papers.server.as_str()),
    ] {
        if files.read(pem).as_deref() != Some(text) {
            files.write(pem, text)?;
        }
    }
    Ok((papers, files.path(Pem::Authority)))
}

/// The client from outside, if one is named.
fn credentials() -> Result<Option<Credentials>, Problem> {
    let given = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let scopes = given(SCOPES).unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    match (given(CLIENT_ID), given(CLIENT_SECRET)) {
        (Some(client_id), Some(secret)) => Ok(Some(Credentials {
            client_id,
            client_secret: Secret::new(secret),
            processing_channel_id: given(PROCESSING_CHANNEL),
            scopes,
        })),
        (None, None) => Ok(None),
        (id, _) => Err(Problem {
            summary: format!("{} is set without the other half", if id.is_some() { CLIENT_ID } else { CLIENT_SECRET }),
            causes: Vec::new(),
            hint: Some(format!("Set both {CLIENT_ID} and {CLIENT_SECRET}, or neither")),
        }),
    }
}
