//! What a result means, in plain words: the sentence on the result card, who decided,
//! who carries the fraud risk, which kind of strong authentication it was, and what an
//! API error code asks for. Source: emv-3ds.md 3.1–3.3, 3.9; sessions-api.md 2.6, 4.5.

use crate::model::api::{NextAction, Session, Status};
use crate::model::codes;
use crate::model::draft::Channel;
use crate::model::exemption;
use crate::model::run::{Kind, Progress, Run};

/// How good the news is; picks sign and colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Go on.
    Good,
    /// Go on with care, or wait.
    Mixed,
    /// Do not go on.
    Bad,
    /// Nothing decided.
    Neutral,
}

/// Who pays if it was fraud. Scheme and region rules decide in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// The bank.
    Issuer,
    /// The shop.
    Merchant,
    /// No money moved.
    None,
    /// Not known yet.
    Open,
}

impl Risk {
    /// The name people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Issuer => "To the issuer",
            Self::Merchant => "Stays with the shop",
            Self::None => "Nothing to shift",
            Self::Open => "Not decided",
        }
    }
}

/// What a result means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// `Approved after a challenge`.
    pub title: String,
    /// One sentence: what it means for the shop.
    pub sentence: String,
    /// How good the news is.
    pub tone: Tone,
    /// Who decided.
    pub decided_by: &'static str,
    /// Which kind of strong customer authentication it was.
    pub sca: &'static str,
    /// Who pays if it was fraud.
    pub risk: Risk,
    /// What the ECI says, for this scheme.
    pub eci: &'static str,
    /// May be authorised with this result.
    pub go_on: bool,
}

/// The meaning of where a run stands; `None` before there is a session.
pub fn meaning(progress: &Progress) -> Option<Meaning> {
    progress.session.as_ref().map(|session| of_session(session, progress.channel()))
}

/// The meaning of what an answer says; `channel` is where the shopper is.
pub fn of_session(session: &Session, channel: Channel) -> Meaning {
    let code = session.text("/response_code");
    let asked = session.challenged() == Some(true);
    let case = Case {
        code,
        after: match (asked, channel) {
            (_, Channel::MerchantInitiated) => "without the shopper",
            (true, Channel::App) => "after a challenge in the app",
            (true, _) if confirmed_by_browser(session) => "in the shopper's browser",
            (true, _) => "after a challenge",
            (false, _) => "without a challenge",
        },
        legacy: session.text("/protocol_version").is_some_and(|version| version.starts_with("1.")),
        payment: session.text("/authentication_category") != Some("non_payment"),
        channel,
    };
    let (title, sentence, tone) = headline(session, &case);
    Meaning {
        title,
        sentence: sentence.into(),
        tone,
        decided_by: decided_by(session, &case),
        sca: sca(session, &case, asked),
        risk: risk_of(session),
        eci: eci(session.text("/scheme").unwrap_or_default(), session.text("/eci")),
        go_on: matches!(session.status, Status::Approved | Status::Attempted),
    }
}

/// The meaning of a run's session, with what the run saw beside it: a browser that brought a
/// result of which the API never heard.
pub fn of_run(run: &Run) -> Option<Meaning> {
    let mut meaning = meaning(&run.progress)?;
    let expired = run.session().is_some_and(|session| session.status == Status::Expired);
    if expired && run.entries.newest(Kind::ChallengeResult).is_some() {
        meaning.title = "The bank's result never came".into();
        meaning.sentence = "The browser brought an answer back, but the API never heard of it from the bank, and \
                            only that counts: nothing is authenticated. Create a new session to try again."
            .into();
    }
    Some(meaning)
}

/// What the servers could not agree on: `Error 203, seen by the 3DS Server: …`.
pub fn server_error(session: &Session) -> Option<String> {
    let text = |name: &str| session.text(&format!("/3ds/error_details/{name}")).filter(|text| !text.is_empty());
    let code = text("error_code")?;
    let by = match text("error_component") {
        Some("S") => ", seen by the 3DS Server",
        Some("D") => ", seen by the directory server",
        Some("A") => ", seen by the bank",
        Some("C") => ", seen by the app",
        _ => "",
    };
    let what = text("error_description").unwrap_or("no description").trim_end_matches('.');
    let detail = text("error_detail").filter(|detail| detail.trim_end_matches('.') != what);
    Some(format!("Error {code}{by}: {what}{}", detail.map(|detail| format!(" ({detail})")).unwrap_or_default()))
}

/// What the words depend on, beside the status.
struct Case<'a> {
    code: Option<&'a str>,
    after: &'static str,
    /// 3-D Secure 1.
    legacy: bool,
    payment: bool,
    channel: Channel,
}

type Headline = (String, &'static str, Tone);

fn headline(session: &Session, case: &Case<'_>) -> Headline {
    if session.status.is_final() { of_end(session, case) } else { of_course(session, case) }
}

fn of_end(session: &Session, case: &Case<'_>) -> Headline {
    let after = case.after;
    let reason = session.text("/response_status_reason");
    match &session.status {
        Status::Approved | Status::Attempted => go_ahead(session, case),
        Status::Declined if session.text("/status_reason") == Some("risk_declined") => (
            "Declined before the bank was asked".into(),
            "The API's own risk check said no; the bank does not know of this payment.",
            Tone::Bad,
        ),
        Status::Declined if case.legacy => (
            "Declined with 3-D Secure 1".into(),
            "The shopper did not give the bank the right password; do not take the money.",
            Tone::Bad,
        ),
        Status::Declined => (
            format!("Declined {after}"),
            "The bank said no; taking the money anyway would be at the shop's risk.",
            Tone::Bad,
        ),
        Status::Rejected => {
            ("Rejected".into(), "The bank asks you not to even try; do not send this payment.", Tone::Bad)
        }
        Status::Unavailable if case.channel == Channel::MerchantInitiated && reason == Some("21") => (
            "No check without the shopper".into(),
            "The bank does not check payments that the shop starts, or misses the earlier authentication: name it in \
             initial_transaction. Fraud is the shop's cost.",
            Tone::Mixed,
        ),
        Status::Unavailable if case.channel == Channel::App && session.text("/acs/transaction_id").is_none() => (
            "The app's data could not be read".into(),
            "The directory server could not open sdk_encrypted_data, so the bank was never asked; fraud is the \
             shop's cost.",
            Tone::Mixed,
        ),
        Status::Unavailable if applied(session) == Some("3ds_outage") => (
            "3-D Secure was down".into(),
            "Nobody could be asked, and the shop's acquirer lets the payment go on meanwhile; fraud is the shop's cost.",
            Tone::Mixed,
        ),
        Status::Unavailable if server_error(session).is_some() => (
            "No check was possible".into(),
            "A message between the servers was lost or refused. Create a new session to try again; without the \
             check, fraud is the shop's cost.",
            Tone::Mixed,
        ),
        Status::Unavailable if reason == Some("24") => (
            "The bank's customer never answered".into(),
            "The bank asked by a way of its own, and its time ran out; without the check, fraud is the shop's cost. \
             Allow it more time, or ask in the browser.",
            Tone::Mixed,
        ),
        Status::Unavailable if case.channel == Channel::App && broke_off(session) => (
            "App and bank did not understand each other".into(),
            "A message between the app's SDK and the bank was refused, so the bank broke off; without the check, fraud \
             is the shop's cost. Look at the error on the timeline.",
            Tone::Mixed,
        ),
        Status::Unavailable => (
            "No check was possible".into(),
            "Something technical failed; without the check, fraud is the shop's cost.",
            Tone::Mixed,
        ),
        Status::ChallengeAbandoned => (
            "The shopper walked away".into(),
            "The shopper cancelled at the bank; offer to try again or another card.",
            Tone::Bad,
        ),
        _ => ("Out of time".into(), "Nobody finished in time; create a new session to try again.", Tone::Bad),
    }
}

/// True if an error between app and bank ended the challenge. Source: emv-3ds.md 3.6.
fn broke_off(session: &Session) -> bool {
    matches!(session.text("/acs/challenge_cancel_reason_code"), Some("06" | "09" | "10"))
}

fn go_ahead(session: &Session, case: &Case<'_>) -> Headline {
    let (after, attempted) = (case.after, session.status == Status::Attempted);
    match case {
        Case { code: Some("I"), .. } => noted(session),
        _ if looks_up_trust_list(session) => (
            "Trust list looked up".into(),
            "The bank said whether the shopper has listed the shop; nothing was checked, and no money moved.",
            Tone::Good,
        ),
        Case { payment: false, .. } => (
            format!("Card verified {after}"),
            "The card was verified; nothing to shift because no money moved.",
            Tone::Good,
        ),
        Case { legacy: true, .. } if attempted => (
            "Attempted with 3-D Secure 1".into(),
            "The bank could not check but gave a receipt; while 3-D Secure 1 lived, the risk was the bank's.",
            Tone::Good,
        ),
        Case { legacy: true, .. } => (
            "Approved with 3-D Secure 1".into(),
            "The shopper gave the right password; while 3-D Secure 1 lived, until October 2022, the bank paid for fraud.",
            Tone::Good,
        ),
        _ if attempted => (
            format!("Attempted {after}"),
            "The bank could not really check but gave a receipt; it is normally still the bank's risk.",
            Tone::Good,
        ),
        Case { channel: Channel::MerchantInitiated, .. } => (
            format!("Approved {after}"),
            "The earlier check is used again; scheme rules decide, and usually the bank pays for fraud.",
            Tone::Good,
        ),
        _ => approved(session, after),
    }
}

/// The bank took note, and checked nothing.
fn noted(session: &Session) -> Headline {
    let (title, sentence) = match applied(session) {
        Some("sca_delegation") => (
            "Approved on the shop's own check".into(),
            "The bank relies on how the shop authenticated the shopper, under their programme; fraud is the shop's cost.",
        ),
        Some(word) => (
            format!("Exemption granted: {}", exemption::name(word)),
            "The bank agreed not to check, as the shop asked; fraud is the shop's cost.",
        ),
        None => (
            "Noted, not checked".into(),
            "The bank took the data and checked nothing, as the shop wished; fraud is the shop's cost.",
        ),
    };
    (title, sentence, Tone::Mixed)
}

/// A payment that the bank answers for.
fn approved(session: &Session, after: &str) -> Headline {
    match after {
        _ if confirmed_by_browser(session) => (
            format!("Approved {after}"),
            "The shopper confirmed without leaving the shop; if a fraudster did this, the bank pays, not the shop.",
            Tone::Good,
        ),
        "without a challenge" if applied(session).is_some() => (
            format!("Approved {after}"),
            "The bank chose not to ask, by an exemption that it answers for: if a fraudster did this, the bank pays.",
            Tone::Good,
        ),
        _ if proved_decoupled(session) => (
            "Approved by the bank's own way".into(),
            "The bank reached its customer without the shop; if a fraudster did this, the bank pays, not the shop.",
            Tone::Good,
        ),
        _ => (format!("Approved {after}"), "If a fraudster did this, the bank pays, not the shop.", Tone::Good),
    }
}

/// The exemption that was applied, if one was.
fn applied(session: &Session) -> Option<&str> {
    session.text("/exemption/applied").filter(|word| *word != "none")
}

/// True if the shopper confirmed with the browser (Secure Payment Confirmation). Source: emv-3ds.md 3.6.
fn confirmed_by_browser(session: &Session) -> bool {
    session.text("/acs/authentication_type") == Some("14")
}

/// True if the bank reached the shopper by a way of its own. Source: emv-3ds.md 3.6.
fn proved_decoupled(session: &Session) -> bool {
    session.text("/acs/authentication_type") == Some("04")
}

/// True if only a list was looked up: there is an answer about it, and no proof of anything.
fn looks_up_trust_list(session: &Session) -> bool {
    let listed = session.text("/exemption/trusted_beneficiary/status").is_some();
    let proof = session.text("/cryptogram").is_some() || session.text("/eci").is_some();
    listed && !proof && session.challenged() != Some(true) && session.text("/response_code") == Some("Y")
}

fn of_course(session: &Session, case: &Case<'_>) -> Headline {
    let (title, sentence): (String, _) = match &session.status {
        Status::Challenged if session.waits_decoupled() => (
            "The bank asks by a way of its own".into(),
            "No decision yet: the bank reaches its customer without the shop, in minutes or days; read again later.",
        ),
        Status::Challenged if case.channel == Channel::App => {
            ("The bank asks in the app".into(), "No decision yet: the shopper has to answer in the shop's app.")
        }
        Status::Challenged => {
            ("The bank asks the shopper".into(), "No decision yet: the shopper has to answer the bank.")
        }
        Status::Processing => ("In progress".into(), "The request is with the bank; read again in a moment."),
        Status::Other(word) => {
            (format!("Status {word}"), "The contract does not know this status; look at the answer itself.")
        }
        _ if session.offers(&NextAction::Authenticate) => (
            "Fallen back to 3-D Secure 1".into(),
            "The card is not in 3-D Secure 2: send the shopper to the bank's page with PaReq.",
        ),
        _ => ("Not decided".into(), "The API waits for the next action."),
    };
    (title, sentence, Tone::Neutral)
}

fn decided_by(session: &Session, case: &Case<'_>) -> &'static str {
    let stand_in = session.text("/acs/transaction_id").is_some()
        && session.text("/acs/transaction_id") == session.text("/ds/transaction_id");
    match (session.text("/status_reason"), &session.status) {
        (_, status) if !status.is_final() => "Nobody yet",
        (_, Status::ChallengeAbandoned) if case.channel == Channel::App => "The shopper, in the app",
        (_, Status::ChallengeAbandoned) => "The shopper, at the bank's page",
        (_, Status::Expired) => "Nobody: time ran out",
        (Some("risk_declined"), _) => "The API's own risk check, before 3-D Secure",
        (Some("ares_error" | "rreq_error" | "veres_error" | "pares_error"), _) => "Nobody: the servers failed to talk",
        _ if stand_in => "The scheme, standing in for the bank",
        (Some("ares_status"), _) if applied(session) == Some("sca_delegation") => "The shop, and the bank relies on it",
        (Some("ares_status"), _) if confirmed_by_browser(session) => "The bank, by what the shopper confirmed",
        (Some("rreq_status"), _) if proved_decoupled(session) => "The bank, after asking by a way of its own",
        (Some("rreq_status" | "pares_status"), Status::Unavailable) => "The bank, which broke off",
        (Some("rreq_status"), _) => "The bank, after asking the shopper",
        (Some("pares_status"), Status::Attempted) => "The bank, which could not check",
        (Some("pares_status"), _) => "The bank, by the shopper's password",
        (Some("veres_status"), _) => "The scheme: the card is not in 3-D Secure 1",
        (Some("ares_status"), _) if session.text("/acs/transaction_id").is_none() => "The directory server",
        (Some("ares_status"), _) if case.code == Some("U") => "The bank, which could not check",
        _ if looks_up_trust_list(session) => "Nobody: a list was looked up",
        _ if case.channel == Channel::MerchantInitiated => "The bank, by the earlier authentication",
        _ if applied(session) == Some("trusted_listing") => "The bank, by its customer's trust list",
        _ => "The bank, by its own risk check",
    }
}

fn sca(session: &Session, case: &Case<'_>, asked: bool) -> &'static str {
    match (&session.status, applied(session)) {
        (status, _) if !status.is_final() => "Not decided",
        (Status::Approved | Status::Attempted, Some("out_of_sca_scope")) => "Out of scope",
        (Status::Approved | Status::Attempted, Some("sca_delegation")) => "Done by the shop, in the bank's place",
        (Status::Approved | Status::Attempted, Some(_)) if asked => "Strong authentication",
        (Status::Approved | Status::Attempted, Some(_)) if session.text("/exemption/requested").is_none() => {
            "Exemption applied by the bank"
        }
        (Status::Approved | Status::Attempted, Some(_)) => "Exemption applied",
        (Status::Unavailable, Some("3ds_outage")) => "None: exempt while 3-D Secure is down",
        (Status::Approved, None) if looks_up_trust_list(session) => "None: a list was looked up",
        (Status::Approved, None) if case.code == Some("I") => "None: the shop asked for no challenge",
        (Status::Approved, None) if proved_decoupled(session) => "Strong authentication, by the bank's own way",
        (Status::Approved, None) if case.channel == Channel::MerchantInitiated => {
            "Not needed: the shopper is not there"
        }
        (Status::Approved, None) if case.legacy => "A password only: not strong by today's rules",
        (Status::Approved, None) if asked => "Strong authentication",
        (Status::Approved, None) => "Bank's own risk analysis, no step-up",
        (Status::Attempted, None) => "Attempted, not performed",
        _ => "None",
    }
}

/// Who carries the risk of what a session came to.
pub fn risk_of(session: &Session) -> Risk {
    let payment = session.text("/authentication_category") != Some("non_payment");
    match &session.status {
        status if !status.is_final() => Risk::Open,
        Status::Approved | Status::Attempted if !payment || looks_up_trust_list(session) => Risk::None,
        Status::Approved if session.text("/response_code") == Some("I") => Risk::Merchant,
        Status::Approved | Status::Attempted => Risk::Issuer,
        _ => Risk::Merchant,
    }
}

/// What an ECI says: the same digits mean opposite things at different schemes.
pub fn eci(scheme: &str, eci: Option<&str>) -> &'static str {
    match eci {
        None => "Not given",
        Some(code) => codes::eci(scheme, code).map_or("Not in the scheme's table", |eci| eci.title),
    }
}

/// What an error code of the API asks for. Patterns (`<field>_required`) are explained too.
/// Source: sessions-api.md 1.5, 2.6.
pub fn error_code(code: &str) -> String {
    let known = match code {
        "json_invalid" => "The body is not a JSON object",
        "session_not_found" => "No such session; it may belong to another account or environment",
        "update_not_allowed_due_to_state" => {
            "The session's state does not allow this; next_actions says what is allowed"
        }
        "operation_not_allowed" => "A rule of the account forbids this",
        "operation_not_allowed_for_scope" => "The token lacks a scope that this call needs",
        "hosted_not_supported_for_app" => "Hosted sessions cannot be created with app data",
        "three_ds_method_not_supported_for_app" => "An app session has no 3DS Method",
        "three_ds_method_not_supported_without_url" => {
            "The card's issuer has no 3DS Method URL, so there is no result to send"
        }
        "card_not_enrolled" => "The card is not in 3-D Secure; take another card, or pay without",
        "issuer_not_enrolled" => "The card's issuer is not in 3-D Secure",
        "scheme_outage" => "The scheme is down; try again later",
        "ds_error" => "The directory server failed; try again later",
        "session_already_in_use" => "Another call works on this session right now; try again",
        "session_callback_failed" => "The callback URL did not answer 2xx; mend it and call complete again",
        "rate_limit_exceeded" => "Too many requests; wait a moment",
        "authentication_id_invalid" => "No approved session with this id, amount and currency, or it was used before",
        "invalid_client" => "The token server does not know this id and secret",
        "invalid_request" => "The token request is malformed",
        "invalid_scope" => "The client may not have one of these scopes",
        "unsupported_grant_type" => "Only client_credentials is supported",
        "source_not_supported" => "This kind of source is not supported here",
        "internal_server_error" | "unknown_error" => "The API failed; try again",
        _ => "",
    };
    if !known.is_empty() {
        return known.into();
    }
    if let Some(field) = code.strip_suffix("_required") {
        return format!("{field} is missing");
    }
    if let Some(field) = code.strip_suffix("_invalid") {
        return format!("{field} does not fit its constraint");
    }
    if let Some(thing) = code.strip_suffix("_not_found") {
        return format!("There is no such {thing}");
    }
    "The contract does not list this code".into()
}

/// What one of the API's `next_actions` means, for the next-action bar.
pub fn next_action(action: &NextAction) -> &'static str {
    use NextAction as A;
    match action {
        A::CollectChannelData => "The API wants to know the shopper's browser or app",
        A::IssuerFingerprint => "The bank wants to look at the browser in a hidden frame",
        A::ChallengeCardholder => "The bank wants to ask the shopper",
        A::RedirectCardholder => "Send the shopper to the hosted page",
        A::Authenticate => "3-D Secure 1: send the shopper to the bank",
        A::Complete => "Decided. Complete it, and the callback is sent",
        A::Other(_) => "The contract does not know this action",
    }
}

#[cfg(test)]
mod tests;
