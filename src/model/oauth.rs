//! Why there is no token, and why a token did not help: each answer of a token server and
//! each silence, what it means, what is likely for this profile, what to do now. Looks at
//! the profile and the answer only; never at a secret.
//! Source: sessions-api.md 1.4, 1.5; RFC 6749 5.2.

use serde_json::Value;
use url::Url;

use super::Problem;
use super::api::ApiError;
use super::exchange::{Exchange, Response, Step};
use super::profile::{Environment, Profile};

/// Scopes whose spelling is compared with what was typed. Source: sessions-api.md 1.5.
const KNOWN_SCOPES: [&str; 5] = ["sessions", "sessions:app", "sessions:browser", "gateway", "gateway:payment"];

/// Longest description of a server's own that is repeated, in characters. Our choice.
const LONGEST_DESCRIPTION: usize = 300;

/// What an answer of the token server without a usable token means for `profile`.
pub fn refused(profile: &Profile, answer: &Response) -> Problem {
    let json = answer.json().unwrap_or_default();
    let code = ApiError::read(&answer.body).map(|error| error.error_type);
    let named = code.as_deref().unwrap_or(if answer.status == 200 { "no access_token" } else { "no error code" });
    let (means, likely, hint) = match (answer.status, code.as_deref()) {
        (_, Some(code)) => of_code(profile, code),
        (status, None) => of_status(profile, status),
    };
    let described = json.get("error_description").and_then(Value::as_str).map(|text| {
        let text: String = text.chars().take(LONGEST_DESCRIPTION).collect();
        format!("The server's own words: {text}")
    });
    Problem {
        summary: format!("Get a token: the token server answered {} {named}: {means}", answer.status),
        causes: likely.into_iter().chain(described).collect(),
        hint: Some(hint.into()),
    }
}

/// What it means that no answer came; `problem` is what the client says.
pub fn unanswered(profile: &Profile, problem: &Problem) -> Problem {
    let text = problem.line().to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let host = host(&profile.token_url);
    let (likely, hint) = if has(&["dns", "lookup", "name or service", "resolve"]) {
        let prefix = match profile.prefix.as_str() {
            "" => "The host name is mistyped, or this machine has no name server or no network".into(),
            prefix => format!("The account prefix {prefix:?} is not the account's, so {host} does not exist"),
        };
        (prefix, "Compare token_url with the vendor's dashboard, or press «Use the vendor's hosts»")
    } else if has(&["certificate", "unknownissuer", "notvalid", "tls", "handshake"]) {
        let likely = "A proxy answers in the server's place, or this machine's clock is wrong, so that the \
                      certificate seems not yet or no longer valid";
        (
            likely.into(),
            "Check date and time, and whether the network inspects TLS; verification cannot be switched off",
        )
    } else if has(&["refused"]) {
        (
            format!("Nothing listens at {host}: wrong port, or the sandbox there is not running"),
            "Start it, or correct token_url",
        )
    } else if has(&["within", "timed out", "timeout"]) {
        let likely = format!("A firewall drops what goes to {host}, or the server is overloaded");
        (likely, "Try again; if it stays silent, check that this network lets you out to that host")
    } else {
        (
            format!("The connection to {host} could not be made or broke"),
            "Check the network and token_url, then try again",
        )
    };
    let said = (!problem.causes.is_empty()).then(|| format!("The network's own words: {}", problem.causes.join(": ")));
    let causes = std::iter::once(likely).chain(said).collect();
    Problem { summary: problem.summary.clone(), causes, hint: Some(hint.into()) }
}

/// Why an exchange of a run failed for want of the right token; `None` if it did not.
pub fn of_exchange(profile: Option<&Profile>, exchange: &Exchange) -> Option<Problem> {
    match (exchange.step, &exchange.outcome) {
        (Step::Method | Step::Challenge | Step::Redirect, _) => None,
        (Step::Token, Err(problem)) => Some(unanswered(profile?, problem)),
        (Step::Token, Ok(answer)) => {
            let good = answer.status == 200 && answer.json().is_some_and(|json| json.get("access_token").is_some());
            if good { None } else { Some(refused(profile?, answer)) }
        }
        (_, Ok(answer)) => refused_call(profile, answer),
        (_, Err(_)) => None,
    }
}

/// What 401 and 403 of an API call say about token and scopes; `None` for other answers.
/// Source: sessions-api.md 1.4.
pub fn refused_call(profile: Option<&Profile>, answer: &Response) -> Option<Problem> {
    let codes = ApiError::read(&answer.body).map_or_else(Vec::new, |error| error.codes);
    let scoped = codes.iter().any(|code| code == "operation_not_allowed_for_scope");
    let problem = match answer.status {
        401 => Problem {
            summary: "401: what was sent as Authorization was not accepted; the contract gives no body to it".into(),
            causes: vec![
                "The token is expired, or of another environment than this host".into(),
                "The session secret belongs to another session, or its 60 minutes are over".into(),
                "The header is malformed: «Bearer» and a token, or the session secret alone".into(),
                "The server's clock and the token server's differ, so the token is not yet valid there".into(),
            ],
            hint: Some("Get a new token under Credentials and send it again; a second 401 means another cause".into()),
        },
        403 if scoped => Problem {
            summary: "403: the token is good, but lacks a scope that this call needs".into(),
            causes: match profile.map(|profile| profile.scopes.trim()) {
                Some(asked) if !asked.is_empty() => vec![format!("The profile asks for: {asked}")],
                _ => vec!["The profile asks for all that the client has, so the client itself lacks it".into()],
            },
            hint: Some("Compare with the table of scopes under Credentials, add the scope and get a new token".into()),
        },
        403 => Problem {
            summary: "403: the token is good, but the account may not do this".into(),
            causes: vec!["The processing channel is of another entity, or the feature is not enabled for it".into()],
            hint: Some(
                "Check processing_channel_id in the profile; ask the vendor which features the account has".into(),
            ),
        },
        _ => return None,
    };
    Some(problem)
}

/// What a code of RFC 6749 5.2 means, what is likely, what to do.
fn of_code(profile: &Profile, code: &str) -> (&'static str, Vec<String>, &'static str) {
    match code {
        "invalid_client" => (
            "it does not know this id with this secret",
            with_id(
                profile,
                &[
                    &format!(
                        "The secret is of another access key, or was renewed since: {} asked with it",
                        profile.client_id
                    ),
                    &wrong_environment(profile),
                ],
            ),
            "Copy id and secret together from the same access key, enter them again, and get a token",
        ),
        "invalid_request" => (
            "the request is malformed: a field is missing, twice or unreadable",
            with_id(profile, &["token_url is not the token server's, but some other address of the vendor"]),
            "Look at the request's row in the timeline; it must be a form with grant_type, client_id, client_secret",
        ),
        "invalid_scope" => (
            "the client may not have one of the scopes asked for",
            scopes_likely(profile),
            "Correct scopes in the profile; leave it empty to get all that the client may have",
        ),
        "unauthorized_client" => (
            "the client is known, but may not ask for tokens this way",
            vec!["The access key is of another kind, or client credentials are not enabled for it".into()],
            "Make an access key for client credentials in the vendor's dashboard and use that one",
        ),
        "invalid_grant" => (
            "the grant is not accepted; client credentials should never see this",
            vec!["Something between this program and the token server changed the request".into()],
            "Compare the request in the timeline with what the server received",
        ),
        "unsupported_grant_type" => (
            "it does not issue tokens for client_credentials",
            vec!["token_url belongs to another kind of token server".into()],
            "Check token_url, or press «Use the vendor's hosts»",
        ),
        "temporarily_unavailable" | "server_error" => {
            ("it failed by itself", vec!["The vendor has an outage".into()], "Try again in a minute")
        }
        _ => (
            "the contract does not list this code",
            vec![wrong_environment(profile)],
            "Read the whole answer in the timeline, and check token_url",
        ),
    }
}

/// The same where the answer names no code.
fn of_status(profile: &Profile, status: u16) -> (&'static str, Vec<String>, &'static str) {
    let check = "Check token_url, or press «Use the vendor's hosts»";
    let host = host(&profile.token_url);
    match status {
        200 => {
            ("the answer is no token answer", vec![format!("{host} is a web page, a proxy or a sign-in page")], check)
        }
        300..=399 => (
            "it sends us elsewhere, and secrets never follow a redirect",
            vec!["token_url has the wrong host or path, or a sign-in page stands between".into()],
            check,
        ),
        401 => (
            "it does not accept this id with this secret",
            with_id(profile, &[&wrong_environment(profile)]),
            "Copy id and secret together from the same access key, enter them again, and get a token",
        ),
        403 => (
            "it knows who asks and refuses",
            vec!["A firewall of the vendor refuses this network's address, or the access key is disabled".into()],
            "Check in the vendor's dashboard that the key is active and which addresses it allows",
        ),
        404 | 405 => {
            ("there is no token server at this path", vec!["token_url must end in /connect/token".into()], check)
        }
        429 => {
            ("too many tokens were asked for", vec!["Another program uses the same access key".into()], "Wait a minute")
        }
        500.. => ("it failed by itself", vec!["The vendor has an outage".into()], "Try again in a minute"),
        _ => ("the contract does not list this answer", vec![wrong_environment(profile)], check),
    }
}

/// What is visibly odd about the client id, then what else is likely.
fn with_id(profile: &Profile, others: &[&str]) -> Vec<String> {
    let id = &profile.client_id;
    let odd = if id.trim() != id || id.contains(char::is_whitespace) {
        Some("client_id holds a space, which is sent too".to_owned())
    } else if ["sk_", "pk_"].iter().any(|start| id.starts_with(start)) {
        Some("client_id is an API key; the Sessions API wants an access key's id (ack_…)".to_owned())
    } else if !["ack_", "cli_"].iter().any(|start| id.starts_with(start)) {
        Some(format!("client_id {id:?} does not begin with ack_ or cli_, as access keys do"))
    } else {
        None
    };
    let prefix = profile.likely_prefix().filter(|likely| !profile.prefix.is_empty() && *likely != profile.prefix);
    let prefix = prefix.map(|likely| {
        format!("The prefix {:?} is another account's: the client id suggests {likely:?}", profile.prefix)
    });
    odd.into_iter().chain(prefix).chain(others.iter().map(|&text| text.to_owned())).collect()
}

fn wrong_environment(profile: &Profile) -> String {
    let host = host(&profile.token_url);
    match profile.environment {
        Environment::Production => format!("The key is of the vendor's sandbox; {host} knows production keys only"),
        Environment::VendorSandbox => format!("The key is of production; {host} knows sandbox keys only"),
        Environment::Embedded | Environment::Custom => format!("The key was made for another server than {host}"),
    }
}

/// What is likely wrong with the scopes asked for, word by word.
fn scopes_likely(profile: &Profile) -> Vec<String> {
    let mut likely = Vec::new();
    if profile.scopes.contains([',', ';']) {
        likely.push("Scopes are separated by spaces, not by commas".to_owned());
    }
    for word in profile.scopes.split_whitespace() {
        let word = word.trim_matches([',', ';']);
        if let Some(meant) = likely_scope(word) {
            likely.push(format!("{word:?} is spelt wrongly: {meant:?} is meant"));
        }
    }
    likely.push(format!("The access key was not given one of: {}", profile.scopes.trim()));
    likely
}

/// The known scope that `word` almost is; `None` if it is one, or none like it is known.
pub fn likely_scope(word: &str) -> Option<&'static str> {
    if KNOWN_SCOPES.contains(&word) {
        return None;
    }
    let plain = word.to_lowercase().replace(['.', '-', '_', '/'], ":");
    KNOWN_SCOPES
        .into_iter()
        .map(|known| (distance(&plain, known), known))
        .filter(|(far, _)| *far <= 2)
        .min()
        .map(|(_, known)| known)
}

/// How many letters must be changed, added or left out (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.chars().enumerate() {
            let changed = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = changed.min(corner + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

fn host(url: &str) -> String {
    let Some(url) = Url::parse(url).ok().filter(Url::has_host) else { return "the address".into() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}", url.host_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::profile::ProfileId;

    fn profile() -> Profile {
        let mut profile = Profile::new(ProfileId("x".into()), Environment::VendorSandbox);
        profile.client_id = "ack_zztzqayybq674gfovt2lrfzt7w".into();
        profile
    }

    fn answer(status: u16, body: &str) -> Response {
        Response {
            status,
            version: "HTTP/1.1".into(),
            headers: Vec::new(),
            body: bytes::Bytes::copy_from_slice(body.as_bytes()),
            dropped_bytes: 0,
            cut: None,
        }
    }

    #[test]
    fn every_answer_has_a_meaning_a_cause_and_an_advice_of_its_own() {
        let codes = [
            "invalid_request",
            "invalid_client",
            "invalid_grant",
            "unauthorized_client",
            "unsupported_grant_type",
            "invalid_scope",
            "server_error",
            "made_up",
        ];
        let coded = codes.map(|code| answer(400, &format!(r#"{{"error":"{code}"}}"#)));
        let bare = [200, 302, 401, 403, 404, 429, 503, 418].map(|status| answer(status, "<html>"));
        let mut seen = std::collections::BTreeSet::new();
        for answer in coded.iter().chain(&bare) {
            let problem = refused(&profile(), answer);
            assert!(problem.summary.contains(&answer.status.to_string()), "{problem:?}");
            assert!(!problem.causes.is_empty() && problem.hint.is_some(), "{problem:?}");
            let meaning = problem.summary.rsplit(": ").next().unwrap_or_default().to_owned();
            seen.insert(meaning);
        }
        assert!(seen.len() >= codes.len() + 5, "{seen:?}");
    }

    #[test]
    fn what_is_odd_in_this_profile_is_named_first() {
        let refusal = answer(400, r#"{"error":"invalid_client","error_description":"no such client"}"#);
        let first = |change: fn(&mut Profile)| {
            let mut profile = profile();
            change(&mut profile);
            refused(&profile, &refusal).causes.remove(0)
        };
        assert!(first(|profile| profile.client_id.push(' ')).contains("space"));
        assert!(first(|profile| profile.client_id = "sk_sbox_x".into()).contains("API key"));
        assert!(first(|profile| profile.client_id = "1234".into()).contains("ack_"));
        let other = first(|profile| {
            profile.client_id = "cli_abcd1234x".into();
            profile.prefix = "zzzz1234".into();
        });
        assert!(other.contains("abcd1234"), "{other}");
        let causes = refused(&profile(), &refusal).causes;
        assert!(causes[1].contains("production"), "{causes:?}");
        assert!(causes[2].contains("no such client"), "{causes:?}");
    }

    #[test]
    fn a_misspelt_scope_is_told_from_a_foreign_one() {
        for (word, meant) in [
            ("session:browser", Some("sessions:browser")),
            ("sessions.app", Some("sessions:app")),
            ("Gateway", Some("gateway")),
            ("gateway:payments", Some("gateway:payment")),
            ("sessions:app", None),
            ("files", None),
            ("vault:card-metadata", None),
        ] {
            assert_eq!(likely_scope(word), meant, "{word}");
        }
        let mut profile = profile();
        profile.scopes = "session:browser, gateway".into();
        let causes = refused(&profile, &answer(400, r#"{"error":"invalid_scope"}"#)).causes;
        assert!(causes[0].contains("comma") && causes[1].contains("sessions:browser"), "{causes:?}");
    }

    #[test]
    fn silence_is_explained_by_its_kind() {
        let told = |cause: &str| {
            let problem = Problem {
                summary: "Get a token: access.sandbox.checkout.com could not be reached".into(),
                causes: vec![cause.into()],
                hint: None,
            };
            unanswered(&profile(), &problem).causes.remove(0)
        };
        assert!(told("dns error: failed to lookup address information").contains("name server"));
        assert!(told("invalid peer certificate: NotValidYet").contains("clock"));
        assert!(told("tcp connect error: Connection refused (os error 111)").contains("Nothing listens"));
        assert!(told("connection reset").contains("broke"));
    }

    #[test]
    fn a_refused_call_is_laid_to_the_token_or_its_scopes() {
        let scoped =
            answer(403, r#"{"error_type":"operation_not_allowed","error_codes":["operation_not_allowed_for_scope"]}"#);
        let problem = refused_call(Some(&profile()), &scoped).expect("403");
        assert!(problem.summary.contains("scope") && problem.causes[0].contains("sessions:app"), "{problem:?}");
        assert!(refused_call(None, &answer(401, "")).expect("401").summary.contains("Authorization"));
        assert_eq!(refused_call(None, &answer(404, "")), None);
    }
}
