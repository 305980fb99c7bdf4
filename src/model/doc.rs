//! One JSON document, as text and as tree. The text is what is sent, right or wrong; the
//! tree is the newest text that was JSON. Unknown members survive every edit. Knows no fields.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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

impl Default for Doc {
    fn default() -> Self {
        Self::of(Value::Object(Map::new()))
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

    /// The newest text that was JSON, as tree.
    pub fn tree(&self) -> &Value {
        &self.tree
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

/// Indented JSON text.
pub(super) fn pretty(tree: &Value) -> String {
    serde_json::to_string_pretty(tree).unwrap_or_default() // a Value always has a JSON form
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
