use jiff::civil::date;

use super::*;
use crate::model::template::Values;

fn around(values: &Values) -> Around<'_> {
    Around { today: date(2026, 5, 3), ..Around::new(values, true) }
}

#[test]
fn the_first_draft_has_no_finding() {
    let values = Values::default();
    for completion in [Completion::Hosted, Completion::NonHosted] {
        assert_eq!(Draft::new(completion).check(&around(&values)), []);
    }
}

#[test]
fn views_of_the_last_version_still_load() {
    let old = r#"{"completion":"hosted","body":"{\"amount\": 7}","browser":"{\"language\": \"cy\"}"}"#;
    let draft: Draft = serde_json::from_str(old).expect("readable");
    assert_eq!((draft.completion, draft.channel, draft.inline), (Completion::Hosted, Channel::Browser, false));
    assert_eq!(draft.doc(Body::Session).text(), "{\"amount\": 7}");
    assert_eq!(draft.doc(Body::Browser).get("/language"), Some(&json!("cy")));
    let again: Draft = serde_json::from_str(&serde_json::to_string(&draft).expect("JSON")).expect("readable");
    assert_eq!(again, draft);
}

/// All ways through all shapes: what was typed in each is there when it comes back.
#[test]
fn nothing_typed_is_lost_when_the_shape_changes() {
    let mut draft = Draft::new(Completion::NonHosted);
    draft.doc_mut(Body::Session).set("/mine", Some(json!([1])));
    draft.doc_mut(Body::Session).set("/completion/callback_url", Some(json!("https://a.test/")));
    draft.doc_mut(Body::Browser).set("/language", Some(json!("cy")));
    draft.doc_mut(Body::App).set("/sdk_max_timeout", Some(json!(9)));
    assert!(draft.set_completion(Completion::Hosted));
    draft.doc_mut(Body::Session).set("/completion/success_url", Some(json!("https://b.test/")));
    assert!(draft.set_inline(true));
    assert_eq!(draft.doc(Body::Session).get("/channel_data/language"), Some(&json!("cy")));
    draft.doc_mut(Body::Session).set("/channel_data/language", Some(json!("gd")));
    assert!(draft.set_channel(Channel::App));
    assert_eq!(draft.doc(Body::Session).get("/channel_data/sdk_max_timeout"), Some(&json!(9)));
    assert!(draft.set_channel(Channel::MerchantInitiated));
    draft.doc_mut(Body::Session).set("/channel_data/request_type", Some(json!("top_up")));
    assert!(draft.set_inline(false));
    assert_eq!(draft.doc(Body::Session).get("/channel_data/request_type"), Some(&json!("top_up")));
    assert!(draft.set_channel(Channel::Browser));
    assert_eq!(draft.doc(Body::Session).get("/channel_data"), None);
    assert_eq!(draft.doc(Body::Browser).get("/language"), Some(&json!("gd")));
    assert_eq!(draft.doc(Body::App).get("/sdk_max_timeout"), Some(&json!(9)));
    assert!(draft.set_channel(Channel::MerchantInitiated));
    assert_eq!(draft.doc(Body::Session).get("/channel_data/request_type"), Some(&json!("top_up")));
    assert!(draft.set_completion(Completion::NonHosted));
    assert_eq!(draft.doc(Body::Session).get("/completion/callback_url"), Some(&json!("https://a.test/")));
    assert!(draft.set_completion(Completion::Hosted));
    assert_eq!(draft.doc(Body::Session).get("/completion/success_url"), Some(&json!("https://b.test/")));
    assert_eq!(draft.doc(Body::Session).get("/mine"), Some(&json!([1])));
}

#[test]
fn broken_text_stays_and_the_shape_waits_for_it() {
    let mut draft = Draft::new(Completion::NonHosted);
    let before = draft.clone();
    draft.doc_mut(Body::Session).set_text("{\"amount\":".into());
    let broken = draft.clone();
    assert!(!draft.set_completion(Completion::Hosted) && !draft.set_inline(true));
    assert!(!draft.set_channel(Channel::MerchantInitiated));
    assert_eq!(draft, broken);
    assert!(draft.set_channel(Channel::App), "the app's data stand in their own document");
    let mut inline = before;
    inline.doc_mut(Body::Browser).set_text("{\"language\":".into());
    assert!(inline.set_inline(true) && inline.set_inline(false));
    assert_eq!(inline.doc(Body::Browser).text(), "{\"language\":", "unchanged data do not overwrite what is typed");
}

#[test]
fn a_text_from_elsewhere_says_its_own_shape() {
    let mut draft = Draft::default();
    draft.open(r#"{"completion": {"type": "hosted"}, "channel_data": {"channel": "app"}}"#.into());
    assert_eq!((draft.completion, draft.channel, draft.inline), (Completion::Hosted, Channel::App, true));
    draft.open(r#"{"completion": {"type": "non-hosted"}}"#.into());
    assert_eq!((draft.completion, draft.inline), (Completion::NonHosted, false));
}
