use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::model::run::What;

fn file(entries: &[Value]) -> Recording {
    read(json!({ "log": { "entries": entries } }).to_string().as_bytes()).expect("a recording")
}

fn entry(ms: u32, method: &str, url: &str, body: Value, answer: Value) -> Value {
    json!({
        "startedDateTime": format!("2026-11-28T15:00:00.{ms:03}Z"), "time": 5,
        "request": { "method": method, "url": url, "headers": [], "postData": { "text": body } },
        "response": { "status": 200, "headers": [], "content": { "text": answer } },
    })
}

fn session(id: &str) -> Value {
    json!(json!({ "id": id, "status": "pending", "next_actions": [] }).to_string())
}

#[test]
fn tokens_go_to_the_session_that_follows() {
    let token = |ms| entry(ms, "POST", "https://a.example/connect/token", json!("client_secret=s3cret"), json!("{}"));
    let create = |ms, id| entry(ms, "POST", "https://a.example/sessions", json!("{}"), session(id));
    let recording = file(&[token(0), create(1, "sid_a"), token(2), create(3, "sid_b"), token(4)]);
    let steps = |run: &Run| {
        let step = |what: &What| if let What::Exchange(exchange) = what { Some(exchange.step) } else { None };
        run.entries.iter().filter_map(|entry| step(&entry.what)).collect::<Vec<_>>()
    };
    let all: Vec<Vec<Step>> = recording.runs.iter().map(steps).collect();
    assert_eq!(all, [vec![Step::Token, Step::Create], vec![Step::Token, Step::Create, Step::Token]]);
    assert_eq!(recording.runs[1].started.mono, Duration::from_millis(2));
    assert!(!format!("{recording:?}").contains("s3cret"));
}

#[test]
fn the_parts_of_an_entrys_time_add_up() {
    let timings = file::Timings {
        blocked: Some(1.0),
        dns: Some(-1.0),
        connect: Some(10.0),
        send: Some(0.5),
        wait: Some(20.0),
        receive: Some(f64::NAN),
    };
    let timing = timing(None, Some(&timings));
    let ms = Duration::from_micros;
    let expected = Timing { connect: Some(ms(11_000)), wait: ms(20_500), download: ms(0), total: ms(31_500) };
    assert_eq!(timing, expected);
    assert_eq!(super::timing(Some(7.25), None).total, ms(7_250));
}

#[test]
fn a_callback_is_a_delivery_and_a_payment_belongs_to_its_session() {
    let recording = file(&[
        entry(0, "POST", "https://a.example/sessions", json!("{}"), session("sid_a")),
        entry(1, "POST", "https://a.example/sessions", json!("{}"), session("sid_b")),
        entry(2, "POST", "https://shop.example/hook", session("sid_a"), json!("")),
        entry(3, "POST", "https://a.example/payments", json!(r#"{"3ds":{"authentication_id":"sid_a"}}"#), json!("{}")),
        entry(4, "POST", "https://a.example/payments", json!(r#"{"amount":1}"#), json!("{}")),
    ]);
    assert_eq!(recording.runs[0].entries.len(), 3);
    assert!(
        matches!(&recording.runs[0].entries[1].what, What::Delivery(delivery) if delivery.kind == DeliveryKind::Callback)
    );
    assert_eq!((recording.runs[1].entries.len(), recording.others), (1, 1));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,200}") {
        read(text.as_bytes()).ok();
    }

    #[test]
    fn any_entries_are_read(
        method in "(GET|POST|PUT|.{0,4})",
        path in "(/sessions(/sid_a(/complete|/collect-data)?)?|/connect/token|/payments|.{0,20})",
        body in "((creq|cres|threeDSMethodData|PaRes)=[A-Za-z0-9=%]{0,40}|(?s).{0,40})",
        answer in "(\\{\"id\":\"sid_a\",\"status\":\"[a-z]{0,8}\"\\}|(?s).{0,40})",
        ms in 0..1000_u32,
    ) {
        let one = entry(ms, &method, &format!("https://a.example{path}"), json!(body), json!(answer));
        let recording = file(&[one.clone(), one.clone(), one]);
        for run in &recording.runs {
            crate::export::text::aligned(&crate::export::text::lines(run), str::to_owned);
        }
    }

    #[test]
    fn nothing_that_the_redactor_knows_comes_through(digits in "4[0-9]{14}", name in "(cvv|password|access_token)") {
        let luhn = |text: &String| crate::model::secret::luhn(text.as_bytes());
        let card = (0..10).map(|last| format!("{digits}{last}")).find(luhn).expect("one of ten");
        prop_assume!(!crate::model::cards::is_test_number(&card));
        let body = json!({ "source": { "number": card }, "completion": { "type": "hosted" }, name: "hush-hush" });
        let one = entry(0, "POST", "https://a.example/sessions", json!(body.to_string()), session("sid_a"));
        let read = format!("{:?}", file(&[one]));
        prop_assert!(!read.contains(&card) && !read.contains("hush-hush"));
    }
}
