//! Only the sandbox, until somebody ends it.

use serde_json::json;

use super::stop::{self, Stop};
use super::{CLOSING, Exit, SandboxArguments, Time, say, taken, tell, unread};
use crate::clock::Clock;
use crate::model::Problem;
use crate::sandbox::{Config, Sandbox};

/// Starts the sandbox, prints the ready line, and stays until Ctrl+C or SIGTERM.
///
/// # Errors
/// If the port is taken, or nobody reads the ready line.
pub(super) fn run(wanted: &SandboxArguments) -> Result<Exit, Problem> {
    let stop = Stop::watch()?;
    let runtime = stop::runtime()?;
    let clock = Clock::real();
    if wanted.clock == Time::Virtual {
        clock.freeze();
    }
    let config = Config { port: wanted.port, clock, seed: wanted.seed, sink: None };
    let sandbox = runtime.block_on(Sandbox::start(config)).map_err(|error| taken(&error))?;
    // The secrets of a sandbox that lives as long as this process: handing them out is its job.
    let ready = json!({
        "event": "ready",
        "base_url": sandbox.base_url(),
        "token_url": sandbox.token_url(),
        "client_id": sandbox.client_id(),
        "client_secret": sandbox.client_secret().expose(),
        "control_token": sandbox.control_token().expose(),
    });
    tell(&ready).map_err(|error| unread(&error))?;
    if !wanted.json {
        say(format_args!("The sandbox is ready at {}; Ctrl+C ends it", sandbox.base_url()));
        if wanted.clock == Time::Virtual {
            say(format_args!("Its time stands still until POST /_sandbox/clock moves it"));
        }
    }
    runtime.block_on(stop.asked());
    drop(sandbox);
    runtime.shutdown_timeout(CLOSING);
    Ok(Exit::Expected)
}
