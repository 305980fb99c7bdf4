//! A session before it is sent: two JSON documents (the body of `POST /sessions`, and the
//! browser data of `PUT …/collect-data`), each edited as a form and as text. The text is
//! what is sent, right or wrong; the form is a view of the newest text that was JSON.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::fields::{self, Field};

/// Hosted or non-hosted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completion {
    /// The API's page does the shopper's part.
    Hosted,
    /// We do it, step by step.
    #[default]
    NonHosted,
}

/// One JSON document, as text and as tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Doc {
    text: String,
    tree: Value,
    broken: Option<String>,
}

impl From<String> for Doc {
    fn from(text: String) -> Self {
        let mut doc = Self { text: String::new(), tree: Value::Object(Map::new()), broken: None };
        doc.set_text(text);
        doc
    }
}

impl From<Doc> for String {
    fn from(doc: Doc) -> Self {
        doc.text
    }
}

impl Doc {
    /// A document from a tree.
    pub fn of(tree: Value) -> Self {
        Self { text: pretty(&tree), tree, broken: None }
    }

    /// The text that is sent.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Why the text is no JSON object, with line and column.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Takes typed text. What is no JSON object is kept and said; the form stays as it was.
    pub fn set_text(&mut self, text: String) {
        self.broken = match serde_json::from_str::<Value>(&text) {
            Ok(tree @ Value::Object(_)) => {
                self.tree = tree;
                None
            }
            Ok(_) => Some("The body must be a JSON object: { … }".into()),
            Err(error) => Some(format!("Not JSON yet: {error}")),
        };
        self.text = text;
    }

    /// The value at a JSON pointer, in the newest text that was JSON.
    pub fn get(&self, pointer: &str) -> Option<&Value> {
        self.tree.pointer(pointer)
    }

    /// The value at a JSON pointer as form text; empty if absent.
    pub fn form_text(&self, pointer: &str) -> String {
        match self.get(pointer) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    }

    /// Writes a value, making the objects on the way; `None` removes it, and objects that
    /// become empty with it. Everything else in the document stays.
    pub fn set(&mut self, pointer: &str, value: Option<Value>) {
        let path: Vec<&str> = pointer.split('/').skip(1).collect();
        put(&mut self.tree, &path, value);
        self.text = pretty(&self.tree);
        self.broken = None;
    }
}

fn put(tree: &mut Value, path: &[&str], value: Option<Value>) {
    let Some((head, rest)) = path.split_first() else { return };
    if !tree.is_object() {
        *tree = Value::Object(Map::new());
    }
    let Some(map) = tree.as_object_mut() else { return };
    match (rest.is_empty(), value) {
        (true, Some(value)) => {
            map.insert((*head).to_owned(), value);
        }
        (true, None) => {
            map.shift_remove(*head);
        }
        (false, value) => {
            if value.is_none() && !map.contains_key(*head) {
                return;
            }
            let child = map.entry((*head).to_owned()).or_insert_with(|| Value::Object(Map::new()));
            put(child, rest, value);
            if child.as_object().is_some_and(Map::is_empty) {
                map.shift_remove(*head);
            }
        }
    }
}

fn pretty(tree: &Value) -> String {
    serde_json::to_string_pretty(tree).unwrap_or_default() // a Value always has a JSON form
}

/// Something about a field that a tester may want to know. Never blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The field's JSON pointer; the document itself if empty.
    pub pointer: String,
    /// One sentence.
    pub message: String,
}

/// A filled-in form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Hosted or non-hosted.
    pub completion: Completion,
    /// The body of `POST /sessions`.
    pub body: Doc,
    /// The body of `PUT …/collect-data`.
    pub browser: Doc,
}

impl Draft {
    /// A valid session that ends with a challenge.
    pub fn new(completion: Completion) -> Self {
        let urls = match completion {
            Completion::NonHosted => json!({
                "type": "non_hosted",
                "callback_url": "{{listener}}/cb",
                "challenge_notification_url": "{{listener}}/cres"
            }),
            Completion::Hosted => json!({
                "type": "hosted",
                "success_url": "{{merchant}}/success",
                "failure_url": "{{merchant}}/failure"
            }),
        };
        let body = json!({
            "source": {
                "type": "card",
                "number": "4242424242424242",
                "expiry_month": 6,
                "expiry_year": 2030,
                "name": "Ada Example",
                "email": "ada@example.test",
                "billing_address": {
                    "address_line1": "1 Sample Row", "city": "Leeds", "zip": "LS1 1AA", "country": "GB"
                },
                "mobile_phone": { "country_code": "44", "number": "7700900123" }
            },
            "amount": 6540,
            "currency": "USD",
            "authentication_type": "regular",
            "authentication_category": "payment",
            "challenge_indicator": "no_preference",
            "transaction_type": "goods_service",
            "reference": "INV-1001",
            "billing_descriptor": { "name": "Fern and Fable" },
            "completion": urls
        });
        Self { completion, body: Doc::of(body), browser: Doc::of(default_browser()) }
    }

    /// The document in which a field stands.
    pub fn doc(&self, field: &Field) -> &Doc {
        if field.browser { &self.browser } else { &self.body }
    }

    /// The document in which a field stands, to change it.
    pub fn doc_mut(&mut self, field: &Field) -> &mut Doc {
        if field.browser { &mut self.browser } else { &mut self.body }
    }

    /// All that the contract would say about what is typed, in form order.
    pub fn check(&self) -> Vec<Finding> {
        let broken = [("", &self.body), ("browser", &self.browser)].into_iter();
        let broken = broken.filter_map(|(pointer, doc)| {
            let message = doc.broken()?.to_owned();
            Some(Finding { pointer: pointer.into(), message })
        });
        let fields = fields::shown(self.completion).filter_map(|field| {
            let message = field.check(self.doc(field).get(field.pointer), self.completion)?;
            Some(Finding { pointer: field.pointer.into(), message })
        });
        broken.chain(fields).collect()
    }
}

/// The data of an ordinary desktop browser in Great Britain. Source of the members:
/// sessions-api.md 3.7.
fn default_browser() -> Value {
    json!({
        "channel": "browser",
        "accept_header": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "java_enabled": false,
        "javascript_enabled": true,
        "language": "en-GB",
        "color_depth": "24",
        "screen_height": "1080",
        "screen_width": "1920",
        "timezone": "0",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        "ip_address": "203.0.113.7"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_draft_has_no_finding() {
        for completion in [Completion::Hosted, Completion::NonHosted] {
            assert_eq!(Draft::new(completion).check(), []);
        }
    }

    #[test]
    fn form_and_text_stay_in_step_and_unknown_members_survive() {
        let mut doc = Doc::from(r#"{"source":{"number":"4","mine":[1]},"x":1.50}"#.to_owned());
        doc.set("/source/number", Some(json!("42")));
        assert_eq!(
            serde_json::from_str::<Value>(doc.text()).ok(),
            Some(json!({"source":{"number":"42","mine":[1]},"x":1.50}))
        );
        doc.set("/source/number", None);
        doc.set("/source/mine", None);
        assert!(doc.get("/source").is_none(), "an empty object goes with its last member");
        doc.set_text("{\"source\": {".into());
        assert!(doc.broken().is_some_and(|why| why.contains("line 1")), "{:?}", doc.broken());
        assert_eq!(doc.get("/x"), Some(&json!(1.50)), "the form stays");
        assert_eq!(doc.text(), "{\"source\": {", "and so does what was typed");
    }
}
