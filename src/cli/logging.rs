//! The log, on standard error. Our own code may be made talkative with `RUST_LOG`; the
//! libraries never: their finer levels print headers, and with them secrets.
//! Source: trust.md R41.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

/// Starts the log. Warnings and errors are shown if nobody asks for more.
pub(super) fn start() {
    let asked = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let lines = fmt::layer().with_writer(std::io::stderr).with_filter(asked.and(filter_fn(may_be_shown)));
    registry().with(lines).try_init().ok(); // a test harness may have its own
}

fn may_be_shown(about: &Metadata<'_>) -> bool {
    let target = about.target();
    let ours = target.split("::").next() == Some("sessions_console");
    *about.level() <= if ours { Level::DEBUG } else { Level::WARN }
}
