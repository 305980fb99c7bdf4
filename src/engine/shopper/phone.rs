//! The shopper's phone: what the bank of the embedded sandbox sent to it, and what the
//! shopper decides in the bank's app. Read as a person would look: when it is needed.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::engine::control::Control;
use crate::model::run::PhoneAct;
use crate::model::{Problem, SessionId};

/// See the module.
pub(in crate::engine) struct Phone {
    sandbox: Arc<Control>,
    route: String,
}

impl Phone {
    pub fn of(sandbox: Arc<Control>, session: &SessionId) -> Self {
        Self { sandbox, route: format!("/sessions/{session}/phone") }
    }

    /// The codes that came, oldest first; none if the phone cannot be looked at.
    pub(super) async fn codes(&self) -> Vec<String> {
        let code = |message: &Value| {
            let code = message.get("code").and_then(Value::as_str).filter(|code| !code.is_empty());
            code.map(str::to_owned)
        };
        self.messages().await.iter().filter_map(code).collect()
    }

    /// True if the bank's app waits for a decision.
    pub(in crate::engine) async fn is_asked(&self) -> bool {
        let open = |message: &Value| {
            message.get("kind").and_then(Value::as_str) == Some("push")
                && message.get("decided").is_none_or(Value::is_null)
        };
        self.messages().await.iter().any(open)
    }

    async fn messages(&self) -> Vec<Value> {
        let read = self.sandbox.read(&self.route).await.inspect_err(|problem| {
            tracing::debug!(problem = problem.summary, "the phone cannot be looked at");
        });
        let list = read.ok().and_then(|mut read| read.get_mut("messages").map(Value::take));
        list.and_then(|list| list.as_array().cloned()).unwrap_or_default()
    }

    /// Decides in the bank's app.
    ///
    /// # Errors
    /// If nothing there waits for it.
    pub(in crate::engine) async fn decide(&self, decision: PhoneAct) -> Result<(), Problem> {
        self.sandbox.change("POST", &self.route, &json!({ "decision": decision.word() })).await.map(drop)
    }
}
