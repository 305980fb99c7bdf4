//! What an app knows of its device: parameters, why some are missing, warnings of the SDK. As
//! the SDK seals it for the directory server, and as the bank gets it (`deviceInfo`, base64url).
//! Source: emv-3ds.md 4.2.

use serde_json::{Map, Value};

use super::text::{Due, base64};
use super::{Decoded, Found, Mark, Row, What};
use crate::model::{codes, payload};

/// Parameters, reasons and warnings that are shown of one device. Our choice.
const MOST: usize = 200;

/// True for an object that can only be device data.
pub(super) fn is(json: &Value) -> bool {
    json.get("DV").is_some() && ["DD", "DPNA", "SW"].iter().any(|name| json.get(name).is_some())
}

/// `deviceInfo`: base64url of the data.
pub(super) fn info(text: &str, found: &Found<'_>) -> Decoded {
    let (bytes, marks) = base64(text, Due::Url);
    let refused = |why: &str, mut marks: Vec<Mark>| {
        marks.insert(0, Mark::wrong(why));
        let bytes = Some(text.to_owned().into());
        Decoded { bytes, content_type: "text/plain", ..Decoded::refused(What::DeviceInfo, found, marks) }
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(why) => return refused(&why, marks),
    };
    match payload::tree(&bytes) {
        Some(Value::Object(json)) => {
            let mut one = data(&json, found);
            one.marks.extend(marks);
            one.bytes = Some(bytes.into());
            one
        }
        _ => refused("Not base64url of a JSON object", marks),
    }
}

/// The data themselves.
pub(super) fn data(json: &Map<String, Value>, found: &Found<'_>) -> Decoded {
    let mut one = Decoded::new(What::DeviceInfo, found);
    match json.get("DV").and_then(Value::as_str) {
        Some(version) => one.rows.push(Row::new("DV", version, "version of the data")),
        None => one.rows.push(Row::new("DV", "", "").marked(Some(Mark::wrong("DV is missing: which data these are")))),
    }
    parameters(json, &mut one);
    missing(json, &mut one);
    warnings(json, &mut one);
    for name in json.keys().filter(|name| !["DV", "DD", "DPNA", "SW"].contains(&name.as_str())) {
        one.rows.push(Row::new(name, "", "").marked(Some(Mark::odd("Not a part of the device data"))));
    }
    one.rows.truncate(MOST);
    one
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn parameters(json: &Map<String, Value>, one: &mut Decoded) {
    match json.get("DD") {
        Some(Value::Object(data)) => {
            one.rows.extend(data.iter().take(MOST).map(|(name, value)| {
                Row::new(name, &shown(value), codes::said(codes::DEVICE_DATA, name).unwrap_or_default())
            }));
        }
        Some(_) => one.marks.push(Mark::wrong("DD is an object: a parameter's id and its value")),
        None => one.marks.push(Mark::odd("DD is missing: the app says nothing of its device")),
    }
}

fn missing(json: &Map<String, Value>, one: &mut Decoded) {
    let Some(list) = json.get("DPNA") else { return };
    let Value::Object(list) = list else {
        one.marks.push(Mark::wrong("DPNA is an object: a parameter's id and why it is missing"));
        return;
    };
    for (name, reason) in list.iter().take(MOST) {
        let code = shown(reason);
        let what = codes::said(codes::DEVICE_DATA, name).map(|what| format!("{what}: ")).unwrap_or_default();
        let row = match codes::said(codes::DEVICE_REASONS, &code) {
            Some(why) => Row::new(name, &code, format!("{what}missing, {why}")),
            None => Row::new(name, &code, what).marked(Some(Mark::odd("A reason is one of RE01 to RE04"))),
        };
        let both = json.get("DD").is_some_and(|data| data.get(name).is_some());
        let mark = both.then(|| Mark::odd("It stands in DD too: it is there and missing at once"));
        one.rows.push(if mark.is_some() { row.marked(mark) } else { row });
    }
}

fn warnings(json: &Map<String, Value>, one: &mut Decoded) {
    match json.get("SW") {
        None => (),
        Some(Value::Array(list)) if list.is_empty() => {
            one.marks.push(Mark::known("The SDK warns of nothing"));
        }
        Some(Value::Array(list)) => {
            for (at, code) in list.iter().take(MOST).enumerate() {
                let code = shown(code);
                let row = match codes::said(codes::DEVICE_WARNINGS, &code) {
                    Some(says) => {
                        let mark = Mark::odd("A warning of the SDK: the bank will look twice");
                        Row::new(&format!("SW[{at}]"), &code, says).marked(Some(mark))
                    }
                    None => Row::new(&format!("SW[{at}]"), &code, "")
                        .marked(Some(Mark::odd("A warning is one of SW01 to SW05"))),
                };
                one.rows.push(row);
            }
        }
        Some(_) => one.marks.push(Mark::wrong("SW is a list of warnings")),
    }
}
