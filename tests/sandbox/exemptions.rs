//! Exemptions, trust lists, delegation, soft declines and confirmation by the browser: what the
//! messages say in each version, and what the API shows. Source: emv-3ds.md 1.8, 3.3, 3.5, 3.6;
//! sessions-api.md 3.4, 4.3.

use serde_json::{Value, json};
use sessions_console::clock::Clock;
use sessions_console::sandbox::Config;

use crate::lab::*;

/// Programmable numbers that no scenario belongs to: any version, 2.1.0, 2.2.0, 2.3.1; Mastercard.
const FREE: &str = "4000110000199009";
const FREE_MASTERCARD: &str = "5200110000199004";
/// The number of S110, whose cards are a company's.
const CORPORATE: &str = "4000110000110006";
/// The number of S111, whose bank declines what was not authenticated.
const SOFT_DECLINE: &str = "4000110000111004";
const VERSIONS: [&str; 3] = ["2.1.0", "2.2.0", "2.3.1"];

fn lab() -> Lab {
    Lab::with(|config| Config { clock: Clock::virtual_time(), ..config })
}

fn settings(lab: &Lab, settings: Value) {
    let changed = lab.control("PUT", "/settings", &settings);
    assert_eq!(changed.status, 200, "{changed:?}");
}

fn session(lab: &Lab, card: &str, more: Value) -> Value {
    let mut all = json!({"channel_data": browser(), "amount": 1200, "currency": "EUR"});
    merge(&mut all, more);
    lab.create(&non_hosted(card, all))
}

/// Arms a scenario for the next session.
fn arm(lab: &Lab, other_side: &str) {
    let file = format!("id = \"T\"\nname = \"test\"\n{other_side}\n[expect]\nstatus = \"approved\"\n");
    let armed = lab.control("PUT", "/arm", &json!({ "file": file }));
    assert_eq!(armed.status, 200, "{armed:?}");
}

/// The hidden messages of a kind, oldest first.
fn messages(lab: &Lab, session: &Value, kind: &str) -> Vec<Value> {
    let path = format!("/sessions/{}/messages", text(session, "id"));
    let all = lab.control("GET", &path, &Value::Null).json()["messages"].as_array().expect("a list").clone();
    all.into_iter().filter(|message| message["kind"] == kind).map(|message| message["body"].clone()).collect()
}

fn message(lab: &Lab, session: &Value, kind: &str) -> Value {
    messages(lab, session, kind).pop().unwrap_or_else(|| panic!("no {kind} of {session}"))
}

/// The members that an extension with this id brings.
fn extension(message: &Value, id: &str) -> Value {
    let list = message["messageExtension"].as_array().cloned().unwrap_or_default();
    let own = list.into_iter().find(|extension| extension["id"] == id).unwrap_or_default();
    assert!(own.is_null() || own["criticalityIndicator"] == false, "{message}");
    own["data"].clone()
}

const BRIDGING: &str = "A000000802-004";
const OF_VISA: &str = "A000000003-SBX";

#[test]
fn a_wish_is_said_in_the_words_of_its_version() {
    let lab = lab();
    for (word, code, older) in [
        ("low_value", "10", ["02", "02"]),
        ("secure_corporate_payment", "11", ["02", "02"]),
        ("transaction_risk_assessment", "05", ["02", "05"]),
        ("trusted_listing", "08", ["02", "08"]),
        ("trusted_listing_prompt", "09", ["03", "09"]),
        ("data_share", "06", ["02", "06"]),
        ("challenge_requested_mandate", "04", ["04", "04"]),
    ] {
        for (version, own) in VERSIONS.into_iter().zip([older[0], older[1], code]) {
            settings(&lab, json!({"protocol_version": version}));
            let areq = message(&lab, &session(&lab, FREE, json!({"challenge_indicator": word})), "AReq");
            let said = if version == "2.3.1" { json!([own]) } else { json!(own) };
            assert_eq!(areq["threeDSRequestorChallengeInd"], said, "{word} {version}");
            let whole = json!({"threeDSRequestorChallengeInd": [code]});
            match version {
                "2.1.0" if own != code => assert_eq!(extension(&areq, OF_VISA), whole, "{word}"),
                "2.2.0" if own != code => {
                    assert_eq!(extension(&areq, BRIDGING), json!({"version": "2.0", "addData": whole}), "{word}");
                }
                _ => assert!(areq["messageExtension"].is_null(), "{word} {version}: {areq}"),
            }
        }
    }
}

/// Who asks for the offer of the trust list asks for a challenge: nothing there to take note of.
#[test]
fn a_bank_that_only_takes_note_of_the_offer_of_the_trust_list_is_not_believed() {
    let lab = lab();
    settings(&lab, json!({"protocol_version": "2.2.0"}));
    for (word, status) in [("trusted_listing", "approved"), ("trusted_listing_prompt", "unavailable")] {
        arm(&lab, "[issuer]\nversion = \"2.2.0\"\nares = { transStatus = \"I\" }");
        let session = session(&lab, FREE, json!({"challenge_indicator": word}));
        assert_eq!(text(&session, "status"), status, "{word}: {session}");
    }
}

#[test]
fn the_bank_says_what_it_applied_in_the_words_of_its_version() {
    let lab = lab();
    for version in VERSIONS {
        settings(&lab, json!({"protocol_version": version}));
        lab.control("POST", "/reset", &Value::Null);
        let granted = session(&lab, FREE, json!({"challenge_indicator": "low_value"}));
        let ares = message(&lab, &granted, "ARes");
        let (letter, eci) = if version == "2.1.0" { ("Y", "05") } else { ("I", "07") }; // it has no I
        assert_eq!((text(&granted, "response_code"), text(&granted, "eci")), (letter, eci), "{version}");
        assert_eq!(granted["exemption"], json!({"requested": "low_value", "applied": "low_value"}), "{version}");
        assert_eq!(text(&granted, "challenge_indicator"), "low_value");
        let code = match version {
            "2.1.0" => extension(&ares, OF_VISA)["transChallengeExemption"].clone(),
            "2.2.0" => extension(&ares, BRIDGING)["addData"]["transChallengeExemption"].clone(),
            _ => ares["transChallengeExemption"].clone(),
        };
        assert_eq!(code, "10", "{version}: {ares}");
        assert_eq!(ares.get("transChallengeExemption").is_some(), version == "2.3.1");

        // Refused: the card's own way, and why.
        let refused = session(&lab, FREE, json!({"challenge_indicator": "low_value", "amount": 3001}));
        assert_eq!((text(&refused, "status"), text(&refused, "response_code")), ("challenged", "C"));
        assert_eq!(refused["exemption"], json!({"requested": "low_value", "applied": "none"}));
        assert_eq!(text(&refused, "challenge_indicator"), "no_challenge_requested");
        let ares = message(&lab, &refused, "ARes");
        let why = extension(&ares, OF_VISA)["exemptionReason"].clone();
        assert_eq!(why, "the amount is above the limit for low value", "{ares}");
    }
}

#[test]
fn each_exemption_has_its_eci_and_mastercard_its_own() {
    let lab = lab();
    settings(&lab, json!({"delegation_programme": true, "exemptions": "rules"}));
    let fido = json!({"three_ds_requestor_authentication_info": {
        "three_ds_req_auth_method": "fido_authenticator", "three_ds_req_auth_timestamp": "2026-01-01T10:00:30Z",
        "three_ds_req_auth_data": "proof"}});
    for (card, wish, letter, eci, applied, flow) in [
        (FREE, json!({"challenge_indicator": "low_value"}), "I", "07", "low_value", "frictionless"),
        (FREE_MASTERCARD, json!({"challenge_indicator": "low_value"}), "I", "06", "low_value", "frictionless"),
        (
            FREE,
            json!({"challenge_indicator": "transaction_risk_assessment"}),
            "I",
            "07",
            "transaction_risk_assessment",
            "frictionless",
        ),
        (
            CORPORATE,
            json!({"challenge_indicator": "secure_corporate_payment"}),
            "I",
            "07",
            "secure_corporate_payment",
            "frictionless",
        ),
        (FREE, json!({"account_info": fido}), "I", "07", "sca_delegation", "frictionless_delegated"),
        (FREE_MASTERCARD, json!({"account_info": fido}), "I", "06", "sca_delegation", "frictionless_delegated"),
    ] {
        let session = session(&lab, card, wish.clone());
        let shown = (text(&session, "response_code"), text(&session, "eci"), text(&session["exemption"], "applied"));
        assert_eq!(shown, (letter, eci, applied), "{card} {wish}");
        assert_eq!((text(&session, "status"), &session["approved"]), ("approved", &json!(true)));
        assert_eq!(text(&session, "flow_type"), flow, "{card} {wish}");
        assert!(session["cryptogram"].is_null(), "{card} {wish}");
    }
    let shared = session(&lab, FREE_MASTERCARD, json!({"challenge_indicator": "data_share"}));
    assert_eq!((text(&shared, "response_code"), text(&shared, "eci")), ("I", "04"));
    assert!(shared["exemption"].is_null(), "{shared}");
    let company = session(&lab, CORPORATE, Value::Null);
    assert_eq!(company["card"]["metadata"]["card_category"], "COMMERCIAL");
    let consumer = session(&lab, FREE, json!({"challenge_indicator": "secure_corporate_payment"}));
    assert_eq!((text(&consumer, "status"), text(&consumer["exemption"], "applied")), ("challenged", "none"));
}

#[test]
fn how_the_shop_authenticated_travels_as_an_object_and_later_as_an_array() {
    let lab = lab();
    for version in VERSIONS {
        settings(&lab, json!({"protocol_version": version}));
        let info =
            json!({"three_ds_req_auth_method": "federated_id", "three_ds_req_auth_timestamp": "2026-01-01T10:00:30Z"});
        let sent = session(&lab, FREE, json!({"account_info": {"three_ds_requestor_authentication_info": info}}));
        let areq = message(&lab, &sent, "AReq");
        let own = json!({"threeDSReqAuthMethod": "03", "threeDSReqAuthTimestamp": "202601011000"});
        let expected = if version == "2.3.1" { json!([own]) } else { own };
        assert_eq!(areq["threeDSRequestorAuthenticationInfo"], expected, "{version}");
        assert_ne!(areq["threeDSRequestorChallengeInd"], "07", "without a programme nothing is delegated");
    }
}

/// The bank counts, whatever the sessions are of, until it has seen its customer.
#[test]
fn five_small_payments_in_a_row_then_the_bank_asks_and_counts_anew() {
    let lab = lab();
    let small = || session(&lab, FREE, json!({"challenge_indicator": "low_value"}));
    for _ in 0..5 {
        assert_eq!(text(&small(), "response_code"), "I");
    }
    let asked = small();
    assert_eq!((text(&asked, "status"), text(&asked["exemption"], "applied")), ("challenged", "none"));
    lab.answer_challenge(&asked, "Checkout1!");
    assert_eq!(text(&lab.get(text(&asked, "id")), "status"), "approved");
    assert_eq!(text(&small(), "response_code"), "I", "it counts anew");
    // Another card has a count of its own, and a larger sum ends it sooner.
    for (amount, letter) in [(3000, "I"), (3000, "I"), (3000, "I"), (1001, "C"), (1000, "I")] {
        let other = session(&lab, FREE_MASTERCARD, json!({"challenge_indicator": "low_value", "amount": amount}));
        assert_eq!(text(&other, "response_code"), letter, "{amount}");
    }
    assert_eq!(lab.control("POST", "/reset", &Value::Null).status, 204);
    settings(&lab, json!({"low_value_count": 0}));
    assert_eq!(text(&small(), "response_code"), "C", "the limits are settings");
}

/// Listed in one session's challenge, believed in the next; by this merchant and card only.
#[test]
fn a_shop_is_trusted_once_the_shopper_has_listed_it() {
    let lab = lab();
    for (version, names) in [
        ("2.2.0", ["whiteListStatus", "whiteListStatusSource"]),
        ("2.3.1", ["trustListStatus", "trustListStatusSource"]),
    ] {
        settings(&lab, json!({"protocol_version": version}));
        lab.control("POST", "/reset", &Value::Null);
        let listing = || json!({"challenge_indicator": "trusted_listing"});
        let asked = session(&lab, FREE, listing());
        assert_eq!((text(&asked, "status"), text(&asked["exemption"], "applied")), ("challenged", "none"));
        assert_eq!(asked["exemption"]["trusted_beneficiary"], json!({"status": "N", "source": "03"}));
        for (answer, status, trusted) in [("N", "R", false), ("Y", "Y", true)] {
            let prompt = session(&lab, FREE, json!({"challenge_indicator": "trusted_listing_prompt"}));
            let page = lab.form("/simulator/acs/challenge", &[("creq", &creq(&prompt))]);
            assert!(page.body.contains("name=\"trust\""), "the page offers the list: {}", page.body);
            let fields = [
                ("creq", creq(&prompt)),
                ("interaction", "0".into()),
                ("password", "Checkout1!".into()),
                ("trust", answer.into()),
            ];
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            lab.form("/simulator/acs/challenge", &fields);
            let done = lab.get(text(&prompt, "id"));
            assert_eq!(
                (text(&done, "status"), text(&done, "challenge_indicator")),
                ("approved", "trusted_listing_prompt")
            );
            assert_eq!(
                done["exemption"]["trusted_beneficiary"],
                json!({"status": status, "source": "03"}),
                "{version}"
            );
            let rreq = message(&lab, &prompt, "RReq");
            assert_eq!((text(&rreq, names[0]), text(&rreq, names[1])), (status, "03"), "{version}: {rreq}");
            let later = session(&lab, FREE, listing());
            assert_eq!(text(&later, "status") == "approved", trusted, "{version}");
        }
        let passed = session(&lab, FREE, listing());
        assert_eq!((text(&passed, "response_code"), text(&passed, "eci")), ("Y", "05"));
        assert_eq!(
            passed["exemption"],
            json!({"requested": "trusted_listing", "applied": "trusted_listing",
                "trusted_beneficiary": {"status": "Y", "source": "03"}})
        );
        let ares = message(&lab, &passed, "ARes");
        assert_eq!((text(&ares, names[0]), text(&ares, names[1])), ("Y", "03"));
        let elsewhere =
            json!({"challenge_indicator": "trusted_listing", "billing_descriptor": {"name": "Another Shop"}});
        assert_eq!(text(&session(&lab, FREE, elsewhere), "status"), "challenged");
        assert_eq!(text(&session(&lab, FREE_MASTERCARD, listing()), "status"), "challenged");
    }
    settings(&lab, json!({"protocol_version": "2.1.0"}));
    let old = session(&lab, FREE, json!({"challenge_indicator": "trusted_listing_prompt"}));
    let ares = message(&lab, &old, "ARes").to_string();
    assert!(!ares.contains("ListStatus"), "2.1.0 knows no list: {ares}");
}

#[test]
fn published_cards_grant_nothing_unless_the_rules_are_in_force() {
    let lab = lab();
    let low = json!({"challenge_indicator": "low_value"});
    let plain = session(&lab, CHALLENGE_CARD, low.clone());
    assert_eq!((text(&plain, "status"), text(&plain["exemption"], "applied")), ("challenged", "none"));
    settings(&lab, json!({"exemptions": "rules"}));
    let ruled = session(&lab, CHALLENGE_CARD, low);
    assert_eq!((text(&ruled, "status"), text(&ruled["exemption"], "applied")), ("approved", "low_value"));
    let shown = lab.control("GET", "/sessions", &Value::Null).json();
    assert_eq!(shown["sessions"][0]["exemption"], json!({"granted": true}));
    for (wrong, code) in [
        (json!({"exemptions": "maybe"}), "exemptions_invalid"),
        (json!({"low_value_minor": -1}), "low_value_minor_invalid"),
        (json!({"delegation_programme": "yes"}), "delegation_programme_invalid"),
    ] {
        assert_eq!(lab.control("PUT", "/settings", &wrong).codes(), [code]);
    }
}

#[test]
fn what_the_bank_applies_unasked_and_what_the_acquirer_does_in_an_outage_are_told() {
    let lab = lab();
    arm(&lab, "[issuer]\nares = { transStatus = \"Y\", transChallengeExemption = \"05\" }");
    let own = session(&lab, FREE, Value::Null);
    assert_eq!(own["exemption"], json!({"applied": "transaction_risk_assessment"}));
    assert_eq!((text(&own, "eci"), text(&own, "challenge_indicator")), ("05", "no_preference"));
    assert!(own["cryptogram"].is_string());
    let down = "[[faults]]\nhop = \"areq\"\nkind = \"close\"";
    arm(&lab, &format!("[issuer.server]\noutageExemption = true\n{down}"));
    let outage = session(&lab, FREE, Value::Null);
    assert_eq!((text(&outage, "status"), text(&outage["exemption"], "applied")), ("unavailable", "3ds_outage"));
    assert_eq!(outage["approved"], json!(false));
    arm(&lab, &format!("[issuer]\n{down}"));
    assert!(session(&lab, FREE, Value::Null)["exemption"].is_null(), "only where the acquirer has such a rule");
}

#[test]
fn a_bad_word_about_an_exemption_ends_the_session_with_its_code() {
    let lab = lab();
    for (version, field, value, code) in [
        ("2.3.1", "transChallengeExemption", "42", "203"),
        ("2.2.0", "transChallengeExemption", "10", "203"),
        ("2.3.1", "trustListStatus", "X", "203"),
        ("2.2.0", "trustListStatus", "Y", "203"),
        ("2.1.0", "whiteListStatus", "Y", "203"),
        ("2.3.1", "whiteListStatus", "Y", "203"),
        ("2.2.0", "webAuthnCredList", "x", "203"),
    ] {
        let fault =
            format!("[[faults]]\nhop = \"ares\"\nkind = \"set_field\"\nfield = \"{field}\"\nvalue = \"{value}\"");
        arm(&lab, &format!("[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"Y\" }}\n{fault}"));
        settings(&lab, json!({"protocol_version": "2.3.1"}));
        let session = session(&lab, FREE, Value::Null);
        let error = &session["3ds"]["error_details"];
        assert_eq!((text(error, "error_code"), text(error, "error_detail")), (code, field), "{version} {field}");
        assert_eq!(text(&session, "status"), "unavailable");
    }
}

#[test]
fn a_payment_without_authentication_is_declined_softly_and_goes_through_with_it() {
    let lab = lab();
    let pay = |more: Value| {
        let mut body = json!({
            "source": {"type": "card", "number": SOFT_DECLINE, "expiry_month": 11, "expiry_year": 2031},
            "amount": 1200, "currency": "EUR", "reference": "INV-1",
        });
        merge(&mut body, more);
        lab.call("POST", "/payments", &body)
    };
    let refused = pay(Value::Null);
    assert_eq!(refused.status, 201, "{refused:?}");
    let refused = refused.json();
    assert_eq!((text(&refused, "status"), text(&refused, "response_code")), ("Declined", "20154"));
    assert_eq!(refused["approved"], json!(false));
    assert_eq!(lab.call("GET", &format!("/payments/{}", text(&refused, "id")), &Value::Null).status, 404);
    let asked = session(&lab, SOFT_DECLINE, json!({"challenge_indicator": "challenge_requested_mandate"}));
    assert_eq!(message(&lab, &asked, "AReq")["threeDSRequestorChallengeInd"], "04");
    lab.answer_challenge(&asked, "Checkout1!");
    let paid = pay(json!({"3ds": {"enabled": true, "authentication_id": asked["id"]}}));
    assert_eq!((paid.status, text(&paid.json(), "status")), (201, "Authorized"), "{paid:?}");
    let other = json!({"source": {"type": "card", "number": FREE, "expiry_month": 11, "expiry_year": 2031}});
    assert_eq!(text(&pay(other).json(), "status"), "Authorized", "other banks do not mind");
}

const SPC: &str =
    "[issuer]\nversion = \"2.3.1\"\nares = { transStatus = \"S\" }\n[issuer.server]\nthreeDSRequestorSpcSupport = true";

fn confirming(lab: &Lab) -> Value {
    settings(lab, json!({"protocol_version": "2.3.1"}));
    arm(lab, SPC);
    let session = session(lab, FREE, Value::Null);
    assert_eq!((text(&session, "status"), text(&session, "response_code")), ("challenged", "C"));
    assert_eq!(session["next_actions"], json!(["challenge_cardholder"]));
    session
}

#[test]
fn the_browser_confirms_and_the_proof_goes_out_in_a_second_request() {
    let lab = lab();
    let session = confirming(&lab);
    let offer = message(&lab, &session, "ARes");
    assert_eq!(text(&offer, "transStatus"), "S");
    assert!(offer["webAuthnCredList"][0]["webAuthnCred"].is_string() && offer["spcTransData"]["payeeName"].is_string());
    assert!(offer["acsURL"].is_null() && offer["authenticationValue"].is_null(), "{offer}");
    let page = lab.form("/simulator/acs/challenge", &[("creq", &creq(&session))]);
    assert!(page.body.contains("data-kind=\"spc\"") && page.body.contains("Simulated"), "{}", page.body);
    let done =
        lab.form("/simulator/acs/challenge", &[("creq", &creq(&session)), ("interaction", "0"), ("continue", "1")]);
    assert!(done.body.contains("id=\"handover\""), "{}", done.body);
    let after = lab.get(text(&session, "id"));
    assert_eq!((text(&after, "status"), text(&after, "status_reason")), ("approved", "ares_status"));
    assert_eq!(
        (text(&after, "eci"), &after["challenged"], text(&after, "flow_type")),
        ("05", &json!(true), "challenged")
    );
    assert_eq!(text(&after["acs"], "authentication_type"), "14");
    assert!(after["cryptogram"].is_string());
    let requests = messages(&lab, &session, "AReq");
    assert_eq!(requests.len(), 4, "two requests on two legs");
    assert_eq!(
        (&requests[0]["threeDSRequestorSpcSupport"], &requests[0]["threeDSRequestorAuthenticationInfo"]),
        (&json!("Y"), &Value::Null)
    );
    let second = &requests[2];
    assert_eq!(second["threeDSRequestorAuthenticationInfo"][0]["threeDSReqAuthMethod"], "09");
    let proof = text(&second["threeDSRequestorAuthenticationInfo"][0], "threeDSReqAuthData");
    let proof: Value = serde_json::from_slice(&crate::app_sdk::unb64(proof)).expect("JSON");
    assert_eq!(proof["challenge"], offer["spcTransData"]["challenge"], "what was offered is what is signed");
    assert!(second["spcIncompInd"].is_null() && second["browserUserAgent"].is_string(), "{second}");
    for name in ["threeDSServerTransID", "messageVersion"] {
        assert_eq!(second[name], requests[0][name], "{name}");
    }
    assert_eq!(message(&lab, &session, "ARes")["authenticationMethod"], json!(["14"]));
    for kind in ["CReq", "CRes", "RReq", "RRes", "Erro"] {
        assert_eq!(messages(&lab, &session, kind), Vec::<Value>::new(), "{kind}");
    }
}

/// The issuer believes what the second request brings, not that somebody pressed a button.
#[test]
fn a_proof_that_does_not_fit_is_no_confirmation() {
    let lab = lab();
    settings(&lab, json!({"protocol_version": "2.3.1"}));
    let member = "field = \"threeDSRequestorAuthenticationInfo\"\ntimes = 2"; // of both requests
    let other = "[{ threeDSReqAuthMethod = \"09\", threeDSReqAuthData = \"e30\" }]";
    for fault in
        [format!("kind = \"remove_field\"\n{member}"), format!("kind = \"set_field\"\n{member}\nvalue = {other}")]
    {
        arm(&lab, &format!("{SPC}\n[[faults]]\nhop = \"areq_acs\"\n{fault}"));
        let session = session(&lab, FREE, Value::Null);
        assert_eq!((text(&session, "status"), text(&session, "response_code")), ("challenged", "C"));
        lab.form("/simulator/acs/challenge", &[("creq", &creq(&session))]);
        let page =
            lab.form("/simulator/acs/challenge", &[("creq", &creq(&session)), ("interaction", "0"), ("continue", "1")]);
        assert!(page.body.contains("data-kind=\"otp\""), "{fault}: {}", page.body);
        let after = lab.get(text(&session, "id"));
        assert_eq!((text(&after, "status"), &after["cryptogram"]), ("challenged", &Value::Null), "{after}");
        assert_eq!(text(&message(&lab, &session, "ARes"), "transStatus"), "C");
        lab.form(
            "/simulator/acs/challenge",
            &[("creq", &creq(&session)), ("interaction", "0"), ("password", "Checkout1!")],
        );
        let after = lab.get(text(&session, "id"));
        assert_eq!((text(&after, "status"), text(&after, "status_reason")), ("approved", "rreq_status"));
    }
}

#[test]
fn a_shopper_who_does_not_confirm_is_asked_by_the_bank_itself() {
    let lab = lab();
    let session = confirming(&lab);
    lab.form("/simulator/acs/challenge", &[("creq", &creq(&session))]);
    let page =
        lab.form("/simulator/acs/challenge", &[("creq", &creq(&session)), ("interaction", "0"), ("cancel", "1")]);
    assert!(page.body.contains("data-kind=\"otp\""), "{}", page.body);
    let requests = messages(&lab, &session, "AReq");
    assert_eq!((requests.len(), text(&requests[2], "spcIncompInd")), (4, "02"));
    assert!(requests[2]["threeDSRequestorSpcSupport"].is_null());
    assert_eq!(text(&message(&lab, &session, "ARes"), "transStatus"), "C");
    assert_eq!(messages(&lab, &session, "CReq").len(), 1, "the ordinary challenge has its own request");
    let phone = format!("/sessions/{}/phone", text(&session, "id"));
    assert_eq!(lab.control("GET", &phone, &Value::Null).json()["messages"].as_array().map(Vec::len), Some(1));
    lab.form(
        "/simulator/acs/challenge",
        &[("creq", &creq(&session)), ("interaction", "0"), ("password", "Checkout1!")],
    );
    let after = lab.get(text(&session, "id"));
    assert_eq!((text(&after, "status"), text(&after, "status_reason")), ("approved", "rreq_status"));
    assert_eq!(text(&message(&lab, &session, "RReq"), "transStatus"), "Y");
}

#[test]
fn nobody_confirms_where_the_shop_cannot_or_the_version_has_no_word_for_it() {
    let lab = lab();
    settings(&lab, json!({"protocol_version": "2.3.1"}));
    for (version, server) in [("2.3.1", ""), ("2.2.0", "[issuer.server]\nthreeDSRequestorSpcSupport = true")] {
        arm(&lab, &format!("[issuer]\nversion = \"{version}\"\nares = {{ transStatus = \"S\" }}\n{server}"));
        let session = session(&lab, FREE, Value::Null);
        assert_eq!(text(&message(&lab, &session, "ARes"), "transStatus"), "C", "{version}");
        assert!(message(&lab, &session, "AReq")["threeDSRequestorSpcSupport"].is_null());
    }
    let fault = "[[faults]]\nhop = \"ares\"\nkind = \"set_field\"\nfield = \"transStatus\"\nvalue = \"S\"";
    arm(&lab, &format!("[issuer]\nversion = \"2.3.1\"\nares = {{ transStatus = \"Y\" }}\n{fault}"));
    let forged = session(&lab, FREE, Value::Null);
    assert_eq!((text(&forged, "status"), text(&forged, "status_reason")), ("unavailable", "ares_error"));
}
