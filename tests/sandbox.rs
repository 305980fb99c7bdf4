//! The embedded sandbox, asked in raw bytes over a socket, as any client would.
//!
//! No type of ours is used for requests or answers: what is expected is written out from
//! the contract. No network beyond loopback, and no sleep: time is moved, not waited for.

#[path = "support/lab.rs"]
mod lab;

#[path = "sandbox/actions.rs"]
mod actions;
#[path = "sandbox/alone.rs"]
mod alone;
#[path = "sandbox/answers.rs"]
mod answers;
#[path = "sandbox/app.rs"]
mod app;
#[path = "sandbox/app_malformed.rs"]
mod app_malformed;
#[path = "sandbox/app_sdk.rs"]
mod app_sdk;
#[path = "sandbox/cards.rs"]
mod cards;
#[path = "sandbox/channels.rs"]
mod channels;
#[path = "sandbox/control.rs"]
mod control;
#[path = "sandbox/decoupled.rs"]
mod decoupled;
#[path = "sandbox/exemptions.rs"]
mod exemptions;
#[path = "sandbox/fields.rs"]
mod fields;
#[path = "sandbox/late.rs"]
mod late;
#[path = "sandbox/legacy.rs"]
mod legacy;
#[path = "sandbox/malformed.rs"]
mod malformed;
#[path = "sandbox/pages.rs"]
mod pages;
#[path = "sandbox/payments.rs"]
mod payments;
#[path = "sandbox/scheme.rs"]
mod scheme;
#[path = "sandbox/tls.rs"]
mod tls;
#[path = "sandbox/tokens.rs"]
mod tokens;
#[path = "sandbox/trouble.rs"]
mod trouble;
#[path = "sandbox/versions.rs"]
mod versions;
#[path = "sandbox/walks.rs"]
mod walks;
#[path = "sandbox/webhooks.rs"]
mod webhooks;
