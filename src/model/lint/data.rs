//! The rules about channel data: what a browser or an app says of itself.
//! Source: emv-3ds.md 4.1, 4.2, 8.

use std::net::IpAddr;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::purchase::public;
use super::{Look, Place};
use crate::model::devices;
use crate::model::draft::{Body, Channel};
use crate::model::finding::{Severity, Version};
use Severity::{Error, Warning};

/// What `browserColorDepth` may be up to 2.2. Source: emv-3ds.md 4.1.
const DEPTHS: [u32; 8] = [1, 4, 8, 15, 16, 24, 32, 48];

pub(super) fn check(look: &mut Look<'_>) {
    match look.draft.channel {
        Channel::Browser => {
            depth(look);
            timezone(look);
            booleans(look);
            language(look);
            address(look);
            accept(look);
        }
        Channel::App => {
            key(look);
            encrypted(look);
        }
        Channel::MerchantInitiated => (),
    }
}

/// A given value as text, be it text or number.
fn loose(look: &Look<'_>, pointer: &str) -> Option<(Place, String)> {
    let place = look.at(Body::Browser, pointer)?;
    let text = match &place.value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some((place, text))
}

/// L13.
fn depth(look: &mut Look<'_>) {
    let Some((place, text)) = loose(look, "/color_depth") else { return };
    if look.around.version == Version::V231 {
        return;
    }
    let Ok(bits) = text.trim().parse::<u32>() else { return };
    if let (false, Some(lower)) = (DEPTHS.contains(&bits), DEPTHS.into_iter().rev().find(|known| *known < bits)) {
        let message =
            format!("{bits} is no colour depth up to version 2.2; screens of 30 bits report it. Send the next lower");
        look.mend(("L13", Error), &place, message, format!("Send {lower}"), Some(lower.to_string().into()));
    }
}

/// L14.
fn timezone(look: &mut Look<'_>) {
    let Some((place, text)) = loose(look, "/timezone") else { return };
    let message = "It is minutes from local time to UTC, as getTimezoneOffset() says: Berlin in winter is -60";
    let Ok(minutes) = text.parse::<i32>() else {
        match named(&text) {
            Some(minutes) => {
                let value = Some(minutes.to_string().into());
                look.mend(("L14", Error), &place, message, format!("Send {minutes}"), value);
            }
            None => look.say("L14", Error, &place, message),
        }
        return;
    };
    if !(-14 * 60..=12 * 60).contains(&minutes) {
        let away = format!("No place on earth is {minutes} minutes from UTC. {message}");
        look.say("L14", Error, &place, away);
    } else if minutes != 0 && look.around.offset_minutes == Some(-minutes) {
        let message = format!("The sign is the wrong way round for this machine. {message}");
        look.mend(("L14", Error), &place, message, format!("Send {}", -minutes), Some((-minutes).to_string().into()));
    }
}

/// `UTC+1`, `GMT-05:30`, `+01:00` as minutes from local time to UTC.
fn named(text: &str) -> Option<i32> {
    let text = text.trim().trim_start_matches("UTC").trim_start_matches("GMT").trim();
    if text.is_empty() || matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = match text.chars().next()? {
        '+' => -1,
        '-' => 1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':').unwrap_or((&text[1..], "0"));
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// L15.
fn booleans(look: &mut Look<'_>) {
    for pointer in ["/java_enabled", "/javascript_enabled"] {
        let Some((place, text)) = look.text(Body::Browser, pointer) else { continue };
        let meant = match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => true,
            "false" | "0" | "no" => false,
            _ => continue,
        };
        let message = "Banks want a JSON boolean here, and refuse the same word in quotes";
        look.mend(("L15", Error), &place, message, format!("Send {meant}"), Some(meant.into()));
    }
}

/// L16.
fn language(look: &mut Look<'_>) {
    let Some((place, text)) = look.text(Body::Browser, "/language") else { return };
    let most = if look.around.version == Version::V22 { 8 } else { 12 };
    let count = text.chars().count();
    if count <= most {
        return;
    }
    let message = format!("{count} characters are more than the {most} that banks take. The first part is enough");
    let primary = text.split(['-', '_', ',', ';']).next().unwrap_or_default().trim();
    match (1..=most).contains(&primary.chars().count()) {
        true => look.mend(("L16", Warning), &place, message, format!("Send {primary}"), Some(primary.into())),
        false => look.say("L16", Warning, &place, message),
    }
}

/// L17.
fn address(look: &mut Look<'_>) {
    let Some((place, text)) = look.text(Body::Browser, "/ip_address") else { return };
    let bare = match one(&text) {
        Ok(address) if public(address) => return,
        Ok(_) => {
            let message = "This address is private: a bank cannot tell where the shopper is. Send the public one";
            look.say("L17", Error, &place, message);
            return;
        }
        Err(bare) => bare,
    };
    let message = "Banks want one address and nothing else: no list, port, brackets or zone. Send the shopper's";
    match bare {
        Some(bare) => {
            let bare = bare.to_string();
            look.mend(("L17", Error), &place, message, format!("Send {bare}"), Some(bare.into()));
        }
        None => look.say("L17", Error, &place, message),
    }
}

/// The address; else the first public one that can be read out of the text.
fn one(text: &str) -> Result<IpAddr, Option<IpAddr>> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address);
    }
    let bare = |part: &str| {
        let part = part.trim();
        let part = part.strip_prefix('[').map_or(part, |rest| rest.split(']').next().unwrap_or(rest));
        let part = part.split('%').next().unwrap_or(part);
        part.parse::<IpAddr>().ok().or_else(|| part.rsplit_once(':')?.0.parse().ok())
    };
    Err(text.split(',').filter_map(bare).find(|address| public(*address)))
}

/// L18.
fn accept(look: &mut Look<'_>) {
    let Some((place, text)) = look.text(Body::Browser, "/accept_header") else { return };
    let first = text.split([',', ';']).next().unwrap_or_default().trim().to_ascii_lowercase();
    if first == "*/*" || first.ends_with("json") {
        let message = "This is what a script sends, not a page: some banks see a robot. Take it from the page load";
        let page = devices::DESKTOP_CHROME.browser_data().get("accept_header").cloned();
        look.mend(("L18", Warning), &place, message, "Send a page's", page);
    }
}

/// L01 and L42.
fn key(look: &mut Look<'_>) {
    let mut point = vec![4]; // SEC 1: an uncompressed point
    let mut last = None;
    for pointer in ["/sdk_ephem_pub_key/x", "/sdk_ephem_pub_key/y"] {
        let Some((place, text)) = look.text(Body::App, pointer) else { return };
        if base64url(look, &place, &text) {
            return;
        }
        let Ok(bytes) = BASE64_URL_SAFE_NO_PAD.decode(&text) else {
            look.say("L42", Error, &place, "This is not base64url, so there is no key: banks answer error 302");
            return;
        };
        if bytes.len() != 32 {
            let message = format!("{} bytes; a coordinate of P-256 has 32. Leading zeros must stay", bytes.len());
            let mut padded = vec![0; 32_usize.saturating_sub(bytes.len())];
            padded.extend(&bytes);
            match (16..32).contains(&bytes.len()) {
                true => {
                    let value = Some(BASE64_URL_SAFE_NO_PAD.encode(padded).into());
                    look.mend(("L42", Error), &place, message, "Put the zeros back", value);
                }
                false => look.say("L42", Error, &place, message),
            }
            return;
        }
        point.extend(bytes);
        last = Some(place);
    }
    let curve = look.text(Body::App, "/sdk_ephem_pub_key/crv").is_none_or(|(_, text)| text == "P-256");
    if let (true, Some(place), Err(_)) = (curve, last, p256::PublicKey::from_sec1_bytes(&point)) {
        let key = devices::EphemeralKey::example();
        let value = json!({ "kty": "EC", "crv": "P-256", "x": key.x, "y": key.y });
        let message = "x and y are no point of P-256, so no secret can be agreed: banks answer error 302";
        let parent = place.pointer.trim_end_matches("/y").to_owned();
        let fix = super::Fix { label: "Use the example key".into(), edits: vec![(place.body, parent, Some(value))] };
        look.push("L42", Error, &place, message.into(), Some(fix));
    }
}

/// L01: the encrypted device data.
fn encrypted(look: &mut Look<'_>) {
    let Some((place, text)) = look.text(Body::App, "/sdk_encrypted_data") else { return };
    if text.split('.').count() == 5 {
        base64url(look, &place, &text);
    }
}

/// L01; true if there was something to say.
fn base64url(look: &mut Look<'_>, place: &Place, text: &str) -> bool {
    let Some(strict) = strict(text) else { return false };
    let message = "Base64url has no padding, no + and /, no blanks: strict readers refuse it with error 203 or 302";
    look.mend(("L01", Error), place, message, "Write it strictly", Some(strict.into()));
    true
}

/// The text as RFC 7515 writes it; `None` if it is that already.
pub(super) fn strict(text: &str) -> Option<String> {
    let bad = |c: char| matches!(c, '=' | '+' | '/') || c.is_whitespace();
    text.contains(bad).then(|| {
        let kept = text.chars().filter(|c| !c.is_whitespace() && *c != '=');
        kept.map(|c| match c {
            '+' => '-',
            '/' => '_',
            c => c,
        })
        .collect()
    })
}
