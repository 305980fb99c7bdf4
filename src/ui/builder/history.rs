//! One history per draft, whatever changed it: a field, the JSON, a preset, a reset. Typing
//! in one place without a pause is one step. Knows nothing of widgets beyond their ids.

use egui::Id;

use crate::model::draft::Draft;

/// Most steps that can be undone. Our choice: a draft is a few kB.
const LONGEST: usize = 200;
/// A pause after which typing in the same place is a new step, in seconds. Our choice.
const PAUSE: f64 = 1.0;

/// What the draft was, and what it was before an undo.
#[derive(Debug, Default)]
pub struct History {
    past: Vec<Draft>,
    future: Vec<Draft>,
    known: Option<Draft>,
    /// Where the newest step was typed, and when.
    last: Option<(Option<Id>, f64)>,
}

impl History {
    /// Takes note of the draft as it is at the end of a frame. `place` is the widget that has
    /// the keyboard, `time` the frame's time in seconds.
    pub fn note(&mut self, draft: &Draft, place: Option<Id>, time: f64) {
        let Some(known) = &self.known else {
            self.known = Some(draft.clone());
            return;
        };
        if known == draft {
            return;
        }
        let goes_on = self.last.is_some_and(|(last, at)| place.is_some() && last == place && time - at < PAUSE);
        let before = self.known.replace(draft.clone());
        if !goes_on {
            self.past.extend(before);
            let surplus = self.past.len().saturating_sub(LONGEST);
            self.past.drain(..surplus);
        }
        self.future.clear();
        self.last = Some((place, time));
    }

    /// The next change is a step of its own, also in the same place.
    pub fn cut(&mut self) {
        self.last = None;
    }

    /// True if there is something to undo.
    pub fn has_past(&self) -> bool {
        !self.past.is_empty()
    }

    /// True if there is something to do again.
    pub fn has_future(&self) -> bool {
        !self.future.is_empty()
    }

    /// Takes the newest step back.
    pub fn undo(&mut self, draft: &mut Draft) {
        if let Some(before) = self.past.pop() {
            self.future.push(std::mem::replace(draft, before));
            self.settle(draft);
        }
    }

    /// Does the step again that was taken back last.
    pub fn redo(&mut self, draft: &mut Draft) {
        if let Some(after) = self.future.pop() {
            self.past.push(std::mem::replace(draft, after));
            self.settle(draft);
        }
    }

    fn settle(&mut self, draft: &Draft) {
        self.known = Some(draft.clone());
        self.last = None;
    }
}
