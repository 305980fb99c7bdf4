//! What the rows of runs show: one look at a run for all panels. A short run is looked at
//! at once; a long one in the background, one look at a time, and what was found before
//! stands until the new look is done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use egui::{Context, Id};
use poll_promise::Promise;

use crate::model::RunId;
use crate::model::lint::found::Found;
use crate::model::run::{Revision, Run};

/// Rows up to which a run is looked at while it is drawn. Our choice: under a millisecond.
const SHORT: usize = 300;
/// Runs whose findings are kept.
const KEPT: usize = 8;

#[derive(Default)]
struct Watch {
    of: Option<Revision>,
    found: Arc<Found>,
    /// A look that is under way: at what, since when (seconds of the window's time).
    looking: Option<(Revision, f64, Promise<Found>)>,
    /// The next look begins then or later: as much rest as the last one took.
    rest_until: f64,
}

#[derive(Clone, Default)]
struct Watches(Arc<Mutex<HashMap<RunId, Watch>>>);

/// What the rows of a run show: of a short run now, of a long one as of the last look.
pub fn found(ctx: &Context, run: &Run) -> Arc<Found> {
    let id = Id::unique("what runs show");
    let watches = ctx.data_mut(|data| data.get_temp_mut_or_default::<Watches>(id).clone());
    let mut watches = watches.0.lock().unwrap_or_else(PoisonError::into_inner);
    if watches.len() >= KEPT && !watches.contains_key(&run.id) {
        watches.retain(|_, watch| watch.looking.is_some());
    }
    watches.entry(run.id).or_default().of(ctx, run)
}

impl Watch {
    fn of(&mut self, ctx: &Context, run: &Run) -> Arc<Found> {
        let (now, revision) = (ctx.input(|input| input.time), run.revision());
        if let Some((of, since, promise)) = self.looking.take() {
            match promise.try_take() {
                Ok(found) => {
                    (self.of, self.found) = (Some(of), Arc::new(found));
                    self.rest_until = now + (now - since);
                }
                Err(promise) => self.looking = Some((of, since, promise)),
            }
        }
        if self.of == Some(revision) || self.looking.is_some() {
            return self.found.clone();
        }
        if run.entries.len() <= SHORT {
            (self.of, self.found) = (Some(revision), Arc::new(Found::of(run)));
        } else if now >= self.rest_until {
            let (sender, promise) = Promise::new();
            let (run, ctx) = (run.clone(), ctx.clone());
            let look = move || {
                sender.send(Found::of(&run));
                ctx.request_repaint(); // a promise does not wake the window by itself
            };
            // Without a thread the last look stands; the next frame tries again.
            if thread::Builder::new().name("findings".into()).spawn(look).is_ok() {
                self.looking = Some((revision, now, promise));
            }
        } else {
            ctx.request_repaint_after(Duration::from_secs_f64((self.rest_until - now).clamp(0.0, 60.0)));
        }
        self.found.clone()
    }
}
