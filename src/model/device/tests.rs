use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn transaction(version: &str) -> Transaction {
    let of = |letter: &str| format!("{0}{0}{0}{0}{0}{0}{0}{0}-0000-4000-8000-000000000000", letter);
    Transaction { version: version.into(), server: of("1"), acs: of("2"), sdk: of("3"), app_url: None }
}

/// A CRes with these members beside those that all have; `null` takes one away.
fn cres(version: &str, members: &Value) -> Vec<u8> {
    let of = transaction(version);
    let mut body = json!({
        "messageType": "CRes", "messageVersion": version, "threeDSServerTransID": of.server,
        "acsTransID": of.acs, "sdkTransID": of.sdk, "acsCounterAtoS": "000", "challengeCompletionInd": "N",
    });
    for (name, value) in members.as_object().expect("an object") {
        if value == "(none)" {
            body.as_object_mut().expect("an object").remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    body.to_string().into_bytes()
}

fn text() -> Value {
    json!({
        "acsUiType": "01", "challengeInfoHeader": "Confirm it is you", "challengeInfoLabel": "Code",
        "challengeInfoText": "Enter the code", "submitAuthenticationLabel": "Submit",
        "resendInformationLabel": "Resend code", "whyInfoLabel": "Why?", "whyInfoText": "To be safe",
    })
}

fn with(mut base: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().expect("an object") {
        base[name] = value.clone();
    }
    base
}

fn read_as(version: &str, members: &Value) -> Result<Cres, Flaw> {
    read(&cres(version, members), &transaction(version), 0)
}

fn ui(version: &str, members: &Value) -> Ui {
    match read_as(version, members).map(|cres| cres.says) {
        Ok(Says::Asks(ui)) => *ui,
        other => panic!("{other:?}"),
    }
}

fn refused(version: &str, members: &Value) -> (&'static str, String) {
    read_as(version, members)
        .map(|cres| panic!("taken: {cres:?}"))
        .map_err(|flaw| (flaw.code, flaw.detail))
        .unwrap_err()
}

#[test]
fn a_text_screen_of_2_2_0_is_read() {
    let ui = ui("2.2.0", &with(text(), &json!({"whitelistingInfoText": "Trust?", "challengeInfoTextIndicator": "Y"})));
    assert_eq!((ui.kind, ui.label.as_deref(), ui.submit.as_deref()), (UiKind::Text, Some("Code"), Some("Submit")));
    assert_eq!(ui.why, Some(("Why?".into(), "To be safe".into())));
    assert_eq!((ui.trust.as_deref(), ui.warning, ui.boxes.len()), (Some("Trust?"), true, 1));
    assert_eq!(ui.boxes[0].longest, 45);
}

#[test]
fn a_text_screen_of_2_3_1_has_boxes_of_its_own() {
    let boxes = json!({
        "challengeInfoLabel": "(none)",
        "challengeEntryBox": {"challengeEntryLabel": "Code", "challengeEntryKeyboard": "01",
            "challengeEntryLengthMax": "06", "challengeEntryMasking": "Y"},
        "challengeEntryBoxTwo": {"challengeEntryLabel": "Name"},
        "challengeAddCodeLabel": "Other way", "trustListInfoText": "Trust?", "deviceBindingInfoText": "Bind?",
        "issuerImage": {"default": "https://bank.test/a.svg"},
    });
    let ui = ui("2.3.1", &with(text(), &boxes));
    let [code, name] = &ui.boxes[..] else { panic!("{:?}", ui.boxes) };
    assert_eq!((code.digits, code.longest, code.masked), (true, 6, true));
    assert_eq!((name.digits, name.longest, name.label.as_deref()), (false, 45, Some("Name")));
    assert_eq!((ui.trust.as_deref(), ui.binding.as_deref()), (Some("Trust?"), Some("Bind?")));
    assert_eq!(ui.issuer_image.as_deref(), Some("https://bank.test/a.svg"));
    assert_eq!(refused("2.3.1", &text()), ("201", "challengeEntryBox".into()));
    let wrong = with(text(), &json!({"challengeEntryBox": {"challengeEntryLengthMax": "46"}}));
    assert_eq!(refused("2.3.1", &wrong), ("203", "challengeEntryBox".into()));
}

#[test]
fn what_is_missing_empty_or_too_long_is_named() {
    for (members, code, detail) in [
        (json!({"challengeInfoHeader": "(none)"}), "201", "challengeInfoHeader"),
        (json!({"challengeInfoHeader": "", "challengeInfoText": null}), "201", "challengeInfoHeader,challengeInfoText"),
        (json!({"resendInformationLabel": ""}), "203", "resendInformationLabel"),
        (json!({"challengeInfoHeader": "x".repeat(46)}), "203", "challengeInfoHeader"),
        (json!({"challengeInfoText": "ü".repeat(351)}), "203", "challengeInfoText"),
        (json!({"challengeInfoTextIndicator": "yes"}), "203", "challengeInfoTextIndicator"),
        (json!({"challengeCompletionInd": "J"}), "203", "challengeCompletionInd"),
        (json!({"acsUiType": "(none)"}), "201", "acsUiType"),
        (json!({"acsUiType": "07"}), "203", "acsUiType"),
        (json!({"acsUiType": "99"}), "203", "acsUiType"),
        (json!({"transStatus": "Y"}), "203", "transStatus"),
        (json!({"messageVersion": "2.1.0"}), "203", "messageVersion"),
        (json!({"messageType": "RRes"}), "101", "messageType"),
        (json!({"acsTransID": "f0f0f0f0-0000-4000-8000-000000000000"}), "301", "acsTransID"),
        (json!({"sdkTransID": "(none)"}), "201", "sdkTransID"),
        (json!({"acsCounterAtoS": "0"}), "203", "acsCounterAtoS"),
        (json!({"acsCounterAtoS": "002"}), "302", "acsCounterAtoS is 002, 000 was due"),
    ] {
        assert_eq!(refused("2.2.0", &with(text(), &members)), (code, detail.to_owned()), "{members}");
    }
    let all = with(text(), &json!({"challengeInfoText": "ü".repeat(350), "challengeInfoLabel": " "}));
    assert!(read_as("2.2.0", &all).is_ok(), "characters count, not bytes, and a blank is a label");
    assert_eq!(read(b"[]", &transaction("2.2.0"), 0), Err(Flaw::new("101", "not a JSON object")));
    let twice = br#"{"messageType":"CRes","acsUiType":"01","acsUiType":"02"}"#;
    assert_eq!(read(twice, &transaction("2.2.0"), 0), Err(Flaw::new("204", "acsUiType")));
}

#[test]
fn no_counter_comes_after_255() {
    let numbered = |number: &str| cres("2.2.0", &with(text(), &json!({"acsCounterAtoS": number})));
    assert!(read(&numbered("255"), &transaction("2.2.0"), 255).is_ok());
    for number in ["256", "000"] {
        let refused = read(&numbered(number), &transaction("2.2.0"), 256);
        assert_eq!(refused, Err(Flaw::new("302", "acsCounterAtoS has run over 255")));
    }
}

#[test]
fn choices_have_keys_of_the_version() {
    let select = |info: Value| with(text(), &json!({"acsUiType": "02", "challengeSelectInfo": info}));
    let long = json!([{"phone-by-text-message": "Text"}, {"mail": "E-mail"}]);
    let read = ui("2.2.0", &select(long.clone()));
    assert_eq!(read.choices, [("phone-by-text-message".into(), "Text".into()), ("mail".into(), "E-mail".into())]);
    assert!(read.boxes.is_empty() && read.resend.is_none());
    for (version, info, code) in [
        ("2.3.1", long, "203"),
        ("2.2.0", json!([]), "203"),
        ("2.2.0", json!({"a": "b"}), "203"),
        ("2.2.0", json!([{"a": "b", "c": "d"}]), "203"),
        ("2.2.0", json!([{"a": 1}]), "203"),
        ("2.2.0", json!([{"a": "b"}, {"a": "c"}]), "204"),
        ("2.2.0", json!([{"a".repeat(23): "b"}, {"b".repeat(23): "c"}]), "203"),
        ("2.3.1", Value::Array((0..9).map(|n| json!({n.to_string(): "x"})).collect()), "203"),
    ] {
        assert_eq!(refused(version, &select(info.clone())), (code, "challengeSelectInfo".into()), "{version} {info}");
    }
}

#[test]
fn out_of_band_needs_one_way_on() {
    let oob = with(text(), &json!({"acsUiType": "04", "submitAuthenticationLabel": "(none)"}));
    assert_eq!(refused("2.2.0", &oob), ("201", "oobContinueLabel".into()));
    let read = ui("2.2.0", &with(oob.clone(), &json!({"oobContinueLabel": "Continue"})));
    assert_eq!((read.kind, read.oob_continue.as_deref()), (UiKind::OutOfBand, Some("Continue")));
    let app = ui("2.3.1", &with(oob, &json!({"oobAppLabel": "Open", "oobAppURL": "https://bank.test/app"})));
    assert_eq!(app.oob_app_url.as_deref(), Some("https://bank.test/app"));
}

#[test]
fn the_issuers_page_is_read_in_either_base64_and_told_of() {
    let html = "<form action=\"HTTPS://EMV3DS/challenge\"><p>Straße??>></p></form>";
    let page = |text: String| json!({"acsUiType": "05", "acsHTML": text});
    let clean = read_as("2.2.0", &page(BASE64_URL_SAFE_NO_PAD.encode(html))).expect("a page");
    assert_eq!(clean.findings, Vec::<String>::new());
    let tolerated = read_as("2.2.0", &page(BASE64_STANDARD.encode(html))).expect("a page");
    assert!(tolerated.findings[0].starts_with("L44"), "{:?}", tolerated.findings);
    let Says::Asks(ui) = tolerated.says else { panic!("a screen") };
    assert_eq!(ui.html.as_deref(), Some(html));
    let script = read_as("2.2.0", &page(BASE64_URL_SAFE_NO_PAD.encode("<SCRIPT>1</SCRIPT>"))).expect("a page");
    let said = script.findings.join("; ");
    assert!(said.contains("L44: acsHTML: Left out: 1 script") && said.contains("no form"), "{said}");
    for bad in ["*", "", " "] {
        assert_eq!(refused("2.2.0", &page(bad.into())).1, "acsHTML");
    }
    assert_eq!(refused("2.2.0", &json!({"acsUiType": "06", "acsHTML": "PGI-"})).1, "acsUiType");
}

#[test]
fn the_last_cres_has_nothing_to_show() {
    let last = |members: Value| with(json!({"challengeCompletionInd": "Y"}), &members);
    let over = |version, letter: &str| read_as(version, &last(json!({"transStatus": letter}))).map(|cres| cres.says);
    assert_eq!(over("2.2.0", "Y"), Ok(Says::Over('Y')));
    assert_eq!(over("2.3.1", "D"), Ok(Says::Over('D')));
    assert_eq!(over("2.2.0", "D"), Err(Flaw::new("203", "transStatus")));
    assert_eq!(refused("2.2.0", &last(json!({}))), ("201", "transStatus".into()));
    let both = last(json!({"transStatus": "Y", "challengeInfoHeader": "x"}));
    assert_eq!(refused("2.2.0", &both), ("203", "challengeInfoHeader".into()));
    for name in [
        "whyInfoText",
        "expandInfoText",
        "oobAppURL",
        "whitelistingInfoText",
        "trustListInfoText",
        "deviceBindingInfoText",
    ] {
        let mut shows = last(json!({"transStatus": "Y"}));
        shows[name] = "https://bank.test".into();
        assert_eq!(refused("2.3.1", &shows), ("203", name.into()));
    }
}

#[test]
fn each_answer_has_its_member_in_each_version() {
    let reply = |said| Reply::of(said);
    for (version, reply, member, value) in [
        ("2.2.0", reply(Said::Typed(vec!["1234".into()])), "challengeDataEntry", json!("1234")),
        ("2.2.0", reply(Said::Typed(vec![String::new()])), "challengeNoEntry", json!("Y")),
        ("2.2.0", reply(Said::Chosen(vec!["a".into(), "b".into()])), "challengeDataEntry", json!("a,b")),
        ("2.3.1", reply(Said::Typed(vec!["1".into(), "2".into()])), "challengeDataEntryTwo", json!("2")),
        ("2.2.0", reply(Said::NoEntry), "challengeNoEntry", json!("Y")),
        ("2.2.0", reply(Said::Html("a=1&b=2".into())), "challengeHTMLDataEntry", json!("a=1&b=2")),
        ("2.2.0", reply(Said::OobContinue(true)), "oobContinue", json!(true)),
        ("2.3.1", reply(Said::OobContinue(false)), "oobContinue", json!("01")),
        ("2.3.1", reply(Said::OobContinue(true)), "oobContinue", json!("02")),
        ("2.2.0", reply(Said::Resend), "resendChallenge", json!("Y")),
        ("2.3.1", reply(Said::AddCode), "challengeAddCode", json!("Y")),
        ("2.3.1", reply(Said::InfoContinue), "infoContinueIndicator", json!(true)),
        ("2.1.0", reply(Said::Cancel), "challengeCancel", json!("01")),
        ("2.1.0", reply(Said::TimeOut), "challengeCancel", json!("08")),
        ("2.2.0", Reply { trust: Some(true), ..reply(Said::NoEntry) }, "whitelistingDataEntry", json!("Y")),
        ("2.3.1", Reply { trust: Some(false), ..reply(Said::NoEntry) }, "trustListDataEntry", json!("N")),
        ("2.3.1", Reply { binding: Some(true), ..reply(Said::NoEntry) }, "deviceBindingDataEntry", json!("Y")),
    ] {
        let creq = write(&transaction(version), 7, Some(&reply));
        assert_eq!(creq.get(member), Some(&value), "{version} {reply:?}");
        assert_eq!(creq["sdkCounterStoA"], "007");
    }
}

#[test]
fn trust_is_not_asked_before_2_2_0_and_binding_not_before_2_3_1() {
    let asks = with(text(), &json!({"whitelistingInfoText": "Trust?"}));
    assert_eq!((ui("2.1.0", &asks).trust, ui("2.2.0", &asks).trust), (None, Some("Trust?".into())));
    let reply = Reply { trust: Some(true), binding: Some(true), ..Reply::of(Said::NoEntry) };
    let said =
        |version: &str| write(&transaction(version), 1, Some(&reply)).keys().skip(6).cloned().collect::<Vec<_>>();
    assert_eq!(said("2.1.0"), ["challengeNoEntry"]);
    assert_eq!(said("2.2.0"), ["challengeNoEntry", "whitelistingDataEntry"]);
}

#[test]
fn the_first_creq_says_nothing_but_who_it_is() {
    let names = |version: &str, url: Option<&str>| {
        let of = Transaction { app_url: url.map(str::to_owned), ..transaction(version) };
        write(&of, 0, None).keys().skip(6).cloned().collect::<Vec<_>>()
    };
    assert_eq!(names("2.1.0", Some("https://shop.test/app")), Vec::<String>::new());
    assert_eq!(names("2.2.0", Some("https://shop.test/app")), ["threeDSRequestorAppURL"]);
    assert_eq!(names("2.3.1", None), ["oobAppURLInd"]);
    assert_eq!(write(&transaction("2.2.0"), 0, None)["sdkCounterStoA"], "000");
}

#[test]
fn an_erro_is_known_from_anything_else() {
    let of = transaction("2.2.0");
    let written = sdk_erro(&of, &Flaw::new("302", "acsCounterAtoS")).to_string();
    let read = erro(written.as_bytes()).expect("an Erro");
    assert_eq!((read.code.as_str(), read.detail.as_str()), ("302", "acsCounterAtoS"));
    assert!(!read.description.is_empty());
    assert_eq!(erro(&cres("2.2.0", &text())), None);
}

#[test]
fn keys_do_not_print() {
    let key = Key { name: "Shared secret Z", value: "c2VjcmV0".into(), about: "" };
    assert!(!format!("{key:?}").contains("c2VjcmV0"));
}

/// JSON of any shape under the names that a CRes has.
fn member() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,60}".prop_map(Value::from),
        prop::sample::select(vec!["01", "02", "03", "04", "05", "06", "07", "Y", "N", "PGI-"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,8}", inner), 0..4).prop_map(|list| Value::Object(list.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes, &transaction("2.3.1"), 0).ok();
        erro(&bytes);
    }

    #[test]
    fn no_members_panic(kind in 1..8, version in 0..3_usize, changes in prop::collection::vec((0..30_usize, member()), 0..6)) {
        const NAMES: [&str; 30] = [
            "messageType", "messageVersion", "acsTransID", "acsCounterAtoS", "challengeCompletionInd", "transStatus",
            "acsUiType", "acsHTML", "acsHTMLRefresh", "challengeInfoHeader", "challengeInfoLabel", "challengeInfoText",
            "challengeInfoTextIndicator", "challengeSelectInfo", "challengeEntryBox", "challengeEntryBoxTwo",
            "challengeAddCodeLabel", "resendInformationLabel", "submitAuthenticationLabel", "oobContinueLabel",
            "oobAppLabel", "oobAppURL", "infoContinueLabel", "whyInfoLabel", "expandInfoText", "issuerImage", "psImage",
            "whitelistingInfoText", "trustListInfoText", "deviceBindingInfoText",
        ];
        let version = ["2.1.0", "2.2.0", "2.3.1"][version];
        let mut all = with(text(), &json!({"acsUiType": format!("0{kind}"), "acsHTML": "PGI-"}));
        for (at, value) in changes {
            all[NAMES[at]] = value;
        }
        // A refusal names a code of the protocol, and what is shown fits its limits.
        match read_as(version, &all) {
            Err(flaw) => prop_assert_ne!(flaw.description(), "protocol error"),
            Ok(Cres { says: Says::Asks(ui), .. }) => prop_assert!(ui.header.is_none_or(|text| text.chars().count() <= 45)),
            Ok(_) => (),
        }
    }
}

#[test]
fn the_next_message_has_the_next_counter_and_no_answer() {
    let next = next_creq(r#"{"messageType":"CReq","sdkCounterStoA":"009","challengeDataEntry":"1"}"#);
    assert_eq!(next, "{\n  \"messageType\": \"CReq\",\n  \"sdkCounterStoA\": \"010\"\n}");
    assert_eq!(next_creq("odd"), "odd");
    for (typed, offered) in [("255", "256"), ("256", "256"), ("65535", "65535"), ("x", "x")] {
        let next = next_creq(&format!(r#"{{"sdkCounterStoA":"{typed}"}}"#));
        assert_eq!(next, format!("{{\n  \"sdkCounterStoA\": \"{offered}\"\n}}"));
    }
}
