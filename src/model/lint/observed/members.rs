//! Members of a message against its version and against one another: names and shapes of
//! another version, recurring data, decoupled, the app's key, payments without the shopper.
//! Source: emv-3ds.md 1.5, 1.6, 1.8, 3.6, 4.2, 8 (L24–L26, L42, L45).

use serde_json::Value;

use super::{Look, shown};
use crate::model::finding::Severity::{Error, Warning};
use crate::model::scenario::Version;
use crate::model::seal::key;
use crate::model::trace::Part;
use crate::model::versions;

/// Longest wait for a decoupled answer, in minutes: seven days. Source: emv-3ds.md 1.6.
const LONGEST_WAIT: u32 = 10_080;

/// One message, as it was sent.
pub(super) fn check(look: &mut Look<'_>, at: usize, kind: &'static str, body: &Value) {
    let version = body.get("messageVersion").and_then(Value::as_str).and_then(Version::spoken);
    if let Some(version) = version {
        names(look, at, kind, body, version);
    }
    if kind == "AReq" {
        recurring(look, at, body, version);
        decoupled(look, at, body);
        app_key(look, at, body);
        alone(look, at, body);
    }
}

fn text<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}

/// L26.
fn names(look: &mut Look<'_>, at: usize, kind: &'static str, body: &Value, version: Version) {
    let Some(members) = body.as_object() else { return };
    let entry = look.rows[at].entry.number;
    for (name, value) in members {
        let Some(says) = versions::misplaced(kind, name, value, version) else { continue };
        let message = format!(
            "This {kind} speaks {}, and its {name} is not of that version. {says} Receivers refuse it with error 203",
            version.word()
        );
        look.say(entry, ("L26", Error), format!("{name} of another version"), message);
        look.shown_by(at, Part::Request, &format!("/{name}"));
        look.against(at, Part::Request, "/messageVersion", "The version that is spoken");
    }
}

/// L24.
fn recurring(look: &mut Look<'_>, at: usize, body: &Value, version: Option<Version>) {
    let entry = look.rows[at].entry.number;
    let purpose = text(body, "threeDSRequestorAuthenticationInd").unwrap_or_default();
    if !matches!(purpose, "02" | "03") {
        return;
    }
    let latest = version == Some(Version::V231);
    let due: &[&str] = if latest { &["recurringInd"] } else { &["recurringExpiry", "recurringFrequency"] };
    let missing: Vec<&str> = due.iter().copied().filter(|name| body.get(*name).is_none()).collect();
    if !missing.is_empty() {
        let message = format!(
            "It is for {} payments and has no {}. Receivers refuse it with error 201; send what the shopper agreed to",
            if purpose == "02" { "recurring" } else { "instalment" },
            missing.join(" and no ")
        );
        look.say(entry, ("L24", Error), format!("{} is missing", missing.join(", ")), message);
        look.shown_by(at, Part::Request, "/threeDSRequestorAuthenticationInd");
    }
    let count = text(body, "purchaseInstalData").and_then(|text| text.parse::<u32>().ok());
    if purpose == "03" && count.is_none_or(|count| count <= 1) {
        let said = text(body, "purchaseInstalData").map_or("missing".to_owned(), shown);
        let message =
            format!("purchaseInstalData is {said}; instalments are two or more. Receivers refuse it with error 203");
        look.say(entry, ("L24", Error), "Fewer than two instalments", message);
        look.shown_by(at, Part::Request, "/purchaseInstalData");
    }
}

/// L25.
fn decoupled(look: &mut Look<'_>, at: usize, body: &Value) {
    let Some(said) = text(body, "threeDSRequestorDecMaxTime") else { return };
    let entry = look.rows[at].entry.number;
    let digits = said.len() == 5 && said.bytes().all(|byte| byte.is_ascii_digit());
    let minutes = Some(said).filter(|_| digits).and_then(|said| said.parse::<u32>().ok());
    if minutes.is_none_or(|minutes| !(1..=LONGEST_WAIT).contains(&minutes)) {
        let message = format!(
            "threeDSRequestorDecMaxTime is {}: it is five digits, 00001 to 10080 minutes. Receivers refuse it with \
             error 203",
            shown(said)
        );
        look.say(entry, ("L25", Error), "No such time for decoupled", message);
        look.shown_by(at, Part::Request, "/threeDSRequestorDecMaxTime");
    }
    let wish = text(body, "threeDSRequestorDecReqInd");
    if !matches!(wish, Some("Y" | "F" | "B")) {
        let message = "It says how long the bank may take to ask by a way of its own, and does not allow that \
                       (threeDSRequestorDecReqInd). Receivers refuse it with error 203";
        look.say(entry, ("L25", Error), "Time for decoupled, which is not allowed", message);
        look.shown_by(at, Part::Request, "/threeDSRequestorDecMaxTime");
    }
}

/// L42.
fn app_key(look: &mut Look<'_>, at: usize, body: &Value) {
    let Some(fault) = body.get("sdkEphemPubKey").and_then(key::fault) else { return };
    let message = format!(
        "The app's key cannot be used: {fault}. The bank cannot agree on a key with it and answers error 302; a \
         coordinate is 32 bytes, leading zeros included"
    );
    look.say(look.rows[at].entry.number, ("L42", Error), "The app's key is no key", message);
    look.shown_by(at, Part::Request, "/sdkEphemPubKey");
}

/// L45.
fn alone(look: &mut Look<'_>, at: usize, body: &Value) {
    if text(body, "deviceChannel") != Some("03") {
        return;
    }
    let Some(members) = body.as_object() else { return };
    let of_device =
        |name: &&String| name.starts_with("browser") || name.starts_with("sdk") || *name == "threeDSCompInd";
    let wrong: Vec<&str> = members.keys().filter(of_device).map(String::as_str).collect();
    if let Some(first) = wrong.first().map(|name| format!("/{name}")) {
        let message = format!(
            "No shopper is there, and it describes a device: {}. Receivers refuse it with error 203",
            wrong.join(", ")
        );
        look.say(look.rows[at].entry.number, ("L45", Warning), "Device data without a shopper", message);
        look.shown_by(at, Part::Request, &first);
    }
}
