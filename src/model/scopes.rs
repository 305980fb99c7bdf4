//! Which scope a request needs, and whether a token has it. A missing scope is said before
//! the API answers 403 `operation_not_allowed_for_scope`; nothing is blocked.
//! Source: sessions-api.md 1.5.

use super::draft::{Channel, Completion, Draft};
use super::exchange::Step;

const BROWSER: &[&str] = &["sessions:browser", "sessions"];
const APP: &[&str] = &["sessions:app", "sessions"];
const EITHER: &[&str] = &["sessions:browser", "sessions:app", "sessions"];
const GATEWAY: &[&str] = &["gateway:payment", "gateway"];

/// The scopes of which one is needed for a step of this draft; empty if none is.
pub fn needed(step: Step, draft: &Draft) -> &'static [&'static str] {
    let of_channel = match draft.channel {
        Channel::Browser => BROWSER,
        Channel::App => APP,
        Channel::MerchantInitiated => EITHER,
    };
    match step {
        Step::Token | Step::Method | Step::Challenge | Step::Redirect => &[],
        Step::Authorise => GATEWAY,
        Step::Fingerprint => BROWSER,
        // Until channel data are there, a session has no channel.
        Step::Create if draft.collect_body().is_some() => EITHER,
        Step::Confirm | Step::Complete if draft.completion == Completion::Hosted && !draft.inline => EITHER,
        Step::Create | Step::Collect | Step::Confirm | Step::Complete => of_channel,
    }
}

/// The scope that a token lacks for a step, in a sentence; `None` if it has one that does,
/// or if its scopes are not known (`granted` is empty).
pub fn missing(granted: &[String], step: Step, draft: &Draft) -> Option<String> {
    let needed = needed(step, draft);
    let has = needed.iter().any(|scope| granted.iter().any(|held| held == scope));
    if has || granted.is_empty() || needed.is_empty() {
        return None;
    }
    let (first, rest) = needed.split_first()?;
    let others: String = rest.iter().map(|scope| format!(" or {scope}")).collect();
    Some(format!("{} needs the scope {first}{others}; this token has {}", step.name(), granted.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of sessions-api.md 1.5, row by row.
    #[test]
    fn each_endpoint_asks_for_its_scope() {
        let browser = Draft::default();
        let mut inline = browser.clone();
        inline.set_inline(true);
        let mut app = browser.clone();
        app.set_channel(Channel::App);
        let mut app_inline = app.clone();
        app_inline.set_inline(true);
        let mut initiated = browser.clone();
        initiated.set_channel(Channel::MerchantInitiated);
        let hosted = Draft::new(Completion::Hosted);
        for (scope, step, draft, fits) in [
            ("sessions:app", Step::Create, &browser, true),
            ("sessions:browser", Step::Create, &browser, true),
            ("gateway", Step::Create, &browser, false),
            ("sessions:app", Step::Create, &inline, false),
            ("sessions:browser", Step::Create, &inline, true),
            ("sessions:browser", Step::Create, &app_inline, false),
            ("sessions", Step::Create, &app_inline, true),
            ("sessions:app", Step::Create, &initiated, true),
            ("sessions:app", Step::Collect, &browser, false),
            ("sessions:app", Step::Collect, &app, true),
            ("sessions:app", Step::Fingerprint, &browser, false),
            ("sessions:browser", Step::Confirm, &app, false),
            ("sessions:app", Step::Confirm, &hosted, true),
            ("sessions:app", Step::Complete, &initiated, true),
            ("sessions", Step::Authorise, &browser, false),
            ("gateway:payment", Step::Authorise, &browser, true),
            ("anything", Step::Challenge, &browser, true),
        ] {
            let said = missing(&[scope.to_owned()], step, draft);
            assert_eq!(said.is_none(), fits, "{scope} {step:?}: {said:?}");
        }
        assert_eq!(missing(&[], Step::Create, &browser), None, "unknown scopes are not missing ones");
    }
}
