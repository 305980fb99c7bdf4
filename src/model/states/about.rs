//! What each state means, what it waits for and who moves the session on: sentences for
//! people, one set for each shape of session. Source: sessions-api.md 4.1, 4.2; emv-3ds.md 3.

use super::{PARAGRAPH, Shape};
use crate::model::api::Status;
use crate::model::draft::Channel;

/// A state in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// What it means.
    pub means: &'static str,
    /// What it waits for; final states say what is left to do.
    pub waits_for: &'static str,
    /// Who moves it on.
    pub moved_by: &'static str,
    /// The same in two or three words: `waits for the bank`.
    pub short: &'static str,
    /// Where the contract says so.
    pub paragraph: &'static str,
    /// Why a session of this shape never comes there, if it does not.
    pub never: Option<&'static str>,
}

/// A state, for a session of this shape.
pub fn about(status: &Status, shape: Shape) -> About {
    let (means, waits_for, moved_by) = words(status, shape);
    let short = match status {
        Status::Pending if shape.legacy || shape.hosted() => "waits for the shopper",
        Status::Pending => "waits for the shop",
        Status::Processing => "waits for the bank",
        Status::Challenged => "waits for the shopper",
        Status::Other(_) => "not in the contract",
        _ => "final",
    };
    let never = (!shape.knows(status)).then(|| never(status, shape));
    let paragraph = match status {
        Status::Pending if shape.legacy => "Sessions API, actions by state; 3-D Secure 1",
        Status::Pending if shape.hosted() => "Sessions API, actions by state; hosted flow",
        Status::Challenged => "Sessions API, actions by state; EMV 3DS, timers",
        _ => PARAGRAPH,
    };
    About { means, waits_for, moved_by, short, paragraph, never }
}

fn never(status: &Status, shape: Shape) -> &'static str {
    match status {
        Status::Other(_) => "The contract does not know this word",
        _ if shape.legacy => "3-D Secure 1 has no such state",
        _ => "Nobody is there who could be waited for: merchant-initiated",
    }
}

type Words = (&'static str, &'static str, &'static str);

fn words(status: &Status, shape: Shape) -> Words {
    let after = if shape.hosted() {
        "Nothing: the API sends the browser back to the shop. Read the session for the proof"
    } else {
        "POST complete, which sends the callback; then it can be read for the proof"
    };
    let over = "Nobody: it is final";
    match status {
        Status::Pending => pending(shape),
        Status::Processing => {
            ("The request is with the scheme and the bank", "The bank's first answer, within 10 s", "The bank")
        }
        Status::Challenged => challenged(shape),
        Status::Approved => ("The bank vouches for the shopper: Y", after, over),
        Status::Attempted => ("The bank could not check and gives a receipt for the attempt: A", after, over),
        Status::Declined => ("The bank does not believe it is its customer: N", after, over),
        Status::Rejected => ("The bank refuses even to be asked: R. Do not authorise", after, over),
        Status::Unavailable => ("No check was possible: U, or a technical failure", after, over),
        Status::ChallengeAbandoned => ("The shopper cancelled at the bank", after, over),
        Status::Expired => ("Nobody finished in time", after, over),
        Status::Other(_) => ("A word that the contract does not know", "The contract cannot say", "Nobody knows"),
    }
}

fn pending(shape: Shape) -> Words {
    match shape.channel {
        _ if shape.legacy => (
            "The card is only in 3-D Secure 1",
            "The shopper at the bank's page: PaReq goes there, PaRes comes to term_url",
            "The shopper",
        ),
        _ if shape.hosted() => (
            "Created, and nobody has been asked yet",
            "The shopper's browser at redirect_url; the API's page does the rest",
            "The shopper",
        ),
        Channel::App => (
            "Created, and nobody has been asked yet",
            "The app's data: PUT collect-data",
            "The shop, with the app's SDK",
        ),
        _ => (
            "Created, and nobody has been asked yet",
            "The fingerprint's result, if the bank has a method URL, and the browser's data",
            "The shop, with the shopper's browser",
        ),
    }
}

fn challenged(shape: Shape) -> Words {
    let means = "The bank wants to ask the shopper: C; or asks by a way of its own: D";
    match shape.channel {
        _ if shape.hosted() => (means, "The shopper's answer on the hosted page", "The shopper, then the bank"),
        Channel::App => (means, "The shopper's answer in the app", "The shopper, then the bank"),
        _ => (means, "The shopper's answer at the bank's page (creq, cres)", "The shopper, then the bank"),
    }
}
