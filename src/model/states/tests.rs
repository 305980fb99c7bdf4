use serde_json::{Value, json};

use super::*;

fn view(status: &str, actions: &[&str], more: Value) -> Session {
    let mut raw = json!({"id": "sid_x", "status": status, "next_actions": actions});
    for (name, value) in more.as_object().into_iter().flatten() {
        raw[name] = value.clone();
    }
    Session::read(raw.to_string().as_bytes()).expect("a session")
}

const BROWSER: Shape = Shape { completion: Completion::NonHosted, channel: Channel::Browser, legacy: false };
const HOSTED: Shape = Shape { completion: Completion::Hosted, ..BROWSER };

/// Each arrow of the diagram is allowed, and so is each chain of them; nothing else is.
#[test]
fn what_is_allowed_is_what_the_arrows_reach() {
    let arrows = arrows();
    let mut starts: Vec<Option<&Status>> = vec![None];
    starts.extend(ALL.iter().map(Some));
    for from in starts {
        let mut reached: Vec<&Status> = Vec::new();
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            for arrow in arrows.iter().filter(|arrow| arrow.from == at) {
                if !reached.contains(&arrow.to) {
                    reached.push(arrow.to);
                    open.push(Some(arrow.to));
                }
            }
        }
        for to in ALL.iter().filter(|to| from != Some(*to)) {
            // An answer to the creation cannot have waited for anybody.
            let waited = from.is_none() && matches!(to, Status::Expired | Status::ChallengeAbandoned);
            assert_eq!(allowed(from, to), reached.contains(&to) && !waited, "{from:?} to {to}");
        }
    }
}

#[test]
fn a_word_outside_the_contract_is_no_state_of_it_and_what_follows_cannot_be_judged() {
    let other = Status::Other("on_hold".into());
    assert!(!allowed(Some(&Status::Pending), &other));
    assert!(allowed(Some(&other), &Status::Approved));
    assert!(allowed(Some(&Status::Approved), &Status::Approved));
    assert!(!allowed(Some(&Status::Approved), &Status::Challenged));
    assert!(!allowed(Some(&Status::Challenged), &Status::Pending));
}

#[test]
fn what_can_come_next_depends_on_the_kind_of_session() {
    let words = |from: Option<&Status>, shape| -> Vec<String> {
        next(from, shape).iter().map(|status| status.word().to_owned()).collect()
    };
    assert_eq!(words(Some(&Status::Pending), BROWSER), ["processing", "expired"]);
    let legacy = Shape { legacy: true, ..BROWSER };
    assert_eq!(words(Some(&Status::Pending), legacy), ["approved", "attempted", "declined", "unavailable", "expired"]);
    let initiated = Shape { channel: Channel::MerchantInitiated, ..BROWSER };
    assert_eq!(words(None, initiated), ["processing"]);
    assert!(!words(Some(&Status::Processing), initiated).contains(&"challenged".to_owned()));
    assert!(words(Some(&Status::Approved), BROWSER).is_empty());
}

/// The table of sessions-api.md 4.1, cell by cell.
#[test]
fn the_table_of_actions_holds_cell_by_cell() {
    let state = "update_not_allowed_due_to_state";
    let no_url = "three_ds_method_not_supported_without_url";
    let ok = Ruling::Allowed;
    let no = |code| Ruling::Refused(403, code);
    let busy = || Ruling::Refused(409, "session_already_in_use");
    let both = ["issuer_fingerprint", "collect_channel_data"];
    let legacy = Shape { legacy: true, ..BROWSER };
    let app = Shape { channel: Channel::App, ..BROWSER };
    type Cells<'a> = (&'a str, &'a [&'a str], Value, Shape, [Ruling; 3]);
    let rows: [Cells; 10] = [
        ("pending", &both, json!({}), BROWSER, [ok(200), ok(200), no(state)]),
        ("pending", &["collect_channel_data"], json!({}), BROWSER, [ok(200), no(no_url), no(state)]),
        ("pending", &["issuer_fingerprint"], json!({}), BROWSER, [no(state), ok(200), no(state)]),
        ("pending", &["redirect_cardholder"], json!({}), HOSTED, [ok(200), ok(200), no(state)]),
        ("pending", &["authenticate"], json!({}), legacy, [no(state), no(state), no(state)]),
        (
            "pending",
            &["collect_channel_data"],
            json!({}),
            app,
            [ok(200), no("three_ds_method_not_supported_for_app"), no(state)],
        ),
        ("processing", &[], json!({}), BROWSER, [busy(), busy(), busy()]),
        ("challenged", &["challenge_cardholder"], json!({}), BROWSER, [no(state), no(state), no(state)]),
        ("approved", &["complete"], json!({"completed": false}), BROWSER, [no(state), no(state), ok(204)]),
        ("approved", &[], json!({"completed": true}), HOSTED, [no(state), no(state), no(state)]),
    ];
    for (status, actions, more, shape, expected) in rows {
        let calls = calls(Some(&view(status, actions, more)), shape);
        for (step, ruling) in [Step::Collect, Step::Fingerprint, Step::Complete].into_iter().zip(expected) {
            let call = calls.iter().find(|call| call.step == step).expect("listed");
            assert_eq!(call.ruling, ruling, "{step} in {status} of {}", shape.name());
            assert!(!call.why.is_empty() && call.paragraph.starts_with("Sessions API"), "{call:?}");
        }
    }
}

#[test]
fn a_completed_session_is_not_completed_again_and_only_a_good_one_can_be_spent() {
    let of = |status: &str, step: Step| {
        let view = view(status, &[], json!({"completed": true}));
        calls(Some(&view), BROWSER).into_iter().find(|call| call.step == step).expect("listed").ruling
    };
    assert_eq!(of("declined", Step::Complete), Ruling::Refused(403, "update_not_allowed_due_to_state"));
    assert_eq!(of("declined", Step::Authorise), Ruling::Refused(422, "authentication_id_invalid"));
    assert_eq!(of("attempted", Step::Authorise), Ruling::Allowed(201));
}

#[test]
fn a_challenge_names_who_carries_it() {
    let called = |channel| {
        let view = view("challenged", &["challenge_cardholder"], json!({}));
        let calls = calls(Some(&view), Shape { channel, ..BROWSER });
        let call = calls.into_iter().find(|call| call.step == Step::Challenge).expect("offered");
        (call.wire, call.why)
    };
    let (wire, why) = called(Channel::App);
    assert!(wire.contains("acs.signed_content") && why.contains("SDK") && why.contains("simulated device"), "{why}");
    assert!(called(Channel::Browser).0.contains("acs.url"));
}

#[test]
fn every_state_explains_itself_in_every_shape() {
    for status in ALL.iter().chain([&Status::Other("on_hold".into())]) {
        for channel in Channel::ALL {
            for (completion, legacy) in [(Completion::Hosted, false), (Completion::NonHosted, true)] {
                let shape = Shape { completion, channel, legacy };
                let about = about(status, shape);
                assert_eq!(about.never.is_some(), !shape.knows(status));
                for words in [about.means, about.waits_for, about.moved_by, about.short] {
                    assert!(!words.is_empty() && !words.ends_with('.'), "{status}: {words}");
                }
            }
        }
    }
}
