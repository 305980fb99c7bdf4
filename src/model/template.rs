//! Template values in a draft: `{{uuid}}`, `{{now}}`, `{{date+30d}}`, `{{listener}}`,
//! `{{merchant}}`, any member of the previous session (`{{previous.acs.transaction_id}}`) or
//! of this one (`{{session.eci}}`), and an app's fresh values (`{{app.sdk_encrypted_data}}`).
//! What they stand for is handed in, so the same draft resolves the same way twice.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Span, ToSpan as _};
use serde_json::Value;

/// What the names stand for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values {
    /// Base of this run's own addresses at the listener: `http://127.0.0.1:8788/c/<token>`.
    pub listener: String,
    /// Base of this run's pages at the merchant port: `http://127.0.0.1:8789/m/<token>`.
    pub merchant: String,
    /// A fresh UUID.
    pub uuid: String,
    /// RFC 3339, whole seconds, UTC.
    pub now: String,
    /// The last answer of the session before this one.
    pub previous: Option<Arc<Value>>,
    /// The newest answer of this session.
    pub session: Option<Arc<Value>>,
    /// The app's values of this run, under the names of `channel_data`.
    pub app: Option<Arc<Value>>,
}

/// A placeholder in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// As typed, without the braces.
    pub name: String,
    /// What is sent instead; `None` if nothing is known by this name, so that it stays.
    pub value: Option<String>,
    /// It stands for something only when the run has come so far; nothing is wrong with that.
    pub later: bool,
    /// What the name means, or why it stands for nothing.
    pub meaning: Cow<'static, str>,
}

impl Values {
    /// The simple names, with what each stands for.
    pub fn all(&self) -> [(&'static str, &str); 4] {
        [("listener", &self.listener), ("merchant", &self.merchant), ("uuid", &self.uuid), ("now", &self.now)]
    }

    /// The day of `now`; `None` if that is no time.
    pub fn today(&self) -> Option<Date> {
        self.now.get(..10)?.parse().ok()
    }

    /// What a name stands for; `None` if nothing is known by it.
    pub fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        if let Some((_, value)) = self.all().into_iter().find(|(known, _)| *known == name) {
            return (!value.is_empty()).then(|| value.into());
        }
        if let Some((tree, path)) = self.tree(name) {
            let mut value = tree?;
            for part in path.split('.') {
                value = match value {
                    Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
                    other => other.get(part)?,
                };
            }
            return match value {
                Value::Null => None,
                Value::String(text) => Some(text.into()),
                other => Some(other.to_string().into()),
            };
        }
        let day = self.today()?.checked_add(days(name.strip_prefix("date")?)?).ok()?;
        Some(day.strftime("%Y%m%d").to_string().into())
    }

    /// The tree that a dotted name reaches into, if there is one, and the way in it.
    fn tree<'a>(&self, name: &'a str) -> Option<(Option<&Value>, &'a str)> {
        let (root, path) = name.split_once('.')?;
        let tree = match root {
            "previous" => &self.previous,
            "session" => &self.session,
            "app" => &self.app,
            _ => return None,
        };
        Some((tree.as_deref(), path))
    }

    /// Every placeholder of a text, in order, each name once, with what it stands for.
    pub fn placeholders(&self, text: &str) -> Vec<Placeholder> {
        let mut found: Vec<Placeholder> = Vec::new();
        for name in names(text) {
            if found.iter().any(|other| other.name == name) {
                continue;
            }
            let value = self.value(name).map(Cow::into_owned);
            let meaning = meaning(name, value.is_some());
            let later = value.is_none() && (name.starts_with("session.") || name.starts_with("app."));
            found.push(Placeholder { name: name.to_owned(), value, later, meaning });
        }
        found
    }

    /// Puts the values in. Names that nobody knows stay as they are: a tester may want
    /// to send two braces.
    pub fn resolve(&self, text: &str) -> String {
        let mut done = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("{{") {
            let (before, from) = rest.split_at(start);
            done.push_str(before);
            let end = from.find("}}");
            let name = end.map(|end| from[2..end].trim());
            match (end, name.and_then(|name| self.value(name))) {
                (Some(end), Some(value)) => {
                    done.push_str(&value);
                    rest = &from[end + 2..];
                }
                _ => {
                    done.push_str("{{");
                    rest = &from[2..];
                }
            }
        }
        done.push_str(rest);
        done
    }
}

/// The names between braces, in order.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let from = rest.get(rest.find("{{")? + 2..)?;
            let end = from.find("}}");
            match end.map(|end| from[..end].trim()) {
                Some(name) if !name.contains("{{") => {
                    rest = &from[end.map_or(0, |end| end + 2)..];
                    return Some(name);
                }
                _ => rest = from,
            }
        }
    })
}

/// `` (today), `+30d`, `-1d`.
fn days(text: &str) -> Option<Span> {
    if text.is_empty() {
        return Some(Span::new());
    }
    let number = text.strip_suffix('d')?;
    let number = number.strip_prefix('+').map_or(number.strip_prefix('-').map(|_| number), Some)?;
    let number: i32 = number.parse().ok()?;
    (-36_500..=36_500).contains(&number).then(|| number.days())
}

fn meaning(name: &str, known: bool) -> Cow<'static, str> {
    match (name, known) {
        ("listener", true) => "this run's addresses at the callback listener".into(),
        ("merchant", true) => "this run's pages at the merchant port".into(),
        ("uuid", true) => "a fresh UUID for each run".into(),
        ("now", true) => "the time at the start of the run, UTC".into(),
        (name, true) if name.starts_with("date") => "a day counted from today, yyyyMMdd".into(),
        (name, true) if name.starts_with("previous.") => "from the last answer of the session before".into(),
        (name, true) if name.starts_with("session.") => "from the newest answer of this session".into(),
        (name, true) if name.starts_with("app.") => "made fresh for this run's app".into(),
        (name, false) if name.starts_with("session.") => "known when this session has answered".into(),
        (name, false) if name.starts_with("app.") => {
            "made fresh for each run, and sealed for the directory server's key that the session shows".into()
        }
        (name, _) if name.starts_with("previous.") => {
            "the session before has no such member, or there is none yet".into()
        }
        ("listener" | "merchant", false) => "our server does not run, so it stands for nothing yet".into(),
        ("uuid" | "now", false) => "made when the run starts".into(),
        (name, _) if name.starts_with("date") => "write date, date+30d or date-1d".into(),
        _ => "nobody knows this name, so it is sent as typed; known are uuid, now, date+30d, listener, merchant, \
              previous.…, session.…, app.…"
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_the_previous_session_resolve() {
        let previous = serde_json::json!({"id": "sid_1", "acs": {"transaction_id": "t"}, "amount": 7, "list": ["a"]});
        let values =
            Values { now: "2026-02-27T23:00:00Z".into(), previous: Some(Arc::new(previous)), ..Values::default() };
        let values = Values {
            session: Some(Arc::new(serde_json::json!({"eci": "05"}))),
            app: Some(Arc::new(serde_json::json!({"key": {"x": "X"}}))),
            ..values
        };
        for (text, expected) in [
            ("{{date}}", "20260227"),
            ("{{date+30d}}", "20260329"),
            ("{{date-1d}}", "20260226"),
            ("{{date30d}}", "{{date30d}}"),
            ("{{date+99999999999d}}", "{{date+99999999999d}}"),
            ("{{previous.id}}/{{previous.acs.transaction_id}}/{{previous.amount}}", "sid_1/t/7"),
            ("{{previous.list.0}}{{previous.list.1}}", "a{{previous.list.1}}"),
            ("{{previous.nothing.here}}", "{{previous.nothing.here}}"),
            ("{{session.eci}}/{{app.key.x}}/{{app.key.y}}", "05/X/{{app.key.y}}"),
        ] {
            assert_eq!(values.resolve(text), expected);
        }
        assert_eq!(Values::default().resolve("{{previous.id}} {{date}}"), "{{previous.id}} {{date}}");
    }

    #[test]
    fn every_placeholder_is_listed_once_with_what_it_stands_for() {
        let values = Values { listener: "http://h".into(), ..Values::default() };
        let found = values.placeholders("{{listener}}/a {{ listener }} {{nobody}} {{ {{previous.id}} {{");
        let names: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.value.as_deref())).collect();
        assert_eq!(names, [("listener", Some("http://h")), ("nobody", None), ("previous.id", None)]);
        assert!(found[1].meaning.contains("as typed") && found[2].meaning.contains("session before"));
    }

    #[test]
    fn known_names_resolve_and_unknown_ones_stay() {
        let values = Values { listener: "http://h/c/t".into(), now: "2026".into(), ..Values::default() };
        let cases = [
            ("{{listener}}/cb", "http://h/c/t/cb"),
            ("{{ now }}-{{now}}", "2026-2026"),
            ("{{nobody}} {{", "{{nobody}} {{"),
            ("{{{{now}}}}", "{{2026}}"),
            ("é{{now", "é{{now"),
        ];
        for (text, expected) in cases {
            assert_eq!(values.resolve(text), expected);
        }
    }
}
