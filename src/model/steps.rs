//! How each step becomes a request: address, authorisation, body. Pure, so that the same
//! run at the same point always offers the same request to edit and send.
//! Source: sessions-api.md 2, 8; emv-3ds.md 2.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::api::Session;
use super::exchange::{Headers, Step};
use super::profile::Profile;
use super::run::{Auth, MethodResult, Plan, Progress, StepRequest};
use super::template::Values;

/// The size at which the bank's page is shown: 500×600. Source: emv-3ds.md 2.2.
pub const WINDOW_SIZE: &str = "03";

/// All that a request is made from.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Whom we talk to.
    pub profile: &'a Profile,
    /// What was asked for.
    pub plan: &'a Plan,
    /// What has been seen.
    pub progress: &'a Progress,
    /// What template values stand for.
    pub values: &'a Values,
}

impl Context<'_> {
    /// The request of a step; `None` if the session gives no address for it, or the step is
    /// not a request of the run's own (the token).
    pub fn request(&self, step: Step) -> Option<StepRequest> {
        match step {
            Step::Token => None,
            Step::Create => Some(api(step, "POST", format!("{}/sessions", self.base()), self.create_body())),
            Step::Authorise => Some(api(step, "POST", format!("{}/payments", self.base()), self.payment_body()?)),
            Step::Fingerprint => {
                let url = self.link("issuer_fingerprint", "/issuer-fingerprint")?;
                Some(api(step, "PUT", url, pretty(&json!({ "three_ds_method_completion": self.method_letter() }))))
            }
            Step::Collect => {
                Some(api(step, "PUT", self.link("collect_channel_data", "/collect-data")?, self.browser_body()))
            }
            Step::Confirm => Some(api(step, "GET", self.link("self", "")?, String::new())),
            Step::Complete => Some(api(step, "POST", self.link("complete", "/complete")?, String::new())),
            Step::Method => self.method_request(),
            Step::Challenge => self.challenge_request(),
            Step::Redirect => {
                let url = self.session()?.link("redirect_url")?.to_owned();
                Some(StepRequest { headers: page_headers(false), ..browser(step, "GET", url, String::new()) })
            }
        }
    }

    fn base(&self) -> &str {
        self.profile.base_url.trim_end_matches('/')
    }

    fn session(&self) -> Option<&Session> {
        self.progress.session.as_ref()
    }

    /// The link of the newest answer; else the address that the contract gives, for testers
    /// who send what is not offered.
    fn link(&self, name: &str, tail: &str) -> Option<String> {
        let session = self.session()?;
        let made = || format!("{}/sessions/{}{tail}", self.base(), session.id);
        Some(session.link(name).map_or_else(made, str::to_owned))
    }

    fn create_body(&self) -> String {
        let text = self.values.resolve(&self.plan.body);
        let channel = &self.profile.processing_channel_id;
        if channel.is_empty() {
            return text;
        }
        match serde_json::from_str::<Map<String, Value>>(&text) {
            Ok(mut body) if !body.contains_key("processing_channel_id") => {
                body.insert("processing_channel_id".into(), channel.clone().into());
                pretty(&Value::Object(body))
            }
            _ => text,
        }
    }

    fn method_letter(&self) -> &'static str {
        self.progress.method.unwrap_or(MethodResult::U).letter()
    }

    fn browser_body(&self) -> String {
        let text = self.values.resolve(&self.plan.collect);
        match serde_json::from_str::<Map<String, Value>>(&text) {
            Ok(mut body) if !body.contains_key("three_ds_method_completion") => {
                body.insert("three_ds_method_completion".into(), self.method_letter().into());
                pretty(&Value::Object(body))
            }
            _ => text,
        }
    }

    fn method_request(&self) -> Option<StepRequest> {
        let session = self.session()?;
        let data = json!({
            "threeDSServerTransID": session.text("/transaction_id")?,
            "threeDSMethodNotificationURL": format!("{}/method", self.values.listener),
        });
        let url = session.link("three_ds_method_url")?.to_owned();
        let body = form(&[("threeDSMethodData", &BASE64_URL_SAFE_NO_PAD.encode(data.to_string()))]);
        Some(StepRequest { headers: page_headers(true), ..browser(Step::Method, "POST", url, body) })
    }

    fn challenge_request(&self) -> Option<StepRequest> {
        let session = self.session()?;
        let creq = json!({
            "threeDSServerTransID": session.text("/transaction_id")?,
            "acsTransID": session.text("/acs/transaction_id")?,
            "messageType": "CReq",
            "messageVersion": session.text("/protocol_version").unwrap_or("2.2.0"),
            "challengeWindowSize": WINDOW_SIZE,
        });
        let url = session.text("/acs/url")?.to_owned();
        let body = form(&[("creq", &BASE64_URL_SAFE_NO_PAD.encode(creq.to_string()))]);
        Some(StepRequest { headers: page_headers(true), ..browser(Step::Challenge, "POST", url, body) })
    }

    fn payment_body(&self) -> Option<String> {
        let session = self.session()?;
        let draft: Value = serde_json::from_str(&self.values.resolve(&self.plan.body)).unwrap_or_default();
        let mut payment = Map::new();
        if let Some(source) = draft.get("source").and_then(Value::as_object) {
            let wanted = ["type", "number", "expiry_month", "expiry_year", "id", "token"];
            let kept = source.iter().filter(|(name, _)| wanted.contains(&name.as_str()));
            payment.insert("source".into(), Value::Object(kept.map(|(k, v)| (k.clone(), v.clone())).collect()));
        }
        for name in ["amount", "currency", "reference"] {
            if let Some(value) = session.raw.get(name) {
                payment.insert(name.into(), value.clone());
            }
        }
        payment.insert("3ds".into(), json!({ "enabled": true, "authentication_id": session.id.0 }));
        Some(pretty(&Value::Object(payment)))
    }
}

fn api(step: Step, method: &str, url: String, body: String) -> StepRequest {
    let mut headers: Headers = vec![("Accept".into(), "application/json".into())];
    if !body.is_empty() {
        headers.push(("Content-Type".into(), "application/json; charset=utf-8".into()));
    }
    StepRequest { step, method: method.into(), url, auth: Auth::ProfileToken, headers, body }
}

fn browser(step: Step, method: &str, url: String, body: String) -> StepRequest {
    StepRequest { step, method: method.into(), url, auth: Auth::Nothing, headers: Vec::new(), body }
}

/// What a browser would send with a page load or a form.
pub fn page_headers(form: bool) -> Headers {
    let mut headers: Headers =
        vec![("Accept".into(), "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8".into())];
    if form {
        headers.push(("Content-Type".into(), "application/x-www-form-urlencoded".into()));
    }
    headers
}

/// Fields as a form body.
pub fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// A field of a form body.
pub fn form_field(body: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(body.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The window size that a `creq` names, if it can be read.
pub fn challenge_window_size(creq: &str) -> Option<String> {
    let json: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(creq).ok()?).ok()?;
    json.get("challengeWindowSize")?.as_str().map(str::to_owned)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() // a Value always has a JSON form
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vector of emv-3ds.md 2.1.
    #[test]
    fn method_data_is_unpadded_base64url_in_the_order_of_the_vector() {
        let data = json!({
            "threeDSServerTransID": "6afa6072-9412-446b-9673-2f98b3ee98a2",
            "threeDSMethodNotificationURL": "https://merchant.test/3ds/method",
        });
        assert_eq!(
            BASE64_URL_SAFE_NO_PAD.encode(data.to_string()),
            "eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6IjZhZmE2MDcyLTk0MTItNDQ2Yi05NjczLTJmOThiM2VlOThhMiIsInRocmVlRFNNZXRob2ROb3RpZmljYXRpb25VUkwiOiJodHRwczovL21lcmNoYW50LnRlc3QvM2RzL21ldGhvZCJ9"
        );
    }

    #[test]
    fn a_form_survives_its_own_reading() {
        let body = form(&[("creq", "a+b/c=="), ("x", "ä&")]);
        assert_eq!(form_field(&body, "creq").as_deref(), Some("a+b/c=="));
        assert_eq!(form_field(&body, "x").as_deref(), Some("ä&"));
    }
}
