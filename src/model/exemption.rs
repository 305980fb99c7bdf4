//! Exemptions in words: before sending, what a wish asks for, needs and costs; afterwards what
//! was asked for, what was applied, by whom, and who carries the risk.
//!
//! Scheme and region rules decide in the end; the limits are those of the European Economic
//! Area. Source: emv-3ds.md 3.3, 3.5, 3.9; sessions-api.md 3.4, 4.3.

use serde_json::Value;

use super::api::{Session, Status};
use super::codes;
use super::exchange::Step;
use super::explain::{self, Risk, Tone};
use super::payload;
use super::run::{Run, What};

/// What a value of `challenge_indicator` asks for, before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The value.
    pub word: &'static str,
    /// `Low value exemption`.
    pub title: &'static str,
    /// What it asks of the bank.
    pub asks: &'static str,
    /// What must be so for it to be granted.
    pub needs: &'static str,
    /// What the bank may do instead.
    pub bank: &'static str,
    /// Who carries the risk if it is granted.
    pub granted: &'static str,
    /// Who carries it if the bank asks all the same; empty if it cannot.
    pub refused: &'static str,
}

const ASKED: &str = "The bank's, once the shopper has passed";

const WISHES: &[Wish] = &[
    Wish {
        word: "low_value",
        title: "Low value exemption",
        asks: "Not to ask the shopper, because the amount is small",
        needs: "At most EUR 30. The bank counts: 5 in a row, or EUR 100 in all, then it asks",
        bank: "Grant it, or ask all the same: other shops' payments count too",
        granted: "The shop's, because the shop asked for it",
        refused: ASKED,
    },
    Wish {
        word: "transaction_risk_assessment",
        title: "Risk analysis exemption (TRA)",
        asks: "Not to ask the shopper, because your acquirer found the payment harmless",
        needs: "At most EUR 100, 250 or 500, if your acquirer loses at most 13, 6 or 1 in 10,000 to fraud",
        bank: "Grant it, or ask all the same; it has an analysis of its own",
        granted: "The shop's, because the shop asked for it",
        refused: ASKED,
    },
    Wish {
        word: "trusted_listing",
        title: "Trust list exemption",
        asks: "Not to ask the shopper, who has listed this shop at the bank",
        needs: "Version 2.2.0, and a shopper who listed the shop in an earlier challenge",
        bank: "Look at its list: let the payment pass, or ask",
        granted: "Mostly the bank's: it is the bank's own list",
        refused: ASKED,
    },
    Wish {
        word: "trusted_listing_prompt",
        title: "Offer of the trust list",
        asks: "To ask the shopper, and to offer to remember this shop",
        needs: "Version 2.2.0, and a bank that keeps such a list",
        bank: "Ask without the offer; the shopper may say no to it",
        granted: ASKED,
        refused: "",
    },
    Wish {
        word: "secure_corporate_payment",
        title: "Secure corporate payment exemption",
        asks: "Not to ask a person, because a company pays over a secure process of its own",
        needs: "A company's card, used in a dedicated process that only companies have",
        bank: "Grant it, or ask all the same, as for any consumer's card",
        granted: "The shop's, because the shop asked for it",
        refused: ASKED,
    },
    Wish {
        word: "data_share",
        title: "Data share",
        asks: "To take note of the data and to check nothing",
        needs: "Version 2.2.0, and a scheme that has such a programme (Mastercard: data only)",
        bank: "Only take note: it must not ask",
        granted: "The shop's: nobody was checked",
        refused: "",
    },
    Wish {
        word: "challenge_requested_mandate",
        title: "Mandated challenge",
        asks: "To ask the shopper: the law, a rule, or the bank itself demands it",
        needs: "Nothing. It is the way on after a soft decline, when a payment was declined with 20154",
        bank: "Ask; a bank that does not ask all the same answers for it",
        granted: ASKED,
        refused: "",
    },
];

/// What a value of `challenge_indicator` asks for; `None` for one that asks for nothing special.
pub fn wish(word: &str) -> Option<&'static Wish> {
    WISHES.iter().find(|wish| wish.word == word.trim())
}

/// The name of an exemption, as the API's words have it.
pub fn name(word: &str) -> &str {
    match word {
        "none" => "none",
        "low_value" => "low value",
        "transaction_risk_assessment" => "risk analysis",
        "trusted_listing" => "trust list",
        "trusted_listing_prompt" => "offer of the trust list",
        "secure_corporate_payment" => "secure corporate payment",
        "sca_delegation" => "delegated authentication",
        "3ds_outage" => "outage of 3-D Secure",
        "recurring_operation" => "recurring payment",
        "out_of_sca_scope" => "outside of the law's scope",
        "low_risk_program" => "programme for low risk",
        other => other,
    }
}

/// What became of an exemption: the card of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// `Exemption granted: low value`.
    pub title: String,
    /// How good the news is.
    pub tone: Tone,
    /// Caption and text of each line, in order.
    pub lines: Vec<(&'static str, String)>,
}

/// What there is to tell of a final session; `None` if nobody asked for anything special and
/// nobody applied it.
pub fn story(run: &Run) -> Option<Story> {
    let session = run.session().filter(|session| session.status.is_final())?;
    let case = Case::of(run, session);
    if case.asked.is_none() && case.applied == "none" && case.trust.is_none() && !case.noted && case.declined.is_none()
    {
        return None;
    }
    let (title, tone) = case.title();
    let mut lines = Vec::new();
    let mut line = |caption, text: Option<String>| lines.extend(text.map(|text| (caption, text)));
    line("Before", case.declined.as_ref().map(|code| {
        format!("The shop tried without 3-D Secure and was declined with {code}: the bank wants its customer authenticated")
    }));
    line("Asked for", Some(case.asked_words()));
    line("Applied", Some(case.applied_words()));
    line("By", Some(case.by().into()));
    line("Because", case.why.clone());
    line("Risk", Some(case.risk()));
    line("ECI", case.eci());
    line("Trust list", case.trust_words());
    Some(Story { title, tone, lines })
}

/// What the words depend on.
struct Case<'a> {
    session: &'a Session,
    /// A word of the API, or `data_share`, or a mandate after a soft decline.
    asked: Option<&'a str>,
    applied: &'a str,
    /// Status and source.
    trust: Option<(&'a str, &'a str)>,
    /// The bank only took note.
    noted: bool,
    challenged: bool,
    /// Why the bank refused, where its answer says so.
    why: Option<String>,
    /// The code with which a payment was declined before.
    declined: Option<String>,
}

impl<'a> Case<'a> {
    fn of(run: &Run, session: &'a Session) -> Self {
        let told = |name: &str| session.text(&format!("/exemption/{name}"));
        let data = session.text("/challenge_indicator").filter(|word| *word == "data_share");
        let trust = told("trusted_beneficiary/status");
        Self {
            session,
            asked: told("requested").or(data),
            applied: told("applied").unwrap_or("none"),
            trust: trust.map(|status| (status, told("trusted_beneficiary/source").unwrap_or_default())),
            noted: session.text("/response_code") == Some("I"),
            challenged: session.challenged() == Some(true),
            why: why(run),
            declined: declined(run),
        }
    }

    fn title(&self) -> (String, Tone) {
        let (asked, applied) = (self.asked.map(name), name(self.applied));
        match (self.applied, asked) {
            ("3ds_outage", _) => ("3-D Secure was down: outage exemption".into(), Tone::Mixed),
            ("sca_delegation", _) => ("The shop's own authentication was accepted".into(), Tone::Mixed),
            ("none", _) if self.declined.is_some() => ("Step-up after a soft decline".into(), Tone::Good),
            ("none", None) if self.noted => ("No exemption: the bank only took note".into(), Tone::Mixed),
            ("none", Some(_)) if self.asked == Some("data_share") => {
                ("Data shared, nothing checked".into(), Tone::Mixed)
            }
            ("none", Some(_)) if self.asked == Some("trusted_listing_prompt") && self.trust.is_some() => {
                let listed = matches!(self.trust, Some(("Y", _)));
                let words =
                    if listed { "The shop is on the trust list now" } else { "The shop is not on the trust list" };
                (words.into(), Tone::Neutral)
            }
            ("none", Some(asked)) => (format!("Exemption not granted: {asked}"), Tone::Neutral),
            ("none", None) => ("What the bank says of its trust list".into(), Tone::Neutral),
            (_, None) => (format!("The bank applied an exemption: {applied}"), Tone::Good),
            // The headline says that it was granted.
            (_, Some(_)) if self.noted => (format!("{} exemption", capital(applied)), Tone::Mixed),
            (_, Some(_)) => (format!("Exemption granted: {applied}"), Tone::Good),
        }
    }

    fn asked_words(&self) -> String {
        match self.asked {
            Some("sca_delegation") => "To take the shop's own authentication instead of asking (SCA delegation)".into(),
            Some(word) => wish(word).map_or_else(|| name(word).to_owned(), |wish| wish.asks.to_owned()),
            None if self.declined.is_some() => "To ask the shopper, as the bank itself demanded".into(),
            None => "Nothing: the shop left it to the bank".into(),
        }
    }

    fn applied_words(&self) -> String {
        match self.applied {
            "none" if self.challenged => "No exemption: the shopper was asked".into(),
            "none" if self.noted => "No exemption: the data were taken note of".into(),
            "none" => "No exemption".into(),
            word => capital(name(word)),
        }
    }

    fn by(&self) -> &'static str {
        match self.applied {
            "3ds_outage" => "The shop's acquirer: nobody could be asked",
            "none" if self.challenged => "The bank, which wanted to see its customer",
            "none" if self.noted => "The scheme's rule for shared data",
            "none" => "Nobody",
            "sca_delegation" => "The bank, by its agreement with the shop and the scheme",
            "trusted_listing" => "The bank, from its customer's own list",
            _ if self.asked.is_none() => "The bank, by an analysis of its own",
            _ => "The shop's acquirer asked, and the bank agreed",
        }
    }

    /// Who, and why.
    fn risk(&self) -> String {
        let risk = explain::risk_of(self.session);
        let why = match (risk, self.applied) {
            (Risk::None, _) => "no money moved",
            (Risk::Open, _) => "the bank has not decided",
            (Risk::Merchant, "3ds_outage") => "nobody was checked; the payment goes on without proof",
            (Risk::Merchant, "sca_delegation") => "the bank did not check; the programme may say otherwise",
            (Risk::Merchant, "none") if self.noted => "data were shared, and nobody was checked",
            (Risk::Merchant, "none") => "there is no proof to hand over",
            (Risk::Merchant, _) => "who asks for an exemption answers for fraud",
            (Risk::Issuer, "none") if self.challenged => "the shopper was authenticated",
            (Risk::Issuer, "none") => "the bank said yes by its own risk check",
            (Risk::Issuer, _) => "the bank chose not to ask, and there is a proof",
        };
        format!("{}: {why}", risk.name())
    }

    /// What it says here, and with which code other schemes say the same.
    fn eci(&self) -> Option<String> {
        let (scheme, code) = (self.session.text("/scheme")?, self.session.text("/eci")?);
        let says = codes::eci(scheme, code).map_or("not in the scheme's table", |eci| eci.title);
        let mastercard =
            matches!(scheme, "mastercard") || (scheme == "cartes_bancaires" && matches!(code, "02" | "06" | "04"));
        let other = match (self.noted, self.applied) {
            (true, "none") => ("07", "04"),
            (true, _) => ("07", "06"),
            (false, _) if self.session.status == Status::Approved => ("05", "02"),
            (false, _) => ("07", "00"),
        };
        let (elsewhere, other) = if mastercard { ("Visa", other.0) } else { ("Mastercard", other.1) };
        Some(format!("{code} at {}: {}; {elsewhere} says {other}", codes::scheme_name(scheme), lower(says)))
    }

    fn trust_words(&self) -> Option<String> {
        let (status, source) = self.trust?;
        let by = match source {
            "01" => "the 3DS Server",
            "02" => "the scheme",
            "03" => "the bank",
            _ => "an unknown source",
        };
        let words = match status {
            "Y" if self.challenged => "The shopper listed the shop in this challenge".to_owned(),
            "Y" => "The shop is listed, from an earlier challenge; the answer does not say since when".to_owned(),
            "R" => "The shopper was offered to list the shop and said no".to_owned(),
            "N" => "The shop is not listed".to_owned(),
            "E" => "The shop cannot be listed here".to_owned(),
            "P" => "The shopper has still to confirm the listing".to_owned(),
            "U" => "Not known".to_owned(),
            other => format!("Status {other}, which the protocol does not know"),
        };
        Some(format!("{words}. Said by {by}"))
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// Why the bank refused, in the extension of its answer.
fn why(run: &Run) -> Option<String> {
    let mut answers = run.entries.iter().filter_map(|entry| match &entry.what {
        What::Scheme(message) if message.kind == "ARes" => payload::tree(&message.body),
        _ => None,
    });
    let answer = answers.next_back()?;
    let extensions = answer.get("messageExtension")?.as_array()?;
    let said = extensions.iter().find_map(|extension| extension.pointer("/data/exemptionReason")?.as_str())?;
    Some(capital(said))
}

/// The code of a payment that was declined before there was a session.
fn declined(run: &Run) -> Option<String> {
    let mut sent = run.entries.iter().filter_map(|entry| entry.exchange());
    let first = sent.find(|exchange| matches!(exchange.step, Step::Authorise | Step::Create))?;
    let answer = first.response().filter(|_| first.step == Step::Authorise)?.json()?;
    let refused = answer.get("approved").and_then(Value::as_bool) == Some(false);
    answer.get("response_code")?.as_str().filter(|_| refused).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fields::words;

    #[test]
    fn every_wish_is_a_value_of_the_field_and_every_exemption_has_a_card() {
        let known = |word: &str| words::CHALLENGE_INDICATORS.iter().any(|known| known.word == word);
        for one in WISHES {
            assert!(known(one.word), "{}", one.word);
        }
        for word in words::CHALLENGE_INDICATORS.iter().filter(|word| word.meaning.contains("exemption")) {
            assert!(wish(word.word).is_some(), "{}", word.word);
        }
        assert_eq!(wish("no_preference"), None);
    }
}
