//! The words of each state, of each kind of session, of each flow.

use super::*;
use serde_json::json;

fn session(raw: serde_json::Value) -> Session {
    let mut raw = raw;
    raw["id"] = json!("sid_x");
    Session::read(raw.to_string().as_bytes()).expect("a session")
}

#[test]
fn each_final_state_says_who_carries_the_risk() {
    for (status, code, expected, go_on) in [
        ("approved", "Y", Risk::Issuer, true),
        ("approved", "I", Risk::Merchant, true),
        ("attempted", "A", Risk::Issuer, true),
        ("declined", "N", Risk::Merchant, false),
        ("rejected", "R", Risk::Merchant, false),
        ("unavailable", "U", Risk::Merchant, false),
        ("challenge_abandoned", "N", Risk::Merchant, false),
        ("challenged", "C", Risk::Open, false),
    ] {
        let meaning = of_session(&session(json!({"status": status, "response_code": code})), Channel::Browser);
        assert_eq!((meaning.risk, meaning.go_on), (expected, go_on), "{status} {code}");
        assert!(meaning.sentence.ends_with('.'));
    }
}

/// Each kind of session has words of its own, whatever its status is.
#[test]
fn kinds_of_sessions_are_told_apart() {
    let of = |raw: serde_json::Value, channel| of_session(&session(raw), channel);
    let legacy = |status: &str| json!({"status": status, "status_reason": "pares_status", "challenged": true, "protocol_version": "1.0.2"});
    for (raw, channel, title, decided) in [
        (legacy("approved"), Channel::Browser, "Approved with 3-D Secure 1", "password"),
        (legacy("attempted"), Channel::Browser, "Attempted with 3-D Secure 1", "could not check"),
        (legacy("declined"), Channel::Browser, "Declined with 3-D Secure 1", "password"),
        (
            json!({"status": "approved", "challenged": true, "status_reason": "rreq_status"}),
            Channel::App,
            "Approved after a challenge in the app",
            "after asking",
        ),
        (
            json!({"status": "unavailable", "status_reason": "ares_status"}),
            Channel::App,
            "The app's data could not be read",
            "directory",
        ),
        (
            json!({"status": "unavailable", "response_status_reason": "21"}),
            Channel::MerchantInitiated,
            "No check without the shopper",
            "earlier",
        ),
        (
            json!({"status": "approved", "response_code": "Y"}),
            Channel::MerchantInitiated,
            "Approved without the shopper",
            "earlier",
        ),
        (json!({"status": "approved", "response_code": "I"}), Channel::Browser, "Noted, not checked", "bank"),
        (
            json!({"status": "challenged", "response_code": "D"}),
            Channel::Browser,
            "The bank asks by a way of its own",
            "Nobody",
        ),
        (json!({"status": "challenged", "response_code": "C"}), Channel::App, "The bank asks in the app", "Nobody"),
        (
            json!({"status": "pending", "next_actions": ["authenticate"]}),
            Channel::Browser,
            "Fallen back to 3-D Secure 1",
            "Nobody",
        ),
    ] {
        let meaning = of(raw, channel);
        assert_eq!(meaning.title, title);
        assert!(meaning.decided_by.contains(decided), "{title}: {}", meaning.decided_by);
        assert!(meaning.sentence.ends_with('.') && !meaning.sentence.contains("  "), "{}", meaning.sentence);
    }
}

/// Every way in which the flows of the second half of the catalogue end (S081 to S131): what
/// the headline says, who decided, which authentication it was, who carries the risk.
#[test]
fn each_flow_has_its_headline_its_authentication_and_its_risk() {
    use Channel::{App, Browser, MerchantInitiated as Alone};
    use Risk::{Issuer, Merchant, None as Nobody, Open};
    let made = |status: &str, reason: &str, code: &str, more: serde_json::Value| {
        let mut raw = json!({"status": status, "status_reason": reason, "response_code": code});
        raw["acs"] = json!({"transaction_id": "375d90ad-3873-498b-9133-380cbbc8d99d"});
        if status == "approved" && code == "Y" {
            (raw["eci"], raw["cryptogram"]) = ("05".into(), "x".into());
        }
        for (name, value) in more.as_object().into_iter().flatten() {
            raw[name] = value.clone();
        }
        raw
    };
    let noted = |requested: &str, applied: &str| {
        let exemption = json!({"requested": requested, "applied": applied});
        made("approved", "ares_status", "I", json!({"challenged": false, "eci": "07", "exemption": exemption}))
    };
    let yes = |more| made("approved", "ares_status", "Y", more);
    let passed = |more| made("approved", "rreq_status", "Y", more);
    let asked = || json!({"challenged": true, "acs": {"authentication_type": "02"}});
    let decoupled = || json!({"challenged": true, "acs": {"authentication_type": "04"}});
    let exempt = |requested: Option<&str>, applied: &str| {
        let mut exemption = json!({ "applied": applied });
        if let Some(requested) = requested {
            exemption["requested"] = requested.into();
        }
        json!({"challenged": false, "exemption": exemption})
    };
    let refused = |requested: &str| {
        let mut more = asked();
        more["exemption"] = json!({"requested": requested, "applied": "none"});
        more
    };
    let listed = json!({"challenged": false, "eci": null, "cryptogram": null, "authentication_category": "payment",
        "exemption": {"applied": "none", "trusted_beneficiary": {"status": "Y", "source": "03"}}});
    let own = "Bank's own risk analysis";
    for (id, raw, channel, title, decided, sca, risk) in [
        ("S081", passed(decoupled()), Browser, "the bank's own way", "a way of its own", "Strong", Issuer),
        (
            "S082",
            made("declined", "rreq_status", "N", decoupled()),
            Browser,
            "Declined",
            "a way of its own",
            "None",
            Merchant,
        ),
        (
            "S083",
            made("unavailable", "rreq_status", "U", decoupled()),
            Browser,
            "No check",
            "a way of its own",
            "None",
            Merchant,
        ),
        (
            "S081 open",
            made("challenged", "", "D", json!({})),
            Browser,
            "by a way of its own",
            "Nobody",
            "Not decided",
            Open,
        ),
        ("S084", made("declined", "ares_status", "N", json!({})), Browser, "Declined", "risk check", "None", Merchant),
        ("S091", yes(json!({"challenged": false})), Alone, "without the shopper", "earlier", "Not needed", Issuer),
        (
            "S093",
            made("unavailable", "ares_status", "U", json!({"response_status_reason": "21"})),
            Alone,
            "No check",
            "",
            "None",
            Merchant,
        ),
        (
            "S094",
            made("unavailable", "ares_error", "", json!({})),
            Alone,
            "No check",
            "failed to talk",
            "None",
            Merchant,
        ),
        ("S095", passed(decoupled()), Alone, "without the shopper", "a way of its own", "Strong", Issuer),
        (
            "S096",
            yes(json!({"authentication_category": "non_payment"})),
            Alone,
            "Card verified",
            "earlier",
            "Not needed",
            Nobody,
        ),
        ("S097", yes(listed), Alone, "Trust list looked up", "a list was looked up", "None", Nobody),
        (
            "S014",
            made("approved", "ares_status", "I", json!({"acs": {"transaction_id": "a"}})),
            Browser,
            "Noted",
            "bank",
            "None",
            Merchant,
        ),
        (
            "S101",
            noted("low_value", "low_value"),
            Browser,
            "Exemption granted: low value",
            "",
            "Exemption applied",
            Merchant,
        ),
        (
            "S103",
            noted("transaction_risk_assessment", "transaction_risk_assessment"),
            Browser,
            "risk analysis",
            "",
            "Exemption",
            Merchant,
        ),
        (
            "S110",
            noted("secure_corporate_payment", "secure_corporate_payment"),
            Browser,
            "corporate",
            "",
            "Exemption",
            Merchant,
        ),
        (
            "S109",
            noted("sca_delegation", "sca_delegation"),
            Browser,
            "the shop's own check",
            "The shop",
            "Done by the shop",
            Merchant,
        ),
        ("S102", passed(refused("low_value")), Browser, "after a challenge", "after asking", "Strong", Issuer),
        (
            "S106",
            passed(refused("trusted_listing_prompt")),
            Browser,
            "after a challenge",
            "after asking",
            "Strong",
            Issuer,
        ),
        (
            "S105",
            yes(exempt(None, "transaction_risk_assessment")),
            Browser,
            "without a challenge",
            "",
            "applied by the bank",
            Issuer,
        ),
        (
            "S108",
            yes(exempt(Some("trusted_listing"), "trusted_listing")),
            Browser,
            "without a challenge",
            "",
            "Exemption applied",
            Issuer,
        ),
        ("S111", passed(asked()), Browser, "after a challenge", "after asking", "Strong", Issuer),
        (
            "S112",
            made("unavailable", "ares_error", "", exempt(None, "3ds_outage")),
            Browser,
            "was down",
            "failed to talk",
            "exempt while",
            Merchant,
        ),
        ("S115", yes(json!({"challenged": false})), Browser, "without a challenge", "", own, Issuer),
        ("S121", passed(asked()), App, "in the app", "after asking", "Strong", Issuer),
        (
            "S125",
            made("challenge_abandoned", "rreq_status", "N", asked()),
            App,
            "walked away",
            "in the app",
            "None",
            Merchant,
        ),
        ("S126", made("expired", "rreq_status", "N", asked()), App, "Out of time", "time ran out", "None", Merchant),
        ("S130", yes(json!({"challenged": false})), App, "without a challenge", "", own, Issuer),
        (
            "S131",
            yes(json!({"challenged": true, "acs": {"authentication_type": "14"}})),
            Browser,
            "browser",
            "confirmed",
            "Strong",
            Issuer,
        ),
    ] {
        let meaning = of_session(&session(raw), channel);
        assert!(meaning.title.contains(title), "{id}: {}", meaning.title);
        assert!(meaning.decided_by.contains(decided), "{id}: {}", meaning.decided_by);
        assert!(meaning.sca.contains(sca), "{id}: {}", meaning.sca);
        assert_eq!(meaning.risk, risk, "{id}");
        assert!(meaning.sentence.ends_with('.') && !meaning.sentence.contains("  "), "{id}: {}", meaning.sentence);
        let said = meaning.sentence.contains("shop's cost") || meaning.sentence.contains("shop's risk");
        assert!(risk != Issuer || !said, "{id}: {}", meaning.sentence);
    }
}

#[test]
fn the_same_eci_means_opposite_things() {
    assert_eq!(eci("visa", Some("07")), "Not authenticated");
    assert_eq!(eci("mastercard", Some("07")), "Authenticated, merchant-initiated");
    assert_eq!(eci("visa", Some("06")), "Attempted");
}

#[test]
fn a_pattern_code_names_its_field() {
    assert_eq!(error_code("currency_required"), "currency is missing");
}
