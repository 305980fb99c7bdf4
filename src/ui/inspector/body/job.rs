//! Work on a thread of its own, for what a frame has no time for. Whoever starts it keeps
//! the means to stop it; it wakes the window when there is more to see.

use std::sync::{Arc, OnceLock};

use egui::Context;

/// Bytes up to which work is done at once: about a millisecond.
pub(super) const AT_ONCE: u64 = 256 << 10;

/// Does `work` elsewhere. What it is given wakes the window.
pub(super) fn start(ctx: &Context, name: &str, work: impl FnOnce(&dyn Fn()) + Send + 'static) {
    let ctx = ctx.clone();
    let thread = std::thread::Builder::new().name(name.into());
    let begun = thread.spawn(move || {
        work(&|| ctx.request_repaint());
        ctx.request_repaint();
    });
    if let Err(error) = begun {
        tracing::error!(%error, name, "no thread for a body");
    }
}

/// What is made once: here and now if that is quick, else elsewhere.
#[derive(Debug)]
pub(super) struct Later<T>(Arc<OnceLock<T>>);

impl<T: Send + Sync + 'static> Later<T> {
    /// Makes it.
    pub fn new(ctx: &Context, name: &str, quick: bool, make: impl FnOnce() -> T + Send + 'static) -> Self {
        let place = Arc::new(OnceLock::new());
        if quick {
            place.set(make()).ok(); // nobody else has it yet
        } else {
            let made = Arc::clone(&place);
            start(ctx, name, move |_| drop(made.set(make()))); // only here
        }
        Self(place)
    }

    /// The thing, when it is there.
    pub fn get(&self) -> Option<&T> {
        self.0.get()
    }
}
