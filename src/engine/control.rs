//! The embedded sandbox's control routes, over HTTP as anybody else would use them: what the
//! sandbox panel shows and moves, and time that passes while a run waits. Nothing here is a
//! row of a timeline. Source: sessions-api.md 7.5.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::client::{Client, Limits, Outgoing};
use crate::model::exchange::Step;
use crate::model::redact::{Origin, Redactor};
use crate::model::{Lane, Problem, Secret};
use crate::sandbox::Sandbox;

/// See the module.
pub(super) struct Control {
    client: Arc<Client>,
    base: String,
    token: Secret,
}

impl Control {
    pub fn of(sandbox: &Sandbox, client: Arc<Client>) -> Self {
        Self { client, base: sandbox.base_url(), token: sandbox.control_token().clone() }
    }

    /// Reads a route: `/clock`.
    ///
    /// # Errors
    /// If the sandbox does not answer, or refuses.
    pub async fn read(&self, route: &str) -> Result<Value, Problem> {
        self.call("GET", route, Bytes::new()).await
    }

    /// Changes something: `PUT /arm`. What an empty answer says is `null`.
    ///
    /// # Errors
    /// As [`Control::read`].
    pub async fn change(&self, method: &str, route: &str, body: &Value) -> Result<Value, Problem> {
        self.call(method, route, Bytes::from(body.to_string())).await
    }

    async fn call(&self, method: &str, route: &str, body: Bytes) -> Result<Value, Problem> {
        let mut headers = vec![("Authorization".to_owned(), format!("Bearer {}", self.token.expose()))];
        if !body.is_empty() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        let out = Outgoing {
            step: Step::Confirm,
            from: Lane::Merchant,
            to: Lane::Sessions,
            method: method.to_owned(),
            url: format!("{}/_sandbox{route}", self.base),
            headers,
            body,
        };
        let redactor = Redactor::new([self.token.clone()], Origin::Embedded);
        let sent = self.client.send(out, Limits::CALL, &redactor).await;
        match (sent.answer, sent.exchange.outcome) {
            (Some(answer), _) if (200..300).contains(&answer.status) => Ok(answer.json().unwrap_or_default()),
            (Some(answer), _) => Err(Problem {
                summary: format!("The sandbox did not take {method} {route}: status {}", answer.status),
                causes: vec![String::from_utf8_lossy(&answer.body).into_owned()],
                hint: Some("The codes say which member is wrong; mend it and try again".into()),
            }),
            (None, Err(problem)) => Err(problem),
            (None, Ok(_)) => Err(Problem::of("The sandbox's answer was lost", "Try again")),
        }
    }
}
