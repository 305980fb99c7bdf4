//! The acceptance tests of the embedded sandbox: one module for each point of the contract's
//! checklist (sessions-api.md, Appendix B), asked in raw bytes, written from the contract alone.
//!
//! Point 3 for 3DS2 cards and the browser's part of point 4 are in `tests/sandbox`; point 7 is held by the
//! client that both share (`tests/support/lab.rs`); point 8 for Python and Node is `tests/sdk.rs`.

#[path = "support/lab.rs"]
mod lab;

#[path = "contract/actions.rs"]
mod actions;
#[path = "contract/cards.rs"]
mod cards;
#[path = "contract/client.rs"]
mod client;
#[path = "contract/examples.rs"]
mod examples;
#[path = "contract/quirks.rs"]
mod quirks;
#[path = "contract/readers.rs"]
mod readers;
#[path = "contract/replays.rs"]
mod replays;
#[path = "contract/stages.rs"]
mod stages;
#[path = "contract/states.rs"]
mod states;
#[path = "contract/story.rs"]
mod story;
