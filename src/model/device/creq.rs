//! What an SDK writes: the CReq of each answer, by version, and its Erro. Pure.
//! Source: emv-3ds.md 1.8, 3.7, 5.1.

use serde_json::{Map, Value, json};

use super::{Flaw, Reply, Said, Transaction, is_231, knows_trust};

/// Members of a CReq that are an answer: the next one has its own. Source: emv-3ds.md 5.1.
const ANSWERS: [&str; 13] = [
    "challengeDataEntry",
    "challengeDataEntryTwo",
    "challengeNoEntry",
    "challengeHTMLDataEntry",
    "oobContinue",
    "resendChallenge",
    "challengeAddCode",
    "infoContinueIndicator",
    "challengeCancel",
    "whitelistingDataEntry",
    "trustListDataEntry",
    "deviceBindingDataEntry",
    "oobAppStatus",
];

/// The CReq with this counter; without a reply the first one.
pub fn write(of: &Transaction, counter: u8, reply: Option<&Reply>) -> Map<String, Value> {
    let latest = is_231(&of.version);
    let mut creq = Map::new();
    let mut put = |name: &str, value: Value| creq.insert(name.to_owned(), value);
    put("messageType", "CReq".into());
    put("messageVersion", of.version.as_str().into());
    put("threeDSServerTransID", of.server.as_str().into());
    put("acsTransID", of.acs.as_str().into());
    put("sdkTransID", of.sdk.as_str().into());
    put("sdkCounterStoA", format!("{counter:03}").into());
    if let Some(url) = of.app_url.as_ref().filter(|_| !of.version.starts_with("2.1")) {
        put("threeDSRequestorAppURL", url.as_str().into());
    }
    if latest {
        put("oobAppURLInd", "01".into());
    }
    let Some(reply) = reply else { return creq };
    let (name, value) = said(&reply.said, latest);
    put(name, value);
    if let Said::Typed(texts) = &reply.said
        && let Some(second) = texts.get(1).filter(|_| name == "challengeDataEntry")
    {
        put("challengeDataEntryTwo", second.as_str().into());
    }
    let letter = |yes: bool| Value::from(if yes { "Y" } else { "N" });
    if let Some(yes) = reply.trust.filter(|_| knows_trust(&of.version)) {
        put(if latest { "trustListDataEntry" } else { "whitelistingDataEntry" }, letter(yes));
    }
    if let Some(yes) = reply.binding.filter(|_| latest) {
        put("deviceBindingDataEntry", letter(yes));
    }
    creq
}

/// The one member that says what the shopper did.
fn said(said: &Said, latest: bool) -> (&'static str, Value) {
    let entry = |text: String| {
        // Submit with nothing entered has a member of its own.
        if text.is_empty() { ("challengeNoEntry", "Y".into()) } else { ("challengeDataEntry", text.into()) }
    };
    match said {
        Said::Typed(texts) => entry(texts.first().cloned().unwrap_or_default()),
        Said::Chosen(keys) => entry(keys.join(",")),
        Said::NoEntry => entry(String::new()),
        Said::Html(query) => ("challengeHTMLDataEntry", query.as_str().into()),
        Said::OobContinue(by_itself) if latest => ("oobContinue", if *by_itself { "02" } else { "01" }.into()),
        Said::OobContinue(_) => ("oobContinue", true.into()),
        Said::Resend => ("resendChallenge", "Y".into()),
        Said::AddCode => ("challengeAddCode", "Y".into()),
        Said::InfoContinue => ("infoContinueIndicator", true.into()),
        Said::Cancel => ("challengeCancel", "01".into()),
        Said::TimeOut => ("challengeCancel", "08".into()),
    }
}

/// The CReq after this one, as JSON: with the next counter and without an answer. What is no
/// object stays as it is.
pub fn next(last: &str) -> String {
    let Ok(Value::Object(mut creq)) = serde_json::from_str(last) else { return last.to_owned() };
    creq.retain(|name, _| !ANSWERS.contains(&name.as_str()));
    if let Some(Value::String(counter)) = creq.get_mut("sdkCounterStoA")
        && let Ok(number) = counter.parse::<u8>()
    {
        *counter = format!("{:03}", u16::from(number) + 1);
    }
    serde_json::to_string_pretty(&creq).unwrap_or_default() // JSON that was read can be written
}

/// The SDK's Erro about a CRes. Source: emv-3ds.md 3.7.
pub fn erro(of: &Transaction, flaw: &Flaw) -> Value {
    json!({
        "messageType": "Erro",
        "messageVersion": of.version,
        "threeDSServerTransID": of.server,
        "acsTransID": of.acs,
        "sdkTransID": of.sdk,
        "errorCode": flaw.code,
        "errorComponent": "C",
        "errorDescription": flaw.description(),
        "errorDetail": flaw.detail,
        "errorMessageType": "CRes",
    })
}
