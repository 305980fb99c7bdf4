//! The challenge inside a shopper's app: what the app is handed, and the plain stand-in for
//! its encrypted exchange with the issuer.
//!
//! Promises: the signed content is a real ES256 signature that chains to `ca_public`; the
//! issuer's ephemeral key follows from the transaction, so that nothing has to be kept; the
//! result is stored before the answer is sent. Source: emv-3ds.md 1.4, 5.3; sessions-api.md
//! 5.3, 6.3.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::Shared;
use super::answer::{Answer, Call, Fault, answer_json};
use super::fields::{Findings, Need, Reader};
use super::issuer::finish;
use super::keys::{Keys, decode_base64url};
use super::scheme::cres;
use super::session::{Challenge, End, Place, Rendering, Session, Status};
use super::state::Pending;
use super::validate::App;

/// The issuer's path for apps.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/simulator/acs/app-challenge/{id}", post(challenge))
}

/// What the app needs to show the challenge.
pub(super) fn rendering(keys: &Keys, base: &str, session: &Session, device: &App) -> Rendering {
    let native = device.elements.iter().copied().find(|element| *element != "html_other");
    let (interface, template) = match native {
        Some(element) if device.interface != "html" => ("native_ui", element),
        _ => ("html", "html_other"),
    };
    let transaction = session.acs.as_ref().map_or("", |acs| acs.transaction_id.as_str());
    let certificate = decode_base64url(&keys.ca_public).map(|der| STANDARD.encode(der));
    let header = json!({"alg": "ES256", "x5c": [certificate]});
    let payload = json!({
        "acsEphemPubKey": keys.ephemeral(transaction),
        "sdkEphemPubKey": {"kty": "EC", "crv": "P-256", "x": device.key.0, "y": device.key.1},
        "acsURL": format!("{base}/simulator/acs/app-challenge/{}", session.id),
    });
    let signed_content = keys.jws(&header, &payload);
    Rendering { signed_content, interface, template }
}

/// `POST /simulator/acs/app-challenge/{sid}`: `{"result": "approve" | "fail" | "cancel" | "timeout"}`.
/// Answers with the final CRes.
async fn challenge(State(app): State<Arc<Shared>>, call: Call) -> Answer {
    let body = call.object()?;
    let mut findings = Findings::default();
    let result = Reader::new(&body, &mut findings).word("result", Need::Must, End::WORDS);
    let result = result.ok_or(Fault::invalid(findings.0))?;
    let id = call.segment(4);
    app.lapse(id).await;
    let (pending, answer) = {
        let mut store = app.lock();
        let session = store.sessions.get_mut(id).ok_or_else(|| Fault::not_found("session_not_found"))?;
        let waits = session.status == Status::Challenged;
        let open = |challenge: &&mut Challenge| challenge.place == Place::App && challenge.over.is_none();
        let Some(challenge) = session.challenge.as_mut().filter(|_| waits).filter(open) else {
            return Err(Fault::forbidden("update_not_allowed_due_to_state"));
        };
        challenge.touched = Some(app.clock.passed());
        let end = End::of(result, challenge.outcome);
        if matches!(end, End::Answered(_)) {
            challenge.interactions = challenge.interactions.saturating_add(1);
        }
        let said = finish(&app, session, end);
        let answer = cres(session);
        (Pending::after(&mut store, id, said), answer)
    };
    app.post(pending).await;
    Ok(answer_json(200, &answer.unwrap_or_default()))
}
