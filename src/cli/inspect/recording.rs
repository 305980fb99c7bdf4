//! A HAR recording: each session's timeline as text, with the findings of its rows.

use serde_json::{Value, json};

use super::Out;
use crate::cli::words;
use crate::export::{diagram, har, text};
use crate::model::run::Run;
use crate::model::{Problem, explain, sequence};

pub(super) fn show(bytes: &[u8], name: &str, out: &mut Out) -> Result<(), Problem> {
    let recording = har::read(bytes).map_err(|error| {
        let problem = Problem::new(&error, Some(error.hint()));
        Problem { summary: format!("{name}: {}", problem.summary), ..problem }
    })?;
    let (sessions, others) = (recording.runs.len(), recording.others);
    out.object(json!({
        "what": "har",
        "creator": recording.creator,
        "sessions": sessions,
        "other_requests": others,
        "masked": recording.masked,
        "dropped_bodies": recording.dropped,
    }));
    let by = if recording.creator.is_empty() { String::new() } else { format!(" by {}", recording.creator) };
    out.line(&format!("HAR recording{by}: {}", counted(sessions, "session")));
    if others > 0 {
        out.line(&format!("{} of other things left out", counted(others, "request")));
    }
    if recording.masked > 0 {
        out.line(&format!("{} masked: secrets and card numbers are never shown", counted(recording.masked, "value")));
    }
    if recording.dropped > 0 {
        let limit = crate::model::payload::size(har::LONGEST_TEXT as u64);
        out.line(&format!("{} longer than {limit} not kept", counted(recording.dropped, "body")));
    }
    if sessions == 0 {
        out.line("No request of the Sessions API and no hand-off to a bank is in it");
    }
    for (place, run) in recording.runs.iter().enumerate() {
        one(place + 1, run, out);
    }
    Ok(())
}

fn one(place: usize, run: &Run, out: &mut Out) {
    let lines = text::lines(run);
    let id = run.session_id().map(|id| id.0.clone());
    for line in &lines {
        let mut object = serde_json::to_value(line).unwrap_or_default(); // plain data always has a JSON form
        if let Value::Object(members) = &mut object {
            members.insert("session".into(), json!(id));
        }
        out.object(object);
    }
    let findings = lines.iter().map(|line| line.findings.len()).sum::<usize>();
    let title = id.as_deref().unwrap_or("not created in this recording");
    out.line("");
    out.line(&format!("Session {place}: {title}, {}", counted(findings, "finding")));
    if let Some(meaning) = explain::of_run(run) {
        out.line(&format!("{}. {}", meaning.title, meaning.sentence));
    }
    let masked = |text: &str| words::visible(&out.redactor.mask_text(text));
    let block = match out.sequence {
        true => sequence::text::text(&diagram::recorded(run, masked)),
        false => text::aligned(&lines, masked),
    };
    out.block(&block);
}

fn counted(count: usize, word: &str) -> String {
    let plural = if let Some(stem) = word.strip_suffix('y') { format!("{stem}ies") } else { format!("{word}s") };
    format!("{count} {}", if count == 1 { word.to_owned() } else { plural })
}
