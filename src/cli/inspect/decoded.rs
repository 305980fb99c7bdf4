//! What the lens decoded, line by line: members with their values and meanings, marks for
//! what is wrong, and what was found inside.

use serde_json::{Value, json};

use super::{Out, now};
use crate::export::text::severity;
use crate::model::api::Session;
use crate::model::draft::Channel;
use crate::model::explain;
use crate::model::lens::{self, Context, Decoded, Mark, Place, What};
use crate::model::payload;

/// Characters of a value in a line for people; machines get all that was kept.
const SHOWN: usize = 120;

/// `None` if nothing is known by it.
pub(super) fn show(text: &str, out: &mut Out) -> Option<()> {
    let context = Context { recorded: Some(now()), is_now: true, keys: &out.keys, ..Context::NOTHING };
    let decoded = lens::read(text, &context)?;
    if decoded.what == What::Codes && decoded.rows.is_empty() && decoded.inner.is_empty() {
        return None; // JSON of something else
    }
    let session = Session::read(text.trim().as_bytes()).filter(|session| session.id.0.starts_with("sid_"));
    session.iter().for_each(|session| means(session, out));
    let lines = object(&decoded, out);
    out.object(lines);
    write(&decoded, 0, out);
    Some(())
}

fn object(decoded: &Decoded, out: &Out) -> Value {
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
    let mut object = json!({
        "what": decoded.what.word(),
        "title": decoded.what.name(),
        "place": place(&decoded.place),
        "rows": rows.collect::<Vec<_>>(),
        "marks": marks(&mut decoded.marks.iter()),
        "inner": decoded.inner.iter().map(|inner| object(inner, out)).collect::<Vec<_>>(),
    });
    let lines = text(decoded, out);
    if !lines.is_empty() {
        object["text"] = json!(lines.join("\n"));
    }
    object
}

fn place(place: &Place) -> Option<&str> {
    match place {
        Place::Whole => None,
        Place::Member(name) | Place::Header(name) => Some(name),
    }
}

fn write(decoded: &Decoded, depth: usize, out: &mut Out) {
    let empty = decoded.rows.is_empty() && decoded.marks.is_empty();
    let outer = decoded.what == What::Codes && empty; // says nothing but what is in it
    if !outer {
        let indent = "  ".repeat(depth);
        let at = place(&decoded.place).map(|place| format!("  in {place}")).unwrap_or_default();
        out.line(&format!("{indent}{}{at}", decoded.what.name()));
        let indent = format!("{indent}  ");
        decoded.marks.iter().for_each(|mark| write_mark(mark, &indent, out));
        write_rows(decoded, &indent, out);
        text(decoded, out).iter().for_each(|line| out.line(&format!("{indent}| {line}")));
    }
    decoded.inner.iter().for_each(|inner| write(inner, depth + usize::from(!outer), out));
}

fn write_mark(mark: &Mark, indent: &str, out: &mut Out) {
    out.line(&format!("{indent}{}: {}", severity(mark.severity), mark.text));
}

/// Names, values and meanings in columns; a long value does not widen its column.
fn write_rows(decoded: &Decoded, indent: &str, out: &mut Out) {
    const WIDEST: usize = 40;
    let count = |text: &str| text.chars().count();
    let values: Vec<String> = decoded.rows.iter().map(|row| short(&out.value(&row.name, &row.value))).collect();
    let names = decoded.rows.iter().map(|row| count(&row.name)).max().unwrap_or_default();
    let widths = values.iter().map(|value| count(value)).filter(|width| *width <= WIDEST);
    let width = widths.max().unwrap_or_default();
    for (row, value) in decoded.rows.iter().zip(values) {
        let name = format!("{}{}", row.name, " ".repeat(names - count(&row.name)));
        let room = " ".repeat(width.saturating_sub(count(&value)));
        let line = format!("{indent}{name}  {value}{room}  {}", row.meaning);
        out.line(line.trim_end());
        row.mark.iter().for_each(|mark| write_mark(mark, &format!("{indent}  "), out));
    }
}

/// What came out, where the rows do not have all of it: masked, its first lines.
fn text(decoded: &Decoded, out: &Out) -> Vec<String> {
    const MOST: usize = 40;
    let known = decoded.inner.iter().any(|inner| inner.what != What::Codes);
    let told = known || !(decoded.rows.is_empty() || decoded.what.is_opaque());
    let Some(bytes) = decoded.bytes.as_ref().filter(|_| !told && !decoded.content_type.ends_with("octet-stream"))
    else {
        return Vec::new();
    };
    let masked = out.redactor.mask(bytes).bytes;
    let json = payload::tree(&masked).and_then(|tree| serde_json::to_string_pretty(&tree).ok());
    let text = json.unwrap_or_else(|| String::from_utf8_lossy(&masked).into_owned());
    let mut lines: Vec<String> = text.lines().take(MOST).map(short).collect();
    let left = text.lines().count().saturating_sub(MOST);
    lines.extend((left > 0).then(|| format!("… and {left} lines more")));
    lines
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
