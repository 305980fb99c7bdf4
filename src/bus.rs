//! All that can be asked ([`Command`]) and all that can happen ([`Event`]), and the
//! sender that wakes the window without knowing it.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::model::scheme::{PhoneMessage, SchemeMessage};

/// Events that may wait to be folded in before posting tasks wait themselves.
/// Source: trust.md 1.7.
const QUEUE: usize = 4096;

/// What has happened. Made by background work, folded into the workspace by the engine.
#[derive(Debug)]
pub enum Event {
    /// The sandbox let us see a message between 3DS Server, directory and issuer.
    SchemeMessageSeen(SchemeMessage),
    /// The sandbox's issuer sent something to the shopper's phone.
    PhoneMessageSent(PhoneMessage),
}

/// Posts events to the engine and wakes the window. Cheap to clone.
#[derive(Clone)]
pub struct EventSink {
    tx: mpsc::Sender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl EventSink {
    /// A sink, and the end where its events come out. `wake` is called after each post.
    pub fn channel(wake: impl Fn() + Send + Sync + 'static) -> (Self, mpsc::Receiver<Event>) {
        let (tx, rx) = mpsc::channel(QUEUE);
        (Self { tx, wake: Arc::new(wake) }, rx)
    }

    /// Waits for room, so that no fact is dropped.
    pub async fn post(&self, event: Event) {
        self.tx.send(event).await.ok(); // fails only while the program is closing
        (self.wake)();
    }
}
