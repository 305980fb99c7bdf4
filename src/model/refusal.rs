//! What an answer that is no 2xx asks for: the words and the advice of each status, and how
//! long to wait where the API says so. Source: sessions-api.md 1.4, 2.5-2.7.

use std::time::Duration;

use super::api::ApiError;
use super::exchange::{Response, Step, header};
use super::run::StepRequest;
use super::{Problem, explain};

/// Pauses that are not asked for in a header begin with this and double. Our choice.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that is made without asking a person. Our choice.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// What an error answer says, with its codes explained; `None` for a whole 2xx.
pub fn problem(request: &StepRequest, answer: &Response) -> Option<Problem> {
    let step = request.step;
    if let Some(cut) = &answer.cut {
        let summary = format!("{step}: the answer {} broke off after {} bytes", answer.status, answer.body.len());
        return Some(Problem { summary, causes: vec![cut.summary.clone()], hint: cut.hint.clone() });
    }
    if (200..300).contains(&answer.status) {
        return None;
    }
    let act = format!("{step}: {} was answered {}", request.method, answer.status);
    let hint = Some(advice(step, answer).into());
    Some(match ApiError::read(&answer.body) {
        Some(error) => {
            let codes = if error.codes.is_empty() { error.error_type.clone() } else { error.codes.join(", ") };
            let meanings: Vec<String> = error.codes.iter().map(|code| explain::error_code(code)).collect();
            Problem { summary: format!("{act} {codes}"), causes: meanings, hint }
        }
        None => Problem { summary: act, causes: Vec::new(), hint },
    })
}

/// What to do now. The session is as it was in every case but where it says otherwise.
fn advice(step: Step, answer: &Response) -> &'static str {
    match answer.status {
        401 => "The Authorization was not accepted, also after one renewal; choose another, or look at the credentials",
        403 if step == Step::Create => {
            "No session was made: the account, the card or the scopes do not allow this; change it in the form, then send"
        }
        403 => "Read the session: next_actions says what it allows now. Then send that, or skip this step",
        404 => "Check the address; a session belongs to the account and environment that created it",
        409 => {
            "Another call works on this session right now; read the session, then send again if it still asks for this"
        }
        422 => "Mend these fields in the form or in the request here, then send it again",
        429 => "It was sent again as often as is polite; wait a minute, then send it again",
        501 => "This environment does not offer it; take another kind of source or session",
        502 if step == Step::Complete => {
            "The result stands, only the callback did not arrive; mend what answers there, then complete again"
        }
        503 => "Something behind the API failed; wait a moment, then send it again",
        500.. => "The API failed, so the outcome is unknown; read the session before you send it again",
        300..=399 => "The API never redirects; check the base URL of the profile",
        _ => "Edit the request and send it again, or skip the step",
    }
}

/// How long to wait before the request is sent again by itself; `None` if this answer does
/// not ask for that, or for longer than a person would watch. `before` counts the pauses
/// made already.
pub fn pause(answer: &Response, before: u32) -> Option<Duration> {
    if answer.status != 429 {
        return None;
    }
    let asked = header(&answer.headers, "Retry-After").and_then(|text| text.trim().parse().ok());
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(before));
    Some(asked.map_or(doubled, Duration::from_secs)).filter(|pause| *pause <= LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::run::Auth;

    fn answer(status: u16, retry: Option<&str>, body: &'static str) -> Response {
        Response {
            status,
            version: "HTTP/1.1".into(),
            headers: retry.map(|text| ("retry-after".to_owned(), text.to_owned())).into_iter().collect(),
            body: body.into(),
            dropped_bytes: 0,
            cut: None,
        }
    }

    fn request(step: Step) -> StepRequest {
        let (url, body) = ("http://127.0.0.1/x".to_owned(), String::new());
        StepRequest { step, method: "POST".into(), url, auth: Auth::ProfileToken, headers: Vec::new(), body }
    }

    #[test]
    fn every_status_says_what_to_do() {
        for status in 300..=599_u16 {
            let problem = problem(&request(Step::Create), &answer(status, None, "")).expect("no success");
            assert!(problem.hint.is_some_and(|hint| hint.len() > 20), "{status}");
            assert!(problem.summary.contains(&status.to_string()));
        }
        assert_eq!(problem(&request(Step::Create), &answer(204, None, "")), None);
    }

    #[test]
    fn a_failed_callback_is_told_apart_from_a_failed_api() {
        let body = r#"{"error_type":"callback_failed","error_codes":["session_callback_failed"]}"#;
        let of = |step| problem(&request(step), &answer(502, None, body)).and_then(|problem| problem.hint);
        assert!(of(Step::Complete).is_some_and(|hint| hint.contains("result stands")));
        assert!(of(Step::Confirm).is_some_and(|hint| hint.contains("unknown")));
    }

    #[test]
    fn only_429_pauses_and_only_for_as_long_as_somebody_watches() {
        let secs = |status, retry, before| pause(&answer(status, retry, ""), before).map(|pause| pause.as_secs());
        assert_eq!(secs(429, Some("3"), 0), Some(3));
        assert_eq!((secs(429, None, 0), secs(429, Some("soon"), 2)), (Some(1), Some(4)));
        assert_eq!((secs(503, Some("3"), 0), secs(429, Some("3600"), 0)), (None, None));
    }
}
