//! What the lens decoded, line by line: members with their values and meanings, marks for
//! what is wrong, and what was found inside.

use serde_json::{Value, json};

use super::{Out, now};
use crate::export::text::severity;
use crate::model::api::Session;
use crate::model::draft::Channel;
use crate::model::explain;
use crate::model::lens::{self, Context, Decoded, Mark, Place, What};

/// Characters of a value in a line for people; machines get all that was kept.
const SHOWN: usize = 120;

/// `None` if nothing is known by it.
pub(super) fn show(text: &str, out: &mut Out) -> Option<()> {
    let context = Context { recorded: Some(now()), ..Context::NOTHING };
    let decoded = lens::read(text, &context)?;
    if decoded.what == What::Codes && decoded.rows.is_empty() && decoded.inner.is_empty() {
        return None; // JSON of something else
    }
    let session = Session::read(text.trim().as_bytes()).filter(|session| session.id.0.starts_with("sid_"));
    session.iter().for_each(|session| means(session, out));
    out.object(object(&decoded));
    write(&decoded, 0, out);
    Some(())
}

fn object(decoded: &Decoded) -> Value {
    let marks = |marks: &mut dyn Iterator<Item = &Mark>| {
        marks.map(|mark| json!({ "severity": severity(mark.severity), "message": mark.text })).collect::<Vec<_>>()
    };
    let rows = decoded.rows.iter().map(|row| {
        let mut object = json!({ "name": row.name, "value": row.value });
        if !row.meaning.is_empty() {
            object["meaning"] = json!(row.meaning);
        }
        if row.mark.is_some() {
            object["marks"] = json!(marks(&mut row.mark.iter()));
        }
        object
    });
    json!({
        "what": decoded.what.word(),
        "title": decoded.what.name(),
        "place": place(&decoded.place),
        "rows": rows.collect::<Vec<_>>(),
        "marks": marks(&mut decoded.marks.iter()),
        "inner": decoded.inner.iter().map(object).collect::<Vec<_>>(),
    })
}

fn place(place: &Place) -> Option<&str> {
    match place {
        Place::Whole => None,
        Place::Member(name) | Place::Header(name) => Some(name),
    }
}

fn write(decoded: &Decoded, depth: usize, out: &mut Out) {
    let indent = "  ".repeat(depth);
    let at = place(&decoded.place).map(|place| format!("  in {place}")).unwrap_or_default();
    out.line(&format!("{indent}{}{at}", decoded.what.name()));
    for mark in &decoded.marks {
        out.line(&format!("{indent}  {}: {}", severity(mark.severity), mark.text));
    }
    let width = decoded.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or_default();
    for row in &decoded.rows {
        let value = short(&out.value(&row.name, &row.value));
        let room = " ".repeat(width - row.name.chars().count());
        let meaning = if row.meaning.is_empty() { String::new() } else { format!("  {}", row.meaning) };
        out.line(&format!("{indent}  {}{room}  {value}{meaning}", row.name));
        if let Some(mark) = &row.mark {
            out.line(&format!("{indent}    {}: {}", severity(mark.severity), mark.text));
        }
    }
    if decoded.rows.is_empty() && decoded.inner.is_empty() {
        if let Some(bytes) = &decoded.bytes {
            let text = out.redactor.mask(bytes);
            String::from_utf8_lossy(&text.bytes).lines().for_each(|line| out.line(&format!("{indent}  {line}")));
        }
    }
    decoded.inner.iter().for_each(|inner| write(inner, depth + 1, out));
}

fn short(value: &str) -> String {
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

/// What a session's state means for the shop.
fn means(session: &Session, out: &mut Out) {
    let channel = Channel::ALL.into_iter().find(|channel| session.text("/channel") == Some(channel.word()));
    let meaning = explain::of_session(session, channel.unwrap_or_default());
    let next: Vec<&str> = session.next_actions.iter().map(explain::next_action).collect();
    out.object(json!({
        "what": "meaning",
        "session": session.id,
        "status": session.status.word(),
        "title": meaning.title,
        "sentence": meaning.sentence,
        "decided_by": meaning.decided_by,
        "authentication": meaning.sca,
        "liability": meaning.risk.name(),
        "eci": meaning.eci,
        "next_actions": next,
    }));
    out.line(&format!("{} {}", session.id, session.status.word()));
    out.line(&format!("{}. {}", meaning.title, meaning.sentence));
    for (name, words) in [
        ("Decided by", meaning.decided_by),
        ("Authentication", meaning.sca),
        ("Liability", meaning.risk.name()),
        ("ECI", meaning.eci),
    ] {
        if !words.is_empty() {
            out.line(&format!("  {name:<14}  {words}"));
        }
    }
    next.iter().for_each(|words| out.line(&format!("  Next            {words}")));
}
