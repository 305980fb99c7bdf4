//! The issuer's CRes: the screen that is open, as each version writes it, and the last one.
//! Source: emv-3ds.md 1.8, 5.2.

use serde_json::{Map, Value, json};

use super::content::open_screen;
use super::creq::Offer;
use crate::model::device::UiKind;
use crate::model::scenario::{PageKind, Version};
use crate::sandbox::Shared;
use crate::sandbox::bank::{self, Labels, Question, Screen};
use crate::sandbox::keys::base64url;
use crate::sandbox::scheme::{self, offers_trust, other_site, script, version};
use crate::sandbox::session::Session;
use crate::sandbox::turn::{RESENDS, Seen, page_kind};
use crate::sandbox::validate::Channel;

/// Longest key of a choice from 2.3.1 on. Source: emv-3ds.md 1.8.
const KEY: usize = 4;

/// What the screen that is open offers.
pub(super) fn offer(session: &Session) -> Offer {
    let (Some(ui), Some(challenge)) = (open_screen(session), &session.challenge) else { return Offer::default() };
    if challenge.touched.is_none() {
        return Offer::default();
    }
    let rules = script(session);
    let latest = version(session) >= Version::V231;
    let text = ui == UiKind::Text;
    let may_resend = challenge.resent < RESENDS;
    let side =
        |flag: fn(&crate::model::scenario::AppSide) -> bool| latest && rules.is_some_and(|rules| flag(&rules.app));
    let last = rules.is_none_or(|rules| usize::from(challenge.page) + 1 >= rules.challenge.pages.len());
    let native = !ui.is_html();
    Offer {
        ui: Some(ui),
        resend: text && may_resend,
        add_code: text && may_resend && side(|app| app.add_code),
        second_box: text && side(|app| app.second_box),
        // 2.1.0 has no word for it; in HTML the page itself asks. Source: emv-3ds.md 1.8.
        trust: native && last && version(session) >= Version::V220 && offers_trust(session),
        binding: native && last && side(|app| app.device_binding),
    }
}

/// The key of a choice, as the version writes it; the names are longer than 2.3.1 allows.
pub(super) fn key(name: &'static str, version: Version) -> &'static str {
    if version >= Version::V231 { name.get(..KEY).unwrap_or(name) } else { name }
}

/// Type, version, ids and counter: what all have.
fn head(session: &Session, counter: u8, complete: bool) -> Map<String, Value> {
    let sdk = match &session.channel {
        Some(Channel::App(device)) => device.transaction_id.as_str(),
        _ => "",
    };
    let acs = session.acs.as_ref().map_or("", |acs| acs.transaction_id.as_str());
    let mut body = Map::new();
    for (name, text) in [
        ("messageType", "CRes"),
        ("messageVersion", session.version),
        ("threeDSServerTransID", session.transaction_id.as_str()),
        ("acsTransID", acs),
        ("sdkTransID", sdk),
        ("acsCounterAtoS", &format!("{counter:03}")),
        ("challengeCompletionInd", if complete { "Y" } else { "N" }),
    ] {
        body.insert(name.to_owned(), text.into());
    }
    body
}

/// The last CRes: nothing to be shown.
pub(super) fn last(session: &Session, counter: u8) -> Value {
    let mut body = head(session, counter, true);
    let result = scheme::cres(session).and_then(|cres| cres.get("transStatus").cloned());
    body.insert("transStatus".to_owned(), result.unwrap_or_else(|| "N".into()));
    Value::Object(body)
}

/// How the screen is shown once more.
#[derive(Debug, Clone, Copy)]
pub(super) struct After {
    pub(super) seen: Seen,
    pub(super) resent: bool,
    /// The SDK can open the bank's app.
    pub(super) opens_apps: bool,
}

/// The CRes with the screen that is open.
pub(super) fn screen(app: &Shared, session: &Session, counter: u8, after: After) -> Value {
    let mut body = head(session, counter, false);
    let ui = open_screen(session).unwrap_or(UiKind::Html); // asked for before the challenge began
    body.insert("acsUiType".to_owned(), ui.code().into());
    let offer = offer(session);
    let question = question(session, offer, after, ui.is_html());
    if ui.is_html() {
        html(app, session, ui, &question, &mut body);
        return Value::Object(body);
    }
    let labels = bank::labels(session, &question, version(session) >= Version::V231);
    native(app, session, ui, &labels, &mut body);
    let shown = after.seen != Seen::Nothing;
    body.insert("challengeInfoTextIndicator".to_owned(), if shown { "Y" } else { "N" }.into());
    match ui {
        UiKind::Text => text(session, offer, labels, &mut body),
        UiKind::SingleSelect | UiKind::MultiSelect => select(session, labels, &mut body),
        UiKind::OutOfBand => out_of_band(app, session, after.opens_apps, labels, &mut body),
        _ => put(&mut body, "infoContinueLabel", labels.proceed),
    }
    Value::Object(body)
}

fn put(body: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    body.insert(name.to_owned(), value.into());
}

fn question(session: &Session, offer: Offer, after: After, html: bool) -> Question<'static> {
    let rules = script(session).map(|script| &script.challenge);
    let challenge = session.challenge.as_ref();
    let pages = rules.map_or(1, |rules| rules.pages.len());
    let last = challenge.is_some_and(|challenge| usize::from(challenge.page) + 1 >= pages);
    let in_page = html && last && offers_trust(session);
    Question {
        screen: Screen {
            kind: page_kind(session),
            bank: rules.map(|rules| rules.bank).unwrap_or_default(),
            trust: offer.trust || in_page,
            early: after.seen == Seen::Early,
            sent_to: challenge.and_then(|challenge| challenge.sent_to),
            may_resend: challenge.is_some_and(|challenge| challenge.resent < RESENDS),
            strict: rules.is_some_and(|rules| rules.strict),
            ..Screen::default()
        },
        step: "",
        hidden: Vec::new(),
        interactions: challenge.map_or(0, |challenge| challenge.interactions),
        wrong: challenge.map_or(0, |challenge| challenge.wrong),
        mistake: after.seen == Seen::Mistake,
        resent: after.resent,
        address: "",
    }
}

/// What all native screens have.
fn native(app: &Shared, session: &Session, ui: UiKind, labels: &Labels, body: &mut Map<String, Value>) {
    let latest = version(session) >= Version::V231;
    put(body, "challengeInfoHeader", labels.heading.as_str());
    let selects = matches!(ui, UiKind::SingleSelect | UiKind::MultiSelect);
    // From 2.3.1 on a text screen's label stands in its entry box.
    if selects || (ui == UiKind::Text && !latest) {
        put(body, "challengeInfoLabel", labels.label.as_str());
    }
    put(body, "challengeInfoText", labels.text.as_str());
    put(body, "whyInfoLabel", labels.why[0].as_str());
    put(body, "whyInfoText", labels.why[1].as_str());
    put(body, "expandInfoLabel", labels.help[0].as_str());
    put(body, "expandInfoText", labels.help[1].as_str());
    let offer = offer(session);
    if offer.trust {
        let name = if latest { "trustListInfoText" } else { "whitelistingInfoText" };
        put(body, name, labels.trust.as_str());
    }
    if offer.binding {
        put(body, "deviceBindingInfoText", labels.remember_device.as_str());
    }
    let looks = if latest { ["default", "dark", "monochrome"] } else { ["medium", "high", "extraHigh"] };
    let base = app.base.get().map_or("", String::as_str);
    let image = |name: &str| -> Value {
        let one = |look: &str| (look.to_owned(), format!("{base}/simulator/acs/marks/{name}-{look}.svg").into());
        looks.into_iter().map(one).collect::<Map<_, _>>().into()
    };
    put(body, "issuerImage", image(labels.bank));
    put(body, "psImage", image(session.scheme.word()));
}

fn text(session: &Session, offer: Offer, labels: Labels, body: &mut Map<String, Value>) {
    if version(session) >= Version::V231 {
        let code = session.challenge.as_ref().is_some_and(|challenge| challenge.code.is_some());
        let strict = script(session).is_some_and(|script| script.challenge.strict);
        // The published password has letters: it fits where a bank is not strict.
        let (keyboard, most) = if code && strict { ("01", "06") } else { ("02", "45") };
        put(
            body,
            "challengeEntryBox",
            json!({
                "challengeEntryLabel": labels.label, "challengeEntryKeyboard": keyboard,
                "challengeEntryAutofill": "Y", "challengeEntryLengthMax": most, "challengeEntryMasking": "N",
                "challengeEntryMaskingToggle": "N",
            }),
        );
    }
    if offer.second_box {
        put(
            body,
            "challengeEntryBoxTwo",
            json!({
                "challengeEntryLabel": labels.second_box, "challengeEntryKeyboard": "01",
                "challengeEntryAutofill": "N", "challengeEntryLengthMax": "04", "challengeEntryMasking": "Y",
                "challengeEntryMaskingToggle": "Y",
            }),
        );
    }
    if offer.resend {
        put(body, "resendInformationLabel", labels.resend);
    }
    if offer.add_code {
        put(body, "challengeAddCodeLabel", labels.other_way);
    }
    put(body, "submitAuthenticationLabel", labels.proceed);
}

fn select(session: &Session, labels: Labels, body: &mut Map<String, Value>) {
    let version = version(session);
    let one = |(name, label): (&'static str, String)| json!({ key(name, version): label });
    put(body, "challengeSelectInfo", labels.choices.into_iter().map(one).collect::<Vec<_>>());
    put(body, "submitAuthenticationLabel", labels.proceed);
}

/// The bank's app is offered where the version knows how, and from 2.3.1 on where the SDK says
/// that it can open one. Source: emv-3ds.md 5.1, 5.2.
fn out_of_band(app: &Shared, session: &Session, opens_apps: bool, labels: Labels, body: &mut Map<String, Value>) {
    let offered = match version(session) {
        Version::V231 => opens_apps,
        version => version >= Version::V220,
    };
    if offered {
        put(body, "oobAppURL", app_url(app, session));
        put(body, "oobAppLabel", labels.open_app);
    }
    put(body, "oobContinueLabel", labels.proceed);
}

/// Where the bank's app would be.
fn app_url(app: &Shared, session: &Session) -> String {
    let base = app.base.get().map_or("", String::as_str);
    format!("{}/simulator/acs/bank-app/{}", other_site(base), session.transaction_id)
}

fn html(app: &Shared, session: &Session, ui: UiKind, question: &Question, body: &mut Map<String, Value>) {
    let page = bank::html(&app.pages, session, question);
    put(body, "acsHTML", base64url(page.as_bytes()));
    if ui == UiKind::HtmlOutOfBand {
        put(body, "acsHTMLRefresh", base64url(page.as_bytes()));
        put(body, "oobAppURL", app_url(app, session));
    }
}

/// What an answer to a native screen stands for: the names behind its keys.
pub(super) fn chosen(kind: PageKind, version: Version, entry: &str) -> Vec<&str> {
    let known: &[&'static str] = if kind == PageKind::SingleSelect { &bank::WAYS } else { &bank::CHOICES };
    let name = |given| known.iter().copied().find(|name| key(name, version) == given);
    let keys = if kind == PageKind::SingleSelect { vec![entry] } else { entry.split(',').map(str::trim).collect() };
    keys.into_iter().map(|given| name(given).unwrap_or(given)).collect()
}
