//! Ctrl+C and SIGTERM: the first asks to end, the second ends at once (what was answered
//! 2xx is on the disk by then). Source: trust.md R16, R73.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::Exit;
use crate::model::Problem;

/// Told when the program is to end.
#[derive(Clone, Default)]
pub(super) struct Stop {
    flag: Arc<AtomicBool>,
    token: CancellationToken,
}

impl Stop {
    /// Begins to listen for the signals, on a thread of its own.
    ///
    /// # Errors
    /// If the system gives no thread or no way to hear signals.
    pub fn watch() -> Result<Self, Problem> {
        let stop = Self::default();
        let told = stop.clone();
        let (ready, heard) = std::sync::mpsc::channel();
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                let runtime = match Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime,
                    Err(error) => return ready.send(Err(error)).unwrap_or_default(),
                };
                runtime.block_on(async {
                    let mut signals = match Signals::new() {
                        Ok(signals) => signals,
                        Err(error) => return ready.send(Err(error)).unwrap_or_default(),
                    };
                    ready.send(Ok(())).ok(); // the other side waits for exactly this
                    signals.next().await;
                    told.ask();
                    signals.next().await;
                    std::process::exit(Exit::Unexpected as i32);
                });
            })
            .map_err(|error| problem(&error))?;
        match heard.recv() {
            Ok(Ok(())) => Ok(stop),
            Ok(Err(error)) => Err(problem(&error)),
            Err(_) => Err(Problem::of("The thread for signals ended early", "Start again")),
        }
    }

    fn ask(&self) {
        self.flag.store(true, Ordering::Relaxed);
        self.token.cancel();
    }

    /// Set once the end was asked for.
    pub fn flag(&self) -> &AtomicBool {
        &self.flag
    }

    /// Waits until the end is asked for.
    pub async fn asked(&self) {
        self.token.cancelled().await;
    }
}

fn problem(error: &std::io::Error) -> Problem {
    Problem {
        summary: "Signals cannot be heard".into(),
        causes: vec![error.to_string()],
        hint: Some("Check the limits on threads and open files (ulimit -a)".into()),
    }
}

/// A runtime for a server that runs alone.
///
/// # Errors
/// If the system gives no threads.
pub(super) fn runtime() -> Result<Runtime, Problem> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| Problem {
        summary: "The background runtime could not be started".into(),
        causes: vec![error.to_string()],
        hint: Some("Check the limits on threads and open files (ulimit -a)".into()),
    })
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! { _ = self.interrupt.recv() => (), _ = self.terminate.recv() => () }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
