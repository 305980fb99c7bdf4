//! `POST /sessions`: from a request to a session, and to its first answer.
//!
//! Promises the order of checks of sessions-api.md 2.1: credentials, scope, JSON, fields,
//! what the account is set up for, enrolment (3DS1 if the card is outside of 3DS2), then
//! authentication. The state is locked only once the request was read.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;

use super::answer::{Answer, Call, Fault};
use super::api::{carried_out, gone, ready, run, shown};
use super::arm::{self, Armed, Script};
use super::cards::{Flow, Legacy, Method, Outcome, Range, Scheme, Versions, range};
use super::fields::Object;
use super::given::{Given, Members};
use super::legacy;
use super::programmable;
use super::render::{Reader, Schema};
use super::scheme::{self, Awaiting, Bargain, Wire};
use super::session::{LegacyState, Limits, Session, Status};
use super::state::{Pending, State as Store};
use super::token::{Reach, grant};
use super::trigger::Triggers;
use super::validate::{self, Around, Channel, Completion, Draft, Source};
use super::{Shared, webhooks};
use crate::model::Pan;
use crate::model::scenario::{Issuer, Letter, Letter3, MethodPage, Version};
use crate::model::scheme::SchemeMessage;

/// The amount that asks for 3DS1. Source: sessions-api.md 7.3.
const THREE_DS1_AMOUNT: i64 = 123_321;
/// What an unknown stored card stands for. Source: sessions-api.md 3.2.
const VAULT_DEFAULT: &str = "4242424242424242";
/// An instrument id that begins so stands for a bank account, unless a card has it.
const BANK_ACCOUNT: &str = "src_bank";

/// `POST /sessions`.
pub(super) async fn create(State(app): State<Arc<Shared>>, call: Call) -> Answer {
    let grant = grant(&app, &call)?;
    grant.may(Reach::Any)?;
    let body = call.object()?;
    if let Some(reach) = body.get("channel_data").and_then(reach) {
        grant.may(reach)?;
    }
    let base = call.base.clone();
    let (id, authenticate, pending) = admit(&app, &body, &base)?;
    carried_out(async move {
        app.post(pending).await;
        if authenticate {
            run(&app, &id, &base).await?;
        }
        let store = app.lock();
        let session = store.sessions.get(&id).ok_or_else(gone)?;
        let fallen_back = session.legacy.is_some() && !session.hosted();
        let (status, schema) = if session.directory.is_some() || session.status.is_final() || fallen_back {
            (201, Schema::Full)
        } else {
            (202, Schema::Short)
        };
        Ok(shown(&app, session, &base, Reader::Token, schema, status))
    })
    .await
}

/// The scope that channel data ask for. Source: sessions-api.md 1.5.
fn reach(channel_data: &Given) -> Option<Reach> {
    let channel = channel_data.as_object()?.get("channel").filter(|value| !value.is_null());
    match channel.map_or(Some("browser"), Given::as_str)?.trim() {
        "browser" => Some(Reach::Browser),
        "app" => Some(Reach::App),
        _ => None,
    }
}

/// Validates a request and stores its session. True: authenticate at once.
fn admit(app: &Arc<Shared>, body: &Members, base: &str) -> Result<(String, bool, Pending), Fault> {
    let around = Around {
        now: app.clock.now(),
        strict: app.lock().settings.strict,
        earlier: &|id| app.lock().sessions.get(id).map(earlier),
    };
    let mut draft = validate::session(body, &around).map_err(Fault::invalid)?;
    let mut store = app.lock();
    let (script, mut triggers) = fate(&store, draft.reference.as_deref().unwrap_or_default());
    if let Some(fault) = triggers.fault.take() {
        return Err(fault);
    }
    let channel = draft.channel.take();
    channel_rules(&draft, channel.as_ref())?;
    let card = card(&store, &draft, script)?;
    let asked = triggers.version.or(card.version);
    let enrolment = enrolment(&store, &card, &draft, channel.as_ref(), asked)?;
    let mut session = fresh(app, &store, card, draft, triggers, enrolment);
    session.bargain = bargain(&store, &session);
    match channel {
        // A hosted page collects the data itself.
        Some(channel) if !session.hosted() => session.take(channel)?,
        _ => (),
    }
    remember_browser(app, &store, &mut session);
    if !session.triggers.no_vault {
        store.vault.insert(session.card.instrument.as_str(), session.pan.clone());
    }
    let said = ranges(app, &mut store, &mut session, base);
    let authenticate = session.legacy.is_some() || ready(&session);
    if authenticate {
        session.status = Status::Processing;
    }
    if let Some(script) = &session.script {
        app.trouble.add(&script.door);
    }
    let id = session.id.clone();
    store.insert(session);
    Armed::count_down(&mut store.armed);
    let pending = Pending { ended: None, ..Pending::after(&mut store, &id, said) };
    webhooks::announce(app, &mut store, &id);
    drop(store);
    app.watch(&id);
    Ok((id, authenticate, pending))
}

/// The 3DS Server asks for a scheme's card ranges once a day.
fn ranges(app: &Shared, store: &mut Store, session: &mut Session, base: &str) -> Vec<SchemeMessage> {
    let (scheme, now) = (session.scheme.word(), app.clock.passed());
    if session.legacy.is_some() || !store.ranges_due(scheme, now) {
        return Vec::new();
    }
    let (said, came) = scheme::ask_ranges(app, session, base);
    if came {
        store.ranges_came(scheme, now);
    }
    said
}

/// With 2.3.1 an issuer may know the browser from a session before.
fn remember_browser(app: &Shared, store: &Store, session: &mut Session) {
    let reuses = scheme::script(session).is_some_and(|script| script.method_reuse);
    if reuses
        && session.version == Version::V231.word()
        && session.fingerprint.is_none()
        && store.knows_browser(&session.card.fingerprint, app.clock.passed())
    {
        session.fingerprint = Some('Y');
        session.method_reused = true;
    }
}

/// What decides a session's fate, besides its card: a scenario in its place, and words of the
/// reference. What is armed comes before the reference. Source: product.md "Decided".
fn fate(store: &Store, reference: &str) -> (Option<Arc<Script>>, Triggers) {
    let mut triggers = Triggers::parse(reference);
    let armed = store.armed.as_ref();
    triggers.version = armed.and_then(Armed::version).or(triggers.version);
    match armed.and_then(Armed::script) {
        Some(script) => (Some(Arc::clone(script)), triggers.undecided()),
        None => (arm::named(reference), triggers),
    }
}

/// Hosted pages are for browsers.
fn channel_rules(draft: &Draft, channel: Option<&Channel>) -> Result<(), Fault> {
    match (&draft.completion, channel) {
        (Completion::Hosted { .. }, Some(Channel::App(_))) => Err(Fault::forbidden("hosted_not_supported_for_app")),
        (Completion::Hosted { .. }, None) if draft.app_to_come => Err(Fault::forbidden("hosted_not_supported_for_app")),
        (Completion::Hosted { .. }, Some(Channel::Merchant(_))) => Err(Fault::forbidden("operation_not_allowed")),
        _ => Ok(()),
    }
}

/// A card and what is known of it.
struct Card {
    pan: Pan,
    network_token: bool,
    scheme: Scheme,
    range: Range,
    script: Option<Arc<Script>>,
    /// The version that the scenario wants.
    version: Option<&'static str>,
}

/// The card behind a source, if the account may take it; a scenario's card and what it says of
/// the other side may decide in its place.
fn card(store: &Store, draft: &Draft, script: Option<Arc<Script>>) -> Result<Card, Fault> {
    let pan = pan(store, &draft.source)?;
    let scheme = Scheme::of(pan.expose()).ok_or_else(|| Fault::forbidden("scheme_not_supported"))?;
    let scheme = scheme.chosen(pan.expose(), draft.wish);
    store.settings.market.admits(scheme, &draft.currency)?;
    let named = script.is_some();
    let script = script.or_else(|| programmable::scenario(pan.expose()).and_then(arm::numbered));
    let decides = script.as_ref().filter(|_| named).and_then(|script| script.card.as_deref());
    let mut range = range(decides.unwrap_or(pan.expose()));
    let issuer = script.as_ref().filter(|_| named).and_then(|script| script.issuer.as_ref());
    let version = issuer.and_then(|issuer| issuer.version).map(Version::word);
    if let Some(issuer) = issuer {
        range = range_of(issuer, range);
        // A programmable number still says which version it speaks.
        let own = programmable::range(pan.expose()).map(|own| own.versions);
        if let (None, Some(Versions::Only(version)), Versions::All) = (issuer.version, own, range.versions) {
            range.versions = Versions::Only(version);
        }
    }
    let network_token = matches!(draft.source, Source::NetworkToken(_));
    Ok(Card { network_token, pan, scheme, range, script, version })
}

/// What a scenario says of the card range.
fn range_of(issuer: &Issuer, range: Range) -> Range {
    let outcome = |letter| match letter {
        Letter::Y => Outcome::Approved,
        Letter::A => Outcome::Attempted,
        Letter::U => Outcome::Unavailable,
        _ => Outcome::Declined,
    };
    let legacy = issuer.legacy.as_ref().map(|legacy| match legacy.veres {
        Letter3::Y => Legacy::Answer(outcome(legacy.pares)),
        Letter3::N => Legacy::NotEnrolled,
        Letter3::U => Legacy::Unknown,
    });
    let method = match issuer.method {
        MethodPage::Present => Method::Present,
        MethodPage::Absent => Method::Absent,
        MethodPage::Silent => Method::Silent,
        MethodPage::Broken => Method::Broken,
        MethodPage::Late => Method::Late,
    };
    let enrolled = if issuer.ares.is_some() { Flow::Challenge(Outcome::Approved) } else { range.flow };
    match legacy {
        Some(legacy) => Range { versions: Versions::None, flow: Flow::CardNotEnrolled, legacy, method, reason: None },
        None => Range {
            versions: issuer.version.map_or(Versions::All, |version| Versions::Only(version.word())),
            flow: enrolled,
            method,
            ..range
        },
    }
}

/// The card number behind a source. Source: sessions-api.md 2.6, 3.2.
fn pan(store: &Store, source: &Source) -> Result<Pan, Fault> {
    let strict = store.settings.strict;
    let default = || Pan::parse(VAULT_DEFAULT).expect("the default is sixteen digits");
    let unknown = |code: &str| Fault::invalid(vec![code.to_owned()]);
    match source {
        Source::Card(pan) => Ok(pan.clone()),
        // A short token still says which scheme it is of.
        Source::NetworkToken(digits) => {
            Ok(Pan::parse(&format!("{digits:0<13}")).expect("13 to 19 digits were made of 9 to 19"))
        }
        _ if !store.settings.market.vault => Err(Fault::forbidden("vault_not_configured_for_processing_channel")),
        Source::Instrument(id) => match store.vault.get(id) {
            Some(pan) => Ok(pan.clone()),
            None if id.starts_with(BANK_ACCOUNT) => Err(unknown("instrument_used_is_not_card")),
            None if strict => Err(Fault::not_found("instrument_not_found")),
            None => Ok(default()),
        },
        Source::Token if strict => Err(unknown("invalid_token")),
        Source::Token => Ok(default()),
    }
}

/// How a card takes part.
enum Enrolment {
    /// In 3DS2, with this version.
    Version(&'static str),
    /// Outside of 3DS2: 3DS1.
    FallenBack,
}

/// The card speaks 3DS2, but no version that is switched on here.
const UNSPOKEN: &str = "card_protocol_version_not_supported";

/// Looks the card range up. Source: sessions-api.md 2.6, 7.3.
fn enrolment(
    store: &Store,
    card: &Card,
    draft: &Draft,
    channel: Option<&Channel>,
    asked: Option<&'static str>,
) -> Result<Enrolment, Fault> {
    let market = &store.settings.market;
    // 3DS1 knows browsers only, and no card without a purchase.
    let browser = !draft.app_to_come && matches!(channel, None | Some(Channel::Browser(_)));
    let fallback = market.three_ds1 && browser && draft.amount.unwrap_or(0) > 0;
    let forced = fallback && draft.amount == Some(THREE_DS1_AMOUNT);
    let ours = asked.unwrap_or(store.settings.version());
    let (flow, versions) = (card.range.flow, card.range.versions);
    let outside = match (flow, versions.chosen(ours)) {
        (Flow::Never, _) => return Err(Fault::forbidden("card_not_enrolled")),
        (Flow::IssuerNotEnrolled, _) => "issuer_not_enrolled",
        (Flow::CardNotEnrolled, _) => "card_not_enrolled",
        _ if ours == legacy::VERSION => UNSPOKEN,
        (_, Some(version)) if !forced => return Ok(Enrolment::Version(version)),
        (_, None) if versions != Versions::None && !forced => return Err(Fault::forbidden(UNSPOKEN)),
        _ => "card_not_enrolled", // or the amount forces the fallback
    };
    match card.range.legacy {
        _ if !fallback => Err(Fault::forbidden(outside)),
        Legacy::NotEligible => Err(Fault::forbidden("card_not_eligible")),
        _ => Ok(Enrolment::FallenBack),
    }
}

/// A session that nothing has happened to.
fn fresh(app: &Shared, store: &Store, card: Card, draft: Draft, triggers: Triggers, enrolment: Enrolment) -> Session {
    let Card { pan, network_token, scheme, range, script, .. } = card;
    let wire =
        script.as_ref().filter(|script| !script.faults.is_empty()).map(|script| Box::new(Wire::with(&script.faults)));
    let transaction_id = app.random.uuid();
    let (version, legacy) = match enrolment {
        Enrolment::Version(version) => (version, None),
        Enrolment::FallenBack => {
            let state = LegacyState { xid: app.keys.xid(&transaction_id), ..LegacyState::default() };
            (legacy::VERSION, Some(Box::new(state)))
        }
    };
    Session {
        id: app.random.id("sid_"),
        secret: app.random.session_secret(),
        transaction_id,
        created: app.clock.now(),
        born: app.clock.passed(),
        limits: limits(store, &triggers, script.as_deref()),
        card: app.keys.card(pan.expose()),
        pan,
        network_token,
        scheme,
        range,
        version,
        draft,
        triggers,
        script,
        status: Status::Pending,
        fingerprint: None,
        honours_mandate: false,
        channel: None,
        legacy,
        method_reused: false,
        method_notified: false,
        method_facts: None,
        device_info: None,
        completed: false,
        completing: false,
        directory: None,
        acs: None,
        challenge: None,
        verdict: None,
        awaiting: Awaiting::default(),
        wire,
        bargain: None,
    }
}

/// The issuer's own rules about exemptions, where they are in force.
fn bargain(store: &Store, session: &Session) -> Option<Box<Bargain>> {
    let rules = &store.settings.exemptions;
    let asked = scheme::wants_rules(session) || rules.everywhere;
    (asked && !scheme::is_scripted(session))
        .then(|| Box::new(Bargain { rules: Some(Arc::clone(rules)), ..Bargain::default() }))
}

fn limits(store: &Store, triggers: &Triggers, script: Option<&Script>) -> Limits {
    let mut limits = store.settings.limits();
    if let Some(challenge) = script.and_then(|script| script.issuer.as_ref()).map(|issuer| &issuer.challenge) {
        limits.first_creq = challenge.first_creq_seconds.map_or(limits.first_creq, Duration::from_secs);
        limits.idle = challenge.idle_seconds.map_or(limits.idle, Duration::from_secs);
    }
    let minutes = script.and_then(|script| script.issuer.as_ref()?.server.decoupled_minutes);
    limits.decoupled = minutes.map_or(limits.decoupled, |minutes| Duration::from_secs(u64::from(minutes) * 60));
    if triggers.expire {
        limits.session = Duration::from_secs(2);
    }
    limits
}

/// What a new session takes over from an earlier one: its past once it has one, never its
/// proof, which a session's secret may not see. Source: sessions-api.md 3.9, 4.3.
fn earlier(session: &Session) -> Object {
    let mut object = Object::new();
    let Some(challenged) = session.verdict.as_ref().and_then(|verdict| verdict.challenged) else { return object };
    let mut put = |name: &str, value: &str| {
        object.insert(name.to_owned(), value.into());
    };
    if let Some(acs) = &session.acs {
        put("acs_transaction_id", &acs.transaction_id);
    }
    put("authentication_method", if challenged { "challenge_occurred" } else { "frictionless_authentication" });
    put("authentication_timestamp", &super::fields::shown(session.concluded()));
    object
}
