//! The challenge inside an app, as a real SDK walks through it: what the issuer signs, what the
//! directory server finds, every screen of every version, both seals and none, every end.
//! Source: emv-3ds.md 1.4, 3.6, 4.2, 5, S121-S130.

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::{Value, json};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::app_sdk::*;
use crate::lab::*;

const VERSIONS: [&str; 3] = ["2.1.0", "2.2.0", "2.3.1"];

fn parts(session: &Value) -> (Value, Value, String, Vec<u8>) {
    let content = text(&session["acs"], "signed_content");
    let (signed, signature) = content.rsplit_once('.').expect("three parts");
    let (header, payload) = signed.split_once('.').expect("three parts");
    let read = |part: &str| serde_json::from_slice(&unb64(part)).expect("JSON");
    (read(header), read(payload), signed.to_owned(), unb64(signature))
}

/// Whether a certificate's key made a signature; for a certificate: DER inside of it.
fn key_of(certificate: &X509Certificate) -> VerifyingKey {
    VerifyingKey::from_sec1_bytes(&certificate.public_key().subject_public_key.data).expect("P-256")
}

fn issued(one: &[u8], by: &[u8]) -> bool {
    let (one, by) = (X509Certificate::from_der(one).expect("DER").1, X509Certificate::from_der(by).expect("DER").1);
    let signature = Signature::from_der(&one.signature_value.data).expect("ECDSA");
    key_of(&by).verify(one.tbs_certificate.as_ref(), &signature).is_ok()
}

#[test]
fn the_signed_content_leads_up_to_the_root_that_the_session_shows() {
    let lab = Lab::new();
    for (rule, signed, rooted, own) in [
        ("", true, true, true),
        ("signature = \"bad\"", false, true, true),
        ("signature = \"foreign_root\"", true, false, true),
        ("signed_key = \"other\"", true, true, false),
    ] {
        let more = format!("[issuer.app]\n{rule}\n");
        let sdk = Sdk::start(&lab, CBC, "2.2.0", "\"otp\"", &more);
        let (header, payload, text_signed, signature) = parts(&sdk.session);
        assert_eq!(text(&header, "alg"), "ES256");
        let chain: Vec<Vec<u8>> =
            header["x5c"].as_array().expect("a list").iter().map(|one| der(one.as_str().expect("text"))).collect();
        let (_, leaf) = X509Certificate::from_der(&chain[0]).expect("DER");
        assert!(!leaf.is_ca() && leaf.subject() != leaf.issuer(), "the leaf is no root");
        assert!(leaf.subject().to_string().contains("SANDBOX") && leaf.issuer().to_string().contains("SANDBOX"));
        let signature = Signature::from_slice(&signature).expect("r and s");
        assert_eq!(key_of(&leaf).verify(text_signed.as_bytes(), &signature).is_ok(), signed, "{rule}");
        let root = unb64(text(&sdk.session["certificates"], "ca_public"));
        assert_eq!(issued(&chain[0], &root), rooted, "{rule}");
        assert!(issued(&chain[0], &chain[1]), "{rule}: the chain itself holds");
        assert_eq!(payload["sdkEphemPubKey"] == jwk(&own_key()), own, "{rule}");
        assert!(text(&payload, "acsURL").ends_with(&format!("/app-challenge/{}", text(&sdk.session, "id"))));
        assert!(text(&sdk.session["acs"], "signed_content").len() < 16_000);
        let names: Vec<&String> = payload.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["acsEphemPubKey", "sdkEphemPubKey", "acsURL"]);
    }
}

#[test]
fn the_directory_server_opens_the_device_data_for_the_issuer() {
    let lab = Lab::new();
    let data = json!({"DV": "1.6", "DD": {"C001": "Android"}, "SW": ["SW01"]});
    let ds = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
    let (bearer, path) = (lab.bearer(), format!("/sessions/{}", text(&ds, "id")));
    let ds = request(lab.addr, "GET", &path, &[("Authorization", &bearer), ("channel", "app")], "").json();
    let ds = text(&ds["certificates"], "ds_public").to_owned();
    for enc in [CBC, GCM] {
        let device = app_data(&sealed_device_data(&ds, enc, &data), "both", &ALL);
        let session =
            challenged(&lab, &scenario("2.2.0", "\"otp\"", "[issuer.app]\nstrict_device_data = true"), &device);
        let sdk = Sdk::of(session, CBC);
        let areqs: Vec<Value> = sdk.messages(&lab).into_iter().filter(|one| one["kind"] == "AReq").collect();
        assert!(areqs[0]["body"]["sdkEncData"].is_string() && areqs[0]["body"]["deviceInfo"].is_null());
        let relayed = &areqs[1]["body"];
        assert!(relayed["sdkEncData"].is_null(), "{relayed}");
        let info: Value = serde_json::from_slice(&unb64(text(relayed, "deviceInfo"))).expect("JSON");
        assert_eq!(info, data);
        let shown = lab.control("GET", "/sessions", &Value::Null).json();
        assert_eq!(shown["sessions"][0]["device_info"], data, "{shown}");
    }
    // Nobody's key: a row says so, unless the scenario is strict.
    let lax = challenged(&lab, &scenario("2.2.0", "\"otp\"", ""), &app_data(MADE_UP, "both", &ALL));
    let sdk = Sdk::of(lax, CBC);
    let row = sdk.messages(&lab).into_iter().find(|one| one["kind"] == "Device data").expect("a row");
    assert!(text(&row, "gist").contains("cannot be opened") && row["body"]["why"].is_string(), "{row}");
    assert!(sdk.messages(&lab).iter().all(|one| one["body"]["deviceInfo"].is_null()));
    for (version, code) in [("2.2.0", "302"), ("2.3.1", "311")] {
        let strict = scenario(version, "\"otp\"", "[issuer.app]\nstrict_device_data = true");
        let session = challenged(&lab, &strict, &app_data(MADE_UP, "both", &ALL));
        assert_eq!((text(&session, "status"), text(&session, "status_reason")), ("unavailable", "ares_error"));
        let error = &session["3ds"]["error_details"];
        assert_eq!((text(error, "error_code"), text(error, "error_detail")), (code, "sdkEncData"), "{session}");
    }
}

/// Two digits, whatever the API takes: 05 to 99.
#[test]
fn the_time_of_an_app_travels_in_two_digits() {
    let lab = Lab::new();
    for (given, due) in [(5, "05"), (15, "15"), (99, "99"), (100, "99"), (i32::MAX, "99")] {
        let mut device = app_data(MADE_UP, "both", &ALL);
        device["sdk_max_timeout"] = given.into();
        let session = challenged(&lab, &scenario("2.2.0", "\"otp\"", ""), &device);
        assert_eq!(text(&session, "status"), "challenged", "{session}");
        let areqs: Vec<Value> =
            Sdk::of(session, CBC).messages(&lab).into_iter().filter(|one| one["kind"] == "AReq").collect();
        let said: Vec<&str> = areqs.iter().map(|one| text(&one["body"], "sdkMaxTimeout")).collect();
        assert_eq!(said, [due, due], "{given}: on both legs");
    }
}

#[test]
fn a_code_passes_with_either_seal_and_with_none() {
    let lab = Lab::new();
    for version in VERSIONS {
        for enc in [CBC, GCM, OPEN] {
            let mut sdk = Sdk::start(&lab, enc, version, "\"otp\"", "strict = true");
            let cres = sdk.ask(&lab, json!({}));
            assert_eq!((text(&cres, "acsUiType"), text(&cres, "challengeCompletionInd")), ("01", "N"));
            let wrong = sdk.ask(&lab, json!({"challengeDataEntry": "000000"}));
            assert_eq!((text(&wrong, "acsUiType"), text(&wrong, "challengeInfoTextIndicator")), ("01", "Y"), "{wrong}");
            let code = sdk.code(&lab);
            let last = sdk.ask(&lab, json!({"challengeDataEntry": code}));
            let names: Vec<&String> = last.as_object().expect("an object").keys().collect();
            assert_eq!(
                names,
                [
                    "messageType",
                    "messageVersion",
                    "threeDSServerTransID",
                    "acsTransID",
                    "sdkTransID",
                    "acsCounterAtoS",
                    "challengeCompletionInd",
                    "transStatus"
                ]
            );
            assert_eq!((text(&last, "challengeCompletionInd"), text(&last, "transStatus")), ("Y", "Y"));
            let now = sdk.now(&lab);
            assert_eq!((text(&now, "status"), text(&now, "eci")), ("approved", "05"), "{now}");
            assert_eq!(now["3ds"]["interaction_counter"], "02");
            let seal = if enc == OPEN { "not encrypted" } else { enc };
            let said = sdk.said(&lab);
            let due = [
                format!("CReq opens the challenge, counter 000, {seal}"),
                format!("CRes acsUiType 01, counter 000, {seal}"),
                format!("CReq answers acsUiType 01, counter 001, {seal}"),
                format!("CRes acsUiType 01, counter 001, {seal}"),
                format!("CReq answers acsUiType 01, counter 002, {seal}"),
                "RReq transStatus Y".into(),
                "RReq transStatus Y".into(),
                "RRes resultsStatus 01".into(),
                "RRes resultsStatus 01".into(),
                format!("CRes transStatus Y, counter 002, {seal}"),
            ];
            assert_eq!(said, due, "{version} {enc}");
            let bodies = sdk.messages(&lab);
            let first = bodies.iter().find(|one| one["kind"] == "CReq").expect("a row");
            assert_eq!(first["body"]["sdkCounterStoA"], "000", "decrypted: {first}");
        }
    }
}

/// Members of each screen, by the table of emv-3ds.md 5.2.
#[test]
fn each_screen_has_the_members_of_its_version() {
    let lab = Lab::new();
    let common =
        ["challengeInfoHeader", "challengeInfoText", "whyInfoLabel", "expandInfoText", "issuerImage", "psImage"];
    let select = ["challengeInfoLabel", "challengeSelectInfo", "submitAuthenticationLabel"];
    for version in VERSIONS {
        let latest = version == "2.3.1";
        for (page, ui, own) in [
            ("otp", "01", &["submitAuthenticationLabel", "resendInformationLabel"][..]),
            ("single_select", "02", &select),
            ("multi_select", "03", &select),
            ("out_of_band", "04", &["oobContinueLabel"]),
            ("html", "05", &["acsHTML"]),
            (
                "html_out_of_band",
                if latest { "06" } else { "04" },
                if latest { &["acsHTML", "oobAppURL"] } else { &[] },
            ),
            (
                "information",
                if latest { "07" } else { "05" },
                if latest { &["infoContinueLabel"] } else { &["acsHTML"] },
            ),
        ] {
            let mut sdk = Sdk::start(&lab, CBC, version, &format!("\"{page}\", \"otp\""), "");
            let kind = text(&sdk.session["acs"], "ui_template");
            let template = match ui {
                "02" => "single_select",
                "03" => "multi_select",
                "04" => "oob",
                "05" | "06" => "html_other",
                _ => "text",
            };
            assert_eq!(kind, template, "{version} {page}");
            let cres = sdk.ask(&lab, json!({}));
            assert_eq!(text(&cres, "acsUiType"), ui, "{version} {page}");
            for name in own {
                assert!(cres.get(*name).is_some(), "{version} {page}: no {name} in {cres}");
            }
            let html = ["05", "06"].contains(&ui);
            assert!(common.iter().all(|name| cres.get(*name).is_some() != html), "{version} {page}: {cres}");
            assert!(cres["transStatus"].is_null(), "{cres}");
            fits(&cres, version, ui);
        }
    }
}

/// Lengths, images, keys and labels, which differ by version.
fn fits(cres: &Value, version: &str, ui: &str) {
    let latest = version == "2.3.1";
    for (name, most) in [
        ("challengeInfoHeader", 45),
        ("challengeInfoLabel", 45),
        ("challengeInfoText", 350),
        ("whyInfoLabel", 45),
        ("whyInfoText", 256),
        ("expandInfoLabel", 45),
        ("expandInfoText", 256),
        ("submitAuthenticationLabel", 45),
        ("resendInformationLabel", 45),
        ("oobContinueLabel", 45),
    ] {
        if let Some(text) = cres[name].as_str() {
            assert!((1..=most).contains(&text.chars().count()), "{name}: {text}");
        }
    }
    assert_eq!(cres["challengeInfoLabel"].is_string(), ["02", "03"].contains(&ui) || (ui == "01" && !latest), "{cres}");
    assert_eq!(cres["challengeEntryBox"].is_object(), ui == "01" && latest, "{cres}");
    if let Some(image) = cres["issuerImage"].as_object() {
        let names: Vec<&String> = image.keys().collect();
        assert_eq!(names, if latest { ["default", "dark", "monochrome"] } else { ["medium", "high", "extraHigh"] });
    }
    if let Some(choices) = cres["challengeSelectInfo"].as_array() {
        let keys: Vec<&String> = choices.iter().filter_map(|one| one.as_object()?.keys().next()).collect();
        assert!(if latest {
            keys.iter().all(|key| key.len() <= 4)
        } else {
            keys.iter().map(|key| key.len()).sum::<usize>() <= 45
        });
    }
    if let Some(html) = cres["acsHTML"].as_str() {
        let page = String::from_utf8(unb64(html)).expect("UTF-8");
        assert!(page.contains("<form action=\"HTTPS://EMV3DS/challenge\" method=\"get\">"), "{page}");
        for foreign in ["<script", "<link", "<img", " src=", "@import", "url("] {
            assert!(!page.contains(foreign), "{foreign} in {page}");
        }
    }
    if ui == "04" {
        // 2.1.0 knows no way to the bank's app; from 2.3.1 on the SDK must say that it knows one.
        assert_eq!(cres["oobAppURL"].is_string() && cres["oobAppLabel"].is_string(), version == "2.2.0", "{cres}");
    }
}

/// What a shopper answers on a screen, so that the challenge goes on.
fn right(sdk: &Sdk, lab: &Lab, cres: &Value, page: &str) -> Value {
    let keys = |wanted: &[&str]| {
        let list = cres["challengeSelectInfo"].as_array().expect("choices");
        let key = |at: usize| list[at].as_object().expect("one member").keys().next().expect("one member").clone();
        wanted.iter().map(|at| key(at.parse().expect("a place"))).collect::<Vec<_>>().join(",")
    };
    match (text(cres, "acsUiType"), page) {
        ("01", _) => json!({"challengeDataEntry": sdk.code(lab)}),
        ("02", _) => json!({"challengeDataEntry": keys(&["1"])}),
        ("03", _) => json!({"challengeDataEntry": keys(&["0", "2"])}),
        ("04", _) if sdk.version == "2.3.1" => json!({"oobContinue": "01"}),
        ("04", _) => json!({"oobContinue": true}),
        ("07", _) => json!({"infoContinueIndicator": true}),
        (_, "otp") => json!({"challengeHTMLDataEntry": format!("password={}&continue=1", sdk.code(lab))}),
        (_, "single_select") => json!({"challengeHTMLDataEntry": "choice=email&continue=1"}),
        (_, "multi_select") => json!({"challengeHTMLDataEntry": "choices=bakery&choices=garage&continue=1"}),
        (_, "html") => json!({"challengeHTMLDataEntry": "agree=1&continue=1"}),
        _ => json!({"challengeHTMLDataEntry": "continue=1"}),
    }
}

#[test]
fn each_screen_is_passed_in_each_version_natively_and_in_html() {
    let lab = Lab::new();
    for version in VERSIONS {
        for interface in ["native", "html", "both"] {
            for page in
                ["otp", "single_select", "multi_select", "out_of_band", "html", "html_out_of_band", "information"]
            {
                let device = app_data(MADE_UP, interface, &ALL);
                let session = challenged(&lab, &scenario(version, &format!("\"{page}\""), ""), &device);
                let about = format!("{version} {interface} {page}");
                let blind = interface == "native" && (page == "html" || (page == "information" && version != "2.3.1"));
                if blind {
                    assert_eq!(text(&session, "status"), "unavailable", "{about}");
                    assert_eq!(
                        (text(&session, "response_code"), text(&session, "response_status_reason")),
                        ("U", "03")
                    );
                    assert_eq!(session["next_actions"], json!(["complete"]));
                    continue;
                }
                let mut sdk = Sdk::of(session, GCM);
                let cres = sdk.ask(&lab, json!({}));
                if page.contains("out_of_band") {
                    let early = sdk.ask(&lab, right(&sdk, &lab, &cres, page));
                    assert_eq!(text(&early, "acsUiType"), text(&cres, "acsUiType"), "{about}");
                    if text(&cres, "acsUiType") == "04" {
                        assert_eq!(text(&early, "challengeInfoTextIndicator"), "Y", "{about}");
                    }
                    let path = format!("/sessions/{}/phone", text(&sdk.session, "id"));
                    assert_eq!(lab.control("POST", &path, &json!({"decision": "approve"})).status, 200);
                }
                let last = sdk.ask(&lab, right(&sdk, &lab, &cres, page));
                assert_eq!(text(&last, "transStatus"), "Y", "{about}: {last}");
                assert_eq!(text(&sdk.now(&lab), "status"), "approved", "{about}");
            }
        }
    }
}

#[test]
fn what_a_screen_offers_besides_is_taken() {
    let lab = Lab::new();
    // Resend: another code, and the one before it is over; three times at most.
    let mut sdk = Sdk::start(&lab, CBC, "2.2.0", "\"otp\"", "strict = true\ntrust_prompt = true");
    let first = sdk.ask(&lab, json!({}));
    assert!(first["whitelistingInfoText"].is_string() && first["trustListInfoText"].is_null(), "{first}");
    let old = sdk.code(&lab);
    for _ in 0..3 {
        let again = sdk.ask(&lab, json!({"resendChallenge": "Y"}));
        assert_eq!(text(&again, "acsUiType"), "01");
    }
    let none = sdk.ask(&lab, json!({"challengeDataEntry": old}));
    assert!(none["resendInformationLabel"].is_null(), "no fourth: {none}");
    let last = sdk.ask(&lab, json!({"challengeDataEntry": sdk.code(&lab), "whitelistingDataEntry": "Y"}));
    assert_eq!(text(&last, "transStatus"), "Y");

    // 2.3.1: two boxes, a further button, trust list and device.
    let more =
        "strict = true\ntrust_prompt = true\n[issuer.app]\nsecond_box = true\nadd_code = true\ndevice_binding = true";
    let mut sdk = Sdk::start(&lab, GCM, "2.3.1", "\"otp\"", more);
    let first = sdk.ask(&lab, json!({"oobAppURLInd": "01"}));
    for name in ["challengeEntryBoxTwo", "challengeAddCodeLabel", "trustListInfoText", "deviceBindingInfoText"] {
        assert!(first.get(name).is_some(), "no {name} in {first}");
    }
    assert!(first["whitelistingInfoText"].is_null());
    let other = sdk.ask(&lab, json!({"challengeAddCode": "Y"}));
    assert!(text(&other, "challengeInfoText").contains("mailbox"), "{other}");
    let code = sdk.code(&lab);
    let half = sdk.ask(&lab, json!({"challengeDataEntry": code}));
    assert_eq!(text(&half, "challengeInfoTextIndicator"), "Y", "the second box is empty");
    let both = json!({"challengeDataEntry": code, "challengeDataEntryTwo": "4242", "trustListDataEntry": "N",
        "deviceBindingDataEntry": "Y"});
    assert_eq!(text(&sdk.ask(&lab, both), "transStatus"), "Y");

    // 2.3.1: an SDK that opens apps is told where the bank's is.
    let mut sdk = Sdk::start(&lab, CBC, "2.3.1", "\"out_of_band\"", "");
    let cres = sdk.ask(&lab, json!({"oobAppURLInd": "01", "threeDSRequestorAppURL": "shop://back"}));
    let (_, path) = text(&cres, "oobAppURL").split_once("/simulator").expect("an address of the sandbox");
    assert_eq!(request(lab.addr, "GET", &format!("/simulator{path}"), &[], "").status, 200);
    let image = text(&cres["issuerImage"], "dark").split_once("/simulator").expect("an address").1.to_owned();
    let image = request(lab.addr, "GET", &format!("/simulator{image}"), &[], "");
    assert!(image.status == 200 && image.body.contains("larkfield"), "{image:?}");
    for nobody in ["larkfield.svg", "nobody-dark.svg", "larkfield-blue.svg", "..%2f-dark.svg"] {
        assert_eq!(
            request(lab.addr, "GET", &format!("/simulator/acs/marks/{nobody}"), &[], "").status,
            404,
            "{nobody}"
        );
    }
}

#[test]
fn nothing_entered_wrong_thrice_cancel_and_the_sdks_own_time() {
    let lab = Lab::new();
    let start = || {
        let mut sdk = Sdk::start(&lab, CBC, "2.2.0", "\"otp\"", "");
        sdk.ask(&lab, json!({}));
        sdk
    };
    let mut sdk = start();
    for _ in 0..2 {
        assert_eq!(text(&sdk.ask(&lab, json!({"challengeNoEntry": "Y"})), "acsUiType"), "01");
    }
    assert_eq!(text(&sdk.ask(&lab, json!({"challengeNoEntry": "Y"})), "transStatus"), "N");
    let now = sdk.now(&lab);
    assert_eq!((text(&now, "status"), text(&now, "response_status_reason")), ("declined", "19"));
    for (cancel, status, reason, word) in
        [("01", "challenge_abandoned", "01", "cardholder_cancel"), ("08", "expired", "14", "sdk_timed_out")]
    {
        let mut sdk = start();
        let last = sdk.ask(&lab, json!({"challengeCancel": cancel}));
        assert_eq!((text(&last, "transStatus"), text(&last, "challengeCompletionInd")), ("N", "Y"));
        let now = sdk.now(&lab);
        assert_eq!((text(&now, "status"), text(&now, "response_status_reason")), (status, reason));
        assert_eq!(text(&now["acs"], "challenge_cancel_reason"), word);
        assert_eq!(text(&now["acs"], "challenge_cancel_reason_code"), cancel);
    }
    // Denied in the bank's app.
    let mut sdk = Sdk::start(&lab, CBC, "2.2.0", "\"out_of_band\"", "");
    sdk.ask(&lab, json!({}));
    lab.control("POST", &format!("/sessions/{}/phone", text(&sdk.session, "id")), &json!({"decision": "deny"}));
    assert_eq!(text(&sdk.ask(&lab, json!({"oobContinue": true})), "transStatus"), "N");
    assert_eq!(text(&sdk.now(&lab), "status"), "declined");
}

#[test]
fn the_same_seed_makes_the_same_bytes() {
    let walk = |enc| {
        let lab = Lab::new();
        let mut sdk = Sdk::start(&lab, enc, "2.3.1", "\"single_select\", \"otp\"", "");
        let first = sdk.post(&lab, &sdk.sealed(&sdk.creq(json!({})).to_string()));
        (sdk.sent, sdk.received) = (1, 1);
        let second = sdk.post(&lab, &sdk.sealed(&sdk.creq(json!({"challengeDataEntry": "mail"})).to_string()));
        let port = lab.addr.port().to_string();
        // The port is another each time, so what names it is compared open.
        let open = |answer: &Answer, received| {
            let one = Sdk { received, ..Sdk::of(sdk.session.clone(), enc) };
            one.opened(answer).to_string().replace(&port, "PORT")
        };
        let heads = |answer: &Answer| answer.body.split('.').take(3).collect::<Vec<_>>().join(".");
        let bodies = [open(&first, 0), open(&second, 1), heads(&first), heads(&second)];
        (bodies, parts(&sdk.session).0)
    };
    for enc in [CBC, GCM] {
        assert_eq!(walk(enc), walk(enc));
    }
}

#[test]
fn faults_on_the_way_to_an_app_happen() {
    let lab = Lab::with(|config| sessions_console::sandbox::Config {
        clock: sessions_console::clock::Clock::virtual_time(),
        ..config
    });
    let faulty = |hop: &str, kind: &str, more: &str| {
        let fault = format!("[[faults]]\nhop = \"{hop}\"\nkind = \"{kind}\"\n{more}\n");
        Sdk::start(&lab, CBC, "2.2.0", "\"otp\"", &fault)
    };
    let first = |sdk: &Sdk| sdk.sealed(&sdk.creq(json!({})).to_string());
    for (hop, kind, more, code) in [
        ("creq", "truncate", "", "101"),
        ("creq", "bad_base64", "", "101"),
        ("creq", "invalid_json", "", "101"),
        ("creq", "remove_field", "field = \"sdkTransID\"", "201"),
        ("creq", "set_field", "field = \"sdkCounterStoA\"\nvalue = \"007\"", "302"),
        ("creq", "wrong_id", "", "301"),
        ("creq", "duplicate", "", "302"),
    ] {
        let sdk = faulty(hop, kind, more);
        let erro = sdk.post(&lab, &first(&sdk)).json();
        assert_eq!((text(&erro, "messageType"), text(&erro, "errorCode")), ("Erro", code), "{kind}");
        assert!(
            sdk.said(&lab).iter().any(|line| line.starts_with(&format!("Fault creq {kind}"))),
            "{:?}",
            sdk.said(&lab)
        );
    }
    for hop in ["creq", "cres"] {
        let sdk = faulty(hop, "status", "status = 503");
        assert_eq!(sdk.post(&lab, &first(&sdk)).status, 503, "{hop}");
        let mut sdk = faulty(hop, "delay_ms", "delay_ms = 2000");
        assert_eq!(text(&sdk.ask(&lab, json!({})), "acsUiType"), "01", "{hop}");
        assert!(sdk.said(&lab).iter().any(|line| line.starts_with("Fault")), "{:?}", sdk.said(&lab));
        for kind in ["drop", "close"] {
            let sdk = faulty(hop, kind, "");
            let cut = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sdk.post(&lab, &first(&sdk))));
            assert!(cut.is_err(), "{hop} {kind}: the connection ends without an answer");
        }
    }
    let sdk = faulty("cres", "bad_signature", "");
    assert_eq!(sdk.open(&sdk.post(&lab, &first(&sdk)).body), None, "the checksum is damaged");
    let sdk = faulty("cres", "truncate", "");
    let answer = sdk.post(&lab, &first(&sdk));
    assert!(answer.body.split('.').count() < 5, "half a message: {answer:?}");
    for (kind, more, seen) in [
        ("set_field", "field = \"acsCounterAtoS\"\nvalue = \"009\"", "\"acsCounterAtoS\":\"009\""),
        ("remove_field", "field = \"acsUiType\"", "\"challengeCompletionInd\":\"N\",\"challengeInfoHeader\""),
        ("invalid_json", "", "{\"{\""),
    ] {
        let sdk = faulty("cres", kind, more);
        let plain = sdk.open(&sdk.post(&lab, &first(&sdk)).body).expect("sealed as ever");
        assert!(String::from_utf8_lossy(&plain).contains(seen), "{kind}: {}", String::from_utf8_lossy(&plain));
    }
}

/// The other kind of key. Source: emv-3ds.md 5.4.
#[test]
fn the_directory_server_can_show_a_key_of_rsa_that_follows_from_the_seed() {
    let shown = |kind: &str| {
        let lab = Lab::new();
        let changed = lab.control("PUT", "/settings", &json!({"ds_key": kind}));
        assert_eq!((changed.status, &changed.json()["ds_key"]), (200, &json!(kind)));
        let session = lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": browser()})));
        text(&session["certificates"], "ds_public").to_owned()
    };
    let [ec, rsa, again] = ["ec", "rsa", "rsa"].map(shown);
    assert_eq!(rsa, again);
    let read = |shown: &str| -> Value { serde_json::from_slice(&unb64(shown)).expect("a JWK") };
    assert_eq!((text(&read(&ec), "kty"), text(&read(&rsa), "kty")), ("EC", "RSA"));
    assert_eq!((unb64(text(&read(&rsa), "n")).len(), text(&read(&rsa), "e")), (256, "AQAB"));
    assert!(rsa.len() <= 1024 && read(&ec)["kid"] != read(&rsa)["kid"]);
    let lab = Lab::new();
    let refused = lab.control("PUT", "/settings", &json!({"ds_key": "dsa"}));
    assert_eq!((refused.status, refused.codes()), (422, vec!["ds_key_invalid".to_owned()]));
}
