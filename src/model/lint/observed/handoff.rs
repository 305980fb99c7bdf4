//! What goes through the shopper's browser: the forms of the hand-offs, what they carry, and
//! the pages around them. Source: emv-3ds.md 2.

use serde_json::Value;

use super::super::data::strict;
use super::{ID_MEMBERS, LONGEST, Look, hidden, rules, shown};
use crate::model::api::Status;
use crate::model::delivery::DeliveryKind;
use crate::model::exchange::{Exchange, Headers, header};
use crate::model::finding::Severity::{Error, Warning};
use crate::model::run::What;
use crate::model::trace::Part;
use crate::model::{Lane, lens, payload};

/// The JSON object in a base64 field.
pub(super) fn object(text: &str) -> Option<Value> {
    let bytes = lens::unpacked(text)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    payload::tree(bytes).filter(Value::is_object)
}

pub(super) fn check(look: &mut Look<'_>) {
    let mut sent = None;
    for at in 0..look.rows.len() {
        let entry = look.rows[at].entry.number;
        for name in ["creq", "cres", "threeDSMethodData"] {
            encoded(look, at, name);
        }
        if let Some(creq) = look.rows[at].field("creq").and_then(object) {
            names(look, entry, "creq", &creq);
            sent = look.rows[at].field("threeDSSessionData").map(str::to_owned).or(sent);
        }
        came_back(look, at, sent.as_deref());
        payer_request(look, at);
        if let Some(exchange) = look.rows[at].exchange().filter(|exchange| exchange.from == Lane::Browser) {
            page(look, entry, exchange);
        }
    }
    payer_answer(look);
}

/// L01, L02, P001 for one field of a form.
fn encoded(look: &mut Look<'_>, at: usize, name: &str) {
    let (entry, wire) = (look.rows[at].entry.number, look.rows[at].wire);
    let Some(value) = look.rows[at].field(name).map(str::to_owned) else { return };
    let mark = format!("{name}=");
    let raw = wire.split(|byte| *byte == b'&').find_map(|pair| pair.strip_prefix(mark.as_bytes())).unwrap_or_default();
    if raw.contains(&b'+') {
        let message = format!(
            "{name} was posted with a bare +, which a form reads as a blank. Write it as base64url, which has none, \
             or percent-encode it"
        );
        look.say(entry, ("L02", Warning), format!("A bare + in {name}"), message);
    }
    if strict(&value).is_some() {
        let message = format!(
            "{name} has padding, +, / or white space; the specification has base64url without padding (RFC 7515). \
             Some banks refuse it with error 101 or 203. Send it strictly, and read what others send tolerantly"
        );
        look.say(entry, ("L01", Error), format!("{name} is not strict base64url"), message);
    }
    if object(&value).is_none() {
        let message = format!(
            "{name} is not the base64url of a whole JSON object: {}. Its receiver cannot take it; a shop answers 200 \
             and reads the session instead",
            shown(&value)
        );
        look.say(entry, ("P001", Error), format!("{name} cannot be read"), message);
    }
}

/// Identifiers in a message that a browser carried.
fn names(look: &mut Look<'_>, entry: usize, what: &str, body: &Value) {
    for member in ID_MEMBERS {
        let said = body.get(member).and_then(Value::as_str);
        let Some((said, own)) = said.zip(look.ids.of(member)).filter(|(said, own)| !said.eq_ignore_ascii_case(own))
        else {
            continue;
        };
        let message = format!(
            "{member} in {what} is {}, this session's is {}. It was changed on its way or belongs to somebody else: \
             take nothing from it and decide by the session",
            shown(said),
            shown(own)
        );
        look.say(entry, ("P007", Error), format!("{what} names another transaction"), message);
    }
}

/// A CRes or an error that the browser brought to a notification address.
fn came_back(look: &mut Look<'_>, at: usize, sent: Option<&str>) {
    let entry = look.rows[at].entry.number;
    let notice = matches!(&look.rows[at].entry.what,
        What::Delivery(delivery) if delivery.kind == DeliveryKind::ChallengeNotification);
    let value = look.rows[at].field("cres").or_else(|| look.rows[at].field("erro")).map(str::to_owned);
    let Some(value) = value else {
        let legacy = look.rows[at].field("PaRes").is_some();
        if notice && !legacy {
            let message = "Nothing in this post is called cres. The result cannot be taken from it, and need not be: \
                           read the session";
            look.say(entry, ("P001", Error), "No cres in the notification", message);
        }
        return;
    };
    content_type(look, at, &value);
    let Some(body) = object(&value) else { return };
    if body.get("messageType").is_some_and(|kind| kind == "Erro") {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let (rule, meaning) = rules::code(text("errorCode"));
        let message = format!(
            "The browser brought an error instead of a CRes: {} from {}. It proves nothing; read the session for the \
             result. {}",
            shown(text("errorDescription")),
            rules::component(text("errorComponent")),
            rules::advice(text("errorCode"))
        );
        return look.say(entry, (rule, Error), format!("Error {}: {meaning}", text("errorCode")), message);
    }
    names(look, entry, "cres", &body);
    let status = body.get("transStatus").and_then(Value::as_str);
    if status.is_none_or(|status| !matches!(status, "Y" | "N" | "D")) {
        let message = format!(
            "transStatus in cres is {}; it is Y or N. Take nothing from it, read the session",
            status.map_or("missing".to_owned(), shown)
        );
        look.say(entry, ("P010", Error), "No such transStatus in cres", message);
    } else if let Some((place, result)) = hidden::result_letter(look, at) {
        if hidden::contradicts(look, entry, status, &result) {
            look.against(place, Part::Request, "/transStatus", "The bank's own result");
        }
    } else {
        session_differs(look, at, status);
    }
    let back = look.rows[at].field("threeDSSessionData").map(str::to_owned);
    if let Some(sent) = sent.filter(|sent| back.as_deref() != Some(sent)) {
        let message = format!(
            "threeDSSessionData went out as {} and came back as {}. Banks must return it unchanged, and some lose \
             it: find the session by the identifiers in the CRes",
            shown(sent),
            back.as_deref().map_or("nothing".to_owned(), shown)
        );
        look.say(entry, ("P008", Warning), "threeDSSessionData did not come back", message);
    }
}

/// P005 where the bank's own result is not visible: the CRes against the session that is read
/// afterwards.
fn session_differs(look: &mut Look<'_>, at: usize, cres: Option<&str>) {
    let newest = look.views.last().copied().filter(|place| *place >= at);
    let Some((place, view)) = newest.and_then(|place| Some((place, look.rows[place].view()?))) else { return };
    if !view.status.is_final() {
        return;
    }
    let status = view.status.clone();
    let good = matches!(status, Status::Approved);
    let agrees = match cres {
        Some("Y") => matches!(status, Status::Approved | Status::Attempted),
        Some("N") => !good,
        _ => true,
    };
    if agrees {
        return;
    }
    let entry = look.rows[at].entry.number;
    let message = format!(
        "The CRes says {}, the session that was read ended {status}. The session wins: a CRes goes through the \
         shopper's browser and can be changed there, and the bank's own result may never have come",
        cres.unwrap_or_default()
    );
    look.say(entry, ("P005", Error), "CRes and session contradict", message);
    look.against(place, Part::Response, "/status", "The session that was read");
}

/// L41.
fn content_type(look: &mut Look<'_>, at: usize, value: &str) {
    let entry = look.rows[at].entry.number;
    let headers: &Headers = match &look.rows[at].entry.what {
        What::Delivery(delivery) => &delivery.headers,
        What::Exchange(exchange) => &exchange.request.headers,
        _ => return,
    };
    let kind = header(headers, "content-type").unwrap_or_default().to_ascii_lowercase();
    let marked = lens::unpacked(value).is_some_and(|bytes| bytes.starts_with(b"\xef\xbb\xbf"));
    let why = if !kind.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
        "the content type is not that of a form"
    } else if kind.contains("charset") && !kind.contains("utf-8") {
        "the form has a character set of its own"
    } else if marked {
        "its JSON begins with a byte order mark"
    } else if value.contains('%') {
        "it is percent-encoded twice"
    } else {
        return;
    };
    let message = format!("The CRes came oddly: {why}. Read it tolerantly, and decide by the session in any case");
    look.say(entry, ("L41", Warning), "CRes in an odd form", message);
}

/// L40: the hand-off of 3-D Secure 1.
fn payer_request(look: &mut Look<'_>, at: usize) {
    let row = &look.rows[at];
    let (entry, wire) = (row.entry.number, row.wire);
    let name = ["PaReq", "PaRes"].into_iter().find(|name| row.field(name).is_some());
    let Some((name, value)) = name.and_then(|name| Some((name, row.field(name)?.to_owned()))) else { return };
    let mark = format!("{name}=");
    let raw = wire.split(|byte| *byte == b'&').find_map(|pair| pair.strip_prefix(mark.as_bytes())).unwrap_or_default();
    let term = row.field("TermUrl").unwrap_or_default();
    let mut why = Vec::new();
    if raw.contains(&b'+') {
        why.push("a bare + in it becomes a blank; write %2B");
    }
    if lens::payer_xml(&value).is_none() {
        why.push("it is not the base64 of a deflated message");
    } else if value.contains(['-', '_']) || !value.trim_end().len().is_multiple_of(4) {
        why.push("it is base64url, or lacks its padding; here standard base64 with padding belongs");
    }
    if row.field("MD").is_none() {
        why.push("MD is missing, which must be there even if empty");
    }
    if term.contains("%3A") || term.contains("%2F") || term.contains("%3a") || term.contains("%2f") {
        why.push("TermUrl is percent-encoded twice");
    }
    for why in why {
        let message = format!(
            "{name} was handed over wrongly: {why}. Banks of 3-D Secure 1 show an error page or never come back"
        );
        look.say(entry, ("L40", Warning), format!("{name} is not as agreed"), message);
    }
}

/// The text of the first element of a name, at whatever place.
fn element(xml: &str, name: &str) -> Option<String> {
    let mut members = lens::payer_members(xml).into_iter();
    members.find_map(|(path, text)| (path.rsplit('/').next() == Some(name)).then_some(text))
}

/// P060, P061: what the PARes says against what was asked.
fn payer_answer(look: &mut Look<'_>) {
    let seen = |name: &str| {
        let mut all =
            look.rows.iter().enumerate().filter_map(|(at, row)| Some((at, lens::payer_xml(row.field(name)?)?)));
        if name == "PaReq" { all.next() } else { all.next_back() }
    };
    let Some((at, answer)) = seen("PaRes") else { return };
    let entry = look.rows[at].entry.number;
    if let Some((place, request)) = seen("PaReq") {
        for name in ["xid", "purchAmount", "currency"] {
            let (asked, said) = (element(&request, name), element(&answer, name));
            if asked == said || asked.is_none() {
                continue;
            }
            let message = format!(
                "The PARes says {} for {name}, the PAReq said {}. It is about another purchase: the API must refuse \
                 it (pares_error), and the payment must not go on as authenticated",
                said.as_deref().map_or("nothing".to_owned(), shown),
                asked.as_deref().map_or("nothing".to_owned(), shown)
            );
            look.say(entry, ("P061", Error), "PARes is about another transaction", message);
            look.against(place, Part::Request, "", "The PAReq that was sent");
        }
    }
    if !answer.contains("<Signature") || !answer.contains("</ThreeDSecure>") {
        let message = "The PARes has no signature, or not all of itself. It proves nothing; the API must refuse it";
        look.say(entry, ("P060", Error), "PARes is not signed", message);
    }
}

/// L06, L09, L10: the page that the browser got.
fn page(look: &mut Look<'_>, entry: usize, exchange: &Exchange) {
    let Some(response) = exchange.response() else { return };
    cookies(look, entry, exchange);
    let html = header(&response.headers, "content-type").is_some_and(|kind| kind.starts_with("text/html"));
    if !html || response.body.len() > LONGEST {
        return;
    }
    let text = String::from_utf8_lossy(&response.body);
    let policy = header(&response.headers, "content-security-policy").unwrap_or_default();
    let directive =
        |name: &str| policy.split(';').map(str::trim).find_map(|part| part.strip_prefix(name)?.strip_prefix(' '));
    let open = |sources: &str| sources.split_whitespace().any(|source| matches!(source, "https:" | "*"));
    let hands_over = text.contains("name=\"creq\"") || text.contains("name=\"PaReq\"");
    let shut = ["form-action", "frame-src", "child-src"]
        .into_iter()
        .filter(|name| hands_over && (*name == "form-action" || text.contains("<iframe")))
        .find(|name| directive(name).is_some_and(|sources| !open(sources)));
    let issuer = exchange.to == Lane::Issuer && response.status < 400;
    let framed =
        directive("frame-ancestors") == Some("'none'") || header(&response.headers, "x-frame-options").is_some();
    if let Some(name) = shut {
        let message = format!(
            "{name} of this page's Content-Security-Policy lets only some addresses through, and the bank's address \
             cannot be known before. Allow https: there, or hand over by a redirect"
        );
        look.say(entry, ("L09", Error), format!("{name} shuts banks out"), message);
    } else if issuer && framed {
        let message = "The bank's page forbids to be shown in a frame (frame-ancestors or X-Frame-Options). The \
                       shopper sees an empty frame; shops can only hand over by a redirect here";
        look.say(entry, ("L09", Error), "The bank's page cannot be framed", message);
    }
    if hands_over && let Some(tag) = text.split("<iframe").nth(1).and_then(|rest| rest.split('>').next()) {
        let rights = tag.split("sandbox=\"").nth(1).and_then(|rest| rest.split('"').next());
        let too_much =
            rights.is_some_and(|rights| rights.contains("allow-top-navigation") || rights.contains("allow-modals"));
        if !tag.contains("allow=\"") || rights.is_none() || too_much {
            let message = "The frame for the bank needs allow=\"payment *; publickey-credentials-get *\" and a sandbox \
                           with forms, scripts, same origin and pointer lock, and no top navigation or modals. Without \
                           them passkeys fail; with more, the bank's page can take over the window";
            look.say(entry, ("L10", Warning), "The bank's frame has the wrong rights", message);
        }
    }
}

/// L06: what answers a post from another site leans on a cookie that such a post does not carry.
fn cookies(look: &mut Look<'_>, entry: usize, exchange: &Exchange) {
    let Some(response) = exchange.response() else { return };
    let body = String::from_utf8_lossy(&exchange.request.body);
    let back = ["cres=", "PaRes=", "threeDSMethodData="].into_iter().any(|field| body.contains(field));
    if !back || exchange.to == Lane::Issuer {
        return; // the bank's own cookies are the bank's matter
    }
    let bad = response.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")).any(|(_, value)| {
        let value = value.to_ascii_lowercase();
        !(value.contains("samesite=none") && value.contains("secure"))
    });
    if bad {
        let message = "A cookie is set here without SameSite=None; Secure. This post comes from the bank's site, so \
                       such a cookie does not come with it and the shopper seems to be logged out. Find the session \
                       by its identifiers, or go on by a GET of your own page";
        look.say(entry, ("L06", Warning), "A cookie that the bank's post will not carry", message);
    }
}
