use super::*;

fn member<'a>(doc: Doc, path: &'a str, value: &'a str, scheme: &'a str) -> Member<'a> {
    Member { doc, path, value, text: true, scheme, currency: "USD" }
}

#[test]
fn an_eci_is_explained_by_its_scheme() {
    let meaning = of_member(&member(Doc::Api, "$.eci", "05", "visa")).expect("known");
    assert_eq!(meaning.title, "05 at Visa: fully authenticated");
    assert_eq!(meaning.elsewhere.as_deref(), Some("Mastercard says 02"));
    assert!(meaning.says.contains("takes the fraud risk") && meaning.act.contains("unchanged"));
    assert_eq!(meaning.wrong, None);
    let wrong = of_member(&member(Doc::Api, "$.eci", "05", "mastercard")).expect("known");
    assert!(wrong.wrong.is_some(), "{wrong:?}");
    assert!(wrong.allowed.contains(&("02", "Fully authenticated")));
}

#[test]
fn a_request_field_brings_its_limits_and_what_the_bank_does_with_it() {
    let path = "$.channel_data.browser_info";
    assert_eq!(of_member(&member(Doc::Request(Body::Session), path, "x", "")), None);
    let meaning = of_member(&member(Doc::Request(Body::Browser), "$.color_depth", "4711", "")).expect("known");
    assert!(meaning.limits.contains("1 to 2 characters"), "{}", meaning.limits);
    assert!(meaning.wrong.expect("too long").contains("color_depth"));
    assert!(meaning.act.contains("browserColorDepth"));
    let inside = of_member(&member(Doc::Request(Body::Session), "$.channel_data.timezone", "-60", "")).expect("known");
    assert!(inside.act.contains("compares it with the address"), "{}", inside.act);
}

#[test]
fn the_same_name_says_what_its_document_says() {
    let entry_of = |doc, path| entry(doc, path).map(|entry| entry.name);
    assert_eq!(entry_of(Doc::Api, "$['3ds'].challenge_request"), Some("3ds.challenge_request"));
    assert_eq!(entry_of(Doc::Api, "$.ds.transaction_id"), Some("ds.transaction_id"));
    assert_eq!(entry_of(Doc::Api, "$.transaction_id"), Some("transaction_id"));
    assert_eq!(entry_of(Doc::Legacy, "ThreeDSecure/Message/PARes/TX/status"), Some("TX/status"));
    assert_eq!(entry_of(Doc::Emv, "$.list[3].acsTransID"), Some("acsTransID"));
    assert_eq!(entry_of(Doc::Api, "$.nothing"), None);
}

#[test]
fn wrong_values_are_marked_and_masked_ones_are_not() {
    let wrong = |path, value| of_member(&member(Doc::Emv, path, value, "visa")).expect("known").wrong;
    assert!(wrong("$.acsTransID", "375d90ad").expect("short").contains("UUID"));
    assert_eq!(wrong("$.acsTransID", "375d90ad-3873-498b-9133-380cbbc8d99d"), None);
    assert!(wrong("$.authenticationValue", "abc").expect("short").contains("20 bytes"));
    assert!(wrong("$.purchaseCurrency", "999").is_some());
    assert_eq!(wrong("$.acctNumber", "424242******4242"), None);
    assert!(wrong("$.purchaseDate", "20261399000000").is_some());
    assert_eq!(wrong("$.threeDSRequestorChallengeInd", "82"), None, "the scheme's own");
}

#[test]
fn an_element_is_judged_by_what_its_list_may_hold() {
    fn of(doc: Doc, path: &str, value: &str) -> Meaning {
        of_member(&member(doc, path, value, "")).expect("known")
    }
    let action = of(Doc::Api, "$.next_actions[0]", "complete");
    assert_eq!((action.wrong, action.title.starts_with("complete: ")), (None, true));
    assert!(of(Doc::Api, "$.next_actions[0]", "jump").wrong.expect("none of them").contains("complete"));
    let code = of(Doc::Api, "$.error_codes[3]", "currency_invalid");
    assert_eq!((code.wrong, code.limits.as_str()), (None, ""));
    let request = Doc::Request(Body::Session);
    let path = "$.preferred_experiences";
    assert_eq!(of(request, &format!("{path}[0]"), "3ds").wrong, None);
    assert!(of(request, &format!("{path}[0]"), "4ds").wrong.is_some());
    assert!(of(request, path, "3ds").wrong.expect("no list").contains("list"));
}

#[test]
fn every_member_of_the_app_channel_and_of_the_flows_is_explained() {
    // Source of the names: emv-3ds.md 1.5, 1.6, 1.8, 3.5, 3.6, 4.2, 5.1, 5.2.
    let names = "sdkAppID sdkTransID sdkReferenceNumber sdkMaxTimeout sdkEncData sdkEphemPubKey deviceRenderOptions \
        sdkInterface sdkUiType appIp sdkType deviceInfo acsRenderingType acsInterface acsUiTemplate \
        deviceUserInterfaceMode acsSignedContent acsEphemPubKey acsURL sdkCounterStoA acsCounterAtoS acsUiType \
        challengeDataEntry challengeDataEntryTwo challengeNoEntry challengeHTMLDataEntry oobContinue resendChallenge \
        challengeAddCode infoContinueIndicator challengeCancel whitelistingDataEntry trustListDataEntry \
        deviceBindingDataEntry threeDSRequestorAppURL oobAppURLInd challengeCompletionInd challengeInfoHeader \
        challengeInfoLabel challengeInfoText challengeInfoTextIndicator challengeSelectInfo challengeEntryBox \
        challengeEntryLabel challengeEntryKeyboard challengeEntryAutofill challengeEntryLengthMax \
        challengeEntryMasking challengeEntryMaskingToggle resendInformationLabel submitAuthenticationLabel \
        oobContinueLabel oobAppLabel oobAppURL infoContinueLabel whyInfoLabel whyInfoText expandInfoLabel \
        expandInfoText issuerImage psImage whitelistingInfoText trustListInfoText deviceBindingInfoText acsHTML \
        acsHTMLRefresh whiteListStatus whiteListStatusSource trustListStatus trustListStatusSource \
        transChallengeExemption threeRIInd threeDSRequestorPriorAuthenticationInfo threeDSReqPriorRef \
        threeDSReqPriorAuthMethod threeDSReqPriorAuthTimestamp threeDSReqPriorAuthData \
        threeDSRequestorAuthenticationInfo threeDSReqAuthMethod threeDSReqAuthTimestamp threeDSReqAuthData \
        recurringExpiry recurringFrequency recurringInd amountInd frequencyInd recurringAmount recurringCurrency \
        recurringExponent recurringDate purchaseInstalData threeDSRequestorDecReqInd threeDSRequestorDecMaxTime \
        acsDecConInd threeDSRequestorSpcSupport spcTransData spcIncompInd payTokenInd payTokenSource resultsStatus \
        authenticationMethod authenticationType acsInfoInd cardRangeData";
    for name in names.split_whitespace() {
        let path = format!("$.{name}");
        let entry = entry(Doc::Emv, &path).unwrap_or_else(|| panic!("{name} is not explained"));
        assert_eq!(entry.name, name);
    }
    for (list, count) in
        [(codes::METHODS, 16), (codes::INITIATED, 19), (codes::REASONS, 30), (codes::RESULTS_STATUS, 4)]
    {
        assert_eq!(list.len(), count);
        assert!(list.iter().enumerate().all(|(at, word)| word.word == format!("{:02}", at + 1)), "{list:?}");
    }
    for code in (205..=207).chain(308..=315) {
        assert!(codes::said(codes::ERRORS, &code.to_string()).is_some(), "{code}");
    }
}

#[test]
fn a_member_that_changed_its_shape_is_right_in_both() {
    let wrong = |path: &str, value: &str, text| {
        of_member(&Member { text, ..member(Doc::Emv, path, value, "") }).expect("known").wrong
    };
    for (path, old, new) in [
        ("$.threeDSRequestorChallengeInd", "01", "[\"01\",\"09\"]"),
        ("$.cardholderInfo", "Call us", "{\"text\":\"Call us\"}"),
        ("$.acsUiType", "01", "[\"07\"]"),
    ] {
        assert_eq!((wrong(path, old, true), wrong(path, new, false)), (None, None), "{path}");
    }
    assert_eq!(wrong("$.oobContinue", "true", false), None);
    assert_eq!(wrong("$.oobContinue", "01", true), None);
    assert_eq!(wrong("$.authenticationMethod[0]", "16", true), None);
    assert!(wrong("$.authenticationMethod[0]", "17", true).is_some());
    assert!(wrong("$.threeDSRequestorChallengeInd", "[\"15\"]", false).is_some());
    let title = |path: &str, value: &str| of_member(&member(Doc::Emv, path, value, "")).expect("known").title;
    assert_eq!(title("$.authenticationMethod[0]", "14"), "14: secure payment confirmation");
    assert_eq!(title("$.threeRIInd", "19"), "19: decoupled fallback");
    assert_eq!(title("$.transChallengeExemption", "79"), "79: none");
    assert_eq!(title("$.sdkUiType[2]", "06"), "06: HTML, out of band");
}

#[test]
fn hints_are_read_from_neighbours() {
    let body = bytes::Bytes::from_static(
        br#"{"amount":6540,"currency":"USD","scheme":"mastercard","eci":"07","acs":{"url":"x"},"transStatus":"Y"}"#,
    );
    let tree = Tree::read(&body);
    let all: Vec<Option<String>> = (0..tree.index.len() as u32).map(|node| of_row(&tree, node)).collect();
    let all: Vec<Option<&str>> = all.iter().map(Option::as_deref).collect();
    assert_eq!(all[1], Some("USD 65.40"));
    assert_eq!(all[2], None);
    assert_eq!(all[4], Some("Authenticated, merchant-initiated"));
    assert_eq!(all[5], Some("issuer's server"));
    assert_eq!(all[7], Some("authenticated"));
}

#[test]
fn every_entry_is_a_sentence_and_stands_once() {
    for table in [emv::MEMBERS, app::MEMBERS, flows::MEMBERS, api::MEMBERS, emv::LEGACY] {
        for (at, entry) in table.iter().enumerate() {
            assert!(entry.says.ends_with('.') && (entry.act.is_empty() || entry.act.ends_with('.')), "{entry:?}");
            assert!(table[..at].iter().all(|earlier| earlier.name != entry.name), "{} twice", entry.name);
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_path_and_no_value_breaks_it(path in ".{0,60}", value in ".{0,60}") {
        for doc in [Doc::Api, Doc::Emv, Doc::Legacy, Doc::Request(Body::Session)] {
            let _ = of_member(&member(doc, &path, &value, "visa"));
        }
        let _ = hint(&path, &value, true, &|_| None);
    }
}
