//! Channel data: what is known of the shopper's browser or app, or why the shop starts
//! without a shopper. Pointers are those of the `collect-data` document; only the
//! merchant-initiated kind always stands inside `POST /sessions`.
//! Source: sessions-api.md 3.7; emv-3ds.md 4.1–4.3.

use super::kind::Kind::{
    self, AnyText, Base64, Boolean, Constant, Integer, Ip, Language, ListOf, NumberText, Object, Offset, OneOf, Text,
    Uuid,
};
use super::{Condition, Field, Group, row, words};
use crate::model::draft::{Body, Channel};

const fn web(pointer: &'static str, kind: Kind, help: &'static str) -> Field {
    row(Body::Browser, Group::Browser, "3.7", pointer, kind, help).of_channel(Channel::Browser)
}

const fn app(pointer: &'static str, kind: Kind, help: &'static str) -> Field {
    row(Body::App, Group::App, "3.7", pointer, kind, help).of_channel(Channel::App)
}

const fn initiated(pointer: &'static str, kind: Kind, help: &'static str) -> Field {
    row(Body::Session, Group::Initiated, "3.7", pointer, kind, help).of_channel(Channel::MerchantInitiated)
}

const CHANNEL: &str = "What kind of channel data this is";

pub(super) const ROWS: &[Field] = &[
    row(Body::Session, Group::Browser, "3.7", "/channel_data", Object, "Channel data sent along at once"),
    web("/channel", OneOf(words::CHANNELS), CHANNEL).default("browser").emv("deviceChannel"),
    web("/accept_header", Text(1, 2048), "The browser's Accept header of a page load")
        .required()
        .emv("browserAcceptHeader"),
    web("/java_enabled", Boolean, "navigator.javaEnabled(); false in modern browsers")
        .default("false")
        .emv("browserJavaEnabled"),
    web("/javascript_enabled", Boolean, "Whether scripts run; only 2.2 asks")
        .default("true")
        .emv("browserJavascriptEnabled"),
    web("/language", Language, "navigator.language, BCP 47").required().emv("browserLanguage"),
    web("/color_depth", NumberText(1, 2), "screen.colorDepth in bits, as text").required().emv("browserColorDepth"),
    web("/screen_height", NumberText(1, 6), "screen.height in pixels, as text").required().emv("browserScreenHeight"),
    web("/screen_width", NumberText(1, 6), "screen.width in pixels, as text").required().emv("browserScreenWidth"),
    web("/timezone", Offset, "Minutes from local time to UTC: Berlin in winter is -60").required().emv("browserTZ"),
    web("/user_agent", Text(1, 2048), "The browser's User-Agent header").required().emv("browserUserAgent"),
    web("/ip_address", Ip, "The shopper's public address, one only").required().emv("browserIP"),
    web("/three_ds_method_completion", OneOf(words::METHOD_RESULTS), "How the 3DS Method went")
        .default("the console fills in how the 3DS Method went; inside POST /sessions it stays open")
        .emv("threeDSCompInd"),
    web("/iframe_payment_allowed", Boolean, "Only for Google secure payment").late(),
    web("/user_agent_client_hint", AnyText, "The browser's Sec-CH-UA headers").late(),
    app("/channel", OneOf(words::CHANNELS), CHANNEL).required().emv("deviceChannel"),
    app("/sdk_app_id", Uuid, "The app's installation, a UUID").when(Condition::AppFilled).emv("sdkAppID"),
    app("/sdk_max_timeout", Integer(5, i32::MAX as i64), "Minutes the shopper has for the challenge, 5 or more")
        .when(Condition::AppFilled)
        .emv("sdkMaxTimeout"),
    app("/sdk_ephem_pub_key", Object, "The app's key for this one authentication")
        .when(Condition::AppFilled)
        .emv("sdkEphemPubKey"),
    app("/sdk_ephem_pub_key/kty", Constant("EC"), "The kind of key").required().emv("kty"),
    app("/sdk_ephem_pub_key/crv", Text(1, 40), "The curve: P-256").required().emv("crv"),
    app("/sdk_ephem_pub_key/x", Base64(100), "A point's first coordinate: 32 bytes, base64url").required().emv("x"),
    app("/sdk_ephem_pub_key/y", Base64(100), "Its second coordinate: 32 bytes, base64url").required().emv("y"),
    app("/sdk_encrypted_data", Text(1, 64_000), "What the app knows of the device, encrypted for the scheme")
        .when(Condition::AppFilled)
        .emv("sdkEncData"),
    app("/sdk_reference_number", Text(1, 32), "The SDK's number from EMVCo")
        .when(Condition::AppFilled)
        .emv("sdkReferenceNumber"),
    app("/sdk_transaction_id", Uuid, "The app's own id of this authentication, a UUID")
        .when(Condition::AppFilled)
        .emv("sdkTransID"),
    app("/sdk_interface_type", OneOf(words::INTERFACES), "What the app can draw a challenge with")
        .when(Condition::AppFilled)
        .emv("deviceRenderOptions.sdkInterface"),
    app("/sdk_ui_elements", ListOf(words::UI_ELEMENTS, 1), "Which kinds of challenge the app can draw")
        .when(Condition::AppFilled)
        .emv("deviceRenderOptions.sdkUiType"),
    initiated("/channel_data/channel", OneOf(words::CHANNELS), CHANNEL).required().emv("deviceChannel").late(),
    initiated("/channel_data/request_type", OneOf(words::REQUEST_TYPES), "Why the shop starts without a shopper")
        .required()
        .emv("threeRIInd")
        .late(),
];
