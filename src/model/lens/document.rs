//! A JSON document as a whole: a message of the protocol, a session, what the API sends by
//! itself, a refusal, any other. Source: sessions-api.md 1.5, 6.1, 6.4; emv-3ds.md 1.

use bytes::Bytes;
use serde_json::Value;

use super::{Context, Decoded, Found, Mark, Place, Row, What, look_into, message, text};
use crate::model::api::ApiError;
use crate::model::explain;
use crate::model::meaning::Doc;
use crate::model::payload;

pub(super) fn read(bytes: &[u8], found: &Found<'_>) -> Decoded {
    let json = payload::tree(bytes).unwrap_or_default();
    let what = told(&json);
    let mut one = match what {
        What::Message => message::checked(what, bytes, found),
        _ => Decoded::new(what, found),
    };
    one.bytes = Some(Bytes::copy_from_slice(bytes));
    let doc = match what {
        What::Message => Some(Doc::Emv),
        What::Codes => None,
        _ => Some(Doc::Api),
    };
    let context = Context { doc, content_type: None, ..*found.context };
    let inside = Found { context: &context, place: Place::Whole, depth: found.depth + 1 };
    for part in look_into(bytes, &inside) {
        match part.what {
            What::Codes if one.rows.is_empty() => one.rows = part.rows,
            What::Codes => (),
            _ => one.inner.push(part),
        }
    }
    match what {
        What::Callback | What::Webhook => unproven(&json, &mut one),
        What::Refusal => one.rows = refusal(&json),
        _ => (),
    }
    one
}

/// What a document is, by the members that only this kind has.
fn told(json: &Value) -> What {
    let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let named = |pointer: &str| text(pointer).starts_with("sid_");
    let event = text("/id").starts_with("evt_") || text("/type").starts_with("authentication_");
    if !text("/messageType").is_empty() {
        What::Message
    } else if named("/id") {
        What::Session
    } else if event && (named("/data/session_id") || named("/session_id")) {
        What::Webhook // an event of another kind than ours names no session
    } else if named("/session_id") && !text("/status").is_empty() {
        What::Callback
    } else if !text("/error_type").is_empty() || !text("/error").is_empty() {
        What::Refusal
    } else {
        What::Codes
    }
}

/// Anybody can send it: what decides is somewhere else.
fn unproven(json: &Value, one: &mut Decoded) {
    let id = ["/session_id", "/data/session_id"].iter().find_map(|pointer| json.pointer(pointer)?.as_str());
    let id = text::cut(id.unwrap_or_default(), 40);
    let named = ["id", "type", "session_id", "data.session_id"].into_iter().filter_map(|name| {
        let value = json.pointer(&format!("/{}", name.replace('.', "/")))?.as_str()?;
        Some(Row::new(name, value, ""))
    });
    let rows: Vec<Row> = named.filter(|row| one.rows.iter().all(|there| there.name != row.name)).collect();
    one.rows.splice(..0, rows);
    let why = match one.what {
        What::Callback => "it carries no signature, so anybody can send it",
        _ => "its signature is in a header, and it may come late, twice or out of order",
    };
    one.marks.push(Mark::known(format!("Decides nothing: {why}. Only GET /sessions/{id} tells the outcome")));
}

/// Each reason, with what to do about it.
fn refusal(json: &Value) -> Vec<Row> {
    let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
    let told = ApiError::of(json);
    let kind = text("error_type").map(|kind| Row::new("error_type", &kind, ""));
    // The token server has one reason only. Source: RFC 6749 5.2.
    let error = text("error").map(|code| Row::new("error", &code, explain::error_code(&code)));
    let codes = told.iter().flat_map(|told| &told.codes).enumerate();
    let codes = codes.map(|(at, code)| Row::new(&format!("error_codes[{at}]"), code, explain::error_code(code)));
    let request = text("request_id").map(|id| Row::new("request_id", &id, "Name it when you ask the vendor"));
    kind.into_iter().chain(error).chain(codes).chain(request).collect()
}
