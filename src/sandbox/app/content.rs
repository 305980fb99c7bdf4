//! What an app is handed for a challenge: which screen its device can show, and what the issuer
//! signs for it. Source: emv-3ds.md 4.2, 5.2, 5.3.

use serde_json::json;

use crate::model::device::UiKind;
use crate::model::scenario::{PageKind, SignedKey, Version};
use crate::model::seal::key;
use crate::sandbox::keys::Keys;
use crate::sandbox::scheme::{script, version};
use crate::sandbox::session::{Rendering, Session};
use crate::sandbox::turn::page_kind;
use crate::sandbox::validate::{App, Channel};

/// The screen on which a device can show what a page asks; `None` if it has none.
pub(super) fn screen(version: Version, device: &App, kind: PageKind) -> Option<UiKind> {
    let latest = version >= Version::V231;
    let shows = |element: &str| device.elements.contains(&element);
    let native = device.interface != "html";
    let html = device.interface != "native" && shows("html_other");
    // Any question can be asked in HTML.
    let otherwise = html.then_some(UiKind::Html);
    let by_element = |ui: UiKind, element| (native && shows(element)).then_some(ui);
    let new = |ui: UiKind, can: bool| (latest && can).then_some(ui);
    match kind {
        PageKind::Otp => by_element(UiKind::Text, "text"),
        PageKind::SingleSelect => by_element(UiKind::SingleSelect, "single_select"),
        PageKind::MultiSelect => by_element(UiKind::MultiSelect, "multi_select"),
        PageKind::OutOfBand => by_element(UiKind::OutOfBand, "oob").or(new(UiKind::HtmlOutOfBand, html)),
        PageKind::HtmlOutOfBand => new(UiKind::HtmlOutOfBand, html).or(by_element(UiKind::OutOfBand, "oob")),
        PageKind::Spc => return None, // browsers only
        PageKind::Html => None,
        // The API has no word for it among the elements.
        PageKind::Information => new(UiKind::Information, native),
    }
    .or(otherwise)
}

/// The screen that is open.
pub(super) fn open_screen(session: &Session) -> Option<UiKind> {
    let Some(Channel::App(device)) = &session.channel else { return None };
    screen(version(session), device, page_kind(session))
}

/// True if the app's device can show all that the issuer would ask.
pub(in crate::sandbox) fn can_ask(session: &Session) -> bool {
    let Some(Channel::App(device)) = &session.channel else { return false };
    let pages = script(session).map_or(&[PageKind::Otp][..], |script| &script.challenge.pages);
    pages.iter().all(|kind| screen(version(session), device, *kind).is_some())
}

/// What the app needs to show the challenge.
pub(in crate::sandbox) fn rendering(keys: &Keys, base: &str, session: &Session, device: &App) -> Option<Rendering> {
    let ui = screen(version(session), device, page_kind(session))?;
    let transaction = session.acs.as_ref().map_or("", |acs| acs.transaction_id.as_str());
    let rules = script(session).map(|script| script.app.clone()).unwrap_or_default();
    let sdk = match rules.signed_key {
        SignedKey::Own => json!({"kty": "EC", "crv": "P-256", "x": device.key.0, "y": device.key.1}),
        SignedKey::Other => key::jwk(&keys.stranger(transaction).public_key()),
    };
    let payload = json!({
        "acsEphemPubKey": key::jwk(&keys.ephemeral(transaction).public_key()),
        "sdkEphemPubKey": sdk,
        "acsURL": format!("{base}/simulator/acs/app-challenge/{}", session.id),
    });
    Some(Rendering { signed_content: keys.signed_content(&payload, rules.signature), ui })
}
