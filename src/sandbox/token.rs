//! The token server, and who may call what.
//!
//! Hides how access tokens are made and checked: HS256 JWTs that carry their own scopes.
//! Promises: constant-time comparison of every secret; every error of the token server is
//! 400 with `{"error": …}`. Source: sessions-api.md 1.4, 1.5.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::Shared;
use super::answer::{Call, Fault, answer_json, field};
use super::keys::{base64url, hmac};

/// Scopes that an empty request gets, when the client may have any.
pub(super) const DEFAULT_SCOPES: &str = "sessions sessions:app sessions:browser gateway gateway:payment";

/// What a good access token allows.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    scopes: Arc<[String]>,
}

/// The scopes that sessions know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Either channel will do.
    Any,
    Browser,
    App,
}

impl Grant {
    fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope)
    }

    /// Refuses unless the scopes suffice. Source: sessions-api.md 1.5, scope rules per endpoint.
    pub(super) fn may(&self, reach: Reach) -> Result<(), Fault> {
        let allowed = match reach {
            Reach::Any => self.has("sessions") || self.has("sessions:browser") || self.has("sessions:app"),
            Reach::Browser => self.has("sessions") || self.has("sessions:browser"),
            Reach::App => self.has("sessions") || self.has("sessions:app"),
        };
        if allowed { Ok(()) } else { Err(Fault::forbidden("operation_not_allowed_for_scope")) }
    }

    /// Refuses unless payments are allowed.
    pub(super) fn may_pay(&self) -> Result<(), Fault> {
        let allowed = self.has("gateway") || self.has("gateway:payment");
        if allowed { Ok(()) } else { Err(Fault::forbidden("operation_not_allowed_for_scope")) }
    }
}

/// The access token of a request.
///
/// # Errors
/// 401 if there is none, or it is malformed, expired or not ours.
pub(super) fn grant(app: &Shared, call: &Call) -> Result<Grant, Fault> {
    let token = call.authorization().and_then(|value| value.strip_prefix("Bearer "));
    if token.is_some_and(|token| token.starts_with("sk_sbox_")) && app.lock().settings.lenient_keys {
        let scopes = app.lock().settings.scopes();
        let every = || DEFAULT_SCOPES.split(' ').map(str::to_owned).collect();
        return Ok(Grant { scopes: if scopes.is_empty() { every() } else { scopes.into() } });
    }
    token.and_then(|token| verify(app, token.trim())).ok_or_else(Fault::unauthorized)
}

/// The session secret of a request, raw or after `Bearer`.
pub(super) fn session_secret(call: &Call) -> Option<&str> {
    let value = call.authorization()?;
    let value = value.strip_prefix("Bearer ").map_or(value, str::trim);
    value.starts_with("sek_").then_some(value)
}

/// Access tokens that were found good, so that each is verified once.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<String, Good>>);

/// Known by what it signs, which is no secret; the signature is one.
struct Good {
    signature: String,
    expires: i64,
    grant: Grant,
}

/// Most tokens that are remembered.
const KNOWN: usize = 1024;

impl Known {
    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, Good>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)) // each act is one insert or one clearing
    }

    fn find(&self, signed: &str, signature: &str, now: i64) -> Option<Grant> {
        self.with(|known| {
            let good = known.get(signed).filter(|good| good.expires > now)?;
            let same = bool::from(good.signature.as_bytes().ct_eq(signature.as_bytes()));
            same.then(|| good.grant.clone())
        })
    }

    fn remember(&self, signed: &str, good: Good, now: i64) {
        self.with(|known| {
            if known.len() >= KNOWN {
                known.retain(|_, good| good.expires > now);
            }
            if known.len() >= KNOWN {
                known.clear();
            }
            known.insert(signed.to_owned(), good);
        });
    }
}

fn verify(app: &Shared, token: &str) -> Option<Grant> {
    let (signed, signature) = token.rsplit_once('.')?;
    let now = app.clock.now().as_second();
    if let Some(grant) = app.tokens.find(signed, signature, now) {
        return Some(grant);
    }
    let (header, claims) = signed.split_once('.')?;
    let given = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if !bool::from(hmac(&app.keys.token_key, &[signed.as_bytes()]).ct_eq(&given[..])) {
        return None;
    }
    let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    if read(header)?["alg"] != "HS256" {
        return None;
    }
    let claims = read(claims)?;
    let expires = claims["exp"].as_i64().filter(|expires| *expires > now)?;
    let grant = Grant { scopes: claims["scope"].as_str()?.split_whitespace().map(str::to_owned).collect() };
    app.tokens.remember(signed, Good { signature: signature.to_owned(), expires, grant: grant.clone() }, now);
    Some(grant)
}

/// `POST /connect/token`.
pub(super) async fn connect(State(app): State<Arc<Shared>>, call: Call) -> Response {
    match issue(&app, &call) {
        Ok(body) => answer_json(200, &body),
        Err(code) => answer_json(400, &json!({"error": code})),
    }
}

/// Checks in the order of the table in sessions-api.md 1.5.
fn issue(app: &Shared, call: &Call) -> Result<Value, &'static str> {
    if !call.is_form() {
        return Err("invalid_request");
    }
    let form = call.form();
    let names = ["grant_type", "client_id", "client_secret", "scope"];
    let repeated = |name: &&str| form.iter().filter(|(key, _)| key == *name).count() > 1;
    if names.iter().any(repeated) {
        return Err("invalid_request");
    }
    let grant_type = field(&form, "grant_type").filter(|value| !value.is_empty()).ok_or("invalid_request")?;
    let client = client(app, call, &form)?;
    if grant_type != "client_credentials" {
        return Err("unsupported_grant_type");
    }
    let scope = scopes(app, field(&form, "scope").unwrap_or_default())?;
    let seconds = app.lock().settings.token_seconds;
    let now = app.clock.now().as_second();
    let claims = json!({
        "iss": call.base, "aud": call.base, "sub": client, "scope": scope,
        "iat": now, "exp": now.saturating_add(seconds), "jti": app.request_ids.uuid(),
        "cko_processing_channel_id": app.keys.processing_channel_id,
    });
    let header = base64url(br#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", base64url(claims.to_string().as_bytes()));
    let signature = base64url(&hmac(&app.keys.token_key, &[signed.as_bytes()]));
    Ok(json!({
        "access_token": format!("{signed}.{signature}"), "expires_in": seconds,
        "token_type": "Bearer", "scope": scope,
    }))
}

/// Who asks: by form, by Basic, or by both if they agree.
fn client<'a>(app: &'a Shared, call: &Call, form: &[(String, String)]) -> Result<&'a str, &'static str> {
    let given = |name| field(form, name).filter(|value| !value.is_empty());
    let (id, secret) = (given("client_id"), given("client_secret"));
    let ours = |id: &str, secret: &str| {
        let right = app.keys.client_secret.matches(secret.as_bytes());
        id == app.keys.client_id && right
    };
    if let Some(value) = call.authorization() {
        let pair = basic(value).ok_or("invalid_client")?;
        let (basic_id, basic_secret) = pair.split_once(':').ok_or("invalid_client")?;
        let same = id.is_none_or(|id| id == basic_id)
            && secret.is_none_or(|secret| bool::from(secret.as_bytes().ct_eq(basic_secret.as_bytes())));
        return if same && ours(basic_id, basic_secret) { Ok(&app.keys.client_id) } else { Err("invalid_client") };
    }
    let (Some(id), Some(secret)) = (id, secret) else { return Err("invalid_request") };
    if ours(id, secret) { Ok(&app.keys.client_id) } else { Err("invalid_client") }
}

fn basic(value: &str) -> Option<String> {
    let (scheme, code) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    String::from_utf8(STANDARD.decode(code.trim()).ok()?).ok()
}

/// The granted scopes, once each, in the order asked for.
fn scopes(app: &Shared, wanted: &str) -> Result<String, &'static str> {
    let allowed = app.lock().settings.scopes();
    let wanted = wanted.trim();
    if wanted.is_empty() {
        return Ok(if allowed.is_empty() { DEFAULT_SCOPES.to_owned() } else { allowed.join(" ") });
    }
    let mut granted: Vec<&str> = Vec::new();
    for scope in wanted.split_whitespace() {
        let known = if allowed.is_empty() { true } else { allowed.iter().any(|own| own == scope) };
        if !known {
            return Err("invalid_scope");
        }
        if !granted.contains(&scope) {
            granted.push(scope);
        }
    }
    // ^[A-Za-z][A-Za-z0-9 :_-]*$ over the whole text
    let spelt = wanted.starts_with(|c: char| c.is_ascii_alphabetic())
        && wanted.chars().all(|c| c.is_ascii_alphanumeric() || " :_-".contains(c));
    if spelt { Ok(granted.join(" ")) } else { Err("invalid_scope") }
}
