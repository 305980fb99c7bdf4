//! The bank's pages and the hosted pages, driven by forms alone. Source: sessions-api.md 6.2, 6.3; emv-3ds.md 2.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sessions_console::bus::Event;

use crate::lab::*;

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn decoded(text: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).expect("base64url without padding")).expect("JSON")
}

fn challenged(lab: &Lab, more: Value) -> Value {
    let mut body = non_hosted(
        CHALLENGE_CARD,
        json!({
            "channel_data": browser(), "billing_descriptor": {"name": "Fern - Fable"},
            "completion": {"type": "non_hosted", "challenge_notification_url": "https://shop.example.test/cres?a=1&b=2"},
        }),
    );
    merge(&mut body, more);
    lab.create(&body)
}

#[test]
fn the_challenge_page_has_what_automation_and_people_look_for() {
    let lab = Lab::new();
    let session = challenged(&lab, Value::Null);
    let page = lab.form("/simulator/acs/challenge", &[("creq", &creq(&session)), ("threeDSSessionData", "c2hvcA")]);
    assert_eq!(page.status, 200);
    for part in [
        "3D Simulator</title>",
        "<form id=\"form\" method=\"post\"",
        "type=\"password\" id=\"password\" name=\"password\"",
        "id=\"txtButton\" class=\"primary\">Continue</button>",
        "id=\"cancelButton\"",
        ">Cancel</button>",
        "Fern - Fable",
        "$65.40",
        "•••• 4242",
        "3 tries left",
        "10:00</span> left",
        "Visa Secure",
    ] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    assert!(!page.body.contains(CHALLENGE_CARD));
    assert_eq!(hidden(&page.body, "threeDSSessionData").as_deref(), Some("c2hvcA"));
    // Frameable, and scripts only by nonce.
    assert!(page.header("X-Frame-Options").is_none());
    let policy = page
        .head
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("content-security-policy"))
        .expect("a policy");
    assert!(policy.contains("script-src 'nonce-") && policy.contains("https://shop.example.test"), "{policy}");
    let date = lab.clock.now().strftime("%-d %B %Y").to_string();
    assert!(page.body.contains(&date), "{date}");
}

#[test]
fn wrong_passwords_are_counted_and_the_third_declines() {
    let lab = Lab::new();
    let session = challenged(&lab, Value::Null);
    let creq = creq(&session);
    let answer = |interaction: &str, password: &str| {
        lab.form(
            "/simulator/acs/challenge",
            &[("creq", &creq), ("threeDSSessionData", "x"), ("interaction", interaction), ("password", password)],
        )
    };
    lab.form("/simulator/acs/challenge", &[("creq", &creq)]);
    let first = answer("0", "wrong");
    assert!(first.body.contains("2 tries left") && first.body.contains("not right"), "{}", first.body);
    // The browser's reload of the answer counts once.
    assert!(answer("0", "wrong").body.contains("2 tries left"));
    // The browser's reload of the page resumes.
    assert!(lab.form("/simulator/acs/challenge", &[("creq", &creq)]).body.contains("2 tries left"));
    assert!(answer("1", "").body.contains("1 try left"));
    let last = answer("2", "checkout1!");
    let cres = decoded(&hidden(&last.body, "cres").expect("a CRes"));
    assert_eq!(
        cres,
        json!({
            "threeDSServerTransID": session["transaction_id"], "acsTransID": session["acs"]["transaction_id"],
            "messageType": "CRes", "messageVersion": "2.2.0", "transStatus": "N",
        })
    );
    assert_eq!(
        action(&last.body, "handover").as_deref(),
        Some("https://shop.example.test/cres?a=1&amp;b=2".replace("&amp;", "&").as_str())
    );
    assert_eq!(hidden(&last.body, "threeDSSessionData").as_deref(), Some("x"));
    let session = lab.get(text(&session, "id"));
    assert_eq!((text(&session, "status"), text(&session, "response_status_reason")), ("declined", "19"));
    assert_eq!(text(&session["3ds"], "interaction_counter"), "03");
    // Reloading the last page hands over again and says nothing new.
    let said = lab.events().len();
    let again = answer("2", "Checkout1!");
    assert_eq!(hidden(&again.body, "cres"), hidden(&last.body, "cres"));
    assert!(said > 0 && lab.events().is_empty());
}

#[test]
fn cancelling_abandons_and_another_message_can_be_asked_for() {
    let lab = Lab::new();
    let session = challenged(&lab, Value::Null);
    let creq = creq(&session);
    lab.form("/simulator/acs/challenge", &[("creq", &creq)]);
    let resent = lab.form("/simulator/acs/challenge", &[("creq", &creq), ("resend", "1")]);
    assert!(resent.body.contains("again") && resent.body.contains("3 tries left"));
    let texts: Vec<_> = lab.events().into_iter().filter(|event| matches!(event, Event::PhoneMessageSent(_))).collect();
    assert_eq!(texts.len(), 2);
    let over = lab
        .form("/simulator/acs/challenge", &[("creq", &creq), ("interaction", "0"), ("password", ""), ("cancel", "1")]);
    assert_eq!(decoded(&hidden(&over.body, "cres").expect("a CRes"))["transStatus"], "N");
    let session = lab.get(text(&session, "id"));
    assert_eq!((text(&session, "status"), text(&session, "response_code")), ("challenge_abandoned", "N"));
    assert_eq!(text(&session["acs"], "challenge_cancel_reason"), "cardholder_cancel");
    assert_eq!(text(&session["acs"], "challenge_cancel_reason_code"), "01");
    assert_eq!(
        (&session["approved"], &session["challenged"], text(&session, "eci")),
        (&json!(false), &json!(true), "07")
    );
}

#[test]
fn broken_challenge_requests_get_a_readable_page_and_the_protocol_s_error() {
    let lab = Lab::new();
    let session = challenged(&lab, Value::Null);
    let good = decoded(&creq(&session));
    let with = |name: &str, value: Value| {
        let mut creq = good.clone();
        creq[name] = value;
        encoded(&creq)
    };
    let frictionless = lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": browser()})));
    let mut uncalled = good.clone();
    uncalled["threeDSServerTransID"] = frictionless["transaction_id"].clone();
    uncalled["acsTransID"] = frictionless["acs"]["transaction_id"].clone();
    for (creq, code, detail) in [
        ("!!!".to_owned(), "101", "creq"),
        (URL_SAFE_NO_PAD.encode("[]"), "101", "creq"),
        (with("messageType", json!("CRes")), "101", "messageType"),
        (with("acsTransID", Value::Null), "201", "acsTransID"),
        (with("challengeWindowSize", json!("")), "201", "challengeWindowSize"),
        (with("challengeWindowSize", json!("06")), "203", "challengeWindowSize"),
        (with("messageVersion", json!("2.1.0")), "203", "messageVersion"),
        (with("threeDSServerTransID", json!("6afa6072-9412-446b-9673-2f98b3ee98a2")), "301", "threeDSServerTransID"),
        (with("acsTransID", json!("6afa6072-9412-446b-9673-2f98b3ee98a2")), "301", "acsTransID"),
        (encoded(&uncalled), "305", "acsTransID"),
    ] {
        let page = lab.form("/simulator/acs/challenge", &[("creq", &creq)]);
        assert_eq!(page.status, 400);
        assert!(page.body.contains(&format!("Error {code}")) && page.body.contains(detail), "{code} {}", page.body);
        if let Some(erro) = hidden(&page.body, "cres") {
            let erro = decoded(&erro);
            assert_eq!(
                (text(&erro, "messageType"), text(&erro, "errorCode"), text(&erro, "errorDetail")),
                ("Erro", code, detail)
            );
        }
    }
    // Padding, and a plus that was not escaped, are taken.
    let padded = format!("{}=", creq(&session));
    assert_eq!(lab.form("/simulator/acs/challenge", &[("creq", &padded)]).status, 200);
    assert_eq!(text(&lab.get(text(&session, "id")), "status"), "challenged");
}

#[test]
fn the_cres_says_y_or_n_and_the_result_says_more() {
    let lab = Lab::new();
    for (pan, answer, status) in [
        ("4152868552773614", "N", "attempted"),
        ("4242424242424242", "Y", "approved"),
        ("4447336775378848", "N", "unavailable"),
    ] {
        let session = lab.create(&non_hosted(pan, json!({"channel_data": browser()})));
        let page = lab.answer_challenge(&session, "Checkout1!");
        assert_eq!(decoded(&hidden(&page.body, "cres").expect("a CRes"))["transStatus"], answer);
        assert_eq!(text(&lab.get(text(&session, "id")), "status"), status);
    }
}

#[test]
fn the_method_page_hands_the_transaction_back() {
    let lab = Lab::new();
    let session = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    let method = session["_links"]["three_ds_method_url"]["href"].as_str().expect("a link");
    assert_eq!(method, format!("{}/simulator/acs/3ds-method", other_site(lab.addr)));
    let data = json!({"threeDSServerTransID": session["transaction_id"], "threeDSMethodNotificationURL": "http://127.0.0.1:9000/done?x=1"});
    let page = lab.form("/simulator/acs/3ds-method", &[("threeDSMethodData", &encoded(&data))]);
    assert_eq!(page.status, 200);
    assert_eq!(action(&page.body, "notify").as_deref(), Some("http://127.0.0.1:9000/done?x=1"));
    let back = decoded(&hidden(&page.body, "threeDSMethodData").expect("data"));
    assert_eq!(back, json!({"threeDSServerTransID": session["transaction_id"]}));
    assert!(page.body.contains("<noscript>") && page.body.contains("<button type=\"submit\">"));
    for bad in [
        "",
        "!!",
        &encoded(&json!({})),
        &encoded(&json!({"threeDSServerTransID": "x", "threeDSMethodNotificationURL": "javascript:alert(1)"})),
    ] {
        assert_eq!(lab.form("/simulator/acs/3ds-method", &[("threeDSMethodData", bad)]).status, 400, "{bad}");
    }
    let facts = json!({"threeDSServerTransID": session["transaction_id"], "facts": {"timezone": "60"}});
    assert_eq!(lab.send("POST", "/simulator/acs/3ds-method/facts", "", &facts.to_string()).status, 204);
    let shown = lab.control("GET", "/sessions", &Value::Null).json();
    assert_eq!(shown["sessions"][0]["method_facts"], json!({"timezone": "60"}));
}

/// Drives a hosted session as a shopper without JavaScript does. Where it ends.
fn shop(lab: &Lab, session: &Value, password: Option<&str>) -> String {
    let start = session["_links"]["redirect_url"]["href"].as_str().expect("a link");
    let path = start.strip_prefix(&format!("http://{}", lab.addr)).expect("ours").to_owned();
    let page = request(
        lab.addr,
        "GET",
        &path,
        &[("User-Agent", "Plain/1.0"), ("Accept", "text/html"), ("Accept-Language", "de-AT,de")],
        "",
    );
    assert_eq!(page.status, 200);
    let transaction = hidden(&page.body, "threeDSServerTransID").expect("a field");
    if let Some(method) = hidden(&page.body, "threeDSMethodData") {
        let method = lab.form("/simulator/acs/3ds-method", &[("threeDSMethodData", &method)]);
        let notify = action(&method.body, "notify").expect("a form");
        let notify = notify.strip_prefix(&format!("http://{}", lab.addr)).expect("ours");
        let data = hidden(&method.body, "threeDSMethodData").expect("data");
        assert_eq!(lab.form(notify, &[("threeDSMethodData", &data)]).status, 200);
    }
    let done = hidden(&page.body, "threeDSCompInd").expect("a field");
    let answer = lab.form(
        &format!("{path}/device-information"),
        &[
            ("threeDSServerTransID", &transaction),
            ("threeDSCompInd", &done),
            ("browserScreenWidth", ""),
            ("browserUserAgent", &hidden(&page.body, "browserUserAgent").expect("a field")),
            ("browserLanguage", &hidden(&page.body, "browserLanguage").expect("a field")),
            ("browserJavaEnabled", "false"),
        ],
    );
    if answer.status == 302 {
        return answer.header("Location").expect("a place").to_owned();
    }
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.contains("name=\"cko-3ds2-iframe\""));
    let creq = hidden(&answer.body, "creq").expect("a CReq");
    let data = hidden(&answer.body, "threeDSSessionData").expect("data");
    let challenge = action(&answer.body, "challenge").expect("a form");
    let challenge = challenge.strip_prefix(&other_site(lab.addr)).expect("ours");
    let asked = lab.form(challenge, &[("creq", &creq), ("threeDSSessionData", &data)]);
    let interaction = hidden(&asked.body, "interaction").expect("a field");
    let input = password.map_or(("cancel", "1"), |password| ("password", password));
    let over =
        lab.form(challenge, &[("creq", &creq), ("threeDSSessionData", &data), ("interaction", &interaction), input]);
    let back = action(&over.body, "handover").expect("a form");
    let back = back.strip_prefix(&format!("http://{}", lab.addr)).expect("ours");
    let arrived =
        lab.form(back, &[("cres", &hidden(&over.body, "cres").expect("a CRes")), ("threeDSSessionData", &data)]);
    assert_eq!(arrived.status, 200);
    let end = request(lab.addr, "GET", &path, &[], "");
    assert_eq!(end.status, 302);
    end.header("Location").expect("a place").to_owned()
}

#[test]
fn a_hosted_session_leads_back_to_the_shop() {
    let lab = Lab::new();
    let urls = |success: &str, failure: &str| json!({"completion": {"type": "hosted", "success_url": success, "failure_url": failure}});
    let (ok, no) = ("https://shop.example.test/ok?order=1&x=#top", "https://shop.example.test/no");
    for (pan, password, start, end) in [
        (FRICTIONLESS_CARD, None, "https://shop.example.test/ok?order=1&x=&cko-session-id=", "#top"),
        ("4539628347117863", None, "https://shop.example.test/no?cko-session-id=", ""),
        (CHALLENGE_CARD, Some("Checkout1!"), "https://shop.example.test/ok?order=1&x=&cko-session-id=", "#top"),
        (CHALLENGE_CARD, None, "https://shop.example.test/no?cko-session-id=", ""),
        ("4485597929486000", Some("Checkout1!"), "https://shop.example.test/ok?order=1&x=&cko-session-id=", "#top"),
    ] {
        let session = lab.create(&hosted(pan, urls(ok, no)));
        let id = text(&session, "id");
        assert_eq!(shop(&lab, &session, password), format!("{start}{id}{end}"), "{pan}");
        // Every later visit redirects at once; the form too.
        let path = format!("/sessions-interceptor/{id}");
        assert_eq!(
            request(lab.addr, "GET", &path, &[], "").header("Location"),
            Some(format!("{start}{id}{end}").as_str())
        );
        let again = lab
            .form(&format!("{path}/device-information"), &[("threeDSServerTransID", text(&session, "transaction_id"))]);
        assert_eq!(again.status, 302);
        assert_eq!(lab.get(id)["completed"], true);
    }
    let session = lab.create(&hosted(CHALLENGE_CARD, urls("https://shop.example.test/ök?", no)));
    assert_eq!(
        shop(&lab, &session, Some("Checkout1!")),
        format!("https://shop.example.test/%C3%B6k?cko-session-id={}", text(&session, "id")),
    );
    let session = lab.create(&hosted(CHALLENGE_CARD, urls(ok, no)));
    lab.clock.advance(std::time::Duration::from_secs(900));
    let gone = request(lab.addr, "GET", &format!("/sessions-interceptor/{}", text(&session, "id")), &[], "");
    assert_eq!(gone.header("Location"), Some(format!("{no}?cko-session-id={}", text(&session, "id")).as_str()));
}

#[test]
fn the_hosted_page_reports_what_the_browser_really_did() {
    let lab = Lab::new();
    let areq = |id: &str| areq(&lab, id);
    let session = lab.create(&hosted(CHALLENGE_CARD, Value::Null));
    shop(&lab, &session, None);
    let message = areq(text(&session, "id"));
    assert_eq!((text(&message, "threeDSCompInd"), text(&message, "browserLanguage")), ("Y", "de-AT"));
    assert_eq!(
        (&message["browserJavascriptEnabled"], text(&message, "browserUserAgent")),
        (&json!(false), "Plain/1.0")
    );
    // Without the method: `N`. Without a method page: `U`.
    for (pan, done) in [(CHALLENGE_CARD, "N"), ("4485597929486000", "U")] {
        let session = lab.create(&hosted(pan, Value::Null));
        let path = format!("/sessions-interceptor/{}", text(&session, "id"));
        let page = request(lab.addr, "GET", &path, &[], "");
        assert_eq!(hidden(&page.body, "threeDSCompInd").as_deref(), Some(done));
        let fields = [
            ("threeDSServerTransID", text(&session, "transaction_id")),
            ("threeDSCompInd", done),
            ("browserScreenWidth", "1920"),
            ("browserScreenHeight", "1080"),
            ("browserColorDepth", "24"),
            ("browserUserAgent", "Mozilla/5.0"),
            ("browserLanguage", "en-GB"),
            ("browserTZ", "-60"),
            ("browserJavaEnabled", "true"),
        ];
        lab.form(&format!("{path}/device-information"), &fields);
        let message = areq(text(&session, "id"));
        assert_eq!((text(&message, "threeDSCompInd"), &message["browserJavascriptEnabled"]), (done, &json!(true)));
        assert_eq!((text(&message, "browserTZ"), &message["browserJavaEnabled"]), ("-60", &json!(true)));
    }
    let session = lab.create(&hosted(CHALLENGE_CARD, Value::Null));
    let path = format!("/sessions-interceptor/{}", text(&session, "id"));
    assert_eq!(lab.form(&format!("{path}/device-information"), &[("threeDSServerTransID", "x")]).status, 400);
    assert_eq!(lab.form(&format!("{path}/3ds-method-notification"), &[("threeDSMethodData", "x")]).status, 400);
    assert_eq!(lab.form(&format!("{path}/challenge-response"), &[("cres", "x")]).status, 400);
}

#[test]
fn a_hosted_session_with_a_callback_calls_back_when_it_is_over() {
    let lab = Lab::new();
    let merchant = Merchant::answering(&[200]);
    let session = lab.create(&hosted(CHALLENGE_CARD, json!({"completion": {
        "type": "hosted", "success_url": "https://shop.example.test/ok", "failure_url": "https://shop.example.test/no",
        "callback_url": merchant.url,
    }})));
    shop(&lab, &session, Some("Checkout1!"));
    let (_, body) = merchant.next();
    assert_eq!((&body["session_id"], text(&body, "status")), (&session["id"], "approved"));
}

#[test]
fn a_forged_cres_decides_nothing() {
    let lab = Lab::new();
    let session = lab.create(&hosted(CHALLENGE_CARD, Value::Null));
    lab.call("PUT", &format!("/sessions/{}/collect-data", text(&session, "id")), &browser());
    let forged =
        encoded(&json!({"messageType": "CRes", "transStatus": "Y", "threeDSServerTransID": session["transaction_id"]}));
    let path = format!("/sessions-interceptor/{}", text(&session, "id"));
    assert_eq!(lab.form(&format!("{path}/challenge-response"), &[("cres", &forged)]).status, 200);
    assert_eq!(text(&lab.get(text(&session, "id")), "status"), "challenged");
    assert_eq!(request(lab.addr, "GET", &path, &[], "").status, 200, "still the challenge");
}

#[test]
fn text_of_the_request_cannot_leave_its_place_in_a_page() {
    let lab = Lab::new();
    let session = challenged(&lab, Value::Null);
    let hostile = "\"><script>alert(1)</script>";
    let page = lab.form("/simulator/acs/challenge", &[("creq", &creq(&session)), ("threeDSSessionData", hostile)]);
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    let data = json!({"threeDSServerTransID": "</script><script>alert(1)</script>", "threeDSMethodNotificationURL": "http://127.0.0.1:1/\"><script>"});
    let page = lab.form("/simulator/acs/3ds-method", &[("threeDSMethodData", &encoded(&data))]);
    assert!(!page.body.contains("<script>alert") && !page.body.contains("\"><script>"), "{}", page.body);
}
