//! Advice before sending: the *pre* rules of emv-3ds.md 8, each with its reason and, where
//! one exists, the edit that mends it. They never block. A finding of the contract at the
//! same place takes the rule's reason and edit on.
//!
//! Checked on drafts: L07, L08, L13–L22, L24, L26, L27, L42, L45–L47, and L01 in keys and
//! encrypted data; on hand-offs ([`request::check`]): L01, L03–L05. Not expressible on what
//! a builder sends: L23 and L25, because the API has no member for purchaseDate and
//! DecMaxTime (its 3DS Server sets them); of L17, whether a short IPv6 form is that of the
//! source; of L21, whether an amount was meant in another exponent (a hint is given).

mod data;
pub mod found;
pub mod observed;
mod purchase;
pub mod request;

use std::borrow::Cow;

use serde_json::Value;

use super::draft::{Body, Draft};
use super::fields;
use super::finding::{Around, Finding, Fix, Severity};

/// All that the rules say about a draft, in the order of the documents.
pub(super) fn check(draft: &Draft, around: &Around<'_>) -> Vec<Finding> {
    let mut look = Look { draft, around, findings: Vec::new() };
    if draft.doc(Body::Session).broken().is_none() {
        purchase::check(&mut look);
    }
    data::check(&mut look);
    placeholders(&mut look);
    look.findings
}

/// Joins advice with what the contract said: one finding for one place.
pub(super) fn join(mut findings: Vec<Finding>, advice: Vec<Finding>) -> Vec<Finding> {
    for one in advice {
        let same = |other: &&mut Finding| (other.body, &other.pointer, other.rule) == (one.body, &one.pointer, None);
        match findings.iter_mut().find(|other| same(other) && other.code.is_some()) {
            Some(other) => {
                other.rule = one.rule;
                other.message = format!("{}. {}", other.message, one.message);
                other.fix = one.fix.or(other.fix.take());
            }
            None => findings.push(one),
        }
    }
    findings
}

/// A draft under examination.
struct Look<'a> {
    draft: &'a Draft,
    around: &'a Around<'a>,
    findings: Vec<Finding>,
}

/// A place in a draft and what stands there, template values put in.
struct Place {
    body: Body,
    pointer: String,
    value: Value,
}

impl Place {
    fn text(&self) -> Option<&str> {
        self.value.as_str()
    }
}

impl Look<'_> {
    /// A field that is given, whatever it holds. Text with a placeholder that stands for
    /// nothing yet counts as absent.
    fn at(&self, body: Body, pointer: &str) -> Option<Place> {
        let field = fields::find(body, pointer)?;
        let (body, pointer) = self.draft.at(field);
        let value = match self.draft.doc(body).get(&pointer)? {
            Value::Null => return None,
            Value::String(text) => Value::String(self.around.values.resolve(text)),
            other => other.clone(),
        };
        let open = value.as_str().is_some_and(|text| text.contains("{{"));
        (!open).then(|| Place { body, pointer: pointer.into_owned(), value })
    }

    /// A given field's text.
    fn text(&self, body: Body, pointer: &str) -> Option<(Place, String)> {
        let place = self.at(body, pointer)?;
        let text = place.text()?.to_owned();
        Some((place, text))
    }

    fn say(&mut self, rule: &'static str, severity: Severity, place: &Place, message: impl Into<String>) {
        self.push(rule, severity, place, message.into(), None);
    }

    /// Says it, and offers to write `value` there.
    fn mend(
        &mut self,
        (rule, severity): (&'static str, Severity),
        place: &Place,
        message: impl Into<String>,
        label: impl Into<Cow<'static, str>>,
        value: Option<Value>,
    ) {
        let fix = Fix { label: label.into(), edits: vec![(place.body, place.pointer.clone(), value)] };
        self.push(rule, severity, place, message.into(), Some(fix));
    }

    fn push(&mut self, rule: &'static str, severity: Severity, place: &Place, message: String, fix: Option<Fix>) {
        let (body, pointer) = (place.body, place.pointer.clone());
        self.findings.push(Finding { body, pointer, code: None, rule: Some(rule), severity, message, fix });
    }
}

/// Names between braces that nobody knows: they are sent as typed.
fn placeholders(look: &mut Look<'_>) {
    for body in look.draft.bodies() {
        let mut texts = Vec::new();
        strings(look.draft.doc(body).tree(), String::new(), &mut texts);
        for (pointer, text) in texts {
            for one in look.around.values.placeholders(&text) {
                let ours = ["listener", "merchant", "uuid", "now"].contains(&one.name.as_str())
                    || (one.name.starts_with("date") && look.around.values.today().is_none());
                if one.value.is_none() && !one.later && !ours {
                    let message = format!("{{{{{}}}}} is sent as typed: {}", one.name, one.meaning);
                    let (code, rule, severity) = (None, None, Severity::Warning);
                    let pointer = pointer.clone();
                    look.findings.push(Finding { body, pointer, code, rule, severity, message, fix: None });
                }
            }
        }
    }
}

fn strings(value: &Value, pointer: String, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) if text.contains("{{") => found.push((pointer, text.clone())),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| strings(item, format!("{pointer}/{n}"), found));
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, item)| strings(item, format!("{pointer}/{name}"), found));
        }
        _ => (),
    }
}

#[cfg(test)]
mod tests;
