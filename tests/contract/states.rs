//! In every state that random callers reach, links, actions and status agree, and what a link offers is
//! exactly what the API then allows. Source: sessions-api.md 4.1, 4.2, 4.7; Appendix B 6.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::client::*;
use crate::lab::*;
use crate::stages::STAGES;

/// Links that say what to do next, each with its action.
const OFFERS: [(&str, &str); 7] = [
    ("collect_channel_data", "collect_channel_data"),
    ("issuer_fingerprint", "issuer_fingerprint"),
    ("three_ds_method_url", "issuer_fingerprint"),
    ("complete", "complete"),
    ("acs_url", "authenticate"),
    ("term_url", "authenticate"),
    ("redirect_url", "redirect_cardholder"),
];

/// Links that only say where things are.
const PLACES: [&str; 4] = ["self", "success_url", "failure_url", "callback_url"];

/// One session, held against all that is true in every state. Read with the token.
pub fn agree(session: &Value) {
    let actions = words(&session["next_actions"]);
    let links = session["_links"].as_object().unwrap_or_else(|| panic!("no links: {session}"));
    for (link, action) in OFFERS {
        assert_eq!(links.contains_key(link), actions.contains(&action), "{link}: {session}");
    }
    for (link, target) in links {
        assert!(OFFERS.iter().any(|(offer, _)| offer == link) || PLACES.contains(&link.as_str()), "{link}: {session}");
        assert!(target["href"].as_str().is_some_and(|href| href.starts_with("http")), "{link}: {session}");
    }
    let hosted = links.contains_key("success_url");
    assert_eq!(hosted, links.contains_key("failure_url"), "{session}");
    assert!(links.contains_key("self") && !(hosted && links.contains_key("callback_url")), "{session}");
    acts_by_status(session, &actions, hosted);
    result_by_status(session);
}

fn over(status: &str) -> bool {
    !matches!(status, "pending" | "processing" | "challenged")
}

/// Source: sessions-api.md 4.2.
fn acts_by_status(session: &Value, actions: &[&str], hosted: bool) {
    let old = session["protocol_version"] == "1.0.2";
    let known: &[&[&str]] = match (text(session, "status"), hosted) {
        (status, true) if over(status) => &[&[]],
        // Decoupled, in either kind: product.md "Decided".
        ("challenged", _) if session["response_code"] == "D" => &[&[]],
        (_, true) => &[&["redirect_cardholder"]],
        ("pending", false) if old => &[&["authenticate"]],
        ("pending", false) => {
            &[&["collect_channel_data", "issuer_fingerprint"], &["collect_channel_data"], &["issuer_fingerprint"]]
        }
        ("processing", false) => &[&[]],
        ("challenged", false) => &[&["challenge_cardholder"]],
        (_, false) if session["completed"] == true => &[&[]],
        (_, false) => &[&["complete"]],
    };
    assert!(known.contains(&actions), "{session}");
    if hosted {
        assert_eq!(session["completed"].as_bool(), Some(over(text(session, "status"))), "{session}");
    }
    assert!(session["completed"] == false || over(text(session, "status")), "{session}");
}

/// Source: sessions-api.md 4.1, 4.3, 4.5.
fn result_by_status(session: &Value) {
    let status = text(session, "status");
    let code = session["response_code"].as_str();
    let known: &[Option<&str>] = match status {
        "pending" | "processing" => &[None],
        "challenged" => &[Some("C"), Some("D")],
        _ if session["protocol_version"] == "1.0.2" => &[None],
        "approved" => &[Some("Y"), Some("I")],
        "attempted" => &[Some("A")],
        "declined" => &[Some("N"), None],
        "rejected" => &[Some("R")],
        "unavailable" => &[Some("U"), None],
        "challenge_abandoned" => &[Some("N")],
        "expired" => &[Some("N"), None],
        _ => panic!("unknown status: {session}"),
    };
    assert!(known.contains(&code), "{session}");
    let approved = matches!(status, "approved" | "attempted");
    assert_eq!(session["approved"].as_bool(), over(status).then_some(approved), "{session}");
    assert!(over(status) || session["challenged"].is_null(), "{session}");
    for member in ["status_reason", "eci", "xid", "cryptogram"] {
        assert!(over(status) || session[member].is_null(), "{member}: {session}");
    }
    assert_eq!(session["pareq"].is_string(), words(&session["next_actions"]).contains(&"authenticate"), "{session}");
    assert!(session["cryptogram"].is_null() || approved, "{session}");
    assert!(!approved || session["eci"].is_string(), "{session}");
}

#[test]
fn in_every_known_state() {
    let lab = Lab::new();
    for stage in STAGES {
        let session = (stage.reach)(&lab);
        agree(&session);
        agree(&lab.get(text(&session, "id")));
        for channel in ["browser", "app", "merchant_initiated"] {
            let bearer = lab.bearer();
            let headers = [("Authorization", bearer.as_str()), ("channel", channel)];
            agree(&request(lab.addr, "GET", &own(&session), &headers, "").json());
        }
    }
}

/// Declined in 3DS2, outside of 3DS1.
const NOT_ELIGIBLE: &str = "4539628347117863";

/// What is asked for.
#[derive(Debug, Clone)]
struct Kind {
    card: &'static str,
    hosted: bool,
    channel: Channel,
    reference: &'static str,
    amount: Option<u32>,
    callback: bool,
}

#[derive(Debug, Clone, Copy)]
enum Channel {
    None,
    Browser,
    BeforeMethod,
    App,
    Unreadable,
    MerchantInitiated,
}

impl Channel {
    fn browses(self) -> bool {
        matches!(self, Self::None | Self::Browser | Self::BeforeMethod)
    }

    fn data(self) -> Option<Value> {
        Some(match self {
            Self::None => return None,
            Self::Browser => browser(),
            Self::BeforeMethod => browser_before_method(),
            Self::App => app(),
            Self::Unreadable => unreadable_app(),
            Self::MerchantInitiated => json!({"channel": "merchant_initiated", "request_type": "add_card"}),
        })
    }
}

/// What happens then.
#[derive(Debug, Clone, Copy)]
enum Step {
    Collect(Channel),
    Report(&'static str),
    Complete,
    /// The cardholder answers whatever is asked.
    Answer {
        password: &'static str,
    },
    /// The challenge ends by the control route, or in the app.
    End(&'static str),
    /// The cardholder opens the hosted page and sends its form.
    Open,
    Wait {
        seconds: u64,
    },
}

fn kinds() -> impl Strategy<Value = Kind> {
    let cards = prop::sample::select(vec![
        CHALLENGE_CARD,
        FRICTIONLESS_CARD,
        "5385308360135181",
        "4556085951507152",
        "4485597929486000",
        NOT_ELIGIBLE,
        "4275765574319271",
        "4024007186645015",
        "4452927588210665",
        "4539929207120660",
        "5518832400606463",
        "36138956596288",
        "4309485283564188",
    ]);
    let channels = prop::sample::select(vec![
        Channel::None,
        Channel::None,
        Channel::Browser,
        Channel::BeforeMethod,
        Channel::App,
        Channel::Unreadable,
        Channel::MerchantInitiated,
    ]);
    let references =
        prop::sample::select(vec!["", "", "", "SBX:EXPIRE", "SBX:RISK", "SBX:INFO", "SBX:DECOUPLED", "SBX:V210"]);
    let amounts = prop::sample::select(vec![Some(6540), Some(6540), Some(123_321), Some(0), None]);
    (cards, any::<bool>(), channels, references, amounts, any::<bool>()).prop_map(
        |(card, hosted, channel, reference, amount, callback)| Kind {
            card,
            hosted,
            channel,
            reference,
            amount,
            callback,
        },
    )
}

fn steps() -> impl Strategy<Value = Step> {
    prop::sample::select(vec![
        Step::Collect(Channel::Browser),
        Step::Collect(Channel::Browser),
        Step::Collect(Channel::BeforeMethod),
        Step::Collect(Channel::App),
        Step::Collect(Channel::Unreadable),
        Step::Report("Y"),
        Step::Report("n"),
        Step::Report("U"),
        Step::Complete,
        Step::Complete,
        Step::Answer { password: "Checkout1!" },
        Step::Answer { password: "Checkout1!" },
        Step::Answer { password: "wrong" },
        Step::End("approve"),
        Step::End("fail"),
        Step::End("cancel"),
        Step::End("timeout"),
        Step::Open,
        Step::Wait { seconds: 1 },
        Step::Wait { seconds: 600 },
    ])
}

fn body(kind: &Kind) -> Value {
    let mut body = if kind.hosted { hosted(kind.card, Value::Null) } else { non_hosted(kind.card, Value::Null) };
    let members = body.as_object_mut().expect("an object");
    match kind.amount {
        Some(amount) => members.insert("amount".to_owned(), amount.into()),
        None => members.remove("amount"),
    };
    if !kind.reference.is_empty() {
        members.insert("reference".to_owned(), kind.reference.into());
    }
    if let Some(data) = kind.channel.data() {
        members.insert("channel_data".to_owned(), data);
    }
    if kind.callback && !kind.hosted {
        body["completion"]["callback_url"] = "https://shop.example.test/cb".into(); // recorded, never sent
    }
    body
}

/// Carries out a step. An answer that shows a session is checked; a step is allowed exactly when its link was there.
fn carry_out(lab: &Lab, before: &Value, step: Step) {
    let hosted = before["_links"]["success_url"].is_object();
    let offered = |link: &str| before["_links"][link].is_object();
    let expect = |answer: &Answer, link: &str| {
        assert_eq!(answer.status < 300, offered(link), "{link}: {answer:?} after {before}");
        assert!(answer.status < 300 || answer.status == 403, "{answer:?}");
    };
    let put = |action: &str, body: &Value| {
        let answer = lab.call("PUT", &format!("{}/{action}", own(before)), body);
        if answer.status == 200 {
            agree(&answer.json());
        }
        answer
    };
    match step {
        Step::Collect(channel) => {
            let answer = put("collect-data", &channel.data().expect("data"));
            if !hosted {
                expect(&answer, "collect_channel_data");
            }
        }
        Step::Report(value) => {
            let answer = put("issuer-fingerprint", &json!({"three_ds_method_completion": value}));
            if !hosted {
                expect(&answer, "issuer_fingerprint");
            }
        }
        Step::Complete => expect(&lab.call("POST", &format!("{}/complete", own(before)), &Value::Null), "complete"),
        Step::Answer { password } if offered("acs_url") && password == "Checkout1!" => {
            answer_three_ds1(lab, before, password);
        }
        Step::Answer { password }
            if before["3ds"]["challenge_request"].is_string() && before["status"] == "challenged" =>
        {
            lab.answer_challenge(before, password);
        }
        Step::End(result) if before["acs"]["signed_content"].is_string() && before["status"] == "challenged" => {
            assert_eq!(answer_app_challenge(lab, before, result).status / 100, 2);
        }
        Step::End(result) => {
            let answer = lab.control("POST", &format!("{}/challenge", own(before)), &json!({"result": result}));
            assert!(matches!(answer.status, 200 | 403), "{answer:?}");
            assert!(answer.status == 200 || before["status"] != "challenged", "{answer:?} after {before}");
        }
        Step::Open => {
            let page = request(lab.addr, "GET", &format!("/sessions-interceptor/{}", text(before, "id")), &[], "");
            assert!(matches!(page.status, 200 | 302 | 404), "{page:?}");
            if page.body.contains("browserUserAgent") {
                Form::with(&page, "browserUserAgent").post(lab);
            }
        }
        Step::Wait { seconds } => lab.clock.advance(Duration::from_secs(seconds)),
        Step::Answer { .. } => (),
    }
}

#[test]
fn in_every_state_that_random_callers_reach() {
    let lab = Lab::new();
    // Hours go by in this test; tokens are not its subject.
    assert_eq!(lab.control("PUT", "/settings", &json!({"token_seconds": 30_000_000})).status, 200);
    let lab = lab.with_new_token();
    let config = ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() };
    let tested = TestRunner::new(config).run(&(kinds(), vec(steps(), 0..9)), |(kind, steps)| {
        lab.events(); // nobody else reads them, and a full queue makes the sandbox wait
        let answer = lab.call("POST", "/sessions", &body(&kind));
        if answer.status == 403 {
            let codes = answer.codes();
            match codes[0].as_str() {
                // Nobody can redirect an app's or an absent cardholder.
                "hosted_not_supported_for_app" | "operation_not_allowed" => {
                    assert!(kind.hosted && !kind.channel.browses(), "{answer:?}");
                }
                code => assert_eq!((code, kind.card, kind.amount), ("card_not_eligible", NOT_ELIGIBLE, Some(123_321))),
            }
            return Ok(());
        }
        assert!(matches!(answer.status, 201 | 202), "{answer:?}");
        let created = answer.json();
        agree(&created);
        for step in steps {
            let before = lab.get(text(&created, "id"));
            agree(&before);
            carry_out(&lab, &before, step);
        }
        let last = lab.get(text(&created, "id"));
        agree(&last);
        assert_eq!(lab.get(text(&created, "id")), last, "reading changed something");
        Ok(())
    });
    if let Err(found) = tested {
        panic!("{found}");
    }
}
