//! The five libraries that are not run for real: what they send, in bytes, and what their own live tests
//! then assert. Source: sessions-api.md 1.2, 9.2-9.6; Appendix B 8.

use serde_json::{Value, json};

use crate::client::*;
use crate::lab::*;

/// A library, as the wire shows it.
struct Library {
    name: &'static str,
    /// Head of the token request; credentials are in the form for all five.
    token: &'static str,
    /// Lines of every request after the first two.
    headers: &'static str,
    /// A content type for bodies; `complete` has its own.
    content_type: &'static str,
    /// Headers and body of `complete`.
    complete: (&'static str, &'static str),
    /// How `Y` is spelt.
    yes: &'static str,
    /// How `non_payment` is spelt.
    non_payment: &'static str,
    /// What stands in each request beyond the fields that matter.
    extra: &'static str,
    /// What the browser's data lacks or has.
    browser: &'static str,
    /// Its hosted tests' card.
    hosted_card: &'static str,
}

const LIBRARIES: [Library; 5] = [
    Library {
        name: "java",
        token: "Accept: application/json\nUser-Agent: checkout-sdk-java/7.9.2\nContent-Type: application/x-www-form-urlencoded; charset=ISO-8859-1\nAccept-Encoding: gzip,deflate",
        headers: "User-Agent: checkout-sdk-java/7.9.2\nAccept: application/json\nAccept-Encoding: gzip,deflate\ncko-sdk-telemetry: {\"request-id\":\"5f\",\"prev-request-id\":\"5e\",\"prev-request-duration\":120}",
        content_type: "Content-Type: application/json; charset=UTF-8",
        complete: ("Content-Type: application/json", ""),
        yes: "Y",
        non_payment: "non_payment",
        extra: r#""challenge_indicator":"{indicator}","billing_descriptor":{"name":"SUPERHEROES.COM"},"reference":"ORD-5023-4E89","transaction_type":"goods_service""#,
        browser: r#""java_enabled":true,"javascript_enabled":true"#,
        hosted_card: FRICTIONLESS_CARD,
    },
    Library {
        name: "net",
        token: "User-Agent: checkout-sdk-net/5.7.0\nContent-Type: application/x-www-form-urlencoded",
        headers: "User-Agent: checkout-sdk-net/5.7.0\nAccept: application/json;schema_version=3.0\nchannel: browser\ncko-sdk-telemetry: {\"RequestId\":\"5f\",\"PrevRequestId\":\"5e\",\"PrevRequestDuration\":120}",
        content_type: "Content-Type: application/json; charset=utf-8",
        complete: ("", ""),
        yes: "Y",
        non_payment: "non_payment",
        extra: r#""challenge_indicator":"{indicator}","billing_descriptor":{"name":"SUPERHEROES.COM"},"reference":"ORD-5023-4E89","transaction_type":"goods_service","account_info":{"purchase_count":10,"account_change":"2024-05-03T09:15:02","account_age":"no_account"},"device_information":{"device_id":"any free text","device_session_id":"dsid"}"#,
        browser: r#""java_enabled":true,"javascript_enabled":true"#,
        hosted_card: FRICTIONLESS_CARD,
    },
    Library {
        name: "go",
        token: "User-Agent: Go-http-client/1.1\nContent-Type: application/x-www-form-urlencoded\nAccept-Encoding: gzip",
        headers: "User-Agent: checkout-sdk-go/2.4.1\nAccept: application/json;schema_version=3.0\nAccept-Encoding: gzip\nCko-Sdk-Telemetry: {\"request_id\":\"5f\",\"prev_request_id\":\"5e\",\"prev_request_duration\":120}",
        content_type: "Content-Type: application/json",
        complete: ("Content-Type: application/json", ""),
        yes: "y",
        non_payment: "nonPayment",
        extra: r#""challenge_indicator":"{indicator}","billing_descriptor":{"name":"SUPERHEROES.COM"},"reference":"ORD-5023-4E89","transaction_type":"goods_service","account_info":{"AccountInfo":{},"purchase_count":10},"merchant_risk_info":{"shipping_indicator":"visa"}"#,
        browser: r#""javascript_enabled":true"#,
        hosted_card: CHALLENGE_CARD,
    },
    Library {
        name: "php",
        token: "User-Agent: GuzzleHttp/7\nContent-Type: application/x-www-form-urlencoded\nAccept: application/json",
        headers: "User-Agent: checkout-sdk-php/5.4.0\nAccept: application/json",
        content_type: "Content-Type: application/json",
        complete: ("Content-Type: application/json", ""),
        yes: "Y",
        non_payment: "non_payment",
        extra: r#""challenge_indicator":"{indicator}","billing_descriptor":{"name":"SUPERHEROES.COM"},"reference":"ORD-5023-4E89","transaction_type":"goods_service","account_info":{"account_change":"2024-05-03T09:15:02+0100"},"merchant_risk_info":[],"initial_transaction":[]"#,
        browser: r#""java_enabled":true"#,
        hosted_card: FRICTIONLESS_CARD,
    },
    Library {
        name: "ruby",
        token: "User-Agent: Faraday v2.9.0\nContent-Type: application/x-www-form-urlencoded\nAccept: */*\nAccept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3",
        headers: "User-Agent: checkout-sdk-ruby/1.8.0\nAccept: application/json;\nAccept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3",
        content_type: "Content-Type: application/json",
        complete: ("Content-Type: application/json", "{}"),
        yes: "y",
        non_payment: "nonPayment",
        extra: r#""challenge_indicator":"{indicator}","billing_descriptor":{"name":"SUPERHEROES.COM","city":null},"reference":"ORD-5023-4E89","transaction_type":"goods_service","account_info":{"account_change":"2024-05-03 09:15:02 +0000","purchase_count":null},"recurring":null"#,
        browser: r#""java_enabled":true,"javascript_enabled":null"#,
        hosted_card: FRICTIONLESS_CARD,
    },
];

/// A library at work on a sandbox.
struct Work<'a> {
    lab: &'a Lab,
    library: &'a Library,
    token: String,
}

impl<'a> Work<'a> {
    fn new(lab: &'a Lab, library: &'a Library) -> Self {
        let scopes = "files flow fx gateway marketplace sessions:app sessions:browser vault vault:card-metadata payouts:bank-details disputes transfers:create transfers:view balances:view financial-actions issuing:card-mgmt";
        let body = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope={}",
            lab.sandbox.client_id(),
            url::form_urlencoded::byte_serialize(lab.sandbox.client_secret().expose().as_bytes()).collect::<String>(),
            scopes.replace(' ', "+").replace(':', "%3A"),
        );
        let head =
            format!("POST /connect/token HTTP/1.1\nHost: {{host}}\n{}\nContent-Length: {{length}}", library.token);
        let answer = wire(lab, &head, &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        let grant = answer.json();
        assert_eq!((text(&grant, "token_type"), text(&grant, "scope")), ("Bearer", scopes));
        assert!(grant["expires_in"].as_u64().is_some_and(|seconds| seconds > 0) && grant["error"].is_null());
        Self { lab, library, token: format!("Bearer {}", text(&grant, "access_token")) }
    }

    fn send(&self, method: &str, path: &str, authorization: &str, body: &str) -> Answer {
        let kind = if body.is_empty() { "" } else { self.library.content_type };
        self.wire(method, path, authorization, kind, body)
    }

    fn wire(&self, method: &str, path: &str, authorization: &str, kind: &str, body: &str) -> Answer {
        let length = if method == "GET" { "" } else { "Content-Length: {length}" };
        let head = format!(
            "{method} {path} HTTP/1.1\nHost: {{host}}\nAuthorization: {authorization}\n{}\n{kind}\n{length}",
            self.library.headers
        );
        let answer = wire(self.lab, &head, body);
        assert!(answer.header("Cko-Request-Id").is_some(), "{}: {answer:?}", self.library.name);
        answer
    }

    fn browser(&self) -> String {
        format!(
            r#"{{"channel":"browser","three_ds_method_completion":"{}","accept_header":"Accept:  *.*, q=0.1",{},"language":"FR-fr","color_depth":"16","screen_height":"1080","screen_width":"1920","timezone":"60","user_agent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64)","ip_address":"1.12.123.255"}}"#,
            self.library.yes, self.library.browser
        )
    }

    /// Every library's test sends these; the data is the two characters `{}`.
    fn app() -> &'static str {
        r#"{"channel":"app","sdk_app_id":"dbd64fcb-c19a-4728-8849-e3d50bfdde39","sdk_max_timeout":5,"sdk_encrypted_data":"{}","sdk_ephem_pub_key":{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},"sdk_reference_number":"3DS_LOA_SDK_PPFU_020100_00007","sdk_transaction_id":"9e6ac5d9-7e1c-4b11-a6f6-8d1e3a9b1f5a","sdk_interface_type":"both","sdk_ui_elements":["text","html_other"]}"#
    }

    fn body(&self, card: &str, category: &str, indicator: &str, completion: &str, channel_data: &str) -> String {
        let extra = filled(self.library.extra, &[("indicator", indicator)]);
        let data = if channel_data.is_empty() { String::new() } else { format!(r#","channel_data":{channel_data}"#) };
        format!(
            r#"{{"source":{{"type":"card","number":"{card}","expiry_month":1,"expiry_year":2030,"billing_address":{{"address_line1":"CheckoutSdk.com","address_line2":"90 Tottenham Court Road","city":"London","state":"ENG","country":"GB","zip":"W1T 4TJ"}},"home_phone":{{"country_code":"234","number":"0204567895"}}}},"amount":6540,"currency":"USD","processing_channel_id":"{}","marketplace":{{"sub_entity_id":"ent_ocw5i74vowfg2edpy66izhts2u"}},"authentication_type":"regular","authentication_category":"{category}",{extra},"shipping_address":{{"address_line1":"CheckoutSdk.com","city":"London","country":"GB"}},"completion":{completion}{data}}}"#,
            self.lab.sandbox.processing_channel_id()
        )
    }

    fn create(&self, status: u16, category: &str, indicator: &str, channel_data: &str) -> Value {
        let completion = r#"{"type":"non_hosted","callback_url":"https://merchant.com/callback"}"#;
        let body = self.body(CHALLENGE_CARD, category, indicator, completion, channel_data);
        let answer = self.send("POST", "/sessions", &self.token, &body);
        assert_eq!(answer.status, status, "{}: {answer:?}", self.library.name);
        answer.json()
    }

    fn create_hosted(&self) -> Value {
        let completion = r#"{"type":"hosted","success_url":"https://example.com/sessions/success","failure_url":"https://example.com/sessions/fail"}"#;
        let body = self.body(self.library.hosted_card, "payment", "no_preference", completion, "");
        let answer = self.send("POST", "/sessions", &self.token, &body);
        assert_eq!(answer.status, 202, "{}: {answer:?}", self.library.name);
        let session = answer.json();
        assert_eq!((text(&session, "status"), &session["next_actions"]), ("pending", &json!(["redirect_cardholder"])));
        let links: std::collections::BTreeSet<&String> = session["_links"].as_object().expect("links").keys().collect();
        assert_eq!(links.into_iter().collect::<Vec<_>>(), ["failure_url", "redirect_url", "self", "success_url"]);
        session
    }

    /// Category and indicator of the three requests that the live tests make.
    fn wishes(&self) -> [(&'static str, &'static str, &'static str); 3] {
        [
            ("payment", "payment", "no_preference"),
            (self.library.non_payment, "non_payment", "challenge_requested"),
            (self.library.non_payment, "non_payment", "challenge_requested_mandate"),
        ]
    }
}

fn each(work: impl Fn(&Work)) {
    for library in &LIBRARIES {
        let lab = Lab::new();
        work(&Work::new(&lab, library));
    }
}

#[test]
fn browser_sessions_are_challenged() {
    each(|work| {
        for (category, echoed, indicator) in work.wishes() {
            let session = work.create(201, category, indicator, &work.browser());
            let name = work.library.name;
            assert_eq!((text(&session, "status"), text(&session, "response_code")), ("challenged", "C"), "{name}");
            assert_eq!(session["next_actions"], json!(["challenge_cardholder"]), "{name}");
            assert_eq!(
                (text(&session, "authentication_category"), text(&session, "challenge_indicator")),
                (echoed, indicator)
            );
            for member in ["acs", "ds", "card", "certificates"] {
                assert!(session[member].is_object(), "{name}: {member}");
            }
            assert_eq!(session["completed"], false);
            assert!(session["session_secret"].is_string() && session["authentication_date"].is_string());
            let links: Vec<&String> = session["_links"].as_object().expect("links").keys().collect();
            assert!(links.len() == 2 && session["_links"]["callback_url"].is_object(), "{name}: {links:?}");

            let secret = text(&session, "session_secret");
            let seen = work.send("GET", &own(&session), secret, "").json();
            assert!(seen["certificates"].is_null() && seen["session_secret"].is_null(), "{name}");
            assert!(seen["ds"].is_object() && seen["acs"].is_object() && seen["card"].is_object(), "{name}");
            assert_eq!(work.send("GET", &own(&session), &work.token, "").json(), session, "{name}");
        }
    });
}

#[test]
fn app_sessions_that_nobody_can_read_are_unavailable() {
    each(|work| {
        for (category, _, indicator) in work.wishes() {
            let session = work.create(201, category, indicator, Work::app());
            let name = work.library.name;
            assert_eq!(
                (text(&session, "status"), &session["next_actions"]),
                ("unavailable", &json!(["complete"])),
                "{name}"
            );
            let seen = work.send("GET", &own(&session), &work.token, "").json();
            assert_eq!(text(&seen, "response_code"), "U", "{name}");
            assert!(seen["acs"].is_null() && seen["certificates"].is_object() && seen["ds"].is_object(), "{name}");
            let seen = work.send("GET", &own(&session), text(&session, "session_secret"), "").json();
            assert!(seen["certificates"].is_null() && seen["ds"].is_object(), "{name}");
        }
    });
}

#[test]
fn merchant_initiated_sessions_without_an_earlier_one_are_unavailable() {
    each(|work| {
        let data = r#"{"channel":"merchant_initiated","request_type":"recurring_transaction"}"#;
        let session = work.create(201, "payment", "no_preference", data);
        let name = work.library.name;
        assert_eq!(
            (text(&session, "status"), &session["next_actions"]),
            ("unavailable", &json!(["complete"])),
            "{name}"
        );
        assert!(session["acs"].is_null() && session["certificates"].is_object(), "{name}");
    });
}

#[test]
fn hosted_sessions_take_data_reports_and_no_completion() {
    each(|work| {
        let name = work.library.name;
        for with_secret in [false, true] {
            let session = work.create_hosted();
            let authorization = if with_secret { text(&session, "session_secret") } else { &work.token };
            let (kind, body) = work.library.complete;
            let complete = || work.wire("POST", &format!("{}/complete", own(&session)), authorization, kind, body);
            assert_eq!(
                (complete().status, complete().codes()),
                (403, vec!["update_not_allowed_due_to_state".to_owned()]),
                "{name}"
            );

            let report = format!(r#"{{"three_ds_method_completion":"{}"}}"#, work.library.yes);
            let answer = work.send("PUT", &format!("{}/issuer-fingerprint", own(&session)), authorization, &report);
            assert_eq!((answer.status, text(&answer.json(), "status")), (200, "pending"), "{name}");
            assert_eq!(answer.json()["session_secret"].is_null(), with_secret, "{name}");

            let answer = work.send("PUT", &format!("{}/collect-data", own(&session)), authorization, &work.browser());
            let seen = answer.json();
            assert_eq!((answer.status, &seen["id"]), (200, &session["id"]), "{name}");
            if work.library.hosted_card == FRICTIONLESS_CARD {
                assert_eq!((text(&seen, "status"), &seen["next_actions"]), ("approved", &json!([])), "{name}");
                assert!(
                    seen["_links"]["redirect_url"].is_null() && seen["_links"]["success_url"].is_object(),
                    "{name}"
                );
            }
            assert_eq!(complete().status, 403, "{name}");
        }
    });
}

#[test]
fn hosted_sessions_take_an_apps_data() {
    each(|work| {
        for with_secret in [false, true] {
            let session = work.create_hosted();
            let authorization = if with_secret { text(&session, "session_secret") } else { &work.token };
            let answer = work.send("PUT", &format!("{}/collect-data", own(&session)), authorization, Work::app());
            let (seen, name) = (answer.json(), work.library.name);
            assert_eq!(answer.status, 200, "{name}: {answer:?}");
            assert_eq!((text(&seen, "status"), &seen["next_actions"]), ("unavailable", &json!([])), "{name}");
            assert!(seen["acs"].is_null() && seen["ds"].is_object(), "{name}");
        }
    });
}

#[test]
fn unknown_sessions_are_404() {
    each(|work| {
        let path = "/sessions/sid_llllllhwvowfg2edpy66izhts2";
        let report = format!(r#"{{"three_ds_method_completion":"{}"}}"#, work.library.yes);
        for answer in [
            work.send("GET", path, &work.token, ""),
            work.send("PUT", &format!("{path}/collect-data"), &work.token, &work.browser()),
            work.send("PUT", &format!("{path}/issuer-fingerprint"), &work.token, &report),
        ] {
            assert_eq!(
                (answer.status, answer.codes()),
                (404, vec!["session_not_found".to_owned()]),
                "{}",
                work.library.name
            );
        }
    });
}

#[test]
fn sessions_are_completed() {
    each(|work| {
        let session = work.create(201, "payment", "no_preference", Work::app());
        let (kind, body) = work.library.complete;
        let path = format!("{}/complete", own(&session));
        assert_eq!(work.wire("POST", &path, &work.token, kind, body).status, 204, "{}", work.library.name);
        let again = work.wire("POST", &path, text(&session, "session_secret"), kind, body);
        assert_eq!(again.codes(), ["update_not_allowed_due_to_state"], "{}", work.library.name);
    });
}
