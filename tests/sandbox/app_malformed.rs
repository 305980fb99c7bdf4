//! Every message of an SDK that is not as it should be: the error that the protocol names, the
//! row on the timeline, and what becomes of the session. Source: emv-3ds.md 3.6, 3.7, 5.1, 5.3.

use serde_json::{Value, json};

use crate::app_sdk::*;
use crate::lab::*;

/// What a message meets: the code of the Erro, and whether the challenge is over with it.
#[track_caller]
fn meets(lab: &Lab, sdk: &Sdk, body: &str, code: &str, detail: &str, ends: bool) {
    let answer = sdk.post(lab, body);
    assert_eq!(answer.status, 200, "{answer:?}");
    let erro = answer.json();
    let short: String = body.chars().take(200).collect();
    assert_eq!((text(&erro, "messageType"), text(&erro, "errorCode")), ("Erro", code), "{short}\n{erro}");
    assert_eq!((text(&erro, "errorComponent"), text(&erro, "errorMessageType")), ("A", "CReq"));
    assert_eq!(text(&erro, "messageVersion"), sdk.version);
    assert_eq!((text(&erro, "acsTransID"), text(&erro, "sdkTransID")), (sdk.acs(), SDK_TRANSACTION));
    assert_eq!(text(&erro, "errorDetail"), detail, "{short}");
    let said = sdk.said(lab);
    assert!(said.contains(&format!("Erro errorCode {code}")), "{said:?}");
    let now = sdk.now(lab);
    if !ends {
        assert_eq!(text(&now, "status"), "challenged", "{short}");
        return;
    }
    let cancel = if sdk.version == "2.3.1" { "10" } else { "06" };
    assert_eq!((text(&now, "status"), text(&now, "status_reason")), ("unavailable", "rreq_status"), "{short}");
    assert_eq!(text(&now, "response_code"), "N", "{now}");
    assert_eq!(text(&now["acs"], "challenge_cancel_reason"), "transaction_error");
    assert_eq!(text(&now["acs"], "challenge_cancel_reason_code"), cancel);
    let rreq = sdk.messages(lab).into_iter().find(|one| one["kind"] == "RReq").expect("a result");
    assert_eq!((text(&rreq["body"], "transStatus"), text(&rreq["body"], "challengeCancel")), ("N", cancel));
    assert_eq!(rreq["body"]["challengeErrorReporting"]["errorCode"].as_str(), (cancel == "10").then_some(code));
}

fn opened(lab: &Lab, enc: &'static str, version: &str, page: &str) -> Sdk {
    let mut sdk = Sdk::start(lab, enc, version, &format!("\"{page}\""), "");
    sdk.ask(lab, json!({}));
    sdk
}

#[test]
fn a_seal_that_is_not_as_agreed() {
    let lab = Lab::new();
    for (version, algorithm, kid) in [("2.2.0", "302", "302"), ("2.3.1", "310", "311")] {
        for enc in [CBC, GCM] {
            let fresh = || opened(&lab, enc, version, "otp");
            let header = |sdk: &Sdk| json!({"alg": "dir", "kid": sdk.acs(), "enc": enc});
            let plain = |sdk: &Sdk| sdk.creq(json!({"challengeDataEntry": "Checkout1!"})).to_string();
            // Headers.
            for (name, value, code, detail) in [
                ("alg", json!("RSA-OAEP-256"), algorithm, "CReq"),
                ("alg", json!("none"), algorithm, "CReq"),
                ("enc", json!("A256GCM"), algorithm, "CReq"),
                ("enc", Value::Null, algorithm, "CReq"),
                ("kid", json!("f0f0f0f0-0000-4000-8000-000000000000"), kid, "kid"),
                ("kid", json!(7), kid, "kid"),
            ] {
                let sdk = fresh();
                let mut wrong = header(&sdk);
                wrong[name] = value;
                let body = sdk.sealed_with(&wrong, &plain(&sdk), &sdk.key);
                meets(&lab, &sdk, &body, code, detail, true);
            }
            let sdk = fresh();
            let body = sdk.sealed_with(&json!({"alg": "dir", "enc": enc}), &plain(&sdk), &sdk.key);
            meets(&lab, &sdk, &body, kid, "kid", true);
            // Keys, bytes, tags.
            let sdk = fresh();
            meets(&lab, &sdk, &sdk.sealed_with(&header(&sdk), &plain(&sdk), &[9; 32]), "302", "CReq", true);
            for part in [2, 3, 4] {
                let sdk = fresh();
                let good = sdk.sealed(&plain(&sdk));
                let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
                let other = if parts[part].starts_with('A') { "B" } else { "A" };
                parts[part].replace_range(..1, other);
                meets(&lab, &sdk, &parts.join("."), "302", "CReq", true);
            }
            // The other direction's key; A128CBC-HS256 has one for both.
            if enc == GCM {
                let sdk = fresh();
                let swapped = [&sdk.key[16..], &sdk.key[..16]].concat();
                meets(&lab, &sdk, &sdk.sealed_with(&header(&sdk), &plain(&sdk), &swapped), "302", "CReq", true);
                let sdk = fresh();
                let body = seal(&header(&sdk), GCM, &sdk.key[..16], &[3; 12], plain(&sdk).as_bytes());
                meets(&lab, &sdk, &body, "302", "the vector is not eleven times 00 and the counter", true);
                let sdk = fresh();
                let body = seal(&header(&sdk), GCM, &sdk.key[..16], &[0; 12], plain(&sdk).as_bytes());
                meets(&lab, &sdk, &body, "302", "the vector counts 000, 001 was due", true);
            }
            // Another seal than before, or none.
            let mut sdk = fresh();
            sdk.enc = if enc == GCM { CBC } else { GCM };
            meets(&lab, &sdk, &sdk.sealed(&plain(&sdk)), algorithm, "enc", true);
            let mut sdk = fresh();
            sdk.enc = OPEN;
            meets(&lab, &sdk, &plain(&sdk), algorithm, "enc", true);
            // What is no sealed message can be sent by anybody: the challenge goes on.
            let mut sdk = fresh();
            let large = "e".repeat(129 << 10);
            for (body, detail) in [
                ("", "CReq"),
                ("hello", "CReq"),
                ("{}", "CReq"),
                ("a.b.c", "CReq"),
                ("e30.....", "CReq"),
                ("eyJhbGciOiJkaXIi..a.b.c", "CReq"),
                ("e30.###.a.b.c", "CReq"),
                ("\u{fffd}\u{0}", "CReq"),
                (large.as_str(), "CReq is larger than 128 kB"),
            ] {
                meets(&lab, &sdk, body, "101", detail, false);
            }
            assert_eq!(text(&sdk.ask(&lab, json!({"challengeDataEntry": "Checkout1!"})), "transStatus"), "Y");
            let refused = sdk.post(&lab, &"e".repeat((1 << 20) + 1));
            assert_eq!((refused.status, refused.codes()), (413, vec!["body_too_large".to_owned()]));
        }
    }
}

#[test]
fn members_that_are_missing_twice_wrong_or_not_of_this_version() {
    let lab = Lab::new();
    let entry = json!({"challengeDataEntry": "Checkout1!"});
    let other_id = "f0f0f0f0-0000-4000-8000-000000000000";
    for (version, page, change, code, detail) in [
        ("2.2.0", "otp", json!({"messageType": "AReq"}), "101", "messageType"),
        ("2.2.0", "otp", json!({"messageType": "(none)"}), "101", "messageType"),
        ("2.2.0", "otp", json!({"messageVersion": "2.1.0"}), "203", "messageVersion"),
        ("2.2.0", "otp", json!({"messageVersion": "9.9.9"}), "102", "2.1.0, 2.2.0, 2.3.1"),
        ("2.2.0", "otp", json!({"messageVersion": ""}), "201", "messageVersion"),
        ("2.2.0", "otp", json!({"messageExtension": [{"criticalityIndicator": true}]}), "202", "messageExtension"),
        ("2.2.0", "otp", json!({"messageExtension": {"criticalityIndicator": true}}), "203", "messageExtension"),
        ("2.2.0", "otp", json!({"messageExtension": vec![json!({"id": "x"}); 11]}), "203", "messageExtension"),
        ("2.3.1", "otp", json!({"messageExtension": vec![json!({"id": "x"}); 16]}), "203", "messageExtension"),
        (
            "2.3.1",
            "otp",
            json!({"messageExtension": [{"id": "x", "data": {"a": "x".repeat(8060)}}]}),
            "203",
            "messageExtension",
        ),
        ("2.2.0", "otp", json!({"sdkTransID": ""}), "201", "sdkTransID"),
        (
            "2.2.0",
            "otp",
            json!({"acsTransID": "(none)", "sdkCounterStoA": "(none)"}),
            "201",
            "acsTransID, sdkCounterStoA",
        ),
        ("2.2.0", "otp", json!({"sdkTransID": "x"}), "203", "sdkTransID"),
        ("2.2.0", "otp", json!({"threeDSServerTransID": other_id}), "301", "threeDSServerTransID"),
        ("2.2.0", "otp", json!({"acsTransID": other_id}), "301", "acsTransID"),
        ("2.2.0", "otp", json!({"sdkTransID": other_id}), "301", "sdkTransID"),
        ("2.2.0", "otp", json!({"sdkCounterStoA": "1"}), "203", "sdkCounterStoA"),
        ("2.2.0", "otp", json!({"sdkCounterStoA": 1}), "203", "sdkCounterStoA"),
        ("2.2.0", "otp", json!({"sdkCounterStoA": "256"}), "203", "sdkCounterStoA"),
        ("2.2.0", "otp", json!({"sdkCounterStoA": "000"}), "302", "sdkCounterStoA is 000, 001 was due"),
        ("2.2.0", "otp", json!({"sdkCounterStoA": "002"}), "302", "sdkCounterStoA is 002, 001 was due"),
        ("2.2.0", "otp", json!({"challengeDataEntry": ""}), "203", "challengeDataEntry"),
        ("2.2.0", "otp", json!({"challengeDataEntry": "x".repeat(46)}), "203", "challengeDataEntry"),
        ("2.2.0", "otp", json!({"challengeWindowSize": "05"}), "203", "challengeWindowSize"),
        ("2.2.0", "otp", json!({"madeUp": 1}), "203", "madeUp"),
        ("2.1.0", "otp", json!({"threeDSRequestorAppURL": "shop://x"}), "203", "threeDSRequestorAppURL"),
        ("2.1.0", "otp", json!({"whitelistingDataEntry": "Y"}), "203", "whitelistingDataEntry"),
        ("2.2.0", "otp", json!({"whitelistingDataEntry": "Y"}), "203", "whitelistingDataEntry"),
        ("2.2.0", "otp", json!({"trustListDataEntry": "Y"}), "203", "trustListDataEntry"),
        ("2.3.1", "otp", json!({"whitelistingDataEntry": "Y"}), "203", "whitelistingDataEntry"),
        ("2.3.1", "otp", json!({"trustListDataEntry": "Y"}), "203", "trustListDataEntry"),
        ("2.3.1", "otp", json!({"deviceBindingDataEntry": "Y"}), "203", "deviceBindingDataEntry"),
        ("2.3.1", "otp", json!({"challengeDataEntryTwo": "1"}), "203", "challengeDataEntryTwo"),
        ("2.2.0", "otp", json!({"challengeDataEntryTwo": "1"}), "203", "challengeDataEntryTwo"),
        ("2.2.0", "otp", json!({"oobAppURLInd": "01"}), "203", "oobAppURLInd"),
        ("2.3.1", "otp", json!({"oobAppURLInd": "04"}), "203", "oobAppURLInd"),
        ("2.2.0", "otp", json!({"resendChallenge": "Y"}), "203", "challengeDataEntry, resendChallenge"),
        ("2.2.0", "otp", json!({"challengeNoEntry": "Y"}), "203", "challengeDataEntry, challengeNoEntry"),
        ("2.2.0", "otp", json!({"challengeCancel": "01"}), "203", "challengeDataEntry, challengeCancel"),
        ("2.2.0", "otp", json!({"challengeDataEntry": "(none)", "challengeCancel": "04"}), "203", "challengeCancel"),
        ("2.2.0", "otp", json!({"challengeDataEntry": "(none)", "resendChallenge": "N"}), "203", "resendChallenge"),
        ("2.2.0", "otp", json!({"challengeDataEntry": "(none)", "oobContinue": true}), "203", "oobContinue"),
        (
            "2.2.0",
            "otp",
            json!({"challengeDataEntry": "(none)", "challengeHTMLDataEntry": "a=1"}),
            "203",
            "challengeHTMLDataEntry",
        ),
        (
            "2.2.0",
            "otp",
            json!({"challengeDataEntry": "(none)", "infoContinueIndicator": true}),
            "203",
            "infoContinueIndicator",
        ),
        ("2.3.1", "otp", json!({"challengeDataEntry": "(none)", "challengeAddCode": "Y"}), "203", "challengeAddCode"),
        (
            "2.2.0",
            "single_select",
            json!({"challengeDataEntry": "(none)", "resendChallenge": "Y"}),
            "203",
            "resendChallenge",
        ),
        ("2.2.0", "out_of_band", json!({}), "203", "challengeDataEntry"),
        ("2.2.0", "out_of_band", json!({"challengeDataEntry": "(none)", "oobContinue": "01"}), "203", "oobContinue"),
        ("2.2.0", "out_of_band", json!({"challengeDataEntry": "(none)", "oobContinue": false}), "203", "oobContinue"),
        ("2.3.1", "out_of_band", json!({"challengeDataEntry": "(none)", "oobContinue": true}), "203", "oobContinue"),
        (
            "2.2.0",
            "html",
            json!({"challengeDataEntry": "(none)", "challengeHTMLDataEntry": "  "}),
            "203",
            "challengeHTMLDataEntry",
        ),
        (
            "2.2.0",
            "html",
            json!({"challengeDataEntry": "(none)", "challengeHTMLDataEntry": ""}),
            "203",
            "challengeHTMLDataEntry",
        ),
        (
            "2.3.1",
            "information",
            json!({"challengeDataEntry": "(none)", "infoContinueIndicator": "Y"}),
            "203",
            "infoContinueIndicator",
        ),
    ] {
        for enc in [CBC, OPEN] {
            let sdk = opened(&lab, enc, version, page);
            let mut body = sdk.creq(entry.clone());
            merge(&mut body, change.clone());
            if let Some(members) = body.as_object_mut() {
                members.retain(|_, value| value != "(none)");
            }
            if enc == OPEN && body["messageType"].is_null() {
                continue; // without a type it is no message in the open
            }
            meets(&lab, &sdk, &sdk.sealed(&body.to_string()), code, detail, true);
        }
    }
    for (plain, code, detail) in
        [("not json", "101", "messageType"), ("[]", "101", "messageType"), ("{\"messageType\":", "101", "messageType")]
    {
        let sdk = opened(&lab, GCM, "2.2.0", "otp");
        meets(&lab, &sdk, &sdk.sealed(plain), code, detail, true);
    }
    let sdk = opened(&lab, CBC, "2.2.0", "otp");
    let twice = sdk.creq(entry).to_string().replacen('{', "{\"sdkTransID\":\"x\",", 1);
    meets(&lab, &sdk, &sdk.sealed(&twice), "204", "sdkTransID", true);
    // What an answer is to a first CReq: nothing is open yet.
    let sdk = Sdk::start(&lab, CBC, "2.2.0", "\"otp\"", "");
    let early = sdk.creq(json!({"challengeDataEntry": "1"})).to_string();
    meets(&lab, &sdk, &sdk.sealed(&early), "203", "challengeDataEntry", true);
}

#[test]
fn a_creq_that_comes_again_or_too_late() {
    let lab = Lab::new();
    for (version, second, late) in [("2.1.0", "305", "305"), ("2.2.0", "305", "305"), ("2.3.1", "314", "315")] {
        for enc in [CBC, GCM, OPEN] {
            // A replay: the counter is not due any more (S127).
            let mut sdk = Sdk::start(&lab, enc, version, "\"otp\"", "");
            let first = sdk.sealed(&sdk.creq(json!({})).to_string());
            assert_eq!(sdk.post(&lab, &first).status, 200);
            (sdk.sent, sdk.received) = (1, 1);
            let detail =
                if enc == GCM { "the vector counts 000, 001 was due" } else { "sdkCounterStoA is 000, 001 was due" };
            meets(&lab, &sdk, &first, "302", detail, true);
            // After the end nothing ends any more, and nothing is told twice.
            let results = |sdk: &Sdk| sdk.messages(&lab).iter().filter(|one| one["kind"] == "RReq").count();
            let told = results(&sdk);
            let erro = sdk.post(&lab, &sdk.sealed(&sdk.creq(json!({})).to_string())).json();
            assert_eq!((text(&erro, "errorCode"), results(&sdk)), (late, told));
            // Another first CReq with the counter that is due: the screen stays open.
            let mut sdk = opened(&lab, enc, version, "otp");
            meets(&lab, &sdk, &sdk.sealed(&sdk.creq(json!({})).to_string()), second, "CReq", false);
            sdk.sent += 1;
            let last = sdk.ask(&lab, json!({"challengeDataEntry": "Checkout1!"}));
            assert_eq!(text(&last, "transStatus"), "Y");
            let after = sdk.post(&lab, &sdk.sealed(&sdk.creq(json!({"challengeDataEntry": "1"})).to_string())).json();
            assert_eq!((text(&after, "errorCode"), text(&sdk.now(&lab), "status")), (late, "approved"));
        }
    }
}

#[test]
fn an_erro_of_the_sdk_ends_the_challenge_and_is_not_answered() {
    let lab = Lab::new();
    for (version, cancel) in [("2.1.0", "06"), ("2.2.0", "06"), ("2.3.1", "09")] {
        for sealed in [false, true] {
            let sdk = opened(&lab, CBC, version, "otp");
            let erro = json!({
                "messageType": "Erro", "messageVersion": version, "errorCode": "302", "errorComponent": "C",
                "errorDescription": "x", "errorDetail": "acsCounterAtoS", "errorMessageType": "CRes",
                "threeDSServerTransID": sdk.session["transaction_id"], "acsTransID": sdk.acs(),
                "sdkTransID": SDK_TRANSACTION,
            });
            let answer = if sealed {
                sdk.post(&lab, &sdk.sealed(&erro.to_string()))
            } else {
                Sdk { enc: OPEN, ..opened_again(&sdk) }.post(&lab, &erro.to_string())
            };
            assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{answer:?}");
            let now = sdk.now(&lab);
            assert_eq!((text(&now, "status"), text(&now, "status_reason")), ("unavailable", "rreq_status"));
            assert_eq!(text(&now["acs"], "challenge_cancel_reason_code"), cancel);
            let rreq = sdk.messages(&lab).into_iter().find(|one| one["kind"] == "RReq").expect("a result");
            let reported = &rreq["body"]["challengeErrorReporting"];
            assert_eq!(reported.is_object(), cancel == "09", "{rreq}");
            assert!(sdk.said(&lab).contains(&"Erro errorCode 302".to_owned()));
        }
    }
}

fn opened_again(sdk: &Sdk) -> Sdk {
    Sdk::of(sdk.session.clone(), CBC)
}

#[test]
fn an_address_where_nobody_is_asked() {
    let lab = Lab::new();
    let erro =
        |path: &str, body: &str| request(lab.addr, "POST", path, &[("Content-Type", "application/jose")], body).json();
    let unknown = erro("/simulator/acs/app-challenge/sid_x", "e30..a.b.c");
    assert_eq!((text(&unknown, "messageType"), text(&unknown, "errorCode")), ("Erro", "301"));
    let browser = lab.create(&non_hosted(CHALLENGE_CARD, json!({"channel_data": browser()})));
    let path = format!("/simulator/acs/app-challenge/{}", text(&browser, "id"));
    assert_eq!(text(&erro(&path, "e30..a.b.c"), "errorCode"), "305");
    assert_eq!(text(&lab.get(text(&browser, "id")), "status"), "challenged");
    // A key that is no point: nothing can be opened.
    let mut device = app_data(MADE_UP, "both", &ALL);
    device["sdk_ephem_pub_key"]["y"] = device["sdk_ephem_pub_key"]["x"].clone();
    let session = challenged(&lab, &scenario("2.2.0", "\"otp\"", ""), &device);
    let sdk = Sdk::of(session, CBC);
    meets(&lab, &sdk, &sdk.sealed(&sdk.creq(json!({})).to_string()), "302", "sdkEphemPubKey", true);
}

/// A counter that ran over: 000 to 255, and no further; neither does it begin again.
#[test]
fn the_counter_ends_at_255() {
    let lab = Lab::new();
    for enc in [CBC, GCM, OPEN] {
        let detail = if enc == GCM { "the vector counts 255, 256 was due" } else { "sdkCounterStoA has run over" };
        for counter in ["000", "255"] {
            let mut sdk = Sdk::start(&lab, enc, "2.2.0", "\"out_of_band\"", "");
            sdk.ask(&lab, json!({}));
            while sdk.sent < 256 {
                assert_eq!(text(&sdk.ask(&lab, json!({"oobContinue": true})), "acsUiType"), "04");
            }
            let body = sdk.creq(json!({"oobContinue": true, "sdkCounterStoA": counter})).to_string();
            meets(&lab, &sdk, &sdk.sealed(&body), "302", detail, true);
        }
    }
}

/// What anybody can send who knows the address ends nothing; what it reports is no more than an Erro.
#[test]
fn an_erro_counts_only_if_it_names_the_transaction() {
    let lab = Lab::new();
    let other = "f0f0f0f0-0000-4000-8000-000000000000";
    for version in ["2.2.0", "2.3.1"] {
        let sdk = opened(&lab, CBC, version, "otp");
        let good = json!({
            "messageType": "Erro", "messageVersion": version, "errorCode": "302", "errorComponent": "C",
            "errorDescription": "x".repeat(5000), "errorDetail": "acsCounterAtoS", "errorMessageType": "CRes",
            "threeDSServerTransID": sdk.session["transaction_id"], "acsTransID": sdk.acs(), "madeUp": "y".repeat(5000),
        });
        let send = |erro: &Value, sealed: bool| {
            let body = erro.to_string();
            let open = Sdk { enc: OPEN, ..opened_again(&sdk) };
            if sealed { sdk.post(&lab, &sdk.sealed(&body)) } else { open.post(&lab, &body) }
        };
        for change in [
            json!({"threeDSServerTransID": other}),
            json!({"acsTransID": other}),
            json!({"sdkTransID": other}),
            json!({"threeDSServerTransID": 1}),
        ] {
            let mut erro = good.clone();
            merge(&mut erro, change);
            for sealed in [false, true] {
                let answer = send(&erro, sealed);
                assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{erro}");
            }
        }
        assert_eq!(send(&json!({"messageType": "Erro"}), false).status, 204);
        let mut large = good.clone();
        merge(&mut large, json!({"errorDetail": "x".repeat(129 << 10)}));
        assert_eq!(text(&send(&large, false).json(), "errorCode"), "101");
        assert_eq!(text(&sdk.now(&lab), "status"), "challenged");
        let said = sdk.said(&lab);
        let foreign = said.iter().filter(|line| *line == "Erro errorCode 302, not of this transaction").count();
        assert_eq!(foreign, 8, "{said:?}");
        assert!(said.contains(&"Erro errorCode unknown, not of this transaction".to_owned()), "{said:?}");
        // The right one ends it, without sdkTransID too.
        assert_eq!(send(&good, false).status, 204);
        assert_eq!(text(&sdk.now(&lab), "status"), "unavailable");
        let rreq = sdk.messages(&lab).into_iter().find(|one| one["kind"] == "RReq").expect("a result");
        let mut due = good;
        due["errorDescription"] = "x".repeat(2048).into();
        due.as_object_mut().expect("an object").remove("madeUp");
        assert_eq!(rreq["body"]["challengeErrorReporting"], if version == "2.3.1" { due } else { Value::Null });
    }
}

#[test]
fn thousands_of_members_are_named_in_2048_characters() {
    let lab = Lab::new();
    let sdk = opened(&lab, CBC, "2.2.0", "otp");
    let names: Vec<String> = (0..8000).map(|n| format!("m{n}")).collect();
    let more: String = names.iter().map(|name| format!("\"{name}\":0,")).collect();
    let body = sdk.creq(json!({"challengeDataEntry": "1"})).to_string().replacen('{', &format!("{{{more}"), 1);
    meets(&lab, &sdk, &sdk.sealed(&body), "203", &names.join(", ")[..2048], true);
    // Only members of the protocol come twice; the others are wrong each time.
    let sdk = opened(&lab, CBC, "2.2.0", "otp");
    let body = sdk.creq(json!({"challengeDataEntry": "1"})).to_string();
    let body = body.replacen('{', "{\"madeUp\":0,\"madeUp\":0,", 1);
    meets(&lab, &sdk, &sdk.sealed(&body), "203", "madeUp, madeUp", true);
}

/// Once an SDK is at it, no bare word ends the challenge; who runs the sandbox still can.
#[test]
fn a_word_does_not_end_what_an_sdk_has_begun() {
    let lab = Lab::new();
    for enc in [CBC, OPEN] {
        let mut sdk = opened(&lab, enc, "2.2.0", "otp");
        let word =
            request(lab.addr, "POST", &sdk.path, &[("Content-Type", "application/json")], "{\"result\":\"approve\"}");
        assert_eq!((word.status, word.codes()), (403, vec!["update_not_allowed_due_to_state".to_owned()]));
        assert_eq!(text(&sdk.now(&lab), "status"), "challenged");
        let last = sdk.ask(&lab, json!({"challengeDataEntry": "Checkout1!"}));
        assert_eq!(text(&last, "transStatus"), "Y");
        let other = opened(&lab, enc, "2.2.0", "otp");
        let path = format!("/sessions/{}/challenge", text(&other.session, "id"));
        assert_eq!(lab.control("POST", &path, &json!({"result": "approve"})).status, 200);
        assert_eq!(text(&other.now(&lab), "status"), "approved");
    }
}
