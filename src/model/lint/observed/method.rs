//! The 3DS Method: whether what the shop says of it is so, and whether the browser that the
//! issuer's page saw is the one that was declared. Source: emv-3ds.md 2.1, 4.1.

use std::time::Duration;

use serde_json::Value;

use super::{Look, handoff, masked, shown};
use crate::model::Lane;
use crate::model::delivery::DeliveryKind;
use crate::model::exchange::Step;
use crate::model::finding::Severity::{Advice, Error, Warning};
use crate::model::run::What;
use crate::model::scheme::METHOD_DATA;
use crate::model::trace::Part;

/// How long a shop waits for the notification. Source: emv-3ds.md 1.9.
const METHOD_TIME: Duration = Duration::from_secs(10);

/// What the shop said of the Method: place of the row, and the letter.
struct Said {
    at: usize,
    letter: String,
}

pub(super) fn check(look: &mut Look<'_>) {
    let said = said(look);
    notifications(look, said.as_ref());
    if let Some(said) = said {
        completion(look, &said);
    }
    same_transaction(look);
    facts(look);
}

/// The newest request that says how the Method went, if the API took it.
fn said(look: &Look<'_>) -> Option<Said> {
    let read = |step: Step| {
        let calls = look.calls(step).filter_map(|(at, exchange)| {
            let body: Value = serde_json::from_slice(&exchange.request.body).ok()?;
            let letter = body.get("three_ds_method_completion")?.as_str()?.to_owned();
            Some(Said { at, letter })
        });
        calls.last()
    };
    read(Step::Collect).or_else(|| read(Step::Fingerprint))
}

fn is_notification(row: &super::Row<'_>) -> bool {
    match &row.entry.what {
        What::Delivery(delivery) => delivery.kind == DeliveryKind::MethodNotification,
        What::Exchange(exchange) => {
            exchange.to == Lane::Merchant && exchange.from == Lane::Browser && row.field("threeDSMethodData").is_some()
        }
        _ => false,
    }
}

fn notifications(look: &mut Look<'_>, said: Option<&Said>) {
    for at in 0..look.rows.len() {
        if !is_notification(&look.rows[at]) {
            continue;
        }
        let entry = look.rows[at].entry.number;
        let data = look.rows[at].field("threeDSMethodData").map(str::to_owned);
        let Some(data) = data else {
            let message = "The notification carries no threeDSMethodData. Whose Method it was cannot be told: say N, \
                           not Y";
            look.say(entry, ("P001", Error), "No threeDSMethodData in the notification", message);
            continue;
        };
        let id = handoff::object(&data).and_then(|body| Some(body.get("threeDSServerTransID")?.as_str()?.to_owned()));
        let own = look.ids.server.clone();
        if let Some((id, own)) = id.zip(own).filter(|(id, own)| !id.eq_ignore_ascii_case(own)) {
            let message = format!(
                "It names transaction {}, this session's is {}. Do not count it: the bank has looked at another \
                 browser or another payment, so say N",
                shown(&id),
                shown(&own)
            );
            look.say(entry, ("P042", Error), "The Method notification is another's", message);
        }
        if said.is_some_and(|said| said.at < at) {
            let message = "The notification came after the shop had said how the Method went. It changes nothing \
                           any more; a shop ignores it and writes it down";
            look.say(entry, ("P041", Warning), "Late Method notification", message);
            if let Some(said) = said {
                look.against(said.at, Part::Request, "/three_ds_method_completion", "The shop had said so before");
            }
        }
    }
}

/// L28, P040.
fn completion(look: &mut Look<'_>, said: &Said) {
    let entry = look.rows[said.at].entry.number;
    let before = &look.rows[..said.at];
    let notice = before.iter().position(is_notification);
    let offer = before.iter().position(|row| {
        row.json.as_ref().is_some_and(|body| body.pointer("/_links/three_ds_method_url/href").is_some())
    });
    let (notified, offered) = (notice.is_some(), offer.is_some());
    // The frame is loaded after the offer: what comes so soon after that is in time.
    let in_time = notice.zip(offer).is_some_and(|(notice, offer)| {
        let (notice, offer) = (before[notice].entry.at.mono, before[offer].entry.at.mono);
        notice.saturating_sub(offer) <= METHOD_TIME
    });
    let found = look.found.len();
    match said.letter.as_str() {
        "Y" if !notified => {
            let message = "The shop says that the 3DS Method is done, and no notification came. The bank looks for \
                           data that it does not have and asks its customer more often; say N when none came in 10 s";
            look.say(entry, ("L28", Error), "Method «Y» without a notification", message);
        }
        "U" if offered => {
            let message = "The session offers a 3DS Method, and the shop says that there is none. The bank misses \
                           what it wants to know of the browser and asks more often; load its page in a hidden frame";
            look.say(entry, ("L28", Error), "The Method was left out", message);
        }
        "N" if in_time => {
            let message = "The notification had come, and the shop says N. The bank may not use what it has learnt; \
                           say Y when the notification came within 10 s";
            look.say(entry, ("L28", Warning), "Method «N» although notified", message);
        }
        "N" => {
            let message = "The bank's page did not report back within 10 s, so the shop rightly says N and goes on. \
                           Expect more challenges; if it happens with every card, look for what blocks the frame";
            look.say(entry, ("P040", Warning), "No Method notification in time", message);
        }
        _ => (),
    }
    if look.found.len() == found {
        return;
    }
    look.shown_by(said.at, Part::Request, "/three_ds_method_completion");
    if let Some(offer) = offer {
        look.against(offer, Part::Response, "/_links/three_ds_method_url/href", "The session offers a 3DS Method");
    }
    if let Some(notice) = notice {
        look.against(notice, Part::Request, "", "The notification");
    }
}

/// L29.
fn same_transaction(look: &mut Look<'_>) {
    let data = look.rows.iter().enumerate().find_map(|(at, row)| {
        let exchange = row.exchange().filter(|exchange| exchange.step == Step::Method)?;
        if exchange.from != Lane::Browser || exchange.to == Lane::Merchant {
            return None;
        }
        Some((at, handoff::object(row.field("threeDSMethodData")?)?))
    });
    let Some((place, method)) =
        data.and_then(|(at, data)| Some((at, data.get("threeDSServerTransID")?.as_str()?.to_owned())))
    else {
        return;
    };
    let areq = look.rows.iter().position(|row| row.hidden().is_some_and(|(kind, _)| kind == "AReq"));
    let Some((at, entry, asked)) = areq.and_then(|at| {
        let row = &look.rows[at];
        Some((at, row.entry.number, row.text("threeDSServerTransID")?.to_owned()))
    }) else {
        return;
    };
    if !asked.eq_ignore_ascii_case(&method) {
        let message = format!(
            "The Method ran for transaction {}, the AReq is about {}. The bank cannot put the two together and has \
             lost what it learnt of the browser; use one threeDSServerTransID for both",
            shown(&method),
            shown(&asked)
        );
        look.say(entry, ("L29", Warning), "AReq and Method name two transactions", message);
        look.shown_by(at, Part::Request, "/threeDSServerTransID");
        look.against(place, Part::Request, "", "The 3DS Method, for the other one");
    }
}

/// Declared member, the fact that it must agree with, the rule, its name for people.
const FACTS: [(&str, &str, &str, &str); 7] = [
    ("user_agent", "userAgent", "P490", "User agent"),
    ("language", "languages", "P491", "Language"),
    ("screen_width", "screen", "P492", "Screen width"),
    ("screen_height", "screen", "P493", "Screen height"),
    ("color_depth", "colorDepth", "P494", "Colour depth"),
    ("timezone", "timezone", "P495", "Time zone"),
    ("java_enabled", "java", "P496", "Java"),
];

/// P490…P497, L12: beside what was declared, what the issuer's page saw.
fn facts(look: &mut Look<'_>) {
    let seen = look.rows.iter().find_map(|row| {
        let (kind, _) = row.hidden()?;
        let facts = row.json.as_ref().filter(|_| kind == METHOD_DATA)?.get("facts")?;
        Some((row.entry.number, facts.clone()))
    });
    let Some((entry, facts)) = seen else { return };
    if ["thirdPartyCookies", "cookies"].into_iter().any(|name| facts.get(name) == Some(&Value::Bool(false))) {
        let message = "The bank's page could set no cookie in its frame: third-party cookies are blocked, or the \
                       window is private. The protocol works all the same; the bank recognises fewer browsers";
        look.say(entry, ("L12", Advice), "Third-party cookies are blocked", message);
    }
    let declared = look
        .calls(Step::Collect)
        .last()
        .and_then(|(at, exchange)| Some((at, serde_json::from_slice::<Value>(&exchange.request.body).ok()?)));
    let browser = |body: &Value| body.get("channel").is_none_or(|channel| channel == "browser");
    let Some((place, declared)) = declared.filter(|(_, body)| browser(body)) else {
        return;
    };
    for (ours, theirs, rule, name) in FACTS {
        let (Some(said), Some(saw)) = (declared.get(ours), facts.get(theirs)) else { continue };
        if differs(look, entry, (ours, rule, name), &plain(said), &plain(saw)) {
            look.against(place, Part::Request, &format!("/{ours}"), "What the shop declared");
        }
    }
    if let (Some(said), Some(saw)) = (declared.get("javascript_enabled"), facts.get("javascript"))
        && differs(look, entry, ("javascript_enabled", "P497", "JavaScript"), &plain(said), &plain(saw))
    {
        look.against(place, Part::Request, "/javascript_enabled", "What the shop declared");
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// True if it was said.
fn differs(
    look: &mut Look<'_>,
    entry: usize,
    (member, rule, name): (&str, &'static str, &str),
    said: &str,
    saw: &str,
) -> bool {
    let (width, height) = saw.split_once('x').unwrap_or((saw, saw));
    let agrees = match member {
        "language" => saw.split(',').any(|one| one.trim().eq_ignore_ascii_case(said)),
        "screen_width" => said == width,
        "screen_height" => said == height,
        _ => said == saw,
    };
    let saw = match member {
        "screen_width" => width,
        "screen_height" => height,
        _ => saw,
    };
    if agrees || masked(said) || masked(saw) {
        return false;
    }
    let message = format!(
        "The shop declared {member} {}, the bank's page saw {}. Banks take a difference for a sign of fraud and ask \
         more often; collect the data in the same browser, on the page that loads the frame",
        shown(said),
        shown(saw)
    );
    look.say(entry, (rule, Warning), format!("{name}: declared is not what was seen"), message);
    true
}
