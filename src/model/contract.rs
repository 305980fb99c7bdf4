//! What the API would answer 422 about: the field table held against the documents of a
//! draft, in the table's order. The sandbox validates by its own code, written from the
//! same contract; `tests/fields.rs` compares the two. Source: sessions-api.md 2, 2.6, 3.

use serde_json::{Map, Value};

use super::draft::{Body, Channel, Completion, Draft};
use super::fields::{Applies, Condition, FIELDS, Field, Kind, Required, words};
use super::finding::{Around, Finding, Fix, Severity};

/// What the contract says about a draft, request by request.
pub(super) fn check(draft: &Draft, around: &Around<'_>) -> Vec<Finding> {
    draft.bodies().into_iter().flat_map(|body| judge(draft, body, around)).collect()
}

fn judge(draft: &Draft, body: Body, around: &Around<'_>) -> Vec<Finding> {
    let doc = draft.doc(body);
    if let Some(why) = doc.broken() {
        return vec![Finding {
            body,
            pointer: String::new(),
            code: Some("json_invalid".into()),
            rule: None,
            severity: Severity::Error,
            message: format!("{why}. It is sent as typed"),
            fix: None,
        }];
    }
    let tree = resolved(doc.tree(), around);
    let view = View { body, facts: Facts::of(body, &tree), tree, around };
    FIELDS.iter().filter_map(|field| view.judge(field)).collect()
}

/// The tree with template values put in, and members under the names of the table.
fn resolved(tree: &Value, around: &Around<'_>) -> Value {
    match tree {
        Value::String(text) if text.contains("{{") => around.values.resolve(text).into(),
        Value::Array(items) => items.iter().map(|item| resolved(item, around)).collect(),
        Value::Object(members) => {
            let mut members: Map<String, Value> =
                members.iter().map(|(name, value)| (name.clone(), resolved(value, around))).collect();
            // The early spelling of 2022 is taken where the present one is absent.
            let absent = members.get("installment").is_none_or(Value::is_null);
            if let (true, Some(value)) = (absent, members.get("instalment").cloned()) {
                members.insert("installment".into(), value);
            }
            members.into()
        }
        other => other.clone(),
    }
}

/// What decides which fields mean something, as typed.
struct Facts {
    source: String,
    kind: String,
    completion: Option<Completion>,
    channel: Option<Channel>,
    app_filled: bool,
}

impl Facts {
    fn of(body: Body, tree: &Value) -> Self {
        let text = |pointer: &str, absent: &str| match tree.pointer(pointer) {
            None | Some(Value::Null) => absent.to_owned(),
            Some(value) => value.as_str().unwrap_or_default().trim().to_owned(),
        };
        let data = if body == Body::Session { "/channel_data" } else { "" };
        let channel = text(&format!("{data}/channel"), "browser");
        let completion = text("/completion/type", "");
        let completion = words::canonical(words::COMPLETIONS, &completion);
        let app_filled = tree
            .pointer(data)
            .and_then(Value::as_object)
            .is_some_and(|members| members.iter().any(|(name, value)| name.starts_with("sdk_") && !empty(value)));
        let kind = text("/authentication_type", "regular");
        Self {
            source: text("/source/type", "card"),
            kind: words::canonical(words::AUTHENTICATION_TYPES, &kind).to_owned(),
            completion: [Completion::Hosted, Completion::NonHosted].into_iter().find(|one| one.word() == completion),
            channel: Channel::ALL.into_iter().find(|one| one.word() == channel),
            // `collect-data` is there to bring the data; only a create may leave them for later.
            app_filled: app_filled || body != Body::Session,
        }
    }

    fn fit(&self, applies: &Applies) -> bool {
        // Without a known word there, the members of a hosted one are read, and none is asked for.
        applies.completion.is_none_or(|only| self.completion.unwrap_or(Completion::Hosted) == only)
            && applies.channel.is_none_or(|only| self.channel == Some(only))
            && (applies.sources.is_empty() || applies.sources.contains(&self.source.as_str()))
            && applies.kind.is_none_or(|only| self.kind == only)
    }

    fn asks(&self, field: &Field) -> bool {
        match field.required {
            Required::Always => field.applies.completion.is_none() || self.completion.is_some(),
            Required::No | Required::When(Condition::Console) => false,
            Required::When(Condition::Scheduled) => matches!(self.kind.as_str(), "recurring" | "installment"),
            Required::When(Condition::Instalments) => self.kind == "installment",
            Required::When(Condition::AppFilled) => self.app_filled,
        }
    }
}

/// Absent or zero, as SDKs with plain structs write what was never set.
/// Source: sessions-api.md 10, Q21.
fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(on) => !on,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(empty),
    }
}

/// One document under judgement.
struct View<'a> {
    body: Body,
    tree: Value,
    facts: Facts,
    around: &'a Around<'a>,
}

impl View<'_> {
    /// Where a field stands in this document; `None` if it belongs to another.
    fn place(&self, field: &Field) -> Option<String> {
        let data = matches!(field.body, Body::Browser | Body::App);
        match self.body {
            Body::Session if data => Some(format!("/channel_data{}", field.pointer)),
            // A merchant-initiated document may be sent to `collect-data` by hand.
            Body::Browser | Body::App if data => Some(field.pointer.to_owned()),
            Body::Browser | Body::App => field.pointer.strip_prefix("/channel_data/").map(|rest| format!("/{rest}")),
            body => (field.body == body).then(|| field.pointer.to_owned()),
        }
    }

    fn judge(&self, field: &Field) -> Option<Finding> {
        // The channel is the same member for all three kinds of data: one row judges it.
        let channel = field.name() == "channel";
        if (channel && field.body != Body::Browser) || (!channel && !self.facts.fit(&field.applies)) {
            return None;
        }
        if field.body == Body::App && !self.facts.app_filled {
            return None;
        }
        let place = self.place(field)?;
        let (above, name) = place.rsplit_once('/')?;
        let object = match self.tree.pointer(above) {
            Some(Value::Object(object)) => Some(object),
            None | Some(Value::Null) => None,
            Some(Value::Array(list)) if list.is_empty() => None,
            // The object's own row says so; its members are not looked at.
            Some(_) if !matches!(field.required, Required::When(_)) => return None,
            Some(_) => None,
        };
        if object.is_none() && !matches!(field.required, Required::When(_)) {
            return None;
        }
        let value = object.and_then(|object| object.get(name)).filter(|value| !absent(field, value));
        let required = self.facts.asks(field);
        match value {
            None if required => Some(self.finding(field, &place, "required", "is required".into())),
            None => None,
            Some(Value::String(text)) if text.contains("{{") => None, // judged once it stands for something
            Some(Value::String(text)) if text.is_empty() && required => {
                Some(self.finding(field, &place, "required", "is required, and this is empty".into()))
            }
            Some(value) => {
                let fault = field.kind.fault(value).or_else(|| self.across(field, value))?;
                Some(self.finding(field, &place, "invalid", fault))
            }
        }
    }

    /// Rules that look at a second field.
    fn across(&self, field: &Field, value: &Value) -> Option<String> {
        match field.pointer {
            "/amount" if field.body == Body::Session && self.facts.asks(field) && value == 0 => {
                Some("must be more than 0 for a schedule of payments".into())
            }
            "/source/expiry_year" if field.body == Body::Session => {
                let month =
                    self.tree.pointer("/source/expiry_month")?.as_i64().filter(|month| (1..=12).contains(month))?;
                let today = (i64::from(self.around.today.year()), i64::from(self.around.today.month()));
                ((value.as_i64()?, month) < today).then(|| "lies in the past together with expiry_month".into())
            }
            _ => None,
        }
    }

    fn finding(&self, field: &Field, place: &str, what: &str, fault: String) -> Finding {
        let fix = (field.required == Required::No && what == "invalid")
            .then(|| Fix { label: "Leave it out".into(), edits: vec![(self.body, place.to_owned(), None)] });
        Finding {
            body: self.body,
            pointer: place.to_owned(),
            code: Some(format!("{}_{what}", field.code_name())),
            rule: None,
            severity: Severity::Error,
            message: format!("{} {fault}", field.name()),
            fix,
        }
    }
}

/// `null` is absent everywhere, `[]` where an object is expected. Source: sessions-api.md 2.
fn absent(field: &Field, value: &Value) -> bool {
    value.is_null() || (field.kind == Kind::Object && value.as_array().is_some_and(Vec::is_empty))
}
