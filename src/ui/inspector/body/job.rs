//! Work on a thread of its own, for what a frame has no time for. Whoever starts it keeps
//! the means to stop it; it wakes the window when there is more to see.

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
