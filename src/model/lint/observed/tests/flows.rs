//! Flows with more than one request or result, and members against their version.

use super::*;

/// The hidden messages of a challenge on 2.3.1 that falls back to decoupled.
fn fallback() -> Vec<SchemeMessage> {
    let of = |kind: &str, more: Value| {
        let mut more = more;
        more["messageVersion"] = json!("2.3.1");
        said(kind, more)
    };
    let ares = of("ARes", json!({"transStatus": "C", "authenticationMethod": ["02"]}));
    let (open, done) = (of("RReq", json!({"transStatus": "D"})), of("RReq", json!({"transStatus": "Y"})));
    let (later, taken) = (of("RRes", json!({"resultsStatus": "04"})), of("RRes", json!({"resultsStatus": "01"})));
    vec![
        message(100, "AReq", OUT, of("AReq", json!({}))),
        message(101, "AReq", DOWN, of("AReq", json!({}))),
        message(102, "ARes", UP, ares.clone()),
        message(103, "ARes", IN, ares),
        message(200, "CReq", (Lane::Browser, Lane::Issuer), of("CReq", json!({}))),
        message(300, "RReq", UP, open.clone()),
        message(301, "RReq", IN, open),
        message(302, "RRes", OUT, later.clone()),
        message(303, "RRes", DOWN, later),
        message(
            304,
            "CRes",
            (Lane::Issuer, Lane::Browser),
            cres(json!({"transStatus": "D", "messageVersion": "2.3.1"})),
        ),
        message(410, "RReq", UP, done.clone()),
        message(411, "RReq", IN, done),
        message(412, "RRes", OUT, taken.clone()),
        message(413, "RRes", DOWN, taken),
    ]
}

/// These messages, the browser's CRes D between, and the session approved at the end.
fn run(messages: Vec<SchemeMessage>) -> Run {
    let mut run = empty();
    messages.into_iter().for_each(|message| run.scheme_message_seen(message));
    let brought = cres(json!({"transStatus": "D", "messageVersion": "2.3.1"}));
    run.delivered(notified(400, &[("cres", &encoded(&brought))]));
    let end = session(
        "approved",
        json!({"response_code": "Y", "eci": "05", "cryptogram": "V+v37FmuAPB9rCVyIpjY4BZ5RfQ=", "protocol_version": "2.3.1"}),
    );
    run.exchanged(Arc::new(api(500, Step::Confirm, "/sessions/x", "", end)));
    run.ended(Phase::Ended, at(600));
    run
}

#[test]
fn a_second_result_after_d_is_no_repetition_and_its_cres_no_contradiction() {
    let none = [] as [&str; 0];
    assert_eq!(rules(&run(fallback())), none);
    let mut twice = fallback();
    let (last, done) = (twice[13].clone(), twice[11].clone());
    twice.push(SchemeMessage { at: at(420), ..done });
    twice.push(SchemeMessage { at: at(421), ..last });
    assert!(rules(&run(twice)).contains(&"P004"), "the result itself came twice");
    let mut twice = fallback();
    let open = SchemeMessage { at: at(350), ..twice[6].clone() };
    twice.push(open);
    assert!(rules(&run(twice)).contains(&"P004"), "the D came twice");
    let mut yes = fallback();
    yes[9].body = cres(json!({"transStatus": "Y", "messageVersion": "2.3.1"})).into();
    assert!(rules(&run(yes)).contains(&"P005"), "a CRes Y beside an RReq D");
}

#[test]
fn a_second_request_after_s_is_no_repetition() {
    let of = |kind: &str, letter: &str| said(kind, json!({"transStatus": letter, "messageVersion": "2.3.1"}));
    let round = |from: u64, letter: &str| {
        [
            message(from, "AReq", OUT, said("AReq", json!({"messageVersion": "2.3.1"}))),
            message(from + 1, "AReq", DOWN, said("AReq", json!({"messageVersion": "2.3.1"}))),
            message(from + 2, "ARes", UP, of("ARes", letter)),
            message(from + 3, "ARes", IN, of("ARes", letter)),
        ]
    };
    let seen = |first: &str, second: &str| {
        let mut run = empty();
        round(100, first).into_iter().chain(round(200, second)).for_each(|message| run.scheme_message_seen(message));
        let end = session(
            "approved",
            json!({"response_code": "Y", "eci": "05", "cryptogram": "V+v37FmuAPB9rCVyIpjY4BZ5RfQ=",
            "protocol_version": "2.3.1"}),
        );
        run.exchanged(Arc::new(api(500, Step::Confirm, "/sessions/x", "", end)));
        run.ended(Phase::Ended, at(600));
        rules(&run)
    };
    assert_eq!(seen("S", "Y"), [] as [&str; 0]);
    assert!(seen("Y", "Y").contains(&"P004"));
}

#[test]
fn a_challenge_that_broke_ends_unavailable_without_a_contradiction() {
    let mut messages = conversation();
    let rreq = said("RReq", json!({"transStatus": "N", "challengeCancel": "06"}));
    messages[5].body = rreq.clone().into();
    messages[6].body = rreq.into();
    messages.truncate(9);
    let mut run = empty();
    messages.into_iter().for_each(|message| run.scheme_message_seen(message));
    let end = session("unavailable", json!({"response_code": "N", "eci": "07"}));
    run.exchanged(Arc::new(api(500, Step::Confirm, "/sessions/x", "", end)));
    assert!(!rules(&run).contains(&"P006"), "{:?}", rules(&run));
}

#[test]
fn a_proof_is_due_only_where_money_moves() {
    let lacking = |category: &str| {
        let end = session("approved", json!({"response_code": "Y", "authentication_category": category}));
        let mut run = empty();
        run.exchanged(Arc::new(api(500, Step::Confirm, "/sessions/x", "", end)));
        rules(&run).contains(&"L36")
    };
    assert!(lacking("payment") && !lacking("non_payment"));
}

/// The rules that an AReq with these members breaks.
fn asked(more: Value) -> Vec<&'static str> {
    let found = broken(|messages| {
        for message in messages.iter_mut().take(2) {
            message.body = said("AReq", more.clone()).into();
        }
    });
    let mut found: Vec<_> = found.into_iter().filter(|rule| rule.starts_with('L')).collect();
    found.dedup();
    found
}

#[test]
fn names_and_shapes_of_another_version_are_told() {
    for (members, wrong) in [
        (json!({"threeDSRequestorChallengeInd": "01", "browserJavascriptEnabled": true}), false),
        (json!({"threeDSRequestorChallengeInd": ["01"]}), true),
        (json!({"acceptLanguage": ["de"]}), true),
        (json!({"trustListStatus": "Y"}), true),
        (json!({"whiteListStatus": "Y"}), false),
        (json!({"authenticationType": "02"}), false),
        (json!({"authenticationMethod": ["02"]}), true),
        (json!({"cardholderInfo": {"text": "x"}}), true),
    ] {
        assert_eq!(asked(members.clone()).contains(&"L26"), wrong, "{members}");
    }
    let found = observed(&run_of({
        let mut messages = conversation();
        messages[0].body = said("AReq", json!({"acceptLanguage": ["de"]})).into();
        messages
    }));
    assert_eq!(found[0].fact, "acceptLanguage");
    assert_eq!(found[0].evidence[0].fact, "messageVersion: 2.2.0");
    // 2.3.1 has the new names only, 2.1.0 none of them.
    let other = |version: &str, members: Value| {
        let mut members = members;
        members["messageVersion"] = json!(version);
        asked(members).contains(&"L26")
    };
    assert!(other("2.3.1", json!({"whiteListStatus": "Y"})) && !other("2.3.1", json!({"trustListStatus": "Y"})));
    assert!(
        other("2.3.1", json!({"authenticationType": "02"}))
            && other("2.3.1", json!({"threeDSRequestorChallengeInd": "01"}))
    );
    assert!(
        other("2.1.0", json!({"browserJavascriptEnabled": true}))
            && other("2.1.0", json!({"threeDSRequestorDecReqInd": "N"}))
    );
    assert!(!other("2.1.0", json!({"threeDSRequestorChallengeInd": "02"})));
}

#[test]
fn what_an_areq_says_of_plans_waits_keys_and_devices_fits_together() {
    let none = [] as [&str; 0];
    let plan = |more: Value| {
        let mut body = json!({"threeDSRequestorAuthenticationInd": "02", "recurringExpiry": "20301231", "recurringFrequency": "28"});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        asked(body)
    };
    assert_eq!(plan(json!({})), none);
    assert_eq!(asked(json!({"threeDSRequestorAuthenticationInd": "02", "recurringExpiry": "20301231"})), ["L24"]);
    assert_eq!(plan(json!({"threeDSRequestorAuthenticationInd": "03", "purchaseInstalData": "3"})), none);
    assert_eq!(plan(json!({"threeDSRequestorAuthenticationInd": "03", "purchaseInstalData": "1"})), ["L24"]);

    let wait =
        |wish: Value, time: &str| asked(json!({"threeDSRequestorDecReqInd": wish, "threeDSRequestorDecMaxTime": time}));
    assert_eq!(wait(json!("Y"), "00030"), none);
    for (wish, time) in [(json!("Y"), "30"), (json!("Y"), "00000"), (json!("Y"), "10081"), (json!("N"), "00030")] {
        assert_eq!(wait(wish.clone(), time), ["L25"], "{wish} {time}");
    }

    let key = json!({"kty": "EC", "crv": "P-256", "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
        "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"});
    assert_eq!(asked(json!({"sdkEphemPubKey": key})), none);
    let mut off = key;
    off["y"] = json!("SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFppt");
    assert_eq!(asked(json!({"sdkEphemPubKey": off})), ["L42"]);

    assert_eq!(asked(json!({"deviceChannel": "03", "threeRIInd": "01"})), none);
    assert_eq!(asked(json!({"deviceChannel": "03", "browserIP": "192.0.2.1"})), ["L45"]);
}
