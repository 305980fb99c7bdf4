//! Devices whose data fill channel data in one click: browsers as they really report
//! themselves, and an app given its key from outside. Source: emv-3ds.md 4.1, 4.2.

use serde_json::{Value, json};

/// A browser on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// The name people read.
    pub name: &'static str,
    accept_header: &'static str,
    user_agent: &'static str,
    language: &'static str,
    screen: (&'static str, &'static str),
    color_depth: &'static str,
    timezone: &'static str,
    ip_address: &'static str,
}

/// Chrome's `Accept` header of a page load, shared by browsers built on it.
const CHROME_ACCEPT: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8";
/// Safari's and Firefox's.
const PLAIN_ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// Chrome on Windows, in London in winter.
pub const DESKTOP_CHROME: Device = Device {
    name: "Chrome on Windows",
    accept_header: CHROME_ACCEPT,
    user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    language: "en-GB",
    screen: ("1920", "1080"),
    color_depth: "24",
    timezone: "0",
    ip_address: "203.0.113.7",
};

/// All devices, in the order shown.
pub const ALL: [Device; 5] = [
    DESKTOP_CHROME,
    Device {
        name: "Safari on macOS",
        accept_header: PLAIN_ACCEPT,
        user_agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
        language: "de-DE",
        screen: ("1728", "1117"),
        color_depth: "24",
        timezone: "-60",
        ip_address: "203.0.113.21",
    },
    Device {
        name: "Firefox on Linux",
        accept_header: PLAIN_ACCEPT,
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        language: "fr-FR",
        screen: ("2560", "1440"),
        color_depth: "24",
        timezone: "-60",
        ip_address: "203.0.113.34",
    },
    Device {
        name: "Safari on iPhone",
        accept_header: PLAIN_ACCEPT,
        user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        language: "en-US",
        screen: ("393", "852"),
        color_depth: "32",
        timezone: "300",
        ip_address: "198.51.100.12",
    },
    Device {
        name: "Chrome on Android",
        accept_header: CHROME_ACCEPT,
        user_agent: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
        language: "es-ES",
        screen: ("412", "915"),
        color_depth: "24",
        timezone: "-60",
        ip_address: "198.51.100.90",
    },
];

impl Device {
    /// The body of `collect-data`, without `three_ds_method_completion`.
    pub fn browser_data(&self) -> Value {
        json!({
            "channel": "browser",
            "accept_header": self.accept_header,
            "java_enabled": false,
            "javascript_enabled": true,
            "language": self.language,
            "color_depth": self.color_depth,
            "screen_height": self.screen.1,
            "screen_width": self.screen.0,
            "timezone": self.timezone,
            "user_agent": self.user_agent,
            "ip_address": self.ip_address
        })
    }
}

/// The public half of an app's key for one authentication: a point of P-256, each
/// coordinate 32 bytes as unpadded base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EphemeralKey {
    /// The first coordinate.
    pub x: String,
    /// The second coordinate.
    pub y: String,
}

impl EphemeralKey {
    /// The public example key of RFC 7515, appendix A.3: on the curve, and everybody's.
    pub fn example() -> Self {
        Self {
            x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU".into(),
            y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0".into(),
        }
    }
}

/// The body of `collect-data` for an app whose values are made for each run: a real key,
/// real identifiers, device data that the directory server can open.
pub fn app_template() -> Value {
    let name = |path: &str| format!("{{{{app.{path}}}}}");
    let key = EphemeralKey { x: name("sdk_ephem_pub_key.x"), y: name("sdk_ephem_pub_key.y") };
    let mut data = app_data(&key, &name("sdk_encrypted_data"));
    for member in ["sdk_app_id", "sdk_transaction_id"] {
        data[member] = name(member).into();
    }
    data
}

/// Device data that no directory server can read: the session ends `unavailable`.
/// Source: sessions-api.md 3.7.
pub const UNREADABLE: &str = "{}";

/// The body of `collect-data` for an app that can draw everything. `encrypted` is the
/// device data as compact JWE for the directory server; [`UNREADABLE`] if there is none.
pub fn app_data(key: &EphemeralKey, encrypted: &str) -> Value {
    json!({
        "channel": "app",
        "sdk_app_id": "dbd64fcb-c19a-4728-8849-e3d50bfdde39",
        "sdk_max_timeout": 5,
        "sdk_ephem_pub_key": { "kty": "EC", "crv": "P-256", "x": key.x, "y": key.y },
        "sdk_encrypted_data": encrypted,
        "sdk_reference_number": "SBX_SDK_0001",
        "sdk_transaction_id": "{{uuid}}",
        "sdk_interface_type": "both",
        "sdk_ui_elements": ["text", "single_select", "multi_select", "oob", "html_other"]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::draft::{Around, Body, Channel, Draft};
    use crate::model::template::Values;

    #[test]
    fn every_device_is_valid_and_without_advice() {
        let values = Values { uuid: "c52dd994-63ba-450a-bc48-e7a4957dabc6".into(), ..Values::default() };
        for device in ALL {
            let mut draft = Draft::default();
            *draft.doc_mut(Body::Browser) = crate::model::draft::Doc::of(device.browser_data());
            assert_eq!(draft.check(&Around::new(&values, true)), [], "{}", device.name);
        }
        let mut draft = Draft::default();
        draft.set_channel(Channel::App);
        assert_eq!(draft.doc(Body::App).tree(), &app_template());
        assert_eq!(draft.check(&Around::new(&values, true)), []);
    }
}
