//! Every state a session can be in, how a caller brings it there, and what may be done then.
//! Source: sessions-api.md 4.1, 7.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::*;
use crate::lab::*;

/// The action table's columns.
pub const ACTIONS: [&str; 3] = ["collect-data", "issuer-fingerprint", "complete"];

/// A state, by a caller's hands.
pub struct Stage {
    pub name: &'static str,
    pub reach: fn(&Lab) -> Value,
    /// The answer to each of [`ACTIONS`].
    pub may: [u16; 3],
}

const WITHOUT_METHOD: &str = "4556085951507152";
const NOTHING: [u16; 3] = [403, 403, 403];
const COMPLETE: [u16; 3] = [403, 403, 204];

/// All of them but `processing`, which passes.
pub const STAGES: &[Stage] = &[
    Stage { name: "waits for data", reach: waiting, may: [200, 200, 403] },
    Stage { name: "waits for data, no method page", reach: waiting_without_method, may: [200, 403, 403] },
    Stage { name: "waits for data of an app", reach: app_waiting, may: [200, 403, 403] },
    // 4.2 takes the action away once the result is there, so there is no second report.
    Stage { name: "waits for data, reported", reach: reported, may: [200, 403, 403] },
    Stage { name: "waits for the report", reach: unreported, may: [403, 200, 403] },
    Stage { name: "hosted, waits", reach: hosted_waiting, may: [200, 200, 403] },
    Stage { name: "hosted, waits, no method page", reach: hosted_without_method, may: [200, 403, 403] },
    Stage { name: "3DS1", reach: three_ds1, may: NOTHING },
    Stage { name: "hosted 3DS1", reach: hosted_three_ds1, may: NOTHING },
    Stage { name: "challenged", reach: challenged, may: NOTHING },
    Stage { name: "app, challenged", reach: app_challenged, may: NOTHING },
    Stage { name: "hosted, challenged", reach: hosted_challenged, may: NOTHING },
    Stage { name: "decoupled", reach: |lab| inline(lab, CHALLENGE_CARD, "SBX:DECOUPLED"), may: NOTHING },
    Stage { name: "approved", reach: |lab| inline(lab, FRICTIONLESS_CARD, ""), may: COMPLETE },
    Stage { name: "approved by challenge", reach: |lab| answered(lab, CHALLENGE_CARD), may: COMPLETE },
    Stage { name: "attempted", reach: |lab| inline(lab, "5558468902774508", ""), may: COMPLETE },
    Stage { name: "declined", reach: |lab| inline(lab, "4539628347117863", ""), may: COMPLETE },
    Stage { name: "rejected", reach: |lab| inline(lab, "4275765574319271", ""), may: COMPLETE },
    Stage { name: "unavailable", reach: |lab| inline(lab, "4024007186645015", ""), may: COMPLETE },
    Stage { name: "error", reach: |lab| inline(lab, "4452927588210665", ""), may: COMPLETE },
    Stage { name: "error by challenge", reach: |lab| answered(lab, "4539929207120660"), may: COMPLETE },
    Stage { name: "abandoned", reach: |lab| ended(lab, "cancel"), may: COMPLETE },
    Stage { name: "timed out", reach: |lab| ended(lab, "timeout"), may: COMPLETE },
    Stage { name: "expired", reach: expired, may: COMPLETE },
    Stage { name: "too risky", reach: |lab| inline(lab, CHALLENGE_CARD, "SBX:RISK"), may: COMPLETE },
    Stage { name: "3DS1, too risky", reach: three_ds1_too_risky, may: COMPLETE },
    Stage { name: "for information", reach: |lab| inline(lab, CHALLENGE_CARD, "SBX:INFO"), may: COMPLETE },
    Stage { name: "app, unreadable", reach: app_unreadable, may: COMPLETE },
    Stage { name: "app, approved", reach: app_approved, may: COMPLETE },
    Stage { name: "3DS1, approved", reach: three_ds1_approved, may: COMPLETE },
    Stage { name: "merchant-initiated", reach: merchant_initiated, may: COMPLETE },
    Stage { name: "merchant-initiated again", reach: merchant_initiated_again, may: COMPLETE },
    Stage { name: "hosted, approved", reach: |lab| hosted_ended(lab, FRICTIONLESS_CARD), may: NOTHING },
    Stage { name: "hosted, declined", reach: |lab| hosted_ended(lab, "4539628347117863"), may: NOTHING },
    Stage { name: "hosted, expired", reach: hosted_expired, may: NOTHING },
    Stage { name: "completed", reach: completed, may: NOTHING },
];

/// An action with good data.
pub fn act(lab: &Lab, session: &Value, action: &str, authorization: &str) -> Answer {
    let path = format!("{}/{action}", own(session));
    match action {
        "collect-data" => lab.send("PUT", &path, authorization, &browser().to_string()),
        "issuer-fingerprint" => lab.send("PUT", &path, authorization, r#"{"three_ds_method_completion":"Y"}"#),
        _ => lab.send("POST", &path, authorization, ""),
    }
}

fn acted(lab: &Lab, session: &Value, action: &str) -> Value {
    let answer = act(lab, session, action, &lab.bearer());
    assert!(answer.status < 300, "{answer:?}");
    lab.get(text(session, "id"))
}

fn inline(lab: &Lab, card: &str, reference: &str) -> Value {
    let mut more = json!({"channel_data": browser()});
    if !reference.is_empty() {
        more["reference"] = reference.into();
    }
    lab.create(&non_hosted(card, more))
}

fn waiting(lab: &Lab) -> Value {
    lab.create(&non_hosted(CHALLENGE_CARD, Value::Null))
}

fn waiting_without_method(lab: &Lab) -> Value {
    lab.create(&non_hosted(WITHOUT_METHOD, Value::Null))
}

fn reported(lab: &Lab) -> Value {
    acted(lab, &waiting(lab), "issuer-fingerprint")
}

fn unreported(lab: &Lab) -> Value {
    lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser_before_method()})))
}

fn hosted_waiting(lab: &Lab) -> Value {
    lab.create(&hosted(FRICTIONLESS_CARD, Value::Null))
}

fn hosted_without_method(lab: &Lab) -> Value {
    lab.create(&hosted(WITHOUT_METHOD, Value::Null))
}

fn three_ds1(lab: &Lab) -> Value {
    lab.create(&non_hosted(CHALLENGE_CARD, json!({"amount": 123_321})))
}

fn hosted_three_ds1(lab: &Lab) -> Value {
    lab.create(&hosted(CHALLENGE_CARD, json!({"amount": 123_321})))
}

fn three_ds1_too_risky(lab: &Lab) -> Value {
    lab.create(&non_hosted(CHALLENGE_CARD, json!({"amount": 123_321, "reference": "SBX:RISK"})))
}

fn three_ds1_approved(lab: &Lab) -> Value {
    let session = three_ds1(lab);
    answer_three_ds1(lab, &session, "Checkout1!");
    lab.get(text(&session, "id"))
}

fn challenged(lab: &Lab) -> Value {
    inline(lab, CHALLENGE_CARD, "")
}

fn answered(lab: &Lab, card: &str) -> Value {
    let session = inline(lab, card, "");
    lab.answer_challenge(&session, "Checkout1!");
    lab.get(text(&session, "id"))
}

fn ended(lab: &Lab, result: &str) -> Value {
    let session = challenged(lab);
    let answer = lab.control("POST", &format!("{}/challenge", own(&session)), &json!({"result": result}));
    assert_eq!(answer.status, 200, "{answer:?}");
    lab.get(text(&session, "id"))
}

fn expired(lab: &Lab) -> Value {
    let session = lab.create(&non_hosted(CHALLENGE_CARD, json!({"reference": "SBX:EXPIRE"})));
    lab.clock.advance(Duration::from_secs(2));
    lab.get(text(&session, "id"))
}

/// An app that has not said anything of itself yet (10, Q21).
fn app_waiting(lab: &Lab) -> Value {
    lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": {"channel": "app"}})))
}

fn app_challenged(lab: &Lab) -> Value {
    lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": app()})))
}

fn app_unreadable(lab: &Lab) -> Value {
    lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": unreadable_app()})))
}

fn app_approved(lab: &Lab) -> Value {
    let session = app_challenged(lab);
    let answer = answer_app_challenge(lab, &session, "approve");
    assert!(answer.status < 300, "{answer:?}");
    lab.get(text(&session, "id"))
}

fn merchant_initiated(lab: &Lab) -> Value {
    let data = json!({"channel": "merchant_initiated", "request_type": "recurring_transaction"});
    lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": data})))
}

fn merchant_initiated_again(lab: &Lab) -> Value {
    let earlier = inline(lab, FRICTIONLESS_CARD, "");
    let data = json!({"channel": "merchant_initiated", "request_type": "recurring_transaction"});
    let initial = json!({"initial_session_id": earlier["id"]});
    lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": data, "initial_transaction": initial})))
}

fn hosted_challenged(lab: &Lab) -> Value {
    acted(lab, &lab.create(&hosted(CHALLENGE_CARD, Value::Null)), "collect-data")
}

fn hosted_ended(lab: &Lab, card: &str) -> Value {
    acted(lab, &lab.create(&hosted(card, Value::Null)), "collect-data")
}

fn hosted_expired(lab: &Lab) -> Value {
    let session = lab.create(&hosted(CHALLENGE_CARD, json!({"reference": "SBX:EXPIRE"})));
    lab.clock.advance(Duration::from_secs(2));
    lab.get(text(&session, "id"))
}

fn completed(lab: &Lab) -> Value {
    acted(lab, &inline(lab, FRICTIONLESS_CARD, ""), "complete")
}
