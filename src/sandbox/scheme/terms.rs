//! Exemptions and trust lists in the messages: what the 3DS Server asks for, what the issuer
//! makes of it, and what the 3DS Server reads in the answer.
//!
//! Promises: each version says it in its own words. What 2.2.0 has no word for goes into the
//! bridging extension, what 2.1.0 has none for into an extension of the scheme; a wish that
//! cannot be said at all is said as the nearest one that can. The issuer decides on what the
//! request that reached it says. Source: emv-3ds.md 1.8, 3.5, 3.6; the bridging extension as
//! EMVCo describes it in public.

use serde_json::{Value, json};

use super::acs::script;
use super::codes::{challenge_indicator, interned};
use super::messages::{Message, merchant};
use super::server::version;
use super::spc;
use super::wire::Desk;
use crate::model::scenario::{Answer, Exemptions, Version};
use crate::sandbox::exempt::{Asked, Decision};
use crate::sandbox::fields::Object;
use crate::sandbox::given::{Given, Members};
use crate::sandbox::session::Session;
use crate::sandbox::{exempt, programmable};

/// `id` of the extension that gives 2.2.0 members of 2.3.1.
const BRIDGING: &str = "A000000802-004";
/// The version of that extension.
const BRIDGING_VERSION: &str = "2.0";
/// What the issuer of the sandbox says of its decision, for people.
const REASON: &str = "exemptionReason";

/// What became of an exemption and of the trust list, as one side knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::sandbox) struct Terms {
    /// `transChallengeExemption`: `05`, `08`, `10`, `11`, or `79` for none.
    pub(in crate::sandbox) exemption: Option<&'static str>,
    /// Status and source of the trust list.
    pub(in crate::sandbox) trust: Option<(&'static str, &'static str)>,
}

/// What of a session is about exemptions; most have nothing of it.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Bargain {
    /// The issuer's rules, where they are in force.
    pub(in crate::sandbox) rules: Option<std::sync::Arc<exempt::Rules>>,
    /// What the rules say.
    pub(in crate::sandbox) decision: Option<Decision>,
    /// What the issuer grants.
    pub(in crate::sandbox) granted: Terms,
    /// What the 3DS Server was told.
    pub(in crate::sandbox) told: Terms,
    /// The shop's acquirer goes on though nobody could be reached.
    pub(in crate::sandbox) outage: bool,
    /// Where Secure Payment Confirmation stands.
    pub(in crate::sandbox) spc: Option<spc::Spc>,
}

/// The wish about a challenge, as a code of 2.3.1.
pub(in crate::sandbox) fn wish(session: &Session) -> &str {
    let own = script(session).and_then(|script| script.server.challenge.as_deref());
    let delegated =
        || session.bargain.as_ref().and_then(|bargain| bargain.rules.as_ref()).is_some_and(|rules| rules.delegation);
    match own {
        Some(code) => code,
        None if session.draft.challenge_indicator == "no_preference"
            && delegated()
            && authenticated(session).is_some() =>
        {
            "07"
        }
        None => challenge_indicator(session.draft.challenge_indicator),
    }
}

/// True for a wish that is an exemption.
fn is_exemption(wish: &str) -> bool {
    matches!(wish, "05" | "07" | "08" | "09" | "10" | "11")
}

/// True if the shop asks for an exemption.
pub(in crate::sandbox) fn asks(session: &Session) -> bool {
    is_exemption(wish(session))
}

/// The nearest wish that a version can say. Source: emv-3ds.md 1.8, 3.5.
fn sayable(version: Version, wish: &str) -> &str {
    let last = match version {
        Version::V102 | Version::V210 => "04",
        Version::V220 => "09",
        Version::V231 => "99",
    };
    match wish {
        own if own <= last => own,
        "05" | "06" | "07" | "08" | "10" | "11" => "02",
        "09" | "12" => "03", // a challenge
        "13" | "14" => "04",
        own => own, // a scheme's own
    }
}

/// The wish, in the words of the version that is spoken.
pub(super) fn write_wish(session: &Session, body: &mut Message) {
    let (version, wish) = (version(session), wish(session));
    let said = sayable(version, wish);
    match version {
        Version::V231 => body.put("threeDSRequestorChallengeInd", [said]),
        _ => body.put("threeDSRequestorChallengeInd", said),
    }
    if said != wish {
        extend(session, body, json!({"threeDSRequestorChallengeInd": [wish]}), None);
    }
    if let Some(how) = spc::proof(session).or_else(|| authenticated(session).map(Value::Object)) {
        if version >= Version::V231 {
            body.put("threeDSRequestorAuthenticationInfo", [how]); // emv-3ds.md 1.8
        } else {
            body.put("threeDSRequestorAuthenticationInfo", how);
        }
    }
}

/// How the shop authenticated the shopper, by its own account. Source: emv-3ds.md 3.6.
fn authenticated(session: &Session) -> Option<Object> {
    let echo = session.draft.echoes.iter().find(|(name, _)| *name == "account_info");
    let mut account: Object = serde_json::from_str(echo?.1.get()).ok()?;
    let Some(Value::Object(mut given)) = account.remove("three_ds_requestor_authentication_info") else { return None };
    let mut info = Object::new();
    let method = given.get("three_ds_req_auth_method").and_then(Value::as_str).map(login)?;
    info.insert("threeDSReqAuthMethod".to_owned(), method.into());
    if let Some(moment) = given.get("three_ds_req_auth_timestamp").and_then(Value::as_str).and_then(minute) {
        info.insert("threeDSReqAuthTimestamp".to_owned(), moment.into());
    }
    if let Some(data) = given.remove("three_ds_req_auth_data") {
        info.insert("threeDSReqAuthData".to_owned(), data);
    }
    Some(info)
}

/// `threeDSReqAuthMethod`. Source: emv-3ds.md 3.6; words of sessions-api.md 3.6.
fn login(word: &str) -> &'static str {
    match word {
        "three3ds_requestor_own_credentials" => "02",
        "federated_id" => "03",
        "issuer_credentials" => "04",
        "third_party_authentication" => "05",
        "fido_authenticator" => "06",
        "fido_authenticator_fido_assurance_data_signed" => "07",
        "src_assurance_data" => "08",
        _ => "01",
    }
}

/// A moment as the protocol writes it, `YYYYMMDDHHMM` in UTC; `None` if it cannot be read.
fn minute(text: &str) -> Option<String> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(moment.strftime("%Y%m%d%H%M").to_string())
}

/// Adds an extension with these members: the bridging one where there is one, else the scheme's.
fn extend(session: &Session, body: &mut Message, members: Value, reason: Option<&str>) {
    let mut list = Vec::new();
    let members = members.as_object().filter(|members| !members.is_empty());
    if let (Some(members), Version::V220) = (members, version(session)) {
        list.push(json!({
            "name": "Bridging", "id": BRIDGING, "criticalityIndicator": false,
            "data": {"version": BRIDGING_VERSION, "addData": members},
        }));
    }
    let mut own = match (members, version(session)) {
        (Some(members), Version::V210) => members.clone(),
        _ => Object::new(),
    };
    if let Some(reason) = reason {
        own.insert(REASON.to_owned(), reason.into());
    }
    if !own.is_empty() {
        let id = format!("{}-SBX", session.scheme.ds_id());
        list.push(json!({"name": "Sandbox scheme", "id": id, "criticalityIndicator": false, "data": own}));
    }
    if !list.is_empty() {
        body.put("messageExtension", list);
    }
}

/// A member of a message: its own, or the one in an extension.
fn bridged<'a>(members: &'a Members, name: &str) -> Option<&'a Given<'a>> {
    let extensions = members.get("messageExtension").and_then(Given::as_array).unwrap_or_default();
    let inside = |extension: &'a Given<'a>| {
        let data = extension.as_object()?.get("data")?.as_object()?;
        data.get("addData").and_then(Given::as_object).unwrap_or(data).get(name)
    };
    extensions.iter().find_map(inside)
}

/// A text, or the first text of a list.
fn first<'a>(value: &'a Given<'a>) -> Option<&'a str> {
    value.as_str().or_else(|| value.as_array()?.first()?.as_str())
}

/// The wish that a request says, an extension before the member that stands in for it.
pub(super) fn wished(members: &Members) -> Option<String> {
    let name = "threeDSRequestorChallengeInd";
    bridged(members, name).and_then(first).or_else(|| members.get(name).and_then(first)).map(str::to_owned)
}

/// The issuer makes up its mind about the wish that reached it.
pub(super) fn decide(desk: &mut Desk, wish: Option<&str>, answer: Option<&Answer>) {
    let session = &*desk.session;
    let wish = wish.unwrap_or("01");
    let (mut granted, mut decision) = (Terms::default(), None);
    let rules = session.bargain.as_ref().and_then(|bargain| bargain.rules.clone());
    match (answer, rules) {
        (Some(answer), _) => granted = scripted(answer, wish),
        (None, _) if session.triggers.exempt => granted = as_asked(wish),
        (None, Some(rules)) => {
            let book = desk.app.books.of(&session.card.fingerprint);
            let asked = Asked {
                wish,
                amount_minor: session.draft.amount.unwrap_or(0),
                currency: &session.draft.currency,
                commercial: is_commercial(session),
                authenticated: authenticated(session)
                    .is_some_and(|how| how["threeDSReqAuthMethod"].as_str() >= Some("04")),
                merchant: merchant(session),
            };
            decision = rules.decide(asked, &book);
            granted = match decision {
                Some(Ok(())) => as_asked(wish),
                _ => Terms { exemption: is_exemption(wish).then_some("79"), trust: None },
            };
            if matches!(wish, "08" | "09") && version(session) >= Version::V220 {
                granted.trust = Some((if book.trusts(merchant(session)) { "Y" } else { "N" }, "03"));
            }
            if (wish, decision) == ("10", Some(Ok(()))) {
                desk.app.books.count(&session.card.fingerprint, asked.amount_minor, asked.currency);
            }
        }
        (None, None) => granted.exemption = is_exemption(wish).then_some("79"),
    }
    if granted != Terms::default() || decision.is_some() {
        let bargain = desk.session.bargain.get_or_insert_default();
        (bargain.granted, bargain.decision) = (granted, decision);
    }
}

/// What a scenario says; nothing of an exemption that was asked for is none.
fn scripted(answer: &Answer, wish: &str) -> Terms {
    let word = |text: &Option<String>| text.as_deref().and_then(trust_word);
    let code = answer.trans_challenge_exemption.as_deref().and_then(interned);
    let source = answer.trust_list_source.as_deref().and_then(interned).unwrap_or("03");
    // Delegation has no code of its own: taking note of it grants it.
    let delegated = wish == "07" && matches!(answer.trans_status.letter(), 'I' | 'Y');
    let none = (is_exemption(wish) && !delegated).then_some("79");
    Terms { exemption: code.or(none), trust: word(&answer.trust_list_status).map(|status| (status, source)) }
}

/// All that was asked for.
fn as_asked(wish: &str) -> Terms {
    let listed = Some(("Y", "03"));
    match wish {
        "05" => Terms { exemption: Some("05"), trust: None },
        "08" | "09" => Terms { exemption: Some("08"), trust: listed },
        "10" => Terms { exemption: Some("10"), trust: None },
        "11" => Terms { exemption: Some("11"), trust: None },
        _ => Terms::default(),
    }
}

/// Source: emv-3ds.md 3.6.
fn trust_word(text: &str) -> Option<&'static str> {
    ["Y", "N", "E", "P", "R", "U"].into_iter().find(|word| *word == text)
}

/// What the rules grant, as the code that was asked for; `None` where they do not decide, or refuse.
pub(super) fn ruled(session: &Session) -> Option<&str> {
    let decision = session.bargain.as_ref()?.decision?;
    decision.is_ok().then(|| wish(session))
}

/// True if the issuer that takes note grants what was asked for; delegation has no code of its own.
pub(super) fn is_granted(session: &Session) -> bool {
    let granted = session.bargain.as_ref().and_then(|bargain| bargain.granted.exemption);
    granted.map_or_else(|| wish(session) == "07", |code| code != "79")
}

/// True for a card that a company uses in its own procurement.
pub(in crate::sandbox) fn is_commercial(session: &Session) -> bool {
    let by_number = || programmable::scenario(session.pan.expose()) == Some(COMMERCIAL);
    script(session).map_or_else(by_number, |script| script.commercial)
}

/// The programmable number whose cards are a company's. Source: emv-3ds.md 6.3, S110.
const COMMERCIAL: u16 = 110;

/// True if a scenario wants the issuer's rules.
pub(in crate::sandbox) fn wants_rules(session: &Session) -> bool {
    match (&session.script, script(session)) {
        (_, Some(script)) => script.exemptions == Some(Exemptions::Rules),
        (Some(_), None) => false,
        (None, None) => programmable::scenario(session.pan.expose()).is_some(),
    }
}

/// True if something other than the rules decides: a scenario with an answer of its own.
pub(in crate::sandbox) fn is_scripted(session: &Session) -> bool {
    script(session).is_some_and(|script| script.ares.is_some())
}

/// What the issuer grants, in the words of the version that is spoken.
pub(super) fn write_grant(session: &Session, body: &mut Message) {
    let Some(bargain) = &session.bargain else { return };
    if let Some(trust) = bargain.granted.trust {
        write_trust(session, trust, body);
    }
    let mut bridged = json!({});
    if let Some(code) = bargain.granted.exemption {
        match version(session) {
            Version::V231 => body.put("transChallengeExemption", code),
            _ => bridged["transChallengeExemption"] = code.into(),
        }
    }
    extend(session, body, bridged, bargain.decision.and_then(Result::err));
}

/// True if the bank offers to remember the shop with its last question: because its script says
/// so, or because the shop asked for that.
pub(in crate::sandbox) fn offers_trust(session: &Session) -> bool {
    let scripted = script(session).is_some_and(|script| script.challenge.trust_prompt);
    let ruled = session.bargain.as_ref().is_some_and(|bargain| bargain.rules.is_some());
    let unlisted = session.bargain.as_ref().is_some_and(|bargain| matches!(bargain.granted.trust, Some(("N", _))));
    scripted || (ruled && unlisted && wish(session) == "09")
}

/// What the issuer's rules decided, where they did.
pub(in crate::sandbox) fn decision(session: &Session) -> Option<Decision> {
    session.bargain.as_ref()?.decision
}

/// What the shopper said of remembering the shop, in the result.
pub(super) fn write_listed(session: &Session, body: &mut Message) {
    if let Some(trust) = listed(session) {
        write_trust(session, trust, body);
    }
}

/// `Y` or `R` of the issuer, once the shopper was asked; else what a scenario's result says.
pub(super) fn listed(session: &Session) -> Option<(&'static str, &'static str)> {
    let answered = session.challenge.as_ref().and_then(|challenge| challenge.trust);
    let said = answered.map(|yes| (if yes { "Y" } else { "R" }, "03"));
    let scripted = || script(session)?.rreq.as_ref().and_then(|answer| scripted(answer, "01").trust);
    scripted().or(said)
}

/// Source: emv-3ds.md 1.8.
fn write_trust(session: &Session, (status, source): (&str, &str), body: &mut Message) {
    let (name, of) = match version(session) {
        Version::V102 | Version::V210 => return,
        Version::V220 => ("whiteListStatus", "whiteListStatusSource"),
        Version::V231 => ("trustListStatus", "trustListStatusSource"),
    };
    body.put(name, status);
    body.put(of, source);
}

/// Reads in an answer or a result what the issuer granted.
pub(super) fn read(members: &Members) -> Terms {
    let text = |name: &str| members.get(name).and_then(Given::as_str);
    let code = text("transChallengeExemption").or_else(|| bridged(members, "transChallengeExemption").and_then(first));
    let status = text("trustListStatus").or_else(|| text("whiteListStatus")).and_then(trust_word);
    let source = text("trustListStatusSource").or_else(|| text("whiteListStatusSource")).and_then(interned);
    Terms { exemption: code.and_then(interned), trust: status.map(|status| (status, source.unwrap_or("03"))) }
}

/// The 3DS Server keeps what it was told: the newest word on each.
pub(super) fn keep(session: &mut Session, told: Terms) {
    if told == Terms::default() {
        return;
    }
    let own = &mut session.bargain.get_or_insert_default().told;
    own.exemption = told.exemption.or(own.exemption);
    own.trust = told.trust.or(own.trust);
}

/// Nobody could be reached: where the shop's acquirer has a rule for that, it goes on.
pub(super) fn go_on(session: &mut Session) {
    let rule = script(session).is_some_and(|script| script.server.outage_exemption);
    let setting = session.bargain.as_ref().and_then(|bargain| bargain.rules.as_ref()).is_some_and(|rules| rules.outage);
    if rule || setting {
        session.bargain.get_or_insert_default().outage = true;
    }
}

/// `exemption.applied`. Source: sessions-api.md 4.3.
pub(in crate::sandbox) fn applied(session: &Session) -> &'static str {
    let bargain = session.bargain.as_ref();
    if bargain.is_some_and(|bargain| bargain.outage) {
        return "3ds_outage";
    }
    let letter = session.verdict.as_ref().and_then(|verdict| verdict.response_code);
    match bargain.and_then(|bargain| bargain.told.exemption) {
        Some("05") => "transaction_risk_assessment",
        Some("08") => "trusted_listing",
        Some("10") => "low_value",
        Some("11") => "secure_corporate_payment",
        // No code says so: the issuer takes the shop's word, and asks nothing.
        None if wish(session) == "07" && session.challenge.is_none() && matches!(letter, Some('I' | 'Y')) => {
            "sca_delegation"
        }
        _ => "none",
    }
}

/// `exemption.requested`: the word of the API that was sent, or the one it has no value for.
pub(in crate::sandbox) fn requested(session: &Session) -> Option<&'static str> {
    if super::asks_exemption(session.draft.challenge_indicator) {
        return Some(session.draft.challenge_indicator);
    }
    match wish(session) {
        "05" => Some("transaction_risk_assessment"),
        "07" => Some("sca_delegation"),
        "08" => Some("trusted_listing"),
        "09" => Some("trusted_listing_prompt"),
        "10" => Some("low_value"),
        "11" => Some("secure_corporate_payment"),
        _ => None,
    }
}

/// Status and source of the trust list, as the 3DS Server was told.
pub(in crate::sandbox) fn trust(session: &Session) -> Option<(&'static str, &'static str)> {
    session.bargain.as_ref()?.told.trust
}
