//! The rules about the body of `POST /sessions`: addresses, card, cardholder, amount,
//! schedules, preferences. Source: emv-3ds.md 8.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};
use url::{Host, Url};

use super::{Look, Place};
use crate::model::cards;
use crate::model::draft::{Body, Channel};
use crate::model::fields::words;
use crate::model::finding::{Finding, Fix, Severity, Version};
use crate::model::richness;
use crate::model::secret::luhn;
use Severity::{Advice, Error, Warning};

pub(super) fn check(look: &mut Look<'_>) {
    for pointer in ["/completion/challenge_notification_url", "/completion/callback_url"] {
        notification(look, pointer);
    }
    name(look);
    for place in ["/source/billing_address", "/shipping_address"] {
        state(look, place);
        country(look, place);
    }
    currency(look);
    amount(look);
    schedule(look);
    newer_names(look);
    preferences(look);
    initiated(look);
    card(look);
    richness(look);
}

/// L07, L08.
fn notification(look: &mut Look<'_>, pointer: &str) {
    let Some((place, text)) = look.text(Body::Session, pointer) else { return };
    let Ok(url) = Url::parse(&text) else { return };
    let notified = pointer.ends_with("notification_url");
    let mut against = Vec::new();
    if url.query().is_some() {
        against.push("has query parameters");
    }
    if url.fragment().is_some() {
        against.push("has a fragment");
    }
    if !url.username().is_empty() || url.password().is_some() {
        against.push("carries credentials");
    }
    if url.scheme() != "https" && !look.around.embedded {
        against.push("is not https");
    }
    if notified && !against.is_empty() {
        let message = format!(
            "The address {}: some banks drop or refuse it. Use a plain https address and put ids into the path",
            against.join(", ")
        );
        look.say("L07", Advice, &place, message);
    }
    if !look.around.embedded && url.host().is_some_and(private) {
        let message = "A server out there cannot reach this address. Use the public address of your tunnel, \
                       or the embedded sandbox";
        look.say("L08", Warning, &place, message);
    }
}

fn private(host: Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost") || name.ends_with(".local"),
        Host::Ipv4(address) => !public(IpAddr::V4(address)),
        Host::Ipv6(address) => !public(IpAddr::V6(address)),
    }
}

/// False for loopback, private, link-local and unspecified addresses.
pub(super) fn public(address: IpAddr) -> bool {
    let inside4 =
        |a: Ipv4Addr| a.is_loopback() || a.is_private() || a.is_link_local() || a.is_unspecified() || a.is_broadcast();
    let inside6 =
        |a: Ipv6Addr| a.is_loopback() || a.is_unspecified() || a.is_unique_local() || a.is_unicast_link_local();
    match address {
        IpAddr::V4(a) => !inside4(a),
        IpAddr::V6(a) => !inside6(a) && a.to_ipv4_mapped().is_none_or(|a| !inside4(a)),
    }
}

/// L19.
fn name(look: &mut Look<'_>) {
    let Some((place, text)) = look.text(Body::Session, "/source/name") else { return };
    let digits = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == ' ');
    if digits {
        look.say("L19", Warning, &place, "A name of digits only is refused by some banks. Send the name on the card");
    } else if text.chars().count() > 45 {
        let short: String = text.chars().take(45).collect();
        let message = "Banks take 45 characters at most. Shorten the name";
        look.mend(("L19", Warning), &place, message, "Cut to 45 characters", Some(short.trim_end().into()));
    } else if look.around.version == Version::V22 && !text.is_ascii() {
        let message =
            "Up to version 2.2 a name is ASCII only, so banks may refuse or garble it. Write it without accents";
        match ascii(&text) {
            Some(plain) => look.mend(("L19", Warning), &place, message, format!("Send {plain}"), Some(plain.into())),
            None => look.say("L19", Warning, &place, message),
        }
    }
}

/// The text in ASCII; `None` if it has letters that have no usual spelling in it.
pub(super) fn ascii(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            _ if letter.is_ascii() => plain.push(letter),
            '’' | '‘' => plain.push('\''),
            '–' | '—' => plain.push('-'),
            '\u{a0}' => plain.push(' '),
            _ => {
                let small = letter.to_lowercase().next()?;
                let spelt = LETTERS.iter().find(|(letters, _)| letters.contains(small)).map(|(_, spelt)| *spelt)?;
                let mut letters = spelt.chars();
                let first = letters.next()?;
                plain.push(if letter.is_uppercase() { first.to_ascii_uppercase() } else { first });
                plain.extend(letters);
            }
        }
    }
    Some(plain)
}

/// Latin letters with marks, in small, and how they are spelt without. German umlauts
/// follow passports (ICAO 9303).
const LETTERS: &[(&str, &str)] = &[
    ("àáâãāăąǎ", "a"),
    ("äæ", "ae"),
    ("å", "aa"),
    ("çćĉċč", "c"),
    ("ďđð", "d"),
    ("èéêëēĕėęě", "e"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįı", "i"),
    ("ĵ", "j"),
    ("ķ", "k"),
    ("ĺļľł", "l"),
    ("ñńņňŋ", "n"),
    ("òóôõōŏő", "o"),
    ("öøœ", "oe"),
    ("ŕŗř", "r"),
    ("śŝşșš", "s"),
    ("ß", "ss"),
    ("ţťț", "t"),
    ("þ", "th"),
    ("ùúûũūŭůűų", "u"),
    ("ü", "ue"),
    ("ŵ", "w"),
    ("ýÿŷ", "y"),
    ("źżž", "z"),
];

/// L20.
fn state(look: &mut Look<'_>, address: &str) {
    let Some((place, text)) = look.text(Body::Session, &format!("{address}/state")) else { return };
    let suffix = text.split_once('-').filter(|(country, _)| country.len() == 2).map(|(_, suffix)| suffix);
    let message = "Banks want the part of ISO 3166-2 after the hyphen, 3 characters at most. Send CA, not US-CA";
    match suffix {
        Some(suffix) if (1..=3).contains(&suffix.len()) => {
            look.mend(("L20", Error), &place, message, format!("Send {suffix}"), Some(suffix.into()));
        }
        _ if text.chars().count() > 3 => look.say("L20", Error, &place, message),
        _ => (),
    }
}

/// L21: countries.
fn country(look: &mut Look<'_>, address: &str) {
    let Some((place, text)) = look.text(Body::Session, &format!("{address}/country")) else { return };
    let upper = text.to_ascii_uppercase();
    let known = COUNTRIES.split_whitespace().any(|known| known == upper);
    if known && upper != text {
        let message = "ISO 3166 writes countries in capitals; the number that the bank gets is looked up by them";
        look.mend(("L21", Error), &place, message, format!("Send {upper}"), Some(upper.into()));
    } else if !known {
        let message = "No country of ISO 3166 has this code, so there is no number to send to the bank";
        let fix = (upper == "UK").then_some(("Send GB", json!("GB")));
        match fix {
            Some((label, value)) => look.mend(("L21", Error), &place, message, label, Some(value)),
            None => look.say("L21", Error, &place, message),
        }
    }
}

/// L21: currencies.
fn currency(look: &mut Look<'_>) {
    let Some((place, text)) = look.text(Body::Session, "/currency") else { return };
    let upper = text.trim().to_ascii_uppercase();
    if EXCLUDED.contains(&upper.as_str()) {
        let message =
            "EMV 3-D Secure excludes metals, funds and test codes; banks answer error 304. Use a real currency";
        look.say("L21", Error, &place, message);
    } else if upper != text && words::CURRENCIES.split_whitespace().any(|known| known == upper) {
        let message = "ISO 4217 writes currencies in capitals, without blanks";
        look.mend(("L21", Error), &place, message, format!("Send {upper}"), Some(upper.as_str().into()));
    }
    let (Some(amount), exponent) = (look.at(Body::Session, "/amount"), exponent(&upper)) else { return };
    let Some(minor) = amount.value.as_i64().filter(|minor| *minor > 0) else { return };
    if exponent == 0 && minor >= 1000 && minor % 100 == 0 {
        let message =
            format!("{upper} has no minor unit: this is {upper} {minor}. If {} was meant, send that", minor / 100);
        look.mend(("L21", Advice), &amount, message, format!("Send {}", minor / 100), Some((minor / 100).into()));
    } else if exponent == 3 && minor % 10 != 0 {
        let message =
            format!("{upper} has three decimals, and schemes want the last one to be 0. Send a multiple of 10");
        look.say("L21", Warning, &amount, message);
    }
}

/// Decimals of a currency. Source: ISO 4217.
fn exponent(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// Codes that are no money one pays with. Source: EMV 3DS, purchaseCurrency.
const EXCLUDED: &[&str] = &["XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XTS", "XXX"];

/// L22.
fn amount(look: &mut Look<'_>) {
    let Some(place) = look.at(Body::Session, "/amount") else { return };
    let text = match &place.value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) if !number.is_i64() && !number.is_u64() => number.to_string(),
        _ => return,
    };
    let currency = look.text(Body::Session, "/currency").map(|(_, text)| text).unwrap_or_default();
    let message = "Amounts are whole numbers of minor units, without point, comma or quotes: 6540 is USD 65.40";
    match minor(&text, exponent(&currency)) {
        Some(minor) => look.mend(("L22", Warning), &place, message, format!("Send {minor}"), Some(minor.into())),
        None => look.say("L22", Warning, &place, message),
    }
}

/// `65.40` or `65,40` in minor units; a number without point is taken as it is.
fn minor(text: &str, exponent: u32) -> Option<i64> {
    let Some((whole, part)) = text.split_once(['.', ',']) else { return text.parse().ok().filter(|n| *n >= 0) };
    let wide = usize::try_from(exponent).ok()?;
    if part.len() > wide && part[wide.min(part.len())..].bytes().any(|byte| byte != b'0') {
        return None;
    }
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) {
        return None;
    }
    let part: String = part.chars().chain(std::iter::repeat('0')).take(wide).collect();
    format!("{whole}{part}").parse().ok()
}

/// L24.
fn schedule(look: &mut Look<'_>) {
    let Some((place, kind)) = look.text(Body::Session, "/authentication_type") else { return };
    let kind = words::canonical(words::AUTHENTICATION_TYPES, &kind);
    if !matches!(kind, "recurring" | "installment") {
        return;
    }
    let kind = kind.to_owned();
    let body = look.draft.doc(Body::Session);
    let object = if kind == "installment" && body.get("/installment").is_none() && body.get("/instalment").is_some() {
        "instalment"
    } else {
        kind.as_str()
    };
    let given = |name: &str| body.get(&format!("/{object}/{name}")).is_some_and(|value| !value.is_null());
    let wanted = [("days_between_payments", json!(30)), ("expiry", json!("{{date+730d}}"))];
    let edits: Vec<_> = wanted
        .into_iter()
        .filter(|(name, _)| !given(name))
        .map(|(name, value)| (Body::Session, format!("/{object}/{name}"), Some(value)))
        .collect();
    if !edits.is_empty() {
        let names: Vec<&str> = edits.iter().filter_map(|(_, pointer, _)| pointer.rsplit('/').next()).collect();
        let message = format!(
            "A schedule without {} goes out as one payment a day until 9999, which banks refuse. Say what was agreed",
            names.join(" and ")
        );
        let fix = Some(Fix { label: "Monthly for two years".into(), edits });
        look.push("L24", Error, &place, message, fix);
    }
    if kind != "installment" {
        return;
    }
    let count = look.at(Body::Session, "/installment/number_of_payments");
    if let Some(place) = count.filter(|place| place.value.as_i64().is_some_and(|count| count <= 1)) {
        let message =
            "One payment is no instalment plan: banks answer error 201 or 203. Send 2 or more, or type regular";
        look.mend(("L24", Error), &place, message, "Send 2", Some(json!(2)));
    }
}

/// L26.
fn newer_names(look: &mut Look<'_>) {
    let newer = look.around.version == Version::V22;
    let (wrong, version, right) = match newer {
        true => (["trustListStatus", "trust_list_status"], "2.3.1", "whiteListStatus"),
        false => (["whiteListStatus", "white_list_status"], "2.2.0", "trustListStatus"),
    };
    let tree = look.draft.doc(Body::Session).tree();
    let there = wrong.iter().find_map(|name| Some((*name, tree.get(*name)?.clone())));
    if let Some((name, value)) = there {
        let message = format!("{name} is a name of version {version} only. The expected version calls it {right}");
        let place = Place { body: Body::Session, pointer: format!("/{name}"), value: value.clone() };
        let edits =
            vec![(Body::Session, place.pointer.clone(), None), (Body::Session, format!("/{right}"), Some(value))];
        look.push("L26", Error, &place, message, Some(Fix { label: format!("Rename to {right}").into(), edits }));
    }
    let Some(place) = look.at(Body::Session, "/challenge_indicator") else { return };
    if let Value::Array(items) = &place.value {
        let first = items.first().cloned();
        let known: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
        let against =
            known.contains(&"no_challenge_requested") && known.iter().any(|word| word.starts_with("challenge_"));
        let (rule, message) = match against {
            true => ("L27", "It asks for a challenge and for none at once, which means nothing. Choose one"),
            false => ("L26", "A list of preferences is version 2.3.1; up to 2.2.0, and in this API, it is one word"),
        };
        let severity = if against { Warning } else { Error };
        look.mend((rule, severity), &place, message, "Send the first only", first);
    }
}

/// L27: what contradicts the preference.
fn preferences(look: &mut Look<'_>) {
    let Some((place, asked)) = look.text(Body::Session, "/challenge_indicator") else { return };
    let asked = asked.trim().to_owned();
    let word =
        |look: &Look<'_>, pointer: &str| look.text(Body::Session, pointer).map(|(_, text)| text).unwrap_or_default();
    let kind = word(look, "/authentication_type");
    let category = word(look, "/authentication_category");
    let category = words::canonical(words::CATEGORIES, &category);
    let unpaid = category == "non_payment" || look.at(Body::Session, "/amount").is_none();
    let exemption = ["low_value", "trusted_listing", "transaction_risk_assessment", "secure_corporate_payment"];
    let none = ["no_challenge_requested", "data_share"];
    let mandate = Some(json!("challenge_requested_mandate"));
    above_limit(look, &place, &asked);
    if unpaid && exemption.contains(&asked.as_str()) {
        let message = "Exemptions are for payments, and here nothing is paid, so the bank leaves this aside";
        look.mend(("L27", Warning), &place, message, "No preference", Some(json!("no_preference")));
    } else if ["add_card", "recurring", "installment"].contains(&kind.as_str())
        && (none.contains(&asked.as_str()) || exemption.contains(&asked.as_str()))
        && look.draft.channel != Channel::MerchantInitiated
    {
        let message =
            format!("{kind} is set up with the shopper's consent, which needs a challenge; {asked} asks for none");
        look.mend(("L27", Warning), &place, message, "Ask for a challenge", mandate);
    }
    let Some((later, paid)) = look.text(Body::Payment, "/3ds/challenge_indicator") else { return };
    if (asked.starts_with("challenge_") && paid == "no_challenge_requested")
        || (paid.starts_with("challenge_") && (none.contains(&asked.as_str()) || exemption.contains(&asked.as_str())))
    {
        let message = format!("The payment says {paid}, the session said {asked}: together they mean nothing");
        look.mend(("L27", Warning), &later, message, "Leave it out of the payment", None);
    }
}

/// L49: the amount is above what the exemption is for. Limits are in euros, so only euros are
/// held against them. Source: emv-3ds.md 3.5.
fn above_limit(look: &mut Look<'_>, place: &Place, asked: &str) {
    let amount = look.draft.doc(Body::Session).get("/amount").and_then(Value::as_i64).unwrap_or(0);
    let euros = look.text(Body::Session, "/currency").is_some_and(|(_, currency)| currency == "EUR");
    let message = match asked {
        "low_value" if euros && amount > LOW_VALUE => {
            "Low value ends at EUR 30, so the bank will ask all the same. Ask for another exemption, or for none"
        }
        "transaction_risk_assessment" if euros && amount > RISK_ANALYSIS => {
            "Above EUR 500 no acquirer may vouch for a payment, so the bank will ask all the same"
        }
        _ => return,
    };
    look.mend(("L49", Warning), place, message, "No preference", Some(json!("no_preference")));
}

/// Cents of a euro.
const LOW_VALUE: i64 = 3_000;
/// Cents of a euro, for the acquirers that lose least to fraud.
const RISK_ANALYSIS: i64 = 50_000;

/// L45.
fn initiated(look: &mut Look<'_>) {
    if look.draft.channel != Channel::MerchantInitiated {
        return;
    }
    let data = look.draft.doc(Body::Session).get("/channel_data").and_then(Value::as_object);
    let foreign: Vec<String> = data
        .into_iter()
        .flat_map(|members| members.keys())
        .filter(|name| !matches!(name.as_str(), "channel" | "request_type"))
        .cloned()
        .collect();
    if !foreign.is_empty() {
        let value = look.draft.doc(Body::Session).get("/channel_data").cloned().unwrap_or_default();
        let place = Place { body: Body::Session, pointer: "/channel_data".into(), value };
        let message =
            format!("No shopper is there, so there is no device: {} makes banks answer error 203", foreign.join(", "));
        let edits = foreign.iter().map(|name| (Body::Session, format!("/channel_data/{name}"), None)).collect();
        look.push("L45", Warning, &place, message, Some(Fix { label: "Leave them out".into(), edits }));
    }
    let Some((place, asked)) = look.text(Body::Session, "/challenge_indicator") else { return };
    if asked.trim().starts_with("challenge_requested") || asked.trim() == "trusted_listing_prompt" {
        let message = "No shopper is there to be asked: banks answer error 203";
        look.mend(("L45", Warning), &place, message, "No preference", Some(json!("no_preference")));
    }
}

/// L47.
fn card(look: &mut Look<'_>) {
    if let Some((place, number)) = look.text(Body::Session, "/source/number")
        && !look.around.production
        && luhn(number.as_bytes())
        && (13..=19).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && !cards::is_test_number(&number)
        && !programmable(&number)
    {
        let message =
            "This is no published test number and may be somebody's card. Real numbers have no place in a sandbox";
        let known = Some(json!("4242424242424242"));
        look.mend(("L47", Error), &place, message, "Use a test card", known);
    }
    if let Some((place, text)) = look.text(Body::Session, "/reference")
        && holds_card(&text)
    {
        let message = "There is a card number in the reference, which is logged everywhere. Take it out";
        look.mend(("L47", Error), &place, message, "Clear the reference", None);
    }
    for name in ["cvv", "cvc", "cvv2", "security_code"] {
        let pointer = format!("/source/{name}");
        if let Some(value) = look.draft.doc(Body::Session).get(&pointer).cloned() {
            let place = Place { body: Body::Session, pointer, value };
            let message = "A session takes no security code, and nobody may keep one";
            look.mend(("L47", Error), &place, message, "Leave it out", None);
        }
    }
}

/// Numbers that only a sandbox knows: a sandbox BIN, zeros, what is to happen.
/// Source: emv-3ds.md 6.1.
fn programmable(number: &str) -> bool {
    let bin =
        ["400011", "520011", "340011", "352811", "601111", "360011"].iter().find_map(|bin| number.strip_prefix(bin));
    bin.is_some_and(|rest| rest.len() >= 6 && rest[..rest.len() - 6].bytes().all(|byte| byte == b'0'))
}

/// 13 to 19 digits in a row with a right check digit; blanks and hyphens may stand between.
fn holds_card(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    plain.split(|c: char| !c.is_ascii_digit()).any(|run| (13..=19).contains(&run.len()) && luhn(run.as_bytes()))
}

/// L46.
fn richness(look: &mut Look<'_>) {
    let richness = richness::of(look.draft);
    if richness.score >= richness::THRESHOLD {
        return;
    }
    let Some(first) = richness.missing.first() else { return };
    let names: Vec<&str> = richness.missing.iter().take(3).map(|missing| missing.name).collect();
    let message = format!(
        "The bank learns little ({} of 100), so it will ask the shopper more often. Most would help: {}",
        richness.score,
        names.join(", ")
    );
    look.findings.push(Finding {
        body: first.body,
        pointer: first.pointer.clone(),
        code: None,
        rule: Some("L46"),
        severity: Advice,
        message,
        fix: None,
    });
}

/// ISO 3166-1, two letters.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR \
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET \
    FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ \
    IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML \
    MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS \
    PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL \
    TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";
