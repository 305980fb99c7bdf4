//! The hidden half: 3DS Server, directory server and issuer, and the messages between them.
//!
//! Promises the protocol's rules (emv-3ds.md 1.2): no RReq after a frictionless ARes, one
//! version per transaction, a final CRes of `Y` or `N` only, ids constant. Everything here
//! happens while the state is locked, so an outcome and its messages cannot come apart;
//! the messages are handed back and posted by the caller.

use std::time::Duration;

use serde_json::{Value, json};

use super::Shared;
use super::cards::{Eci, Flow, Outcome};
use super::fields::Object;
use super::keys::base64url;
use super::session::{Acs, Challenge, Directory, End, Session, Status, Verdict};
use super::validate::Browser;
use crate::clock::stamp;
use crate::model::scheme::SchemeMessage;
use crate::model::{Lane, SessionId, secret};

/// Longest cardholder text the protocol allows is 128 characters.
const REFUSED: &str = "Your bank did not approve this payment. Please contact your bank or use another card.";
/// Issuer's constants. Source: sessions-api.md 5.1.
pub(super) const ACS_REFERENCE: &str = "SANDBOX-ACS-0001";
pub(super) const ACS_OPERATOR: &str = "SANDBOX-ACS-OP";
const SERVER_REFERENCE: &str = "SBX_3DS_SERVER_0001";

/// Indicators that ask for an exemption. Source: sessions-api.md 3.4.
pub(super) fn asks_exemption(indicator: &str) -> bool {
    matches!(
        indicator,
        "low_value"
            | "trusted_listing"
            | "trusted_listing_prompt"
            | "transaction_risk_assessment"
            | "secure_corporate_payment"
    )
}

/// Runs the authentication: the session leaves `pending` for good.
pub(super) fn authenticate(
    app: &Shared,
    base: &str,
    honour_mandate: bool,
    session: &mut Session,
) -> Vec<SchemeMessage> {
    if session.triggers.risk {
        let verdict = verdict(app, session, Status::Declined, None, "risk_declined", false);
        session.settle(Status::Declined, verdict);
        return Vec::new();
    }
    let mut talk = Talk::of(session);
    let areq = areq(session, base);
    talk.say("AReq", Lane::Sessions, Lane::Directory, format!("messageVersion {}", session.version), &areq);
    let mandate = honour_mandate && session.draft.challenge_indicator == "challenge_requested_mandate";
    let flow = match session.range.flow {
        Flow::Frictionless(Outcome::Approved) if mandate => Flow::Challenge(Outcome::Approved),
        _ if session.triggers.information => Flow::Frictionless(Outcome::Approved),
        flow => flow,
    };
    if flow == Flow::Frictionless(Outcome::SchemeError) {
        session.directory = Some(Directory { transaction_id: None });
        let erro = erro(session, "405", "D", "AReq", "The issuer could not be reached");
        talk.say("Erro", Lane::Directory, Lane::Sessions, "errorCode 405".to_owned(), &erro);
        let mut verdict = verdict(app, session, Status::Unavailable, None, "ares_error", false);
        verdict.error = Some(("405", "D", "The issuer could not be reached"));
        session.settle(Status::Unavailable, verdict);
        return talk.said;
    }
    let ds_transaction = app.random.uuid();
    let relayed = with(
        areq,
        json!({
            "dsReferenceNumber": session.scheme.ds_reference(), "dsTransID": ds_transaction,
            "dsURL": "https://ds.sandbox.test/results",
        }),
    );
    session.directory = Some(Directory { transaction_id: Some(ds_transaction) });
    talk.say("AReq", Lane::Directory, Lane::Issuer, "with dsTransID".to_owned(), &relayed);
    session.acs = Some(Acs { transaction_id: app.random.uuid(), challenge_url: None });
    let code = match flow {
        Flow::Frictionless(outcome) => {
            let status = status_of(outcome);
            let code = if session.triggers.information { 'I' } else { code_of(status) };
            let verdict = verdict(app, session, status, Some(code), "ares_status", false);
            session.settle(status, verdict);
            code
        }
        Flow::Challenge(outcome) => {
            start_challenge(app, base, session, outcome);
            'C'
        }
        // Refused when the session was created.
        Flow::CardNotEnrolled | Flow::IssuerNotEnrolled => 'U',
    };
    let ares = ares(session, code);
    talk.say("ARes", Lane::Issuer, Lane::Directory, format!("transStatus {code}"), &ares);
    talk.say("ARes", Lane::Directory, Lane::Sessions, format!("transStatus {code}"), &ares);
    talk.said
}

fn start_challenge(app: &Shared, base: &str, session: &mut Session, outcome: Outcome) {
    session.status = Status::Challenged;
    session.challenge =
        Some(Challenge { outcome, asked: app.clock.passed(), touched: None, wrong: 0, interactions: 0 });
    if let Some(acs) = &mut session.acs {
        acs.challenge_url = Some(format!("{base}/simulator/acs/challenge"));
    }
}

/// Ends a challenge by RReq and RRes; afterwards the result is stored.
pub(super) fn conclude(app: &Shared, session: &mut Session, end: End) -> Vec<SchemeMessage> {
    let Some(challenge) = &session.challenge else { return Vec::new() };
    let seen = challenge.touched.is_some();
    let (status, reason, cancel) = match end {
        End::Answered(outcome) => (status_of(outcome), None, None),
        End::TooManyTries => (Status::Declined, Some("19"), None),
        End::Cancelled => (Status::ChallengeAbandoned, Some("01"), Some(("cardholder_cancel", "01"))),
        End::TimedOut => {
            let code = if seen { "04" } else { "05" };
            (Status::Expired, Some("14"), Some(("transaction_timed_out", code)))
        }
    };
    let mut talk = Talk::of(session);
    let verdict = if end == End::Answered(Outcome::SchemeError) {
        let erro = erro(session, "404", "A", "RReq", "The issuer failed while it sent the result");
        talk.say("Erro", Lane::Issuer, Lane::Directory, "errorCode 404".to_owned(), &erro);
        talk.say("Erro", Lane::Directory, Lane::Sessions, "errorCode 404".to_owned(), &erro);
        let mut verdict = verdict(app, session, status, None, "rreq_error", true);
        verdict.error = Some(("404", "A", "The issuer failed while it sent the result"));
        verdict
    } else {
        let mut verdict = verdict(app, session, status, Some(code_of(status)), "rreq_status", true);
        verdict.reason = reason.or(verdict.reason);
        verdict.cancel = cancel;
        results(&mut talk, session, &verdict);
        verdict
    };
    session.settle(status, verdict);
    talk.said
}

/// The round trip of the result: RReq up, RRes down.
fn results(talk: &mut Talk, session: &Session, verdict: &Verdict) {
    let rreq = rreq(session, verdict);
    let gist = format!("transStatus {}", verdict.response_code.unwrap_or('U'));
    talk.say("RReq", Lane::Issuer, Lane::Directory, gist.clone(), &rreq);
    talk.say("RReq", Lane::Directory, Lane::Sessions, gist, &rreq);
    let rres = with(ids(session, "RRes"), json!({"resultsStatus": "01"}));
    talk.say("RRes", Lane::Sessions, Lane::Directory, "resultsStatus 01".to_owned(), &rres);
    talk.say("RRes", Lane::Directory, Lane::Issuer, "resultsStatus 01".to_owned(), &rres);
}

pub(super) fn status_of(outcome: Outcome) -> Status {
    match outcome {
        Outcome::Approved => Status::Approved,
        Outcome::Attempted => Status::Attempted,
        Outcome::Declined => Status::Declined,
        Outcome::Rejected => Status::Rejected,
        Outcome::Unavailable | Outcome::SchemeError => Status::Unavailable,
    }
}

fn code_of(status: Status) -> char {
    match status {
        Status::Approved => 'Y',
        Status::Attempted => 'A',
        Status::Rejected => 'R',
        Status::Unavailable => 'U',
        _ => 'N',
    }
}

/// Source: sessions-api.md 4.6, the sandbox's choice.
fn reason_of(code: char) -> Option<&'static str> {
    match code {
        'N' => Some("01"),
        'R' => Some("11"),
        'U' => Some("22"),
        'A' => Some("26"),
        _ => None,
    }
}

fn verdict(
    app: &Shared,
    session: &Session,
    status: Status,
    response_code: Option<char>,
    status_reason: &'static str,
    challenged: bool,
) -> Verdict {
    let pan = session.pan.expose();
    let information = response_code == Some('I');
    let eci = session.scheme.eci(
        pan,
        Eci {
            status,
            information,
            exemption: asks_exemption(session.draft.challenge_indicator),
            non_payment: session.draft.category == "non_payment",
        },
    );
    let cryptogram = (status.succeeded() && !information).then(|| cryptogram(app, session));
    Verdict {
        status_reason: Some(status_reason),
        response_code,
        reason: response_code.and_then(reason_of),
        challenged: Some(challenged),
        at: app.clock.now(),
        eci: Some(eci),
        cryptogram,
        cancel: None,
        error: None,
    }
}

fn cryptogram(app: &Shared, session: &Session) -> String {
    let pan = session.pan.expose();
    let tail = &pan[pan.len().saturating_sub(4)..];
    let directory = session.directory.as_ref().and_then(|ds| ds.transaction_id.as_deref()).unwrap_or_default();
    let acs = session.acs.as_ref().map_or("", |acs| acs.transaction_id.as_str());
    let amount = session.draft.amount.unwrap_or(0).to_be_bytes();
    let about = [directory.as_bytes(), acs.as_bytes(), &amount, session.draft.currency.as_bytes(), tail.as_bytes()];
    app.keys.cryptogram(session.scheme.cryptogram_byte(pan), &about)
}

/// A conversation about one session.
struct Talk {
    session: SessionId,
    said: Vec<SchemeMessage>,
}

impl Talk {
    fn of(session: &Session) -> Self {
        Self { session: SessionId(session.id.clone()), said: Vec::new() }
    }

    fn say(&mut self, kind: &'static str, from: Lane, to: Lane, gist: String, body: &Value) {
        self.said.push(message(self.session.clone(), kind, (from, to), gist, body));
    }
}

fn message(
    session: SessionId,
    kind: &'static str,
    (from, to): (Lane, Lane),
    gist: String,
    body: &Value,
) -> SchemeMessage {
    let body = body.to_string().into();
    SchemeMessage { session, kind, from, to, at: stamp(), took: Duration::ZERO, gist, body }
}

/// A message between the shopper's browser and the issuer.
pub(super) fn browser_message(
    session: &Session,
    kind: &'static str,
    ends: (Lane, Lane),
    gist: String,
    body: &Value,
) -> SchemeMessage {
    message(SessionId(session.id.clone()), kind, ends, gist, body)
}

fn with(mut body: Value, more: Value) -> Value {
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}

/// Type, version and the ids known so far.
fn ids(session: &Session, kind: &str) -> Value {
    let mut body = Object::new();
    let mut put = |name: &str, value: &str| {
        body.insert(name.to_owned(), value.into());
    };
    put("messageType", kind);
    put("messageVersion", session.version);
    put("threeDSServerTransID", &session.transaction_id);
    if let Some(id) = session.directory.as_ref().and_then(|ds| ds.transaction_id.as_deref()) {
        put("dsTransID", id);
    }
    if let Some(acs) = &session.acs {
        put("acsTransID", &acs.transaction_id);
    }
    Value::Object(body)
}

/// Minor units: digits after the point. Source: ISO 4217.
pub(super) fn exponent(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

/// The three-digit code of a currency, where this sandbox knows it. Source: ISO 4217.
fn numeric(currency: &str) -> Option<&'static str> {
    const CODES: &str = "AED784 AUD036 BHD048 BRL986 CAD124 CHF756 CLP152 CNY156 CZK203 DKK208 EGP818 EUR978 GBP826 \
        HKD344 HUF348 IDR360 ILS376 INR356 ISK352 JOD400 JPY392 KES404 KRW410 KWD414 MXN484 MYR458 NGN566 NOK578 \
        NZD554 OMR512 PHP608 PLN985 QAR634 RON946 SAR682 SEK752 SGD702 THB764 TND788 TRY949 TWD901 UAH980 USD840 \
        VND704 ZAR710";
    CODES.split_whitespace().find_map(|pair| pair.strip_prefix(currency))
}

/// Source: emv-3ds.md 3.5.
fn challenge_indicator(word: &str) -> &'static str {
    match word {
        "no_challenge_requested" => "02",
        "challenge_requested" => "03",
        "challenge_requested_mandate" => "04",
        "transaction_risk_assessment" => "05",
        "data_share" => "06",
        "trusted_listing" => "08",
        "trusted_listing_prompt" => "09",
        "low_value" => "10",
        "secure_corporate_payment" => "11",
        _ => "01",
    }
}

/// Source: emv-3ds.md 3.6.
fn requestor_indicator(authentication_type: &str) -> &'static str {
    match authentication_type {
        "recurring" => "02",
        "installment" => "03",
        "add_card" => "04",
        "maintain_card" => "05",
        _ => "01",
    }
}

/// Source: emv-3ds.md 3.6.
fn transaction_type(word: &str) -> &'static str {
    match word {
        "check_acceptance" => "03",
        "account_funding" => "10",
        "quasi_card_transaction" => "11",
        "prepaid_activation_and_load" => "28",
        _ => "01",
    }
}

/// The authentication request; the card number masked, as in every record.
fn areq(session: &Session, base: &str) -> Value {
    let draft = &session.draft;
    let mut body = with(
        ids(session, "AReq"),
        json!({
            "deviceChannel": "02",
            "messageCategory": if draft.category == "payment" { "01" } else { "02" },
            "threeDSServerRefNumber": SERVER_REFERENCE,
            "threeDSServerURL": format!("{base}/simulator/3dss/results"),
            "threeDSCompInd": session.fingerprint.unwrap_or('U').to_string(),
            "threeDSRequestorID": "SBX_REQUESTOR",
            "threeDSRequestorName": merchant(session),
            "threeDSRequestorURL": base,
            "threeDSRequestorAuthenticationInd": requestor_indicator(draft.authentication_type),
            "threeDSRequestorChallengeInd": challenge_indicator(draft.challenge_indicator),
            "acctNumber": secret::mask_digits(session.pan.expose()),
            "acquirerBIN": "400000", "acquirerMerchantID": "SBX000000000001",
            "mcc": "5999", "merchantCountryCode": "826", "merchantName": merchant(session),
            "transType": transaction_type(draft.transaction_type),
            "notificationURL": super::issuer::notification_url(session, base),
        }),
    );
    if let Some((month, year)) = draft.expiry {
        body["cardExpiryDate"] = format!("{:02}{month:02}", year % 100).into();
    }
    if let Some(name) = &draft.cardholder {
        body["cardholderName"] = name.as_str().into();
    }
    if draft.category == "payment" {
        body["purchaseAmount"] = draft.amount.unwrap_or(0).to_string().into();
        body["purchaseCurrency"] = numeric(&draft.currency).unwrap_or(&draft.currency).into();
        body["purchaseExponent"] = exponent(&draft.currency).to_string().into();
        body["purchaseDate"] = session.created.strftime("%Y%m%d%H%M%S").to_string().into();
    }
    match &session.browser {
        Some(browser) => with(body, browser_members(browser, session.version)),
        None => body,
    }
}

fn browser_members(browser: &Browser, version: &str) -> Value {
    let mut members = json!({
        "browserAcceptHeader": browser.accept_header, "browserIP": browser.ip_address,
        "browserJavaEnabled": browser.java_enabled, "browserLanguage": browser.language,
        "browserColorDepth": browser.color_depth, "browserScreenHeight": browser.screen_height,
        "browserScreenWidth": browser.screen_width, "browserTZ": browser.timezone,
        "browserUserAgent": browser.user_agent,
    });
    if version != "2.1.0" {
        members["browserJavascriptEnabled"] = browser.javascript_enabled.into(); // not in 2.1.0 (emv-3ds.md 1.8)
    }
    members
}

fn ares(session: &Session, code: char) -> Value {
    let mut body = with(
        ids(session, "ARes"),
        json!({
            "acsReferenceNumber": ACS_REFERENCE, "acsOperatorID": ACS_OPERATOR,
            "dsReferenceNumber": session.scheme.ds_reference(), "transStatus": code.to_string(),
        }),
    );
    if code == 'C' {
        body["acsChallengeMandated"] = "Y".into();
        body["authenticationType"] = "02".into();
        if let Some(url) = session.acs.as_ref().and_then(|acs| acs.challenge_url.as_deref()) {
            body["acsURL"] = url.into();
        }
    }
    if let Some(verdict) = &session.verdict {
        outcome_members(&mut body, verdict);
    }
    body
}

fn rreq(session: &Session, verdict: &Verdict) -> Value {
    let interactions = session.challenge.as_ref().map_or(0, |challenge| challenge.interactions);
    let mut body = with(
        ids(session, "RReq"),
        json!({
            "messageCategory": if session.draft.category == "payment" { "01" } else { "02" },
            "transStatus": verdict.response_code.unwrap_or('U').to_string(),
            "authenticationType": "02", "interactionCounter": format!("{interactions:02}"),
        }),
    );
    if let Some((_, code)) = verdict.cancel {
        body["challengeCancel"] = code.into();
    }
    outcome_members(&mut body, verdict);
    body
}

fn outcome_members(body: &mut Value, verdict: &Verdict) {
    if let Some(reason) = verdict.reason {
        body["transStatusReason"] = reason.into();
    }
    if let Some(eci) = verdict.eci {
        body["eci"] = eci.into();
    }
    if let Some(cryptogram) = &verdict.cryptogram {
        body["authenticationValue"] = cryptogram.as_str().into();
    }
    if matches!(verdict.response_code, Some('N' | 'R')) && verdict.cancel.is_none() {
        body["cardholderInfo"] = REFUSED.into();
    }
}

/// The text for the shopper, once declined or rejected. Source: sessions-api.md 4.3.
pub(super) fn information(session: &Session) -> Option<&'static str> {
    session.verdict.as_ref()?.response_code?;
    matches!(session.status, Status::Declined | Status::Rejected).then_some(REFUSED)
}

/// A protocol error. Source: emv-3ds.md 3.7.
pub(super) fn erro(session: &Session, code: &str, component: &str, about: &str, description: &str) -> Value {
    with(
        ids(session, "Erro"),
        json!({
            "errorCode": code, "errorComponent": component, "errorDescription": description,
            "errorDetail": about, "errorMessageType": about,
        }),
    )
}

/// The name the bank shows.
pub(super) fn merchant(session: &Session) -> &str {
    session.draft.billing_descriptor.as_deref().unwrap_or("Sandbox Merchant")
}

/// The ready CReq of a challenge, as JSON.
pub(super) fn creq(session: &Session) -> Option<Value> {
    let acs = session.acs.as_ref()?;
    session.challenge.as_ref()?;
    Some(json!({
        "threeDSServerTransID": session.transaction_id, "acsTransID": acs.transaction_id,
        "messageType": "CReq", "messageVersion": session.version, "challengeWindowSize": "05",
    }))
}

/// The ready CReq, base64url without padding.
pub(super) fn encoded_creq(session: &Session) -> Option<String> {
    creq(session).map(|creq| base64url(creq.to_string().as_bytes()))
}

/// The final CRes: `Y` or `N` only; the real outcome is in the RReq. Source: emv-3ds.md 1.2.
pub(super) fn cres(session: &Session) -> Option<Value> {
    let acs = session.acs.as_ref()?;
    let answer = if session.status == Status::Approved { "Y" } else { "N" };
    Some(json!({
        "threeDSServerTransID": session.transaction_id, "acsTransID": acs.transaction_id,
        "messageType": "CRes", "messageVersion": session.version, "transStatus": answer,
    }))
}
