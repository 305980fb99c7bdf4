//! The body of `POST /sessions`: what the contract would refuse, and what the rules advise.

use serde_json::json;

use super::{Out, now};
use crate::export::text;
use crate::model::draft::{Body, Completion, Draft, Finding};
use crate::model::finding::Around;
use crate::model::template::Values;

pub(super) fn show(body: &str, out: &mut Out) {
    let mut draft = Draft::new(Completion::NonHosted);
    draft.open(body.to_owned());
    let values = Values { now: now().to_string(), ..Values::default() };
    // What is only filled in when it is sent stands for nothing yet, and is not judged.
    let all = draft.check(&Around::new(&values, false));
    let mut findings: Vec<Finding> = all.into_iter().filter(|finding| finding.body == Body::Session).collect();
    findings.sort_by_key(|finding| finding.severity);
    let (completion, channel) = (draft.completion.word(), draft.channel.word());
    out.object(json!({
        "what": "session_request", "completion": completion, "channel": channel, "findings": findings.len(),
    }));
    out.line(&format!("Body of POST /sessions: {completion}, channel {channel}"));
    for finding in &findings {
        let fix = finding.fix.as_ref().map(|fix| fix.label.as_ref());
        out.object(json!({
            "severity": text::severity(finding.severity),
            "rule": finding.rule,
            "code": finding.code,
            "pointer": finding.pointer,
            "message": finding.message,
            "fix": fix,
        }));
        let names = [finding.rule, finding.code.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let place = if finding.pointer.is_empty() { "the body" } else { finding.pointer.as_str() };
        out.line(&format!("  {} {names} at {place}", text::severity(finding.severity)).replace("  at", " at"));
        out.line(&format!("    {}", finding.message));
        if let Some(fix) = fix {
            out.line(&format!("    Mend: {fix}"));
        }
    }
    if findings.is_empty() {
        out.line("  Nothing to say: no rule and no limit of the contract is broken");
    }
}
