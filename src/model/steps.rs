//! How each step becomes a request: address, authorisation, body. Pure, so that the same
//! run at the same point always offers the same request to edit and send.
//! Source: sessions-api.md 2, 8; emv-3ds.md 2.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::api::Session;
use super::draft::Channel;
use super::exchange::{Headers, Step};
use super::profile::{Environment, Profile};
use super::run::{AppResult, Auth, MethodResult, Plan, Progress, StepRequest};
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
            Step::Authorise => Some(api(step, "POST", format!("{}/payments", self.base()), self.payment_body(None)?)),
            Step::Fingerprint => {
                let url = self.link("issuer_fingerprint", "/issuer-fingerprint")?;
                Some(api(step, "PUT", url, self.fingerprint_body()))
            }
            Step::Collect => {
                Some(api(step, "PUT", self.link("collect_channel_data", "/collect-data")?, self.collect_body()))
            }
            Step::Confirm => {
                let mut request = api(step, "GET", self.link("self", "")?, String::new());
                request.headers.extend(self.confirm_headers());
                Some(request)
            }
            Step::Complete => Some(api(step, "POST", self.link("complete", "/complete")?, String::new())),
            Step::Method => self.method_request(),
            Step::Challenge if self.session()?.challenges_app() => self.app_challenge_request(),
            Step::Challenge => self.challenge_request(),
            Step::Authenticate => self.authenticate_request(),
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

    /// A document's text with its values put in.
    fn resolved(&self, text: &str) -> String {
        match self.session().filter(|_| text.contains("{{session.")) {
            Some(session) => {
                let session = Some(Arc::new(session.raw.clone()));
                Values { session, ..self.values.clone() }.resolve(text)
            }
            None => self.values.resolve(text),
        }
    }

    /// A document with what is absent in it filled in; one that is no JSON object goes as it is.
    fn filled(&self, text: &str, fill: impl FnOnce(&mut Map<String, Value>)) -> String {
        let text = self.resolved(text);
        let Ok(before) = serde_json::from_str::<Map<String, Value>>(&text) else { return text };
        let mut body = before.clone();
        fill(&mut body);
        if body == before { text } else { pretty(&Value::Object(body)) }
    }

    fn create_body(&self) -> String {
        self.filled(&self.plan.body, |body| {
            if !self.profile.processing_channel_id.is_empty() {
                set_absent(body, "processing_channel_id", &self.profile.processing_channel_id);
            }
        })
    }

    fn method_letter(&self) -> &'static str {
        self.progress.method.unwrap_or(MethodResult::U).letter()
    }

    fn fingerprint_body(&self) -> String {
        self.filled(&self.plan.fingerprint, |body| set_absent(body, METHOD_COMPLETION, self.method_letter()))
    }

    /// An app has no 3DS Method to speak of.
    fn collect_body(&self) -> String {
        self.filled(&self.plan.collect, |body| {
            if body.get("channel").is_none_or(|channel| channel == Channel::Browser.word()) {
                set_absent(body, METHOD_COMPLETION, self.method_letter());
            }
        })
    }

    fn confirm_headers(&self) -> Option<(String, String)> {
        (self.plan.channel == Channel::App).then(|| ("channel".to_owned(), Channel::App.word().to_owned()))
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
            "challengeWindowSize": self.plan.window,
        });
        let url = session.text("/acs/url")?.to_owned();
        let data = BASE64_URL_SAFE_NO_PAD.encode(&session.id.0);
        let body = form(&[("creq", &BASE64_URL_SAFE_NO_PAD.encode(creq.to_string())), ("threeDSSessionData", &data)]);
        Some(StepRequest { headers: page_headers(true), ..browser(Step::Challenge, "POST", url, body) })
    }

    /// The stand-in for the encrypted exchange between app and issuer; only our own sandbox
    /// has it. Elsewhere the simulated device or the app itself must do it. Source:
    /// sessions-api.md 6.3.
    fn app_challenge_request(&self) -> Option<StepRequest> {
        let id = &self.session().filter(|_| self.profile.environment == Environment::Embedded)?.id;
        let url = format!("{}{APP_CHALLENGE}{id}", self.base());
        let mut request = api(Step::Challenge, "POST", url, app_result(AppResult::Approve));
        request.auth = Auth::Nothing;
        Some(request)
    }

    /// The hand-off of 3-D Secure 1; `MD` is the session's id. Source: emv-3ds.md 2.3.
    fn authenticate_request(&self) -> Option<StepRequest> {
        let session = self.session()?;
        let url = session.link("acs_url")?.to_owned();
        let body = form(&[
            ("PaReq", session.text("/pareq")?),
            ("TermUrl", session.link("term_url")?),
            ("MD", session.id.0.as_str()),
        ]);
        Some(StepRequest { headers: page_headers(true), ..browser(Step::Authenticate, "POST", url, body) })
    }

    /// The payment with its proof: as its document says, else by the session's identifier.
    /// Source: sessions-api.md 8.
    fn payment_body(&self, proof: Option<Map<String, Value>>) -> Option<String> {
        let session = self.session()?;
        let created: Value = serde_json::from_str(&self.resolved(&self.plan.body)).unwrap_or_default();
        Some(self.filled(&self.plan.payment, |payment| {
            fill_source(payment, created.get("source").and_then(Value::as_object));
            for name in ["amount", "currency", "reference"] {
                if let Some(value) = session.raw.get(name) {
                    payment.entry(name).or_insert_with(|| value.clone());
                }
            }
            if let Some(proof) = proof {
                payment.insert("3ds".into(), Value::Object(proof));
                return;
            }
            let said = payment.entry("3ds").or_insert_with(|| json!({}));
            let Some(said) = said.as_object_mut() else { return };
            said.entry("enabled").or_insert(true.into());
            if !said.contains_key("eci") && !said.contains_key("cryptogram") {
                set_absent(said, "authentication_id", &session.id.0);
            }
        }))
    }

    /// The payment as a shop sends it that has not authenticated anybody; there is no session yet.
    pub fn payment_without_session(&self) -> StepRequest {
        let created: Map<String, Value> = serde_json::from_str(&self.resolved(&self.plan.body)).unwrap_or_default();
        let body = self.filled(&self.plan.payment, |payment| {
            fill_source(payment, created.get("source").and_then(Value::as_object));
            for name in ["amount", "currency", "reference"] {
                if let Some(value) = created.get(name) {
                    payment.entry(name).or_insert_with(|| value.clone());
                }
            }
        });
        api(Step::Authorise, "POST", format!("{}/payments", self.base()), body)
    }

    /// The payment with the values of the proof instead of the session's identifier, for a
    /// gateway that did not authenticate; `None` before there is a session.
    pub fn payment_by_values(&self) -> Option<StepRequest> {
        let mut proof = proof(self.session()?);
        proof.shift_remove("ds_transaction_id");
        proof.shift_insert(0, "enabled".into(), true.into());
        let url = format!("{}/payments", self.base());
        Some(api(Step::Authorise, "POST", url, self.payment_body(Some(proof))?))
    }
}

/// What another provider asks for, byte for byte as the API gave it. Members that are
/// missing are left out. Source: sessions-api.md 8.
pub fn proof(session: &Session) -> Map<String, Value> {
    let members = [
        ("eci", "/eci"),
        ("cryptogram", "/cryptogram"),
        ("xid", "/xid"),
        ("version", "/protocol_version"),
        ("ds_transaction_id", "/ds/transaction_id"),
    ];
    let found = members.into_iter().filter_map(|(name, place)| Some((name, session.raw.pointer(place)?.clone())));
    found.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// `3ds` of a payment by values, to be written before there is a session: each value is
/// taken from the session when the payment is sent. Source: sessions-api.md 8.
pub fn proof_placeholders() -> Value {
    json!({
        "enabled": true, "eci": "{{session.eci}}", "cryptogram": "{{session.cryptogram}}",
        "xid": "{{session.xid}}", "version": "{{session.protocol_version}}",
    })
}

const METHOD_COMPLETION: &str = "three_ds_method_completion";

fn set_absent(body: &mut Map<String, Value>, name: &str, value: &str) {
    body.entry(name).or_insert_with(|| value.into());
}

/// The card of the session, unless another kind of source was written down.
fn fill_source(payment: &mut Map<String, Value>, created: Option<&Map<String, Value>>) {
    let Some(created) = created else { return };
    let source = payment.entry("source").or_insert_with(|| json!({}));
    let Some(source) = source.as_object_mut() else { return };
    let kind = |source: &Map<String, Value>| source.get("type").cloned().unwrap_or_else(|| "card".into());
    if source.contains_key("type") && kind(source) != kind(created) {
        return;
    }
    for name in ["type", "number", "expiry_month", "expiry_year", "id", "token"] {
        if let Some(value) = created.get(name) {
            source.entry(name).or_insert_with(|| value.clone());
        }
    }
}

/// Where the stand-in listens, before the session's id.
const APP_CHALLENGE: &str = "/simulator/acs/app-challenge/";

/// True if a request is the stand-in for the app's challenge, and no page to open.
pub fn is_app_challenge(request: &StepRequest) -> bool {
    request.step == Step::Challenge && is_app_address(&request.url)
}

/// True for the address at which the sandbox's bank talks to apps.
pub fn is_app_address(url: &str) -> bool {
    url.contains(APP_CHALLENGE)
}

/// The body with which the app's challenge ends like this.
pub fn app_result(result: AppResult) -> String {
    pretty(&json!({ "result": result.word() }))
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

    /// The test vector of emv-3ds.md 2.2: 188 bytes, which a padding encoder ends with one `=`.
    #[test]
    fn a_creq_is_unpadded_base64url_in_the_order_of_the_vector() {
        let creq = json!({
            "threeDSServerTransID": "6afa6072-9412-446b-9673-2f98b3ee98a2",
            "acsTransID": "375d90ad-3873-498b-9133-380cbbc8d99d",
            "messageType": "CReq", "messageVersion": "2.2.0", "challengeWindowSize": WINDOW_SIZE,
        });
        let encoded = BASE64_URL_SAFE_NO_PAD.encode(creq.to_string());
        assert_eq!(creq.to_string().len(), 188);
        assert_eq!(
            encoded,
            "eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6IjZhZmE2MDcyLTk0MTItNDQ2Yi05NjczLTJmOThiM2VlOThhMiIsImFjc1RyYW5zSUQiOiIzNzVkOTBhZC0zODczLTQ5OGItOTEzMy0zODBjYmJjOGQ5OWQiLCJtZXNzYWdlVHlwZSI6IkNSZXEiLCJtZXNzYWdlVmVyc2lvbiI6IjIuMi4wIiwiY2hhbGxlbmdlV2luZG93U2l6ZSI6IjAzIn0"
        );
        assert_eq!(challenge_window_size(&encoded).as_deref(), Some(WINDOW_SIZE));
    }

    #[test]
    fn a_form_survives_its_own_reading() {
        let body = form(&[("creq", "a+b/c=="), ("x", "ä&")]);
        assert_eq!(form_field(&body, "creq").as_deref(), Some("a+b/c=="));
        assert_eq!(form_field(&body, "x").as_deref(), Some("ä&"));
    }
}
