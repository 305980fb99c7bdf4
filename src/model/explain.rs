//! What a result means, in plain words: the sentence on the result card, who decided,
//! who carries the fraud risk, which kind of strong authentication it was, and what an
//! API error code asks for. Source: emv-3ds.md 3.1–3.3, 3.9; sessions-api.md 2.6, 4.5.

use super::api::{Session, Status};
use super::run::Progress;

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
    progress.session.as_ref().map(of_session)
}

/// The meaning of what an answer says.
pub fn of_session(session: &Session) -> Meaning {
    let code = session.text("/response_code");
    let asked = session.challenged() == Some(true);
    let after = if asked { "after a challenge" } else { "without a challenge" };
    let (title, sentence, tone) = headline(session, code, after);
    Meaning {
        title,
        sentence: sentence.into(),
        tone,
        decided_by: decided_by(session, code),
        sca: sca(session, code, asked),
        risk: risk(session, code),
        eci: eci(session.text("/scheme").unwrap_or_default(), session.text("/eci")),
        go_on: matches!(session.status, Status::Approved | Status::Attempted),
    }
}

fn headline(session: &Session, code: Option<&str>, after: &str) -> (String, &'static str, Tone) {
    let information = code == Some("I");
    let payment = session.text("/authentication_category") != Some("non_payment");
    match &session.status {
        Status::Approved if information => (
            "Noted, not checked".into(),
            "The bank noted that no challenge was wanted; fraud is the shop's cost.",
            Tone::Mixed,
        ),
        Status::Approved if !payment => (
            format!("Card verified {after}"),
            "The card was verified; nothing to shift because no money moved.",
            Tone::Good,
        ),
        Status::Approved => {
            (format!("Approved {after}"), "If a fraudster did this, the bank pays, not the shop.", Tone::Good)
        }
        Status::Attempted => (
            format!("Attempted {after}"),
            "The bank could not really check but gave a receipt; it is normally still the bank's risk.",
            Tone::Good,
        ),
        Status::Declined => (
            format!("Declined {after}"),
            "The bank said no; taking the money anyway would be at the shop's risk.",
            Tone::Bad,
        ),
        Status::Rejected => {
            ("Rejected".into(), "The bank asks you not to even try; do not send this payment.", Tone::Bad)
        }
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
        Status::Expired => {
            ("Out of time".into(), "Nobody finished in time; create a new session to try again.", Tone::Bad)
        }
        Status::Challenged => {
            ("The bank asks the shopper".into(), "No decision yet: the shopper has to answer the bank.", Tone::Neutral)
        }
        Status::Processing => {
            ("In progress".into(), "The request is with the bank; read again in a moment.", Tone::Neutral)
        }
        Status::Pending => ("Not decided".into(), "The API waits for the next action.", Tone::Neutral),
        Status::Other(word) => (
            format!("Status {word}"),
            "The contract does not know this status; look at the answer itself.",
            Tone::Neutral,
        ),
    }
}

fn decided_by(session: &Session, code: Option<&str>) -> &'static str {
    let stand_in = session.text("/acs/transaction_id").is_some()
        && session.text("/acs/transaction_id") == session.text("/ds/transaction_id");
    match (session.text("/status_reason"), &session.status) {
        (_, status) if !status.is_final() => "Nobody yet",
        (_, Status::ChallengeAbandoned) => "The shopper, at the bank's page",
        (_, Status::Expired) => "Nobody: time ran out",
        (Some("risk_declined"), _) => "The API's own risk check, before 3-D Secure",
        (Some("ares_error" | "rreq_error" | "veres_error" | "pares_error"), _) => "Nobody: the servers failed to talk",
        _ if stand_in => "The scheme, standing in for the bank",
        (Some("rreq_status"), _) => "The bank, after asking the shopper",
        (Some("ares_status"), _) if code == Some("U") => "The bank, which could not check",
        _ => "The bank, by its own risk check",
    }
}

fn sca(session: &Session, code: Option<&str>, asked: bool) -> &'static str {
    let applied = session.text("/exemption/applied").filter(|word| *word != "none");
    match (&session.status, applied) {
        (status, _) if !status.is_final() => "Not decided",
        (Status::Approved | Status::Attempted, Some("out_of_sca_scope")) => "Out of scope",
        (Status::Approved | Status::Attempted, Some(_)) => "Exemption applied",
        (Status::Approved, None) if code == Some("I") => "Exemption asked for by the shop",
        (Status::Approved, None) if asked => "Strong authentication",
        (Status::Approved, None) => "Bank's own risk analysis, no step-up",
        (Status::Attempted, None) => "Attempted, not performed",
        _ => "None",
    }
}

fn risk(session: &Session, code: Option<&str>) -> Risk {
    let payment = session.text("/authentication_category") != Some("non_payment");
    match &session.status {
        status if !status.is_final() => Risk::Open,
        Status::Approved | Status::Attempted if !payment => Risk::None,
        Status::Approved if code == Some("I") => Risk::Merchant,
        Status::Approved | Status::Attempted => Risk::Issuer,
        _ => Risk::Merchant,
    }
}

/// What an ECI says: the same digits mean opposite things at different schemes.
pub fn eci(scheme: &str, eci: Option<&str>) -> &'static str {
    match (scheme, eci) {
        (_, None) => "Not given",
        ("mastercard", Some("02")) | (_, Some("05")) => "Fully authenticated",
        ("mastercard", Some("01")) => "Attempted",
        ("mastercard", Some("00")) => "Not authenticated",
        ("mastercard", Some("04")) => "Data only, not authenticated",
        ("mastercard", Some("06")) => "Exempt, not authenticated",
        ("mastercard", Some("07")) => "Authenticated, merchant-initiated",
        (_, Some("06")) => "Attempted",
        (_, Some("07")) => "Not authenticated",
        ("cartes_bancaires", Some("02")) => "Fully authenticated",
        (_, Some(_)) => "Not in the scheme's table",
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
pub fn next_action(action: &super::api::NextAction) -> &'static str {
    use super::api::NextAction as A;
    match action {
        A::CollectChannelData => "The API wants to know the shopper's browser",
        A::IssuerFingerprint => "The bank wants to look at the browser in a hidden frame",
        A::ChallengeCardholder => "The bank wants to ask the shopper",
        A::RedirectCardholder => "Send the shopper to the hosted page",
        A::Authenticate => "3-D Secure 1: send the shopper to the bank",
        A::Complete => "Decided. Complete it, and the callback is sent",
        A::Other(_) => "The contract does not know this action",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn session(raw: serde_json::Value) -> Session {
        let mut raw = raw;
        raw["id"] = json!("sid_x");
        Session::read(raw.to_string().as_bytes()).expect("a session")
    }

    #[test]
    fn each_final_state_says_who_carries_the_risk() {
        for (status, code, expected, go_on) in [
            ("approved", "Y", Risk::Issuer, true),
            ("approved", "I", Risk::Merchant, true),
            ("attempted", "A", Risk::Issuer, true),
            ("declined", "N", Risk::Merchant, false),
            ("rejected", "R", Risk::Merchant, false),
            ("unavailable", "U", Risk::Merchant, false),
            ("challenge_abandoned", "N", Risk::Merchant, false),
            ("challenged", "C", Risk::Open, false),
        ] {
            let meaning = of_session(&session(json!({"status": status, "response_code": code})));
            assert_eq!((meaning.risk, meaning.go_on), (expected, go_on), "{status} {code}");
            assert!(meaning.sentence.ends_with('.'));
        }
    }

    #[test]
    fn the_same_eci_means_opposite_things() {
        assert_eq!(eci("visa", Some("07")), "Not authenticated");
        assert_eq!(eci("mastercard", Some("07")), "Authenticated, merchant-initiated");
        assert_eq!(eci("visa", Some("06")), "Attempted");
    }

    #[test]
    fn a_pattern_code_names_its_field() {
        assert_eq!(error_code("currency_required"), "currency is missing");
    }
}
