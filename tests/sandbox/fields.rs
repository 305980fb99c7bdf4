//! What a request may hold, and how callers spell it. Source: sessions-api.md 3, 9.3, 9.5.

use serde_json::{Value, json};

use crate::lab::*;

fn codes(lab: &Lab, body: &Value) -> Vec<String> {
    let answer = lab.call("POST", "/sessions", body);
    if answer.status < 300 {
        Vec::new()
    } else {
        assert_eq!(answer.status, 422, "{answer:?}");
        answer.codes()
    }
}

#[test]
fn all_findings_come_at_once_in_table_order() {
    let lab = Lab::new();
    // The example of sessions-api.md 5.7.
    let example = json!({
        "source": {
            "number": "4242424242424241", "expiry_month": 6, "expiry_year": 2030,
            "mobile_phone": {"country_code": "GB", "number": "7700900123"},
        },
        "amount": 1, "completion": {"type": "hosted", "failure_url": "https://shop.example.test/no"},
    });
    assert_eq!(
        codes(&lab, &example),
        ["number_invalid", "country_code_invalid", "currency_required", "success_url_required"]
    );
    assert_eq!(codes(&lab, &json!({})), ["source_required", "currency_required", "completion_required"]);
    assert_eq!(
        codes(&lab, &json!({"source": [], "completion": null, "currency": ""})),
        ["source_required", "currency_required", "completion_required"],
    );
    let everything = json!({
        "channel_data": {"channel": "browser", "color_depth": "1234", "three_ds_method_completion": "x"},
        "completion": {"type": "hosted", "success_url": "ftp://x/", "failure_url": 1, "callback_url": "x"},
        "shipping_address": {"zip": "12345678901234567", "country": "GBR"},
        "transaction_type": "gift", "prior_transaction_reference": 7,
        "merchant_risk_info": {"delivery_timeframe": "soon", "is_preorder": "yes"},
        "reference": "r".repeat(101), "billing_descriptor": {"name": "a/b"}, "challenge_indicator": "maybe",
        "account_info": {"purchase_count": -1, "account_change": "yesterday"},
        "authentication_category": "pay", "authentication_type": "once", "marketplace": {"sub_entity_id": "x"},
        "processing_channel_id": "pc_x", "currency": "USDX", "amount": -1,
        "source": {
            "type": "card", "number": "abc", "expiry_month": 13, "expiry_year": 30, "name": "A", "scheme": "maestro",
            "billing_address": {"state": "ABCD"}, "home_phone": {}, "email": "nobody",
        },
        "initial_transaction": {"initial_session_id": "sid_aaaaaaaaaaaaaaaaaaaaaaaaaa"},
        "preferred_experiences": ["3ds", "telepathy"],
    });
    assert_eq!(
        codes(&lab, &everything),
        [
            "number_invalid",
            "expiry_month_invalid",
            "expiry_year_invalid",
            "name_invalid",
            "scheme_invalid",
            "state_invalid",
            "country_code_required",
            "number_required",
            "email_invalid",
            "amount_invalid",
            "currency_invalid",
            "processing_channel_id_invalid",
            "sub_entity_id_invalid",
            "authentication_type_invalid",
            "authentication_category_invalid",
            "purchase_count_invalid",
            "account_change_invalid",
            "challenge_indicator_invalid",
            "reference_invalid",
            "delivery_timeframe_invalid",
            "is_preorder_invalid",
            "prior_transaction_reference_invalid",
            "transaction_type_invalid",
            "zip_invalid",
            "country_invalid",
            "success_url_invalid",
            "failure_url_invalid",
            "callback_url_invalid",
            "accept_header_required",
            "language_required",
            "color_depth_invalid",
            "screen_height_required",
            "screen_width_required",
            "timezone_required",
            "user_agent_required",
            "ip_address_required",
            "three_ds_method_completion_invalid",
            "initial_session_id_invalid",
            "preferred_experiences_invalid",
        ]
    );
}

#[test]
fn a_finding_for_every_limit() {
    let lab = Lab::new();
    let with = |more: Value| non_hosted(CHALLENGE_CARD, more);
    let card = |more: Value| {
        let mut source = json!({"type": "card", "number": CHALLENGE_CARD, "expiry_month": 6, "expiry_year": 2030});
        merge(&mut source, more);
        with(json!({"source": source}))
    };
    let year = lab.clock.now().strftime("%Y").to_string().parse::<i64>().expect("a year");
    let url = |length: usize| format!("https://shop.example/{}", "a".repeat(length - 21));
    let completion = |url: String| with(json!({"completion": {"type": "non_hosted", "callback_url": url}}));
    let table: Vec<(Value, &[&str])> = vec![
        (with(json!({"amount": 9_007_199_254_740_991_u64})), &[]),
        (with(json!({"amount": 9_007_199_254_740_992_u64})), &["amount_invalid"]),
        (with(json!({"amount": 1.5})), &["amount_invalid"]),
        (with(json!({"amount": "100"})), &["amount_invalid"]),
        (with(json!({"currency": "usd"})), &["currency_invalid"]),
        (with(json!({"currency": "ABC"})), &["currency_invalid"]),
        (card(json!({"number": "42424242424242424242"})), &["number_invalid"]),
        (card(json!({"number": "424242424242"})), &["number_invalid"]),
        (card(json!({"number": "4242 4242 4242 4242"})), &["number_invalid"]),
        (card(json!({"number": 4_242_424_242_424_242_u64})), &["number_invalid"]),
        (card(json!({"expiry_year": year - 1})), &["expiry_year_invalid"]),
        (card(json!({"expiry_year": year, "expiry_month": 12})), &[]),
        (card(json!({"expiry_year": 99})), &["expiry_year_invalid"]),
        (card(json!({"name": "A".repeat(45)})), &[]),
        (card(json!({"name": "A".repeat(46)})), &["name_invalid"]),
        (card(json!({"email": format!("{}@b.c", "a".repeat(250))})), &[]),
        (card(json!({"email": format!("{}@b.c", "a".repeat(251))})), &["email_invalid"]),
        (card(json!({"type": "customer"})), &["source_type_invalid"]),
        (with(json!({"reference": "r".repeat(100)})), &[]),
        (completion(url(256)), &[]),
        (completion(url(257)), &["callback_url_invalid"]),
        (completion("javascript:alert(1)".to_owned()), &["callback_url_invalid"]),
        (with(json!({"completion": {"type": "other"}})), &["type_invalid"]),
        (with(json!({"completion": {}})), &["type_required"]),
        (with(json!({"authentication_type": "recurring", "amount": 0})), &["amount_invalid"]),
        (with(json!({"authentication_type": "recurring", "amount": null})), &["amount_required"]),
        (with(json!({"authentication_type": "installment"})), &["number_of_payments_required"]),
        (
            with(json!({"authentication_type": "installment", "installment": {"number_of_payments": 1}})),
            &["number_of_payments_invalid"],
        ),
        (with(json!({"authentication_type": "installment", "instalment": {"number_of_payments": 2}})), &[]),
        (with(json!({"recurring": {"days_between_payments": "often"}})), &[]),
        (
            with(json!({"authentication_type": "recurring", "recurring": {"days_between_payments": 0}})),
            &["days_between_payments_invalid"],
        ),
        (with(json!({"channel_data": {"channel": "phone"}})), &["channel_invalid"]),
        (with(json!({"source": {"type": "id", "id": "src_short"}})), &["id_invalid"]),
        (with(json!({"source": {"type": "token"}})), &["token_required"]),
        (with(json!({"billing_descriptor": {"name": "Fern ! * - = _ @ .", "city": 7}})), &[]),
    ];
    for (body, expected) in table {
        assert_eq!(codes(&lab, &body), expected, "{body}");
    }
}

#[test]
fn bodies_that_are_no_object_are_one_finding() {
    let lab = Lab::new();
    let deep = "[".repeat(200);
    let wide = format!("{{\"a\":[{}0]}}", "0,".repeat(60_000));
    for body in ["", "{", "[]", "null", "\"x\"", "{\"a\":1}x", "\u{feff}{}", &deep, &wide] {
        for (method, path) in [
            ("POST", "/sessions".to_owned()),
            ("PUT", {
                let session = lab.create(&non_hosted(CHALLENGE_CARD, Value::Null));
                format!("/sessions/{}/collect-data", text(&session, "id"))
            }),
        ] {
            let answer = lab.send(method, &path, &lab.bearer(), body);
            assert_eq!((answer.status, answer.codes()), (422, vec!["json_invalid".to_owned()]), "{body:.20}");
        }
    }
}

/// Quirks 1, 2, 3, 4, 5, 6, 7, 17 of sessions-api.md 9.3, as those SDKs write them.
#[test]
fn quirks_of_the_sdks_are_taken() {
    let lab = Lab::new();
    let mut data = browser();
    data["three_ds_method_completion"] = "y".into();
    data.as_object_mut().expect("an object").remove("java_enabled");
    data.as_object_mut().expect("an object").remove("javascript_enabled");
    data["screen_height"] = 1080.into();
    let session = lab.create(&non_hosted(CHALLENGE_CARD, json!({
        "channel_data": data, "authentication_category": "nonPayment", "transaction_type": "quashi_card_transaction",
        "authentication_type": " instalment ", "instalment": {"number_of_payments": 3},
        "account_info": {"AccountInfo": {"x": null}, "purchase_count": 3, "account_age": " no_account ",
            "account_change": "2022-05-03T10:15:02+0100", "account_date": "20220503",
            "account_password_change": "2022-05-03 09:15:02 +0000"},
        "merchant_risk_info": {"shipping_indicator": "visa"},
        "shipping_address": [], "billing_descriptor": null, "marketplace": [], "recurring": [], "unknown": {"a": 1},
        "completion": {"type": "non-hosted", "success_url": null, "callback_url": null},
    })));
    assert_eq!(text(&session, "authentication_category"), "non_payment");
    assert_eq!(text(&session, "transaction_type"), "quasi_card_transaction");
    assert_eq!(text(&session, "authentication_type"), "installment");
    assert_eq!(
        session["installment"],
        json!({"number_of_payments": 3, "days_between_payments": 1, "expiry": "99991231"})
    );
    assert_eq!(
        session["account_info"],
        json!({
            "purchase_count": 3, "account_age": "no_account", "account_change": "2022-05-03T09:15:02Z",
            "account_date": "2022-05-03T00:00:00Z", "account_password_change": "2022-05-03T09:15:02Z",
        })
    );
    assert_eq!(session["merchant_risk_info"], json!({"shipping_indicator": "visa"}));
    let areq = &areq(&lab, text(&session, "id"));
    assert_eq!((&areq["browserJavaEnabled"], &areq["browserJavascriptEnabled"]), (&json!(false), &json!(true)));
    assert_eq!((text(areq, "browserScreenHeight"), text(areq, "threeDSCompInd")), ("1080", "Y"));
    assert_eq!(text(areq, "messageCategory"), "02");
    // Without an amount nothing can be paid.
    let session = lab.create(&non_hosted(CHALLENGE_CARD, json!({"amount": null})));
    assert_eq!((text(&session, "authentication_category"), &session["amount"]), ("non_payment", &json!(0)));
}

#[test]
fn every_field_of_an_app_and_of_a_merchant_is_read() {
    let lab = Lab::new();
    let with = |data: Value| non_hosted(CHALLENGE_CARD, json!({"channel_data": data}));
    let all = json!({
        "channel": "app", "sdk_app_id": "x", "sdk_max_timeout": 4, "sdk_ephem_pub_key": {"kty": "RSA", "x": "!"},
        "sdk_encrypted_data": "", "sdk_reference_number": "r".repeat(33), "sdk_transaction_id": 7,
        "sdk_interface_type": "voice", "sdk_ui_elements": ["text", "smell"],
    });
    assert_eq!(
        codes(&lab, &with(all)),
        [
            "sdk_app_id_invalid",
            "sdk_max_timeout_invalid",
            "kty_invalid",
            "crv_required",
            "x_invalid",
            "y_required",
            "sdk_encrypted_data_required",
            "sdk_reference_number_invalid",
            "sdk_transaction_id_invalid",
            "sdk_interface_type_invalid",
            "sdk_ui_elements_invalid",
        ]
    );
    let some = json!({"channel": "app", "sdk_max_timeout": 5});
    let missing = [
        "sdk_app_id_required",
        "sdk_ephem_pub_key_required",
        "sdk_encrypted_data_required",
        "sdk_reference_number_required",
        "sdk_transaction_id_required",
        "sdk_interface_type_required",
        "sdk_ui_elements_required",
    ];
    assert_eq!(codes(&lab, &with(some)), missing);
    let merchant = |more: Value| {
        let mut data = json!({"channel": "merchant_initiated"});
        merge(&mut data, more);
        codes(&lab, &with(data))
    };
    assert_eq!(merchant(json!({})), ["request_type_required"]);
    assert_eq!(merchant(json!({"request_type": "gift"})), ["request_type_invalid"]);
    for kind in [
        "recurring_transaction",
        "installment_transaction",
        "add_card",
        "maintain_card_information",
        "account_verification",
        "split_or_delayed_shipment",
        "top_up",
        "mail_order",
        "telephone_order",
        "whitelist_status_check",
        "other_payment",
    ] {
        assert_eq!(merchant(json!({"request_type": kind})), Vec::<String>::new(), "{kind}");
    }
    let hosted_app = hosted(CHALLENGE_CARD, json!({"channel_data": {"channel": "app"}}));
    let answer = lab.call("POST", "/sessions", &hosted_app);
    assert_eq!((answer.status, answer.codes()), (403, vec!["hosted_not_supported_for_app".to_owned()]));
}

/// Open question 21: an app object without data, as one SDK test sends it.
#[test]
fn an_app_that_has_not_said_anything_yet_is_waited_for() {
    let lab = Lab::new();
    let empty = json!({
        "channel": "app", "sdk_app_id": null, "sdk_max_timeout": 0, "sdk_encrypted_data": "",
        "sdk_ephem_pub_key": {"kty": null}, "sdk_ui_elements": [],
    });
    let body = non_hosted(CHALLENGE_CARD, json!({"channel_data": empty}));
    let answer = lab.call("POST", "/sessions", &body);
    assert_eq!(answer.status, 202);
    let session = answer.json();
    assert_eq!((text(&session, "status"), &session["next_actions"]), ("pending", &json!(["collect_channel_data"])));
    assert_eq!(session["ds"], json!({"ds_id": "A000000003"}));
    lab.control("PUT", "/settings", &json!({"strict": true}));
    let strict = lab.call("POST", "/sessions", &body);
    assert!(strict.codes().contains(&"sdk_app_id_required".to_owned()), "{strict:?}");
}

#[test]
fn a_network_token_stands_for_a_card() {
    let lab = Lab::new();
    let token = |digits: &str| {
        let source = json!({"type": "network_token", "token": digits, "expiry_month": 6, "expiry_year": 2030,
            "name": "Ada Example", "stored": true, "number": "x"});
        non_hosted(CHALLENGE_CARD, json!({"source": source, "channel_data": browser()}))
    };
    let known = lab.create(&token(FRICTIONLESS_CARD));
    assert_eq!((text(&known, "status"), text(&known, "scheme")), ("approved", "visa"));
    let short = lab.create(&token("534242424"));
    assert_eq!((text(&short, "status"), text(&short, "scheme")), ("challenged", "mastercard"));
    assert_eq!(codes(&lab, &token("12345678")), ["token_invalid"]);
    assert_eq!(codes(&lab, &token("4242-4242-4242")), ["token_invalid"]);
    let missing = json!({"source": {"type": "network_token"}});
    let missing = codes(&lab, &non_hosted(CHALLENGE_CARD, missing));
    assert_eq!(missing, ["token_required", "expiry_month_required", "expiry_year_required"]);
}

#[test]
fn what_the_account_is_not_set_up_for_is_refused() {
    let lab = Lab::new();
    let amex = non_hosted("345678901234564", Value::Null);
    let stored = non_hosted(CHALLENGE_CARD, json!({"source": {"type": "id", "id": "src_aaaaaaaaaaaaaaaaaaaaaaaaaa"}}));
    let account = json!({"source": {"type": "id", "id": "src_bankaaaaaaaaaaaaaaaaaaaaaa"}});
    assert_eq!(codes(&lab, &non_hosted(CHALLENGE_CARD, account)), ["instrument_used_is_not_card"]);
    for (setting, body, code) in [
        (json!({"schemes": ["visa", "mastercard"]}), &amex, "scheme_not_supported"),
        (
            json!({"schemes": ["amex", "visa"], "processors": ["visa"]}),
            &amex,
            "no_processor_configured_for_card_scheme",
        ),
        (json!({"processors": ["amex", "visa"], "amex_currencies": ["EUR"]}), &amex, "currency_not_supported"),
        (json!({"vault": "off"}), &stored, "vault_not_configured_for_processing_channel"),
        (json!({"vault": "on", "processing_channel": "off"}), &stored, "processing_channel_disabled"),
    ] {
        assert_eq!(lab.control("PUT", "/settings", &setting).status, 200, "{setting}");
        let answer = lab.call("POST", "/sessions", body);
        assert_eq!((answer.status, answer.codes()), (403, vec![code.to_owned()]), "{setting}");
    }
    let wrong = lab.control("PUT", "/settings", &json!({"schemes": ["maestro"], "amex_currencies": ["XXX"]}));
    assert_eq!(wrong.codes(), ["schemes_invalid", "amex_currencies_invalid"]);
}

#[test]
fn stored_cards_resolve() {
    let lab = Lab::new();
    let first = lab.create(&non_hosted(FRICTIONLESS_CARD, json!({"channel_data": browser()})));
    let with = |source: Value, more: Value| {
        let mut body = non_hosted(CHALLENGE_CARD, json!({"source": source, "channel_data": browser()}));
        merge(&mut body, more);
        lab.create(&body)
    };
    let again = with(
        json!({"type": "id", "id": first["card"]["instrument_id"]}),
        json!({
            "initial_transaction": {"initial_session_id": first["id"]},
        }),
    );
    assert_eq!(again["card"], first["card"]);
    assert_eq!(text(&again, "status"), "approved");
    assert_eq!(again["initial_transaction"]["acs_transaction_id"], first["acs"]["transaction_id"]);
    for source in [
        json!({"type": "id", "id": "src_aaaaaaaaaaaaaaaaaaaaaaaaaa"}),
        json!({"type": "token", "token": "tok_aaaaaaaaaaaaaaaaaaaaaaaaaa"}),
    ] {
        assert_eq!(text(&with(source, Value::Null), "status"), "challenged");
    }
    lab.control("PUT", "/settings", &json!({"strict": true}));
    let channel = json!({"processing_channel_id": lab.sandbox.processing_channel_id(),
        "completion": {"type": "non_hosted", "callback_url": "http://127.0.0.1:9/cb"}});
    for (source, status, code) in [
        (json!({"type": "id", "id": "src_aaaaaaaaaaaaaaaaaaaaaaaaaa"}), 404, "instrument_not_found"),
        (json!({"type": "token", "token": "tok_aaaaaaaaaaaaaaaaaaaaaaaaaa"}), 422, "invalid_token"),
    ] {
        let mut body = non_hosted(CHALLENGE_CARD, json!({"source": source}));
        merge(&mut body, channel.clone());
        let answer = lab.call("POST", "/sessions", &body);
        assert_eq!((answer.status, answer.codes()), (status, vec![code.to_owned()]));
    }
    assert_eq!(
        codes(&lab, &non_hosted(CHALLENGE_CARD, Value::Null)),
        ["processing_channel_id_required", "callback_url_required"]
    );
}

/// Source: sessions-api.md 3.1, 3.9: members without a length.
#[test]
fn what_has_no_limit_in_the_contract_has_none_here() {
    let lab = Lab::new();
    let long = "é".repeat(5_000);
    let body = non_hosted(
        CHALLENGE_CARD,
        json!({
            "device_information": {"device_id": long, "device_session_id": long},
            "optimization": {"framework": long},
            "initial_transaction": {"authentication_method": long, "authentication_timestamp": long},
            "channel_data": {"user_agent_client_hint": long},
        }),
    );
    let mut data = browser();
    merge(&mut data, body["channel_data"].clone());
    let mut body = body;
    body["channel_data"] = data;
    let session = lab.create(&body);
    assert_eq!(text(&session["initial_transaction"], "authentication_method"), long);
    for (name, wrong) in [
        ("device_information", json!({"device_id": 7})),
        ("optimization", json!({"framework": true})),
        ("initial_transaction", json!({"authentication_data": "x".repeat(2049)})),
    ] {
        body[name] = wrong;
    }
    assert_eq!(codes(&lab, &body), ["authentication_data_invalid", "framework_invalid", "device_id_invalid"]);
}

#[test]
fn a_code_that_is_empty_is_no_error() {
    let lab = Lab::new();
    for reference in ["SBX:CODE=", "SBX:CODE", "SBX:CODE=;INFO"] {
        assert_eq!(codes(&lab, &non_hosted(CHALLENGE_CARD, json!({"reference": reference}))), [""; 0], "{reference}");
    }
}

/// Source: sessions-api.md 2.6; the choice is ours.
#[test]
fn empty_text_in_a_member_that_must_be_there_is_a_missing_member() {
    let lab = Lab::new();
    let mut data = browser();
    let required = ["accept_header", "language", "color_depth", "screen_height", "screen_width", "timezone"];
    required.iter().for_each(|name| data[name] = json!(""));
    let body = json!({
        "source": {"type": "card", "number": "", "expiry_month": "", "expiry_year": ""},
        "amount": "", "currency": "", "authentication_type": "recurring",
        "completion": {"type": ""}, "channel_data": data,
    });
    let mut expected: Vec<_> = ["number", "expiry_month", "expiry_year", "amount", "currency", "type"].into();
    expected.extend(required);
    let expected: Vec<_> = expected.iter().map(|name| format!("{name}_required")).collect();
    assert_eq!(codes(&lab, &body), expected);
    assert_eq!(
        codes(&lab, &json!({"source": "", "completion": ""})),
        ["source_required", "currency_required", "completion_required"]
    );
    let optional =
        non_hosted(CHALLENGE_CARD, json!({"authentication_category": "", "account_info": {"account_id": ""}}));
    assert_eq!(codes(&lab, &optional), ["authentication_category_invalid"]);
}

/// Source: ISO 4217.
#[test]
fn every_currency_goes_out_as_its_number() {
    let lab = Lab::new();
    for (currency, number, exponent) in
        [("ARS", "032", "2"), ("KWD", "414", "3"), ("CLP", "152", "0"), ("CLF", "990", "4"), ("EUR", "978", "2")]
    {
        let data = json!({"channel_data": browser(), "currency": currency});
        let session = lab.create(&non_hosted(FRICTIONLESS_CARD, data));
        let request = &areq(&lab, text(&session, "id"));
        assert_eq!(
            (text(request, "purchaseCurrency"), text(request, "purchaseExponent")),
            (number, exponent),
            "{currency}"
        );
    }
    assert_eq!(codes(&lab, &non_hosted(CHALLENGE_CARD, json!({"currency": "978"}))), ["currency_invalid"]);
    assert_eq!(codes(&lab, &non_hosted(CHALLENGE_CARD, json!({"currency": "EU"}))), ["currency_invalid"]);
}
