//! Only the callback listener, until somebody ends it: a ready line with the secret
//! address (the same at each start, trust.md R2), then one line for each callback. A
//! callback is on the disk before it is answered; secrets and foreign card numbers are
//! masked in the line as they are there.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::stop::{self, Stop};
use super::{CLOSING, Exit, ListenArguments, say, tell, unread};
use crate::bus::{Event, EventSink};
use crate::listener::{Config, Listener, Script};
use crate::model::Problem;
use crate::model::delivery::{Delivery, DeliveryKind};
use crate::model::exchange::Headers;
use crate::model::redact::{Origin, Redactor};
use crate::runner::Scratch;
use crate::store::{Store, StoreError};

/// Starts the listener, prints the ready line and the callbacks, and stays until Ctrl+C
/// or SIGTERM.
///
/// # Errors
/// If the port is taken, nothing can be stored, or nobody reads the lines.
pub(super) fn run(wanted: &ListenArguments, data_dir: Option<PathBuf>) -> Result<Exit, Problem> {
    let stop = Stop::watch()?;
    let runtime = stop::runtime()?;
    let (store, _scratch) = open(&super::folder(data_dir)?)?;
    store.on_problem(|problem| say(format_args!("warning: {}", problem.line())));
    // Nothing here was made by a sandbox of ours.
    let redactor = Redactor::new([], Origin::Real);
    store.set_redactor(redactor.clone());
    let inbox = store.inbox_token().map_err(|error| error.problem())?;
    let (sink, mut events) = EventSink::channel(|| ());
    let script = Script { status: wanted.status, delay: Duration::from_millis(wanted.delay_ms) };
    let plain = Config::plain(wanted.port, store.journal(), sink);
    let config = Config { script: Some(script), inbox: Some(inbox), ..plain };
    let listener = runtime.block_on(Listener::start(config)).map_err(|error| super::taken(&error))?;
    let address = listener.inbox();
    tell(&json!({ "event": "ready", "base_url": address })).map_err(|error| unread(&error))?;
    if !wanted.json {
        say(format_args!("The listener is ready; send callbacks to {address}. Ctrl+C ends it"));
    }
    let printed = runtime.block_on(async {
        let printed = tokio::select! {
            printed = print(&mut events, &redactor) => printed,
            () = stop.asked() => Ok(()),
        };
        listener.stop().await; // what has come whole is answered, and so it is printed
        let rest = tokio::time::timeout(CLOSING, print(&mut events, &redactor)).await;
        printed.and(rest.unwrap_or(Ok(()))) // the announcer ends with the listener, so there is no rest then
    });
    drop(store);
    runtime.shutdown_timeout(CLOSING);
    printed.map(|()| Exit::Expected).map_err(|error| unread(&error))
}

/// The store, or one in a folder that goes with us if another program has it.
fn open(dir: &std::path::Path) -> Result<(Store, Option<Scratch>), Problem> {
    let problem = |error: StoreError| Problem::new(&error, Some(error.hint()));
    match Store::open(dir) {
        Ok(store) => Ok((store, None)),
        Err(error @ StoreError::Held { .. }) => {
            let scratch = Scratch::new()?;
            let store = Store::open(scratch.path()).map_err(problem)?;
            say(format_args!("note: {error}, so the callbacks are kept in a temporary folder until the end"));
            Ok((store, Some(scratch)))
        }
        Err(error) => Err(problem(error)),
    }
}

/// Prints what comes until nothing can come any more.
async fn print(events: &mut mpsc::Receiver<Event>, redactor: &Redactor) -> std::io::Result<()> {
    while let Some(event) = events.recv().await {
        match event {
            Event::Delivered(delivery) if delivery.kind == DeliveryKind::Inbox => tell(&line(&delivery, redactor))?,
            Event::Delivered(delivery) => say(format_args!(
                "note: {} came to a path that nobody handed out, and was answered {}",
                redactor.mask_text(&delivery.method),
                delivery.answered
            )),
            _ => (), // a listener alone posts nothing else
        }
    }
    Ok(())
}

/// One callback as a line. What is no text is there in base64 as well.
fn line(delivery: &Delivery, redactor: &Redactor) -> Value {
    let body = redactor.mask(&delivery.body).bytes;
    let mut line = json!({
        "event": "callback",
        "seq": delivery.seq,
        "at": delivery.at.wall.to_string(),
        "method": redactor.mask_text(&delivery.method),
        "path": redactor.mask_text(&delivery.target),
        "headers": object(&redactor.mask_headers(&delivery.headers).0, redactor),
        "body": String::from_utf8_lossy(&body),
    });
    if std::str::from_utf8(&body).is_err() {
        line["body_base64"] = BASE64_STANDARD.encode(&body).into();
    }
    line
}

/// Header lines as an object; those that came more than once are joined by commas, as
/// HTTP allows (RFC 9110 5.3). Names are masked here, for a sender chooses them freely.
fn object(headers: &Headers, redactor: &Redactor) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in headers {
        let place = object
            .entry(redactor.mask_text(&name.to_ascii_lowercase()))
            .or_insert_with(|| Value::String(String::new()));
        if let Value::String(text) = place {
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(value);
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::model::delivery::{Seq, Verdict};

    fn delivery(body: &[u8]) -> Delivery {
        Delivery {
            seq: Seq(3),
            at: clock::stamp(),
            kind: DeliveryKind::Inbox,
            run: None,
            session: None,
            peer: ([127, 0, 0, 1], 1).into(),
            method: "POST".into(),
            target: "/c/t/in".into(),
            headers: vec![("X-A".into(), "1".into()), ("x-a".into(), "2".into())],
            head: bytes::Bytes::new(),
            body: bytes::Bytes::copy_from_slice(body),
            verdict: Verdict::Unexpected,
            answered: 200,
        }
    }

    #[test]
    fn a_body_that_is_no_text_is_there_in_base64_too() {
        let redactor = Redactor::new([], Origin::Real);
        let text = line(&delivery(b"{\"a\":1}"), &redactor);
        assert_eq!((&text["body"], text.get("body_base64")), (&json!("{\"a\":1}"), None));
        assert_eq!(text["headers"], json!({ "x-a": "1, 2" }));
        assert_eq!(text["seq"], 3);
        let bytes = line(&delivery(b"\xff\x00a"), &redactor);
        assert_eq!(bytes["body_base64"], BASE64_STANDARD.encode(b"\xff\x00a"));
    }
}
