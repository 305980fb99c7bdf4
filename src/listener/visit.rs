//! A run's own addresses: who has which, what the run's page shows, what arrived there.
//!
//! Hides: tokens are looked up by their digest, so that no answer's delay tells how much
//! of a guess was right. A visit that was dropped stays known: what is late is still
//! recorded for its run.

use std::collections::{HashMap, VecDeque};
use std::mem::discriminant;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use tokio::sync::{Notify, watch};

use super::merchant::PLAIN_AGAIN;
use super::{Addresses, HandOff, PageState, Signal, fresh_token, origin};
use crate::model::delivery::{Delivery, DeliveryKind, Seq};
use crate::model::{RunId, SessionId};

/// Signals that wait unread; beyond, only the first of its kind is kept. Our choice.
const UNREAD: usize = 256;
/// Digests that an address remembers, the newest: beyond, a double is taken for new. Our choice.
const REMEMBERED: usize = 10_000;

/// A token's digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// What a run's page shows now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shown {
    /// Grows with each change.
    pub(super) version: u64,
    pub(super) page: PageState,
    /// The visit was dropped.
    pub(super) over: bool,
    /// The shop's page made way for the bank's in its own tab, which must find back.
    pub(super) left: bool,
    /// The shop's page without scripts is what the browser has open.
    pub(super) plain: bool,
}

/// One run's place. Held by its visit and by the servers.
pub(super) struct Place {
    pub(super) run: RunId,
    /// Address of the run's page; empty without merchant pages.
    pub(super) shop: String,
    pub(super) seen: Seen,
    pub(super) shown: watch::Sender<Shown>,
    known: Mutex<Known>,
    /// Rung when a signal comes.
    bell: Notify,
}

#[derive(Default)]
struct Known {
    session: Option<SessionId>,
    /// `Accept` of the page's own request.
    accept: Option<String>,
    /// With what the next callbacks are answered, before 200.
    answers: VecDeque<u16>,
    /// Unread ones; `None` without a visit.
    signals: Option<VecDeque<Signal>>,
}

impl Place {
    fn known<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        // No act panics or leaves half a change.
        act(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn session(&self) -> Option<SessionId> {
        self.known(|known| known.session.clone())
    }

    /// With what the next callback is answered, if a script says so.
    pub(super) fn next_answer(&self) -> Option<u16> {
        self.known(|known| known.answers.pop_front())
    }

    /// The browser runs no scripts, so that the shop's page makes way for the bank's. Changes
    /// nothing that a page shows.
    pub(super) fn goes_plain(&self) {
        self.shown.send_if_modified(|shown| {
            (shown.left, shown.plain) = (true, true);
            false
        });
    }

    /// Where a browser finds back to that has left the shop's page; `None` if it has not.
    pub(super) fn way_back(&self) -> Option<String> {
        let shown = self.shown.borrow();
        let query = if shown.plain { format!("?{PLAIN_AGAIN}") } else { String::new() };
        (shown.left && !self.shop.is_empty()).then(|| format!("{}{query}", self.shop))
    }

    pub(super) fn remember_accept(&self, accept: Option<String>) {
        self.known(|known| known.accept = accept);
    }

    pub(super) fn accept(&self) -> Option<String> {
        self.known(|known| known.accept.clone())
    }

    /// Tells the visit, if it is still there and reads.
    pub(super) fn signal(&self, signal: Signal) {
        self.known(|known| {
            let Some(signals) = &mut known.signals else { return };
            let kind = discriminant(&signal);
            if signals.len() < UNREAD || !signals.iter().any(|other| discriminant(other) == kind) {
                signals.push_back(signal);
            }
        });
        self.bell.notify_one();
    }
}

/// All places, by the digests of their tokens.
#[derive(Default)]
pub(super) struct Visitors(Mutex<Tables>);

#[derive(Default)]
struct Tables {
    ingress: HashMap<Key, Arc<Place>>,
    merchant: HashMap<Key, Arc<Place>>,
}

impl Visitors {
    fn tables<T>(&self, act: impl FnOnce(&mut Tables) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn admit(&self, run: RunId, addresses: Addresses) -> Visit {
        let (ours, theirs) = (fresh_token(), fresh_token());
        let page = PageState::Waiting {
            title: "One moment".into(),
            sentence: "Your payment is being prepared. This page goes on by itself.".into(),
        };
        let known = Mutex::new(Known { signals: Some(VecDeque::new()), ..Known::default() });
        let shown = watch::Sender::new(Shown { version: 1, page, over: false, left: false, plain: false });
        let merchant_base = addresses.merchant.map(|addr| format!("{}/m/{theirs}", origin(addr))).unwrap_or_default();
        let shop = if merchant_base.is_empty() { String::new() } else { format!("{merchant_base}/") };
        let place = Arc::new(Place { run, shop, seen: Seen::default(), shown, known, bell: Notify::new() });
        self.tables(|tables| {
            tables.ingress.insert(Key::of(&ours), Arc::clone(&place));
            tables.merchant.insert(Key::of(&theirs), Arc::clone(&place));
        });
        Visit { listener_base: format!("{}/c/{ours}", origin(addresses.ingress)), merchant_base, place }
    }

    pub(super) fn forget(&self, run: RunId) {
        self.tables(|tables| {
            tables.ingress.retain(|_, place| place.run != run);
            tables.merchant.retain(|_, place| place.run != run);
        });
    }

    pub(super) fn ingress(&self, token: &str) -> Option<Arc<Place>> {
        self.tables(|tables| tables.ingress.get(&Key::of(token)).cloned())
    }

    pub(super) fn merchant(&self, token: &str) -> Option<Arc<Place>> {
        self.tables(|tables| tables.merchant.get(&Key::of(token)).cloned())
    }
}

/// A run's own addresses, and what happens there. Dropping it ends its pages; what still
/// arrives is recorded for the run.
pub struct Visit {
    listener_base: String,
    merchant_base: String,
    place: Arc<Place>,
}

impl Visit {
    /// `http://127.0.0.1:PORT/c/<token>`; below it `/cb`, `/method` and `/cres`.
    pub fn listener_base(&self) -> &str {
        &self.listener_base
    }

    /// `http://127.0.0.1:PORT/m/<token>`; below it `/`, `/success` and `/failure`. Empty if
    /// the listener has no pages.
    pub fn merchant_base(&self) -> &str {
        &self.merchant_base
    }

    /// Answers the first callbacks with these statuses, and those after them with 200.
    pub fn answer_callbacks(&self, statuses: &[u16]) {
        self.place.known(|known| known.answers = statuses.iter().copied().collect());
    }

    /// Says which session these addresses belong to, as soon as that is known.
    pub fn name_session(&self, session: SessionId) {
        self.place.known(|known| known.session = Some(session));
    }

    /// Changes what the page shows.
    pub fn show(&self, page: PageState) {
        self.place.shown.send_modify(|shown| {
            shown.version += 1;
            shown.left |= matches!(page, PageState::Challenge { hand_off: HandOff::Page, .. });
            shown.page = page;
        });
    }

    /// The next thing that happened, if one did.
    pub fn try_signal(&mut self) -> Option<Signal> {
        self.place.known(|known| known.signals.as_mut()?.pop_front())
    }

    /// Waits for the next thing that happens. Of more than 256 that nobody reads, only the
    /// first of each kind is kept.
    pub async fn next_signal(&mut self) -> Signal {
        loop {
            if let Some(signal) = self.try_signal() {
                return signal;
            }
            self.place.bell.notified().await; // kept, if it rang in between
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.place.known(|known| known.signals = None);
        self.place.shown.send_modify(|shown| {
            shown.version += 1;
            shown.over = true;
        });
    }
}

/// Where a delivery stands: `None` while it is on its way to the disk, `Some(None)` if the
/// disk refused it.
type Landing = watch::Receiver<Option<Option<Seq>>>;
type Digest = (DeliveryKind, [u8; 32]);

/// What has arrived at an address, by digest, so that doubles and contradictions are seen
/// also among deliveries that arrive at the same moment. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Arrived>>);

#[derive(Default)]
struct Arrived {
    all: HashMap<Digest, Landing>,
    /// The keys of `all`, oldest first.
    order: VecDeque<Digest>,
    first_callback: Option<(Digest, Landing)>,
}

/// A delivery on its way to the disk.
pub(super) struct Entry {
    digest: Digest,
    landed: watch::Sender<Option<Option<Seq>>>,
    /// An earlier one with the same bytes.
    pub(super) same: Option<Seq>,
    /// The first callback, if its bytes were others.
    pub(super) other: Option<Seq>,
}

/// Whether a delivery says something of our session that another one can contradict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Claim,
    Note,
}

enum Look {
    Enter(Entry),
    Wait(Landing),
}

impl Seen {
    fn arrived<T>(&self, act: impl FnOnce(&mut Arrived) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes a delivery. Waits while one that its verdict depends on is on its way.
    /// What names another session than ours contradicts nothing, nor is it contradicted.
    pub(super) async fn enter(&self, delivery: &Delivery, ours: Option<&SessionId>) -> Entry {
        let digest = (delivery.kind, Sha256::digest(&delivery.body).into());
        let swapped = matches!((ours, &delivery.session), (Some(ours), Some(named)) if ours != named);
        let rank = if delivery.kind == DeliveryKind::Callback && !swapped { Rank::Claim } else { Rank::Note };
        loop {
            match self.arrived(|arrived| look(arrived, digest, rank)) {
                Look::Enter(entry) => return entry,
                // A sender that is gone has landed or was refused: looking again tells.
                Look::Wait(mut landing) => drop(landing.wait_for(Option::is_some).await.is_ok()),
            }
        }
    }

    /// Says where it landed; `None` if the disk refused it.
    pub(super) fn land(&self, entry: &Entry, seq: Option<Seq>) {
        if seq.is_none() && entry.same.is_none() {
            self.arrived(|arrived| {
                arrived.forget(&entry.digest);
                arrived.first_callback.take_if(|(digest, _)| *digest == entry.digest);
            });
        }
        entry.landed.send_replace(Some(seq));
    }
}

impl Arrived {
    fn remember(&mut self, digest: Digest, landing: Landing) {
        if self.all.insert(digest, landing).is_some() {
            return;
        }
        self.order.push_back(digest);
        if self.order.len() > REMEMBERED {
            let oldest = self.order.pop_front();
            oldest.map(|oldest| self.all.remove(&oldest));
        }
    }

    fn forget(&mut self, digest: &Digest) {
        if self.all.remove(digest).is_some() {
            self.order.retain(|other| other != digest);
        }
    }
}

fn look(arrived: &mut Arrived, digest: Digest, rank: Rank) -> Look {
    let (landed, landing) = watch::channel(None);
    let entry = |same, other| Look::Enter(Entry { digest, landed, same, other });
    if let Some(same) = arrived.all.get(&digest) {
        let at = *same.borrow();
        match at {
            Some(Some(seq)) => return entry(Some(seq), None),
            // Gone without a word (its task was ended): as if it had never been.
            None if same.has_changed().is_ok() => return Look::Wait(same.clone()),
            _ => (),
        }
    }
    let mut other = None;
    if let Some((_, first)) = arrived.first_callback.as_ref().filter(|_| rank == Rank::Claim) {
        let at = *first.borrow();
        match at {
            None if first.has_changed().is_ok() => return Look::Wait(first.clone()),
            at => other = at.flatten(),
        }
    }
    arrived.remember(digest, landing.clone());
    if rank == Rank::Claim && other.is_none() {
        arrived.first_callback = Some((digest, landing));
    }
    entry(None, other)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::model::delivery::Verdict;

    fn delivery(number: usize) -> Delivery {
        Delivery {
            seq: Seq(0),
            at: crate::clock::stamp(),
            kind: DeliveryKind::Inbox,
            run: None,
            session: None,
            peer: ([127, 0, 0, 1], 1).into(),
            method: "POST".into(),
            target: "/".into(),
            headers: Vec::new(),
            head: Bytes::new(),
            body: number.to_string().into(),
            verdict: Verdict::Unexpected,
            answered: 200,
        }
    }

    #[test]
    fn only_the_newest_digests_are_remembered() {
        let seen = Seen::default();
        let arrive = |number: usize| {
            let entry = pollster::block_on(seen.enter(&delivery(number), None));
            seen.land(&entry, Some(Seq(number as u64)));
            entry.same
        };
        let first = (0..=REMEMBERED).filter_map(arrive).count();
        assert_eq!(first, 0, "all differ");
        assert_eq!(seen.arrived(|arrived| (arrived.all.len(), arrived.order.len())), (REMEMBERED, REMEMBERED));
        assert_eq!(arrive(1), Some(Seq(1)), "the oldest that is remembered");
        assert_eq!(arrive(0), None, "forgotten");
        let refused = pollster::block_on(seen.enter(&delivery(REMEMBERED + 1), None));
        seen.land(&refused, None);
        assert_eq!(seen.arrived(|arrived| (arrived.all.len(), arrived.order.len())), (REMEMBERED - 1, REMEMBERED - 1));
    }
}
